//! What the books must agree on: storage is not trusted. Linear in the number of entries: what is asked of many of them is
//! counted once.

mod counted;
mod entries;

use std::collections::BTreeSet;

use super::Books;
use crate::Money;
use crate::deal::command::DestinationUse;
use crate::deposit::BooksError;
use crate::deposit::{
    Buckets, Deposit, DepositId, DepositPurpose, Transaction, TransactionKind, TransactionState,
};
use crate::machine::DecodeError;
use crate::{Currency, Rate, Side};

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
        if let Some(index) = self.legs.iter().enumerate().position(|(i, l)| !self.leg_agrees(i, l)) {
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
                && (deposit.missed == 0 || (0..=self.not_captured(deposit.id)).contains(&deposit.missed))
                // more than is required is never kept, but for what a hold brings along
                && deposit.cash() <= deposit.required.minor();
            if !explained {
                return Err(BooksError::Transactions { deposit: deposit.id }.into());
            }
        }
        let lists = [
            ("books.cases", self.cases_agree()),
            ("books.debts", self.debts_agree()),
            ("books.destinations", self.destinations_agree()),
        ];
        if let Some((field, _)) = lists.into_iter().find(|(_, agrees)| !agrees) {
            return Err(DecodeError::Field { field });
        }
        if !self.losses_explain_cuts() {
            return Err(DecodeError::Field { field: "books.legs" });
        }
        let unanswered = super::count(self.transactions.iter().filter(|t| t.is_order()).count());
        let unsettled = super::count(self.legs.iter().filter(|l| l.keeps_open()).count());
        if (self.unanswered, self.unsettled) != (unanswered, unsettled) {
            return Err(DecodeError::Field { field: "books" });
        }
        Ok(())
    }

    /// Whether the captured money of every required deposit, with what is on hold, with what a failed capture would have
    /// brought, and with what captures have let go, covers what it requires.
    pub(crate) fn is_covered(&self, shortfall: Rate) -> bool {
        self.required().all(|d| {
            let on_hold =
                self.open_holds(d.id).iter().fold(0_i64, |sum, (_, open)| sum.saturating_add(*open));
            let missing = self.missing(d, d.needed()).saturating_sub(on_hold);
            let let_go = self.transactions.iter().filter(|t| t.deposit == d.id).map(|t| t.let_go);
            let missing = let_go.fold(missing.saturating_sub(d.missed), i64::saturating_sub);
            missing <= d.tolerated(shortfall)
        })
    }

    /// What failed captures of a deposit were to bring, and what captures have let go.
    fn not_captured(&self, deposit: DepositId) -> i64 {
        let part = |t: &Transaction| match (t.kind, &t.state) {
            (TransactionKind::Capture, TransactionState::Failed(_)) => t.amount.minor(),
            _ => t.let_go,
        };
        let own = self.transactions.iter().filter(|t| t.deposit == deposit);
        own.fold(0, |sum, t| sum.saturating_add(part(t)))
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
                borne: deposit.borne,
                missed: deposit.missed,
                given_back: if id == DepositId::BUYER_PAYMENT { deposit.given_back.max(0) } else { 0 },
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

    fn destinations_agree(&self) -> bool {
        let mut seen = BTreeSet::new();
        self.destinations.iter().all(|d| seen.insert((&d.payee, d.of == DestinationUse::Refunds)))
    }
}
