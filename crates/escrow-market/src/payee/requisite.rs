//! Where a payee wants money, as people and journals may see it.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use escrow::{Destination, Text, text_id};

text_id! {
    /// A payee's own name of a destination; unique in their profile.
    DestinationId(64)
}

/// What people are shown of a destination: `•••• 1234`. It cannot carry a card or account number: of the digits of any
/// script, at most [`Label::MAX_RUN`] stand in a row and at most [`Label::MAX_DIGITS`] in all.
///
/// # Examples
/// ```
/// use escrow_market::payee::{Label, LabelError};
///
/// assert!(Label::new("Visa •••• 1234").is_ok());
/// assert_eq!(Label::new("4276 1234 5678 9012"), Err(LabelError::TooManyDigits));
/// assert_eq!(Label::new("12345"), Err(LabelError::TooManyDigits));
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "Text<64, 1>", into = "Text<64, 1>")]
pub struct Label(Text<64, 1>);

impl Label {
    /// The most digits in a row.
    pub const MAX_RUN: usize = 4;
    /// The most digits in all, whatever is between them.
    pub const MAX_DIGITS: usize = 6;

    /// Checks a label.
    ///
    /// # Errors
    /// [`LabelError`], without the text. Not transient.
    pub fn new(text: impl AsRef<str>) -> Result<Self, LabelError> {
        let text = Text::new(text).map_err(|_| LabelError::Text)?;
        Self::try_from(text)
    }

    /// The label.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl TryFrom<Text<64, 1>> for Label {
    type Error = LabelError;

    fn try_from(text: Text<64, 1>) -> Result<Self, LabelError> {
        let digits = text.chars().filter(|c| c.is_numeric()).count();
        let longest = text.split(|c: char| !c.is_numeric()).map(|run| run.chars().count()).max().unwrap_or(0);
        if digits > Self::MAX_DIGITS || longest > Self::MAX_RUN {
            return Err(LabelError::TooManyDigits);
        }
        Ok(Self(text))
    }
}

impl From<Label> for Text<64, 1> {
    fn from(label: Label) -> Self {
        label.0
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Why a text is no label. Without the text: it may be the number that it must not carry.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum LabelError {
    /// Not a text of 1 to 64 characters.
    #[error("label: needs 1 to 64 characters, without control characters")]
    Text,
    /// Too many digits: it might be the number itself.
    #[error("label: mask the number, at most 4 digits in a row and 6 in all, as •••• 1234")]
    TooManyDigits,
}

/// A destination and its label. In JSON the destination is the vault's reference, never a number; `Debug` does not show
/// that either.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requisite {
    /// The destination.
    pub destination: Destination,
    /// What people are shown.
    pub label: Label,
}

impl fmt::Debug for Requisite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match &self.destination {
            Destination::Account(_) => "account",
            Destination::Card(_) => "card",
            Destination::Wallet(_) => "wallet",
            Destination::Balance => "balance",
        };
        write!(f, "Requisite({kind} {})", self.label)
    }
}
