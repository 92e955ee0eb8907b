//! Drives deals that are described in JSON, and prints what came of them.
//!
//! `cargo run --example scenario -- FILE… [--json]`; `-` reads JSON Lines from standard input, one scenario a line.
//! Exits with 1 where something is not as a scenario expects, or a file is not a scenario. The format is described
//! in `docs/scenarios.md`.
#![expect(clippy::arithmetic_side_effects, reason = "counts lines and files")]

use std::fmt::Write as _;
use std::io::{self, BufRead, BufWriter, Read, Write};
use std::process::ExitCode;

use escrow::deposit::{LegState, Purpose};
use serde_json::Value;

use escrow_testing::scenario::{
    Deadline, MarketReport, MarketScenario, Report, Scenario, Script, ScriptReport,
};

/// Somewhat over the longest scenario, so that a longer file is told so.
const MOST: u64 = 5 * 1024 * 1024;

fn main() -> io::Result<ExitCode> {
    let (flags, files): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|a| a.starts_with("--"));
    if files.is_empty() || flags.iter().any(|f| f != "--json") {
        eprintln!("usage: scenario FILE… [--json]    (a file named - is JSON Lines on standard input)");
        return Ok(ExitCode::from(2));
    }
    let json = !flags.is_empty();
    let mut out = BufWriter::new(io::stdout().lock());
    let mut verdicts = Vec::new();
    for file in &files {
        if file == "-" {
            for (i, line) in io::stdin().lock().split(b'\n').enumerate() {
                let line = line?;
                if !line.trim_ascii().is_empty() {
                    verdicts.push(one(&mut out, &format!("line {}", i + 1), line, true)?);
                }
            }
        } else {
            let mut bytes = Vec::new();
            let read = std::fs::File::open(file).and_then(|f| f.take(MOST).read_to_end(&mut bytes));
            verdicts.push(match read {
                Ok(_) => one(&mut out, file, bytes, json)?,
                Err(error) => malformed(&mut out, file, &error.to_string(), json)?,
            });
        }
    }
    out.flush()?;
    let good = verdicts.iter().filter(|ok| **ok).count();
    eprintln!("{good} of {} scenarios as expected", verdicts.len());
    Ok(if good == verdicts.len() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Runs one scenario and prints its result. Returns whether everything was as expected.
fn one(out: &mut impl Write, source: &str, bytes: Vec<u8>, json: bool) -> io::Result<bool> {
    let parsed = String::from_utf8(bytes)
        .map_err(|e| e.to_string())
        .and_then(|text| Script::from_json(&text).map_err(|e| e.to_string()));
    let script = match parsed {
        Ok(script) => script,
        Err(message) => return malformed(out, source, &message, json),
    };
    let report = script.run();
    if json {
        writeln!(out, "{}", serde_json::to_string(&report)?)?;
    } else {
        write!(out, "{}", readable(&script, &report))?;
    }
    Ok(report.is_ok())
}

/// What is no scenario is told so, and stops no other.
fn malformed(out: &mut impl Write, source: &str, message: &str, json: bool) -> io::Result<bool> {
    if json {
        let error = serde_json::json!({ "code": "malformed-scenario", "message": message });
        writeln!(out, "{}", serde_json::json!({ "ok": false, "source": source, "error": error }))?;
    } else {
        writeln!(out, "{source}: {message}\n")?;
    }
    Ok(false)
}

/// A timeline, and a final statement.
fn readable(script: &Script, report: &ScriptReport) -> String {
    let mut text = String::new();
    let _ = match (script, report) {
        (Script::Deal(scenario), ScriptReport::Deal(report)) => print(&mut text, scenario, report),
        (Script::Market(scenario), ScriptReport::Market(report)) => several(&mut text, scenario, report),
        (Script::Deal(_) | Script::Market(_), ScriptReport::Deal(_) | ScriptReport::Market(_)) => Ok(()),
    };
    text
}

/// Several machines: a timeline of all of them, and the sums of each.
fn several(out: &mut String, scenario: &MarketScenario, report: &MarketReport) -> std::fmt::Result {
    writeln!(out, "═══ {}", report.name)?;
    if !scenario.about.is_empty() {
        writeln!(out, "{}", scenario.about.as_str())?;
    }
    writeln!(out)?;
    for step in &report.steps {
        let (at, sum) = (when(step.at), sum(step.amount));
        let status = step.after.get("status").and_then(|status| status.as_str()).unwrap_or("–");
        let (of, by, action, inside) = (&step.of, &step.by, &step.action, inside(&step.after));
        writeln!(out, "    {at}  {of:<12}  {by:<16}  {action:<18} {sum:>16} → {status:<20} {inside}")?;
        if let Some(message) = &step.message {
            writeln!(out, "{:26}refused: {message}", "")?;
        }
    }
    for (name, machine) in &report.machines {
        writeln!(out, "\n    {name}: {}", machine["kind"].as_str().unwrap_or("not opened"))?;
        for (field, value) in machine.as_object().into_iter().flatten() {
            // the journal, the quote and every leg are in the JSON
            let long = ["kind", "events", "quote", "legs", "version"].contains(&&**field);
            let empty = value.is_null() || value.as_array().is_some_and(Vec::is_empty);
            // a deal says with its deadline what happens then
            let told = field == "next_deadline" && machine["deadline"].is_object();
            let nothing =
                field == "platform" && value.as_array().is_some_and(|all| all.iter().all(is_nothing));
            if !long && !empty && !told && !nothing {
                writeln!(out, "        {field}: {}", in_short(value))?;
            }
        }
    }
    for waits in &report.undelivered {
        writeln!(out, "    UNDELIVERED {waits}")?;
    }
    match report.invariants.violations.as_slice() {
        [] => writeln!(out, "    {} checks held", report.invariants.checks)?,
        violations => violations.iter().try_for_each(|v| writeln!(out, "    VIOLATED {v}"))?,
    }
    for difference in &report.differences {
        writeln!(out, "    DIFFERENT {difference}")?;
    }
    writeln!(out)
}

/// Whether every sum of an object is zero.
fn is_nothing(sums: &Value) -> bool {
    let money = |value: &Value| serde_json::from_value::<escrow::Money>(value.clone()).ok();
    sums.as_object().is_some_and(|fields| fields.values().filter_map(money).all(|sum| sum.is_zero()))
}

/// Where the money of a machine is after a step, zeros left out: of a deal what its deposits hold or have assigned.
fn inside(machine: &Value) -> String {
    let money = |value: &Value| serde_json::from_value::<escrow::Money>(value.clone()).ok();
    let mut sums = Vec::new();
    for deposit in machine["deposits"].as_array().into_iter().flatten() {
        let parts = money(&deposit["held"]).zip(money(&deposit["reserved"]));
        if let Some(sum) = parts.and_then(|(held, reserved)| held.checked_add(reserved).ok()) {
            sums.push((deposit["deposit"].as_str().unwrap_or_default(), sum));
        }
    }
    let fields = ["outstanding", "available", "clearing", "reserved", "paid_out"];
    sums.extend(fields.iter().filter_map(|field| Some((*field, money(&machine[*field])?))));
    let some = sums.iter().filter(|(_, sum)| !sum.is_zero());
    let told: Vec<String> = some.map(|(what, sum)| format!("{what} {sum}")).collect();
    if told.is_empty() { "–".to_owned() } else { told.join(", ") }
}

/// Sums as people write them, the rest as JSON, what is empty or zero left out of lists.
fn in_short(value: &Value) -> String {
    match value {
        Value::Object(fields) if fields.len() == 2 && fields.contains_key("currency") => {
            let part = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            format!("{} {}", part("amount"), part("currency"))
        }
        Value::Object(fields) => {
            let all: Vec<String> = fields
                .iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(field, value)| format!("{field} {}", in_short(value)))
                .collect();
            all.join(", ")
        }
        Value::Array(entries) => {
            let all: Vec<String> =
                entries.iter().map(|entry| format!("\n            {}", in_short(entry))).collect();
            all.concat()
        }
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

fn print(out: &mut String, scenario: &Scenario, report: &Report) -> std::fmt::Result {
    writeln!(out, "═══ {}", report.name)?;
    if !scenario.about.is_empty() {
        writeln!(out, "{}", scenario.about.as_str())?;
    }
    writeln!(out)?;
    if let Some(error) = &report.error {
        writeln!(out, "    not created: {} ({})", error.message, error.code)?;
    }
    let mut waits_for = None;
    for step in &report.steps {
        let held = step.inside.iter().map(|m| format!("{} {}", m.deposit, m.amount)).collect::<Vec<_>>();
        let held = if held.is_empty() { "–".to_owned() } else { held.join(", ") };
        let (at, sum) = (when(step.at), sum(step.amount));
        let (by, action, status) = (&step.by, &step.action, step.status.as_str());
        writeln!(out, "    {at}  {by:<16}  {action:<18} {sum:>16} → {status:<20} {held}")?;
        if let Some(message) = &step.message {
            writeln!(out, "{:26}refused: {message}", "")?;
        }
        for paid in &step.pays {
            writeln!(out, "{:26}pays {} to {}: {}", "", paid.amount, paid.payee, why(paid.purpose))?;
        }
        if step.deadline != waits_for {
            if let Some(next) = &step.deadline {
                writeln!(out, "{:26}{}", "", then(next))?;
            }
            waits_for.clone_from(&step.deadline);
        }
        if let Some(preview) = &step.preview {
            for share in &preview.shares {
                writeln!(
                    out,
                    "{:26}would be: {} of {} to {}",
                    "",
                    share.purpose.as_str(),
                    share.amount,
                    share.payee
                )?;
            }
        }
    }
    if let Some(status) = report.status {
        writeln!(out, "\n    Statement: {status}")?;
    }
    if let Some(next) = &report.deadline {
        writeln!(out, "    {}", then(next))?;
    }
    for leg in &report.legs {
        let amount = leg.amount.to_string();
        let how = match leg.state {
            LegState::Settled => "",
            LegState::Credited => ", to the in-system balance",
            LegState::Ordered => ", not answered yet",
            LegState::Declined => ", DECLINED: waits for a destination",
            LegState::Waiting => ", waits for a chargeback",
            LegState::Dropped => ", dropped",
            LegState::Unclaimed => ", UNCLAIMED: waits for a destination",
        };
        writeln!(
            out,
            "    {amount:>18}  to {:<12} {}{how}  [{}]",
            leg.payee.to_string(),
            why(leg.purpose),
            leg.deposit
        )?;
    }
    if report.legs.is_empty() {
        writeln!(out, "    nothing moved")?;
    }
    for owed in &report.receivables {
        let amount = owed.amount.to_string();
        writeln!(out, "    {amount:>18}  owed by {} to {}: {}", owed.debtor, owed.payee, why(owed.purpose))?;
    }
    for deposit in report.deposits.iter().chain(&report.strays).filter(|d| d.received.is_positive()) {
        writeln!(
            out,
            "    {}: received {} = held {} + reserved {} + paid out {} + refunded {} + charged back {}",
            deposit.deposit,
            deposit.received.to_decimal(),
            deposit.held.to_decimal(),
            deposit.reserved.to_decimal(),
            deposit.paid_out.to_decimal(),
            deposit.refunded.to_decimal(),
            deposit.charged_back.to_decimal(),
        )?;
    }
    accounts(out, report)?;
    let checks = report.invariants.checks;
    match report.invariants.violations.as_slice() {
        [] => writeln!(
            out,
            "    {checks} checks held: conservation, replay, stored state, journal before gateway"
        )?,
        violations => violations.iter().try_for_each(|v| writeln!(out, "    VIOLATED {v}"))?,
    }
    for difference in &report.differences {
        writeln!(out, "    DIFFERENT {difference}")?;
    }
    writeln!(out)
}

/// Payments of which something went back or is disputed, chargebacks, debts that are settled, and the platform's own loss.
fn accounts(out: &mut String, report: &Report) -> std::fmt::Result {
    for p in &report.payments {
        let parts = [
            ("on hold", p.on_hold),
            ("let go", p.let_go),
            ("going back", p.going_back),
            ("refunded", p.refunded),
            ("disputed", p.disputed),
            ("charged back", p.charged_back),
        ];
        let parts = parts.iter().filter(|(_, sum)| sum.is_positive());
        let parts: String = parts.map(|(what, sum)| format!(", {what} {}", sum.to_decimal())).collect();
        writeln!(out, "    payment {} into {}: {}{parts}", p.reference, p.deposit, p.amount)?;
    }
    for c in &report.chargebacks {
        let sums = [("disputed", c.opened), ("lost", c.lost), ("reinstated", c.reinstated)];
        let sums: String =
            sums.iter().filter_map(|(what, sum)| Some(format!(", {what} {}", (*sum)?))).collect();
        writeln!(out, "    chargeback {} of payment {}: {}{sums}", c.reference, c.payment, c.state)?;
    }
    for debt in report.debts.iter().filter(|debt| debt.settled) {
        let (number, amount) = (debt.number, debt.amount);
        writeln!(out, "    debt {number} of {} to {}: {amount}, settled", debt.debtor, debt.payee)?;
    }
    for platform in report.platform.iter().filter(|platform| platform.loss.is_positive()) {
        let (loss, borne, costs) = (platform.loss, platform.borne.to_decimal(), platform.costs.to_decimal());
        writeln!(out, "    the platform loses {loss} = chargebacks {borne} + costs {costs}")?;
    }
    Ok(())
}

/// What happens next if nobody does anything.
fn then(next: &Deadline) -> String {
    let pays: String = next.pays.iter().map(|paid| format!(", {} to {}", paid.amount, paid.payee)).collect();
    let after = next.next.as_ref().map(|timer| format!(" ({timer})")).unwrap_or_default();
    format!("until {} ({}), then {}{after}{pays}", when(next.at), next.timer, next.then)
}

fn when(at: escrow::Time) -> String {
    at.to_string().replace('T', " ").replace('Z', "")
}

fn sum(amount: Option<escrow::Money>) -> String {
    amount.map_or_else(String::new, |amount| amount.to_string())
}

fn why(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Payout => "what the seller earned",
        Purpose::Service => "a service provided for the deal",
        Purpose::Fee => "the agreed fees",
        Purpose::ArbitrationFee => "the fee for the ruling",
        Purpose::Refund => "the rest of what was paid, back to its source",
        Purpose::Excess => "more than was asked for, or too late: back to its source",
        Purpose::Returned => "the deposit was changed: back, to be paid again",
        Purpose::Guarantee => "the guarantee, back to its owner",
        Purpose::Award => "the loser's guarantee",
        Purpose::Charge => "an additional charge",
        Purpose::Chargeback => "what a chargeback took",
    }
}
