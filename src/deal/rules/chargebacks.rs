//! Chargebacks: the payer's bank takes a payment back. Every step is recorded; what it means for legs, pots and debts is
//! worked out anew from all that stands, and the difference is booked.

use std::collections::BTreeMap;
use std::sync::Arc;

use smallvec::SmallVec;

use super::endings::{self, Fullness};
use super::{debts, legs};
use crate::deal::Deal;
use crate::deal::books::{Case, CasePart, Cause, Losses};
use crate::deal::command::{Chargeback, ChargebackStep};
use crate::deal::draft::Draft;
use crate::deal::event::Event;
use crate::deal::rejection::{Contradiction, Rejection};
use crate::deposit::{Deposit, DepositId, DepositPurpose, GatewayName, LegId, LegState, Purpose, Reference};
use crate::settlement::Receivable;
use crate::terms::Liable;
use crate::{Money, Payee, Side};

/// The most chargebacks that wait for payments that nobody has told of.
const MAX_EARLY: usize = 16;

/// A step of a chargeback.
pub(crate) fn record(deal: &mut Draft<'_>, c: &Chargeback) -> Result<(), Rejection> {
    let case = judge(deal, c)?;
    let was = Fullness::of(deal);
    push(deal, case, c.amount, Some(c.step));
    // what is given back of one loss makes room for another
    meet(deal, &c.gateway, &c.payment);
    reconcile(deal);
    endings::end_if_short(deal, was);
    Ok(())
}

/// The chargeback after this step.
fn judge(deal: &Draft<'_>, c: &Chargeback) -> Result<Case, Rejection> {
    if !c.amount.is_positive() {
        return Err(Rejection::AmountNotPositive);
    }
    if let Some(id) = c.deposit
        && deal.deposit(id).is_none()
    {
        return Err(Rejection::UnknownDeposit { deposit: id });
    }
    let known = deal.books().case(&c.gateway, &c.reference);
    let mut case = match known {
        Some(known) => same_payment(known, c)?.clone(),
        None => Case {
            id: c.reference.clone(),
            gateway: c.gateway.clone(),
            payment: c.payment.clone(),
            deposit: c.deposit,
            opened: None,
            won: false,
            lost: None,
            reinstated: None,
            rank: 0,
            waited: SmallVec::new(),
            parts: SmallVec::new(),
        },
    };
    if known.is_none() {
        check_payment(deal, c)?;
    }
    let step = |told| Rejection::FactContradicts(Contradiction::Step { recorded: case.step(), told });
    match (c.step, case.lost, case.reinstated) {
        (ChargebackStep::Opened, _, _) => {
            if let Some((recorded, _)) = case.opened {
                return Err(Rejection::FactContradicts(Contradiction::Amount { recorded, told: c.amount }));
            }
            case.opened = Some((c.amount, deal.at()));
        }
        (ChargebackStep::Won, None, _) => case.won = true,
        (ChargebackStep::Lost, None, _) => {
            case.lost = Some(c.amount);
            let ranks = deal.books().cases().iter().map(|c| c.rank);
            case.rank = ranks.max().unwrap_or(0).saturating_add(1);
            settle_parts(deal, &mut case, c.amount);
        }
        (ChargebackStep::Reinstated, Some(lost), None) if c.amount.minor() <= lost.minor() => {
            case.reinstated = Some(c.amount);
        }
        (ChargebackStep::Lost, Some(recorded), _)
        | (ChargebackStep::Reinstated, _, Some(recorded))
        | (ChargebackStep::Reinstated, Some(recorded), None) => {
            return Err(Rejection::FactContradicts(Contradiction::Amount { recorded, told: c.amount }));
        }
        (ChargebackStep::Won | ChargebackStep::Reinstated, _, _) => return Err(step(c.step)),
    }
    place(deal, &mut case);
    Ok(case)
}

/// A chargeback of which nobody has told before is about money that came in, or waits for it.
fn check_payment(deal: &Draft<'_>, c: &Chargeback) -> Result<(), Rejection> {
    let mut money = deal.books().money_of(&c.gateway, &c.payment, c.deposit);
    if let Some(first) = money.next() {
        let same = |known: Money| known.currency() == c.amount.currency();
        return if same(first) || money.any(same) {
            Ok(())
        } else {
            let (recorded, told) = (first, c.amount);
            Err(Rejection::FactContradicts(Contradiction::Amount { recorded, told }))
        };
    }
    if deal.phase().is_closed() {
        return Err(Rejection::UnknownPayment);
    }
    if deal.books().early_cases() >= MAX_EARLY {
        return Err(Rejection::TooMany { max: 16 });
    }
    Ok(())
}

/// One chargeback is about one payment.
fn same_payment<'c>(known: &'c Case, c: &Chargeback) -> Result<&'c Case, Rejection> {
    let contradiction = if known.payment != c.payment {
        Contradiction::Payment
    } else if known.deposit != c.deposit {
        Contradiction::Deposit { recorded: known.deposit, told: c.deposit }
    } else {
        match known.amount().filter(|recorded| recorded.currency() != c.amount.currency()) {
            Some(recorded) => Contradiction::Amount { recorded, told: c.amount },
            None => return Ok(known),
        }
    };
    Err(Rejection::FactContradicts(contradiction))
}

/// What was disputed is lost: the same sum stays where it was placed, as far as it is there; another one is divided anew.
fn settle_parts(deal: &Draft<'_>, case: &mut Case, lost: Money) {
    let books = deal.books();
    let fits = |deposit: DepositId, amount: i64| {
        let gone = books.lost_of(&case.gateway, &case.payment, deposit, Some(&case.id));
        amount <= books.charged_by(&case.gateway, &case.payment, deposit).saturating_sub(gone)
    };
    let same = case.opened.is_some_and(|(amount, _)| amount == lost) && case.placed() == lost.minor();
    if same && case.parts.iter().all(|p| fits(p.deposit, p.amount)) {
        let (plain, at) = (is_plain(deal), books.moment());
        let mut parts: SmallVec<[CasePart; 1]> = SmallVec::new();
        for part in &case.parts {
            match parts.iter_mut().find(|p| p.deposit == part.deposit) {
                Some(known) => known.amount = known.amount.saturating_add(part.amount),
                None => parts.push(CasePart { plain, at, ..*part }),
            }
        }
        case.parts = parts;
    } else {
        case.parts.clear();
    }
    let own = |c: &Case| c.id == case.id && c.gateway == case.gateway;
    let number = (1_u32..).zip(books.cases()).find(|(_, c)| own(c)).map(|(number, _)| number);
    case.waited = number.map(|number| waited(deal, number, case)).unwrap_or_default();
}

/// The legs that wait for a chargeback, in the order in which they were to wait.
fn waited(deal: &Draft<'_>, number: u32, case: &Case) -> SmallVec<[LegId; 2]> {
    let mut found = SmallVec::new();
    for deposit in deal.books().all_deposits() {
        let liable = liable(deal, deposit.id());
        let legs = deal.books().last_first(deposit.id()).into_iter();
        let mut legs: Vec<_> = legs.filter(|l| l.waits_for == Some(number)).collect();
        legs.sort_by_key(|l| deal.books().rank(l, case, &liable));
        found.extend(legs.into_iter().map(|l| l.id()));
    }
    found
}

/// Whether what is lost now is no part of the pot that an ending divides.
fn is_plain(deal: &Deal) -> bool {
    !deal.clockwork().begun && !deal.phase().has_ended()
}

/// Divides what is not placed yet over what the payment paid for.
fn place(deal: &Draft<'_>, case: &mut Case) {
    deal.books().place(case, is_plain(deal));
}

fn push(deal: &mut Draft<'_>, case: Case, amount: Money, step: Option<ChargebackStep>) {
    deal.push(Event::ChargebackRecorded { chargeback: Arc::new(case), amount, step });
}

/// A payment came in: what waited for it is divided, and takes effect at once.
pub(crate) fn meet(deal: &mut Draft<'_>, gateway: &GatewayName, payment: &Reference) {
    let waits = |c: &&Case| c.gateway == *gateway && c.payment == *payment;
    let mut met: SmallVec<[Case; 1]> = deal.books().cases().iter().filter(waits).cloned().collect();
    // losses first, in their order
    met.sort_by_key(|c| if c.lost.is_some() { c.rank } else { u32::MAX });
    for mut case in met {
        let before = case.parts.clone();
        place(deal, &mut case);
        if let Some(amount) = case.amount().filter(|_| case.parts != before) {
            push(deal, case, amount, None);
        }
    }
}

/// Who answers for what is lost of a deposit's payments.
fn liable(deal: &Deal, deposit: DepositId) -> Payee {
    let owner = deal.deposit(deposit).map_or(Side::Buyer, |d| d.owner);
    match (DepositPurpose::of(deposit), owner) {
        (DepositPurpose::Guarantee, owner) | (_, owner @ Side::Seller) => owner.payee(),
        (DepositPurpose::Payment | DepositPurpose::Charge, Side::Buyer) => {
            match deal.binding_terms().policy.chargeback_liable {
                Liable::Seller => Payee::Seller,
                Liable::Buyer => Payee::Buyer,
                Liable::Platform => Payee::Platform,
            }
        }
    }
}

/// Brings legs, pots and debts in line with all that stands, and sends what waits for nothing any more.
pub(crate) fn reconcile(deal: &mut Draft<'_>) {
    if deal.books().cases().is_empty() {
        return;
    }
    let owed = loop {
        let losses = deal.books().losses(|id| liable(deal, id));
        cut_pots(deal, &losses);
        cut_legs(deal, &losses);
        if !give_rest(deal) {
            break losses.debts;
        }
    };
    change_debts(deal, &owed);
    hold_back(deal);
    legs::send_waiting(deal);
    deal.close_if_done();
}

/// What is back in the pot and nobody wants goes back to the payer: all of it after an ending has divided the pot, before
/// that what is over. Whether anything did.
fn give_rest(deal: &mut Draft<'_>) -> bool {
    let ended = deal.phase().has_ended();
    if deal.phase().awaits_capture() {
        return false;
    }
    let rest = |d: &Deposit| {
        let wanted = if ended { 0 } else { d.required.minor() };
        let over = d.cash().saturating_add(d.lost_later).saturating_sub(wanted);
        (over > 0 && (!ended || d.on_hold == 0)).then_some((d.id(), over))
    };
    let over: SmallVec<[(DepositId, i64); 2]> = deal.books().all_deposits().filter_map(rest).collect();
    let before = deal.books().next_leg();
    for (id, amount) in over {
        let purpose = if ended { endings::way_back(id) } else { Purpose::Excess };
        legs::give_back(deal, id, purpose, amount);
    }
    deal.books().next_leg() != before
}

fn cut_pots(deal: &mut Draft<'_>, losses: &Losses) {
    let ids: Vec<DepositId> = deal.books().all_deposits().map(|d| d.id()).collect();
    for id in ids {
        let Some(of) = deal.deposit(id) else { continue };
        let sum = |sums: &BTreeMap<DepositId, i64>| sums.get(&id).copied().unwrap_or(0);
        let (new, as_if, borne) = (sum(&losses.held), sum(&losses.as_if), sum(&losses.borne));
        if (new, as_if, borne) != (of.lost, of.lost_later, of.borne) {
            let money = |minor| Money::from_minor(minor, of.required().currency());
            let (old, new, as_if) = (money(of.lost), money(new), money(as_if));
            let borne = (borne != 0).then(|| money(borne));
            deal.push(Event::PotCut { deposit: id, old, new, as_if, borne });
        }
    }
}

/// Restores what is cut no longer, then cuts.
fn cut_legs(deal: &mut Draft<'_>, losses: &Losses) {
    for restore in [true, false] {
        for (number, cut) in (1_u32..).zip(&losses.cuts) {
            let Some(leg) = deal.books().leg(LegId::new(number)) else { continue };
            let (id, less) = (leg.id(), leg.cut.saturating_sub(*cut));
            let money = |minor| Money::from_minor(minor, leg.amount().currency());
            if restore && less > 0 && leg.is_sent() {
                let (into, amount) = (deal.books().next_leg(), money(less));
                deal.push(Event::LegRestored { leg: id, into, amount });
            } else if less != 0 && restore == (less > 0) {
                let (old, new) = (leg.amount(), money(leg.amount().minor().saturating_add(less)));
                deal.push(Event::LegCut { leg: id, old, new });
            }
        }
    }
}

/// Debts of losses are always those that the standing losses give. What was paid of one that stands no more, the platform
/// owes back.
fn change_debts(deal: &mut Draft<'_>, owed: &BTreeMap<Cause, (Payee, Payee, i64)>) {
    let known: Vec<(u32, Cause, Money)> =
        deal.books().debts().iter().map(|d| (d.number, d.cause, d.amount)).collect();
    let mut met = std::collections::BTreeSet::new();
    for (number, cause, old) in known {
        let new = match cause {
            Cause::RefundedTwice { .. } | Cause::Liable { .. } | Cause::Cut { .. } => {
                met.insert(cause);
                owed.get(&cause).map_or(0, |(_, _, amount)| *amount)
            }
            Cause::Ending | Cause::Missed { .. } | Cause::PaidTwice { .. } | Cause::Overpaid { .. } => {
                continue;
            }
        };
        if new != old.minor() {
            deal.push(Event::ReceivableChanged { number, old, new: Money::from_minor(new, old.currency()) });
            repay(deal, number);
        }
    }
    for (cause, (debtor, payee, amount)) in owed.iter().filter(|(cause, _)| !met.contains(cause)) {
        let currency = deal.books().currency_of(*cause).unwrap_or(deal.terms().currency);
        let amount = Money::from_minor(*amount, currency);
        let (debtor, payee, purpose) = (debtor.clone(), payee.clone(), Purpose::Chargeback);
        deal.push(Event::ReceivableRaised {
            receivable: Receivable { debtor, payee, purpose, amount },
            cause: *cause,
        });
    }
}

/// What was paid of a debt that is lower now, the platform owes back.
fn repay(deal: &mut Draft<'_>, number: u32) {
    let Some(debt) = deal.books().debt(number) else { return };
    let (cause, payee) = (Cause::Overpaid { debt: number }, debt.debtor.clone());
    let amount = Money::from_minor(debt.overpaid(), debt.amount.currency());
    let (debtor, purpose) = (Payee::Platform, Purpose::Chargeback);
    debts::book(deal, cause, Receivable { debtor, payee, purpose, amount });
}

/// Marks the legs that wait for an open chargeback; of a leg of which only a part waits, that part is divided off.
fn hold_back(deal: &mut Draft<'_>) {
    let patience = deal.binding_terms().policy.chargeback_s;
    let now = deal.at();
    let waiting = deal.books().waiting(|id| liable(deal, id), |c| c.is_open(now, patience));
    let unsent: Vec<(LegId, Money, Option<u32>)> = deal
        .legs()
        .iter()
        .filter(|l| matches!(l.state(), LegState::Waiting | LegState::Declined | LegState::Unclaimed))
        .map(|l| (l.id(), l.amount(), l.waits_for))
        .collect();
    for (leg, amount, waits_for) in unsent {
        let parts = waiting.get(&leg).map(SmallVec::as_slice).unwrap_or_default();
        let in_all = parts.iter().fold(0_i64, |sum, (_, part)| sum.saturating_add(*part));
        // where nothing of it goes, it waits for the first itself
        let (own, rest) = match parts.split_first() {
            Some(((first, _), rest)) if in_all >= amount.minor() => (Some(*first), rest),
            Some(_) | None => (None, parts),
        };
        for (chargeback, part) in rest {
            let (into, amount) = (deal.books().next_leg(), Money::from_minor(*part, amount.currency()));
            deal.push(Event::LegSplit { leg, into, amount });
            if waits_for != Some(*chargeback) {
                deal.push(Event::LegHeldBack { leg: into, chargeback: Some(*chargeback) });
            }
        }
        if own != waits_for {
            deal.push(Event::LegHeldBack { leg, chargeback: own });
        }
    }
}
