//! From storage back to a basket. Storage is not trusted: every invariant is checked.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::command::ChargebackStep;
use super::decide::{MAX, MAX_REFUNDS};
use super::{Basket, BasketDraft, Case, Event, Parts, Payment, Refund, RefundState, Status};
use crate::BasketId;
use escrow::machine::{self, DecodeError, Progress, Rules};
use escrow::{DealId, Money, Recorded, Terms};

/// A basket as it is stored.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stored {
    /// [`Stored::SCHEMA`].
    pub schema: String,
    /// The basket's id.
    pub id: BasketId,
    /// What it was opened with.
    pub draft: Arc<BasketDraft>,
    /// All that changes.
    pub state: State,
}

/// The mutable part of a basket, opaque: for storage only.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    pub(super) progress: Progress,
    pub(super) status: Status,
    /// The deals that have left.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) left: Vec<DealId>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) payments: Vec<Payment>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) refunds: Vec<Refund>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) cases: Vec<Case>,
}

impl Basket {
    /// The basket that a journal tells of.
    ///
    /// # Errors
    /// [`DecodeError::NotAJournal`] where the first event is not `opened` or a later one is; otherwise whatever
    /// invariant the result breaks.
    pub fn replay<'e>(
        id: BasketId,
        journal: impl IntoIterator<Item = &'e Recorded<Event>>,
    ) -> Result<Self, DecodeError> {
        let basket = machine::replay("opened", journal, |recorded| {
            let Event::Opened { draft } = &recorded.event else { return None };
            Some(Self::begin(id, draft.clone(), recorded.at))
        })?;
        basket.check()?;
        Ok(basket)
    }

    /// Checks every invariant of the basket: what decoding checks, for tests and audits.
    ///
    /// # Errors
    /// [`DecodeError`] names the field that does not agree.
    pub fn check(&self) -> Result<(), DecodeError> {
        let state = &self.state;
        let few = [state.payments.len(), state.cases.len()].iter().all(|n| *n <= MAX)
            && state.refunds.len() <= MAX_REFUNDS;
        let checks = [
            ("draft", self.draft.check().is_ok()),
            ("left", self.left_agrees()),
            ("payments", few && self.payments_agree()),
            ("refunds", few && state.refunds.iter().all(|refund| self.refund_agrees(refund))),
            ("cases", few && self.cases_agree()),
            ("payments", few && (0..state.payments.len()).all(|p| self.sums(p).conserve())),
            // nothing is overdue: it would have happened with the last event
            ("status", !few || self.next_timer().is_none_or(|(at, _)| state.progress.last_at() < at)),
        ];
        DecodeError::check(state.progress.checks().into_iter().chain(checks))
    }

    fn left_agrees(&self) -> bool {
        let left: BTreeSet<DealId> = self.state.left.iter().copied().collect();
        let lines: BTreeSet<DealId> = self.draft.lines.iter().map(|line| line.deal).collect();
        left.len() == self.state.left.len() && left.is_subset(&lines)
    }

    /// Each is known once; where the basket was full, every line that stayed has its money, and no other.
    fn payments_agree(&self) -> bool {
        let payments = &self.state.payments;
        let ids: BTreeSet<_> = payments.iter().map(|p| (&p.gateway, &p.reference)).collect();
        let lines = self.draft.lines.len();
        let sound = |p: &Payment| {
            let fits = is_sum(p.amount) && p.parts.len() <= lines && p.parts.iter().all(|part| *part >= 0);
            let here = p.amount.currency() == self.draft.currency || p.in_lines() == 0;
            fits && here && p.in_lines() <= p.amount.minor()
        };
        let full = |(n, line): (usize, &super::Line)| {
            let got = payments
                .iter()
                .filter_map(|p| p.parts.get(n))
                .fold(0_i64, |sum, part| sum.saturating_add(*part));
            let due = if self.status() == Status::Full && self.stays(line) { line.amount.minor() } else { 0 };
            got == due
        };
        ids.len() == payments.len()
            && payments.iter().all(sound)
            && self.draft.lines.iter().enumerate().all(full)
    }

    fn refund_agrees(&self, refund: &Refund) -> bool {
        let of = self.state.payments.get(refund.payment);
        let fits =
            of.is_some_and(|p| p.amount.currency() == refund.amount.currency()) && is_sum(refund.amount);
        let replaced = refund
            .replaced_by
            .is_none_or(|by| by >= 1 && usize::try_from(by).is_ok_and(|by| by <= self.state.refunds.len()));
        let currency = refund.amount.currency();
        let sound = |(n, back): (usize, &super::Bounce)| {
            let once = refund.returned.iter().take(n).all(|before| before.reference != back.reference);
            once && back.amount.is_positive() && back.amount.currency() == currency
        };
        let paid = matches!(refund.state, RefundState::Paid(_)) || refund.returned.is_empty();
        let few = refund.returned.len() <= MAX;
        let returned = few && refund.kept() >= 0 && refund.returned.iter().enumerate().all(sound);
        fits && replaced && paid && returned
    }

    fn cases_agree(&self) -> bool {
        let cases = &self.state.cases;
        let ids: BTreeSet<_> = cases.iter().map(|case| (&case.gateway, &case.id)).collect();
        ids.len() == cases.len() && cases.iter().all(|case| self.case_agrees(case))
    }

    /// What is divided was told, and is no more than that.
    fn case_agrees(&self, case: &Case) -> bool {
        let sums = [case.opened, case.lost, case.reinstated];
        let one_currency =
            sums.iter().flatten().all(|a| sums.iter().flatten().all(|b| a.currency() == b.currency()));
        let divided = |step, parts: &Option<Parts>| {
            parts.as_ref().is_none_or(|parts| {
                let few = parts.lines.len() <= self.draft.lines.len();
                let positive = parts.rest >= 0 && parts.lines.iter().all(|part| *part >= 0);
                few && positive && case.told(step).is_some_and(|told| parts.total() <= told.minor())
            })
        };
        let back = case.reinstated_on.is_none() || case.lost_on.is_some();
        let standing =
            (0..self.draft.lines.len()).all(|n| case.standing(n) >= 0) && case.standing_rest() >= 0;
        sums.iter().flatten().all(|sum| is_sum(*sum))
            && one_currency
            && divided(ChargebackStep::Opened, &case.opened_on)
            && divided(ChargebackStep::Lost, &case.lost_on)
            && divided(ChargebackStep::Reinstated, &case.reinstated_on)
            && back
            && standing
    }
}

fn is_sum(amount: Money) -> bool {
    amount.is_positive() && amount.minor() <= Terms::MAX_AMOUNT
}

stored_as_its_parts!(Basket, Stored, "escrow.basket.v1", "basket", [id, draft, state]);
