//! Gateways of different kinds in one list: the only place where a future is boxed.

use std::error::Error;
use std::future::Future;
use std::pin::Pin;

use escrow::deal::PendingOrder;
use escrow::deal::command::Answered;
use escrow::port::{CheckoutForm, CheckoutRequest, PaymentGateway};

/// A future on the heap, of no runtime in particular.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Whatever went wrong on the way to one of several gateways.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct BoxedError(Box<dyn Error + Send + Sync>);

impl BoxedError {
    /// The error as its gateway gave it.
    pub fn into_inner(self) -> Box<dyn Error + Send + Sync> {
        self.0
    }
}

/// [`PaymentGateway`] for trait objects: every gateway whose errors are errors is one by itself.
pub trait DynGateway: Sync {
    /// See [`PaymentGateway::checkout`].
    fn checkout<'a>(
        &'a self,
        request: CheckoutRequest<'a>,
    ) -> BoxFuture<'a, Result<CheckoutForm, BoxedError>>;

    /// See [`PaymentGateway::execute`].
    fn execute<'a>(&'a self, order: PendingOrder<'a>) -> BoxFuture<'a, Result<Answered, BoxedError>>;
}

impl<G: PaymentGateway<Error: Error + Send + Sync + 'static>> DynGateway for G {
    fn checkout<'a>(
        &'a self,
        request: CheckoutRequest<'a>,
    ) -> BoxFuture<'a, Result<CheckoutForm, BoxedError>> {
        let asked = PaymentGateway::checkout(self, request);
        Box::pin(async move { asked.await.map_err(|e| BoxedError(Box::new(e))) })
    }

    fn execute<'a>(&'a self, order: PendingOrder<'a>) -> BoxFuture<'a, Result<Answered, BoxedError>> {
        let done = PaymentGateway::execute(self, order);
        Box::pin(async move { done.await.map_err(|e| BoxedError(Box::new(e))) })
    }
}

/// One of several gateways of different kinds.
pub type BoxedGateway = Box<dyn DynGateway + Send + Sync>;

impl PaymentGateway for BoxedGateway {
    type Error = BoxedError;

    fn checkout(
        &self,
        request: CheckoutRequest<'_>,
    ) -> impl Future<Output = Result<CheckoutForm, BoxedError>> + Send {
        let gateway: &(dyn DynGateway + Send + Sync) = &**self;
        async move { gateway.checkout(request).await }
    }

    fn execute(&self, order: PendingOrder<'_>) -> impl Future<Output = Result<Answered, BoxedError>> + Send {
        let gateway: &(dyn DynGateway + Send + Sync) = &**self;
        async move { gateway.execute(order).await }
    }
}
