//! A deal and the model of its books, driven by the same facts. After every step both are held against each other.

use std::collections::BTreeMap;

use escrow::deal::command::{
    Accept, AcceptAward, Answer, Answered, Cancel, Chargeback, ChargebackStep, ConfirmPayment,
    DestinationUse, OpenDispute, ProposeAward, RedirectRefund, Returned, SetDestination, SettleReceivable,
    StartPerforming, Wake,
};
use escrow::deal::{Cause, Command, Event, Phase};
use escrow::deposit::{DepositId, LegState, Purpose, Transaction, TransactionKind, TransactionState, TxId};
use escrow::dispute::Award;
use escrow::settlement::{Course, Ending, Fault};
use escrow::terms::{Fee, Liable, Payer, Service, Terms};
use escrow::{
    Actor, Context, Currency, Deal, DealId, Money, Payee, Policy, Recorded, Rejection, Side, Time, settle,
};

use crate::oracle::books::{Books, Does};
use crate::oracle::ending::{Ending as Division, Share};
use crate::oracle::words::{self, Amount, Kind, Outcome, Party};

pub const B: DepositId = DepositId::BUYER_PAYMENT;
pub const GB: DepositId = DepositId::BUYER_GUARANTEE;
pub const GS: DepositId = DepositId::SELLER_GUARANTEE;
pub const COURIER: Party = Party::Third(1);

pub fn text<T: std::str::FromStr>(text: &str) -> T
where
    T::Err: std::fmt::Debug,
{
    text.parse().unwrap()
}

pub fn rub(minor: i64) -> Money {
    Money::from_minor(minor, Currency::RUB)
}

/// When every history starts.
pub fn start() -> Time {
    Time::parse("2026-03-01T12:00:00Z").unwrap()
}

pub fn buyer() -> Actor {
    Actor::Party(text("anna"))
}

pub fn seller() -> Actor {
    Actor::Party(text("boris"))
}

pub fn operator() -> Actor {
    Actor::Operator(text("olga"))
}

/// What a deal is about: a price, of which the seller gives parts away, and guarantees.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    pub price: i64,
    pub courier: i64,
    pub fee: i64,
    pub guarantee: i64,
    pub liable: Liable,
}

impl Setup {
    pub const fn price(price: i64) -> Self {
        Self { price, courier: 0, fee: 0, guarantee: 0, liable: Liable::Seller }
    }

    pub const fn courier(mut self, courier: i64) -> Self {
        self.courier = courier;
        self
    }

    pub const fn fee(mut self, fee: i64) -> Self {
        self.fee = fee;
        self
    }

    pub const fn guarantee(mut self, guarantee: i64) -> Self {
        self.guarantee = guarantee;
        self
    }

    pub const fn liable(mut self, liable: Liable) -> Self {
        self.liable = liable;
        self
    }

    fn terms(self) -> Terms {
        let policy = Policy::shop().chargeback_liable(self.liable);
        let mut terms =
            Terms::builder("anna", "boris", Currency::RUB).policy(policy).item("thing", rub(self.price));
        if self.courier > 0 {
            let service = Service::costing("delivery", rub(self.courier)).payer(Payer::Seller);
            terms = terms.service(service.third("courier"));
        }
        if self.fee > 0 {
            terms = terms.fee(Fee::fixed("platform", rub(self.fee)).payer(Payer::Seller));
        }
        if self.guarantee > 0 {
            terms = terms.guarantee(Side::Seller, rub(self.guarantee));
        }
        terms.build().unwrap()
    }
}

/// What is told to the model of a command.
#[derive(Clone, Debug)]
pub enum Fact {
    None,
    Confirm(words::Confirm),
    Case(words::Chargeback),
    Answer(TxId, Outcome),
    Returned(TxId, Amount, String),
    Settle(u32, Amount, String),
    Redirect(Party, bool),
}

/// What is known of an order: what it does, for which deposit, to whom, for what, of which payment, how much.
type Key = (u8, usize, Party, Option<words::Purpose>, Option<String>, Amount);

/// Why a history cannot be compared any further.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Differs {
    /// The sums of the deposits agree, the parts of divided legs do not, or a declined part is tried anew: the design leaves open
    /// which part waits, and which is cut.
    Parts(String),
    /// The books differ.
    Books(String),
}

#[derive(Clone, Debug)]
pub struct World {
    pub deal: Deal,
    pub now: Time,
    pub journal: Vec<Recorded>,
    pub model: Books,
    /// The number of a transaction, in the model.
    pub numbers: BTreeMap<TxId, usize>,
    /// What was done, for a reader.
    pub story: Vec<String>,
    /// When, by whom, what, and whether it was accepted.
    pub told: Vec<(Time, Actor, Command, bool)>,
    seen: usize,
    model_seen: usize,
    pub settled: u32,
}

pub fn party(payee: &Payee) -> Party {
    match payee {
        Payee::Buyer => Party::Buyer,
        Payee::Seller => Party::Seller,
        Payee::Platform => Party::Platform,
        Payee::Processor => Party::Processor,
        Payee::Party(_) => COURIER,
    }
}

pub fn payee(party: Party) -> Payee {
    match party {
        Party::Buyer => Payee::Buyer,
        Party::Seller => Payee::Seller,
        Party::Platform => Payee::Platform,
        Party::Processor | Party::Arbiter => Payee::Processor,
        Party::Third(_) => Payee::Party(text("courier")),
    }
}

pub fn purpose(purpose: Purpose) -> words::Purpose {
    match purpose {
        Purpose::Payout => words::Purpose::Payout,
        Purpose::Service => words::Purpose::Service,
        Purpose::Fee | Purpose::ArbitrationFee => words::Purpose::Fee,
        Purpose::Refund | Purpose::Returned | Purpose::Excess => words::Purpose::Refund,
        Purpose::Guarantee | Purpose::Award => words::Purpose::Guarantee,
        Purpose::Charge | Purpose::Chargeback => words::Purpose::Charge,
    }
}

/// What goes back is one thing: whether it was over, came late, or was left over, is not compared. Whose it is says the payee.
pub fn plain(purpose: words::Purpose) -> words::Purpose {
    match purpose {
        words::Purpose::Refund | words::Purpose::Excess | words::Purpose::Guarantee => words::Purpose::Refund,
        words::Purpose::Payout
        | words::Purpose::Service
        | words::Purpose::Fee
        | words::Purpose::Charge
        | words::Purpose::Repayment => purpose,
    }
}

/// The place of a deposit in the model; all money that strayed in one.
pub const STRAY: usize = 99;

pub fn place(id: DepositId) -> usize {
    match id {
        DepositId::BUYER_PAYMENT => 0,
        DepositId::SELLER_PAYMENT => 1,
        DepositId::BUYER_GUARANTEE => 2,
        DepositId::SELLER_GUARANTEE => 3,
        _ => STRAY,
    }
}

impl World {
    pub fn new(setup: Setup) -> Self {
        let now = start();
        let id = DealId::new(escrow::uuid::Uuid::from_u128(7));
        let (deal, first) = Deal::propose(id, setup.terms(), &Context::new(now, seller())).unwrap();
        let liable = match setup.liable {
            Liable::Buyer => Party::Buyer,
            Liable::Seller => Party::Seller,
            Liable::Platform => Party::Platform,
        };
        let mut model = Books::new(words::Policy { liable, ..words::Policy::default() });
        for (kind, id) in [
            (Kind::BuyerPayment, B),
            (Kind::SellerPayment, DepositId::SELLER_PAYMENT),
            (Kind::BuyerGuarantee, GB),
            (Kind::SellerGuarantee, GS),
        ] {
            let required = deal.deposit(id).unwrap().required().minor();
            model.deposit(kind, Amount::from(required), "RUB");
        }
        Self {
            deal,
            now,
            journal: first.events().to_vec(),
            model,
            numbers: BTreeMap::new(),
            story: Vec::new(),
            told: Vec::new(),
            seen: 0,
            model_seen: 0,
            settled: 0,
        }
    }

    /// Paid by `p-1`, the guarantee by `g-1`.
    pub fn funded(setup: Setup) -> Self {
        let mut world = Self::new(setup);
        world.charge("p-1", B, setup.price);
        if setup.guarantee > 0 {
            world.charge("g-1", GS, setup.guarantee);
        }
        world
    }

    pub fn performing(setup: Setup) -> Self {
        let mut world = Self::funded(setup);
        world.act(&seller(), StartPerforming {});
        world
    }

    // --- steps ---

    /// A step of people.
    pub fn act(&mut self, actor: &Actor, command: impl Into<Command>) {
        self.step(actor, &command.into(), &Fact::None).unwrap().unwrap();
    }

    pub fn tell(&mut self, command: impl Into<Command>, fact: &Fact) -> Result<bool, Rejection> {
        self.step(&Actor::Gateway, &command.into(), fact).unwrap()
    }

    /// One step of both. `Ok(Ok(false))`: it stood already.
    pub fn step(
        &mut self,
        actor: &Actor,
        command: &Command,
        fact: &Fact,
    ) -> Result<Result<bool, Rejection>, Differs> {
        let before = self.deal.clone();
        let context = Context::new(self.now, actor.clone());
        let result = self.deal.handle(command, &context);
        for id in [B, DepositId::SELLER_PAYMENT, GB, GS] {
            self.model.deposits[place(id)].accepting = before.takes_money(before.deposit(id).unwrap());
        }
        self.story.push(format!("{command:?} -> {:?}", result.as_ref().map(|t| !t.is_empty())));
        self.told.push((self.now, actor.clone(), command.clone(), result.is_ok()));
        let told = self.tell_model(fact, &result)?;
        let events = match result {
            Err(rejection) => {
                assert_eq!(self.deal, before, "a rejection changes nothing");
                return Ok(Err(rejection));
            }
            Ok(transition) => transition.events().to_vec(),
        };
        self.journal.extend_from_slice(&events);
        for recorded in &events {
            self.follow(&recorded.event, &before, told);
        }
        if self.deal.settle_by().is_some_and(|at| at <= self.now) {
            self.model.settlement(true);
        }
        self.check_deal()?;
        self.match_orders()?;
        self.compare()?;
        let again = self.deal.clone().handle(command, &context);
        if !matches!(command, Command::SetDestination(_) | Command::RedirectRefund(_))
            && again.as_ref().is_ok_and(|t| !t.is_empty())
        {
            return Err(Differs::Books(format!("a repeat has events: {again:?}")));
        }
        Ok(Ok(!events.is_empty()))
    }

    fn tell_model(
        &mut self,
        fact: &Fact,
        result: &Result<escrow::Transition, Rejection>,
    ) -> Result<bool, Differs> {
        let mut model = self.model.clone();
        let said = match fact {
            Fact::None => return Ok(false),
            Fact::Confirm(confirm) => model.confirm(confirm),
            Fact::Case(case) => model.chargeback(case),
            Fact::Answer(tx, outcome) => {
                let number = self.numbers[tx];
                let captures = matches!(model.transactions[number].does, Does::Capture { .. });
                let id = Outcome::Captured(format!("done-{}", tx.number()));
                let captured = captures && *outcome == Outcome::Succeeded;
                model.answer(number, if captured { &id } else { outcome })
            }
            Fact::Returned(tx, amount, reference) => model.returned(self.numbers[tx], *amount, reference),
            Fact::Settle(number, amount, reference) => {
                let debt = self.deal.debts().iter().find(|d| d.number == *number).unwrap();
                let (debtor, creditor) = (party(&debt.debtor), party(&debt.payee));
                let mut left = *amount;
                while left > 0 {
                    let open = |d: &crate::oracle::debts::Debt| {
                        d.debtor == debtor && d.creditor == creditor && d.open() > 0
                    };
                    let at = model.debts.iter().position(open).expect("an open debt");
                    let part = model.debts[at].open().min(left);
                    left -= part;
                    let _ = model.settle_receivable(at, part, reference);
                }
                words::Answer::Applied
            }
            Fact::Redirect(to, back) => {
                let legs: Vec<usize> = model
                    .legs
                    .iter()
                    .filter(|l| l.to == *to && l.back == *back && l.declined && l.hold.is_none())
                    .map(|l| l.no)
                    .collect();
                if result.is_ok() {
                    legs.into_iter().for_each(|no| model.redirect(no));
                }
                self.model = model;
                return Ok(false);
            }
        };
        let same = match (&said, result) {
            (words::Answer::Contradicts { .. }, Err(_)) => true,
            (words::Answer::Repeat, Ok(transition)) => {
                transition.is_empty() || matches!(fact, Fact::Answer(..))
            }
            (words::Answer::Applied, Ok(_)) => true,
            (_, _) => false,
        };
        if !same {
            return Err(Differs::Books(format!("the model says {said:?}, the deal {result:?}")));
        }
        self.model = model;
        Ok(said == words::Answer::Applied)
    }

    /// What the deal does by itself, the model is told.
    fn follow(&mut self, event: &Event, before: &Deal, by_fact: bool) {
        match event {
            Event::PerformingStarted {} => self.model.begin(),
            Event::CaptureOrdered { order } => {
                let hold = self.hold_of(order.source.unwrap());
                self.model.capture(hold);
            }
            Event::EndingDecided { ending, .. } => {
                let division = self.division(ending, before, by_fact);
                self.model.end(&division).unwrap();
            }
            Event::PhaseEntered { phase: Phase::Closed { .. }, .. } => self.model.close(),
            _ => {}
        }
    }

    /// How the ending divides each deposit, as if nothing had been lost.
    fn division(&self, ending: &Ending, before: &Deal, by_fact: bool) -> Division {
        let mut division = Division::default();
        let course = Course::from(before.incurred()).given_back(before.given_back().minor());
        let settlement = settle(before.binding_terms(), &before.pots(), course, ending).unwrap();
        for id in [B, DepositId::SELLER_PAYMENT, GB, GS] {
            let mut left = self.model.pot(place(id));
            let mut shares = Vec::new();
            if !by_fact {
                for share in settlement.shares.iter().filter(|s| s.deposit == id && !s.purpose.goes_back()) {
                    let amount = Amount::from(share.amount.minor());
                    left -= amount;
                    shares.push(Share::Pay(party(&share.payee), purpose(share.purpose), amount));
                }
            }
            let back = if id == GB || id == GS { words::Purpose::Guarantee } else { words::Purpose::Refund };
            shares.push(Share::Back(back, left));
            division.shares.insert(place(id), shares);
        }
        division
    }

    fn hold_of(&self, tx: TxId) -> usize {
        let hold = self.deal.transaction(tx).unwrap();
        let payment = payment_of(hold);
        let same = |h: &crate::oracle::holds::Hold| {
            h.payment.reference == payment && h.deposit == place(hold.deposit())
        };
        self.model.holds.iter().position(same).expect("a hold")
    }

    fn check_deal(&self) -> Result<(), Differs> {
        self.deal.check().map_err(|e| {
            Differs::Books(format!("check: {e} {:?} {:?}", self.deal.legs(), self.deal.transactions()))
        })?;
        let json = serde_json::to_string(&self.deal).unwrap();
        let read: Deal = serde_json::from_str(&json).unwrap();
        assert_eq!(read, self.deal);
        // costs what the history is long
        if !self.story.len().is_multiple_of(5) {
            return Ok(());
        }
        let replayed = Deal::replay(self.deal.id(), &self.journal).unwrap();
        assert_eq!(replayed.state(), self.deal.state());
        Ok(())
    }

    /// A payment that was captured in parts is refunded by one order in the model, in the deal by one for each capture.
    fn match_in_parts(&mut self, ours: &mut Vec<(Key, TxId)>, theirs: &mut Vec<(Key, usize)>) {
        theirs.retain(|(key, number)| {
            let same =
                |(k, _): &(Key, TxId)| (k.0, k.1, k.2, k.3, &k.4) == (key.0, key.1, key.2, key.3, &key.4);
            let parts: Vec<(Key, TxId)> = ours.iter().filter(|k| same(k)).cloned().collect();
            let sum: Amount = parts.iter().map(|(k, _)| k.5).sum();
            if sum != key.5 || key.4.is_none() || parts.len() < 2 {
                return true;
            }
            ours.retain(|k| !same(k));
            let mut number = *number;
            for (at, (k, tx)) in parts.iter().enumerate() {
                self.numbers.insert(*tx, number);
                if at + 1 < parts.len() {
                    number = self.model.divide_order(number, k.5);
                }
            }
            false
        });
    }

    /// Pairs the new orders of the deal with the new transactions of the model.
    fn match_orders(&mut self) -> Result<(), Differs> {
        let mut ours: Vec<(Key, TxId)> = Vec::new();
        let mut sums: BTreeMap<(u8, usize, Party), Amount> = BTreeMap::new();
        for t in self.deal.transactions().iter().skip(self.seen).filter(|t| !t.kind().is_inbound()) {
            let amount = Amount::from(t.amount().minor());
            let source = t.source().and_then(|id| self.deal.transaction(id)).map(payment_of);
            let key: Key = match (t.kind(), t.leg()) {
                (TransactionKind::Capture, _) if t.is_pending() => {
                    (0, place(t.deposit()), Party::Buyer, None, source, amount)
                }
                (TransactionKind::Capture, _) => continue,
                (TransactionKind::Void, _) => (1, place(t.deposit()), Party::Buyer, None, source, amount),
                (_, Some(leg)) => {
                    let leg = self.deal.legs().iter().find(|l| l.id() == leg).unwrap();
                    if leg.state() == LegState::Credited {
                        continue;
                    }
                    (
                        2,
                        place(t.deposit()),
                        party(leg.payee()),
                        Some(plain(purpose(leg.purpose()))),
                        source,
                        amount,
                    )
                }
                (_, None) => unreachable!(),
            };
            *sums.entry((key.0, key.1, key.2)).or_default() += amount;
            ours.push((key, t.id()));
        }
        self.seen = self.deal.transactions().len();
        let from = self.model_seen;
        self.model_seen = self.model.transactions.len();
        let mut theirs: Vec<(Key, usize)> = Vec::new();
        for (at, t) in self.model.transactions.iter().enumerate().skip(from) {
            let stray = |d: usize| if d < 4 { d } else { STRAY };
            let key: Key = match t.does {
                Does::Capture { hold, amount } => {
                    let h = &self.model.holds[hold];
                    (0, stray(h.deposit), Party::Buyer, None, Some(h.payment.reference.clone()), amount)
                }
                Does::Void { hold } => {
                    let h = &self.model.holds[hold];
                    (1, stray(h.deposit), Party::Buyer, None, Some(h.payment.reference.clone()), h.open())
                }
                Does::Leg { no, attempt } => {
                    let l = self.model.leg(no);
                    let source = l.source.as_ref().map(|p| p.reference.clone());
                    let amount = l.attempts[attempt].amount;
                    (2, stray(l.deposit), l.to, Some(plain(l.purpose)), source, amount)
                }
            };
            *sums.entry((key.0, key.1, key.2)).or_default() -= key.5;
            theirs.push((key, at));
        }
        let mut rest = Vec::new();
        for (key, tx) in ours {
            match theirs.iter().position(|(k, _)| *k == key) {
                Some(at) => {
                    let (_, number) = theirs.remove(at);
                    self.numbers.insert(tx, number);
                }
                None => rest.push((key, tx)),
            }
        }
        self.match_in_parts(&mut rest, &mut theirs);
        self.model_seen = self.model.transactions.len();
        if rest.is_empty() && theirs.is_empty() {
            return Ok(());
        }
        let what = format!("orders of the deal alone: {rest:?}, of the model alone: {theirs:?}");
        let mut by_deposit: BTreeMap<(u8, usize), Amount> = BTreeMap::new();
        for ((kind, deposit, _), sum) in sums {
            *by_deposit.entry((kind, deposit)).or_default() += sum;
        }
        let tried_anew = rest.iter().all(|(key, _)| self.model_has_declined(key))
            && theirs.iter().all(|(key, _)| self.deal_has_declined(key));
        if by_deposit.values().all(|sum| *sum == 0) || tried_anew {
            return Err(Differs::Parts(what));
        }
        Err(Differs::Books(what))
    }

    /// Whether the deal has so much of that leg in declined parts. The model has cut another part of it, and tries anew what it
    /// had cut whole.
    fn deal_has_declined(&self, (kind, at, to, why, _, amount): &Key) -> bool {
        let same = |leg: &&escrow::deposit::Leg| {
            leg.state() == LegState::Declined
                && (place(leg.deposit()), party(leg.payee())) == (*at, *to)
                && Some(plain(purpose(leg.purpose()))) == *why
        };
        let declined = self.deal.legs().iter().filter(same);
        *kind == 2 && declined.map(|leg| Amount::from(leg.amount().minor())).sum::<Amount>() >= *amount
    }

    /// The same of the model, where it is the deal that tries anew.
    fn model_has_declined(&self, (kind, at, to, why, _, amount): &Key) -> bool {
        let same = |leg: &&crate::oracle::legs::Leg| {
            leg.declined && (leg.deposit, leg.to) == (*at, *to) && Some(plain(leg.purpose)) == *why
        };
        let declined = self.model.legs.iter().filter(same);
        *kind == 2 && declined.map(crate::oracle::legs::Leg::open).sum::<Amount>() >= *amount
    }

    // --- facts ---

    pub fn charge(&mut self, reference: &str, deposit: DepositId, minor: i64) {
        assert_eq!(self.confirm(&charged(reference, deposit, minor)), Ok(true));
    }

    pub fn confirm(&mut self, command: &ConfirmPayment) -> Result<bool, Rejection> {
        let fact = confirm_fact(command);
        self.tell(command.clone(), &fact)
    }

    pub fn case(
        &mut self,
        id: &str,
        payment: &str,
        step: ChargebackStep,
        minor: i64,
    ) -> Result<bool, Rejection> {
        let command = chargeback(id, payment, step, minor);
        let fact = case_fact(&command);
        self.tell(command, &fact)
    }

    pub fn lost(&mut self, id: &str, minor: i64) {
        assert_eq!(self.case(id, "p-1", ChargebackStep::Lost, minor), Ok(true));
    }

    pub fn opened(&mut self, id: &str, minor: i64) {
        assert_eq!(self.case(id, "p-1", ChargebackStep::Opened, minor), Ok(true));
    }

    pub fn won(&mut self, id: &str, minor: i64) {
        assert_eq!(self.case(id, "p-1", ChargebackStep::Won, minor), Ok(true));
    }

    pub fn reinstated(&mut self, id: &str, minor: i64) {
        assert_eq!(self.case(id, "p-1", ChargebackStep::Reinstated, minor), Ok(true));
    }

    pub fn answer(&mut self, tx: TxId, ok: bool) -> Result<bool, Rejection> {
        let (command, fact) = answer(tx, ok);
        self.tell(command, &fact)
    }

    pub fn returned(&mut self, tx: TxId, minor: i64, reference: &str) -> Result<bool, Rejection> {
        let amount =
            self.deal.transaction(tx).map_or(rub(minor), |t| Money::from_minor(minor, t.amount().currency()));
        let command = Returned::new(tx, amount, text(reference));
        self.tell(command, &Fact::Returned(tx, Amount::from(minor), reference.to_owned()))
    }

    pub fn settle(&mut self, number: u32, minor: i64) -> Result<bool, Rejection> {
        self.settled += 1;
        let reference = format!("s-{}", self.settled);
        // in the debt's own currency: a stray payment may have been lost in another
        let debt = self.deal.debts().iter().find(|debt| debt.number == number);
        let amount = debt.map_or(rub(minor), |debt| Money::from_minor(minor, debt.amount.currency()));
        let command = SettleReceivable::new(number, amount, text(&reference));
        self.tell(command, &Fact::Settle(number, Amount::from(minor), reference))
    }

    pub fn redirect(&mut self, to: Party, back: bool) -> Result<bool, Rejection> {
        let (actor, command, fact) = redirect(to, back);
        self.step(&actor, &command, &fact).unwrap()
    }

    pub fn accept(&mut self) {
        self.act(&buyer(), Accept::default());
    }

    /// The parties agree: so much is the seller's.
    pub fn award(&mut self, minor: i64) {
        let award = Award::Amount(rub(minor));
        self.act(&buyer(), OpenDispute::new(text("broken")));
        self.act(&buyer(), ProposeAward::new(award));
        self.act(&seller(), AcceptAward::new(award));
    }

    pub fn cancel(&mut self) {
        self.act(&operator(), Cancel::new(text("stop")).at_fault(Fault::Nobody));
    }

    pub fn wake_at(&mut self, at: Time) {
        self.now = at;
        self.act(&Actor::Clock, Wake {});
    }

    // --- looking ---

    /// The orders without an answer: number, to whom, how much.
    pub fn flying(&self) -> Vec<(TxId, Party, i64)> {
        let pending = self.deal.transactions().iter().filter(|t| t.is_pending() && !t.kind().is_inbound());
        let to = |t: &Transaction| {
            let leg = t.leg().and_then(|id| self.deal.legs().iter().find(|l| l.id() == id));
            leg.map_or(Party::Buyer, |l| party(l.payee()))
        };
        pending.map(|t| (t.id(), to(t), t.amount().minor())).collect()
    }

    pub fn flight_to(&self, party: Party) -> TxId {
        let found: Vec<TxId> =
            self.flying().into_iter().filter(|(_, to, _)| *to == party).map(|(tx, ..)| tx).collect();
        assert_eq!(found.len(), 1, "{party:?}: {:?}", self.flying());
        found[0]
    }

    pub fn pay(&mut self, party: Party) -> TxId {
        let tx = self.flight_to(party);
        assert_eq!(self.answer(tx, true), Ok(true));
        tx
    }

    pub fn decline(&mut self, party: Party) -> TxId {
        let tx = self.flight_to(party);
        assert_eq!(self.answer(tx, false), Ok(true));
        tx
    }

    pub fn pay_all(&mut self) {
        while let Some((tx, ..)) = self.flying().first() {
            assert_eq!(self.answer(*tx, true), Ok(true));
        }
    }

    /// Debts that are open: debtor, creditor, sum.
    pub fn debts(&self) -> Vec<(Party, Party, i64)> {
        let open =
            self.deal.receivables().filter(|d| !matches!(d.cause, Cause::Ending | Cause::Missed { .. }));
        let mut found: Vec<_> = open.map(|d| (party(&d.debtor), party(&d.payee), d.open().minor())).collect();
        found.sort();
        found
    }

    /// What a party has got by legs, what came back taken off.
    pub fn got(&self, of: Party) -> i64 {
        let got = self.deal.legs().iter().filter(|l| {
            party(l.payee()) == of && matches!(l.state(), LegState::Settled | LegState::Credited)
        });
        got.map(|l| l.amount().minor()).sum()
    }

    pub fn in_flight(&self) -> Vec<(Party, i64)> {
        let mut found: Vec<_> = self.flying().into_iter().map(|(_, to, sum)| (to, sum)).collect();
        found.sort();
        found
    }

    /// Received, held, reserved, paid out, refunded, charged back.
    pub fn buckets(&self, id: DepositId) -> [i64; 6] {
        let b = self.deal.deposit(id).unwrap().buckets();
        [b.received, b.held, b.reserved, b.paid_out, b.refunded, b.charged_back]
    }

    /// Of all money that strayed.
    pub fn stray_buckets(&self) -> [i64; 6] {
        let mut sum = [0; 6];
        for b in self.deal.strays().map(|d| *d.buckets()) {
            let of = [b.received, b.held, b.reserved, b.paid_out, b.refunded, b.charged_back];
            sum.iter_mut().zip(of).for_each(|(sum, part)| *sum += part);
        }
        sum
    }

    pub fn is_closed(&self) -> bool {
        matches!(self.deal.phase(), Phase::Closed { .. })
    }

    /// What the deal has recorded as money of this payment.
    pub fn recorded(&self, reference: &str) -> i64 {
        let of = |t: &&Transaction| {
            t.state() == &TransactionState::Succeeded
                && match t.kind() {
                    TransactionKind::Charge => payment_of(t) == reference,
                    TransactionKind::Capture => t
                        .source()
                        .and_then(|id| self.deal.transaction(id))
                        .is_some_and(|h| payment_of(h) == reference),
                    _ => false,
                }
        };
        self.deal.transactions().iter().filter(of).map(|t| t.amount().minor()).sum()
    }
}

pub fn payment_of(t: &Transaction) -> String {
    t.reference().map_or_else(String::new, |r| r.as_str().to_owned())
}

pub fn charged(reference: &str, deposit: DepositId, minor: i64) -> ConfirmPayment {
    ConfirmPayment::charged(deposit, text("bank"), text(reference), rub(minor))
}

pub fn held(reference: &str, deposit: DepositId, minor: i64) -> ConfirmPayment {
    charged(reference, deposit, minor).held_until(Time::parse("2026-06-01T12:00:00Z").unwrap())
}

pub fn confirm_fact(c: &ConfirmPayment) -> Fact {
    let how = if c.held_until.is_some() {
        words::How::Held
    } else {
        words::How::Charged { capture: c.capture.as_ref().map(|c| c.as_str().to_owned()), last: c.is_final }
    };
    let currency = if c.amount.currency() == Currency::RUB { "RUB" } else { "USD" };
    Fact::Confirm(words::Confirm {
        payment: words::Payment::new(c.gateway.as_str(), c.reference.as_str()),
        deposit: place(c.deposit),
        amount: Amount::from(c.amount.minor()),
        currency,
        how,
    })
}

pub fn chargeback(id: &str, payment: &str, step: ChargebackStep, minor: i64) -> Chargeback {
    Chargeback::new(text(id), (text("bank"), text(payment)), rub(minor), step)
}

pub fn case_fact(c: &Chargeback) -> Fact {
    let sum = Amount::from(c.amount.minor());
    let step = match c.step {
        ChargebackStep::Opened => words::Step::Opened(sum),
        ChargebackStep::Won => words::Step::Won,
        ChargebackStep::Lost => words::Step::Lost(sum),
        ChargebackStep::Reinstated => words::Step::Reinstated(sum),
    };
    Fact::Case(words::Chargeback {
        id: c.reference.as_str().to_owned(),
        payment: words::Payment::new(c.gateway.as_str(), c.payment.as_str()),
        deposit: c.deposit.map(place),
        currency: "RUB",
        step,
    })
}

pub fn answer(tx: TxId, ok: bool) -> (Answer, Fact) {
    let result = if ok {
        Answered::Succeeded(text(&format!("done-{}", tx.number())))
    } else {
        Answered::Declined(text("no"))
    };
    let outcome = if ok { Outcome::Succeeded } else { Outcome::Declined };
    (Answer::new(tx, result), Fact::Answer(tx, outcome))
}

pub fn redirect(to: Party, back: bool) -> (Actor, Command, Fact) {
    let command: Command = if back {
        RedirectRefund::new(payee(to), None).into()
    } else {
        SetDestination::new(payee(to), None).into()
    };
    let actor = match to {
        Party::Buyer => buyer(),
        Party::Seller => seller(),
        Party::Third(_) => Actor::Party(text("courier")),
        Party::Platform | Party::Processor | Party::Arbiter => operator(),
    };
    let _ = DestinationUse::Refunds;
    (actor, command, Fact::Redirect(to, back))
}
