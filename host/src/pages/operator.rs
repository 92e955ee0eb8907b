//! What the staff sees of all deals.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use escrow::port::MachineKey;
use escrow::{Deal, DealId, Status};
use escrow_store::{Filter, Listed};
use maud::{Markup, html};
use serde::Deserialize;

use super::deals::{PER_PAGE, page, table};
use super::layout;
use crate::auth::{Posted, Session};
use crate::error::Failure;
use crate::{Desk, words};

pub(super) fn routes() -> Router<Arc<Desk>> {
    Router::new()
        .route("/operator", get(overview))
        .route("/operator/deals", get(list))
        .route("/operator/search", get(search))
        .route("/operator/incidents", get(incidents))
        .route("/operator/incidents/{number}/close", post(close))
}

async fn overview(State(desk): State<Arc<Desk>>, session: Session) -> Result<Markup, Failure> {
    session.staff_only()?;
    let figures = desk.host.figures().await?;
    let b = figures.backlog;
    let since = |ms: u64| if ms == 0 { "–".to_owned() } else { words::span(ms) };
    let me = &session.person.id;
    let mut needed = Vec::new();
    for (status, title) in [(Status::Moderation, "To be reviewed"), (Status::Disputed, "In dispute")] {
        let name = status.as_str();
        let listed = desk.host.repository().list::<Deal>(Filter::Status(name), &page(None, PER_PAGE)).await?;
        if !listed.is_empty() {
            needed.push((
                title,
                table(&desk, me, &listed, (&format!("/operator/deals?status={name}&"), "")).await?,
            ));
        }
    }
    let alone = desk.store.people("", 3)?.iter().all(|person| person.staff);
    let content = html! {
        h1 { "Operator" }
        @if alone {
            section.notice aria-labelledby="first" {
                h2 #first { "Nobody is here yet" }
                p { "A deal needs a buyer and a seller. Invite both, hand each their sign-in link, and either of them can propose a deal. To try it alone, open their links in this browser." }
                p { a.button.primary href="/operator/people" { "Invite people" } }
            }
        }
        @for (title, table) in &needed { h2 { (title) } (table) }
        @if needed.is_empty() && !alone { p { "Nothing waits for you." } }
        section {
            h2 { "Find deals" }
            form method="get" action="/operator/search" role="search" {
                label for="q" { "The id of a deal, a party's name, or an order number" }
                input #q name="q" required autocomplete="off";
                button { "Search" }
            }
            h3 { "By status" }
            ul.inline { @for status in Status::ALL { li { a href={ "/operator/deals?status=" (status) } { (words::status(status)) } } } }
            p { a href="/operator/deals" { "All deals" } " · " a href="/operator/deals?view=deadline" { "By deadline, the overdue first" } " · " a href="/operator/deals?view=waiting" { "Waiting for the bank" } }
        }
        section {
            h2 { "What waits" }
            table {
                thead { tr { th scope="col" { "What" } th.sum scope="col" { "How many" } th.sum scope="col" { "The oldest, since" } } }
                tbody {
                    tr { td { a href="/operator/deals?view=deadline" { "Deals that are overdue" } } td.sum { (b.due) } td.sum { (since(b.due_lag_ms)) } }
                    tr { td { a href="/operator/deals?view=waiting" { "Deals that wait for the bank" } } td.sum { (b.unanswered) } td.sum { (since(b.unanswered_ms)) } }
                    tr { td { "Commits to be delivered" } td.sum { (b.parcels) } td.sum { (since(b.parcels_ms)) } }
                    tr { td { a href="/operator/incidents" { "Incidents" } } td.sum { (b.incidents) } td.sum { "–" } }
                }
            }
            p { a href="/metrics" { "The same for Prometheus" } " · " a href="/healthz" { "Health" } }
        }
    };
    Ok(layout::page(&session, "Operator", "/operator", &content))
}

#[derive(Deserialize)]
struct Which {
    status: Option<String>,
    view: Option<String>,
    party: Option<String>,
    order: Option<String>,
    after: Option<String>,
}

async fn list(
    State(desk): State<Arc<Desk>>,
    session: Session,
    Query(which): Query<Which>,
) -> Result<Markup, Failure> {
    session.staff_only()?;
    let status = which.status.as_deref().and_then(|name| name.parse::<Status>().ok());
    let (filter, title, query) = match (&status, which.view.as_deref(), &which.party, &which.order) {
        (Some(status), ..) => {
            (Filter::Status(status.as_str()), words::status(*status).to_owned(), format!("status={status}&"))
        }
        (_, Some("deadline"), ..) => {
            (Filter::Deadline, "By deadline, the overdue first".to_owned(), "view=deadline&".to_owned())
        }
        (_, Some("waiting"), ..) => {
            (Filter::Unanswered, "Waiting for the bank".to_owned(), "view=waiting&".to_owned())
        }
        (_, _, Some(party), _) => {
            (Filter::Party(party), format!("With {party}"), format!("party={}&", encoded(party)))
        }
        (_, _, _, Some(order)) => {
            (Filter::Order(order), format!("Order {order}"), format!("order={}&", encoded(order)))
        }
        _ => (Filter::All, "All deals".to_owned(), String::new()),
    };
    let listed: Vec<Listed<DealId>> =
        desk.host.repository().list::<Deal>(filter, &page(which.after.as_deref(), PER_PAGE)).await?;
    let table =
        table(&desk, &session.person.id, &listed, (&format!("/operator/deals?{query}"), "There are none."))
            .await?;
    let content = html! { p { a href="/operator" { "Operator" } } h1 { (title) } (table) };
    Ok(layout::page(&session, &title, "/operator/deals", &content))
}

/// As it stands in an address.
fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[derive(Deserialize)]
struct Search {
    q: String,
}

async fn search(
    State(desk): State<Arc<Desk>>,
    session: Session,
    Query(Search { q }): Query<Search>,
) -> Result<Response, Failure> {
    session.staff_only()?;
    let q = q.trim();
    let id: Option<DealId> = q.parse().ok();
    let to = match id {
        Some(id) => format!("/deals/{id}"),
        None => {
            let orders = desk.host.repository().list::<Deal>(Filter::Order(q), &page(None, 1)).await?;
            let by = if orders.is_empty() { "party" } else { "order" };
            format!("/operator/deals?{by}={}", encoded(q))
        }
    };
    Ok(Redirect::to(&to).into_response())
}

#[derive(Deserialize)]
struct Behind {
    after: Option<i64>,
}

async fn incidents(
    State(desk): State<Arc<Desk>>,
    session: Session,
    Query(behind): Query<Behind>,
) -> Result<Markup, Failure> {
    session.staff_only()?;
    let open = desk.host.repository().open_incidents(behind.after.unwrap_or(0), PER_PAGE).await?;
    let full = open.len() >= usize::try_from(PER_PAGE).unwrap_or(usize::MAX);
    let deal = |key: &MachineKey| html! { a href={ "/deals/" (key.id) } { (key.kind) " " (key.id) } };
    let content = html! {
        h1 { "Incidents" }
        p.hint { "The bank and a deal disagree about a fact, or it is not known whether something was written. Look at the deal and at the bank’s books; close the incident when you have." }
        section {
            @if open.is_empty() { p { "There are none that are open." } }
            @for (number, incident) in &open {
                h2 { (number) ": " (incident.what) }
                p { time datetime=(incident.at) { (words::instant(incident.at)) } @if let Some(key) = &incident.machine { ", " (deal(key)) } }
                p { (incident.detail) }
                form method="post" action={ "/operator/incidents/" (number) "/close" } {
                    (layout::csrf(&session))
                    button { "Somebody has looked into it" }
                }
            }
            @if let Some((last, _)) = open.last().filter(|_| full) {
                p { a.button href={ "/operator/incidents?after=" (last) } { "Next page" } }
            }
        }
    };
    Ok(layout::page(&session, "Incidents", "/operator/incidents", &content))
}

async fn close(
    State(desk): State<Arc<Desk>>,
    Path(number): Path<i64>,
    Posted { session, .. }: Posted,
) -> Result<Response, Failure> {
    session.staff_only()?;
    desk.host.repository().close_incident(number, desk.now()).await?;
    Ok(Redirect::to("/operator/incidents").into_response())
}
