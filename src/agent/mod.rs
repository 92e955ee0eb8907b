//! The agent: commits first, then acts. Its logic is written once, as a stepper without I/O; the async and the
//! blocking agent are two short loops around it.

#[expect(clippy::module_inception, reason = "one idea per file; the idea has the module's name")]
mod agent;
pub mod blocking;
mod error;
mod stepper;

pub use agent::Agent;
pub use error::{AgentError, CheckoutError, FollowError};
pub use stepper::{Caller, Receipt, Step, Stepper};
