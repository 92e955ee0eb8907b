//! The tables: what was measured, and what was wanted.

use std::fmt::Write;

use crate::rows::{Row, Rows};

/// The peers' names in the paths, from the barest to the fullest.
pub const PEERS: [(&str, &str); 7] = [
    ("Floor", "B0: by hand, in place"),
    ("Evolve", "B1: by hand, decide and evolve"),
    ("Ours", "escrow"),
    ("Statig", "statig"),
    ("RustFsm", "rust-fsm"),
    ("CqrsBare", "cqrs-es, bare"),
    ("CqrsStore", "cqrs-es, with a store"),
];

/// Commands of the happy path.
pub const COMMANDS: f64 = 8.0;

/// The arguments of the rows that are read one by one.
pub const HISTORY: [u32; 4] = [20, 200, 2_000, 20_000];
pub const ITEMS: [u32; 4] = [1, 10, 50, 200];
pub const FEES: [u32; 5] = [0, 2, 4, 8, 16];
const STEPS: [u32; 8] = [1, 2, 3, 4, 5, 6, 7, 8];

/// Medians, ratios to B0 and B1 where they do the same, and allocations.
pub fn measured(rows: &Rows) -> Result<String, String> {
    let mut table = String::from(
        "| what | median | × B0 | × B1 | allocations |\n\
         |---|---:|---:|---:|---:|\n",
    );
    for (peer, name) in PEERS {
        let path = format!("happy_path/{peer}");
        let row = rows.find(&path).ok_or_else(|| format!("the input has no row {path}"))?;
        line(&mut table, rows, &format!("**happy path, per command: {name}**"), row, COMMANDS);
    }
    for row in rows.0.iter().filter(|row| !row.path.starts_with("happy_path/")) {
        line(&mut table, rows, &row.path.replace('/', " / "), row, 1.0);
    }
    Ok(table)
}

fn line(table: &mut String, rows: &Rows, what: &str, row: &Row, parts: f64) {
    let ratio = |base: &str| match beside(row, base).and_then(|path| rows.find(&path)) {
        Some(base) => format!("{:.2}", row.median / base.median),
        None => "–".to_owned(),
    };
    let (b0, b1) = (ratio("Floor"), ratio("Evolve"));
    let (median, allocations) = (time(row.median / parts), figure(row.allocations / parts));
    let _ = writeln!(table, "| {what} | {median} | {b0} | {b1} | {allocations} |");
}

/// The path of the same work, done by another peer.
fn beside(row: &Row, peer: &str) -> Option<String> {
    let is_peer = |part: &str| PEERS.iter().any(|(name, _)| *name == part);
    let parts: Vec<&str> = row.path.split('/').collect();
    let at = parts.iter().position(|part| is_peer(part))?;
    Some(
        parts
            .iter()
            .enumerate()
            .map(|(i, part)| if i == at { peer } else { part })
            .collect::<Vec<_>>()
            .join("/"),
    )
}

/// Two decimals, where there are any.
fn figure(figure: f64) -> String {
    let text = format!("{figure:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A figure and a unit.
pub fn time(ns: f64) -> String {
    match ns {
        ns if ns < 1e3 => format!("{ns:.1} ns"),
        ns if ns < 1e6 => format!("{:.2} µs", ns / 1e3),
        ns => format!("{:.2} ms", ns / 1e6),
    }
}

/// A target: at most, or at least.
struct Target {
    what: String,
    measured: f64,
    limit: f64,
    at_least: bool,
    unit: &'static str,
}

/// The targets, and how many were missed.
pub fn verdict(rows: &Rows) -> Result<(String, usize), String> {
    let targets = targets(rows)?;
    let mut table = String::from("| target | wanted | measured | |\n|---|---:|---:|---|\n");
    let mut missed = 0;
    for Target { what, measured, limit, at_least, unit } in targets {
        let passed = if at_least { measured >= limit } else { measured <= limit };
        missed += usize::from(!passed);
        let (sign, word) = (if at_least { '≥' } else { '≤' }, if passed { "pass" } else { "FAIL" });
        let limit = figure(limit);
        let _ = writeln!(table, "| {what} | {sign} {limit}{unit} | {measured:.2}{unit} | {word} |");
    }
    Ok((table, missed))
}

fn targets(rows: &Rows) -> Result<Vec<Target>, String> {
    let happy = |peer: &str| rows.median(&format!("happy_path/{peer}"));
    let (ours, b0) = (happy("Ours")?, happy("Floor")?);
    let slowest = worst(&rows.series("command/Ours", &STEPS)?);
    let over = |a: &str, b: &str| Ok::<f64, String>(rows.median(a)? / rows.median(b)?);
    let at_most = |what: &str, measured, limit, unit| Target {
        what: what.to_owned(),
        measured,
        limit,
        at_least: false,
        unit,
    };
    let at_least =
        |what: &str, measured, limit, unit| Target { at_least: true, ..at_most(what, measured, limit, unit) };
    let mut targets = vec![
        at_most("happy path, beside B0", ours / b0, 8.0, " ×"),
        at_most("happy path, beside B1", ours / happy("Evolve")?, 3.0, " ×"),
        at_most("the slowest single command", slowest, 120.0 * (b0 / COMMANDS / 8.5), " ns"),
        at_least("faster than cqrs-es, bare", happy("CqrsBare")? / ours, 2.0, " ×"),
        at_least("faster than cqrs-es with a store", happy("CqrsStore")? / ours, 20.0, " ×"),
        at_most("rejection, beside B0", over("rejection/Ours", "rejection/Floor")?, 2.0, " ×"),
    ];
    let flat = [
        ("a post, 20 to 20 000 events", "history/post", HISTORY),
        ("a rejection, 20 to 20 000 events", "history/rejection", HISTORY),
        ("a start, 1 to 200 items", "items/start", ITEMS),
        ("an acceptance, 1 to 200 items", "items/accept", ITEMS),
    ];
    for (what, path, arguments) in flat {
        let series = rows.series(path, &arguments)?;
        let least = series.iter().map(|(_, median)| *median).fold(f64::INFINITY, f64::min);
        targets.push(at_most(&format!("flat: {what}"), (worst(&series) / least - 1.0) * 100.0, 10.0, " %"));
    }
    for (what, peer) in [("messages", "Ours"), ("events of all kinds", "ours_all_kinds")] {
        let per_second = 1_000.0 / rows.median(&format!("replay/{peer}/1000"))? * 1e3;
        targets.push(at_least(&format!("replay of 1 000 {what}"), per_second, 50.0, " M/s"));
    }
    let json = |plain: &str| over("replay_json/ours/1000", &format!("replay_json/{plain}/1000"));
    targets.extend([
        at_most("JSON replay, beside decoding the same types", json("same_types")?, 1.3, " ×"),
        at_most("JSON replay, beside decoding plain structs", json("mirror")?, 1.3, " ×"),
        at_most(
            "snapshot decode, beside decoding plain structs",
            over("snapshot/decode/Ours", "snapshot/decode_mirror")?,
            1.3,
            " ×",
        ),
        at_most("three-way split, beside raw integers", over("split/ours", "split/raw")?, 2.0, " ×"),
    ]);
    Ok(targets)
}

fn worst(series: &[(f64, f64)]) -> f64 {
    series.iter().map(|(_, median)| *median).fold(0.0, f64::max)
}
