//! Nalogka's entities, field by field. What is absent is written as `null`, so that every object always has the same
//! keys.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::quote::CalculationResult;
use super::requisite::RequisiteId;
use super::status::DealStatus;
use super::sum::Sum;
use super::words::{
    DepositStatus, DisputeOpener, Initiator, Payer, ProvidedBy, TrackStatus, TransactionType, Workflow,
};
use escrow::deal::command::{TrackCode, TrackerName};
use escrow::deposit::Reason;
use escrow::dispute::DisputeStatus;
use escrow::{DealId, PartyId, Payee, Side, Text, Time};

/// A party's name, e-mail and phone. The deal holds a reference at most; the host passes the data itself. `Debug` shows
/// none of it.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContactInfo {
    /// The full name.
    pub name: Option<Text<200>>,
    /// The e-mail address.
    pub email: Option<Text<254>>,
    /// The phone number.
    pub phone: Option<Text<32>>,
}

impl fmt::Debug for ContactInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ContactInfo(…)")
    }
}

/// One line of what is sold.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubjectItem {
    /// The stock-keeping unit; empty is the same as absent.
    pub sku: Option<Text<64>>,
    /// The name.
    pub name: Text<200, 1>,
    /// A longer description.
    pub description: Option<Text<2000>>,
    /// The price of one unit.
    pub price: Sum,
    /// How many units; 1 where not given.
    #[serde(default = "one")]
    pub quantity: u32,
}

const fn one() -> u32 {
    1
}

/// An ancillary service.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdditionalService {
    /// The name.
    pub name: Text<200, 1>,
    /// A longer description.
    pub description: Option<Text<2000>>,
    /// The cost before discounts.
    pub original_cost: Option<Sum>,
    /// The cost after discounts, which counts; zero marks a free service.
    pub final_cost: Sum,
    /// Who pays.
    pub payer: Payer,
    /// Who provides.
    pub provided_by: ProvidedBy,
}

/// A document in the file storage.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attachment {
    /// Its id there; of evidence, where the host keeps it.
    pub id: Text<128, 1>,
    /// What it shows.
    pub description: Option<Text<500>>,
    /// Where to download it. Read-only; the host's.
    pub public_url: Option<Text<2000, 1>>,
    /// Its media type. Read-only.
    pub mime_type: Option<Text<100, 1>>,
    /// Its size in bytes. Read-only.
    pub size: Option<u64>,
}

/// The deal's deposit: what the parties have put in and where it goes, with the sums of the quote.
///
/// Nalogka's deposit is one per deal: the payments of both sides and all additional charges are in it. As soon as the
/// deal is settled, `buyer_paid` = `buyout` + `return`, unless a chargeback took the rest.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Deposit {
    /// The host's order.
    pub order_id: Option<Text<128, 1>>,
    /// Its status.
    pub status: DepositStatus,
    /// The same sums as the calculation result.
    #[serde(flatten)]
    pub sums: CalculationResult,
    /// Where the seller wants the money: the requisite that was named, or the vault's reference where none was; `null` where
    /// the seller has not chosen, and for the in-system balance.
    pub payout_requisite_id: Option<RequisiteId>,
    /// Every movement of money. `payments` before API 1.1.0.
    pub transactions: Vec<Transaction>,
    /// What of the buyer's money goes, or has gone, to the seller and everybody else.
    pub buyout: Sum,
    /// What of the buyer's money goes, or has gone, back to the buyer.
    #[serde(rename = "return")]
    pub returned: Sum,
    /// What the buyer has paid in, ever.
    pub buyer_paid: Sum,
    /// What the seller has paid in, ever.
    pub seller_paid: Sum,
    /// When the deal was created.
    pub created_at: Time,
    /// When money moved last.
    pub updated_at: Time,
}

/// One movement of money that happened, or one that failed (`archived`). What has no answer yet is not listed: Nalogka's
/// transaction has no word for it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transaction {
    /// Its number within the deal.
    pub id: u32,
    /// Who pays in, or who is paid.
    pub counter_actor: Payee,
    /// What it does.
    #[serde(rename = "type")]
    pub kind: TransactionType,
    /// Why: the purpose of what is paid out, or why it failed.
    pub description: Reason,
    /// The amount.
    pub sum: Sum,
    /// It did not happen after all: it failed, or the payer's bank let the hold go.
    pub archived: bool,
    /// When it was ordered or came in.
    pub created_at: Time,
}

/// The dispute: an entity of its own, one per deal.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dispute {
    /// When it was opened first.
    pub created_at: Time,
    /// When anything about it changed last; `null` where the host does not know.
    pub updated_at: Option<Time>,
    /// Its status: `open`, `resolved`, `withdrawn`.
    pub status: DisputeStatus,
    /// Since when; `null` where the host does not know.
    pub status_updated_at: Option<Time>,
    /// By whom or what it was opened last.
    pub initiated_by: DisputeOpener,
    /// Whose fault it was, as the arbiter says.
    pub guilty_side: Option<Side>,
    /// Why it was opened.
    pub reason: Reason,
    /// How it was settled: the host's words, otherwise the award's.
    pub settlement_description: Option<Text<500>>,
    /// Documents of the dispute: the evidence that it was opened with, and what was attached while it lasted.
    pub attachments: Vec<Attachment>,
}

/// The track of a deal's performance.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Track {
    /// `{tracker_short_name}:{code}`.
    pub id: Text<100, 1>,
    /// What kind of tracker it is: `delivery`, the only one that there is.
    pub tracker_type: Text<32, 1>,
    /// Which tracker, such as `cdek`.
    pub tracker_short_name: TrackerName,
    /// The tracking code.
    pub code: TrackCode,
    /// Its status.
    pub status: TrackStatus,
    /// Since when, by the tracker's clock; `null` while nothing was told.
    pub status_updated_at: Option<Time>,
    /// Its history, oldest first.
    pub events: Vec<TrackEvent>,
}

/// One entry of a track's history.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrackEvent {
    /// When, by the tracker's clock.
    pub occurred_at: Time,
    /// What happened.
    pub title: Text<200>,
    /// Where.
    pub location: Option<Text<200>>,
    /// In which city: [`HostData::places`](crate::HostData::places), since a checkpoint has one location.
    pub city_name: Option<Text<200>>,
    /// At which address: from there, too.
    pub address: Option<Text<500>>,
}

/// A deal in Nalogka's form, as it is after one event.
///
/// While an amendment waits for consent, it shows the terms on the table.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deal {
    /// Its id.
    pub id: DealId,
    /// A second, unguessable name of the deal. The host's.
    pub token: Option<Text<128, 1>>,
    /// The marketplace where it was made. The host's.
    pub marketplace_id: Option<Text<64, 1>>,
    /// The order in the shop's own system.
    pub order_id: Option<Text<128, 1>>,
    /// Its status.
    pub status: DealStatus,
    /// Since when. It moves with `status` and with nothing else: not where the tracking is finished, for example.
    pub status_updated_at: Time,
    /// By whom. Since API 1.2.0.
    pub status_updated_by: Initiator,
    /// Why, where somebody said so. Since API 1.2.0.
    pub status_updated_comment: Option<Reason>,
    /// Which process it follows. Since API 1.2.0.
    pub workflow: Workflow,
    /// What the subject must be like.
    pub conditions: Option<Text<8000>>,
    /// Who buys.
    pub buyer_profile_id: PartyId,
    /// Who sells.
    pub seller_profile_id: PartyId,
    /// How to reach the buyer. The host's.
    pub buyer_contacts: Option<ContactInfo>,
    /// How to reach the seller. The host's.
    pub seller_contacts: Option<ContactInfo>,
    /// What is sold.
    pub subject_items: Vec<SubjectItem>,
    /// Its price in all.
    pub subject_items_total: Sum,
    /// Ancillary services.
    pub additional_services: Vec<AdditionalService>,
    /// Documents.
    pub attachments: Vec<Attachment>,
    /// Who pays the commission; `null` where there is none.
    pub commission_payer: Option<Payer>,
    /// What the buyer pays the seller directly.
    pub buyer_have_to_pay_offline: Sum,
    /// Whether the buyer may accept a part.
    pub partial_buyout_allowed: bool,
    /// The money in the deal.
    pub deposit: Deposit,
    /// The quote.
    pub calculation_result: CalculationResult,
    /// The dispute, if there ever was one.
    pub dispute: Option<Dispute>,
    /// When it was created.
    pub created_at: Time,
    /// When it saw its last event.
    pub updated_at: Time,
    /// Tags. Not in Nalogka's form, so absent where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Text<64, 1>>,
}
