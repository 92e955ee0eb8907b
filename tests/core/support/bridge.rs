//! From the calculator to the library, and back.

use crate::support::scenes::Filled;
use crate::support::{DEAL, FOREIGN, calculator as calc, minor, money, rate};
use escrow::deposit::{DepositId, Purpose};
use escrow::money::Rounding;
use escrow::settlement::{Ending, Fault, Incurred, Pots, SettleError, Settlement};
use escrow::terms::{
    ArbitrationFee, ChargeFee, Fee, FeeBase, FeePayee, Guarantees, Item, OnRefund, Payer, Policy, Provider,
    ReturnAll, Service, Terms, TermsDraft,
};
use escrow::{Award, Money, Payee, Side};

/// A deal of the calculator and its guarantees, in minor units; `true` where one is in the deal's currency.
#[derive(Clone, Debug)]
pub struct Case {
    pub deal: calc::Deal,
    pub buyer_guarantee: (i128, bool),
    pub seller_guarantee: (i128, bool),
}

impl Case {
    pub fn of(deal: calc::Deal) -> Self {
        Self { deal, buyer_guarantee: (0, true), seller_guarantee: (0, true) }
    }

    pub fn draft(&self) -> TermsDraft {
        let deal = &self.deal;
        let items = deal
            .items
            .iter()
            .map(|(unit, quantity)| {
                Item::new("item".parse().unwrap(), money(*unit), u32::try_from(*quantity).unwrap())
            })
            .collect();
        let mut draft =
            TermsDraft::new("buyer".parse().unwrap(), "seller".parse().unwrap(), DEAL, items, Policy::shop());
        draft.services = deal.services.iter().map(service).collect();
        draft.fees = (0..deal.fees.len()).map(|index| fee(deal, index)).collect();
        draft.pay_offline = (deal.pay_offline > 0).then(|| money(deal.pay_offline));
        draft.guarantees = Guarantees {
            buyer: Some(guarantee(self.buyer_guarantee)),
            seller: Some(guarantee(self.seller_guarantee)),
        };
        draft.policy.charge_fee = deal.charge_fee.as_ref().map(|fee| {
            let mut made = ChargeFee::new(fee_payee(fee.payee), rate(fee.rate_ppm));
            made.rounding = rounding(fee.rounding);
            made
        });
        draft.policy.return_all = match deal.return_all {
            calc::ReturnAll::Off => ReturnAll::Off,
            calc::ReturnAll::Nobody => ReturnAll::Nobody,
            calc::ReturnAll::Seller => ReturnAll::Seller,
            calc::ReturnAll::Buyer => ReturnAll::Buyer,
        };
        draft.policy.arbitration_fee = deal.arbitration.as_ref().map(|fee| ArbitrationFee {
            payee: fee_payee(fee.payee),
            rate: rate(fee.rate_ppm),
            guarantee_rate: rate(fee.guarantee_ppm),
            fixed: Some(money(fee.fixed)),
            min: fee.min.map(money),
            max: fee.max.map(money),
        });
        draft
    }

    pub fn terms(&self) -> Terms {
        Terms::new(self.draft()).expect("a valid draft")
    }

    /// The pots of the deal, each holding these parts per million of what it should.
    pub fn pots(&self, filled: &Filled) -> calc::Pots {
        let quote = calc::quote(&self.deal).expect("a valid deal");
        calc::Pots {
            b: quote.deposit * filled.b_ppm / 1_000_000,
            // a little may stand in L that is not needed
            l: quote.seller_due * filled.l_ppm / 1_000_000 + filled.l_extra,
            buyer_guarantee: calc::part_of(self.buyer_guarantee.0, filled.guarantees_ppm.0),
            buyer_guarantee_same_currency: self.buyer_guarantee.1,
            seller_guarantee: calc::part_of(self.seller_guarantee.0, filled.guarantees_ppm.1),
            seller_guarantee_same_currency: self.seller_guarantee.1,
            fully_funded: filled.fully_funded,
        }
    }
}

pub fn guarantee((amount, same_currency): (i128, bool)) -> Money {
    Money::from_minor(minor(amount), if same_currency { DEAL } else { FOREIGN })
}

pub fn library_pots(pots: &calc::Pots) -> Pots {
    Pots {
        buyer: minor(pots.b),
        seller: minor(pots.l),
        buyer_guarantee: guarantee((pots.buyer_guarantee, pots.buyer_guarantee_same_currency)),
        seller_guarantee: guarantee((pots.seller_guarantee, pots.seller_guarantee_same_currency)),
        funded: pots.fully_funded,
    }
}

pub fn library_incurred(incurred: &[bool]) -> Incurred {
    let marked = incurred.iter().enumerate().filter(|(_, incurred)| **incurred);
    marked.fold(Incurred::default(), |set, (index, _)| set.with(index))
}

pub fn library_ending(ending: &calc::Ending) -> Ending {
    match ending {
        calc::Ending::Success => Ending::Success,
        calc::Ending::Partial(accepted) => {
            Ending::PartialBuyout(accepted.iter().map(|n| u32::try_from(*n).unwrap()).collect())
        }
        calc::Ending::BuyerAtFault => Ending::Cancelled(Fault::Buyer),
        calc::Ending::SellerAtFault => Ending::Cancelled(Fault::Seller),
        calc::Ending::NobodyAtFault => Ending::Cancelled(Fault::Nobody),
        calc::Ending::CalledOff => Ending::CalledOff,
        calc::Ending::Agreed(award) => Ending::agreed(library_award(*award)),
        calc::Ending::Ruled(award) => Ending::ruled(library_award(*award)),
    }
}

pub fn library_award(award: calc::Award) -> Award {
    match award {
        calc::Award::Amount(amount) => Award::Amount(money(amount)),
        calc::Award::Share(ppm) => Award::Share(rate(ppm)),
        calc::Award::AllTo(calc::Side::Buyer) => Award::BuyerAll,
        calc::Award::AllTo(calc::Side::Seller) => Award::SellerAll,
        calc::Award::Winner(calc::Side::Buyer) => Award::Winner(Side::Buyer),
        calc::Award::Winner(calc::Side::Seller) => Award::Winner(Side::Seller),
    }
}

pub fn outside(number: u8) -> escrow::PartyId {
    format!("outside-{number}").parse().unwrap()
}

pub fn fee_payee(who: calc::Who) -> FeePayee {
    match who {
        calc::Who::Platform => FeePayee::Platform,
        calc::Who::Processor => FeePayee::Processor,
        calc::Who::Outside(number) => FeePayee::Partner(outside(number)),
        calc::Who::Buyer | calc::Who::Seller => panic!("a party takes no fee"),
    }
}

pub fn payer(payer: calc::Payer) -> Payer {
    match payer {
        calc::Payer::Buyer => Payer::Buyer,
        calc::Payer::Seller => Payer::Seller,
        calc::Payer::Shared(ppm) => Payer::Shared(rate(ppm)),
    }
}

pub fn service(service: &calc::Service) -> Service {
    Service {
        name: "service".parse().unwrap(),
        description: None,
        original_cost: None,
        final_cost: money(service.cost),
        payer: payer(service.payer),
        provider: match service.provider {
            calc::Who::Seller => Provider::Seller,
            calc::Who::Platform => Provider::Platform,
            calc::Who::Outside(number) => Provider::Third(outside(number)),
            calc::Who::Buyer | calc::Who::Processor => panic!("provides no service"),
        },
    }
}

pub fn fee_id(index: usize) -> escrow::terms::FeeId {
    format!("fee-{index}").parse().unwrap()
}

pub fn fee(deal: &calc::Deal, index: usize) -> Fee {
    let fee = &deal.fees[index];
    let own = fee.out_of.is_none() && !matches!(fee.base, calc::Base::Fee(_));
    let mut made = Fee::of_price(fee_id(index), fee_payee(fee.payee), rate(fee.rate_ppm), payer(fee.payer));
    made.base = match &fee.base {
        calc::Base::Price => FeeBase::Price,
        calc::Base::Order => FeeBase::Order,
        calc::Base::Gross => FeeBase::Gross,
        calc::Base::Items(items) => {
            FeeBase::Items(items.iter().map(|place| u16::try_from(*place).unwrap()).collect())
        }
        calc::Base::Fee(parent) => FeeBase::Fee(fee_id(*parent)),
    };
    made.rounding = rounding(fee.rounding);
    made.per_unit = (fee.per_unit > 0).then(|| money(fee.per_unit));
    made.fixed = (fee.fixed > 0).then(|| money(fee.fixed));
    made.min = fee.min.map(money);
    made.max = fee.max.map(money);
    made.payer = own.then(|| payer(fee.payer));
    made.on_refund = own.then_some(match fee.on_refund {
        calc::OnRefund::Keep => OnRefund::Keep,
        calc::OnRefund::Return => OnRefund::Return,
        calc::OnRefund::ProRata => OnRefund::ProRata,
    });
    made.out_of = fee.out_of.map(fee_id);
    made
}

pub fn rounding(rounding: calc::Rounding) -> Rounding {
    match rounding {
        calc::Rounding::Down => Rounding::Down,
        calc::Rounding::HalfUp => Rounding::HalfUp,
        calc::Rounding::HalfEven => Rounding::HalfEven,
        calc::Rounding::Up => Rounding::Up,
    }
}

/// Both ways of saying who gets a charge.
pub fn charge_payee(who: calc::Who) -> Payee {
    match who {
        calc::Who::Buyer => Payee::Buyer,
        calc::Who::Seller => Payee::Seller,
        calc::Who::Platform => Payee::Platform,
        calc::Who::Processor => Payee::Processor,
        calc::Who::Outside(number) => Payee::Party(outside(number)),
    }
}

pub fn side(side: calc::Side) -> Side {
    match side {
        calc::Side::Buyer => Side::Buyer,
        calc::Side::Seller => Side::Seller,
    }
}

pub fn who(payee: &Payee) -> calc::Who {
    match payee {
        Payee::Buyer => calc::Who::Buyer,
        Payee::Seller => calc::Who::Seller,
        Payee::Platform => calc::Who::Platform,
        Payee::Processor => calc::Who::Processor,
        Payee::Party(id) => {
            let number = id.as_str().strip_prefix("outside-").and_then(|n| n.parse().ok());
            calc::Who::Outside(number.expect("an outsider of the test"))
        }
    }
}

pub fn purpose(purpose: Purpose) -> calc::For {
    match purpose {
        Purpose::Payout => calc::For::Payout,
        Purpose::Service => calc::For::Service,
        Purpose::Fee => calc::For::Fee,
        Purpose::ArbitrationFee => calc::For::Arbitration,
        Purpose::Refund => calc::For::Refund,
        Purpose::Guarantee => calc::For::Guarantee,
        Purpose::Award => calc::For::Award,
        Purpose::Charge => calc::For::Charge,
        Purpose::Excess | Purpose::Returned | Purpose::Chargeback => {
            panic!("no settlement makes a {purpose:?}")
        }
    }
}

pub fn pot(deposit: DepositId) -> calc::Pot {
    match deposit {
        DepositId::BUYER_PAYMENT => calc::Pot::Buyer,
        DepositId::SELLER_PAYMENT => calc::Pot::Seller,
        DepositId::BUYER_GUARANTEE => calc::Pot::BuyerGuarantee,
        DepositId::SELLER_GUARANTEE => calc::Pot::SellerGuarantee,
        charge => {
            let number = (1..=DepositId::MAX_CHARGES).find(|n| DepositId::charge(*n) == Some(charge));
            calc::Pot::Charge(number.expect("a charge"))
        }
    }
}

/// Sums per (pot, payee, purpose) and per (debtor, payee, purpose).
pub fn outcome(settlement: &Settlement) -> calc::Outcome {
    let mut outcome = calc::Outcome::default();
    for share in &settlement.shares {
        let key = (pot(share.deposit), who(&share.payee), purpose(share.purpose));
        *outcome.shares.entry(key).or_insert(0) += i128::from(share.amount.minor());
    }
    for owed in &settlement.receivables {
        let key = (who(&owed.debtor), who(&owed.payee), purpose(owed.purpose));
        *outcome.receivables.entry(key).or_insert(0) += i128::from(owed.amount.minor());
    }
    outcome
}

pub fn refused(error: SettleError) -> calc::Refused {
    match error {
        SettleError::AwardOverMax { max } => calc::Refused::OverMax(i128::from(max.minor())),
        SettleError::NothingAccepted => calc::Refused::NothingAccepted,
        other => panic!("the calculator knows no such refusal: {other}"),
    }
}
