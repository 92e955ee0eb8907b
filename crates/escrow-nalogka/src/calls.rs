//! From requests to terms, commands and callers.

use std::sync::Arc;

use super::entities::{AdditionalService, ContactInfo, SubjectItem};
use super::error::{ApiError, ErrorKind};
use super::quote::{CalculationResult, commission_payer};
use super::requests::{AddAttachments, Calculate, CreateDeal, NewAttachment, SetPerformingTrack, UpdateDeal};
use super::sum::Sum;
use super::words::{Payer, ProvidedBy, Workflow};
use escrow::deal::command::{
    Accept, Amend, Attach, Attachment, Cancel, Digest, DocumentId, RemoveTrack, SetDestination, SetTrack,
    StartPerforming, StopPerforming, Track,
};
use escrow::deposit::Reason;
use escrow::terms::{Fee, Item, Policy, Provider, Service, Terms, TermsDraft};
use escrow::{
    Actor, Caller, Command, Currency, Deal, Destination, InstrumentRef, Money, PartyId, Payee, Role, Text,
};

/// Who calls the API: a shop or a marketplace, and what the platform has agreed with it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ApiUser {
    /// Its id, which the journal has as `via`.
    pub id: PartyId,
    /// Which of the two.
    pub kind: UserKind,
    /// The rules of its deals: [`Policy::shop`], [`Policy::marketplace`], Nalogka's own to the letter
    /// ([`shop_policy`](crate::shop_policy), [`marketplace_policy`](crate::marketplace_policy)), or another one. A request
    /// says whether a partial buyout is allowed.
    pub policy: Policy,
    /// The commission. A request says who pays it.
    pub fees: Vec<Fee>,
}

/// A shop or a marketplace.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum UserKind {
    /// A shop, which sells itself: its profile is the seller of its deals and the actor of its calls.
    Shop {
        /// The profile that was created with the API user.
        profile: PartyId,
    },
    /// A marketplace, which acts on behalf of its users.
    Marketplace,
}

impl ApiUser {
    /// Which process its deals follow.
    pub const fn workflow(&self) -> Workflow {
        match self.kind {
            UserKind::Shop { .. } => Workflow::Shop,
            UserKind::Marketplace => Workflow::Marketplace,
        }
    }

    /// Who acts by a call: the initiator, via this user. A shop acts as its own profile and as nobody else, so that it
    /// cannot accept in its buyers' names; an order that a buyer cancels on the shop's pages is cancelled by the shop.
    ///
    /// # Errors
    /// [`ErrorKind::AccessDenied`] where a marketplace names nobody, or a shop somebody else.
    pub fn caller(&self, initiator: Option<&PartyId>) -> Result<Caller, ApiError> {
        match (&self.kind, initiator) {
            (UserKind::Shop { profile }, None) => Ok(self.acts_as(profile)),
            (UserKind::Shop { profile }, Some(named)) if named == profile => Ok(self.acts_as(profile)),
            (UserKind::Shop { .. }, Some(_)) => Err(denied("a shop acts as its own profile only")),
            (UserKind::Marketplace, Some(initiator)) => Ok(self.acts_as(initiator)),
            (UserKind::Marketplace, None) => {
                Err(denied("name on whose behalf the marketplace acts: initiator_profile_id"))
            }
        }
    }

    fn acts_as(&self, profile: &PartyId) -> Caller {
        Caller::party(profile.clone()).via(self.id.clone())
    }

    fn draft(&self, buyer: PartyId, seller: PartyId, payer: Option<Payer>) -> TermsDraft {
        let mut draft = TermsDraft::new(buyer, seller, Currency::RUB, Vec::new(), self.policy.clone());
        draft.fees.clone_from(&self.fees);
        if let Some(payer) = payer {
            // whoever pays a fee pays what is carved out of it
            draft
                .fees
                .iter_mut()
                .filter(|fee| !fee.is_carve_out())
                .for_each(|fee| fee.payer = Some(payer.into()));
        }
        draft
    }
}

pub(super) fn denied(message: &str) -> ApiError {
    ApiError::new(ErrorKind::AccessDenied, message)
}

fn items(items: &[SubjectItem]) -> Vec<Item> {
    let one = |item: &SubjectItem| Item {
        name: item.name.clone(),
        unit_price: item.price.money(),
        quantity: item.quantity,
        sku: item.sku.as_ref().and_then(|sku| Text::new(sku).ok()),
        description: item.description.clone(),
        unit: None,
    };
    items.iter().map(one).collect()
}

fn services(services: &[AdditionalService]) -> Vec<Service> {
    let one = |service: &AdditionalService| Service {
        name: service.name.clone(),
        description: service.description.clone(),
        original_cost: service.original_cost.map(Sum::money),
        final_cost: service.final_cost.money(),
        payer: service.payer.into(),
        provider: match service.provided_by {
            ProvidedBy::Seller => Provider::Seller,
            ProvidedBy::Nalogka => Provider::Platform,
        },
    };
    services.iter().map(one).collect()
}

/// Nothing offline is no offline part.
fn offline(sum: Option<Sum>) -> Option<Money> {
    sum.filter(|sum| *sum != Sum::ZERO).map(Sum::money)
}

impl Calculate {
    /// The terms that the request comes to, between parties who are nobody yet.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`] with the path of the item.
    pub fn terms(&self, user: &ApiUser) -> Result<Terms, ApiError> {
        let nobody = |id| PartyId::new(id).map_err(|_| ApiError::new(ErrorKind::Server, "no party"));
        let mut draft = user.draft(nobody("buyer")?, nobody("seller")?, self.commission_payer);
        draft.items = items(&self.subject_items);
        draft.services = services(&self.additional_services);
        draft.pay_offline = offline(self.buyer_have_to_pay_offline);
        Ok(Terms::new(draft)?)
    }

    /// The answer: the same figures that a deal of these terms is settled by.
    ///
    /// # Errors
    /// As [`Calculate::terms`].
    pub fn quote(&self, user: &ApiUser) -> Result<CalculationResult, ApiError> {
        Ok(CalculationResult::try_from(&self.terms(user)?)?)
    }
}

/// What the file storage knows of a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FileInfo {
    /// Its media type.
    pub mime: Text<100, 1>,
    /// Its size in bytes.
    pub size: u64,
    /// A digest of its content.
    pub digest: Option<Digest>,
}

/// A deal to be opened, and what is to be submitted to it then.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NewDeal {
    /// The terms.
    pub terms: Terms,
    /// Who opens it.
    pub caller: Caller,
    /// To be submitted afterwards, each by its caller: documents, the seller's requisite.
    pub then: Vec<(Command, Caller)>,
    /// For the host to keep, since the deal does not.
    pub buyer_contacts: Option<ContactInfo>,
    /// For the host to keep.
    pub seller_contacts: Option<ContactInfo>,
}

impl CreateDeal {
    /// The deal that is asked for.
    ///
    /// `new_buyer`: whom the host has made of the contacts, used where the request names no buyer. A shop's own profile
    /// is the seller where none is named. A marketplace that names no initiator creates the deal itself, as an operator:
    /// creation implies the consent of both. `files`: what the file storage knows of an id.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`] with the path of the item; [`ErrorKind::AccessDenied`] for a shop that names another
    /// seller, an initiator who is no party, or a payout requisite that is not the seller's to choose.
    pub fn new_deal(
        &self,
        user: &ApiUser,
        initiator: Option<&PartyId>,
        new_buyer: Option<PartyId>,
        files: impl Fn(&DocumentId) -> Option<FileInfo>,
    ) -> Result<NewDeal, ApiError> {
        let buyer = self.buyer_profile_id.clone().or(new_buyer);
        let buyer = buyer.ok_or_else(|| ApiError::item("buyer_profile_id", "is required"))?;
        let seller = match (&user.kind, &self.seller_profile_id) {
            (UserKind::Shop { profile }, None) => profile.clone(),
            (UserKind::Shop { profile }, Some(named)) if named != profile => {
                return Err(denied("a shop sells as its own profile only"));
            }
            (UserKind::Shop { .. } | UserKind::Marketplace, Some(named)) => named.clone(),
            (UserKind::Marketplace, None) => return Err(ApiError::item("seller_profile_id", "is required")),
        };
        let caller = match (&user.kind, initiator) {
            (UserKind::Marketplace, None) => {
                Caller::from(Actor::Operator(user.id.clone())).via(user.id.clone())
            }
            (UserKind::Shop { .. } | UserKind::Marketplace, _) => user.caller(initiator)?,
        };
        let is_party = match &caller.actor {
            Actor::Party(id) => *id == buyer || *id == seller,
            Actor::Operator(_) | Actor::Moderator(_) | Actor::Gateway | Actor::Tracker | Actor::Clock => true,
        };
        if !is_party {
            return Err(denied("the initiator is neither the buyer nor the seller"));
        }
        let mut then = Vec::new();
        for command in attach(&self.attachments, files)? {
            then.push((command, caller.clone()));
        }
        if let Some(requisite) = &self.payout_requisite_id {
            if caller.actor == Actor::Party(buyer.clone()) {
                return Err(denied("the seller chooses where the money goes: payout_requisite_id"));
            }
            then.push((payout_to(requisite), user.acts_as(&seller)));
        }
        let mut draft = user.draft(buyer, seller, self.commission_payer);
        draft.order_id.clone_from(&self.order_id);
        draft.conditions.clone_from(&self.conditions);
        draft.items = items(&self.subject_items);
        draft.services = services(&self.additional_services);
        draft.pay_offline = offline(self.buyer_have_to_pay_offline);
        draft.policy.partial_buyout_allowed = self.partial_buyout_allowed;
        Ok(NewDeal {
            terms: Terms::new(draft)?,
            caller,
            then,
            buyer_contacts: self.buyer_contacts.clone(),
            seller_contacts: self.seller_contacts.clone(),
        })
    }
}

/// The most documents of a deal.
const MAX_ATTACHMENTS: usize = 64;

fn attach(
    attachments: &[NewAttachment],
    files: impl Fn(&DocumentId) -> Option<FileInfo>,
) -> Result<Vec<Command>, ApiError> {
    if attachments.len() > MAX_ATTACHMENTS {
        return Err(ApiError::item("attachments", format!("has more than {MAX_ATTACHMENTS} entries")));
    }
    let one = |(index, new): (usize, &NewAttachment)| {
        let missing = || ApiError::item(format!("attachments[{index}].id"), "there is no such file");
        let FileInfo { mime, size, digest } = files(&new.id).ok_or_else(missing)?;
        let (id, description) = (new.id.clone(), new.description.clone().unwrap_or_default());
        Ok(Attach::new(Arc::new(Attachment::new(id, mime, size).description(description).digest(digest)))
            .into())
    };
    attachments.iter().enumerate().map(one).collect()
}

fn payout_to(requisite: &InstrumentRef) -> Command {
    let destination = Some(Destination::Account(requisite.clone()));
    SetDestination::new(Payee::Seller, destination).into()
}

impl AddAttachments {
    /// One command per document; one that is there already changes nothing.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`] with the path of a file that the storage does not have.
    pub fn commands(
        &self,
        files: impl Fn(&DocumentId) -> Option<FileInfo>,
    ) -> Result<Vec<Command>, ApiError> {
        attach(&self.attachments, files)
    }
}

/// What an update comes to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Updates {
    /// To be submitted in this order; none where nothing changes. The amendment is the first.
    pub commands: Vec<Command>,
    /// For the host to keep.
    pub buyer_contacts: Option<ContactInfo>,
    /// For the host to keep.
    pub seller_contacts: Option<ContactInfo>,
}

impl UpdateDeal {
    /// The commands by which a caller updates the deal. A changed deposit is returned whole and paid again.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`] with the path of the item: what breaks a rule, and what an update cannot change (the
    /// parties, who pays the commission, whether a partial buyout is allowed). [`ErrorKind::AccessDenied`] where
    /// somebody else than the seller chooses the payout requisite.
    pub fn commands(
        &self,
        deal: &Deal,
        caller: &Caller,
        files: impl Fn(&DocumentId) -> Option<FileInfo>,
    ) -> Result<Updates, ApiError> {
        let old = deal.terms();
        let payer = match self.commission_payer {
            Some(payer) => commission_payer(old)? != Some(payer),
            None => false,
        };
        let is_other =
            |given: &Option<PartyId>, known: &PartyId| given.as_ref().is_some_and(|id| id != known);
        let partial = self.partial_buyout_allowed;
        let pinned = [
            ("buyer_profile_id", is_other(&self.buyer_profile_id, &old.buyer)),
            ("seller_profile_id", is_other(&self.seller_profile_id, &old.seller)),
            ("commission_payer", payer),
            (
                "partial_buyout_allowed",
                partial.is_some_and(|allowed| allowed != old.policy.partial_buyout_allowed),
            ),
        ];
        if let Some((field, _)) = pinned.iter().find(|(_, changed)| *changed) {
            return Err(ApiError::item(*field, "cannot be changed by an update"));
        }
        let mut draft = old.to_draft();
        if let Some(order_id) = &self.order_id {
            draft.order_id = Some(order_id.clone());
        }
        if let Some(conditions) = &self.conditions {
            draft.conditions = Some(conditions.clone());
        }
        if let Some(new) = &self.subject_items {
            draft.items = items(new);
        }
        if let Some(new) = &self.additional_services {
            draft.services = services(new);
        }
        if self.buyer_have_to_pay_offline.is_some() {
            draft.pay_offline = offline(self.buyer_have_to_pay_offline);
        }
        let mut commands = Vec::new();
        let terms = Terms::new(draft)?;
        if terms != **old {
            commands.push(Amend::new(deal.terms_version(), Arc::new(terms)).into());
        }
        commands.extend(attach(&self.attachments, files)?);
        if let Some(requisite) = &self.payout_requisite_id {
            if deal.role_of(&caller.actor) != Some(Role::Seller) {
                return Err(denied("the seller chooses where the money goes: payout_requisite_id"));
            }
            commands.push(payout_to(requisite));
        }
        let (buyer_contacts, seller_contacts) = (self.buyer_contacts.clone(), self.seller_contacts.clone());
        Ok(Updates { commands, buyer_contacts, seller_contacts })
    }
}

/// The calls that need nothing but themselves. Who may, and when, the deal decides.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Call {
    /// `cancel`. Whoever cancels bears what was incurred: the buyer out of the deposit, the seller directly.
    Cancel {
        /// Why: `status_updated_comment`. The host's; the call has no body.
        comment: Reason,
    },
    /// `confirm-acceptation`: the buyer accepts everything.
    ConfirmAcceptation,
    /// `performing-start`, without a tracker.
    PerformingStart,
    /// `performing-stop`: back to *Ожидает исполнения*.
    PerformingStop,
    /// `PUT performing-track`.
    SetTrack(SetPerformingTrack),
    /// `DELETE performing-track`.
    RemoveTrack,
}

impl Call {
    /// The command.
    pub fn command(&self) -> Command {
        match self {
            Self::Cancel { comment } => Cancel::new(comment.clone()).into(),
            Self::ConfirmAcceptation => Accept::default().into(),
            Self::PerformingStart => StartPerforming {}.into(),
            Self::PerformingStop => StopPerforming {}.into(),
            Self::SetTrack(SetPerformingTrack { tracker_short_name, code }) => {
                let track = Track::new(tracker_short_name.clone(), code.clone());
                SetTrack::new(Arc::new(track)).into()
            }
            Self::RemoveTrack => RemoveTrack {}.into(),
        }
    }
}
