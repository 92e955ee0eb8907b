//! The rules of a store: who may do what and when, what is a repeat, and what follows.

use std::convert::Infallible;
use std::sync::Arc;

use super::command::{Command, CommandKind};
use super::{Event, Rejection, Status, Store};
use escrow::Context;
use escrow::machine::{Out, Rules};
use escrow::{Actor, Time, names};

/// In which capacity somebody acts on a store.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Role {
    /// Whose it is.
    Owner,
    /// Staff of the platform.
    Operator,
    /// The passage of time.
    Clock,
}

names! {
    /// Every role.
    Role, "owner, operator or clock" {
        Owner = "owner",
        Operator = "operator",
        Clock = "clock",
    }
}

/// The table: who may give a command, and while the store is what. Nothing else knows.
pub const fn permitted(command: CommandKind) -> (&'static [Role], &'static [Status]) {
    match command {
        CommandKind::SetConditions => (&[Role::Operator], &[Status::Open, Status::Suspended]),
        CommandKind::Suspend => (&[Role::Operator], &[Status::Open]),
        CommandKind::Resume => (&[Role::Operator], &[Status::Suspended]),
        CommandKind::Close => (&[Role::Owner], &[Status::Open, Status::Suspended]),
        CommandKind::Wake => (&[Role::Clock], &Status::ALL),
    }
}

impl Rules for Store {
    rules_head!(state.progress, Status, Infallible);

    fn status_for(&self, _: &Command) -> Result<Option<Status>, Rejection> {
        Ok(Some(self.status()))
    }

    fn already_stands(&self, command: &Command, _: Role, _: &Context) -> bool {
        match command {
            Command::SetConditions(c) => {
                c.version == self.conditions_version() && c.conditions == **self.conditions()
            }
            Command::Suspend(_) => self.status() == Status::Suspended,
            Command::Resume(_) => self.status() == Status::Open,
            Command::Close(_) => self.status() == Status::Closed,
            Command::Wake(_) => false,
        }
    }

    fn rule(
        &self,
        command: &Command,
        _: Role,
        _: &Context,
        out: &mut Out<'_, Event>,
    ) -> Result<(), Rejection> {
        match command {
            Command::SetConditions(c) => {
                let expected = self.conditions_version().saturating_add(1);
                if c.version != expected {
                    return Err(Rejection::WrongVersion { expected });
                }
                self.opened_with().check_conditions(&c.conditions)?;
                let conditions = Arc::new(c.conditions.clone());
                out.push(Event::ConditionsSet { version: c.version, conditions });
            }
            Command::Suspend(c) => out.push(Event::Suspended { reason: c.reason.clone() }),
            Command::Resume(_) => out.push(Event::Resumed {}),
            Command::Close(_) => out.push(Event::Closed {}),
            Command::Wake(_) => {}
        }
        Ok(())
    }

    fn next_timer(&self) -> Option<(Time, Infallible)> {
        None
    }

    fn fire(&self, timer: Infallible, _: &mut Out<'_, Event>) {
        match timer {}
    }
}

impl Store {
    /// The role of an actor in this store; `None` for one that has no part in it.
    pub fn role_of(&self, actor: &Actor) -> Option<Role> {
        match actor {
            Actor::Party(id) if *id == self.opened_with().owner => Some(Role::Owner),
            Actor::Operator(_) => Some(Role::Operator),
            Actor::Clock => Some(Role::Clock),
            Actor::Party(_) | Actor::Moderator(_) | Actor::Gateway | Actor::Tracker => None,
        }
    }
}
