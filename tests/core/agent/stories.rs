//! Deals, and what they go through.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::agent::host::Host;
use crate::agent::process::{Done, Kind, Process};
use crate::common::*;
use escrow::agent::Receipt;
use escrow::deal::command::{
    Agree, Cancel, Checkpoint, CheckpointKind, ConfirmPayment, IncurCost, PaymentForm, RecordTracking,
    Report, RequestPayment, ReturnUrls, SetDestination, SetTrack, StartPerforming, StatedPayment, Track,
    Verdict, Wake,
};
use escrow::deposit::DepositId;
use escrow::terms::{BuyerCancel, Fee, FeePayee, Item, OnRefund, Payer, Provider, Service};
use escrow::{
    Actor, Caller, Command, Currency, Deal, Destination, Payee, Policy, Rate, Status, Terms, TermsDraft,
};

pub fn party(id: &str) -> Caller {
    Caller::party(text(id))
}

pub fn buyer() -> Caller {
    party("anna")
}

pub fn seller() -> Caller {
    party("boris")
}

pub fn gateway() -> Caller {
    Actor::Gateway.into()
}

pub fn tracker() -> Caller {
    Actor::Tracker.into()
}

/// 1 000.00 of goods, 50.00 of insurance by a third party at the buyer's expense, a kept fee of 5 % paid by the
/// seller: the deposit is 1 050.00, the payout 950.00.
pub fn draft(policy: Policy) -> TermsDraft {
    let item = Item::new(text("Lamp"), rub(50_000), 2);
    let mut draft = TermsDraft::new(text("anna"), text("boris"), Currency::RUB, vec![item], policy);
    draft.services = vec![Service {
        name: text("Insurance"),
        description: None,
        original_cost: None,
        final_cost: rub(5_000),
        payer: Payer::Buyer,
        provider: Provider::Third(text("insurer")),
    }];
    let five = Rate::from_ppm(50_000).unwrap();
    let mut fee = Fee::of_price(text("fee"), FeePayee::Platform, five, Payer::Seller);
    fee.on_refund = Some(OnRefund::Keep);
    draft.fees = vec![fee];
    draft
}

pub fn terms(policy: Policy) -> Arc<Terms> {
    Arc::new(Terms::new(draft(policy)).unwrap())
}

pub fn payment(reference: &str, minor: i64) -> ConfirmPayment {
    ConfirmPayment::charged(DepositId::BUYER_PAYMENT, text("bank"), text(reference), rub(minor))
}

pub fn track() -> Arc<Track> {
    Arc::new(Track::new(text("cdek"), text("1105678")))
}

pub fn checkpoint(id: &str, kind: CheckpointKind, occurred_at: &str) -> Checkpoint {
    let (id, occurred_at) = (text(id), at(occurred_at));
    Checkpoint::new(id, kind, occurred_at)
}

pub fn record(id: &str, kind: CheckpointKind, occurred_at: &str) -> Command {
    RecordTracking::new(track(), Arc::new(checkpoint(id, kind, occurred_at))).into()
}

pub fn request(key: &str, minor: i64) -> RequestPayment {
    RequestPayment::new(
        text(key),
        DepositId::BUYER_PAYMENT,
        rub(minor),
        Arc::new(PaymentForm::new(
            text("card"),
            ReturnUrls::new(text("https://shop.example/paid"), text("https://shop.example/failed")),
        )),
    )
}

/// What a deal goes through: how many seconds later, who, what.
pub struct Script {
    pub name: &'static str,
    pub terms: Arc<Terms>,
    pub proposer: Caller,
    pub steps: Vec<(u32, Caller, Command)>,
    pub ends: Status,
}

/// A sale on a hold: captured, tracked, accepted by silence; three legs.
pub fn sale() -> Script {
    let hold = payment("hold-1", 105_000).held_until(at("2026-03-20T00:00:00Z"));
    let card = SetDestination::new(Payee::Seller, Destination::Card(text("card-of-boris")));
    Script {
        name: "sale",
        terms: terms(Policy::shop()),
        proposer: seller(),
        steps: vec![
            (60, buyer(), request("checkout-1", 105_000).into()),
            (60, gateway(), hold.into()),
            (HOUR, seller(), SetTrack::new(track()).into()),
            (HOUR, tracker(), record("1", CheckpointKind::Progress, "2026-03-01T15:00:00Z")),
            (HOUR, seller(), card.into()),
            (DAY, tracker(), record("2", CheckpointKind::Final, "2026-03-02T15:00:00Z")),
            (6 * HOUR, Actor::Clock.into(), Wake {}.into()),
        ],
        ends: Status::Completed,
    }
}

/// Paid in two parts and with an excess, insured, cancelled by the buyer: two legs to others, two refunds.
pub fn cancellation() -> Script {
    Script {
        name: "cancellation",
        terms: terms(Policy::shop().buyer_cancel(BuyerCancel::BeforeAcceptance)),
        proposer: buyer(),
        steps: vec![
            (60, gateway(), payment("pay-1", 55_000).into()),
            (60, gateway(), payment("pay-2", 60_000).into()),
            (HOUR, party("insurer"), IncurCost::new(0, text("policy-77")).into()),
            (HOUR, seller(), StartPerforming {}.into()),
            (HOUR, buyer(), Cancel::new(text("Found it cheaper")).into()),
        ],
        ends: Status::Cancelled,
    }
}

/// A guarantee deal: a claimed payment that the gateway verifies, a guarantee, two reports.
pub fn guaranteed() -> Script {
    let mut draft = draft(Policy::guarantee());
    draft.guarantees.seller = Some(rub(20_000));
    let claim = StatedPayment::new(DepositId::BUYER_PAYMENT, text("bank"), text("wm-1"));
    let mut guarantee = payment("guarantee-1", 20_000);
    guarantee.deposit = DepositId::SELLER_GUARANTEE;
    Script {
        name: "guaranteed",
        terms: Arc::new(Terms::new(draft).unwrap()),
        proposer: seller(),
        steps: vec![
            (60, gateway(), guarantee.into()),
            (60, buyer(), Agree::new(1).payment(claim).into()),
            (DAY, seller(), Report::new(Verdict::Success).into()),
            (DAY, buyer(), Report::new(Verdict::Success).into()),
        ],
        ends: Status::Completed,
    }
}

pub fn scripts() -> [Script; 3] {
    [sale(), cancellation(), guaranteed()]
}

/// Plays a script with one process; answers that are missing come at the end.
pub fn play(kind: Kind, host: &Host, script: &Script) -> Deal {
    let (deal, taken) = try_play(kind, host, script);
    for step in taken {
        step.unwrap();
    }
    deal
}

/// The same where the gateway may spoil it.
pub fn try_play(kind: Kind, host: &Host, script: &Script) -> (Deal, Vec<Done<Receipt>>) {
    let process = Process::new(kind, host);
    let mut deal = process.open(&script.terms, script.proposer.clone()).unwrap();
    let mut taken = Vec::new();
    for (after, who, what) in &script.steps {
        host.clock.advance(*after);
        taken.push(process.submit(&mut deal, what.clone(), who.clone()));
    }
    process.finish(&mut deal);
    (deal, taken)
}

pub fn json(deal: &Deal) -> String {
    serde_json::to_string_pretty(deal).unwrap()
}

/// Opened and paid: in AwaitingPerformance.
pub fn paid(process: &Process) -> Deal {
    let mut deal = process.open(&terms(Policy::shop()), seller()).unwrap();
    process.submit(&mut deal, payment("pay-1", 105_000), gateway()).unwrap();
    assert_eq!(deal.status(), Status::AwaitingPerformance);
    deal
}

/// Paid and started: in Performing.
pub fn performing(process: &Process) -> Deal {
    let mut deal = paid(process);
    process.submit(&mut deal, StartPerforming {}, seller()).unwrap();
    deal
}

pub fn fees_services_payout() -> BTreeMap<Payee, i64> {
    BTreeMap::from([
        (Payee::Platform, 5_000),
        (Payee::Party(text("insurer")), 5_000),
        (Payee::Seller, 95_000),
    ])
}
