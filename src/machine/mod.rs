//! The shape that the deal and the machines beside it share: decide, then fold; and the skeleton for a host's own.
//!
//! # Examples
//! A voucher that is redeemed once, and expires by itself:
//! ```
//! use std::convert::Infallible;
//!
//! use escrow::machine::{self, Context, Machine, Out, Progress, Recorded, Refusal, Rules, Transition};
//! use escrow::{Actor, PartyId, Time};
//!
//! #[derive(Clone)]
//! struct Voucher {
//!     owner: PartyId,
//!     until: Time,
//!     over: bool,
//!     progress: Progress,
//! }
//!
//! #[derive(Clone, Copy)]
//! enum Command {
//!     Redeem,
//!     Wake,
//! }
//!
//! #[derive(PartialEq, Debug)]
//! enum Event {
//!     Redeemed,
//!     Expired,
//! }
//!
//! #[derive(PartialEq, Debug)]
//! enum Rejection {
//!     NotAdmitted,
//!     Expired,
//! }
//!
//! #[derive(Clone, Copy, PartialEq)]
//! enum Role {
//!     Owner,
//!     Clock,
//! }
//!
//! impl Machine for Voucher {
//!     type Command = Command;
//!     type Event = Event;
//!     type Rejection = Rejection;
//!
//!     fn version(&self) -> u64 {
//!         self.progress.version()
//!     }
//!
//!     fn last_at(&self) -> Time {
//!         self.progress.last_at()
//!     }
//!
//!     fn next_deadline(&self) -> Option<Time> {
//!         self.next_timer().map(|(at, ())| at)
//!     }
//!
//!     fn decide(&self, command: &Command, context: &Context) -> Result<Transition<Self>, Rejection> {
//!         machine::transition(self, command, context)
//!     }
//!
//!     fn apply(&mut self, recorded: &Recorded<Event>) {
//!         self.progress.count(recorded);
//!         match &recorded.event {
//!             Event::Redeemed | Event::Expired => self.over = true,
//!         }
//!     }
//! }
//!
//! impl Rules for Voucher {
//!     type Role = Role;
//!     type Kind = Command;
//!     type Status = Infallible;
//!     type Timer = ();
//!
//!     fn progress(&self) -> &Progress {
//!         &self.progress
//!     }
//!
//!     fn role_of(&self, actor: &Actor) -> Option<Role> {
//!         match actor {
//!             Actor::Party(id) if *id == self.owner => Some(Role::Owner),
//!             Actor::Clock => Some(Role::Clock),
//!             _ => None,
//!         }
//!     }
//!
//!     fn kind(command: &Command) -> Command {
//!         *command
//!     }
//!
//!     fn permitted(kind: Command) -> (&'static [Role], &'static [Infallible]) {
//!         match kind {
//!             Command::Redeem => (&[Role::Owner], &[]),
//!             Command::Wake => (&[Role::Clock], &[]),
//!         }
//!     }
//!
//!     fn status_for(&self, _: &Command) -> Result<Option<Infallible>, Rejection> {
//!         Ok(None)
//!     }
//!
//!     fn already_stands(&self, _: &Command, _: Role, _: &Context) -> bool {
//!         false
//!     }
//!
//!     fn rule(&self, command: &Command, _: Role, _: &Context, out: &mut Out<'_, Event>) -> Result<(), Rejection> {
//!         match command {
//!             Command::Redeem if self.over => Err(Rejection::Expired),
//!             Command::Redeem => Ok(out.push(Event::Redeemed)),
//!             Command::Wake => Ok(()),
//!         }
//!     }
//!
//!     fn next_timer(&self) -> Option<(Time, ())> {
//!         (!self.over).then_some((self.until, ()))
//!     }
//!
//!     fn fire(&self, (): (), out: &mut Out<'_, Event>) {
//!         out.push(Event::Expired);
//!     }
//!
//!     fn refuse(_: Refusal<Role, Command, Infallible>) -> Rejection {
//!         Rejection::NotAdmitted
//!     }
//! }
//!
//! let now = Time::parse("2026-03-01T12:00:00Z")?;
//! let anna: PartyId = "anna".parse()?;
//! let progress = Progress::begin(now);
//! let voucher = Voucher { owner: anna.clone(), until: now.plus_secs(60), over: false, progress };
//!
//! let redeemed = voucher.decide(&Command::Redeem, &Context::party(now, anna.clone())).unwrap();
//! assert_eq!(redeemed.events()[0].event, Event::Redeemed);
//!
//! // nobody woke it: whoever comes late finds it expired all the same
//! let late = Context::party(now.plus_secs(60), anna);
//! assert_eq!(voucher.decide(&Command::Redeem, &late).map(drop), Err(Rejection::Expired));
//! let woken = voucher.decide(&Command::Wake, &Context::clock(now.plus_secs(90))).unwrap();
//! assert_eq!(woken.events()[0].at, now.plus_secs(60));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod class;
mod context;
mod decode;
mod out;
mod progress;
mod recorded;
mod rules;
mod transition;
mod transitions;

pub use self::class::RejectionClass;
pub use self::context::Context;
pub use self::decode::{DecodeError, replay};
pub use self::out::Out;
pub use self::progress::Progress;
pub(crate) use self::progress::count;
pub use self::recorded::Recorded;
pub use self::rules::{Refusal, Rules};
pub use self::transition::{Events, IntoEvents, Transition};
pub use self::transitions::{handle, transition};

use crate::Time;

/// Something with a life of its own that is told by events: a [`Deal`](crate::Deal), an offer, a balance, or one of the
/// host's own.
///
/// Every machine keeps these promises:
/// - [`decide`](Machine::decide) is pure and total; [`apply`](Machine::apply) is the only place where it changes, live
///   and on replay, and replaying its journal gives the live state.
/// - The same command again is answered with no events; a rejection changes nothing.
/// - Waking it at every deadline, late, or never gives the same result: timers that are due fire first, each at its
///   own instant, before a command is judged.
/// - Time never runs backwards inside it.
pub trait Machine: Clone {
    /// What it can be asked to do.
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

    /// Judges a command: what happens, or why it does not. No events: the command is a repeat.
    ///
    /// # Errors
    /// Its rejection; nothing has changed.
    fn decide(&self, command: &Self::Command, context: &Context)
    -> Result<Transition<Self>, Self::Rejection>;

    /// Folds an event into it: computes nothing and checks nothing.
    fn apply(&mut self, recorded: &Recorded<Self::Event>);

    /// Judges a command, and folds what follows into this machine. The transition that is returned has no
    /// [`after`](Transition::after).
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
