//! From the library's terms and endings to the naive calculator's plain numbers, and back from its outcome.

use escrow::deposit::{DepositId, Purpose};
use escrow::money::Rounding;
use escrow::settlement::{AwardedBy, Ending, Fault};
use escrow::terms::{FeeBase, FeePayee, OnRefund, Payer, Provider, ReturnAll};
use escrow::{Award, Currency, Money, Payee, Rate, Side, Terms};

use crate::common::text;
use crate::support::calculator::{self as calc, For, Pot, Who};

/// The third parties, by their numbers.
const OUTSIDE: [&str; 5] = ["courier", "insurer", "partner", "judge", "judge-2"];

fn outside(name: &str) -> Who {
    let number = OUTSIDE.iter().position(|known| *known == name).expect("a known third party");
    Who::Outside(u8::try_from(number).unwrap())
}

fn minor(money: Money) -> i128 {
    i128::from(money.minor())
}

fn ppm(rate: Rate) -> i128 {
    i128::from(rate.ppm())
}

fn payer(payer: Payer) -> calc::Payer {
    match payer {
        Payer::Buyer => calc::Payer::Buyer,
        Payer::Seller => calc::Payer::Seller,
        Payer::Shared(rate) => calc::Payer::Shared(ppm(rate)),
    }
}

fn fee_payee(payee: &FeePayee) -> Who {
    match payee {
        FeePayee::Platform => Who::Platform,
        FeePayee::Processor => Who::Processor,
        FeePayee::Partner(id) => outside(id),
    }
}

fn rounding(rounding: Rounding) -> calc::Rounding {
    match rounding {
        Rounding::Down => calc::Rounding::Down,
        Rounding::HalfUp => calc::Rounding::HalfUp,
        Rounding::HalfEven => calc::Rounding::HalfEven,
        Rounding::Up => calc::Rounding::Up,
    }
}

pub fn deal(terms: &Terms) -> calc::Deal {
    let services = terms.services.iter().map(|s| calc::Service {
        cost: minor(s.final_cost),
        payer: payer(s.payer),
        provider: match &s.provider {
            Provider::Seller => Who::Seller,
            Provider::Platform => Who::Platform,
            Provider::Third(id) => outside(id),
        },
    });
    let fees = terms.fees.iter().map(|f| calc::Fee {
        payee: fee_payee(&f.payee),
        rate_ppm: ppm(f.rate),
        rounding: rounding(f.rounding),
        per_unit: f.per_unit.map_or(0, minor),
        fixed: f.fixed.map_or(0, minor),
        min: f.min.map(minor),
        max: f.max.map(minor),
        base: match &f.base {
            FeeBase::Price => calc::Base::Price,
            FeeBase::Order => calc::Base::Order,
            FeeBase::Gross => calc::Base::Gross,
            FeeBase::Items(places) => calc::Base::Items(places.iter().map(|p| usize::from(*p)).collect()),
            FeeBase::Fee(id) => {
                calc::Base::Fee(terms.fees.iter().position(|p| p.id == *id).expect("an earlier fee"))
            }
        },
        // a carve-out has neither; the calculator looks at neither
        payer: f.payer.map_or(calc::Payer::Seller, payer),
        on_refund: match f.on_refund {
            Some(OnRefund::Keep) | None => calc::OnRefund::Keep,
            Some(OnRefund::Return) => calc::OnRefund::Return,
            Some(OnRefund::ProRata) => calc::OnRefund::ProRata,
        },
        out_of: f.out_of.as_ref().and_then(|id| terms.fees.iter().position(|p| p.id == *id)),
    });
    let charge_fee = terms.policy.charge_fee.as_ref().map(|fee| calc::ChargeFee {
        payee: fee_payee(&fee.payee),
        rate_ppm: ppm(fee.rate),
        rounding: rounding(fee.rounding),
    });
    calc::Deal {
        charge_fee,
        return_all: match terms.policy.return_all {
            ReturnAll::Off => calc::ReturnAll::Off,
            ReturnAll::Nobody => calc::ReturnAll::Nobody,
            ReturnAll::Seller => calc::ReturnAll::Seller,
            ReturnAll::Buyer => calc::ReturnAll::Buyer,
        },
        items: terms.items.iter().map(|i| (minor(i.unit_price), i128::from(i.quantity))).collect(),
        services: services.collect(),
        fees: fees.collect(),
        pay_offline: terms.pay_offline.map_or(0, minor),
        arbitration: terms.policy.arbitration_fee.as_ref().map(|fee| calc::Arbitration {
            payee: fee_payee(&fee.payee),
            rate_ppm: ppm(fee.rate),
            guarantee_ppm: ppm(fee.guarantee_rate),
            fixed: fee.fixed.map_or(0, minor),
            min: fee.min.map(minor),
            max: fee.max.map(minor),
        }),
    }
}

/// What the four deposits that every deal has must come to, in their order.
pub fn required(terms: &Terms) -> [(i128, Currency); 4] {
    let quote = calc::quote(&deal(terms)).expect("terms that keep every rule");
    let guarantee = |side| {
        terms.guarantees.of(side).map_or((0, terms.currency), |money: Money| (minor(money), money.currency()))
    };
    [
        (quote.deposit, terms.currency),
        (quote.seller_due, terms.currency),
        guarantee(Side::Buyer),
        guarantee(Side::Seller),
    ]
}

pub fn ending(ending: &Ending) -> calc::Ending {
    match ending {
        Ending::Success => calc::Ending::Success,
        Ending::PartialBuyout(q) => calc::Ending::Partial(q.iter().map(|n| i128::from(*n)).collect()),
        Ending::Cancelled(Fault::Buyer) => calc::Ending::BuyerAtFault,
        Ending::Cancelled(Fault::Seller) => calc::Ending::SellerAtFault,
        Ending::Cancelled(Fault::Nobody) => calc::Ending::NobodyAtFault,
        Ending::CalledOff => calc::Ending::CalledOff,
        // the policy's own ruling has no arbiter, so no fee of theirs
        Ending::Awarded { award: a, by: AwardedBy::Agreement | AwardedBy::DefaultRuling } => {
            calc::Ending::Agreed(award(*a))
        }
        Ending::Awarded { award: a, by: AwardedBy::Ruling } => calc::Ending::Ruled(award(*a)),
    }
}

/// An additional charge of which so much is there.
pub fn charge(payer: &Payee, payee: &Payee, holds: i128, paid: bool) -> calc::Charge {
    let payee = match payee {
        Payee::Buyer => Who::Buyer,
        Payee::Seller => Who::Seller,
        Payee::Platform => Who::Platform,
        Payee::Processor => Who::Processor,
        Payee::Party(id) => outside(id),
    };
    let payer = if *payer == Payee::Buyer { calc::Side::Buyer } else { calc::Side::Seller };
    calc::Charge { payer, payee, holds, paid }
}

fn side(side: Side) -> calc::Side {
    match side {
        Side::Buyer => calc::Side::Buyer,
        Side::Seller => calc::Side::Seller,
    }
}

fn award(award: Award) -> calc::Award {
    match award {
        Award::Amount(amount) => calc::Award::Amount(minor(amount)),
        Award::Share(rate) => calc::Award::Share(ppm(rate)),
        Award::BuyerAll => calc::Award::AllTo(calc::Side::Buyer),
        Award::SellerAll => calc::Award::AllTo(calc::Side::Seller),
        Award::Winner(winner) => calc::Award::Winner(side(winner)),
    }
}

pub fn deposit(pot: Pot) -> DepositId {
    match pot {
        Pot::Buyer => DepositId::BUYER_PAYMENT,
        Pot::Seller => DepositId::SELLER_PAYMENT,
        Pot::BuyerGuarantee => DepositId::BUYER_GUARANTEE,
        Pot::SellerGuarantee => DepositId::SELLER_GUARANTEE,
        Pot::Charge(number) => DepositId::charge(number).expect("a charge of the deal"),
    }
}

pub fn payee(who: Who) -> Payee {
    match who {
        Who::Buyer => Payee::Buyer,
        Who::Seller => Payee::Seller,
        Who::Platform => Payee::Platform,
        Who::Processor => Payee::Processor,
        Who::Outside(number) => Payee::Party(text(OUTSIDE[usize::from(number)])),
    }
}

pub fn purpose(what: For) -> Purpose {
    match what {
        For::Refund => Purpose::Refund,
        For::Payout => Purpose::Payout,
        For::Service => Purpose::Service,
        For::Fee => Purpose::Fee,
        For::Arbitration => Purpose::ArbitrationFee,
        For::Guarantee => Purpose::Guarantee,
        For::Award => Purpose::Award,
        For::Charge => Purpose::Charge,
    }
}
