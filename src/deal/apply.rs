//! The fold: the only place where a deal changes, live and on replay. It has no rules and computes no figure that is
//! not in the event; every part folds what concerns it.

use std::sync::Arc;

use super::agreement::{Agreement, Consents};
use super::books::Books;
use super::books::fold::{Charged, Received, Waiting};
use super::clockwork::{Clockwork, Ended};
use super::event::Event;
use super::phase::{Phase, Stage};
use super::quarrel::Quarrel;
use super::rules::proposal;
use super::work::Work;
use super::{Deal, State};
use crate::dispute::Opener;
use crate::terms::Terms;
use crate::{Actor, DealId, Recorded, Side};

impl Deal {
    /// The deal that a journal begins with; `None` where the first event is not [`Event::Proposed`].
    pub fn begin(id: DealId, first: &Recorded) -> Option<Self> {
        let Event::Proposed { terms, consents, phase } = &first.event else {
            return None;
        };
        Some(Self::start(id, terms.clone(), first, *consents, *phase))
    }

    /// A new deal, from its first event.
    pub(super) fn start(
        id: DealId,
        terms: Arc<Terms>,
        first: &Recorded,
        consents: Consents,
        phase: Phase,
    ) -> Self {
        let state = State {
            clockwork: Clockwork::begin(first, phase),
            agreement: Agreement::begin(consents),
            books: Books::begin(proposal::fixed_deposits(&terms)),
            work: Work::default(),
            quarrel: Quarrel::begin(terms.arbiter.as_ref()),
        };
        Self { id, terms, agreed: None, state }
    }

    /// Folds an event into the deal. Computes nothing and checks nothing: for events of [`super::transition`], and for
    /// journals, which [`Deal::replay`] checks as a whole.
    pub fn apply(&mut self, recorded: &Recorded) {
        let at = recorded.at;
        let State { clockwork, agreement, books, work, quarrel } = &mut self.state;
        clockwork.count(recorded);
        match &recorded.event {
            // only ever the first event, which `begin` has folded
            Event::Proposed { .. } => {}
            Event::TermsAmended { terms_version, terms, deposits, consents, .. } => {
                if agreement.consents.all() && self.agreed.is_none() {
                    self.agreed = Some(self.terms.clone());
                }
                self.terms = terms.clone();
                agreement.amend(*terms_version, *consents);
                // vouched for by the host, they bind at once
                if consents.all() {
                    self.agreed = None;
                }
                books.require_all(deposits);
                // an empty guarantee follows the currency of its terms
                proposal::fixed_deposits(terms).for_each(|(id, _, required)| books.require(id, required));
                // nobody gives back more than there is to earn now
                books.give_back(books.given_back().min(terms.quote().proceeds.minor()));
            }
            Event::Annotated { new, .. } => {
                agreement.annotate();
                let agreed = self.agreed.iter_mut();
                agreed.chain([&mut self.terms]).for_each(|terms| *terms = Arc::new(terms.with_notes(new)));
            }
            Event::Agreed { side, .. } => {
                agreement.agree(*side);
                if agreement.consents.all() {
                    self.agreed = None;
                }
            }
            Event::PaymentStated { order, gateway, reference } => {
                books.state_payment(order, gateway, reference, at)
            }
            Event::PaymentRequested { tx, deposit, amount, key, form } => {
                books.request_payment((*tx, *deposit, *amount), key, form, at);
            }
            Event::PaymentReceived { tx, deposit, amount, gateway, reference, held_until, capture } => {
                let (tx, deposit, amount, held_until) = (*tx, *deposit, *amount, *held_until);
                let capture = capture.as_ref();
                books.receive(&Received { tx, deposit, amount, gateway, reference, held_until, capture }, at);
            }
            Event::HoldCharged { tx, hold, amount, capture, last, missed } => {
                let (tx, hold, amount, last) = (*tx, *hold, *amount, *last);
                // less than was to be taken, before anything was performed
                if last
                    && !clockwork.begun
                    && let Some((deposit, ordered)) = books.ordered_of(hold)
                {
                    clockwork.lapse(deposit, ordered.saturating_sub(amount.minor()).max(0));
                }
                let missed = missed.map_or(0, crate::Money::minor);
                books.charge_hold(&Charged { tx, hold, amount, capture: capture.as_ref(), last, missed }, at);
            }
            Event::HoldShortened { tx, expires } => books.shorten_hold(*tx, *expires),
            Event::StrayOpened { deposit, named, zero } => books.add_stray(*deposit, *named, *zero),
            Event::Remarked { remark } => clockwork.remark(remark.clone().into()),
            Event::Approved {} => agreement.approve(),
            Event::Attached { attachment } => {
                let by = side_of(&self.terms, &recorded.actor);
                work.attach(attachment, by);
            }
            Event::TrackSet { track } => work.set_track(Some(track)),
            Event::TrackRemoved {} => work.set_track(None),
            Event::TrackingRecorded { checkpoint, latest } => work.record(checkpoint, *latest),
            Event::PerformingStarted {} | Event::PerformingStopped {} | Event::Accepted {} => {}
            Event::Submitted { number, revision } => work.submit(*number, revision),
            Event::ChangesRequested { comment, .. } => {
                work.request_changes(comment);
                clockwork.say(comment.clone().into());
            }
            Event::ClearingBegun { ending } => clockwork.clear(ending.clone()),
            Event::Reported { side, verdict, .. } => quarrel.hear(*side, *verdict),
            Event::CostIncurred { service, evidence } => work.incur(*service, evidence),
            Event::ChargeAdded { deposit, payer, amount, details } => {
                books.add_charge(*deposit, *payer, *amount, details);
            }
            Event::Cancelled { reason, .. } => clockwork.cancel(&recorded.actor, reason),
            Event::DisputeOpened { by, reason, evidence } => {
                clockwork.say(reason.clone());
                work.latest_spent |= *by == Opener::Refusal;
                quarrel.open(*by, reason, evidence.as_ref(), at);
            }
            Event::AwardProposed { side, offer } => quarrel.make_offer(*side, offer),
            Event::OfferFell { side, .. } => quarrel.drop_offer(*side),
            Event::GivenBack { total, .. } => books.give_back(total.minor()),
            Event::AwardAccepted { award, .. } => quarrel.decide_award(award.award(), None),
            Event::DisputeWithdrawn { remaining_ms } => quarrel.withdraw(*remaining_ms),
            Event::WithdrawalOffered { side } => quarrel.offer_withdrawal(*side),
            Event::EscalationAsked { by } => quarrel.ask_for_arbiter(*by),
            Event::ClaimFiled { side, reference } => quarrel.file_claim(*side, reference),
            Event::Ruled { award, at_fault } => quarrel.decide_award(Some(*award), *at_fault),
            Event::DisputeClosed {} => quarrel.close(),
            Event::ArbiterAppointed { arbiter, .. } => quarrel.appoint(arbiter),
            Event::DestinationSet { payee, of, destination } => {
                books.set_destination(payee, *of, destination.as_ref());
            }
            Event::DeadlineExtended { phase, by_s, .. } => clockwork.extend(*phase, *by_s),
            Event::Posted { reference } => work.post(reference),
            Event::TimerFired { timer } => clockwork.pass(*timer, at),
            Event::PhaseEntered { phase, paused } => {
                quarrel.enter(*phase);
                if let Phase::Active { stage: Stage::AwaitingAcceptance, .. } = phase {
                    work.look();
                }
                clockwork.enter(*phase, *paused, &recorded.actor, at);
            }
            Event::EndingDecided { ending, funded, settle_by, charges, original, divides, .. } => {
                quarrel.drop_offers();
                let (funded, settle_by, charges, original) = (*funded, *settle_by, *charges, *original);
                let (ending, divides) = (ending.clone(), *divides);
                clockwork.end(Ended { ending, funded, settle_by, charges, original, divides });
            }
            Event::CaptureOrdered { order } => books.order_capture(order, at),
            Event::LegOrdered { order } => books.order_leg(order, at),
            Event::LegWaits { leg, deposit, payee, purpose, amount, source } => {
                let (leg, deposit, amount) = (*leg, *deposit, *amount);
                let (purpose, source) = (*purpose, *source);
                books.keep_waiting(&Waiting { leg, deposit, payee, purpose, amount, source });
            }
            Event::LegAsked { leg } => books.ask(*leg),
            Event::LegUnclaimed { leg } => books.leave_unclaimed(*leg),
            Event::LegCredited { order } => books.credit_leg(order, at),
            Event::LegCut { leg, old, new } => books.cut_leg(*leg, *old, *new),
            Event::TransactionSucceeded { tx, reference } => books.succeed(*tx, reference, at),
            Event::TransactionFailed { tx, reason, missed } => {
                let lapsed = books.fail(*tx, reason, *missed, at);
                if let Some((deposit, amount)) = lapsed.filter(|_| !missed) {
                    clockwork.lapse(deposit, amount);
                }
            }
            Event::AnswerDoubted { tx } => books.doubt(*tx),
            Event::AnswerConfirmed { tx } => books.trust(*tx),
            Event::PaymentReturned { tx, reference, amount, again, settle_by } => {
                books.bounce((*tx, *amount), reference, *again);
                clockwork.settle_by(*settle_by);
            }
            Event::LegSplit { leg, into, amount } => books.split_leg(*leg, *into, *amount),
            Event::LegHeldBack { leg, chargeback } => books.let_wait(*leg, *chargeback),
            Event::LegRestored { leg, into, amount } => books.restore_leg(*leg, *into, *amount),
            Event::ReceivableRaised { receivable, cause } => books.owe(receivable, *cause, at),
            Event::ReceivableChanged { number, new, .. } => books.change_debt(*number, *new),
            Event::ReceivableSettled { number, amount, reference, .. } => {
                books.pay_debt(*number, *amount, reference);
            }
            Event::RequestNoted { request_id, command, content, by } => {
                clockwork.note(request_id, (*command, *content), *by);
            }
            Event::ChargebackRecorded { chargeback, .. } => books.record_case((**chargeback).clone()),
            Event::PotCut { deposit, new, as_if, borne, .. } => {
                books.lose(*deposit, new.minor(), as_if.minor(), borne.map_or(0, crate::Money::minor));
            }
        }
    }
}

/// Which party acted, if one did.
fn side_of(terms: &Terms, actor: &Actor) -> Option<Side> {
    match actor {
        Actor::Party(id) if *id == terms.buyer => Some(Side::Buyer),
        Actor::Party(id) if *id == terms.seller => Some(Side::Seller),
        Actor::Party(_)
        | Actor::Operator(_)
        | Actor::Moderator(_)
        | Actor::Gateway
        | Actor::Tracker
        | Actor::Clock => None,
    }
}
