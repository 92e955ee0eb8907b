//! What a host's own adapters must do, as suites to run against them: [`event_sink`], [`repository`], [`repository_of`] and
//! [`payment_gateway`].
//!
//! A suite drives small deals through the adapter, looks at what the storage or the provider has afterwards, and says
//! which laws it broke. It wants storage, or a sandbox, of its own: nothing that it does is undone.
//!
//! The suites speak to the [blocking ports](escrow::port::blocking). An adapter for the async ports needs a few
//! lines that block on its futures.

mod gateway;
mod holds;
mod repository;
mod sink;
mod story;
mod told;

use std::fmt;

use thiserror::Error;

pub use gateway::{GatewayUnderTest, payment_gateway};
pub use repository::{repository, repository_of};
pub use sink::{SinkUnderTest, event_sink};
pub use story::Story;

use crate::known;
use escrow::deal::Deal;
use escrow::terms::{Fee, FeePayee, Item, Payer, Policy, Terms, TermsDraft};
use escrow::{Actor, Currency, DealId, Money, PartyId, Rate, Time};
use escrow::{Context, Recorded};

/// What a suite has seen.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Conformance {
    held: Vec<&'static str>,
    skipped: Vec<&'static str>,
}

impl Conformance {
    /// The laws that the adapter keeps.
    pub fn held(&self) -> &[&'static str] {
        &self.held
    }

    /// The laws that could not be tried, since the adapter cannot bring their situation about.
    pub fn skipped(&self) -> &[&'static str] {
        &self.skipped
    }
}

/// An adapter breaks a law.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("the adapter does not conform: {}", List(findings))]
pub struct NotConforming {
    findings: Vec<Finding>,
}

impl NotConforming {
    /// Which laws, and how.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }
}

/// How a law is broken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// The law.
    pub law: &'static str,
    /// What was seen instead.
    pub seen: String,
}

struct List<'a>(&'a [Finding]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Finding { law, seen } in self.0 {
            write!(f, "\n- {law}: {seen}")?;
        }
        Ok(())
    }
}

/// The result of trying a law.
enum Tried {
    Held,
    Skipped,
}

/// A law's own verdict: `Err` says what was seen instead.
type Verdict = Result<Tried, String>;

/// A law: its name, and how it is tried.
type Law<'a> = (&'static str, Box<dyn FnMut() -> Verdict + 'a>);

/// Tries every law, also after a broken one.
fn try_all(laws: Vec<Law<'_>>) -> Result<Conformance, NotConforming> {
    let mut seen = Conformance::default();
    let mut findings = Vec::new();
    for (law, mut attempt) in laws {
        match attempt() {
            Ok(Tried::Held) => seen.held.push(law),
            Ok(Tried::Skipped) => seen.skipped.push(law),
            Err(seen) => findings.push(Finding { law, seen }),
        }
    }
    if findings.is_empty() { Ok(seen) } else { Err(NotConforming { findings }) }
}

/// Broken, unless it is so.
fn ensure(holds: bool, seen: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(seen()) }
}

// --- the deals that the suites play ---

/// 2026-03-01T12:00:00Z: the suites read no clock.
fn start() -> Time {
    Time::from_millis(1_772_366_400_000).unwrap_or(Time::MIN)
}

/// A deal's id that no other law uses: the suite's own namespace, counted.
fn deal_id(law: u16, number: u16) -> DealId {
    DealId::new(uuid_of(law, number))
}

fn uuid_of(law: u16, number: u16) -> uuid::Uuid {
    uuid::Uuid::from_u64_pair(0xE5C0_0F1C_4F0A_4000, u64::from(law) << 16 | u64::from(number))
}

fn party(name: &'static str) -> PartyId {
    known(name)
}

fn seller() -> Actor {
    Actor::Party(party("seller"))
}

fn buyer() -> Actor {
    Actor::Party(party("buyer"))
}

/// A thing at 1 000.00, and 5 % for the platform at the seller's expense: 50.00 and 950.00 go out.
fn sale() -> Result<Terms, String> {
    let item = Item::new(known("Молоток «№ 1» – 🔨"), rub(1_000_00), 1);
    let mut draft =
        TermsDraft::new(party("buyer"), party("seller"), Currency::RUB, vec![item], Policy::shop());
    let rate = Rate::from_ppm(50_000).map_err(|e| e.to_string())?;
    draft.fees.push(Fee::of_price(known("fee"), FeePayee::Platform, rate, Payer::Seller));
    Terms::new(draft).map_err(|e| e.to_string())
}

const fn rub(minor: i64) -> Money {
    Money::from_minor(minor, Currency::RUB)
}

/// A minute later: what happened. The suite's own deals follow the rules, so a rejection is a mistake of the suite.
fn act(deal: &mut Deal, command: impl Into<escrow::Command>, actor: Actor) -> Result<Vec<Recorded>, String> {
    let context = Context::new(deal.last_at().plus_secs(60), actor);
    let done = deal.handle(&command.into(), &context).map_err(|e| format!("the suite's own deal: {e}"))?;
    Ok(done.into_events().into_vec())
}
