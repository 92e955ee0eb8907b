//! The proof of the proof: each law finds what is broken on purpose, in the same histories over which it holds.

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::laws::{self, Finding};
use escrow::deal::{Cause, PhaseKind};
use escrow::deposit::{DepositId, LegState, Purpose, TransactionState};
use escrow::settlement::Receivable;
use escrow::{Actor, Deal, Event, Money, Payee, Phase, Recorded, Rejection};
use escrow_testing::strategies::{History, Moment, histories};

/// Deals as they would be with a bug, after a step that gives occasion to it.
type Plant = fn(&Moment<'_>) -> Option<Deal>;
type StepLaw = fn(&Moment<'_>) -> Finding;

/// The first of the same histories every time in which something is found.
fn search(what: &str, mut found: impl FnMut(&History) -> bool) {
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let strategy = histories();
    for _ in 0..3_000 {
        let history = strategy.new_tree(&mut runner).unwrap().current();
        if found(&history) {
            return;
        }
    }
    panic!("not found: {what}");
}

fn finds(what: &str, law: StepLaw, plant: Plant) {
    search(what, |history| {
        let played = history.play(|m| -> Finding {
            let Some(broken) = plant(m) else { return Ok(()) };
            let mut with = *m;
            with.after = &broken;
            law(&with)
        });
        played.is_err()
    });
}

fn and_then(deal: &Deal, event: Event) -> Deal {
    let mut deal = deal.clone();
    deal.apply(&Recorded { at: deal.last_at(), actor: Actor::Gateway, via: None, event });
    deal
}

fn happened(m: &Moment<'_>, what: impl Fn(&Event) -> bool) -> Option<Event> {
    m.events().iter().map(|r| &r.event).find(|event| what(event)).cloned()
}

/// A payment is booked once more, as another transaction.
fn received_twice(m: &Moment<'_>) -> Option<Deal> {
    let mut event = happened(m, |e| matches!(e, Event::PaymentReceived { .. }))?;
    if let Event::PaymentReceived { tx, .. } = &mut event {
        *tx = escrow::TxId::new(u32::try_from(m.after.transactions().len()).unwrap() + 1);
    }
    Some(and_then(m.after, event))
}

/// What a payee was paid is paid once more: another transaction of the same sum succeeds.
fn paid_twice(m: &Moment<'_>) -> Option<Deal> {
    let mut event = happened(m, |e| matches!(e, Event::LegCredited { .. }))?;
    if let Event::LegCredited { order } = &mut event {
        order.tx = escrow::TxId::new(u32::try_from(m.after.transactions().len()).unwrap() + 1);
    }
    Some(and_then(m.after, event))
}

/// A fact is answered as if it stood already.
fn swallowed(m: &Moment<'_>) -> Option<Deal> {
    let money = |e: &Event| matches!(e, Event::PaymentReceived { .. } | Event::HoldCharged { .. });
    happened(m, money).map(|_| m.before.clone())
}

/// A debt of more than ever came in.
fn absurd_debt(m: &Moment<'_>) -> Option<Deal> {
    let liable = |e: &Event| matches!(e, Event::ReceivableRaised { cause: Cause::Liable { .. }, .. });
    let Event::ReceivableRaised { receivable, cause } = happened(m, liable)? else { return None };
    let Cause::Liable { chargeback, deposit } = cause else { return None };
    let came = m.after.deposit(deposit)?.buckets().received;
    let amount = Money::from_minor(came + 1, receivable.amount.currency());
    let cause = Cause::Liable { chargeback: chargeback + 1_000, deposit };
    Some(and_then(
        m.after,
        Event::ReceivableRaised { receivable: Receivable { amount, ..receivable }, cause },
    ))
}

/// A debt of a chargeback that nobody has lost.
fn debt_without_a_loss(m: &Moment<'_>) -> Option<Deal> {
    let ended = m.after.outcome().is_some() && m.after.chargebacks().is_empty();
    let amount = Money::from_minor(1, m.after.terms().currency);
    let (debtor, payee, purpose) = (Payee::Seller, Payee::Platform, Purpose::Chargeback);
    let cause = Cause::Liable { chargeback: 1, deposit: DepositId::BUYER_PAYMENT };
    let receivable = Receivable { debtor, payee, purpose, amount };
    ended.then(|| and_then(m.after, Event::ReceivableRaised { receivable, cause }))
}

/// What waits for a bank leaves all the same.
fn nothing_kept_back(m: &Moment<'_>) -> Option<Deal> {
    happened(m, |e| matches!(e, Event::LegOrdered { .. }))?;
    let mut deal = m.after.clone();
    for leg in m.after.legs().iter().filter(|l| l.state() == LegState::Waiting) {
        let (old, new) = (leg.amount(), Money::zero(leg.amount().currency()));
        deal = and_then(&deal, Event::LegCut { leg: leg.id(), old, new });
    }
    (deal != *m.after).then_some(deal)
}

/// What has succeeded has failed after all.
fn failed_after_all(m: &Moment<'_>) -> Option<Deal> {
    let paid = m.before.transactions().iter().find(|t| *t.state() == TransactionState::Succeeded)?;
    Some(and_then(
        m.after,
        Event::TransactionFailed { tx: paid.id(), reason: "no".parse().unwrap(), missed: false },
    ))
}

/// An order is forgotten.
fn forgotten(m: &Moment<'_>) -> Option<Deal> {
    let order = m.after.pending().next()?.transaction.id();
    Some(and_then(
        m.after,
        Event::TransactionFailed { tx: order, reason: "no".parse().unwrap(), missed: false },
    ))
}

/// A closed deal opens again.
fn open_again(m: &Moment<'_>) -> Option<Deal> {
    let phase = Phase::AwaitingDeposit { until: m.after.last_at().plus_secs(86_400) };
    let closed = m.before.phase().kind() == PhaseKind::Closed;
    closed.then(|| and_then(m.after, Event::PhaseEntered { phase, paused: None }))
}

/// A deal closes with money in it.
fn closed_too_early(m: &Moment<'_>) -> Option<Deal> {
    let outcome = escrow::Outcome::Cancelled;
    m.after
        .holds_anything()
        .then(|| and_then(m.after, Event::PhaseEntered { phase: Phase::Closed { outcome }, paused: None }))
}

#[test]
fn what_is_broken_is_found() {
    let planted: [(&str, StepLaw, Plant); 12] = [
        ("conservation: a payment twice", laws::conservation, received_twice_under_one_number),
        ("outflow: paid twice", laws::outflow_never_exceeds_inflow, paid_twice),
        ("a payment counts twice", laws::a_payment_counts_once, received_twice),
        ("an absurd debt", laws::nobody_owes_what_nobody_has, absurd_debt),
        ("a debt without a loss", laws::every_ending_keeps_its_word, debt_without_a_loss),
        ("nothing is kept back", laws::nothing_leaves_what_is_contested, nothing_kept_back),
        ("failed after all", laws::a_transaction_settles_once, failed_after_all),
        ("an order is forgotten", laws::pending_is_what_was_ordered_and_not_settled, forgotten),
        ("closed, and open again", laws::terminal_takes_only_money_facts, open_again),
        ("closed with money in it", laws::closing_pays_out_everything, closed_too_early),
        ("a chargeback forgotten", laws::nobody_owes_what_nobody_has, taken_and_owed),
        ("a debt is lost", laws::terminal_takes_only_money_facts, debts_lost),
    ];
    for (what, law, plant) in planted {
        finds(what, law, plant);
    }
}

/// A payment is booked once more under the number that it has.
fn received_twice_under_one_number(m: &Moment<'_>) -> Option<Deal> {
    let event = happened(m, |e| matches!(e, Event::PaymentReceived { .. }))?;
    Some(and_then(m.after, event))
}

/// What the pot has given to the bank is owed as well.
fn taken_and_owed(m: &Moment<'_>) -> Option<Deal> {
    let Event::PotCut { deposit, new, .. } = happened(m, |e| matches!(e, Event::PotCut { .. }))? else {
        return None;
    };
    let came = m.after.deposit(deposit)?.buckets().received;
    let cause = Cause::RefundedTwice { chargeback: 1_000, deposit };
    let (debtor, payee, purpose) = (Payee::Buyer, Payee::Platform, Purpose::Chargeback);
    let receivable = Receivable { debtor, payee, purpose, amount: Money::from_minor(came, new.currency()) };
    new.is_positive().then(|| and_then(m.after, Event::ReceivableRaised { receivable, cause }))
}

/// A deal that has ended, as it was before anybody owed anything.
fn debts_lost(m: &Moment<'_>) -> Option<Deal> {
    let owed = m.before.outcome().is_some() && !m.before.debts().is_empty();
    let mut document = serde_json::to_value(m.after).unwrap();
    let _ = document["state"]["books"].as_object_mut().unwrap().remove("debts");
    owed.then(|| serde_json::from_value(document).ok()).flatten()
}

#[test]
fn a_swallowed_fact_is_found() {
    search("a fact that is swallowed", |history| {
        laws::what_came_in_is_recorded_by(history, swallowed).is_err()
    });
}

/// A fact that the deal would take in is refused.
#[test]
fn a_refused_fact_is_found() {
    search("a fact that is refused", |history| {
        let refused = Err(Rejection::AmountTooLarge);
        let played = history.play(|m| -> Finding {
            let mut with = *m;
            with.verdict = &refused;
            laws::a_fact_is_never_refused(&with)
        });
        played.is_err()
    });
}

/// A leg that waits for what the bank has decided long ago never goes out.
#[test]
fn a_leg_that_waits_for_ever_is_found() {
    search("a leg that waits for ever", |history| {
        let played = history.play(|m| -> Finding {
            let decided = (1..).zip(m.after.chargebacks()).find(|(_, c)| c.won && c.lost.is_none());
            let waits = m.after.legs().iter().find(|l| l.state() == LegState::Declined);
            let Some(((chargeback, _), leg)) = decided.zip(waits) else { return Ok(()) };
            let chargeback = Some(chargeback);
            laws::no_deadlock(&and_then(m.after, Event::LegHeldBack { leg: leg.id(), chargeback }))
        });
        played.is_err()
    });
}
