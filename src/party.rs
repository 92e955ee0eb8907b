//! Who takes part: ids, sides, roles, actors, payees, and where a payee wants the money.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::ParseError;

text_id! {
    /// The host's own id of a person or a company: opaque to the crate, compared byte for byte.
    PartyId(64)
}

/// An id that the host has chosen. The crate never draws one: it arrives as an argument.
macro_rules! host_id {
    ($(#[$doc:meta])* $name:ident, $expected:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps the id that the host has chosen.
            pub const fn new(id: Uuid) -> Self {
                Self(id)
            }

            /// The wrapped id.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        /// Reads a UUID in any of its usual forms.
        impl FromStr for $name {
            type Err = ParseError;

            fn from_str(text: &str) -> Result<Self, ParseError> {
                text.parse().map(Self).map_err(|_| ParseError::new($expected))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    };
}

host_id! {
    /// The host's id of a deal. The crate never draws one: it arrives as an argument.
    DealId, "the id of a deal: a UUID"
}

host_id! {
    /// The host's id of an offer. The crate never draws one: it arrives as an argument.
    OfferId, "the id of an offer: a UUID"
}

host_id! {
    /// The host's id of a balance. The crate never draws one: it arrives as an argument.
    BalanceId, "the id of a balance: a UUID"
}

host_id! {
    /// The host's id of a store. The crate never draws one: it arrives as an argument.
    StoreId, "the id of a store: a UUID"
}

host_id! {
    /// The host's id of a subscription. The crate never draws one: it arrives as an argument.
    SubscriptionId, "the id of a subscription: a UUID"
}

/// One of the two parties to a deal.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Pays for the subject of the deal and receives it.
    Buyer,
    /// Provides the subject of the deal and is paid for it.
    Seller,
}

names! {
    /// Both sides, the buyer first.
    Side, "buyer or seller" {
        Buyer = "buyer",
        Seller = "seller",
    }
}

impl Side {
    /// The other party.
    pub const fn other(self) -> Self {
        match self {
            Self::Buyer => Self::Seller,
            Self::Seller => Self::Buyer,
        }
    }

    /// This side as a receiver of money.
    pub const fn payee(self) -> Payee {
        match self {
            Self::Buyer => Payee::Buyer,
            Self::Seller => Payee::Seller,
        }
    }
}

/// In which capacity somebody acts on a deal. The columns of the permission table.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The buyer named in the terms.
    Buyer,
    /// The seller named in the terms.
    Seller,
    /// A third party whom the terms name: a partner who takes a fee, a third who provides a service.
    Partner,
    /// The arbiter appointed to the deal.
    Arbiter,
    /// Staff of the platform.
    Operator,
    /// Staff of the platform who review terms.
    Moderator,
    /// The payment gateway: the only source of facts about money.
    Gateway,
    /// The tracking system: the only source of facts about delivery.
    Tracker,
    /// The passage of time.
    Clock,
}

names! {
    /// Every role, in table order.
    Role, "a role: buyer, seller, partner, arbiter, operator, moderator, gateway, tracker or clock" {
        Buyer = "buyer",
        Seller = "seller",
        Partner = "partner",
        Arbiter = "arbiter",
        Operator = "operator",
        Moderator = "moderator",
        Gateway = "gateway",
        Tracker = "tracker",
        Clock = "clock",
    }
}

impl Role {
    /// The side that this role is, where it is one.
    pub const fn side(self) -> Option<Side> {
        match self {
            Self::Buyer => Some(Side::Buyer),
            Self::Seller => Some(Side::Seller),
            Self::Partner
            | Self::Arbiter
            | Self::Operator
            | Self::Moderator
            | Self::Gateway
            | Self::Tracker
            | Self::Clock => None,
        }
    }
}

/// Who acts. The role of a [`Party`](Actor::Party) is derived from the deal; all the others are vouched for by
/// the host, which has authenticated them.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// Somebody whom the deal may know: buyer, seller, partner or arbiter.
    Party(PartyId),
    /// A member of the platform's staff.
    Operator(PartyId),
    /// A member of the platform's staff who reviews terms.
    Moderator(PartyId),
    /// The payment gateway.
    Gateway,
    /// The tracking system.
    Tracker,
    /// The passage of time.
    Clock,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Party(id) => f.write_str(id),
            Self::Operator(id) => write!(f, "operator {id}"),
            Self::Moderator(id) => write!(f, "moderator {id}"),
            Self::Gateway => f.write_str("gateway"),
            Self::Tracker => f.write_str("tracker"),
            Self::Clock => f.write_str("clock"),
        }
    }
}

/// Who is to receive money, or owes it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Payee {
    /// The buyer.
    Buyer,
    /// The seller.
    Seller,
    /// The platform that links this crate.
    Platform,
    /// The payment processor.
    Processor,
    /// A third party named in the terms.
    Party(PartyId),
}

impl fmt::Display for Payee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Buyer => f.write_str("buyer"),
            Self::Seller => f.write_str("seller"),
            Self::Platform => f.write_str("platform"),
            Self::Processor => f.write_str("processor"),
            Self::Party(id) => f.write_str(id),
        }
    }
}

text_id! {
    /// A reference to a payment instrument in the host's vault: a token, never a card or account number itself.
    InstrumentRef(128)
}

/// Where a payee wants to receive money. `Debug` and the journal show the vault's reference only.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Destination {
    /// A bank account.
    Account(InstrumentRef),
    /// A bank card.
    Card(InstrumentRef),
    /// An e-wallet.
    Wallet(InstrumentRef),
    /// The payee's in-system balance: settles at once, without the gateway.
    Balance,
}
