//! What the books must agree on: storage is not trusted. Linear in the number of entries: what is asked of many of them is
//! counted once.

use super::{Books, Cause, index};
use crate::Money;
use crate::deposit::BooksError;
use crate::deposit::{
    Buckets, Deposit, DepositId, DepositPurpose, HoldState, Leg, LegState, Transaction, TransactionKind,
    TransactionState, TxId,
};
use crate::machine::DecodeError;
use crate::{Currency, Payee, Side};

/// What follows from the lists, counted once.
struct Counted {
    /// Of each transaction: how many captures and voids of it have no answer.
    orders_on: Vec<u32>,
    /// Of each transaction: what of it was to be let go by orders.
    voided: Vec<i64>,
    /// Of each transaction: what is on its way, or back, to it.
    returned: Vec<i64>,
    /// Of each transaction: what captures have taken of it.
    captured: Vec<i64>,
    /// Of each leg: what was sent for it and stayed with its payee, and by how many attempts.
    sent: Vec<(i64, u32)>,
    /// Of each deposit, then of each of money that strayed: its buckets, as transactions and legs explain them, and what is
    /// on hold.
    explained: Vec<(Buckets, i64)>,
}

const fn add(sum: &mut i64, amount: i64) {
    *sum = sum.saturating_add(amount);
}

impl Books {
    /// Checks every invariant. `fixed`: what the terms require of the four deposits that every deal has.
    pub(crate) fn check(
        &self,
        fixed: impl Iterator<Item = (DepositId, Side, Money)>,
        currency: Currency,
    ) -> Result<(), DecodeError> {
        self.check_deposits(fixed, currency)?;
        let counted = self.counted();
        for (i, t) in self.transactions.iter().enumerate() {
            if !self.transaction_agrees(i, t, &counted) {
                return Err(BooksError::Transaction { index: i }.into());
            }
        }
        if let Some(index) = self.legs.iter().enumerate().position(|(i, l)| !self.leg_agrees(i, l, &counted))
        {
            return Err(BooksError::Leg { index }.into());
        }
        if let Some(index) = self.had_twice_and_not_owed(&counted) {
            return Err(BooksError::Leg { index }.into());
        }
        for (deposit, (buckets, on_hold)) in self.all_deposits().zip(&counted.explained) {
            let b = &deposit.buckets;
            let explained = Buckets { held: b.held, ..*buckets } == *b
                && deposit.on_hold == *on_hold
                && deposit.on_hold <= b.held
                && (0..=deposit.lost).contains(&deposit.lost_later)
                // more than is required is never kept, but for what a hold brings along
                && deposit.cash() <= deposit.required.minor();
            if !explained {
                return Err(BooksError::Transactions { deposit: deposit.id }.into());
            }
        }
        if !self.cases_agree() {
            return Err(DecodeError::Field { field: "books.cases" });
        }
        if !self.debts_agree() {
            return Err(DecodeError::Field { field: "books.debts" });
        }
        let unanswered = super::count(self.transactions.iter().filter(|t| t.is_order()).count());
        let unsettled = super::count(self.legs.iter().filter(|l| !l.is_settled()).count());
        if (self.unanswered, self.unsettled) != (unanswered, unsettled) {
            return Err(DecodeError::Field { field: "books" });
        }
        Ok(())
    }

    /// Whether the captured money of every required deposit, with what is being captured, covers what it requires.
    pub(crate) fn is_covered(&self) -> bool {
        self.required().all(|d| self.missing(d, d.required.minor()) <= 0)
    }

    /// Whether nothing is held that an ending has still to give out. A charge whose capture is without an answer is
    /// settled by itself.
    pub(crate) fn is_given_out(&self) -> bool {
        self.deposits.iter().all(|d| d.buckets.held == 0 || (d.id.is_charge() && d.on_hold > 0))
    }

    fn check_deposits(
        &self,
        fixed: impl Iterator<Item = (DepositId, Side, Money)>,
        currency: Currency,
    ) -> Result<(), DecodeError> {
        let mut deposits = self.deposits.iter();
        for (id, owner, required) in fixed {
            let deposit = deposits.next().ok_or(BooksError::Deposits)?;
            let expected = Deposit {
                buckets: deposit.buckets,
                on_hold: deposit.on_hold,
                lost: deposit.lost,
                lost_later: deposit.lost_later,
                ..Deposit::empty(id, owner, required)
            };
            if *deposit != expected {
                return Err(BooksError::Deposit { deposit: id }.into());
            }
        }
        for (n, deposit) in deposits.enumerate() {
            let id = u8::try_from(n).ok().and_then(|n| DepositId::charge(n.saturating_add(1)));
            let agrees = Some(deposit.id) == id
                && deposit.purpose() == DepositPurpose::Charge
                && deposit.required.is_positive()
                && deposit.required.currency() == currency
                && deposit.charge.as_ref().is_some_and(|c| c.payee != deposit.owner.payee());
            if !agrees {
                return Err(BooksError::Deposit { deposit: deposit.id }.into());
            }
        }
        for (n, stray) in self.strays.iter().enumerate() {
            let agrees = Some(stray.deposit.id) == DepositId::stray(n)
                && stray.named.stray_index().is_none()
                && stray.deposit.required.is_zero()
                && stray.deposit.charge.is_none()
                && self.deposit(stray.named).is_some_and(|named| {
                    named.owner == stray.deposit.owner
                        && named.required.currency() != stray.deposit.required.currency()
                });
            if !agrees {
                return Err(BooksError::Deposit { deposit: stray.deposit.id }.into());
            }
        }
        match self.all_deposits().find(|d| !d.buckets.conserve()) {
            Some(deposit) => Err(BooksError::Buckets { deposit: deposit.id }.into()),
            None => Ok(()),
        }
    }

    /// The place of a deposit in what is counted.
    fn slot(&self, id: DepositId) -> usize {
        match id.stray_index() {
            Some(stray) => self.deposits.len().saturating_add(stray),
            None => id.index(),
        }
    }

    fn counted(&self) -> Counted {
        let transactions = self.transactions.len();
        let mut counted = Counted {
            orders_on: vec![0; transactions],
            voided: vec![0; transactions],
            returned: vec![0; transactions],
            captured: vec![0; transactions],
            sent: vec![(0, 0); self.legs.len()],
            explained: vec![(Buckets::default(), 0); self.deposits.len().saturating_add(self.strays.len())],
        };
        for t in &self.transactions {
            counted.count_order(t);
        }
        for t in &self.transactions {
            let slot = self.slot(t.deposit);
            counted.count_money(t, slot);
        }
        for l in &self.legs {
            let slot = self.slot(l.deposit);
            counted.count_leg(l, slot);
        }
        for deposit in self.all_deposits() {
            if let Some((buckets, _)) = counted.explained.get_mut(self.slot(deposit.id)) {
                add(&mut buckets.charged_back, deposit.lost);
            }
        }
        counted
    }

    fn transaction_agrees(&self, i: usize, t: &Transaction, counted: &Counted) -> bool {
        let numbered = index(t.id.0) == i;
        let currency = self.deposit(t.deposit).map(|d| d.required.currency());
        let amount = t.amount.is_positive();
        let settled = t.is_pending() != t.settled_at.is_some();
        let held = (t.kind == TransactionKind::Hold) == t.hold.is_some();
        let most = t.amount.minor().max(t.captured.saturating_add(t.let_go));
        let returned = (0..=most).contains(&t.returned) && counted.returned.get(i) == Some(&t.returned);
        let taken = match t.hold {
            Some(hold) => counted.captured.get(i) == Some(&t.captured) && hold_agrees(t, hold),
            None => (t.captured, t.let_go) == (0, 0),
        };
        let bounced = t.bounced.is_empty()
            || (t.state == TransactionState::Succeeded
                && t.leg.is_some()
                && t.bounced() <= t.amount.minor()
                && t.bounced.iter().all(|(_, amount)| *amount > 0));
        let doubted = !t.doubted || t.state == TransactionState::Succeeded;
        let source = t.source.is_none_or(|id| {
            id < t.id && self.transaction(id).is_some_and(|s| s.brought_money() && s.deposit == t.deposit)
        });
        // a payment is named by its gateway and its reference, or by neither
        let named = !t.kind.is_inbound() || t.gateway.is_some() == t.reference.is_some();
        // a request is known by its key, and is for one method
        let asked = t.key.is_some() == t.method.is_some();
        // a hold is being closed by exactly one order, or by none
        let orders = counted.orders_on.get(i).copied().unwrap_or(0);
        let closing = t.hold.is_none_or(|hold| orders == u32::from(hold == HoldState::Closing));
        let leg = match t.kind {
            TransactionKind::Void
            | TransactionKind::Refund
            | TransactionKind::Payout
            | TransactionKind::Fee => t
                .leg
                .and_then(|l| self.leg(l))
                .is_some_and(|l| l.deposit == t.deposit && l.amount.currency() == t.amount.currency()),
            TransactionKind::Hold | TransactionKind::Capture | TransactionKind::Charge => t.leg.is_none(),
        };
        let needs_source = match t.kind {
            TransactionKind::Capture | TransactionKind::Void => {
                self.source_of(t.source).is_some_and(|hold| {
                    hold.kind == TransactionKind::Hold
                        && t.amount.minor() <= hold.amount.minor().max(hold.captured)
                })
            }
            TransactionKind::Hold
            | TransactionKind::Charge
            | TransactionKind::Refund
            | TransactionKind::Payout
            | TransactionKind::Fee => true,
        };
        numbered
            && currency == Some(t.amount.currency())
            && amount
            && settled
            && named
            && asked
            && closing
            && held
            && returned
            && taken
            && bounced
            && doubted
            && source
            && leg
            && needs_source
    }

    fn leg_agrees(&self, i: usize, l: &Leg, counted: &Counted) -> bool {
        let numbered = index(l.id.0) == i;
        let attempt = l.tx.and_then(|tx| self.transaction(tx));
        let own = attempt.is_none_or(|t| t.leg == Some(l.id));
        let part = l.part_of.is_some();
        let state = match (l.state, attempt.map(|t| &t.state)) {
            (LegState::Ordered, Some(TransactionState::Pending))
            | (LegState::Settled | LegState::Credited, Some(TransactionState::Succeeded))
            | (LegState::Declined | LegState::Dropped, Some(TransactionState::Failed(_)))
            | (LegState::Dropped, None) => true,
            // only a chargeback keeps a leg waiting
            (LegState::Waiting, None | Some(TransactionState::Failed(_))) => l.waits_for.is_some(),
            (LegState::Declined, None) => part,
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
        let amount = l.cut >= 0
            && match l.state {
                // of what came back nothing may be left
                LegState::Dropped | LegState::Settled | LegState::Credited => !l.amount.is_negative(),
                LegState::Ordered | LegState::Declined | LegState::Waiting => l.amount.is_positive(),
            };
        let paid = match (l.state, attempt) {
            (LegState::Settled | LegState::Credited, Some(t)) if t.kind == TransactionKind::Void => {
                l.amount == t.amount
            }
            (LegState::Settled | LegState::Credited, Some(_)) => {
                counted.sent.get(i).is_some_and(|(sent, _)| l.amount.minor() <= *sent)
            }
            (LegState::Ordered, Some(t)) => t.amount == l.amount,
            (_, _) => true,
        };
        // what goes back goes back to a payment into the same deposit; nothing else has a source
        let source = match self.source_of(l.source) {
            Some(source) => l.purpose.goes_back() && source.brought_money() && source.deposit == l.deposit,
            None => !l.purpose.goes_back() && l.source.is_none(),
        };
        let waits = l.waits_for.is_none_or(|n| {
            // what the bank has decided keeps nothing waiting
            let undecided = self.cases.get(index(n)).is_some_and(|c| !c.won && c.lost.is_none());
            undecided && matches!(l.state, LegState::Waiting | LegState::Declined)
        });
        let of =
            l.part_of.is_none_or(|root| root < l.id && self.leg(root).is_some_and(|r| r.part_of.is_none()));
        let deposit = self.deposit(l.deposit);
        let currency = deposit.is_some_and(|d| d.required.currency() == l.amount.currency());
        let to_owner = !l.purpose.goes_back() || deposit.map(|d| d.owner.payee()).as_ref() == Some(&l.payee);
        numbered && own && state && amount && paid && source && waits && of && currency && to_owner
    }

    /// The first leg of which its payee has more than it comes to, with its parts, without owing it. The platform owes
    /// nothing to itself, but has nothing twice that was not sent twice.
    fn had_twice_and_not_owed(&self, counted: &Counted) -> Option<usize> {
        let mut twice = vec![(0_i64, 0_u32, 0_i64); self.legs.len()];
        for (l, (sent, attempts)) in self.legs.iter().zip(&counted.sent) {
            let Some(of) = twice.get_mut(index(l.root().0)) else { continue };
            of.1 = of.1.saturating_add(*attempts);
            if matches!(l.state, LegState::Settled | LegState::Credited) {
                add(&mut of.0, sent.saturating_sub(l.amount.minor()).max(0));
            }
        }
        for debt in &self.debts {
            if let Cause::PaidTwice { leg } = debt.cause
                && let Some(of) = twice.get_mut(index(leg.0))
            {
                add(&mut of.2, debt.amount.minor());
            }
        }
        self.legs.iter().zip(twice).position(|(l, (more, attempts, owed))| {
            let own = l.payee == Payee::Platform && attempts > 1;
            more > owed && !own
        })
    }

    fn source_of(&self, id: Option<TxId>) -> Option<&Transaction> {
        id.and_then(|id| self.transaction(id))
    }
}

/// Whether what was taken of a hold and what was let go explain its state. What is charged beyond it lets nothing go.
fn hold_agrees(t: &Transaction, hold: HoldState) -> bool {
    let gone = t.captured.saturating_add(t.let_go);
    let within = gone <= t.amount.minor();
    let state = match hold {
        HoldState::Closed => gone >= t.amount.minor(),
        HoldState::Open { .. } | HoldState::Closing | HoldState::Lapsed => within,
    };
    t.captured >= 0 && t.let_go >= 0 && state && (within || t.let_go == 0)
}

impl Counted {
    fn count_order(&mut self, t: &Transaction) {
        let void = match t.kind {
            TransactionKind::Capture => false,
            TransactionKind::Void => true,
            TransactionKind::Hold
            | TransactionKind::Charge
            | TransactionKind::Refund
            | TransactionKind::Payout
            | TransactionKind::Fee => return,
        };
        let Some(source) = t.source.map(|id| index(id.0)) else { return };
        let took = !void && t.state == TransactionState::Succeeded;
        if let Some(captured) = self.captured.get_mut(source).filter(|_| took) {
            add(captured, t.amount.minor());
        }
        if let Some(orders) = self.orders_on.get_mut(source).filter(|_| t.is_pending()) {
            *orders = orders.saturating_add(1);
        }
        if let Some(voided) = self.voided.get_mut(source).filter(|_| void) {
            add(voided, t.amount.minor());
        }
    }

    fn count_money(&mut self, t: &Transaction, slot: usize) {
        let i = index(t.id.0);
        let stays = t.state == TransactionState::Succeeded && t.kind != TransactionKind::Void;
        if let Some((sent, attempts)) =
            t.leg.and_then(|leg| self.sent.get_mut(index(leg.0))).filter(|_| stays)
        {
            add(sent, t.amount.minor().saturating_sub(t.bounced()));
            *attempts = attempts.saturating_add(1);
        }
        let voided = self.voided.get(i).copied().unwrap_or(0);
        // what was let go together with a capture
        let rest = t.let_go.saturating_sub(voided);
        if let Some(returned) = self.returned.get_mut(i) {
            add(returned, rest);
        }
        let Some((buckets, on_hold)) = self.explained.get_mut(slot) else { return };
        add(&mut buckets.refunded, rest);
        add(on_hold, t.on_hold());
        if t.brought_money() {
            let received = match t.hold {
                Some(HoldState::Lapsed) => t.captured.saturating_add(rest),
                Some(HoldState::Open { .. } | HoldState::Closing | HoldState::Closed) => {
                    t.amount.minor().max(t.captured.saturating_add(t.let_go))
                }
                None => t.amount.minor(),
            };
            add(&mut buckets.received, received);
        }
    }

    fn count_leg(&mut self, l: &Leg, slot: usize) {
        if let Some(returned) = l.source.and_then(|id| self.returned.get_mut(index(id.0))) {
            add(returned, l.amount.minor());
        }
        let Some((buckets, _)) = self.explained.get_mut(slot) else { return };
        add(&mut buckets.charged_back, l.cut);
        let bucket = match l.state {
            LegState::Ordered | LegState::Declined | LegState::Waiting => &mut buckets.reserved,
            LegState::Settled if l.purpose.goes_back() => &mut buckets.refunded,
            LegState::Settled | LegState::Credited => &mut buckets.paid_out,
            LegState::Dropped => return,
        };
        add(bucket, l.amount.minor());
    }
}
