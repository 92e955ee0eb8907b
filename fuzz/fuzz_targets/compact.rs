//! The compact form of a deal is not trusted either: whatever is read is sound, and is written as it was read.
#![no_main]

use escrow::wire::compact::{from_slice, to_vec};
use escrow::{Balance, Command, Context, Deal, Envelope, Offer, Time};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(deal) = from_slice::<Deal>(bytes) {
        deal.check().expect("what is read is sound");
        let written = to_vec(&deal).expect("what is read can be written");
        assert_eq!(from_slice::<Deal>(&written), Ok(deal.clone()));
        let json = serde_json::to_vec(&deal).expect("what is read can be written as JSON");
        assert_eq!(serde_json::from_slice::<Deal>(&json).ok(), Some(deal.clone()));
        let mut woken = deal;
        let _ = woken.handle(&Command::Wake(Default::default()), &Context::clock(Time::MAX));
        woken.check().expect("what is woken is sound");
    }
    if let Ok(envelope) = from_slice::<Envelope>(bytes) {
        let written = to_vec(&envelope).expect("what is read can be written");
        assert_eq!(from_slice::<Envelope>(&written), Ok(envelope));
    }
    let _ = (from_slice::<Offer>(bytes), from_slice::<Balance>(bytes));
});
