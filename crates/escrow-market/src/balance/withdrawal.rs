//! Withdrawals: what leaves a balance, from the request to the gateway's answer.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::policy::BalancePolicy;
use crate::BalanceId;
use crate::code::{Code, Verdict};
use crate::id::plain_number;
use escrow::deposit::{Reason, Reference};
use escrow::{Destination, Money, ParseError, Time, names};

/// The status of a withdrawal. The columns of the permission table.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WithdrawalStatus {
    /// Its funds are reserved; the code is awaited.
    Requested,
    /// Confirmed, and ordered from the gateway.
    Sent,
    /// The payee has it, or the payee's bank has given it back.
    Paid,
    /// The gateway declined it: the funds are back.
    Failed,
    /// It was cancelled before it was sent: the funds are back.
    Cancelled,
    /// Its code was not entered in time: the funds are back.
    Expired,
}

names! {
    /// Every status.
    WithdrawalStatus, "the status of a withdrawal" {
        Requested = "requested",
        Sent = "sent",
        Paid = "paid",
        Failed = "failed",
        Cancelled = "cancelled",
        Expired = "expired",
    }
}

impl WithdrawalStatus {
    /// Whether its funds are still reserved.
    pub const fn is_open(self) -> bool {
        match self {
            Self::Requested | Self::Sent => true,
            Self::Paid | Self::Failed | Self::Cancelled | Self::Expired => false,
        }
    }

    /// Whether it has left the balance, or still may.
    const fn counts(self) -> bool {
        match self {
            Self::Requested | Self::Sent | Self::Paid => true,
            Self::Failed | Self::Cancelled | Self::Expired => false,
        }
    }
}

/// How far a withdrawal is, and since when. Once it is over, it stays so.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum WithdrawalState {
    /// Its funds are reserved; the code is awaited.
    Requested {},
    /// Confirmed, and ordered from the gateway. No answer yet: unknown, never "failed".
    Sent {
        /// When.
        at: Time,
    },
    /// The payee has it.
    Paid {
        /// When the gateway said so.
        at: Time,
        /// The gateway's own id of the payout.
        reference: Reference,
    },
    /// The gateway declined it for good.
    Failed {
        /// When the gateway said so.
        at: Time,
        /// The reason.
        reason: Reason,
    },
    /// It was cancelled before it was sent.
    Cancelled {
        /// When.
        at: Time,
    },
    /// Its code was not entered in time.
    Expired {
        /// When.
        at: Time,
    },
}

impl WithdrawalState {
    /// Without its data.
    pub const fn status(&self) -> WithdrawalStatus {
        match self {
            Self::Requested {} => WithdrawalStatus::Requested,
            Self::Sent { .. } => WithdrawalStatus::Sent,
            Self::Paid { .. } => WithdrawalStatus::Paid,
            Self::Failed { .. } => WithdrawalStatus::Failed,
            Self::Cancelled { .. } => WithdrawalStatus::Cancelled,
            Self::Expired { .. } => WithdrawalStatus::Expired,
        }
    }

    /// Since when, except of one that was only requested.
    pub const fn at(&self) -> Option<Time> {
        match self {
            Self::Requested {} => None,
            Self::Sent { at }
            | Self::Paid { at, .. }
            | Self::Failed { at, .. }
            | Self::Cancelled { at }
            | Self::Expired { at } => Some(*at),
        }
    }
}

/// Money on its way from a balance to its holder.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Withdrawal {
    /// Its number within the balance, counted from 1: the identity that the client has chosen.
    pub number: u32,
    /// What the holder gets.
    pub amount: Money,
    /// The platform's fee for it, on top.
    pub fee: Money,
    /// Where the money goes; never a balance.
    pub destination: Destination,
    /// When it was requested.
    pub requested_at: Time,
    /// The code that confirms it.
    pub code: Code,
    /// Its status.
    pub state: WithdrawalState,
    /// Whether the gateway says that it was declined after it was paid: it is asked again.
    #[serde(default, skip_serializing_if = "is_false")]
    pub doubted: bool,
    /// What the holder's bank has given back of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub returned: Vec<Return>,
}

/// A part of a withdrawal, or all of it, that came back.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Return {
    /// The gateway's id of the return.
    pub reference: Reference,
    /// How much.
    pub amount: Money,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
const fn is_false(value: &bool) -> bool {
    !*value
}

impl Withdrawal {
    /// Its status, without further data.
    pub const fn status(&self) -> WithdrawalStatus {
        self.state.status()
    }

    /// What the holder's bank has given back of it, in minor units.
    fn came_back(&self) -> i64 {
        self.returned.iter().fold(0, |sum, back| sum.saturating_add(back.amount.minor()))
    }

    /// What of it is still the holder's, once it is paid, in minor units.
    pub(super) fn kept(&self) -> i64 {
        self.amount.minor().saturating_sub(self.came_back())
    }

    /// Whether the gateway is to be asked for it: under its key, also after a crash.
    pub(super) fn is_pending(&self) -> bool {
        self.doubted || self.status() == WithdrawalStatus::Sent
    }

    /// What the balance loses by it, in minor units.
    pub(super) const fn total(&self) -> i64 {
        // checked when it was requested
        self.amount.minor().saturating_add(self.fee.minor())
    }

    fn counts_at(&self, now: Time) -> bool {
        self.status().counts() && is_within_a_day(self.requested_at, now)
    }
}

/// Whether it happened within the last 24 hours. Half-open: not at their end.
pub(super) fn is_within_a_day(at: Time, now: Time) -> bool {
    now < at.plus_secs(BalancePolicy::DAY_S)
}

/// The key under which the gateway pays a withdrawal at most once: `{balance}:{number}`.
///
/// The same order always has the same key, before and after a crash. A host must not give a balance the id of a deal,
/// or their keys could meet at the gateway.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct WithdrawalKey {
    /// The balance.
    pub balance: BalanceId,
    /// The withdrawal within it.
    pub number: u32,
}

impl fmt::Display for WithdrawalKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.balance, self.number)
    }
}

impl FromStr for WithdrawalKey {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let parsed = text.rsplit_once(':').and_then(|(balance, number)| {
            Some(Self { balance: balance.parse().ok()?, number: plain_number(number)? })
        });
        parsed.ok_or(ParseError::new("the key of a withdrawal: the id of a balance, a colon, a number"))
    }
}

/// The open withdrawals, and the latest that are over.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Withdrawals {
    /// The latest number.
    last: u32,
    open: BTreeMap<u32, Withdrawal>,
    over: BTreeMap<u32, Withdrawal>,
}

impl Withdrawals {
    /// How many of those that are over are known for a late repeat or answer. All of the last 24 hours are known, since
    /// they may count for the limit of a day; and so are all that the gateway is to be asked for again.
    pub(super) const KEPT: usize = 64;

    pub(super) fn restore(last: u32, all: Vec<Withdrawal>) -> Option<Self> {
        let mut restored = Self { last, ..Self::default() };
        for withdrawal in all {
            let after_all = |map: &BTreeMap<u32, Withdrawal>| {
                map.last_key_value().is_none_or(|(number, _)| *number < withdrawal.number)
            };
            if !after_all(&restored.open) || !after_all(&restored.over) {
                return None;
            }
            restored.put(withdrawal);
        }
        Some(restored)
    }

    pub(super) const fn last(&self) -> u32 {
        self.last
    }

    pub(super) fn find(&self, number: u32) -> Option<&Withdrawal> {
        self.open.get(&number).or_else(|| self.over.get(&number))
    }

    /// Those whose funds are reserved, by their numbers.
    pub(super) fn open(&self) -> impl ExactSizeIterator<Item = &Withdrawal> {
        self.open.values()
    }

    /// The latest that are over, by their numbers.
    pub(super) fn over(&self) -> impl ExactSizeIterator<Item = &Withdrawal> {
        self.over.values()
    }

    /// All that are known, by their numbers.
    pub(super) fn by_number(&self) -> Vec<Withdrawal> {
        let mut all: Vec<_> = self.open().chain(self.over()).cloned().collect();
        all.sort_by_key(|w| w.number);
        all
    }

    /// What the requests of the last 24 hours took or may take, in minor units.
    pub(super) fn of_last_day(&self, now: Time) -> i64 {
        let counted = self.open().chain(self.over()).filter(|w| w.counts_at(now));
        counted.fold(0, |sum, w| w.kept().saturating_add(sum))
    }

    /// Which code expires first, and when.
    pub(super) fn next_expiry(&self) -> Option<(Time, u32)> {
        let waiting = self.open().filter(|w| w.status() == WithdrawalStatus::Requested);
        waiting.map(|w| (w.code.expires(), w.number)).min()
    }

    pub(super) fn request(&mut self, withdrawal: Withdrawal) {
        self.last = self.last.max(withdrawal.number);
        self.put(withdrawal);
    }

    pub(super) fn set_code(&mut self, number: u32, code: Code) {
        if let Some(withdrawal) = self.open.get_mut(&number) {
            withdrawal.code = code;
        }
    }

    pub(super) fn judged(&mut self, number: u32, verdict: Verdict) {
        if let Some(withdrawal) = self.open.get_mut(&number) {
            withdrawal.code.take(verdict);
        }
    }

    /// It goes on: one that is open, or one that was declined and is paid after all.
    pub(super) fn advance(&mut self, number: u32, state: WithdrawalState, at: Time) {
        let found = self.open.remove(&number).or_else(|| self.over.remove(&number));
        if let Some(withdrawal) = found {
            self.put(Withdrawal { state, ..withdrawal });
            self.forget(number, at);
        }
    }

    pub(super) fn doubt(&mut self, number: u32, doubted: bool, at: Time) {
        if let Some(withdrawal) = self.over.get_mut(&number) {
            withdrawal.doubted = doubted;
            self.forget(number, at);
        }
    }

    /// What came back whole is asked for no more.
    pub(super) fn give_back(&mut self, number: u32, back: Return, at: Time) {
        if let Some(withdrawal) = self.over.get_mut(&number) {
            withdrawal.returned.push(back);
            withdrawal.doubted &= withdrawal.kept() > 0;
            self.forget(number, at);
        }
    }

    fn put(&mut self, withdrawal: Withdrawal) {
        let of = if withdrawal.status().is_open() { &mut self.open } else { &mut self.over };
        of.insert(withdrawal.number, withdrawal);
    }

    /// All but the one that has just changed: what is told of it may come again.
    fn forget(&mut self, changed: u32, now: Time) {
        while self.over.len() > Self::KEPT
            && let Some((number, oldest)) =
                self.over.iter().find(|(number, w)| !w.doubted && **number != changed)
            && !is_within_a_day(oldest.requested_at, now)
        {
            let number = *number;
            self.over.remove(&number);
        }
    }
}
