//! One picture: what a command costs with each peer, and what it does not depend on.

use std::fmt::Write;

use crate::rows::Rows;
use crate::tables::{COMMANDS, FEES, HISTORY, ITEMS, PEERS, grouped, time};

const INK: &str = "#24292f";
const FAINT: &str = "#d0d7de";
const GREY: &str = "#8c959f";
const BLUE: &str = "#0969da";
const ORANGE: &str = "#bc4c00";

pub fn svg(rows: &Rows) -> Result<String, String> {
    let mut out = String::from(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 860 560\" font-family=\"sans-serif\" font-size=\"13\">\n\
         <rect width=\"860\" height=\"560\" fill=\"#ffffff\"/>\n",
    );
    peers(&mut out, rows)?;
    let lines = |path: &str, arguments: &[u32], label, colour| {
        Ok::<Series, String>((rows.series(path, arguments)?, label, colour))
    };
    let history = [
        lines("history/post", &HISTORY, "post", BLUE)?,
        lines("history/rejection", &HISTORY, "refusal", ORANGE)?,
    ];
    let items =
        [lines("items/accept", &ITEMS, "accept", BLUE)?, lines("items/start", &ITEMS, "start", ORANGE)?];
    let fees = [lines("fees/accept", &FEES, "accept", BLUE)?];
    let title = ["escrow, over the history", "escrow, over the items", "escrow, over the fees"];
    let log = |n: f64| n.ln();
    panel(&mut out, 70.0, title[0], "events before (logarithmic)", &HISTORY, log, &history);
    panel(&mut out, 355.0, title[1], "items (logarithmic)", &ITEMS, log, &items);
    panel(&mut out, 640.0, title[2], "fees", &FEES, |n| n, &fees);
    out.push_str("</svg>\n");
    Ok(out)
}

/// Dots, since a bar over logarithms says nothing by its length.
fn peers(out: &mut String, rows: &Rows) -> Result<(), String> {
    let mut values = Vec::new();
    for (peer, name) in PEERS {
        values.push((peer, name, rows.median(&format!("happy_path/{peer}"))? / COMMANDS));
    }
    values.sort_by(|a, b| a.2.total_cmp(&b.2));
    let (left, width, top, step) = (240.0, 510.0, 46.0, 28.0);
    let decades = |f: fn(f64, f64) -> f64, first| values.iter().map(|v| v.2.log10()).fold(first, f);
    let (low, high) = (decades(f64::min, f64::MAX).floor(), decades(f64::max, f64::MIN));
    let x = |ns: f64| left + width * (ns.log10() - low) / (high - low);
    let bottom = top + step * 7.0;
    text(out, 20.0, 28.0, "start", INK, 16, "What a command of the happy path takes (median, logarithmic)");
    let mut tick = 10f64.powf(low);
    while tick <= 10f64.powf(high) {
        line(out, [x(tick), top, x(tick), bottom], FAINT);
        let label = if tick < 1e3 { format!("{tick:.0} ns") } else { format!("{:.0} µs", tick / 1e3) };
        text(out, x(tick), bottom + 18.0, "middle", INK, 12, &label);
        tick *= 10.0;
    }
    for ((peer, name, ns), y) in values.iter().zip((0u32..).map(|i| top + step * (0.5 + f64::from(i)))) {
        let colour = if *peer == "Ours" { BLUE } else { GREY };
        line(out, [left, y, x(*ns), y], colour);
        let _ = writeln!(out, "<circle cx=\"{:.1}\" cy=\"{y:.1}\" r=\"6\" fill=\"{colour}\"/>", x(*ns));
        text(out, left - 10.0, y + 4.5, "end", INK, 13, name);
        figure(out, x(*ns) + 12.0, y, &time(*ns));
    }
    Ok(())
}

/// A figure on white, so that no line of the grid goes through it.
fn figure(out: &mut String, x: f64, y: f64, label: &str) {
    let above = y - 9.0;
    let _ =
        writeln!(out, "<rect x=\"{x:.1}\" y=\"{above:.1}\" width=\"62\" height=\"18\" fill=\"#ffffff\"/>");
    text(out, x + 2.0, y + 4.5, "start", INK, 13, label);
}

type Series = (Vec<(f64, f64)>, &'static str, &'static str);

fn panel(
    out: &mut String,
    left: f64,
    title: &str,
    axis: &str,
    ticks: &[u32],
    place: fn(f64) -> f64,
    series: &[Series],
) {
    let (width, top, bottom) = (190.0, 330.0, 480.0);
    let points = || series.iter().flat_map(|(points, ..)| points.iter());
    let highest = points().map(|point| point.1).fold(0.0, f64::max);
    // a round step, so that there are two to five
    let step = [10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4];
    let step = step.into_iter().find(|step| highest / step <= 5.0).unwrap_or(highest);
    let high = (highest / step).ceil() * step;
    let (first, last) = (ticks.first().copied().unwrap_or(0), ticks.last().copied().unwrap_or(1));
    let (first, last) = (place(first.into()), place(last.into()));
    let x = |n: f64| left + width * (place(n) - first) / (last - first);
    let y = |ns: f64| bottom - (bottom - top) * ns / high;
    text(out, left - 50.0, top - 22.0, "start", INK, 14, title);
    let mut ns = 0.0;
    while ns <= high * 1.01 {
        line(out, [left, y(ns), left + width, y(ns)], FAINT);
        text(
            out,
            left - 8.0,
            y(ns) + 4.0,
            "end",
            INK,
            12,
            &time(ns).replace(".00 ", " ").replace(".0 ", " "),
        );
        ns += step;
    }
    for tick in ticks {
        text(out, x((*tick).into()), bottom + 18.0, "middle", INK, 12, &grouped(*tick));
    }
    text(out, left + width / 2.0, bottom + 38.0, "middle", INK, 12, axis);
    for ((points, label, colour), key) in series.iter().zip(0u32..) {
        let path: Vec<String> = points.iter().map(|(n, ns)| format!("{:.1},{:.1}", x(*n), y(*ns))).collect();
        let path = path.join(" ");
        let _ = writeln!(
            out,
            "<polyline points=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>"
        );
        for (n, ns) in points {
            let _ =
                writeln!(out, "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\" fill=\"{colour}\"/>", x(*n), y(*ns));
        }
        let at = left + f64::from(key) * 95.0;
        text(out, at, bottom + 62.0, "start", colour, 12, &format!("● {label}"));
    }
}

fn text(out: &mut String, x: f64, y: f64, anchor: &str, colour: &str, size: u8, text: &str) {
    let _ = writeln!(
        out,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"{colour}\" font-size=\"{size}\">{text}</text>"
    );
}

fn line(out: &mut String, [x1, y1, x2, y2]: [f64; 4], colour: &str) {
    let _ = writeln!(
        out,
        "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"{colour}\"/>"
    );
}
