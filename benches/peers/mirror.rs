//! What plain serde decodes from the same bytes: structs and enums of the same shape by derive alone, texts of the same
//! small-string type, amounts, rates and times as the texts that they are, nothing checked. Only the variants that occur
//! here. Unknown fields are refused, which costs nothing, so that nothing is left out.
#![allow(dead_code, reason = "decoded, and not read")]

use std::sync::Arc;

use serde::Deserialize;
use smallvec::SmallVec;
use smol_str::SmolStr;

/// Enums without data.
macro_rules! words {
    ($($name:ident: $($word:ident),+;)+) => {$(
        #[derive(Deserialize)]
        #[serde(rename_all = "snake_case")]
        enum $name { $($word),+ }
    )+};
}

words! {
    Acceptance: ByBuyer;
    BuyerCancel: BeforePerforming;
    CheckpointKind: Progress;
    Consent: OnCreation;
    DepositId: BuyerPayment, SellerPayment, BuyerGuarantee, SellerGuarantee;
    DestinationUse: Payouts;
    Ending: Success;
    FeeBase: Price;
    Moderation: OnDemand;
    OnRefund: Return;
    OneReport: Dispute;
    Outcome: Completed, Cancelled;
    Purpose: Fee, Payout, Refund, Excess, Service, Charge;
    Side: Buyer, Seller;
    Silence: Dispute, Accept;
    Stage: AwaitingPerformance, Performing, AwaitingAcceptance;
    Status: Proposed, AwaitingDeposit, Moderation, AwaitingPerformance, Performing, AwaitingAcceptance, Settling, Completed;
    Timer: Performance;
    TransactionState: Pending, Succeeded;
    TransactionKind: Hold, Capture, Void, Charge, Refund, Payout, Fee;
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recorded {
    at: SmolStr,
    actor: Actor,
    via: Option<SmolStr>,
    event: Event,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Actor {
    Party(SmolStr),
    Operator(SmolStr),
    Gateway,
    Tracker,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum Event {
    Proposed { terms: Arc<Terms>, consents: Consents, phase: Phase },
    PaymentReceived { tx: u32, deposit: DepositId, amount: Money, gateway: SmolStr, reference: SmolStr },
    PhaseEntered { phase: Phase, paused: Option<Paused> },
    TrackSet { track: Arc<Track> },
    TrackingRecorded { checkpoint: Arc<Checkpoint>, latest: bool },
    Posted { reference: SmolStr },
    DeadlineExtended { timer: Timer, phase: Phase, by_s: u32 },
    DestinationSet { payee: Payee, of: DestinationUse, destination: Option<Destination> },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Money {
    amount: SmolStr,
    currency: SmolStr,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Consents {
    buyer: bool,
    seller: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Phase {
    AwaitingDeposit { until: SmolStr },
    Active { stage: Stage, until: SmolStr },
    Closed { outcome: Outcome },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Paused {
    stage: Stage,
    remaining_ms: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Track {
    tracker: SmolStr,
    code: SmolStr,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Checkpoint {
    id: SmolStr,
    kind: CheckpointKind,
    occurred_at: SmolStr,
    title: SmolStr,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Payee {
    Seller,
    Platform,
    Party(SmolStr),
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Destination {
    Account(SmolStr),
}

// --- the terms ---------------------------------------------------------------------------------------------------

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Terms {
    buyer: SmolStr,
    seller: SmolStr,
    currency: SmolStr,
    items: Vec<Item>,
    services: Vec<Service>,
    fees: Vec<Fee>,
    policy: Policy,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Item {
    name: SmolStr,
    unit_price: Money,
    quantity: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Service {
    name: SmolStr,
    final_cost: Money,
    payer: Side,
    provider: Side,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fee {
    id: SmolStr,
    payee: FeePayee,
    rate: SmolStr,
    base: FeeBase,
    payer: Side,
    on_refund: OnRefund,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum FeePayee {
    Platform,
    Partner(SmolStr),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Policy {
    consent: Consent,
    moderation: Moderation,
    acceptance: Acceptance,
    buyer_cancel: BuyerCancel,
    partial_buyout_allowed: bool,
    proposal_s: u32,
    deposit_s: u32,
    moderation_s: u32,
    start_s: u32,
    performance_s: u32,
    acceptance_s: u32,
    on_performance_deadline: Silence,
    on_acceptance_deadline: Silence,
    one_report: OneReport,
    negotiation_s: u32,
    arbitration_s: u32,
    default_ruling: Award,
    settlement_s: u32,
    hold_margin_s: u32,
    revision_time_s: u32,
    max_revisions: u16,
    max_extension_s: u32,
    chargeback_liable: Side,
    claim_s: u32,
    chargeback_s: u32,
    max_tracks: u16,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Award {
    Share(SmolStr),
}

// --- the snapshot ------------------------------------------------------------------------------------------------

/// A deal that is closed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deal {
    schema: String,
    id: SmolStr,
    terms: Arc<Terms>,
    state: State,
}

/// What follows from the rest is not there, nor what is at its default: no field is looked for that does not occur.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    clockwork: Clockwork,
    agreement: Agreement,
    books: Books,
    work: Work,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Clockwork {
    version: u64,
    revision: u64,
    created_at: SmolStr,
    concluded_at: Option<SmolStr>,
    last_at: SmolStr,
    phase: Phase,
    begun: bool,
    status_change: StatusChange,
    ended: Option<Ended>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ended {
    ending: Ending,
    funded: bool,
    settle_by: SmolStr,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Agreement {
    version: u32,
    consents: Consents,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Books {
    deposits: SmallVec<[Deposit; 4]>,
    transactions: SmallVec<[Transaction; 4]>,
    legs: SmallVec<[Leg; 4]>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Work {
    submitted: u16,
    revision: Option<Arc<Revision>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StatusChange {
    at: SmolStr,
    by: Actor,
    previous: Status,
}

/// Its sums, as those of transactions and legs, are one text each.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Deposit {
    id: DepositId,
    owner: Side,
    required: SmolStr,
    buckets: Option<Buckets>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Buckets {
    received: i64,
    paid_out: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Transaction {
    id: u32,
    kind: Option<TransactionKind>,
    amount: Option<SmolStr>,
    state: Option<TransactionState>,
    leg: Option<u32>,
    key: Option<SmolStr>,
    method: Option<SmolStr>,
    gateway: Option<SmolStr>,
    reference: Option<SmolStr>,
    created_at: SmolStr,
    settled_at: Option<SmolStr>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Leg {
    id: u32,
    payee: Payee,
    purpose: Purpose,
    amount: SmolStr,
    state: LegState,
    tx: Option<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum LegState {
    Settled,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Revision {
    preview: SmolStr,
    original: SmolStr,
    digest: SmolStr,
}
