//! Where webhooks go: the staff's affair.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use maud::{Markup, html};

use super::layout;
use crate::auth::{Posted, Session};
use crate::error::Failure;
use crate::{Desk, hooks, token};

/// How many there may be.
const MOST_HOOKS: usize = 10;

pub(super) fn routes() -> Router<Arc<Desk>> {
    Router::new().route("/operator/webhooks", get(show).post(change))
}

async fn show(State(desk): State<Arc<Desk>>, session: Session) -> Result<Markup, Failure> {
    session.staff_only()?;
    render(&desk, &session, &html! {})
}

fn render(desk: &Desk, session: &Session, notice: &Markup) -> Result<Markup, Failure> {
    let hooks = desk.store.hooks()?;
    let content = html! {
        h1 { "Webhooks" }
        (notice)
        section {
            p { "Whenever a deal changes, its id and version are sent here, signed by the Standard Webhooks convention. What happened is read by the API." }
            form method="post" action="/operator/webhooks" {
                (layout::csrf(session))
                label for="url" { "Where to (https, or http to 127.0.0.1)" }
                input #url name="url" type="url" required maxlength="500" autocomplete="off";
                button.primary name="do" value="add" { "Send them there" }
            }
        }
        section {
            @if hooks.is_empty() { p { "They go nowhere." } } @else { table {
                thead { tr { th scope="col" { "Where to" } th.sum scope="col" { "Waiting" } th scope="col" { "What to do" } } }
                tbody { @for hook in &hooks { tr {
                    td { (hook.url) } td.sum { (hook.waiting) }
                    td { form method="post" action="/operator/webhooks" {
                        (layout::csrf(session))
                        input type="hidden" name="number" value=(hook.number);
                        button name="do" value="remove" { "Stop" }
                    } }
                } } }
            } }
        }
    };
    Ok(layout::page(session, "Webhooks", "/operator/webhooks", &content))
}

async fn change(
    State(desk): State<Arc<Desk>>,
    Posted { session, fields }: Posted,
) -> Result<Markup, Failure> {
    session.staff_only()?;
    let notice = if fields.get("do") == "remove" {
        desk.store.remove_hook(fields.get("number").parse().map_err(|_| Failure::not_found())?)?;
        layout::good("Nothing more is sent there.")
    } else {
        let url = fields.get("url");
        if url.len() > 500 || !hooks::is_sendable(url) {
            return Err(Failure::invalid(
                "Where to: write an address with https, or with http on 127.0.0.1.",
            ));
        }
        if desk.store.hooks()?.len() >= MOST_HOOKS {
            return Err(Failure::invalid("There are ten already. Stop one that nobody needs."));
        }
        let secret = token::webhook_secret()?;
        desk.store.add_hook(url, &secret)?;
        let words =
            "What they are signed with. It is shown only now; the receiver checks every signature by it.";
        layout::secret(words, &secret, "")
    };
    render(&desk, &session, &notice)
}
