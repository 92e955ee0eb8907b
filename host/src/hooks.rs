//! Webhooks out: signed by the Standard Webhooks convention, at least once, with the same id on every try.
//!
//! They say that a deal has changed, and to which version; what happened is asked for by the API. So nothing private leaves the
//! desk unasked, and whoever hears of a version late, twice or never has lost nothing.

use std::sync::Arc;
use std::time::Duration;

use escrow::port::{Aggregate as _, Backlog as _, Incident, MachineKey, Parcel, Repository as _};
use escrow::{Deal, DealId};
use escrow_host::Delivery;
use escrow_market::{Balance, Basket, Project};
use escrow_webhook::{Keyring, Secret, timestamp};
use serde_json::json;
use ureq::Agent;

use crate::Desk;
use crate::error::Failure;
use crate::market::REFUSED;
use crate::store::Letter;

/// How many are sent before the next look at what is due.
const BATCH: u32 = 16;
/// How often one is tried: with waits that double up to an hour, for a day and a half.
const MOST_TRIES: u32 = 45;
const LONGEST_WAIT_S: u32 = 3_600;
const PATIENCE: Duration = Duration::from_secs(10);

/// Takes what the worker delivers: writes a letter of it for every hook, and tells other machines what they are to hear.
#[derive(Debug)]
pub struct Outbox(pub Arc<Desk>);

impl Delivery for Outbox {
    type Error = Failure;

    async fn deliver(&self, parcel: &Parcel) -> Result<(), Failure> {
        let (desk, id) = (&self.0, parcel.machine.id.as_str());
        match parcel.machine.kind.as_str() {
            Deal::KIND => {
                let id = id.parse().map_err(|_| Failure::not_found())?;
                self.write(parcel, id).await?;
                desk.follow_deal(id).await
            }
            Project::KIND => desk.follow_project(id.parse().map_err(|_| Failure::not_found())?).await,
            Basket::KIND => desk.follow_basket(id.parse().map_err(|_| Failure::not_found())?).await,
            Balance::KIND => {
                let id = id.parse().map_err(|_| Failure::not_found())?;
                desk.tell_debits(id, parcel.from_version).await
            }
            _ => Ok(()),
        }
    }

    fn is_refused(error: &Failure) -> bool {
        error.0.code == REFUSED
    }
}

impl Outbox {
    /// A letter for every hook.
    async fn write(&self, parcel: &Parcel, id: DealId) -> Result<(), Failure> {
        let deal: Option<Deal> = self.0.host.repository().load(id).await?;
        let Some(deal) = deal else { return Ok(()) };
        let body = json!({
            "type": "deal.changed",
            "deal": id,
            "order_id": deal.terms().order_id,
            "from_version": parcel.from_version,
            "to_version": parcel.to_version,
            "at": parcel.at,
            "status_now": deal.status(),
        });
        self.0.store.add_letters(&format!("{id}-{}", parcel.to_version), &body.to_string(), self.0.now())
    }
}

/// Whether webhooks may go there: anywhere by TLS, and without it to this machine only.
pub(crate) fn is_sendable(url: &str) -> bool {
    let host = |rest: &str| rest.split(['/', ':', '?', '#']).next().unwrap_or_default().to_owned();
    match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
        (Some(rest), _) => !host(rest).is_empty() && !rest.contains('@'),
        (None, Some(rest)) => host(rest) == "127.0.0.1" && !rest.contains('@'),
        (None, None) => false,
    }
}

/// Sends what is due, and returns how many have arrived.
///
/// # Errors
/// The storage failed.
pub async fn send_due(desk: &Arc<Desk>) -> Result<usize, Failure> {
    let mut arrived = 0_usize;
    for letter in desk.store.letters_due(desk.now(), BATCH)? {
        let headers = signed(&letter, desk)?;
        let (url, body) = (letter.url.clone(), letter.body.clone());
        let sent = tokio::task::spawn_blocking(move || send(&url, &body, &headers));
        match sent.await.unwrap_or_else(|error| Err(error.to_string())) {
            Ok(()) => {
                desk.store.letter_done(letter.number)?;
                arrived = arrived.saturating_add(1);
            }
            Err(error) => failed(desk, &letter, &error).await?,
        }
    }
    Ok(arrived)
}

fn signed(letter: &Letter, desk: &Desk) -> Result<[(&'static str, String); 3], Failure> {
    let now = desk.now();
    let secret = Secret::parse(&letter.secret).map_err(|e| Failure::internal(&e))?;
    let keys = Keyring::new(vec![secret]).map_err(|e| Failure::internal(&e))?;
    let signature = keys.sign(&letter.id, now, letter.body.as_bytes()).map_err(|e| Failure::internal(&e))?;
    Ok([
        ("webhook-id", letter.id.clone()),
        ("webhook-timestamp", timestamp(now).to_string()),
        ("webhook-signature", signature),
    ])
}

fn send(url: &str, body: &str, headers: &[(&'static str, String)]) -> Result<(), String> {
    let config = Agent::config_builder()
        .timeout_global(Some(PATIENCE))
        .max_redirects(0)
        .http_status_as_error(false)
        .build();
    let mut request = Agent::from(config).post(url).header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    let status = request.send(body.as_bytes()).map_err(|error| error.to_string())?.status();
    if status.is_success() { Ok(()) } else { Err(format!("it was answered with {status}")) }
}

/// Tries again later, or gives up and has a person look.
async fn failed(desk: &Desk, letter: &Letter, error: &str) -> Result<(), Failure> {
    let (tries, now) = (letter.tries.saturating_add(1), desk.now());
    tracing::warn!(id = letter.id, tries, error, "a webhook has not arrived");
    if tries < MOST_TRIES {
        let wait = 2_u32.saturating_pow(tries).min(LONGEST_WAIT_S);
        return desk.store.letter_failed(letter.number, tries, now.plus_secs(wait));
    }
    let machine = letter.id.rsplit_once('-').map(|(deal, _)| MachineKey::new("deal", deal));
    let detail = format!("{} to {}: {error}", letter.id, letter.url);
    let incident = Incident { at: now, machine, what: "webhook-given-up".to_owned(), detail };
    desk.host.repository().incidents(vec![incident]).await?;
    desk.store.letter_done(letter.number)
}

#[cfg(test)]
mod tests {
    use super::is_sendable;

    #[test]
    fn webhooks_go_out_by_tls_or_stay_on_this_machine() {
        for url in ["https://shop.example/hook", "http://127.0.0.1:9000/hook"] {
            assert!(is_sendable(url), "{url}");
        }
        for url in [
            "http://shop.example/",
            "http://127.0.0.1@shop.example/",
            "ftp://x",
            "https://",
            "http://127.0.0.1.shop.example/",
        ] {
            assert!(!is_sendable(url), "{url}");
        }
    }
}
