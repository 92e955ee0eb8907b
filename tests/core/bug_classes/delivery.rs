//! What tracks, carriers and sellers say of a delivery, each as the scenario that shows it.

use escrow_testing::scenario::{Scenario, run};

/// The scenario comes to what it expects.
fn holds(name: &str) {
    let path = format!("{}/examples/scenarios/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let report = run(&Scenario::from_json(&std::fs::read_to_string(path).unwrap()).unwrap());
    assert!(report.ok, "{name}: {:#?} {:?}", report.differences, report.error);
}

#[test]
fn acceptance_burnt() {
    holds("rules-another-track-opens-a-full-window");
}

#[test]
fn start_deadline_after_replacement() {
    holds("rules-another-track-gives-the-start-window-back");
}

#[test]
fn recycled_tracking_number() {
    holds("rules-recycled-tracking-number");
}

#[test]
fn delivered_before_out_for_delivery() {
    holds("rules-delivered-before-out-for-delivery");
}

#[test]
fn delivered_by_the_sellers_word() {
    holds("rules-parcel-delivered-by-the-sellers-word");
    holds("rules-tracked-parcel");
}

#[test]
fn goods_and_money() {
    holds("rules-cancelled-in-transit");
    holds("rules-changes-wanted-then-cancelled");
    for preset in ["shop", "marketplace", "guarantee", "freelance"] {
        holds(&format!("preset-{preset}-not-both"));
    }
}
