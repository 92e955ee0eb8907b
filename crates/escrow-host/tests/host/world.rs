//! A host on a file of its own, with a bank and a clock that a test sets.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use escrow::deposit::{DepositId, Reference};
use escrow::port::{Clock, Repository};
use escrow::{Caller, Currency, Deal, DealId, Money, Policy, Terms, Time};
use escrow_host::sandbox::{Bank, Faults, SandboxGateway};
use escrow_host::{Backoff, Host};
use escrow_sqlite::Sqlite;
use escrow_testing::ManualClock;
use rust_decimal::dec;

pub struct TempFile(pub PathBuf);

impl TempFile {
    pub fn new(what: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("escrow-host-{what}-{}-{number}.db", std::process::id());
        Self(std::env::temp_dir().join(name))
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        for ending in ["", "-wal", "-shm"] {
            let mut name = self.0.clone().into_os_string();
            name.push(ending);
            let _ = std::fs::remove_file(name);
        }
    }
}

#[derive(Clone)]
pub struct TheClock(pub Arc<ManualClock>);

impl Clock for TheClock {
    fn now(&self) -> Time {
        self.0.now()
    }
}

pub type TheHost = Host<Sqlite, SandboxGateway<TheClock>, TheClock>;

pub struct World {
    pub _file: TempFile,
    pub clock: TheClock,
    pub host: Arc<TheHost>,
}

pub fn start() -> Time {
    Time::parse("2026-03-01T12:00:00Z").unwrap()
}

pub fn id(number: u128) -> DealId {
    DealId::new(uuid::Uuid::from_u128(number))
}

/// A lamp at 1 000.00, of which the platform keeps 5 %: 50.00 and 950.00 go out.
pub fn terms() -> Terms {
    Terms::builder("anna", "shop", Currency::RUB)
        .item("Lamp", dec!(1_000))
        .fee(escrow::terms::Fee::percent("platform", dec!(5)))
        .policy(Policy::shop())
        .build()
        .unwrap()
}

pub fn rub(minor: i64) -> Money {
    Money::from_minor(minor, Currency::RUB)
}

pub fn party(name: &str) -> Caller {
    Caller::party(name.parse().unwrap())
}

impl World {
    pub fn new(faults: Faults) -> Self {
        let file = TempFile::new("world");
        let clock = TheClock(Arc::new(ManualClock::new(start())));
        let bank = Bank::in_memory(faults).unwrap();
        let repository = Sqlite::open(&file.0).unwrap();
        let host = Host::builder(repository, SandboxGateway::new(bank, clock.clone()), clock.clone())
            .keeps_balances()
            .backoff(Backoff { first_ms: 1_000, most_ms: 60_000 })
            .build();
        Self { _file: file, clock, host }
    }

    pub fn bank(&self) -> &Bank {
        self.host.gateway().bank()
    }

    pub async fn load(&self, number: u128) -> Deal {
        Repository::load(self.host.repository(), id(number)).await.unwrap().unwrap()
    }

    /// Opened, and paid at the bank; the bank's notice is delivered.
    pub async fn paid(&self, number: u128) {
        self.host.open(id(number), terms(), party("shop")).await.unwrap();
        let reference = Reference::new(format!("pay-{number}")).unwrap();
        let fact =
            self.bank().pay(id(number), DepositId::BUYER_PAYMENT, &reference, rub(1_000_00), None).unwrap();
        self.host.webhook(id(number), fact).await.unwrap();
    }

    pub async fn performing(&self, number: u128) {
        use escrow::deal::command::StartPerforming;
        self.paid(number).await;
        self.host.act(id(number), StartPerforming {}, party("shop")).await.unwrap();
    }

    pub fn advance(&self, secs: u32) {
        self.clock.0.set(self.clock.now().plus_secs(secs));
    }
}
