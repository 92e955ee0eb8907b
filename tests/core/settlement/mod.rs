//! Settlement: the library against the naive calculator on random deals, pots and endings; one property per rule;
//! every row of the table worked by hand; the arithmetic classes of `BUGS.md`.

mod arithmetic;
mod awards_by_hand;
mod by_hand;
mod cases;
mod examples;
mod properties;
mod rows;
mod shortfall;
mod told;

use crate::support::calculator::{For, Pot, Refused, Who};
use crate::support::{Scene, calculator as calc, outcome, refused};
use escrow::Award;
use escrow::settlement::Ending;

/// Both answers, in the calculator's words.
pub type Both = (Result<calc::Outcome, Refused>, Result<calc::Outcome, Refused>);

pub fn both(scene: &Scene) -> Both {
    (scene.settle().map(|s| outcome(&s)).map_err(refused), scene.calculate())
}

/// What the library gives out; the scene is not one that it refuses.
pub fn given(scene: &Scene) -> calc::Outcome {
    outcome(&scene.settle().expect("settled"))
}

/// Out of one pot, to one payee, for one purpose; nothing where there is no such share.
pub fn share(outcome: &calc::Outcome, pot: Pot, who: Who, what: For) -> i128 {
    outcome.shares.get(&(pot, who, what)).copied().unwrap_or(0)
}

/// All that is for one purpose, from every pot.
pub fn all_for(outcome: &calc::Outcome, what: For) -> i128 {
    outcome.shares.iter().filter(|((_, _, w), _)| *w == what).map(|(_, amount)| amount).sum()
}

pub fn owed_by(outcome: &calc::Outcome, debtor: Who) -> i128 {
    outcome.receivables.iter().filter(|((d, _, _), _)| *d == debtor).map(|(_, amount)| amount).sum()
}

pub fn arbiter(scene: &Scene) -> Who {
    scene.case.deal.arbitration.as_ref().map_or(Who::Platform, |fee| fee.payee)
}

pub fn ending(award: Award, ruled: bool) -> Ending {
    if ruled { Ending::ruled(award) } else { Ending::agreed(award) }
}
