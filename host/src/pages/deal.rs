//! One deal: what it is, what one can do, where the money is, what happened.

use std::cell::RefCell;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use escrow::deal::command::CommandKind;
use escrow::deposit::DepositId;
use escrow::{Deal, DealId, Role, Status};
use maud::{Markup, html};
use serde::Deserialize;

use super::{actions, layout, money, sandbox, timeline, work};
use crate::auth::{Posted, Session};
use crate::desk::{Ask, Capacity};
use crate::error::Failure;
use crate::forms;
use crate::routes::Fields;
use crate::{Desk, words};

pub(super) fn routes() -> Router<Arc<Desk>> {
    Router::new()
        .route("/deals/{id}", get(show))
        .route("/deals/{id}/do/{kind}", post(act))
        .route("/deals/{id}/pay/{deposit}", post(pay))
        .route("/deals/{id}/ask-again", post(ask_again))
        .route("/deals/{id}/work/{number}", get(work::show))
}

/// An id that is none is as unknown as one that nobody has.
pub(super) fn deal_id(id: &str) -> Result<DealId, Failure> {
    id.parse().map_err(|_| Failure::not_found())
}

#[derive(Deserialize)]
struct Back {
    paid: Option<String>,
    done: Option<String>,
}

async fn show(
    State(desk): State<Arc<Desk>>,
    session: Session,
    Path(id): Path<String>,
    Query(back): Query<Back>,
) -> Result<Markup, Failure> {
    let (deal, roles) = desk.deal(&session.person, deal_id(&id)?).await?;
    let done = back.done.and_then(|kind| kind.parse::<CommandKind>().ok());
    let notice = html! {
        @if back.paid.as_deref() == Some("0") {
            section.notice role="status" { p { "Nothing was paid." } }
        }
        @if let Some(kind) = done { (layout::good(&format!("{} This is the deal as it is now.", words::done(kind)))) }
        @if back.paid.as_deref() == Some("1") {
            (layout::good("You have paid. The escrow agent holds the money until the deal has ended."))
        }
    };
    render(&desk, &session, (&deal, &roles), &notice, None).await
}

/// The page. `sent`: what was typed into which form, where it was refused.
async fn render(
    desk: &Desk,
    session: &Session,
    (deal, roles): (&Deal, &[(Capacity, Role)]),
    notice: &Markup,
    sent: Option<actions::Typed<'_>>,
) -> Result<Markup, Failure> {
    let now = desk.now();
    let project = desk.store.project_of(deal.id())?;
    let is_paid_at_once = match project {
        Some(project) => desk.store.basket_of(project)?.is_some(),
        None => false,
    };
    let lists = actions::lists(session, deal, roles, sent, now)?;
    let waiting = money::waiting(desk, deal).await?;
    let latest = work::latest(desk, deal, roles).await?;
    let history = timeline::timeline(desk, deal, roles).await?;
    let at = format!("/deals/{}", deal.id());
    let content = html! {
        @if let Some(project) = project { p { a href={ "/projects/" (project) } { "A milestone of a project" } } }
        h1 { (words::subject(deal)) }
        p { (badge(deal)) " " (words::meaning(deal.status())) }
        (actions::turn(deal, &session.person.id, now))
        @if let (Some(project), true, Status::AwaitingDeposit) = (project, is_paid_at_once, deal.status()) {
            section.notice { p { "This project is paid all at once: " a href={ "/projects/" (project) } { "pay there" } ", and not here." } }
        }
        (notice)
        div.columns {
            div {
                (latest)
                (lists)
                (money::picture(deal))
                (money::endings(deal))
            }
            div {
                (money::deadline(deal, now))
                (waiting)
                (dispute(deal))
                (terms(deal))
                (history)
                @if session.person.staff { (staff(session, deal)) (sandbox::section(session, deal)) }
            }
        }
    };
    Ok(layout::page(session, &words::subject(deal), &at, &content))
}

pub(super) fn badge(deal: &Deal) -> Markup {
    use escrow::Status::{
        AwaitingAcceptance, AwaitingDeposit, AwaitingPerformance, CancelRequested, Cancelled, Clearing,
        Completed, Declined, Disputed, Expired, Moderation, Performing, Proposed, Resolved, Settling,
    };
    let status = deal.status();
    let text = words::status(status);
    match status {
        Completed | Resolved => html! { strong.badge.done { (text) } },
        Disputed => html! { strong.badge.bad { (text) } },
        Cancelled | Declined | Expired => html! { strong.badge { (text) } },
        Proposed | AwaitingDeposit | Moderation | AwaitingPerformance | Performing | AwaitingAcceptance
        | Clearing | Settling | CancelRequested => html! { strong.badge.open { (text) } },
    }
}

fn staff(session: &Session, deal: &Deal) -> Markup {
    html! {
        section { details.fold {
            summary { "For staff" }
            dl.facts {
                dt { "Deal" } dd { code { (deal.id()) } }
                dt { "Version" } dd { (deal.version()) ", revision " (deal.revision()) }
                dt { "Arbiter" } dd { (deal.arbiter().map_or("nobody", |id| id.as_str())) }
            }
            form method="post" action={ "/deals/" (deal.id()) "/ask-again" } {
                (layout::csrf(session))
                button { "Fire what is due, and ask the bank again" }
            }
        } }
    }
}

fn dispute(deal: &Deal) -> Markup {
    let offers = [escrow::Side::Buyer, escrow::Side::Seller].map(|side| (side, deal.offer(side)));
    let open = !deal.phase().has_ended();
    html! {
        @if let Some(dispute) = deal.dispute() {
            section aria-labelledby="dispute" {
                h2 #dispute { "The dispute" }
                p { "Since " time datetime=(dispute.opened_at()) { (words::instant(dispute.opened_at())) } ": " (dispute.reason()) }
                @if let Some(award) = dispute.award() { p { "It was settled: " (words::award(award)) "." } }
            }
        }
        @if open { @for (side, offer) in offers { @if let Some(offer) = offer {
            section.notice {
                h2 { "An offer of " (words::side(side)) }
                p { (words::capital(&words::resolution(offer.award))) @if offer.original { ", and the buyer gets the work itself" } "." }
                @if let Ok(settlement) = deal.preview(&offer.award.ending()) {
                    p { "It would pay " (words::settlement(&settlement)) "." }
                }
            }
        } } }
    }
}

fn terms(deal: &Deal) -> Markup {
    let terms = deal.terms();
    let quote = terms.quote();
    html! {
        section aria-labelledby="terms" {
            h2 #terms { "The terms" }
            dl.facts {
                dt { "Buyer" } dd { (terms.buyer) @if deal.consents().buyer { " (agrees)" } @else { " (has not agreed)" } }
                dt { "Seller" } dd { (terms.seller) @if deal.consents().seller { " (agrees)" } @else { " (has not agreed)" } }
                @if let Some(arbiter) = deal.arbiter() { dt { "Arbiter" } dd { (arbiter) } }
                @if let Some(order) = &terms.order_id { dt { "Order" } dd { (order) } }
                dt { "Version" } dd { (deal.terms_version()) }
                @if let Some(track) = deal.track() { dt { "Sent with" } dd { (track.tracker) " " (track.code) } }
            }
            div.scroll { table {
                thead { tr { th scope="col" { "Item" } th.sum scope="col" { "Each" } } }
                tbody {
                    @for item in &terms.items { tr { td { (item.quantity) " × " (item.name) } td.sum { (item.unit_price) } } }
                    @for service in &terms.services { tr { td { "Service: " (service.name) } td.sum { (service.final_cost) } } }
                    @for fee in &quote.fees { tr { td { "Fee: " (fee.id) } td.sum { (fee.amount) } } }
                    tr { th scope="row" { "The buyer pays" } td.sum { strong { (quote.deposit) } } }
                    tr { th scope="row" { "The seller gets" } td.sum { strong { (quote.payout) } } }
                }
            } }
            @if let Some(description) = &terms.description { h3 { "What it is about" } p { (description) } }
            @if let Some(conditions) = &terms.conditions { h3 { "What it must be like" } p { (conditions) } }
        }
    }
}

/// Reads the fields that every action has.
fn ask<'a>(session: &'a Session, deal: DealId, fields: &Fields) -> Result<Ask<'a>, Failure> {
    let bad = || Failure::invalid("This form is incomplete. Open the deal again and send it from there.");
    Ok(Ask {
        person: &session.person,
        deal,
        capacity: Capacity::parse(fields.get("as")).ok_or_else(bad)?,
        seen: Some(fields.get("seen").parse().map_err(|_| bad())?),
        request_id: Some(fields.get("request").parse().map_err(|_| bad())?),
    })
}

async fn act(
    State(desk): State<Arc<Desk>>,
    Path((id, kind)): Path<(String, String)>,
    Posted { session, fields }: Posted,
) -> Result<Response, Failure> {
    let id = deal_id(&id)?;
    let kind: CommandKind = kind.parse().map_err(|_| Failure::not_found())?;
    match carry_out(&desk, &session, id, kind, &fields).await {
        Ok(_) => Ok(Redirect::to(&format!("/deals/{id}?done={kind}")).into_response()),
        Err(failure) => {
            // terms that have changed in the meantime are not typed over
            let keeps = kind != CommandKind::Amend || failure.0.code == "invalid";
            refused(&desk, &session, id, failure, keeps.then_some((kind, &fields))).await
        }
    }
}

async fn carry_out(
    desk: &Desk,
    session: &Session,
    id: DealId,
    kind: CommandKind,
    fields: &Fields,
) -> Result<Deal, Failure> {
    let ask = ask(session, id, fields)?;
    let (deal, roles) = desk.deal(&session.person, id).await?;
    let role = roles.iter().find(|(capacity, _)| *capacity == ask.capacity);
    let (_, role) =
        *role.ok_or_else(|| Failure::forbidden("You cannot act on this deal in that capacity."))?;
    // before anything is kept for it
    let actor = ask.capacity.actor(session.person.id.clone());
    let repeated = matches!(kind, CommandKind::Post | CommandKind::Submit);
    if let (true, Err(denied)) = (repeated, deal.allowed(&actor, desk.now()).check(kind)) {
        return Err(escrow_host::Problem::from(&denied).into());
    }
    let author = session.person.id.as_str();
    let kept = RefCell::default();
    let sent = forms::Sent { deal: &deal, role, author, fields, store: &desk.store, now: desk.now(), kept };
    let command = forms::command(kind, &sent);
    let kept = sent.kept.into_inner();
    let done = match command {
        Ok(command) => desk.act(ask, command).await,
        Err(failure) => Err(failure),
    };
    // what was refused refers to nothing; of what is not known, it may
    if let Err(failure) = &done
        && failure.status().is_client_error()
    {
        desk.store.drop_texts(&kept)?;
    }
    done
}

/// The deal as it is, with what went wrong above it.
async fn refused(
    desk: &Desk,
    session: &Session,
    id: DealId,
    failure: Failure,
    sent: Option<actions::Typed<'_>>,
) -> Result<Response, Failure> {
    let Ok((deal, roles)) = desk.deal(&session.person, id).await else { return Err(failure) };
    let page = render(desk, session, (&deal, &roles), &layout::problem(&failure), sent).await?;
    Ok((failure.status(), page).into_response())
}

async fn pay(
    State(desk): State<Arc<Desk>>,
    Path((id, deposit)): Path<(String, String)>,
    Posted { session, fields }: Posted,
) -> Result<Response, Failure> {
    let id = deal_id(&id)?;
    let deposit: DepositId = deposit.parse().map_err(|_| Failure::not_found())?;
    match desk.checkout(ask(&session, id, &fields)?, deposit).await {
        Ok(url) => Ok(Redirect::to(&url).into_response()),
        Err(failure) => refused(&desk, &session, id, failure, None).await,
    }
}

async fn ask_again(
    State(desk): State<Arc<Desk>>,
    Path(id): Path<String>,
    Posted { session, .. }: Posted,
) -> Result<Response, Failure> {
    session.staff_only()?;
    let id = deal_id(&id)?;
    money::catch_up(&desk, id).await?;
    Ok(Redirect::to(&format!("/deals/{id}")).into_response())
}
