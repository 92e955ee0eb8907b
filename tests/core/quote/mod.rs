//! The quote, exactly: one property per line of the design, and examples worked by hand. What `Terms::new` refuses is in
//! `terms`.

mod by_hand;
mod price;
mod properties;

use crate::support::rub;
use escrow::terms::{Fee, FeePayee, Item, Payer, Policy, Provider, Quote, Service, Terms, TermsDraft};
use escrow::{Money, Rate, quote};

pub fn m(money: Money) -> i128 {
    i128::from(money.minor())
}

pub fn item(minor: i64, quantity: u32) -> Item {
    Item::new("item".parse().unwrap(), rub(minor), quantity)
}

/// One item at this price.
pub fn draft(price: i64) -> TermsDraft {
    let (buyer, seller) = ("anna".parse().unwrap(), "shop".parse().unwrap());
    TermsDraft::new(buyer, seller, crate::support::DEAL, vec![item(price, 1)], Policy::shop())
}

pub fn service(cost: i64, payer: Payer, provider: Provider) -> Service {
    Service {
        name: "delivery".parse().unwrap(),
        description: None,
        original_cost: None,
        final_cost: rub(cost),
        payer,
        provider,
    }
}

pub fn partner() -> FeePayee {
    FeePayee::Partner("site".parse().unwrap())
}

pub fn third() -> Provider {
    Provider::Third("cdek".parse().unwrap())
}

pub fn fee(id: &str, payee: FeePayee, rate: Rate, payer: Payer) -> Fee {
    Fee::of_price(id.parse().unwrap(), payee, rate, payer)
}

pub fn carved(id: &str, payee: FeePayee, rate: Rate, out_of: &str) -> Fee {
    Fee::carved(id.parse().unwrap(), payee, rate, out_of.parse().unwrap())
}

pub fn quoted(draft: TermsDraft) -> Quote {
    quote(&Terms::new(draft).expect("valid terms"))
}

pub fn over() -> Money {
    rub(Terms::MAX_AMOUNT + 1)
}
