//! Terms.

use crate::common::*;
use escrow::deal::command::{
    Accept, AppointArbiter, Attach, Attachment, ChargebackStep, Extend, IncurCost, Post, StartPerforming,
};
use escrow::deal::{Command, Consents, Event, Timer};
use escrow::settlement::{Fault, Quantities};
use escrow::terms::{Item, OnSilence, Problem, Terms};
use escrow::{Actor, Context, Envelope, Payee, Policy, Rejection, Side, Status, Time};
use serde_json::Value;

#[test]
fn terms_changed_after_consent() {
    let mut w = World::new(sale(Policy::freelance()));
    // the buyer has consented to version 1; the seller makes it 1 200.00 and cannot keep that consent
    let mut dearer = sale(Policy::freelance());
    dearer.items[0].unit_price = rub(1_200_00);
    w.act(&seller(), amend(1, dearer.clone()));
    let consents = w.deal.consents();
    assert!(!consents.buyer && consents.seller);
    // a consent names its version
    let stale = w.refuse(&buyer(), agree(1));
    assert_eq!(stale, Rejection::StaleTerms { given: 1, actual: 2 });
    assert_eq!(w.status(), Status::Proposed);
    w.act(&buyer(), agree(2));
    assert_eq!(w.status(), Status::AwaitingDeposit);

    // fees and policy are not the parties' to edit
    let mut cheaper = dearer.clone();
    cheaper.fees.clear();
    let mut lax = dearer.clone();
    lax.policy.on_acceptance_deadline = OnSilence::Cancel;
    for (draft, field) in [(cheaper.clone(), "fees"), (lax, "policy")] {
        for actor in [buyer(), seller()] {
            let Rejection::Terms(error) = w.refuse(&actor, amend(2, draft.clone())) else {
                panic!("pinned");
            };
            assert_eq!((error.field(), error.problem()), (field, Problem::Pinned));
        }
    }
    // the operator may, and then nobody has consented any more
    w.act(&operator(), amend(2, cheaper));
    assert_eq!(w.deal.consents(), Consents::default());
    // paid, but not agreed: the deal does not move, and what binds is still version 2
    w.pay(B, 1_200_00);
    assert_eq!(w.status(), Status::AwaitingDeposit);
    assert_eq!(w.deal.binding_terms().fees.len(), 1);
    w.act(&buyer(), agree(3));
    w.act(&seller(), agree(3));
    assert_eq!(w.status(), Status::AwaitingPerformance);
    // funded: no more amendments
    let late = w.refuse(&seller(), amend(3, dearer));
    assert!(matches!(late, Rejection::WrongPhase { .. }), "{late:?}");
}

#[test]
fn terminal_edit() {
    let mut w = completed();
    let attachment = Attachment::new(text("file"), text("image/png"), 1).description(text(""));
    let attach = Attach::new(attachment);
    let part: Quantities = vec![1].into();
    let commands: Vec<(Actor, Command)> = vec![
        (buyer(), attach.into()),
        (buyer(), Post::new(text("psst")).into()),
        (buyer(), Accept::part(part).into()),
        (buyer(), request("k", B, 1)),
        (buyer(), cancel("no")),
        (buyer(), dispute("no")),
        (seller(), amend(1, plain(Policy::shop()))),
        (seller(), agree(2)),
        (seller(), StartPerforming {}.into()),
        (seller(), submit(1)),
        (seller(), charge("c", Side::Buyer, Payee::Seller, 1)),
        (operator(), IncurCost::new(0, text("e")).into()),
        (operator(), by_operator(Fault::Buyer)),
        (operator(), AppointArbiter::new(text("judge")).into()),
        (operator(), Extend::new(Timer::Performance, Time::MAX).into()),
    ];
    for (actor, command) in commands {
        let refused = w.refuse(&actor, command.clone());
        assert!(matches!(refused, Rejection::WrongPhase { .. }), "{command:?}: {refused:?}");
    }
    // facts about money are taken, and move no status
    let changed_at = w.deal.status_change().clone();
    w.pass(DAY).pay(B, 1_00);
    w.done_all();
    w.act(&Actor::Gateway, chargeback("cb", "pay-1", 1_00, ChargebackStep::Opened));
    assert_eq!(*w.deal.status_change(), changed_at);
    assert_eq!(w.deal.next_deadline(), None);
}

#[test]
fn empty_deal() {
    let mut draft = sale(Policy::shop());
    draft.items.clear();
    assert_eq!(problem(draft.clone()), Problem::Empty);
    // a price of zero is a coupon of 100 %, and no empty deal
    draft.items = vec![Item::new(text("gift"), rub(0), 3)];
    assert!(Terms::new(draft.clone()).is_ok());
    draft.items = vec![Item::new(text("thing"), rub(1), 0)];
    let error = Terms::new(draft.clone()).unwrap_err();
    assert_eq!((error.field(), error.index()), ("quantity", Some(0)));
    // nor by the back door of decoding
    draft.items = vec![Item::new(text("thing"), rub(1), 1)];
    let mut json = serde_json::to_value(&draft).unwrap();
    json["items"] = Value::Array(Vec::new());
    let error = serde_json::from_value::<Terms>(json).unwrap_err().to_string();
    assert!(error.contains("items must not be empty"), "{error}");
}

#[test]
fn event_without_detail() {
    let mut w = World::new(sale(Policy::shop()));
    w.pay(B, 700_00);
    let mut dearer = sale(Policy::shop());
    dearer.items[0].unit_price = rub(1_200_00);
    let context = Context::new(w.now, seller()).via(text("marketplace"));
    let before = w.deal.version();
    let decided = w.attempt_in(&context, &amend(1, dearer)).unwrap();
    let envelopes: Vec<_> = Envelope::wrap(&w.deal, before, decided.events(), w.now).collect();
    let json = serde_json::to_value(&envelopes[0]).unwrap();
    // who, on whose behalf, when, which version
    assert_eq!(json["actor"], serde_json::json!({"party": "boris"}));
    assert_eq!(json["via"], "marketplace");
    assert_eq!(json["version"], before + 1);
    assert_eq!(json["occurred_at"], "2026-03-01T12:00:00Z");
    // what, old and new: 1 000.00 → 1 200.00
    assert_eq!(json["event"]["type"], "terms_amended");
    assert_eq!(json["event"]["changed"], serde_json::json!(["items"]));
    let change = &json["event"]["deposits"][0];
    assert_eq!(change["old"]["amount"], "1000.00");
    assert_eq!(change["new"]["amount"], "1200.00");
    // the versions of one deal have no gap
    assert_eq!(envelopes.iter().map(|e| e.version).collect::<Vec<_>>(), [before + 1, before + 2]);

    // a deadline counts at its own instant, and the journal tells when it was noticed
    w.act(&buyer(), agree(2));
    w.pass(30 * DAY);
    let before = w.deal.version();
    let fired = w.wake();
    let first = Envelope::wrap(&w.deal, before, &fired, w.now).next().unwrap();
    assert_eq!((first.occurred_at, first.recorded_at), (after(3 * DAY), w.now));
    assert_eq!(first.event, Event::TimerFired { timer: Timer::Funding });
    assert_eq!(first.clone().into_recorded(), fired[0]);
    // and the status says when, by whom, and what it was before
    let change = w.deal.status_change();
    assert_eq!((change.at, &change.by), (after(3 * DAY), &Actor::Clock));
    assert_eq!(change.previous, Some(Status::AwaitingDeposit));
}
