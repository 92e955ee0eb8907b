//! The compact form: what it is, that it reads back, and that nothing else is read.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

mod bench_support;

use std::fmt::Debug;
use std::sync::Arc;

use bench_support::{at, completed, happy_path, id, proposed, rub, run, terms};
use escrow::deal::{Parts, State};
use escrow::deposit::{ChargeDetails, DepositId};
use escrow::terms::Guarantees;
use escrow::testing::strategies::histories;
use escrow::wire::compact::{CompactError, Stored, from_slice, to_vec};
use escrow::{
    Actor, Award, Deal, DealSummary, Envelope, Event, Payee, Phase, Rate, Recorded, Side, Terms, Time, TxId,
};
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

fn compact<T: Stored + Serialize>(value: &T) -> Vec<u8> {
    to_vec(value).unwrap()
}

fn read<T: Stored + DeserializeOwned>(bytes: &[u8]) -> Result<T, CompactError> {
    from_slice(bytes)
}

fn reads_back<T: Stored + Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) -> Vec<u8> {
    let bytes = compact(value);
    assert_eq!(&read::<T>(&bytes).unwrap(), value);
    bytes
}

fn envelope(event: Event) -> Envelope {
    let (deal_id, actor) = (id(), Actor::Gateway);
    Envelope { deal_id, version: 300, occurred_at: at(0), recorded_at: at(0), actor, via: None, event }
}

/// postcard's number: seven bits a byte, the lowest first.
fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 128 {
        bytes.push(u8::try_from(number % 128).unwrap() + 128);
        number /= 128;
    }
    bytes.push(u8::try_from(number).unwrap());
    bytes
}

// --- the bytes ---------------------------------------------------------------------------------------------------

/// Worked out by hand; signed numbers are in zigzag: 0, −1, 1, −2, 2, …
#[test]
fn an_envelope_byte_for_byte() {
    let event = Event::PaymentReceived {
        tx: TxId::new(1),
        deposit: DepositId::SELLER_PAYMENT,
        amount: rub(-150),
        gateway: "bank".parse().unwrap(),
        reference: "p-1".parse().unwrap(),
        held_until: None,
    };
    // 1 772 366 400 000 ms in zigzag is twice that
    let noon = varint(3_544_732_800_000);
    assert_eq!(noon.len(), 6);
    let expected = [
        &[1, 1][..],                                           // an envelope, in its first layout
        &[16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7], // sixteen bytes of the id, 7
        &[0b1010_1100, 0b10],                                  // 300 = 2 × 128 + 44
        &noon,
        &noon,
        &[3],                 // the fourth actor, the gateway
        &[0],                 // on nobody's behalf: left out
        &[5],                 // the sixth event
        &[1, 1],              // transaction 1 into the second deposit
        &[0b1010_1011, 0b10], // −150 in zigzag is 299 = 2 × 128 + 43
        &[3, b'R', b'U', b'B'],
        &[4, b'b', b'a', b'n', b'k', 3, b'p', b'-', b'1'],
        &[0], // no hold: left out
    ];
    assert_eq!(reads_back(&envelope(event)), expected.concat());
}

/// What may be left out is one byte, and it is the same byte whether it is left out or written.
#[test]
fn what_is_left_out_is_a_zero() {
    let without = terms();
    let mut draft = without.to_draft();
    draft.guarantees = Guarantees { buyer: Some(rub(5)), seller: None };
    let with = Terms::new(draft).unwrap();
    let (without, with) = (reads_back(&*without), reads_back(&with));
    // instead of the zero: it is there (1), the buyer's is there (1), ten in zigzag, the currency, the seller's is not
    assert_eq!(with.len() - without.len(), 1 + 1 + 1 + 4 + 1 - 1);
}

// --- everything reads back ---------------------------------------------------------------------------------------

#[test]
fn the_happy_path_reads_back() {
    let (mut deal, mut journal) = proposed(&terms());
    for step in happy_path() {
        journal.extend(run(&mut deal, &step.command, &step.context));
        reads_back(&deal);
        reads_back(&deal.parts());
        reads_back(&DealSummary::from(&deal));
        // the three that are written apart
        let (terms, state) = (reads_back(&**deal.terms()), compact(&deal.state()));
        assert_eq!(state, reads_back(&deal.parts().state));
        let parts = Parts {
            schema: Parts::SCHEMA.to_owned(),
            id: deal.id(),
            terms: std::sync::Arc::new(read(&terms).unwrap()),
            agreed: None,
            state: read::<State>(&state).unwrap(),
        };
        assert_eq!(parts.restore().unwrap(), deal);
    }
    let envelopes: Vec<_> = Envelope::wrap(&deal, 0, &journal, at(400)).collect();
    assert_eq!(envelopes.len(), journal.len());
    for envelope in &envelopes {
        reads_back(envelope);
        reads_back(&envelope.clone().into_recorded());
    }
    let read_back = envelopes.iter().map(|e| read::<Envelope>(&compact(e)).unwrap().into_recorded());
    assert_eq!(Deal::replay(id(), &read_back.collect::<Vec<_>>()).unwrap(), deal);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    /// With everything that may happen to a deal: what is read is what was written, and what JSON reads.
    #[test]
    fn any_history_reads_back(history in histories()) {
        let play = history.play(|moment| {
            let deal: Deal = read(&compact(moment.after)).unwrap();
            prop_assert_eq!(&deal, moment.after);
            for recorded in moment.events() {
                let text = serde_json::to_string(recorded).unwrap();
                let again: Recorded = read(&compact(recorded)).unwrap();
                prop_assert_eq!(&again, recorded);
                prop_assert_eq!(serde_json::to_string(&again).unwrap(), text);
            }
            Ok(())
        })?;
        prop_assert_eq!(&read::<Terms>(&compact(history.terms())).unwrap(), history.terms());
        prop_assert!(compact(&play.deal).len() * 2 < serde_json::to_vec(&play.deal).unwrap().len());
    }
}

// --- nothing else is read ----------------------------------------------------------------------------------------

#[test]
fn the_header_says_what_it_is() {
    let deal = completed();
    let bytes = compact(&deal);
    assert_eq!((bytes[0], bytes[1]), (<Deal as Stored>::KIND, <Deal as Stored>::LAYOUT));
    assert_eq!(read::<State>(&bytes), Err(CompactError::Kind { expected: 4, found: 3 }));
    let later = [&[3, 2], &bytes[2..]].concat();
    assert_eq!(read::<Deal>(&later), Err(CompactError::Layout { expected: 1, found: 2 }));
    // of another schema: no deal, but its parts can be looked at, and say so
    let other = Parts { schema: "escrow.deal.v2".to_owned(), ..deal.parts() };
    assert_eq!(read::<Deal>(&compact(&other)), Err(CompactError::Malformed));
    let parts: Parts = read(&compact(&other)).unwrap();
    assert!(parts.restore().unwrap_err().to_string().contains("escrow.deal.v1"));
}

#[test]
fn neither_more_nor_less_than_all_of_it() {
    let bytes = compact(&completed());
    for cut in 0..bytes.len() {
        assert_eq!(read::<Deal>(&bytes[..cut]), Err(CompactError::Truncated), "{cut} of {}", bytes.len());
    }
    let longer = [&bytes[..], &[0, 0]].concat();
    assert_eq!(read::<Deal>(&longer), Err(CompactError::Trailing { bytes: 2 }));
}

/// The end of an envelope is its event: what stands there is exchanged for what is just out of range.
#[test]
fn values_out_of_range_are_refused() {
    let refused = |event: Event, good: &[u8], bad: &[u8]| {
        let bytes = reads_back(&envelope(event));
        let head = bytes.strip_suffix(good).unwrap();
        assert_eq!(read::<Envelope>(&[head, bad].concat()), Err(CompactError::Malformed), "{bad:?}");
    };
    let share = Event::AwardProposed { side: Side::Buyer, award: Award::Share(Rate::WHOLE) };
    refused(share.clone(), &varint(1_000_000), &varint(1_000_001));
    // a third side, a sixth kind of award
    let whole = varint(1_000_000);
    refused(share.clone(), &[&[0, 1], &whole[..]].concat(), &[&[2, 1], &whole[..]].concat());
    refused(share, &[&[1], &whole[..]].concat(), &[5]);
    let deadline = |until| Event::PhaseEntered { phase: Phase::Proposed { until }, paused: None };
    refused(deadline(Time::MIN), &[0, 0], &[1, 0]);
    let until = |millis: i64| [varint(2 * u64::try_from(millis).unwrap()), vec![0]].concat();
    refused(deadline(Time::MAX), &until(Time::MAX.millis()), &until(Time::MAX.millis() + 1));
    let charged = |deposit| Event::ChargeAdded {
        deposit,
        payer: Side::Buyer,
        amount: rub(0),
        details: Arc::new(ChargeDetails {
            key: "k".parse().unwrap(),
            payee: Payee::Platform,
            reason: "".parse().unwrap(),
        }),
    };
    let after = [0, 0, 3, b'R', b'U', b'B', 1, b'k', 2, 0];
    // four that every deal has, and 32 charges: the last is 35
    let [good, bad] = [35, 36].map(|deposit| [&[deposit], &after[..]].concat());
    refused(charged(DepositId::charge(32).unwrap()), &good, &bad);
    // a currency that nobody knows, and a known one with another's exponent
    let none = Event::AwardProposed { side: Side::Buyer, award: Award::Amount(rub(1)) };
    refused(none.clone(), b"\x03RUB", b"\x03RUX");
    refused(none, b"\x03RUB", b"\x05RUB.3");
}

fn sound(bytes: &[u8]) -> Result<(), TestCaseError> {
    if let Ok(deal) = read::<Deal>(bytes) {
        prop_assert_eq!(deal.check(), Ok(()));
        prop_assert_eq!(&read::<Deal>(&compact(&deal)).unwrap(), &deal);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    /// Bytes that have changed on their way: an error, or another sound deal.
    #[test]
    fn damaged_snapshots(
        history in histories(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), 1_u8..), 1..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = compact(&history.play(|_| Ok::<_, TestCaseError>(()))?.deal);
        prop_assert_eq!(read::<Deal>(&bytes[..cut.index(bytes.len())]).err(), Some(CompactError::Truncated));
        for (place, change) in changes {
            let place = place.index(bytes.len());
            bytes[place] ^= change;
            sound(&bytes)?;
        }
    }

    #[test]
    fn damaged_envelopes(
        history in histories(),
        which in any::<prop::sample::Index>(),
        place in any::<prop::sample::Index>(),
        change in 1_u8..,
    ) {
        let journal = history.play(|_| Ok::<_, TestCaseError>(()))?.journal;
        let recorded = &journal[which.index(journal.len())];
        let mut bytes = compact(recorded);
        let place = place.index(bytes.len());
        bytes[place] ^= change;
        if let Ok(other) = read::<Recorded>(&bytes) {
            prop_assert_eq!(&read::<Recorded>(&compact(&other)).unwrap(), &other);
            let text = serde_json::to_string(&other).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Recorded>(&text).unwrap(), &other);
        }
    }

    #[test]
    fn noise(mut bytes in prop::collection::vec(any::<u8>(), 0..512), kind in 1_u8..7) {
        sound(&bytes)?;
        if let [first, second, ..] = &mut bytes[..] {
            (*first, *second) = (kind, 1);
        }
        sound(&bytes)?;
        let _ = (read::<Envelope>(&bytes), read::<Terms>(&bytes), read::<State>(&bytes), read::<DealSummary>(&bytes));
    }
}
