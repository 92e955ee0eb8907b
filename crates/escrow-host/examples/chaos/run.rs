//! Kills, begins again, and has the bank's books judge.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::process::{Child, Command, Stdio};
use std::str::FromStr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use escrow::port::Repository;
use escrow::{Deal, DealId, Status};
use escrow_host::sandbox::{AuditFinding, Bank};
use escrow_market::{Balance, Basket, Project, project};
use escrow_postgres::Postgres;
use escrow_sqlite::{Finding, Sqlite};

use super::chaos_child::{BANK, CONTRACTS, DEALS, FAULTS, LOOKS, NAME, STORE, id};
use super::chaos_market::{Market, balance_id, basket_id, milestones, paid, project_id};
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
    /// Projects of two milestones each, with a basket and a withdrawal.
    pub contracts: u128,
    /// Whether PostgreSQL has a synchronous standby, which takes the place of the server that is killed.
    pub standby: bool,
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
    /// What is wrong with the contracts.
    pub contracts: Vec<String>,
    pub movements: usize,
    took: Duration,
}

impl Outcome {
    /// What is wrong, the first few: nothing, where all is well.
    pub fn wrong(&self) -> Vec<String> {
        let deals = self.findings.iter().map(|finding| format!("{}: {}", finding.deal, finding.what));
        deals.chain(self.contracts.iter().cloned()).take(20).collect()
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Chaos { store, looks, deals, contracts, workers, standby, .. } = &self.chaos;
        let then = match (self.server_kills, standby) {
            (0, _) => "",
            (_, true) => ", whose standby is promoted",
            (_, false) => ", which comes back",
        };
        let adapter = if *looks { "looks before it acts" } else { "trusts the bank to remember" };
        write!(
            f,
            "{store:?}, {deals} deals, {contracts} contracts, {workers} processes, the adapter {adapter}: {} kills, {} of the \
             server{then}; {} movements, {} findings, {} s",
            self.kills,
            self.server_kills,
            self.movements,
            self.findings.len() + self.contracts.len(),
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
            Store::Postgres if self.standby => Some(Server::with_standby()?),
            Store::Postgres => Some(Server::start("")?),
        };
        let store = match &server {
            None => format!("sqlite:{}", folder.file("host.db")),
            Some(server) => server.config(),
        };
        let bank = || Bank::open(&books, FAULTS).unwrap();
        // the tables are there before anybody competes for making them
        drop(bank());
        self.stored(&store, (0, 0));
        let mut spawned = 0;
        let mut spawn = || {
            spawned += 1;
            let mut child = begin();
            child
                .env(STORE, &store)
                .env(BANK, &books)
                .env(NAME, format!("worker-{spawned}"))
                .env(DEALS, self.deals.to_string())
                .env(CONTRACTS, self.contracts.to_string())
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
                if self.standby {
                    server.kill_and_promote()
                } else {
                    server.kill_and_start()
                }
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
        let (deals, contracts, damage) = self.stored(&store, (self.deals, self.contracts));
        assert_eq!(damage, [], "replay is not state");
        assert_eq!(u128::try_from(deals.len()).unwrap(), self.deals, "a deal was lost");
        let audit = bank().audit(&deals).unwrap();
        // what moved for contracts is judged with them
        let of_contracts: BTreeSet<DealId> = (1..=self.contracts).flat_map(accounts).collect();
        let findings = audit.findings.into_iter().filter(|finding| !of_contracts.contains(&finding.deal));
        Some(Outcome {
            chaos: self.clone(),
            kills: killed,
            server_kills,
            findings: findings.collect(),
            contracts: judge(&bank(), &contracts),
            movements: audit.movements,
            took: began.elapsed(),
        })
    }

    /// The deals and the contracts as they are stored, and what is wrong with their rows; makes the tables where there are
    /// none.
    fn stored(
        &self,
        store: &str,
        (deals, contracts): (u128, u128),
    ) -> (Vec<Deal>, Vec<Contract>, Vec<Finding>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut damage = Vec::new();
            match self.store {
                Store::Sqlite => {
                    let db = Sqlite::open(store.trim_start_matches("sqlite:")).unwrap();
                    damage.extend(db.fsck::<Deal>().unwrap());
                    damage.extend(db.fsck::<Project>().unwrap());
                    damage.extend(db.fsck::<Basket>().unwrap());
                    damage.extend(db.fsck::<Balance>().unwrap());
                    (all(&db, deals).await, all_contracts(&db, contracts).await, damage)
                }
                Store::Postgres => {
                    let db = Postgres::connect(store.parse().unwrap(), 2).await.unwrap();
                    damage.extend(db.fsck::<Deal>().await.unwrap());
                    damage.extend(db.fsck::<Project>().await.unwrap());
                    damage.extend(db.fsck::<Basket>().await.unwrap());
                    damage.extend(db.fsck::<Balance>().await.unwrap());
                    (all(&db, deals).await, all_contracts(&db, contracts).await, damage)
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

/// A contract as it is stored; what is missing was lost.
struct Contract {
    number: u128,
    project: Option<Project>,
    basket: Option<Basket>,
    balance: Option<Balance>,
    deals: Vec<Deal>,
}

async fn all_contracts<R: Market>(db: &R, contracts: u128) -> Vec<Contract> {
    let mut found = Vec::new();
    for number in 1..=contracts {
        let mut deals = Vec::new();
        for deal in milestones(number) {
            deals.extend(Repository::<Deal>::load(db, deal).await.unwrap());
        }
        found.push(Contract {
            number,
            project: Repository::<Project>::load(db, project_id(number)).await.unwrap(),
            basket: Repository::<Basket>::load(db, basket_id(number)).await.unwrap(),
            balance: Repository::<Balance>::load(db, balance_id(number)).await.unwrap(),
            deals,
        });
    }
    found
}

/// Under what the bank knows a contract: its basket, its balance, and its milestones.
fn accounts(number: u128) -> [DealId; 4] {
    let [first, second] = milestones(number);
    [DealId::new(basket_id(number).uuid()), DealId::new(balance_id(number).uuid()), first, second]
}

/// What is wrong with contracts that should be over: everything that came in went out, each order once, and every machine is
/// at its end.
fn judge(bank: &Bank, contracts: &[Contract]) -> Vec<String> {
    let mut moved: BTreeMap<DealId, BTreeMap<u32, Vec<i64>>> = BTreeMap::new();
    for movement in bank.movements().unwrap() {
        let orders = moved.entry(movement.deal).or_default();
        orders.entry(movement.order.number()).or_default().push(movement.amount);
    }
    let mut wrong = Vec::new();
    for Contract { number, project, basket, balance, deals } in contracts {
        let mut out = 0;
        for account in accounts(*number) {
            for (order, amounts) in moved.remove(&account).unwrap_or_default() {
                if amounts.len() > 1 {
                    wrong.push(format!("{account}: order {order} moved money {} times", amounts.len()));
                }
                out += amounts.iter().sum::<i64>();
            }
        }
        let received = bank.received(DealId::new(basket_id(*number).uuid())).unwrap();
        if received != out || received != paid(*number) {
            wrong.push(format!("contract {number}: {received} came in, and {out} went out"));
        }
        if project.as_ref().map(Project::status) != Some(project::Status::Closed) {
            wrong.push(format!("project {number} is {:?}", project.as_ref().map(Project::status)));
        }
        if !basket.as_ref().is_some_and(Basket::is_settled) {
            wrong.push(format!("basket {number} is {:?}", basket.as_ref().map(Basket::status)));
        }
        let left = balance.as_ref().map(|balance| (balance.available().minor(), balance.reserved().minor()));
        if left != Some((0, 0)) {
            wrong.push(format!("balance {number} has {left:?}"));
        }
        if deals.len() != 2 || deals.iter().any(|deal| deal.status() != Status::Completed) {
            let found: Vec<_> = deals.iter().map(Deal::status).collect();
            wrong.push(format!("the milestones of {number} are {found:?}"));
        }
    }
    wrong
}
