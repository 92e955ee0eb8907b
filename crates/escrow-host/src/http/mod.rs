//! A JSON API of deals on axum: to create, to read, to list, to command, and to hear gateways. What a host of its own adds is
//! a [`Door`]: who asks, and whether a gateway's signature is right.
//!
//! | | | |
//! |---|---|---|
//! | `POST /deals` | terms as JSON, `Idempotency-Key` | 201, a [`DealView`] |
//! | `GET /deals/{id}` | | 200, a [`DealView`] for whoever has a part in it; 404 for everybody else |
//! | `GET /deals?status=…&order_id=…&party=…&after=…&limit=…` | | 200, a [`ListView`]; a party's own deals |
//! | `POST /deals/{id}/commands` | a command as JSON, `Idempotency-Key`, `If-Match` with the revision that was seen | 200, a [`DealView`] |
//! | `POST /webhooks/{gateway}` | whatever the gateway sends | 204 |
//!
//! Every error is a [`Problem`](crate::Problem). A `POST` that is sent again under the same key by the same caller gets its first answer,
//! and does nothing twice, even where the process died before it could answer: the key is the command's request id, and the
//! id of a new deal follows from it.

mod door;
mod problem;
mod requests;
mod routes;
mod views;

pub use door::{Asker, Door};
pub use routes::Api;
pub use views::{DealView, DepositView, ListView, RowView};
