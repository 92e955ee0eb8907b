//! How the mutable part of a deal is stored: whatever follows from the rest of it, or from the terms, is left out.
//!
//! What is left out is worked out when it is read, by the functions that decided to leave it out, and then checked
//! like everything else. Where it is given all the same, it is read as it is given.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::Deal;
use super::command::{Checkpoint, CheckpointId, DocumentId, MessageRef, Revision, Track, Verdict};
use super::core::{Core, OpenChargeback, PayeeDestination, Recent, Remaining, StatusChange, index};
use super::decode::DecodeError;
use super::event::Consents;
use super::phase::Phase;
use super::rules::proposal;
use crate::deposit::{
    Buckets, ChargeDetails, ClientKey, Deposit, DepositId, DepositPurpose, GatewayName, HoldState, Leg,
    LegId, LegState, MethodName, Reason, Reference, Transaction, TransactionKind, TransactionState, TxId,
};
use crate::dispute::Dispute;
use crate::money::Short;
use crate::settlement::{Ending, Incurred, Purpose, Receivable};
use crate::terms::Terms;
use crate::wire::left_out::is_default;
use crate::{Actor, PartyId, Payee, Side, Time};

/// The mutable part of a deal, opaque: for storage only. Small: it grows with payments and legs, not with history, nor
/// with items but for the quantities of a partial buyout.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename = "Core", deny_unknown_fields)]
pub struct State {
    version: u64,
    revision: u64,
    created_at: Time,
    /// When it was first both agreed and funded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    concluded_at: Option<Time>,
    last_at: Time,
    terms_version: u32,
    /// Absent: both, once nothing can come about without them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    consents: Option<Consents>,
    #[serde(default, skip_serializing_if = "is_default")]
    approved: bool,
    phase: Phase,
    #[serde(default, skip_serializing_if = "is_default", with = "crate::wire::left_out")]
    remaining: Remaining,
    /// By how much deadlines were extended, in seconds.
    #[serde(default, skip_serializing_if = "is_default")]
    extended_s: u32,
    status_change: StatusChange,
    /// What somebody said just before the status changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    comment: Option<Reason>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ending: Option<Ending>,
    /// Who cancelled, so that a repeat is recognised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cancelled_by: Option<Actor>,
    /// Was every required deposit full when the ending was decided?
    #[serde(default, skip_serializing_if = "is_default")]
    ended_funded: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    settle_by: Option<Time>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    deposits: Vec<StoredDeposit>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    transactions: Vec<StoredTransaction>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    legs: Vec<StoredLeg>,
    /// Orders without an answer. Absent: as many as there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unanswered: Option<u32>,
    /// Legs that their payees have not got. Absent: as many as there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unsettled_legs: Option<u32>,
    #[serde(default, skip_serializing_if = "SmallVec::is_empty")]
    receivables: SmallVec<[Receivable; 1]>,
    #[serde(default, skip_serializing_if = "is_default")]
    incurred: Incurred,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    track: Option<Arc<Track>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    latest: Option<Arc<Checkpoint>>,
    /// Was the latest checkpoint dealt with: its refusal disputed, its delivery answered by a request for changes?
    #[serde(default, skip_serializing_if = "is_default")]
    latest_spent: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    checkpoints: Recent<CheckpointId>,
    #[serde(default, skip_serializing_if = "SmallVec::is_empty")]
    destinations: SmallVec<[PayeeDestination; 1]>,
    #[serde(default, skip_serializing_if = "SmallVec::is_empty")]
    attachments: SmallVec<[DocumentId; 1]>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    arbiter: Option<PartyId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    buyers_report: Option<Verdict>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sellers_report: Option<Verdict>,
    #[serde(default, skip_serializing_if = "is_default")]
    submitted: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    work: Option<Arc<Revision>>,
    /// Has the latest revision been answered by a request for changes?
    #[serde(default, skip_serializing_if = "is_default")]
    changes_requested: bool,
    /// Was the latest revision submitted while it could not be looked at yet?
    #[serde(default, skip_serializing_if = "is_default")]
    work_waits: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dispute: Option<Dispute>,
    #[serde(default, skip_serializing_if = "SmallVec::is_empty")]
    chargebacks: SmallVec<[OpenChargeback; 1]>,
    #[serde(default, skip_serializing_if = "is_default")]
    posts: Recent<MessageRef>,
}

/// A deposit. Those that every deal has are left out where the terms require nothing and nothing came in.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename = "Deposit", deny_unknown_fields)]
struct StoredDeposit {
    id: DepositId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    owner: Option<Side>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    purpose: Option<DepositPurpose>,
    /// Always, although the terms say it: put together with another version of them, it is noticed.
    required: Short,
    #[serde(default, skip_serializing_if = "is_default", with = "crate::wire::left_out")]
    buckets: Buckets,
    #[serde(default, skip_serializing_if = "is_default")]
    on_hold: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    charge: Option<Arc<ChargeDetails>>,
}

/// A transaction. The order of a leg is for what the leg is for; when it was settled says that it was.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename = "Transaction", deny_unknown_fields)]
struct StoredTransaction {
    id: TxId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kind: Option<TransactionKind>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deposit: Option<DepositId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    amount: Option<Short>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    state: Option<TransactionState>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    leg: Option<LegId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source: Option<TxId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<ClientKey>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    method: Option<MethodName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gateway: Option<GatewayName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reference: Option<Reference>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hold: Option<HoldState>,
    #[serde(default, skip_serializing_if = "is_default")]
    returned: i64,
    created_at: Time,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    settled_at: Option<Time>,
}

/// A leg. Most are out of the buyer's payment, and as far as their transaction is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename = "Leg", deny_unknown_fields)]
struct StoredLeg {
    id: LegId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deposit: Option<DepositId>,
    payee: Payee,
    purpose: Purpose,
    amount: Short,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    state: Option<LegState>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tx: Option<TxId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source: Option<TxId>,
}

/// The fields that are stored as they are, moved or cloned, and the given ones.
macro_rules! as_it_is {
    ($from:ident$(.$clone:ident())? => $into:ident { $($changed:ident),* }) => {
        $into {
            $($changed,)*
            version: $from.version$(.$clone())?,
            revision: $from.revision$(.$clone())?,
            created_at: $from.created_at$(.$clone())?,
            concluded_at: $from.concluded_at$(.$clone())?,
            last_at: $from.last_at$(.$clone())?,
            terms_version: $from.terms_version$(.$clone())?,
            approved: $from.approved$(.$clone())?,
            phase: $from.phase$(.$clone())?,
            remaining: $from.remaining$(.$clone())?,
            extended_s: $from.extended_s$(.$clone())?,
            status_change: $from.status_change$(.$clone())?,
            comment: $from.comment$(.$clone())?,
            ending: $from.ending$(.$clone())?,
            cancelled_by: $from.cancelled_by$(.$clone())?,
            ended_funded: $from.ended_funded$(.$clone())?,
            settle_by: $from.settle_by$(.$clone())?,
            receivables: $from.receivables$(.$clone())?,
            incurred: $from.incurred$(.$clone())?,
            track: $from.track$(.$clone())?,
            latest: $from.latest$(.$clone())?,
            latest_spent: $from.latest_spent$(.$clone())?,
            checkpoints: $from.checkpoints$(.$clone())?,
            destinations: $from.destinations$(.$clone())?,
            attachments: $from.attachments$(.$clone())?,
            arbiter: $from.arbiter$(.$clone())?,
            buyers_report: $from.buyers_report$(.$clone())?,
            sellers_report: $from.sellers_report$(.$clone())?,
            submitted: $from.submitted$(.$clone())?,
            work: $from.work$(.$clone())?,
            changes_requested: $from.changes_requested$(.$clone())?,
            work_waits: $from.work_waits$(.$clone())?,
            dispute: $from.dispute$(.$clone())?,
            chargebacks: $from.chargebacks$(.$clone())?,
            posts: $from.posts$(.$clone())?,
        }
    };
}

impl State {
    pub(super) fn of(core: &Core, terms: &Terms) -> Self {
        let fixed: SmallVec<[Deposit; 4]> = fixed(terms).collect();
        let deposits = core
            .deposits
            .iter()
            .filter(|d| !(d.required.is_zero() && fixed.contains(d)))
            .map(|d| StoredDeposit::of(d, &fixed))
            .collect();
        let transactions =
            core.transactions.iter().map(|t| StoredTransaction::of(t, leg(&core.legs, t.leg))).collect();
        let legs =
            core.legs.iter().map(|l| StoredLeg::of(l, transaction(&core.transactions, l.tx))).collect();
        let consents = unless(consents_of(core.concluded_at, &core.phase), core.consents);
        let unanswered = unless(count(&core.transactions, Deal::is_order), core.unanswered);
        let unsettled_legs = unless(count(&core.legs, |l| !l.is_settled()), core.unsettled_legs);
        as_it_is!(core.clone() => Self { consents, deposits, transactions, legs, unanswered, unsettled_legs })
    }

    /// What it stands for, under these terms. Nothing is checked yet that can be checked of the whole.
    pub(super) fn into_core(self, terms: &Terms) -> Result<Core, DecodeError> {
        let Self { consents, deposits, transactions, legs, unanswered, unsettled_legs, .. } = self;
        let states: Vec<_> = transactions
            .iter()
            .enumerate()
            .map(|(i, t)| t.state(&legs).ok_or(DecodeError::Transaction { index: i }))
            .collect::<Result<_, _>>()?;
        let legs: SmallVec<[Leg; 4]> = legs
            .into_iter()
            .enumerate()
            .map(|(i, l)| {
                let state = l.tx.and_then(|tx| states.get(index(tx.0)));
                l.restore(state).ok_or(DecodeError::Leg { index: i })
            })
            .collect::<Result<_, _>>()?;
        let transactions: SmallVec<[Transaction; 4]> = transactions
            .into_iter()
            .zip(states)
            .enumerate()
            .map(|(i, (t, state))| {
                let of = leg(&legs, t.leg);
                t.restore(of, state).ok_or(DecodeError::Transaction { index: i })
            })
            .collect::<Result<_, _>>()?;
        let deposits = restore_deposits(deposits, terms)?;
        let consents = consents
            .or(consents_of(self.concluded_at, &self.phase))
            .ok_or(DecodeError::Field { field: "consents" })?;
        let unanswered = unanswered.or(count(&transactions, Deal::is_order)).unwrap_or_default();
        let unsettled_legs = unsettled_legs.or(count(&legs, |l| !l.is_settled())).unwrap_or_default();
        Ok(as_it_is!(self => Core { consents, deposits, transactions, legs, unanswered, unsettled_legs }))
    }
}

fn leg(legs: &[Leg], id: Option<LegId>) -> Option<&Leg> {
    id.and_then(|id| legs.get(index(id.0)))
}

fn transaction(transactions: &[Transaction], id: Option<TxId>) -> Option<&Transaction> {
    id.and_then(|id| transactions.get(index(id.0)))
}

/// The deposits that every deal has, as they are while nothing has come in.
fn fixed(terms: &Terms) -> impl Iterator<Item = Deposit> {
    proposal::fixed_deposits(terms).map(|(id, owner, required)| {
        let purpose = DepositPurpose::of(id);
        Deposit { id, owner, purpose, required, buckets: Buckets::default(), on_hold: 0, charge: None }
    })
}

/// All the deposits, in order: what is out of place is left for the check to find.
fn restore_deposits(
    stored: Vec<StoredDeposit>,
    terms: &Terms,
) -> Result<SmallVec<[Deposit; 4]>, DecodeError> {
    let mut deposits = SmallVec::new();
    let mut stored = stored.into_iter().peekable();
    for fixed in fixed(terms) {
        let deposit = match stored.next_if(|d| d.id == fixed.id) {
            Some(d) => d.restore(Some(&fixed)).ok_or(DecodeError::Deposits)?,
            None if fixed.required.is_zero() => fixed,
            None => return Err(DecodeError::Deposits),
        };
        deposits.push(deposit);
    }
    for d in stored {
        let error = DecodeError::Deposit { deposit: d.id };
        deposits.push(d.restore(None).ok_or(error)?);
    }
    Ok(deposits)
}

impl StoredDeposit {
    fn of(d: &Deposit, fixed: &[Deposit]) -> Self {
        let fixed = fixed.iter().find(|f| f.id == d.id);
        Self {
            id: d.id,
            owner: unless(fixed.map(|f| f.owner), d.owner),
            purpose: unless(Some(DepositPurpose::of(d.id)), d.purpose),
            required: Short(d.required),
            buckets: d.buckets,
            on_hold: d.on_hold,
            charge: d.charge.clone(),
        }
    }

    fn restore(self, fixed: Option<&Deposit>) -> Option<Deposit> {
        Some(Deposit {
            id: self.id,
            owner: self.owner.or(fixed.map(|f| f.owner))?,
            purpose: self.purpose.unwrap_or(DepositPurpose::of(self.id)),
            required: self.required.money(),
            buckets: self.buckets,
            on_hold: self.on_hold,
            charge: self.charge,
        })
    }
}

impl StoredTransaction {
    fn of(t: &Transaction, leg: Option<&Leg>) -> Self {
        Self {
            id: t.id,
            kind: unless(leg.map(|l| l.purpose.kind()), t.kind),
            deposit: unless(Some(deposit_of(leg)), t.deposit),
            amount: unless(leg.map(|l| l.amount), t.amount).map(Short),
            state: unless(attempt_at(t.id, leg.and_then(|l| l.tx), t.settled_at), t.state.clone()),
            leg: t.leg,
            source: t.source,
            key: t.key.clone(),
            method: t.method.clone(),
            gateway: t.gateway.clone(),
            reference: t.reference.clone(),
            hold: t.hold,
            returned: t.returned,
            created_at: t.created_at,
            settled_at: t.settled_at,
        }
    }

    fn state(&self, legs: &[StoredLeg]) -> Option<TransactionState> {
        let leg = self.leg.and_then(|id| legs.get(index(id.0)));
        self.state.clone().or_else(|| attempt_at(self.id, leg.and_then(|l| l.tx), self.settled_at))
    }

    fn restore(self, leg: Option<&Leg>, state: TransactionState) -> Option<Transaction> {
        Some(Transaction {
            id: self.id,
            kind: self.kind.or(leg.map(|l| l.purpose.kind()))?,
            deposit: self.deposit.unwrap_or(deposit_of(leg)),
            amount: self.amount.map(Short::money).or(leg.map(|l| l.amount))?,
            state,
            leg: self.leg,
            source: self.source,
            key: self.key,
            method: self.method,
            gateway: self.gateway,
            reference: self.reference,
            hold: self.hold,
            returned: self.returned,
            created_at: self.created_at,
            settled_at: self.settled_at,
        })
    }
}

impl StoredLeg {
    fn of(l: &Leg, tx: Option<&Transaction>) -> Self {
        Self {
            id: l.id,
            deposit: unless(Some(deposit_of(None)), l.deposit),
            payee: l.payee.clone(),
            purpose: l.purpose,
            amount: Short(l.amount),
            state: unless(tx.and_then(|t| state_with(&t.state)), l.state),
            tx: l.tx,
            source: l.source,
        }
    }

    fn restore(self, tx: Option<&TransactionState>) -> Option<Leg> {
        Some(Leg {
            id: self.id,
            deposit: self.deposit.unwrap_or(deposit_of(None)),
            payee: self.payee,
            purpose: self.purpose,
            amount: self.amount.money(),
            state: self.state.or(tx.and_then(state_with))?,
            tx: self.tx,
            source: self.source,
        })
    }
}

// --- what follows from the rest -----------------------------------------------------------------------------------

fn count<T>(all: &[T], which: impl Fn(&T) -> bool) -> Option<u32> {
    u32::try_from(all.iter().filter(|one| which(one)).count()).ok()
}

/// The value, unless it is what follows.
fn unless<T: PartialEq>(follows: Option<T>, value: T) -> Option<T> {
    if follows.as_ref() == Some(&value) { None } else { Some(value) }
}

/// Where a transaction belongs that does not say so: to the deposit of its leg, or to the buyer's payment.
fn deposit_of(leg: Option<&Leg>) -> DepositId {
    leg.map_or(DepositId::BUYER_PAYMENT, |l| l.deposit)
}

/// Who has consented where it does not say so: both, or nothing would have been concluded and gone on.
fn consents_of(concluded_at: Option<Time>, phase: &Phase) -> Option<Consents> {
    let gone_on = match phase {
        Phase::Proposed { .. } | Phase::AwaitingDeposit { .. } | Phase::Moderation { .. } => false,
        Phase::Active { .. } | Phase::Disputed { .. } | Phase::Paying { .. } | Phase::Closed { .. } => true,
    };
    (gone_on && concluded_at.is_some()).then_some(Consents::BOTH)
}

/// How far a transaction is that does not say so: only the latest attempt of a leg may leave it to its times.
fn attempt_at(id: TxId, latest: Option<TxId>, settled_at: Option<Time>) -> Option<TransactionState> {
    let state = if settled_at.is_some() { TransactionState::Succeeded } else { TransactionState::Pending };
    (latest == Some(id)).then_some(state)
}

/// How far a leg is that does not say so, with its transaction in this state.
const fn state_with(tx: &TransactionState) -> Option<LegState> {
    match tx {
        TransactionState::Pending => Some(LegState::Ordered),
        TransactionState::Succeeded => Some(LegState::Settled),
        TransactionState::Failed(_) => None,
    }
}
