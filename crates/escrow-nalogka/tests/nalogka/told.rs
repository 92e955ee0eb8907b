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

/// The laws of a history, whatever it is: who is told what, in which order. `commits`: where each command ended.
fn lawful(
    all: &[Envelope],
    commits: &[usize],
    after: &Deal,
    host: &HostData,
) -> Result<Vec<Notification>, HistoryError> {
    let recorded: Vec<_> = all.iter().cloned().map(Envelope::into_recorded).collect();
    let (mut noted, mut told, mut status) = (host.clone(), Vec::new(), None);
    let mut before: Option<Deal> = None;
    for (i, &end) in commits.iter().enumerate() {
        let start = if i == 0 { 0 } else { commits[i - 1] };
        let now = if end == all.len() { after.clone() } else { applied(after, &recorded[..end]) };
        let old = before.as_ref().map(|before| fields_of(before, &noted));
        let piece = noted.tell(before.as_ref(), &all[start..end], &now)?;
        let new = fields_of(&now, &noted);
        let mut known = old;
        let mut updates = 0;
        for (n, notification) in piece.iter().enumerate() {
            match notification {
                Notification::Created { deal } => {
                    assert_eq!((i, n), (0, 0));
                    assert!(status.replace(deal.status).is_none());
                    known = Some(serde_json::to_value(deal).unwrap());
                }
                Notification::ChangedStatus { deal, old_status, new_status } => {
                    assert_ne!(old_status, new_status);
                    assert_eq!(status.replace(*new_status), Some(*old_status), "no gap");
                    assert_eq!(deal.status, *new_status);
                }
                Notification::Updated { deal, changes } => {
                    updates += 1;
                    assert_eq!(n + 1, piece.len(), "one, and the last");
                    assert_eq!(serde_json::to_value(deal).unwrap(), new);
                    assert!(changes.keys().any(|field| field != "updated_at"), "{changes:?}");
                    let known = known.as_ref().unwrap();
                    let differ = new.as_object().unwrap().iter().filter(|(field, is)| known[*field] != **is);
                    assert!(changes.keys().eq(differ.map(|(field, _)| field)), "exactly what differs");
                    for (field, (was, is)) in changes {
                        assert_eq!((was, is), (&known[field], &new[field]), "{field}");
                    }
                }
            }
        }
        // what is not told goes without saying
        let known = known.unwrap();
        let changed = piece.iter().any(|n| matches!(n, Notification::ChangedStatus { .. }));
        if updates == 0 {
            for (field, is) in new.as_object().unwrap() {
                let said = changed && field.starts_with("status");
                assert!(said || field == "updated_at" || known[field] == *is, "{field}");
            }
        }
        assert!(changed || known["status_updated_at"] == new["status_updated_at"], "with the status only");
        told.extend(piece);
        before = Some(now);
    }
    assert_eq!(status, Some(DealStatus::try_from(after.status()).unwrap()));
    // the history resource tells it event by event, through the same statuses, under ids of their own
    let mut ids = std::collections::BTreeSet::new();
    let mut through = Vec::new();
    for event in events(None, all, after, host).unwrap() {
        match event {
            DealEvent::Created(e) => assert!(ids.insert(e.id)),
            DealEvent::Updated(e) => assert!(ids.insert(e.id)),
            DealEvent::ChangedStatus(e) => {
                assert!(ids.insert(e.id));
                through.push((e.old, e.new));
            }
        }
    }
    let changes = told.iter().filter_map(|n| match n {
        Notification::ChangedStatus { old_status, new_status, .. } => Some((*old_status, *new_status)),
        _ => None,
    });
    assert!(changes.eq(through), "each status on the wire once");
    Ok(told)
}

fn lawful_world(w: &World, host: &HostData) -> Vec<Notification> {
    lawful(&envelopes(w), &w.commits, &w.deal, host).unwrap()
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

/// What is accepted is *Расчет при завершении* at once, also where its payment waits a day: one change of the status, with
/// its own time, and that the day is over is a movement of money and no status.
#[test]
fn clearing_and_settling_are_one_status() {
    let mut user = shop_user();
    user.policy.clearance_s = DAY;
    let mut w = created(&user, &order(), None);
    w.pay(B, 3_360_00);
    w.act(&seller(), set_track("A"));
    w.act(&tracker(), checkpoint("A", "1", CheckpointKind::Progress, w.now));
    w.pass(HOUR).act(&buyer(), accept());
    let accepted = (DealStatus::Settling, w.now);
    let shown = |w: &World| {
        let deal = project(w);
        (deal.status, deal.status_updated_at)
    };
    assert_eq!((w.status(), shown(&w)), (Status::Clearing, accepted));
    let earlier = lawful_world(&w, &host(Workflow::Shop)).len();
    w.wait_for_deadline();
    assert_eq!((w.status(), shown(&w)), (Status::Settling, accepted));
    let told = lawful_world(&w, &host(Workflow::Shop));
    let [Notification::Updated { changes, .. }] = &told[earlier..] else { panic!("{:?}", &told[earlier..]) };
    assert!(changes.keys().eq(["deposit", "updated_at"]), "{changes:?}");

    w.pass(HOUR).done_all();
    assert_eq!(shown(&w), (DealStatus::Completed, w.now));
    let told = lawful_world(&w, &host(Workflow::Shop));
    assert_eq!(statuses(&told), ["awaiting_performance", "performing", "settling", "completed"]);
}

#[test]
fn every_example_is_told_without_a_gap() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/scenarios");
    let (mut told, mut not) = (0, Vec::new());
    for file in std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().path()) {
        let text = std::fs::read_to_string(&file).unwrap();
        // several machines
        if text.contains("\"machines\":") {
            continue;
        }
        let scenario = Scenario::from_json(&text).unwrap();
        let events = run(&scenario).events;
        let Some(first) = events.first() else { continue };
        let journal: Vec<_> = events.iter().cloned().map(Envelope::into_recorded).collect();
        let after = Deal::replay(first.deal_id, &journal).unwrap();
        let each: Vec<_> = (1..=events.len()).collect();
        match lawful(&events, &each, &after, &host(Workflow::Marketplace)) {
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
    let told = lawful_world(&w, &host(Workflow::Shop));
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
    let told = lawful_world(&w, &host(Workflow::Marketplace));
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
    assert_eq!(statuses(&told), ["cancel_requested"]);
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

/// One command, one `updated`, one `changed_status` per status: a payment has a transaction, deposit sums and a status.
#[test]
fn a_command_is_told_once() {
    let mut w = created(&shop_user(), &order(), None);
    let mut host = noted(&w);
    let mut tell = |w: &mut World, act: &dyn Fn(&mut World)| -> Vec<String> {
        let (before, from) = (w.deal.clone(), w.journal.len());
        act(w);
        let told = host.tell(Some(&before), &envelopes(w)[from..], &w.deal).unwrap();
        let name = |n: &Notification| match n {
            Notification::Created { .. } => "created".to_owned(),
            Notification::Updated { changes, .. } => {
                format!("updated {}", changes.keys().cloned().collect::<Vec<_>>().join(" "))
            }
            Notification::ChangedStatus { new_status, .. } => new_status.as_str().to_owned(),
        };
        told.iter().map(name).collect()
    };
    let paid = tell(&mut w, &|w| drop(w.pass(HOUR).pay(B, 3_360_00)));
    let status = "status status_updated_at status_updated_by updated_at";
    assert_eq!(paid, ["awaiting_performance".to_owned(), format!("updated deposit {status}")]);
    tell(&mut w, &|w| drop(w.act(&seller(), set_track("A"))));
    // the parcel is there at once: one status on the wire, whatever the stages are
    let there =
        tell(&mut w, &|w| drop(w.act(&tracker(), checkpoint("A", "1", CheckpointKind::Final, w.now))));
    assert_eq!(there, ["performing"]);
    // the six hours pass, and only then somebody wakes the deal
    let silence = tell(&mut w, &|w| drop(w.wait_for_deadline()));
    assert_eq!(silence.len(), 2, "{silence:?}");
    assert_eq!(silence[0], "settling");
}

/// Documents and requisite stand in `created`: a new deal is told once.
#[test]
fn a_deal_is_created_with_what_it_was_created_with() {
    let mut request = order();
    request["buyer_profile_id"] = json!("anna");
    request["seller_profile_id"] = json!("boris");
    request["payout_requisite_id"] = json!("purse");
    let w = created(&market_user(), &request, Some("boris"));
    let mut host = kept(&market_user(), &request, Some("boris"));
    let told = host.tell(None, &envelopes(&w), &w.deal).unwrap();
    let [Notification::Created { deal }] = &told[..] else { panic!("{told:?}") };
    let ids: Vec<_> = deal.attachments.iter().map(|a| a.id.as_str()).collect();
    assert_eq!((ids, deal.attachments[0].size), (vec!["photo-1"], Some(2_048)));
    assert_eq!(deal.deposit.payout_requisite_id.as_deref(), Some("purse"));
    assert_eq!(deal.buyer_contacts.as_ref().unwrap().email.as_deref(), Some("anna@example.org"));
}

/// Contacts, the order's number and tags bind nobody, and are told like every other field: also when the deal is long paid.
#[test]
fn contacts_order_and_tags_are_told() {
    let request = order();
    let mut w = created(&shop_user(), &request, None);
    let mut host = kept(&shop_user(), &request, None);
    host.tell(None, &envelopes(&w), &w.deal).unwrap();
    w.pay(B, 3_360_00);
    host = {
        envelopes(&w)[w.journal.len() - 2..].iter().for_each(|e| host.note(e));
        host
    };
    let body = json!({
        "order_id": "4128",
        "buyer_contacts": { "name": "Anna", "email": "anna@new.example", "phone": null },
        "seller_contacts": { "name": "Boris", "email": null, "phone": null },
    });
    let caller = of_user(&shop_user(), &w, None);
    let update: escrow_nalogka::UpdateDeal = parse(&body).unwrap();
    let updates = update.commands(&shop_user(), &w.deal, &host, &caller, &Stores).unwrap();
    assert!(matches!(&updates.commands[..], [(Command::Annotate(_), _)]), "no new version, no consent");
    host.keep(updates.kept);
    let (before, from) = (w.deal.clone(), w.journal.len());
    call(&mut w, &updates.commands[0].1, &updates.commands[0].0);
    assert_eq!((w.deal.terms_version(), w.status()), (1, Status::AwaitingPerformance));
    let told = host.tell(Some(&before), &envelopes(&w)[from..], &w.deal).unwrap();
    let [Notification::Updated { changes, .. }] = &told[..] else { panic!("{told:?}") };
    // the deposit has the order's number, too
    assert_eq!(
        changes.keys().collect::<Vec<_>>(),
        ["buyer_contacts", "deposit", "order_id", "seller_contacts"]
    );
    assert_eq!(changes["order_id"], (json!("4127"), json!("4128")));
    assert_eq!(changes["buyer_contacts"].0["email"], "anna@example.org");
    assert_eq!(changes["buyer_contacts"].1["email"], "anna@new.example");
    assert_eq!(changes["seller_contacts"].0, Value::Null);
    // the same once more is nothing
    assert_eq!(update.commands(&shop_user(), &w.deal, &host, &caller, &Stores).unwrap().commands, []);
    // tags are no field of Nalogka's form: they are told where there are any
    for (tags, pair) in
        [(vec![text("gift")], (Value::Null, json!(["gift"]))), (vec![], (json!(["gift"]), Value::Null))]
    {
        let (before, from) = (w.deal.clone(), w.journal.len());
        w.act(&operator(), escrow::deal::command::Annotate::default().tags(tags));
        let told = host.tell(Some(&before), &envelopes(&w)[from..], &w.deal).unwrap();
        let [Notification::Updated { changes, .. }] = &told[..] else { panic!("{told:?}") };
        assert_eq!((changes.len(), &changes["tags"]), (1, &pair));
    }
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
        lawful_world(&w, &host(Workflow::Shop));
    }
}
