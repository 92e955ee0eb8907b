//! Two editions of the endpoint side by side.

use std::thread;

use serde_json::json;

use crate::server::{port, wait_for};
use crate::world::{World, start};

#[test]
fn running_deals_go_on_while_a_new_edition_takes_over() {
    let Some(world) = World::new() else { return };
    let (interrupted, between) = (world.open(3_600), world.open(3_600));
    world.performed(interrupted);
    world.performed(between);
    // the old edition is in the middle of a payout
    world.raise("hold");
    let (accept, anna) = World::accept();
    let accept = json!({ "command": accept, "by": anna });
    let path = |deal| format!("Deals/{deal}/act");
    let (first, second) = thread::scope(|scope| {
        let first = scope.spawn(|| world.server.call(&path(interrupted), &accept, None).unwrap());
        wait_for("the acceptance is put", || world.deal(interrupted).has_pending()).unwrap();
        let new = port().unwrap();
        let _new = start(&world.folder, new, "new");
        world.server.register(new).unwrap();
        let second = scope.spawn(|| world.server.call(&path(between), &accept, None).unwrap());
        wait_for("the other acceptance is put", || world.deal(between).has_pending()).unwrap();
        std::fs::remove_file(world.flag("hold")).unwrap();
        let both = (first.join().unwrap(), second.join().unwrap());
        // a deal that begins now, and one of before, are the new edition's
        let third = world.open(3_600);
        world.performed(third);
        world.done(&path(third), accept.clone());
        world.audit(&[interrupted, between, third], 6);
        both
    });
    for (status, done) in [first, second] {
        assert_eq!((status, &done["status"]), (200, &json!("completed")), "{done}");
    }
    // what was begun by the old edition was finished by it: two orders; the others are the new one's
    let mut editions = world.editions();
    editions.sort();
    assert_eq!(editions, ["new", "new", "new", "new", "old", "old"]);
}
