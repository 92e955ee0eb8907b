//! The ledger: every event that moves money as balanced double-entry postings, and journals that `hledger` and
//! `bean-check` read. What an accountant reconciles with the gateway's statements.
//!
//! [`postings`] says what an event of a [`Deal`](escrow::Deal), a [`Balance`](escrow_market::Balance) or a
//! [`Basket`](escrow_market::Basket) moves, given the machine before the event. A [`Ledger`] collects entries, knows
//! the trial balance, and writes journals.
//!
//! A positive amount is a debit, a negative one a credit. The accounts:
//!
//! | account | what it is | equals |
//! |---|---|---|
//! | `gateway:{name}` | money at a gateway, holds included | what the gateway's statement says |
//! | `deal:{id}:{deposit}:held`, `…:reserved` | what a deal holds, and has assigned | minus the deposit's buckets |
//! | `basket:{id}:held`, `…:reserved` | what waits in a basket, and goes back | minus the basket's sums |
//! | `balance:{id}:available`, `…:clearing`, `…:reserved` | what a holder has | minus the balance's sums |
//! | `payee:{holder}` | credited by a deal, and not yet by a balance | zero once the balance has followed the deal |
//! | `receivable:{deal}:{n}`, `owed:{deal}:{n}` | a debt: who owes, and to whom | the debt's open sum |
//! | `settled:{deal}:{n}` | what was paid of a debt, and taken from a balance for it | zero where all of it came from a balance |
//! | `deal:{id}:chargebacks` | what banks took and nobody answers for | the platform's own cost |
//! | `receivable:basket:{id}` | what a payer has twice of a basket's payment | the sum that is owed |
//! | `platform:withdrawal_fees` | what withdrawals cost their holders | minus the fees |
//!
//! A basket hands what is in its lines over to its deals through the gateway's account: it is credited there, and debited
//! again when the deal hears of it. A payout that names no gateway is of `gateway:payouts`: a host with one gateway gives
//! the two one name.
//!
//! # Examples
//! ```
//! use escrow::deal::command::ConfirmPayment;
//! use escrow::deposit::DepositId;
//! use escrow::terms::Item;
//! use escrow::{Actor, Context, Currency, Deal, DealId, Money, Policy, Terms, TermsDraft, Time, uuid};
//! use escrow_ledger::Ledger;
//!
//! let eur = |minor| Money::from_minor(minor, Currency::EUR);
//! let now = Time::parse("2026-03-01T12:00:00Z")?;
//! let items = vec![Item::new("Lamp".parse()?, eur(30_00), 1)];
//! let draft =
//!     TermsDraft::new("anna".parse()?, "boris".parse()?, Currency::EUR, items, Policy::shop());
//! let operator = Context::new(now, Actor::Operator("olga".parse()?));
//! let id = DealId::new(uuid::Uuid::nil());
//! let (deal, _) = Deal::propose(id, Terms::new(draft)?, &operator)?;
//!
//! let paid = ConfirmPayment::charged(
//!     DepositId::BUYER_PAYMENT,
//!     "stripe".parse()?,
//!     "pi_1".parse()?,
//!     eur(30_00),
//! );
//! let paid = escrow::transition(&deal, &paid.into(), &Context::gateway(now))?;
//! let mut ledger = Ledger::default();
//! ledger.record_all(&deal, paid.events());
//! let held = format!("deal:{id}:buyer_payment:held");
//! assert_eq!(ledger.balance(&held, Currency::EUR), eur(-30_00));
//! assert_eq!(ledger.balance("gateway:stripe", Currency::EUR), eur(30_00));
//! println!("{}", ledger.to_hledger());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

mod account;
mod balance;
mod basket;
mod deal;
mod entry;
mod export;
mod ledger;

pub use self::account::{Account, AccountKind};
pub use self::entry::{Entry, Posting};
pub use self::ledger::Ledger;

use escrow::Recorded;
use escrow::machine::Machine;

/// A machine whose events move money.
pub trait Booked: Machine {
    /// What an event moves, given the machine before it: balanced in every currency, or nothing.
    fn entry(&self, recorded: &Recorded<Self::Event>) -> Option<Entry>;
}

/// What an event moves, given the machine **before** it: balanced in every currency. `None` where it moves nothing.
pub fn postings<M: Booked>(before: &M, recorded: &Recorded<M::Event>) -> Option<Entry> {
    before.entry(recorded)
}
