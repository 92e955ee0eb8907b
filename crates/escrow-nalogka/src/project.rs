//! From the crate's deal to Nalogka's: every field, or a typed error where the form has no word for it.

use thiserror::Error;

use super::entities::{
    AdditionalService, Attachment, Deal, Deposit, Dispute, SubjectItem, Track, Transaction,
};
use super::host::HostData;
use super::quote::{CalculationResult, commission_payer};
use super::status::DealStatus;
use super::sum::Sum;
use super::words::{DepositStatus, Initiator, Payer, ProvidedBy, TrackStatus};
use escrow::deal::Phase;
use escrow::deal::command::{CheckpointKind, DestinationUse, DocumentId};
use escrow::deposit::{HoldState, Reason, TransactionState};
use escrow::dispute::DisputeStatus;
use escrow::terms::{Item, Provider, Service, Terms};
use escrow::{Award, Destination, Money, Payee, Side, Text};

/// What Nalogka's form has no word for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Error)]
#[non_exhaustive]
pub enum Inexpressible {
    /// A currency other than the rouble.
    #[error("sums are in roubles there")]
    Currency,
    /// A split other than half and half.
    #[error("is paid by the buyer, by the seller or half and half there")]
    Split,
    /// Fees with different payers.
    #[error("has one payer for the whole commission there")]
    DifferentPayers,
    /// A service of somebody else than the seller and the platform.
    #[error("is provided by the seller or the platform there")]
    ThirdParty,
    /// A guarantee deposit.
    #[error("has no guarantee deposits there")]
    Guarantee,
    /// A proposal that not everybody has agreed to.
    #[error("has no status for what is only proposed")]
    NotAgreed,
}

/// A deal cannot be told in Nalogka's form. Not transient: the same deal fails again.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("{}: {why}", self.path())]
pub struct ProjectionError {
    index: Option<usize>,
    field: &'static str,
    why: Inexpressible,
}

impl ProjectionError {
    pub(super) const fn new(field: &'static str, why: Inexpressible) -> Self {
        Self { index: None, field, why }
    }

    const fn service(index: usize, field: &'static str, why: Inexpressible) -> Self {
        Self { index: Some(index), field, why }
    }

    /// Which field, such as `additional_services[1].payer`.
    pub fn path(&self) -> String {
        match self.index {
            Some(index) => format!("additional_services[{index}].{}", self.field),
            None => self.field.to_owned(),
        }
    }

    /// Why not.
    pub const fn why(&self) -> Inexpressible {
        self.why
    }
}

impl Deal {
    /// The deal in Nalogka's form.
    ///
    /// # Errors
    /// [`ProjectionError`] names what the form has no word for.
    pub fn project(deal: &escrow::Deal, host: &HostData) -> Result<Self, ProjectionError> {
        let terms = deal.terms();
        if Side::ALL.iter().any(|side| terms.guarantees.of(*side).is_some()) {
            return Err(ProjectionError::new("deposit", Inexpressible::Guarantee));
        }
        let calculation_result = CalculationResult::try_from(terms.as_ref())?;
        // performing and awaiting acceptance are one status there
        let change = deal.joint_status_change();
        Ok(Self {
            id: deal.id(),
            token: host.token.clone(),
            marketplace_id: host.marketplace_id.clone(),
            order_id: terms.order_id.clone(),
            status: DealStatus::try_from(deal.status())?,
            status_updated_at: change.at,
            status_updated_by: Initiator(change.by.clone()),
            status_updated_comment: change.comment.clone().filter(|comment| !comment.is_empty()),
            workflow: host.workflow,
            conditions: terms.conditions.clone(),
            buyer_profile_id: terms.buyer.clone(),
            seller_profile_id: terms.seller.clone(),
            buyer_contacts: host.contacts(deal, Side::Buyer).cloned(),
            seller_contacts: host.contacts(deal, Side::Seller).cloned(),
            subject_items: terms.items.iter().map(item).collect::<Result<_, _>>()?,
            subject_items_total: calculation_result.subject_items_sum,
            additional_services: services(terms)?,
            attachments: attachments(deal, host),
            commission_payer: commission_payer(terms)?,
            buyer_have_to_pay_offline: calculation_result.buyer_have_to_pay_offline,
            partial_buyout_allowed: terms.policy.partial_buyout_allowed,
            deposit: Deposit::project(deal, calculation_result.clone(), host)?,
            calculation_result,
            dispute: deal.dispute().map(|dispute| Dispute::project(dispute, host)),
            created_at: deal.created_at(),
            updated_at: deal.last_at(),
            tags: terms.tags.clone(),
        })
    }
}

pub(super) fn sum(field: &'static str, money: Money) -> Result<Sum, ProjectionError> {
    Sum::try_from(money).map_err(|_| ProjectionError::new(field, Inexpressible::Currency))
}

fn item(item: &Item) -> Result<SubjectItem, ProjectionError> {
    Ok(SubjectItem {
        sku: item.sku.clone().map(Text::from),
        name: item.name.clone(),
        description: item.description.clone(),
        price: sum("subject_items", item.unit_price)?,
        quantity: item.quantity,
    })
}

fn services(terms: &Terms) -> Result<Vec<AdditionalService>, ProjectionError> {
    let one = |(index, service): (usize, &Service)| {
        Ok(AdditionalService {
            name: service.name.clone(),
            description: service.description.clone(),
            original_cost: match service.original_cost {
                Some(cost) => Some(sum("additional_services", cost)?),
                None => None,
            },
            final_cost: sum("additional_services", service.final_cost)?,
            payer: Payer::try_from(service.payer)
                .map_err(|why| ProjectionError::service(index, "payer", why))?,
            provided_by: match &service.provider {
                Provider::Seller => ProvidedBy::Seller,
                Provider::Platform => ProvidedBy::Nalogka,
                Provider::Third(_) => {
                    return Err(ProjectionError::service(index, "provided_by", Inexpressible::ThirdParty));
                }
            },
        })
    };
    terms.services.iter().enumerate().map(one).collect()
}

/// The documents that the deal has by now, each with what the host knows of it.
fn attachments(deal: &escrow::Deal, host: &HostData) -> Vec<Attachment> {
    let known = |id: &DocumentId| host.attachments.iter().find(|known| *known.id == **id).cloned();
    let bare = |id: &DocumentId| {
        let (description, public_url, mime_type, size) = (None, None, None, None);
        Some(Attachment { id: Text::new(id).ok()?, description, public_url, mime_type, size })
    };
    deal.attachments().filter_map(|id| known(id).or_else(|| bare(id))).collect()
}

impl Deposit {
    fn project(
        deal: &escrow::Deal,
        sums: CalculationResult,
        host: &HostData,
    ) -> Result<Self, ProjectionError> {
        let owner = |deposit| deal.deposit(deposit).map(escrow::Deposit::owner);
        let paid = |side| {
            let own = deal.deposits().iter().filter(|d| d.owner() == side);
            Sum::from_kopecks(own.fold(0, |sum, d| d.buckets().received.saturating_add(sum)))
        };
        let legs = |back: bool| {
            let buyers = deal.legs().iter().filter(|l| owner(l.deposit()) == Some(Side::Buyer));
            let these = buyers.filter(|l| l.purpose().goes_back() == back);
            Sum::from_kopecks(these.fold(0, |sum, l| l.amount().minor().saturating_add(sum)))
        };
        let transactions = deal.transactions().iter().filter(|t| !t.is_pending());
        let moved = transactions.clone().filter_map(escrow::Transaction::settled_at).max();
        Ok(Self {
            order_id: deal.terms().order_id.clone(),
            status: DepositStatus::of(deal),
            sums,
            payout_requisite_id: match deal.destination(&Payee::Seller, DestinationUse::Payouts) {
                Some(to @ (Destination::Account(id) | Destination::Card(id) | Destination::Wallet(id))) => {
                    Some(host.requisite(to).cloned().unwrap_or_else(|| id.clone().into()))
                }
                Some(Destination::Balance) | None => None,
            },
            transactions: transactions.map(|t| Transaction::project(deal, t)).collect::<Result<_, _>>()?,
            buyout: legs(false),
            returned: legs(true),
            buyer_paid: paid(Side::Buyer),
            seller_paid: paid(Side::Seller),
            created_at: deal.created_at(),
            updated_at: moved.unwrap_or(deal.created_at()),
        })
    }
}

impl DepositStatus {
    fn of(deal: &escrow::Deal) -> Self {
        match deal.phase() {
            Phase::Closed { .. } => Self::Settled,
            Phase::Paying { .. } => Self::Settling,
            Phase::Proposed { .. }
            | Phase::AwaitingDeposit { .. }
            | Phase::Moderation { .. }
            | Phase::Active { .. }
            | Phase::Clearing { .. }
            | Phase::Disputed { .. } => {
                if deal.is_funded() {
                    Self::Paid
                } else if deal.holds_anything() {
                    Self::PartlyPaid
                } else {
                    Self::Unpaid
                }
            }
        }
    }
}

impl Transaction {
    fn project(deal: &escrow::Deal, of: &escrow::Transaction) -> Result<Self, ProjectionError> {
        let leg = of.leg().and_then(|id| deal.legs().iter().find(|leg| leg.id() == id));
        let payer = || deal.deposit(of.deposit()).map_or(Side::Buyer, escrow::Deposit::owner).payee();
        let (failed, description) = match of.state() {
            TransactionState::Failed(reason) => (true, reason.clone()),
            TransactionState::Pending | TransactionState::Succeeded => {
                let purpose = leg.map_or(of.kind().as_str(), |leg| leg.purpose().as_str());
                (false, Reason::new(purpose).unwrap_or_default())
            }
        };
        let lapsed = match of.hold() {
            Some(HoldState::Lapsed) => true,
            Some(HoldState::Open { .. } | HoldState::Closing | HoldState::Closed) | None => false,
        };
        Ok(Self {
            id: of.id().number(),
            counter_actor: leg.map_or_else(payer, |leg| leg.payee().clone()),
            kind: of.kind().into(),
            description,
            sum: sum("deposit", of.amount())?,
            archived: failed || lapsed,
            created_at: of.created_at(),
        })
    }
}

impl Dispute {
    fn project(of: &escrow::Dispute, host: &HostData) -> Self {
        let notes = &host.dispute;
        // while it is open, the deal itself knows since when
        let opened = match of.status() {
            DisputeStatus::Open => Some(of.opened_at()),
            DisputeStatus::Resolved | DisputeStatus::Withdrawn => None,
        };
        Self {
            created_at: notes.created_at.unwrap_or(of.opened_at()),
            updated_at: notes.updated_at.or(opened),
            status: of.status(),
            status_updated_at: notes.status_updated_at.or(opened),
            initiated_by: of.opened_by().into(),
            guilty_side: of.guilty_side(),
            reason: of.reason().clone(),
            settlement_description: notes
                .settlement_description
                .clone()
                .or_else(|| of.award().and_then(words)),
            attachments: notes.attachments.clone(),
        }
    }
}

/// An award in words.
fn words(award: Award) -> Option<Text<500>> {
    let words = match award {
        Award::Amount(amount) => format!("{amount} to the seller, the rest to the buyer"),
        Award::Share(rate) => {
            format!("{rate} of what there is to award to the seller, the rest to the buyer")
        }
        Award::BuyerAll | Award::Winner(Side::Buyer) => "all to the buyer".to_owned(),
        Award::SellerAll | Award::Winner(Side::Seller) => "all to the seller".to_owned(),
    };
    Text::new(words).ok()
}

impl Track {
    /// The answer to `GET /deals/{id}/performing-track`; `None` where no track is attached.
    pub fn project(deal: &escrow::Deal, host: &HostData) -> Option<Self> {
        let track = deal.track()?;
        let latest = deal.latest_checkpoint();
        Some(Self {
            id: Text::new(format!("{}:{}", track.tracker, track.code)).ok()?,
            tracker_type: Text::new("delivery").ok()?,
            tracker_short_name: track.tracker.clone(),
            code: track.code.clone(),
            status: latest.map_or(TrackStatus::Pending, |checkpoint| match checkpoint.kind {
                CheckpointKind::Progress => TrackStatus::InProgress,
                CheckpointKind::Final => TrackStatus::Finished,
                CheckpointKind::Refused => TrackStatus::Refused,
            }),
            status_updated_at: latest.map(|checkpoint| checkpoint.occurred_at),
            // a scan from before the deal is of another parcel, whose number this one has got
            events: host
                .track_events
                .iter()
                .filter(|e| e.occurred_at >= deal.created_at())
                .cloned()
                .collect(),
        })
    }
}
