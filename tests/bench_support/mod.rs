//! Deals and commands for `benches/transition.rs` and `tests/allocations/`. Everything is built here, beforehand,
//! so that what is measured is the library alone.
#![allow(dead_code, reason = "the bench and the test use a part each")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects)]

use std::sync::Arc;

use escrow::deal::command::{
    Accept, Answer, Answered, Checkpoint, CheckpointKind, ConfirmPayment, Extend, PaymentForm, Post,
    RecordTracking, RequestPayment, ReturnUrls, Revision, SetDestination, SetTrack, StartPerforming, Submit,
    Track,
};
use escrow::deposit::DepositId;
use escrow::terms::{Consent, Fee, FeePayee, Item, Moderation, Payer, Provider, Service};
use escrow::{
    Actor, Command, Context, Currency, Deal, DealId, Destination, Money, Payee, Policy, Rate, Recorded,
    Terms, TermsDraft, Time, TxId,
};

pub(crate) const BUYER: &str = "anna";
pub(crate) const SELLER: &str = "phone-shop";
pub(crate) const PARTNER: &str = "shop-window";
pub(crate) const ARBITER: &str = "arbiter-7";

/// A command, who gives it and when.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) command: Command,
    pub(crate) context: Context,
}

pub(crate) fn id() -> DealId {
    DealId::new(uuid::Uuid::from_u128(7))
}

pub(crate) fn at(secs: u64) -> Time {
    Time::from_millis(1_772_366_400_000).unwrap().plus_millis(secs * 1_000)
}

pub(crate) fn rub(minor: i64) -> Money {
    Money::from_minor(minor, Currency::RUB)
}

pub(crate) fn party(secs: u64, id: &str) -> Context {
    Context::party(at(secs), id.parse().unwrap())
}

pub(crate) fn operator(secs: u64) -> Context {
    Context::new(at(secs), Actor::Operator("staff-1".parse().unwrap()))
}

/// Two phones and a free case, with a delivery that the seller provides, 5 % to the platform
/// and 10 % to a partner: a three-way split.
pub(crate) fn draft() -> TermsDraft {
    let phone = Item::new("Phone".parse().unwrap(), rub(2_350_000), 2);
    let policy = Policy::marketplace()
        .moderation(Moderation::OnDemand)
        .partial_buyout_allowed(true)
        .max_extension_s(Policy::MAX_DURATION_S);
    let gift = Item::new("Case".parse().unwrap(), rub(0), 1);
    let (buyer, seller) = (BUYER.parse().unwrap(), SELLER.parse().unwrap());
    let mut draft = TermsDraft::new(buyer, seller, Currency::RUB, vec![phone, gift], policy);
    draft.services.push(Service {
        name: "CDEK delivery".parse().unwrap(),
        description: None,
        original_cost: None,
        final_cost: rub(40_000),
        payer: Payer::Seller,
        provider: Provider::Seller,
    });
    let (five, ten) = (Rate::from_ppm(50_000).unwrap(), Rate::from_ppm(100_000).unwrap());
    let partner = FeePayee::Partner(PARTNER.parse().unwrap());
    draft.fees.push(Fee::of_price("platform".parse().unwrap(), FeePayee::Platform, five, Payer::Seller));
    draft.fees.push(Fee::of_price("partner".parse().unwrap(), partner, ten, Payer::Seller));
    draft
}

pub(crate) fn terms() -> Arc<Terms> {
    Arc::new(Terms::new(draft()).unwrap())
}

/// The same, for which both parties have to agree.
pub(crate) fn explicit_terms() -> Arc<Terms> {
    let mut draft = draft();
    draft.policy.consent = Consent::Explicit;
    Arc::new(Terms::new(draft).unwrap())
}

pub(crate) fn proposer() -> Context {
    party(0, SELLER)
}

pub(crate) fn proposed(terms: &Arc<Terms>) -> (Deal, Vec<Recorded>) {
    let (deal, transition) = Deal::propose(id(), terms.clone(), &proposer()).unwrap();
    (deal, transition.into_events().into_vec())
}

// --- commands ----------------------------------------------------------------------------------------------------

pub(crate) fn request() -> Command {
    let return_urls = ReturnUrls::new(
        "https://shop.example/orders/1001/paid".parse().unwrap(),
        "https://shop.example/orders/1001/failed".parse().unwrap(),
    );
    let form = PaymentForm::new("card".parse().unwrap(), return_urls);
    let (key, deposit) = ("checkout-1".parse().unwrap(), DepositId::BUYER_PAYMENT);
    RequestPayment::new(key, deposit, rub(4_700_000), Arc::new(form)).into()
}

pub(crate) fn confirmation(reference: &str, amount: Money) -> ConfirmPayment {
    ConfirmPayment::charged(
        DepositId::BUYER_PAYMENT,
        "bank".parse().unwrap(),
        reference.parse().unwrap(),
        amount,
    )
}

pub(crate) fn confirm() -> Command {
    confirmation("pay-1", rub(4_700_000)).into()
}

/// The buyer's payment, on hold for a week.
pub(crate) fn hold() -> Command {
    confirmation("pay-1", rub(4_700_000)).held_until(at(7 * 86_400)).into()
}

pub(crate) fn submit() -> Command {
    let revision = Revision::new(
        "files/preview-1".parse().unwrap(),
        "files/original-1".parse().unwrap(),
        "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae".parse().unwrap(),
    );
    Submit::new(1, Arc::new(revision)).into()
}

pub(crate) fn answer(tx: u32) -> Command {
    let reference = format!("out-{tx}").parse().unwrap();
    Answer::new(TxId::new(tx), Answered::Succeeded(reference)).into()
}

pub(crate) fn track() -> Arc<Track> {
    Arc::new(Track::new("cdek".parse().unwrap(), "1105678".parse().unwrap()))
}

pub(crate) fn checkpoint(n: u64, kind: CheckpointKind, secs: u64) -> Command {
    let checkpoint = Checkpoint::new(format!("checkpoint-{n}").parse().unwrap(), kind, at(secs))
        .title("On its way to the recipient's city".parse().unwrap());
    RecordTracking::new(track(), Arc::new(checkpoint)).into()
}

pub(crate) fn post(n: u64) -> Command {
    Post::new(format!("message-{n}").parse().unwrap()).into()
}

pub(crate) fn account(n: u64) -> Command {
    SetDestination::new(Payee::Seller, Destination::Account(format!("vault-{n}").parse().unwrap())).into()
}

/// One second more for the deadline of the phase.
pub(crate) fn extend(deal: &Deal) -> Command {
    let (timer, until) = (deal.phase().timer().unwrap(), deal.phase().until().unwrap());
    Extend::new(timer, until.plus_secs(1)).into()
}

// --- the happy path ----------------------------------------------------------------------------------------------

/// The eight commands that follow the proposal.
pub(crate) const HAPPY_PATH: [&str; 8] = [
    "1 request_payment",
    "2 confirm_payment",
    "3 start",
    "4 submit",
    "5 accept",
    "6 answer (fee)",
    "7 answer (partner)",
    "8 answer (payout)",
];

pub(crate) fn happy_path() -> Vec<Step> {
    let gateway = |secs| Context::gateway(at(secs));
    let commands = [
        (request(), party(60, BUYER)),
        (confirm(), gateway(120)),
        (StartPerforming {}.into(), party(180, SELLER)),
        (submit(), party(240, SELLER)),
        (Accept::default().into(), party(300, BUYER)),
        (answer(2), gateway(301)),
        (answer(3), gateway(302)),
        (answer(4), gateway(303)),
    ];
    let named = HAPPY_PATH.into_iter().zip(commands);
    named.map(|(name, (command, context))| Step { name, command, context }).collect()
}

/// The deal as it is before the step with this name, and the step.
pub(crate) fn before(name: &str) -> (Deal, Step) {
    let (mut deal, _) = proposed(&terms());
    for step in happy_path() {
        if step.name == name {
            return (deal, step);
        }
        run(&mut deal, &step.command, &step.context);
    }
    unreachable!("{name} is a step of the happy path")
}

/// The deal after all of it.
pub(crate) fn completed() -> Deal {
    let (mut deal, _) = proposed(&terms());
    for step in happy_path() {
        run(&mut deal, &step.command, &step.context);
    }
    deal
}

/// A command that has to be accepted, and to say something new.
pub(crate) fn run(deal: &mut Deal, command: &Command, context: &Context) -> Vec<Recorded> {
    let transition = deal.handle(command, context);
    let events = transition.unwrap_or_else(|r| panic!("{command:?}: {r}")).into_events();
    assert!(!events.is_empty(), "{command:?} already stands");
    events.into_vec()
}

// --- long deals --------------------------------------------------------------------------------------------------

/// The names of what [`historic`] yields in turn.
pub(crate) const HISTORY: [&str; 4] = ["post", "track", "extend", "set_destination"];

/// The `n`th command of a deal that goes on and on while it is being performed; each makes one event.
pub(crate) fn historic(deal: &Deal, kind: &str, n: u64) -> (Command, Context) {
    let secs = 1_000 + n;
    match kind {
        "post" => (post(n), party(secs, BUYER)),
        "track" => (checkpoint(n, CheckpointKind::Progress, secs), Context::tracker(at(secs))),
        "extend" => (extend(deal), operator(secs)),
        _ => (account(n), party(secs, SELLER)),
    }
}

/// A deal that is being performed and has exactly this many events, at least ten, with its journal.
pub(crate) fn with_events(events: u64) -> (Deal, Vec<Recorded>) {
    let (mut deal, mut journal) = proposed(&terms());
    let set_track: Command = SetTrack::new(track()).into();
    let begin = [
        (confirm(), Context::gateway(at(120))),
        (set_track, party(180, SELLER)),
        (checkpoint(0, CheckpointKind::Progress, 240), Context::tracker(at(240))),
    ];
    for (command, context) in &begin {
        journal.extend(run(&mut deal, command, context));
    }
    for (n, kind) in (1..).zip(HISTORY.into_iter().cycle()) {
        if deal.version() >= events {
            break;
        }
        let (command, context) = historic(&deal, kind, n);
        journal.extend(run(&mut deal, &command, &context));
    }
    assert_eq!((deal.version(), u64::try_from(journal.len())), (events, Ok(events)));
    (deal, journal)
}

/// A late payment: it comes in after the deal is closed and goes back whole.
pub(crate) fn late_payment(n: u64) -> (Command, Context) {
    (confirmation(&format!("late-{n}"), rub(100)).into(), Context::gateway(at(10_000 + 2 * n)))
}

/// A closed deal with this many late payments, each of them refunded.
pub(crate) fn with_late_payments(payments: u64) -> Deal {
    let mut deal = completed();
    for n in 0..payments {
        let (command, context) = late_payment(n);
        run(&mut deal, &command, &context);
        let refund = deal.pending().next().unwrap().number();
        run(&mut deal, &answer(refund.number()), &Context::gateway(at(10_001 + 2 * n)));
    }
    deal
}
