//! The machines of the `escrow` crate on a [Restate](https://restate.dev) cluster: each is a virtual object whose key is its
//! id. The server is the single writer of every key, keeps the state, runs the timers, and takes a half-done command up again
//! where it was interrupted.
//!
//! - [`Engine`] makes the services of an endpoint: `Deals`, `Offers`, `Stores`, `Projects`, `Baskets`, `Balances` and
//!   `Subscriptions`, each by [`Kept`].
//! - A command is one invocation: the time is journalled, the machine judges, its state is put, its orders are carried out as
//!   journalled steps under their own keys, and what it tells others leaves as one-way calls.
//! - A deadline is a delayed call of a machine to itself, which looks whether it still matters before it does anything.
//! - [`Lists`] writes every commit into a repository of `escrow-sqlite` or `escrow-postgres`, from which lists come.
//!
//! Whoever calls is trusted: put it behind a host that knows who asks, and keep the server's ports to yourself.

#![forbid(unsafe_code)]

mod alarm;
mod engine;
mod following;
mod kept;
mod lists;
mod messages;
mod objects;
mod turn;

pub use engine::{Engine, EngineBuilder};
pub use kept::{Delivered, Kept, target};
pub use lists::{Lists, Repositories};
pub use messages::{Act, Delivery, Done, Hear, Holding, Note, Noted, Open, Refused, Wake};
