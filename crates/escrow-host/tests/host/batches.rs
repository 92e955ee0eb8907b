//! Deals are woken together, and what is not plain with one of them is that one's alone.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use escrow::port::Clock;
use escrow::{Deal, Status};
use escrow_host::sandbox::{Bank, Faults, SandboxGateway};
use escrow_host::{Host, Worker};

use crate::contested::{Contested, Trouble};
use crate::world::{TheClock, World, id};

type TheWorker = Worker<Contested, SandboxGateway<TheClock>, TheClock>;

/// Five deals that are being performed, all due; a worker for all of them, and what happens to it.
struct Crowd {
    world: World,
    repository: Contested,
    before: Vec<Deal>,
}

impl Crowd {
    async fn new(trouble: Trouble) -> Self {
        let world = World::new(Faults::default());
        for number in 1..=5 {
            world.performing(number).await;
        }
        world.clock.0.set(world.load(5).await.next_deadline().unwrap());
        let trouble = Arc::new(Mutex::new(Some(trouble)));
        let repository = Contested { db: world.host.repository().clone(), trouble };
        let mut before = Vec::new();
        for number in 1..=5 {
            before.push(world.load(number).await);
        }
        Self { world, repository, before }
    }

    fn worker(&self, name: &str) -> TheWorker {
        let gateway =
            SandboxGateway::new(Bank::in_memory(Faults::default()).unwrap(), self.world.clock.clone());
        let host = Host::builder(self.repository.clone(), gateway, self.world.clock.clone());
        let host = host.keeps_balances().build();
        Worker::builder(host, name).grace(Duration::ZERO).clock_bound(None).build()
    }

    async fn after(&self) -> Vec<Deal> {
        let mut after = Vec::new();
        for number in 1..=5 {
            after.push(self.world.load(number).await);
        }
        after
    }

    /// Each is what a wake of it alone makes of it, by as many events.
    async fn all_are_woken_once(&self) {
        let now = self.world.clock.now();
        for (before, after) in self.before.iter().zip(self.after().await) {
            let mut alone = before.clone();
            let wake = <Deal as escrow::port::Aggregate>::wake();
            let _events = alone.handle(&wake, &escrow::Context::clock(now)).unwrap().into_events();
            assert!(alone.version() > before.version());
            assert_eq!(after.version(), alone.version());
            assert_eq!(after.status(), alone.status());
        }
        assert_eq!(self.repository.db.fsck::<Deal>().unwrap(), []);
    }

    fn incidents(&self) -> Vec<(String, String)> {
        let open = self.repository.db.open_incidents(0, 100).unwrap();
        open.into_iter().map(|(_, i)| (i.what, i.machine.unwrap().id)).collect()
    }
}

#[tokio::test]
async fn somebody_is_faster_with_one_of_them() {
    let crowd = Crowd::new(Trouble::Faster(id(3))).await;
    let mut worker = crowd.worker("one");
    let pass = worker.pass::<Deal>().await.unwrap();
    assert_eq!((pass.woken, pass.failed), (5, 0));
    for (place, after) in crowd.after().await.iter().enumerate() {
        // the seller has cancelled the third one, and it is judged again as it is then
        let is_cancelled = after.status() == Status::Cancelled;
        assert_eq!(is_cancelled, place == 2, "{place}: {:?}", after.status());
        assert!(after.version() > crowd.before[place].version());
    }
    assert_eq!(crowd.repository.db.fsck::<Deal>().unwrap(), []);
    assert_eq!(crowd.incidents(), []);
    assert_eq!(worker.pass::<Deal>().await.unwrap().woken, 0);
}

#[tokio::test]
async fn a_crash_between_deciding_and_the_commit_has_done_nothing() {
    let crowd = Crowd::new(Trouble::Gone).await;
    let mut gone = crowd.worker("gone");
    {
        let mut pass = std::pin::pin!(gone.pass::<Deal>());
        // it goes on as far as the commit, however long that takes on this machine, and is dropped there
        let at_the_commit = async {
            while crowd.repository.trouble.lock().unwrap().is_some() {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            _ = &mut pass => panic!("it ended"),
            () = at_the_commit => {}
        }
    }
    assert_eq!(crowd.after().await, crowd.before);
    // its leases hold, and run out
    let mut other = crowd.worker("other");
    assert_eq!(other.pass::<Deal>().await.unwrap().woken, 0);
    crowd.world.advance(30);
    assert_eq!(other.pass::<Deal>().await.unwrap().woken, 5);
    crowd.all_are_woken_once().await;
}

#[tokio::test]
async fn a_batch_whose_fate_is_not_known_is_looked_at_one_by_one() {
    for trouble in [Trouble::Lost, Trouble::Refused] {
        let crowd = Crowd::new(trouble).await;
        let pass = crowd.worker("one").pass::<Deal>().await.unwrap();
        assert_eq!((pass.woken, pass.failed), (5, 0), "{trouble:?}");
        crowd.all_are_woken_once().await;
        // each was seen to be woken: there is nothing for a person to look into
        assert_eq!(crowd.incidents(), []);
    }
}

#[tokio::test]
async fn one_that_cannot_be_read_is_an_incident_and_the_others_go_on() {
    let crowd = Crowd::new(Trouble::Refused).await;
    *crowd.repository.trouble.lock().unwrap() = None;
    let damaged = rusqlite::Connection::open(&crowd.world._file.0).unwrap();
    damaged.execute("UPDATE machines SET state = 'nothing' WHERE id = ?1", [id(2).to_string()]).unwrap();
    let mut worker = crowd.worker("one");
    let pass = worker.pass::<Deal>().await.unwrap();
    assert_eq!((pass.woken, pass.failed), (4, 1));
    let unreadable = ("unreadable".to_owned(), id(2).to_string());
    assert_eq!(crowd.incidents(), std::slice::from_ref(&unreadable));
    // as long as nobody has looked into it, it is said once
    crowd.world.advance(30);
    let pass = worker.pass::<Deal>().await.unwrap();
    assert_eq!((pass.woken, pass.failed), (0, 1));
    assert_eq!(crowd.incidents(), std::slice::from_ref(&unreadable));
    // mended from its journal, it is woken as the others were
    assert_eq!(crowd.repository.db.rebuild::<Deal>().unwrap(), 5);
    crowd.world.advance(30);
    assert_eq!(worker.pass::<Deal>().await.unwrap().woken, 1);
    assert_eq!(crowd.repository.db.fsck::<Deal>().unwrap(), []);
}
