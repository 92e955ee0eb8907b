//! How money moves through the books: between the buckets of a deposit, with the legs and transactions that explain it.
//! Part of the fold: no rules here.

use smallvec::SmallVec;

use super::{Books, OpenChargeback, PayeeDestination, index};
use crate::deal::command::{DestinationUse, PaymentForm};
use crate::deal::event::DepositChange;
use crate::deposit::{
    Buckets, ChargeDetails, ClientKey, Deposit, DepositId, GatewayName, HoldState, Leg, LegId, LegState,
    Order, Purpose, Reference, Transaction, TransactionKind, TransactionState, TxId,
};
use crate::settlement::Receivable;
use crate::{Destination, Money, Payee, Side, Time};

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
        Self { id, owner, required, buckets: Buckets::default(), on_hold: 0, charge: None }
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
            receivables: SmallVec::new(),
            chargebacks: SmallVec::new(),
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
            self.source(order.source, |hold| hold.hold = Some(HoldState::Closing));
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

    pub(in crate::deal) fn keep_waiting(&mut self, new: &Waiting<'_>) {
        self.assign(Leg {
            id: new.leg,
            deposit: new.deposit,
            payee: new.payee.clone(),
            purpose: new.purpose,
            amount: new.amount,
            state: LegState::Waiting,
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
        let (deposit, amount, back) = (leg.deposit, leg.amount.minor(), leg.purpose.goes_back());
        self.unsettled = self.unsettled.saturating_sub(1);
        self.change(deposit, |d| {
            sub(&mut d.buckets.reserved, amount);
            add(if back { &mut d.buckets.refunded } else { &mut d.buckets.paid_out }, amount);
        });
    }

    pub(in crate::deal) fn set_destination(
        &mut self,
        payee: &Payee,
        of: DestinationUse,
        destination: Option<&Destination>,
    ) {
        self.destinations.retain(|d| d.payee != *payee || d.of != of);
        if let Some(destination) = destination {
            let destination = destination.clone();
            self.destinations.push(PayeeDestination { payee: payee.clone(), of, destination });
        }
    }
}

/// Chargebacks and debts.
impl Books {
    pub(in crate::deal) fn record_chargeback(&mut self, new: OpenChargeback) {
        match self.chargebacks.iter_mut().find(|c| c.reference == new.reference) {
            Some(known) => (known.step, known.amount) = (new.step, new.amount),
            None => self.chargebacks.push(new),
        }
    }

    pub(in crate::deal) fn charge_back(
        &mut self,
        (tx, deposit): (TxId, DepositId),
        reference: &Reference,
        (from_held, from_legs): (Money, Money),
        at: Time,
    ) {
        let amount = from_held.minor().saturating_add(from_legs.minor());
        self.transactions.push(Transaction {
            kind: TransactionKind::Chargeback,
            state: TransactionState::Succeeded,
            reference: Some(reference.clone()),
            settled_at: Some(at),
            ..inbound(tx, deposit, Money::from_minor(amount, from_held.currency()), at)
        });
        self.change(deposit, |d| {
            sub(&mut d.buckets.held, from_held.minor());
            add(&mut d.buckets.charged_back, from_held.minor());
        });
    }

    pub(in crate::deal) fn cut_leg(&mut self, id: LegId, old: Money, new: Money) {
        let cut = old.minor().saturating_sub(new.minor());
        let Some(leg) = self.legs.get_mut(index(id.0)) else { return };
        leg.amount = new;
        if new.is_zero() {
            leg.state = LegState::Dropped;
            self.unsettled = self.unsettled.saturating_sub(1);
        }
        let (deposit, source) = (leg.deposit, leg.source);
        self.source(source, |t| sub(&mut t.returned, cut));
        self.change(deposit, |d| {
            sub(&mut d.buckets.reserved, cut);
            add(&mut d.buckets.charged_back, cut);
        });
    }

    pub(in crate::deal) fn owe(&mut self, receivable: &Receivable) {
        self.receivables.push(receivable.clone());
    }

    /// Counts what is not stored.
    pub(in crate::deal) fn recount(&mut self) {
        self.unanswered = super::count(self.transactions.iter().filter(|t| t.is_order()).count());
        self.unsettled = super::count(self.legs.iter().filter(|l| !l.is_settled()).count());
    }
}

/// One entry.
impl Books {
    pub(super) fn change(&mut self, id: DepositId, change: impl FnOnce(&mut Deposit)) {
        if let Some(deposit) = self.deposits.get_mut(id.index()) {
            change(deposit);
        }
    }

    pub(super) fn source(&mut self, id: Option<TxId>, change: impl FnOnce(&mut Transaction)) {
        if let Some(source) = id.and_then(|id| self.transactions.get_mut(index(id.0))) {
            change(source);
        }
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
