//! Who bears what lost chargebacks took. It is a function of the books, worked out anew after every fact, so that the order
//! in which facts arrive leaves no trace: rules compare its result with what stands and book the difference.
//!
//! Of a payment of p, of which r goes back to its payer and L was lost before, c more is lost. With
//! `T(x) = clamp(r + x − p, 0, r)`, what the payer has twice:
//! 1. `T(L + c) − T(L)` falls on the payer: refunds of this payment that were not sent are cut, the rest the payer owes.
//! 2. What is left comes out of what the deposit holds, then out of legs that were not sent: those that waited for this
//!    dispute, those of the liable party, the others, last first. What anybody but the payer and the liable party loses by
//!    that, the liable party owes them.
//! 3. What is left then, the liable party owes, up to what was sent out of this deposit to anybody but the payer.
//! 4. Anything more is the platform's own cost.

use std::collections::BTreeMap;

use super::{Books, Cause, index};
use crate::Payee;
use crate::deal::books::cases::{Case, CasePart};
use crate::deposit::{DepositId, Leg, LegId, LegState};

/// What lost chargebacks come to.
#[derive(Debug, Default)]
pub(crate) struct Losses {
    /// Of each leg: what is cut from it.
    pub(crate) cuts: Vec<i64>,
    /// What is taken out of what deposits hold.
    pub(crate) held: BTreeMap<DepositId, i64>,
    /// Of that, what an ending divides all the same.
    pub(crate) as_if: BTreeMap<DepositId, i64>,
    /// Who owes what to whom.
    pub(crate) debts: BTreeMap<Cause, (Payee, Payee, i64)>,
}

/// What the payer has twice after `x` is lost of a payment of `p`, of which `r` goes back.
fn twice(r: i64, p: i64, x: i64) -> i64 {
    r.saturating_add(x).saturating_sub(p).clamp(0, r.max(0))
}

impl Leg {
    /// Whether its money is out of our hands: with the payee, or at the gateway.
    pub(crate) const fn is_sent(&self) -> bool {
        match self.state {
            LegState::Ordered | LegState::Settled | LegState::Credited => true,
            LegState::Declined | LegState::Waiting | LegState::Dropped => false,
        }
    }

    /// The leg that it was a part of, or itself.
    pub(crate) fn root(&self) -> LegId {
        self.part_of.unwrap_or(self.id)
    }

    /// What was assigned, whatever was cut from it.
    const fn gross(&self) -> i64 {
        self.amount.minor().saturating_add(self.cut)
    }

    /// What of it can be cut: all of it while it was not sent, afterwards only what is cut already.
    const fn free(&self) -> i64 {
        if self.is_sent() { self.cut } else { self.gross() }
    }
}

impl Books {
    /// What the standing losses come to, where `liable` answers for a deposit.
    pub(crate) fn losses(&self, liable: impl Fn(DepositId) -> Payee) -> Losses {
        let mut losses = Losses { cuts: vec![0; self.legs.len()], ..Losses::default() };
        let mut cases: Vec<(u32, &Case)> = (1..).zip(&self.cases).filter(|(_, c)| c.lost.is_some()).collect();
        cases.sort_by_key(|(_, c)| c.rank);
        for deposit in self.all_deposits() {
            let id = deposit.id;
            let mut pot = Pot {
                books: self,
                legs: self.last_first(id),
                deposit: id,
                payer: deposit.owner.payee(),
                liable: liable(id),
                held: deposit.buckets.held.saturating_add(deposit.lost).saturating_sub(deposit.on_hold),
                owed: 0,
                before: Vec::new(),
                paid: BTreeMap::new(),
            };
            for (number, case) in &cases {
                for (part, standing) in case.parts.iter().zip(case.standing()) {
                    if part.deposit == id && standing > 0 {
                        pot.lose((*number, case), (*part, standing), &mut losses);
                    }
                }
            }
        }
        losses
    }
}

/// One deposit while its losses are gone through.
struct Pot<'b> {
    books: &'b Books,
    /// Its legs, last first.
    legs: Vec<&'b Leg>,
    deposit: DepositId,
    payer: Payee,
    liable: Payee,
    /// What is left of what it would hold had nothing been lost.
    held: i64,
    /// What the liable party owes for earlier losses.
    owed: i64,
    /// What of each payment was lost before.
    before: Vec<(&'b Case, i64)>,
    /// What is left of what was paid of debts: a loss may stand in two parts.
    paid: BTreeMap<Cause, i64>,
}

impl<'b> Pot<'b> {
    fn lose(&mut self, (number, case): (u32, &'b Case), (part, standing): (CasePart, i64), out: &mut Losses) {
        let (books, deposit) = (self.books, self.deposit);
        let same = |c: &Case| c.payment == case.payment && c.gateway == case.gateway;
        let known = self.before.iter().find(|(c, _)| same(c));
        let before = known.map_or(0, |(_, sum)| *sum);
        let p = books.charged_by(&case.gateway, &case.payment, deposit);
        let lost = standing.min(p.saturating_sub(before)).max(0);
        let refunds = |leg: &Leg| books.refunds(leg, case);
        let r = books
            .legs
            .iter()
            .zip(&out.cuts)
            .filter(|(l, _)| l.deposit == deposit && refunds(l))
            .fold(0_i64, |sum, (l, cut)| sum.saturating_add(l.gross()).saturating_sub(*cut));
        let after = before.saturating_add(lost);
        let doubled = twice(r, p, after).saturating_sub(twice(r, p, before));
        match self.before.iter_mut().find(|(c, _)| same(c)) {
            Some((_, sum)) => *sum = after,
            None => self.before.push((case, after)),
        }

        // 1. what the payer has twice; what was paid of that debt stands
        let cause = Cause::RefundedTwice { chargeback: number, deposit };
        let paid = self.take_paid(cause, doubled);
        let cut = self.cut(doubled.saturating_sub(paid), out, None, refunds);
        self.owe(cause, &self.payer.clone(), &Payee::Platform, doubled.saturating_sub(cut), out);

        // 2. what the pot has
        let mut rest = lost.saturating_sub(doubled);
        let cause = Cause::Liable { chargeback: number, deposit };
        let paid = self.take_paid(cause, rest);
        rest = rest.saturating_sub(paid);
        let held = self.held.min(rest).max(0);
        self.held = self.held.saturating_sub(held);
        rest = rest.saturating_sub(held);
        *out.held.entry(deposit).or_default() += held;
        if !part.plain {
            *out.as_if.entry(deposit).or_default() += held;
        }
        let liable = self.liable.clone();
        // what came back from the bank since is not taken for others
        let may = |l: &Leg| l.payee == liable || l.came_back < part.at;
        for id in &case.waited {
            rest = rest.saturating_sub(self.cut(rest, out, Some(number), |l| l.id == *id && may(l)));
        }
        rest = rest.saturating_sub(self.cut(rest, out, Some(number), |l| l.payee == liable));
        rest = rest.saturating_sub(self.cut(rest, out, Some(number), may));

        // 3. what the liable party answers for
        let more = match self.liable {
            Payee::Platform => 0,
            Payee::Buyer | Payee::Seller | Payee::Processor | Payee::Party(_) => {
                rest.min(self.sent(out).saturating_sub(self.owed).saturating_sub(paid)).max(0)
            }
        };
        let owed = paid.saturating_add(more);
        self.owed = self.owed.saturating_add(owed);
        self.owe(cause, &liable, &Payee::Platform, owed, out);
    }

    /// What was sent to anybody but the payer. What came back to somebody who owes nothing is theirs, and counts.
    fn sent(&self, out: &Losses) -> i64 {
        let legs = self.books.legs.iter().zip(&out.cuts);
        let sent =
            legs.filter(|(l, _)| l.deposit == self.deposit && l.payee != self.payer).map(|(l, cut)| {
                if l.came_back > 0 && l.payee != self.liable {
                    l.gross().saturating_sub(*cut)
                } else if l.is_sent() {
                    l.amount.minor()
                } else {
                    0
                }
            });
        sent.fold(0, i64::saturating_add)
    }

    /// What was paid of the debt of this cause, up to `most`; each unit once.
    fn take_paid(&mut self, cause: Cause, most: i64) -> i64 {
        let left = self.paid.entry(cause).or_insert_with(|| self.books.paid_of(cause));
        let paid = most.min(*left).max(0);
        *left = left.saturating_sub(paid);
        paid
    }

    /// Cuts unsent legs, last first, up to a sum; what somebody else than the payer and the liable party loses is owed to
    /// them, for `chargeback`.
    fn cut(&self, sum: i64, out: &mut Losses, chargeback: Option<u32>, fits: impl Fn(&Leg) -> bool) -> i64 {
        let mut left = sum;
        for leg in self.legs.iter().filter(|l| fits(l)) {
            if left <= 0 {
                break;
            }
            // a hold that is let go never was money
            if self.books.is_void(leg) {
                continue;
            }
            let Some(cut) = out.cuts.get_mut(index(leg.id.number())) else { continue };
            let part = leg.free().saturating_sub(*cut).min(left).max(0);
            *cut = cut.saturating_add(part);
            left = left.saturating_sub(part);
            if let Some(chargeback) = chargeback.filter(|_| part > 0 && leg.payee != self.payer) {
                let cause = Cause::Cut { chargeback, leg: leg.root() };
                self.owe(cause, &self.liable, &leg.payee, part, out);
            }
        }
        sum.saturating_sub(left)
    }

    fn owe(&self, cause: Cause, debtor: &Payee, payee: &Payee, amount: i64, out: &mut Losses) {
        if amount > 0 && debtor != payee {
            let debt = out.debts.entry(cause).or_insert_with(|| (debtor.clone(), payee.clone(), 0));
            debt.2 = debt.2.saturating_add(amount);
        }
    }
}

impl Books {
    /// Whether a leg gives money of this chargeback's payment back.
    fn refunds(&self, leg: &Leg, case: &Case) -> bool {
        let source = leg.source.and_then(|id| self.transaction(id));
        !self.is_void(leg)
            && source.is_some_and(|s| {
                s.reference.as_ref() == Some(&case.payment) && s.gateway.as_ref() == Some(&case.gateway)
            })
    }

    /// Whether a leg lets a hold go.
    pub(crate) fn is_void(&self, leg: &Leg) -> bool {
        let attempt = leg.tx.and_then(|tx| self.transaction(tx));
        attempt.is_some_and(|t| t.kind == crate::deposit::TransactionKind::Void)
    }

    /// The legs of a deposit, last first. Parts of a leg stand where it stands, in the order in which they were divided off.
    pub(crate) fn last_first(&self, deposit: DepositId) -> Vec<&Leg> {
        let mut legs: Vec<&Leg> = self.legs.iter().filter(|l| l.deposit == deposit).collect();
        legs.sort_by_key(|l| std::cmp::Reverse((l.root(), l.id)));
        legs
    }

    /// In which order legs wait for a chargeback: refunds of its payment, the liable party's, the others.
    pub(crate) fn rank(&self, leg: &Leg, case: &Case, liable: &Payee) -> u8 {
        if self.refunds(leg, case) {
            0
        } else if leg.payee == *liable {
            1
        } else {
            2
        }
    }

    fn paid_of(&self, cause: Cause) -> i64 {
        self.debts.iter().filter(|d| d.cause == cause).fold(0, |sum, d| sum.saturating_add(d.paid()))
    }

    /// Which unsent legs wait for an open chargeback, each with the part of it that waits: as much as the deposit does not
    /// hold of what is disputed. First refunds of the disputed payment, then the liable party's legs, then the others,
    /// last first.
    pub(crate) fn waiting(
        &self,
        liable: impl Fn(DepositId) -> Payee,
        is_open: impl Fn(&Case) -> bool,
    ) -> BTreeMap<LegId, (u32, i64)> {
        let mut waiting = BTreeMap::new();
        for deposit in self.all_deposits() {
            let id = deposit.id;
            let mut held = deposit.cash();
            let liable = liable(id);
            let mut kept: Vec<(&Case, i64)> = Vec::new();
            for (number, case) in (1_u32..).zip(&self.cases).filter(|(_, c)| is_open(c) && c.part(id) > 0) {
                let same = |c: &Case| c.payment == case.payment && c.gateway == case.gateway;
                let kept_before =
                    kept.iter().filter(|(c, _)| same(c)).fold(0_i64, |s, (_, k)| s.saturating_add(*k));
                let refunded =
                    self.legs.iter().filter(|l| l.deposit == id && l.is_sent() && self.refunds(l, case));
                let refunded = refunded.fold(0_i64, |s, l| s.saturating_add(l.amount.minor()));
                let left = self
                    .charged_by(&case.gateway, &case.payment, id)
                    .saturating_sub(refunded)
                    .saturating_sub(self.lost_of(&case.gateway, &case.payment, id, None))
                    .saturating_sub(kept_before);
                let keep = case.part(id).min(left).max(0);
                kept.push((case, keep));
                // what the payer would have twice, only refunds can cover
                let unsent = self.legs.iter().filter(|l| {
                    let free = l.deposit == id && !l.is_sent() && !waiting.contains_key(&l.id);
                    free && self.refunds(l, case)
                });
                let unsent = unsent.fold(0_i64, |s, l| s.saturating_add(l.amount.minor()));
                let doubled = keep.saturating_sub(left.saturating_sub(unsent)).clamp(0, unsent);
                let covered = held.min(keep.saturating_sub(doubled)).max(0);
                held = held.saturating_sub(covered);
                let mut need = keep.saturating_sub(covered);
                let unsent = |l: &&Leg| !l.is_sent() && !self.is_void(l) && !waiting.contains_key(&l.id);
                let mut order: Vec<&Leg> = self.last_first(id).into_iter().filter(unsent).collect();
                order.sort_by_key(|l| self.rank(l, case, &liable));
                for leg in order {
                    let part = leg.amount.minor().min(need);
                    if part > 0 {
                        waiting.insert(leg.id, (number, part));
                        need = need.saturating_sub(part);
                    }
                }
            }
        }
        waiting
    }
}
