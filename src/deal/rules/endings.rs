//! How a deal ends: what is decided, what is captured or let go for it, and who then gets what.

use super::{chargebacks, charges, holds, legs, payins};
use crate::deal::Deal;
use crate::deal::books::Cause;
use crate::deal::draft::Draft;
use crate::deal::event::Event;
use crate::deal::phase::Phase;
use crate::deposit::{Deposit, DepositId, DepositPurpose, Purpose};
use crate::settlement::{
    AwardedBy, Charges, Ending, Fault, Outcome, Pots, Settlement, awards_all, max_award, settle_surely,
};

/// Ends the deal like this. An ending that its content could refuse (a part of the items, an award) is settled by
/// [`Deal::division`] before anything is pushed, and goes to [`end_as_settled`].
pub(crate) fn end(deal: &mut Draft<'_>, ending: Ending, outcome: Outcome) {
    let pots = deal.pots();
    end_with(deal, ending, outcome, &pots);
}

/// Whether the deal was funded, and which required deposits were full, at some moment.
#[derive(Clone, Copy)]
pub(crate) struct Fullness {
    funded: bool,
    deposits: [bool; 4],
}

impl Fullness {
    pub(crate) fn of(deal: &Deal) -> Self {
        let shortfall = deal.terms().policy.shortfall;
        let is_full = |id| deal.deposit(id).is_some_and(|d| d.is_full(shortfall));
        Self { funded: deal.counts_as_funded(), deposits: DepositId::REQUIRED.map(is_full) }
    }

    /// What was so at one of two moments.
    pub(crate) fn or(self, other: Self) -> Self {
        let mut deposits = self.deposits;
        deposits.iter_mut().zip(other.deposits).for_each(|(one, other)| *one |= other);
        Self { funded: self.funded || other.funded, deposits }
    }
}

/// A required deposit that a chargeback leaves short ends a deal whose performance has never begun, at nobody's fault.
/// Later the deal goes on with what is left.
pub(crate) fn end_if_short(deal: &mut Draft<'_>, was: Fullness) {
    let is = Fullness::of(deal);
    let short = was.deposits.iter().zip(is.deposits).any(|(was, is)| *was && !is);
    if short && !deal.clockwork().begun && !deal.phase().has_ended() {
        end_short(deal, was.funded);
    }
}

/// Ends a deal that a lost payment has left short, at nobody's fault. It is settled as funded where its pots were
/// until that moment: a chargeback or a failed hold undoes no costs.
pub(crate) fn end_short(deal: &mut Draft<'_>, was_funded: bool) {
    let pots = Pots { funded: was_funded, ..deal.pots() };
    end_with(deal, Ending::Cancelled(Fault::Nobody), Outcome::Cancelled, &pots);
}

/// What an ending pays of these pots, as far as it is there.
fn settled(deal: &Deal, ending: &Ending, pots: &Pots) -> Settlement {
    let mut settlement = Settlement::default();
    settle_surely(deal.binding_terms(), pots, deal.course(&[]), ending, &mut settlement);
    deal.cut_missed(&mut settlement);
    settlement
}

fn end_with(deal: &mut Draft<'_>, ending: Ending, outcome: Outcome, pots: &Pots) {
    let settlement = settled(deal, &ending, pots);
    let original = gives_all(deal, &ending, pots);
    conclude(deal, ending, outcome, (pots.funded, original), &settlement);
}

/// Ends the deal like this, with what [`Deal::division`] has said of it; `original`: the parties agree that the buyer gets the
/// work.
pub(crate) fn end_as_settled(deal: &mut Draft<'_>, ending: Ending, original: bool, settlement: &Settlement) {
    let (pots, outcome) = (deal.pots(), ending.outcome());
    let original = original || gives_all(deal, &ending, &pots);
    conclude(deal, ending, outcome, (pots.funded, original), settlement);
}

/// Whether an award gives the seller all that there is to award, and that is something.
fn gives_all(deal: &Deal, ending: &Ending, pots: &Pots) -> bool {
    let Ending::Awarded { award, by } = ending else { return false };
    let ruled = *by == AwardedBy::Ruling;
    let most = max_award(deal.binding_terms(), pots, deal.course(&[]), ruled);
    most.is_ok_and(|most| awards_all(*award, most))
}

fn conclude(
    deal: &mut Draft<'_>,
    ending: Ending,
    outcome: Outcome,
    (funded, original): (bool, bool),
    settlement: &Settlement,
) {
    if deal.quarrel().is_open() {
        deal.push(Event::DisputeClosed {});
    }
    let settle_by = deal.at().plus_secs(deal.binding_terms().policy.settlement_s);
    // it is said where it matters
    let some = deal.deposits().iter().any(|d| d.charge().is_some());
    let charges = if some { settlement.charges } else { Charges::default() };
    let divides = deal.books().has_holds().then(|| deal.pots().amounts());
    deal.push(Event::EndingDecided { ending, outcome, funded, settle_by, charges, original, divides });
    payins::drop_claims(deal);
    if !deal.books().divides_anything() && !deal.books().has_unsettled_legs() {
        owe(deal, settlement);
        return deal.close(outcome);
    }
    let awaiting_capture = close_holds(deal, settlement);
    deal.enter(Phase::Paying { outcome, awaiting_capture });
    // nobody knows yet what there is to give out
    if !awaiting_capture {
        distribute(deal, settlement);
    }
}

/// The last capture is answered: what there is now is given out.
pub(crate) fn go_on(deal: &mut Draft<'_>, outcome: Outcome) {
    let Some(ending) = deal.ending().cloned() else { return };
    let settlement = settled(deal, &ending, &deal.pots());
    deal.enter(Phase::Paying { outcome, awaiting_capture: false });
    distribute(deal, &settlement);
}

/// Orders a leg for every share that leaves its deposit's owner, and gives back the rest of every deposit.
fn distribute(deal: &mut Draft<'_>, settlement: &Settlement) {
    legs::distribute(deal, settlement);
    for deposit in ids(deal) {
        if deposit.is_charge() {
            charges::settle(deal, deposit);
        } else {
            let back = way_back(deposit);
            legs::give_all_back(deal, deposit, back);
        }
    }
    owe(deal, settlement);
    chargebacks::reconcile(deal);
    deal.close_if_done();
}

/// Captures or lets go what is on hold. Whether a capture is without an answer now; one of a charge is not waited for,
/// since a charge is settled by itself.
fn close_holds(deal: &mut Draft<'_>, settlement: &Settlement) -> bool {
    if !deal.books().has_holds() {
        return false;
    }
    let mut unanswered = false;
    for deposit in ids(deal) {
        let wanted = match deal.books().deposit(deposit) {
            Some(of) if deposit.is_charge() => charges::wanted(deal, of),
            Some(_) => outflow(settlement, deposit),
            None => 0,
        };
        let open = holds::capture_up_to(deal, deposit, wanted, way_back(deposit));
        unanswered |= open && !deposit.is_charge();
    }
    unanswered
}

/// What a settlement takes out of a deposit for anybody but its owner.
fn outflow(settlement: &Settlement, deposit: DepositId) -> i64 {
    let shares = settlement.shares.iter().filter(|s| s.deposit == deposit && !s.purpose.goes_back());
    shares.map(|s| s.amount.minor()).fold(0, i64::saturating_add)
}

/// The purpose of what goes back to the owner of a deposit.
pub(crate) fn way_back(deposit: DepositId) -> Purpose {
    match DepositPurpose::of(deposit) {
        DepositPurpose::Payment | DepositPurpose::Charge => Purpose::Refund,
        DepositPurpose::Guarantee => Purpose::Guarantee,
    }
}

fn ids(deal: &Deal) -> impl Iterator<Item = DepositId> + use<> {
    let ids: smallvec::SmallVec<[DepositId; 8]> = deal.deposits().iter().map(Deposit::id).collect();
    ids.into_iter()
}

fn owe(deal: &mut Draft<'_>, settlement: &Settlement) {
    let Settlement { receivables, missed, .. } = settlement;
    let by_ending = receivables.len().saturating_sub(missed.len());
    let missed = missed.iter().map(|deposit| Cause::Missed { deposit: *deposit });
    let causes = std::iter::repeat_n(Cause::Ending, by_ending).chain(missed);
    for (receivable, cause) in receivables.iter().zip(causes) {
        deal.push(Event::ReceivableRaised { receivable: receivable.clone(), cause });
    }
}
