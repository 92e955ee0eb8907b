//! The machines here as what a repository keeps and the agent drives: a withdrawal, the refund of a basket and the charge of
//! a subscription are orders as a deal's are, under the keys that they have always had.
//!
//! A [`PayeeProfile`](crate::PayeeProfile) is none: its id is its payee's. None of them notes since when it has its status:
//! its listing says when it last changed.

use escrow::deal::PendingOrder;
use escrow::deal::command::{Answered, Wake};
use escrow::deposit::{IdempotencyKey, TransactionKind};
use escrow::machine::{DecodeError, Machine};
use escrow::port::{Aggregate, AggregateId, Listing};
use escrow::{Payee, Recorded, TxId};

use crate::balance::PendingWithdrawal;
use crate::subscription::{PendingCharge, PendingRefund};
use crate::{Balance, Basket, Offer, Project, Store, Subscription};
use crate::{BalanceId, BasketId, OfferId, ProjectId, StoreId, SubscriptionId};
use crate::{balance, basket, subscription};

/// What all of them have in common: `aggregate! { Offer, OfferId, "offer" { what is its own } }`.
macro_rules! aggregate {
    ($machine:ident, $id:ident, $kind:literal { $($own:tt)* }) => {
        impl AggregateId for $id {
            type Of = $machine;
        }

        impl Aggregate for $machine {
            const KIND: &'static str = $kind;
            type Id = $id;

            fn id(&self) -> $id {
                self.id()
            }

            fn replay_journal<'e>(
                id: $id,
                journal: impl IntoIterator<Item = &'e Recorded<Self::Event>>,
            ) -> Result<Self, DecodeError> {
                Self::replay(id, journal)
            }

            fn audit(&self) -> Result<(), DecodeError> {
                self.check()
            }

            fn wake() -> Self::Command {
                Wake {}.into()
            }

            $($own)*
        }
    };
}

/// Of a machine that orders nothing.
macro_rules! orders_nothing {
    () => {
        fn unanswered_from(&self, _: TxId) -> Option<PendingOrder<'_>> {
            None
        }

        fn next_number(&self) -> TxId {
            TxId::new(1)
        }

        // never asked for
        fn answer(_: TxId, _: Answered) -> Self::Command {
            Wake {}.into()
        }
    };
}

aggregate! { Offer, OfferId, "offer" {
    fn listing(&self) -> Listing {
        let listing = Listing::new(self.status().as_str(), self.last_at(), self.created_at());
        listing.party(&self.terms().owner).waits(self.next_deadline(), None)
    }

    orders_nothing!();
}}

aggregate! { Store, StoreId, "store" {
    fn listing(&self) -> Listing {
        let listing = Listing::new(self.status().as_str(), self.last_at(), self.created_at());
        listing.party(&self.opened_with().owner).waits(self.next_deadline(), None)
    }

    orders_nothing!();
}}

aggregate! { Project, ProjectId, "project" {
    fn listing(&self) -> Listing {
        Listing::new(self.status().as_str(), self.last_at(), self.created_at())
            .party(&self.terms().customer)
            .party(&self.terms().contractor)
            .waits(self.next_deadline(), None)
    }

    orders_nothing!();
}}

/// Whoever pays a basket or a subscription is no party to a deal in it.
const PAYER: &Payee = &Payee::Buyer;

aggregate! { Basket, BasketId, "basket" {
    fn listing(&self) -> Listing {
        let since = self.pending().map(|refund| refund.ordered_at).min();
        Listing::new(self.status().as_str(), self.last_at(), self.created_at())
            .party(&self.draft().payer)
            .waits(self.next_deadline(), since)
    }

    fn unanswered_from(&self, number: TxId) -> Option<PendingOrder<'_>> {
        let refund = self.pending().find(|refund| refund.key.number >= number.number())?;
        let number = TxId::new(refund.key.number);
        let ids = (IdempotencyKey::new(self.id().uuid(), number), number);
        let (amount, at) = (refund.amount, refund.ordered_at);
        let mut order = PendingOrder::new(Self::KIND, ids, TransactionKind::Refund, amount, PAYER, at);
        order.party = Some(refund.payer);
        (order.source, order.gateway) = (Some(refund.source), Some(refund.gateway));
        Some(order)
    }

    fn next_number(&self) -> TxId {
        let last = u32::try_from(self.refunds().len()).unwrap_or(u32::MAX);
        TxId::new(last.saturating_add(1))
    }

    fn answer(order: TxId, result: Answered) -> basket::Command {
        basket::command::Answer::new(order.number(), result).into()
    }
}}

aggregate! { Balance, BalanceId, "balance" {
    const NUMBERED_WHEN_ORDERED: bool = false;

    fn listing(&self) -> Listing {
        let since = self.pending().map(|sent| sent.ordered_at()).min();
        let listing = Listing::new("open", self.opened_at(), self.opened_at());
        let listing = self.holder().party().into_iter().fold(listing, Listing::party);
        listing.waits(self.next_deadline(), since)
    }

    fn unanswered_from(&self, number: TxId) -> Option<PendingOrder<'_>> {
        let all = self.pending().filter(|sent| sent.key.number >= number.number());
        let sent: PendingWithdrawal<'_> = all.min_by_key(|sent| sent.key.number)?;
        let number = TxId::new(sent.key.number);
        let ids = (IdempotencyKey::new(self.id().uuid(), number), number);
        let (payee, amount) = (self.payee(), sent.withdrawal.amount);
        let kind = TransactionKind::Payout;
        let mut order = PendingOrder::new(Self::KIND, ids, kind, amount, payee, sent.ordered_at());
        order.party = self.holder().party();
        order.destination = Some(&sent.withdrawal.destination);
        Some(order)
    }

    fn next_number(&self) -> TxId {
        TxId::new(self.last_number().saturating_add(1))
    }

    fn answer(order: TxId, result: Answered) -> balance::Command {
        balance::command::Answer { withdrawal: order.number(), result }.into()
    }
}}

/// A charge and a refund of a subscription as one number, in the order of the periods: a period has fewer than 1 024
/// attempts, and each of them may have to go back.
mod numbers {
    use escrow::TxId;

    const ATTEMPTS: u32 = 1_024;
    const PERIOD: u32 = 2 * ATTEMPTS;

    /// After the refunds of its period: an attempt is never new once a later one was made, what goes back may be.
    pub(super) fn charge(period: u32, attempt: u16) -> TxId {
        TxId::new(refund(period, attempt).number().saturating_add(ATTEMPTS))
    }

    pub(super) fn refund(period: u32, attempt: u16) -> TxId {
        TxId::new(period.saturating_mul(PERIOD).saturating_add(u32::from(attempt)))
    }

    /// The period, the attempt, and whether it is the refund.
    pub(super) fn parse(number: TxId) -> (u32, u16, bool) {
        let within = number.number().checked_rem(PERIOD).unwrap_or(0);
        let period = number.number().checked_div(PERIOD).unwrap_or(0);
        let attempt = within.checked_rem(ATTEMPTS).unwrap_or(0);
        (period, u16::try_from(attempt).unwrap_or(u16::MAX), within < ATTEMPTS)
    }
}

impl Subscription {
    fn charge_order<'s>(&'s self, pending: &PendingCharge<'s>) -> PendingOrder<'s> {
        let PendingCharge { key, charge, .. } = pending;
        let of = IdempotencyKey::new(self.id().uuid(), TxId::new(key.period)).attempt(key.attempt);
        let ids = (of, numbers::charge(key.period, key.attempt));
        // when its period began: nobody can have sent it before
        let (kind, at) = (TransactionKind::Charge, charge.from);
        let mut order = PendingOrder::new(Self::KIND, ids, kind, charge.amount, PAYER, at);
        order.party = Some(&self.terms().payer);
        order.instrument = charge.instrument.as_ref();
        order
    }

    fn refund_order<'s>(&'s self, owed: &PendingRefund<'s>) -> PendingOrder<'s> {
        let number = numbers::refund(owed.period, owed.attempt);
        let ids = (IdempotencyKey::new(self.id().uuid(), number), number);
        let (kind, at) = (TransactionKind::Refund, self.created_at());
        let mut order = PendingOrder::new(Self::KIND, ids, kind, owed.amount, PAYER, at);
        order.party = Some(&self.terms().payer);
        order.source = Some(owed.reference);
        order
    }

    fn orders(&self) -> impl Iterator<Item = PendingOrder<'_>> {
        let charge = self.pending();
        let charge = charge.into_iter().map(|pending| self.charge_order(&pending));
        charge.chain(self.refunds().map(|owed| self.refund_order(&owed)))
    }
}

aggregate! { Subscription, SubscriptionId, "subscription" {
    // what goes back, goes back after later attempts
    const NUMBERED_WHEN_ORDERED: bool = false;

    fn listing(&self) -> Listing {
        let since = self.orders().map(|order| order.ordered_at).min();
        let terms = self.terms();
        let listing = Listing::new(self.status().as_str(), self.last_at(), self.created_at());
        let listing = terms.recipient.party().into_iter().fold(listing.party(&terms.payer), Listing::party);
        listing.waits(self.next_deadline(), since)
    }

    fn unanswered_from(&self, number: TxId) -> Option<PendingOrder<'_>> {
        self.orders().filter(|order| order.number() >= number).min_by_key(PendingOrder::number)
    }

    fn next_number(&self) -> TxId {
        let latest = self.charge().map(|charge| numbers::charge(charge.period, charge.attempt));
        TxId::new(latest.map_or(0, TxId::number).saturating_add(1))
    }

    fn answer(order: TxId, result: Answered) -> subscription::Command {
        let (period, attempt, is_refund) = numbers::parse(order);
        match (is_refund, result) {
            (false, result) => subscription::command::Answer { period, attempt, result }.into(),
            (true, Answered::Succeeded(reference)) => {
                subscription::command::SettleRefund { period, attempt, reference }.into()
            }
            // it is owed until it went back, and asked for again
            (true, Answered::Declined(_) | Answered::InProgress) => {
                let result = Answered::InProgress;
                subscription::command::Answer { period, attempt, result }.into()
            }
        }
    }
}}
