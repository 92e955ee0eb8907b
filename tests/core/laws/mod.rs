//! What must hold of every step and of every deal. `fuzz/` has the same laws.

mod allowed;
mod conservation;
mod endings;
pub mod findings;
mod no_deadlock;
mod orders;
mod punctuality;
mod repeats;
mod replay;

pub use self::allowed::*;
pub use self::conservation::*;
pub use self::endings::*;
pub use self::no_deadlock::*;
pub use self::orders::*;
pub use self::punctuality::*;
pub use self::repeats::*;
pub use self::replay::*;

use escrow::deposit::DepositId;
use escrow::{Command, Context, Deal, Time};
use escrow_testing::strategies::{History, Moment};

/// What a law says: `Err` is what it found.
pub type Finding = Result<(), String>;

/// A law of single steps, over a history.
pub fn at_every_step(history: &History, law: impl Fn(&Moment<'_>) -> Finding) -> Finding {
    history.play(|m| law(m).map_err(|e| format!("step {}: {e}", m.number))).map(drop)
}

macro_rules! ensure {
    ($holds:expr, $($why:tt)+) => {
        if !$holds {
            return Err(format!($($why)+));
        }
    };
}

pub(crate) use ensure;

pub fn json(deal: &Deal) -> Result<String, String> {
    serde_json::to_string(deal).map_err(|e| format!("encoding: {e}"))
}

/// Whether it is an additional charge: these come after the four that every deal has.
pub fn is_charge(id: DepositId) -> bool {
    id > DepositId::SELLER_GUARANTEE
}

/// The deal after everything that is due, for a comparison.
pub fn woken(deal: &Deal, now: Time) -> Result<Deal, String> {
    let mut deal = deal.clone();
    let wake = Command::Wake(Default::default());
    let _ = deal.handle(&wake, &Context::clock(now)).map_err(|e| format!("wake is refused: {e}"))?;
    Ok(deal)
}
