//! How a deal can end, and what comes of it.

use std::collections::BTreeMap;

use crate::support::calculator::Who;

/// Which pot money comes out of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pot {
    /// B, the buyer's payment.
    Buyer,
    /// L, the seller's payment.
    Seller,
    BuyerGuarantee,
    SellerGuarantee,
    /// An additional charge, by its number.
    Charge(u8),
}

/// What the money is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum For {
    Refund,
    Payout,
    Service,
    Fee,
    Arbitration,
    /// A guarantee, to its owner.
    Guarantee,
    /// The loser's guarantee, to the winner.
    Award,
    /// An additional charge.
    Charge,
}

/// What the pots hold. A guarantee knows whether it is in the deal's currency.
#[derive(Clone, Debug)]
pub struct Pots {
    pub b: i128,
    pub l: i128,
    pub buyer_guarantee: i128,
    pub buyer_guarantee_same_currency: bool,
    pub seller_guarantee: i128,
    pub seller_guarantee_same_currency: bool,
    pub fully_funded: bool,
}

/// An additional charge.
#[derive(Clone, Debug)]
pub struct Charge {
    pub payer: Side,
    pub payee: Who,
    pub holds: i128,
    /// In full.
    pub paid: bool,
}

/// What has happened in the deal.
#[derive(Clone, Debug, Default)]
pub struct Course {
    /// Which services are incurred; one per service.
    pub incurred: Vec<bool>,
    /// G.
    pub given_back: i128,
    /// What was accepted, where a deal that is being cleared ends by an award.
    pub accepted: Option<Vec<i128>>,
    pub charges: Vec<Charge>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Buyer,
    Seller,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Award {
    Amount(i128),
    Share(i128),
    AllTo(Side),
    Winner(Side),
}

#[derive(Clone, Debug)]
pub enum Ending {
    Success,
    /// How many of each item are accepted.
    Partial(Vec<i128>),
    BuyerAtFault,
    SellerAtFault,
    NobodyAtFault,
    CalledOff,
    /// By the parties: without the arbiter's fee.
    Agreed(Award),
    /// By an arbiter: with their fee.
    Ruled(Award),
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    pub shares: BTreeMap<(Pot, Who, For), i128>,
    pub receivables: BTreeMap<(Who, Who, For), i128>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// More than can be awarded; with the most.
    OverMax(i128),
    NothingAccepted,
}
