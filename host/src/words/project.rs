//! Projects and balances in words.

use escrow::Side;
use escrow_market::balance::{Movement, MovementKind, Origin, WithdrawalStatus};
use escrow_market::basket::Status as BasketStatus;
use escrow_market::project::command::{Ended, Reached};
use escrow_market::project::{Ending, Event, Role, Standing, Status};

pub(crate) const fn project_status(status: Status) -> &'static str {
    match status {
        Status::Proposed => "Proposed",
        Status::Active => "Under way",
        Status::Halted => "Halted",
        Status::Stopping => "Stopped, the rest runs on",
        Status::Closed => "Over",
    }
}

pub(crate) const fn project_meaning(status: Status) -> &'static str {
    match status {
        Status::Proposed => "The milestones are on the table. Nothing is owed before both agree.",
        Status::Active => "Both agree. Every milestone is a deal of its own, with its own money.",
        Status::Halted => "A milestone was not accepted. The customer says whether it goes on.",
        Status::Stopping => "Nothing new begins. What had begun runs on to its end.",
        Status::Closed => "Nothing runs any more, and nothing is to come.",
    }
}

pub(crate) const fn project_role(role: Role) -> &'static str {
    match role {
        Role::Customer => "the customer",
        Role::Contractor => "the contractor",
        Role::Operator => "the operator",
        Role::Clock => "the clock",
    }
}

pub(crate) const fn project_side(side: Side) -> &'static str {
    match side {
        Side::Buyer => "the customer",
        Side::Seller => "the contractor",
    }
}

pub(crate) const fn standing(standing: &Standing) -> &'static str {
    match standing {
        Standing::Begun { .. } => "begins",
        Standing::Lapsed => "was not opened in time",
        Standing::Reached(Reached::Opened) => "under way",
        Standing::Reached(Reached::Accepted) => "accepted",
        Standing::Reached(Reached::Ended(Ended::Completed)) => "completed",
        Standing::Reached(Reached::Ended(Ended::Otherwise)) => "ended without being accepted",
    }
}

pub(crate) const fn basket_status(status: BasketStatus) -> &'static str {
    match status {
        BasketStatus::Open => "waits for the payment",
        BasketStatus::Full => "paid",
        BasketStatus::GivenUp => "given up",
    }
}

/// What happened to a project.
pub(crate) fn project_event(event: &Event) -> String {
    match event {
        Event::Proposed { by, terms, .. } => {
            format!("{} proposed {} milestones", super::capital(project_side(*by)), terms.milestones.len())
        }
        Event::AmendmentProposed { by, milestones, version } => format!(
            "{} proposed what is to come, as version {version}: {} milestones",
            super::capital(project_side(*by)),
            milestones.len()
        ),
        Event::AmendmentWithdrawn { version } => format!("Version {version} was withdrawn"),
        Event::Agreed { version, by } => {
            format!("{} agreed to version {version}", super::capital(project_side(*by)))
        }
        Event::MilestoneBegun { terms, .. } => {
            let name = terms.items.first().map_or("", |item| item.name.as_str());
            format!("The milestone “{name}” begins")
        }
        Event::BasketAsked { .. } => "All milestones are to be paid at once".to_owned(),
        Event::MilestoneReached { reached, .. } => match reached {
            Reached::Opened => "The deal of a milestone is open".to_owned(),
            Reached::Accepted => "A milestone was accepted".to_owned(),
            Reached::Ended(Ended::Completed) => "A milestone is completed".to_owned(),
            Reached::Ended(Ended::Otherwise) => "A milestone ended without being accepted".to_owned(),
        },
        Event::MilestoneLapsed { .. } => "A milestone was not opened in time".to_owned(),
        Event::Halted { .. } => "The project halts".to_owned(),
        Event::Continued { .. } => "The project goes on".to_owned(),
        Event::Stopped { reason } if reason.is_empty() => "The project was stopped".to_owned(),
        Event::Stopped { reason } => format!("The project was stopped: {reason}"),
        Event::Closed { because } => match because {
            Ending::Finished => "Every milestone is over".to_owned(),
            Ending::Stopped => "It is over, since it was stopped".to_owned(),
            Ending::Declined => "It was turned down".to_owned(),
            Ending::Expired => "Nobody agreed in time".to_owned(),
        },
    }
}

pub(crate) const fn withdrawal(status: WithdrawalStatus) -> &'static str {
    match status {
        WithdrawalStatus::Requested => "waits for its code",
        WithdrawalStatus::Sent => "sent, the bank has not answered for good",
        WithdrawalStatus::Paid => "paid",
        WithdrawalStatus::Failed => "the bank declined it, and the money is back",
        WithdrawalStatus::Cancelled => "cancelled",
        WithdrawalStatus::Expired => "its code was not entered in time",
    }
}

/// A line of a balance's statement.
pub(crate) fn movement(movement: &Movement) -> String {
    let what = match movement.kind {
        MovementKind::Credit => "earned",
        MovementKind::Clear => "can be withdrawn now",
        MovementKind::Debit => "taken for a debt",
        MovementKind::Restore => "given back of what was taken for a debt",
        MovementKind::Reserve => "set aside for a withdrawal",
        MovementKind::PayOut => "paid out",
        MovementKind::Bounce => "given back by the bank",
        MovementKind::Return => "back from a withdrawal",
    };
    match movement.origin {
        Origin::Withdrawal(number) => format!("{what}, withdrawal {number}"),
        Origin::Deal(_) | Origin::Clearance => what.to_owned(),
    }
}
