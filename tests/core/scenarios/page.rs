//! `docs/scenarios.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::scenarios::{all_examples, example, is_sound, read};
use escrow::{Command, Policy};
use escrow_testing::scenario::{Scenario, run};
use serde_json::{Value, json};

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
            if info == "json market" {
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
    let all = all_examples().len();
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

const LISTS: [&str; 10] = [
    "steps",
    "legs",
    "deposits",
    "rejections",
    "receivables",
    "events",
    "payments",
    "chargebacks",
    "debts",
    "platform",
];

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
        for list in LISTS {
            for item in report[list].as_array().unwrap() {
                fields(item).iter().for_each(|field| named(field));
            }
        }
    }
}
