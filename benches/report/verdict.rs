//! What was wanted, and whether it is so.

use std::fmt::Write;

use crate::rows::Rows;
use crate::sizes::Sizes;
use crate::tables::{COMMANDS, HISTORY, ITEMS, STEPS, figure};

/// A target: at most, or at least.
struct Target {
    what: String,
    measured: f64,
    limit: f64,
    at_least: bool,
    unit: &'static str,
}

/// The targets, and how many were missed.
pub fn verdict(rows: &Rows, sizes: &Sizes) -> Result<(String, usize), String> {
    let targets = targets(rows, sizes)?;
    let mut table = String::from("**Targets**\n\n| target | wanted | measured | |\n|---|---:|---:|---|\n");
    let mut missed = 0;
    for Target { what, measured, limit, at_least, unit } in targets {
        let passed = if at_least { measured >= limit } else { measured <= limit };
        missed += usize::from(!passed);
        let (sign, word) = (if at_least { '≥' } else { '≤' }, if passed { "pass" } else { "FAIL" });
        let (limit, measured) = (figure(limit), figure(measured));
        let _ = writeln!(table, "| {what} | {sign} {limit}{unit} | {measured}{unit} | {word} |");
    }
    Ok((table, missed))
}

fn targets(rows: &Rows, sizes: &Sizes) -> Result<Vec<Target>, String> {
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
        at_most(
            "the slowest single command: 120 ns where one of B0 takes 8.5",
            slowest,
            120.0 * (b0 / COMMANDS / 8.5),
            " ns",
        ),
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
        at_most(
            "largest envelope without the host's long texts, JSON",
            sizes.largest("envelope", 1)?,
            400.0,
            " B",
        ),
        at_most("largest state of the happy path, JSON", sizes.largest("state", 0)?, 1_536.0, " B"),
    ]);
    Ok(targets)
}

fn worst(series: &[(f64, f64)]) -> f64 {
    series.iter().map(|(_, median)| *median).fold(0.0, f64::max)
}
