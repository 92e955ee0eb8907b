//! [`World`] drives one deal through `Deal::handle` and plays the gateway.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use escrow::deal::Command;
use escrow::deal::command::{Proposal, Wake};
use escrow::deposit::{Buckets, DepositId, LegState, Purpose, TransactionKind};
use escrow::{
    Actor, Context, Deal, DealId, Money, Payee, Recorded, Rejection, Status, TermsDraft, Time, Transition,
};

/// A leg in short: out of which deposit, to whom, why, how much, where it stands.
pub type LegView = (DepositId, Payee, Purpose, i64, LegState);

/// One deal, the time, its journal, and the real money.
#[derive(Clone)]
pub struct World {
    pub deal: Deal,
    pub now: Time,
    pub journal: Vec<Recorded>,
    /// How long the journal was after each transition.
    pub commits: Vec<usize>,
    /// How much real money is at the gateway for each deposit: charged and captured, less what left.
    pub book: BTreeMap<DepositId, i64>,
    /// Which payments really came in.
    pub paid: BTreeSet<String>,
    pub references: u32,
}

impl World {
    /// A deal that the buyer proposes.
    pub fn new(draft: TermsDraft) -> Self {
        Self::proposed_by(&buyer(), draft)
    }

    pub fn proposed_by(actor: &Actor, draft: TermsDraft) -> Self {
        Self::opened(actor, terms(draft))
    }

    /// A deal that begins with this.
    pub fn opened(actor: &Actor, proposal: impl Into<Proposal>) -> Self {
        let id = DealId::new(uuid::Uuid::from_u128(7));
        let context = Context::new(start(), actor.clone());
        let (deal, first) = Deal::propose(id, proposal, &context).unwrap();
        let world = Self {
            deal,
            now: start(),
            journal: first.events().to_vec(),
            commits: vec![first.events().len()],
            book: BTreeMap::new(),
            paid: BTreeSet::new(),
            references: 0,
        };
        world.check();
        world
    }

    /// Created, and paid in full by a charge.
    pub fn funded(draft: TermsDraft) -> Self {
        let mut world = Self::new(draft);
        if world.status() == Status::Proposed {
            world.act(&seller(), agree(1));
        }
        world.fill();
        world
    }

    /// Funded and started.
    pub fn performing(draft: TermsDraft) -> Self {
        let mut world = Self::funded(draft);
        if world.status() == Status::AwaitingPerformance {
            world.act(&seller(), escrow::deal::command::StartPerforming {});
        }
        assert_eq!(world.status(), Status::Performing);
        world
    }

    /// In a dispute that the buyer has opened.
    pub fn disputed(draft: TermsDraft) -> Self {
        let mut world = Self::performing(draft);
        world.act(&buyer(), dispute("broken"));
        assert_eq!(world.status(), Status::Disputed);
        world
    }

    /// In a dispute that the arbiter is asked to end.
    pub fn arbitrated(draft: TermsDraft) -> Self {
        let mut world = Self::disputed(draft);
        world.wait_for_deadline();
        world
    }

    /// Pays whatever is outstanding.
    pub fn fill(&mut self) {
        for id in [B, L, GB, GS] {
            let outstanding = self.deal.deposit(id).unwrap().outstanding();
            if outstanding.is_positive() {
                let reference = self.reference();
                self.act(&Actor::Gateway, payment(id, &reference, outstanding));
            }
        }
    }

    // --- time ---

    pub fn at(&mut self, now: Time) -> &mut Self {
        self.now = now;
        self
    }

    pub fn pass(&mut self, secs: u32) -> &mut Self {
        self.now = self.now.plus_secs(secs);
        self
    }

    pub fn deadline(&self) -> Time {
        self.deal.next_deadline().expect("a deadline")
    }

    /// Wakes the deal now.
    pub fn wake(&mut self) -> Vec<Recorded> {
        self.attempt(&Actor::Clock, Wake {}).unwrap().events().to_vec()
    }

    /// Wakes the deal at its next deadline.
    pub fn wait_for_deadline(&mut self) -> Vec<Recorded> {
        self.now = self.deadline().max(self.now);
        self.wake()
    }

    // --- acting ---

    /// The command is accepted, and something happens.
    pub fn act(&mut self, actor: &Actor, command: impl Into<Command>) -> Vec<Recorded> {
        let command = command.into();
        match self.attempt(actor, command.clone()) {
            Ok(transition) if transition.is_empty() => panic!("already stands: {command:?}"),
            Ok(transition) => transition.events().to_vec(),
            Err(rejection) => panic!("{rejection:?}: {command:?} on {:?}", self.deal),
        }
    }

    /// The command is accepted, and nothing happens: it stands already.
    pub fn repeat(&mut self, actor: &Actor, command: impl Into<Command>) {
        let before = json(&self.deal);
        let transition = self.attempt(actor, command).unwrap();
        assert!(transition.is_empty(), "{:?}", transition.events());
        assert_eq!(json(&self.deal), before);
    }

    /// The command is refused, and nothing happens.
    pub fn refuse(&mut self, actor: &Actor, command: impl Into<Command>) -> Rejection {
        let command = command.into();
        match self.attempt(actor, command.clone()) {
            Ok(_) => panic!("accepted: {command:?} on {:?}", self.deal),
            Err(rejection) => rejection,
        }
    }

    /// One step, with every check around it.
    pub fn attempt(&mut self, actor: &Actor, command: impl Into<Command>) -> Result<Transition, Rejection> {
        let command = command.into();
        self.attempt_in(&Context::new(self.now, actor.clone()), &command)
    }

    pub fn attempt_in(&mut self, context: &Context, command: &Command) -> Result<Transition, Rejection> {
        let before = self.deal.clone();
        let result = self.deal.handle(command, context);
        self.check_punctual(&before, command, context, result.as_ref());
        match &result {
            Err(_) => assert_eq!(json(&self.deal), json(&before), "a rejection changes nothing"),
            Ok(transition) => {
                assert!(
                    before.version() + u64::try_from(transition.events().len()).unwrap()
                        == self.deal.version()
                );
                self.journal.extend_from_slice(transition.events());
                self.commits.push(self.journal.len());
                self.book_facts(command, transition);
                self.check_orders(&before, transition);
                self.check();
                self.check_repeat(command, context);
            }
        }
        result
    }

    // --- the gateway ---

    pub fn reference(&mut self) -> String {
        self.references += 1;
        format!("pay-{}", self.references)
    }

    /// A charge comes in, under a reference of its own.
    pub fn pay(&mut self, deposit: DepositId, minor: i64) -> Vec<Recorded> {
        let reference = self.reference();
        let currency = self.deal.deposit(deposit).unwrap().required().currency();
        let payment = payment(deposit, &reference, Money::from_minor(minor, currency));
        self.act(&Actor::Gateway, payment)
    }

    /// An authorisation comes in, under a reference of its own.
    pub fn hold(&mut self, deposit: DepositId, minor: i64, until: Time) -> Vec<Recorded> {
        let reference = self.reference();
        let mut payment = payment(deposit, &reference, rub(minor));
        payment.held_until = Some(until);
        self.act(&Actor::Gateway, payment)
    }

    /// The gateway has done what this transaction asks for.
    pub fn done(&mut self, tx: u32) -> Vec<Recorded> {
        let reference = format!("done-{tx}");
        self.act(&Actor::Gateway, answer(tx, succeeded(&reference)))
    }

    /// The gateway declines it.
    pub fn decline(&mut self, tx: u32) -> Vec<Recorded> {
        self.act(&Actor::Gateway, answer(tx, declined()))
    }

    /// The gateway does everything that is pending.
    pub fn done_all(&mut self) {
        while let Some(tx) = self.pending().first().map(|(tx, _, _, _)| *tx) {
            self.done(tx);
        }
    }

    /// What the gateway is asked to do, in order: number, kind, to whom, how much.
    pub fn pending(&self) -> Vec<(u32, TransactionKind, Payee, i64)> {
        let pending = self.deal.pending().map(|p| {
            let t = p.transaction;
            (t.id().number(), t.kind(), p.payee.clone(), t.amount().minor())
        });
        pending.collect()
    }

    /// The number of the only pending order of this kind to this payee.
    pub fn order(&self, kind: TransactionKind, payee: &Payee) -> u32 {
        let found: Vec<_> =
            self.pending().into_iter().filter(|(_, k, p, _)| *k == kind && p == payee).collect();
        assert_eq!(found.len(), 1, "{kind:?} to {payee}: {:?}", self.pending());
        found[0].0
    }

    // --- looking ---

    pub fn status(&self) -> Status {
        self.deal.status()
    }

    pub fn buckets(&self, deposit: DepositId) -> Buckets {
        *self.deal.deposit(deposit).unwrap().buckets()
    }

    pub fn held(&self, deposit: DepositId) -> i64 {
        self.buckets(deposit).held
    }

    pub fn legs(&self) -> Vec<LegView> {
        let view =
            |l: &escrow::Leg| (l.deposit(), l.payee().clone(), l.purpose(), l.amount().minor(), l.state());
        self.deal.legs().iter().map(view).collect()
    }

    /// What a payee has got, or has on its way, for this purpose.
    pub fn gets(&self, payee: &Payee, purpose: Purpose) -> i64 {
        let legs = self.deal.legs().iter();
        legs.filter(|l| l.payee() == payee && l.purpose() == purpose).map(|l| l.amount().minor()).sum()
    }

    /// What somebody owes, to whom, for what.
    pub fn owed(&self) -> Vec<(Payee, Payee, Purpose, i64)> {
        let view = |d: &escrow::deal::Debt| (d.debtor.clone(), d.payee.clone(), d.purpose, d.open().minor());
        self.deal.receivables().map(view).collect()
    }

    /// The names of the events since this version, as they stand in a journal.
    pub fn names(events: &[Recorded]) -> Vec<String> {
        let name = |r: &Recorded| {
            let value = serde_json::to_value(&r.event).unwrap();
            value["type"].as_str().unwrap().to_owned()
        };
        events.iter().map(name).collect()
    }

    pub fn until(&self) -> Time {
        self.deal.phase().until().expect("a phase with a deadline")
    }
}
