//! What a step may be, as small plain numbers, and the command that it becomes where the deal stands. The content of
//! commands and the terms are those of the random histories; this is the only place that says where they come from.

#[path = "../generative/commands.rs"]
pub mod commands;
#[path = "../generative/history.rs"]
pub mod history;
#[path = "../generative/terms.rs"]
pub mod terms;

use escrow::deal::CommandKind;
use escrow::{Actor, Command, Deal, Time};
use proptest::prelude::*;

pub use history::{Move, Salt, deal_id};
use history::{buyer, everybody, operator, seller};

/// What a step is about.
#[derive(Clone, Copy, Debug)]
pub enum Act {
    /// Whatever brings the deal on.
    Forward,
    /// Something that this actor may do now.
    Allowed(u8),
    /// The gateway reports a payment: sound, odd, or one that it has reported.
    Pay,
    /// The payer's bank.
    Chargeback,
    /// Anybody tries anything.
    Hostile(u8, u8),
    /// An earlier command once more, counted from the first, so that it is the same when later ones are left out.
    Again(u8),
    Wake,
    /// The gateway carries out an order, or declines it; the answer is on its way.
    Work(u8),
    /// One of the answers on their way arrives, not always the oldest; once in a while it is sent again.
    Deliver(u8),
    /// One of the answers is lost.
    Lose(u8),
    /// The host asks again about every order that has no answer, under the same keys.
    Ask,
    /// The gateway says the opposite of what it has told.
    Contradict(u8),
}

#[derive(Clone, Copy, Debug)]
pub struct Step {
    pub clock: Move,
    pub act: Act,
    /// Where every further choice comes from; zero is the plain choice.
    pub salt: u64,
}

/// Terms, and who proposes them: the buyer, the seller or the operator.
#[derive(Clone, Debug)]
pub struct Setting {
    pub terms: escrow::Terms,
    pub proposer: u8,
    pub start: Time,
    /// How many steps were drawn.
    pub steps: u32,
}

impl Setting {
    pub fn proposed_by(&self) -> Actor {
        [buyer(), seller(), operator()][usize::from(self.proposer)].clone()
    }
}

pub fn settings() -> BoxedStrategy<Setting> {
    let start = Time::from_millis(history::START_MS).unwrap();
    let setting = move |(terms, proposer)| Setting { terms, proposer, start, steps: 0 };
    (terms::terms(), 0..3_u8).prop_map(setting).boxed()
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
        18 => Just(Act::Forward),
        14 => any::<u8>().prop_map(Act::Allowed),
        5 => Just(Act::Pay),
        3 => Just(Act::Chargeback),
        3 => any::<(u8, u8)>().prop_map(|(who, what)| Act::Hostile(who, what)),
        3 => any::<u8>().prop_map(Act::Again),
        1 => Just(Act::Wake),
        6 => any::<u8>().prop_map(Act::Work),
        8 => any::<u8>().prop_map(Act::Deliver),
        1 => any::<u8>().prop_map(Act::Lose),
        2 => Just(Act::Ask),
        1 => any::<u8>().prop_map(Act::Contradict),
    ]
}

/// The first steps mostly lead to a funded deal; then anything.
pub fn steps(setting: &Setting) -> BoxedStrategy<Step> {
    let salts = || prop_oneof![1 => Just(0_u64), 4 => any::<u64>()];
    let any = (moves(), acts(), salts()).prop_map(|(clock, act, salt)| Step { clock, act, salt });
    if setting.steps >= 8 {
        return any.boxed();
    }
    let calm = salts().prop_map(|salt| Step { clock: Move::Stand, act: Act::Forward, salt });
    prop_oneof![7 => calm, 1 => any].boxed()
}

/// Where the host's clock moves to.
pub fn moved(deal: &Deal, now: Time, clock: Move) -> Time {
    let deadline = deal.next_deadline().unwrap_or(now);
    match clock {
        Move::Stand => now,
        Move::Tick(millis) => now.plus_millis(u64::from(millis)),
        Move::Towards(part) => now.plus_millis(deadline.millis_since(now) / 256 * u64::from(part)),
        Move::JustBefore => Time::from_millis(deadline.millis() - 1).unwrap().max(now),
        Move::ToDeadline => deadline.max(now),
        Move::Past(seconds) => deadline.max(now).plus_secs(seconds),
        Move::Back(seconds) => now.minus_secs(seconds),
    }
}

/// The command of a step that is not the gateway's work, and who gives it.
pub fn command(
    deal: &Deal,
    now: Time,
    act: Act,
    taken: &[(Actor, Command)],
    salt: &mut Salt,
) -> (Actor, Command) {
    let wake = || (Actor::Clock, Command::Wake(Default::default()));
    match act {
        Act::Forward => commands::forward(deal, now, salt),
        Act::Allowed(who) => allowed(deal, now, who, salt).unwrap_or_else(wake),
        Act::Pay => (Actor::Gateway, commands::payment(deal, now, salt)),
        Act::Chargeback => (Actor::Gateway, commands::chargeback(deal, salt)),
        Act::Hostile(who, what) => {
            let everybody = everybody();
            let actor = everybody[usize::from(who) % everybody.len()].clone();
            let kind = CommandKind::ALL[usize::from(what) % CommandKind::ALL.len()];
            let command = commands::of_kind(deal, kind, &actor, now, salt);
            (actor, command)
        }
        Act::Again(back) if !taken.is_empty() => taken[usize::from(back % 64).min(taken.len() - 1)].clone(),
        Act::Again(_)
        | Act::Wake
        | Act::Work(_)
        | Act::Deliver(_)
        | Act::Lose(_)
        | Act::Ask
        | Act::Contradict(_) => wake(),
    }
}

/// Something that somebody may do now, starting from `who`.
fn allowed(deal: &Deal, now: Time, who: u8, salt: &mut Salt) -> Option<(Actor, Command)> {
    let everybody = everybody();
    // the buyer, the seller and the operator are the most active
    let first = [0, 1, 2, 0, 1, 0, 1, 3, 4, 5, 6, 7, 8, 9][usize::from(who) % 14];
    for n in 0..everybody.len() {
        let actor = &everybody[(first + n) % everybody.len()];
        let mut kinds = Vec::new();
        for kind in deal.allowed(actor, now).kinds() {
            let dull = matches!(
                kind,
                CommandKind::Attach | CommandKind::Post | CommandKind::Wake | CommandKind::Cancel
            );
            kinds.extend(std::iter::repeat_n(kind, if dull { 1 } else { 4 }));
        }
        if !kinds.is_empty() {
            let kind = salt.of(&kinds);
            return Some((actor.clone(), commands::of_kind(deal, kind, actor, now, salt)));
        }
    }
    None
}
