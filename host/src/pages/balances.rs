//! What somebody has on this desk, and how it leaves.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use escrow::deposit::TxId;
use escrow::port::Repository as _;
use escrow::{DealId, Destination};
use escrow_market::balance::{Withdrawal, WithdrawalStatus};
use escrow_market::{Balance, BalanceId};
use escrow_store::Filter;
use maud::{Markup, html};

use super::deals::{From, PER_PAGE, page, place};
use super::layout;
use crate::auth::{Posted, Session};
use crate::error::Failure;
use crate::forms;
use crate::routes::Fields;
use crate::templates::money;
use crate::{Desk, bank, words};

/// More lines than that are listed by the API.
const MOST_LINES: usize = 200;

pub(super) fn routes() -> Router<Arc<Desk>> {
    Router::new()
        .route("/balances", get(list))
        .route("/balances/earnings", post(earnings))
        .route("/balances/{id}", get(show))
        .route("/balances/{id}/withdraw", post(withdraw))
        .route("/balances/{id}/withdrawals/{number}", post(go_on))
        .route("/balances/{id}/sandbox", post(bounce))
}

fn balance_id(id: &str) -> Result<BalanceId, Failure> {
    id.parse().map_err(|_| Failure::not_found())
}

async fn list(
    State(desk): State<Arc<Desk>>,
    session: Session,
    Query(from): Query<From>,
) -> Result<Markup, Failure> {
    let person = &session.person;
    let filter = if person.staff { Filter::All } else { Filter::Party(&person.id) };
    let page = page(from.after.as_deref(), PER_PAGE);
    let listed = desk.host.repository().list::<Balance>(filter, &page).await?;
    let mut rows = Vec::new();
    for row in &listed {
        let balance: Option<Balance> = desk.host.repository().load(row.id).await?;
        rows.extend(balance);
    }
    let full = listed.len() >= usize::try_from(PER_PAGE).unwrap_or(usize::MAX);
    let keeps = desk.store.keeps_earnings(&person.id)?;
    let content = html! {
        h1 { @if person.staff { "Balances" } @else { "My balance" } }
        p { "What deals have credited to a balance on this desk, and what of it can be withdrawn." }
        section {
            @if rows.is_empty() { p { "There is nothing yet." } } @else { div.scroll { table.cards {
                thead { tr { th scope="col" { "Balance" } th.sum scope="col" { "Can be withdrawn" } th.sum scope="col" { "Clears later" } th.sum scope="col" { "In withdrawals" } } }
                tbody { @for balance in &rows { tr {
                    td { a href={ "/balances/" (balance.id()) } { (balance.holder()) ", " (balance.currency().code()) } }
                    td.sum { span.narrow { "Can be withdrawn: " } strong { (balance.available()) } }
                    td.sum { span.narrow { "Clears later: " } (balance.clearing()) }
                    td.sum { span.narrow { "In withdrawals: " } (balance.reserved()) }
                } } }
            } } }
            @if let Some(last) = listed.last().filter(|_| full) {
                p { a.button href={ "/balances?after=" (place(last)) } { "Next page" } }
            }
        }
        @if !person.staff { section aria-labelledby="earnings" {
            h2 #earnings { "Where your earnings go" }
            @if keeps { p { "What you earn as a seller stays here, in all your deals, unless a deal says otherwise." } }
            @else { p { "What you earn as a seller is paid out at once, where the bank knows you, unless a deal says otherwise." } }
            form method="post" action="/balances/earnings" {
                (layout::csrf(&session))
                @if keeps { button name="keep" value="no" { "Pay it out at once" } }
                @else { button name="keep" value="yes" { "Keep it on my balance" } }
            }
        } }
    };
    Ok(layout::page(&session, "Balances", "/balances", &content))
}

async fn earnings(
    State(desk): State<Arc<Desk>>,
    Posted { session, fields }: Posted,
) -> Result<Response, Failure> {
    desk.store.keep_earnings(&session.person.id, fields.get("keep") == "yes")?;
    Ok(Redirect::to("/balances").into_response())
}

async fn show(
    State(desk): State<Arc<Desk>>,
    session: Session,
    Path(id): Path<String>,
) -> Result<Markup, Failure> {
    render(&desk, &session, balance_id(&id)?, &Fields::default(), &html! {}).await
}

async fn render(
    desk: &Desk,
    session: &Session,
    id: BalanceId,
    sent: &Fields,
    notice: &Markup,
) -> Result<Markup, Failure> {
    let (balance, is_own) = desk.balance(&session.person, id).await?;
    let statement = statement(desk, &balance).await?;
    let withdrawals: Vec<&Withdrawal> =
        (1..=balance.last_number()).rev().filter_map(|number| balance.withdrawal(number)).take(50).collect();
    let at = format!("/balances/{id}");
    let content = html! {
        p { a href="/balances" { "All balances" } }
        h1 { "Balance of " (balance.holder()) ", " (balance.currency().code()) }
        (notice)
        div.columns {
            div {
                section aria-labelledby="there" {
                    h2 #there { "What there is" }
                    dl.facts {
                        dt { "Can be withdrawn" } dd { strong { (balance.available()) } }
                        @for part in balance.clearing_by_time() {
                            dt { "From " (words::instant(part.at)) } dd { (part.amount) }
                        }
                        dt { "In withdrawals" } dd { (balance.reserved()) }
                    }
                    @if balance.available().is_negative() { p { "A debt took more than there was: nothing can be withdrawn before that is covered." } }
                }
                @if is_own && balance.available().is_positive() { (request(session, &balance, sent)) }
                (list_of(session, &balance, &withdrawals, is_own))
            }
            div { (statement) }
        }
    };
    Ok(layout::page(session, "Balance", &at, &content))
}

fn request(session: &Session, balance: &Balance, sent: &Fields) -> Markup {
    let next = balance.last_number().saturating_add(1);
    html! {
        section aria-labelledby="withdraw" {
            h2 #withdraw { "Withdraw" }
            form method="post" action={ "/balances/" (balance.id()) "/withdraw" } {
                (layout::csrf(session))
                input type="hidden" name="number" value=(next);
                label for="amount" { "How much, in " (balance.currency().code()) }
                input #amount name="amount" inputmode="decimal" required autocomplete="off" value=(sent.get("amount"));
                label for="kind" { "Where to" }
                select #kind name="kind" {
                    @for (value, text) in [("account", "a bank account"), ("card", "a card"), ("wallet", "a wallet")] {
                        option value=(value) selected[sent.get("kind") == value] { (text) }
                    }
                }
                label for="reference" { "Its reference in the vault (a token, never the number itself)" }
                input #reference name="reference" required autocomplete="off" value=(sent.get("reference"));
                button.primary { "Ask for the withdrawal" }
                p.hint { "You then enter the code that is sent to you." }
            }
        }
    }
}

fn list_of(session: &Session, balance: &Balance, all: &[&Withdrawal], is_own: bool) -> Markup {
    let amount = |of: &Withdrawal| of.amount.to_string().split(' ').next().unwrap_or_default().to_owned();
    html! {
        section aria-labelledby="withdrawals" {
            h2 #withdrawals { "Withdrawals" }
            @if all.is_empty() { p { "There are none." } }
            @for w in all {
                h3 { "Withdrawal " (w.number) ": " (w.amount) }
                p { (words::capital(words::withdrawal(w.status()))) ", to " (words::destination(Some(&w.destination))) ", of " (words::instant(w.requested_at)) "." }
                @for back in &w.returned { p { strong { (back.amount) " came back from the bank." } " It can be withdrawn again, to another account." } }
                @if is_own && w.status() == WithdrawalStatus::Requested {
                    @let code = format!("code-{}", w.number);
                    form method="post" action={ "/balances/" (balance.id()) "/withdrawals/" (w.number) } {
                        (layout::csrf(session))
                        label for=(code) { "The code that was sent to you (" (w.code.attempts_left()) " tries)" }
                        input #(code) name="code" inputmode="numeric" autocomplete="one-time-code" maxlength="6";
                        button.primary name="do" value="confirm" { "Withdraw " (w.amount) }
                        button name="do" value="code" { "Send me another code" }
                        button name="do" value="cancel" { "Cancel it" }
                    }
                }
                @if session.person.staff && w.status() == WithdrawalStatus::Paid {
                    details { summary { "The payee’s bank returns withdrawal " (w.number) " (sandbox)" }
                        form method="post" action={ "/balances/" (balance.id()) "/sandbox" } {
                            (layout::csrf(session))
                            input type="hidden" name="number" value=(w.number);
                            label for={ "back-" (w.number) } { "How much" }
                            input id={ "back-" (w.number) } name="amount" inputmode="decimal" value=(amount(w));
                            button { "Return it" }
                        }
                    }
                }
            }
        }
    }
}

async fn statement(desk: &Desk, balance: &Balance) -> Result<Markup, Failure> {
    let entries = desk.host.repository().journal::<Balance>(balance.id(), 0).await?;
    let lines = entries
        .iter()
        .rev()
        .filter_map(|entry| entry.recorded.event.movement().map(|movement| (entry.recorded.at, movement)));
    Ok(html! {
        section aria-labelledby="statement" {
            h2 #statement { "Statement, the latest first" }
            div.scroll { table.cards {
                thead { tr { th scope="col" { "When" } th scope="col" { "What" } th.sum scope="col" { "How much" } th.sum scope="col" { "Then" } } }
                tbody { @for (at, movement) in lines.take(MOST_LINES) { tr {
                    td { time datetime=(at) { (words::instant(at)) } }
                    td { (words::capital(&words::movement(&movement))) }
                    td.sum { (movement.amount) }
                    td.sum { span.narrow { "Then there is " } (movement.after.available) }
                } } }
            } }
        }
    })
}

/// Where a withdrawal goes, as it was typed.
fn destination(fields: &Fields) -> Result<Destination, Failure> {
    let reference = forms::instrument(fields.get("reference"))?;
    Ok(match fields.get("kind") {
        "account" => Destination::Account(reference),
        "card" => Destination::Card(reference),
        "wallet" => Destination::Wallet(reference),
        _ => return Err(Failure::invalid("Where to: choose one.")),
    })
}

async fn withdraw(
    State(desk): State<Arc<Desk>>,
    Path(id): Path<String>,
    Posted { session, fields }: Posted,
) -> Result<Response, Failure> {
    let id = balance_id(&id)?;
    let asked = async {
        let (balance, _) = desk.balance(&session.person, id).await?;
        let number = fields.get("number").parse().map_err(|_| Failure::not_found())?;
        let amount = money("How much", fields.get("amount"), balance.currency())?;
        let destination = destination(&fields)?;
        desk.request_withdrawal(&session.person, id, (Some(number), amount, destination)).await
    };
    let (notice, status) = match asked.await {
        Ok(asked) => (code_notice(asked.code.as_deref()), axum::http::StatusCode::OK),
        Err(failure) => (layout::problem(&failure), failure.status()),
    };
    let typed = if status.is_success() { Fields::default() } else { fields };
    Ok((status, render(&desk, &session, id, &typed, &notice).await?).into_response())
}

/// The desk sends no mail: it shows what it would send.
fn code_notice(code: Option<&str>) -> Markup {
    match code {
        Some(code) => layout::secret(
            "The sandbox sends no mail. This is the code that you would get, and it is shown only now:",
            code,
            "Enter it below, within a quarter of an hour.",
        ),
        None => layout::good("This withdrawal was asked for before, and its code was given out then."),
    }
}

async fn go_on(
    State(desk): State<Arc<Desk>>,
    Path((id, number)): Path<(String, u32)>,
    Posted { session, fields }: Posted,
) -> Result<Response, Failure> {
    let (id, me) = (balance_id(&id)?, &session.person);
    let told = async {
        Ok(match fields.get("do") {
            "code" => code_notice(Some(&desk.new_code(me, id, number).await?)),
            "cancel" => {
                desk.cancel_withdrawal(me, id, number).await?;
                layout::good("It is cancelled, and the money is back.")
            }
            _ => {
                let after = desk.confirm_withdrawal(me, id, number, fields.get("code")).await?;
                let status = after.withdrawal(number).map(Withdrawal::status);
                match status {
                    Some(WithdrawalStatus::Paid) => layout::good("It is paid."),
                    Some(status) => layout::good(&format!("{}.", words::capital(words::withdrawal(status)))),
                    None => layout::good("It is confirmed."),
                }
            }
        })
    };
    let told: Result<Markup, Failure> = told.await;
    let (notice, status) = match told {
        Ok(notice) => (notice, axum::http::StatusCode::OK),
        Err(failure) => (layout::problem(&failure), failure.status()),
    };
    Ok((status, render(&desk, &session, id, &Fields::default(), &notice).await?).into_response())
}

/// The payee's bank returns a withdrawal: for the staff who try the desk.
async fn bounce(
    State(desk): State<Arc<Desk>>,
    Path(id): Path<String>,
    Posted { session, fields }: Posted,
) -> Result<Response, Failure> {
    session.staff_only()?;
    let id = balance_id(&id)?;
    let (balance, _) = desk.balance(&session.person, id).await?;
    let amount = money("How much", fields.get("amount"), balance.currency())?;
    let order = TxId::new(fields.get("number").parse().map_err(|_| Failure::not_found())?);
    desk.host
        .gateway()
        .bank()
        .bounce(DealId::new(id.uuid()), order, amount)
        .map_err(|_| Failure::invalid("So much was never sent by this withdrawal, or came back already."))?;
    bank::hear(&desk).await?;
    Ok(Redirect::to(&format!("/balances/{id}")).into_response())
}
