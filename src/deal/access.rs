//! Who may see the work.

use super::Deal;
use super::command::{FileRef, Revision};
use super::event::Event;
use crate::deposit::{Leg, LegState, Purpose};
use crate::settlement::{Ending, Share};
use crate::{Payee, Role};

/// What a role may see of a revision of the work.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access<'d> {
    /// Nothing.
    Nothing,
    /// The preview only; where the original is, it does not say.
    Preview(&'d FileRef),
    /// The original too.
    Original(&'d Revision),
}

impl Deal {
    /// What this role may see of the latest revision. The buyer: the preview once the deal is funded, the original from the
    /// transition that orders the seller's payment. The seller and the appointed arbiter: everything.
    ///
    /// # Source
    /// The home-made escrow plan: the confirmation gives the buyer the clean work and the seller the money.
    pub fn access(&self, role: Role) -> Access<'_> {
        self.state.work.revision.as_deref().map_or(Access::Nothing, |latest| self.access_to(role, latest))
    }

    /// What this role may see of any revision of this deal, as its journal has it ([`Event::Submitted`]): the deal
    /// keeps the latest one only.
    ///
    /// # Source
    /// The home-made escrow plan: the customer follows the changes, which are kept for good.
    pub fn access_to<'r>(&self, role: Role, revision: &'r Revision) -> Access<'r> {
        match role {
            Role::Seller | Role::Arbiter | Role::Operator => Access::Original(revision),
            Role::Buyer if self.is_bought() => Access::Original(revision),
            Role::Buyer if self.is_concluded() => Access::Preview(&revision.preview),
            Role::Buyer | Role::Partner | Role::Moderator | Role::Gateway | Role::Tracker | Role::Clock => {
                Access::Nothing
            }
        }
    }

    /// Whether this role may read this event of the deal's journal. The parties, the appointed arbiter and the staff read
    /// the whole history, messages included. The event of a submission names the original, so only those who may see the
    /// original read it; before that, the buyer has [`Deal::access_to`] for its revision.
    ///
    /// # Source
    /// The home-made escrow plan: in a dispute a manager follows the whole correspondence and every change of the work.
    pub fn may_read(&self, role: Role, event: &Event) -> bool {
        match role {
            Role::Buyer | Role::Seller | Role::Arbiter | Role::Operator | Role::Moderator => {
                let Event::Submitted { revision, .. } = event else { return true };
                matches!(self.access_to(role, revision), Access::Original(_))
            }
            Role::Partner | Role::Gateway | Role::Tracker | Role::Clock => false,
        }
    }

    /// Whether what waits for its clearance is all of it, or pays the seller something.
    fn clears_work(&self) -> bool {
        let Some(ending) = &self.clockwork().clearing else { return false };
        let Ending::PartialBuyout(accepted) = ending else { return true };
        let earns =
            |s: &Share| s.payee == Payee::Seller && s.purpose == Purpose::Payout && !s.amount.is_zero();
        self.is_whole(accepted) || self.division(ending).is_ok_and(|s| s.shares.iter().any(earns))
    }

    /// Whether these are all units that were ordered.
    fn is_whole(&self, accepted: &[u32]) -> bool {
        self.binding_terms().items.iter().map(|item| item.quantity).eq(accepted.iter().copied())
    }

    /// Whether everything was accepted, or what was accepted pays the seller something; or an award gives the seller all that
    /// there was to award; or an agreement says so. While a
    /// chargeback stops the seller's payment, or has cut it, the originals stay with the seller.
    fn is_bought(&self) -> bool {
        let unpaid = |l: &Leg| {
            l.payee == Payee::Seller
                && matches!(l.purpose, Purpose::Payout | Purpose::Award)
                && l.tx.is_none()
                && !(matches!(l.state, LegState::Declined | LegState::Unclaimed) && l.waits_for.is_none())
                && l.part_of.is_none()
        };
        if self.legs().iter().any(unpaid) {
            return false;
        }
        let Some(ended) = &self.clockwork().ended else { return self.clears_work() };
        match &ended.ending {
            Ending::Success => true,
            Ending::PartialBuyout(accepted) => {
                let earns = |l: &Leg| l.payee == Payee::Seller && l.purpose == Purpose::Payout;
                self.is_whole(accepted) || self.legs().iter().any(earns)
            }
            Ending::Awarded { .. } | Ending::CalledOff => ended.original,
            Ending::Cancelled(_) => false,
        }
    }
}
