//! Leases, tries, parcels, incidents, receipts.

use escrow::Context;
use escrow::Deal;
use escrow::deposit::TxId;
use escrow::port::{Attempt, Backlog, ClientReceipt, Commit, Incident, MachineKey, Repository, Tallied};

use crate::laws::{id, start, terms};
use crate::server::Server;

pub fn leases_tries_parcels_and_receipts(server: &Server) {
    let config = server.database();
    let (one, other) = (server.open(&config), server.open(&config));
    let after = |secs| start().plus_secs(secs);
    let names = || vec!["deal/2".to_owned(), "deal/1".to_owned()];
    server.runtime.block_on(async {
        // a lease is one holder's until it runs out: half-open
        assert_eq!(one.lease(names(), "one", start(), after(30)).await.unwrap().len(), 2);
        assert_eq!(other.lease(names(), "other", after(29), after(59)).await.unwrap(), [""; 0]);
        assert_eq!(
            one.lease(vec!["deal/1".to_owned()], "one", after(20), after(50)).await.unwrap(),
            ["deal/1"]
        );
        assert_eq!(other.lease(names(), "other", after(30), after(60)).await.unwrap(), ["deal/2"]);
        other.release(names(), "other").await.unwrap();
        assert_eq!(one.lease(names(), "third", after(31), after(61)).await.unwrap(), ["deal/2"]);

        let context = Context::party(start(), "shop".parse().unwrap());
        let (deal, transition) = Deal::propose(id(1), terms(), &context).unwrap();
        one.commit(Commit::new(None, transition.events(), &deal, start())).await.unwrap();
        let parcels = one.parcels(0, 10).await.unwrap();
        assert_eq!((parcels.len(), parcels[0].from_version, parcels[0].to_version), (1, 0, deal.version()));
        one.delivered(vec![parcels[0].number]).await.unwrap();
        assert_eq!(one.parcels(0, 10).await.unwrap(), []);

        let attempt = |tries, next_at| Attempt {
            machine: MachineKey::new("deal", id(1)),
            order: TxId::new(2),
            first_at: start(),
            tries,
            next_at,
            error: "no answer".to_owned(),
        };
        one.tried(vec![attempt(1, after(1)), attempt(2, after(3))]).await.unwrap();
        assert_eq!(other.attempts(&MachineKey::new("deal", id(1))).await.unwrap(), [attempt(2, after(3))]);

        let incident =
            Incident { at: start(), machine: None, what: "fact-refused".into(), detail: "5.00".into() };
        one.incidents(vec![incident]).await.unwrap();
        let figures = other.backlogged(after(5)).await.unwrap();
        assert_eq!((figures.incidents, figures.parcels, figures.unanswered, figures.due), (1, 0, 0, 0));
        let tallies = other.tallied(after(3_600)).await.unwrap();
        let found = |what, label: &str| {
            let tally = tallies.iter().find(|tally| tally.what == what && tally.label == label);
            tally.map(|tally| (tally.count, tally.oldest_ms))
        };
        assert_eq!(found(Tallied::Incidents, "fact-refused"), Some((1, 3_600_000)));
        // the order was sent twice, first at the start
        assert_eq!(found(Tallied::Attempts, "deal"), Some((2, 3_600_000)));
        assert_eq!(found(Tallied::UnansweredFor, "60"), Some((0, 0)));
        assert_eq!(found(Tallied::Parcels, "deal"), None);

        let receipt =
            |answer: &str| ClientReceipt { request: "r".into(), answer: answer.into(), at: start() };
        assert_eq!(one.receipt("anna", "k").await.unwrap(), None);
        assert_eq!(one.keep_receipt("anna", "k", receipt("first")).await.unwrap(), receipt("first"));
        assert_eq!(other.keep_receipt("anna", "k", receipt("second")).await.unwrap(), receipt("first"));
        assert_eq!(other.receipt("anna", "k").await.unwrap(), Some(receipt("first")));
    });
}
