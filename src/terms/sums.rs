//! The sums of a quote, line by line as the module's documentation says.

use super::schedule::{Amounts, CarveOutOverParent, Schedule};
use super::{FeeLine, Provider, Quote, Service, ServiceLine, Terms, TermsDraft};
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

impl From<CarveOutOverParent> for QuoteError {
    fn from(over: CarveOutOverParent) -> Self {
        Self::CarveOutOverParent { fee: over.fee }
    }
}

/// The sums of a quote without its lines. No list is made for them.
pub(crate) struct Sums {
    pub(crate) price: i64,
    pub(crate) order: i64,
    pub(crate) buyer_total: i64,
    pub(crate) pay_offline: i64,
    pub(crate) deposit: i64,
    pub(crate) proceeds: i64,
    pub(crate) net: i64,
    seller_provided: i64,
    seller_consumed: i64,
    buyer_consumed: i64,
    commission_seller: i64,
    commission_buyer: i64,
    fees: Fees,
}

/// Per fee: its amount, what it nets, both parts.
struct Fees {
    amounts: Amounts,
    nets: Amounts,
    buyers_parts: Amounts,
    sellers_parts: Amounts,
}

impl Sums {
    /// The sums of a draft.
    pub(crate) fn of(draft: &TermsDraft) -> Result<Self, QuoteError> {
        let offline = draft.pay_offline.map_or(0, Money::minor);
        Self::on(draft, draft.items.iter().map(|i| i.quantity), Online::LessOffline { offline })
    }

    /// The sums on the accepted quantities, after the deposit was paid in: the offline part shrinks first, then the buyer
    /// gets the difference back. Carve-outs are cut to their parent.
    pub(crate) fn of_accepted(terms: &Terms, quantities: &[u32]) -> Result<Self, QuoteError> {
        let deposit = terms.quote().deposit.minor();
        Self::on(terms, quantities.iter().copied(), Online::AtMost { deposit })
    }

    fn on(
        draft: &TermsDraft,
        quantities: impl Iterator<Item = u32> + Clone,
        online: Online,
    ) -> Result<Self, QuoteError> {
        let mut price = 0;
        for (item, quantity) in draft.items.iter().zip(quantities.clone()) {
            price = add(price, item.unit_price.minor().checked_mul(i64::from(quantity)).ok_or(TooLarge)?)?;
        }
        let services = Services::of(draft)?;
        let order = add(price, services.buyer_consumed)?;

        let schedule = Schedule::of(draft, quantities, price, order)?;
        let everything_else = add(order, schedule.buyers_parts_but_of_gross()?)?;
        let to_seller = add(price, services.to_seller)?;
        let (deposit, pay_offline, cut) = match online {
            Online::LessOffline { offline } => {
                // what the buyer pays the seller directly cannot be more than the seller is owed
                if offline > to_seller {
                    return Err(QuoteError::OfflineOverProceeds);
                }
                let deposit = schedule.gross(sub(everything_else, offline)?, Terms::MAX_AMOUNT)?;
                (deposit, offline, false)
            }
            Online::AtMost { deposit } => {
                let deposit = schedule.gross(everything_else, deposit)?;
                let offline = sub(add(everything_else, schedule.on_top(deposit)?)?, deposit)?;
                (deposit, offline, true)
            }
        };

        let mut amounts = schedule.amounts(deposit)?;
        let nets = schedule.nets(&mut amounts, cut)?;
        let (mut buyers_parts, mut sellers_parts) = (Amounts::new(), Amounts::new());
        for parts in schedule.parts(&amounts) {
            let (buyers, sellers) = parts?;
            buyers_parts.push(buyers);
            sellers_parts.push(sellers);
        }
        let commission_buyer = total(&buyers_parts)?;
        let commission_seller = total(&sellers_parts)?;
        // where no deposit within the limit leaves what it must, this is over the deposit
        let buyer_total = add(order, commission_buyer)?;

        // the two sums under which every other one lies
        if buyer_total.max(add(services.seller_consumed, commission_seller)?) > Terms::MAX_AMOUNT {
            return Err(QuoteError::TooLarge);
        }
        let proceeds = sub(to_seller, pay_offline)?;
        Ok(Self {
            price,
            order,
            buyer_total,
            pay_offline,
            deposit,
            proceeds,
            net: sub(proceeds, add(services.others_sellers_parts, commission_seller)?)?,
            seller_provided: services.seller_provided,
            seller_consumed: services.seller_consumed,
            buyer_consumed: services.buyer_consumed,
            commission_seller,
            commission_buyer,
            fees: Fees { amounts, nets, buyers_parts, sellers_parts },
        })
    }

    /// What one fee is, where a gross can be found at all, whatever its carve-outs are.
    pub(crate) fn amount_of(draft: &TermsDraft, fee: usize) -> Option<i64> {
        let mut price = 0;
        for item in &draft.items {
            price = add(price, item.unit_price.minor().checked_mul(i64::from(item.quantity))?).ok()?;
        }
        let order = add(price, Services::of(draft).ok()?.buyer_consumed).ok()?;
        let quantities = draft.items.iter().map(|i| i.quantity);
        let schedule = Schedule::of(draft, quantities, price, order).ok()?;
        let everything_else = add(order, schedule.buyers_parts_but_of_gross().ok()?).ok()?;
        let online = sub(everything_else, draft.pay_offline.map_or(0, Money::minor)).ok()?.max(0);
        let gross = schedule.gross(online, Terms::MAX_AMOUNT).ok()?;
        schedule.amounts(gross).ok()?.get(fee).copied()
    }

    /// What the seller is paid.
    pub(crate) fn payout(&self) -> i64 {
        self.net.max(0)
    }

    /// The whole quote: with a line per service and per fee.
    pub(crate) fn listed(self, draft: &TermsDraft) -> Result<Quote, TooLarge> {
        let money = |minor| Money::from_minor(minor, draft.currency);
        let service = |service: &Service| {
            let (buyers, sellers) = parts(service)?;
            let (buyers_part, sellers_part) = (money(buyers), money(sellers));
            Ok(ServiceLine { cost: money(service.final_cost.minor()), buyers_part, sellers_part })
        };
        let payout = self.payout();
        let fees = self.fees;
        let sums = fees.amounts.iter().zip(&fees.nets).zip(fees.buyers_parts.iter().zip(&fees.sellers_parts));
        let fees = draft.fees.iter().zip(sums).map(|(fee, ((amount, net), (buyers, sellers)))| FeeLine {
            id: fee.id.clone(),
            payee: fee.payee.clone(),
            amount: money(*amount),
            buyers_part: money(*buyers),
            sellers_part: money(*sellers),
            net: money(*net),
            out_of: fee.out_of.clone(),
        });
        Ok(Quote {
            price: money(self.price),
            order: money(self.order),
            buyer_total: money(self.buyer_total),
            pay_offline: money(self.pay_offline),
            deposit: money(self.deposit),
            proceeds: money(self.proceeds),
            net: money(self.net),
            payout: money(payout),
            seller_due: money(sub(payout, self.net)?),
            seller_provided: money(self.seller_provided),
            seller_consumed: money(self.seller_consumed),
            buyer_consumed: money(self.buyer_consumed),
            commission: money(add(self.commission_buyer, self.commission_seller)?),
            commission_seller: money(self.commission_seller),
            commission_buyer: money(self.commission_buyer),
            buyer_expenses: money(add(self.buyer_consumed, self.commission_buyer)?),
            seller_expenses: money(add(self.seller_consumed, self.commission_seller)?),
            seller_profit: money(sub(payout, self.seller_provided)?),
            services: draft.services.iter().map(service).collect::<Result<_, TooLarge>>()?,
            fees: fees.collect(),
        })
    }
}

/// How much the buyer pays online.
#[derive(Clone, Copy)]
enum Online {
    /// Everything but this.
    LessOffline { offline: i64 },
    /// What was paid in, at most.
    AtMost { deposit: i64 },
}

/// The sums of the services.
struct Services {
    buyer_consumed: i64,
    seller_consumed: i64,
    seller_provided: i64,
    /// The buyer's parts of what the seller provides.
    to_seller: i64,
    /// The seller's parts of what others provide.
    others_sellers_parts: i64,
}

impl Services {
    fn of(draft: &TermsDraft) -> Result<Self, TooLarge> {
        let mut sums = Self {
            buyer_consumed: 0,
            seller_consumed: 0,
            seller_provided: 0,
            to_seller: 0,
            others_sellers_parts: 0,
        };
        for service in &draft.services {
            let (buyers, sellers) = parts(service)?;
            sums.buyer_consumed = add(sums.buyer_consumed, buyers)?;
            sums.seller_consumed = add(sums.seller_consumed, sellers)?;
            match service.provider {
                Provider::Seller => {
                    sums.seller_provided = add(sums.seller_provided, service.final_cost.minor())?;
                    sums.to_seller = add(sums.to_seller, buyers)?;
                }
                Provider::Platform | Provider::Third(_) => {
                    sums.others_sellers_parts = add(sums.others_sellers_parts, sellers)?;
                }
            }
        }
        Ok(sums)
    }
}

/// The buyer's and the seller's part of a service.
fn parts(service: &Service) -> Result<(i64, i64), TooLarge> {
    let cost = service.final_cost.minor();
    let buyers = service.payer.buyers_part(cost);
    Ok((buyers, sub(cost, buyers)?))
}

fn total(amounts: &Amounts) -> Result<i64, TooLarge> {
    amounts.iter().try_fold(0, |sum, amount| add(sum, *amount))
}
