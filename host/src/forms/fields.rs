//! The fields of forms.

use escrow::Deal;

/// What a field takes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Hidden,
    Line,
    Area,
    Sum,
    Number { least: u32, most: u32 },
    Choice(Vec<(String, String)>),
    Check,
}

/// A field of a form.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) label: String,
    pub(crate) kind: Kind,
    pub(crate) value: String,
    pub(crate) required: bool,
}

pub(super) fn field(name: &str, label: &str, kind: Kind) -> Field {
    Field { name: name.to_owned(), label: label.to_owned(), kind, value: String::new(), required: true }
}

impl Field {
    pub(super) fn value(mut self, value: impl ToString) -> Self {
        self.value = value.to_string();
        self
    }

    pub(super) fn optional(mut self) -> Self {
        self.required = false;
        self
    }
}

pub(super) fn choices(pairs: &[(&str, &str)]) -> Kind {
    Kind::Choice(pairs.iter().map(|(value, label)| ((*value).to_owned(), (*label).to_owned())).collect())
}

pub(super) fn award_fields(deal: &Deal, may_call_off: bool) -> Vec<Field> {
    let mut how = vec![
        ("amount", "a sum for the seller, the rest back to the buyer"),
        ("share", "a part of it for the seller, in percent"),
        ("buyer_all", "everything back to the buyer"),
        ("seller_all", "everything to the seller"),
    ];
    if may_call_off {
        how.push(("call_off", "call it off: no fee, everything back"));
    }
    let symbol = format!("The sum, in {}", deal.terms().currency.code());
    vec![
        field("how", "How it ends", choices(&how)),
        field("amount", &symbol, Kind::Sum).optional(),
        field("percent", "The part, in percent", Kind::Line).optional(),
    ]
}

pub(super) fn destination_fields() -> Vec<Field> {
    let kinds = [
        ("known", "where the bank knows me"),
        ("balance", "my balance on this desk"),
        ("account", "a bank account"),
        ("card", "a card"),
        ("wallet", "a wallet"),
    ];
    vec![
        field("kind", "Where to", choices(&kinds)),
        field("reference", "Its reference in the vault (a token, never the number itself)", Kind::Line)
            .optional(),
    ]
}

/// More items than that are amended and accepted by the API.
pub(crate) const MOST_ITEMS: usize = 20;

pub(super) fn amend_fields(deal: &Deal) -> Vec<Field> {
    let terms = deal.terms();
    let mut fields = vec![field("version", "", Kind::Hidden).value(deal.terms_version())];
    for (i, item) in terms.items.iter().enumerate().take(MOST_ITEMS) {
        let most = u32::MAX;
        fields.push(
            field(
                &format!("quantity-{i}"),
                &format!("{}: quantity", item.name),
                Kind::Number { least: 1, most },
            )
            .value(item.quantity),
        );
        let amount = item.unit_price.to_string();
        let amount = amount.split_once(' ').map_or(amount.as_str(), |(amount, _)| amount);
        fields.push(
            field(&format!("price-{i}"), &format!("{}: price of one", item.name), Kind::Sum).value(amount),
        );
    }
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    fields.push(
        field("description", "What it is about", Kind::Area)
            .optional()
            .value(text(terms.description.as_deref())),
    );
    fields.push(
        field("conditions", "What it must be like", Kind::Area)
            .optional()
            .value(text(terms.conditions.as_deref())),
    );
    fields
}
