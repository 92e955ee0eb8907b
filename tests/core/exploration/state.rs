//! A state of the exploration is a real deal, a step a real transition.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::canon::fingerprint;
use super::facts::Fact;
use super::promises::Broken;
use crate::exploration::scene::Scene;
use escrow::deal::Command;
use escrow::terms::Terms;
use escrow::{Actor, Deal, Time};

/// What the model keeps beside the deal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Beside {
    pub budget: u8,
    /// How many facts about money may still be told, and of which kinds.
    pub facts: u8,
    pub of_facts: u16,
    /// Checkpoints that were recorded: a number for the next one's id, and a bound.
    pub checkpoints: u8,
}

pub struct Inner {
    pub deal: Deal,
    pub now: Time,
    pub beside: Beside,
    /// What was wrong with the step that led here.
    pub wrong: Vec<Broken>,
    pub key: u64,
}

/// A state. Two are the same where their fingerprints are; with 10^6 states, two different ones share a fingerprint of
/// 64 bits with a probability of 3 in 10^8.
#[derive(Clone)]
pub struct State(pub Arc<Inner>);

impl std::ops::Deref for State {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl PartialEq for State {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Hash for State {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?} until {:?}", self.now, self.deal, self.deal.next_timer())?;
        self.wrong.iter().try_for_each(|(promise, how)| write!(f, " WRONG: {promise}: {how}"))
    }
}

impl State {
    pub fn new(scene: &Scene, deal: Deal, now: Time, beside: Beside, wrong: Vec<Broken>) -> Self {
        let past = deal.settle_by().map(|at| at.millis().saturating_sub(now.millis()).max(0));
        let terms = |wanted: &Arc<Terms>| scene.terms.iter().position(|t| Arc::ptr_eq(t, wanted));
        let settles = beside.of_facts & Fact::Settled.bit();
        let told = if beside.facts == 0 { settles } else { beside.of_facts };
        let mut bytes = vec![beside.budget, beside.facts, beside.checkpoints, u8::from(!wrong.is_empty())];
        bytes.push(terms(deal.terms()).map_or(0xff, |i| i as u8));
        bytes.push(terms(deal.binding_terms()).map_or(0xff, |i| i as u8));
        bytes.extend_from_slice(&past.unwrap_or(-1).to_le_bytes());
        bytes.extend_from_slice(&told.to_le_bytes());
        let owes = settles != 0 && deal.receivables().next().is_some();
        let facts_follow = beside.facts > 0 && beside.of_facts != 0 || owes;
        let key = fingerprint(&deal, now, &bytes, facts_follow);
        Self(Arc::new(Inner { deal, now, beside, wrong, key }))
    }
}

/// A step: who did what, and what it led to. Time passes by the clock's `Wake`.
#[derive(Clone)]
pub struct Step {
    pub actor: Actor,
    pub command: Command,
    pub next: State,
}

impl PartialEq for Step {
    fn eq(&self, other: &Self) -> bool {
        self.actor == other.actor && self.command == other.command && self.next == other.next
    }
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self} -> {:?}", self.next)
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {:?}", self.actor, self.command)
    }
}
