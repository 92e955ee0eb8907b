//! An online shop that speaks Nalogka's API: `cargo run --example shop [-- --full]`.
//!
//! Three orders: one that is changed and then bought, one that is changed after it was paid, one that is cancelled while
//! the service is down. Every webhook is printed as JSON; without `--full`, the deal inside is cut to what tells the story.
//! What a host writes is in `service.rs`; this file is the shop, its buyer, and the world.
#![expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "an example"
)]

mod service;

use std::collections::HashMap;
use std::error::Error;

use escrow::agent::blocking::Agent;
use escrow::deal::command::{Checkpoint, CheckpointKind, ConfirmPayment, RecordTracking, Wake};
use escrow::deposit::DepositId;
use escrow::port::Clock;
use escrow::terms::{Fee, FeePayee, Payer};
use escrow::{Actor, DealId, Policy, Rate, Status, Time};
use escrow_nalogka::{ApiUser, OnError, OrderChange, PAYMENT_PAGE, PaymentPage, ShopAction, UserKind};
use escrow_testing::{ManualClock, MemorySink, ScriptedGateway, SinkFault};
use serde_json::{Value, json};
use service::Service;

type Any = Box<dyn Error>;

/// The shop's side of an order: its deal at the service.
struct Order<'s> {
    service: &'s mut Service,
    deal: DealId,
}

impl<'s> Order<'s> {
    fn place(service: &'s mut Service, kettles: u32) -> Result<Self, Any> {
        let deal = service.call("POST", "/deals/", &order(kettles))?;
        let order = Self { service, deal: serde_json::from_value(deal["id"].clone())? };
        Ok(order.told())
    }

    fn call(&mut self, method: &str, call: &str, body: &Value) -> Result<(), escrow_nalogka::ApiError> {
        let done = self.service.call(method, &format!("/deals/{}{call}", self.deal), body);
        tell(self.service);
        done.map(drop)
    }

    fn told(self) -> Self {
        tell(self.service);
        self
    }

    fn change(&self) -> Result<OrderChange, Any> {
        Ok(OrderChange::of(&self.service.load(self.deal)?))
    }

    /// The status of the deal, what the buyer has paid, what they have back, and what they are to pay.
    fn stands(&self) -> Result<(Status, [i64; 3]), Any> {
        let deal = self.service.load(self.deal)?;
        let deposit = deal.deposit(DepositId::BUYER_PAYMENT).ok_or("no deposit")?;
        let (paid, back) = (deposit.buckets().received, deposit.buckets().refunded);
        let open = if deal.takes_money(deposit) { deposit.outstanding().minor() } else { 0 };
        Ok((deal.status(), [paid, back, open]))
    }

    /// The buyer is sent to the page where the order is paid.
    fn visit(&mut self) -> Result<(), Any> {
        let (success_url, fail_url) =
            ("https://tea.example/paid".parse()?, "https://tea.example/failed".parse()?);
        let page = PaymentPage { success_url, fail_url };
        let address = page.address(PAYMENT_PAGE, self.deal);
        assert!(address.starts_with(&format!("https://safebuy.nalogka.ru/{}/payment?", self.deal)));
        println!("  buyer   → {address}");
        let form = self.service.payment_page(self.deal, &page)?;
        println!("  form    → {}", serde_json::to_string(&form)?);
        tell(self.service);
        Ok(())
    }

    /// The bank's own word: the buyer has paid so much.
    fn paid(&mut self, reference: &str) -> Result<(), Any> {
        let deal = self.service.load(self.deal)?;
        let amount = deal.deposit(DepositId::BUYER_PAYMENT).ok_or("no deposit")?.outstanding();
        let payment =
            ConfirmPayment::charged(DepositId::BUYER_PAYMENT, "bank".parse()?, reference.parse()?, amount);
        self.service.submit(self.deal, &[(payment.into(), Actor::Gateway.into())])?;
        tell(self.service);
        Ok(())
    }

    fn tracked(&mut self, id: &str, kind: CheckpointKind) -> Result<(), Any> {
        let track = self.service.load(self.deal)?.track().cloned().ok_or("no track")?;
        let checkpoint = Checkpoint::new(id.parse()?, kind, self.service.agent.clock.now());
        let scan = RecordTracking::new(track, checkpoint);
        self.service.submit(self.deal, &[(scan.into(), Actor::Tracker.into())])?;
        tell(self.service);
        Ok(())
    }

    fn pass(&mut self, seconds: u32) -> Result<(), Any> {
        self.service.agent.clock.advance(seconds);
        self.service.submit(self.deal, &[(Wake {}.into(), Actor::Clock.into())])?;
        tell(self.service);
        Ok(())
    }
}

/// Sends the webhooks that wait.
fn tell(service: &mut Service) {
    let full = std::env::args().any(|a| a == "--full");
    for notification in service.webhooks.drain(..) {
        let mut json = serde_json::to_value(&notification).unwrap_or_default();
        if !full {
            cut(&mut json);
        }
        println!("  webhook → {json}");
    }
}

/// Leaves of the deal what tells the story, and of the changes the small ones.
fn cut(json: &mut Value) {
    let deal = &json["deal"];
    let sums = &deal["deposit"];
    json["deal"] = json!({
        "id": deal["id"], "status": deal["status"],
        "deposit": { "status": sums["status"], "buyer_paid": sums["buyer_paid"], "return": sums["return"] },
    });
    for (_, pair) in json.get_mut("changes").and_then(Value::as_object_mut).into_iter().flatten() {
        if pair.to_string().len() > 100 {
            *pair = json!("[…, …]");
        }
    }
}

fn order(kettles: u32) -> Value {
    json!({
        "order_id": "4127",
        "conditions": "Kettles of the same colour",
        "buyer_contacts": { "name": "Anna", "email": "anna@example.org", "phone": null },
        "subject_items": [{ "sku": "KT-2", "name": "Kettle", "price": "1500", "quantity": kettles }],
        "additional_services": [
            { "name": "CDEK delivery", "original_cost": "350", "final_cost": "300", "payer": "buyer", "provided_by": "seller" },
            // free, and worth telling
            { "name": "Gift wrapping", "final_cost": "0", "payer": "buyer", "provided_by": "seller" },
        ],
        "commission_payer": "50/50",
    })
}

fn main() -> Result<(), Any> {
    let commission =
        Fee::of_price("commission".parse()?, FeePayee::Platform, Rate::from_ppm(40_000)?, Payer::Seller);
    let shop = ApiUser {
        id: "tea-shop-api".parse()?,
        kind: UserKind::Shop { profile: "tea-shop".parse()?, cancels_for_buyers: true },
        policy: Policy::shop(),
        fees: vec![commission],
    };
    let clock = ManualClock::new(Time::parse("2026-03-01T12:00:00Z")?);
    let agent = Agent::new(clock, ScriptedGateway::new());
    let (journal, hosts, webhooks) = (MemorySink::new(), HashMap::new(), Vec::new());
    let service = &mut Service { agent, journal, shop, hosts, webhooks };

    // two kettles at 1 500, the delivery for 300, half of the commission of 4 % of 3 000: 3 360; three of them: 4 890
    println!("An order is placed, changed before it is paid, and bought");
    let mut kettles = Order::place(service, 2)?;
    assert_eq!(kettles.stands()?, (Status::AwaitingDeposit, [0, 0, 3_360_00]));
    kettles.visit()?;
    println!(
        "  shop: the buyer comes back without paying; it becomes three kettles: {:?}",
        kettles.change()?
    );
    kettles.call("PATCH", "", &json!({ "subject_items": order(3)["subject_items"] }))?;
    kettles.visit()?;
    println!("  shop: the browser is on success_url, which proves nothing; the order waits");
    kettles.paid("payment-1")?;
    println!("  shop: awaiting_performance: now the order is paid");
    kettles.call(
        "PUT",
        "/performing-track",
        &json!({ "tracker_short_name": "cdek", "code": "8172990122" }),
    )?;
    kettles.pass(86_400)?;
    kettles.tracked("1", CheckpointKind::Progress)?;
    kettles.pass(2 * 86_400)?;
    kettles.tracked("2", CheckpointKind::Final)?;
    println!("  shop: received, and six hours of silence");
    kettles.pass(6 * 3_600)?;
    assert_eq!(kettles.stands()?, (Status::Completed, [4_890_00, 0, 0]));

    println!("\nAn order is changed after it was paid");
    let mut kettles = Order::place(service, 2)?;
    kettles.visit()?;
    kettles.paid("payment-2")?;
    println!("  shop: one kettle more: {:?}", kettles.change()?);
    kettles.service.journal.fail_next(SinkFault::Before);
    let error = kettles.call("POST", "/cancel", &Value::Null).err().ok_or("the service is down")?;
    println!("  shop: {error}: {:?}", ShopAction::Change.on_error(&error));
    assert_eq!(error.message, "it is not known whether the request was carried out: try again");
    assert_eq!(ShopAction::Change.on_error(&error), OnError::BlockAndRetry);
    assert_eq!(kettles.stands()?, (Status::AwaitingPerformance, [3_360_00, 0, 0]));
    println!("  shop: the administrator tries again");
    kettles.call("POST", "/cancel", &Value::Null)?;
    assert_eq!(kettles.stands()?, (Status::Cancelled, [3_360_00, 3_360_00, 0]));
    let kettles = Order::place(service, 3)?;
    assert_eq!(kettles.stands()?, (Status::AwaitingDeposit, [0, 0, 4_890_00]));
    println!("  shop: the order is unpaid again");

    println!("\nAn order is cancelled on the shop's pages by its buyer, while the service is down");
    let mut kettle = Order::place(service, 1)?;
    kettle.visit()?;
    kettle.paid("payment-3")?;
    let mut later = 0;
    let mut queue = vec!["/cancel?initiator_profile_id=buyer-1"];
    kettle.service.journal.fail_next(SinkFault::Before);
    kettle.service.journal.fail_next(SinkFault::Before);
    while let Some(path) = queue.pop() {
        match kettle.call("POST", path, &Value::Null) {
            Ok(()) => println!("  shop: the deal is cancelled too"),
            Err(error) => match ShopAction::Cancel.on_error(&error) {
                OnError::ProceedAndRetry => {
                    println!("  shop: the order is cancelled all the same; once more later ({error})");
                    later += 1;
                    queue.push(path);
                }
                OnError::ProceedAndTell | OnError::BlockAndRetry | OnError::BlockAndTell => {
                    println!("  shop: tell the administrator: {error}");
                }
            },
        }
    }
    // one kettle, the delivery, half of 4 % of 1 500
    assert_eq!((later, kettle.stands()?), (2, (Status::Cancelled, [1_830_00, 1_830_00, 0])));
    Ok(())
}
