//! A history as a scenario file: what `cargo run --example scenario -- FILE` runs. The gateway of the scenario keeps
//! silent, because every one of its words is a step; what is expected of the legs and debts is what the model says,
//! so that a run of it shows where the library departs.

use std::fmt::Write;

use escrow::{Actor, Command, Context, Deal, Rejection, Terms};
use serde_json::{Value, json};

use super::books::Books;
use super::choices::Setting;

/// What stands before the scenario in the text of a failure.
pub const MARK: &str = "\n--- as a scenario file, for `cargo run --example scenario -- FILE` ---\n";

#[derive(Clone, Debug)]
pub struct Story {
    terms: Terms,
    start: String,
    proposed_by: Value,
    steps: Vec<Value>,
}

fn who(actor: &Actor) -> Value {
    match actor {
        Actor::Party(id) => json!({ "party": id }),
        Actor::Operator(_) => json!("operator"),
        Actor::Moderator(_) => json!("moderator"),
        Actor::Gateway => json!("gateway"),
        Actor::Tracker => json!("tracker"),
        Actor::Clock => json!("clock"),
    }
}

impl Story {
    pub fn new(setting: &Setting) -> Self {
        Self {
            terms: setting.terms.clone(),
            start: setting.start.to_string(),
            proposed_by: who(&setting.proposed_by()),
            steps: Vec::new(),
        }
    }

    /// A step and its verdict; what the model foretold, where it did.
    pub fn step(
        &mut self,
        command: &Command,
        context: &Context,
        foretold: Option<bool>,
        verdict: Result<(), Rejection>,
    ) {
        let said = verdict.map_or_else(|rejection| rejection.code(), |()| "accepted");
        let expected = match foretold {
            Some(true) => "accepted",
            Some(false) if verdict.is_ok() => "refused",
            Some(false) | None => said,
        };
        let mut step = json!({
            "at": context.now,
            "by": who(&context.actor),
            "do": command,
            "expect": expected,
        });
        if let Some(via) = &context.via {
            step["via"] = json!(via);
        }
        if let Some(seen) = context.seen {
            step["seen"] = json!(seen);
        }
        self.steps.push(step);
    }

    /// The scenario, with the finding and what the model expects at its end.
    pub fn scenario(&self, finding: &str, books: &Books, deal: &Deal) -> String {
        let (mut legs, mut debts) = (Vec::new(), Vec::new());
        let says = Books::legs_of(deal);
        let agreed =
            |due: &super::books::Due| books.due.get(due).unwrap_or(&0) == says.get(due).unwrap_or(&0);
        // as the deal has them, where the sums agree
        for leg in deal.legs() {
            if agreed(&(leg.deposit(), leg.payee().clone(), leg.purpose().as_str())) {
                let (payee, purpose, amount) = (leg.payee(), leg.purpose(), leg.amount());
                legs.push(json!({ "payee": payee, "purpose": purpose, "amount": amount }));
            }
        }
        for (due @ (deposit, payee, purpose), amount) in &books.due {
            if *amount > 0 && !agreed(due) {
                let currency =
                    deal.deposit(*deposit).map_or(self.terms.currency, |d| d.required().currency());
                legs.push(json!({ "payee": payee, "purpose": purpose, "amount": money(*amount, currency) }));
            }
        }
        for ((debtor, payee, purpose, currency), amount) in &books.owed {
            let amount = money(*amount, *currency);
            debts.push(json!({ "debtor": debtor, "payee": payee, "purpose": purpose, "amount": amount }));
        }
        // one debt may have been raised in parts
        if Books::debts_of(deal) == books.owed {
            debts = deal.receivables().map(|r| json!(r)).collect();
        }
        let about: String = finding.chars().filter(|c| !c.is_control()).take(4_000).collect();
        // a line for each step
        let steps: Vec<String> = self.steps.iter().map(|step| format!("    {step}")).collect();
        let head = [
            ("name", json!(format!("The model disagrees after step {}", self.steps.len()))),
            ("about", json!(about)),
            ("start", json!(self.start)),
            ("proposed_by", self.proposed_by.clone()),
            ("terms", json!(self.terms)),
            ("gateway", json!([{ "times": u32::MAX, "behaviour": "time_out" }])),
            ("expect", json!({ "legs": legs, "receivables": debts })),
        ];
        let mut text = String::from("{\n");
        for (field, value) in head {
            let _ = writeln!(text, "  \"{field}\": {value},");
        }
        let _ = writeln!(text, "  \"steps\": [\n{}\n  ]\n}}", steps.join(",\n"));
        text
    }
}

fn money(amount: i128, currency: escrow::Currency) -> escrow::Money {
    escrow::Money::from_minor(i64::try_from(amount).unwrap_or(i64::MAX), currency)
}
