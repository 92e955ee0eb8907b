//! What goes wrong in a run: heard at once, noted in the backlog after it.

use std::fmt::Display;
use std::sync::{Mutex, PoisonError};

use escrow::Time;
use escrow::agent::{Observer, RefusedFact};
use escrow::deal::PendingOrder;
use escrow::deal::command::Answered;
use escrow::port::{Attempt, CheckoutForm, CheckoutRequest, Clock, Incident, MachineKey, PaymentGateway};

use crate::Backoff;
use crate::figures::{Counters, count};

/// What is to be noted.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    pub(crate) attempts: Vec<Attempt>,
    pub(crate) incidents: Vec<Incident>,
}

impl Notes {
    pub(crate) const fn is_empty(&self) -> bool {
        self.attempts.is_empty() && self.incidents.is_empty()
    }

    pub(crate) fn append(&mut self, mut other: Self) {
        self.attempts.append(&mut other.attempts);
        self.incidents.append(&mut other.incidents);
    }
}

/// The ears of one run over one machine.
pub(crate) struct Run<'h, G, C> {
    gateway: &'h G,
    clock: &'h C,
    counters: &'h Counters,
    backoff: Backoff,
    machine: MachineKey,
    /// What is known of the tries of the machine's orders.
    known: Vec<Attempt>,
    notes: Mutex<Notes>,
}

impl<'h, G, C: Clock> Run<'h, G, C> {
    pub(crate) fn new(
        gateway: &'h G,
        clock: &'h C,
        counters: &'h Counters,
        backoff: Backoff,
        machine: MachineKey,
        known: Vec<Attempt>,
    ) -> Self {
        Self { gateway, clock, counters, backoff, machine, known, notes: Mutex::default() }
    }

    pub(crate) fn into_notes(self) -> Notes {
        self.notes.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) const fn machine(&self) -> &MachineKey {
        &self.machine
    }

    fn note(&self, note: impl FnOnce(&mut Notes)) {
        note(&mut self.notes.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// The order, with what is known of its tries.
    fn informed<'o>(&self, order: PendingOrder<'o>) -> PendingOrder<'o> {
        match self.known.iter().find(|attempt| attempt.order == order.number()) {
            Some(known) => order.sent(known.first_at, known.tries),
            None => order,
        }
    }

    fn unanswered(&self, order: &PendingOrder<'_>, why: String) {
        let now = self.clock.now();
        let tries = order.tries.saturating_add(1);
        #[cfg(feature = "tracing")]
        tracing::warn!(key = %order.key, kind = %order.kind, tries, why, "an order has no answer");
        let attempt = Attempt {
            machine: self.machine.clone(),
            order: order.number(),
            first_at: order.first_sent.unwrap_or(now),
            tries,
            next_at: self.backoff.next(order.key, tries, now),
            error: why,
        };
        self.note(|notes| notes.attempts.push(attempt));
    }

    pub(crate) fn incident(&self, at: Time, what: &str, detail: String) {
        let machine = Some(self.machine.clone());
        self.note(|notes| notes.incidents.push(Incident { at, machine, what: what.to_owned(), detail }));
    }
}

/// The gateway, told of the tries, and heard where it does not answer.
impl<G: PaymentGateway<Error: Display>, C: Clock + Sync> PaymentGateway for Run<'_, G, C> {
    type Error = G::Error;

    async fn checkout(&self, request: CheckoutRequest<'_>) -> Result<CheckoutForm, G::Error> {
        self.gateway.checkout(request).await
    }

    async fn execute(&self, order: PendingOrder<'_>) -> Result<Answered, G::Error> {
        let order = self.informed(order);
        let answer = self.gateway.execute(order).await;
        match &answer {
            Ok(Answered::Succeeded(_) | Answered::Declined(_)) => {}
            Ok(Answered::InProgress) => self.unanswered(&order, "in progress".to_owned()),
            Err(error) => {
                self.counters.gateway_error(order.kind);
                self.unanswered(&order, error.to_string());
            }
        }
        answer
    }
}

impl<G: PaymentGateway, C: Clock> Observer<G::Error> for Run<'_, G, C> {
    fn fact_refused(&self, refused: &RefusedFact<'_>) {
        count(&self.counters.refused_facts);
        #[cfg(feature = "tracing")]
        tracing::error!(kind = refused.kind, id = %refused.id, fact = ?refused.fact, why = %refused.rejection, "a fact is refused");
        self.incident(self.clock.now(), "fact-refused", format!("{:?}: {}", refused.fact, refused.rejection));
    }

    fn conflict(&self, kind: &'static str, id: &dyn Display, lost: u32) {
        count(&self.counters.conflicts);
        #[cfg(feature = "tracing")]
        tracing::debug!(kind, %id, lost, "somebody else was faster");
        #[cfg(not(feature = "tracing"))]
        let _ = (kind, id, lost);
    }
}
