//! Agreeing on terms, and leaving.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Attachment, SetDestination};
use crate::deal::agreement::Consents;
use crate::deal::timers::Timer;
use crate::deposit::{DepositId, GatewayName, Reason, Reference};
use crate::settlement::Fault;
use crate::stored::left_out::is_default;
use crate::terms::{Contacts, Notes, Terms};
use crate::{Destination, Payee, Text, Time};

/// What a deal begins with: its terms, and the documents and destinations that it takes along. Terms alone are one.
///
/// # Examples
/// ```
/// use escrow::deal::command::{Attachment, Proposal};
/// use escrow::{Destination, Payee, Terms};
///
/// # fn proposal(terms: Terms) -> Result<Proposal, escrow::TextError> {
/// let photo = Attachment::new("photo-1".parse()?, "image/jpeg".parse()?, 120_000);
/// let account = Destination::Account("acct-7".parse()?);
/// # Ok(
/// Proposal::new(terms).attach(photo).pay(Payee::Seller, account)
/// # )
/// # }
/// ```
///
/// # Source
/// Nalogka's creation of a deal: attachments and the seller's requisite come with it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Proposal {
    /// The terms.
    pub terms: Arc<Terms>,
    /// Documents of whoever proposes.
    #[serde(default, skip_serializing_if = "is_default")]
    pub documents: Vec<Arc<Attachment>>,
    /// Where payees want their earnings: the proposer's own; anybody's where an operator proposes, who vouches for them.
    #[serde(default, skip_serializing_if = "is_default")]
    pub destinations: Vec<SetDestination>,
}

impl Proposal {
    /// These terms, and nothing with them.
    pub fn new(terms: impl Into<Arc<Terms>>) -> Self {
        Self { terms: terms.into(), documents: Vec::new(), destinations: Vec::new() }
    }

    /// With this document.
    #[must_use]
    pub fn attach(mut self, document: impl Into<Arc<Attachment>>) -> Self {
        self.documents.push(document.into());
        self
    }

    /// This payee wants what they earn there.
    #[must_use]
    pub fn pay(mut self, payee: Payee, destination: Destination) -> Self {
        self.destinations.push(SetDestination::new(payee, destination));
        self
    }
}

impl From<Terms> for Proposal {
    fn from(terms: Terms) -> Self {
        Self::new(terms)
    }
}

impl From<Arc<Terms>> for Proposal {
    fn from(terms: Arc<Terms>) -> Self {
        Self::new(terms)
    }
}

/// Proposes other terms: a new version. Everybody else's consent is void; a required deposit whose amount changes is
/// returned in full, the others stay. Parties, currency and arbiter are pinned; fees and policy for all but the
/// operator, except the policy's `performance_s` where its consent is explicit.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Amend {
    /// The version that is amended. If it is not the current one, somebody was faster.
    pub from_version: u32,
    /// The new terms.
    pub terms: Arc<Terms>,
    /// Whose consent the host vouches for; these stand. Only the operator's, in deals whose creation implies consent.
    #[serde(default, skip_serializing_if = "is_default")]
    pub vouched: Consents,
}

impl Amend {
    /// Proposes these terms in place of that version.
    pub fn new(from_version: u32, terms: impl Into<Arc<Terms>>) -> Self {
        Self { from_version, terms: terms.into(), vouched: Consents::default() }
    }

    /// Whose consent the host vouches for.
    #[must_use]
    pub const fn vouched(mut self, consents: Consents) -> Self {
        self.vouched = consents;
        self
    }
}

/// Changes what is noted on a deal and binds nobody: contact references, tags, the order id. It needs no consent, and is
/// no new version. What is left out stays as it is.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Annotate {
    /// Where the host keeps the parties' contact data. A party gives its own only.
    #[serde(default, skip_serializing_if = "is_default")]
    pub contacts: Contacts,
    /// All tags, in place of those before; the operator's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<Text<64, 1>>>,
    /// The host's order id; the operator's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_id: Option<Text<128, 1>>,
}

impl Annotate {
    /// Changes the contact references that are given.
    pub fn contacts(contacts: Contacts) -> Self {
        Self { contacts, ..Self::default() }
    }

    /// Replaces the tags.
    #[must_use]
    pub fn tags(mut self, tags: Vec<Text<64, 1>>) -> Self {
        self.tags = Some(tags);
        self
    }

    /// Replaces the order id.
    #[must_use]
    pub fn order_id(mut self, order_id: Text<128, 1>) -> Self {
        self.order_id = Some(order_id);
        self
    }

    /// What stands in the notes after it.
    pub(crate) fn notes(&self, before: Notes) -> Notes {
        Notes {
            order_id: self.order_id.clone().or(before.order_id),
            tags: self.tags.clone().unwrap_or(before.tags),
            contacts: Contacts {
                buyer: self.contacts.buyer.clone().or(before.contacts.buyer),
                seller: self.contacts.seller.clone().or(before.contacts.seller),
            },
        }
    }

    /// Whether these terms have all of it already.
    pub(crate) fn stands_in(&self, terms: &Terms) -> bool {
        let same = |new: &Option<Text<128, 1>>, old: &Option<Text<128, 1>>| new.is_none() || *new == *old;
        same(&self.order_id, &terms.order_id)
            && self.tags.as_ref().is_none_or(|tags| *tags == terms.tags)
            && same(&self.contacts.buyer, &terms.contacts.buyer)
            && same(&self.contacts.seller, &terms.contacts.seller)
    }
}

/// Consents to one version of the terms.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Agree {
    /// The version: the current one.
    pub terms_version: u32,
    /// A payment that the party says it has made. No proof: the gateway is asked to verify it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment: Option<StatedPayment>,
}

impl Agree {
    /// Consents to this version.
    pub const fn new(terms_version: u32) -> Self {
        Self { terms_version, payment: None }
    }

    /// The payment that the party says it has made.
    #[must_use]
    pub fn payment(mut self, payment: impl Into<Option<StatedPayment>>) -> Self {
        self.payment = payment.into();
        self
    }
}

/// A payment that a party says it has made: all that is outstanding of a deposit. WebMoney's `tranId`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct StatedPayment {
    /// The deposit; the party's own.
    pub deposit: DepositId,
    /// Where it was paid.
    pub gateway: GatewayName,
    /// The gateway's id of the payment.
    pub reference: Reference,
}

impl StatedPayment {
    /// The payment that this gateway knows under this id.
    pub const fn new(deposit: DepositId, gateway: GatewayName, reference: Reference) -> Self {
        Self { deposit, gateway, reference }
    }
}

/// Remarks on the terms: the deal waits for the parties to amend them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Remark {
    /// What is to be changed.
    pub remark: Text<500, 1>,
}

impl Remark {
    /// This is to be changed.
    pub const fn new(remark: Text<500, 1>) -> Self {
        Self { remark }
    }
}

/// Approves the terms.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approve {}

/// Cancels the deal; in Proposed, turns it down.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Cancel {
    /// The reason.
    #[serde(default)]
    pub reason: Reason,
    /// Whose fault it is. Only the operator may name it, and cancels at nobody's fault otherwise. A party cancels at
    /// its own fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_fault: Option<Fault>,
}

impl Cancel {
    /// Cancels for this reason, at the fault of who cancels.
    pub const fn new(reason: Reason) -> Self {
        Self { reason, at_fault: None }
    }

    /// Whose fault it is.
    #[must_use]
    pub fn at_fault(mut self, at_fault: impl Into<Option<Fault>>) -> Self {
        self.at_fault = at_fault.into();
        self
    }

    /// Whether it says whose fault it is. Only the operator may say so.
    pub const fn names_fault(&self) -> bool {
        self.at_fault.is_some()
    }
}

/// Moves a deadline of the phase that the deal is in. All extensions of a deal together are bounded by
/// `policy.max_extension_s`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Extend {
    /// Which timer.
    pub timer: Timer,
    /// The new deadline, later than the old one: an instant, so that a repeat does not extend twice.
    pub until: Time,
}

impl Extend {
    /// Moves this timer's deadline to that instant.
    pub const fn new(timer: Timer, until: Time) -> Self {
        Self { timer, until }
    }
}
