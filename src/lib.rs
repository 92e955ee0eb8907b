//! An embeddable, storage-agnostic escrow agent: it holds other people's money between a buyer and a seller, and
//! says who may do what and when, what everybody is owed to the last minor unit, and what must be paid next.
//!
//! The crate stores nothing, opens no socket, reads no clock and draws no random id. A host brings persistence and
//! I/O through four small [ports](port): clock, payment gateway, tracker, event sink.
//!
//! What a host meets first:
//! - **to agree**: [`Terms`], written with [`Terms::builder`], under a [`Policy`]; their [`Quote`] says what everybody pays
//!   and gets, in [`Money`] of a [`Currency`].
//! - **to decide**: [`transition`] judges a [`Command`] to a [`Deal`], which an [`Actor`] gives in a [`Context`]. It returns
//!   a [`Transition`] with the [`Event`]s that follow, payment orders among them, or a [`Rejection`]. It is pure and total.
//! - **to keep**: [`Deal::apply`] is the only place where a deal changes, live and on replay. A journal has [`Recorded`]
//!   events; what leaves for others is an [`Envelope`].
//! - **to run**: [`Agent`] commits the events first and has the gateway act on the orders afterwards, so that after
//!   a crash at any point it is enough to reload the deal and resume.
//! - **to build on**: a [`Machine`] is what the deal is; a host writes its own on the same skeleton.
//!
//! The rest is in the modules, by subject.
//!
//! # Examples
//! ```
//! use escrow::deal::command::{Accept, ConfirmPayment, StartPerforming};
//! use escrow::deposit::DepositId;
//! use escrow::terms::Fee;
//! use escrow::{Context, Currency, Deal, DealId, Money, Status, Terms, Time};
//! use rust_decimal::dec;
//!
//! let terms = Terms::builder("anna", "shop", Currency::RUB)
//!     .item("Phone", dec!(23_500))
//!     .fee(Fee::percent("platform", dec!(5)))
//!     .build()?;
//! let rub = |minor| Money::from_minor(minor, Currency::RUB);
//!
//! let now = Time::parse("2026-03-01T12:00:00Z")?;
//! let (anna, shop) = (Context::party(now, "anna".parse()?), Context::party(now, "shop".parse()?));
//! let (mut deal, _) = Deal::propose(DealId::new(uuid::Uuid::nil()), terms, &shop)?;
//! let paid = ConfirmPayment::charged(
//!     DepositId::BUYER_PAYMENT,
//!     "bank".parse()?,
//!     "payment-1".parse()?,
//!     rub(23_500_00),
//! );
//! let _ = deal.handle(&paid.into(), &Context::gateway(now))?;
//! let _ = deal.handle(&StartPerforming {}.into(), &shop)?;
//! let accepted = deal.handle(&Accept::default().into(), &anna)?;
//!
//! assert_eq!(deal.status(), Status::Settling);
//! let orders: Vec<_> = accepted.orders().map(|o| (o.payee.to_string(), o.amount)).collect();
//! // 5 % of 23 500 is 1 175
//! assert_eq!(orders, [("platform".to_owned(), rub(1_175_00)), ("seller".to_owned(), rub(22_325_00))]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Features
//! - `system-clock`: [`port::SystemClock`](port::Clock), the only place where the library may read the time.
//!
//! # Beside it
//! - `escrow-market`: offers, stores, payees, balances with their withdrawals, projects, baskets, subscriptions, confirmation codes, several
//!   gateways as one, and notices.
//! - `escrow-webmoney` and `escrow-nalogka`: the entities and calls of two systems that others know.
//! - `escrow-webhook`: requests and webhooks that are signed.
//! - `escrow-sqlite` and `escrow-postgres`: repositories. `escrow-host`: a host on them, with a worker and a sandbox bank.
//! - `escrow-stripe`: a gateway on Stripe.
//! - `escrow-testing`: fakes of the ports, scenarios, given/when/then, strategies and conformance suites, for our tests and
//!   for yours.

#![forbid(unsafe_code)]

#[macro_use]
mod names;
#[macro_use]
mod text;

pub mod agent;
pub mod deal;
pub mod deposit;
pub mod dispute;
mod fingerprint;
pub mod machine;
pub mod money;
mod party;
pub mod port;
pub mod settlement;
mod stored;
pub mod terms;
mod time;
pub mod wire;

pub use agent::Agent;
pub use deal::{Command, Deal, Event, Recorded, Rejection, Status, Transition, transition};
pub use machine::{Context, Machine};
pub use money::{Currency, Money, Rate};
pub use names::ParseError;
pub use party::{Actor, DealId, Destination, InstrumentRef, PartyId, Payee, Role, Side};
pub use terms::{Policy, Quote, Terms};
pub use text::{Text, TextError};
pub use time::{Time, TimeError};
pub use wire::Envelope;

// short paths for those who know the modules, where these are documented
#[doc(hidden)]
pub use agent::{AgentError, Caller};
#[doc(hidden)]
pub use deal::Phase;
#[doc(hidden)]
pub use deposit::{Deposit, Leg, Order, Transaction, TxId};
#[doc(hidden)]
pub use dispute::{Award, DefaultRuling, Dispute};
#[doc(hidden)]
pub use machine::{DecodeError, RejectionClass};
#[doc(hidden)]
pub use settlement::{Outcome, settle};
#[doc(hidden)]
pub use terms::{TermsDraft, quote};
#[doc(hidden)]
pub use uuid;
#[doc(hidden)]
pub use wire::DealSummary;

/// The README's code is tested with the documentation.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// So is the code of this page.
#[cfg(doctest)]
#[doc = include_str!("../docs/testing.md")]
struct TestingYourHost;
