//! Bodies and queries of the calls. Every unknown field is an error.

use serde::{Deserialize, Serialize};

use super::entities::{AdditionalService, ContactInfo, SubjectItem};
use super::form::ReturnUrl;
use super::requisite::RequisiteId;
use super::sum::Sum;
use super::words::Payer;
use escrow::deal::command::{DocumentId, TrackCode, TrackerName};
use escrow::deposit::{ClientKey, DepositId, Reason};
use escrow::{PartyId, Side, Text};

/// The query of calls that have a body: on whose behalf the marketplace acts.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InitiatorQuery {
    /// The acting profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initiator_profile_id: Option<PartyId>,
}

/// `GET /deals/calculate`: what everybody would pay and get, before anything is created. Its lists are nested parameters of
/// the query: `subject_items[0][name]=Kettle&subject_items[0][price]=1500`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calculate {
    /// What is sold.
    pub subject_items: Vec<SubjectItem>,
    /// Ancillary services.
    #[serde(default)]
    pub additional_services: Vec<AdditionalService>,
    /// Who pays the commission; absent: as the platform's schedule says.
    #[serde(default)]
    pub commission_payer: Option<Payer>,
    /// What the buyer pays the seller directly.
    #[serde(default)]
    pub buyer_have_to_pay_offline: Option<Sum>,
    /// The acting profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initiator_profile_id: Option<PartyId>,
}

/// A document to attach, by its id in the file storage.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewAttachment {
    /// Its id there.
    pub id: DocumentId,
    /// What it shows.
    #[serde(default)]
    pub description: Option<Text<500>>,
}

/// `POST /deals/`: creates a deal.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateDeal {
    /// The order in the shop's own system.
    #[serde(default)]
    pub order_id: Option<Text<128, 1>>,
    /// What the subject must be like; for a shop, what the order is about.
    #[serde(default)]
    pub conditions: Option<Text<8000>>,
    /// Who buys; absent: whom the host makes of the contacts.
    #[serde(default)]
    pub buyer_profile_id: Option<PartyId>,
    /// Who sells; absent: the shop that calls.
    #[serde(default)]
    pub seller_profile_id: Option<PartyId>,
    /// How to reach the buyer. Since API 1.2.0 part of the creation, not of the payment page.
    #[serde(default)]
    pub buyer_contacts: Option<ContactInfo>,
    /// How to reach the seller.
    #[serde(default)]
    pub seller_contacts: Option<ContactInfo>,
    /// What is sold.
    pub subject_items: Vec<SubjectItem>,
    /// Ancillary services.
    #[serde(default)]
    pub additional_services: Vec<AdditionalService>,
    /// Documents.
    #[serde(default)]
    pub attachments: Vec<NewAttachment>,
    /// Who pays the commission; absent: as the platform's schedule says.
    #[serde(default)]
    pub commission_payer: Option<Payer>,
    /// What the buyer pays the seller directly.
    #[serde(default)]
    pub buyer_have_to_pay_offline: Option<Sum>,
    /// Whether the buyer may accept a part. Absent: no.
    #[serde(default)]
    pub partial_buyout_allowed: bool,
    /// Where the seller wants the money: a requisite of theirs.
    #[serde(default)]
    pub payout_requisite_id: Option<RequisiteId>,
}

/// `PATCH /deals/{id}`: what is absent, or `null`, stays; a list that is given replaces the old one, but attachments are
/// only ever added.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpdateDeal {
    /// The order in the shop's own system.
    #[serde(default)]
    pub order_id: Option<Text<128, 1>>,
    /// What the subject must be like.
    #[serde(default)]
    pub conditions: Option<Text<8000>>,
    /// Nobody but the buyer: since API 1.1.0 an update cannot exchange a party.
    #[serde(default)]
    pub buyer_profile_id: Option<PartyId>,
    /// Nobody but the seller.
    #[serde(default)]
    pub seller_profile_id: Option<PartyId>,
    /// How to reach the buyer: the host's to keep.
    #[serde(default)]
    pub buyer_contacts: Option<ContactInfo>,
    /// How to reach the seller.
    #[serde(default)]
    pub seller_contacts: Option<ContactInfo>,
    /// What is sold.
    #[serde(default)]
    pub subject_items: Option<Vec<SubjectItem>>,
    /// Ancillary services.
    #[serde(default)]
    pub additional_services: Option<Vec<AdditionalService>>,
    /// More documents.
    #[serde(default)]
    pub attachments: Vec<NewAttachment>,
    /// The payer that it has: fees are the platform's, so another one is refused.
    #[serde(default)]
    pub commission_payer: Option<Payer>,
    /// What the buyer pays the seller directly.
    #[serde(default)]
    pub buyer_have_to_pay_offline: Option<Sum>,
    /// What it is: the policy is the platform's, so another value is refused.
    #[serde(default)]
    pub partial_buyout_allowed: Option<bool>,
    /// Where the seller wants the money: a requisite of theirs.
    #[serde(default)]
    pub payout_requisite_id: Option<RequisiteId>,
}

/// `POST /deals/{id}/add-attachments`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddAttachments {
    /// The documents.
    pub attachments: Vec<NewAttachment>,
}

/// `PUT /deals/{id}/performing-track`: attaches a track or replaces it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetPerformingTrack {
    /// Which tracker, such as `cdek`.
    pub tracker_short_name: TrackerName,
    /// The tracking code.
    pub code: TrackCode,
}

/// `GET /deals/{id}/deposit-form`: a form to pay the deposit with.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DepositForm {
    /// With what it is paid: a requisite of the payer's.
    pub requisite_id: RequisiteId,
    /// Where the browser is sent after the payment.
    pub success_url: ReturnUrl,
    /// Where it is sent after a failure.
    pub fail_url: ReturnUrl,
    /// The acting profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initiator_profile_id: Option<PartyId>,
}

/// `POST /deals/{id}/payments`: asks one side for a payment beside the deposit, for the other. Either side may ask.
///
/// Nalogka says that either side can make additional payments, and has a form for them but no call that creates one: the
/// call is ours.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddPayment {
    /// The client's key, by which a repeat is recognised.
    pub key: ClientKey,
    /// Who is to pay.
    pub payer: Side,
    /// How much.
    pub sum: Sum,
    /// What for.
    #[serde(default)]
    pub description: Reason,
}

/// `GET /deals/{id}/payment-form`: a form to pay an additional payment with.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChargeForm {
    /// Which payment, by the id that its creation has answered; absent: the first that the payer has not made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_id: Option<DepositId>,
    /// With what it is paid: a requisite of the payer's.
    pub requisite_id: RequisiteId,
    /// Who pays; absent: the acting profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile_id: Option<PartyId>,
    /// Where the browser is sent after the payment.
    pub success_url: ReturnUrl,
    /// Where it is sent after a failure.
    pub fail_url: ReturnUrl,
    /// The acting profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initiator_profile_id: Option<PartyId>,
}
