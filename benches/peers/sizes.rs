//! What things take: in memory, as JSON and in compact form. A line is a kind, a name and figures, for the report.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use escrow::wire::Envelope;
use escrow::wire::compact::{self, Stored};
use escrow::{Command, Deal, Event, Recorded, Rejection, Terms, Transition};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{evolve, floor, support};

pub fn print() {
    in_memory();
    println!();
    stored();
    println!();
}

fn in_memory() {
    let closed = support::completed();
    // counted where they lie, behind the pointer
    let (all, terms) = (held(&closed), held(closed.terms()));
    println!("bytes in memory: memory, a type, its size");
    memory("Deal", size_of::<Deal>());
    memory("Deal: what it holds on the heap", all - terms);
    memory("Terms", size_of::<Terms>());
    memory("Terms, with all they hold", terms);
    memory("Deal and Terms, with all they hold", size_of::<Deal>() + all);
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
    println!(
        "bytes stored: what, its name, as JSON, in compact form; envelopes also without long texts of the host"
    );
    println!("terms     {:<24} {}", "terms", Size::of(&**deal.terms()));
    step(&deal, "0 propose", &events);
    for support::Step { name, command, context } in support::happy_path() {
        let events = support::run(&mut deal, &command, &context);
        step(&deal, name, &events);
    }
    println!("snapshot  {:<24} {}", "the whole deal", Size::of(&deal));
}

fn step(deal: &Deal, name: &str, events: &[Recorded]) {
    println!("state     {name:<24} {}", Size::of(&deal.state()));
    let before = deal.version() - events.len() as u64;
    for envelope in Envelope::wrap(deal, before, events, deal.last_at()) {
        let value = serde_json::to_value(&envelope.event).expect("an event is JSON");
        let size = Size::of(&envelope);
        let without = size.less(texts(&envelope.event));
        println!("envelope  {:<24} {size} {without}", value["type"].as_str().unwrap_or("?"));
    }
}

/// Texts of the host that are long by nature, as in `tests/sizes.rs`: the terms, URLs, digests and paths of files.
fn texts(event: &Event) -> Size {
    let of = |texts: &[&str]| {
        let bytes = texts.iter().map(|text| text.len()).sum();
        Size { json: bytes, compact: bytes }
    };
    match event {
        Event::Proposed { terms, .. } => Size::of(&**terms),
        Event::PaymentRequested { form, .. } => {
            of(&[&form.return_urls.success_url, &form.return_urls.fail_url])
        }
        Event::Submitted { revision, .. } => of(&[&revision.preview, &revision.original, &revision.digest]),
        _ => of(&[]),
    }
}

struct Size {
    json: usize,
    compact: usize,
}

impl Size {
    fn of<T: Stored + Serialize>(value: &T) -> Self {
        Self {
            json: json(value).len(),
            compact: compact::to_vec(value).expect("it has a compact form").len(),
        }
    }

    fn less(&self, other: Self) -> Self {
        Self { json: self.json - other.json, compact: self.compact - other.compact }
    }
}

impl std::fmt::Display for Size {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:>6} {:>6}", self.json, self.compact)
    }
}

fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("it is JSON")
}

// --- the heap ----------------------------------------------------------------------------------------------------

/// What a fresh copy holds on the heap, in bytes.
fn held<T: Serialize + DeserializeOwned>(value: &T) -> usize {
    let bytes = json(value);
    HELD.store(0, Ordering::Relaxed);
    COUNTS.store(true, Ordering::Relaxed);
    let copy = serde_json::from_slice::<T>(&bytes).expect("it decodes");
    COUNTS.store(false, Ordering::Relaxed);
    drop(copy);
    HELD.load(Ordering::Relaxed)
}

static COUNTS: AtomicBool = AtomicBool::new(false);
static HELD: AtomicUsize = AtomicUsize::new(0);

/// The system's allocator. It counts for [`held`] alone: in what is timed it reads one flag.
pub struct Counting;

// SAFETY: every call goes to the system's allocator as it came; counting neither allocates nor panics.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 0);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size, layout.size());
        // SAFETY: as the caller promises.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(0, layout.size());
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }
}

fn count(more: usize, less: usize) {
    if COUNTS.load(Ordering::Relaxed) {
        HELD.fetch_add(more.wrapping_sub(less), Ordering::Relaxed);
    }
}
