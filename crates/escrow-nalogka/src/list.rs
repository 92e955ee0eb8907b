//! `GET /deals/`: what is asked for, as conditions on columns that a store can run.

use serde::{Deserialize, Serialize};

use super::error::ApiError;
use super::host::HostData;
use super::project::ProjectionError;
use super::status::DealStatus;
use escrow::{Deal, DealId, PartyId, Text, Time};

/// `GET /deals/`: which deals. What is absent does not matter; a moment `…_from` is in, one `…_to` is out.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ListDeals {
    /// Statuses, with commas between them.
    pub status: Option<Text<200, 1>>,
    /// Since API 1.1.0: whose status changed then or later …
    pub status_updated_at_from: Option<Time>,
    /// … and before then.
    pub status_updated_at_to: Option<Time>,
    /// Created then or later …
    pub created_at_from: Option<Time>,
    /// … and before then.
    pub created_at_to: Option<Time>,
    /// Changed last then or later …
    pub updated_at_from: Option<Time>,
    /// … and before then.
    pub updated_at_to: Option<Time>,
    /// The order in the shop's own system.
    pub order_id: Option<Text<128, 1>>,
    /// Who buys.
    pub buyer_profile_id: Option<PartyId>,
    /// Who sells.
    pub seller_profile_id: Option<PartyId>,
    /// On whose behalf: who buys or sells.
    pub initiator_profile_id: Option<PartyId>,
}

impl ListDeals {
    /// The statuses; none: any.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`](crate::ErrorKind::Validation) for a word that is no status.
    pub fn statuses(&self) -> Result<Vec<DealStatus>, ApiError> {
        let words = self.status.iter().flat_map(|all| all.split(','));
        let one = |word: &str| {
            let found = DealStatus::ALL.into_iter().find(|status| status.as_str() == word.trim());
            found.ok_or_else(|| ApiError::item("status", "is no status"))
        };
        words.map(one).collect()
    }
}

/// The columns of a deal in a list: what a store indexes beside it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DealRow {
    /// The deal.
    pub id: DealId,
    /// Which API user created it.
    pub api_user: Option<PartyId>,
    /// The order in the shop's own system.
    pub order_id: Option<Text<128, 1>>,
    /// Who buys.
    pub buyer_profile_id: PartyId,
    /// Who sells.
    pub seller_profile_id: PartyId,
    /// Its status.
    pub status: DealStatus,
    /// Since when: it moves with the status that clients see, and with nothing else.
    pub status_updated_at: Time,
    /// When it was created.
    pub created_at: Time,
    /// When it saw its last event.
    pub updated_at: Time,
}

impl DealRow {
    /// The columns of a deal. Written with every commit.
    ///
    /// # Errors
    /// [`ProjectionError`] for a proposal that not everybody has agreed to.
    pub fn of(deal: &Deal, host: &HostData) -> Result<Self, ProjectionError> {
        let terms = deal.terms();
        Ok(Self {
            id: deal.id(),
            api_user: host.api_user.clone(),
            order_id: terms.order_id.clone(),
            buyer_profile_id: terms.buyer.clone(),
            seller_profile_id: terms.seller.clone(),
            status: DealStatus::try_from(deal.status())?,
            status_updated_at: deal.joint_status_change().at,
            created_at: deal.created_at(),
            updated_at: deal.last_at(),
        })
    }
}

/// A column of [`DealRow`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Column {
    /// `api_user`.
    ApiUser,
    /// `order_id`.
    OrderId,
    /// `buyer_profile_id`.
    Buyer,
    /// `seller_profile_id`.
    Seller,
    /// `status`.
    Status,
    /// `status_updated_at`.
    StatusUpdatedAt,
    /// `created_at`.
    CreatedAt,
    /// `updated_at`.
    UpdatedAt,
}

impl Column {
    /// The name of the column: that of the field.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ApiUser => "api_user",
            Self::OrderId => "order_id",
            Self::Buyer => "buyer_profile_id",
            Self::Seller => "seller_profile_id",
            Self::Status => "status",
            Self::StatusUpdatedAt => "status_updated_at",
            Self::CreatedAt => "created_at",
            Self::UpdatedAt => "updated_at",
        }
    }
}

/// What a column must be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Test {
    /// One of these texts.
    OneOf(Vec<String>),
    /// This moment or later.
    From(Time),
    /// Before this moment.
    Before(Time),
}

/// A condition on a column, or on one of several; all of a filter's conditions must hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Condition {
    /// The columns. One of them is enough.
    pub columns: Vec<Column>,
    /// What it must be.
    pub test: Test,
}

/// A value to be bound.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Bound {
    /// A text.
    Text(String),
    /// A moment.
    Time(Time),
}

/// Which deals a store is to find: always those of one API user, by conditions that are data.
///
/// # Examples
/// ```
/// use escrow_nalogka::{DealFilter, ListDeals};
///
/// let request = ListDeals { status: Some("performing,disputed".parse()?), ..ListDeals::default() };
/// let (sql, values) = DealFilter::of(&request, "shop-api".parse()?)?.to_sql();
/// assert_eq!(sql, "api_user IN ($1) AND status IN ($2, $3)");
/// assert_eq!(values.len(), 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DealFilter(Vec<Condition>);

impl DealFilter {
    /// What a request wants of one API user's deals.
    ///
    /// # Errors
    /// As [`ListDeals::statuses`].
    pub fn of(request: &ListDeals, user: PartyId) -> Result<Self, ApiError> {
        let statuses = request.statuses()?.into_iter().map(|status| status.as_str().to_owned()).collect();
        let text = |text: &Option<_>| text.iter().map(ToString::to_string).collect::<Vec<String>>();
        let texts = [
            (vec![Column::ApiUser], vec![user.to_string()]),
            (vec![Column::Status], statuses),
            (vec![Column::OrderId], request.order_id.iter().map(ToString::to_string).collect()),
            (vec![Column::Buyer], text(&request.buyer_profile_id)),
            (vec![Column::Seller], text(&request.seller_profile_id)),
            (vec![Column::Buyer, Column::Seller], text(&request.initiator_profile_id)),
        ];
        let times = [
            (Column::StatusUpdatedAt, request.status_updated_at_from, request.status_updated_at_to),
            (Column::CreatedAt, request.created_at_from, request.created_at_to),
            (Column::UpdatedAt, request.updated_at_from, request.updated_at_to),
        ];
        let texts = texts.into_iter().filter(|(_, all)| !all.is_empty());
        let mut all: Vec<_> =
            texts.map(|(columns, all)| Condition { columns, test: Test::OneOf(all) }).collect();
        for (column, from, to) in times {
            let tests = [from.map(Test::From), to.map(Test::Before)].into_iter().flatten();
            all.extend(tests.map(|test| Condition { columns: vec![column], test }));
        }
        Ok(Self(all))
    }

    /// The conditions, for a store that has a language of its own.
    pub fn conditions(&self) -> &[Condition] {
        &self.0
    }

    /// Whether a deal is one of them: for a store without a language, and for tests of one with.
    pub fn matches(&self, row: &DealRow) -> bool {
        self.0.iter().all(|condition| condition.holds(row))
    }

    /// The conditions as an SQL expression with numbered parameters (PostgreSQL, SQLite), and the values to bind, in the order
    /// of their numbers. No value is in the text.
    pub fn to_sql(&self) -> (String, Vec<Bound>) {
        let mut values = Vec::new();
        let mut bind = |value| {
            values.push(value);
            format!("${}", values.len())
        };
        let mut parts = Vec::new();
        for Condition { columns, test } in &self.0 {
            let test = match test {
                Test::OneOf(all) => {
                    let all: Vec<_> = all.iter().map(|text| bind(Bound::Text(text.clone()))).collect();
                    format!("IN ({})", all.join(", "))
                }
                Test::From(at) => format!(">= {}", bind(Bound::Time(*at))),
                Test::Before(at) => format!("< {}", bind(Bound::Time(*at))),
            };
            let any: Vec<_> = columns.iter().map(|column| format!("{} {test}", column.as_str())).collect();
            parts.push(match any.as_slice() {
                [one] => one.clone(),
                _ => format!("({})", any.join(" OR ")),
            });
        }
        (parts.join(" AND "), values)
    }
}

impl Condition {
    /// Whether it holds for a row.
    pub fn holds(&self, row: &DealRow) -> bool {
        self.columns.iter().any(|column| self.test.holds(*column, row))
    }
}

impl Test {
    fn holds(&self, column: Column, row: &DealRow) -> bool {
        let text = match column {
            Column::ApiUser => row.api_user.as_deref(),
            Column::OrderId => row.order_id.as_deref(),
            Column::Buyer => Some(row.buyer_profile_id.as_str()),
            Column::Seller => Some(row.seller_profile_id.as_str()),
            Column::Status => Some(row.status.as_str()),
            Column::StatusUpdatedAt | Column::CreatedAt | Column::UpdatedAt => None,
        };
        let at = match column {
            Column::StatusUpdatedAt => Some(row.status_updated_at),
            Column::CreatedAt => Some(row.created_at),
            Column::UpdatedAt => Some(row.updated_at),
            Column::ApiUser | Column::OrderId | Column::Buyer | Column::Seller | Column::Status => None,
        };
        match self {
            Self::OneOf(all) => text.is_some_and(|text| all.iter().any(|one| one == text)),
            Self::From(from) => at.is_some_and(|at| *from <= at),
            Self::Before(to) => at.is_some_and(|at| at < *to),
        }
    }
}
