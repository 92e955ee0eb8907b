//! The permission table against what `transition` really does: every command kind × phase × role, on real deals that
//! were driven there through the public API.
//!
//! The deals come from the exploration of `examples/statechart.rs`, under enough policies that each guard holds
//! somewhere and fails somewhere. Whether a guard should hold is said here once more, from public accessors, so that a
//! guard which tests the wrong thing disagrees with these tests.

mod cells;
mod judgement;
mod page;
mod states;
mod whole;

// the example is the only place that knows how to say every command
#[path = "../../../examples/statechart.rs"]
pub mod statechart;
