//! Events in the shapes that Stripe documents, and the facts that they are.

use escrow::deal::command::{Answer, Answered, Chargeback, ChargebackStep, ConfirmPayment, Returned};
use escrow::deposit::{DepositId, GatewayName, IdempotencyKey, Reference};
use escrow::{Command, DealId, Money, Time, TxId};
use escrow_stripe::{About, HearError, Heard, SigningSecret, Webhooks};
use proptest::prelude::*;

use crate::proxy::{SECRET, sign};

/// 2026-03-01T12:00:00Z: when every event was made.
const AT: i64 = 1_772_366_400;
const PAYMENT: &str = "pi_3OxQ2tLkdIwHu7ix28a3tqPa";
const DISPUTE: &str = "du_1OxQ2tLkdIwHu7ixPz6yM2cG";
const REFUND: &str = "re_3OxQ2tLkdIwHu7ix2K7mWqEo";
const TRANSFER: &str = "tr_1OxQ2tLkdIwHu7ixN5oKc3Jd";
const PAYOUT: &str = "po_1OxQ2tLkdIwHu7ixWd7uHq5X";

fn try_hear(body: &[u8]) -> Result<Heard, HearError> {
    let webhooks = Webhooks::new(vec![SigningSecret::new(SECRET).unwrap()]).unwrap();
    let header = format!("t={AT},v1={}", sign(SECRET, AT, body));
    webhooks.hear(&header, body, Time::from_millis(AT * 1_000).unwrap())
}

fn fixture(name: &str) -> String {
    std::fs::read_to_string(format!("{}/tests/stripe/fixtures/{name}.json", env!("CARGO_MANIFEST_DIR")))
        .unwrap()
}

fn hear(name: &str) -> Heard {
    let heard = try_hear(fixture(name).as_bytes()).unwrap();
    assert_eq!(heard.event, "evt_1OxQ2tLkdIwHu7ix8sYq3vZa");
    heard
}

fn deal() -> DealId {
    "0d9c3a52-6a0e-4c1b-9a3e-2f6f0c9d1e11".parse().unwrap()
}

fn stripe() -> GatewayName {
    "stripe".parse().unwrap()
}

fn id(text: &str) -> Reference {
    text.parse().unwrap()
}

fn rub(text: &str) -> Money {
    format!("{text} RUB").parse().unwrap()
}

fn paid() -> ConfirmPayment {
    // 2 350 000 kopecks, in answer to request 1
    ConfirmPayment::charged(DepositId::BUYER_PAYMENT, stripe(), id(PAYMENT), rub("23500.00"))
        .answering(TxId::new(1))
}

fn sent(order: u32, reference: &str) -> Command {
    Answer::new(TxId::new(order), Answered::Succeeded(id(reference))).into()
}

fn back(order: u32, amount: &str, reference: &str) -> Command {
    Returned::new(TxId::new(order), rub(amount), id(reference)).into()
}

#[test]
fn payments_are_told() {
    let heard = hear("payment_intent.succeeded");
    assert_eq!((&heard.about, &heard.facts), (&About::Deal(deal()), &vec![paid().into()]));
    assert_eq!(heard.note, None);
    // on hold: counted on for six days, though a card keeps it for seven
    let held = paid().held_until(Time::parse("2026-03-07T12:00:00Z").unwrap());
    assert_eq!(hear("payment_intent.amount_capturable_updated").facts, [held.into()]);
}

#[test]
fn what_is_no_payment_of_a_deal_is_said() {
    // 350 000 of it may be captured still: a hold of another sum would contradict the first
    let heard = hear("payment_intent.captured_in_part");
    assert_eq!((&heard.about, heard.facts.len()), (&About::Deal(deal()), 0));
    assert!(heard.note.unwrap().contains("350000 of it is still on hold"));
    let heard = hear("payment_intent.nobodys");
    assert_eq!((&heard.about, heard.facts.len()), (&About::Nothing, 0));
    assert!(heard.note.unwrap().contains("23500.00 RUB is for no deal"));
}

/// The payer may try again with another card; a payment that nobody ever tried, and that is over, is declined.
#[test]
fn a_try_that_failed_is_no_decline() {
    let heard = hear("payment_intent.payment_failed");
    assert_eq!((&heard.about, heard.facts.len()), (&About::Deal(deal()), 0));
    assert!(heard.note.unwrap().contains("insufficient_funds"));
    let declined = Answered::Declined("cancelled: abandoned".parse().unwrap());
    assert_eq!(hear("payment_intent.canceled").facts, [Answer::new(TxId::new(1), declined).into()]);
    // a hold that is gone: the deal knows until when it counts on it, and asks
    let heard = hear("payment_intent.canceled_hold");
    assert_eq!(heard.facts, []);
    assert!(heard.note.unwrap().contains("automatic"));
}

#[test]
fn refunds_are_told_and_come_back() {
    assert_eq!(hear("refund.created").facts, [sent(4, REFUND)]);
    // 500 000 kopecks
    let heard = hear("refund.failed");
    assert_eq!(heard.facts, [sent(4, REFUND), back(4, "5000.00", REFUND)]);
    assert!(heard.note.unwrap().contains("lost_or_stolen_card"));
    // the refunds are not in the event of today's API, and say themselves what they are
    let heard = hear("charge.refunded");
    assert_eq!((&heard.about, heard.facts.len()), (&About::Deal(deal()), 0));
    assert!(heard.note.unwrap().contains("5000.00 RUB"));
    assert_eq!(hear("charge.refunded_with_list").facts, [sent(4, REFUND)]);
    let heard = hear("refund.by_a_clerk");
    assert_eq!((heard.about, heard.facts), (About::Payment(id(PAYMENT)), vec![]));
    assert!(heard.note.unwrap().contains("no order has asked for"));
}

#[test]
fn disputes_are_chargebacks_of_a_payment() {
    let step = |amount: &str, step| -> Command {
        Chargeback::new(id(DISPUTE), (stripe(), id(PAYMENT)), rub(amount), step).into()
    };
    for (name, fact) in [
        ("charge.dispute.created", step("23500.00", ChargebackStep::Opened)),
        ("charge.dispute.closed_lost", step("23500.00", ChargebackStep::Lost)),
        ("charge.dispute.closed_won", step("23500.00", ChargebackStep::Won)),
        ("charge.dispute.closed_inquiry", step("23500.00", ChargebackStep::Won)),
        ("charge.dispute.reinstated_won", step("23500.00", ChargebackStep::Won)),
        // of 2 350 000 that were lost, 500 000 came in again
        ("charge.dispute.reinstated_in_part", step("5000.00", ChargebackStep::Reinstated)),
    ] {
        let heard = hear(name);
        // the event does not say which deal: the payment does
        assert_eq!((heard.about, heard.facts), (About::Payment(id(PAYMENT)), vec![fact]), "{name}");
        assert!(heard.note.unwrap().contains("product_not_received"), "{name}");
    }
    assert_eq!(hear("charge.dispute.funds_withdrawn").facts, []);
}

#[test]
fn transfers_and_payouts_come_back() {
    // 232 500 and 1 000 000 kopecks of 2 232 500
    let told = [
        sent(3, TRANSFER),
        back(3, "2325.00", "trr_1OxQ2tLkdIwHu7ixB2"),
        back(3, "10000.00", "trr_1OxQ2tLkdIwHu7ixB1"),
    ];
    assert_eq!(hear("transfer.reversed").facts, told);
    assert_eq!(hear("payout.paid").facts, [sent(2, PAYOUT)]);
    let heard = hear("payout.failed");
    assert_eq!(heard.facts, [sent(2, PAYOUT), back(2, "1175.00", PAYOUT)]);
    assert!(heard.note.unwrap().contains("account_closed"));
    let heard = hear("payout.nobodys");
    assert_eq!((heard.about, heard.facts, heard.take_back), (About::Nothing, vec![], None));
}

/// Told that it came back, the deal would send it again: while it lies in the payee's balance at Stripe.
#[test]
fn what_a_payees_bank_gave_back_is_taken_back_first() {
    let heard = hear("payout.failed_onward");
    assert_eq!((&heard.about, heard.facts.len()), (&About::Deal(deal()), 0));
    let failed = heard.take_back.unwrap();
    assert_eq!(failed.key, IdempotencyKey::new(deal().uuid(), TxId::new(3)));
    assert_eq!((failed.transfer.as_str(), failed.payout.as_str()), (TRANSFER, PAYOUT));
    assert_eq!(failed.amount, rub("22325.00"));
}

#[test]
fn an_event_of_which_nothing_is_made_is_said() {
    let heard = hear("customer.created");
    assert_eq!((heard.about, heard.facts), (About::Nothing, vec![]));
    assert_eq!(heard.note.as_deref(), Some("nothing is made of the event customer.created"));
}

#[test]
fn what_is_no_event_is_refused() {
    for body in ["", "{}", "[]", "null", r#"{"id":"evt_1","type":"payout.paid","created":1,"data":{}}"#] {
        assert!(matches!(try_hear(body.as_bytes()), Err(HearError::Unreadable(_))), "{body}");
    }
    let paid = fixture("payment_intent.succeeded");
    for (field, other) in [
        ("\"currency\": \"rub\"", "\"currency\": \"zzz\""),
        ("\"amount_received\": 2350000", "\"amount_received\": 23500.5"),
        ("\"amount_received\": 2350000", "\"amount_received\": 99999999999999999999"),
        ("\"id\": \"pi_3OxQ2tLkdIwHu7ix28a3tqPa\"", "\"id\": \"\""),
    ] {
        assert!(paid.contains(field));
        assert!(try_hear(paid.replace(field, other).as_bytes()).is_err(), "{other}");
    }
}

proptest! {
    /// A signed event with anything cut out of it is read, or refused; nothing panics.
    #[test]
    fn no_event_panics(cut in 0_usize..4_000, length in 1_usize..200) {
        for name in ["payment_intent.succeeded", "charge.dispute.closed_lost", "transfer.reversed", "payout.failed"] {
            let whole = fixture(name);
            let (start, end) = (cut.min(whole.len()), cut.saturating_add(length).min(whole.len()));
            let body = format!("{}{}", &whole[..start], &whole[end..]);
            drop(try_hear(body.as_bytes()));
        }
    }
}
