//! Payment methods: within which limits, and at what cost. What a host tells before the terms are made.

use thiserror::Error;

use escrow::deposit::{GatewayName, MethodName};
use escrow::terms::{Fee, FeeBase, FeeId, FeePayee, Payer};
use escrow::{Currency, Money, Rate};

/// A way to pay in one currency, within limits.
///
/// What it costs is information, never a change to a deal: a host that wants the deal to bear it puts [`Method::fee`]
/// into the terms before they are made.
///
/// # Examples
/// ```
/// use escrow::terms::Payer;
/// use escrow::{Currency, Money, Rate};
/// use escrow_market::router::Method;
///
/// let rub = |minor| Money::from_minor(minor, Currency::RUB);
/// // 3 %, between 10 and 15 000
/// let wallet = Method::new("webmoney".parse()?, rub(10_00), rub(15_000_00), Rate::from_ppm(30_000)?, rub(0))?;
/// // 3 % of 999.99 is 29.9997
/// assert_eq!(wallet.cost(rub(999_99)), Some(rub(29_99)));
/// assert_eq!(wallet.cost(rub(9_99)), None);
/// assert_eq!(wallet.fee("processing".parse()?, Payer::Seller).rate, Rate::from_ppm(30_000)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Source
/// Interkassa: MoneyMail, RBK Money, WebMoney and others behind one checkout, at three per cent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Method {
    name: MethodName,
    min: Money,
    max: Money,
    rate: Rate,
    fixed: Money,
}

impl Method {
    /// A method for amounts from `min` to `max`, both included, for `rate` of the payment and a `fixed` sum on top.
    ///
    /// # Errors
    /// [`MethodError`]. Not transient.
    pub fn new(
        name: MethodName,
        min: Money,
        max: Money,
        rate: Rate,
        fixed: Money,
    ) -> Result<Self, MethodError> {
        if min.currency() != max.currency() || min.currency() != fixed.currency() {
            return Err(MethodError::Currency);
        }
        if !min.is_positive() || max.minor() < min.minor() {
            return Err(MethodError::Limits);
        }
        if fixed.is_negative() {
            return Err(MethodError::Fixed);
        }
        // a cost is at most the whole payment and the fixed sum: from here on it cannot overflow
        max.checked_add(fixed).map_err(|_| MethodError::TooLarge)?;
        Ok(Self { name, min, max, rate, fixed })
    }

    /// What a payment form names it by, and the gateway knows it by.
    pub const fn name(&self) -> &MethodName {
        &self.name
    }

    /// The currency of its payments.
    pub const fn currency(&self) -> Currency {
        self.min.currency()
    }

    /// The least amount that it accepts.
    pub const fn min(&self) -> Money {
        self.min
    }

    /// The largest amount that it accepts.
    pub const fn max(&self) -> Money {
        self.max
    }

    /// The part of the payment that it costs.
    pub const fn rate(&self) -> Rate {
        self.rate
    }

    /// What it costs on top of the rate.
    pub const fn fixed(&self) -> Money {
        self.fixed
    }

    /// Whether it accepts this payment.
    pub fn takes(&self, amount: Money) -> bool {
        amount.currency() == self.currency()
            && (self.min.minor()..=self.max.minor()).contains(&amount.minor())
    }

    /// What a payment by it costs: `floor(amount × rate) + fixed`, as a [`Fee`] would be. `None`: not accepted.
    pub fn cost(&self, amount: Money) -> Option<Money> {
        let part = Money::from_minor(self.rate.floor_of(amount.minor()), amount.currency());
        Some(amount).filter(|amount| self.takes(*amount)).and(part.checked_add(self.fixed).ok())
    }

    /// The same cost as a fee of the processor's, for terms that are yet to be made; given up where the deal does not
    /// complete, unless the host says otherwise.
    ///
    /// Where one side pays it alone, its base is what the buyer pays online, so that the fee is [`Method::cost`] of the
    /// deposit to the minor unit: it comes out of the seller's payout, or the buyer's deposit is grossed up by it. A fee that
    /// both share cannot be grossed up: its base is the order, and it is that much smaller than what the method costs.
    pub fn fee(&self, id: FeeId, payer: Payer) -> Fee {
        let base = match payer {
            Payer::Seller | Payer::Buyer => FeeBase::Gross,
            Payer::Shared(_) => FeeBase::Order,
        };
        let fixed = Some(self.fixed).filter(|fixed| !fixed.is_zero());
        let mut fee = Fee::of_price(id, FeePayee::Processor, self.rate, payer);
        (fee.base, fee.fixed) = (base, fixed);
        fee
    }
}

/// Why this is not a method. Not transient.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum MethodError {
    /// The limits and the fixed cost are not all in one currency.
    #[error("limits and cost must be in one currency")]
    Currency,
    /// The least is not positive, or over the most.
    #[error("the limits must be positive, and the least not over the most")]
    Limits,
    /// The fixed cost is negative.
    #[error("the fixed cost must not be negative")]
    Fixed,
    /// The most and the fixed cost together are too large to count.
    #[error("the limits are too large")]
    TooLarge,
}

/// A method as it is offered for an amount.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Offered<'r> {
    /// Which gateway's.
    pub gateway: &'r GatewayName,
    /// The method.
    pub method: &'r Method,
    /// What it costs for this amount.
    pub cost: Money,
}
