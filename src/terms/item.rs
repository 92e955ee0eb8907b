//! What is sold: the subject items.

use serde::{Deserialize, Serialize};

use crate::{Money, Text};

/// One line of the subject of a deal.
///
/// # Source
/// Nalogka `subject_items[]`: sku, name, description, price, quantity (1 where not given).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// What it is called; not blank.
    pub name: Text<200, 1>,
    /// The price of one unit; zero is allowed, a negative price is not.
    pub unit_price: Money,
    /// How many units; at least 1 and at most [`Item::MAX_QUANTITY`].
    #[serde(default = "one")]
    pub quantity: u32,
    /// The seller's stock-keeping unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sku: Option<Text<64, 1>>,
    /// A longer description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Text<2000>>,
    /// The unit of measure, such as `pcs`, `kg`, `hour`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<Text<16, 1>>,
}

const fn one() -> u32 {
    1
}

impl Item {
    /// The largest quantity of one item.
    pub const MAX_QUANTITY: u32 = 1_000_000;

    /// `quantity` units at `unit_price`, without the optional texts.
    pub fn new(name: Text<200, 1>, unit_price: Money, quantity: u32) -> Self {
        Self { name, unit_price, quantity, sku: None, description: None, unit: None }
    }
}
