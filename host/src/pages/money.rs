//! The money of a deal: the picture, the same as a table, and what is on its way.

use escrow::deposit::LegState;
use escrow::port::{Attempt, Backlog as _, MachineKey};
use escrow::settlement::{Ending, Fault};
use escrow::{Award, Deal, Rate, Time};
use maud::{Markup, html};

use crate::error::Failure;
use crate::{Desk, studio, svg, words};

/// Who holds which money.
pub(crate) fn picture(deal: &Deal) -> Markup {
    html! {
        section aria-labelledby="money" {
            h2 #money { "Who holds which money" }
            @if svg::deposits(deal).is_empty() {
                p { "Nothing is to be paid, and nothing is held." }
            } @else {
                (svg::money(deal))
                div.scroll { table {
                    caption { "The same in figures" }
                    thead { tr { th scope="col" { "Deposit" } th scope="col" { "Where it is" } th.sum scope="col" { "How much" } } }
                    tbody {
                        @for deposit in svg::deposits(deal) {
                            @for (name, class, amount) in svg::parts(deposit) {
                                tr {
                                    td { (words::deposit(deposit.id())) }
                                    td { svg.swatch viewBox="0 0 10 10" aria-hidden="true" { rect class=(class) width="10" height="10" {} } (name) }
                                    td.sum { (amount) }
                                }
                            }
                        }
                    }
                } }
            }
            @if !deal.legs().is_empty() { (legs(deal)) }
            @for debt in deal.receivables() {
                p { strong { (words::payee(&debt.debtor)) } " owes " (debt.open()) " to " (words::payee(&debt.payee)) " (" (words::purpose(debt.purpose)) ")." }
            }
        }
    }
}

fn legs(deal: &Deal) -> Markup {
    html! {
        div.scroll { table {
            caption { "Who gets what" }
            thead { tr { th scope="col" { "To" } th scope="col" { "For" } th scope="col" { "How far" } th.sum scope="col" { "How much" } } }
            tbody {
                @for leg in deal.legs().iter().filter(|leg| leg.state() != LegState::Dropped) {
                    tr {
                        td { (words::payee(leg.payee())) }
                        td { (words::purpose(leg.purpose())) }
                        td { (words::leg_state(leg.state())) }
                        td.sum { (leg.amount()) }
                    }
                }
            }
        } }
    }
}

/// What every ending would pay, as long as there is a choice.
pub(crate) fn endings(deal: &Deal) -> Markup {
    if deal.phase().has_ended() || !deal.is_funded() {
        return html! {};
    }
    let half = Award::Share(Rate::HALF);
    let all = [
        ("The buyer accepts everything", Ending::Success),
        ("Cancelled, the buyer's fault", Ending::Cancelled(Fault::Buyer)),
        ("Cancelled, the seller's fault", Ending::Cancelled(Fault::Seller)),
        ("Cancelled, nobody's fault", Ending::Cancelled(Fault::Nobody)),
        ("Both call it off", Ending::CalledOff),
        ("Both agree on half", Ending::agreed(half)),
        ("The arbiter gives the seller everything", Ending::ruled(Award::SellerAll)),
        ("The arbiter gives the buyer everything", Ending::ruled(Award::BuyerAll)),
    ];
    html! {
        section { details.fold {
            summary { "What every ending would pay" }
            div.scroll { table {
                thead { tr { th scope="col" { "Ending" } th scope="col" { "It pays" } } }
                tbody { @for (name, ending) in all { tr {
                    th scope="row" { (name) }
                    td { @match deal.preview(&ending) {
                        Ok(settlement) => (words::settlement(&settlement)),
                        Err(error) => { "not now: " (error) },
                    } }
                } } }
            } }
        } }
    }
}

/// The next deadline, and what it leads to: the deal itself says, left alone with the clock and the bank.
pub(crate) fn deadline(deal: &Deal, now: Time) -> Markup {
    let Some((at, timer)) = deal.next_timer() else { return html! {} };
    let silence = studio::silence(deal, now);
    let mut then = silence.steps.iter();
    let first = then.next();
    html! {
        section.deadline aria-labelledby="deadline" {
            h2 #deadline { "The clock" }
            p {
                (words::timer(timer)) " by "
                time datetime=(at) { (words::instant(at)) }
                ", " strong { (words::relative(at, now)) } "."
            }
            @if let Some((_, _, status)) = first {
                p { "If nobody does anything: " strong { (words::status(*status)) } "." }
            }
            @for (after, timer, status) in then {
                p { "After " (words::span(*after)) " in all: " (words::timer(*timer)) ". Then: " (words::status(*status)) "." }
            }
            @if !silence.paid.is_empty() { p { "That pays " (silence.paid.join(", ")) "." } }
        }
    }
}

/// What waits for the bank, and why.
pub(crate) async fn waiting(desk: &Desk, deal: &Deal) -> Result<Markup, Failure> {
    if !deal.has_pending() {
        return Ok(html! {});
    }
    let tries = desk.host.repository().attempts(&MachineKey::new("deal", deal.id())).await?;
    let now = desk.now();
    let tried = |number| tries.iter().find(|attempt: &&Attempt| attempt.order == number);
    Ok(html! {
        section aria-labelledby="waiting" {
            h2 #waiting { "Waiting for the bank" }
            ul { @for order in deal.pending() { li {
                "Order " (order.number()) ": " (order.amount) " to " (words::payee(order.payee)) " (" (order.kind) ")"
                @match tried(order.number()) {
                    Some(attempt) => { ": asked " (attempt.tries) " times, last " q { (attempt.error) } "; asked again " (words::relative(attempt.next_at, now)) },
                    None => ": the bank has not answered for good; it is asked again by itself",
                }
            } } }
        }
    })
}

/// What an operator's button does: fires what is due, and asks the bank again.
pub(crate) async fn catch_up(desk: &Desk, id: escrow::DealId) -> Result<(), Failure> {
    Box::pin(desk.host.catch_up(id)).await?;
    Ok(())
}
