//! The table: event by event, who is told what. Exhaustive, so that a new event must be decided on.

use escrow::dispute::DisputeStage;
use smallvec::{SmallVec, smallvec};

use super::News;
use escrow::deal::{Deal, Event, Phase};
use escrow::deposit::{DepositId, Order, Purpose, Transaction, TransactionKind};
use escrow::{PartyId, Payee, Side};

/// To whom.
#[derive(Clone, Copy)]
pub(super) enum To<'d> {
    /// A party.
    Side(Side),
    /// An arbiter.
    Arbiter(&'d PartyId),
    /// A third party who is paid.
    Partner(&'d PartyId),
    /// Staff.
    Operator,
    /// Staff who review terms.
    Moderator,
}

pub(super) type Audience<'d> = SmallVec<[To<'d>; 5]>;

/// What is told of an event, and to whom, whoever caused it; `None`: nothing.
pub(super) fn told<'d>(deal: &'d Deal, event: &'d Event) -> Option<(Audience<'d>, News)> {
    Some(match event {
        Event::Proposed { phase, .. } => (both(), News::Proposed { phase: *phase }),
        Event::TermsAmended { terms_version, changed, deposits, .. } => {
            let (changed, deposits) = (changed.clone(), deposits.clone());
            (both(), News::TermsAmended { terms_version: *terms_version, changed, deposits })
        }
        Event::Agreed { side, terms_version } => {
            (both(), News::Agreed { side: *side, terms_version: *terms_version })
        }
        // what the payer does on the way to paying is private; that the money came in is everybody's
        Event::PaymentStated { .. } | Event::PaymentRequested { .. } => return None,
        Event::PaymentReceived { deposit, amount, gateway, held_until, .. } => {
            let (gateway, held_until) = (gateway.clone(), *held_until);
            (both(), News::PaymentReceived { deposit: *deposit, amount: *amount, gateway, held_until })
        }
        Event::Remarked { .. } => (both(), News::Remarked {}),
        Event::Approved {} => (both(), News::Approved {}),
        Event::Attached { attachment } => {
            (correspondents(deal), News::Attached { attachment: attachment.id.clone() })
        }
        Event::TrackSet { track } => (one(Side::Buyer), News::TrackSet { track: track.clone() }),
        Event::TrackRemoved {} => (one(Side::Buyer), News::TrackRemoved {}),
        // an older checkpoint that comes late is no news
        Event::TrackingRecorded { latest: false, .. } => return None,
        Event::TrackingRecorded { checkpoint, latest: true } => {
            let (checkpoint, occurred_at) = (checkpoint.kind, checkpoint.occurred_at);
            (both(), News::Tracked { checkpoint, occurred_at })
        }
        Event::PerformingStarted {} => (one(Side::Buyer), News::PerformingStarted {}),
        Event::PerformingStopped {} => (one(Side::Buyer), News::PerformingStopped {}),
        Event::Submitted { number, .. } => (one(Side::Buyer), News::Submitted { number: *number }),
        Event::ChangesRequested { number, .. } => {
            (one(Side::Seller), News::ChangesRequested { number: *number })
        }
        // the phase that follows tells of it
        Event::ClearingBegun { .. } => return None,
        Event::Accepted {} => (one(Side::Seller), News::Accepted {}),
        Event::Reported { side, verdict, .. } => {
            (one(side.other()), News::Reported { side: *side, verdict: *verdict })
        }
        Event::CostIncurred { service, .. } => (both(), News::CostIncurred { service: *service }),
        Event::ChargeAdded { deposit, payer, amount, .. } => {
            (both(), News::ChargeAdded { deposit: *deposit, payer: *payer, amount: *amount })
        }
        Event::Cancelled { at_fault, .. } => (both(), News::Cancelled { at_fault: *at_fault }),
        Event::DisputeOpened { by, .. } => {
            (with_operator(with_arbiter(deal, both())), News::DisputeOpened { by: *by })
        }
        Event::AwardProposed { side, offer } => {
            (one(side.other()), News::AwardProposed { award: offer.award })
        }
        Event::OfferFell { side, .. } => (both(), News::OfferFell { side: *side }),
        Event::GivenBack { total, .. } => (both(), News::GivenBack { total: *total }),
        Event::AwardAccepted { side, award } => (one(side.other()), News::AwardAccepted { award: *award }),
        Event::DisputeWithdrawn { .. } => (with_arbiter(deal, both()), News::DisputeWithdrawn {}),
        Event::WithdrawalOffered { side } => (one(side.other()), News::WithdrawalOffered { side: *side }),
        Event::EscalationAsked { by } => (
            with_operator(with_arbiter(deal, by.map_or_else(both, |side| one(side.other())))),
            News::EscalationAsked { by: *by },
        ),
        Event::ClaimFiled { side, reference } => {
            let (side, reference) = (*side, reference.clone());
            (with_arbiter(deal, one(side.other())), News::ClaimFiled { side, reference })
        }
        Event::Ruled { award, at_fault } => {
            (with_arbiter(deal, both()), News::Ruled { award: *award, at_fault: *at_fault })
        }
        // the parties are told how the deal ended
        Event::DisputeClosed {} => (with_arbiter(deal, Audience::new()), News::DisputeClosed {}),
        Event::ArbiterAppointed { arbiter, before } => {
            let mut audience = both();
            audience.push(To::Arbiter(arbiter));
            audience.extend(before.as_ref().map(To::Arbiter));
            (audience, News::ArbiterAppointed { arbiter: arbiter.clone() })
        }
        Event::DestinationSet { payee, of, .. } => (payee_of(payee), News::DestinationSet { of: *of }),
        Event::DeadlineExtended { timer, phase, .. } => {
            (both(), News::DeadlineExtended { timer: *timer, phase: *phase })
        }
        Event::Posted { reference } => (correspondents(deal), News::Posted { reference: reference.clone() }),
        // what a deadline led to is told
        Event::TimerFired { .. } => return None,
        Event::PhaseEntered { phase, .. } => (at_entry(deal, *phase), News::PhaseEntered { phase: *phase }),
        Event::EndingDecided { ending, outcome, .. } => {
            (both(), News::Ended { outcome: *outcome, ending: ending.clone() })
        }
        // an order has moved nothing yet
        Event::CaptureOrdered { .. } | Event::LegOrdered { .. } => return None,
        Event::LegWaits { payee, purpose, amount, .. } => {
            (payee_of(payee), News::Waits { purpose: *purpose, amount: *amount })
        }
        Event::LegCredited { order: Order { payee, purpose, amount, .. } } => {
            (payee_of(payee), News::Credited { purpose: *purpose, amount: *amount })
        }
        Event::LegUnclaimed { leg } => {
            let leg = deal.legs().iter().find(|l| l.id() == *leg)?;
            let audience = with_operator(payee_of(leg.payee()));
            (audience, News::Unclaimed { purpose: leg.purpose(), amount: leg.amount() })
        }
        Event::LegCut { leg, old, new } => {
            let leg = deal.legs().iter().find(|l| l.id() == *leg)?;
            (payee_of(leg.payee()), News::Cut { old: *old, new: *new })
        }
        Event::TransactionSucceeded { tx, .. } => succeeded(deal, deal.transaction(*tx)?)?,
        Event::TransactionFailed { tx, .. } => failed(deal, deal.transaction(*tx)?)?,
        Event::ReceivableRaised { receivable, .. } => {
            let mut audience = payee_of(&receivable.debtor);
            audience.extend(payee_of(&receivable.payee));
            (audience, News::ReceivableRaised { receivable: receivable.clone() })
        }
        Event::ReceivableChanged { number, .. } | Event::ReceivableSettled { number, .. } => {
            let debt = deal.debts().iter().find(|d| d.number == *number)?;
            let mut audience = payee_of(&debt.debtor);
            audience.extend(payee_of(&debt.payee));
            (audience, News::ReceivableChanged { receivable: *number, open: debt.open() })
        }
        Event::ChargebackRecorded { chargeback, amount, step } => {
            // that it met its payment is no news
            let (payment, step) = (chargeback.payment.clone(), (*step)?);
            (with_operator(both()), News::Chargeback { payment, amount: *amount, step })
        }
        Event::PotCut { deposit, old, new, .. } => {
            (with_operator(both()), News::ChargedBack { deposit: *deposit, old: *old, new: *new })
        }
        Event::PaymentReturned { tx, amount, .. } => {
            let (payee, purpose) = leg_of(deal, deal.transaction(*tx)?)?;
            (with_operator(payee_of(payee)), News::Returned { purpose, amount: *amount })
        }
        // told by what they lead to
        Event::HoldCharged { .. }
        | Event::HoldShortened { .. }
        | Event::StrayOpened { .. }
        // that it waits was told
        | Event::LegAsked { .. }
        | Event::Annotated { .. }
        | Event::RequestNoted { .. }
        | Event::AnswerDoubted { .. }
        | Event::AnswerConfirmed { .. }
        | Event::LegSplit { .. }
        | Event::LegHeldBack { .. }
        | Event::LegRestored { .. } => return None,
    })
}

/// Money arrived: its payee is told; and of a payment that goes back, everybody who was told that it came.
fn succeeded<'d>(deal: &'d Deal, t: &Transaction) -> Option<(Audience<'d>, News)> {
    let (payee, purpose) = leg_of(deal, t)?;
    let mut audience = match payee {
        // bookkeeping
        Payee::Platform | Payee::Processor => Audience::new(),
        Payee::Buyer | Payee::Seller | Payee::Party(_) => payee_of(payee),
    };
    if purpose.goes_back() {
        audience.extend(both());
    }
    Some((audience, News::Paid { purpose, amount: t.amount() }))
}

fn failed<'d>(deal: &'d Deal, t: &Transaction) -> Option<(Audience<'d>, News)> {
    let (deposit, amount) = (t.deposit(), t.amount());
    match t.kind() {
        // a stated payment, or a request
        TransactionKind::Charge | TransactionKind::Hold => {
            Some((owner(deal, deposit), News::PaymentDenied { deposit, amount }))
        }
        TransactionKind::Capture => Some((both(), News::HoldLapsed { deposit, amount })),
        // what was to be let go is gone
        TransactionKind::Void => None,
        TransactionKind::Refund | TransactionKind::Payout | TransactionKind::Fee => {
            let (payee, purpose) = leg_of(deal, t)?;
            let audience = payee_of(payee);
            // the operator, too, may set where a refund goes
            let audience = if purpose.goes_back() { with_operator(audience) } else { audience };
            Some((audience, News::Declined { purpose, amount }))
        }
    }
}

fn leg_of<'d>(deal: &'d Deal, t: &Transaction) -> Option<(&'d Payee, Purpose)> {
    let id = t.leg()?;
    deal.legs().iter().find(|l| l.id() == id).map(|l| (l.payee(), l.purpose()))
}

/// The parties are told of every phase but the settlement, of which the ending has told; whoever is to act there, too.
fn at_entry(deal: &Deal, phase: Phase) -> Audience<'_> {
    match phase {
        Phase::Proposed { .. }
        | Phase::AwaitingDeposit { .. }
        | Phase::Active { .. }
        | Phase::Clearing { .. }
        | Phase::Disputed { stage: DisputeStage::Negotiation, .. }
        | Phase::Closed { .. } => both(),
        Phase::Moderation { .. } => {
            let mut audience = both();
            audience.push(To::Moderator);
            audience
        }
        // without an arbiter, somebody has to appoint one
        Phase::Disputed { stage: DisputeStage::Arbitration, .. } => match deal.arbiter() {
            Some(_) => with_arbiter(deal, both()),
            None => with_operator(both()),
        },
        Phase::Paying { .. } => Audience::new(),
    }
}

fn both<'d>() -> Audience<'d> {
    Side::ALL.map(To::Side).into_iter().collect()
}

fn one<'d>(side: Side) -> Audience<'d> {
    smallvec![To::Side(side)]
}

fn owner<'d>(deal: &Deal, deposit: DepositId) -> Audience<'d> {
    deal.deposit(deposit).map(|d| To::Side(d.owner())).into_iter().collect()
}

/// What is said and shown is for the parties, and in a dispute for the arbiter.
fn correspondents(deal: &Deal) -> Audience<'_> {
    match deal.phase() {
        Phase::Disputed { .. } => with_arbiter(deal, both()),
        Phase::Proposed { .. }
        | Phase::AwaitingDeposit { .. }
        | Phase::Moderation { .. }
        | Phase::Active { .. }
        | Phase::Clearing { .. }
        | Phase::Paying { .. }
        | Phase::Closed { .. } => both(),
    }
}

fn with_arbiter<'d>(deal: &'d Deal, mut audience: Audience<'d>) -> Audience<'d> {
    audience.extend(deal.arbiter().map(To::Arbiter));
    audience
}

fn with_operator(mut audience: Audience<'_>) -> Audience<'_> {
    audience.push(To::Operator);
    audience
}

/// Whose money it is; the operator looks after the platform's and the processor's.
fn payee_of(payee: &Payee) -> Audience<'_> {
    smallvec![match payee {
        Payee::Buyer => To::Side(Side::Buyer),
        Payee::Seller => To::Side(Side::Seller),
        Payee::Platform | Payee::Processor => To::Operator,
        Payee::Party(id) => To::Partner(id),
    }]
}
