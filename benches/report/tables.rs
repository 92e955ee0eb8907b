//! The tables: what was measured.

use std::fmt::Write;

use crate::rows::{Row, Rows};
use crate::sizes::{Size, Sizes};

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
pub const STEPS: [u32; 8] = [1, 2, 3, 4, 5, 6, 7, 8];
const NAMES: [&str; 8] = [
    "request_payment",
    "confirm_payment",
    "start",
    "submit",
    "accept",
    "answer (fee)",
    "answer (partner)",
    "answer (payout)",
];

/// The arguments of the rows that are read one by one.
pub const HISTORY: [u32; 4] = [20, 200, 2_000, 20_000];
pub const ITEMS: [u32; 4] = [1, 10, 50, 200];
pub const FEES: [u32; 5] = [0, 2, 4, 8, 16];
const PAYMENTS: [u32; 4] = [0, 10, 100, 1_000];
const EVENTS: [u32; 4] = [10, 100, 1_000, 10_000];

/// All the tables of times.
pub fn times(rows: &Rows) -> Result<String, String> {
    let tables = [
        of_peers(rows, "A command of the happy path", "happy_path", COMMANDS)?,
        commands(rows)?,
        of_peers(rows, "A refusal", "rejection", 1.0)?,
        growth(rows)?,
        replay(rows)?,
        rest(rows)?,
    ];
    Ok(tables.join("\n"))
}

fn head(title: &str, columns: &[&str]) -> String {
    // the first column is words
    let marks = format!("|---|{}", "---:|".repeat(columns.len().saturating_sub(1)));
    format!("**{title}**\n\n| {} |\n{marks}\n", columns.join(" | "))
}

/// The same work by each peer, with ratios and allocations; of so many commands, what one takes.
fn of_peers(rows: &Rows, title: &str, path: &str, parts: f64) -> Result<String, String> {
    let mut table = head(title, &["with", "median", "× B0", "× B1", "allocations"]);
    for (peer, name) in PEERS {
        let name = if peer == "Ours" { format!("**{name}**") } else { name.to_owned() };
        line(&mut table, rows, &name, &format!("{path}/{peer}"), parts)?;
    }
    Ok(table)
}

fn line(table: &mut String, rows: &Rows, what: &str, path: &str, parts: f64) -> Result<(), String> {
    let row = rows.row(path)?;
    let ratio = |base: &str| match beside(row, base).and_then(|path| rows.find(&path)) {
        Some(base) => format!("{:.2}", row.median / base.median),
        None => "–".to_owned(),
    };
    let (b0, b1) = (ratio("Floor"), ratio("Evolve"));
    let (median, allocations) = (time(row.median / parts), figure(row.allocations / parts));
    let _ = writeln!(table, "| {what} | {median} | {b0} | {b1} | {allocations} |");
    Ok(())
}

/// Command by command, with the allocations of each of the three.
fn commands(rows: &Rows) -> Result<String, String> {
    let columns = ["command", "B0", "B1", "escrow", "× B0", "× B1", "allocations: B0", "B1", "escrow"];
    let mut table = head("Each command", &columns);
    for (step, name) in STEPS.iter().zip(NAMES) {
        let [b0, b1, ours] =
            ["Floor", "Evolve", "Ours"].map(|peer| rows.row(&format!("command/{peer}/{step}")));
        let (b0, b1, ours) = (b0?, b1?, ours?);
        let _ = writeln!(
            table,
            "| {name} | {} | {} | {} | {:.2} | {:.2} | {} | {} | {} |",
            time(b0.median),
            time(b1.median),
            time(ours.median),
            ours.median / b0.median,
            ours.median / b1.median,
            figure(b0.allocations),
            figure(b1.allocations),
            figure(ours.allocations),
        );
    }
    Ok(table)
}

/// One command over the size of something.
fn growth(rows: &Rows) -> Result<String, String> {
    let series: [(&str, &str, &str, &[u32]); 6] = [
        ("a post", "history/post", "events before", &HISTORY),
        ("a refusal", "history/rejection", "events before", &HISTORY),
        ("start", "items/start", "items", &ITEMS),
        ("accept", "items/accept", "items", &ITEMS),
        ("accept", "fees/accept", "fees", &FEES),
        ("a late payment, decided", "payments/late", "late payments before", &PAYMENTS),
    ];
    let mut table = "**What escrow's commands depend on**\n\n\
                     | command | over | medians |\n|---|---|---|\n"
        .to_owned();
    for (what, path, over, arguments) in series {
        let points = rows.series(path, arguments)?;
        let medians: Vec<String> = points.iter().map(|(_, median)| time(*median)).collect();
        let arguments: Vec<String> = arguments.iter().map(|n| grouped(*n)).collect();
        let _ = writeln!(table, "| {what} | {over}: {} | {} |", arguments.join(", "), medians.join(", "));
    }
    Ok(table)
}

/// Per event.
fn replay(rows: &Rows) -> Result<String, String> {
    let series = [
        ("replay/Evolve", "B1, messages"),
        ("replay/CqrsBare", "cqrs-es, messages"),
        ("replay/Ours", "**escrow, messages**"),
        ("replay/ours_all_kinds", "**escrow, events of all kinds**"),
        ("replay_json/ours", "**escrow, from JSON**"),
        ("replay_json/same_types", "its JSON decoded, and not replayed"),
        ("replay_json/mirror", "its JSON decoded into plain structs"),
    ];
    let columns = ["per event", "10 events", "100", "1 000", "10 000", "allocations, of 10 000"];
    let mut table = head("Replay", &columns);
    for (path, what) in series {
        let points = rows.series(path, &EVENTS)?;
        let each: Vec<String> = points.iter().map(|(n, median)| time(median / n)).collect();
        let allocations = figure(rows.row(&format!("{path}/10000"))?.allocations / 1e4);
        let _ = writeln!(table, "| {what} | {} | {allocations} |", each.join(" | "));
    }
    Ok(table)
}

fn rest(rows: &Rows) -> Result<String, String> {
    let lines = [
        ("snapshot/encode/Floor", "a closed deal to JSON: B0"),
        ("snapshot/encode/Evolve", "… B1"),
        ("snapshot/encode/CqrsBare", "… cqrs-es"),
        ("snapshot/encode/Ours", "… **escrow**"),
        ("snapshot/encode/state", "… **escrow**, the state alone"),
        ("snapshot/decode/Floor", "a closed deal from JSON: B0"),
        ("snapshot/decode/Evolve", "… B1"),
        ("snapshot/decode/CqrsBare", "… cqrs-es"),
        ("snapshot/decode/Ours", "… **escrow**"),
        ("snapshot/decode_mirror", "… escrow's, into plain structs"),
        ("split/raw", "a three-way split: raw integers"),
        ("split/ours", "… **escrow**'s `Money` and `Rate`"),
        ("split/settle", "… **escrow**'s `settle`, all of an ending"),
    ];
    let mut table = head("Snapshots and arithmetic", &["what", "median", "× B0", "× B1", "allocations"]);
    for (path, what) in lines {
        line(&mut table, rows, what, path, 1.0)?;
    }
    Ok(table)
}

/// In memory, and stored.
pub fn bytes(sizes: &Sizes) -> Result<String, String> {
    let columns = ["one deal", "itself", "on the heap", "in blocks", "snapshot as JSON", "journal as JSON"];
    let mut deals = head("Bytes of one deal, with its terms", &columns);
    for size in sizes.of("deal")? {
        let bold = if size.name.starts_with("escrow") { "**" } else { "" };
        row(&mut deals, &format!("{bold}{}{bold}", size.name), &size.bytes, columns.len());
    }
    let mut types = head("Bytes of types", &["type", "bytes"]);
    for size in sizes.of("memory")? {
        row(&mut types, &size.name, &size.bytes, 2);
    }
    let columns = ["what", "as JSON", "less the host's long texts"];
    let mut stored = head("Bytes stored", &columns);
    for Size { kind, name, bytes } in &sizes.0 {
        let what = match kind.as_str() {
            "state" => format!("**the state after {name}**"),
            "envelope" => format!("envelope: {name}"),
            "memory" | "deal" => continue,
            _ => name.clone(),
        };
        row(&mut stored, &what, bytes, columns.len());
    }
    Ok([deals, types, stored].join("\n"))
}

/// A name and figures, with blanks for those that are missing.
fn row(table: &mut String, name: &str, bytes: &[u32], columns: usize) {
    let _ = write!(table, "| {name} |");
    for i in 1..columns {
        let figure = bytes.get(i - 1).map(|bytes| grouped(*bytes)).unwrap_or_default();
        let _ = write!(table, " {figure} |");
    }
    table.push('\n');
}

/// The path of the same work, done by another peer.
fn beside(row: &Row, peer: &str) -> Option<String> {
    let is_peer = |part: &str| PEERS.iter().any(|(name, _)| *name == part);
    let parts: Vec<&str> = row.path.split('/').collect();
    let at = parts.iter().position(|part| is_peer(part))?;
    let parts = parts.iter().enumerate().map(|(i, part)| if i == at { peer } else { part });
    Some(parts.collect::<Vec<_>>().join("/"))
}

/// Two decimals, where there are any.
pub fn figure(figure: f64) -> String {
    let text = format!("{figure:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A space between the thousands.
pub fn grouped(n: u32) -> String {
    if n < 1_000 { n.to_string() } else { format!("{} {:03}", grouped(n / 1_000), n % 1_000) }
}

/// A figure and a unit.
pub fn time(ns: f64) -> String {
    match ns {
        ns if ns < 1e3 => format!("{ns:.1} ns"),
        ns if ns < 1e6 => format!("{:.2} µs", ns / 1e3),
        ns => format!("{:.2} ms", ns / 1e6),
    }
}
