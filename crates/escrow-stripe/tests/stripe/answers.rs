//! What is made of Stripe's answers: which are answers, which are declines, and which are neither.

use std::time::Duration;

use escrow::deal::PendingOrder;
use escrow::deal::command::{
    Accept, Answer, Answered, Cancel, ConfirmPayment, PaymentForm, ReturnUrls, StartPerforming,
};
use escrow::deposit::{DepositId, IdempotencyKey, TransactionKind};
use escrow::port::{CheckoutRequest, FormMethod, blocking::PaymentGateway};
use escrow::terms::Fee;
use escrow::{Actor, Command, Context, Currency, Deal, DealId, Money, Policy, Terms, Time, TxId};
use escrow_stripe::{ApiKey, Error, FeesGo, SettingsError, Stripe, StripeBuilder};
use escrow_testing::ManualClock;
use rust_decimal::dec;
use serde_json::{Value, json};

use crate::local::Localstripe;
use crate::proxy::{Fault, KEY, Proxy, Request, decline, error};

fn start() -> Time {
    Time::parse("2026-03-01T12:00:00Z").unwrap()
}

fn builder(proxy: &Proxy) -> StripeBuilder<ManualClock> {
    let clock = ManualClock::new(start().plus_secs(600));
    Stripe::builder(ApiKey::new(KEY).unwrap(), clock)
        .unwrap()
        .base(&proxy.base)
        .timeout(Duration::from_secs(10))
        .accounts(|party| (party.as_str() == "shop").then(|| "acct_shop".to_owned()))
}

fn act(deal: &mut Deal, command: impl Into<Command>, actor: Actor) {
    let context = Context::new(deal.last_at().plus_secs(60), actor);
    let _ = deal.handle(&command.into(), &context).unwrap();
}

fn party(name: &str) -> Actor {
    Actor::Party(name.parse().unwrap())
}

fn rub(minor: i64) -> Money {
    Money::from_minor(minor, Currency::RUB)
}

/// A thing at 1 000.00, 5 % of it for the platform at the seller's expense.
fn proposed(number: u128) -> Deal {
    let terms = Terms::builder("anna", "shop", Currency::RUB)
        .item("Phone", dec!(1_000))
        .fee(Fee::percent("platform", dec!(5)))
        .policy(Policy::shop())
        .build()
        .unwrap();
    let id = DealId::new(uuid::Uuid::from_u128(number));
    Deal::propose(id, terms, &Context::new(start(), party("shop"))).unwrap().0
}

fn paid(number: u128, payment: &str, amount: Money, is_held: bool) -> Deal {
    let mut deal = proposed(number);
    let fact = ConfirmPayment::charged(
        DepositId::BUYER_PAYMENT,
        "stripe".parse().unwrap(),
        payment.parse().unwrap(),
        amount,
    );
    act(&mut deal, fact.held_until(is_held.then(|| start().plus_secs(6 * 86_400))), Actor::Gateway);
    deal
}

/// 50.00 to the platform and 950.00 to the shop are ordered.
fn accepted(number: u128) -> Deal {
    let mut deal = paid(number, "pi_1", rub(1_000_00), false);
    act(&mut deal, StartPerforming {}, party("shop"));
    act(&mut deal, Accept::all(), party("anna"));
    deal
}

fn order(deal: &Deal, kind: TransactionKind) -> PendingOrder<'_> {
    deal.pending().find(|order| order.kind == kind).unwrap()
}

fn acted(proxy: &Proxy) -> Vec<Request> {
    proxy.state().seen.iter().filter(|request| request.method == "POST").cloned().collect()
}

/// The order comes to nothing known, and is carried out once it is asked again.
fn is_asked_again(fault: Fault, is_meant: impl Fn(&Error) -> bool) {
    let proxy = Proxy::start(None);
    let stripe = builder(&proxy).timeout(Duration::from_millis(400)).build().unwrap();
    let deal = accepted(1);
    let order = order(&deal, TransactionKind::Payout);
    proxy.state().faults.push_back(fault);
    let unknown = stripe.execute(order).unwrap_err();
    assert!(is_meant(&unknown) && unknown.is_transient(), "{unknown:?}");
    // whoever is late may still be at it
    std::thread::sleep(Duration::from_millis(500));
    let answer = stripe.execute(order).unwrap();
    assert!(matches!(answer, Answered::Succeeded(_)), "{answer:?}");
    assert_eq!(proxy.state().effects, [(order.key.to_string(), 950_00)]);
}

#[test]
fn what_is_not_known_is_asked_again() {
    let no_answer = |error: &Error| matches!(error, Error::NoAnswer(_));
    is_asked_again(Fault::Lose, no_answer);
    is_asked_again(Fault::Late(Duration::from_millis(800)), no_answer);
    for (status, code) in [
        (409, "lock_timeout"),
        (409, "idempotency_key_in_use"),
        (429, "rate_limit"),
        (424, "external"),
        (500, "api_error"),
        (502, "bad_gateway"),
        (503, "unavailable"),
    ] {
        let body = error("api_error", Some(code), "later");
        let meant = |error: &Error| matches!(error, Error::Busy { status: known, .. } if *known == status);
        is_asked_again(Fault::Answer(status, body, false), meant);
    }
    // no JSON of Stripe's, and a redirect that is not followed
    is_asked_again(Fault::Answer(200, json!("what?"), false), |e| matches!(e, Error::Unreadable(_)));
    is_asked_again(Fault::Answer(302, json!({}), false), |e| matches!(e, Error::Unreadable(_)));
}

#[test]
fn a_refused_request_is_an_operators_and_no_decline() {
    for (status, code) in [
        (400, "balance_insufficient"),
        (400, "account_closed"),
        (401, "api_key_expired"),
        (403, "platform_api_key_expired"),
        (404, "resource_missing"),
        (400, "parameter_invalid_integer"),
    ] {
        let proxy = Proxy::start(None);
        let stripe = builder(&proxy).build().unwrap();
        let deal = accepted(2);
        let order = order(&deal, TransactionKind::Payout);
        let body = error("invalid_request_error", Some(code), "look at it");
        proxy.state().faults.push_back(Fault::Answer(status, body, false));
        match stripe.execute(order).unwrap_err() {
            Error::Refused(refusal) => {
                assert_eq!((refusal.status, refusal.code.as_deref()), (status, Some(code)));
                assert_eq!(refusal.request.as_deref(), Some("req_1"));
            }
            other => panic!("{code}: {other:?}"),
        }
        // once somebody has seen to it, it goes out
        assert!(matches!(stripe.execute(order), Ok(Answered::Succeeded(_))), "{code}");
    }
}

#[test]
fn only_a_card_that_is_declined_is_declined() {
    let proxy = Proxy::start(None);
    let stripe = builder(&proxy).build().unwrap();
    let deal = accepted(3);
    let order = order(&deal, TransactionKind::Payout);
    proxy.state().faults.push_back(Fault::Answer(402, decline("try_again_later"), false));
    assert!(matches!(stripe.execute(order), Err(Error::Refused(_))));
    proxy.state().faults.push_back(Fault::Answer(402, decline("lost_card"), true));
    let declined = Answered::Declined("lost_card: Your card was declined.".parse().unwrap());
    assert_eq!(stripe.execute(order), Ok(declined));
    assert_eq!(proxy.state().effects, []);
}

#[test]
fn the_key_is_in_no_error_and_no_debug() {
    let proxy = Proxy::start(None);
    let builder =
        Stripe::builder(ApiKey::new("sk_test_of_somebody_else").unwrap(), ManualClock::new(start()))
            .unwrap()
            .base(&proxy.base)
            .accounts(|_| Some("acct_shop".to_owned()));
    assert!(!format!("{builder:?}").contains("somebody"));
    let stripe = builder.build().unwrap();
    let deal = accepted(4);
    // the proxy's answer repeats what it was sent
    let error = stripe.execute(order(&deal, TransactionKind::Payout)).unwrap_err();
    let said = format!("{error} {error:?} {stripe:?}");
    assert!(said.contains("Invalid: Bearer ***") && !said.contains("somebody"), "{said}");
}

#[test]
fn a_key_does_not_travel_in_clear() {
    let at = |base: &str| {
        let key = ApiKey::new(KEY).unwrap();
        Stripe::builder(key, ManualClock::new(start())).unwrap().base(base).build().map(drop)
    };
    assert_eq!(at("https://api.stripe.com"), Ok(()));
    assert_eq!(at("http://127.0.0.1:8420"), Ok(()));
    for base in [
        "http://api.stripe.com",
        "http://127.0.0.1.evil.example",
        "http://127.0.0.1:80@evil.example",
        "https://api.stripe.com@evil.example",
        "ftp://x",
        "",
    ] {
        assert_eq!(at(base), Err(SettingsError::Address), "{base}");
    }
}

#[test]
fn what_goes_out_says_whose_it_is() {
    let proxy = Proxy::start(None);
    let stripe = builder(&proxy).build().unwrap();
    let deal = accepted(5);
    // the platform's fee stays where it is
    let fee = order(&deal, TransactionKind::Fee);
    let kept = Answered::Succeeded(format!("kept-{}", fee.key).parse().unwrap());
    assert_eq!(stripe.execute(fee), Ok(kept));
    let payout = order(&deal, TransactionKind::Payout);
    stripe.execute(payout).unwrap();
    let [sent] = &acted(&proxy)[..] else { panic!("more than one call") };
    assert_eq!(sent.path, "/v1/transfers");
    assert_eq!(sent.headers["idempotency-key"], payout.key.to_string());
    assert_eq!(sent.headers["stripe-version"], "2024-06-20");
    for (name, value) in [
        ("amount", "95000"),
        ("currency", "rub"),
        ("destination", "acct_shop"),
        ("transfer_group", deal.id().to_string().as_str()),
        ("metadata[escrow_deal]", deal.id().to_string().as_str()),
        ("metadata[escrow_order]", payout.number().to_string().as_str()),
    ] {
        assert_eq!(sent.get(name), Some(value), "{name}");
    }
}

#[test]
fn a_payee_without_an_account_waits_for_one() {
    let proxy = Proxy::start(None);
    let stripe = builder(&proxy).accounts(|_| None).build().unwrap();
    let deal = accepted(6);
    let waits = stripe.execute(order(&deal, TransactionKind::Payout));
    assert_eq!(waits, Err(Error::NoAccount("seller".to_owned())));
    assert_eq!(acted(&proxy).len(), 0);
}

/// To a payee's bank in two calls; asked again a day later, neither is made twice; and what the bank gives back is taken back
/// once.
#[test]
fn a_payout_goes_on_to_a_bank_and_comes_back() {
    let proxy = Proxy::start(None);
    let stripe = builder(&proxy)
        .accounts(|_| Some("acct_shop/ba_7".to_owned()))
        .platform(FeesGo::To("ba_1".to_owned()))
        .look_after_s(0)
        .build()
        .unwrap();
    let mut deal = accepted(7);
    // noise that pages have to be turned for
    for number in 100..104 {
        let other = accepted(number);
        other.pending().for_each(|order| drop(stripe.execute(order).unwrap()));
    }
    let before = proxy.state().effects.len();
    let payout = order(&deal, TransactionKind::Payout);
    let answer = stripe.execute(payout).unwrap();
    let fee = stripe.execute(order(&deal, TransactionKind::Fee)).unwrap();
    proxy.forget();
    assert_eq!(stripe.execute(payout), Ok(answer.clone()));
    assert_eq!(stripe.execute(order(&deal, TransactionKind::Fee)), Ok(fee));
    let key = payout.key.to_string();
    let moved = proxy.state().effects[before..].to_vec();
    let fees = order(&deal, TransactionKind::Fee).key.to_string();
    assert_eq!(moved, [(key.clone(), 950_00), (format!("{key}/payout"), 950_00), (fees, 50_00)]);

    let Answered::Succeeded(transfer) = &answer else { panic!("{answer:?}") };
    let sent = acted(&proxy);
    let onward = sent.iter().find(|r| r.headers["idempotency-key"] == format!("{key}/payout")).unwrap();
    assert_eq!(onward.headers["stripe-account"], "acct_shop");
    assert_eq!(onward.get("destination"), Some("ba_7"));
    assert_eq!(onward.get("metadata[escrow_transfer]"), Some(transfer.as_str()));

    let number = payout.number();
    act(&mut deal, Answer::new(number, answer.clone()), Actor::Gateway);
    let heard = failed_payout(&deal, number, transfer.as_str());
    for _ in 0..2 {
        let facts = stripe.take_back(&heard).unwrap();
        proxy.forget();
        for fact in facts {
            act(&mut deal, fact, Actor::Gateway);
        }
    }
    assert_eq!(deal.transaction(number).unwrap().bounced(), 950_00);
    let taken = proxy.state().effects.iter().filter(|(key, _)| key.contains("/back/")).count();
    assert_eq!(taken, 1);
}

/// As a webhook tells it.
fn failed_payout(deal: &Deal, number: TxId, transfer: &str) -> escrow_stripe::TakeBack {
    let webhooks =
        escrow_stripe::Webhooks::new(vec![escrow_stripe::SigningSecret::new(crate::proxy::SECRET).unwrap()]);
    let event = json!({
        "id": "evt_1", "type": "payout.failed", "created": 1, "account": "acct_shop", "data": {"object": {
            "id": "po_9", "amount": 950_00, "currency": "rub", "failure_code": "account_closed",
            "metadata": {
                "escrow_deal": deal.id().to_string(), "escrow_order": number.to_string(), "escrow_transfer": transfer,
            },
        }},
    });
    let body = event.to_string();
    let seconds = start().millis() / 1_000;
    let signature = crate::proxy::sign(crate::proxy::SECRET, seconds, body.as_bytes());
    let heard =
        webhooks.unwrap().hear(&format!("t={seconds},v1={signature}"), body.as_bytes(), start()).unwrap();
    heard.take_back.unwrap()
}

// --- forms ---

fn form(stripe: &Stripe<ManualClock>, amount: Money) -> Result<escrow::port::CheckoutForm, Error> {
    let urls = ReturnUrls::new(
        "https://shop.example/ok".parse().unwrap(),
        "https://shop.example/no".parse().unwrap(),
    );
    let (form, payer) = (PaymentForm::new("card".parse().unwrap(), urls), "anna".parse().unwrap());
    let deal = DealId::new(uuid::Uuid::from_u128(8));
    let key = IdempotencyKey::new(deal.uuid(), TxId::new(1));
    let request = CheckoutRequest::new(key, DepositId::BUYER_PAYMENT, amount, &form, &payer);
    stripe.checkout(request.description(Some("Phone & case")))
}

#[test]
fn the_payer_is_sent_to_stripes_page() {
    let proxy = Proxy::start(None);
    let stripe = builder(&proxy).build().unwrap();
    let page = form(&stripe, rub(1_000_00)).unwrap();
    assert_eq!((page.method, page.parameters.len()), (FormMethod::Get, 0));
    assert!(page.url.starts_with("https://checkout.stripe.com/"), "{}", page.url);
    // the same again is the same page; another amount is another one, and no error
    assert_eq!(form(&stripe, rub(1_000_00)).unwrap().url, page.url);
    assert_ne!(form(&stripe, rub(900_00)).unwrap().url, page.url);
    let sent = &acted(&proxy)[0];
    for (name, value) in [
        ("mode", "payment"),
        ("payment_method_types[0]", "card"),
        ("line_items[0][price_data][unit_amount]", "100000"),
        ("line_items[0][price_data][product_data][name]", "Phone & case"),
        ("payment_intent_data[capture_method]", "manual"),
        ("payment_intent_data[metadata][escrow_deposit]", "buyer_payment"),
        ("payment_intent_data[metadata][escrow_order]", "1"),
        ("success_url", "https://shop.example/ok"),
        ("cancel_url", "https://shop.example/no"),
    ] {
        assert_eq!(sent.get(name), Some(value), "{name}");
    }
    let deal = sent.get("payment_intent_data[metadata][escrow_deal]");
    assert_eq!(deal, Some("00000000-0000-0000-0000-000000000008"));
}

// --- payments, at localstripe ---

/// A payment whose form was on the host's own page, confirmed as Stripe's elements do.
fn pay(proxy: &Proxy, deal: &str, amount: Money, is_held: bool) -> String {
    let (status, intent) = proxy.forward(
        "POST",
        "/v1/payment_intents",
        &[
            ("amount", &amount.minor().to_string()),
            ("currency", "rub"),
            ("payment_method", "pm_card_visa"),
            ("confirm", "true"),
            ("capture_method", if is_held { "manual" } else { "automatic" }),
            ("metadata[escrow_deal]", deal),
            ("metadata[escrow_deposit]", "buyer_payment"),
        ],
    );
    assert_eq!(status, 200, "{intent}");
    intent["id"].as_str().unwrap().to_owned()
}

fn status(proxy: &Proxy, payment: &str) -> Value {
    proxy.forward("GET", &format!("/v1/payment_intents/{payment}"), &[]).1["status"].take()
}

#[test]
fn a_hold_is_captured_in_part_let_go_or_gone() {
    let Some(local) = Localstripe::start() else { return };
    let proxy = Proxy::start(Some(&local.base));
    let stripe = builder(&proxy).build().unwrap();

    // 1 000.00 of a hold of 1 200.00
    let payment = pay(&proxy, "any", rub(1_200_00), true);
    let deal = paid(20, &payment, rub(1_200_00), true);
    let capture = order(&deal, TransactionKind::Capture);
    assert_eq!(capture.amount, rub(1_000_00));
    let answer = stripe.execute(capture).unwrap();
    assert!(
        matches!(&answer, Answered::Succeeded(charge) if charge.as_str().starts_with("ch_")),
        "{answer:?}"
    );
    assert_eq!(proxy.state().effects, [(capture.key.to_string(), 1_000_00)]);
    // the key forgotten, and the order young: Stripe refuses to capture again, and it is seen to be ours
    proxy.forget();
    assert_eq!(stripe.execute(capture), Ok(answer));

    // a clerk has captured another amount: the webhook tells it, and the order stays open until then
    let payment = pay(&proxy, "any", rub(1_200_00), true);
    let deal = paid(21, &payment, rub(1_200_00), true);
    proxy.forward("POST", &format!("/v1/payment_intents/{payment}/capture"), &[]);
    let open = stripe.execute(order(&deal, TransactionKind::Capture)).unwrap_err();
    assert_eq!(open, Error::CapturedOtherwise { payment, captured: 1_200_00, ordered: 1_000_00 });

    // the card's bank has let it go
    let payment = pay(&proxy, "any", rub(1_200_00), true);
    let deal = paid(22, &payment, rub(1_200_00), true);
    proxy.forward("POST", &format!("/v1/payment_intents/{payment}/cancel"), &[]);
    let gone = Answered::Declined("the hold is gone: no reason given".parse().unwrap());
    assert_eq!(stripe.execute(order(&deal, TransactionKind::Capture)), Ok(gone));

    // half of what is asked for is on hold, and is let go
    let payment = pay(&proxy, "any", rub(500_00), true);
    let mut deal = paid(23, &payment, rub(500_00), true);
    act(&mut deal, Cancel::default(), party("shop"));
    let void = order(&deal, TransactionKind::Void);
    let answer = stripe.execute(void).unwrap();
    assert_eq!(answer, Answered::Succeeded(payment.parse().unwrap()));
    assert_eq!(status(&proxy, &payment), "canceled");
    proxy.forget();
    assert_eq!(stripe.execute(void), Ok(answer));
}

#[test]
fn a_refund_goes_to_its_payment() {
    let Some(local) = Localstripe::start() else { return };
    let proxy = Proxy::start(Some(&local.base));
    let stripe = builder(&proxy).build().unwrap();
    let payment = pay(&proxy, "any", rub(1_000_00), false);
    let mut deal = paid(30, &payment, rub(1_000_00), false);
    act(&mut deal, Cancel::default(), party("shop"));
    let refund = order(&deal, TransactionKind::Refund);
    let answer = stripe.execute(refund).unwrap();
    assert!(
        matches!(&answer, Answered::Succeeded(refund) if refund.as_str().starts_with("re_")),
        "{answer:?}"
    );
    assert_eq!(proxy.state().effects, [(refund.key.to_string(), 1_000_00)]);
}

#[test]
fn the_hosts_own_page_is_posted_the_payment() {
    let Some(local) = Localstripe::start() else { return };
    let proxy = Proxy::start(Some(&local.base));
    let stripe = builder(&proxy).page("https://shop.example/pay").build().unwrap();
    let page = form(&stripe, rub(1_000_00)).unwrap();
    assert_eq!((page.method, page.url.as_str()), (FormMethod::Post, "https://shop.example/pay"));
    let [(_, id), (name, secret), ..] = &page.parameters[..] else { panic!("{page:?}") };
    assert!(name == "client_secret" && secret.starts_with(id.as_str()), "{page:?}");
    assert_eq!(form(&stripe, rub(1_000_00)), Ok(page.clone()));
    // whose payment it is, the payment says: a webhook about a dispute does not
    let deal = stripe.deal_of(&id.parse().unwrap()).unwrap();
    assert_eq!(deal, Some(DealId::new(uuid::Uuid::from_u128(8))));
    assert!(stripe.deal_of(&"../accounts".parse().unwrap()).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_async_port_does_the_same() {
    let proxy = Proxy::start(None);
    let stripe = builder(&proxy).build().unwrap();
    let deal = accepted(40);
    let payout = order(&deal, TransactionKind::Payout);
    let first = escrow::port::PaymentGateway::execute(&stripe, payout).await;
    assert!(matches!(first, Ok(Answered::Succeeded(_))), "{first:?}");
    assert_eq!(escrow::port::PaymentGateway::execute(&stripe, payout).await, first);
    assert_eq!(proxy.state().effects.len(), 1);
}
