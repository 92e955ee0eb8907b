//! What a host writes: bytes of envelopes, states, terms and snapshots, as JSON.
//! `cargo test --test core sizes -- --nocapture` prints them.

use std::collections::BTreeSet;
use std::fs;

use crate::bench_support::{
    answer, at, draft, happy_path, hold, party, proposed, proposer, rub, run, terms, with_events,
};
use escrow::deal::command::{Cancel, Wake};
use escrow::terms::Item;
use escrow::{Context, Deal, DealSummary, Envelope, Event, Recorded, Terms};
use escrow_testing::scenario::{self, Scenario};
use serde::Serialize;

fn size<T: Serialize>(value: &T) -> usize {
    serde_json::to_vec(value).unwrap().len()
}

const ENVELOPE: usize = 400;
const STATE: usize = 2_048;
/// A chargeback is told whole with each of its steps: what was disputed, when, what was lost, and of which deposits.
const CHARGEBACK: usize = 640;

/// Texts of the host that are long by nature: the terms, URLs, descriptions, digests, reasons, and where a payment is
/// to be looked for. What an envelope is apart from them is measured.
fn texts(event: &Event) -> usize {
    let of = |texts: &[&str]| texts.iter().map(|text| text.len()).sum();
    match event {
        Event::Proposed { terms, .. } => size(&**terms),
        // with the lists of what differs from the terms before
        Event::TermsAmended { terms, changed, deposits, .. } => size(&**terms) + size(&(changed, deposits)),
        Event::PaymentRequested { form, .. } => {
            of(&[&form.return_urls.success_url, &form.return_urls.fail_url])
        }
        Event::PaymentStated { gateway, reference, .. } => of(&[gateway, reference]),
        Event::Submitted { revision: r, .. } => of(&[&r.preview, &r.original, &r.digest]),
        Event::Attached { attachment: a } => of(&[&a.description, a.digest.as_deref().unwrap_or_default()]),
        Event::TrackingRecorded { checkpoint, .. } => of(&[&checkpoint.title]),
        Event::Remarked { remark } => of(&[remark]),
        Event::ChangesRequested { comment, .. } => of(&[comment]),
        Event::ChargeAdded { details, .. } => of(&[&details.reason]),
        Event::Cancelled { reason, .. }
        | Event::DisputeOpened { reason, .. }
        | Event::TransactionFailed { reason, .. } => of(&[reason]),
        _ => 0,
    }
}

fn kind(event: &Event) -> String {
    serde_json::to_value(event).unwrap()["type"].as_str().unwrap().to_owned()
}

fn measured(envelope: &Envelope) -> usize {
    let less = size(envelope) - texts(&envelope.event);
    let most = match envelope.event {
        Event::ChargebackRecorded { .. } => CHARGEBACK,
        _ => ENVELOPE,
    };
    assert!(less <= most, "{less}: {envelope:?}");
    less
}

fn digitless<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap().replace(|c: char| c.is_ascii_digit(), "")
}

#[test]
fn the_happy_path() {
    let (mut deal, events) = proposed(&terms());
    let show = |step: &str, deal: &Deal, events: &[Recorded], context: &Context| {
        let before = deal.version() - u64::try_from(events.len()).unwrap();
        for envelope in Envelope::wrap(deal, before, events, context.now) {
            let (whole, less) = (size(&envelope), measured(&envelope));
            println!("    {:<22} {whole:>5}   less texts {less:>4}", kind(&envelope.event));
        }
        let [state, whole, summary] = [size(&deal.state()), size(deal), size(&DealSummary::from(deal))];
        println!("{step}: state {state}, whole {whole}, summary {summary}");
        assert!(state <= STATE, "{step}: {}", serde_json::to_string(&deal.state()).unwrap());
    };
    println!("terms: {}", size(&*terms()));
    show("0 propose", &deal, &events, &proposer());
    for step in happy_path() {
        let events = run(&mut deal, &step.command, &step.context);
        show(step.name, &deal, &events, &step.context);
    }
}

/// Every event of the example scenarios, and of a hold: disputes with awards, chargebacks, guarantees on both sides.
#[test]
fn every_envelope() {
    let mut kinds = BTreeSet::new();
    let mut all = Vec::new();
    for file in fs::read_dir("examples/scenarios").unwrap() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        // several machines
        if text.contains("\"machines\":") {
            continue;
        }
        all.extend(scenario::run(&Scenario::from_json(&text).unwrap()).events);
    }
    let (mut deal, _) = proposed(&terms());
    let version = deal.version();
    let mut held = run(&mut deal, &hold(), &Context::gateway(at(60)));
    let due = deal.next_deadline().unwrap();
    held.extend(run(&mut deal, &Wake {}.into(), &Context::clock(due)));
    all.extend(Envelope::wrap(&deal, version, &held, at(61)));
    for envelope in &all {
        measured(envelope);
        kinds.insert(kind(&envelope.event));
    }
    println!("{} envelopes of {} kinds: {kinds:?}", all.len(), kinds.len());
    for kind in ["capture_ordered", "ruled", "award_accepted", "pot_cut", "claim_filed", "leg_credited"] {
        assert!(kinds.contains(kind), "no {kind}");
    }
    assert!(kinds.len() > 35, "{kinds:?}");
}

/// The items are the terms': not a byte of the state is about them.
#[test]
fn the_state_does_not_grow_with_items() {
    let states = [1, 2, 20, 200].map(|count| {
        let mut draft = draft();
        let price = 2_000_000 / count;
        draft.items = (0..count).map(|_| Item::new("Phone".parse().unwrap(), rub(price), 1)).collect();
        let (mut deal, _) = proposed(&std::sync::Arc::new(Terms::new(draft).unwrap()));
        let sum = rub(deal.terms().quote().deposit.minor());
        let mut states = vec![deal.state().clone()];
        let paid = crate::bench_support::confirmation("pay-1", sum);
        run(&mut deal, &paid.into(), &Context::gateway(at(120)));
        states.push(deal.state().clone());
        run(&mut deal, &Cancel::new("No".parse().unwrap()).into(), &party(300, crate::bench_support::SELLER));
        states.push(deal.state().clone());
        run(&mut deal, &answer(2), &Context::gateway(at(400)));
        states.push(deal.state().clone());
        states
    });
    let first = states.first().unwrap();
    assert!(states.iter().all(|other| other == first));
    println!("{:?}", first.iter().map(size).collect::<Vec<_>>());
}

/// The history is the journal's: of it the state has counters, and the last few of each kind. But for their digits, it
/// is the same after twenty events and after two thousand.
#[test]
fn the_state_does_not_grow_with_history() {
    let states = [20, 200, 2_000].map(|events| with_events(events).0.state().clone());
    let sizes = states.each_ref().map(size);
    println!("{sizes:?}");
    let [first, second, third] = states.each_ref().map(digitless);
    assert_eq!(first, second);
    assert_eq!(second, third);
    assert!(sizes.iter().all(|size| *size <= STATE), "{sizes:?}");
}
