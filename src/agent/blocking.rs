//! The agent for hosts without an async runtime: the same loop, without `await`.

use std::sync::Arc;

use super::agent::{checkout_request, news};
use super::error::{AgentError, CheckoutError, FollowError};
use super::stepper::{Caller, Opening, Receipt, Step, Stepper};
use crate::Context;
use crate::deal::command::{RecordTracking, RequestPayment, Wake};
use crate::deal::{Command, Deal};
use crate::port::blocking::{EventSink, PaymentGateway, Tracker};
use crate::port::{CheckoutForm, Clock};
use crate::terms::Terms;
use crate::{Actor, DealId};

/// Carries commands out. See [`super::Agent`].
#[derive(Clone, Copy, Debug)]
pub struct Agent<C, G> {
    /// Tells the time.
    pub clock: C,
    /// Moves the money.
    pub gateway: G,
}

impl<C: Clock, G: PaymentGateway> Agent<C, G> {
    /// An agent with its clock and its gateway.
    pub const fn new(clock: C, gateway: G) -> Self {
        Self { clock, gateway }
    }

    /// Creates a deal and commits it.
    ///
    /// # Errors
    /// [`AgentError::Conflict`] where the id is taken already; a rejection; a commit that failed.
    pub fn open<S: EventSink>(
        &self,
        sink: &mut S,
        id: DealId,
        terms: impl Into<Arc<Terms>>,
        caller: impl Into<Caller>,
    ) -> Result<Deal, AgentError<S::Error>> {
        let context = caller.into().at(self.clock.now());
        let opening = Opening::new(id, terms.into(), &context)?;
        sink.commit(opening.commit())?;
        Ok(opening.deal)
    }

    /// Carries out a command, and the orders that follow.
    ///
    /// # Errors
    /// [`AgentError`]; on a conflict or an unknown commit the deal is as it was last committed: reload and resume.
    pub fn submit<S: EventSink>(
        &self,
        sink: &mut S,
        deal: &mut Deal,
        command: &Command,
        caller: impl Into<Caller>,
    ) -> Result<Receipt, AgentError<S::Error>> {
        let context = caller.into().at(self.clock.now());
        self.run(sink, Stepper::submit(deal, command, &context)?)
    }

    /// Fires what is due, and carries out the orders that follow.
    ///
    /// # Errors
    /// As [`Agent::submit`].
    pub fn wake<S: EventSink>(&self, sink: &mut S, deal: &mut Deal) -> Result<Receipt, AgentError<S::Error>> {
        let context = Context::clock(self.clock.now());
        self.run(sink, Stepper::submit(deal, &Command::Wake(Wake {}), &context)?)
    }

    /// Fires what is due, and asks the gateway again about every order that has no answer, under the same keys.
    ///
    /// # Errors
    /// As [`Agent::submit`].
    pub fn resume<S: EventSink>(
        &self,
        sink: &mut S,
        deal: &mut Deal,
    ) -> Result<Receipt, AgentError<S::Error>> {
        self.run(sink, Stepper::resume(deal, self.clock.now())?)
    }

    /// The gateway's form for a payment request that was submitted. Can be asked for again at any time.
    ///
    /// # Errors
    /// [`CheckoutError`]; no money moves either way.
    pub fn checkout(
        &self,
        deal: &Deal,
        request: &RequestPayment,
    ) -> Result<CheckoutForm, CheckoutError<G::Error>> {
        let checkout = checkout_request(deal, request).ok_or(CheckoutError::NotRequested)?;
        self.gateway.checkout(checkout).map_err(CheckoutError::Gateway)
    }

    /// Asks the tracker what has become of the delivery, and submits every checkpoint; those that are known already
    /// change nothing. `Ok(None)`: no track is attached.
    ///
    /// # Errors
    /// [`FollowError`]: the tracker could not be asked, or a checkpoint could not be submitted.
    pub fn follow<S: EventSink, T: Tracker>(
        &self,
        sink: &mut S,
        deal: &mut Deal,
        tracker: &T,
    ) -> Result<Option<Receipt>, FollowError<T::Error, S::Error>> {
        let Some(track) = deal.track().cloned().map(Arc::new) else {
            return Ok(None);
        };
        let from_version = deal.version();
        let history = tracker.history(&track).map_err(FollowError::Tracker)?;
        for checkpoint in news(deal, history) {
            let record = RecordTracking { track: track.clone(), checkpoint: Arc::new(checkpoint) };
            self.submit(sink, deal, &record.into(), Actor::Tracker)?;
        }
        Ok(Some(Receipt::since(from_version, deal)))
    }

    fn run<S: EventSink>(
        &self,
        sink: &mut S,
        mut stepper: Stepper<'_>,
    ) -> Result<Receipt, AgentError<S::Error>> {
        let mut refused = None;
        loop {
            match stepper.step() {
                Step::Commit(commit) => {
                    sink.commit(commit)?;
                    stepper.committed();
                }
                Step::Execute(order) => {
                    let answer = self.gateway.execute(order);
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
