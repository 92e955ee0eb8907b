//! The table as people read it.

use std::fmt::Write as _;

use crate::table::statechart::{self};
use escrow::Role;
use escrow::deal::{CommandKind, Guard, Permit, PhaseKind, cell};

const LEGEND: &str = "\
Who may do what, in which phase. A role that a row does not name never may; one that a cell does not name may in
another phase. A number is a guard, listed below; of 1+2, both must hold.

B buyer  S seller  P partner  A arbiter  O operator  M moderator  G gateway  T tracker  C clock
";

#[test]
fn grid() {
    let mut guards = Vec::new();
    let mut rows = vec![header()];
    for kind in CommandKind::ALL {
        let mut row = vec![kind.to_string()];
        row.extend(PhaseKind::ALL.map(|phase| cell_text(kind, phase, &mut guards)));
        rows.push(row);
    }
    let widths: Vec<usize> = (0..=PhaseKind::ALL.len())
        .map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap())
        .collect();
    let mut out = String::from(LEGEND);
    for row in &rows {
        out.push('\n');
        let padded = row.iter().zip(&widths).map(|(text, width)| format!("{text:<width$}"));
        out.push_str(padded.collect::<Vec<_>>().join("  ").trim_end());
    }
    out.push_str("\n\n");
    for (index, guard) in guards.iter().enumerate() {
        let number = format!("[{}]", index + 1);
        writeln!(out, "{number:>4} {guard:?}, otherwise {}: {guard}", guard.code()).unwrap();
    }
    insta::assert_snapshot!("grid", out);
}

fn header() -> Vec<String> {
    let mut header = vec![String::new()];
    header.extend(PhaseKind::ALL.map(|phase| phase.to_string()));
    header
}

/// The roles that may, those with one guard together: `S O B[9]`.
fn cell_text(kind: CommandKind, phase: PhaseKind, guards: &mut Vec<Guard>) -> String {
    let mut always = String::new();
    let mut guarded: Vec<(Vec<Guard>, String)> = Vec::new();
    for role in Role::ALL {
        let if_all = match cell(kind, phase, role) {
            Permit::Always => {
                always.push(letter(role));
                continue;
            }
            Permit::If(guard) => vec![guard],
            Permit::Both(first, then) => vec![first, then],
            _ => continue,
        };
        match guarded.iter_mut().find(|(known, _)| *known == if_all) {
            Some((_, roles)) => roles.push(letter(role)),
            None => guarded.push((if_all, letter(role).to_string())),
        }
    }
    let mut parts = Vec::new();
    for (if_all, roles) in guarded {
        let mut number = |guard| {
            let known = guards.iter().position(|known| *known == guard);
            let index = known.unwrap_or_else(|| {
                guards.push(guard);
                guards.len() - 1
            });
            (index + 1).to_string()
        };
        let numbers: Vec<_> = if_all.into_iter().map(&mut number).collect();
        parts.push(format!("{roles}[{}]", numbers.join("+")));
    }
    if !always.is_empty() {
        parts.push(always);
    }
    if parts.is_empty() { "·".to_owned() } else { parts.join(" ") }
}

const fn letter(role: Role) -> char {
    match role {
        Role::Buyer => 'B',
        Role::Seller => 'S',
        Role::Partner => 'P',
        Role::Arbiter => 'A',
        Role::Operator => 'O',
        Role::Moderator => 'M',
        Role::Gateway => 'G',
        Role::Tracker => 'T',
        Role::Clock => 'C',
    }
}

#[test]
fn the_page_of_diagrams_is_current() {
    let kept = include_str!("../../../docs/statechart.md");
    let page = statechart::page();
    let line = kept.lines().zip(page.lines()).position(|(kept, drawn)| kept != drawn);
    assert!(
        kept == page,
        "docs/statechart.md differs at line {:?}; run `cargo run --example statechart > docs/statechart.md`",
        line.map(|line| line + 1)
    );
}
