//! Calls: forms out, JSON back.

use std::fmt;
use std::time::Duration;

use serde::de::DeserializeOwned;
use ureq::Agent;
use ureq::http::Response;

use crate::error::{Error, ErrorBody, Refusal};

/// The version of the API whose shapes are read here; an account may have another one.
const VERSION: &str = "2024-06-20";
/// More than any answer has.
const MAX_BODY: u64 = 4 << 20;

/// The secret key of an account of Stripe's, or a restricted one. `Debug` does not show it, and no error does.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(String);

impl ApiKey {
    /// Takes a key; `None` where the text is none: `sk_…` or `rk_…`, in letters, digits and underscores.
    pub fn new(key: impl Into<String>) -> Option<Self> {
        let key = key.into();
        let is_secret = key.starts_with("sk_") || key.starts_with("rk_");
        (is_secret && key.len() > 8 && is_word(&key)).then_some(Self(key))
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(***)")
    }
}

/// Whether a text is letters, digits and underscores only: safe in a path and in a header.
pub(crate) fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Whether a text is an id of Stripe's with this prefix.
pub(crate) fn is_id(text: &str, prefix: &str) -> bool {
    text.len() > prefix.len() && text.starts_with(prefix) && is_word(text)
}

/// Parameters, as a form writes them.
#[derive(Clone, Default, Debug)]
pub(crate) struct Form(String);

impl Form {
    pub(crate) fn with(mut self, name: &str, value: impl fmt::Display) -> Self {
        if !self.0.is_empty() {
            self.0.push('&');
        }
        encode(&mut self.0, name);
        self.0.push('=');
        encode(&mut self.0, &value.to_string());
        self
    }

    pub(crate) fn with_optional(self, name: &str, value: Option<impl fmt::Display>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    pub(crate) fn metadata(self, name: &str, value: impl fmt::Display) -> Self {
        self.with(&format!("metadata[{name}]"), value)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

fn encode(into: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            into.push(char::from(byte));
        } else {
            into.push('%');
            into.push_str(&hex::encode_upper([byte]));
        }
    }
}

#[derive(Debug)]
pub(crate) struct Client {
    agent: Agent,
    base: String,
    key: ApiKey,
}

impl Client {
    pub(crate) fn new(base: String, key: ApiKey, timeout: Duration) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            // a key does not travel to where somebody else points
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_global(Some(timeout))
            .user_agent(concat!("escrow-stripe/", env!("CARGO_PKG_VERSION")))
            .build();
        Self { agent: config.into(), base, key }
    }

    /// Reads; `account`: as this connected account.
    pub(crate) fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &Form,
        account: Option<&str>,
    ) -> Result<T, Error> {
        let url = match query.as_str() {
            "" => format!("{}{path}", self.base),
            query => format!("{}{path}?{query}", self.base),
        };
        let mut request = self.agent.get(url);
        for (name, value) in self.headers(account) {
            request = request.header(name, value);
        }
        self.read(request.call())
    }

    /// Acts, at most once per key while Stripe remembers it.
    pub(crate) fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        form: &Form,
        key: &str,
        account: Option<&str>,
    ) -> Result<T, Error> {
        let mut request = self.agent.post(format!("{}{path}", self.base));
        for (name, value) in self.headers(account) {
            request = request.header(name, value);
        }
        let request = request
            .header("Idempotency-Key", key)
            .header("Content-Type", "application/x-www-form-urlencoded");
        self.read(request.send(form.as_str()))
    }

    fn headers(&self, account: Option<&str>) -> impl Iterator<Item = (&'static str, String)> {
        let own =
            [("Authorization", format!("Bearer {}", self.key.0)), ("Stripe-Version", VERSION.to_owned())];
        own.into_iter().chain(account.map(|account| ("Stripe-Account", account.to_owned())))
    }

    fn read<T: DeserializeOwned>(
        &self,
        answer: Result<Response<ureq::Body>, ureq::Error>,
    ) -> Result<T, Error> {
        let mut response = answer.map_err(|error| Error::NoAnswer(self.redacted(&error.to_string())))?;
        let status = response.status().as_u16();
        let request = response.headers().get("request-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
        let body = response.body_mut().with_config().limit(MAX_BODY).read_to_string();
        let body = body.map_err(|error| Error::NoAnswer(self.redacted(&error.to_string())))?;
        match status {
            200..=299 => serde_json::from_str(&body)
                .map_err(|error| Error::Unreadable(self.redacted(&error.to_string()))),
            408 | 409 | 424 | 429 | 500.. => {
                let said: ErrorBody = serde_json::from_str(&body).unwrap_or_default();
                Err(Error::Busy { status, code: said.error.code.map(|code| self.redacted(&code)) })
            }
            400..=499 => {
                let said: ErrorBody = serde_json::from_str(&body).unwrap_or_default();
                Err(Error::Refused(Box::new(Refusal {
                    status,
                    kind: self.redacted(said.error.kind.as_deref().unwrap_or("no type")),
                    code: said.error.code,
                    decline_code: said.error.decline_code,
                    message: self.redacted(&said.error.message.unwrap_or_default()),
                    request,
                })))
            }
            other => Err(Error::Unreadable(format!("HTTP {other}"))),
        }
    }

    /// Stripe's words may repeat what it was sent.
    fn redacted(&self, words: &str) -> String {
        words.replace(&self.key.0, "***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_encoded() {
        let form = Form::default().with("a b", "ü&=1").metadata("k", 5).with_optional("no", None::<u8>);
        assert_eq!(form.as_str(), "a%20b=%C3%BC%26%3D1&metadata%5Bk%5D=5");
    }

    #[test]
    fn keys_are_keys_and_are_not_shown() {
        let key = ApiKey::new("sk_test_12345").unwrap();
        assert_eq!(format!("{key:?}"), "ApiKey(***)");
        for text in ["", "sk_", "pk_test_12345", "sk_test 12345", "sk_test_12345\r\nx: y", "whsec_12345678"] {
            assert!(ApiKey::new(text).is_none(), "{text}");
        }
        let client = Client::new("http://x".to_owned(), key, Duration::from_secs(1));
        assert!(!format!("{client:?}").contains("12345"));
        assert_eq!(client.redacted("No such key: sk_test_12345!"), "No such key: ***!");
    }
}
