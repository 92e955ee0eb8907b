//! A deliberately naive second implementation of the money rules: plain `i128` numbers, plain structs, big and
//! obvious code. It was written from the design text alone, before its author read `src/settlement`, and shares
//! nothing with the library: a disagreement between the two is a bug in one of them.
//!
//! Every amount is in minor units of the deal's currency, except those of a guarantee.
//!
//! Where the design can be read in two ways, the reading is marked with `Reading:`; those were settled with the
//! library's source at hand.

#![allow(dead_code)]

mod endings;
mod quoting;
mod settling;

pub use self::endings::*;
pub use self::quoting::*;
pub use self::settling::*;

/// Who receives money, or owes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    Buyer,
    Seller,
    Platform,
    Processor,
    /// A partner, a third provider or an arbiter.
    Outside(u8),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payer {
    Buyer,
    Seller,
    /// The buyer's part, in parts per million.
    Shared(i128),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Base {
    Price,
    Order,
    Gross,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnRefund {
    Keep,
    Return,
    ProRata,
}

#[derive(Clone, Debug)]
pub struct Service {
    pub cost: i128,
    pub payer: Payer,
    pub provider: Who,
}

#[derive(Clone, Debug)]
pub struct Fee {
    pub payee: Who,
    pub rate_ppm: i128,
    pub fixed: i128,
    pub min: Option<i128>,
    pub max: Option<i128>,
    pub base: Base,
    pub payer: Payer,
    pub on_refund: OnRefund,
    /// The index of the fee from which this one is carved.
    pub out_of: Option<usize>,
}

#[derive(Clone, Debug)]
pub struct Arbitration {
    pub payee: Who,
    pub rate_ppm: i128,
    pub guarantee_ppm: i128,
    pub fixed: i128,
    pub min: Option<i128>,
    pub max: Option<i128>,
}

#[derive(Clone, Debug)]
pub struct Deal {
    /// Unit price and quantity.
    pub items: Vec<(i128, i128)>,
    pub services: Vec<Service>,
    pub fees: Vec<Fee>,
    pub pay_offline: i128,
    pub arbitration: Option<Arbitration>,
}

/// Rounds toward zero: nothing here is negative.
pub fn part_of(amount: i128, ppm: i128) -> i128 {
    assert!(amount >= 0 && ppm >= 0);
    amount * ppm / 1_000_000
}

pub fn buyer_part(amount: i128, payer: Payer) -> i128 {
    match payer {
        Payer::Buyer => amount,
        Payer::Seller => 0,
        Payer::Shared(ppm) => part_of(amount, ppm),
    }
}

/// min and max after the sum; an absent bound does not bind.
pub fn clamp(amount: i128, min: Option<i128>, max: Option<i128>) -> i128 {
    let mut amount = amount;
    if min.is_some_and(|min| amount < min) {
        amount = min.unwrap_or(0);
    }
    if max.is_some_and(|max| amount > max) {
        amount = max.unwrap_or(0);
    }
    amount
}

/// May these terms be agreed on at all? Every rule that needs a sum.
pub fn acceptable(deal: &Deal, largest: i128) -> bool {
    if deal.items.is_empty() || deal.items.iter().all(|(unit, _)| *unit == 0) {
        return false;
    }
    for (index, fee) in deal.fees.iter().enumerate() {
        if let (Some(min), Some(max)) = (fee.min, fee.max)
            && min > max
        {
            return false;
        }
        let mut payer = fee.payer;
        if let Some(parent) = fee.out_of {
            if parent >= index || deal.fees[parent].out_of.is_some() {
                return false;
            }
            payer = deal.fees[parent].payer;
        }
        let has_buyers_part = match payer {
            Payer::Buyer => true,
            Payer::Seller => false,
            Payer::Shared(ppm) => ppm > 0,
        };
        if fee.base == Base::Gross && has_buyers_part {
            return false;
        }
    }
    if deal.pay_offline > offline_limit(deal) {
        return false;
    }
    match quote(deal) {
        None => false,
        Some(quote) => quote.buyer_total <= largest && quote.seller_expenses <= largest,
    }
}
