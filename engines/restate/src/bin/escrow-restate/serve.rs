//! An endpoint with a sandbox bank, whose books are in a folder.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use escrow::deal::PendingOrder;
use escrow::deal::command::Answered;
use escrow::port::{CheckoutForm, CheckoutRequest, PaymentGateway, SystemClock};
use escrow_host::Backoff;
use escrow_host::sandbox::{Bank, BankError, Faults, SandboxGateway};
use escrow_restate::{Engine, Lists};
use escrow_sqlite::Sqlite;
use restate_sdk::prelude::{Endpoint, HttpServer};
use tokio::net::TcpListener;

use crate::server::Done;

/// Serves until it is killed.
pub fn run(port: &str, folder: &str, edition: &str) -> Done<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let folder = PathBuf::from(folder);
    let forgets_after_ms = folder.join("forgets").exists().then_some(0);
    let bank = Bank::open(folder.join("bank.db"), Faults { forgets_after_ms, ..Faults::default() })?;
    let adapter = SandboxGateway::new(bank, SystemClock);
    let bank = if folder.join("careless").exists() { adapter.without_looking() } else { adapter };
    let lists = Sqlite::open(folder.join("lists.db"))?;
    let gateway = Watched { bank, folder, edition: edition.to_owned() };
    let backoff = Backoff { first_ms: 500, most_ms: 5_000 };
    let engine = Engine::builder(gateway, SystemClock, "olga".parse()?).backoff(backoff).lists().build();
    let endpoint = engine.bind(Endpoint::builder()).bind(Lists(lists)).build();
    runtime.block_on(async {
        let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
        HttpServer::new(endpoint).serve(listener).await;
        Ok(())
    })
}

/// The bank, and files in the folder by which somebody outside has a say:
/// - while there is `hold`, it does not answer;
/// - where there is `strike`, it moves the money, renames the file to `struck`, and never answers: the worst moment to die;
/// - where there is `down`, it fails, and nothing is done;
/// - where there was `forgets` in the beginning, it forgets its keys at once, and where there was `careless`, the adapter does not
///   look before it acts;
/// - `orders.log` has a line for each order, with the edition of this process.
struct Watched {
    bank: SandboxGateway<SystemClock>,
    folder: PathBuf,
    edition: String,
}

impl PaymentGateway for Watched {
    type Error = BankError;

    async fn checkout(&self, request: CheckoutRequest<'_>) -> Result<CheckoutForm, BankError> {
        PaymentGateway::checkout(&self.bank, request).await
    }

    async fn execute(&self, order: PendingOrder<'_>) -> Result<Answered, BankError> {
        while self.folder.join("hold").exists() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        if self.folder.join("down").exists() {
            return Err(BankError::NoAnswer);
        }
        let answer = PaymentGateway::execute(&self.bank, order).await?;
        let line = format!("{} {} {}\n", self.edition, order.key, order.amount);
        let log = fs::OpenOptions::new().create(true).append(true).open(self.folder.join("orders.log"));
        // what cannot be written, a test misses
        let _ = log.and_then(|mut log| log.write_all(line.as_bytes()));
        if fs::rename(self.folder.join("strike"), self.folder.join("struck")).is_ok() {
            std::future::pending::<()>().await;
        }
        Ok(answer)
    }
}
