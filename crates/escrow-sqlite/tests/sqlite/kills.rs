//! `Ok` means durable: a process that commits is killed, for real, and everything that it was told `Ok` of is there.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use escrow::Deal;
use escrow::deal::command::Post;
use escrow::port::blocking::Repository;
use escrow::{Actor, Context};
use escrow_sqlite::Sqlite;

use crate::world::{TempFile, id, party, propose, start, step};

const FILE: &str = "ESCROW_SQLITE_KILL_FILE";

/// Not a test of its own: the process that is killed. Says the version of every commit that it was told `Ok` of.
#[test]
#[ignore = "the child process of the test below"]
fn child() {
    let Some(path) = std::env::var_os(FILE) else { return };
    let db = Sqlite::open(PathBuf::from(path)).unwrap();
    let mut deal: Deal = match db.load(id(1)).unwrap() {
        Some(deal) => deal,
        None => propose(&db, 1, "anna", start()),
    };
    for number in 0.. {
        let said = Post::new(format!("message {number}").parse().unwrap());
        step(&db, &mut deal, said, Actor::Party(party("anna")));
        println!("durable {}", deal.version());
    }
}

#[test]
fn what_was_committed_survives_kill_9() {
    const KILLS: u32 = 8;
    let file = TempFile::new();
    let mut committed = 0;
    for kill in 0..KILLS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["kills::child", "--exact", "--ignored", "--nocapture"])
            .env(FILE, &file.0)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let version = |line: &str| line.rsplit_once("durable ").and_then(|(_, v)| v.parse::<u64>().ok());
        let mut seen = 0;
        while seen < 5 + kill {
            let Some(line) = lines.next() else { break };
            if let Some(durable) = version(&line.unwrap()) {
                committed = durable;
                seen += 1;
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();
        // what it said before it was dead counts, too
        for line in lines.map_while(Result::ok) {
            committed = version(&line).unwrap_or(committed);
        }
        let db = file.open();
        let deal: Deal = db.load(id(1)).unwrap().unwrap();
        assert!(deal.version() >= committed, "{committed} was durable, and {} is there", deal.version());
        assert_eq!(db.fsck::<Deal>().unwrap(), [], "after kill {kill}");
    }
    assert!(committed > u64::from(KILLS) * 5);
    // it goes on
    let db = file.open();
    let mut deal: Deal = db.load(id(1)).unwrap().unwrap();
    let at = deal.last_at();
    step(&db, &mut deal, Post::new("after all".parse().unwrap()), Actor::Party(party("anna")));
    assert!(deal.last_at() > at && Context::clock(at).now == at);
}
