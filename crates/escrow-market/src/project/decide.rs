//! The rules of a project: who may do what and when, what is a repeat, and what follows.

use std::sync::Arc;

use super::command::{self, Command, CommandKind, Reached};
use super::state::{Fate, Phase};
use super::terms::basket;
use super::{Ending, Event, Funding, Project, Rejection, Standing, Status};
use escrow::machine::{Out, Rules};
use escrow::{Context, DealId, Side, Terms, Time, names};

/// In which capacity somebody acts on a project.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Role {
    /// Who orders and pays.
    Customer,
    /// Who does the work.
    Contractor,
    /// Staff of the platform.
    Operator,
    /// The passage of time, and the host that follows deals.
    Clock,
}

names! {
    /// Every role.
    Role, "customer, contractor, operator or clock" {
        Customer = "customer",
        Contractor = "contractor",
        Operator = "operator",
        Clock = "clock",
    }
}

impl Role {
    const fn side(self) -> Option<Side> {
        match self {
            Self::Customer => Some(Side::Buyer),
            Self::Contractor => Some(Side::Seller),
            Self::Operator | Self::Clock => None,
        }
    }
}

/// What a deadline of a project is for. What does not have to wait is due at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Timer {
    /// Nobody has agreed in time.
    Expire,
    /// The next milestone begins.
    Begin,
    /// The basket is to be opened.
    AskBasket,
    /// A milestone's deal was not opened in time.
    Lapse {
        /// The deal.
        deal: DealId,
    },
    /// A milestone was not accepted.
    Halt {
        /// Its deal.
        after: DealId,
    },
    /// Nobody has gone on in time.
    Stop,
    /// Nothing runs, and nothing is to come.
    Close,
}

/// The table: who may give a command, and while the project is what. Nothing else knows.
pub const fn permitted(command: CommandKind) -> (&'static [Role], &'static [Status]) {
    const RUNNING: &[Status] = &[Status::Proposed, Status::Active, Status::Halted];
    match command {
        CommandKind::Agree | CommandKind::Amend | CommandKind::Withdraw => {
            (&[Role::Customer, Role::Contractor], RUNNING)
        }
        CommandKind::Continue => (&[Role::Customer], &[Status::Halted]),
        CommandKind::Stop => (&[Role::Customer, Role::Contractor, Role::Operator], RUNNING),
        CommandKind::Report | CommandKind::Wake => (&[Role::Clock], &Status::ALL),
    }
}

impl Rules for Project {
    rules_head!(state.progress, Status, Timer);

    fn status_for(&self, _: &Command) -> Result<Option<Status>, Rejection> {
        Ok(Some(self.status()))
    }

    fn already_stands(&self, command: &Command, role: Role, _: &Context) -> bool {
        let proposal = &self.state.proposal;
        match command {
            Command::Agree(c) => proposal.version == c.version && proposal.fate == Fate::Agreed,
            Command::Amend(c) => {
                proposal.version == c.version
                    && proposal.milestones == c.milestones
                    && Some(proposal.by) == role.side()
            }
            Command::Withdraw(c) => {
                proposal.version == c.version
                    && proposal.fate == Fate::Withdrawn
                    && Some(proposal.by) == role.side()
            }
            Command::Continue(c) => self.run(c.after).is_some_and(|run| run.passed),
            Command::Stop(_) => matches!(self.status(), Status::Stopping | Status::Closed),
            Command::Report(c) => {
                let over = !self.state.phase.is_open();
                self.run(c.deal).is_some_and(|run| over || run.knows(c.reached))
            }
            Command::Wake(_) => false,
        }
    }

    fn rule(
        &self,
        command: &Command,
        role: Role,
        _: &Context,
        out: &mut Out<'_, Event>,
    ) -> Result<(), Rejection> {
        match command {
            Command::Agree(c) => {
                if self.open_proposal(c.version)? == role.side() {
                    return Err(Rejection::OwnProposal);
                }
                if let Some(by) = role.side() {
                    out.push(Event::Agreed { version: c.version, by });
                }
            }
            Command::Amend(c) => self.judge_amendment(c, role, out)?,
            Command::Withdraw(c) => {
                if self.open_proposal(c.version)? != role.side() {
                    return Err(Rejection::OthersProposal);
                }
                out.push(Event::AmendmentWithdrawn { version: c.version });
                // what nobody proposes, nobody can agree to
                if self.status() == Status::Proposed {
                    out.push(Event::Closed { because: Ending::Declined });
                }
            }
            Command::Continue(c) => match self.state.phase {
                Phase::Halted { after, .. } if after == c.after => out.push(Event::Continued { after }),
                Phase::Halted { after, .. } => return Err(Rejection::HaltedAfter { after }),
                Phase::Proposed { .. } | Phase::Active {} | Phase::Stopping {} | Phase::Closed { .. } => {}
            },
            Command::Stop(c) => match self.state.phase {
                Phase::Proposed { .. } => out.push(Event::Closed { because: Ending::Declined }),
                Phase::Active {} | Phase::Halted { .. } | Phase::Stopping {} | Phase::Closed { .. } => {
                    out.push(Event::Stopped { reason: c.reason.clone() });
                }
            },
            Command::Report(c) => {
                let run = self.run(c.deal).ok_or(Rejection::UnknownMilestone { deal: c.deal })?;
                if let Standing::Reached(Reached::Ended(_)) = run.standing {
                    return Err(Rejection::FactContradicts { deal: c.deal });
                }
                out.push(Event::MilestoneReached { deal: c.deal, reached: c.reached });
            }
            Command::Wake(_) => {}
        }
        Ok(())
    }

    fn next_timer(&self) -> Option<(Time, Timer)> {
        let state = &self.state;
        let at_once = |timer| Some((state.progress.last_at(), timer));
        let lapse = state.begun.iter().filter_map(|run| match &run.standing {
            Standing::Begun { until, .. } => Some((*until, run.deal)),
            Standing::Lapsed | Standing::Reached(_) => None,
        });
        let lapse = lapse.min().map(|(at, deal)| (at, Timer::Lapse { deal }));
        let later = |own: Option<(Time, Timer)>| match (own, lapse) {
            (Some(own), Some(lapse)) => Some(if own.0 <= lapse.0 { own } else { lapse }),
            (own, lapse) => own.or(lapse),
        };
        let is_over = state.planned.is_empty() && !state.begun.iter().any(super::Run::runs);
        match state.phase {
            Phase::Proposed { until } => Some((until, Timer::Expire)),
            Phase::Closed { .. } => None,
            Phase::Active {} | Phase::Halted { .. } | Phase::Stopping {} if is_over => at_once(Timer::Close),
            Phase::Stopping {} => later(None),
            Phase::Halted { until, .. } => later(Some((until, Timer::Stop))),
            Phase::Active {} => match self.terms.funding {
                Funding::Upfront { .. } if !state.planned.is_empty() => at_once(Timer::Begin),
                Funding::Upfront { .. } if state.basket.is_none() => at_once(Timer::AskBasket),
                Funding::Upfront { .. } => later(None),
                Funding::Each if state.planned.is_empty() || state.begun.iter().any(super::Run::blocks) => {
                    later(None)
                }
                Funding::Each => match state.begun.iter().find(|run| run.failed()) {
                    Some(run) => at_once(Timer::Halt { after: run.deal }),
                    None => at_once(Timer::Begin),
                },
            },
        }
    }

    fn fire(&self, timer: Timer, out: &mut Out<'_, Event>) {
        let patience_s = self.terms.policy.proposal_s;
        match timer {
            Timer::Expire => out.push(Event::Closed { because: Ending::Expired }),
            Timer::Begin => self.begin_next(out),
            Timer::AskBasket => self.ask_basket(out),
            Timer::Lapse { deal } => out.push(Event::MilestoneLapsed { deal }),
            Timer::Halt { after } => {
                out.push(Event::Halted { after, until: out.now().plus_secs(patience_s) });
            }
            Timer::Stop => out.push(Event::Stopped { reason: escrow::deposit::Reason::default() }),
            Timer::Close => {
                let because = match self.status() {
                    Status::Stopping => Ending::Stopped,
                    Status::Proposed | Status::Active | Status::Halted | Status::Closed => Ending::Finished,
                };
                out.push(Event::Closed { because });
            }
        }
    }
}

impl Project {
    /// Which party has proposed this version, which waits for the other.
    fn open_proposal(&self, version: u32) -> Result<Option<Side>, Rejection> {
        let open = Some(&self.state.proposal).filter(|p| p.version == version && p.fate == Fate::Open);
        open.map(|p| Some(p.by)).ok_or(Rejection::NotProposed { version })
    }

    fn judge_amendment(
        &self,
        c: &command::Amend,
        role: Role,
        out: &mut Out<'_, Event>,
    ) -> Result<(), Rejection> {
        let expected = self.state.proposal.version.saturating_add(1);
        if c.version != expected {
            return Err(Rejection::WrongVersion { expected });
        }
        self.terms.check_milestones(&c.milestones)?;
        if let Some(at) = c.milestones.iter().position(|m| self.run(m.deal).is_some()) {
            return Err(Rejection::HasBegun { number: at.saturating_add(1) });
        }
        let all = self.state.begun.len().saturating_add(c.milestones.len());
        let nothing = all == 0;
        if nothing || all > super::ProjectDraft::MAX_MILESTONES {
            return Err(Rejection::WrongCount { max: super::ProjectDraft::MAX_MILESTONES });
        }
        if let Some(by) = role.side() {
            let milestones = c.milestones.clone();
            out.push(Event::AmendmentProposed { version: c.version, by, milestones });
        }
        Ok(())
    }

    /// The next milestone begins: its terms were checked when it was proposed.
    fn begin_next(&self, out: &mut Out<'_, Event>) {
        let Some(next) = self.state.planned.first() else { return };
        let terms = match self.terms.terms_of(next, self.passes_before()) {
            Ok(terms) => Arc::new(terms),
            // cannot be: a longer time to start breaks no rule
            Err(_) => {
                out.push(Event::Stopped { reason: escrow::deposit::Reason::default() });
                return;
            }
        };
        let until = out.now().plus_secs(self.terms.policy.proposal_s);
        out.push(Event::MilestoneBegun { deal: next.deal, terms, until });
    }

    /// How long the milestones that run can take before the next one is due, in seconds. Only where all are paid upfront.
    fn passes_before(&self) -> u64 {
        let running = self.state.begun.iter().filter(|run| run.runs());
        let all = || self.terms.milestones.iter().chain(&self.state.proposal.milestones);
        let own = |deal| all().find(|m| m.deal == deal).and_then(|m| m.performance_s);
        let longest = |deal| self.terms.longest(own(deal));
        running.fold(0, |sum, run| longest(run.deal).saturating_add(sum))
    }

    fn ask_basket(&self, out: &mut Out<'_, Event>) {
        let Funding::Upfront { basket: id } = self.terms.funding else { return };
        let deals: Vec<(DealId, &Terms)> = self
            .state
            .begun
            .iter()
            .filter_map(|run| match &run.standing {
                Standing::Begun { terms, .. } => Some((run.deal, &**terms)),
                Standing::Lapsed | Standing::Reached(_) => None,
            })
            .collect();
        let until = out.now().plus_secs(self.terms.policy.deposit_s);
        let draft = Arc::new(basket(&self.terms, &deals, until));
        out.push(Event::BasketAsked { basket: id, draft });
    }
}
