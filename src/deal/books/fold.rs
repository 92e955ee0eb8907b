//! How money moves through the books: between the buckets of a deposit, with the legs and transactions that explain it.
//! Part of the fold: no rules here.

use smallvec::SmallVec;

use super::{Books, PayeeDestination, Stray, index};
use crate::deal::command::{DestinationUse, PaymentForm};
use crate::deal::event::DepositChange;
use crate::deposit::{
    Buckets, CaptureId, ChargeDetails, ClientKey, Deposit, DepositId, GatewayName, HoldState, Leg, LegId,
    LegState, Order, Purpose, Reference, Transaction, TransactionKind, TransactionState, TxId,
};
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

/// What the gateway answers.
impl Books {
    pub(in crate::deal) fn succeed(&mut self, tx: TxId, reference: &Reference, at: Time) {
        let declined = self.transaction(tx).is_some_and(|t| matches!(t.state, TransactionState::Failed(_)));
        let answered = self.answer(tx, TransactionState::Succeeded, at);
        let Some(Answered { kind, leg, source, deposit, amount }) = answered else { return };
        self.source(Some(tx), |t| {
            t.reference = Some(reference.clone());
            t.doubted = false;
        });
        match kind {
            TransactionKind::Capture => self.close_hold(source, deposit, amount),
            TransactionKind::Void => {
                self.source(source, |hold| hold.hold = Some(HoldState::Closed));
                self.settle_leg(leg, LegState::Settled);
            }
            TransactionKind::Refund | TransactionKind::Payout | TransactionKind::Fee if declined => {
                self.settle_late(tx, leg);
            }
            TransactionKind::Refund | TransactionKind::Payout | TransactionKind::Fee => {
                self.settle_leg(leg, LegState::Settled);
            }
            TransactionKind::Hold | TransactionKind::Charge => {}
        }
    }

    /// A capture that was ordered is done: what it took is money, the rest was let go.
    fn close_hold(&mut self, hold: Option<TxId>, deposit: DepositId, amount: i64) {
        let (mut open, mut rest, mut more) = (0, 0, 0);
        self.source(hold, |hold| {
            open = hold.on_hold();
            // what is charged beyond the hold came in, too
            more = amount.saturating_sub(open).max(0);
            rest = open.saturating_sub(amount).max(0);
            hold.hold = Some(HoldState::Closed);
            add(&mut hold.captured, amount);
            add(&mut hold.let_go, rest);
            add(&mut hold.returned, rest);
        });
        self.change(deposit, |d| {
            add(&mut d.buckets.received, more);
            add(&mut d.buckets.held, more);
            sub(&mut d.on_hold, open);
            sub(&mut d.buckets.held, rest);
            add(&mut d.buckets.refunded, rest);
        });
    }

    /// An attempt that was declined went through after all. It pays its leg, and the parts that were divided from it, unless
    /// a later attempt was sent: then the later one decides whether the payee has the money twice.
    fn settle_late(&mut self, tx: TxId, id: Option<LegId>) {
        let Some((id, leg)) = id.and_then(|id| Some((id, self.leg(id)?))) else { return };
        let Some(net) = self.transaction(tx).map(|t| t.amount.minor().saturating_sub(t.bounced())) else {
            return;
        };
        let paid = |t: &&Transaction| {
            let counts = t.state == TransactionState::Succeeded && t.amount.minor() > t.bounced();
            t.leg == Some(id) && t.id != tx && counts
        };
        let late = leg.state == LegState::Ordered || self.transactions.iter().any(|t| paid(&t));
        self.source(Some(tx), |t| t.late = late);
        if !late && net > 0 {
            self.pay_late(tx, id, net);
        }
    }

    fn pay_late(&mut self, tx: TxId, id: LegId, net: i64) {
        let Some(leg) = self.leg(id).cloned() else { return };
        let was_paid = matches!(leg.state, LegState::Settled | LegState::Credited);
        let own = if was_paid { 0 } else { leg.amount.minor() };
        if own > net {
            self.divide_off(id, own.saturating_sub(net));
        }
        let mut need = net.saturating_sub(own).max(0);
        let mut gained = self.uncut(id, need);
        need = need.saturating_sub(gained);
        let root = leg.root();
        let parts: SmallVec<[LegId; 4]> = self
            .legs
            .iter()
            .filter(|l| l.root() == root && l.id != id && l.state != LegState::Ordered)
            .map(|l| l.id)
            .collect();
        for part in parts {
            let taken = self.take_from(part, need);
            let uncut = self.uncut(part, need.saturating_sub(taken));
            gained = gained.saturating_add(taken).saturating_add(uncut);
            need = need.saturating_sub(taken).saturating_sub(uncut);
        }
        let Some(leg) = self.legs.get_mut(index(id.0)) else { return };
        leg.amount = Money::from_minor(leg.amount.minor().saturating_add(gained), leg.amount.currency());
        (leg.tx, leg.waits_for) = (Some(tx), None);
        let back = leg.purpose.goes_back() && leg.state != LegState::Credited;
        let deposit = leg.deposit;
        if was_paid {
            self.change(deposit, |d| {
                sub(&mut d.buckets.reserved, gained);
                add(if back { &mut d.buckets.refunded } else { &mut d.buckets.paid_out }, gained);
            });
        } else {
            if leg.state == LegState::Dropped {
                self.unsettled = self.unsettled.saturating_add(1);
            }
            self.settle_leg(Some(id), LegState::Settled);
        }
    }

    /// A part of an unsent leg becomes a leg of its own, as it stands.
    fn divide_off(&mut self, id: LegId, part: i64) {
        let into = self.next_leg();
        let Some(currency) = self.leg(id).map(|l| l.amount.currency()) else { return };
        self.split_leg(id, into, Money::from_minor(part, currency));
    }

    /// Takes what an unsent part of a leg would have paid.
    fn take_from(&mut self, id: LegId, most: i64) -> i64 {
        let Some(leg) = self.legs.get_mut(index(id.0)) else { return 0 };
        let taken = match leg.state {
            LegState::Declined | LegState::Waiting => leg.amount.minor().min(most).max(0),
            LegState::Ordered | LegState::Settled | LegState::Credited | LegState::Dropped => 0,
        };
        if taken > 0 {
            leg.amount = Money::from_minor(leg.amount.minor().saturating_sub(taken), leg.amount.currency());
            if leg.amount.is_zero() {
                (leg.state, leg.waits_for) = (LegState::Dropped, None);
                self.unsettled = self.unsettled.saturating_sub(1);
            }
        }
        taken
    }

    /// What was cut is with the payee all the same.
    fn uncut(&mut self, id: LegId, most: i64) -> i64 {
        let Some(leg) = self.legs.get_mut(index(id.0)) else { return 0 };
        let uncut = leg.cut.min(most).max(0);
        leg.cut = leg.cut.saturating_sub(uncut);
        let (deposit, source) = (leg.deposit, leg.source);
        self.source(source, |t| add(&mut t.returned, uncut));
        self.change(deposit, |d| {
            sub(&mut d.buckets.charged_back, uncut);
            add(&mut d.buckets.reserved, uncut);
        });
        uncut
    }

    pub(in crate::deal) fn fail(&mut self, tx: TxId, reason: &crate::deposit::Reason, at: Time) {
        let answered = self.answer(tx, TransactionState::Failed(reason.clone()), at);
        let Some(Answered { kind, leg, source, deposit, amount }) = answered else { return };
        match kind {
            // the money never came in
            // the gateway has captured by itself meanwhile
            TransactionKind::Capture if self.source_state(source) != Some(HoldState::Closing) => {}
            TransactionKind::Capture => {
                let mut open = 0;
                self.source(source, |hold| {
                    open = hold.on_hold();
                    hold.hold = Some(HoldState::Lapsed);
                });
                self.change(deposit, |d| {
                    sub(&mut d.on_hold, open);
                    sub(&mut d.buckets.held, open);
                    sub(&mut d.buckets.received, open);
                });
            }
            TransactionKind::Void => {
                self.source(source, |hold| hold.hold = Some(HoldState::Lapsed));
                self.mark(leg, LegState::Dropped);
                self.unsettled = self.unsettled.saturating_sub(1);
                self.change(deposit, |d| {
                    sub(&mut d.buckets.reserved, amount);
                    sub(&mut d.buckets.received, amount);
                });
            }
            TransactionKind::Refund | TransactionKind::Payout | TransactionKind::Fee => {
                let late = self.transactions.iter().find(|t| t.leg == leg && t.late).map(|t| t.id);
                self.mark(leg, LegState::Declined);
                // an earlier attempt that had gone through after all pays it
                if let Some(late) = late {
                    self.source(Some(late), |t| t.late = false);
                    self.settle_late(late, leg);
                }
            }
            TransactionKind::Hold | TransactionKind::Charge => {}
        }
    }

    fn answer(&mut self, tx: TxId, state: TransactionState, at: Time) -> Option<Answered> {
        let t = self.transactions.get_mut(index(tx.0))?;
        if t.is_order() {
            self.unanswered = self.unanswered.saturating_sub(1);
        }
        t.state = state;
        t.settled_at = Some(at);
        let (kind, leg, source, deposit, amount) = (t.kind, t.leg, t.source, t.deposit, t.amount.minor());
        Some(Answered { kind, leg, source, deposit, amount })
    }
}

/// What an answer is about.
struct Answered {
    kind: TransactionKind,
    leg: Option<LegId>,
    source: Option<TxId>,
    deposit: DepositId,
    amount: i64,
}

/// What comes back, and what is lost.
impl Books {
    /// The gateway now says that what it did was declined: it is asked again.
    pub(in crate::deal) fn doubt(&mut self, tx: TxId) {
        self.unanswered = self.unanswered.saturating_add(1);
        self.source(Some(tx), |t| t.doubted = true);
    }

    /// The gateway stands by what it did.
    pub(in crate::deal) fn trust(&mut self, tx: TxId) {
        self.unanswered = self.unanswered.saturating_sub(1);
        self.source(Some(tx), |t| t.doubted = false);
    }

    /// The payee's bank gave a payment back. What of it is payable again becomes a leg of its own, declined.
    pub(in crate::deal) fn bounce(
        &mut self,
        (tx, amount): (TxId, Money),
        reference: &Reference,
        again: Option<(LegId, Money)>,
    ) {
        let mut leg = None;
        self.source(Some(tx), |t| {
            t.bounced.push((reference.clone(), amount.minor()));
            leg = t.leg;
        });
        let Some((into, part)) = again else { return };
        let came_back = self.moment();
        let Some(old) = leg.and_then(|id| self.legs.get_mut(index(id.0))) else { return };
        let minor = part.minor();
        old.amount = Money::from_minor(old.amount.minor().saturating_sub(minor), part.currency());
        let new = Leg {
            id: into,
            amount: part,
            cut: 0,
            state: LegState::Declined,
            tx: None,
            part_of: Some(old.part_of.unwrap_or(old.id)),
            waits_for: None,
            came_back,
            ..old.clone()
        };
        let (deposit, back, old) = (old.deposit, old.purpose.goes_back(), old.id);
        self.waits_beside(old, into);
        self.legs.push(new);
        self.unsettled = self.unsettled.saturating_add(1);
        self.change(deposit, |d| {
            sub(if back { &mut d.buckets.refunded } else { &mut d.buckets.paid_out }, minor);
            add(&mut d.buckets.reserved, minor);
        });
    }

    /// A part of a leg that was not sent becomes a leg of its own.
    pub(in crate::deal) fn split_leg(&mut self, id: LegId, into: LegId, part: Money) {
        let Some(old) = self.legs.get_mut(index(id.0)) else { return };
        old.amount = Money::from_minor(old.amount.minor().saturating_sub(part.minor()), part.currency());
        let part_of = Some(old.part_of.unwrap_or(old.id));
        let new = Leg { id: into, amount: part, cut: 0, tx: None, part_of, ..old.clone() };
        self.waits_beside(id, into);
        self.legs.push(new);
        self.unsettled = self.unsettled.saturating_add(1);
    }

    /// A part of what waited for a chargeback waited for it, too.
    fn waits_beside(&mut self, old: LegId, part: LegId) {
        for case in &mut self.cases {
            if let Some(place) = case.waited.iter().position(|id| *id == old) {
                case.waited.insert(place.saturating_add(1), part);
            }
        }
    }

    /// A leg waits for a chargeback, or does so no more.
    pub(in crate::deal) fn let_wait(&mut self, id: LegId, chargeback: Option<u32>) {
        if let Some(leg) = self.legs.get_mut(index(id.0)) {
            leg.waits_for = chargeback;
        }
    }

    /// A lost chargeback cuts an unsent leg, or what was cut is payable again.
    pub(in crate::deal) fn cut_leg(&mut self, id: LegId, old: Money, new: Money) {
        let cut = old.minor().saturating_sub(new.minor());
        let Some(leg) = self.legs.get_mut(index(id.0)) else { return };
        leg.amount = new;
        leg.cut = leg.cut.saturating_add(cut);
        if new.is_zero() {
            (leg.state, leg.waits_for) = (LegState::Dropped, None);
            self.unsettled = self.unsettled.saturating_sub(1);
        } else if leg.state == LegState::Dropped {
            leg.state = LegState::Waiting;
            self.unsettled = self.unsettled.saturating_add(1);
        }
        let (deposit, source) = (leg.deposit, leg.source);
        self.source(source, |t| sub(&mut t.returned, cut));
        self.change(deposit, |d| {
            sub(&mut d.buckets.reserved, cut);
            add(&mut d.buckets.charged_back, cut);
        });
    }

    /// What was cut from a leg before the rest of it was sent is payable again, as a leg of its own.
    pub(in crate::deal) fn restore_leg(&mut self, id: LegId, into: LegId, part: Money) {
        let Some(old) = self.legs.get_mut(index(id.0)) else { return };
        let minor = part.minor();
        old.cut = old.cut.saturating_sub(minor);
        let part_of = Some(old.part_of.unwrap_or(old.id));
        let new = Leg {
            id: into,
            amount: part,
            cut: 0,
            state: LegState::Waiting,
            tx: None,
            part_of,
            waits_for: None,
            ..old.clone()
        };
        let (deposit, source) = (old.deposit, old.source);
        self.waits_beside(id, into);
        self.legs.push(new);
        self.unsettled = self.unsettled.saturating_add(1);
        self.source(source, |t| add(&mut t.returned, minor));
        self.change(deposit, |d| {
            sub(&mut d.buckets.charged_back, minor);
            add(&mut d.buckets.reserved, minor);
        });
    }

    /// What lost chargebacks take out of what a deposit holds, and what of it an ending divides all the same.
    pub(in crate::deal) fn lose(&mut self, id: DepositId, lost: i64, later: i64) {
        self.change(id, |d| {
            let more = lost.saturating_sub(d.lost);
            sub(&mut d.buckets.held, more);
            add(&mut d.buckets.charged_back, more);
            (d.lost, d.lost_later) = (lost, later);
        });
    }

    /// Counts what is not stored.
    pub(in crate::deal) fn recount(&mut self) {
        self.unanswered = super::count(self.transactions.iter().filter(|t| t.is_order()).count());
        self.unsettled = super::count(self.legs.iter().filter(|l| !l.is_settled()).count());
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

    pub(super) fn source(&mut self, id: Option<TxId>, change: impl FnOnce(&mut Transaction)) {
        if let Some(source) = id.and_then(|id| self.transactions.get_mut(index(id.0))) {
            change(source);
        }
    }

    fn source_state(&self, id: Option<TxId>) -> Option<HoldState> {
        id.and_then(|id| self.transaction(id)).and_then(|t| t.hold)
    }

    fn mark(&mut self, id: Option<LegId>, state: LegState) {
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
