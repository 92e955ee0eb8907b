//! The machines beside the deal. A history from bytes keeps every law of `crates/escrow-market/tests/market/machines`. Then
//! what is stored of it is tampered with: the state, or the journal, is refused, or is sound, is written as it was read, and
//! keeps the laws under every further command. What it tells others is written as it is read.
//!
//! The bytes: which machine, of which kind, how much is tampered with and how (four bytes), and six for every step.
#![no_main]

#[path = "../../crates/escrow-market/tests/market/machines/laws.rs"]
mod laws;
mod mutate;
#[path = "../../crates/escrow-market/tests/market/machines/play.rs"]
mod play;

use std::fmt::Debug;

use escrow::port::Aggregate;
use escrow::{Context, Recorded, Time, TxId};
use escrow_market::notice::{MachineNotice, machine_notices};
use escrow_market::{Balance, Basket, Follow, Offer, PayeeProfile, Project, Store, Subscription};
use libfuzzer_sys::fuzz_target;
use play::{Choice, Play, Steps};
use serde::Serialize;
use serde::de::DeserializeOwned;

fuzz_target!(|bytes: &[u8]| {
    let Some((&[machine, kind, much, a, b, c, d], steps)) = bytes.split_first_chunk() else { return };
    let steps = read(steps);
    let story = Story { kind, steps, much, seed: u32::from_le_bytes([a, b, c, d]) };
    match machine % 7 {
        0 => story.tell::<Balance>(orders, |_, _| Vec::new()),
        1 => story.tell::<Basket>(orders, |basket, told| {
            let follows = basket.follows(&told.event);
            machine_notices(basket, told)
                .map(|notice| json(&notice))
                .chain(follows.iter().map(json))
                .collect()
        }),
        2 => story.tell::<Offer>(orders, |_, _| Vec::new()),
        3 => story.tell::<PayeeProfile>(|_| (), |_, _| Vec::new()),
        4 => story.tell::<Project>(orders, |project, told| {
            let follows = project.follows(&told.event);
            machine_notices(project, told).map(|notice| json(&notice)).chain(follows.iter().map(json)).collect()
        }),
        5 => story.tell::<Store>(orders, |_, _| Vec::new()),
        _ => story.tell::<Subscription>(orders, |_, _| Vec::new()),
    }
});

const MOST: usize = 40;

/// Often at once, sometimes a little back, sometimes days later.
fn read(bytes: &[u8]) -> Steps {
    let wait = |unit: u8, number: u16| match unit % 4 {
        0 => i32::from(number % 30),
        1 => -i32::from(number % 30),
        2 => i32::from(number % 7_200),
        _ => i32::from(number) * 13,
    };
    let steps = bytes.as_chunks::<6>().0.iter().take(MOST);
    let step = |&[kind, content, who, unit, low, high]: &[u8; 6]| {
        (Choice { kind, content, who }, wait(unit, u16::from_le_bytes([low, high])))
    };
    steps.map(step).collect()
}

struct Story {
    kind: u8,
    steps: Steps,
    much: u8,
    seed: u32,
}

/// What an event tells others, as JSON.
type News<M> = fn(&M, &Recorded<<M as escrow::Machine>::Event>) -> Vec<String>;

impl Story {
    fn tell<M: Play>(&self, also: fn(&M), news: News<M>) {
        if self.much == 0 {
            return self.is_lawful::<M>();
        }
        let (first, rest) = self.steps.split_at(self.steps.len() / 2);
        let Ok((machine, journal)) = laws::play::<M>(self.kind, &first.to_vec(), |_, _, _, _, _| Ok(()))
        else {
            return;
        };
        journal.iter().flat_map(|told| news(&machine, told)).for_each(|text| self.written_back(&text));
        let tampered = |value: Result<serde_json::Value, _>| {
            mutate::tamper(value.expect("what was played can be written"), self.much % 8, self.seed)
        };
        let read: Option<M> = if self.much > 200 {
            let journal = serde_json::from_value(tampered(serde_json::to_value(&journal))).ok();
            journal.and_then(|journal: Vec<Recorded<M::Event>>| machine.replay(&journal))
        } else {
            serde_json::from_value(tampered(serde_json::to_value(&machine))).ok()
        };
        let Some(mut machine) = read else { return };
        let mut now = machine.last_at();
        look(&machine, also);
        laws::time_goes_on(&machine);
        for (choice, wait) in rest {
            let wait_s = wait.unsigned_abs();
            now = if *wait < 0 { now.minus_secs(wait_s) } else { now.plus_secs(wait_s) };
            let (command, actor) = machine.step(*choice, now);
            obeys(&mut machine, &command, &Context::new(now, actor));
            look(&machine, also);
        }
    }

    fn is_lawful<M: Play>(&self) {
        for law in [
            laws::replay_equals_live::<M>,
            laws::a_repeated_command_does_nothing::<M>,
            laws::a_rejection_changes_nothing::<M>,
            laws::events_are_counted_and_in_order::<M>,
            laws::waking_changes_only_the_promptness::<M>,
            laws::snapshots_round_trip::<M>,
        ] {
            let (kind, steps) = (self.kind, &self.steps);
            law(kind, steps).unwrap_or_else(|broken| panic!("{broken}\n{kind} {steps:?}"));
        }
    }

    /// News, as they are and tampered with.
    fn written_back(&self, text: &str) {
        let value = serde_json::from_str(text).expect("JSON");
        for text in [text.to_owned(), mutate::tamper(value, self.much % 8, self.seed).to_string()] {
            is_written_back::<Follow>(&text);
            is_written_back::<MachineNotice>(&text);
        }
    }
}

fn look<M: Play>(machine: &M, also: fn(&M)) {
    assert!(machine.is_sound(), "{machine:?}");
    let written = json(machine);
    let again: M = serde_json::from_str(&written).unwrap_or_else(|error| panic!("{error}: {written}"));
    assert_eq!(&again, machine);
    also(machine);
}

/// A command, as it is judged; and as it is judged where whatever is due has fired before.
fn obeys<M: Play>(machine: &mut M, command: &M::Command, context: &Context) {
    let before = machine.clone();
    let result = machine.handle(command, context);
    match &result {
        Err(_) => assert_eq!(*machine, before, "{command:?} is refused"),
        Ok(transition) => {
            let count = u64::try_from(transition.events().len()).expect("a count");
            assert_eq!(before.version().saturating_add(count), machine.version());
            let ordered = transition.events().is_sorted_by_key(|recorded| recorded.at);
            let first = transition.events().first().is_none_or(|first| first.at >= before.last_at());
            assert!(ordered && first, "time ran backwards: {:?}", transition.events());
            let again = machine.decide(command, context).map(|again| again.is_empty());
            assert_eq!(again, Ok(true), "{command:?} again on {machine:?}");
        }
    }
    let now: Time = context.now.max(before.last_at());
    let wake = |machine: &mut M| machine.handle(&M::wake(), &Context::clock(now)).map(drop);
    let (mut woken, mut late) = (before, machine.clone());
    assert_eq!(wake(&mut woken), Ok(()));
    assert_eq!(
        woken.handle(command, context).map(drop),
        result.map(drop),
        "{command:?} to one that was woken"
    );
    assert_eq!(wake(&mut late), Ok(()));
    assert_eq!(late, woken, "{command:?}");
}

/// What the agent asks of every machine.
fn orders<M: Aggregate>(machine: &M) {
    machine.audit().expect("sound");
    let _ = (machine.listing(), machine.next_number());
    let mut from = Some(TxId::new(0));
    while let Some(order) = from.and_then(|from| machine.unanswered_from(from)) {
        assert!(Some(order.number()) >= from, "an order of before");
        from = order.number().number().checked_add(1).map(TxId::new);
    }
}

fn is_written_back<T: Serialize + DeserializeOwned + PartialEq + Debug>(text: &str) {
    let Ok(read) = serde_json::from_str::<T>(text) else { return };
    assert_eq!(serde_json::from_str::<T>(&json(&read)).expect("what is written can be read"), read);
}

fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("it can be written")
}
