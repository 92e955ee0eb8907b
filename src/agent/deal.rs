//! The deal as what a repository keeps.

use crate::deal::command::{Answer, Answered, Wake};
use crate::deal::{Command, Deal, PendingOrder};
use crate::deposit::TxId;
use crate::machine::DecodeError;
use crate::port::{Aggregate, AggregateId, Listing};
use crate::{DealId, Recorded};

impl AggregateId for DealId {
    type Of = Deal;
}

impl Aggregate for Deal {
    const KIND: &'static str = "deal";
    type Id = DealId;

    fn id(&self) -> DealId {
        self.id()
    }

    fn listing(&self) -> Listing {
        let terms = self.terms();
        let status = self.status_change();
        let since = self.pending().map(|order| order.ordered_at).min();
        let listing = Listing::new(self.status().as_str(), status.at, self.created_at())
            .party(&terms.buyer)
            .party(&terms.seller)
            .about(terms.order_id.as_deref())
            .waits(self.next_deadline(), since);
        terms.arbiter.iter().fold(listing, Listing::party)
    }

    fn replay_journal<'e>(
        id: DealId,
        journal: impl IntoIterator<Item = &'e Recorded>,
    ) -> Result<Self, DecodeError> {
        Self::replay(id, journal)
    }

    fn audit(&self) -> Result<(), DecodeError> {
        self.check()
    }

    fn wake() -> Command {
        Command::Wake(Wake {})
    }

    fn unanswered_from(&self, number: TxId) -> Option<PendingOrder<'_>> {
        self.pending().find(|order| order.number() >= number)
    }

    fn next_number(&self) -> TxId {
        let last = self.transactions().last().map_or(0, |t| t.id().number());
        TxId::new(last.saturating_add(1))
    }

    fn answer(order: TxId, result: Answered) -> Command {
        Command::Answer(Answer::new(order, result))
    }
}
