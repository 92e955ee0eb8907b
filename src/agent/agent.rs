//! The async agent.

use std::fmt::Debug;
use std::sync::Arc;

use super::act::{Act, ActError, Acted, Committed, Need, Stopped};
use super::error::{AgentError, CheckoutError, FollowError};
use super::observer::{Observer, RefusedFact};
use super::stepper::{Caller, Opening, Receipt, Step, Stepper};
use crate::Context;
use crate::deal::command::{
    Answered, Checkpoint, CheckpointKind, Proposal, RecordTracking, RequestPayment, Wake,
};
use crate::deal::{Command, Deal, PendingOrder};
use crate::deposit::{Transaction, TxId};
use crate::machine::Machine;
use crate::port::{
    Aggregate, AggregateId, CheckoutForm, CheckoutRequest, Clock, CommitError, EventSink, PaymentGateway,
    Repository, Tracker,
};
use crate::{Actor, DealId, Side};

/// Carries commands out: commits what happened, then has the gateway act, then commits its answers.
///
/// Nothing leaves the process before the journal has it, so after a crash at any point the host reloads the deal and
/// calls [`Agent::resume`]: the same orders go out under the same keys.
#[derive(Clone, Copy, Debug)]
pub struct Agent<C, G, O = ()> {
    /// Tells the time.
    pub clock: C,
    /// Moves the money.
    pub gateway: G,
    /// Hears what goes wrong.
    pub observer: O,
}

impl<C, G> Agent<C, G> {
    /// An agent with its clock and its gateway.
    pub const fn new(clock: C, gateway: G) -> Self {
        Self { clock, gateway, observer: () }
    }
}

impl<C, G, O> Agent<C, G, O> {
    /// The same agent, observed.
    pub fn observed_by<P>(self, observer: P) -> Agent<C, G, P> {
        let Self { clock, gateway, observer: _ } = self;
        Agent { clock, gateway, observer }
    }
}

impl<C: Clock + Sync, G: PaymentGateway, O: Observer<G::Error> + Sync> Agent<C, G, O> {
    /// Creates a deal and commits it.
    ///
    /// # Errors
    /// [`AgentError::Conflict`] where the id is taken already; a rejection; a commit that failed.
    pub async fn open<S: EventSink>(
        &self,
        sink: &mut S,
        id: DealId,
        proposal: impl Into<Proposal> + Send,
        caller: impl Into<Caller> + Send,
    ) -> Result<Deal, AgentError<S::Error>> {
        let context = caller.into().at(self.clock.now());
        let opening = Opening::new(id, proposal.into(), &context)?;
        sink.commit(opening.commit()).await?;
        Ok(opening.deal)
    }

    /// Carries out a command, and the orders that follow.
    ///
    /// # Errors
    /// [`AgentError`]; on a conflict or an unknown commit the deal is as it was last committed: reload and resume.
    pub async fn submit<S: EventSink>(
        &self,
        sink: &mut S,
        deal: &mut Deal,
        command: &Command,
        caller: impl Into<Caller> + Send,
    ) -> Result<Receipt, AgentError<S::Error>> {
        let context = caller.into().at(self.clock.now());
        self.run(sink, Stepper::submit(deal, command, &context)?).await
    }

    /// Fires what is due, and carries out the orders that follow.
    ///
    /// # Errors
    /// As [`Agent::submit`].
    pub async fn wake<S: EventSink>(
        &self,
        sink: &mut S,
        deal: &mut Deal,
    ) -> Result<Receipt, AgentError<S::Error>> {
        let context = Context::clock(self.clock.now());
        self.run(sink, Stepper::submit(deal, &Command::Wake(Wake {}), &context)?).await
    }

    /// Fires what is due, and asks the gateway again about every order that has no answer, under the same keys.
    ///
    /// # Errors
    /// As [`Agent::submit`].
    pub async fn resume<S: EventSink>(
        &self,
        sink: &mut S,
        deal: &mut Deal,
    ) -> Result<Receipt, AgentError<S::Error>> {
        self.run(sink, Stepper::resume(deal, self.clock.now())?).await
    }

    /// The gateway's form for a payment request that was submitted. Can be asked for again at any time.
    ///
    /// # Errors
    /// [`CheckoutError`]; no money moves either way.
    pub async fn checkout(
        &self,
        deal: &Deal,
        request: &RequestPayment,
    ) -> Result<CheckoutForm, CheckoutError<G::Error>> {
        let checkout = checkout_request(deal, request).ok_or(CheckoutError::NotRequested)?;
        self.gateway.checkout(checkout).await.map_err(CheckoutError::Gateway)
    }

    /// Asks the tracker what has become of the delivery, and submits every checkpoint; those that are known already
    /// change nothing. `Ok(None)`: no track is attached.
    ///
    /// # Errors
    /// [`FollowError`]: the tracker could not be asked, or a checkpoint could not be submitted. One that the deal refuses is
    /// reported once all others are submitted.
    pub async fn follow<S: EventSink, T: Tracker>(
        &self,
        sink: &mut S,
        deal: &mut Deal,
        tracker: &T,
    ) -> Result<Option<Receipt>, FollowError<T::Error, S::Error>> {
        let Some(track) = deal.track().cloned().map(Arc::new) else {
            return Ok(None);
        };
        let from_version = deal.version();
        let history = tracker.history(&track).await.map_err(FollowError::Tracker)?;
        let mut refused = None;
        for checkpoint in news(deal, history) {
            let record = RecordTracking { track: track.clone(), checkpoint: Arc::new(checkpoint) };
            match self.submit(sink, deal, &record.into(), Actor::Tracker).await {
                // one that contradicts what is recorded holds up no other
                Err(AgentError::Rejected(rejection)) => refused = refused.or(Some(rejection)),
                done => drop(done?),
            }
        }
        match refused {
            Some(rejection) => Err(AgentError::Rejected(rejection).into()),
            None => Ok(Some(Receipt::since(from_version, deal))),
        }
    }

    async fn run<S: EventSink>(
        &self,
        sink: &mut S,
        mut stepper: Stepper<'_>,
    ) -> Result<Receipt, AgentError<S::Error>> {
        let mut refused = None;
        let failed = loop {
            match stepper.step() {
                Step::Commit(commit) => match sink.commit(commit).await {
                    Ok(()) => stepper.committed(),
                    Err(error) => break Some(error),
                },
                Step::Execute(order) => {
                    let answer = self.ask(order).await;
                    // a fact that the deal refuses is reported at the end, and holds up no other order
                    if let Err((order, rejection)) = stepper.executed(answer.clone(), self.clock.now()) {
                        self.refused::<Deal>(stepper.id(), Some(order), &answer, &rejection);
                        refused = refused.or(Some((order, rejection)));
                    }
                }
                Step::Done => break None,
            }
        };
        if let Some(CommitError::Conflict) = failed {
            self.observer.conflict(Deal::KIND, &stepper.id(), 1);
        }
        match (refused, failed) {
            (Some((transaction, rejection)), then) => {
                Err(AgentError::FactRefused { transaction, rejection, then })
            }
            (None, Some(error)) => Err(error.into()),
            (None, None) => Ok(stepper.receipt()),
        }
    }

    /// Loads the machine, judges the command, commits what follows, and has the gateway carry out the orders of it. Where
    /// somebody else was faster, it is judged again on what they have stored, a bounded number of times: neither the command
    /// nor an answer of the gateway's is lost to a race.
    ///
    /// # Errors
    /// [`ActError`], which says whether the command was committed.
    pub async fn act<I: AggregateId, R: Repository<I::Of>>(
        &self,
        repository: &R,
        id: I,
        command: impl Into<<I::Of as Machine>::Command> + Send,
        caller: impl Into<Caller> + Send,
    ) -> Done<I, R> {
        self.drive(repository, Act::new(id, command.into(), caller.into())).await
    }

    /// As [`Agent::act`], without the gateway: the orders wait for whoever resumes the machine, such as a worker.
    ///
    /// # Errors
    /// [`ActError`]; what is not committed is not written.
    pub async fn commit_only<I: AggregateId, R: Repository<I::Of>>(
        &self,
        repository: &R,
        id: I,
        command: impl Into<<I::Of as Machine>::Command> + Send,
        caller: impl Into<Caller> + Send,
    ) -> Done<I, R> {
        self.drive(repository, Act::commit_only(id, command.into(), caller.into())).await
    }

    /// Loads the machine, fires what is due, and asks the gateway again about every order without an answer, under the same
    /// keys: what a worker does with what is due, and with what is unanswered.
    ///
    /// # Errors
    /// [`ActError`].
    pub async fn catch_up<I: AggregateId, R: Repository<I::Of>>(&self, repository: &R, id: I) -> Done<I, R> {
        self.drive(repository, Act::resume(id)).await
    }

    /// Steps an [`Act`] to its end, from wherever it has come to: what [`Agent::act`] does from its beginning on. For a host
    /// that loads and commits several together, and leaves the rest of each to the agent.
    ///
    /// # Errors
    /// [`ActError`].
    pub async fn drive<M: Aggregate, R: Repository<M>>(
        &self,
        repository: &R,
        mut act: Act<M>,
    ) -> Result<Acted<M>, ActError<R::Error, M::Rejection>> {
        let mut refused = None;
        let stopped = loop {
            match act.need() {
                Need::Load(id) => match repository.load(id).await {
                    Ok(Some(machine)) => match act.loaded(machine, self.clock.now()) {
                        Ok(()) => {}
                        Err((None, rejection)) => {
                            if act.tells_a_fact() {
                                self.refused::<M>(id, None, act.command(), &rejection);
                            }
                            return Err(ActError::Rejected(rejection));
                        }
                        Err((Some(order), rejection)) => {
                            self.refused::<M>(id, Some(order), &"its answer", &rejection);
                            refused = refused.or(Some((order, rejection)));
                        }
                    },
                    Ok(None) => return Err(ActError::NotFound),
                    Err(error) => break Some((Stopped::Storage(error), act.known())),
                },
                Need::Commit(commit) => match repository.commit(commit).await {
                    Ok(()) => act.committed(),
                    Err(CommitError::Conflict) => match act.conflict() {
                        Some(lost) => self.observer.conflict(M::KIND, &act.id(), lost),
                        None => break Some((Stopped::Conflict, act.known())),
                    },
                    Err(CommitError::Unknown(error)) => {
                        let committed = if act.is_committed() { Committed::Yes } else { Committed::Unknown };
                        break Some((Stopped::Storage(error), committed));
                    }
                },
                Need::Execute(order) => {
                    let answer = self.ask(order).await;
                    if let Err((order, rejection)) = act.executed(answer.clone(), self.clock.now()) {
                        self.refused::<M>(act.id(), Some(order), &answer, &rejection);
                        refused = refused.or(Some((order, rejection)));
                    }
                }
                Need::Done => break None,
            }
        };
        match (refused, stopped) {
            (Some((transaction, rejection)), stopped) => {
                Err(ActError::FactRefused { transaction, rejection, then: stopped.map(|(why, _)| why) })
            }
            (None, Some((stopped, committed))) => Err(ActError::Stopped { stopped, committed }),
            (None, None) => act.done().ok_or(ActError::NotFound),
        }
    }

    async fn ask(&self, order: PendingOrder<'_>) -> Option<Answered> {
        match self.gateway.execute(order).await {
            Ok(answer) => Some(answer),
            Err(error) => {
                self.observer.gateway_failed(&order, &error);
                None
            }
        }
    }

    fn refused<M: Aggregate>(
        &self,
        id: M::Id,
        order: Option<TxId>,
        fact: &dyn Debug,
        rejection: &M::Rejection,
    ) {
        self.observer.fact_refused(&RefusedFact::new(M::KIND, &id, order, fact, rejection));
    }
}

/// The machine after what was done.
type Done<I, R> = Result<
    Acted<<I as AggregateId>::Of>,
    ActError<
        <R as Repository<<I as AggregateId>::Of>>::Error,
        <<I as AggregateId>::Of as Machine>::Rejection,
    >,
>;

/// The open request with this key, as the gateway needs it.
pub(super) fn checkout_request<'a>(
    deal: &'a Deal,
    request: &'a RequestPayment,
) -> Option<CheckoutRequest<'a>> {
    let same = |t: &&Transaction| {
        t.key() == Some(&request.key)
            && t.deposit() == request.deposit
            // another method may be another gateway's: one key is never sent to two
            && t.method() == Some(&request.form.method)
    };
    let asked = deal.transactions().iter().find(same).filter(|t| t.is_pending())?;
    // nobody is asked to pay what would be refunded at once
    let deposit = deal.deposit(asked.deposit()).filter(|deposit| deal.takes_money(deposit))?;
    let terms = deal.terms();
    let payer = match deposit.owner {
        Side::Buyer => &terms.buyer,
        Side::Seller => &terms.seller,
    };
    let described = terms.description.as_deref();
    let first_item = || terms.items.first().map(|item| &*item.name);
    let checkout =
        CheckoutRequest::new(deal.key(asked.id()), asked.deposit(), asked.amount(), &request.form, payer)
            .description(described.or_else(first_item))
            .order_id(terms.order_id.as_deref());
    Some(checkout)
}

/// The checkpoints that the deal has not seen: those after the last one in the history that it knows. By place and not by
/// time, since many trackers know days only. The deal keeps the latest few ids, so a longer history would be recorded
/// again each time. A delivery or a refusal is news in any place: the clocks of scanners differ.
pub(super) fn news(deal: &Deal, history: Vec<Checkpoint>) -> Vec<Checkpoint> {
    let known = |c: &Checkpoint| deal.work().scan(&c.id).is_some();
    let seen = history.iter().rposition(known).map_or(0, |i| i.saturating_add(1));
    let decides = |c: &Checkpoint| match c.kind {
        CheckpointKind::Final | CheckpointKind::Refused => true,
        CheckpointKind::Progress => false,
    };
    let mut news = Vec::new();
    for (place, checkpoint) in history.into_iter().enumerate() {
        let is_told = deal.work().scan(&checkpoint.id).is_some_and(|(kind, _)| kind == checkpoint.kind);
        if place >= seen || decides(&checkpoint) && !is_told {
            news.push(checkpoint);
        }
    }
    news
}
