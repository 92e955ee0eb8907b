//! Fees in Rust code: [`Fee::percent`] and [`Fee::fixed`].

use rust_decimal::Decimal;

use super::builder::sum;
use super::{Amount, Fee, FeeBase, FeeId, FeePayee, OnRefund, Payer, TermsError};
use crate::money::{RateError, Rounding};
use crate::{Currency, PartyId, Rate, TextError};

/// A fee under construction, in a currency that the terms know. [`Fee::percent`] or [`Fee::fixed`] begins one.
///
/// Unless said otherwise the platform receives it, the seller pays it, its rate is of the price, and it is returned when
/// the deal does not complete.
///
/// # Examples
/// ```
/// use escrow::Currency;
/// use escrow::terms::{Fee, FeeBase, FeePayee, OnRefund, Terms};
/// use rust_decimal::dec;
///
/// // PAYSTO: 30 % to the partner, out of which 5 % go to the processor
/// let terms = Terms::builder("anna", "shop", Currency::RUB)
///     .item("Phone", dec!(1000))
///     .fee(Fee::percent("partner", dec!(30)).partner("site-owner"))
///     .fee(Fee::percent("processing", dec!(5)).payee(FeePayee::Processor).out_of("partner"))
///     .fee(Fee::percent("bank", dec!(2.9)).fixed(dec!(0.30)).base(FeeBase::Gross).on_refund(OnRefund::Keep))
///     .build()?;
///
/// let nets: Vec<_> = terms.quote().fees.iter().map(|line| line.net.to_string()).collect();
/// assert_eq!(nets, ["250.00 RUB", "50.00 RUB", "29.30 RUB"]);
/// # Ok::<(), escrow::terms::TermsError>(())
/// ```
///
/// A commission per category, a tax on it, and what the processor takes, which the buyer adds:
/// ```
/// # use escrow::Currency;
/// # use escrow::money::Rounding;
/// # use escrow::terms::{Fee, FeeBase, FeePayee, Payer, Terms};
/// # use rust_decimal::dec;
/// let terms = Terms::builder("anna", "shop", Currency::EUR)
///     .item("Book", dec!(80))
///     .item("Toy", dec!(20))
///     .fee(Fee::percent("books", 10).of_items([0]))
///     .fee(Fee::percent("vat", 21).on_fee("books").rounding(Rounding::HalfUp))
///     .fee(
///         Fee::percent("card", dec!(2.9))
///             .fixed(dec!(0.30))
///             .base(FeeBase::Gross)
///             .payer(Payer::Buyer)
///             .payee(FeePayee::Processor),
///     )
///     .build()?;
///
/// assert_eq!(terms.quote().deposit.to_string(), "103.29 EUR");
/// // 100.00 less 8.00 and 1.68
/// assert_eq!(terms.quote().payout.to_string(), "90.32 EUR");
/// # Ok::<(), escrow::terms::TermsError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a fee counts where it is added to terms"]
pub struct FeeBuilder {
    id: Result<FeeId, TextError>,
    payee: Result<FeePayee, TextError>,
    rate: Result<Rate, RateError>,
    base: Result<FeeBase, TextError>,
    rounding: Rounding,
    fixed: Option<Amount>,
    per_unit: Option<Amount>,
    min: Option<Amount>,
    max: Option<Amount>,
    payer: Option<Payer>,
    on_refund: Option<OnRefund>,
    out_of: Option<Result<FeeId, TextError>>,
}

impl Fee {
    /// Begins a fee of that many percent.
    pub fn percent(id: impl AsRef<str>, percent: impl Into<Decimal>) -> FeeBuilder {
        FeeBuilder {
            id: FeeId::new(id),
            payee: Ok(FeePayee::Platform),
            rate: Rate::percent(percent.into()),
            base: Ok(FeeBase::Price),
            rounding: Rounding::Down,
            fixed: None,
            per_unit: None,
            min: None,
            max: None,
            payer: Some(Payer::Seller),
            on_refund: Some(OnRefund::Return),
            out_of: None,
        }
    }

    /// Begins a fee of a fixed sum.
    pub fn fixed(id: impl AsRef<str>, amount: impl Into<Amount>) -> FeeBuilder {
        Self::percent(id, Decimal::ZERO).fixed(amount)
    }
}

impl From<Fee> for FeeBuilder {
    fn from(fee: Fee) -> Self {
        let Fee { id, payee, rate, base, rounding, fixed, per_unit, min, max, payer, on_refund, out_of } =
            fee;
        Self {
            id: Ok(id),
            payee: Ok(payee),
            rate: Ok(rate),
            base: Ok(base),
            rounding,
            fixed: fixed.map(Amount::Money),
            per_unit: per_unit.map(Amount::Money),
            min: min.map(Amount::Money),
            max: max.map(Amount::Money),
            payer,
            on_refund,
            out_of: out_of.map(Ok),
        }
    }
}

impl FeeBuilder {
    /// Who receives it.
    pub fn payee(mut self, payee: FeePayee) -> Self {
        self.payee = Ok(payee);
        self
    }

    /// This partner receives it.
    pub fn partner(mut self, partner: impl AsRef<str>) -> Self {
        self.payee = PartyId::new(partner).map(FeePayee::Partner);
        self
    }

    /// The rate.
    pub fn rate(mut self, rate: Rate) -> Self {
        self.rate = Ok(rate);
        self
    }

    /// What the rate is taken of.
    pub fn base(mut self, base: FeeBase) -> Self {
        self.base = Ok(base);
        self
    }

    /// Takes the rate of these items only, by their places from 0.
    pub fn of_items(self, items: impl IntoIterator<Item = u16>) -> Self {
        self.base(FeeBase::Items(items.into_iter().collect()))
    }

    /// Takes the rate of an earlier fee, whose payer and `on_refund` it follows: a tax.
    pub fn on_fee(mut self, parent: impl AsRef<str>) -> Self {
        self.base = FeeId::new(parent).map(FeeBase::Fee);
        (self.payer, self.on_refund) = (None, None);
        self
    }

    /// How the product of base and rate is rounded.
    pub fn rounding(mut self, rounding: Rounding) -> Self {
        self.rounding = rounding;
        self
    }

    /// A fixed sum for every unit of the items that are the base.
    pub fn per_unit(mut self, amount: impl Into<Amount>) -> Self {
        self.per_unit = Some(amount.into());
        self
    }

    /// A fixed sum on top of the rate.
    pub fn fixed(mut self, amount: impl Into<Amount>) -> Self {
        self.fixed = Some(amount.into());
        self
    }

    /// The least that the fee can be.
    pub fn min(mut self, amount: impl Into<Amount>) -> Self {
        self.min = Some(amount.into());
        self
    }

    /// The most that the fee can be.
    pub fn max(mut self, amount: impl Into<Amount>) -> Self {
        self.max = Some(amount.into());
        self
    }

    /// Who pays it.
    pub fn payer(mut self, payer: Payer) -> Self {
        self.payer = Some(payer);
        self
    }

    /// What happens to it when the deal does not complete.
    pub fn on_refund(mut self, on_refund: OnRefund) -> Self {
        self.on_refund = Some(on_refund);
        self
    }

    /// Carves it out of an earlier fee, whose payer and `on_refund` it follows.
    pub fn out_of(mut self, parent: impl AsRef<str>) -> Self {
        self.out_of = Some(FeeId::new(parent));
        (self.payer, self.on_refund) = (None, None);
        self
    }

    /// The fee, with sums in this currency.
    ///
    /// # Errors
    /// [`TermsError`] names the field and what is wrong with it. Not transient.
    pub fn build(self, currency: Currency) -> Result<Fee, TermsError> {
        let sum = |field, amount: Option<Amount>| amount.map(|a| sum(field, a, currency)).transpose();
        Ok(Fee {
            id: self.id.map_err(|e| TermsError::at("id", e.into()))?,
            payee: self.payee.map_err(|e| TermsError::at("payee", e.into()))?,
            rate: self.rate.map_err(|e| TermsError::at("rate", e.into()))?,
            base: self.base.map_err(|e| TermsError::at("base", e.into()))?,
            rounding: self.rounding,
            fixed: sum("fixed", self.fixed)?,
            per_unit: sum("per_unit", self.per_unit)?,
            min: sum("min", self.min)?,
            max: sum("max", self.max)?,
            payer: self.payer,
            on_refund: self.on_refund,
            out_of: self.out_of.transpose().map_err(|e| TermsError::at("out_of", e.into()))?,
        })
    }
}
