//! Lists from a repository that hears of every commit.

use std::fs;
use std::net::TcpListener;

use escrow::Deal;
use escrow::port::SystemClock;
use escrow_host::sandbox::{Bank, Faults, SandboxGateway};
use escrow_restate::{Engine, Lists, Repositories};
use escrow_sqlite::{Filter, Page, Sqlite};
use restate_sdk::prelude::{Endpoint, HttpServer};
use serde_json::json;

#[path = "../../../../crates/escrow-postgres/tests/postgres/server.rs"]
mod postgres;

use crate::server::wait_for;
use crate::world::World;

/// One deal is completed, one waits for its deposit, and one fact of a third is refused.
fn story(world: &World) -> [escrow::DealId; 3] {
    let deals = [world.open(3_600), world.open(3_600), world.open(3_600)];
    world.performed(deals[0]);
    let (accept, anna) = World::accept();
    world.act(deals[0], accept, anna);
    // there is no such order
    let answer = json!({ "type": "answer", "transaction": 7, "result": { "succeeded": "bank-7" } });
    let fact = json!({ "command": answer, "by": "gateway" });
    let (status, problem) = world.call(&format!("Deals/{}/act", deals[2]), fact);
    assert!(status >= 400 && problem["code"] == "unknown-transaction", "{status} {problem}");
    deals
}

#[test]
fn my_deals_come_from_sqlite() {
    let Some(world) = World::new() else { return };
    let deals = story(&world);
    let lists = Sqlite::open(world.folder.path().join("lists.db")).unwrap();
    let mine = || lists.list::<Deal>(Filter::Party("anna"), &Page::first(10)).unwrap();
    wait_for("the lists know it", || {
        let statuses: Vec<_> = mine().into_iter().map(|listed| listed.status).collect();
        statuses == ["completed", "awaiting_deposit", "awaiting_deposit"]
    })
    .unwrap();
    assert_eq!(mine().iter().map(|listed| listed.id).collect::<Vec<_>>(), deals);
    assert!(lists.list::<Deal>(Filter::Party("eve"), &Page::first(10)).unwrap().is_empty());
    let completed = lists.list::<Deal>(Filter::Status("completed"), &Page::first(10)).unwrap();
    assert_eq!(completed.iter().map(|listed| listed.id).collect::<Vec<_>>(), [deals[0]]);
    // each journal leads to the state beside it, and that is the object's
    assert_eq!(lists.fsck::<Deal>().unwrap(), []);
    for deal in deals {
        let stored: Option<Deal> = escrow::port::blocking::Repository::load(&lists, deal).unwrap();
        assert_eq!(stored, Some(world.deal(deal)));
    }
    wait_for("the incident is there", || lists.open_incidents(0, 9).unwrap().len() == 1).unwrap();
}

#[test]
fn my_deals_come_from_postgresql() {
    let Some(world) = World::without_an_endpoint() else { return };
    let Some(server) = postgres::Server::start() else {
        println!("skipped: PostgreSQL's programs (initdb, pg_ctl) are not installed");
        return;
    };
    let lists = server.open(&server.database());
    serve(&server.runtime, &world, lists.clone());
    let deals = story(&world);
    let mine = || {
        let page = Page::first(10);
        server.runtime.block_on(lists.list::<Deal>(Filter::Party("anna"), &page)).unwrap()
    };
    wait_for("the lists know it", || {
        let statuses: Vec<_> = mine().into_iter().map(|listed| listed.status).collect();
        statuses == ["completed", "awaiting_deposit", "awaiting_deposit"]
    })
    .unwrap();
    assert_eq!(mine().iter().map(|listed| listed.id).collect::<Vec<_>>(), deals);
    assert_eq!(server.runtime.block_on(lists.fsck::<Deal>()).unwrap(), []);
    fs::remove_file(world.flag("bank.db")).unwrap();
}

fn serve(runtime: &tokio::runtime::Runtime, world: &World, lists: impl Repositories) {
    let bank = Bank::open(world.folder.path().join("bank.db"), Faults::default()).unwrap();
    let gateway = SandboxGateway::new(bank, SystemClock);
    let engine = Engine::builder(gateway, SystemClock, "olga".parse().unwrap()).lists().build();
    let endpoint = engine.bind(Endpoint::builder()).bind(Lists(lists)).build();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    runtime.spawn(async move {
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        HttpServer::new(endpoint).serve_with_cancel(listener, std::future::pending::<()>()).await;
    });
    world.server.register(port).unwrap();
}
