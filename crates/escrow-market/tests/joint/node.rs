//! One machine of the joined system: its states, each looked at once, and what leads from one to the next.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::fmt::Debug;
use std::rc::Rc;

use escrow::port::Aggregate;
use escrow::{Actor, Context, Recorded, Time};
use escrow_market::Follow;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::canon;
use super::scene::{Scene, Unusual};

/// What the gateway knows of the money of one machine, by what it told and what it was told; in minor units.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Book {
    pub came: i64,
    pub left: i64,
    pub lost: i64,
}

/// What somebody may do with a machine.
pub struct Move<C> {
    pub actor: Actor,
    pub command: C,
    /// What it costs of the scene's budget.
    pub unusual: Option<Unusual>,
    /// Whether it is a fact of the gateway's, or staff that tries again: what brings a system to its end.
    pub forced: bool,
    /// What it is in the gateway's book, if it is news.
    pub book: Book,
}

impl<C> Move<C> {
    pub fn of(actor: Actor, command: impl Into<C>) -> Self {
        Self { actor, command: command.into(), unusual: None, forced: false, book: Book::default() }
    }

    pub fn forced(self) -> Self {
        Self { forced: true, ..self }
    }

    pub fn unusual(self, unusual: Unusual) -> Self {
        Self { unusual: Some(unusual), ..self }
    }

    pub fn came(mut self, minor: i64) -> Self {
        self.book.came = minor;
        self
    }

    pub fn left(mut self, minor: i64) -> Self {
        self.book.left = minor;
        self
    }

    pub fn lost(mut self, minor: i64) -> Self {
        self.book.lost = minor;
        self
    }
}

/// A machine that is part of the system.
pub trait Part:
    Aggregate<Command: Debug, Event: PartialEq, Rejection: PartialEq + Debug>
    + PartialEq
    + Debug
    + Serialize
    + DeserializeOwned
{
    /// What is tried in every state, by people and by the gateway.
    fn moves(&self, scene: &Scene) -> Vec<Move<Self::Command>>;

    /// What an event tells others.
    fn tells(&self, event: &Self::Event) -> Vec<Follow>;

    /// Whether the machine's own sums add up, and are the gateway's.
    fn money(&self, book: &Book) -> Result<(), String>;

    /// Whether its table, or what it says to be allowed, admits this command of this actor's.
    fn admits(&self, command: &Self::Command, actor: &Actor, now: Time) -> bool;

    /// Whether it is a rejection of the table's: it was not admitted.
    fn is_by_table(rejection: &Self::Rejection) -> bool;
}

/// A state of a machine at an instant, with one history that led there.
pub struct Node<M: Part> {
    pub machine: M,
    pub now: Time,
    pub key: u64,
    journal: Vec<Recorded<M::Event>>,
    book: Book,
    steps: OnceCell<Vec<Step<M>>>,
}

/// What a move leads to.
pub struct Step<M: Part> {
    pub label: Rc<str>,
    pub unusual: Option<Unusual>,
    pub forced: bool,
    pub next: Rc<Node<M>>,
    pub tells: Vec<Follow>,
}

/// What became of a command.
pub enum Done<M: Part> {
    Refused,
    Repeat,
    News(Rc<Node<M>>, Vec<Follow>),
}

impl<M: Part> Clone for Done<M> {
    fn clone(&self) -> Self {
        match self {
            Self::Refused => Self::Refused,
            Self::Repeat => Self::Repeat,
            Self::News(next, tells) => Self::News(next.clone(), tells.clone()),
        }
    }
}

/// A machine at a later instant, and what that told.
type Passed<M> = (Rc<Node<M>>, Vec<Follow>);

/// The nodes by what they hold and when.
type Known<M> = HashMap<(u64, Time), Rc<Node<M>>>;

/// Every state of one kind of machine that was reached.
pub struct Nodes<M: Part> {
    known: RefCell<Known<M>>,
    heard: RefCell<HashMap<(u64, Time, u64), Done<M>>>,
    passed: RefCell<HashMap<(u64, Time, Time), Passed<M>>>,
    merged: Cell<usize>,
    asked: Cell<usize>,
}

/// Of how many states that are merged into a known one, one is held against it; and of how many states one is asked whether
/// it matters when it is woken.
const EVERY: usize = 16;

impl<M: Part> Default for Nodes<M> {
    fn default() -> Self {
        let (known, heard, passed) = (RefCell::default(), RefCell::default(), RefCell::default());
        Self { known, heard, passed, merged: Cell::new(0), asked: Cell::new(0) }
    }
}

impl<M: Part> Nodes<M> {
    pub fn len(&self) -> usize {
        self.known.borrow().len()
    }

    /// A machine that has just begun.
    pub fn begin(
        &self,
        machine: M,
        journal: Vec<Recorded<M::Event>>,
        now: Time,
        scene: &Scene,
    ) -> Rc<Node<M>> {
        self.intern(machine, journal, Book::default(), now, scene)
    }

    fn intern(
        &self,
        machine: M,
        journal: Vec<Recorded<M::Event>>,
        book: Book,
        now: Time,
        scene: &Scene,
    ) -> Rc<Node<M>> {
        let stored = serde_json::to_value(&machine).unwrap();
        let key = canon::key(&stored, now);
        // every history is held against what it led to, before states are merged
        assert_eq!(machine.audit(), Ok(()), "{machine:?}");
        let replayed = M::replay_journal(machine.id(), &journal);
        assert_eq!(replayed.as_ref(), Ok(&machine), "replay is live");
        if let Err(how) = machine.money(&book) {
            panic!(
                "money: {how}\n{machine:#?}\n{book:?}\n{:#?}",
                journal.iter().map(|r| &r.event).collect::<Vec<_>>()
            );
        }
        let node = Rc::new(Node { machine, now, key, journal, book, steps: OnceCell::new() });
        let known = self.known.borrow().get(&(key, now)).cloned();
        match known {
            None => {
                assert_eq!(
                    serde_json::from_value::<M>(stored).ok().as_ref(),
                    Some(&node.machine),
                    "a snapshot"
                );
                self.known.borrow_mut().insert((key, now), node.clone());
                self.punctual(&node, scene);
                node
            }
            Some(known) => {
                if known.machine != node.machine {
                    let merged = self.merged.get() + 1;
                    self.merged.set(merged);
                    if merged % EVERY == 1 {
                        assert_alike(&known, &node, scene);
                    }
                }
                known
            }
        }
    }

    /// Gives a command.
    pub fn give(
        &self,
        from: &Node<M>,
        actor: &Actor,
        command: &M::Command,
        book: Book,
        scene: &Scene,
    ) -> Done<M> {
        let done = match from.machine.decide(command, &Context::new(from.now, actor.clone())) {
            Err(rejection) => {
                let by_table = M::is_by_table(&rejection);
                let admitted = from.machine.admits(command, actor, from.now);
                assert!(by_table != admitted, "{actor} {command:?}: {rejection:?}, admitted: {admitted}");
                return Done::Refused;
            }
            Ok(done) if done.is_empty() => return Done::Repeat,
            Ok(done) => done,
        };
        assert!(
            from.machine.admits(command, actor, from.now),
            "{actor} {command:?} is not admitted, but done"
        );
        let mut machine = from.machine.clone();
        let (mut journal, mut tells) = (from.journal.clone(), Vec::new());
        for recorded in done.events() {
            machine.apply(recorded);
            tells.extend(machine.tells(&recorded.event));
            journal.push(recorded.clone());
        }
        let again = machine.decide(command, &Context::new(from.now, actor.clone()));
        assert!(matches!(&again, Ok(again) if again.is_empty()), "{actor} {command:?} again: {again:?}");
        let book = Book {
            came: from.book.came + book.came,
            left: from.book.left + book.left,
            lost: from.book.lost + book.lost,
        };
        Done::News(self.intern(machine, journal, book, from.now, scene), tells)
    }

    /// The same, of what others tell.
    pub fn hear(
        &self,
        from: &Node<M>,
        told: u64,
        actor: &Actor,
        command: &M::Command,
        book: Book,
        scene: &Scene,
    ) -> Done<M> {
        let at = (from.key, from.now, told);
        if let Some(done) = self.heard.borrow().get(&at) {
            return done.clone();
        }
        let done = self.give(from, actor, command, book, scene);
        self.heard.borrow_mut().insert(at, done.clone());
        done
    }

    /// What everybody may do, each once.
    pub fn steps<'n>(&self, from: &'n Node<M>, scene: &Scene) -> &'n [Step<M>] {
        if let Some(steps) = from.steps.get() {
            return steps;
        }
        let mut steps = Vec::new();
        for Move { actor, command, unusual, forced, book } in from.machine.moves(scene) {
            if unusual.is_some_and(|unusual| !scene.plays(unusual)) {
                continue;
            }
            if let Done::News(next, tells) = self.give(from, &actor, &command, book, scene) {
                let label = format!("{actor}: {command:?}").into();
                steps.push(Step { label, unusual, forced, next, tells });
            }
        }
        from.steps.get_or_init(|| steps)
    }

    /// Time passes: what is due fires, and nothing that was due is left.
    pub fn pass(&self, from: &Node<M>, now: Time, scene: &Scene) -> Passed<M> {
        let at = (from.key, from.now, now);
        if let Some(passed) = self.passed.borrow().get(&at) {
            return passed.clone();
        }
        let passed = self.passed_to(from, now, scene);
        self.passed.borrow_mut().insert(at, passed.clone());
        passed
    }

    fn passed_to(&self, from: &Node<M>, now: Time, scene: &Scene) -> Passed<M> {
        let mut machine = from.machine.clone();
        let (mut journal, mut tells) = (from.journal.clone(), Vec::new());
        if from.machine.next_deadline().is_some_and(|due| due <= now) {
            let woken = from.machine.decide(&M::wake(), &Context::clock(now)).expect("a wake");
            assert!(!woken.is_empty(), "a wake at a deadline does nothing: {machine:?}");
            for recorded in woken.events() {
                assert!(recorded.at <= now && recorded.at >= machine.last_at());
                machine.apply(recorded);
                tells.extend(machine.tells(&recorded.event));
                journal.push(recorded.clone());
            }
        }
        assert!(machine.next_deadline().is_none_or(|next| next > now), "passed over: {machine:?}");
        (self.intern(machine, journal, from.book, now, scene), tells)
    }

    /// Woken at each of the next deadlines or never: what it is, and what it says to everything that is tried, is the same.
    fn punctual(&self, node: &Node<M>, scene: &Scene) {
        let asked = self.asked.get() + 1;
        self.asked.set(asked);
        if asked % EVERY != 1 {
            return;
        }
        let (mut prompt, mut events) = (node.machine.clone(), Vec::new());
        let late = &node.machine;
        for _ in 0..2 {
            let Some(due) = prompt.next_deadline() else { return };
            events.extend(prompt.handle(&M::wake(), &Context::clock(due)).expect("a wake").into_events());
            for Move { actor, command, .. } in prompt.moves(scene) {
                let context = Context::new(due, actor);
                let said = prompt
                    .decide(&command, &context)
                    .map(|done| events.iter().cloned().chain(done.into_events()).collect::<Vec<_>>());
                let late = late.decide(&command, &context).map(|done| done.into_events().into_vec());
                assert_eq!(late, said, "woken at every deadline, or never: {command:?}");
            }
        }
    }
}

/// What is merged must lead to the same.
fn assert_alike<M: Part>(known: &Node<M>, other: &Node<M>, scene: &Scene) {
    let successors = |node: &Node<M>| -> Vec<(String, Option<u64>)> {
        let next = |Move { actor, command, .. }: Move<M::Command>| {
            let mut machine = node.machine.clone();
            let done = machine.handle(&command, &Context::new(node.now, actor.clone()));
            let key = || canon::key(&serde_json::to_value(&machine).unwrap(), node.now);
            (format!("{actor}: {command:?}"), done.is_ok().then(key))
        };
        node.machine.moves(scene).into_iter().map(next).collect()
    };
    let due = |node: &Node<M>| node.machine.next_deadline();
    assert_eq!(due(known), due(other), "merged, but due at different times");
    assert_eq!(
        successors(known),
        successors(other),
        "merged, but not alike: {known:?} {other:?}",
        known = known.machine,
        other = other.machine
    );
}
