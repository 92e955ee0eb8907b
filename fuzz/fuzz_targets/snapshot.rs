//! Stored deals, offers and balances are not trusted: whatever is read keeps its invariants, goes on, and is written as it was read.
#![no_main]

use escrow::{Command, Context, Deal, Machine, Recorded, Time};
use escrow_market::{Balance, Offer};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(deal) = serde_json::from_slice::<Deal>(bytes) {
        deal.check().expect("what is read is sound");
        let written = serde_json::to_vec(&deal).expect("what is read can be written");
        let again: Deal = serde_json::from_slice(&written).expect("what is written can be read");
        assert_eq!(again, deal);
        let mut woken = deal.clone();
        for now in [deal.last_at(), Time::MAX] {
            let _ = woken.handle(&Command::Wake(Default::default()), &Context::clock(now));
            woken.check().expect("what is woken is sound");
        }
        let _ = (woken.pending().count(), woken.next_deadline(), format!("{woken:?}"));
    }
    if let Ok(offer) = serde_json::from_slice::<Offer>(bytes) {
        offer.check().expect("what is read is sound");
        let _ = (offer.next_deadline(), offer.status());
    }
    if let Ok(balance) = serde_json::from_slice::<Balance>(bytes) {
        balance.check().expect("what is read is sound");
        let written = serde_json::to_vec(&balance).expect("what is read can be written");
        assert_eq!(serde_json::from_slice::<Balance>(&written).expect("what is written can be read"), balance);
        let _ = (balance.next_deadline(), balance.pending().count());
    }
    if let Ok(journal) = serde_json::from_slice::<Vec<Recorded>>(bytes) {
        let _ = Deal::replay(escrow::DealId::new(uuid::Uuid::nil()), &journal);
    }
});
