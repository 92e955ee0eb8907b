//! The policy studio.

use axum::http::StatusCode;

use crate::browser::{TestDesk, words};

#[tokio::test]
async fn it_says_what_every_silence_leads_to_and_exports_what_the_runner_plays() {
    let test = TestDesk::new();
    let mut anna = test.of("anna").await;
    for preset in ["shop", "marketplace", "guarantee", "freelance"] {
        let terms = escrow_desk::studio::example(preset);
        let page = anna.fill("/studio", "/studio", &[("terms", &terms), ("do", "study")]).await;
        assert_eq!(page.status, StatusCode::OK, "{}", words(&page.text));
        let read = words(&page.text);
        // 2 × 100.00 and 12.00 for the delivery; 5 % of 200.00 is 10.00
        assert!(read.contains("What the buyer pays in 212.00 EUR"), "{read}");
        assert!(read.contains("What the seller gets 202.00 EUR"), "{read}");
        assert!(read.contains("Left alone while"), "{read}");
        let file = anna.fill("/studio", "/studio", &[("terms", &terms), ("do", "export")]).await;
        assert_eq!(file.status, StatusCode::OK, "{preset}: {}", words(&file.text));
        let scenario = escrow_testing::scenario::Scenario::from_json(&file.text).unwrap();
        let played = escrow_testing::scenario::run(&scenario);
        assert!(played.ok, "{preset}: {:?}", played.differences);
        assert_eq!(played.status, Some(escrow::Status::Completed), "{preset}");
    }
}

#[tokio::test]
async fn silence_accepts_in_a_shop_after_six_hours() {
    let now = escrow::Time::parse("2026-03-01T12:00:00Z").unwrap();
    let study = escrow_desk::studio::study(&escrow_desk::studio::example("shop"), now).unwrap();
    let delivered = study.silences.iter().find(|s| s.from == escrow::Status::AwaitingAcceptance).unwrap();
    assert_eq!(delivered.steps.len(), 1);
    // 6 hours are 21 600 000 ms
    assert_eq!((delivered.steps[0].0, delivered.steps[0].2), (21_600_000, escrow::Status::Completed));
    assert!(delivered.paid.contains(&"202.00 EUR to the seller".to_owned()), "{:?}", delivered.paid);
}

#[tokio::test]
async fn what_is_wrong_is_said_by_its_field() {
    let test = TestDesk::new();
    let mut anna = test.of("anna").await;
    let terms = escrow_desk::studio::example("shop").replace("\"shop\"", "\"shop\", \"acceptance_s\": 0");
    let page = anna.fill("/studio", "/studio", &[("terms", &terms), ("do", "study")]).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(words(&page.text).contains("acceptance_s"), "{}", words(&page.text));
}
