//! The deals of whoever is signed in, in pages.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, State};
use axum::routing::get;
use escrow::port::Repository as _;
use escrow::{Deal, DealId, PartyId, Time};
use escrow_store::{Filter, Listed, Page};
use maud::{Markup, html};
use serde::Deserialize;

use super::{actions, deal, layout};
use crate::auth::Session;
use crate::error::Failure;
use crate::{Desk, words};

/// How many deals are on a page.
pub(crate) const PER_PAGE: u32 = 20;

pub(super) fn routes() -> Router<Arc<Desk>> {
    Router::new().route("/deals", get(mine))
}

#[derive(Deserialize)]
pub(crate) struct From {
    pub(crate) after: Option<String>,
}

/// Where a page begins: behind the last of the page before. A place that is none begins at the beginning.
pub(crate) fn page(after: Option<&str>, limit: u32) -> Page {
    let place = after.and_then(|text| text.split_once('_'));
    let place = place.and_then(|(at, id)| Some((at.parse().ok()?, id.to_owned())));
    Page { after: place, limit }
}

/// The same as text.
pub(crate) fn place<I>(last: &Listed<I>) -> String {
    format!("{}_{}", last.place.0, last.place.1)
}

async fn mine(
    State(desk): State<Arc<Desk>>,
    session: Session,
    Query(from): Query<From>,
) -> Result<Markup, Failure> {
    let person = session.person.id.clone();
    let page = page(from.after.as_deref(), PER_PAGE);
    let listed = desk.host.repository().list::<Deal>(Filter::Party(&person), &page).await?;
    let table = table(&desk, &person, &listed, ("/deals?", NO_DEALS)).await?;
    let content = html! {
        h1 { "My deals" }
        p { a.button.primary href="/deals/new" { "New deal" } }
        (table)
    };
    Ok(layout::page(&session, "My deals", "/deals", &content))
}

const NO_DEALS: &str = "You have no deals yet. Propose one, or wait until somebody proposes one to you.";

/// A page of a list, with a link to the next. `more`: the address of the list, to which the place is added; `empty`: what
/// there is to say where there is nothing.
pub(crate) async fn table(
    desk: &Desk,
    me: &PartyId,
    listed: &[Listed<DealId>],
    (more, empty): (&str, &str),
) -> Result<Markup, Failure> {
    let now = desk.now();
    let mut rows = Vec::new();
    for row in listed {
        let deal: Option<Deal> = desk.host.repository().load(row.id).await?;
        rows.extend(deal);
    }
    let full = listed.len() >= usize::try_from(PER_PAGE).unwrap_or(usize::MAX);
    Ok(html! {
        section {
            @if rows.is_empty() { p { (empty) } }
            @else { div.scroll { table.cards {
                thead { tr {
                    th scope="col" { "Deal" } th scope="col" { "Status, and who is next" } th scope="col" { "Between" }
                    th scope="col" { "Next deadline" } th.sum scope="col" { "The buyer pays" }
                } }
                tbody { @for deal in &rows { (line(deal, me, now)) } }
            } } }
            @if let Some(last) = listed.last().filter(|_| full) {
                p { a.button href={ (more) "after=" (place(last)) } { "Next page" } }
            }
        }
    })
}

fn line(deal: &Deal, me: &PartyId, now: Time) -> Markup {
    html! {
        tr {
            td { a href={ "/deals/" (deal.id()) } { (words::subject(deal)) } }
            td { (deal::badge(deal)) (actions::turn(deal, me, now)) }
            td { (deal.terms().buyer) " buys from " (deal.terms().seller) }
            td { @match deal.next_deadline() {
                Some(at) => { span.narrow { "Next deadline " } time datetime=(at) { (words::relative(at, now)) } },
                None => span.wide { "none" },
            } }
            td.sum { span.narrow { "The buyer pays " } (deal.terms().quote().deposit) }
        }
    }
}
