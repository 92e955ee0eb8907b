//! The laws of a repository of deals, beside those of an event sink.

use super::try_all;
use super::{Conformance, NotConforming, Tried, Verdict, act, buyer, deal_id, ensure, sale, seller, start};
use crate::known;
use escrow::deal::Deal;
use escrow::deal::command::{Accept, Answer, Answered, ConfirmPayment, StartPerforming};
use escrow::deposit::DepositId;
use escrow::port::{Aggregate, Commit, blocking};
use escrow::{Actor, Context, DealId, Time};

/// Tries every law of [`blocking::Repository`] on a repository of deals, which may have others in it. What commits must keep
/// is the business of [`event_sink`](super::event_sink), which takes a reference to it.
///
/// # Errors
/// [`NotConforming`] says which laws are broken, and how.
pub fn repository<R: blocking::Repository<Deal>>(
    fresh: impl Fn() -> R,
) -> Result<Conformance, NotConforming> {
    let fresh = &fresh;
    try_all(vec![
        ("what is not stored is not there", Box::new(|| absent(&fresh()))),
        ("what is loaded is what was committed", Box::new(|| loaded(&fresh()))),
        ("what is due is found, at its instant and not before", Box::new(|| due(&fresh()))),
        ("the earliest is due first", Box::new(|| in_order(&fresh()))),
        ("what is unanswered is found until it is answered", Box::new(|| unanswered(&fresh()))),
    ])
}

/// More than the suite ever has stored.
const MANY: u32 = 100_000;

fn just_before(time: Time) -> Time {
    Time::from_millis(time.millis().saturating_sub(1)).unwrap_or(Time::MIN)
}

fn failed<E>(_: E) -> String {
    "the storage failed".to_owned()
}

fn begin<R: blocking::Repository<Deal>>(repository: &R, id: DealId, at: Time) -> Result<Deal, String> {
    let context = Context::new(at, seller());
    let (deal, transition) = Deal::propose(id, sale()?, &context).map_err(|e| e.to_string())?;
    repository
        .commit(Commit::new(None, transition.events(), &deal, context.now))
        .map_err(|_| "a new deal is not committed".to_owned())?;
    Ok(deal)
}

fn step<R: blocking::Repository<Deal>>(
    repository: &R,
    deal: &mut Deal,
    command: impl Into<escrow::Command>,
    actor: Actor,
) -> Result<(), String> {
    let before = deal.clone();
    let events = act(deal, command, actor)?;
    repository
        .commit(Commit::new(Some(&before), &events, deal, deal.last_at()))
        .map_err(|_| "a step is not committed".to_owned())
}

fn absent<R: blocking::Repository<Deal>>(repository: &R) -> Verdict {
    let stored = repository.load(deal_id(21, 0)).map_err(failed)?;
    ensure(stored.is_none(), || "a deal that nobody committed is there".to_owned())?;
    Ok(Tried::Held)
}

fn loaded<R: blocking::Repository<Deal>>(repository: &R) -> Verdict {
    let mut deal = begin(repository, deal_id(22, 0), start())?;
    for paid in [false, true] {
        if paid {
            let amount = deal.terms().quote().deposit;
            let payment =
                ConfirmPayment::charged(DepositId::BUYER_PAYMENT, known("bank"), known("payment"), amount);
            step(repository, &mut deal, payment, Actor::Gateway)?;
        }
        let stored = repository.load(deal.id()).map_err(failed)?;
        ensure(stored.as_ref() == Some(&deal), || format!("{stored:?} is loaded, and {deal:?} was stored"))?;
    }
    Ok(Tried::Held)
}

fn due<R: blocking::Repository<Deal>>(repository: &R) -> Verdict {
    let mut deal = begin(repository, deal_id(23, 0), start())?;
    let deadline = deal.next_deadline().ok_or("the suite's own deal waits for nothing")?;
    let found = |at| repository.due(at, MANY).map(|ids| ids.contains(&deal_id(23, 0))).map_err(failed);
    ensure(!found(just_before(deadline))?, || "it is due before its deadline".to_owned())?;
    ensure(found(deadline)?, || "it is not due at its deadline".to_owned())?;
    let amount = deal.terms().quote().deposit;
    let payment = ConfirmPayment::charged(DepositId::BUYER_PAYMENT, known("bank"), known("payment"), amount);
    step(repository, &mut deal, payment, Actor::Gateway)?;
    let later = deal.next_deadline().ok_or("it is to be performed by a time")?;
    ensure(later > deadline && !found(deadline)?, || "its earlier deadline is still there".to_owned())?;
    ensure(found(later)?, || "its new deadline is not there".to_owned())?;
    Ok(Tried::Held)
}

fn in_order<R: blocking::Repository<Deal>>(repository: &R) -> Verdict {
    // 2025-03-01T12:00:00Z: a year before everything else in here
    let long_ago = Time::from_millis(1_740_830_400_000).unwrap_or(Time::MIN);
    for (number, late_s) in (0..).zip([30, 10, 20]) {
        begin(repository, deal_id(24, number), long_ago.plus_secs(late_s))?;
    }
    let deal = repository.load(deal_id(24, 0)).map_err(failed)?.ok_or("it was just stored")?;
    let last = deal.next_deadline().ok_or("it waits for its deposit")?;
    let ids = repository.due(last, MANY).map_err(failed)?;
    let expected = [deal_id(24, 1), deal_id(24, 2), deal_id(24, 0)];
    ensure(ids == expected, || format!("{ids:?} are due, and should be {expected:?}"))?;
    let first = repository.due(last, 2).map_err(failed)?;
    ensure(first == expected[..2], || format!("of two, {first:?} are due"))?;
    Ok(Tried::Held)
}

fn unanswered<R: blocking::Repository<Deal>>(repository: &R) -> Verdict {
    let id = deal_id(25, 0);
    let mut deal = begin(repository, id, start())?;
    let amount = deal.terms().quote().deposit;
    let payment = ConfirmPayment::charged(DepositId::BUYER_PAYMENT, known("bank"), known("payment"), amount);
    let found = |at| repository.unanswered(at, MANY).map(|ids| ids.contains(&id)).map_err(failed);
    step(repository, &mut deal, payment, Actor::Gateway)?;
    step(repository, &mut deal, StartPerforming {}, seller())?;
    let late = deal.last_at().plus_secs(86_400);
    ensure(!found(late)?, || "it is unanswered before it has ordered anything".to_owned())?;
    step(repository, &mut deal, Accept::default(), buyer())?;
    let since = deal.listing().pending_since.ok_or("the suite's own deal has orders")?;
    ensure(found(late)?, || "its orders are not found".to_owned())?;
    ensure(!found(just_before(since))?, || "its orders are found before they were made".to_owned())?;
    let orders: Vec<_> = deal.pending().map(|order| order.number()).collect();
    for order in orders {
        ensure(found(late)?, || format!("order {order} is not found, though others are answered"))?;
        let answer = Answer::new(order, Answered::Succeeded(known("done")));
        step(repository, &mut deal, answer, Actor::Gateway)?;
    }
    ensure(!found(late)?, || "it is found though every order is answered".to_owned())?;
    Ok(Tried::Held)
}
