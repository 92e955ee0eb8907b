//! Who is told what was committed.

use std::convert::Infallible;
use std::fmt::Display;
use std::future::Future;

use escrow::port::Parcel;

/// Takes what was committed, at least once, and for each machine in the order of its versions: sends webhooks, credits
/// balances, writes notices. A receiver recognises a repeat by the machine and its version.
pub trait Delivery: Sync {
    /// Why it could not be delivered.
    type Error: Display + Send;

    /// Delivers it, or not: then it comes again, and nothing later of this machine comes before it. The events themselves are
    /// in the journal, from `from_version` on.
    fn deliver(&self, parcel: &Parcel) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Whether the receiver has refused it, so that a person has to look into it. What is refused on every try is given up in
    /// the end, as an incident; anything else becomes an incident, and is tried on.
    fn is_refused(_: &Self::Error) -> bool {
        false
    }
}

/// Nobody is told.
impl Delivery for () {
    type Error = Infallible;

    async fn deliver(&self, _: &Parcel) -> Result<(), Infallible> {
        Ok(())
    }
}

impl<D: Delivery> Delivery for &D {
    type Error = D::Error;

    fn deliver(&self, parcel: &Parcel) -> impl Future<Output = Result<(), Self::Error>> + Send {
        (**self).deliver(parcel)
    }

    fn is_refused(error: &D::Error) -> bool {
        D::is_refused(error)
    }
}
