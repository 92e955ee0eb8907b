//! Forms that take the payer's browser to the gateway, and where it comes back to.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use thiserror::Error;

use escrow::port::{CheckoutForm, FormMethod};
use escrow::{DealId, Text, TextError};

/// Where a shop sends the buyer to pay, since API 1.2.0; before it was `https://cabinet.nalogka.ru/deals/{id}/payment`.
pub const PAYMENT_PAGE: &str = "https://safebuy.nalogka.ru";

/// An address to which the payer's browser is sent back: absolute, `http` or `https`, at most 2 000 ASCII characters,
/// without credentials. Kept as it was written.
///
/// A browser that arrives there proves nothing: the address can be typed by anybody. A paid deal says so itself, by
/// `deals.deal.changed_status` with `new_status` = `awaiting_performance`.
///
/// # Examples
/// ```
/// use escrow_nalogka::{ReturnUrl, UrlError};
///
/// assert!("https://shop.example/paid?order=7".parse::<ReturnUrl>().is_ok());
/// assert_eq!("/paid".parse::<ReturnUrl>(), Err(UrlError::Scheme));
/// assert_eq!("https://me:secret@shop.example/".parse::<ReturnUrl>(), Err(UrlError::Credentials));
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(transparent)]
pub struct ReturnUrl(Text<2000, 1>);

/// Why a text is no return address.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum UrlError {
    /// It is empty, too long, or has control characters.
    #[error(transparent)]
    Text(#[from] TextError),
    /// It is not absolute, or of another scheme.
    #[error("write an absolute address that begins with https:// or http://")]
    Scheme,
    /// It has a user name or a password.
    #[error("write the address without a user name and a password")]
    Credentials,
    /// The host, or the port, is none.
    #[error("write a host name, and at most a port from 1 to 65535 after it")]
    Host,
    /// It has a character that no address has.
    #[error("percent-encode white space, quotes, brackets, backslashes and everything that is not ASCII")]
    Character,
}

impl ReturnUrl {
    /// The address.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// As the crate's commands carry it.
    pub fn text(&self) -> Text<2000, 1> {
        self.0.clone()
    }
}

impl FromStr for ReturnUrl {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        let bounded = Text::new(text)?;
        let valid = |c: char| {
            c.is_ascii_graphic() && !matches!(c, '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}')
        };
        if !text.chars().all(valid) {
            return Err(UrlError::Character);
        }
        let (scheme, rest) = text.split_once("://").ok_or(UrlError::Scheme)?;
        if !scheme.eq_ignore_ascii_case("https") && !scheme.eq_ignore_ascii_case("http") {
            return Err(UrlError::Scheme);
        }
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if authority.contains('@') {
            return Err(UrlError::Credentials);
        }
        if is_host(authority) { Ok(Self(bounded)) } else { Err(UrlError::Host) }
    }
}

/// A name or an address, with a port or without.
fn is_host(authority: &str) -> bool {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((address, "")) => (address, None),
            Some((address, port)) => (address, port.strip_prefix(':').or(Some(""))),
            None => return false,
        },
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    let good_port = port.is_none_or(|port| {
        port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0)
    });
    let good_host = if authority.starts_with('[') {
        host.parse::<std::net::Ipv6Addr>().is_ok()
    } else {
        let label = |label: &str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        host.len() <= 253 && host.strip_suffix('.').unwrap_or(host).split('.').all(label)
    };
    good_port && good_host
}

impl fmt::Display for ReturnUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for ReturnUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Text::<2000, 1>::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

/// The form that the host draws with hidden fields: the answer to `deposit-form` and `payment-form`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Form {
    /// `GET` or `POST`.
    pub method: Text<8, 1>,
    /// Where it is sent to: the gateway's page.
    pub url: String,
    /// The hidden fields. Of a name that a gateway uses twice, the last value stays.
    pub parameters: BTreeMap<String, String>,
}

impl Form {
    /// With one hidden field more: the payer's requisite under the gateway's name for it.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.parameters.insert(name.into(), value.into());
        self
    }
}

impl TryFrom<CheckoutForm> for Form {
    type Error = TextError;

    fn try_from(form: CheckoutForm) -> Result<Self, TextError> {
        let method = Text::new(match form.method {
            FormMethod::Get => "GET",
            FormMethod::Post => "POST",
        })?;
        Ok(Self { method, url: form.url, parameters: form.parameters.into_iter().collect() })
    }
}

/// The parameters of the page where a shop's buyer pays. Both are required.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaymentPage {
    /// Where the browser is sent after the payment.
    pub success_url: ReturnUrl,
    /// Where it is sent after a failure.
    pub fail_url: ReturnUrl,
}

impl PaymentPage {
    /// The page's address: `{base}/{deal}/payment` with both addresses percent-encoded; `base` is [`PAYMENT_PAGE`] or
    /// the host's own.
    ///
    /// # Examples
    /// ```
    /// # use escrow::DealId;
    /// # use escrow_nalogka::{PAYMENT_PAGE, PaymentPage};
    /// let page = PaymentPage { success_url: "https://a.b/ok".parse()?, fail_url: "https://a.b/no".parse()? };
    /// assert_eq!(
    ///     page.address(PAYMENT_PAGE, DealId::new(uuid::Uuid::nil())),
    ///     "https://safebuy.nalogka.ru/00000000-0000-0000-0000-000000000000/payment\
    ///      ?success_url=https%3A%2F%2Fa.b%2Fok&fail_url=https%3A%2F%2Fa.b%2Fno"
    /// );
    /// # Ok::<(), escrow_nalogka::UrlError>(())
    /// ```
    pub fn address(&self, base: &str, deal: DealId) -> String {
        let base = base.trim_end_matches('/');
        let (success, fail) = (encoded(self.success_url.as_str()), encoded(self.fail_url.as_str()));
        format!("{base}/{deal}/payment?success_url={success}&fail_url={fail}")
    }
}

/// Percent-encoded but for RFC 3986's unreserved characters.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            // writing to a string cannot fail
            _ => drop(write!(out, "%{byte:02X}")),
        }
    }
    out
}
