//! The host: commands with their effects.

use std::fmt::Display;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use escrow::agent::{ActError, Acted, Agent, AgentError, Caller, CheckoutError, Committed};
use escrow::deal::command::{Proposal, RequestPayment};
use escrow::machine::Machine;
use escrow::port::{
    Aggregate, AggregateId, Backlog, CheckoutForm, ClientReceipt, Clock, MachineKey, PaymentGateway,
    Repository,
};
use escrow::terms::{Problem, TermsError, Unsettled};
use escrow::{Actor, Deal, DealId, Rejection};
use thiserror::Error;

use crate::figures::{Counters, count};
use crate::heard::{Notes, Run};
use crate::{Backoff, Figures};

/// Everything that a host has: where it stores, who moves its money, and what time it is. Shared behind an [`Arc`] by
/// whoever serves requests and by the workers.
#[derive(Debug)]
pub struct Host<R, G, C> {
    pub(crate) repository: R,
    pub(crate) gateway: G,
    pub(crate) clock: C,
    pub(crate) backoff: Backoff,
    balances: bool,
    pub(crate) counters: Counters,
    /// What could not be noted, since the storage failed: noted with the next that can.
    unwritten: Mutex<Notes>,
}

/// Builds a [`Host`].
#[derive(Debug)]
pub struct HostBuilder<R, G, C> {
    repository: R,
    gateway: G,
    clock: C,
    backoff: Backoff,
    balances: bool,
}

impl<R, G, C> HostBuilder<R, G, C> {
    /// When to ask again about orders.
    #[must_use]
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// It keeps balances: what the outbox delivers is credited there. Without it, no deal is opened that credits money to
    /// balances (`policy.unsettled` = `to_balance`, which the presets have), since nobody would ever see it.
    #[must_use]
    pub const fn keeps_balances(mut self) -> Self {
        self.balances = true;
        self
    }

    /// The host.
    pub fn build(self) -> Arc<Host<R, G, C>> {
        let Self { repository, gateway, clock, backoff, balances } = self;
        Arc::new(Host {
            repository,
            gateway,
            clock,
            backoff,
            balances,
            counters: Counters::default(),
            unwritten: Mutex::default(),
        })
    }
}

impl<R, G, C> Host<R, G, C> {
    /// A host on these ports.
    pub fn builder(repository: R, gateway: G, clock: C) -> HostBuilder<R, G, C> {
        HostBuilder { repository, gateway, clock, backoff: Backoff::default(), balances: false }
    }

    /// Where it stores.
    pub const fn repository(&self) -> &R {
        &self.repository
    }

    /// Who moves its money.
    pub const fn gateway(&self) -> &G {
        &self.gateway
    }

    /// Its clock.
    pub const fn clock(&self) -> &C {
        &self.clock
    }
}

/// What a command to the machine with such an id leads to.
pub(crate) type Done<I, R> = Result<
    Acted<<I as AggregateId>::Of>,
    ActError<
        <R as Repository<<I as AggregateId>::Of>>::Error,
        <<I as AggregateId>::Of as Machine>::Rejection,
    >,
>;

impl<R: Backlog, G: PaymentGateway<Error: Display>, C: Clock + Sync> Host<R, G, C> {
    /// Creates a deal and commits it.
    ///
    /// # Errors
    /// [`AgentError::Conflict`] where the id is taken already: a client that sends its request again is answered by
    /// [`Host::once`]. A rejection, also of terms that credit money to balances where the host keeps none; a commit that
    /// failed.
    pub async fn open(
        &self,
        id: DealId,
        proposal: impl Into<Proposal> + Send,
        caller: impl Into<Caller> + Send,
    ) -> Result<Deal, AgentError<<R as Backlog>::Error>>
    where
        R: Repository<Deal, Error = <R as Backlog>::Error>,
    {
        let proposal = proposal.into();
        if !self.balances && proposal.terms.policy.unsettled == Unsettled::ToBalance {
            count(&self.counters.rejected);
            let error = TermsError::in_policy("unsettled", Problem::NeedsBalances);
            return Err(AgentError::Rejected(Rejection::Terms(error)));
        }
        let opened =
            Agent::new(&self.clock, &self.gateway).open(&mut &self.repository, id, proposal, caller).await;
        match &opened {
            Ok(_) => count(&self.counters.commands),
            Err(AgentError::Rejected(_)) => count(&self.counters.rejected),
            Err(AgentError::Conflict) => count(&self.counters.conflicts),
            Err(_) => count(&self.counters.storage_errors),
        }
        opened
    }

    /// Carries out a command and the orders that follow from it. An order that the gateway does not answer waits for the
    /// worker, and is no error.
    ///
    /// # Errors
    /// [`ActError`], which says whether the command was committed.
    pub async fn act<I: AggregateId>(
        &self,
        id: I,
        command: impl Into<<I::Of as Machine>::Command> + Send,
        caller: impl Into<Caller> + Send,
    ) -> Done<I, R>
    where
        R: Repository<I::Of>,
    {
        let run = self.run::<I>(id, Vec::new());
        let agent = Agent::new(&self.clock, &run).observed_by(&run);
        let done = agent.act(&self.repository, id, command, caller).await;
        self.finish(run, done).await
    }

    /// Commits a command, and leaves its orders to a worker.
    ///
    /// # Errors
    /// [`ActError`].
    pub async fn commit_only<I: AggregateId>(
        &self,
        id: I,
        command: impl Into<<I::Of as Machine>::Command> + Send,
        caller: impl Into<Caller> + Send,
    ) -> Done<I, R>
    where
        R: Repository<I::Of>,
    {
        let run = self.run::<I>(id, Vec::new());
        let agent = Agent::new(&self.clock, &run).observed_by(&run);
        let done = agent.commit_only(&self.repository, id, command, caller).await;
        self.finish(run, done).await
    }

    /// Takes what a gateway tells, once its signature is verified. A fact that is refused is an incident, and an error all
    /// the same: the gateway tells it again, and a person looks into it.
    ///
    /// # Errors
    /// [`ActError`]. Answer `2xx` where [`ActError::committed`] is yes, and an error otherwise.
    pub async fn webhook<I: AggregateId>(
        &self,
        id: I,
        fact: impl Into<<I::Of as Machine>::Command> + Send,
    ) -> Done<I, R>
    where
        R: Repository<I::Of>,
    {
        self.act(id, fact, Actor::Gateway).await
    }

    /// Asks for a payment in a party's name, and gives the gateway's form for it. Sent again, it gives the form again.
    ///
    /// # Errors
    /// [`CheckoutFailed`]; no money moves either way.
    pub async fn checkout(
        &self,
        id: DealId,
        request: RequestPayment,
        caller: impl Into<Caller> + Send,
    ) -> Result<CheckoutForm, CheckoutFailed<<R as Repository<Deal>>::Error, G::Error>>
    where
        R: Repository<Deal>,
    {
        let acted = self.act(id, request.clone(), caller).await.map_err(CheckoutFailed::Act)?;
        let agent = Agent::new(&self.clock, &self.gateway);
        agent.checkout(&acted.after, &request).await.map_err(CheckoutFailed::Checkout)
    }

    /// Does a client's work once for its key: sent again with the same request, it gets the first answer. Work that failed
    /// leaves no trace, and is done when it is sent again.
    ///
    /// # Errors
    /// [`OnceFailed`].
    pub async fn once<E>(
        &self,
        scope: &str,
        key: &str,
        request: &str,
        work: impl Future<Output = Result<String, E>> + Send,
    ) -> Result<String, OnceFailed<<R as Backlog>::Error, E>> {
        if let Some(known) = self.repository.receipt(scope, key).await.map_err(OnceFailed::Storage)? {
            return if known.request == request { Ok(known.answer) } else { Err(OnceFailed::KeyReused) };
        }
        let answer = work.await.map_err(OnceFailed::Work)?;
        let receipt = ClientReceipt { request: request.to_owned(), answer, at: self.clock.now() };
        let kept = self.repository.keep_receipt(scope, key, receipt).await.map_err(OnceFailed::Storage)?;
        if kept.request == request { Ok(kept.answer) } else { Err(OnceFailed::KeyReused) }
    }

    /// Fires what is due on a machine, and asks again about every order without an answer, with what is known of their tries:
    /// what a worker does, and what an operator's button may do.
    ///
    /// # Errors
    /// [`ActError`].
    pub async fn catch_up<I: AggregateId>(&self, id: I) -> Done<I, R>
    where
        R: Repository<I::Of>,
    {
        // without them the orders are asked about all the same
        let known = self.repository.attempts(&MachineKey::new(<I::Of>::KIND, id)).await.unwrap_or_default();
        let run = self.run::<I>(id, known);
        let agent = Agent::new(&self.clock, &run).observed_by(&run);
        let done = agent.catch_up(&self.repository, id).await;
        self.finish(run, done).await
    }

    /// How much waits, and what was done.
    ///
    /// # Errors
    /// The storage failed.
    pub async fn figures(&self) -> Result<Figures, <R as Backlog>::Error> {
        let now = self.clock.now();
        let backlog = self.repository.backlogged(now).await?;
        let tallies = self.repository.tallied(now).await?;
        let gateway_errors = self.counters.gateway_errors();
        Ok(Figures { backlog, tallies, counts: self.counters.read(), gateway_errors })
    }

    pub(crate) fn run<I: AggregateId>(&self, id: I, known: Vec<escrow::port::Attempt>) -> Run<'_, G, C> {
        let machine = MachineKey::new(<I::Of>::KIND, id);
        Run::new(&self.gateway, &self.clock, &self.counters, self.backoff, machine, known)
    }

    /// Counts, and notes what was heard.
    pub(crate) async fn finish<M: Aggregate, E>(
        &self,
        run: Run<'_, G, C>,
        done: Result<Acted<M>, ActError<E, M::Rejection>>,
    ) -> Result<Acted<M>, ActError<E, M::Rejection>> {
        match &done {
            Ok(_) => count(&self.counters.commands),
            Err(ActError::Rejected(_) | ActError::NotFound) => count(&self.counters.rejected),
            Err(error) => {
                count(&self.counters.storage_errors);
                if error.committed() == Committed::Unknown {
                    let detail = format!("a command to {} {}", run.machine().kind, run.machine().id);
                    run.incident(self.clock.now(), "commit-unknown", detail);
                }
            }
        }
        self.note(run.into_notes()).await;
        done
    }

    /// Notes what was heard; what cannot be noted now, is noted later.
    pub(crate) async fn note(&self, notes: Notes) {
        let mut all = std::mem::take(&mut *self.unwritten.lock().unwrap_or_else(PoisonError::into_inner));
        all.append(notes);
        if all.is_empty() {
            return;
        }
        let Notes { attempts, incidents } = all;
        let mut left = Notes::default();
        if !attempts.is_empty() && self.repository.tried(attempts.clone()).await.is_err() {
            left.attempts = attempts;
        }
        if !incidents.is_empty() && self.repository.incidents(incidents.clone()).await.is_err() {
            left.incidents = incidents;
        }
        if !left.is_empty() {
            self.unwritten.lock().unwrap_or_else(PoisonError::into_inner).append(left);
        }
    }
}

/// Why there is no form.
#[derive(Debug, Error)]
pub enum CheckoutFailed<E, G> {
    /// The request was not committed.
    #[error(transparent)]
    Act(ActError<E>),
    /// The gateway gives no form.
    #[error(transparent)]
    Checkout(CheckoutError<G>),
}

/// Why there is no answer under a client's key.
#[derive(Debug, Error)]
pub enum OnceFailed<S, E> {
    /// The client has used the key for another request.
    #[error("the key was used for another request")]
    KeyReused,
    /// The storage failed.
    #[error("the storage failed")]
    Storage(#[source] S),
    /// The work failed.
    #[error(transparent)]
    Work(E),
}
