//! The laws of a gateway, on Stripe's adapter.

use std::sync::Mutex;
use std::time::Duration;

use escrow::deal::PendingOrder;
use escrow::deal::command::{Answered, ConfirmPayment};
use escrow::deposit::{GatewayName, IdempotencyKey, Reference};
use escrow::port::{CheckoutForm, CheckoutRequest, blocking};
use escrow::{Command, Currency, Money, Time};
use escrow_stripe::{ApiKey, Error, FeesGo, SigningSecret, Stripe, Webhooks};
use escrow_testing::ManualClock;
use escrow_testing::conformance::{GatewayUnderTest, payment_gateway};
use serde_json::Value;

use crate::local::Localstripe;
use crate::proxy::{Fault, KEY, Proxy, SECRET, decline, sign};

const DEAL: &str = "e5c00f1c-4f0a-4000-0000-000000000007";

struct UnderTest {
    stripe: Stripe<&'static ManualClock>,
    clock: &'static ManualClock,
    proxy: Proxy,
    paid: Mutex<Vec<String>>,
}

impl UnderTest {
    fn new(proxy: &Proxy, look_after_s: Option<u32>) -> Self {
        // shortly after the suite's orders were made
        let start = Time::parse("2026-03-01T12:10:00Z").unwrap();
        let clock: &'static ManualClock = Box::leak(Box::new(ManualClock::new(start)));
        let mut builder = Stripe::builder(ApiKey::new(KEY).unwrap(), clock)
            .unwrap()
            .base(&proxy.base)
            .timeout(Duration::from_secs(10))
            .accounts(|party| Some(format!("acct_{party}")))
            .platform(FeesGo::To("acct_platform".to_owned()));
        if let Some(seconds) = look_after_s {
            builder = builder.look_after_s(seconds);
        }
        Self { stripe: builder.build().unwrap(), clock, proxy: proxy.clone(), paid: Mutex::default() }
    }
}

impl blocking::PaymentGateway for UnderTest {
    type Error = Error;

    fn checkout(&self, request: CheckoutRequest<'_>) -> Result<CheckoutForm, Error> {
        blocking::PaymentGateway::checkout(&self.stripe, request)
    }

    fn execute(&self, order: PendingOrder<'_>) -> Result<Answered, Error> {
        blocking::PaymentGateway::execute(&self.stripe, order)
    }
}

impl GatewayUnderTest for UnderTest {
    fn pay_in(&self, amount: Money, held: bool) -> Option<(GatewayName, Reference)> {
        let id = pay_in(&self.proxy, amount, held);
        self.paid.lock().unwrap().push(id.clone());
        Some(("stripe".parse().unwrap(), id.parse().unwrap()))
    }

    fn effects(&self, key: IdempotencyKey) -> Vec<Money> {
        let key = key.to_string();
        let state = self.proxy.state();
        let of_key = state.effects.iter().filter(|(of, _)| *of == key);
        of_key.map(|(_, amount)| Money::from_minor(*amount, Currency::RUB)).collect()
    }

    fn lose_next_answer(&self) -> bool {
        self.proxy.state().faults.push_back(Fault::Lose);
        true
    }

    fn decline_next(&self) -> bool {
        self.proxy.state().faults.push_back(Fault::Answer(402, decline("generic_decline"), true));
        true
    }

    fn capture_by_itself(&self, _: &GatewayName, payment: &Reference) -> bool {
        let path = format!("/v1/payment_intents/{payment}/capture");
        self.proxy.forward("POST", &path, &[]).0 == 200
    }

    fn forget_keys(&self) -> bool {
        // a day and an hour
        self.clock.advance(25 * 3_600);
        self.proxy.forget();
        true
    }

    fn facts(&self) -> Option<Vec<Command>> {
        // localstripe tells after a second
        std::thread::sleep(Duration::from_millis(1_700));
        let told = std::mem::take(&mut self.proxy.state().told);
        let paid = self.paid.lock().unwrap();
        let mut facts = Vec::new();
        for (signature, body) in told {
            facts.extend(hear(&self.proxy, &signature, &body));
        }
        facts.retain(|fact| match fact {
            Command::ConfirmPayment(c) => paid.iter().any(|id| *id == c.reference.as_str()),
            _ => true,
        });
        Some(facts)
    }
}

/// A payment with a card that is not declined.
fn pay_in(proxy: &Proxy, amount: Money, held: bool) -> String {
    let (status, intent) = proxy.forward(
        "POST",
        "/v1/payment_intents",
        &[
            ("amount", &amount.minor().to_string()),
            ("currency", "rub"),
            ("payment_method", "pm_card_visa"),
            ("confirm", "true"),
            ("capture_method", if held { "manual" } else { "automatic" }),
            ("metadata[escrow_deal]", DEAL),
            ("metadata[escrow_deposit]", "buyer_payment"),
        ],
    );
    assert_eq!(status, 200, "{intent}");
    intent["id"].as_str().unwrap().to_owned()
}

/// What localstripe signed is believed; then it is put into the shape of today's API, and read.
fn hear(proxy: &Proxy, signature: &str, body: &[u8]) -> Vec<Command> {
    let webhooks = Webhooks::new(vec![SigningSecret::new(SECRET).unwrap()]).unwrap();
    let timestamp: i64 = signature.trim_start_matches("t=").split(',').next().unwrap().parse().unwrap();
    let now = Time::from_millis(timestamp * 1_000).unwrap();
    webhooks.hear(signature, body, now).unwrap();
    let mut event: Value = serde_json::from_slice(body).unwrap();
    if event["data"]["object"]["object"] == "payment_intent" {
        event["data"]["object"] = proxy.today(event["data"]["object"].take());
    }
    let body = event.to_string();
    let signature = format!("t={timestamp},v1={}", sign(SECRET, timestamp, body.as_bytes()));
    webhooks.hear(&signature, body.as_bytes(), now).unwrap().facts
}

#[test]
fn the_gateway_keeps_every_law() {
    let Some(local) = Localstripe::start() else { return };
    let proxy = Proxy::start(Some(&local.base));
    let seen = payment_gateway(|| UnderTest::new(&proxy, None)).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!((seen.held().len(), seen.skipped()), (15, &[][..]));
}

/// The control: whoever trusts Stripe to remember its keys for ever pays twice.
#[test]
fn a_gateway_that_does_not_look_is_found() {
    let Some(local) = Localstripe::start() else { return };
    let proxy = Proxy::start(Some(&local.base));
    let broken = payment_gateway(|| UnderTest::new(&proxy, Some(u32::MAX))).unwrap_err();
    let laws: Vec<_> = broken.findings().iter().map(|finding| finding.law).collect();
    assert_eq!(laws, ["an order is not carried out again when its key is forgotten"]);
}

#[test]
fn what_localstripe_says_of_a_payment_is_a_fact() {
    let Some(local) = Localstripe::start() else { return };
    let proxy = Proxy::start(Some(&local.base));
    let amount = Money::from_minor(1_000_00, Currency::RUB);
    let id = pay_in(&proxy, amount, false);
    std::thread::sleep(Duration::from_millis(1_700));
    let told = std::mem::take(&mut proxy.state().told);
    let facts: Vec<_> = told.iter().flat_map(|(signature, body)| hear(&proxy, signature, body)).collect();
    let deposit = escrow::deposit::DepositId::BUYER_PAYMENT;
    let fact = ConfirmPayment::charged(deposit, "stripe".parse().unwrap(), id.parse().unwrap(), amount);
    assert_eq!(facts, [fact.into()]);
}
