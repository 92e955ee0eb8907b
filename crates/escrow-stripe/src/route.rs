//! Ways by which money leaves the platform's balance.

use escrow::deal::PendingOrder;
use escrow::{Destination, Payee};

use crate::client::is_id;
use crate::error::Error;
use crate::settings::Settings;

/// Where a payout goes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Route {
    /// Nowhere: it is the platform's own, and there already.
    Stay,
    /// To a connected account's balance.
    Transfer { account: String },
    /// On from there, to a bank account or a card of that account.
    Onward { account: String, instrument: String },
    /// From the platform's balance to the platform's bank.
    Bank { instrument: String },
}

impl Route {
    /// `acct_…`, `acct_…/ba_…`, `acct_…/card_…`; `ba_…` and `card_…` are the platform's own.
    pub(crate) fn of(instrument: &str, is_platforms: bool) -> Option<Self> {
        let is_bank = |text: &str| is_id(text, "ba_") || is_id(text, "card_");
        match instrument.split_once('/') {
            Some((account, bank)) => (is_id(account, "acct_") && is_bank(bank))
                .then(|| Self::Onward { account: account.to_owned(), instrument: bank.to_owned() }),
            None if is_id(instrument, "acct_") => Some(Self::Transfer { account: instrument.to_owned() }),
            None => (is_platforms && is_bank(instrument))
                .then(|| Self::Bank { instrument: instrument.to_owned() }),
        }
    }

    /// Where an order goes.
    pub(crate) fn of_order(order: &PendingOrder<'_>, settings: &Settings) -> Result<Self, Error> {
        let is_platforms = matches!(order.payee, Payee::Platform | Payee::Processor);
        let instrument = match order.destination {
            Some(Destination::Account(to) | Destination::Card(to) | Destination::Wallet(to)) => {
                to.as_str().to_owned()
            }
            // settles in the deal, and is never ordered
            Some(Destination::Balance) => return Err(Error::NoDestination("a balance".to_owned())),
            None => match (order.payee, order.party) {
                (Payee::Platform, _) => return Ok(settings.platform.clone().unwrap_or(Self::Stay)),
                (Payee::Processor, _) => return Ok(settings.processor.clone().unwrap_or(Self::Stay)),
                (Payee::Buyer | Payee::Seller | Payee::Party(_), party) => party
                    .and_then(|party| (settings.accounts)(party))
                    .ok_or_else(|| Error::NoAccount(order.payee.to_string()))?,
            },
        };
        Self::of(&instrument, is_platforms).ok_or(Error::NoDestination(instrument))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instruments_are_read() {
        let account = "acct_1".to_owned();
        assert_eq!(Route::of("acct_1", false), Some(Route::Transfer { account: account.clone() }));
        let instrument = "ba_2".to_owned();
        assert_eq!(Route::of("acct_1/ba_2", false), Some(Route::Onward { account, instrument }));
        assert_eq!(Route::of("ba_2", true), Some(Route::Bank { instrument: "ba_2".to_owned() }));
        // a payee's bank account is none of the platform's
        assert_eq!(Route::of("ba_2", false), None);
        for text in ["", "acct_", "acct_1/", "acct_1/../x", "acct_1/po_1", "acct_1?x=y", "/ba_2", "cus_1"] {
            assert_eq!(Route::of(text, true), None, "{text}");
        }
    }
}
