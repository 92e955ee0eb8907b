//! Deals in many states, and every command.

use std::sync::Arc;

use crate::bench_support::{
    ARBITER, BUYER, PARTNER, SELLER, answer, at, before, checkpoint, completed, confirm, confirmation, draft,
    explicit_terms, hold, operator, party, post, proposed, request, rub, run, submit, terms, track,
    with_late_payments,
};
use escrow::deal::Timer;
use escrow::deal::command::{self, *};
use escrow::deposit::DepositId;
use escrow::settlement::Fault;
use escrow::{Actor, Award, Command, Context, Currency, Deal, Destination, Money, Payee, Side, Terms, TxId};

pub const NOW: u64 = 1_000;

pub fn after(mut deal: Deal, steps: &[(Command, Context)]) -> Deal {
    for (command, context) in steps {
        run(&mut deal, command, context);
    }
    deal
}

pub fn gateway() -> Context {
    Context::gateway(at(200))
}

pub fn moderator() -> Context {
    Context::new(at(200), Actor::Moderator("staff-2".parse().unwrap()))
}

pub fn appoint() -> (Command, Context) {
    (AppointArbiter::new(ARBITER.parse().unwrap()).into(), operator(200))
}

pub fn dispute() -> (Command, Context) {
    let reason = "Not what was ordered, and the box was open when it came".parse().unwrap();
    (OpenDispute::new(reason).into(), party(200, BUYER))
}

/// Accepted; paid when its clearance is over.
fn cleared() -> Deal {
    let mut draft = draft();
    draft.policy.clearance_s = 86_400;
    let (created, _) = proposed(&Arc::new(Terms::new(draft).unwrap()));
    let started = (StartPerforming {}.into(), operator(200));
    let accepted = (Accept::default().into(), party(200, BUYER));
    after(created, &[(request(), party(60, BUYER)), (confirm(), gateway()), started, accepted])
}

/// A deal in every phase, and some in which it is peculiar.
pub fn states() -> Vec<(&'static str, Deal)> {
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
        ("accepted, not paid yet", cleared()),
        ("disputed", disputed),
        ("arbitrated", arbitration),
        ("paying", before("6 answer (fee)").0),
        ("a leg was declined", after(before("6 answer (fee)").0, &[(declined.into(), gateway())])),
        ("a chargeback is open", after(funded, &[(opened, gateway())])),
        ("closed", completed()),
        ("closed, with a long history", with_late_payments(50)),
    ]
}

pub fn chargeback(step: ChargebackStep, amount: Money) -> Command {
    let payment = ("bank".parse().unwrap(), "payment-1".parse().unwrap());
    command::Chargeback::new("cb-1".parse().unwrap(), payment, amount, step).into()
}

pub fn actors() -> Vec<Actor> {
    let party = |id: &str| Actor::Party(id.parse().unwrap());
    let staff = "staff-1".parse().unwrap();
    let mut all: Vec<Actor> = [BUYER, SELLER, PARTNER, ARBITER].into_iter().map(party).collect();
    // longer than what fits without a heap, so that a copy of it would be seen
    all.push(party("somebody-whom-this-deal-has-never-heard-of"));
    all.extend([Actor::Operator(staff), moderator().actor, Actor::Gateway, Actor::Tracker, Actor::Clock]);
    all
}

/// At least one command of every kind, and one for every way in which its content can be wrong.
pub fn commands() -> Vec<Command> {
    let usd = Money::from_minor(100, Currency::USD);
    let long = |n: usize| "long enough to lie on the heap.".repeat(n);
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
        Annotate::default().order_id(long(2).parse().unwrap()).into(),
        Annotate::default().tags(vec!["gift".parse().unwrap(); 40]).into(),
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
        GiveBack::new(rub(1)).into(),
        GiveBack::new(rub(i64::MAX)).into(),
        Escalate {}.into(),
        Returned::new(TxId::new(999), rub(1), "returned-1".parse().unwrap()).into(),
        SettleReceivable::new(999, rub(1), "settled-1".parse().unwrap()).into(),
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
pub fn each(mut visit: impl FnMut(&str, &Deal, &Command, &Context)) {
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
