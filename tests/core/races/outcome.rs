//! What a race came to, and what must hold of it however it went.

use std::collections::BTreeMap;

use escrow::deal::PhaseKind;
use escrow::deal::command::Answered;
use escrow::deposit::{DepositId, LegState, TransactionKind};
use escrow::{Deal, Payee, Status};

use super::story::Story;
use super::world::Outside;
use crate::common::id;

/// Where the deal and the money are.
#[derive(Clone, PartialEq, Debug)]
pub struct Outcome {
    pub status: Status,
    /// Out of which deposit, to whom, why, how much, where it stands.
    legs: Vec<(DepositId, Payee, &'static str, i64, LegState)>,
    buckets: Vec<String>,
    owed: Vec<String>,
    /// What the gateway has really paid, by payee.
    pub moved: BTreeMap<Payee, i64>,
    /// The whole deal, where the story says that it is the same to the letter.
    deal: Option<String>,
}

/// The journal is one line of versions and makes the deal; the gateway's books are those of the journal's legs; each key
/// had its effect once.
pub fn judge(outside: &Outside, deal: &Deal, story: &Story) -> Result<Outcome, String> {
    if let Some(wrong) = outside.wrong.first() {
        return Err(wrong.clone());
    }
    let journal = outside.sink.journal(id());
    if !journal.iter().map(|e| e.version).eq(1..=deal.version()) {
        return Err("the versions are no line".to_owned());
    }
    let replayed = outside.sink.load(id()).map_err(|e| format!("the journal cannot be read: {e}"))?;
    let json = |deal: &Deal| serde_json::to_string(deal).unwrap();
    if json(&replayed) != json(deal) {
        return Err("the journal makes another deal".to_owned());
    }
    deal.check().map_err(|e| format!("the deal is unsound: {e}"))?;
    if deal.phase().kind() != PhaseKind::Closed || deal.has_pending() {
        return Err(format!("not at rest: {deal:?}"));
    }
    gateway_agrees(outside, deal)?;
    let moved =
        payees(outside.effects.iter().filter(|e| moves(e.kind)).map(|e| (&e.payee, e.amount.minor())));
    let mut legs: Vec<_> = deal
        .legs()
        .iter()
        .map(|l| (l.deposit(), l.payee().clone(), l.purpose().as_str(), l.amount().minor(), l.state()))
        .collect();
    legs.sort_by(|a, b| (a.0, &a.1, a.2, a.3).cmp(&(b.0, &b.1, b.2, b.3)));
    Ok(Outcome {
        status: deal.status(),
        legs,
        buckets: deal.deposits().iter().map(|d| format!("{:?}", d.buckets())).collect(),
        owed: deal.receivables().map(|r| format!("{r:?}")).collect(),
        moved,
        deal: story.to_the_letter.then(|| json(deal)),
    })
}

/// Money that leaves: a capture brings some, a void and a claim move none.
const fn moves(kind: TransactionKind) -> bool {
    matches!(kind, TransactionKind::Payout | TransactionKind::Fee | TransactionKind::Refund)
}

fn payees<'a>(sums: impl Iterator<Item = (&'a Payee, i64)>) -> BTreeMap<Payee, i64> {
    let mut by_payee = BTreeMap::new();
    sums.for_each(|(payee, minor)| *by_payee.entry(payee.clone()).or_default() += minor);
    by_payee
}

fn gateway_agrees(outside: &Outside, deal: &Deal) -> Result<(), String> {
    for (n, effect) in outside.effects.iter().enumerate() {
        if outside.effects.iter().skip(n + 1).any(|later| later.key == effect.key) {
            return Err(format!("a key had its effect twice: {effect:?}"));
        }
    }
    // what the gateway knows of a key is what the deal does
    for (key, execution) in outside.gateway.executions() {
        let known = deal.transaction(key.transaction).ok_or("the gateway knows of no such transaction")?;
        let done = matches!(execution.answer, Answered::Succeeded(_));
        let same = known.amount() == execution.amount && known.kind() == execution.kind;
        if !same || done != (*known.state() == escrow::deposit::TransactionState::Succeeded) {
            return Err(format!("the gateway says {execution:?}, the deal {known:?}"));
        }
    }
    // what was paid is what the legs say, to each payee
    let paid = |leg: &&escrow::Leg| {
        let by = leg.transaction().and_then(|tx| deal.transaction(tx));
        leg.state() == LegState::Settled && by.is_some_and(|t| moves(t.kind()))
    };
    let legs = payees(deal.legs().iter().filter(paid).map(|l| (l.payee(), l.amount().minor())));
    let effects = outside.effects.iter().filter(|e| moves(e.kind));
    // what came back is with nobody
    let bounced = deal.transactions().iter().filter_map(|t| {
        let leg = deal.legs().iter().find(|l| Some(l.id()) == t.leg())?;
        Some((leg.payee(), -t.bounced())).filter(|(_, minor)| *minor != 0)
    });
    let books = payees(effects.map(|e| (&e.payee, e.amount.minor())).chain(bounced));
    if legs == books { Ok(()) } else { Err(format!("the legs say {legs:?}, the gateway's books {books:?}")) }
}
