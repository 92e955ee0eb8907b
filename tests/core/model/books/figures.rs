//! What the deal must say: every figure of the books beside the deal's own.

use std::collections::BTreeMap;

use escrow::deposit::{DepositId, LegState};
use escrow::{Currency, Deal};

use super::{Books, Debt, Due, Fate, index, minor};
use crate::model::{Finding, ensure};

impl Books {
    /// The deal's own legs in sums, without those of which nothing came.
    pub fn legs_of(deal: &Deal) -> BTreeMap<Due, i128> {
        let mut sums = BTreeMap::new();
        for leg in deal.legs().iter().filter(|l| l.state() != LegState::Dropped) {
            let due = (leg.deposit(), leg.payee().clone(), leg.purpose().as_str());
            *sums.entry(due).or_insert(0) += minor(leg.amount());
        }
        sums
    }

    pub fn debts_of(deal: &Deal) -> BTreeMap<Debt, i128> {
        let mut sums = BTreeMap::new();
        for owed in deal.receivables() {
            let purpose = owed.purpose.as_str();
            let debt = (owed.debtor.clone(), owed.payee.clone(), purpose, owed.amount.currency());
            *sums.entry(debt).or_insert(0) += minor(owed.amount);
        }
        sums
    }

    /// Compares every figure.
    pub fn compare(&self, deal: &Deal) -> Finding {
        let due: BTreeMap<_, _> = self.due.iter().filter(|(_, a)| **a != 0).collect();
        let legs = Self::legs_of(deal);
        let legs: BTreeMap<_, _> = legs.iter().filter(|(_, a)| **a != 0).collect();
        ensure!(due == legs, "the model gives {due:?}, the deal {legs:?}");
        let debts = Self::debts_of(deal);
        ensure!(self.owed == debts, "the model says {:?} is owed, the deal {debts:?}", self.owed);
        ensure!(self.pots.len() == deal.deposits().len(), "the deal has other deposits");
        for (pot, deposit) in self.pots.iter().zip(deal.deposits()) {
            let legs = |done: bool, back: Option<bool>| -> i128 {
                let of = self.legs.iter().filter(|l| l.deposit == deposit.id());
                let of = of.filter(|l| l.fate != Fate::Dropped && l.is_done() == done);
                // what is credited is paid out, whatever for
                let back_at_bank = |l: &super::Leg| l.purpose.goes_back() && l.fate == Fate::Done;
                of.filter(|l| back.is_none_or(|b| back_at_bank(l) == b)).map(|l| l.amount).sum()
            };
            let b = deposit.buckets();
            let on_hold: i128 = pot.holds.iter().map(|h| h.amount).sum();
            let figures = [
                ("required", pot.required, minor(deposit.required())),
                ("received", pot.received, b.received.into()),
                ("held", pot.content(), b.held.into()),
                ("on hold", on_hold, minor(deposit.on_hold())),
                ("reserved", legs(false, None), b.reserved.into()),
                ("paid out", legs(true, Some(false)), b.paid_out.into()),
                ("refunded", legs(true, Some(true)) + pot.untaken, b.refunded.into()),
                ("charged back", 0, b.charged_back.into()),
            ];
            for (what, model, says) in figures {
                ensure!(
                    model == says,
                    "{}: {what} is {model} by the model, {says} by the deal",
                    deposit.id()
                );
            }
            ensure!(pot.currency == deposit.required().currency(), "{} has another currency", deposit.id());
        }
        for (sum, deposit) in deal.money_inside().zip(deal.deposits()) {
            let pot = &self.pots[index(deposit.id())];
            let legs = self.legs.iter().filter(|l| l.deposit == deposit.id());
            let open = legs.filter(|l| !l.is_done() && l.fate != Fate::Dropped).map(|l| l.amount);
            let inside = pot.content() + open.sum::<i128>();
            ensure!(inside == minor(sum), "{} has {inside} inside, not {sum}", deposit.id());
        }
        Ok(())
    }

    /// Per deposit, the money that the platform really must have, as far as the deal knows: no holds, no voids.
    pub fn money(&self) -> impl Iterator<Item = (DepositId, Currency, i128)> + '_ {
        self.pots.iter().enumerate().map(|(n, pot)| {
            let id = Self::IDS.get(n).copied();
            let id = id.or_else(|| DepositId::charge(u8::try_from(n - 3).ok()?)).expect("a deposit");
            let legs = self.legs.iter().filter(|l| l.deposit == id && !l.void);
            let open = legs.filter(|l| !l.is_done() && l.fate != Fate::Dropped).map(|l| l.amount);
            (id, pot.currency, pot.cash + open.sum::<i128>())
        })
    }
}
