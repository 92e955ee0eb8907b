//! The sums of a quote, line by line as the module's documentation says.

use super::{Fee, FeeBase, FeeLine, Provider, Quote, Service, ServiceLine, Terms, TermsDraft};
use crate::Money;
use crate::money::minor::{TooLarge, add, sub};

/// Why no quote can be made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum QuoteError {
    TooLarge,
    CarveOutOverParent { fee: usize },
    OfflineOverProceeds,
}

impl From<TooLarge> for QuoteError {
    fn from(_: TooLarge) -> Self {
        Self::TooLarge
    }
}

/// What the buyer pays offline: as agreed, or what a partial buyout leaves, which shrinks the offline part first.
#[derive(Clone, Copy)]
pub(crate) enum Offline {
    Agreed(i64),
    WhatIsOver { deposit: i64 },
}

/// The sums of a quote without its lines: all that there is to know before anything is listed, and without a list.
#[derive(Clone, Copy)]
pub(crate) struct Sums {
    price: i64,
    order: i64,
    buyer_total: i64,
    pay_offline: i64,
    deposit: i64,
    proceeds: i64,
    net: i64,
    seller_provided: i64,
    seller_consumed: i64,
    buyer_consumed: i64,
    commission: i64,
    commission_seller: i64,
    commission_buyer: i64,
}

/// DESIGN "The quote, exactly", line by line.
impl Sums {
    /// Those on the accepted quantities, where the deposit is what it was: the offline part shrinks first, then the
    /// buyer gets the difference back.
    pub(crate) fn of_accepted(terms: &Terms, quantities: &[u32]) -> Result<Self, QuoteError> {
        let deposit = terms.quote().deposit.minor();
        Self::of(terms, quantities.iter().copied(), Offline::WhatIsOver { deposit })
    }

    pub(crate) fn of(
        draft: &TermsDraft,
        quantities: impl Iterator<Item = u32>,
        offline: Offline,
    ) -> Result<Self, QuoteError> {
        let mut price = 0;
        for (item, quantity) in draft.items.iter().zip(quantities) {
            price = add(price, item.unit_price.minor().checked_mul(i64::from(quantity)).ok_or(TooLarge)?)?;
        }

        let (mut buyer_consumed, mut seller_consumed) = (0, 0);
        let (mut seller_provided, mut to_seller, mut others_sellers_parts) = (0, 0, 0);
        for service in &draft.services {
            let (buyers, sellers) = parts(service)?;
            buyer_consumed = add(buyer_consumed, buyers)?;
            seller_consumed = add(seller_consumed, sellers)?;
            match service.provider {
                Provider::Seller => {
                    seller_provided = add(seller_provided, service.final_cost.minor())?;
                    to_seller = add(to_seller, buyers)?;
                }
                Provider::Platform | Provider::Third(_) => {
                    others_sellers_parts = add(others_sellers_parts, sellers)?
                }
            }
        }
        let order = add(price, buyer_consumed)?;

        // a gross fee has no buyer's part, so the buyer's total does not depend on it
        let before = Bases { price, order, gross: 0 };
        let mut commission_buyer = 0;
        for fee in draft.fees.iter().filter(|f| f.base != FeeBase::Gross) {
            commission_buyer = add(commission_buyer, before.parts(fee)?.0)?;
        }
        let buyer_total = add(order, commission_buyer)?;
        let pay_offline = match offline {
            Offline::Agreed(offline) => offline,
            Offline::WhatIsOver { deposit } => sub(buyer_total, deposit)?.max(0),
        };
        let deposit = sub(buyer_total, pay_offline)?;

        // what the buyer pays the seller directly cannot be more than the seller is owed
        let proceeds = sub(add(price, to_seller)?, pay_offline)?;
        if proceeds < 0 {
            return Err(QuoteError::OfflineOverProceeds);
        }

        let bases = Bases { price, order, gross: deposit };
        let (mut commission, mut commission_seller) = (0, 0);
        for (index, fee) in draft.fees.iter().enumerate() {
            match &fee.out_of {
                None => {
                    commission = add(commission, bases.amount(fee)?)?;
                    commission_seller = add(commission_seller, bases.parts(fee)?.1)?;
                }
                Some(parent) => {
                    let until_here = draft.fees.iter().take(index.saturating_add(1));
                    let parent = draft.fees.iter().find(|f| f.id == *parent);
                    if let Some(parent) = parent
                        && bases.carved(until_here, parent)? > bases.amount(parent)?
                    {
                        return Err(QuoteError::CarveOutOverParent { fee: index });
                    }
                }
            }
        }

        // the two sums under which every other one lies
        if buyer_total.max(add(seller_consumed, commission_seller)?) > Terms::MAX_AMOUNT {
            return Err(QuoteError::TooLarge);
        }
        Ok(Self {
            price,
            order,
            buyer_total,
            pay_offline,
            deposit,
            proceeds,
            net: sub(proceeds, add(others_sellers_parts, commission_seller)?)?,
            seller_provided,
            seller_consumed,
            buyer_consumed,
            commission,
            commission_seller,
            commission_buyer,
        })
    }

    /// What the seller must deposit.
    pub(crate) fn seller_due(&self) -> Result<i64, TooLarge> {
        sub(self.net.max(0), self.net)
    }

    /// The whole quote: with a line per service and per fee.
    pub(crate) fn listed(self, draft: &TermsDraft) -> Result<Quote, TooLarge> {
        let money = |minor| Money::from_minor(minor, draft.currency);
        let bases = Bases { price: self.price, order: self.order, gross: self.deposit };
        let service = |service: &Service| {
            let (buyers, sellers) = parts(service)?;
            let (buyers_part, sellers_part) = (money(buyers), money(sellers));
            Ok(ServiceLine { cost: money(service.final_cost.minor()), buyers_part, sellers_part })
        };
        let fee = |fee: &Fee| {
            let amount = bases.amount(fee)?;
            let (buyers, sellers) = bases.parts(fee)?;
            Ok(FeeLine {
                id: fee.id.clone(),
                payee: fee.payee.clone(),
                amount: money(amount),
                buyers_part: money(buyers),
                sellers_part: money(sellers),
                net: money(sub(amount, bases.carved(draft.fees.iter(), fee)?)?),
                out_of: fee.out_of.clone(),
            })
        };
        let payout = self.net.max(0);
        Ok(Quote {
            price: money(self.price),
            order: money(self.order),
            buyer_total: money(self.buyer_total),
            pay_offline: money(self.pay_offline),
            deposit: money(self.deposit),
            proceeds: money(self.proceeds),
            net: money(self.net),
            payout: money(payout),
            seller_due: money(self.seller_due()?),
            seller_provided: money(self.seller_provided),
            seller_consumed: money(self.seller_consumed),
            buyer_consumed: money(self.buyer_consumed),
            commission: money(self.commission),
            commission_seller: money(self.commission_seller),
            commission_buyer: money(self.commission_buyer),
            buyer_expenses: money(add(self.buyer_consumed, self.commission_buyer)?),
            seller_expenses: money(add(self.seller_consumed, self.commission_seller)?),
            seller_profit: money(sub(payout, self.seller_provided)?),
            services: draft.services.iter().map(service).collect::<Result<_, TooLarge>>()?,
            fees: draft.fees.iter().map(fee).collect::<Result<_, TooLarge>>()?,
        })
    }
}

/// The buyer's and the seller's part of a service.
fn parts(service: &Service) -> Result<(i64, i64), TooLarge> {
    let cost = service.final_cost.minor();
    let buyers = service.payer.buyers_part(cost);
    Ok((buyers, sub(cost, buyers)?))
}

/// What rates are taken of.
#[derive(Clone, Copy)]
struct Bases {
    price: i64,
    order: i64,
    gross: i64,
}

impl Bases {
    fn amount(self, fee: &Fee) -> Result<i64, TooLarge> {
        let base = match fee.base {
            FeeBase::Price => self.price,
            FeeBase::Order => self.order,
            FeeBase::Gross => self.gross,
        };
        fee_amount(fee.rate.floor_of(base), fee.fixed, fee.min, fee.max)
    }

    /// The buyer's and the seller's part of a fee; a carve-out has none.
    fn parts(self, fee: &Fee) -> Result<(i64, i64), TooLarge> {
        let Some(payer) = fee.payer else { return Ok((0, 0)) };
        let amount = self.amount(fee)?;
        let buyers = payer.buyers_part(amount);
        Ok((buyers, sub(amount, buyers)?))
    }

    /// What these fees carve out of one.
    fn carved<'f>(self, fees: impl Iterator<Item = &'f Fee>, of: &Fee) -> Result<i64, TooLarge> {
        fees.filter(|f| f.out_of.as_ref() == Some(&of.id)).try_fold(0, |sum, f| add(sum, self.amount(f)?))
    }
}

/// `clamp(floor(base × rate) + fixed, min, max)`: the one formula of every fee, the arbitration fee included.
pub(crate) fn fee_amount(
    of_rate: i64,
    fixed: Option<Money>,
    min: Option<Money>,
    max: Option<Money>,
) -> Result<i64, TooLarge> {
    let minor = |money: Option<Money>| money.map(Money::minor);
    let sum = add(of_rate, minor(fixed).unwrap_or(0))?;
    let at_least = sum.max(minor(min).unwrap_or(sum));
    Ok(at_least.min(minor(max).unwrap_or(at_least)))
}
