//! The ports for hosts without an async runtime: the same contracts, by the same names.

use super::{Aggregate, CheckoutForm, CheckoutRequest, Commit, CommitError};
use crate::Time;
use crate::deal::command::{Answered, Checkpoint, Track};
use crate::deal::{Deal, PendingOrder};

/// Moves money. See [`super::PaymentGateway`].
pub trait PaymentGateway {
    /// What can go wrong on the way to the gateway.
    type Error;

    /// The form for a payment that a party has requested.
    ///
    /// # Errors
    /// The gateway could not be asked.
    fn checkout(&self, request: CheckoutRequest<'_>) -> Result<CheckoutForm, Self::Error>;

    /// Carries out an order, at most once per key.
    ///
    /// # Errors
    /// It is not known what became of the order: it is asked again, under the same key.
    fn execute(&self, order: PendingOrder<'_>) -> Result<Answered, Self::Error>;
}

/// Tells what has become of a delivery. See [`super::Tracker`].
pub trait Tracker {
    /// What can go wrong on the way to the tracker.
    type Error;

    /// Every checkpoint of a track, oldest first.
    ///
    /// # Errors
    /// The tracker could not be asked.
    fn history(&self, track: &Track) -> Result<Vec<Checkpoint>, Self::Error>;
}

/// Stores events. See [`super::EventSink`].
pub trait EventSink {
    /// What can go wrong with the storage.
    type Error;

    /// Writes the events, if the stored version is the expected one: all of them or none.
    ///
    /// # Errors
    /// [`CommitError`] says whether nothing was written, or it is not known.
    fn commit(&mut self, commit: Commit<'_>) -> Result<(), CommitError<Self::Error>>;
}

impl<G: PaymentGateway + ?Sized> PaymentGateway for &G {
    type Error = G::Error;

    fn checkout(&self, request: CheckoutRequest<'_>) -> Result<CheckoutForm, Self::Error> {
        (**self).checkout(request)
    }

    fn execute(&self, order: PendingOrder<'_>) -> Result<Answered, Self::Error> {
        (**self).execute(order)
    }
}

/// Several gateways of different kinds are several boxes.
impl<G: PaymentGateway + ?Sized> PaymentGateway for Box<G> {
    type Error = G::Error;

    fn checkout(&self, request: CheckoutRequest<'_>) -> Result<CheckoutForm, Self::Error> {
        (**self).checkout(request)
    }

    fn execute(&self, order: PendingOrder<'_>) -> Result<Answered, Self::Error> {
        (**self).execute(order)
    }
}

impl<S: EventSink + ?Sized> EventSink for &mut S {
    type Error = S::Error;

    fn commit(&mut self, commit: Commit<'_>) -> Result<(), CommitError<Self::Error>> {
        (**self).commit(commit)
    }
}

/// Stores machines of one kind, and says which of them wait. See [`super::Repository`].
pub trait Repository<M: Aggregate> {
    /// What can go wrong with the storage.
    type Error;

    /// Writes the events, if the stored version is the expected one: all of them or none.
    ///
    /// # Errors
    /// [`CommitError`] says whether nothing was written, or it is not known.
    fn commit(&self, commit: Commit<'_, M>) -> Result<(), CommitError<Self::Error>>;

    /// The machine as it was last committed; `None` where there is none with this id.
    ///
    /// # Errors
    /// The storage failed.
    fn load(&self, id: M::Id) -> Result<Option<M>, Self::Error>;

    /// The machines whose next deadline is at `now` or before, the earliest first; at most `limit`.
    ///
    /// # Errors
    /// The storage failed.
    fn due(&self, now: Time, limit: u32) -> Result<Vec<M::Id>, Self::Error>;

    /// The machines with an order that has had no answer since before `before` and whose next try is not later than that;
    /// at most `limit`.
    ///
    /// # Errors
    /// The storage failed.
    fn unanswered(&self, before: Time, limit: u32) -> Result<Vec<M::Id>, Self::Error>;
}

impl<R: Repository<Deal>> EventSink for &R {
    type Error = R::Error;

    fn commit(&mut self, commit: Commit<'_>) -> Result<(), CommitError<Self::Error>> {
        Repository::commit(*self, commit)
    }
}
