//! How a subscription folds what happened: no rule, no computation.

use super::decode::{Anchor, Phase, State};
use super::reversals::{Case, Refund};
use super::settled::{Came, Settled};
use super::{
    Charge, ChargeState, Command, Event, PlanVersion, Proposal, Rejection, Subscription, SubscriptionTerms,
};
use escrow::machine::Progress;
use escrow::{Recorded, Time};

machine_by_rules!(Subscription, Command, Event, Rejection);

impl Subscription {
    /// The only place where it changes, live and on replay.
    fn fold(&mut self, recorded: &Recorded<Event>) {
        self.state.apply(recorded);
    }
}

impl State {
    /// What `subscribed` begins.
    pub(super) fn begin(terms: &SubscriptionTerms, begins: Time, at: Time) -> Self {
        Self {
            progress: Progress::begin(at),
            phase: Phase::Trialing { until: begins },
            plan: PlanVersion { version: 1, plan: terms.plan.clone() },
            agreed: None,
            proposal: None,
            versions: 1,
            instrument: terms.instrument.clone(),
            anchor: Anchor::of(terms, begins, at),
            charge: None,
            paid: 0,
            skipped: 0,
            ends: false,
            settled: super::settled::SettledAttempts::default(),
            reversals: super::reversals::Reversals::default(),
        }
    }

    pub(super) fn apply(&mut self, recorded: &Recorded<Event>) {
        self.progress.count(recorded);
        match &recorded.event {
            // only ever the first event, which `begin` has folded
            Event::Subscribed { .. } => {}
            Event::ChargeOrdered { period, attempt, retries, amount, from, to, instrument } => {
                if let Phase::Trialing { .. } = self.phase {
                    self.phase = Phase::Active;
                }
                self.charge = Some(Charge {
                    period: *period,
                    attempt: *attempt,
                    retries: *retries,
                    amount: *amount,
                    from: *from,
                    to: *to,
                    instrument: instrument.clone(),
                    state: ChargeState::Pending,
                });
            }
            Event::Paid { period, attempt, reference } => {
                self.settle(*period, *attempt, Came::Paid(reference.clone()), ChargeState::Paid);
                self.paid = self.paid.saturating_add(1);
                self.phase = Phase::Active;
            }
            Event::Declined { period, attempt, next, .. } => {
                self.settle(*period, *attempt, Came::Declined, ChargeState::Unpaid);
                if let Some(next) = next {
                    self.phase = Phase::PastDue { next: *next };
                }
            }
            Event::RefundOwed { period, attempt, amount, reference, .. } => {
                let came = Came::Owed(reference.clone());
                self.settle(*period, *attempt, came.clone(), ChargeState::Unpaid);
                // of an attempt before the latest too
                self.settled.note(Settled { period: *period, attempt: *attempt, amount: *amount, came });
            }
            Event::RefundSettled { period, attempt, reference } => {
                self.settled.refund(*period, *attempt, reference);
            }
            Event::Refunded { id, gateway, payment, amount } => self.reversals.give_back(Refund {
                id: id.clone(),
                gateway: gateway.clone(),
                payment: payment.clone(),
                amount: *amount,
            }),
            Event::ChargebackRecorded { id, gateway, payment, step, amount } => {
                if self.reversals.case(gateway, id).is_none() {
                    self.reversals.open(Case::new(id.clone(), gateway.clone(), payment.clone()));
                }
                if let Some(case) = self.reversals.case_mut(gateway, id) {
                    case.tell(*step, *amount);
                }
            }
            Event::PaymentLost { period, attempt, until } => {
                self.turn(*period, *attempt, ChargeState::Unpaid);
                self.paid = self.paid.saturating_sub(1);
                self.phase = Phase::Suspended { until: *until };
            }
            Event::PaymentRestored { period, attempt } => {
                self.turn(*period, *attempt, ChargeState::Paid);
                self.paid = self.paid.saturating_add(1);
                self.phase = Phase::Active;
            }
            Event::Suspended { until } => self.phase = Phase::Suspended { until: *until },
            Event::PeriodsSkipped { first, last } => {
                let count = last.saturating_sub(*first).saturating_add(1);
                self.skipped = self.skipped.saturating_add(count);
            }
            Event::Anchored { at, period, months } => {
                self.anchor = Anchor { at: *at, period: *period, months: *months };
            }
            Event::PlanProposed { version, plan, by } => {
                self.versions = *version;
                self.proposal = Some(Proposal { version: *version, plan: plan.clone(), by: *by });
            }
            Event::PlanWithdrawn { .. } => self.proposal = None,
            Event::PlanAgreed { .. } => {
                if let Some(Proposal { version, plan, .. }) = self.proposal.take() {
                    self.agreed = Some(PlanVersion { version, plan });
                }
            }
            Event::PlanChanged { .. } => {
                if let Some(agreed) = self.agreed.take() {
                    self.plan = agreed;
                }
            }
            Event::InstrumentSet { instrument } => self.instrument.clone_from(instrument),
            Event::CancellationScheduled { .. } => self.ends = true,
            Event::Cancelled { because } => self.phase = Phase::Cancelled { because: *because },
        }
    }

    /// What the latest attempt had come to is turned round.
    fn turn(&mut self, period: u32, attempt: u16, state: ChargeState) {
        self.settled.turn(period, attempt);
        if let Some(charge) = &mut self.charge {
            charge.state = state;
        }
    }

    /// The pending attempt has its answer.
    fn settle(&mut self, period: u32, attempt: u16, came: Came, state: ChargeState) {
        if let Some(charge) = &mut self.charge
            && charge.state == ChargeState::Pending
            && (charge.period, charge.attempt) == (period, attempt)
        {
            charge.state = state;
            self.settled.note(Settled { period, attempt, amount: charge.amount, came });
        }
    }
}
