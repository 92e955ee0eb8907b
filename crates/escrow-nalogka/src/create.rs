//! From a request for a deal to its terms, and to what is submitted right after it.

use std::sync::Arc;

use super::desk::{Desk, FileInfo};
use super::entities::ContactInfo;
use super::error::{ApiError, ErrorKind};
use super::host::{HostData, Kept};
use super::items::{items, offline, services};
use super::requests::{AddAttachments, CreateDeal, NewAttachment};
use super::requisite::RequisiteId;
use super::user::{ApiUser, UserKind, denied};
use super::words::Workflow;
use escrow::deal::command::{Attach, Attachment, Proposal, SetDestination};
use escrow::terms::Terms;
use escrow::{Actor, Caller, Command, PartyId, Payee, Side, Text};

/// A deal to be opened.
///
/// The host keeps [`NewDeal::host`] beside the deal, opens it, and tells of it ([`HostData::tell`]): one `deals.deal.created`,
/// in which documents and requisite stand already.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NewDeal {
    /// The terms, with the documents and the seller's requisite.
    pub proposal: Proposal,
    /// Who opens it.
    pub caller: Caller,
    /// For the host to keep, since the deal does not.
    pub kept: Kept,
    /// Which process it follows.
    pub workflow: Workflow,
}

impl NewDeal {
    /// What the host keeps beside the new deal.
    pub fn host(&self) -> HostData {
        let mut host = HostData::new(self.workflow);
        host.api_user.clone_from(&self.caller.via);
        host.keep(self.kept.clone());
        host
    }
}

impl CreateDeal {
    /// The deal that is asked for.
    ///
    /// Where the request names no buyer, it is whom [`Desk::buyer`] makes of the contacts. A shop's own profile is the
    /// seller where none is named. A marketplace that names no initiator creates the deal itself, as an operator: creation
    /// implies the consent of both.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`] with the path of the item; [`ErrorKind::AccessDenied`] for a shop that names another
    /// seller, an initiator who is no party, or a payout requisite that is not the seller's to choose.
    pub fn new_deal(
        &self,
        user: &ApiUser,
        initiator: Option<&PartyId>,
        desk: &impl Desk,
    ) -> Result<NewDeal, ApiError> {
        let made = || self.buyer_contacts.as_ref().and_then(|contacts| desk.buyer(contacts));
        let buyer = self.buyer_profile_id.clone().or_else(made);
        let buyer = buyer.ok_or_else(|| ApiError::item("buyer_profile_id", "is required"))?;
        let seller = match (&user.kind, &self.seller_profile_id) {
            (UserKind::Shop { profile, .. }, None) => profile.clone(),
            (UserKind::Shop { profile, .. }, Some(named)) if named != profile => {
                return Err(denied("a shop sells as its own profile only"));
            }
            (UserKind::Shop { .. } | UserKind::Marketplace, Some(named)) => named.clone(),
            (UserKind::Marketplace, None) => return Err(ApiError::item("seller_profile_id", "is required")),
        };
        let caller = user.creator(&buyer, &seller, initiator)?;
        let mut kept = Kept::default();
        let mut payout = None;
        if let Some(requisite) = &self.payout_requisite_id {
            if caller.actor == Actor::Party(buyer.clone()) {
                return Err(denied("the seller chooses where the money goes: payout_requisite_id"));
            }
            payout = Some(payout_to(requisite, &seller, desk, &mut kept)?);
        }
        let mut draft = user.draft(buyer, seller, self.commission_payer);
        for (side, given) in [(Side::Buyer, &self.buyer_contacts), (Side::Seller, &self.seller_contacts)] {
            if let Some(contacts) = given {
                let reference = contact(side, 1, contacts, &mut kept)?;
                *match side {
                    Side::Buyer => &mut draft.contacts.buyer,
                    Side::Seller => &mut draft.contacts.seller,
                } = Some(reference);
            }
        }
        draft.order_id.clone_from(&self.order_id);
        draft.conditions.clone_from(&self.conditions);
        draft.items = items(&self.subject_items);
        draft.services = services(&self.additional_services);
        draft.pay_offline = offline(self.buyer_have_to_pay_offline);
        draft.policy.partial_buyout_allowed = self.partial_buyout_allowed;
        let mut proposal = Proposal::new(Terms::new(draft)?);
        proposal.documents = documents(&self.attachments, desk)?;
        proposal.destinations.extend(payout);
        Ok(NewDeal { proposal, caller, kept, workflow: user.workflow() })
    }
}

/// The reference under which the host keeps these contacts: the side, and the deal's version by then.
pub(super) fn contact(
    side: Side,
    version: u64,
    contacts: &ContactInfo,
    kept: &mut Kept,
) -> Result<Text<128, 1>, ApiError> {
    let side = match side {
        Side::Buyer => "buyer",
        Side::Seller => "seller",
    };
    let reference = Text::new(format!("{side}-{version}"));
    let reference = reference.map_err(|_| ApiError::new(ErrorKind::Server, "no contact reference"))?;
    kept.contacts.push((reference.clone(), contacts.clone()));
    Ok(reference)
}

/// The most documents of a request.
const MAX_ATTACHMENTS: usize = 64;

pub(super) fn attach(attachments: &[NewAttachment], desk: &impl Desk) -> Result<Vec<Command>, ApiError> {
    Ok(documents(attachments, desk)?.into_iter().map(|document| Attach::new(document).into()).collect())
}

fn documents(attachments: &[NewAttachment], desk: &impl Desk) -> Result<Vec<Arc<Attachment>>, ApiError> {
    if attachments.len() > MAX_ATTACHMENTS {
        return Err(ApiError::item("attachments", format!("has more than {MAX_ATTACHMENTS} entries")));
    }
    let one = |(index, new): (usize, &NewAttachment)| {
        let missing = || ApiError::item(format!("attachments[{index}].id"), "there is no such file");
        let FileInfo { mime, size, digest } = desk.file(&new.id).ok_or_else(missing)?;
        let (id, description) = (new.id.clone(), new.description.clone().unwrap_or_default());
        Ok(Arc::new(Attachment::new(id, mime, size).description(description).digest(digest)))
    };
    attachments.iter().enumerate().map(one).collect()
}

/// The seller's requisite: an account, a card or a wallet of their own.
pub(super) fn payout_to(
    requisite: &RequisiteId,
    seller: &PartyId,
    desk: &impl Desk,
    kept: &mut Kept,
) -> Result<SetDestination, ApiError> {
    let missing = || ApiError::item("payout_requisite_id", "the seller has no such requisite");
    let destination = desk.requisite(seller, requisite).ok_or_else(missing)?;
    kept.requisites.push((requisite.clone(), destination.clone()));
    Ok(SetDestination::new(Payee::Seller, destination))
}

impl AddAttachments {
    /// One command per document; one that is there already changes nothing.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`] with the path of a file that the storage does not have.
    pub fn commands(&self, desk: &impl Desk) -> Result<Vec<Command>, ApiError> {
        attach(&self.attachments, desk)
    }
}
