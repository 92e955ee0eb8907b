//! Scenarios of several machines: projects, baskets, balances, subscriptions.

use crate::scenarios::all_examples;
use escrow_testing::scenario::{MarketReport, MarketScenario, Script, ScriptReport};
use serde_json::{Value, json};

fn market(text: &str) -> (MarketScenario, MarketReport) {
    let script = Script::from_json(text).unwrap_or_else(|e| panic!("{e}: {text}"));
    match (&script, script.run()) {
        (Script::Market(scenario), ScriptReport::Market(report)) => ((**scenario).clone(), *report),
        other => panic!("of one deal: {other:?}"),
    }
}

fn examples() -> Vec<String> {
    let all = all_examples().into_iter().map(|(_, text)| text);
    all.filter(|text| text.contains("\"machines\":")).collect()
}

fn refused(document: &Value) -> String {
    Script::from_json(&document.to_string()).unwrap_err().to_string()
}

#[test]
fn every_example_does_what_it_expects() {
    let examples = examples();
    for text in &examples {
        let (scenario, report) = market(text);
        assert!(report.ok, "{}: {:#?}", report.name, report.differences);
        assert_eq!(report.invariants.violations, Vec::<String>::new());
        assert!(scenario.about.contains("By hand: "), "{}: shows no calculation", report.name);
        assert!(!scenario.expect.is_empty(), "{}: expects nothing", report.name);
        // and a second run says the very same
        let again = serde_json::to_string(&market(text).1).unwrap();
        assert_eq!(again, serde_json::to_string(&report).unwrap());
    }
    for machine in ["\"project\"", "\"basket\"", "\"balance\"", "\"subscription\""] {
        let of = examples.iter().filter(|text| text.contains(machine)).count();
        assert!(of >= 2, "{machine}: {of}");
    }
}

#[test]
fn the_pages_scenario_runs_as_it_expects() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/scenarios.md")).unwrap();
    let block = page.split("```json market\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let (_, report) = market(block);
    assert!(report.ok, "{:#?}", report.differences);
}

fn balance() -> Value {
    json!({
        "start": "2026-03-01T12:00:00Z",
        "machines": { "sonya": { "balance": { "holder": { "party": "sonya" }, "currency": "RUB" } } },
        "steps": [{ "do": { "type": "credit", "amount": { "amount": "5", "currency": "RUB" } } }],
        "expect": { "sonya": { "available": { "amount": "5.00", "currency": "RUB" }, "withdrawals": [] } },
    })
}

#[test]
fn what_is_not_as_expected_is_told_with_its_place() {
    assert!(market(&balance().to_string()).1.ok, "{:#?}", market(&balance().to_string()).1.differences);
    let mut wrong = balance();
    wrong["expect"]["sonya"]["available"]["amount"] = json!("5.01");
    wrong["expect"]["sonya"]["withdrawals"] = json!([{ "number": 1 }]);
    wrong["expect"]["sonya"]["availabel"] = json!(0);
    wrong["steps"][0]["expect"] = json!("insufficient");
    wrong["steps"][0]["expect_after"] =
        json!({ "sonya": { "reserved": { "amount": "1", "currency": "RUB" } } });
    let differences = market(&wrong.to_string()).1.differences;
    assert_eq!(
        differences,
        [
            "step 1 (sonya credit): expected insufficient, got accepted",
            "step 1 (sonya credit): sonya.reserved: expected 1.00 RUB, got 0.00 RUB",
            "sonya.availabel: there is no such field",
            "sonya.available: expected 5.01 RUB, got 5.00 RUB",
            "sonya.withdrawals: missing: {\"number\":1}",
        ]
    );
}

#[test]
fn what_is_not_a_scenario_is_told_with_its_place() {
    let with = |pointer: &str, value: Value| {
        let mut document = balance();
        *document.pointer_mut(pointer).unwrap() = value;
        refused(&document)
    };
    for (pointer, value, says) in [
        ("/machines", json!({ "x": { "thing": {} } }), "machines.x: write deal, project"),
        ("/machines/sonya/balance/currency", json!("QQQ"), "machines.sonya"),
        ("/steps/0/do/amount", json!(5), "steps[0].do.amount"),
        ("/steps/0/do", json!({ "type": "nothing" }), "steps[0].do"),
        ("/expect", json!({ "nobody": {} }), "expect.nobody: no machine has this name"),
    ] {
        let told = with(pointer, value);
        assert!(told.contains(says), "{pointer}: {told}");
    }
    let mut document = balance();
    document["steps"][0]["of"] = json!("nobody");
    assert_eq!(refused(&document), "steps[0].of: no machine has this name (in step 1)");
    document["finnish"] = json!(true);
    assert!(refused(&document).contains("unknown field `finnish`"));
}

/// A machine that is refused at the start is expected so, and the others run.
#[test]
fn a_machine_may_be_refused() {
    let mut document = balance();
    document["machines"]["shop"] = json!({ "basket": {
        "payer": "anna", "currency": "RUB", "until": "2026-03-02T12:00:00Z", "lines": [] } });
    document["steps"][0]["of"] = json!("sonya");
    let told = market(&document.to_string()).1.differences;
    assert_eq!(told, ["shop: creation: expected accepted, got invalid-lines"]);
    document["expect"]["shop"] = json!({ "rejected": "invalid-lines" });
    let report = market(&document.to_string()).1;
    assert!(report.ok, "{:#?}", report.differences);
}

/// A cart whose second line is 0.01 short of what its deal needs is not opened, whatever its name.
#[test]
fn a_basket_is_of_what_its_deals_need() {
    let eur = |amount: &str| json!({ "amount": amount, "currency": "EUR" });
    let deal = |price: &str| {
        json!({ "deal": { "terms": {
            "buyer": "anna", "seller": "boris", "currency": "EUR", "policy": { "preset": "shop" },
            "items": [{ "name": "Thing", "unit_price": eur(price) }],
        } } })
    };
    let line =
        |deal: &str, amount: &str| json!({ "deal": deal, "deposit": "buyer_payment", "amount": eur(amount) });
    let with = |rug: &str| {
        let lines = [line("lamp", "30"), line("rug", rug)];
        let basket =
            json!({ "payer": "anna", "currency": "EUR", "until": "2026-03-02T12:00:00Z", "lines": lines });
        let machines = json!({ "a-cart": { "basket": basket }, "lamp": deal("30"), "rug": deal("70") });
        market(&json!({ "start": "2026-03-01T12:00:00Z", "machines": machines }).to_string()).1
    };
    assert!(with("70").ok, "{:#?}", with("70").differences);
    let report = with("69.99");
    assert_eq!(report.differences, ["a-cart: creation: expected accepted, got line-does-not-fit"]);
    let why = "lines: line 2 is 69.99 EUR, and 70.00 EUR is outstanding of its deposit; give that amount";
    assert_eq!(report.rejections[0].message, why);
}
