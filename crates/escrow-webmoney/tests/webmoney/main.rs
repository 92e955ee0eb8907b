//! WebMoney Escrow by its reference: every statement of «Примеры использования» is a test with that name, driven by the
//! documented calls as JSON. Amounts are worked out by hand in the comments.
//!
//! `World` (see `common`) checks all invariants, replay, decoding, conservation, the book of real money, punctuality
//! and repeats around every step.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::panic)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::wildcard_enum_match_arm)]
// 1_000_00 reads as 1 000.00
#![allow(clippy::inconsistent_digit_grouping)]

#[path = "../../../../tests/common/mod.rs"]
mod common;
mod hostile;
mod wire;

use common::*;
use escrow::Recorded;
use escrow::deal::command::{AppointArbiter, DestinationUse, Rule};
use escrow::deal::{Event, Guard};
use escrow::deposit::{DepositId, LegState, Purpose, TransactionKind};
use escrow::terms::{ArbitrationFee, Contacts, Fee, FeePayee, Guarantees, Item, OneReport, Payer, Problem};
use escrow::{
    Award, Command, Context, Currency, DealId, DefaultRuling, Destination, Machine, Money, Payee, Policy,
    Rejection, Side, Status, Time,
};
use escrow_market::offer::{OfferDraft, OfferTerms};
use escrow_market::{Offer, OfferId};
use escrow_webmoney::{
    ArbitrageCreateClaim, Call, ClaimInfo, Contact, ContractAccept, ContractCancel, ContractCreate,
    ContractInfo, DealCancel, DealInfo, DealSuccess, ExtUserInfo, Inexpressible, OfferInfo, OfferUserInfo,
    Parties, People, Rules, ServiceSecret, View, author, from_json,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// The id that `World` gives its deal.
const ID: &str = "00000000-0000-0000-0000-000000000007";

// --- the service ---

fn secret() -> ServiceSecret {
    ServiceSecret::new("K3y of the service").unwrap()
}

fn hash(user: &str) -> String {
    secret().hash("77", user).as_str().to_owned()
}

fn parties() -> Parties {
    Parties { seller: text("boris"), buyer: text("anna"), contacts: Contacts::default() }
}

fn wmz(minor: i64) -> Money {
    Money::from_minor(minor, Currency::from_code("WMZ").unwrap())
}

/// A call as it arrives.
fn call<T: DeserializeOwned>(call: &Value) -> T {
    from_json(&call.to_string()).unwrap_or_else(|e| panic!("{e}"))
}

/// Boris sells two tables for 10 000.00 roubles, paid directly; each side deposits 1 000.00 roubles.
fn create() -> Value {
    json!({
        "serviceId": "77", "userId": "boris",
        "amount": "10000.00", "amountCurrencyId": "RUB",
        "seller": { "ExternalId": "ext-boris", "Deposit": "1000.00", "Phone": "+7 900 000-00-01", "Purse": "R111111111111" },
        "buyer": { "ExternalId": "ext-anna", "Deposit": "1000.00" },
        "currencyId": "RUB", "description": "Two oak tables", "count": 2,
        "duration": 10, "durationToDeal": 3, "depositToSeller": false,
        "hash": hash("boris"),
    })
}

/// The same, but that Anna's deposit of 10 000.00 pays; Boris deposits 1 000.00.
fn create_paying() -> Value {
    let mut call = create();
    call["depositToSeller"] = json!(true);
    call["buyer"]["Deposit"] = json!("10000.00");
    call
}

fn about(user: &str, id: &str) -> Value {
    json!({ "serviceId": "77", "userId": user, id: ID, "hash": hash(user) })
}

fn accept(user: &str, tran: Option<&str>) -> ContractAccept {
    let mut json = about(user, "contractId");
    json["purse"] = json!(format!("purse of {user}"));
    json["tranId"] = json!(tran);
    call(&json)
}

/// A deal as the service has it once the call has arrived.
fn proposed(json: &Value) -> World {
    proposed_under(json, &Rules::default())
}

fn proposed_under(json: &Value, rules: &Rules) -> World {
    let create: ContractCreate = call(json);
    create.verify(&secret()).unwrap();
    let proposal = create.proposal(&parties(), rules).unwrap();
    let mut w = World::proposed_by(&create.context(start()).actor, proposal.terms.to_draft());
    let wallet = create.seller.purse.is_some().then(|| text("vault-boris"));
    for command in create.follow_up(&w.deal, &text("webmoney"), wallet).unwrap() {
        send(&mut w, &create, &command);
    }
    w
}

/// A command in its call's own context, after the hash.
fn send(w: &mut World, call: &impl Call, command: &Command) -> Vec<Recorded> {
    let judged = attempt(w, call, command);
    judged.unwrap_or_else(|e| panic!("{e:?}: {command:?} on {:?}", w.deal))
}

fn attempt(w: &mut World, call: &impl Call, command: &Command) -> Result<Vec<Recorded>, Rejection> {
    call.verify(&secret()).unwrap();
    let context = call.context(w.now);
    Ok(w.attempt_in(&context, command)?.events().to_vec())
}

/// The gateway finds every payment that somebody has claimed.
fn verify_claims(w: &mut World) {
    let claimed = |w: &World| {
        let asked = w.deal.pending().find(|p| p.kind == TransactionKind::Charge)?;
        Some((asked.number().number(), asked.source?.to_string()))
    };
    while let Some((tx, reference)) = claimed(w) {
        w.act(&escrow::Actor::Gateway, answer(tx, succeeded(&reference)));
    }
}

fn send_accept(w: &mut World, call: &ContractAccept) {
    let wallet = text(&format!("vault-{}", call.user_id));
    let version = w.deal.terms_version();
    for command in call.commands(&w.deal, version, &text("webmoney"), wallet).unwrap() {
        send(w, call, &command);
    }
}

/// Everybody has agreed and paid.
fn concluded(json: &Value) -> World {
    concluded_under(json, &Rules::default())
}

fn concluded_under(json: &Value, rules: &Rules) -> World {
    let mut w = proposed_under(json, rules);
    send_accept(&mut w, &accept("anna", None));
    w.fill();
    assert_eq!(w.status(), Status::Performing);
    w
}

fn success(w: &mut World, user: &str) {
    let call: DealSuccess = call(&about(user, "dealId"));
    let command = call.command(&w.deal).unwrap();
    send(w, &call, &command);
}

fn failure(w: &mut World, user: &str) {
    let call: DealCancel = call(&about(user, "dealId"));
    let command = call.command(&w.deal).unwrap();
    send(w, &call, &command);
}

fn sue(w: &mut World, user: &str) -> Result<Vec<Recorded>, Rejection> {
    sue_as(w, user, "claim-1")
}

fn sue_as(w: &mut World, user: &str, number: &str) -> Result<Vec<Recorded>, Rejection> {
    let call: ArbitrageCreateClaim = call(&about(user, "dealId"));
    let command = call.command(&w.deal, text(number)).unwrap();
    attempt(w, &call, &command)
}

fn contact(user: &str) -> Contact {
    let info: ExtUserInfo =
        call(&json!({ "ExternalId": format!("ext-{user}"), "Phone": "+7 900 000-00-01", "Purse": "R1" }));
    Contact::from(&info)
}

fn contract(w: &World) -> ContractInfo {
    shown(w, ContractInfo::of).unwrap()
}

fn info(w: &World) -> DealInfo {
    shown(w, DealInfo::of).unwrap()
}

fn shown<T>(
    w: &World,
    of: impl Fn(&escrow::Deal, &View<'_>) -> Result<T, Inexpressible>,
) -> Result<T, Inexpressible> {
    let user_id = author(w.journal.iter()).unwrap();
    let view = View { service_id: &text("77"), user_id, seller: &contact("boris"), buyer: &contact("anna") };
    of(&w.deal, &view)
}

fn gets(w: &World) -> Vec<(DepositId, Payee, Purpose, i64)> {
    w.legs()
        .into_iter()
        .map(|(deposit, payee, purpose, amount, _)| (deposit, payee, purpose, amount))
        .collect()
}

// --- «Условия предложения сохраняются на сервисе» ---

#[test]
fn a_call_becomes_validated_terms() {
    let w = proposed(&create());
    let terms = w.deal.terms();
    assert_eq!(
        (w.status(), w.deal.consents().seller, w.deal.consents().buyer),
        (Status::Proposed, true, false)
    );
    // 2 × 5 000.00 = 10 000.00, all of it paid directly: the deposits are guarantees
    assert_eq!(terms.items.len(), 1);
    assert_eq!((terms.items[0].quantity, terms.items[0].unit_price), (2, rub(5_000_00)));
    assert_eq!(terms.pay_offline, Some(rub(10_000_00)));
    assert_eq!((terms.guarantees.buyer, terms.guarantees.seller), (Some(rub(1_000_00)), Some(rub(1_000_00))));
    assert_eq!(terms.description.as_deref(), Some("Two oak tables"));
    assert_eq!((terms.policy.performance_s, terms.policy.deposit_s), (10 * DAY, 3 * DAY));
    // the service acts on the user's behalf
    let via = w.journal.last().unwrap().via.clone();
    assert_eq!(via, Some(text("77")));
}

#[test]
fn an_amount_that_does_not_divide_by_the_count_stays_exact() {
    for (amount, count, units) in [
        // 1 000.00 by 3: 2 × 333.33 + 1 × 333.34
        ("1000.00", 3, vec![(333_33, 2), (333_34, 1)]),
        ("1000.00", 4, vec![(250_00, 4)]),
        // less than a kopeck each: 8 × 0.00 + 2 × 0.01
        ("0.02", 10, vec![(0, 8), (1, 2)]),
    ] {
        let mut json = create();
        json["amount"] = json!(amount);
        json["count"] = json!(count);
        let w = proposed(&json);
        let items: Vec<_> = w.deal.terms().items.iter().map(|i| (i.unit_price.minor(), i.quantity)).collect();
        assert_eq!(items, units);
        let shown = contract(&w);
        assert_eq!((shown.amount.as_str(), shown.count), (amount, count));
    }
}

#[test]
fn the_commission_is_the_quotes() {
    // 2 % of 10 000.00 = 200.00, the seller's: since the price is paid directly, the seller pays it in
    let fee = Fee::of_price(text("service"), FeePayee::Platform, percent(2), Payer::Seller);
    let rules = Rules { fees: vec![fee], ..Rules::default() };
    let mut w = proposed_under(&create(), &rules);
    assert_eq!(contract(&w).comiss.as_str(), "200.00");
    assert_eq!(contract(&w).seller.deposit.unwrap().as_str(), "1000.00", "the commission is no deposit");
    send_accept(&mut w, &accept("anna", None));
    w.pay(GB, 1_000_00);
    // the seller's first transaction is for the guarantee, the next for the commission
    send_accept(&mut w, &accept("boris", Some("t-guarantee")));
    verify_claims(&mut w);
    assert_eq!((w.held(GS), w.held(L)), (1_000_00, 0));
    assert!(!contract(&w).seller.is_deposit_paid);
    send_accept(&mut w, &accept("boris", Some("t-commission")));
    verify_claims(&mut w);
    assert_eq!((w.held(L), w.status()), (200_00, Status::Performing));
    success(&mut w, "anna");
    success(&mut w, "boris");
    w.done_all();
    assert_eq!(w.gets(&Payee::Platform, Purpose::Fee), 200_00);
}

// --- «Вторая сторона может принять условия (предварительно оплатив залог)» ---

#[test]
fn deposits_on_one_or_both_sides_in_their_own_currency() {
    for (seller, buyer) in [("150.00", "50.00"), ("150.00", "0"), ("0.00", "50"), ("0", "0")] {
        let mut json = create();
        json["currencyId"] = json!("WMZ");
        json["seller"]["Deposit"] = json!(seller);
        json["buyer"]["Deposit"] = json!(buyer);
        let mut w = proposed(&json);
        let minor = |text: &str| Money::parse(text, wmz(0).currency()).unwrap();
        let required = |id| w.deal.deposit(id).unwrap().required();
        assert_eq!(
            (required(GS).minor(), required(GB).minor()),
            (minor(seller).minor(), minor(buyer).minor())
        );
        for (id, amount) in [(GS, minor(seller)), (GB, minor(buyer))] {
            assert!(amount.is_zero() || required(id) == amount);
        }
        let shown = contract(&w);
        let currency = if seller == "0" && buyer == "0" { Currency::RUB } else { wmz(0).currency() };
        assert_eq!((shown.amount_currency_id, shown.currency_id), (Currency::RUB, currency));
        // only what is needed is asked for
        send_accept(&mut w, &accept("anna", None));
        let open = seller != "0" || buyer != "0";
        assert_eq!(w.status(), if open { Status::AwaitingDeposit } else { Status::Performing });
        w.fill();
        assert_eq!(w.status(), Status::Performing);
        success(&mut w, "anna");
        success(&mut w, "boris");
        w.done_all();
        assert_eq!(w.status(), Status::Completed);
        assert_eq!(w.gets(&Payee::Seller, Purpose::Guarantee), minor(seller).minor());
        assert_eq!(w.gets(&Payee::Buyer, Purpose::Guarantee), minor(buyer).minor());
    }
}

#[test]
fn a_transaction_id_is_a_claim_until_the_gateway_confirms_it() {
    let mut json = create();
    json["seller"]["TranId"] = json!("t-boris");
    let mut w = proposed(&json);
    // the proposer's own, named while creating
    let asked = w.order(TransactionKind::Charge, &Payee::Seller);
    assert_eq!(w.held(GS), 0);
    let shown = contract(&w).seller;
    assert_eq!(
        (shown.tran_id.as_deref(), shown.is_deposit_paid, shown.agree),
        (Some("t-boris"), false, false)
    );
    assert!(shown.accepted);
    // neither is another payment
    assert_eq!(
        w.refuse(&escrow::Actor::Gateway, answer(asked, succeeded("t-other"))).code(),
        "confirm-instead"
    );
    verify_claims(&mut w);
    assert!(contract(&w).seller.is_deposit_paid && contract(&w).seller.agree);
    // the other side's, named while accepting: consent, question to the gateway, purse
    let accepting = accept("anna", Some("t-anna"));
    send_accept(&mut w, &accepting);
    assert_eq!((w.status(), w.held(GB)), (Status::AwaitingDeposit, 0));
    assert!(contract(&w).buyer.accepted && !contract(&w).buyer.agree);
    // the same call again asks nothing twice
    send_accept(&mut w, &accepting);
    let asked = w.order(TransactionKind::Charge, &Payee::Buyer);
    // the gateway knows of no such payment
    w.decline(asked);
    assert_eq!((w.status(), contract(&w).buyer.tran_id), (Status::AwaitingDeposit, None));
    // Anna names the right one
    send_accept(&mut w, &accept("anna", Some("t-anna-2")));
    verify_claims(&mut w);
    assert_eq!((w.status(), w.held(GB)), (Status::Performing, 1_000_00));
    assert!(info(&w).buyer.is_deposit_paid && info(&w).buyer.agree);
    // nothing is left to pay
    let error =
        accept("anna", Some("t-anna-3")).commands(&w.deal, 1, &text("webmoney"), text("w")).unwrap_err();
    assert_eq!((error.field(), error.code()), ("tranId", "nothing-to-pay"));
}

#[test]
fn a_payment_that_the_gateway_confirmed_first_is_not_asked_about() {
    let mut w = proposed(&create());
    let mut paid = payment(GB, "t-anna", rub(1_000_00));
    paid.gateway = text("webmoney");
    w.act(&escrow::Actor::Gateway, paid);
    send_accept(&mut w, &accept("anna", Some("t-anna")));
    assert!(w.pending().is_empty());
    assert_eq!(contract(&w).buyer.tran_id.as_deref(), Some("t-anna"));
}

#[test]
fn nobody_fills_a_deal_with_claims() {
    let mut w = proposed(&create());
    let claim = |w: &World, n: u32| {
        let call = accept("anna", Some(&format!("t-{n}")));
        let [agree, _] = call.commands(&w.deal, 1, &text("webmoney"), text("w")).unwrap();
        (call, agree)
    };
    for n in 0..100 {
        let (call, agree) = claim(&w, n);
        send(&mut w, &call, &agree);
        let asked = w.order(TransactionKind::Charge, &Payee::Buyer);
        w.decline(asked);
    }
    let (call, agree) = claim(&w, 100);
    assert_eq!(attempt(&mut w, &call, &agree), Err(Rejection::TooMany { max: 100 }));
    // which is Anna's own affair: the other side still claims, and the gateway's facts count
    send_accept(&mut w, &accept("boris", Some("t-boris")));
    verify_claims(&mut w);
    w.pay(GB, 1_000_00);
    assert_eq!(w.status(), Status::Performing);
}

#[test]
fn a_purse_is_a_reference_and_only_ones_own() {
    let mut json = create();
    // what Boris says of Anna's purse is not Anna's destination
    json["buyer"]["Purse"] = json!("Z999999999999");
    let mut w = proposed(&json);
    let wallet = |w: &World, payee: &Payee| w.deal.destination(payee, DestinationUse::Payouts).cloned();
    assert_eq!(wallet(&w, &Payee::Buyer), None);
    assert_eq!(wallet(&w, &Payee::Seller), Some(Destination::Wallet(text("vault-boris"))));
    send_accept(&mut w, &accept("anna", None));
    assert_eq!(wallet(&w, &Payee::Buyer), Some(Destination::Wallet(text("vault-anna"))));
    // no personal data in the deal, its journal, or Debug
    let create: ContractCreate = call(&json);
    let accept = accept("anna", None);
    let texts = [
        common::json(&w.deal),
        serde_json::to_string(&w.journal).unwrap(),
        format!("{:?} {create:?} {accept:?} {:?} {:?}", w.deal, contact("anna"), contract(&w)),
    ];
    for text in texts {
        for personal in ["R111111111111", "Z999999999999", "+7 900", "ext-boris", "purse of", &hash("boris")]
        {
            assert!(!text.contains(personal), "{personal} in {text}");
        }
    }
}

#[test]
fn a_request_to_pay_has_a_number() {
    let mut w = proposed(&create());
    assert_eq!(contract(&w).buyer.invoice_id, None);
    w.act(&buyer(), request("invoice", GB, 1_000_00));
    assert_eq!((contract(&w).buyer.invoice_id, contract(&w).seller.invoice_id), (Some(1), None));
    let mut paid = payment(GB, "t-1", rub(1_000_00));
    paid.transaction = Some(escrow::TxId::new(1));
    w.act(&escrow::Actor::Gateway, paid);
    let shown = contract(&w).buyer;
    assert_eq!((shown.invoice_id, shown.tran_id.as_deref()), (Some(1), Some("t-1")));
}

// --- «Кроме соглашения пользователь может отказаться» ---

#[test]
fn contract_cancel_turns_the_contract_down() {
    let mut w = proposed(&create());
    w.pay(GS, 1_000_00);
    let cancel: ContractCancel = call(&about("anna", "contractId"));
    let command = cancel.command(&w.deal).unwrap();
    send(&mut w, &cancel, &command);
    assert!(contract(&w).buyer.canceled && !contract(&w).seller.canceled);
    w.done_all();
    assert_eq!((w.status(), w.buckets(GS).refunded), (Status::Declined, 1_000_00));
    assert!(!contract(&w).seller.is_deposit_paid, "it went back");
    assert_eq!(shown(&w, DealInfo::of), Err(Inexpressible::NotConcluded));
    // a concluded deal is not cancelled like that: both report failure
    for (user, guard) in [("anna", Guard::BuyerMayCancelNow), ("boris", Guard::MayCancelFunded)] {
        let mut w = concluded(&create());
        let cancel: ContractCancel = call(&about(user, "contractId"));
        let command = cancel.command(&w.deal).unwrap();
        assert_eq!(attempt(&mut w, &cancel, &command), Err(Rejection::Guard(guard)));
        assert!(guard.to_string().contains("report failure"));
    }
}

// --- «Сделка создается автоматически, после соглашения второй стороны» ---

#[test]
fn a_contract_becomes_a_deal_by_itself() {
    let mut w = proposed(&create());
    assert_eq!(shown(&w, DealInfo::of), Err(Inexpressible::NotConcluded));
    w.pass(DAY).pay(GS, 1_000_00);
    w.pay(GB, 1_000_00);
    assert_eq!(w.status(), Status::Proposed, "paid, and not agreed");
    w.pass(DAY);
    send_accept(&mut w, &accept("anna", None));
    assert_eq!(w.status(), Status::Performing);
    let shown = info(&w);
    assert_eq!((shown.contract_id, shown.created), (shown.id, after(2 * DAY)));
    assert_eq!((contract(&w).created, shown.status_old), (start(), Some(Status::AwaitingDeposit)));
    // and the other way round: agreed, and then paid
    let mut w = proposed(&create());
    send_accept(&mut w, &accept("anna", None));
    w.pay(GS, 1_000_00);
    assert_eq!(w.status(), Status::AwaitingDeposit);
    w.pay(GB, 1_000_00);
    assert_eq!(w.status(), Status::Performing);
}

#[test]
fn duration_to_deal_spans_consents_and_deposits() {
    let mut json = create();
    json["durationToDeal"] = json!(5);
    let mut w = proposed(&json);
    assert_eq!((w.until(), contract(&w).duration_to_deal), (after(5 * DAY), 5));
    w.pass(4 * DAY);
    send_accept(&mut w, &accept("anna", None));
    assert_eq!((w.status(), w.until()), (Status::AwaitingDeposit, after(5 * DAY)));
    w.pay(GB, 1_000_00);
    assert!(w.at(just_before(after(5 * DAY))).wake().is_empty());
    w.at(after(5 * DAY)).wake();
    w.done_all();
    assert_eq!((w.status(), w.buckets(GB).refunded), (Status::Expired, 1_000_00));
}

#[test]
fn duration_is_the_time_to_report() {
    let mut json = create();
    json["duration"] = json!(21);
    let w = concluded(&json);
    assert_eq!((w.until(), info(&w).duration), (after(21 * DAY), 21));
    // a deal of other origin, with six hours: shown as a whole day, never as none
    let mut draft = guaranteed();
    draft.policy.performance_s = 6 * HOUR;
    draft.policy.deposit_s = DAY + 1;
    let w = World::new(draft);
    assert_eq!((contract(&w).duration, contract(&w).duration_to_deal), (1, 2));
}

// --- «Если от обеих сторон получено подтверждение о успешном завершении» ---

#[test]
fn both_success_returns_the_guarantees() {
    let mut w = concluded(&create());
    success(&mut w, "boris");
    assert_eq!(w.status(), Status::Performing);
    success(&mut w, "anna");
    w.done_all();
    assert_eq!(w.status(), Status::Completed);
    assert_eq!(
        gets(&w),
        [(GB, Payee::Buyer, Purpose::Guarantee, 1_000_00), (GS, Payee::Seller, Purpose::Guarantee, 1_000_00)]
    );
    // long over, and still shown as the deal that was paid
    let shown = info(&w);
    assert_eq!((shown.status, shown.status_old), (Status::Completed, Some(Status::Settling)));
    assert!(shown.buyer.is_deposit_paid && shown.seller.agree);
    assert!(!shown.can_create_claim && !shown.can_create_lawsuit);
}

#[test]
fn under_deposit_to_seller_the_buyers_deposit_is_a_payment() {
    let mut w = concluded(&create_paying());
    assert_eq!((w.held(B), w.held(GB), w.held(GS)), (10_000_00, 0, 1_000_00));
    assert!(info(&w).deposit_to_seller);
    assert_eq!(info(&w).buyer.deposit.unwrap().as_str(), "10000.00");
    success(&mut w, "boris");
    success(&mut w, "anna");
    // to the seller's purse
    let payout = w.order(TransactionKind::Payout, &Payee::Seller);
    let order = w.deal.pending_one(escrow::TxId::new(payout)).unwrap();
    assert_eq!(order.destination, Some(&Destination::Wallet(text("vault-boris"))));
    w.done_all();
    assert_eq!(
        gets(&w),
        [(B, Payee::Seller, Purpose::Payout, 10_000_00), (GS, Payee::Seller, Purpose::Guarantee, 1_000_00)]
    );
    // a deposit of 4 000.00 pays as far as it goes: 6 000.00 are paid directly
    let mut json = create_paying();
    json["buyer"]["Deposit"] = json!("4000.00");
    let mut w = concluded(&json);
    assert_eq!((w.held(B), w.deal.terms().pay_offline), (4_000_00, Some(rub(6_000_00))));
    assert!(info(&w).deposit_to_seller);
    success(&mut w, "boris");
    success(&mut w, "anna");
    w.done_all();
    assert_eq!(w.gets(&Payee::Seller, Purpose::Payout), 4_000_00);
}

// --- «Если стороны обоюдно решили отменить сделку» ---

#[test]
fn both_failure_returns_everything() {
    for json in [create(), create_paying()] {
        let mut w = concluded(&json);
        failure(&mut w, "anna");
        assert!(info(&w).buyer.canceled && !info(&w).seller.canceled);
        failure(&mut w, "boris");
        w.done_all();
        assert_eq!(w.status(), Status::Cancelled);
        for deposit in [B, GB, GS] {
            assert_eq!(w.buckets(deposit).refunded, w.buckets(deposit).received);
        }
        assert_eq!(w.owed(), []);
        assert_eq!(info(&w).status, Status::Cancelled, "it was a deal, and is shown as one");
    }
}

// --- «одна из сторон сообщила о выполнении, а другая о нарушении: сделка считается спорной» ---

#[test]
fn one_of_each_is_disputed_and_nothing_goes_back() {
    let mut w = concluded(&create());
    success(&mut w, "boris");
    failure(&mut w, "anna");
    assert_eq!((w.status(), w.held(GB), w.held(GS)), (Status::Disputed, 1_000_00, 1_000_00));
    let shown = info(&w);
    assert!(shown.can_create_claim && !shown.can_create_lawsuit);
    assert_eq!(shown.status_old, Some(Status::Performing));
}

#[test]
fn verdicts_may_be_changed_until_both_agree() {
    // before the other has reported
    let mut w = concluded(&create());
    failure(&mut w, "boris");
    success(&mut w, "boris");
    success(&mut w, "anna");
    assert_eq!(w.status(), Status::Settling);
    // while negotiating
    let mut w = concluded(&create());
    success(&mut w, "boris");
    failure(&mut w, "anna");
    w.pass(5 * DAY);
    success(&mut w, "anna");
    w.done_all();
    assert_eq!((w.status(), w.buckets(GB).refunded), (Status::Completed, 1_000_00));
    // and even before the court
    let mut w = disputed_for_ten_days();
    sue(&mut w, "anna").unwrap();
    failure(&mut w, "boris");
    w.done_all();
    assert_eq!((w.status(), w.buckets(GS).refunded), (Status::Cancelled, 1_000_00));
    // then it is over
    let call: DealSuccess = call(&about("anna", "dealId"));
    let command = call.command(&w.deal).unwrap();
    assert!(matches!(attempt(&mut w, &call, &command), Err(Rejection::WrongPhase { .. })));
}

// --- «Если в течение 10 дней … любая из сторон может подать иск в Арбитраж» ---

fn disputed_for_ten_days() -> World {
    let mut w = concluded(&create());
    success(&mut w, "boris");
    failure(&mut w, "anna");
    w.pass(10 * DAY).wake();
    w
}

#[test]
fn after_ten_days_either_may_sue() {
    for user in ["anna", "boris"] {
        let mut w = concluded(&create());
        success(&mut w, "boris");
        failure(&mut w, "anna");
        assert_eq!(w.until(), after(10 * DAY));
        w.at(just_before(after(10 * DAY)));
        assert_eq!(sue(&mut w, user), Err(Rejection::Guard(Guard::InArbitration)));
        // nobody has woken the deal
        w.at(after(10 * DAY));
        let events = sue(&mut w, user).unwrap();
        assert!(World::names(&events).contains(&"claim_filed".to_owned()));
        assert!(!info(&w).can_create_claim && info(&w).can_create_lawsuit);
        assert_eq!(
            w.deal.dispute().unwrap().claim(w.deal.role_of(&party(user)).unwrap().side().unwrap()).unwrap(),
            "claim-1"
        );
        assert!(sue(&mut w, user).unwrap().is_empty(), "the same claim again");
    }
}

/// Both may sue, and neither claim replaces the other.
#[test]
fn both_claims_are_kept() {
    let mut w = disputed_for_ten_days();
    assert_eq!(ClaimInfo::list(&w.deal), []);
    sue_as(&mut w, "boris", "A40-1").unwrap();
    assert_eq!(ClaimInfo::list(&w.deal).len(), 1);
    assert!(info(&w).can_create_lawsuit, "the other side still may");
    sue_as(&mut w, "anna", "A40-2").unwrap();
    let claims: Vec<_> = ClaimInfo::list(&w.deal)
        .into_iter()
        .map(|claim| (claim.user_id.to_string(), claim.claim_id.to_string()))
        .collect();
    let filed = |user: &str, number: &str| (user.to_owned(), number.to_owned());
    assert_eq!(claims, [filed("anna", "A40-2"), filed("boris", "A40-1")]);
    assert_eq!(
        serde_json::to_value(&ClaimInfo::list(&w.deal)[1]).unwrap(),
        json!({ "DealId": ID, "UserId": "boris", "ClaimId": "A40-1" })
    );
    // and after the award
    let mut w = ruled(&create(), &judged_rules(0), Side::Buyer);
    assert_eq!(ClaimInfo::list(&w.deal).len(), 1);
    let late = sue_as(&mut w, "boris", "A40-3");
    assert!(matches!(late, Err(Rejection::WrongPhase { .. })));
}

// --- «залоги обоих участников переводятся выигравшей стороне (за исключением комиссии Арбитража)» ---

fn judged_rules(fee: i64) -> Rules {
    let fee = ArbitrationFee {
        payee: FeePayee::Platform,
        rate: percent(0),
        guarantee_rate: percent(0),
        fixed: Some(rub(fee)),
        min: None,
        max: None,
    };
    let policy = Policy::guarantee().arbitration_fee(Some(fee));
    Rules { policy, arbiter: Some(text("judge")), ..Rules::default() }
}

fn ruled(json: &Value, rules: &Rules, winner: Side) -> World {
    let mut w = concluded_under(json, rules);
    success(&mut w, "boris");
    failure(&mut w, "anna");
    w.pass(10 * DAY);
    sue(&mut w, "anna").unwrap();
    w.act(&judge(), Rule::new(Award::Winner(winner)).at_fault(winner.other()));
    w.done_all();
    assert_eq!(w.status(), Status::Resolved);
    w
}

#[test]
fn the_winner_takes_both_deposits_less_the_arbitration_fee() {
    // 1 000.00 + 1 000.00 - 150.00, the fee out of the loser's
    let w = ruled(&create(), &judged_rules(150_00), Side::Buyer);
    assert_eq!(
        gets(&w),
        [
            (GS, Payee::Platform, Purpose::ArbitrationFee, 150_00),
            (GS, Payee::Buyer, Purpose::Award, 850_00),
            (GB, Payee::Buyer, Purpose::Guarantee, 1_000_00),
        ]
    );
    let w = ruled(&create(), &judged_rules(150_00), Side::Seller);
    assert_eq!(w.gets(&Payee::Seller, Purpose::Award), 850_00);
    assert_eq!(w.gets(&Payee::Seller, Purpose::Guarantee), 1_000_00);
    assert_eq!(w.gets(&Payee::Platform, Purpose::ArbitrationFee), 150_00);
    // under depositToSeller: 10 000.00 paid, 1 000.00 of the seller's
    let w = ruled(&create_paying(), &judged_rules(150_00), Side::Buyer);
    assert_eq!(w.gets(&Payee::Buyer, Purpose::Refund), 10_000_00);
    assert_eq!(w.gets(&Payee::Buyer, Purpose::Award), 850_00);
    // the buyer loses, and has no guarantee: the fee comes out of the buyer's payment
    let w = ruled(&create_paying(), &judged_rules(150_00), Side::Seller);
    assert_eq!(w.gets(&Payee::Seller, Purpose::Payout), 9_850_00);
    assert_eq!(w.gets(&Payee::Seller, Purpose::Guarantee), 1_000_00);
    assert_eq!(w.gets(&Payee::Platform, Purpose::ArbitrationFee), 150_00);
}

#[test]
fn the_arbitration_fee_comes_out_of_deposits_in_their_own_currency() {
    // 10 % of the loser's 100.00 WMZ; the winner gets 90.00 WMZ and the winner's own 50.00 WMZ
    let mut rules = judged_rules(0);
    rules.policy.arbitration_fee.as_mut().unwrap().guarantee_rate = percent(10);
    let mut json = create();
    json["currencyId"] = json!("WMZ");
    json["seller"]["Deposit"] = json!("100.00");
    json["buyer"]["Deposit"] = json!("50.00");
    let w = ruled(&json, &rules, Side::Buyer);
    assert_eq!(
        gets(&w),
        [
            (GS, Payee::Platform, Purpose::ArbitrationFee, 10_00),
            (GS, Payee::Buyer, Purpose::Award, 90_00),
            (GB, Payee::Buyer, Purpose::Guarantee, 50_00),
        ]
    );
    assert!(w.deal.legs().iter().all(|leg| leg.amount().currency() == wmz(0).currency()));
}

#[test]
fn an_arbiter_may_be_appointed_once_it_comes_to_that() {
    let mut w = disputed_for_ten_days();
    sue(&mut w, "boris").unwrap();
    w.act(&operator(), AppointArbiter::new(text("judge")));
    w.act(&judge(), Rule::new(Award::Winner(Side::Seller)));
    w.done_all();
    assert_eq!(w.gets(&Payee::Seller, Purpose::Award), 1_000_00);
}

// --- nobody says anything ---

#[test]
fn both_silent_is_the_policys_default() {
    let mut w = concluded(&create_paying());
    assert_eq!(w.until(), after(10 * DAY));
    w.wait_for_deadline();
    w.done_all();
    assert_eq!((w.status(), w.buckets(B).refunded), (Status::Cancelled, 10_000_00));
    assert_eq!(w.owed(), []);
}

#[test]
fn one_report_is_the_policys_to_say() {
    for (one_report, status) in
        [(OneReport::Dispute, Status::Disputed), (OneReport::Stands, Status::Completed)]
    {
        let rules = Rules { policy: Policy::guarantee().one_report(one_report), ..Rules::default() };
        let mut w = concluded_under(&create(), &rules);
        success(&mut w, "boris");
        w.wait_for_deadline();
        w.done_all();
        assert_eq!(w.status(), status);
    }
}

#[test]
fn a_silent_arbitration_comes_to_an_end() {
    // 10 days of performance, 10 to negotiate, 20 for the arbiter: the policy divides in halves, guarantees go home
    let mut w = concluded(&create_paying());
    success(&mut w, "boris");
    failure(&mut w, "anna");
    w.wait_for_deadline();
    w.wait_for_deadline();
    assert_eq!(w.now, after(30 * DAY));
    w.done_all();
    assert_eq!(w.status(), Status::Resolved);
    assert_eq!(w.gets(&Payee::Seller, Purpose::Payout), 5_000_00);
    assert_eq!(w.gets(&Payee::Buyer, Purpose::Refund), 5_000_00);
    assert_eq!(w.gets(&Payee::Seller, Purpose::Guarantee), 1_000_00);
}

// --- VersionId ---

#[test]
fn a_consent_binds_a_version() {
    let mut w = proposed(&create());
    assert_eq!((contract(&w).version_id, contract(&w).user_id.as_str()), (1, "boris"));
    // Anna answers with a lower price: a counter-offer is the next version, and Anna's
    let mut draft = w.deal.terms().to_draft();
    draft.items[0].unit_price = rub(4_500_00);
    draft.pay_offline = Some(rub(9_000_00));
    w.pass(HOUR).act(&buyer(), amend(1, draft));
    let shown = contract(&w);
    assert_eq!((shown.version_id, shown.user_id.as_str(), shown.amount.as_str()), (2, "anna", "9000.00"));
    assert_eq!((shown.buyer.accepted, shown.seller.accepted), (true, false));
    assert_eq!((shown.created, shown.modified), (start(), after(HOUR)));
    // Boris accepts what Boris was shown: the first version, which is no longer on the table
    let stale = accept("boris", None);
    let [agree, _] = stale.commands(&w.deal, 1, &text("webmoney"), text("w")).unwrap();
    assert_eq!(attempt(&mut w, &stale, &agree), Err(Rejection::StaleTerms { given: 1, actual: 2 }));
    let [agree, _] = stale.commands(&w.deal, 2, &text("webmoney"), text("w")).unwrap();
    send(&mut w, &stale, &agree);
    assert!(contract(&w).seller.accepted);
    let bound = w.journal.iter().rev().find_map(|r| match &r.event {
        Event::Agreed { terms_version, .. } => Some(*terms_version),
        _ => None,
    });
    assert_eq!(bound, Some(2));
}

#[test]
fn a_counter_offer_may_be_of_another_duration() {
    let mut w = proposed(&create());
    let mut draft = w.deal.terms().to_draft();
    draft.policy.performance_s = 30 * DAY;
    w.act(&buyer(), amend(1, draft.clone()));
    assert_eq!((contract(&w).version_id, contract(&w).duration), (2, 30));
    send_accept(&mut w, &accept("boris", None));
    w.fill();
    assert_eq!((w.status(), w.until()), (Status::Performing, after(30 * DAY)));
    // everything else in the policy is the service's, and so is durationToDeal, which is running already
    let mut w = proposed(&create());
    let changes: [fn(&mut Policy); 3] =
        [|p| p.deposit_s += 1, |p| p.negotiation_s = 1, |p| p.default_ruling = DefaultRuling::BuyerAll];
    for change in changes {
        let mut draft = draft.clone();
        change(&mut draft.policy);
        let Rejection::Terms(error) = w.refuse(&buyer(), amend(1, draft)) else { panic!() };
        assert_eq!((error.field(), error.problem()), ("policy", Problem::Pinned));
    }
    // and where creation implies consent, all of it is
    let mut w = World::new(plain(Policy::shop()));
    let mut draft = plain(Policy::shop());
    draft.policy.performance_s = 1;
    let Rejection::Terms(error) = w.refuse(&buyer(), amend(1, draft)) else { panic!() };
    assert_eq!(error.field(), "policy");
}

// --- «Объект OfferInfo», «Объект OfferUserInfo» ---

/// Boris sells ten oak tables at 5 000.00 each, paid by the buyer's deposit; Boris deposits 500.00 for each.
fn offer_draft() -> OfferDraft {
    let mut subject = Item::new(text("Oak table"), rub(5_000_00), 10);
    subject.unit = Some(text("pcs"));
    let mut draft = OfferDraft::new(text("boris"), Side::Seller, subject, Policy::guarantee());
    draft.guarantees.seller = Some(rub(500_00));
    draft.category = Some(text("furniture"));
    draft.description = Some(text("Oak tables, oiled"));
    draft.tags = vec![text("oak")];
    draft.to_contract_s = 2 * DAY;
    draft
}

fn offer() -> Offer {
    let id = OfferId::new(uuid::Uuid::from_u128(9));
    let boris = Context::party(start(), text("boris"));
    Offer::publish(id, OfferTerms::new(offer_draft()).unwrap(), &boris).unwrap().0
}

fn shown_offer(offer: &Offer) -> OfferInfo {
    OfferInfo::of(offer, &text("77"), &contact("boris")).unwrap()
}

/// As Anna's client sends it.
fn taking() -> Value {
    json!({
        "OfferId": "00000000-0000-0000-0000-000000000009", "UserId": "anna", "ExternalUserId": "ext-anna",
        "Purse": "R222222222222", "Phone": "+7 900 000-00-02", "Count": 2,
    })
}

fn taken(offer: &Offer) -> OfferUserInfo {
    let mut offer = offer.clone();
    let info: OfferUserInfo = call(&taking());
    let deal = DealId::new(uuid::Uuid::from_u128(7));
    let command = info.take(&offer, deal, Some(text("vault-anna")), Some(text("contact-anna"))).unwrap();
    let _ = offer.handle(&command, &info.context(start(), &text("77"))).unwrap();
    OfferUserInfo::of(&offer, offer.take(deal).unwrap(), &contact("anna"))
}

#[test]
fn an_offer_is_taken_and_becomes_a_contract() {
    let mut offer = offer();
    let shown = shown_offer(&offer);
    assert_eq!((shown.count, shown.amount.as_str()), (10, "5000.00"));
    assert_eq!(
        (shown.seller.deposit.unwrap().as_str(), shown.buyer.deposit.unwrap().as_str()),
        ("500.00", "5000.00")
    );
    assert_eq!((shown.duration_to_contract, shown.duration_to_deal, shown.duration), (2, 3, 10));
    let info: OfferUserInfo = call(&taking());
    let deal = DealId::new(uuid::Uuid::from_u128(7));
    let command = info.take(&offer, deal, Some(text("vault-anna")), None).unwrap();
    let context = info.context(start(), &text("77"));
    let _ = offer.handle(&command, &context).unwrap();
    assert_eq!((offer.available(), offer.reserved()), (8, 2));
    // personal data stays outside
    let stored = serde_json::to_string(&offer).unwrap() + &format!("{offer:?} {info:?}");
    for personal in ["R222222222222", "+7 900", "ext-anna"] {
        assert!(!stored.contains(personal), "{personal}");
    }
    // Anna's contract: 2 × 5 000.00, and 2 × 500.00 of Boris's
    let w = World::proposed_by(&buyer(), offer.proposal(deal).unwrap().to_draft());
    let shown = contract(&w);
    assert_eq!(
        (shown.count, shown.amount.as_str(), shown.count_measure.as_deref()),
        (2, "10000.00", Some("pcs"))
    );
    assert_eq!(
        (shown.seller.deposit.unwrap().as_str(), shown.buyer.deposit.unwrap().as_str()),
        ("1000.00", "10000.00")
    );
    assert!(shown.deposit_to_seller && shown.buyer.accepted);
}

/// The purses of the offer and of its taker are where their money goes, and their phones reach the contract; without one
/// of them standing in the deal.
#[test]
fn the_purses_of_an_offer_are_where_the_money_goes() {
    let mut draft = offer_draft();
    (draft.purse, draft.contact) = (Some(text("vault-boris")), Some(text("contact-boris")));
    let boris = Context::party(start(), text("boris"));
    let id = OfferId::new(uuid::Uuid::from_u128(9));
    let (mut offer, _) = Offer::publish(id, OfferTerms::new(draft).unwrap(), &boris).unwrap();
    let info: OfferUserInfo = call(&taking());
    let deal = DealId::new(uuid::Uuid::from_u128(7));
    let command = info.take(&offer, deal, Some(text("vault-anna")), Some(text("contact-anna"))).unwrap();
    let _ = offer.handle(&command, &info.context(start(), &text("77"))).unwrap();
    let mut w = World::proposed_by(&buyer(), offer.proposal(deal).unwrap().to_draft());
    let follow_up = OfferUserInfo::follow_up(&offer, &w.deal, &text("77"));
    assert_eq!(follow_up.len(), 2);
    for (command, caller) in follow_up {
        assert_eq!(caller.via.as_deref(), Some("77"));
        w.act(&caller.actor, command);
    }
    let wallet = |payee: &Payee| w.deal.destination(payee, DestinationUse::Payouts).cloned();
    assert_eq!(wallet(&Payee::Seller), Some(Destination::Wallet(text("vault-boris"))));
    assert_eq!(wallet(&Payee::Buyer), Some(Destination::Wallet(text("vault-anna"))));
    // the host's directory, by the references
    let known = |reference: &escrow::Text<128, 1>| {
        let phone = match reference.as_str() {
            "contact-anna" => "+7 900 000-00-02",
            "contact-boris" => "+7 900 000-00-03",
            _ => return None,
        };
        Some(Contact::from(&call::<ExtUserInfo>(&json!({ "Phone": phone }))))
    };
    let people = People::of(&w.deal, known);
    let (service, author) = (text("77"), text("anna"));
    let shown = ContractInfo::of(&w.deal, &people.view(&service, &author)).unwrap();
    let phones = [&shown.buyer, &shown.seller].map(|side| serde_json::to_value(&side.phone).unwrap());
    assert_eq!(phones, [json!("+7 900 000-00-02"), json!("+7 900 000-00-03")]);
    assert!(!common::json(&w.deal).contains("+7 900"));
    // 2 x 5 000.00 are the seller's in the end, in the purse; the guarantee of 2 x 500.00 goes back
    w.act(&seller(), agree(1));
    w.fill();
    success(&mut w, "boris");
    success(&mut w, "anna");
    let payout = w.deal.pending().find(|order| *order.payee == Payee::Seller && order.source.is_none());
    let payout = payout.map(|order| (order.amount, order.destination.cloned()));
    assert_eq!(payout, Some((rub(10_000_00), Some(Destination::Wallet(text("vault-boris"))))));
    // somebody else's deal has none of them
    assert_eq!(OfferUserInfo::follow_up(&self::offer(), &w.deal, &text("77")), []);
}

#[test]
fn duration_to_contract_is_how_long_a_take_keeps_its_count() {
    let mut offer = offer();
    let info: OfferUserInfo = call(&taking());
    let command = info.take(&offer, DealId::new(uuid::Uuid::from_u128(7)), None, None).unwrap();
    let _ = offer.handle(&command, &info.context(start(), &text("77"))).unwrap();
    assert_eq!(offer.next_deadline(), Some(after(2 * DAY)));
    let wake = escrow_market::offer::Command::Wake(escrow::deal::command::Wake {});
    let _ = offer.handle(&wake, &Context::clock(just_before(after(2 * DAY)))).unwrap();
    assert_eq!(offer.available(), 8);
    let _ = offer.handle(&wake, &Context::clock(after(2 * DAY))).unwrap();
    assert_eq!(offer.available(), 10);
}

#[test]
fn an_offer_shows_its_owners_side() {
    let publish = |draft: OfferDraft| {
        let owner = Context::party(start(), text("boris"));
        Offer::publish(OfferId::new(uuid::Uuid::nil()), OfferTerms::new(draft).unwrap(), &owner).unwrap().0
    };
    let show = |draft| OfferInfo::of(&publish(draft), &text("77"), &contact("boris"));
    // an offer to buy, paid directly, with guarantees in title units
    let mut draft = offer_draft();
    draft.side = Side::Buyer;
    draft.deposit_to_seller = false;
    draft.guarantees = Guarantees { buyer: Some(wmz(5_00)), seller: Some(wmz(7_00)) };
    let shown = show(draft.clone()).unwrap();
    assert_eq!((shown.deal_type, shown.currency_id), (Side::Buyer, wmz(0).currency()));
    assert!(shown.buyer.purse.is_some() && shown.seller.purse.is_none() && !shown.deposit_to_seller);
    assert_eq!(
        (shown.buyer.deposit.unwrap().as_str(), shown.seller.deposit.unwrap().as_str()),
        ("5.00", "7.00")
    );
    // one field for two currencies, or for two deposits
    draft.guarantees.seller = Some(rub(7_00));
    assert_eq!(show(draft.clone()), Err(Inexpressible::DepositCurrencies));
    draft.deposit_to_seller = true;
    assert_eq!(show(draft), Err(Inexpressible::TwoDeposits));
}

// --- what no call of WebMoney's makes ---

#[test]
fn a_deal_that_does_not_fit_is_not_shown_wrongly() {
    let mut draft = guaranteed();
    draft.guarantees.seller = Some(wmz(5_00));
    assert_eq!(shown(&World::new(draft), ContractInfo::of), Err(Inexpressible::DepositCurrencies));
    let mut draft = guaranteed();
    draft.pay_offline = None;
    let w = World::new(draft);
    assert_eq!(shown(&w, ContractInfo::of), Err(Inexpressible::TwoDeposits));
    assert_eq!(Inexpressible::TwoDeposits.code(), "two-deposits");
}

#[test]
fn a_rule_of_the_services_own_that_does_not_fit_is_named() {
    let rules = Rules { arbiter: Some(text("anna")), ..Rules::default() };
    let error = call::<ContractCreate>(&create()).proposal(&parties(), &rules).unwrap_err();
    assert_eq!((error.field(), error.code()), ("terms", "invalid-terms"));
    let escrow_webmoney::Problem::Terms(terms) = error.problem() else { panic!("{error:?}") };
    assert_eq!(terms.field(), "arbiter");
    assert!(matches!(terms.problem(), Problem::IsAParty(_)), "{terms}");
}

#[test]
fn a_leg_that_fails_waits_for_another_purse() {
    let mut w = concluded(&create_paying());
    success(&mut w, "boris");
    success(&mut w, "anna");
    let payout = w.order(TransactionKind::Payout, &Payee::Seller);
    w.decline(payout);
    assert!(
        w.legs()
            .iter()
            .any(|(_, _, purpose, _, state)| { (*purpose, *state) == (Purpose::Payout, LegState::Declined) })
    );
    let _: Time = w.deadline();
    w.wait_for_deadline();
    w.done_all();
    assert_eq!(w.status(), Status::Completed);
}
