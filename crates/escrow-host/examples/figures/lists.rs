//! The next 100 that are due, of ten thousand open deals and of a million.

use std::time::Instant;

use escrow::Deal;
use escrow::port::{Repository, blocking};
use escrow_postgres::Postgres;
use escrow_sqlite::Sqlite;
use rusqlite::Connection;

use crate::chaos_server::Server;
use crate::{Folder, median, start};

const SIZES: [u32; 2] = [10_000, 1_000_000];
/// Turns whose first is the one and then the other; in each, reads that are not timed, since the other has had the caches.
const TURNS: usize = 40;
const WARM: usize = 20;
const READS: usize = 50;

/// Rows as the index sees them, each with a deadline of its own, not in the order of their ids.
const COLUMNS: &str =
    "INSERT INTO machines (kind, id, version, state, status, status_at, created_at, next_deadline) SELECT
  'deal', '00000000-0000-0000-0000-' || ";

fn say(name: &str, micros: [Vec<f64>; 2]) {
    let ratios = micros[1].iter().zip(&micros[0]).map(|(large, small)| large / small).collect();
    let [small, large] = micros.map(median);
    println!(
        "| {name}: next 100 due of 1 M deals, beside of 10 K | {large:.0} µs | {small:.0} µs | {:.2} | ≤ 1.2 |",
        median(ratios)
    );
}

const fn in_turn(turn: usize) -> [usize; 2] {
    if turn.is_multiple_of(2) { [0, 1] } else { [1, 0] }
}

/// The last line of the plan says how the table is read.
fn say_plan(name: &str, plans: [String; 2]) {
    for (size, plan) in SIZES.iter().zip(plans) {
        println!("<!-- {name}, {size}: {plan} -->");
    }
}

pub fn sqlite() {
    let folder = Folder::new();
    let stores = SIZES.map(|size| {
        let path = folder.0.join(format!("{size}.db"));
        let db = Sqlite::open(&path).unwrap();
        let raw = Connection::open(&path).unwrap();
        raw.pragma_update(None, "synchronous", "OFF").unwrap();
        let sql = format!(
            "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {size})
             {COLUMNS} printf('%012x', n), 1, '{{}}', 'performing', n, n, {} + (n * 7919) % {size} FROM n",
            start().millis()
        );
        raw.execute_batch(&sql).unwrap();
        raw.execute_batch("ANALYZE; PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
        (db, raw)
    });
    say_plan("SQLite", [0, 1].map(|place| sqlite_plan(&stores[place].1)));
    let stores = stores.map(|(db, _)| db);
    let now = start().plus_secs(86_400);
    let mut micros = [Vec::new(), Vec::new()];
    for turn in 0..TURNS {
        for place in in_turn(turn) {
            let mut reads = Vec::new();
            for _ in 0..WARM + READS {
                let began = Instant::now();
                let due = blocking::Repository::<Deal>::due(&stores[place], now, 100).unwrap();
                reads.push(began.elapsed().as_secs_f64() * 1e6);
                assert_eq!(due.len(), 100);
            }
            micros[place].push(median(reads.split_off(WARM)));
        }
    }
    say("SQLite", micros);
}

fn sqlite_plan(db: &Connection) -> String {
    let sql = "EXPLAIN QUERY PLAN SELECT id FROM machines WHERE kind = ?1 AND next_deadline <= ?2 ORDER BY next_deadline, id
               LIMIT ?3";
    let mut explain = db.prepare(sql).unwrap();
    let now = start().plus_secs(86_400).millis();
    let lines =
        explain.query_map(rusqlite::params!["deal", now, 100], |row| row.get::<_, String>(3)).unwrap();
    lines.map(Result::unwrap).collect::<Vec<_>>().join("; ")
}

pub fn postgres() {
    let Some(server) = Server::start("-c fsync=off -c max_wal_size=4GB") else {
        println!("| PostgreSQL | skipped: it is not installed | | | |");
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let (mut stores, mut plans) = (Vec::new(), Vec::new());
        for size in SIZES {
            let first = Postgres::connect(server.config().parse().unwrap(), 1).await.unwrap();
            let name = format!("d{size}");
            let client = first.pool().get().await.unwrap();
            client.execute(&format!("CREATE DATABASE {name}"), &[]).await.unwrap();
            let config = server.config().replace("dbname=postgres", &format!("dbname={name}"));
            let db = Postgres::connect(config.parse().unwrap(), 2).await.unwrap();
            let sql = format!(
                "{COLUMNS} lpad(to_hex(n), 12, '0'), 1, '{{}}', 'performing', n, n, {} + (n::bigint * 7919) % {size}
                 FROM generate_series(1, {size}) AS n",
                start().millis()
            );
            let client = db.pool().get().await.unwrap();
            client.batch_execute(&sql).await.unwrap();
            client.batch_execute("VACUUM ANALYZE machines").await.unwrap();
            let explain = format!(
                "EXPLAIN SELECT id FROM machines WHERE kind = 'deal' AND next_deadline <= {} ORDER BY next_deadline, id
                 LIMIT 100",
                start().plus_secs(86_400).millis()
            );
            let lines = client.query(&explain, &[]).await.unwrap();
            let lines: Vec<String> = lines.iter().map(|row| row.get::<_, String>(0).trim().to_owned()).collect();
            plans.push(lines.join("; "));
            drop(client);
            stores.push(db);
        }
        say_plan("PostgreSQL", [plans.remove(0), plans.remove(0)]);
        let now = start().plus_secs(86_400);
        let mut micros = [Vec::new(), Vec::new()];
        for turn in 0..TURNS {
            for place in in_turn(turn) {
                let mut reads = Vec::new();
                for _ in 0..WARM + READS {
                    let began = Instant::now();
                    let due = Repository::<Deal>::due(&stores[place], now, 100).await.unwrap();
                    reads.push(began.elapsed().as_secs_f64() * 1e6);
                    assert_eq!(due.len(), 100);
                }
                micros[place].push(median(reads.split_off(WARM)));
            }
        }
        say("PostgreSQL", micros);
    });
}
