//! Everything that a settlement depends on, at random.

use crate::support::bridge::{Case, charge_payee, library_ending, library_incurred, library_pots, side};
use crate::support::calculator as calc;
use crate::support::deals::{cases, extreme_deals, ppm, with_guarantees};
use crate::support::minor;
use escrow::Money;
use escrow::deposit::DepositId;
use escrow::settlement::{Charge, Course, Ending, Pots, SettleError, Settlement};
use escrow::terms::Terms;
use proptest::prelude::*;

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
        1 => Just(Sketch::Ready(calc::Ending::CalledOff)),
        4 => awarded,
        3 => amount_sketches(),
        1 => (1_000_001..1_500_000_i128, any::<bool>()).prop_map(|(part, ruled)| Sketch::Amount(part, ruled)),
    ]
}

impl Sketch {
    pub fn of(&self, case: &Case, pots: &calc::Pots, course: &calc::Course) -> calc::Ending {
        match self {
            Self::Ready(ending) => ending.clone(),
            Self::Partial(parts) => {
                let items = case.deal.items.iter().zip(parts.iter().cycle());
                calc::Ending::Partial(items.map(|((_, n), part)| n * part / 1_000_000).collect())
            }
            Self::Amount(part, ruled) => {
                let any = calc::Award::Amount(0);
                let max = calc::max_award(&case.deal, pots, course, any, *ruled);
                // over a million: over the most, also where that is nothing
                let award = calc::Award::Amount(max * part / 1_000_000 + i128::from(*part > 1_000_000));
                if *ruled { calc::Ending::Ruled(award) } else { calc::Ending::Agreed(award) }
            }
        }
    }
}

/// Usually nothing is given back; sometimes more than there is.
fn given_back_ppm() -> impl Strategy<Value = i128> {
    prop_oneof![3 => Just(0_i128), 2 => ppm(), 1 => 1_000_000..1_500_000_i128]
}

fn accepted_ppm() -> impl Strategy<Value = Option<i128>> {
    prop_oneof![3 => Just(None), 1 => ppm().prop_map(Some)]
}

fn charges() -> impl Strategy<Value = Vec<calc::Charge>> {
    let payee = prop_oneof![
        2 => Just(calc::Who::Seller),
        2 => Just(calc::Who::Buyer),
        1 => Just(calc::Who::Platform),
        1 => (0..3_u8).prop_map(calc::Who::Outside),
    ];
    let holds = prop_oneof![0..100_i128, 0..100_000_000_i128];
    let charge = (sides(), payee, holds, proptest::bool::weighted(0.8));
    let charge = charge.prop_map(|(payer, payee, holds, paid)| {
        // never to oneself
        let payee = match (payer, payee) {
            (calc::Side::Buyer, calc::Who::Buyer) => calc::Who::Seller,
            (calc::Side::Seller, calc::Who::Seller) => calc::Who::Buyer,
            (_, payee) => payee,
        };
        calc::Charge { payer, payee, holds, paid }
    });
    prop_oneof![3 => Just(Vec::new()), 1 => proptest::collection::vec(charge, 1..3)]
}

/// Everything that a settlement depends on.
#[derive(Clone, Debug)]
pub struct Scene {
    pub case: Case,
    pub pots: calc::Pots,
    pub incurred: Vec<bool>,
    pub given_back: i128,
    pub accepted: Option<Vec<i128>>,
    pub charges: Vec<calc::Charge>,
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

pub fn scenes_of(
    cases: impl Strategy<Value = Case>,
    filled: impl Strategy<Value = Filled>,
    sketches: impl Strategy<Value = Sketch>,
) -> impl Strategy<Value = Scene> {
    let course = (any::<[bool; 4]>(), given_back_ppm(), accepted_ppm(), charges()).boxed();
    (cases, filled, course, sketches).prop_map(|(case, filled, course, sketch)| {
        let (incurred, given_back_ppm, accepted_ppm, charges) = course;
        let incurred = incurred[..case.deal.services.len()].to_vec();
        let pots = case.pots(&filled);
        let proceeds = calc::quote(&case.deal).expect("a valid deal").proceeds;
        let given_back = proceeds * given_back_ppm / 1_000_000;
        let items = case.deal.items.iter();
        let accepted = accepted_ppm.map(|ppm| items.map(|(_, n)| (n * ppm / 1_000_000).max(1)).collect());
        let ending = calc::Ending::Success;
        let mut scene = Scene { case, pots, incurred, given_back, accepted, charges, ending };
        scene.ending = sketch.of(&scene.case, &scene.pots, &scene.course());
        scene
    })
}

impl Scene {
    /// The library's answer.
    pub fn settle(&self) -> Result<Settlement, SettleError> {
        self.settle_as(&library_ending(&self.ending))
    }

    /// The library's answer, with another ending.
    pub fn settle_as(&self, ending: &Ending) -> Result<Settlement, SettleError> {
        self.with_course(|terms, pots, course| escrow::settle(terms, pots, course, ending))
    }

    /// The library's M.
    pub fn max_award(&self, ruled: bool) -> Money {
        self.with_course(|terms, pots, course| escrow::settlement::max_award(terms, pots, course, ruled))
            .expect("only impossible sums have no M")
    }

    fn with_course<T>(&self, ask: impl FnOnce(&Terms, &Pots, Course<'_>) -> T) -> T {
        let payees: Vec<_> = self.charges.iter().map(|charge| charge_payee(charge.payee)).collect();
        let charges = self.charges.iter().zip(&payees).zip(1..);
        let charges: Vec<_> = charges
            .map(|((charge, payee), number)| Charge {
                deposit: DepositId::charge(number).unwrap(),
                payer: side(charge.payer),
                payee,
                held: minor(charge.holds),
                paid: charge.paid,
            })
            .collect();
        let accepted = self.accepted.iter().flatten().map(|n| u32::try_from(*n).unwrap());
        let accepted: Vec<_> = accepted.collect();
        let course = Course::from(library_incurred(&self.incurred));
        let course = course.given_back(minor(self.given_back)).charges(&charges);
        let course = if self.accepted.is_some() { course.accepted(&accepted) } else { course };
        ask(&self.case.terms(), &library_pots(&self.pots), course)
    }

    pub fn course(&self) -> calc::Course {
        calc::Course {
            incurred: self.incurred.clone(),
            given_back: self.given_back,
            accepted: self.accepted.clone(),
            charges: self.charges.clone(),
        }
    }

    /// The calculator's quote of the whole deal.
    pub fn quote(&self) -> calc::Quote {
        calc::quote(&self.case.deal).expect("a valid deal")
    }

    /// The calculator's answer.
    pub fn calculate(&self) -> Result<calc::Outcome, calc::Refused> {
        calc::settle(&self.case.deal, &self.pots, &self.course(), &self.ending)
    }
}
