//! Which deals are whose milestones, which basket pays for them, and whose balance is which. Ids are drawn here, and written
//! down before anything is made under them: what is asked again has the same ones, and nobody else can know them before.

use escrow::{Currency, DealId, PartyId};
use escrow_market::balance::Holder;
use escrow_market::{BalanceId, BasketId, ProjectId};
use rusqlite::{Connection, OptionalExtension, ToSql, params};

use super::{Done, Store};
use crate::error::Failure;
use crate::token;

pub(super) const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS milestones (
  deal TEXT PRIMARY KEY, project TEXT NOT NULL, version INTEGER NOT NULL, place INTEGER NOT NULL,
  UNIQUE (project, version, place)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS baskets (project TEXT PRIMARY KEY, basket TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS balances (
  holder TEXT NOT NULL, currency TEXT NOT NULL, id TEXT NOT NULL UNIQUE, PRIMARY KEY (holder, currency)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS earnings (person TEXT PRIMARY KEY) WITHOUT ROWID;
";

fn found<T: std::str::FromStr<Err: std::fmt::Display>>(
    db: &Connection,
    sql: &str,
    arguments: &[&dyn ToSql],
) -> Done<Option<T>> {
    let text: Option<String> = db.prepare_cached(sql)?.query_row(arguments, |row| row.get(0)).optional()?;
    text.map(|text| text.parse().map_err(|e: T::Err| Failure::internal(&e))).transpose()
}

fn name(holder: &Holder) -> String {
    match holder {
        Holder::Party(id) => format!("party/{id}"),
        Holder::Platform => "platform".to_owned(),
        Holder::Processor => "processor".to_owned(),
    }
}

impl Store {
    /// The ids of the deals of so many milestones of this version of a project.
    pub(crate) fn milestone_ids(&self, project: ProjectId, version: u32, count: usize) -> Done<Vec<DealId>> {
        let db = self.db();
        let project = project.to_string();
        let mut ids = Vec::new();
        for place in (0_u32..).take(count) {
            let sql = "INSERT INTO milestones (deal, project, version, place) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING";
            db.prepare_cached(sql)?.execute(params![
                token::deal_id()?.to_string(),
                project,
                version,
                place
            ])?;
            let sql = "SELECT deal FROM milestones WHERE project = ?1 AND version = ?2 AND place = ?3";
            let id: Option<DealId> = found(&db, sql, &[&project, &version, &place])?;
            ids.push(id.ok_or_else(Failure::not_found)?);
        }
        Ok(ids)
    }

    /// Of which project a deal is a milestone.
    pub(crate) fn project_of(&self, deal: DealId) -> Done<Option<ProjectId>> {
        found(&self.db(), "SELECT project FROM milestones WHERE deal = ?1", &[&deal.to_string()])
    }

    /// The basket by which a project is paid at once.
    pub(crate) fn basket_for(&self, project: ProjectId) -> Done<BasketId> {
        let id = token::deal_id()?.to_string();
        let sql = "INSERT INTO baskets (project, basket) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
        self.db().execute(sql, params![project.to_string(), id])?;
        self.basket_of(project)?.ok_or_else(Failure::not_found)
    }

    /// The same, if it has one.
    pub(crate) fn basket_of(&self, project: ProjectId) -> Done<Option<BasketId>> {
        found(&self.db(), "SELECT basket FROM baskets WHERE project = ?1", &[&project.to_string()])
    }

    /// The project that a basket pays.
    pub(crate) fn project_paid_by(&self, basket: BasketId) -> Done<Option<ProjectId>> {
        found(&self.db(), "SELECT project FROM baskets WHERE basket = ?1", &[&basket.to_string()])
    }

    /// The id of somebody's balance in a currency.
    pub(crate) fn balance_for(&self, holder: &Holder, currency: Currency) -> Done<BalanceId> {
        let id = token::deal_id()?.to_string();
        let sql = "INSERT INTO balances (holder, currency, id) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
        self.db().execute(sql, params![name(holder), currency.code(), id])?;
        self.balance_of(holder, currency)?.ok_or_else(Failure::not_found)
    }

    /// The same, if they have one.
    pub(crate) fn balance_of(&self, holder: &Holder, currency: Currency) -> Done<Option<BalanceId>> {
        let sql = "SELECT id FROM balances WHERE holder = ?1 AND currency = ?2";
        found(&self.db(), sql, &[&name(holder), &currency.code()])
    }

    /// Whether what somebody earns goes to their balance, in all their deals.
    pub(crate) fn keeps_earnings(&self, person: &PartyId) -> Done<bool> {
        let sql = "SELECT person FROM earnings WHERE person = ?1";
        Ok(found::<PartyId>(&self.db(), sql, &[&person.as_str()])?.is_some())
    }

    pub(crate) fn keep_earnings(&self, person: &PartyId, keeps: bool) -> Done<()> {
        let sql = if keeps {
            "INSERT INTO earnings (person) VALUES (?1) ON CONFLICT DO NOTHING"
        } else {
            "DELETE FROM earnings WHERE person = ?1"
        };
        self.db().execute(sql, [person.as_str()])?;
        Ok(())
    }
}
