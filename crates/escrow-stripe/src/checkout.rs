//! Forms: Stripe's page, or the host's own with Stripe's elements. No money moves.

use escrow::deposit::IdempotencyKey;
use escrow::port::{CheckoutForm, CheckoutRequest, Clock, FormMethod};
use sha2::{Digest, Sha256};

use crate::client::Form;
use crate::error::Error;
use crate::gateway::Inner;
use crate::money;
use crate::objects::{DEAL, DEPOSIT, ORDER, PaymentIntent, Session};
use crate::settings::Settings;

/// What a payer reads at most.
const WORDS: usize = 200;

/// A request for a form, of its own.
#[derive(Clone, Debug)]
pub(crate) struct Checkout {
    key: IdempotencyKey,
    form: Form,
    page: Option<OwnPage>,
}

#[derive(Clone, Debug)]
struct OwnPage {
    url: String,
    success_url: String,
    fail_url: String,
}

impl Checkout {
    pub(crate) fn new(request: &CheckoutRequest<'_>, settings: &Settings) -> Result<Self, Error> {
        let (amount, currency) = money::to_stripe(request.amount)?;
        let words: String = request.description.unwrap_or("Payment").chars().take(WORDS).collect();
        let urls = &request.form.return_urls;
        let capture = if settings.holds { "manual" } else { "automatic" };
        let deal = request.key.machine;
        let marks = [
            (DEAL, deal.to_string()),
            (ORDER, request.key.transaction.to_string()),
            (DEPOSIT, request.deposit.to_string()),
        ];
        let form = Form::default().with("payment_method_types[0]", request.form.method.as_str());
        let (form, page) = match &settings.page {
            Some(url) => {
                let form = form
                    .with("amount", amount)
                    .with("currency", currency)
                    .with("capture_method", capture)
                    .with("description", words)
                    .with("transfer_group", deal);
                let form = marks.iter().fold(form, |form, (name, value)| form.metadata(name, value));
                let page = OwnPage {
                    url: url.clone(),
                    success_url: urls.success_url.to_string(),
                    fail_url: urls.fail_url.to_string(),
                };
                (form, Some(page))
            }
            None => {
                let form = form
                    .with("mode", "payment")
                    .with("success_url", &urls.success_url)
                    .with("cancel_url", &urls.fail_url)
                    .with("client_reference_id", request.key)
                    .with("line_items[0][quantity]", 1)
                    .with("line_items[0][price_data][currency]", currency)
                    .with("line_items[0][price_data][unit_amount]", amount)
                    .with("line_items[0][price_data][product_data][name]", words)
                    .with("payment_intent_data[capture_method]", capture)
                    .with("payment_intent_data[transfer_group]", deal);
                let mark = |form: Form, (name, value): &(&str, String)| {
                    form.with(&format!("payment_intent_data[metadata][{name}]"), value)
                };
                (marks.iter().fold(form, mark), None)
            }
        };
        Ok(Self { key: request.key, form, page })
    }

    /// The same request has the same key; one that has changed since, another one: no money moves by either.
    fn key(&self) -> String {
        let hash = Sha256::digest(self.form.as_str().as_bytes());
        format!("{}/checkout/{}", self.key, hex::encode(hash.get(..8).unwrap_or_default()))
    }
}

impl<C: Clock> Inner<C> {
    pub(crate) fn open(&self, checkout: &Checkout) -> Result<CheckoutForm, Error> {
        match &checkout.page {
            Some(page) => {
                let intent: PaymentIntent =
                    self.client.post("/v1/payment_intents", &checkout.form, &checkout.key(), None)?;
                let secret =
                    intent.client_secret.ok_or_else(|| Error::Unreadable("no client_secret".to_owned()))?;
                let parameters = vec![
                    ("payment_intent".to_owned(), intent.id),
                    ("client_secret".to_owned(), secret),
                    ("success_url".to_owned(), page.success_url.clone()),
                    ("fail_url".to_owned(), page.fail_url.clone()),
                ];
                // by POST: a secret in an address is in every log
                Ok(CheckoutForm { method: FormMethod::Post, url: page.url.clone(), parameters })
            }
            None => {
                let session: Session =
                    self.client.post("/v1/checkout/sessions", &checkout.form, &checkout.key(), None)?;
                let url = session.url.ok_or_else(|| Error::Unreadable("no url".to_owned()))?;
                Ok(CheckoutForm { method: FormMethod::Get, url, parameters: Vec::new() })
            }
        }
    }
}
