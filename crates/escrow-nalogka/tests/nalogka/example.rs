//! The example's own promises.

use std::collections::HashMap;

use escrow::Time;
use escrow::agent::blocking::Agent;
use escrow_nalogka::Notification;
use escrow_testing::{ManualClock, MemorySink, ScriptedGateway};

use super::*;

#[path = "../../../../examples/shop/service.rs"]
#[allow(clippy::as_conversions, dead_code)]
mod service;

/// What a host writes to serve a shop fits into sixty lines, without comments and blank ones.
#[test]
fn a_shop_is_served_in_sixty_lines() {
    let text = include_str!("../../../../examples/shop/service.rs");
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//"));
    assert!(lines.clone().count() <= 60, "{}", lines.count());
}

/// An update of the terms, the order's number and the contacts is an amendment and an annotation, and one webhook with all
/// of it; of a call that changes nothing, there is none.
#[test]
fn a_call_is_told_once() {
    let clock = ManualClock::new(Time::parse("2026-03-01T12:00:00Z").unwrap());
    let mut service = service::Service {
        agent: Agent::new(clock, ScriptedGateway::new()),
        journal: MemorySink::new(),
        shop: shop_user(),
        hosts: HashMap::new(),
        webhooks: Vec::new(),
    };
    let mut request = order();
    request.as_object_mut().unwrap().remove("attachments");
    let created = service.call("POST", "/deals/", &request).unwrap();
    assert!(matches!(&service.webhooks[..], [Notification::Created { .. }]));
    service.webhooks.clear();

    let update = json!({
        "order_id": "4128",
        "conditions": "Both red",
        "subject_items": [{ "name": "Kettle", "price": "1500", "quantity": 3 }],
        "buyer_contacts": { "name": "Anna", "email": null, "phone": null },
    });
    let target = format!("/deals/{}", created["id"].as_str().unwrap());
    let deal = service.call("PATCH", &target, &update).unwrap();
    let [Notification::Updated { deal: told, changes }] = &service.webhooks[..] else {
        panic!("{:?}", service.webhooks)
    };
    assert_eq!(serde_json::to_value(told).unwrap(), deal);
    for field in ["order_id", "conditions", "subject_items", "buyer_contacts"] {
        assert_eq!(changes[field], (created[field].clone(), deal[field].clone()), "{field}");
    }
    service.webhooks.clear();
    service.call("PATCH", &target, &update).unwrap();
    assert!(service.webhooks.is_empty());
}
