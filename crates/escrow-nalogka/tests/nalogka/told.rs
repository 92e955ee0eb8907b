//! Webhooks of whole lives.

use std::path::Path;

use escrow::deal::command::Wake;
use escrow::{Actor, Status};
use escrow_nalogka::{
    DealEvent, DealStatus, HistoryError, Inexpressible, Notification, events, notifications,
};
use escrow_testing::scenario::{Scenario, run};
use proptest::prelude::*;

use super::*;

/// The laws of a history, whatever it is: who is told what, in which order.
fn lawful(all: &[Envelope], after: &Deal, host: &HostData) -> Result<Vec<Notification>, HistoryError> {
    let told = notifications(None, all, after, host)?;
    let mut status = None;
    let mut last: Option<escrow_nalogka::Deal> = None;
    for (i, notification) in told.iter().enumerate() {
        let deal = match notification {
            Notification::Created { deal } => {
                assert_eq!(i, 0);
                assert!(status.replace(deal.status).is_none());
                deal
            }
            Notification::Updated { deal, changes } => {
                let old = last.as_ref().unwrap();
                assert!(changes.keys().any(|field| field != "updated_at"), "{changes:?}");
                // exactly what differs from what was told before, but for what goes without saying
                let fields = |deal: &escrow_nalogka::Deal| serde_json::to_value(deal).unwrap();
                let (before, now) = (fields(old), fields(deal));
                for (field, value) in now.as_object().unwrap() {
                    match changes.get(field) {
                        Some((was, is)) => {
                            assert_ne!(was, is, "{field}");
                            assert_eq!(is, value, "{field}");
                            if field != "updated_at" {
                                assert_eq!(*was, before[field], "{field}");
                            }
                        }
                        // what only moves `updated_at` is not told
                        None => assert!(field == "updated_at" || *value == before[field], "{field}"),
                    }
                }
                deal
            }
            Notification::ChangedStatus { deal, old_status, new_status } => {
                assert_ne!(old_status, new_status);
                assert_eq!(status.replace(*new_status), Some(*old_status), "no gap");
                assert_eq!(deal.status, *new_status);
                deal
            }
        };
        last = Some((**deal).clone());
    }
    assert_eq!(status, Some(DealStatus::try_from(after.status()).unwrap()));
    // cut anywhere, it is the same story
    let mut noted = host.clone();
    let recorded: Vec<_> = all.iter().cloned().map(Envelope::into_recorded).collect();
    let mut pieces = Vec::new();
    for (i, envelope) in all.iter().enumerate() {
        let now = if i + 1 == all.len() { after.clone() } else { applied(after, &recorded[..=i]) };
        let before = (i > 0).then(|| applied(after, &recorded[..i]));
        let piece = notifications(before.as_ref(), &all[i..=i], &now, &noted).unwrap();
        let old = before.as_ref().map(|before| fields_of(before, &noted));
        noted.note(envelope);
        for notification in &piece {
            if let (Notification::Updated { changes, .. }, Some(old)) = (notification, &old) {
                let new = fields_of(&now, &noted);
                let differ = new.as_object().unwrap().iter().filter(|(field, value)| old[*field] != **value);
                assert!(changes.keys().eq(differ.map(|(field, _)| field)), "exactly what differs");
            }
        }
        pieces.extend(piece);
    }
    assert_eq!(pieces, told);
    // and the history resource tells it with the same changes, under ids of their own
    let history = events(None, all, after, host).unwrap();
    assert_eq!(history.len(), told.len());
    let mut ids = std::collections::BTreeSet::new();
    for (event, notification) in history.iter().zip(&told) {
        match (event, notification) {
            (DealEvent::Created(e), Notification::Created { .. }) => assert!(ids.insert(e.id.clone())),
            (DealEvent::Updated(e), Notification::Updated { changes, .. }) => {
                assert!(ids.insert(e.id.clone()));
                assert_eq!(e.change_set, *changes);
            }
            (DealEvent::ChangedStatus(e), Notification::ChangedStatus { old_status, new_status, .. }) => {
                assert!(ids.insert(e.id.clone()));
                assert_eq!((e.old, e.new), (*old_status, *new_status));
            }
            other => panic!("{other:?}"),
        }
    }
    Ok(told)
}

fn fields_of(deal: &Deal, host: &HostData) -> Value {
    serde_json::to_value(escrow_nalogka::Deal::project(deal, host).unwrap()).unwrap()
}

/// The deal after these events, without the invariants that hold between transitions only.
fn applied(of: &Deal, recorded: &[escrow::Recorded]) -> Deal {
    let mut deal = Deal::replay(of.id(), &recorded[..1]).unwrap();
    recorded[1..].iter().for_each(|r| deal.apply(r));
    deal
}

fn statuses(told: &[Notification]) -> Vec<String> {
    let name = |n: &Notification| match n {
        Notification::ChangedStatus { new_status, .. } => {
            Some(serde_json::to_value(new_status).unwrap().as_str().unwrap().to_owned())
        }
        _ => None,
    };
    told.iter().filter_map(name).collect()
}

#[test]
fn every_example_is_told_without_a_gap() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/scenarios");
    let (mut told, mut not) = (0, Vec::new());
    for file in std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().path()) {
        let scenario = Scenario::from_json(&std::fs::read_to_string(&file).unwrap()).unwrap();
        let events = run(&scenario).events;
        let Some(first) = events.first() else { continue };
        let journal: Vec<_> = events.iter().cloned().map(Envelope::into_recorded).collect();
        let after = Deal::replay(first.deal_id, &journal).unwrap();
        match lawful(&events, &after, &host(Workflow::Marketplace)) {
            Ok(_) => told += 1,
            Err(HistoryError::Projection(error)) => not.push(error.why()),
            Err(other) => panic!("{}: {other}", file.display()),
        }
    }
    assert!(told >= 10, "{told} told, {not:?}");
    // what is not told is told why: third parties, proposals, guarantees
    assert!(not.contains(&Inexpressible::ThirdParty), "{not:?}");
}

#[test]
fn the_statuses_of_a_whole_life() {
    let mut w = created(&shop_user(), &order(), None);
    w.pay(B, 3_360_00);
    w.act(&seller(), set_track("A"));
    w.act(&tracker(), checkpoint("A", "1", CheckpointKind::Progress, after(HOUR)));
    w.act(&buyer(), dispute("late"));
    w.act(&buyer(), escrow::deal::command::WithdrawDispute::default());
    let since = w.now;
    w.pass(HOUR).act(&tracker(), checkpoint("A", "2", CheckpointKind::Final, after(2 * HOUR)));
    let shown = escrow_nalogka::Deal::project(&w.deal, &host(Workflow::Shop)).unwrap();
    assert_eq!((shown.status, shown.status_updated_at), (DealStatus::Performing, since));
    w.wait_for_deadline();
    w.done_all();
    let told = lawful(&envelopes(&w), &w.deal, &host(Workflow::Shop)).unwrap();
    let expected = ["awaiting_performance", "performing", "disputed", "performing", "settling", "completed"];
    assert_eq!(statuses(&told), expected);
    // the end of the tracking is no change of the status there: nothing is told, and the status keeps its time
    assert!(!told.iter().any(|n| match n {
        Notification::Updated { changes, .. } =>
            changes.contains_key("status_updated_at") && !changes.contains_key("status"),
        _ => false,
    }));
}

#[test]
fn moderation_is_told_with_its_remark() {
    let mut request = order();
    request["buyer_profile_id"] = json!("anna");
    request["seller_profile_id"] = json!("boris");
    let mut w = created(&market_user(), &request, Some("boris"));
    w.pay(B, 3_360_00);
    w.act(&moderator(), remark("who packs it?"));
    let mut draft = w.deal.terms().to_draft();
    draft.services[1].final_cost = rub(100_00);
    w.act(&seller(), amend(1, draft));
    w.act(&buyer(), agree(2));
    // 3 360 and half of the 100
    w.pay(B, 3_410_00);
    let told = lawful(&envelopes(&w), &w.deal, &host(Workflow::Marketplace)).unwrap();
    let expected = ["awaiting_performance", "moderation", "awaiting_deposit", "awaiting_performance"];
    assert_eq!(statuses(&told), expected);
    let remarked = told.iter().find_map(|n| match n {
        Notification::ChangedStatus { deal, new_status: DealStatus::Moderation, .. } => Some(deal),
        _ => None,
    });
    let remarked = remarked.unwrap();
    assert_eq!(remarked.status_updated_comment.as_deref(), Some("who packs it?"));
    assert_eq!(remarked.status_updated_by.to_string(), "@moderator:mark");
    // each has the deal as of its event: the remark came before the amendment
    assert_eq!(remarked.deposit.sums.buyer_have_to_pay_online.to_string(), "3360.00");
}

/// The buyer cancels on the service's pages: the shop learns it by the webhook, with who and why.
#[test]
fn a_buyers_cancellation_is_told_to_the_shop() {
    let mut w = created(&shop_user(), &order(), None);
    w.pay(B, 3_360_00);
    let before = (w.deal.clone(), noted(&w), w.journal.len());
    w.act(&buyer(), cancel("found it cheaper"));
    let news = envelopes(&w).split_off(before.2);
    let told = notifications(Some(&before.0), &news, &w.deal, &before.1).unwrap();
    let cancelled = told.iter().find_map(|n| match n {
        Notification::ChangedStatus { deal, new_status: DealStatus::CancelRequested, .. } => Some(deal),
        _ => None,
    });
    let deal = cancelled.unwrap();
    assert_eq!(deal.status_updated_by.to_string(), "anna");
    assert_eq!(deal.status_updated_comment.as_deref(), Some("found it cheaper"));
}

/// The shop's update is told with the fields that it changed.
#[test]
fn an_update_is_told_field_by_field() {
    let mut w = created(&shop_user(), &order(), None);
    let before = (w.deal.clone(), noted(&w), w.journal.len());
    let mut draft = w.deal.terms().to_draft();
    draft.conditions = Some(text("All red"));
    w.pass(HOUR).act(&seller(), amend(1, draft));
    let news = envelopes(&w).split_off(before.2);
    let told = notifications(Some(&before.0), &news, &w.deal, &before.1).unwrap();
    let [Notification::Updated { changes, .. }] = &told[..] else { panic!("{told:?}") };
    let pair = |old: &str, new: &str| (json!(old), json!(new));
    let expected = [
        ("conditions".to_owned(), pair("Both of the same colour", "All red")),
        ("updated_at".to_owned(), pair("2026-03-01T12:00:00Z", "2026-03-01T13:00:00Z")),
    ];
    assert_eq!(*changes, expected.into());
}

#[test]
fn who_did_it_reads_back() {
    let all = [
        (Actor::Party(text("anna")), "anna"),
        (Actor::Party(text("@gateway")), "@@gateway"),
        (Actor::Party(text("operator:olga")), "operator:olga"),
        (operator(), "@operator:olga"),
        (moderator(), "@moderator:mark"),
        (Actor::Gateway, "@gateway"),
        (Actor::Tracker, "@tracker"),
        (Actor::Clock, "@clock"),
    ];
    for (actor, text) in all {
        let initiator = escrow_nalogka::Initiator(actor);
        assert_eq!(initiator.to_string(), text);
        assert_eq!(text.parse(), Ok(initiator));
    }
}

#[test]
fn events_that_do_not_follow_are_refused() {
    let w = eventful();
    let all = envelopes(&w);
    let host = host(Workflow::Shop);
    let refused =
        |before: Option<&Deal>, all: &[Envelope]| notifications(before, all, &w.deal, &host).unwrap_err();
    assert_eq!(refused(None, &all[1..]), HistoryError::Gap { expected: 1, got: 2 });
    let mut gap = all.clone();
    gap.remove(3);
    assert_eq!(refused(None, &gap), HistoryError::Gap { expected: 4, got: 5 });
    let mut foreign = all.clone();
    foreign[2].deal_id = escrow::DealId::new(uuid::Uuid::from_u128(8));
    assert_eq!(refused(None, &foreign), HistoryError::OtherDeal { version: 3 });
    assert_eq!(refused(None, &all[..5]), HistoryError::OtherOutcome);
    assert!(matches!(refused(None, &[]), HistoryError::Decode(_)));
    // nothing happened, nothing is told
    assert_eq!(notifications(Some(&w.deal), &[], &w.deal, &host), Ok(Vec::new()));
    // and what only the journal notes is not told either: no field but `updated_at` differs
    let mut later = w.clone();
    let post = escrow::deal::command::Post::new(text("message-1"));
    later.pass(HOUR).act(&buyer(), post);
    let news = envelopes(&later).split_off(all.len());
    assert_eq!(news.len(), 1);
    assert_eq!(notifications(Some(&w.deal), &news, &later.deal, &noted(&w)), Ok(Vec::new()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Random steps of everybody, most of them refused: whatever happens is told lawfully.
    #[test]
    fn any_life_is_told_without_a_gap(steps in proptest::collection::vec((0_usize..16, 0_u32..3), 1..30)) {
        let mut w = created(&shop_user(), &order(), None);
        for (n, (what, hours)) in steps.into_iter().enumerate() {
            w.pass(hours * HOUR);
            let now = w.now;
            let mut draft = w.deal.terms().to_draft();
            draft.items[0].quantity = 1 + u32::try_from(n).unwrap() % 3;
            let version = w.deal.terms_version();
            let outstanding = w.deal.deposit(B).unwrap().outstanding();
            let (actor, command): (_, Command) = match what {
                0..=2 if outstanding.is_positive() => {
                    (Actor::Gateway, payment(B, &format!("p{n}"), outstanding).into())
                }
                3 => (seller(), amend(version, draft)),
                4 => (buyer(), agree(version)),
                5 => (buyer(), request(&format!("r{n}"), B, outstanding.minor().max(1))),
                6 => (seller(), set_track("A")),
                7 => (Actor::Tracker, checkpoint("A", &n.to_string(), CheckpointKind::Progress, now)),
                8 => (Actor::Tracker, checkpoint("A", &n.to_string(), CheckpointKind::Final, now)),
                9 => (Actor::Tracker, checkpoint("A", &n.to_string(), CheckpointKind::Refused, now)),
                10 => (buyer(), dispute("no")),
                11 => (buyer(), escrow::deal::command::WithdrawDispute::default().into()),
                12 => (buyer(), cancel("changed my mind")),
                13 => (seller(), charge(&format!("c{n}"), Side::Buyer, Side::Seller.payee(), 10_00)),
                14 => (buyer(), Attach::new(attachment(&format!("photo-{n}"))).into()),
                _ => (Actor::Clock, Wake {}.into()),
            };
            let _ = w.attempt(&actor, command);
        }
        prop_assert!(w.status() != Status::Proposed);
        lawful(&envelopes(&w), &w.deal, &host(Workflow::Shop)).unwrap();
    }
}
