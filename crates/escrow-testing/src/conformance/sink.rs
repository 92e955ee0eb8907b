//! The laws of an event sink.

use std::sync::Barrier;

use super::{
    Conformance, NotConforming, Tried, Verdict, act, buyer, deal_id, ensure, sale, seller, start, try_all,
};
use crate::known;
use escrow::deal::Deal;
use escrow::deal::command::{Accept, ConfirmPayment, Post, StartPerforming};
use escrow::deposit::DepositId;
use escrow::port::{Commit, CommitError, blocking};
use escrow::wire::Envelope;
use escrow::{Actor, DealId};
use escrow::{Context, Recorded};

/// An event sink, with what the suite needs to look at its storage.
pub trait SinkUnderTest: blocking::EventSink + Send + Sized {
    /// Another connection to the same storage, as after a restart of the process.
    fn reconnect(&self) -> Self;

    /// What the storage has of a deal's journal, oldest first; nothing where it has no such deal.
    fn journal(&mut self, deal: DealId) -> Vec<Envelope>;

    /// The deal as the host loads it, from its journal or from its stored state.
    fn load(&mut self, deal: DealId) -> Option<Deal>;
}

/// Tries every law of [`blocking::EventSink`] on sinks that `fresh` gives; they may all be connections to one storage.
///
/// # Errors
/// [`NotConforming`] says which laws are broken, and how.
pub fn event_sink<S: SinkUnderTest>(fresh: impl Fn() -> S) -> Result<Conformance, NotConforming> {
    let fresh = &fresh;
    try_all(vec![
        ("a new deal is stored whole", Box::new(|| stored_whole(fresh(), deal_id(1, 0)))),
        ("a deal is created once", Box::new(|| created_once(fresh(), deal_id(2, 0)))),
        ("a stale version is a conflict, and writes nothing", Box::new(|| stale(fresh(), deal_id(3, 0)))),
        (
            "a version that is ahead is a conflict, and writes nothing",
            Box::new(|| ahead(fresh(), deal_id(4, 0))),
        ),
        ("all events of a commit are stored, in order", Box::new(|| whole_life(fresh(), deal_id(5, 0)))),
        ("`Ok` means durable", Box::new(|| durable(fresh(), deal_id(6, 0)))),
        ("deals are apart", Box::new(|| apart(fresh()))),
        ("a loaded deal is the live deal", Box::new(|| loaded(fresh(), deal_id(8, 0)))),
        ("of writers at the same time one wins", Box::new(|| one_wins(fresh()))),
    ])
}

/// A deal that was just proposed, and its events.
fn proposed(id: DealId) -> Result<(Deal, Vec<Recorded>), String> {
    let (deal, transition) =
        Deal::propose(id, sale()?, &Context::new(start(), seller())).map_err(|e| e.to_string())?;
    Ok((deal, transition.into_events().into_vec()))
}

fn commit<'a>(before: Option<&'a Deal>, events: &'a [Recorded], after: &'a Deal) -> Commit<'a> {
    Commit::new(before, events, after, after.last_at())
}

/// A commit that must go through.
fn write<S: SinkUnderTest>(
    sink: &mut S,
    before: Option<&Deal>,
    events: &[Recorded],
    after: &Deal,
) -> Result<(), String> {
    match sink.commit(commit(before, events, after)) {
        Ok(()) => Ok(()),
        Err(CommitError::Conflict) => {
            let version = before.map_or(0, Deal::version);
            Err(format!("version {version} is the stored one, and it is a conflict"))
        }
        Err(CommitError::Unknown(_)) => Err("the sink does not know whether it has written".to_owned()),
    }
}

/// A commit that must be refused, and leave the journal as it was.
fn refuse<S: SinkUnderTest>(
    sink: &mut S,
    before: Option<&Deal>,
    events: &[Recorded],
    after: &Deal,
) -> Result<(), String> {
    let stored = sink.journal(after.id());
    let stored_version = stored.last().map_or(0, |e| e.version);
    match sink.commit(commit(before, events, after)) {
        Err(CommitError::Conflict) => {}
        Ok(()) => {
            let expected = before.map_or(0, Deal::version);
            return Err(format!(
                "version {expected} was expected and {stored_version} is stored, and it was written"
            ));
        }
        Err(CommitError::Unknown(_)) => return Err("a conflict is known: nothing was written".to_owned()),
    }
    let now = sink.journal(after.id());
    ensure(now == stored, || {
        format!("a refused commit changed the journal from {} to {} events", stored.len(), now.len())
    })
}

/// A proposal that is stored.
fn open<S: SinkUnderTest>(sink: &mut S, id: DealId) -> Result<Deal, String> {
    let (deal, events) = proposed(id)?;
    write(sink, None, &events, &deal)?;
    Ok(deal)
}

/// One more event that anybody may cause.
fn post(deal: &mut Deal, text: &'static str) -> Result<Vec<Recorded>, String> {
    let message = Post::new(known(text));
    act(deal, message, buyer())
}

fn stored_whole<S: SinkUnderTest>(mut sink: S, id: DealId) -> Verdict {
    ensure(sink.journal(id).is_empty() && sink.load(id).is_none(), || {
        "it is there before it was stored".to_owned()
    })?;
    let (deal, events) = proposed(id)?;
    let told: Vec<_> = commit(None, &events, &deal).envelopes().collect();
    write(&mut sink, None, &events, &deal)?;
    let stored = sink.journal(id);
    ensure(stored == told, || {
        format!("{} of {} envelopes are as they were told", same(&stored, &told), told.len())
    })?;
    Ok(Tried::Held)
}

fn same(stored: &[Envelope], told: &[Envelope]) -> usize {
    stored.iter().zip(told).take_while(|(a, b)| a == b).count()
}

fn created_once<S: SinkUnderTest>(mut sink: S, id: DealId) -> Verdict {
    let (deal, events) = proposed(id)?;
    write(&mut sink, None, &events, &deal)?;
    refuse(&mut sink, None, &events, &deal)?;
    Ok(Tried::Held)
}

fn stale<S: SinkUnderTest>(mut sink: S, id: DealId) -> Verdict {
    let mut deal = open(&mut sink, id)?;
    let seen = deal.clone();
    let mut late = deal.clone();
    let events = post(&mut deal, "first")?;
    write(&mut sink, Some(&seen), &events, &deal)?;
    let events = post(&mut late, "too late")?;
    refuse(&mut sink, Some(&seen), &events, &late)?;
    Ok(Tried::Held)
}

fn ahead<S: SinkUnderTest>(mut sink: S, id: DealId) -> Verdict {
    let mut deal = open(&mut sink, id)?;
    let _lost = post(&mut deal, "never stored")?;
    let seen = deal.clone();
    let events = post(&mut deal, "after a gap")?;
    refuse(&mut sink, Some(&seen), &events, &deal)?;
    Ok(Tried::Held)
}

/// From the proposal to the acceptance: commits of one event and of many.
fn life<S: SinkUnderTest>(sink: &mut S, id: DealId) -> Result<(Deal, Vec<Envelope>), String> {
    let (mut deal, events) = proposed(id)?;
    let mut told: Vec<_> = commit(None, &events, &deal).envelopes().collect();
    write(sink, None, &events, &deal)?;
    let payment = ConfirmPayment::charged(
        DepositId::BUYER_PAYMENT,
        known("bank"),
        known("payment-1"),
        deal.terms().quote().deposit,
    );
    let steps: [(escrow::Command, Actor); 4] = [
        (payment.into(), Actor::Gateway),
        (StartPerforming {}.into(), seller()),
        (Post::new(known("чат/17 – «где?»")).into(), buyer()),
        (Accept::default().into(), buyer()),
    ];
    for (command, actor) in steps {
        let before = deal.clone();
        let events = act(&mut deal, command, actor)?;
        told.extend(commit(Some(&before), &events, &deal).envelopes());
        write(sink, Some(&before), &events, &deal)?;
    }
    Ok((deal, told))
}

fn whole_life<S: SinkUnderTest>(mut sink: S, id: DealId) -> Verdict {
    let (_, told) = life(&mut sink, id)?;
    let stored = sink.journal(id);
    ensure(stored == told, || {
        format!(
            "{} events are stored and {} were told; the first {} agree",
            stored.len(),
            told.len(),
            same(&stored, &told)
        )
    })?;
    Ok(Tried::Held)
}

fn durable<S: SinkUnderTest>(mut sink: S, id: DealId) -> Verdict {
    let (_, told) = life(&mut sink, id)?;
    let mut restarted = sink.reconnect();
    drop(sink);
    let stored = restarted.journal(id);
    ensure(stored == told, || format!("after a restart {} of {} events are left", stored.len(), told.len()))?;
    Ok(Tried::Held)
}

fn apart<S: SinkUnderTest>(mut sink: S) -> Verdict {
    let (one, other) = (deal_id(7, 0), deal_id(7, 1));
    let mut deal = open(&mut sink, one)?;
    open(&mut sink, other)?;
    let stored = sink.journal(other);
    let before = deal.clone();
    let events = post(&mut deal, "for the first")?;
    write(&mut sink, Some(&before), &events, &deal)?;
    ensure(sink.journal(other) == stored, || "a commit to one deal changed another".to_owned())?;
    Ok(Tried::Held)
}

fn loaded<S: SinkUnderTest>(mut sink: S, id: DealId) -> Verdict {
    let (live, _) = life(&mut sink, id)?;
    let stored = sink.load(id).ok_or("it cannot be loaded")?;
    ensure(stored == live, || format!("it is loaded as {stored:?}, and was stored as {live:?}"))?;
    Ok(Tried::Held)
}

/// How often writers race, and how many of them at a time.
const ROUNDS: u16 = 16;
const WRITERS: usize = 3;

fn one_wins<S: SinkUnderTest>(mut sink: S) -> Verdict {
    for round in 0..ROUNDS {
        let mut deal = open(&mut sink, deal_id(9, round))?;
        let seen = deal.clone();
        let events = post(&mut deal, "me first")?;
        let (seen, deal, events) = (&seen, &deal, &events);
        let barrier = &Barrier::new(WRITERS);
        let connections: Vec<S> = (0..WRITERS).map(|_| sink.reconnect()).collect();
        let wins = std::thread::scope(|scope| {
            let race = |mut connection: S| {
                scope.spawn(move || {
                    barrier.wait();
                    connection.commit(commit(Some(seen), events, deal)).is_ok()
                })
            };
            let writers: Vec<_> = connections.into_iter().map(race).collect();
            writers.into_iter().filter_map(|writer| writer.join().ok()).filter(|won| *won).count()
        });
        ensure(wins == 1, || {
            format!("{wins} of {WRITERS} writers of one version were told that they had written")
        })?;
        let stored = sink.journal(deal.id());
        let versions: Vec<_> = stored.iter().map(|e| e.version).collect();
        ensure(stored.last().map(|e| e.version) == Some(deal.version()) && is_counted(&versions), || {
            format!("after the race the journal has the versions {versions:?}")
        })?;
    }
    Ok(Tried::Held)
}

/// From one, without a gap or a repeat.
fn is_counted(versions: &[u64]) -> bool {
    (1..).zip(versions).all(|(expected, version)| expected == *version)
}
