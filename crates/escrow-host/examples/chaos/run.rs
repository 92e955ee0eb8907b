//! Kills, begins again, and has the bank's books judge.

use std::fmt;
use std::process::{Child, Command, Stdio};
use std::str::FromStr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use escrow::Deal;
use escrow::port::Repository;
use escrow_host::sandbox::{AuditFinding, Bank};
use escrow_postgres::Postgres;
use escrow_sqlite::{Finding, Sqlite};

use super::chaos_child::{BANK, DEALS, FAULTS, LOOKS, NAME, STORE, id};
use super::chaos_server::Server;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Store {
    Sqlite,
    Postgres,
}

impl FromStr for Store {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "sqlite" => Ok(Self::Sqlite),
            "postgres" => Ok(Self::Postgres),
            other => Err(format!("{other} is neither sqlite nor postgres")),
        }
    }
}

#[derive(Clone, Debug)]
pub struct Chaos {
    pub store: Store,
    /// Whether the adapter looks before it acts; where it does not, it is the control.
    pub looks: bool,
    pub deals: u128,
    pub kills: u32,
    pub workers: usize,
    /// How long it may take in all. Deals of the control whose money the bank has given away do not end.
    pub patience: Duration,
}

#[derive(Debug)]
pub struct Outcome {
    chaos: Chaos,
    pub kills: u32,
    pub server_kills: u32,
    pub findings: Vec<AuditFinding>,
    pub movements: usize,
    took: Duration,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Chaos { store, looks, deals, workers, .. } = &self.chaos;
        let adapter = if *looks { "looks before it acts" } else { "trusts the bank to remember" };
        write!(
            f,
            "{store:?}, {deals} deals, {workers} processes, the adapter {adapter}: {} kills, {} of the server, {} movements, \
             {} findings, {} s",
            self.kills,
            self.server_kills,
            self.movements,
            self.findings.len(),
            self.took.as_secs()
        )
    }
}

/// Files that go with the run.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("escrow-chaos-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn file(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A linear congruence: the same kills each time, as far as the machine allows.
struct Draw(u64);

impl Draw {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

fn kill(child: &mut Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

impl Chaos {
    /// `begin` is the command of a process that is killed. `None`: the store is not installed.
    pub fn run(&self, begin: &dyn Fn() -> Command) -> Option<Outcome> {
        let began = Instant::now();
        let folder = Folder::new();
        let books = folder.file("bank.db");
        let server = match self.store {
            Store::Sqlite => None,
            Store::Postgres => Some(Server::start("")?),
        };
        let store = match &server {
            None => format!("sqlite:{}", folder.file("host.db")),
            Some(server) => server.config(),
        };
        let bank = || Bank::open(&books, FAULTS).unwrap();
        // the tables are there before anybody competes for making them
        drop(bank());
        self.stored(&store, 0);
        let mut spawned = 0;
        let mut spawn = || {
            spawned += 1;
            let mut child = begin();
            child
                .env(STORE, &store)
                .env(BANK, &books)
                .env(NAME, format!("worker-{spawned}"))
                .env(DEALS, self.deals.to_string())
                .stdout(Stdio::null());
            if self.looks {
                child.env(LOOKS, "yes");
            }
            child.spawn().unwrap()
        };
        let mut draw = Draw(20_260_301);
        let mut children: Vec<Child> = (0..self.workers).map(|_| spawn()).collect();
        let (mut killed, mut rounds, mut server_kills, mut is_over) = (0, 0, 0, false);
        while killed < self.kills && !is_over && began.elapsed() < self.patience / 2 {
            std::thread::sleep(Duration::from_millis(60 + draw.below(240)));
            rounds += 1;
            let all = rounds % 4 == 2;
            for child in &mut children {
                // whoever has ended by itself has seen every deal end
                is_over |= child.try_wait().unwrap().is_some_and(|status| status.success());
                if all || draw.below(3) == 0 {
                    kill(child);
                    killed += 1;
                }
            }
            if all {
                // everybody is dead: this is when a day goes by
                bank().forget_keys().unwrap();
            }
            if let Some(server) = server.as_ref().filter(|_| server_kills == 0 && killed >= self.kills / 2) {
                server.kill_and_start();
                server_kills += 1;
            }
            for child in &mut children {
                if child.try_wait().unwrap().is_some() {
                    *child = spawn();
                }
            }
        }
        for mut child in children {
            loop {
                match child.try_wait().unwrap() {
                    Some(status) if status.success() => break,
                    // one that was started while the server was away
                    Some(_) => child = spawn(),
                    None => {}
                }
                if began.elapsed() > self.patience {
                    kill(&mut child);
                    break;
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        let (deals, damage) = self.stored(&store, self.deals);
        assert_eq!(damage, [], "replay is not state");
        assert_eq!(u128::try_from(deals.len()).unwrap(), self.deals, "a deal was lost");
        let audit = bank().audit(&deals).unwrap();
        Some(Outcome {
            chaos: self.clone(),
            kills: killed,
            server_kills,
            findings: audit.findings,
            movements: audit.movements,
            took: began.elapsed(),
        })
    }

    /// The deals as they are stored, and what is wrong with their rows; makes the tables where there are none.
    fn stored(&self, store: &str, deals: u128) -> (Vec<Deal>, Vec<Finding>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            match self.store {
                Store::Sqlite => {
                    let db = Sqlite::open(store.trim_start_matches("sqlite:")).unwrap();
                    let damage = db.fsck::<Deal>().unwrap();
                    (all(&db, deals).await, damage)
                }
                Store::Postgres => {
                    let db = Postgres::connect(store.parse().unwrap(), 2).await.unwrap();
                    let damage = db.fsck::<Deal>().await.unwrap();
                    (all(&db, deals).await, damage)
                }
            }
        })
    }
}

async fn all<R: Repository<Deal, Error: fmt::Debug>>(db: &R, deals: u128) -> Vec<Deal> {
    let mut found = Vec::new();
    for number in 1..=deals {
        found.extend(db.load(id(number)).await.unwrap());
    }
    found
}
