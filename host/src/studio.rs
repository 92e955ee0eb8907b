//! What terms and a policy lead to, before anything exists: plain calls of the deal, which moves no money and stores nothing.

use std::sync::Arc;

use escrow::deal::command::{
    Agree, Checkpoint, CheckpointKind, ConfirmPayment, OpenDispute, RecordTracking, Track,
};
use escrow::deal::command::{Answer, Answered, Wake};
use escrow::deal::{Timer, command::Command};
use escrow::deposit::{LegState, Reference};
use escrow::terms::{Terms, TermsDraft};
use escrow::{Actor, Context, Deal, DealId, PartyId, Policy, Side, Status, Time};
use escrow_testing::scenario::{Scenario, run};
use serde_json::{Value, json};

use crate::words;

/// What a silence leads to, step by step.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Silence {
    /// Where the deal is when everybody falls silent.
    pub from: Status,
    /// How long it lasts until each deadline, which it is, and what the status is then.
    pub steps: Vec<(u64, Timer, Status)>,
    /// Who has what at the end.
    pub paid: Vec<String>,
}

/// The whole answer.
#[derive(Clone, Debug)]
pub struct Study {
    /// The terms, with their quote.
    pub terms: Arc<Terms>,
    /// A silence for every place where the deal can be left alone.
    pub silences: Vec<Silence>,
    /// The deal when it is paid: what every ending would pay is asked of it.
    pub funded: Option<Deal>,
}

/// Terms to begin with, under one of the presets.
pub fn example(preset: &str) -> String {
    let named = ["shop", "marketplace", "guarantee", "freelance"].contains(&preset);
    let preset = if named { preset } else { "shop" };
    let terms = json!({
        "buyer": "anna",
        "seller": "boris",
        "arbiter": "olga",
        "currency": "EUR",
        "items": [{ "name": "Lamp", "unit_price": { "amount": "100.00", "currency": "EUR" }, "quantity": 2 }],
        "services": [{
            "name": "Delivery", "final_cost": { "amount": "12.00", "currency": "EUR" }, "payer": "buyer", "provider": "seller"
        }],
        "fees": [{ "id": "platform", "payee": "platform", "rate": "5%", "base": "price", "payer": "seller", "on_refund": "return" }],
        "policy": { "preset": preset }
    });
    serde_json::to_string_pretty(&terms).unwrap_or_default()
}

/// Reads terms, and works out what they lead to.
///
/// # Errors
/// What is wrong with them, by the field.
pub fn study(text: &str, now: Time) -> Result<Study, String> {
    let draft: TermsDraft = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let terms = Arc::new(Terms::new(draft).map_err(|error| error.to_string())?);
    let mut silences = Vec::new();
    let mut funded = None;
    let mut play = Play::propose(&terms, now)?;
    silences.push(play.silence());
    let stages: [fn(&mut Play); 5] = [Play::agree, Play::pay, Play::begin, Play::deliver, Play::dispute];
    for (i, stage) in stages.into_iter().enumerate() {
        let before = play.deal.status();
        stage(&mut play);
        if i == 1 && play.deal.is_funded() {
            funded = Some(play.deal.clone());
        }
        if play.deal.status() != before {
            silences.push(play.silence());
        }
    }
    Ok(Study { terms, silences, funded })
}

/// What becomes of a deal that everybody leaves alone from now on, with a bank that does everything at once.
pub fn silence(deal: &Deal, now: Time) -> Silence {
    let mut play = Play { deal: deal.clone(), now: now.max(deal.last_at()) };
    play.answer();
    play.silence()
}

/// A deal that is played, with a bank that does everything at once.
struct Play {
    deal: Deal,
    now: Time,
}

impl Play {
    fn propose(terms: &Arc<Terms>, now: Time) -> Result<Self, String> {
        let context = Context::party(now, terms.seller.clone());
        let (deal, _) = Deal::propose(DealId::new(uuid::Uuid::nil()), terms.clone(), &context)
            .map_err(|e| e.to_string())?;
        Ok(Self { deal, now })
    }

    /// What is refused has no effect: then the terms know no such step.
    fn act(&mut self, command: Command, actor: Actor) {
        let _refused = self.deal.handle(&command, &Context::new(self.now, actor));
        self.answer();
    }

    fn answer(&mut self) {
        loop {
            let first = self.deal.pending().next().map(|order| order.number());
            let Some(order) = first else { return };
            let Ok(reference) = Reference::new(format!("order-{order}")) else { return };
            let answer = Answer::new(order, Answered::Succeeded(reference));
            if self.deal.handle(&answer.into(), &Context::gateway(self.now)).is_err() {
                return;
            }
        }
    }

    fn party(&self, side: Side) -> Actor {
        Actor::Party(self.deal.terms().party(side).clone())
    }

    fn agree(&mut self) {
        let version = self.deal.terms_version();
        for side in [Side::Buyer, Side::Seller] {
            self.act(Agree::new(version).into(), self.party(side));
        }
    }

    fn pay(&mut self) {
        let due: Vec<_> = self.deal.deposits().iter().map(|d| (d.id(), d.outstanding())).collect();
        for (deposit, amount) in due.into_iter().filter(|(_, amount)| amount.is_positive()) {
            if let (Ok(bank), Ok(reference)) = ("bank".parse(), Reference::new(format!("pay-{deposit}"))) {
                self.act(ConfirmPayment::charged(deposit, bank, reference, amount).into(), Actor::Gateway);
            }
        }
    }

    fn staff() -> Option<Actor> {
        "desk".parse::<PartyId>().ok().map(Actor::Operator)
    }

    fn begin(&mut self) {
        if let Some(staff) = Self::staff() {
            self.act(escrow::deal::command::StartPerforming {}.into(), staff);
        }
    }

    fn deliver(&mut self) {
        let (Ok(tracker), Ok(code), Ok(id)) = ("track".parse(), "1".parse(), "1".parse()) else { return };
        let track = Track::new(tracker, code);
        self.act(escrow::deal::command::SetTrack::new(track.clone()).into(), self.party(Side::Seller));
        let checkpoint = Checkpoint::new(id, CheckpointKind::Final, self.now);
        self.act(RecordTracking::new(track, checkpoint).into(), Actor::Tracker);
    }

    fn dispute(&mut self) {
        self.act(OpenDispute::new(escrow::Text::default()).into(), self.party(Side::Buyer));
    }

    /// Everybody falls silent here: the clock alone, and the bank, lead to the end.
    fn silence(&self) -> Silence {
        let mut left = Self { deal: self.deal.clone(), now: self.now };
        let mut steps = Vec::new();
        while let Some((at, timer)) = left.deal.next_timer().filter(|_| steps.len() < 32) {
            left.now = at;
            if left.deal.handle(&Wake {}.into(), &Context::clock(at)).is_err() {
                break;
            }
            left.answer();
            steps.push((at.millis_since(self.now), timer, left.deal.status()));
        }
        let paid = left.deal.legs().iter().filter(|leg| leg.state() != LegState::Dropped);
        let paid = paid.map(|leg| format!("{} to {}", leg.amount(), words::payee(leg.payee()))).collect();
        Silence { from: self.deal.status(), steps, paid }
    }
}

/// A scenario of these terms, from the offer to the payout, which the runner of the repository plays. It was played here, and
/// expects what came out.
///
/// # Errors
/// The terms are none, or this course is not possible under them.
pub fn scenario(text: &str, now: Time) -> Result<String, String> {
    let study = study(text, now)?;
    let terms = serde_json::to_value(&*study.terms).map_err(|error| error.to_string())?;
    let mut steps: Vec<Value> = Vec::new();
    let mut deal = Play::propose(&study.terms, now)?;
    if !deal.deal.consents().all() {
        steps.push(json!({ "after": "1h", "by": "buyer", "do": { "type": "agree", "terms_version": 1 } }));
        deal.agree();
    }
    for deposit in deal.deal.deposits().iter().filter(|deposit| deposit.outstanding().is_positive()) {
        steps.push(json!({ "after": "1m", "do": { "type": "pay", "deposit": deposit.id() } }));
    }
    deal.pay();
    if deal.deal.status() == Status::Moderation {
        steps.push(json!({ "after": "1h", "by": "moderator", "do": { "type": "approve" } }));
    }
    steps.push(json!({ "after": "1m", "by": "operator", "do": { "type": "start_performing" } }));
    let accepts = study.terms.policy.acceptance == escrow::terms::Acceptance::ByBuyer;
    if accepts {
        steps.push(json!({ "after": "1m", "by": "buyer", "do": { "type": "accept" } }));
    } else {
        for by in ["buyer", "seller"] {
            steps.push(json!({ "after": "1m", "by": by, "do": { "type": "report", "verdict": "success" } }));
        }
    }
    let mut scenario = json!({
        "name": "From the policy studio",
        "start": now,
        "proposed_by": "seller",
        "terms": terms,
        "steps": steps,
        "finish": true,
    });
    let played = run(&Scenario::from_json(&scenario.to_string()).map_err(|error| error.to_string())?);
    if !played.ok {
        return Err(played.differences.join("; "));
    }
    let legs: Vec<Value> = played
        .payees
        .iter()
        .map(|leg| json!({ "payee": leg.payee, "purpose": leg.purpose, "amount": leg.amount }))
        .collect();
    let expected = json!({ "status": played.status, "legs": legs });
    scenario.as_object_mut().map(|scenario| scenario.insert("expect".to_owned(), expected));
    serde_json::to_string_pretty(&scenario).map_err(|error| error.to_string())
}

/// The presets, with what makes each different.
pub const PRESETS: [(&str, &str); 4] = [
    ("shop", "An online shop: six hours of silence accept"),
    ("marketplace", "Many sellers: a moderator may have remarks"),
    ("guarantee", "Both sides report; guarantees secure the deal"),
    ("freelance", "Work in revisions; five days of silence accept"),
];

/// The policy of a preset, written out: what can be changed.
pub fn policy(preset: &str) -> String {
    let policy = match preset {
        "marketplace" => Policy::marketplace(),
        "guarantee" => Policy::guarantee(),
        "freelance" => Policy::freelance(),
        _ => Policy::shop(),
    };
    serde_json::to_string_pretty(&policy).unwrap_or_default()
}
