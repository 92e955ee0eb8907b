//! What a fact must be answered with, and which ending a command may lead to.

use escrow::deal::command::{Answered, Verdict};
use escrow::deposit::DepositId;
use escrow::settlement::{Ending, Fault};
use escrow::{Actor, Command, Deal, Money, Role, Side, Terms};

use super::{Books, index, minor};

impl Books {
    /// Must it be accepted? `None` for what the model does not judge: everything but money facts.
    pub fn foretell(&self, deal: &Deal, actor: &Actor, command: &Command) -> Option<bool> {
        let by_gateway = *actor == Actor::Gateway;
        let fits = |deposit: DepositId, amount: Money| {
            deal.deposit(deposit).is_some() && {
                let pot = &self.pots[index(deposit)];
                pot.currency == amount.currency() && amount.minor() > 0
            }
        };
        match command {
            Command::ConfirmPayment(c) => {
                let known = self.payments.contains(&(c.gateway.to_string(), c.reference.to_string()));
                let most = i128::from(Terms::MAX_AMOUNT) * 100;
                let sound = fits(c.deposit, c.amount)
                    && self.pots[index(c.deposit)].received + minor(c.amount) <= most;
                Some(by_gateway && (known || sound))
            }
            Command::Answer(_) if !by_gateway => Some(false),
            Command::Answer(a) => {
                let Some(t) = deal.transaction(a.transaction) else { return Some(false) };
                match (self.answers.get(&a.transaction.number()), &a.result) {
                    (_, Answered::InProgress) => Some(true),
                    (Some(Answered::Declined(_)), Answered::Declined(_)) => Some(true),
                    (Some(Answered::Succeeded(first)), Answered::Succeeded(again)) => Some(first == again),
                    // a claim whose money had come in elsewhere has failed: that it is declined is no news
                    (Some(_), _) if t.kind().is_inbound() => None,
                    (Some(_), _) => Some(false),
                    (None, Answered::Succeeded(_)) if t.kind().is_inbound() => None,
                    (None, _) if t.is_pending() => Some(true),
                    (None, _) => None,
                }
            }
            _ => None,
        }
    }
}

/// How a command may end a deal, where it does.
pub(super) fn meant(deal: &Deal, actor: &Actor, command: &Command) -> Option<Vec<Ending>> {
    let side = deal.role_of(actor).and_then(Role::side);
    let nobody = Ending::Cancelled(Fault::Nobody);
    Some(match command {
        Command::Accept(c) => match &c.quantities {
            None => vec![Ending::Success],
            Some(quantities) => vec![Ending::PartialBuyout(quantities.clone())],
        },
        Command::Cancel(c) => vec![Ending::Cancelled(match side {
            Some(Side::Buyer) => Fault::Buyer,
            Some(Side::Seller) => Fault::Seller,
            None => c.at_fault.unwrap_or(Fault::Nobody),
        })],
        Command::AcceptAward(c) => vec![c.award.ending()],
        Command::Rule(c) => vec![Ending::ruled(c.award)],
        Command::Report(c) if c.verdict == Verdict::Success => vec![Ending::Success, nobody],
        Command::Report(_)
        | Command::Chargeback(_)
        | Command::Answer(_)
        | Command::ConfirmPayment(_)
        | Command::RecordTracking(_)
        | Command::Agree(_)
        | Command::Remark(_)
        | Command::Approve(_)
        | Command::WithdrawDispute(_) => vec![nobody],
        Command::Wake(_) => return None,
        _ => Vec::new(),
    })
}
