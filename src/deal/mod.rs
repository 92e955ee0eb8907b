//! The deal: one aggregate for the whole life, from the proposal to the last payout.
//!
//! [`transition`] decides and changes nothing; [`Deal::apply`] changes and decides nothing.

mod access;
mod allowed;
mod apply;
mod books;
pub mod command;
mod core;
mod decide;
mod decode;
mod draft;
mod event;
mod guard;
mod phase;
mod rejection;
mod repeat;
mod rules;
mod stored;
mod table;
mod timers;

use std::sync::Arc;

pub use self::access::Access;
pub use self::allowed::{Allowed, Denied};
pub use self::command::{Command, CommandKind};
pub(crate) use self::decide::Events;
pub use self::decide::{Context, Transition, transition};
pub use self::decode::{DecodeError, Parts};
pub use self::event::{Consents, DepositChange, Event, Paused, Recorded};
pub use self::guard::Guard;
pub use self::phase::{DisputeStage, Origin, Outcome, Phase, PhaseKind, Stage, Status};
pub use self::rejection::Rejection;
pub use self::stored::State;
pub use self::table::{Permit, cell};
pub use self::timers::Timer;

use self::core::Core;
pub use self::core::{OpenChargeback, PayeeDestination, StatusChange};
use self::decide::Case;
use crate::deposit::{
    Deposit, DepositId, GatewayName, IdempotencyKey, Leg, Reference, Transaction, TransactionState, TxId,
};
use crate::dispute::Dispute;
use crate::settlement::{Ending, Incurred, Pots, Receivable, SettleError, Settlement, settle};
use crate::terms::Terms;
use crate::{Actor, DealId, Destination, Machine, Money, PartyId, Payee, Role, Side, Time};

/// A deal between a buyer and a seller, with the money that is held for them.
///
/// Cheap to clone: the terms are shared, the rest is a small core.
#[derive(Clone, PartialEq, Eq)]
pub struct Deal {
    id: DealId,
    terms: Arc<Terms>,
    /// The version that both had agreed to, while an amendment waits for consent: what binds until then.
    agreed: Option<Arc<Terms>>,
    core: Core,
}

/// An order that has no answer yet, with all that a gateway needs to carry it out.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct PendingOrder<'d> {
    /// The key under which it is carried out at most once.
    pub key: IdempotencyKey,
    /// The order's own transaction.
    pub transaction: &'d Transaction,
    /// To whom: a payee, or for a capture, void or verification the payer.
    pub payee: &'d Payee,
    /// Where the payee wants it; `None`: where the gateway knows the payee, or back to the source.
    pub destination: Option<&'d Destination>,
    /// The payment that is captured, voided, refunded or verified, at its gateway.
    pub source: Option<&'d Reference>,
    /// The gateway that took that payment, or is said to have: the only one that can carry the order out. `None`: the
    /// order is about no payment.
    pub gateway: Option<&'d GatewayName>,
}

impl Deal {
    /// Creates a deal: proposed, or awaiting its deposit where creation implies consent.
    ///
    /// The buyer, the seller or an operator (a store, on the seller's behalf) may propose. A deal in which nothing
    /// is to be deposited moves on at once.
    ///
    /// # Errors
    /// [`Rejection::UnknownActor`] for anybody else.
    pub fn propose(
        id: DealId,
        terms: impl Into<Arc<Terms>>,
        context: &Context,
    ) -> Result<(Self, Transition), Rejection> {
        let terms = terms.into();
        let side = match &context.actor {
            Actor::Party(id) if *id == terms.buyer => Some(Side::Buyer),
            Actor::Party(id) if *id == terms.seller => Some(Side::Seller),
            Actor::Operator(_) => None,
            Actor::Party(_) | Actor::Moderator(_) | Actor::Gateway | Actor::Tracker | Actor::Clock => {
                return Err(Rejection::UnknownActor);
            }
        };
        let first = Recorded {
            at: context.now,
            actor: context.actor.clone(),
            via: context.via.clone(),
            event: rules::proposal::propose(&terms, side, context.now),
        };
        let mut deal = Self::begin(id, &first).ok_or(Rejection::Overflow)?;
        let mut events = decide::Events::new();
        events.push(first);
        let (actor, via) = (&context.actor, context.via.as_ref());
        let mut out = draft::Draft::new(&deal, context.now, actor, via, &mut events)?;
        rules::funding::advance(&deal, &draft::Delta::default(), deal.consents(), &mut out)?;
        events.iter().skip(1).for_each(|recorded| deal.apply(recorded));
        Ok((deal, Transition::new(events)))
    }

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
        self.core.terms_version
    }

    /// Who has consented to the current terms.
    pub const fn consents(&self) -> Consents {
        self.core.consents
    }

    /// How many events the deal has seen: what a sink locks on.
    pub const fn version(&self) -> u64 {
        self.core.version
    }

    /// The version at the last event that a person caused: what an actor's `seen` is held against. Timers, gateway
    /// and tracker do not raise it.
    pub const fn revision(&self) -> u64 {
        self.core.revision
    }

    /// Where it stands, with the data of the phase.
    pub const fn phase(&self) -> &Phase {
        &self.core.phase
    }

    /// Where it stands, flat.
    pub const fn status(&self) -> Status {
        self.core.phase.status()
    }

    /// When, by whom and why the status changed last.
    pub const fn status_change(&self) -> &StatusChange {
        &self.core.status_change
    }

    /// How it ended, once it has.
    pub const fn outcome(&self) -> Option<Outcome> {
        self.core.phase.outcome()
    }

    /// How it ended as far as money is concerned, once it has.
    pub const fn ending(&self) -> Option<&Ending> {
        self.core.ending.as_ref()
    }

    /// When it was created.
    pub const fn created_at(&self) -> Time {
        self.core.created_at
    }

    /// When it was concluded: both had agreed and every required deposit was full, for the first time. `None` for what
    /// is, or never came to be more than, a WebMoney *contract*. See [`Deal::is_concluded`] for how it stands.
    pub const fn concluded_at(&self) -> Option<Time> {
        self.core.concluded_at
    }

    /// When it saw its last event; time never runs backwards from here.
    pub const fn last_at(&self) -> Time {
        self.core.last_at
    }

    /// Its deposits: four that every deal has, then the additional charges.
    pub fn deposits(&self) -> &[Deposit] {
        &self.core.deposits
    }

    /// One deposit.
    pub fn deposit(&self, id: DepositId) -> Option<&Deposit> {
        self.core.deposits.get(id.index())
    }

    /// Its transactions, in the order of their numbers.
    pub fn transactions(&self) -> &[Transaction] {
        &self.core.transactions
    }

    /// One transaction.
    pub fn transaction(&self, id: TxId) -> Option<&Transaction> {
        self.core.transactions.get(core::index(id.0))
    }

    /// Who gets what.
    pub fn legs(&self) -> &[Leg] {
        &self.core.legs
    }

    /// Who owes what the pots could not cover.
    pub fn receivables(&self) -> &[Receivable] {
        &self.core.receivables
    }

    /// The dispute, if there ever was one.
    pub const fn dispute(&self) -> Option<&Dispute> {
        self.core.dispute.as_ref()
    }

    /// From when declined legs go to the balances: known, for good, once it was decided how the deal ends.
    pub const fn settle_by(&self) -> Option<Time> {
        self.core.settle_by
    }

    /// Can a party write a claim to the other, because they are negotiating? WebMoney's `CanCreateClaim`.
    pub const fn can_claim(&self) -> bool {
        matches!(self.core.phase, Phase::Disputed { stage: DisputeStage::Negotiation, .. })
    }

    /// Can a party sue, because the time to negotiate is over? WebMoney's `CanCreateLawsuit`, after ten days.
    pub const fn can_sue(&self) -> bool {
        matches!(self.core.phase, Phase::Disputed { stage: DisputeStage::Arbitration, .. })
    }

    /// The ids of its documents, in the order in which they were added. Their descriptions are in the journal.
    pub fn attachments(&self) -> &[command::DocumentId] {
        &self.core.attachments
    }

    /// The arbiter.
    pub const fn arbiter(&self) -> Option<&PartyId> {
        self.core.arbiter.as_ref()
    }

    /// The track of the delivery.
    pub fn track(&self) -> Option<&command::Track> {
        self.core.track.as_deref()
    }

    /// The latest checkpoint of the track.
    pub fn latest_checkpoint(&self) -> Option<&command::Checkpoint> {
        self.core.latest.as_deref()
    }

    /// Which services are incurred, by their index in the terms.
    pub const fn incurred(&self) -> Incurred {
        self.core.incurred
    }

    /// How many revisions of the work were submitted.
    pub const fn submitted(&self) -> u16 {
        self.core.submitted
    }

    /// Did the buyer ask for changes to the latest revision?
    pub const fn changes_requested(&self) -> bool {
        self.core.changes_requested
    }

    /// What a side has reported.
    pub const fn report(&self, side: Side) -> Option<command::Verdict> {
        match side {
            Side::Buyer => self.core.buyers_report,
            Side::Seller => self.core.sellers_report,
        }
    }

    /// The chargebacks that the payers' banks have moved.
    pub fn chargebacks(&self) -> &[OpenChargeback] {
        &self.core.chargebacks
    }

    /// Where a payee's money goes, where he has chosen.
    #[inline]
    pub fn destination(&self, payee: &Payee, of: command::DestinationUse) -> Option<&Destination> {
        let chosen = |d: &&PayeeDestination| d.of == of && d.payee == *payee;
        self.core.destinations.iter().find(chosen).map(|d| &d.destination)
    }

    /// The role of an actor in this deal; `None` for a party that it does not know.
    // every command asks for it first: a call is a tenth of a refusal
    #[inline(always)]
    pub fn role_of(&self, actor: &Actor) -> Option<Role> {
        match actor {
            Actor::Party(id) if *id == self.terms.buyer => Some(Role::Buyer),
            Actor::Party(id) if *id == self.terms.seller => Some(Role::Seller),
            Actor::Party(id) if self.core.arbiter.as_ref() == Some(id) => Some(Role::Arbiter),
            Actor::Party(id) => self.binding_terms().pays_third(id).then_some(Role::Partner),
            Actor::Operator(_) => Some(Role::Operator),
            Actor::Moderator(_) => Some(Role::Moderator),
            Actor::Gateway => Some(Role::Gateway),
            Actor::Tracker => Some(Role::Tracker),
            Actor::Clock => Some(Role::Clock),
        }
    }

    /// Is every required deposit full?
    pub fn is_funded(&self) -> bool {
        self.core.deposits.iter().all(|d| d.id.is_charge() || d.outstanding().is_zero())
    }

    /// Is it concluded, as it stands: was it, and did nothing lead back to its deposits? Of a deal that has ended: was
    /// it, when its ending was decided? Until then WebMoney calls it a *contract*, and from then on a *deal*.
    pub fn is_concluded(&self) -> bool {
        let stands = match self.core.phase {
            Phase::Proposed { .. } | Phase::AwaitingDeposit { .. } => false,
            Phase::Moderation { .. } => self.is_funded(),
            Phase::Active { .. } | Phase::Disputed { .. } => true,
            Phase::Paying { .. } | Phase::Closed { .. } => self.core.ended_funded,
        };
        stands && self.concluded_at().is_some()
    }

    /// Does the deal take money into this deposit now? Required deposits until they are full, charges while funded.
    pub(crate) fn takes_money(&self, deposit: &Deposit) -> bool {
        match self.core.phase {
            Phase::Proposed { .. } | Phase::AwaitingDeposit { .. } => !deposit.id.is_charge(),
            Phase::Moderation { .. } => true,
            Phase::Active { .. } | Phase::Disputed { .. } => deposit.id.is_charge(),
            Phase::Paying { .. } | Phase::Closed { .. } => false,
        }
    }

    /// Does any deposit hold money that is not assigned to anybody?
    pub fn holds_anything(&self) -> bool {
        self.core.deposits.iter().any(|d| d.buckets.held > 0)
    }

    /// Is a capture of a required deposit without an answer? Optional charges hold nothing up.
    pub(crate) fn capture_unanswered(&self) -> bool {
        self.has_holds()
            && self.core.transactions.iter().any(|t| t.is_open_capture() && !t.deposit.is_charge())
    }

    /// Is there an order without an answer?
    pub fn has_pending(&self) -> bool {
        self.core.unanswered > 0
    }

    /// Every order that has no answer yet, under the key it was sent with: what a host runs again after a crash.
    pub fn pending(&self) -> impl Iterator<Item = PendingOrder<'_>> {
        // settled deals have nothing to look for, however many transactions they have
        let all = if self.has_pending() { self.core.transactions.as_slice() } else { &[] };
        all.iter().filter(|t| Self::is_order(t)).map(|t| self.pending_order(t))
    }

    /// The order of this transaction, if it has no answer yet.
    pub fn pending_one(&self, tx: TxId) -> Option<PendingOrder<'_>> {
        self.transaction(tx).filter(|t| Self::is_order(t)).map(|t| self.pending_order(t))
    }

    /// Is it something that the gateway is asked to do? A payment request is not: the payer is.
    pub(crate) fn is_order(transaction: &Transaction) -> bool {
        transaction.is_pending() && (!transaction.kind.is_inbound() || transaction.reference.is_some())
    }

    fn pending_order<'d>(&'d self, transaction: &'d Transaction) -> PendingOrder<'d> {
        const PAYERS: [Payee; 2] = [Payee::Buyer, Payee::Seller];
        let leg = transaction.leg.and_then(|l| self.core.legs.get(core::index(l.0)));
        let owner = self.deposit(transaction.deposit).map_or(Side::Buyer, |d| d.owner);
        let [buyer, seller] = const { &PAYERS };
        let payer = match owner {
            Side::Buyer => buyer,
            Side::Seller => seller,
        };
        let destination =
            leg.and_then(|l| self.destination(&l.payee, command::DestinationUse::of(l.purpose)));
        let payment = match transaction.source {
            Some(source) => self.transaction(source),
            None => Some(transaction).filter(|t| t.kind.is_inbound()),
        };
        PendingOrder {
            key: self.key(transaction.id),
            transaction,
            payee: leg.map_or(payer, |l| &l.payee),
            destination,
            source: payment.and_then(Transaction::reference),
            gateway: payment.and_then(Transaction::gateway),
        }
    }

    /// The idempotency key of a transaction.
    pub const fn key(&self, transaction: TxId) -> IdempotencyKey {
        IdempotencyKey { deal: self.id, transaction }
    }

    /// What there is to settle now.
    pub fn pots(&self) -> Pots {
        self.pots_after(&draft::Delta::default())
    }

    /// What everybody would get if the deal ended like this now. Reads no permission; answers for every ending.
    /// Charges are outside the settlement: a paid one goes to its payee on success, otherwise back.
    ///
    /// # Errors
    /// [`SettleError`] where a partial buyout or an award does not fit.
    pub fn preview(&self, ending: &Ending) -> Result<Settlement, SettleError> {
        settle(self.binding_terms(), &self.pots(), self.core.incurred, ending)
    }

    /// Decides and applies: what [`transition`] says, and the deal has it.
    ///
    /// # Errors
    /// The [`Rejection`] of [`transition`]; the deal is as it was.
    pub fn handle(&mut self, command: &Command, context: &Context) -> Result<Transition, Rejection> {
        let Some(case) = Case::open(self, command, context)? else { return Ok(Transition::nothing()) };
        let mut events = Events::new();
        case.decide(self, command, context, &mut events)?;
        events.iter().for_each(|recorded| self.apply(recorded));
        Ok(Transition::new(events))
    }

    /// How much the deal's deposits hold or have assigned, per deposit, in their own currency.
    pub fn money_inside(&self) -> impl Iterator<Item = Money> + '_ {
        self.core.deposits.iter().map(|d| {
            Money::from_minor(d.buckets.held.saturating_add(d.buckets.reserved), d.required.currency())
        })
    }

    /// Is there a leg that was declined, and waits for a destination or for the balance?
    pub(crate) fn has_declined_leg(&self) -> bool {
        self.core.unsettled_legs > 0
            && self.core.legs.iter().any(|l| l.state == crate::deposit::LegState::Declined)
    }
}

/// The same functions that the deal has of its own.
impl Machine for Deal {
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn version(&self) -> u64 {
        self.version()
    }

    fn last_at(&self) -> Time {
        self.last_at()
    }

    fn next_deadline(&self) -> Option<Time> {
        self.next_deadline()
    }

    fn decide(&self, command: &Command, context: &Context) -> Result<Transition, Rejection> {
        transition(self, command, context)
    }

    fn apply(&mut self, recorded: &Recorded) {
        self.apply(recorded);
    }
}

impl std::fmt::Debug for Deal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Deal {} v{} {}", self.id, self.core.version, self.status())?;
        for deposit in &self.core.deposits {
            let b = &deposit.buckets;
            if b.received > 0 {
                let currency = deposit.required.currency();
                let money = |minor| Money::from_minor(minor, currency);
                write!(f, "; {}: held {} of {}", deposit.id, money(b.held), deposit.required)?;
                if b.reserved > 0 {
                    write!(f, ", reserved {}", money(b.reserved))?;
                }
            }
        }
        let pending =
            self.core.transactions.iter().filter(|t| matches!(t.state, TransactionState::Pending)).count();
        if pending > 0 {
            write!(f, "; {pending} pending")?;
        }
        Ok(())
    }
}
