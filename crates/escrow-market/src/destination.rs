//! Where payees' money goes if nothing else is said: what a store or an offer gives to each of its deals.

use serde::{Deserialize, Serialize};

use crate::follow::{Follow, FollowCommand, MachineId};
use escrow::deal::command::SetDestination;
use escrow::terms::{Problem, TermsError};
use escrow::{DealId, Destination, Payee, Terms};

/// Where the earnings of one payee go. The host vouches that it is what the payee wants: it is the payee's own
/// [default](crate::PayeeProfile::default), or the purse that the payee has named.
///
/// # Source
/// PAYSTO's partner is credited on a balance without a step per deal; a WebMoney offer names the purses that money goes to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct DefaultDestination {
    /// Whose; never the buyer's, who gets no more than what was paid back where it came from.
    pub payee: Payee,
    /// Where to.
    pub destination: Destination,
}

impl DefaultDestination {
    /// The earnings of this payee go there.
    pub const fn new(payee: Payee, destination: Destination) -> Self {
        Self { payee, destination }
    }
}

/// The most of them.
const MAX: usize = 32;

/// Whether each payee is there once, and may be.
pub(crate) fn check(all: &[DefaultDestination]) -> Result<(), TermsError> {
    let refuse = |problem| Err(TermsError::at("destinations", problem));
    if all.len() > MAX {
        return refuse(Problem::TooMany { max: MAX });
    }
    let twice =
        |(n, one): (usize, &DefaultDestination)| all.iter().take(n).any(|other| other.payee == one.payee);
    if all.iter().any(|one| one.payee == Payee::Buyer) || all.iter().enumerate().any(twice) {
        return refuse(Problem::Duplicate);
    }
    Ok(())
}

/// What a deal of these terms is to be told, of the payees whom it pays.
pub(crate) fn follows(all: &[DefaultDestination], deal: DealId, terms: &Terms) -> Vec<Follow> {
    let mut told = Vec::new();
    for DefaultDestination { payee, destination } in all {
        let by = match payee {
            Payee::Seller => Some(terms.seller.clone()),
            Payee::Party(id) if terms.pays_third(id) => Some(id.clone()),
            Payee::Platform | Payee::Processor => None,
            Payee::Buyer | Payee::Party(_) => continue,
        };
        let choice = SetDestination::new(payee.clone(), destination.clone());
        told.push(Follow::new(MachineId::Deal(deal), FollowCommand::Choose { by, choice }));
    }
    told
}
