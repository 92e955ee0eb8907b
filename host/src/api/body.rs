//! What clients send.

use escrow::deposit::DepositId;
use escrow::terms::TermsDraft;
use escrow::{Command, Currency, PartyId, Side, Terms};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::error::Failure;
use crate::store::Person;
use crate::templates::{Line, Proposal, Template, money};
use crate::{Desk, token};

pub(super) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(bytes).map_err(|error| Failure::invalid(error.to_string()))
}

/// What a party proposes: subject and price. Fees, rules and the arbiter are the desk's.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Proposed {
    template: String,
    i_am: Side,
    other: PartyId,
    currency: Currency,
    items: Vec<ProposedItem>,
    #[serde(default)]
    description: String,
    #[serde(default)]
    conditions: String,
    #[serde(default)]
    order_id: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProposedItem {
    name: String,
    #[serde(default = "one")]
    quantity: u32,
    unit_price: String,
}

const fn one() -> u32 {
    1
}

/// What staff open for others: whole terms.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Whole {
    terms: TermsDraft,
}

/// The terms of a new deal. Whole terms are the staff's: whoever writes fees and rules for themselves pays none.
pub(super) fn opening(desk: &Desk, person: &Person, bytes: &[u8]) -> Result<Terms, Failure> {
    if person.staff {
        let whole: Whole = read(bytes)?;
        return Terms::new(whole.terms).map_err(|error| Failure::invalid(error.to_string()));
    }
    let proposed: Proposed = read(bytes)?;
    let template = Template::parse(&proposed.template)
        .ok_or_else(|| Failure::invalid("template: write goods, work, reviewed or quick."))?;
    let mut lines = Vec::new();
    for (i, item) in proposed.items.into_iter().enumerate() {
        let label = format!("items[{i}].unit_price");
        let unit_price = money(&label, &item.unit_price, proposed.currency)?;
        lines.push(Line { name: item.name, quantity: item.quantity, unit_price });
    }
    let proposal = Proposal {
        template,
        i_am: proposed.i_am,
        other: proposed.other,
        currency: proposed.currency,
        lines,
        description: proposed.description,
        conditions: proposed.conditions,
        order_id: proposed.order_id,
    };
    proposal.terms(desk, &person.id)
}

/// Whole terms, for a quote.
pub(super) fn terms(bytes: &[u8]) -> Result<Terms, Failure> {
    let whole: Whole = read(bytes)?;
    Terms::new(whole.terms).map_err(|error| Failure::invalid(error.to_string()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Commanded {
    pub(super) command: Command,
    #[serde(default, rename = "as")]
    pub(super) capacity: Option<String>,
    #[serde(default)]
    pub(super) seen: Option<u64>,
}

pub(super) fn command(bytes: &[u8]) -> Result<Commanded, Failure> {
    read(bytes)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Paid {
    deposit: DepositId,
}

pub(super) fn deposit(bytes: &[u8]) -> Result<DepositId, Failure> {
    read::<Paid>(bytes).map(|paid| paid.deposit)
}

/// The id of what a client opens under a key.
pub(super) fn id_of(person: &Person, key: &str, request: &str) -> uuid::Uuid {
    token::derived(&format!("{}/{key}/{request}", person.id))
}
