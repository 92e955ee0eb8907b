//! What happens next if nobody does anything, and what a step pays.

use escrow::deal::command::Wake;
use escrow::deal::{Deal, Event, Status};
use escrow::deposit::Purpose;
use escrow::{Command, Context, Money, Outcome, Payee, Time, transition};
use serde::Serialize;

/// The next deadline, and what it leads to where nothing happens before it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub struct Deadline {
    /// When.
    pub at: Time,
    /// The name of the timer, as `extend` has it; of a hold or a claim with its number, `hold:7`.
    pub timer: String,
    /// The status then.
    pub then: Status,
    /// The deadline after it, where there is one then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// The outcome, where the deal has ended then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// Who gets what by it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pays: Vec<Paid>,
}

/// What somebody gets by a step, or by a deadline: what is ordered, credited, or waits.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub struct Paid {
    /// To whom.
    pub payee: Payee,
    /// Why.
    pub purpose: Purpose,
    /// How much.
    pub amount: Money,
}

impl Deadline {
    /// Asks the deal itself: a copy is woken at that instant.
    pub(super) fn of(deal: &Deal) -> Option<Self> {
        let (at, timer) = deal.next_timer()?;
        let fired = transition(deal, &Command::Wake(Wake {}), &Context::clock(at)).ok()?;
        let pays = fired.events().iter().filter_map(|recorded| Paid::by(&recorded.event)).collect();
        let after = fired.into_parts().1?;
        let next = after.next_timer().map(|(_, timer)| timer.to_string());
        Some(Self {
            at,
            timer: timer.to_string(),
            then: after.status(),
            next,
            outcome: after.outcome(),
            pays,
        })
    }
}

impl Paid {
    pub(super) fn by(event: &Event) -> Option<Self> {
        let (payee, purpose, amount) =
            if let Event::LegOrdered { order } | Event::LegCredited { order } = event {
                (&order.payee, order.purpose, order.amount)
            } else if let Event::LegWaits { payee, purpose, amount, .. } = event {
                (payee, *purpose, *amount)
            } else {
                return None;
            };
        Some(Self { payee: payee.clone(), purpose, amount })
    }
}
