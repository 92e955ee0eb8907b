//! What is not as a scenario expects.

use super::report::Report;
use super::{Expectation, ExpectedLeg};
use escrow::Outcome;
use escrow::deal::Status;
use escrow::settlement::Receivable;

impl Expectation {
    /// What is not as expected of a deal that was described, each told with what stands before it.
    pub(super) fn look(&self, before: &str, got: &Report, differences: &mut Vec<String>) {
        if let Some(status) = self.status {
            let got = got.status.map_or("none", Status::as_str);
            compare(&format!("{before}status"), status.as_str(), got, differences);
        }
        if let Some(outcome) = self.outcome {
            let got = got.outcome.map_or("none", Outcome::as_str);
            compare(&format!("{before}outcome"), outcome.as_str(), got, differences);
        }
        if let Some(expected) = &self.legs {
            let got = got.payees.iter().map(|l| leg_text(&l.payee, l.purpose.as_str(), l.amount)).collect();
            let expected = expected.iter().map(|e| {
                let ExpectedLeg { payee, purpose, amount } = e;
                leg_text(payee, purpose.as_str(), *amount)
            });
            compare_lists(&format!("{before}legs"), expected.collect(), got, differences);
        }
        if let Some(expected) = &self.receivables {
            let got = got.receivables.iter().map(receivable_text).collect();
            let expected = expected.iter().map(receivable_text).collect();
            compare_lists(&format!("{before}receivables"), expected, got, differences);
        }
    }
}

fn leg_text(payee: &escrow::Payee, purpose: &str, amount: escrow::Money) -> String {
    format!("{purpose} of {amount} to {payee}")
}

fn receivable_text(r: &Receivable) -> String {
    format!("{} owes {} {} ({})", r.debtor, r.payee, r.amount, r.purpose.as_str())
}

pub(super) fn compare(what: &str, expected: &str, got: &str, differences: &mut Vec<String>) {
    if expected != got {
        differences.push(format!("{what}: expected {expected}, got {got}"));
    }
}

fn compare_lists(what: &str, mut expected: Vec<String>, got: Vec<String>, differences: &mut Vec<String>) {
    for item in got {
        match expected.iter().position(|e| *e == item) {
            Some(i) => {
                expected.remove(i);
            }
            None => differences.push(format!("{what}: not expected: {item}")),
        }
    }
    differences.extend(expected.into_iter().map(|item| format!("{what}: missing: {item}")));
}
