//! What people read for what the deal calls by names.

mod done;
mod event;
mod next;
mod project;

use escrow::deal::{PhaseKind, Timer};
use escrow::deposit::{DepositId, LegState, Purpose};
use escrow::settlement::{Fault, Resolution, Settlement};
use escrow::{Award, Deal, Destination, Payee, Role, Side, Status, Time};

pub(crate) use done::done;
pub(crate) use event::{Told, event};
pub(crate) use next::next_step;
pub(crate) use project::{
    basket_status, movement, project_event, project_meaning, project_role, project_side, project_status,
    standing, withdrawal,
};

pub(crate) const fn status(status: Status) -> &'static str {
    match status {
        Status::Proposed => "Proposed",
        Status::AwaitingDeposit => "Waiting for the payment",
        Status::Moderation => "Being reviewed",
        Status::AwaitingPerformance => "Paid, not started",
        Status::Performing => "Under way",
        Status::AwaitingAcceptance => "Delivered, to be accepted",
        Status::Clearing => "Accepted, clearing",
        Status::Disputed => "In dispute",
        Status::Settling => "Being paid out",
        Status::CancelRequested => "Ended, money on its way",
        Status::Completed => "Completed",
        Status::Cancelled => "Cancelled",
        Status::Declined => "Turned down",
        Status::Expired => "Expired",
        Status::Resolved => "Settled",
    }
}

/// What this status means to whoever looks at it.
pub(crate) const fn meaning(status: Status) -> &'static str {
    match status {
        Status::Proposed => "The terms are on the table. The deal begins when both agree to them.",
        Status::AwaitingDeposit => "Both agree. The money is paid to the escrow agent, not to the seller.",
        Status::Moderation => "A moderator looks at the terms.",
        Status::AwaitingPerformance => "The money is safe with the escrow agent. The seller can begin.",
        Status::Performing => "The seller is at it, or the parcel is on its way. The money waits.",
        Status::AwaitingAcceptance => {
            "The buyer looks at what they got, and accepts it or says what is wrong."
        }
        Status::Clearing => "It is accepted. The money is paid out when the clearing time is over.",
        Status::Disputed => {
            "The parties disagree. Nobody gets the money before they agree, or the arbiter rules."
        }
        Status::Settling => "It is accepted, and the money is on its way.",
        Status::CancelRequested => "The deal has ended, and the money is on its way.",
        Status::Completed => "Everybody has what they were owed.",
        Status::Cancelled => "The deal was cancelled; the money went as the terms say.",
        Status::Declined => "The proposal was turned down.",
        Status::Expired => "Nobody agreed, or nobody paid, in time.",
        Status::Resolved => "The dispute was settled.",
    }
}

pub(crate) const fn phase(phase: PhaseKind) -> &'static str {
    match phase {
        PhaseKind::Proposed => "the terms are only proposed",
        PhaseKind::AwaitingDeposit => "the payment is awaited",
        PhaseKind::Moderation => "the terms are reviewed",
        PhaseKind::AwaitingPerformance => "the seller has not begun",
        PhaseKind::Performing => "it is under way",
        PhaseKind::AwaitingAcceptance => "the buyer is to accept",
        PhaseKind::Clearing => "what was accepted is clearing",
        PhaseKind::Disputed => "the dispute is open",
        PhaseKind::Paying => "the money is on its way",
        PhaseKind::Closed => "the deal is over",
    }
}

pub(crate) fn timer(timer: Timer) -> String {
    match timer {
        Timer::Proposal => "Both must have agreed".to_owned(),
        Timer::Funding => "Everything must be paid in".to_owned(),
        Timer::Moderation => "The review must be over".to_owned(),
        Timer::Start => "The seller must have begun".to_owned(),
        Timer::Performance => "It must be delivered".to_owned(),
        Timer::Acceptance => "The buyer must have accepted, or said what is wrong".to_owned(),
        Timer::Clearance => "What was accepted is paid out".to_owned(),
        Timer::Negotiation => "The parties must have settled between them".to_owned(),
        Timer::Arbitration => "The arbiter must have ruled".to_owned(),
        Timer::Hold(transaction) => format!("The hold of transaction {transaction} is captured"),
        Timer::Settlement => "What could not be paid waits until its payee says where to".to_owned(),
        Timer::Claim(transaction) => format!("The stated payment {transaction} must be confirmed"),
        Timer::Chargeback => "The bank must have decided on the chargeback".to_owned(),
    }
}

pub(crate) const fn role(role: Role) -> &'static str {
    match role {
        Role::Buyer => "the buyer",
        Role::Seller => "the seller",
        Role::Partner => "a partner",
        Role::Arbiter => "the arbiter",
        Role::Operator => "the operator",
        Role::Moderator => "a moderator",
        Role::Gateway => "the bank",
        Role::Tracker => "the carrier",
        Role::Clock => "the clock",
    }
}

pub(crate) const fn side(side: Side) -> &'static str {
    match side {
        Side::Buyer => "the buyer",
        Side::Seller => "the seller",
    }
}

pub(crate) fn payee(payee: &Payee) -> String {
    match payee {
        Payee::Buyer => "the buyer".to_owned(),
        Payee::Seller => "the seller".to_owned(),
        Payee::Platform => "the platform".to_owned(),
        Payee::Processor => "the payment processor".to_owned(),
        Payee::Party(id) => id.to_string(),
    }
}

pub(crate) const fn purpose(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Payout => "what the seller earned",
        Purpose::Service => "a service",
        Purpose::Fee => "fees",
        Purpose::ArbitrationFee => "the fee for the ruling",
        Purpose::Refund => "back to who paid it",
        Purpose::Excess => "not needed, back",
        Purpose::Returned => "the terms changed, back",
        Purpose::Guarantee => "guarantee, back",
        Purpose::Award => "the other's guarantee",
        Purpose::Charge => "an additional payment",
        Purpose::Chargeback => "a chargeback",
    }
}

pub(crate) fn deposit(id: DepositId) -> String {
    match id {
        DepositId::BUYER_PAYMENT => "the buyer's payment".to_owned(),
        DepositId::SELLER_PAYMENT => "the seller's payment".to_owned(),
        DepositId::BUYER_GUARANTEE => "the buyer's guarantee".to_owned(),
        DepositId::SELLER_GUARANTEE => "the seller's guarantee".to_owned(),
        other => {
            other.to_string().replace("charge_", "additional payment ").replace("stray_", "other currency ")
        }
    }
}

pub(crate) const fn leg_state(state: LegState) -> &'static str {
    match state {
        LegState::Ordered => "sent, the bank has not answered for good",
        LegState::Declined => "could not be paid; a new destination tries again",
        LegState::Settled => "paid",
        LegState::Credited => "on the payee's balance",
        LegState::Waiting => "waits for a chargeback to be decided",
        LegState::Dropped => "nothing is left of it",
        LegState::Unclaimed => "nobody has claimed it; a destination pays it",
    }
}

pub(crate) const fn fault(fault: Fault) -> &'static str {
    match fault {
        Fault::Buyer => "the buyer's fault",
        Fault::Seller => "the seller's fault",
        Fault::Nobody => "nobody's fault",
    }
}

pub(crate) fn award(award: Award) -> String {
    resolution(award.into())
}

pub(crate) fn resolution(resolution: Resolution) -> String {
    match resolution {
        Resolution::Amount(amount) => format!("the seller gets {amount}"),
        Resolution::Share(rate) => format!("the seller gets {rate} of what there is"),
        Resolution::BuyerAll => "the seller gets nothing".to_owned(),
        Resolution::SellerAll => "the seller gets all that there is".to_owned(),
        Resolution::Winner(winner) => format!("{} wins, with both guarantees", side(winner)),
        Resolution::CallOff => "the deal is called off, without fees".to_owned(),
    }
}

pub(crate) fn destination(destination: Option<&Destination>) -> String {
    match destination {
        Some(Destination::Account(reference)) => format!("bank account {reference}"),
        Some(Destination::Card(reference)) => format!("card {reference}"),
        Some(Destination::Wallet(reference)) => format!("wallet {reference}"),
        Some(Destination::Balance) => "the balance with the platform".to_owned(),
        None => "where the bank knows them".to_owned(),
    }
}

/// What everybody gets, in one line.
pub(crate) fn settlement(settlement: &Settlement) -> String {
    let mut parts: Vec<String> = settlement
        .shares
        .iter()
        .map(|share| format!("{} to {}", share.amount, payee(&share.payee)))
        .collect();
    parts.extend(
        settlement.receivables.iter().map(|owed| format!("{} owes {}", payee(&owed.debtor), owed.amount)),
    );
    if parts.is_empty() { "nothing moves".to_owned() } else { parts.join(", ") }
}

/// `2 days 3 hours`: the two largest units.
pub(crate) fn span(millis: u64) -> String {
    let seconds = millis.checked_div(1_000).unwrap_or(0);
    let units = [("day", 86_400_u64), ("hour", 3_600), ("minute", 60), ("second", 1)];
    let mut left = seconds;
    let mut parts = Vec::new();
    for (name, size) in units {
        let count = left.checked_div(size).unwrap_or(0);
        left = left.checked_rem(size).unwrap_or(0);
        if count > 0 {
            parts.push(format!("{count} {name}{}", if count == 1 { "" } else { "s" }));
        }
    }
    parts.truncate(2);
    if parts.is_empty() { "a moment".to_owned() } else { parts.join(" ") }
}

/// `in 2 days 3 hours`, or `2 days 3 hours ago`.
pub(crate) fn relative(at: Time, now: Time) -> String {
    if at > now {
        format!("in {}", span(at.millis_since(now)))
    } else {
        format!("{} ago", span(now.millis_since(at)))
    }
}

/// `2026-03-01 12:00 UTC`.
pub(crate) fn instant(at: Time) -> String {
    let text = at.to_string();
    let day = text.get(..10).unwrap_or_default();
    let minute = text.get(11..16).unwrap_or_default();
    format!("{day} {minute} UTC")
}

/// What a deal is about, in a few words.
pub(crate) fn subject(deal: &Deal) -> String {
    let items = &deal.terms().items;
    let first = items.first().map_or("", |item| item.name.as_str());
    match items.len().saturating_sub(1) {
        0 => first.to_owned(),
        more => format!("{first} and {more} more"),
    }
}

/// With a capital letter at the beginning.
pub(crate) fn capital(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
