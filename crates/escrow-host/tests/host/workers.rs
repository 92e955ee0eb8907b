//! What waits is done: woken, asked again, delivered.

use std::sync::Mutex;
use std::time::Duration;

use escrow::deal::command::Accept;
use escrow::port::{Backlog, Clock, MachineKey, Parcel};
use escrow::{Deal, Status};
use escrow_host::sandbox::Faults;
use escrow_host::{Delivery, Worker};

use crate::world::{TheClock, World, id, party};

type TheWorker<D = ()> =
    Worker<escrow_sqlite::Sqlite, escrow_host::sandbox::SandboxGateway<TheClock>, TheClock, D>;

fn worker(world: &World, name: &str) -> TheWorker {
    Worker::builder(world.host.clone(), name).grace(Duration::ZERO).clock_bound(None).build()
}

#[tokio::test]
async fn what_is_due_is_woken_once() {
    let world = World::new(Faults::default());
    world.performing(1).await;
    let mut worker = worker(&world, "one");
    let idle = worker.pass::<Deal>().await.unwrap();
    assert_eq!((idle.woken, idle.asked), (0, 0));
    let due = world.load(1).await.next_deadline().unwrap();
    world.clock.0.set(due);
    let figures = world.host.figures().await.unwrap();
    assert_eq!((figures.backlog.due, figures.backlog.due_lag_ms), (1, 0));
    assert_eq!(worker.pass::<Deal>().await.unwrap().woken, 1);
    assert!(world.load(1).await.next_deadline() != Some(due));
    assert_eq!(worker.pass::<Deal>().await.unwrap().woken, 0);
}

#[tokio::test]
async fn an_order_without_an_answer_is_asked_about_with_backoff() {
    // every answer is lost, once
    let world = World::new(Faults { lost: 1_000, ..Faults::default() });
    world.performing(1).await;
    let acted = world.host.act(id(1), Accept::default(), party("anna")).await.unwrap();
    assert!(acted.receipt.has_pending);
    let machine = MachineKey::new("deal", id(1));
    let attempts = world.host.repository().attempts(&machine).await.unwrap();
    assert_eq!(attempts.len(), 2);
    for attempt in &attempts {
        assert_eq!((attempt.tries, attempt.error.as_str()), (1, "the bank did not answer"));
        // the first wait is a second, less by up to a half
        let wait = attempt.next_at.millis() - world.clock.now().millis();
        assert!((500..=1_000).contains(&wait), "{wait}");
    }
    let mut worker = worker(&world, "one");
    assert_eq!(worker.pass::<Deal>().await.unwrap().asked, 0, "it is not time yet");
    world.advance(1);
    assert_eq!(worker.pass::<Deal>().await.unwrap().asked, 1);
    let deal = world.load(1).await;
    assert_eq!(deal.status(), Status::Completed);
    assert_eq!(world.bank().audit([&deal]).unwrap().findings, []);
    assert_eq!(world.host.repository().attempts(&machine).await.unwrap(), []);
    let counts = world.host.figures().await.unwrap().counts;
    assert_eq!((counts.gateway_errors, counts.asked), (2, 1));
}

/// A bank that forgets is looked at before it is told again.
#[tokio::test]
async fn key_forgotten() {
    // keys are forgotten at once: the control pays twice, whoever looks pays once
    for looks in [true, false] {
        let faults = Faults { lost: 1_000, forgets_after_ms: Some(0), ..Faults::default() };
        let mut world = World::new(faults);
        if !looks {
            world = without_looking(faults);
        }
        world.performing(1).await;
        world.host.act(id(1), Accept::default(), party("anna")).await.unwrap();
        let mut worker = worker(&world, "one");
        for _ in 0..3 {
            world.advance(60);
            worker.pass::<Deal>().await.unwrap();
        }
        let findings = world.bank().audit([&world.load(1).await]).unwrap().findings;
        let twice = findings.iter().filter(|f| f.what.contains("moved money")).count();
        assert_eq!(twice == 0, looks, "{findings:?}");
        assert_eq!(findings.is_empty(), looks, "{findings:?}");
    }
}

fn without_looking(faults: Faults) -> World {
    use escrow_host::Host;
    use escrow_host::sandbox::{Bank, SandboxGateway};
    let world = World::new(faults);
    let bank = Bank::in_memory(faults).unwrap();
    let gateway = SandboxGateway::new(bank, world.clock.clone()).without_looking();
    let host =
        Host::builder(world.host.repository().clone(), gateway, world.clock.clone()).keeps_balances().build();
    World { host, ..world }
}

#[tokio::test]
async fn clock_jump() {
    let world = World::new(Faults::default());
    world.performing(1).await;
    let mut worker: TheWorker = Worker::builder(world.host.clone(), "one").build();
    worker.pass::<Deal>().await.unwrap();
    let due = world.load(1).await.next_deadline().unwrap();
    world.clock.0.set(due);
    let pass = worker.pass::<Deal>().await.unwrap();
    assert_eq!((pass.woken, pass.clock_jumped), (0, true));
    let before = world.load(1).await;
    // still so at the next pass, until somebody has looked
    assert!(worker.pass::<Deal>().await.unwrap().clock_jumped);
    assert_eq!(world.load(1).await, before);
    worker.believe_clock();
    assert_eq!(worker.pass::<Deal>().await.unwrap().woken, 1);
}

/// A host that is started with a wrong clock has no earlier pass to be held against, but the storage has a clock.
#[tokio::test]
async fn a_clock_ahead_of_the_storages_wakes_nothing() {
    let world = World::new(Faults::default());
    let storage = world.host.repository().clock().await.unwrap().unwrap();
    // the deal begins by the storage's clock, half a minute ago, and the host's clock then is where its deadline is
    world.clock.0.set(storage.plus_secs(0));
    world.performing(1).await;
    let due = world.load(1).await.next_deadline().unwrap();
    world.clock.0.set(due);
    let mut worker: TheWorker = Worker::builder(world.host.clone(), "one").build();
    let pass = worker.pass::<Deal>().await.unwrap();
    assert_eq!((pass.woken, pass.clock_jumped), (0, true));
    // a larger bound than the time until the deadline, 30 days, and it is believed
    let bound = Duration::from_secs(60 * 86_400);
    let mut patient: TheWorker =
        Worker::builder(world.host.clone(), "other").clock_bound(Some(bound)).build();
    assert_eq!(patient.pass::<Deal>().await.unwrap().woken, 1);
}

#[tokio::test]
async fn what_fails_again_and_again_holds_up_nothing_behind_it() {
    let world = World::new(Faults::default());
    for number in 1..=5 {
        world.performing(number).await;
    }
    // the states of the first three cannot be read
    let damaged = rusqlite::Connection::open(&world._file.0).unwrap();
    for number in 1..=3 {
        let sql = "UPDATE machines SET state = 'nothing' WHERE id = ?1";
        damaged.execute(sql, [id(number).to_string()]).unwrap();
    }
    world.clock.0.set(world.load(5).await.next_deadline().unwrap());
    // two at a time: without more ado they would be the same two for ever
    let mut worker: TheWorker = Worker::builder(world.host.clone(), "one").batch(2).clock_bound(None).build();
    let mut passes = Vec::new();
    for _ in 0..3 {
        let pass = worker.pass::<Deal>().await.unwrap();
        passes.push((pass.woken, pass.failed));
    }
    // 1 and 2; 3 and 4; 5
    assert_eq!(passes, [(0, 2), (1, 1), (1, 0)]);
}

#[tokio::test]
async fn two_workers_share_what_is_due() {
    let world = World::new(Faults::default());
    for number in 1..=20 {
        world.performing(number).await;
    }
    world.clock.0.set(world.load(20).await.next_deadline().unwrap());
    let (mut one, mut other) = (worker(&world, "one"), worker(&world, "other"));
    let (first, second) = tokio::join!(one.pass::<Deal>(), other.pass::<Deal>());
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!((first.woken + second.woken, first.failed + second.failed), (20, 0));
    assert_eq!(world.host.repository().fsck::<Deal>().unwrap(), []);
}

#[tokio::test]
async fn whoever_dies_leaves_leases_that_run_out() {
    let world = World::new(Faults::default());
    world.performing(1).await;
    world.clock.0.set(world.load(1).await.next_deadline().unwrap());
    let now = world.clock.now();
    let name = vec![format!("deal/{}", id(1))];
    world.host.repository().lease(name, "dead", now, now.plus_secs(30)).await.unwrap();
    let mut worker = worker(&world, "one");
    assert_eq!(worker.pass::<Deal>().await.unwrap().woken, 0);
    world.advance(30);
    assert_eq!(worker.pass::<Deal>().await.unwrap().woken, 1);
}

/// Fails for a machine until it is told not to.
#[derive(Default)]
struct Receiver {
    fails: Mutex<Option<String>>,
    got: Mutex<Vec<(String, u64, u64)>>,
}

impl Delivery for Receiver {
    type Error = String;

    async fn deliver(&self, parcel: &Parcel) -> Result<(), String> {
        if self.fails.lock().unwrap().as_deref() == Some(&*parcel.machine.id) {
            return Err("not now".to_owned());
        }
        let id = parcel.machine.id.clone();
        self.got.lock().unwrap().push((id, parcel.from_version, parcel.to_version));
        Ok(())
    }
}

#[tokio::test]
async fn the_outbox_is_delivered_in_order_and_one_machine_holds_up_no_other() {
    let world = World::new(Faults::default());
    let receiver = Receiver::default();
    *receiver.fails.lock().unwrap() = Some(id(1).to_string());
    world.performing(1).await;
    world.performing(2).await;
    // fewer at a time than the stuck one has
    let mut worker = Worker::builder(world.host.clone(), "one").batch(2).deliver_to(&receiver).build();
    let mut pass = worker.pass::<Deal>().await.unwrap();
    let more = worker.pass::<Deal>().await.unwrap();
    pass.delivered += more.delivered;
    // three commits each: opened, paid, started
    assert_eq!((pass.delivered, pass.failed), (3, 1));
    *receiver.fails.lock().unwrap() = None;
    assert_eq!(worker.pass::<Deal>().await.unwrap().delivered, 2);
    assert_eq!(worker.pass::<Deal>().await.unwrap().delivered, 1);
    assert!(worker.pass::<Deal>().await.unwrap().is_idle());
    let got = receiver.got.lock().unwrap().clone();
    for number in [1, 2] {
        let of_one: Vec<_> = got.iter().filter(|(machine, ..)| *machine == id(number).to_string()).collect();
        assert!(of_one[0].1 == 0 && of_one.windows(2).all(|w| w[0].2 == w[1].1), "{of_one:?}");
    }
}

/// Refuses everything, for good or not.
struct Refuses(bool);

impl Delivery for Refuses {
    type Error = String;

    async fn deliver(&self, parcel: &Parcel) -> Result<(), String> {
        Err(format!("{}no {}", if self.0 { "" } else { "not now: " }, parcel.to_version))
    }

    fn is_refused(error: &String) -> bool {
        !error.starts_with("not now")
    }
}

/// 45 tries, an hour apart at the most; what is tried in between does not count.
#[tokio::test]
async fn what_a_receiver_refuses_is_given_up_in_the_end_as_an_incident() {
    for for_good in [true, false] {
        let world = World::new(Faults::default());
        world.performing(1).await;
        let delivery = Refuses(for_good);
        let mut worker = Worker::builder(world.host.clone(), "one").deliver_to(&delivery).build();
        let incidents = || world.host.repository().open_incidents(0, 9).unwrap();
        for _ in 0..44 {
            for _ in 0..2 {
                assert_eq!(worker.pass::<Deal>().await.unwrap().failed, 1);
            }
            assert!(incidents().is_empty());
            world.advance(3_600);
        }
        worker.pass::<Deal>().await.unwrap();
        let told: Vec<_> = incidents().into_iter().map(|(_, i)| (i.what, i.detail)).collect();
        let (what, why) =
            if for_good { ("parcel-given-up", "no 1") } else { ("undelivered", "not now: no 1") };
        let detail = format!("versions 0 to 1 are not told after 45 tries: {why}");
        assert_eq!(told, [(what.to_owned(), detail)]);
        // what is given up makes room for the next, which is counted by itself
        let left = world.host.repository().parcels(0, 9).await.unwrap().len();
        assert_eq!(left, if for_good { 2 } else { 3 });
        world.advance(3_600);
        worker.pass::<Deal>().await.unwrap();
        assert_eq!(incidents().len(), 1);
    }
}

#[tokio::test]
async fn a_worker_runs_until_it_is_stopped() {
    let world = World::new(Faults { lost: 1_000, ..Faults::default() });
    world.performing(1).await;
    world.host.act(id(1), Accept::default(), party("anna")).await.unwrap();
    world.advance(60);
    let mut worker = worker(&world, "one");
    worker.run::<Deal>(tokio::time::sleep(Duration::from_millis(300))).await;
    assert_eq!(world.load(1).await.status(), Status::Completed);
    let text = world.host.figures().await.unwrap().to_prometheus();
    assert!(text.contains("\nescrow_asked_total 1\n") && text.contains("# TYPE escrow_due gauge"), "{text}");
}
