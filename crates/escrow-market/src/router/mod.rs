//! Several gateways behind the one port: which accepts a payment, which pays out, and which is asked again.

mod boxed;
mod method;
mod payouts;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use thiserror::Error;

pub use self::boxed::{BoxFuture, BoxedError, BoxedGateway, DynGateway};
pub use self::method::{Method, MethodError, Offered};
pub use self::payouts::{NotLater, PayoutRules, PayoutTo};

use escrow::deal::PendingOrder;
use escrow::deal::command::Answered;
use escrow::deposit::{GatewayName, MethodName, TransactionKind};
use escrow::port::{CheckoutForm, CheckoutRequest, PaymentGateway, blocking};
use escrow::{Currency, Money};

/// Several gateways as one: a [`PaymentGateway`], async where they are async, blocking where they are blocking.
///
/// Gateways of one type are listed as they are; those of different types as [`BoxedGateway`]s, or, blocking, as
/// `Box<dyn blocking::PaymentGateway<Error = E> + Sync>`.
///
/// **A key reaches one gateway at most**, since the same money could move twice by two. So the choice depends on nothing
/// but what the journal has of the order:
/// - A payment form comes from the gateway that has the method; a request is for one method, and another one needs
///   another key.
/// - A capture, void, refund or verification goes to the gateway that took the money, as the confirmation (or the claim)
///   names it, whatever destination was chosen: confirm payments under the names that the router knows. A gateway that
///   cannot pay there declines, and in time the money is on the payee's balance.
/// - A payout or a fee goes by the kind of its destination, which cannot change while an order has no answer, and by the
///   [rules](PayoutRules) that held when it was ordered.
///
/// **Nothing is rerouted.** An order whose gateway is down, or not here (any more), is an error, so *unknown*: it stays
/// pending and is asked again. It never becomes a decline, and goes to no other gateway. A name is one gateway's for good.
///
/// # Examples
/// ```
/// use escrow::{Currency, Money, Rate};
/// use escrow_market::Router;
/// use escrow_market::router::{Method, PayoutRules};
/// use escrow_testing::ScriptedGateway;
///
/// let rub = |minor| Money::from_minor(minor, Currency::RUB);
/// let three_percent = |name: &str| -> Result<Method, Box<dyn std::error::Error>> {
///     Ok(Method::new(name.parse()?, rub(1_00), rub(15_000_00), Rate::from_ppm(30_000)?, rub(0))?)
/// };
/// let router = Router::new(PayoutRules::new("webmoney".parse()?))
///     .with("webmoney".parse()?, ScriptedGateway::new(), [three_percent("wmr")?])?
///     .with("rbk".parse()?, ScriptedGateway::new(), [three_percent("rbk-money")?])?;
///
/// let offered: Vec<_> = router.methods(rub(1_000_00)).map(|o| (o.method.name().as_str(), o.cost)).collect();
/// assert_eq!(offered, [("wmr", rub(30_00)), ("rbk-money", rub(30_00))]);
/// router.set_available(&"rbk".parse()?, false)?;
/// assert_eq!(router.methods(rub(1_000_00)).count(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Source
/// Interkassa: the seller connects once and accepts every payment system; the buyer chooses one at the checkout.
#[derive(Debug)]
pub struct Router<G> {
    gateways: Vec<Routed<G>>,
    payouts: PayoutRules,
    /// Which gateway has on file what a subscription is charged to.
    charges: Option<GatewayName>,
}

struct Routed<G> {
    name: GatewayName,
    gateway: G,
    methods: Vec<Method>,
    available: AtomicBool,
}

/// A gateway may know secrets: it is not shown.
impl<G> fmt::Debug for Routed<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let available = self.available.load(Ordering::SeqCst);
        f.debug_struct("Routed")
            .field("name", &self.name)
            .field("methods", &self.methods)
            .field("available", &available)
            .finish_non_exhaustive()
    }
}

impl<G> Router<G> {
    /// A router that pays out by these rules, and has no gateway yet.
    pub const fn new(payouts: PayoutRules) -> Self {
        Self { gateways: Vec::new(), payouts, charges: None }
    }

    /// One gateway more, under a name that is its own for good, with the methods that it is offered with. A method's
    /// name is its gateway's for good, too: moved to another one, an open request could be paid at both.
    ///
    /// # Errors
    /// [`ListError`]: the name is taken, or a method in its currency. Not transient.
    pub fn with(
        mut self,
        name: GatewayName,
        gateway: G,
        methods: impl IntoIterator<Item = Method>,
    ) -> Result<Self, ListError> {
        if self.find(&name).is_some() {
            return Err(ListError::Gateway(name));
        }
        let mut own: Vec<Method> = Vec::new();
        for method in methods {
            let same = |m: &Method| m.name() == method.name() && m.currency() == method.currency();
            if own.iter().chain(self.gateways.iter().flat_map(|g| &g.methods)).any(same) {
                return Err(ListError::Method(method.name().clone(), method.currency()));
            }
            own.push(method);
        }
        self.gateways.push(Routed { name, gateway, methods: own, available: AtomicBool::new(true) });
        Ok(self)
    }

    /// The gateway that charges what it has on file of a payer, as for a subscription, and gives such a charge back. It is so
    /// for good: another one could charge an open period a second time, and cannot give back what it did not take.
    #[must_use]
    pub fn charging(self, name: GatewayName) -> Self {
        Self { charges: Some(name), ..self }
    }

    /// The host says, to this process, whether a gateway works. While it does not, its methods are not offered, no form is given for
    /// them, and its orders wait.
    ///
    /// # Errors
    /// [`RouteError::UnknownGateway`].
    pub fn set_available(&self, name: &GatewayName, available: bool) -> Result<(), RouteError> {
        self.known(name)?.available.store(available, Ordering::SeqCst);
        Ok(())
    }

    /// The methods that accept this amount, of the gateways that work, each with what it costs; in the order in which they
    /// were listed.
    pub fn methods<'a>(&'a self, amount: Money) -> impl Iterator<Item = Offered<'a>> {
        let working = self.gateways.iter().filter(|g| g.available.load(Ordering::SeqCst));
        working.flat_map(move |g| {
            let offered = move |method: &'a Method| {
                Some(Offered { gateway: &g.name, method, cost: method.cost(amount)? })
            };
            g.methods.iter().filter_map(offered)
        })
    }

    /// The gateway that an order goes to, whether it works or not, or is here at all. The same for an order for good.
    ///
    /// # Errors
    /// [`RouteError::NoSource`] where it is about a payment that no gateway is known of: no deal gives such an order, and a
    /// subscription's need [`charging`](Self::charging). The order waits, and is carried out once there is a gateway.
    pub fn route<'a>(&'a self, order: &PendingOrder<'a>) -> Result<&'a GatewayName, RouteError> {
        match order.kind {
            TransactionKind::Hold | TransactionKind::Capture | TransactionKind::Void => {
                order.gateway.ok_or(RouteError::NoSource)
            }
            TransactionKind::Charge | TransactionKind::Refund => {
                // a deal knows which gateway took the payment
                let charges = self.charges.as_ref().filter(|_| order.transaction.is_none());
                order.gateway.or(charges).ok_or(RouteError::NoSource)
            }
            TransactionKind::Payout | TransactionKind::Fee => {
                let to = PayoutTo::of(order.destination);
                Ok(self.payouts.gateway(to, order.ordered_at))
            }
        }
    }

    fn for_order(&self, order: &PendingOrder<'_>) -> Result<&G, RouteError> {
        self.working(self.route(order)?)
    }

    fn for_checkout(&self, request: &CheckoutRequest<'_>) -> Result<&G, RouteError> {
        let (name, currency) = (&request.form.method, request.amount.currency());
        let same = |m: &&Method| m.name() == name && m.currency() == currency;
        let listed = self.gateways.iter().find_map(|g| Some((g, g.methods.iter().find(same)?)));
        let (gateway, method) = listed.ok_or_else(|| RouteError::UnknownMethod(name.clone(), currency))?;
        if !method.takes(request.amount) {
            return Err(RouteError::OutOfLimits { min: method.min(), max: method.max() });
        }
        self.working(&gateway.name)
    }

    fn working(&self, name: &GatewayName) -> Result<&G, RouteError> {
        let found = self.known(name)?;
        if found.available.load(Ordering::SeqCst) {
            Ok(&found.gateway)
        } else {
            Err(RouteError::Down(name.clone()))
        }
    }

    fn known(&self, name: &GatewayName) -> Result<&Routed<G>, RouteError> {
        self.find(name).ok_or_else(|| RouteError::UnknownGateway(name.clone()))
    }

    fn find(&self, name: &GatewayName) -> Option<&Routed<G>> {
        self.gateways.iter().find(|g| g.name == *name)
    }
}

impl<G: PaymentGateway> PaymentGateway for Router<G> {
    type Error = RouterError<G::Error>;

    async fn checkout(&self, request: CheckoutRequest<'_>) -> Result<CheckoutForm, Self::Error> {
        self.for_checkout(&request)?.checkout(request).await.map_err(RouterError::Gateway)
    }

    async fn execute(&self, order: PendingOrder<'_>) -> Result<Answered, Self::Error> {
        self.for_order(&order)?.execute(order).await.map_err(RouterError::Gateway)
    }
}

impl<G: blocking::PaymentGateway> blocking::PaymentGateway for Router<G> {
    type Error = RouterError<G::Error>;

    fn checkout(&self, request: CheckoutRequest<'_>) -> Result<CheckoutForm, Self::Error> {
        self.for_checkout(&request)?.checkout(request).map_err(RouterError::Gateway)
    }

    fn execute(&self, order: PendingOrder<'_>) -> Result<Answered, Self::Error> {
        self.for_order(&order)?.execute(order).map_err(RouterError::Gateway)
    }
}

/// Why a gateway is not listed. Not transient.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum ListError {
    /// Another gateway has the name.
    #[error("gateway {0}: is listed already")]
    Gateway(GatewayName),
    /// Another method has the name, in the same currency.
    #[error("method {0} in {1}: is listed already")]
    Method(MethodName, Currency),
}

/// Why no gateway was asked. Of an order: it stays pending, and nothing has moved.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum RouteError {
    /// No gateway has this method in this currency.
    #[error("there is no method {0} in {1}")]
    UnknownMethod(MethodName, Currency),
    /// The method does not accept this amount.
    #[error("the method takes from {min} to {max}")]
    OutOfLimits {
        /// The least that it accepts.
        min: Money,
        /// The most that it accepts.
        max: Money,
    },
    /// There is no gateway with this name, or no longer.
    #[error("there is no gateway {0}")]
    UnknownGateway(GatewayName),
    /// The host says that it does not work.
    #[error("gateway {0} is down")]
    Down(GatewayName),
    /// The order is about a payment that no gateway is known of: it waits until the router has one that
    /// [charges](Router::charging).
    #[error("the order names no gateway: name the one that charges what it has on file")]
    NoSource,
}

impl RouteError {
    /// Whether the same call can succeed later, without a change of the configuration.
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::Down(_) => true,
            Self::UnknownMethod(..) | Self::OutOfLimits { .. } | Self::UnknownGateway(_) | Self::NoSource => {
                false
            }
        }
    }
}

/// What can go wrong with several gateways.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum RouterError<E> {
    /// No gateway was asked.
    #[error(transparent)]
    NotRouted(#[from] RouteError),
    /// The gateway was asked, and its answer is not known.
    #[error("the gateway could not be asked")]
    Gateway(#[source] E),
}
