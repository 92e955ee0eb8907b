//! A server, an endpoint in a process of its own, and a bank.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use escrow::deposit::DepositId;
use escrow::terms::Item;
use escrow::{Currency, Deal, DealId, Money, Policy, Terms, TermsDraft};
use escrow_host::sandbox::{Bank, Faults};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::server::{Process, Server, endpoint, port, program, wait_for};

/// A server takes some memory, and a test some processors: one at a time.
static ONE: Mutex<()> = Mutex::new(());

pub struct World {
    pub server: Server,
    pub endpoint: Option<Process>,
    pub port: u16,
    pub bank: Bank,
    pub folder: Folder,
    _one: MutexGuard<'static, ()>,
}

/// A folder that goes when it is dropped.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("escrow-restate-{}-{number}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The server's program; where there is none, it is said once for each test.
pub fn restate() -> Option<&'static Path> {
    static PROGRAM: OnceLock<Option<PathBuf>> = OnceLock::new();
    let program = PROGRAM.get_or_init(program).as_deref();
    if program.is_none() {
        println!("skipped: the Restate server is not there, and npm cannot bring it");
    }
    program
}

pub fn one() -> MutexGuard<'static, ()> {
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

pub fn start(folder: &Folder, port: u16, edition: &str) -> Process {
    endpoint(Path::new(env!("CARGO_BIN_EXE_escrow-restate")), port, folder.path(), edition).unwrap()
}

impl World {
    pub fn new() -> Option<Self> {
        let mut world = Self::without_an_endpoint()?;
        world.endpoint = Some(start(&world.folder, world.port, "old"));
        world.server.register(world.port).unwrap();
        Some(world)
    }

    /// A test serves it itself, and says so to the server.
    pub fn without_an_endpoint() -> Option<Self> {
        let program = restate()?;
        let one = one();
        let folder = Folder::new();
        let server = Server::start(program, folder.path()).unwrap();
        let bank = Bank::open(folder.path().join("bank.db"), Faults::default()).unwrap();
        Some(Self { server, endpoint: None, port: port().unwrap(), bank, folder, _one: one })
    }

    pub fn call(&self, path: &str, body: Value) -> (u16, Value) {
        self.server.call(path, &body, None).unwrap()
    }

    /// A call that is taken.
    #[track_caller]
    pub fn done(&self, path: &str, body: Value) -> Value {
        let (status, value) = self.call(path, body);
        assert_eq!(status, 200, "{path}: {value}");
        value
    }

    /// A deal of a phone for 1 000 RUB with a fee of 5 % to the platform, which the seller bears; silence accepts after so
    /// many seconds.
    #[track_caller]
    pub fn open(&self, acceptance_s: u32) -> DealId {
        self.open_followed(acceptance_s, json!([]))
    }

    #[track_caller]
    pub fn open_followed(&self, acceptance_s: u32, followers: Value) -> DealId {
        let id = DealId::new(uuid::Uuid::new_v4());
        let proposal = json!({ "terms": terms(acceptance_s) });
        let by = json!({ "party": "shop" });
        self.done(
            &format!("Deals/{id}/open"),
            json!({ "opening": proposal, "by": by, "followers": followers }),
        );
        id
    }

    #[track_caller]
    pub fn act(&self, deal: DealId, command: Value, by: Value) -> Value {
        self.done(&format!("Deals/{deal}/act"), json!({ "command": command, "by": by }))
    }

    /// The buyer pays at the bank, which tells it.
    #[track_caller]
    pub fn pay(&self, deal: DealId) -> Value {
        self.act(deal, self.payment(deal), json!("gateway"))
    }

    pub fn payment(&self, deal: DealId) -> Value {
        let reference = format!("payment-{deal}").parse().unwrap();
        let fact = self.bank.pay(deal, DepositId::BUYER_PAYMENT, &reference, rub(1_000_00), None).unwrap();
        serde_json::to_value(escrow::Command::from(fact)).unwrap()
    }

    /// Paid, begun, and said to be done: the buyer may accept.
    #[track_caller]
    pub fn performed(&self, deal: DealId) {
        self.pay(deal);
        self.act(deal, json!({ "type": "start_performing" }), json!({ "party": "shop" }));
        let work = json!({ "preview": "photo-1", "original": "receipt-1", "digest": "sha256:aa01" });
        self.act(
            deal,
            json!({ "type": "submit", "number": 1, "revision": work }),
            json!({ "party": "shop" }),
        );
    }

    pub fn accept() -> (Value, Value) {
        (json!({ "type": "accept" }), json!({ "party": "anna" }))
    }

    pub fn state<M: DeserializeOwned>(&self, service: &str, id: impl std::fmt::Display) -> M {
        serde_json::from_value(self.done(&format!("{service}/{id}/state"), Value::Null)).unwrap()
    }

    pub fn deal(&self, id: DealId) -> Deal {
        self.state("Deals", id)
    }

    pub fn wait_for_status(&self, id: DealId, status: &str) {
        wait_for(&format!("{id} {status}"), || {
            self.server
                .call(&format!("Deals/{id}/look"), &Value::Null, None)
                .is_ok_and(|(_, look)| look["status"] == status)
        })
        .unwrap();
    }

    /// The bank's books agree with these deals, which are over; so many movements are in them.
    #[track_caller]
    pub fn audit(&self, deals: &[DealId], movements: usize) {
        let deals: Vec<Deal> = deals.iter().map(|id| self.deal(*id)).collect();
        let audit = self.bank.audit(&deals).unwrap();
        assert_eq!(audit.findings, []);
        assert_eq!(audit.movements, movements);
    }

    pub fn flag(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn raise(&self, name: &str) {
        fs::write(self.flag(name), "").unwrap();
    }

    /// The editions that have carried orders out.
    pub fn editions(&self) -> Vec<String> {
        let log = fs::read_to_string(self.flag("orders.log")).unwrap_or_default();
        log.lines().map(|line| line.split(' ').next().unwrap().to_owned()).collect()
    }
}

pub fn rub(minor: i64) -> Money {
    Money::from_minor(minor, Currency::RUB)
}

/// 1 000 RUB; the platform takes 5 % of it, 50 RUB, from the seller, who gets 950.
pub fn terms(acceptance_s: u32) -> Value {
    let items = vec![Item::new("Phone".parse().unwrap(), rub(1_000_00), 1)];
    let mut policy = Policy::shop();
    policy.acceptance_s = acceptance_s;
    let draft =
        TermsDraft::new("anna".parse().unwrap(), "shop".parse().unwrap(), Currency::RUB, items, policy);
    let mut terms = serde_json::to_value(Terms::new(draft).unwrap()).unwrap();
    terms["fees"] = json!([{ "id": "platform", "payee": "platform", "rate": "5%", "base": "price", "payer": "seller",
        "on_refund": "return" }]);
    terms
}
