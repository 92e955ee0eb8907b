//! What rules write into: it stamps and numbers what they push, and knows the phase that they have entered.

use super::event::{Event, Paused};
use super::phase::{Outcome, Phase};
use super::{Deal, Rejection};
use crate::deposit::{
    Deposit, DepositId, HoldState, Leg, LegId, LegState, Order, Transaction, TransactionKind, TxId,
};
use crate::machine::Events;
use crate::settlement::{Pots, Purpose};
use crate::{Actor, Destination, Money, PartyId, Payee, Recorded, Time};

use super::command::{ChargebackStep, DestinationUse};

/// What the command at hand changes in one deposit before a rule looks at all of them: rules read the deal as it
/// was, and this beside it.
#[derive(Clone, Copy, Default)]
pub(super) struct Delta {
    pub(super) deposit: Option<DepositId>,
    /// By how much `held` changes.
    pub(super) held: i64,
    /// By how much the part on hold changes.
    pub(super) on_hold: i64,
    /// A payment that has just come in.
    pub(super) fresh: Option<Fresh>,
    /// A hold whose capture has just been answered, and what was captured of it.
    pub(super) answered: Option<(TxId, i64)>,
}

#[derive(Clone, Copy)]
pub(super) struct Fresh {
    pub(super) tx: TxId,
    pub(super) amount: i64,
    pub(super) on_hold: bool,
}

impl Delta {
    fn of(&self, id: DepositId, change: i64) -> i64 {
        if self.deposit == Some(id) { change } else { 0 }
    }
}

impl Deal {
    /// What the deposit holds, once the delta is applied.
    pub(super) fn held_after(&self, deposit: &Deposit, delta: &Delta) -> i64 {
        deposit.buckets.held.saturating_add(delta.of(deposit.id, delta.held))
    }

    /// What of it is on hold.
    pub(super) fn on_hold_after(&self, deposit: &Deposit, delta: &Delta) -> i64 {
        deposit.on_hold.saturating_add(delta.of(deposit.id, delta.on_hold))
    }

    /// Is anything on hold, once the delta is applied?
    pub(super) fn has_holds_after(&self, delta: &Delta) -> bool {
        self.has_holds() || delta.on_hold != 0
    }

    /// Is every required deposit full, once the delta is applied?
    pub(super) fn is_funded_after(&self, delta: &Delta) -> bool {
        let full = |d: &Deposit| self.held_after(d, delta) >= d.required.minor();
        self.core.deposits.iter().all(|d| d.id.is_charge() || full(d))
    }

    /// What there is to settle, once the delta is applied.
    pub(super) fn pots_after(&self, delta: &Delta) -> Pots {
        // a hold is taken whole: what it brings beyond the required amount is never captured, so never given out
        let minor = |id| {
            self.deposit(id).map_or(0, |d| {
                let held = self.held_after(d, delta);
                if self.on_hold_after(d, delta) > 0 { held.min(d.required.minor().max(0)) } else { held }
            })
        };
        let money = |id| {
            let currency = self.deposit(id).map_or(self.terms.currency, |d| d.required.currency());
            Money::from_minor(minor(id), currency)
        };
        Pots {
            buyer: minor(DepositId::BUYER_PAYMENT),
            seller: minor(DepositId::SELLER_PAYMENT),
            buyer_guarantee: money(DepositId::BUYER_GUARANTEE),
            seller_guarantee: money(DepositId::SELLER_GUARANTEE),
            funded: match self.core.phase {
                // nobody has agreed to anything yet
                Phase::Proposed { .. } => false,
                Phase::Paying { .. } | Phase::Closed { .. } => self.core.ended_funded,
                // a deposit that was full until this moment was full: a chargeback or a failed hold undoes no costs
                Phase::AwaitingDeposit { .. } | Phase::Moderation { .. } => {
                    self.is_funded() || self.is_funded_after(delta)
                }
                Phase::Active { .. } | Phase::Disputed { .. } => true,
            },
        }
    }

    /// The open holds of a deposit, oldest first, with their amounts.
    pub(super) fn open_holds<'d>(
        &'d self,
        deposit: DepositId,
        delta: &'d Delta,
    ) -> impl Iterator<Item = (TxId, i64)> + 'd {
        let open =
            move |t: &&Transaction| t.deposit == deposit && matches!(t.hold, Some(HoldState::Open { .. }));
        let fresh = delta.fresh.filter(|f| f.on_hold && delta.deposit == Some(deposit));
        let held = self.core.transactions.iter().filter(open).map(|t| (t.id, t.amount.minor()));
        held.chain(fresh.map(|f| (f.tx, f.amount)))
    }

    /// The captures of a deposit that have no answer, but for one that has it now.
    pub(super) fn captures<'d>(
        &'d self,
        deposit: DepositId,
        delta: &'d Delta,
    ) -> impl Iterator<Item = &'d Transaction> + 'd {
        let answered = delta.answered.map(|(hold, _)| hold);
        self.core.transactions.iter().filter(move |t| {
            t.kind == TransactionKind::Capture
                && t.is_pending()
                && t.deposit == deposit
                && (t.source.is_none() || t.source != answered)
        })
    }

    /// The payments that a deposit's money can go back to, newest first, with what is left of each.
    pub(super) fn sources<'d>(
        &'d self,
        deposit: DepositId,
        delta: &'d Delta,
    ) -> impl Iterator<Item = (TxId, i64)> + 'd {
        let fresh = delta.fresh.filter(|f| !f.on_hold && delta.deposit == Some(deposit));
        let known = self.core.transactions.iter().rev().filter_map(move |t| {
            if t.deposit != deposit || !t.brought_money() {
                return None;
            }
            if let Some((hold, captured)) = delta.answered
                && hold == t.id
            {
                return Some((t.id, captured));
            }
            match t.hold {
                Some(HoldState::Open { .. } | HoldState::Closing | HoldState::Lapsed) => None,
                Some(HoldState::Closed) | None => Some((t.id, t.refundable())),
            }
        });
        fresh.map(|f| (f.tx, f.amount)).into_iter().chain(known).filter(|(_, left)| *left > 0)
    }

    /// Is a chargeback of this deposit open?
    pub(super) fn chargeback_open(&self, deposit: DepositId) -> bool {
        let open = |c: &super::OpenChargeback| c.deposit == deposit && c.step == ChargebackStep::Opened;
        self.core.chargebacks.iter().any(open)
    }
}

/// A leg before it has a number.
pub(super) struct NewLeg<'p> {
    pub(super) deposit: DepositId,
    pub(super) payee: &'p Payee,
    pub(super) purpose: Purpose,
    pub(super) amount: Money,
    pub(super) source: Option<TxId>,
    /// Its source is a hold, so that it is let go instead of refunded.
    pub(super) void: bool,
}

pub(super) struct Draft<'c> {
    events: &'c mut Events,
    at: Time,
    actor: &'c Actor,
    via: Option<&'c PartyId>,
    next_tx: u32,
    next_leg: u32,
    phase: Phase,
    unsettled: u32,
    /// How many more captures are without an answer than when the command came in.
    more_captures: i32,
    /// A chargeback that this very command closes no longer stops legs.
    released: Option<DepositId>,
}

impl<'c> Draft<'c> {
    pub(super) fn new(
        deal: &Deal,
        at: Time,
        actor: &'c Actor,
        via: Option<&'c PartyId>,
        events: &'c mut Events,
    ) -> Result<Self, Rejection> {
        Ok(Self {
            events,
            at,
            actor,
            via,
            next_tx: number_after(deal.core.transactions.len())?,
            next_leg: number_after(deal.core.legs.len())?,
            phase: deal.core.phase,
            unsettled: deal.core.unsettled_legs,
            more_captures: 0,
            released: None,
        })
    }

    /// The instant that is judged.
    pub(super) const fn at(&self) -> Time {
        self.at
    }

    /// The phase, as far as the draft has come.
    pub(super) const fn phase(&self) -> Phase {
        self.phase
    }

    pub(super) fn push(&mut self, event: Event) {
        self.events.push(Recorded { at: self.at, actor: self.actor.clone(), via: self.via.cloned(), event });
    }

    /// The next transaction number.
    pub(super) fn tx(&mut self) -> Result<TxId, Rejection> {
        let tx = TxId(self.next_tx);
        self.next_tx = self.next_tx.checked_add(1).ok_or(Rejection::Overflow)?;
        Ok(tx)
    }

    /// Moves to another phase, and notes the time left of a stage that is interrupted.
    pub(super) fn enter(&mut self, phase: Phase) {
        let paused = match self.phase {
            Phase::Active { stage, until } => {
                Some(Paused { stage, remaining_ms: until.millis_since(self.at) })
            }
            Phase::Proposed { .. }
            | Phase::AwaitingDeposit { .. }
            | Phase::Moderation { .. }
            | Phase::Disputed { .. }
            | Phase::Paying { .. }
            | Phase::Closed { .. } => None,
        };
        self.phase = phase;
        self.push(Event::PhaseEntered { phase, paused });
    }

    /// Assigns money to a payee and orders the payment; nothing where the amount is zero.
    pub(super) fn leg(&mut self, deal: &Deal, new: &NewLeg<'_>) -> Result<(), Rejection> {
        if !new.amount.is_positive() {
            return Ok(());
        }
        let leg = LegId(self.next_leg);
        self.next_leg = self.next_leg.checked_add(1).ok_or(Rejection::Overflow)?;
        self.unsettled = self.unsettled.checked_add(1).ok_or(Rejection::Overflow)?;
        let to_balance = !new.void && Self::wants_balance(deal, new.payee, new.purpose);
        self.attempt(deal, leg, new, to_balance)
    }

    /// The next attempt of a leg that was declined or waited.
    pub(super) fn attempt_again(
        &mut self,
        deal: &Deal,
        leg: &Leg,
        to_balance: bool,
    ) -> Result<(), Rejection> {
        let Leg { deposit, ref payee, purpose, amount, source, .. } = *leg;
        self.attempt(
            deal,
            leg.id,
            &NewLeg { deposit, payee, purpose, amount, source, void: false },
            to_balance,
        )
    }

    fn attempt(
        &mut self,
        deal: &Deal,
        leg: LegId,
        &NewLeg { deposit, payee, purpose, amount, source, void }: &NewLeg<'_>,
        to_balance: bool,
    ) -> Result<(), Rejection> {
        if !void && deal.chargeback_open(deposit) && self.released != Some(deposit) {
            let payee = payee.clone();
            self.push(Event::LegWaits { leg, deposit, payee, purpose, amount, source });
            return Ok(());
        }
        let tx = self.tx()?;
        let kind = if void { TransactionKind::Void } else { purpose.kind() };
        let order =
            Order { tx, kind, deposit, payee: payee.clone(), purpose, amount, leg: Some(leg), source };
        if to_balance {
            self.leg_settled();
            self.push(Event::LegCredited { order });
        } else {
            self.push(Event::LegOrdered { order });
        }
        Ok(())
    }

    /// Does this payee want such money in the in-system balance?
    #[inline]
    pub(super) fn wants_balance(deal: &Deal, payee: &Payee, purpose: Purpose) -> bool {
        deal.destination(payee, DestinationUse::of(purpose)) == Some(&Destination::Balance)
    }

    /// From now on legs of this deposit are sent again.
    pub(super) fn release(&mut self, deposit: DepositId) {
        self.released = Some(deposit);
    }

    /// Notes that a capture has its answer.
    pub(super) fn capture_answered(&mut self) {
        self.more_captures = self.more_captures.saturating_sub(1);
    }

    /// Notes that a leg is over.
    pub(super) fn leg_settled(&mut self) {
        self.unsettled = self.unsettled.saturating_sub(1);
    }

    /// Is anything of the deal's money still on its way?
    pub(super) const fn has_unsettled_legs(&self) -> bool {
        self.unsettled > 0
    }

    /// Gives money of a deposit back: to its sources, newest first.
    pub(super) fn give_back(
        &mut self,
        deal: &Deal,
        delta: &Delta,
        deposit: &Deposit,
        purpose: Purpose,
        amount: i64,
    ) -> Result<(), Rejection> {
        if amount <= 0 {
            return Ok(());
        }
        let currency = deposit.required.currency();
        let payee = deposit.owner.payee();
        let mut left = amount;
        for (source, refundable) in deal.sources(deposit.id, delta) {
            let part = left.min(refundable);
            left = left.checked_sub(part).ok_or(Rejection::Overflow)?;
            let amount = Money::from_minor(part, currency);
            let (deposit, payee, source) = (deposit.id, &payee, Some(source));
            self.leg(deal, &NewLeg { deposit, payee, purpose, amount, source, void: false })?;
            if left <= 0 {
                break;
            }
        }
        Ok(())
    }

    /// Lets a hold go.
    pub(super) fn void(
        &mut self,
        deal: &Deal,
        deposit: &Deposit,
        purpose: Purpose,
        (hold, amount): (TxId, i64),
    ) -> Result<(), Rejection> {
        let amount = Money::from_minor(amount, deposit.required.currency());
        let (deposit, payee, source) = (deposit.id, &deposit.owner.payee(), Some(hold));
        self.leg(deal, &NewLeg { deposit, payee, purpose, amount, source, void: true })
    }

    /// Takes a part of a hold, or all of it; the rest is let go with the answer.
    pub(super) fn capture(&mut self, deposit: &Deposit, hold: TxId, amount: i64) -> Result<(), Rejection> {
        let order = Order {
            tx: self.tx()?,
            kind: TransactionKind::Capture,
            deposit: deposit.id,
            payee: deposit.owner.payee(),
            purpose: Purpose::Charge,
            amount: Money::from_minor(amount, deposit.required.currency()),
            leg: None,
            source: Some(hold),
        };
        self.more_captures = self.more_captures.checked_add(1).ok_or(Rejection::Overflow)?;
        self.push(Event::CaptureOrdered { order });
        Ok(())
    }

    /// Closes the deal once everybody has his money.
    pub(super) fn close_if_done(&mut self, deal: &Deal) {
        if let Phase::Paying { outcome, awaiting_capture: false } = self.phase
            && !self.has_unsettled_legs()
            && open_captures(deal).checked_add_signed(self.more_captures) == Some(0)
        {
            self.close(outcome);
        }
    }

    pub(super) fn close(&mut self, outcome: Outcome) {
        self.enter(Phase::Closed { outcome });
    }
}

fn open_captures(deal: &Deal) -> u32 {
    if !deal.has_holds() {
        return 0;
    }
    let open = deal.core.transactions.iter().filter(|t| t.is_open_capture()).count();
    u32::try_from(open).unwrap_or(u32::MAX)
}

fn number_after(len: usize) -> Result<u32, Rejection> {
    u32::try_from(len).ok().and_then(|n| n.checked_add(1)).ok_or(Rejection::Overflow)
}

/// Is this leg one that a new destination, or the balance, can help?
pub(super) const fn is_declined(leg: &Leg) -> bool {
    matches!(leg.state, LegState::Declined)
}
