//! What happened. Every event carries every computed figure (deadline, number, amount), so that applying it
//! computes nothing, and a later change of a rule cannot change a replay.
//!
//! Over 400 lines: one enum, with every field documented.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::agreement::Consents;
use super::books::{Case, Cause};
use super::command::{
    Attachment, ChargebackStep, Checkpoint, CommandKind, DestinationUse, FileRef, MessageRef, PaymentForm,
    Revision, Track, Verdict,
};
use super::phase::{Phase, Stage};
use super::timers::Timer;
use crate::deposit::{
    CaptureId, ChargeDetails, ClientKey, DepositId, GatewayName, LegId, Order, Purpose, Reason, Reference,
    TxId,
};
use crate::dispute::{Award, Opener};
use crate::settlement::{Charges, Ending, Fault, Offered, Outcome, Receivable, Resolution};
use crate::stored::left_out::is_default;
use crate::terms::{Notes, Terms, TermsField};
use crate::{Destination, Money, PartyId, Payee, Side, Text, Time};

/// A required deposit whose amount an amendment changes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DepositChange {
    /// The deposit.
    pub deposit: DepositId,
    /// What was required.
    pub old: Money,
    /// What is required now.
    pub new: Money,
}

/// The time left of a stage that was interrupted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Paused {
    /// The stage.
    pub stage: Stage,
    /// The time left, in milliseconds.
    pub remaining_ms: u64,
}

/// What happened to a deal, in the past tense. Deliberately exhaustive: an ignored order is an unpaid seller.
///
/// Replaying a journal of events gives the live state. After a crash, whatever the journal has did happen, and
/// whatever it does not have did not: orders among them are sent again under the same keys.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Event {
    /// The deal came into being; always the first event, and only the first.
    Proposed {
        /// Version 1 of the terms.
        terms: Arc<Terms>,
        /// Who has consented by proposing.
        consents: Consents,
        /// Where the deal starts.
        phase: Phase,
    },
    /// Somebody proposed other terms.
    TermsAmended {
        /// The new version.
        terms_version: u32,
        /// The new terms.
        terms: Arc<Terms>,
        /// The fields that differ from the version before.
        changed: SmallVec<[TermsField; 8]>,
        /// The deposits whose required amount changed.
        deposits: SmallVec<[DepositChange; 1]>,
        /// Who has consented to the new version.
        consents: Consents,
    },
    /// What is noted on the deal changed. No term that anybody has agreed to did.
    Annotated {
        /// What was noted.
        old: Arc<Notes>,
        /// What is noted now.
        new: Arc<Notes>,
    },
    /// A party consented.
    Agreed {
        /// Which party.
        side: Side,
        /// To which version.
        terms_version: u32,
    },
    /// A party says that it has paid: the gateway is asked.
    PaymentStated {
        /// The order to verify it. Boxed, so that an event is no larger than a payment that came in.
        order: Box<Order>,
        /// Where it was paid.
        gateway: GatewayName,
        /// The gateway's id of the payment, as the party gives it.
        reference: Reference,
    },
    /// A party asked for a payment form. No money has moved.
    PaymentRequested {
        /// The pending transaction.
        tx: TxId,
        /// Into which deposit.
        deposit: DepositId,
        /// The amount.
        amount: Money,
        /// The client's key.
        key: ClientKey,
        /// What the gateway's page needs.
        form: Arc<PaymentForm>,
    },
    /// Money came in.
    PaymentReceived {
        /// The transaction: a requested one, or a new one.
        tx: TxId,
        /// Into which deposit.
        deposit: DepositId,
        /// The amount.
        amount: Money,
        /// By which gateway.
        gateway: GatewayName,
        /// The gateway's id of the payment.
        reference: Reference,
        /// When the hold expires, where it is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        held_until: Option<Time>,
        /// The gateway's id of the capture, where the payment is captured in parts.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        capture: Option<CaptureId>,
    },
    /// The gateway has charged a hold by itself. The rest of it is let go, if nothing more is to be captured.
    HoldCharged {
        /// The capture: the one that was ordered, or a new transaction.
        tx: TxId,
        /// The hold.
        hold: TxId,
        /// How much is money now.
        amount: Money,
        /// The gateway's id of the capture.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        capture: Option<CaptureId>,
        /// Whether the rest is let go.
        last: bool,
        /// What of that rest the deposit needed, once the performance had begun: an ending divides it all the same, and the
        /// payer owes what the payees miss.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        missed: Option<Money>,
    },
    /// The gateway lets a hold go sooner than it has said before.
    HoldShortened {
        /// The hold.
        tx: TxId,
        /// When it expires.
        expires: Time,
    },
    /// Money came for a deposit in another currency: it has a deposit of its own, and goes back whole.
    StrayOpened {
        /// Its deposit.
        deposit: DepositId,
        /// The one that it was for.
        named: DepositId,
        /// Nothing, in its currency.
        zero: Money,
    },
    /// A moderator has a remark.
    Remarked {
        /// What is to be changed.
        remark: Text<500, 1>,
    },
    /// A moderator approved the terms.
    Approved {},
    /// A document was added.
    Attached {
        /// The document.
        attachment: Arc<Attachment>,
    },
    /// A track was attached or replaced.
    TrackSet {
        /// The track.
        track: Arc<Track>,
    },
    /// The track was detached.
    TrackRemoved {},
    /// The delivery moved.
    TrackingRecorded {
        /// The checkpoint.
        checkpoint: Arc<Checkpoint>,
        /// Whether it is the latest so far that counts. Another one is recorded, not acted on.
        latest: bool,
    },
    /// The seller started.
    PerformingStarted {},
    /// The seller went back to before the start.
    PerformingStopped {},
    /// A revision of the work was submitted.
    Submitted {
        /// Its number.
        number: u16,
        /// The work.
        revision: Arc<Revision>,
    },
    /// The buyer wants changes.
    ChangesRequested {
        /// The revision.
        number: u16,
        /// What to change.
        comment: Text<500, 1>,
    },
    /// The buyer accepted. The quantities are in the ending.
    Accepted {},
    /// What was accepted is paid when the clearance is over.
    ClearingBegun {
        /// How the deal is to end.
        ending: Ending,
    },
    /// A party reported.
    Reported {
        /// The party's side.
        side: Side,
        /// The verdict.
        verdict: Verdict,
        /// What it had reported before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<Verdict>,
    },
    /// A service was incurred.
    CostIncurred {
        /// Its index in the terms.
        service: u8,
        /// Where the host keeps the proof.
        evidence: FileRef,
    },
    /// A party was asked for an additional payment.
    ChargeAdded {
        /// The deposit.
        deposit: DepositId,
        /// Who is asked.
        payer: Side,
        /// The amount.
        amount: Money,
        /// Key, payee, reason.
        details: Arc<ChargeDetails>,
    },
    /// Somebody cancelled.
    Cancelled {
        /// Whose fault it is.
        at_fault: Fault,
        /// The reason.
        reason: Reason,
    },
    /// A dispute opened, or opened again.
    DisputeOpened {
        /// By whom or what.
        by: Opener,
        /// The reason.
        reason: Reason,
        /// Where the host keeps the proof.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        evidence: Option<FileRef>,
    },
    /// A party offered to settle.
    AwardProposed {
        /// The party's side.
        side: Side,
        /// The offer.
        offer: Offered,
    },
    /// An offer would pay something else by now: it stands no more.
    OfferFell {
        /// The side that had made it.
        side: Side,
        /// Its number.
        number: u32,
    },
    /// The seller forgoes a part in favour of the buyer.
    GivenBack {
        /// How much in all.
        total: Money,
        /// How much it was before.
        before: Money,
    },
    /// A party accepted the other's offer.
    AwardAccepted {
        /// The party's side.
        side: Side,
        /// How the deal ends.
        award: Resolution,
    },
    /// The dispute was given up.
    DisputeWithdrawn {
        /// The time left of its stage, for when it opens again.
        remaining_ms: u64,
    },
    /// A party agrees to give the dispute up; the other has not yet.
    WithdrawalOffered {
        /// The party's side.
        side: Side,
    },
    /// The arbiter is to be asked at once. One party's word alone takes effect where `policy.early_arbitration`.
    EscalationAsked {
        /// The party's side; absent: the operator.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<Side>,
    },
    /// A claim was filed.
    ClaimFiled {
        /// By which side.
        side: Side,
        /// The claim's number at the court or arbitration.
        reference: Reference,
    },
    /// The arbiter ruled, or the policy in place of a silent arbiter.
    Ruled {
        /// What the seller gets.
        award: Award,
        /// Whose fault it was.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at_fault: Option<Side>,
    },
    /// An arbiter was appointed.
    ArbiterAppointed {
        /// The arbiter.
        arbiter: PartyId,
        /// Who was before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<PartyId>,
    },
    /// A payee chose where their money goes.
    DestinationSet {
        /// Whose money.
        payee: Payee,
        /// Which money.
        of: DestinationUse,
        /// The destination.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        destination: Option<Destination>,
    },
    /// A deadline was moved.
    DeadlineExtended {
        /// The timer.
        timer: Timer,
        /// The phase with its new deadline.
        phase: Phase,
        /// By how many seconds, rounded up.
        by_s: u32,
    },
    /// A message was noted.
    Posted {
        /// Where the host keeps it.
        reference: MessageRef,
    },
    /// A deadline passed.
    TimerFired {
        /// The timer.
        timer: Timer,
    },
    /// The deal moved to another phase.
    PhaseEntered {
        /// Where to, with its deadline.
        phase: Phase,
        /// What was interrupted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        paused: Option<Paused>,
    },
    /// It was decided how the deal ends; the legs follow in the same transition, or after an open capture.
    EndingDecided {
        /// How it ends for the settlement.
        ending: Ending,
        /// How it ends for the status.
        outcome: Outcome,
        /// Whether every required deposit was full. If not, everything goes back.
        funded: bool,
        /// From when declined legs go to balances.
        settle_by: Time,
        /// What becomes of the additional charges.
        #[serde(default, skip_serializing_if = "is_default")]
        charges: Charges,
        /// Whether an award, or an agreement, gives the buyer the original of the work.
        #[serde(default, skip_serializing_if = "is_default")]
        original: bool,
        /// What it divides, of each required deposit, where something is on hold: a capture lets the rest of its hold go.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        divides: Option<[u64; 4]>,
    },
    /// The gateway is to capture a hold.
    CaptureOrdered {
        /// The order.
        order: Order,
    },
    /// The gateway is to pay a leg: a new one, or the next attempt of a declined one.
    LegOrdered {
        /// The order.
        order: Order,
    },
    /// A leg waits, because a chargeback is open.
    LegWaits {
        /// Its number.
        leg: LegId,
        /// The source deposit.
        deposit: DepositId,
        /// The payee.
        payee: Payee,
        /// The purpose.
        purpose: Purpose,
        /// The amount.
        amount: Money,
        /// The payment that it goes back to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        source: Option<TxId>,
    },
    /// A leg went to the payee's in-system balance, without the gateway.
    LegCredited {
        /// What was settled.
        order: Order,
    },
    /// A leg that was not sent yet is cut, because a chargeback took its money.
    LegCut {
        /// The leg.
        leg: LegId,
        /// What it was.
        old: Money,
        /// What is left of it.
        new: Money,
    },
    /// The gateway did what it was asked to.
    TransactionSucceeded {
        /// The transaction.
        tx: TxId,
        /// Its id at the gateway.
        reference: Reference,
    },
    /// The gateway will not do what it was asked to.
    TransactionFailed {
        /// The transaction.
        tx: TxId,
        /// The reason.
        reason: Reason,
        /// Whether it was a capture, and the performance had begun: an ending divides what it would have brought all the same,
        /// and its payer owes what the payees miss.
        #[serde(default, skip_serializing_if = "is_default")]
        missed: bool,
    },
    /// The gateway says that a transaction was declined which it had done: it is asked again, under the same key.
    AnswerDoubted {
        /// The transaction.
        tx: TxId,
    },
    /// Asked again, the gateway stands by it.
    AnswerConfirmed {
        /// The transaction.
        tx: TxId,
    },
    /// The payee's bank gave a payment back.
    PaymentReturned {
        /// The transaction that was sent.
        tx: TxId,
        /// The gateway's id of the return.
        reference: Reference,
        /// How much came back.
        amount: Money,
        /// What of it is payable again, as a leg of its own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        again: Option<(LegId, Money)>,
        /// From when declined legs go to balances, now.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        settle_by: Option<Time>,
    },
    /// A part of a leg that was not sent is a leg of its own now.
    LegSplit {
        /// The leg.
        leg: LegId,
        /// The new one.
        into: LegId,
        /// How much goes over.
        amount: Money,
    },
    /// A leg waits until a chargeback is decided, or does so no more.
    LegHeldBack {
        /// The leg.
        leg: LegId,
        /// The chargeback, by its number.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        chargeback: Option<u32>,
    },
    /// What was cut from a leg that was sent since is payable again, as a leg of its own.
    LegRestored {
        /// The leg.
        leg: LegId,
        /// The new one.
        into: LegId,
        /// How much.
        amount: Money,
    },
    /// Somebody owes what the pots could not cover. Its number is the next one, counted from 1.
    ReceivableRaised {
        /// Who owes what to whom.
        receivable: Receivable,
        /// Why.
        #[serde(default, skip_serializing_if = "is_default")]
        cause: Cause,
    },
    /// A debt is another one now; zero: it is cancelled.
    ReceivableChanged {
        /// Its number.
        number: u32,
        /// How much it was.
        old: Money,
        /// How much it is.
        new: Money,
    },
    /// A debt was paid, whole or in part.
    ReceivableSettled {
        /// Its number.
        number: u32,
        /// How much.
        amount: Money,
        /// The payment's id.
        reference: Reference,
        /// Where the money came from.
        source: Reason,
    },
    /// A chargeback went a step further, or met its payment.
    ChargebackRecorded {
        /// All that is known of it.
        chargeback: Arc<Case>,
        /// How much this step is about.
        amount: Money,
        /// The step; `None` where it met its payment.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        step: Option<ChargebackStep>,
    },
    /// What lost chargebacks take out of what a deposit holds, or what nobody else bears of them, is another sum now.
    PotCut {
        /// The deposit.
        deposit: DepositId,
        /// How much it was.
        old: Money,
        /// How much it is.
        new: Money,
        /// What of it an ending divides all the same.
        as_if: Money,
        /// What no pot, no leg and no debt bears: the platform's own cost.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        borne: Option<Money>,
    },
    /// A leg waits for its payee, who has not said where they want it. Declined without an attempt: a destination sends it, and
    /// in time it goes to the balance.
    LegAsked {
        /// The leg.
        leg: LegId,
    },
    /// Nobody could be paid by the settlement deadline, and the host keeps no balances: the money stays where it is, and a
    /// destination pays it at any time.
    LegUnclaimed {
        /// The leg.
        leg: LegId,
    },
    /// The command had an id, by which it is recognised when it is sent again. The last event of its command.
    RequestNoted {
        /// The id.
        request_id: ClientKey,
        /// The kind of the command.
        command: CommandKind,
        /// A fingerprint of what it said.
        content: u64,
        /// Of which party; `None`: the staff, or anybody else.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<Side>,
    },
    /// The dispute ended with the deal.
    DisputeClosed {},
}

impl Event {
    /// The order to the gateway that this event brings, if any.
    pub const fn order(&self) -> Option<&Order> {
        match self {
            Self::PaymentStated { order, .. } => Some(order),
            Self::CaptureOrdered { order } | Self::LegOrdered { order } => Some(order),
            Self::Proposed { .. }
            | Self::TermsAmended { .. }
            | Self::Annotated { .. }
            | Self::Agreed { .. }
            | Self::PaymentRequested { .. }
            | Self::PaymentReceived { .. }
            | Self::Remarked { .. }
            | Self::Approved {}
            | Self::Attached { .. }
            | Self::TrackSet { .. }
            | Self::TrackRemoved {}
            | Self::TrackingRecorded { .. }
            | Self::PerformingStarted {}
            | Self::PerformingStopped {}
            | Self::Submitted { .. }
            | Self::ChangesRequested { .. }
            | Self::Accepted {}
            | Self::ClearingBegun { .. }
            | Self::Reported { .. }
            | Self::CostIncurred { .. }
            | Self::ChargeAdded { .. }
            | Self::Cancelled { .. }
            | Self::DisputeOpened { .. }
            | Self::AwardProposed { .. }
            | Self::AwardAccepted { .. }
            | Self::OfferFell { .. }
            | Self::GivenBack { .. }
            | Self::DisputeWithdrawn { .. }
            | Self::WithdrawalOffered { .. }
            | Self::EscalationAsked { .. }
            | Self::ClaimFiled { .. }
            | Self::Ruled { .. }
            | Self::ArbiterAppointed { .. }
            | Self::DestinationSet { .. }
            | Self::DeadlineExtended { .. }
            | Self::Posted { .. }
            | Self::TimerFired { .. }
            | Self::PhaseEntered { .. }
            | Self::EndingDecided { .. }
            | Self::LegWaits { .. }
            | Self::LegCredited { .. }
            | Self::LegCut { .. }
            | Self::TransactionSucceeded { .. }
            | Self::TransactionFailed { .. }
            | Self::ReceivableRaised { .. }
            | Self::ChargebackRecorded { .. }
            | Self::HoldCharged { .. }
            | Self::HoldShortened { .. }
            | Self::StrayOpened { .. }
            | Self::AnswerDoubted { .. }
            | Self::AnswerConfirmed { .. }
            | Self::PaymentReturned { .. }
            | Self::LegSplit { .. }
            | Self::LegHeldBack { .. }
            | Self::LegRestored { .. }
            | Self::ReceivableChanged { .. }
            | Self::ReceivableSettled { .. }
            | Self::PotCut { .. }
            | Self::LegAsked { .. }
            | Self::LegUnclaimed { .. }
            | Self::RequestNoted { .. }
            | Self::DisputeClosed {} => None,
        }
    }
}
