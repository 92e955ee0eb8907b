//! A file of a test's own, and deals in it.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use escrow::deal::command::{Accept, ConfirmPayment, StartPerforming};
use escrow::deposit::DepositId;
use escrow::port::Commit;
use escrow::port::blocking::Repository;
use escrow::{Actor, Command, Context, Currency, Deal, DealId, PartyId, Terms, Time};
use escrow_sqlite::Sqlite;
use rust_decimal::Decimal;

/// A path that nobody else has; the file goes with it.
pub struct TempFile(pub PathBuf);

impl TempFile {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("escrow-sqlite-{}-{number}.db", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    pub fn open(&self) -> Sqlite {
        Sqlite::open(&self.0).unwrap()
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        for ending in ["", "-wal", "-shm"] {
            let mut name = self.0.clone().into_os_string();
            name.push(ending);
            let _ = std::fs::remove_file(name);
        }
    }
}

pub fn start() -> Time {
    Time::parse("2026-03-01T12:00:00Z").unwrap()
}

pub fn id(number: u128) -> DealId {
    DealId::new(escrow::uuid::Uuid::from_u128(number))
}

pub fn party(name: &str) -> PartyId {
    name.parse().unwrap()
}

/// A lamp at 1 000.00, without fees.
pub fn terms(buyer: &str) -> Terms {
    Terms::builder(buyer, "shop", Currency::RUB).item("Lamp", Decimal::from(1_000)).build().unwrap()
}

pub fn propose(db: &Sqlite, number: u128, buyer: &str, at: Time) -> Deal {
    let context = Context::party(at, party("shop"));
    let (deal, transition) = Deal::propose(id(number), terms(buyer), &context).unwrap();
    db.commit(Commit::new(None, transition.events(), &deal, at)).unwrap();
    deal
}

pub fn step(db: &Sqlite, deal: &mut Deal, command: impl Into<Command>, actor: Actor) {
    let before = deal.clone();
    let context = Context::new(deal.last_at().plus_secs(60), actor);
    let events = deal.handle(&command.into(), &context).unwrap().into_events();
    db.commit(Commit::new(Some(&before), &events, deal, context.now)).unwrap();
}

/// Paid, performed and accepted: one payout waits for its answer.
pub fn accepted(db: &Sqlite, number: u128) -> Deal {
    let mut deal = propose(db, number, "anna", start());
    let payment = ConfirmPayment::charged(
        DepositId::BUYER_PAYMENT,
        "bank".parse().unwrap(),
        format!("payment-{number}").parse().unwrap(),
        deal.terms().quote().deposit,
    );
    step(db, &mut deal, payment, Actor::Gateway);
    step(db, &mut deal, StartPerforming {}, Actor::Party(party("shop")));
    step(db, &mut deal, Accept::default(), Actor::Party(party("anna")));
    deal
}
