//! What goes out: orders to capture and to pay, legs and where their money goes.

use super::{add, ordered, sub};
use crate::deal::books::{Books, PayeeDestination, index};
use crate::deal::command::DestinationUse;
use crate::deposit::{
    DepositId, HoldState, Leg, LegId, LegState, Order, Purpose, SentTo, Transaction, TransactionKind,
    TransactionState, TxId,
};
use crate::{Destination, Money, Payee, Time};

/// A leg that waits while a chargeback of its deposit is open.
pub(in crate::deal) struct Waiting<'e> {
    pub(in crate::deal) leg: LegId,
    pub(in crate::deal) deposit: DepositId,
    pub(in crate::deal) payee: &'e Payee,
    pub(in crate::deal) purpose: Purpose,
    pub(in crate::deal) amount: Money,
    pub(in crate::deal) source: Option<TxId>,
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

    /// Nobody has said where to: it waits as one that was declined does.
    pub(in crate::deal) fn ask(&mut self, leg: LegId) {
        self.mark(Some(leg), LegState::Declined);
    }

    /// An attempt to pay a leg: the first one, or the next one of a leg that is known.
    pub(super) fn attempt(&mut self, order: &Order) {
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

    /// Nobody could be paid in time: it waits for a destination, and the deal does not wait for it.
    pub(in crate::deal) fn leave_unclaimed(&mut self, leg: LegId) {
        self.mark(Some(leg), LegState::Unclaimed);
    }

    /// A leg that is new takes its amount out of what the deposit holds; another attempt finds it there.
    pub(super) fn assign(&mut self, new: Leg) {
        if let Some(leg) = self.legs.get_mut(index(new.id.0)) {
            leg.tx = new.tx.or(leg.tx);
            return self.mark(Some(new.id), new.state);
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
    pub(in crate::deal::books) fn settle_leg(&mut self, id: Option<LegId>, state: LegState) {
        let Some(leg) = id.and_then(|id| self.legs.get_mut(index(id.0))) else {
            return;
        };
        let before = leg.keeps_open();
        leg.state = state;
        // a balance is the payee's, not the payment that it came by
        let back = leg.purpose.goes_back() && state == LegState::Settled;
        let (deposit, amount) = (leg.deposit, leg.amount.minor());
        self.count_open(before, false);
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
        let before = self.destination(payee, of).cloned().map_or(SentTo::Known, SentTo::Chosen);
        let theirs = |l: &Leg| l.payee == *payee && DestinationUse::of(l.purpose) == of;
        for sent in &mut self.transactions {
            if sent.leg.and_then(|id| self.legs.get(index(id.0))).is_some_and(theirs) {
                sent.sent_to.get_or_insert_with(|| before.clone());
            }
        }
        self.destinations.retain(|d| d.payee != *payee || d.of != of);
        if let Some(destination) = destination {
            let destination = destination.clone();
            self.destinations.push(PayeeDestination { payee: payee.clone(), of, destination });
        }
    }
}
