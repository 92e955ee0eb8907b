//! The runner, as a process.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Output, Stdio};

use crate::scenarios::{all_examples, example};
use escrow::Envelope;
use escrow_testing::scenario::Scenario;
use serde_json::{Value, json};

/// The runner's executable: examples are built beside the tests, `target/<profile>/examples/`.
fn runner() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let profile = test.parent().and_then(Path::parent).expect("target/<profile>/deps/<test>");
    let runner = profile.join("examples").join(format!("scenario{}", std::env::consts::EXE_SUFFIX));
    assert!(
        runner.is_file(),
        "{} is missing: `cargo test` builds it with everything else; with `--test core` alone, build it first: \
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
    let files: Vec<String> = all_examples().iter().map(|(f, _)| f.to_str().unwrap().to_owned()).collect();
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
    // what the step pays, when it is silent, and the statement
    for told in
        ["then settling, 1175.00 RUB to platform, 22325.00 RUB to seller", "pays 22325.00 RUB to seller"]
    {
        assert!(text.contains(told), "{told}: {text}");
    }
    let payout = text.lines().find(|l| l.contains("22325.00 RUB  to")).unwrap();
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
    let all: Vec<Value> =
        all_examples().iter().map(|(_, text)| serde_json::from_str(text).unwrap()).collect();
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
