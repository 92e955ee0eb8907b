//! Any text is a scenario or a typed error; a scenario runs to a report whose checks hold.
#![no_main]

use escrow_testing::scenario::{Scenario, run};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match Scenario::from_json(text) {
        Ok(scenario) => {
            let report = run(&scenario);
            assert!(report.invariants.violations.is_empty(), "{:?}", report.invariants.violations);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
