//! What the deal says of its books, held against what the model says.

use std::collections::BTreeMap;

use escrow::deal::Cause;
use escrow::deposit::{DepositId, LegState};

use crate::oracle::said::Paid;
use crate::oracle::words::{Amount, Party, Purpose};
use crate::world::{B, Differs, GB, GS, STRAY, World, party, place, plain, purpose};

/// What is said of legs: by deposit, payee and purpose.
type Legs = BTreeMap<(usize, Party, Purpose), Paid>;

impl World {
    /// Buckets, legs, debts.
    pub fn compare(&self) -> Result<(), Differs> {
        let said = self.model.said();
        for id in [B, DepositId::SELLER_PAYMENT, GB, GS] {
            let b = said.buckets[place(id)];
            let theirs = [b.received, b.held, b.reserved, b.paid_out, b.refunded, b.charged_back];
            let ours = self.buckets(id).map(Amount::from);
            if ours != theirs {
                return differs(format!("{id}: the deal has {ours:?}, the model {theirs:?}"));
            }
        }
        let mut strays = [0; 6];
        for b in said.buckets.iter().skip(4) {
            let of = [b.received, b.held, b.reserved, b.paid_out, b.refunded, b.charged_back];
            strays.iter_mut().zip(of).for_each(|(sum, part)| *sum += part);
        }
        let ours = self.stray_buckets().map(Amount::from);
        if ours != strays {
            return differs(format!("strays: the deal has {ours:?}, the model {strays:?}"));
        }
        let mut theirs = Legs::new();
        // what lets a hold go is said by the buckets
        for leg in self.model.legs.iter().filter(|leg| leg.gross > 0 && leg.hold.is_none()) {
            let place = if leg.deposit < 4 { leg.deposit } else { STRAY };
            let mut paid = Paid {
                settled: leg.settled(),
                in_flight: leg.in_flight().min(leg.gross - leg.settled()),
                cut: leg.cut,
                ..Paid::default()
            };
            if leg.waits_for.is_some() {
                paid.waiting = leg.open();
            } else {
                paid.open = leg.open();
            }
            add(&mut theirs, (place, leg.to, plain(leg.purpose)), paid);
        }
        let ours = self.said_legs();
        if ours != theirs {
            return differs(format!("legs: the deal has {ours:?}\nthe model {theirs:?}"));
        }
        let mut debts: BTreeMap<(Party, Party), Amount> = BTreeMap::new();
        for debt in self.deal.receivables() {
            match debt.cause {
                Cause::Ending | Cause::Missed { .. } | Cause::Overpaid { .. } => {}
                Cause::PaidTwice { .. }
                | Cause::RefundedTwice { .. }
                | Cause::Liable { .. }
                | Cause::Cut { .. } => {
                    let key = (party(&debt.debtor), party(&debt.payee));
                    *debts.entry(key).or_default() += Amount::from(debt.open().minor());
                }
            }
        }
        let mut theirs = said.debts;
        theirs.retain(|(debtor, creditor), _| debtor != creditor);
        if debts != theirs {
            return differs(format!("debts: the deal has {debts:?}, the model {theirs:?}"));
        }
        let mut repaid: BTreeMap<Party, Amount> = BTreeMap::new();
        for debt in self.deal.debts() {
            if let Cause::Overpaid { .. } = debt.cause
                && debt.amount.is_positive()
            {
                *repaid.entry(party(&debt.payee)).or_default() += Amount::from(debt.amount.minor());
            }
        }
        if repaid != said.repaid {
            return differs(format!("repaid: the deal has {repaid:?}, the model {:?}", said.repaid));
        }
        Ok(())
    }

    fn said_legs(&self) -> Legs {
        let mut legs = Legs::new();
        for leg in self.deal.legs() {
            let attempt = leg.transaction().and_then(|tx| self.deal.transaction(tx));
            if attempt.is_some_and(|t| t.kind() == escrow::deposit::TransactionKind::Void) {
                continue;
            }
            let amount = Amount::from(leg.amount().minor());
            let mut paid = Paid { cut: Amount::from(leg.cut().minor()), ..Paid::default() };
            match leg.state() {
                LegState::Settled | LegState::Credited => paid.settled = amount,
                LegState::Ordered => {
                    paid.in_flight = amount;
                }
                LegState::Declined | LegState::Waiting if leg.waits_for().is_some() => paid.waiting = amount,
                LegState::Declined | LegState::Waiting | LegState::Unclaimed => paid.open = amount,
                LegState::Dropped => {}
            }
            let key = (place(leg.deposit()), party(leg.payee()), plain(purpose(leg.purpose())));
            if paid != Paid::default() {
                add(&mut legs, key, paid);
            }
        }
        legs
    }
}

fn add(legs: &mut Legs, key: (usize, Party, Purpose), paid: Paid) {
    let sum = legs.entry(key).or_default();
    sum.settled += paid.settled;
    sum.in_flight += paid.in_flight;
    sum.waiting += paid.waiting;
    sum.open += paid.open;
    sum.cut += paid.cut;
}

fn differs(what: String) -> Result<(), Differs> {
    Err(Differs::Books(what))
}
