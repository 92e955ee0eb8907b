//! Time.

use crate::laws::{Finding, ensure, json, woken};
use escrow::{Actor, Command, Context, Event, Status, Time, transition};
use escrow_testing::strategies::{History, Moment};

/// An instant before the latest one counts as the latest one.
pub fn the_clock_steps_back_in_vain(m: &Moment<'_>) -> Finding {
    let mut context = m.context.clone();
    context.now = context.now.max(m.before.last_at());
    ensure!(
        transition(m.before, m.command, &context) == *m.verdict,
        "an earlier instant has another verdict"
    );
    context.now = Time::MIN;
    let steady = context.clone();
    context.now = m.before.last_at();
    let (earliest, latest) =
        (transition(m.before, m.command, &steady), transition(m.before, m.command, &context));
    ensure!(earliest == latest, "at the dawn of time: {earliest:?}, now: {latest:?}");
    Ok(())
}

/// What nobody has to look at before they act.
fn is_aside(event: &Event) -> bool {
    let notes = matches!(event, Event::Posted { .. } | Event::Attached { .. } | Event::Annotated { .. });
    let tracking =
        matches!(event, Event::TrackSet { .. } | Event::TrackRemoved {} | Event::TrackingRecorded { .. });
    let own = matches!(
        event,
        Event::PaymentRequested { .. }
            | Event::PaymentStated { .. }
            | Event::DestinationSet { .. }
            | Event::ClaimFiled { .. }
            | Event::RequestNoted { .. }
    );
    notes || tracking || own
}

pub fn time_and_versions_run_forward(m: &Moment<'_>) -> Finding {
    let (before, after) = (m.before, m.after);
    let mut last = before.last_at();
    let (mut version, mut revision) = (before.version(), before.revision());
    for recorded in m.events() {
        ensure!(recorded.at >= last, "time runs backwards: {last} then {recorded:?}");
        let latest = m.context.now.max(before.last_at());
        ensure!(recorded.at <= latest, "an event of the future: {recorded:?}");
        last = recorded.at;
        version += 1;
        match &recorded.actor {
            // messages, documents, tracking, notes, and what somebody arranges for themselves
            _ if is_aside(&recorded.event) => {}
            Actor::Party(_) | Actor::Operator(_) | Actor::Moderator(_) => revision = version,
            Actor::Gateway | Actor::Tracker | Actor::Clock => {}
        }
        let by_timer = recorded.actor == Actor::Clock;
        let via = if recorded.actor == m.context.actor { &m.context.via } else { &None };
        ensure!(
            recorded.via == *via || by_timer && recorded.via.is_none(),
            "{recorded:?} is via somebody else"
        );
        ensure!(by_timer || recorded.actor == m.context.actor, "{recorded:?} is not by {}", m.context.actor);
    }
    ensure!(after.version() == version, "version {}, expected {version}", after.version());
    ensure!(after.revision() == revision, "revision {}, expected {revision}", after.revision());
    ensure!(after.last_at() == last, "last at {}, expected {last}", after.last_at());
    ensure!(after.status_change().at <= last, "the status changed in the future");
    if after.status() != before.status() {
        ensure!(after.status_change().previous.is_some(), "no previous status");
    } else if m.events().is_empty() {
        ensure!(after.status_change() == before.status_change(), "the status change changed");
    }
    ensure!(after.status() != Status::Proposed || before.status() == Status::Proposed, "back to a proposal");
    Ok(())
}

/// The same history with a wake at every deadline, and with none: the same events, the same verdicts, the same deal.
pub fn punctuality(history: &History) -> Finding {
    let history = history.steady();
    let start = history.begin();
    let mut prompt = start.deal;
    let mut journal = start.journal;
    let mut late = journal.clone();
    let wake = Command::Wake(Default::default());
    let end = history.play(|m| {
        let now = m.context.now;
        for _ in 0..100 {
            let Some(due) = prompt.next_deadline().filter(|due| *due <= now) else { break };
            let fired =
                prompt.handle(&wake, &Context::clock(due)).map_err(|e| format!("wake is refused: {e}"))?;
            ensure!(!fired.is_empty(), "a wake at the deadline {due} does nothing");
            journal.extend(fired.into_events());
        }
        let (actor, before) = (&m.context.actor, m.before);
        ensure!(
            prompt.allowed(actor, now) == before.allowed(actor, now),
            "prompt and late allow different things"
        );
        let verdict = prompt.handle(m.command, m.context);
        late.extend(m.events().iter().cloned());
        match (verdict, m.verdict) {
            (Ok(t), Ok(_)) => {
                journal.extend(t.into_events());
                ensure!(prompt == *m.after, "prompt {prompt:?}, late {:?}", m.after);
                ensure!(journal == late, "the journals differ");
                Ok(())
            }
            (Err(prompt), Err(late)) => {
                ensure!(prompt == *late, "prompt refuses with {prompt}, late with {late}");
                Ok(())
            }
            (prompt, late) => Err(format!("prompt says {prompt:?}, late {late:?}")),
        }
    })?;
    let (prompt, late) = (woken(&prompt, end.now)?, woken(&end.deal, end.now)?);
    ensure!(json(&prompt)? == json(&late)?, "prompt {prompt:?}, late {late:?}");
    Ok(())
}
