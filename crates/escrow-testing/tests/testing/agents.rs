//! What one agent promises of every kind of machine: whatever goes wrong with its commits, a story comes to the same end.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::cell::Cell;
use std::fmt::Debug;

use escrow::agent::ActError;
use escrow::agent::blocking::Agent;
use escrow::port::blocking::Repository;
use escrow::port::{Commit, CommitError};
use escrow::{Deal, Time, TxId};
use escrow_market::{Balance, Basket, Offer, Project, Store, Subscription};
use escrow_testing::conformance::Story;
use escrow_testing::{ManualClock, MemoryRepository, ScriptedGateway, SinkFault};
use uuid::Uuid;

/// What goes wrong with a commit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Trouble {
    Nothing,
    /// Another process was faster, with just the same.
    Race,
    /// It was not written, and the agent is told that nobody knows.
    Before,
    /// It was written, and the agent is told that nobody knows.
    After,
}

/// A repository where each step's first commit goes wrong.
struct Troubled<M: Story> {
    stored: MemoryRepository<M>,
    trouble: Cell<Trouble>,
}

impl<M: Story> Repository<M> for Troubled<M> {
    type Error = SinkFault;

    fn commit(&self, commit: Commit<'_, M>) -> Result<(), CommitError<SinkFault>> {
        match self.trouble.replace(Trouble::Nothing) {
            Trouble::Nothing => {}
            Trouble::Race => Repository::commit(&self.stored, commit)?,
            Trouble::Before => self.stored.fail_next(SinkFault::Before),
            Trouble::After => self.stored.fail_next(SinkFault::After),
        }
        Repository::commit(&self.stored, commit)
    }

    fn load(&self, id: M::Id) -> Result<Option<M>, SinkFault> {
        Repository::load(&self.stored, id)
    }

    fn due(&self, now: Time, limit: u32) -> Result<Vec<M::Id>, SinkFault> {
        Repository::due(&self.stored, now, limit)
    }

    fn unanswered(&self, before: Time, limit: u32) -> Result<Vec<M::Id>, SinkFault> {
        Repository::unanswered(&self.stored, before, limit)
    }
}

/// The story as the agent tells it, where this goes wrong with every step: the machine, and how often the gateway was asked
/// for each order.
fn told<M: Story + Debug>(trouble: Trouble) -> (M, Vec<(String, u32)>) {
    let start = Time::parse("2026-03-01T12:00:00Z").unwrap();
    let agent = Agent::new(ManualClock::new(start), ScriptedGateway::new());
    let repository = Troubled { stored: MemoryRepository::new(), trouble: Cell::new(Trouble::Nothing) };
    let id = M::id_of(Uuid::from_u128(7));
    for (command, actor) in M::story() {
        let unknown = agent.act(&repository, id, command, actor);
        assert!(matches!(unknown, Err(ActError::NotFound)), "{}", M::KIND);
    }
    let (machine, first) = M::begin(id, start).unwrap();
    Repository::commit(&repository, Commit::new(None, first.events(), &machine, start)).unwrap();
    let _ = agent.catch_up(&repository, id).unwrap_or_else(|e| panic!("{}: {e:?}", M::KIND));
    for (n, (_, actor)) in M::story().into_iter().enumerate() {
        let command = || M::story().swap_remove(n).0;
        let before = repository.load(id).unwrap().unwrap();
        repository.trouble.set(trouble);
        let done = agent.act(&repository, id, command(), actor.clone());
        let after = repository.load(id).unwrap().unwrap();
        match trouble {
            Trouble::Nothing | Trouble::Race => assert!(done.is_ok() && after != before, "{}: {n}", M::KIND),
            Trouble::Before => {
                assert!(matches!(done, Err(ActError::Stopped { .. })), "{}: {n}", M::KIND);
                assert_eq!(after, before, "nothing was written, and nobody says otherwise");
            }
            Trouble::After => assert!(matches!(done, Err(ActError::Stopped { .. })), "{}: {n}", M::KIND),
        }
        // the caller tries again
        let again = agent.act(&repository, id, command(), actor);
        assert!(again.is_ok(), "{}: {n} again", M::KIND);
        // and the worker asks for what has no answer
        let _ = agent.catch_up(&repository, id).unwrap_or_else(|e| panic!("{}: {e:?}", M::KIND));
    }
    let machine = repository.load(id).unwrap().unwrap();
    assert_eq!(M::replay_journal(id, &repository.stored.journal(id)).as_ref(), Ok(&machine));
    assert!(machine.unanswered_from(TxId::new(0)).is_none(), "{}: every order is answered", M::KIND);
    assert_eq!(repository.unanswered(Time::MAX, 9).unwrap(), []);
    let executions = agent.gateway.executions();
    (machine, executions.iter().map(|(key, done)| (key.to_string(), done.asked)).collect())
}

/// The same end, and every order carried out under the same key.
fn comes_to_the_same_end<M: Story + Debug>() {
    let (end, orders) = told::<M>(Trouble::Nothing);
    assert!(orders.iter().all(|(_, asked)| *asked == 1), "{orders:?}");
    let keys = |orders: &[(String, u32)]| orders.iter().map(|(key, _)| key.clone()).collect::<Vec<_>>();
    for trouble in [Trouble::Race, Trouble::Before, Trouble::After] {
        let (other, others) = told::<M>(trouble);
        assert_eq!(other, end, "{}: {trouble:?}", M::KIND);
        assert_eq!(keys(&others), keys(&orders), "{}: {trouble:?}", M::KIND);
    }
}

#[test]
fn whatever_goes_wrong_with_commits_every_machine_comes_to_the_same_end() {
    comes_to_the_same_end::<Deal>();
    comes_to_the_same_end::<Balance>();
    comes_to_the_same_end::<Basket>();
    comes_to_the_same_end::<Offer>();
    comes_to_the_same_end::<Project>();
    comes_to_the_same_end::<Store>();
    comes_to_the_same_end::<Subscription>();
}
