//! From storage back to an offer. Storage is not trusted: every invariant is checked.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::takes::{Take, TakeStage, Takes};
use super::{Event, Mode, Offer, OfferTerms};
use crate::OfferId;
use escrow::Recorded;
use escrow::machine::{self, DecodeError, Progress};

/// An offer as it is stored. The terms never change, so that a host may write them once and the state with every
/// command.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parts {
    /// [`Parts::SCHEMA`].
    pub schema: String,
    /// The offer's id.
    pub id: OfferId,
    /// What is offered.
    pub terms: Arc<OfferTerms>,
    /// All that changes.
    pub state: State,
}

/// The mutable part of an offer, opaque: for storage only.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    progress: Progress,
    mode: Mode,
    /// Reserved and concluded.
    takes: Vec<Take>,
    /// The latest that were given back, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    returned: Vec<Take>,
}

impl Parts {
    /// The schema that this version writes and reads.
    pub const SCHEMA: &'static str = "escrow.offer.v1";

    /// The offer, if every invariant holds.
    ///
    /// # Errors
    /// [`DecodeError`] names the field that does not agree.
    pub fn restore(self) -> Result<Offer, DecodeError> {
        let Self { schema, id, terms, state } = self;
        DecodeError::check_schema(&schema, Self::SCHEMA)?;
        let mut takes = Takes::default();
        if !state.takes.into_iter().all(|take| takes.insert(take)) {
            return Err(DecodeError::Field { field: "takes" });
        }
        if state.returned.len() > Takes::RETURNED_KEPT {
            return Err(DecodeError::Field { field: "returned" });
        }
        for take in state.returned {
            if takes.find(take.deal).is_some() {
                return Err(DecodeError::Field { field: "returned" });
            }
            takes.remember(take);
        }
        let State { progress, mode, .. } = state;
        let offer = Offer { id, terms, progress, mode, takes };
        offer.check()?;
        Ok(offer)
    }
}

impl Offer {
    /// The offer in the form in which it is stored.
    pub fn parts(&self) -> Parts {
        Parts {
            schema: Parts::SCHEMA.to_owned(),
            id: self.id,
            terms: self.terms.clone(),
            state: State {
                progress: self.progress,
                mode: self.mode,
                takes: self.takes.held().cloned().collect(),
                returned: self.takes.returned().cloned().collect(),
            },
        }
    }

    /// The offer that a journal tells of.
    ///
    /// # Errors
    /// [`DecodeError::NotAJournal`] where the first event is not `published` or a later one is; otherwise whatever
    /// invariant the result breaks.
    pub fn replay<'e>(
        id: OfferId,
        journal: impl IntoIterator<Item = &'e Recorded<Event>>,
    ) -> Result<Self, DecodeError> {
        let offer = machine::replay("published", journal, |recorded| {
            let Event::Published { terms } = &recorded.event else { return None };
            Some(Self::begin(id, terms.clone(), recorded.at))
        })?;
        offer.check()?;
        Ok(offer)
    }

    /// Checks every invariant of the offer: what decoding checks, for tests and audits.
    ///
    /// # Errors
    /// [`DecodeError`] names the field that does not agree.
    pub fn check(&self) -> Result<(), DecodeError> {
        let sum = |concluded: bool| -> u64 {
            let of = |take: &&Take| (take.stage == TakeStage::Concluded) == concluded;
            self.takes.held().filter(of).map(|take| u64::from(take.count)).sum()
        };
        let (reserved, concluded) = (sum(false), sum(true));
        let all = reserved.checked_add(concluded);
        let max_per_taker = self.terms.max_per_taker.unwrap_or(u32::MAX);
        let checks = [
            ("takes", self.takes.held().len() <= Self::MAX_TAKES),
            ("takes", self.takes.held().all(|take| self.agrees(take) && self.is_open(take))),
            ("returned", self.takes.returned().all(|take| self.agrees(take))),
            ("reserved", u64::from(self.reserved()) == reserved),
            ("concluded", u64::from(self.concluded()) == concluded),
            // total = available + reserved + concluded
            ("takes", all.is_some_and(|all| all <= u64::from(self.total()))),
            ("max_per_taker", self.takes.most_of_one() <= max_per_taker),
        ];
        DecodeError::check(self.progress.checks().into_iter().chain(checks))
    }

    fn agrees(&self, take: &Take) -> bool {
        let within = (1..=self.total()).contains(&take.count);
        let known = (self.progress.created_at()..=self.progress.last_at()).contains(&take.at);
        let deadline = match take.stage {
            TakeStage::Waiting { until } => until == take.at.plus_secs(self.terms.to_contract_s),
            TakeStage::Proposed | TakeStage::Concluded => true,
        };
        within && known && deadline && take.taker != self.terms.owner
    }

    /// The deal of a reserved take is valid; a take that waits has not lapsed, or it would have when
    /// the offer saw its last event.
    fn is_open(&self, take: &Take) -> bool {
        let ahead = match take.stage {
            TakeStage::Waiting { until } => self.progress.last_at() <= until,
            TakeStage::Proposed => true,
            TakeStage::Concluded => return true,
        };
        ahead && self.terms.terms_for(&take.taker, None, take.count).is_ok()
    }
}

stored_as_parts!(Offer, Parts);
