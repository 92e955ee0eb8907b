//! What a basket tells its deals, and what it hears of them.

use super::command::{ChargebackStep, Leave};
use super::{Basket, Case, Command, Event, Line, Parts, Status};
use crate::follow::Follow;
use escrow::deal::command::{Chargeback, ConfirmPayment};
use escrow::deposit::Reference;
use escrow::{Currency, Deal, Money};

impl Basket {
    /// What the deals are to be told because of an event: what belongs into the host's outbox, in the transaction that
    /// commits the event. Call it on the basket after the event.
    pub fn follows(&self, event: &Event) -> Vec<Follow> {
        match event {
            Event::Filled { .. } => self.payments_told().collect(),
            Event::ChargebackRecorded { id, gateway, step: ChargebackStep::Won, .. } => {
                let case = self.state.cases.iter().find(|case| case.id == *id && case.gateway == *gateway);
                case.map(|case| self.step_told(case, ChargebackStep::Won)).unwrap_or_default()
            }
            Event::ChargebackDivided { case, step, .. } => {
                self.state.cases.get(*case).map(|case| self.step_told(case, *step)).unwrap_or_default()
            }
            Event::Opened { .. }
            | Event::PaymentReceived { .. }
            | Event::DealLeft { .. }
            | Event::GivenUp { .. }
            | Event::RefundOrdered { .. }
            | Event::RefundPaid { .. }
            | Event::RefundDeclined { .. }
            | Event::RefundReturned { .. }
            | Event::ChargebackRecorded { .. } => Vec::new(),
        }
    }

    /// All that the deals are to be told, in order, but what was superseded since. For a host without an outbox, and after a crash: what a deal has
    /// heard is a repeat.
    pub fn follows_all(&self) -> Vec<Follow> {
        const STEPS: [ChargebackStep; 4] =
            [ChargebackStep::Opened, ChargebackStep::Won, ChargebackStep::Lost, ChargebackStep::Reinstated];
        let steps = self.state.cases.iter().flat_map(|case| STEPS.map(|step| self.step_told(case, step)));
        self.payments_told().chain(steps.flatten()).collect()
    }

    fn payments_told(&self) -> impl Iterator<Item = Follow> + '_ {
        self.state.payments.iter().flat_map(move |payment| {
            self.draft.lines.iter().zip(&payment.parts).filter(|(_, part)| **part > 0).map(|(line, part)| {
                let amount = Money::from_minor(*part, self.draft.currency);
                let (gateway, reference) = (payment.gateway.clone(), payment.reference.clone());
                Follow::deal(line.deal, ConfirmPayment::charged(line.deposit, gateway, reference, amount))
            })
        })
    }

    /// The part of each line in a step that is divided.
    fn step_told(&self, case: &Case, step: ChargebackStep) -> Vec<Follow> {
        let opened = |n| case.opened_on.as_ref().map_or(0, |on| on.line(n));
        let of = |parts: &Option<Parts>, n: usize| parts.as_ref().map_or(0, |parts| parts.line(n));
        let mut told = Vec::new();
        for (n, line) in self.draft.lines.iter().enumerate() {
            let (step, part) = match step {
                ChargebackStep::Opened => (step, opened(n)),
                // what is lost after all is not won: a deal that hears of it late would take it for a contradiction
                ChargebackStep::Won if case.won && case.lost_on.is_none() => (step, opened(n)),
                ChargebackStep::Won => (step, 0),
                ChargebackStep::Lost => match of(&case.lost_on, n) {
                    // nothing of what was disputed here is lost
                    0 if case.lost_on.is_some() => (ChargebackStep::Won, opened(n)),
                    part => (step, part),
                },
                ChargebackStep::Reinstated => (step, of(&case.reinstated_on, n)),
            };
            if part > 0 {
                told.push(self.chargeback(case, line, step, part));
            }
        }
        told
    }

    fn chargeback(&self, case: &Case, line: &Line, step: ChargebackStep, minor: i64) -> Follow {
        let several = self.draft.lines.iter().filter(|other| other.deal == line.deal).nth(1).is_some();
        // a deal knows a chargeback by its id: two of its deposits are two chargebacks to it
        let id = if several { format!("{}:{}", case.id, line.deposit).parse().ok() } else { None };
        let id: Reference = id.unwrap_or_else(|| case.id.clone());
        let payment = (case.gateway.clone(), case.payment.clone());
        let currency: Currency = self.draft.currency;
        let told = Chargeback::new(id, payment, Money::from_minor(minor, currency), step);
        Follow::deal(line.deal, told.of(line.deposit))
    }

    /// What a deal means for this basket and is not known here yet: it has ended before it was paid. Give the command as
    /// the clock.
    pub fn follow(&self, deal: &Deal) -> Option<Command> {
        let here = self.lines().any(|line| line.deal == deal.id());
        let leaves = here && self.status() == Status::Open && deal.outcome().is_some();
        leaves.then(|| Leave { deal: deal.id() }.into())
    }
}
