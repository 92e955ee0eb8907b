//! Commits of new deals.

use std::process::Stdio;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use escrow::port::{Aggregate, Commit, Repository, blocking};
use escrow_postgres::Postgres;
use escrow_sqlite::Sqlite;
use rusqlite::{Connection, params};

use crate::chaos_server::Server;
use crate::{Folder, next_id, per_second, proposed, row, start};

const ROUNDS: usize = 3;
const ROUND: Duration = Duration::from_secs(4);

/// 32 clients: ours, and pgbench with the very statement and the same bytes.
pub fn postgres() {
    const CLIENTS: usize = 32;
    let Some(server) = Server::start("") else {
        println!("| PostgreSQL | skipped: it is not installed | | | |");
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let db = runtime.block_on(Postgres::connect(server.config().parse().unwrap(), CLIENTS)).unwrap();
    let script = server.file("commit.sql", &bare_commit());
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(runtime.block_on(async {
            let began = Instant::now();
            let mut clients = tokio::task::JoinSet::new();
            for _ in 0..CLIENTS {
                let db = db.clone();
                clients.spawn(async move {
                    let mut done = 0_u32;
                    while began.elapsed() < ROUND {
                        let (deal, events) = proposed(next_id());
                        db.commit(Commit::new(None, &events, &deal, start())).await.unwrap();
                        done += 1;
                    }
                    done
                });
            }
            let done: u32 = clients.join_all().await.iter().sum();
            f64::from(done) / began.elapsed().as_secs_f64()
        }));
        bare.push(pgbench(&server, &script, CLIENTS));
    }
    row("PostgreSQL, 32 clients: commits, beside pgbench", &ours, &bare, "/s", "≥ 0.9");
}

/// The statement of the store, with variables for what a client sends.
fn bare_commit() -> String {
    let source = include_str!("../../../escrow-postgres/src/repository.rs");
    let (_, behind) = source.split_once("const COMMIT: &str = \"").unwrap();
    let (statement, _) = behind.split_once("\";").unwrap();
    let values = [
        ("$14", "ARRAY[:buyer, :seller]"),
        ("$13", "ARRAY[:event]"),
        ("$12", "(:at)"),
        ("$11", "NULL"),
        ("$10", "(:at)"),
        ("$9", "NULL"),
        ("$8", "(:at)"),
        ("$7", "(:at)"),
        ("$6", ":status"),
        ("$5", ":state"),
        ("$4", "1"),
        ("$3", "0"),
        ("$2", "lpad((:id)::text, 36, '0')"),
        ("$1", "'bench'"),
    ];
    let bare =
        values.iter().fold(statement.to_owned(), |sql, (parameter, value)| sql.replace(parameter, value));
    format!("\\set id random(1, 9000000000000000)\n{};\n", bare.trim().replace('\n', " "))
}

fn pgbench(server: &Server, script: &str, clients: usize) -> f64 {
    let (deal, events) = proposed(next_id());
    let at = start().millis().to_string();
    let values = [
        ("buyer", "anna".to_owned()),
        ("seller", "shop".to_owned()),
        ("event", serde_json::to_string(&events[0]).unwrap()),
        ("at", at),
        ("status", deal.listing().status.to_owned()),
        ("state", serde_json::to_string(&deal).unwrap()),
    ];
    let mut pgbench = server.command("pgbench");
    pgbench
        .args(["-n", "-M", "prepared", "-j", "2", "-U", "escrow", "-f", script, "-h"])
        .arg(server.folder());
    pgbench.args(["-c", &clients.to_string(), "-T", &ROUND.as_secs().to_string()]);
    for (name, value) in values {
        pgbench.args(["-D", &format!("{name}={value}")]);
    }
    let output = pgbench.arg("postgres").stderr(Stdio::piped()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let rate = text.lines().find_map(|line| line.strip_prefix("tps = "));
    let rate = rate.and_then(|rate| rate.split(' ').next()?.parse().ok());
    rate.unwrap_or_else(|| panic!("pgbench: {text} {}", String::from_utf8_lossy(&output.stderr)))
}

/// 64 clients that share the writer, beside the same clients one by one, and beside a loop that writes the same rows in
/// transactions of 64.
pub fn sqlite() {
    const CLIENTS: usize = 64;
    let folder = Folder::new();
    let db = Sqlite::open(folder.0.join("gathered.db")).unwrap();
    let commit = || {
        let (deal, events) = proposed(next_id());
        blocking::Repository::commit(&db, Commit::new(None, &events, &deal, start())).unwrap();
    };
    let bare = Connection::open(folder.0.join("bare.db")).unwrap();
    drop(Sqlite::open(folder.0.join("bare.db")).unwrap());
    bare.pragma_update(None, "synchronous", "FULL").unwrap();
    bare.set_prepared_statement_cache_capacity(64);
    let (mut gathered, mut single, mut looped) = (Vec::new(), Vec::new(), Vec::new());
    let alone = Mutex::new(());
    for _ in 0..ROUNDS {
        gathered.push(per_second(CLIENTS, ROUND, commit));
        single.push(per_second(CLIENTS, ROUND, || {
            let _guard = alone.lock().unwrap();
            commit();
        }));
        looped.push(bare_loop(&bare, CLIENTS));
    }
    row("SQLite, 64 clients: gathered, beside one per commit", &gathered, &single, "/s", "≥ 5");
    row("SQLite, 64 clients: gathered, beside a bare loop in 64s", &gathered, &looped, "/s", "≥ 0.85");
}

fn bare_loop(db: &Connection, batch: usize) -> f64 {
    let (deal, events) = proposed(next_id());
    let (state, event) = (serde_json::to_string(&deal).unwrap(), serde_json::to_string(&events[0]).unwrap());
    let at = start().millis();
    let began = Instant::now();
    let mut done = 0_u32;
    while began.elapsed() < ROUND {
        db.execute_batch("BEGIN IMMEDIATE").unwrap();
        for _ in 0..batch {
            let id = next_id().to_string();
            let mut put = db
                .prepare_cached(
                    "INSERT INTO machines (kind, id, version, state, status, status_at, created_at, next_deadline)
                     VALUES ('deal', ?1, 1, ?2, 'awaiting_deposit', ?3, ?3, ?3)",
                )
                .unwrap();
            put.execute(params![id, state, at]).unwrap();
            for party in ["anna", "shop"] {
                let sql = "INSERT INTO parties (kind, party, created_at, id) VALUES ('deal', ?1, ?2, ?3)";
                db.prepare_cached(sql).unwrap().execute(params![party, at, id]).unwrap();
            }
            let sql = "INSERT INTO journal (kind, id, version, recorded_at, recorded) VALUES ('deal', ?1, 1, ?2, ?3)";
            db.prepare_cached(sql).unwrap().execute(params![id, at, event]).unwrap();
            let sql =
                "INSERT INTO outbox (kind, id, from_version, to_version, at) VALUES ('deal', ?1, 0, 1, ?2)";
            db.prepare_cached(sql).unwrap().execute(params![id, at]).unwrap();
        }
        db.execute_batch("COMMIT").unwrap();
        done += u32::try_from(batch).unwrap();
    }
    f64::from(done) / began.elapsed().as_secs_f64()
}
