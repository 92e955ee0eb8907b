//! A host for the `escrow` crate: what everybody who embeds it would write, once.
//!
//! - [`Host`] opens deals, carries commands out, gives checkout forms and takes what gateways tell. It loads, judges, commits
//!   and acts; whatever goes wrong on the way becomes an incident or a try in the [`Backlog`](escrow::port::Backlog), and
//!   nothing is dropped.
//! - [`Worker`] wakes what is due, asks again about orders without an answer, with backoff and jitter, and delivers the
//!   outbox. Any number of workers share one storage by leases.
//! - [`Figures`] say how much waits and what went wrong, as data and in Prometheus' text format; [`Problem`] is an error as
//!   `application/problem+json`.
//! - `http` (feature `axum`): routes to create, read, list and command deals and to hear gateways.
//! - `sandbox` (feature): a bank for tests, which loses answers, forgets keys and answers twice, and whose books are the judge.

#![forbid(unsafe_code)]

mod backoff;
mod batch;
mod delivery;
mod figures;
mod heard;
mod host;
#[cfg(feature = "axum")]
pub mod http;
mod outbox;
mod problem;
#[cfg(feature = "sandbox")]
pub mod sandbox;
mod trust;
mod worker;

pub use backoff::Backoff;
pub use delivery::Delivery;
pub use figures::{Counts, Figures};
pub use host::{CheckoutFailed, Host, HostBuilder, OnceFailed};
pub use problem::Problem;
pub use worker::{Pass, Worker, WorkerBuilder};
