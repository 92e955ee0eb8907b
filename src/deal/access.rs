//! Who may see the work.

use super::Deal;
use super::command::Revision;
use super::event::Event;
use super::phase::Outcome;
use crate::settlement::Ending;
use crate::{Award, Role};

/// What a role may see of the latest revision of the work.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access<'d> {
    /// Nothing.
    Nothing,
    /// The preview only.
    Preview(&'d Revision),
    /// The original too.
    Original(&'d Revision),
}

impl Deal {
    /// What this role may see. The buyer: previews once the deal is funded; originals in the very transition that
    /// orders the seller's payment. The seller and the arbiter: everything, the arbiter while appointed.
    ///
    /// # Source
    /// The home-made escrow plan: the confirmation gives the buyer the clean work and the seller the money.
    pub fn access(&self, role: Role) -> Access<'_> {
        let Some(work) = self.core.work.as_deref() else {
            return Access::Nothing;
        };
        match role {
            Role::Seller | Role::Arbiter | Role::Operator => Access::Original(work),
            Role::Buyer if self.is_bought() => Access::Original(work),
            Role::Buyer if self.is_funded() || self.core.ended_funded => Access::Preview(work),
            Role::Buyer | Role::Partner | Role::Moderator | Role::Gateway | Role::Tracker | Role::Clock => {
                Access::Nothing
            }
        }
    }

    /// May this role read this event of the deal's journal? The parties, the appointed arbiter and the staff read the
    /// whole history, messages and revisions included; but the event of a submission names the original, so the
    /// buyer reads it once the work is his, and until then has [`Deal::access`].
    ///
    /// # Source
    /// The home-made escrow plan: in a dispute a manager follows the whole correspondence and every change of the work.
    pub fn may_read(&self, role: Role, event: &Event) -> bool {
        match role {
            Role::Seller | Role::Arbiter | Role::Operator | Role::Moderator => true,
            Role::Buyer => !matches!(event, Event::Submitted { .. }) || self.is_bought(),
            Role::Partner | Role::Gateway | Role::Tracker | Role::Clock => false,
        }
    }

    /// Is the outcome completed, or did an award give the seller something?
    fn is_bought(&self) -> bool {
        let gives = |award: &Award| match award {
            Award::BuyerAll | Award::Winner(crate::Side::Buyer) => false,
            Award::SellerAll | Award::Winner(crate::Side::Seller) => true,
            Award::Amount(amount) => amount.is_positive(),
            Award::Share(rate) => rate.ppm() > 0,
        };
        match (self.outcome(), self.ending()) {
            (Some(Outcome::Completed), _) => true,
            (
                Some(Outcome::Resolved),
                Some(Ending::Agreed(award) | Ending::Ruled(award) | Ending::Defaulted(award)),
            ) => gives(award),
            (Some(_) | None, _) => false,
        }
    }
}
