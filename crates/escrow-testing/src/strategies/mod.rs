//! Random terms, policies, commands and whole histories, for properties of your own under
//! [proptest](https://docs.rs/proptest). Feature `proptest`.
//!
//! [`histories`] are what the crate's own laws are proven over: deals of every preset with random changes, funded or
//! not, disputed, amended, charged back, by everybody who may act and everybody who may not, with a clock that leaps
//! and steps back. A failing one shrinks, and is printed as a story.
//!
//! The distributions are no part of the stable interface: a seed that fails today may be another history in the next
//! version. Write what it found down as a test of its own.
//!
//! # Examples
//! A host keeps a table of what every deal owes. The table is built from events alone, and must always say what the deal
//! says:
//! ```
//! use escrow::{Event, Recorded};
//! use escrow_testing::strategies::histories;
//! use proptest::prelude::*;
//!
//! /// The orders that the gateway has not answered.
//! #[derive(Default)]
//! struct Open(std::collections::BTreeSet<escrow::TxId>);
//!
//! impl Open {
//!     fn project(&mut self, recorded: &Recorded) {
//!         if let Some(order) = recorded.event.order() {
//!             self.0.insert(order.tx);
//!         }
//!         // a stated payment is answered by the payment itself
//!         if let Event::TransactionSucceeded { tx, .. }
//!         | Event::TransactionFailed { tx, .. }
//!         | Event::PaymentReceived { tx, .. } = &recorded.event
//!         {
//!             self.0.remove(tx);
//!         }
//!     }
//! }
//!
//! # fn main() {
//! proptest!(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) }, |(history in histories())| {
//!     let mut open = Open::default();
//!     history.begin().journal.iter().for_each(|recorded| open.project(recorded));
//!     history.play(|step| {
//!         step.events().iter().for_each(|recorded| open.project(recorded));
//!         // what was answered and is doubted is asked for again, and is in no table of what never was
//!         let pending = step.after.pending().filter(|order| order.transaction.is_some_and(|t| t.is_pending()));
//!         let pending: Vec<_> = pending.map(|order| order.number()).collect();
//!         prop_assert_eq!(open.0.iter().copied().collect::<Vec<_>>(), pending);
//!         Ok(())
//!     })?;
//! });
//! # }
//! ```

mod cast;
mod commands;
mod history;
mod play;
mod policies;
mod salt;
mod tell;
mod terms;

use proptest::strategy::Strategy;

use escrow::{Command, Context, Deal, Time};

pub use cast::everybody;
pub use history::{History, Step, calm_steps, histories, histories_of, steps};
pub use play::{Moment, Play};
pub use policies::policies;
pub use terms::terms;

/// Commands that mostly fit a deal at a moment: what brings it on, what somebody may do now, what the gateway, the
/// payer's bank and the clock say. Their content may still be odd: a sum too high, an answer too late.
pub fn commands(deal: &Deal, now: Time) -> impl Strategy<Value = (Command, Context)> + use<> {
    drawn(deal, now, history::fitting())
}

/// Any command by [anybody](everybody), at a moment: most of them are to be refused.
pub fn hostile_commands(deal: &Deal, now: Time) -> impl Strategy<Value = (Command, Context)> + use<> {
    drawn(deal, now, history::hostile())
}

fn drawn<S: Strategy<Value = history::Act>>(
    deal: &Deal,
    now: Time,
    acts: S,
) -> impl Strategy<Value = (Command, Context)> + use<S> {
    let deal = deal.clone();
    (acts, history::salts()).prop_map(move |(act, salt)| play::choose(&deal, now, &[], act, salt))
}
