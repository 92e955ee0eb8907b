//! What an operator watches, by kind and by age.

use escrow::deal::command::Accept;
use escrow::deposit::Reference;
use escrow::port::Tallied;
use escrow_host::sandbox::{BankError, Faults};

use crate::world::{World, id, party, rub};

#[tokio::test]
async fn what_waits_is_counted_by_kind_and_by_age() -> Result<(), BankError> {
    // every answer is lost, once
    let world = World::new(Faults { lost: 1_000, ..Faults::default() });
    world.performing(1).await;
    world.host.act(id(1), Accept::default(), party("anna")).await.unwrap();
    world.paid(2).await;
    // a fact that is refused: the bank takes back more than there is of a payout that was never sent
    let wrong = escrow::deal::command::Returned::new(escrow::TxId::new(99), rub(1), Reference::new("x")?);
    assert!(world.host.webhook(id(2), wrong).await.is_err());
    // eleven minutes go by, and nobody works
    world.advance(660);
    let figures = world.host.figures().await.unwrap();
    let tallies: Vec<_> =
        figures.tallies.iter().map(|t| (t.what, t.label.as_str(), t.count, t.oldest_ms)).collect();
    for expected in [
        (Tallied::Unanswered, "deal", 1, 660_000),
        // a minute and ten have gone by, an hour has not
        (Tallied::UnansweredFor, "60", 1, 660_000),
        (Tallied::UnansweredFor, "600", 1, 660_000),
        (Tallied::UnansweredFor, "3600", 0, 0),
        // a fee and a payout, sent once each
        (Tallied::Attempts, "deal", 2, 660_000),
        // opened, paid, started, accepted; opened, paid
        (Tallied::Parcels, "deal", 6, 660_000),
        (Tallied::Incidents, "fact-refused", 1, 660_000),
    ] {
        assert!(tallies.contains(&expected), "{expected:?}: {tallies:?}");
    }
    assert!(!tallies.iter().any(|(what, ..)| *what == Tallied::Due), "{tallies:?}");
    let text = figures.to_prometheus();
    for line in [
        "escrow_unanswered_machines{kind=\"deal\"} 1",
        "escrow_unanswered_for{seconds=\"600\"} 1",
        "escrow_outbox_oldest_milliseconds{kind=\"deal\"} 660000",
        "escrow_incidents_open{what=\"fact-refused\"} 1",
        "escrow_gateway_errors_by_kind_total{kind=\"fee\"} 1",
        "escrow_gateway_errors_by_kind_total{kind=\"payout\"} 1",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}: {text}");
    }
    // each metric is described once, and has its lines below
    for metric in ["escrow_unanswered_for", "escrow_incidents_open"] {
        assert_eq!(text.matches(&format!("# TYPE {metric} gauge")).count(), 1);
    }
    Ok(())
}
