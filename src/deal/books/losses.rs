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

use smallvec::SmallVec;

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
    /// Of each deposit: what nobody answers for.
    pub(crate) borne: BTreeMap<DepositId, i64>,
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
            LegState::Declined | LegState::Waiting | LegState::Dropped | LegState::Unclaimed => false,
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
                legs: self.cut_order(id),
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
    /// Its legs in the order in which they are cut, each with the most that is cut from it then.
    legs: Vec<(&'b Leg, i64)>,
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
        let taken = out.held.entry(deposit).or_default();
        *taken = taken.saturating_add(held);
        if !part.plain {
            let as_if = out.as_if.entry(deposit).or_default();
            *as_if = as_if.saturating_add(held);
        }
        let liable = self.liable.clone();
        // what came back from the bank since is not taken for others
        let may = |l: &Leg| l.payee == liable || l.came_back < part.at;
        for id in &case.waited {
            rest = rest.saturating_sub(self.cut(rest, out, Some(number), |l| l.id == *id && may(l)));
        }
        rest = rest.saturating_sub(self.cut(rest, out, Some(number), |l| l.payee == liable));
        rest = rest.saturating_sub(self.cut(rest, out, Some(number), may));

        // 3. what the liable party answers for; 4. the rest is the platform's
        let more = match self.liable {
            Payee::Platform => 0,
            Payee::Buyer | Payee::Seller | Payee::Processor | Payee::Party(_) => {
                rest.min(self.sent(out).saturating_sub(self.owed).saturating_sub(paid)).max(0)
            }
        };
        let borne = out.borne.entry(deposit).or_default();
        *borne = borne.saturating_add(rest.saturating_sub(more).max(0));
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

    /// Cuts unsent legs in their order, up to a sum; what somebody else than the payer and the liable party loses is owed to
    /// them, for `chargeback`.
    fn cut(&self, sum: i64, out: &mut Losses, chargeback: Option<u32>, fits: impl Fn(&Leg) -> bool) -> i64 {
        let mut left = sum;
        for (leg, most) in self.legs.iter().filter(|(l, _)| fits(l)) {
            if left <= 0 {
                break;
            }
            // a hold that is let go never was money
            if self.books.is_void(leg) {
                continue;
            }
            let Some(cut) = out.cuts.get_mut(index(leg.id.number())) else { continue };
            let part = most.saturating_sub(*cut).min(left).max(0);
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

    /// The legs of a deposit in the order in which they are cut, each with the most that is cut from it then: last first. Of
    /// the parts of a leg what is cut already stays so.
    fn cut_order(&self, deposit: DepositId) -> Vec<(&Leg, i64)> {
        let legs = self.last_first(deposit).into_iter();
        let mut order: Vec<(&Leg, i64)> = legs.flat_map(|l| [(l, l.cut), (l, l.free())]).collect();
        order.sort_by_key(|(l, most)| (std::cmp::Reverse(l.root()), *most > l.cut));
        order
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

    /// Which unsent legs wait for open chargebacks: each with the number of the chargeback and the part that waits for it, as
    /// much as the deposit does not hold of what is disputed. First refunds of the disputed payment, then the liable
    /// party's legs, then the others; of each what waits for it already, then last first.
    pub(crate) fn waiting(
        &self,
        liable: impl Fn(DepositId) -> Payee,
        is_open: impl Fn(&Case) -> bool,
    ) -> BTreeMap<LegId, SmallVec<[(u32, i64); 1]>> {
        let mut waiting = BTreeMap::new();
        for deposit in self.all_deposits() {
            let mut pot = Disputed {
                books: self,
                deposit: deposit.id,
                liable: liable(deposit.id),
                held: deposit.cash(),
                free: self.unsent(deposit.id),
                kept: Vec::new(),
            };
            for (number, case) in (1_u32..).zip(&self.cases) {
                if is_open(case) && case.part(deposit.id) > 0 {
                    pot.keep(number, case, &mut waiting);
                }
            }
        }
        waiting
    }

    /// The legs of a deposit that were not sent, with what they pay, last first.
    fn unsent(&self, deposit: DepositId) -> Vec<(&Leg, i64)> {
        let unsent = |l: &&Leg| !l.is_sent() && !self.is_void(l);
        self.last_first(deposit).into_iter().filter(unsent).map(|l| (l, l.amount.minor())).collect()
    }
}

/// One deposit while its disputes are gone through.
struct Disputed<'b> {
    books: &'b Books,
    deposit: DepositId,
    liable: Payee,
    /// What it holds and no dispute keeps back yet.
    held: i64,
    /// What of its unsent legs waits for nothing yet.
    free: Vec<(&'b Leg, i64)>,
    /// What is kept back for earlier disputes.
    kept: Vec<(&'b Case, i64)>,
}

impl<'b> Disputed<'b> {
    fn keep(
        &mut self,
        number: u32,
        case: &'b Case,
        waiting: &mut BTreeMap<LegId, SmallVec<[(u32, i64); 1]>>,
    ) {
        let left = self.left(case);
        let keep = case.part(self.deposit).min(left).max(0);
        self.kept.push((case, keep));
        // what the payer would have twice, only refunds can cover
        let refunds = self.free.iter().filter(|(l, _)| self.books.refunds(l, case));
        let refunds = refunds.fold(0_i64, |sum, (_, free)| sum.saturating_add(*free));
        let doubled = keep.saturating_sub(left.saturating_sub(refunds)).clamp(0, refunds);
        let covered = self.held.min(keep.saturating_sub(doubled)).max(0);
        self.held = self.held.saturating_sub(covered);
        let mut need = keep.saturating_sub(covered);
        let mut order: Vec<&mut (&Leg, i64)> = self.free.iter_mut().collect();
        let (books, liable) = (self.books, &self.liable);
        order.sort_by_key(|(l, _)| (books.rank(l, case, liable), l.waits_for != Some(number)));
        for (leg, free) in order {
            let part = need.min(*free);
            if part > 0 {
                waiting.entry(leg.id).or_default().push((number, part));
                *free = free.saturating_sub(part);
                need = need.saturating_sub(part);
            }
        }
    }

    /// What of the disputed payment is neither refunded, nor lost, nor kept back for earlier disputes.
    fn left(&self, case: &Case) -> i64 {
        let (books, id) = (self.books, self.deposit);
        let same = |c: &Case| c.payment == case.payment && c.gateway == case.gateway;
        let kept = self.kept.iter().filter(|(c, _)| same(c)).map(|(_, kept)| *kept);
        let refunds = |l: &&Leg| l.deposit == id && l.is_sent() && books.refunds(l, case);
        let refunded = books.legs.iter().filter(refunds).map(|l| l.amount.minor());
        let gone = kept.chain(refunded).fold(0, i64::saturating_add);
        let lost = books.lost_of(&case.gateway, &case.payment, id, None);
        books.charged_by(&case.gateway, &case.payment, id).saturating_sub(gone).saturating_sub(lost)
    }
}
