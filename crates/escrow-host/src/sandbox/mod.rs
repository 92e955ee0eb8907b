//! A bank for tests and demonstrations: payments, holds, captures, refunds, payouts, bounces and chargebacks, with answers
//! that are lost, late or told twice, and keys that are forgotten. Its books are what a test judges by.
//!
//! The books are a SQLite file, so that they survive whoever calls the bank: a process that is killed between the bank's
//! commit and its own finds the bank where it left it.

mod audit;
mod bank;
mod gateway;

pub use audit::{Audit, AuditFinding};
pub use bank::{Bank, BankError, Faults, Movement};
pub use gateway::SandboxGateway;
