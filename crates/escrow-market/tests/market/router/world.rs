//! Three scripted gateways whose books survive every configuration, and a host with a router over them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use escrow::agent::blocking::Agent;
use escrow::agent::{AgentError, CheckoutError, Receipt};
use escrow::deal::PendingOrder;
use escrow::deal::command::{
    Accept, Answered, ConfirmPayment, PaymentForm, RedirectRefund, RequestPayment, ReturnUrls,
    SetDestination, StartPerforming, StatedPayment,
};
use escrow::deposit::{DepositId, IdempotencyKey, TransactionKind, TxId};
use escrow::port::{self, CheckoutForm, CheckoutRequest, Clock, blocking};
use escrow::terms::{Fee, FeePayee, Item, Payer};
use escrow::{
    Actor, Caller, Command, Currency, Deal, DealId, Destination, Money, Payee, Policy, Rate, Status, Terms,
    TermsDraft, Time,
};
use escrow_market::Router;
use escrow_market::router::{Method, PayoutRules, PayoutTo, RouterError};
use escrow_testing::{Behaviour, ManualClock, MemorySink, Rule, ScriptedGateway, SinkFault, TimedOut};

pub const MAIL: &str = "moneymail";
pub const RBK: &str = "rbk";
pub const WEBMONEY: &str = "webmoney";
pub const B: DepositId = DepositId::BUYER_PAYMENT;

pub fn text<T: std::str::FromStr<Err = escrow::TextError>>(text: &str) -> T {
    text.parse().unwrap()
}

pub fn rub(minor: i64) -> Money {
    Money::from_minor(minor, Currency::RUB)
}

pub fn usd(minor: i64) -> Money {
    Money::from_minor(minor, Currency::USD)
}

pub fn start() -> Time {
    Time::parse("2026-03-01T12:00:00Z").unwrap()
}

pub fn buyer() -> Caller {
    Caller::party(text("anna"))
}

pub fn seller() -> Caller {
    Caller::party(text("shop"))
}

pub fn id(n: u128) -> DealId {
    DealId::new(uuid::Uuid::from_u128(n))
}

/// 1 000: 3 % of the deposit to the processor, 10 % to a partner, 5 % to the platform.
pub fn terms(policy: Policy) -> Terms {
    let book = Item::new(text("Book"), rub(1_000_00), 1);
    let mut draft = TermsDraft::new(text("anna"), text("shop"), Currency::RUB, vec![book], policy);
    let percent = |n: u32| Rate::from_ppm(n * 10_000).unwrap();
    let processing = method("wmr", rub(1), rub(100_000_00), 30_000, rub(0)).fee(text("wmr"), Payer::Seller);
    let partner = FeePayee::Partner(text("partner"));
    draft.fees = vec![
        processing,
        Fee::of_price(text("partner"), partner, percent(10), Payer::Seller),
        Fee::of_price(text("platform"), FeePayee::Platform, percent(5), Payer::Seller),
    ];
    Terms::new(draft).unwrap()
}

pub fn request(key: &str, method: &str, amount: Money) -> Command {
    let address = |path: &str| text(&format!("https://shop.example/{path}"));
    let return_urls = ReturnUrls::new(address("paid"), address("failed"));
    let form = Arc::new(PaymentForm::new(text(method), return_urls));
    RequestPayment::new(text(key), B, amount, form).into()
}

pub fn pay(gateway: &str, reference: &str, amount: Money) -> Command {
    let (gateway, reference) = (text(gateway), text(reference));
    ConfirmPayment::charged(B, gateway, reference, amount).into()
}

pub fn claim(gateway: &str, reference: &str) -> StatedPayment {
    StatedPayment::new(B, text(gateway), text(reference))
}

pub fn key_of(deal: &Deal, number: u32) -> IdempotencyKey {
    deal.key(TxId::new(number))
}

fn method(name: &str, min: Money, max: Money, ppm: u32, fixed: Money) -> Method {
    Method::new(text(name), min, max, Rate::from_ppm(ppm).unwrap(), fixed).unwrap()
}

fn methods(gateway: &str) -> Vec<Method> {
    match gateway {
        MAIL => vec![method("moneymail", rub(10_00), rub(15_000_00), 30_000, rub(0))],
        RBK => vec![method("rbk-money", rub(1_00), rub(60_000_00), 30_000, rub(0))],
        _ => vec![
            method("wmr", rub(1), rub(100_000_00), 30_000, rub(0)),
            method("wmz", usd(1), usd(1_000_00), 8_000, usd(10)),
        ],
    }
}

/// A scripted gateway that notes which keys it was ever asked about.
#[derive(Clone)]
pub struct Watched {
    name: &'static str,
    inner: Arc<ScriptedGateway>,
    reached: Arc<Mutex<BTreeMap<IdempotencyKey, BTreeSet<&'static str>>>>,
}

impl Watched {
    fn note(&self, key: IdempotencyKey) {
        self.reached.lock().unwrap().entry(key).or_default().insert(self.name);
    }
}

impl blocking::PaymentGateway for Watched {
    type Error = TimedOut;

    fn checkout(&self, request: CheckoutRequest<'_>) -> Result<CheckoutForm, TimedOut> {
        self.note(request.key);
        blocking::PaymentGateway::checkout(&*self.inner, request)
    }

    fn execute(&self, order: PendingOrder<'_>) -> Result<Answered, TimedOut> {
        self.note(order.key);
        blocking::PaymentGateway::execute(&*self.inner, order)
    }
}

impl port::PaymentGateway for Watched {
    type Error = TimedOut;

    async fn checkout(&self, request: CheckoutRequest<'_>) -> Result<CheckoutForm, TimedOut> {
        blocking::PaymentGateway::checkout(self, request)
    }

    async fn execute(&self, order: PendingOrder<'_>) -> Result<Answered, TimedOut> {
        blocking::PaymentGateway::execute(self, order)
    }
}

/// The gateways, as they are outside of every process.
pub struct World {
    gateways: Vec<Watched>,
}

impl World {
    fn new() -> Self {
        let reached = Arc::new(Mutex::new(BTreeMap::new()));
        let gateway =
            |name| Watched { name, inner: Arc::new(ScriptedGateway::new()), reached: reached.clone() };
        Self { gateways: [MAIL, RBK, WEBMONEY].map(gateway).into() }
    }

    pub fn gateway(&self, name: &str) -> Watched {
        self.gateways.iter().find(|g| g.name == name).unwrap().clone()
    }

    pub fn behave(&self, name: &str, behaviour: Behaviour, times: u32) {
        self.gateway(name).inner.script(Rule { kind: None, payee: None, times, behaviour });
    }

    /// The gateways that a key has reached.
    pub fn reached(&self, key: IdempotencyKey) -> Vec<&'static str> {
        let reached = self.gateways[0].reached.lock().unwrap();
        reached.get(&key).map(|names| names.iter().copied().collect()).unwrap_or_default()
    }

    /// What a gateway has done.
    pub fn paid(&self, name: &str) -> Vec<(TransactionKind, Payee, i64)> {
        let done = self.gateway(name).inner.executions();
        let done = done.into_iter().filter(|(_, e)| matches!(e.answer, Answered::Succeeded(_)));
        done.map(|(_, e)| (e.kind, e.payee, e.amount.minor())).collect()
    }

    /// What all have done.
    pub fn everything(&self) -> Vec<(&'static str, TransactionKind, Payee, i64)> {
        let all = self.gateways.iter().flat_map(|g| self.paid(g.name).into_iter().map(|p| (g.name, p)));
        all.map(|(name, (kind, payee, minor))| (name, kind, payee, minor)).collect()
    }

    /// What must always hold: no key has reached two gateways, and none has an effect at two.
    pub fn check(&self) {
        for (key, names) in &*self.gateways[0].reached.lock().unwrap() {
            assert!(names.len() == 1, "{key} has reached {names:?}");
        }
        let mut effects = BTreeSet::new();
        for gateway in &self.gateways {
            for (key, _) in gateway.inner.executions() {
                assert!(effects.insert(key), "{key} has an effect at two gateways");
            }
        }
    }
}

type Failed = AgentError<SinkFault>;

/// A process with its configuration, and the deal that it is at.
pub struct Host {
    pub agent: Agent<ManualClock, Router<Watched>>,
    pub world: World,
    pub deal: Deal,
    sink: MemorySink,
    rules: PayoutRules,
    listed: BTreeSet<&'static str>,
    down: BTreeSet<&'static str>,
    deals: u128,
}

impl Host {
    pub fn new() -> Self {
        Self::with_policy(Policy::shop())
    }

    pub fn with_policy(policy: Policy) -> Self {
        let world = World::new();
        let rules = PayoutRules::new(text(RBK));
        let listed = BTreeSet::from([MAIL, RBK, WEBMONEY]);
        let router = router(&world, &rules, &listed, &BTreeSet::new());
        let agent = Agent::new(ManualClock::new(start()), router);
        let mut sink = MemorySink::new();
        let deal = agent.open(&mut sink, id(1), terms(policy), buyer()).unwrap();
        Self { agent, world, deal, sink, rules, listed, down: BTreeSet::new(), deals: 1 }
    }

    /// The process starts again, with the configuration as it is now.
    fn restart(&mut self) {
        let router = router(&self.world, &self.rules, &self.listed, &self.down);
        self.agent = Agent::new(ManualClock::new(self.agent.clock.now()), router);
        self.deal = self.sink.load(self.deal.id()).unwrap();
    }

    pub fn rule(&mut self, from: Time, to: PayoutTo, gateway: &str) {
        self.rules = self.rules.clone().rule(from, to, text(gateway)).unwrap();
        self.restart();
    }

    pub fn remove(&mut self, name: &'static str) {
        self.listed.remove(name);
        self.restart();
    }

    pub fn restore(&mut self, name: &'static str) {
        self.listed.insert(name);
        self.restart();
    }

    pub fn down(&mut self, name: &'static str) {
        self.down.insert(name);
        let _ = self.agent.gateway.set_available(&text(name), false);
    }

    pub fn up(&mut self, name: &'static str) {
        self.down.remove(name);
        let _ = self.agent.gateway.set_available(&text(name), true);
    }

    pub fn pass(&self, seconds: u32) {
        self.agent.clock.advance(seconds);
    }

    pub fn submit(&mut self, command: &Command, caller: impl Into<Caller>) -> Result<Receipt, Failed> {
        let done = self.agent.submit(&mut self.sink, &mut self.deal, command, caller);
        self.deliver();
        done
    }

    pub fn act(&mut self, command: &Command, caller: impl Into<Caller>) {
        let before = self.deal.version();
        self.submit(command, caller).unwrap_or_else(|e| panic!("{e}: {command:?}"));
        assert!(self.deal.version() > before, "already stands: {command:?}");
    }

    pub fn resume(&mut self) {
        self.agent.resume(&mut self.sink, &mut self.deal).unwrap();
        self.deliver();
    }

    /// What the gateways say once more changes nothing.
    fn deliver(&mut self) {
        for gateway in &self.world.gateways {
            for webhook in gateway.inner.take_webhooks() {
                let command = Command::Answer(webhook);
                self.agent.submit(&mut self.sink, &mut self.deal, &command, Actor::Gateway).unwrap();
            }
        }
    }

    pub fn checkout(&self, request: &Command) -> Result<CheckoutForm, CheckoutError<RouterError<TimedOut>>> {
        let Command::RequestPayment(request) = request else { panic!("no request") };
        self.agent.checkout(&self.deal, request)
    }

    pub fn try_destination(&mut self, payee: Payee, to: Destination) -> Result<Receipt, Failed> {
        let destination = Some(to);
        let (command, by) = match &payee {
            Payee::Buyer => (RedirectRefund::new(payee, destination).into(), text("anna")),
            Payee::Party(id) => (SetDestination::new(payee.clone(), destination).into(), id.clone()),
            _ => (SetDestination::new(payee, destination).into(), text("shop")),
        };
        self.submit(&command, Actor::Party(by))
    }

    pub fn destination(&mut self, payee: Payee, to: Destination) {
        self.try_destination(payee, to).unwrap();
    }

    /// Paid in full at this gateway, started and accepted.
    pub fn sell(&mut self, gateway: &str) {
        let reference = format!("paid-{}", self.deals);
        self.act(&pay(gateway, &reference, rub(1_000_00)), Actor::Gateway);
        self.act(&StartPerforming {}.into(), seller());
        self.act(&Accept::default().into(), buyer());
    }

    /// Another deal on the same terms.
    pub fn next_deal(&mut self) {
        self.deals += 1;
        let terms = self.deal.terms().clone();
        self.deal = self.agent.open(&mut self.sink, id(self.deals), terms, buyer()).unwrap();
    }

    /// Lets time pass and the gateways answer until the deal is closed and nothing is open.
    pub fn finish(&mut self) {
        for _ in 0..60 {
            self.pass(86_400);
            self.resume();
            let closed = [Status::Completed, Status::Cancelled, Status::Expired, Status::Resolved];
            if closed.contains(&self.deal.status()) && !self.deal.has_pending() {
                return;
            }
        }
        panic!("does not end: {:?}", self.deal);
    }
}

fn router(
    world: &World,
    rules: &PayoutRules,
    listed: &BTreeSet<&'static str>,
    down: &BTreeSet<&'static str>,
) -> Router<Watched> {
    let mut router = Router::new(rules.clone());
    for gateway in world.gateways.iter().filter(|g| listed.contains(g.name)) {
        router = router.with(text(gateway.name), gateway.clone(), methods(gateway.name)).unwrap();
    }
    for name in down.intersection(listed) {
        router.set_available(&text(name), false).unwrap();
    }
    router
}
