//! The words of Nalogka's form: who pays, who provides, who did it, how far something is.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::project::Inexpressible;
use escrow::deposit::TransactionKind;
use escrow::dispute::Opener;
use escrow::terms;
use escrow::{Actor, Rate, Side, Text};

/// Who pays a service or the commission.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "Text<16, 1>")]
pub enum Payer {
    /// The buyer.
    #[serde(rename = "buyer")]
    Buyer,
    /// The seller.
    #[serde(rename = "seller")]
    Seller,
    /// Both, half each; the seller's half has the odd kopeck.
    #[serde(rename = "50/50")]
    Half,
}

impl From<Payer> for terms::Payer {
    fn from(payer: Payer) -> Self {
        match payer {
            Payer::Buyer => Self::Buyer,
            Payer::Seller => Self::Seller,
            Payer::Half => Self::Shared(Rate::HALF),
        }
    }
}

impl TryFrom<terms::Payer> for Payer {
    type Error = Inexpressible;

    fn try_from(payer: terms::Payer) -> Result<Self, Inexpressible> {
        match payer {
            terms::Payer::Buyer => Ok(Self::Buyer),
            terms::Payer::Seller => Ok(Self::Seller),
            terms::Payer::Shared(rate) if rate == Rate::HALF => Ok(Self::Half),
            terms::Payer::Shared(rate) if rate == Rate::ZERO => Ok(Self::Seller),
            terms::Payer::Shared(rate) if rate == Rate::WHOLE => Ok(Self::Buyer),
            terms::Payer::Shared(_) => Err(Inexpressible::Split),
        }
    }
}

/// A string and nothing else: an enum would also be read from an object.
impl TryFrom<Text<16, 1>> for Payer {
    type Error = &'static str;

    fn try_from(text: Text<16, 1>) -> Result<Self, &'static str> {
        match text.as_str() {
            "buyer" => Ok(Self::Buyer),
            "seller" => Ok(Self::Seller),
            "50/50" => Ok(Self::Half),
            _ => Err("write buyer, seller or 50/50"),
        }
    }
}

/// Who provides a service.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", try_from = "Text<16, 1>")]
pub enum ProvidedBy {
    /// The seller.
    Seller,
    /// The platform.
    Nalogka,
}

impl TryFrom<Text<16, 1>> for ProvidedBy {
    type Error = &'static str;

    fn try_from(text: Text<16, 1>) -> Result<Self, &'static str> {
        match text.as_str() {
            "seller" => Ok(Self::Seller),
            "nalogka" => Ok(Self::Nalogka),
            _ => Err("write seller or nalogka"),
        }
    }
}

/// Which of Nalogka's two processes a deal follows. Since API 1.2.0.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Workflow {
    /// An online shop: no moderation.
    Shop,
    /// A marketplace: a moderator may have remarks.
    Marketplace,
}

/// Who did something: a profile by its bare id, everybody else with an `@`: `@operator:olga`, `@moderator:mark`,
/// `@gateway`, `@tracker`, `@clock`. A profile whose id begins with `@` has one more in front.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Initiator(pub Actor);

impl fmt::Display for Initiator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Actor::Party(id) if id.starts_with('@') => write!(f, "@{id}"),
            Actor::Party(id) => f.write_str(id),
            Actor::Operator(id) => write!(f, "@operator:{id}"),
            Actor::Moderator(id) => write!(f, "@moderator:{id}"),
            Actor::Gateway => f.write_str("@gateway"),
            Actor::Tracker => f.write_str("@tracker"),
            Actor::Clock => f.write_str("@clock"),
        }
    }
}

impl FromStr for Initiator {
    type Err = escrow::TextError;

    fn from_str(text: &str) -> Result<Self, escrow::TextError> {
        let Some(rest) = text.strip_prefix('@') else {
            return Ok(Self(Actor::Party(text.parse()?)));
        };
        if let Some(id) = rest.strip_prefix("operator:") {
            return Ok(Self(Actor::Operator(id.parse()?)));
        }
        if let Some(id) = rest.strip_prefix("moderator:") {
            return Ok(Self(Actor::Moderator(id.parse()?)));
        }
        Ok(Self(match rest {
            "gateway" => Actor::Gateway,
            "tracker" => Actor::Tracker,
            "clock" => Actor::Clock,
            profile => Actor::Party(profile.parse()?),
        }))
    }
}

impl Serialize for Initiator {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Initiator {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Text::<80, 1>::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

/// By whom or what a dispute was opened.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisputeOpener {
    /// By the buyer.
    Buyer,
    /// By the seller.
    Seller,
    /// By the tracker: the recipient refused the delivery.
    Tracker,
    /// By reports that differ.
    Reports,
    /// By a deadline.
    Clock,
}

impl From<Opener> for DisputeOpener {
    fn from(opener: Opener) -> Self {
        match opener {
            Opener::Party(Side::Buyer) => Self::Buyer,
            Opener::Party(Side::Seller) => Self::Seller,
            Opener::Refusal => Self::Tracker,
            Opener::Reports => Self::Reports,
            Opener::Timer => Self::Clock,
        }
    }
}

/// What a transaction does: hold, charge, refund, payout, «и т.п.».
///
/// # Source
/// Nalogka: the movements of money are transactions since API 1.1.0. It names these four; `fee` is ours.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransactionType {
    /// The payer's bank sets money aside.
    Hold,
    /// Money is taken: at once, or what was on hold.
    Charge,
    /// Money goes back: what was taken, or what was on hold and is let go.
    Refund,
    /// Money goes to the seller, or to whom else the terms pay.
    Payout,
    /// A fee goes to its payee.
    Fee,
}

impl From<TransactionKind> for TransactionType {
    fn from(kind: TransactionKind) -> Self {
        match kind {
            TransactionKind::Hold => Self::Hold,
            TransactionKind::Charge | TransactionKind::Capture => Self::Charge,
            TransactionKind::Refund | TransactionKind::Void => Self::Refund,
            TransactionKind::Payout => Self::Payout,
            TransactionKind::Fee => Self::Fee,
        }
    }
}

/// The status of the deposit. The wire names are ours.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DepositStatus {
    /// Something is to be paid, and nothing is there.
    Unpaid,
    /// A part is there.
    PartlyPaid,
    /// The whole sum is there, or nothing is to be paid.
    Paid,
    /// The deal has ended, and money is on its way out.
    Settling,
    /// Everybody has received their money.
    Settled,
}

/// How far a delivery is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrackStatus {
    /// The tracker has told nothing yet.
    Pending,
    /// On its way.
    InProgress,
    /// The recipient has it: the tracking is finished.
    Finished,
    /// The recipient refused it.
    Refused,
}
