//! What two hosts race for.

use std::sync::Arc;

use escrow::deal::command::{
    Accept, ChargebackStep, DestinationUse, IncurCost, Returned, StartPerforming, Wake,
};
use escrow::settlement::Fault;
use escrow::terms::{BuyerCancel, FeePayee, OnRefund, Payer, Policy, Provider, TermsDraft};
use escrow::{Actor, Caller, Command, Payee, Time, TxId};
use escrow_testing::{Behaviour, Rule, SinkFault};

use super::client::Job;
use super::world::Planted;
use crate::common::{
    B, DAY, after, buyer, card, chargeback, destination, dispute, fixed_fee, just_before, payment, plain,
    rub, sale, seller, service, set_track, start, terms, text, usd,
};

/// What was before, what each of two hosts is to do, and how late it is by their clocks.
pub struct Story {
    pub name: &'static str,
    pub begins: Time,
    pub before: Arc<[Job]>,
    pub clocks: [Time; 2],
    pub jobs: [Arc<[Job]>; 2],
    /// How the gateway behaves.
    pub rules: Vec<Rule>,
    /// Whether the deal is that of a serial run to the letter, version and instants included. Otherwise only its money is.
    pub to_the_letter: bool,
}

/// What may go wrong on the way.
#[derive(Clone, Debug, Default)]
pub struct Setting {
    pub crashes: usize,
    pub faults: Vec<(usize, SinkFault)>,
    pub rules: Vec<Rule>,
    pub planted: Option<Planted>,
}

fn by(actor: Actor, command: impl Into<Command>) -> Job {
    Job::Do(Caller::from(actor), command.into())
}

fn cancel(at_fault: Option<Fault>) -> Command {
    escrow::deal::command::Cancel::new(text("enough")).at_fault(at_fault).into()
}

fn operator(name: &str) -> Actor {
    Actor::Operator(text(name))
}

/// Paid and started.
fn performing(draft: TermsDraft, price: i64) -> Arc<[Job]> {
    [
        Job::Open(terms(draft), buyer().into()),
        by(Actor::Gateway, payment(B, "pay-1", rub(price))),
        by(seller(), StartPerforming {}),
    ]
    .into()
}

fn story(name: &'static str, before: Arc<[Job]>, ours: Vec<Job>, theirs: Vec<Job>) -> Story {
    let (clocks, jobs) = ([start(); 2], [ours.into(), theirs.into()]);
    Story { name, begins: start(), before, clocks, jobs, rules: Vec::new(), to_the_letter: true }
}

/// The buyer accepts at one host, the seller cancels at the other.
pub fn acceptance_and_cancellation() -> Story {
    let before = performing(plain(Policy::shop()), 1_000_00);
    let ours = vec![by(buyer(), Accept::default())];
    story("acceptance and cancellation", before, ours, vec![by(seller(), cancel(None))])
}

/// The buyer clicks twice, and two hosts take it: two legs.
pub fn the_same_acceptance_twice() -> Story {
    let before = performing(sale(Policy::shop()), 1_000_00);
    let accept = || vec![by(buyer(), Accept::default())];
    story("the same acceptance twice", before, accept(), accept())
}

/// The buyer disputes in the last instant; by the other host's clock the time is up.
pub fn dispute_and_timer() -> Story {
    let mut before = performing(plain(Policy::shop()), 1_000_00).to_vec();
    before.push(by(seller(), crate::common::submit(1)));
    // the acceptance window of the presets
    let due = after(6 * crate::common::HOUR);
    let (ours, theirs) = (vec![by(buyer(), dispute("broken"))], vec![by(Actor::Clock, Wake {})]);
    let story = story("dispute and timer", before.into(), ours, theirs);
    Story { clocks: [just_before(due), due], to_the_letter: false, ..story }
}

/// Two operators cancel, and do not agree on whose fault it is. A kept fee makes the difference.
pub fn two_operators() -> Story {
    let mut draft = plain(Policy::shop());
    draft.fees.push(fixed_fee("kept", FeePayee::Platform, 20_00, Payer::Seller, OnRefund::Keep));
    let ours = vec![by(operator("olga"), cancel(Some(Fault::Buyer)))];
    let theirs = vec![by(operator("oleg"), cancel(Some(Fault::Seller)))];
    story("two operators", performing(draft, 1_000_00), ours, theirs)
}

/// Both parties open the same deal.
pub fn opening_twice() -> Story {
    let open = |policy, actor: Actor| vec![Job::Open(terms(plain(policy)), actor.into())];
    let (ours, theirs) = (open(Policy::shop(), buyer()), open(Policy::marketplace(), seller()));
    story("opening twice", [].into(), ours, theirs)
}

/// The gateway tells two hosts of one payment, 10.00 too much: one refund.
pub fn a_webhook_at_both_hosts() -> Story {
    let before = [Job::Open(terms(plain(Policy::shop())), buyer().into())].into();
    let paid = || vec![by(Actor::Gateway, payment(B, "pay-1", rub(1_010_00)))];
    story("a webhook at both hosts", before, paid(), paid())
}

/// One host asks again after a time-out while the gateway's webhook reaches the other.
pub fn a_webhook_and_an_answer() -> Story {
    let mut before = performing(plain(Policy::shop()), 1_000_00).to_vec();
    before.push(by(buyer(), Accept::default()));
    let webhook = crate::common::answer(2, crate::common::succeeded("gw-2"));
    let story =
        story("a webhook and an answer", before.into(), vec![Job::Resume], vec![by(Actor::Gateway, webhook)]);
    Story { rules: vec![rule(None, Behaviour::TimeOutAfter, 1)], ..story }
}

/// A bank takes the payment back while the buyer accepts.
pub fn acceptance_and_chargeback() -> Story {
    let before = performing(plain(Policy::shop()), 1_000_00);
    let lost = chargeback("cb-1", "pay-1", 600_00, ChargebackStep::Lost);
    let ours = vec![by(buyer(), Accept::default())];
    story("acceptance and chargeback", before, ours, vec![by(Actor::Gateway, lost)])
}

/// The payee's bank gives a payout back while the seller names another card: one that is named before it came back is where it
/// is sent again when somebody asks; one that is named after it sends it at once.
pub fn bounce_and_redirection() -> Story {
    let mut before = performing(plain(Policy::shop()), 1_000_00).to_vec();
    before.push(by(buyer(), Accept::default()));
    let returned = Returned::new(TxId::new(2), rub(1_000_00), text("bounce-1"));
    let card = destination(Payee::Seller, DestinationUse::Payouts, card("another"));
    let ours = vec![by(Actor::Gateway, returned)];
    story("bounce and redirection", before.into(), ours, vec![by(seller(), card)])
}

/// Two hosts hear two steps of one chargeback: the second one before the first is refused, and told again by nobody.
pub fn lost_and_reinstated() -> Story {
    let mut before = performing(plain(Policy::shop()), 1_000_00).to_vec();
    before.push(by(buyer(), Accept::default()));
    let step = |step| vec![by(Actor::Gateway, chargeback("cb-1", "pay-1", 600_00, step))];
    let (ours, theirs) = (step(ChargebackStep::Lost), step(ChargebackStep::Reinstated));
    story("lost and reinstated", before.into(), ours, theirs)
}

/// One payment in two currencies, one of them not the deal's: a receipt each, in whatever order they are told.
pub fn stray_and_payment() -> Story {
    let before = [Job::Open(terms(plain(Policy::shop())), buyer().into())].into();
    let ours = vec![by(Actor::Gateway, payment(B, "pay-1", rub(1_000_00)))];
    let theirs = vec![by(Actor::Gateway, payment(B, "pay-2", usd(7_00)))];
    Story { to_the_letter: false, ..story("stray and payment", before, ours, theirs) }
}

pub const SHORT: [fn() -> Story; 9] = [
    acceptance_and_cancellation,
    dispute_and_timer,
    opening_twice,
    a_webhook_at_both_hosts,
    a_webhook_and_an_answer,
    acceptance_and_chargeback,
    bounce_and_redirection,
    lost_and_reinstated,
    stray_and_payment,
];

/// Short, too, but with so many gateway calls and commits that crashes make half a million schedules.
pub const TWO_LEGS: [fn() -> Story; 2] = [the_same_acceptance_twice, two_operators];

fn rule(payee: Option<Payee>, behaviour: Behaviour, times: u32) -> Rule {
    Rule { kind: None, payee, times, behaviour }
}

/// A service of a courier's, a fee for the platform: three legs.
fn with_three_legs() -> TermsDraft {
    let mut draft = sale(Policy::shop().buyer_cancel(BuyerCancel::BeforeAcceptance));
    draft.fees[0].on_refund = Some(OnRefund::Keep);
    draft.services.push(service("delivery", 50_00, Payer::Buyer, Provider::Third(text("courier"))));
    draft
}

/// A whole deal on a hold: funding, delivery, acceptance against a cancellation, three legs and an excess.
pub fn whole_deal() -> Story {
    let before = [Job::Open(terms(with_three_legs()), buyer().into())].into();
    let mut hold = payment(B, "hold-1", rub(1_050_00));
    hold.held_until = Some(after(10 * DAY));
    let card = destination(Payee::Seller, DestinationUse::Payouts, card("card-of-boris"));
    let ours = vec![
        by(Actor::Gateway, hold.clone()),
        by(seller(), StartPerforming {}),
        by(crate::common::courier(), IncurCost::new(0, text("receipt"))),
        by(buyer(), Accept::default()),
        by(Actor::Gateway, payment(B, "pay-2", rub(7_00))),
    ];
    let theirs = vec![
        by(Actor::Gateway, hold),
        by(seller(), card),
        by(seller(), set_track("1105678")),
        by(buyer(), cancel(None)),
    ];
    Story { to_the_letter: false, ..story("a whole deal", before, ours, theirs) }
}

/// The payout is declined; the seller names cards while two operators are at work. A card that is named before the
/// payout changes nothing, and it goes to the balance in the end; one that is named after it is the next attempt.
pub fn declined_payout() -> Story {
    let before = performing(with_three_legs(), 1_050_00);
    let card = |token: &str| destination(Payee::Seller, DestinationUse::Payouts, card(token));
    let ours = vec![
        by(seller(), card("one")),
        by(buyer(), Accept::default()),
        by(operator("olga"), cancel(Some(Fault::Buyer))),
    ];
    let theirs =
        vec![by(seller(), card("another")), by(operator("oleg"), cancel(Some(Fault::Seller))), Job::Resume];
    let rules = vec![rule(Some(Payee::Seller), Behaviour::Decline, 1)];
    Story { rules, to_the_letter: false, ..story("a declined payout", before, ours, theirs) }
}

pub const LONG: [fn() -> Story; 2] = [whole_deal, declined_payout];
