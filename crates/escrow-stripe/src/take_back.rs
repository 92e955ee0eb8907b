//! Payouts that a payee's bank has given back.

use escrow::Command;
use escrow::Money;
use escrow::deal::command::{Answer, Answered, Returned};
use escrow::deposit::{IdempotencyKey, Reference};
use escrow::port::Clock;

use crate::client::{Form, is_id};
use crate::error::Error;
use crate::gateway::Stripe;
use crate::money;
use crate::objects::{DEAL, ORDER, PAYOUT, Reversal, Transfer};

/// A connected account's bank has given a payout back: the money is in that account's balance at Stripe, and not in the
/// platform's. Until it is taken back the deal is told nothing: it would send the money a second time.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct TakeBack {
    /// The order.
    pub key: IdempotencyKey,
    /// The payout that failed.
    pub payout: String,
    /// The transfer that it handed on.
    pub transfer: String,
    /// How much.
    pub amount: Money,
}

impl<C: Clock> Stripe<C> {
    /// Reverses the transfer behind a payout that has failed, once, and says what the deal is to be told: the leg is open
    /// again, and its payee names another destination.
    ///
    /// # Errors
    /// [`Error`]: it is not known whether it was reversed; the same call again finds out.
    pub fn take_back(&self, failed: &TakeBack) -> Result<Vec<Command>, Error> {
        if !is_id(&failed.transfer, "tr_") {
            return Err(Error::NoPayment(failed.transfer.clone()));
        }
        let (amount, currency) = money::to_stripe(failed.amount)?;
        let path = format!("/v1/transfers/{}", failed.transfer);
        // Stripe may have forgotten the key of an earlier call
        let known: Transfer = self.inner.client.get(&path, &Form::default(), None)?;
        let mut reversals = known.reversals.data.into_iter();
        let reversal = match reversals.find(|r| r.metadata.get(PAYOUT) == Some(failed.payout.as_str())) {
            Some(reversal) => reversal,
            None => self.reverse(failed, amount)?,
        };
        let unreadable = |error: escrow::TextError| Error::Unreadable(error.to_string());
        let transfer = Reference::new(&failed.transfer).map_err(unreadable)?;
        let reference = Reference::new(&reversal.id).map_err(unreadable)?;
        let amount = money::from_stripe(reversal.amount, &currency)?;
        let order = failed.key.transaction;
        Ok(vec![
            Answer::new(order, Answered::Succeeded(transfer)).into(),
            Returned::new(order, amount, reference).into(),
        ])
    }

    fn reverse(&self, failed: &TakeBack, amount: i64) -> Result<Reversal, Error> {
        let form = Form::default()
            .with("amount", amount)
            .metadata(DEAL, failed.key.machine)
            .metadata(ORDER, failed.key.transaction)
            .metadata(PAYOUT, &failed.payout);
        let path = format!("/v1/transfers/{}/reversals", failed.transfer);
        let key = format!("{}/back/{}", failed.key, failed.payout);
        self.inner.client.post(&path, &form, &key, None)
    }
}
