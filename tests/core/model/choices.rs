//! What a step may be, as small plain numbers: one of the random histories', which becomes a command where the deal
//! stands, or something that the world does.

use crate::common::text;
use escrow::{Actor, DealId, Terms, Time};
use escrow_testing::strategies::{self, calm_steps};
use proptest::prelude::*;

/// What a step is about.
#[derive(Clone, Copy, Debug)]
pub enum Act {
    /// Somebody tries something.
    Give,
    /// The gateway carries out an order, or declines it; the answer is on its way.
    Work { which: u8, declines: bool },
    /// One of the answers on their way arrives, not always the oldest; once in a while it is sent again.
    Deliver { which: u8, again: bool },
    /// One of the answers is lost.
    Lose(u8),
    /// The host asks again about every order that has no answer, under the same keys.
    Ask,
}

#[derive(Clone, Copy, Debug)]
pub struct Step {
    pub act: Act,
    /// When it is, and what is tried if somebody tries something.
    pub drawn: strategies::Step,
}

/// Terms, and who proposes them: the buyer, the seller or the operator.
#[derive(Clone, Debug)]
pub struct Setting {
    pub terms: Terms,
    pub proposer: u8,
    pub start: Time,
    /// How many steps were drawn.
    pub steps: u32,
}

impl Setting {
    pub fn proposed_by(&self) -> Actor {
        match self.proposer {
            0 => Actor::Party(self.terms.buyer.clone()),
            1 => Actor::Party(self.terms.seller.clone()),
            _ => Actor::Operator(text("staff")),
        }
    }
}

pub fn deal_id() -> DealId {
    DealId::new(uuid::Uuid::from_u128(0x4000_8000_0000_0000_0001))
}

pub fn settings() -> BoxedStrategy<Setting> {
    let start = Time::parse("2026-01-01T00:00:00Z").unwrap();
    // the model knows no tolerance: that is `settlement/shortfall` and `rules/tolerance`
    let exact = |terms: Terms| {
        let mut draft = terms.to_draft();
        draft.policy.shortfall = escrow::Rate::ZERO;
        Terms::new(draft).expect("these are terms without tolerance, too")
    };
    let setting = move |(terms, proposer)| Setting { terms: exact(terms), proposer, start, steps: 0 };
    (strategies::terms(), 0..3_u8).prop_map(setting).boxed()
}

fn acts() -> impl Strategy<Value = Act> {
    let of_four = || (0..4_u8).prop_map(|n| n == 3);
    prop_oneof![
        47 => Just(Act::Give),
        6 => (any::<u8>(), of_four()).prop_map(|(which, declines)| Act::Work { which, declines }),
        8 => (any::<u8>(), of_four()).prop_map(|(which, again)| Act::Deliver { which, again }),
        1 => any::<u8>().prop_map(Act::Lose),
        2 => Just(Act::Ask),
    ]
}

/// The first steps mostly lead to a funded deal; then anything.
pub fn steps(setting: &Setting) -> BoxedStrategy<Step> {
    let any = (acts(), strategies::steps()).prop_map(|(act, drawn)| Step { act, drawn });
    if setting.steps >= 8 {
        return any.boxed();
    }
    let calm = calm_steps().prop_map(|drawn| Step { act: Act::Give, drawn });
    prop_oneof![7 => calm, 1 => any].boxed()
}
