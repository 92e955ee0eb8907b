//! Webhooks, read as facts of the port.

use escrow::deal::command::{Answer, Answered, Chargeback, ChargebackStep, ConfirmPayment, Returned};
use escrow::deposit::{GatewayName, IdempotencyKey, Reference};
use escrow::{Command, DealId, Money, Time};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::heard::{About, HearError, Heard};
use crate::money::from_stripe;
use crate::objects::{Charge, Dispute, PaymentIntent, Payout, Refund, TRANSFER, Transfer};
use crate::signature::{SignatureError, SigningSecret, TOLERANCE_S, verify};
use crate::take_back::TakeBack;

/// Who listens to Stripe's webhooks: it needs the endpoint's secrets, and no key of the API.
#[derive(Clone, Debug)]
pub struct Webhooks {
    secrets: Vec<SigningSecret>,
    tolerance_s: u32,
    gateway: GatewayName,
    hold_s: u32,
}

#[derive(Deserialize)]
struct Event<'e> {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    created: i64,
    #[serde(default)]
    account: Option<String>,
    #[serde(borrow)]
    data: Data<'e>,
}

#[derive(Deserialize)]
struct Data<'e> {
    #[serde(borrow)]
    object: &'e RawValue,
}

impl Data<'_> {
    fn read<T: DeserializeOwned>(&self) -> Result<T, HearError> {
        serde_json::from_str(self.object.get()).map_err(|error| HearError::Unreadable(error.to_string()))
    }
}

/// What is made of an object.
#[derive(Default)]
struct Said {
    about: Option<About>,
    facts: Vec<Command>,
    note: Option<String>,
    take_back: Option<TakeBack>,
}

impl Said {
    fn note(about: Option<About>, note: impl Into<String>) -> Self {
        Self { about, note: Some(note.into()), ..Self::default() }
    }

    fn facts(about: About, facts: Vec<Command>) -> Self {
        Self { about: Some(about), facts, ..Self::default() }
    }
}

impl Webhooks {
    /// How long a hold is counted on after it was made: six days. Cards keep one for seven; a deal captures before it ends.
    pub const HOLD_S: u32 = 6 * 86_400;

    /// Listens with these secrets: several while one is rolled.
    ///
    /// # Errors
    /// [`SignatureError::Secrets`] where there is none, or more than eight.
    pub fn new(secrets: Vec<SigningSecret>) -> Result<Self, SignatureError> {
        let gateway = GatewayName::new("stripe").map_err(|_| SignatureError::Secrets)?;
        if secrets.is_empty() || secrets.len() > 8 {
            return Err(SignatureError::Secrets);
        }
        Ok(Self { secrets, tolerance_s: TOLERANCE_S, gateway, hold_s: Self::HOLD_S })
    }

    /// The gateway's name in the deals, where it has another one than `stripe`.
    #[must_use]
    pub fn name(mut self, name: GatewayName) -> Self {
        self.gateway = name;
        self
    }

    /// How far the clocks may be apart, in seconds.
    #[must_use]
    pub const fn tolerance_s(mut self, seconds: u32) -> Self {
        self.tolerance_s = seconds;
        self
    }

    /// For how long a hold is counted on.
    #[must_use]
    pub const fn hold_s(mut self, seconds: u32) -> Self {
        self.hold_s = seconds;
        self
    }

    /// Reads a webhook: the header `Stripe-Signature`, the body as it came, and the time.
    ///
    /// Answer `2xx` once the facts are committed, or once the note is kept where there are none; anything else, and Stripe
    /// sends the event again for three days.
    ///
    /// # Errors
    /// [`HearError`].
    pub fn hear(&self, signature: &str, body: &[u8], now: Time) -> Result<Heard, HearError> {
        verify(&self.secrets, self.tolerance_s, signature, body, now)?;
        let event: Event<'_> =
            serde_json::from_slice(body).map_err(|error| HearError::Unreadable(error.to_string()))?;
        let said = self.said(&event)?;
        let (about, facts, take_back) = (said.about.unwrap_or(About::Nothing), said.facts, said.take_back);
        Ok(Heard { event: event.id, kind: event.kind, about, facts, note: said.note, take_back })
    }

    fn said(&self, event: &Event<'_>) -> Result<Said, HearError> {
        let (kind, data) = (event.kind.as_str(), &event.data);
        match kind {
            "payment_intent.succeeded" => self.charged(&data.read()?),
            "payment_intent.amount_capturable_updated" => self.held(&data.read()?, event.created),
            "payment_intent.payment_failed" | "payment_intent.canceled" => not_paid(kind, &data.read()?),
            "charge.refunded" => refunded(&data.read()?),
            "refund.created" | "refund.updated" | "refund.failed" | "charge.refund.updated" => {
                refund(&data.read()?)
            }
            "charge.dispute.created"
            | "charge.dispute.closed"
            | "charge.dispute.funds_reinstated"
            | "charge.dispute.updated"
            | "charge.dispute.funds_withdrawn" => self.dispute(kind, &data.read()?),
            "transfer.reversed" => reversed(&data.read()?),
            "payout.paid" | "payout.failed" | "payout.canceled" => {
                payout(kind, &data.read()?, event.account.as_deref())
            }
            other => Ok(Said::note(None, format!("nothing is made of the event {other}"))),
        }
    }

    // --- payments ---

    /// A PaymentIntent is captured once, so that its receipt needs no id of a capture; what an order of ours has captured is
    /// told with or without.
    fn charged(&self, intent: &PaymentIntent) -> Result<Said, HearError> {
        self.payment(intent, intent.amount_received, None)
    }

    fn held(&self, intent: &PaymentIntent, at: i64) -> Result<Said, HearError> {
        if intent.amount_received > 0 || intent.amount_capturable <= 0 {
            let left = intent.amount_capturable;
            let note = format!("{} is captured in part: {left} of it is still on hold", intent.id);
            return Ok(Said::note(about(intent.metadata.deal()), note));
        }
        let millis = at.checked_mul(1_000).and_then(|millis| Time::from_millis(millis).ok());
        let at = millis.ok_or_else(|| HearError::Unreadable("created: no time".to_owned()))?;
        self.payment(intent, intent.amount_capturable, Some(at.plus_secs(self.hold_s)))
    }

    fn payment(
        &self,
        intent: &PaymentIntent,
        amount: i64,
        held_until: Option<Time>,
    ) -> Result<Said, HearError> {
        let amount = from_stripe(amount, &intent.currency)?;
        let (Some(deal), Some(deposit)) = (intent.metadata.deal(), intent.metadata.deposit()) else {
            let note = format!("{} of {amount} is for no deal: it carries none in its metadata", intent.id);
            return Ok(Said::note(about(intent.metadata.deal()), note));
        };
        let reference = Reference::new(&intent.id)?;
        let fact = ConfirmPayment::charged(deposit, self.gateway.clone(), reference, amount)
            .held_until(held_until)
            .answering(intent.metadata.order());
        Ok(Said::facts(About::Deal(deal), vec![fact.into()]))
    }

    // --- disputes ---

    fn dispute(&self, kind: &str, dispute: &Dispute) -> Result<Said, HearError> {
        let Some(payment) = &dispute.payment_intent else {
            return Ok(Said::note(None, format!("{} disputes no PaymentIntent", dispute.id)));
        };
        let payment = Reference::new(payment.id())?;
        let whole = from_stripe(dispute.amount, &dispute.currency)?;
        let why = dispute.reason.as_deref().unwrap_or("no reason given");
        let note = format!("{} of {whole} is {} ({why})", dispute.id, dispute.status);
        let step = match (kind, dispute.status.as_str()) {
            ("charge.dispute.created", _) => Some((ChargebackStep::Opened, whole)),
            ("charge.dispute.closed", "lost") => Some((ChargebackStep::Lost, whole)),
            // an inquiry that became no dispute is given up, too
            ("charge.dispute.closed", "won" | "warning_closed") => Some((ChargebackStep::Won, whole)),
            // of one that is won it says no more than that
            ("charge.dispute.funds_reinstated", "won") => Some((ChargebackStep::Won, whole)),
            ("charge.dispute.funds_reinstated", "lost") => {
                Some((ChargebackStep::Reinstated, given_back(dispute, whole)?))
            }
            // the money is gone for the time being; what it comes to, the closing says
            (_, _) => None,
        };
        let about = About::Payment(payment.clone());
        let Some((step, amount)) = step else { return Ok(Said::note(Some(about), note)) };
        let (reference, gateway) = (Reference::new(&dispute.id)?, self.gateway.clone());
        let fact = Chargeback::new(reference, (gateway, payment), amount, step);
        Ok(Said { note: Some(note), ..Said::facts(about, vec![fact.into()]) })
    }
}

fn about(deal: Option<DealId>) -> Option<About> {
    deal.map(About::Deal)
}

/// What the bank gave back of a dispute that was lost: the amounts that came in, where they are in the payment's currency.
fn given_back(dispute: &Dispute, whole: Money) -> Result<Money, HearError> {
    let own = dispute.balance_transactions.iter().filter(|t| t.currency == dispute.currency && t.amount > 0);
    let sum = own.fold(0_i64, |sum, t| sum.saturating_add(t.amount));
    let back = from_stripe(sum, &dispute.currency)?;
    Ok(if back.is_positive() && back.minor() < whole.minor() { back } else { whole })
}

/// A try that failed is no decline: the payer may try again with another card. A payment that is cancelled before anything
/// was tried is one, and answers its request.
fn not_paid(kind: &str, intent: &PaymentIntent) -> Result<Said, HearError> {
    let deal = intent.metadata.deal();
    let failed = intent.last_payment_error.as_ref();
    let code = failed.and_then(|e| e.decline_code.as_deref().or(e.code.as_deref()));
    let why = code.or(intent.cancellation_reason.as_deref()).unwrap_or("no reason given");
    let amount = from_stripe(intent.amount, &intent.currency)?;
    let is_over = kind == "payment_intent.canceled";
    let what = if is_over { "is cancelled" } else { "was tried in vain" };
    let note = format!("{} of {amount} {what} ({why})", intent.id);
    let facts = match (is_over && intent.latest_charge.is_none(), deal, intent.metadata.order()) {
        (true, Some(_), Some(request)) => {
            let reason = crate::error::reason(&format!("cancelled: {why}"));
            vec![Answer::new(request, Answered::Declined(reason)).into()]
        }
        (_, _, _) => Vec::new(),
    };
    Ok(Said { about: about(deal), facts, note: Some(note), take_back: None })
}

// --- refunds ---

fn refunded(charge: &Charge) -> Result<Said, HearError> {
    let about = match (&charge.payment_intent, charge.metadata.deal()) {
        (_, Some(deal)) => Some(About::Deal(deal)),
        (Some(payment), None) => Some(About::Payment(Reference::new(payment.id())?)),
        (None, None) => None,
    };
    let total = from_stripe(charge.amount_refunded, &charge.currency)?;
    let note = Some(format!("{total} of {} is refunded in all", charge.id));
    let mut facts = Vec::new();
    for refund in charge.refunds.iter().flat_map(|list| &list.data) {
        if let Some(key) =
            refund.metadata.key().filter(|key| Some(DealId::new(key.machine)) == charge.metadata.deal())
        {
            facts.extend(told(key, &refund.id, came_back(refund)?)?);
        }
    }
    Ok(Said { about, facts, note, take_back: None })
}

fn refund(refund: &Refund) -> Result<Said, HearError> {
    let amount = from_stripe(refund.amount, &refund.currency)?;
    let Some(key) = refund.metadata.key() else {
        let payment = refund.payment_intent.as_ref().map(|p| Reference::new(p.id())).transpose()?;
        let note = format!("{} of {amount} is a refund that no order has asked for", refund.id);
        return Ok(Said::note(payment.map(About::Payment), note));
    };
    let back = came_back(refund)?;
    let note = back.is_some().then(|| {
        let why = refund.failure_reason.as_deref().unwrap_or("no reason given");
        format!("the refund {} of {amount} came back ({why})", refund.id)
    });
    Ok(Said { note, ..Said::facts(About::Deal(DealId::new(key.machine)), told(key, &refund.id, back)?) })
}

/// A refund that failed, or was cancelled, was sent and came back.
fn came_back(refund: &Refund) -> Result<Option<(Money, &str)>, HearError> {
    match refund.status.as_deref() {
        Some("failed" | "canceled") => {
            Ok(Some((from_stripe(refund.amount, &refund.currency)?, refund.id.as_str())))
        }
        Some(_) | None => Ok(None),
    }
}

/// That an order was sent, and what of it came back.
fn told<'b>(
    key: IdempotencyKey,
    reference: &str,
    back: impl IntoIterator<Item = (Money, &'b str)>,
) -> Result<Vec<Command>, HearError> {
    let sent = Answered::Succeeded(Reference::new(reference)?);
    let mut facts = vec![Answer::new(key.transaction, sent).into()];
    for (amount, id) in back {
        facts.push(Returned::new(key.transaction, amount, Reference::new(id)?).into());
    }
    Ok(facts)
}

// --- payouts ---

fn reversed(transfer: &Transfer) -> Result<Said, HearError> {
    let Some(key) = transfer.metadata.key() else {
        return Ok(Said::note(None, format!("{} is a transfer that no order has asked for", transfer.id)));
    };
    let mut back = Vec::new();
    for reversal in &transfer.reversals.data {
        back.push((from_stripe(reversal.amount, &transfer.currency)?, reversal.id.as_str()));
    }
    let note = (back.is_empty() || transfer.reversals.has_more)
        .then(|| format!("{} has reversals that the event does not list", transfer.id));
    Ok(Said { note, ..Said::facts(About::Deal(DealId::new(key.machine)), told(key, &transfer.id, back)?) })
}

fn payout(kind: &str, payout: &Payout, account: Option<&str>) -> Result<Said, HearError> {
    let amount = from_stripe(payout.amount, &payout.currency)?;
    let whose = account.unwrap_or("the platform");
    let Some(key) = payout.metadata.key() else {
        let note = format!("{} of {amount} by {whose} is none of an order ({kind})", payout.id);
        return Ok(Said::note(None, note));
    };
    let about = About::Deal(DealId::new(key.machine));
    let failed = kind != "payout.paid";
    let why = payout.failure_code.as_deref().unwrap_or("no reason given");
    let note = if failed {
        format!("the payout {} of {amount} by {whose} came back ({why})", payout.id)
    } else {
        format!("the payout {} of {amount} by {whose} has arrived", payout.id)
    };
    let mut said = Said::note(Some(about), note);
    match payout.metadata.get(TRANSFER) {
        // the transfer is the order; the money is the connected account's until it is taken back
        Some(transfer) if failed => {
            let (payout, transfer) = (payout.id.clone(), transfer.to_owned());
            said.take_back = Some(TakeBack { key, payout, transfer, amount });
        }
        Some(_) => {}
        None => said.facts = told(key, &payout.id, failed.then_some((amount, payout.id.as_str())))?,
    }
    Ok(said)
}
