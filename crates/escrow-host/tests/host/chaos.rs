//! Processes that share a file are killed (`SIGKILL`) while they work, and begin again; all of them at once now and then,
//! and then the bank forgets its keys. In the end the bank's books are the judge. The control, whose adapter trusts the bank
//! to remember, must be found.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use escrow::Deal;
use escrow::port::blocking::Repository;
use escrow_host::sandbox::{AuditFinding, Bank};
use escrow_sqlite::Sqlite;

use crate::chaos_child::{BANK, DEALS, FAULTS, HOST, LOOKS, NAME};
use crate::world::{TempFile, id};

const PROCESSES: usize = 3;

/// How long it may take in all.
const PATIENCE: Duration = Duration::from_secs(120);

/// How long the control may take: deals whose money the bank has given away do not end.
const PATIENCE_WITH_THE_CONTROL: Duration = Duration::from_secs(20);

struct Chaos {
    host: TempFile,
    bank: TempFile,
    looks: bool,
    deals: u128,
    spawned: u32,
    random: u64,
}

struct Outcome {
    kills: u32,
    findings: Vec<AuditFinding>,
    movements: usize,
}

impl Chaos {
    fn new(looks: bool, deals: u128) -> Self {
        let (host, bank) = (TempFile::new("chaos-host"), TempFile::new("chaos-bank"));
        Self { host, bank, looks, deals, spawned: 0, random: 20_260_301 }
    }

    fn spawn(&mut self) -> Child {
        self.spawned += 1;
        let mut child = Command::new(std::env::current_exe().unwrap());
        child
            .args(["chaos_child::child", "--exact", "--ignored"])
            .env(HOST, &self.host.0)
            .env(BANK, &self.bank.0)
            .env(NAME, format!("worker-{}", self.spawned))
            .env(DEALS, self.deals.to_string())
            .stdout(Stdio::null());
        if self.looks {
            child.env(LOOKS, "yes");
        }
        child.spawn().unwrap()
    }

    /// A linear congruence: the same kills each time, as far as the machine allows.
    fn draw(&mut self, below: u64) -> u64 {
        self.random =
            self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) % below
    }

    fn kill(child: &mut Child) {
        child.kill().unwrap();
        child.wait().unwrap();
    }

    fn run(mut self, kills: u32) -> Outcome {
        let began = Instant::now();
        let patience = if self.looks { PATIENCE } else { PATIENCE_WITH_THE_CONTROL };
        // the tables are there before anybody competes for making them
        drop((Sqlite::open(&self.host.0).unwrap(), Bank::open(&self.bank.0, FAULTS).unwrap()));
        let mut children: Vec<Child> = (0..PROCESSES).map(|_| self.spawn()).collect();
        let mut killed = 0;
        while killed < kills && began.elapsed() < patience / 2 {
            std::thread::sleep(Duration::from_millis(60 + self.draw(240)));
            let all = killed % 4 == 2;
            for child in &mut children {
                if all || self.draw(3) == 0 {
                    Self::kill(child);
                    killed += 1;
                }
            }
            if all {
                // everybody is dead: this is when a day goes by
                Bank::open(&self.bank.0, FAULTS).unwrap().forget_keys().unwrap();
            }
            for child in &mut children {
                if child.try_wait().unwrap().is_some() {
                    *child = self.spawn();
                }
            }
        }
        for mut child in children {
            while child.try_wait().unwrap().is_none() {
                if began.elapsed() > patience {
                    Self::kill(&mut child);
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        let (db, bank) = (Sqlite::open(&self.host.0).unwrap(), Bank::open(&self.bank.0, FAULTS).unwrap());
        assert_eq!(db.fsck::<Deal>().unwrap(), [], "replay is not state");
        let load = |number| Repository::<Deal>::load(&db, id(number)).unwrap();
        let deals: Vec<Deal> = (1..=self.deals).filter_map(load).collect();
        assert_eq!(deals.len(), usize::try_from(self.deals).unwrap(), "a deal was lost");
        let audit = bank.audit(&deals).unwrap();
        Outcome { kills: killed, findings: audit.findings, movements: audit.movements }
    }
}

#[test]
fn nothing_is_lost_and_nothing_is_paid_twice() {
    let outcome = Chaos::new(true, 48).run(24);
    println!("{} kills, {} movements", outcome.kills, outcome.movements);
    assert_eq!(outcome.findings, []);
    assert!(outcome.kills >= 12, "{} kills", outcome.kills);
    // 36 sales: a fee and a payout each; 12 cancellations: a refund, or the void of a hold; 12 of the sales by a hold have a
    // capture
    assert!(outcome.movements >= 36 * 2 + 12, "{}", outcome.movements);
}

#[test]
fn the_control_that_trusts_a_forgetful_bank_pays_twice() {
    let outcome = Chaos::new(false, 48).run(24);
    let twice = outcome.findings.iter().filter(|f| f.what.contains("moved money")).count();
    println!("{} kills, {twice} orders paid twice", outcome.kills);
    assert!(twice > 0, "the control was not found: {:?}", outcome.findings);
}
