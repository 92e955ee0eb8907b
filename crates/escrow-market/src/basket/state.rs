//! What a basket knows of its payments, and the only place where it changes.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::command::ChargebackStep;
use super::{Basket, BasketDraft, Event, State};
use crate::id::plain_number;
use crate::{BasketId, is_default};
use escrow::deposit::{GatewayName, Reason, Reference};
use escrow::machine::Progress;
use escrow::{Money, ParseError, Recorded, Time, names};

/// The status of a basket.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It waits for money.
    Open,
    /// It was full: every deal has its part.
    Full,
    /// It was not full in time, or was cancelled: everything goes back.
    GivenUp,
}

names! {
    /// Every status.
    Status, "the status of a basket" {
        Open = "open",
        Full = "full",
        GivenUp = "given_up",
    }
}

/// Where the parts of a sum are, in minor units.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Parts {
    /// On each line, in order; shorter where there is nothing on the last ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<i64>,
    /// On what is in no line: what waits, goes back, or went back.
    #[serde(default, skip_serializing_if = "is_default")]
    pub rest: i64,
}

impl Parts {
    /// On one line.
    pub fn line(&self, n: usize) -> i64 {
        self.lines.get(n).copied().unwrap_or(0)
    }

    /// On all lines.
    pub fn in_lines(&self) -> i64 {
        self.lines.iter().fold(0, |sum, part| sum.saturating_add(*part))
    }

    pub(super) fn total(&self) -> i64 {
        self.in_lines().saturating_add(self.rest)
    }
}

/// A payment that came in.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Payment {
    /// By which gateway.
    pub gateway: GatewayName,
    /// The gateway's id of it.
    pub reference: Reference,
    /// How much.
    pub amount: Money,
    /// What of it each line has got.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<i64>,
}

impl Payment {
    pub(super) fn in_lines(&self) -> i64 {
        self.parts.iter().fold(0, |sum, part| sum.saturating_add(*part))
    }
}

/// How far a refund is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundState {
    /// The gateway has the order and has not answered.
    Ordered,
    /// The payer has it.
    Paid(Reference),
    /// The gateway declined it: an operator may try again.
    Declined(Reason),
}

/// A part of a refund, or all of it, that the payer's bank gave back.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Bounce {
    /// The gateway's id of the return.
    pub reference: Reference,
    /// How much.
    pub amount: Money,
}

/// Money on its way back to the payer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Refund {
    /// Which payment goes back, by its place, from 0.
    pub payment: usize,
    /// How much.
    pub amount: Money,
    /// How far it is.
    pub state: RefundState,
    /// When it was ordered; of one from before that was noted, nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ordered_at: Option<Time>,
    /// The one that was ordered in its place, by its number: for what was declined, or given back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<u32>,
    /// What the payer's bank gave back of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub returned: Vec<Bounce>,
}

impl Refund {
    /// What the payer has of it, or may have, in minor units.
    pub(super) fn counts(&self) -> i64 {
        match self.state {
            RefundState::Ordered => self.amount.minor(),
            RefundState::Paid(_) => self.kept(),
            RefundState::Declined(_) => 0,
        }
    }

    /// What of it did not come back, in minor units.
    pub(super) fn kept(&self) -> i64 {
        self.returned.iter().fold(self.amount.minor(), |kept, back| kept.saturating_sub(back.amount.minor()))
    }

    /// Whether something of it waits to be tried again.
    pub(super) fn waits(&self) -> bool {
        let came_to_nothing = match self.state {
            RefundState::Ordered => false,
            RefundState::Paid(_) => !self.returned.is_empty(),
            RefundState::Declined(_) => true,
        };
        came_to_nothing && self.replaced_by.is_none()
    }
}

/// A chargeback and how far it is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Case {
    /// The gateway's id of it.
    pub id: Reference,
    /// The gateway.
    pub gateway: GatewayName,
    /// The payment that is disputed.
    pub payment: Reference,
    /// What was disputed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened: Option<Money>,
    /// Whether it was won.
    #[serde(default, skip_serializing_if = "is_default")]
    pub won: bool,
    /// What was lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost: Option<Money>,
    /// What of it was given back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reinstated: Option<Money>,
    /// On whom what was disputed falls, once that is divided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened_on: Option<Parts>,
    /// On whom what was lost falls, once that is divided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost_on: Option<Parts>,
    /// Who gets back what was given back, once that is divided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reinstated_on: Option<Parts>,
}

impl Case {
    /// What was told of a step.
    pub const fn told(&self, step: ChargebackStep) -> Option<Money> {
        match step {
            ChargebackStep::Opened => self.opened,
            ChargebackStep::Lost => self.lost,
            ChargebackStep::Reinstated => self.reinstated,
            ChargebackStep::Won if self.won => self.opened,
            ChargebackStep::Won => None,
        }
    }

    /// What of a loss stands on a line, in minor units.
    pub(super) fn standing(&self, line: usize) -> i64 {
        let of = |parts: &Option<Parts>| parts.as_ref().map_or(0, |parts| parts.line(line));
        of(&self.lost_on).saturating_sub(of(&self.reinstated_on))
    }

    /// What of a loss stands on what is in no line, in minor units.
    pub(super) fn standing_rest(&self) -> i64 {
        let of = |parts: &Option<Parts>| parts.as_ref().map_or(0, |parts| parts.rest);
        of(&self.lost_on).saturating_sub(of(&self.reinstated_on))
    }
}

/// The key under which the gateway carries out a refund at most once: `{basket}:{number}`.
///
/// A host must not give a basket the id of a deal or of a balance, or their keys could meet at the gateway.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct RefundKey {
    /// The basket.
    pub basket: BasketId,
    /// The refund within it, from 1.
    pub number: u32,
}

impl fmt::Display for RefundKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.basket, self.number)
    }
}

impl FromStr for RefundKey {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let parsed = text
            .rsplit_once(':')
            .and_then(|(basket, n)| Some(Self { basket: basket.parse().ok()?, number: plain_number(n)? }));
        parsed.ok_or(ParseError::new("the key of a refund: the id of a basket, a colon, a number"))
    }
}

impl Basket {
    pub(super) fn begin(id: BasketId, draft: Arc<BasketDraft>, at: Time) -> Self {
        let left = Vec::new();
        let (payments, refunds, cases) = (Vec::new(), Vec::new(), Vec::new());
        let progress = Progress::begin(at);
        Self { id, draft, state: State { progress, status: Status::Open, left, payments, refunds, cases } }
    }

    pub(super) fn fold(&mut self, recorded: &Recorded<Event>) {
        let state = &mut self.state;
        state.progress.count(recorded);
        match &recorded.event {
            // only ever the first event, which `begin` has folded
            Event::Opened { .. } => {}
            Event::PaymentReceived { gateway, reference, amount } => state.payments.push(Payment {
                gateway: gateway.clone(),
                reference: reference.clone(),
                amount: *amount,
                parts: Vec::new(),
            }),
            Event::DealLeft { deal } => state.left.push(*deal),
            Event::Filled { parts } => {
                state.status = Status::Full;
                for (payment, parts) in state.payments.iter_mut().zip(parts) {
                    payment.parts.clone_from(parts);
                }
            }
            Event::GivenUp { .. } => state.status = Status::GivenUp,
            Event::RefundOrdered { payment, amount, instead_of, .. } => {
                let number = u32::try_from(state.refunds.len()).unwrap_or(u32::MAX).saturating_add(1);
                if let Some(old) = instead_of.and_then(|old| state.refund_mut(old)) {
                    old.replaced_by = Some(number);
                }
                let (payment, amount) = (*payment, *amount);
                let (replaced_by, returned) = (None, Vec::new());
                state.refunds.push(Refund {
                    payment,
                    amount,
                    state: RefundState::Ordered,
                    ordered_at: Some(recorded.at),
                    replaced_by,
                    returned,
                });
            }
            Event::RefundPaid { refund, reference } => {
                state.set_refund(*refund, RefundState::Paid(reference.clone()));
            }
            Event::RefundDeclined { refund, reason } => {
                state.set_refund(*refund, RefundState::Declined(reason.clone()));
            }
            Event::RefundReturned { refund, reference, amount } => {
                if let Some(refund) = state.refund_mut(*refund) {
                    refund.returned.push(Bounce { reference: reference.clone(), amount: *amount });
                    // it may have been tried again for what was declined
                    refund.replaced_by = None;
                }
            }
            Event::ChargebackRecorded { id, gateway, payment, step, amount } => {
                let known = state.cases.iter().position(|case| case.id == *id && case.gateway == *gateway);
                let at = known.unwrap_or_else(|| {
                    let (id, gateway, payment) = (id.clone(), gateway.clone(), payment.clone());
                    state.cases.push(Case::new(id, gateway, payment));
                    state.cases.len().saturating_sub(1)
                });
                if let Some(case) = state.cases.get_mut(at) {
                    match step {
                        ChargebackStep::Opened => case.opened = Some(*amount),
                        ChargebackStep::Won => case.won = true,
                        ChargebackStep::Lost => case.lost = Some(*amount),
                        ChargebackStep::Reinstated => case.reinstated = Some(*amount),
                    }
                }
            }
            Event::ChargebackDivided { case, step, parts } => {
                if let Some(case) = state.cases.get_mut(*case) {
                    let parts = Some(parts.clone());
                    match step {
                        ChargebackStep::Opened => case.opened_on = parts,
                        ChargebackStep::Lost => case.lost_on = parts,
                        ChargebackStep::Reinstated => case.reinstated_on = parts,
                        ChargebackStep::Won => {}
                    }
                }
            }
        }
    }
}

impl Case {
    const fn new(id: Reference, gateway: GatewayName, payment: Reference) -> Self {
        Self {
            id,
            gateway,
            payment,
            opened: None,
            won: false,
            lost: None,
            reinstated: None,
            opened_on: None,
            lost_on: None,
            reinstated_on: None,
        }
    }
}

impl State {
    fn refund_mut(&mut self, number: u32) -> Option<&mut Refund> {
        let at = number.checked_sub(1).and_then(|n| usize::try_from(n).ok())?;
        self.refunds.get_mut(at)
    }

    fn set_refund(&mut self, number: u32, to: RefundState) {
        if let Some(refund) = self.refund_mut(number) {
            refund.state = to;
        }
    }
}

machine_by_rules!(Basket, super::Command, Event, super::Rejection);
