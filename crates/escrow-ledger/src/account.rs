//! Accounts, by the names that journals know them by.

use std::fmt;

use escrow::DealId;
use escrow::deposit::{DepositId, GatewayName};
use escrow_market::balance::Holder;
use escrow_market::{BalanceId, BasketId};

/// Which of the five kinds an account is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum AccountKind {
    /// What there is, or is due.
    Asset,
    /// What is owed to others.
    Liability,
    /// What the platform earns.
    Income,
    /// What the platform loses.
    Expense,
}

/// An account. [`Display`](fmt::Display) writes its name: `deal:{id}:buyer_payment:held`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Account {
    kind: AccountKind,
    /// Each with whether it is a word of ours, and not somebody's id.
    parts: Vec<(String, bool)>,
}

impl Account {
    fn of(kind: AccountKind, parts: &[(&dyn fmt::Display, bool)]) -> Self {
        Self { kind, parts: parts.iter().map(|(part, word)| (part.to_string(), *word)).collect() }
    }

    /// Which kind it is.
    pub const fn kind(&self) -> AccountKind {
        self.kind
    }

    /// Its parts, each with whether it is a word of ours.
    pub(crate) fn parts(&self) -> impl Iterator<Item = (&str, bool)> {
        self.parts.iter().map(|(part, word)| (part.as_str(), *word))
    }

    pub(crate) fn gateway(name: Option<&GatewayName>) -> Self {
        let name = name.map_or("payouts", |name| name.as_str());
        Self::of(AccountKind::Asset, &[(&"gateway", true), (&name, false)])
    }

    pub(crate) fn deal(id: DealId, deposit: DepositId, bucket: &'static str) -> Self {
        Self::of(AccountKind::Liability, &[(&"deal", true), (&id, false), (&deposit, true), (&bucket, true)])
    }

    pub(crate) fn chargebacks(id: DealId) -> Self {
        Self::of(AccountKind::Expense, &[(&"deal", true), (&id, false), (&"chargebacks", true)])
    }

    pub(crate) fn payee(holder: &Holder) -> Self {
        Self::of(AccountKind::Liability, &[(&"payee", true), (holder, false)])
    }

    pub(crate) fn receivable(deal: DealId, number: u32) -> Self {
        Self::of(AccountKind::Asset, &[(&"receivable", true), (&deal, false), (&number, true)])
    }

    pub(crate) fn owed(deal: DealId, number: u32) -> Self {
        Self::of(AccountKind::Liability, &[(&"owed", true), (&deal, false), (&number, true)])
    }

    pub(crate) fn settled(deal: DealId, number: u32) -> Self {
        Self::of(AccountKind::Asset, &[(&"settled", true), (&deal, false), (&number, true)])
    }

    pub(crate) fn balance(id: BalanceId, sum: &'static str) -> Self {
        Self::of(AccountKind::Liability, &[(&"balance", true), (&id, false), (&sum, true)])
    }

    pub(crate) fn withdrawal_fees() -> Self {
        Self::of(AccountKind::Income, &[(&"platform", true), (&"withdrawal_fees", true)])
    }

    pub(crate) fn basket(id: BasketId, bucket: &'static str) -> Self {
        Self::of(AccountKind::Liability, &[(&"basket", true), (&id, false), (&bucket, true)])
    }

    pub(crate) fn basket_receivable(id: BasketId) -> Self {
        Self::of(AccountKind::Asset, &[(&"receivable", true), (&"basket", true), (&id, false)])
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, (part, _)) in self.parts.iter().enumerate() {
            if n > 0 {
                f.write_str(":")?;
            }
            f.write_str(part)?;
        }
        Ok(())
    }
}
