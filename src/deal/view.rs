//! What can be read of a deal.

use std::sync::Arc;

use super::Deal;
use super::agreement::{Agreement, Consents};
use super::books::{Books, Case, Debt};
use super::clockwork::{Clockwork, StatusChange};
use super::command::{Checkpoint, DestinationUse, Track, Verdict};
use super::phase::{Phase, Status};
use super::quarrel::Quarrel;
use super::work::Work;
use crate::deposit::{Deposit, DepositId, Leg, Transaction, TxId};
use crate::dispute::Dispute;
use crate::dispute::DisputeStage;
use crate::settlement::{Ending, Incurred, Offered, Outcome};
use crate::terms::{Delivery, Terms};
use crate::{Actor, DealId, Destination, Money, PartyId, Payee, Rate, Role, Side, Time};

/// Its parts, for the rules.
impl Deal {
    pub(crate) const fn clockwork(&self) -> &Clockwork {
        &self.state.clockwork
    }

    pub(crate) const fn agreement(&self) -> &Agreement {
        &self.state.agreement
    }

    pub(crate) const fn books(&self) -> &Books {
        &self.state.books
    }

    pub(crate) const fn work(&self) -> &Work {
        &self.state.work
    }

    pub(crate) const fn quarrel(&self) -> &Quarrel {
        &self.state.quarrel
    }
}

impl Deal {
    /// Its id.
    pub const fn id(&self) -> DealId {
        self.id
    }

    /// The current terms; while an amendment waits for consent, the amended ones.
    pub fn terms(&self) -> &Arc<Terms> {
        &self.terms
    }

    /// The terms that bind: the last version that both have agreed to, or the current one where there is none.
    pub fn binding_terms(&self) -> &Arc<Terms> {
        self.agreed.as_ref().unwrap_or(&self.terms)
    }

    /// The version of the current terms, counted from 1. WebMoney's `VersionId`.
    pub const fn terms_version(&self) -> u32 {
        self.state.agreement.version
    }

    /// Who has consented to the current terms.
    pub const fn consents(&self) -> Consents {
        self.state.agreement.consents
    }

    /// How many events the deal has seen: what a sink locks on.
    pub const fn version(&self) -> u64 {
        self.state.clockwork.version
    }

    /// The version at the last event that a person caused: an actor's `seen` is compared with it. Timers, gateway
    /// and tracker do not raise it.
    pub const fn revision(&self) -> u64 {
        self.state.clockwork.revision
    }

    /// Its phase, with the data of the phase.
    pub const fn phase(&self) -> &Phase {
        &self.state.clockwork.phase
    }

    /// Its flat status.
    pub const fn status(&self) -> Status {
        self.state.clockwork.phase.status()
    }

    /// When, by whom and why the status changed last.
    pub const fn status_change(&self) -> &StatusChange {
        &self.state.clockwork.status_change
    }

    /// The same in a world where performing and awaiting acceptance are one status: going from the one to the other
    /// changes nothing there.
    ///
    /// # Source
    /// Nalogka's *Исполнение* lasts until the buyer accepts.
    pub fn joint_status_change(&self) -> &StatusChange {
        let clockwork = &self.state.clockwork;
        clockwork.joint_change.as_ref().unwrap_or(&clockwork.status_change)
    }

    /// How it ended, once it has.
    pub const fn outcome(&self) -> Option<Outcome> {
        self.state.clockwork.phase.outcome()
    }

    /// How it ended as far as money is concerned, once it has.
    pub const fn ending(&self) -> Option<&Ending> {
        match &self.state.clockwork.ended {
            Some(ended) => Some(&ended.ending),
            None => None,
        }
    }

    /// When it was created.
    pub const fn created_at(&self) -> Time {
        self.state.clockwork.created_at
    }

    /// When it was concluded: both had agreed and every required deposit was full, for the first time. `None` for what
    /// is, or was to the end, a WebMoney *contract*. See [`Deal::is_concluded`] for whether it is so now.
    pub const fn concluded_at(&self) -> Option<Time> {
        self.state.clockwork.concluded_at
    }

    /// When it saw its last event; time never runs backwards from here.
    pub const fn last_at(&self) -> Time {
        self.state.clockwork.last_at
    }

    /// Its deposits: four that every deal has, then the additional charges.
    pub fn deposits(&self) -> &[Deposit] {
        self.state.books.deposits()
    }

    /// One deposit.
    pub fn deposit(&self, id: DepositId) -> Option<&Deposit> {
        self.state.books.deposit(id)
    }

    /// Its transactions, in the order of their numbers.
    pub fn transactions(&self) -> &[Transaction] {
        self.state.books.transactions()
    }

    /// One transaction.
    pub fn transaction(&self, id: TxId) -> Option<&Transaction> {
        self.state.books.transaction(id)
    }

    /// Who gets what.
    pub fn legs(&self) -> &[Leg] {
        self.state.books.legs()
    }

    /// Who owes what, as far as it is open: those of [`Deal::debts`] that are neither paid nor cancelled.
    ///
    /// Debts are outside the deposits: no bucket holds them. Each is in the currency of the deposit that it comes from.
    pub fn receivables(&self) -> impl Iterator<Item = &Debt> + Clone {
        self.debts().iter().filter(|debt| debt.is_open())
    }

    /// Every debt that was ever raised, in the order of their numbers, the cancelled and the paid ones included.
    ///
    /// The debts of a lost payment are always those that its standing losses give: a fact that changes them raises or lowers
    /// them under their numbers. What was paid of one that stands no more, the platform owes back.
    pub fn debts(&self) -> &[Debt] {
        self.state.books.debts()
    }

    /// The deposits of money that came in another currency than the deposit that it was for.
    pub fn strays(&self) -> impl Iterator<Item = &Deposit> {
        self.state.books.strays()
    }

    /// The dispute, if there ever was one.
    pub const fn dispute(&self) -> Option<&Dispute> {
        self.state.quarrel.dispute.as_ref()
    }

    /// How the deal is to end when the clearance is over: what was accepted.
    pub const fn clearing(&self) -> Option<&Ending> {
        self.state.clockwork.clearing.as_ref()
    }

    /// From when declined legs go to the balances: known, for good, once it was decided how the deal ends.
    pub const fn settle_by(&self) -> Option<Time> {
        match &self.state.clockwork.ended {
            Some(ended) => Some(ended.settle_by),
            None => None,
        }
    }

    /// Whether a party can write a claim to the other: the parties are negotiating. WebMoney's `CanCreateClaim`.
    pub const fn can_claim(&self) -> bool {
        matches!(self.state.clockwork.phase, Phase::Disputed { stage: DisputeStage::Negotiation, .. })
    }

    /// Whether a party can sue: the time to negotiate is over. WebMoney's `CanCreateLawsuit`, after ten days.
    pub const fn can_sue(&self) -> bool {
        matches!(self.state.clockwork.phase, Phase::Disputed { stage: DisputeStage::Arbitration, .. })
    }

    /// The ids of its documents, in the order in which they were added. Their descriptions are in the journal.
    pub fn attachments(&self) -> impl Iterator<Item = &super::command::DocumentId> {
        self.state.work.documents.iter().map(|d| &d.id)
    }

    /// The arbiter.
    pub const fn arbiter(&self) -> Option<&PartyId> {
        self.state.quarrel.arbiter.as_ref()
    }

    /// The track of the delivery.
    pub fn track(&self) -> Option<&Track> {
        self.state.work.track.as_deref()
    }

    /// The latest checkpoint of the track that counts: a scan from before the deal never does, and after a delivery or a
    /// refusal no progress does until that is dealt with.
    pub fn latest_checkpoint(&self) -> Option<&Checkpoint> {
        self.state.work.latest.as_deref()
    }

    /// How often a track was replaced or removed.
    pub const fn tracks_changed(&self) -> u16 {
        self.state.work.tracks_changed
    }

    /// Whether the performance has ever begun: it was started, a track has reported something that counts, or a revision
    /// was submitted that the buyer can look at. A deal that was sent back to before the start has begun all the same.
    pub fn has_begun(&self) -> bool {
        let seen = self.state.work.waits && !self.is_parcel() && self.is_funded();
        self.state.clockwork.begun || self.state.work.latest.is_some() || seen
    }

    /// Whether the subject comes as a parcel, by the terms that bind.
    pub(crate) fn is_parcel(&self) -> bool {
        self.binding_terms().delivery.as_ref().is_some_and(Delivery::is_parcel)
    }

    /// Whether the subject is downloaded, and there is nothing to download yet.
    pub(crate) fn awaits_upload(&self) -> bool {
        self.submitted() == 0 && self.binding_terms().delivery.as_ref().is_some_and(Delivery::is_download)
    }

    /// Which services are incurred, by their index in the terms.
    pub const fn incurred(&self) -> Incurred {
        self.state.work.incurred
    }

    /// How many revisions of the work were submitted.
    pub const fn submitted(&self) -> u16 {
        self.state.work.submitted
    }

    /// Whether the buyer has asked for changes to the latest revision.
    pub const fn changes_requested(&self) -> bool {
        self.state.work.changes_requested.is_some()
    }

    /// What a side has reported.
    pub const fn report(&self, side: Side) -> Option<Verdict> {
        self.state.quarrel.report(side)
    }

    /// The chargebacks that the payers' banks have moved, in the order in which they were first told of.
    ///
    /// Those of payments that nobody has told of are among them: they wait for their payment. Their amounts are in the
    /// currency of the payment, the parts of [`Case`] in minor units of it.
    pub fn chargebacks(&self) -> &[Case] {
        self.state.books.cases()
    }

    /// Where a payee's money goes, if the payee has chosen.
    #[inline]
    pub fn destination(&self, payee: &Payee, of: DestinationUse) -> Option<&Destination> {
        self.state.books.destination(payee, of)
    }

    /// The role of an actor in this deal; `None` for a party that it does not know.
    // every command asks for it first: a call is a tenth of a refusal
    #[inline(always)]
    pub fn role_of(&self, actor: &Actor) -> Option<Role> {
        match actor {
            Actor::Party(id) if *id == self.terms.buyer => Some(Role::Buyer),
            Actor::Party(id) if *id == self.terms.seller => Some(Role::Seller),
            Actor::Party(id) if self.state.quarrel.arbiter.as_ref() == Some(id) => Some(Role::Arbiter),
            Actor::Party(id) => self.binding_terms().pays_third(id).then_some(Role::Partner),
            Actor::Operator(_) => Some(Role::Operator),
            Actor::Moderator(_) => Some(Role::Moderator),
            Actor::Gateway => Some(Role::Gateway),
            Actor::Tracker => Some(Role::Tracker),
            Actor::Clock => Some(Role::Clock),
        }
    }

    /// Whether every required deposit is full.
    pub fn is_funded(&self) -> bool {
        self.state.books.is_funded(self.terms.policy.shortfall)
    }

    /// Whether the deal is concluded: agreed, fully funded, and not sent back to its deposits since. A deal that has ended
    /// is so if it was when its ending was decided. Until then WebMoney calls it a *contract*, from then on a *deal*.
    pub fn is_concluded(&self) -> bool {
        let stands = match self.state.clockwork.phase {
            Phase::Proposed { .. } | Phase::AwaitingDeposit { .. } => false,
            Phase::Moderation { .. } => self.is_funded(),
            Phase::Active { .. } | Phase::Clearing { .. } | Phase::Disputed { .. } => true,
            Phase::Paying { .. } | Phase::Closed { .. } => self.ended_funded(),
        };
        stands && self.concluded_at().is_some()
    }

    /// Whether this deposit accepts money now: a required deposit until the deal is funded, and where the policy lets something
    /// be missing of a payment, or a capture has failed, until all of it is there; an additional charge while the deal is funded.
    pub fn takes_money(&self, deposit: &Deposit) -> bool {
        match self.state.clockwork.phase {
            Phase::Proposed { .. } | Phase::AwaitingDeposit { .. } => !deposit.id.is_charge(),
            Phase::Moderation { .. } => true,
            Phase::Active { .. } | Phase::Clearing { .. } | Phase::Disputed { .. } => {
                let tolerant = self.binding_terms().policy.shortfall != Rate::ZERO;
                deposit.id.is_charge() || tolerant && deposit.id.is_required_payment() || deposit.missed > 0
            }
            Phase::Paying { .. } | Phase::Closed { .. } => false,
        }
    }

    /// Whether any deposit holds money that is not assigned to anybody.
    pub fn holds_anything(&self) -> bool {
        self.state.books.holds_anything()
    }

    /// What this side offers; an award of nothing is an offer, too.
    pub const fn offer(&self, side: Side) -> Option<&Offered> {
        self.state.quarrel.offer(side)
    }

    /// G: what the seller has given back.
    pub fn given_back(&self) -> Money {
        Money::from_minor(self.books().given_back(), self.terms.currency)
    }

    /// How much the deal's deposits hold or have assigned, per deposit, in their own currency.
    pub fn money_inside(&self) -> impl Iterator<Item = Money> + '_ {
        self.state.books.money_inside()
    }
}
