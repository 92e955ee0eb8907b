//! What a step is quoted.

use super::Action;
use escrow::deal::command::Accept;
use escrow::settlement::{Ending, requote};
use escrow::terms::Quote;
use escrow::{Command, Deal};

/// What a step is quoted, whether it is refused or not.
#[derive(Default)]
pub(super) struct Quotes {
    /// Of terms that are proposed.
    pub(super) terms: Option<Quote>,
    /// Of a part that is accepted.
    pub(super) part: Option<Quote>,
}

impl Quotes {
    pub(super) fn of(action: &Action, deal: &Deal) -> Self {
        let part = |quantities: &[u32]| requote(deal.binding_terms(), quantities).ok();
        match action {
            Action::Command(Command::Amend(amend)) => {
                Self { terms: Some(amend.terms.quote().clone()), part: None }
            }
            Action::Command(Command::Accept(Accept { quantities: Some(quantities), .. })) => {
                Self { terms: None, part: part(quantities) }
            }
            Action::Preview(Ending::PartialBuyout(quantities)) => {
                Self { terms: None, part: part(quantities) }
            }
            Action::Command(_)
            | Action::Preview(_)
            | Action::Pay(_)
            | Action::Chargeback(_)
            | Action::Returned(_)
            | Action::Resume => Self::default(),
        }
    }
}
