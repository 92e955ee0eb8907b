//! Orders without an answer: what the gateway is asked again, under the same keys.

use super::Deal;
use super::command::DestinationUse;
use crate::deposit::{GatewayName, IdempotencyKey, Reference, SentTo, Transaction, TxId};
use crate::{Destination, Payee, Side};

/// An order that has no answer yet, with all that a gateway needs to carry it out.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct PendingOrder<'d> {
    /// The key under which it is carried out at most once.
    pub key: IdempotencyKey,
    /// The order's own transaction.
    pub transaction: &'d Transaction,
    /// To whom: a payee, or for a capture, void or verification the payer.
    pub payee: &'d Payee,
    /// Where the payee wants it; `None`: where the gateway knows the payee, or back to the source.
    pub destination: Option<&'d Destination>,
    /// The payment that is captured, voided, refunded or verified, at its gateway.
    pub source: Option<&'d Reference>,
    /// The gateway that took that payment, or is said to have: no other one can carry the order out. `None`: the
    /// order concerns no payment.
    pub gateway: Option<&'d GatewayName>,
}

impl Deal {
    /// Whether an order has no answer yet.
    pub fn has_pending(&self) -> bool {
        self.state.books.has_unanswered()
    }

    /// Every order that has no answer yet, under the key it was sent with: what a host runs again after a crash.
    pub fn pending(&self) -> impl Iterator<Item = PendingOrder<'_>> {
        // settled deals have nothing to look for, however many transactions they have
        let all = if self.has_pending() { self.transactions() } else { &[] };
        all.iter().filter(|t| t.is_order()).map(|t| self.pending_order(t))
    }

    /// The order of this transaction, if it has no answer yet.
    pub fn pending_one(&self, tx: TxId) -> Option<PendingOrder<'_>> {
        self.transaction(tx).filter(|t| t.is_order()).map(|t| self.pending_order(t))
    }

    fn pending_order<'d>(&'d self, transaction: &'d Transaction) -> PendingOrder<'d> {
        const PAYERS: [Payee; 2] = [Payee::Buyer, Payee::Seller];
        let leg = transaction.leg.and_then(|id| self.state.books.leg(id));
        let owner = self.deposit(transaction.deposit).map_or(Side::Buyer, |d| d.owner);
        let [buyer, seller] = const { &PAYERS };
        let payer = match owner {
            Side::Buyer => buyer,
            Side::Seller => seller,
        };
        let destination = match &transaction.sent_to {
            Some(SentTo::Chosen(destination)) => Some(destination),
            Some(SentTo::Known) => None,
            None => leg.and_then(|l| self.destination(&l.payee, DestinationUse::of(l.purpose))),
        };
        let payment = match transaction.source {
            Some(source) => self.transaction(source),
            None => Some(transaction).filter(|t| t.kind.is_inbound()),
        };
        PendingOrder {
            key: self.key(transaction.id),
            transaction,
            payee: leg.map_or(payer, |l| &l.payee),
            destination,
            source: payment.and_then(Transaction::reference),
            gateway: payment.and_then(Transaction::gateway),
        }
    }

    /// The idempotency key of a transaction.
    pub const fn key(&self, transaction: TxId) -> IdempotencyKey {
        IdempotencyKey { deal: self.id, transaction }
    }
}
