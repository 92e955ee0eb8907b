//! Orders, carried out at most once.
//!
//! What is young goes out under its key, which Stripe still knows. What is old is looked for first, in lists and never by
//! search: Stripe's search lags behind. What Stripe has made counts as sent, whatever its status: what fails later comes back
//! as a fact of its own, by a webhook.

use escrow::DealId;
use escrow::deal::command::Answered;
use escrow::deposit::Reference;
use escrow::port::Clock;
use serde::de::DeserializeOwned;

use crate::client::{Form, is_id};
use crate::error::{Error, declined, reason};
use crate::gateway::{Inner, Step, Task};
use crate::money;
use crate::objects::{ATTEMPT, CAPTURE, DEAL, List, Made, ORDER, PaymentIntent, Ref, TRANSFER};
use crate::route::Route;

/// As many objects as one page of Stripe's can have.
const PAGE: usize = 100;
/// As many pages as are looked through: of one payment's refunds or one deal's transfers there are few.
const PAGES: usize = 20;

impl<C: Clock> Inner<C> {
    pub(crate) fn run(&self, task: &Task) -> Result<Answered, Error> {
        match &task.step {
            Step::Capture { payment } => self.capture(task, payment),
            Step::LetGo { payment } => self.let_go(task, payment),
            Step::Refund { payment } => self.refund(task, payment),
            Step::Pay { route } => self.pay(task, route).or_else(declined),
            Step::Verify { payment, is_hold } => self.verify(task, payment, *is_hold),
        }
    }

    // --- captures ---

    fn capture(&self, task: &Task, payment: &str) -> Result<Answered, Error> {
        if task.looks
            && let Some(known) = captured(task, &self.payment(payment)?)?
        {
            return Ok(known);
        }
        let (amount, _) = money::to_stripe(task.amount)?;
        let form = Form::default().with("amount_to_capture", amount).metadata(CAPTURE, task.key);
        let path = format!("/v1/payment_intents/{payment}/capture");
        match self.client.post::<PaymentIntent>(&path, &form, &task.key.to_string(), None) {
            Ok(intent) => succeeded(charge_of(&intent)),
            // it may be that the hold is gone, or money already
            Err(error @ Error::Refused(_)) => match declined(error) {
                Ok(answer) => Ok(answer),
                Err(error) => captured(task, &self.payment(payment)?)?.ok_or(error),
            },
            Err(error) => Err(error),
        }
    }

    // --- holds that are let go ---

    fn let_go(&self, task: &Task, payment: &str) -> Result<Answered, Error> {
        if task.looks
            && let Some(known) = gone(&self.payment(payment)?)?
        {
            return Ok(known);
        }
        let path = format!("/v1/payment_intents/{payment}/cancel");
        match self.client.post::<PaymentIntent>(&path, &Form::default(), &task.key.to_string(), None) {
            Ok(intent) => succeeded(&intent.id),
            Err(error @ Error::Refused(_)) => gone(&self.payment(payment)?)?.ok_or(error),
            Err(error) => Err(error),
        }
    }

    // --- refunds ---

    fn refund(&self, task: &Task, payment: &str) -> Result<Answered, Error> {
        if task.looks {
            let query = Form::default().with("payment_intent", payment);
            if let Some(made) = self.find(task, "/v1/refunds", &query, None)? {
                return succeeded(&made.id);
            }
        }
        let (amount, _) = money::to_stripe(task.amount)?;
        let form = marked(task, Form::default().with("payment_intent", payment).with("amount", amount));
        match self.client.post::<Made>("/v1/refunds", &form, &task.key.to_string(), None) {
            Ok(made) => succeeded(&made.id),
            Err(error) => declined(error),
        }
    }

    // --- payouts ---

    fn pay(&self, task: &Task, route: &Route) -> Result<Answered, Error> {
        match route {
            Route::Stay => succeeded(&format!("kept-{}", task.key)),
            Route::Transfer { account } => succeeded(&self.transfer(task, account)?),
            Route::Onward { account, instrument } => {
                let transfer = self.transfer(task, account)?;
                self.pay_out(task, instrument, Some((account, &transfer)))?;
                // the order is the transfer, by which the money left the platform
                succeeded(&transfer)
            }
            Route::Bank { instrument } => succeeded(&self.pay_out(task, instrument, None)?),
        }
    }

    fn transfer(&self, task: &Task, account: &str) -> Result<String, Error> {
        if task.looks {
            let query = Form::default().with("transfer_group", task.key.machine);
            if let Some(made) = self.find(task, "/v1/transfers", &query, None)? {
                return Ok(made.id);
            }
        }
        let (amount, currency) = money::to_stripe(task.amount)?;
        let form = Form::default()
            .with("amount", amount)
            .with("currency", currency)
            .with("destination", account)
            .with("transfer_group", task.key.machine);
        let made: Made =
            self.client.post("/v1/transfers", &marked(task, form), &task.key.to_string(), None)?;
        Ok(made.id)
    }

    /// To a bank: the platform's, or on from a connected account.
    fn pay_out(
        &self,
        task: &Task,
        instrument: &str,
        of: Option<(&String, &String)>,
    ) -> Result<String, Error> {
        let (account, transfer) = (of.map(|(account, _)| account.as_str()), of.map(|(_, transfer)| transfer));
        if task.looks {
            // an hour for clocks that differ
            let since = task.since.map(|at| at.minus_secs(3_600).millis().div_euclid(1_000));
            let query = Form::default().with_optional("created[gte]", since);
            if let Some(made) = self.find(task, "/v1/payouts", &query, account)? {
                return Ok(made.id);
            }
        }
        let (amount, currency) = money::to_payout(task.amount)?;
        let mut form =
            Form::default().with("amount", amount).with("currency", currency).with("destination", instrument);
        if is_id(instrument, "card_") {
            form = form.with("method", "instant");
        }
        if let Some(transfer) = transfer {
            form = form.metadata(TRANSFER, transfer);
        }
        // beside a transfer it is a second call, and needs a key of its own
        let key = if transfer.is_some() { format!("{}/payout", task.key) } else { task.key.to_string() };
        let made: Made = self.client.post("/v1/payouts", &marked(task, form), &key, account)?;
        Ok(made.id)
    }

    // --- payments that a party says to have made ---

    fn verify(&self, task: &Task, payment: &str, is_hold: bool) -> Result<Answered, Error> {
        let no = |why: &str| Ok(Answered::Declined(reason(why)));
        if !is_id(payment, "pi_") {
            return no("it is no payment of Stripe's");
        }
        let intent = match self.payment(payment) {
            Ok(intent) => intent,
            Err(Error::Refused(refusal)) if refusal.status == 404 => return no("there is no such payment"),
            Err(error) => return Err(error),
        };
        // whatever carries another deal, or none, is not this deal's
        if intent.metadata.deal() != Some(DealId::new(task.key.machine)) {
            return no("the payment is not for this deal");
        }
        let amount = match (intent.status.as_str(), is_hold) {
            ("succeeded", false) => intent.amount_received,
            ("requires_capture", true) => intent.amount_capturable,
            ("canceled", _) => return no("the payment was cancelled"),
            ("requires_capture", false) => return no("the payment is on hold only"),
            ("succeeded", true) => return no("the payment was charged, and is not on hold"),
            (_, _) => return Ok(Answered::InProgress),
        };
        if money::from_stripe(amount, &intent.currency)? != task.amount {
            return no("the payment is of another amount");
        }
        succeeded(payment)
    }

    // --- looking ---

    /// The object that an order has made already, in a list of Stripe's: the newest first.
    fn find(
        &self,
        task: &Task,
        path: &str,
        query: &Form,
        account: Option<&str>,
    ) -> Result<Option<Made>, Error> {
        let mut after: Option<String> = None;
        for _ in 0..PAGES {
            let page = query.clone().with("limit", PAGE).with_optional("starting_after", after.as_deref());
            let list: List<Made> = self.list(path, &page, account)?;
            after = list.data.last().map(|made| made.id.clone());
            let found = list.data.into_iter().find(|made| made.metadata.key() == Some(task.key));
            if found.is_some() || !list.has_more || after.is_none() {
                return Ok(found);
            }
        }
        Err(Error::TooMany(PAGE.saturating_mul(PAGES)))
    }

    fn list<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &Form,
        account: Option<&str>,
    ) -> Result<List<T>, Error> {
        self.client.get(path, query, account)
    }
}

/// Whose it is.
fn marked(task: &Task, form: Form) -> Form {
    let form = form.metadata(DEAL, task.key.machine).metadata(ORDER, task.key.transaction);
    match task.key.attempt {
        Some(attempt) => form.metadata(ATTEMPT, attempt),
        None => form,
    }
}

fn succeeded(reference: &str) -> Result<Answered, Error> {
    let reference = Reference::new(reference).map_err(|error| Error::Unreadable(error.to_string()))?;
    Ok(Answered::Succeeded(reference))
}

/// What a capture is known by.
fn charge_of(intent: &PaymentIntent) -> &str {
    intent.latest_charge.as_ref().map_or(&intent.id, Ref::id)
}

/// What has become of a hold that an order is to capture; `None`: it is there, and can be captured.
fn captured(task: &Task, intent: &PaymentIntent) -> Result<Option<Answered>, Error> {
    let (ordered, _) = money::to_stripe(task.amount)?;
    match intent.status.as_str() {
        "requires_capture" => Ok(None),
        "succeeded" => {
            let is_ours = intent.metadata.get(CAPTURE) == Some(task.key.to_string().as_str());
            if is_ours || intent.amount_received == ordered {
                return succeeded(charge_of(intent)).map(Some);
            }
            let (payment, captured) = (intent.id.clone(), intent.amount_received);
            Err(Error::CapturedOtherwise { payment, captured, ordered })
        }
        "canceled" => {
            let why = intent.cancellation_reason.as_deref().unwrap_or("no reason given");
            Ok(Some(Answered::Declined(reason(&format!("the hold is gone: {why}")))))
        }
        "processing" => Ok(Some(Answered::InProgress)),
        _ => Err(status(intent)),
    }
}

/// What has become of a hold that is to be let go; `None`: it is there. One that is gone was let go, by whomever.
fn gone(intent: &PaymentIntent) -> Result<Option<Answered>, Error> {
    match intent.status.as_str() {
        "requires_capture" => Ok(None),
        "canceled" => succeeded(&intent.id).map(Some),
        "succeeded" => Ok(Some(Answered::Declined(reason("the payment was captured")))),
        "processing" => Ok(Some(Answered::InProgress)),
        _ => Err(status(intent)),
    }
}

fn status(intent: &PaymentIntent) -> Error {
    Error::Status { payment: intent.id.clone(), status: intent.status.clone() }
}
