//! The routes.

use std::fmt::Display;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection, QueryRejection};
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use escrow::deposit::ClientKey;
use escrow::port::{Backlog, Clock, PaymentGateway, Repository};
use escrow::{Actor, AgentError, Caller, Command, Deal, DealId, Terms, TermsDraft};
use escrow_store::{Filter, Lists, Page};

use super::requests::{self, Asked};
use super::{Asker, DealView, Door, ListView};
use crate::{Host, Problem};

/// The state of the routes: a host and its door.
#[derive(Debug)]
pub struct Api<R, G, C, D> {
    host: Arc<Host<R, G, C>>,
    door: D,
    body_limit: usize,
}

type Answer = Result<Response, Problem>;

impl<R, G, C, D> Api<R, G, C, D> {
    /// The routes of a host, behind a door.
    pub const fn new(host: Arc<Host<R, G, C>>, door: D) -> Self {
        Self { host, door, body_limit: 64 * 1_024 }
    }

    /// How many bytes a body may have; 64 KiB.
    #[must_use]
    pub const fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// The host.
    pub const fn host(&self) -> &Arc<Host<R, G, C>> {
        &self.host
    }

    /// The door.
    pub const fn door(&self) -> &D {
        &self.door
    }
}

impl<R, G, C, D> Api<R, G, C, D>
where
    R: Backlog<Error: Send + Sync> + Send + 'static,
    R: Repository<Deal, Error = <R as Backlog>::Error> + Lists<Deal, Error = <R as Backlog>::Error>,
    G: PaymentGateway<Error: Display> + Send + 'static,
    C: Clock + Send + Sync + 'static,
    D: Door,
{
    /// The routes, to be merged or nested into the host's own.
    pub fn router(self) -> Router {
        let limit = DefaultBodyLimit::max(self.body_limit);
        Router::new()
            .route("/deals", post(Self::create).get(Self::list))
            .route("/deals/{id}", get(Self::show))
            .route("/deals/{id}/commands", post(Self::command))
            .route("/webhooks/{gateway}", post(Self::webhook))
            .fallback(async || Problem::not_found())
            .method_not_allowed_fallback(async || {
                Problem::new(405, "no-such-method", "Not so", "This path does not take this method.")
            })
            .layer(limit)
            .with_state(Arc::new(self))
    }

    /// What Prometheus asks for, at `/metrics`: apart from the others, since it is nobody's outside.
    pub fn metrics(self: &Arc<Self>) -> Router {
        Router::new().route("/metrics", get(Self::figures)).with_state(self.clone())
    }

    async fn figures(State(api): State<Arc<Self>>) -> Answer {
        let figures = api.host.figures().await.map_err(|_| Problem::storage())?;
        Ok(([(CONTENT_TYPE, "text/plain; version=0.0.4")], figures.to_prometheus()).into_response())
    }

    async fn create(
        State(api): State<Arc<Self>>,
        Asker(caller): Asker,
        headers: HeaderMap,
        body: Result<Bytes, BytesRejection>,
    ) -> Answer {
        let (key, body) = (requests::key(&headers)?, requests::body(body)?);
        let scope = requests::scope(&caller.actor);
        let id = requests::new_id(&scope, &key);
        let request = requests::request("/deals", &body);
        let work = api.open(id, &body, caller);
        let answer = api.host.once(&scope, key.as_str(), &request, work).await?;
        let headers = [(CONTENT_TYPE, "application/json".to_owned()), (LOCATION, format!("/deals/{id}"))];
        Ok((StatusCode::CREATED, headers, answer).into_response())
    }

    async fn open(&self, id: DealId, body: &[u8], caller: Caller) -> Result<String, Problem> {
        let draft: TermsDraft = requests::json(body)?;
        let terms = Terms::try_from(draft)
            .map_err(|error| Problem::new(422, "bad-terms", "The terms are wrong", error.to_string()))?;
        let actor = caller.actor.clone();
        let deal = match self.host.open(id, terms.clone(), caller).await {
            Ok(deal) => deal,
            // made under this key before, by a process that could not say so
            Err(AgentError::Conflict) => self.load(id, &actor).await?,
            Err(error) => return Err(error.into()),
        };
        if **deal.terms() != terms {
            return Err(crate::OnceFailed::<(), Problem>::KeyReused.into());
        }
        self.view(&deal, &actor)
    }

    async fn show(
        State(api): State<Arc<Self>>,
        Asker(caller): Asker,
        id: Result<Path<String>, PathRejection>,
    ) -> Answer {
        let deal = api.load(requests::id(id)?, &caller.actor).await?;
        Ok(json(StatusCode::OK, api.view(&deal, &caller.actor)?))
    }

    async fn list(
        State(api): State<Arc<Self>>,
        Asker(caller): Asker,
        asked: Result<Query<Asked>, QueryRejection>,
    ) -> Answer {
        let Query(asked) =
            asked.map_err(|error| Problem::new(400, "bad-query", "The query is wrong", error.body_text()))?;
        let filter = filter(&asked, &caller.actor)?;
        let page = Page { after: asked.place()?, limit: asked.limit() };
        let rows = api.host.repository.list(filter, &page).await.map_err(|_| Problem::storage())?;
        let view = ListView::of(rows, page.limit);
        Ok(json(StatusCode::OK, serde_json::to_string(&view).map_err(|_| Problem::storage())?))
    }

    async fn command(
        State(api): State<Arc<Self>>,
        Asker(caller): Asker,
        id: Result<Path<String>, PathRejection>,
        headers: HeaderMap,
        body: Result<Bytes, BytesRejection>,
    ) -> Answer {
        let (id, key, body) = (requests::id(id)?, requests::key(&headers)?, requests::body(body)?);
        let scope = requests::scope(&caller.actor);
        let request = requests::request(&format!("/deals/{id}/commands"), &body);
        let seen = requests::seen(&headers)?;
        let work = api.carry_out(id, &body, caller, key.clone(), seen);
        let answer = api.host.once(&scope, key.as_str(), &request, work).await?;
        Ok(json(StatusCode::OK, answer))
    }

    async fn carry_out(
        &self,
        id: DealId,
        body: &[u8],
        mut caller: Caller,
        key: ClientKey,
        seen: Option<u64>,
    ) -> Result<String, Problem> {
        let command: Command = requests::json(body)?;
        let actor = caller.actor.clone();
        // whoever has no part in it is not told that it is there
        self.load(id, &actor).await?;
        caller = caller.request_id(key);
        if let Some(revision) = seen {
            caller = caller.seen(revision);
        }
        let acted = self.host.act(id, command, caller).await.map_err(|error| Problem::from(&error))?;
        self.view(&acted.after, &actor)
    }

    async fn webhook(
        State(api): State<Arc<Self>>,
        gateway: Result<Path<String>, PathRejection>,
        headers: HeaderMap,
        body: Result<Bytes, BytesRejection>,
    ) -> Answer {
        let (gateway, body) = (requests::name(gateway)?, requests::body(body)?);
        let (id, fact) = api.door.fact(&gateway, &headers, &body).await?;
        api.host.webhook(id, fact).await.map_err(|error| Problem::from(&error))?;
        Ok(StatusCode::NO_CONTENT.into_response())
    }

    /// A deal, for whoever has a part in it.
    async fn load(&self, id: DealId, actor: &Actor) -> Result<Deal, Problem> {
        let stored: Option<Deal> =
            Repository::<Deal>::load(&self.host.repository, id).await.map_err(|_| Problem::storage())?;
        stored.filter(|deal| deal.role_of(actor).is_some()).ok_or_else(Problem::not_found)
    }

    fn view(&self, deal: &Deal, actor: &Actor) -> Result<String, Problem> {
        let view = DealView::of(deal, actor, self.host.clock.now());
        view.and_then(|view| serde_json::to_string(&view)).map_err(|_| Problem::storage())
    }
}

fn json(status: StatusCode, body: String) -> Response {
    (status, [(CONTENT_TYPE, "application/json")], body).into_response()
}

/// A party sees its own deals, and the platform's staff all of them.
fn filter<'a>(asked: &'a Asked, actor: &'a Actor) -> Result<Filter<'a>, Problem> {
    let own = match actor {
        Actor::Party(id) => Some(id.as_str()),
        Actor::Operator(_) | Actor::Moderator(_) => None,
        Actor::Gateway | Actor::Tracker | Actor::Clock => return Err(forbidden()),
    };
    match (own, asked.status.as_deref(), asked.order_id.as_deref(), asked.party.as_deref()) {
        (Some(own), None, None, None) => Ok(Filter::Party(own)),
        (Some(own), None, None, Some(party)) if own == party => Ok(Filter::Party(own)),
        (Some(_), ..) => Err(forbidden()),
        (None, None, None, None) => Ok(Filter::All),
        (None, Some(status), None, None) => Ok(Filter::Status(status)),
        (None, None, Some(order), None) => Ok(Filter::Order(order)),
        (None, None, None, Some(party)) => Ok(Filter::Party(party)),
        (None, ..) => {
            Err(Problem::new(400, "bad-query", "The query is wrong", "Ask by one thing at a time."))
        }
    }
}

fn forbidden() -> Problem {
    Problem::new(403, "forbidden", "Not allowed", "Only your own deals are for you to list.")
}
