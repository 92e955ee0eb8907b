//! A call from its text to what is to be done, and what is done to its answer. The host's part between them: load the
//! deal, submit, tell.

use serde_json::Value;

use super::calls::Call;
use super::create::{NewDeal, attach};
use super::desk::Desk;
use super::entities::{Deal as Shown, Track};
use super::error::{ApiError, ErrorKind, decode};
use super::events::events;
use super::form::Form;
use super::host::{HostData, Kept};
use super::list::ListDeals;
use super::payments::{AdditionalPayment, FormRequest};
use super::query;
use super::requests::{
    AddAttachments, AddPayment, Calculate, ChargeForm, CreateDeal, DepositForm, InitiatorQuery,
    SetPerformingTrack, UpdateDeal,
};
use super::requisite::RequisiteId;
use super::route::Route;
use super::status::DealStatus;
use super::user::ApiUser;
use escrow::{Caller, Command, Deal, DealId, Envelope, PartyId, Time};

/// What a call asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Request {
    /// `GET /deals/calculate`.
    Calculate(Box<Calculate>),
    /// `GET /deals/statuses`.
    Statuses,
    /// `GET /deals/`: the host's store runs [`ApiUser::filter`] of it.
    List(Box<ListDeals>),
    /// `POST /deals/`.
    Create(Box<CreateDeal>),
    /// Shows the deal, its track, its payments or its history.
    Show,
    /// `PATCH /deals/{id}`.
    Update(Box<UpdateDeal>),
    /// A call that needs nothing but itself.
    Act(Call),
    /// `POST add-attachments`.
    AddAttachments(AddAttachments),
    /// `GET deposit-form`.
    DepositForm(Box<DepositForm>),
    /// `GET payment-form`.
    PaymentForm(Box<ChargeForm>),
    /// `POST payments`.
    AddPayment(AddPayment),
    /// `GET /deposit/requisites/{owner}/{id}`: [`Requisite::project`](crate::Requisite::project) of the owner's profile,
    /// once [`Incoming::alone`] has said that the caller may see it.
    Requisite {
        /// Whose.
        owner: PartyId,
        /// Which.
        id: RequisiteId,
    },
}

/// A call that has come in: read, and not carried out.
///
/// 1. [`Incoming::read`] it. A call without a deal is answered by [`Incoming::alone`], opens one ([`Incoming::open`]), or is
///    answered from the host's stores: a list ([`ApiUser::filter`]), a requisite.
/// 2. Load deal and [`HostData`]; [`Incoming::work`] says whether the caller may, and what is to be submitted. What the deal
///    would refuse is refused here, before anything is committed.
/// 3. Keep [`Work::kept`], submit [`Work::commands`], and tell ([`HostData::tell`]) once, from the deal before the call to
///    the deal after it, also where a commit has failed half-way.
/// 4. [`Incoming::answer`].
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Incoming {
    /// Which call.
    pub route: Route,
    /// The deal in its path.
    pub deal: Option<DealId>,
    /// On whose behalf.
    pub initiator: Option<PartyId>,
    /// What it asks for.
    pub request: Request,
}

/// What a call about a deal comes to.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Work {
    /// To be submitted in this order, each by its caller.
    pub commands: Vec<(Command, Caller)>,
    /// For the host to keep ([`HostData::keep`]) before that.
    pub kept: Kept,
    /// The payment, among the commands, for which a form is wanted then.
    pub form: Option<FormRequest>,
}

/// What an answer is made of.
#[derive(Clone, Debug)]
pub struct Done<'a> {
    /// The deal after the call.
    pub deal: &'a Deal,
    /// What the host knows of it.
    pub host: &'a HostData,
    /// The gateway's form, where [`Work::form`] wanted one.
    pub form: Option<Form>,
    /// The deal's whole journal, where the history is asked for.
    pub journal: &'a [Envelope],
}

impl Incoming {
    /// Reads a call: method, path with query, body.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] where there is no such call or the id is none; otherwise as [`decode`].
    pub fn read(method: &str, target: &str, body: &[u8]) -> Result<Self, ApiError> {
        let (route, ids) = Route::of(method, target)?;
        let query = query::read(target)?;
        let (deal, request) = match (route, ids.as_slice()) {
            (Route::Calculate, _) => (None, Request::Calculate(decode(&query)?)),
            (Route::Statuses, _) => (None, Request::Statuses),
            (Route::List, _) => (None, Request::List(decode(&query)?)),
            (Route::Create, _) => (None, Request::Create(decode(body)?)),
            (Route::Requisite, [owner, id]) => (None, requisite(owner, id)?),
            (_, [id, ..]) => (Some(deal_id(id)?), about(route, &query, body)?),
            (_, []) => return Err(ApiError::new(ErrorKind::NotFound, "there is no such call")),
        };
        let initiator = match &request {
            Request::DepositForm(form) => form.initiator_profile_id.clone(),
            Request::PaymentForm(form) => form.initiator_profile_id.clone(),
            Request::List(list) => list.initiator_profile_id.clone(),
            Request::Calculate(calculate) => calculate.initiator_profile_id.clone(),
            Request::Statuses
            | Request::Create(_)
            | Request::Show
            | Request::Update(_)
            | Request::Act(_)
            | Request::AddAttachments(_)
            | Request::AddPayment(_)
            | Request::Requisite { .. } => decode::<InitiatorQuery>(&query)?.initiator_profile_id,
        };
        Ok(Self { route, deal, initiator, request })
    }

    /// The deal that the call is about.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] for a call that is about none.
    pub fn about(&self) -> Result<DealId, ApiError> {
        self.deal.ok_or_else(|| ApiError::new(ErrorKind::NotFound, "the call is about no deal"))
    }

    /// The answer to a call that needs no deal and no store. A call about a requisite goes through here, too, and is
    /// answered by the host's store then.
    ///
    /// # Errors
    /// As [`Calculate::quote`] and [`ApiUser::may_see_requisite`].
    pub fn alone(&self, user: &ApiUser) -> Result<Option<Value>, ApiError> {
        if let Request::Calculate(calculate) = &self.request {
            return json(&calculate.quote(user)?).map(Some);
        }
        if let Request::Requisite { owner, .. } = &self.request {
            user.may_see_requisite(owner, self.initiator.as_ref())?;
        }
        (self.route == Route::Statuses).then(|| json(&DealStatus::list())).transpose()
    }

    /// The deal that the call opens; `None`: it opens none.
    ///
    /// # Errors
    /// As [`CreateDeal::new_deal`].
    pub fn open(&self, user: &ApiUser, desk: &impl Desk) -> Result<Option<NewDeal>, ApiError> {
        let Request::Create(create) = &self.request else { return Ok(None) };
        create.new_deal(user, self.initiator.as_ref(), desk).map(Some)
    }

    /// What the call about a deal comes to, at this time.
    ///
    /// A call is carried out whole or not at all: its commands are judged here, one after another on a copy of the deal, and
    /// the first that is refused refuses the call. Whoever changes the deal in between, or a store that fails half-way, can
    /// still leave a part: the same call again finishes it, since what stands is not done twice.
    ///
    /// # Errors
    /// As [`ApiUser::caller_of`], whatever the call is; then as the request's own function, and what the deal refuses.
    pub fn work(
        &self,
        user: &ApiUser,
        deal: &Deal,
        host: &HostData,
        desk: &impl Desk,
        now: Time,
    ) -> Result<Work, ApiError> {
        let caller = user.caller_of(self.route, deal, host, self.initiator.as_ref())?;
        let by = |command: Command| (command, caller.clone());
        let mut work = Work::default();
        match &self.request {
            Request::Update(update) => {
                let updates = update.commands(user, deal, host, &caller, desk)?;
                work.commands = updates.commands;
                work.kept = updates.kept;
            }
            Request::Act(call) => work.commands.push(by(call.command())),
            Request::AddAttachments(add) => {
                work.commands.extend(attach(&add.attachments, desk)?.into_iter().map(by));
            }
            Request::AddPayment(add) => work.commands.push(by(add.command(deal, &caller)?.into())),
            Request::DepositForm(form) => work.form = Some(form.request(deal, &caller, desk)?),
            Request::PaymentForm(form) => work.form = Some(form.request(deal, &caller, desk)?),
            Request::Calculate(_)
            | Request::Statuses
            | Request::List(_)
            | Request::Create(_)
            | Request::Show
            | Request::Requisite { .. } => {}
        }
        if let Some(form) = &work.form {
            work.commands.push(by(form.payment.clone().into()));
        }
        let mut copy = deal.clone();
        for (command, caller) in &work.commands {
            let _ = copy.handle(command, &caller.clone().at(now))?;
        }
        Ok(work)
    }

    /// The answer to a call about a deal, or to one that opened it.
    ///
    /// # Errors
    /// [`ErrorKind::Server`] where the deal has no word for something in Nalogka's form, or the journal is not this deal's.
    pub fn answer(&self, done: &Done<'_>) -> Result<Value, ApiError> {
        let Done { deal, host, form, journal } = done;
        match self.route {
            Route::SetTrack | Route::GetTrack | Route::RemoveTrack => json(&Track::project(deal, host)),
            Route::Payments | Route::AddPayment => json(&AdditionalPayment::list(deal)?),
            Route::DepositForm | Route::PaymentForm => json(form),
            Route::Events => {
                let bare = HostData { kept: host.kept.clone(), ..HostData::new(host.workflow) };
                json(&events(None, journal, deal, &bare)?)
            }
            Route::Calculate
            | Route::Statuses
            | Route::List
            | Route::Create
            | Route::Get
            | Route::Update
            | Route::Cancel
            | Route::ConfirmAcceptation
            | Route::PerformingStart
            | Route::PerformingStop
            | Route::AddAttachments
            | Route::Requisite => json(&Shown::project(deal, host)?),
        }
    }
}

/// The request of a call about a deal.
fn about(route: Route, query: &[u8], body: &[u8]) -> Result<Request, ApiError> {
    Ok(match route {
        Route::Update => Request::Update(decode(body)?),
        Route::Cancel => Request::Act(Call::Cancel { comment: Default::default() }),
        Route::ConfirmAcceptation => Request::Act(Call::ConfirmAcceptation),
        Route::PerformingStart => Request::Act(Call::PerformingStart),
        Route::PerformingStop => Request::Act(Call::PerformingStop),
        Route::SetTrack => Request::Act(Call::SetTrack(decode::<SetPerformingTrack>(body)?)),
        Route::RemoveTrack => Request::Act(Call::RemoveTrack),
        Route::AddAttachments => Request::AddAttachments(decode(body)?),
        Route::AddPayment => Request::AddPayment(decode(body)?),
        Route::DepositForm => Request::DepositForm(decode(query)?),
        Route::PaymentForm => Request::PaymentForm(decode(query)?),
        Route::Calculate
        | Route::Statuses
        | Route::List
        | Route::Create
        | Route::Get
        | Route::GetTrack
        | Route::Events
        | Route::Requisite
        | Route::Payments => Request::Show,
    })
}

fn deal_id(text: &str) -> Result<DealId, ApiError> {
    let id = uuid::Uuid::parse_str(text);
    id.map(DealId::new).map_err(|_| ApiError::no_such_deal())
}

fn requisite(owner: &str, id: &str) -> Result<Request, ApiError> {
    // a plus is a space in a query only
    let part = |text: &str| query::decoded(&text.replace('+', "%2B"));
    let read = || {
        let (owner, id) = (part(owner)?, part(id)?);
        Some(Request::Requisite { owner: PartyId::new(owner).ok()?, id: RequisiteId::new(id).ok()? })
    };
    read().ok_or_else(|| ApiError::new(ErrorKind::NotFound, "there is no such requisite"))
}

fn json(of: &impl serde::Serialize) -> Result<Value, ApiError> {
    serde_json::to_value(of).map_err(|e| ApiError::new(ErrorKind::Server, e.to_string()))
}
