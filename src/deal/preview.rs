//! What an ending would find, and what it would pay.

use smallvec::SmallVec;

use super::draft::Draft;
use super::phase::{Phase, PhaseKind};
use super::rules::{answers, endings};
use super::{Deal, Events};
use crate::deposit::{Deposit, Transaction, TxId};
use crate::settlement::{Charge, Course, Ending, Pots, Receivable, SettleError, Settlement, Share, settle};
use crate::{Actor, Money};

impl Deal {
    /// Whether every required deposit was full when the ending was decided.
    pub(crate) fn ended_funded(&self) -> bool {
        self.state.clockwork.ended.as_ref().is_some_and(|ended| ended.funded)
    }

    /// What there is to settle now. While an ending waits for captures: what there was when it was decided, since a capture lets
    /// the rest of its hold go; less what failed before the performance had begun.
    pub fn pots(&self) -> Pots {
        let pots = self.state.books.pots(self.terms.currency, self.counts_as_funded());
        match self.clockwork().ended.as_ref().and_then(|ended| ended.divides) {
            Some(divides) => pots.of(divides),
            None => pots,
        }
    }

    /// Whether an ending counts the deal as funded now.
    pub(crate) fn counts_as_funded(&self) -> bool {
        match self.state.clockwork.phase {
            // nobody has agreed to anything yet
            Phase::Proposed { .. } => false,
            Phase::AwaitingDeposit { .. } | Phase::Moderation { .. } => self.is_funded(),
            Phase::Active { .. } | Phase::Clearing { .. } | Phase::Disputed { .. } => true,
            Phase::Paying { .. } | Phase::Closed { .. } => self.ended_funded(),
        }
    }

    /// What everybody would get if the deal ended like this now, additional charges included, and the losses of chargebacks
    /// taken off whom they fall on; what would be owed then. Reads no permission; answers for every ending.
    ///
    /// # Errors
    /// [`SettleError`] where a partial buyout or an award does not fit.
    pub fn preview(&self, ending: &Ending) -> Result<Settlement, SettleError> {
        let division = self.division(ending)?;
        let goes_on = self.phase().kind() >= PhaseKind::AwaitingPerformance && !self.phase().has_ended();
        Ok(if goes_on && self.deposits().iter().any(|d| d.lost_later > 0) {
            self.after_losses(ending, &division)
        } else {
            division
        })
    }

    /// How an ending divides what there is as if nothing had been lost: what legs are issued for, before a loss cuts them.
    pub(crate) fn division(&self, ending: &Ending) -> Result<Settlement, SettleError> {
        let mut settlement =
            settle(self.binding_terms(), &self.pots(), self.course(&self.charges()), ending)?;
        self.cut_missed(&mut settlement);
        Ok(settlement)
    }

    /// What comes of a division once losses have cut its legs: read off a copy of the deal that ends like this, whose captures all
    /// succeed.
    fn after_losses(&self, ending: &Ending, division: &Settlement) -> Settlement {
        let (mut after, mut events) = (None, Events::new());
        let stamp = (self.last_at(), &Actor::Clock, None);
        let draft = &mut Draft::on_copy(self, &mut after, &mut events, stamp);
        endings::end_as_settled(draft, ending.clone(), false, division);
        let captures: SmallVec<[TxId; 4]> =
            draft.transactions().iter().filter(|t| t.is_open_capture()).map(Transaction::id).collect();
        for tx in captures {
            answers::captured(draft, tx);
        }
        let ended = after.as_ref().unwrap_or(self);
        let mut settlement = Settlement { charges: division.charges, ..Settlement::default() };
        for leg in ended.legs().iter().skip(self.legs().len()) {
            settlement.add_share(leg.deposit(), leg.payee(), leg.purpose(), leg.amount());
        }
        for (old, new) in self.deposits().iter().zip(ended.deposits()) {
            let let_go = |deal: &Self| {
                let own = deal.transactions().iter().filter(|t| t.deposit() == new.id());
                own.fold(0_i64, |sum, t| sum.saturating_add(t.let_go))
            };
            let rest = let_go(ended).saturating_sub(let_go(self));
            let (back, rest) = (endings::way_back(old.id), Money::from_minor(rest, old.required.currency()));
            settlement.add_share(old.id, &old.owner.payee(), back, rest);
        }
        for debt in ended.debts() {
            let known = self.debts().iter().find(|known| known.number == debt.number);
            let more = debt.open().minor().saturating_sub(known.map_or(0, |known| known.open().minor()));
            let amount = Money::from_minor(more, debt.amount.currency());
            if amount.is_positive() {
                let (debtor, payee, purpose) = (debt.debtor.clone(), debt.payee.clone(), debt.purpose);
                settlement.receivables.push(Receivable { debtor, payee, purpose, amount });
            }
        }
        settlement
    }

    /// An ending divides what a capture would have brought that failed after the performance had begun. What is not there of it is
    /// missed first by what goes back, then by the last of the others, whom it is owed by whose deposit it is.
    pub(crate) fn cut_missed(&self, settlement: &mut Settlement) {
        let waited = self.clockwork().ended.as_ref().is_some_and(|ended| ended.divides.is_some());
        if !waited && self.deposits().iter().all(|d| d.missed == 0) {
            return;
        }
        for deposit in self.deposits().iter().filter(|d| !d.id.is_charge()) {
            let Settlement { shares, receivables, missed, .. } = &mut *settlement;
            let own = |s: &&mut Share| s.deposit == deposit.id;
            let all =
                shares.iter_mut().filter(own).fold(0_i64, |sum, s| sum.saturating_add(s.amount.minor()));
            let mut over = all.saturating_sub(deposit.as_if_held());
            if over <= 0 {
                continue;
            }
            let debtor = deposit.owner.payee();
            for back in [true, false] {
                for share in shares.iter_mut().rev().filter(own).filter(|s| s.purpose.goes_back() == back) {
                    let currency = share.amount.currency();
                    let part = over.min(share.amount.minor()).max(0);
                    over = over.saturating_sub(part);
                    share.amount = Money::from_minor(share.amount.minor().saturating_sub(part), currency);
                    if !back && part > 0 && share.payee != debtor {
                        let (payee, purpose) = (share.payee.clone(), share.purpose);
                        let (debtor, amount) = (debtor.clone(), Money::from_minor(part, currency));
                        receivables.push(Receivable { debtor, payee, purpose, amount });
                        missed.push(deposit.id);
                    }
                }
            }
            shares.retain(|s| !s.amount.is_zero());
        }
    }

    /// What has happened, as far as a settlement depends on it.
    pub(crate) fn course<'a>(&'a self, charges: &'a [Charge<'a>]) -> Course<'a> {
        let course = Course::from(self.state.work.incurred).given_back(self.state.books.given_back());
        let course = course.charges(charges);
        match &self.state.clockwork.clearing {
            Some(Ending::PartialBuyout(accepted)) => course.accepted(accepted),
            Some(Ending::Success | Ending::Cancelled(_) | Ending::CalledOff | Ending::Awarded { .. })
            | None => course,
        }
    }

    /// The additional charges, as a settlement sees them.
    pub(crate) fn charges(&self) -> SmallVec<[Charge<'_>; 4]> {
        self.deposits().iter().filter_map(as_charge).collect()
    }
}

/// An additional charge, as a settlement sees it. What is paid too much is no part of it.
pub(crate) fn as_charge(deposit: &Deposit) -> Option<Charge<'_>> {
    let details = deposit.charge.as_ref()?;
    let (required, held) = (deposit.required.minor(), deposit.as_if_held());
    let paid = required > 0 && held >= required;
    Some(Charge {
        deposit: deposit.id,
        payer: deposit.owner,
        payee: &details.payee,
        held: held.min(required),
        paid,
    })
}
