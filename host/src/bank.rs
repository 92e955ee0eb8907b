//! The sandbox bank: its pages, and what it tells.
//!
//! Its books are a file of its own. A payment is in the books before the desk hears of it, and what it tells is read behind a
//! cursor that moves after it was heard: a process that dies in between hears it again.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use escrow::agent::{ActError, Acted, Committed};
use escrow::deal::PendingOrder;
use escrow::deal::command::Answered;
use escrow::deposit::{IdempotencyKey, Reference};
use escrow::port::Repository as _;
use escrow::port::{Aggregate, CheckoutForm, CheckoutRequest, FormMethod, PaymentGateway, SystemClock};
use escrow::{Command, DealId};
use escrow_host::sandbox::{Bank, SandboxGateway};
use escrow_market::{Balance, BalanceId, Basket, BasketId, balance, basket};
use maud::{Markup, html};

use crate::Desk;
use crate::deals::DealsError;
use crate::error::Failure;
use crate::pages::layout;
use crate::routes::Fields;
use crate::store::{Checkout, Store};

/// How long a card payment can be on hold: seven days.
const HOLD_S: u32 = 7 * 86_400;
const CURSOR: &str = "bank";

/// The bank as a gateway that has a page for every payment.
#[derive(Debug)]
pub struct DeskGateway {
    sandbox: SandboxGateway<SystemClock>,
    store: Arc<Store>,
}

impl DeskGateway {
    pub(crate) const fn new(sandbox: SandboxGateway<SystemClock>, store: Arc<Store>) -> Self {
        Self { sandbox, store }
    }

    /// The bank itself.
    pub const fn bank(&self) -> &Bank {
        self.sandbox.bank()
    }
}

/// The bank did not do what it was asked to, for now.
#[derive(Debug)]
pub struct NoAnswer(String);

impl std::fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl PaymentGateway for DeskGateway {
    type Error = NoAnswer;

    async fn checkout(&self, request: CheckoutRequest<'_>) -> Result<CheckoutForm, NoAnswer> {
        let deal = DealId::new(request.key.machine);
        let checkout = Checkout {
            deal,
            order: request.key.transaction,
            deposit: request.deposit,
            amount: request.amount,
            payer: request.payer.to_string(),
            description: request.description.unwrap_or_default().to_owned(),
            back: format!("/deals/{deal}"),
            paid: false,
        };
        let token = self.store.add_checkout(&checkout).map_err(|failure| NoAnswer(failure.0.detail))?;
        Ok(CheckoutForm {
            method: FormMethod::Get,
            url: format!("/bank/pay/{token}"),
            parameters: Vec::new(),
        })
    }

    async fn execute(&self, order: PendingOrder<'_>) -> Result<Answered, NoAnswer> {
        self.sandbox.execute(order).await.map_err(|error| NoAnswer(error.to_string()))
    }
}

/// Hears what the bank has told since: returns how many facts it was.
///
/// # Errors
/// The storage failed, or a deal could not be told: it is told again.
pub async fn hear(desk: &Desk) -> Result<usize, Failure> {
    let _one_at_a_time = desk.hearing.lock().await;
    let mut heard = 0_usize;
    let notices = desk.host.gateway().bank().notices(desk.store.cursor(CURSOR)?);
    for (number, of, fact) in notices.map_err(|e| Failure::internal(&e))? {
        let (basket, balance) = (BasketId::new(of.uuid()), BalanceId::new(of.uuid()));
        let repository = desk.host.repository();
        let pays: Option<Basket> = repository.load(basket).await?;
        let holds: Option<Balance> = repository.load(balance).await?;
        if pays.is_some() {
            if let Some(fact) = for_basket(fact) {
                heard_by(Box::pin(desk.host.webhook(basket, fact)).await)?;
            }
            desk.after_basket(basket).await;
        } else if holds.is_some() {
            if let Some(fact) = for_balance(fact) {
                heard_by(Box::pin(desk.host.webhook(balance, fact)).await)?;
            }
        } else {
            heard_by(Box::pin(desk.host.webhook(of, answering(fact))).await)?;
            desk.after_deal(of).await;
        }
        desk.store.move_cursor(CURSOR, number)?;
        heard = heard.saturating_add(1);
    }
    Ok(heard)
}

/// What is refused is an incident, and nobody's next request.
fn heard_by<M: Aggregate>(told: Result<Acted<M>, ActError<DealsError, M::Rejection>>) -> Result<(), Failure> {
    match told {
        Ok(_) | Err(ActError::Rejected(_) | ActError::NotFound | ActError::FactRefused { .. }) => Ok(()),
        Err(error) if error.committed() == Committed::Yes => Ok(()),
        Err(error) => Err(Failure::internal(&error)),
    }
}

/// What the bank tells of a payment, as a basket hears it.
fn for_basket(fact: Command) -> Option<basket::Command> {
    Some(if let Command::ConfirmPayment(paid) = fact {
        basket::command::ConfirmPayment::charged(paid.gateway, paid.reference, paid.amount).into()
    } else if let Command::Chargeback(back) = fact {
        let payment = (back.gateway, back.payment);
        basket::command::Chargeback::new(back.reference, payment, back.amount, back.step).into()
    } else if let Command::Returned(back) = fact {
        let refund = back.transaction.number();
        basket::command::Returned::new(refund, back.amount, back.reference).into()
    } else {
        return None;
    })
}

/// What the bank tells of a withdrawal, as a balance hears it.
fn for_balance(fact: Command) -> Option<balance::Command> {
    let Command::Returned(back) = fact else { return None };
    let (withdrawal, amount, reference) = (back.transaction.number(), back.amount, back.reference);
    Some(balance::command::Returned { withdrawal, amount, reference }.into())
}

/// The bank hands back our key as its reference: it says which request was paid.
fn answering(fact: Command) -> Command {
    if let Command::ConfirmPayment(payment) = fact {
        let key: Option<IdempotencyKey> = payment.reference.parse().ok();
        return payment.answering(key.map(|key| key.transaction)).into();
    }
    fact
}

/// Somebody pays at the bank: the money is in its books before anybody is told.
pub(crate) async fn pay(desk: &Desk, token: &str, on_hold: bool) -> Result<Checkout, Failure> {
    let checkout = desk.store.checkout(token)?.ok_or_else(Failure::not_found)?;
    let key = IdempotencyKey::new(checkout.deal.uuid(), checkout.order);
    let reference = Reference::new(key.to_string()).map_err(|e| Failure::internal(&e))?;
    let until = on_hold.then(|| desk.now().plus_secs(HOLD_S));
    let bank = desk.host.gateway().bank();
    bank.pay(checkout.deal, checkout.deposit, &reference, checkout.amount, until)
        .map_err(|e| Failure::internal(&e))?;
    desk.store.checkout_paid(token)?;
    if let Err(failure) = hear(desk).await {
        // the worker hears it in a moment
        tracing::warn!(detail = failure.0.detail, "what the bank tells is not heard yet");
    }
    Ok(checkout)
}

pub(crate) fn routes() -> Router<Arc<Desk>> {
    Router::new().route("/bank/pay/{token}", get(show).post(answer))
}

/// Whoever has the token is the payer's browser: as at a real bank, it is not the desk's session that counts here.
async fn show(State(desk): State<Arc<Desk>>, Path(token): Path<String>) -> Result<Markup, Failure> {
    let checkout = desk.store.checkout(&token)?.ok_or_else(Failure::not_found)?;
    Ok(page(&token, &checkout))
}

fn page(token: &str, checkout: &Checkout) -> Markup {
    let Checkout { amount, payer, description, back, paid, .. } = checkout;
    layout::bare(
        "Sandbox bank",
        &html! {
            p.badge { "Sandbox bank · no real money" }
            h1 { "Pay " (amount) }
            dl.facts {
                dt { "For" } dd { (description) }
                dt { "Payer" } dd { (payer) }
                dt { "Amount" } dd { strong { (amount) } }
            }
            @if *paid {
                p { "This is paid." }
                p { a.button href=(back) { "Back to the deal" } }
            } @else {
                form method="post" action={ "/bank/pay/" (token) } {
                    button.primary name="do" value="pay" { "Pay " (amount) }
                    // several deals are paid by charged money only
                    @if back.starts_with("/deals/") { button name="do" value="hold" { "Only put it on hold" } }
                    button name="do" value="refuse" { "Do not pay" }
                }
                @if back.starts_with("/deals/") { p.hint { "A hold is captured by the escrow agent, as card payments are." } }
            }
        },
    )
}

async fn answer(
    State(desk): State<Arc<Desk>>,
    Path(token): Path<String>,
    fields: Fields,
) -> Result<Response, Failure> {
    let (checkout, paid) = match fields.get("do") {
        "pay" => (pay(&desk, &token, false).await?, 1),
        "hold" => (pay(&desk, &token, true).await?, 1),
        _ => (desk.store.checkout(&token)?.ok_or_else(Failure::not_found)?, 0),
    };
    Ok(Redirect::to(&format!("{}?paid={paid}", checkout.back)).into_response())
}
