//! The rules of an offer: who may do what and when, what is a repeat, and what follows.

use super::command::{self, Command, CommandKind};
use super::takes::{Known, Take, TakeStage};
use super::{Event, Mode, Offer, Rejection, Status};
use escrow::Context;
use escrow::machine::{Out, Rules};
use escrow::{Actor, DealId, PartyId, Time, names};

/// In which capacity somebody acts on an offer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Role {
    /// Whose it is.
    Owner,
    /// Any other party.
    Taker,
    /// Staff of the platform.
    Operator,
    /// The passage of time, and the host that tells what became of a deal.
    Clock,
}

names! {
    /// Every role.
    Role, "owner, taker, operator or clock" {
        Owner = "owner",
        Taker = "taker",
        Operator = "operator",
        Clock = "clock",
    }
}

/// The table: who may give a command, and while the offer is what. Nothing else knows.
pub const fn permitted(command: CommandKind) -> (&'static [Role], &'static [Status]) {
    const ANY: &[Status] = &Status::ALL;
    const HOST: &[Role] = &[Role::Operator, Role::Clock];
    const OWNERS: &[Role] = &[Role::Owner, Role::Operator];
    match command {
        CommandKind::Take => (&[Role::Taker, Role::Operator], &[Status::Open]),
        CommandKind::Propose | CommandKind::Conclude | CommandKind::GiveBack => (HOST, ANY),
        CommandKind::Pause => (OWNERS, &[Status::Open, Status::Exhausted]),
        CommandKind::Resume => (OWNERS, &[Status::Paused]),
        CommandKind::Close => (OWNERS, &[Status::Open, Status::Paused, Status::Exhausted]),
        CommandKind::Wake => (&[Role::Clock], ANY),
    }
}

impl Rules for Offer {
    rules_head!(progress, Status, DealId);

    fn status_for(&self, _: &Command) -> Result<Option<Status>, Rejection> {
        Ok(Some(self.status()))
    }

    fn already_stands(&self, command: &Command, _: Role, context: &Context) -> bool {
        let heard_of = |deal| self.takes.find(deal).is_some_and(|known| heard(known, command));
        match command {
            Command::Take(c) => {
                let made = |taker| self.takes.find(c.deal).is_some_and(|known| known.take().is(c, taker));
                taker(context).is_some_and(made)
            }
            Command::Propose(command::Propose { deal })
            | Command::Conclude(command::Conclude { deal })
            | Command::GiveBack(command::GiveBack { deal }) => heard_of(*deal),
            Command::Pause(_) => self.mode == Mode::Paused,
            Command::Resume(_) => self.mode == Mode::Open,
            Command::Close(_) => self.mode == Mode::Closed,
            Command::Wake(_) => false,
        }
    }

    fn rule(
        &self,
        command: &Command,
        _: Role,
        context: &Context,
        out: &mut Out<'_, Event>,
    ) -> Result<(), Rejection> {
        match command {
            Command::Take(c) => self.judge_take(c, context, out)?,
            Command::Propose(c) => {
                let Take { deal, .. } = *self.reserved_or_concluded(c.deal)?;
                out.push(Event::Proposed { deal });
            }
            Command::Conclude(c) => {
                let Take { deal, count, .. } = *self.reserved_or_concluded(c.deal)?;
                out.push(Event::Concluded { deal, count });
            }
            // of a concluded deal too: amended terms can send one back to its deposits, where it may expire
            Command::GiveBack(c) => {
                let Take { deal, count, .. } = *self.reserved_or_concluded(c.deal)?;
                out.push(Event::GivenBack { deal, count });
            }
            Command::Pause(_) => out.push(Event::Paused {}),
            Command::Resume(_) => out.push(Event::Resumed {}),
            Command::Close(_) => out.push(Event::Closed {}),
            Command::Wake(_) => {}
        }
        Ok(())
    }

    fn next_timer(&self) -> Option<(Time, DealId)> {
        self.takes.next_lapse()
    }

    /// A take whose deal is not opened in time gives its count back.
    fn fire(&self, deal: DealId, out: &mut Out<'_, Event>) {
        if let Some(take) = self.take(deal) {
            out.push(Event::Lapsed { deal, count: take.count });
        }
    }
}

impl Offer {
    /// The role of an actor in this offer; `None` for one that has no part in it.
    pub fn role_of(&self, actor: &Actor) -> Option<Role> {
        match actor {
            Actor::Party(id) if *id == self.terms.owner => Some(Role::Owner),
            Actor::Party(_) => Some(Role::Taker),
            Actor::Operator(_) => Some(Role::Operator),
            Actor::Clock => Some(Role::Clock),
            Actor::Moderator(_) | Actor::Gateway | Actor::Tracker => None,
        }
    }

    /// Reserves the count, if it is available and its deal would be valid.
    fn judge_take(
        &self,
        c: &command::Take,
        context: &Context,
        out: &mut Out<'_, Event>,
    ) -> Result<(), Rejection> {
        let taker = taker(context).ok_or(Rejection::TakerMissing)?;
        if *taker == self.terms.owner {
            return Err(Rejection::OwnOffer);
        }
        if self.takes.find(c.deal).is_some() {
            return Err(Rejection::DealReused { deal: c.deal });
        }
        if c.count == 0 {
            return Err(Rejection::CountZero);
        }
        let available = self.available();
        if c.count > available {
            return Err(Rejection::CountOverAvailable { available });
        }
        let left = self.left_for(taker);
        if c.count > left {
            return Err(Rejection::CountOverLimit { left });
        }
        if self.takes.held().len() >= Self::MAX_TAKES {
            return Err(Rejection::TooManyTakes { max: Self::MAX_TAKES });
        }
        self.terms.terms_for(taker, c.contact.as_ref(), c.count)?;
        out.push(Event::Taken {
            deal: c.deal,
            taker: taker.clone(),
            count: c.count,
            purse: c.purse.clone(),
            contact: c.contact.clone(),
            until: out.now().plus_secs(self.terms.to_contract_s),
        });
        Ok(())
    }

    fn reserved_or_concluded(&self, deal: DealId) -> Result<&Take, Rejection> {
        match self.takes.find(deal) {
            Some(Known::Held(take)) => Ok(take),
            Some(Known::Returned(_)) => Err(Rejection::TakeReturned { deal }),
            None => Err(Rejection::UnknownTake { deal }),
        }
    }
}

/// Who takes: a party for itself, an operator for the party that they act on behalf of.
fn taker(context: &Context) -> Option<&PartyId> {
    match &context.actor {
        Actor::Party(id) => Some(id),
        Actor::Operator(_) => context.via.as_ref(),
        Actor::Moderator(_) | Actor::Gateway | Actor::Tracker | Actor::Clock => None,
    }
}

/// Whether the offer has heard this, or something later, of the take's deal. One that was given back remembers how far it
/// had come.
pub(super) fn heard(known: Known<'_>, fact: &Command) -> bool {
    let stage = known.take().stage;
    match fact {
        Command::Propose(_) => match stage {
            TakeStage::Waiting { .. } => false,
            TakeStage::Proposed | TakeStage::Concluded => true,
        },
        Command::Conclude(_) => stage == TakeStage::Concluded,
        Command::GiveBack(_) => match known {
            Known::Held(_) => false,
            Known::Returned(_) => true,
        },
        Command::Take(_) | Command::Pause(_) | Command::Resume(_) | Command::Close(_) | Command::Wake(_) => {
            false
        }
    }
}
