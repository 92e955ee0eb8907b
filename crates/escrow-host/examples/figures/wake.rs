//! 100,000 deals that are due at one instant: how many a worker wakes in a second, beside bare updates of the same rows.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

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
const AT_A_TIME: usize = 64;
const TIME: Duration = Duration::from_secs(15);

/// When the proposals have run out.
#[derive(Clone, Copy)]
struct Late;

impl Clock for Late {
    fn now(&self) -> Time {
        start().plus_secs(30 * 86_400)
    }
}

/// Woken per second, by one worker that wakes, journals and tells of it.
async fn woken<R>(repository: R) -> f64
where
    R: Backlog<Error: std::fmt::Display + std::fmt::Debug> + Send + 'static,
    R: Repository<Deal, Error = <R as Backlog>::Error>,
{
    let bank = Bank::in_memory(Faults::default()).unwrap();
    let host = Host::builder(repository, SandboxGateway::new(bank, Late), Late).build();
    let mut worker = Worker::builder(Arc::clone(&host), "one")
        .batch(1_024)
        .concurrency(AT_A_TIME)
        .clock_bound(None)
        .build();
    let (began, mut woken) = (Instant::now(), 0);
    while began.elapsed() < TIME && woken < DEALS {
        let pass = worker.pass::<Deal>().await.unwrap();
        assert_eq!(pass.failed, 0);
        woken += pass.woken;
    }
    f64::from(woken) / began.elapsed().as_secs_f64()
}

/// The state and the id that copies are made of.
fn model() -> (Deal, Vec<escrow::Recorded>) {
    proposed(next_id())
}

/// The statements that make copies of the one deal that is there; `hex` writes a number as twelve digits.
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

pub fn sqlite() {
    let folder = Folder::new();
    let path = folder.0.join("wake.db");
    let db = Sqlite::open(&path).unwrap();
    let (deal, events) = model();
    blocking::Repository::commit(&db, Commit::new(None, &events, &deal, start())).unwrap();
    let raw = Connection::open(&path).unwrap();
    let numbers = format!(
        "(WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {DEALS}) SELECT n FROM n) AS n"
    );
    for sql in copies(&deal.id().to_string(), &numbers, "printf('%012x', n.n)") {
        raw.execute_batch(&sql).unwrap();
    }
    let copy = folder.0.join("bare.db");
    db.backup(&copy).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let ours = runtime.block_on(woken(db));

    let raw = Connection::open(&copy).unwrap();
    raw.pragma_update(None, "journal_mode", "WAL").unwrap();
    raw.pragma_update(None, "synchronous", "FULL").unwrap();
    let state = serde_json::to_string(&deal).unwrap();
    let (began, mut done) = (Instant::now(), 0_u32);
    while began.elapsed() < TIME && done < DEALS {
        raw.execute_batch("BEGIN IMMEDIATE").unwrap();
        for _ in 0..AT_A_TIME {
            done += 1;
            let mut update = raw
                .prepare_cached(
                    "UPDATE machines SET version = 2, state = ?2, status = 'expired', next_deadline = NULL
                     WHERE kind = 'deal' AND id = ?1",
                )
                .unwrap();
            update.execute(params![format!("00000000-0000-0000-0001-{done:012x}"), state]).unwrap();
        }
        raw.execute_batch("COMMIT").unwrap();
    }
    let bare = f64::from(done) / began.elapsed().as_secs_f64();
    row("SQLite: 100,000 due at once, beside bare updates in 64s", &[ours], &[bare], "/s", "≥ 0.8");
}

pub fn postgres() {
    let Some(server) = Server::start("-c max_wal_size=4GB") else {
        println!("| PostgreSQL | skipped: it is not installed | | | |");
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let db = Postgres::connect(server.config().parse().unwrap(), AT_A_TIME).await.unwrap();
        let (deal, events) = model();
        db.commit(Commit::new(None, &events, &deal, start())).await.unwrap();
        let client = db.pool().get().await.unwrap();
        let numbers = format!("generate_series(1, {DEALS}) AS n");
        for sql in copies(&deal.id().to_string(), &numbers, "lpad(to_hex(n), 12, '0')") {
            client.batch_execute(&sql).await.unwrap();
        }
        client.batch_execute("CREATE TABLE bare (LIKE machines INCLUDING ALL)").await.unwrap();
        client.batch_execute("INSERT INTO bare SELECT * FROM machines").await.unwrap();
        client.batch_execute("VACUUM ANALYZE machines; ").await.unwrap();
        client.batch_execute("VACUUM ANALYZE bare").await.unwrap();
        drop(client);
        let ours = woken(db.clone()).await;

        let next = Arc::new(AtomicU32::new(0));
        let state = serde_json::to_string(&deal).unwrap();
        let began = Instant::now();
        let mut clients = tokio::task::JoinSet::new();
        for _ in 0..AT_A_TIME {
            let (db, next, state) = (db.clone(), Arc::clone(&next), state.clone());
            clients.spawn(async move {
                let client = db.pool().get().await.unwrap();
                let sql = "UPDATE bare SET version = 2, state = $2, status = 'expired', next_deadline = NULL
                           WHERE kind = 'deal' AND id = $1";
                let update = client.prepare_cached(sql).await.unwrap();
                while began.elapsed() < TIME {
                    let number = next.fetch_add(1, Ordering::Relaxed) + 1;
                    if number > DEALS {
                        break;
                    }
                    let id = format!("00000000-0000-0000-0001-{number:012x}");
                    client.execute(&update, &[&id, &state]).await.unwrap();
                }
            });
        }
        clients.join_all().await;
        let done = next.load(Ordering::Relaxed).min(DEALS);
        let bare = f64::from(done) / began.elapsed().as_secs_f64();
        row(
            "PostgreSQL: 100,000 due at once, beside 64 clients' bare updates",
            &[ours],
            &[bare],
            "/s",
            "≥ 0.8",
        );
    });
}
