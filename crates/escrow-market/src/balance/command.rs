//! What can be asked of a balance. As with a deal, the same command may be sent again at any time: a repeat is
//! recognised and answered with no events.

use escrow::deposit::{Purpose, Reference};
use serde::{Deserialize, Serialize};

use super::BalancePolicy;
use crate::code::{Attempt, CodeHash};
pub use escrow::deal::command::{Answered, Wake};
use escrow::{DealId, Destination, Money, Payee, Time, TxId, commands};

commands! {
    /// A command. Tagged by `type` in JSON: `{"type":"cancel","withdrawal":3}`.
    ///
    /// It can be read and not written, nor compared: a [`Confirm`] holds a code as it was entered.
    #[derive(Clone, Debug, Deserialize)]
    #[serde(tag = "type")]
    Command, CommandKind, "the name of a command of a balance" {
        /// A fact: a leg of a deal was credited.
        Credit = "credit",
        /// A fact: what a receivable of a deal takes, by now.
        Debit = "debit",
        /// Ask for a withdrawal.
        Request = "request",
        /// Replace the code of a withdrawal.
        NewCode = "new_code",
        /// Confirm a withdrawal with its code.
        Confirm = "confirm",
        /// Cancel a withdrawal before it is sent.
        Cancel = "cancel",
        /// A fact: the gateway's answer.
        Answer = "answer",
        /// A fact: the bank gave a withdrawal back.
        Returned = "returned",
        /// Change the rules.
        SetPolicy = "set_policy",
        /// Fire what is due.
        Wake = "wake",
    }
}

/// Credits a leg of a deal: what [`Balance::follow`](super::Balance::follow) gives. `(deal, transaction)` names it: the
/// same one again is recognised.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credit {
    /// The deal.
    pub deal: DealId,
    /// The transaction that settled the leg.
    pub transaction: TxId,
    /// Why the holder gets it.
    pub purpose: Purpose,
    /// How much; positive, in the currency of the balance.
    pub amount: Money,
    /// When the leg was settled: recognised until the horizon of the policy has passed since.
    pub settled_at: Time,
}

/// Says what a receivable takes in all, below zero if need be: what [`Balance::follow`](super::Balance::follow) gives. The
/// balance is debited for what is more than before, and what is less it gets back.
///
/// `(deal, receivable, revision)` names it: the same one again is recognised, and an older one changes nothing, whenever it
/// comes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Debit {
    /// The deal.
    pub deal: DealId,
    /// Its number among [`Deal::receivables`](escrow::Deal::receivables), counted from 1.
    pub receivable: u32,
    /// How often the receivable has changed, or was paid from elsewhere.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub revision: u32,
    /// To whom it is owed.
    pub payee: Payee,
    /// The purpose.
    pub purpose: Purpose,
    /// How much it takes in all, in the currency of the balance: what stands of it, less what was paid from elsewhere.
    /// Positive; zero only where it has changed.
    pub amount: Money,
    /// Since when it is owed: recognised until the horizon of the policy has passed since.
    pub since: Time,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
pub(super) const fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// Reserves an amount and the fee on top of it, until the code is entered, and then until the gateway answers.
///
/// The number is the request's identity. When a request is repeated, the first code counts, whatever hash comes with
/// the repeat: send the code only where the transition has events.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The number that the client has chosen: the one after [`Balance::last_number`](super::Balance::last_number). Two
    /// clients who choose the same one do not both withdraw.
    pub number: u32,
    /// What the holder is to get; positive, in the currency of the balance.
    pub amount: Money,
    /// Where to; not a balance. **The host vouches** that the holder has confirmed it as their own: the crate only sees a
    /// reference.
    pub destination: Destination,
    /// The first code that the host has drawn and sends to the holder, hashed.
    pub code: CodeHash,
}

/// Replaces the code of a withdrawal: the old one is dead, and the withdrawal waits as long again.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewCode {
    /// Which withdrawal.
    pub withdrawal: u32,
    /// The code's number: the one after the current one. A repeat is recognised by it; send the code only where
    /// the transition has events.
    pub number: u8,
    /// The code that the host has drawn, hashed.
    pub code: CodeHash,
}

/// Enters the code. A wrong one counts: the command is then no rejection, and
/// [`Balance::verdict`](super::Balance::verdict) says whether the code was right.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confirm {
    /// Which withdrawal.
    pub withdrawal: u32,
    /// Which code, which attempt, and what was entered.
    pub attempt: Attempt,
}

/// Cancels a withdrawal while its code is awaited.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cancel {
    /// The withdrawal, by its number.
    pub withdrawal: u32,
}

/// A fact: the gateway's answer to the order of a withdrawal, or another one than it gave before. One that was declined
/// and went through after all is paid, below zero if need be; one that was paid and is declined now is asked for again,
/// under the same key.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The withdrawal, by its number.
    pub withdrawal: u32,
    /// The answer. In progress changes nothing: ask again under the same key.
    pub result: Answered,
}

/// A fact: the holder's bank gave a withdrawal back, whole or in part. So much of it is available again; the fee is not.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Returned {
    /// The withdrawal, by its number.
    pub withdrawal: u32,
    /// How much came back; positive, and with all that came back before at most the amount of the withdrawal.
    pub amount: Money,
    /// The gateway's id of the return, by which a repeat is recognised.
    pub reference: Reference,
}

/// Changes the rules, for what is asked from now on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetPolicy {
    /// The new ones; the horizon is pinned.
    pub policy: BalancePolicy,
}
