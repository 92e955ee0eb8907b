//! Stored means of payment: accounts, cards and wallets, out of a payee's profile.

use serde::{Deserialize, Serialize};

use escrow::{Destination, InstrumentRef, PartyId, Recorded, Text, Time};
use escrow_market::PayeeProfile;
use escrow_market::payee::{DestinationId, Event, Label};

/// The id of a requisite, wherever one is named: in `deposit-form`, in `payment-form`, in `payout_requisite_id`, and in
/// [`Requisite::id`].
pub type RequisiteId = Text<128, 1>;

/// What a requisite is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequisiteKind {
    /// A bank account.
    Account,
    /// A bank card.
    Card,
    /// An e-wallet.
    Wallet,
}

impl RequisiteKind {
    /// Its wire name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Card => "card",
            Self::Wallet => "wallet",
        }
    }

    /// What a destination is; `None` for the in-system balance, which is no requisite.
    pub const fn of(destination: &Destination) -> Option<Self> {
        match destination {
            Destination::Account(_) => Some(Self::Account),
            Destination::Card(_) => Some(Self::Card),
            Destination::Wallet(_) => Some(Self::Wallet),
            Destination::Balance => None,
        }
    }
}

/// A stored means of payment: the answer to `GET /deposit/requisites/{owner}/{id}`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requisite {
    /// Its id.
    pub id: RequisiteId,
    /// Whose it is.
    pub profile_id: PartyId,
    /// What it is.
    pub kind: RequisiteKind,
    /// Its id at the payment system: the vault's reference, never a number.
    pub external_id: InstrumentRef,
    /// What people see of it.
    pub label: Label,
    /// Whether it can be used: its owner has confirmed it.
    pub verified: bool,
    /// When it was registered.
    pub created_at: Time,
    /// When it changed last.
    pub updated_at: Time,
}

impl Requisite {
    /// A requisite of a profile, by its id; `None`: there is none, or it is the balance. `journal`: the profile's, from
    /// which the times come.
    pub fn project(profile: &PayeeProfile, journal: &[Recorded<Event>], id: &RequisiteId) -> Option<Self> {
        let listed = profile.destination(&DestinationId::new(id).ok()?)?;
        let destination = &listed.requisite.destination;
        let external_id = match destination {
            Destination::Account(id) | Destination::Card(id) | Destination::Wallet(id) => id.clone(),
            Destination::Balance => return None,
        };
        let mut times = journal.iter().filter(|r| subject(&r.event) == Some(&listed.id)).map(|r| r.at);
        let created_at = times.next().unwrap_or(profile.created_at());
        Some(Self {
            id: id.clone(),
            profile_id: profile.owner().clone(),
            kind: RequisiteKind::of(destination)?,
            external_id,
            label: listed.requisite.label.clone(),
            verified: listed.is_verified(),
            created_at,
            updated_at: times.next_back().unwrap_or(created_at),
        })
    }
}

/// Which destination an event changes.
const fn subject(event: &Event) -> Option<&DestinationId> {
    match event {
        Event::Added { id, .. }
        | Event::CodeReplaced { id, .. }
        | Event::Verified { id }
        | Event::Retired { id } => Some(id),
        Event::Registered { .. }
        | Event::RegistrationCodeReplaced { .. }
        | Event::RegistrationCodeRefused { .. }
        | Event::RegistrationConfirmed {}
        | Event::CodeRefused { .. }
        | Event::DefaultChosen { .. }
        | Event::Unlocked {} => None,
    }
}

/// The destination behind a requisite, if its owner has confirmed it: for [`Desk::requisite`](crate::Desk::requisite).
/// The in-system balance is no requisite.
pub fn usable(profile: &PayeeProfile, id: &RequisiteId) -> Option<Destination> {
    let destination = profile.verified(&DestinationId::new(id).ok()?)?;
    RequisiteKind::of(destination).map(|_| destination.clone())
}
