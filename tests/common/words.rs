//! Words: ids, actors, amounts, instants.

use super::*;
use escrow::deposit::DepositId;
use escrow::{Actor, Currency, Deal, DealId, Money, PartyId, Payee, Rate, Rejection, Time};

pub const B: DepositId = DepositId::BUYER_PAYMENT;

pub const L: DepositId = DepositId::SELLER_PAYMENT;

pub const GB: DepositId = DepositId::BUYER_GUARANTEE;

pub const GS: DepositId = DepositId::SELLER_GUARANTEE;

pub const HOUR: u32 = 3_600;

pub const DAY: u32 = 24 * HOUR;

pub fn text<T: std::str::FromStr<Err = escrow::TextError>>(text: &str) -> T {
    text.parse().unwrap()
}

pub fn rub(minor: i64) -> Money {
    Money::from_minor(minor, Currency::RUB)
}

pub fn usd(minor: i64) -> Money {
    Money::from_minor(minor, Currency::USD)
}

pub fn percent(percent: u32) -> Rate {
    Rate::from_ppm(percent * 10_000).unwrap()
}

pub fn party(id: &str) -> Actor {
    Actor::Party(text(id))
}

pub fn buyer() -> Actor {
    party("anna")
}

pub fn seller() -> Actor {
    party("boris")
}

pub fn judge() -> Actor {
    party("judge")
}

pub fn courier() -> Actor {
    party("courier")
}

pub fn operator() -> Actor {
    Actor::Operator(text("olga"))
}

pub fn moderator() -> Actor {
    Actor::Moderator(text("mark"))
}

pub fn payee(id: &str) -> Payee {
    Payee::Party(text(id))
}

/// When every test starts.
pub fn start() -> Time {
    Time::parse("2026-03-01T12:00:00Z").unwrap()
}

/// So many seconds after the start.
pub fn after(secs: u32) -> Time {
    start().plus_secs(secs)
}

/// One millisecond earlier: the last instant before a deadline.
pub fn just_before(at: Time) -> Time {
    Time::from_millis(at.millis() - 1).unwrap()
}

pub fn json(deal: &Deal) -> String {
    serde_json::to_string(deal).unwrap()
}

/// The id behind a party.
pub fn id_of(actor: &Actor) -> PartyId {
    match actor {
        Actor::Party(id) | Actor::Operator(id) | Actor::Moderator(id) => id.clone(),
        _ => panic!("nobody"),
    }
}

pub fn wrong_phase(rejection: Rejection) -> bool {
    matches!(rejection, Rejection::WrongPhase { .. })
}

pub fn c1() -> DepositId {
    DepositId::charge(1).unwrap()
}

pub fn at(text: &str) -> Time {
    Time::parse(text).unwrap()
}

pub fn id() -> DealId {
    DealId::new(uuid::Uuid::from_u128(7))
}
