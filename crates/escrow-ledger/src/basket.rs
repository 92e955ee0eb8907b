//! What the events of a basket move.

use crate::entry::Draft;
use crate::{Account, Booked, Entry};
use escrow::Recorded;
use escrow::deposit::Buckets;
use escrow::machine::Machine;
use escrow_market::Basket;
use escrow_market::basket::Event;

impl Booked for Basket {
    fn entry(&self, recorded: &Recorded<Event>) -> Option<Entry> {
        let what = match &recorded.event {
            Event::PaymentReceived { .. } => "payment received",
            Event::Filled { .. } => "filled",
            Event::RefundOrdered { .. } => "refund ordered",
            Event::RefundPaid { .. } => "refund paid",
            Event::RefundDeclined { .. } => "refund declined",
            Event::RefundReturned { .. } => "refund returned",
            Event::ChargebackDivided { .. } => "chargeback",
            Event::Opened { .. }
            | Event::DealLeft { .. }
            | Event::GivenUp { .. }
            | Event::ChargebackRecorded { .. } => return None,
        };
        let mut after = self.clone();
        after.apply(recorded);
        let mut draft = Draft::default();
        for (n, payment) in after.payments().iter().enumerate() {
            let currency = payment.amount.currency();
            let (old, new) = (self.sums(n), after.sums(n));
            let rise = |of: fn(&Buckets) -> i64| of(&new).saturating_sub(of(&old));
            let (held, reserved) = (rise(|b| b.held), rise(|b| b.reserved));
            draft.credit(Account::basket(self.id(), "held"), held, currency);
            draft.credit(Account::basket(self.id(), "reserved"), reserved, currency);
            let owed = |basket: &Self| basket.owed(n).map_or(0, |money| money.minor());
            let twice = owed(&after).saturating_sub(owed(self));
            draft.debit(Account::basket_receivable(self.id()), twice, currency);
            // all that comes in, and is neither here nor owed, has left through the gateway
            let cash = held.saturating_add(reserved).saturating_sub(twice);
            draft.debit(Account::gateway(Some(&payment.gateway)), cash, currency);
        }
        draft.finish(recorded.at, || format!("basket {}: {what}", self.id()))
    }
}
