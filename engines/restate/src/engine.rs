//! What an endpoint is made of.

use std::sync::Arc;

use escrow::Actor;
use escrow::port::{Clock, PaymentGateway};
use escrow_host::Backoff;
use restate_sdk::endpoint::Builder;

use crate::objects;

/// A gateway and a clock, and how to go on where something waits: makes the services of an endpoint.
///
/// # Examples
/// ```no_run
/// # use escrow::port::{Clock, PaymentGateway};
/// # async fn serve(gateway: impl PaymentGateway<Error: std::fmt::Display> + Send + 'static, clock: impl Clock + Send + Sync + 'static, olga: escrow::PartyId) {
/// use escrow_restate::Engine;
/// use restate_sdk::prelude::{Endpoint, HttpServer};
///
/// let engine = Engine::builder(gateway, clock, olga).build();
/// let endpoint = engine.bind(Endpoint::builder()).build();
/// HttpServer::new(endpoint).listen_and_serve(([127, 0, 0, 1], 9080).into()).await;
/// # }
/// ```
#[derive(Debug)]
pub struct Engine<G, C>(pub(crate) Arc<Inner<G, C>>);

#[derive(Debug)]
pub(crate) struct Inner<G, C> {
    pub(crate) gateway: G,
    pub(crate) clock: C,
    pub(crate) operator: Actor,
    pub(crate) backoff: Backoff,
    pub(crate) lists: bool,
}

impl<G, C> Clone for Engine<G, C> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// Builds an [`Engine`].
#[derive(Debug)]
pub struct EngineBuilder<G, C>(Inner<G, C>);

impl<G, C> EngineBuilder<G, C> {
    /// When to ask again about an order without an answer, and when to deliver again what could not be delivered.
    #[must_use]
    pub const fn backoff(mut self, backoff: Backoff) -> Self {
        self.0.backoff = backoff;
        self
    }

    /// Every commit is told to the service [`Lists`](crate::Lists), which has to be there.
    #[must_use]
    pub const fn lists(mut self) -> Self {
        self.0.lists = true;
        self
    }

    /// The engine.
    pub fn build(self) -> Engine<G, C> {
        Engine(Arc::new(self.0))
    }
}

impl<G, C> Engine<G, C> {
    /// On this gateway and this clock; the operator opens the deals of projects, and speaks for the platform.
    pub fn builder(gateway: G, clock: C, operator: escrow::PartyId) -> EngineBuilder<G, C> {
        let operator = Actor::Operator(operator);
        EngineBuilder(Inner { gateway, clock, operator, backoff: Backoff::default(), lists: false })
    }
}

impl<G, C> Engine<G, C>
where
    G: PaymentGateway<Error: std::fmt::Display> + Send + 'static,
    C: Clock + Send + Sync + 'static,
{
    /// Binds the services of all machines.
    pub fn bind(&self, endpoint: Builder) -> Builder {
        endpoint
            .bind(objects::Deals(self.clone()))
            .bind(objects::Offers(self.clone()))
            .bind(objects::Stores(self.clone()))
            .bind(objects::Projects(self.clone()))
            .bind(objects::Baskets(self.clone()))
            .bind(objects::Balances(self.clone()))
            .bind(objects::Subscriptions(self.clone()))
    }
}
