//! What can be asked of a deal. Commands are imperative. The caller keeps them, and may send the same one
//! again at any time: a repeat is recognised and answered with no events.

mod delivery;
mod dispute;
mod money;
mod proposal;

use serde::{Deserialize, Serialize};

pub use delivery::{
    Accept, Attach, Attachment, Checkpoint, CheckpointId, CheckpointKind, Digest, DocumentId, FileRef,
    IncurCost, MessageRef, Post, RecordTracking, RemoveTrack, Report, RequestChanges, Revision, SetTrack,
    StartPerforming, StopPerforming, Submit, Track, TrackCode, TrackerName, Verdict, Wake,
};
pub use dispute::{
    AcceptAward, AppointArbiter, Escalate, FileClaim, GiveBack, OpenDispute, ProposeAward, Rule,
    WithdrawDispute,
};
pub use money::{
    AddCharge, Answer, Answered, Chargeback, ChargebackStep, ConfirmPayment, DestinationUse, PaymentForm,
    RedirectRefund, RequestPayment, ReturnUrls, Returned, SetDestination, SettleReceivable,
};
pub use proposal::{Agree, Amend, Annotate, Approve, Cancel, Extend, Proposal, Remark, StatedPayment};

commands! {
    /// A command. Tagged by `type` in JSON: `{"type":"cancel","reason":"changed my mind"}`.
    #[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
    #[serde(tag = "type")]
    Command, CommandKind, "the name of a command of a deal" {
        /// Propose other terms.
        Amend = "amend",
        /// Note contacts, tags, the order id.
        Annotate = "annotate",
        /// Consent to a version of the terms.
        Agree = "agree",
        /// Ask for a form to pay a deposit with.
        RequestPayment = "request_payment",
        /// A fact: money came in.
        ConfirmPayment = "confirm_payment",
        /// Remark on the terms.
        Remark = "remark",
        /// Approve the terms.
        Approve = "approve",
        /// Add a document.
        Attach = "attach",
        /// Attach or replace the track of the delivery.
        SetTrack = "set_track",
        /// Detach a wrong track.
        RemoveTrack = "remove_track",
        /// A fact: the delivery moved.
        RecordTracking = "record_tracking",
        /// Start performing without a tracker.
        StartPerforming = "start_performing",
        /// Go back to before the start.
        StopPerforming = "stop_performing",
        /// Submit a revision of the work.
        Submit = "submit",
        /// Ask for changes to the revision.
        RequestChanges = "request_changes",
        /// Accept the subject, whole or in part.
        Accept = "accept" | AcceptPart = "accept_part" if is_in_part,
        /// Report success or failure of a mutual deal.
        Report = "report",
        /// Mark a service as incurred.
        IncurCost = "incur_cost",
        /// Ask a party for an additional payment.
        AddCharge = "add_charge",
        /// Cancel the deal, or turn the proposal down.
        Cancel = "cancel" | CancelWithFault = "cancel_with_fault" if names_fault,
        /// Open a dispute.
        OpenDispute = "open_dispute",
        /// Offer how the deal is to end.
        ProposeAward = "propose_award",
        /// Accept the other party's offer.
        AcceptAward = "accept_award",
        /// Forgo a part in favour of the buyer.
        GiveBack = "give_back",
        /// Give the dispute up.
        WithdrawDispute = "withdraw_dispute",
        /// Ask the arbiter at once.
        Escalate = "escalate",
        /// Note that a claim was filed.
        FileClaim = "file_claim",
        /// Rule on the dispute.
        Rule = "rule",
        /// Appoint or replace the arbiter.
        AppointArbiter = "appoint_arbiter",
        /// A fact: the gateway's answer to an order.
        Answer = "answer",
        /// Choose where earnings go.
        SetDestination = "set_destination",
        /// Choose where what goes back goes.
        RedirectRefund = "redirect_refund",
        /// A fact: the payer's bank takes money back, or gives it up.
        Chargeback = "chargeback",
        /// A fact: the payee's bank gave a payment back.
        Returned = "returned",
        /// Note that a debt was paid.
        SettleReceivable = "settle_receivable",
        /// Move a deadline.
        Extend = "extend",
        /// Note a message.
        Post = "post",
        /// Fire what is due.
        Wake = "wake",
    }
}
