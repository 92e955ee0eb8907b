//! What our handler costs beside an empty one of the same shape, on one server, in turns.

use std::thread;
use std::time::{Duration, Instant};

use escrow::Deal;
use escrow::port::SystemClock;
use escrow_host::sandbox::{Bank, Faults, SandboxGateway};
use escrow_restate::Engine;
use restate_sdk::prelude::*;
use serde_json::{Value, json};

use crate::demo::{Folder, paid, terms};
use crate::server::{Done, Server, port, program};

/// How many keys are worked on at once, how many calls each gets in a round, and how many rounds there are.
const CLIENTS: u32 = 16;
const CALLS: u32 = 20;
const ROUNDS: usize = 7;

/// The shape of a message to a deal: the state is read and put, the time is journalled, and nothing is decided.
struct Bare;

#[restate_sdk::object(client_visibility = "pub(crate)")]
impl Bare {
    #[handler]
    async fn put(&self, ctx: ObjectContext<'_>, state: Json<Value>) -> HandlerResult<()> {
        ctx.set("machine", state);
        Ok(())
    }

    #[handler]
    async fn act(&self, ctx: ObjectContext<'_>, command: Json<Value>) -> HandlerResult<Json<Value>> {
        let state = ctx.get::<Vec<u8>>("machine").await?.unwrap_or_default();
        let Json(now) = ctx.run(|| async { Ok(Json(0_u64)) }).name("now").await?;
        ctx.set("machine", state);
        // what ours looks up besides: whether a wake and a question are on their way
        let (_, _) = (ctx.get::<Json<u64>>("alarm").await?, ctx.get::<Json<u64>>("asked").await?);
        let _ = ctx.get::<Json<u64>>("followers").await?;
        Ok(Json(json!({ "now": now, "is": command.into_inner().is_object() })))
    }
}

pub fn run() -> Done<()> {
    let Some(program) = program() else {
        return Err("skipped: the Restate server is not there, and npm cannot bring it".into());
    };
    let folder = Folder::new("figures")?;
    let server = Server::start(&program, folder.path())?;
    let bank = Bank::open(folder.path().join("bank.db"), Faults::default())?;
    let engine =
        Engine::builder(SandboxGateway::new(bank, SystemClock), SystemClock, "olga".parse()?).build();
    let endpoint = engine.bind(Endpoint::builder()).bind(Bare).build();
    let at = port()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.spawn(HttpServer::new(endpoint).listen_and_serve(([127, 0, 0, 1], at).into()));
    server.register(at)?;
    measure(&server, &folder)
}

fn measure(server: &Server, folder: &Folder) -> Done<()> {
    let bank = Bank::open(folder.path().join("bank.db"), Faults::default())?;
    let mut deals = Vec::new();
    for _ in 0..CLIENTS {
        #[expect(clippy::disallowed_methods, reason = "a host chooses ids")]
        let deal = escrow::DealId::new(escrow::uuid::Uuid::new_v4());
        let open = json!({ "opening": { "terms": terms(3_600)? }, "by": { "party": "shop" } });
        taken(server.call(&format!("Deals/{deal}/open"), &open, None)?)?;
        let paid = json!({ "command": paid(&bank, deal)?, "by": "gateway" });
        taken(server.call(&format!("Deals/{deal}/act"), &paid, None)?)?;
        // the empty one has the same bytes to carry
        let state = taken(server.call(&format!("Deals/{deal}/state"), &Value::Null, None)?)?;
        let size = serde_json::from_value::<Deal>(state.clone()).map(|deal| deal.version())?;
        taken(server.call(&format!("Bare/{deal}/put"), &state, None)?)?;
        deals.push((deal, size));
    }
    let (mut ours, mut bare, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let one = |service: &str| {
            timed(|| {
                thread::scope(|scope| {
                    let clients: Vec<_> = deals
                        .iter()
                        .map(|(deal, _)| {
                            scope.spawn(move || client(server, service, &deal.to_string(), round))
                        })
                        .collect();
                    clients
                        .into_iter()
                        .try_for_each(|client| client.join().map_err(|_| "a client has failed")?)
                })
            })
        };
        let (a, b) = (one("Deals")?, one("Bare")?);
        ratios.push(b.as_micros().saturating_mul(1_000).checked_div(a.as_micros()).unwrap_or(0));
        ours.push(a);
        bare.push(b);
    }
    let calls = u128::from(CLIENTS.saturating_mul(CALLS)).saturating_mul(1_000_000);
    let rate = |times: &mut Vec<Duration>| {
        times.sort();
        let middle = times.get(times.len() / 2).map_or(1, Duration::as_micros);
        calls.checked_div(middle).unwrap_or(0)
    };
    ratios.sort_unstable();
    let ratio = ratios.get(ratios.len() / 2).copied().unwrap_or(0);
    println!(
        "one node, {CLIENTS} keys at once, {ROUNDS} rounds of {CALLS} calls for each, in turns; medians"
    );
    println!("  a message to a deal        {:>6}/s", rate(&mut ours));
    println!("  an empty handler like it   {:>6}/s", rate(&mut bare));
    println!("  ours beside the empty one  {ratio:>6} ‰");
    Ok(())
}

fn client(server: &Server, service: &str, key: &str, round: usize) -> Done<()> {
    for call in 0..CALLS {
        let command = json!({ "type": "post", "reference": format!("message-{round}-{call}") });
        let body = json!({ "command": command, "by": { "party": "anna" } });
        taken(server.call(&format!("{service}/{key}/act"), &body, None)?)?;
    }
    Ok(())
}

fn taken((status, value): (u16, Value)) -> Done<Value> {
    if status == 200 { Ok(value) } else { Err(format!("{status} {value}").into()) }
}

#[expect(clippy::disallowed_methods, reason = "it measures")]
fn timed(work: impl FnOnce() -> Done<()>) -> Done<Duration> {
    let begun = Instant::now();
    work()?;
    Ok(begun.elapsed())
}
