//! A deliberately naive second implementation of the money rules: plain `i128` numbers, plain structs, big and
//! obvious code. It was written from the design text alone, and shares nothing with the library: a disagreement between the two is a bug in one of them.
//!
//! Every amount is in minor units of the deal's currency, except those of a guarantee.
//!
//! Where the design can be read in two ways, the reading is marked with `Reading:`; those were settled with the
//! library's source at hand.

#![allow(dead_code)]

mod charging;
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

/// What a rate is taken of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Base {
    Price,
    Order,
    Gross,
    /// The items at these places.
    Items(Vec<usize>),
    /// The fee at this place: a tax on it.
    Fee(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    Down,
    HalfUp,
    HalfEven,
    Up,
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
    pub rounding: Rounding,
    pub fixed: i128,
    /// For every unit of the items that are its base.
    pub per_unit: i128,
    pub min: Option<i128>,
    pub max: Option<i128>,
    pub base: Base,
    /// Of no meaning for a carve-out and for a tax.
    pub payer: Payer,
    /// Of no meaning for a carve-out and for a tax.
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

/// What is taken out of additional charges that go to the seller.
#[derive(Clone, Debug)]
pub struct ChargeFee {
    pub payee: Who,
    pub rate_ppm: i128,
    pub rounding: Rounding,
}

/// Whose fault it is where nothing is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReturnAll {
    /// Nobody can accept nothing.
    Off,
    Nobody,
    Seller,
    Buyer,
}

#[derive(Clone, Debug)]
pub struct Deal {
    /// Unit price and quantity.
    pub items: Vec<(i128, i128)>,
    pub services: Vec<Service>,
    pub fees: Vec<Fee>,
    pub pay_offline: i128,
    pub arbitration: Option<Arbitration>,
    pub charge_fee: Option<ChargeFee>,
    pub return_all: ReturnAll,
}

impl Deal {
    /// A carve-out is taken out of another fee.
    pub fn is_carve_out(&self, fee: usize) -> bool {
        self.fees[fee].out_of.is_some()
    }

    /// The fee whose payer and refund rule this one has: its own, or, for a tax, what it taxes.
    pub fn root(&self, fee: usize) -> usize {
        match self.fees[fee].base {
            Base::Fee(parent) if !self.is_carve_out(fee) => self.root(parent),
            _ => fee,
        }
    }
}

/// Rounds toward zero: nothing here is negative.
pub fn part_of(amount: i128, ppm: i128) -> i128 {
    rounded(amount, ppm, Rounding::Down)
}

/// The product of an amount and a rate, rounded.
pub fn rounded(amount: i128, ppm: i128, rounding: Rounding) -> i128 {
    assert!(amount >= 0 && ppm >= 0);
    let exact = amount * ppm;
    let (floor, rest) = (exact / 1_000_000, exact % 1_000_000);
    let up = match rounding {
        Rounding::Down => false,
        Rounding::HalfUp => rest >= 500_000,
        Rounding::HalfEven => rest > 500_000 || (rest == 500_000 && floor % 2 == 1),
        Rounding::Up => rest > 0,
    };
    if up { floor + 1 } else { floor }
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

/// May these terms be agreed on at all? Every rule that needs a sum, or looks at several fees.
pub fn acceptable(deal: &Deal, largest: i128) -> bool {
    !deal.items.is_empty()
        && (0..deal.fees.len()).all(|fee| acceptable_fee(deal, fee))
        && buyers_gross_fees(deal).len() <= 1
        && buyers_gross_fees(deal).iter().all(|fee| share_of_gross(deal, *fee) <= 900_000)
        && deal.pay_offline <= offline_limit(deal)
        && quote(deal).is_some_and(|quote| quote.buyer_total <= largest && quote.seller_expenses <= largest)
}

fn acceptable_fee(deal: &Deal, index: usize) -> bool {
    let fee = &deal.fees[index];
    let earlier_and_whole = |parent: usize| parent < index && !deal.is_carve_out(parent);
    if fee.out_of.is_some_and(|parent| !earlier_and_whole(parent)) {
        return false;
    }
    let base = match &fee.base {
        Base::Price | Base::Order => true,
        // Reading: a carve-out of the gross needs a parent that the seller alone pays, as before.
        Base::Gross => match (fee.out_of, fee.payer) {
            (Some(parent), _) => !has_buyers_part(deal.fees[deal.root(parent)].payer),
            // never shared
            (None, Payer::Shared(ppm)) => ppm == 0,
            (None, Payer::Buyer | Payer::Seller) => true,
        },
        Base::Items(items) => {
            !items.is_empty()
                && items.iter().all(|item| *item < deal.items.len())
                && items.windows(2).all(|pair| pair[0] < pair[1])
        }
        Base::Fee(parent) => earlier_and_whole(*parent),
    };
    let per_unit = fee.per_unit == 0 || matches!(fee.base, Base::Items(_));
    base && per_unit && !matches!((fee.min, fee.max), (Some(min), Some(max)) if min > max)
}

fn has_buyers_part(payer: Payer) -> bool {
    match payer {
        Payer::Buyer => true,
        Payer::Seller => false,
        Payer::Shared(ppm) => ppm > 0,
    }
}

/// The fees of the gross that the buyer pays.
pub fn buyers_gross_fees(deal: &Deal) -> Vec<usize> {
    let of_gross = |fee: &usize| {
        let index = *fee;
        let fee = &deal.fees[index];
        fee.base == Base::Gross && fee.payer == Payer::Buyer && !deal.is_carve_out(index)
    };
    (0..deal.fees.len()).filter(of_gross).collect()
}

/// Which part of the gross this fee and its taxes are, fixed sums and bounds aside.
///
/// Reading: the design has no limit; where they are all of the gross or more, there is no deposit. The library draws the
/// line at 90 %, so that a deposit is found in few steps.
pub fn share_of_gross(deal: &Deal, fee: usize) -> i128 {
    let mut shares: Vec<i128> = vec![0; deal.fees.len()];
    shares[fee] = deal.fees[fee].rate_ppm;
    for tax in fee + 1..deal.fees.len() {
        if let (Base::Fee(parent), false) = (&deal.fees[tax].base, deal.is_carve_out(tax)) {
            shares[tax] = part_of(shares[*parent], deal.fees[tax].rate_ppm);
        }
    }
    shares.iter().sum()
}
