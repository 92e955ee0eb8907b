//! The names of machines, and what a file may leave out.

use std::collections::BTreeMap;

use escrow::DealId;
use escrow_market::balance::BalancePolicy;
use escrow_market::subscription::Dunning;
use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::super::{ScenarioError, expand};
use super::error;

/// What kind of machine a name is of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in super::super) enum Kind {
    Deal,
    Project,
    Basket,
    Balance,
    Subscription,
}

impl Kind {
    const fn of(word: &str) -> Option<Self> {
        Some(match word.as_bytes() {
            b"deal" => Self::Deal,
            b"project" => Self::Project,
            b"basket" => Self::Basket,
            b"balance" => Self::Balance,
            b"subscription" => Self::Subscription,
            _ => return None,
        })
    }

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Deal => "deal",
            Self::Project => "project",
            Self::Basket => "basket",
            Self::Balance => "balance",
            Self::Subscription => "subscription",
        }
    }
}

/// Every machine that is named, with its kind and its id: a name that is a UUID is its own id, the others are counted.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Names {
    all: BTreeMap<String, (Kind, Uuid)>,
    counted: u128,
}

impl Names {
    /// Reads the names out of the file, and puts ids in their places.
    pub(super) fn of(value: &mut Value) -> Result<Self, ScenarioError> {
        let mut names = Self::default();
        let machines = value.get("machines").and_then(Value::as_object);
        for (name, opening) in machines.into_iter().flatten() {
            let word = opening.as_object().and_then(|o| o.keys().next());
            let kind = word.and_then(|word| Kind::of(word));
            let wrong =
                || error(format!("machines.{name}"), "write deal, project, basket, balance or subscription");
            names.take(name, kind.ok_or_else(wrong)?);
        }
        let machines = value.get_mut("machines").and_then(Value::as_object_mut);
        for (_, opening) in machines.into_iter().flatten() {
            if let Some(terms) = opening.pointer_mut("/project/terms") {
                names.place_each(terms.get_mut("milestones"), Kind::Deal);
                names.place(terms.pointer_mut("/funding/upfront/basket"), Kind::Basket);
            }
            names.place_each(opening.pointer_mut("/basket/lines"), Kind::Deal);
        }
        let steps = value.get_mut("steps").and_then(Value::as_array_mut);
        for step in steps.into_iter().flatten() {
            names.place_each(step.pointer_mut("/do/milestones"), Kind::Deal);
        }
        Ok(names)
    }

    fn take(&mut self, name: &str, kind: Kind) -> Uuid {
        if let Some((_, id)) = self.all.get(name) {
            return *id;
        }
        let id = name.parse().unwrap_or_else(|_| {
            self.counted = self.counted.saturating_add(1);
            Uuid::from_u128(self.counted)
        });
        self.all.insert(name.to_owned(), (kind, id));
        id
    }

    fn place(&mut self, value: Option<&mut Value>, kind: Kind) {
        if let Some(value) = value
            && let Some(name) = value.as_str()
        {
            *value = Value::String(self.take(name, kind).to_string());
        }
    }

    fn place_each(&mut self, list: Option<&mut Value>, kind: Kind) {
        for entry in list.and_then(Value::as_array_mut).into_iter().flatten() {
            self.place(entry.get_mut("deal"), kind);
        }
    }

    /// The id of a name that is known, in the place of it.
    pub(super) fn replace(&self, value: Option<&mut Value>) {
        if let Some(value) = value
            && let Some((_, id)) = value.as_str().and_then(|name| self.known(name))
        {
            *value = Value::String(id.to_string());
        }
    }

    pub(super) fn known(&self, name: &str) -> Option<(Kind, Uuid)> {
        self.all.get(name).copied()
    }

    /// The only one there is.
    pub(super) fn only(&self) -> Option<String> {
        let mut names = self.all.keys();
        names.next().filter(|_| names.next().is_none()).cloned()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, Kind, Uuid)> {
        self.all.iter().map(|(name, (kind, id))| (&**name, *kind, *id))
    }

    /// What a deal is called.
    pub(super) fn deal(&self, id: DealId) -> String {
        self.called(Kind::Deal, id.uuid())
    }

    pub(super) fn called(&self, kind: Kind, id: Uuid) -> String {
        let found = self.iter().find(|(_, of, known)| *of == kind && *known == id);
        found.map_or_else(|| id.to_string(), |(name, _, _)| name.to_owned())
    }
}

/// Writes out what a file may leave out: presets of policies, the usual rules of balances and dunning.
pub(super) fn fill_in(value: &mut Value) -> Result<(), ScenarioError> {
    let machines = value.get_mut("machines").and_then(Value::as_object_mut);
    for (name, opening) in machines.into_iter().flatten() {
        for kind in ["deal", "project"] {
            let path = format!("machines.{name}.{kind}.terms.policy");
            expand::expand(opening.pointer_mut(&format!("/{kind}/terms/policy")), &path)?;
        }
        usual(opening.pointer_mut("/balance/policy"), &BalancePolicy::default())?;
        if let Some(draft) = opening.pointer_mut("/subscription").and_then(Value::as_object_mut) {
            draft.entry("dunning").or_insert_with(|| Value::Object(Map::new()));
            draft.entry("recipient").or_insert_with(|| Value::String("platform".to_owned()));
            usual(draft.get_mut("dunning"), &Dunning::usual())?;
        }
    }
    let steps = value.get_mut("steps").and_then(Value::as_array_mut);
    for (i, step) in steps.into_iter().flatten().enumerate() {
        expand::expand(step.pointer_mut("/do/terms/policy"), &format!("steps[{i}].do.terms.policy"))?;
    }
    Ok(())
}

/// What is written stands in place of what is usual.
fn usual(value: Option<&mut Value>, usual: &impl Serialize) -> Result<(), ScenarioError> {
    if let Some(value) = value
        && let Some(written) = value.as_object_mut()
    {
        let mut whole = serde_json::to_value(usual).map_err(|e| error("machines", e.to_string()))?;
        if let Some(whole) = whole.as_object_mut() {
            whole.append(written);
        }
        *value = whole;
    }
    Ok(())
}
