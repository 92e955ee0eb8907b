//! Machines over two real servers, and on their way between them while everybody works on them. Where PostgreSQL's programs
//! are not installed, the test says that it was skipped.
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::print_stdout)]

#[path = "../postgres/server.rs"]
mod server;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use escrow::deal::command::Post;
use escrow::port::{Backlog, Commit, CommitError, Repository, blocking};
use escrow::terms::Item;
use escrow::{Context, Currency, Deal, DealId, Money, Policy, Terms, TermsDraft, Time};
use escrow_postgres::{Filter, Lists, Page, Postgres, Shards, StoreError};
use escrow_testing::conformance;
use server::Server;
use uuid::Uuid;

#[test]
fn machines_over_two_servers() {
    let (Some(one), Some(other)) = (Server::start(), Server::start()) else {
        println!("skipped: PostgreSQL's programs (initdb, pg_ctl) are not installed");
        return;
    };
    they_keep_the_laws_of_a_repository(&one, &other);
    machines_move_while_everybody_works_on_them(&one, &other);
    lists_and_parcels_come_from_all(&one, &other);
}

fn now() -> Time {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

fn proposed(n: u128) -> (Deal, escrow::Transition) {
    let items = vec![Item::new("Lamp".parse().unwrap(), Money::from_minor(1_000_00, Currency::EUR), 1)];
    let parties = ("anna".parse().unwrap(), "boris".parse().unwrap());
    let draft = TermsDraft::new(parties.0, parties.1, Currency::EUR, items, Policy::shop());
    let terms = Terms::new(draft).unwrap();
    Deal::propose(id(n), terms, &Context::party(now(), "anna".parse().unwrap())).unwrap()
}

fn id(n: u128) -> DealId {
    DealId::new(Uuid::from_u128(n.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_0c1b_8a5d_3b17)))
}

fn named(name: &str, database: &Postgres) -> (String, Postgres) {
    (name.to_owned(), database.clone())
}

struct Set<'s>(&'s Server, Shards);

impl blocking::Repository<Deal> for Set<'_> {
    type Error = StoreError;

    fn commit(&self, commit: Commit<'_>) -> Result<(), CommitError<StoreError>> {
        self.0.runtime.block_on(Repository::commit(&self.1, commit))
    }

    fn load(&self, id: DealId) -> Result<Option<Deal>, StoreError> {
        self.0.runtime.block_on(Repository::load(&self.1, id))
    }

    fn due(&self, now: Time, limit: u32) -> Result<Vec<DealId>, StoreError> {
        self.0.runtime.block_on(Repository::<Deal>::due(&self.1, now, limit))
    }

    fn unanswered(&self, before: Time, limit: u32) -> Result<Vec<DealId>, StoreError> {
        self.0.runtime.block_on(Repository::<Deal>::unanswered(&self.1, before, limit))
    }
}

fn they_keep_the_laws_of_a_repository(one: &Server, other: &Server) {
    let fresh = || (one.open(&one.database()), other.open(&other.database()));
    let settled = || {
        let (a, b) = fresh();
        Set(one, Shards::new([named("a", &a), named("b", &b)]).unwrap())
    };
    conformance::repository(settled).unwrap();
    // all that would have been elsewhere
    let unmoved = || {
        let (a, b) = fresh();
        let both = Shards::new([named("b", &b)]).unwrap();
        Set(one, both.moving_from([named("a", &a)]).unwrap())
    };
    conformance::repository(unmoved).unwrap();
}

/// A message more, by whoever is faster: tried again where somebody was.
async fn post(shards: &Shards, deal: DealId, message: u64, conflicts: &AtomicU64) {
    let anna = Context::party(now(), "anna".parse().unwrap());
    loop {
        let before = Repository::<Deal>::load(shards, deal).await.unwrap().expect("no deal is ever missing");
        let mut after = before.clone();
        let command = Post::new(format!("message-{message}").parse().unwrap()).into();
        let events = after.handle(&command, &anna).unwrap().into_events();
        match shards.commit(Commit::new(Some(&before), &events, &after, now())).await {
            Ok(()) => return,
            Err(CommitError::Conflict) => {
                conflicts.fetch_add(1, Ordering::Relaxed);
            }
            Err(CommitError::Unknown(error)) => panic!("{error}"),
        }
    }
}

async fn begin(shards: &Shards, n: u128) -> bool {
    let (deal, first) = proposed(n);
    match shards.commit(Commit::new(None, first.events(), &deal, now())).await {
        Ok(()) => true,
        Err(CommitError::Conflict) => false,
        Err(CommitError::Unknown(error)) => panic!("{error}"),
    }
}

/// Four writers on 60 deals, two processes that begin the same new deals, and a mover that is stopped again and again.
fn machines_move_while_everybody_works_on_them(one: &Server, other: &Server) {
    const OLD: u128 = 60;
    let (a, b) = (one.open(&one.database()), other.open(&other.database()));
    let before = Shards::new([named("a", &a)]).unwrap();
    let both = Shards::new([named("a", &a), named("b", &b)]).unwrap();
    let moving = both.clone().moving_from([named("a", &a)]).unwrap();
    let (stop, conflicts) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let (posted, begun) = one.runtime.block_on(async {
        for n in 0..OLD {
            assert!(begin(&before, n).await);
        }
        let writer = |seed: u64| {
            let (moving, stop, conflicts) = (moving.clone(), stop.clone(), conflicts.clone());
            tokio::spawn(async move {
                let mut posted = BTreeMap::<DealId, u64>::new();
                let mut message = seed * 1_000_000;
                while !stop.load(Ordering::Relaxed) {
                    message += 1;
                    // 7 and 60 have no divisor in common: every deal has its turn
                    let deal = id(u128::from(message * 7) % OLD);
                    post(&moving, deal, message, &conflicts).await;
                    *posted.entry(deal).or_default() += 1;
                }
                posted
            })
        };
        let writers: Vec<_> = (1..=4).map(writer).collect();
        let beginner = || {
            let moving = moving.clone();
            tokio::spawn(async move {
                let mut begun = 0;
                for n in 0..OLD + 40 {
                    begun += u64::from(begin(&moving, n).await);
                }
                begun
            })
        };
        let beginners = [beginner(), beginner()];
        // a mover that dies, mostly in the middle of a machine
        for millis in 1..30 {
            let moving = moving.clone();
            let mover = tokio::spawn(async move { moving.move_all::<Deal>(2).await });
            tokio::time::sleep(Duration::from_millis(millis)).await;
            mover.abort();
            let _ = mover.await;
        }
        // and one that comes to its end
        while moving.move_all::<Deal>(7).await.unwrap() == 7 {}
        let mut begun = 0;
        for beginner in beginners {
            begun += beginner.await.unwrap();
        }
        stop.store(true, Ordering::Relaxed);
        let mut posted = BTreeMap::<DealId, u64>::new();
        for writer in writers {
            for (deal, count) in writer.await.unwrap() {
                *posted.entry(deal).or_default() += count;
            }
        }
        (posted, begun)
    });
    // each of the 40 new ones once, by one of the two; none of the old ones again
    assert_eq!(begun, 40);
    one.runtime.block_on(async {
        assert_eq!(a.fsck::<Deal>().await.unwrap(), []);
        assert_eq!(b.fsck::<Deal>().await.unwrap(), []);
        let mut there = [0, 0];
        for n in 0..OLD + 40 {
            let places = [&a, &b].map(|database| Repository::<Deal>::load(database, id(n)));
            let [in_a, in_b] = places;
            let (in_a, in_b) = (in_a.await.unwrap(), in_b.await.unwrap());
            let name = both.name_of::<Deal>(id(n)).unwrap();
            assert_eq!((in_a.is_some(), in_b.is_some()), (name == "a", name == "b"), "{n} belongs to {name}");
            there[usize::from(name == "b")] += 1;
            let deal = Repository::<Deal>::load(&both, id(n)).await.unwrap().unwrap();
            let first = proposed(n).1.events().len();
            let messages = posted.get(&id(n)).copied().unwrap_or(0);
            assert_eq!(
                deal.version(),
                u64::try_from(first).unwrap() + messages,
                "nothing is lost, and nothing twice"
            );
        }
        assert!(there.iter().all(|count| *count > 25), "{there:?}");
        // every commit is told once: of the copies that were thrown away nothing is left
        let commits = 100 + posted.values().sum::<u64>();
        let mut parcels = 0;
        let mut after = 0;
        loop {
            let page = both.parcels(after, 500).await.unwrap();
            let Some(last) = page.last() else { break };
            after = last.number;
            parcels += u64::try_from(page.len()).unwrap();
        }
        assert_eq!(parcels, commits);
    });
    let moved: u64 = posted.values().sum();
    println!("{moved} commits while 60 deals moved, {} conflicts", conflicts.load(Ordering::Relaxed));
}

fn lists_and_parcels_come_from_all(one: &Server, other: &Server) {
    let (a, b) = (one.open(&one.database()), other.open(&other.database()));
    let both = Shards::new([named("a", &a), named("b", &b)]).unwrap();
    one.runtime.block_on(async {
        for n in 0..50 {
            assert!(begin(&both, n).await);
        }
        let mut page = Page::first(8);
        let mut seen = Vec::new();
        loop {
            let listed = Lists::<Deal>::list(&both, Filter::Party("anna"), &page).await.unwrap();
            let Some(last) = listed.last() else { break };
            page = page.after(last);
            seen.extend(listed.into_iter().map(|deal| deal.id));
        }
        let mut expected: Vec<DealId> = (0..50).map(id).collect();
        // all began at one instant, and are sorted by their ids as texts
        expected.sort_by_key(ToString::to_string);
        assert_eq!(seen, expected);

        let (mut after, mut delivered) = (0, 0);
        loop {
            let parcels = both.parcels(after, 7).await.unwrap();
            let Some(last) = parcels.last() else { break };
            after = last.number;
            delivered += parcels.len();
            both.delivered(parcels.iter().map(|parcel| parcel.number).collect()).await.unwrap();
        }
        assert_eq!((delivered, both.parcels(0, 9).await.unwrap().len()), (50, 0));
        let deadline =
            Repository::<Deal>::load(&both, id(1)).await.unwrap().unwrap().next_deadline().unwrap();
        assert_eq!(Repository::<Deal>::due(&both, deadline, 99).await.unwrap().len(), 50);
        assert_eq!(both.backlogged(deadline).await.unwrap().due, 50);
    });
}
