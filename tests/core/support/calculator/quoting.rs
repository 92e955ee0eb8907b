//! The quote, naively.

use crate::support::calculator::{Base, Deal, Fee, Who, buyer_part, clamp, part_of};

/// A fee's line of the quote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeeLine {
    pub amount: i128,
    pub buyer_part: i128,
    pub seller_part: i128,
    /// What its payee keeps once its carve-outs are paid.
    pub net: i128,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    pub price: i128,
    pub order: i128,
    pub buyer_total: i128,
    pub deposit: i128,
    pub proceeds: i128,
    pub net: i128,
    pub payout: i128,
    pub seller_due: i128,
    /// Costs of the services that the seller provides.
    pub seller_provided: i128,
    /// The seller's parts of all services, their own included.
    pub seller_consumed: i128,
    /// The buyer's parts of all services.
    pub buyer_consumed: i128,
    pub commission: i128,
    pub commission_seller: i128,
    pub commission_buyer: i128,
    pub buyer_expenses: i128,
    pub seller_expenses: i128,
    pub seller_profit: i128,
    pub service_buyer_parts: Vec<i128>,
    pub service_seller_parts: Vec<i128>,
    pub fees: Vec<FeeLine>,
}

pub fn fee_amount(fee: &Fee, price: i128, order: i128, gross: i128) -> i128 {
    let base = match fee.base {
        Base::Price => price,
        Base::Order => order,
        Base::Gross => gross,
    };
    clamp(part_of(base, fee.rate_ppm) + fee.fixed, fee.min, fee.max)
}

pub fn price_of(items: &[(i128, i128)]) -> i128 {
    let mut price = 0;
    for (unit, quantity) in items {
        price += unit * quantity;
    }
    price
}

/// The most that may be paid offline.
pub fn offline_limit(deal: &Deal) -> i128 {
    let mut limit = price_of(&deal.items);
    for service in &deal.services {
        if service.provider == Who::Seller {
            limit += buyer_part(service.cost, service.payer);
        }
    }
    limit
}

/// What the buyer pays, online and offline. It does not depend on gross: only seller-paid fees are based on that.
pub fn buyer_total(deal: &Deal) -> i128 {
    let price = price_of(&deal.items);
    let mut order = price;
    for service in &deal.services {
        order += buyer_part(service.cost, service.payer);
    }
    let mut total = order;
    for fee in &deal.fees {
        if fee.out_of.is_none() && fee.base != Base::Gross {
            total += buyer_part(fee_amount(fee, price, order, 0), fee.payer);
        }
    }
    total
}

/// The quote. `None` where a fee's carve-outs are more than the fee.
pub fn quote(deal: &Deal) -> Option<Quote> {
    let price = price_of(&deal.items);

    let mut service_buyer_parts = Vec::new();
    let mut service_seller_parts = Vec::new();
    let mut order = price;
    for service in &deal.services {
        let of_buyer = buyer_part(service.cost, service.payer);
        service_buyer_parts.push(of_buyer);
        service_seller_parts.push(service.cost - of_buyer);
        order += of_buyer;
    }

    // The deposit first, because it is the gross …
    let buyer_total = buyer_total(deal);
    let deposit = buyer_total - deal.pay_offline;

    // … and then every fee.
    let mut amounts = Vec::new();
    for fee in &deal.fees {
        amounts.push(fee_amount(fee, price, order, deposit));
    }
    let mut fees = Vec::new();
    for (index, fee) in deal.fees.iter().enumerate() {
        let amount = amounts[index];
        if fee.out_of.is_some() {
            fees.push(FeeLine { amount, buyer_part: 0, seller_part: 0, net: amount });
            continue;
        }
        let mut net = amount;
        for (other, carved) in deal.fees.iter().enumerate() {
            if carved.out_of == Some(index) {
                net -= amounts[other];
            }
        }
        if net < 0 {
            return None;
        }
        let of_buyer = buyer_part(amount, fee.payer);
        fees.push(FeeLine { amount, buyer_part: of_buyer, seller_part: amount - of_buyer, net });
    }

    let mut proceeds = price - deal.pay_offline;
    let mut seller_parts = 0;
    for (index, service) in deal.services.iter().enumerate() {
        if service.provider == Who::Seller {
            proceeds += service_buyer_parts[index];
        } else {
            seller_parts += service_seller_parts[index];
        }
    }
    for line in &fees {
        seller_parts += line.seller_part;
    }
    let net = proceeds - seller_parts;
    let payout = if net > 0 { net } else { 0 };
    let seller_due = if net < 0 { -net } else { 0 };

    let mut seller_provided = 0;
    for service in &deal.services {
        if service.provider == Who::Seller {
            seller_provided += service.cost;
        }
    }
    let seller_consumed: i128 = service_seller_parts.iter().sum();
    let buyer_consumed: i128 = service_buyer_parts.iter().sum();
    let commission_seller: i128 = fees.iter().map(|line| line.seller_part).sum();
    let commission_buyer: i128 = fees.iter().map(|line| line.buyer_part).sum();

    Some(Quote {
        price,
        order,
        buyer_total,
        deposit,
        proceeds,
        net,
        payout,
        seller_due,
        seller_provided,
        seller_consumed,
        buyer_consumed,
        commission: commission_seller + commission_buyer,
        commission_seller,
        commission_buyer,
        buyer_expenses: buyer_consumed + commission_buyer,
        seller_expenses: seller_consumed + commission_seller,
        // Reading: the payout is already net of the seller's parts; their own costs are what their services cost them.
        seller_profit: payout - seller_provided,
        service_buyer_parts,
        service_seller_parts,
        fees,
    })
}
