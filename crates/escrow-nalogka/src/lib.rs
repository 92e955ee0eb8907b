//! Nalogka's *Safe Deals* on the wire: entities, notifications, calls, errors. API version 1.2.0.
//!
//! A host that has (or had) clients of that API puts this in front of its deals: requests are read into commands, deals
//! are shown in Nalogka's form, journals become webhooks. No HTTP here: paths, bodies and status codes are data.
//!
//! | direction | from | to |
//! |---|---|---|
//! | a call comes in | method, path, query, body: [`Incoming::read`] | a typed [`Request`] |
//! | who may, on whose behalf | [`ApiUser::caller_of`], for every call about a deal | [`Caller`](escrow::Caller) |
//! | it is carried out | [`Incoming::open`], [`Incoming::work`] | [`Terms`](escrow::Terms), [`Command`](escrow::Command)s |
//! | it is answered | [`Incoming::answer`] | JSON |
//! | it fails | [`Rejection`](escrow::Rejection), [`AgentError`](escrow::AgentError) | [`ApiError`] |
//! | something happened | [`HostData::tell`], [`events`] | webhooks, `GET /deals/{id}/events` |
//! | deals are listed | [`ListDeals`], [`DealRow`] | [`DealFilter`], which a store runs |
//!
//! The example `shop` is a whole host.
//!
//! # What a deal does not hold
//! Token, marketplace, contacts, requisites, public addresses of files and the history of a track are the host's: it keeps
//! them as [`HostData`], which also notes from the journal what it can ([`HostData::note`]), and answers what calls ask as a
//! [`Desk`].
//!
//! # What a repeat is known by
//! No call of API 1.2.0 has an identity of its own, so no command that a call becomes has a
//! [`request_id`](escrow::Caller::request_id). What stands is not done twice all the same: documents, additional payments and
//! forms have ids, and an update, a cancellation or an acceptation that stands already changes nothing. A `performing-start` or
//! a track that arrives again after the deal has moved on is refused, or done again. A host whose transport tells repeats
//! (an `Idempotency-Key`) gives each command of [`Work::commands`] that key and its place among them before it submits them.
//!
//! # What cannot be said in Nalogka's form
//! The form is narrower than this crate's terms. What it has no word for is a [`ProjectionError`] that names the field,
//! never another value: a currency other than the rouble, a service or fee split otherwise than half and half
//! (0 % and 100 % are `seller` and `buyer`), fees with different payers, a service of a third party, guarantee deposits,
//! a proposal that not everybody has agreed to. Left out without an error, because nothing that is shown becomes wrong
//! by it: description, tags, units of measure, the way of delivery, the arbiter, the fee schedule behind the commission's
//! sums, and the policy but for `partial_buyout_allowed`.
//!
//! No call of API 1.2.0 agrees to anything: creation implies consent, and an update by the API user does, too
//! ([`UpdateDeal::commands`]). Where a party amends by another way, the other's asking for a form is agreeing to what the
//! form is for.
//!
//! # What changed with the API's versions
//! `join` was removed in 1.2.0 (creation implies the consent of both), `done` and `undone` in 1.1.0
//! (`confirm-acceptation` instead); [`Route::of`] says so to whoever still calls them. Since 1.1.0 a deposit has
//! `transactions` instead of `payments`, and an event `occurred_at` instead of `occured_at`.

#![forbid(unsafe_code)]

mod api;
mod calls;
mod create;
mod desk;
mod entities;
mod error;
mod events;
mod form;
mod host;
mod items;
mod list;
mod notification;
mod payments;
mod presets;
mod project;
mod query;
mod quote;
mod requests;
mod requisite;
mod route;
mod shop;
mod status;
mod sum;
mod update;
mod user;
mod words;

pub use api::{Done, Incoming, Request, Work};
pub use calls::Call;
pub use create::NewDeal;
pub use desk::{Desk, FileInfo};
pub use entities::{
    AdditionalService, Attachment, ContactInfo, Deal, Deposit, Dispute, SubjectItem, Track, TrackEvent,
    Transaction,
};
pub use error::{ApiError, ErrorKind, ItemError, MAX_BODY, decode};
pub use events::{CreatedEvent, DealEvent, StatusChangedEvent, UpdatedEvent, events};
pub use form::{Form, PAYMENT_PAGE, PaymentPage, ReturnUrl, UrlError};
pub use host::{DisputeNotes, HostData, Kept, Place};
pub use list::{Bound, Column, Condition, DealFilter, DealRow, ListDeals, Test};
pub use notification::{Changes, HistoryError, Notification, notifications};
pub use payments::{AdditionalPayment, FormRequest};
pub use presets::{marketplace_policy, shop_policy};
pub use project::{Inexpressible, ProjectionError};
pub use quote::CalculationResult;
pub use requests::{
    AddAttachments, AddPayment, Calculate, ChargeForm, CreateDeal, DepositForm, InitiatorQuery,
    NewAttachment, SetPerformingTrack, UpdateDeal,
};
pub use requisite::{Requisite, RequisiteId, RequisiteKind, usable};
pub use route::Route;
pub use shop::{OnError, OrderChange, ShopAction};
pub use status::{DealStatus, StatusName};
pub use sum::{NotRoubles, Sum};
pub use update::Updates;
pub use user::{ApiUser, UserKind};
pub use words::{
    DepositStatus, DisputeOpener, Initiator, Payer, ProvidedBy, TrackStatus, TransactionType, Workflow,
};
