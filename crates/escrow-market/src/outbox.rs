//! Delivers what machines tell one another: a loop around [`Follow`], for whatever calls it as often as it likes.
//!
//! A host's worker calls `deal_changed`, `project_changed` and `basket_changed` for the machines whose commits are in its
//! outbox, and [`deliver`](Outbox::deliver) for what a store or an offer wants told. Twice, late or in any order is the same:
//! a machine recognises what it has heard, and what a machine must know of a deal is read from the deal as it is then. What
//! is told to a machine that is not open yet, or is refused, comes to an error: the parcel stays in the outbox.
//!
//! # Examples
//! See `escrow_testing::MemoryMachines` for machines in memory, and `tests/market/agent.rs` for a project that is driven by
//! nothing else.

use std::collections::BTreeSet;
use std::error::Error;

use thiserror::Error as ThisError;

use crate::balance::Holder;
use crate::basket::BasketDraft;
use crate::follow::{Follow, FollowCommand, MachineId};
use crate::{Balance, Basket, Offer, Project};
use crate::{balance, basket};
use escrow::agent::blocking::Agent as BlockingAgent;
use escrow::agent::{ActError, Acted, Agent, Committed, Observer, Stopped};
use escrow::deposit::{Leg, LegState};
use escrow::port::blocking::{PaymentGateway as BlockingGateway, Repository as BlockingRepository};
use escrow::port::{Aggregate, AggregateId, Clock, Commit, CommitError, PaymentGateway, Repository};
use escrow::{Actor, Caller, Context, Deal, DealId, Money};

/// Delivers [`Follow`]s by an agent, to machines in a repository that has all of them.
#[derive(Clone, Debug)]
pub struct Outbox<'h, A, R> {
    /// By whom commands are given and orders carried out: [`escrow::Agent`], or its blocking twin.
    pub agent: &'h A,
    /// Where the machines are.
    pub repository: &'h R,
    /// Who opens deals, and speaks for the platform: an operator of the host's.
    pub operator: Actor,
}

/// Why something was not delivered: try it again later.
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum Undelivered<E> {
    /// There is no machine with this id yet.
    #[error("the machine is not open yet")]
    NotOpen,
    /// The machine refuses it: it may take it later, or a person has to look into it.
    #[error("the machine refuses it: {0}")]
    Refused(#[source] Box<dyn Error + Send + Sync>),
    /// It is a command of another kind of machine than it is addressed to.
    #[error("it is addressed to a machine of another kind")]
    Misaddressed,
    /// A deal has credited somebody, and nobody that follows it is their balance in this currency: open one.
    #[error("{amount} is credited to {holder}, who has no balance in {} that follows the deal: open one", amount.currency())]
    NoBalance {
        /// Whose it is.
        holder: Holder,
        /// How much.
        amount: Money,
    },
    /// Somebody was faster too often, or the storage failed. What is asked again is recognised where it was written.
    #[error(transparent)]
    Stopped(Stopped<E>),
}

impl<E> Undelivered<E> {
    /// Whether the machine refuses it: what it refuses again and again is for a person to look at.
    pub const fn is_refused(&self) -> bool {
        match self {
            Self::Refused(_) | Self::Misaddressed => true,
            Self::NotOpen | Self::NoBalance { .. } | Self::Stopped(_) => false,
        }
    }
}

/// What was committed is delivered, whatever the gateway said of it afterwards: the observer has heard that.
fn told<M: Aggregate, E>(done: Result<Acted<M>, ActError<E, M::Rejection>>) -> Result<(), Undelivered<E>> {
    match done {
        Ok(_) | Err(ActError::FactRefused { .. }) => Ok(()),
        Err(ActError::Rejected(rejection)) => Err(Undelivered::Refused(Box::new(rejection))),
        Err(ActError::Stopped { committed: Committed::Yes, .. }) => Ok(()),
        Err(ActError::Stopped { stopped, committed: Committed::No | Committed::Unknown }) => {
            Err(Undelivered::Stopped(stopped))
        }
        Err(ActError::NotFound | _) => Err(Undelivered::NotOpen),
    }
}

/// A machine that somebody else has opened at the same time is open.
fn opened<E>(committed: Result<(), CommitError<E>>) -> Result<(), Undelivered<E>> {
    match committed {
        Ok(()) | Err(CommitError::Conflict) => Ok(()),
        Err(CommitError::Unknown(error)) => Err(Undelivered::Stopped(Stopped::Storage(error))),
    }
}

fn refused<E>(rejection: impl Error + Send + Sync + 'static) -> Undelivered<E> {
    Undelivered::Refused(Box::new(rejection))
}

/// The outbox, async or blocking: it is written once.
macro_rules! outbox {
    ($agent:ident, $repository:ident, $gateway:ident, [$($async:ident)?], [$($await:tt)*]) => {
        impl<C, G, O, R, E> Outbox<'_, $agent<C, G, O>, R>
        where
            C: Clock + Sync,
            G: $gateway,
            O: Observer<G::Error> + Sync,
            R: $repository<Deal, Error = E>
                + $repository<Balance, Error = E>
                + $repository<Basket, Error = E>
                + $repository<Offer, Error = E>
                + $repository<Project, Error = E>,
        {
            /// Delivers it. Once more is the same.
            ///
            /// # Errors
            /// [`Undelivered`]: try it again later.
            pub $($async)? fn deliver(&self, follow: &Follow) -> Result<(), Undelivered<E>> {
                let Self { agent, repository, operator } = self;
                let actor = follow.actor().unwrap_or_else(|| operator.clone());
                let now = agent.clock.now();
                match (&follow.command, follow.to) {
                    (FollowCommand::Open(terms), MachineId::Deal(id)) => {
                        let known: Option<Deal> = self.stored(id)$($await)*?;
                        if known.is_some() {
                            return Ok(());
                        }
                        let context = Context::new(now, actor);
                        let (deal, first) = Deal::propose(id, terms.clone(), &context).map_err(refused)?;
                        opened(repository.commit(Commit::new(None, first.events(), &deal, now))$($await)*)
                    }
                    (FollowCommand::OpenBasket(draft), MachineId::Basket(id)) => {
                        let known: Option<Basket> = self.stored(id)$($await)*?;
                        if known.is_some() {
                            return Ok(());
                        }
                        self.check_lines(draft)$($await)*?;
                        let context = Context::new(now, actor);
                        let (basket, first) = Basket::open(id, draft.clone(), &context).map_err(refused)?;
                        opened(repository.commit(Commit::new(None, first.events(), &basket, now))$($await)*)
                    }
                    (FollowCommand::Deal(command), MachineId::Deal(id)) => {
                        told(agent.act(*repository, id, (**command).clone(), actor)$($await)*)
                    }
                    (FollowCommand::CallOff(stop), MachineId::Deal(id)) => {
                        let deal: Option<Deal> = self.stored(id)$($await)*?;
                        let deal = deal.ok_or(Undelivered::NotOpen)?;
                        let Some(cancel) = stop.cancels(&deal) else { return Ok(()) };
                        // nobody begins to perform in between
                        let caller = Caller::from(actor).seen(deal.revision());
                        told(agent.act(*repository, id, cancel, caller)$($await)*)
                    }
                    (FollowCommand::Choose { choice, .. }, MachineId::Deal(id)) => {
                        told(agent.act(*repository, id, choice.clone(), actor)$($await)*)
                    }
                    (FollowCommand::Credit(credit), MachineId::Balance(id)) => {
                        told(agent.act(*repository, id, balance::Command::from(*credit), actor)$($await)*)
                    }
                    (FollowCommand::Debit(debit), MachineId::Balance(id)) => {
                        told(agent.act(*repository, id, balance::Command::from(debit.clone()), actor)$($await)*)
                    }
                    (FollowCommand::Offer(command), MachineId::Offer(id)) => {
                        told(agent.act(*repository, id, command.clone(), actor)$($await)*)
                    }
                    (FollowCommand::Project(report), MachineId::Project(id)) => {
                        told(agent.act(*repository, id, *report, actor)$($await)*)
                    }
                    (FollowCommand::Basket(leave), MachineId::Basket(id)) => {
                        told(agent.act(*repository, id, basket::Command::from(*leave), actor)$($await)*)
                    }
                    (
                        FollowCommand::Open(_)
                        | FollowCommand::OpenBasket(_)
                        | FollowCommand::Deal(_)
                        | FollowCommand::Choose { .. }
                        | FollowCommand::Credit(_)
                        | FollowCommand::Debit(_)
                        | FollowCommand::Offer(_)
                        | FollowCommand::Project(_)
                        | FollowCommand::Basket(_)
                        | FollowCommand::CallOff(_),
                        MachineId::Deal(_)
                        | MachineId::Balance(_)
                        | MachineId::Offer(_)
                        | MachineId::Project(_)
                        | MachineId::Basket(_),
                    ) => Err(Undelivered::Misaddressed),
                }
            }

            /// The deals of a basket are open, and need what its lines are. One that was paid by itself in the meantime gives
            /// its line back.
            $($async)? fn check_lines(&self, draft: &BasketDraft) -> Result<(), Undelivered<E>> {
                for id in draft.lines.iter().map(|line| line.deal).collect::<BTreeSet<DealId>>() {
                    let deal: Option<Deal> = self.stored(id)$($await)*?;
                    let deal = deal.ok_or(Undelivered::NotOpen)?;
                    if !deal.is_concluded() {
                        draft.fits(&deal).map_err(refused)?;
                    }
                }
                Ok(())
            }

            $($async)? fn stored<I: AggregateId>(&self, id: I) -> Result<Option<I::Of>, Undelivered<E>>
            where
                R: $repository<I::Of, Error = E>,
            {
                let stored = $repository::<I::Of>::load(self.repository, id)$($await)*;
                stored.map_err(|error| Undelivered::Stopped(Stopped::Storage(error)))
            }

            /// Delivers all of them; one that cannot be delivered holds up no other, and the first such is told.
            $($async)? fn deliver_all(&self, follows: Vec<Follow>) -> Result<(), Undelivered<E>> {
                let mut first = Ok(());
                for follow in follows {
                    let delivered = self.deliver(&follow)$($await)*;
                    first = first.and(delivered);
                }
                first
            }

            /// A project was committed: the deals and the basket that it has asked for are opened.
            ///
            /// # Errors
            /// [`Undelivered`]: try it again later.
            pub $($async)? fn project_changed(&self, id: crate::ProjectId) -> Result<(), Undelivered<E>> {
                let project: Option<Project> = self.stored(id)$($await)*?;
                let follows = project.ok_or(Undelivered::NotOpen)?.pending().collect();
                self.deliver_all(follows)$($await)*
            }

            /// A basket was committed: its deals hear of their parts of payments and chargebacks.
            ///
            /// # Errors
            /// [`Undelivered`]: try it again later.
            pub $($async)? fn basket_changed(&self, id: crate::BasketId) -> Result<(), Undelivered<E>> {
                let basket: Option<Basket> = self.stored(id)$($await)*?;
                let follows = basket.ok_or(Undelivered::NotOpen)?.follows_all();
                self.deliver_all(follows)$($await)*
            }

            /// A deal was committed: what follows it is told, each as far as it does not know. The host knows what does: the
            /// project and the basket that it belongs to, the offer that it was taken from, the balances of its payees.
            ///
            /// # Errors
            /// [`Undelivered`]: try it again later. [`Undelivered::NoBalance`] where something was credited to somebody whose
            /// balance in that currency is none of the followers.
            pub $($async)? fn deal_changed(
                &self,
                id: DealId,
                followers: &[MachineId],
            ) -> Result<(), Undelivered<E>> {
                let deal: Option<Deal> = self.stored(id)$($await)*?;
                let deal = deal.ok_or(Undelivered::NotOpen)?;
                let mut first = Ok(());
                for follower in followers {
                    let told = self.tell(&deal, *follower)$($await)*;
                    first = first.and(told);
                }
                first?;
                self.check_credits(&deal, followers)$($await)*
            }

            /// What was credited is on a balance.
            $($async)? fn check_credits(
                &self,
                deal: &Deal,
                followers: &[MachineId],
            ) -> Result<(), Undelivered<E>> {
                let mut credited: Vec<&Leg> =
                    deal.legs().iter().filter(|leg| leg.state() == LegState::Credited).collect();
                for follower in followers {
                    if let MachineId::Balance(id) = follower
                        && !credited.is_empty()
                    {
                        let balance: Option<Balance> = self.stored(*id)$($await)*?;
                        let is_meant = |leg: &&Leg| {
                            balance.as_ref().is_some_and(|b| b.is_meant(leg.payee(), leg.amount(), deal))
                        };
                        credited.retain(|leg| !is_meant(leg));
                    }
                }
                credited.first().map_or(Ok(()), |leg| {
                    let (holder, amount) = (Holder::of(leg.payee(), deal), leg.amount());
                    Err(Undelivered::NoBalance { holder, amount })
                })
            }

            $($async)? fn tell(&self, deal: &Deal, follower: MachineId) -> Result<(), Undelivered<E>> {
                let follows: Vec<Follow> = match follower {
                    MachineId::Balance(id) => {
                        let balance: Option<Balance> = self.stored(id)$($await)*?;
                        Follow::to_balance(&balance.ok_or(Undelivered::NotOpen)?, deal).collect()
                    }
                    MachineId::Offer(id) => {
                        let offer: Option<Offer> = self.stored(id)$($await)*?;
                        Follow::to_offer(&offer.ok_or(Undelivered::NotOpen)?, deal).into_iter().collect()
                    }
                    MachineId::Project(id) => {
                        let project: Option<Project> = self.stored(id)$($await)*?;
                        Follow::to_project(&project.ok_or(Undelivered::NotOpen)?, deal).into_iter().collect()
                    }
                    MachineId::Basket(id) => {
                        let basket: Option<Basket> = self.stored(id)$($await)*?;
                        Follow::to_basket(&basket.ok_or(Undelivered::NotOpen)?, deal).into_iter().collect()
                    }
                    // no deal follows another
                    MachineId::Deal(_) => return Err(Undelivered::Misaddressed),
                };
                self.deliver_all(follows)$($await)*
            }
        }
    };
}

outbox!(Agent, Repository, PaymentGateway, [async], [.await]);
outbox!(BlockingAgent, BlockingRepository, BlockingGateway, [], []);
