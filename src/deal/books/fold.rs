//! How money moves through the books: between the buckets of a deposit, with the legs and transactions that explain it.
//! Part of the fold: no rules here.

use smallvec::SmallVec;

use super::{Books, Stray, index};
use crate::deal::command::PaymentForm;
use crate::deal::event::DepositChange;
use crate::deposit::{
    Buckets, CaptureId, ChargeDetails, ClientKey, Deposit, DepositId, GatewayName, HoldState, Leg, LegId,
    LegState, Order, Purpose, Reference, Transaction, TransactionKind, TransactionState, TxId,
};
use crate::{Money, Payee, Side, Time};

// The decision has checked every sum; saturating here only means that a forged journal cannot panic, and it is
// caught by the invariants that a replay checks at its end.
pub(super) const fn add(bucket: &mut i64, amount: i64) {
    *bucket = bucket.saturating_add(amount);
}

pub(super) const fn sub(bucket: &mut i64, amount: i64) {
    *bucket = bucket.saturating_sub(amount);
}

impl Deposit {
    pub(super) fn empty(id: DepositId, owner: Side, required: Money) -> Self {
        Self {
            id,
            owner,
            required,
            buckets: Buckets::default(),
            on_hold: 0,
            lost: 0,
            lost_later: 0,
            charge: None,
        }
    }
}

/// A payment that came in.
pub(in crate::deal) struct Received<'e> {
    pub(in crate::deal) tx: TxId,
    pub(in crate::deal) deposit: DepositId,
    pub(in crate::deal) amount: Money,
    pub(in crate::deal) gateway: &'e GatewayName,
    pub(in crate::deal) reference: &'e Reference,
    pub(in crate::deal) held_until: Option<Time>,
    pub(in crate::deal) capture: Option<&'e CaptureId>,
}

/// A hold that the gateway has charged by itself.
pub(in crate::deal) struct Charged<'e> {
    /// The capture: one that was ordered and has no answer, or a new one.
    pub(in crate::deal) tx: TxId,
    pub(in crate::deal) hold: TxId,
    pub(in crate::deal) amount: Money,
    pub(in crate::deal) capture: Option<&'e CaptureId>,
    /// Whether the rest of the hold is let go.
    pub(in crate::deal) last: bool,
}

/// A leg that waits while a chargeback of its deposit is open.
pub(in crate::deal) struct Waiting<'e> {
    pub(in crate::deal) leg: LegId,
    pub(in crate::deal) deposit: DepositId,
    pub(in crate::deal) payee: &'e Payee,
    pub(in crate::deal) purpose: Purpose,
    pub(in crate::deal) amount: Money,
    pub(in crate::deal) source: Option<TxId>,
}

/// Deposits and what comes in.
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

    /// A party says that it has paid: the gateway is asked.
    pub(in crate::deal) fn state_payment(
        &mut self,
        order: &Order,
        gateway: &GatewayName,
        reference: &Reference,
        at: Time,
    ) {
        self.unanswered = self.unanswered.saturating_add(1);
        self.transactions.push(Transaction {
            gateway: Some(gateway.clone()),
            reference: Some(reference.clone()),
            ..ordered(order, at)
        });
    }

    pub(in crate::deal) fn request_payment(
        &mut self,
        (tx, deposit, amount): (TxId, DepositId, Money),
        key: &ClientKey,
        form: &PaymentForm,
        at: Time,
    ) {
        self.transactions.push(Transaction {
            key: Some(key.clone()),
            method: Some(form.method.clone()),
            ..inbound(tx, deposit, amount, at)
        });
    }

    pub(in crate::deal) fn receive(&mut self, new: &Received<'_>, at: Time) {
        let hold = new.held_until.map(|expires| HoldState::Open { expires });
        let received = Transaction {
            kind: if hold.is_some() { TransactionKind::Hold } else { TransactionKind::Charge },
            state: TransactionState::Succeeded,
            gateway: Some(new.gateway.clone()),
            reference: Some(new.reference.clone()),
            capture: new.capture.cloned(),
            hold,
            settled_at: Some(at),
            ..inbound(new.tx, new.deposit, new.amount, at)
        };
        match self.transactions.get_mut(index(new.tx.0)) {
            Some(asked) => {
                if asked.is_order() {
                    self.unanswered = self.unanswered.saturating_sub(1);
                }
                *asked = Transaction {
                    key: asked.key.take(),
                    method: asked.method.take(),
                    created_at: asked.created_at,
                    ..received
                };
            }
            None => self.transactions.push(received),
        }
        let (amount, on_hold) = (new.amount.minor(), new.held_until.is_some());
        self.change(new.deposit, |d| {
            add(&mut d.buckets.received, amount);
            add(&mut d.buckets.held, amount);
            if on_hold {
                add(&mut d.on_hold, amount);
            }
        });
    }
}

/// Money in another currency, and holds that the gateway charges.
impl Books {
    /// A deposit for money that strayed.
    pub(in crate::deal) fn add_stray(&mut self, id: DepositId, named: DepositId, zero: Money) {
        let owner = self.deposit(named).map_or(Side::Buyer, |d| d.owner);
        self.strays.push(Stray { named, deposit: Deposit::empty(id, owner, zero) });
    }

    pub(in crate::deal) fn charge_hold(&mut self, new: &Charged<'_>, at: Time) {
        let Some(hold) = self.transactions.get_mut(index(new.hold.0)) else { return };
        let (deposit, amount) = (hold.deposit, new.amount.minor());
        let open = hold.on_hold();
        // what is charged beyond the hold came in, too
        let more = amount.saturating_sub(open).max(0);
        let rest = if new.last { open.saturating_sub(amount).max(0) } else { 0 };
        add(&mut hold.captured, amount);
        add(&mut hold.let_go, rest);
        add(&mut hold.returned, rest);
        if new.last || amount >= open {
            hold.hold = Some(HoldState::Closed);
        }
        let released = amount.min(open).saturating_add(rest);
        self.change(deposit, |d| {
            add(&mut d.buckets.received, more);
            add(&mut d.buckets.held, more);
            sub(&mut d.on_hold, released);
            sub(&mut d.buckets.held, rest);
            add(&mut d.buckets.refunded, rest);
        });
        self.book_capture(new, deposit, at);
    }

    /// The capture itself: the answer to an order, or a transaction that nobody ordered.
    fn book_capture(&mut self, new: &Charged<'_>, deposit: DepositId, at: Time) {
        if self.transaction(new.tx).is_some() {
            let _ = self.answer(new.tx, TransactionState::Succeeded, at);
            self.source(Some(new.tx), |t| t.capture = new.capture.cloned());
        } else {
            self.transactions.push(Transaction {
                kind: TransactionKind::Capture,
                state: TransactionState::Succeeded,
                source: Some(new.hold),
                capture: new.capture.cloned(),
                settled_at: Some(at),
                ..inbound(new.tx, deposit, new.amount, at)
            });
        }
    }
}

/// What goes out.
impl Books {
    pub(in crate::deal) fn order_capture(&mut self, order: &Order, at: Time) {
        self.unanswered = self.unanswered.saturating_add(1);
        self.transactions.push(ordered(order, at));
        self.source(order.source, |hold| hold.hold = Some(HoldState::Closing));
    }

    pub(in crate::deal) fn order_leg(&mut self, order: &Order, at: Time) {
        self.attempt(order);
        self.unanswered = self.unanswered.saturating_add(1);
        self.transactions.push(ordered(order, at));
        if order.kind == TransactionKind::Void {
            self.source(order.source, |hold| {
                hold.hold = Some(HoldState::Closing);
                add(&mut hold.let_go, order.amount.minor());
            });
            self.change(order.deposit, |d| sub(&mut d.on_hold, order.amount.minor()));
        }
    }

    pub(in crate::deal) fn credit_leg(&mut self, order: &Order, at: Time) {
        self.attempt(order);
        self.transactions.push(Transaction {
            state: TransactionState::Succeeded,
            settled_at: Some(at),
            ..ordered(order, at)
        });
        self.settle_leg(order.leg, LegState::Credited);
    }

    /// A leg that is not sent yet: a new one, or one that was declined and is to be tried again once its chargeback is over.
    pub(in crate::deal) fn keep_waiting(&mut self, new: &Waiting<'_>) {
        self.assign(Leg {
            id: new.leg,
            deposit: new.deposit,
            payee: new.payee.clone(),
            purpose: new.purpose,
            amount: new.amount,
            state: LegState::Waiting,
            cut: 0,
            part_of: None,
            waits_for: None,
            came_back: 0,
            tx: None,
            source: new.source,
        });
    }

    /// An attempt to pay a leg: the first one, or the next one of a leg that is known.
    fn attempt(&mut self, order: &Order) {
        if let Some(id) = order.leg {
            self.assign(Leg {
                id,
                deposit: order.deposit,
                payee: order.payee.clone(),
                purpose: order.purpose,
                amount: order.amount,
                state: LegState::Ordered,
                cut: 0,
                part_of: None,
                waits_for: None,
                came_back: 0,
                tx: Some(order.tx),
                source: order.source,
            });
        }
    }

    /// A leg that is new takes its amount out of what the deposit holds; another attempt finds it there.
    fn assign(&mut self, new: Leg) {
        if let Some(leg) = self.legs.get_mut(index(new.id.0)) {
            leg.state = new.state;
            leg.tx = new.tx.or(leg.tx);
            return;
        }
        let (deposit, source, amount) = (new.deposit, new.source, new.amount.minor());
        self.legs.push(new);
        self.unsettled = self.unsettled.saturating_add(1);
        self.change(deposit, |d| {
            sub(&mut d.buckets.held, amount);
            add(&mut d.buckets.reserved, amount);
        });
        self.source(source, |t| add(&mut t.returned, amount));
    }

    /// The payee has the money.
    pub(super) fn settle_leg(&mut self, id: Option<LegId>, state: LegState) {
        let Some(leg) = id.and_then(|id| self.legs.get_mut(index(id.0))) else {
            return;
        };
        leg.state = state;
        // a balance is the payee's, not the payment that it came by
        let back = leg.purpose.goes_back() && state == LegState::Settled;
        let (deposit, amount) = (leg.deposit, leg.amount.minor());
        self.unsettled = self.unsettled.saturating_sub(1);
        self.change(deposit, |d| {
            sub(&mut d.buckets.reserved, amount);
            add(if back { &mut d.buckets.refunded } else { &mut d.buckets.paid_out }, amount);
        });
    }
}

/// One entry.
impl Books {
    pub(super) fn change(&mut self, id: DepositId, change: impl FnOnce(&mut Deposit)) {
        let deposit = match id.stray_index() {
            Some(stray) => self.strays.get_mut(stray).map(|s| &mut s.deposit),
            None => self.deposits.get_mut(id.index()),
        };
        if let Some(deposit) = deposit {
            change(deposit);
        }
    }

    pub(super) fn source(&mut self, id: Option<TxId>, change: impl FnOnce(&mut Transaction)) {
        if let Some(source) = id.and_then(|id| self.transactions.get_mut(index(id.0))) {
            change(source);
        }
    }

    pub(super) fn source_state(&self, id: Option<TxId>) -> Option<HoldState> {
        id.and_then(|id| self.transaction(id)).and_then(|t| t.hold)
    }

    pub(super) fn mark(&mut self, id: Option<LegId>, state: LegState) {
        if let Some(leg) = id.and_then(|id| self.legs.get_mut(index(id.0))) {
            leg.state = state;
        }
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
