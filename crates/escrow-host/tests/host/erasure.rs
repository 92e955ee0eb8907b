//! What a person asks to be forgotten is referenced, and never stored: no table has it.
//!
//! What is referenced: where the host keeps names, e-mails and phones ([`Contacts`]); an instrument at the gateway that money
//! goes to ([`Destination`]); a message, by its reference; a payment, by the gateway's reference; parties, by ids of the
//! host's. Whatever the host writes into the texts of the terms itself (items, description) is stored: these are for the
//! goods, and not for people.

use std::collections::BTreeMap;

use escrow::deal::command::{Accept, Post, StartPerforming};
use escrow::deposit::{DepositId, Reference};
use escrow::terms::Contacts;
use escrow::{Caller, Deal, PartyId, Terms};
use escrow_host::Worker;
use escrow_host::sandbox::Faults;
use rust_decimal::dec;

use crate::world::{World, id, rub};

/// What the host's own book has of a person. The deals get the keys of this book alone.
struct Person {
    name: &'static str,
    email: &'static str,
    phone: &'static str,
    card: &'static str,
    message: &'static str,
}

const ANNA: Person = Person {
    name: "Anna Schmidt",
    email: "anna.schmidt@example.com",
    phone: "+49 30 901820",
    card: "4111 1111 1111 1111",
    message: "Please ring twice",
};

/// The tables and what is in them, as text. A table that is added has to be looked at here.
const TABLES: [&str; 7] = ["attempts", "incidents", "journal", "leases", "machines", "outbox", "parties"];

#[tokio::test]
async fn no_contact_data_is_in_any_table() {
    let world = World::new(Faults { lost: 1_000, ..Faults::default() });
    let mut book: BTreeMap<&str, Person> = BTreeMap::from([("book-17", ANNA)]);
    let contacts = Contacts { buyer: Some("book-17".parse().unwrap()), seller: None };
    let buyer: PartyId = "u-17".parse().unwrap();
    let anna = || Caller::party(buyer.clone());
    let shop = || Caller::party("shop".parse().unwrap());
    let terms = Terms::builder("u-17", "shop", escrow::Currency::RUB)
        .item("Lamp", dec!(1_000))
        .contacts(contacts)
        .build()
        .unwrap();
    let host = &world.host;
    // a client's request, and the answer that is kept for it
    let open = async {
        let opened = host.open(id(1), terms, shop()).await;
        opened.map(|deal| deal.id().to_string()).map_err(|error| error.to_string())
    };
    host.once("party/shop", "k1", "a hash of the request", open).await.unwrap();
    let reference = Reference::new("pay-17").unwrap();
    let bank = world.bank();
    let paid = bank.pay(id(1), DepositId::BUYER_PAYMENT, &reference, rub(1_000_00), None).unwrap();
    host.webhook(id(1), paid).await.unwrap();
    // an incident: the bank tells another sum for the same payment
    let other = escrow::deal::command::ConfirmPayment::charged(
        DepositId::BUYER_PAYMENT,
        "sandbox".parse().unwrap(),
        reference,
        rub(999_00),
    );
    host.webhook(id(1), other).await.unwrap_err();
    host.act(id(1), Post::new("message-5".parse().unwrap()), anna()).await.unwrap();
    host.act(id(1), StartPerforming {}, shop()).await.unwrap();
    // its payout has no answer at first: a try is noted
    host.act(id(1), Accept::default(), anna()).await.unwrap();
    let now = escrow::port::Clock::now(&world.clock);
    let lease = vec!["outbox".to_owned()];
    escrow::port::Backlog::lease(host.repository(), lease, "one", now, now.plus_secs(1)).await.unwrap();

    let tables = dump(&world);
    let known: Vec<&str> = tables.keys().map(String::as_str).filter(|name| *name != "receipts").collect();
    assert_eq!(known, TABLES);
    assert!(tables.values().all(|text| !text.is_empty()), "every table has something: {tables:?}");
    let Person { name, email, phone, card, message } = &book["book-17"];
    for (table, text) in &tables {
        for secret in [name, email, phone, card, message] {
            assert!(!text.contains(secret), "{table} has {secret}");
        }
        // nor anything that looks like it
        assert!(!text.contains('@') && !text.contains("+49"), "{table}: {text}");
    }
    // the references are there
    assert!(tables["machines"].contains("book-17") && tables["journal"].contains("message-5"));

    // she is forgotten: the book has her no more, and the deal goes on and is whole
    book.clear();
    world.advance(60);
    let mut worker = Worker::builder(host.clone(), "two").clock_bound(None).build();
    worker.pass::<Deal>().await.unwrap();
    assert_eq!(world.load(1).await.status(), escrow::Status::Completed);
    assert_eq!(host.repository().fsck::<Deal>().unwrap(), []);
}

fn dump(world: &World) -> BTreeMap<String, String> {
    let db = rusqlite::Connection::open(&world._file.0).unwrap();
    let mut names = db
        .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        .unwrap();
    let names: Vec<String> = names.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let dump = |table: String| {
        let mut rows = db.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let columns = rows.column_count();
        let mut text = String::new();
        let mut rows = rows.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            for column in 0..columns {
                let value: rusqlite::types::Value = row.get(column).unwrap();
                text.push_str(&format!("{value:?} "));
            }
        }
        (table, text)
    };
    names.into_iter().map(dump).collect()
}
