//! Endings divide as previewed.

use std::collections::BTreeMap;

use crate::laws::{Finding, ensure, is_charge};
use escrow::deal::{Cause, PhaseKind};
use escrow::deposit::{DepositId, DepositPurpose, Purpose};
use escrow::settlement::{AwardedBy, Course, Ending, Fault, Pots, Settlement};
use escrow::{Actor, Award, Deal, Event, Money, Outcome, Payee, Phase, Rate, Recorded, Side, settle};
use escrow_testing::strategies::Moment;

/// What has happened in the deal, but for the charges, which are settled by themselves.
fn course(deal: &Deal) -> Course<'static> {
    Course::from(deal.incurred()).given_back(deal.given_back().minor())
}

/// Whenever the money is divided, it is divided as the preview said a moment before.
pub fn settlement_agrees_with_preview(m: &Moment<'_>) -> Finding {
    let mut view = m.before.clone();
    let mut full = view.clone();
    let mut expected: Option<(Settlement, Vec<Share>)> = None;
    let mut got = Vec::new();
    let mut owed = Vec::new();
    for Recorded { event, actor, .. } in m.events() {
        match event {
            Event::EndingDecided { ending, funded, .. } => {
                agrees(expected.take(), &mut got, &mut owed)?;
                // what was full until this moment was full: a chargeback or a failed hold undoes no costs
                let was_full = *funded && full.is_funded();
                let pots = Pots { funded: view.pots().funded || was_full, ..view.pots() };
                ensure!(pots.funded == *funded, "the ending says funded {funded}, the deal {}", pots.funded);
                // what a failed capture was to bring is missed by the shares, which the deal's own preview says
                let missed = view.deposits().iter().any(|d| d.missed().is_positive());
                let preview = if missed {
                    view.preview(ending)
                } else {
                    settle(view.binding_terms(), &pots, course(&view), ending)
                };
                let preview = preview.map_err(|e| format!("{ending:?} cannot be settled: {e}"))?;
                // what is lost besides cuts legs once they are issued
                let cut_later = missed && is_lost(&view);
                expected = (!cut_later).then(|| (preview, over_held(&view)));
            }
            Event::PhaseEntered { phase: Phase::Paying { awaiting_capture: true, .. }, .. } => {
                expected = None;
                got.clear();
            }
            Event::PhaseEntered { phase: Phase::Paying { awaiting_capture: false, .. }, .. }
                if view.phase().kind() == PhaseKind::Paying =>
            {
                let ending = view.ending().ok_or("paying without an ending")?;
                let preview =
                    view.preview(ending).map_err(|e| format!("{ending:?} cannot be settled: {e}"))?;
                expected = Some((preview, Vec::new()));
                got.clear();
            }
            Event::LegOrdered { order } | Event::LegCredited { order } => {
                let is_new = order.leg.is_some_and(|l| l.number() as usize > view.legs().len());
                if is_new && is_share(order.deposit, order.purpose) {
                    got.push((order.deposit, order.payee.clone(), order.purpose, order.amount));
                }
            }
            Event::LegWaits { leg, deposit, payee, purpose, amount, .. }
                if leg.number() as usize > view.legs().len() && is_share(*deposit, *purpose) =>
            {
                got.push((*deposit, payee.clone(), *purpose, *amount));
            }
            Event::ReceivableRaised { receivable, cause: Cause::Ending | Cause::Missed { .. } } => {
                owed.push(format!("{receivable:?}"));
            }
            // where a command begins, after the timers
            Event::TimerFired { .. }
            | Event::TransactionFailed { .. }
            | Event::ChargebackRecorded { .. }
            | Event::Cancelled { .. }
                if *actor != Actor::Gateway || !matches!(event, Event::Cancelled { .. }) =>
            {
                full = view.clone();
            }
            _ => {}
        }
        view.apply(&Recorded { at: view.last_at(), actor: Actor::Clock, via: None, event: event.clone() });
    }
    agrees(expected, &mut got, &mut owed)
}

/// Whether any chargeback is lost.
fn is_lost(deal: &Deal) -> bool {
    deal.chargebacks().iter().any(|case| case.lost.is_some())
}

/// Whether it is a share of a settlement: no charge, and no money that was never wanted.
fn is_share(deposit: DepositId, purpose: Purpose) -> bool {
    !is_charge(deposit) && !matches!(purpose, Purpose::Excess | Purpose::Returned)
}

/// What holds bring beyond their deposits: let go with the rest, and never there to be given out.
fn over_held(deal: &Deal) -> Vec<Share> {
    let on_hold = deal.deposits().iter().filter(|d| !is_charge(d.id()) && d.on_hold().is_positive());
    on_hold
        .map(|d| {
            let over = (d.held().minor() - d.required().minor()).max(0);
            let purpose =
                if d.purpose() == DepositPurpose::Guarantee { Purpose::Guarantee } else { Purpose::Refund };
            (d.id(), d.owner().payee(), purpose, Money::from_minor(over, d.required().currency()))
        })
        .filter(|(.., over)| over.is_positive())
        .collect()
}

type Share = (DepositId, Payee, Purpose, Money);

fn agrees(
    expected: Option<(Settlement, Vec<Share>)>,
    got: &mut Vec<Share>,
    owed: &mut Vec<String>,
) -> Finding {
    let Some((expected, over)) = expected else { return Ok(()) };
    let sums = |shares: &mut dyn Iterator<Item = Share>| {
        let mut sums = BTreeMap::<(DepositId, Payee, &str), i64>::new();
        for (deposit, payee, purpose, amount) in shares {
            *sums.entry((deposit, payee, purpose.as_str())).or_default() += amount.minor();
        }
        sums
    };
    let preview = expected.shares.iter().map(|s| (s.deposit, s.payee.clone(), s.purpose, s.amount));
    let (preview, legs) = (sums(&mut preview.chain(over)), sums(&mut got.drain(..)));
    ensure!(preview == legs, "the preview says {preview:?}, the legs are {legs:?}");
    let receivables: Vec<_> = expected.receivables.iter().map(|r| format!("{r:?}")).collect();
    ensure!(receivables == *owed, "the preview says {receivables:?} is owed, the deal {owed:?}");
    owed.clear();
    Ok(())
}

/// Who gets what, as far as the kind of the ending says it without any figure.
pub fn every_ending_keeps_its_word(m: &Moment<'_>) -> Finding {
    let deal = m.after;
    let (Some(ending), Some(outcome)) = (deal.ending(), deal.outcome()) else { return Ok(()) };
    let decided = deal.pots().funded;
    let is_award = matches!(ending, Ending::Awarded { .. });
    let is_award = is_award || *ending == Ending::CalledOff;
    ensure!(is_award == (outcome == Outcome::Resolved), "{ending:?} with the outcome {outcome:?}");
    for leg in deal.legs().iter().filter(|l| !l.purpose().goes_back()) {
        let (from, purpose) = (leg.deposit(), leg.purpose());
        if is_charge(from) {
            let charge = deal.deposit(from).and_then(|d| d.charge()).ok_or("a charge without details")?;
            let is_fee = purpose == Purpose::Fee && charge.payee == Payee::Seller;
            let is_own = purpose == Purpose::Charge && *leg.payee() == charge.payee;
            ensure!(is_fee || is_own, "{leg:?} of a charge");
            let goes = outcome == Outcome::Completed || matches!(ending, Ending::Awarded { .. });
            ensure!(goes, "a charge is paid out, and the deal is {outcome:?}");
            let required = deal.deposit(from).map(|d| d.required().minor());
            ensure!(Some(leg.amount().minor()) <= required, "{leg:?} of a charge of {required:?}");
            continue;
        }
        ensure!(decided, "not funded, and yet {leg:?}");
        ensure!(*ending != Ending::Cancelled(Fault::Nobody), "nobody is at fault, and yet {leg:?}");
        let a_fee = purpose == Purpose::ArbitrationFee;
        ensure!(
            !a_fee || matches!(ending, Ending::Awarded { by: AwardedBy::Ruling, .. }),
            "nobody ruled, and yet {leg:?}"
        );
        if from == DepositId::BUYER_GUARANTEE || from == DepositId::SELLER_GUARANTEE {
            let is_winner = matches!(ending, Ending::Awarded { award: Award::Winner(_), .. });
            let bears = *ending == Ending::Cancelled(Fault::Seller) && from == DepositId::SELLER_GUARANTEE;
            ensure!(is_winner || bears, "{ending:?}, and yet {leg:?}");
        }
    }
    let lost = deal.chargebacks().iter().any(|c| c.lost.is_some());
    for owed in deal.receivables() {
        ensure!(owed.amount.is_positive() && owed.debtor != owed.payee, "{owed:?}");
        match owed.cause {
            Cause::Ending => ensure!(decided, "not funded, and yet {owed:?}"),
            Cause::Missed { deposit } => {
                let same = deal.debts().iter().filter(|d| d.cause == owed.cause);
                let sum: i64 = same.map(|d| d.amount.minor()).sum();
                let missed = deal.deposit(deposit).map_or(0, |d| d.missed().minor());
                ensure!(decided && sum <= missed, "{missed} was missed of {deposit}, and {sum} are owed");
            }
            Cause::RefundedTwice { .. } | Cause::Liable { .. } | Cause::Cut { .. } => {
                ensure!(lost, "no chargeback is lost, and yet {owed:?}");
            }
            Cause::PaidTwice { .. } | Cause::Overpaid { .. } => {}
        }
    }
    Ok(())
}

/// Every ending has a preview, in every state, which gives out each pot to the last minor unit; but for what a capture failed to
/// bring after the performance had begun, and what chargebacks have taken, which nobody can be given.
pub fn a_preview_divides_every_pot(m: &Moment<'_>) -> Finding {
    let deal = m.after;
    let awards = [Award::BuyerAll, Award::SellerAll, Award::Share(Rate::HALF)];
    let winners = [Award::Winner(Side::Buyer), Award::Winner(Side::Seller)];
    let faults = [Fault::Buyer, Fault::Seller, Fault::Nobody];
    let awards = awards.into_iter().chain(winners);
    let endings = awards.flat_map(|a| [Ending::agreed(a), Ending::ruled(a), Ending::ruled_by_default(a)]);
    let pots = deal.pots();
    let expected = [pots.buyer, pots.seller, pots.buyer_guarantee.minor(), pots.seller_guarantee.minor()];
    for ending in endings.chain(faults.map(Ending::Cancelled)).chain([Ending::Success]) {
        let preview = deal.preview(&ending).map_err(|e| format!("no preview of {ending:?}: {e}"))?;
        let fixed = deal.deposits().iter().take(4).map(|d| d.id());
        let shares = |id| preview.shares.iter().filter(move |s| s.deposit == id).map(|s| s.amount.minor());
        let sums: Vec<i64> = fixed.map(|id| shares(id).sum()).collect();
        let lost = |id| deal.chargebacks().iter().map(|c| c.lost_in(id)).sum::<i64>();
        let missed = deal.deposits().iter().map(|d| d.missed().minor().max(0) + lost(d.id()));
        let fits = sums.iter().zip(&expected).zip(missed).all(|((&sum, &pot), missed)| {
            // what is there of it is given out all the same
            (pot - missed..=pot).contains(&sum)
        });
        ensure!(fits, "{ending:?} divides {expected:?} as {sums:?}");
    }
    Ok(())
}
