//! A small deal as a model for stateright: its states are real deals, its steps real transitions.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::contents::contents;
use super::facts::{FACT, Fact};
use super::promises::{Broken, SOUND, broken};
use super::verdicts::{OF_ONE_MIND, is_by_table, of_one_mind, plain, told};
use super::waking::{PUNCTUAL, Twins};
use crate::common::{buyer, judge, moderator, operator, party, seller, text};
use crate::exploration::graph::{Graph, Verdict};
use crate::exploration::scene::{Planted, Scene};
use crate::exploration::state::{Beside, Inner, State, Step};
use escrow::deal::command::{Answer, Answered, Chargeback, ChargebackStep, Wake};
use escrow::deal::{Command, CommandKind, Event, PhaseKind};
use escrow::terms::Provider;
use escrow::{Actor, Context, Deal, Recorded, Status, Time, transition};

pub struct Exploration {
    pub scene: Scene,
    pub actors: Vec<Actor>,
    /// A plain command of every kind.
    pub plain: Vec<Command>,
    pub graph: Mutex<Graph>,
    /// The first counterexample to each property, breadth first: the others are told to hold, so that the checker keeps
    /// the shortest history, not its latest.
    pub first: [AtomicU64; 11],
    /// Which kinds of commands were accepted, and in which phases the deal was.
    pub kinds: AtomicU64,
    pub phases: AtomicU64,
    /// Which facts about money were told.
    pub facts: AtomicU64,
    /// How many commands were put to a late deal and to a prompt one.
    pub late: AtomicU64,
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
            facts: AtomicU64::new(0),
            late: AtomicU64::new(0),
        }
    }

    pub fn holds(&self, property: usize, state: &State, holds: bool) -> bool {
        let first = || {
            let none =
                self.first[property].compare_exchange(0, state.key, Ordering::Relaxed, Ordering::Relaxed);
            none.is_ok() || none == Err(state.key)
        };
        holds || !first()
    }

    /// Whether the step that led here has kept this promise.
    pub fn keeps(&self, property: usize, promise: &str, state: &State) -> bool {
        self.holds(property, state, state.wrong.iter().all(|(broken, _)| *broken != promise))
    }

    /// Whether what is told of everybody, a stranger included, is what `transition` does.
    pub fn of_one_mind(&self, state: &State) -> Result<(), String> {
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
    pub fn punctual(&self, state: &State) -> Result<(), String> {
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

    /// The facts about money that were told at least once.
    pub fn facts(&self) -> impl Iterator<Item = Fact> + '_ {
        let seen = self.facts.load(Ordering::Relaxed);
        Fact::ALL.into_iter().filter(move |f| seen & u64::from(f.bit()) != 0)
    }

    /// The phases that the deal was in at least once.
    pub fn phases(&self) -> impl Iterator<Item = PhaseKind> + '_ {
        let seen = self.phases.load(Ordering::Relaxed);
        PhaseKind::ALL.into_iter().filter(move |p| seen & (1 << *p as u64) != 0)
    }

    /// What is left of the budgets once this has happened.
    fn pay(&self, mut beside: Beside, command: &Command, cost: u8) -> Option<Beside> {
        if let Some(fact) = cost.checked_sub(FACT) {
            let bit = 1 << fact;
            // a debt comes of another fact: that it is paid follows from that
            let follows = u8::from(bit != Fact::Settled.bit());
            beside.facts = beside.facts.checked_sub(follows).filter(|_| beside.of_facts & bit != 0)?;
            beside.of_facts &= !bit;
        } else if cost > 0 {
            beside.budget = beside.budget.checked_sub(cost)?;
            self.scene.unusual.contains(&command.kind()).then_some(())?;
        }
        Some(beside)
    }

    /// What a command at an instant leads to; `None` where nothing changes.
    pub fn step(&self, from: &State, actor: &Actor, command: Command, now: Time, cost: u8) -> Option<Step> {
        let mut beside = self.pay(from.beside, &command, cost)?;
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
                    if let Event::TrackingRecorded { .. } = recorded.event {
                        beside.checkpoints += 1;
                    }
                }
                self.kinds.fetch_or(1 << command.kind() as u64, Ordering::Relaxed);
                let told = from.beside.of_facts & !beside.of_facts;
                self.facts.fetch_or(told.into(), Ordering::Relaxed);
                wrong.extend(broken(&from.deal, &deal, &command));
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
    pub fn deadline(&self, deal: &Deal) -> Option<Time> {
        let works = |timer| !matches!(self.scene.planted, Some(Planted::Timer(broken)) if broken(timer));
        deal.next_timer().filter(|(_, timer)| works(*timer)).map(|(at, _)| at)
    }

    /// Time passes to the next deadline, or to the instant from which declined legs go to balances.
    pub fn passing(&self, from: &State) -> Option<Time> {
        let settling = || {
            let at = from.deal.settle_by()?;
            (from.deal.has_pending() && at > from.now).then_some(at)
        };
        match from.deal.next_timer() {
            Some(_) => self.deadline(&from.deal).map(|at| at.max(from.now)),
            None => settling(),
        }
    }

    /// Timers and answers of the gateway, of every kind: what happens if nobody does anything.
    pub fn forced(&self, from: &State) -> Vec<Step> {
        let mut steps = Vec::new();
        if let Some(at) = self.passing(from) {
            steps.extend(self.step(from, &Actor::Clock, Wake {}.into(), at, 0));
        }
        let answers = from.deal.pending().flat_map(|order| {
            answers(&order.transaction.unwrap().reference().cloned())
                .map(|result| Answer::new(order.number(), result))
        });
        let verdicts = verdicts(&from.deal);
        for command in answers.map(Command::from).chain(verdicts.into_iter().map(Command::from)) {
            steps.extend(self.step(from, &Actor::Gateway, command, from.now, 0));
        }
        steps
    }

    /// Everything else that anybody may do.
    pub fn free(&self, from: &State, steps: &mut Vec<Step>) {
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
    pub fn way_on(&self, deal: &Deal, now: Time, obliging: bool) -> Option<(Command, Time)> {
        let order = deal.pending().next().map(|order| {
            let [yes, no] = answers(&order.transaction.unwrap().reference().cloned());
            // what is only asked again was done
            let obliging = obliging || !order.transaction.unwrap().is_pending();
            let transaction = order.number();
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
    pub fn walk(&self, from: &State, obliging: bool) -> Deal {
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
pub fn is_at_rest(deal: &Deal) -> bool {
    let closed = deal.phase().kind() == PhaseKind::Closed;
    closed && !deal.has_pending() && deal.legs().iter().all(|l| l.is_settled())
}

/// Every answer that ends an order. A claimed payment is confirmed under its own reference.
pub fn answers(claimed: &Option<escrow::deposit::Reference>) -> [Answered; 2] {
    let reference = claimed.clone().unwrap_or_else(|| text("done"));
    [Answered::Succeeded(reference), Answered::Declined(text("no"))]
}

/// Both ends of the first chargeback that is open.
pub fn verdicts(deal: &Deal) -> Vec<Chargeback> {
    let open = deal.chargebacks().iter().find(|c| c.step() == ChargebackStep::Opened);
    let end = |step| {
        open.and_then(|c| {
            let payment = (c.gateway.clone(), c.payment.clone());
            Some(Chargeback::new(c.id.clone(), payment, c.amount()?, step).of(c.deposit))
        })
    };
    [ChargebackStep::Won, ChargebackStep::Lost].into_iter().filter_map(end).collect()
}

pub const WAY_ON: &str = "every state but a closed one has a deadline, or waits for the gateway";

pub const EMPTY: &str = "a deal at rest holds nothing";

pub const NO_DEADLOCK: &str = "timers and answers alone close the deal";

pub const COMPLETES: &str = "a deal completes";
