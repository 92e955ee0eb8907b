//! The shape that the deal and the aggregates beside it share: decide, then fold.

mod context;
mod decode;
mod recorded;
mod rules;
mod transition;

pub use self::context::Context;
pub use self::decode::DecodeError;
pub use self::recorded::Recorded;
pub use self::rules::{Out, Rules, count, decide};
pub use self::transition::{Events, IntoEvents, Transition};
use crate::Time;

/// Something with a life of its own that is told by events: a [`Deal`](crate::Deal), an offer, a balance, or one of the
/// host's own.
///
/// What holds of every one of them:
/// - [`decide`](Machine::decide) is pure and total; [`apply`](Machine::apply) is the only place where it changes, live
///   and on replay, and replaying its journal gives the live state.
/// - The same command again is answered with no events; a rejection changes nothing.
/// - Waking it at every deadline, late, or never gives the same result: timers that are due fire first, each at its
///   own instant, before a command is judged.
/// - Time never runs backwards inside it.
pub trait Machine: Clone {
    /// What can be asked of it.
    type Command;
    /// What can happen to it.
    type Event;
    /// Why a command is refused.
    type Rejection;

    /// How many events it has seen: what a sink locks on.
    fn version(&self) -> u64;

    /// When it saw its last event.
    fn last_at(&self) -> Time;

    /// When it is to be woken next. Waking late, or never, changes no result, only its promptness.
    fn next_deadline(&self) -> Option<Time>;

    /// Judges a command: what happens, or why it does not. No events: it already stands.
    ///
    /// # Errors
    /// Its rejection; nothing has changed.
    fn decide(&self, command: &Self::Command, context: &Context)
    -> Result<Transition<Self>, Self::Rejection>;

    /// Takes in what happened: computes nothing and checks nothing.
    fn apply(&mut self, recorded: &Recorded<Self::Event>);

    /// Decides, and becomes the machine after it: the transition that is returned has no
    /// [`after`](Transition::after) any more.
    ///
    /// # Errors
    /// The rejection of [`decide`](Machine::decide); the machine is as it was.
    fn handle(
        &mut self,
        command: &Self::Command,
        context: &Context,
    ) -> Result<Transition<Self>, Self::Rejection> {
        let (events, after) = self.decide(command, context)?.into_parts();
        if let Some(after) = after {
            *self = after;
        }
        Ok(Transition::new(events, None))
    }
}
