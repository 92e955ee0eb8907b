//! Who asks.

use std::future::Future;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use escrow::{Caller, Command, DealId};

use super::Api;
use crate::Problem;

/// What a host supplies: who a request is from, and what a gateway's webhook says.
pub trait Door: Send + Sync + 'static {
    /// Who asks, by a session, a key or a certificate. A [`Problem`] with the status 401 turns them away.
    fn caller(&self, request: &Parts) -> impl Future<Output = Result<Caller, Problem>> + Send;

    /// What a gateway tells, once its signature is verified: nothing else may get past. A [`Problem`] turns it away, and the
    /// gateway sends it again.
    fn fact(
        &self,
        gateway: &str,
        headers: &HeaderMap,
        body: &[u8],
    ) -> impl Future<Output = Result<(DealId, Command), Problem>> + Send;
}

/// Extracts the caller of a request, as the [`Door`] knows them: for routes of the host's own, too.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Asker(pub Caller);

impl<R, G, C, D> FromRequestParts<Arc<Api<R, G, C, D>>> for Asker
where
    R: Send + Sync + 'static,
    G: Send + Sync + 'static,
    C: Send + Sync + 'static,
    D: Door,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api<R, G, C, D>>) -> Result<Self, Problem> {
        api.door().caller(parts).await.map(Self)
    }
}
