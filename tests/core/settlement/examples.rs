//! Deals to work by hand.

use crate::settlement::{both, given};
use crate::support::calculator::{Base, For, OnRefund, Payer, Pot, Refused, Who};
use crate::support::{Case, Filled, Scene, calculator as calc};

pub const CARRIER: Who = Who::Outside(0);

pub const PARTNER: Who = Who::Outside(1);

pub const ARBITER: Who = Who::Outside(2);

/// Two chairs at 500.00. Delivery 100.00 by a carrier, paid by the buyer; packing 40.00 by the seller, shared by
/// halves; insurance 30.00 by the platform, paid by the seller. Fees of the price: 2 % to the platform by the buyer,
/// kept (20.00); 5 % to the partner by the seller, returned (50.00), 1 % of them the processor's (10.00); 3 % to the
/// platform by halves, pro rata (15.00 + 15.00). A ruling costs 2 % of B and 3.00.
///
/// deposit  = 1 000.00 + (100.00 + 20.00) + (20.00 + 15.00) = 1 155.00
/// proceeds = 1 000.00 + 20.00 = 1 020.00
/// payout   = 1 020.00 − 30.00 − (50.00 + 15.00) = 925.00
pub fn workshop() -> calc::Deal {
    let service = |cost, payer, provider| calc::Service { cost, payer, provider };
    let half = Payer::Shared(500_000);
    let mut carved = fee(Who::Processor, 1, Payer::Seller, OnRefund::Return);
    carved.out_of = Some(1);
    calc::Deal {
        items: vec![(500_00, 2)],
        services: vec![
            service(100_00, Payer::Buyer, CARRIER),
            service(40_00, half, Who::Seller),
            service(30_00, Payer::Seller, Who::Platform),
        ],
        fees: vec![
            fee(Who::Platform, 2, Payer::Buyer, OnRefund::Keep),
            fee(PARTNER, 5, Payer::Seller, OnRefund::Return),
            carved,
            fee(Who::Platform, 3, half, OnRefund::ProRata),
        ],
        pay_offline: 0,
        arbitration: Some(calc::Arbitration {
            payee: ARBITER,
            rate_ppm: 20_000,
            guarantee_ppm: 0,
            fixed: 3_00,
            min: None,
            max: None,
        }),
        charge_fee: None,
        return_all: calc::ReturnAll::Off,
    }
}

pub fn fee(payee: Who, percent: i128, payer: Payer, on_refund: OnRefund) -> calc::Fee {
    calc::Fee {
        payee,
        rate_ppm: percent * 10_000,
        rounding: calc::Rounding::Down,
        fixed: 0,
        per_unit: 0,
        min: None,
        max: None,
        base: Base::Price,
        payer,
        on_refund,
        out_of: None,
    }
}

/// Two items at 500.00 and nothing else.
pub fn plain(pay_offline: i128) -> calc::Deal {
    calc::Deal { services: Vec::new(), fees: Vec::new(), pay_offline, arbitration: None, ..workshop() }
}

/// A deal without guarantees, its pots holding exactly what they should.
pub fn full(deal: calc::Deal, incurred: &[bool], ending: calc::Ending) -> Scene {
    let case = Case::of(deal);
    Scene {
        pots: case.pots(&Filled::FULL),
        case,
        incurred: incurred.to_vec(),
        given_back: 0,
        accepted: None,
        charges: Vec::new(),
        ending,
    }
}

/// The workshop with guarantees of 300.00 (buyer) and 200.00 (seller).
pub fn guaranteed(incurred: &[bool], ending: calc::Ending) -> Scene {
    let mut scene = full(workshop(), incurred, ending);
    scene.case.buyer_guarantee = (300_00, true);
    scene.case.seller_guarantee = (200_00, true);
    scene.pots = scene.case.pots(&Filled::FULL);
    scene
}

pub type Shares<'a> = &'a [(Pot, Who, For, i128)];

pub type Debts<'a> = &'a [(Who, Who, For, i128)];

/// The library gives exactly this, and so does the calculator.
#[track_caller]
pub fn gives(scene: &Scene, shares: Shares<'_>, receivables: Debts<'_>) {
    let expected = calc::Outcome {
        shares: shares.iter().map(|(pot, who, what, amount)| ((*pot, *who, *what), *amount)).collect(),
        receivables: receivables
            .iter()
            .map(|(from, to, what, amount)| ((*from, *to, *what), *amount))
            .collect(),
    };
    assert_eq!(given(scene), expected, "library");
    assert_eq!(scene.calculate(), Ok(expected), "calculator");
}

/// Both refuse, for the same reason.
#[track_caller]
pub fn refuses(scene: &Scene, why: Refused) {
    assert_eq!(both(scene), (Err(why), Err(why)));
}
