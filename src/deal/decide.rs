//! `transition`: judges a command and says what follows. Reads, never writes.

use super::command::Command;
use super::draft::Draft;
use super::event::Event;
use super::table::{self, Permit};
use super::{Deal, Rejection, repeat, rules};
use crate::deposit::Order;
use crate::machine::Events;
use crate::settlement::Purpose;
use crate::{Actor, Context, Money, Payee, Role, Time, Transition};

impl Transition {
    /// What the gateway is to do now, in order.
    pub fn orders(&self) -> impl Iterator<Item = &Order> {
        self.events().iter().filter_map(|recorded| recorded.event.order())
    }

    /// Who gets what by this transition: every leg that is ordered, credited or made to wait, with a repeated
    /// attempt of a declined one among them.
    pub fn split(&self) -> impl Iterator<Item = (&Payee, Purpose, Money)> {
        self.events().iter().filter_map(|recorded| {
            if let Event::LegOrdered { order } | Event::LegCredited { order } = &recorded.event {
                Some((&order.payee, order.purpose, order.amount))
            } else if let Event::LegWaits { payee, purpose, amount, .. } = &recorded.event {
                Some((payee, *purpose, *amount))
            } else {
                None
            }
        })
    }
}

/// Judges a command: what happens, or why it does not.
///
/// Pure and total: reads no clock, draws no id, and costs the same however long the deal's history is. Due timers
/// fire first, each at its own instant; then the command is judged on what they left, in this order: who the actor
/// is, whether the command already stands (no events), staleness, role, phase, guard, money, content.
///
/// # Errors
/// [`Rejection`] says why; the due timers have not fired either, as far as the deal is concerned: nothing is kept
/// unless the transition is applied.
pub fn transition(deal: &Deal, command: &Command, context: &Context) -> Result<Transition, Rejection> {
    let Some(case) = Case::open(deal, command, context)? else { return Ok(Transition::default()) };
    let mut events = Events::new();
    case.decide(deal, command, context, &mut events)?;
    if events.is_empty() {
        return Ok(Transition::default());
    }
    let mut after = deal.clone();
    events.iter().for_each(|recorded| after.apply(recorded));
    Ok(Transition::new(events, Some(after)))
}

/// A command that may be given, before it is decided what follows from it.
#[derive(Clone, Copy)]
pub(super) enum Case {
    /// By this role, at this instant.
    Admitted(Role, Time),
    /// Timers are due at this instant: they fire before anything is said of the command.
    Overdue(Time),
}

impl Case {
    /// Looks at who gives the command and when, and touches no list of events: what is refused, or stands already
    /// (`None`), costs no more than that.
    #[inline]
    pub(super) fn open(deal: &Deal, command: &Command, context: &Context) -> Result<Option<Self>, Rejection> {
        let now = context.now.max(deal.last_at());
        if deal.is_due(now) {
            return Ok(Some(Self::Overdue(now)));
        }
        Ok(admit(deal, command, context)?.map(|role| Self::Admitted(role, now)))
    }

    /// Adds what follows to the events, which stay with the caller: a list of them is large, and moving it costs as
    /// much as a rule.
    #[inline]
    pub(super) fn decide(
        self,
        deal: &Deal,
        command: &Command,
        context: &Context,
        events: &mut Events,
    ) -> Result<(), Rejection> {
        match self {
            Self::Admitted(role, now) => decide(deal, command, role, context, now, events),
            Self::Overdue(now) => overdue(deal, command, context, now, events),
        }
    }
}

/// Off the hot path: timers are due, so the command is judged on a copy on which they have fired.
#[cold]
#[inline(never)]
fn overdue(
    deal: &Deal,
    command: &Command,
    context: &Context,
    now: Time,
    events: &mut Events,
) -> Result<(), Rejection> {
    let view = fire_due(deal, now, events)?;
    match admit(&view, command, context)? {
        Some(role) => decide(&view, command, role, context, now, events),
        None => Ok(()),
    }
}

/// The deal after every timer that is due at `now`; what happened is added to the events.
pub(super) fn fire_due(deal: &Deal, now: Time, events: &mut Events) -> Result<Deal, Rejection> {
    let mut view = deal.clone();
    while let Some((due, timer)) = view.next_timer().filter(|(due, _)| *due <= now) {
        let before = events.len();
        let mut out = Draft::new(&view, due.max(view.last_at()), &Actor::Clock, None, events)?;
        rules::timer::fire(&view, timer, &mut out)?;
        events.iter().skip(before).for_each(|recorded| view.apply(recorded));
    }
    Ok(view)
}

/// As whom the actor may give this command now; `None` where it already stands.
fn admit(deal: &Deal, command: &Command, context: &Context) -> Result<Option<Role>, Rejection> {
    let role = deal.role_of(&context.actor).ok_or(Rejection::UnknownActor)?;
    let (kind, phase) = (command.kind(), deal.phase().kind());
    let permit = table::cell(kind, phase, role);
    // a role that never may, has nothing to repeat
    if permit != Permit::WrongRole && repeat::already_stands(deal, command, role, &context.actor) {
        return Ok(None);
    }
    if let Some(seen) = context.seen
        && seen != deal.revision()
    {
        return Err(Rejection::Stale { seen, actual: deal.revision() });
    }
    permit.check(deal, kind, phase, role)?;
    Ok(Some(role))
}

/// One exhaustive match: which rule a command goes to.
fn decide(
    deal: &Deal,
    command: &Command,
    role: Role,
    context: &Context,
    now: Time,
    events: &mut Events,
) -> Result<(), Rejection> {
    use rules::{
        acceptance, cancellation, chargeback, dispute, funding, moderation, notes, paying, performance,
        proposal,
    };
    let actor = &context.actor;
    let out = &mut Draft::new(deal, now, actor, context.via.as_ref(), events)?;
    match command {
        Command::Amend(c) => proposal::amend(deal, c, role, out),
        Command::Agree(c) => proposal::agree(deal, c, role, out),
        Command::RequestPayment(c) => funding::request(deal, c, role, out),
        Command::ConfirmPayment(c) => funding::confirm(deal, c, out),
        Command::Moderate(c) => moderation::moderate(deal, c, out),
        Command::Attach(c) => notes::attach(deal, c, out),
        Command::SetTrack(c) => performance::set_track(deal, c, out),
        Command::RemoveTrack(_) => performance::remove_track(deal, out),
        Command::RecordTracking(c) => performance::record(deal, c, out),
        Command::StartPerforming(_) => performance::start(deal, out),
        Command::StopPerforming(_) => performance::stop(deal, out),
        Command::Submit(c) => performance::submit(deal, c, out),
        Command::RequestChanges(c) => acceptance::request_changes(deal, c, out),
        Command::Accept(c) => acceptance::accept(deal, c, out),
        Command::Report(c) => acceptance::report(deal, c, role, out),
        Command::IncurCost(c) => performance::incur(deal, c, role, actor, out),
        Command::AddCharge(c) => funding::add_charge(deal, c, out),
        Command::Cancel(c) => cancellation::cancel(deal, c, role, out),
        Command::OpenDispute(c) => dispute::open_by_party(deal, c, role, out),
        Command::ProposeAward(c) => dispute::propose(deal, c, role, out),
        Command::AcceptAward(c) => dispute::accept(deal, c, role, out),
        Command::WithdrawDispute(c) => dispute::withdraw(deal, *c, role, out),
        Command::FileClaim(c) => dispute::file_claim(c, role, out),
        Command::Rule(c) => dispute::rule(deal, c.award, c.at_fault, out),
        Command::AppointArbiter(c) => dispute::appoint(deal, c, out),
        Command::Answer(c) => paying::answer(deal, c, out),
        Command::SetDestination(c) => paying::set_destination(deal, c, role, actor, out),
        Command::Chargeback(c) => chargeback::record(deal, c, out),
        Command::Extend(c) => rules::timer::extend(deal, *c, out),
        Command::Post(c) => notes::post(c, out),
        Command::Wake(_) => Ok(()),
    }
}
