//! `transition`: judges a command and says what follows.

use super::Events;
use super::command::Command;
use super::draft::Draft;
use super::event::Event;
use super::table::{self, Permit};
use super::{Deal, Rejection, repeat, rules};
use crate::deposit::{Order, Purpose};
use crate::fingerprint::Fingerprint;
use crate::{Actor, Context, Money, Payee, Role, Time, Transition};

/// Judges a command: what happens, or why it does not.
///
/// Pure and total: reads no clock, draws no id, and costs the same however long the deal's history is. Due timers
/// fire first, each at its own instant; then the command is judged on the deal after them, in this order: who the actor
/// is, whether the command is a repeat (no events), staleness, role, phase, guard, money, content.
///
/// # Errors
/// [`Rejection`] says why; the due timers have not fired either, as far as the deal is concerned: nothing is kept
/// of a transition that is not committed.
pub fn transition(deal: &Deal, command: &Command, context: &Context) -> Result<Transition, Rejection> {
    let now = context.now.max(deal.last_at());
    if deal.is_due(now) {
        return overdue(deal, command, context, now);
    }
    let Some(role) = admit(deal, command, context)? else { return Ok(Transition::default()) };
    let (mut events, mut after) = (Events::new(), None);
    let stamp = (now, &context.actor, context.via.as_ref());
    judge(&mut Draft::on_copy(deal, &mut after, &mut events, stamp), command, role, context)?;
    Ok(Transition::new(events, after))
}

impl Deal {
    /// Judges a command, and folds what follows into the deal. Copies nothing, unless a timer is due.
    ///
    /// # Errors
    /// The [`Rejection`] of [`transition`]; the deal is as it was.
    pub fn handle(&mut self, command: &Command, context: &Context) -> Result<Transition, Rejection> {
        let now = context.now.max(self.last_at());
        if self.is_due(now) {
            let (events, after) = overdue(self, command, context, now)?.into_parts();
            if let Some(after) = after {
                *self = after;
            }
            return Ok(Transition::new(events, None));
        }
        let Some(role) = admit(self, command, context)? else { return Ok(Transition::default()) };
        let mut events = Events::new();
        let stamp = (now, &context.actor, context.via.as_ref());
        judge(&mut Draft::in_place(self, &mut events, stamp), command, role, context)?;
        Ok(Transition::new(events, None))
    }
}

impl Transition {
    /// What the gateway is to do now, in order.
    pub fn orders(&self) -> impl Iterator<Item = &Order> {
        self.events().iter().filter_map(|recorded| recorded.event.order())
    }

    /// Who gets what by this transition: every leg that is ordered, credited or made to wait, a new attempt at a declined
    /// leg included.
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

/// Off the hot path: timers are due, so the command is judged on a copy on which they have fired.
#[cold]
#[inline(never)]
fn overdue(deal: &Deal, command: &Command, context: &Context, now: Time) -> Result<Transition, Rejection> {
    let (mut events, mut after) = (Events::new(), None);
    fire_due(deal, &mut after, &mut events, now);
    let view = after.as_ref().unwrap_or(deal);
    if let Some(role) = admit(view, command, context)? {
        let stamp = (now, &context.actor, context.via.as_ref());
        judge(&mut Draft::on_copy(deal, &mut after, &mut events, stamp), command, role, context)?;
    }
    Ok(Transition::new(events, after))
}

/// Fires every timer that is due at `now`, each at its own instant, on a copy of the deal.
pub(super) fn fire_due(deal: &Deal, after: &mut Option<Deal>, events: &mut Events, now: Time) {
    while let Some((due, timer)) = after.as_ref().unwrap_or(deal).next_timer().filter(|(due, _)| *due <= now)
    {
        let at = due.max(after.as_ref().unwrap_or(deal).last_at());
        rules::timers::fire(&mut Draft::on_copy(deal, after, events, (at, &Actor::Clock, None)), timer);
    }
}

/// The role in which the actor may give this command now; `None` for a repeat.
fn admit(deal: &Deal, command: &Command, context: &Context) -> Result<Option<Role>, Rejection> {
    let role = deal.role_of(&context.actor).ok_or(Rejection::UnknownActor)?;
    let (kind, phase) = (command.kind(), deal.phase().kind());
    let permit = table::cell(kind, phase, role);
    // the same request again is a repeat, however far the deal has moved on
    let noted = |id| deal.clockwork().request(id, role.side());
    match context.request_id.as_ref().and_then(noted) {
        Some(known) if known == (kind, fingerprint(command)) => return Ok(None),
        Some(_) => return Err(Rejection::KeyReused),
        None => {}
    }
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

/// One exhaustive match: which rule a command goes to. A rule judges before its first push: what it refuses has not
/// changed anything.
#[expect(clippy::unit_arg, reason = "a rule that the table alone could refuse returns nothing")]
fn judge(deal: &mut Draft<'_>, command: &Command, role: Role, context: &Context) -> Result<(), Rejection> {
    let actor = &context.actor;
    use rules::{
        acceptance, agreement, answers, bounces, cancellation, chargebacks, charges, costs, debts,
        destinations, dispute, moderation, notes, payins, performance, proposal, timers, tracking,
    };
    let pushed = deal.pushed();
    let judged = match command {
        Command::Amend(c) => proposal::amend(deal, c, role),
        Command::Annotate(c) => proposal::annotate(deal, c, role),
        Command::Agree(c) => proposal::agree(deal, c, role),
        Command::RequestPayment(c) => payins::request(deal, c, role),
        Command::ConfirmPayment(c) => payins::confirm(deal, c),
        Command::Remark(c) => Ok(moderation::remark(deal, c)),
        Command::Approve(_) => Ok(moderation::approve(deal)),
        Command::Attach(c) => notes::attach(deal, c, role),
        Command::SetTrack(c) => Ok(tracking::set(deal, c)),
        Command::RemoveTrack(_) => Ok(tracking::remove(deal)),
        Command::RecordTracking(c) => tracking::record(deal, c),
        Command::StartPerforming(_) => Ok(performance::start(deal)),
        Command::StopPerforming(_) => Ok(performance::stop(deal)),
        Command::Submit(c) => performance::submit(deal, c),
        Command::RequestChanges(c) => acceptance::request_changes(deal, c),
        Command::Accept(c) => acceptance::accept(deal, c),
        Command::Report(c) => Ok(acceptance::report(deal, c, role)),
        Command::IncurCost(c) => costs::incur(deal, c, role, actor),
        Command::AddCharge(c) => charges::add(deal, c, role),
        Command::Cancel(c) => Ok(cancellation::cancel(deal, c, role)),
        Command::OpenDispute(c) => Ok(dispute::open_by_party(deal, c, role)),
        Command::ProposeAward(c) => agreement::propose(deal, c, role),
        Command::AcceptAward(c) => agreement::accept(deal, c, role),
        Command::WithdrawDispute(c) => dispute::withdraw(deal, *c, role),
        Command::GiveBack(c) => agreement::give_back(deal, c),
        Command::Escalate(_) => Ok(dispute::escalate(deal, role)),
        Command::FileClaim(c) => Ok(dispute::file_claim(deal, c, role)),
        Command::Rule(c) => dispute::rule(deal, c),
        Command::AppointArbiter(c) => dispute::appoint(deal, c),
        Command::Answer(c) => answers::answer(deal, c),
        Command::SetDestination(c) => destinations::set(deal, c, role, actor),
        Command::RedirectRefund(c) => destinations::redirect(deal, c, role, actor),
        Command::Chargeback(c) => chargebacks::record(deal, c),
        Command::Returned(c) => bounces::returned(deal, c),
        Command::SettleReceivable(c) => debts::settle(deal, c),
        Command::Extend(c) => timers::extend(deal, *c),
        Command::Post(c) => Ok(notes::post(deal, c)),
        Command::Wake(_) => Ok(()),
    };
    if judged.is_ok() && deal.pushed() > pushed {
        agreement::review(deal);
    }
    if let Some(id) = context.request_id.as_ref().filter(|_| judged.is_ok() && deal.pushed() > pushed) {
        let (request_id, by, content) = (id.clone(), role.side(), fingerprint(command));
        deal.push(Event::RequestNoted { request_id, command: command.kind(), content, by });
    }
    debug_assert!(judged.is_ok() || deal.pushed() == pushed, "refused after something had happened");
    judged
}

/// What a command says, to tell it from another one under the same request id.
fn fingerprint(command: &Command) -> u64 {
    let mut of = Fingerprint::new();
    of.add(format_args!("{command:?}"));
    of.get()
}
