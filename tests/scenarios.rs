//! The example scenarios, the runner as a process, and what `docs/scenarios.md` promises of both.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, clippy::wildcard_enum_match_arm, clippy::as_conversions)]
#![allow(clippy::disallowed_methods)]

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Output, Stdio};

use escrow::{Command, Currency, Deal, Envelope, Money, Policy};
use escrow_testing::scenario::{Report, Scenario, run};
use serde_json::{Value, json};

// --- the examples, through the library ---

fn examples() -> Vec<(PathBuf, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/scenarios");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|e| e == "json"));
    files.sort();
    assert!(files.len() >= 7, "(a) to (g) at least");
    files.into_iter().map(|file| (file.clone(), std::fs::read_to_string(&file).unwrap())).collect()
}

fn example(letter: &str) -> Value {
    let named = |(file, _): &(PathBuf, String)| {
        file.file_name().unwrap().to_str().unwrap().starts_with(&format!("{letter}-"))
    };
    let (_, text) = examples().into_iter().find(named).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn read(document: &Value) -> Scenario {
    Scenario::from_json(&document.to_string()).unwrap_or_else(|e| panic!("{e}"))
}

/// All that must be true of a report, whatever the scenario.
fn is_sound(report: &Report) {
    let name = &report.name;
    assert_eq!(report.invariants.violations, Vec::<String>::new(), "{name}");
    // two after each step, two more at the end
    let checks = if report.steps.is_empty() { 0 } else { 2 * report.steps.len() + 2 };
    assert_eq!(report.invariants.checks, checks, "{name}");
    assert_eq!(report.ok, report.differences.is_empty(), "{name}");
    // the deposits' books, from the outside
    for d in &report.deposits {
        let parts = [d.held, d.reserved, d.paid_out, d.refunded, d.charged_back];
        let sum: i64 = parts.iter().map(|m| m.minor()).sum();
        assert_eq!(d.received.minor(), sum, "{name}: {}", d.deposit);
    }
    // the journal, without a gap, in order, and telling the same story
    assert!(report.events.iter().map(|e| e.version).eq(1..=report.events.len() as u64), "{name}");
    assert!(report.events.iter().map(|e| e.occurred_at).is_sorted(), "{name}");
    if let Some(first) = report.events.first() {
        let journal: Vec<_> = report.events.iter().cloned().map(Envelope::into_recorded).collect();
        let deal = Deal::replay(first.deal_id, &journal).unwrap();
        assert_eq!(Some(deal.status()), report.status, "{name}");
        assert_eq!(deal.legs().len(), report.legs.len(), "{name}");
    }
    assert_eq!(report.steps.first().map(|s| s.step), report.error.is_none().then_some(0), "{name}");
    let refused = report.steps.iter().filter(|s| s.result != "accepted").count();
    assert_eq!(report.rejections.len(), refused + usize::from(report.error.is_some()), "{name}");
}

#[test]
fn every_example_does_what_it_expects() {
    for (file, text) in examples() {
        let scenario = Scenario::from_json(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let report = run(&scenario);
        assert!(report.ok, "{}: {:#?} {:?}", file.display(), report.differences, report.error);
        is_sound(&report);
        // an example explains itself, and says what it should come to
        assert!(scenario.about.contains("By hand: "), "{}: shows no calculation", file.display());
        let expect = &scenario.expect;
        assert!(expect.status.is_some() && expect.legs.is_some(), "{}: expects little", file.display());
        // and a second run says the very same
        let again = serde_json::to_string(&run(&scenario)).unwrap();
        assert_eq!(again, serde_json::to_string(&report).unwrap());
    }
}

/// Every leg is settled and every deposit empty at the end: nothing stays behind.
#[test]
fn every_example_ends_with_nothing_inside() {
    for (_, text) in examples() {
        let report = run(&Scenario::from_json(&text).unwrap());
        for d in &report.deposits {
            assert!(d.held.is_zero() && d.reserved.is_zero(), "{}: {}", report.name, d.deposit);
        }
    }
}

/// The figures of the examples that the design names, once more by hand.
#[test]
fn examples_by_hand() {
    let rub = |minor| Money::from_minor(minor, Currency::RUB);
    let legs = |letter: &str| -> Vec<(String, i64)> {
        let report = run(&read(&example(letter)));
        report
            .legs
            .iter()
            .map(|l| (format!("{} {}", l.payee, l.purpose.as_str()), l.amount.minor()))
            .collect()
    };
    let of = |all: &[(&str, i64)]| all.iter().map(|(who, n)| ((*who).to_owned(), *n)).collect::<Vec<_>>();
    // 23 500.00, 5 % of it, the rest; CDEK is the seller's own expense
    assert_eq!(legs("a"), of(&[("platform fee", 117_500), ("seller payout", 2_232_500)]));
    let quote = run(&read(&example("a"))).quote.unwrap();
    assert_eq!(
        (quote.deposit, quote.payout, quote.seller_profit),
        (rub(2_350_000), rub(2_232_500), rub(2_192_500))
    );
    assert_eq!(
        legs("b"),
        of(&[("buyer returned", 1_015_000), ("platform fee", 30_000), ("seller payout", 1_035_000)])
    );
    assert_eq!(
        legs("c"),
        of(&[
            ("insurer service", 10_000),
            ("platform fee", 21_000),
            ("seller payout", 35_000),
            ("buyer refund", 399_000)
        ])
    );
    assert_eq!(legs("d"), of(&[("buyer refund", 1_530_000)]));
    assert_eq!(
        legs("e"),
        of(&[
            ("platform service", 30_000),
            ("platform fee", 30_000),
            ("seller payout", 270_000),
            ("buyer refund", 600_000)
        ])
    );
    assert_eq!(legs("f"), of(&[("buyer excess", 78_050)]));
    assert_eq!(legs("g"), of(&[("platform fee", 120_000), ("seller payout", 1_080_000)]));
    // PAYSTO: 30 % of 1 000.00 to the partner, of which 5 % of the price go to the processor
    assert_eq!(
        legs("v"),
        of(&[("processor fee", 5_000), ("writers-system fee", 25_000), ("seller payout", 70_000)])
    );
    // Interkassa: 3 % of what stays paid, and the rest back to three sources, newest first
    assert_eq!(
        legs("w"),
        of(&[
            ("processor fee", 2_999),
            ("seller payout", 97_000),
            ("buyer refund", 49_997),
            ("buyer refund", 100_000),
            ("buyer refund", 50_001)
        ])
    );
    assert_eq!(legs("x"), of(&[("processor fee", 897), ("seller payout", 29_003)]));
    assert_eq!(legs("y"), of(&[("processor fee", 15_870), ("seller payout", 513_130)]));
}

// --- expectations ---

#[test]
fn a_difference_is_told_clearly() {
    let mut document = example("a");
    document["steps"][1]["expect"] = json!("stale");
    document["steps"][2]["expect_status"] = json!("disputed");
    document["steps"][2]["expect_access"] = json!("preview");
    document["expect"]["status"] = json!("cancelled");
    document["expect"]["outcome"] = json!("expired");
    document["expect"]["legs"][1]["amount"]["amount"] = json!("22325.01");
    document["expect"]["receivables"] = json!([{ "debtor": "seller", "payee": "platform", "purpose": "fee", "amount": { "amount": "1", "currency": "RUB" } }]);
    let report = run(&read(&document));
    assert!(!report.ok);
    assert_eq!(
        report.differences,
        [
            "step 2 (pay): expected stale, got accepted",
            "step 3 (set_track): status: expected disputed, got awaiting_performance",
            "step 3 (set_track): access: expected preview, got nothing",
            "status: expected cancelled, got completed",
            "outcome: expected expired, got completed",
            "legs: not expected: payout of 22325.00 RUB to seller",
            "legs: missing: payout of 22325.01 RUB to seller",
            "receivables: missing: seller owes platform 1.00 RUB (fee)",
        ]
    );
    is_sound(&report);
}

#[test]
fn the_order_of_expected_legs_does_not_matter_but_their_number_does() {
    let mut document = example("a");
    let legs = document["expect"]["legs"].as_array_mut().unwrap();
    legs.reverse();
    assert!(run(&read(&document)).ok);
    let legs = document["expect"]["legs"].as_array_mut().unwrap();
    legs.push(legs[0].clone());
    assert_eq!(run(&read(&document)).differences, ["legs: missing: payout of 22325.00 RUB to seller"]);
    document["expect"]["legs"] = json!([]);
    assert_eq!(run(&read(&document)).differences.len(), 2);
    // what is absent is not looked at
    document["expect"] = json!({});
    assert!(run(&read(&document)).ok);
}

#[test]
fn an_unexpected_rejection_is_a_difference_and_the_scenario_goes_on() {
    let mut document = example("c");
    document["steps"][2].as_object_mut().unwrap().remove("expect");
    let report = run(&read(&document));
    assert_eq!(report.differences, ["step 3 (incur_cost): expected accepted, got not-your-service"]);
    assert_eq!(report.steps.len(), 8, "the creation and all seven steps");
    assert_eq!(report.rejections.len(), 1);
    let rejection = &report.rejections[0];
    assert_eq!((rejection.step, rejection.code.as_str()), (3, "not-your-service"));
    assert!(rejection.message.starts_with("service: "), "{}", rejection.message);
}

#[test]
fn finish_closes_every_preset_from_everywhere() {
    for preset in ["shop", "marketplace", "guarantee", "freelance"] {
        let mut document = example("a");
        document["terms"]["policy"] = json!({ "preset": preset });
        document["finish"] = json!(true);
        document["expect"] = json!({});
        let steps = document["steps"].as_array().unwrap().clone();
        for end in 0..=steps.len() {
            document["steps"] = json!(steps[..end]);
            let report = run(&read(&document));
            is_sound(&report);
            let closed = report.differences.iter().all(|d| !d.starts_with("finish"));
            assert!(closed, "{preset} after {end}: {:?}", report.differences);
            assert!(report.outcome.is_some());
        }
    }
}

#[test]
fn who_and_when_are_what_the_scenario_says() {
    let mut document = example("c");
    document["id"] = json!("00000000-0000-0000-0000-00000000002a");
    document["steps"] = json!([
        { "at": "2026-05-02T11:00:00Z", "do": { "type": "pay" } },
        { "after": "1h30m", "by": "seller", "via": "market", "do": { "type": "start_performing" } },
        { "by": { "party": "carla" }, "do": { "type": "post", "reference": "m-1" } },
        { "after": "0s", "by": "operator", "do": { "type": "attach", "attachment": { "id": "f", "mime": "image/png", "size": 1 } } },
        // the clock of the host steps back: inside the deal it does not
        { "at": "2026-05-01T00:00:00Z", "by": "seller", "do": { "type": "post", "reference": "m-2" } },
        { "after": "1s", "by": { "party": "nobody" }, "do": { "type": "post", "reference": "m-3" }, "expect": "unknown-actor" },
        { "by": "arbiter", "do": { "type": "post", "reference": "m-4" }, "expect": "unknown-actor" },
        { "by": "seller", "seen": 1, "do": { "type": "stop_performing" }, "expect": "stale" },
        { "by": "buyer", "do": { "type": "pay" }, "expect": "wrong-role" },
    ]);
    document["expect"] = json!({});
    let report = run(&read(&document));
    assert!(report.ok, "{:?}", report.differences);
    is_sound(&report);
    let steps: Vec<(String, String)> =
        report.steps.iter().map(|s| (s.at.to_string(), s.by.clone())).collect();
    let expected = [
        ("2026-05-02T10:00:00Z", "carla"),
        ("2026-05-02T11:00:00Z", "gateway"),
        ("2026-05-02T12:30:00Z", "dima"),
        ("2026-05-02T12:30:00Z", "carla"),
        ("2026-05-02T12:30:00Z", "operator staff"),
        ("2026-05-01T00:00:00Z", "dima"),
        ("2026-05-01T00:00:01Z", "nobody"),
        ("2026-05-01T00:00:01Z", "no-arbiter"),
        ("2026-05-01T00:00:01Z", "dima"),
        ("2026-05-01T00:00:01Z", "carla"),
    ];
    assert!(steps.iter().map(|(at, by)| (at.as_str(), by.as_str())).eq(expected), "{steps:#?}");
    assert!(report.events.iter().all(|e| e.deal_id.to_string().ends_with("2a")));
    let via = report.events.iter().filter(|e| e.via.is_some()).count();
    assert_eq!(via, 2, "performing_started and phase_entered");
}

#[test]
fn every_gateway_behaviour_can_be_scripted() {
    // what the step that accepts ends with, and what becomes of the payout
    let behaviours = [
        ("prompt", "accepted", "settled"),
        ("silent", "accepted", "settled"),
        ("decline", "accepted", "credited"),
        ("time_out", "accepted", "settled"),
        ("time_out_after", "accepted", "settled"),
        ("answer_twice", "accepted", "settled"),
        ("late", "accepted", "settled"),
        ("done_then_declined", "already-settled", "settled"),
        ("declined_then_done", "already-settled", "credited"),
    ];
    for (behaviour, accepting, becomes) in behaviours {
        let mut document = example("a");
        document["gateway"] =
            json!([{ "kind": "payout", "payee": "seller", "times": 2, "behaviour": behaviour }]);
        document["finish"] = json!(true);
        let last = document["steps"].as_array_mut().unwrap().last_mut().unwrap().as_object_mut().unwrap();
        last.remove("expect_status");
        last.insert("expect".to_owned(), json!(accepting));
        let report = run(&read(&document));
        assert!(report.ok, "{behaviour}: {:?}", report.differences);
        is_sound(&report);
        let payout = report.legs.iter().find(|l| l.purpose.as_str() == "payout").unwrap();
        let state = serde_json::to_value(payout.state).unwrap();
        assert_eq!(state, becomes, "{behaviour}");
    }
}

// --- the runner, as a process ---

/// The runner's executable: examples are built beside the tests, `target/<profile>/examples/`.
fn runner() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let profile = test.parent().and_then(Path::parent).expect("target/<profile>/deps/<test>");
    let runner = profile.join("examples").join(format!("scenario{}", std::env::consts::EXE_SUFFIX));
    assert!(
        runner.is_file(),
        "{} is missing: `cargo test` builds it with everything else; with `--test scenarios` alone, build it first: \
         `cargo build --example scenario` (with the same profile and target directory)",
        runner.display()
    );
    runner
}

fn start(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Process::new(runner())
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // the runner answers while it reads
    let writer = std::thread::spawn(move || {
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn lines(output: &Output) -> Vec<Value> {
    out(output)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}")))
        .collect()
}

/// A file of this test's own.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str, content: &[u8]) -> Self {
        let path = std::env::temp_dir().join(format!("escrow-{}-{name}", std::process::id()));
        std::fs::write(&path, content).unwrap();
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

const A: &str = "examples/scenarios/a-shop-sale.json";
const F: &str = "examples/scenarios/f-late-payment.json";

#[test]
fn exits_0_where_everything_is_as_expected() {
    let files: Vec<String> = examples().iter().map(|(f, _)| f.to_str().unwrap().to_owned()).collect();
    let arguments: Vec<&str> = files.iter().map(String::as_str).collect();
    let output = start(&arguments, b"");
    assert_eq!(output.status.code(), Some(0), "{}", out(&output));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains(&format!("{0} of {0} scenarios as expected", files.len())), "{said}");
}

#[test]
fn prints_a_timeline_and_a_statement() {
    let output = start(&[A], b"");
    let text = out(&output);
    // when, who, what, status, money held
    let paid = text.lines().find(|l| l.contains(" pay ")).unwrap();
    for part in ["2026-03-01 12:07:00", "gateway", "awaiting_performance", "buyer_payment 23500.00 RUB"] {
        assert!(paid.contains(part), "{part}: {paid}");
    }
    assert!(text.contains("Statement: completed"));
    let payout = text.lines().find(|l| l.contains("22325.00 RUB")).unwrap();
    assert!(payout.contains("seller") && payout.contains("what the seller earned"), "{payout}");
    assert!(
        text.contains("received 23500.00 = held 0.00 + reserved 0.00 + paid out 23500.00 + refunded 0.00")
    );
    assert!(text.contains("checks held"));
    assert!(!text.contains("DIFFERENT") && !text.contains("VIOLATED"));
}

#[test]
fn exits_1_with_a_clear_difference() {
    let mut document = example("f");
    document["expect"]["status"] = json!("completed");
    document["expect"]["legs"][0]["amount"]["amount"] = json!("780.49");
    let file = Scratch::new("different.json", document.to_string().as_bytes());
    let output = start(&[file.path(), A], b"");
    assert_eq!(output.status.code(), Some(1));
    let text = out(&output);
    for difference in [
        "DIFFERENT status: expected completed, got expired",
        "DIFFERENT legs: not expected: excess of 780.50 EUR to buyer",
        "DIFFERENT legs: missing: excess of 780.49 EUR to buyer",
    ] {
        assert!(text.contains(difference), "{difference}: {text}");
    }
    assert!(text.contains("Statement: completed"), "the other file is still run");
    assert!(String::from_utf8_lossy(&output.stderr).contains("1 of 2 scenarios as expected"));

    let json = &lines(&start(&[file.path(), "--json"], b""))[0];
    assert_eq!(json["ok"], json!(false));
    assert_eq!(json["differences"].as_array().unwrap().len(), 3);
}

#[test]
fn exits_1_for_a_malformed_file() {
    for (content, says) in [
        ("", "json: EOF"),
        ("{", "json: EOF"),
        ("[1]", "invalid type"),
        ("{\"start\": \"tomorrow\"}", "start: time: write a time as RFC 3339"),
        ("{\"start\": \"2026-03-01T12:00:00Z\"}", "missing field `terms`"),
    ] {
        let file = Scratch::new(&format!("malformed-{}.json", content.len()), content.as_bytes());
        let output = start(&[file.path()], b"");
        assert_eq!(output.status.code(), Some(1), "{content}");
        let text = out(&output);
        assert!(text.contains(says) && text.contains(file.path()), "{content}: {text}");

        let output = start(&[file.path(), "--json"], b"");
        assert_eq!(output.status.code(), Some(1));
        let answer = &lines(&output)[0];
        assert_eq!(answer["ok"], json!(false));
        assert_eq!(answer["source"], json!(file.path()));
        assert_eq!(answer["error"]["code"], json!("malformed-scenario"));
        assert!(answer["error"]["message"].as_str().unwrap().contains(says), "{answer}");
    }
    // terms that break a rule are a scenario, whose deal is refused
    let mut document = example("f");
    document["terms"]["items"] = json!([]);
    let file = Scratch::new("no-items.json", document.to_string().as_bytes());
    let output = start(&[file.path()], b"");
    assert_eq!(output.status.code(), Some(1));
    assert!(
        out(&output).contains("not created: terms: items must not be empty (invalid-terms)"),
        "{}",
        out(&output)
    );
}

#[test]
fn exits_1_for_a_file_that_is_not_there() {
    let output = start(&["no-such-file.json"], b"");
    assert_eq!(output.status.code(), Some(1));
    let said = format!("{}{}", out(&output), String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("no-such-file.json"), "{said}");
}

#[test]
fn a_file_that_cannot_be_read_stops_no_other() {
    let bytes = Scratch::new("bytes.json", b"\xff\xfe");
    let output = start(&["no-such-file.json", bytes.path(), F, "--json"], b"");
    assert_eq!(output.status.code(), Some(1));
    let answers = lines(&output);
    let ok: Vec<&Value> = answers.iter().map(|a| &a["ok"]).collect();
    assert_eq!(ok, [&json!(false), &json!(false), &json!(true)]);
    assert_eq!(answers[0]["source"], json!("no-such-file.json"));
}

#[test]
fn exits_2_for_wrong_usage() {
    for arguments in [&[][..], &["--json"], &["--help"], &[A, "--jsno"]] {
        let output = start(arguments, b"");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(out(&output).is_empty());
        assert!(String::from_utf8_lossy(&output.stderr).starts_with("usage: scenario FILE"), "{arguments:?}");
    }
}

#[test]
fn json_has_everything() {
    let output = start(&[A, "examples/scenarios/c-buyer-cancels-late.json", "--json"], b"");
    let answers = lines(&output);
    assert_eq!(answers.len(), 2, "one object per scenario, one per line");
    let a = &answers[0];
    assert_eq!(a["name"], "A phone from an online shop");
    assert_eq!(
        (&a["ok"], &a["status"], &a["outcome"]),
        (&json!(true), &json!("completed"), &json!("completed"))
    );
    assert_eq!(a["legs"][1]["amount"], json!({ "amount": "22325.00", "currency": "RUB" }));
    assert_eq!(a["legs"][1]["state"], "settled");
    let deposit = &a["deposits"][0];
    assert_eq!((&deposit["deposit"], &deposit["owner"]), (&json!("buyer_payment"), &json!("buyer")));
    for bucket in ["required", "received", "held", "reserved", "paid_out", "refunded", "charged_back"] {
        assert!(deposit[bucket]["amount"].is_string(), "{bucket}");
    }
    assert_eq!(a["deposits"].as_array().unwrap().len(), 4);
    assert_eq!(a["events"][0]["event"]["type"], "proposed");
    let events: Vec<Envelope> = serde_json::from_value(a["events"].clone()).unwrap();
    assert_eq!(events.len() as u64, events.last().unwrap().version);
    assert_eq!(a["steps"].as_array().unwrap().len(), 8);
    assert_eq!((&a["steps"][2]["do"], &a["steps"][2]["result"]), (&json!("pay"), &json!("accepted")));
    assert_eq!(a["quote"]["payout"]["amount"], "22325.00");
    assert_eq!(a["rejections"], json!([]));
    let c = &answers[1];
    assert_eq!(c["rejections"][0]["code"], "not-your-service");
    assert_eq!(c["rejections"][0]["step"], 3);
    assert_eq!(c["steps"][3]["result"], "not-your-service");
    assert!(c["steps"][3]["message"].is_string());
    let preview = &c["steps"][6]["preview"]["shares"];
    assert_eq!(preview.as_array().unwrap().len(), 4, "what the cancellation then comes to");
}

#[test]
fn json_lines_are_answered_line_by_line() {
    let good = example("f");
    let mut wrong = good.clone();
    wrong["expect"]["status"] = json!("completed");
    let mut refused = good.clone();
    refused["terms"]["seller"] = json!("hanna");
    let deep = "[".repeat(100_000);
    let input = [
        good.to_string(),
        "{malformed".to_owned(),
        wrong.to_string(),
        String::new(),
        "   ".to_owned(),
        "null".to_owned(),
        refused.to_string(),
        deep,
        format!("{{\"name\":\"{}\"}}", "x".repeat(Scenario::MAX_BYTES)),
        good.to_string(),
    ]
    .join("\n");
    // the last line without a line feed, and with the line ends of Windows
    for input in [input.clone(), format!("{input}\n"), input.replace('\n', "\r\n")] {
        let output = start(&["-"], input.as_bytes());
        assert_eq!(output.status.code(), Some(1));
        let answers = lines(&output);
        let ok: Vec<bool> = answers.iter().map(|a| a["ok"].as_bool().unwrap()).collect();
        assert_eq!(ok, [true, false, false, false, false, false, false, true], "blank lines are none");
        for (answer, source) in [(1, "line 2"), (3, "line 6"), (5, "line 8"), (6, "line 9")] {
            assert_eq!(answers[answer]["source"], source);
            assert_eq!(answers[answer]["error"]["code"], "malformed-scenario");
        }
        assert_eq!(answers[6]["error"]["message"], "the scenario is over 4194304 bytes");
        assert_eq!(answers[2]["differences"][0], "status: expected completed, got expired");
        assert_eq!(answers[4]["error"]["code"], "invalid-terms");
        assert_eq!(answers[4]["error"]["message"], "terms: seller must differ from the buyer");
        assert!(String::from_utf8_lossy(&output.stderr).contains("2 of 8 scenarios as expected"));
    }
    assert_eq!(start(&["-"], good.to_string().as_bytes()).status.code(), Some(0));
    assert_eq!(start(&["-"], b"").status.code(), Some(0), "nothing to do is done");
}

#[test]
fn a_line_that_is_no_text_stops_no_other() {
    let good = example("f").to_string();
    let input = [good.as_bytes(), b"\n\xff\xfe\n", good.as_bytes(), b"\n"].concat();
    let output = start(&["-"], &input);
    let ok: Vec<bool> = lines(&output).iter().map(|a| a["ok"].as_bool().unwrap()).collect();
    assert_eq!(ok, [true, false, true]);
    assert_eq!(lines(&output)[1]["source"], "line 2");
}

#[test]
fn two_thousand_lines_are_two_thousand_answers() {
    let all: Vec<Value> = examples().iter().map(|(_, text)| serde_json::from_str(text).unwrap()).collect();
    let lines: Vec<String> = all.iter().cycle().take(2_000).map(Value::to_string).collect();
    let output = start(&["-"], lines.join("\n").as_bytes());
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(out(&output).lines().count(), 2_000);
}

#[test]
fn a_scenario_has_a_largest_number_of_steps() {
    let mut document = example("f");
    document["steps"] = json!(vec![json!({ "do": { "type": "wake" } }); 10_001]);
    let error = Scenario::from_json(&document.to_string()).unwrap_err().to_string();
    assert_eq!(error, "steps: has more than 10000 entries");
}

// --- docs/scenarios.md ---

/// The fenced blocks of the document: what stands behind the fence, and what is in it.
fn blocks() -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in doc().lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(info)) => open = Some((info.trim().to_owned(), String::new())),
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some((_, text)), None) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block is not closed");
    blocks
}

fn doc() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/scenarios.md");
    std::fs::read_to_string(path).unwrap()
}

/// The values of a block that has several, one after the other.
fn values(text: &str) -> Vec<Value> {
    let values = serde_json::Deserializer::from_str(text).into_iter();
    values.map(|v| v.unwrap_or_else(|e| panic!("{e} in {text}"))).collect()
}

#[test]
fn the_documents_scenarios_run_as_they_expect() {
    let mut scenarios = 0;
    for (info, text) in blocks().iter().filter(|(info, _)| info.starts_with("json")) {
        for value in values(text) {
            if value.get("start").is_none() {
                assert_ne!(info, "json scenario", "{text}");
                continue;
            }
            scenarios += 1;
            let scenario = Scenario::from_json(&value.to_string()).unwrap_or_else(|e| panic!("{e}: {text}"));
            let report = run(&scenario);
            assert!(report.ok, "{:?} {:?}: {text}", report.differences, report.error);
            is_sound(&report);
        }
    }
    assert!(scenarios >= 3, "{scenarios}");
}

#[test]
fn the_document_has_every_command() {
    let unknown = serde_json::from_str::<Command>(r#"{"type":"no_such_thing"}"#).unwrap_err().to_string();
    let all: BTreeSet<String> = unknown.split('`').skip(3).step_by(2).map(str::to_owned).collect();
    let mut shown = BTreeSet::new();
    for (_, text) in blocks().iter().filter(|(info, _)| info == "json command") {
        for value in values(text) {
            let command: Command =
                serde_json::from_value(value.clone()).unwrap_or_else(|e| panic!("{e}: {value}"));
            let again = serde_json::to_value(&command).unwrap();
            assert_eq!(serde_json::from_value::<Command>(again).unwrap(), command);
            shown.insert(value["type"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(shown, all);
}

/// The last line of the document shows how many examples there are.
#[test]
fn the_document_counts_the_examples() {
    let all = examples().len();
    let counted = format!("`{all} of {all} scenarios as expected`");
    assert!(doc().contains(&counted), "docs/scenarios.md: {counted}");
}

/// Steps and gateway rules that are shown by themselves are taken in a scenario.
#[test]
fn the_documents_steps_and_rules_are_read() {
    let mut shown = 0;
    for (info, text) in blocks() {
        let field = match info.as_str() {
            "json step" => "steps",
            "json rule" => "gateway",
            _ => continue,
        };
        for value in values(&text) {
            let mut document = example("f");
            document[field] = json!([value]);
            Scenario::from_json(&document.to_string()).unwrap_or_else(|e| panic!("{e}: {value}"));
            shown += 1;
        }
    }
    assert!(shown >= 6, "{shown}");
}

/// Every field of a policy, with its value in every preset.
#[test]
fn the_documents_presets_are_the_librarys() {
    let presets = ["shop", "marketplace", "guarantee", "freelance"];
    let policies = [Policy::shop(), Policy::marketplace(), Policy::guarantee(), Policy::freelance()]
        .map(|policy| serde_json::to_value(policy).unwrap());
    let mut rows: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in doc().lines().filter(|l| l.starts_with("| `")) {
        let mut cells = line.trim_matches('|').split('|').map(|c| c.trim().trim_matches('`').to_owned());
        let name = cells.next().unwrap();
        let cells: Vec<String> = cells.collect();
        if cells.len() == presets.len() + 1 {
            rows.insert(name, cells[..presets.len()].to_vec());
        }
    }
    for (name, _) in policies[0].as_object().unwrap() {
        let row = rows.get(name).unwrap_or_else(|| panic!("{name} is not in the table of presets"));
        for ((preset, policy), cell) in presets.iter().zip(&policies).zip(row) {
            let value: Value = serde_json::from_str(cell).unwrap_or_else(|_| json!(cell));
            assert_eq!(value, policy[name], "{preset}.{name}");
        }
    }
}

/// Every field that the runner prints is described.
#[test]
fn the_document_names_every_field_of_the_output() {
    let document = doc();
    let named = |field: &str| assert!(document.contains(&format!("`{field}`")), "{field} is not described");
    let mut wrong = example("c");
    wrong["steps"][0]["after"] = json!("5d");
    for scenario in [example("a"), example("c"), example("d"), wrong] {
        let report = serde_json::to_value(run(&read(&scenario))).unwrap();
        let fields = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        fields(&report).iter().for_each(|field| named(field));
        fields(&report["quote"]).iter().for_each(|field| named(field));
        for list in ["steps", "legs", "deposits", "rejections", "receivables", "events"] {
            for item in report[list].as_array().unwrap() {
                fields(item).iter().for_each(|field| named(field));
            }
        }
    }
}
