//! An embeddable, storage-agnostic escrow domain library.

pub mod agent;
pub mod deal;
pub mod deposit;
pub mod dispute;
pub mod money;
mod party;
pub mod port;
pub mod settlement;
pub mod terms;
#[cfg(feature = "testing")]
pub mod testing;
mod text;
mod time;
pub mod wire;

pub use agent::{Agent, AgentError, Caller};
pub use deal::{
    Command, Context, Deal, DecodeError, Event, Outcome, Phase, Recorded, Rejection, Status, Transition,
    transition,
};
pub use deposit::{Deposit, Leg, Order, Transaction, TxId};
pub use dispute::{Award, DefaultRuling, Dispute};
pub use money::{Currency, Money, Rate};
pub use party::{Actor, DealId, Destination, InstrumentRef, PartyId, Payee, Role, Side};
pub use settlement::{Quote, quote, settle};
pub use terms::{Policy, Terms, TermsDraft};
pub use text::{Text, TextError};
pub use time::{Time, TimeError};
pub use wire::{DealSummary, Envelope};
