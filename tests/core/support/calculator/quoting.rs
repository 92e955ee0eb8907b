//! The quote, naively.

use crate::support::calculator::{
    Base, Deal, OnRefund, Payer, Who, buyer_part, buyers_gross_fees, clamp, rounded,
};

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
    pub pay_offline: i128,
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

pub fn price_of(items: &[(i128, i128)]) -> i128 {
    let mut price = 0;
    for (unit, quantity) in items {
        price += unit * quantity;
    }
    price
}

fn order_of(deal: &Deal) -> i128 {
    let mut order = price_of(&deal.items);
    for service in &deal.services {
        order += buyer_part(service.cost, service.payer);
    }
    order
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

/// Payer and refund rule of a fee; a tax has those of what it taxes.
pub fn payer_of(deal: &Deal, fee: usize) -> Payer {
    deal.fees[deal.root(fee)].payer
}

pub fn on_refund_of(deal: &Deal, fee: usize) -> OnRefund {
    deal.fees[deal.root(fee)].on_refund
}

/// How many units of the named items there are.
fn units(deal: &Deal, items: &[usize]) -> i128 {
    items.iter().map(|item| deal.items[*item].1).sum()
}

/// A fee of items of which there are none is no fee at all, and takes along what is taken of it and out of it.
fn falls_away(deal: &Deal, fee: usize) -> bool {
    let of_base = match &deal.fees[fee].base {
        Base::Items(items) => units(deal, items) == 0,
        Base::Fee(parent) => falls_away(deal, *parent),
        Base::Price | Base::Order | Base::Gross => false,
    };
    of_base || deal.fees[fee].out_of.is_some_and(|parent| falls_away(deal, parent))
}

/// The whole amount of a fee, where the buyer deposits `gross`.
pub fn fee_amount(deal: &Deal, index: usize, gross: i128) -> i128 {
    if falls_away(deal, index) {
        return 0;
    }
    let fee = &deal.fees[index];
    let (base, units) = match &fee.base {
        Base::Price => (price_of(&deal.items), 0),
        Base::Order => (order_of(deal), 0),
        Base::Gross => (gross, 0),
        Base::Items(items) => {
            let sum = items.iter().map(|item| deal.items[*item].0 * deal.items[*item].1).sum();
            (sum, units(deal, items))
        }
        Base::Fee(parent) => (fee_amount(deal, *parent, gross), 0),
    };
    clamp(rounded(base, fee.rate_ppm, fee.rounding) + fee.fixed + fee.per_unit * units, fee.min, fee.max)
}

/// The fee of the gross that the buyer pays, and its taxes, where the buyer deposits `gross`.
pub fn on_top(deal: &Deal, gross: i128) -> i128 {
    let mut sum = 0;
    for grossed_up in buyers_gross_fees(deal) {
        for fee in 0..deal.fees.len() {
            if !deal.is_carve_out(fee) && deal.root(fee) == grossed_up {
                sum += fee_amount(deal, fee, gross);
            }
        }
    }
    sum
}

/// What the buyer pays but for a fee of the gross and its taxes.
pub fn everything_else(deal: &Deal) -> i128 {
    let mut sum = order_of(deal);
    for fee in 0..deal.fees.len() {
        // other fees of the gross have no buyer's part
        if !deal.is_carve_out(fee) && deal.fees[deal.root(fee)].base != Base::Gross {
            sum += buyer_part(fee_amount(deal, fee, 0), payer_of(deal, fee));
        }
    }
    sum
}

/// The least gross that leaves `x` when the fee of the gross and its taxes are off it.
pub fn least_gross(deal: &Deal, x: i128) -> i128 {
    let enough = |gross: i128| gross - on_top(deal, gross) >= x;
    let mut high = 1;
    while !enough(high) {
        high *= 2;
        assert!(high < 1_000_000_000_000_000_000_000, "nothing leaves {x}");
    }
    let mut low = -1;
    while high - low > 1 {
        let middle = (low + high) / 2;
        if enough(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    // where two roundings fall together, a little more can leave a little less: so look at all the neighbours
    let from = (high - 2_000).max(0);
    (from..=high).find(|gross| enough(*gross)).unwrap_or(high)
}

/// What the buyer pays, online and offline.
pub fn buyer_total(deal: &Deal) -> i128 {
    least_gross(deal, everything_else(deal) - deal.pay_offline) + deal.pay_offline
}

/// The quote. `None` where a fee's carve-outs are more than the fee.
pub fn quote(deal: &Deal) -> Option<Quote> {
    let deposit = least_gross(deal, everything_else(deal) - deal.pay_offline);
    quote_of(deal, deposit, deal.pay_offline, false)
}

/// The quote on these quantities, after `deposit` was paid in: the offline part shrinks first, then the buyer has the
/// difference back. Carve-outs are cut to their parent.
pub fn requote(deal: &Deal, accepted: &[i128], deposit: i128) -> Quote {
    let mut smaller = deal.clone();
    for (item, quantity) in smaller.items.iter_mut().zip(accepted) {
        item.1 = *quantity;
    }
    let gross = least_gross(&smaller, everything_else(&smaller)).min(deposit);
    let offline = everything_else(&smaller) + on_top(&smaller, gross) - gross;
    quote_of(&smaller, gross, offline, true).expect("carve-outs are cut")
}

fn quote_of(deal: &Deal, deposit: i128, pay_offline: i128, cut: bool) -> Option<Quote> {
    let price = price_of(&deal.items);
    let order = order_of(deal);
    let mut service_buyer_parts = Vec::new();
    let mut service_seller_parts = Vec::new();
    for service in &deal.services {
        let of_buyer = buyer_part(service.cost, service.payer);
        service_buyer_parts.push(of_buyer);
        service_seller_parts.push(service.cost - of_buyer);
    }

    let mut amounts: Vec<i128> = (0..deal.fees.len()).map(|fee| fee_amount(deal, fee, deposit)).collect();
    let mut nets = amounts.clone();
    for (index, fee) in deal.fees.iter().enumerate() {
        if let Some(parent) = fee.out_of {
            // Reading: where they are cut, the earlier are served first.
            if cut {
                amounts[index] = amounts[index].min(nets[parent]);
                nets[index] = amounts[index];
            }
            nets[parent] -= amounts[index];
            if nets[parent] < 0 {
                return None;
            }
        }
    }
    let mut fees = Vec::new();
    for index in 0..deal.fees.len() {
        let (amount, net) = (amounts[index], nets[index]);
        let (mut of_buyer, mut of_seller) = (0, 0);
        if !deal.is_carve_out(index) {
            of_buyer = buyer_part(amount, payer_of(deal, index));
            of_seller = amount - of_buyer;
        }
        fees.push(FeeLine { amount, buyer_part: of_buyer, seller_part: of_seller, net });
    }

    let mut proceeds = price - pay_offline;
    let mut seller_parts = 0;
    let mut seller_provided = 0;
    for (index, service) in deal.services.iter().enumerate() {
        if service.provider == Who::Seller {
            proceeds += service_buyer_parts[index];
            seller_provided += service.cost;
        } else {
            seller_parts += service_seller_parts[index];
        }
    }
    let commission_seller: i128 = fees.iter().map(|line| line.seller_part).sum();
    let commission_buyer: i128 = fees.iter().map(|line| line.buyer_part).sum();
    let net = proceeds - seller_parts - commission_seller;
    let payout = net.max(0);
    let seller_consumed: i128 = service_seller_parts.iter().sum();
    let buyer_consumed: i128 = service_buyer_parts.iter().sum();

    Some(Quote {
        price,
        order,
        buyer_total: deposit + pay_offline,
        pay_offline,
        deposit,
        proceeds,
        net,
        payout,
        seller_due: (-net).max(0),
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
