//! The agent and its ports: commit before acting, crashes, time-outs, races. Everything runs on both agents, the
//! async and the blocking one.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, clippy::wildcard_enum_match_arm)]

use std::collections::BTreeMap;
use std::future::{Future, pending};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{self, Poll, Waker};

use escrow::agent::{self, CheckoutError, FollowError, Receipt};
use escrow::deal::command::{
    Accept, Agree, Answer, Answered, Cancel, Checkpoint, CheckpointKind, ConfirmPayment, IncurCost,
    PaymentClaim, PaymentForm, RecordTracking, Report, RequestPayment, ReturnUrls, SetDestination, SetTrack,
    StartPerforming, Track, Verdict, Wake, WithdrawDispute,
};
use escrow::deal::{PendingOrder, PhaseKind, Stage};
use escrow::deposit::{DepositId, IdempotencyKey, LegState, Reference, TransactionKind};
use escrow::port::{self, CheckoutForm, CheckoutRequest, Clock, Commit, CommitError, FormMethod};
use escrow::settlement::Purpose;
use escrow::terms::{Fee, FeePayee, Item, OnRefund, Payer, Provider, Service};
use escrow::{
    Actor, AgentError, Caller, Command, Currency, Deal, DealId, Destination, Event, Money, Payee, Phase,
    Policy, Rate, Rejection, Status, Terms, TermsDraft, Time, TxId,
};
use escrow_testing::{
    Behaviour, Execution, HandTracker, ManualClock, MemorySink, Rule, ScriptedGateway, SinkFault, TimedOut,
};

// --- the world outside a process: it survives a crash ---

/// What a call to the gateway asked for.
#[derive(Clone, PartialEq, Debug)]
struct Call {
    key: IdempotencyKey,
    kind: TransactionKind,
    payee: Payee,
    amount: Money,
    destination: Option<Destination>,
    source: Option<Reference>,
}

/// At which call of a port the process dies: before the call has any effect, or right after it.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Death {
    Before(usize),
    After(usize),
}

#[derive(Default)]
struct Outside {
    sink: MemorySink,
    gateway: ScriptedGateway,
    calls: Vec<Call>,
    /// Commits and gateway calls so far.
    operations: usize,
    death: Option<Death>,
    /// What the gateway answers instead, whatever its books say.
    lies: BTreeMap<TxId, Answered>,
}

/// A handle on the world, as a process has it; the ports of both kinds.
#[derive(Clone)]
struct Host {
    outside: Arc<Mutex<Outside>>,
    clock: Arc<ManualClock>,
}

struct SharedClock(Arc<ManualClock>);

impl Clock for SharedClock {
    fn now(&self) -> Time {
        self.0.now()
    }
}

impl Host {
    fn new() -> Self {
        Self {
            outside: Arc::new(Mutex::new(Outside::default())),
            clock: Arc::new(ManualClock::new(at("2026-03-01T12:00:00Z"))),
        }
    }

    fn with<T>(&self, f: impl FnOnce(&mut Outside) -> T) -> T {
        f(&mut self.outside.lock().unwrap_or_else(|e| e.into_inner()))
    }

    fn script(&self, behaviour: Behaviour, kind: Option<TransactionKind>, times: u32) {
        self.with(|o| o.gateway.script(Rule { kind, payee: None, times, behaviour }));
    }

    fn load(&self) -> Deal {
        self.with(|o| o.sink.load(id())).expect("the journal has the deal")
    }

    fn journal(&self) -> String {
        self.with(|o| serde_json::to_string_pretty(o.sink.journal(id())).unwrap())
    }

    fn events(&self) -> usize {
        self.with(|o| o.sink.journal(id()).len())
    }

    fn calls(&self) -> Vec<Call> {
        self.with(|o| o.calls.clone())
    }

    /// What the gateway has really done, by key.
    fn effects(&self) -> Vec<(IdempotencyKey, Execution)> {
        self.with(|o| o.gateway.executions())
    }

    /// What the gateway has really paid out, by payee.
    fn moved(&self) -> BTreeMap<Payee, i64> {
        let mut moved = BTreeMap::new();
        for (_, e) in self.effects() {
            if matches!(e.answer, Answered::Succeeded(_)) && e.kind != TransactionKind::Capture {
                *moved.entry(e.payee).or_insert(0) += e.amount.minor();
            }
        }
        moved
    }

    /// Is this the moment of death?
    fn dies(&self, death: fn(usize) -> Death) -> bool {
        self.with(|o| {
            let dies = o.death == Some(death(o.operations));
            if dies {
                o.death = None;
            }
            dies
        })
    }

    fn write(&self, commit: Commit<'_>) -> Result<(), CommitError<SinkFault>> {
        self.with(|o| port::blocking::EventSink::commit(&mut o.sink, commit))
    }

    fn act(&self, order: PendingOrder<'_>) -> Result<Answered, TimedOut> {
        self.with(|o| {
            let call = Call {
                key: order.key,
                kind: order.transaction.kind(),
                payee: order.payee.clone(),
                amount: order.transaction.amount(),
                destination: order.destination.cloned(),
                source: order.source.cloned(),
            };
            // one key, one order: whoever asks again asks for the very same thing
            for earlier in o.calls.iter().filter(|c| c.key == call.key) {
                assert_eq!(*earlier, call, "another order under the same key");
            }
            // the journal has it, or it must not be here
            let journalled = o.sink.journal(order.key.deal).iter().any(|e| {
                let tx = e.event.order().map(|order| order.tx);
                tx == Some(order.key.transaction)
            });
            assert!(journalled, "sent before it was committed: {call:?}");
            o.calls.push(call);
            let answer = port::blocking::PaymentGateway::execute(&o.gateway, order);
            match o.lies.get(&order.key.transaction) {
                Some(lie) => Ok(lie.clone()),
                None => answer,
            }
        })
    }

    fn done(&self) {
        self.with(|o| o.operations += 1);
    }
}

/// How a blocking process dies: without the message of a panic.
struct Crash;

impl port::EventSink for Host {
    type Error = SinkFault;

    async fn commit(&mut self, commit: Commit<'_>) -> Result<(), CommitError<SinkFault>> {
        if self.dies(Death::Before) {
            pending::<()>().await;
        }
        let written = self.write(commit);
        if self.dies(Death::After) {
            pending::<()>().await;
        }
        self.done();
        written
    }
}

impl port::blocking::EventSink for Host {
    type Error = SinkFault;

    fn commit(&mut self, commit: Commit<'_>) -> Result<(), CommitError<SinkFault>> {
        if self.dies(Death::Before) {
            resume_unwind(Box::new(Crash));
        }
        let written = self.write(commit);
        if self.dies(Death::After) {
            resume_unwind(Box::new(Crash));
        }
        self.done();
        written
    }
}

impl port::PaymentGateway for Host {
    type Error = TimedOut;

    async fn checkout(&self, request: CheckoutRequest<'_>) -> Result<CheckoutForm, TimedOut> {
        self.with(|o| port::blocking::PaymentGateway::checkout(&o.gateway, request))
    }

    async fn execute(&self, order: PendingOrder<'_>) -> Result<Answered, TimedOut> {
        if self.dies(Death::Before) {
            pending::<()>().await;
        }
        let answer = self.act(order);
        if self.dies(Death::After) {
            pending::<()>().await;
        }
        self.done();
        answer
    }
}

impl port::blocking::PaymentGateway for Host {
    type Error = TimedOut;

    fn checkout(&self, request: CheckoutRequest<'_>) -> Result<CheckoutForm, TimedOut> {
        self.with(|o| port::blocking::PaymentGateway::checkout(&o.gateway, request))
    }

    fn execute(&self, order: PendingOrder<'_>) -> Result<Answered, TimedOut> {
        if self.dies(Death::Before) {
            resume_unwind(Box::new(Crash));
        }
        let answer = self.act(order);
        if self.dies(Death::After) {
            resume_unwind(Box::new(Crash));
        }
        self.done();
        answer
    }
}

// --- both agents behind one face ---

type Done<T> = Result<T, AgentError<SinkFault>>;

/// Which agent.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Kind {
    Async,
    Blocking,
}

const KINDS: [Kind; 2] = [Kind::Async, Kind::Blocking];

/// A process with an agent. `None`: it died on the way.
struct Process {
    kind: Kind,
    host: Host,
    alive: agent::Agent<SharedClock, Host>,
    blocking: agent::blocking::Agent<SharedClock, Host>,
}

/// Polls once: the ports of this file never wait, except for ever.
fn poll_once<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut task::Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => Some(done),
        Poll::Pending => None,
    }
}

fn caught<T>(f: impl FnOnce() -> T) -> Option<T> {
    match catch_unwind(AssertUnwindSafe(f)) {
        Ok(done) => Some(done),
        Err(cause) if cause.is::<Crash>() => None,
        Err(cause) => resume_unwind(cause),
    }
}

impl Process {
    fn new(kind: Kind, host: &Host) -> Self {
        let clock = || SharedClock(host.clock.clone());
        Self {
            kind,
            host: host.clone(),
            alive: agent::Agent::new(clock(), host.clone()),
            blocking: agent::blocking::Agent::new(clock(), host.clone()),
        }
    }

    fn try_open(&self, terms: &Arc<Terms>, caller: Caller) -> Option<Done<Deal>> {
        let mut sink = self.host.clone();
        match self.kind {
            Kind::Async => poll_once(self.alive.open(&mut sink, id(), terms.clone(), caller)),
            Kind::Blocking => caught(|| self.blocking.open(&mut sink, id(), terms.clone(), caller)),
        }
    }

    fn try_submit(&self, deal: &mut Deal, command: &Command, caller: Caller) -> Option<Done<Receipt>> {
        let mut sink = self.host.clone();
        match self.kind {
            Kind::Async => poll_once(self.alive.submit(&mut sink, deal, command, caller)),
            Kind::Blocking => caught(|| self.blocking.submit(&mut sink, deal, command, caller)),
        }
    }

    fn open(&self, terms: &Arc<Terms>, caller: Caller) -> Done<Deal> {
        self.try_open(terms, caller).expect("alive")
    }

    fn submit(
        &self,
        deal: &mut Deal,
        command: impl Into<Command>,
        caller: impl Into<Caller>,
    ) -> Done<Receipt> {
        self.try_submit(deal, &command.into(), caller.into()).expect("alive")
    }

    fn resume(&self, deal: &mut Deal) -> Done<Receipt> {
        let mut sink = self.host.clone();
        match self.kind {
            Kind::Async => pollster::block_on(self.alive.resume(&mut sink, deal)),
            Kind::Blocking => self.blocking.resume(&mut sink, deal),
        }
    }

    fn wake(&self, deal: &mut Deal) -> Done<Receipt> {
        let mut sink = self.host.clone();
        match self.kind {
            Kind::Async => pollster::block_on(self.alive.wake(&mut sink, deal)),
            Kind::Blocking => self.blocking.wake(&mut sink, deal),
        }
    }

    fn checkout(
        &self,
        deal: &Deal,
        request: &RequestPayment,
    ) -> Result<CheckoutForm, CheckoutError<TimedOut>> {
        match self.kind {
            Kind::Async => pollster::block_on(self.alive.checkout(deal, request)),
            Kind::Blocking => self.blocking.checkout(deal, request),
        }
    }

    #[allow(clippy::type_complexity)]
    fn follow(
        &self,
        deal: &mut Deal,
        tracker: &HandTracker,
    ) -> Result<Option<Receipt>, FollowError<std::convert::Infallible, SinkFault>> {
        let mut sink = self.host.clone();
        match self.kind {
            Kind::Async => pollster::block_on(self.alive.follow(&mut sink, deal, tracker)),
            Kind::Blocking => self.blocking.follow(&mut sink, deal, tracker),
        }
    }

    /// Lets time pass and the gateway answer until nothing is left to do.
    fn finish(&self, deal: &mut Deal) {
        for _ in 0..100 {
            if !deal.has_pending() {
                match deal.next_deadline() {
                    Some(due) => self.host.clock.set(due.max(deal.last_at())),
                    None => return,
                }
            }
            self.resume(deal).unwrap();
        }
        panic!("never done: {deal:?}");
    }
}

// --- deals ---

fn at(text: &str) -> Time {
    Time::parse(text).unwrap()
}

fn id() -> DealId {
    DealId::new(uuid::Uuid::from_u128(7))
}

fn text<T: std::str::FromStr<Err = escrow::TextError>>(text: &str) -> T {
    text.parse().unwrap()
}

fn rub(minor: i64) -> Money {
    Money::from_minor(minor, Currency::RUB)
}

fn party(id: &str) -> Caller {
    Caller::party(text(id))
}

fn buyer() -> Caller {
    party("anna")
}

fn seller() -> Caller {
    party("boris")
}

fn gateway() -> Caller {
    Actor::Gateway.into()
}

fn tracker() -> Caller {
    Actor::Tracker.into()
}

/// 1 000.00 of goods, 50.00 of insurance by a third party at the buyer's expense, a kept fee of 5 % paid by the
/// seller: the deposit is 1 050.00, the payout 950.00.
fn draft(policy: Policy) -> TermsDraft {
    let item = Item::new(text("Lamp"), rub(50_000), 2);
    let mut draft = TermsDraft::new(text("anna"), text("boris"), Currency::RUB, vec![item], policy);
    draft.services = vec![Service {
        name: text("Insurance"),
        description: None,
        original_cost: None,
        final_cost: rub(5_000),
        payer: Payer::Buyer,
        provider: Provider::Third(text("insurer")),
    }];
    let fee = Fee::of_price(text("fee"), FeePayee::Platform, Rate::from_ppm(50_000).unwrap(), Payer::Seller);
    draft.fees = vec![Fee { on_refund: Some(OnRefund::Keep), ..fee }];
    draft
}

fn terms(policy: Policy) -> Arc<Terms> {
    Arc::new(Terms::new(draft(policy)).unwrap())
}

fn payment(reference: &str, minor: i64) -> ConfirmPayment {
    ConfirmPayment::charged(DepositId::BUYER_PAYMENT, text("bank"), text(reference), rub(minor))
}

fn track() -> Arc<Track> {
    Arc::new(Track::new(text("cdek"), text("1105678")))
}

fn checkpoint(id: &str, kind: CheckpointKind, occurred_at: &str) -> Checkpoint {
    let (id, occurred_at) = (text(id), at(occurred_at));
    Checkpoint::new(id, kind, occurred_at)
}

fn record(id: &str, kind: CheckpointKind, occurred_at: &str) -> Command {
    RecordTracking::new(track(), Arc::new(checkpoint(id, kind, occurred_at))).into()
}

fn request(key: &str, minor: i64) -> RequestPayment {
    RequestPayment::new(
        text(key),
        DepositId::BUYER_PAYMENT,
        rub(minor),
        Arc::new(PaymentForm::new(
            text("card"),
            ReturnUrls::new(text("https://shop.example/paid"), text("https://shop.example/failed")),
        )),
    )
}

/// What a deal goes through: how many seconds later, who, what.
struct Script {
    name: &'static str,
    terms: Arc<Terms>,
    proposer: Caller,
    steps: Vec<(u32, Caller, Command)>,
    ends: Status,
}

const HOUR: u32 = 3_600;
const DAY: u32 = 86_400;

/// A sale on a hold: captured, tracked, accepted by silence; three legs.
fn sale() -> Script {
    let hold = payment("hold-1", 105_000).held_until(at("2026-03-20T00:00:00Z"));
    let card = SetDestination::new(Payee::Seller, Destination::Card(text("card-of-boris")));
    Script {
        name: "sale",
        terms: terms(Policy::shop()),
        proposer: seller(),
        steps: vec![
            (60, buyer(), request("checkout-1", 105_000).into()),
            (60, gateway(), hold.into()),
            (HOUR, seller(), SetTrack::new(track()).into()),
            (HOUR, tracker(), record("1", CheckpointKind::Progress, "2026-03-01T15:00:00Z")),
            (HOUR, seller(), card.into()),
            (DAY, tracker(), record("2", CheckpointKind::Final, "2026-03-02T15:00:00Z")),
            (6 * HOUR, Actor::Clock.into(), Wake {}.into()),
        ],
        ends: Status::Completed,
    }
}

/// Paid in two parts and with an excess, insured, cancelled by the buyer: two legs to others, two refunds.
fn cancellation() -> Script {
    Script {
        name: "cancellation",
        terms: terms(Policy::shop()),
        proposer: buyer(),
        steps: vec![
            (60, gateway(), payment("pay-1", 55_000).into()),
            (60, gateway(), payment("pay-2", 60_000).into()),
            (HOUR, party("insurer"), IncurCost::new(0, text("policy-77")).into()),
            (HOUR, seller(), StartPerforming {}.into()),
            (HOUR, buyer(), Cancel::new(text("Found it cheaper")).into()),
        ],
        ends: Status::Cancelled,
    }
}

/// A guarantee deal: a claimed payment that the gateway verifies, a guarantee, two reports.
fn guaranteed() -> Script {
    let mut draft = draft(Policy::guarantee());
    draft.guarantees.seller = Some(rub(20_000));
    let claim = PaymentClaim::new(DepositId::BUYER_PAYMENT, text("bank"), text("wm-1"));
    let mut guarantee = payment("guarantee-1", 20_000);
    guarantee.deposit = DepositId::SELLER_GUARANTEE;
    Script {
        name: "guaranteed",
        terms: Arc::new(Terms::new(draft).unwrap()),
        proposer: seller(),
        steps: vec![
            (60, gateway(), guarantee.into()),
            (60, buyer(), Agree::new(1).payment(claim).into()),
            (DAY, seller(), Report::new(Verdict::Success).into()),
            (DAY, buyer(), Report::new(Verdict::Success).into()),
        ],
        ends: Status::Completed,
    }
}

fn scripts() -> [Script; 3] {
    [sale(), cancellation(), guaranteed()]
}

/// Plays a script with one process; answers that are missing come at the end.
fn play(kind: Kind, host: &Host, script: &Script) -> Deal {
    let (deal, taken) = try_play(kind, host, script);
    for step in taken {
        step.unwrap();
    }
    deal
}

/// The same where the gateway may spoil it.
fn try_play(kind: Kind, host: &Host, script: &Script) -> (Deal, Vec<Done<Receipt>>) {
    let process = Process::new(kind, host);
    let mut deal = process.open(&script.terms, script.proposer.clone()).unwrap();
    let mut taken = Vec::new();
    for (after, who, what) in &script.steps {
        host.clock.advance(*after);
        taken.push(process.submit(&mut deal, what.clone(), who.clone()));
    }
    process.finish(&mut deal);
    (deal, taken)
}

fn json(deal: &Deal) -> String {
    serde_json::to_string_pretty(deal).unwrap()
}

/// Opened and paid: in AwaitingPerformance.
fn paid(process: &Process) -> Deal {
    let mut deal = process.open(&terms(Policy::shop()), seller()).unwrap();
    process.submit(&mut deal, payment("pay-1", 105_000), gateway()).unwrap();
    assert_eq!(deal.status(), Status::AwaitingPerformance);
    deal
}

/// Paid and started: in Performing.
fn performing(process: &Process) -> Deal {
    let mut deal = paid(process);
    process.submit(&mut deal, StartPerforming {}, seller()).unwrap();
    deal
}

fn fees_services_payout() -> BTreeMap<Payee, i64> {
    BTreeMap::from([
        (Payee::Platform, 5_000),
        (Payee::Party(text("insurer")), 5_000),
        (Payee::Seller, 95_000),
    ])
}

// --- the two agents are one ---

#[test]
fn both_agents_do_the_same_step_by_step() {
    const BEHAVIOURS: [Behaviour; 6] = [
        Behaviour::Prompt,
        Behaviour::Silent,
        Behaviour::Decline,
        Behaviour::TimeOut,
        Behaviour::TimeOutAfter,
        Behaviour::AnswerTwice,
    ];
    let kinds = [
        None,
        Some(TransactionKind::Payout),
        Some(TransactionKind::Fee),
        Some(TransactionKind::Refund),
        Some(TransactionKind::Capture),
        Some(TransactionKind::Charge),
    ];
    for script in scripts() {
        for behaviour in BEHAVIOURS {
            for kind in kinds {
                for times in [1, 3] {
                    let what = format!("{}, {behaviour:?} of {kind:?}, {times} times", script.name);
                    let [alive, blocking] = KINDS.map(|agent| {
                        let host = Host::new();
                        host.script(behaviour, kind, times);
                        let (deal, taken) = try_play(agent, &host, &script);
                        assert_eq!(deal.phase().kind(), PhaseKind::Closed, "{what}");
                        assert_eq!(
                            json(&host.load()),
                            json(&deal),
                            "{what}: the journal tells another story"
                        );
                        (taken, host.journal(), host.calls(), json(&deal))
                    });
                    assert_eq!(alive, blocking, "{what}");
                }
            }
        }
    }
}

#[test]
fn scripts_end_as_they_should() {
    for script in scripts() {
        for kind in KINDS {
            let host = Host::new();
            let deal = play(kind, &host, &script);
            assert_eq!(deal.status(), script.ends, "{}", script.name);
        }
    }
    let host = Host::new();
    play(Kind::Async, &host, &sale());
    assert_eq!(host.moved(), fees_services_payout());
    let host = Host::new();
    play(Kind::Async, &host, &cancellation());
    // 1 150.00 in; the excess of 100.00 back at once; the buyer bears 50.00 of insurance and the fee of 50.00
    let insurer = Payee::Party(text("insurer"));
    let expected = BTreeMap::from([(Payee::Platform, 5_000), (insurer, 5_000), (Payee::Buyer, 105_000)]);
    assert_eq!(host.moved(), expected);
}

#[test]
fn futures_of_the_agent_can_move_between_threads() {
    fn is_send<T: Send>(_: &T) {}
    let host = Host::new();
    let agent = agent::Agent::new(SharedClock(host.clock.clone()), host.clone());
    let mut sink = host.clone();
    let opening = agent.open(&mut sink, id(), terms(Policy::shop()), seller());
    is_send(&opening);
    let mut deal = pollster::block_on(opening).unwrap();
    let wake = Command::from(Wake {});
    let submitting = agent.submit(&mut sink, &mut deal, &wake, Actor::Clock);
    is_send(&submitting);
    pollster::block_on(submitting).unwrap();
    let resuming = agent.resume(&mut sink, &mut deal);
    is_send(&resuming);
    pollster::block_on(resuming).unwrap();
    let waking = agent.wake(&mut sink, &mut deal);
    is_send(&waking);
    pollster::block_on(waking).unwrap();
    let tracker = HandTracker::new();
    let following = agent.follow(&mut sink, &mut deal, &tracker);
    is_send(&following);
    pollster::block_on(following).unwrap();
}

// --- commit before acting ---

#[test]
fn effect_before_commit() {
    for kind in KINDS {
        let host = Host::new();
        let process = Process::new(kind, &host);
        let mut deal = performing(&process);
        let (before, events) = (json(&deal), host.events());

        host.with(|o| o.sink.fail_next(SinkFault::Before));
        let lost = process.submit(&mut deal, Accept::default(), buyer());
        assert_eq!(lost, Err(AgentError::Unknown(SinkFault::Before)));
        assert_eq!(host.calls(), [], "{kind:?}: the gateway was called without a commit");
        assert_eq!(json(&deal), before, "{kind:?}: the deal has what the journal has not");
        assert_eq!(host.events(), events);

        // nothing happened, so the same command does it all
        process.submit(&mut deal, Accept::default(), buyer()).unwrap();
        assert_eq!(deal.status(), Status::Completed);
        assert_eq!(host.moved(), fees_services_payout());
    }
}

#[test]
fn a_commit_that_was_written_after_all() {
    for kind in KINDS {
        let host = Host::new();
        let process = Process::new(kind, &host);
        let mut deal = performing(&process);
        let before = json(&deal);

        host.with(|o| o.sink.fail_next(SinkFault::After));
        let lost = process.submit(&mut deal, Accept::default(), buyer());
        assert_eq!(lost, Err(AgentError::Unknown(SinkFault::After)));
        assert_eq!(host.calls(), [], "{kind:?}: not known to be durable, and sent all the same");
        assert_eq!(json(&deal), before);
        // the copy in hand is stale now, and stays harmless
        assert_eq!(process.submit(&mut deal, Accept::default(), buyer()), Err(AgentError::Conflict));
        assert_eq!(json(&deal), before);
        assert_eq!(host.calls(), []);

        let mut deal = host.load();
        assert_eq!(deal.status(), Status::Settling);
        let receipt = process.resume(&mut deal).unwrap();
        assert!(!receipt.has_pending && receipt.to_version == deal.version());
        assert_eq!(deal.status(), Status::Completed);
        assert_eq!(host.moved(), fees_services_payout());
        assert!(host.effects().iter().all(|(_, e)| e.asked == 1));
    }
}

/// The gateway has acted and the commit of its answer fails: it is asked again, under the same key.
#[test]
fn an_answer_that_could_not_be_committed() {
    for kind in KINDS {
        for fault in [SinkFault::Before, SinkFault::After] {
            let host = Host::new();
            let process = Process::new(kind, &host);
            let mut deal = performing(&process);
            // the ending is committed, the answer to the first leg is not
            host.with(|o| o.sink.fail_next(SinkFault::After));
            process.submit(&mut deal, Accept::default(), buyer()).unwrap_err();
            let mut deal = host.load();
            host.with(|o| o.sink.fail_next(fault));
            let before = json(&deal);
            assert_eq!(process.resume(&mut deal), Err(AgentError::Unknown(fault)));
            assert_eq!(json(&deal), before);
            assert_eq!(host.calls().len(), 1, "nothing more goes out once a commit has failed");

            let mut deal = host.load();
            process.resume(&mut deal).unwrap();
            assert_eq!(deal.status(), Status::Completed);
            assert_eq!(host.moved(), fees_services_payout());
            let asked: u32 = host.effects().iter().map(|(_, e)| e.asked).sum();
            assert_eq!(asked, if fault == SinkFault::Before { 4 } else { 3 });
        }
    }
}

#[test]
fn a_rejection_writes_and_sends_nothing() {
    for kind in KINDS {
        let host = Host::new();
        let process = Process::new(kind, &host);
        let mut deal = paid(&process);
        let (before, journal) = (json(&deal), host.journal());
        let refused = process.submit(&mut deal, Accept::default(), buyer());
        let Err(AgentError::Rejected(rejection)) = refused else { panic!("{refused:?}") };
        assert_eq!(rejection.code(), "wrong-phase");
        assert_eq!((json(&deal), host.journal()), (before, journal));
        assert_eq!(host.calls(), []);
    }
}

#[test]
fn one_id_opens_once() {
    for kind in KINDS {
        let host = Host::new();
        let process = Process::new(kind, &host);
        let deal = process.open(&terms(Policy::shop()), seller()).unwrap();
        let journal = host.journal();
        let again = process.open(&terms(Policy::marketplace()), buyer());
        assert_eq!(again, Err(AgentError::Conflict));
        assert_eq!(host.journal(), journal);
        assert_eq!(json(&host.load()), json(&deal));
        assert_eq!(host.journal().matches("\"proposed\"").count(), 1);
    }
}

#[test]
fn opening_that_fails_leaves_nothing_or_everything() {
    for kind in KINDS {
        let host = Host::new();
        let process = Process::new(kind, &host);
        let terms = terms(Policy::shop());
        host.with(|o| o.sink.fail_next(SinkFault::Before));
        assert_eq!(process.open(&terms, seller()), Err(AgentError::Unknown(SinkFault::Before)));
        assert_eq!(host.events(), 0);
        host.with(|o| o.sink.fail_next(SinkFault::After));
        assert_eq!(process.open(&terms, seller()), Err(AgentError::Unknown(SinkFault::After)));
        // it is there: opening once more says so, and loading gives it
        assert_eq!(process.open(&terms, seller()), Err(AgentError::Conflict));
        assert_eq!(host.load().status(), Status::AwaitingDeposit);
        let stranger = process.open(&terms, party("stranger"));
        assert_eq!(stranger, Err(AgentError::Rejected(Rejection::UnknownActor)));
    }
}

// --- crashes ---

/// Plays a script with a process that dies at one point. Whoever comes after it loads the deal, resumes it, and gives
/// the interrupted command once more, as a host's client would. Did it die at all?
fn play_and_die(kind: Kind, host: &Host, script: &Script, death: Death) -> (Deal, bool) {
    host.with(|o| o.death = Some(death));
    let mut process = Process::new(kind, host);
    let mut died = false;
    let mut recover = |process: &mut Process| {
        died = true;
        *process = Process::new(kind, host);
        let mut deal = host.with(|o| o.sink.load(id())).ok()?;
        process.resume(&mut deal).unwrap();
        Some(deal)
    };
    let mut deal = match process.try_open(&script.terms, script.proposer.clone()) {
        Some(deal) => deal.unwrap(),
        None => match recover(&mut process) {
            Some(deal) => deal,
            None => process.open(&script.terms, script.proposer.clone()).unwrap(),
        },
    };
    for (after, who, what) in &script.steps {
        host.clock.advance(*after);
        let taken = process.try_submit(&mut deal, what, who.clone());
        if taken.is_none() {
            deal = recover(&mut process).expect("a deal was committed");
            process.submit(&mut deal, what.clone(), who.clone()).unwrap();
        }
    }
    process.finish(&mut deal);
    (deal, died)
}

#[test]
fn a_crash_anywhere_changes_nothing_in_the_end() {
    for script in scripts() {
        for kind in KINDS {
            let whole = Host::new();
            let expected = play(kind, &whole, &script);
            let operations = whole.with(|o| o.operations);
            assert!(operations >= 8, "{}: {operations}", script.name);
            let points = (0..operations).flat_map(|n| [Death::Before(n), Death::After(n)]);
            for death in points {
                let host = Host::new();
                let (deal, died) = play_and_die(kind, &host, &script, death);
                let what = format!("{} {kind:?} {death:?}", script.name);
                assert!(died, "{what}: it was never so far");
                assert_eq!(json(&deal), json(&expected), "{what}");
                assert_eq!(json(&host.load()), json(&expected), "{what}");
                assert_eq!(host.moved(), whole.moved(), "{what}");
                let effects = |host: &Host| {
                    let all = host.effects().into_iter();
                    all.map(|(key, e)| (key, e.kind, e.payee, e.amount, e.answer)).collect::<Vec<_>>()
                };
                assert_eq!(effects(&host), effects(&whole), "{what}");
            }
            let never = play_and_die(kind, &Host::new(), &script, Death::Before(operations));
            assert!(!never.1, "{}: {operations} operations are all", script.name);
        }
    }
}

/// A process that dies twice, the second time while it recovers.
#[test]
fn a_crash_in_a_crash() {
    let script = sale();
    for kind in KINDS {
        let whole = Host::new();
        play(kind, &whole, &script);
        let operations = whole.with(|o| o.operations);
        for first in 0..operations {
            for second in first..=operations {
                let host = Host::new();
                host.with(|o| o.death = Some(Death::After(first)));
                let process = Process::new(kind, &host);
                let mut steps = script.steps.iter().peekable();
                let mut deal = process.try_open(&script.terms, script.proposer.clone()).transpose().unwrap();
                let mut deaths = 0;
                loop {
                    match &mut deal {
                        None => {
                            deaths += 1;
                            if deaths == 1 {
                                // operations that died are not counted, so this is a later one
                                host.with(|o| o.death = Some(Death::Before(second)));
                            }
                            let mut loaded = host.load();
                            let agent = Process::new(kind, &host);
                            let mut sink = host.clone();
                            let resumed = match kind {
                                Kind::Async => poll_once(agent.alive.resume(&mut sink, &mut loaded)),
                                Kind::Blocking => caught(|| agent.blocking.resume(&mut sink, &mut loaded)),
                            };
                            deal = resumed.map(|receipt| {
                                receipt.unwrap();
                                loaded
                            });
                        }
                        Some(known) => {
                            let Some((after, who, what)) = steps.peek() else { break };
                            host.clock.set(host.clock.now().max(known.last_at()).plus_secs(*after));
                            match process.try_submit(known, what, who.clone()) {
                                Some(done) => {
                                    done.unwrap();
                                    steps.next();
                                }
                                None => deal = None,
                            }
                        }
                    }
                }
                let mut deal = deal.unwrap();
                host.with(|o| o.death = None);
                process.finish(&mut deal);
                assert!((1..=2).contains(&deaths));
                assert_eq!(host.moved(), whole.moved(), "{kind:?} {first} {second}");
                let done = host.effects().iter().map(|(key, _)| *key).collect::<Vec<_>>();
                let expected = whole.effects().iter().map(|(key, _)| *key).collect::<Vec<_>>();
                assert_eq!(done, expected);
            }
        }
    }
}

// --- gateways that behave badly ---

#[test]
fn double_payout_on_timeout() {
    for kind in KINDS {
        for behaviour in [Behaviour::TimeOut, Behaviour::TimeOutAfter] {
            let host = Host::new();
            let process = Process::new(kind, &host);
            let mut deal = performing(&process);
            host.script(behaviour, Some(TransactionKind::Payout), 1);
            host.script(behaviour, Some(TransactionKind::Fee), 1);
            let receipt = process.submit(&mut deal, Accept::default(), buyer()).unwrap();
            // unknown is not failed: the orders wait, and nobody gives up on them
            assert!(receipt.has_pending);
            assert_eq!(deal.status(), Status::Settling);
            assert!(deal.legs().iter().all(|l| l.state() != LegState::Declined));
            let open = deal.pending().map(|o| o.key).collect::<Vec<_>>();
            assert_eq!(open.len(), 2);

            let receipt = process.resume(&mut deal).unwrap();
            assert!(!receipt.has_pending);
            assert_eq!(deal.status(), Status::Completed);
            assert_eq!(host.moved(), fees_services_payout(), "{kind:?} {behaviour:?}");
            for key in open {
                let asked = host.calls().iter().filter(|c| c.key == key).count();
                assert_eq!(asked, 2, "asked again under the same key");
            }
            assert_eq!(host.effects().len(), 3);
            // nothing is left to ask
            let calls = host.calls().len();
            process.resume(&mut deal).unwrap();
            assert_eq!(host.calls().len(), calls);
        }
    }
}

#[test]
fn a_silent_gateway_is_asked_until_it_answers() {
    for kind in KINDS {
        let host = Host::new();
        let process = Process::new(kind, &host);
        let mut deal = performing(&process);
        host.script(Behaviour::Silent, None, 7);
        process.submit(&mut deal, Accept::default(), buyer()).unwrap();
        assert_eq!(deal.pending().count(), 3);
        let events = host.events();
        process.resume(&mut deal).unwrap();
        assert_eq!(deal.pending().count(), 3, "in progress: nothing has changed");
        assert_eq!(host.events(), events, "in progress is no event");
        // the settlement deadline sends only what was declined to balances: an unanswered order waits
        host.clock.advance(30 * DAY);
        let receipt = process.resume(&mut deal).unwrap();
        assert!(receipt.has_pending, "one is still silent");
        assert_eq!(deal.pending().count(), 1);
        process.resume(&mut deal).unwrap();
        assert_eq!(deal.status(), Status::Completed);
        assert_eq!(host.moved(), fees_services_payout());
    }
}

#[test]
fn a_later_command_leaves_older_orders_alone() {
    for kind in KINDS {
        let host = Host::new();
        let process = Process::new(kind, &host);
        let mut deal = process.open(&terms(Policy::shop()), seller()).unwrap();
        host.script(Behaviour::TimeOut, Some(TransactionKind::Refund), 1);
        // 1.00 too much: its refund has no answer
        process.submit(&mut deal, payment("pay-1", 105_100), gateway()).unwrap();
        assert_eq!(deal.pending().count(), 1);
        process.submit(&mut deal, StartPerforming {}, seller()).unwrap();
        process.submit(&mut deal, Accept::default(), buyer()).unwrap();
        // the payouts went out, the refund was not asked again meanwhile, and holds the closing up
        assert_eq!(host.calls().iter().filter(|c| c.kind == TransactionKind::Refund).count(), 1);
        assert_eq!(deal.status(), Status::Settling);
        process.resume(&mut deal).unwrap();
        assert_eq!(deal.status(), Status::Completed);
        assert_eq!(host.moved()[&Payee::Buyer], 100);
    }
}

#[test]
fn duplicate_webhook() {
    for kind in KINDS {
        let host = Host::new();
        let process = Process::new(kind, &host);
        let mut deal = performing(&process);
        host.script(Behaviour::AnswerTwice, None, 3);
        process.submit(&mut deal, Accept::default(), buyer()).unwrap();
        assert_eq!(deal.status(), Status::Completed);
        let webhooks = host.with(|o| o.gateway.take_webhooks());
        assert_eq!(webhooks.len(), 3);
        let journal = host.journal();
        for webhook in webhooks {
            let receipt = process.submit(&mut deal, webhook, gateway()).unwrap();
            assert_eq!(receipt.from_version, receipt.to_version);
        }
        assert_eq!(host.journal(), journal);
        // the same payment once more, too
        process.submit(&mut deal, payment("pay-1", 105_000), gateway()).unwrap();
        assert_eq!(host.journal(), journal);
    }
}

#[test]
fn a_declined_leg_holds_up_no_other_and_ends_on_the_balance() {
    for kind in KINDS {
        let host = Host::new();
        let process = Process::new(kind, &host);
        let mut deal = performing(&process);
        host.with(|o| {
            let (payee, behaviour) = (Some(Payee::Seller), Behaviour::Decline);
            o.gateway.script(Rule { kind: None, payee, times: 2, behaviour });
        });
        let receipt = process.submit(&mut deal, Accept::default(), buyer()).unwrap();
        assert!(!receipt.has_pending, "declined is an answer");
        assert_eq!(host.moved().len(), 2, "the others have their money");
        // a new destination orders the next attempt, under a key of its own; declined again
        let card = SetDestination::new(Payee::Seller, Destination::Card(text("card-2")));
        process.submit(&mut deal, card, seller()).unwrap();
        let calls = host.calls();
        let attempts = calls.iter().filter(|c| c.payee == Payee::Seller).collect::<Vec<_>>();
        assert_eq!(attempts.len(), 2);
        assert_ne!(attempts[0].key, attempts[1].key);
        assert_eq!(attempts[1].destination, Some(Destination::Card(text("card-2"))));
        // resuming asks about nothing: a declined order has its answer
        process.resume(&mut deal).unwrap();
        assert_eq!(host.calls().len(), calls.len());
        // until the settlement deadline sends it to the balance, without the gateway
        host.clock.set(deal.next_deadline().unwrap());
        process.wake(&mut deal).unwrap();
        assert_eq!(deal.status(), Status::Completed);
        assert_eq!(host.calls().len(), calls.len());
        let credited = deal.legs().iter().filter(|l| l.state() == LegState::Credited).collect::<Vec<_>>();
        assert_eq!(credited.len(), 1);
        assert_eq!((credited[0].payee(), credited[0].amount()), (&Payee::Seller, rub(95_000)));
    }
}

// --- gateways that contradict themselves or the deal ---

/// Says that a claimed payment succeeded, but under another reference than the claimed one.
fn contradicted(kind: Kind) -> (Host, Process, Deal, AgentError<SinkFault>) {
    let host = Host::new();
    let process = Process::new(kind, &host);
    let script = guaranteed();
    let mut deal = process.open(&script.terms, script.proposer.clone()).unwrap();
    let (_, who, guarantee) = &script.steps[0];
    process.submit(&mut deal, guarantee.clone(), who.clone()).unwrap();
    let claim = deal.transactions().len();
    let claim = TxId::new(u32::try_from(claim).unwrap() + 1);
    host.with(|o| o.lies.insert(claim, Answered::Succeeded(text("quite-another"))));
    let (_, who, agree) = &script.steps[1];
    let error = process.submit(&mut deal, agree.clone(), who.clone()).unwrap_err();
    let refused =
        AgentError::FactRefused { transaction: claim, rejection: Rejection::ConfirmInstead { tx: claim } };
    assert_eq!(error, refused);
    (host, process, deal, error)
}

#[test]
fn a_fact_that_the_deal_refuses_is_never_swallowed() {
    for kind in KINDS {
        let (host, process, mut deal, error) = contradicted(kind);
        assert!(error.to_string().contains("is refused"), "{error}");
        // what was committed stands, the refused fact is in nobody's books
        assert_eq!(json(&host.load()), json(&deal));
        assert_eq!(deal.status(), Status::AwaitingDeposit);
        assert_eq!(deal.pending().count(), 1);
        // and it is told again each time, until somebody has looked at it
        assert_eq!(process.resume(&mut deal), Err(error));
        host.with(|o| o.lies.clear());
        process.resume(&mut deal).unwrap();
        assert_eq!(deal.status(), Status::Performing);
    }
}

#[test]
fn a_refused_fact_holds_up_no_other_order() {
    for kind in KINDS {
        let (host, process, mut deal, error) = contradicted(kind);
        // the buyer pays after all, by another way, and the guarantee is to go back: a second order
        host.clock.set(deal.next_deadline().unwrap());
        host.script(Behaviour::TimeOut, Some(TransactionKind::Refund), 1);
        process.wake(&mut deal).unwrap();
        assert_eq!(deal.pending().count(), 2);
        assert_eq!(process.resume(&mut deal), Err(error), "still told");
        assert_eq!(host.moved().get(&Payee::Seller), Some(&20_000), "the guarantee is back all the same");
        assert_eq!(deal.pending().count(), 1);
    }
}

#[test]
fn an_answer_that_contradicts_an_earlier_one_is_an_error() {
    for kind in KINDS {
        let host = Host::new();
        let process = Process::new(kind, &host);
        let mut deal = performing(&process);
        process.submit(&mut deal, Accept::default(), buyer()).unwrap();
        let journal = host.journal();
        let paid = host.calls()[2].key.transaction;
        let declined = Answered::Declined(text("on second thoughts"));
        for result in [declined, Answered::Succeeded(text("another-id"))] {
            let answer = Answer::new(paid, result);
            let refused = process.submit(&mut deal, answer, gateway());
            assert_eq!(refused, Err(AgentError::Rejected(Rejection::AlreadySettled { tx: paid })));
        }
        let unknown = Answer::new(TxId::new(99), Answered::InProgress);
        assert!(process.submit(&mut deal, unknown, gateway()).is_err(), "an answer to nothing");
        assert_eq!(host.journal(), journal);
        assert_eq!(deal.status(), Status::Completed);
    }
}

// --- webhooks that are late, reordered, repeated, lost and untrue ---

#[test]
fn late_webhooks_are_taken_in_any_order_and_any_number_of_times() {
    for kind in KINDS {
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
            let host = Host::new();
            let process = Process::new(kind, &host);
            let mut deal = performing(&process);
            host.script(Behaviour::Late, None, 3);
            process.submit(&mut deal, Accept::default(), buyer()).unwrap();
            let asked_again = process.resume(&mut deal).unwrap();
            assert!(asked_again.has_pending, "asking does not bring the answer on");
            assert_eq!(deal.status(), Status::Settling);
            let webhooks = host.with(|o| o.gateway.take_webhooks());
            assert_eq!(webhooks.len(), 3);
            let before = host.events();
            for n in order.into_iter().chain(order) {
                process.submit(&mut deal, webhooks[n].clone(), gateway()).unwrap();
            }
            assert_eq!(deal.status(), Status::Completed);
            let answers = host.events() - before;
            assert_eq!(answers, 4, "three answers, and the phase that the last one enters");
            assert_eq!(host.moved(), fees_services_payout());
        }
    }
}

#[test]
fn a_lost_webhook_is_asked_for() {
    for kind in KINDS {
        let host = Host::new();
        let process = Process::new(kind, &host);
        let mut deal = performing(&process);
        host.script(Behaviour::Late, None, 3);
        process.submit(&mut deal, Accept::default(), buyer()).unwrap();
        drop(host.with(|o| o.gateway.take_webhooks()));
        assert_eq!(deal.status(), Status::Settling);
        process.resume(&mut deal).unwrap();
        assert_eq!(deal.status(), Status::Completed);
        assert_eq!(host.moved(), fees_services_payout());
    }
}

#[test]
fn a_gateway_that_takes_its_word_back_changes_nothing_and_is_told_of() {
    for kind in KINDS {
        for (behaviour, status) in [
            (Behaviour::DoneThenDeclined, Status::Completed),
            (Behaviour::DeclinedThenDone, Status::Settling),
        ] {
            let host = Host::new();
            let process = Process::new(kind, &host);
            let mut deal = performing(&process);
            host.script(behaviour, Some(TransactionKind::Payout), 1);
            process.submit(&mut deal, Accept::default(), buyer()).unwrap();
            assert_eq!(deal.status(), status, "{behaviour:?}: the first word counts");
            let journal = host.journal();
            let [webhook] = host.with(|o| o.gateway.take_webhooks()).try_into().unwrap();
            let tx = webhook.transaction;
            let refused = process.submit(&mut deal, webhook, gateway());
            assert_eq!(refused, Err(AgentError::Rejected(Rejection::AlreadySettled { tx })), "{behaviour:?}");
            assert_eq!((deal.status(), host.journal()), (status, journal));
            // under that key the money has gone, whatever the gateway says
            assert!(host.moved().contains_key(&Payee::Seller), "{behaviour:?}");
        }
    }
}

// --- races ---

#[test]
fn release_refund_race() {
    let accept = || Command::from(Accept::default());
    let cancel = || Command::from(Cancel::default());
    for kind in KINDS {
        for accept_first in [true, false] {
            let host = Host::new();
            let (one, other) = (Process::new(kind, &host), Process::new(kind, &host));
            let mut first = performing(&one);
            let mut second = host.load();
            let ours = [(accept(), buyer()), (cancel(), seller())];
            let [(winner, by), (loser, whom)] = if accept_first {
                ours
            } else {
                let [a, b] = ours;
                [b, a]
            };
            one.submit(&mut first, winner, by).unwrap();
            let (before, calls) = (json(&second), host.calls());
            let lost = other.submit(&mut second, loser.clone(), whom.clone());
            assert_eq!(lost, Err(AgentError::Conflict));
            assert_eq!(json(&second), before);
            assert_eq!(host.calls(), calls, "the loser has moved no money");

            let mut second = host.load();
            other.resume(&mut second).unwrap();
            let refused = other.submit(&mut second, loser, whom);
            assert!(
                matches!(refused, Err(AgentError::Rejected(Rejection::WrongPhase { .. }))),
                "{refused:?}"
            );
            assert_eq!(json(&second), json(&first));
            if accept_first {
                assert_eq!(second.status(), Status::Completed);
                assert_eq!(host.moved(), fees_services_payout());
            } else {
                assert_eq!(second.status(), Status::Cancelled);
                assert_eq!(host.moved(), BTreeMap::from([(Payee::Buyer, 105_000)]));
            }
        }
    }
}

#[test]
fn both_hosts_accept_at_once() {
    for kind in KINDS {
        let host = Host::new();
        let (one, other) = (Process::new(kind, &host), Process::new(kind, &host));
        let mut first = performing(&one);
        let mut second = host.load();
        one.submit(&mut first, Accept::default(), buyer()).unwrap();
        assert_eq!(other.submit(&mut second, Accept::default(), buyer()), Err(AgentError::Conflict));
        let mut second = host.load();
        let receipt = other.submit(&mut second, Accept::default(), buyer()).unwrap();
        assert_eq!(receipt.from_version, receipt.to_version, "it stands already");
        assert_eq!(host.moved(), fees_services_payout());
        assert!(host.effects().iter().all(|(_, e)| e.asked == 1));
    }
}

/// Both ask the gateway under the same keys; whoever comes second with an answer has a conflict.
#[test]
fn both_hosts_resume_at_once() {
    for kind in KINDS {
        let host = Host::new();
        let (one, other) = (Process::new(kind, &host), Process::new(kind, &host));
        let mut deal = performing(&one);
        host.script(Behaviour::TimeOutAfter, None, 3);
        one.submit(&mut deal, Accept::default(), buyer()).unwrap();
        let (mut first, mut second) = (host.load(), host.load());
        one.resume(&mut first).unwrap();
        assert_eq!(other.resume(&mut second), Err(AgentError::Conflict));
        let mut second = host.load();
        assert_eq!(second.status(), Status::Completed);
        other.resume(&mut second).unwrap();
        assert_eq!(host.moved(), fees_services_payout());
        assert_eq!(host.effects().len(), 3);
    }
}

#[test]
fn stale_overwrite() {
    for kind in KINDS {
        let host = Host::new();
        let process = Process::new(kind, &host);
        let mut deal = paid(&process);
        let seen = deal.revision();
        process.submit(&mut deal, StartPerforming {}, seller().seen(seen)).unwrap();
        let actual = deal.revision();
        let journal = host.journal();
        let stale = process.submit(&mut deal, Cancel::default(), buyer().seen(seen));
        assert_eq!(stale, Err(AgentError::Rejected(Rejection::Stale { seen, actual })));
        assert_eq!(host.journal(), journal);
        // what the gateway or the tracker does makes nobody's view stale
        let excess = payment("pay-2", 100);
        process.submit(&mut deal, excess, gateway()).unwrap();
        process.submit(&mut deal, Accept::default(), buyer().seen(actual)).unwrap();
        // a repeat stands, however old the view
        process.submit(&mut deal, Accept::default(), buyer().seen(seen)).unwrap();
    }
}

#[test]
fn on_whose_behalf_is_in_the_journal() {
    for kind in KINDS {
        let host = Host::new();
        let process = Process::new(kind, &host);
        let mut deal = paid(&process);
        process.submit(&mut deal, StartPerforming {}, seller().via(text("market"))).unwrap();
        let via = host.with(|o| o.sink.journal(id()).last().unwrap().via.clone());
        assert_eq!(via, Some(text("market")));
    }
}

// --- checkout ---

#[test]
fn checkout_gives_a_form_for_what_was_requested() {
    for kind in KINDS {
        let host = Host::new();
        let process = Process::new(kind, &host);
        let mut deal = process.open(&terms(Policy::shop()), seller()).unwrap();
        let asked = request("checkout-1", 105_000);
        assert_eq!(process.checkout(&deal, &asked), Err(CheckoutError::NotRequested));
        process.submit(&mut deal, asked.clone(), buyer()).unwrap();

        let journal = host.journal();
        let form = process.checkout(&deal, &asked).unwrap();
        assert_eq!(form.method, FormMethod::Post);
        assert!(form.url.starts_with("https://"));
        let of = |name: &str| form.parameters.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
        assert_eq!(of("key"), Some(format!("{}:1", id()).as_str()));
        assert_eq!(of("amount"), Some("1050.00 RUB"));
        assert_eq!(of("method"), Some("card"));
        assert_eq!(of("success_url"), Some("https://shop.example/paid"));
        assert_eq!(of("fail_url"), Some("https://shop.example/failed"));
        // again at any time, and no money moves
        assert_eq!(process.checkout(&deal, &asked), Ok(form));
        assert_eq!((host.journal(), host.calls()), (journal, vec![]));
        assert!(!deal.has_pending(), "a request is the payer's to answer, not the gateway's");

        let unknown = process.checkout(&deal, &request("checkout-2", 105_000));
        assert_eq!(unknown, Err(CheckoutError::NotRequested));
        process.submit(&mut deal, payment("pay-1", 105_000), gateway()).unwrap();
        assert_eq!(process.checkout(&deal, &asked), Err(CheckoutError::NotRequested), "it is paid");
    }
}

#[test]
fn no_form_for_a_deal_that_takes_no_money() {
    for kind in KINDS {
        let host = Host::new();
        let process = Process::new(kind, &host);
        let mut deal = process.open(&terms(Policy::shop()), seller()).unwrap();
        let asked = request("checkout-1", 105_000);
        process.submit(&mut deal, asked.clone(), buyer()).unwrap();
        process.submit(&mut deal, Cancel::default(), seller()).unwrap();
        assert_eq!(deal.phase().kind(), PhaseKind::Closed);
        assert_eq!(process.checkout(&deal, &asked), Err(CheckoutError::NotRequested));
    }
}

// --- following a delivery ---

#[test]
fn follow_submits_what_the_tracker_knows() {
    for kind in KINDS {
        let host = Host::new();
        let process = Process::new(kind, &host);
        let delivery = HandTracker::new();
        let mut deal = paid(&process);
        assert_eq!(process.follow(&mut deal, &delivery), Ok(None), "no track yet");
        process.submit(&mut deal, SetTrack::new(track()), seller()).unwrap();
        let nothing = process.follow(&mut deal, &delivery).unwrap().unwrap();
        assert_eq!(nothing.from_version, nothing.to_version);

        let feed = |id: &str, kind, at: &str| delivery.feed((*track()).clone(), checkpoint(id, kind, at));
        let strange = Track::new(text("cdek"), text("another"));
        delivery.feed(strange, checkpoint("x", CheckpointKind::Refused, "2026-03-02T00:00:00Z"));
        feed("1", CheckpointKind::Progress, "2026-03-02T10:00:00Z");
        feed("2", CheckpointKind::Progress, "2026-03-02T12:00:00Z");
        let receipt = process.follow(&mut deal, &delivery).unwrap().unwrap();
        assert!(receipt.to_version > receipt.from_version);
        assert_eq!(deal.status(), Status::Performing);
        let journal = host.journal();
        let again = process.follow(&mut deal, &delivery).unwrap().unwrap();
        assert_eq!(again.from_version, again.to_version);
        assert_eq!(host.journal(), journal, "known already");

        feed("3", CheckpointKind::Final, "2026-03-05T10:00:00Z");
        process.follow(&mut deal, &delivery).unwrap();
        assert_eq!(deal.status(), Status::AwaitingAcceptance);
        assert_eq!(deal.latest_checkpoint().unwrap().id, "3");
        let journal = host.journal();
        process.follow(&mut deal, &delivery).unwrap();
        assert_eq!(host.journal(), journal);
    }
}

#[test]
fn following_a_long_history_twice_changes_nothing() {
    for kind in KINDS {
        let host = Host::new();
        let process = Process::new(kind, &host);
        let delivery = HandTracker::new();
        let mut deal = paid(&process);
        process.submit(&mut deal, SetTrack::new(track()), seller()).unwrap();
        for n in 1..=12 {
            let at = format!("2026-03-02T{n:02}:00:00Z");
            delivery.feed((*track()).clone(), checkpoint(&n.to_string(), CheckpointKind::Progress, &at));
        }
        process.follow(&mut deal, &delivery).unwrap();
        let journal = host.journal();
        process.follow(&mut deal, &delivery).unwrap();
        assert_eq!(host.journal(), journal);
    }
}

// --- time ---

#[test]
fn clock_backwards() {
    for kind in KINDS {
        let host = Host::new();
        let process = Process::new(kind, &host);
        let mut deal = paid(&process);
        process.submit(&mut deal, SetTrack::new(track()), seller()).unwrap();
        process
            .submit(&mut deal, record("1", CheckpointKind::Final, "2026-03-02T00:00:00Z"), tracker())
            .unwrap();
        let due = deal.next_deadline().unwrap();
        host.clock.set(due);
        process.wake(&mut deal).unwrap();
        assert_eq!(deal.status(), Status::Completed);
        let closed = json(&deal);
        // the window is closed for good, whatever the clock says now
        host.clock.set(at("2026-03-01T12:00:01Z"));
        let late = process.submit(&mut deal, Cancel::default(), buyer());
        assert!(matches!(late, Err(AgentError::Rejected(Rejection::WrongPhase { .. }))), "{late:?}");
        process.wake(&mut deal).unwrap();
        process.resume(&mut deal).unwrap();
        assert_eq!(json(&deal), closed);
        // a late payment is refunded, at a time that does not run back
        process.submit(&mut deal, payment("pay-9", 100), gateway()).unwrap();
        let times = host.with(|o| o.sink.journal(id()).iter().map(|e| e.occurred_at).collect::<Vec<_>>());
        assert!(times.is_sorted(), "{times:?}");
        assert_eq!(deal.last_at(), due);
        assert_eq!(json(&host.load()), json(&deal));
    }
}

#[test]
fn waking_late_changes_no_result() {
    for kind in KINDS {
        // woken at every deadline
        let prompt = Host::new();
        let process = Process::new(kind, &prompt);
        let mut punctual = performing(&process);
        process.finish(&mut punctual);
        // woken once, a year later
        let late = Host::new();
        let process = Process::new(kind, &late);
        let mut deal = performing(&process);
        late.clock.advance(365 * DAY);
        let woken_at = late.clock.now();
        process.wake(&mut deal).unwrap();
        assert_eq!(deal.status(), punctual.status());
        assert_eq!(deal.legs(), punctual.legs());
        assert_eq!(late.moved(), prompt.moved());
        let fired = |host: &Host| {
            host.with(|o| {
                let all = o.sink.journal(id()).iter();
                all.filter(|e| matches!(e.event, Event::TimerFired { .. })).cloned().collect::<Vec<_>>()
            })
        };
        let (late, prompt) = (fired(&late), fired(&prompt));
        assert!(late.len() >= 3, "performance, negotiation, arbitration");
        for (late, prompt) in late.iter().zip(&prompt) {
            assert_eq!((&late.event, late.occurred_at), (&prompt.event, prompt.occurred_at));
            assert_eq!(late.actor, Actor::Clock);
            assert_eq!(late.recorded_at, woken_at);
            assert_eq!(prompt.recorded_at, prompt.occurred_at);
        }
        assert_eq!(late.len(), prompt.len());
    }
}

#[test]
fn boundary_instant() {
    for kind in KINDS {
        for (millis, in_time) in [(-1, true), (0, false), (1, false)] {
            let host = Host::new();
            let process = Process::new(kind, &host);
            let mut deal = paid(&process);
            let due = deal.next_deadline().unwrap();
            host.clock.set(Time::from_millis(due.millis() + millis).unwrap());
            let started = process.submit(&mut deal, StartPerforming {}, seller());
            if in_time {
                started.unwrap();
                let Phase::Active { stage, .. } = deal.phase() else { panic!("{deal:?}") };
                assert_eq!(*stage, Stage::Performing);
            } else {
                assert!(matches!(started, Err(AgentError::Rejected(_))), "{started:?}");
                // the refusal has written nothing: the timer fires with the next thing that stands
                assert_eq!(deal.status(), Status::AwaitingPerformance);
                process.wake(&mut deal).unwrap();
                assert_eq!(deal.status(), Status::Cancelled);
                assert_eq!(host.moved()[&Payee::Buyer], 105_000);
                let refund = deal.legs().iter().find(|l| l.purpose() == Purpose::Refund).unwrap();
                assert_eq!(refund.amount(), rub(105_000));
            }
        }
    }
}

/// A tracker that knows days only: all of a day's checkpoints have one time.
#[test]
fn following_a_day_of_equal_times_twice_changes_nothing() {
    for kind in KINDS {
        let host = Host::new();
        let process = Process::new(kind, &host);
        let delivery = HandTracker::new();
        let mut deal = paid(&process);
        process.submit(&mut deal, SetTrack::new(track()), seller()).unwrap();
        for n in 1..=6 {
            let id = n.to_string();
            let checkpoint = checkpoint(&id, CheckpointKind::Progress, "2026-03-02T00:00:00Z");
            delivery.feed((*track()).clone(), checkpoint);
        }
        process.follow(&mut deal, &delivery).unwrap();
        let events = host.events();
        process.follow(&mut deal, &delivery).unwrap();
        assert_eq!(host.events(), events, "recorded again");
    }
}

/// The latest checkpoint is known for good, however many older ones came after it.
#[test]
fn a_refusal_that_is_told_again_opens_no_second_dispute() {
    for kind in KINDS {
        let host = Host::new();
        let process = Process::new(kind, &host);
        let mut deal = paid(&process);
        process.submit(&mut deal, SetTrack::new(track()), seller()).unwrap();
        let refused = record("refused", CheckpointKind::Refused, "2026-03-03T00:00:00Z");
        process.submit(&mut deal, refused.clone(), tracker()).unwrap();
        assert_eq!(deal.status(), Status::Disputed);
        // both give it up, and the parcel goes out once more
        process.submit(&mut deal, WithdrawDispute::default(), buyer()).unwrap();
        process.submit(&mut deal, WithdrawDispute::default(), seller()).unwrap();
        let status = deal.status();
        assert_ne!(status, Status::Disputed);
        // the tracker tells its whole history once more, in no particular order
        for n in 1..=4 {
            let older = record(&n.to_string(), CheckpointKind::Progress, "2026-03-02T00:00:00Z");
            process.submit(&mut deal, older, tracker()).unwrap();
        }
        process.submit(&mut deal, refused, tracker()).unwrap();
        assert_eq!(deal.status(), status, "the same refusal once more");
    }
}
