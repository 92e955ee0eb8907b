//! What every step is held against, told from the deal's own lists and by nothing that the library computes of them.

use std::collections::BTreeMap;

use escrow::deal::{Debt, PhaseKind};
use escrow::deposit::{Purpose, TransactionKind, TransactionState};
use escrow::{Currency, Deal, Money, Payee, Transaction};

/// A promise by its name, and how it was broken.
pub type Broken = (&'static str, String);

pub const CONSERVED: &str =
    "what came in, less what went out and what banks took, is inside: in every currency";
pub const SETTLES_ONCE: &str = "nothing settles twice";
pub const STAYS_ENDED: &str = "what has ended stays ended, closed stays closed";
pub const SOUND: &str = "every step keeps every invariant, and ignores no payment";

/// Which promises a step has broken.
pub fn broken(before: &Deal, after: &Deal) -> Vec<Broken> {
    let findings = [
        (CONSERVED, conserved(after)),
        (SETTLES_ONCE, settles_once(before, after)),
        (STAYS_ENDED, stays_ended(before, after)),
        (SOUND, after.check().map_err(|error| format!("an invariant is broken: {error}"))),
    ];
    findings.into_iter().filter_map(|(name, found)| found.err().map(|how| (name, how))).collect()
}

/// Σ confirmed incoming − Σ settled outgoing − the banks' takings = what is inside. Cash: a hold is no money until it is
/// captured. The left side is read from transactions alone, the right side from the deposits.
fn conserved(deal: &Deal) -> Result<(), String> {
    let mut books = BTreeMap::<Currency, Books>::new();
    for t in deal.transactions() {
        let of = books.entry(t.amount().currency()).or_default();
        let amount = i128::from(t.amount().minor());
        let done = *t.state() == TransactionState::Succeeded;
        match t.kind() {
            TransactionKind::Charge | TransactionKind::Capture if done => of.came += amount,
            TransactionKind::Refund | TransactionKind::Payout | TransactionKind::Fee if done => {
                of.left += amount - i128::from(t.bounced());
            }
            // what is being let go is in no pot any more, and was no money yet
            TransactionKind::Void if t.is_pending() => of.inside -= amount,
            _ => {}
        }
    }
    for deposit in deal.deposits() {
        let b = deposit.buckets();
        let inside = b.held - deposit.on_hold().minor() + b.reserved;
        let of = books.entry(deposit.required().currency()).or_default();
        of.inside += i128::from(inside);
        of.taken += i128::from(b.charged_back);
    }
    for c in deal.chargebacks() {
        let Some(lost) = c.lost else { continue };
        let back = c.reinstated.map_or(0, Money::minor);
        books.entry(lost.currency()).or_default().lost += i128::from(lost.minor() - back);
    }
    // what is owed to others than the platform was taken out of their legs, and counts there
    let to_platform = |d: &&Debt| d.purpose == Purpose::Chargeback && d.payee == Payee::Platform;
    for owed in deal.receivables().filter(to_platform) {
        books.entry(owed.amount.currency()).or_default().owed += i128::from(owed.amount.minor());
    }
    // what the bank took is taken out of the pots, owed, or the platform's own cost
    let balanced = |b: &Books| b.came - b.left - b.taken == b.inside && b.taken + b.owed <= b.lost;
    match books.iter().find(|(_, b)| !balanced(b)) {
        Some((currency, b)) => Err(format!("{currency}: {b:?}")),
        None => Ok(()),
    }
}

#[derive(Default, Debug)]
struct Books {
    came: i128,
    left: i128,
    taken: i128,
    inside: i128,
    lost: i128,
    owed: i128,
}

fn settles_once(before: &Deal, after: &Deal) -> Result<(), String> {
    let settled = before.legs().iter().zip(after.legs()).find(|(b, a)| b.is_settled() && b != a);
    if let Some((leg, _)) = settled {
        return Err(format!("leg {} was settled and changed", leg.id().number()));
    }
    let mut both = before.transactions().iter().zip(after.transactions());
    if let Some((b, _)) = both.find(|(b, a)| !b.is_pending() && b.state() != a.state()) {
        return Err(format!("transaction {} was settled and changed", b.id()));
    }
    for leg in after.legs() {
        let open_or_paid =
            |t: &&Transaction| t.leg() == Some(leg.id()) && !matches!(t.state(), TransactionState::Failed(_));
        let attempts = after.transactions().iter().filter(open_or_paid).count();
        if attempts > 1 {
            return Err(format!("leg {} has {attempts} attempts that are paid or open", leg.id().number()));
        }
    }
    Ok(())
}

fn stays_ended(before: &Deal, after: &Deal) -> Result<(), String> {
    let (was, is) = (before.phase().kind(), after.phase().kind());
    let wrong = if was == PhaseKind::Closed && is != PhaseKind::Closed {
        "a closed deal came back"
    } else if was == PhaseKind::Paying && is < PhaseKind::Paying {
        "paying went back"
    } else if before.outcome().is_some() && before.outcome() != after.outcome() {
        "the outcome changed"
    } else if before.ending().is_some() && before.ending() != after.ending() {
        "the ending changed"
    } else {
        return Ok(());
    };
    Err(wrong.to_owned())
}
