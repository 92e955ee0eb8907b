//! Which gateway pays out to which kind of destination, from when on.

use thiserror::Error;

use escrow::deposit::GatewayName;
use escrow::{Destination, Time};

/// The kind of destination that money is to be paid to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum PayoutTo {
    /// A bank account.
    Account,
    /// A bank card.
    Card,
    /// An e-wallet.
    Wallet,
    /// None was chosen: where the gateway knows the payee.
    Known,
}

impl PayoutTo {
    /// The kind of this destination. A balance never reaches a gateway.
    pub const fn of(destination: Option<&Destination>) -> Self {
        match destination {
            Some(Destination::Account(_)) => Self::Account,
            Some(Destination::Card(_)) => Self::Card,
            Some(Destination::Wallet(_)) => Self::Wallet,
            Some(Destination::Balance) | None => Self::Known,
        }
    }
}

/// Which gateway pays out to which kind of destination: a default, and rules that hold from a time on.
///
/// An order is judged by the rules **of the time when it was ordered**, which the journal has, so the same order goes to
/// the same gateway for good. Hence rules are only ever added, never changed or taken away, and `from` lies after every
/// order that the rules before have judged: in the future, by when every process of the host has the new rule. A rule may
/// name a gateway that there is not, or no longer: its orders wait, and go to no other.
///
/// # Examples
/// ```
/// use escrow::Time;
/// use escrow_market::router::{PayoutRules, PayoutTo};
///
/// let rules = PayoutRules::new("bank".parse()?)
///     .rule(Time::MIN, PayoutTo::Wallet, "webmoney".parse()?)?
///     // since spring, wallets are paid by another one
///     .rule(Time::parse("2026-04-01T00:00:00Z")?, PayoutTo::Wallet, "rbk".parse()?)?;
/// assert_eq!(rules.gateway(PayoutTo::Wallet, Time::parse("2026-03-31T23:59:59Z")?), "webmoney");
/// assert_eq!(rules.gateway(PayoutTo::Wallet, Time::parse("2026-04-01T00:00:00Z")?), "rbk");
/// assert_eq!(rules.gateway(PayoutTo::Card, Time::MAX), "bank");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PayoutRules {
    default: GatewayName,
    rules: Vec<(Time, PayoutTo, GatewayName)>,
}

/// A rule is not later than the one before it for the same kind of destination.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("a rule must hold from later on than the one before it for the same kind of destination, {before}")]
pub struct NotLater {
    /// From when on the one before it holds.
    pub before: Time,
}

impl PayoutRules {
    /// Everything through one gateway, which pays out whatever no rule is for.
    pub const fn new(default: GatewayName) -> Self {
        Self { default, rules: Vec::new() }
    }

    /// From `from` on, what is ordered to this kind of destination goes through this gateway. [`Time::MIN`]: always.
    ///
    /// # Errors
    /// [`NotLater`]. Not transient.
    pub fn rule(mut self, from: Time, to: PayoutTo, gateway: GatewayName) -> Result<Self, NotLater> {
        match self.rules.iter().rev().find(|(_, kind, _)| *kind == to) {
            Some((before, ..)) if *before >= from => Err(NotLater { before: *before }),
            Some(_) | None => {
                self.rules.push((from, to, gateway));
                Ok(self)
            }
        }
    }

    /// Through which gateway it goes, where it was ordered at this time.
    pub fn gateway(&self, to: PayoutTo, ordered_at: Time) -> &GatewayName {
        let holds = |(from, kind, _): &&(Time, PayoutTo, GatewayName)| *kind == to && *from <= ordered_at;
        self.rules.iter().rev().find(holds).map_or(&self.default, |(.., gateway)| gateway)
    }
}
