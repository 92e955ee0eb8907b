//! What is explored: a deal with some terms, and how much of the unusual may happen to it.

use std::sync::Arc;

use escrow::deal::{CommandKind, Event, Timer};
use escrow::terms::Terms;
use escrow::{Deal, Recorded};

/// What is explored: a deal with these terms, and how much of the unusual may happen to it.
#[derive(Clone)]
pub struct Scene {
    pub name: &'static str,
    /// The terms; the first are proposed, the others are what an amendment may bring.
    pub terms: Vec<Arc<Terms>>,
    /// How many unusual things may happen, of all kinds together: each costs one.
    pub budget: u8,
    /// Of which kinds; `Wake`: the last instant before a deadline.
    pub unusual: &'static [CommandKind],
    /// How many facts about money may be told, of all kinds together: each kind once, by its bit.
    pub facts: u8,
    pub of_facts: u16,
    /// Whether parties do only what moves money.
    pub lean: bool,
    /// One state of so many is put to the dear questions, chosen by its fingerprint: whether `allowed` and `transition`
    /// are of one mind, and whether it matters when a deal is woken. One: every state.
    pub every: u64,
    /// What is wrong on purpose, to see that it is found.
    pub planted: Option<Planted>,
}

/// A planted fault.
#[derive(Clone, Copy)]
pub enum Planted {
    /// This timer never fires.
    Timer(fn(Timer) -> bool),
    /// These events happen to the deal, too, after the one that did.
    Events(fn(&Deal, &Recorded) -> Option<Event>),
    /// What `allowed` tells of this kind is turned round.
    Verdict(CommandKind),
    /// What becomes of the events of a deal that is woken late.
    Late(fn(&mut Recorded)),
}
