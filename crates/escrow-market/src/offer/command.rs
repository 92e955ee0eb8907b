//! What can be asked of an offer. As with a deal, the same command may be sent again at any time: a repeat is
//! recognised and answered with no events.

use serde::{Deserialize, Serialize};

pub use escrow::deal::command::Wake;
use escrow::{DealId, InstrumentRef, Text, commands};

commands! {
    /// A command. Tagged by `type` in JSON: `{"type":"take","deal":"…","count":3}`.
    #[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
    #[serde(tag = "type")]
    Command, CommandKind, "the name of a command of an offer" {
        /// Take a count.
        Take = "take",
        /// A fact: the deal of a take is open.
        Propose = "propose",
        /// A fact: the deal of a take is concluded.
        Conclude = "conclude",
        /// A fact: the deal of a take ended before it was concluded.
        GiveBack = "give_back",
        /// Refuse takes for a while.
        Pause = "pause",
        /// Accept takes again.
        Resume = "resume",
        /// Refuse takes for good.
        Close = "close",
        /// Fire what is due.
        Wake = "wake",
    }
}

/// Takes a count: reserves it until the deal of that id is open, and then for as long as that deal may be concluded.
///
/// By a party, for itself; or by an operator for the party that the call came in on behalf of
/// ([`Context::via`](escrow::Context::via)).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Take {
    /// The id of the deal that is to follow, chosen by the host. A repeat is recognised by it.
    pub deal: DealId,
    /// How many units; at least 1.
    pub count: u32,
    /// The taker's purse, as the host's vault knows it. WebMoney `OfferUserInfo.Purse`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purse: Option<InstrumentRef>,
    /// Where the host keeps the taker's contact data. WebMoney `OfferUserInfo.Phone`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Text<128, 1>>,
}

/// Notes that the deal of a take is open, so that its own deadlines count from here on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Propose {
    /// The deal.
    pub deal: DealId,
}

/// Notes that the deal of a take is concluded, so that its count is gone.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conclude {
    /// The deal.
    pub deal: DealId,
}

/// Gives the count of a take back, because its deal ended without being concluded, for whatever reason.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GiveBack {
    /// The deal.
    pub deal: DealId,
}

/// Refuses takes until it is resumed; open takes run on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pause {}

/// Accepts takes again.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resume {}

/// Refuses takes for good; open takes run on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Close {}
