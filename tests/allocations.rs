//! What a command allocates, counted by the allocator: nothing where it is refused, nothing for the commands of a
//! usual deal, and never more at the 10 000th event than at the 10th. Counts, not times: `benches/transition.rs` has
//! those.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used, clippy::panic)]

mod bench_support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::hint::black_box;
use std::sync::Arc;

use escrow::deal::command::*;
use escrow::deal::{PhaseKind, Timer, command};
use escrow::deposit::DepositId;
use escrow::settlement::Fault;
use escrow::terms::{FeePayee, Payer, Provider, Service};
use escrow::{
    Actor, Award, Command, Context, Currency, Deal, Destination, Money, Payee, Rejection, Side, Status,
    Terms, TxId, transition,
};

use bench_support::{
    ARBITER, BUYER, HISTORY, PARTNER, SELLER, Step, answer, at, before, checkpoint, completed, confirm,
    confirmation, draft, explicit_terms, happy_path, historic, hold, id, late_payment, operator, party, post,
    proposed, proposer, request, rub, run, submit, terms, track, with_events, with_late_payments,
};

// --- the counter -------------------------------------------------------------------------------------------------

thread_local! {
    // a plain number: no destructor, and no memory of its own, so that the allocator can use it at any time
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

/// The system's allocator, counting what each thread asks for: tests that run beside each other do not disturb.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[expect(
    unsafe_code,
    reason = "an allocator cannot be counted without being one; the library itself has none"
)]
// SAFETY: every call goes to the system's allocator as it came; counting neither allocates nor panics.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: as the caller promises.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: as the caller promises.
        unsafe { System.realloc(block, layout, size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(block, layout) }
    }
}

fn count() {
    ALLOCATIONS.set(ALLOCATIONS.get().wrapping_add(1));
}

/// What this thread has asked the allocator for meanwhile, and the result.
fn counted<T>(work: impl FnOnce() -> T) -> (u64, T) {
    let before = ALLOCATIONS.get();
    let result = black_box(work());
    (ALLOCATIONS.get() - before, result)
}

#[test]
fn the_counter_counts() {
    assert_eq!(counted(|| Box::new(7)).0, 1);
    assert_eq!(counted(|| vec![1, 2, 3].push(4)).0, 2);
    assert_eq!(counted(|| Arc::new(7).clone()).0, 1);
    assert_eq!(counted(|| 7).0, 0);
}

// --- states ------------------------------------------------------------------------------------------------------

const NOW: u64 = 1_000;

fn after(mut deal: Deal, steps: &[(Command, Context)]) -> Deal {
    for (command, context) in steps {
        run(&mut deal, command, context);
    }
    deal
}

fn gateway() -> Context {
    Context::gateway(at(200))
}

fn moderator() -> Context {
    Context::new(at(200), Actor::Moderator("staff-2".parse().unwrap()))
}

fn appoint() -> (Command, Context) {
    (AppointArbiter::new(ARBITER.parse().unwrap()).into(), operator(200))
}

fn dispute() -> (Command, Context) {
    let reason = "Not what was ordered, and the box was open when it came".parse().unwrap();
    (OpenDispute::new(reason).into(), party(200, BUYER))
}

/// A deal in every phase, and some in which it is peculiar.
fn states() -> Vec<(&'static str, Deal)> {
    let (proposed_only, _) = proposed(&explicit_terms());
    let (created, _) = proposed(&terms());
    let set_track: (Command, Context) = (SetTrack::new(track()).into(), party(200, SELLER));
    let remark: Command = Remark::new("Which model is it?".parse().unwrap()).into();
    let funded = after(created.clone(), &[(request(), party(60, BUYER)), (confirm(), gateway()), appoint()]);
    let performing = before("4 submit").0;
    let submitted = before("5 accept").0;
    let disputed = after(submitted.clone(), &[appoint(), dispute()]);
    let mut arbitration = disputed.clone();
    let negotiated = disputed.next_deadline().unwrap();
    run(&mut arbitration, &Wake {}.into(), &Context::clock(negotiated));
    let declined = Answer::new(TxId::new(2), Answered::Declined("No such card".parse().unwrap()));
    let opened = chargeback(ChargebackStep::Opened, rub(4_700_000));
    vec![
        ("proposed", proposed_only),
        ("awaiting the deposit", created.clone()),
        ("remarked, not paid", after(created.clone(), &[(remark.clone(), moderator())])),
        ("on hold", after(created.clone(), &[(hold(), gateway())])),
        ("funded", funded.clone()),
        ("remarked, paid", after(funded.clone(), &[(remark, moderator())])),
        ("tracked", after(funded.clone(), &[set_track])),
        ("performing", performing),
        ("submitted", submitted),
        ("disputed", disputed),
        ("arbitrated", arbitration),
        ("paying", before("6 answer (fee)").0),
        ("a leg was declined", after(before("6 answer (fee)").0, &[(declined.into(), gateway())])),
        ("a chargeback is open", after(funded, &[(opened, gateway())])),
        ("closed", completed()),
        ("closed, with a long history", with_late_payments(50)),
    ]
}

fn chargeback(step: ChargebackStep, amount: Money) -> Command {
    let (reference, deposit) = ("cb-1".parse().unwrap(), DepositId::BUYER_PAYMENT);
    command::Chargeback::new(reference, deposit, amount, step).into()
}

fn actors() -> Vec<Actor> {
    let party = |id: &str| Actor::Party(id.parse().unwrap());
    let staff = "staff-1".parse().unwrap();
    let mut all: Vec<Actor> = [BUYER, SELLER, PARTNER, ARBITER].into_iter().map(party).collect();
    // longer than what fits without a heap, so that a copy of it would be seen
    all.push(party("somebody-whom-this-deal-has-never-heard-of"));
    all.extend([Actor::Operator(staff), moderator().actor, Actor::Gateway, Actor::Tracker, Actor::Clock]);
    all
}

// --- commands ----------------------------------------------------------------------------------------------------

/// At least one command of every kind, and one for every way in which its content can be wrong.
fn commands() -> Vec<Command> {
    let usd = Money::from_minor(100, Currency::USD);
    let long = |n: usize| "long enough to lie on the heap, ".repeat(n);
    let amended = {
        let mut draft = draft();
        draft.items.iter_mut().for_each(|item| item.quantity = 3);
        Arc::new(Terms::new(draft).unwrap())
    };
    let pinned = {
        let mut draft = draft();
        draft.seller = "another-shop".parse().unwrap();
        Arc::new(Terms::new(draft).unwrap())
    };
    let pay = |deposit, amount| {
        let Command::RequestPayment(request) = request() else { unreachable!() };
        Command::from(RequestPayment::new("checkout-2".parse().unwrap(), deposit, amount, request.form))
    };
    let confirmed = |deposit, amount| {
        let mut confirmed = confirmation("pay-9", amount);
        confirmed.deposit = deposit;
        Command::from(confirmed)
    };
    let claim =
        |deposit| Some(StatedPayment::new(deposit, "bank".parse().unwrap(), "pay-8".parse().unwrap()));
    let answered = |tx, result| Command::from(Answer::new(TxId::new(tx), result));
    let succeeded = |reference: &str| Answered::Succeeded(reference.parse().unwrap());
    let part = |quantities: &[u32]| Command::from(Accept::part(quantities));
    let service = |service| Command::from(IncurCost::new(service, long(2).parse().unwrap()));
    let charge = |payer, payee, amount| {
        let (key, reason) = ("charge-1".parse().unwrap(), long(3).parse().unwrap());
        Command::from(AddCharge::new(key, payer, payee, amount, reason))
    };
    let cancel = |at_fault| Command::from(Cancel::new(long(3).parse().unwrap()).at_fault(at_fault));
    let award = |award| [ProposeAward::new(award).into(), AcceptAward::new(award).into()];
    let rule = |award| Command::from(Rule::new(award).at_fault(Side::Seller));
    let account = || Some(Destination::Account(long(3).parse().unwrap()));
    let destination = |payee: Payee| Command::from(SetDestination::new(payee, account()));
    let redirect = |payee: Payee| Command::from(RedirectRefund::new(payee, account()));
    let extend = |timer, until| Command::from(Extend::new(timer, until));
    let nowhere = DepositId::charge(9).unwrap();
    let (ours, theirs) = (DepositId::BUYER_PAYMENT, DepositId::SELLER_PAYMENT);
    let attachment = Attachment::new("file-1".parse().unwrap(), "image/jpeg".parse().unwrap(), 1 << 20)
        .description(long(5).parse().unwrap());
    let other_track = Track::new("cdek".parse().unwrap(), "7777777".parse().unwrap());
    let mut all: Vec<Command> = vec![
        Amend::new(1, amended.clone()).into(),
        Amend::new(9, amended).into(),
        Amend::new(1, pinned).into(),
        Agree::new(1).into(),
        Agree::new(9).into(),
        Agree::new(1).payment(claim(ours)).into(),
        Agree::new(1).payment(claim(theirs)).into(),
        Agree::new(1).payment(claim(nowhere)).into(),
        pay(ours, rub(100)),
        pay(ours, rub(0)),
        pay(ours, usd),
        pay(ours, rub(9_000_000)),
        pay(theirs, rub(100)),
        pay(nowhere, rub(100)),
        confirmed(ours, rub(100)),
        confirmed(ours, rub(-1)),
        confirmed(ours, usd),
        confirmed(ours, rub(i64::MAX)),
        confirmed(nowhere, rub(100)),
        Remark::new(long(9).parse().unwrap()).into(),
        Approve {}.into(),
        Attach::new(Arc::new(attachment)).into(),
        SetTrack::new(Arc::new(other_track)).into(),
        RemoveTrack {}.into(),
        checkpoint(9, CheckpointKind::Refused, NOW),
        StartPerforming {}.into(),
        StopPerforming {}.into(),
        submit(),
        RequestChanges::new(1, long(9).parse().unwrap()).into(),
        RequestChanges::new(9, long(9).parse().unwrap()).into(),
        Accept::default().into(),
        part(&[1, 1]),
        part(&[1]),
        part(&[9, 1]),
        part(&[0, 0]),
        Report::new(Verdict::Failure).into(),
        service(0),
        service(9),
        charge(Side::Buyer, Payee::Seller, rub(100)),
        charge(Side::Buyer, Payee::Buyer, rub(100)),
        charge(Side::Buyer, Payee::Seller, rub(0)),
        charge(Side::Buyer, Payee::Seller, usd),
        charge(Side::Buyer, Payee::Seller, rub(i64::MAX)),
        cancel(None),
        cancel(Some(Fault::Seller)),
        dispute().0,
        WithdrawDispute::default().into(),
        FileClaim::new("A40-1/2026".parse().unwrap()).into(),
        rule(Award::SellerAll),
        rule(Award::Amount(rub(i64::MAX))),
        rule(Award::Amount(usd)),
        rule(Award::Amount(rub(-1))),
        AppointArbiter::new("arbiter-8".parse().unwrap()).into(),
        AppointArbiter::new(PARTNER.parse().unwrap()).into(),
        answer(2),
        answered(1, succeeded("nothing-of-the-kind")),
        answered(2, succeeded("nothing-of-the-kind")),
        answered(2, Answered::Declined(long(9).parse().unwrap())),
        answered(999, Answered::InProgress),
        destination(Payee::Buyer),
        redirect(Payee::Buyer),
        destination(Payee::Platform),
        destination(Payee::Party(PARTNER.parse().unwrap())),
        chargeback(ChargebackStep::Opened, rub(4_700_000)),
        chargeback(ChargebackStep::Won, rub(4_700_000)),
        chargeback(ChargebackStep::Won, rub(0)),
        chargeback(ChargebackStep::Won, usd),
        extend(Timer::Start, at(NOW)),
        extend(Timer::Performance, at(NOW)),
        extend(Timer::Acceptance, at(400 * 86_400)),
        extend(Timer::Start, at(9_999 * 86_400)),
        extend(Timer::Settlement, at(400 * 86_400)),
        post(1),
        Wake {}.into(),
    ];
    let awards = [Award::SellerAll, Award::Amount(rub(i64::MAX)), Award::Amount(rub(-1)), Award::Amount(usd)];
    all.extend(awards.into_iter().flat_map(award));
    all
}

/// Every command, by every actor, with and without what they have seen, in every state.
fn each(mut visit: impl FnMut(&str, &Deal, &Command, &Context)) {
    let (commands, actors) = (commands(), actors());
    for (state, deal) in states() {
        let now = deal.last_at().max(at(NOW));
        for command in &commands {
            for actor in &actors {
                let context = Context::new(now, actor.clone());
                visit(state, &deal, command, &context.clone().seen(deal.revision() + 1));
                visit(state, &deal, command, &context);
            }
        }
    }
}

// --- rejections --------------------------------------------------------------------------------------------------

#[test]
fn a_rejection_allocates_nothing() {
    let mut codes: BTreeMap<&str, u64> = BTreeMap::new();
    let mut kinds = BTreeSet::new();
    let mut phases = BTreeSet::new();
    each(|state, deal, command, context| {
        let (allocations, judged) = counted(|| transition(deal, command, context));
        if let Err(rejection) = judged {
            assert_eq!(allocations, 0, "{state}: {command:?} by {}: {rejection}", context.actor);
            *codes.entry(rejection.code()).or_default() += 1;
            kinds.insert(command.kind());
            phases.insert(deal.phase().kind());
        }
    });
    // the test says something: every kind was refused, in every phase, for every sort of reason
    assert_eq!(kinds.len(), CommandKind::ALL.len(), "{kinds:?}");
    assert_eq!(phases.len(), PhaseKind::ALL.len(), "{phases:?}");
    assert!(codes.len() >= 30, "{codes:?}");
    let sorts =
        ["unknown-actor", "stale", "wrong-role", "wrong-phase", "capture-unconfirmed", "award-over-max"];
    assert!(sorts.iter().all(|code| codes.contains_key(code)), "{codes:?}");
}

#[test]
fn handling_a_rejected_command_allocates_nothing_and_leaves_the_deal() {
    each(|state, deal, command, context| {
        if transition(deal, command, context).is_err() {
            let mut handled = deal.clone();
            let (allocations, judged) = counted(|| handled.handle(command, context).map(|_| ()));
            assert!(judged.is_err());
            assert_eq!(allocations, 0, "{state}: {command:?} by {}", context.actor);
            assert_eq!(handled, *deal);
        }
    });
}

/// A partial buyout that is refused for what it comes to is quoted anew first: in sums, without a list.
#[test]
fn a_partial_buyout_that_is_refused_after_its_quote_allocates_nothing() {
    // the seller pays a courier of the platform's: the free case alone does not earn that
    let mut draft = bench_support::draft();
    draft.services[0].provider = Provider::Platform;
    let (mut deal, _) = bench_support::proposed(&Arc::new(Terms::new(draft).unwrap()));
    let _ = deal.handle(&bench_support::confirm(), &Context::gateway(bench_support::at(60))).unwrap();
    let _ = deal.handle(&StartPerforming {}.into(), &party(120, bench_support::SELLER)).unwrap();
    let judged = |quantities: &[u32]| {
        let command = Accept::part(quantities).into();
        let (allocations, judged) = counted(|| transition(&deal, &command, &party(300, BUYER)));
        (allocations, judged.unwrap_err().code())
    };
    // seen only when it is quoted
    assert_eq!(judged(&[0, 1]), (0, "seller-uncovered"));
    // whatever can be seen without the quote
    assert_eq!(judged(&[0, 0]), (0, "nothing-accepted"));
    assert_eq!(judged(&[3, 0]), (0, "quantity-over-ordered"));
    assert_eq!(judged(&[1]), (0, "quantities-missing"));
}

/// An award that is refused is settled first, however many services and fees there are to claim something.
#[test]
fn an_award_that_is_refused_allocates_nothing_however_many_claims_there_are() {
    for services in [0, 2, 3, 6, 14, 31] {
        let mut draft = draft();
        for n in 0..services {
            draft.services.push(Service {
                name: format!("service-{n}").parse().unwrap(),
                description: None,
                original_cost: None,
                final_cost: rub(100),
                payer: Payer::Seller,
                provider: Provider::Platform,
            });
        }
        for fee in &mut draft.fees {
            assert!(matches!(fee.payee, FeePayee::Platform | FeePayee::Partner(_)));
            fee.on_refund = Some(escrow::terms::OnRefund::Keep);
        }
        let (mut deal, _) = proposed(&Arc::new(Terms::new(draft).unwrap()));
        let mut steps = vec![(confirm(), gateway()), appoint()];
        steps.extend((1..=services).map(|n| {
            let evidence = "bill".parse().unwrap();
            (IncurCost::new(n, evidence).into(), operator(200))
        }));
        steps.extend([(StartPerforming {}.into(), party(200, SELLER)), dispute()]);
        deal = after(deal, &steps);
        let command = ProposeAward::new(Award::Amount(rub(i64::MAX))).into();
        let (allocations, judged) = counted(|| transition(&deal, &command, &party(300, BUYER)));
        assert!(matches!(judged, Err(Rejection::Settle(_))), "{judged:?}");
        assert_eq!(allocations, 0, "{services} services and two fees");
    }
}

/// Off the hot path: where a timer is due, the command is judged on a copy of the deal. The copy of a usual deal
/// needs no heap either; a list of more than four is copied to it.
#[test]
fn a_rejection_under_an_overdue_timer_allocates_for_long_lists_only() {
    let judged = |deal: &Deal| {
        let due = Context::new(deal.next_deadline().unwrap(), party(0, SELLER).actor);
        let (allocations, judged) = counted(|| transition(deal, &Accept::default().into(), &due));
        assert_eq!(judged.unwrap_err().code(), "wrong-role");
        allocations
    };
    assert_eq!(judged(&before("3 start").0), 0, "one payment and its refund");
    let (mut deal, _) = before("1 request_payment");
    for n in 1..=5 {
        let Command::RequestPayment(mut request) = request() else { unreachable!() };
        request.key = format!("checkout-{n}").parse().unwrap();
        run(&mut deal, &request.into(), &party(60, BUYER));
        assert_eq!(judged(&deal), u64::from(n > 4), "{n} payment requests");
    }
}

// --- the happy path ----------------------------------------------------------------------------------------------

#[test]
fn a_usual_deal_allocates_nothing_from_the_proposal_to_the_last_payout() {
    let (terms, proposer, steps) = (terms(), proposer(), happy_path());
    let (allocations, proposed) = counted(|| Deal::propose(id(), terms, &proposer));
    assert_eq!(allocations, 0, "propose");
    let mut deal = proposed.unwrap().0;
    for Step { name, command, context } in &steps {
        let (decided, judged) = counted(|| transition(&deal, command, context));
        let (handled, judged_again) = counted(|| deal.handle(command, context));
        let judged = judged.unwrap();
        assert_eq!(judged.events(), judged_again.unwrap().events());
        assert_eq!(judged.after(), Some(&deal), "{name}");
        assert_eq!((decided, handled), (0, 0), "{name}");
    }
    assert_eq!(deal.status(), Status::Completed);
}

/// What the other commands allocate where they are accepted, applied included: the most over every state.
#[test]
fn accepted_commands_that_allocate_are_few_and_known() {
    let mut most: BTreeMap<CommandKind, u64> = BTreeMap::new();
    each(|_, deal, command, context| {
        let mut after = deal.clone();
        let (allocations, judged) = counted(|| after.handle(command, context));
        if judged.is_ok_and(|transition| !transition.is_empty()) {
            let most = most.entry(command.kind()).or_default();
            *most = allocations.max(*most);
        }
    });
    assert!(most.len() > 30, "accepted: {most:?}");
    most.retain(|_, allocations| *allocations > 0);
    let known = [
        // a claim's order, which stands apart from its event
        (CommandKind::Agree, 1),
        // the fifth transaction of a deal: its list leaves the stack
        (CommandKind::ConfirmPayment, 1),
        // the lists of the new quote, and the fifth transaction
        (CommandKind::AcceptPart, 3),
        // the charge's key, payee and reason, which events and deals share, and the fifth deposit
        (CommandKind::AddCharge, 2),
        // the next attempt of a declined leg, as the fifth transaction
        (CommandKind::SetDestination, 1),
    ];
    assert_eq!(most, BTreeMap::from(known));
}

// --- long deals --------------------------------------------------------------------------------------------------

#[test]
fn a_command_allocates_the_same_at_the_10th_and_at_the_10_000th_event() {
    let at_event = |events: u64| {
        let (deal, _) = with_events(events);
        let mut counts = BTreeMap::new();
        for kind in HISTORY {
            let (command, context) = historic(&deal, kind, events + 1);
            let mut deal = deal.clone();
            let (allocations, judged) = counted(|| deal.handle(&command, &context));
            assert_eq!(judged.unwrap().events().len(), 1);
            counts.insert(kind, allocations);
        }
        let late = at(20_000);
        let mut end = deal.clone();
        let (allocations, judged) =
            counted(|| end.handle(&Accept::default().into(), &Context::party(late, BUYER.parse().unwrap())));
        assert_eq!(judged.unwrap().orders().count(), 3);
        counts.insert("accept", allocations);
        let (allocations, judged) = counted(|| transition(&deal, &Wake {}.into(), &Context::gateway(late)));
        assert_eq!(judged.unwrap_err().code(), "wrong-role");
        counts.insert("rejected", allocations);
        counts
    };
    let tenth = at_event(10);
    assert!(tenth.values().all(|allocations| *allocations == 0), "{tenth:?}");
    for events in [100, 1_000, 10_000] {
        assert_eq!(at_event(events), tenth, "at {events} events");
    }
}

/// Payments after the end are the one thing that a deal keeps and that nobody can refuse. Deciding about one
/// allocates nothing however many there were, besides the copy that the transition carries; keeping it does when a list is
/// full and doubles.
#[test]
fn deciding_about_a_late_payment_allocates_nothing_however_many_there_were() {
    for payments in [0, 1, 10, 100, 1_000] {
        let deal = with_late_payments(payments);
        let (command, context) = late_payment(payments);
        let (copied, mut copy) = counted(|| deal.clone());
        let (kept, handled) = counted(|| copy.handle(&command, &context));
        let (allocations, judged) = counted(|| transition(&deal, &command, &context));
        assert_eq!(judged.unwrap().orders().count(), handled.unwrap().orders().count());
        assert_eq!(allocations, copied + kept, "after {payments}");
        // the lists of transactions and of legs
        assert!(copied <= 2 && kept <= 2, "after {payments}: {copied} and {kept}");
    }
}
