//! The rules of a host's own machine.

use super::{Context, Machine, Out, Progress};
use crate::{Actor, Time};

/// The rules of a small machine, from which [`transition`](super::transition) makes its [`Machine::decide`], and
/// [`handle`](super::handle) its [`Machine::handle`]. The deal has its own.
///
/// A machine says here what is its own. What every machine has in common is said once: due timers fire first, each at its
/// own instant; then who the actor is, whether the command is a repeat, whether the actor has seen the latest revision,
/// whether the role may give it at all, and whether now; then the rule. The module has a whole machine as an example.
pub trait Rules: Machine {
    /// In which capacity somebody acts on it.
    type Role: Copy + PartialEq + 'static;
    /// A command without its content: what permission depends on.
    type Kind: Copy;
    /// What a command may depend on, as [`permitted`](Self::permitted) says. `Infallible` where none does.
    type Status: Copy + PartialEq + 'static;
    /// What tells one deadline from another. `Infallible` where there is none.
    type Timer;

    /// How far it has come: an actor's `seen` is compared with its revision.
    fn progress(&self) -> &Progress;

    /// The role of an actor; `None` for one that has no part in it.
    fn role_of(&self, actor: &Actor) -> Option<Self::Role>;

    /// What permission depends on.
    fn kind(command: &Self::Command) -> Self::Kind;

    /// The table: which roles may give a command, and while the machine is what. Nothing else knows.
    fn permitted(kind: Self::Kind) -> (&'static [Self::Role], &'static [Self::Status]);

    /// What the machine, or the part of it that the command names, is now; `None` where the command depends on nothing.
    ///
    /// # Errors
    /// A rejection where there is no such part.
    fn status_for(&self, command: &Self::Command) -> Result<Option<Self::Status>, Self::Rejection>;

    /// Whether nothing is left to do for this command.
    fn already_stands(&self, command: &Self::Command, role: Self::Role, context: &Context) -> bool;

    /// What follows from a command that is admitted: looks at nothing but its content.
    ///
    /// # Errors
    /// A rejection, before anything is pushed or after: what was pushed is not kept.
    fn rule(
        &self,
        command: &Self::Command,
        role: Self::Role,
        context: &Context,
        out: &mut Out<'_, Self::Event>,
    ) -> Result<(), Self::Rejection>;

    /// The earliest deadline, and what fires then.
    fn next_timer(&self) -> Option<(Time, Self::Timer)>;

    /// What the passing of a deadline leads to: events that leave that deadline behind, since nothing can fail here.
    fn fire(&self, timer: Self::Timer, out: &mut Out<'_, Self::Event>);

    /// The machine's own rejection of a command that is not admitted.
    fn refuse(refusal: Refusal<Self::Role, Self::Kind, Self::Status>) -> Self::Rejection;
}

/// Why a command is not even looked at, in the order in which it is judged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal<Role, Kind, Status> {
    /// The actor has no part in the machine.
    UnknownActor,
    /// The actor has seen an older state.
    Stale {
        /// The revision that the actor has seen.
        seen: u64,
        /// What it is.
        actual: u64,
    },
    /// This role never may.
    WrongRole {
        /// The role.
        role: Role,
        /// The command.
        command: Kind,
    },
    /// This role may, but not now.
    WrongStatus {
        /// The command.
        command: Kind,
        /// The status now.
        status: Status,
    },
}
