//! Proposing a deal.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use escrow::{Currency, DealId, Side};
use maud::{Markup, html};

use super::layout;
use crate::auth::{Posted, Session};
use crate::error::Failure;
use crate::routes::Fields;
use crate::templates::{Line, Proposal, Template, money};
use crate::{Desk, token};

/// How many items the form has; the API takes more.
const ROWS: usize = 3;
pub(super) const CURRENCIES: [&str; 5] = ["EUR", "USD", "RUB", "GBP", "KZT"];

pub(super) fn routes() -> Router<Arc<Desk>> {
    Router::new().route("/deals/new", get(show).post(create))
}

async fn show(State(desk): State<Arc<Desk>>, session: Session) -> Result<Markup, Failure> {
    let mut empty = Fields::default();
    empty.0.push(("request".to_owned(), token::random()?));
    Ok(form(&desk, &session, &empty, &html! {}))
}

/// Whether an option was chosen; before anything was sent, the first is.
pub(super) fn chosen(sent: &Fields, name: &str, value: &str, is_first: bool) -> bool {
    if sent.has(name) { sent.get(name) == value } else { is_first }
}

/// A line of what is sold: its fields, named by its number.
fn row(sent: &Fields, i: usize) -> Markup {
    let (name, quantity, price) = (format!("name-{i}"), format!("quantity-{i}"), format!("price-{i}"));
    html! {
        div {
            div { label for=(name) { "Item " (i.saturating_add(1)) @if i > 0 { " (optional)" } } input #(name) name=(name) value=(sent.get(&name)) required[i == 0] maxlength="200" autocomplete="off"; }
            div { label for=(quantity) { "How many" } input #(quantity) name=(quantity) type="number" min="1" value=(if sent.has(&quantity) { sent.get(&quantity) } else { "1" }); }
            div { label for=(price) { "Price of one" } input #(price) name=(price) inputmode="decimal" value=(sent.get(&price)) required[i == 0] autocomplete="off"; }
        }
    }
}

fn form(desk: &Desk, session: &Session, sent: &Fields, notice: &Markup) -> Markup {
    let chosen = |name: &str, value: &str, is_first: bool| chosen(sent, name, value, is_first);
    let content = html! {
        h1 { "New deal" }
        (notice)
        section { form method="post" action="/deals/new" {
            (layout::csrf(session))
            input type="hidden" name="request" value=(sent.get("request"));
            label for="template" { "What kind of deal" }
            select #template name="template" {
                @for template in Template::ALL {
                    option value=(template.word()) selected[chosen("template", template.word(), template == Template::Goods)] { (template.title()) }
                }
            }
            fieldset {
                legend { "You are" }
                label.check { input type="radio" name="i_am" value="buyer" checked[chosen("i_am", "buyer", true)]; "the buyer: you pay" }
                label.check { input type="radio" name="i_am" value="seller" checked[chosen("i_am", "seller", false)]; "the seller: you are paid" }
            }
            label for="other" { "The other party's name on this desk" }
            input #other name="other" value=(sent.get("other")) required autocomplete="off" autocapitalize="none";
            @if desk.config.demo { p.hint { "Here are anna, boris and clara." } }
            label for="currency" { "Currency" }
            select #currency name="currency" {
                @for code in CURRENCIES { option value=(code) selected[chosen("currency", code, code == "EUR")] { (code) } }
            }
            fieldset.rows {
                legend { "What is sold" }
                (row(sent, 0))
                details open[(1..ROWS).any(|i| sent.has(&format!("name-{i}")))] {
                    summary { "More items" }
                    div.rows { @for i in 1..ROWS { (row(sent, i)) } }
                }
            }
            label for="description" { "What it is about (optional)" }
            textarea #description name="description" maxlength="4000" { (sent.get("description")) }
            label for="conditions" { "What it must be like: what an arbiter would read (optional)" }
            textarea #conditions name="conditions" maxlength="8000" { (sent.get("conditions")) }
            button.primary { "Propose the deal" }
            p.hint { "Nothing is owed before the other party has agreed. What you write here, both of you, the staff and an arbiter can read." }
        } }
    };
    layout::page(session, "New deal", "/deals/new", &content)
}

async fn create(
    State(desk): State<Arc<Desk>>,
    Posted { session, fields }: Posted,
) -> Result<Response, Failure> {
    match propose(&desk, &session, &fields).await {
        Ok(to) => Ok(Redirect::to(&to).into_response()),
        Err(failure) => {
            let page = form(&desk, &session, &fields, &layout::problem(&failure));
            Ok((failure.status(), page).into_response())
        }
    }
}

async fn propose(desk: &Desk, session: &Session, fields: &Fields) -> Result<String, Failure> {
    let me = &session.person;
    // sent twice, it is one deal; and nobody chooses an id
    let id = DealId::new(token::derived(&format!("deal/{}/{}", me.id, fields.get("request"))));
    let terms = read(fields)?.terms(desk, &me.id)?;
    match desk.open_deal(me, id, terms).await {
        Ok(_) => {}
        Err(failure) if failure.0.code == "conflict" => {
            desk.deal(me, id).await.map_err(|_| failure)?;
        }
        Err(failure) => return Err(failure),
    }
    Ok(format!("/deals/{id}"))
}

fn read(fields: &Fields) -> Result<Proposal, Failure> {
    let choose = |what: &str| Failure::invalid(format!("{what}: choose one."));
    let currency = Currency::from_code(fields.get("currency")).map_err(|_| choose("Currency"))?;
    let i_am: Side = fields.get("i_am").parse().map_err(|_| choose("You are"))?;
    let mut lines = Vec::new();
    for i in 0..ROWS {
        let (name, price) = (fields.get(&format!("name-{i}")), fields.get(&format!("price-{i}")));
        if name.is_empty() && price.is_empty() {
            continue;
        }
        let label = format!("Item {}", i.saturating_add(1));
        let quantity = fields.get(&format!("quantity-{i}")).parse();
        lines.push(Line {
            name: name.to_owned(),
            quantity: quantity
                .map_err(|_| Failure::invalid(format!("{label}, how many: write a number.")))?,
            unit_price: money(&format!("{label}, price of one"), price, currency)?,
        });
    }
    let other = fields.get("other").parse();
    Ok(Proposal {
        template: Template::parse(fields.get("template")).ok_or_else(|| choose("What kind of deal"))?,
        i_am,
        other: other.map_err(|e| Failure::invalid(format!("The other party's name: {e}.")))?,
        currency,
        lines,
        description: fields.get("description").to_owned(),
        conditions: fields.get("conditions").to_owned(),
        order_id: String::new(),
    })
}
