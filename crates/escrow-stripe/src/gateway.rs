//! The port: orders become calls.

use std::fmt;
use std::sync::Arc;

use escrow::deal::PendingOrder;
use escrow::deal::command::Answered;
use escrow::deposit::{GatewayName, IdempotencyKey, Reference, TransactionKind};
use escrow::port::{CheckoutForm, CheckoutRequest, Clock, blocking};
use escrow::{DealId, Money, Time};

use crate::checkout::Checkout;
use crate::client::{ApiKey, Client, Form, is_id};
use crate::error::Error;
use crate::objects::PaymentIntent;
use crate::route::Route;
use crate::settings::{Settings, StripeBuilder};

/// Stripe as a gateway of deals. Cheap to clone; all clones share their connections.
///
/// `blocking::PaymentGateway` is implemented on it, and with the feature `tokio` the async port, too.
pub struct Stripe<C> {
    pub(crate) inner: Arc<Inner<C>>,
}

impl<C> Clone for Stripe<C> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

impl<C> fmt::Debug for Stripe<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stripe").field("name", &self.inner.settings.name).finish_non_exhaustive()
    }
}

pub(crate) struct Inner<C> {
    pub(crate) client: Client,
    pub(crate) clock: C,
    pub(crate) settings: Settings,
}

/// An order with all that its calls need, of its own: it may be carried out on another thread.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    pub(crate) key: IdempotencyKey,
    pub(crate) amount: Money,
    /// Whether it may have been sent so long ago that the key is forgotten: then it is looked for first.
    pub(crate) looks: bool,
    /// Since when it may have been sent.
    pub(crate) since: Option<Time>,
    pub(crate) step: Step,
}

#[derive(Clone, Debug)]
pub(crate) enum Step {
    Capture { payment: String },
    LetGo { payment: String },
    Refund { payment: String },
    Pay { route: Route },
    Verify { payment: String, is_hold: bool },
}

impl<C: Clock> Stripe<C> {
    /// The name of the gateway, unless it is given another one.
    pub const NAME: &'static str = "stripe";

    /// A gateway with this key; the clock says how old an order is.
    ///
    /// # Errors
    /// None: the name is one.
    pub fn builder(key: ApiKey, clock: C) -> Result<StripeBuilder<C>, escrow::TextError> {
        Ok(StripeBuilder::new(key, clock, GatewayName::new(Self::NAME)?))
    }

    /// Whose payment it is: what a webhook about a dispute does not say. `None`: no deal's.
    ///
    /// # Errors
    /// [`Error`].
    pub fn deal_of(&self, payment: &Reference) -> Result<Option<DealId>, Error> {
        Ok(self.inner.payment(payment_id(payment.as_str())?)?.metadata.deal())
    }
}

/// An id that may stand in a path.
fn payment_id(text: &str) -> Result<&str, Error> {
    if is_id(text, "pi_") { Ok(text) } else { Err(Error::NoPayment(text.to_owned())) }
}

impl<C: Clock> Inner<C> {
    /// Reads the order, and what the host knows of its payee.
    pub(crate) fn plan(&self, order: &PendingOrder<'_>) -> Result<Task, Error> {
        if let Some(other) = order.gateway.filter(|name| **name != self.settings.name) {
            return Err(Error::OtherGateway(other.to_string()));
        }
        let source = || order.source.map(Reference::as_str).ok_or(Error::NoPayment("nothing".to_owned()));
        let payment = || Ok::<_, Error>(payment_id(source()?)?.to_owned());
        let pay = || {
            let route = Route::of_order(order, &self.settings)?;
            Ok::<_, Error>(Step::Pay { route })
        };
        let step = match order.kind {
            TransactionKind::Capture => Step::Capture { payment: payment()? },
            TransactionKind::Void => Step::LetGo { payment: payment()? },
            // the payer wants it elsewhere than where it came from
            TransactionKind::Refund if order.destination.is_some() => pay()?,
            TransactionKind::Refund => Step::Refund { payment: payment()? },
            TransactionKind::Payout | TransactionKind::Fee => pay()?,
            TransactionKind::Hold => Step::Verify { payment: source()?.to_owned(), is_hold: true },
            TransactionKind::Charge => Step::Verify { payment: source()?.to_owned(), is_hold: false },
        };
        let now = self.clock.now();
        let after = u64::from(self.settings.look_after_s).saturating_mul(1_000);
        // a clock that was put back says nothing of an age
        let looks = order.first_sent.is_some_and(|at| at > now || now.millis_since(at) >= after);
        Ok(Task { key: order.key, amount: order.amount, looks, since: order.first_sent, step })
    }

    pub(crate) fn payment(&self, id: &str) -> Result<PaymentIntent, Error> {
        self.client.get(&format!("/v1/payment_intents/{id}"), &Form::default(), None)
    }
}

impl<C: Clock> blocking::PaymentGateway for Stripe<C> {
    type Error = Error;

    fn checkout(&self, request: CheckoutRequest<'_>) -> Result<CheckoutForm, Error> {
        self.inner.open(&Checkout::new(&request, &self.inner.settings)?)
    }

    fn execute(&self, order: PendingOrder<'_>) -> Result<Answered, Error> {
        self.inner.run(&self.inner.plan(&order)?)
    }
}

#[cfg(feature = "tokio")]
impl<C: Clock + Send + Sync + 'static> escrow::port::PaymentGateway for Stripe<C> {
    type Error = Error;

    async fn checkout(&self, request: CheckoutRequest<'_>) -> Result<CheckoutForm, Error> {
        let checkout = Checkout::new(&request, &self.inner.settings)?;
        elsewhere(&self.inner, move |inner| inner.open(&checkout)).await
    }

    async fn execute(&self, order: PendingOrder<'_>) -> Result<Answered, Error> {
        let task = self.inner.plan(&order)?;
        elsewhere(&self.inner, move |inner| inner.run(&task)).await
    }
}

/// On one of tokio's threads for work that blocks.
#[cfg(feature = "tokio")]
async fn elsewhere<C: Send + Sync + 'static, T: Send + 'static>(
    inner: &Arc<Inner<C>>,
    work: impl FnOnce(&Inner<C>) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let inner = Arc::clone(inner);
    tokio::task::spawn_blocking(move || work(&inner)).await.unwrap_or(Err(Error::Interrupted))
}
