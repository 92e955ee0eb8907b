//! `wire::nalogka`: every object's fields against the documentation, every input with what is wrong about it, every
//! webhook of whole lives, and the rules of Nalogka's description that have no test elsewhere. Amounts are worked out by
//! hand in the comments, in roubles.
#![allow(missing_docs, unreachable_pub)]
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::panic)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::wildcard_enum_match_arm)]
#![allow(clippy::inconsistent_digit_grouping)]

#[path = "../../../../tests/common/mod.rs"]
mod common;
mod fields;
mod hostile;
mod inputs;
mod rules;
mod told;

use common::*;
use escrow::deal::command::{Attach, Attachment, CheckpointKind, DocumentId, IncurCost, OpenDispute};
use escrow::terms::{Fee, FeePayee, Payer};
use escrow::{Caller, Command, Context, Deal, Envelope, Policy, Side};
use escrow_nalogka::{
    self, ApiUser, ContactInfo, CreateDeal, FileInfo, HostData, SetPerformingTrack, UserKind, Workflow,
};
use serde_json::{Value, json};

fn shop_user() -> ApiUser {
    let fee = Fee::of_price(text("commission"), FeePayee::Platform, percent(4), Payer::Seller);
    ApiUser {
        id: text("shop-api"),
        kind: UserKind::Shop { profile: text("boris") },
        policy: Policy::shop(),
        fees: vec![fee],
    }
}

fn market_user() -> ApiUser {
    ApiUser {
        id: text("market-api"),
        kind: UserKind::Marketplace,
        policy: Policy::marketplace(),
        ..shop_user()
    }
}

/// 2 × 1 500 + delivery 300 by the shop at the buyer's expense + a free service; 4 % of 3 000 = 120, half and half.
/// Deposit 3 000 + 300 + 60 = 3 360; payout 3 000 + 300 − 60 = 3 240.
fn order() -> Value {
    json!({
        "order_id": "4127",
        "conditions": "Both of the same colour",
        "buyer_contacts": { "name": "Anna", "email": "anna@example.org", "phone": "+7 900 000-00-00" },
        "subject_items": [
            { "sku": "KT-2", "name": "Kettle", "description": "1.7 l", "price": "1500", "quantity": 2 }
        ],
        "additional_services": [
            { "name": "CDEK delivery", "description": "Door to door", "original_cost": "350", "final_cost": "300.00",
              "payer": "buyer", "provided_by": "seller" },
            { "name": "Gift wrapping", "final_cost": "0", "payer": "50/50", "provided_by": "nalogka" }
        ],
        "attachments": [{ "id": "photo-1", "description": "The kettles" }],
        "commission_payer": "50/50",
        "buyer_have_to_pay_offline": "0.00",
        "partial_buyout_allowed": true
    })
}

fn parse<T: serde::de::DeserializeOwned>(value: &Value) -> Result<T, escrow_nalogka::ApiError> {
    escrow_nalogka::decode(value.to_string().as_bytes())
}

fn files(id: &DocumentId) -> Option<FileInfo> {
    let known = id.starts_with("photo");
    known.then(|| FileInfo { mime: text("image/jpeg"), size: 2_048, digest: None })
}

/// The world of a request, with everything that is submitted after the creation.
fn created(user: &ApiUser, request: &Value, initiator: Option<&str>) -> World {
    let request: CreateDeal = parse(request).unwrap();
    let initiator = initiator.map(text);
    let new = request.new_deal(user, initiator.as_ref(), Some(text("anna")), files).unwrap();
    let mut world = World::proposed_by(&new.caller.actor, new.terms.to_draft());
    for (command, caller) in &new.then {
        world.act(&caller.actor, command.clone());
    }
    world
}

fn host(workflow: Workflow) -> HostData {
    let contacts = |name: &str| {
        Some(ContactInfo { name: Some(text(name)), email: Some(text("e@example.org")), phone: None })
    };
    HostData {
        token: Some(text("0f9c")),
        marketplace_id: Some(text("7")),
        buyer_contacts: contacts("Anna"),
        seller_contacts: contacts("Boris"),
        ..HostData::new(workflow)
    }
}

fn envelopes(world: &World) -> Vec<Envelope> {
    Envelope::wrap(&world.deal, 0, &world.journal, world.now).collect()
}

fn noted(world: &World) -> HostData {
    let mut host = host(Workflow::Shop);
    envelopes(world).iter().for_each(|envelope| host.note(envelope));
    host
}

fn project(world: &World) -> escrow_nalogka::Deal {
    escrow_nalogka::Deal::project(&world.deal, &noted(world)).unwrap()
}

/// A call of a party, via the user.
fn call(world: &mut World, caller: &Caller, command: &Command) {
    let mut context = Context::new(world.now, caller.actor.clone());
    context.via.clone_from(&caller.via);
    let done = world.attempt_in(&context, command).unwrap_or_else(|e| panic!("{e}: {command:?}"));
    assert!(!done.is_empty(), "already stands: {command:?}");
}

/// Everything that a shop's deal can show: paid, tracked, a charge, a cost, a dispute that is settled.
fn eventful() -> World {
    let mut w = created(&shop_user(), &order(), None);
    w.pay(B, 3_360_00);
    let track = SetPerformingTrack { tracker_short_name: text("cdek"), code: text("8172990122") };
    w.act(&seller(), escrow_nalogka::Call::SetTrack(track).command());
    w.act(&seller(), IncurCost::new(0, text("waybill")));
    w.pass(HOUR);
    w.act(&tracker(), checkpoint("8172990122", "1", CheckpointKind::Progress, after(HOUR)));
    w.act(&seller(), charge("extra", Side::Buyer, Side::Seller.payee(), 50_00));
    w.pay(escrow::deposit::DepositId::charge(1).unwrap(), 50_00);
    w.act(&buyer(), Attach::new(attachment("photo-2")));
    w.pass(HOUR);
    let reason = OpenDispute::new(text("One is dented"));
    w.act(&buyer(), reason);
    w
}

fn tracker() -> escrow::Actor {
    escrow::Actor::Tracker
}

fn attachment(id: &str) -> std::sync::Arc<Attachment> {
    std::sync::Arc::new(Attachment::new(text(id), text("image/jpeg"), 4_096).description(text("A dent")))
}
