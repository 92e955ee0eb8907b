//! Shared by the integration tests of the arithmetic: the independent calculator, random deals, and the bridge from
//! the calculator's plain structs to the library's types.
#![allow(dead_code, missing_docs, unreachable_pub)]
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::panic)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::wildcard_enum_match_arm)]

pub mod calculator;

use escrow::deposit::DepositId;
use escrow::settlement::{Ending, Fault, Incurred, Pots, Purpose, SettleError, Settlement};
use escrow::terms::{ArbitrationFee, Fee, FeeBase, FeePayee, Guarantees, Item, OnRefund};
use escrow::terms::{Payer, Policy, Provider, Service, Terms, TermsDraft};
use escrow::{Award, Currency, Money, Payee, Rate, Side};
use proptest::prelude::*;

use calculator as calc;

/// Two currencies: the deal's, and one in which a guarantee may be.
pub const DEAL: Currency = Currency::RUB;
pub const FOREIGN: Currency = Currency::USD;

/// Minor units of the deal's currency.
pub fn rub(minor: i64) -> Money {
    Money::from_minor(minor, DEAL)
}

pub fn minor(amount: i128) -> i64 {
    i64::try_from(amount).expect("an amount of a test fits")
}

pub fn money(amount: i128) -> Money {
    rub(minor(amount))
}

pub fn rate(ppm: i128) -> Rate {
    Rate::from_ppm(u32::try_from(ppm).unwrap()).unwrap()
}

/// A whole number of percent.
pub fn percent(percent: u32) -> Rate {
    Rate::from_ppm(percent * 10_000).unwrap()
}

// --- from the calculator to the library ---

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

fn guarantee((amount, same_currency): (i128, bool)) -> Money {
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
        calc::Ending::Agreed(award) => Ending::agreed(library_award(*award)),
        calc::Ending::Ruled(award) => Ending::ruled(library_award(*award)),
    }
}

fn library_award(award: calc::Award) -> Award {
    match award {
        calc::Award::Amount(amount) => Award::Amount(money(amount)),
        calc::Award::Share(ppm) => Award::Share(rate(ppm)),
        calc::Award::AllTo(calc::Side::Buyer) => Award::BuyerAll,
        calc::Award::AllTo(calc::Side::Seller) => Award::SellerAll,
        calc::Award::Winner(calc::Side::Buyer) => Award::Winner(Side::Buyer),
        calc::Award::Winner(calc::Side::Seller) => Award::Winner(Side::Seller),
    }
}

fn outside(number: u8) -> escrow::PartyId {
    format!("outside-{number}").parse().unwrap()
}

fn fee_payee(who: calc::Who) -> FeePayee {
    match who {
        calc::Who::Platform => FeePayee::Platform,
        calc::Who::Processor => FeePayee::Processor,
        calc::Who::Outside(number) => FeePayee::Partner(outside(number)),
        calc::Who::Buyer | calc::Who::Seller => panic!("a party takes no fee"),
    }
}

fn payer(payer: calc::Payer) -> Payer {
    match payer {
        calc::Payer::Buyer => Payer::Buyer,
        calc::Payer::Seller => Payer::Seller,
        calc::Payer::Shared(ppm) => Payer::Shared(rate(ppm)),
    }
}

fn service(service: &calc::Service) -> Service {
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

fn fee_id(index: usize) -> escrow::terms::FeeId {
    format!("fee-{index}").parse().unwrap()
}

fn fee(deal: &calc::Deal, index: usize) -> Fee {
    let fee = &deal.fees[index];
    let own = fee.out_of.is_none();
    let mut made = Fee::of_price(fee_id(index), fee_payee(fee.payee), rate(fee.rate_ppm), payer(fee.payer));
    made.base = match fee.base {
        calc::Base::Price => FeeBase::Price,
        calc::Base::Order => FeeBase::Order,
        calc::Base::Gross => FeeBase::Gross,
    };
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

// --- from the library to the calculator ---

fn who(payee: &Payee) -> calc::Who {
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

fn purpose(purpose: Purpose) -> calc::For {
    match purpose {
        Purpose::Payout => calc::For::Payout,
        Purpose::Service => calc::For::Service,
        Purpose::Fee => calc::For::Fee,
        Purpose::ArbitrationFee => calc::For::Arbitration,
        Purpose::Refund => calc::For::Refund,
        Purpose::Guarantee => calc::For::Guarantee,
        Purpose::Award => calc::For::Award,
        Purpose::Excess | Purpose::Returned | Purpose::Charge | Purpose::Chargeback => {
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
        _ => panic!("no settlement touches {deposit}"),
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
        SettleError::SellerUncovered => calc::Refused::BelowSellerDue,
        SettleError::CarveOutOverParent => calc::Refused::CarveOutsOverParent,
        other => panic!("the calculator knows no such refusal: {other}"),
    }
}

// --- random deals ---

/// That many cases, and no file of failures: what one finds becomes an example worked by hand.
pub fn cases_of(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

fn payers() -> impl Strategy<Value = calc::Payer> {
    prop_oneof![
        Just(calc::Payer::Buyer),
        Just(calc::Payer::Seller),
        Just(calc::Payer::Shared(500_000)),
        ppm().prop_map(calc::Payer::Shared),
    ]
}

/// A part from nothing to the whole, both of them often.
pub fn ppm() -> impl Strategy<Value = i128> {
    prop_oneof![1 => Just(0_i128), 1 => Just(1_000_000), 6 => 1..1_000_000_i128]
}

/// The usual rates of fees, and any.
fn fee_ppm() -> impl Strategy<Value = i128> {
    prop_oneof![2 => Just(0_i128), 4 => 1..300_000_i128, 1 => ppm()]
}

fn providers() -> impl Strategy<Value = calc::Who> {
    prop_oneof![
        2 => Just(calc::Who::Seller),
        1 => Just(calc::Who::Platform),
        2 => (0..3_u8).prop_map(calc::Who::Outside),
    ]
}

fn fee_payees() -> impl Strategy<Value = calc::Who> {
    prop_oneof![Just(calc::Who::Platform), Just(calc::Who::Processor), (0..3_u8).prop_map(calc::Who::Outside),]
}

fn services(largest: i128) -> impl Strategy<Value = Vec<calc::Service>> {
    let service = (0..=largest, payers(), providers());
    let service = service.prop_map(|(cost, payer, provider)| calc::Service { cost, payer, provider });
    proptest::collection::vec(service, 0..=4)
}

/// An own fee, or one carved out of the fee at the index (taken modulo what there is).
fn fees(largest: i128) -> impl Strategy<Value = Vec<calc::Fee>> {
    let amount = move || prop_oneof![Just(0), 0..=largest / 4];
    let bound = move || proptest::option::weighted(0.3, 0..=largest / 2);
    let base = prop_oneof![Just(calc::Base::Price), Just(calc::Base::Order), Just(calc::Base::Gross)];
    let on_refund =
        prop_oneof![Just(calc::OnRefund::Keep), Just(calc::OnRefund::Return), Just(calc::OnRefund::ProRata)];
    let out_of = proptest::option::weighted(0.4, 0..5_usize);
    let fee = (fee_payees(), fee_ppm(), amount(), bound(), bound(), base, payers(), on_refund, out_of)
        .prop_map(|(payee, rate_ppm, fixed, min, max, base, payer, on_refund, out_of)| calc::Fee {
            payee,
            rate_ppm,
            fixed,
            min,
            max,
            base,
            payer,
            on_refund,
            out_of,
        });
    proptest::collection::vec(fee, 0..=5)
}

fn arbitration(largest: i128) -> impl Strategy<Value = Option<calc::Arbitration>> {
    let bound = move || proptest::option::weighted(0.3, 0..=largest);
    let part = prop_oneof![Just(0), fee_ppm()];
    let fee = (fee_payees(), fee_ppm(), part, 0..=largest / 4, bound(), bound());
    let fee = fee.prop_map(|(payee, rate_ppm, guarantee_ppm, fixed, min, max)| {
        let (min, max) = in_order(min, max);
        calc::Arbitration { payee, rate_ppm, guarantee_ppm, fixed, min, max }
    });
    proptest::option::weighted(0.8, fee)
}

fn in_order(min: Option<i128>, max: Option<i128>) -> (Option<i128>, Option<i128>) {
    match (min, max) {
        (Some(a), Some(b)) => (Some(a.min(b)), Some(a.max(b))),
        bounds => bounds,
    }
}

/// A handful of kopecks shows every rounding; large amounts show every overflow.
fn scales() -> impl Strategy<Value = i128> {
    prop_oneof![3 => Just(30_i128), 3 => Just(5_000_000), 1 => Just(100_000_000_000_000)]
}

/// Deals as anybody might write them down: most break some rule. The last number says how much is paid offline, in
/// parts per million of the limit.
pub fn rough_deals(offline_ppm: std::ops::RangeInclusive<i128>) -> impl Strategy<Value = calc::Deal> {
    scales().prop_flat_map(move |largest| rough_deals_up_to(largest, offline_ppm.clone()))
}

fn rough_deals_up_to(
    largest: i128,
    offline_ppm: std::ops::RangeInclusive<i128>,
) -> impl Strategy<Value = calc::Deal> {
    let items = proptest::collection::vec((0..=largest, 1..=5_i128), 0..=4);
    let offline_ppm = prop_oneof![2 => Just(0_i128), 3 => offline_ppm];
    let parts = (items, services(largest / 2), fees(largest), arbitration(largest), offline_ppm);
    parts.prop_map(|(items, services, fees, arbitration, offline_ppm)| {
        let mut deal = calc::Deal { items, services, fees, pay_offline: 0, arbitration };
        deal.pay_offline = calc::part_of(calc::offline_limit(&deal), offline_ppm);
        deal
    })
}

/// Deals that break no rule: rough ones, repaired.
pub fn deals() -> impl Strategy<Value = calc::Deal> {
    rough_deals(0..=1_000_000).prop_map(repaired)
}

/// Deals whose sums are close to the limit of amounts.
pub fn extreme_deals() -> impl Strategy<Value = calc::Deal> {
    let largest = i128::from(Terms::MAX_AMOUNT);
    rough_deals_up_to(largest, 0..=1_000_000).prop_map(repaired)
}

fn repaired(mut deal: calc::Deal) -> calc::Deal {
    let largest = i128::from(Terms::MAX_AMOUNT);
    if calc::price_of(&deal.items) == 0 {
        deal.items.push((1, 1));
    }
    while calc::price_of(&deal.items) > largest {
        deal.items.iter_mut().for_each(|(unit, _)| *unit -= *unit / 5);
    }
    deal.pay_offline = deal.pay_offline.min(calc::offline_limit(&deal));
    repair_fees(&mut deal);
    while !calc::acceptable(&deal, largest) {
        // too much in all, or carve-outs over their parent: one less, with whatever is carved out of it
        let too_much = calc::buyer_total(&deal) > largest && deal.services.pop().is_some();
        if !too_much && deal.fees.pop().is_none() {
            deal.services.pop().expect("the price alone is within the limit");
        }
        deal.pay_offline = deal.pay_offline.min(calc::offline_limit(&deal));
    }
    deal
}

fn repair_fees(deal: &mut calc::Deal) {
    for index in 0..deal.fees.len() {
        let own = (0..index).filter(|i| deal.fees[*i].out_of.is_none()).collect::<Vec<_>>();
        let fee = &deal.fees[index];
        let parent = fee.out_of.and_then(|n| own.get(n % own.len().max(1))).copied();
        let payer = parent.map_or(fee.payer, |parent| deal.fees[parent].payer);
        let fee = &mut deal.fees[index];
        fee.out_of = parent;
        (fee.min, fee.max) = in_order(fee.min, fee.max);
        if let (Some(_), true) = (parent, fee.rate_ppm > 200_000) {
            fee.rate_ppm /= 5;
        }
        let by_seller = matches!(payer, calc::Payer::Seller | calc::Payer::Shared(0));
        if fee.base == calc::Base::Gross && !by_seller {
            match parent {
                // its own payer can be changed; a carve-out's is its parent's
                None => fee.payer = calc::Payer::Seller,
                Some(_) => fee.base = calc::Base::Order,
            }
        }
    }
}

pub fn cases() -> impl Strategy<Value = Case> {
    with_guarantees(deals())
}

fn with_guarantees(deals: impl Strategy<Value = calc::Deal>) -> impl Strategy<Value = Case> {
    let guarantee = || (prop_oneof![Just(0_i128), 0..50_i128, 0..10_000_000_i128], any::<bool>());
    (deals, guarantee(), guarantee()).prop_map(|(deal, buyer_guarantee, seller_guarantee)| Case {
        deal,
        buyer_guarantee,
        seller_guarantee,
    })
}

/// How full the pots are.
#[derive(Clone, Debug)]
pub struct Filled {
    pub b_ppm: i128,
    pub l_ppm: i128,
    pub l_extra: i128,
    pub guarantees_ppm: (i128, i128),
    pub fully_funded: bool,
}

impl Filled {
    pub const FULL: Self = Self {
        b_ppm: 1_000_000,
        l_ppm: 1_000_000,
        l_extra: 0,
        guarantees_ppm: (1_000_000, 1_000_000),
        fully_funded: true,
    };
}

/// Pots in order, short ones (a chargeback took something), over-full ones, and those of a deal not funded yet.
pub fn filled() -> impl Strategy<Value = Filled> {
    let part = || prop_oneof![3 => Just(1_000_000_i128), 3 => ppm(), 1 => 1_000_000..2_000_000_i128];
    let any_pots = (part(), part(), prop_oneof![3 => Just(0_i128), 1 => 0..1_000_i128], (ppm(), ppm()));
    let any_pots = (any_pots, proptest::bool::weighted(0.9)).prop_map(
        |((b_ppm, l_ppm, l_extra, guarantees_ppm), fully_funded)| Filled {
            b_ppm,
            l_ppm,
            l_extra,
            guarantees_ppm,
            fully_funded,
        },
    );
    prop_oneof![2 => Just(Filled::FULL), 3 => any_pots]
}

/// An ending, before it is fitted to a deal.
#[derive(Clone, Debug)]
pub enum Sketch {
    Ready(calc::Ending),
    /// How much of each item is accepted, in parts per million.
    Partial([i128; 5]),
    /// Which part of the most that there is to award, in parts per million; over a million is refused.
    Amount(i128, bool),
}

pub fn sides() -> impl Strategy<Value = calc::Side> {
    prop_oneof![Just(calc::Side::Buyer), Just(calc::Side::Seller)]
}

/// A partial buyout, of any part from nothing to everything.
pub fn partial_sketches() -> impl Strategy<Value = Sketch> {
    let part = prop_oneof![2 => Just(0_i128), 2 => Just(1_000_000), 2 => 0..1_000_000_i128];
    proptest::array::uniform5(part).prop_map(Sketch::Partial)
}

/// An award of a sum that fits, agreed or ruled.
pub fn amount_sketches() -> impl Strategy<Value = Sketch> {
    (ppm(), any::<bool>()).prop_map(|(part, ruled)| Sketch::Amount(part, ruled))
}

pub fn sketches() -> impl Strategy<Value = Sketch> {
    let awards = prop_oneof![
        ppm().prop_map(calc::Award::Share),
        sides().prop_map(calc::Award::AllTo),
        sides().prop_map(calc::Award::Winner),
    ];
    let awarded = (awards, any::<bool>()).prop_map(|(award, ruled)| {
        Sketch::Ready(if ruled { calc::Ending::Ruled(award) } else { calc::Ending::Agreed(award) })
    });
    prop_oneof![
        2 => Just(Sketch::Ready(calc::Ending::Success)),
        3 => partial_sketches(),
        2 => Just(Sketch::Ready(calc::Ending::BuyerAtFault)),
        2 => Just(Sketch::Ready(calc::Ending::SellerAtFault)),
        1 => Just(Sketch::Ready(calc::Ending::NobodyAtFault)),
        4 => awarded,
        3 => amount_sketches(),
        1 => (1_000_001..1_500_000_i128, any::<bool>()).prop_map(|(part, ruled)| Sketch::Amount(part, ruled)),
    ]
}

impl Sketch {
    pub fn of(&self, case: &Case, pots: &calc::Pots, incurred: &[bool]) -> calc::Ending {
        match self {
            Self::Ready(ending) => ending.clone(),
            Self::Partial(parts) => {
                let items = case.deal.items.iter().zip(parts.iter().cycle());
                calc::Ending::Partial(items.map(|((_, n), part)| n * part / 1_000_000).collect())
            }
            Self::Amount(part, ruled) => {
                let any = calc::Award::Amount(0);
                let max = calc::max_award(&case.deal, pots, incurred, any, *ruled).expect("a valid deal");
                // over a million: over the most, also where that is nothing
                let award = calc::Award::Amount(max * part / 1_000_000 + i128::from(*part > 1_000_000));
                if *ruled { calc::Ending::Ruled(award) } else { calc::Ending::Agreed(award) }
            }
        }
    }
}

/// Everything that a settlement depends on.
#[derive(Clone, Debug)]
pub struct Scene {
    pub case: Case,
    pub pots: calc::Pots,
    pub incurred: Vec<bool>,
    pub ending: calc::Ending,
}

pub fn scenes() -> impl Strategy<Value = Scene> {
    scenes_of(cases(), filled(), sketches())
}

/// Any pots of a deal whose sums are close to the limit; the pots may be far beyond it.
pub fn extreme_scenes() -> impl Strategy<Value = Scene> {
    let pot = || {
        let most = i128::from(i64::MAX);
        prop_oneof![2 => Just(None), 1 => Just(Some(most)), 2 => (0..=most).prop_map(Some)]
    };
    let scenes = scenes_of(with_guarantees(extreme_deals()), filled(), sketches());
    (scenes, pot(), pot(), pot(), pot()).prop_map(|(mut scene, b, l, buyers, sellers)| {
        let pots = &mut scene.pots;
        pots.b = b.unwrap_or(pots.b);
        pots.l = l.unwrap_or(pots.l);
        pots.buyer_guarantee = buyers.unwrap_or(pots.buyer_guarantee);
        pots.seller_guarantee = sellers.unwrap_or(pots.seller_guarantee);
        scene
    })
}

/// Scenes that end as one of these.
pub fn scenes_ending(endings: impl Strategy<Value = calc::Ending>) -> impl Strategy<Value = Scene> {
    scenes_of(cases(), filled(), endings.prop_map(Sketch::Ready))
}

/// Scenes that end as one of these, with every pot holding exactly what it should.
pub fn full_scenes_ending(endings: impl Strategy<Value = Sketch>) -> impl Strategy<Value = Scene> {
    scenes_of(cases(), Just(Filled::FULL), endings)
}

fn scenes_of(
    cases: impl Strategy<Value = Case>,
    filled: impl Strategy<Value = Filled>,
    sketches: impl Strategy<Value = Sketch>,
) -> impl Strategy<Value = Scene> {
    (cases, filled, any::<[bool; 4]>(), sketches).prop_map(|(case, filled, incurred, sketch)| {
        let incurred = incurred[..case.deal.services.len()].to_vec();
        let pots = case.pots(&filled);
        let ending = sketch.of(&case, &pots, &incurred);
        Scene { case, pots, incurred, ending }
    })
}

impl Scene {
    /// The library's answer.
    pub fn settle(&self) -> Result<Settlement, SettleError> {
        let (pots, incurred) = (library_pots(&self.pots), library_incurred(&self.incurred));
        escrow::settle(&self.case.terms(), &pots, incurred, &library_ending(&self.ending))
    }

    /// The calculator's quote of the whole deal.
    pub fn quote(&self) -> calc::Quote {
        calc::quote(&self.case.deal).expect("a valid deal")
    }

    /// The calculator's answer.
    pub fn calculate(&self) -> Result<calc::Outcome, calc::Refused> {
        calc::settle(&self.case.deal, &self.pots, &self.incurred, &self.ending)
    }
}
