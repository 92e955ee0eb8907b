//! What the latest attempts came to: how a late, repeated or contradictory answer is recognised.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::PendingRefund;
use escrow::Money;
use escrow::deposit::Reference;

/// What an attempt came to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Came {
    /// It paid its period.
    Paid(Reference),
    /// It had paid its period, and the payer's bank took all of it back.
    Lost(Reference),
    /// It was declined for good.
    Declined,
    /// It took money for nothing, which is owed back.
    Owed(Reference),
    /// That money went back, by this refund.
    Refunded { paid: Reference, refund: Reference },
}

impl Came {
    /// The payment, where money was taken.
    pub(super) const fn payment(&self) -> Option<&Reference> {
        match self {
            Self::Paid(paid) | Self::Lost(paid) | Self::Owed(paid) | Self::Refunded { paid, .. } => {
                Some(paid)
            }
            Self::Declined => None,
        }
    }
}

/// An attempt that was answered.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settled {
    pub(super) period: u32,
    pub(super) attempt: u16,
    pub(super) amount: Money,
    pub(super) came: Came,
}

/// The latest answered attempts, oldest first, and every one that is owed back, however old.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct SettledAttempts(VecDeque<Settled>);

impl SettledAttempts {
    /// How many are known.
    pub(super) const KEPT: usize = 32;
    /// How many of them may be owed back, so that the others keep their room.
    pub(super) const MAX_OWED: usize = 16;

    pub(super) fn find(&self, period: u32, attempt: u16) -> Option<&Settled> {
        self.0.iter().rev().find(|s| s.period == period && s.attempt == attempt)
    }

    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = &Settled> {
        self.0.iter()
    }

    pub(super) fn owed(&self) -> impl Iterator<Item = PendingRefund<'_>> {
        self.0.iter().filter_map(|settled| match &settled.came {
            Came::Owed(reference) => Some(PendingRefund {
                period: settled.period,
                attempt: settled.attempt,
                amount: settled.amount,
                reference,
            }),
            Came::Paid(_) | Came::Lost(_) | Came::Declined | Came::Refunded { .. } => None,
        })
    }

    /// Notes the result of an attempt, in place of what was known.
    pub(super) fn note(&mut self, settled: Settled) {
        let same = |s: &&mut Settled| s.period == settled.period && s.attempt == settled.attempt;
        if let Some(known) = self.0.iter_mut().find(same) {
            *known = settled;
            return;
        }
        self.0.push_back(settled);
        if self.0.len() > Self::KEPT
            && let Some(oldest) = self.0.iter().position(|s| !matches!(s.came, Came::Owed(_)))
        {
            self.0.remove(oldest);
        }
    }

    /// The attempt that took this payment.
    pub(super) fn of_payment(&self, payment: &Reference) -> Option<&Settled> {
        self.0.iter().find(|settled| settled.came.payment() == Some(payment))
    }

    /// The bank took a payment back, or gave it back.
    pub(super) fn turn(&mut self, period: u32, attempt: u16) {
        if let Some(known) = self.0.iter_mut().find(|s| s.period == period && s.attempt == attempt) {
            match &known.came {
                Came::Paid(payment) => known.came = Came::Lost(payment.clone()),
                Came::Lost(payment) => known.came = Came::Paid(payment.clone()),
                Came::Declined | Came::Owed(_) | Came::Refunded { .. } => {}
            }
        }
    }

    pub(super) fn refund(&mut self, period: u32, attempt: u16, refund: &Reference) {
        if let Some(known) = self.0.iter_mut().find(|s| s.period == period && s.attempt == attempt)
            && let Came::Owed(paid) = &known.came
        {
            known.came = Came::Refunded { paid: paid.clone(), refund: refund.clone() };
        }
    }
}
