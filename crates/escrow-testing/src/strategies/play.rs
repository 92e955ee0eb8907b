//! A history is played, step by step.

use super::cast::{buyer_of, everybody, operator, seller_of};
use super::commands;
use super::history::{Act, History, Move, Step};
use super::salt::{Salt, nth, sound, text};
use escrow::Recorded;
use escrow::deal::CommandKind;
use escrow::{Actor, Command, Context, Deal, DealId, Rejection, Time, Transition, transition};

/// One step as it was played.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Moment<'m> {
    /// Which step, counted from zero.
    pub number: usize,
    /// The deal before.
    pub before: &'m Deal,
    /// What was tried.
    pub command: &'m Command,
    /// Who tried it, and when.
    pub context: &'m Context,
    /// The verdict: [`transition`] of `before`.
    pub verdict: &'m Result<Transition, Rejection>,
    /// The deal with the events applied; as before, where the command was rejected.
    pub after: &'m Deal,
}

impl Moment<'_> {
    /// What happened; nothing, where the command was rejected.
    pub fn events(&self) -> &[Recorded] {
        self.verdict.as_ref().map_or(&[], |t| t.events())
    }
}

/// A deal that is being played, with its journal.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Play {
    /// The deal as it is now.
    pub deal: Deal,
    /// Every event of the deal, the proposal first.
    pub journal: Vec<Recorded>,
    /// Every command that was tried, accepted or not.
    pub taken: Vec<(Command, Context)>,
    /// What the host's clock shows.
    pub now: Time,
}

impl History {
    /// The deal as it is proposed, before the first step.
    pub fn begin(&self) -> Play {
        let now = self.start;
        let proposers = [buyer_of(&self.terms), seller_of(&self.terms), operator()];
        let context = Context::new(now, nth(&proposers, self.proposer.into()));
        let (deal, transition) = sound(Deal::propose(deal_id(), self.terms.clone(), &context));
        Play { deal, journal: transition.into_events().into_vec(), taken: Vec::new(), now }
    }

    /// Plays it, has `look` look at every step, and returns where it ends.
    ///
    /// # Errors
    /// The first one that `look` returns.
    pub fn play<E>(&self, mut look: impl FnMut(&Moment<'_>) -> Result<(), E>) -> Result<Play, E> {
        let mut play = self.begin();
        for (number, step) in self.steps.iter().enumerate() {
            let moment = step.moment(&play.deal, play.now);
            play.now = if self.steady { moment.max(play.now) } else { moment };
            let (command, context) = step.command(&play.deal, play.now, &play.taken);
            let verdict = transition(&play.deal, &command, &context);
            let mut after = play.deal.clone();
            for recorded in verdict.iter().flat_map(Transition::events) {
                after.apply(recorded);
            }
            look(&Moment {
                number,
                before: &play.deal,
                command: &command,
                context: &context,
                verdict: &verdict,
                after: &after,
            })?;
            play.journal.extend(verdict.into_iter().flat_map(Transition::into_events));
            play.deal = after;
            play.taken.push((command, context));
        }
        Ok(play)
    }
}

impl Step {
    /// What the host's clock shows at this step, if it has shown `now` before.
    pub fn moment(&self, deal: &Deal, now: Time) -> Time {
        let deadline = deal.next_deadline().unwrap_or(now);
        match self.clock {
            Move::Stand => now,
            Move::Tick(millis) => now.plus_millis(u64::from(millis)),
            Move::Towards(part) => {
                now.plus_millis((deadline.millis_since(now) / 256).saturating_mul(u64::from(part)))
            }
            Move::JustBefore => sound(Time::from_millis(deadline.millis().saturating_sub(1))).max(now),
            Move::ToDeadline => deadline.max(now),
            Move::Past(seconds) => deadline.max(now).plus_secs(seconds),
            Move::Back(seconds) => now.minus_secs(seconds),
        }
    }

    /// The command of this step, and who gives it; `taken` is what was tried before, the latest last.
    pub fn command(&self, deal: &Deal, now: Time, taken: &[(Command, Context)]) -> (Command, Context) {
        choose(deal, now, taken, self.act, self.salt)
    }

    /// Whether the clock is stopped.
    pub const fn stands(&self) -> bool {
        matches!(self.clock, Move::Stand)
    }

    /// The same step while the clock is stopped.
    #[must_use]
    pub fn standing(self) -> Self {
        Self { clock: Move::Stand, ..self }
    }
}

fn deal_id() -> DealId {
    DealId::new(uuid::Uuid::from_u128(0x4000_8000_0000_0000_0001))
}

/// The command of a step, and who gives it; `taken` is what was tried before.
pub(super) fn choose(
    deal: &Deal,
    now: Time,
    taken: &[(Command, Context)],
    act: Act,
    salt: u64,
) -> (Command, Context) {
    let mut salt = Salt::new(salt);
    let wake = || (Actor::Clock, Command::Wake(Default::default()));
    let (actor, command) = match act {
        Act::Forward => commands::forward(deal, now, &mut salt),
        Act::Answer => (Actor::Gateway, commands::answer(deal, &mut salt)),
        Act::Pay => (Actor::Gateway, commands::payment(deal, now, &mut salt)),
        Act::Chargeback => (Actor::Gateway, commands::aftermath(deal, &mut salt)),
        Act::Wake => wake(),
        Act::Allowed(who) => allowed(deal, now, who, &mut salt).unwrap_or_else(wake),
        Act::Hostile(who, what) => {
            let actor = nth(&everybody(deal), who.into());
            let kind = nth(&CommandKind::ALL, what.into());
            let command = commands::of_kind(deal, kind, &actor, now, &mut salt);
            (actor, command)
        }
        Act::Again(back) => {
            let earlier = taken.iter().rev().cycle().nth(back.into());
            earlier.map_or_else(wake, |(command, context)| (context.actor.clone(), command.clone()))
        }
    };
    let mut context = Context::new(now, actor);
    let is_person = matches!(context.actor, Actor::Party(_) | Actor::Operator(_) | Actor::Moderator(_));
    if is_person && salt.once_in(4) {
        let behind = u64::from(salt.once_in(6));
        context = context.seen(deal.revision().saturating_sub(behind));
    }
    if is_person && salt.once_in(6) {
        context = context.via(text("shop-host"));
    }
    (command, context)
}

/// Something that somebody may do now; whoever may do something, starting from `who`.
fn allowed(deal: &Deal, now: Time, who: u8, salt: &mut Salt) -> Option<(Actor, Command)> {
    let everybody = everybody(deal);
    // the buyer, the seller and the operator are the most active
    let first = nth(&[0, 1, 2, 0, 1, 0, 1, 3, 4, 5, 6, 7, 8, 9], who.into());
    let n = everybody.len();
    everybody.into_iter().cycle().skip(first).take(n).find_map(|actor| {
        let mut kinds = Vec::new();
        for kind in deal.allowed(&actor, now).kinds() {
            kinds.extend(std::iter::repeat_n(kind, weight(kind)));
        }
        if kinds.is_empty() {
            return None;
        }
        let kind = salt.of(&kinds);
        let command = commands::of_kind(deal, kind, &actor, now, salt);
        Some((actor, command))
    })
}

/// How often a kind is chosen among others.
const fn weight(kind: CommandKind) -> usize {
    match kind {
        CommandKind::Attach
        | CommandKind::Post
        | CommandKind::Wake
        | CommandKind::Cancel
        | CommandKind::CancelWithFault
        | CommandKind::Chargeback
        | CommandKind::Returned
        | CommandKind::SettleReceivable
        | CommandKind::Annotate
        | CommandKind::Remark => 1,
        CommandKind::Extend | CommandKind::AppointArbiter | CommandKind::GiveBack | CommandKind::Escalate => {
            2
        }
        CommandKind::Amend
        | CommandKind::Agree
        | CommandKind::RequestPayment
        | CommandKind::ConfirmPayment
        | CommandKind::Approve
        | CommandKind::SetTrack
        | CommandKind::RemoveTrack
        | CommandKind::RecordTracking
        | CommandKind::StartPerforming
        | CommandKind::StopPerforming
        | CommandKind::Submit
        | CommandKind::RequestChanges
        | CommandKind::Accept
        | CommandKind::AcceptPart
        | CommandKind::Report
        | CommandKind::IncurCost
        | CommandKind::AddCharge
        | CommandKind::OpenDispute
        | CommandKind::ProposeAward
        | CommandKind::AcceptAward
        | CommandKind::WithdrawDispute
        | CommandKind::FileClaim
        | CommandKind::Rule
        | CommandKind::Answer
        | CommandKind::SetDestination
        | CommandKind::RedirectRefund => 4,
    }
}
