//! From storage back to a deal. Storage is not trusted: every invariant is checked.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

use super::Deal;
use super::command::ChargebackStep;
use super::event::Recorded;
use super::phase::{Outcome, Phase, PhaseKind};
use super::rules::proposal;
use super::stored::State;
use crate::deposit::{
    Deposit, DepositId, DepositPurpose, HoldState, Leg, LegState, Transaction, TransactionKind,
    TransactionState,
};
use crate::dispute::Opener;
use crate::settlement::Ending;
use crate::terms::Terms;
use crate::{DealId, TxId};

/// Why stored data is not a deal. Not transient: the same bytes fail again.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The snapshot is of another schema.
    #[error(
        "schema: this version reads `{expected}`; decode it with a version of the crate that knows the other"
    )]
    UnknownSchema {
        /// The schema that is known.
        expected: &'static str,
    },
    /// The journal does not begin with `proposed`, or has it again later.
    #[error("journal: must begin with `proposed`, and have it only there")]
    NotAJournal,
    /// The buckets of a deposit do not add up, or one is negative.
    #[error(
        "state.deposits: {deposit}: received must equal held + reserved + paid_out + refunded + charged_back"
    )]
    Buckets {
        /// Which deposit.
        deposit: DepositId,
    },
    /// A deposit differs from the terms, or is out of place.
    #[error(
        "state.deposits: {deposit}: id, owner, purpose, required amount or currency differ from the terms"
    )]
    Deposit {
        /// Which deposit.
        deposit: DepositId,
    },
    /// The deposits are not the ones that a deal has.
    #[error(
        "state.deposits: must be the four that every deal has, but for those that need nothing and have nothing, then \
         charges in order"
    )]
    Deposits,
    /// The transactions of a deposit do not explain its buckets.
    #[error("state.transactions: those of {deposit} do not explain its buckets")]
    Transactions {
        /// Which deposit.
        deposit: DepositId,
    },
    /// A transaction contradicts itself, its leg or its source.
    #[error("state.transactions[{index}]: contradicts itself, its leg or its source")]
    Transaction {
        /// Its place in the list.
        index: usize,
    },
    /// A leg contradicts itself or its transaction.
    #[error("state.legs[{index}]: contradicts itself or its transaction")]
    Leg {
        /// Its place in the list.
        index: usize,
    },
    /// A counter is wrong.
    #[error("state.{field}: does not agree with the rest")]
    Field {
        /// Which.
        field: &'static str,
    },
}

/// A deal as it is stored. The terms are a part of their own, so that a host writes them once per version and the
/// small state with every command.
///
/// The schema is named; a later version of the crate that changes the format changes the name, and reads the old
/// ones.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parts {
    /// [`Parts::SCHEMA`].
    pub schema: String,
    /// The deal's id.
    pub id: DealId,
    /// The current terms.
    pub terms: Arc<Terms>,
    /// The terms that bind while an amendment waits for consent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreed: Option<Arc<Terms>>,
    /// All that changes.
    pub state: State,
}

/// A deal as [`Parts`] stores it, with its terms where they are.
#[derive(Serialize)]
#[serde(rename = "Parts")]
struct PartsView<'d> {
    schema: &'static str,
    id: DealId,
    terms: &'d Terms,
    #[serde(skip_serializing_if = "Option::is_none")]
    agreed: Option<&'d Terms>,
    state: State,
}

impl Parts {
    /// The schema that this version writes and reads.
    pub const SCHEMA: &'static str = "escrow.deal.v1";

    /// The deal, if every invariant holds.
    ///
    /// # Errors
    /// [`DecodeError`] names the field that does not agree.
    pub fn restore(self) -> Result<Deal, DecodeError> {
        if self.schema != Self::SCHEMA {
            return Err(DecodeError::UnknownSchema { expected: Self::SCHEMA });
        }
        let core = self.state.into_core(&self.terms)?;
        let deal = Deal { id: self.id, terms: self.terms, agreed: self.agreed, core };
        deal.check()?;
        Ok(deal)
    }
}

impl Deal {
    /// What changes with every command, to be written apart from the terms. The terms are not copied.
    ///
    /// The terms change where [`Deal::terms_version`] does, and [`Deal::agreed`] where an amendment is proposed and where
    /// it is agreed: a host writes them then, and this every time. [`Parts::restore`] puts them together.
    ///
    /// # Examples
    /// ```
    /// use escrow::deal::{Parts, State};
    /// # use escrow::terms::Item;
    /// # use escrow::{Context, Currency, Deal, DealId, Money, Policy, Terms, TermsDraft, Time};
    /// # let price = Money::from_minor(23_500_00, Currency::RUB);
    /// # let items = vec![Item::new("Phone".parse()?, price, 1)];
    /// # let draft = TermsDraft::new("anna".parse()?, "shop".parse()?, Currency::RUB, items, Policy::shop());
    /// # let shop = Context::party(Time::parse("2026-03-01T12:00:00Z")?, "shop".parse()?);
    /// # let (deal, _) = Deal::propose(DealId::new(uuid::Uuid::nil()), Terms::new(draft)?, &shop)?;
    /// // once per version of the terms
    /// let terms = serde_json::to_string(deal.terms())?;
    /// // with every command
    /// let state = serde_json::to_string(&deal.state())?;
    ///
    /// let parts = Parts {
    ///     schema: Parts::SCHEMA.to_owned(),
    ///     id: deal.id(),
    ///     terms: serde_json::from_str(&terms)?,
    ///     agreed: deal.agreed().cloned(),
    ///     state: serde_json::from_str::<State>(&state)?,
    /// };
    /// assert_eq!(parts.restore()?, deal);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn state(&self) -> State {
        State::of(&self.core, &self.terms)
    }

    /// [`Parts::agreed`]: the terms that bind while an amendment waits for consent.
    pub const fn agreed(&self) -> Option<&Arc<Terms>> {
        self.agreed.as_ref()
    }

    /// The deal in the form in which it is stored.
    pub fn parts(&self) -> Parts {
        Parts {
            schema: Parts::SCHEMA.to_owned(),
            id: self.id,
            terms: self.terms.clone(),
            agreed: self.agreed.clone(),
            state: self.state(),
        }
    }

    /// The deal that a journal tells of.
    ///
    /// # Errors
    /// [`DecodeError::NotAJournal`] where the first event is not `proposed` or a later one is; otherwise whatever
    /// invariant the result breaks.
    pub fn replay<'e>(
        id: DealId,
        journal: impl IntoIterator<Item = &'e Recorded>,
    ) -> Result<Self, DecodeError> {
        let mut journal = journal.into_iter();
        let first = journal.next().ok_or(DecodeError::NotAJournal)?;
        let mut deal = Self::begin(id, first).ok_or(DecodeError::NotAJournal)?;
        for recorded in journal {
            if matches!(recorded.event, super::Event::Proposed { .. }) {
                return Err(DecodeError::NotAJournal);
            }
            deal.apply(recorded);
        }
        deal.check()?;
        Ok(deal)
    }

    /// Checks every invariant of the deal: what decoding checks, for tests and audits.
    ///
    /// # Errors
    /// [`DecodeError`] names the field that does not agree.
    pub fn check(&self) -> Result<(), DecodeError> {
        self.check_deposits()?;
        self.core.transactions.iter().enumerate().try_for_each(|(i, t)| {
            if self.transaction_agrees(i, t) { Ok(()) } else { Err(DecodeError::Transaction { index: i }) }
        })?;
        self.core.legs.iter().enumerate().try_for_each(|(i, l)| {
            if self.leg_agrees(i, l) { Ok(()) } else { Err(DecodeError::Leg { index: i }) }
        })?;
        self.check_returned()?;
        self.core.deposits.iter().try_for_each(|d| self.check_sums(d))?;
        self.check_fields()
    }

    fn check_deposits(&self) -> Result<(), DecodeError> {
        let mut deposits = self.core.deposits.iter();
        for (id, owner, required) in proposal::fixed_deposits(&self.terms) {
            let deposit = deposits.next().ok_or(DecodeError::Deposits)?;
            let agrees = deposit.id == id
                && deposit.owner == owner
                && deposit.purpose == DepositPurpose::of(id)
                && deposit.required == required
                && deposit.charge.is_none();
            if !agrees {
                return Err(DecodeError::Deposit { deposit: id });
            }
        }
        for (n, deposit) in deposits.enumerate() {
            let id = u8::try_from(n).ok().and_then(|n| DepositId::charge(n.saturating_add(1)));
            let agrees = Some(deposit.id) == id
                && deposit.purpose == DepositPurpose::Charge
                && deposit.required.is_positive()
                && deposit.required.currency() == self.terms.currency
                && deposit.charge.as_ref().is_some_and(|c| c.payee != deposit.owner.payee());
            if !agrees {
                return Err(DecodeError::Deposit { deposit: deposit.id });
            }
        }
        match self.core.deposits.iter().find(|d| !d.buckets.conserve()) {
            Some(deposit) => Err(DecodeError::Buckets { deposit: deposit.id }),
            None => Ok(()),
        }
    }

    fn transaction_agrees(&self, i: usize, t: &Transaction) -> bool {
        let numbered = super::core::index(t.id.0) == i;
        let currency = self.deposit(t.deposit).map(|d| d.required.currency());
        // a chargeback that found nothing in the pot took nothing
        let amount = t.amount.is_positive() || (t.kind == TransactionKind::Chargeback && t.amount.is_zero());
        let settled = t.is_pending() != t.settled_at.is_some();
        let held = (t.kind == TransactionKind::Hold) == t.hold.is_some();
        // a chargeback is the bank's deed, booked when it is told: never an order of ours
        let booked = t.kind != TransactionKind::Chargeback || t.state == TransactionState::Succeeded;
        let returned = (0..=t.amount.minor()).contains(&t.returned);
        let source = t.source.is_none_or(|id| {
            id < t.id && self.transaction(id).is_some_and(|s| s.brought_money() && s.deposit == t.deposit)
        });
        // a payment is named by its gateway and its reference, or by neither
        let named = !t.kind.is_inbound() || t.gateway.is_some() == t.reference.is_some();
        // a request is known by its key, and is for one method
        let asked = t.key.is_some() == t.method.is_some();
        // a hold is being closed by exactly one order, or by none
        let closing = t.hold.is_none_or(|hold| self.orders_on(t) == usize::from(hold == HoldState::Closing));
        let leg = match t.kind {
            TransactionKind::Void
            | TransactionKind::Refund
            | TransactionKind::Payout
            | TransactionKind::Fee => t
                .leg
                .and_then(|l| self.core.legs.get(super::core::index(l.0)))
                .is_some_and(|l| l.deposit == t.deposit && l.amount.currency() == t.amount.currency()),
            TransactionKind::Hold
            | TransactionKind::Capture
            | TransactionKind::Charge
            | TransactionKind::Chargeback => t.leg.is_none(),
        };
        let needs_source = match t.kind {
            TransactionKind::Capture | TransactionKind::Void => {
                t.source.and_then(|id| self.transaction(id)).is_some_and(|hold| {
                    hold.kind == TransactionKind::Hold && t.amount.minor() <= hold.amount.minor()
                })
            }
            TransactionKind::Hold
            | TransactionKind::Charge
            | TransactionKind::Refund
            | TransactionKind::Payout
            | TransactionKind::Fee
            | TransactionKind::Chargeback => true,
        };
        numbered
            && currency == Some(t.amount.currency())
            && amount
            && settled
            && named
            && asked
            && closing
            && held
            && booked
            && returned
            && source
            && leg
            && needs_source
    }

    fn leg_agrees(&self, i: usize, l: &Leg) -> bool {
        let numbered = super::core::index(l.id.0) == i;
        let attempt = l.tx.and_then(|tx| self.transaction(tx));
        let own = attempt.is_none_or(|t| t.leg == Some(l.id));
        let state = match (l.state, attempt.map(|t| &t.state)) {
            // only an open chargeback keeps a leg waiting
            (LegState::Waiting, _) if !self.chargeback_open(l.deposit) => false,
            (LegState::Ordered, Some(TransactionState::Pending))
            | (LegState::Settled | LegState::Credited, Some(TransactionState::Succeeded))
            | (LegState::Declined | LegState::Dropped, Some(TransactionState::Failed(_)))
            | (LegState::Waiting | LegState::Dropped, None)
            | (LegState::Waiting, Some(TransactionState::Failed(_))) => true,
            (
                LegState::Ordered
                | LegState::Settled
                | LegState::Credited
                | LegState::Declined
                | LegState::Dropped
                | LegState::Waiting,
                _,
            ) => false,
        };
        let amount = match l.state {
            LegState::Dropped => !l.amount.is_negative(),
            LegState::Ordered
            | LegState::Declined
            | LegState::Settled
            | LegState::Credited
            | LegState::Waiting => l.amount.is_positive(),
        };
        let paid = match (l.state, attempt) {
            (LegState::Ordered | LegState::Settled | LegState::Credited, Some(t)) => t.amount == l.amount,
            (_, _) => true,
        };
        // what goes back goes back to a payment into the same deposit; nothing else has a source
        let source = match l.source.and_then(|id| self.transaction(id)) {
            Some(source) => l.purpose.goes_back() && source.brought_money() && source.deposit == l.deposit,
            None => !l.purpose.goes_back() && l.source.is_none(),
        };
        let owner = self.deposit(l.deposit).map(|d| d.owner.payee());
        let to_owner = !l.purpose.goes_back() || owner == Some(l.payee.clone());
        numbered && own && state && amount && paid && source && to_owner
    }

    /// Do the transactions and legs of a deposit explain its buckets?
    fn check_sums(&self, deposit: &Deposit) -> Result<(), DecodeError> {
        let error = DecodeError::Transactions { deposit: deposit.id };
        let mut received = 0_i64;
        let mut on_hold = 0_i64;
        let mut released = 0_i64;
        let mut charged_back = 0_i64;
        for t in self.core.transactions.iter().filter(|t| t.deposit == deposit.id) {
            let amount = t.amount.minor();
            let add = |sum: &mut i64, amount: i64| {
                *sum = sum.checked_add(amount).ok_or(error)?;
                Ok(())
            };
            if t.brought_money() && t.hold != Some(HoldState::Lapsed) {
                add(&mut received, amount)?;
            }
            match (t.kind, t.hold) {
                (TransactionKind::Hold, Some(HoldState::Open { .. })) => add(&mut on_hold, amount)?,
                (TransactionKind::Hold, Some(HoldState::Closing)) if !self.is_voiding(t) => {
                    add(&mut on_hold, amount)?;
                }
                (TransactionKind::Capture, _) if t.state == TransactionState::Succeeded => {
                    let hold = t.source.and_then(|id| self.transaction(id)).ok_or(error)?;
                    let rest = hold.amount.minor().checked_sub(amount).ok_or(error)?;
                    add(&mut released, rest)?;
                }
                (TransactionKind::Chargeback, _) => add(&mut charged_back, amount)?,
                (_, _) => {}
            }
        }
        let (mut reserved, mut paid_out, mut refunded) = (0_i64, 0_i64, released);
        for l in self.core.legs.iter().filter(|l| l.deposit == deposit.id) {
            let bucket = match l.state {
                LegState::Ordered | LegState::Declined | LegState::Waiting => &mut reserved,
                LegState::Settled | LegState::Credited if l.purpose.goes_back() => &mut refunded,
                LegState::Settled | LegState::Credited => &mut paid_out,
                LegState::Dropped => continue,
            };
            *bucket = bucket.checked_add(l.amount.minor()).ok_or(error)?;
        }
        let b = &deposit.buckets;
        let explained = b.received == received
            && b.reserved == reserved
            && b.paid_out == paid_out
            && b.refunded == refunded
            && b.charged_back == charged_back
            && deposit.on_hold == on_hold
            && deposit.on_hold <= b.held
            // more than is required is never kept, but for what a hold brings along
            && b.held.saturating_sub(deposit.on_hold) <= deposit.required.minor();
        if explained { Ok(()) } else { Err(error) }
    }

    /// Is what is on its way, or back, to each payment just what its legs and its capture say?
    fn check_returned(&self) -> Result<(), DecodeError> {
        let mut returned = vec![0_i64; self.core.transactions.len()];
        let mut add = |source: Option<TxId>, amount: i64| {
            if let Some(sum) = source.and_then(|id| returned.get_mut(super::core::index(id.0))) {
                *sum = sum.saturating_add(amount);
            }
        };
        self.core.legs.iter().for_each(|l| add(l.source, l.amount.minor()));
        for capture in self.core.transactions.iter().filter(|t| t.kind == TransactionKind::Capture) {
            if let (TransactionState::Succeeded, Some(hold)) =
                (&capture.state, capture.source.and_then(|id| self.transaction(id)))
            {
                add(capture.source, hold.amount.minor().saturating_sub(capture.amount.minor()));
            }
        }
        match self.core.transactions.iter().zip(returned).position(|(t, sum)| t.returned != sum) {
            Some(index) => Err(DecodeError::Transaction { index }),
            None => Ok(()),
        }
    }

    /// How many captures and voids of a hold have no answer.
    fn orders_on(&self, hold: &Transaction) -> usize {
        let order = |t: &&Transaction| {
            t.is_pending()
                && t.source == Some(hold.id)
                && matches!(t.kind, TransactionKind::Capture | TransactionKind::Void)
        };
        self.core.transactions.iter().filter(order).count()
    }

    /// Does the captured money of a deposit, with what is being captured, cover what it requires?
    fn covered(&self, deposit: &Deposit) -> bool {
        let open = self.core.transactions.iter().filter(|t| t.deposit == deposit.id && t.is_open_capture());
        let cash = deposit.buckets.held.saturating_sub(deposit.on_hold);
        open.fold(cash, |sum, t| sum.saturating_add(t.amount.minor())) >= deposit.required.minor()
    }

    fn chargebacks_agree(&self) -> bool {
        self.core.chargebacks.iter().enumerate().all(|(i, c)| {
            let taken = |t: &Transaction| {
                t.kind == TransactionKind::Chargeback
                    && t.deposit == c.deposit
                    && t.reference.as_ref() == Some(&c.reference)
            };
            let lost = c.step == ChargebackStep::Lost;
            self.core.chargebacks.iter().skip(i.saturating_add(1)).all(|other| other.reference != c.reference)
                && self.deposit(c.deposit).is_some_and(|d| d.required.currency() == c.amount.currency())
                && c.amount.is_positive()
                && self.core.transactions.iter().any(taken) == lost
        })
    }

    /// Does the outcome say what the ending does, and the ending what the dispute was settled with?
    fn ending_agrees(&self) -> bool {
        let award = self.core.dispute.as_ref().and_then(|d| d.award);
        match (&self.core.ending, self.outcome()) {
            (None, None) => award.is_none(),
            (Some(Ending::Success | Ending::PartialBuyout(_)), Some(Outcome::Completed))
            | (Some(Ending::Cancelled(_)), Some(Outcome::Cancelled | Outcome::Declined | Outcome::Expired)) => {
                award.is_none()
            }
            (Some(Ending::Awarded { award: given, .. }), Some(Outcome::Resolved)) => award == Some(*given),
            (Some(_) | None, _) => false,
        }
    }

    /// Does a dispute stand where the phase says, and know by whom it was opened?
    fn dispute_agrees(&self) -> bool {
        let Some(dispute) = &self.core.dispute else { return true };
        let staged = !matches!(self.core.phase, Phase::Disputed { stage, .. } if stage != dispute.stage);
        let (opened, by_both) = match dispute.opened_by {
            Opener::Party(side) => (dispute.was_opened_by(side), false),
            Opener::Refusal | Opener::Reports => (true, true),
            Opener::Timer => (true, false),
        };
        staged
            && opened
            && dispute.openings >= 1
            && (by_both || dispute.withdrawal_by.is_none())
            && (dispute.award.is_some() || dispute.guilty_side.is_none())
    }

    fn is_voiding(&self, hold: &Transaction) -> bool {
        let void =
            |t: &Transaction| t.kind == TransactionKind::Void && t.is_pending() && t.source == Some(hold.id);
        self.core.transactions.iter().any(void)
    }

    fn check_fields(&self) -> Result<(), DecodeError> {
        let core = &self.core;
        let unanswered = core.transactions.iter().filter(|t| Self::is_order(t)).count();
        let unsettled = core.legs.iter().filter(|l| !l.is_settled()).count();
        let services = self.binding_terms().services.len();
        // a charge whose capture is without an answer is settled by itself
        let empty = core.deposits.iter().all(|d| d.buckets.held == 0 || (d.id.is_charge() && d.on_hold > 0));
        let ended = match core.phase {
            Phase::Paying { awaiting_capture, .. } => {
                core.ending.is_some() && if awaiting_capture { self.capture_unanswered() } else { empty }
            }
            Phase::Closed { .. } => {
                core.ending.is_some() && core.deposits.iter().all(|d| d.buckets.held == 0)
            }
            Phase::Proposed { .. }
            | Phase::AwaitingDeposit { .. }
            | Phase::Moderation { .. }
            | Phase::Active { .. }
            | Phase::Disputed { .. } => core.ending.is_none(),
        };
        let kind = core.phase.kind();
        let disputed = (kind == PhaseKind::Disputed) == super::rules::dispute::is_open(self);
        let active = (PhaseKind::AwaitingPerformance..=PhaseKind::Disputed).contains(&kind);
        let required = || core.deposits.iter().filter(|d| !d.id.is_charge());
        let funded = !active || required().all(|d| self.covered(d));
        let agreed = !active || core.consents.all();
        let concluded = match core.concluded_at {
            Some(at) => kind != PhaseKind::Proposed && (core.created_at..=core.last_at).contains(&at),
            None => !active,
        };
        let same_parties = self.agreed.as_ref().is_none_or(|old| {
            old.buyer == self.terms.buyer
                && old.seller == self.terms.seller
                && old.currency == self.terms.currency
        });
        let arbiter = core
            .arbiter
            .as_ref()
            .is_none_or(|a| *a != self.terms.buyer && *a != self.terms.seller && !self.terms.names_third(a));
        let receivables = core.receivables.iter().all(|r| r.amount.is_positive() && r.debtor != r.payee);
        let checks = [
            ("unanswered", usize::try_from(core.unanswered) == Ok(unanswered)),
            ("unsettled_legs", usize::try_from(core.unsettled_legs) == Ok(unsettled)),
            ("revision", core.revision >= 1 && core.revision <= core.version),
            ("last_at", core.created_at <= core.last_at && core.status_change.at <= core.last_at),
            ("terms_version", core.terms_version >= 1),
            ("incurred", (services..32).all(|i| !core.incurred.contains(i))),
            ("phase", ended && funded && agreed),
            ("settle_by", core.settle_by.is_some() == core.ending.is_some()),
            ("chargebacks", self.chargebacks_agree()),
            ("dispute", disputed && self.dispute_agrees()),
            ("ending", self.ending_agrees()),
            ("agreed", same_parties),
            ("arbiter", arbiter),
            ("receivables", receivables),
            ("checkpoints", core.checkpoints.len() <= super::core::Recent::KEPT),
            ("posts", core.posts.len() <= super::core::Recent::KEPT),
            ("latest", core.latest.is_none() || core.track.is_some()),
            ("submitted", (core.submitted > 0) == core.work.is_some()),
            ("work_waits", !core.work_waits || (core.work.is_some() && !core.changes_requested)),
            ("concluded_at", concluded),
        ];
        match checks.iter().find(|(_, holds)| !holds) {
            Some((field, _)) => Err(DecodeError::Field { field }),
            None => Ok(()),
        }
    }
}

impl Serialize for Deal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let view = PartsView {
            schema: Parts::SCHEMA,
            id: self.id,
            terms: &self.terms,
            agreed: self.agreed.as_deref(),
            state: self.state(),
        };
        view.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Deal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Parts::deserialize(deserializer)?.restore().map_err(de::Error::custom)
    }
}
