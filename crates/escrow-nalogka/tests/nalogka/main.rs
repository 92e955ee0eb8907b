//! `wire::nalogka`: every object's fields against the documentation, every input with what is wrong about it, every
//! webhook of whole lives, and the rules of Nalogka's description that have no test elsewhere. Amounts are worked out by
//! hand in the comments, in roubles.
#![allow(missing_docs, unreachable_pub)]
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::panic)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::wildcard_enum_match_arm)]
#![allow(clippy::inconsistent_digit_grouping)]

mod api;
#[path = "../../../../tests/common/mod.rs"]
mod common;
mod disputes;
mod example;
mod fields;
mod hostile;
mod inputs;
mod rules;
mod systems;
mod told;
mod tracking;
mod users;

use common::*;
use escrow::deal::command::{Attach, Attachment, CheckpointKind, DocumentId, IncurCost, OpenDispute};
use escrow::terms::{Fee, FeePayee, Payer};
use escrow::{Caller, Command, Context, Deal, Destination, Envelope, PartyId, Policy, Side};
use escrow_nalogka::{
    self, ApiUser, ContactInfo, CreateDeal, Desk, FileInfo, HostData, RequisiteId, SetPerformingTrack,
    UserKind, Workflow,
};
use serde_json::{Value, json};

fn shop_user() -> ApiUser {
    let fee = Fee::of_price(text("commission"), FeePayee::Platform, percent(4), Payer::Seller);
    ApiUser {
        id: text("shop-api"),
        kind: UserKind::Shop { profile: text("boris"), cancels_for_buyers: false },
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

/// The host's stores: photos, everybody's card `card` and wallet `purse`, and the buyer Anna.
struct Stores;

impl Desk for Stores {
    fn file(&self, id: &DocumentId) -> Option<FileInfo> {
        let known = id.starts_with("photo");
        known.then(|| FileInfo { mime: text("image/jpeg"), size: 2_048, digest: None })
    }

    fn requisite(&self, owner: &PartyId, id: &RequisiteId) -> Option<Destination> {
        match id.as_str() {
            "card" => Some(Destination::Card(text(&format!("vault-{owner}-card")))),
            "purse" => Some(Destination::Wallet(text(&format!("vault-{owner}-purse")))),
            "account" => Some(Destination::Account(text(&format!("vault-{owner}-account")))),
            _ => None,
        }
    }

    fn buyer(&self, _: &ContactInfo) -> Option<PartyId> {
        Some(text("anna"))
    }
}

/// The world of a request, with everything that comes along.
fn created(user: &ApiUser, request: &Value, initiator: Option<&str>) -> World {
    let request: CreateDeal = parse(request).unwrap();
    let initiator = initiator.map(text);
    let new = request.new_deal(user, initiator.as_ref(), &Stores).unwrap();
    World::opened(&new.caller.actor, new.proposal)
}

/// What the host has kept of the request.
fn kept(user: &ApiUser, request: &Value, initiator: Option<&str>) -> HostData {
    let request: CreateDeal = parse(request).unwrap();
    request.new_deal(user, initiator.map(text).as_ref(), &Stores).unwrap().host()
}

fn host(workflow: Workflow) -> HostData {
    let contacts = |name: &str| {
        Some(ContactInfo { name: Some(text(name)), email: Some(text("e@example.org")), phone: None })
    };
    HostData {
        token: Some(text("0f9c")),
        api_user: Some(text("shop-api")),
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

/// The webhooks of a world's whole life, command by command.
fn told_of(world: &World) -> Vec<escrow_nalogka::Notification> {
    let (all, mut host, mut told) = (envelopes(world), host(Workflow::Shop), Vec::new());
    let mut start = 0;
    for &end in &world.commits {
        let deal_at = |end: usize| {
            let mut deal = Deal::replay(world.deal.id(), &world.journal[..1]).unwrap();
            world.journal[1..end].iter().for_each(|r| deal.apply(r));
            deal
        };
        let before = (start > 0).then(|| deal_at(start));
        told.extend(host.tell(before.as_ref(), &all[start..end], &deal_at(end)).unwrap());
        start = end;
    }
    told
}

fn project(world: &World) -> escrow_nalogka::Deal {
    escrow_nalogka::Deal::project(&world.deal, &noted(world)).unwrap()
}

/// The shop itself, by a call about this deal.
fn of_user(user: &ApiUser, w: &World, initiator: Option<&str>) -> Caller {
    let host = HostData { api_user: Some(user.id.clone()), ..host(user.workflow()) };
    user.caller_of(escrow_nalogka::Route::AddAttachments, &w.deal, &host, initiator.map(text).as_ref())
        .unwrap()
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
