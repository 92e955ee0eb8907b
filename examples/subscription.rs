//! A year of a monthly plan anchored on the 31st, with a failed month and a suspension:
//! `cargo run --example subscription`.

use std::error::Error;

use escrow::{Context, Currency, Machine, Money, Recorded, Time};
use escrow_market::subscription::command::{Answer, Answered, Pay, Wake};
use escrow_market::subscription::{
    Command, Event, Next, Period, Plan, Recipient, Status, SubscriptionDraft, SubscriptionTerms,
};
use escrow_market::{Subscription, SubscriptionId};

/// A bank by whose books the card had no money in the first days of May, and from 31 August on.
fn bank(now: Time) -> Result<Answered, Box<dyn Error>> {
    let at = now.to_string();
    let empty = ("2027-04-30".."2027-05-02").contains(&at.as_str())
        || ("2027-08-31".."2027-09-20").contains(&at.as_str());
    Ok(if empty {
        Answered::Declined("no money".parse()?)
    } else {
        Answered::Succeeded(format!("bank-{}", at.get(..10).unwrap_or("?")).parse()?)
    })
}

fn main() -> Result<(), Box<dyn Error>> {
    let plan = Plan::new(Money::from_minor(490_00, Currency::RUB), Period::Months(1));
    // again after one, three and five days, three days of grace, thirty days suspended
    let terms = SubscriptionTerms::new(SubscriptionDraft::new("anna".parse()?, Recipient::Platform, plan))?;
    let mut now = Time::parse("2027-01-31T09:00:00Z")?;
    let id = SubscriptionId::new("018f3c5e-0000-7000-8000-000000000002".parse()?);
    let (mut subscription, begun) =
        Subscription::subscribe(id, terms, &Context::party(now, "anna".parse()?))?;
    println!("anna pays 490 roubles a month from 31 January\n");
    begun.events().iter().for_each(tell);

    let year_is_over = Time::parse("2028-01-31T09:00:00Z")?;
    loop {
        let give = |subscription: &mut Subscription, command: Command, context: &Context| {
            let transition = subscription.handle(&command, context)?;
            // a host commits the events here, and only then has the pending charge executed
            transition.events().iter().for_each(tell);
            Ok::<(), Box<dyn Error>>(())
        };
        if let Some(pending) = subscription.pending() {
            // the same key again until there is an answer
            let (period, attempt) = (pending.charge.period, pending.charge.attempt);
            let answer = Answer { period, attempt, result: bank(now)? };
            give(&mut subscription, answer.into(), &Context::gateway(now))?;
        } else if subscription.status() == Status::Suspended {
            // eight days later anna has money again, and pays
            now = now.plus_secs(8 * 86_400);
            let (period, attempt) = subscription.charge().map_or((1, 1), |c| (c.period, c.attempt));
            let pay = Pay { period, attempt: attempt.saturating_add(1) };
            give(&mut subscription, pay.into(), &Context::party(now, "anna".parse()?))?;
        } else if let Some(deadline) = subscription.next_deadline().filter(|at| *at < year_is_over) {
            now = deadline;
            give(&mut subscription, Wake {}.into(), &Context::clock(now))?;
        } else {
            break;
        }
    }
    println!("\n{} periods are paid, and none of them twice", subscription.paid());
    Ok(())
}

fn tell(recorded: &Recorded<Event>) {
    let day = |at: Time| at.to_string().get(..10).unwrap_or("?").to_owned();
    let what = match &recorded.event {
        Event::Subscribed { .. } => "subscribed".to_owned(),
        Event::ChargeOrdered { period, attempt, amount, from, to, .. } => {
            format!("charge {period}:{attempt} of {amount} for {} to {}", day(*from), day(*to))
        }
        Event::Paid { period, attempt, reference } => format!("paid   {period}:{attempt} as {reference}"),
        Event::Declined { period, attempt, reason, next } => {
            let next = match next {
                Some(Next::Retry { at }) => format!("again on {}", day(*at)),
                Some(Next::Suspend { at }) => format!("suspended on {}", day(*at)),
                None => "nothing follows".to_owned(),
            };
            format!("no     {period}:{attempt}, {reason}: {next}")
        }
        Event::Suspended { until } => format!("SUSPENDED, to be cancelled on {}", day(*until)),
        Event::Anchored { at, period, .. } => format!("period {period} begins anew on {}", day(*at)),
        Event::PeriodsSkipped { .. }
        | Event::PlanProposed { .. }
        | Event::PlanWithdrawn { .. }
        | Event::PlanAgreed { .. }
        | Event::PlanChanged { .. }
        | Event::InstrumentSet { .. }
        | Event::CancellationScheduled { .. }
        | Event::Cancelled { .. }
        | Event::RefundOwed { .. }
        | Event::RefundSettled { .. }
        | Event::Refunded { .. }
        | Event::ChargebackRecorded { .. }
        | Event::PaymentLost { .. }
        | Event::PaymentRestored { .. } => format!("{:?}", recorded.event),
    };
    println!("{}  {what}", day(recorded.at));
}
