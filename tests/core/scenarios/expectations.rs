//! What a scenario expects, and how a difference is told.

use crate::scenarios::{example, is_sound, read};
use escrow_testing::scenario::run;
use serde_json::json;

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
        ("done_then_declined", "accepted", "settled"),
        ("declined_then_done", "accepted", "settled"),
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
