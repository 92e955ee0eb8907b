//! The routes, and whoever sends them what they should not take.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Request, Response};
use escrow::deposit::DepositId;
use escrow::port::Clock;
use escrow::{Actor, Caller, Command, Deal, DealId, Status};
use escrow_host::Problem;
use escrow_host::http::{Api, Door};
use escrow_host::sandbox::{Bank, Faults};
use escrow_webhook::{Headers, Keyring, Secret};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::world::{TheClock, World, id, rub, terms};

/// Believes a header: `authorization: party anna`. Its gateway signs as Standard Webhooks say.
struct Believer {
    keys: Keyring,
    clock: TheClock,
}

fn turned_away() -> Problem {
    Problem::new(401, "unauthorized", "Who is it?", "Say who you are.")
}

fn keys() -> Keyring {
    Keyring::new(vec![Secret::new(vec![7; 32]).unwrap()]).unwrap()
}

impl Door for Believer {
    async fn caller(&self, request: &Parts) -> Result<Caller, Problem> {
        let header = request.headers.get("authorization").and_then(|value| value.to_str().ok());
        let (role, name) = header.and_then(|text| text.split_once(' ')).ok_or_else(turned_away)?;
        let name = name.parse().map_err(|_| turned_away())?;
        match role {
            "party" => Ok(Caller::party(name)),
            "operator" => Ok(Actor::Operator(name).into()),
            _ => Err(turned_away()),
        }
    }

    async fn fact(
        &self,
        gateway: &str,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<(DealId, Command), Problem> {
        if gateway != "sandbox" {
            return Err(Problem::not_found());
        }
        let header = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let signed = Headers {
            id: header(escrow_webhook::HEADER_ID),
            timestamp: header(escrow_webhook::HEADER_TIMESTAMP),
            signature: header(escrow_webhook::HEADER_SIGNATURE),
        };
        self.keys
            .verify(signed, body, self.clock.now())
            .map_err(|error| Problem::new(401, error.code(), "The signature is wrong", error.to_string()))?;
        serde_json::from_slice(body)
            .map_err(|error| Problem::new(400, "bad-json", "No fact", error.to_string()))
    }
}

struct Site {
    world: World,
    router: Router,
}

impl Site {
    fn new() -> Self {
        let world = World::new(Faults::default());
        let door = Believer { keys: keys(), clock: world.clock.clone() };
        let router = Api::new(world.host.clone(), door).body_limit(8 * 1_024).router();
        Self { world, router }
    }

    async fn send(&self, request: Request<Body>) -> Response<Body> {
        self.router.clone().oneshot(request).await.unwrap()
    }

    async fn json(&self, request: Request<Body>) -> (u16, Value) {
        let response = self.send(request).await;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }
}

fn request(method: Method, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body.into()).unwrap()
}

fn post(path: &str, who: &str, key: &str, body: &Value) -> Request<Body> {
    let headers = [("authorization", who), ("idempotency-key", key)];
    request(Method::POST, path, &headers, body.to_string())
}

fn get(path: &str, who: &str) -> Request<Body> {
    request(Method::GET, path, &[("authorization", who)], "")
}

fn webhook(site: &Site, body: &str, signature: Option<&str>) -> Request<Body> {
    let at = site.world.clock.now();
    let signed = keys().sign("msg-1", at, body.as_bytes()).unwrap();
    let seconds = (at.millis() / 1_000).to_string();
    let headers = [
        (escrow_webhook::HEADER_ID, "msg-1"),
        (escrow_webhook::HEADER_TIMESTAMP, seconds.as_str()),
        (escrow_webhook::HEADER_SIGNATURE, signature.unwrap_or(&signed)),
    ];
    request(Method::POST, "/webhooks/sandbox", &headers, body.to_owned())
}

fn lamp() -> Value {
    serde_json::to_value(&*terms()).unwrap()
}

#[tokio::test]
async fn a_deal_over_http() {
    let site = Site::new();
    let (status, deal) = site.json(post("/deals", "party shop", "k1", &lamp())).await;
    assert_eq!((status, &deal["status"]), (201, &json!("awaiting_deposit")), "{deal}");
    let path = format!("/deals/{}", deal["id"].as_str().unwrap());
    let deal_id: DealId = deal["id"].as_str().unwrap().parse().unwrap();

    // the bank tells that it is paid, twice
    let reference = "pay-1".parse().unwrap();
    let (deposit, bank) = (DepositId::BUYER_PAYMENT, site.world.bank());
    let paid: Command = bank.pay(deal_id, deposit, &reference, rub(1_000_00), None).unwrap().into();
    let told = json!([deal_id, paid]).to_string();
    for _ in 0..2 {
        assert_eq!(site.send(webhook(&site, &told, None)).await.status().as_u16(), 204);
    }
    let (status, seen) = site.json(get(&path, "party anna")).await;
    assert_eq!((status, &seen["status"]), (200, &json!("awaiting_performance")));
    // 1 000.00 came in and is held
    assert_eq!(
        (&seen["deposits"][0]["received_minor"], &seen["deposits"][0]["held_minor"]),
        (&json!(1_000_00), &json!(1_000_00))
    );
    let commands = format!("{path}/commands");
    let start = json!({"type": "start_performing"});
    let (status, started) = site.json(post(&commands, "party shop", "k2", &start)).await;
    assert_eq!((status, &started["status"]), (200, &json!("performing")));
    let accept = json!({"type": "accept"});
    let (status, done) = site.json(post(&commands, "party anna", "k3", &accept)).await;
    assert_eq!((status, &done["status"]), (200, &json!("completed")), "{done}");
    // sent again, each gets its first answer, though the deal has gone on
    assert_eq!(site.json(post(&commands, "party shop", "k2", &start)).await, (200, started));
    assert_eq!(site.json(post(&commands, "party anna", "k3", &accept)).await, (200, done));

    let (status, list) = site.json(get("/deals", "party anna")).await;
    assert_eq!((status, list["deals"].as_array().unwrap().len()), (200, 1));
    assert_eq!(list["deals"][0]["id"], json!(deal_id));
    let (_, nothing) = site.json(get("/deals?status=performing", "operator olga")).await;
    assert_eq!(nothing["deals"], json!([]));
}

#[tokio::test]
async fn a_post_that_is_sent_again_does_nothing_twice() {
    let site = Site::new();
    let first = site.json(post("/deals", "party shop", "k1", &lamp())).await;
    assert_eq!(site.json(post("/deals", "party shop", "k1", &lamp())).await, first);
    // the process died before it could keep its answer: the deal is there all the same, and is no second one
    let file = rusqlite::Connection::open(&site.world._file.0).unwrap();
    file.execute("DELETE FROM receipts", []).unwrap();
    assert_eq!(site.json(post("/deals", "party shop", "k1", &lamp())).await, first);
    let mut other = lamp();
    other["items"][0]["name"] = json!("Chair");
    for forgotten in [false, true] {
        if forgotten {
            file.execute("DELETE FROM receipts", []).unwrap();
        }
        let (status, problem) = site.json(post("/deals", "party shop", "k1", &other)).await;
        assert_eq!((status, &problem["code"]), (422, &json!("key-reused")));
    }
    // another caller's key is another key
    let (status, hers) = site.json(post("/deals", "party anna", "k1", &lamp())).await;
    assert_eq!(status, 201);
    assert_ne!(hers["id"], first.1["id"]);
    let count: i64 = file.query_row("SELECT COUNT(*) FROM machines", [], |row| row.get(0)).unwrap();
    assert_eq!(count, 2);
    // a command, of which the answer was lost
    let path = format!("/deals/{}/commands", first.1["id"].as_str().unwrap());
    let post_it = json!({"type": "post", "reference": "hello"});
    let (status, said) = site.json(post(&path, "party anna", "k9", &post_it)).await;
    assert_eq!(status, 200, "{said}");
    file.execute("DELETE FROM receipts", []).unwrap();
    let (status, again) = site.json(post(&path, "party anna", "k9", &post_it)).await;
    assert_eq!((status, &again["version"]), (200, &said["version"]));
    // at the same time, too
    let both = tokio::join!(
        site.json(post(&path, "party anna", "k10", &post_it)),
        site.json(post(&path, "party anna", "k10", &post_it))
    );
    assert_eq!(both.0.1["version"], both.1.1["version"]);
}

#[tokio::test]
async fn pages_over_http_have_everything_once() {
    let site = Site::new();
    for number in 0..7 {
        site.json(post("/deals", "party shop", &format!("k{number}"), &lamp())).await;
        site.world.advance(1);
    }
    let mut found = Vec::new();
    let mut path = "/deals?limit=3".to_owned();
    loop {
        let (status, page) = site.json(get(&path, "party shop")).await;
        assert_eq!(status, 200);
        found.extend(page["deals"].as_array().unwrap().iter().map(|deal| deal["id"].to_string()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/deals?limit=3&after={next}");
    }
    let in_all = found.len();
    found.sort();
    found.dedup();
    assert_eq!((found.len(), in_all), (7, 7));
}

/// Everything that should not get in gets a problem with a code, and changes nothing.
#[tokio::test]
async fn bad_input_gets_a_problem_and_changes_nothing() {
    let site = Site::new();
    let (_, deal) = site.json(post("/deals", "party shop", "k1", &lamp())).await;
    let deal_id: DealId = deal["id"].as_str().unwrap().parse().unwrap();
    let path = format!("/deals/{deal_id}");
    let commands = format!("{path}/commands");
    let reference = "pay-1".parse().unwrap();
    let (deposit, bank) = (DepositId::BUYER_PAYMENT, site.world.bank());
    let paid: Command = bank.pay(deal_id, deposit, &reference, rub(1_000_00), None).unwrap().into();
    let told = json!([deal_id, paid]).to_string();
    let elsewhere = json!([id(404), paid]).to_string();
    let before = site.world.host.repository().journal::<Deal>(deal_id, 0).unwrap();

    let large = json!({"type": "post", "reference": "x".repeat(9_000)});
    let post_it = json!({"type": "post", "reference": "hello"});
    let raw =
        |headers: &[(&str, &str)], body: &str| request(Method::POST, &commands, headers, body.to_owned());
    let (anna, k) = (("authorization", "party anna"), ("idempotency-key", "k5"));
    let as_anna = |body: &str| raw(&[anna, k], body);
    let in_future = {
        let at = site.world.clock.now().plus_secs(86_400);
        let signed = keys().sign("msg-1", at, told.as_bytes()).unwrap();
        webhook(&site, &told, Some(&signed))
    };
    let cases: Vec<(&str, Request<Body>, u16, &str)> = vec![
        // webhooks
        ("no such signature", webhook(&site, &told, Some("v1,AAAA")), 401, "signature-mismatch"),
        ("a signature of another body", webhook(&site, "{}", Some("nonsense")), 401, ""),
        ("a signature of another time", in_future, 401, "signature-mismatch"),
        ("signed, and no fact", webhook(&site, "{}", None), 400, "bad-json"),
        ("signed, and of no deal", webhook(&site, &elsewhere, None), 404, "not-found"),
        ("no such gateway", request(Method::POST, "/webhooks/other", &[], told.clone()), 404, "not-found"),
        ("a webhook too large", webhook(&site, &"x".repeat(9_000), None), 413, "too-large"),
        // who asks
        ("nobody", raw(&[k], &post_it.to_string()), 401, "unauthorized"),
        ("a name that is none", raw(&[("authorization", "party "), k], "{}"), 401, "unauthorized"),
        ("a stranger's look", get(&path, "party eve"), 404, "not-found"),
        ("a stranger's command", post(&commands, "party eve", "k5", &post_it), 404, "not-found"),
        (
            "the other role's",
            post(
                &commands,
                "party anna",
                "k5",
                &json!({"type": "set_track",
            "track": {"tracker": "post", "code": "RA1"}}),
            ),
            403,
            "",
        ),
        ("a fact told by a party", as_anna(&serde_json::to_string(&paid).unwrap()), 403, ""),
        ("too early", post(&commands, "party anna", "k5", &json!({"type": "accept"})), 409, ""),
        // bodies
        ("too large", post(&commands, "party anna", "k5", &large), 413, "too-large"),
        ("no JSON", as_anna("{\"type\":"), 400, "bad-json"),
        ("JSON and more", as_anna("{\"type\":\"accept\"} {}"), 400, "bad-json"),
        ("no command", as_anna("{\"type\":\"explode\"}"), 400, "bad-json"),
        ("not even text", request(Method::POST, &commands, &[anna, k], vec![0xff, 0xfe]), 400, "bad-json"),
        (
            "terms that are none",
            post("/deals", "party shop", "k6", &json!({"buyer": "anna"})),
            400,
            "bad-json",
        ),
        // ids, keys, pages
        ("no such deal", get(&format!("/deals/{}", id(404)), "party anna"), 404, "not-found"),
        ("no id", get("/deals/%27%20OR%201=1", "party anna"), 404, "not-found"),
        ("no text", get("/deals/%FF", "party anna"), 404, "not-found"),
        (
            "no text, for a command",
            post("/deals/%FF/commands", "party anna", "k5", &post_it),
            404,
            "not-found",
        ),
        ("no gateway's name", request(Method::POST, "/webhooks/%FF", &[], told.clone()), 404, "not-found"),
        ("no key", raw(&[anna], &post_it.to_string()), 400, "bad-key"),
        ("two keys", raw(&[anna, k, ("idempotency-key", "k7")], &post_it.to_string()), 400, "bad-key"),
        ("a key too long", raw(&[anna, ("idempotency-key", &"k".repeat(65))], "{}"), 400, "bad-key"),
        ("no revision", raw(&[anna, k, ("if-match", "\"new\"")], "{}"), 400, "bad-revision"),
        ("no such page", get("/deals?after=nonsense", "party anna"), 400, "bad-page"),
        ("no number", get("/deals?limit=many", "party anna"), 400, "bad-query"),
        ("no such question", get("/deals?sort=price", "party anna"), 400, "bad-query"),
        ("two questions", get("/deals?status=a&party=b", "operator olga"), 400, "bad-query"),
        ("others' deals", get("/deals?party=shop", "party anna"), 403, "forbidden"),
        ("all deals", get("/deals?status=performing", "party anna"), 403, "forbidden"),
        ("no such path", get("/admin", "operator olga"), 404, "not-found"),
        ("no such method", request(Method::DELETE, &path, &[anna], ""), 405, "no-such-method"),
    ];
    let mut wrong = Vec::new();
    for (what, sent, status, code) in cases {
        let response = site.send(sent).await;
        let is_problem = response.headers()["content-type"] == Problem::CONTENT_TYPE;
        let got = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let text = String::from_utf8_lossy(&body);
        let problem: Option<Problem> = serde_json::from_slice(&body).ok();
        let is_it = |problem: &Problem| {
            problem.status == status
                && (code.is_empty() || problem.code == code)
                && !problem.code.is_empty()
                && !problem.title.is_empty()
        };
        // and nothing of the machine that serves it
        let is_quiet = !text.contains("sqlite") && !text.contains(".rs");
        if !(is_problem && got == status && problem.as_ref().is_some_and(is_it) && is_quiet) {
            wrong.push(format!("{what}: {got} {text}"));
        }
        let after = site.world.host.repository().journal::<Deal>(deal_id, 0).unwrap();
        assert_eq!(before, after, "{what} has changed the deal");
    }
    assert_eq!(wrong, [""; 0]);
    assert_eq!(
        site.world
            .host
            .repository()
            .list::<Deal>(escrow_sqlite::Filter::All, &escrow_sqlite::Page::first(9))
            .unwrap()
            .len(),
        1
    );
    assert_eq!(site.world.bank().movements().unwrap(), []);
    // and what is right still gets in
    assert_eq!(site.send(webhook(&site, &told, None)).await.status().as_u16(), 204);
    let deal: Deal =
        escrow::port::blocking::Repository::load(site.world.host.repository(), deal_id).unwrap().unwrap();
    assert_eq!(deal.status(), Status::AwaitingPerformance);
}

#[tokio::test]
async fn a_revision_that_is_not_the_last_is_refused() {
    let site = Site::new();
    let (_, deal) = site.json(post("/deals", "party shop", "k1", &lamp())).await;
    let path = format!("/deals/{}/commands", deal["id"].as_str().unwrap());
    let revision = deal["revision"].as_u64().unwrap();
    let cancel = json!({"type": "cancel"}).to_string();
    let send = |revision: u64, key: &'static str| {
        let revision = format!("\"{revision}\"");
        let headers =
            [("authorization", "party anna"), ("idempotency-key", key), ("if-match", revision.as_str())];
        request(Method::POST, &path, &headers, cancel.clone())
    };
    let (status, problem) = site.json(send(revision + 7, "k2")).await;
    assert!(status == 409 || status == 422, "{status} {problem}");
    assert_eq!(site.json(send(revision, "k3")).await.0, 200);
}

#[tokio::test]
async fn figures_are_apart() {
    let site = Site::new();
    let door = Believer { keys: keys(), clock: site.world.clock.clone() };
    let api = Arc::new(Api::new(site.world.host.clone(), door));
    let response = api.metrics().oneshot(get("/metrics", "nobody")).await.unwrap();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert!(String::from_utf8_lossy(&body).contains("# TYPE escrow_due gauge"));
    assert_eq!(site.json(get("/metrics", "operator olga")).await.0, 404);
    assert_eq!(Bank::name().unwrap().as_str(), "sandbox");
}
