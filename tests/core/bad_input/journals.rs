//! Journals that are none.

use crate::bad_input::decode;
use crate::bad_input::documents::{SCENARIOS, events, recorded};
use escrow::wire::Envelope;
use escrow::{Deal, DecodeError, Recorded};
use escrow_testing::scenario::{Scenario, run};

#[test]
fn journals_that_are_none_are_refused() {
    let report = run(&Scenario::from_json(SCENARIOS[0].1).unwrap());
    let id = report.events[0].deal_id;
    let journal: Vec<Recorded> = report.events.iter().cloned().map(Envelope::into_recorded).collect();
    assert_eq!(Deal::replay(id, &journal[..0]), Err(DecodeError::NotAJournal { first: "proposed" }));
    assert_eq!(Deal::replay(id, &journal[1..]), Err(DecodeError::NotAJournal { first: "proposed" }));
    let twice: Vec<&Recorded> = journal.iter().chain(&journal[..1]).collect();
    assert_eq!(Deal::replay(id, twice), Err(DecodeError::NotAJournal { first: "proposed" }));
    // anything doubled, missing or swapped: an error, or another valid deal; never a panic
    for i in 1..journal.len() {
        let mut other = journal.clone();
        other.remove(i);
        let _ = Deal::replay(id, &other).map(|deal| deal.check().unwrap());
        let mut other = journal.clone();
        other.push(journal[i].clone());
        let _ = Deal::replay(id, &other).map(|deal| deal.check().unwrap());
        for j in 1..i {
            let mut other = journal.clone();
            other.swap(i, j);
            let _ = Deal::replay(id, &other).map(|deal| deal.check().unwrap());
        }
    }
    // every event at every place
    for event in events() {
        let event: Recorded = decode(&recorded(&event)).unwrap();
        for i in 1..=journal.len() {
            let mut other = journal.clone();
            other.insert(i, event.clone());
            let _ = Deal::replay(id, &other).map(|deal| deal.check().unwrap());
        }
    }
}
