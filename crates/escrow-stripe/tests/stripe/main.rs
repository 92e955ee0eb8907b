//! The gateway against `localstripe` behind a proxy that adds what it lacks, and webhooks in the shapes that Stripe documents.
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::disallowed_methods)]
#![allow(clippy::wildcard_enum_match_arm, clippy::print_stdout)]

mod answers;
mod events;
mod laws;
mod local;
mod proxy;
mod signatures;
