//! The world outside: who really holds which money, payers, their bank, and a gateway that moves money once per key
//! and answers when and as often as it likes. It knows nothing of deals but the orders that it is given.

use std::collections::{BTreeMap, BTreeSet};

use escrow::deal::PendingOrder;
use escrow::deal::command::{Answer, Answered, ConfirmPayment};
use escrow::deposit::{DepositId, LegState, Reference, TransactionKind};
use escrow::{Actor, Command, Currency, Deal, Money, Payee};

use super::{Finding, Plant, ensure};
use crate::common::text;

/// Whose money it is.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Account {
    /// Where a payment came from: below zero by what was paid and did not come back.
    Payer(PaymentName),
    /// What the platform keeps for a deposit.
    Pot(DepositId),
    /// What somebody was paid outside.
    Hand(Payee),
    /// What somebody has on their in-system balance.
    Balance(Payee),
}

/// A payment's gateway and reference.
pub type PaymentName = (String, String);

/// A payment as it really is: the first word about it is the truth.
#[derive(Clone, Debug)]
struct Payment {
    deposit: DepositId,
    amount: Money,
    /// Only set aside, so far or for good.
    on_hold: bool,
    /// The gateway has said so.
    told: bool,
    /// What really came in, and went back.
    came: i128,
    back: i128,
}

/// What became of an order, for good.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Truth {
    Done(Reference),
    Declined,
}

#[derive(Clone, Debug, Default)]
pub struct World {
    ledger: BTreeMap<(Account, Currency), i128>,
    payments: BTreeMap<PaymentName, Payment>,
    orders: BTreeMap<u32, Truth>,
    /// Answers on their way.
    answers: Vec<Answer>,
    credited: BTreeSet<u32>,
    plant: Plant,
}

fn minor(money: Money) -> i128 {
    i128::from(money.minor())
}

/// What the gateway calls the success of this order; a claimed payment keeps its own reference.
fn order_reference(transaction: &escrow::Transaction) -> Reference {
    transaction.reference().cloned().unwrap_or_else(|| text(&format!("done-{}", transaction.id())))
}

impl World {
    pub fn new(plant: Plant) -> Self {
        Self { plant, ..Self::default() }
    }

    pub fn holds(&self, account: &Account, currency: Currency) -> i128 {
        self.ledger.get(&(account.clone(), currency)).copied().unwrap_or(0)
    }

    /// Money changes hands. A pot is never overdrawn, and nobody gets back more than they have paid.
    fn shift(&mut self, from: Account, to: Account, amount: Money) -> Finding {
        let currency = amount.currency();
        ensure!(amount.minor() >= 0, "{amount} goes from {from:?} to {to:?}");
        *self.ledger.entry((from.clone(), currency)).or_default() -= minor(amount);
        *self.ledger.entry((to.clone(), currency)).or_default() += minor(amount);
        let overdrawn = matches!(from, Account::Pot(_)) && self.holds(&from, currency) < 0;
        ensure!(!overdrawn, "in the world {from:?} is overdrawn by {amount} to {to:?}");
        let too_much = matches!(to, Account::Payer(_)) && self.holds(&to, currency) > 0;
        ensure!(!too_much, "in the world {to:?} gets back more than they paid, with {amount} of {from:?}");
        Ok(())
    }

    /// The sum over everybody, per currency: always nothing.
    pub fn sums(&self) -> BTreeMap<Currency, i128> {
        let mut sums = BTreeMap::new();
        for ((_, currency), amount) in &self.ledger {
            *sums.entry(*currency).or_insert(0) += amount;
        }
        sums
    }

    /// The gateway's report of a payment was taken as new.
    pub fn paid(&mut self, c: &ConfirmPayment) -> Finding {
        let name = (c.gateway.to_string(), c.reference.to_string());
        if let Some(known) = self.payments.get_mut(&name) {
            ensure!(!known.told, "{name:?} counts twice");
            known.told = true;
            return Ok(());
        }
        let on_hold = c.held_until.is_some();
        let came = if on_hold { 0 } else { minor(c.amount) };
        let payment = Payment { deposit: c.deposit, amount: c.amount, on_hold, told: true, came, back: 0 };
        self.payments.insert(name.clone(), payment);
        if on_hold { Ok(()) } else { self.shift(Account::Payer(name), Account::Pot(c.deposit), c.amount) }
    }

    /// Legs that the deal has put on balances are there, once each.
    pub fn credit(&mut self, deal: &Deal) -> Finding {
        for leg in deal.legs().iter().filter(|l| l.state() == LegState::Credited) {
            if self.credited.insert(leg.id().number()) {
                self.shift(Account::Pot(leg.deposit()), Account::Balance(leg.payee().clone()), leg.amount())?;
            }
        }
        Ok(())
    }

    /// Carries an order out, whatever was under its key before.
    fn carry_out(&mut self, order: &PendingOrder<'_>) -> Finding {
        let t = order.transaction.unwrap();
        let (deposit, amount) = (t.deposit(), t.amount());
        let name = order.gateway.zip(order.source).map(|(g, r)| (g.to_string(), r.to_string()));
        let out = |payee: &Payee| Account::Hand(payee.clone());
        match t.kind() {
            TransactionKind::Payout | TransactionKind::Fee => {
                self.shift(Account::Pot(deposit), out(order.payee), amount)
            }
            TransactionKind::Charge => {
                let name = name.ok_or("a verification names no payment")?;
                if !self.payments.contains_key(&name) {
                    let came = minor(amount);
                    let payment = Payment { deposit, amount, on_hold: false, told: false, came, back: 0 };
                    self.payments.insert(name.clone(), payment);
                    self.shift(Account::Payer(name), Account::Pot(deposit), amount)?;
                }
                Ok(())
            }
            TransactionKind::Capture | TransactionKind::Void | TransactionKind::Refund => {
                let name = name.ok_or_else(|| format!("no payment is named by {t:?}"))?;
                let payment =
                    self.payments.get_mut(&name).ok_or_else(|| format!("{name:?} was never paid"))?;
                ensure!(payment.deposit == deposit, "{name:?} was paid for {}", payment.deposit);
                if t.kind() == TransactionKind::Refund {
                    payment.back += minor(amount);
                    let (back, came) = (payment.back, payment.came);
                    ensure!(back <= came, "of {name:?}, which brought {came}, {back} goes back");
                    let to =
                        if order.destination.is_some() { out(order.payee) } else { Account::Payer(name) };
                    return self.shift(Account::Pot(deposit), to, amount);
                }
                ensure!(payment.on_hold, "{name:?} is not on hold any more");
                payment.on_hold = false;
                if t.kind() == TransactionKind::Void {
                    return Ok(());
                }
                ensure!(amount.minor() <= payment.amount.minor(), "more is captured than {name:?} holds");
                payment.came = minor(amount);
                self.shift(Account::Payer(name), Account::Pot(deposit), amount)
            }
            TransactionKind::Hold => Err(format!("{t:?} is ordered")),
        }
    }

    /// The gateway is given an order: it acts once per key, and says the same ever after.
    fn execute(&mut self, order: &PendingOrder<'_>, decline: bool) -> Result<Answer, String> {
        let transaction = order.number();
        let known = self.orders.get(&transaction.number()).cloned();
        let refund = order.kind == TransactionKind::Refund;
        if known.is_some() && self.plant == Plant::RefundsAgain && refund {
            self.carry_out(order)?;
        }
        let truth = match known {
            Some(truth) => truth,
            None if decline => {
                // a hold that cannot be captured or let go has lapsed
                let name = order.gateway.zip(order.source).map(|(g, r)| (g.to_string(), r.to_string()));
                let of_hold = matches!(order.kind, TransactionKind::Capture | TransactionKind::Void);
                if let Some(payment) = name.filter(|_| of_hold).and_then(|n| self.payments.get_mut(&n)) {
                    payment.on_hold = false;
                }
                Truth::Declined
            }
            None => {
                self.carry_out(order)?;
                Truth::Done(order_reference(order.transaction.unwrap()))
            }
        };
        self.orders.insert(transaction.number(), truth.clone());
        let result = match truth {
            Truth::Done(reference) => Answered::Succeeded(reference),
            Truth::Declined => Answered::Declined(text("declined")),
        };
        Ok(Answer::new(transaction, result))
    }

    /// The gateway works on an order; the answer is on its way.
    pub fn work(&mut self, deal: &Deal, which: u8, declines: bool) -> Finding {
        let orders: Vec<_> = deal.pending().collect();
        if orders.is_empty() {
            return Ok(());
        }
        let order = &orders[usize::from(which) % orders.len()];
        let answer = self.execute(order, declines)?;
        self.answers.push(answer);
        Ok(())
    }

    /// The host asks about every order that has no answer.
    pub fn ask(&mut self, deal: &Deal) -> Finding {
        for order in deal.pending() {
            let answer = self.execute(&order, false)?;
            self.answers.push(answer);
        }
        Ok(())
    }

    /// An answer arrives; once in a while it will arrive once more.
    pub fn deliver(&mut self, which: u8, again: bool) -> Option<Answer> {
        if self.answers.is_empty() {
            return None;
        }
        let at = usize::from(which) % self.answers.len();
        let answer = self.answers[at].clone();
        if !again {
            self.answers.remove(at);
        }
        Some(answer)
    }

    pub fn lose(&mut self, which: u8) {
        if !self.answers.is_empty() {
            let at = usize::from(which) % self.answers.len();
            self.answers.remove(at);
        }
    }

    /// What the gateway says, made true as long as it has not said it: an answer is given after the act, and a
    /// payment is first reported as it was. Once it has told the truth it may say anything.
    pub fn truthful(&mut self, deal: &Deal, command: Command) -> Result<Command, String> {
        match command {
            Command::Answer(Answer { transaction, result, .. }) => {
                let decline = match result {
                    Answered::InProgress => return Ok(Answer::new(transaction, result).into()),
                    Answered::Succeeded(_) => false,
                    Answered::Declined(_) => true,
                };
                match deal.pending_one(transaction) {
                    Some(order) => Ok(self.execute(&order, decline)?.into()),
                    None => Ok(Answer::new(transaction, result).into()),
                }
            }
            Command::ConfirmPayment(mut c) => {
                let name = (c.gateway.to_string(), c.reference.to_string());
                if let Some(known) = self.payments.get(&name).filter(|p| !p.told) {
                    (c.deposit, c.amount, c.held_until) = (known.deposit, known.amount, None);
                }
                Ok(c.into())
            }
            other => Ok(other),
        }
    }

    /// The gateway's last word about everything that is open.
    pub fn last_word(&mut self, deal: &Deal) -> Result<Option<(Actor, Command)>, String> {
        if let Some(order) = deal.pending().next() {
            return Ok(Some((Actor::Gateway, self.execute(&order, false)?.into())));
        }
        // what was found when a claim was looked into, and the claim has lapsed since
        let untold = self.payments.iter().find(|(_, p)| !p.told && p.came > 0);
        Ok(untold.map(|((gateway, reference), p)| {
            let told = ConfirmPayment::charged(p.deposit, text(gateway), text(reference), p.amount);
            (Actor::Gateway, told.into())
        }))
    }

    /// By how much the pot of a deposit is ahead of what the deal knows: orders carried out without its knowledge.
    pub fn ahead(&self, deal: &Deal, deposit: DepositId) -> i128 {
        let mut ahead = 0;
        for order in deal.pending().filter(|o| o.transaction.unwrap().deposit() == deposit) {
            let done = matches!(self.orders.get(&order.number().number()), Some(Truth::Done(_)));
            ahead += match order.kind {
                TransactionKind::Capture if done => minor(order.amount),
                TransactionKind::Refund | TransactionKind::Payout | TransactionKind::Fee if done => {
                    -minor(order.amount)
                }
                _ => 0,
            };
        }
        let untold = self.payments.values().filter(|p| !p.told && p.deposit == deposit);
        ahead + untold.map(|p| p.came).sum::<i128>()
    }

    /// Whether anything is on hold.
    pub fn any_hold(&self) -> bool {
        self.payments.values().any(|p| p.on_hold)
    }
}
