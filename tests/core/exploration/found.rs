//! What the exploration has found, a history each.

use escrow::deal::PhaseKind;
use escrow::deal::command::{ChargebackStep, ConfirmPayment, Wake};
use escrow::deposit::{DepositId, LegState};
use escrow::terms::Policy;
use escrow::{Actor, Command, Context, Deal, Time};

use crate::common::{
    B, DAY, GB, GS, after, answer, buyer, cancel, chargeback, declined, guaranteed, id, judged, payment, rub,
    sale, start, succeeded, terms, text,
};

fn tell(deal: &mut Deal, now: Time, actor: Actor, command: impl Into<Command>) {
    let command = command.into();
    let done = deal.handle(&command, &Context::new(now, actor));
    let _ = done.unwrap_or_else(|e| panic!("{command:?}: {e}"));
    deal.check().unwrap();
}

fn opened(draft: escrow::TermsDraft) -> Deal {
    Deal::propose(id(), terms(judged(draft)), &Context::new(start(), buyer())).unwrap().0
}

/// A payment, or the hold of one, for three days.
fn paid(deposit: DepositId, reference: &str, minor: i64) -> ConfirmPayment {
    payment(deposit, reference, rub(minor))
}

/// Half of the seller's hold was charged, the other half cannot be let go: what was charged goes back.
///
/// 300.00 are on hold, 150.00 are charged; the void of the other 150.00 is declined, so they lapse. The refund of 150.00
/// and of the buyer's 300.00 leave nothing inside.
#[test]
fn what_was_charged_of_a_hold_goes_back_where_the_rest_of_it_lapses() {
    let mut deal = opened(guaranteed());
    tell(
        &mut deal,
        start(),
        Actor::Gateway,
        paid(GB, "paid-0", 300_00).held_until(start().plus_secs(2 * DAY)),
    );
    let now = after(DAY);
    tell(&mut deal, now, Actor::Clock, Wake {});
    tell(&mut deal, now, Actor::Gateway, paid(GS, "paid-1", 300_00).held_until(now.plus_secs(2 * DAY)));
    tell(&mut deal, now, Actor::Gateway, paid(GS, "paid-1", 150_00).capture(text("part-1"), false));
    tell(&mut deal, now, buyer(), cancel("stop"));
    // transaction 2 captures the buyer's hold, 5 lets the rest of the seller's go
    tell(&mut deal, now, Actor::Gateway, answer(5, declined()));
    tell(&mut deal, now, Actor::Gateway, answer(2, succeeded("done")));
    for tx in [6, 7] {
        tell(&mut deal, now, Actor::Gateway, answer(tx, succeeded("done")));
    }
    assert_eq!(deal.phase().kind(), PhaseKind::Closed);
    assert!(deal.money_inside().all(|m| m.is_zero()));
    assert_eq!(deal.deposit(GS).unwrap().buckets().refunded, 150_00);
}

/// While our capture of 1 000.00 is on its way the gateway charges 500.00 of the hold by itself, then ours succeeds: 1 500.00
/// came in, and what is over, 500.00, goes back.
#[test]
fn what_a_capture_takes_beyond_its_hold_goes_back() {
    let mut deal = opened(sale(Policy::shop()));
    tell(
        &mut deal,
        start(),
        Actor::Gateway,
        paid(B, "paid-0", 1_000_00).held_until(start().plus_secs(2 * DAY)),
    );
    tell(&mut deal, start(), Actor::Gateway, paid(B, "paid-0", 500_00).capture(text("part-1"), false));
    tell(&mut deal, start(), Actor::Gateway, answer(2, succeeded("done")));
    let buckets = deal.deposit(B).unwrap().buckets();
    assert_eq!((buckets.received, buckets.held, buckets.reserved), (1_500_00, 1_000_00, 500_00));
}

/// Of a refund of 1 000.00 the bank took 500.00 before it was credited, and gives 250.00 back: they are sent once. Declined
/// after the time for it is over they go to the balance, and nothing is sent anew.
#[test]
fn a_part_that_was_restored_is_not_sent_anew_when_it_is_declined() {
    let mut deal = opened(sale(Policy::shop()));
    tell(&mut deal, start(), Actor::Gateway, paid(B, "paid-0", 1_000_00));
    tell(&mut deal, after(7 * DAY), Actor::Clock, Wake {});
    tell(&mut deal, after(7 * DAY), Actor::Gateway, answer(2, declined()));
    let lost = |minor, step| chargeback("case", "paid-0", minor, step);
    tell(&mut deal, after(7 * DAY), Actor::Gateway, lost(500_00, ChargebackStep::Lost));
    tell(&mut deal, after(12 * DAY), Actor::Clock, Wake {});
    tell(&mut deal, after(12 * DAY), Actor::Gateway, lost(250_00, ChargebackStep::Reinstated));
    tell(&mut deal, after(12 * DAY), Actor::Gateway, answer(4, declined()));
    assert!(!deal.has_pending(), "{:?}", deal.transactions());
    let credited = deal.legs().iter().filter(|l| l.state() == LegState::Credited);
    // 500.00 when the time was over, 250.00 now
    assert_eq!(credited.map(|l| l.amount().minor()).collect::<Vec<_>>(), [500_00, 250_00]);
}
