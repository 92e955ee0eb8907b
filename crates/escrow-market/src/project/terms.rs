//! What a project is agreed on with, and the terms of the deal that each milestone becomes.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::basket::{BasketDraft, Line};
use crate::{BasketId, is_default};
use escrow::deposit::DepositId;
use escrow::terms::{Consent, Delivery, Fee, Guarantees, Item, Problem, Service, TermsError};
use escrow::{Currency, DealId, Money, PartyId, Policy, Terms, TermsDraft, Text, Time};

/// When the milestones are paid for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Funding {
    /// One by one: the next one is asked for when the one before is accepted.
    #[default]
    Each,
    /// All at once, by one payment through a basket. Each deal's time to start is its own and all that can pass before it;
    /// the contractor may start earlier. A milestone that is added later is paid for by itself.
    Upfront {
        /// The basket, by the host's id.
        basket: BasketId,
    },
}

/// One milestone: what the terms of its deal need beside the project's.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Milestone {
    /// The id of its deal, which the host chooses.
    pub deal: DealId,
    /// What is delivered and paid for.
    pub items: Vec<Item>,
    /// Ancillary services.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<Service>,
    /// Guarantee deposits.
    #[serde(default, skip_serializing_if = "is_default")]
    pub guarantees: Guarantees,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Text<4000>>,
    /// What the work must be like, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conditions: Option<Text<8000>>,
    /// How it reaches the customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<Delivery>,
    /// How long its performance may take, in seconds, where not as long as the policy says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub performance_s: Option<u32>,
}

impl Milestone {
    /// Items that become this deal, and nothing else yet.
    pub fn new(deal: DealId, items: Vec<Item>) -> Self {
        Self {
            deal,
            items,
            services: Vec::new(),
            guarantees: Guarantees::default(),
            description: None,
            conditions: None,
            delivery: None,
            performance_s: None,
        }
    }

    /// The time that its performance may take.
    #[must_use]
    pub const fn performance_s(mut self, seconds: u32) -> Self {
        self.performance_s = Some(seconds);
        self
    }
}

/// A project as somebody proposes it, not checked yet.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ProjectDraft {
    /// Who orders and pays.
    pub customer: PartyId,
    /// Who does the work.
    pub contractor: PartyId,
    /// What it is called.
    pub name: Text<200, 1>,
    /// The currency of every milestone.
    pub currency: Currency,
    /// The fee schedule of every milestone's deal.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fees: Vec<Fee>,
    /// The rules of every milestone's deal. The consent to the project is the consent to each of them. How long a proposal
    /// is open is also how long the project's is, and how long it waits after a milestone that was not accepted.
    pub policy: Policy,
    /// When the milestones are paid for.
    #[serde(default, skip_serializing_if = "is_default")]
    pub funding: Funding,
    /// The milestones, in order.
    pub milestones: Vec<Milestone>,
}

impl ProjectDraft {
    /// The most milestones of a project, those that are over included.
    pub const MAX_MILESTONES: usize = 100;

    /// A project whose milestones are paid one by one, without fees.
    pub fn new(
        (customer, contractor): (PartyId, PartyId),
        name: Text<200, 1>,
        currency: Currency,
        policy: Policy,
        milestones: Vec<Milestone>,
    ) -> Self {
        let (fees, funding) = (Vec::new(), Funding::Each);
        Self { customer, contractor, name, currency, fees, policy, funding, milestones }
    }

    /// The terms of a milestone's deal, which comes after others that can take so many seconds.
    pub(super) fn terms_of(&self, milestone: &Milestone, before_s: u64) -> Result<Terms, TermsError> {
        let mut policy = self.policy.clone().consent(Consent::OnCreation);
        policy.performance_s = milestone.performance_s.unwrap_or(policy.performance_s);
        match self.funding {
            Funding::Each => {}
            Funding::Upfront { .. } => {
                policy.start_s = capped(before_s.saturating_add(policy.start_s.into()));
                // the basket is full in time or not at all: no deal gives up before it
                policy.deposit_s = capped(u64::from(policy.deposit_s).saturating_add(DAY_S));
            }
        }
        let (buyer, seller) = (self.customer.clone(), self.contractor.clone());
        let mut draft = TermsDraft::new(buyer, seller, self.currency, milestone.items.clone(), policy);
        draft.fees = self.fees.clone();
        draft.services = milestone.services.clone();
        draft.guarantees = milestone.guarantees;
        draft.description = milestone.description.clone();
        draft.conditions = milestone.conditions.clone();
        draft.delivery = milestone.delivery.clone();
        Terms::new(draft)
    }

    /// The longest that a milestone's deal can take from its funding to its ending, in seconds.
    pub(super) fn longest(&self, performance_s: Option<u32>) -> u64 {
        let policy = &self.policy;
        let s = u64::from;
        let looked_at = s(policy.acceptance_s).saturating_add(policy.revision_time_s.into());
        let parts = [
            s(policy.moderation_s),
            s(policy.start_s).saturating_mul(s(policy.max_tracks.into()).saturating_add(1)),
            s(performance_s.unwrap_or(policy.performance_s)),
            looked_at.saturating_mul(s(policy.max_revisions.into()).saturating_add(1)),
            policy.negotiation_s.into(),
            // eight disputes, each of which leaves the arbiter a quarter of the time at least
            s(policy.arbitration_s).saturating_mul(3),
            policy.max_extension_s.into(),
        ];
        parts.into_iter().fold(0, u64::saturating_add)
    }

    /// Whether every one of these milestones makes a deal, and each has an id of its own.
    pub(super) fn check_milestones(&self, milestones: &[Milestone]) -> Result<(), TermsError> {
        let refuse = |problem| Err(TermsError::at("milestones", problem));
        if milestones.len() > Self::MAX_MILESTONES {
            return refuse(Problem::TooMany { max: Self::MAX_MILESTONES });
        }
        let ids: BTreeSet<DealId> = milestones.iter().map(|m| m.deal).collect();
        if ids.len() != milestones.len() {
            return refuse(Problem::Duplicate);
        }
        milestones.iter().try_for_each(|m| self.terms_of(m, 0).map(drop))
    }

    fn validate(&self) -> Result<(), TermsError> {
        if self.milestones.is_empty() {
            return Err(TermsError::at("milestones", Problem::Empty));
        }
        self.check_milestones(&self.milestones)
    }
}

const DAY_S: u64 = 86_400;

fn capped(seconds: u64) -> u32 {
    u32::try_from(seconds).unwrap_or(Policy::MAX_DURATION_S).min(Policy::MAX_DURATION_S)
}

/// The basket by which the customer pays these deals: the payment of each, and the guarantee in its currency.
pub(super) fn basket(draft: &ProjectDraft, deals: &[(DealId, &Terms)], until: Time) -> BasketDraft {
    let mut lines = Vec::new();
    for (deal, terms) in deals {
        let guarantee = terms.guarantees.buyer.filter(|money| money.currency() == draft.currency);
        let amounts = [
            (DepositId::BUYER_PAYMENT, Some(terms.quote().deposit)),
            (DepositId::BUYER_GUARANTEE, guarantee),
        ];
        for (deposit, amount) in amounts {
            let amount: Option<Money> = amount.filter(|money| money.is_positive());
            lines.extend(amount.map(|amount| Line { deal: *deal, deposit, amount }));
        }
    }
    BasketDraft::new(draft.customer.clone(), draft.currency, lines, until)
}

/// A project that keeps every rule. Immutable: later milestones are events.
///
/// Reads like a [`ProjectDraft`] through `Deref`. Decoding checks the rules again.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "ProjectDraft", into = "ProjectDraft")]
pub struct ProjectTerms(ProjectDraft);

impl ProjectTerms {
    /// Checks the draft, by the terms of each milestone's deal.
    ///
    /// # Errors
    /// [`TermsError`] names the field and what is wrong with it. Not transient.
    pub fn new(draft: ProjectDraft) -> Result<Self, TermsError> {
        draft.validate()?;
        Ok(Self(draft))
    }

    /// The same as plain data, to write another one.
    pub fn to_draft(&self) -> ProjectDraft {
        self.0.clone()
    }
}

impl std::ops::Deref for ProjectTerms {
    type Target = ProjectDraft;

    fn deref(&self) -> &ProjectDraft {
        &self.0
    }
}

impl TryFrom<ProjectDraft> for ProjectTerms {
    type Error = TermsError;

    fn try_from(draft: ProjectDraft) -> Result<Self, TermsError> {
        Self::new(draft)
    }
}

impl From<ProjectTerms> for ProjectDraft {
    fn from(terms: ProjectTerms) -> Self {
        terms.0
    }
}
