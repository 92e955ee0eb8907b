//! What can be asked of a deal. Commands are imperative, passed by reference and kept by the caller, who may send
//! the same one again at any time: what already stands is recognised and answered with no events.

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
pub use dispute::{AcceptAward, AppointArbiter, FileClaim, OpenDispute, ProposeAward, Rule, WithdrawDispute};
pub use money::{
    AddCharge, Answer, Answered, Chargeback, ChargebackStep, ConfirmPayment, DestinationUse, PaymentForm,
    RequestPayment, ReturnUrls, SetDestination,
};
pub use proposal::{Agree, Amend, Cancel, Extend, Moderate, ModerationVerdict, PaymentClaim};

/// A command. Tagged by `type` in JSON: `{"type":"cancel","reason":"changed my mind"}`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Command {
    /// Propose other terms.
    Amend(Amend),
    /// Consent to a version of the terms.
    Agree(Agree),
    /// Ask for a form to pay a deposit with.
    RequestPayment(RequestPayment),
    /// A fact: money came in.
    ConfirmPayment(ConfirmPayment),
    /// Remark on the terms, or approve them.
    Moderate(Moderate),
    /// Add a document.
    Attach(Attach),
    /// Attach or replace the track of the delivery.
    SetTrack(SetTrack),
    /// Detach a wrong track.
    RemoveTrack(RemoveTrack),
    /// A fact: the delivery moved.
    RecordTracking(RecordTracking),
    /// Start performing without a tracker.
    StartPerforming(StartPerforming),
    /// Go back to before the start.
    StopPerforming(StopPerforming),
    /// Submit a revision of the work.
    Submit(Submit),
    /// Ask for changes to the revision.
    RequestChanges(RequestChanges),
    /// Accept the subject, whole or in part.
    Accept(Accept),
    /// Report success or failure of a mutual deal.
    Report(Report),
    /// Mark a service as incurred.
    IncurCost(IncurCost),
    /// Ask a party for an additional payment.
    AddCharge(AddCharge),
    /// Cancel the deal, or turn the proposal down.
    Cancel(Cancel),
    /// Open a dispute.
    OpenDispute(OpenDispute),
    /// Offer to settle the dispute.
    ProposeAward(ProposeAward),
    /// Accept the other party's offer.
    AcceptAward(AcceptAward),
    /// Give the dispute up.
    WithdrawDispute(WithdrawDispute),
    /// Note that a claim was filed.
    FileClaim(FileClaim),
    /// Rule on the dispute.
    Rule(Rule),
    /// Appoint or replace the arbiter.
    AppointArbiter(AppointArbiter),
    /// A fact: the gateway's answer to an order.
    Answer(Answer),
    /// Choose where money goes.
    SetDestination(SetDestination),
    /// A fact: the payer's bank takes money back, or gives it up.
    Chargeback(Chargeback),
    /// Move a deadline.
    Extend(Extend),
    /// Note a message.
    Post(Post),
    /// Fire what is due.
    Wake(Wake),
}

/// A command without its content: what permission depends on. Finer than [`Command`] where permission depends on
/// the content.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each is named after its command")]
pub enum CommandKind {
    Amend,
    Agree,
    RequestPayment,
    ConfirmPayment,
    Remark,
    Approve,
    Attach,
    SetTrack,
    RemoveTrack,
    RecordTracking,
    StartPerforming,
    StopPerforming,
    Submit,
    RequestChanges,
    AcceptAll,
    AcceptPart,
    Report,
    IncurCost,
    AddCharge,
    Cancel,
    CancelWithFault,
    OpenDispute,
    ProposeAward,
    AcceptAward,
    WithdrawDispute,
    FileClaim,
    Rule,
    AppointArbiter,
    Answer,
    SetDestination,
    RedirectRefund,
    Chargeback,
    Extend,
    Post,
    Wake,
}

names! {
    /// Every kind, in table order.
    CommandKind, "the name of a command of a deal" {
        Amend = "Amend",
        Agree = "Agree",
        RequestPayment = "RequestPayment",
        ConfirmPayment = "ConfirmPayment",
        Remark = "Remark",
        Approve = "Approve",
        Attach = "Attach",
        SetTrack = "SetTrack",
        RemoveTrack = "RemoveTrack",
        RecordTracking = "RecordTracking",
        StartPerforming = "StartPerforming",
        StopPerforming = "StopPerforming",
        Submit = "Submit",
        RequestChanges = "RequestChanges",
        AcceptAll = "AcceptAll",
        AcceptPart = "AcceptPart",
        Report = "Report",
        IncurCost = "IncurCost",
        AddCharge = "AddCharge",
        Cancel = "Cancel",
        CancelWithFault = "CancelWithFault",
        OpenDispute = "OpenDispute",
        ProposeAward = "ProposeAward",
        AcceptAward = "AcceptAward",
        WithdrawDispute = "WithdrawDispute",
        FileClaim = "FileClaim",
        Rule = "Rule",
        AppointArbiter = "AppointArbiter",
        Answer = "Answer",
        SetDestination = "SetDestination",
        RedirectRefund = "RedirectRefund",
        Chargeback = "Chargeback",
        Extend = "Extend",
        Post = "Post",
        Wake = "Wake",
    }
}

impl Command {
    /// What permission depends on.
    pub const fn kind(&self) -> CommandKind {
        match self {
            Self::Amend(_) => CommandKind::Amend,
            Self::Agree(_) => CommandKind::Agree,
            Self::RequestPayment(_) => CommandKind::RequestPayment,
            Self::ConfirmPayment(_) => CommandKind::ConfirmPayment,
            Self::Moderate(c) => match c.verdict {
                ModerationVerdict::Remark(_) => CommandKind::Remark,
                ModerationVerdict::Approve => CommandKind::Approve,
            },
            Self::Attach(_) => CommandKind::Attach,
            Self::SetTrack(_) => CommandKind::SetTrack,
            Self::RemoveTrack(_) => CommandKind::RemoveTrack,
            Self::RecordTracking(_) => CommandKind::RecordTracking,
            Self::StartPerforming(_) => CommandKind::StartPerforming,
            Self::StopPerforming(_) => CommandKind::StopPerforming,
            Self::Submit(_) => CommandKind::Submit,
            Self::RequestChanges(_) => CommandKind::RequestChanges,
            Self::Accept(c) => match c.quantities {
                None => CommandKind::AcceptAll,
                Some(_) => CommandKind::AcceptPart,
            },
            Self::Report(_) => CommandKind::Report,
            Self::IncurCost(_) => CommandKind::IncurCost,
            Self::AddCharge(_) => CommandKind::AddCharge,
            Self::Cancel(c) => match c.at_fault {
                None => CommandKind::Cancel,
                Some(_) => CommandKind::CancelWithFault,
            },
            Self::OpenDispute(_) => CommandKind::OpenDispute,
            Self::ProposeAward(_) => CommandKind::ProposeAward,
            Self::AcceptAward(_) => CommandKind::AcceptAward,
            Self::WithdrawDispute(_) => CommandKind::WithdrawDispute,
            Self::FileClaim(_) => CommandKind::FileClaim,
            Self::Rule(_) => CommandKind::Rule,
            Self::AppointArbiter(_) => CommandKind::AppointArbiter,
            Self::Answer(_) => CommandKind::Answer,
            Self::SetDestination(c) => match c.of {
                DestinationUse::Payouts => CommandKind::SetDestination,
                DestinationUse::Refunds => CommandKind::RedirectRefund,
            },
            Self::Chargeback(_) => CommandKind::Chargeback,
            Self::Extend(_) => CommandKind::Extend,
            Self::Post(_) => CommandKind::Post,
            Self::Wake(_) => CommandKind::Wake,
        }
    }
}

/// `Command::from(payload)` and `payload.into()` for every payload.
macro_rules! from_payload {
    ($($payload:ident),+ $(,)?) => {$(
        impl From<$payload> for Command {
            fn from(payload: $payload) -> Self {
                Self::$payload(payload)
            }
        }
    )+};
}

from_payload!(
    Amend,
    Agree,
    RequestPayment,
    ConfirmPayment,
    Moderate,
    Attach,
    SetTrack,
    RemoveTrack,
    RecordTracking,
    StartPerforming,
    StopPerforming,
    Submit,
    RequestChanges,
    Accept,
    Report,
    IncurCost,
    AddCharge,
    Cancel,
    OpenDispute,
    ProposeAward,
    AcceptAward,
    WithdrawDispute,
    FileClaim,
    Rule,
    AppointArbiter,
    Answer,
    SetDestination,
    Chargeback,
    Extend,
    Post,
    Wake,
);
