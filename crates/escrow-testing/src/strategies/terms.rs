//! Random terms that keep every rule: subjects, services, fees, guarantees, and a policy.

use proptest::collection::vec;
use proptest::option::{of, weighted};
use proptest::prelude::*;

use super::cast::{BUYER, COURIER, INSURER, JUDGE, PARTNER, SELLER};
use super::policies::policies;
use super::salt::{sound, text};
use escrow::money::Rounding;
use escrow::terms::{
    Delivery, Fee, FeeBase, FeePayee, Guarantees, Item, OnRefund, Payer, Provider, Service, Terms, TermsDraft,
};
use escrow::{Currency, Money, PartyId, Rate};

/// Terms that keep every rule.
pub fn terms() -> impl Strategy<Value = Terms> {
    let arbiter = prop_oneof![4 => Just(None), 4 => Just(Some(JUDGE)), 1 => Just(Some(COURIER))];
    let offline = weighted(0.25, 0..=1_000_000_u32);
    (
        items(),
        services(),
        fees(),
        guarantees(),
        policies(),
        offline,
        arbiter,
        of(Just("conditions")),
        deliveries(),
    )
        .prop_map(
            |(items, services, fees, guarantees, policy, offline, arbiter, conditions, delivery)| {
                let mut draft = TermsDraft::new(id(BUYER), id(SELLER), Currency::RUB, items, policy);
                draft.services = services;
                draft.fees = fees;
                draft.guarantees = guarantees;
                draft.arbiter = arbiter.map(id);
                draft.conditions = conditions.map(text);
                draft.delivery = delivery;
                repaired(draft, offline)
            },
        )
}

/// What the drawn parts contradict each other in is taken out: the offline part, then fees from the last.
fn repaired(mut draft: TermsDraft, offline: Option<u32>) -> Terms {
    while Terms::new(draft.clone()).is_err() && draft.fees.pop().is_some() {}
    // an arbiter whom the deal pays is refused
    if Terms::new(draft.clone()).is_err() {
        draft.arbiter = None;
    }
    let plain = sound(Terms::new(draft.clone()));
    let Some(ppm) = offline else { return plain };
    draft.pay_offline = Some(rub(rate(ppm).floor_of(plain.quote().proceeds.minor())));
    Terms::new(draft).unwrap_or(plain)
}

const fn rub(minor: i64) -> Money {
    Money::from_minor(minor, Currency::RUB)
}

/// Minor units of the currency that a guarantee may be in.
const fn usd(minor: i64) -> Money {
    Money::from_minor(minor, Currency::USD)
}

fn id(name: &str) -> PartyId {
    text(name)
}

fn rate(ppm: u32) -> Rate {
    sound(Rate::from_ppm(ppm))
}

fn deliveries() -> impl Strategy<Value = Option<Delivery>> {
    let parcel = |tracked| Some(Delivery::Parcel { method: text("courier"), tracked });
    prop_oneof![
        6 => Just(None),
        1 => any::<bool>().prop_map(parcel),
        1 => Just(Some(Delivery::Download {})),
    ]
}

fn amounts() -> impl Strategy<Value = i64> {
    prop_oneof![
        30 => 1..=1_000_i64,
        20 => 1..=3_i64,
        20 => 1_000..=1_000_000_i64,
        10 => Just(0_i64),
        1 => 1_000_000..=Terms::MAX_AMOUNT / 100,
    ]
}

fn rates() -> impl Strategy<Value = u32> {
    prop_oneof![
        3 => 0..=100_000_u32,
        1 => Just(500_000_u32),
        1 => Just(1_000_000_u32),
        1 => 0..=1_000_000_u32,
    ]
}

fn payers() -> impl Strategy<Value = Payer> {
    prop_oneof![Just(Payer::Buyer), Just(Payer::Seller), rates().prop_map(|ppm| Payer::Shared(rate(ppm))),]
}

fn items() -> impl Strategy<Value = Vec<Item>> {
    let item =
        (amounts(), 1..=4_u32).prop_map(|(price, quantity)| Item::new(text("item"), rub(price), quantity));
    vec(item, 1..=3).prop_map(|mut items| {
        let free = items.iter().all(|i| i.unit_price.is_zero());
        if let Some(item) = items.first_mut().filter(|_| free) {
            item.unit_price = rub(1);
        }
        items
    })
}

fn services() -> impl Strategy<Value = Vec<Service>> {
    let provider = prop_oneof![
        Just(Provider::Seller),
        Just(Provider::Platform),
        Just(Provider::Third(id(COURIER))),
        Just(Provider::Third(id(INSURER))),
    ];
    let service = (amounts(), payers(), provider).prop_map(|(cost, payer, provider)| Service {
        name: text("service"),
        description: None,
        original_cost: None,
        final_cost: rub(cost),
        payer,
        provider,
    });
    vec(service, 0..=3)
}

/// A fee before it has a name: `carved` is carved out of the first fee that is none, `taxing` is a tax on it.
fn fees() -> impl Strategy<Value = Vec<Fee>> {
    let payee = prop_oneof![
        Just(FeePayee::Platform),
        Just(FeePayee::Processor),
        Just(FeePayee::Partner(id(PARTNER))),
    ];
    let base = prop_oneof![
        Just(FeeBase::Price),
        Just(FeeBase::Order),
        Just(FeeBase::Gross),
        Just(FeeBase::Items(vec![0])),
    ];
    let rounding = prop_oneof![
        Just(Rounding::Down),
        Just(Rounding::HalfUp),
        Just(Rounding::HalfEven),
        Just(Rounding::Up),
    ];
    let on_refund = prop_oneof![Just(OnRefund::Keep), Just(OnRefund::Return), Just(OnRefund::ProRata)];
    let sum = || weighted(0.25, 0..=200_i64);
    let fee = (
        payee,
        0..=200_000_u32,
        (base, rounding),
        payers(),
        on_refund,
        (weighted(0.25, 0..=50_000_u32), weighted(0.15, 0..=250_000_u32)),
        (sum(), sum(), sum()),
    );
    vec(fee, 0..=3).prop_map(|seeds| {
        let mut fees = Vec::<Fee>::new();
        for (n, (payee, ppm, (base, rounding), payer, on_refund, (carved, taxing), (fixed, min, max))) in
            seeds.into_iter().enumerate()
        {
            let name = text(&format!("fee-{n}"));
            let parent = fees.iter().find(|f| !f.is_carve_out()).map(|f| f.id.clone());
            if let (Some(ppm), Some(parent)) = (carved, &parent) {
                fees.push(Fee::carved(name, payee, rate(ppm), parent.clone()));
                continue;
            }
            if let (Some(ppm), Some(parent)) = (taxing, parent) {
                let mut tax = Fee::tax(name, payee, rate(ppm), parent);
                tax.rounding = rounding;
                fees.push(tax);
                continue;
            }
            // the gross is never shared, and the buyer pays one fee of it
            let buyers = |fee: &Fee| fee.base == FeeBase::Gross && fee.payer == Some(Payer::Buyer);
            let fits = match payer {
                Payer::Seller => true,
                Payer::Buyer => !fees.iter().any(buyers),
                Payer::Shared(_) => false,
            };
            let base = if fits || base != FeeBase::Gross { base } else { FeeBase::Order };
            let max = max.zip(min).map_or(max, |(max, min)| Some(max.max(min)));
            let mut fee = Fee::of_price(name, payee, rate(ppm), payer);
            (fee.base, fee.rounding) = (base, rounding);
            fee.fixed = fixed.map(rub);
            fee.min = min.map(rub);
            fee.max = max.map(rub);
            fee.on_refund = Some(on_refund);
            fees.push(fee);
        }
        fees
    })
}

fn guarantees() -> impl Strategy<Value = Guarantees> {
    let guarantee = || {
        weighted(0.3, (amounts(), any::<bool>()))
            .prop_map(|g| g.map(|(amount, foreign)| if foreign { usd(amount) } else { rub(amount) }))
    };
    (guarantee(), guarantee()).prop_map(|(buyer, seller)| Guarantees { buyer, seller })
}
