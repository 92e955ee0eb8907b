//! The async agent.

use std::sync::Arc;

use super::error::{AgentError, CheckoutError, FollowError};
use super::stepper::{Caller, Opening, Receipt, Step, Stepper};
use crate::Context;
use crate::deal::command::{Checkpoint, CheckpointKind, RecordTracking, RequestPayment, Wake};
use crate::deal::{Command, Deal};
use crate::deposit::Transaction;
use crate::port::{CheckoutForm, CheckoutRequest, Clock, EventSink, PaymentGateway, Tracker};
use crate::terms::Terms;
use crate::{Actor, DealId};

/// Carries commands out: commits what happened, then has the gateway act, then commits its answers.
///
/// Nothing leaves the process before the journal has it, so after a crash at any point the host reloads the deal and
/// calls [`Agent::resume`]: the same orders go out under the same keys.
#[derive(Clone, Copy, Debug)]
pub struct Agent<C, G> {
    /// Tells the time.
    pub clock: C,
    /// Moves the money.
    pub gateway: G,
}

impl<C: Clock + Sync, G: PaymentGateway> Agent<C, G> {
    /// An agent with its clock and its gateway.
    pub const fn new(clock: C, gateway: G) -> Self {
        Self { clock, gateway }
    }

    /// Creates a deal and commits it.
    ///
    /// # Errors
    /// [`AgentError::Conflict`] where the id is taken already; a rejection; a commit that failed.
    pub async fn open<S: EventSink>(
        &self,
        sink: &mut S,
        id: DealId,
        terms: impl Into<Arc<Terms>> + Send,
        caller: impl Into<Caller> + Send,
    ) -> Result<Deal, AgentError<S::Error>> {
        let context = caller.into().at(self.clock.now());
        let opening = Opening::new(id, terms.into(), &context)?;
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
    /// [`FollowError`]: the tracker could not be asked, or a checkpoint could not be submitted.
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
        for checkpoint in news(deal, history) {
            let record = RecordTracking { track: track.clone(), checkpoint: Arc::new(checkpoint) };
            self.submit(sink, deal, &record.into(), Actor::Tracker).await?;
        }
        Ok(Some(Receipt::since(from_version, deal)))
    }

    async fn run<S: EventSink>(
        &self,
        sink: &mut S,
        mut stepper: Stepper<'_>,
    ) -> Result<Receipt, AgentError<S::Error>> {
        let mut refused = None;
        loop {
            match stepper.step() {
                Step::Commit(commit) => {
                    sink.commit(commit).await?;
                    stepper.committed();
                }
                Step::Execute(order) => {
                    let answer = self.gateway.execute(order).await;
                    // a fact that the deal refuses is reported at the end, and holds up no other order
                    if let Err((transaction, rejection)) = stepper.executed(answer.ok(), self.clock.now()) {
                        refused = refused.or(Some(AgentError::FactRefused { transaction, rejection }));
                    }
                }
                Step::Done => return refused.map_or_else(|| Ok(stepper.receipt()), Err),
            }
        }
    }
}

/// The open request with this key, as the gateway needs it.
pub(super) fn checkout_request<'a>(deal: &Deal, request: &'a RequestPayment) -> Option<CheckoutRequest<'a>> {
    let same = |t: &&Transaction| {
        t.key() == Some(&request.key)
            && t.deposit() == request.deposit
            // another method may be another gateway's: one key is never sent to two
            && t.method() == Some(&request.form.method)
    };
    let asked = deal.transactions().iter().find(same).filter(|t| t.is_pending())?;
    // nobody is asked to pay what would be refunded at once
    deal.deposit(asked.deposit()).filter(|deposit| deal.takes_money(deposit))?;
    Some(CheckoutRequest::new(deal.key(asked.id()), asked.deposit(), asked.amount(), &request.form))
}

/// The checkpoints that the deal has not seen: those after the last one in the history that it knows. By place and not by
/// time, since many trackers know days only. The deal keeps the latest few ids, so a longer history would be recorded
/// again each time. A delivery or a refusal is news in any place: the clocks of scanners differ.
pub(super) fn news(deal: &Deal, history: Vec<Checkpoint>) -> Vec<Checkpoint> {
    let known = |c: &Checkpoint| deal.work().knows(&c.id);
    let seen = history.iter().rposition(known).map_or(0, |i| i.saturating_add(1));
    let decides = |c: &Checkpoint| match c.kind {
        CheckpointKind::Final | CheckpointKind::Refused => true,
        CheckpointKind::Progress => false,
    };
    let mut news = Vec::new();
    for (place, checkpoint) in history.into_iter().enumerate() {
        if place >= seen || decides(&checkpoint) && !known(&checkpoint) {
            news.push(checkpoint);
        }
    }
    news
}
