//! A gateway that behaves as it is told: prompt, silent, late, declining, timing out, answering twice, contradicting
//! itself.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Mutex;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

use super::lock;
use escrow::deal::PendingOrder;
use escrow::deal::command::{Answer, Answered, ConfirmPayment, Returned};
use escrow::deposit::{IdempotencyKey, Reason, Reference, TransactionKind};
use escrow::port::{CheckoutForm, CheckoutRequest, FormMethod, PaymentGateway, blocking};
use escrow::{Command, Money, Payee};

/// How the gateway treats an order.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Behaviour {
    /// Does it and says so.
    #[default]
    Prompt,
    /// Says that it is in progress, and does it when it is asked again.
    Silent,
    /// Declines it for good.
    Decline,
    /// Does nothing, and the answer is lost.
    TimeOut,
    /// Does it, and the answer is lost.
    TimeOutAfter,
    /// Does it and says so, now and once more by [`ScriptedGateway::take_webhooks`].
    AnswerTwice,
    /// Does it and says that it is in progress, until [`ScriptedGateway::take_webhooks`] has told the result.
    Late,
    /// Does it and says so; a webhook says that it was declined, which is not true.
    DoneThenDeclined,
    /// Does it and says that it was declined, which is not true; a webhook says that it is done, and so does the gateway
    /// from then on.
    DeclinedThenDone,
    /// Does it and says so; a fact says that the payee's bank has given all of it back. What is not paid out does not come
    /// back.
    Bounce,
    /// The same, and it comes back in two parts.
    BounceInParts,
    /// Declines to let a hold go, or to capture it; a fact says that it was charged after all. Anything else is declined.
    ChargedAnyway,
    /// Captures in two parts, each told as a fact with an id of its own, and says that the order is in progress. Anything
    /// else is done at once.
    ChargedInParts,
}

/// For which orders a behaviour is meant.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Of this kind; absent: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<TransactionKind>,
    /// To this payee; absent: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payee: Option<Payee>,
    /// How often; absent: once.
    #[serde(default = "once")]
    pub times: u32,
    /// What the gateway does.
    pub behaviour: Behaviour,
}

const fn once() -> u32 {
    1
}

/// What the gateway has done under a key.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Execution {
    /// What kind of order it was.
    pub kind: TransactionKind,
    /// The payee.
    pub payee: Payee,
    /// The amount.
    pub amount: Money,
    /// The answer to it.
    pub answer: Answered,
    /// How often it was asked; its effect happened once at most.
    pub asked: u32,
}

/// What a gateway says later, each with the id of the machine that has asked.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Told {
    /// Answers, with the number of that machine's order.
    pub answers: Vec<(Uuid, Answer)>,
    /// Facts, which deals are told.
    pub facts: Vec<(Uuid, Command)>,
}

/// The answer was lost.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("the gateway did not answer")]
pub struct TimedOut;

#[derive(Debug, Default)]
struct Books {
    rules: VecDeque<Rule>,
    done: BTreeMap<IdempotencyKey, Execution>,
    /// Each with the machine that has asked.
    webhooks: Vec<(Uuid, Answer)>,
    /// Each with the deal that it is told, where it came of an order.
    facts: Vec<(Option<Uuid>, Command)>,
    /// What was charged though its order was declined, in minor units.
    charged_anyway: i64,
    /// What is told by a webhook first.
    late: BTreeSet<IdempotencyKey>,
}

/// Keeps books by idempotency key: the first effect of a key is its only one.
#[derive(Debug, Default)]
pub struct ScriptedGateway(Mutex<Books>);

impl ScriptedGateway {
    /// A gateway that is prompt.
    pub fn new() -> Self {
        Self::default()
    }

    /// From now on, the next orders that a rule fits are treated by it; earlier rules first.
    pub fn script(&self, rule: Rule) {
        lock(&self.0).rules.push_back(rule);
    }

    /// Every order that had an effect or was declined, by its key.
    pub fn executions(&self) -> Vec<(IdempotencyKey, Execution)> {
        lock(&self.0).done.iter().map(|(key, execution)| (*key, execution.clone())).collect()
    }

    /// Answers that are still to be delivered, as a gateway's webhooks would, in the order in which they were given.
    /// Webhooks come in any order, more than once, or never: turn the list round, repeat it, or drop it.
    pub fn take_webhooks(&self) -> Vec<Answer> {
        let mut books = lock(&self.0);
        books.late.clear();
        std::mem::take(&mut books.webhooks).into_iter().map(|(_, answer)| answer).collect()
    }

    /// Facts about money that are still to be delivered, in the order in which they came about: returns, charges, and what
    /// [`ScriptedGateway::tell`] was given. As webhooks they come in any order, more than once, or never.
    pub fn take_facts(&self) -> Vec<Command> {
        std::mem::take(&mut lock(&self.0).facts).into_iter().map(|(_, fact)| fact).collect()
    }

    /// Both of these, each with the id of the machine that has asked; an answer has the number of that machine's order. What
    /// [`ScriptedGateway::tell`] was given is not among them.
    pub fn take_told(&self) -> Told {
        let mut books = lock(&self.0);
        books.late.clear();
        let (of_orders, others) =
            std::mem::take(&mut books.facts).into_iter().partition(|(id, _)| id.is_some());
        books.facts = others;
        let of_orders: Vec<(Option<Uuid>, Command)> = of_orders;
        let facts = of_orders.into_iter().filter_map(|(machine, fact)| Some((machine?, fact))).collect();
        Told { answers: std::mem::take(&mut books.webhooks), facts }
    }

    /// A fact that came about at the gateway, to be delivered: a payment, a chargeback, a return.
    pub fn tell(&self, fact: impl Into<Command>) {
        lock(&self.0).facts.push((None, fact.into()));
    }

    /// What came in by holds that it had refused to capture or to let go, in minor units.
    pub fn charged_anyway(&self) -> i64 {
        lock(&self.0).charged_anyway
    }

    fn form(request: &CheckoutRequest<'_>) -> CheckoutForm {
        CheckoutForm {
            method: FormMethod::Post,
            url: "https://gateway.example/pay".to_owned(),
            parameters: vec![
                ("key".to_owned(), request.key.to_string()),
                ("amount".to_owned(), request.amount.to_string()),
                ("method".to_owned(), request.form.method.to_string()),
                ("success_url".to_owned(), request.form.return_urls.success_url.to_string()),
                ("fail_url".to_owned(), request.form.return_urls.fail_url.to_string()),
            ],
        }
    }

    fn treat(&self, order: &PendingOrder<'_>) -> Result<Answered, TimedOut> {
        let mut books = lock(&self.0);
        let books = &mut *books;
        if let Some(known) = books.done.get_mut(&order.key) {
            known.asked = known.asked.saturating_add(1);
            let is_late = books.late.contains(&order.key);
            return Ok(if is_late { Answered::InProgress } else { known.answer.clone() });
        }
        let fits = |rule: &&mut Rule| {
            rule.times > 0
                && rule.kind.is_none_or(|kind| kind == order.kind)
                && rule.payee.as_ref().is_none_or(|payee| payee == order.payee)
        };
        let behaviour = match books.rules.iter_mut().find(fits) {
            Some(rule) => {
                rule.times = rule.times.saturating_sub(1);
                rule.behaviour
            }
            None => Behaviour::Prompt,
        };
        let done = || reference(order).map_or(Answered::InProgress, Answered::Succeeded);
        let declined = || Answered::Declined(Reason::new("declined by the gateway").unwrap_or_default());
        // what it puts into its books, what it says now, and what a webhook says
        let (answer, reply, webhook) = match behaviour {
            Behaviour::Prompt => (Some(done()), Ok(done()), None),
            Behaviour::AnswerTwice => (Some(done()), Ok(done()), Some(done())),
            Behaviour::Silent => (None, Ok(Answered::InProgress), None),
            Behaviour::Decline => (Some(declined()), Ok(declined()), None),
            Behaviour::TimeOut => (None, Err(TimedOut), None),
            Behaviour::TimeOutAfter => (Some(done()), Err(TimedOut), None),
            Behaviour::Late => (Some(done()), Ok(Answered::InProgress), Some(done())),
            Behaviour::DoneThenDeclined => (Some(done()), Ok(done()), Some(declined())),
            Behaviour::DeclinedThenDone => (Some(done()), Ok(declined()), Some(done())),
            Behaviour::Bounce | Behaviour::BounceInParts => (Some(done()), Ok(done()), None),
            Behaviour::ChargedAnyway => (Some(declined()), Ok(declined()), None),
            Behaviour::ChargedInParts if order.kind == TransactionKind::Capture => {
                (Some(Answered::InProgress), Ok(Answered::InProgress), None)
            }
            Behaviour::ChargedInParts => (Some(done()), Ok(done()), None),
        };
        let facts = facts(order, behaviour);
        if behaviour == Behaviour::ChargedAnyway && !facts.is_empty() {
            books.charged_anyway = books.charged_anyway.saturating_add(order.amount.minor());
        }
        let machine = order.key.machine;
        books.facts.extend(facts.into_iter().map(|fact| (Some(machine), fact)));
        if behaviour == Behaviour::Late {
            books.late.insert(order.key);
        }
        books.webhooks.extend(webhook.map(|result| (machine, Answer::new(order.number(), result))));
        if let Some(answer) = answer {
            let (kind, payee, amount) = (order.kind, order.payee.clone(), order.amount);
            books.done.insert(order.key, Execution { kind, payee, amount, answer, asked: 1 });
        }
        reply
    }
}

/// What is told besides the answer.
fn facts(order: &PendingOrder<'_>, behaviour: Behaviour) -> Vec<Command> {
    // a fact is a deal's command: what comes back to another machine, its host tells it
    if order.transaction.is_none() {
        return Vec::new();
    }
    let (kind, amount) = (order.kind, order.amount);
    let half = Money::from_minor(amount.minor().div_euclid(2), amount.currency());
    let rest = Money::from_minor(amount.minor().saturating_sub(half.minor()), amount.currency());
    let parts = [half, rest].into_iter().filter(|part| part.is_positive());
    match behaviour {
        Behaviour::Bounce => returned(order, &[amount]),
        Behaviour::BounceInParts => returned(order, &parts.collect::<Vec<_>>()),
        Behaviour::ChargedAnyway if matches!(kind, TransactionKind::Void | TransactionKind::Capture) => {
            charged(order, amount).into_iter().map(Command::from).collect()
        }
        Behaviour::ChargedInParts if kind == TransactionKind::Capture => {
            let parts: Vec<Money> = parts.collect();
            let last = parts.len();
            let number = |n: usize| Reference::new(format!("{}-{n}", order.key.transaction)).ok();
            let one = |(n, part): (usize, Money)| {
                let id = number(n)?.as_str().parse().ok()?;
                Some(charged(order, part)?.capture(id, n == last).into())
            };
            (1..).zip(parts).filter_map(one).collect()
        }
        Behaviour::Prompt
        | Behaviour::Silent
        | Behaviour::Decline
        | Behaviour::TimeOut
        | Behaviour::TimeOutAfter
        | Behaviour::AnswerTwice
        | Behaviour::Late
        | Behaviour::DoneThenDeclined
        | Behaviour::DeclinedThenDone
        | Behaviour::ChargedAnyway
        | Behaviour::ChargedInParts => Vec::new(),
    }
}

/// The payee's bank gives these parts of an outgoing payment back.
fn returned(order: &PendingOrder<'_>, parts: &[Money]) -> Vec<Command> {
    match order.kind {
        TransactionKind::Refund | TransactionKind::Payout | TransactionKind::Fee => {
            let tx = order.number();
            let reference = |n: usize| Reference::new(format!("back-{}-{n}", tx.number())).ok();
            let numbered = (1..).zip(parts);
            numbered.filter_map(|(n, part)| Some(Returned::new(tx, *part, reference(n)?).into())).collect()
        }
        TransactionKind::Charge
        | TransactionKind::Hold
        | TransactionKind::Capture
        | TransactionKind::Void => Vec::new(),
    }
}

/// The payment of the order's hold was charged.
fn charged(order: &PendingOrder<'_>, amount: Money) -> Option<ConfirmPayment> {
    let (gateway, payment) = (order.gateway?.clone(), order.source?.clone());
    Some(ConfirmPayment::charged(order.transaction?.deposit(), gateway, payment, amount))
}

/// The gateway's id: that of the stated payment where one is verified, otherwise made from the key.
fn reference(order: &PendingOrder<'_>) -> Option<Reference> {
    if let (true, Some(stated)) = (order.kind.is_inbound(), order.source) {
        return Some(stated.clone());
    }
    // `gw-` and numbers are a reference; were they not, the order would stay unanswered instead of a test panicking
    let attempt = order.key.attempt.map(|attempt| format!("-{attempt}")).unwrap_or_default();
    Reference::new(format!("gw-{}{attempt}", order.key.transaction)).ok()
}

impl PaymentGateway for ScriptedGateway {
    type Error = TimedOut;

    async fn checkout(&self, request: CheckoutRequest<'_>) -> Result<CheckoutForm, TimedOut> {
        Ok(Self::form(&request))
    }

    async fn execute(&self, order: PendingOrder<'_>) -> Result<Answered, TimedOut> {
        self.treat(&order)
    }
}

impl blocking::PaymentGateway for ScriptedGateway {
    type Error = TimedOut;

    fn checkout(&self, request: CheckoutRequest<'_>) -> Result<CheckoutForm, TimedOut> {
        Ok(Self::form(&request))
    }

    fn execute(&self, order: PendingOrder<'_>) -> Result<Answered, TimedOut> {
        self.treat(&order)
    }
}
