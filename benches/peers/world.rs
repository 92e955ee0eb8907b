//! The work that every peer does, and what it is given: one deal with a three-way split, and the eight commands that
//! follow its proposal. Ids and references are the host's texts, as they are for the crate, and in the same small-string
//! type, so that nobody pays for an allocation that another one is spared.
//!
//! Equal work means: who may do it and in which phase and before which deadline, whether it is a repeat (by key, by
//! reference, by revision number, by answer), that sums are positive, in the deal's currency and checked; and that
//! afterwards the deal knows what it must: who changed the status when, what came in by which reference, what is held,
//! reserved and paid out, and of every order to whom it goes, how much, since when, and by which reference it was settled.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::books::Books;

pub type Id = SmolStr;

/// Who asks, and when.
#[derive(Clone, Debug)]
pub struct Ctx {
    /// Milliseconds.
    pub now: i64,
    pub actor: Actor,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Actor {
    Party(Id),
    Gateway,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    Buyer,
    Seller,
    Gateway,
}

impl Role {
    #[inline]
    pub fn is(self, wanted: Self) -> Result<(), Refused> {
        if self == wanted { Ok(()) } else { Err(Refused::Role) }
    }
}

/// Minor units, and the currency's code.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Sum {
    pub minor: i64,
    pub currency: [u8; 4],
}

/// What is asked.
#[derive(Clone, Debug)]
pub enum Cmd {
    RequestPayment { key: Id, amount: Sum },
    ConfirmPayment { gateway: Id, reference: Id, amount: Sum },
    Start,
    Submit { number: u16, work: Arc<str> },
    Accept,
    Answer { tx: u32, reference: Id },
    Post { reference: Id },
}

/// What is asked, by whom and when: one argument, where a framework takes one only.
#[derive(Clone, Debug)]
pub struct Call {
    pub cmd: Cmd,
    pub ctx: Ctx,
}

/// What was agreed: minor units, parts per million, milliseconds.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Terms {
    pub buyer: Id,
    pub seller: Id,
    pub price: Sum,
    pub platform_ppm: i64,
    pub partner_ppm: i64,
    pub deposit_ms: i64,
    pub start_ms: i64,
    pub performance_ms: i64,
    pub acceptance_ms: i64,
    pub max_revisions: u16,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Phase {
    AwaitingDeposit,
    AwaitingPerformance,
    Performing,
    AwaitingAcceptance,
    Paying,
    Closed,
}

impl Phase {
    #[inline]
    pub fn is(self, wanted: Self) -> Result<(), Refused> {
        if self == wanted { Ok(()) } else { Err(Refused::Phase) }
    }

    /// Whether the buyer may accept.
    #[inline]
    pub fn is_acceptable(self) -> Result<(), Refused> {
        if matches!(self, Self::Performing | Self::AwaitingAcceptance) { Ok(()) } else { Err(Refused::Phase) }
    }

    /// Whether the buyer has accepted.
    #[inline]
    pub fn is_accepted(self) -> bool {
        matches!(self, Self::Paying | Self::Closed)
    }

    #[inline]
    pub fn is_open(self) -> Result<(), Refused> {
        if self == Self::Closed { Err(Refused::Phase) } else { Ok(()) }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refused {
    Unknown,
    Role,
    Phase,
    Overdue,
    Key,
    Amount,
    Number,
    Settled,
    TooLarge,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Payee {
    Buyer,
    Seller,
    Platform,
    Partner,
}

/// How a story has to end, whoever tells it.
#[derive(PartialEq, Eq, Debug)]
pub struct Figures {
    pub closed: bool,
    /// To the platform, the partner and the seller, in minor units.
    pub paid_out: Vec<i64>,
}

impl Figures {
    pub fn of(closed: bool, books: &Books) -> Self {
        let settled = books.txs().iter().filter(|tx| tx.payee != Payee::Buyer && tx.settled_at.is_some());
        Self { closed, paid_out: settled.map(|tx| tx.amount).collect() }
    }

    pub fn expected() -> Self {
        Self { closed: true, paid_out: vec![235_000, 470_000, 3_995_000] }
    }
}

/// One way to do the work.
pub trait Peer {
    type Deal: Clone;
    type Step;

    /// A deal that is proposed, and agreed to.
    fn proposed() -> Self::Deal;
    /// The eight commands that follow.
    fn steps() -> Vec<Self::Step>;
    /// The fifth command, given by the wrong party: refused by everybody.
    fn refused() -> Self::Step;
    fn handle(deal: &mut Self::Deal, step: &Self::Step) -> bool;
    fn figures(deal: &Self::Deal) -> Figures;

    /// Runs all steps. Returns whether all are done.
    fn run(deal: &mut Self::Deal, steps: &[Self::Step]) -> bool {
        steps.iter().all(|step| Self::handle(deal, step))
    }
}

pub const START: i64 = 1_772_366_400_000;
const DAY: i64 = 86_400_000;
const RUB: [u8; 4] = *b"RUB\0";

pub fn rub(minor: i64) -> Sum {
    Sum { minor, currency: RUB }
}

pub fn terms() -> Terms {
    Terms {
        buyer: Id::new("anna"),
        seller: Id::new("phone-shop"),
        price: rub(4_700_000),
        platform_ppm: 50_000,
        partner_ppm: 100_000,
        deposit_ms: 3 * DAY,
        start_ms: 7 * DAY,
        performance_ms: 30 * DAY,
        acceptance_ms: DAY / 4,
        max_revisions: 10,
    }
}

pub fn party(secs: i64, id: &str) -> Ctx {
    Ctx { now: START + secs * 1_000, actor: Actor::Party(Id::new(id)) }
}

pub fn gateway(secs: i64) -> Ctx {
    Ctx { now: START + secs * 1_000, actor: Actor::Gateway }
}

pub fn proposer() -> Ctx {
    party(0, "phone-shop")
}

/// The eight commands that follow the proposal.
pub fn happy_path() -> Vec<Call> {
    let answer = |tx| Cmd::Answer { tx, reference: Id::new(format!("out-{tx}")) };
    let paid =
        Cmd::ConfirmPayment { gateway: Id::new("bank"), reference: Id::new("pay-1"), amount: rub(4_700_000) };
    let calls = [
        (Cmd::RequestPayment { key: Id::new("checkout-1"), amount: rub(4_700_000) }, party(60, "anna")),
        (paid, gateway(120)),
        (Cmd::Start, party(180, "phone-shop")),
        (Cmd::Submit { number: 1, work: "files/preview-1".into() }, party(240, "phone-shop")),
        (Cmd::Accept, party(300, "anna")),
        (answer(2), gateway(301)),
        (answer(3), gateway(302)),
        (answer(4), gateway(303)),
    ];
    calls.into_iter().map(|(cmd, ctx)| Call { cmd, ctx }).collect()
}

/// The fifth command, given by the wrong party.
pub fn refused() -> Call {
    Call { cmd: Cmd::Accept, ctx: party(300, "phone-shop") }
}

/// The `n`th message of a deal that goes on and on.
pub fn post(n: u64) -> Call {
    let secs = 1_000 + i64::try_from(n).expect("a bench has few messages");
    Call { cmd: Cmd::Post { reference: Id::new(format!("message-{n}")) }, ctx: party(secs, "anna") }
}

/// The three-way split: rates round toward zero, the seller gets the rest.
#[inline]
pub fn split(held: i64, terms: &Terms) -> Option<[(Payee, i64); 3]> {
    let platform = part(held, terms.platform_ppm)?;
    let partner = part(held, terms.partner_ppm)?;
    let seller = held.checked_sub(platform)?.checked_sub(partner)?;
    Some([(Payee::Platform, platform), (Payee::Partner, partner), (Payee::Seller, seller)])
}

/// That part of an amount, rounded toward zero.
#[inline]
pub fn part(amount: i64, ppm: i64) -> Option<i64> {
    amount.checked_mul(ppm).map(|product| product / 1_000_000)
}
