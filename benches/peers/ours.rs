//! The crate, in place: `deal.handle`, with all that it does besides (policy, moderation, disputes, holds, partial and
//! late payments, destinations, retries of a leg, deadlines with their consequences, refusals with their reasons), of
//! which this story uses none.

use std::sync::Arc;

use divan::black_box;
use escrow::deal::command::Accept;
use escrow::deposit::TransactionState;
use escrow::terms::{Fee, FeePayee, Item, Payer};
use escrow::{Deal, Phase, Rate, Recorded, Terms};

use crate::support::{self, BUYER, SELLER, Step};
use crate::world::{Figures, Peer};

pub(crate) struct Ours;

impl Peer for Ours {
    type Deal = Deal;
    type Step = Step;

    fn proposed() -> Deal {
        support::proposed(&support::terms()).0
    }

    fn steps() -> Vec<Step> {
        support::happy_path()
    }

    fn refused() -> Step {
        accept(300, SELLER)
    }

    #[inline]
    fn handle(deal: &mut Deal, step: &Step) -> bool {
        black_box(&deal.handle(&step.command, &step.context)).is_ok()
    }

    fn figures(deal: &Deal) -> Figures {
        let settled = deal.transactions().iter().filter(|tx| !tx.kind().is_inbound());
        let settled = settled.filter(|tx| *tx.state() == TransactionState::Succeeded);
        let paid_out = settled.map(|tx| tx.amount().minor()).collect();
        Figures { closed: matches!(deal.phase(), Phase::Closed { .. }), paid_out }
    }
}

/// All is accepted.
pub(crate) fn accept(secs: u64, by: &str) -> Step {
    Step { name: "accept", command: Accept::default().into(), context: support::party(secs, by) }
}

/// The next message of a deal.
pub(crate) fn post(deal: &Deal) -> Step {
    let n = deal.version() + 1;
    Step { name: "post", command: support::post(n), context: support::party(1_000 + n, BUYER) }
}

/// A deal that is being performed and has this many events, the most of them messages, with its journal.
pub(crate) fn with_posts(events: u64) -> (Deal, Vec<Recorded>) {
    let (mut deal, mut journal) = support::proposed(&support::terms());
    for step in support::happy_path().into_iter().take(3) {
        journal.extend(support::run(&mut deal, &step.command, &step.context));
    }
    while deal.version() < events {
        let step = post(&deal);
        journal.extend(support::run(&mut deal, &step.command, &step.context));
    }
    assert_eq!(deal.version(), events);
    (deal, journal)
}

/// The usual terms, with the price divided among this many items.
pub(crate) fn with_items(count: u32) -> Arc<Terms> {
    let unit_price = support::rub(4_700_000 / i64::from(count));
    let item = |n| Item::new(format!("Phone {n}").parse().expect("a short name"), unit_price, 1);
    let items = (1..=count).map(item).collect();
    let mut draft = support::draft();
    draft.items = items;
    Arc::new(Terms::new(draft).expect("within the limits"))
}

/// The usual terms, with this many partners who get a per cent each, and nobody else.
pub(crate) fn with_fees(count: u32) -> Arc<Terms> {
    let fee = |n| {
        let partner = FeePayee::Partner(format!("partner-{n}").parse().expect("a short id"));
        let rate = Rate::from_ppm(10_000).expect("a per cent");
        Fee::of_price(format!("fee-{n}").parse().expect("a short id"), partner, rate, Payer::Seller)
    };
    let fees = (1..=count).map(fee).collect();
    let mut draft = support::draft();
    draft.fees = fees;
    Arc::new(Terms::new(draft).expect("within the limits"))
}

/// A deal with these terms, as it is before the step with this number, and the step.
pub(crate) fn before(terms: &Arc<Terms>, number: usize) -> (Deal, Step) {
    let (mut deal, _) = support::proposed(terms);
    let mut steps = support::happy_path();
    let step = steps.remove(number - 1);
    for earlier in &steps[..number - 1] {
        support::run(&mut deal, &earlier.command, &earlier.context);
    }
    (deal, step)
}
