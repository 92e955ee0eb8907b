//! Money: what came in, what there is, what went out.

use std::collections::{BTreeMap, BTreeSet};

use crate::laws::no_deadlock::{Ways, finish};
use crate::laws::{Finding, ensure};
use escrow::deal::PhaseKind;
use escrow::deposit::{DepositId, HoldState, LegState, Purpose, TransactionKind, TransactionState};
use escrow::{Deal, Event, Phase};
use escrow_testing::strategies::Moment;

/// Every invariant after every step; the buckets add up after every single event.
pub fn conservation(m: &Moment<'_>) -> Finding {
    let mut view = m.before.clone();
    for recorded in m.events() {
        view.apply(recorded);
        for deposit in view.deposits() {
            let b = deposit.buckets();
            ensure!(b.conserve(), "{}: {b:?} after {:?}", deposit.id(), recorded.event);
            ensure!(
                (0..=b.held).contains(&deposit.on_hold().minor()),
                "{}: on hold {} of {b:?}",
                deposit.id(),
                deposit.on_hold()
            );
        }
    }
    m.after.check().map_err(|e| format!("check: {e}"))
}

/// What has really come in and gone out, told from the transactions alone: a hold is no money until it is captured.
pub fn outflow_never_exceeds_inflow(m: &Moment<'_>) -> Finding {
    let deal = m.after;
    for deposit in deal.deposits() {
        let (mut cash_in, mut out, mut ordered) = (0_i64, 0_i64, 0_i64);
        for t in deal.transactions().iter().filter(|t| t.deposit() == deposit.id()) {
            let amount = t.amount().minor();
            let done = *t.state() == TransactionState::Succeeded;
            match t.kind() {
                TransactionKind::Charge | TransactionKind::Capture if done => cash_in += amount,
                TransactionKind::Refund | TransactionKind::Payout | TransactionKind::Fee => {
                    if done {
                        out += amount;
                    } else if t.is_pending() {
                        ordered += amount;
                    }
                }
                _ => {}
            }
        }
        ensure!(
            out + ordered <= cash_in,
            "{}: {cash_in} came in, {out} went out and {ordered} is ordered",
            deposit.id()
        );
    }
    // no payment goes back more than once
    for t in deal.transactions().iter().filter(|t| t.kind().is_inbound()) {
        let back = deal
            .transactions()
            .iter()
            .filter(|b| b.source() == Some(t.id()) && b.kind() != TransactionKind::Capture);
        let live = back.filter(|b| !matches!(b.state(), TransactionState::Failed(_)));
        let sum: i64 = live.map(|b| b.amount().minor()).sum();
        ensure!(sum <= t.amount().minor(), "transaction {} of {} goes back as {sum}", t.id(), t.amount());
    }
    Ok(())
}

/// One payment at one gateway is recorded at most once, whoever names it.
pub fn a_payment_counts_once(m: &Moment<'_>) -> Finding {
    let mut seen = BTreeSet::new();
    for t in m.after.transactions().iter().filter(|t| t.kind().is_inbound() && !t.is_pending()) {
        if *t.state() == TransactionState::Succeeded {
            let name = t.gateway().map(|g| g.as_str()).zip(t.reference().map(|r| r.as_str()));
            ensure!(name.is_some(), "transaction {} has no name at its gateway", t.id());
            ensure!(seen.insert(name), "{name:?} counts twice");
        }
    }
    Ok(())
}

/// Nobody loses more by an ending than the deposit that was agreed, however much they have put on hold.
pub fn nobody_pays_more_than_was_agreed(m: &Moment<'_>) -> Finding {
    let mut out = BTreeMap::<DepositId, i64>::new();
    for leg in m.after.legs().iter().filter(|l| !l.purpose().goes_back()) {
        *out.entry(leg.deposit()).or_default() += leg.amount().minor();
    }
    for (id, sum) in out {
        let required = m.after.deposit(id).unwrap().required();
        ensure!(sum <= required.minor(), "{sum} goes out of {id}, which requires {required}");
    }
    Ok(())
}

/// At the end nothing is left that nobody has a claim to; once nothing is on its way, nothing is reserved.
pub fn closing_pays_out_everything(m: &Moment<'_>) -> Finding {
    let deal = m.after;
    if deal.phase().kind() != PhaseKind::Closed {
        return Ok(());
    }
    let unsettled = |deal: &Deal| deal.legs().iter().any(|l| !l.is_settled());
    let on_its_way = unsettled(deal);
    for deposit in deal.deposits() {
        let b = deposit.buckets();
        ensure!(b.held == 0 && deposit.on_hold().is_zero(), "closed, and {} holds {b:?}", deposit.id());
        ensure!(on_its_way || b.reserved == 0, "nothing is on its way, and {} reserves {b:?}", deposit.id());
    }
    let leg = deal.legs().iter().find(|l| l.state() == LegState::Ordered);
    ensure!(leg.is_none() || deal.has_pending(), "{leg:?} is ordered, and nothing is pending");
    let mut view = m.before.clone();
    for recorded in m.events() {
        view.apply(recorded);
        let closes = matches!(recorded.event, Event::PhaseEntered { phase: Phase::Closed { .. }, .. });
        ensure!(!(closes && unsettled(&view)), "closes while a leg is on its way");
    }
    Ok(())
}

/// Brought to its end, the deal has nothing left.
pub fn ends_empty(deal: &Deal) -> Finding {
    let end = finish(deal, Ways::PROMPT)?;
    for deposit in end.deposits() {
        let b = deposit.buckets();
        ensure!(b.held == 0 && b.reserved == 0, "at the end {} has {b:?}", deposit.id());
        let open =
            |t: &&escrow::Transaction| matches!(t.hold(), Some(HoldState::Open { .. } | HoldState::Closing));
        let hold = end.transactions().iter().find(open);
        ensure!(hold.is_none(), "at the end a hold is open: {hold:?}");
    }
    Ok(())
}

/// While a chargeback of a deposit is open, nothing leaves it; while a capture is unanswered, nothing is divided.
pub fn nothing_leaves_what_is_contested(m: &Moment<'_>) -> Finding {
    let mut view = m.before.clone();
    for recorded in m.events() {
        if let Event::LegOrdered { order } | Event::LegCredited { order } = &recorded.event
            && order.kind != TransactionKind::Void
        {
            let capturing = |t: &escrow::Transaction| {
                t.kind() == TransactionKind::Capture && t.is_pending() && t.deposit() == order.deposit
            };
            let divides = !matches!(order.purpose, Purpose::Excess | Purpose::Returned);
            ensure!(
                !(divides && view.transactions().iter().any(capturing)),
                "a capture is open, and yet {order:?}"
            );
        }
        view.apply(recorded);
    }
    Ok(())
}
