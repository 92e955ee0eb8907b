//! Orders without an answer: what the gateway is asked again, under the same keys.

use super::Deal;
use super::command::DestinationUse;
use crate::deposit::{
    GatewayName, IdempotencyKey, Purpose, Reference, SentTo, Transaction, TransactionKind, TxId,
};
use crate::{DealId, Destination, Money, PartyId, Payee, Side, Time};

/// An order that has no answer yet, with all that a gateway needs to carry it out.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct PendingOrder<'d> {
    /// The key under which it is carried out at most once.
    pub key: IdempotencyKey,
    /// The order's own transaction.
    pub transaction: &'d Transaction,
    /// What to do. `charge`: verify a payment that a party states to have made.
    pub kind: TransactionKind,
    /// What for; `None` for a capture, a void or a verification.
    pub purpose: Option<Purpose>,
    /// How much.
    pub amount: Money,
    /// To whom: a payee, or for a capture, void or verification the payer.
    pub payee: &'d Payee,
    /// The payee as the host knows them; `None` for the platform and the processor.
    pub party: Option<&'d PartyId>,
    /// Where the payee wants it; `None`: where the gateway knows the payee, or back to the source.
    pub destination: Option<&'d Destination>,
    /// The payment that is captured, voided, refunded or verified, at its gateway.
    pub source: Option<&'d Reference>,
    /// The gateway that took that payment, or is said to have: no other one can carry the order out. `None`: the
    /// order concerns no payment.
    pub gateway: Option<&'d GatewayName>,
    /// The host's own id of the order that the deal is about, where the terms name one.
    pub order_id: Option<&'d str>,
    /// The earliest instant at which it can have been sent before. `None`: nobody has ever sent it. A gateway that may have
    /// forgotten the key since **looks before it acts**: it asks its provider for what carries the deal and the number.
    pub first_sent: Option<Time>,
    /// How often it is known to have been sent.
    pub tries: u32,
}

impl PendingOrder<'_> {
    /// The deal that it belongs to.
    pub const fn deal(&self) -> DealId {
        self.key.deal
    }

    /// Its number within the deal.
    pub const fn number(&self) -> TxId {
        self.key.transaction
    }

    /// The same order, of which it is known that nobody has sent it.
    #[must_use]
    pub const fn never_sent(mut self) -> Self {
        self.first_sent = None;
        self.tries = 0;
        self
    }

    /// The same order, with what the host knows of its tries.
    #[must_use]
    pub const fn sent(mut self, first_sent: Time, tries: u32) -> Self {
        self.first_sent = Some(first_sent);
        self.tries = tries;
        self
    }
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
        let payee = leg.map_or(payer, |l| &l.payee);
        let party = match payee {
            Payee::Buyer => Some(&self.terms.buyer),
            Payee::Seller => Some(&self.terms.seller),
            Payee::Party(id) => Some(id),
            Payee::Platform | Payee::Processor => None,
        };
        PendingOrder {
            key: self.key(transaction.id),
            transaction,
            kind: transaction.kind,
            purpose: leg.map(|l| l.purpose),
            amount: transaction.amount,
            payee,
            party,
            destination,
            source: payment.and_then(Transaction::reference),
            gateway: payment.and_then(Transaction::gateway),
            order_id: self.terms.order_id.as_deref(),
            // whoever reads a deal does not know what became of what was sent before
            first_sent: Some(transaction.created_at),
            tries: 1,
        }
    }

    /// The idempotency key of a transaction.
    pub const fn key(&self, transaction: TxId) -> IdempotencyKey {
        IdempotencyKey { deal: self.id, transaction }
    }
}
