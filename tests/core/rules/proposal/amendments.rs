//! Amending: what may change, who has to agree, and what becomes of deposits.

use crate::common::*;
use escrow::deal::command::{AppointArbiter, Chargeback, ChargebackStep};
use escrow::deal::{Command, Consents, Event};
use escrow::deposit::{LegState, Purpose};
use escrow::terms::{Acceptance, Fee, FeePayee, NamedAs, Payer, Problem, Provider, Terms};
use escrow::{Actor, Payee, Policy, Rejection, Side, Status, TermsDraft};

#[test]
fn a_counter_offer_is_a_new_version() {
    let mut w = World::new(plain(Policy::freelance()));
    let events = w.act(&seller(), amend(1, dearer(plain(Policy::freelance()))));
    let Event::TermsAmended { terms_version, deposits, consents, .. } = &events[0].event else {
        panic!("{events:?}");
    };
    assert_eq!(*terms_version, 2);
    // 1 000.00 → 1 200.00
    assert_eq!((deposits[0].old, deposits[0].new), (rub(1_000_00), rub(1_200_00)));
    assert_eq!(*consents, Consents { buyer: false, seller: true });
    // the proposal's deadline does not move by it
    assert_eq!(w.until(), after(7 * DAY));
    // the buyer was slower with their own version 2
    let slower = w.refuse(&buyer(), amend(1, described(plain(Policy::freelance()))));
    assert_eq!(slower, Rejection::StaleTerms { given: 1, actual: 2 });
    // and counters the counter-offer
    w.act(&buyer(), amend(2, plain(Policy::freelance())));
    assert_eq!(w.deal.consents(), Consents { buyer: true, seller: false });
    w.act(&seller(), agree(3));
    assert_eq!(w.status(), Status::AwaitingDeposit);
    assert_eq!(w.deal.terms().quote().deposit, rub(1_000_00));
}

#[test]
fn what_an_amendment_cannot_change() {
    let mut w = World::new(sale(Policy::shop()));
    let base = sale(Policy::shop());
    let with = |change: &dyn Fn(&mut TermsDraft)| {
        let mut draft = base.clone();
        change(&mut draft);
        draft
    };
    let everybody = [buyer(), seller(), operator()];
    let for_nobody = [
        ("buyer", with(&|d| d.buyer = text("bella"))),
        ("seller", with(&|d| d.seller = text("sid"))),
        ("arbiter", with(&|d| d.arbiter = Some(text("judge")))),
    ];
    for (field, draft) in for_nobody {
        for actor in &everybody {
            let Rejection::Terms(error) = w.refuse(actor, amend(1, draft.clone())) else { panic!() };
            assert_eq!((error.field(), error.problem()), (field, Problem::Pinned));
        }
    }
    // money has come in, so the currency of that deposit stays
    let mut dollars = base.clone();
    dollars.guarantees.buyer = Some(usd(10_00));
    let mut w2 = World::new({
        let mut draft = base.clone();
        draft.guarantees.buyer = Some(rub(10_00));
        draft
    });
    w2.pay(GB, 5_00);
    let Rejection::Terms(error) = w2.refuse(&buyer(), amend(1, dollars)) else { panic!() };
    assert_eq!(error.problem(), Problem::Pinned);
    // an operator may change fees
    w.act(&operator(), amend(1, plain(Policy::shop())));
    assert_eq!(w.deal.consents(), Consents::default());
    assert_eq!(w.deal.binding_terms().fees.len(), 1);
}

/// A chargeback that waits for its payment keeps no currency: the money, once it comes, is in its own. What has come in
/// keeps it.
#[test]
fn a_contested_deposit_keeps_the_currency_of_its_money() {
    let guarantee_of = |amount| {
        let mut draft = sale(Policy::shop());
        draft.guarantees.buyer = Some(amount);
        draft
    };
    for came in [true, false] {
        let mut w = World::new(guarantee_of(rub(10_00)));
        let opened =
            Chargeback::new(text("case"), (text("bank"), text("p")), rub(5_00), ChargebackStep::Opened);
        w.act(&Actor::Gateway, opened.of(GB));
        if came {
            w.act(&Actor::Gateway, payment(GB, "p", rub(10_00)));
        }
        let dollars = amend(1, guarantee_of(usd(10_00)));
        if came {
            let Rejection::Terms(error) = w.refuse(&buyer(), dollars) else { panic!() };
            assert_eq!((error.field(), error.problem()), ("guarantees", Problem::Pinned));
            continue;
        }
        w.act(&buyer(), dollars);
        assert_eq!(w.deal.deposit(GB).unwrap().required(), usd(10_00));
        // 10.00 roubles come for it: they stray, and go back, but for the 5.00 that are in dispute
        w.act(&Actor::Gateway, payment(GB, "p", rub(10_00)));
        let legs: Vec<_> = w.legs().into_iter().map(|(_, to, _, minor, state)| (to, minor, state)).collect();
        assert_eq!(legs, [(Payee::Buyer, 5_00, LegState::Ordered), (Payee::Buyer, 5_00, LegState::Waiting)]);
        assert!(w.buckets(GB) == Default::default());
    }
}

#[test]
fn a_changed_deposit_is_returned_in_full_and_an_unchanged_one_stays() {
    let mut draft = plain(Policy::shop());
    draft.guarantees.seller = Some(rub(300_00));
    let mut w = World::new(draft.clone());
    w.pay(B, 400_00);
    w.pay(GS, 300_00);
    let events = w.act(&seller(), amend(1, dearer(draft.clone())));
    assert_eq!(World::names(&events), ["terms_amended", "leg_ordered"]);
    assert_eq!(w.legs(), [(B, Payee::Buyer, Purpose::Returned, 400_00, LegState::Ordered)]);
    assert_eq!((w.held(B), w.held(GS)), (0, 300_00));
    // paid again, before the consent, and before the return has arrived
    w.pay(B, 1_200_00);
    assert_eq!(w.status(), Status::AwaitingDeposit);
    w.act(&buyer(), agree(2));
    assert_eq!(w.status(), Status::AwaitingPerformance);
    w.done_all();
    // 400.00 + 1 200.00 in, 400.00 back
    let b = w.buckets(B);
    assert_eq!((b.received, b.refunded, b.held), (1_600_00, 400_00, 1_200_00));
    // a description changes no deposit
    let mut w = World::new(draft.clone());
    w.pay(B, 400_00);
    w.act(&seller(), amend(1, described(draft)));
    assert_eq!(w.held(B), 400_00);
}

#[test]
fn until_an_amendment_is_agreed_the_old_terms_bind() {
    // delivery for 100.00 was incurred; the seller makes it 200.00; the buyer leaves on the old terms
    let mut draft = with_sellers_delivery(Policy::marketplace());
    draft.services.push(service("wrapping", 50_00, Payer::Seller, Provider::Seller));
    let mut w = World::funded(draft.clone());
    w.act(&seller(), incur(0));
    w.act(&moderator(), remark("hm"));
    let mut cheaper = draft.clone();
    cheaper.services[0].final_cost = rub(200_00);
    let Rejection::Terms(error) = w.refuse(&seller(), amend(1, cheaper)) else { panic!() };
    assert_eq!((error.field(), error.problem()), ("services", Problem::Pinned));
    let mut other = draft;
    other.services[1].final_cost = rub(60_00);
    w.act(&seller(), amend(1, other));
    w.act(&buyer(), cancel("I have not agreed to that"));
    // buyer at fault: 100.00 of incurred delivery to the seller, 1 000.00 back
    assert_eq!(w.gets(&Payee::Seller, Purpose::Payout), 100_00);
    assert_eq!(w.gets(&Payee::Buyer, Purpose::Refund), 1_000_00);
}

#[test]
fn an_arbiter_is_not_paid_by_the_deal_in_any_order() {
    let partner = || Fee::of_price(text("p"), FeePayee::Partner(text("judge")), percent(5), Payer::Seller);
    let mut draft = judged(plain(Policy::freelance()));
    draft.fees.push(partner());
    let error = Terms::new(draft).unwrap_err();
    assert_eq!(error.problem(), Problem::IsAParty(NamedAs::Partner { fee: 0 }));
    assert_eq!(
        error.to_string(),
        "arbiter must be somebody else: the same id is the partner who gets a fee, in `fees[0].payee`"
    );
    // appointed first, named by an amendment afterwards
    let mut w = World::new(plain(Policy::freelance()));
    w.act(&operator(), AppointArbiter::new(text("judge")));
    let mut with_fee = plain(Policy::freelance());
    with_fee.fees.push(partner());
    let mut with_service = plain(Policy::freelance());
    with_service.services.push(service("x", 1_00, Payer::Seller, Provider::Third(text("judge"))));
    // the field is the one that the amendment has written, not that of the arbiter, which it leaves alone
    assert_eq!(
        w.refuse(&operator(), amend(1, with_fee)).to_string(),
        "terms: fees[0].payee must be somebody else: the same id is the arbiter who was appointed"
    );
    let Rejection::Terms(error) = w.refuse(&seller(), amend(1, with_service)) else { panic!() };
    assert_eq!((error.field(), error.index()), ("provider", Some(0)));
    assert_eq!(error.problem(), Problem::IsAParty(NamedAs::Arbiter));
}

#[test]
fn amendments_do_not_contradict_what_has_happened() {
    // whatever is refused or not, the deal stays one that decodes: `World` checks it after every step
    // a charge is payable to a courier whom the amendment removes
    let mut w = World::funded({
        let mut draft = plain(Policy::marketplace());
        draft.services.push(service("delivery", 0, Payer::Seller, Provider::Third(text("courier"))));
        draft
    });
    w.act(&seller(), charge("c", Side::Buyer, payee("courier"), 50_00));
    w.act(&moderator(), remark("no couriers"));
    if w.attempt(&seller(), amend(1, plain(Policy::marketplace()))).is_ok() {
        w.act(&buyer(), agree(2));
    }
    // two revisions were submitted, and the operator allows one
    let mut w = World::new(plain(Policy::shop()));
    w.act(&seller(), submit(1));
    w.act(&seller(), submit(2));
    let mut strict = plain(Policy::shop());
    strict.policy.max_revisions = 1;
    assert!(w.attempt(&operator(), amend(1, strict)).is_err() || w.deal.submitted() == 2);
    // dollars were asked for, and the guarantee is dropped
    let mut draft = plain(Policy::shop());
    draft.guarantees.seller = Some(usd(100_00));
    let mut w = World::new(draft);
    let Command::RequestPayment(mut dollars) = request("k", GS, 1) else { panic!() };
    dollars.amount = usd(100_00);
    w.act(&seller(), dollars);
    let Rejection::Terms(error) = w.refuse(&seller(), amend(1, plain(Policy::shop()))) else { panic!() };
    assert_eq!(error.problem(), Problem::Pinned);
}

/// Where both agree to every version, how long the performance takes is theirs to negotiate, and nothing else of the
/// policy; where creating the deal was consent, nothing at all.
#[test]
fn the_time_to_perform_is_negotiable_where_both_agree() {
    let longer = |mut draft: TermsDraft| {
        draft.policy.performance_s += DAY;
        draft
    };
    let mut w = World::new(guaranteed());
    w.act(&seller(), amend(1, longer(guaranteed())));
    let performance_s = guaranteed().policy.performance_s + DAY;
    assert_eq!((w.deal.terms().policy.performance_s, w.deal.terms_version()), (performance_s, 2));
    let mut more = longer(guaranteed());
    more.policy.deposit_s += 1;
    let pinned = |rejection| matches!(rejection, Rejection::Terms(e) if (e.field(), e.problem()) == ("policy", Problem::Pinned));
    assert!(pinned(w.refuse(&buyer(), amend(2, more))));

    let mut w = World::new(plain(Policy::shop()));
    assert!(pinned(w.refuse(&seller(), amend(1, longer(plain(Policy::shop()))))));
}

/// While a courier's cost is incurred, a party cannot amend a required deposit, which would be returned, and leave; the
/// operator can.
#[test]
fn nobody_amends_incurred_costs_away() {
    let mut draft = with_courier(Policy::marketplace());
    draft.policy.consent = Policy::shop().consent;
    let mut w = World::funded(draft.clone());
    w.act(&operator(), incur(0));
    w.act(&moderator(), remark("blurred photo"));
    for party in [buyer(), seller()] {
        let Rejection::Terms(error) = w.refuse(&party, amend(1, dearer(draft.clone()))) else { panic!() };
        assert_eq!((error.field(), error.problem()), ("deposit", Problem::CostsIncurred));
    }
    // what changes no deposit is theirs
    w.act(&seller(), amend(1, described(draft.clone())));
    w.act(&operator(), amend(2, dearer(draft)));
    assert_eq!(w.deal.terms_version(), 3);
}

/// How the deal is accepted cannot be amended once work was submitted, nor once performance could have begun.
#[test]
fn how_a_deal_is_accepted_is_settled_once_it_has_begun() {
    let mutual = |mut draft: TermsDraft| {
        draft.policy.acceptance = Acceptance::Mutual;
        draft
    };
    let pinned = |rejection| matches!(rejection, Rejection::Terms(e) if (e.field(), e.problem()) == ("policy.acceptance", Problem::Pinned));

    // work is seen before it is paid
    let draft = plain(Policy::freelance());
    let mut w = World::new(draft.clone());
    w.act(&seller(), agree(1));
    w.act(&seller(), submit(1));
    assert!(pinned(w.refuse(&operator(), amend(1, mutual(draft.clone())))));
    let mut w = World::new(draft.clone());
    w.act(&seller(), agree(1));
    w.act(&operator(), amend(1, mutual(draft)));

    // funded, and held up by a moderator
    let draft = plain(Policy::marketplace());
    let mut w = World::funded(draft.clone());
    w.act(&moderator(), remark("blurred photo"));
    assert!(pinned(w.refuse(&operator(), amend(1, mutual(draft)))));
}

/// Until both have agreed to something, the terms on the table are those that would bind.
#[test]
fn a_version_that_was_never_agreed_to_binds_nobody() {
    let mut w = World::new(plain(Policy::freelance()));
    w.act(&seller(), amend(1, dearer(plain(Policy::freelance()))));
    assert_eq!(w.deal.binding_terms().quote().deposit, rub(1_200_00));
    w.act(&buyer(), agree(2));
    // from here on it binds, whatever is proposed next
    w.act(&seller(), amend(2, plain(Policy::freelance())));
    assert_eq!(w.deal.binding_terms().quote().deposit, rub(1_200_00));
}
