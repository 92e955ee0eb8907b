//! The reference model: what a deal's books must say, told from the commands, the gateway's facts and the terms alone,
//! in plain numbers. It calls none of the library's settlement and none of its rules; endings are divided by the
//! naive calculator.
//!
//! What it reads off the deal, because it is no second state machine: the phase in which a fact arrives, that and how
//! a deal has ended, which version of the terms binds, which hold an order captures or lets go, which legs were sent,
//! and the numbers of payments. Every sum it works out by itself, and every step that a leg takes it checks.
//!
//! Where the design can be read in two ways, the reading is marked with `Reading:`.

mod endings;
mod facts;
mod figures;
mod holds;
mod legs;

use std::collections::{BTreeMap, BTreeSet};

use super::world::PaymentName;
use super::{Finding, Plant, ensure, mirror};
use crate::support::calculator as calc;
use escrow::deal::PhaseKind;
use escrow::deal::command::{Answer, Answered, ConfirmPayment};
use escrow::deposit::{DepositId, Purpose, TransactionKind};
use escrow::settlement::Ending;
use escrow::{Actor, Command, Currency, Deal, Money, Payee, Terms};

/// What happened outside because a fact was taken as new.
#[derive(Debug)]
pub enum News {
    Paid(ConfirmPayment),
}

/// Money that is only set aside.
#[derive(Clone, Debug)]
struct Hold {
    payment: PaymentName,
    amount: i128,
    /// The capture that has no answer yet: its number and amount.
    taking: Option<(u32, i128)>,
    /// It has to be let go at once.
    unwanted: bool,
}

#[derive(Clone, Debug)]
struct Pot {
    owner: Payee,
    required: i128,
    currency: Currency,
    /// Who gets an additional charge.
    charge: Option<Payee>,
    /// There, and nobody's yet.
    cash: i128,
    holds: Vec<Hold>,
    /// What of each payment has come in and is not on its way back.
    sources: BTreeMap<PaymentName, i128>,
    received: i128,
    /// What of captured holds was never taken.
    untaken: i128,
    /// What captures that failed after the performance had begun were to bring.
    missed: i128,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fate {
    Sent(u32),
    Declined,
    Unclaimed,
    Waiting,
    Done,
    /// On a balance.
    Credited,
    Dropped,
}

#[derive(Clone, Debug)]
struct Leg {
    deposit: DepositId,
    payee: Payee,
    purpose: Purpose,
    amount: i128,
    void: bool,
    /// The payment that it goes back to.
    source: Option<PaymentName>,
    fate: Fate,
}

impl Leg {
    fn is_done(&self) -> bool {
        matches!(self.fate, Fate::Done | Fate::Credited)
    }
}

/// Out of which deposit, to whom, why.
pub type Due = (DepositId, Payee, &'static str);
/// Who owes whom, why, in which currency.
pub type Debt = (Payee, Payee, &'static str, Currency);

#[derive(Clone, Debug)]
pub struct Books {
    pots: Vec<Pot>,
    legs: Vec<Leg>,
    /// What was ever assigned to somebody and not taken from them again.
    pub due: BTreeMap<Due, i128>,
    pub owed: BTreeMap<Debt, i128>,
    payments: BTreeSet<PaymentName>,
    answers: BTreeMap<u32, Answered>,
    incurred: BTreeSet<usize>,
    given_back: i128,
    /// What was divided, after which the charges are.
    basis: Option<(calc::Pots, calc::Course, Ending)>,
    funded: Option<bool>,
    divided: bool,
    /// Whether the performance has ever begun.
    begun: bool,
    /// The payment that has just come in.
    fresh: Option<PaymentName>,
    plant: Plant,
}

fn minor(money: Money) -> i128 {
    i128::from(money.minor())
}

fn index(deposit: DepositId) -> usize {
    (0..).zip(Books::IDS).find(|(_, id)| *id == deposit).map_or_else(
        || {
            let charges = (1..=32_u8).position(|n| DepositId::charge(n) == Some(deposit));
            4 + charges.expect("a charge")
        },
        |(n, _)| n,
    )
}

fn is_charge(deposit: DepositId) -> bool {
    index(deposit) >= 4
}

fn name_of(deal: &Deal, tx: Option<escrow::deposit::TxId>) -> Result<PaymentName, String> {
    let source = tx.and_then(|tx| deal.transaction(tx)).ok_or("an order without its payment")?;
    let named = source.gateway().zip(source.reference());
    named.map(|(g, r)| (g.to_string(), r.to_string())).ok_or_else(|| format!("{source:?} has no name"))
}

impl Books {
    const IDS: [DepositId; 4] = [
        DepositId::BUYER_PAYMENT,
        DepositId::SELLER_PAYMENT,
        DepositId::BUYER_GUARANTEE,
        DepositId::SELLER_GUARANTEE,
    ];

    pub fn new(terms: &Terms, plant: Plant) -> Self {
        let owners = [Payee::Buyer, Payee::Seller, Payee::Buyer, Payee::Seller];
        let pots = owners
            .into_iter()
            .zip(mirror::required(terms))
            .map(|(owner, (required, currency))| Pot::new(owner, required, currency));
        Self {
            pots: pots.collect(),
            legs: Vec::new(),
            due: BTreeMap::new(),
            owed: BTreeMap::new(),
            payments: BTreeSet::new(),
            answers: BTreeMap::new(),
            incurred: BTreeSet::new(),
            given_back: 0,
            basis: None,
            funded: None,
            divided: false,
            begun: false,
            fresh: None,
            plant,
        }
    }

    // --- what happens ---

    /// One step: what the command does by itself, then the holds that are taken or let go, then an ending, then the
    /// way of every leg.
    pub fn observe(
        &mut self,
        before: &Deal,
        after: &Deal,
        cause: Option<(&Actor, &Command)>,
    ) -> Result<Vec<News>, String> {
        let full = self.full();
        self.begin(before);
        self.fresh = None;
        let mut news = Vec::new();
        if let Some((actor, command)) = cause {
            self.act(before, after, actor, command, &mut news)?;
        }
        let full = full || self.full();
        let gone = self.move_holds(before, after)?;
        if let Some(ending) = after.ending() {
            self.end(before, after, cause, ending, full, &gone)?;
        }
        self.move_legs(after)?;
        self.begin(after);
        Ok(news)
    }

    fn begin(&mut self, deal: &Deal) {
        self.begun |= matches!(deal.phase().kind(), PhaseKind::Performing | PhaseKind::AwaitingAcceptance);
    }

    /// What a capture failed to bring after the performance had begun is divided all the same.
    fn full(&self) -> bool {
        self.pots[..4].iter().all(|p| p.content() + p.missed >= p.required)
    }

    fn assign(&mut self, deposit: DepositId, payee: Payee, purpose: Purpose, amount: i128) {
        *self.due.entry((deposit, payee, purpose.as_str())).or_default() += amount;
    }

    fn act(
        &mut self,
        before: &Deal,
        after: &Deal,
        actor: &Actor,
        command: &Command,
        news: &mut Vec<News>,
    ) -> Finding {
        match command {
            Command::ConfirmPayment(c) => {
                self.receive(before, c, news);
            }
            Command::Answer(a) => return self.answer(before, a, news),
            Command::GiveBack(c) => self.given_back = self.given_back.max(minor(c.total)),
            Command::IncurCost(c) => {
                self.incurred.insert(usize::from(c.service));
            }
            Command::AddCharge(c) if after.deposits().len() > before.deposits().len() => {
                let pot = Pot::new(c.payer.payee(), minor(c.amount), c.amount.currency());
                self.pots.push(Pot { charge: Some(c.payee.clone()), ..pot });
            }
            Command::Amend(c) if after.terms_version() > before.terms_version() => {
                ensure!(*actor != Actor::Gateway, "a gateway amends");
                for (n, (required, currency)) in mirror::required(&c.terms).into_iter().enumerate() {
                    let pot = &mut self.pots[n];
                    if (pot.required, pot.currency) == (required, currency) {
                        continue;
                    }
                    ensure!(pot.currency == currency || pot.received == 0, "{pot:?} changes its currency");
                    (pot.required, pot.currency) = (required, currency);
                    pot.holds.iter_mut().for_each(|h| h.unwanted = true);
                    let (owner, cash) = (pot.owner.clone(), std::mem::take(&mut pot.cash));
                    self.assign(Self::IDS[n], owner, Purpose::Returned, cash);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Under: wait. Exact: funded. Over: the excess goes back. Not wanted: all of it does.
    fn receive(&mut self, before: &Deal, c: &ConfirmPayment, news: &mut Vec<News>) {
        let payment = (c.gateway.to_string(), c.reference.to_string());
        if !self.payments.insert(payment.clone()) {
            return;
        }
        news.push(News::Paid(c.clone()));
        // Reading: required deposits are taken until the deal is funded, charges while it is, or is moderated
        let takes = match before.phase().kind() {
            PhaseKind::Proposed | PhaseKind::AwaitingDeposit => !is_charge(c.deposit),
            PhaseKind::Moderation => true,
            PhaseKind::Paying | PhaseKind::Closed => false,
            // what a capture failed to bring can be paid otherwise
            _ => is_charge(c.deposit) || self.pots[index(c.deposit)].missed > 0,
        };
        let pot = &mut self.pots[index(c.deposit)];
        let amount = minor(c.amount);
        let wanted = if takes { (pot.required - pot.content()).max(0) } else { 0 };
        pot.received += amount;
        if c.held_until.is_some() {
            pot.holds.push(Hold { payment, amount, taking: None, unwanted: wanted == 0 });
            return;
        }
        pot.sources.insert(payment.clone(), amount);
        self.fresh = Some(payment);
        let kept = if self.plant == Plant::KeepsExcess && takes { amount } else { amount.min(wanted) };
        pot.cash += kept;
        let owner = pot.owner.clone();
        self.assign(c.deposit, owner, Purpose::Excess, amount - kept);
    }

    fn answer(&mut self, before: &Deal, a: &Answer, news: &mut Vec<News>) -> Finding {
        let number = a.transaction.number();
        let t = before.transaction(a.transaction).ok_or("an answer to nothing is taken")?;
        if !t.is_pending() || a.result == Answered::InProgress {
            return Ok(());
        }
        let told = self.answers.insert(number, a.result.clone());
        ensure!(told.is_none(), "transaction {number} is settled twice");
        let done = matches!(a.result, Answered::Succeeded(_));
        match t.kind() {
            TransactionKind::Hold | TransactionKind::Charge => {
                if let (true, Some(gateway), Some(reference)) = (done, t.gateway(), t.reference()) {
                    let (gateway, reference) = (gateway.clone(), reference.clone());
                    let (deposit, amount, transaction) = (t.deposit(), t.amount(), Some(t.id()));
                    let held_until = None;
                    let payment = ConfirmPayment::charged(deposit, gateway, reference, amount)
                        .answering(transaction)
                        .held_until(held_until);
                    self.receive(before, &payment, news);
                }
            }
            TransactionKind::Capture => {
                let pot = &mut self.pots[index(t.deposit())];
                let taken = |h: &Hold| h.taking.is_some_and(|(n, _)| n == number);
                let at = pot.holds.iter().position(taken).ok_or("a capture of nothing")?;
                let hold = pot.holds.remove(at);
                let amount = hold.taking.map_or(0, |(_, amount)| amount);
                if done {
                    pot.cash += amount;
                    pot.untaken += hold.amount - amount;
                    pot.sources.insert(hold.payment, amount);
                } else {
                    pot.received -= hold.amount;
                    let goes_on = !matches!(
                        before.phase().kind(),
                        PhaseKind::Proposed | PhaseKind::AwaitingDeposit | PhaseKind::Moderation
                    );
                    if self.begun && goes_on && !is_charge(t.deposit()) {
                        pot.missed += amount;
                    }
                }
            }
            _ => {
                let leg = self.legs.iter_mut().find(|l| l.fate == Fate::Sent(number));
                let leg = leg.ok_or_else(|| format!("transaction {number} is no leg's"))?;
                leg.fate = match (done, leg.void) {
                    (true, _) => Fate::Done,
                    (false, false) => Fate::Declined,
                    (false, true) => Fate::Dropped,
                };
                if leg.fate == Fate::Dropped {
                    let leg = leg.clone();
                    self.pots[index(leg.deposit)].received -= leg.amount;
                    self.assign(leg.deposit, leg.payee, leg.purpose, -leg.amount);
                }
            }
        }
        Ok(())
    }
}

impl Pot {
    /// Empty.
    const fn new(owner: Payee, required: i128, currency: Currency) -> Self {
        Self {
            owner,
            required,
            currency,
            charge: None,
            cash: 0,
            holds: Vec::new(),
            sources: BTreeMap::new(),
            received: 0,
            untaken: 0,
            missed: 0,
        }
    }

    /// There and nobody's yet, holds included.
    fn content(&self) -> i128 {
        self.cash + self.holds.iter().map(|h| h.amount).sum::<i128>()
    }
}

/// The purpose of what goes back to the owner of a deposit at the end.
fn way_back(deposit: DepositId) -> Purpose {
    match deposit {
        DepositId::BUYER_GUARANTEE | DepositId::SELLER_GUARANTEE => Purpose::Guarantee,
        _ => Purpose::Refund,
    }
}
