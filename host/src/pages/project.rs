//! One project: what is agreed, how far each milestone is, what one can do.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use escrow::machine::Machine as _;
use escrow::port::Repository as _;
use escrow::{Actor, Context, Deal, Money, Side};
use escrow_market::project::command::{Agree, Command, CommandKind, Continue, Stop, Withdraw};
use escrow_market::project::{Event, Fate, Funding, Milestone, Role, Run, Standing, Status};
use escrow_market::{Basket, Project, ProjectId};
use maud::{Markup, html};
use serde::Deserialize;

use super::projects::{self, milestones, read};
use super::{actions, deal, layout};
use crate::auth::{Posted, Session};
use crate::error::Failure;
use crate::market::{actor, outstanding};
use crate::routes::Fields;
use crate::{Desk, words};

pub(super) fn routes() -> Router<Arc<Desk>> {
    Router::new()
        .route("/projects/{id}", get(show))
        .route("/projects/{id}/do/{kind}", post(act))
        .route("/projects/{id}/pay", post(pay))
}

fn project_id(id: &str) -> Result<ProjectId, Failure> {
    id.parse().map_err(|_| Failure::not_found())
}

#[derive(Deserialize)]
struct Back {
    paid: Option<String>,
    done: Option<String>,
}

pub(super) fn badge(project: &Project) -> Markup {
    let text = projects::status(project);
    match project.status() {
        Status::Proposed | Status::Active => html! { strong.badge.open { (text) } },
        Status::Halted => html! { strong.badge.bad { (text) } },
        Status::Stopping => html! { strong.badge { (text) } },
        Status::Closed => html! { strong.badge.done { (text) } },
    }
}

/// How many milestones there are.
pub(super) fn count(project: &Project) -> usize {
    let to_come = match project.status() {
        Status::Proposed => project.proposal().milestones.len(),
        Status::Active | Status::Halted | Status::Stopping | Status::Closed => project.planned().len(),
    };
    project.begun().len().saturating_add(to_come)
}

/// How many of them are over.
pub(super) fn done(project: &Project) -> usize {
    let over = |run: &&Run| match &run.standing {
        Standing::Begun { .. } => false,
        Standing::Lapsed => true,
        Standing::Reached(reached) => *reached > escrow_market::project::command::Reached::Opened,
    };
    project.begun().iter().filter(over).count()
}

async fn show(
    State(desk): State<Arc<Desk>>,
    session: Session,
    Path(id): Path<String>,
    Query(back): Query<Back>,
) -> Result<Markup, Failure> {
    let (project, role) = desk.project(&session.person, project_id(&id)?).await?;
    let done = back.done.and_then(|kind| kind.parse::<CommandKind>().ok());
    let told = match (done, back.paid.as_deref()) {
        (_, Some("1")) => {
            "You have paid. The escrow agent holds the money of every milestone until it is accepted."
        }
        (_, Some(_)) => "Nothing was paid.",
        (Some(CommandKind::Agree), None) => "You have agreed.",
        (Some(CommandKind::Amend), None) => "You have proposed what is to come.",
        (Some(CommandKind::Withdraw), None) => "You have withdrawn your proposal.",
        (Some(CommandKind::Continue), None) => "The project goes on.",
        (Some(CommandKind::Stop), None) => "You have stopped the project. What runs, runs on.",
        (Some(CommandKind::Report | CommandKind::Wake) | None, None) => "",
    };
    let notice = if told.is_empty() {
        html! {}
    } else {
        layout::good(told)
    };
    render(&desk, &session, &project, role, &notice).await
}

async fn render(
    desk: &Desk,
    session: &Session,
    project: &Project,
    role: Role,
    notice: &Markup,
) -> Result<Markup, Failure> {
    let mut deals = Vec::new();
    for run in project.begun() {
        let deal: Option<Deal> = desk.host.repository().load(run.deal).await?;
        deals.push((run, deal));
    }
    let basket = desk.basket(project).await?;
    let history = history(desk, project).await?;
    let terms = project.terms();
    let at = format!("/projects/{}", project.id());
    let content = html! {
        p { a href="/projects" { "All projects" } }
        h1 { (terms.name) }
        p { (badge(project)) " " (words::project_meaning(project.status())) }
        (notice)
        div.columns {
            div {
                (forms(desk, session, project, role, &deals))
                @if let Some(basket) = &basket { (money(session, project, role, basket)) }
                (runs(desk, session, &deals, project.planned()))
                (proposal(project))
            }
            div {
                section aria-labelledby="terms" {
                    h2 #terms { "What is agreed" }
                    dl.facts {
                        dt { "Customer" } dd { (terms.customer) }
                        dt { "Contractor" } dd { (terms.contractor) }
                        dt { "Payment" } dd { @match terms.funding { Funding::Each => "one by one", Funding::Upfront { .. } => "all at once" } }
                        @if let Some(until) = project.next_deadline() {
                            dt { "Next deadline" } dd { time datetime=(until) { (words::relative(until, desk.now())) } }
                        }
                    }
                }
                (history)
            }
        }
    };
    Ok(layout::page(session, &terms.name, &at, &content))
}

/// The sum of a milestone's items.
fn price(milestone: &Milestone) -> String {
    let sum = milestone.items.iter().try_fold(0_i64, |sum, item| {
        sum.checked_add(item.unit_price.minor().checked_mul(item.quantity.into())?)
    });
    let currency = milestone.items.first().map(|item| item.unit_price.currency());
    sum.zip(currency).map_or_else(String::new, |(sum, currency)| Money::from_minor(sum, currency).to_string())
}

fn name(milestone: &Milestone) -> &str {
    milestone.items.first().map_or("", |item| item.name.as_str())
}

fn runs(desk: &Desk, session: &Session, deals: &[(&Run, Option<Deal>)], planned: &[Milestone]) -> Markup {
    html! {
        section aria-labelledby="milestones" {
            h2 #milestones { "Milestones" }
            @if deals.is_empty() && planned.is_empty() { p { "None has begun." } } @else { div.scroll { table.cards {
                thead { tr { th scope="col" { "Milestone" } th scope="col" { "How far" } th.sum scope="col" { "Price" } } }
                tbody {
                    @for (run, deal) in deals { tr {
                        @match deal {
                            Some(deal) => {
                                td { a href={ "/deals/" (deal.id()) } { (words::subject(deal)) } }
                                td { (deal::badge(deal)) (actions::turn(deal, &session.person.id, desk.now())) }
                                td.sum { (deal.terms().quote().price) }
                            },
                            None => { td { "A milestone" } td { (words::standing(&run.standing)) } td.sum { "" } },
                        }
                    } }
                    @for milestone in planned { tr { td { (name(milestone)) } td { "to come" } td.sum { (price(milestone)) } } }
                }
            } } }
        }
    }
}

/// What waits for consent.
fn proposal(project: &Project) -> Markup {
    let proposal = project.proposal();
    html! {
        @if proposal.fate == Fate::Open {
            section aria-labelledby="proposal" {
                h2 #proposal { "Proposed, version " (proposal.version) }
                p { "By " (words::project_side(proposal.by)) @if proposal.version > 1 { ", in place of all that has not begun" } "." }
                table { thead { tr { th scope="col" { "Milestone" } th.sum scope="col" { "Price" } } }
                    tbody { @for milestone in &proposal.milestones { tr { td { (name(milestone)) } td.sum { (price(milestone)) } } } }
                }
                @if proposal.milestones.is_empty() { p { "Nothing more is to come." } }
            }
        }
    }
}

fn money(session: &Session, project: &Project, role: Role, basket: &Basket) -> Markup {
    let due = outstanding(basket).filter(|due| due.is_positive());
    let is_open = basket.status() == escrow_market::basket::Status::Open;
    html! {
        section aria-labelledby="payment" {
            h2 #payment { "The payment" }
            p { "All milestones at once: " (words::basket_status(basket.status())) "." }
            @if let Some(due) = due.filter(|_| is_open) {
                p { (due) " is to be paid, until " time datetime=(basket.draft().until) { (words::instant(basket.draft().until)) } "." }
                @if role == Role::Customer {
                    form method="post" action={ "/projects/" (project.id()) "/pay" } {
                        (layout::csrf(session))
                        button.primary { "Pay " (due) }
                    }
                }
            }
        }
    }
}

async fn history(desk: &Desk, project: &Project) -> Result<Markup, Failure> {
    let entries = desk.host.repository().journal::<Project>(project.id(), 0).await?;
    let who = |by: &Actor| match by {
        Actor::Party(id) | Actor::Operator(id) | Actor::Moderator(id) => id.to_string(),
        Actor::Gateway | Actor::Tracker | Actor::Clock => "the desk".to_owned(),
    };
    Ok(html! {
        section aria-labelledby="history" {
            h2 #history { "What happened" }
            ol.timeline { @for entry in &entries {
                @let recorded = &entry.recorded;
                @let is_quiet = matches!(recorded.event, Event::MilestoneReached { .. } | Event::BasketAsked { .. });
                li.quiet[is_quiet] {
                    time datetime=(recorded.at) { (words::instant(recorded.at)) } " · " (who(&recorded.actor)) ": " (words::project_event(&recorded.event))
                }
            } }
        }
    })
}

/// Whether the project would take this command from whoever looks at it: it says so itself.
fn takes(desk: &Desk, session: &Session, project: &Project, role: Role, command: &Command) -> bool {
    let context = Context::new(desk.now(), actor(&session.person, role));
    project.decide(command, &context).is_ok_and(|transition| !transition.events().is_empty())
}

/// What of the milestones waits for whoever looks.
fn turns(desk: &Desk, session: &Session, deals: &[(&Run, Option<Deal>)]) -> Markup {
    html! {
        @for deal in deals.iter().filter_map(|(_, deal)| deal.as_ref()) {
            @for (_, _, what) in actions::turns(deal, desk.now()).iter().filter(|(_, who, _)| who.as_ref() == Some(&session.person.id)) {
                p.turn { strong { "Your turn: " } a href={ "/deals/" (deal.id()) } { (words::subject(deal)) } ": " (what) }
            }
        }
    }
}

fn forms(
    desk: &Desk,
    session: &Session,
    project: &Project,
    role: Role,
    deals: &[(&Run, Option<Deal>)],
) -> Markup {
    let open = project.proposal();
    let takes = |command: Command| takes(desk, session, project, role, &command);
    let agrees = takes(Agree { version: open.version }.into());
    let withdraws = takes(Withdraw { version: open.version }.into());
    let after =
        project.begun().iter().map(|run| run.deal).find(|after| takes(Continue { after: *after }.into()));
    let stops = takes(Stop::default().into());
    let next = open.version.saturating_add(1);
    let amends = stops && role != Role::Operator;
    let form = |kind: CommandKind, inside: Markup| {
        html! {
            form method="post" action={ "/projects/" (project.id()) "/do/" (kind) } {
                (layout::csrf(session))
                input type="hidden" name="seen" value=(project.revision());
                (inside)
            }
        }
    };
    let mut typed = Fields::default();
    let to_come = if open.fate == Fate::Open { &open.milestones[..] } else { project.planned() };
    for (i, milestone) in to_come.iter().enumerate() {
        let sum = price(milestone);
        typed.0.push((format!("name-{i}"), name(milestone).to_owned()));
        typed.0.push((format!("price-{i}"), sum.split(' ').next().unwrap_or_default().to_owned()));
    }
    let terms = project.terms();
    let other = match open.by {
        Side::Buyer => &terms.contractor,
        Side::Seller => &terms.customer,
    };
    let waits = Some(other).filter(|_| open.fate == Fate::Open);
    html! {
        section aria-labelledby="actions" {
            h2 #actions { "What you can do now, as " (words::project_role(role)) }
            (turns(desk, session, deals))
            @if agrees { (form(CommandKind::Agree, html! {
                input type="hidden" name="version" value=(open.version);
                p.hint { "You agree to version " (open.version) ", and so to the deal of each milestone." }
                button.primary { "Agree to the milestones" }
            })) } @else if let Some(who) = waits { p.turn { "Waits for " strong { (who) } ": Agree to the milestones" } }
            @if let Some(after) = after { (form(CommandKind::Continue, html! {
                input type="hidden" name="after" value=(after);
                p.hint { "A milestone was not accepted. The next one begins all the same." }
                button.primary { "Go on with the next milestone" }
            })) }
            @if withdraws { details { summary { "Withdraw your proposal" } (form(CommandKind::Withdraw, html! {
                input type="hidden" name="version" value=(open.version);
                button { "Withdraw it" }
            })) } }
            @if amends { details { summary { "Propose other milestones" } (form(CommandKind::Amend, html! {
                input type="hidden" name="version" value=(next);
                p.hint { "In place of all that has not begun. The other party has to agree." }
                (milestones(&typed, false))
                button { "Propose these milestones" }
            })) } }
            @if stops { details { summary { "Stop the project" } (form(CommandKind::Stop, html! {
                p.hint { "What has not begun never does. What runs, runs on as a deal of its own." }
                label for="reason" { "Why (optional)" } input #reason name="reason" maxlength="200" autocomplete="off";
                button { "Stop it" }
            })) } }
            @if !agrees && !withdraws && !stops && after.is_none() { p.hint { "Nothing, at this point." } }
        }
    }
}

async fn act(
    State(desk): State<Arc<Desk>>,
    Path((id, kind)): Path<(String, String)>,
    Posted { session, fields }: Posted,
) -> Result<Response, Failure> {
    let id = project_id(&id)?;
    let kind: CommandKind = kind.parse().map_err(|_| Failure::not_found())?;
    match carry_out(&desk, &session, id, kind, &fields).await {
        Ok(_) => Ok(Redirect::to(&format!("/projects/{id}?done={kind}")).into_response()),
        Err(failure) => {
            let Ok((project, role)) = desk.project(&session.person, id).await else { return Err(failure) };
            let page = render(&desk, &session, &project, role, &layout::problem(&failure)).await?;
            Ok((failure.status(), page).into_response())
        }
    }
}

async fn carry_out(
    desk: &Desk,
    session: &Session,
    id: ProjectId,
    kind: CommandKind,
    fields: &Fields,
) -> Result<Project, Failure> {
    let bad = || Failure::invalid("This form is incomplete. Open the project again and send it from there.");
    let seen: u64 = fields.get("seen").parse().map_err(|_| bad())?;
    let version = || fields.get("version").parse::<u32>().map_err(|_| bad());
    let command: Command = match kind {
        CommandKind::Agree => Agree { version: version()? }.into(),
        CommandKind::Withdraw => Withdraw { version: version()? }.into(),
        CommandKind::Continue => Continue { after: fields.get("after").parse().map_err(|_| bad())? }.into(),
        CommandKind::Stop => {
            let reason = fields.get("reason").parse();
            Stop { reason: reason.map_err(|e| Failure::invalid(format!("Why: {e}.")))? }.into()
        }
        CommandKind::Amend => {
            let (project, _) = desk.project(&session.person, id).await?;
            let planned = read(fields, project.terms().currency)?;
            return desk.amend_project(&session.person, id, (version()?, Some(seen)), &planned).await;
        }
        CommandKind::Report | CommandKind::Wake => return Err(Failure::not_found()),
    };
    desk.act_on_project(&session.person, id, command, Some(seen)).await
}

async fn pay(
    State(desk): State<Arc<Desk>>,
    Path(id): Path<String>,
    Posted { session, .. }: Posted,
) -> Result<Response, Failure> {
    let url = desk.checkout_project(&session.person, project_id(&id)?).await?;
    Ok(Redirect::to(&url).into_response())
}
