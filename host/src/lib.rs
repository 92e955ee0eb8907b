//! The desk: a safe-deal service with pages and an API, on `escrow-host`, in one process.
//!
//! [`Desk`] is the service; [`router`] is what the world sees of it. Who may do what, what a silence leads to and what everybody
//! gets is asked of the deal: no rule of it is written again here.

pub mod api;
mod auth;
pub mod bank;
mod checks;
mod config;
mod deals;
pub mod demo;
pub mod desk;
mod error;
mod forms;
pub mod hooks;
mod limits;
mod market;
mod pages;
mod routes;
pub mod store;
pub mod studio;
mod svg;
mod templates;
mod token;
mod words;
pub mod worker;

pub use auth::SESSION_COOKIE;
pub use config::{Config, USAGE};
pub use deals::{Deals, DealsError};
pub use desk::Desk;
pub use error::Failure;
pub use routes::router;
