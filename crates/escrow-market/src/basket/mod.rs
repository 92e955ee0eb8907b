//! The basket: one payment for several deals, such as a cart with several sellers, or milestones that are paid upfront.
//!
//! - **Full**: every deal gets its `ConfirmPayment` with the common reference, as data ([`Basket::follows`]). Several payments
//!   may fill it; the lines before are filled first.
//! - **Under**: it waits until its deadline, then everything goes back. **Over**: the excess goes back. So does what comes
//!   late, and what comes in another currency.
//! - A deal that ends before it is paid leaves the basket ([`Basket::follow`]).
//! - A **chargeback** names the payment. It is divided by the largest remainder of what is left of each line, what is in no
//!   line – what waits, goes back or went back – being one, too; each deal gets its part of every step. One that comes
//!   before its payment waits for it.
//! - Charged payments only: a hold is refused.
//! - At every step `received = held + reserved + paid out + refunded + charged back`, where what is paid out is the deals'
//!   ([`Basket::sums`]). What the payer has twice, by a refund and from the bank, the payer owes.
//!
//! A refund that the gateway declines stays payable: an operator tries it again. From every state the deadline and answers
//! alone lead to the end.
//!
//! # Examples
//! A cart of two sellers:
//! ```
//! use escrow::deposit::DepositId;
//! use escrow::{Context, Currency, DealId, Machine, Money, Time};
//! use escrow_market::basket::command::{Chargeback, ChargebackStep, ConfirmPayment};
//! use escrow_market::basket::{BasketDraft, Line, Status};
//! use escrow_market::{Basket, BasketId};
//! use uuid::Uuid;
//!
//! let eur = |minor| Money::from_minor(minor, Currency::EUR);
//! let now = Time::parse("2026-03-01T12:00:00Z")?;
//! let line = |n, minor| Line {
//!     deal: DealId::new(Uuid::from_u128(n)),
//!     deposit: DepositId::BUYER_PAYMENT,
//!     amount: eur(minor),
//! };
//! // a lamp of 30.00 and a rug of 70.00
//! let lines = vec![line(1, 30_00), line(2, 70_00)];
//! let draft = BasketDraft::new("anna".parse()?, Currency::EUR, lines, now.plus_secs(3_600));
//! let (mut basket, _) = Basket::open(BasketId::new(Uuid::nil()), draft, &Context::clock(now))?;
//!
//! let gateway = Context::gateway(now);
//! let paid = ConfirmPayment::charged("stripe".parse()?, "pi_1".parse()?, eur(100_00));
//! let filled = basket.handle(&paid.into(), &gateway)?;
//! assert_eq!(basket.status(), Status::Full);
//! // what each deal is told: 30.00 and 70.00 of pi_1
//! let told: Vec<_> = filled.events().iter().flat_map(|e| basket.follows(&e.event)).collect();
//! assert_eq!(told.len(), 2);
//!
//! let payment = ("stripe".parse()?, "pi_1".parse()?);
//! let lost = Chargeback::new("cb_1".parse()?, payment, eur(50_00), ChargebackStep::Lost);
//! let lost = basket.handle(&lost.into(), &gateway)?;
//! // 15.00 for the lamp's deal, 35.00 for the rug's
//! assert_eq!(basket.cases()[0].lost_on.as_ref().map(|on| on.lines.clone()), Some(vec![15_00, 35_00]));
//! assert_eq!(lost.events().iter().flat_map(|e| basket.follows(&e.event)).count(), 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod command;
mod decide;
mod decode;
mod draft;
mod event;
mod follows;
mod rejection;
mod state;
mod sums;

use std::sync::Arc;

pub use self::command::{Command, CommandKind};
pub use self::decide::{Role, Timer, permitted};
pub use self::decode::{State, Stored};
pub use self::draft::{BasketDraft, Line};
pub use self::event::Event;
pub use self::rejection::Rejection;
pub use self::state::{Bounce, Case, Parts, Payment, Refund, RefundKey, RefundState, Status};

use crate::BasketId;
use escrow::deposit::{GatewayName, Reference};
use escrow::{Actor, Context, Currency, DealId, Money, PartyId, Time, Transition};

/// One payment for several deals.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Basket {
    id: BasketId,
    draft: Arc<BasketDraft>,
    state: State,
}

/// A refund that the gateway is to carry out and has not answered, with all that it needs.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct PendingRefund<'b> {
    /// The key under which it is carried out at most once.
    pub key: RefundKey,
    /// Who gets it.
    pub payer: &'b PartyId,
    /// The gateway that took the payment.
    pub gateway: &'b GatewayName,
    /// The payment that goes back, at its gateway.
    pub source: &'b Reference,
    /// How much.
    pub amount: Money,
    /// When it was ordered.
    pub ordered_at: Time,
}

impl Basket {
    /// Opens a basket: an operator does, or the host by itself, as the clock. The host vouches that the deposits are the
    /// payer's own, and that the amounts are what is outstanding of them: [`BasketDraft::fits`] asks a deal.
    ///
    /// # Errors
    /// [`Rejection::UnknownActor`] for anybody else, [`Rejection::Lines`], [`Rejection::TooLate`].
    pub fn open(
        id: BasketId,
        draft: impl Into<Arc<BasketDraft>>,
        context: &Context,
    ) -> Result<(Self, Transition<Self>), Rejection> {
        let draft = draft.into();
        match &context.actor {
            Actor::Operator(_) | Actor::Clock => {}
            Actor::Party(_) | Actor::Moderator(_) | Actor::Gateway | Actor::Tracker => {
                return Err(Rejection::UnknownActor);
            }
        }
        draft.check()?;
        if draft.until <= context.now {
            return Err(Rejection::TooLate);
        }
        let basket = Self::begin(id, draft.clone(), context.now);
        Ok((basket, Transition::first(context, Event::Opened { draft })))
    }

    /// Its id.
    pub const fn id(&self) -> BasketId {
        self.id
    }

    /// What it was opened with.
    pub const fn draft(&self) -> &Arc<BasketDraft> {
        &self.draft
    }

    /// The currency of its lines.
    pub fn currency(&self) -> Currency {
        self.draft.currency
    }

    /// The version at the last event that a person caused: an actor's `seen` is compared with it.
    pub const fn revision(&self) -> u64 {
        self.state.progress.revision()
    }

    /// When it was opened.
    pub const fn created_at(&self) -> Time {
        self.state.progress.created_at()
    }

    /// Its status.
    pub const fn status(&self) -> Status {
        self.state.status
    }

    /// The lines whose deals have not left.
    pub fn lines(&self) -> impl Iterator<Item = &Line> {
        self.draft.lines.iter().filter(|line| self.stays(line))
    }

    fn stays(&self, line: &Line) -> bool {
        !self.state.left.contains(&line.deal)
    }

    /// The deals that have left.
    pub fn left(&self) -> &[DealId] {
        &self.state.left
    }

    /// The payments that came in.
    pub fn payments(&self) -> &[Payment] {
        &self.state.payments
    }

    /// The refunds, by their numbers.
    pub fn refunds(&self) -> &[Refund] {
        &self.state.refunds
    }

    /// The chargebacks that were told of.
    pub fn cases(&self) -> &[Case] {
        &self.state.cases
    }

    /// Every refund that has no answer yet, under its key: what a host has the gateway do after every confirmation and again
    /// after a crash.
    pub fn pending(&self) -> impl Iterator<Item = PendingRefund<'_>> {
        (1_u32..).zip(&self.state.refunds).filter_map(|(number, refund)| {
            let payment = self.state.payments.get(refund.payment)?;
            (refund.state == RefundState::Ordered).then(|| PendingRefund {
                key: RefundKey { basket: self.id, number },
                payer: &self.draft.payer,
                gateway: &payment.gateway,
                source: &payment.reference,
                amount: refund.amount,
                ordered_at: refund.ordered_at.unwrap_or(self.created_at()),
            })
        })
    }

    /// Whether nothing is to be done: it is full or was given up, and the gateway has answered every refund.
    pub fn is_settled(&self) -> bool {
        self.status() != Status::Open && self.pending().next().is_none()
    }

    /// The role of an actor in this basket; `None` for one that has no part in it.
    pub fn role_of(&self, actor: &Actor) -> Option<Role> {
        match actor {
            Actor::Party(id) if *id == self.draft.payer => Some(Role::Payer),
            Actor::Operator(_) => Some(Role::Operator),
            Actor::Gateway => Some(Role::Gateway),
            Actor::Clock => Some(Role::Clock),
            Actor::Party(_) | Actor::Moderator(_) | Actor::Tracker => None,
        }
    }
}
