//! A small deal as a model for stateright: its states are real deals, its steps real transitions.

use std::collections::HashMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use escrow::Recorded;
use escrow::deal::command::{Answer, Answered, Chargeback, ChargebackStep, Wake};
use escrow::deal::{Command, CommandKind, Event, PhaseKind, Timer};
use escrow::terms::{Provider, Terms};
use escrow::{Actor, Context, Deal, DealId, Payee, Status, Time, transition};
use stateright::{Model, Property};

use super::canon::fingerprint;
use super::contents::contents;
use super::promises::{Broken, CONSERVED, SETTLES_ONCE, SOUND, STAYS_ENDED, broken};
use super::verdicts::{OF_ONE_MIND, is_by_table, of_one_mind, plain, told};
use super::waking::{PUNCTUAL, Twins};
use crate::common::{buyer, judge, moderator, operator, party, seller, start, text};

/// What is explored: a deal with these terms, and how much of the unusual may happen to it.
#[derive(Clone)]
pub struct Scene {
    pub name: &'static str,
    /// The terms; the first are proposed, the others are what an amendment may bring.
    pub terms: Vec<Arc<Terms>>,
    /// How many unusual things may happen, of all kinds together: each costs one.
    pub budget: u8,
    /// Of which kinds; `Wake`: the last instant before a deadline.
    pub unusual: &'static [CommandKind],
    /// One state of so many is put to the dear questions, chosen by its fingerprint: whether `allowed` and `transition`
    /// are of one mind, and whether it matters when a deal is woken. One: every state.
    pub every: u64,
    /// What is wrong on purpose, to see that it is found.
    pub planted: Option<Planted>,
}

/// A planted fault.
#[derive(Clone, Copy)]
pub enum Planted {
    /// This timer never fires.
    Timer(fn(Timer) -> bool),
    /// These events happen to the deal, too, after the one that did.
    Events(fn(&Deal, &Recorded) -> Option<Event>),
    /// What `allowed` tells of this kind is turned round.
    Verdict(CommandKind),
    /// What becomes of the events of a deal that is woken late.
    Late(fn(&mut Recorded)),
}

/// What the model keeps beside the deal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Beside {
    pub budget: u8,
    /// Checkpoints that were recorded: a number for the next one's id, and a bound.
    pub checkpoints: u8,
    /// From when declined legs go to balances.
    pub settle_by: Option<Time>,
}

pub struct Inner {
    pub deal: Deal,
    pub now: Time,
    pub beside: Beside,
    /// What was wrong with the step that led here.
    wrong: Vec<Broken>,
    key: u64,
}

/// A state. Two are the same where their fingerprints are; with 10^6 states, two different ones share a fingerprint of
/// 64 bits with a probability of 3 in 10^8.
#[derive(Clone)]
pub struct State(Arc<Inner>);

impl std::ops::Deref for State {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl PartialEq for State {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Hash for State {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?} until {:?}", self.now, self.deal, self.deal.next_timer())?;
        self.wrong.iter().try_for_each(|(promise, how)| write!(f, " WRONG: {promise}: {how}"))
    }
}

impl State {
    fn new(scene: &Scene, deal: Deal, now: Time, beside: Beside, wrong: Vec<Broken>) -> Self {
        let past = beside.settle_by.map(|at| at.millis().saturating_sub(now.millis()).max(0));
        let terms = |wanted: &Arc<Terms>| scene.terms.iter().position(|t| Arc::ptr_eq(t, wanted));
        let mut bytes = vec![beside.budget, beside.checkpoints, u8::from(!wrong.is_empty())];
        bytes.push(terms(deal.terms()).map_or(0xff, |i| i as u8));
        bytes.push(terms(deal.binding_terms()).map_or(0xff, |i| i as u8));
        bytes.extend_from_slice(&past.unwrap_or(-1).to_le_bytes());
        let key = fingerprint(&deal, now, &bytes);
        Self(Arc::new(Inner { deal, now, beside, wrong, key }))
    }
}

/// A step: who did what, and what it led to. Time passes by the clock's `Wake`.
#[derive(Clone)]
pub struct Step {
    pub actor: Actor,
    pub command: Command,
    next: State,
}

impl PartialEq for Step {
    fn eq(&self, other: &Self) -> bool {
        self.actor == other.actor && self.command == other.command && self.next == other.next
    }
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self} -> {:?}", self.next)
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {:?}", self.actor, self.command)
    }
}

/// The part of the graph that is made of timers and answers of the gateway.
#[derive(Default)]
pub struct Graph {
    forced: HashMap<u64, (Box<[u64]>, bool)>,
}

/// What the graph says of promise 1.
#[derive(Debug, PartialEq, Eq)]
pub struct Verdict {
    pub states: usize,
    pub edges: usize,
    /// States from which no path of timers and answers leads to rest.
    pub stuck: usize,
    /// States from which some path of timers and answers does not lead to rest: it ends elsewhere, or never.
    pub avoiding: usize,
}

impl Graph {
    /// Looks at every state backwards from those at rest.
    pub fn verdict(&self) -> Verdict {
        let mut before: HashMap<u64, Vec<u64>> = HashMap::new();
        let mut left: HashMap<u64, usize> = HashMap::new();
        let mut edges = 0;
        for (from, (to, _)) in &self.forced {
            edges += to.len();
            left.insert(*from, to.len());
            for next in to {
                assert!(
                    self.forced.contains_key(next),
                    "a timer or an answer led to a state that was not explored"
                );
                before.entry(*next).or_default().push(*from);
            }
        }
        let rest: Vec<u64> = self.forced.iter().filter(|(_, (_, rest))| *rest).map(|(key, _)| *key).collect();
        // some path: reached backwards by one edge; every path: reached backwards by all of them
        let mut some: std::collections::HashSet<u64> = rest.iter().copied().collect();
        let mut queue = rest.clone();
        while let Some(key) = queue.pop() {
            for from in before.get(&key).into_iter().flatten() {
                if some.insert(*from) {
                    queue.push(*from);
                }
            }
        }
        let mut every: std::collections::HashSet<u64> = rest.iter().copied().collect();
        let mut queue = rest;
        while let Some(key) = queue.pop() {
            for from in before.get(&key).into_iter().flatten() {
                let left = left.get_mut(from).unwrap();
                *left -= 1;
                if *left == 0 && every.insert(*from) {
                    queue.push(*from);
                }
            }
        }
        let states = self.forced.len();
        Verdict { states, edges, stuck: states - some.len(), avoiding: states - every.len() }
    }
}

pub struct Exploration {
    pub scene: Scene,
    actors: Vec<Actor>,
    /// A plain command of every kind.
    plain: Vec<Command>,
    graph: Mutex<Graph>,
    /// The first counterexample to each property, breadth first: the others are told to hold, so that the checker keeps
    /// the shortest history, not its latest.
    first: [AtomicU64; 9],
    /// Which kinds of commands were accepted, and in which phases the deal was.
    kinds: AtomicU64,
    phases: AtomicU64,
    /// How many commands were put to a late deal and to a prompt one.
    late: AtomicU64,
}

impl Exploration {
    pub fn new(scene: Scene) -> Self {
        let mut actors = vec![buyer(), seller(), judge()];
        for service in &scene.terms[0].services {
            if let Provider::Third(id) = &service.provider {
                actors.push(Actor::Party(id.clone()));
            }
        }
        actors.extend([operator(), moderator(), Actor::Gateway, Actor::Tracker]);
        let graph = Mutex::default();
        let plain = plain(&scene.terms[0]);
        Self {
            scene,
            actors,
            plain,
            graph,
            first: Default::default(),
            kinds: AtomicU64::new(0),
            phases: AtomicU64::new(0),
            late: AtomicU64::new(0),
        }
    }

    fn holds(&self, property: usize, state: &State, holds: bool) -> bool {
        let first = || {
            let none =
                self.first[property].compare_exchange(0, state.key, Ordering::Relaxed, Ordering::Relaxed);
            none.is_ok() || none == Err(state.key)
        };
        holds || !first()
    }

    /// Has the step that led here kept this promise?
    fn keeps(&self, property: usize, promise: &str, state: &State) -> bool {
        self.holds(property, state, state.wrong.iter().all(|(broken, _)| *broken != promise))
    }

    /// Is what is told of everybody, a stranger with them, what `transition` does?
    fn of_one_mind(&self, state: &State) -> Result<(), String> {
        let turned = match self.scene.planted {
            Some(Planted::Verdict(kind)) => Some(kind),
            _ => None,
        };
        let stranger = party("stranger");
        self.actors.iter().chain([&Actor::Clock, &stranger]).try_for_each(|actor| {
            let allowed = state.deal.allowed(actor, state.now);
            of_one_mind(&state.deal, state.now, actor, told(&allowed, turned), &self.plain)
        })
    }

    /// Follows the deadlines while nobody does anything. Once two are behind, every command that could be given then is
    /// put to the deal that was woken at each of them and to the one that never was.
    fn punctual(&self, state: &State) -> Result<(), String> {
        let planted = match self.scene.planted {
            Some(Planted::Late(planted)) => Some(planted),
            _ => None,
        };
        let mut twins = Twins::new(&state.deal, state.now, planted);
        while twins.pass()? {
            if twins.behind < 2 {
                continue;
            }
            let (deal, beside) = (twins.prompt.clone(), state.beside);
            let there = Inner { deal, now: twins.at, beside, wrong: Vec::new(), key: 0 };
            for actor in &self.actors {
                twins.allow_the_same(actor)?;
                let mut found = Ok(());
                for kind in there.deal.allowed(actor, there.now).kinds() {
                    contents(self, &there, actor, kind, &mut |command, _| {
                        if found.is_ok() {
                            self.late.fetch_add(1, Ordering::Relaxed);
                            found = twins.agree(&command, actor);
                        }
                    });
                }
                found?;
            }
            // what is refused is refused alike: by one actor in turn
            let turn = usize::try_from(state.key % self.actors.len() as u64).unwrap();
            self.plain.iter().try_for_each(|command| twins.agree(command, &self.actors[turn]))?;
        }
        Ok(())
    }

    /// What is wrong with a state, beside the step that led to it.
    pub fn findings(&self, state: &State) -> Vec<Broken> {
        let found = [(OF_ONE_MIND, self.of_one_mind(state)), (PUNCTUAL, self.punctual(state))];
        found.into_iter().filter_map(|(promise, found)| found.err().map(|how| (promise, how))).collect()
    }

    pub fn verdict(&self) -> Verdict {
        self.graph.lock().unwrap_or_else(PoisonError::into_inner).verdict()
    }

    /// How many commands were put to a deal that was woken at two deadlines or more, and to one that never was.
    pub fn judged_late(&self) -> u64 {
        self.late.load(Ordering::Relaxed)
    }

    /// The kinds of commands that were accepted at least once.
    pub fn kinds(&self) -> impl Iterator<Item = CommandKind> + '_ {
        let seen = self.kinds.load(Ordering::Relaxed);
        CommandKind::ALL.into_iter().filter(move |k| seen & (1 << *k as u64) != 0)
    }

    /// The phases that the deal was in at least once.
    pub fn phases(&self) -> impl Iterator<Item = PhaseKind> + '_ {
        let seen = self.phases.load(Ordering::Relaxed);
        PhaseKind::ALL.into_iter().filter(move |p| seen & (1 << *p as u64) != 0)
    }

    /// What a command at an instant leads to; `None` where nothing changes.
    fn step(&self, from: &State, actor: &Actor, command: Command, now: Time, cost: u8) -> Option<Step> {
        let budget = from.beside.budget.checked_sub(cost)?;
        if cost > 0 && !self.scene.unusual.contains(&command.kind()) {
            return None;
        }
        let mut beside = Beside { budget, ..from.beside };
        let mut wrong = Vec::new();
        let mut deal = from.deal.clone();
        match transition(&from.deal, &command, &Context::new(now, actor.clone())) {
            Ok(done) => {
                if done.is_empty() && now == from.now && !matches!(command, Command::ConfirmPayment(_)) {
                    return None;
                }
                for recorded in done.events() {
                    deal.apply(recorded);
                    if let Some(Planted::Events(planted)) = self.scene.planted
                        && let Some(event) = planted(&deal, recorded)
                    {
                        deal.apply(&Recorded { event, ..recorded.clone() });
                    }
                    if let Event::EndingDecided { settle_by, .. } = recorded.event {
                        beside.settle_by = Some(settle_by);
                    } else if let Event::TrackingRecorded { .. } = recorded.event {
                        beside.checkpoints += 1;
                    }
                }
                self.kinds.fetch_or(1 << command.kind() as u64, Ordering::Relaxed);
                wrong.extend(broken(&from.deal, &deal));
                if let (Command::ConfirmPayment(_), true) = (&command, done.is_empty()) {
                    wrong.push((SOUND, "a payment that was not known yet was ignored".to_owned()));
                }
            }
            Err(rejection) if is_by_table(&rejection) => {
                wrong.push((OF_ONE_MIND, format!("allowed, but refused: {rejection:?}")));
            }
            // the content was refused
            Err(_) => return None,
        }
        let next = State::new(&self.scene, deal, now, beside, wrong);
        Some(Step { actor: actor.clone(), command, next })
    }

    /// The deadline at which time can be made to pass, unless its timer is the planted one.
    fn deadline(&self, deal: &Deal) -> Option<Time> {
        let works = |timer| !matches!(self.scene.planted, Some(Planted::Timer(broken)) if broken(timer));
        deal.next_timer().filter(|(_, timer)| works(*timer)).map(|(at, _)| at)
    }

    /// Time passes to the next deadline, or to the instant from which declined legs go to balances.
    fn passing(&self, from: &State) -> Option<Time> {
        let settling = || {
            let at = from.beside.settle_by?;
            (from.deal.has_pending() && at > from.now).then_some(at)
        };
        match from.deal.next_timer() {
            Some(_) => self.deadline(&from.deal).map(|at| at.max(from.now)),
            None => settling(),
        }
    }

    /// Timers and answers of the gateway, of every kind: what happens if nobody does anything.
    fn forced(&self, from: &State) -> Vec<Step> {
        let mut steps = Vec::new();
        if let Some(at) = self.passing(from) {
            steps.extend(self.step(from, &Actor::Clock, Wake {}.into(), at, 0));
        }
        let answers = from.deal.pending().flat_map(|order| {
            answers(&order.transaction.reference().cloned())
                .map(|result| Answer::new(order.transaction.id(), result))
        });
        let verdicts = verdicts(&from.deal);
        for command in answers.map(Command::from).chain(verdicts.into_iter().map(Command::from)) {
            steps.extend(self.step(from, &Actor::Gateway, command, from.now, 0));
        }
        steps
    }

    /// Everything else that anybody may do.
    fn free(&self, from: &State, steps: &mut Vec<Step>) {
        for actor in &self.actors {
            let allowed = from.deal.allowed(actor, from.now);
            for kind in allowed.kinds() {
                contents(self, from, actor, kind, &mut |command, cost| {
                    steps.extend(self.step(from, actor, command, from.now, cost));
                });
            }
        }
        // the last instant before the deadline
        if let Some(at) = self.deadline(&from.deal)
            && at.millis() > from.now.millis() + 1
        {
            let now = Time::from_millis(at.millis() - 1).unwrap();
            steps.extend(self.step(from, &Actor::Clock, Wake {}.into(), now, 1));
        }
    }

    /// One way on, chosen without looking ahead: orders first, then chargebacks, then time.
    fn way_on(&self, deal: &Deal, now: Time, obliging: bool) -> Option<(Command, Time)> {
        let order = deal.pending().next().map(|order| {
            let [yes, no] = answers(&order.transaction.reference().cloned());
            let transaction = order.transaction.id();
            Command::from(Answer::new(transaction, if obliging { yes } else { no }))
        });
        let verdict = || {
            let [won, lost] = verdicts(deal).try_into().ok()?;
            Some(Command::from(if obliging { won } else { lost }))
        };
        match order.or_else(verdict) {
            Some(command) => Some((command, now)),
            None => self.deadline(deal).map(|at| (Wake {}.into(), at.max(now))),
        }
    }

    /// Follows the one way on to its end.
    fn walk(&self, from: &State, obliging: bool) -> Deal {
        let (mut deal, mut now) = (from.deal.clone(), from.now);
        for _ in 0..64 {
            let Some((command, at)) = self.way_on(&deal, now, obliging) else { break };
            now = at;
            let actor = if matches!(command, Command::Wake(_)) { Actor::Clock } else { Actor::Gateway };
            if deal.handle(&command, &Context::new(now, actor)).is_err() {
                break;
            }
        }
        deal
    }

    /// Where a walk with an obliging gateway, or with one that declines whatever it can, ends otherwise than at rest.
    pub fn stuck(&self, from: &State) -> Option<Status> {
        let ends = [true, false].into_iter().map(|obliging| self.walk(from, obliging));
        let stuck = |deal: &Deal| !is_at_rest(deal) || deal.money_inside().any(|m| !m.is_zero());
        ends.into_iter().find(stuck).map(|deal| deal.status())
    }
}

/// Over, with nothing under way: no order and no leg.
fn is_at_rest(deal: &Deal) -> bool {
    let closed = deal.phase().kind() == PhaseKind::Closed;
    closed && !deal.has_pending() && deal.legs().iter().all(|l| l.is_settled())
}

/// Every answer that ends an order. A claimed payment is confirmed under its own reference.
fn answers(claimed: &Option<escrow::deposit::Reference>) -> [Answered; 2] {
    let reference = claimed.clone().unwrap_or_else(|| text("done"));
    [Answered::Succeeded(reference), Answered::Declined(text("no"))]
}

/// Both ends of the first chargeback that is open.
fn verdicts(deal: &Deal) -> Vec<Chargeback> {
    let open = deal.chargebacks().iter().find(|c| c.step == ChargebackStep::Opened);
    let end = |step| open.map(|c| Chargeback::new(c.reference.clone(), c.deposit, c.amount, step));
    [ChargebackStep::Won, ChargebackStep::Lost].into_iter().filter_map(end).collect()
}

impl Model for Exploration {
    type State = State;
    type Action = Step;

    fn init_states(&self) -> Vec<State> {
        let id = DealId::new(uuid::Uuid::from_u128(3));
        let beside = Beside { budget: self.scene.budget, checkpoints: 0, settle_by: None };
        [buyer(), seller(), operator()]
            .into_iter()
            .map(|actor| {
                let context = Context::new(start(), actor);
                let (deal, _) = Deal::propose(id, self.scene.terms[0].clone(), &context).unwrap();
                State::new(&self.scene, deal, start(), beside, Vec::new())
            })
            .collect()
    }

    fn actions(&self, state: &State, steps: &mut Vec<Step>) {
        let mut forced = self.forced(state);
        let edges: Box<[u64]> = forced.iter().map(|step| step.next.key).collect();
        self.phases.fetch_or(1 << state.deal.phase().kind() as u64, Ordering::Relaxed);
        let mut graph = self.graph.lock().unwrap_or_else(PoisonError::into_inner);
        graph.forced.insert(state.key, (edges, is_at_rest(&state.deal)));
        drop(graph);
        steps.append(&mut forced);
        self.free(state, steps);
    }

    fn next_state(&self, _: &State, step: Step) -> Option<State> {
        Some(step.next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::<Self>::always(CONSERVED, |model: &Self, state: &State| {
                model.keeps(0, CONSERVED, state)
            }),
            Property::<Self>::always(SETTLES_ONCE, |model: &Self, state: &State| {
                model.keeps(1, SETTLES_ONCE, state)
            }),
            Property::<Self>::always(STAYS_ENDED, |model: &Self, state: &State| {
                model.keeps(2, STAYS_ENDED, state)
            }),
            Property::<Self>::always(SOUND, |model: &Self, state: &State| model.keeps(3, SOUND, state)),
            Property::<Self>::always(OF_ONE_MIND, |model: &Self, state: &State| {
                let asked = state.key.is_multiple_of(model.scene.every);
                model.keeps(4, OF_ONE_MIND, state)
                    && model.holds(4, state, !asked || model.of_one_mind(state).is_ok())
            }),
            Property::<Self>::always(PUNCTUAL, |model: &Self, state: &State| {
                let asked = state.key.is_multiple_of(model.scene.every);
                model.holds(5, state, !asked || model.punctual(state).is_ok())
            }),
            Property::<Self>::always(WAY_ON, |model: &Self, state: &State| {
                let way_on = state.deal.phase().kind() == PhaseKind::Closed
                    || model.passing(state).is_some()
                    || state.deal.has_pending()
                    || !verdicts(&state.deal).is_empty();
                model.holds(6, state, way_on)
            }),
            Property::<Self>::always(EMPTY, |model: &Self, state: &State| {
                let empty = !is_at_rest(&state.deal) || state.deal.money_inside().all(|m| m.is_zero());
                model.holds(7, state, empty)
            }),
            Property::<Self>::always(NO_DEADLOCK, |model: &Self, state: &State| {
                model.holds(8, state, model.stuck(state).is_none())
            }),
            // to see that the exploration goes where deals go
            Property::<Self>::sometimes(COMPLETES, |_: &Self, state: &State| {
                is_at_rest(&state.deal) && state.deal.status() == Status::Completed
            }),
            Property::<Self>::sometimes("a deal is cancelled", |_: &Self, state: &State| {
                state.deal.status() == Status::Cancelled
            }),
            Property::<Self>::sometimes("a dispute is resolved", |_: &Self, state: &State| {
                state.deal.status() == Status::Resolved
            }),
            Property::<Self>::sometimes("a deal expires", |_: &Self, state: &State| {
                state.deal.status() == Status::Expired
            }),
            Property::<Self>::sometimes("a seller is paid", |_: &Self, state: &State| {
                state.deal.legs().iter().any(|l| *l.payee() == Payee::Seller && l.is_settled())
            }),
        ]
    }
}

pub const WAY_ON: &str = "every state but a closed one has a deadline, or waits for the gateway";
pub const EMPTY: &str = "a deal at rest holds nothing";
pub const NO_DEADLOCK: &str = "timers and answers alone close the deal";
pub const COMPLETES: &str = "a deal completes";
