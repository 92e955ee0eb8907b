//! What every step is held against, told from the deal's own lists and by nothing that the library computes of them.

use std::collections::BTreeMap;

use escrow::deal::command::{Answered, ConfirmPayment};
use escrow::deal::{Cause, Command, PhaseKind};
use escrow::deposit::{Leg, LegState, TransactionKind, TransactionState};
use escrow::{Currency, Deal, Money, Payee, Transaction};

/// A promise by its name, and how it was broken.
pub type Broken = (&'static str, String);

pub const CONSERVED: &str =
    "what came in, less what went out and what banks took, is inside: in every currency";
pub const RECORDED: &str = "what the gateway tells of a payment is what the deal has recorded of it";
pub const OWED: &str = "nobody owes more than they had beyond their due";
pub const SETTLES_ONCE: &str = "nothing settles twice, unless the gateway has said so";
pub const STAYS_ENDED: &str = "what has ended stays ended, closed stays closed";
pub const SOUND: &str = "every step keeps every invariant, and ignores no payment";

/// Which promises a step has broken.
pub fn broken(before: &Deal, after: &Deal, command: &Command) -> Vec<Broken> {
    let findings = [
        (CONSERVED, conserved(after)),
        (RECORDED, recorded(before, after, command)),
        (OWED, owed(after)),
        (SETTLES_ONCE, settles_once(before, after, command)),
        (STAYS_ENDED, stays_ended(before, after)),
        (SOUND, after.check().map_err(|error| format!("an invariant is broken: {error}"))),
    ];
    findings.into_iter().filter_map(|(name, found)| found.err().map(|how| (name, how))).collect()
}

fn minor(money: Money) -> i128 {
    i128::from(money.minor())
}

const fn is_outgoing(t: &Transaction) -> bool {
    matches!(t.kind(), TransactionKind::Refund | TransactionKind::Payout | TransactionKind::Fee)
}

/// What of an outgoing payment is with its payee.
fn net(t: &Transaction) -> i128 {
    if *t.state() == TransactionState::Succeeded { minor(t.amount()) - i128::from(t.bounced()) } else { 0 }
}

/// What the payee of a leg and of its parts has of them beyond what they come to, told of the first of them: where an
/// attempt that was declined has succeeded after all. While the latest attempt is in flight, nobody knows.
fn twice(deal: &Deal, leg: &Leg) -> i128 {
    let same = |l: &&Leg| {
        (l.deposit(), l.payee(), l.purpose(), l.source())
            == (leg.deposit(), leg.payee(), leg.purpose(), leg.source())
    };
    if deal.legs().iter().find(same).map(Leg::id) != Some(leg.id()) {
        return 0;
    }
    let more = |l: &Leg| {
        let sent = deal.transactions().iter().filter(|t| t.leg() == Some(l.id()) && is_outgoing(t));
        let voided = deal.transactions().iter().any(|t| t.leg() == Some(l.id()) && !is_outgoing(t));
        let due = if l.is_settled() && !voided { minor(l.amount()) } else { 0 };
        sent.map(net).sum::<i128>() - due
    };
    deal.legs().iter().filter(same).map(more).sum::<i128>().max(0)
}

/// Σ confirmed incoming − Σ settled outgoing − the banks' takings = what is inside. Cash: a hold is no money until it is
/// captured. The left side is read from transactions alone, the right side from the deposits.
fn conserved(deal: &Deal) -> Result<(), String> {
    let mut books = BTreeMap::<Currency, Books>::new();
    for t in deal.transactions() {
        let of = books.entry(t.amount().currency()).or_default();
        let done = *t.state() == TransactionState::Succeeded;
        match t.kind() {
            TransactionKind::Charge | TransactionKind::Capture if done => of.came += minor(t.amount()),
            TransactionKind::Refund | TransactionKind::Payout | TransactionKind::Fee => of.left += net(t),
            // what is being let go is in no pot any more, and was no money yet
            TransactionKind::Void if t.is_pending() => of.inside -= minor(t.amount()),
            _ => {}
        }
    }
    // what somebody has twice came out of no pot
    for leg in deal.legs() {
        books.entry(leg.amount().currency()).or_default().left -= twice(deal, leg);
    }
    for deposit in deal.deposits().iter().chain(deal.strays()) {
        let b = deposit.buckets();
        let inside = b.held - deposit.on_hold().minor() + b.reserved;
        let of = books.entry(deposit.required().currency()).or_default();
        of.inside += i128::from(inside);
        of.taken += i128::from(b.charged_back);
    }
    for (currency, lost) in losses(deal) {
        books.entry(currency).or_default().lost += lost;
    }
    // what the bank took is taken out of the pots, owed, or the platform's own cost
    let balanced = |b: &Books| b.came - b.left - b.taken == b.inside && b.taken <= b.lost;
    match books.iter().find(|(_, b)| !balanced(b)) {
        Some((currency, b)) => Err(format!("{currency}: {b:?}")),
        None => Ok(()),
    }
}

/// What stands as lost.
fn losses(deal: &Deal) -> impl Iterator<Item = (Currency, i128)> + '_ {
    deal.chargebacks().iter().filter_map(|c| {
        let lost = c.lost?;
        Some((lost.currency(), minor(lost) - c.reinstated.map_or(0, minor)))
    })
}

type PaymentName = (String, String);

/// What is recorded as money of each payment: its charges, and what was captured of its holds.
fn came_in(deal: &Deal) -> BTreeMap<PaymentName, i128> {
    let mut came = BTreeMap::new();
    for t in deal.transactions().iter().filter(|t| *t.state() == TransactionState::Succeeded) {
        let payment = match t.kind() {
            TransactionKind::Charge => Some(t),
            TransactionKind::Capture => t.source().and_then(|hold| deal.transaction(hold)),
            _ => None,
        };
        if let Some((gateway, reference)) = payment.and_then(|p| p.gateway().zip(p.reference())) {
            *came.entry((gateway.to_string(), reference.to_string())).or_default() += minor(t.amount());
        }
    }
    came
}

/// Whether a charge, or a capture, of just this payment and amount is recorded for this deposit.
fn is_known(deal: &Deal, c: &ConfirmPayment) -> bool {
    deal.transactions().iter().any(|t| {
        let payment = match t.kind() {
            TransactionKind::Charge => Some(t),
            TransactionKind::Capture => t.source().and_then(|hold| deal.transaction(hold)),
            _ => None,
        };
        let same = payment.is_some_and(|p| {
            let strayed = deal.strays().any(|d| d.id() == p.deposit());
            let named = p.gateway() == Some(&c.gateway) && p.reference() == Some(&c.reference);
            named && (p.deposit() == c.deposit || strayed)
        });
        // what we have captured is known with its id and without
        let capture = t.kind() == TransactionKind::Capture || t.capture_id() == c.capture.as_ref();
        same && capture && t.amount() == c.amount && *t.state() == TransactionState::Succeeded
    })
}

/// The gateway's ledger grows by what it says, and by nothing else; the deal's record of it must grow just so.
fn recorded(before: &Deal, after: &Deal, command: &Command) -> Result<(), String> {
    let mut told = came_in(before);
    match command {
        // exactly what was told before is no news
        Command::ConfirmPayment(c) if c.held_until.is_none() && before == after && is_known(before, c) => {}
        Command::ConfirmPayment(c) if c.held_until.is_none() => {
            *told.entry((c.gateway.to_string(), c.reference.to_string())).or_default() += minor(c.amount);
        }
        Command::Answer(a) => {
            let answered = before.transaction(a.transaction).filter(|t| {
                matches!(a.result, Answered::Succeeded(_)) && *t.state() != TransactionState::Succeeded
            });
            let payment = answered.and_then(|t| match t.kind() {
                TransactionKind::Charge | TransactionKind::Hold => Some(t),
                TransactionKind::Capture => t.source().and_then(|hold| before.transaction(hold)),
                _ => None,
            });
            let named = payment.and_then(|p| p.gateway().zip(p.reference()));
            if let (Some((gateway, reference)), Some(t)) = (named, answered) {
                let name = (gateway.to_string(), reference.to_string());
                // a claim decides nothing where its payment is known, and a capture of which the gateway has told by itself
                // was told
                let known = came_in(after).get(&name) == told.get(&name) && told.contains_key(&name);
                *told.entry(name).or_default() += if known { 0 } else { minor(t.amount()) };
            }
        }
        _ => {}
    }
    let now = came_in(after);
    if told == now { Ok(()) } else { Err(format!("told {told:?}, recorded {now:?}")) }
}

/// Told from what was sent, cut and lost: a loss is owed once, the payer owes what they were refunded at most, the liable
/// party what went to others, and whoever has a leg twice just that.
fn owed(deal: &Deal) -> Result<(), String> {
    let mut all = BTreeMap::<(Kind, Currency), i128>::new();
    for debt in deal.debts() {
        let kind = match debt.cause {
            Cause::Ending | Cause::Missed { .. } | Cause::Overpaid { .. } => continue,
            Cause::PaidTwice { .. } => Kind::PaidTwice,
            Cause::RefundedTwice { .. } => Kind::RefundedTwice,
            Cause::Liable { .. } => Kind::Liable,
            Cause::Cut { .. } => Kind::Cut,
        };
        *all.entry((kind, debt.amount.currency())).or_default() += minor(debt.open());
    }
    let mut most = BTreeMap::<(Kind, Currency), i128>::new();
    for leg in deal.legs() {
        let currency = leg.amount().currency();
        let owner = deal.deposits().iter().chain(deal.strays()).find(|d| d.id() == leg.deposit());
        let is_payers = owner.is_some_and(|d| *leg.payee() == d.owner().payee());
        let sent = matches!(leg.state(), LegState::Ordered | LegState::Settled | LegState::Credited);
        let kind = if is_payers { Kind::RefundedTwice } else { Kind::Liable };
        // what came back from the bank is its payee's, and payable again: it is not taken for a loss
        let came_back = deal.transactions().iter().any(|t| {
            let of = t.leg().and_then(|id| deal.legs().iter().find(|l| l.id() == id));
            let same = of.is_some_and(|l| (l.deposit(), l.payee()) == (leg.deposit(), leg.payee()));
            same && t.bounced() > 0
        });
        let payable = matches!(leg.state(), LegState::Declined | LegState::Waiting) && !is_payers;
        if sent || payable && came_back {
            *most.entry((kind, currency)).or_default() += minor(leg.amount());
        }
        *most.entry((Kind::Cut, currency)).or_default() += minor(leg.cut());
        if *leg.payee() != Payee::Platform {
            *most.entry((Kind::PaidTwice, currency)).or_default() += twice(deal, leg);
        }
    }
    for ((kind, currency), open) in &all {
        let most = most.get(&(*kind, *currency)).copied().unwrap_or(0);
        if *open > most {
            return Err(format!("{kind:?}: {open} is owed, {most} can be"));
        }
        let lost: i128 = losses(deal).filter(|(c, _)| c == currency).map(|(_, lost)| lost).sum();
        if *kind != Kind::PaidTwice && *open > lost {
            return Err(format!("{kind:?}: {open} is owed, {lost} is lost"));
        }
    }
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Kind {
    PaidTwice,
    RefundedTwice,
    Liable,
    Cut,
}

#[derive(Default, Debug)]
struct Books {
    came: i128,
    left: i128,
    taken: i128,
    inside: i128,
    lost: i128,
}

fn settles_once(before: &Deal, after: &Deal, command: &Command) -> Result<(), String> {
    let returned = match command {
        Command::Returned(c) => before.transaction(c.transaction).and_then(Transaction::leg),
        _ => None,
    };
    let answered = match command {
        Command::Answer(a) if matches!(a.result, Answered::Succeeded(_)) => Some(a.transaction),
        _ => None,
    };
    let late = answered.and_then(|tx| before.transaction(tx)).and_then(Transaction::leg);
    let same = |b: &Leg, a: &Leg| {
        // what came back is paid again by an attempt that has succeeded after all
        let again = late == Some(b.id()) && a.amount().minor() > b.amount().minor();
        let bounced = returned == Some(b.id()) && a.amount().minor() < b.amount().minor();
        b.payee() == a.payee() && b.deposit() == a.deposit() && (b.amount() == a.amount() || bounced || again)
    };
    // what was cut to nothing can be restored; what was paid is paid
    let paid = |leg: &Leg| matches!(leg.state(), LegState::Settled | LegState::Credited);
    let gone = |b: &Leg, a: &Leg| !paid(a) && returned != Some(b.id());
    let mut legs = before.legs().iter().zip(after.legs()).filter(|(b, _)| paid(b));
    if let Some((leg, _)) = legs.find(|(b, a)| gone(b, a) || !same(b, a)) {
        return Err(format!("leg {} was settled and changed", leg.id().number()));
    }
    let mut both = before.transactions().iter().zip(after.transactions());
    // what was declined can have succeeded, if the gateway says so
    let after_all =
        |t: &Transaction| answered == Some(t.id()) && matches!(t.state(), TransactionState::Failed(_));
    if let Some((b, _)) = both.find(|(b, a)| !b.is_pending() && b.state() != a.state() && !after_all(b)) {
        return Err(format!("transaction {} was settled and changed", b.id()));
    }
    for leg in after.legs() {
        let attempts = |deal: &Deal| {
            let of = deal.transactions().iter().filter(|t| t.leg() == Some(leg.id()));
            // what came back whole was not paid
            of.filter(|t| {
                t.is_pending() || net(t) > 0 || !is_outgoing(t) && *t.state() == TransactionState::Succeeded
            })
            .count()
        };
        let now = attempts(after);
        let said = answered.and_then(|tx| after.transaction(tx)).and_then(Transaction::leg) == Some(leg.id());
        if now > 1 && now > attempts(before) && !said {
            return Err(format!("leg {} has {now} attempts that are paid or open", leg.id().number()));
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
