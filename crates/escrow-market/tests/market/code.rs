//! Confirmation codes by themselves; how a machine counts them stands with the balance.
#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects)]

use escrow::Time;
use escrow_market::code::{
    Attempt, Code, CodeError, CodeHash, CodePolicy, CodeRejection, Judged, PlainCode, Salt, Verdict,
};
use proptest::prelude::*;

fn plain(text: &str) -> PlainCode {
    PlainCode::new(text).unwrap()
}

fn now() -> Time {
    Time::parse("2026-03-01T12:00:00Z").unwrap()
}

fn attempt(code: u8, number: u8, entered: &str) -> Attempt {
    Attempt { code, number, entered: plain(entered) }
}

/// `printf 402913 | openssl dgst -sha256 -mac HMAC -macopt hexkey:07070707070707070707070707070707`
#[test]
fn the_hash_is_hmac_sha256_under_the_salt() {
    let hash = CodeHash::new(&plain("402913"), Salt::new([7; 16]));
    let expected = "07070707070707070707070707070707.\
                    ac8c7bf071e9a4780b5c28654a5de67c45a388f2e64063ecb83527579e19e439";
    assert_eq!(serde_json::to_value(hash).unwrap(), expected);
    assert_eq!(CodeHash::parse(expected), Ok(hash));
    assert!(hash.matches(&plain("402913")));
    for other in ["402914", "4029130", "40291", "402913 "] {
        assert!(!PlainCode::new(other).is_ok_and(|code| hash.matches(&code)), "{other}");
    }
    // the same code under another salt is another hash
    assert_ne!(hash, CodeHash::new(&plain("402913"), Salt::new([8; 16])));
}

#[test]
fn what_is_no_code_and_no_hash_is_refused_without_being_shown() {
    for text in ["", "123", "12 45", "12345\n", "кодкод", &"1".repeat(33)] {
        assert_eq!(PlainCode::new(text).unwrap_err(), CodeError::Plain, "{text}");
    }
    assert!(PlainCode::new(&"1".repeat(32)).is_ok());
    for text in ["", ".", "07.ac", "0707070707070707070707070707070g.00", "402913"] {
        let error = CodeHash::parse(text).unwrap_err();
        assert_eq!((error, error.code()), (CodeError::Hash, "code-hash-malformed"));
    }
    assert_eq!(format!("{:?}", plain("402913")), "PlainCode(***)");
    assert_eq!(format!("{:?}", CodeHash::new(&plain("402913"), Salt::new([7; 16]))), "CodeHash(***)");
    assert_eq!(format!("{:?}", Salt::new([7; 16])), "Salt(***)");
}

#[test]
fn a_code_is_good_until_its_expiry_and_not_at_it() {
    let code =
        Code::issue(1, CodeHash::new(&plain("402913"), Salt::new([7; 16])), &CodePolicy::default(), now());
    let right = attempt(1, 1, "402913");
    let last = Time::from_millis(code.expires().millis() - 1).unwrap();
    assert_eq!(code.expires(), now().plus_secs(900));
    assert_eq!(code.judge(&right, last), Ok(Judged::New(Verdict::Accepted)));
    assert!(code.is_alive(last) && !code.is_alive(code.expires()));
    let expired = CodeRejection::Expired { expired: code.expires() };
    assert_eq!(code.judge(&right, code.expires()), Err(expired));
}

#[test]
fn an_accepted_code_counts_once() {
    let mut code =
        Code::issue(1, CodeHash::new(&plain("402913"), Salt::new([7; 16])), &CodePolicy::default(), now());
    code.take(Verdict::Refused { attempts_left: 4 });
    code.take(Verdict::Accepted);
    assert!(code.is_accepted() && !code.is_alive(now()));
    assert_eq!(code.attempts_left(), 0);
    assert_eq!(
        code.judge(&attempt(1, 1, "402913"), now()),
        Ok(Judged::Stands(Verdict::Refused { attempts_left: 4 }))
    );
    assert_eq!(code.judge(&attempt(1, 2, "000000"), now()), Ok(Judged::Stands(Verdict::Accepted)));
    assert_eq!(code.judge(&attempt(1, 3, "402913"), now()), Err(CodeRejection::Used));
}

#[test]
fn codes_follow_one_another_up_to_their_number() {
    let policy = CodePolicy { codes: 2, ..CodePolicy::default() };
    let hash = |text| CodeHash::new(&plain(text), Salt::new([7; 16]));
    let first = Code::issue(1, hash("11111111"), &policy, now());
    assert_eq!(first.replace(1, hash("22222222"), &policy, now()), Ok(None));
    let next = Err(CodeRejection::OutOfOrder { next: 2 });
    assert_eq!(first.replace(3, hash("22222222"), &policy, now()), next);
    assert_eq!(first.replace(0, hash("22222222"), &policy, now()), next);
    let second = first.replace(2, hash("22222222"), &policy, now().plus_secs(60)).unwrap().unwrap();
    assert_eq!((second.number(), second.used(), second.expires()), (2, 0, now().plus_secs(960)));
    assert_eq!(second.replace(3, hash("33333333"), &policy, now()), Err(CodeRejection::TooMany { max: 2 }));
    assert_eq!(second.judge(&attempt(1, 1, "22222222"), now()), Err(CodeRejection::OtherCode { current: 2 }));
}

#[test]
fn an_impossible_policy_is_refused() {
    let good = CodePolicy::default();
    assert_eq!(good.check(), Ok(()));
    let bad = [
        ("attempts", CodePolicy { attempts: 0, ..good }),
        ("attempts", CodePolicy { attempts: 11, ..good }),
        ("lifetime_s", CodePolicy { lifetime_s: 0, ..good }),
        ("lifetime_s", CodePolicy { lifetime_s: 86_401, ..good }),
        ("codes", CodePolicy { codes: 0, ..good }),
        ("codes", CodePolicy { codes: 11, ..good }),
    ];
    for (field, policy) in bad {
        assert_eq!(policy.check(), Err(CodeError::Policy { field }));
    }
}

proptest! {
    /// Whatever is tried, in whatever order and however often: at most so many attempts are compared, and only the
    /// right code under a fresh number is accepted.
    #[test]
    fn attempts_are_bounded(tries in prop::collection::vec((0..4_u8, 0..8_u8, any::<bool>(), 0..400_u32), 0..60)) {
        let policy = CodePolicy::default();
        let mut code = Code::issue(1, CodeHash::new(&plain("402913"), Salt::new([7; 16])), &policy, now());
        let (mut compared, mut at) = (0, now());
        for (of, number, right, wait) in tries {
            at = at.plus_secs(wait);
            let tried = attempt(of, number, if right { "402913" } else { "11111111" });
            let before = code;
            match code.judge(&tried, at) {
                Ok(Judged::New(verdict)) => {
                    compared += 1;
                    prop_assert_eq!(verdict == Verdict::Accepted, right);
                    prop_assert!(at < before.expires() && !before.is_accepted());
                    code.take(verdict);
                    prop_assert_eq!(code.verdict(of, number), Some(verdict));
                }
                Ok(Judged::Stands(verdict)) => prop_assert_eq!(before.verdict(of, number), Some(verdict)),
                Err(_) => {}
            }
            prop_assert!(code.is_sound());
        }
        prop_assert!(compared <= u32::from(policy.attempts));
        let json = serde_json::to_string(&code).unwrap();
        prop_assert_eq!(serde_json::from_str::<Code>(&json).unwrap(), code);
    }
}
