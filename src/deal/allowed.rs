//! What an actor may do now, and why not.

use super::Events;
use super::command::CommandKind;
use super::{Deal, Rejection, table, transition};
use crate::{Actor, Role, Time};

/// Why a command is not allowed: the rejection that it would get.
pub type Denied = Rejection;

/// For every kind of command, whether an actor may give it now. The content is not judged: an allowed command can
/// still be refused for its amount.
#[derive(Clone, PartialEq, Eq, Debug)]
#[must_use]
pub struct Allowed {
    verdicts: [Result<(), Denied>; CommandKind::ALL.len()],
}

impl Allowed {
    /// Every kind with its verdict, in table order.
    pub fn iter(&self) -> impl Iterator<Item = (CommandKind, Result<(), Denied>)> + '_ {
        CommandKind::ALL.into_iter().zip(self.verdicts.iter().copied())
    }

    /// What is allowed, in table order.
    pub fn kinds(&self) -> impl Iterator<Item = CommandKind> + '_ {
        self.iter().filter_map(|(kind, verdict)| verdict.is_ok().then_some(kind))
    }

    /// Whether a command of this kind is allowed, and if not, why.
    ///
    /// # Errors
    /// The [`Rejection`] that the command would get.
    pub fn check(&self, kind: CommandKind) -> Result<(), Denied> {
        self.iter().find(|(k, _)| *k == kind).map_or(Ok(()), |(_, verdict)| verdict)
    }
}

impl Deal {
    /// What this actor may do at `now`, with a reason for every denial: the same table and the same guards that
    /// [`super::transition`] uses, after the timers that are due at `now`.
    pub fn allowed(&self, actor: &Actor, now: Time) -> Allowed {
        let now = now.max(self.last_at());
        let mut after = None;
        if self.is_due(now) {
            transition::fire_due(self, &mut after, &mut Events::new(), now);
        }
        after.as_ref().unwrap_or(self).allowed_now(actor)
    }

    fn allowed_now(&self, actor: &Actor) -> Allowed {
        let verdict = |role: Option<Role>, kind| match role {
            Some(role) => table::permit(self, kind, role),
            None => Err(Rejection::UnknownActor),
        };
        let role = self.role_of(actor);
        Allowed { verdicts: CommandKind::ALL.map(|kind| verdict(role, kind)) }
    }
}
