//! From storage back to a deal. Storage is not trusted: every invariant is checked.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::phase::{Phase, PhaseKind};
use super::rules::proposal;
use super::{Deal, State};
use crate::deposit::Deposit;
use crate::machine::{self, DecodeError};
use crate::terms::Terms;
use crate::{DealId, Recorded};

/// A deal as it is stored. The terms are a part of their own, so that a host writes them once per version and the
/// small state with every command.
///
/// The schema is named; a later version of the crate that changes the format changes the name, and reads the old
/// ones.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parts {
    /// [`Parts::SCHEMA`].
    pub schema: String,
    /// The deal's id.
    pub id: DealId,
    /// The current terms.
    pub terms: Arc<Terms>,
    /// The terms that bind while an amendment waits for consent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreed: Option<Arc<Terms>>,
    /// All that commands change.
    pub state: State,
}

/// A deal as [`Parts`] stores it, with its terms where they are.
#[derive(Serialize)]
#[serde(rename = "Parts")]
struct PartsView<'d> {
    schema: &'static str,
    id: DealId,
    terms: &'d Terms,
    #[serde(skip_serializing_if = "Option::is_none")]
    agreed: Option<&'d Terms>,
    state: &'d State,
}

impl Parts {
    /// The schema that this version writes and reads.
    pub const SCHEMA: &'static str = "escrow.deal.v1";

    /// The deal, if every invariant holds.
    ///
    /// # Errors
    /// [`DecodeError`] names the field that does not agree.
    pub fn restore(self) -> Result<Deal, DecodeError> {
        DecodeError::check_schema(&self.schema, Self::SCHEMA)?;
        let mut deal = Deal { id: self.id, terms: self.terms, agreed: self.agreed, state: self.state };
        deal.state.books.recount();
        deal.check()?;
        Ok(deal)
    }
}

impl Deal {
    /// What changes with every command, to be written apart from the terms. The terms are not copied.
    ///
    /// The terms change where [`Deal::terms_version`] does, and [`Deal::agreed`] where an amendment is proposed and where
    /// it is agreed: a host writes them then, and this every time. [`Parts::restore`] puts them together.
    ///
    /// # Examples
    /// ```
    /// use escrow::deal::{Parts, State};
    /// # use escrow::terms::Item;
    /// # use escrow::{Context, Currency, Deal, DealId, Money, Policy, Terms, TermsDraft, Time};
    /// # let price = Money::from_minor(23_500_00, Currency::RUB);
    /// # let items = vec![Item::new("Phone".parse()?, price, 1)];
    /// # let draft = TermsDraft::new("anna".parse()?, "shop".parse()?, Currency::RUB, items, Policy::shop());
    /// # let shop = Context::party(Time::parse("2026-03-01T12:00:00Z")?, "shop".parse()?);
    /// # let (deal, _) = Deal::propose(DealId::new(uuid::Uuid::nil()), Terms::new(draft)?, &shop)?;
    /// // once per version of the terms
    /// let terms = serde_json::to_string(deal.terms())?;
    /// // with every command
    /// let state = serde_json::to_string(deal.state())?;
    ///
    /// let parts = Parts {
    ///     schema: Parts::SCHEMA.to_owned(),
    ///     id: deal.id(),
    ///     terms: serde_json::from_str(&terms)?,
    ///     agreed: deal.agreed().cloned(),
    ///     state: serde_json::from_str::<State>(&state)?,
    /// };
    /// assert_eq!(parts.restore()?, deal);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// [`Parts::agreed`]: the terms that bind while an amendment waits for consent.
    pub const fn agreed(&self) -> Option<&Arc<Terms>> {
        self.agreed.as_ref()
    }

    /// The deal in the form in which it is stored.
    pub fn parts(&self) -> Parts {
        Parts {
            schema: Parts::SCHEMA.to_owned(),
            id: self.id,
            terms: self.terms.clone(),
            agreed: self.agreed.clone(),
            state: self.state.clone(),
        }
    }

    /// The deal that a journal leads to.
    ///
    /// # Errors
    /// [`DecodeError::NotAJournal`] where the first event is not `proposed` or a later one is; otherwise whatever
    /// invariant the result breaks.
    pub fn replay<'e>(
        id: DealId,
        journal: impl IntoIterator<Item = &'e Recorded>,
    ) -> Result<Self, DecodeError> {
        let deal = machine::replay("proposed", journal, |first| Self::begin(id, first))?;
        deal.check()?;
        Ok(deal)
    }

    /// Checks every invariant of the deal, as decoding does: for tests and audits. Each part checks itself, and here is
    /// what the parts must agree on.
    ///
    /// # Errors
    /// [`DecodeError`] names the field that does not agree.
    pub fn check(&self) -> Result<(), DecodeError> {
        let State { clockwork, agreement, books, work, quarrel } = &self.state;
        books.check(proposal::fixed_deposits(&self.terms), self.terms.currency)?;
        let wrong = [clockwork.wrong(), agreement.wrong(), work.wrong(self.binding_terms().services.len())];
        let kind = clockwork.phase.kind();
        let phase = match clockwork.phase {
            Phase::Paying { awaiting_capture: true, .. } => books.awaits_capture(),
            // with nothing left to settle it would be closed, and would never be again
            Phase::Paying { awaiting_capture: false, .. } => {
                books.is_given_out() && (books.has_unsettled_legs() || books.has_open_capture())
            }
            Phase::Closed { .. } => !books.holds_anything(),
            Phase::Active { .. } | Phase::Clearing { .. } | Phase::Disputed { .. } => {
                agreement.consents.all() && books.is_covered(self.binding_terms().policy.shortfall)
            }
            Phase::Proposed { .. } | Phase::AwaitingDeposit { .. } | Phase::Moderation { .. } => true,
        };
        let awarded = clockwork.ended.as_ref().and_then(|ended| ended.ending.award());
        let same_parties = self.agreed.as_ref().is_none_or(|old| {
            old.buyer == self.terms.buyer
                && old.seller == self.terms.seller
                && old.currency == self.terms.currency
        });
        let arbiter = quarrel
            .arbiter
            .as_ref()
            .is_none_or(|a| *a != self.terms.buyer && *a != self.terms.seller && !self.terms.names_third(a));
        let checks = [
            ("clockwork.phase", phase && (kind < PhaseKind::Paying) == clockwork.ended.is_none()),
            ("clockwork.clearing", self.clearing().is_none_or(|ending| self.division(ending).is_ok())),
            ("quarrel.dispute", quarrel.agrees(clockwork.phase)),
            // whoever rules does so on a dispute; the parties agree without one, too
            (
                "clockwork.ended",
                match &quarrel.dispute {
                    Some(dispute) => dispute.award == awarded,
                    None => clockwork.ended.as_ref().is_none_or(|ended| !ended.ending.is_ruled()),
                },
            ),
            (
                "clockwork.ended.divides",
                clockwork.ended.as_ref().and_then(|ended| ended.divides).is_none_or(|divides| {
                    let fits =
                        |(d, n): (&Deposit, u64)| i64::try_from(n).is_ok_and(|n| n <= d.required().minor());
                    clockwork.phase.awaits_capture() && books.required().zip(divides).all(fits)
                }),
            ),
            ("agreed", same_parties),
            ("quarrel.arbiter", arbiter),
        ];
        let broken = checks.iter().find(|(_, holds)| !holds).map(|(field, _)| *field);
        match wrong.into_iter().flatten().next().or(broken) {
            Some(field) => Err(DecodeError::Field { field }),
            None => Ok(()),
        }
    }
}

impl Serialize for Deal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let view = PartsView {
            schema: Parts::SCHEMA,
            id: self.id,
            terms: &self.terms,
            agreed: self.agreed.as_deref(),
            state: &self.state,
        };
        view.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Deal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Parts::deserialize(deserializer)?.restore().map_err(de::Error::custom)
    }
}
