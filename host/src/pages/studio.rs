//! The policy studio.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use escrow::terms::Quote;
use maud::{Markup, html};
use serde::Deserialize;

use super::{layout, money};
use crate::Desk;
use crate::auth::{Posted, Session};
use crate::error::Failure;
use crate::studio::{self, Silence, Study};
use crate::words;

pub(super) fn routes() -> Router<Arc<Desk>> {
    Router::new().route("/studio", get(show).post(answer))
}

#[derive(Deserialize)]
struct Preset {
    preset: Option<String>,
}

async fn show(session: Session, Query(preset): Query<Preset>) -> Markup {
    let preset = preset.preset.unwrap_or_else(|| "shop".to_owned());
    render(&session, &studio::example(&preset), &preset, &html! {})
}

fn render(session: &Session, terms: &str, preset: &str, result: &Markup) -> Markup {
    let content = html! {
        h1 { "Policy studio" }
        p { "Write terms and a policy, and see what they lead to, before anything exists. Nothing here is stored." }
        section {
            form method="get" action="/studio" {
                label for="preset" { "Begin with a preset" }
                select #preset name="preset" {
                    @for (name, about) in studio::PRESETS { option value=(name) selected[name == preset] { (name) ": " (about) } }
                }
                button { "Begin anew with it" }
            }
            form method="post" action="/studio" {
                (layout::csrf(session))
                input type="hidden" name="preset" value=(preset);
                label for="terms" { "Terms, as JSON. The policy names a preset, and what differs from it" }
                textarea.code #terms name="terms" spellcheck="false" { (terms) }
                button.primary name="do" value="study" { "What does it lead to?" }
                button name="do" value="export" { "Download as a scenario" }
            }
            details { summary { "Everything that this preset's policy says" } pre { (studio::policy(preset)) } }
        }
        (result)
    };
    layout::page(session, "Policy studio", "/studio", &content)
}

async fn answer(
    State(desk): State<Arc<Desk>>,
    Posted { session, fields }: Posted,
) -> Result<Response, Failure> {
    let (terms, preset) = (fields.get("terms"), fields.get("preset"));
    let refused = |error: String| {
        let failure = Failure::invalid(error);
        let page = render(&session, terms, preset, &layout::problem(&failure));
        (failure.status(), page).into_response()
    };
    if fields.get("do") == "export" {
        return Ok(match studio::scenario(terms, desk.now()) {
            Ok(file) => {
                let headers = [
                    (header::CONTENT_TYPE, "application/json"),
                    (header::CONTENT_DISPOSITION, "attachment; filename=\"scenario.json\""),
                ];
                (headers, file).into_response()
            }
            Err(error) => refused(error),
        });
    }
    Ok(match studio::study(terms, desk.now()) {
        Ok(study) => render(&session, terms, preset, &result(&study)).into_response(),
        Err(error) => refused(error),
    })
}

fn result(study: &Study) -> Markup {
    html! {
        (quote(study.terms.quote()))
        section aria-labelledby="silences" {
            h2 #silences { "What every silence leads to" }
            @for silence in &study.silences { (silences(silence)) }
            p.hint { "To play the downloaded scenario: " code { "cargo run --example scenario -- scenario.json" } }
        }
        @if let Some(deal) = &study.funded { (money::endings(deal)) }
    }
}

fn quote(quote: &Quote) -> Markup {
    let lines = [
        ("The price", quote.price),
        ("What the buyer pays beside it", quote.buyer_expenses),
        ("What the buyer pays in", quote.deposit),
        ("What the buyer pays the seller directly", quote.pay_offline),
        ("What the seller pays for fees and services", quote.seller_expenses),
        ("What the seller must pay in", quote.seller_due),
        ("What the seller gets", quote.payout),
    ];
    html! {
        section aria-labelledby="quote" {
            h2 #quote { "If all goes well" }
            table { tbody {
                @for (name, amount) in lines { @if !amount.is_zero() { tr { th scope="row" { (name) } td.sum { (amount) } } } }
                @for fee in &quote.fees { tr { th scope="row" { "Fee " (fee.id) } td.sum { (fee.amount) } } }
            } }
        }
    }
}

fn silences(silence: &Silence) -> Markup {
    html! {
        h3 { "Left alone while: " (words::status(silence.from)) }
        ol {
            @for (after, timer, status) in &silence.steps {
                li { "After " strong { (words::span(*after)) } ": " (words::timer(*timer)) ". Then: " (words::status(*status)) "." }
            }
        }
        p { @if silence.paid.is_empty() { "Nobody gets anything." } @else { "It pays " (silence.paid.join(", ")) "." } }
    }
}
