//! What was just done, as whoever did it reads it on the next page.

use escrow::deal::command::CommandKind;

/// A sentence.
pub(crate) const fn done(kind: CommandKind) -> &'static str {
    match kind {
        CommandKind::Amend => "You have proposed other terms.",
        CommandKind::Annotate | CommandKind::Wake | CommandKind::Answer => "Done.",
        CommandKind::Agree => "You have agreed to the terms.",
        CommandKind::RequestPayment => "You have asked for the bank's page.",
        CommandKind::ConfirmPayment => "The payment is noted.",
        CommandKind::Chargeback => "The chargeback is noted.",
        CommandKind::Returned => "The return is noted.",
        CommandKind::Remark => "Your remark is sent to the parties.",
        CommandKind::Approve => "You have approved the terms.",
        CommandKind::Attach => "The document is attached.",
        CommandKind::SetTrack => "The tracking number is noted.",
        CommandKind::RemoveTrack => "The tracking number is removed.",
        CommandKind::RecordTracking => "It is noted where the parcel is.",
        CommandKind::StartPerforming => "The buyer is told that you have begun.",
        CommandKind::StopPerforming => "You are back before the start.",
        CommandKind::Submit => "You have handed in the work. The buyer looks at it now.",
        CommandKind::RequestChanges => "The seller is told what to change.",
        CommandKind::Accept => "You have accepted everything.",
        CommandKind::AcceptPart => "You have accepted a part.",
        CommandKind::Report => "Your report is noted.",
        CommandKind::IncurCost => "The cost is noted.",
        CommandKind::AddCharge => "The other party is asked for the payment.",
        CommandKind::Cancel | CommandKind::CancelWithFault => "You have cancelled the deal.",
        CommandKind::OpenDispute => "You have opened a dispute. The money stays where it is.",
        CommandKind::ProposeAward => "Your offer is made. It ends like that if the other party accepts.",
        CommandKind::AcceptAward => "You have accepted the offer.",
        CommandKind::GiveBack => "What you give back is noted.",
        CommandKind::WithdrawDispute => "You have given the dispute up.",
        CommandKind::Escalate => "The arbiter is asked.",
        CommandKind::FileClaim => "Your claim is noted.",
        CommandKind::Rule => "You have ruled.",
        CommandKind::AppointArbiter => "The arbiter is appointed.",
        CommandKind::SetDestination => "It is noted where your earnings go.",
        CommandKind::RedirectRefund => "It is noted where refunds go.",
        CommandKind::SettleReceivable => "The debt is paid.",
        CommandKind::Extend => "The deadline is moved.",
        CommandKind::Post => "Your message is sent.",
    }
}
