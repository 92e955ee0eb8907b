//! The agent: commits first, then acts. Its logic is written once, as a stepper without I/O; the async and the
//! blocking agent are two short loops around it.

mod act;
#[expect(clippy::module_inception, reason = "one idea per file; the idea has the module's name")]
mod agent;
pub mod blocking;
mod cursor;
mod deal;
mod error;
mod observer;
mod stepper;

pub use act::{Act, ActError, Acted, Committed, Need, Stopped};
pub use agent::Agent;
pub use error::{AgentError, CheckoutError, FollowError};
pub use observer::{Observer, RefusedFact};
pub use stepper::{Caller, Receipt, Step, Stepper};
