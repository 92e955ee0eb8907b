//! Who takes part: ids, sides, roles, actors, payees, and where a payee wants the money.

use std::fmt;

use serde::{Deserialize, Serialize};

text_id! {
    /// The host's own id of a person or a company: opaque to the crate; one line, compared as composed text (NFC).
    PartyId(64)
}

/// Makes a type of its own of a UUID that the host chooses, so that two ids that are swapped do not compile: for the ids
/// of the host's own machines, as [`DealId`] is a deal's.
///
/// The crate that uses it depends on `serde`.
///
/// # Examples
/// ```
/// escrow::host_id! {
///     /// The host's id of an auction.
///     AuctionId, "the id of an auction: a UUID"
/// }
///
/// let id = AuctionId::new(uuid::Uuid::from_u128(7));
/// assert_eq!(id.to_string(), "00000000-0000-0000-0000-000000000007");
/// assert_eq!("00000000-0000-0000-0000-000000000007".parse(), Ok(id));
/// assert_eq!("7".parse::<AuctionId>().unwrap_err().to_string(), "write the id of an auction: a UUID");
/// ```
#[macro_export]
macro_rules! host_id {
    ($(#[$doc:meta])* $name:ident, $expected:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[derive(::serde::Serialize, ::serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name($crate::uuid::Uuid);

        impl $name {
            /// Wraps the id that the host has chosen.
            pub const fn new(id: $crate::uuid::Uuid) -> Self {
                Self(id)
            }

            /// The wrapped id.
            pub const fn uuid(self) -> $crate::uuid::Uuid {
                self.0
            }
        }

        impl ::core::convert::From<$crate::uuid::Uuid> for $name {
            fn from(id: $crate::uuid::Uuid) -> Self {
                Self(id)
            }
        }

        impl ::core::fmt::Display for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::fmt::Display::fmt(&self.0, f)
            }
        }

        /// Reads a UUID in any of its usual forms.
        impl ::core::str::FromStr for $name {
            type Err = $crate::ParseError;

            fn from_str(text: &str) -> ::core::result::Result<Self, $crate::ParseError> {
                text.parse().map(Self).map_err(|_| $crate::ParseError::new($expected))
            }
        }

        impl ::core::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::write!(f, ::core::concat!(::core::stringify!($name), "({})"), self.0)
            }
        }
    };
}

host_id! {
    /// The host's id of a deal. The crate never draws one: it arrives as an argument.
    DealId, "the id of a deal: a UUID"
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
    /// A third party whom the terms name: a partner who gets a fee, or a provider of a service.
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
