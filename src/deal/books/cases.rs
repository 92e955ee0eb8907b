//! Chargebacks: what the payers' banks want back, and of which payments.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::Books;
use crate::deal::command::ChargebackStep;
use crate::deposit::{DepositId, GatewayName, Reference, Transaction, TransactionKind};
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
    /// Whether it was lost before anything was performed or decided: what is lost then is no part of the pot.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) plain: bool,
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

    /// The part of a deposit.
    pub(crate) fn part(&self, deposit: DepositId) -> i64 {
        self.parts.iter().find(|p| p.deposit == deposit).map_or(0, |p| p.amount)
    }

    /// What is placed on deposits.
    pub(crate) fn placed(&self) -> i64 {
        self.parts.iter().fold(0, |sum, p| sum.saturating_add(p.amount))
    }

    /// What of a loss stands in a deposit: less what was reinstated, in the order of the parts.
    pub(crate) fn lost_in(&self, deposit: DepositId) -> i64 {
        if self.lost.is_none() {
            return 0;
        }
        let mut back = self.reinstated.map_or(0, Money::minor);
        for part in &self.parts {
            let taken = part.amount.min(back);
            back = back.saturating_sub(taken);
            if part.deposit == deposit {
                return part.amount.saturating_sub(taken);
            }
        }
        0
    }
}

/// What of a payment is money in a deposit.
impl Books {
    pub(crate) fn cases(&self) -> &[Case] {
        &self.cases
    }

    pub(crate) fn case(&self, id: &Reference) -> Option<&Case> {
        self.cases.iter().find(|c| c.id == *id)
    }

    /// How many chargebacks wait for a payment that nobody has told of.
    pub(crate) fn early_cases(&self) -> usize {
        self.cases.iter().filter(|c| c.parts.is_empty()).count()
    }

    /// Whether any chargeback concerns this deposit.
    pub(crate) fn has_case(&self, deposit: DepositId) -> bool {
        self.cases.iter().any(|c| c.parts.iter().any(|p| p.deposit == deposit))
    }

    /// What came in by a payment into one deposit and is money: charges, and what was captured of its holds.
    pub(crate) fn charged_by(&self, gateway: &GatewayName, payment: &Reference, deposit: DepositId) -> i64 {
        let charged = |t: &Transaction| match t.kind {
            TransactionKind::Charge if t.brought_money() => t.amount.minor(),
            TransactionKind::Hold => t.captured,
            TransactionKind::Charge
            | TransactionKind::Capture
            | TransactionKind::Void
            | TransactionKind::Refund
            | TransactionKind::Payout
            | TransactionKind::Fee => 0,
        };
        self.of_payment(gateway, payment)
            .filter(|t| t.deposit == deposit)
            .fold(0, |sum, t| sum.saturating_add(charged(t)))
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

    /// On which deposits a sum of a payment falls: by the largest remainder of what of it is not lost already, other
    /// chargebacks counted. What the payment cannot cover falls nowhere.
    pub(crate) fn place(&self, case: &Case, sum: i64) -> SmallVec<[CasePart; 1]> {
        let mut parts: SmallVec<[CasePart; 1]> = SmallVec::new();
        for t in self.of_payment(&case.gateway, &case.payment) {
            let named = self.named(t.deposit);
            let meant = case.deposit.is_none_or(|d| d == named || d == t.deposit);
            if meant && parts.iter().all(|p| p.deposit != t.deposit) {
                let lost = self.lost_of(&case.gateway, &case.payment, t.deposit, Some(&case.id));
                let charged = self.charged_by(&case.gateway, &case.payment, t.deposit);
                let amount = charged.saturating_sub(lost).max(0);
                parts.push(CasePart { deposit: t.deposit, amount });
            }
        }
        parts.retain(|p| p.amount > 0);
        let whole = parts.iter().fold(0_i64, |whole, p| whole.saturating_add(p.amount));
        let weights: SmallVec<[u64; 4]> =
            parts.iter().map(|p| u64::try_from(p.amount).unwrap_or_default()).collect();
        // there is no weight where nothing came in
        let shares = allocate(sum.min(whole), &weights).unwrap_or_default();
        parts.iter_mut().zip(shares).for_each(|(part, share)| part.amount = share);
        parts
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

    pub(in crate::deal) fn record_case(&mut self, case: Case) {
        match self.cases.iter_mut().find(|c| c.id == case.id) {
            Some(known) => *known = case,
            None => self.cases.push(case),
        }
    }

    /// Whether each chargeback is known once, within its limits, and falls on deposits of its currency.
    pub(super) fn cases_agree(&self) -> bool {
        let mut seen = std::collections::BTreeSet::new();
        self.cases.iter().all(|c| {
            let steps = c.opened.is_some() || c.won || c.lost.is_some();
            let parts = c.parts.iter().all(|p| {
                p.amount >= 0
                    && self
                        .deposit(p.deposit)
                        .is_some_and(|d| c.amount().is_none_or(|a| a.currency() == d.required.currency()))
            });
            let most = c.lost.or(c.opened.map(|(amount, _)| amount)).map_or(i64::MAX, Money::minor);
            seen.insert(&*c.id)
                && steps
                && parts
                && c.placed() <= most
                && c.reinstated.is_none_or(|back| c.lost.is_some_and(|lost| back.minor() <= lost.minor()))
                && [c.opened.map(|(a, _)| a), c.lost, c.reinstated].iter().flatten().all(|a| a.is_positive())
        })
    }
}
