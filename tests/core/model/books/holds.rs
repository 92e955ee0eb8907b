//! Holds: each is taken once or let go once.

use std::collections::BTreeMap;

use super::{Books, index, minor, name_of, way_back};
use crate::model::ensure;
use escrow::Deal;
use escrow::deal::PhaseKind;
use escrow::deposit::{DepositId, TransactionKind};
use escrow::terms::Capture;

impl Books {
    /// Which holds are taken or let go now; how much of each deposit was let go. A hold is taken once or let go once,
    /// and no more is taken than the deposit wants.
    pub(super) fn move_holds(
        &mut self,
        before: &Deal,
        after: &Deal,
    ) -> Result<BTreeMap<DepositId, i128>, String> {
        for t in &after.transactions()[before.transactions().len()..] {
            if t.kind() == TransactionKind::Capture {
                let payment = name_of(after, t.source())?;
                let pot = &mut self.pots[index(t.deposit())];
                let hold = pot.holds.iter_mut().find(|h| h.payment == payment && h.taking.is_none());
                let hold = hold.ok_or_else(|| format!("{payment:?} is captured, and is no open hold"))?;
                let amount = minor(t.amount());
                ensure!(amount > 0 && amount <= hold.amount, "{amount} of {hold:?} is captured");
                hold.taking = Some((t.id().number(), amount));
                let taking: i128 = pot.holds.iter().filter_map(|h| h.taking).map(|(_, a)| a).sum();
                ensure!(pot.cash + taking <= pot.required, "more is captured than {pot:?} wants");
            }
        }
        let mut gone = BTreeMap::new();
        for leg in &after.legs()[self.legs.len()..] {
            let order = leg.transaction().and_then(|tx| after.transaction(tx));
            if order.is_some_and(|t| t.kind() == TransactionKind::Void) {
                let payment = name_of(after, leg.source())?;
                let pot = &mut self.pots[index(leg.deposit())];
                let at = pot.holds.iter().position(|h| h.payment == payment && h.taking.is_none());
                let hold = pot.holds.remove(at.ok_or_else(|| format!("{payment:?} is let go twice"))?);
                ensure!(hold.amount == minor(leg.amount()), "{hold:?} is let go as {}", leg.amount());
                self.assign(leg.deposit(), leg.payee().clone(), leg.purpose(), hold.amount);
                if leg.purpose() == way_back(leg.deposit()) {
                    *gone.entry(leg.deposit()).or_insert(0) += hold.amount;
                }
            }
        }
        let kept = self.pots.iter().flat_map(|p| &p.holds).find(|h| h.unwanted && h.taking.is_none());
        ensure!(kept.is_none(), "nobody wants {kept:?}, and it is not let go");
        self.captured_in_time(after)?;
        Ok(gone)
    }

    /// When the policy says: no hold of a required deposit stays open beyond the moment at which it is to be captured.
    fn captured_in_time(&self, after: &Deal) -> Result<(), String> {
        let over = match after.phase().kind() {
            PhaseKind::Proposed | PhaseKind::AwaitingDeposit | PhaseKind::Moderation => false,
            PhaseKind::Paying | PhaseKind::Closed => true,
            phase => match after.binding_terms().policy.capture {
                Capture::OnFunding => true,
                Capture::OnStart => {
                    self.begun || matches!(phase, PhaseKind::Performing | PhaseKind::AwaitingAcceptance)
                }
                Capture::OnAcceptance => phase == PhaseKind::Clearing,
            },
        };
        let open = self.pots[..4].iter().flat_map(|p| &p.holds).find(|h| h.taking.is_none());
        ensure!(!over || open.is_none(), "{open:?} is not captured in {:?}", after.phase());
        Ok(())
    }
}
