//! Where somebody wants to be told.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use thiserror::Error;

use escrow::Text;

/// A way to reach somebody. The address on it (number, mailbox, account) is the host's to know.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// A text message.
    Sms,
    /// An e-mail.
    Email,
    /// A messenger, by the host's name of it: `icq`, `viber`.
    Messenger(Text<32, 1>),
}

/// Where somebody wants to be told, the best way first; where it is none, nowhere. The host sends by the first one, and by
/// the next where that fails.
///
/// # Examples
/// ```
/// use escrow_market::notice::{Channel, Channels};
///
/// let channels = Channels::new([Channel::Messenger("icq".parse()?), Channel::Email])?;
/// assert_eq!(serde_json::to_string(&channels)?, r#"[{"messenger":"icq"},"email"]"#);
/// assert!(Channels::new([Channel::Sms, Channel::Sms]).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Source
/// Interkassa tells a seller by SMS, e-mail or ICQ; the home-made escrow plan a customer by SMS, e-mail or Viber.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(try_from = "SmallVec<[Channel; 2]>")]
pub struct Channels(SmallVec<[Channel; 2]>);

/// Why a list is no preference.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum ChannelsError {
    /// It is too long.
    #[error("name at most {} channels", Channels::MAX)]
    TooMany,
    /// A channel stands twice.
    #[error("name every channel once")]
    Twice,
}

impl Channels {
    /// The most channels.
    pub const MAX: usize = 8;

    /// A preference, the best way first.
    ///
    /// # Errors
    /// [`ChannelsError`]. Not transient.
    pub fn new(channels: impl IntoIterator<Item = Channel>) -> Result<Self, ChannelsError> {
        let channels: SmallVec<[Channel; 2]> =
            channels.into_iter().take(Self::MAX.saturating_add(1)).collect();
        if channels.len() > Self::MAX {
            return Err(ChannelsError::TooMany);
        }
        let mut rest = channels.as_slice();
        while let Some((first, others)) = rest.split_first() {
            if others.contains(first) {
                return Err(ChannelsError::Twice);
            }
            rest = others;
        }
        Ok(Self(channels))
    }

    /// Whether nothing is preferred.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The channels, the best first.
    pub fn iter(&self) -> impl Iterator<Item = &Channel> {
        self.0.iter()
    }
}

impl TryFrom<SmallVec<[Channel; 2]>> for Channels {
    type Error = ChannelsError;

    fn try_from(channels: SmallVec<[Channel; 2]>) -> Result<Self, ChannelsError> {
        Self::new(channels)
    }
}
