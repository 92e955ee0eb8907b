//! Nalogka's rules that no test elsewhere has by name, through its calls. Which rule stands where: the table of systems.

use escrow::deal::command::{AcceptAward, Post, ProposeAward, Rule, WithdrawDispute};
use escrow::deal::{Guard, Rejection};
use escrow::deposit::Purpose;
use escrow::{AgentError, Award, Payee, Status};
use escrow_nalogka::{
    ApiError, Call, DealStatus, DepositForm, DepositStatus, DisputeOpener, ErrorKind, OnError, OrderChange,
    PaymentPage, ShopAction, Sum, Track, TrackStatus, UpdateDeal,
};
use escrow_testing::SinkFault;

use super::*;

fn shop() -> World {
    created(&shop_user(), &order(), None)
}

/// The same order on a marketplace: deposit 3 360, payout 3 240.
fn market() -> World {
    let mut request = order();
    request["buyer_profile_id"] = json!("anna");
    request["seller_profile_id"] = json!("boris");
    created(&market_user(), &request, Some("anna"))
}

fn paid(mut w: World) -> World {
    let outstanding = w.deal.deposit(B).unwrap().outstanding().minor();
    w.pay(B, outstanding);
    assert_eq!(w.status(), Status::AwaitingPerformance);
    w
}

fn of_shop(w: &mut World, command: &Command) {
    let caller = of_user(&shop_user(), w, None);
    call(w, &caller, command);
}

fn set(code: &str) -> Command {
    let track = SetPerformingTrack { tracker_short_name: text("cdek"), code: text(code) };
    Call::SetTrack(track).command()
}

fn moves(w: &mut World, code: &str, id: &str, kind: CheckpointKind) {
    let now = w.now;
    w.act(&tracker(), checkpoint(code, id, kind, now));
}

fn update(w: &World, body: &Value, caller: &Caller) -> Vec<(Command, Caller)> {
    let user = if caller.via.as_deref() == Some("market-api") { market_user() } else { shop_user() };
    let host = host(user.workflow());
    parse::<UpdateDeal>(body).unwrap().commands(&user, &w.deal, &host, caller, &Stores).unwrap().commands
}

fn form() -> DepositForm {
    parse(&json!({ "requisite_id": "card", "success_url": "https://a.b/ok", "fail_url": "https://a.b/no" }))
        .unwrap()
}

fn wire_status(w: &World) -> DealStatus {
    project(w).status
}

// --- creation ---

/// "The cost of a service may be zero, if it matters to say that it is free."
#[test]
fn a_free_service_is_told_and_costs_nothing() {
    let w = paid(shop());
    let deal = project(&w);
    assert_eq!((deal.additional_services[1].final_cost, deal.additional_services.len()), (Sum::ZERO, 2));
    // incurred, it costs nobody anything either
    let mut w = w;
    w.act(&operator(), IncurCost::new(1, text("paper")));
    w.act(&buyer(), Call::Cancel { comment: text("") }.command());
    w.done_all();
    assert_eq!(w.gets(&Payee::Buyer, Purpose::Refund), 3_360_00);
}

/// "Both participants are there and agree": a deal is created awaiting its deposit, without `join`.
#[test]
fn a_deal_is_created_awaiting_its_deposit() {
    for w in [shop(), market()] {
        assert_eq!(wire_status(&w), DealStatus::AwaitingDeposit);
        assert!(w.deal.consents().all());
    }
}

/// Documents come with the creation, with an update, or by their own call.
#[test]
fn attachments_come_at_any_time() {
    let mut w = shop();
    let caller = of_user(&shop_user(), &w, None);
    for (command, caller) in update(&w, &json!({ "attachments": [{ "id": "photo-2" }] }), &caller) {
        call(&mut w, &caller, &command);
    }
    let mut w = paid(w);
    let add: escrow_nalogka::AddAttachments =
        parse(&json!({ "attachments": [{ "id": "photo-3" }] })).unwrap();
    add.commands(&Stores).unwrap().iter().for_each(|command| call(&mut w, &caller, command));
    let ids: Vec<_> = project(&w).attachments.iter().map(|a| a.id.to_string()).collect();
    assert_eq!(ids, ["photo-1", "photo-2", "photo-3"]);
}

// --- the shop's order ---

/// Before the deposit the deal is updated, and the buyer simply pays.
#[test]
fn an_order_that_changes_before_it_is_paid_is_updated() {
    let mut w = shop();
    let caller = of_user(&shop_user(), &w, None);
    let anna = Caller::party(text("anna"));
    let first = form().request(&w.deal, &anna, &Stores).unwrap().payment;
    w.act(&buyer(), first);
    assert_eq!(OrderChange::of(&w.deal), OrderChange::Update);
    let body = json!({ "subject_items": [{ "name": "Kettle", "price": "1500", "quantity": 3 }] });
    update(&w, &body, &caller).iter().for_each(|(command, caller)| call(&mut w, caller, command));
    // the buyer opens the page once more: 4 500 + 300 + 90
    let again = form().request(&w.deal, &anna, &Stores).unwrap().payment;
    assert_eq!(again.amount, rub(4_890_00));
    w.act(&buyer(), again);
    w.pay(B, 4_890_00);
    assert_eq!(wire_status(&w), DealStatus::AwaitingPerformance);
}

/// The goods change and the sum does not: the buyer's next form is a new one all the same, and agrees.
#[test]
fn an_order_of_the_same_price_has_a_form_of_its_own() {
    let mut w = shop();
    let caller = of_user(&shop_user(), &w, None);
    let anna = Caller::party(text("anna"));
    let first = form().request(&w.deal, &anna, &Stores).unwrap().payment;
    w.act(&buyer(), first.clone());
    let body = json!({ "subject_items": [{ "name": "Teapot", "price": "3000" }] });
    update(&w, &body, &caller).iter().for_each(|(command, caller)| call(&mut w, caller, command));
    let again = form().request(&w.deal, &anna, &Stores).unwrap().payment;
    assert_eq!((again.amount, again.key != first.key), (first.amount, true));
    w.act(&buyer(), again);
    w.pay(B, 3_360_00);
    assert_eq!(wire_status(&w), DealStatus::AwaitingPerformance);
}

/// Updated by the API user before the deposit, at a lower, the same or a higher sum, in the shop and in the marketplace: the
/// buyer pays by the form that they have, or by a new one, and the deal is awaiting performance.
#[test]
fn an_updated_order_is_paid_by_any_form() {
    // kettles; the deposit by hand: 1 500 x n + 300 + 2 % of 1 500 x n
    let sums = [(1, 1_830_00), (2, 3_360_00), (3, 4_890_00)];
    let worlds: [fn() -> World; 2] = [shop, market];
    for new_world in worlds {
        for (kettles, sum) in sums {
            for by_old_form in [true, false] {
                let mut w = new_world();
                let anna = Caller::party(text("anna"));
                let old = form().request(&w.deal, &anna, &Stores).unwrap().payment;
                w.act(&buyer(), old.clone());
                assert_eq!(old.amount, rub(3_360_00));
                let user = if w.deal.terms().policy.moderation == escrow::terms::Moderation::Off {
                    shop_user()
                } else {
                    market_user()
                };
                let caller = of_user(&user, &w, Some("boris"));
                // the same sum, and yet other terms: two kettles of another kind
                let items = json!([{ "name": "Kettle, green", "price": "1500", "quantity": kettles }]);
                let commands = update(&w, &json!({ "subject_items": items }), &caller);
                commands.iter().for_each(|(command, caller)| call(&mut w, caller, command));
                assert!(w.deal.consents().all(), "nobody is left to be asked");
                assert_eq!((w.deal.terms_version(), wire_status(&w)), (2, DealStatus::AwaitingDeposit));
                if by_old_form {
                    // what the old form asked for comes in; what is over goes back, what is missing is asked for
                    w.pay(B, 3_360_00);
                    if sum > 3_360_00 {
                        assert_eq!(wire_status(&w), DealStatus::AwaitingDeposit);
                        let rest = form().request(&w.deal, &anna, &Stores).unwrap().payment;
                        assert_eq!(rest.amount, rub(sum - 3_360_00));
                        w.act(&buyer(), rest);
                        w.pay(B, sum - 3_360_00);
                    }
                    w.done_all();
                    let back = (3_360_00 - sum).max(0);
                    assert_eq!(w.deal.deposit(B).unwrap().buckets().refunded, back);
                } else {
                    let new = form().request(&w.deal, &anna, &Stores).unwrap().payment;
                    assert_eq!((new.amount, new.terms_version), (rub(sum), Some(2)));
                    assert_ne!(new.key, old.key);
                    w.act(&buyer(), new);
                    w.pay(B, sum);
                }
                assert_eq!(
                    (wire_status(&w), w.deal.deposit(B).unwrap().buckets().held),
                    (DealStatus::AwaitingPerformance, sum)
                );
            }
        }
    }
}

/// Where a party has amended by another way than the API, asking for a form is agreeing to what it is for.
#[test]
fn asking_for_a_form_is_agreeing_to_what_it_is_for() {
    let mut w = shop();
    let stale = form().request(&w.deal, &Caller::party(text("anna")), &Stores).unwrap().payment;
    let mut draft = w.deal.terms().to_draft();
    draft.conditions = Some(text("Both green"));
    w.act(&seller(), amend(1, draft));
    assert!(!w.deal.consents().all());
    let refused = w.refuse(&buyer(), stale);
    assert_eq!(refused, Rejection::StaleTerms { given: 1, actual: 2 });
    let asked = form().request(&w.deal, &Caller::party(text("anna")), &Stores).unwrap().payment;
    w.act(&buyer(), asked);
    assert!(w.deal.consents().all());
    w.pay(B, 3_360_00);
    assert_eq!(wire_status(&w), DealStatus::AwaitingPerformance);
}

/// Nobody amends a service away that somebody has paid for: the deposit that would cover it would go back.
#[test]
fn costs_that_are_incurred_are_not_updated_away() {
    let mut w = paid(market());
    w.act(&seller(), IncurCost::new(0, text("waybill")));
    w.act(&moderator(), remark("three?"));
    let caller = of_user(&market_user(), &w, Some("boris"));
    let body = json!({ "subject_items": [{ "name": "Kettle", "price": "1500", "quantity": 3 }] });
    let host = host(Workflow::Marketplace);
    let refused =
        parse::<UpdateDeal>(&body).unwrap().commands(&market_user(), &w.deal, &host, &caller, &Stores);
    assert_eq!(refused.unwrap_err().path(), Some("subject_items"));
}

/// After the deposit the deal is cancelled by the shop, the buyer gets everything back, and another one is created.
#[test]
fn an_order_that_changes_after_it_is_paid_is_created_anew() {
    let mut w = paid(shop());
    let caller = of_user(&shop_user(), &w, None);
    w.act(&seller(), IncurCost::new(0, text("waybill")));
    assert_eq!(OrderChange::of(&w.deal), OrderChange::CancelAndRecreate);
    let body = json!({ "subject_items": [{ "name": "Kettle", "price": "1500", "quantity": 3 }] });
    let late = w.refuse(&seller(), update(&w, &body, &caller)[0].0.clone());
    assert!(matches!(late, Rejection::WrongPhase { .. }));
    of_shop(&mut w, &Call::Cancel { comment: text("changed") }.command());
    assert_eq!(
        (wire_status(&w), OrderChange::of(&w.deal)),
        (DealStatus::CancelRequested, OrderChange::Recreate)
    );
    w.done_all();
    let deal = project(&w);
    assert_eq!((deal.status, deal.deposit.returned), (DealStatus::Cancelled, Sum::from_kopecks(3_360_00)));
    assert_eq!(w.owed(), []);
    // the new one waits for its own deposit
    let again = shop();
    assert_eq!(project(&again).deposit.status, DepositStatus::Unpaid);
}

/// A failing service blocks a change of the order and never its cancellation.
#[test]
fn a_cancelled_order_is_never_blocked() {
    let down: ApiError = AgentError::Unknown(SinkFault::Before).into();
    assert_eq!(ShopAction::Change.on_error(&down), OnError::BlockAndRetry);
    assert_eq!(ShopAction::Cancel.on_error(&down), OnError::ProceedAndRetry);
    // what no repeat can help is told
    let mut w = paid(shop());
    w.act(&seller(), Call::PerformingStart.command());
    w.act(&buyer(), Call::ConfirmAcceptation.command());
    let late: ApiError = w.refuse(&seller(), Call::Cancel { comment: text("") }.command()).into();
    assert_eq!(late.kind, ErrorKind::Validation);
    assert_eq!(ShopAction::Cancel.on_error(&late), OnError::ProceedAndTell);
    assert_eq!(ShopAction::Change.on_error(&late), OnError::BlockAndTell);
    // somebody else was faster: nothing is wrong with the call
    let raced: ApiError = AgentError::<SinkFault>::Conflict.into();
    assert_eq!(ShopAction::Cancel.on_error(&raced), OnError::ProceedAndRetry);
    // a buyer who has looked at an older deal is refused as `validation`, and reads it again
    let stale: ApiError = Rejection::Stale { seen: 1, actual: 2 }.into();
    assert_eq!(
        (stale.kind, ShopAction::Cancel.on_error(&stale)),
        (ErrorKind::Validation, OnError::ProceedAndRetry)
    );
    assert_eq!(ShopAction::Change.on_error(&stale), OnError::BlockAndRetry);
    // the platform's own terms are wrong: `server`, and no repeat helps
    let wrong = ApiError { transient: false, ..ApiError::new(ErrorKind::Server, "the platform's own terms") };
    assert_eq!(ShopAction::Cancel.on_error(&wrong), OnError::ProceedAndTell);
    // and the queued call may come twice
    let mut w = paid(shop());
    let cancel = Call::Cancel { comment: text("") }.command();
    w.act(&seller(), cancel.clone());
    w.repeat(&seller(), cancel);
}

/// Arriving at `success_url` proves nothing: a form moves no money, only the gateway's word does.
#[test]
fn a_form_is_no_payment() {
    let mut w = shop();
    let page: PaymentPage =
        parse(&json!({ "success_url": "https://a.b/ok", "fail_url": "https://a.b/no" })).unwrap();
    let asked = page.command(&w.deal, &text("card")).unwrap();
    w.act(&buyer(), asked);
    let deal = project(&w);
    assert_eq!((deal.status, deal.deposit.status), (DealStatus::AwaitingDeposit, DepositStatus::Unpaid));
    assert_eq!(deal.deposit.buyer_paid, Sum::ZERO);
    w.pay(B, 3_360_00);
    assert_eq!(wire_status(&w), DealStatus::AwaitingPerformance);
}

// --- moderation ---

/// A remark that leaves the deposit as it is: back to the status that the deal had.
#[test]
fn a_remark_that_keeps_the_deposit_leads_back() {
    let mut w = paid(market());
    w.act(&moderator(), remark("what colour?"));
    assert_eq!(wire_status(&w), DealStatus::Moderation);
    let caller = of_user(&market_user(), &w, Some("boris"));
    let body = json!({ "conditions": "Both green" });
    update(&w, &body, &caller).iter().for_each(|(command, caller)| call(&mut w, caller, command));
    let deal = project(&w);
    assert_eq!((deal.status, deal.deposit.returned), (DealStatus::AwaitingPerformance, Sum::ZERO));
}

/// A remark that changes the deposit: it goes back to the card, and is paid anew once the new terms are agreed.
#[test]
fn a_remark_that_changes_the_deposit_is_paid_again() {
    let mut w = paid(market());
    w.act(&moderator(), remark("insure it"));
    let caller = of_user(&market_user(), &w, Some("boris"));
    let mut services = order()["additional_services"].clone();
    services[1] =
        json!({ "name": "Insurance", "final_cost": "100", "payer": "50/50", "provided_by": "nalogka" });
    update(&w, &json!({ "additional_services": services }), &caller)
        .iter()
        .for_each(|(command, caller)| call(&mut w, caller, command));
    let deal = project(&w);
    assert_eq!((deal.status, deal.deposit.status), (DealStatus::AwaitingDeposit, DepositStatus::Unpaid));
    assert_eq!(deal.deposit.returned, Sum::from_kopecks(3_360_00));
    w.done_all();
    // and half of the 100
    w.pay(B, 3_410_00);
    assert_eq!(wire_status(&w), DealStatus::AwaitingPerformance);
}

/// No remark: the deal goes on. A shop's deals are not moderated at all.
#[test]
fn a_shop_is_not_moderated() {
    let mut w = paid(shop());
    assert_eq!(w.refuse(&moderator(), remark("hm")), Rejection::Guard(Guard::ModerationOn));
    let mut w = paid(market());
    w.act(&moderator(), approve());
    assert_eq!(wire_status(&w), DealStatus::AwaitingPerformance);
}

// --- tracking ---

/// A track alone changes nothing; its progress does; one that was wrong is detached and replaced.
#[test]
fn a_wrong_track_is_detached_and_replaced() {
    let mut w = paid(shop());
    of_shop(&mut w, &set("111"));
    assert_eq!(wire_status(&w), DealStatus::AwaitingPerformance, "a code is no progress");
    moves(&mut w, "111", "1", CheckpointKind::Progress);
    assert_eq!(wire_status(&w), DealStatus::Performing);
    of_shop(&mut w, &Call::RemoveTrack.command());
    assert_eq!(
        (wire_status(&w), Track::project(&w.deal, &noted(&w))),
        (DealStatus::AwaitingPerformance, None)
    );
    of_shop(&mut w, &set("222"));
    // the other parcel goes on, and is nobody's business
    let other = checkpoint("111", "2", CheckpointKind::Final, w.now);
    w.repeat(&tracker(), other);
    let track = Track::project(&w.deal, &noted(&w)).unwrap();
    assert_eq!((track.code.as_str(), track.status, track.events.len()), ("222", TrackStatus::Pending, 0));
    // replaced by another without detaching it first
    moves(&mut w, "222", "3", CheckpointKind::Progress);
    of_shop(&mut w, &set("333"));
    assert_eq!(wire_status(&w), DealStatus::AwaitingPerformance);
    moves(&mut w, "333", "4", CheckpointKind::Final);
    let track = Track::project(&w.deal, &noted(&w)).unwrap();
    assert_eq!((track.status, track.events.len()), (TrackStatus::Finished, 1));
}

/// Six hours, to the millisecond, in both processes.
#[test]
fn six_hours_of_silence_accept() {
    for mut w in [paid(shop()), paid(market())] {
        w.act(&seller(), set("A"));
        w.pass(DAY);
        moves(&mut w, "A", "1", CheckpointKind::Final);
        let due = w.now.plus_secs(6 * HOUR);
        assert_eq!(w.deadline(), due);
        w.at(just_before(due)).wake();
        assert_eq!((w.status(), wire_status(&w)), (Status::AwaitingAcceptance, DealStatus::Performing));
        w.at(due).wake();
        assert_eq!(wire_status(&w), DealStatus::Settling);
        w.done_all();
        let deal = project(&w);
        assert_eq!((deal.status, deal.deposit.buyout), (DealStatus::Completed, Sum::from_kopecks(3_360_00)));
        assert_eq!(w.gets(&Payee::Seller, Purpose::Payout), 3_240_00);
    }
}

/// The buyer's own word comes before the six hours are over.
#[test]
fn the_buyer_confirms_the_acceptation() {
    let mut w = paid(market());
    w.act(&seller(), Call::PerformingStart.command());
    assert!(matches!(w.refuse(&seller(), Call::ConfirmAcceptation.command()), Rejection::WrongRole { .. }));
    w.act(&buyer(), Call::ConfirmAcceptation.command());
    assert_eq!(wire_status(&w), DealStatus::Settling);
}

/// API 1.1.0: `performing-stop` goes back to *Ожидает исполнения*.
#[test]
fn performing_stops_and_starts_again() {
    let mut w = paid(market());
    w.act(&seller(), Call::PerformingStart.command());
    w.act(&seller(), Call::PerformingStop.command());
    assert_eq!(wire_status(&w), DealStatus::AwaitingPerformance);
    w.act(&seller(), Call::PerformingStart.command());
    assert_eq!(wire_status(&w), DealStatus::Performing);
}

// --- cancellation ---

/// Before the deposit nobody bears anything, and the deal is cancelled at once.
#[test]
fn cancelled_before_the_deposit_costs_nothing() {
    for actor in [buyer(), seller()] {
        let mut w = shop();
        w.act(&actor, Call::Cancel { comment: text("no more") }.command());
        let deal = project(&w);
        assert_eq!((deal.status, deal.deposit.transactions.len()), (DealStatus::Cancelled, 0));
        assert_eq!(deal.status_updated_comment.as_deref(), Some("no more"));
        assert_eq!(w.owed(), []);
    }
}

/// The buyer cancels: what the seller has spent on services stays with the seller.
#[test]
fn the_buyer_cancels_and_bears_what_was_incurred() {
    let mut w = paid(shop());
    w.act(&seller(), IncurCost::new(0, text("waybill")));
    w.act(&buyer(), Call::Cancel { comment: text("") }.command());
    assert_eq!(wire_status(&w), DealStatus::CancelRequested);
    w.done_all();
    assert_eq!(wire_status(&w), DealStatus::Cancelled);
    // 3 360 less the delivery of 300; the commission is returned
    assert_eq!(w.gets(&Payee::Buyer, Purpose::Refund), 3_060_00);
    assert_eq!(w.gets(&Payee::Seller, Purpose::Payout), 300_00);
    let deposit = project(&w).deposit;
    assert_eq!((deposit.buyout, deposit.returned), (Sum::from_kopecks(300_00), Sum::from_kopecks(3_060_00)));
}

/// Nalogka's literal rule is a preset of its own: at any time before completion. Ours stops the buyer at the start.
#[test]
fn the_literal_presets_let_the_buyer_cancel_until_the_end() {
    let presets = [
        (escrow_nalogka::shop_policy(), Policy::shop()),
        (escrow_nalogka::marketplace_policy(), Policy::marketplace()),
    ];
    for (literal, safe) in presets {
        assert_eq!(literal.clone().buyer_cancel(safe.buyer_cancel), safe, "nothing else differs");
        for (policy, may) in [(literal, true), (safe, false)] {
            let mut w = World::funded(plain(policy));
            w.act(&seller(), set_track("A"));
            w.act(&tracker(), checkpoint("A", "1", CheckpointKind::Progress, w.now));
            w.act(&tracker(), checkpoint("A", "2", CheckpointKind::Final, w.now));
            let cancelled = w.attempt(&buyer(), cancel("found it cheaper"));
            assert_eq!(cancelled.is_ok(), may);
            if may {
                // no costs were incurred: all of the 1 000.00 go back
                assert_eq!(w.gets(&Payee::Buyer, Purpose::Refund), 1_000_00);
            }
        }
    }
}

/// «В любой момент, до завершения», but by nobody while there is a dispute, which is withdrawn first, and by nobody once it
/// is accepted.
#[test]
fn nobody_cancels_in_a_dispute_nor_after_the_acceptance() {
    for mut policy in [escrow_nalogka::shop_policy(), escrow_nalogka::marketplace_policy()] {
        policy.clearance_s = DAY;
        let mut w = World::funded(plain(policy));
        let refused = |w: &mut World| {
            for who in [buyer(), seller(), operator()] {
                let rejection = w.refuse(&who, Call::Cancel { comment: text("") }.command());
                assert_eq!(rejection.code(), "wrong-phase", "{who:?}");
            }
        };
        w.act(&seller(), set_track("A"));
        w.act(&tracker(), checkpoint("A", "1", CheckpointKind::Progress, w.now));
        w.act(&buyer(), dispute("late"));
        refused(&mut w);
        w.act(&buyer(), WithdrawDispute::default());
        let mut cancelled = w.clone();
        cancelled.act(&buyer(), Call::Cancel { comment: text("") }.command());
        assert_eq!(cancelled.gets(&Payee::Buyer, Purpose::Refund), 1_000_00);

        w.act(&buyer(), Call::ConfirmAcceptation.command());
        assert_eq!(w.status(), Status::Clearing);
        refused(&mut w);
    }
}

/// The seller cancels: the buyer gets everything, the costs are the seller's.
#[test]
fn the_seller_cancels_and_bears_everything() {
    let mut w = paid(shop());
    w.act(&seller(), IncurCost::new(0, text("waybill")));
    of_shop(&mut w, &Call::Cancel { comment: text("") }.command());
    w.done_all();
    assert_eq!(w.gets(&Payee::Buyer, Purpose::Refund), 3_360_00);
    assert_eq!(w.gets(&Payee::Seller, Purpose::Payout), 0);
}

/// A service of the platform that was incurred is paid by whoever cancels: here the buyer, out of the deposit.
#[test]
fn a_service_of_the_platform_is_paid_by_who_cancels() {
    let mut request = order();
    request["additional_services"][1]["final_cost"] = json!("80");
    // half of the 80 each: 3 400
    for (who, refund, owed) in [(buyer(), 3_320_00, 0), (seller(), 3_400_00, 1)] {
        let mut w = paid(created(&shop_user(), &request, None));
        w.act(&operator(), IncurCost::new(1, text("paper")));
        w.act(&who, Call::Cancel { comment: text("") }.command());
        w.done_all();
        assert_eq!((w.gets(&Payee::Buyer, Purpose::Refund), w.owed().len()), (refund, owed));
    }
}

// --- disputes ---

/// The recipient refuses the parcel: a dispute by itself, subordinate to the deal.
#[test]
fn a_refused_parcel_opens_the_dispute() {
    let mut w = paid(shop());
    of_shop(&mut w, &set("A"));
    moves(&mut w, "A", "1", CheckpointKind::Refused);
    let deal = project(&w);
    assert_eq!(
        (deal.status, deal.dispute.unwrap().initiated_by),
        (DealStatus::Disputed, DisputeOpener::Tracker)
    );
    assert_eq!(Track::project(&w.deal, &noted(&w)).unwrap().status, TrackStatus::Refused);
}

/// Withdrawn, the deal goes on as if there had been none, to its success; there is one dispute per deal.
#[test]
fn a_withdrawn_dispute_leads_to_success() {
    let mut w = paid(shop());
    of_shop(&mut w, &Call::PerformingStart.command());
    w.act(&buyer(), dispute("late"));
    assert_eq!(wire_status(&w), DealStatus::Disputed);
    w.pass(HOUR).act(&buyer(), WithdrawDispute::default());
    assert_eq!(wire_status(&w), DealStatus::Performing);
    w.pass(HOUR).act(&seller(), dispute("no answer"));
    let again = project(&w).dispute.unwrap();
    assert_eq!((again.created_at, again.status_updated_at), (start(), Some(after(2 * HOUR))), "the same one");
    w.act(&seller(), WithdrawDispute::default());
    w.act(&buyer(), Call::ConfirmAcceptation.command());
    w.done_all();
    assert_eq!(wire_status(&w), DealStatus::Completed);
}

/// Resolved by the parties or by arbitration: a part to the seller, the rest to the buyer, and the deal is cancelled.
#[test]
fn a_resolved_dispute_divides_the_deposit() {
    let award = Award::Amount(rub(1_000_00));
    let disputed = || {
        let mut w = paid(market());
        w.act(&seller(), Call::PerformingStart.command());
        w.act(&buyer(), dispute("dented"));
        w
    };
    let mut agreed = disputed();
    agreed.act(&seller(), ProposeAward::new(award));
    agreed.act(&buyer(), AcceptAward::new(award));
    let mut ruled = disputed();
    ruled.act(&operator(), escrow::deal::command::AppointArbiter::new(text("judge")));
    ruled.wait_for_deadline();
    ruled.act(&judge(), Rule::new(award).at_fault(Side::Seller));
    for (mut w, guilty) in [(agreed, None), (ruled, Some(Side::Seller))] {
        w.done_all();
        let deal = project(&w);
        assert_eq!(deal.status, DealStatus::Cancelled);
        assert_eq!(
            (deal.deposit.buyout, deal.deposit.returned),
            (Sum::from_kopecks(1_000_00), Sum::from_kopecks(2_360_00))
        );
        let dispute = deal.dispute.unwrap();
        assert_eq!(dispute.guilty_side, guilty);
        assert_eq!(
            dispute.settlement_description.unwrap(),
            "1000.00 RUB to the seller, the rest to the buyer"
        );
    }
}

// --- money ---

/// Either party may be asked for an additional payment; it is in the deposit, and goes to its payee on success.
#[test]
fn additional_payments_by_either_party() {
    let mut w = paid(market());
    w.act(&seller(), Call::PerformingStart.command());
    w.act(&seller(), charge("a", Side::Buyer, Payee::Seller, 50_00));
    w.act(&buyer(), charge("b", Side::Seller, Payee::Platform, 20_00));
    let one = |n| escrow::deposit::DepositId::charge(n).unwrap();
    w.pay(one(1), 50_00);
    w.pay(one(2), 20_00);
    w.act(&buyer(), Call::ConfirmAcceptation.command());
    w.done_all();
    let deposit = project(&w).deposit;
    assert_eq!(
        (deposit.buyer_paid, deposit.seller_paid),
        (Sum::from_kopecks(3_410_00), Sum::from_kopecks(20_00))
    );
    assert_eq!((deposit.buyout, deposit.returned), (Sum::from_kopecks(3_410_00), Sum::ZERO));
}

/// The buyer pays a part directly, the seller's fees are more than the rest: the seller has a deposit, too.
#[test]
fn the_seller_deposits_what_is_over_his_proceeds() {
    // 3 300 of 3 360 offline: 60 online, which are the buyer's half of the commission; the seller's 60 are due
    let mut request = order();
    request["buyer_have_to_pay_offline"] = json!("3300");
    let mut w = created(&shop_user(), &request, None);
    let sums = project(&w).calculation_result;
    let due = [
        sums.buyer_have_to_pay_online,
        sums.buyer_have_to_pay_offline,
        sums.seller_have_to_pay_online,
        sums.payout,
    ];
    assert_eq!(due.map(|s| s.to_string()), ["60.00", "3300.00", "60.00", "0.00"]);
    let mine = form().request(&w.deal, &Caller::party(text("boris")), &Stores).unwrap().payment;
    assert_eq!((mine.deposit, mine.amount), (L, rub(60_00)));
    w.pay(B, 60_00);
    assert_eq!(project(&w).deposit.status, DepositStatus::PartlyPaid);
    w.pay(L, 60_00);
    assert_eq!(wire_status(&w), DealStatus::AwaitingPerformance);
    assert_eq!(project(&w).deposit.seller_paid, Sum::from_kopecks(60_00));
}

/// What the form has no word for is an error that names the field.
#[test]
fn what_cannot_be_said_is_not_said() {
    use escrow::Rate;
    use escrow::terms::{OnRefund, Provider};
    use escrow_nalogka::Inexpressible as I;
    let at = |change: &dyn Fn(&mut escrow::TermsDraft)| {
        let mut draft = sale(Policy::shop());
        change(&mut draft);
        let w = World::new(draft);
        escrow_nalogka::Deal::project(&w.deal, &HostData::new(Workflow::Shop))
            .map_err(|e| (e.path(), e.why()))
    };
    let third = Provider::Third(text("courier"));
    let share = |percents| Payer::Shared(percent(percents));
    fn refused<T>(path: &str, why: I) -> Result<T, (String, I)> {
        Err((path.to_owned(), why))
    }
    let services = |payer, provider: Provider| {
        at(&|d| {
            d.services = vec![
                service("a", 1_00, Payer::Buyer, Provider::Seller),
                service("b", 1_00, payer, provider.clone()),
            ]
        })
        .map(|deal| deal.additional_services[1].payer)
    };
    assert_eq!(services(share(30), Provider::Seller), refused("additional_services[1].payer", I::Split));
    assert_eq!(services(Payer::Buyer, third), refused("additional_services[1].provided_by", I::ThirdParty));
    assert_eq!(services(share(50), Provider::Seller), Ok(escrow_nalogka::Payer::Half));
    assert_eq!(services(share(0), Provider::Seller), Ok(escrow_nalogka::Payer::Seller));
    assert_eq!(services(Payer::Shared(Rate::WHOLE), Provider::Platform), Ok(escrow_nalogka::Payer::Buyer));
    let fees = |second| {
        at(&|d| d.fees.push(fixed_fee("two", FeePayee::Processor, 1_00, second, OnRefund::Keep)))
            .map(|deal| deal.commission_payer)
    };
    assert_eq!(fees(Payer::Seller), Ok(Some(escrow_nalogka::Payer::Seller)));
    assert_eq!(fees(Payer::Buyer), refused("commission_payer", I::DifferentPayers));
    assert_eq!(fees(share(10)), refused("commission_payer", I::Split));
    assert_eq!(at(&|d| d.guarantees.seller = Some(rub(1_00))).map(|_| ()), refused("deposit", I::Guarantee));
    assert_eq!(at(&|d| d.policy = Policy::freelance()).map(|_| ()), refused("status", I::NotAgreed));
    let dollars = at(&|d| {
        d.currency = escrow::Currency::USD;
        d.items[0].unit_price = usd(1_00);
    });
    assert_eq!(dollars.map(|_| ()), refused("subject_items_sum", I::Currency));
    // what is left out makes nothing wrong
    let mut w = World::new(plain(Policy::shop()));
    w.act(&buyer(), Post::new(text("message-1")));
    assert!(escrow_nalogka::Deal::project(&w.deal, &HostData::new(Workflow::Shop)).is_ok());
}
