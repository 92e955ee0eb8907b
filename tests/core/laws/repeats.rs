//! Rejections and repeats.

use std::collections::BTreeSet;

use crate::laws::{Finding, ensure, woken};
use escrow::deal::command::{Answered, WithdrawDispute};
use escrow::deal::{PhaseKind, Timer};
use escrow::deposit::TransactionState;
use escrow::{Command, Event, Recorded, RejectionClass, Time, Transaction, transition};
use escrow_testing::strategies::{History, Moment};

pub fn a_rejection_changes_nothing(m: &Moment<'_>) -> Finding {
    let mut deal = m.before.clone();
    let handled = deal.handle(m.command, m.context);
    let same = match (&handled, m.verdict) {
        (Ok(handled), Ok(decided)) => {
            handled.events() == decided.events() && decided.after().is_none_or(|after| *after == deal)
        }
        (Err(handled), Err(decided)) => handled == decided,
        (Ok(_), Err(_)) | (Err(_), Ok(_)) => false,
    };
    ensure!(same, "handle says {handled:?}, transition {:?}", m.verdict);
    match m.verdict {
        Ok(_) => ensure!(deal == *m.after, "handle and apply differ"),
        Err(rejection) => {
            ensure!(deal == *m.before && m.before == m.after, "refused, and yet changed");
            ensure!(!rejection.code().is_empty(), "{rejection:?} has no code");
            let conflict = rejection.class() == RejectionClass::Conflict;
            ensure!(conflict || !rejection.is_transient(), "{rejection:?} passes, and is no conflict");
        }
    }
    Ok(())
}

/// The same command once more: Ok, with no events.
pub fn a_repeat_changes_nothing(m: &Moment<'_>) -> Finding {
    if m.verdict.is_err() {
        return Ok(());
    }
    // a deadline is due at once where a hold is born that late, or its margin is made that long, and where the
    // calendar ends; then the repeat finds a timer to fire
    let deal = woken(m.after, m.context.now)?;
    let now = m.context.now.max(m.after.last_at());
    if let Some((_, timer)) = m.after.next_timer().filter(|(due, _)| *due <= now) {
        let late = matches!(timer, Timer::Hold(_)) || now == Time::MAX;
        ensure!(late, "a deadline is due the moment it is set: {timer:?}");
    }
    // a dispute that was given up and opened again by what waited: without the opening's number a retry is a word on
    // the new one
    let nameless = WithdrawDispute::new().into();
    if *m.command == nameless && m.after.phase().kind() == PhaseKind::Disputed {
        return Ok(());
    }
    match transition(&deal, m.command, m.context) {
        Ok(again) => ensure!(again.is_empty(), "the repeat brings {:?}", again.events()),
        Err(e) => return Err(format!("the repeat is refused: {e}")),
    }
    let again = woken(&deal, m.context.now)?;
    ensure!(again == deal, "waking twice is not waking once");
    Ok(())
}

/// The gateway may repeat what it said at any later time.
pub fn a_late_repeat_of_a_fact_changes_nothing(history: &History) -> Finding {
    let (mut facts, mut doubted) = (Vec::new(), BTreeSet::new());
    let end = history.play(|m| -> Finding {
        let is_fact = match m.command {
            Command::ConfirmPayment(_)
            | Command::Chargeback(_)
            | Command::Returned(_)
            | Command::SettleReceivable(_) => true,
            Command::Answer(c) => c.result != Answered::InProgress,
            _ => false,
        };
        let in_doubt = |r: &Recorded| match &r.event {
            Event::AnswerDoubted { tx } => Some(*tx),
            // what was declined went through after all
            Event::TransactionSucceeded { tx, .. } => {
                let declined = |t: &Transaction| !t.is_pending() && *t.state() != TransactionState::Succeeded;
                m.before.transaction(*tx).is_some_and(declined).then_some(*tx)
            }
            _ => None,
        };
        doubted.extend(m.events().iter().filter_map(in_doubt));
        if is_fact && m.verdict.is_ok() {
            facts.push((m.command.clone(), m.context.clone()));
        }
        Ok(())
    })?;
    let deal = woken(&end.deal, end.now)?;
    // of what the gateway has contradicted itself each word is another one
    let is_doubted = |command: &Command| match command {
        Command::Answer(c) => doubted.contains(&c.transaction),
        _ => false,
    };
    for (command, mut context) in facts.into_iter().filter(|(command, _)| !is_doubted(command)) {
        context.now = end.now;
        match transition(&deal, &command, &context) {
            Ok(t) => ensure!(t.is_empty(), "{command:?} comes once more, late, and brings {:?}", t.events()),
            Err(e) => {
                let what = command.kind();
                return Err(format!("late once more, {what} is refused: {e}; {command:?}"));
            }
        }
    }
    Ok(())
}
