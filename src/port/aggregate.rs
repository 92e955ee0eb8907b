//! What a repository keeps and an agent drives.

use std::error::Error;
use std::fmt::{Debug, Display};
use std::hash::Hash;
use std::str::FromStr;

use crate::deal::PendingOrder;
use crate::deal::command::Answered;
use crate::deposit::TxId;
use crate::machine::{DecodeError, Machine, Recorded};
use crate::{PartyId, Time};

/// A [`Machine`] that a [`Repository`](crate::port::Repository) keeps under an id, and that an [`Agent`](crate::Agent)
/// drives: a [`Deal`](crate::Deal), a balance, or one of the host's own.
pub trait Aggregate:
    Machine<
        Command: Debug + Send + Sync,
        Event: Clone + Debug + Send + Sync,
        Rejection: Error + Send + Sync + 'static,
    > + Send
    + Sync
{
    /// What kind of machine it is, on the wire and in a table's column: `deal`.
    const KIND: &'static str;

    /// Whether an order gets its number when it is ordered, so that all that come later have greater ones. Not so of a
    /// withdrawal, which has its number from its request on.
    const NUMBERED_WHEN_ORDERED: bool = true;

    /// What its id is.
    type Id: AggregateId<Of = Self>;

    /// Its id.
    fn id(&self) -> Self::Id;

    /// What a repository indexes.
    fn listing(&self) -> Listing;

    /// The machine that a journal leads to.
    ///
    /// # Errors
    /// [`DecodeError`]: it is no journal of this kind, or what it leads to breaks an invariant.
    fn replay_journal<'e>(
        id: Self::Id,
        journal: impl IntoIterator<Item = &'e Recorded<Self::Event>>,
    ) -> Result<Self, DecodeError>
    where
        Self::Event: 'e;

    /// Whether it keeps all its promises to itself: what decoding checks, for audits.
    ///
    /// # Errors
    /// [`DecodeError`] names the field that does not agree.
    fn audit(&self) -> Result<(), DecodeError>;

    /// The command that fires what is due, and nothing else.
    fn wake() -> Self::Command;

    /// The first order without an answer whose number is this one or later; `None` where the machine sends none.
    fn unanswered_from(&self, number: TxId) -> Option<PendingOrder<'_>>;

    /// The number of the next order or payment; those before it are taken.
    fn next_number(&self) -> TxId;

    /// The command that tells it the answer to an order.
    fn answer(order: TxId, result: Answered) -> Self::Command;
}

/// The id of an [`Aggregate`], from which the compiler knows whose it is.
pub trait AggregateId:
    Copy + Ord + Hash + Debug + Display + FromStr<Err: Error + Send + Sync + 'static> + Send + Sync + 'static
{
    /// The machine that has it.
    type Of: Aggregate<Id = Self>;
}

/// What a host keeps in columns beside a stored machine: to list them, and to know which ones to wake and to ask about.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Listing {
    /// Its status on the wire.
    pub status: &'static str,
    /// Since when it has that status.
    pub status_at: Time,
    /// When it began.
    pub created_at: Time,
    /// Everybody who has a part in it, each once.
    pub parties: Vec<PartyId>,
    /// The host's own id of what it is about, such as an order.
    pub order_id: Option<String>,
    /// When it is to be woken.
    pub next_deadline: Option<Time>,
    /// Since when an order has had no answer; `None`: none waits.
    pub pending_since: Option<Time>,
}

impl Listing {
    /// A machine that waits for nothing.
    pub const fn new(status: &'static str, status_at: Time, created_at: Time) -> Self {
        Self {
            status,
            status_at,
            created_at,
            parties: Vec::new(),
            order_id: None,
            next_deadline: None,
            pending_since: None,
        }
    }

    /// Somebody who has a part in it.
    #[must_use]
    pub fn party(mut self, party: &PartyId) -> Self {
        if !self.parties.contains(party) {
            self.parties.push(party.clone());
        }
        self
    }

    /// What it is about.
    #[must_use]
    pub fn about(mut self, order_id: Option<&str>) -> Self {
        self.order_id = order_id.map(str::to_owned);
        self
    }

    /// When it is to be woken, and since when an order has had no answer.
    #[must_use]
    pub const fn waits(mut self, next_deadline: Option<Time>, pending_since: Option<Time>) -> Self {
        self.next_deadline = next_deadline;
        self.pending_since = pending_since;
        self
    }
}
