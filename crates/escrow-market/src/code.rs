//! Confirmation codes: what somebody who holds the payee's mailbox or phone is asked for before money leaves.
//!
//! The host draws the code and its [`Salt`], sends the code, and gives the crate nothing but a [`CodeHash`]; the crate
//! draws nothing, sends nothing and never writes the code. A machine that asks for codes keeps a [`Code`]: whose number
//! it is among the codes of the same matter, how many attempts are used, and when it expires.
//!
//! - A wrong code **counts**: it is an event of the machine, never a rejection, since a rejection changes nothing and
//!   would let a guesser go on for ever. What an attempt came to is a [`Verdict`], to be read from the state
//!   ([`Code::verdict`]) after the command.
//! - Every attempt has a number, 1, 2, 3 …, and is compared once: under a number that is used nothing is compared
//!   again, whatever was entered, and the verdict is the one of the attempt that had it. So a delivery that comes twice
//!   neither costs the payee an attempt nor gives a guesser one.
//! - A code has at least six characters ([`PlainCode::MIN_LEN`]); how many guesses there may be in a day, over all matters, is the
//!   business of the machine that asks.
//! - A code is dead after its last attempt, once it was accepted, from the instant at which it expires (it is good while
//!   `now < expires`), and as soon as a new one replaces it; how many there may be is [`CodePolicy::codes`].
//!
//! The hash keeps the code out of journals, logs and backups, and takes the salt from the same row: it does not stop
//! somebody who can read the store from trying every code of six digits. What protects the money then is that the code
//! has expired, and that attempts are counted.
//!
//! # Examples
//! ```
//! use escrow::Time;
//! use escrow_market::code::{Attempt, Code, CodeHash, CodePolicy, Judged, PlainCode, Salt, Verdict};
//!
//! // the host draws both, and sends the code to the payee
//! let (plain, salt) = (PlainCode::new("402913")?, Salt::new([7; 16]));
//! let now = Time::parse("2026-03-01T12:00:00Z")?;
//! let mut code = Code::issue(1, CodeHash::new(&plain, salt), &CodePolicy::default(), now);
//!
//! let wrong = Attempt { code: 1, number: 1, entered: PlainCode::new("111111")? };
//! let refused = Verdict::Refused { attempts_left: 4 };
//! assert_eq!(code.judge(&wrong, now), Ok(Judged::New(refused)));
//! code.take(refused); // applying the event
//! assert_eq!(code.judge(&wrong, now), Ok(Judged::Stands(refused)));
//!
//! let right = Attempt { code: 1, number: 2, entered: plain };
//! assert_eq!(code.judge(&right, now.plus_secs(899)), Ok(Judged::New(Verdict::Accepted)));
//! assert_eq!(code.judge(&right, now.plus_secs(900)).unwrap_err().code(), "code-expired");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Source
//! PAYSTO: registration and withdrawals are confirmed by a code that is sent to the owner's mailbox. Attempts, lifetime
//! and number of codes are our own.

mod error;
mod hash;

use serde::{Deserialize, Serialize};

pub use self::error::{CodeError, CodeRejection};
pub use self::hash::{CodeHash, PlainCode, Salt};

use crate::is_default;
use escrow::Time;

/// How codes are: data, pinned into the machine that asks for them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodePolicy {
    /// How often a code may be entered, from 1 to [`CodePolicy::MAX_ATTEMPTS`].
    pub attempts: u8,
    /// How long a code is good, in seconds, from 1 to [`CodePolicy::MAX_LIFETIME_S`].
    pub lifetime_s: u32,
    /// How many codes there may be for one matter, from 1 to [`CodePolicy::MAX_CODES`]: with the attempts, a bound on
    /// all guesses.
    pub codes: u8,
}

impl CodePolicy {
    /// The most attempts for a code.
    pub const MAX_ATTEMPTS: u8 = 10;
    /// The longest life of a code: a day.
    pub const MAX_LIFETIME_S: u32 = 86_400;
    /// The most codes for one matter.
    pub const MAX_CODES: u8 = 10;

    /// Checks the limits.
    ///
    /// # Errors
    /// [`CodeError::Policy`] names the field. Not transient.
    pub fn check(&self) -> Result<(), CodeError> {
        let fields = [
            ("attempts", (1..=Self::MAX_ATTEMPTS).contains(&self.attempts)),
            ("lifetime_s", (1..=Self::MAX_LIFETIME_S).contains(&self.lifetime_s)),
            ("codes", (1..=Self::MAX_CODES).contains(&self.codes)),
        ];
        match fields.iter().find(|(_, fits)| !fits) {
            Some((field, _)) => Err(CodeError::Policy { field }),
            None => Ok(()),
        }
    }
}

/// Five attempts within fifteen minutes, and three codes for one matter.
impl Default for CodePolicy {
    fn default() -> Self {
        Self { attempts: 5, lifetime_s: 900, codes: 3 }
    }
}

/// Somebody enters a code.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attempt {
    /// Which code is meant, by its number: an attempt that was under way while a new code was asked for does not count
    /// against the new one.
    #[serde(deserialize_with = "hash::read_number")]
    pub code: u8,
    /// The attempt's own number among those of this code, counted from 1 without gaps: what a repeat is recognised by.
    #[serde(deserialize_with = "hash::read_number")]
    pub number: u8,
    /// What was entered.
    pub entered: PlainCode,
}

/// What an attempt came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It was the code.
    Accepted,
    /// It was not. It counts.
    Refused {
        /// How many attempts are left of this code; at 0 it is dead.
        attempts_left: u8,
    },
}

/// What is to be done about an attempt.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Judged {
    /// It is to be recorded: an event, and [`Code::take`] where the event is applied.
    New(Verdict),
    /// The attempt of this number was judged before. Nothing was compared, and there is nothing to record.
    Stands(Verdict),
}

/// A code that somebody was sent, and how far it is: part of the state of a machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Code {
    number: u8,
    hash: CodeHash,
    expires: Time,
    attempts: u8,
    #[serde(default, skip_serializing_if = "is_default")]
    used: u8,
    #[serde(default, skip_serializing_if = "is_default")]
    accepted: bool,
}

impl Code {
    /// A code with this number, counted from 1, sent now.
    pub fn issue(number: u8, hash: CodeHash, policy: &CodePolicy, now: Time) -> Self {
        let expires = now.plus_secs(policy.lifetime_s);
        Self { number, hash, expires, attempts: policy.attempts, used: 0, accepted: false }
    }

    /// The code that replaces it; `None` where the code of that number is known already, and the host sends none.
    ///
    /// # Errors
    /// [`CodeRejection::OutOfOrder`], [`CodeRejection::TooMany`].
    pub fn replace(
        &self,
        number: u8,
        hash: CodeHash,
        policy: &CodePolicy,
        now: Time,
    ) -> Result<Option<Self>, CodeRejection> {
        let next = self.number.saturating_add(1);
        if self.knows(number) {
            return Ok(None);
        }
        if next > policy.codes {
            return Err(CodeRejection::TooMany { max: policy.codes });
        }
        if number != next {
            return Err(CodeRejection::OutOfOrder { next });
        }
        Ok(Some(Self::issue(number, hash, policy, now)))
    }

    /// Its number among the codes of the same matter, counted from 1.
    pub const fn number(&self) -> u8 {
        self.number
    }

    /// Whether it is the code of this number, or a later one.
    pub const fn knows(&self, number: u8) -> bool {
        number >= 1 && number <= self.number
    }

    /// From when it is dead: good while `now < expires`.
    pub const fn expires(&self) -> Time {
        self.expires
    }

    /// How many attempts are left; none once it was accepted.
    pub const fn attempts_left(&self) -> u8 {
        if self.accepted { 0 } else { self.attempts.saturating_sub(self.used) }
    }

    /// How many attempts are used: the next one has the number after it.
    pub const fn used(&self) -> u8 {
        self.used
    }

    /// Whether it was entered.
    pub const fn is_accepted(&self) -> bool {
        self.accepted
    }

    /// Whether it can be entered now.
    pub fn is_alive(&self, now: Time) -> bool {
        self.attempts_left() > 0 && now < self.expires
    }

    /// What the attempt of this number, for this code, came to; `None` where there was none.
    pub fn verdict(&self, code: u8, attempt: u8) -> Option<Verdict> {
        let judged = code == self.number && (1..=self.used).contains(&attempt);
        let attempts_left = self.attempts.saturating_sub(attempt);
        judged.then_some(if self.accepted && attempt == self.used {
            Verdict::Accepted
        } else {
            Verdict::Refused { attempts_left }
        })
    }

    /// Judges an attempt at an instant that never runs backwards.
    ///
    /// # Errors
    /// [`CodeRejection`]: nothing was compared, and nothing counts.
    pub fn judge(&self, attempt: &Attempt, now: Time) -> Result<Judged, CodeRejection> {
        if attempt.code != self.number {
            return Err(CodeRejection::OtherCode { current: self.number });
        }
        if let Some(verdict) = self.verdict(attempt.code, attempt.number) {
            return Ok(Judged::Stands(verdict));
        }
        if self.accepted {
            return Err(CodeRejection::Used);
        }
        if now >= self.expires {
            return Err(CodeRejection::Expired { expired: self.expires });
        }
        if self.used >= self.attempts {
            return Err(CodeRejection::Exhausted);
        }
        let next = self.used.saturating_add(1);
        if attempt.number != next {
            return Err(CodeRejection::OutOfOrder { next });
        }
        Ok(Judged::New(if self.hash.matches(&attempt.entered) {
            Verdict::Accepted
        } else {
            Verdict::Refused { attempts_left: self.attempts.saturating_sub(next) }
        }))
    }

    /// Folds a verdict, where the event with it is applied.
    pub const fn take(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Accepted => {
                self.used = self.used.saturating_add(1);
                self.accepted = true;
            }
            Verdict::Refused { attempts_left } => self.used = self.attempts.saturating_sub(attempts_left),
        }
    }

    /// Whether it keeps its invariants. For snapshots, which are not trusted.
    pub fn is_sound(&self) -> bool {
        (1..=CodePolicy::MAX_CODES).contains(&self.number)
            && (1..=CodePolicy::MAX_ATTEMPTS).contains(&self.attempts)
            && self.used <= self.attempts
            && (!self.accepted || self.used > 0)
    }
}
