//! What a command allocates, counted by the allocator: nothing where it is refused, nothing for the commands of a
//! usual deal, and never more at the 10 000th event than at the 10th. Counts, not times: `benches/transition.rs` has
//! those.
#![allow(unreachable_pub)]
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::unwrap_used, clippy::panic)]

#[path = "../bench_support/mod.rs"]
mod bench_support;
mod counter;
mod deals;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::bench_support::{
    BUYER, HISTORY, SELLER, Step, at, before, confirm, draft, happy_path, historic, id, late_payment,
    operator, party, proposed, proposer, request, rub, run, terms, with_events, with_late_payments,
};
use crate::counter::counted;
use crate::deals::{after, appoint, dispute, each, gateway};
use escrow::deal::PhaseKind;
use escrow::deal::command::*;
use escrow::terms::{FeePayee, Payer, Provider, Service};
use escrow::{Award, Command, Context, Deal, Rejection, Status, Terms, transition};

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

/// A partial buyout is refused before anything is quoted anew.
#[test]
fn a_partial_buyout_that_is_refused_allocates_nothing() {
    let terms = Arc::new(Terms::new(bench_support::draft()).unwrap());
    let (mut deal, _) = bench_support::proposed(&terms);
    let _ = deal.handle(&bench_support::confirm(), &Context::gateway(bench_support::at(60))).unwrap();
    let _ = deal.handle(&StartPerforming {}.into(), &party(120, bench_support::SELLER)).unwrap();
    let judged = |quantities: &[u32]| {
        let command = Accept::part(quantities).into();
        let (allocations, judged) = counted(|| transition(&deal, &command, &party(300, BUYER)));
        (allocations, judged.unwrap_err().code())
    };
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
        // the notes before and after, which events share, and the terms with them
        (CommandKind::Annotate, 8),
        // a claim's order, which stands apart from its event
        (CommandKind::Agree, 1),
        // the fifth transaction of a deal: its list leaves the stack; and where a chargeback is known, what the losses come
        // to is worked out anew, in lists of its own
        (CommandKind::ConfirmPayment, 5),
        (CommandKind::Cancel, 5),
        (CommandKind::CancelWithFault, 5),
        (CommandKind::Chargeback, 8),
        // the lists of the new quote, and the fifth transaction
        (CommandKind::AcceptPart, 3),
        // the charge's key, payee and reason, which events and deals share, and the fifth deposit
        (CommandKind::AddCharge, 2),
        // the next attempt of a declined leg, as the fifth transaction
        (CommandKind::SetDestination, 1),
    ];
    assert_eq!(most, BTreeMap::from(known));
}

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
