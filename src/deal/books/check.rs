//! What the books must agree on: storage is not trusted. Linear in the number of entries: what is asked of many of them is
//! counted once.

use super::{Books, OpenChargeback, index};
use crate::Money;
use crate::deal::command::ChargebackStep;
use crate::deposit::BooksError;
use crate::deposit::{
    Buckets, Deposit, DepositId, DepositPurpose, HoldState, Leg, LegState, Transaction, TransactionKind,
    TransactionState, TxId,
};
use crate::machine::DecodeError;
use crate::{Currency, Side};

/// What follows from the lists, counted once.
struct Counted {
    /// Of each transaction: how many captures and voids of it have no answer.
    orders_on: Vec<u32>,
    /// Of each transaction: whether a void of it has no answer.
    voiding: Vec<bool>,
    /// Of each transaction: what is on its way, or back, to it.
    returned: Vec<i64>,
    /// Of each deposit: its buckets, as transactions and legs explain them, and what is on hold.
    explained: Vec<(Buckets, i64)>,
    /// Of each deposit: whether a chargeback is open.
    disputed: Vec<bool>,
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
        for (deposit, (buckets, on_hold)) in self.deposits.iter().zip(&counted.explained) {
            let b = &deposit.buckets;
            let explained = Buckets { held: b.held, ..*buckets } == *b
                && deposit.on_hold == *on_hold
                && deposit.on_hold <= b.held
                // more than is required is never kept, but for what a hold brings along
                && deposit.cash() <= deposit.required.minor();
            if !explained {
                return Err(BooksError::Transactions { deposit: deposit.id }.into());
            }
        }
        if !self.chargebacks_agree() {
            return Err(DecodeError::Field { field: "books.chargebacks" });
        }
        if !self.receivables.iter().all(|r| r.amount.is_positive() && r.debtor != r.payee) {
            return Err(DecodeError::Field { field: "books.receivables" });
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
        match self.deposits.iter().find(|d| !d.buckets.conserve()) {
            Some(deposit) => Err(BooksError::Buckets { deposit: deposit.id }.into()),
            None => Ok(()),
        }
    }

    fn counted(&self) -> Counted {
        let transactions = self.transactions.len();
        let mut counted = Counted {
            orders_on: vec![0; transactions],
            voiding: vec![false; transactions],
            returned: vec![0; transactions],
            explained: vec![(Buckets::default(), 0); self.deposits.len()],
            disputed: vec![false; self.deposits.len()],
        };
        for t in &self.transactions {
            counted.count_order(t);
        }
        for t in &self.transactions {
            self.count_money(t, &mut counted);
        }
        self.legs.iter().for_each(|l| counted.count_leg(l));
        for c in self.chargebacks.iter().filter(|c| c.step == ChargebackStep::Opened) {
            if let Some(disputed) = counted.disputed.get_mut(c.deposit.index()) {
                *disputed = true;
            }
        }
        counted
    }

    fn count_money(&self, t: &Transaction, counted: &mut Counted) {
        let amount = t.amount.minor();
        let rest = match (t.kind, &t.state) {
            (TransactionKind::Capture, TransactionState::Succeeded) => {
                let hold = t.source.and_then(|id| self.transaction(id));
                hold.map_or(0, |hold| hold.amount.minor().saturating_sub(amount))
            }
            (_, _) => 0,
        };
        if let Some(returned) = t.source.and_then(|id| counted.returned.get_mut(index(id.0))) {
            add(returned, rest);
        }
        let voiding = counted.voiding.get(index(t.id.0)).copied().unwrap_or(false);
        let Some((buckets, on_hold)) = counted.explained.get_mut(t.deposit.index()) else { return };
        add(&mut buckets.refunded, rest);
        if t.brought_money() && t.hold != Some(HoldState::Lapsed) {
            add(&mut buckets.received, amount);
        }
        match t.hold {
            Some(HoldState::Open { .. }) => add(on_hold, amount),
            Some(HoldState::Closing) if !voiding => add(on_hold, amount),
            Some(HoldState::Closing | HoldState::Closed | HoldState::Lapsed) | None => {}
        }
        if t.kind == TransactionKind::Chargeback {
            add(&mut buckets.charged_back, amount);
        }
    }

    fn transaction_agrees(&self, i: usize, t: &Transaction, counted: &Counted) -> bool {
        let numbered = index(t.id.0) == i;
        let currency = self.deposit(t.deposit).map(|d| d.required.currency());
        // a chargeback that found nothing in the pot took nothing
        let amount = t.amount.is_positive() || (t.kind == TransactionKind::Chargeback && t.amount.is_zero());
        let settled = t.is_pending() != t.settled_at.is_some();
        let held = (t.kind == TransactionKind::Hold) == t.hold.is_some();
        // a chargeback is the bank's deed, booked when it is told: never an order of ours
        let booked = t.kind != TransactionKind::Chargeback || t.state == TransactionState::Succeeded;
        let returned =
            (0..=t.amount.minor()).contains(&t.returned) && counted.returned.get(i) == Some(&t.returned);
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
            TransactionKind::Hold
            | TransactionKind::Capture
            | TransactionKind::Charge
            | TransactionKind::Chargeback => t.leg.is_none(),
        };
        let needs_source = match t.kind {
            TransactionKind::Capture | TransactionKind::Void => {
                self.source_of(t.source).is_some_and(|hold| {
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

    fn leg_agrees(&self, i: usize, l: &Leg, counted: &Counted) -> bool {
        let numbered = index(l.id.0) == i;
        let attempt = l.tx.and_then(|tx| self.transaction(tx));
        let own = attempt.is_none_or(|t| t.leg == Some(l.id));
        let disputed = counted.disputed.get(l.deposit.index()).copied().unwrap_or(false);
        let state = match (l.state, attempt.map(|t| &t.state)) {
            // only an open chargeback keeps a leg waiting
            (LegState::Waiting, _) if !disputed => false,
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
        let source = match self.source_of(l.source) {
            Some(source) => l.purpose.goes_back() && source.brought_money() && source.deposit == l.deposit,
            None => !l.purpose.goes_back() && l.source.is_none(),
        };
        let owner = self.deposit(l.deposit).map(|d| d.owner.payee());
        let to_owner = !l.purpose.goes_back() || owner.as_ref() == Some(&l.payee);
        numbered && own && state && amount && paid && source && to_owner
    }

    fn source_of(&self, id: Option<TxId>) -> Option<&Transaction> {
        id.and_then(|id| self.transaction(id))
    }

    fn chargebacks_agree(&self) -> bool {
        let mut seen = std::collections::BTreeSet::new();
        let booked = self.transactions.iter().filter(|t| t.kind == TransactionKind::Chargeback);
        let booked: std::collections::BTreeSet<_> =
            booked.map(|t| (t.deposit, t.reference.as_deref())).collect();
        self.chargebacks.iter().all(|c: &OpenChargeback| {
            seen.insert(&*c.reference)
                && self.deposit(c.deposit).is_some_and(|d| d.required.currency() == c.amount.currency())
                && c.amount.is_positive()
                && booked.contains(&(c.deposit, Some(&*c.reference))) == (c.step == ChargebackStep::Lost)
        })
    }
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
            | TransactionKind::Fee
            | TransactionKind::Chargeback => return,
        };
        let Some(source) = t.source.filter(|_| t.is_pending()).map(|id| index(id.0)) else { return };
        if let Some(orders) = self.orders_on.get_mut(source) {
            *orders = orders.saturating_add(1);
        }
        if let Some(voiding) = self.voiding.get_mut(source) {
            *voiding |= void;
        }
    }

    fn count_leg(&mut self, l: &Leg) {
        if let Some(returned) = l.source.and_then(|id| self.returned.get_mut(index(id.0))) {
            add(returned, l.amount.minor());
        }
        let Some((buckets, _)) = self.explained.get_mut(l.deposit.index()) else { return };
        let bucket = match l.state {
            LegState::Ordered | LegState::Declined | LegState::Waiting => &mut buckets.reserved,
            LegState::Settled | LegState::Credited if l.purpose.goes_back() => &mut buckets.refunded,
            LegState::Settled | LegState::Credited => &mut buckets.paid_out,
            LegState::Dropped => return,
        };
        add(bucket, l.amount.minor());
    }
}
