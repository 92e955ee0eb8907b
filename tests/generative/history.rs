//! Random histories: steps are drawn as plain numbers, and become commands when it is known where the deal stands,
//! so that histories reach far and shrink well.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use escrow::deal::{CommandKind, Recorded};
use escrow::{Actor, Command, Context, Deal, DealId, Rejection, Terms, Time, Transition, transition};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::commands;
use crate::terms::{self, BUYER, COURIER, INSURER, JUDGE, PARTNER, SELLER, text};

/// 2026-01-01T00:00:00Z
pub const START_MS: i64 = 1_767_225_600_000;

/// How the host's clock moves before a step.
#[derive(Clone, Copy, Debug)]
pub enum Move {
    Stand,
    Tick(u32),
    /// A part of the way to the next deadline, in 256ths.
    Towards(u8),
    JustBefore,
    ToDeadline,
    Past(u32),
    Back(u32),
}

/// What a step is about.
#[derive(Clone, Copy, Debug)]
pub enum Act {
    /// Whatever brings the deal on.
    Forward,
    /// The gateway answers an order.
    Answer,
    /// Something that the actor may do now.
    Allowed(u8),
    /// The gateway reports a payment, sound or odd.
    Pay,
    /// The payer's bank.
    Chargeback,
    /// Anybody tries anything.
    Hostile(u8, u8),
    /// An earlier command once more.
    Again(u8),
    Wake,
}

#[derive(Clone, Copy, Debug)]
pub struct Step {
    pub clock: Move,
    pub act: Act,
    /// Where every further choice comes from; zero is the plain choice.
    pub salt: u64,
}

/// A deal and what happens to it.
#[derive(Clone)]
pub struct History {
    pub terms: Terms,
    pub proposer: u8,
    pub steps: Vec<Step>,
    /// Where the host's clock starts.
    pub start: Time,
    /// It never steps back.
    pub steady: bool,
}

fn moves() -> impl Strategy<Value = Move> {
    prop_oneof![
        30 => Just(Move::Stand),
        10 => (1..=900_u32).prop_map(Move::Tick),
        1 => (1_000..=200_000_000_u32).prop_map(Move::Tick),
        5 => any::<u8>().prop_map(Move::Towards),
        1 => Just(Move::JustBefore),
        2 => Just(Move::ToDeadline),
        1 => prop_oneof![0..=3_u32, Just(2_000_000_u32)].prop_map(Move::Past),
        2 => prop_oneof![1..=3_u32, Just(2_000_000_u32)].prop_map(Move::Back),
    ]
}

fn acts() -> impl Strategy<Value = Act> {
    prop_oneof![
        20 => Just(Act::Forward),
        8 => Just(Act::Answer),
        16 => any::<u8>().prop_map(Act::Allowed),
        4 => Just(Act::Pay),
        2 => Just(Act::Chargeback),
        4 => any::<(u8, u8)>().prop_map(|(who, what)| Act::Hostile(who, what)),
        2 => any::<u8>().prop_map(Act::Again),
        2 => Just(Act::Wake),
    ]
}

fn salts() -> impl Strategy<Value = u64> {
    prop_oneof![1 => Just(0_u64), 4 => any::<u64>()]
}

/// Steps that lead to a funded deal, mostly; then anything.
fn steps() -> impl Strategy<Value = Vec<Step>> {
    let calm = salts().prop_map(|salt| Step { clock: Move::Stand, act: Act::Forward, salt });
    let any = (moves(), acts(), salts()).prop_map(|(clock, act, salt)| Step { clock, act, salt });
    (vec(calm, 0..=12), vec(any, 0..=48)).prop_map(|(mut steps, rest)| {
        steps.extend(rest);
        steps
    })
}

/// Random deals with random histories of up to 60 steps.
pub fn histories() -> impl Strategy<Value = History> {
    // close to the end of the calendar every deadline stops at its last instant
    let start = Time::from_millis(START_MS).unwrap();
    let starts =
        prop_oneof![40 => Just(start), 1 => (0..=10_000_000_u32).prop_map(|s| Time::MAX.minus_secs(s))];
    (terms::terms(), 0..3_u8, starts, steps()).prop_map(|(terms, proposer, start, steps)| History {
        terms,
        proposer,
        steps,
        start,
        steady: false,
    })
}

/// Where the small choices of a step come from.
pub struct Salt(u64);

impl Salt {
    pub const fn new(salt: u64) -> Self {
        Self(salt)
    }

    /// One of `n` choices; the first where the salt is zero.
    pub const fn pick(&mut self, n: usize) -> usize {
        if n < 2 {
            return 0;
        }
        let choice = (self.0 % n as u64) as usize;
        self.0 /= n as u64;
        choice
    }

    /// Yes, once in `n`.
    pub const fn once_in(&mut self, n: usize) -> bool {
        self.pick(n) == n - 1
    }

    pub fn of<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.pick(choices.len())].clone()
    }
}

pub fn deal_id() -> DealId {
    DealId::new("00000000-0000-4000-8000-000000000001".parse().unwrap())
}

fn party(name: &str) -> Actor {
    Actor::Party(text(name))
}

pub fn operator() -> Actor {
    Actor::Operator(text("staff"))
}

pub fn moderator() -> Actor {
    Actor::Moderator(text("moderator"))
}

pub fn buyer() -> Actor {
    party(BUYER)
}

pub fn seller() -> Actor {
    party(SELLER)
}

/// Everybody who may ever turn up, the most active first.
pub fn everybody() -> [Actor; 13] {
    [
        buyer(),
        seller(),
        operator(),
        Actor::Gateway,
        Actor::Tracker,
        moderator(),
        party(JUDGE),
        party(COURIER),
        party(PARTNER),
        party(INSURER),
        party("stranger"),
        party(terms::OTHER_JUDGE),
        Actor::Clock,
    ]
}

/// One step as it was taken.
pub struct Moment<'m> {
    pub before: &'m Deal,
    pub command: &'m Command,
    pub context: &'m Context,
    pub verdict: &'m Result<Transition, Rejection>,
    pub after: &'m Deal,
}

impl Moment<'_> {
    /// What happened.
    pub fn events(&self) -> &[Recorded] {
        self.verdict.as_ref().map_or(&[], |t| t.events())
    }
}

/// A deal that is being played, with all that was recorded of it.
pub struct Play {
    pub deal: Deal,
    pub journal: Vec<Recorded>,
    pub taken: Vec<(Command, Context)>,
    pub now: Time,
}

pub type Finding = Result<(), String>;

impl History {
    /// The same one with a clock that never steps back.
    pub fn steady(&self) -> Self {
        Self { steady: true, ..self.clone() }
    }

    pub fn begin(&self) -> Result<Play, String> {
        let now = self.start;
        let who = [buyer(), seller(), operator()][usize::from(self.proposer)].clone();
        let proposed = Deal::propose(deal_id(), self.terms.clone(), &Context::new(now, who));
        let (deal, transition) = proposed.map_err(|e| format!("propose: {e}"))?;
        Ok(Play { deal, journal: transition.into_events().into_vec(), taken: Vec::new(), now })
    }

    /// Plays it, and looks at every step.
    pub fn play(&self, mut look: impl FnMut(&Moment<'_>) -> Finding) -> Result<Play, String> {
        let mut play = self.begin()?;
        for (n, step) in self.steps.iter().enumerate() {
            play.now = self.moved(&play, step.clock);
            let (command, context) = play.choose(step);
            let verdict = transition(&play.deal, &command, &context);
            let mut after = play.deal.clone();
            if let Ok(transition) = &verdict {
                for recorded in transition.events() {
                    after.apply(recorded);
                }
            }
            let moment = Moment {
                before: &play.deal,
                command: &command,
                context: &context,
                verdict: &verdict,
                after: &after,
            };
            look(&moment).map_err(|e| format!("step {n}: {e}"))?;
            if let Ok(transition) = verdict {
                play.journal.extend(transition.into_events());
            }
            play.deal = after;
            play.taken.push((command, context));
        }
        Ok(play)
    }

    fn moved(&self, play: &Play, clock: Move) -> Time {
        let (deal, now) = (&play.deal, play.now);
        let deadline = deal.next_deadline().unwrap_or(now);
        let moved = match clock {
            Move::Stand => now,
            Move::Tick(millis) => now.plus_millis(u64::from(millis)),
            Move::Towards(part) => now.plus_millis(deadline.millis_since(now) / 256 * u64::from(part)),
            Move::JustBefore => Time::from_millis(deadline.millis() - 1).unwrap().max(now),
            Move::ToDeadline => deadline.max(now),
            Move::Past(seconds) => deadline.max(now).plus_secs(seconds),
            Move::Back(seconds) => now.minus_secs(seconds),
        };
        if self.steady { moved.max(now) } else { moved }
    }
}

impl Play {
    /// The command of a step, and who gives it.
    fn choose(&self, step: &Step) -> (Command, Context) {
        let (deal, now) = (&self.deal, self.now);
        let mut salt = Salt::new(step.salt);
        let (actor, command) = match step.act {
            Act::Forward => commands::forward(deal, now, &mut salt),
            Act::Answer => (Actor::Gateway, commands::answer(deal, &mut salt)),
            Act::Pay => (Actor::Gateway, commands::payment(deal, now, &mut salt)),
            Act::Chargeback => (Actor::Gateway, commands::chargeback(deal, &mut salt)),
            Act::Wake => (Actor::Clock, Command::Wake(Default::default())),
            Act::Allowed(who) => self.allowed(who, &mut salt),
            Act::Hostile(who, what) => {
                let everybody = everybody();
                let actor = everybody[usize::from(who) % everybody.len()].clone();
                let kind = CommandKind::ALL[usize::from(what) % CommandKind::ALL.len()];
                let command = commands::of_kind(deal, kind, &actor, now, &mut salt);
                (actor, command)
            }
            Act::Again(back) => match self.taken.len() {
                0 => (Actor::Clock, Command::Wake(Default::default())),
                n => {
                    let (command, context) = &self.taken[n - 1 - usize::from(back) % n];
                    (context.actor.clone(), command.clone())
                }
            },
        };
        let mut context = Context::new(now, actor);
        let is_person = matches!(context.actor, Actor::Party(_) | Actor::Operator(_) | Actor::Moderator(_));
        if is_person && salt.once_in(4) {
            let behind = if salt.once_in(6) { 1 } else { 0 };
            context = context.seen(deal.revision().saturating_sub(behind));
        }
        if is_person && salt.once_in(6) {
            context = context.via(text("shop-host"));
        }
        (command, context)
    }

    /// Something that somebody may do now; whoever may do something, starting from `who`.
    fn allowed(&self, who: u8, salt: &mut Salt) -> (Actor, Command) {
        let everybody = everybody();
        // the buyer, the seller and the operator are the most active
        let first = [0, 1, 2, 0, 1, 0, 1, 3, 4, 5, 6, 7, 8, 9][usize::from(who) % 14];
        for n in 0..everybody.len() {
            let actor = &everybody[(first + n) % everybody.len()];
            let mut kinds = Vec::new();
            for kind in self.deal.allowed(actor, self.now).kinds() {
                kinds.extend(std::iter::repeat_n(kind, weight(kind)));
            }
            if !kinds.is_empty() {
                let kind = salt.of(&kinds);
                return (actor.clone(), commands::of_kind(&self.deal, kind, actor, self.now, salt));
            }
        }
        (Actor::Clock, Command::Wake(Default::default()))
    }
}

const fn weight(kind: CommandKind) -> usize {
    match kind {
        CommandKind::Attach | CommandKind::Post | CommandKind::Wake | CommandKind::Cancel => 1,
        CommandKind::CancelWithFault | CommandKind::Chargeback | CommandKind::Remark => 1,
        CommandKind::Extend | CommandKind::AppointArbiter => 2,
        _ => 4,
    }
}

/// The history as it is played, step by step, as far as that goes.
impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told = catch_unwind(AssertUnwindSafe(|| self.tell()));
        f.write_str(&told.unwrap_or_else(|_| format!("a history that panics: {:?}", self.steps)))
    }
}

impl History {
    fn tell(&self) -> String {
        use fmt::Write;
        let mut told = String::from("\nterms ");
        let json = serde_json::to_string(&self.terms).unwrap_or_default();
        told.push_str(&json);
        let start = self.begin();
        match &start {
            Ok(play) => {
                let _ = write!(
                    told,
                    "\n   proposed by {}: {:?} {:?}",
                    play.journal[0].actor,
                    play.deal,
                    play.deal.phase()
                );
            }
            Err(e) => {
                let _ = write!(told, "\n   {e}");
            }
        }
        let mut n = 0;
        let played = self.play(|m| {
            let clock = m.context.now.millis() - self.start.millis();
            let _ = write!(told, "\n{n:2} at {clock} ms, {}: {:?}", m.context.actor, m.command);
            if m.context.seen.is_some() {
                let _ = write!(told, " (seen {:?})", m.context.seen);
            }
            match m.verdict {
                Ok(t) if t.is_empty() => told.push_str("\n   ok, nothing"),
                Ok(t) => {
                    for r in t.events() {
                        let at = r.at.millis() - self.start.millis();
                        let _ = write!(told, "\n   @{at} {}: {:?}", r.actor, r.event);
                    }
                    let _ = write!(told, "\n   = {:?} {:?}", m.after, m.after.phase());
                }
                Err(e) => {
                    let _ = write!(told, "\n   refused: {e}");
                }
            }
            n += 1;
            Ok(())
        });
        if let Err(e) = played {
            let _ = write!(told, "\n   {e}");
        }
        told.push('\n');
        told
    }
}
