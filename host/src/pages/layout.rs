//! What every page has around it.

use axum::response::{IntoResponse, Response};
use maud::{DOCTYPE, Markup, html};

use crate::auth::Session;
use crate::error::Failure;
use crate::words;

fn document(title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " · Escrow desk" }
                link rel="stylesheet" href="/static/desk.css";
                link rel="icon" type="image/svg+xml" href="/static/icon.svg";
            }
            body { (body) }
        }
    }
}

/// A page of somebody who is signed in. `at`: where it is, for whoever switches to another person on it.
pub(crate) fn page(session: &Session, title: &str, at: &str, content: &Markup) -> Markup {
    let mut links = vec![
        ("/deals", "My deals"),
        ("/deals/new", "New deal"),
        ("/projects", "Projects"),
        ("/balances", "Balance"),
    ];
    if session.person.staff {
        links = vec![
            ("/operator", "Operator"),
            ("/projects", "Projects"),
            ("/balances", "Balances"),
            ("/operator/incidents", "Incidents"),
            ("/operator/people", "People"),
            ("/operator/webhooks", "Webhooks"),
        ];
    }
    links.extend([("/studio", "Policy studio"), ("/account", "API keys")]);
    document(
        title,
        &html! {
            a.skip href="#main" { "Skip to the content" }
            header.top { div {
                strong { a href="/" { "Escrow desk" } }
                nav aria-label="Main" { ul {
                    @for (href, text) in links { li {
                        a href=(href) aria-current=[(href == at).then_some("page")] { (text) }
                    } }
                } }
                div.who {
                    span { "You are " strong { (session.person.id) } }
                    @for (place, other) in &session.others {
                        form method="post" action="/switch" {
                            (csrf(session))
                            input type="hidden" name="back" value=(at);
                            button name="to" value=(place) { "Act as " (other.id) }
                        }
                    }
                    form method="post" action="/signout" { (csrf(session)) button { "Sign out" } }
                }
            } }
            main #main tabindex="-1" { (content) }
        },
    )
}

/// A page of nobody in particular.
pub(crate) fn bare(title: &str, content: &Markup) -> Markup {
    document(title, &html! { main.bare #main { section { (content) } } })
}

pub(crate) fn welcome() -> Markup {
    bare(
        "Welcome",
        &html! {
            h1 { "Escrow desk" }
            p { "Safe deals between a buyer and a seller: the money waits with the escrow agent until the buyer has what was agreed." }
            p { "To sign in, open your sign-in link. Whoever runs this desk has one for you; it prints some when it starts." }
        },
    )
}

/// What was done.
pub(crate) fn good(words: &str) -> Markup {
    html! { section.notice.good role="status" { p { (words) } } }
}

/// What is shown only now: a key, a code, a secret.
pub(crate) fn secret(words: &str, secret: &str, then: &str) -> Markup {
    html! {
        section.notice.good role="status" {
            p { (words) }
            pre { (secret) }
            @if !then.is_empty() { p { (then) } }
        }
    }
}

/// What every form of a session carries.
pub(crate) fn csrf(session: &Session) -> Markup {
    html! { input type="hidden" name="csrf" value=(session.csrf); }
}

/// What went wrong, and what to do next.
pub(crate) fn problem(failure: &Failure) -> Markup {
    let next = words::next_step(&failure.0.code);
    html! {
        section.notice.problem role="alert" {
            h2 { (failure.0.title) }
            p { (failure.0.detail) }
            @if !next.is_empty() { p { (next) } }
            p.hint { "Code: " code { (failure.0.code) } }
        }
    }
}

pub(crate) fn problem_page(failure: &Failure) -> Response {
    let content = html! {
        main.bare #main {
            h1 { (failure.0.title) }
            (problem(failure))
            p { a href="/" { "Back to the beginning" } }
        }
    };
    (failure.status(), document(&failure.0.title, &content)).into_response()
}
