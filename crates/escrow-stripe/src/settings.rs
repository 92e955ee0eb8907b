//! How a gateway is set up.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use escrow::PartyId;
use escrow::deposit::GatewayName;
use thiserror::Error;

use crate::client::{ApiKey, Client};
use crate::gateway::{Inner, Stripe};
use crate::route::Route;

/// Who has which account of Stripe's: `acct_…`.
type Accounts = Box<dyn Fn(&PartyId) -> Option<String> + Send + Sync>;

/// Where the fees of the platform and of the processor go.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum FeesGo {
    /// They stay where they are, in the platform's own balance: nothing moves.
    #[default]
    Stay,
    /// To an instrument: `acct_…`, or `ba_…` for a bank account of the platform's.
    To(String),
}

/// Why a gateway cannot be set up.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// A key in clear over a network is everybody's.
    #[error("the address must begin with https://, or be of this machine")]
    Address,
    /// The instrument is none.
    #[error("{0} is no instrument: acct_…, acct_…/ba_…, or ba_…")]
    Instrument(String),
}

pub(crate) struct Settings {
    pub(crate) name: GatewayName,
    pub(crate) holds: bool,
    pub(crate) page: Option<String>,
    pub(crate) look_after_s: u32,
    pub(crate) platform: Option<Route>,
    pub(crate) processor: Option<Route>,
    pub(crate) accounts: Accounts,
}

/// Builds a [`Stripe`].
pub struct StripeBuilder<C> {
    key: ApiKey,
    clock: C,
    base: String,
    timeout: Duration,
    platform: FeesGo,
    processor: FeesGo,
    settings: Settings,
}

impl<C> fmt::Debug for StripeBuilder<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StripeBuilder").field("base", &self.base).finish_non_exhaustive()
    }
}

impl<C> StripeBuilder<C> {
    /// An order that may have been sent so long ago is looked for before it is sent again: twenty hours. Stripe keeps a key
    /// for twenty-four at least.
    pub const LOOK_AFTER_S: u32 = 20 * 3_600;

    pub(crate) fn new(key: ApiKey, clock: C, name: GatewayName) -> Self {
        let settings = Settings {
            name,
            holds: true,
            page: None,
            look_after_s: Self::LOOK_AFTER_S,
            platform: None,
            processor: None,
            accounts: Box::new(|_| None),
        };
        Self {
            key,
            clock,
            base: "https://api.stripe.com".to_owned(),
            timeout: Duration::from_secs(30),
            platform: FeesGo::Stay,
            processor: FeesGo::Stay,
            settings,
        }
    }

    /// The name that payments and chargebacks are known by in the deals, where several gateways are behind a router.
    #[must_use]
    pub fn name(mut self, name: GatewayName) -> Self {
        self.settings.name = name;
        self
    }

    /// Which account of Stripe's a party has, as long as the party has chosen no other destination: `acct_…`, or
    /// `acct_…/ba_…` for a payout to that bank account at once.
    #[must_use]
    pub fn accounts(mut self, accounts: impl Fn(&PartyId) -> Option<String> + Send + Sync + 'static) -> Self {
        self.settings.accounts = Box::new(accounts);
        self
    }

    /// Payments are held and captured later, as `policy.capture` says. `false`: they are charged at once. True unless said
    /// otherwise.
    #[must_use]
    pub const fn holds(mut self, holds: bool) -> Self {
        self.settings.holds = holds;
        self
    }

    /// The host's own page with Stripe's elements; it is posted `payment_intent`, `client_secret`, `success_url` and
    /// `fail_url`. Without one, the payer is sent to Stripe's page.
    #[must_use]
    pub fn page(mut self, url: impl Into<String>) -> Self {
        self.settings.page = Some(url.into());
        self
    }

    /// Where the platform's fees go.
    #[must_use]
    pub fn platform(mut self, fees: FeesGo) -> Self {
        self.platform = fees;
        self
    }

    /// Where the processor's fees go. Stripe has taken its own already.
    #[must_use]
    pub fn processor(mut self, fees: FeesGo) -> Self {
        self.processor = fees;
        self
    }

    /// After how many seconds an order is looked for before it is sent again. Less than Stripe keeps a key, or money may
    /// move twice.
    #[must_use]
    pub const fn look_after_s(mut self, seconds: u32) -> Self {
        self.settings.look_after_s = seconds;
        self
    }

    /// How long a call may take: half a minute, unless said otherwise.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Another address than Stripe's, for tests.
    #[must_use]
    pub fn base(mut self, base: impl Into<String>) -> Self {
        self.base = base.into();
        self
    }

    /// The gateway.
    ///
    /// # Errors
    /// [`SettingsError`].
    pub fn build(self) -> Result<Stripe<C>, SettingsError> {
        let local = ["http://127.0.0.1:", "http://localhost:", "http://[::1]:"];
        let is_local = local.iter().any(|own| self.base.starts_with(own));
        // before an @ stands a user, and not the machine
        if !(self.base.starts_with("https://") || is_local) || self.base.contains('@') {
            return Err(SettingsError::Address);
        }
        let route = |fees: FeesGo| match fees {
            FeesGo::Stay => Ok(None),
            FeesGo::To(instrument) => match Route::of(&instrument, true) {
                Some(route) => Ok(Some(route)),
                None => Err(SettingsError::Instrument(instrument)),
            },
        };
        let (platform, processor) = (route(self.platform)?, route(self.processor)?);
        let client = Client::new(self.base.trim_end_matches('/').to_owned(), self.key, self.timeout);
        let settings = Settings { platform, processor, ..self.settings };
        Ok(Stripe { inner: Arc::new(Inner { client, clock: self.clock, settings }) })
    }
}
