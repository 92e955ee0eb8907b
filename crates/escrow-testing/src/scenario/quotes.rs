//! The sums of a step: what it is about, and what it is quoted.

use super::{Action, facts};
use escrow::deal::command::{
    Accept, AcceptAward, AddCharge, Chargeback, ConfirmPayment, GiveBack, ProposeAward, RequestPayment,
    Returned, Rule, SettleReceivable,
};
use escrow::settlement::{Ending, Resolution, requote};
use escrow::terms::Quote;
use escrow::{Award, Command, Deal, Money};

/// The sums of a step, whether it is refused or not.
#[derive(Default)]
pub(super) struct Quotes {
    /// What is paid, disputed, asked for or awarded by it.
    pub(super) amount: Option<Money>,
    /// Of terms that are proposed.
    pub(super) terms: Option<Quote>,
    /// Of a part that is accepted.
    pub(super) part: Option<Quote>,
}

impl Quotes {
    /// Of a step that is about a sum only.
    pub(super) fn sum(amount: Option<Money>) -> Self {
        Self { amount, ..Self::default() }
    }

    pub(super) fn of(action: &Action, deal: &Deal) -> Self {
        let part = |quantities: &[u32]| Self {
            part: requote(deal.binding_terms(), quantities).ok(),
            ..Self::default()
        };
        match action {
            Action::Command(Command::Amend(amend)) => {
                Self { terms: Some(amend.terms.quote().clone()), ..Self::default() }
            }
            Action::Command(Command::Accept(Accept { quantities: Some(quantities), .. })) => part(quantities),
            Action::Preview(Ending::PartialBuyout(quantities)) => part(quantities),
            Action::Command(command) => Self::sum(amount(command)),
            Action::Pay(pay) => Self::sum(Some(facts::amount(deal, pay))),
            Action::Chargeback(told) => Self::sum(Some(told.amount)),
            Action::Returned(told) => Self::sum(Some(facts::returned(deal, told).amount)),
            Action::Preview(_) | Action::Resume => Self::default(),
        }
    }
}

/// The sum that a command names, if it names one.
fn amount(command: &Command) -> Option<Money> {
    if let Command::RequestPayment(RequestPayment { amount, .. })
    | Command::ConfirmPayment(ConfirmPayment { amount, .. })
    | Command::AddCharge(AddCharge { amount, .. })
    | Command::Chargeback(Chargeback { amount, .. })
    | Command::Returned(Returned { amount, .. })
    | Command::SettleReceivable(SettleReceivable { amount, .. })
    | Command::GiveBack(GiveBack { total: amount, .. })
    | Command::ProposeAward(ProposeAward { award: Resolution::Amount(amount), .. })
    | Command::AcceptAward(AcceptAward { award: Resolution::Amount(amount), .. })
    | Command::Rule(Rule { award: Award::Amount(amount), .. }) = command
    {
        Some(*amount)
    } else {
        None
    }
}
