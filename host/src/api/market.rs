//! Projects and balances, for programs.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use escrow::port::{Aggregate, Repository};
use escrow::{Currency, Destination, PartyId, Side};
use escrow_market::balance::Withdrawal;
use escrow_market::project::{Milestone, Run};
use escrow_market::{Balance, BalanceId, Project, ProjectId, project};
use escrow_store::{Filter, Listed, Storable};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, Client, MOST_EVENTS, MOST_PER_PAGE, Sent, address, body, json_response};
use crate::Desk;
use crate::deals::{Deals, DealsError};
use crate::error::Failure;
use crate::market::{Planned, ProjectProposal};
use crate::store::Person;
use crate::templates::{Template, money};

pub(super) fn routes() -> Router<Arc<Desk>> {
    Router::new()
        .route("/api/v1/projects", get(projects).post(propose))
        .route("/api/v1/projects/{id}", get(show))
        .route("/api/v1/projects/{id}/commands", post(command))
        .route("/api/v1/projects/{id}/amendments", post(amend))
        .route("/api/v1/projects/{id}/checkout", post(checkout))
        .route("/api/v1/balances", get(balances))
        .route("/api/v1/balances/{id}", get(balance))
        .route("/api/v1/balances/{id}/statement", get(statement))
        .route("/api/v1/balances/{id}/withdrawals", post(withdraw))
        .route("/api/v1/balances/{id}/withdrawals/{number}/confirm", post(confirm))
        .route("/api/v1/balances/{id}/withdrawals/{number}/cancel", post(cancel))
}

#[derive(Deserialize)]
struct Part {
    after: Option<String>,
    limit: Option<u32>,
}

/// A page of what this person has to do with; for staff, of all. With the place of the next.
async fn page<M: Storable>(
    desk: &Desk,
    person: &Person,
    part: &Part,
) -> Result<(Vec<M>, Option<String>), Failure>
where
    Deals: Repository<M, Error = DealsError>,
{
    let filter = if person.staff { Filter::All } else { Filter::Party(&person.id) };
    let limit = part.limit.unwrap_or(20).clamp(1, MOST_PER_PAGE);
    let page = crate::pages::page(part.after.as_deref(), limit);
    let listed: Vec<Listed<<M as Aggregate>::Id>> = desk.host.repository().list::<M>(filter, &page).await?;
    let full = u32::try_from(listed.len()).is_ok_and(|count| count >= limit);
    let next = listed.last().filter(|_| full).map(crate::pages::place);
    let mut found = Vec::new();
    for row in listed {
        let machine: Option<M> = desk.host.repository().load(row.id).await?;
        found.extend(machine);
    }
    Ok((found, next))
}

// --- projects ---

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Proposed {
    name: String,
    template: String,
    i_am: Side,
    other: PartyId,
    currency: Currency,
    #[serde(default)]
    upfront: bool,
    milestones: Vec<Line>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    name: String,
    price: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    command: project::Command,
    #[serde(default)]
    seen: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Amended {
    version: u32,
    milestones: Vec<Line>,
    #[serde(default)]
    seen: Option<u64>,
}

fn planned(lines: Vec<Line>, currency: Currency) -> Result<Vec<Planned>, Failure> {
    let one = |(i, line): (usize, Line)| {
        let price = money(&format!("milestones[{i}].price"), &line.price, currency)?;
        Ok(Planned { name: line.name, price })
    };
    lines.into_iter().enumerate().map(one).collect()
}

fn project_id(id: &str) -> Result<ProjectId, Failure> {
    id.parse().map_err(|_| Failure::not_found())
}

fn view(project: &Project) -> Value {
    let run = |run: &Run| json!({ "deal": run.deal, "standing": crate::words::standing(&run.standing), "passed": run.passed });
    let milestone = |milestone: &Milestone| json!({ "deal": milestone.deal, "items": milestone.items });
    let proposal = project.proposal();
    let terms = project.terms();
    json!({
        "id": project.id(),
        "status": project.status(),
        "revision": project.revision(),
        "created_at": project.created_at(),
        "name": terms.name,
        "customer": terms.customer,
        "contractor": terms.contractor,
        "currency": terms.currency,
        "funding": terms.funding,
        "begun": project.begun().iter().map(run).collect::<Vec<_>>(),
        "planned": project.planned().iter().map(milestone).collect::<Vec<_>>(),
        "proposal": {
            "version": proposal.version, "by": proposal.by, "fate": proposal.fate,
            "milestones": proposal.milestones.iter().map(milestone).collect::<Vec<_>>(),
        },
    })
}

async fn projects(State(desk): State<Arc<Desk>>, Client(person): Client, Query(part): Query<Part>) -> Answer {
    let (found, next) = page::<Project>(&desk, &person, &part).await?;
    let found: Vec<Value> = found.iter().map(view).collect();
    Ok(json_response(StatusCode::OK, json!({ "projects": found, "next": next }).to_string()))
}

async fn show(State(desk): State<Arc<Desk>>, Client(person): Client, Path(id): Path<String>) -> Answer {
    let (project, _) = desk.project(&person, project_id(&id)?).await?;
    Ok(json_response(StatusCode::OK, view(&project).to_string()))
}

async fn propose(State(desk): State<Arc<Desk>>, sent: Sent) -> Answer {
    let work = async {
        let asked: Proposed = body::read(&sent.bytes)?;
        let template = Template::parse(&asked.template)
            .ok_or_else(|| Failure::invalid("template: write goods, work, reviewed or quick."))?;
        let proposal = ProjectProposal {
            name: asked.name,
            template,
            i_am: asked.i_am,
            other: asked.other,
            currency: asked.currency,
            is_upfront: asked.upfront,
            milestones: planned(asked.milestones, asked.currency)?,
        };
        let id = body::id_of(&sent.person, &sent.key, &sent.fingerprint("project"));
        Ok(view(&desk.propose_project(&sent.person, ProjectId::new(id), &proposal).await?))
    };
    sent.once(&desk, "project", StatusCode::CREATED, work).await
}

async fn command(State(desk): State<Arc<Desk>>, Path(id): Path<String>, sent: Sent) -> Answer {
    let id = project_id(&id)?;
    let work = async {
        let asked: Asked = body::read(&sent.bytes)?;
        // the ids of deals are the desk's to draw
        if asked.command.kind() == project::CommandKind::Amend {
            return Err(Failure::invalid("command: amendments have a route of their own."));
        }
        Ok(view(&desk.act_on_project(&sent.person, id, asked.command, asked.seen).await?))
    };
    sent.once(&desk, &format!("project/{id}"), StatusCode::OK, work).await
}

async fn amend(State(desk): State<Arc<Desk>>, Path(id): Path<String>, sent: Sent) -> Answer {
    let id = project_id(&id)?;
    let work = async {
        let asked: Amended = body::read(&sent.bytes)?;
        let (project, _) = desk.project(&sent.person, id).await?;
        let planned = planned(asked.milestones, project.terms().currency)?;
        let of = (asked.version, asked.seen);
        Ok(view(&desk.amend_project(&sent.person, id, of, &planned).await?))
    };
    sent.once(&desk, &format!("amendment/{id}"), StatusCode::OK, work).await
}

/// The bank's page for a project that is paid at once.
async fn checkout(State(desk): State<Arc<Desk>>, Path(id): Path<String>, sent: Sent) -> Answer {
    let id = project_id(&id)?;
    let work = async { Ok(address(&desk, &desk.checkout_project(&sent.person, id).await?)) };
    sent.once(&desk, &format!("project-checkout/{id}"), StatusCode::OK, work).await
}

// --- balances ---

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    amount: String,
    destination: Destination,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entered {
    code: String,
}

fn balance_id(id: &str) -> Result<BalanceId, Failure> {
    id.parse().map_err(|_| Failure::not_found())
}

fn sums(balance: &Balance) -> Value {
    let clearing: Vec<Value> =
        balance.clearing_by_time().map(|part| json!({ "at": part.at, "amount": part.amount })).collect();
    let all = (1..=balance.last_number()).rev().filter_map(|number| balance.withdrawal(number));
    let withdrawals: Vec<Value> = all.take(50).map(withdrawal).collect();
    json!({
        "id": balance.id(), "holder": balance.holder().to_string(), "currency": balance.currency(),
        "available": balance.available(), "clearing": clearing, "reserved": balance.reserved(),
        "withdrawals": withdrawals,
    })
}

fn withdrawal(of: &Withdrawal) -> Value {
    let returned: Vec<_> = of.returned.iter().map(|back| back.amount).collect();
    json!({
        "number": of.number, "amount": of.amount, "fee": of.fee, "destination": of.destination,
        "status": of.status(), "requested_at": of.requested_at, "returned": returned,
    })
}

async fn balances(State(desk): State<Arc<Desk>>, Client(person): Client, Query(part): Query<Part>) -> Answer {
    let (found, next) = page::<Balance>(&desk, &person, &part).await?;
    let found: Vec<Value> = found.iter().map(sums).collect();
    Ok(json_response(StatusCode::OK, json!({ "balances": found, "next": next }).to_string()))
}

async fn balance(State(desk): State<Arc<Desk>>, Client(person): Client, Path(id): Path<String>) -> Answer {
    let (balance, _) = desk.balance(&person, balance_id(&id)?).await?;
    Ok(json_response(StatusCode::OK, sums(&balance).to_string()))
}

#[derive(Deserialize)]
struct Behind {
    after: Option<u64>,
}

async fn statement(
    State(desk): State<Arc<Desk>>,
    Client(person): Client,
    Path(id): Path<String>,
    Query(behind): Query<Behind>,
) -> Answer {
    let (balance, _) = desk.balance(&person, balance_id(&id)?).await?;
    let entries = desk.host.repository().journal::<Balance>(balance.id(), behind.after.unwrap_or(0)).await?;
    let lines = entries.iter().filter_map(|entry| {
        let movement = entry.recorded.event.movement()?;
        Some(json!({
            "version": entry.version, "at": entry.recorded.at, "what": crate::words::movement(&movement),
            "amount": movement.amount, "fee": movement.fee, "available": movement.after.available,
        }))
    });
    let lines: Vec<Value> = lines.take(MOST_EVENTS).collect();
    Ok(json_response(StatusCode::OK, json!({ "lines": lines }).to_string()))
}

async fn withdraw(State(desk): State<Arc<Desk>>, Path(id): Path<String>, sent: Sent) -> Answer {
    let id = balance_id(&id)?;
    let work = async {
        let asked: Wanted = body::read(&sent.bytes)?;
        let (balance, _) = desk.balance(&sent.person, id).await?;
        let amount = money("amount", &asked.amount, balance.currency())?;
        if let Destination::Account(to) | Destination::Card(to) | Destination::Wallet(to) = &asked.destination
        {
            crate::forms::instrument(to)?;
        }
        let of = (None, amount, asked.destination);
        let asked = desk.request_withdrawal(&sent.person, id, of).await?;
        Ok(json!({ "number": asked.number, "sandbox_code": asked.code }))
    };
    sent.once(&desk, &format!("withdraw/{id}"), StatusCode::CREATED, work).await
}

async fn confirm(
    State(desk): State<Arc<Desk>>,
    Path((id, number)): Path<(String, u32)>,
    sent: Sent,
) -> Answer {
    let id = balance_id(&id)?;
    let work = async {
        let entered: Entered = body::read(&sent.bytes)?;
        Ok(sums(&desk.confirm_withdrawal(&sent.person, id, number, &entered.code).await?))
    };
    sent.once(&desk, &format!("confirm/{id}/{number}"), StatusCode::OK, work).await
}

async fn cancel(
    State(desk): State<Arc<Desk>>,
    Path((id, number)): Path<(String, u32)>,
    sent: Sent,
) -> Answer {
    let id = balance_id(&id)?;
    let work = async { Ok(sums(&desk.cancel_withdrawal(&sent.person, id, number).await?)) };
    sent.once(&desk, &format!("cancel/{id}/{number}"), StatusCode::OK, work).await
}
