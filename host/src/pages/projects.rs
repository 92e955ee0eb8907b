//! Projects: the list, and proposing one.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use escrow::port::Repository as _;
use escrow::{Currency, Side};
use escrow_market::{Project, ProjectId};
use escrow_store::Filter;
use maud::{Markup, html};

use super::deals::{From, PER_PAGE, page, place};
use super::layout;
use super::new::{CURRENCIES, chosen};
use crate::auth::{Posted, Session};
use crate::error::Failure;
use crate::market::{Planned, ProjectProposal};
use crate::routes::Fields;
use crate::templates::{Template, money};
use crate::{Desk, token, words};

/// How many milestones a form has; the API takes more.
pub(super) const ROWS: usize = 8;
/// How many of them are not folded.
const SHOWN: usize = 3;
/// What a project can be made from: who sends parcels opens deals.
const TEMPLATES: [Template; 2] = [Template::Work, Template::Quick];

pub(super) fn routes() -> Router<Arc<Desk>> {
    Router::new().route("/projects", get(list)).route("/projects/new", get(show).post(create))
}

async fn list(
    State(desk): State<Arc<Desk>>,
    session: Session,
    Query(from): Query<From>,
) -> Result<Markup, Failure> {
    let person = &session.person;
    let filter = if person.staff { Filter::All } else { Filter::Party(&person.id) };
    let page = page(from.after.as_deref(), PER_PAGE);
    let listed = desk.host.repository().list::<Project>(filter, &page).await?;
    let mut rows = Vec::new();
    for row in &listed {
        let project: Option<Project> = desk.host.repository().load(row.id).await?;
        rows.extend(project);
    }
    let full = listed.len() >= usize::try_from(PER_PAGE).unwrap_or(usize::MAX);
    let content = html! {
        h1 { @if person.staff { "Projects" } @else { "My projects" } }
        p { "Work in milestones: each is a deal of its own, paid and accepted by itself." }
        @if !person.staff { p { a.button.primary href="/projects/new" { "New project" } } }
        section {
            @if rows.is_empty() { p { "There are none yet." } } @else { div.scroll { table.cards {
                thead { tr { th scope="col" { "Project" } th scope="col" { "Status" } th scope="col" { "Between" } th.sum scope="col" { "Milestones" } } }
                tbody { @for project in &rows { tr {
                    td { a href={ "/projects/" (project.id()) } { (project.terms().name) } }
                    td { (super::project::badge(project)) }
                    td { (project.terms().contractor) " works for " (project.terms().customer) }
                    td.sum { span.narrow { "Milestones: " } (super::project::done(project)) " of " (super::project::count(project)) " over" }
                } } }
            } } }
            @if let Some(last) = listed.last().filter(|_| full) {
                p { a.button href={ "/projects?after=" (place(last)) } { "Next page" } }
            }
        }
    };
    Ok(layout::page(&session, "Projects", "/projects", &content))
}

async fn show(State(desk): State<Arc<Desk>>, session: Session) -> Result<Markup, Failure> {
    let mut empty = Fields::default();
    empty.0.push(("request".to_owned(), token::random()?));
    Ok(form(&desk, &session, &empty, &html! {}))
}

/// The lines of milestones in a form, the first of which are not folded.
pub(super) fn milestones(sent: &Fields, required: bool) -> Markup {
    let row = |i: usize| {
        let (name, price) = (format!("name-{i}"), format!("price-{i}"));
        let is_needed = required && i == 0;
        html! {
            div {
                div { label for=(name) { "Milestone " (i.saturating_add(1)) @if !is_needed { " (optional)" } } input #(name) name=(name) value=(sent.get(&name)) required[is_needed] maxlength="200" autocomplete="off"; }
                div { label for=(price) { "Price" } input #(price) name=(price) inputmode="decimal" value=(sent.get(&price)) required[is_needed] autocomplete="off"; }
            }
        }
    };
    html! {
        fieldset.rows.pairs {
            legend { "What is delivered, in this order" }
            @for i in 0..SHOWN { (row(i)) }
            details open[(SHOWN..ROWS).any(|i| sent.has(&format!("name-{i}")))] {
                summary { "More milestones" }
                div.rows.pairs { @for i in SHOWN..ROWS { (row(i)) } }
            }
        }
    }
}

/// The milestones that were typed.
pub(super) fn read(fields: &Fields, currency: Currency) -> Result<Vec<Planned>, Failure> {
    let mut planned = Vec::new();
    for i in 0..ROWS {
        let (name, price) = (fields.get(&format!("name-{i}")), fields.get(&format!("price-{i}")));
        if name.is_empty() && price.is_empty() {
            continue;
        }
        let label = format!("Milestone {}", i.saturating_add(1));
        if name.is_empty() {
            return Err(Failure::invalid(format!("{label}: say what is delivered.")));
        }
        planned.push(Planned {
            name: name.to_owned(),
            price: money(&format!("{label}, price"), price, currency)?,
        });
    }
    Ok(planned)
}

fn form(desk: &Desk, session: &Session, sent: &Fields, notice: &Markup) -> Markup {
    let content = html! {
        h1 { "New project" }
        (notice)
        section { form method="post" action="/projects/new" {
            (layout::csrf(session))
            input type="hidden" name="request" value=(sent.get("request"));
            label for="name" { "What it is called" }
            input #name name="name" value=(sent.get("name")) required maxlength="200" autocomplete="off";
            fieldset {
                legend { "You are" }
                label.check { input type="radio" name="i_am" value="buyer" checked[chosen(sent, "i_am", "buyer", true)]; "the customer: you pay" }
                label.check { input type="radio" name="i_am" value="seller" checked[chosen(sent, "i_am", "seller", false)]; "the contractor: you do the work" }
            }
            label for="other" { "The other party's name on this desk" }
            input #other name="other" value=(sent.get("other")) required autocomplete="off" autocapitalize="none";
            @if desk.config.demo { p.hint { "Here are anna, boris and clara." } }
            label for="currency" { "Currency" }
            select #currency name="currency" {
                @for code in CURRENCIES { option value=(code) selected[chosen(sent, "currency", code, code == "EUR")] { (code) } }
            }
            label for="template" { "How long everything may take" }
            select #template name="template" {
                @for template in TEMPLATES {
                    option value=(template.word()) selected[chosen(sent, "template", template.word(), template == Template::Work)] { (template.title()) }
                }
            }
            fieldset {
                legend { "How it is paid" }
                label.check { input type="radio" name="funding" value="each" checked[chosen(sent, "funding", "each", true)]; "one by one: each milestone when it begins" }
                label.check { input type="radio" name="funding" value="upfront" checked[chosen(sent, "funding", "upfront", false)]; "all at once, before the first: the escrow agent holds it" }
            }
            (milestones(sent, true))
            button.primary { "Propose the project" }
            p.hint { "Nothing is owed before the other party has agreed. Their consent to the project is their consent to each milestone." }
        } }
    };
    layout::page(session, "New project", "/projects/new", &content)
}

async fn create(
    State(desk): State<Arc<Desk>>,
    Posted { session, fields }: Posted,
) -> Result<Response, Failure> {
    match propose(&desk, &session, &fields).await {
        Ok(id) => Ok(Redirect::to(&format!("/projects/{id}")).into_response()),
        Err(failure) => {
            let page = form(&desk, &session, &fields, &layout::problem(&failure));
            Ok((failure.status(), page).into_response())
        }
    }
}

async fn propose(desk: &Desk, session: &Session, fields: &Fields) -> Result<ProjectId, Failure> {
    let choose = |what: &str| Failure::invalid(format!("{what}: choose one."));
    let currency = Currency::from_code(fields.get("currency")).map_err(|_| choose("Currency"))?;
    let i_am: Side = fields.get("i_am").parse().map_err(|_| choose("You are"))?;
    let template = TEMPLATES.into_iter().find(|template| template.word() == fields.get("template"));
    let other = fields.get("other").parse();
    let proposal = ProjectProposal {
        name: fields.get("name").to_owned(),
        template: template.ok_or_else(|| choose("How long everything may take"))?,
        i_am,
        other: other.map_err(|e| Failure::invalid(format!("The other party's name: {e}.")))?,
        currency,
        is_upfront: fields.get("funding") == "upfront",
        milestones: read(fields, currency)?,
    };
    // sent twice, it is one project; and nobody chooses an id
    let id =
        ProjectId::new(token::derived(&format!("project/{}/{}", session.person.id, fields.get("request"))));
    desk.propose_project(&session.person, id, &proposal).await.map(|project| project.id())
}

/// In what words the status of a project is told elsewhere.
pub(super) fn status(project: &Project) -> &'static str {
    words::project_status(project.status())
}
