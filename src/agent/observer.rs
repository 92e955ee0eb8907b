//! Who hears what goes wrong.

use std::error::Error;
use std::fmt;

use crate::deal::PendingOrder;
use crate::deposit::TxId;

/// A fact that a machine has refused: somebody at the gateway and the machine disagree about what happened, and a person
/// has to look into it.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct RefusedFact<'a> {
    /// What kind of machine.
    pub kind: &'static str,
    /// Which one.
    pub id: &'a dyn fmt::Display,
    /// The order that was answered; `None` where the fact is about no order.
    pub order: Option<TxId>,
    /// The fact, for a person to read.
    pub fact: &'a dyn fmt::Debug,
    /// Why it is refused.
    pub rejection: &'a (dyn Error + 'static),
}

impl<'a> RefusedFact<'a> {
    pub(super) const fn new(
        kind: &'static str,
        id: &'a dyn fmt::Display,
        order: Option<TxId>,
        fact: &'a dyn fmt::Debug,
        rejection: &'a (dyn Error + 'static),
    ) -> Self {
        Self { kind, id, order, fact, rejection }
    }
}

impl fmt::Debug for RefusedFact<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {:?} is refused: {}", self.kind, self.id, self.fact, self.rejection)
    }
}

/// Hears everything that goes wrong between a machine, its gateway and its repository. Called in the middle of the work:
/// it notes and returns. `E` is the gateway's error.
pub trait Observer<E> {
    /// The gateway could not be asked, or did not answer: what became of the order is not known, and it is asked again. The
    /// order's `tries` is how often it had been sent before.
    fn gateway_failed(&self, order: &PendingOrder<'_>, error: &E) {
        let _ = (order, error);
    }

    /// A fact was refused: an answer of the gateway, or a command of the gateway or the tracker.
    fn fact_refused(&self, refused: &RefusedFact<'_>) {
        let _ = refused;
    }

    /// Somebody else was faster for the `lost`th time in a row.
    fn conflict(&self, kind: &'static str, id: &dyn fmt::Display, lost: u32) {
        let _ = (kind, id, lost);
    }
}

/// Hears nothing.
impl<E> Observer<E> for () {}

impl<E, O: Observer<E> + ?Sized> Observer<E> for &O {
    fn gateway_failed(&self, order: &PendingOrder<'_>, error: &E) {
        (**self).gateway_failed(order, error);
    }

    fn fact_refused(&self, refused: &RefusedFact<'_>) {
        (**self).fact_refused(refused);
    }

    fn conflict(&self, kind: &'static str, id: &dyn fmt::Display, lost: u32) {
        (**self).conflict(kind, id, lost);
    }
}
