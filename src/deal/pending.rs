//! Orders without an answer: what the gateway is asked again, under the same keys.

use super::Deal;
use super::command::DestinationUse;
use crate::deposit::{
    GatewayName, IdempotencyKey, Purpose, Reference, SentTo, Transaction, TransactionKind, TxId,
};
use crate::{DealId, Destination, InstrumentRef, Money, PartyId, Payee, Side, Time};

/// An order that has no answer yet, with all that a gateway needs to carry it out.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct PendingOrder<'d> {
    /// The key under which it is carried out at most once.
    pub key: IdempotencyKey,
    /// What kind of machine has given it, as [`Aggregate::KIND`](crate::port::Aggregate::KIND): `deal`.
    pub machine: &'static str,
    /// The deal's own transaction; `None` where another machine has given the order.
    pub transaction: Option<&'d Transaction>,
    /// When it was ordered.
    pub ordered_at: Time,
    /// What to do. `charge`: verify a payment that a party states to have made; where there is no `source`, take the amount
    /// from `instrument`, or from what the gateway has on file for the payer, as for a subscription.
    pub kind: TransactionKind,
    /// What for; `None` for a capture, a void or a charge, and for what is no deal's.
    pub purpose: Option<Purpose>,
    /// How much.
    pub amount: Money,
    /// To whom: a payee, or for a capture, void or charge the payer.
    pub payee: &'d Payee,
    /// The payee as the host knows them; `None` for the platform and the processor.
    pub party: Option<&'d PartyId>,
    /// Where the payee wants it; `None`: where the gateway knows the payee, or back to the source.
    pub destination: Option<&'d Destination>,
    /// What is charged, as the host's vault knows it.
    pub instrument: Option<&'d InstrumentRef>,
    /// The payment that is captured, voided, refunded or verified, at its gateway.
    pub source: Option<&'d Reference>,
    /// The gateway that took that payment, or is said to have: no other one can carry the order out. `None`: the
    /// order concerns no payment.
    pub gateway: Option<&'d GatewayName>,
    /// The host's own id of the order that the deal is about, where the terms name one.
    pub order_id: Option<&'d str>,
    /// The earliest instant at which it can have been sent before. `None`: nobody has ever sent it. A gateway that may have
    /// forgotten the key since **looks before it acts**: it asks its provider for what carries the key.
    pub first_sent: Option<Time>,
    /// How often it is known to have been sent.
    pub tries: u32,
    /// Its number within the machine.
    number: TxId,
}

impl<'d> PendingOrder<'d> {
    /// An order of a machine beside the deal: of which kind it is, under which key and number, what is to be done, how much,
    /// and to or from whom. Nobody is known to have carried it out since it was ordered; all else is set on it.
    pub const fn new(
        machine: &'static str,
        (key, number): (IdempotencyKey, TxId),
        kind: TransactionKind,
        amount: Money,
        payee: &'d Payee,
        ordered_at: Time,
    ) -> Self {
        Self {
            key,
            machine,
            transaction: None,
            ordered_at,
            kind,
            purpose: None,
            amount,
            payee,
            party: None,
            destination: None,
            instrument: None,
            source: None,
            gateway: None,
            order_id: None,
            first_sent: Some(ordered_at),
            tries: 1,
            number,
        }
    }

    /// The id of its machine as that of a deal, which it is unless [`machine`](Self::machine) says otherwise.
    pub const fn deal(&self) -> DealId {
        DealId::new(self.key.machine)
    }

    /// Its number within the machine: by it the answer is told.
    pub const fn number(&self) -> TxId {
        self.number
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
        let ids = (self.key(transaction.id), transaction.id);
        // whoever reads a deal does not know what became of what was sent before
        PendingOrder {
            transaction: Some(transaction),
            purpose: leg.map(|l| l.purpose),
            party,
            destination,
            source: payment.and_then(Transaction::reference),
            gateway: payment.and_then(Transaction::gateway),
            order_id: self.terms.order_id.as_deref(),
            ..PendingOrder::new(
                "deal",
                ids,
                transaction.kind,
                transaction.amount,
                payee,
                transaction.created_at,
            )
        }
    }

    /// The idempotency key of a transaction.
    pub const fn key(&self, transaction: TxId) -> IdempotencyKey {
        IdempotencyKey::new(self.id.uuid(), transaction)
    }
}
