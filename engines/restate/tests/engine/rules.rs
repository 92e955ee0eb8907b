//! The rules of the core, by way of the server.

use escrow::DealId;
use serde_json::json;

use crate::world::{World, terms};

#[test]
fn a_deal_goes_from_its_proposal_to_its_payouts() {
    let Some(world) = World::new() else { return };
    let deal = world.open(3_600);
    world.performed(deal);
    let (accept, anna) = World::accept();
    let done = world.act(deal, accept.clone(), anna.clone());
    assert_eq!((&done["status"], &done["has_pending"]), (&json!("completed"), &json!(false)), "{done}");
    // 950 to the shop, 50 to the platform
    world.audit(&[deal], 2);

    // the same again changes nothing, with the server's key and without
    let path = format!("Deals/{deal}/act");
    let again = world.act(deal, accept, anna);
    assert_eq!(again["from_version"], again["version"]);
    let payment = json!({ "command": world.payment(deal), "by": "gateway" });
    for key in [Some("webhook-1"), Some("webhook-1"), None] {
        let (status, answer) = world.server.call(&path, &payment, key).unwrap();
        assert_eq!((status, &answer["version"]), (200, &done["version"]), "{answer}");
    }
    world.audit(&[deal], 2);
}

#[test]
fn rejections_have_our_codes_and_their_status() {
    let Some(world) = World::new() else { return };
    let deal = world.open(3_600);
    let act = format!("Deals/{deal}/act");
    let shop = json!({ "party": "shop" });
    let cases = [
        // the seller never accepts
        (&act, json!({ "command": { "type": "accept" }, "by": shop }), 403, "wrong-role"),
        // nothing is paid yet
        (&act, json!({ "command": { "type": "start_performing" }, "by": shop }), 409, "wrong-phase"),
        // nobody knows them
        (&act, json!({ "command": { "type": "accept" }, "by": { "party": "eve" } }), 403, "unknown-actor"),
    ];
    for (path, body, status, code) in cases {
        let (got, problem) = world.call(path, body);
        assert_eq!((got, problem["code"].as_str()), (status, Some(code)), "{problem}");
    }
    let nobody = uuid::Uuid::new_v4();
    let (status, problem) =
        world.call(&format!("Deals/{nobody}/act"), json!({ "command": { "type": "accept" }, "by": shop }));
    assert_eq!((status, &problem["code"]), (404, &json!("not-found")));
    let open = json!({ "opening": { "terms": terms(60) }, "by": shop });
    let (status, problem) = world.call(&format!("Deals/{deal}/open"), open);
    assert_eq!((status, &problem["code"]), (409, &json!("id-taken")));
}

#[test]
fn a_deadline_fires_by_itself_and_one_that_has_moved_does_not() {
    let Some(world) = World::new() else { return };
    // to be paid within 15 seconds, and then to be begun within 17: the first wake finds another deadline
    let moved = DealId::new(uuid::Uuid::new_v4());
    let mut terms = terms(3_600);
    terms["policy"]["deposit_s"] = json!(15);
    terms["policy"]["start_s"] = json!(17);
    world.done(
        &format!("Deals/{moved}/open"),
        json!({ "opening": { "terms": terms }, "by": { "party": "shop" } }),
    );
    assert_eq!(world.pay(moved)["status"], "awaiting_performance");
    // silence accepts after two seconds
    let deal = world.open(2);
    world.performed(deal);
    world.wait_for_status(deal, "completed");
    world.audit(&[deal], 2);
    // a wake that nobody waits for does nothing
    let version = world.deal(deal).version();
    let in_vain = world.done(&format!("Deals/{deal}/wake"), json!({ "at": "2026-01-01T00:00:00Z" }));
    assert_eq!((in_vain, world.deal(deal).version()), (json!(false), version));

    // nobody has begun: all of it goes back
    world.wait_for_status(moved, "cancelled");
    world.audit(&[deal, moved], 3);
}
