//! The bug classes of `BUGS.md`: one test per row, named after it, each proving the rule that stops it. Amounts are
//! worked out by hand in the comments, in roubles, never copied from output.
//!
//! `World` checks the general promises around every single step: all invariants, conservation, a book of real money
//! of its own, replay = live, `pending after = pending before + orders − settled`, punctuality, and that a repeat
//! of what was accepted does nothing.

mod arithmetic;
mod chargebacks;
mod consent;
mod delivery;
mod disputes;
mod facts;
mod input;
mod money_out;
mod payees;
mod snapshots;
mod terms;
mod time;
