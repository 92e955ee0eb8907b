//! What things take: in memory, and as JSON. A line is a kind, a name and figures, for the report.
//! `footprint.rs` has whole deals with what they hold.

use escrow::wire::Envelope;
use escrow::{Command, Deal, Event, Recorded, Rejection, Terms, Transition};
use serde::Serialize;

use crate::{evolve, floor, support};

pub fn print() {
    in_memory();
    println!();
    stored();
    println!();
}

fn in_memory() {
    println!("bytes in memory: memory, a type, its size");
    memory("Deal", size_of::<Deal>());
    memory("Terms", size_of::<Terms>());
    memory("Transition", size_of::<Transition>());
    memory("Recorded", size_of::<Recorded>());
    memory("Event", size_of::<Event>());
    memory("Command", size_of::<Command>());
    memory("Rejection", size_of::<Rejection>());
    memory("B0: Deal", size_of::<floor::Deal>());
    memory("B1: State", size_of::<evolve::State>());
    memory("B1: Recorded", size_of::<evolve::Recorded>());
    memory("B1: Events", size_of::<evolve::Events>());
}

fn memory(name: &str, bytes: usize) {
    println!("memory    {name:<36} {bytes:>6}");
}

fn stored() {
    let (mut deal, events) = support::proposed(&support::terms());
    println!("bytes stored: what, its name, as JSON; envelopes also without long texts of the host");
    println!("terms     {:<24} {:>6}", "terms", size(&**deal.terms()));
    step(&deal, "0 propose", &events);
    for support::Step { name, command, context } in support::happy_path() {
        let events = support::run(&mut deal, &command, &context);
        step(&deal, name, &events);
    }
    println!("snapshot  {:<24} {:>6}", "the whole deal", size(&deal));
}

fn step(deal: &Deal, name: &str, events: &[Recorded]) {
    println!("state     {name:<24} {:>6}", size(&deal.state()));
    let before = deal.version() - events.len() as u64;
    for envelope in Envelope::wrap(deal, before, events, deal.last_at()) {
        let value = serde_json::to_value(&envelope.event).expect("an event is JSON");
        let whole = size(&envelope);
        let without = whole - texts(&envelope.event);
        println!("envelope  {:<24} {whole:>6} {without:>6}", value["type"].as_str().unwrap_or("?"));
    }
}

/// Texts of the host that are long by nature, as in `tests/core/sizes.rs`: the terms, URLs, digests and paths of files.
fn texts(event: &Event) -> usize {
    let of = |texts: &[&str]| texts.iter().map(|text| text.len()).sum();
    match event {
        Event::Proposed { terms, .. } => size(&**terms),
        Event::PaymentRequested { form, .. } => {
            of(&[&form.return_urls.success_url, &form.return_urls.fail_url])
        }
        Event::Submitted { revision, .. } => of(&[&revision.preview, &revision.original, &revision.digest]),
        _ => of(&[]),
    }
}

fn size<T: Serialize>(value: &T) -> usize {
    serde_json::to_vec(value).expect("it is JSON").len()
}
