//! Who holds which money, as a picture.

use escrow::{Deal, Deposit, Money};
use maud::{Markup, html};

use crate::words;

/// The width of a whole bar.
const WIDTH: i64 = 640;
const HEIGHT: i64 = 26;

/// A part of a deposit: what it is called, its class in the style sheet, how much it is.
pub(crate) type Part = (&'static str, &'static str, Money);

/// Where the money of a deposit is.
pub(crate) fn parts(deposit: &Deposit) -> Vec<Part> {
    let buckets = deposit.buckets();
    let money = |minor| Money::from_minor(minor, deposit.required().currency());
    let missing =
        if buckets.received == 0 { deposit.required().minor() } else { deposit.outstanding().minor() };
    let missing =
        if buckets.paid_out > 0 || buckets.refunded > 0 || buckets.reserved > 0 { 0 } else { missing };
    [
        ("still to be paid", "missing", missing),
        ("held by the escrow agent", "held", buckets.held),
        ("on its way", "reserved", buckets.reserved),
        ("paid out", "paid", buckets.paid_out),
        ("back with who paid it", "back", buckets.refunded),
        ("taken back by the payer's bank", "lost", buckets.charged_back),
    ]
    .into_iter()
    .filter(|(_, _, minor)| *minor > 0)
    .map(|(name, class, minor)| (name, class, money(minor)))
    .collect()
}

/// The deposits that are worth a bar.
pub(crate) fn deposits(deal: &Deal) -> Vec<&Deposit> {
    let all = deal.deposits().iter().chain(deal.strays());
    all.filter(|deposit| !parts(deposit).is_empty()).collect()
}

/// A bar for every deposit, divided by where its money is.
pub(crate) fn money(deal: &Deal) -> Markup {
    html! {
        @for deposit in deposits(deal) {
            @let (name, id) = (words::deposit(deposit.id()), deposit.id());
            figure.money {
                figcaption { (words::capital(&name)) ", " (deposit.required()) }
                svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } preserveAspectRatio="none" role="img" aria-labelledby={ "title-" (id) " desc-" (id) } {
                    title id={ "title-" (id) } { "Who holds " (name) }
                    desc id={ "desc-" (id) } { (told(deposit)) }
                    @for (x, width, class) in bars(deposit) {
                        rect class=(class) x=(x) y="1" width=(width) height=(HEIGHT.saturating_sub(2)) {}
                    }
                }
            }
        }
    }
}

fn told(deposit: &Deposit) -> String {
    let parts = parts(deposit).into_iter().map(|(name, _, amount)| format!("{amount} {name}"));
    parts.collect::<Vec<_>>().join(", ")
}

/// Where each bar begins, its width, and its class. What there is is always seen, be it ever so little.
fn bars(deposit: &Deposit) -> Vec<(i64, i64, &'static str)> {
    let parts = parts(deposit);
    let total = parts.iter().fold(0_i128, |sum, (_, _, amount)| sum.saturating_add(amount.minor().into()));
    let mut x = 0_i64;
    let mut bars = Vec::new();
    for (_, class, amount) in parts {
        let share = i128::from(amount.minor()).saturating_mul(WIDTH.into()).checked_div(total).unwrap_or(0);
        let width = i64::try_from(share).unwrap_or(WIDTH).clamp(3, WIDTH.saturating_sub(x).max(3));
        bars.push((x, width, class));
        x = x.saturating_add(width);
    }
    bars
}
