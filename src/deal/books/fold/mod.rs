//! How money moves through the books: between the buckets of a deposit, with the legs and transactions that explain it.
//! Part of the fold: no rules here.

mod answers;
mod incoming;
mod late;
mod outgoing;
mod parts;

pub(in crate::deal) use self::incoming::{Charged, Received};
pub(in crate::deal) use self::outgoing::Waiting;

use smallvec::SmallVec;

use super::{Books, index};
use crate::deal::event::DepositChange;
use crate::deposit::{
    Buckets, ChargeDetails, Deposit, DepositId, HoldState, LegId, LegState, Order, Transaction,
    TransactionKind, TransactionState, TxId,
};
use crate::{Money, Side, Time};

// The decision has checked every sum; saturating here only means that a forged journal cannot panic, and it is
// caught by the invariants that a replay checks at its end.
pub(in crate::deal::books) const fn add(bucket: &mut i64, amount: i64) {
    *bucket = bucket.saturating_add(amount);
}

pub(in crate::deal::books) const fn sub(bucket: &mut i64, amount: i64) {
    *bucket = bucket.saturating_sub(amount);
}

impl Deposit {
    pub(in crate::deal::books) fn empty(id: DepositId, owner: Side, required: Money) -> Self {
        Self {
            id,
            owner,
            required,
            buckets: Buckets::default(),
            on_hold: 0,
            lost: 0,
            lost_later: 0,
            borne: 0,
            missed: 0,
            given_back: 0,
            charge: None,
        }
    }
}

/// Deposits.
impl Books {
    /// The books of a new deal: its deposits, empty.
    pub(in crate::deal) fn begin(fixed: impl Iterator<Item = (DepositId, Side, Money)>) -> Self {
        Self {
            deposits: fixed.map(|(id, owner, required)| Deposit::empty(id, owner, required)).collect(),
            transactions: SmallVec::new(),
            legs: SmallVec::new(),
            debts: SmallVec::new(),
            cases: SmallVec::new(),
            strays: SmallVec::new(),
            destinations: SmallVec::new(),
            unanswered: 0,
            unsettled: 0,
        }
    }

    pub(in crate::deal) fn require(&mut self, id: DepositId, required: Money) {
        self.change(id, |d| d.required = required);
    }

    pub(in crate::deal) fn give_back(&mut self, total: i64) {
        self.change(DepositId::BUYER_PAYMENT, |d| d.given_back = total);
    }

    pub(in crate::deal) fn require_all(&mut self, changes: &[DepositChange]) {
        changes.iter().for_each(|change| self.require(change.deposit, change.new));
    }

    pub(in crate::deal) fn add_charge(
        &mut self,
        id: DepositId,
        payer: Side,
        amount: Money,
        details: &std::sync::Arc<ChargeDetails>,
    ) {
        self.deposits.push(Deposit { charge: Some(details.clone()), ..Deposit::empty(id, payer, amount) });
    }

    /// Counts what is not stored.
    pub(in crate::deal) fn recount(&mut self) {
        self.unanswered = super::count(self.transactions.iter().filter(|t| t.is_order()).count());
        self.unsettled = super::count(self.legs.iter().filter(|l| l.keeps_open()).count());
    }
}

/// One entry.
impl Books {
    fn change(&mut self, id: DepositId, change: impl FnOnce(&mut Deposit)) {
        let deposit = match id.stray_index() {
            Some(stray) => self.strays.get_mut(stray).map(|s| &mut s.deposit),
            None => self.deposits.get_mut(id.index()),
        };
        if let Some(deposit) = deposit {
            change(deposit);
        }
    }

    pub(in crate::deal::books) fn source(&mut self, id: Option<TxId>, change: impl FnOnce(&mut Transaction)) {
        if let Some(source) = id.and_then(|id| self.transactions.get_mut(index(id.0))) {
            change(source);
        }
    }

    fn source_state(&self, id: Option<TxId>) -> Option<HoldState> {
        id.and_then(|id| self.transaction(id)).and_then(|t| t.hold)
    }

    fn mark(&mut self, id: Option<LegId>, state: LegState) {
        let Some(leg) = id.and_then(|id| self.legs.get_mut(index(id.0))) else { return };
        let before = leg.keeps_open();
        leg.state = state;
        let after = leg.keeps_open();
        self.count_open(before, after);
    }

    /// A leg keeps the deal open, or does so no more.
    fn count_open(&mut self, before: bool, after: bool) {
        self.unsettled = match (before, after) {
            (true, false) => self.unsettled.saturating_sub(1),
            (false, true) => self.unsettled.saturating_add(1),
            (true, true) | (false, false) => self.unsettled,
        };
    }
}

fn inbound(id: TxId, deposit: DepositId, amount: Money, at: Time) -> Transaction {
    Transaction {
        id,
        kind: TransactionKind::Charge,
        deposit,
        amount,
        state: TransactionState::Pending,
        leg: None,
        source: None,
        key: None,
        method: None,
        gateway: None,
        reference: None,
        hold: None,
        captured: 0,
        let_go: 0,
        capture: None,
        bounced: SmallVec::new(),
        doubted: false,
        sent_to: None,
        late: false,
        returned: 0,
        created_at: at,
        settled_at: None,
    }
}

fn ordered(order: &Order, at: Time) -> Transaction {
    Transaction {
        kind: order.kind,
        leg: order.leg,
        source: order.source,
        ..inbound(order.tx, order.deposit, order.amount, at)
    }
}
