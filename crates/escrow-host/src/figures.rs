//! What an operator watches.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use escrow::deposit::TransactionKind;
use escrow::port::{Backlogged, Tallied, Tally};

/// What this process has done since it began.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// Commands that were carried out, or stood already.
    pub commands: u64,
    /// Commands that were refused.
    pub rejected: u64,
    /// Commits that somebody else was faster than.
    pub conflicts: u64,
    /// Commits and reads that failed, or of which it is not known.
    pub storage_errors: u64,
    /// Calls of the gateway that failed.
    pub gateway_errors: u64,
    /// Facts that a machine has refused.
    pub refused_facts: u64,
    /// Machines that were woken.
    pub woken: u64,
    /// Machines whose orders were asked about again.
    pub asked: u64,
    /// Parcels that were delivered.
    pub delivered: u64,
    /// Parcels that were not.
    pub undelivered: u64,
}

/// How much waits, and what was done.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Figures {
    /// In the storage, whoever works on it.
    pub backlog: Backlogged,
    /// The same by kind and by age.
    pub tallies: Vec<Tally>,
    /// In this process.
    pub counts: Counts,
    /// Calls of the gateway that failed in this process, by the kind of their orders.
    pub gateway_errors: BTreeMap<&'static str, u64>,
}

/// The metric of a count, what it says, how its label is called, and the metric of the oldest one, where it says more.
const fn metrics(what: Tallied) -> (&'static str, &'static str, &'static str, Option<&'static str>) {
    match what {
        Tallied::Due => (
            "escrow_due_machines",
            "machines that should have been woken, by kind",
            "kind",
            Some("escrow_due_oldest_milliseconds"),
        ),
        Tallied::Unanswered => (
            "escrow_unanswered_machines",
            "machines with an order that has no answer, by kind",
            "kind",
            Some("escrow_unanswered_oldest_milliseconds"),
        ),
        Tallied::UnansweredFor => (
            "escrow_unanswered_for",
            "machines with an order that has had no answer for so many seconds",
            "seconds",
            None,
        ),
        Tallied::Attempts => {
            ("escrow_attempts", "tries of orders that have no answer, by the kind of machine", "kind", None)
        }
        Tallied::Parcels => (
            "escrow_outbox_parcels",
            "parcels that are not delivered, by the kind of machine",
            "kind",
            Some("escrow_outbox_oldest_milliseconds"),
        ),
        Tallied::Incidents => (
            "escrow_incidents_open",
            "incidents that nobody has closed, by what they are",
            "what",
            Some("escrow_incidents_oldest_milliseconds"),
        ),
    }
}

/// How a label is called, its value, and the count.
type Line<'l> = (&'l str, String, u64);

/// A value of a label, as the format wants it.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

impl Figures {
    /// In Prometheus' text format.
    pub fn to_prometheus(&self) -> String {
        let Self { backlog: b, tallies: _, counts: c, gateway_errors: _ } = self;
        let gauges = [
            ("escrow_due", "machines that should have been woken", b.due),
            ("escrow_due_lag_milliseconds", "for how long the first of them has waited", b.due_lag_ms),
            ("escrow_unanswered", "machines with an order that has no answer", b.unanswered),
            ("escrow_unanswered_milliseconds", "how old the oldest such order is", b.unanswered_ms),
            ("escrow_outbox", "parcels that are not delivered", b.parcels),
            ("escrow_outbox_lag_milliseconds", "how old the oldest of them is", b.parcels_ms),
            ("escrow_incidents", "incidents that nobody has closed", b.incidents),
        ];
        let counters = [
            ("escrow_commands_total", "commands that were carried out", c.commands),
            ("escrow_rejected_total", "commands that were refused", c.rejected),
            ("escrow_conflicts_total", "commits that somebody else was faster than", c.conflicts),
            ("escrow_storage_errors_total", "failures of the storage", c.storage_errors),
            ("escrow_gateway_errors_total", "calls of the gateway that failed", c.gateway_errors),
            ("escrow_refused_facts_total", "facts that a machine has refused", c.refused_facts),
            ("escrow_woken_total", "machines that were woken", c.woken),
            ("escrow_asked_total", "machines whose orders were asked about again", c.asked),
            ("escrow_delivered_total", "parcels that were delivered", c.delivered),
            ("escrow_undelivered_total", "parcels that were not", c.undelivered),
        ];
        let mut text = String::new();
        for (kind, lines) in [("gauge", gauges.as_slice()), ("counter", counters.as_slice())] {
            for (name, help, value) in lines {
                // writing to a string does not fail
                let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}");
            }
        }
        self.write_tallies(&mut text);
        text
    }

    fn write_tallies(&self, text: &mut String) {
        // the lines of a metric stand together
        let mut lines: BTreeMap<(&str, &str, &str), Vec<Line<'_>>> = BTreeMap::new();
        for tally in &self.tallies {
            let (name, help, label, oldest) = metrics(tally.what);
            let value = escaped(&tally.label);
            lines.entry((name, "gauge", help)).or_default().push((label, value.clone(), tally.count));
            if let Some(oldest) = oldest {
                let help = "for how long the oldest of them has waited";
                lines.entry((oldest, "gauge", help)).or_default().push((label, value, tally.oldest_ms));
            }
        }
        let errors =
            ("escrow_gateway_errors_by_kind_total", "counter", "calls of the gateway that failed, by kind");
        for (kind, count) in &self.gateway_errors {
            lines.entry(errors).or_default().push(("kind", escaped(kind), *count));
        }
        for ((name, kind, help), values) in lines {
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
            for (label, value, count) in values {
                let _ = writeln!(text, "{name}{{{label}=\"{value}\"}} {count}");
            }
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) commands: AtomicU64,
    pub(crate) rejected: AtomicU64,
    pub(crate) conflicts: AtomicU64,
    pub(crate) storage_errors: AtomicU64,
    pub(crate) gateway_errors: AtomicU64,
    pub(crate) refused_facts: AtomicU64,
    pub(crate) woken: AtomicU64,
    pub(crate) asked: AtomicU64,
    pub(crate) delivered: AtomicU64,
    pub(crate) undelivered: AtomicU64,
    by_kind: Mutex<BTreeMap<&'static str, u64>>,
}

pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

impl Counters {
    /// A call of the gateway has failed.
    pub(crate) fn gateway_error(&self, kind: TransactionKind) {
        count(&self.gateway_errors);
        let mut by_kind = self.by_kind.lock().unwrap_or_else(PoisonError::into_inner);
        let so_far = by_kind.entry(kind.as_str()).or_default();
        *so_far = so_far.saturating_add(1);
    }

    pub(crate) fn gateway_errors(&self) -> BTreeMap<&'static str, u64> {
        self.by_kind.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn read(&self) -> Counts {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            commands: of(&self.commands),
            rejected: of(&self.rejected),
            conflicts: of(&self.conflicts),
            storage_errors: of(&self.storage_errors),
            gateway_errors: of(&self.gateway_errors),
            refused_facts: of(&self.refused_facts),
            woken: of(&self.woken),
            asked: of(&self.asked),
            delivered: of(&self.delivered),
            undelivered: of(&self.undelivered),
        }
    }
}
