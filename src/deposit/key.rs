//! The keys under which a gateway acts at most once.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use super::TxId;
use crate::ParseError;
use crate::names::plain_number;

/// The key under which the gateway executes an order at most once: `{machine}:{number}`, of a deal `{deal}:{transaction}`;
/// `{machine}:{number}:{attempt}` where a machine counts attempts by themselves, as a subscription does.
///
/// The same order always has the same key, before and after a crash; a retry after a decline is a new transaction
/// and so has a new one. A host gives no two machines the same id, whatever they are, or their keys could meet.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct IdempotencyKey {
    /// The id of the machine: of a deal, a balance, …
    pub machine: Uuid,
    /// The transaction within it, or whatever its orders are counted by.
    pub transaction: TxId,
    /// Which attempt of it, where those have no numbers of their own.
    pub attempt: Option<u16>,
}

impl IdempotencyKey {
    /// The key of an order that is counted within its machine.
    pub const fn new(machine: Uuid, transaction: TxId) -> Self {
        Self { machine, transaction, attempt: None }
    }

    /// The key of one attempt.
    #[must_use]
    pub const fn attempt(mut self, attempt: u16) -> Self {
        self.attempt = Some(attempt);
        self
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.machine, self.transaction)?;
        self.attempt.map_or(Ok(()), |attempt| write!(f, ":{attempt}"))
    }
}

impl FromStr for IdempotencyKey {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let parsed = || {
            let (machine, numbers) = text.split_once(':')?;
            let (transaction, attempt) = match numbers.split_once(':') {
                Some((transaction, attempt)) => (transaction, Some(plain_number(attempt)?)),
                None => (numbers, None),
            };
            let machine = machine.parse().ok()?;
            Some(Self { machine, transaction: transaction.parse().ok()?, attempt })
        };
        parsed().ok_or(ParseError::new(
            "an idempotency key: the id of a machine, a colon, the number of its order",
        ))
    }
}
