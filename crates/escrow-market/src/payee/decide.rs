//! The rules of a payee's profile: who may do what, what is a repeat, and what follows.

use std::convert::Infallible;

use super::command::{self, Command, CommandKind};
use super::{DestinationId, Event, Listed, PayeeProfile, Rejection};
use crate::code::{Code, Judged, Verdict};
use escrow::Context;
use escrow::machine::{Out, Rules};
use escrow::{Actor, Destination, Time, names};

/// In which capacity somebody acts on a profile.
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

/// The table: who may give a command. Only the payee chooses where the payee's money goes; an operator can stop a
/// destination, and never name one.
pub const fn permitted(command: CommandKind) -> &'static [Role] {
    match command {
        CommandKind::NewRegistrationCode | CommandKind::ConfirmRegistration => &[Role::Owner],
        CommandKind::Add | CommandKind::NewCode | CommandKind::Confirm | CommandKind::ChooseDefault => {
            &[Role::Owner]
        }
        CommandKind::Retire => &[Role::Owner, Role::Operator],
        CommandKind::Unlock => &[Role::Operator],
        CommandKind::Wake => &[Role::Clock],
    }
}

impl Rules for PayeeProfile {
    rules_head!(state.progress, Infallible);

    fn already_stands(&self, command: &Command, _: Role, _: &Context) -> bool {
        let listed = |id| self.destination(id);
        match command {
            Command::NewRegistrationCode(c) => self.registration().knows(c.number),
            Command::ConfirmRegistration(c) => {
                self.registration().verdict(c.attempt.code, c.attempt.number).is_some()
            }
            Command::Add(c) => listed(&c.id).is_some_and(|known| known.requisite == c.requisite),
            Command::NewCode(c) => {
                let known = listed(&c.id).and_then(|known| known.code.as_ref());
                known.is_some_and(|code| (1..=code.number()).contains(&c.number))
            }
            Command::Confirm(c) => {
                let known = listed(&c.id).and_then(|known| known.code.as_ref());
                known.is_some_and(|code| code.verdict(c.attempt.code, c.attempt.number).is_some())
            }
            Command::ChooseDefault(c) => self.default_id() == c.id.as_ref(),
            Command::Retire(c) => self.is_retired(&c.id),
            Command::Unlock(_) => self.wrong_codes() == 0,
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
            Command::NewRegistrationCode(c) => {
                let code = self.unlocked()?.open_registration()?;
                if let Some(code) = code.replace(c.number, c.code, &self.codes(), out.now())? {
                    out.push(Event::RegistrationCodeReplaced { code });
                }
            }
            Command::ConfirmRegistration(c) => {
                match self.unlocked()?.open_registration()?.judge(&c.attempt, out.now())? {
                    Judged::New(Verdict::Accepted) => out.push(Event::RegistrationConfirmed {}),
                    Judged::New(Verdict::Refused { attempts_left }) => {
                        out.push(Event::RegistrationCodeRefused { attempts_left });
                    }
                    Judged::Stands(_) => {}
                }
            }
            Command::Add(c) => self.judge_add(c, out)?,
            Command::NewCode(c) => {
                let listed = self.unlocked()?.named(&c.id)?;
                let code = listed.open_code()?.replace(c.number, c.code, &self.codes(), out.now())?;
                if let Some(code) = code {
                    out.push(Event::CodeReplaced { id: c.id.clone(), code });
                }
            }
            Command::Confirm(c) => {
                let listed = self.unlocked()?.named(&c.id)?;
                let id = c.id.clone();
                match listed.open_code()?.judge(&c.attempt, out.now())? {
                    Judged::New(Verdict::Accepted) => out.push(Event::Verified { id }),
                    Judged::New(Verdict::Refused { attempts_left }) => {
                        out.push(Event::CodeRefused { id, attempts_left });
                    }
                    Judged::Stands(_) => {}
                }
            }
            Command::ChooseDefault(c) => {
                if let Some(id) = &c.id
                    && !self.named(id)?.is_verified()
                {
                    return Err(Rejection::NotVerified);
                }
                out.push(Event::DefaultChosen { id: c.id.clone() });
            }
            Command::Retire(c) => {
                self.named(&c.id)?;
                if self.default_id() == Some(&c.id) {
                    out.push(Event::DefaultChosen { id: None });
                }
                out.push(Event::Retired { id: c.id.clone() });
            }
            Command::Unlock(_) => out.push(Event::Unlocked {}),
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

impl PayeeProfile {
    /// The role of an actor in this profile; `None` for one that has no part in it.
    pub fn role_of(&self, actor: &Actor) -> Option<Role> {
        match actor {
            Actor::Party(id) if id == self.owner() => Some(Role::Owner),
            Actor::Operator(_) => Some(Role::Operator),
            Actor::Clock => Some(Role::Clock),
            Actor::Party(_) | Actor::Moderator(_) | Actor::Gateway | Actor::Tracker => None,
        }
    }

    fn judge_add(&self, c: &command::Add, out: &mut Out<'_, Event>) -> Result<(), Rejection> {
        if !self.unlocked()?.is_confirmed() {
            return Err(Rejection::NotConfirmed);
        }
        if self.destination(&c.id).is_some() {
            return Err(Rejection::IdTaken);
        }
        if self.is_retired(&c.id) {
            return Err(Rejection::IdRetired);
        }
        if self.destinations().len() >= Self::MAX_DESTINATIONS {
            return Err(Rejection::TooMany { max: Self::MAX_DESTINATIONS });
        }
        let code = match &c.requisite.destination {
            Destination::Balance => None,
            Destination::Account(_) | Destination::Card(_) | Destination::Wallet(_) => {
                let hash = c.code.ok_or(Rejection::CodeMissing)?;
                Some(Code::issue(1, hash, &self.codes(), out.now()))
            }
        };
        out.push(Event::Added { id: c.id.clone(), requisite: c.requisite.clone(), code });
        Ok(())
    }

    fn open_registration(&self) -> Result<&Code, Rejection> {
        if self.is_confirmed() { Err(Rejection::AlreadyConfirmed) } else { Ok(self.registration()) }
    }

    fn named(&self, id: &DestinationId) -> Result<&Listed, Rejection> {
        self.destination(id).ok_or(if self.is_retired(id) {
            Rejection::IdRetired
        } else {
            Rejection::Unknown
        })
    }

    /// Nobody goes on guessing by adding one destination after another.
    const fn unlocked(&self) -> Result<&Self, Rejection> {
        let wrong = self.wrong_codes();
        if wrong >= Self::MAX_WRONG_CODES { Err(Rejection::Locked { wrong }) } else { Ok(self) }
    }
}

impl Listed {
    /// The code that is still to be entered.
    fn open_code(&self) -> Result<&Code, Rejection> {
        self.code.as_ref().filter(|code| !code.is_accepted()).ok_or(Rejection::AlreadyVerified)
    }
}
