//! Every sum of a machine, as JSON.

use escrow::deposit::Buckets;
use escrow::{Currency, Deal, Money};
use escrow_market::basket::{Parts, RefundState};
use escrow_market::project::{self, Run, Standing};
use escrow_market::subscription;
use escrow_market::{Balance, Basket, Project, Subscription};
use serde_json::{Map, Value, json};

use super::super::report::Report;
use super::names::Names;

/// A deal: what the report of a scenario of one deal has.
pub(super) fn deal(deal: &Deal) -> Value {
    let mut report = Report::new(String::new());
    report.describe(deal);
    json!({
        "kind": "deal",
        "status": report.status,
        "outcome": report.outcome,
        "quote": report.quote,
        "legs": report.legs,
        "payees": report.payees,
        "receivables": report.receivables,
        "deposits": report.deposits,
        "strays": report.strays,
        "payments": report.payments,
        "chargebacks": report.chargebacks,
        "debts": report.debts,
        "platform": report.platform,
        "deadline": report.deadline,
        "next_deadline": deal.next_deadline(),
        "version": escrow::Machine::version(deal),
    })
}

/// A deal in a few words: between steps.
pub(super) fn deal_in_short(of: &Deal) -> Value {
    let mut value = deal(of);
    if let Some(object) = value.as_object_mut() {
        object.remove("quote");
    }
    value
}

pub(super) fn project(
    project: &Project,
    journal: &[escrow::Recorded<project::Event>],
    deals: &dyn Fn(escrow::DealId) -> Option<Deal>,
    names: &Names,
) -> Value {
    let ending = journal.iter().find_map(|recorded| match &recorded.event {
        project::Event::Closed { because } => Some(*because),
        project::Event::Proposed { .. }
        | project::Event::AmendmentProposed { .. }
        | project::Event::AmendmentWithdrawn { .. }
        | project::Event::Agreed { .. }
        | project::Event::MilestoneBegun { .. }
        | project::Event::BasketAsked { .. }
        | project::Event::MilestoneReached { .. }
        | project::Event::MilestoneLapsed { .. }
        | project::Event::Halted { .. }
        | project::Event::Continued { .. }
        | project::Event::Stopped { .. } => None,
    });
    let milestone = |run: &Run| {
        let open = deals(run.deal);
        json!({
            "deal": names.deal(run.deal),
            "reached": reached(&run.standing),
            "status": open.as_ref().map(Deal::status),
            "outcome": open.as_ref().and_then(Deal::outcome),
        })
    };
    let planned: Vec<String> = project.planned().iter().map(|m| names.deal(m.deal)).collect();
    let open: Vec<Deal> = project.begun().iter().filter_map(|run| deals(run.deal)).collect();
    json!({
        "kind": "project",
        "status": project.status().as_str(),
        "ending": ending,
        "milestones": project.begun().iter().map(milestone).collect::<Vec<_>>(),
        "planned": planned,
        "proposal": { "version": project.proposal().version, "fate": project.proposal().fate },
        "totals": totals(&open, project.terms().currency),
        "next_deadline": escrow::Machine::next_deadline(project),
        "version": escrow::Machine::version(project),
    })
}

fn reached(standing: &Standing) -> &'static str {
    use escrow_market::project::command::{Ended, Reached};
    match standing {
        Standing::Begun { .. } => "begun",
        Standing::Lapsed => "lapsed",
        Standing::Reached(Reached::Opened) => "opened",
        Standing::Reached(Reached::Accepted) => "accepted",
        Standing::Reached(Reached::Ended(Ended::Completed)) => "completed",
        Standing::Reached(Reached::Ended(Ended::Otherwise)) => "ended_otherwise",
    }
}

/// What all deposits of these deals in this currency have received, and where it is.
fn totals(deals: &[Deal], currency: Currency) -> Value {
    let mut sum = Buckets::default();
    let here = deals.iter().flat_map(Deal::deposits).filter(|d| d.required().currency() == currency);
    for deposit in here {
        let of = deposit.buckets();
        sum.received = sum.received.saturating_add(of.received);
        sum.held = sum.held.saturating_add(of.held);
        sum.reserved = sum.reserved.saturating_add(of.reserved);
        sum.paid_out = sum.paid_out.saturating_add(of.paid_out);
        sum.refunded = sum.refunded.saturating_add(of.refunded);
        sum.charged_back = sum.charged_back.saturating_add(of.charged_back);
    }
    Value::Object(buckets(&sum, currency))
}

fn buckets(of: &Buckets, currency: Currency) -> Map<String, Value> {
    let Buckets { received, held, reserved, paid_out, refunded, charged_back } = *of;
    let all = [
        ("received", received),
        ("held", held),
        ("reserved", reserved),
        ("paid_out", paid_out),
        ("refunded", refunded),
        ("charged_back", charged_back),
    ];
    all.into_iter()
        .map(|(name, minor)| (name.to_owned(), json!(Money::from_minor(minor, currency))))
        .collect()
}

pub(super) fn basket(basket: &Basket, names: &Names) -> Value {
    let currency = basket.currency();
    let money = |minor| Money::from_minor(minor, currency);
    let parts = |parts: &Option<Parts>| {
        parts.as_ref().map(|parts| {
            let lines: Vec<Money> = parts.lines.iter().map(|minor| money(*minor)).collect();
            json!({ "lines": lines, "rest": money(parts.rest) })
        })
    };
    let line = |(n, line): (usize, &escrow_market::basket::Line)| {
        let paid = basket.payments().iter().filter_map(|p| p.parts.get(n));
        let paid = paid.fold(0_i64, |sum, part| sum.saturating_add(*part));
        let (deal, left) = (names.deal(line.deal), basket.left().contains(&line.deal));
        json!({ "deal": deal, "deposit": line.deposit, "amount": line.amount, "paid": money(paid), "left": left })
    };
    let payment = |(n, payment): (usize, &escrow_market::basket::Payment)| {
        let mut sums = buckets(&basket.sums(n), payment.amount.currency());
        sums.insert("gateway".to_owned(), json!(payment.gateway));
        sums.insert("reference".to_owned(), json!(payment.reference));
        sums.insert("owed".to_owned(), json!(basket.owed(n)));
        sums
    };
    let refund = |(number, refund): (u32, &escrow_market::basket::Refund)| {
        let state = match refund.state {
            RefundState::Ordered => "ordered",
            RefundState::Paid(_) => "paid",
            RefundState::Declined(_) => "declined",
        };
        let source = basket.payments().get(refund.payment).map(|p| p.reference.clone());
        let back: Vec<Money> = refund.returned.iter().map(|back| back.amount).collect();
        json!({
            "number": number, "source": source, "amount": refund.amount, "state": state, "returned": back,
            "replaced_by": refund.replaced_by,
        })
    };
    let case = |case: &escrow_market::basket::Case| {
        json!({
            "reference": case.id, "payment": case.payment, "opened": case.opened, "won": case.won,
            "lost": case.lost, "reinstated": case.reinstated, "opened_on": parts(&case.opened_on),
            "lost_on": parts(&case.lost_on), "reinstated_on": parts(&case.reinstated_on),
        })
    };
    json!({
        "kind": "basket",
        "status": basket.status().as_str(),
        "outstanding": basket.outstanding(),
        "lines": basket.draft().lines.iter().enumerate().map(line).collect::<Vec<_>>(),
        "payments": basket.payments().iter().enumerate().map(payment).collect::<Vec<_>>(),
        "refunds": (1..).zip(basket.refunds()).map(refund).collect::<Vec<_>>(),
        "chargebacks": basket.cases().iter().map(case).collect::<Vec<_>>(),
        "next_deadline": escrow::Machine::next_deadline(basket),
        "version": escrow::Machine::version(basket),
    })
}

pub(super) fn balance(balance: &Balance) -> Value {
    let money = |minor| Money::from_minor(minor, balance.currency());
    let sums = balance.sums();
    let withdrawals = (1..=balance.last_number()).filter_map(|n| balance.withdrawal(n));
    let withdrawal = |w: &escrow_market::balance::Withdrawal| {
        let back: Vec<Money> = w.returned.iter().map(|back| back.amount).collect();
        json!({
            "number": w.number, "status": w.status().as_str(), "amount": w.amount, "fee": w.fee,
            "destination": w.destination, "returned": back,
        })
    };
    json!({
        "kind": "balance",
        "holder": balance.holder(),
        "credited": money(sums.credited),
        "available": money(sums.available),
        "clearing": money(sums.clearing),
        "reserved": money(sums.reserved),
        "paid_out": money(sums.paid_out),
        "fees": money(sums.fees),
        "debited": money(sums.debited),
        "clears": balance.clearing_by_time().collect::<Vec<_>>(),
        "withdrawals": withdrawals.map(withdrawal).collect::<Vec<_>>(),
        "next_deadline": escrow::Machine::next_deadline(balance),
        "version": escrow::Machine::version(balance),
    })
}

pub(super) fn subscription(
    subscription: &Subscription,
    journal: &[escrow::Recorded<subscription::Event>],
) -> Value {
    let refund = |owed: subscription::PendingRefund<'_>| json!({ "period": owed.period, "attempt": owed.attempt, "amount": owed.amount });
    json!({
        "kind": "subscription",
        "status": subscription.status().as_str(),
        "served": subscription.is_served(),
        "plan": subscription.plan(),
        "next_plan": subscription.next_plan(),
        "paid": subscription.paid(),
        "skipped": subscription.skipped(),
        "charges": charges(journal),
        "chargebacks": subscription.chargebacks().collect::<Vec<_>>(),
        "refunded": subscription.refunded().collect::<Vec<_>>(),
        "owed_back": subscription.refunds().map(refund).collect::<Vec<_>>(),
        "ends_at": subscription.ends_at(),
        "next_deadline": escrow::Machine::next_deadline(subscription),
        "version": escrow::Machine::version(subscription),
    })
}

/// Every attempt to charge, and what came of it.
fn charges(journal: &[escrow::Recorded<subscription::Event>]) -> Vec<Value> {
    use subscription::Event;
    let mut charges: Vec<(u32, u16, Value)> = Vec::new();
    for recorded in journal {
        let (period, attempt, result) = match &recorded.event {
            Event::ChargeOrdered { period, attempt, amount, from, to, .. } => {
                let ordered = json!({
                    "period": period, "attempt": attempt, "at": recorded.at, "from": from, "to": to,
                    "amount": amount, "result": "pending",
                });
                charges.push((*period, *attempt, ordered));
                continue;
            }
            Event::Paid { period, attempt, .. } => (period, attempt, "paid"),
            Event::Declined { period, attempt, .. } => (period, attempt, "declined"),
            Event::RefundOwed { period, attempt, .. } => (period, attempt, "owed_back"),
            Event::RefundSettled { period, attempt, .. } => (period, attempt, "gone_back"),
            Event::PaymentLost { period, attempt, .. } => (period, attempt, "charged_back"),
            Event::PaymentRestored { period, attempt } => (period, attempt, "paid"),
            Event::Subscribed { .. }
            | Event::Suspended { .. }
            | Event::PeriodsSkipped { .. }
            | Event::Anchored { .. }
            | Event::PlanProposed { .. }
            | Event::PlanWithdrawn { .. }
            | Event::PlanAgreed { .. }
            | Event::PlanChanged { .. }
            | Event::InstrumentSet { .. }
            | Event::Refunded { .. }
            | Event::ChargebackRecorded { .. }
            | Event::CancellationScheduled { .. }
            | Event::Cancelled { .. } => continue,
        };
        let of = charges.iter_mut().find(|(p, a, _)| (p, a) == (period, attempt));
        if let Some(charge) = of.and_then(|(_, _, charge)| charge.as_object_mut()) {
            charge.insert("result".to_owned(), json!(result));
        }
    }
    charges.into_iter().map(|(_, _, charge)| charge).collect()
}
