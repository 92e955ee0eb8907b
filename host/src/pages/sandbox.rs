//! The sandbox bank's odd days, for the staff who try the desk: a payer's bank takes a payment back, a payee's bank returns one.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
use escrow::deal::command::ChargebackStep;
use escrow::deposit::{IdempotencyKey, Reference, Transaction, TransactionState, TxId};
use escrow::{Deal, DealId, Money};
use maud::{Markup, html};

use super::deal::deal_id;
use super::layout;
use crate::auth::{Posted, Session};
use crate::error::Failure;
use crate::routes::Fields;
use crate::templates::money;
use crate::{Desk, bank};

const STEPS: [(&str, &str, ChargebackStep); 4] = [
    ("opened", "asks for it back", ChargebackStep::Opened),
    ("lost", "takes it back", ChargebackStep::Lost),
    ("won", "gives its claim up", ChargebackStep::Won),
    ("reinstated", "gives back what it took", ChargebackStep::Reinstated),
];

pub(super) fn routes() -> Router<Arc<Desk>> {
    Router::new().route("/deals/{id}/sandbox", post(play))
}

fn payments(deal: &Deal) -> impl Iterator<Item = (&Transaction, &Reference)> {
    let paid = deal.transactions().iter().filter(|t| t.kind().is_inbound());
    paid.filter_map(|transaction| transaction.reference().map(|reference| (transaction, reference)))
}

fn sent(deal: &Deal) -> impl Iterator<Item = &Transaction> {
    let outgoing = deal.transactions().iter().filter(|t| t.leg().is_some() && !t.kind().is_inbound());
    outgoing.filter(|t| *t.state() == TransactionState::Succeeded)
}

/// What can be done to the payments of a deal.
pub(super) fn section(session: &Session, deal: &Deal) -> Markup {
    if payments(deal).next().is_none() {
        return html! {};
    }
    let action = format!("/deals/{}/sandbox", deal.id());
    let amount = |of: &Transaction| of.amount().to_string().split(' ').next().unwrap_or_default().to_owned();
    html! {
        section { details.fold {
            summary { "The sandbox bank" }
            p.hint { "No real money: play what banks do, and see what becomes of the deal." }
            @for (payment, reference) in payments(deal) {
                @let at = payment.id();
                details {
                    summary { "The payer’s bank and payment " (at) }
                    form method="post" action=(action) {
                        (layout::csrf(session))
                        input type="hidden" name="payment" value=(reference);
                        label for={ "step-" (at) } { "It" }
                        select id={ "step-" (at) } name="step" { @for (word, text, _) in STEPS { option value=(word) { (text) } } }
                        label for={ "sum-" (at) } { "How much" }
                        input id={ "sum-" (at) } name="amount" inputmode="decimal" value=(amount(payment));
                        button name="do" value="chargeback" { "Let it" }
                    }
                }
            }
            @for order in sent(deal) {
                @let at = order.id();
                details {
                    summary { "The payee’s bank and order " (at) }
                    form method="post" action=(action) {
                        (layout::csrf(session))
                        input type="hidden" name="order" value=(at);
                        label for={ "back-" (at) } { "It returns" }
                        input id={ "back-" (at) } name="amount" inputmode="decimal" value=(amount(order));
                        button name="do" value="bounce" { "Return it" }
                    }
                }
            }
        } }
    }
}

async fn play(
    State(desk): State<Arc<Desk>>,
    Path(id): Path<String>,
    Posted { session, fields }: Posted,
) -> Result<Response, Failure> {
    session.staff_only()?;
    let id = deal_id(&id)?;
    let (deal, _) = desk.deal(&session.person, id).await?;
    let typed = money("How much", fields.get("amount"), deal.terms().currency)?;
    if fields.get("do") == "bounce" {
        bounce(&desk, id, &fields, typed)?;
    } else {
        chargeback(&desk, &deal, &fields, typed)?;
    }
    bank::hear(&desk).await?;
    Ok(Redirect::to(&format!("/deals/{id}")).into_response())
}

fn bounce(desk: &Desk, id: DealId, fields: &Fields, amount: Money) -> Result<(), Failure> {
    let order: TxId = fields.get("order").parse().map_err(|_| Failure::not_found())?;
    let done = desk.host.gateway().bank().bounce(id, order, amount);
    done.map(drop)
        .map_err(|_| Failure::invalid("So much was never sent by this order, or came back already."))
}

fn chargeback(desk: &Desk, deal: &Deal, fields: &Fields, amount: Money) -> Result<(), Failure> {
    let step = STEPS.iter().find(|(word, ..)| *word == fields.get("step")).map(|(_, _, step)| *step);
    let step = step.ok_or_else(|| Failure::invalid("It: choose one."))?;
    let (payment, reference) = payments(deal)
        .find(|(_, reference)| reference.as_str() == fields.get("payment"))
        .ok_or_else(Failure::not_found)?;
    let case = Reference::new(format!("cb-{}", payment.id())).map_err(|e| Failure::internal(&e))?;
    let bank = desk.host.gateway().bank();
    // a payment that came by a basket is the basket's to divide
    let key: Option<IdempotencyKey> = reference.parse().ok();
    let of = key.map_or(deal.id(), |key| DealId::new(key.machine));
    let told = bank.chargeback(of, case, reference.clone(), amount, step);
    told.map(drop).map_err(|e| Failure::internal(&e))
}
