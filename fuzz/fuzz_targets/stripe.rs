//! Stripe's webhooks: nobody is believed who has not signed; what is signed is facts or a typed error, and neither shows a
//! secret; facts are read back as written, the same each time, and leave a deal sound.
//!
//! The first line is the header `Stripe-Signature`, all that follows the body; a header `signed` stands for the right one.
#![no_main]

mod mutate;

use escrow::{Command, Context, Currency, Deal, DealId, Money, Policy, Terms, Time};
use escrow_stripe::{About, HearError, SigningSecret, Webhooks};
use hmac::{Hmac, KeyInit, Mac};
use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use sha2::Sha256;

const SECRET: &str = "whsec_4fT8mXbT9GkQ2oZp";
/// 2026-03-01T12:00:00Z.
const AT: i64 = 1_772_366_400;

fn right(body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("any key will do");
    mac.update(format!("{AT}.").as_bytes());
    mac.update(body);
    format!("t={AT},v1={}", hex::encode(mac.finalize().into_bytes()))
}

/// The deal of the seeds, and nothing paid yet.
fn deal(id: DealId) -> Deal {
    let now = Time::from_millis((AT - 60) * 1_000).expect("a time");
    let terms = Terms::builder("anna", "shop", Currency::RUB)
        .item("Phone", Money::from_minor(2_350_000, Currency::RUB))
        .policy(Policy::shop())
        .build()
        .expect("terms");
    Deal::propose(id, terms, &Context::party(now, "shop".parse().expect("an id"))).expect("a deal").0
}

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutate::lines(data, size, max_size, seed)
});

fuzz_target!(|bytes: &[u8]| {
    let at = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let (header, body) = (&bytes[..at], bytes.get(at + 1..).unwrap_or_default());
    let Ok(header) = std::str::from_utf8(header) else { return };
    let secret = SigningSecret::new(SECRET).expect("a secret");
    let webhooks = Webhooks::new(vec![secret]).expect("one secret is enough");
    let now = Time::from_millis(AT * 1_000).expect("a time");
    let right = right(body);
    let is_signed = header == "signed";
    let heard = webhooks.hear(if is_signed { &right } else { header }, body, now);
    let said = format!(
        "{webhooks:?} {heard:?} {}",
        heard.as_ref().err().map(HearError::to_string).unwrap_or_default()
    );
    assert!(!said.contains(&SECRET[6..]) || contains(body, &SECRET[6..]), "the secret is shown: {said}");
    // the signature of this body is as good as a secret
    assert!(!said.contains(&right[right.len() - 64..]), "the signature is shown: {said}");
    if !is_signed {
        let is_refused = matches!(heard, Err(HearError::Signature(_)));
        assert!(is_refused || header.contains(&right[right.len() - 64..]), "nobody signed {header:?}");
        return;
    }
    assert!(!matches!(heard, Err(HearError::Signature(_))), "it is signed: {heard:?}");
    assert_eq!(webhooks.hear(&right, body, now), heard, "the same again");
    let Ok(heard) = heard else { return };
    assert!(heard.facts.is_empty() || heard.about != About::Nothing, "facts about nothing: {heard:?}");
    assert!(
        !heard.facts.is_empty() || heard.note.is_some() || heard.take_back.is_some(),
        "dropped silently: {heard:?}"
    );
    let id = match &heard.about {
        About::Deal(id) => *id,
        About::Payment(_) | About::Nothing => DealId::new(uuid::Uuid::nil()),
    };
    let mut deal = deal(id);
    for fact in &heard.facts {
        let written = serde_json::to_string(fact).expect("a fact can be written");
        let read: Command = serde_json::from_str(&written).expect("what is written can be read");
        assert_eq!(&read, fact);
        let before = deal.clone();
        match deal.handle(fact, &Context::gateway(now)) {
            Ok(_) => deal.check().expect("sound"),
            Err(_) => assert_eq!(deal, before, "a refusal changes nothing"),
        }
    }
});

fn contains(body: &[u8], text: &str) -> bool {
    body.windows(text.len()).any(|part| part == text.as_bytes())
}
