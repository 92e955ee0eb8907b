//! The header `Stripe-Signature`.

use escrow::Time;
use escrow_stripe::{HearError, SignatureError, SigningSecret, Webhooks};
use proptest::prelude::*;

const OLD: &str = "whsec_4fT8mXbT9GkQ2oZp";
const NEW: &str = "whsec_the_next_one_22";
/// 2026-03-01T12:00:00Z.
const AT: i64 = 1_772_366_400;
const BODY: &[u8] = br#"{"id":"evt_1"}"#;
/// By Python's hmac, of `1772366400.{"id":"evt_1"}`.
const BY_OLD: &str = "3c162e20417b3114bc483efbea1c04cda4a5355343679588fd77f12ebb7a530b";
const BY_NEW: &str = "8cd47e775ea2cd596925421488b838bbbd3b7c620dbabc9dc7d904ec7fc10d10";

fn webhooks(secrets: &[&str]) -> Webhooks {
    Webhooks::new(secrets.iter().map(|secret| SigningSecret::new(*secret).unwrap()).collect()).unwrap()
}

fn at(seconds: i64) -> Time {
    Time::from_millis(seconds * 1_000).unwrap()
}

/// The verdict on the signature alone: the body is signed rightly where it is found to be no event.
fn judge(webhooks: &Webhooks, header: &str, body: &[u8], now: i64) -> Result<(), SignatureError> {
    match webhooks.hear(header, body, at(now)) {
        Err(HearError::Signature(error)) => Err(error),
        Ok(_) | Err(_) => Ok(()),
    }
}

#[test]
fn what_another_implementation_has_signed_is_believed() {
    let header = format!("t={AT},v1={BY_OLD}");
    assert_eq!(judge(&webhooks(&[OLD]), &header, BODY, AT), Ok(()));
    // what test mode adds, and spaces
    assert_eq!(judge(&webhooks(&[OLD]), &format!("t={AT}, v1={BY_OLD}, v0=6ffbb59b"), BODY, AT), Ok(()));
    // another secret, another body, another time
    assert_eq!(judge(&webhooks(&[NEW]), &header, BODY, AT), Err(SignatureError::Mismatch));
    assert_eq!(judge(&webhooks(&[OLD]), &header, br#"{"id":"evt_2"}"#, AT), Err(SignatureError::Mismatch));
    let later = format!("t={},v1={BY_OLD}", AT + 1);
    assert_eq!(judge(&webhooks(&[OLD]), &later, BODY, AT), Err(SignatureError::Mismatch));
}

/// While a secret is rolled Stripe signs with both, and an endpoint knows one of them, or both.
#[test]
fn a_secret_is_rolled_without_a_gap() {
    let both = format!("t={AT},v1={BY_NEW},v1={BY_OLD}");
    for secrets in [&[OLD][..], &[NEW], &[OLD, NEW], &[NEW, OLD]] {
        assert_eq!(judge(&webhooks(secrets), &both, BODY, AT), Ok(()), "{secrets:?}");
    }
    for signature in [BY_OLD, BY_NEW] {
        assert_eq!(judge(&webhooks(&[NEW, OLD]), &format!("t={AT},v1={signature}"), BODY, AT), Ok(()));
    }
}

#[test]
fn one_bad_signature_among_several_does_not_matter() {
    let short = &BY_OLD[..62];
    for bad in ["", "00", "not hexadecimal", "zz", short, BY_NEW] {
        for header in [format!("t={AT},v1={bad},v1={BY_OLD}"), format!("t={AT},v1={BY_OLD},v1={bad}")] {
            assert_eq!(judge(&webhooks(&[OLD]), &header, BODY, AT), Ok(()), "{header}");
        }
        let alone = format!("t={AT},v1={bad}");
        assert_eq!(judge(&webhooks(&[OLD]), &alone, BODY, AT), Err(SignatureError::Mismatch), "{alone}");
    }
}

#[test]
fn what_is_old_or_of_the_future_is_refused() {
    let (own, header) = (webhooks(&[OLD]), format!("t={AT},v1={BY_OLD}"));
    assert_eq!(judge(&own, &header, BODY, AT + 300), Ok(()));
    assert_eq!(judge(&own, &header, BODY, AT + 301), Err(SignatureError::TooOld));
    assert_eq!(judge(&own, &header, BODY, AT - 300), Ok(()));
    assert_eq!(judge(&own, &header, BODY, AT - 301), Err(SignatureError::TooNew));
    let strict = own.tolerance_s(10);
    assert_eq!(judge(&strict, &header, BODY, AT + 11), Err(SignatureError::TooOld));
}

#[test]
fn headers_that_are_none_are_refused() {
    let own = webhooks(&[OLD]);
    let many = format!("t={AT}{}", format!(",v1={BY_NEW}").repeat(17));
    let long = format!("t={AT},v1={BY_OLD},x={}", "a".repeat(4_096));
    for (header, error) in [
        ("", SignatureError::Malformed),
        ("v1=00", SignatureError::Malformed),
        ("t=,v1=00", SignatureError::Malformed),
        ("t=+1772366400,v1=00", SignatureError::Malformed),
        ("t=99999999999999999999,v1=00", SignatureError::Malformed),
        ("t=1772366400,t=1772366400,v1=00", SignatureError::Malformed),
        ("t=1772366400", SignatureError::Missing),
        ("t=1772366400,v0=00,v2=00", SignatureError::Missing),
        (&many, SignatureError::TooMany),
        (&long, SignatureError::Malformed),
    ] {
        assert_eq!(judge(&own, header, BODY, AT), Err(error), "{header}");
    }
    assert_eq!(Webhooks::new(Vec::new()).unwrap_err(), SignatureError::Secrets);
}

#[test]
fn a_secret_is_not_shown() {
    let secret = SigningSecret::new(OLD).unwrap();
    assert_eq!(format!("{secret:?}"), "SigningSecret(***)");
    assert!(!format!("{:?}", webhooks(&[OLD])).contains("4fT8"));
    for text in ["", "whsec_", "sk_test_1234567890", "whsec_with a space_"] {
        assert_eq!(SigningSecret::new(text), None, "{text}");
    }
}

proptest! {
    #[test]
    fn no_header_and_no_body_panics(header in ".{0,80}", body in prop::collection::vec(any::<u8>(), 0..80)) {
        prop_assert!(webhooks(&[OLD]).hear(&header, &body, at(AT)).is_err());
    }
}
