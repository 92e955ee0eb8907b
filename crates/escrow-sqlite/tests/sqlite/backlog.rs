//! Leases, tries, parcels, incidents, receipts.

use escrow::port::{Attempt, Backlog, ClientReceipt, Incident, MachineKey, Repository};
use escrow::{Deal, Time};
use pollster::block_on;

use crate::world::{TempFile, accepted, id, propose, start};

fn after(secs: u32) -> Time {
    start().plus_secs(secs)
}

#[test]
fn a_lease_is_one_holders_until_it_runs_out() {
    let file = TempFile::new();
    let (one, other) = (file.open(), file.open());
    let names = || vec!["deal/1".to_owned(), "deal/2".to_owned()];
    block_on(async {
        let taken = one.lease(names(), "one", start(), after(30)).await.unwrap();
        assert_eq!(taken, names());
        assert_eq!(other.lease(names(), "other", after(29), after(59)).await.unwrap(), [""; 0]);
        // renewed by its holder
        assert_eq!(
            one.lease(vec!["deal/1".to_owned()], "one", after(20), after(50)).await.unwrap(),
            ["deal/1"]
        );
        // half-open: at its end it is over
        assert_eq!(other.lease(names(), "other", after(30), after(60)).await.unwrap(), ["deal/2"]);
        // what is not the holder's is not given back
        other.release(names(), "other").await.unwrap();
        assert_eq!(one.lease(names(), "third", after(31), after(61)).await.unwrap(), ["deal/2"]);
    });
}

#[test]
fn a_failed_try_puts_the_next_one_off() {
    let file = TempFile::new();
    let db = file.open();
    let deal = accepted(&db, 1);
    let order = deal.pending().next().unwrap().number();
    let machine = MachineKey::new("deal", id(1));
    let attempt = |tries, next_at| Attempt {
        machine: machine.clone(),
        order,
        first_at: deal.last_at(),
        tries,
        next_at,
        error: "no answer".to_owned(),
    };
    block_on(async {
        let found = async |at| Repository::<Deal>::unanswered(&db, at, 9).await.unwrap();
        assert_eq!(found(deal.last_at()).await, [id(1)]);
        db.tried(vec![attempt(1, after(1_000))]).await.unwrap();
        assert_eq!(found(after(999)).await, []);
        assert_eq!(found(after(1_000)).await, [id(1)]);
        db.tried(vec![attempt(2, after(3_000))]).await.unwrap();
        assert_eq!(found(after(2_999)).await, []);
        assert_eq!(db.attempts(&machine).await.unwrap(), [attempt(2, after(3_000))]);
        let figures = db.backlogged(after(3_600)).await.unwrap();
        // proposed at 0, three steps of a minute: the order is of 180 s
        assert_eq!((figures.unanswered, figures.unanswered_ms), (1, 3_420_000));
        assert_eq!(figures.parcels, 4);
    });
}

#[test]
fn the_outbox_has_every_commit_in_order_until_it_is_delivered() {
    let file = TempFile::new();
    let db = file.open();
    accepted(&db, 1);
    propose(&db, 2, "anna", start());
    block_on(async {
        let parcels = db.parcels(0, 100).await.unwrap();
        let of_one: Vec<_> = parcels.iter().filter(|p| p.machine.id == id(1).to_string()).collect();
        assert!(of_one.windows(2).all(|w| w[0].to_version == w[1].from_version && w[0].number < w[1].number));
        assert_eq!((of_one[0].from_version, parcels.len()), (0, 5));
        let deal: Deal = Repository::load(&db, id(1)).await.unwrap().unwrap();
        assert_eq!(of_one.last().unwrap().to_version, deal.version());
        db.delivered(vec![parcels[0].number]).await.unwrap();
        assert_eq!(db.parcels(0, 100).await.unwrap(), parcels[1..]);
        assert_eq!(db.parcels(parcels[1].number, 2).await.unwrap(), parcels[2..4]);
    });
}

#[test]
fn incidents_stay_until_somebody_closes_them() {
    let file = TempFile::new();
    let db = file.open();
    let incident = Incident {
        at: start(),
        machine: Some(MachineKey::new("deal", id(1))),
        what: "fact-refused".to_owned(),
        detail: "the bank says 5.00".to_owned(),
    };
    block_on(db.incidents(vec![incident.clone()])).unwrap();
    let open = db.open_incidents(0, 10).unwrap();
    assert_eq!(open.iter().map(|(_, i)| i.clone()).collect::<Vec<_>>(), [incident]);
    db.close_incident(open[0].0, after(5)).unwrap();
    assert_eq!(db.open_incidents(0, 10).unwrap(), []);
}

#[test]
fn the_first_answer_under_a_key_is_the_answer() {
    let file = TempFile::new();
    let db = file.open();
    let receipt = |answer: &str| ClientReceipt { request: "r".into(), answer: answer.into(), at: start() };
    block_on(async {
        assert_eq!(db.receipt("anna", "k").await.unwrap(), None);
        assert_eq!(db.keep_receipt("anna", "k", receipt("first")).await.unwrap(), receipt("first"));
        assert_eq!(db.keep_receipt("anna", "k", receipt("second")).await.unwrap(), receipt("first"));
        assert_eq!(db.keep_receipt("olga", "k", receipt("hers")).await.unwrap(), receipt("hers"));
    });
}
