//! Any requests to the routes of `escrow-host`: no panic and no 5xx, since nothing fails below; a problem for every refusal; a
//! request that is refused, or only asks, changes nothing; one that is carried out does nothing more when it is sent again.
//!
//! Requests are divided by a line `===`. Of each, the first line is the method and the path, then headers to an empty line,
//! then the body. The world has a deal that is paid and at work, and one that nobody has paid.
#![no_main]

mod mutate;

use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};
use escrow::deal::command::StartPerforming;
use escrow::deposit::{DepositId, Reference};
use escrow::port::Clock;
use escrow::{Actor, Caller, Command, Currency, DealId, Money, Policy, Terms, Time};
use escrow_host::http::{Api, Door};
use escrow_host::sandbox::{Bank, Faults, SandboxGateway};
use escrow_host::{Host, Problem};
use escrow_sqlite::Sqlite;
use http_body_util::BodyExt;
use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use tower::ServiceExt;

/// 2026-03-01T12:00:00Z.
#[derive(Clone)]
struct Noon;

impl Clock for Noon {
    fn now(&self) -> Time {
        Time::from_millis(1_772_366_400_000).expect("a time")
    }
}

/// Believes what `authorization` and the gateway `sandbox` say: what is signed is a target of its own.
struct Believer;

fn turned_away() -> Problem {
    Problem::new(401, "unauthorized", "Who is it?", "Say who you are.")
}

impl Door for Believer {
    async fn caller(&self, request: &Parts) -> Result<Caller, Problem> {
        let header = request.headers.get("authorization").and_then(|value| value.to_str().ok());
        let (role, name) = header.and_then(|text| text.split_once(' ')).ok_or_else(turned_away)?;
        match role {
            "party" => Ok(Caller::party(name.parse().map_err(|_| turned_away())?)),
            "operator" => Ok(Actor::Operator(name.parse().map_err(|_| turned_away())?).into()),
            "moderator" => Ok(Actor::Moderator(name.parse().map_err(|_| turned_away())?).into()),
            "clock" => Ok(Actor::Clock.into()),
            _ => Err(turned_away()),
        }
    }

    async fn fact(&self, gateway: &str, _: &HeaderMap, body: &[u8]) -> Result<(DealId, Command), Problem> {
        if gateway != "sandbox" {
            return Err(Problem::not_found());
        }
        serde_json::from_slice(body)
            .map_err(|error| Problem::new(400, "bad-json", "No fact", error.to_string()))
    }
}

/// A host in memory-backed files, and an eye on them.
struct World {
    file: PathBuf,
    host: Arc<Host<Sqlite, SandboxGateway<Noon>, Noon>>,
    router: Router,
    eye: rusqlite::Connection,
}

fn id(number: u128) -> DealId {
    DealId::new(uuid::Uuid::from_u128(number))
}

/// A lamp at 1 000.00, of which the platform keeps 5 %.
fn terms() -> Terms {
    Terms::builder("anna", "shop", Currency::RUB)
        .item("Lamp", Money::from_minor(100_000, Currency::RUB))
        .fee(escrow::terms::Fee::percent("platform", 5))
        .policy(Policy::shop())
        .build()
        .expect("terms")
}

impl World {
    async fn new() -> Self {
        let place = PathBuf::from("/dev/shm");
        let place = if place.is_dir() { place } else { std::env::temp_dir() };
        let file = place.join(format!("escrow-fuzz-http-{}.db", std::process::id()));
        forget(&file);
        let repository = Sqlite::open(&file).expect("a store");
        let bank = Bank::in_memory(Faults::default()).expect("a bank");
        let host = Host::builder(repository, SandboxGateway::new(bank, Noon), Noon).keeps_balances().build();
        let party = |name: &str| Caller::party(name.parse().expect("an id"));
        for number in [1, 2] {
            host.open(id(number), terms(), party("shop")).await.expect("it is opened");
        }
        let (reference, amount) =
            (Reference::new("pay-1").expect("an id"), Money::from_minor(100_000, Currency::RUB));
        let paid = host.gateway().bank().pay(id(1), DepositId::BUYER_PAYMENT, &reference, amount, None);
        host.webhook(id(1), paid.expect("it is paid")).await.expect("it is told");
        host.act(id(1), StartPerforming {}, party("shop")).await.expect("it is at work");
        let router = Api::new(host.clone(), Believer).body_limit(8 * 1_024).router();
        let eye = rusqlite::Connection::open(&file).expect("an eye");
        Self { file, host, router, eye }
    }

    /// Changes whenever anything is written.
    fn writes(&self) -> i64 {
        self.eye.query_row("PRAGMA data_version", [], |row| row.get(0)).expect("a number")
    }

    /// What has happened to deals and money.
    fn seen(&self) -> ([i64; 3], usize) {
        const SUMS: &str = "SELECT (SELECT TOTAL(version) FROM machines), (SELECT COUNT(*) FROM machines), (SELECT COUNT(*) FROM receipts)";
        let sums =
            self.eye.query_row(SUMS, [], |row| Ok([row.get::<_, f64>(0)? as i64, row.get(1)?, row.get(2)?]));
        (sums.expect("numbers"), self.host.gateway().bank().movements().expect("its books").len())
    }

    async fn send(&self, request: Request<Body>) -> (u16, Option<HeaderValue>, Vec<u8>) {
        let response = self.router.clone().oneshot(request).await.expect("no failure");
        let (status, kind) = (response.status().as_u16(), response.headers().get("content-type").cloned());
        let body = response.into_body().collect().await.expect("a body").to_bytes();
        (status, kind, body.to_vec())
    }
}

impl Drop for World {
    fn drop(&mut self) {
        forget(&self.file);
    }
}

fn forget(file: &std::path::Path) {
    for ending in ["", "-wal", "-shm"] {
        let mut name = file.as_os_str().to_owned();
        name.push(ending);
        let _ = std::fs::remove_file(name);
    }
}

/// A request of which an HTTP server would say that it is one.
fn request(bytes: &[u8]) -> Option<Request<Body>> {
    let mut rest = bytes;
    let mut line = || {
        let at = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        let line = &rest[..at];
        rest = rest.get(at + 1..).unwrap_or_default();
        line
    };
    let first = line();
    let space = first.iter().position(|byte| *byte == b' ')?;
    let mut headers = Vec::new();
    loop {
        let header = line();
        let Some(colon) = header.iter().position(|byte| *byte == b':') else { break };
        let value = HeaderValue::from_bytes(header[colon + 1..].trim_ascii()).ok()?;
        headers.push((HeaderName::from_bytes(&header[..colon]).ok()?, value));
    }
    let mut request = Request::new(Body::from(rest.to_vec()));
    *request.method_mut() = Method::from_bytes(&first[..space]).ok()?;
    *request.uri_mut() = Uri::try_from(&first[space + 1..]).ok()?;
    for (name, value) in headers {
        request.headers_mut().append(name, value);
    }
    Some(request)
}

/// Whether the world is as it was.
async fn told(world: &World, bytes: &[u8]) -> bool {
    let Some(asked) = request(bytes) else { return true };
    let may_change = asked.method() == Method::POST;
    let may_be_noted = asked.uri().path().starts_with("/webhooks/");
    let what = || String::from_utf8_lossy(bytes);
    let (before, writes) = (world.seen(), world.writes());
    let (status, kind, body) = world.send(asked).await;
    let said = String::from_utf8_lossy(&body);
    assert!((200..500).contains(&status) && status / 100 != 3, "{status} {said} to {}", what());
    let is_refused = status >= 400;
    if is_refused {
        assert_eq!(
            kind.as_ref().map(|kind| kind.as_bytes()),
            Some(Problem::CONTENT_TYPE.as_bytes()),
            "{status} {said} to {}",
            what()
        );
        // a HEAD is answered without a body
        if !bytes.starts_with(b"HEAD ") {
            let problem: Problem =
                serde_json::from_slice(&body).unwrap_or_else(|error| panic!("{error}: {said}"));
            assert_eq!(problem.status, status);
            assert!(!problem.code.is_empty() && !problem.title.is_empty(), "{problem:?} to {}", what());
        }
    }
    let after = world.seen();
    let is_same = world.writes() == writes;
    if is_refused || !may_change {
        assert_eq!(after, before, "{status} {said} to {}", what());
        // a fact that is refused is an incident
        assert!(is_same || may_be_noted, "{status} {said} to {}", what());
    } else {
        let again = world.send(request(bytes).expect("it was one")).await;
        assert_eq!((again.0, &again.2), (status, &body), "sent again: {}", what());
        assert_eq!(world.seen(), after, "sent again: {}", what());
    }
    is_same && world.writes() == writes
}

thread_local! {
    static WORLD: RefCell<Option<World>> = const { RefCell::new(None) };
    static RUNTIME: tokio::runtime::Runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
}

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutate::lines(data, size, max_size, seed)
});

fuzz_target!(|bytes: &[u8]| {
    RUNTIME.with(|runtime| {
        runtime.block_on(async {
            let world = match WORLD.take() {
                Some(world) => world,
                None => World::new().await,
            };
            let mut is_new = true;
            for request in parts(bytes).into_iter().take(8) {
                is_new &= told(&world, request).await;
            }
            // what follows is not to depend on what came before
            if is_new {
                WORLD.set(Some(world));
            }
        });
    });
});

fn parts(mut bytes: &[u8]) -> Vec<&[u8]> {
    const RULE: &[u8] = b"\n===\n";
    let mut parts = Vec::new();
    while let Some(at) = bytes.windows(RULE.len()).position(|window| window == RULE) {
        parts.push(&bytes[..at]);
        bytes = &bytes[at + RULE.len()..];
    }
    parts.push(bytes);
    parts
}
