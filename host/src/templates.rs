//! From what somebody fills in to terms. What the platform takes, the rules, and who arbitrates are the desk's: a party names the
//! subject and the price.

use escrow::terms::{Consent, Delivery, Fee, Moderation, OnRefund};
use escrow::{Currency, Money, PartyId, Policy, Rate, Side, Terms};

use crate::error::Failure;
use crate::{Config, Desk};

/// What kind of deal it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Template {
    /// A parcel.
    Goods,
    /// Work, or a file, in revisions.
    Work,
    /// A parcel, whose terms a moderator approves.
    Reviewed,
    /// Anything, with minutes where the others have days: to see what silence does.
    Quick,
}

impl Template {
    pub(crate) const ALL: [Self; 4] = [Self::Goods, Self::Work, Self::Reviewed, Self::Quick];

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Goods => "goods",
            Self::Work => "work",
            Self::Reviewed => "reviewed",
            Self::Quick => "quick",
        }
    }

    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Goods => "Goods that are sent",
            Self::Work => "Work or a file, with previews and changes",
            Self::Reviewed => "Goods, reviewed by a moderator first",
            Self::Quick => "Anything, in minutes instead of days (to try things out)",
        }
    }

    pub(crate) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|template| template.word() == word)
    }

    /// Everybody agrees for themselves: nobody who has an account here vouches for another.
    pub(crate) fn policy(self) -> Policy {
        let policy = match self {
            Self::Goods => Policy::shop(),
            Self::Work => Policy::freelance(),
            Self::Reviewed => Policy::marketplace().moderation(Moderation::Required),
            Self::Quick => Policy::shop()
                .proposal_s(3_600)
                .deposit_s(3_600)
                .start_s(600)
                .performance_s(600)
                .acceptance_s(120)
                .negotiation_s(300)
                .arbitration_s(300)
                .settlement_s(600)
                .revision_time_s(300),
        };
        policy.consent(Consent::Explicit)
    }

    fn delivery(self) -> Result<Option<Delivery>, Failure> {
        match self {
            Self::Goods | Self::Reviewed => {
                let method = escrow::Text::new("post or courier").map_err(|e| Failure::internal(&e))?;
                Ok(Some(Delivery::Parcel { method, tracked: false }))
            }
            Self::Work | Self::Quick => Ok(None),
        }
    }
}

/// One thing that is sold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) quantity: u32,
    pub(crate) unit_price: Money,
}

/// A deal as a party proposes it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Proposal {
    pub(crate) template: Template,
    pub(crate) i_am: Side,
    pub(crate) other: PartyId,
    pub(crate) currency: Currency,
    pub(crate) lines: Vec<Line>,
    pub(crate) description: String,
    pub(crate) conditions: String,
    pub(crate) order_id: String,
}

impl Proposal {
    /// Its terms, where this is who proposes it.
    pub(crate) fn terms(&self, desk: &Desk, me: &PartyId) -> Result<Terms, Failure> {
        let config: &Config = &desk.config;
        let (buyer, seller) = match self.i_am {
            Side::Buyer => (me, &self.other),
            Side::Seller => (&self.other, me),
        };
        let mut terms = Terms::builder(buyer, seller, self.currency).policy(self.template.policy());
        for line in &self.lines {
            terms = terms.items(&line.name, line.quantity, line.unit_price);
        }
        let rate = Rate::from_ppm(config.fee_ppm).map_err(|e| Failure::internal(&e))?;
        // of a deal that ends half-way, the platform takes half of it
        if rate != Rate::ZERO {
            terms = terms.fee(Fee::percent("platform", 0).rate(rate).on_refund(OnRefund::ProRata));
        }
        if config.arbiter != buyer.as_str() && config.arbiter != seller.as_str() {
            terms = terms.arbiter(&config.arbiter);
        }
        if let Some(delivery) = self.template.delivery()? {
            terms = terms.delivery(delivery);
        }
        if !self.description.is_empty() {
            terms = terms.description(&self.description);
        }
        if !self.conditions.is_empty() {
            terms = terms.conditions(&self.conditions);
        }
        if !self.order_id.is_empty() {
            terms = terms.order_id(&self.order_id);
        }
        terms.build().map_err(|error| Failure::invalid(error.to_string()))
    }
}

/// What somebody typed as a sum, in this currency: `23500`, `23 500.50`.
pub(crate) fn money(label: &str, typed: &str, currency: Currency) -> Result<Money, Failure> {
    let plain: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
    Money::parse(&plain.replace(',', "."), currency).map_err(|_| {
        let code = currency.code();
        Failure::invalid(format!(
            "{label}: “{typed}” is no sum in {code}. Write one such as 1500 or 1500.50."
        ))
    })
}
