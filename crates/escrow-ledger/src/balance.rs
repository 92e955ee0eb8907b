//! What the events of a balance move.

use crate::entry::Draft;
use crate::{Account, Booked, Entry};
use escrow::Recorded;
use escrow_market::Balance;
use escrow_market::balance::{Event, Fact, MovementKind, Origin};

impl Booked for Balance {
    fn entry(&self, recorded: &Recorded<Event>) -> Option<Entry> {
        let movement = recorded.event.movement()?;
        let (before, after, currency) = (self.sums(), movement.after, self.currency());
        let mut draft = Draft::default();
        let sums = [
            ("available", before.available, after.available),
            ("clearing", before.clearing, after.clearing),
            ("reserved", before.reserved, after.reserved),
        ];
        for (sum, old, new) in sums {
            draft.credit(Account::balance(self.id(), sum), new.minor().saturating_sub(old), currency);
        }
        let minor = movement.amount.minor();
        let debt = match movement.origin {
            Origin::Deal(Fact::Receivable { deal, number }) => Some(Account::settled(deal, number)),
            Origin::Deal(Fact::Leg { .. }) | Origin::Clearance | Origin::Withdrawal(_) => None,
        };
        match movement.kind {
            MovementKind::Credit => draft.debit(Account::payee(self.holder()), minor, currency),
            MovementKind::Debit => {
                if let Some(debt) = debt {
                    draft.credit(debt, minor, currency);
                }
            }
            MovementKind::Restore => {
                if let Some(debt) = debt {
                    draft.debit(debt, minor, currency);
                }
            }
            MovementKind::PayOut => {
                draft.credit(Account::gateway(None), minor, currency);
                let fee = movement.fee.map_or(0, |fee| fee.minor());
                draft.credit(Account::withdrawal_fees(), fee, currency);
            }
            MovementKind::Bounce => draft.debit(Account::gateway(None), minor, currency),
            MovementKind::Clear | MovementKind::Reserve | MovementKind::Return => {}
        }
        let what = match movement.kind {
            MovementKind::Credit => "credited",
            MovementKind::Clear => "cleared",
            MovementKind::Debit => "debited",
            MovementKind::Restore => "restored",
            MovementKind::Reserve => "withdrawal requested",
            MovementKind::PayOut => "withdrawal paid",
            MovementKind::Bounce => "withdrawal returned",
            MovementKind::Return => "withdrawal given up",
        };
        draft.finish(recorded.at, || format!("balance {} of {}: {what}", self.id(), self.holder()))
    }
}
