//! Who can sign in: the staff invites, and hands the links over.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, State};
use axum::routing::get;
use escrow::PartyId;
use maud::{Markup, html};

use super::deals::{From, PER_PAGE};
use super::layout;
use crate::Desk;
use crate::auth::{Posted, Session};
use crate::error::Failure;
use crate::store::Person;

pub(super) fn routes() -> Router<Arc<Desk>> {
    Router::new().route("/operator/people", get(list).post(change))
}

async fn list(
    State(desk): State<Arc<Desk>>,
    session: Session,
    Query(from): Query<From>,
) -> Result<Markup, Failure> {
    session.staff_only()?;
    show(&desk, &session, from.after.as_deref().unwrap_or_default(), &html! {})
}

fn show(desk: &Desk, session: &Session, after: &str, notice: &Markup) -> Result<Markup, Failure> {
    let people = desk.store.people(after, PER_PAGE)?;
    let full = people.len() >= usize::try_from(PER_PAGE).unwrap_or(usize::MAX);
    let content = html! {
        h1 { "People" }
        (notice)
        section {
            h2 { "Invite somebody" }
            form method="post" action="/operator/people" {
                (layout::csrf(session))
                label for="id" { "Their name on this desk: what deals call them" }
                input #id name="id" required maxlength="64" autocomplete="off" autocapitalize="none";
                label.check { input type="checkbox" name="staff" value="yes"; "They are staff: operator and moderator" }
                button.primary name="do" value="invite" { "Invite, and show their sign-in link" }
            }
        }
        section { table {
            caption { "Who is here" }
            thead { tr { th scope="col" { "Name" } th scope="col" { "Staff" } th scope="col" { "What to do" } } }
            tbody { @for person in &people { tr {
                td { (person.id) }
                td { @if person.staff { "yes" } @else { "no" } }
                td {
                    form method="post" action="/operator/people" {
                        (layout::csrf(session))
                        input type="hidden" name="id" value=(person.id);
                        button name="do" value="link" { "New link" }
                        button name="do" value="sign-out" { "Sign out everywhere" }
                        @if person.id != session.person.id { button name="do" value="forget" { "Forget" } }
                    }
                }
            } } }
        }
        @if let Some(last) = people.last().filter(|_| full) {
            form method="get" action="/operator/people" { input type="hidden" name="after" value=(last.id); button { "Next page" } }
        }
        p.hint { "Whoever is forgotten cannot sign in any more, and what they wrote is erased. Deals keep their name: choose names that say nothing, where that matters." }
        }
    };
    Ok(layout::page(session, "People", "/operator/people", &content))
}

async fn change(
    State(desk): State<Arc<Desk>>,
    Posted { session, fields }: Posted,
) -> Result<Markup, Failure> {
    session.staff_only()?;
    let id: PartyId = fields.get("id").parse().map_err(|e| Failure::invalid(format!("Their name: {e}.")))?;
    let notice = match fields.get("do") {
        "forget" => {
            if id == session.person.id {
                return Err(Failure::invalid("You cannot forget yourself: another member of the staff can."));
            }
            desk.store.forget(&id)?;
            layout::good(&format!("{id} is forgotten."))
        }
        "sign-out" => {
            desk.store.sign_out(&id)?;
            layout::good(&format!("{id} is signed out everywhere, and their keys work no more."))
        }
        what => {
            let known = desk.store.person(&id)?;
            if what == "invite" {
                if known.is_some() || desk.store.is_gone(&id)? {
                    return Err(Failure::invalid(
                        "Somebody has that name, or had it: deals go by it. Choose another.",
                    ));
                }
                desk.store.add_person(&Person { id: id.clone(), staff: fields.has("staff") }, desk.now())?;
            } else if known.is_none() {
                return Err(Failure::not_found());
            }
            let path = desk.sign_in_path(&id)?;
            let url = desk.config.url.clone().unwrap_or_default();
            html! {
                section.notice.good role="status" {
                    p { "The sign-in link of " strong { (id) } ", for a day. It is shown only here: hand it over. It works once." }
                    pre { a href={ (url) (path) } { (url) (path) } }
                    p.hint { "Opened in this browser, you are both in turn: at the top of every page is a button for each." }
                }
            }
        }
    };
    show(&desk, &session, "", &notice)
}
