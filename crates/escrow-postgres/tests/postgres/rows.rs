//! Lists, leases, checks, rebuilds; that the schema is SQLite's; that nobody's contact data is in it.

use escrow::deal::command::{Accept, ConfirmPayment, StartPerforming};
use escrow::deposit::DepositId;
use escrow::port::{Backlog, Commit, Repository, Wait, Wanted};
use escrow::{Actor, Command, Context, Deal, Time};
use escrow_postgres::{Filter, Page, Postgres};
use tokio_postgres::{Config, NoTls};

use crate::laws::{id, start, terms};
use crate::server::Server;

pub async fn propose(db: &Postgres, number: u128, at: Time) -> Deal {
    let context = Context::party(at, "shop".parse().unwrap());
    let (deal, transition) = Deal::propose(id(number), terms(), &context).unwrap();
    db.commit(Commit::new(None, transition.events(), &deal, at)).await.unwrap();
    deal
}

async fn step(db: &Postgres, deal: &mut Deal, command: impl Into<Command>, actor: Actor) {
    let before = deal.clone();
    let context = Context::new(deal.last_at().plus_secs(60), actor);
    let events = deal.handle(&command.into(), &context).unwrap().into_events();
    db.commit(Commit::new(Some(&before), &events, deal, context.now)).await.unwrap();
}

/// Paid, performed and accepted: one payout waits for its answer.
pub async fn accepted(db: &Postgres, number: u128) -> Deal {
    let mut deal = propose(db, number, start()).await;
    let payment = ConfirmPayment::charged(
        DepositId::BUYER_PAYMENT,
        "bank".parse().unwrap(),
        format!("payment-{number}").parse().unwrap(),
        deal.terms().quote().deposit,
    );
    step(db, &mut deal, payment, Actor::Gateway).await;
    step(db, &mut deal, StartPerforming {}, Actor::Party("shop".parse().unwrap())).await;
    step(db, &mut deal, Accept::default(), Actor::Party("anna".parse().unwrap())).await;
    deal
}

async fn all(db: &Postgres, filter: Filter<'_>, limit: u32) -> Vec<u128> {
    let mut found = Vec::new();
    let mut page = Page::first(limit);
    loop {
        let rows = db.list::<Deal>(filter, &page).await.unwrap();
        let Some(last) = rows.last() else { return found };
        assert!(rows.len() <= usize::try_from(limit).unwrap());
        page = page.after(last);
        found.extend(rows.iter().map(|row| row.id.uuid().as_u128()));
    }
}

pub fn pages_have_everything_once_and_in_order(server: &Server) {
    let db = server.open(&server.database());
    server.runtime.block_on(async {
        // some of them at the same instant
        for number in (1..=20).rev() {
            propose(&db, number, start().plus_secs(u32::try_from(number).unwrap() / 3)).await;
        }
        accepted(&db, 100).await;
        for limit in [1, 3, 7, 100] {
            // 100 began with 1 and 2, at the start itself
            let mut everything = vec![1, 2, 100];
            everything.extend(3..=20);
            assert_eq!(all(&db, Filter::All, limit).await, everything);
            assert_eq!(all(&db, Filter::Party("anna"), limit).await, everything);
            assert_eq!(all(&db, Filter::Party("stranger"), limit).await, [0; 0]);
            let waiting = all(&db, Filter::Status("awaiting_deposit"), limit).await;
            assert_eq!(waiting, (1..=20).collect::<Vec<_>>());
            assert_eq!(all(&db, Filter::Unanswered, limit).await, [100]);
            assert_eq!(all(&db, Filter::Order("7"), limit).await, [0; 0]);
            // 100 waits for an answer, and for no deadline
            assert_eq!(all(&db, Filter::Deadline, limit).await.len(), 20);
        }
        // 3, 4 and 5 began a second later, 18 to 20 six seconds later
        let late = db.list::<Deal>(Filter::All, &Page::since(start().plus_secs(6), 9)).await.unwrap();
        assert_eq!(late.iter().map(|row| row.id).collect::<Vec<_>>(), [id(18), id(19), id(20)]);
        assert_eq!((late[0].version, late[0].created_at), (1, start().plus_secs(6)));
    });
}

pub fn every_list_comes_from_an_index(server: &Server) {
    let config = server.database();
    drop(server.open(&config));
    let filters = [
        Filter::All,
        Filter::Status("x"),
        Filter::Party("x"),
        Filter::Order("x"),
        Filter::Deadline,
        Filter::Unanswered,
    ];
    server.runtime.block_on(async {
        let (client, connection) = config.connect(NoTls).await.unwrap();
        tokio::spawn(connection);
        // whatever can be done without reading or sorting a whole table, is
        client
            .batch_execute(
                "SET enable_seqscan = off; SET enable_sort = off; SET enable_bitmapscan = off;
                 SET enable_hashjoin = off; SET enable_mergejoin = off",
            )
            .await
            .unwrap();
        for filter in filters {
            let mut sql = filter.sql('$');
            for (parameter, value) in
                [("$1", "'deal'"), ("$2", "5"), ("$3", "'a'"), ("$4", "10"), ("$5", "'x'")]
            {
                sql = sql.replace(parameter, value);
            }
            let rows = client.query(&format!("EXPLAIN {sql}"), &[]).await.unwrap();
            let plan: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
            let plan = plan.join("\n");
            assert!(!plan.contains("Seq Scan") && !plan.contains("Sort"), "{sql}: {plan}");
        }
    });
}

pub fn workers_that_ask_at_once_get_different_machines(server: &Server) {
    let config = server.database();
    let (one, other) = (server.open(&config), server.open(&config));
    server.runtime.block_on(async {
        for number in 1..=8 {
            propose(&one, number, start()).await;
        }
        let now = start().plus_secs(86_400 * 30);
        let wanted = |holder, limit| Wanted {
            kind: "deal",
            wait: Wait::Deadline,
            before: now,
            limit,
            holder,
            now,
            until: now.plus_secs(30),
        };
        // a row that somebody is working on is passed over, and not waited for
        let mut client = one.pool().get().await.unwrap();
        let held = client.transaction().await.unwrap();
        held.execute("SELECT 1 FROM machines WHERE id = $1 FOR UPDATE", &[&id(1).to_string()]).await.unwrap();
        let first = other.lease_waiting(wanted("other", 2)).await.unwrap().unwrap();
        assert_eq!(first, [id(2).to_string(), id(3).to_string()]);
        held.rollback().await.unwrap();
        let (a, b) =
            tokio::join!(one.lease_waiting(wanted("one", 3)), other.lease_waiting(wanted("other", 3)));
        let (a, b) = (a.unwrap().unwrap(), b.unwrap().unwrap());
        let mut taken = [first, a, b].concat();
        taken.sort();
        taken.dedup();
        assert!(taken.len() >= 5, "{taken:?}");
        // all are leased in the end, each by one, and nobody gets more
        let rest = one.lease_waiting(wanted("one", 9)).await.unwrap().unwrap();
        assert_eq!(taken.len() + rest.len(), 8);
        assert_eq!(one.lease_waiting(wanted("third", 9)).await.unwrap(), Some(vec![]));
        let later = Wanted { now: now.plus_secs(30), until: now.plus_secs(60), ..wanted("third", 9) };
        assert_eq!(one.lease_waiting(later).await.unwrap().unwrap().len(), 8);
        let unanswered = Wanted { wait: Wait::Answer, ..later };
        assert_eq!(one.lease_waiting(unanswered).await.unwrap(), Some(vec![]));
        assert!(one.clock().await.unwrap().unwrap() > start());
    });
}

pub fn damage_is_found_and_mended_from_the_journal(server: &Server) {
    let damages = [
        ("UPDATE machines SET state = replace(state, '1000', '1001')", "its state"),
        ("UPDATE machines SET next_deadline = 7", "the columns"),
        ("UPDATE machines SET status = 'closed'", "the columns"),
        ("UPDATE machines SET next_try = NULL", "the columns"),
        ("DELETE FROM machines", "no state"),
        ("DELETE FROM parties WHERE party = 'anna'", "its party anna"),
    ];
    let db = server.open(&server.database());
    server.runtime.block_on(async {
        let deal = accepted(&db, 1).await;
        assert_eq!(db.fsck::<Deal>().await.unwrap(), []);
        let client = db.pool().get().await.unwrap();
        for (damage, found) in damages {
            client.execute(damage, &[]).await.unwrap();
            let findings = db.fsck::<Deal>().await.unwrap();
            assert!(findings.len() == 1 && findings[0].what.contains(found), "{damage}: {findings:?}");
            assert_eq!(db.rebuild::<Deal>().await.unwrap(), 1);
            assert_eq!(db.fsck::<Deal>().await.unwrap(), []);
            assert_eq!(db.load(id(1)).await.unwrap().as_ref(), Some(&deal));
        }
        // a gap in the journal is nothing that can be mended
        client.execute("DELETE FROM journal WHERE version = 2", &[]).await.unwrap();
        assert_eq!(db.fsck::<Deal>().await.unwrap().len(), 1);
        assert!(db.rebuild::<Deal>().await.is_err());
    });
}

pub fn incidents_stay_until_somebody_closes_them(server: &Server) {
    use escrow::port::{Incident, MachineKey};
    let db = server.open(&server.database());
    server.runtime.block_on(async {
        let incident = Incident {
            at: start(),
            machine: Some(MachineKey::new("deal", id(1))),
            what: "fact-refused".to_owned(),
            detail: "the bank says 5.00".to_owned(),
        };
        db.incidents(vec![incident.clone()]).await.unwrap();
        let open = db.open_incidents(0, 10).await.unwrap();
        assert_eq!(open.iter().map(|(_, i)| i.clone()).collect::<Vec<_>>(), [incident]);
        assert_eq!(db.open_incidents(open[0].0, 10).await.unwrap(), []);
        db.close_incident(open[0].0, start().plus_secs(5)).await.unwrap();
        assert_eq!(db.open_incidents(0, 10).await.unwrap(), []);
    });
}

/// Both dialects say the same of every table, column and index; what differs is how an integer and a key are written.
pub fn the_schema_is_sqlites() {
    let plain = |sql: &str| {
        sql.replace("BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "KEY")
            .replace("INTEGER PRIMARY KEY AUTOINCREMENT", "KEY")
            .replace("BIGINT", "INTEGER")
            .replace(") WITHOUT ROWID;", ");")
            .replace("UNIQUE (kind, id)", "PRIMARY KEY (kind, id)")
    };
    let pairs = [
        (
            include_str!("../../migrations/0001_machines.sql"),
            include_str!("../../../escrow-sqlite/migrations/0001_machines.sql"),
        ),
        (
            include_str!("../../migrations/0002_backlog.sql"),
            include_str!("../../../escrow-sqlite/migrations/0002_backlog.sql"),
        ),
        (
            include_str!("../../migrations/0003_parties.sql"),
            include_str!("../../../escrow-sqlite/migrations/0003_parties.sql"),
        ),
    ];
    for (ours, theirs) in pairs {
        assert_eq!(plain(ours), plain(theirs));
    }
}

/// A database as the first version left it: its rows are those of a file of that version.
pub fn tables_of_an_earlier_version_are_brought_up_to_date(server: &Server) {
    let config: Config = server.database();
    server.runtime.block_on(async {
        let (client, connection) = config.connect(NoTls).await.unwrap();
        tokio::spawn(connection);
        client.batch_execute(include_str!("../../migrations/0001_machines.sql")).await.unwrap();
        let old = include_str!("../../../escrow-sqlite/tests/sqlite/fixtures/schema_1.sql");
        for row in old.lines().filter(|line| line.starts_with("INSERT INTO")) {
            client.batch_execute(row).await.unwrap();
        }
        let seen =
            "CREATE TABLE escrow_schema (number BIGINT PRIMARY KEY); INSERT INTO escrow_schema VALUES (1)";
        client.batch_execute(seen).await.unwrap();
    });
    // several processes begin at once, and one of them migrates
    let (db, other) = std::thread::scope(|scope| {
        let other = scope.spawn(|| server.open(&config));
        (server.open(&config), other.join().unwrap())
    });
    server.runtime.block_on(async {
        let client = db.pool().get().await.unwrap();
        let found: i64 = client.query_one("SELECT MAX(number) FROM escrow_schema", &[]).await.unwrap().get(0);
        assert_eq!(found, 4);
        let deal: Deal = db.load(id(1)).await.unwrap().unwrap();
        let journal = other.journal::<Deal>(id(1), 0).await.unwrap();
        assert_eq!(u64::try_from(journal.len()).unwrap(), deal.version());
        assert_eq!(db.rebuild::<Deal>().await.unwrap(), 2);
        assert_eq!(other.fsck::<Deal>().await.unwrap(), []);
        propose(&db, 3, start()).await;
        assert_eq!(other.parcels(0, 9).await.unwrap().len(), 1);
    });
}
