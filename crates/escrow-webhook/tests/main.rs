//! `wire::signature`: the Standard Webhooks convention, with hostile messages.
#![allow(missing_docs, clippy::unwrap_used, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

use escrow::Time;
use escrow_webhook::{Headers, Keyring, Secret, SignatureError, timestamp};
use proptest::prelude::*;

/// The convention's own published example.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const TIMESTAMP: &str = "1614265330";
const BODY: &[u8] = br#"{"test": 2432232314}"#;
/// Worked out again with Python's `hmac` and `hashlib`.
const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
const OTHER: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

fn secret(text: &str) -> Secret {
    Secret::parse(text).unwrap()
}

fn keys() -> Keyring {
    Keyring::new(vec![secret(SECRET)]).unwrap()
}

fn at(seconds: i64) -> Time {
    Time::from_millis(seconds * 1_000).unwrap()
}

fn signed() -> Time {
    at(1_614_265_330)
}

const fn headers() -> Headers<'static> {
    Headers { id: ID, timestamp: TIMESTAMP, signature: SIGNATURE }
}

#[test]
fn the_published_example() {
    assert_eq!(keys().sign(ID, signed(), BODY).unwrap(), SIGNATURE);
    assert_eq!(keys().verify(headers(), BODY, signed()), Ok(signed()));
    assert_eq!(timestamp(signed()).to_string(), TIMESTAMP);
}

#[test]
fn a_signature_binds_id_timestamp_and_body() {
    let refuse = |headers, body| keys().verify(headers, body, signed()).unwrap_err();
    assert_eq!(refuse(Headers { id: "msg_2", ..headers() }, BODY), SignatureError::Mismatch);
    assert_eq!(refuse(Headers { timestamp: "1614265331", ..headers() }, BODY), SignatureError::Mismatch);
    assert_eq!(refuse(headers(), br#"{"test": 2432232315}"#), SignatureError::Mismatch);
    assert_eq!(refuse(headers(), b""), SignatureError::Mismatch);
}

#[test]
fn a_captured_message_is_worth_nothing_once_the_tolerance_is_over() {
    // 300 s to either side, to the millisecond
    let verify = |now| keys().verify(headers(), BODY, now);
    assert_eq!(verify(signed().plus_secs(300)), Ok(signed()));
    assert_eq!(verify(signed().plus_millis(300_001)), Err(SignatureError::TooOld));
    assert_eq!(verify(signed().minus_secs(300)), Ok(signed()));
    assert_eq!(verify(signed().minus_secs(301)), Err(SignatureError::TooNew));
    let strict = keys().tolerance_s(0);
    assert_eq!(strict.verify(headers(), BODY, signed()), Ok(signed()));
    assert_eq!(strict.verify(headers(), BODY, signed().plus_millis(1)), Err(SignatureError::TooOld));
}

#[test]
fn secrets_are_replaced_while_messages_are_under_way() {
    let both = Keyring::new(vec![secret(OTHER), secret(SECRET)]).unwrap();
    let signature = both.sign(ID, signed(), BODY).unwrap();
    assert_eq!(signature.split(' ').count(), 2);
    let headers = Headers { signature: &signature, ..headers() };
    // whoever knows the old one or the new one believes it
    let new = Keyring::new(vec![secret(OTHER)]).unwrap();
    for keys in [&both, &keys(), &new] {
        assert_eq!(keys.verify(headers, BODY, signed()), Ok(signed()));
    }
    // once the old one is gone, what it signed alone counts no more
    assert_eq!(new.verify(self::headers(), BODY, signed()), Err(SignatureError::Mismatch));
}

/// Whatever else stands beside a good signature, malformed or of another kind, does not refuse the message.
#[test]
fn one_bad_signature() {
    for bad in ["v1,not base64", "v1,", "v1", "v2,!!!", "nonsense", "v1,g0hM", ",", "v1,====", "v1a,\u{e9}"] {
        for beside in
            [format!("{bad} {SIGNATURE}"), format!("{SIGNATURE} {bad}"), format!("{bad} {SIGNATURE} {bad}")]
        {
            let headers = Headers { signature: &beside, ..headers() };
            assert_eq!(keys().verify(headers, BODY, signed()), Ok(signed()), "{beside:?}");
        }
    }
}

#[test]
fn signatures_of_another_kind_are_no_harm_and_no_help() {
    let beside = format!("v1a,xyz v2,!!! {SIGNATURE}");
    assert_eq!(keys().verify(Headers { signature: &beside, ..headers() }, BODY, signed()), Ok(signed()));
    for (signature, error) in [
        ("", SignatureError::Missing),
        ("v1a,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", SignatureError::Missing),
        ("g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", SignatureError::Missing),
        ("v1,", SignatureError::Mismatch),
        ("v1,g0hM", SignatureError::Mismatch),
        ("v1,not base64", SignatureError::Malformed),
    ] {
        let headers = Headers { signature, ..headers() };
        assert_eq!(keys().verify(headers, BODY, signed()), Err(error), "{signature:?}");
    }
    let flood = vec![SIGNATURE; 17].join(" ");
    let flooded = Headers { signature: &flood, ..headers() };
    assert_eq!(keys().verify(flooded, BODY, signed()), Err(SignatureError::TooMany));
}

/// `a.1614265330.b` could be read as id `a` and a body that begins with `b`, or as id `a.1614265330`.
#[test]
fn an_id_cannot_hide_the_divider() {
    let long = "x".repeat(257);
    for id in ["", "a.1", "a b", "a\n", "сделка", &long] {
        assert_eq!(keys().sign(id, signed(), BODY), Err(SignatureError::Id), "{id:?}");
        assert_eq!(keys().verify(Headers { id, ..headers() }, BODY, signed()), Err(SignatureError::Id));
    }
}

#[test]
fn a_timestamp_is_read_as_it_was_signed() {
    for timestamp in ["", "0x10", "-1", "+1614265330", "01614265330", " 1614265330", "1614265330.0", "1e9"] {
        let headers = Headers { timestamp, ..headers() };
        assert_eq!(keys().verify(headers, BODY, signed()), Err(SignatureError::Timestamp), "{timestamp:?}");
    }
    for timestamp in ["9223372036854775807", "9223372036854775808", "253402300800"] {
        let headers = Headers { timestamp, ..headers() };
        assert_eq!(keys().verify(headers, BODY, signed()), Err(SignatureError::Timestamp), "{timestamp:?}");
    }
}

#[test]
fn a_secret_is_of_a_decent_length_and_is_never_shown() {
    // 23 and 65 bytes are one too few and one too many
    for bytes in [0, 23, 65] {
        assert_eq!(Secret::new(vec![7; bytes]).unwrap_err(), SignatureError::Secret, "{bytes}");
    }
    for bytes in [24, 64] {
        assert!(Secret::new(vec![7; bytes]).is_ok(), "{bytes}");
    }
    for text in ["whsec_", "whsec_not base64!", "c2hvcnQ="] {
        assert_eq!(Secret::parse(text).unwrap_err(), SignatureError::Secret, "{text}");
    }
    let shown = format!("{:?} {:?}", secret(SECRET), keys());
    assert!(shown.contains("***") && !shown.contains("MfKQ"), "{shown}");
    assert_eq!(Keyring::new(vec![]).unwrap_err(), SignatureError::Secrets);
    assert_eq!(Keyring::new(vec![secret(SECRET); 9]).unwrap_err(), SignatureError::Secrets);
}

proptest! {
    #[test]
    fn what_is_signed_verifies_and_nothing_else_does(
        id in "[!-~&&[^.]]{1,40}",
        seconds in 0..4_000_000_000_i64,
        body in prop::collection::vec(any::<u8>(), 0..64),
        flip in any::<prop::sample::Index>(),
    ) {
        let signature = keys().sign(&id, at(seconds), &body).unwrap();
        let stamp = seconds.to_string();
        let headers = Headers { id: &id, timestamp: &stamp, signature: &signature };
        prop_assert_eq!(keys().verify(headers, &body, at(seconds)), Ok(at(seconds)));
        let mut other = body.clone();
        if other.is_empty() {
            other.push(0);
        } else {
            other[flip.index(body.len())] ^= 1;
        }
        prop_assert_eq!(keys().verify(headers, &other, at(seconds)), Err(SignatureError::Mismatch));
    }

    #[test]
    fn no_header_makes_it_panic(id in ".*", stamp in ".*", signature in ".*", body in ".*") {
        let headers = Headers { id: &id, timestamp: &stamp, signature: &signature };
        prop_assert!(keys().verify(headers, body.as_bytes(), signed()).is_err());
    }
}
