//! What the desk has beside single deals: projects in milestones, the baskets that pay for them, balances with withdrawals.
//! What one machine tells another is delivered here, as often as it likes: by the worker from the outbox, and at once by
//! whoever has just done something, so that the next page is up to date.

mod balances;
mod projects;

use std::fmt::Display;

use escrow::agent::{ActError, Acted, Committed};
use escrow::deal::CommandKind;
use escrow::deal::command::{DestinationUse, SetDestination};
use escrow::deposit::LegState;
use escrow::machine::RejectionClass;
use escrow::port::{Aggregate, Clock as _, Commit, CommitError, Repository as _, SystemClock};
use escrow::{Actor, Agent, Caller, Context, Deal, DealId, Destination, Payee};
use escrow_host::Problem;
use escrow_market::balance::{BalancePolicy, Holder};
use escrow_market::follow::MachineId;
use escrow_market::{Balance, BalanceId, Basket, BasketId, Outbox, Project, ProjectId, Undelivered};
use escrow_market::{balance, basket, project};
use escrow_store::Storable;

use crate::Desk;
use crate::bank::DeskGateway;
use crate::deals::DealsError;
use crate::error::Failure;

pub(crate) use projects::{Planned, ProjectProposal, actor, outstanding};

/// A machine's refusal, as far as a page or a client needs it.
pub(crate) trait Refusal: Display {
    fn row(&self) -> (RejectionClass, &'static str);
}

macro_rules! refusal {
    ($($rejection:ty),*) => { $(
        impl Refusal for $rejection {
            fn row(&self) -> (RejectionClass, &'static str) {
                (self.class(), self.code())
            }
        }
    )* };
}

refusal!(project::Rejection, balance::Rejection, basket::Rejection);

pub(crate) fn refused(rejection: &impl Refusal) -> Failure {
    let (class, code) = rejection.row();
    Problem::rejected(class, code, rejection.to_string()).into()
}

/// What was committed is done, whatever the bank said of it afterwards: the worker goes on.
pub(crate) fn done<M: Aggregate<Rejection: Refusal>>(
    acted: Result<Acted<M>, ActError<DealsError, M::Rejection>>,
) -> Result<(), Failure> {
    match acted {
        Ok(_) => Ok(()),
        Err(error) if error.committed() == Committed::Yes => Ok(()),
        Err(ActError::Rejected(rejection)) => Err(refused(&rejection)),
        Err(ActError::NotFound) => Err(Failure::not_found()),
        Err(error) => Err(Failure::internal(&error)),
    }
}

/// The code of what a machine does not take from another one.
pub(crate) const REFUSED: &str = "not-taken";

fn delivered(done: Result<(), Undelivered<DealsError>>) -> Result<(), Failure> {
    done.map_err(|undelivered| {
        let code = if undelivered.is_refused() { REFUSED } else { "try-again" };
        Failure::new(503, code, "Try again", undelivered.to_string())
    })
}

type DeskAgent<'d> = Agent<&'d SystemClock, &'d DeskGateway>;

impl Desk {
    fn agent(&self) -> DeskAgent<'_> {
        Agent::new(self.host.clock(), self.host.gateway())
    }

    fn outbox<'o, 'd: 'o>(
        &'d self,
        agent: &'o DeskAgent<'d>,
    ) -> Result<Outbox<'o, DeskAgent<'d>, crate::deals::Deals>, Failure> {
        let operator = Actor::Operator(self.config.arbiter.parse().map_err(|e| Failure::internal(&e))?);
        Ok(Outbox { agent, repository: self.host.repository(), operator })
    }

    /// Commits a machine that has just begun. One that is there already is left as it is.
    async fn begin<M: Storable>(&self, machine: &M, first: &escrow::Transition<M>) -> Result<bool, Failure> {
        let commit = Commit::new(None, first.events(), machine, self.now());
        match self.host.repository().commit(commit).await {
            Ok(()) => Ok(true),
            Err(CommitError::Conflict) => Ok(false),
            Err(CommitError::Unknown(error)) => Err(error.into()),
        }
    }

    /// Tells whatever follows a deal what it does not know yet: its project, its basket, its payees' balances. And its seller's
    /// earnings go to their balance, where they have said so.
    pub(crate) async fn follow_deal(&self, id: DealId) -> Result<(), Failure> {
        let deal: Option<Deal> = self.host.repository().load(id).await?;
        let Some(deal) = deal else { return Ok(()) };
        self.keep_earnings_of(&deal).await?;
        let mut followers = Vec::new();
        if let Some(project) = self.store.project_of(id)? {
            followers.push(MachineId::Project(project));
            if let Some(basket) = self.store.basket_of(project)? {
                let opened: Option<Basket> = self.host.repository().load(basket).await?;
                followers.extend(opened.map(|basket| MachineId::Basket(basket.id())));
            }
        }
        for leg in deal.legs().iter().filter(|leg| leg.state() == LegState::Credited) {
            let holder = Holder::of(leg.payee(), &deal);
            let balance = self.balance_of(&holder, leg.amount().currency()).await?;
            followers.push(MachineId::Balance(balance));
        }
        for debt in deal.debts() {
            let known = self.store.balance_of(&Holder::of(&debt.debtor, &deal), debt.amount.currency())?;
            followers.extend(known.map(MachineId::Balance));
        }
        followers.sort_unstable();
        followers.dedup();
        if followers.is_empty() {
            return Ok(());
        }
        let agent = self.agent();
        delivered(Box::pin(self.outbox(&agent)?.deal_changed(id, &followers)).await)
    }

    async fn keep_earnings_of(&self, deal: &Deal) -> Result<(), Failure> {
        let seller = &deal.terms().seller;
        let is_chosen = deal.destination(&Payee::Seller, DestinationUse::Payouts).is_some();
        if is_chosen || deal.phase().has_ended() || !self.store.keeps_earnings(seller)? {
            return Ok(());
        }
        let actor = Actor::Party(seller.clone());
        if deal.allowed(&actor, self.now()).check(CommandKind::SetDestination).is_ok() {
            let choice = SetDestination::new(Payee::Seller, Destination::Balance);
            Box::pin(self.host.act(deal.id(), choice, Caller::from(actor))).await?;
        }
        Ok(())
    }

    /// A balance, opened where there is none.
    async fn balance_of(&self, holder: &Holder, currency: escrow::Currency) -> Result<BalanceId, Failure> {
        let id = self.store.balance_for(holder, currency)?;
        let known: Option<Balance> = self.host.repository().load(id).await?;
        if known.is_none() {
            let context = Context::clock(self.host.clock().now());
            let opened = Balance::open(id, holder.clone(), currency, BalancePolicy::default(), &context);
            let (balance, first) = opened.map_err(|rejection| refused(&rejection))?;
            self.begin(&balance, &first).await?;
        }
        Ok(id)
    }

    /// Opens what a project asks for, and hears of its deals.
    pub(crate) async fn follow_project(&self, id: ProjectId) -> Result<(), Failure> {
        let agent = self.agent();
        delivered(Box::pin(self.outbox(&agent)?.project_changed(id)).await)?;
        let project: Option<Project> = self.host.repository().load(id).await?;
        for run in project.iter().flat_map(Project::begun) {
            Box::pin(self.follow_deal(run.deal)).await?;
        }
        Ok(())
    }

    /// Gives the deals of a basket their parts of what came in.
    pub(crate) async fn follow_basket(&self, id: BasketId) -> Result<(), Failure> {
        let agent = self.agent();
        delivered(Box::pin(self.outbox(&agent)?.basket_changed(id)).await)
    }

    /// What follows from a change of a deal, at once. What cannot be done now, the worker does from the outbox.
    pub(crate) async fn after_deal(&self, id: DealId) {
        let all = async {
            self.follow_deal(id).await?;
            if let Some(project) = self.store.project_of(id)? {
                self.follow_project(project).await?;
            }
            Ok::<(), Failure>(())
        };
        later(Box::pin(all).await);
    }

    /// The same, of a change of a project.
    pub(crate) async fn after_project(&self, id: ProjectId) {
        later(Box::pin(self.follow_project(id)).await);
    }

    /// The same, of a change of a basket.
    pub(crate) async fn after_basket(&self, id: BasketId) {
        let all = async {
            self.follow_basket(id).await?;
            if let Some(project) = self.store.project_paid_by(id)? {
                self.follow_project(project).await?;
            }
            Ok::<(), Failure>(())
        };
        later(Box::pin(all).await);
    }
}

fn later(done: Result<(), Failure>) {
    if let Err(failure) = done {
        tracing::info!(detail = failure.0.detail, "what follows is left to the worker");
    }
}
