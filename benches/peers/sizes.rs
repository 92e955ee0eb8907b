//! What things take: in memory, and as JSON.

use escrow::deal::Parts;
use escrow::wire::Envelope;
use escrow::{Command, Deal, Event, Recorded, Rejection, Terms, Transition};
use serde::Serialize;

use crate::{evolve, floor, support};

pub fn print() {
    in_memory();
    println!();
    as_json();
    println!();
}

fn in_memory() {
    let sizes = [
        ("Deal", size_of::<Deal>()),
        ("Terms", size_of::<Terms>()),
        ("Transition", size_of::<Transition>()),
        ("Recorded", size_of::<Recorded>()),
        ("Event", size_of::<Event>()),
        ("Command", size_of::<Command>()),
        ("Rejection", size_of::<Rejection>()),
        ("floor: Deal", size_of::<floor::Deal>()),
        ("evolve: State", size_of::<evolve::State>()),
        ("evolve: Recorded", size_of::<evolve::Recorded>()),
        ("evolve: Events", size_of::<evolve::Events>()),
    ];
    println!("bytes in memory");
    for (name, bytes) in sizes {
        println!("{bytes:>6}  {name}");
    }
}

fn as_json() {
    let (mut deal, events) = support::proposed(&support::terms());
    println!("bytes of JSON: the state after each command, and the envelopes of its events");
    print_step(&deal, "0 propose", 0, &events);
    for step in support::happy_path() {
        let before = deal.version();
        let events = support::run(&mut deal, &step.command, &step.context);
        print_step(&deal, step.name, before, &events);
    }
    println!("{:>6}  the whole snapshot", json(&deal));
}

fn print_step(deal: &Deal, name: &str, before: u64, events: &[Recorded]) {
    let Parts { state, .. } = deal.parts();
    println!("{:>6}  {name}", json(&state));
    for envelope in Envelope::wrap(deal, before, events, deal.last_at()) {
        let value = serde_json::to_value(&envelope.event).expect("an event is JSON");
        println!("{:>12}  {}", json(&envelope), value["type"].as_str().unwrap_or("?"));
    }
}

fn json(value: &impl Serialize) -> usize {
    serde_json::to_vec(value).expect("it is JSON").len()
}
