//! The way of every leg: which steps it may take, and to which payment it goes back.

use escrow::deal::command::DestinationUse;
use escrow::deposit::{LegState, Purpose, TransactionKind, TransactionState};
use escrow::terms::{Payout, Unsettled};
use escrow::{Deal, Destination, Payee};

use super::{Books, Fate, Leg, index, minor, name_of};
use crate::model::world::PaymentName;
use crate::model::{Finding, ensure};

impl Books {
    /// Every leg goes its way: sent, answered, sent again under another number, credited, done for good.
    pub(super) fn move_legs(&mut self, after: &Deal) -> Finding {
        for (n, leg) in after.legs().iter().enumerate() {
            let order = leg.transaction().and_then(|tx| after.transaction(tx));
            let number = leg.transaction().map_or(0, |tx| tx.number());
            if n == self.legs.len() {
                let void = order.is_some_and(|t| t.kind() == TransactionKind::Void);
                let source = if leg.purpose().goes_back() && !void { self.source(after, leg)? } else { None };
                self.legs.push(Leg {
                    deposit: leg.deposit(),
                    payee: leg.payee().clone(),
                    purpose: leg.purpose(),
                    amount: minor(leg.amount()),
                    void,
                    source,
                    fate: Fate::Waiting,
                });
            }
            let known = &mut self.legs[n];
            ensure!(known.amount == minor(leg.amount()), "{leg:?} is not {known:?}");
            let wants_balance =
                after.destination(leg.payee(), use_of(leg.purpose())) == Some(&Destination::Balance);
            // who earns and has said nothing is paid as the policy says
            let earns = matches!(leg.payee(), Payee::Buyer | Payee::Seller | Payee::Party(_))
                && !leg.purpose().goes_back();
            let silent = earns && after.destination(leg.payee(), use_of(leg.purpose())).is_none();
            let payout = after.binding_terms().policy.payout;
            let wants_balance = wants_balance || silent && payout == Payout::Balance;
            let unclaimed = after.binding_terms().policy.unsettled == Unsettled::Unclaimed;
            let is_asked = silent && payout == Payout::Ask;
            let overdue = after.settle_by().is_some_and(|at| at <= after.last_at());
            let is_new = !self.answers.contains_key(&number);
            known.fate = match (known.fate, leg.state()) {
                (Fate::Sent(old), LegState::Ordered) if old == number => Fate::Sent(old),
                (Fate::Waiting | Fate::Declined | Fate::Unclaimed, LegState::Ordered)
                    if is_new && !is_asked =>
                {
                    Fate::Sent(number)
                }
                // the host keeps no balances
                (Fate::Declined, LegState::Unclaimed) if overdue && unclaimed => Fate::Unclaimed,
                (Fate::Waiting, LegState::Unclaimed) if is_asked && overdue && unclaimed => Fate::Unclaimed,
                (Fate::Unclaimed, LegState::Unclaimed) => Fate::Unclaimed,
                (Fate::Waiting, LegState::Declined) if is_asked => Fate::Declined,
                // asked, and the time was up in the same step
                (Fate::Waiting, LegState::Credited) if is_asked && overdue && !unclaimed => Fate::Credited,
                (Fate::Waiting, LegState::Credited) if wants_balance => Fate::Credited,
                (Fate::Declined, LegState::Credited) if wants_balance || overdue && !unclaimed => {
                    Fate::Credited
                }
                (Fate::Declined, LegState::Declined) => Fate::Declined,
                (Fate::Done, LegState::Settled) => Fate::Done,
                (Fate::Credited, LegState::Credited) => Fate::Credited,
                (Fate::Dropped, LegState::Dropped) => Fate::Dropped,
                (fate, state) => {
                    return Err(format!("{leg:?} was {fate:?} and is {state:?}"));
                }
            };
        }
        ensure!(self.legs.len() == after.legs().len(), "legs have gone");
        Ok(())
    }

    /// Money goes back to its source, the newest payment first; what a payment brings too much, to itself.
    ///
    /// Reading: the newest has the highest number, and a payment that answers a request has the request's.
    fn source(&mut self, after: &Deal, leg: &escrow::deposit::Leg) -> Result<Option<PaymentName>, String> {
        let payment = name_of(after, leg.source())?;
        let number = |name: &PaymentName| {
            let came = |t: &&escrow::Transaction| {
                let named = t.gateway().zip(t.reference());
                let same = named.is_some_and(|(g, r)| (g.as_str(), r.as_str()) == (&*name.0, &*name.1));
                same && t.kind().is_inbound() && *t.state() == TransactionState::Succeeded
            };
            after.transactions().iter().find(came).map(|t| t.id().number())
        };
        let pot = &mut self.pots[index(leg.deposit())];
        let left = pot.sources.iter().filter(|(_, left)| **left > 0);
        // or the oldest, where the policy says so
        let sign = match after.binding_terms().policy.refund_order {
            escrow::terms::RefundOrder::NewestFirst => 1,
            escrow::terms::RefundOrder::OldestFirst => -1,
        };
        let rank = |name| number(name).map_or(0, |n| sign * i64::from(n));
        let newest = left.max_by_key(|(name, _)| (self.fresh.as_ref() == Some(name), rank(name)));
        let newest = newest.map(|(name, _)| name.clone());
        ensure!(newest.as_ref() == Some(&payment), "{leg:?} goes back to {payment:?}, not to {newest:?}");
        let left = pot.sources.entry(payment.clone()).or_default();
        *left -= minor(leg.amount());
        ensure!(*left >= 0, "{leg:?} is more than {payment:?} brought");
        Ok(Some(payment))
    }
}

fn use_of(purpose: Purpose) -> DestinationUse {
    if purpose.goes_back() { DestinationUse::Refunds } else { DestinationUse::Payouts }
}
