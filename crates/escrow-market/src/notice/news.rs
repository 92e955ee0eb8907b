//! What there is to tell, with its data: figures, names within the deal and the host's own references only.

use serde::{Deserialize, Serialize};
use std::sync::Arc;

use smallvec::SmallVec;

use escrow::deal::command::{
    ChargebackStep, CheckpointKind, DestinationUse, DocumentId, MessageRef, Track, Verdict,
};
use escrow::deal::{DepositChange, Phase, Timer};
use escrow::deposit::{DepositId, GatewayName, Purpose, Reference};
use escrow::dispute::{Award, Opener};
use escrow::settlement::{Ending, Fault, Outcome, Receivable, Resolution};
use escrow::terms::TermsField;
use escrow::{Money, PartyId, Side, Time};

/// What happened, as it is told. Its `kind` in JSON is stable: a host finds its templates by it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum News {
    /// There is a new deal.
    Proposed {
        /// Where it starts, and until when that lasts.
        phase: Phase,
    },
    /// There are other terms on the table.
    TermsAmended {
        /// Their version.
        terms_version: u32,
        /// In what they differ.
        changed: SmallVec<[TermsField; 8]>,
        /// The deposits that change.
        deposits: SmallVec<[DepositChange; 1]>,
    },
    /// A side has agreed.
    Agreed {
        /// The party's side.
        side: Side,
        /// To which version.
        terms_version: u32,
    },
    /// Money came in.
    PaymentReceived {
        /// Into which deposit.
        deposit: DepositId,
        /// The amount.
        amount: Money,
        /// By which gateway.
        gateway: GatewayName,
        /// Until when it is on hold only; absent: it is charged.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        held_until: Option<Time>,
    },
    /// The gateway does not know the payment that the recipient says to have made.
    PaymentDenied {
        /// Into which deposit.
        deposit: DepositId,
        /// The amount.
        amount: Money,
    },
    /// A moderator has a remark.
    Remarked {},
    /// A moderator has approved the terms.
    Approved {},
    /// There is a new document.
    Attached {
        /// Its id.
        attachment: DocumentId,
    },
    /// The delivery can be followed.
    TrackSet {
        /// The track.
        track: Arc<Track>,
    },
    /// The delivery can no longer be followed: the track was a wrong one.
    TrackRemoved {},
    /// The delivery moved.
    Tracked {
        /// How far.
        checkpoint: CheckpointKind,
        /// When.
        occurred_at: Time,
    },
    /// The seller has started.
    PerformingStarted {},
    /// The seller has gone back to before the start.
    PerformingStopped {},
    /// There is a new revision of the work. The deal's access says how much the buyer may see.
    Submitted {
        /// Its number.
        number: u16,
    },
    /// The buyer wants changes.
    ChangesRequested {
        /// Of which revision.
        number: u16,
    },
    /// The buyer has accepted.
    Accepted {},
    /// A side has reported.
    Reported {
        /// The party's side.
        side: Side,
        /// The verdict.
        verdict: Verdict,
    },
    /// A service was incurred.
    CostIncurred {
        /// Its index in the terms.
        service: u8,
    },
    /// Somebody is asked for an additional payment.
    ChargeAdded {
        /// The deposit.
        deposit: DepositId,
        /// Who is asked.
        payer: Side,
        /// The amount.
        amount: Money,
    },
    /// The deal was cancelled.
    Cancelled {
        /// Whose fault it is.
        at_fault: Fault,
    },
    /// A dispute opened.
    DisputeOpened {
        /// By whom or what.
        by: Opener,
    },
    /// A side offers to settle.
    AwardProposed {
        /// How the deal would end.
        award: Resolution,
    },
    /// A side's offer would pay something else by now, and stands no more.
    OfferFell {
        /// The side that had made it.
        side: Side,
    },
    /// The seller forgoes a part in favour of the buyer.
    GivenBack {
        /// How much in all.
        total: Money,
    },
    /// A side has accepted the other's offer.
    AwardAccepted {
        /// How the deal ends.
        award: Resolution,
    },
    /// The dispute was given up.
    DisputeWithdrawn {},
    /// A side is ready to give the dispute up.
    WithdrawalOffered {
        /// The party's side.
        side: Side,
    },
    /// The arbiter is to be asked at once.
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
    /// The dispute was ruled on.
    Ruled {
        /// What the seller gets.
        award: Award,
        /// Whose fault it was.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at_fault: Option<Side>,
    },
    /// The dispute is over, with the deal.
    DisputeClosed {},
    /// There is a new arbiter; whoever was before is no longer.
    ArbiterAppointed {
        /// The arbiter.
        arbiter: PartyId,
    },
    /// Somebody else has set where the recipient's money goes.
    DestinationSet {
        /// Which money.
        of: DestinationUse,
    },
    /// A deadline was moved.
    DeadlineExtended {
        /// The timer.
        timer: Timer,
        /// The phase with its new deadline.
        phase: Phase,
    },
    /// There is a new message.
    Posted {
        /// Where the host keeps it.
        reference: MessageRef,
    },
    /// The deal has moved on, or back.
    PhaseEntered {
        /// To where, and until when that lasts.
        phase: Phase,
    },
    /// The deal has ended; the money is on its way.
    Ended {
        /// How, as the status says.
        outcome: Outcome,
        /// How, as far as money is concerned.
        ending: Ending,
    },
    /// Money was paid, or given back.
    Paid {
        /// The purpose.
        purpose: Purpose,
        /// The amount.
        amount: Money,
    },
    /// Money could not be paid: its payee may choose another destination, or wait for the balance.
    Declined {
        /// Why it was to be paid.
        purpose: Purpose,
        /// The amount.
        amount: Money,
    },
    /// Nobody has said in time where money is to go: it waits for a destination, as long as it takes.
    Unclaimed {
        /// The purpose.
        purpose: Purpose,
        /// The amount.
        amount: Money,
    },
    /// Money is on the recipient's in-system balance.
    Credited {
        /// The purpose.
        purpose: Purpose,
        /// The amount.
        amount: Money,
    },
    /// Money waits until a chargeback is decided.
    Waits {
        /// Why it is to be paid.
        purpose: Purpose,
        /// The amount.
        amount: Money,
    },
    /// A chargeback took money that was waiting.
    Cut {
        /// How much it was.
        old: Money,
        /// How much is left.
        new: Money,
    },
    /// Money on hold could not be taken: the payer's bank let it go.
    HoldLapsed {
        /// The source deposit.
        deposit: DepositId,
        /// The amount.
        amount: Money,
    },
    /// Somebody owes what the deposits could not cover.
    ReceivableRaised {
        /// The debt.
        receivable: Receivable,
    },
    /// The payer's bank moved a chargeback.
    Chargeback {
        /// Of which payment.
        payment: Reference,
        /// How much.
        amount: Money,
        /// How far it is.
        step: ChargebackStep,
    },
    /// What lost chargebacks have taken out of a deposit is another sum now.
    ChargedBack {
        /// The deposit.
        deposit: DepositId,
        /// How much it was.
        old: Money,
        /// How much it is.
        new: Money,
    },
    /// A payee's bank has given a payment back.
    Returned {
        /// What it was for.
        purpose: Purpose,
        /// How much came back.
        amount: Money,
    },
    /// A debt is another one now. Zero: nothing is owed any more.
    ReceivableChanged {
        /// Its number in the deal.
        receivable: u32,
        /// How much is open.
        open: Money,
    },
}
