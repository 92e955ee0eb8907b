//! The desk's own tables: people, sessions, keys, and the texts that deals only refer to. Secrets are stored as hashes. Who
//! asks to be forgotten is taken out of here, and out of no deal: deals have references only.

mod hooks;
mod market;

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use escrow::deposit::{DepositId, TxId};
use escrow::{DealId, Money, PartyId, Time};
use rusqlite::{Connection, OptionalExtension, params};

use crate::error::Failure;
use crate::token;

pub(crate) use hooks::Letter;

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS people (id TEXT PRIMARY KEY, staff INTEGER NOT NULL, created_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS gone (id TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS links (
  hash TEXT PRIMARY KEY, person TEXT NOT NULL, until INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sessions (
  hash TEXT PRIMARY KEY, person TEXT NOT NULL, until INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS api_keys (
  hash TEXT PRIMARY KEY, person TEXT NOT NULL, name TEXT NOT NULL, created_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS texts (
  id TEXT PRIMARY KEY, deal TEXT NOT NULL, author TEXT NOT NULL, at INTEGER NOT NULL, text TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS texts_by_author ON texts (author);
CREATE TABLE IF NOT EXISTS checkouts (
  token TEXT PRIMARY KEY, deal TEXT NOT NULL, tx INTEGER NOT NULL, deposit TEXT NOT NULL, amount TEXT NOT NULL,
  payer TEXT NOT NULL, description TEXT NOT NULL, back TEXT NOT NULL, paid INTEGER NOT NULL DEFAULT 0,
  UNIQUE (deal, tx)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS hooks (number INTEGER PRIMARY KEY AUTOINCREMENT, url TEXT NOT NULL, secret TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS letters (
  number INTEGER PRIMARY KEY AUTOINCREMENT, hook INTEGER NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL,
  tries INTEGER NOT NULL, next_at INTEGER NOT NULL, UNIQUE (hook, id));
CREATE INDEX IF NOT EXISTS letters_due ON letters (next_at);
CREATE TABLE IF NOT EXISTS cursors (name TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
";

/// Somebody who can sign in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Person {
    /// Their id, which deals name.
    pub id: PartyId,
    /// Whether they are staff: operator and moderator of every deal that they are no party to.
    pub staff: bool,
}

/// A payment that the bank's page asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Checkout {
    pub(crate) deal: DealId,
    pub(crate) order: TxId,
    pub(crate) deposit: DepositId,
    pub(crate) amount: Money,
    pub(crate) payer: String,
    pub(crate) description: String,
    pub(crate) back: String,
    pub(crate) paid: bool,
}

/// An API key, without its secret.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ApiKey {
    /// What it is revoked by.
    pub(crate) hash: String,
    pub(crate) name: String,
    pub(crate) created_at: Time,
}

/// The tables.
#[derive(Debug)]
pub struct Store(Mutex<Connection>);

type Done<T> = Result<T, Failure>;

impl Store {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn open(path: &Path) -> Done<Self> {
        let db = Connection::open(path)?;
        db.busy_timeout(Duration::from_secs(10))?;
        db.pragma_update(None, "journal_mode", "WAL")?;
        db.pragma_update(None, "synchronous", "FULL")?;
        db.execute_batch(SCHEMA)?;
        db.execute_batch(market::SCHEMA)?;
        Ok(Self(Mutex::new(db)))
    }

    fn db(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds somebody, or leaves them as they are.
    ///
    /// # Errors
    /// The storage failed.
    pub fn add_person(&self, person: &Person, now: Time) -> Done<()> {
        let sql = "INSERT INTO people (id, staff, created_at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
        self.db().execute(sql, params![person.id.as_str(), person.staff, now.millis()])?;
        Ok(())
    }

    /// Whoever has this id.
    ///
    /// # Errors
    /// The storage failed.
    pub fn person(&self, id: &str) -> Done<Option<Person>> {
        let sql = "SELECT id, staff FROM people WHERE id = ?1";
        let found = self.db().query_row(sql, [id], person_of).optional()?;
        found.map(Person::read).transpose()
    }

    pub(crate) fn people(&self, after: &str, limit: u32) -> Done<Vec<Person>> {
        let db = self.db();
        let mut list =
            db.prepare_cached("SELECT id, staff FROM people WHERE id > ?1 ORDER BY id LIMIT ?2")?;
        let rows = list.query_map(params![after, limit], person_of)?;
        rows.map(|row| Person::read(row?)).collect()
    }

    /// A secret by which this person signs in until then.
    ///
    /// # Errors
    /// The storage failed.
    pub fn add_link(&self, person: &PartyId, until: Time) -> Done<String> {
        let secret = token::random()?;
        let sql = "INSERT INTO links (hash, person, until) VALUES (?1, ?2, ?3)";
        self.db().execute(sql, params![token::hashed(&secret), person.as_str(), until.millis()])?;
        Ok(secret)
    }

    pub(crate) fn by_link(&self, secret: &str, now: Time) -> Done<Option<Person>> {
        self.by_secret("links", secret, now)
    }

    pub(crate) fn end_link(&self, secret: &str) -> Done<()> {
        self.db().execute("DELETE FROM links WHERE hash = ?1", [token::hashed(secret)])?;
        Ok(())
    }

    /// Opens a session, and returns its secret.
    ///
    /// # Errors
    /// The storage failed.
    pub fn add_session(&self, person: &PartyId, now: Time, until: Time) -> Done<String> {
        let secret = token::random()?;
        let db = self.db();
        for table in ["links", "sessions"] {
            db.execute(&format!("DELETE FROM {table} WHERE until <= ?1"), [now.millis()])?;
        }
        let sql = "INSERT INTO sessions (hash, person, until) VALUES (?1, ?2, ?3)";
        db.execute(sql, params![token::hashed(&secret), person.as_str(), until.millis()])?;
        Ok(secret)
    }

    pub(crate) fn by_session(&self, secret: &str, now: Time) -> Done<Option<Person>> {
        self.by_secret("sessions", secret, now)
    }

    pub(crate) fn end_session(&self, secret: &str) -> Done<()> {
        self.db().execute("DELETE FROM sessions WHERE hash = ?1", [token::hashed(secret)])?;
        Ok(())
    }

    fn by_secret(&self, table: &str, secret: &str, now: Time) -> Done<Option<Person>> {
        let sql = format!(
            "SELECT p.id, p.staff FROM {table} s JOIN people p ON p.id = s.person WHERE s.hash = ?1 AND s.until > ?2"
        );
        let found = self
            .db()
            .prepare_cached(&sql)?
            .query_row(params![token::hashed(secret), now.millis()], person_of)
            .optional()?;
        found.map(Person::read).transpose()
    }

    /// Makes an API key, and returns its secret.
    ///
    /// # Errors
    /// The storage failed.
    pub fn add_api_key(&self, person: &PartyId, name: &str, now: Time) -> Done<String> {
        let secret = format!("desk_{}", token::random()?);
        let sql = "INSERT INTO api_keys (hash, person, name, created_at) VALUES (?1, ?2, ?3, ?4)";
        self.db().execute(sql, params![token::hashed(&secret), person.as_str(), name, now.millis()])?;
        Ok(secret)
    }

    pub(crate) fn by_api_key(&self, secret: &str) -> Done<Option<Person>> {
        let sql = "SELECT p.id, p.staff FROM api_keys k JOIN people p ON p.id = k.person WHERE k.hash = ?1";
        let found =
            self.db().prepare_cached(sql)?.query_row([token::hashed(secret)], person_of).optional()?;
        found.map(Person::read).transpose()
    }

    pub(crate) fn api_keys(&self, person: &PartyId) -> Done<Vec<ApiKey>> {
        let db = self.db();
        let sql = "SELECT hash, name, created_at FROM api_keys WHERE person = ?1 ORDER BY created_at, hash";
        let mut list = db.prepare_cached(sql)?;
        let rows = list.query_map([person.as_str()], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, i64>(2)?))
        })?;
        rows.map(|row| {
            let (hash, name, at) = row?;
            Ok(ApiKey { hash, name, created_at: time(at)? })
        })
        .collect()
    }

    pub(crate) fn revoke_api_key(&self, person: &PartyId, hash: &str) -> Done<()> {
        let sql = "DELETE FROM api_keys WHERE hash = ?1 AND person = ?2";
        self.db().execute(sql, params![hash, person.as_str()])?;
        Ok(())
    }

    /// Keeps a text that a deal refers to: a message, a piece of work. The same id again is the same text.
    /// Returns whether it is new.
    pub(crate) fn add_text(&self, id: &str, deal: DealId, author: &str, at: Time, text: &str) -> Done<bool> {
        let sql = "INSERT INTO texts (id, deal, author, at, text) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING";
        let new = self.db().execute(sql, params![id, deal.to_string(), author, at.millis(), text])?;
        Ok(new > 0)
    }

    /// Drops texts that no deal has come to refer to.
    pub(crate) fn drop_texts(&self, ids: &[String]) -> Done<()> {
        let db = self.db();
        for id in ids {
            db.execute("DELETE FROM texts WHERE id = ?1", [id])?;
        }
        Ok(())
    }

    /// The text of this deal with this id.
    pub(crate) fn text(&self, deal: DealId, id: &str) -> Done<Option<String>> {
        let sql = "SELECT text FROM texts WHERE id = ?1 AND deal = ?2";
        let db = self.db();
        let mut get = db.prepare_cached(sql)?;
        Ok(get.query_row(params![id, deal.to_string()], |row| row.get(0)).optional()?)
    }

    /// The page of a payment: a new one, or the one that it has.
    pub(crate) fn add_checkout(&self, checkout: &Checkout) -> Done<String> {
        let db = self.db();
        db.execute(
            "INSERT INTO checkouts (token, deal, tx, deposit, amount, payer, description, back)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING",
            params![
                token::random()?,
                checkout.deal.to_string(),
                checkout.order.number(),
                checkout.deposit.to_string(),
                checkout.amount.to_string(),
                checkout.payer,
                checkout.description,
                checkout.back
            ],
        )?;
        let sql = "SELECT token FROM checkouts WHERE deal = ?1 AND tx = ?2";
        Ok(db.query_row(sql, params![checkout.deal.to_string(), checkout.order.number()], |row| row.get(0))?)
    }

    pub(crate) fn checkout(&self, token: &str) -> Done<Option<Checkout>> {
        let db = self.db();
        let mut get = db.prepare_cached(
            "SELECT deal, tx, deposit, amount, payer, description, back, paid FROM checkouts WHERE token = ?1",
        )?;
        let row = get
            .query_row([token], |row| {
                let text = |i: usize| row.get::<_, String>(i);
                let texts = [text(0)?, text(2)?, text(3)?, text(4)?, text(5)?, text(6)?];
                Ok((texts, row.get::<_, u32>(1)?, row.get::<_, bool>(7)?))
            })
            .optional()?;
        let Some(([deal, deposit, amount, payer, description, back], order, paid)) = row else {
            return Ok(None);
        };
        let broken = |what: &dyn std::fmt::Display| Failure::internal(what);
        Ok(Some(Checkout {
            deal: deal.parse().map_err(|e| broken(&e))?,
            order: TxId::new(order),
            deposit: deposit.parse().map_err(|e| broken(&e))?,
            amount: amount.parse().map_err(|e| broken(&e))?,
            payer,
            description,
            back,
            paid,
        }))
    }

    pub(crate) fn checkout_paid(&self, token: &str) -> Done<()> {
        self.db().execute("UPDATE checkouts SET paid = 1 WHERE token = ?1", [token])?;
        Ok(())
    }

    pub(crate) fn cursor(&self, name: &str) -> Done<i64> {
        let sql = "SELECT at FROM cursors WHERE name = ?1";
        Ok(self.db().query_row(sql, [name], |row| row.get(0)).optional()?.unwrap_or(0))
    }

    pub(crate) fn move_cursor(&self, name: &str, at: i64) -> Done<()> {
        let sql = "INSERT INTO cursors (name, at) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET at = ?2";
        self.db().execute(sql, params![name, at])?;
        Ok(())
    }

    /// Whether somebody of this name was forgotten: the name is nobody else's, since deals go by it.
    pub(crate) fn is_gone(&self, id: &PartyId) -> Done<bool> {
        let sql = "SELECT COUNT(*) FROM gone WHERE id = ?1";
        Ok(self.db().query_row(sql, [id.as_str()], |row| row.get::<_, i64>(0))? > 0)
    }

    /// Ends every session, link and key of a person.
    pub(crate) fn sign_out(&self, id: &PartyId) -> Done<()> {
        let mut db = self.db();
        let transaction = db.transaction()?;
        for table in ["sessions", "links", "api_keys"] {
            transaction.execute(&format!("DELETE FROM {table} WHERE person = ?1"), [id.as_str()])?;
        }
        transaction.commit()?;
        Ok(())
    }

    /// Forgets a person: their sessions, keys and links, and every text that they wrote. The deals keep their id.
    pub(crate) fn forget(&self, id: &PartyId) -> Done<()> {
        let mut db = self.db();
        let transaction = db.transaction()?;
        for sql in [
            "DELETE FROM sessions WHERE person = ?1",
            "DELETE FROM links WHERE person = ?1",
            "DELETE FROM api_keys WHERE person = ?1",
            "DELETE FROM people WHERE id = ?1",
            "INSERT INTO gone (id) VALUES (?1) ON CONFLICT DO NOTHING",
            "UPDATE texts SET text = '(erased)', author = '' WHERE author = ?1",
        ] {
            transaction.execute(sql, [id.as_str()])?;
        }
        transaction.commit()?;
        Ok(())
    }
}

fn person_of(row: &rusqlite::Row<'_>) -> rusqlite::Result<(String, bool)> {
    Ok((row.get(0)?, row.get(1)?))
}

impl Person {
    fn read((id, staff): (String, bool)) -> Done<Self> {
        Ok(Self { id: id.parse().map_err(|e: escrow::TextError| Failure::internal(&e))?, staff })
    }
}

fn time(millis: i64) -> Done<Time> {
    Time::from_millis(millis).map_err(|e| Failure::internal(&e))
}
