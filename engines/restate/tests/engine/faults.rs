//! Whoever dies at the worst moment, the bank pays once.

use std::thread;

use escrow::DealId;
use serde_json::json;

use crate::server::wait_for;
use crate::world::{World, start};

/// A deal whose endpoint is killed when the bank, which forgets its keys at once, has moved the money and nobody has heard of it.
fn killed_after_the_bank_acted(flags: &[&str]) -> Option<(World, DealId)> {
    let mut world = World::without_an_endpoint()?;
    flags.iter().for_each(|flag| world.raise(flag));
    world.endpoint = Some(start(&world.folder, world.port, "old"));
    world.server.register(world.port).unwrap();
    let deal = world.open(3_600);
    world.performed(deal);
    world.raise("strike");
    let (accept, anna) = World::accept();
    let accept = json!({ "command": accept, "by": anna });
    let done = thread::scope(|scope| {
        let server = &world.server;
        let called = scope.spawn(move || server.call(&format!("Deals/{deal}/act"), &accept, None).unwrap());
        wait_for("the bank has acted", || world.flag("struck").exists()).unwrap();
        assert_eq!(world.bank.movements().unwrap().len(), 1);
        world.endpoint.take().unwrap().kill().unwrap();
        world.endpoint = Some(start(&world.folder, world.port, "again"));
        called.join().unwrap()
    });
    assert_eq!((done.0, &done.1["status"]), (200, &json!("completed")), "{done:?}");
    // the first order was sent again
    assert_eq!(world.editions(), ["old", "again", "again"]);
    Some((world, deal))
}

#[test]
fn an_endpoint_that_is_killed_after_the_bank_acted_pays_once() {
    let Some((world, deal)) = killed_after_the_bank_acted(&["forgets"]) else { return };
    // the adapter was told that it may have been sent before, looked, and found it
    world.audit(&[deal], 2);
}

#[test]
fn an_adapter_that_does_not_look_before_it_acts_is_found() {
    let Some((world, deal)) = killed_after_the_bank_acted(&["forgets", "careless"]) else { return };
    let audit = world.bank.audit(&[world.deal(deal)]).unwrap();
    assert_eq!(audit.movements, 3);
    assert!(audit.findings.iter().any(|finding| finding.what.ends_with("moved money 2 times")), "{audit:?}");
}

#[test]
fn a_server_that_is_killed_goes_on_where_it_was() {
    let Some(mut world) = World::new() else { return };
    let (waiting, asked) = (world.open(5), world.open(3_600));
    world.performed(waiting);
    world.performed(asked);
    world.server.kill().unwrap();
    world.server.restart().unwrap();
    // the timer of before the death fires
    world.wait_for_status(waiting, "completed");
    let (accept, anna) = World::accept();
    let done = world.act(asked, accept, anna);
    assert_eq!(done["status"], "completed");
    world.audit(&[waiting, asked], 4);
}

#[test]
fn a_bank_that_is_down_is_asked_again_and_holds_nothing_up() {
    let Some(world) = World::new() else { return };
    let deal = world.open(3_600);
    world.performed(deal);
    world.raise("down");
    let (accept, anna) = World::accept();
    let done = world.act(deal, accept, anna);
    assert_eq!((&done["status"], &done["has_pending"]), (&json!("settling"), &json!(true)), "{done}");
    // whoever asks is answered meanwhile
    let (status, problem) = world.call(
        &format!("Deals/{deal}/act"),
        json!({ "command": { "type": "start_performing" }, "by": { "party": "shop" } }),
    );
    assert_eq!((status, &problem["code"]), (410, &json!("wrong-phase")));
    std::fs::remove_file(world.flag("down")).unwrap();
    world.wait_for_status(deal, "completed");
    world.audit(&[deal], 2);
}
