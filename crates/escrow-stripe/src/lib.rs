//! A gateway of the [`escrow`] crate on [Stripe](https://docs.stripe.com/api): holds by PaymentIntents with manual capture,
//! captures of the whole or of less, refunds, transfers and payouts to connected accounts; and signed webhooks, read as facts
//! of the port.
//!
//! A decline is what a card's issuer declines. Everything else that is no answer (a time-out, a rate limit, a lock, a fault of
//! Stripe's, a refused request) is an [`Error`]: the order stays open, and is asked again. An order that may have been sent
//! longer ago than Stripe keeps its keys is looked for first, by the deal and the number in its metadata.
//!
//! # Examples
//! ```
//! use escrow::Time;
//! use escrow_stripe::{ApiKey, SigningSecret, Stripe, Webhooks};
//! # struct SystemClock;
//! # impl escrow::port::Clock for SystemClock {
//! #     fn now(&self) -> Time { Time::MIN }
//! # }
//!
//! let key = ApiKey::new("sk_test_4eC39HqLyjWD").ok_or("no key")?;
//! let gateway = Stripe::builder(key, SystemClock)?
//!     .accounts(|party| (party.as_str() == "anna").then(|| "acct_1032D82eZvKYlo2C".to_owned()))
//!     .build()?;
//!
//! let webhooks = Webhooks::new(vec![SigningSecret::new("whsec_4fT8mXbT9GkQ2oZp").ok_or("no secret")?])?;
//! // with the header `Stripe-Signature`, the body as it came, and the time
//! let heard = webhooks.hear("t=1,v1=00", b"{}", Time::parse("2026-03-01T12:00:00Z")?);
//! assert!(heard.is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

mod checkout;
mod client;
mod error;
mod events;
mod gateway;
mod heard;
mod money;
mod objects;
mod orders;
mod route;
mod settings;
mod signature;
mod take_back;

pub use client::ApiKey;
pub use error::{Error, Refusal};
pub use events::Webhooks;
pub use gateway::Stripe;
pub use heard::{About, HearError, Heard};
pub use money::AmountError;
pub use settings::{FeesGo, SettingsError, StripeBuilder};
pub use signature::{SignatureError, SigningSecret};
pub use take_back::TakeBack;
