//! How many deals a second the desk takes from the offer to the payout, over its JSON API, and how much of its CPU time is the
//! crate's.
//!
//! `cargo run --release --manifest-path host/Cargo.toml --example figures -- [DEALS] [CLIENTS]`, with `DATABASE_URL` for
//! PostgreSQL.
#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a program that measures")]
#![expect(clippy::float_arithmetic, clippy::as_conversions, reason = "ratios")]
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "it stops where something is wrong")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, header};
use escrow::deal::command::{Accept, Agree, Answer, Answered, ConfirmPayment, StartPerforming};
use escrow::deposit::DepositId;
use escrow::{Actor, Command, Context, Deal, DealId, Terms, Time};
use escrow_desk::store::Person;
use escrow_desk::{Config, Desk, router, worker::DeskWorker};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

/// The CPU time of this process, in seconds.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    // in hundredths of a second, on every Linux
    let ticks: f64 = fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
    ticks / 100.0
}

async fn send(router: &Router, key: &str, path: &str, id: &str, body: &Value) -> Value {
    let request = Request::post(path)
        .header(header::AUTHORIZATION, format!("Bearer {key}"))
        .header("idempotency-key", id)
        .body(Body::from(body.to_string()));
    let response = router.clone().oneshot(request.unwrap()).await.unwrap();
    let status = response.status();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    assert!(status.is_success(), "{path}: {status}: {}", String::from_utf8_lossy(&bytes));
    serde_json::from_slice(&bytes).unwrap()
}

/// One deal, from the offer to the payout: six requests.
async fn deal(router: &Router, anna: &str, boris: &str, number: usize) -> Value {
    let proposal = json!({ "template": "work", "i_am": "seller", "other": "anna", "currency": "EUR",
        "items": [{ "name": "Lamp", "unit_price": "100" }] });
    let opened = send(router, boris, "/api/v1/deals", &format!("o-{number}"), &proposal).await;
    let at = format!("/api/v1/deals/{}", opened["id"].as_str().unwrap());
    let commands = format!("{at}/commands");
    let agree = json!({ "command": { "type": "agree", "terms_version": 1 } });
    send(router, anna, &commands, &format!("a-{number}"), &agree).await;
    let deposit = json!({ "deposit": "buyer_payment" });
    let page = send(router, anna, &format!("{at}/checkout"), &format!("c-{number}"), &deposit).await;
    let bank = page["url"].as_str().unwrap().rsplit("/bank/").next().unwrap().to_owned();
    let pay = Request::post(format!("/bank/{bank}"))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from("do=pay"));
    assert!(router.clone().oneshot(pay.unwrap()).await.unwrap().status().is_redirection());
    let start = json!({ "command": { "type": "start_performing" } });
    send(router, boris, &commands, &format!("s-{number}"), &start).await;
    let accept = json!({ "command": { "type": "accept" } });
    send(router, anna, &commands, &format!("e-{number}"), &accept).await
}

/// The same commands by the crate alone, in seconds for a deal: decided and folded; and with every state and event written
/// and read as a store does it.
fn alone(terms: &Arc<Terms>, deals: usize, stores: bool) -> f64 {
    let start = cpu();
    for number in 0..deals {
        let now = Time::parse("2026-03-01T12:00:00Z").unwrap();
        let id = DealId::new(uuid::Uuid::from_u128(number as u128));
        let (mut deal, _) =
            Deal::propose(id, terms.clone(), &Context::party(now, terms.seller.clone())).unwrap();
        let (buyer, seller) = (Actor::Party(terms.buyer.clone()), Actor::Party(terms.seller.clone()));
        let paid = ConfirmPayment::charged(
            DepositId::BUYER_PAYMENT,
            "bank".parse().unwrap(),
            "1".parse().unwrap(),
            terms.quote().deposit,
        );
        let steps: [(Command, Actor); 4] = [
            (Agree::new(1).into(), buyer.clone()),
            (paid.into(), Actor::Gateway),
            (StartPerforming {}.into(), seller),
            (Accept::all().into(), buyer),
        ];
        for (command, actor) in steps {
            give(&mut deal, &command, actor, now, stores);
        }
        loop {
            let open = deal.pending().next().map(|order| order.number());
            let Some(order) = open else { break };
            let answer = Answer::new(order, Answered::Succeeded(format!("b-{order}").parse().unwrap()));
            give(&mut deal, &answer.into(), Actor::Gateway, now, stores);
        }
        assert_eq!(deal.status(), escrow::Status::Completed);
    }
    (cpu() - start) / deals as f64
}

fn give(deal: &mut Deal, command: &Command, actor: Actor, now: Time, stores: bool) {
    if stores {
        let state = serde_json::to_string(&*deal).unwrap();
        *deal = serde_json::from_str(&state).unwrap();
    }
    let done = deal.handle(command, &Context::new(now, actor)).unwrap();
    if stores {
        let events: usize =
            done.events().iter().map(|event| serde_json::to_string(event).unwrap().len()).sum();
        assert!(events > 0 || done.events().is_empty());
    }
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<usize>().unwrap());
    let (deals, clients) = (arguments.next().unwrap_or(1_000), arguments.next().unwrap_or(16));
    let data = std::env::temp_dir().join(format!("escrow-desk-figures-{}", std::process::id()));
    let database = std::env::var("DATABASE_URL").ok();
    let store = if database.is_some() { "PostgreSQL" } else { "SQLite" };
    let config = Config { data: data.clone(), database, requests_per_minute: u32::MAX, ..Config::default() };
    let desk = Desk::connect(config).await.unwrap();
    let mut keys = Vec::new();
    for (id, staff) in [("anna", false), ("boris", false), ("olga", true)] {
        let person = Person { id: id.parse().unwrap(), staff };
        desk.store.add_person(&person, desk.now()).unwrap();
        keys.push(desk.store.add_api_key(&person.id, "figures", desk.now()).unwrap());
    }
    let router = router(desk.clone());
    let terms = deal(&router, &keys[0], &keys[1], usize::MAX).await["terms"].clone();
    let terms: Arc<Terms> = Arc::new(serde_json::from_value(terms).unwrap());

    let next = Arc::new(AtomicUsize::new(0));
    let (began, before) = (Instant::now(), cpu());
    let clients: Vec<_> = (0..clients)
        .map(|_| {
            let (router, keys, next) = (router.clone(), keys.clone(), next.clone());
            tokio::spawn(async move {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= deals {
                        break;
                    }
                    let done = deal(&router, &keys[0], &keys[1], number).await;
                    assert_eq!(done["status"], "completed", "{done}");
                }
            })
        })
        .collect();
    let count = clients.len();
    for client in clients {
        client.await.unwrap();
    }
    let (seconds, used) = (began.elapsed().as_secs_f64(), cpu() - before);
    // what the worker does of them, too
    let mut worker = DeskWorker::new(desk, "figures".to_owned());
    let before = cpu();
    while worker.pass().await.unwrap() {}
    let delivered = cpu() - before;

    let whole = (used + delivered) / deals as f64;
    // so many that a clock of hundredths of a second tells them apart
    let (bare, stored) = (alone(&terms, 100_000, false), alone(&terms, 5_000, true));
    println!("{store}, {count} clients, {deals} deals from the offer to the payout, six requests each");
    println!("deals per second              {:>8.1}", deals as f64 / seconds);
    println!(
        "CPU per deal                  {:>8.2} ms, {:.2} ms of it the worker's",
        whole * 1e3,
        delivered / deals as f64 * 1e3
    );
    println!("decide and fold, alone        {:>8.3} ms: {:.1} % of it", bare * 1e3, bare / whole * 100.0);
    println!("with states and events stored {:>8.3} ms: {:.1} % of it", stored * 1e3, stored / whole * 100.0);
    let _gone = std::fs::remove_dir_all(&data);
}
