//! No fact about money is lost, and nobody owes what they never had: the deal beside an independent model of its books.

mod bugs;
mod compare;
#[expect(dead_code, reason = "the model says more than is compared")]
mod oracle;
mod random;
mod worked;
mod world;
