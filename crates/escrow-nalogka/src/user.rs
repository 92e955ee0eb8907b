//! Who calls the API, whose deals they may see and touch, and on whose behalf.

use super::error::{ApiError, ErrorKind};
use super::host::HostData;
use super::list::{DealFilter, DealRow, ListDeals};
use super::route::Route;
use super::words::{Payer, Workflow};
use escrow::terms::{Fee, Policy, TermsDraft};
use escrow::{Actor, Caller, Currency, Deal, PartyId, Role, Side};

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
        /// Whether it may cancel in the name of a deal's buyer, who then bears what was incurred, as on the service's own
        /// page. The shop gains by saying so, and the service cannot check it: agree on it with shops that show their
        /// buyers what a cancellation costs.
        cancels_for_buyers: bool,
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

    /// Whether it may see and touch a deal: it created it. Of a deal of somebody else's it is not even told that it exists.
    ///
    /// # Source
    /// Nalogka tells an API user of the deals that this user created.
    pub fn owns(&self, host: &HostData) -> bool {
        host.api_user.as_ref() == Some(&self.id)
    }

    /// Whether a deal is among those that [`ApiUser::owns`], by its row in a list.
    pub fn lists(&self, row: &DealRow) -> bool {
        row.api_user.as_ref() == Some(&self.id)
    }

    /// What a store is to look for: what the request wants of this user's own deals. On behalf of somebody: of the deals that
    /// they buy or sell in.
    ///
    /// # Errors
    /// As [`ListDeals::statuses`]; [`ErrorKind::AccessDenied`] for a shop that names another initiator than its profile.
    pub fn filter(&self, request: &ListDeals) -> Result<DealFilter, ApiError> {
        match (&self.kind, &request.initiator_profile_id) {
            (UserKind::Shop { profile, .. }, Some(named)) if named != profile => Err(not_itself()),
            (UserKind::Shop { .. } | UserKind::Marketplace, _) => DealFilter::of(request, self.id.clone()),
        }
    }

    /// Whether it may see a requisite: everybody sees their own. A shop is its profile, a marketplace names whom it acts for.
    /// Whether that profile is one of this marketplace's users, the host's directory knows.
    ///
    /// # Errors
    /// [`ErrorKind::AccessDenied`].
    pub fn may_see_requisite(&self, owner: &PartyId, initiator: Option<&PartyId>) -> Result<(), ApiError> {
        let acts = match (&self.kind, initiator) {
            (UserKind::Shop { profile, .. }, Some(named)) if named != profile => return Err(not_itself()),
            (UserKind::Shop { profile, .. }, _) => profile,
            (UserKind::Marketplace, Some(named)) => named,
            (UserKind::Marketplace, None) => return Err(unnamed()),
        };
        if acts == owner { Ok(()) } else { Err(denied("a requisite is shown to its owner only")) }
    }

    /// Who acts by a call about a deal. Every call with a deal in its path goes through here.
    ///
    /// | call | shop | marketplace |
    /// |---|---|---|
    /// | `GET` deal, events, track, list of payments | needs no initiator | needs none |
    /// | `PATCH` | its own profile | buyer or seller, or itself |
    /// | `cancel` | its own profile; the deal's buyer, where that is agreed ([`UserKind::Shop`]) | buyer or seller |
    /// | everything else | its own profile | buyer or seller |
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] for a deal that the user has not created. [`ErrorKind::AccessDenied`] for an initiator who is
    /// no party of the deal, or in whose name this user does not act, and where one is required and none is named.
    pub fn caller_of(
        &self,
        route: Route,
        deal: &Deal,
        host: &HostData,
        initiator: Option<&PartyId>,
    ) -> Result<Caller, ApiError> {
        if !self.owns(host) {
            return Err(ApiError::no_such_deal());
        }
        let side = match initiator {
            Some(named) => Some(side_of(deal, named)?),
            None => None,
        };
        match (&self.kind, side) {
            (UserKind::Shop { profile, .. }, None | Some(Side::Seller)) => Ok(self.acts_as(profile)),
            (UserKind::Shop { .. }, Some(Side::Buyer)) if route != Route::Cancel => Err(not_itself()),
            (UserKind::Shop { cancels_for_buyers: true, .. }, Some(Side::Buyer)) => {
                Ok(self.acts_as(&deal.terms().buyer))
            }
            (UserKind::Shop { cancels_for_buyers: false, .. }, Some(Side::Buyer)) => {
                Err(denied("it is not agreed that this shop cancels for its buyers"))
            }
            (UserKind::Marketplace, Some(side)) => Ok(self.acts_as(deal.terms().party(side))),
            (UserKind::Marketplace, None) if route.needs_no_initiator() => Ok(self.itself()),
            (UserKind::Marketplace, None) => Err(unnamed()),
        }
    }

    /// Who creates a deal between these two. A marketplace that names nobody creates it itself, as an operator.
    pub(super) fn creator(
        &self,
        buyer: &PartyId,
        seller: &PartyId,
        initiator: Option<&PartyId>,
    ) -> Result<Caller, ApiError> {
        match (&self.kind, initiator) {
            (UserKind::Shop { profile, .. }, None) => Ok(self.acts_as(profile)),
            (UserKind::Shop { profile, .. }, Some(named)) if named == profile => Ok(self.acts_as(profile)),
            (UserKind::Shop { .. }, Some(_)) => Err(not_itself()),
            (UserKind::Marketplace, None) => Ok(self.itself()),
            (UserKind::Marketplace, Some(named)) if named == buyer || named == seller => {
                Ok(self.acts_as(named))
            }
            (UserKind::Marketplace, Some(_)) => Err(stranger()),
        }
    }

    /// The user as itself: an operator of its own deals.
    pub(super) fn itself(&self) -> Caller {
        Caller::from(Actor::Operator(self.id.clone())).via(self.id.clone())
    }

    pub(super) fn acts_as(&self, profile: &PartyId) -> Caller {
        Caller::party(profile.clone()).via(self.id.clone())
    }

    pub(super) fn draft(&self, buyer: PartyId, seller: PartyId, payer: Option<Payer>) -> TermsDraft {
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

fn side_of(deal: &Deal, named: &PartyId) -> Result<Side, ApiError> {
    deal.role_of(&Actor::Party(named.clone())).and_then(Role::side).ok_or_else(stranger)
}

pub(super) fn denied(message: &str) -> ApiError {
    ApiError::new(ErrorKind::AccessDenied, message)
}

fn not_itself() -> ApiError {
    denied("a shop acts as its own profile only")
}

fn stranger() -> ApiError {
    denied("the initiator is neither the buyer nor the seller")
}

fn unnamed() -> ApiError {
    denied("name on whose behalf the marketplace acts: initiator_profile_id")
}
