//! Webhooks that wait, and where they go.

use escrow::Time;
use rusqlite::params;

use super::{Done, Store};

/// Where webhooks go.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Hook {
    pub(crate) number: i64,
    pub(crate) url: String,
    /// How many wait for it.
    pub(crate) waiting: u64,
}

/// A webhook that waits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Letter {
    pub(crate) number: i64,
    pub(crate) id: String,
    pub(crate) body: String,
    pub(crate) tries: u32,
    pub(crate) url: String,
    pub(crate) secret: String,
}

impl Store {
    pub(crate) fn add_hook(&self, url: &str, secret: &str) -> Done<()> {
        self.db().execute("INSERT INTO hooks (url, secret) VALUES (?1, ?2)", [url, secret])?;
        Ok(())
    }

    pub(crate) fn hooks(&self) -> Done<Vec<Hook>> {
        let sql = "SELECT number, url, (SELECT COUNT(*) FROM letters WHERE hook = hooks.number) FROM hooks ORDER BY number";
        let db = self.db();
        let mut list = db.prepare_cached(sql)?;
        let rows = list.query_map([], |row| {
            let waiting = u64::try_from(row.get::<_, i64>(2)?).unwrap_or(0);
            Ok(Hook { number: row.get(0)?, url: row.get(1)?, waiting })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub(crate) fn remove_hook(&self, number: i64) -> Done<()> {
        let db = self.db();
        db.execute("DELETE FROM letters WHERE hook = ?1", [number])?;
        db.execute("DELETE FROM hooks WHERE number = ?1", [number])?;
        Ok(())
    }

    /// Writes the same letter to every hook; one that has it already keeps it.
    pub(crate) fn add_letters(&self, id: &str, body: &str, now: Time) -> Done<()> {
        let sql = "INSERT INTO letters (hook, id, body, tries, next_at) SELECT number, ?1, ?2, 0, ?3 FROM hooks WHERE true ON CONFLICT DO NOTHING";
        self.db().execute(sql, params![id, body, now.millis()])?;
        Ok(())
    }

    pub(crate) fn letters_due(&self, now: Time, limit: u32) -> Done<Vec<Letter>> {
        let sql = "SELECT l.number, l.id, l.body, l.tries, h.url, h.secret FROM letters l JOIN hooks h ON h.number = l.hook
                   WHERE l.next_at <= ?1 ORDER BY l.next_at, l.number LIMIT ?2";
        let db = self.db();
        let mut list = db.prepare_cached(sql)?;
        let rows = list.query_map(params![now.millis(), limit], |row| {
            Ok(Letter {
                number: row.get(0)?,
                id: row.get(1)?,
                body: row.get(2)?,
                tries: row.get(3)?,
                url: row.get(4)?,
                secret: row.get(5)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub(crate) fn letter_done(&self, number: i64) -> Done<()> {
        self.db().execute("DELETE FROM letters WHERE number = ?1", [number])?;
        Ok(())
    }

    pub(crate) fn letter_failed(&self, number: i64, tries: u32, next: Time) -> Done<()> {
        let sql = "UPDATE letters SET tries = ?2, next_at = ?3 WHERE number = ?1";
        self.db().execute(sql, params![number, tries, next.millis()])?;
        Ok(())
    }
}
