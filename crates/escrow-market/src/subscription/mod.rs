//! The subscription: a payer who is charged for every period of a plan, in time and without acting.
//!
//! `trialing → active → past_due → suspended → cancelled`. Every period is counted from 1, is charged when it begins,
//! and is *paid or skipped once, or open*: at every step `paid + skipped + open = the latest period`, where only the
//! latest can be open. Each attempt to charge it has a key of its own, `{subscription}:{period}:{attempt}`, and there is
//! never a second attempt before the first is answered: unknown or in progress is asked again under the same key.
//!
//! | what happens | what follows |
//! |---|---|
//! | a charge is declined | the next attempt after [`Dunning::retry_s`]; after the last, [`Dunning::grace_s`]; then suspended |
//! | suspended | nothing is charged; cancelled after [`Dunning::suspended_s`], unless the payer [pays](command::Pay) |
//! | the payer pays | the overdue period begins anew at that instant, under the plan that is agreed by then: nobody pays for the time in which the service was off. All later periods are counted from there |
//! | the host was down, or the gateway silent, for several periods | the one that was ordered is asked again under its key; once it is answered, [`Missed`] says whether the ones between are skipped (and the running one charged) or charged each in order |
//! | the recipient gives a payment back, whole or in part | a fact, [`Refunded`](command::Refunded): recorded, and nothing else. The period stays paid and the next one is charged; who wants to end it [cancels](command::Cancel) |
//! | the payer's bank takes a payment back | a fact, [`Chargeback`](command::Chargeback). Opened and won are recorded. Once all of the payment for the latest period is lost, that is not paid any more: suspended, as above, so that nobody who took a charge back is charged again by itself |
//! | it gives it back after all | the period is paid as before, while it lasts and nothing else was asked for; recorded otherwise |
//! | a loss of a part, or of a period that is over | recorded: the payer was served, and what the recipient makes of it is theirs to say |
//! | a charge succeeds after it was declined | never a payment: it is owed back ([`Event::RefundOwed`], [`Subscription::refunds`]) |
//! | another plan | proposed by one side, agreed by the other, in force from the next period that is charged; what was ordered keeps its amount |
//!
//! Nothing waits without a timer or an answer of the gateway, and a suspension has an end.
//!
//! # Examples
//! ```
//! use escrow::{Context, Currency, Machine, Money, Time};
//! use escrow_market::subscription::command::{Answer, Answered};
//! use escrow_market::subscription::{Period, Plan, Recipient, Status, SubscriptionDraft, SubscriptionTerms};
//! use escrow_market::{Subscription, SubscriptionId};
//! use uuid::Uuid;
//!
//! let plan = Plan::new(Money::from_minor(490_00, Currency::RUB), Period::Months(1));
//! let draft = SubscriptionDraft::new("anna".parse()?, Recipient::Platform, plan);
//! let now = Time::parse("2027-01-31T12:00:00Z")?;
//! let anna = Context::party(now, "anna".parse()?);
//! let id = SubscriptionId::new(Uuid::nil());
//! let (mut subscription, _) = Subscription::subscribe(id, SubscriptionTerms::new(draft)?, &anna)?;
//!
//! let charge = subscription.pending().ok_or("the first period is charged at once")?;
//! assert_eq!(charge.key.to_string(), "00000000-0000-0000-0000-000000000000:1:1");
//! let paid = Answer { period: 1, attempt: 1, result: Answered::Succeeded("bank-1".parse()?) };
//! let _ = subscription.handle(&paid.into(), &Context::gateway(now))?;
//!
//! assert_eq!(subscription.status(), Status::Active);
//! // February has no 31st
//! assert_eq!(subscription.next_deadline(), Some(Time::parse("2027-02-28T12:00:00Z")?));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Source
//! PAYSTO's upBalance: recurring payments, charged by themselves after a set time. It states no retries, no calendar and
//! no suspension: those rules are ours, and [`Dunning`] is where a host changes them.

mod apply;
mod calendar;
mod charge;
pub mod command;
mod decide;
mod decode;
mod event;
mod plan;
mod rejection;
mod reversals;
mod settled;
mod timers;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use self::calendar::Period;
pub use self::charge::{Charge, ChargeKey, ChargeState, PendingCharge, PendingRefund};
pub use self::command::{Command, CommandKind};
pub use self::decide::{Role, permitted};
pub use self::decode::{Parts, State};
pub use self::event::{Ending, Event, Undue};
pub use self::plan::{Dunning, Missed, Plan, Recipient, SubscriptionDraft, SubscriptionTerms, Trial};
pub use self::rejection::Rejection;
pub use self::reversals::{Case, Refund};

use crate::SubscriptionId;
use escrow::Context;
use escrow::{Actor, Time, Transition, names};

/// A subscription, with its latest period.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Subscription {
    id: SubscriptionId,
    terms: Arc<SubscriptionTerms>,
    state: State,
}

/// The status of a subscription.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Nothing is charged yet.
    Trialing,
    /// The running period is paid, or its first charge is under way.
    Active,
    /// The running period's charge was declined: it is tried again, or the payer has some grace left.
    PastDue,
    /// Nobody paid. Waits for the payer, until it is cancelled.
    Suspended,
    /// It has ended.
    Cancelled,
}

names! {
    /// Every status.
    Status, "the status of a subscription" {
        Trialing = "trialing",
        Active = "active",
        PastDue = "past_due",
        Suspended = "suspended",
        Cancelled = "cancelled",
    }
}

/// What comes after a declined charge.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Next {
    /// It is tried again.
    Retry {
        /// When.
        at: Time,
    },
    /// The schedule is exhausted: it is suspended.
    Suspend {
        /// When.
        at: Time,
    },
}

/// A side of a subscription, as one that proposes a plan.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proposer {
    /// Who pays.
    Payer,
    /// Who is paid, or an operator for them.
    Recipient,
}

/// A plan, and which version of a subscription's plans it is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanVersion {
    /// Counted from 1.
    pub version: u32,
    /// The plan.
    pub plan: Plan,
}

/// A plan that waits for the other side.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    /// Its version.
    pub version: u32,
    /// What is proposed.
    pub plan: Plan,
    /// By which side: the other one may agree.
    pub by: Proposer,
}

impl Subscription {
    /// The most attempts of one period that a payer can ask for.
    pub const MAX_ATTEMPTS: u16 = 1_000;
    /// How much may be owed back at a time; far more than a gateway that keeps its word ever causes.
    pub const MAX_REFUNDS: usize = settled::SettledAttempts::MAX_OWED;

    /// Subscribes: the payer does, and agrees to the first plan by it, or an operator with the payer's consent. Without a
    /// trial the first period begins at once, and so does its charge: commit it, then have it executed.
    ///
    /// # Errors
    /// [`Rejection::UnknownActor`] for anybody else; [`Rejection::TrialOver`], [`Rejection::TrialTooLong`].
    pub fn subscribe(
        id: SubscriptionId,
        terms: impl Into<Arc<SubscriptionTerms>>,
        context: &Context,
    ) -> Result<(Self, Transition<Self>), Rejection> {
        decide::subscribe(id, terms.into(), context)
    }

    /// Its id.
    pub const fn id(&self) -> SubscriptionId {
        self.id
    }

    /// What was subscribed to.
    pub const fn terms(&self) -> &Arc<SubscriptionTerms> {
        &self.terms
    }

    /// The version at the last event that a person caused: an actor's `seen` is compared with it.
    pub const fn revision(&self) -> u64 {
        self.state.progress.revision()
    }

    /// When it was subscribed to.
    pub const fn created_at(&self) -> Time {
        self.state.progress.created_at()
    }

    /// Its status.
    pub const fn status(&self) -> Status {
        self.state.phase.status()
    }

    /// Whether the payer is served: until the trial or the last paid period ends, and while a later charge is under way
    /// or past due; never before the first payment where there was no trial.
    pub fn is_served(&self) -> bool {
        match self.status() {
            Status::Trialing => true,
            Status::Active | Status::PastDue => self.terms.trial.is_some() || self.state.paid > 0,
            Status::Suspended | Status::Cancelled => false,
        }
    }

    /// The plan in force.
    pub const fn plan(&self) -> &PlanVersion {
        &self.state.plan
    }

    /// The plan that is agreed and in force from the next period that is charged.
    pub const fn next_plan(&self) -> Option<&PlanVersion> {
        self.state.agreed.as_ref()
    }

    /// The plan that waits for the other side.
    pub const fn proposal(&self) -> Option<&Proposal> {
        self.state.proposal.as_ref()
    }

    /// How many versions of the plan there were, proposed ones included.
    pub const fn plan_versions(&self) -> u32 {
        self.state.versions
    }

    /// The latest period; `None` during a trial.
    pub const fn charge(&self) -> Option<&Charge> {
        self.state.charge.as_ref()
    }

    /// How many periods are paid.
    pub const fn paid(&self) -> u32 {
        self.state.paid
    }

    /// How many periods went by and are not charged.
    pub const fn skipped(&self) -> u32 {
        self.state.skipped
    }

    /// When it ends, where somebody has cancelled it for the end of its period.
    pub fn ends_at(&self) -> Option<Time> {
        if self.state.ends { self.state.period_end() } else { None }
    }

    /// The charge that has no answer; there is never more than one.
    pub fn pending(&self) -> Option<PendingCharge<'_>> {
        let charge = self.state.pending()?;
        let key = ChargeKey { subscription: self.id, period: charge.period, attempt: charge.attempt };
        Some(PendingCharge { key, payer: &self.terms.payer, recipient: &self.terms.recipient, charge })
    }

    /// What is owed back to the payer; at most [`Subscription::MAX_REFUNDS`].
    pub fn refunds(&self) -> impl Iterator<Item = PendingRefund<'_>> {
        self.state.settled.owed()
    }

    /// The latest chargebacks, oldest first.
    pub fn chargebacks(&self) -> impl ExactSizeIterator<Item = &Case> {
        self.state.reversals.cases()
    }

    /// What was given back lately, oldest first.
    pub fn refunded(&self) -> impl ExactSizeIterator<Item = &Refund> {
        self.state.reversals.refunds()
    }

    /// The role of an actor in this subscription; `None` for one that has no part in it.
    pub fn role_of(&self, actor: &Actor) -> Option<Role> {
        match actor {
            Actor::Party(id) if *id == self.terms.payer => Some(Role::Payer),
            Actor::Party(id) if Some(id) == self.terms.recipient.party() => Some(Role::Recipient),
            Actor::Operator(_) => Some(Role::Operator),
            Actor::Gateway => Some(Role::Gateway),
            Actor::Clock => Some(Role::Clock),
            Actor::Party(_) | Actor::Moderator(_) | Actor::Tracker => None,
        }
    }
}
