//! What only the journal needs: documents and messages.

use std::sync::Arc;

use crate::common::*;
use escrow::deal::command::{Attach, Attachment, Post};
use escrow::deal::{Command, Event};
use escrow::{Actor, Policy, Rejection};

#[test]
fn each_party_has_32_documents_and_the_staff_64() {
    let mut w = World::new(plain(Policy::shop()));
    let document = |n: u32| {
        let attachment =
            Attachment::new(text(&format!("photo-{n}")), text("image/png"), 1).description(text(""));
        Command::from(Attach::new(Arc::new(attachment)))
    };
    for (who, first, max) in [(buyer(), 100, 32), (seller(), 200, 32), (operator(), 300, 64)] {
        for n in 0..max {
            w.act(&who, document(first + n));
        }
        assert_eq!(w.refuse(&who, document(first + max)), Rejection::TooMany { max });
    }
    // 32 + 32 + 64
    assert_eq!(w.deal.attachments().count(), 128);
}

#[test]
fn messages_are_events_and_the_deal_stays_small() {
    let mut w = work();
    let mut post = |who: &Actor, n: u32| {
        let reference = text(&format!("chat/{n:03}"));
        let events = w.act(who, Post::new(reference));
        assert_eq!(World::names(&events), ["posted"]);
        (json(&w.deal).len(), w.journal.len())
    };
    let everybody = [buyer(), seller(), judge(), operator()];
    let sizes: Vec<_> = (0..100_u32).zip(everybody.iter().cycle()).map(|(n, who)| post(who, n)).collect();
    // the journal has them all; of the deal only its numbers grow
    assert_eq!(sizes[99].1 - sizes[0].1, 99);
    assert!(sizes[99].0 - sizes[4].0 < 10, "{sizes:?}");
    // of many revisions the deal keeps the last
    let mut w = World::funded(plain(Policy::shop()));
    let mut sizes = Vec::new();
    for number in 1..=9 {
        w.act(&seller(), submit(number));
        sizes.push(json(&w.deal).len());
    }
    // from the second on it also knows how long the buyer had left to look at the one before: a name and its milliseconds
    assert!(sizes[1] - sizes[0] < "\"acceptance_ms\":2592000000,".len() + 10, "{sizes:?}");
    assert!(sizes[8] - sizes[1] < 10, "{sizes:?}");
    let submitted = w.journal.iter().filter(|r| matches!(r.event, Event::Submitted { .. }));
    assert_eq!(submitted.count(), 9);
}
