//! What comes in: requests, claims, payments, holds and what is captured of them.

use super::{add, inbound, ordered, sub};
use crate::deal::books::{Books, Stray, index};
use crate::deal::command::PaymentForm;
use crate::deposit::{
    CaptureId, ClientKey, Deposit, DepositId, GatewayName, HoldState, Order, Reference, Transaction,
    TransactionKind, TransactionState, TxId,
};
use crate::{Money, Side, Time};

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
    /// What of that rest is missed, in minor units.
    pub(in crate::deal) missed: i64,
}

/// Requests, claims and payments.
impl Books {
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

    pub(in crate::deal) fn shorten_hold(&mut self, tx: TxId, expires: Time) {
        self.source(Some(tx), |hold| hold.hold = Some(HoldState::Open { expires }));
    }

    pub(in crate::deal) fn charge_hold(&mut self, new: &Charged<'_>, at: Time) {
        let Some(deposit) = self.transaction(new.hold).map(|hold| hold.deposit) else { return };
        self.take_of_hold(Some(new.hold), deposit, new.amount.minor(), new.last);
        self.change(deposit, |d| add(&mut d.missed, new.missed));
        self.book_capture(new, deposit, at);
    }

    /// So much of a hold is money now; what is taken beyond it came in, too. With the last capture the rest is let go.
    pub(super) fn take_of_hold(&mut self, hold: Option<TxId>, deposit: DepositId, amount: i64, last: bool) {
        let (mut open, mut rest) = (0, 0);
        self.source(hold, |hold| {
            open = hold.on_hold();
            rest = if last { open.saturating_sub(amount).max(0) } else { 0 };
            add(&mut hold.captured, amount);
            add(&mut hold.let_go, rest);
            add(&mut hold.returned, rest);
            if last || amount >= open {
                hold.hold = Some(HoldState::Closed);
            }
        });
        let more = amount.saturating_sub(open).max(0);
        let released = amount.min(open).saturating_add(rest);
        self.change(deposit, |d| {
            add(&mut d.buckets.received, more);
            add(&mut d.buckets.held, more);
            sub(&mut d.on_hold, released);
            sub(&mut d.buckets.held, rest);
            add(&mut d.buckets.refunded, rest);
        });
    }

    /// The capture itself: the answer to an order, or a transaction that nobody ordered.
    pub(super) fn book_capture(&mut self, new: &Charged<'_>, deposit: DepositId, at: Time) {
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
