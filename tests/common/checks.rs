//! What [`World`] checks around every step: every invariant, replay, decoding, conservation, a book of real money of its
//! own, punctuality, and that a repeat of what was accepted does nothing.

use std::collections::BTreeSet;

use super::*;
use escrow::deal::command::{Wake, WithdrawDispute};
use escrow::deal::{Command, Event};
use escrow::deposit::{
    CaptureId, DepositId, GatewayName, LegId, LegState, Reference, TransactionKind, TransactionState,
};
use escrow::{Actor, Context, Deal, Recorded, Rejection, Status, Transition, TxId};

impl World {
    /// Every invariant, replay = live byte for byte, decoding, conservation, and the book of real money.
    pub fn check(&self) {
        let deal = &self.deal;
        if let Err(error) = deal.check() {
            panic!("{error} on {deal:?}, after {:?}", Self::names(&self.journal));
        }
        let live = json(deal);
        // the journal as it is stored
        let stored: Vec<Recorded> =
            serde_json::from_str(&serde_json::to_string(&self.journal).unwrap()).unwrap();
        assert_eq!(stored, self.journal);
        let replayed = Deal::replay(deal.id(), &stored).unwrap();
        assert!(replayed == *deal);
        assert_eq!(json(&replayed), live, "replay = live");
        let decoded: Deal = serde_json::from_str(&live).unwrap();
        assert!(decoded == *deal);
        assert_eq!(json(&decoded), live, "decoded = live");
        for deposit in deal.deposits().iter().chain(deal.strays()) {
            let b = deposit.buckets();
            assert_eq!(
                b.received,
                b.held + b.reserved + b.paid_out + b.refunded + b.charged_back,
                "conservation of {}",
                deposit.id()
            );
            // what is not on hold, nor being let go, is real money
            let voids = deal.pending().filter(|p| {
                p.kind == TransactionKind::Void && p.transaction.unwrap().deposit() == deposit.id()
            });
            let voided: i64 = voids.map(|p| p.amount.minor()).sum();
            let real = b.held - deposit.on_hold().minor() + b.reserved - voided;
            let book = self.book.get(&deposit.id()).copied().unwrap_or(0);
            assert_eq!(
                real - self.ahead(deposit.id()),
                book,
                "the real money of {} on {deal:?}",
                deposit.id()
            );
        }
    }

    /// What payees have beyond what their legs come to, or got before their legs say so.
    fn ahead(&self, deposit: DepositId) -> i64 {
        let out = |t: &&escrow::Transaction| {
            let kinds = [TransactionKind::Refund, TransactionKind::Payout, TransactionKind::Fee];
            kinds.contains(&t.kind()) && *t.state() == TransactionState::Succeeded && t.deposit() == deposit
        };
        let sent = self.deal.transactions().iter().filter(out).map(|t| t.amount().minor() - t.bounced());
        let settled = self.deal.legs().iter().filter(|l| {
            let void = l.transaction().and_then(|tx| self.deal.transaction(tx));
            let void = void.is_some_and(|t| t.kind() == TransactionKind::Void);
            let settled = matches!(l.state(), LegState::Settled | LegState::Credited);
            l.deposit() == deposit && settled && !void
        });
        sent.sum::<i64>() - settled.map(|l| l.amount().minor()).sum::<i64>()
    }

    pub fn add(&mut self, deposit: DepositId, minor: i64) {
        *self.book.entry(deposit).or_default() += minor;
    }

    /// Books what really happened: a payment once per reference, whatever the deal says of it.
    pub fn book_facts(&mut self, command: &Command, transition: &Transition) {
        let tx = |tx: TxId| self.deal.transaction(tx).unwrap().clone();
        let of_leg = |leg: LegId| self.deal.legs().iter().find(|l| l.id() == leg).unwrap().deposit();
        let mut moves = Vec::new();
        let name = |deposit: DepositId,
                    gateway: &GatewayName,
                    reference: &Reference,
                    capture: Option<&CaptureId>| {
            format!("{deposit}/{gateway}/{reference}/{}", capture.map_or("", |id| id.as_str()))
        };
        if let Command::ConfirmPayment(c) = command
            && c.held_until.is_none()
            && self.deal.deposit(c.deposit).is_some_and(|d| d.required().currency() == c.amount.currency())
            && self.paid.insert(name(c.deposit, &c.gateway, &c.reference, c.capture.as_ref()))
        {
            moves.push((c.deposit, c.amount.minor()));
        }
        // the bank gives back all of it, also what its payee had twice
        if let Command::Returned(c) = command
            && !transition.is_empty()
        {
            moves.push((tx(c.transaction).deposit(), c.amount.minor()));
        }
        for recorded in transition.events() {
            match &recorded.event {
                Event::PaymentReceived {
                    deposit,
                    amount,
                    gateway,
                    reference,
                    held_until: None,
                    capture,
                    ..
                } if self.paid.insert(name(*deposit, gateway, reference, capture.as_ref())) => {
                    moves.push((*deposit, amount.minor()));
                }
                Event::TransactionSucceeded { tx: id, .. } => {
                    let t = tx(*id);
                    match t.kind() {
                        TransactionKind::Capture => {
                            let hold = tx(t.source().unwrap());
                            let (gateway, reference) = (hold.gateway().unwrap(), hold.reference().unwrap());
                            let _ = self.paid.insert(name(t.deposit(), gateway, reference, None));
                            moves.push((t.deposit(), t.amount().minor()));
                        }
                        TransactionKind::Refund | TransactionKind::Payout | TransactionKind::Fee => {
                            moves.push((t.deposit(), -t.amount().minor()));
                        }
                        _ => {}
                    }
                }
                Event::LegCredited { order } => moves.push((order.deposit, -order.amount.minor())),
                // what banks take and give back
                Event::PotCut { deposit, old, new, .. } => moves.push((*deposit, old.minor() - new.minor())),
                Event::LegCut { leg, old, new } => moves.push((of_leg(*leg), new.minor() - old.minor())),
                Event::LegRestored { leg, amount, .. } => moves.push((of_leg(*leg), amount.minor())),
                // a capture that was declined is done after all
                Event::HoldCharged { hold, amount, .. } if matches!(command, Command::Answer(_)) => {
                    moves.push((tx(*hold).deposit(), amount.minor()));
                }
                _ => {}
            }
        }
        for (deposit, minor) in moves {
            self.add(deposit, minor);
        }
    }

    /// `pending after = pending before + orders − settled`; keys never change; a transaction settles once.
    pub fn check_orders(&self, before: &Deal, transition: &Transition) {
        let keys = |deal: &Deal| -> BTreeSet<String> { deal.pending().map(|p| p.key.to_string()).collect() };
        let key = |tx: TxId| before.key(tx).to_string();
        let mut expected = keys(before);
        for order in transition.orders() {
            assert!(expected.insert(key(order.tx)), "a key is used once");
        }
        for recorded in transition.events() {
            match &recorded.event {
                Event::TransactionSucceeded { tx, .. }
                | Event::TransactionFailed { tx, .. }
                | Event::HoldCharged { tx, .. }
                | Event::AnswerConfirmed { tx }
                | Event::PaymentReceived { tx, .. } => {
                    expected.remove(&key(*tx));
                }
                // asked again
                Event::AnswerDoubted { tx } => {
                    expected.insert(key(*tx));
                }
                _ => {}
            }
        }
        assert_eq!(keys(&self.deal), expected, "pending before + orders - settled");
        let succeeds = |id: TxId| {
            let succeeds =
                |r: &Recorded| matches!(&r.event, Event::TransactionSucceeded { tx, .. } if *tx == id);
            transition.events().iter().any(succeeds)
        };
        for (old, new) in before.transactions().iter().zip(self.deal.transactions()) {
            // what was declined may have gone through after all, if the gateway says so
            let after_all = matches!(old.state(), TransactionState::Failed(_)) && succeeds(old.id());
            if *old.state() != TransactionState::Pending && !after_all {
                assert_eq!(old.state(), new.state(), "a transaction settles once");
                assert_eq!(old.amount(), new.amount());
            }
        }
        for recorded in transition.events() {
            assert!(recorded.at >= before.last_at() && recorded.at <= self.deal.last_at());
        }
        let comes_back = |r: &Recorded| matches!(r.event, Event::PaymentReturned { .. });
        if transition.events().iter().any(comes_back) {
            return;
        }
        let before = before.deposits().iter();
        for (old, new) in before.zip(self.deal.deposits()) {
            let (old, new) = (old.buckets(), new.buckets());
            assert!(old.paid_out <= new.paid_out && old.refunded <= new.refunded);
        }
    }

    /// Whoever woke the deal before, and how often, the result is the same.
    pub fn check_punctual(
        &self,
        before: &Deal,
        command: &Command,
        context: &Context,
        result: Result<&Transition, &Rejection>,
    ) {
        let mut woken = before.clone();
        let mut due = 0;
        while let Some(at) = woken.next_deadline().filter(|at| *at <= context.now) {
            due += 1;
            assert!(due < 100, "timers without an end on {before:?}");
            let at = at.max(woken.last_at());
            let fired = woken.handle(&Wake {}.into(), &Context::clock(at)).unwrap();
            assert!(!fired.is_empty(), "a due timer that does nothing");
        }
        if due == 0 {
            return;
        }
        let with = woken.handle(command, context);
        assert_eq!(with.as_ref().err(), result.err(), "punctuality of {command:?} on {before:?}");
        if result.is_ok() {
            assert_eq!(json(&woken), json(&self.deal), "punctuality of {command:?} on {before:?}");
        }
    }

    /// The same command once more, a moment later: nothing happens.
    pub fn check_repeat(&self, command: &Command, context: &Context) {
        // a dispute that was given up and opened again by what waited: without the opening's number a retry is a word
        // on the new one
        if *command == WithdrawDispute::default().into() && self.status() == Status::Disputed {
            return;
        }
        let mut again = self.deal.clone();
        // what is due by now has fired already
        let transition = again
            .handle(command, context)
            .unwrap_or_else(|e| panic!("{e:?}: the repeat of {command:?} on {:?}", self.deal));
        let due_now = |r: &Recorded| r.actor == Actor::Clock;
        assert!(
            transition.events().iter().all(due_now),
            "the repeat of {command:?} on {:?}: {:?}",
            self.deal,
            transition.events()
        );
    }
}
