//! The bank itself.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use escrow::deal::PendingOrder;
use escrow::deal::command::{Answer, Answered, Chargeback, ChargebackStep, ConfirmPayment, Returned};
use escrow::deposit::{DepositId, GatewayName, Reason, Reference, TransactionKind};
use escrow::{Command, DealId, Money, ParseError, TextError, Time, TxId};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use thiserror::Error;

use crate::backoff::hash;

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS payments (
  reference TEXT PRIMARY KEY, deal TEXT NOT NULL, money TEXT NOT NULL, amount INTEGER NOT NULL, charged INTEGER NOT NULL,
  on_hold INTEGER NOT NULL, refunded INTEGER NOT NULL DEFAULT 0, lost INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS movements (
  number INTEGER PRIMARY KEY AUTOINCREMENT, deal TEXT NOT NULL, tx INTEGER NOT NULL, kind TEXT NOT NULL,
  amount INTEGER NOT NULL, money TEXT NOT NULL, returned INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS movements_by_order ON movements (deal, tx);
CREATE TABLE IF NOT EXISTS keys (
  key TEXT PRIMARY KEY, at INTEGER NOT NULL, asked INTEGER NOT NULL, answer TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS notices (number INTEGER PRIMARY KEY AUTOINCREMENT, deal TEXT NOT NULL, fact TEXT NOT NULL);
";

/// What goes wrong at the bank, each in so many of a thousand orders. Which orders, follows from their keys: the same run
/// has the same faults.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Faults {
    /// Done, and the answer is lost.
    pub lost: u64,
    /// Nothing is done, and there is no answer.
    pub down: u64,
    /// Done, and said to be in progress the first time.
    pub late: u64,
    /// Declined for good.
    pub declined: u64,
    /// Told by a notice, too.
    pub twice: u64,
    /// After so many milliseconds a key is forgotten, and a reused one acts again. `None`: never.
    pub forgets_after_ms: Option<u64>,
}

/// What can go wrong on the way to the bank.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BankError {
    /// The answer was lost, or there was none.
    #[error("the bank did not answer")]
    NoAnswer,
    /// The bank's own books fail.
    #[error("the bank's books: {0}")]
    Books(#[from] rusqlite::Error),
    /// The bank's own books cannot be read.
    #[error("the bank's books: {0}")]
    Json(#[from] serde_json::Error),
    /// The bank's own books have a text that is none.
    #[error("the bank's books: {0}")]
    Text(#[from] TextError),
    /// The bank's own books have an id that is none.
    #[error("the bank's books: {0}")]
    Id(#[from] ParseError),
}

/// One movement of money out of the bank, or of a hold.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Movement {
    /// Of which deal.
    pub deal: DealId,
    /// By which order.
    pub order: TxId,
    /// What it was.
    pub kind: String,
    /// How much, in minor units.
    pub amount: i64,
    /// What the payee's bank gave back of it.
    pub returned: i64,
}

/// The bank, with its books in a file or in memory.
#[derive(Debug)]
pub struct Bank {
    books: Mutex<Connection>,
    faults: Faults,
}

type Done<T> = Result<T, BankError>;

impl Bank {
    /// Opens the books in a file; several processes may.
    ///
    /// # Errors
    /// [`BankError`].
    pub fn open(path: impl AsRef<Path>, faults: Faults) -> Done<Self> {
        let db = Connection::open(path)?;
        db.busy_timeout(Duration::from_secs(20))?;
        db.pragma_update(None, "journal_mode", "WAL")?;
        // it is the host's death that is tried, and not that of the bank's machine
        db.pragma_update(None, "synchronous", "NORMAL")?;
        Self::on(db, faults)
    }

    /// Books in memory.
    ///
    /// # Errors
    /// [`BankError`].
    pub fn in_memory(faults: Faults) -> Done<Self> {
        Self::on(Connection::open_in_memory()?, faults)
    }

    fn on(db: Connection, faults: Faults) -> Done<Self> {
        db.execute_batch(SCHEMA)?;
        Ok(Self { books: Mutex::new(db), faults })
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn within<T>(&self, work: impl FnOnce(&Transaction<'_>) -> Done<T>) -> Done<T> {
        let mut books = self.lock();
        let transaction = books.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let done = work(&transaction)?;
        transaction.commit()?;
        Ok(done)
    }

    /// The bank's name as a gateway.
    ///
    /// # Errors
    /// None: the name is one.
    pub fn name() -> Done<GatewayName> {
        Ok("sandbox".parse()?)
    }

    /// Somebody pays into a deposit, once for each reference; `held_until`: the money is only held. The fact is a notice.
    ///
    /// # Errors
    /// [`BankError`].
    pub fn pay(
        &self,
        deal: DealId,
        deposit: DepositId,
        reference: &Reference,
        amount: Money,
        held_until: Option<Time>,
    ) -> Done<ConfirmPayment> {
        let fact =
            ConfirmPayment::charged(deposit, Self::name()?, reference.clone(), amount).held_until(held_until);
        let minor = amount.minor();
        let (charged, on_hold) = if held_until.is_some() { (0, minor) } else { (minor, 0) };
        self.within(|db| {
            let new = db.execute(
                "INSERT INTO payments (reference, deal, money, amount, charged, on_hold) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT DO NOTHING",
                params![reference.as_str(), deal.to_string(), amount.currency().code(), minor, charged, on_hold],
            )?;
            if new == 1 {
                notice(db, deal, &fact.clone().into())?;
            }
            Ok(())
        })?;
        Ok(fact)
    }

    /// The payee's bank gives an outgoing payment back, or a part of it. The fact is a notice.
    ///
    /// # Errors
    /// [`BankError`]; [`BankError::NoAnswer`] where so much was never sent.
    pub fn bounce(&self, deal: DealId, order: TxId, amount: Money) -> Done<Returned> {
        let reference = Reference::new(format!("bounce-{deal}-{order}-{}", amount.minor()))?;
        let fact = Returned::new(order, amount, reference);
        self.within(|db| {
            let changed = db.execute(
                "UPDATE movements SET returned = returned + ?3 WHERE number = (SELECT MIN(number) FROM movements
                 WHERE deal = ?1 AND tx = ?2) AND returned + ?3 <= amount",
                params![deal.to_string(), order.number(), amount.minor()],
            )?;
            if changed == 0 {
                return Err(BankError::NoAnswer);
            }
            notice(db, deal, &fact.clone().into())
        })?;
        Ok(fact)
    }

    /// The payer's bank takes a payment back, or says that it wants to. The fact is a notice.
    ///
    /// # Errors
    /// [`BankError`].
    pub fn chargeback(
        &self,
        deal: DealId,
        id: Reference,
        payment: Reference,
        amount: Money,
        step: ChargebackStep,
    ) -> Done<Chargeback> {
        let lost = match step {
            ChargebackStep::Lost => amount.minor(),
            ChargebackStep::Reinstated => amount.minor().saturating_neg(),
            ChargebackStep::Opened | ChargebackStep::Won => 0,
        };
        let fact = Chargeback::new(id, (Self::name()?, payment), amount, step);
        self.within(|db| {
            db.execute(
                "UPDATE payments SET lost = lost + ?2 WHERE reference = ?1",
                params![fact.payment.as_str(), lost],
            )?;
            notice(db, deal, &fact.clone().into())
        })?;
        Ok(fact)
    }

    /// The notices behind a number, in the order in which they came about. As webhooks they come in any order, and more than
    /// once.
    ///
    /// # Errors
    /// [`BankError`].
    pub fn notices(&self, after: i64) -> Done<Vec<(i64, DealId, Command)>> {
        let books = self.lock();
        let mut list = books
            .prepare_cached("SELECT number, deal, fact FROM notices WHERE number > ?1 ORDER BY number")?;
        let rows = list.query_map([after], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?))
        })?;
        rows.map(|row| {
            let (number, deal, fact) = row?;
            Ok((number, deal.parse()?, serde_json::from_str(&fact)?))
        })
        .collect()
    }

    /// Forgets every key, as many providers do after a day.
    ///
    /// # Errors
    /// [`BankError`].
    pub fn forget_keys(&self) -> Done<()> {
        self.lock().execute("DELETE FROM keys", [])?;
        Ok(())
    }

    /// Every movement, in the order in which they were made.
    ///
    /// # Errors
    /// [`BankError`].
    pub fn movements(&self) -> Done<Vec<Movement>> {
        let books = self.lock();
        let mut list =
            books.prepare("SELECT deal, tx, kind, amount, returned FROM movements ORDER BY number")?;
        let rows = list.query_and_then([], |row| {
            Ok(Movement {
                deal: row.get::<_, String>(0)?.parse()?,
                order: TxId::new(row.get(1)?),
                kind: row.get(2)?,
                amount: row.get(3)?,
                returned: row.get(4)?,
            })
        })?;
        rows.collect()
    }

    /// What came in of a deal's payments and was not lost, in minor units.
    ///
    /// # Errors
    /// [`BankError`].
    pub fn received(&self, deal: DealId) -> Done<i64> {
        let sql = "SELECT COALESCE(SUM(charged - lost), 0) FROM payments WHERE deal = ?1";
        Ok(self.lock().query_row(sql, [deal.to_string()], |row| row.get(0))?)
    }

    /// Carries out an order under its key. `looks`: whether it is asked for the deal and the number first, where the order
    /// may have been sent before.
    pub(super) fn execute(&self, order: &PendingOrder<'_>, looks: bool, now: Time) -> Done<Answered> {
        let key = order.key.to_string();
        let falls = |fault: &str, share: u64| {
            hash(&format!("{fault}/{key}")).checked_rem(1_000).is_some_and(|place| place < share)
        };
        let (answer, told, first) = self.within(|db| {
            if let Some(forgets) = self.faults.forgets_after_ms {
                let forgotten = now.millis().saturating_sub_unsigned(forgets);
                db.execute("DELETE FROM keys WHERE at <= ?1", [forgotten])?;
            }
            let known = db
                .query_row("SELECT answer, asked FROM keys WHERE key = ?1", [&key], |row| {
                    Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?))
                })
                .optional()?;
            if let Some((answer, _)) = known {
                db.execute("UPDATE keys SET asked = asked + 1 WHERE key = ?1", [&key])?;
                return Ok((serde_json::from_str(&answer)?, true, false));
            }
            let found = if looks && order.first_sent.is_some() { look(db, order)? } else { None };
            if let Some(answer) = found {
                return Ok((answer, true, false));
            }
            if falls("down", self.faults.down) && order.tries == 0 {
                return Ok((Answered::InProgress, false, true));
            }
            let answer = if falls("declined", self.faults.declined) {
                Answered::Declined(Reason::new("declined by the bank")?)
            } else {
                act(db, order)?
            };
            db.execute(
                "INSERT INTO keys (key, at, asked, answer) VALUES (?1, ?2, 1, ?3)",
                params![key, now.millis(), serde_json::to_string(&answer)?],
            )?;
            if falls("twice", self.faults.twice) {
                notice(db, order.deal(), &Answer::new(order.number(), answer.clone()).into())?;
            }
            Ok((answer, true, true))
        })?;
        if !told || first && falls("lost", self.faults.lost) {
            return Err(BankError::NoAnswer);
        }
        if first && falls("late", self.faults.late) {
            return Ok(Answered::InProgress);
        }
        Ok(answer)
    }
}

fn notice(db: &Connection, deal: DealId, fact: &Command) -> Done<()> {
    db.execute(
        "INSERT INTO notices (deal, fact) VALUES (?1, ?2)",
        params![deal.to_string(), serde_json::to_string(fact)?],
    )?;
    Ok(())
}

/// What carries the deal and the number already.
fn look(db: &Connection, order: &PendingOrder<'_>) -> Done<Option<Answered>> {
    let sql = "SELECT number FROM movements WHERE deal = ?1 AND tx = ?2 ORDER BY number LIMIT 1";
    let found: Option<i64> = db
        .query_row(sql, params![order.deal().to_string(), order.number().number()], |row| row.get(0))
        .optional()?;
    found.map(succeeded).transpose()
}

fn succeeded(number: i64) -> Done<Answered> {
    Ok(Answered::Succeeded(Reference::new(format!("bank-{number}"))?))
}

fn declined(why: &'static str) -> Done<Answered> {
    Ok(Answered::Declined(Reason::new(why)?))
}

/// Moves the money, if there is any to move.
fn act(db: &Connection, order: &PendingOrder<'_>) -> Done<Answered> {
    let amount = order.amount.minor();
    let source = order.source.map_or("", Reference::as_str);
    let possible = match order.kind {
        TransactionKind::Capture => {
            "UPDATE payments SET charged = charged + ?2, on_hold = 0 WHERE reference = ?1 AND on_hold >= ?2"
        }
        TransactionKind::Void => {
            "UPDATE payments SET on_hold = on_hold - ?2 WHERE reference = ?1 AND on_hold >= ?2"
        }
        TransactionKind::Refund => {
            "UPDATE payments SET refunded = refunded + ?2 WHERE reference = ?1 AND refunded + lost + ?2 <= charged"
        }
        TransactionKind::Hold | TransactionKind::Charge => {
            // a payment that a party says to have made
            let sql = "SELECT COUNT(*) FROM payments WHERE reference = ?1 AND amount = ?2";
            let there: i64 = db.query_row(sql, params![source, amount], |row| row.get(0))?;
            return match order.source {
                Some(stated) if there > 0 => Ok(Answered::Succeeded(stated.clone())),
                Some(_) | None => declined("there is no such payment"),
            };
        }
        TransactionKind::Payout | TransactionKind::Fee => "",
    };
    if !possible.is_empty() && db.execute(possible, params![source, amount])? == 0 {
        return declined("there is not so much of this payment");
    }
    db.execute(
        "INSERT INTO movements (deal, tx, kind, amount, money) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![
            order.deal().to_string(),
            order.number().number(),
            order.kind.as_str(),
            amount,
            order.amount.currency().code()
        ],
    )?;
    succeeded(db.last_insert_rowid())
}
