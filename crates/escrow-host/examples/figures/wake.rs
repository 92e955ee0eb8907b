//! 100,000 deals that are due at one instant: how many a worker wakes in a second, beside bare updates of the same rows. Both
//! take turns, a part of the rows at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use escrow::port::{Backlog, Clock, Commit, Repository, blocking};
use escrow::{Deal, Time};
use escrow_host::sandbox::{Bank, Faults, SandboxGateway};
use escrow_host::{Host, Worker};
use escrow_postgres::Postgres;
use escrow_sqlite::Sqlite;
use rusqlite::{Connection, params};

use crate::chaos_server::Server;
use crate::{Folder, next_id, proposed, row, start};

const DEALS: u32 = 100_000;
const ROUNDS: u32 = 5;
const PART: u32 = DEALS / ROUNDS;
const CLIENTS: usize = 64;
const BATCH: u32 = 1_024;

/// When the proposals have run out.
#[derive(Clone, Copy)]
struct Late;

impl Clock for Late {
    fn now(&self) -> Time {
        start().plus_secs(30 * 86_400)
    }
}

type TheWorker<R> = Worker<R, SandboxGateway<Late>, Late>;

fn worker<R: Backlog<Error: std::fmt::Display>>(repository: R) -> TheWorker<R> {
    let bank = Bank::in_memory(Faults::default()).unwrap();
    let host = Host::builder(repository, SandboxGateway::new(bank, Late), Late).build();
    Worker::builder(host, "one").batch(BATCH).concurrency(CLIENTS).clock_bound(None).build()
}

/// Woken per second, by one worker that wakes, journals and tells of it.
async fn woken<R>(worker: &mut TheWorker<R>) -> f64
where
    R: Backlog<Error: std::fmt::Display + std::fmt::Debug> + Send + 'static,
    R: Repository<Deal, Error = <R as Backlog>::Error>,
{
    let (began, mut woken) = (Instant::now(), 0);
    while woken < PART {
        let pass = worker.pass::<Deal>().await.unwrap();
        assert!(pass.failed == 0 && pass.woken > 0, "{pass:?} after {woken}");
        woken += pass.woken;
    }
    f64::from(woken) / began.elapsed().as_secs_f64()
}

/// The state and the id that copies are made of.
fn model() -> (Deal, Vec<escrow::Recorded>) {
    proposed(next_id())
}

/// The statements that make copies of the one deal that is there; `hex` writes a number as twelve digits. There is one part more
/// than is asked for: batches do not end where parts do.
fn copies(id: &str, numbers: &str, hex: &str) -> [String; 2] {
    let new = format!("'00000000-0000-0000-0001-' || {hex}");
    [
        format!(
            "INSERT INTO machines (kind, id, version, state, status, status_at, created_at, next_deadline)
             SELECT kind, {new}, version, replace(state, '{id}', {new}), status, status_at, created_at, next_deadline
             FROM machines, {numbers} WHERE id = '{id}'"
        ),
        format!(
            "INSERT INTO journal (kind, id, version, recorded_at, recorded)
             SELECT kind, {new}, version, recorded_at, recorded FROM journal, {numbers} WHERE id = '{id}'"
        ),
    ]
}

fn name(number: u32) -> String {
    format!("00000000-0000-0000-0001-{number:012x}")
}

fn say(database: &str, ours: &[f64], bare: [(&str, &[f64]); 2]) {
    for (how, bare) in bare {
        row(
            &format!("{database}: 100,000 due at once, beside bare updates {how}"),
            ours,
            bare,
            "/s",
            "≥ 0.8",
        );
    }
}

pub fn sqlite() {
    let folder = Folder::new();
    let path = folder.0.join("wake.db");
    let db = Sqlite::open(&path).unwrap();
    let (deal, events) = model();
    blocking::Repository::commit(&db, Commit::new(None, &events, &deal, start())).unwrap();
    let raw = Connection::open(&path).unwrap();
    let all = DEALS + PART;
    let numbers = format!(
        "(WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {all}) SELECT n FROM n) AS n"
    );
    for sql in copies(&deal.id().to_string(), &numbers, "printf('%012x', n.n)") {
        raw.execute_batch(&sql).unwrap();
    }
    drop(raw);
    let copies = ["64.db", "1024.db"].map(|name| folder.0.join(name));
    let bare = copies.map(|copy| {
        db.backup(&copy).unwrap();
        let raw = Connection::open(&copy).unwrap();
        raw.pragma_update(None, "journal_mode", "WAL").unwrap();
        raw.pragma_update(None, "synchronous", "FULL").unwrap();
        raw
    });
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let state = serde_json::to_string(&deal).unwrap();
    let mut worker = worker(db);
    let (mut ours, mut small, mut large) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let first = round * PART;
        ours.push(runtime.block_on(woken(&mut worker)));
        small.push(bare_updates(&bare[0], first, 64, &state));
        large.push(bare_updates(&bare[1], first, BATCH, &state));
    }
    say("SQLite", &ours, [("in 64s", &small), ("in 1,024s", &large)]);
}

fn bare_updates(db: &Connection, first: u32, batch: u32, state: &str) -> f64 {
    let (began, mut done) = (Instant::now(), 0_u32);
    while done < PART {
        db.execute_batch("BEGIN IMMEDIATE").unwrap();
        for _ in 0..batch {
            done += 1;
            let mut update = db
                .prepare_cached(
                    "UPDATE machines SET version = 2, state = ?2, status = 'expired', next_deadline = NULL
                     WHERE kind = 'deal' AND id = ?1",
                )
                .unwrap();
            update.execute(params![name(first + done), state]).unwrap();
        }
        db.execute_batch("COMMIT").unwrap();
    }
    f64::from(done) / began.elapsed().as_secs_f64()
}

pub fn postgres() {
    let Some(server) = Server::start("-c max_wal_size=4GB") else {
        println!("| PostgreSQL | skipped: it is not installed | | | |");
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let db = Postgres::connect(server.config().parse().unwrap(), CLIENTS).await.unwrap();
        let (deal, events) = model();
        db.commit(Commit::new(None, &events, &deal, start())).await.unwrap();
        let client = db.pool().get().await.unwrap();
        let numbers = format!("generate_series(1, {}) AS n", DEALS + PART);
        for sql in copies(&deal.id().to_string(), &numbers, "lpad(to_hex(n), 12, '0')") {
            client.batch_execute(&sql).await.unwrap();
        }
        for table in ["single", "many"] {
            client
                .batch_execute(&format!("CREATE TABLE {table} (LIKE machines INCLUDING ALL)"))
                .await
                .unwrap();
            client.batch_execute(&format!("INSERT INTO {table} SELECT * FROM machines")).await.unwrap();
            client.batch_execute(&format!("VACUUM ANALYZE {table}")).await.unwrap();
        }
        client.batch_execute("VACUUM ANALYZE machines").await.unwrap();
        drop(client);
        let state = serde_json::to_string(&deal).unwrap();
        let mut worker = worker(db.clone());
        let (mut ours, mut single, mut many) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..ROUNDS {
            let first = round * PART;
            ours.push(woken(&mut worker).await);
            single.push(one_by_one(&db, first, &state).await);
            many.push(together(&db, first, &state).await);
        }
        say("PostgreSQL", &ours, [("by 64 clients", &single), ("1,024 in a statement", &many)]);
    });
}

/// 64 clients, a statement and so a transaction for each row.
async fn one_by_one(db: &Postgres, first: u32, state: &str) -> f64 {
    let next = Arc::new(AtomicU32::new(0));
    let began = Instant::now();
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..CLIENTS {
        let (db, next, state) = (db.clone(), Arc::clone(&next), state.to_owned());
        clients.spawn(async move {
            let client = db.pool().get().await.unwrap();
            let sql = "UPDATE single SET version = 2, state = $2, status = 'expired', next_deadline = NULL
                       WHERE kind = 'deal' AND id = $1";
            let update = client.prepare_cached(sql).await.unwrap();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed) + 1;
                if number > PART {
                    return;
                }
                client.execute(&update, &[&name(first + number), &state]).await.unwrap();
            }
        });
    }
    clients.join_all().await;
    f64::from(PART) / began.elapsed().as_secs_f64()
}

/// One client, with as many rows in a statement as the worker has.
async fn together(db: &Postgres, first: u32, state: &str) -> f64 {
    let client = db.pool().get().await.unwrap();
    let sql = "UPDATE many m SET version = 2, state = c.state, status = 'expired', next_deadline = NULL
               FROM unnest($1::text[], $2::text[]) AS c (id, state) WHERE m.kind = 'deal' AND m.id = c.id";
    let update = client.prepare_cached(sql).await.unwrap();
    let (began, mut done) = (Instant::now(), 0);
    while done < PART {
        let names: Vec<String> = (1..=BATCH).map(|number| name(first + done + number)).collect();
        let states = vec![state; names.len()];
        let updated = client.execute(&update, &[&names, &states]).await.unwrap();
        assert_eq!(updated, u64::from(BATCH));
        done += BATCH;
    }
    f64::from(done) / began.elapsed().as_secs_f64()
}
