//! What people do, page by page.

use axum::http::StatusCode;

use crate::browser::{Browser, TestDesk, propose, words};

/// Anna, Boris, and a lamp at 100.00 that is paid and sent.
async fn begun(test: &TestDesk) -> (Browser, Browser, String) {
    let (mut anna, mut boris) = (test.of("anna").await, test.of("boris").await);
    let deal = propose(&mut boris, "goods", &[]).await;
    anna.act(&deal, "agree", &[]).await;
    anna.pay(&deal).await;
    boris.act(&deal, "start_performing", &[]).await;
    (anna, boris, deal)
}

#[tokio::test]
async fn from_the_offer_to_the_payout() {
    let test = TestDesk::new();
    let (mut anna, mut boris) = (test.of("anna").await, test.of("boris").await);
    let deal = propose(&mut boris, "goods", &[]).await;
    anna.act(&deal, "agree", &[]).await;
    let paid = anna.pay(&deal).await;
    assert!(words(&paid.text).contains("Paid, not started"), "{}", words(&paid.text));
    boris.act(&deal, "set_track", &[("tracker", "DHL"), ("code", "JD1")]).await;
    boris.act(&deal, "start_performing", &[]).await;
    let done = anna.act(&deal, "accept", &[]).await;
    let read = words(&done.text);
    assert!(read.contains("Completed"), "{read}");
    // 5 % of 100.00 is 5.00; the rest is the seller's
    assert!(read.contains("the seller what the seller earned paid 95.00 EUR"), "{read}");
    assert!(read.contains("the platform fees paid 5.00 EUR"), "{read}");
}

#[tokio::test]
async fn work_is_seen_as_a_preview_changed_and_handed_over() {
    let test = TestDesk::new();
    let (mut anna, mut boris) = (test.of("anna").await, test.of("boris").await);
    let deal = propose(&mut boris, "work", &[]).await;
    anna.act(&deal, "agree", &[]).await;
    anna.pay(&deal).await;
    boris.act(&deal, "submit", &[("preview", "a sketch"), ("original", "the drawing")]).await;
    let work = anna.get(&format!("{deal}/work/1")).await;
    assert!(work.text.contains("a sketch") && !work.text.contains("the drawing"));
    anna.act(&deal, "request_changes", &[("comment", "Rounder, please")]).await;
    boris.act(&deal, "submit", &[("preview", "a rounder sketch"), ("original", "the rounder drawing")]).await;
    anna.act(&deal, "accept", &[]).await;
    let work = anna.get(&format!("{deal}/work/2")).await;
    assert!(work.text.contains("the rounder drawing"));
}

#[tokio::test]
async fn a_part_is_accepted_and_the_rest_goes_back() {
    let test = TestDesk::new();
    let (mut anna, mut boris) = (test.of("anna").await, test.of("boris").await);
    let deal = propose(&mut boris, "goods", &[("quantity-0", "3")]).await;
    anna.act(&deal, "agree", &[]).await;
    anna.pay(&deal).await;
    boris.act(&deal, "start_performing", &[]).await;
    let done = anna.act(&deal, "accept_part", &[("quantity-0", "2")]).await;
    let read = words(&done.text);
    // of 300.00, 200.00 are accepted: 5 % of them is 10.00, the seller has 190.00, and 100.00 go back
    assert!(read.contains("the seller what the seller earned paid 190.00 EUR"), "{read}");
    assert!(read.contains("the buyer back to who paid it paid 100.00 EUR"), "{read}");
}

#[tokio::test]
async fn a_dispute_is_ruled_by_the_operator_as_arbiter() {
    let test = TestDesk::new();
    let (mut anna, mut boris, deal) = begun(&test).await;
    let mut olga = test.of("olga").await;
    anna.act(&deal, "open_dispute", &[("reason", "It is blue.")]).await;
    boris.act(&deal, "post", &[("message", "It was sold as blue.")]).await;
    let seen = olga.get(&deal).await;
    assert!(words(&seen.text).contains("It was sold as blue."));
    olga.act(&deal, "escalate", &[]).await;
    let ruled = olga.act(&deal, "rule", &[("how", "amount"), ("amount", "40"), ("fault", "seller")]).await;
    let read = words(&ruled.text);
    assert!(read.contains("Settled"), "{read}");
    // of 100.00, 40.00 are for the seller, and the fee goes with them: 5.00 × 40 / 100 = 2.00
    assert!(read.contains("the platform fees paid 2.00 EUR"), "{read}");
    assert!(read.contains("the seller what the seller earned paid 38.00 EUR"), "{read}");
    assert!(read.contains("the buyer back to who paid it paid 60.00 EUR"), "{read}");
}

#[tokio::test]
async fn an_offer_is_accepted_and_a_dispute_given_up() {
    let test = TestDesk::new();
    let (mut anna, mut boris, deal) = begun(&test).await;
    anna.act(&deal, "open_dispute", &[("reason", "It is late.")]).await;
    anna.act(&deal, "withdraw_dispute", &[]).await;
    boris.act(&deal, "give_back", &[("amount", "10")]).await;
    boris.act(&deal, "set_destination", &[("kind", "account"), ("reference", "vault-7")]).await;
    anna.act(&deal, "propose_award", &[("how", "share"), ("percent", "50")]).await;
    let done = boris.act(&deal, "accept_award", &[]).await;
    let read = words(&done.text);
    // what can be awarded is 100.00 − 10.00 = 90.00: half is 45.00, of which the fee is 5.00 × 45 / 100 = 2.25
    assert!(read.contains("the seller what the seller earned paid 42.75 EUR"), "{read}");
    assert!(read.contains("the buyer back to who paid it paid 55.00 EUR"), "{read}");
}

#[tokio::test]
async fn the_operator_moderates_and_finds() {
    let test = TestDesk::new();
    let (mut anna, mut boris) = (test.of("anna").await, test.of("boris").await);
    let mut olga = test.of("olga").await;
    let deal = propose(&mut boris, "reviewed", &[]).await;
    anna.act(&deal, "agree", &[]).await;
    anna.pay(&deal).await;
    let listed = olga.get("/operator/deals?status=moderation").await;
    assert!(listed.text.contains(&deal));
    let moderated = olga.act(&deal, "approve", &[]).await;
    assert!(words(&moderated.text).contains("Paid, not started"));
    let found = olga.get("/operator/search?q=anna").await.location.unwrap();
    assert!(olga.get(&found).await.text.contains(&deal));
    for page in [
        "/operator",
        "/operator/deals",
        "/operator/deals?view=deadline",
        "/operator/deals?view=waiting",
        "/operator/incidents",
        "/operator/people",
        "/metrics",
        "/healthz",
        "/account",
    ] {
        assert_eq!(olga.get(page).await.status, StatusCode::OK, "{page}");
    }
}

#[tokio::test]
async fn a_hold_is_captured_and_the_bank_may_be_left_without_paying() {
    let test = TestDesk::new();
    let (mut anna, mut boris) = (test.of("anna").await, test.of("boris").await);
    let deal = propose(&mut boris, "goods", &[]).await;
    anna.act(&deal, "agree", &[]).await;
    let pay = format!("{deal}/pay/buyer_payment");
    let page = anna.get(&deal).await;
    let fields = crate::browser::form(&page.text, &pay).unwrap();
    let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let bank = anna.post(&pay, &fields).await.location.unwrap();
    let left = anna.fill(&bank, &bank, &[("do", "refuse")]).await;
    assert!(words(&left.text).contains("Waiting for the payment"));
    let held = anna.fill(&bank, &bank, &[("do", "hold")]).await;
    assert!(words(&held.text).contains("Paid, not started"), "{}", words(&held.text));
}

#[tokio::test]
async fn a_refusal_says_what_to_do_next_on_the_page_as_it_is_now() {
    let test = TestDesk::new();
    let (mut anna, mut boris) = (test.of("anna").await, test.of("boris").await);
    let deal = propose(&mut boris, "goods", &[]).await;
    let old = anna.get(&deal).await;
    let agree = format!("{deal}/do/agree");
    let fields = crate::browser::form(&old.text, &agree).unwrap();
    let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    boris.act(&deal, "amend", &[("price-0", "120")]).await;
    let refused = anna.post(&agree, &fields).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    let read = words(&refused.text);
    assert!(read.contains("Somebody was faster") && read.contains("120.00 EUR"), "{read}");
    // sent twice, a form does one thing
    let page = anna.get(&deal).await;
    let fields = crate::browser::form(&page.text, &agree).unwrap();
    let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    assert_eq!(anna.post(&agree, &fields).await.status, StatusCode::SEE_OTHER);
    assert_eq!(anna.post(&agree, &fields).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn what_was_typed_is_still_there_when_it_is_to_be_corrected() {
    let test = TestDesk::new();
    let (mut anna, mut boris) = (test.of("anna").await, test.of("boris").await);
    let deal = propose(&mut boris, "goods", &[]).await;
    let list = words(&anna.get("/deals").await.text);
    assert!(list.contains("Your turn: Agree to the terms"), "{list}");
    anna.act(&deal, "agree", &[]).await;
    let list = words(&boris.get("/deals").await.text);
    assert!(list.contains("Waits for anna : Pay 100.00 EUR"), "{list}");
    anna.pay(&deal).await;
    boris.act(&deal, "start_performing", &[]).await;
    let typed = [("how", "share"), ("percent", "a half")];
    let refused = anna.fill(&deal, &format!("{deal}/do/propose_award"), &typed).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text.contains("value=\"a half\""), "{}", refused.text);
    assert!(refused.text.contains("<option value=\"share\" selected>"), "{}", refused.text);
}

#[tokio::test]
async fn one_browser_is_two_people_in_turn() {
    let test = TestDesk::new();
    let mut browser = test.of("anna").await;
    browser.sign_in(&test.desk.sign_in_path(&"boris".parse().unwrap()).unwrap()).await;
    assert!(browser.get("/deals").await.text.contains("You are <strong>boris</strong>"));
    let page = browser.fill("/deals", "/switch", &[("to", "1")]).await;
    assert!(page.text.contains("You are <strong>anna</strong>"));
}

#[tokio::test]
async fn the_examples_are_filled_in_once_and_every_page_of_them_is_quick() {
    let test = TestDesk::new();
    escrow_desk::demo::fill(&test.desk).await.unwrap();
    escrow_desk::demo::fill(&test.desk).await.unwrap();
    let mut olga = test.of("olga").await;
    let all = olga.get("/operator/deals").await;
    let deals: Vec<&str> = all
        .text
        .split("href=\"")
        .filter_map(|rest| rest.split('"').next())
        .filter(|href| href.starts_with("/deals/"))
        .collect();
    // nine of their own, and two milestones of a project
    assert_eq!(deals.len(), 11);
    for deal in deals {
        let page = olga.get(deal).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(
            page.text.contains("<svg") && page.text.contains("<title id=\"title-buyer_payment\">"),
            "{deal}"
        );
    }
}

#[tokio::test]
async fn a_chargeback_and_a_returned_payout_are_heard_from_the_bank() {
    let test = TestDesk::new();
    let (mut anna, mut boris, deal) = begun(&test).await;
    let mut olga = test.of("olga").await;
    let sandbox = format!("{deal}/sandbox");
    let disputed =
        olga.fill(&deal, &sandbox, &[("step", "opened"), ("amount", "30"), ("do", "chargeback")]).await;
    assert!(
        words(&disputed.text).contains("The payer's bank asks for 30.00 EUR back"),
        "{}",
        words(&disputed.text)
    );
    anna.act(&deal, "accept", &[]).await;
    let lost = olga.fill(&deal, &sandbox, &[("step", "lost"), ("amount", "30"), ("do", "chargeback")]).await;
    let read = words(&lost.text);
    // of the seller's 95.00, 30.00 waited for the bank, and are lost: 65.00 were paid
    assert!(read.contains("the seller what the seller earned paid 65.00 EUR"), "{read}");
    assert!(read.contains("taken back by the payer's bank 30.00 EUR"), "{read}");
    assert_eq!(boris.get(&deal).await.text.matches("sandbox").count(), 0, "it is the staff's");
    // the last order paid the seller: what their bank returns is sent again, once they say where to
    let page = olga.get(&deal).await;
    let order: String = page
        .text
        .rsplit("name=\"order\" value=\"")
        .next()
        .unwrap()
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    let returned = olga.fill(&deal, &sandbox, &[("order", &order), ("amount", "65"), ("do", "bounce")]).await;
    assert!(
        words(&returned.text).contains("The payee's bank gave 65.00 EUR back"),
        "{}",
        words(&returned.text)
    );
    let again = boris.act(&deal, "set_destination", &[("kind", "account"), ("reference", "vault-8")]).await;
    let read = words(&again.text);
    assert!(read.contains("The earnings of the seller go to bank account vault-8"), "{read}");
    assert!(read.contains("paid out 70.00 EUR"), "5.00 to the platform and 65.00 to the seller: {read}");
}

#[tokio::test]
async fn an_order_whose_answer_is_lost_is_seen_to_wait_and_is_done_once() {
    let test = TestDesk::with(|config| config.bank_loses = 1_000);
    let (mut anna, _, deal) = begun(&test).await;
    let mut olga = test.of("olga").await;
    let accepted = words(&anna.act(&deal, "accept", &[]).await.text);
    assert!(accepted.contains("Being paid out") && accepted.contains("Waiting for the bank"), "{accepted}");
    assert!(accepted.contains("the bank did not answer"), "{accepted}");
    assert!(olga.get("/operator/deals?view=waiting").await.text.contains(&deal));
    let again = format!("{deal}/ask-again");
    let done = words(&olga.fill(&deal, &again, &[]).await.text);
    assert!(done.contains("Completed") && done.contains("paid out 100.00 EUR"), "{done}");
}

#[tokio::test]
async fn long_lists_come_in_pages() {
    let test = TestDesk::new();
    let mut boris = test.of("boris").await;
    for _ in 0..21 {
        propose(&mut boris, "goods", &[]).await;
    }
    let deals = |page: &str| page.matches("<td><a href=\"/deals/").count();
    let first = boris.get("/deals").await.text;
    let next = first.split("href=\"").find(|href| href.starts_with("/deals?after=")).unwrap();
    let second = boris.get(next.split('"').next().unwrap()).await.text;
    assert_eq!((deals(&first), deals(&second)), (20, 1));
}
