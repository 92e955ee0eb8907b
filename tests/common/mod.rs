//! Shared by the tests of the deal: terms, actors, and a [`World`] that drives one deal through
//! `Deal::handle`, plays the gateway, keeps its own book of real money, and checks every promise after every step.
#![allow(dead_code, missing_docs, unreachable_pub)]
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::panic)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::wildcard_enum_match_arm)]
#![allow(clippy::inconsistent_digit_grouping)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use escrow::Recorded;
use escrow::deal::command::{
    AddCharge, Agree, Amend, Answer, Answered, Approve, Cancel, Chargeback, ChargebackStep, Checkpoint,
    CheckpointKind, ConfirmPayment, DestinationUse, OpenDispute, PaymentForm, RecordTracking, RedirectRefund,
    Remark, Report, RequestPayment, ReturnUrls, Revision, SetDestination, SetTrack, Submit, Track, Verdict,
    Wake, WithdrawDispute,
};
use escrow::deal::{Command, Event};
use escrow::deposit::{Buckets, DepositId, LegState, TransactionKind, TransactionState};
use escrow::settlement::Purpose;
use escrow::terms::{
    Fee, FeeBase, FeePayee, Item, OnRefund, Payer, Policy, Provider, Service, Terms, TermsDraft,
};
use escrow::{
    Actor, Context, Currency, Deal, DealId, Destination, Money, PartyId, Payee, Rate, Rejection, Side,
    Status, Time, Transition, TxId,
};

pub const B: DepositId = DepositId::BUYER_PAYMENT;
pub const L: DepositId = DepositId::SELLER_PAYMENT;
pub const GB: DepositId = DepositId::BUYER_GUARANTEE;
pub const GS: DepositId = DepositId::SELLER_GUARANTEE;

pub const HOUR: u32 = 3_600;
pub const DAY: u32 = 24 * HOUR;

// --- words ---

pub fn text<T: std::str::FromStr<Err = escrow::TextError>>(text: &str) -> T {
    text.parse().unwrap()
}

pub fn rub(minor: i64) -> Money {
    Money::from_minor(minor, Currency::RUB)
}

pub fn usd(minor: i64) -> Money {
    Money::from_minor(minor, Currency::USD)
}

pub fn percent(percent: u32) -> Rate {
    Rate::from_ppm(percent * 10_000).unwrap()
}

pub fn party(id: &str) -> Actor {
    Actor::Party(text(id))
}

pub fn buyer() -> Actor {
    party("anna")
}

pub fn seller() -> Actor {
    party("boris")
}

pub fn judge() -> Actor {
    party("judge")
}

pub fn courier() -> Actor {
    party("courier")
}

pub fn operator() -> Actor {
    Actor::Operator(text("olga"))
}

pub fn moderator() -> Actor {
    Actor::Moderator(text("mark"))
}

pub fn payee(id: &str) -> Payee {
    Payee::Party(text(id))
}

/// When every test starts.
pub fn start() -> Time {
    Time::parse("2026-03-01T12:00:00Z").unwrap()
}

/// So many seconds after the start.
pub fn after(secs: u32) -> Time {
    start().plus_secs(secs)
}

/// One millisecond earlier: the last instant before a deadline.
pub fn just_before(at: Time) -> Time {
    Time::from_millis(at.millis() - 1).unwrap()
}

// --- terms ---

/// One thing at 1 000.00, and nothing else: the buyer deposits 1 000.00, the seller gets 1 000.00.
pub fn plain(policy: Policy) -> TermsDraft {
    let item = Item::new(text("thing"), rub(1_000_00), 1);
    TermsDraft::new(text("anna"), text("boris"), Currency::RUB, vec![item], policy)
}

/// One thing at 1 000.00, of which the seller gives the platform 5 %: 950.00 and 50.00. The fee is returned when
/// the deal does not complete.
pub fn sale(policy: Policy) -> TermsDraft {
    let mut draft = plain(policy);
    draft.fees.push(Fee::of_price(text("platform"), FeePayee::Platform, percent(5), Payer::Seller));
    draft
}

/// The same price, of which the arbiter is `judge`.
pub fn judged(mut draft: TermsDraft) -> TermsDraft {
    draft.arbiter = Some(text("judge"));
    draft
}

/// A fixed fee.
pub fn fixed_fee(id: &str, payee: FeePayee, minor: i64, payer: Payer, on_refund: OnRefund) -> Fee {
    Fee {
        id: text(id),
        payee,
        rate: Rate::default(),
        base: FeeBase::Price,
        fixed: Some(rub(minor)),
        min: None,
        max: None,
        payer: Some(payer),
        on_refund: Some(on_refund),
        out_of: None,
    }
}

pub fn service(name: &str, minor: i64, payer: Payer, provider: Provider) -> Service {
    Service {
        name: text(name),
        description: None,
        original_cost: None,
        final_cost: rub(minor),
        payer,
        provider,
    }
}

/// WebMoney's guarantee deal: the price is paid directly, both deposit 300.00 as a guarantee.
pub fn guaranteed() -> TermsDraft {
    let mut draft = plain(Policy::guarantee());
    draft.pay_offline = Some(rub(1_000_00));
    draft.guarantees.buyer = Some(rub(300_00));
    draft.guarantees.seller = Some(rub(300_00));
    draft
}

pub fn terms(draft: TermsDraft) -> Arc<Terms> {
    Arc::new(Terms::new(draft).unwrap())
}

// --- commands ---

pub fn agree(terms_version: u32) -> Command {
    Agree::new(terms_version).into()
}

pub fn amend(from_version: u32, draft: TermsDraft) -> Command {
    Amend::new(from_version, terms(draft)).into()
}

pub fn cancel(reason: &str) -> Command {
    Cancel::new(text(reason)).into()
}

pub fn remark(of: &str) -> Command {
    Remark::new(text(of)).into()
}

pub fn approve() -> Command {
    Approve {}.into()
}

pub fn dispute(reason: &str) -> Command {
    OpenDispute::new(text(reason)).into()
}

pub fn report(verdict: Verdict) -> Command {
    Report::new(verdict).into()
}

pub fn submit(number: u16) -> Command {
    let (file, digest) = (|what: &str| text(&format!("{what}-{number}")), text(&format!("digest-{number}")));
    let revision = Arc::new(Revision::new(file("preview"), file("original"), digest));
    Submit::new(number, revision).into()
}

pub fn track(code: &str) -> Arc<Track> {
    Arc::new(Track::new(text("cdek"), text(code)))
}

pub fn set_track(code: &str) -> Command {
    SetTrack::new(track(code)).into()
}

pub fn checkpoint(code: &str, id: &str, kind: CheckpointKind, occurred_at: Time) -> Command {
    let checkpoint = Arc::new(Checkpoint::new(text(id), kind, occurred_at).title(text("moved")));
    RecordTracking::new(track(code), checkpoint).into()
}

pub fn request(key: &str, deposit: DepositId, minor: i64) -> Command {
    let form = Arc::new(PaymentForm::new(
        text("card"),
        ReturnUrls::new(text("https://shop.example/ok"), text("https://shop.example/fail")),
    ));
    RequestPayment::new(text(key), deposit, rub(minor), form).into()
}

pub fn payment(deposit: DepositId, reference: &str, amount: Money) -> ConfirmPayment {
    ConfirmPayment::charged(deposit, text("bank"), text(reference), amount)
}

pub fn charge(key: &str, payer: Side, payee: Payee, minor: i64) -> Command {
    AddCharge::new(text(key), payer, payee, rub(minor), text("extra")).into()
}

pub fn destination(payee: Payee, of: DestinationUse, destination: Option<Destination>) -> Command {
    match of {
        DestinationUse::Payouts => SetDestination::new(payee, destination).into(),
        DestinationUse::Refunds => RedirectRefund::new(payee, destination).into(),
    }
}

pub fn card(token: &str) -> Option<Destination> {
    Some(Destination::Card(text(token)))
}

pub fn chargeback(reference: &str, deposit: DepositId, minor: i64, step: ChargebackStep) -> Command {
    Chargeback::new(text(reference), deposit, rub(minor), step).into()
}

pub fn answer(tx: u32, result: Answered) -> Command {
    Answer::new(TxId::new(tx), result).into()
}

pub fn succeeded(reference: &str) -> Answered {
    Answered::Succeeded(text(reference))
}

pub fn declined() -> Answered {
    Answered::Declined(text("declined by the bank"))
}

pub fn json(deal: &Deal) -> String {
    serde_json::to_string(deal).unwrap()
}

// --- the world ---

/// A leg in short: out of which deposit, to whom, why, how much, where it stands.
pub type LegView = (DepositId, Payee, Purpose, i64, LegState);

/// One deal, the time, its journal, and the real money.
#[derive(Clone)]
pub struct World {
    pub deal: Deal,
    pub now: Time,
    pub journal: Vec<Recorded>,
    /// How long the journal was after each transition.
    pub commits: Vec<usize>,
    /// How much real money is at the gateway for each deposit: charged and captured, less what left.
    book: BTreeMap<DepositId, i64>,
    /// Which payments really came in.
    paid: BTreeSet<String>,
    references: u32,
}

impl World {
    /// A deal that the buyer proposes.
    pub fn new(draft: TermsDraft) -> Self {
        Self::proposed_by(&buyer(), draft)
    }

    pub fn proposed_by(actor: &Actor, draft: TermsDraft) -> Self {
        let id = DealId::new(uuid::Uuid::from_u128(7));
        let context = Context::new(start(), actor.clone());
        let (deal, first) = Deal::propose(id, terms(draft), &context).unwrap();
        let world = Self {
            deal,
            now: start(),
            journal: first.events().to_vec(),
            commits: vec![first.events().len()],
            book: BTreeMap::new(),
            paid: BTreeSet::new(),
            references: 0,
        };
        world.check();
        world
    }

    /// Created, and paid in full by a charge.
    pub fn funded(draft: TermsDraft) -> Self {
        let mut world = Self::new(draft);
        if world.status() == Status::Proposed {
            world.act(&seller(), agree(1));
        }
        world.fill();
        world
    }

    /// Funded and started.
    pub fn performing(draft: TermsDraft) -> Self {
        let mut world = Self::funded(draft);
        if world.status() == Status::AwaitingPerformance {
            world.act(&seller(), escrow::deal::command::StartPerforming {});
        }
        assert_eq!(world.status(), Status::Performing);
        world
    }

    /// In a dispute that the buyer has opened.
    pub fn disputed(draft: TermsDraft) -> Self {
        let mut world = Self::performing(draft);
        world.act(&buyer(), dispute("broken"));
        assert_eq!(world.status(), Status::Disputed);
        world
    }

    /// In a dispute that the arbiter is asked to end.
    pub fn arbitrated(draft: TermsDraft) -> Self {
        let mut world = Self::disputed(draft);
        world.wait_for_deadline();
        world
    }

    /// Pays whatever is outstanding.
    pub fn fill(&mut self) {
        for id in [B, L, GB, GS] {
            let outstanding = self.deal.deposit(id).unwrap().outstanding();
            if outstanding.is_positive() {
                let reference = self.reference();
                self.act(&Actor::Gateway, payment(id, &reference, outstanding));
            }
        }
    }

    // --- time ---

    pub fn at(&mut self, now: Time) -> &mut Self {
        self.now = now;
        self
    }

    pub fn pass(&mut self, secs: u32) -> &mut Self {
        self.now = self.now.plus_secs(secs);
        self
    }

    pub fn deadline(&self) -> Time {
        self.deal.next_deadline().expect("a deadline")
    }

    /// Wakes the deal now.
    pub fn wake(&mut self) -> Vec<Recorded> {
        self.attempt(&Actor::Clock, Wake {}).unwrap().events().to_vec()
    }

    /// Wakes the deal at its next deadline.
    pub fn wait_for_deadline(&mut self) -> Vec<Recorded> {
        self.now = self.deadline().max(self.now);
        self.wake()
    }

    // --- acting ---

    /// The command is accepted, and something happens.
    pub fn act(&mut self, actor: &Actor, command: impl Into<Command>) -> Vec<Recorded> {
        let command = command.into();
        match self.attempt(actor, command.clone()) {
            Ok(transition) if transition.is_empty() => panic!("already stands: {command:?}"),
            Ok(transition) => transition.events().to_vec(),
            Err(rejection) => panic!("{rejection:?}: {command:?} on {:?}", self.deal),
        }
    }

    /// The command is accepted, and nothing happens: it stands already.
    pub fn repeat(&mut self, actor: &Actor, command: impl Into<Command>) {
        let before = json(&self.deal);
        let transition = self.attempt(actor, command).unwrap();
        assert!(transition.is_empty(), "{:?}", transition.events());
        assert_eq!(json(&self.deal), before);
    }

    /// The command is refused, and nothing happens.
    pub fn refuse(&mut self, actor: &Actor, command: impl Into<Command>) -> Rejection {
        let command = command.into();
        match self.attempt(actor, command.clone()) {
            Ok(_) => panic!("accepted: {command:?} on {:?}", self.deal),
            Err(rejection) => rejection,
        }
    }

    /// One step, with every check around it.
    pub fn attempt(&mut self, actor: &Actor, command: impl Into<Command>) -> Result<Transition, Rejection> {
        let command = command.into();
        self.attempt_in(&Context::new(self.now, actor.clone()), &command)
    }

    pub fn attempt_in(&mut self, context: &Context, command: &Command) -> Result<Transition, Rejection> {
        let before = self.deal.clone();
        let result = self.deal.handle(command, context);
        self.check_punctual(&before, command, context, result.as_ref());
        match &result {
            Err(_) => assert_eq!(json(&self.deal), json(&before), "a rejection changes nothing"),
            Ok(transition) => {
                assert!(
                    before.version() + u64::try_from(transition.events().len()).unwrap()
                        == self.deal.version()
                );
                self.journal.extend_from_slice(transition.events());
                self.commits.push(self.journal.len());
                self.book_facts(command, transition);
                self.check_orders(&before, transition);
                self.check();
                self.check_repeat(command, context);
            }
        }
        result
    }

    // --- the gateway ---

    fn reference(&mut self) -> String {
        self.references += 1;
        format!("pay-{}", self.references)
    }

    /// A charge comes in, under a reference of its own.
    pub fn pay(&mut self, deposit: DepositId, minor: i64) -> Vec<Recorded> {
        let reference = self.reference();
        let currency = self.deal.deposit(deposit).unwrap().required().currency();
        let payment = payment(deposit, &reference, Money::from_minor(minor, currency));
        self.act(&Actor::Gateway, payment)
    }

    /// An authorisation comes in, under a reference of its own.
    pub fn hold(&mut self, deposit: DepositId, minor: i64, until: Time) -> Vec<Recorded> {
        let reference = self.reference();
        let mut payment = payment(deposit, &reference, rub(minor));
        payment.held_until = Some(until);
        self.act(&Actor::Gateway, payment)
    }

    /// The gateway has done what this transaction asks for.
    pub fn done(&mut self, tx: u32) -> Vec<Recorded> {
        let reference = format!("done-{tx}");
        self.act(&Actor::Gateway, answer(tx, succeeded(&reference)))
    }

    /// The gateway declines it.
    pub fn decline(&mut self, tx: u32) -> Vec<Recorded> {
        self.act(&Actor::Gateway, answer(tx, declined()))
    }

    /// The gateway does everything that is pending.
    pub fn done_all(&mut self) {
        while let Some(tx) = self.pending().first().map(|(tx, _, _, _)| *tx) {
            self.done(tx);
        }
    }

    /// What the gateway is asked to do, in order: number, kind, to whom, how much.
    pub fn pending(&self) -> Vec<(u32, TransactionKind, Payee, i64)> {
        let pending = self.deal.pending().map(|p| {
            let t = p.transaction;
            (t.id().number(), t.kind(), p.payee.clone(), t.amount().minor())
        });
        pending.collect()
    }

    /// The number of the only pending order of this kind to this payee.
    pub fn order(&self, kind: TransactionKind, payee: &Payee) -> u32 {
        let found: Vec<_> =
            self.pending().into_iter().filter(|(_, k, p, _)| *k == kind && p == payee).collect();
        assert_eq!(found.len(), 1, "{kind:?} to {payee}: {:?}", self.pending());
        found[0].0
    }

    // --- looking ---

    pub fn status(&self) -> Status {
        self.deal.status()
    }

    pub fn buckets(&self, deposit: DepositId) -> Buckets {
        *self.deal.deposit(deposit).unwrap().buckets()
    }

    pub fn held(&self, deposit: DepositId) -> i64 {
        self.buckets(deposit).held
    }

    pub fn legs(&self) -> Vec<LegView> {
        let view =
            |l: &escrow::Leg| (l.deposit(), l.payee().clone(), l.purpose(), l.amount().minor(), l.state());
        self.deal.legs().iter().map(view).collect()
    }

    /// What a payee has got, or has on its way, for this purpose.
    pub fn gets(&self, payee: &Payee, purpose: Purpose) -> i64 {
        let legs = self.deal.legs().iter();
        legs.filter(|l| l.payee() == payee && l.purpose() == purpose).map(|l| l.amount().minor()).sum()
    }

    /// What somebody owes, to whom, for what.
    pub fn owed(&self) -> Vec<(Payee, Payee, Purpose, i64)> {
        let view = |r: &escrow::settlement::Receivable| {
            (r.debtor.clone(), r.payee.clone(), r.purpose, r.amount.minor())
        };
        self.deal.receivables().iter().map(view).collect()
    }

    /// The names of the events since this version, as they stand in a journal.
    pub fn names(events: &[Recorded]) -> Vec<String> {
        let name = |r: &Recorded| {
            let value = serde_json::to_value(&r.event).unwrap();
            value["type"].as_str().unwrap().to_owned()
        };
        events.iter().map(name).collect()
    }

    pub fn until(&self) -> Time {
        self.deal.phase().until().expect("a phase with a deadline")
    }

    // --- checks ---

    /// Every invariant, replay = live byte for byte, decoding, conservation, and the book of real money.
    pub fn check(&self) {
        let deal = &self.deal;
        if let Err(error) = deal.check() {
            panic!("{error} on {deal:?}, after {:?}", Self::names(&self.journal));
        }
        let live = json(deal);
        // the journal as it is stored
        let stored: Vec<Recorded> =
            serde_json::from_str(&serde_json::to_string(&self.journal).unwrap()).unwrap();
        assert_eq!(stored, self.journal);
        let replayed = Deal::replay(deal.id(), &stored).unwrap();
        assert!(replayed == *deal);
        assert_eq!(json(&replayed), live, "replay = live");
        let decoded: Deal = serde_json::from_str(&live).unwrap();
        assert!(decoded == *deal);
        assert_eq!(json(&decoded), live, "decoded = live");
        for deposit in deal.deposits() {
            let b = deposit.buckets();
            assert_eq!(
                b.received,
                b.held + b.reserved + b.paid_out + b.refunded + b.charged_back,
                "conservation of {}",
                deposit.id()
            );
            // what is not on hold, nor being let go, is real money
            let voids = deal.pending().filter(|p| {
                p.transaction.kind() == TransactionKind::Void && p.transaction.deposit() == deposit.id()
            });
            let voided: i64 = voids.map(|p| p.transaction.amount().minor()).sum();
            let real = b.held - deposit.on_hold().minor() + b.reserved - voided;
            let book = self.book.get(&deposit.id()).copied().unwrap_or(0);
            assert_eq!(real, book, "the real money of {} on {deal:?}", deposit.id());
        }
    }

    fn add(&mut self, deposit: DepositId, minor: i64) {
        *self.book.entry(deposit).or_default() += minor;
    }

    /// Books what really happened: a payment once per reference, whatever the deal says of it.
    fn book_facts(&mut self, command: &Command, transition: &Transition) {
        let tx = |tx: TxId| self.deal.transaction(tx).unwrap().clone();
        let mut moves = Vec::new();
        if let Command::ConfirmPayment(c) = command
            && self.paid.insert(format!("{}/{}", c.gateway, c.reference))
            && c.held_until.is_none()
        {
            moves.push((c.deposit, c.amount.minor()));
        }
        for recorded in transition.events() {
            match &recorded.event {
                Event::PaymentReceived { deposit, amount, gateway, reference, held_until: None, .. }
                    if self.paid.insert(format!("{gateway}/{reference}")) =>
                {
                    moves.push((*deposit, amount.minor()));
                }
                Event::TransactionSucceeded { tx: id, .. } => {
                    let t = tx(*id);
                    match t.kind() {
                        TransactionKind::Capture => moves.push((t.deposit(), t.amount().minor())),
                        TransactionKind::Refund | TransactionKind::Payout | TransactionKind::Fee => {
                            moves.push((t.deposit(), -t.amount().minor()));
                        }
                        _ => {}
                    }
                }
                Event::LegCredited { order } => moves.push((order.deposit, -order.amount.minor())),
                Event::ChargedBack { deposit, from_held, from_legs, .. } => {
                    moves.push((*deposit, -from_held.minor() - from_legs.minor()))
                }
                _ => {}
            }
        }
        for (deposit, minor) in moves {
            self.add(deposit, minor);
        }
    }

    /// `pending after = pending before + orders − settled`; keys never change; a transaction settles once.
    fn check_orders(&self, before: &Deal, transition: &Transition) {
        let keys = |deal: &Deal| -> BTreeSet<String> { deal.pending().map(|p| p.key.to_string()).collect() };
        let key = |tx: TxId| before.key(tx).to_string();
        let mut expected = keys(before);
        for order in transition.orders() {
            assert!(expected.insert(key(order.tx)), "a key is used once");
        }
        for recorded in transition.events() {
            match &recorded.event {
                Event::TransactionSucceeded { tx, .. }
                | Event::TransactionFailed { tx, .. }
                | Event::PaymentReceived { tx, .. } => {
                    expected.remove(&key(*tx));
                }
                _ => {}
            }
        }
        assert_eq!(keys(&self.deal), expected, "pending before + orders - settled");
        for (old, new) in before.transactions().iter().zip(self.deal.transactions()) {
            if *old.state() != TransactionState::Pending {
                assert_eq!(old.state(), new.state(), "a transaction settles once");
                assert_eq!(old.amount(), new.amount());
            }
        }
        for recorded in transition.events() {
            assert!(recorded.at >= before.last_at() && recorded.at <= self.deal.last_at());
        }
        let before = before.deposits().iter();
        for (old, new) in before.zip(self.deal.deposits()) {
            let (old, new) = (old.buckets(), new.buckets());
            assert!(old.paid_out <= new.paid_out && old.refunded <= new.refunded);
        }
    }

    /// Whoever woke the deal before, and how often, the result is the same.
    fn check_punctual(
        &self,
        before: &Deal,
        command: &Command,
        context: &Context,
        result: Result<&Transition, &Rejection>,
    ) {
        let mut woken = before.clone();
        let mut due = 0;
        while let Some(at) = woken.next_deadline().filter(|at| *at <= context.now) {
            due += 1;
            assert!(due < 100, "timers without an end on {before:?}");
            let at = at.max(woken.last_at());
            let fired = woken.handle(&Wake {}.into(), &Context::clock(at)).unwrap();
            assert!(!fired.is_empty(), "a due timer that does nothing");
        }
        if due == 0 {
            return;
        }
        let with = woken.handle(command, context);
        assert_eq!(with.as_ref().err(), result.err(), "punctuality of {command:?} on {before:?}");
        if result.is_ok() {
            assert_eq!(json(&woken), json(&self.deal), "punctuality of {command:?} on {before:?}");
        }
    }

    /// The same command once more, a moment later: nothing happens.
    fn check_repeat(&self, command: &Command, context: &Context) {
        // a dispute that was given up and opened again by what waited: without the opening's number a retry is a word
        // on the new one
        if *command == WithdrawDispute::default().into() && self.status() == Status::Disputed {
            return;
        }
        let mut again = self.deal.clone();
        // what is due by now has fired already
        let transition = again
            .handle(command, context)
            .unwrap_or_else(|e| panic!("{e:?}: the repeat of {command:?} on {:?}", self.deal));
        let due_now = |r: &Recorded| r.actor == Actor::Clock;
        assert!(
            transition.events().iter().all(due_now),
            "the repeat of {command:?} on {:?}: {:?}",
            self.deal,
            transition.events()
        );
    }
}

/// The id behind a party.
pub fn id_of(actor: &Actor) -> PartyId {
    match actor {
        Actor::Party(id) | Actor::Operator(id) | Actor::Moderator(id) => id.clone(),
        _ => panic!("nobody"),
    }
}
