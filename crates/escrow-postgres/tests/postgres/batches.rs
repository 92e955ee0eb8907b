//! Several machines at once: loaded together, committed in one statement, each by itself.

use escrow::deal::command::{Accept, ConfirmPayment, StartPerforming};
use escrow::port::{Aggregate, Commit, CommitError, Repository};
use escrow::{Actor, Context, Deal};
use escrow_postgres::{Filter, Page};

use crate::laws::{id, start, terms};
use crate::rows::{accepted, propose};
use crate::server::Server;

pub fn what_cannot_be_read_is_an_error_of_its_own(server: &Server) {
    let db = server.open(&server.database());
    server.runtime.block_on(async {
        let (first, third) = (propose(&db, 1, start()).await, propose(&db, 3, start()).await);
        propose(&db, 2, start()).await;
        let client = db.pool().get().await.unwrap();
        let sql = "UPDATE machines SET state = 'nothing' WHERE id = $1";
        client.execute(sql, &[&id(2).to_string()]).await.unwrap();
        let loaded = Repository::<Deal>::load_all(&db, &[id(3), id(2), id(9), id(1)]).await.unwrap();
        let [one, damaged, missing, last] = loaded.as_slice() else { panic!("{loaded:?}") };
        assert_eq!(one.as_ref().unwrap().as_ref(), Some(&third));
        assert!(damaged.as_ref().unwrap_err().to_string().contains(&id(2).to_string()));
        assert!(missing.as_ref().unwrap().is_none());
        assert_eq!(last.as_ref().unwrap().as_ref(), Some(&first));
    });
}

pub fn a_conflict_of_one_touches_no_other(server: &Server) {
    let db = server.open(&server.database());
    server.runtime.block_on(async {
        let late = start().plus_secs(60 * 86_400);
        let mut deals = Vec::new();
        for number in 1..=3 {
            let before = propose(&db, number, start()).await;
            let mut after = before.clone();
            let wake = after.handle(&<Deal as Aggregate>::wake(), &Context::clock(late)).unwrap();
            deals.push((before, wake.into_events(), after));
        }
        let commit = |place: usize| {
            let (before, events, after) = &deals[place];
            Commit::new(Some(before), events, after, late)
        };
        // somebody is faster with the second one
        db.commit(commit(1)).await.unwrap();
        let context = Context::party(start(), "shop".parse().unwrap());
        let (new, transition) = Deal::propose(id(4), terms(), &context).unwrap();
        let creation = Commit::new(None, transition.events(), &new, start());
        let commits = [commit(0), commit(1), creation, commit(2)];
        let answers = db.commit_all(&commits).await.unwrap();
        assert!(
            matches!(answers.as_slice(), [Ok(()), Err(CommitError::Conflict), Ok(()), Ok(())]),
            "{answers:?}"
        );
        for (_, events, after) in &deals {
            assert_eq!(Repository::<Deal>::load(&db, after.id()).await.unwrap().as_ref(), Some(after));
            // 1 when it was proposed, and what the wake has added once
            assert_eq!(db.journal::<Deal>(after.id(), 0).await.unwrap().len(), 1 + events.len());
        }
        assert_eq!(Repository::<Deal>::load(&db, id(4)).await.unwrap().as_ref(), Some(&new));
        let found = db.list::<Deal>(Filter::Party("anna"), &Page::first(9)).await.unwrap();
        assert_eq!(found.len(), 4);
        // all of them again: each is a conflict now, and nothing is written
        let again = db.commit_all(&commits).await.unwrap();
        assert!(again.iter().all(|answer| matches!(answer, Err(CommitError::Conflict))), "{again:?}");
        assert_eq!(db.fsck::<Deal>().await.unwrap(), []);
    });
}

/// One by one and together, the same rows: of what is pending, of tries, of events in their order.
pub fn together_is_the_same_as_one_by_one(server: &Server) {
    let (one, all) = (server.open(&server.database()), server.open(&server.database()));
    server.runtime.block_on(async {
        let paid = ConfirmPayment::charged(
            escrow::deposit::DepositId::BUYER_PAYMENT,
            "bank".parse().unwrap(),
            "payment-1".parse().unwrap(),
            accepted(&one, 7).await.terms().quote().deposit,
        );
        accepted(&all, 7).await;
        let steps: [(escrow::Command, Actor); 3] = [
            (paid.into(), Actor::Gateway),
            (StartPerforming {}.into(), Actor::Party("shop".parse().unwrap())),
            (Accept::default().into(), Actor::Party("anna".parse().unwrap())),
        ];
        let (mut deal, _) = (propose(&one, 1, start()).await, propose(&all, 1, start()).await);
        for (command, actor) in steps {
            let before = deal.clone();
            let context = Context::new(deal.last_at().plus_secs(60), actor);
            let events = deal.handle(&command, &context).unwrap().into_events();
            let commit = Commit::new(Some(&before), &events, &deal, context.now);
            one.commit(commit).await.unwrap();
            assert!(matches!(all.commit_all(&[commit]).await.unwrap().as_slice(), [Ok(())]));
        }
        for table in ["machines", "journal", "outbox", "parties"] {
            let mut rows = Vec::new();
            for db in [&one, &all] {
                let client = db.pool().get().await.unwrap();
                let sql = format!("SELECT string_agg(t::text, '\n' ORDER BY t::text) FROM {table} AS t");
                rows.push(client.query_one(&sql, &[]).await.unwrap().get::<_, Option<String>>(0));
            }
            assert!(rows[0].is_some() && rows[0] == rows[1], "{table}: {rows:?}");
        }
    });
}
