//! From storage back to a profile. Storage is not trusted: every invariant is checked.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::{DestinationId, Event, Listed, PayeeProfile};
use crate::code::{Code, CodePolicy};
use escrow::machine::{self, DecodeError, Progress};
use escrow::{Destination, PartyId, Recorded};

/// A profile as it is stored.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parts {
    /// [`Parts::SCHEMA`].
    pub schema: String,
    /// Whose it is: its id.
    pub owner: PartyId,
    /// How its codes are.
    pub codes: CodePolicy,
    /// All that changes.
    pub state: State,
}

/// The mutable part of a profile, opaque: for storage only.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    pub(super) progress: Progress,
    /// The code that confirms the registration.
    pub(super) registration: Code,
    pub(super) destinations: Vec<Listed>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) default: Option<DestinationId>,
    /// The latest that were retired, oldest first.
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    pub(super) retired: VecDeque<DestinationId>,
    /// Wrong codes since the last right one.
    pub(super) wrong: u16,
}

impl PayeeProfile {
    /// The profile that a journal tells of.
    ///
    /// # Errors
    /// [`DecodeError::NotAJournal`] where the first event is not `registered` or a later one is; otherwise whatever
    /// invariant the result breaks.
    pub fn replay<'e>(journal: impl IntoIterator<Item = &'e Recorded<Event>>) -> Result<Self, DecodeError> {
        let profile = machine::replay("registered", journal, |recorded| {
            let Event::Registered { owner, codes, code } = &recorded.event else { return None };
            Some(Self::begin(owner.clone(), *codes, *code, recorded.at))
        })?;
        profile.check()?;
        Ok(profile)
    }

    /// Checks every invariant of the profile: what decoding checks, for tests and audits.
    ///
    /// # Errors
    /// [`DecodeError`] names the field that does not agree.
    pub fn check(&self) -> Result<(), DecodeError> {
        let state = &self.state;
        let ids = || state.destinations.iter().map(|listed| &listed.id).chain(&state.retired);
        // before they are compared with each other
        let few = state.destinations.len() <= Self::MAX_DESTINATIONS;
        let few_retired = state.retired.len() <= Self::RETIRED_KEPT;
        let unique =
            || ids().enumerate().all(|(i, id)| !ids().skip(i.saturating_add(1)).any(|other| other == id));
        let default = state.default.as_ref().is_none_or(|id| self.verified(id).is_some());
        let checks = [
            ("codes", self.codes.check().is_ok()),
            ("registration", self.is_sound(&state.registration)),
            (
                "registration",
                self.is_confirmed() || state.destinations.is_empty() && state.retired.is_empty(),
            ),
            ("destinations", few),
            ("retired", few_retired),
            ("destinations", !few || !few_retired || unique()),
            ("destinations", state.destinations.iter().all(|listed| self.agrees(listed))),
            ("default", default),
            ("wrong", state.wrong <= Self::MAX_WRONG_CODES),
        ];
        DecodeError::check(state.progress.checks().into_iter().chain(checks))
    }

    fn is_sound(&self, code: &Code) -> bool {
        code.is_sound()
            && code.number() <= self.codes.codes
            && code.expires() <= self.state.progress.last_at().plus_secs(CodePolicy::MAX_LIFETIME_S)
    }

    /// What others could own was sent a code; what has none is nobody else's.
    fn agrees(&self, listed: &Listed) -> bool {
        match (&listed.requisite.destination, &listed.code) {
            (Destination::Balance, None) => true,
            (Destination::Account(_) | Destination::Card(_) | Destination::Wallet(_), Some(code)) => {
                self.is_sound(code)
            }
            (Destination::Balance, Some(_))
            | (Destination::Account(_) | Destination::Card(_) | Destination::Wallet(_), None) => false,
        }
    }
}

stored_as_its_parts!(PayeeProfile, Parts, "escrow.payee.v2", "profile", [owner, codes, state]);
