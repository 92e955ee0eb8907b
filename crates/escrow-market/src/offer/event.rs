//! What happens to an offer, with every computed figure in it.

use serde::{Deserialize, Serialize};
use std::sync::Arc;

use super::OfferTerms;
use escrow::{DealId, InstrumentRef, PartyId, Text, Time};

/// What happened to an offer, in the past tense. Deliberately exhaustive: an ignored return is a count that nobody can
/// take.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Event {
    /// The offer came into being; always the first event, and only the first.
    Published {
        /// What is offered.
        terms: Arc<OfferTerms>,
    },
    /// Somebody took a count: it is reserved.
    Taken {
        /// The deal that is to follow.
        deal: DealId,
        /// Who took it.
        taker: PartyId,
        /// How many units.
        count: u32,
        /// The taker's purse.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        purse: Option<InstrumentRef>,
        /// Where the host keeps the taker's contact data.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        contact: Option<Text<128, 1>>,
        /// When it lapses, unless its deal is open by then.
        until: Time,
    },
    /// The deal of a take is open.
    Proposed {
        /// The deal.
        deal: DealId,
    },
    /// The deal of a take is concluded: the count is gone.
    Concluded {
        /// The deal.
        deal: DealId,
        /// How many units.
        count: u32,
    },
    /// The deal of a take ended before it was concluded: the count is available again.
    GivenBack {
        /// The deal.
        deal: DealId,
        /// How many units.
        count: u32,
    },
    /// The deal of a take was not opened in time: the count is available again.
    Lapsed {
        /// The deal.
        deal: DealId,
        /// How many units.
        count: u32,
    },
    /// Takes are refused for a while.
    Paused {},
    /// Takes are accepted again.
    Resumed {},
    /// Takes are refused for good.
    Closed {},
}
