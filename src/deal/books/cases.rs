//! Chargebacks: what the payers' banks want back, and of which payments.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::{Books, index};
use crate::deal::command::ChargebackStep;
use crate::deposit::{DepositId, GatewayName, LegId, Reference, Transaction};
use crate::money::allocate;
use crate::stored::left_out::is_default;
use crate::{Money, Time};

/// The part of a chargeback that falls on one deposit, in minor units.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct CasePart {
    /// The deposit.
    pub deposit: DepositId,
    /// How much of what was disputed, or lost.
    pub amount: i64,
    /// Whether it was lost before anything was performed or decided: what is lost then is no part of the pot.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) plain: bool,
    /// When it was placed, counted with what comes back.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) at: u32,
}

/// A chargeback and how far it is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Case {
    /// The gateway's id of it.
    pub id: Reference,
    /// The gateway.
    pub gateway: GatewayName,
    /// The payment that is disputed.
    pub payment: Reference,
    /// The deposit that is meant, where the gateway says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deposit: Option<DepositId>,
    /// What was disputed, and when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened: Option<(Money, Time)>,
    /// Whether it was won.
    #[serde(default, skip_serializing_if = "is_default")]
    pub won: bool,
    /// What was lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost: Option<Money>,
    /// What of it was given back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reinstated: Option<Money>,
    /// The place of its loss among the losses of the deal, from 1.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) rank: u32,
    /// The legs that waited for it when it was lost, in the order in which they were to wait.
    #[serde(default, skip_serializing_if = "SmallVec::is_empty")]
    pub(crate) waited: SmallVec<[LegId; 2]>,
    /// On which deposits it falls. What is left over waits for its payment.
    #[serde(default, skip_serializing_if = "SmallVec::is_empty")]
    pub(crate) parts: SmallVec<[CasePart; 1]>,
}

impl Case {
    /// The latest step.
    pub const fn step(&self) -> ChargebackStep {
        match (self.reinstated, self.lost, self.won) {
            (Some(_), _, _) => ChargebackStep::Reinstated,
            (None, Some(_), _) => ChargebackStep::Lost,
            (None, None, true) => ChargebackStep::Won,
            (None, None, false) => ChargebackStep::Opened,
        }
    }

    /// The sum of the latest step.
    pub fn amount(&self) -> Option<Money> {
        self.reinstated.or(self.lost).or(self.opened.map(|(amount, _)| amount))
    }

    /// Whether the bank has not decided, and the policy's time for it is not over at `now`.
    pub(crate) fn is_open(&self, now: Time, patience_s: u32) -> bool {
        let undecided = !self.won && self.lost.is_none();
        undecided && self.opened.is_some_and(|(_, at)| now < at.plus_secs(patience_s))
    }

    /// The part of what was disputed, or lost, that falls on a deposit, in minor units.
    pub fn part(&self, deposit: DepositId) -> i64 {
        let here = self.parts.iter().filter(|p| p.deposit == deposit);
        here.fold(0, |sum, p| sum.saturating_add(p.amount))
    }

    /// What is placed on deposits.
    pub(crate) fn placed(&self) -> i64 {
        self.parts.iter().fold(0, |sum, p| sum.saturating_add(p.amount))
    }

    /// What is neither placed nor given back: it waits for further receipts of its payment.
    pub(crate) fn unplaced(&self) -> i64 {
        let sum = self.lost.or(self.opened.map(|(amount, _)| amount)).map_or(0, Money::minor);
        let back = self.reinstated.map_or(0, Money::minor);
        sum.saturating_sub(self.placed()).saturating_sub(back).max(0)
    }

    /// What of a loss stands on each of its parts. What was reinstated lessens what is not placed first, then all parts in
    /// proportion.
    pub(crate) fn standing(&self) -> SmallVec<[i64; 1]> {
        let Some(lost) = self.lost else { return self.parts.iter().map(|_| 0).collect() };
        let nowhere = lost.minor().saturating_sub(self.placed()).max(0);
        let back = self.reinstated.map_or(0, Money::minor).saturating_sub(nowhere).clamp(0, self.placed());
        let weights: SmallVec<[u64; 4]> =
            self.parts.iter().map(|p| u64::try_from(p.amount).unwrap_or_default()).collect();
        let shares = if back > 0 { allocate(back, &weights).unwrap_or_default() } else { Default::default() };
        let share = |i: usize| shares.get(i).copied().unwrap_or(0);
        self.parts.iter().enumerate().map(|(i, p)| p.amount.saturating_sub(share(i))).collect()
    }

    /// What of a loss stands in a deposit, in minor units: less what was reinstated.
    pub fn lost_in(&self, deposit: DepositId) -> i64 {
        if self.lost.is_none() {
            return 0;
        }
        let here = self.parts.iter().zip(self.standing()).filter(|(p, _)| p.deposit == deposit);
        here.fold(0, |sum, (_, standing)| sum.saturating_add(standing))
    }
}

/// What of a payment is money in a deposit.
impl Books {
    pub(crate) fn cases(&self) -> &[Case] {
        &self.cases
    }

    /// The chargeback that this gateway calls so. Another one may give the same id to one of its own.
    pub(crate) fn case(&self, gateway: &GatewayName, id: &Reference) -> Option<&Case> {
        self.cases.iter().find(|c| c.id == *id && c.gateway == *gateway)
    }

    /// How many chargebacks wait for a payment that nobody has told of.
    pub(crate) fn early_cases(&self) -> usize {
        let waits = |c: &&Case| c.parts.is_empty() && !c.won && c.reinstated.is_none();
        let early = |c: &&Case| self.money_of(&c.gateway, &c.payment, c.deposit).next().is_none();
        self.cases.iter().filter(waits).filter(early).count()
    }

    /// Whether any chargeback concerns this deposit.
    pub(crate) fn has_case(&self, deposit: DepositId) -> bool {
        self.cases.iter().any(|c| c.parts.iter().any(|p| p.deposit == deposit))
    }

    /// What came in by a payment into one deposit and is money: charges, and what was captured of its holds.
    pub(crate) fn charged_by(&self, gateway: &GatewayName, payment: &Reference, deposit: DepositId) -> i64 {
        self.of_payment(gateway, payment)
            .filter(|t| t.deposit == deposit)
            .fold(0, |sum, t| sum.saturating_add(t.charged().minor()))
    }

    /// The receipts and holds of a payment.
    pub(crate) fn of_payment<'b>(
        &'b self,
        gateway: &'b GatewayName,
        payment: &'b Reference,
    ) -> impl Iterator<Item = &'b Transaction> {
        self.transactions.iter().filter(move |t| {
            t.brought_money() && t.reference.as_ref() == Some(payment) && t.gateway.as_ref() == Some(gateway)
        })
    }

    /// Places what of a chargeback is not placed yet, by the largest remainder of what of its payment is not lost already.
    /// What the payment cannot cover waits. What is placed is not moved.
    pub(crate) fn place(&self, case: &mut Case, plain: bool) {
        let mut found: SmallVec<[(DepositId, i64); 4]> = SmallVec::new();
        let currency = case.amount().map(Money::currency);
        for t in self.of_payment(&case.gateway, &case.payment) {
            let meant = self.is_meant(t.deposit, case.deposit);
            let known = found.iter().any(|(deposit, _)| *deposit == t.deposit);
            if meant && !known && Some(t.amount.currency()) == currency {
                let lost = self.lost_of(&case.gateway, &case.payment, t.deposit, Some(&case.id));
                let own = if case.lost.is_some() { case.lost_in(t.deposit) } else { case.part(t.deposit) };
                let charged = self.charged_by(&case.gateway, &case.payment, t.deposit);
                found.push((t.deposit, charged.saturating_sub(lost).saturating_sub(own).max(0)));
            }
        }
        let whole = found.iter().fold(0_i64, |whole, (_, weight)| whole.saturating_add(*weight));
        let sum = case.unplaced().min(whole);
        if sum <= 0 {
            return;
        }
        let weights: SmallVec<[u64; 4]> =
            found.iter().map(|(_, weight)| u64::try_from(*weight).unwrap_or_default()).collect();
        let at = self.moment();
        for ((deposit, _), amount) in found.into_iter().zip(allocate(sum, &weights).unwrap_or_default()) {
            if amount <= 0 {
                continue;
            }
            match case.parts.iter_mut().find(|p| p.deposit == deposit && p.plain == plain) {
                Some(part) => part.amount = part.amount.saturating_add(amount),
                None => case.parts.push(CasePart { deposit, amount, plain, at }),
            }
        }
    }

    /// The next moment of those that losses and returns are counted by.
    pub(crate) fn moment(&self) -> u32 {
        let parts = self.cases.iter().flat_map(|c| &c.parts).map(|p| p.at);
        parts.chain(self.legs.iter().map(|l| l.came_back)).max().unwrap_or(0).saturating_add(1)
    }

    /// What of a payment is lost in a deposit, but for one chargeback.
    pub(crate) fn lost_of(
        &self,
        gateway: &GatewayName,
        payment: &Reference,
        deposit: DepositId,
        but: Option<&Reference>,
    ) -> i64 {
        let others = self
            .cases
            .iter()
            .filter(|c| c.payment == *payment && c.gateway == *gateway && Some(&c.id) != but);
        others.fold(0, |sum, c| sum.saturating_add(c.lost_in(deposit)))
    }

    /// What of a payment was lost in a deposit before anything was performed or decided.
    pub(crate) fn plainly_lost(&self, gateway: &GatewayName, payment: &Reference, deposit: DepositId) -> i64 {
        let cases =
            self.cases.iter().filter(|c| c.lost.is_some() && c.payment == *payment && c.gateway == *gateway);
        cases.fold(0_i64, |sum, c| {
            let plain = c.parts.iter().zip(c.standing()).filter(|(p, _)| p.plain && p.deposit == deposit);
            plain.fold(sum, |sum, (_, standing)| sum.saturating_add(standing))
        })
    }

    /// What came in by a payment and is money, for the deposit that is meant, if one is.
    pub(crate) fn money_of<'b>(
        &'b self,
        gateway: &'b GatewayName,
        payment: &'b Reference,
        meant: Option<DepositId>,
    ) -> impl Iterator<Item = Money> + 'b {
        self.of_payment(gateway, payment)
            .filter(move |t| self.is_meant(t.deposit, meant) && (t.hold.is_none() || t.captured > 0))
            .map(|t| t.amount)
    }

    /// Whether a deposit, or the one that its money was for, is the one that a chargeback names, if it names one.
    fn is_meant(&self, deposit: DepositId, meant: Option<DepositId>) -> bool {
        meant.is_none_or(|meant| meant == deposit || meant == self.named(deposit))
    }

    pub(in crate::deal) fn record_case(&mut self, case: Case) {
        match self.cases.iter_mut().find(|c| c.id == case.id && c.gateway == case.gateway) {
            Some(known) => *known = case,
            None => self.cases.push(case),
        }
    }

    /// Whether each chargeback is known once, within its limits, and falls on deposits of its currency.
    pub(super) fn cases_agree(&self) -> bool {
        let (mut ids, mut ranks) = (BTreeSet::new(), BTreeSet::new());
        self.cases.iter().all(|c| {
            ids.insert((&*c.gateway, &*c.id)) && c.agrees(self) && (c.rank == 0 || ranks.insert(c.rank))
        }) && self.cases.len() >= ranks.last().map_or(0, |rank| index(*rank).saturating_add(1))
    }
}

impl Case {
    fn agrees(&self, books: &Books) -> bool {
        let sums = [self.opened.map(|(sum, _)| sum), self.lost, self.reinstated];
        let currency = self.amount().map(Money::currency);
        let mut places = BTreeSet::new();
        let parts = self.parts.iter().all(|p| {
            let deposit = books.deposit(p.deposit);
            p.amount > 0
                && places.insert((p.deposit, p.plain))
                && deposit.is_some_and(|d| currency.is_none_or(|c| c == d.required.currency()))
        });
        let mut waited = BTreeSet::new();
        let most = self.lost.or(self.opened.map(|(sum, _)| sum)).map_or(0, Money::minor);
        (self.won || self.opened.is_some() || self.lost.is_some())
            && sums.iter().flatten().all(|sum| sum.is_positive() && Some(sum.currency()) == currency)
            && parts
            && self.placed() <= most
            && (self.lost.is_some() || self.waited.is_empty())
            && self.waited.iter().all(|id| books.leg(*id).is_some() && waited.insert(*id))
            && (self.rank > 0) == self.lost.is_some()
            && self.reinstated.is_none_or(|back| self.lost.is_some_and(|lost| back.minor() <= lost.minor()))
    }
}
