//! A journal in words.

use escrow::Event;
use escrow::deal::command::{ChargebackStep, CheckpointKind, DestinationUse, Verdict};
use escrow::dispute::Opener;
use escrow::settlement::Ending;

use super::{award, capital, deposit, destination, fault, payee, purpose, resolution, side, status, timer};

/// What a line of the timeline says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Told {
    /// This.
    Words(String),
    /// The deal is here now.
    Status(String),
    /// A message that the desk keeps under this id.
    Message(String),
    /// This revision of the work.
    Work(u16),
    /// What only those who look closely read.
    Quiet(String),
    /// Nothing: bookkeeping.
    Nothing,
}

fn ending(ending: &Ending) -> String {
    match ending {
        Ending::Success => "everything was accepted".to_owned(),
        Ending::PartialBuyout(_) => "a part was accepted".to_owned(),
        Ending::Cancelled(at) => format!("cancelled, at {}", fault(*at)),
        Ending::CalledOff => "called off by both".to_owned(),
        Ending::Awarded { award: given, .. } => award(*given),
    }
}

/// What happened, for people.
pub(crate) fn event(event: &Event) -> Told {
    let words = match event {
        Event::Proposed { terms, .. } => format!(
            "The deal was proposed: the buyer pays {}, the seller gets {}",
            terms.quote().deposit,
            terms.quote().payout
        ),
        Event::TermsAmended { terms_version, terms, .. } => {
            format!(
                "Other terms were proposed: version {terms_version}, the buyer pays {}",
                terms.quote().deposit
            )
        }
        Event::Annotated { .. } => return Told::Quiet("A note was changed".to_owned()),
        Event::Agreed { side: who, terms_version } => {
            format!("Agreed to version {terms_version} of the terms, as {}", side(*who))
        }
        Event::PaymentStated { reference, .. } => {
            format!("Says to have paid, as {reference}; the bank is asked")
        }
        Event::PaymentRequested { amount, deposit: into, .. } => {
            return Told::Quiet(format!("Went to the bank's page to pay {amount} ({})", deposit(*into)));
        }
        Event::PaymentReceived { amount, deposit: into, held_until, .. } => match held_until {
            Some(_) => format!("{amount} is on hold for {}", deposit(*into)),
            None => format!("{amount} came in: {}", deposit(*into)),
        },
        Event::HoldCharged { amount, .. } => format!("The bank has charged {amount} of a hold"),
        Event::HoldShortened { expires, .. } => format!("A hold expires sooner: {expires}"),
        Event::StrayOpened { .. } => "Money came in another currency; it goes back".to_owned(),
        Event::Remarked { remark } => format!("The moderator remarks: {remark}"),
        Event::Approved {} => "The moderator approved the terms".to_owned(),
        Event::Attached { attachment } => {
            format!("A document was added: {} {}", attachment.id, attachment.description)
        }
        Event::TrackSet { track } => format!("Sent with {}, number {}", track.tracker, track.code),
        Event::TrackRemoved {} => "The tracking number was removed".to_owned(),
        Event::TrackingRecorded { checkpoint, latest } => {
            let what = match checkpoint.kind {
                CheckpointKind::Progress => "The parcel moved",
                CheckpointKind::Final => "The parcel was handed over",
                CheckpointKind::Refused => "The parcel was refused",
            };
            let title = &checkpoint.title;
            let note = if *latest { "" } else { " (noted only)" };
            if title.is_empty() { format!("{what}{note}") } else { format!("{what}: {title}{note}") }
        }
        Event::PerformingStarted {} => "The seller has begun".to_owned(),
        Event::PerformingStopped {} => "The seller went back to before the start".to_owned(),
        Event::Submitted { number, .. } => return Told::Work(*number),
        Event::ChangesRequested { number, comment } => {
            format!("Wants changes to version {number}: {comment}")
        }
        Event::Accepted {} => "The buyer accepted".to_owned(),
        Event::ClearingBegun { .. } => "What was accepted is paid when the clearing time is over".to_owned(),
        Event::Reported { side: who, verdict, .. } => match verdict {
            Verdict::Success => format!("{} reports success", capital(side(*who))),
            Verdict::Failure => format!("{} reports failure", capital(side(*who))),
        },
        Event::CostIncurred { service, .. } => {
            format!("The cost of service {} has arisen", service.saturating_add(1))
        }
        Event::ChargeAdded { payer, amount, details, .. } => {
            format!("Asks {} for another {amount}: {}", side(*payer), details.reason)
        }
        Event::Cancelled { at_fault, reason } => {
            let why = if reason.is_empty() { String::new() } else { format!(": {reason}") };
            format!("Cancelled, at {}{why}", fault(*at_fault))
        }
        Event::DisputeOpened { by, reason, .. } => match by {
            Opener::Party(_) => format!("Opened a dispute: {reason}"),
            Opener::Refusal => "The parcel was refused: a dispute is open".to_owned(),
            Opener::Reports => "The reports differ: a dispute is open".to_owned(),
            Opener::Timer => "A deadline passed: a dispute is open".to_owned(),
        },
        Event::AwardProposed { offer, .. } => {
            format!("Offers to end it: {} (offer {})", resolution(offer.award), offer.number)
        }
        Event::OfferFell { number, .. } => {
            format!("Offer {number} has fallen, since it would pay something else by now")
        }
        Event::GivenBack { total, .. } => format!("Gives back {total} in all"),
        Event::AwardAccepted { award: agreed, .. } => format!("Accepted the offer: {}", resolution(*agreed)),
        Event::DisputeWithdrawn { .. } => "The dispute was given up".to_owned(),
        Event::WithdrawalOffered { side: who } => {
            format!("{} would give the dispute up", capital(side(*who)))
        }
        Event::EscalationAsked { by } => match by {
            Some(who) => format!("{} asks for the arbiter", capital(side(*who))),
            None => "The arbiter is asked".to_owned(),
        },
        Event::ClaimFiled { reference, .. } => format!("Filed a claim: {reference}"),
        Event::Ruled { award: ruled, at_fault } => {
            let whose = at_fault.map_or(String::new(), |who| format!("; at fault: {}", side(who)));
            format!("Ruling: {}{whose}", award(*ruled))
        }
        Event::ArbiterAppointed { arbiter, .. } => format!("{arbiter} was appointed as arbiter"),
        Event::DestinationSet { payee: whose, of, destination: to } => {
            let what = match of {
                DestinationUse::Payouts => "earnings",
                DestinationUse::Refunds => "refunds",
            };
            format!("The {what} of {} go to {}", payee(whose), destination(to.as_ref()))
        }
        Event::DeadlineExtended { timer: moved, .. } => format!("A deadline was moved: {}", timer(*moved)),
        Event::Posted { reference } => return Told::Message(reference.to_string()),
        Event::TimerFired { timer: fired } => format!("Time is up. {}", timer(*fired)),
        Event::PhaseEntered { phase, .. } => return Told::Status(status(phase.status()).to_owned()),
        Event::EndingDecided { ending: how, .. } => format!("How it ends: {}", ending(how)),
        Event::CaptureOrdered { order } => {
            return Told::Quiet(format!("The bank is to capture {}", order.amount));
        }
        Event::LegOrdered { order } => {
            format!("{} is sent to {}: {}", order.amount, payee(&order.payee), purpose(order.purpose))
        }
        Event::LegWaits { amount, .. } => format!("{amount} waits, since a chargeback is open"),
        Event::LegCredited { order } => {
            format!("{} went to the balance of {}", order.amount, payee(&order.payee))
        }
        Event::LegCut { old, new, .. } => format!("A chargeback cut a payment of {old} to {new}"),
        Event::TransactionSucceeded { tx, .. } => {
            return Told::Quiet(format!("The bank has done order {tx}"));
        }
        Event::TransactionFailed { tx, reason, .. } => format!("The bank declined order {tx}: {reason}"),
        Event::AnswerDoubted { tx } => {
            format!("The bank contradicts itself about order {tx}; it is asked again")
        }
        Event::AnswerConfirmed { tx } => return Told::Quiet(format!("The bank stands by order {tx}")),
        Event::PaymentReturned { amount, .. } => format!("The payee's bank gave {amount} back"),
        Event::LegSplit { .. } => return Told::Quiet("A payment was divided".to_owned()),
        Event::LegHeldBack { chargeback, .. } => match chargeback {
            Some(_) => "A payment waits until a chargeback is decided".to_owned(),
            None => "A payment waits no more".to_owned(),
        },
        Event::LegRestored { amount, .. } => format!("{amount} is payable again"),
        Event::ReceivableRaised { receivable, .. } => {
            let (who, whom) = (payee(&receivable.debtor), payee(&receivable.payee));
            format!("{} owes {} to {whom}", capital(&who), receivable.amount)
        }
        Event::ReceivableChanged { number, new, .. } => format!("Debt {number} is {new} now"),
        Event::ReceivableSettled { number, amount, .. } => format!("{amount} of debt {number} was paid"),
        Event::ChargebackRecorded { amount, step, .. } => match step {
            Some(ChargebackStep::Opened) => format!("The payer's bank asks for {amount} back"),
            Some(ChargebackStep::Lost) => format!("The payer's bank took {amount} back"),
            Some(ChargebackStep::Won) => format!("The payer's bank gave up its claim to {amount}"),
            Some(ChargebackStep::Reinstated) => format!("The payer's bank returned {amount}"),
            None => "A chargeback met its payment".to_owned(),
        },
        Event::PotCut { .. } => return Told::Quiet("What is held was reckoned anew".to_owned()),
        Event::LegUnclaimed { .. } => {
            "Nobody has claimed a payment: it waits for its payee to say where to".to_owned()
        }
        Event::LegAsked { .. } => "A payment waits for its payee to say where it goes".to_owned(),
        Event::RequestNoted { .. } => return Told::Nothing,
        Event::DisputeClosed {} => return Told::Quiet("The dispute is closed".to_owned()),
    };
    Told::Words(words)
}
