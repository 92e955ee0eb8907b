//! Scenarios: errors name the field.

use crate::bad_input::documents::{roubles, scenario};
use crate::bad_input::terms::invalid_terms;
use crate::bad_input::{nodes, with, without};
use escrow::deal::Event;
use escrow::wire::Envelope;
use escrow::{Command, Deal};
use escrow_testing::scenario::{Scenario, ScenarioError};
use serde_json::{Value, json};

pub fn refused(document: &Value) -> String {
    match Scenario::from_json(&document.to_string()) {
        Ok(scenario) => panic!("taken: {scenario:?}"),
        Err(ScenarioError::Field { path, message }) => format!("{path}: {message}"),
        Err(other) => other.to_string(),
    }
}

/// A wrong value at a place: the error names the field, and says why.
#[test]
fn scenario_errors_name_the_field_and_say_why() {
    assert!(Scenario::from_json(&scenario().to_string()).is_ok());
    let price = "/terms/items/0/unit_price";
    let at_price = "terms.items[0].unit_price";
    let long = "x".repeat(10_000);
    let digits = "9".repeat(5_000);
    #[rustfmt::skip]
    let cases: Vec<(&str, Value, &str, &str)> = vec![
        // times
        ("/start", json!("yesterday"), "start", "RFC 3339"),
        ("/start", json!("2026-02-30T12:00:00Z"), "start", "RFC 3339"),
        ("/start", json!("2026-03-01T12:00:00"), "start", "RFC 3339"),
        ("/start", json!("1969-12-31T23:59:59Z"), "start", "from 1970"),
        ("/start", json!("9999-12-31T23:59:59-01:00"), "start", "to 9999"),
        ("/start", json!("+10000-01-01T00:00:00Z"), "start", "RFC 3339"),
        ("/start", json!(1_772_366_400), "start", "a time as a string"),
        ("/start", json!(null), "start", "a time as a string"),
        ("/steps/1/at", json!("tomorrow"), "steps[1].at", "RFC 3339"),
        // spans
        ("/steps/0/after", json!("five minutes"), "steps[0].after", "d, h, m, s"),
        ("/steps/0/after", json!("-5m"), "steps[0].after", "d, h, m, s"),
        ("/steps/0/after", json!("5"), "steps[0].after", "d, h, m, s"),
        ("/steps/0/after", json!(""), "steps[0].after", "d, h, m, s"),
        ("/steps/0/after", json!("5м"), "steps[0].after", "d, h, m, s"),
        ("/steps/0/after", json!("99999999999d"), "steps[0].after", "100 years"),
        ("/steps/0/after", json!("136y"), "steps[0].after", "d, h, m, s"),
        ("/steps/0/after", json!(300), "steps[0].after", "as a string with its units"),
        // currencies
        ("/terms/currency", json!("QQQ"), "terms.currency", "not known"),
        ("/terms/currency", json!("COIN"), "terms.currency", "with its exponent"),
        ("/terms/currency", json!("COIN."), "terms.currency", "2 to 7 characters"),
        ("/terms/currency", json!("COIN.9"), "terms.currency", "at most 8"),
        ("/terms/currency", json!("COIN.02"), "terms.currency", "one digit"),
        ("/terms/currency", json!("rub"), "terms.currency", "A-Z"),
        ("/terms/currency", json!("RUB.3"), "terms.currency", "exponent 2"),
        ("/terms/currency", json!("XAU"), "terms.currency", "no minor unit"),
        ("/terms/currency", json!("РУБ"), "terms.currency", "A-Z"),
        ("/terms/currency", json!(643), "terms.currency", "currency as a string"),
        ("/terms/items/0/unit_price/currency", json!("QQQ"), "terms.items[0].unit_price.currency", "not known"),
        // amounts: float_amount
        ("/terms/items/0/unit_price/amount", json!(100), "terms.items[0].unit_price.amount", "never a number"),
        ("/terms/items/0/unit_price/amount", json!(0.3), "terms.items[0].unit_price.amount", "never a number"),
        ("/terms/items/0/unit_price/amount", json!("0.30000000000000004"), at_price, "2 digits"),
        ("/terms/items/0/unit_price/amount", json!("1.001"), at_price, "2 digits"),
        ("/terms/items/0/unit_price/amount", json!("1e2"), at_price, "ASCII digits"),
        ("/terms/items/0/unit_price/amount", json!("1,5"), at_price, "ASCII digits"),
        ("/terms/items/0/unit_price/amount", json!("1 000"), at_price, "ASCII digits"),
        ("/terms/items/0/unit_price/amount", json!("٣"), at_price, "ASCII digits"),
        ("/terms/items/0/unit_price/amount", json!(""), at_price, "ASCII digits"),
        ("/terms/items/0/unit_price/amount", json!("NaN"), at_price, "ASCII digits"),
        ("/terms/items/0/unit_price/amount", json!(digits), at_price, "at most 32"),
        ("/terms/items/0/unit_price/amount", json!("99999999999999999999"), at_price, "64 bits"),
        (price, json!("500 RUB"), at_price, "money as"),
        (price, json!(500), at_price, "money as"),
        (price, json!(null), at_price, "money as"),
        // rates
        ("/terms/fees/0/rate", json!(5), "terms.fees[0].rate", "never a number"),
        ("/terms/fees/0/rate", json!(0.05), "terms.fees[0].rate", "never a number"),
        ("/terms/fees/0/rate", json!("5"), "terms.fees[0].rate", "percent sign"),
        ("/terms/fees/0/rate", json!("0.05"), "terms.fees[0].rate", "percent sign"),
        ("/terms/fees/0/rate", json!("101%"), "terms.fees[0].rate", "0% to 100%"),
        ("/terms/fees/0/rate", json!("-1%"), "terms.fees[0].rate", "0% to 100%"),
        ("/terms/fees/0/rate", json!("0.00001%"), "terms.fees[0].rate", "4 digits"),
        ("/terms/services/1/payer/shared", json!("50"), "terms.services[1].payer.shared", "percent sign"),
        // numbers
        ("/terms/items/0/quantity", json!(-1), "terms.items[0].quantity", "a whole number"),
        ("/terms/items/0/quantity", json!(1.5), "terms.items[0].quantity", "a whole number"),
        ("/terms/items/0/quantity", json!("2"), "terms.items[0].quantity", "a whole number"),
        ("/terms/items/0/quantity", json!(4_294_967_296_u64), "terms.items[0].quantity", "a whole number"),
        ("/steps/0/seen", json!(-1), "steps[0].seen", "a whole number"),
        ("/steps/0/seen", json!(1e300), "steps[0].seen", "a whole number"),
        ("/gateway/0/times", json!(-2), "gateway[0].times", "a whole number"),
        ("/terms/policy/start_s", json!("3600"), "terms.policy.start_s", "a whole number"),
        ("/terms/policy/start_s", json!(-1), "terms.policy.start_s", "a whole number"),
        ("/terms/policy/max_revisions", json!(65_536), "terms.policy.max_revisions", "a whole number from 0 to 65535"),
        // texts
        ("/name", json!(""), "name", "too short"),
        ("/name", json!("   "), "name", "blank"),
        ("/name", json!(long), "name", "200 characters"),
        ("/name", json!("a\u{1b}[31m"), "name", "control character"),
        ("/terms/buyer", json!(""), "terms.buyer", "too short"),
        ("/terms/buyer", json!(long), "terms.buyer", "64 characters"),
        ("/terms/buyer", json!(7), "terms.buyer", "a text of 1 to 64"),
        ("/terms/items/0/name", json!("\u{0}"), "terms.items[0].name", "control character"),
        ("/terms/tags/0", json!(long), "terms.tags[0]", "64 characters"),
        ("/steps/0/via", json!(""), "steps[0].via", "too short"),
        ("/id", json!("not-a-uuid"), "id", "UUID"),
        // enums
        ("/terms/fees/0/payer", json!("nobody"), "terms.fees[0].payer", "unknown variant `nobody`"),
        ("/terms/fees/0/base", json!("Price"), "terms.fees[0].base", "unknown variant `Price`"),
        ("/terms/fees/0/on_refund", json!("maybe"), "terms.fees[0].on_refund", "unknown variant `maybe`"),
        ("/terms/fees/0/payee", json!("bank"), "terms.fees[0].payee", "unknown variant `bank`"),
        ("/terms/fees/1/payee", json!({ "partner": 5 }), "terms.fees[1].payee.partner", "a text"),
        ("/terms/services/0/provider", json!("buyer"), "terms.services[0].provider", "unknown variant `buyer`"),
        ("/terms/delivery", json!("teleport"), "terms.delivery", "unknown variant `teleport`"),
        ("/terms/policy/consent", json!("silence"), "terms.policy.consent", "unknown variant `silence`"),
        ("/terms/policy/default_ruling", json!({ "amount": roubles("5") }), "terms.policy.default_ruling", "unknown variant `amount`"),
        ("/terms/policy/preset", json!("bazaar"), "terms.policy", "shop, marketplace, guarantee or freelance"),
        ("/terms/policy/preset", json!(5), "terms.policy", "shop, marketplace, guarantee or freelance"),
        ("/terms/policy/preset", json!(null), "terms.policy", "shop, marketplace, guarantee or freelance"),
        ("/proposed_by", json!("king"), "proposed_by", "unknown variant `king`"),
        ("/steps/0/by", json!("king"), "steps[0].by", "unknown variant `king`"),
        ("/steps/5/by", json!({ "party": "" }), "steps[5].by.party", "too short"),
        ("/steps/0/expect_status", json!("done"), "steps[0].expect_status", "unknown variant `done`"),
        ("/gateway/0/behaviour", json!("lazy"), "gateway[0].behaviour", "unknown variant `lazy`"),
        ("/gateway/0/kind", json!("gift"), "gateway[0].kind", "unknown variant `gift`"),
        ("/expect/status", json!("done"), "expect.status", "unknown variant `done`"),
        ("/expect/outcome", json!("done"), "expect.outcome", "unknown variant `done`"),
        ("/expect/legs/0/purpose", json!("gift"), "expect.legs[0].purpose", "unknown variant `gift`"),
        // lists and objects
        ("/steps", json!({}), "steps", "a list"),
        ("/steps/0", json!("cancel"), "steps[0]", "an object"),
        ("/terms", json!("shop"), "terms", "an object"),
        ("/terms/policy", json!("shop"), "terms.policy", "an object"),
        ("/terms/items", json!(null), "terms.items", "a list"),
        ("/finish", json!("yes"), "finish", "a boolean"),
        // steps
        ("/steps/0/do", json!("cancel"), "steps[0].do", "type"),
        ("/steps/0/do", json!({}), "steps[0].do", "missing field `type`"),
        ("/steps/0/do/type", json!("explode"), "steps[0].do", "unknown variant `explode`"),
        ("/steps/0/do/type", json!(5), "steps[0].do", "type"),
        ("/steps/0/do/reason", json!(long), "steps[0].do", "500 characters"),
        ("/steps/0/do/surprise", json!(1), "steps[0].do", "unknown field `surprise`"),
        ("/steps/1/do/deposit", json!("pocket"), "steps[1].do: deposit", "write buyer_payment"),
        ("/steps/1/do/deposit", json!("charge_33"), "steps[1].do: deposit", "charge_N"),
        ("/steps/1/do/deposit", json!("charge_01"), "steps[1].do: deposit", "charge_N"),
        ("/steps/1/do/amount/amount", json!(5), "steps[1].do: amount.amount", "never a number"),
        ("/steps/1/do/held_until", json!("later"), "steps[1].do: held_until", "RFC 3339"),
        ("/steps/1/do/reference", json!(""), "steps[1].do: reference", "too short"),
        ("/steps/1/do/surprise", json!(1), "steps[1].do: surprise", "unknown field `surprise`"),
        ("/steps/2/do/surprise", json!(1), "steps[2].do: surprise", "unknown field `surprise`"),
        ("/steps/3/do/ending", json!("failure"), "steps[3].do: ending", "unknown variant `failure`"),
        ("/steps/3/do/surprise", json!(1), "steps[3].do: surprise", "unknown field `surprise`"),
    ];
    for (at, value, field, why) in cases {
        let error = refused(&with(&scenario(), at, value.clone()));
        let short = error.chars().take(300).collect::<String>();
        assert!(
            error.starts_with(field),
            "{at} = {:.60}: {field} is not named first: {short}",
            value.to_string()
        );
        assert!(error.contains(why), "{at} = {:.60}: does not say {why:?}: {short}", value.to_string());
        assert!(error.len() < 2_500, "the error repeats the input: {} bytes", error.len());
    }
}

/// Inside a command the path goes on, as deep as the command is.
#[test]
fn scenario_errors_name_the_field_inside_a_command() {
    #[rustfmt::skip]
    let cases = [
        ("/steps/4/do/from_version", json!("1"), "steps[4].do: from_version", "a whole number"),
        ("/steps/4/do/terms/items/1/unit_price/amount", json!(5), "steps[4].do: terms", "never a number"),
        ("/steps/4/do/terms/items/1/name", json!(5), "steps[4].do: terms", "a text of 1 to 200"),
        ("/steps/0/do/reason", json!(5), "steps[0].do: reason", "a text"),
        ("/steps/0/do/reason", json!("a\u{0}"), "steps[0].do: reason", "control character"),
        ("/steps/0/do/at_fault", json!("king"), "steps[0].do: at_fault", "unknown variant `king`"),
        ("/steps/5/do/reference", json!(""), "steps[5].do: reference", "too short"),
        ("/steps/5/do/reference", json!(5), "steps[5].do: reference", "a text of 1 to 64"),
    ];
    for (at, value, field, why) in cases {
        let error = refused(&with(&scenario(), at, value.clone()));
        assert!(error.starts_with(field), "{at} = {value}: {field} is not named: {error}");
        assert!(error.contains(why), "{at} = {value}: {error}");
    }
}

#[test]
fn scenario_fields_that_are_required_are_missed_by_name() {
    for (at, field) in [
        ("/start", "start"),
        ("/terms", "terms"),
        ("/terms/buyer", "buyer"),
        ("/terms/seller", "seller"),
        ("/terms/currency", "currency"),
        ("/terms/items", "items"),
        ("/terms/policy", "policy"),
        ("/terms/items/0/name", "name"),
        ("/terms/items/0/unit_price", "unit_price"),
        ("/terms/items/0/unit_price/amount", "amount"),
        ("/terms/items/0/unit_price/currency", "currency"),
        ("/terms/services/0/final_cost", "final_cost"),
        ("/terms/services/0/payer", "payer"),
        ("/terms/services/0/provider", "provider"),
        ("/terms/fees/0/id", "id"),
        ("/terms/fees/0/payee", "payee"),
        ("/terms/fees/0/base", "base"),
        ("/terms/delivery/parcel/method", "method"),
        ("/terms/policy/preset", "consent"),
        ("/steps/0/do", "do"),
        ("/steps/4/do/from_version", "from_version"),
        ("/steps/5/do/reference", "reference"),
        ("/steps/3/do/ending", "ending"),
        ("/gateway/0/behaviour", "behaviour"),
        ("/expect/legs/0/payee", "payee"),
        ("/expect/legs/0/purpose", "purpose"),
        ("/expect/legs/0/amount", "amount"),
    ] {
        let error = refused(&without(&scenario(), at));
        assert!(error.contains(&format!("missing field `{field}`")), "{at}: {error}");
        // and where it is missing
        let place = at.rsplit_once('/').unwrap().0.split('/').nth(1).unwrap_or_default().to_owned();
        assert!(error.starts_with(&place), "{at}: {error}");
    }
}

#[test]
fn scenarios_refuse_unknown_fields_everywhere() {
    let document = scenario();
    for at in nodes(&document) {
        if document.pointer(&at).unwrap().is_object() {
            let error = refused(&with(&document, &format!("{at}/surprise"), json!(1)));
            let named =
                error.contains("surprise") || error.contains("single key") || error.contains("expected");
            assert!(named, "{at}: {error}");
        }
    }
}

#[test]
fn malformed_json_is_an_error_with_its_place() {
    let good = scenario().to_string();
    for text in
        ["", " ", "{", "[]", "null", "5", "\"scenario\"", "{\"start\":}", "{'start':1}", "\u{feff}{}", "{}{}"]
    {
        let error = Scenario::from_json(text).unwrap_err().to_string();
        assert!(!error.is_empty());
    }
    // cut off anywhere
    for cut in (0..good.len()).step_by(7) {
        if good.is_char_boundary(cut) {
            let error = Scenario::from_json(&good[..cut]).unwrap_err().to_string();
            assert!(error.starts_with("json: ") && error.contains("line 1 column"), "{error}");
        }
    }
    // numbers that are none, texts that are none
    for text in [r#"{"start":1e999}"#, r#"{"start":01}"#, r#"{"start":"\ud800"}"#, r#"{"start":NaN}"#] {
        let error = Scenario::from_json(text).unwrap_err().to_string();
        assert!(error.starts_with("json: "), "{error}");
    }
}

#[test]
fn nesting_does_not_exhaust_the_stack() {
    for depth in [100, 200, 10_000, 1_000_000] {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let nested = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            Scenario::from_json(&nested).unwrap_err();
            Scenario::from_json(&format!("{{\"terms\":{nested}}}")).unwrap_err();
            serde_json::from_str::<Command>(&format!("{{\"type\":\"post\",\"reference\":{nested}}}"))
                .unwrap_err();
            serde_json::from_str::<Event>(&format!("{{\"reference\":{nested},\"type\":\"posted\"}}"))
                .unwrap_err();
            serde_json::from_str::<Deal>(&nested).unwrap_err();
            serde_json::from_str::<Envelope>(&nested).unwrap_err();
        }
    }
}

#[test]
fn a_scenario_has_a_largest_size() {
    let good = scenario().to_string();
    let fits = format!("{good}{}", " ".repeat(Scenario::MAX_BYTES - good.len()));
    assert!(Scenario::from_json(&fits).is_ok());
    assert_eq!(Scenario::from_json(&format!("{fits} ")).unwrap_err(), ScenarioError::TooLarge);
    assert!(ScenarioError::TooLarge.to_string().contains("4194304 bytes"));
    // one enormous text, and very many of them
    let text = json!("x".repeat(Scenario::MAX_BYTES - 20_000));
    let error = refused(&with(&scenario(), "/terms/conditions", text));
    assert!(error.starts_with("terms.conditions") && error.len() < 500);
    let many = vec![json!("tag"); 400_000];
    let taken = Scenario::from_json(&with(&scenario(), "/terms/tags", json!(many)).to_string()).unwrap();
    assert_eq!(invalid_terms(&taken), "terms: tags has more than 32 entries");
}
