//! An online shop that speaks Nalogka's API: `cargo run --example shop [-- --full]`.
//!
//! Three orders: one that is bought, one that is changed after it was paid, one that is cancelled while the service is
//! down. Every webhook is printed as JSON; without `--full`, the deal inside is cut to what tells the story.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "an example counts its deals, reads its own JSON, and has but some of the calls"
)]

use std::collections::HashMap;
use std::error::Error;

use escrow::agent::blocking::Agent;
use escrow::deal::command::{Checkpoint, CheckpointKind, ConfirmPayment, RecordTracking, Track, Wake};
use escrow::deposit::DepositId;
use escrow::port::Clock;
use escrow::terms::{Fee, FeePayee, Payer};
use escrow::{Actor, Caller, Command, Deal, DealId, Policy, Rate, Time};
use escrow_nalogka::{
    ApiError, ApiUser, Call, CreateDeal, Form, HostData, OnError, OrderChange, PAYMENT_PAGE, PaymentPage,
    Route, SetPerformingTrack, ShopAction, UpdateDeal, UserKind, Workflow, decode, notifications,
};
use escrow_testing::{ManualClock, MemorySink, ScriptedGateway, SinkFault};
use serde_json::{Value, json};

type Any = Box<dyn Error>;

/// The service: the agent, its journal, and one API user, the shop.
struct Service {
    agent: Agent<ManualClock, ScriptedGateway>,
    journal: MemorySink,
    shop: ApiUser,
    hosts: HashMap<DealId, HostData>,
    deals: u128,
    full: bool,
}

impl Service {
    /// `POST /deals/`, called when the buyer clicks "pay".
    fn create(&mut self, body: &Value) -> Result<Deal, Any> {
        let request: CreateDeal = decode(body.to_string().as_bytes())?;
        // the shop has no profiles of its buyers: the service makes one of the contacts
        let new = request.new_deal(&self.shop, None, Some("buyer-1".parse()?), |_| None)?;
        self.deals += 1;
        let id = DealId::new(uuid::Uuid::from_u128(self.deals));
        // the deal holds no names and phones: they stay with the host
        let host = HostData { buyer_contacts: new.buyer_contacts, ..HostData::new(Workflow::Shop) };
        self.hosts.insert(id, host);
        let deal = self.agent.open(&mut self.journal, id, new.terms, new.caller)?;
        self.tell(None, &deal)?;
        Ok(deal)
    }

    /// `POST /deals/{id}/…` of the shop, by method and path.
    fn call(&mut self, deal: &mut Deal, method: &str, path: &str, body: &Value) -> Result<(), ApiError> {
        let caller = self.shop.caller(None)?;
        let (route, _) = Route::of(method, path)?;
        let commands = match route {
            Route::Update => {
                let update: UpdateDeal = decode(body.to_string().as_bytes())?;
                update.commands(deal, &caller, |_| None)?.commands
            }
            Route::Cancel => vec![Call::Cancel { comment: Default::default() }.command()],
            Route::SetTrack => {
                let track: SetPerformingTrack = decode(body.to_string().as_bytes())?;
                vec![Call::SetTrack(track).command()]
            }
            _ => {
                return Err(ApiError::new(escrow_nalogka::ErrorKind::NotFound, "not in this example"));
            }
        };
        commands.iter().try_for_each(|command| self.submit(deal, command, caller.clone()))
    }

    /// The page where the buyer pays; the gateway's form is drawn on it.
    fn payment_page(&mut self, deal: &mut Deal, query: &Value) -> Result<Form, Any> {
        let page: PaymentPage = decode(query.to_string().as_bytes())?;
        let payment = page.command(deal, &"card".parse()?)?;
        let buyer = Caller::party(deal.terms().buyer.clone());
        self.submit(deal, &payment.clone().into(), buyer)?;
        println!("  buyer   → {}", page.address(PAYMENT_PAGE, deal.id()));
        Ok(Form::try_from(self.agent.checkout(deal, &payment)?)?)
    }

    /// The gateway's own word: the buyer has paid.
    fn paid(&mut self, deal: &mut Deal) -> Result<(), Any> {
        let amount = deal.deposit(DepositId::BUYER_PAYMENT).ok_or("no deposit")?.outstanding();
        let payment = ConfirmPayment::charged(
            DepositId::BUYER_PAYMENT,
            "bank".parse()?,
            format!("payment-{}", deal.version()).parse()?,
            amount,
        );
        Ok(self.submit(deal, &payment.into(), Actor::Gateway.into())?)
    }

    fn tracked(&mut self, deal: &mut Deal, id: &str, kind: CheckpointKind) -> Result<(), Any> {
        let (track, occurred_at): (Track, _) =
            (deal.track().cloned().ok_or("no track")?, self.agent.clock.now());
        let checkpoint = Checkpoint::new(id.parse()?, kind, occurred_at);
        Ok(self.submit(deal, &RecordTracking::new(track, checkpoint).into(), Actor::Tracker.into())?)
    }

    fn pass(&mut self, deal: &mut Deal, seconds: u32) -> Result<(), Any> {
        self.agent.clock.set(self.agent.clock.now().plus_secs(seconds));
        Ok(self.submit(deal, &Wake {}.into(), Actor::Clock.into())?)
    }

    fn submit(&mut self, deal: &mut Deal, command: &Command, caller: Caller) -> Result<(), ApiError> {
        let before = deal.clone();
        let done = self.agent.submit(&mut self.journal, deal, command, caller);
        // a lost commit leaves the deal as it was: nothing happened, nothing is told
        self.tell(Some(&before), deal)
            .map_err(|e| ApiError::new(escrow_nalogka::ErrorKind::Server, e.to_string()))?;
        Ok(done.map(|_| ())?)
    }

    /// The webhooks for what the journal has got since.
    fn tell(&mut self, before: Option<&Deal>, after: &Deal) -> Result<(), Any> {
        let from = usize::try_from(before.map_or(0, Deal::version))?;
        let news = self.journal.journal(after.id()).get(from..).unwrap_or_default();
        let host = self.hosts.get_mut(&after.id()).ok_or("no such deal")?;
        for notification in notifications(before, news, after, host)? {
            let mut json = serde_json::to_value(&notification)?;
            cut(&mut json);
            let whole = if self.full { serde_json::to_string(&notification)? } else { json.to_string() };
            println!("  webhook → {whole}");
        }
        news.iter().for_each(|envelope| host.note(envelope));
        Ok(())
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
        kind: UserKind::Shop { profile: "tea-shop".parse()? },
        policy: Policy::shop(),
        fees: vec![commission],
    };
    let clock = ManualClock::new(Time::parse("2026-03-01T12:00:00Z")?);
    let mut service = Service {
        agent: Agent::new(clock, ScriptedGateway::new()),
        journal: MemorySink::new(),
        shop,
        hosts: HashMap::new(),
        deals: 0,
        full: std::env::args().any(|a| a == "--full"),
    };
    let back = json!({ "success_url": "https://tea.example/paid", "fail_url": "https://tea.example/failed" });

    println!("An order is placed, changed before it is paid, and bought");
    let mut deal = service.create(&order(2))?;
    let form = service.payment_page(&mut deal, &back)?;
    println!("  form    → {}", serde_json::to_string(&form)?);
    println!(
        "  shop: the buyer comes back without paying; it becomes three kettles: {:?}",
        OrderChange::of(&deal)
    );
    let three = json!({ "subject_items": order(3)["subject_items"] });
    service.call(&mut deal, "PATCH", "/deals/1", &three)?;
    service.payment_page(&mut deal, &back)?;
    println!("  shop: the browser is on success_url, which proves nothing; the order waits");
    service.paid(&mut deal)?;
    println!("  shop: awaiting_performance: now the order is paid");
    service.call(
        &mut deal,
        "PUT",
        "/deals/1/performing-track",
        &json!({ "tracker_short_name": "cdek", "code": "8172990122" }),
    )?;
    service.pass(&mut deal, 86_400)?;
    service.tracked(&mut deal, "1", CheckpointKind::Progress)?;
    service.pass(&mut deal, 2 * 86_400)?;
    service.tracked(&mut deal, "2", CheckpointKind::Final)?;
    println!("  shop: received, and six hours of silence");
    service.pass(&mut deal, 6 * 3_600)?;

    println!("\nAn order is changed after it was paid");
    let mut deal = service.create(&order(2))?;
    service.payment_page(&mut deal, &back)?;
    service.paid(&mut deal)?;
    println!("  shop: one kettle more: {:?}", OrderChange::of(&deal));
    service.journal.fail_next(SinkFault::Before);
    if let Err(error) = service.call(&mut deal, "POST", "/deals/2/cancel", &Value::Null) {
        println!("  shop: {error}: {:?}", ShopAction::Change.on_error(&error));
    }
    println!("  shop: the administrator tries again");
    service.call(&mut deal, "POST", "/deals/2/cancel", &Value::Null)?;
    service.create(&order(3))?;
    println!("  shop: the order is unpaid again");

    println!("\nAn order is cancelled while the service is down");
    let mut deal = service.create(&order(1))?;
    service.payment_page(&mut deal, &back)?;
    service.paid(&mut deal)?;
    let mut queue = vec!["/deals/4/cancel"];
    service.journal.fail_next(SinkFault::Before);
    service.journal.fail_next(SinkFault::Before);
    while let Some(path) = queue.pop() {
        match service.call(&mut deal, "POST", path, &Value::Null) {
            Ok(()) => println!("  shop: the deal is cancelled too"),
            Err(error) => match ShopAction::Cancel.on_error(&error) {
                OnError::ProceedAndRetry => {
                    println!("  shop: the order is cancelled all the same; once more later ({error})");
                    queue.push(path);
                }
                OnError::ProceedAndTell | OnError::Block => {
                    println!("  shop: tell the administrator: {error}")
                }
            },
        }
    }
    Ok(())
}
