//! From a request for an update to commands.

use std::sync::Arc;

use super::create::{attach, contact, payout_to};
use super::desk::Desk;
use super::error::ApiError;
use super::host::{HostData, Kept};
use super::items::{items, offline, services};
use super::quote::commission_payer;
use super::requests::UpdateDeal;
use super::user::{ApiUser, denied};
use escrow::deal::command::{Amend, Annotate};
use escrow::deal::{Consents, Phase};
use escrow::settlement::Incurred;
use escrow::terms::{Consent, Contacts, Terms};
use escrow::{Caller, Command, Deal, PartyId, Role, Side};

/// What an update comes to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Updates {
    /// To be submitted in this order, each by its caller; none where nothing changes. The amendment is the first.
    pub commands: Vec<(Command, Caller)>,
    /// For the host to keep ([`HostData::keep`]) before they are submitted.
    pub kept: Kept,
}

impl UpdateDeal {
    /// The commands by which an API user updates a deal, on behalf of `caller` ([`ApiUser::caller_of`]). A changed deposit
    /// is returned whole and paid again.
    ///
    /// What is agreed is amended by the API user as an operator, who vouches for the consent of both, as its creation
    /// implied it: nothing but the payment is waited for then, by an old form or a new one, and a moderation that has
    /// what it wanted goes on by itself. Where a policy has consent said ([`Consent::Explicit`]), `caller` amends, and the
    /// other party is to agree. Contacts and the order's number bind nobody and are noted.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`](crate::ErrorKind::Validation) with the path of the item: what breaks a rule, and what an
    /// update cannot change (the parties, who pays the commission, whether a partial buyout is allowed).
    /// [`ErrorKind::AccessDenied`](crate::ErrorKind::AccessDenied) where the buyer chooses the payout requisite.
    pub fn commands(
        &self,
        user: &ApiUser,
        deal: &Deal,
        host: &HostData,
        caller: &Caller,
        desk: &impl Desk,
    ) -> Result<Updates, ApiError> {
        self.keeps_what_is_pinned(deal)?;
        let mut kept = Kept::default();
        let mut commands = Vec::new();
        if let Some(amend) = self.amendment(deal)? {
            commands.push(match deal.binding_terms().policy.consent {
                Consent::OnCreation => (amend.vouched(Consents::BOTH).into(), user.itself()),
                Consent::Explicit => (amend.into(), caller.clone()),
            });
        }
        let annotate = self.annotation(deal, host, &mut kept)?;
        commands.extend(annotate.map(|annotate| (annotate.into(), user.itself())));
        for command in attach(&self.attachments, desk)? {
            commands.push((command, caller.clone()));
        }
        if let Some(requisite) = &self.payout_requisite_id {
            match deal.role_of(&caller.actor) {
                Some(Role::Seller | Role::Operator) => {}
                _ => return Err(denied("the seller chooses where the money goes: payout_requisite_id")),
            }
            let seller = &deal.terms().seller;
            let chosen = payout_to(requisite, seller, desk, &mut kept)?;
            commands.push((chosen.into(), user.acts_as(seller)));
        }
        Ok(Updates { commands, kept })
    }

    fn keeps_what_is_pinned(&self, deal: &Deal) -> Result<(), ApiError> {
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
        match pinned.iter().find(|(_, changed)| *changed) {
            Some((field, _)) => Err(ApiError::item(*field, "cannot be changed by an update")),
            None => Ok(()),
        }
    }

    /// The amendment, where the terms change.
    fn amendment(&self, deal: &Deal) -> Result<Option<Amend>, ApiError> {
        let old = deal.terms();
        let mut draft = old.to_draft();
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
        let terms = Terms::new(draft)?;
        // a deposit that changes is returned whole, and would be no pot for them any more
        let deposits = |terms: &Terms| (terms.quote().deposit, terms.quote().seller_due);
        let moderated = matches!(deal.phase(), Phase::Moderation { .. });
        if moderated && deal.incurred() != Incurred::default() && deposits(&terms) != deposits(old) {
            return Err(ApiError::item("subject_items", "change the deposit, and costs are incurred"));
        }
        Ok((terms != **old).then(|| Amend::new(deal.terms_version(), Arc::new(terms))))
    }

    /// What binds nobody: contacts, and the order's number.
    fn annotation(
        &self,
        deal: &Deal,
        host: &HostData,
        kept: &mut Kept,
    ) -> Result<Option<Annotate>, ApiError> {
        let mut contacts = Contacts::default();
        for (side, given) in [(Side::Buyer, &self.buyer_contacts), (Side::Seller, &self.seller_contacts)] {
            let Some(new) = given.as_ref().filter(|new| host.contacts(deal, side) != Some(*new)) else {
                continue;
            };
            let reference = Some(contact(side, deal.version().saturating_add(1), new, kept)?);
            match side {
                Side::Buyer => contacts.buyer = reference,
                Side::Seller => contacts.seller = reference,
            }
        }
        let order_id = self.order_id.clone().filter(|new| deal.terms().order_id.as_ref() != Some(new));
        if contacts == Contacts::default() && order_id.is_none() {
            return Ok(None);
        }
        let annotate = Annotate::contacts(contacts);
        Ok(Some(match order_id {
            Some(order_id) => annotate.order_id(order_id),
            None => annotate,
        }))
    }
}
