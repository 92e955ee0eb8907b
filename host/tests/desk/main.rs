//! The desk as browsers, programs and attackers meet it.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

mod api;
mod attacks;
mod browser;
mod killed;
mod market;
mod postgres;
mod program;
mod secrets;
mod studio;
mod walks;
mod webhooks;
