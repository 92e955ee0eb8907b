//! The API keys of whoever is signed in.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use maud::{Markup, html};

use super::layout;
use crate::auth::{Posted, Session};
use crate::error::Failure;
use crate::{Desk, words};

/// How many keys a person may have.
const MOST_KEYS: usize = 10;

pub(super) fn routes() -> Router<Arc<Desk>> {
    Router::new().route("/account", get(show).post(change))
}

async fn show(State(desk): State<Arc<Desk>>, session: Session) -> Result<Markup, Failure> {
    render(&desk, &session, &html! {})
}

fn render(desk: &Desk, session: &Session, notice: &Markup) -> Result<Markup, Failure> {
    let keys = desk.store.api_keys(&session.person.id)?;
    let content = html! {
        h1 { "API keys" }
        (notice)
        section {
            p { "A program that has a key acts as you. What it can do: " a href="/api/openapi.json" { "/api/openapi.json" } "." }
            form method="post" action="/account" {
                (layout::csrf(session))
                label for="name" { "What the key is for" }
                input #name name="name" required maxlength="60" autocomplete="off";
                button.primary name="do" value="create" { "Make a key" }
            }
        }
        section {
            @if keys.is_empty() { p { "You have none." } } @else { table {
                thead { tr { th scope="col" { "For" } th scope="col" { "Made" } th scope="col" { "What to do" } } }
                tbody { @for key in &keys { tr {
                    td { (key.name) } td { (words::instant(key.created_at)) }
                    td { form method="post" action="/account" {
                        (layout::csrf(session))
                        input type="hidden" name="key" value=(key.hash);
                        button name="do" value="revoke" { "Revoke" }
                    } }
                } } }
            } }
        }
    };
    Ok(layout::page(session, "API keys", "/account", &content))
}

async fn change(
    State(desk): State<Arc<Desk>>,
    Posted { session, fields }: Posted,
) -> Result<Markup, Failure> {
    let me = &session.person.id;
    let notice = if fields.get("do") == "revoke" {
        desk.store.revoke_api_key(me, fields.get("key"))?;
        layout::good("The key works no more.")
    } else {
        let name = fields.get("name");
        if name.is_empty() || name.chars().count() > 60 {
            return Err(Failure::invalid("What the key is for: write 1 to 60 characters."));
        }
        if desk.store.api_keys(me)?.len() >= MOST_KEYS {
            return Err(Failure::invalid("You have ten keys. Revoke one that you do not use."));
        }
        let secret = desk.store.add_api_key(me, name, desk.now())?;
        layout::secret("The new key. It is shown only now, and stored only as a hash.", &secret, "")
    };
    render(&desk, &session, &notice)
}
