//! Permission, and facts.

use crate::laws::no_deadlock::order_reference;
use crate::laws::{Finding, ensure, woken};
use escrow::deal::command::{Answered, ChargebackStep};
use escrow::deal::{CommandKind, Debt, PhaseKind, leads};
use escrow::deposit::{LegState, TransactionKind, TransactionState};
use escrow::{Actor, Command, Context, Money, Rejection, Terms, Transaction, transition};
use escrow_testing::strategies::{Moment, everybody};

/// What the gateway says of an order, a payment or a chargeback is taken in, in every phase.
pub fn a_fact_is_never_refused(m: &Moment<'_>) -> Finding {
    if m.context.actor != Actor::Gateway {
        return Ok(());
    }
    let deal = woken(m.before, m.context.now)?;
    let sound = |id, amount: Money| {
        let deposit = deal.deposit(id);
        amount.is_positive() && deposit.is_some_and(|d| d.required().currency() == amount.currency())
    };
    let came = |t: &Transaction| *t.state() == TransactionState::Succeeded;
    let is_sound = match m.command {
        Command::Answer(c) => deal.pending_one(c.transaction).is_some_and(|order| match &c.result {
            Answered::Succeeded(reference) => *reference == order_reference(order.transaction.unwrap()),
            Answered::Declined(_) | Answered::InProgress => true,
        }),
        // what is known already may contradict it
        Command::ConfirmPayment(c) => {
            let known = |t: &Transaction| {
                t.gateway() == Some(&c.gateway) && t.reference() == Some(&c.reference) && came(t)
            };
            sound(c.deposit, c.amount)
                && c.amount.minor() <= Terms::MAX_AMOUNT
                && !deal.transactions().iter().any(known)
        }
        Command::Returned(c) => deal.transaction(c.transaction).is_some_and(|t| {
            let legs = deal.legs().iter();
            let sent = legs.filter(|l| t.leg() == Some(l.id())).any(|l| l.state() != LegState::Credited);
            let out =
                matches!(t.kind(), TransactionKind::Refund | TransactionKind::Payout | TransactionKind::Fee);
            // what came back before may contradict it
            let of_it = t.bounced() == 0 && (1..=t.amount().minor()).contains(&c.amount.minor());
            out && sent && came(t) && of_it && t.amount().currency() == c.amount.currency()
        }),
        Command::Chargeback(c) => {
            let known = deal.chargebacks().iter().find(|b| b.id == c.reference);
            // money that came in by the payment; a hold is none until it is captured
            let receipt = |t: &Transaction| {
                let money = match t.kind() {
                    TransactionKind::Charge => Some(t),
                    TransactionKind::Capture => t.source().and_then(|id| deal.transaction(id)),
                    _ => None,
                };
                let named = money
                    .is_some_and(|t| t.gateway() == Some(&c.gateway) && t.reference() == Some(&c.payment));
                let meant = c.deposit.is_none_or(|id| t.deposit() == id);
                named && meant && came(t) && t.amount().currency() == c.amount.currency()
            };
            let payment = deal.transactions().iter().any(receipt);
            let goes_on = known.is_none_or(|b| {
                let same = b.gateway == c.gateway && b.payment == c.payment && b.deposit == c.deposit;
                let follows = match (b.step(), c.step) {
                    (ChargebackStep::Opened, ChargebackStep::Won | ChargebackStep::Lost)
                    | (ChargebackStep::Won, ChargebackStep::Lost) => true,
                    (ChargebackStep::Lost, ChargebackStep::Reinstated) => {
                        b.lost.is_some_and(|lost| c.amount.minor() <= lost.minor())
                    }
                    _ => false,
                };
                same && follows
            });
            let starts = known.is_some() || c.step != ChargebackStep::Reinstated;
            let meant = c.deposit.is_none_or(|id| deal.deposit(id).is_some());
            payment && goes_on && starts && meant && c.amount.is_positive()
        }
        _ => false,
    };
    match m.verdict {
        Err(e) if is_sound => Err(format!("a fact is refused: {e}")),
        _ => Ok(()),
    }
}

/// What is accepted leaves the phase as it is, or leads where the table says; what was due has led before it.
pub fn a_command_leads_where_the_table_says(m: &Moment<'_>) -> Finding {
    if m.verdict.is_err() {
        return Ok(());
    }
    let then = woken(m.before, m.context.now)?;
    let (from, to, kind) = (then.phase().kind(), m.after.phase().kind(), m.command.kind());
    let role = then.role_of(&m.context.actor).ok_or("accepted from a stranger")?;
    ensure!(from == to || leads(kind, from, role).contains(&to), "{kind} by {role} led from {from} to {to}");
    Ok(())
}

/// Closed stays closed, as it was; what pays never goes back to what was before.
pub fn terminal_takes_only_money_facts(m: &Moment<'_>) -> Finding {
    let (before, after) = (m.before.phase(), m.after.phase());
    if let Some(outcome) = before.outcome() {
        ensure!(after.outcome() == Some(outcome), "{before:?} became {after:?}");
        ensure!(m.before.ending() == m.after.ending(), "the ending changed");
        let mut kept = m.before.debts().iter().zip(m.after.debts());
        let same = |(b, a): (&Debt, &Debt)| {
            (b.number, &b.debtor, &b.payee, b.cause) == (a.number, &a.debtor, &a.payee, a.cause)
        };
        ensure!(m.after.debts().len() >= m.before.debts().len() && kept.all(same), "a debt is lost");
        ensure!(
            m.before.terms().changed_in(m.after.terms()).all(escrow::terms::TermsField::is_note)
                && m.before.dispute() == m.after.dispute(),
            "a closed deal changed"
        );
    }
    if before.kind() == PhaseKind::Closed {
        ensure!(before == after, "{before:?} became {after:?}");
        let by_command = m.events().iter().any(|r| r.actor == m.context.actor && r.actor != Actor::Clock);
        let is_money = matches!(
            m.command.kind(),
            CommandKind::ConfirmPayment
                | CommandKind::Answer
                | CommandKind::Returned
                | CommandKind::Chargeback
                | CommandKind::SettleReceivable
                | CommandKind::SetDestination
                | CommandKind::RedirectRefund
        );
        ensure!(!by_command || is_money, "closed, and yet {} brings {:?}", m.command.kind(), m.events());
    }
    let open = m.after.dispute().is_some_and(|d| d.status() == escrow::dispute::DisputeStatus::Open);
    ensure!(open == (after.kind() == PhaseKind::Disputed), "a dispute without its phase: {after:?}");
    Ok(())
}

/// What `allowed` denies is refused for that very reason, unless it already stands; what it allows is refused for its
/// content only.
pub fn allowed_agrees_with_transition(m: &Moment<'_>) -> Finding {
    let (command, now) = (m.command, m.context.now);
    for actor in everybody(m.before) {
        let context = Context::new(now, actor.clone());
        let allowed = m.before.allowed(&actor, now).check(command.kind());
        let verdict = transition(m.before, command, &context);
        match (allowed, verdict) {
            (Err(denied), Err(refused)) => {
                ensure!(denied == refused, "{actor}: allowed says {denied}, transition {refused}");
            }
            (Err(denied), Ok(t)) => {
                let own = t.events().iter().find(|r| r.actor != Actor::Clock);
                ensure!(own.is_none(), "{actor}: denied ({denied}), and yet {own:?}");
            }
            (Ok(()), Err(refused)) => {
                let by_table = matches!(
                    refused,
                    Rejection::UnknownActor
                        | Rejection::WrongRole { .. }
                        | Rejection::WrongPhase { .. }
                        | Rejection::Guard(_)
                );
                ensure!(!by_table, "{actor}: allowed, and yet {refused}");
            }
            (Ok(()), Ok(_)) => {}
        }
    }
    Ok(())
}
