//! What came of payments after they were made: chargebacks and refunds, in minor units of their payment.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::command::{self, ChargebackStep};
use super::decide::check_amount;
use super::settled::Came;
use super::{Event, Rejection, Subscription};
use crate::is_default;
use escrow::Money;
use escrow::deposit::{GatewayName, Reference};
use escrow::machine::Out;

/// A chargeback and how far it is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Case {
    /// The gateway's id of it.
    pub id: Reference,
    /// The gateway.
    pub gateway: GatewayName,
    /// The payment that is disputed.
    pub payment: Reference,
    /// What was disputed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened: Option<Money>,
    /// What of it was won.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub won: Option<Money>,
    /// What was lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost: Option<Money>,
    /// What of it was given back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reinstated: Option<Money>,
}

impl Case {
    pub(super) const fn new(id: Reference, gateway: GatewayName, payment: Reference) -> Self {
        Self { id, gateway, payment, opened: None, won: None, lost: None, reinstated: None }
    }

    /// What was told of a step.
    pub const fn told(&self, step: ChargebackStep) -> Option<Money> {
        match step {
            ChargebackStep::Opened => self.opened,
            ChargebackStep::Won => self.won,
            ChargebackStep::Lost => self.lost,
            ChargebackStep::Reinstated => self.reinstated,
        }
    }

    pub(super) const fn tell(&mut self, step: ChargebackStep, amount: Money) {
        let told = match step {
            ChargebackStep::Opened => &mut self.opened,
            ChargebackStep::Won => &mut self.won,
            ChargebackStep::Lost => &mut self.lost,
            ChargebackStep::Reinstated => &mut self.reinstated,
        };
        *told = Some(amount);
    }

    /// Every amount that was told.
    pub(super) fn amounts(&self) -> impl Iterator<Item = Money> + '_ {
        [self.opened, self.won, self.lost, self.reinstated].into_iter().flatten()
    }

    /// What of its loss stands, in minor units.
    fn standing(&self) -> i64 {
        let minor = |told: Option<Money>| told.map_or(0, Money::minor);
        minor(self.lost).saturating_sub(minor(self.reinstated)).max(0)
    }
}

/// What the recipient has given back of a payment.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Refund {
    /// The gateway's id of it.
    pub id: Reference,
    /// The gateway.
    pub gateway: GatewayName,
    /// The payment.
    pub payment: Reference,
    /// How much.
    pub amount: Money,
}

/// The latest of both, oldest first. Of a payment before those that are known, the journal knows.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reversals {
    #[serde(default, skip_serializing_if = "is_default")]
    cases: VecDeque<Case>,
    #[serde(default, skip_serializing_if = "is_default")]
    refunds: VecDeque<Refund>,
}

impl Reversals {
    /// How many are known, of each.
    pub(super) const KEPT: usize = 64;

    pub(super) fn cases(&self) -> impl ExactSizeIterator<Item = &Case> {
        self.cases.iter()
    }

    pub(super) fn refunds(&self) -> impl ExactSizeIterator<Item = &Refund> {
        self.refunds.iter()
    }

    pub(super) fn case(&self, gateway: &GatewayName, id: &Reference) -> Option<&Case> {
        self.cases.iter().find(|case| case.gateway == *gateway && case.id == *id)
    }

    pub(super) fn refund(&self, gateway: &GatewayName, id: &Reference) -> Option<&Refund> {
        self.refunds.iter().find(|refund| refund.gateway == *gateway && refund.id == *id)
    }

    /// What of the losses of a payment stands.
    pub(super) fn lost(&self, payment: &Reference) -> i64 {
        let of = self.cases.iter().filter(|case| case.payment == *payment);
        of.fold(0, |sum, case| sum.saturating_add(case.standing()))
    }

    /// Whether something of it was given back after it was lost.
    pub(super) fn is_reinstated(&self, payment: &Reference) -> bool {
        self.cases.iter().any(|case| case.payment == *payment && case.reinstated.is_some())
    }

    /// What was given back of a payment.
    pub(super) fn refunded(&self, payment: &Reference) -> i64 {
        let of = self.refunds.iter().filter(|refund| refund.payment == *payment);
        of.fold(0, |sum, refund| sum.saturating_add(refund.amount.minor()))
    }

    pub(super) fn case_mut(&mut self, gateway: &GatewayName, id: &Reference) -> Option<&mut Case> {
        self.cases.iter_mut().find(|case| case.gateway == *gateway && case.id == *id)
    }

    pub(super) fn open(&mut self, case: Case) {
        self.cases.push_back(case);
        if self.cases.len() > Self::KEPT {
            self.cases.pop_front();
        }
    }

    pub(super) fn give_back(&mut self, refund: Refund) {
        self.refunds.push_back(refund);
        if self.refunds.len() > Self::KEPT {
            self.refunds.pop_front();
        }
    }

    pub(super) fn agree(&self) -> bool {
        let few = self.cases.len() <= Self::KEPT && self.refunds.len() <= Self::KEPT;
        let sound = |case: &Case| {
            let currency = case.amounts().next().map(Money::currency);
            let alike = |amount: Money| amount.is_positive() && Some(amount.currency()) == currency;
            currency.is_some() && case.amounts().all(alike)
        };
        let once = |(n, case): (usize, &Case)| {
            !self.cases.iter().take(n).any(|other| other.gateway == case.gateway && other.id == case.id)
        };
        let refunded_once = |(n, one): (usize, &Refund)| {
            !self.refunds.iter().take(n).any(|other| other.gateway == one.gateway && other.id == one.id)
        };
        few && self.cases.iter().all(sound)
            && self.cases.iter().enumerate().all(once)
            && self.refunds.iter().all(|refund| refund.amount.is_positive())
            && self.refunds.iter().enumerate().all(refunded_once)
    }
}

/// Their rules.
impl Subscription {
    /// All that goes back of a payment is at most what it was. What was taken for nothing is settled by it.
    pub(super) fn judge_refunded(
        &self,
        c: &command::Refunded,
        out: &mut Out<'_, Event>,
    ) -> Result<(), Rejection> {
        check_amount(c.amount)?;
        let contradicts = |recorded| Rejection::FactContradicts { recorded, told: c.amount };
        if let Some(known) = self.state.reversals.refund(&c.gateway, &c.reference) {
            return Err(if known.payment == c.payment {
                contradicts(known.amount)
            } else {
                Rejection::OtherPayment
            });
        }
        if let Some(settled) = self.state.settled.of_payment(&c.payment) {
            let gone = match settled.came {
                Came::Refunded { .. } => settled.amount.minor(),
                Came::Paid(_) | Came::Lost(_) | Came::Owed(_) | Came::Declined => 0,
            };
            let gone = self.state.reversals.refunded(&c.payment).saturating_add(gone);
            let left = settled.amount.minor().saturating_sub(gone);
            if c.amount.currency() != settled.amount.currency() || c.amount.minor() > left {
                return Err(contradicts(Money::from_minor(left, settled.amount.currency())));
            }
            if let (Came::Owed(_), true) = (&settled.came, c.amount == settled.amount) {
                let (period, attempt) = (settled.period, settled.attempt);
                let reference = c.reference.clone();
                out.push(Event::RefundSettled { period, attempt, reference });
                return Ok(());
            }
        }
        let (id, gateway, payment) = (c.reference.clone(), c.gateway.clone(), c.payment.clone());
        out.push(Event::Refunded { id, gateway, payment, amount: c.amount });
        Ok(())
    }

    /// Steps come in any order; each once, and all of one payment.
    pub(super) fn judge_chargeback(
        &self,
        c: &command::Chargeback,
        out: &mut Out<'_, Event>,
    ) -> Result<(), Rejection> {
        check_amount(c.amount)?;
        let paid = self.state.settled.of_payment(&c.payment).map(|settled| settled.amount);
        let case = self.state.reversals.case(&c.gateway, &c.reference);
        if case.is_some_and(|case| case.payment != c.payment) {
            return Err(Rejection::OtherPayment);
        }
        let told = case.and_then(|case| case.told(c.step));
        let mut known = case.into_iter().flat_map(|case| case.amounts()).chain(paid);
        let other = known.find(|known| known.currency() != c.amount.currency());
        if let Some(recorded) = told.or(other) {
            return Err(Rejection::FactContradicts { recorded, told: c.amount });
        }
        // what is lost is not won any more
        if let (ChargebackStep::Won, Some(recorded)) = (c.step, case.and_then(|case| case.lost)) {
            return Err(Rejection::FactContradicts { recorded, told: c.amount });
        }
        let (id, gateway, payment) = (c.reference.clone(), c.gateway.clone(), c.payment.clone());
        out.push(Event::ChargebackRecorded { id, gateway, payment, step: c.step, amount: c.amount });
        Ok(())
    }
}
