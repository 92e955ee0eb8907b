//! What a step does: who gives which command to which machine.

use escrow::agent::Caller;
use escrow::deal::command::Answered;
use escrow::deal::{PhaseKind, Rejection};
use escrow::deposit::{GatewayName, Purpose, Reference};
use escrow::port::{Aggregate, AggregateId, Clock, blocking};
use escrow::{Actor, Command, Deal, DealId, Destination, Money, Payee, TxId};
use escrow_market::balance::Holder;
use escrow_market::balance::command::{Confirm, Credit, Debit, Request, Returned as GivenBack};
use escrow_market::basket::command::{Chargeback, ConfirmPayment, Returned};
use escrow_market::code::{Attempt, CodeHash, PlainCode, Salt};
use escrow_market::{Balance, BalanceId, Basket, BasketId, Project, ProjectId, Subscription, SubscriptionId};
use escrow_market::{balance, basket, project, subscription};
use serde_json::json;
use uuid::Uuid;

use super::super::quotes::Quotes;
use super::super::run::{source_of, text};
use super::super::{Action, Who, facts};
use super::actions::{BalanceCommand, ChargeBack, CreditBalance, DebitBalance, MarketAction, Withdraw};
use super::names::Kind;
use super::run::{Market, Taken, stored, told};
use super::{MarketStep, actions};
use crate::SinkFault;

/// The gateway by which a scenario is paid.
fn gateway() -> GatewayName {
    text("scenario")
}

impl Market<'_> {
    /// Who takes a step, by their role in its machine.
    pub(super) fn actor(&self, step: &MarketStep, kind: Kind, id: Uuid) -> Actor {
        let who = step.by.clone().unwrap_or_else(|| usual(&step.action));
        let party = |found: Option<escrow::PartyId>| Actor::Party(found.unwrap_or_else(|| text("nobody")));
        let all = &self.machines;
        match who {
            Who::Operator => Actor::Operator(text("staff")),
            Who::Moderator => Actor::Moderator(text("staff")),
            Who::Gateway => Actor::Gateway,
            Who::Tracker => Actor::Tracker,
            Who::Clock => Actor::Clock,
            Who::Party(id) => Actor::Party(id),
            Who::Buyer | Who::Customer | Who::Payer => match kind {
                Kind::Deal => party(stored(all, DealId::new(id)).map(|m| m.terms().buyer.clone())),
                Kind::Project => party(stored(all, ProjectId::new(id)).map(|m| m.terms().customer.clone())),
                Kind::Basket => party(stored(all, BasketId::new(id)).map(|m| m.draft().payer.clone())),
                Kind::Subscription => {
                    party(stored(all, SubscriptionId::new(id)).map(|m| m.terms().payer.clone()))
                }
                Kind::Balance => party(None),
            },
            Who::Seller | Who::Contractor => match kind {
                Kind::Deal => party(stored(all, DealId::new(id)).map(|m| m.terms().seller.clone())),
                Kind::Project => party(stored(all, ProjectId::new(id)).map(|m| m.terms().contractor.clone())),
                Kind::Basket | Kind::Balance | Kind::Subscription => party(None),
            },
            Who::Arbiter => match kind {
                Kind::Deal => party(stored(all, DealId::new(id)).and_then(|m| m.arbiter().cloned())),
                Kind::Project | Kind::Basket | Kind::Balance | Kind::Subscription => party(None),
            },
            Who::Recipient => match kind {
                Kind::Subscription => {
                    let recipient = stored(all, SubscriptionId::new(id));
                    party(recipient.and_then(|m| m.terms().recipient.party().cloned()))
                }
                Kind::Deal | Kind::Project | Kind::Basket | Kind::Balance => party(None),
            },
            Who::Holder => match kind {
                // for the platform's and the processor's balance staff acts
                Kind::Balance => match stored(all, BalanceId::new(id)).map(|m| m.holder().clone()) {
                    Some(Holder::Party(id)) => Actor::Party(id),
                    Some(Holder::Platform | Holder::Processor) => Actor::Operator(text("staff")),
                    None => party(None),
                },
                Kind::Deal | Kind::Project | Kind::Basket | Kind::Subscription => party(None),
            },
        }
    }

    pub(super) fn quotes(&self, step: &MarketStep, id: Uuid) -> Quotes {
        match &step.action {
            MarketAction::Deal(action) => stored(&self.machines, DealId::new(id))
                .map_or_else(Quotes::default, |deal| Quotes::of(action, &deal)),
            MarketAction::PayBasket(pay) => {
                let outstanding = stored(&self.machines, BasketId::new(id)).map(|m| m.outstanding());
                Quotes::sum(pay.amount.or(outstanding))
            }
            MarketAction::ChargeBack(ChargeBack { amount, .. })
            | MarketAction::Withdraw(Withdraw { amount, .. })
            | MarketAction::Credit(CreditBalance { amount, .. })
            | MarketAction::Debit(DebitBalance { amount, .. }) => Quotes::sum(Some(*amount)),
            MarketAction::CameBack(back) => Quotes::sum(back.amount),
            MarketAction::GiveBackCharge(back) => Quotes::sum(back.amount),
            MarketAction::Project(_)
            | MarketAction::Basket(_)
            | MarketAction::Balance(_)
            | MarketAction::Confirm(_)
            | MarketAction::Subscription(_)
            | MarketAction::Resume => Quotes::default(),
        }
    }

    fn give<I: AggregateId>(
        &self,
        id: I,
        command: impl Into<<I::Of as escrow::Machine>::Command>,
        caller: Caller,
        code: fn(&<I::Of as escrow::Machine>::Rejection) -> &'static str,
    ) -> Taken
    where
        crate::MemoryMachines: blocking::Repository<I::Of, Error = SinkFault>,
    {
        told::<I::Of, _>(self.agent.act(&self.machines, id, command, caller), code)
    }

    pub(super) fn wake(&self, kind: Kind, id: Uuid) -> Taken {
        let clock = Caller::from(Actor::Clock);
        match kind {
            Kind::Deal => self.give(DealId::new(id), Deal::wake(), clock, Rejection::code),
            Kind::Project => self.give(ProjectId::new(id), Project::wake(), clock, project::Rejection::code),
            Kind::Basket => self.give(BasketId::new(id), Basket::wake(), clock, basket::Rejection::code),
            Kind::Balance => self.give(BalanceId::new(id), Balance::wake(), clock, balance::Rejection::code),
            Kind::Subscription => {
                self.give(SubscriptionId::new(id), Subscription::wake(), clock, subscription::Rejection::code)
            }
        }
    }

    /// The gateway's answer to an order of a machine.
    pub(super) fn answer(&self, kind: Kind, id: Uuid, order: TxId, result: Answered) -> Taken {
        let by = Caller::from(Actor::Gateway);
        match kind {
            Kind::Deal => self.give(DealId::new(id), Deal::answer(order, result), by, Rejection::code),
            Kind::Basket => {
                self.give(BasketId::new(id), Basket::answer(order, result), by, basket::Rejection::code)
            }
            Kind::Balance => {
                self.give(BalanceId::new(id), Balance::answer(order, result), by, balance::Rejection::code)
            }
            Kind::Subscription => {
                let answer = Subscription::answer(order, result);
                self.give(SubscriptionId::new(id), answer, by, subscription::Rejection::code)
            }
            // it orders nothing
            Kind::Project => Ok(None),
        }
    }

    pub(super) fn act(&mut self, action: &MarketAction, kind: Kind, id: Uuid, caller: Caller) -> Taken {
        let now = self.agent.clock.now();
        let (basket, balance) = (BasketId::new(id), BalanceId::new(id));
        match action {
            MarketAction::Deal(action) => self.act_on_deal(action, DealId::new(id), caller),
            MarketAction::Project(c) => {
                self.give(ProjectId::new(id), c.clone(), caller, project::Rejection::code)
            }
            MarketAction::Basket(c) => self.give(basket, c.clone(), caller, basket::Rejection::code),
            MarketAction::PayBasket(pay) => {
                let outstanding = stored(&self.machines, basket).map(|m| m.outstanding());
                let Some(amount) = pay.amount.or(outstanding) else { return not_open() };
                let reference = pay.reference.clone().unwrap_or_else(|| self.fact("pay"));
                let mut paid = ConfirmPayment::charged(gateway(), reference, amount);
                paid.held_until = pay.held_until;
                self.give(basket, paid, caller, basket::Rejection::code)
            }
            MarketAction::ChargeBack(c) if kind == Kind::Subscription => {
                let id = SubscriptionId::new(id);
                let payment = c.payment.clone().unwrap_or_else(|| self.charged(id, Some(&c.reference)));
                let told = subscription::command::Chargeback::new(
                    c.reference.clone(),
                    (gateway(), payment),
                    c.amount,
                    c.step,
                );
                self.give(id, told, caller, subscription::Rejection::code)
            }
            MarketAction::GiveBackCharge(c) => {
                let id = SubscriptionId::new(id);
                let price = stored(&self.machines, id).map(|m| m.plan().plan.amount);
                let Some(amount) = c.amount.or(price) else { return not_open() };
                let payment = c.payment.clone().unwrap_or_else(|| self.charged(id, None));
                let told =
                    subscription::command::Refunded::new(c.reference.clone(), (gateway(), payment), amount);
                self.give(id, told, caller, subscription::Rejection::code)
            }
            MarketAction::ChargeBack(c) => {
                let payment = self.disputed(c, basket);
                let of = (gateway(), payment);
                let told = Chargeback::new(c.reference.clone(), of, c.amount, c.step);
                self.give(basket, told, caller, basket::Rejection::code)
            }
            MarketAction::CameBack(c) if kind == Kind::Basket => {
                let all = stored(&self.machines, basket).map(|m| m.refunds().to_vec()).unwrap_or_default();
                let number = c.number.unwrap_or_else(|| u32::try_from(all.len()).unwrap_or(u32::MAX));
                let whole = usize::try_from(number).ok().and_then(|n| all.get(n.checked_sub(1)?));
                let Some(amount) = c.amount.or(whole.map(|refund| refund.amount)) else { return not_open() };
                let told = Returned::new(number, amount, c.reference.clone());
                self.give(basket, told, caller, basket::Rejection::code)
            }
            MarketAction::CameBack(c) => {
                let Some(known) = stored(&self.machines, balance) else { return not_open() };
                let withdrawal = c.number.unwrap_or_else(|| known.last_number());
                let whole = known.withdrawal(withdrawal).map(|w| w.amount);
                let amount = c.amount.or(whole).unwrap_or_else(|| Money::zero(known.currency()));
                let told = GivenBack { withdrawal, amount, reference: c.reference.clone() };
                self.give(balance, told, caller, balance::Rejection::code)
            }
            MarketAction::Balance(BalanceCommand(c)) => {
                self.give(balance, c.clone(), caller, balance::Rejection::code)
            }
            MarketAction::Withdraw(withdraw) => self.withdraw(withdraw, balance, caller),
            MarketAction::Confirm(c) => {
                let last = stored(&self.machines, balance).map_or(0, |m| m.last_number());
                self.confirm(c.withdrawal.unwrap_or(last), c.right, balance, caller)
            }
            MarketAction::Credit(c) => {
                let credit = Credit {
                    deal: elsewhere(),
                    transaction: TxId::new(c.number.unwrap_or_else(|| self.number())),
                    purpose: c.purpose.unwrap_or(Purpose::Payout),
                    amount: c.amount,
                    settled_at: c.settled_at.unwrap_or(now),
                };
                self.give(balance, credit, caller, balance::Rejection::code)
            }
            MarketAction::Debit(c) => {
                let debit = Debit {
                    deal: elsewhere(),
                    receivable: c.number.unwrap_or_else(|| self.number()),
                    revision: c.revision,
                    payee: c.payee.clone().unwrap_or(Payee::Platform),
                    purpose: Purpose::Chargeback,
                    amount: c.amount,
                    since: c.since.unwrap_or(now),
                };
                self.give(balance, debit, caller, balance::Rejection::code)
            }
            MarketAction::Subscription(c) => {
                self.give(SubscriptionId::new(id), c.clone(), caller, subscription::Rejection::code)
            }
            MarketAction::Resume => self.ask_again(kind, id),
        }
    }

    fn act_on_deal(&mut self, action: &Action, id: DealId, caller: Caller) -> Taken {
        let Some(deal) = stored(&self.machines, id) else { return not_open() };
        let command: Command = match action {
            Action::Command(command) => command.clone(),
            Action::Pay(pay) => facts::payment(&deal, pay, self.number()).into(),
            Action::Chargeback(told) => facts::chargeback(&deal, told, &text("pay-1")).into(),
            Action::Returned(told) => facts::returned(&deal, told).into(),
            Action::Resume => return self.ask_again(Kind::Deal, id.uuid()),
            Action::Preview(ending) => {
                let settlement = deal.preview(ending).map_err(Rejection::from);
                return settlement
                    .map(|settlement| Some(json!(settlement)))
                    .map_err(|e| (e.code().to_owned(), e.to_string()));
            }
        };
        self.give(id, command, caller, Rejection::code)
    }

    /// The payment that a chargeback is known to be about, or else the latest one.
    fn disputed(&self, c: &actions::ChargeBack, basket: BasketId) -> Reference {
        let basket = stored(&self.machines, basket);
        let known = || {
            let basket = basket.as_ref()?;
            let case = basket.cases().iter().find(|case| case.id == c.reference);
            let latest = || basket.payments().last().map(|payment| payment.reference.clone());
            case.map(|case| case.payment.clone()).or_else(latest)
        };
        c.payment.clone().or_else(known).unwrap_or_else(|| text("pay-1"))
    }

    /// The payment that a chargeback of a subscription is known to be about, or else the latest one.
    fn charged(&self, id: SubscriptionId, case: Option<&Reference>) -> Reference {
        let known = stored(&self.machines, id);
        let known = known.iter().flat_map(|subscription| subscription.chargebacks());
        let known = known.filter(|known| case == Some(&known.id)).map(|known| known.payment.clone()).next();
        let journal = self.machines.subscriptions.journal(id);
        let paid = journal.iter().rev().find_map(|recorded| {
            let subscription::Event::Paid { reference, .. } = &recorded.event else { return None };
            Some(reference.clone())
        });
        known.or(paid).unwrap_or_else(|| text("pay-1"))
    }

    fn withdraw(&self, withdraw: &actions::Withdraw, balance: BalanceId, caller: Caller) -> Taken {
        let Some(known) = stored(&self.machines, balance) else { return not_open() };
        let request = Request {
            number: known.last_number().saturating_add(1),
            amount: withdraw.amount,
            destination: withdraw
                .destination
                .clone()
                .unwrap_or_else(|| Destination::Account(text("account-1"))),
            code: CodeHash::new(&code(true), Salt::new([7; 16])),
        };
        let number = request.number;
        self.give(balance, request, caller.clone(), balance::Rejection::code)?;
        if withdraw.confirm { self.confirm(number, true, balance, caller) } else { Ok(None) }
    }

    fn confirm(&self, withdrawal: u32, right: bool, balance: BalanceId, caller: Caller) -> Taken {
        let known = stored(&self.machines, balance);
        let sent = known.as_ref().and_then(|balance| balance.withdrawal(withdrawal)).map(|w| w.code);
        let (code_number, number) = sent.map_or((1, 1), |c| (c.number(), c.used().saturating_add(1)));
        let attempt = Attempt { code: code_number, number, entered: code(right) };
        self.give(balance, Confirm { withdrawal, attempt }, caller, balance::Rejection::code)
    }

    fn number(&mut self) -> u32 {
        self.facts = self.facts.saturating_add(1);
        self.facts
    }

    fn fact(&mut self, what: &str) -> Reference {
        text(&format!("{what}-{}", self.number()))
    }
}

/// The code that a scenario's holder is sent, or another one.
fn code(right: bool) -> PlainCode {
    let word = if right { "135790" } else { "097531" };
    #[expect(clippy::panic, reason = "six digits are a code")]
    PlainCode::new(word).unwrap_or_else(|error| panic!("{error}"))
}

/// A deal that is not in the scenario.
const fn elsewhere() -> DealId {
    DealId::new(Uuid::max())
}

fn not_open() -> Taken {
    Err(("not-open".to_owned(), "the machine is not open".to_owned()))
}

/// Who does it where nobody is named: the source of a fact, or the only one who does it.
fn usual(action: &MarketAction) -> Who {
    match action {
        MarketAction::Deal(Action::Command(command)) => source_of(command, PhaseKind::Closed),
        MarketAction::Deal(Action::Pay(_) | Action::Chargeback(_) | Action::Returned(_))
        | MarketAction::PayBasket(_)
        | MarketAction::ChargeBack(_)
        | MarketAction::GiveBackCharge(_)
        | MarketAction::CameBack(_) => Who::Gateway,
        MarketAction::Basket(command) => match command {
            basket::Command::ConfirmPayment(_)
            | basket::Command::Chargeback(_)
            | basket::Command::Answer(_)
            | basket::Command::Returned(_) => Who::Gateway,
            basket::Command::Retry(_) => Who::Operator,
            basket::Command::Leave(_) | basket::Command::Cancel(_) | basket::Command::Wake(_) => Who::Clock,
        },
        MarketAction::Balance(BalanceCommand(command)) => match command {
            balance::Command::Answer(_) | balance::Command::Returned(_) => Who::Gateway,
            balance::Command::SetPolicy(_) => Who::Operator,
            balance::Command::Request(_)
            | balance::Command::NewCode(_)
            | balance::Command::Confirm(_)
            | balance::Command::Cancel(_) => Who::Holder,
            balance::Command::Credit(_) | balance::Command::Debit(_) | balance::Command::Wake(_) => {
                Who::Clock
            }
        },
        MarketAction::Withdraw(_) | MarketAction::Confirm(_) => Who::Holder,
        MarketAction::Subscription(command) => match command {
            subscription::Command::Answer(_)
            | subscription::Command::SettleRefund(_)
            | subscription::Command::Refunded(_)
            | subscription::Command::Chargeback(_) => Who::Gateway,
            subscription::Command::Pay(_) | subscription::Command::SetInstrument(_) => Who::Payer,
            subscription::Command::ProposePlan(_)
            | subscription::Command::AgreePlan(_)
            | subscription::Command::WithdrawPlan(_)
            | subscription::Command::Cancel(_)
            | subscription::Command::Wake(_) => Who::Clock,
        },
        MarketAction::Deal(Action::Resume | Action::Preview(_))
        | MarketAction::Project(_)
        | MarketAction::Credit(_)
        | MarketAction::Debit(_)
        | MarketAction::Resume => Who::Clock,
    }
}
