//! The conformance suites: adapters that keep the laws pass, and every planted bug is found.
#![allow(missing_docs)]
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]
#![allow(clippy::wildcard_enum_match_arm)]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use escrow::Recorded;
use escrow::deal::PendingOrder;
use escrow::deal::command::{Answer, Answered, ConfirmPayment};
use escrow::deposit::{DepositId, GatewayName, IdempotencyKey, Reference, TransactionKind};
use escrow::port::{CheckoutForm, CheckoutRequest, Commit, CommitError, blocking};
use escrow::{Command, Deal, DealId, Envelope, Money};
use escrow_testing::conformance::{
    Conformance, GatewayUnderTest, NotConforming, SinkUnderTest, event_sink, payment_gateway,
};
use escrow_testing::{Behaviour, Rule, ScriptedGateway};

// --- sinks ---

/// What a planted sink does wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum SinkBug {
    None,
    /// Writes whatever version is stored.
    NoVersionCheck,
    /// Looks at the version only where it is too old.
    TakesGaps,
    /// Stores the first event of a commit and leaves the rest.
    Half,
    /// Appends, and only then finds out that it may not.
    WritesBeforeItChecks,
    /// Says `Ok` and keeps the events in the process.
    InMemoryOnly,
    /// Has one journal for everybody.
    OneJournal,
    /// Looks, lets go of the lock, and writes.
    Race,
    /// Loads the deal as it was one commit ago.
    LoadsStale,
    /// Does not say that it is a conflict.
    ConflictIsUnknown,
    /// Puts the newest event first.
    NewestFirst,
}

#[derive(Clone, Default)]
struct Tables {
    journals: BTreeMap<DealId, Vec<Envelope>>,
    deals: BTreeMap<DealId, Deal>,
}

struct Sink {
    bug: SinkBug,
    shared: Arc<Mutex<Tables>>,
    own: Tables,
}

impl Sink {
    fn new(bug: SinkBug) -> Self {
        Self { bug, shared: Arc::default(), own: Tables::default() }
    }

    fn with<T>(&mut self, act: impl FnOnce(&mut Tables) -> T) -> T {
        match self.bug {
            SinkBug::InMemoryOnly => act(&mut self.own),
            _ => act(&mut self.shared.lock().unwrap()),
        }
    }

    fn key(&self, deal: DealId) -> DealId {
        if self.bug == SinkBug::OneJournal { DealId::new(Default::default()) } else { deal }
    }
}

impl blocking::EventSink for Sink {
    type Error = &'static str;

    fn commit(&mut self, commit: Commit<'_>) -> Result<(), CommitError<&'static str>> {
        let (bug, key) = (self.bug, self.key(commit.deal_id()));
        let stored =
            |tables: &Tables| tables.journals.get(&key).and_then(|j| j.last()).map_or(0, |e| e.version);
        let fits = |version: u64| match bug {
            SinkBug::NoVersionCheck | SinkBug::OneJournal => true,
            SinkBug::TakesGaps => version <= commit.expected_version,
            _ => version == commit.expected_version,
        };
        if bug == SinkBug::Race {
            let version = self.with(|tables| stored(tables));
            std::thread::sleep(std::time::Duration::from_millis(2));
            if !fits(version) {
                return Err(CommitError::Conflict);
            }
        }
        self.with(|tables| {
            let version = stored(tables);
            let journal = tables.journals.entry(key).or_default();
            let mut envelopes: Vec<_> = commit.envelopes().collect();
            if bug == SinkBug::Half {
                envelopes.truncate(1);
            }
            if bug == SinkBug::WritesBeforeItChecks {
                journal.extend(envelopes.clone());
            }
            if bug != SinkBug::Race && !fits(version) {
                return Err(match bug {
                    SinkBug::ConflictIsUnknown => CommitError::Unknown("a row was there already"),
                    _ => CommitError::Conflict,
                });
            }
            if bug != SinkBug::WritesBeforeItChecks {
                journal.extend(envelopes);
            }
            if bug != SinkBug::LoadsStale || !tables.deals.contains_key(&commit.deal_id()) {
                tables.deals.insert(commit.deal_id(), commit.after.clone());
            }
            Ok(())
        })
    }
}

impl SinkUnderTest for Sink {
    fn reconnect(&self) -> Self {
        Self { bug: self.bug, shared: self.shared.clone(), own: Tables::default() }
    }

    fn journal(&mut self, deal: DealId) -> Vec<Envelope> {
        let (bug, key) = (self.bug, self.key(deal));
        let mut journal = self.with(|tables| tables.journals.get(&key).cloned().unwrap_or_default());
        if bug == SinkBug::NewestFirst {
            journal.reverse();
        }
        journal
    }

    fn load(&mut self, deal: DealId) -> Option<Deal> {
        match self.bug {
            SinkBug::LoadsStale => self.with(|tables| tables.deals.get(&deal).cloned()),
            _ => {
                let journal = self.with(|tables| tables.journals.get(&deal).cloned().unwrap_or_default());
                let recorded: Vec<Recorded> = journal.into_iter().map(Envelope::into_recorded).collect();
                Deal::replay(deal, &recorded).ok()
            }
        }
    }
}

fn sink(bug: SinkBug) -> Result<Conformance, NotConforming> {
    event_sink(|| Sink::new(bug))
}

fn broken(verdict: Result<Conformance, NotConforming>) -> Vec<&'static str> {
    verdict.unwrap_err().findings().iter().map(|finding| finding.law).collect()
}

#[test]
fn a_sink_that_keeps_the_laws_conforms() {
    let seen = sink(SinkBug::None).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!((seen.held().len(), seen.skipped()), (9, &[][..]));
    // one storage for every law, as a test database is
    let one = Sink::new(SinkBug::None);
    event_sink(|| one.reconnect()).unwrap_or_else(|e| panic!("{e}"));
}

#[test]
fn a_sink_that_loses_the_version_check_is_found() {
    let laws = broken(sink(SinkBug::NoVersionCheck));
    assert!(laws.contains(&"a stale version is a conflict, and writes nothing"), "{laws:?}");
    assert!(laws.contains(&"a deal is created once"), "{laws:?}");
    assert!(laws.contains(&"of writers at the same time one wins"), "{laws:?}");
}

#[test]
fn a_sink_that_commits_half_is_found() {
    let laws = broken(sink(SinkBug::Half));
    assert!(laws.contains(&"all events of a commit are stored, in order"), "{laws:?}");
    let laws = broken(sink(SinkBug::WritesBeforeItChecks));
    assert!(laws.contains(&"a stale version is a conflict, and writes nothing"), "{laws:?}");
}

#[test]
fn every_planted_sink_is_found_by_its_law() {
    for (bug, law) in [
        (SinkBug::TakesGaps, "a version that is ahead is a conflict, and writes nothing"),
        (SinkBug::InMemoryOnly, "`Ok` means durable"),
        (SinkBug::OneJournal, "deals are apart"),
        (SinkBug::Race, "of writers at the same time one wins"),
        (SinkBug::LoadsStale, "a loaded deal is the live deal"),
        (SinkBug::ConflictIsUnknown, "a stale version is a conflict, and writes nothing"),
        (SinkBug::NewestFirst, "all events of a commit are stored, in order"),
    ] {
        let laws = broken(sink(bug));
        assert!(laws.contains(&law), "{bug:?}: {laws:?}");
    }
}

#[test]
fn a_finding_says_what_was_seen() {
    let error = sink(SinkBug::InMemoryOnly).unwrap_err().to_string();
    assert!(error.contains("- `Ok` means durable: after a restart 0 of "), "{error}");
}

// --- gateways ---

/// What a planted gateway does wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum GatewayBug {
    None,
    /// Sends the money again whenever it is asked.
    IgnoresTheKey,
    /// Takes an order of the same amount for the same order.
    KeyIsTheAmount,
    /// Says that it has done what it has not.
    DoesNothing,
    /// Leaves the kopecks out.
    WholeUnits,
    /// Forgets the order where the answer is lost.
    ForgetsWhatWasLost,
    /// Thinks better of a decline.
    ChangesItsMind,
    /// Is for ever in progress.
    NeverDone,
    /// Takes the money at the checkout.
    ChargesAtCheckout,
    /// Looks, waits, and moves the money.
    Race,
    /// Gives another reference each time.
    NewReference,
    /// Declines to let a hold go that is gone: *already cancelled* is no failure.
    GoneIsDeclined,
    /// Lets a hold go, and once more.
    LetsGoTwice,
    /// Says that a hold is let go, though its money was taken.
    LetsGoWhatWasCaptured,
    /// Keeps to itself that a hold was captured.
    HidesCaptures,
    /// Tells of a capture less the provider's fee.
    TellsOfCapturesNet,
    /// Pays again where the provider has forgotten the key.
    TrustsTheKey,
    /// Makes a decline of the notice that an order is done.
    TellsOfDeclines,
    /// Tells of a payment less the provider's fee.
    TellsNet,
    /// Tells of a payment once more, with another sum.
    TellsTwoSums,
}

#[derive(Default)]
struct Provider {
    moved: Vec<(IdempotencyKey, Money)>,
    answers: BTreeMap<IdempotencyKey, Answered>,
    /// By a name of their own, which the provider keeps for good.
    remembered: BTreeMap<IdempotencyKey, Answered>,
    captured: Vec<Reference>,
    facts: Vec<Command>,
    paid_in: u32,
    lose: bool,
    decline: bool,
}

struct Gateway {
    bug: GatewayBug,
    provider: Mutex<Provider>,
}

impl Gateway {
    fn new(bug: GatewayBug) -> Self {
        Self { bug, provider: Mutex::default() }
    }
}

impl blocking::PaymentGateway for Gateway {
    type Error = &'static str;

    fn checkout(&self, request: CheckoutRequest<'_>) -> Result<CheckoutForm, &'static str> {
        if self.bug == GatewayBug::ChargesAtCheckout {
            self.provider.lock().unwrap().moved.push((request.key, request.amount));
        }
        blocking::PaymentGateway::checkout(&ScriptedGateway::new(), request).map_err(|_| "timed out")
    }

    fn execute(&self, order: PendingOrder<'_>) -> Result<Answered, &'static str> {
        let (key, amount) = (order.key, order.amount);
        let known = |provider: &Provider| match self.bug {
            GatewayBug::IgnoresTheKey => None,
            GatewayBug::KeyIsTheAmount => provider
                .moved
                .iter()
                .find(|(_, moved)| *moved == amount)
                .and_then(|(key, _)| provider.answers.get(key).cloned()),
            _ => provider.answers.get(&key).cloned(),
        };
        if self.bug == GatewayBug::NeverDone {
            return Ok(Answered::InProgress);
        }
        let mut provider = self.provider.lock().unwrap();
        let mut before = known(&provider);
        if self.bug == GatewayBug::Race {
            drop(provider);
            std::thread::sleep(std::time::Duration::from_millis(1));
            provider = self.provider.lock().unwrap();
        }
        if self.bug == GatewayBug::ChangesItsMind && matches!(before, Some(Answered::Declined(_))) {
            before = None;
        }
        if let Some(answer) = before {
            let void = order.kind == TransactionKind::Void;
            if void && self.bug == GatewayBug::LetsGoTwice {
                provider.moved.push((key, amount));
            }
            return Ok(match (self.bug, answer) {
                (GatewayBug::GoneIsDeclined, Answered::Succeeded(_)) if void => {
                    Answered::Declined("already cancelled".parse().unwrap())
                }
                (GatewayBug::NewReference, Answered::Succeeded(_)) => {
                    provider.paid_in += 1;
                    Answered::Succeeded(reference("again", provider.paid_in))
                }
                (_, answer) => answer,
            });
        }
        // looks before it acts
        if self.bug != GatewayBug::TrustsTheKey
            && let Some(answer) = provider.remembered.get(&key).cloned()
        {
            return Ok(answer);
        }
        let kind = order.kind;
        let gone = order.source.is_some_and(|payment| provider.captured.contains(payment));
        let keeps = kind == TransactionKind::Void && gone && self.bug != GatewayBug::LetsGoWhatWasCaptured;
        let answer = if std::mem::take(&mut provider.decline) || keeps {
            Answered::Declined("no".parse().unwrap())
        } else {
            let moved = match self.bug {
                GatewayBug::WholeUnits => {
                    Money::from_minor(amount.minor() / 10_000 * 10_000, amount.currency())
                }
                _ => amount,
            };
            if self.bug != GatewayBug::DoesNothing {
                provider.moved.push((key, moved));
            }
            Answered::Succeeded(reference("done", provider.moved.len().try_into().unwrap()))
        };
        let lost = std::mem::take(&mut provider.lose);
        if !(lost && self.bug == GatewayBug::ForgetsWhatWasLost) {
            provider.answers.insert(key, answer.clone());
        }
        if self.bug == GatewayBug::None && matches!(answer, Answered::Succeeded(_)) {
            provider.remembered.insert(key, answer.clone());
        }
        let notice = match self.bug {
            GatewayBug::TellsOfDeclines => Answered::Declined("late".parse().unwrap()),
            _ => answer.clone(),
        };
        provider.facts.push(Answer::new(order.number(), notice).into());
        if lost { Err("timed out") } else { Ok(answer) }
    }
}

fn reference(word: &str, number: u32) -> Reference {
    format!("{word}-{number}").parse().unwrap()
}

/// 3 % less.
fn net(amount: Money) -> Money {
    Money::from_minor(amount.minor() / 100 * 97, amount.currency())
}

impl GatewayUnderTest for Gateway {
    fn pay_in(&self, amount: Money, held: bool) -> Option<(GatewayName, Reference)> {
        let mut provider = self.provider.lock().unwrap();
        provider.paid_in += 1;
        let (bank, payment): (GatewayName, _) =
            ("bank".parse().unwrap(), reference("paid", provider.paid_in));
        if !held {
            let told = |amount| {
                ConfirmPayment::charged(DepositId::BUYER_PAYMENT, bank.clone(), payment.clone(), amount)
            };
            let sums = match self.bug {
                GatewayBug::TellsNet => vec![net(amount)],
                GatewayBug::TellsTwoSums => vec![amount, net(amount)],
                _ => vec![amount, amount],
            };
            provider.facts.extend(sums.into_iter().map(|sum| told(sum).into()));
        }
        Some((bank, payment))
    }

    fn capture_by_itself(&self, gateway: &GatewayName, payment: &Reference) -> bool {
        let mut provider = self.provider.lock().unwrap();
        provider.captured.push(payment.clone());
        // what is on hold is half of 1 000.00
        let amount = Money::from_minor(500_00, escrow::Currency::RUB);
        let told = match self.bug {
            GatewayBug::HidesCaptures => return true,
            GatewayBug::TellsOfCapturesNet => net(amount),
            _ => amount,
        };
        let deposit = DepositId::BUYER_PAYMENT;
        let fact = ConfirmPayment::charged(deposit, gateway.clone(), payment.clone(), told);
        provider.facts.push(fact.into());
        true
    }

    fn forget_keys(&self) -> bool {
        self.provider.lock().unwrap().answers.clear();
        true
    }

    fn facts(&self) -> Option<Vec<Command>> {
        Some(std::mem::take(&mut self.provider.lock().unwrap().facts))
    }

    fn effects(&self, key: IdempotencyKey) -> Vec<Money> {
        let provider = self.provider.lock().unwrap();
        provider.moved.iter().filter(|(of, _)| *of == key).map(|(_, amount)| *amount).collect()
    }

    fn lose_next_answer(&self) -> bool {
        self.provider.lock().unwrap().lose = true;
        true
    }

    fn decline_next(&self) -> bool {
        self.provider.lock().unwrap().decline = true;
        true
    }
}

fn gateway(bug: GatewayBug) -> Result<Conformance, NotConforming> {
    payment_gateway(|| Gateway::new(bug))
}

#[test]
fn a_gateway_that_keeps_the_laws_conforms() {
    let seen = gateway(GatewayBug::None).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!((seen.held().len(), seen.skipped()), (15, &[][..]));
    // one account for every law
    let one = Gateway::new(GatewayBug::None);
    payment_gateway(|| Shared(&one)).unwrap_or_else(|e| panic!("{e}"));
}

#[test]
fn a_gateway_that_ignores_the_key_is_found() {
    let laws = broken(gateway(GatewayBug::IgnoresTheKey));
    for law in [
        "an order is carried out once, to the last minor unit",
        "asked at the same time, it is carried out once",
        "an order whose answer was lost is not carried out again",
        "a refund goes out once",
        "a hold is captured once",
    ] {
        assert!(laws.contains(&law), "{laws:?}");
    }
}

#[test]
fn every_planted_gateway_is_found_by_its_law() {
    for (bug, law) in [
        (GatewayBug::KeyIsTheAmount, "two orders are two, though they look alike"),
        (GatewayBug::DoesNothing, "an order is carried out once, to the last minor unit"),
        (GatewayBug::WholeUnits, "an order is carried out once, to the last minor unit"),
        (GatewayBug::ForgetsWhatWasLost, "an order whose answer was lost is not carried out again"),
        (GatewayBug::ChangesItsMind, "a decline is for good, and moves nothing"),
        (GatewayBug::NeverDone, "an order is carried out once, to the last minor unit"),
        (GatewayBug::ChargesAtCheckout, "a form moves no money"),
        (GatewayBug::Race, "asked at the same time, it is carried out once"),
        (GatewayBug::NewReference, "asked again, it says the same"),
        (GatewayBug::GoneIsDeclined, "a hold is let go once, and stays so"),
        (GatewayBug::LetsGoTwice, "a hold is let go once, and stays so"),
        (GatewayBug::LetsGoWhatWasCaptured, "a hold that was captured is not let go"),
        (GatewayBug::HidesCaptures, "what was captured without an order is told"),
        (GatewayBug::TellsOfCapturesNet, "what was captured without an order is told"),
        (GatewayBug::TrustsTheKey, "an order is not carried out again when its key is forgotten"),
        (GatewayBug::TellsOfDeclines, "what is told of an order is its answer"),
        (GatewayBug::TellsNet, "what is told of a payment contradicts nothing"),
        (GatewayBug::TellsTwoSums, "what is told of a payment contradicts nothing"),
    ] {
        let laws = broken(gateway(bug));
        assert!(laws.contains(&law), "{bug:?}: {laws:?}");
    }
}

/// A sandbox that can do little: what cannot be tried is said, and nothing is claimed of it.
#[test]
fn what_cannot_be_brought_about_is_skipped() {
    let seen = payment_gateway(|| Bare(ScriptedGateway::new())).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(
        seen.skipped(),
        [
            "an order whose answer was lost is not carried out again",
            "a decline is for good, and moves nothing",
            "a refund goes out once",
            "a hold is captured once",
            "a hold is let go once, and stays so",
            "a hold that was captured is not let go",
            "what was captured without an order is told",
            "an order is not carried out again when its key is forgotten",
            "what is told of an order is its answer",
            "what is told of a payment contradicts nothing",
        ]
    );
    // the same fake, scripted
    payment_gateway(|| Scripted(ScriptedGateway::new())).unwrap_or_else(|e| panic!("{e}"));
}

macro_rules! delegated {
    ($($name:ty => $inner:ty),+ $(,)?) => {$(
        impl blocking::PaymentGateway for $name {
            type Error = <$inner as blocking::PaymentGateway>::Error;

            fn checkout(&self, request: CheckoutRequest<'_>) -> Result<CheckoutForm, Self::Error> {
                blocking::PaymentGateway::checkout(&self.0, request)
            }

            fn execute(&self, order: PendingOrder<'_>) -> Result<Answered, Self::Error> {
                blocking::PaymentGateway::execute(&self.0, order)
            }
        }
    )+};
}

struct Shared<'g>(&'g Gateway);
struct Bare(ScriptedGateway);
struct Scripted(ScriptedGateway);

delegated!(Shared<'_> => Gateway, Bare => ScriptedGateway, Scripted => ScriptedGateway);

impl GatewayUnderTest for Shared<'_> {
    fn pay_in(&self, amount: Money, held: bool) -> Option<(GatewayName, Reference)> {
        self.0.pay_in(amount, held)
    }

    fn effects(&self, key: IdempotencyKey) -> Vec<Money> {
        self.0.effects(key)
    }

    fn lose_next_answer(&self) -> bool {
        self.0.lose_next_answer()
    }

    fn decline_next(&self) -> bool {
        self.0.decline_next()
    }

    fn capture_by_itself(&self, gateway: &GatewayName, payment: &Reference) -> bool {
        self.0.capture_by_itself(gateway, payment)
    }

    fn forget_keys(&self) -> bool {
        self.0.forget_keys()
    }

    fn facts(&self) -> Option<Vec<Command>> {
        self.0.facts()
    }
}

fn scripted_effects(gateway: &ScriptedGateway, key: IdempotencyKey) -> Vec<Money> {
    let executions = gateway.executions().into_iter();
    let done = executions.filter(|(of, done)| *of == key && matches!(done.answer, Answered::Succeeded(_)));
    done.map(|(_, done)| done.amount).collect()
}

impl GatewayUnderTest for Bare {
    fn pay_in(&self, _: Money, _: bool) -> Option<(GatewayName, Reference)> {
        None
    }

    fn effects(&self, key: IdempotencyKey) -> Vec<Money> {
        scripted_effects(&self.0, key)
    }
}

impl GatewayUnderTest for Scripted {
    fn pay_in(&self, _: Money, _: bool) -> Option<(GatewayName, Reference)> {
        Some(("bank".parse().unwrap(), "paid".parse().unwrap()))
    }

    fn effects(&self, key: IdempotencyKey) -> Vec<Money> {
        scripted_effects(&self.0, key)
    }

    fn lose_next_answer(&self) -> bool {
        self.0.script(Rule { kind: None, payee: None, times: 1, behaviour: Behaviour::TimeOutAfter });
        true
    }

    fn decline_next(&self) -> bool {
        self.0.script(Rule { kind: None, payee: None, times: 1, behaviour: Behaviour::Decline });
        true
    }
}
