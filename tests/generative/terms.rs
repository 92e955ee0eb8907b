//! Random terms that keep every rule: subjects, services, fees, guarantees, and every preset with random changes.

use escrow::terms::{
    Acceptance, ArbitrationFee, BuyerCancel, Consent, Fee, FeeBase, FeePayee, Guarantees, Item, Liable,
    Moderation, OnRefund, OnSilence, OneReport, Payer, Policy, Provider, Service, Terms, TermsDraft,
};
use escrow::{Currency, DefaultRuling, Money, PartyId, Rate, Text};
use proptest::collection::vec;
use proptest::option::{of, weighted};
use proptest::prelude::*;

pub const BUYER: &str = "anna";
pub const SELLER: &str = "boris";
pub const JUDGE: &str = "judge";
pub const OTHER_JUDGE: &str = "judge-2";
pub const COURIER: &str = "courier";
pub const INSURER: &str = "insurer";
pub const PARTNER: &str = "partner";

const DAY: u32 = 86_400;

/// A text that is known to be in order.
pub fn text<const MAX: usize, const MIN: usize>(text: &str) -> Text<MAX, MIN> {
    Text::new(text).unwrap()
}

/// Minor units of the deal's currency.
pub const fn rub(minor: i64) -> Money {
    Money::from_minor(minor, Currency::RUB)
}

/// Minor units of the currency that a guarantee may be in.
pub const fn usd(minor: i64) -> Money {
    Money::from_minor(minor, Currency::USD)
}

fn id(name: &str) -> PartyId {
    text(name)
}

pub fn rate(ppm: u32) -> Rate {
    Rate::from_ppm(ppm).unwrap()
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
        if items.iter().all(|i| i.unit_price.is_zero()) {
            items[0].unit_price = rub(1);
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

/// A fee before it has a name: `carved` is carved out of the first fee that is none.
fn fees() -> impl Strategy<Value = Vec<Fee>> {
    let payee = prop_oneof![
        Just(FeePayee::Platform),
        Just(FeePayee::Processor),
        Just(FeePayee::Partner(id(PARTNER))),
    ];
    let base = prop_oneof![Just(FeeBase::Price), Just(FeeBase::Order), Just(FeeBase::Gross)];
    let on_refund = prop_oneof![Just(OnRefund::Keep), Just(OnRefund::Return), Just(OnRefund::ProRata)];
    let sum = || weighted(0.25, 0..=200_i64);
    let fee = (
        payee,
        0..=200_000_u32,
        base,
        payers(),
        on_refund,
        weighted(0.25, 0..=50_000_u32),
        (sum(), sum(), sum()),
    );
    vec(fee, 0..=3).prop_map(|seeds| {
        let mut fees = Vec::<Fee>::new();
        for (n, (payee, ppm, base, payer, on_refund, carved, (fixed, min, max))) in
            seeds.into_iter().enumerate()
        {
            let name = text(&format!("fee-{n}"));
            let parent = fees.iter().find(|f| !f.is_carve_out()).map(|f| f.id.clone());
            if let (Some(ppm), Some(parent)) = (carved, parent) {
                fees.push(Fee::carved(name, payee, rate(ppm), parent));
                continue;
            }
            let base = if payer == Payer::Seller || base != FeeBase::Gross { base } else { FeeBase::Order };
            let max = max.zip(min).map_or(max, |(max, min)| Some(max.max(min)));
            fees.push(Fee {
                base,
                fixed: fixed.map(rub),
                min: min.map(rub),
                max: max.map(rub),
                on_refund: Some(on_refund),
                ..Fee::of_price(name, payee, rate(ppm), payer)
            });
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

/// Every preset, and random changes of it.
fn policies() -> impl Strategy<Value = Policy> {
    let tweaks = vec((0..TWEAKS, any::<u8>()), 0..=8);
    let span = prop_oneof![Just(None), (1..=10_u32).prop_map(Some)];
    (0..4_u8, span, tweaks).prop_map(|(preset, span, tweaks)| {
        let mut policy = match preset {
            0 => Policy::shop(),
            1 => Policy::marketplace(),
            2 => Policy::guarantee(),
            _ => Policy::freelance(),
        };
        if let Some(seconds) = span {
            make_short(&mut policy, seconds);
        }
        for (field, value) in tweaks {
            tweak(&mut policy, field, value);
        }
        policy
    })
}

fn make_short(policy: &mut Policy, seconds: u32) {
    let Policy { proposal_s, deposit_s, moderation_s, start_s, performance_s, acceptance_s, .. } = policy;
    for duration in [proposal_s, deposit_s, moderation_s, start_s, performance_s, acceptance_s] {
        *duration = seconds;
    }
    policy.negotiation_s = seconds;
    policy.arbitration_s = seconds;
    policy.settlement_s = seconds;
    policy.hold_margin_s = seconds / 2;
    policy.revision_time_s = seconds / 3;
    policy.max_extension_s = seconds * 3;
}

pub const TWEAKS: u8 = 25;

/// Changes one field of a policy, and keeps it in order.
pub fn tweak(policy: &mut Policy, field: u8, value: u8) {
    let n = usize::from(value);
    let pick = |durations: [u32; 6]| durations[n % 6];
    let duration = || pick([1, 2, 60, DAY, 10 * DAY, Policy::MAX_DURATION_S]);
    let silence = || [OnSilence::Accept, OnSilence::Dispute, OnSilence::Cancel][n % 3];
    match field {
        0 => policy.moderation = [Moderation::Off, Moderation::OnDemand, Moderation::Required][n % 3],
        1 => policy.consent = [Consent::OnCreation, Consent::Explicit][n % 2],
        2 => policy.acceptance = [Acceptance::ByBuyer, Acceptance::Mutual][n % 2],
        3 => policy.on_performance_deadline = silence(),
        4 => policy.on_acceptance_deadline = silence(),
        5 => {
            policy.buyer_cancel =
                [BuyerCancel::BeforePerforming, BuyerCancel::BeforeAcceptance, BuyerCancel::UntilAccepted]
                    [n % 3];
        }
        6 => policy.partial_buyout_allowed = n % 2 == 0,
        7 => policy.one_report = [OneReport::Dispute, OneReport::Stands][n % 2],
        8 => {
            policy.default_ruling = match n % 4 {
                0 => DefaultRuling::BuyerAll,
                1 => DefaultRuling::SellerAll,
                2 => DefaultRuling::Share(Rate::HALF),
                _ => DefaultRuling::Share(rate(u32::from(value) * 3_900)),
            };
        }
        9 => {
            let payees = [
                FeePayee::Platform,
                FeePayee::Processor,
                FeePayee::Partner(id(PARTNER)),
                FeePayee::Partner(id(JUDGE)),
            ];
            policy.arbitration_fee = (n % 5 != 0).then(|| ArbitrationFee {
                payee: payees[n % 4].clone(),
                rate: rate(u32::from(value) * 1_000),
                guarantee_rate: rate(if n % 2 == 0 { 0 } else { u32::from(value) * 500 }),
                fixed: (n % 3 == 0).then(|| rub(i64::from(value))),
                min: (n % 7 == 0).then(|| rub(20)),
                max: (n % 4 == 0).then(|| rub(300)),
            });
        }
        10 => policy.chargeback_liable = [Liable::Seller, Liable::Buyer, Liable::Platform][n % 3],
        11 => policy.proposal_s = duration(),
        12 => policy.deposit_s = duration(),
        13 => policy.moderation_s = duration(),
        14 => policy.start_s = duration(),
        15 => policy.performance_s = duration(),
        16 => policy.acceptance_s = duration(),
        17 => policy.negotiation_s = duration(),
        18 => policy.arbitration_s = duration(),
        19 => policy.settlement_s = duration(),
        20 => policy.hold_margin_s = pick([0, 1, 30, DAY, 2 * DAY, 9 * DAY]),
        21 => policy.revision_time_s = pick([0, 1, 60, DAY, 20 * DAY, 40 * DAY]),
        22 => policy.max_revisions = 1 + u16::from(value % 4),
        23 => policy.max_extension_s = pick([0, 1, 60, DAY, 30 * DAY, Policy::MAX_DURATION_S]),
        _ => make_short(policy, 1 + u32::from(value % 5)),
    }
    if policy.acceptance == Acceptance::Mutual {
        policy.partial_buyout_allowed = false;
    }
}

/// Terms that keep every rule.
pub fn terms() -> impl Strategy<Value = Terms> {
    let arbiter = prop_oneof![4 => Just(None), 4 => Just(Some(JUDGE)), 1 => Just(Some(COURIER))];
    let offline = weighted(0.25, 0..=1_000_000_u32);
    (items(), services(), fees(), guarantees(), policies(), offline, arbiter, of(Just("conditions")))
        .prop_map(|(items, services, fees, guarantees, policy, offline, arbiter, conditions)| {
            let mut draft = TermsDraft::new(id(BUYER), id(SELLER), Currency::RUB, items, policy);
            draft.services = services;
            draft.fees = fees;
            draft.guarantees = guarantees;
            draft.arbiter = arbiter.map(id);
            draft.conditions = conditions.map(text);
            repaired(draft, offline)
        })
}

/// What the drawn parts contradict each other in is taken out: the offline part, then fees from the last.
fn repaired(mut draft: TermsDraft, offline: Option<u32>) -> Terms {
    while Terms::new(draft.clone()).is_err() && draft.fees.pop().is_some() {}
    // an arbiter whom the deal pays is refused
    if Terms::new(draft.clone()).is_err() {
        draft.arbiter = None;
    }
    let plain = Terms::new(draft.clone()).unwrap();
    let Some(ppm) = offline else { return plain };
    draft.pay_offline = Some(rub(rate(ppm).floor_of(plain.quote().proceeds.minor())));
    Terms::new(draft).unwrap_or(plain)
}
