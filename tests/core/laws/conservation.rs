//! Money: what came in, what there is, what went out.

use std::collections::{BTreeMap, BTreeSet};

use crate::laws::no_deadlock::{Ways, finish};
use crate::laws::{Finding, ensure};
use escrow::deal::command::{Answer, Answered};
use escrow::deal::{Cause, Debt, PhaseKind};
use escrow::deposit::{
    DepositId, HoldState, LegId, LegState, Purpose, TransactionKind, TransactionState, TxId,
};
use escrow::{Command, Deal, Event, Leg, Money, Payee, Phase, Time, Transaction};
use escrow_testing::strategies::{History, Moment};

/// Every invariant after every step; the buckets add up after every single event. While an ending is worked out, a deposit
/// gives out what banks have taken of it, until its legs are cut: no bucket is below zero once that is done.
pub fn conservation(m: &Moment<'_>) -> Finding {
    let mut view = m.before.clone();
    for recorded in m.events() {
        view.apply(recorded);
        for deposit in view.deposits().iter().chain(view.strays()) {
            let b = deposit.buckets();
            let sum = b.held + b.reserved + b.paid_out + b.refunded + b.charged_back;
            ensure!(b.received == sum, "{}: {b:?} after {:?}", deposit.id(), recorded.event);
        }
    }
    for deposit in view.deposits().iter().chain(view.strays()) {
        let b = deposit.buckets();
        ensure!(b.conserve(), "{}: {b:?}", deposit.id());
        ensure!(
            (0..=b.held).contains(&deposit.on_hold().minor()),
            "{}: on hold {} of {b:?}",
            deposit.id(),
            deposit.on_hold()
        );
    }
    m.after.check().map_err(|e| format!("check: {e}"))
}

/// What goes out by a transaction and stays out: sent, less what came back of it. While a later attempt is on its way, an
/// earlier one that went through after all is not counted beside it; what a payee has twice is owed, and counted there.
fn out_by(deal: &Deal, t: &Transaction) -> (i64, i64) {
    let is_out = matches!(t.kind(), TransactionKind::Refund | TransactionKind::Payout | TransactionKind::Fee);
    let pending = *t.state() == TransactionState::Pending;
    if !is_out {
        return (0, 0);
    }
    let later = |o: &Transaction| o.leg() == t.leg() && *o.state() == TransactionState::Pending;
    match t.state() {
        TransactionState::Succeeded if !deal.transactions().iter().any(later) => {
            (t.amount().minor() - t.bounced(), 0)
        }
        _ if pending => (0, t.amount().minor()),
        _ => (0, 0),
    }
}

/// What payees have twice of the legs of a deposit: it stays out of the pots, and is owed. What the platform has twice it
/// owes to itself.
fn twice(deal: &Deal, id: DepositId) -> i64 {
    let of = |leg: LegId| deal.legs().iter().any(|l| l.id() == leg && l.deposit() == id);
    let owed = deal.debts().iter().map(|d| match d.cause {
        Cause::PaidTwice { leg } if of(leg) => d.amount.minor(),
        _ => 0,
    });
    let own = deal.legs().iter().filter(|l| l.deposit() == id && *l.payee() == Payee::Platform);
    let sent = |leg: LegId| -> i64 {
        let attempts = deal.transactions().iter().filter(|t| t.leg() == Some(leg));
        attempts.map(|t| out_by(deal, t).0).sum()
    };
    let settled = |l: &Leg| if l.is_settled() { l.amount().minor() } else { 0 };
    owed.sum::<i64>() + own.map(|l| (sent(l.id()) - settled(l)).max(0)).sum::<i64>()
}

/// What has really come in and gone out, told from the transactions alone: a hold is no money until it is captured.
pub fn outflow_never_exceeds_inflow(m: &Moment<'_>) -> Finding {
    let deal = m.after;
    for deposit in deal.deposits().iter().chain(deal.strays()) {
        let (mut cash_in, mut out, mut ordered) = (0_i64, 0_i64, 0_i64);
        for t in deal.transactions().iter().filter(|t| t.deposit() == deposit.id()) {
            if let (TransactionKind::Charge | TransactionKind::Capture, TransactionState::Succeeded) =
                (t.kind(), t.state())
            {
                cash_in += t.amount().minor();
            }
            let (sent, open) = out_by(deal, t);
            (out, ordered) = (out + sent, ordered + open);
        }
        let (taken, twice) = (deposit.buckets().charged_back, twice(deal, deposit.id()));
        ensure!(
            out + ordered + taken <= cash_in + twice,
            "{}: {cash_in} came in, {out} went out, of which {twice} are owed, {ordered} is ordered, banks took {taken}",
            deposit.id()
        );
    }
    // no payment goes back more than once
    for t in deal.transactions().iter().filter(|t| t.kind().is_inbound()) {
        let own = |o: &&Transaction| o.source() == Some(t.id());
        let captured =
            deal.transactions().iter().filter(own).filter(|o| o.kind() == TransactionKind::Capture);
        let captured = captured.filter(|o| *o.state() == TransactionState::Succeeded);
        let came = captured.map(|o| o.amount().minor()).sum::<i64>().max(t.amount().minor());
        let back = deal.legs().iter().filter(|l| l.source() == Some(t.id()));
        let back: i64 = back.filter(|l| l.state() != LegState::Dropped).map(|l| l.amount().minor()).sum();
        ensure!(back <= came, "transaction {} of {came} goes back as {back}", t.id());
    }
    Ok(())
}

/// One receipt is recorded at most once, whoever names it: of one payment, in one deposit, by one capture.
pub fn a_payment_counts_once(m: &Moment<'_>) -> Finding {
    let mut seen = BTreeSet::new();
    for t in m.after.transactions().iter().filter(|t| t.kind().is_inbound() && !t.is_pending()) {
        if *t.state() == TransactionState::Succeeded {
            let name = t.gateway().map(|g| g.as_str()).zip(t.reference().map(|r| r.as_str()));
            ensure!(name.is_some(), "transaction {} has no name at its gateway", t.id());
            let receipt = (name, t.deposit(), t.kind().as_str(), t.capture_id().map(|id| id.as_str()));
            ensure!(seen.insert(receipt), "{receipt:?} counts twice");
        }
    }
    Ok(())
}

/// What the gateway has told of: what came in by each payment, each receipt once.
#[derive(Default)]
struct Told {
    /// What was paid for which deposit in another currency.
    strays: BTreeMap<DepositId, DepositId>,
    /// Which receipts are captures that we have ordered.
    own: BTreeSet<(String, DepositId, Option<String>)>,
    /// The captures that the gateway has said it did. One brings money once, whatever it is called the next time.
    done: BTreeSet<TxId>,
    receipts: BTreeMap<(String, DepositId, Option<String>), i64>,
}

impl Told {
    fn receipt(
        &self,
        payment: &(String, String),
        deposit: DepositId,
        capture: Option<&str>,
        amount: Money,
    ) -> (String, DepositId, Option<String>) {
        let payment = format!("{} {} {}", payment.0, payment.1, amount.currency());
        let deposit = self.strays.get(&deposit).copied().unwrap_or(deposit);
        (payment, deposit, capture.map(str::to_owned))
    }

    /// The gateway tells of a payment. What was captured by our own order is known with and without its id.
    fn note(&mut self, payment: &(String, String), deposit: DepositId, capture: Option<&str>, amount: Money) {
        let receipt = self.receipt(payment, deposit, capture, amount);
        let mut own = self.own.iter().filter(|own| (&own.0, own.1) == (&receipt.0, receipt.1));
        let is_own = own.any(|own| self.receipts.get(own) == Some(&amount.minor()));
        if capture.is_some() || !is_own {
            let _ = self.receipts.entry(receipt).or_insert(amount.minor());
        }
    }

    /// The gateway has done what we ordered.
    fn note_own(
        &mut self,
        capture: TxId,
        payment: &(String, String),
        deposit: DepositId,
        reference: &str,
        amount: Money,
    ) {
        if !self.done.insert(capture) {
            return;
        }
        let told = self.receipt(payment, deposit, None, amount);
        if self.receipts.get(&told) != Some(&amount.minor()) {
            let receipt = self.receipt(payment, deposit, Some(reference), amount);
            let _ = self.receipts.entry(receipt.clone()).or_insert(amount.minor());
            self.own.insert(receipt);
        }
    }

    fn hear(&mut self, m: &Moment<'_>) {
        let names = |t: &Transaction| Some((t.gateway()?.to_string(), t.reference()?.to_string()));
        self.strays.extend(m.events().iter().filter_map(|r| match &r.event {
            Event::StrayOpened { deposit, named, .. } => Some((*deposit, *named)),
            _ => None,
        }));
        match m.command {
            Command::ConfirmPayment(c) if c.held_until.is_none() => {
                let payment = (c.gateway.to_string(), c.reference.to_string());
                self.note(&payment, c.deposit, c.capture.as_ref().map(|id| id.as_str()), c.amount);
            }
            Command::Answer(Answer { transaction, result: Answered::Succeeded(reference), .. }) => {
                // a timer may have ordered it a moment before
                let fresh = m.before.transaction(*transaction).is_none();
                let known = m.before.transaction(*transaction).or_else(|| m.after.transaction(*transaction));
                let Some(t) = known else { return };
                let source = t.source().and_then(|id| m.after.transaction(id)).and_then(names);
                let failed = fresh || matches!(t.state(), TransactionState::Failed(_));
                match (t.kind(), source, names(t)) {
                    (TransactionKind::Capture, Some(payment), _) if failed || t.is_pending() => {
                        self.note_own(t.id(), &payment, t.deposit(), reference.as_str(), t.amount());
                    }
                    // a claim makes a receipt only where its payment has none yet
                    (TransactionKind::Charge, _, Some(payment)) if t.is_pending() => {
                        let known = |other: &Transaction| {
                            names(other).as_ref() == Some(&payment)
                                && *other.state() == TransactionState::Succeeded
                        };
                        if !m.before.transactions().iter().any(known) {
                            self.note(&payment, t.deposit(), None, t.amount());
                        }
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }
}

/// No fact about money is lost: what came in by each payment at the gateway is what the deal has recorded of it.
pub fn what_came_in_is_recorded(history: &History) -> Finding {
    what_came_in_is_recorded_by(history, |_| None)
}

/// The same where the deal is another one after some steps.
pub fn what_came_in_is_recorded_by(
    history: &History,
    other: impl Fn(&Moment<'_>) -> Option<Deal>,
) -> Finding {
    let mut told = Told::default();
    let end = history.play(|m| -> Finding {
        if m.verdict.is_ok() {
            told.hear(m);
        }
        let recorded = recorded(other(m).as_ref().unwrap_or(m.after));
        let mut at_gateway = BTreeMap::<String, i64>::new();
        for ((payment, ..), minor) in &told.receipts {
            *at_gateway.entry(payment.clone()).or_default() += minor;
        }
        ensure!(
            at_gateway == recorded,
            "step {}: the gateway told of {at_gateway:?}, recorded are {recorded:?}",
            m.number
        );
        Ok(())
    });
    end.map(drop)
}

/// What is recorded of each payment: charges, and what was captured of holds.
fn recorded(deal: &Deal) -> BTreeMap<String, i64> {
    let mut sums = BTreeMap::new();
    for t in deal.transactions().iter().filter(|t| *t.state() == TransactionState::Succeeded) {
        let payment = match t.kind() {
            TransactionKind::Charge => Some(t),
            TransactionKind::Capture => t.source().and_then(|id| deal.transaction(id)),
            _ => None,
        };
        if let Some((gateway, reference)) = payment.and_then(|p| p.gateway().zip(p.reference())) {
            let payment = format!("{gateway} {reference} {}", t.amount().currency());
            *sums.entry(payment).or_default() += t.amount().minor();
        }
    }
    sums
}

/// Debts come of money that somebody has: of a payment no more is owed than banks took of it and did not give back, the
/// liable party owes no more than was sent to anybody but the payer, and the payer no more than went back to them.
pub fn nobody_owes_what_nobody_has(m: &Moment<'_>) -> Finding {
    let deal = m.after;
    for deposit in deal.deposits().iter().chain(deal.strays()) {
        let id = deposit.id();
        let debts = |of: &dyn Fn(Cause) -> bool| -> i64 {
            deal.debts().iter().filter(|d| of(d.cause)).map(|d| d.amount.minor()).sum()
        };
        let twice = debts(&|c| matches!(c, Cause::RefundedTwice { deposit, .. } if deposit == id));
        let liable = debts(&|c| matches!(c, Cause::Liable { deposit, .. } if deposit == id));
        let came: i64 = deal.transactions().iter().filter(|t| t.deposit() == id).map(cash_in).sum();
        let taken = deposit.buckets().charged_back;
        ensure!(
            twice + liable + taken <= came,
            "{id}: {came} came in, and {twice} + {liable} + {taken} are lost"
        );
        let paid = |d: &Debt| d.paid();
        let settled: i64 = deal.debts().iter().map(paid).sum();
        let payer = deposit.owner().payee();
        let legs = || deal.legs().iter().filter(|l| l.deposit() == id);
        let gone = |l: &&Leg| l.is_settled() || l.state() == LegState::Ordered || l.transaction().is_some();
        let others: i64 = legs().filter(|l| *l.payee() != payer).map(|l| l.amount().minor()).sum();
        let back: i64 = legs().filter(|l| *l.payee() == payer).filter(gone).map(|l| l.amount().minor()).sum();
        ensure!(liable <= others + settled, "{id}: {others} went to others, and {liable} are owed");
        ensure!(twice <= back + settled, "{id}: {back} went back, and {twice} are owed");
        for l in legs() {
            let of_it = debts(&|c| matches!(c, Cause::PaidTwice { leg } if leg == l.id()));
            let got: i64 =
                deal.transactions().iter().filter(|t| sent_for(deal, l, t)).map(|t| t.amount().minor()).sum();
            ensure!(of_it <= got, "{l:?}: {got} were sent, and {of_it} are owed as had twice");
        }
    }
    Ok(())
}

fn cash_in(t: &Transaction) -> i64 {
    let done = *t.state() == TransactionState::Succeeded;
    let brings = matches!(t.kind(), TransactionKind::Charge | TransactionKind::Capture);
    if done && brings { t.amount().minor() } else { 0 }
}

/// Whether this transaction was sent for this leg, or a part of it.
fn sent_for(deal: &Deal, leg: &Leg, t: &Transaction) -> bool {
    let of = t.leg().and_then(|id| deal.legs().iter().find(|l| l.id() == id));
    let same = of.is_some_and(|l| (l.deposit(), l.payee()) == (leg.deposit(), leg.payee()));
    same && *t.state() == TransactionState::Succeeded
}

/// Nobody loses more by an ending than the deposit that was agreed, however much they have put on hold.
pub fn nobody_pays_more_than_was_agreed(m: &Moment<'_>) -> Finding {
    let mut out = BTreeMap::<DepositId, i64>::new();
    for leg in m.after.legs().iter().filter(|l| !l.purpose().goes_back()) {
        *out.entry(leg.deposit()).or_default() += leg.amount().minor();
    }
    for (id, sum) in out {
        let required = m.after.deposit(id).unwrap().required();
        ensure!(sum <= required.minor(), "{sum} goes out of {id}, which requires {required}");
    }
    Ok(())
}

/// At the end nothing is left that nobody has a claim to; once nothing is on its way, nothing is reserved but what nobody has
/// claimed in time, to the minor unit.
pub fn closing_pays_out_everything(m: &Moment<'_>) -> Finding {
    let deal = m.after;
    if deal.phase().kind() != PhaseKind::Closed {
        return Ok(());
    }
    let unsettled = |deal: &Deal| deal.legs().iter().any(|l| !l.is_settled() && !l.is_unclaimed());
    let on_its_way = unsettled(deal);
    for deposit in deal.deposits() {
        let b = deposit.buckets();
        ensure!(b.held == 0 && deposit.on_hold().is_zero(), "closed, and {} holds {b:?}", deposit.id());
        let unclaimed = deal.legs().iter().filter(|l| l.is_unclaimed() && l.deposit() == deposit.id());
        let unclaimed: i64 = unclaimed.map(|l| l.amount().minor()).sum();
        ensure!(
            on_its_way || b.reserved == unclaimed,
            "nothing is on its way, and {} reserves {b:?}",
            deposit.id()
        );
    }
    let leg = deal.legs().iter().find(|l| l.state() == LegState::Ordered);
    ensure!(leg.is_none() || deal.has_pending(), "{leg:?} is ordered, and nothing is pending");
    let mut view = m.before.clone();
    for recorded in m.events() {
        view.apply(recorded);
        let closes = matches!(recorded.event, Event::PhaseEntered { phase: Phase::Closed { .. }, .. });
        ensure!(!(closes && unsettled(&view)), "closes while a leg is on its way");
    }
    Ok(())
}

/// Brought to its end, the deal has nothing left.
pub fn ends_empty(deal: &Deal) -> Finding {
    let end = finish(deal, Ways::PROMPT)?;
    for deposit in end.deposits() {
        let b = deposit.buckets();
        // but for what nobody has claimed
        let unclaimed = end.legs().iter().filter(|l| l.is_unclaimed() && l.deposit() == deposit.id());
        let unclaimed: i64 = unclaimed.map(|l| l.amount().minor()).sum();
        ensure!(b.held == 0 && b.reserved == unclaimed, "at the end {} has {b:?}", deposit.id());
        let open = |t: &&Transaction| matches!(t.hold(), Some(HoldState::Open { .. } | HoldState::Closing));
        let hold = end.transactions().iter().find(open);
        ensure!(hold.is_none(), "at the end a hold is open: {hold:?}");
    }
    Ok(())
}

/// While a chargeback is open, what is disputed is not given out: after an order, what is held and what waits cover it.
/// While a capture is unanswered, nothing is divided.
pub fn nothing_leaves_what_is_contested(m: &Moment<'_>) -> Finding {
    let mut view = m.before.clone();
    // what is in dispute when something leaves: a timer may send a leg before the bank's word comes in the same step
    let mut left = BTreeMap::new();
    for recorded in m.events() {
        if let Event::LegOrdered { order } | Event::LegCredited { order } = &recorded.event
            && order.kind != TransactionKind::Void
        {
            left.insert(order.deposit, disputed(&view, order.deposit, recorded.at));
            let capturing = |t: &Transaction| {
                t.kind() == TransactionKind::Capture && t.is_pending() && t.deposit() == order.deposit
            };
            let divides = !matches!(order.purpose, Purpose::Excess | Purpose::Returned);
            ensure!(
                !(divides && view.transactions().iter().any(capturing)),
                "a capture is open, and yet {order:?}"
            );
        }
        view.apply(recorded);
    }
    for (id, known) in left {
        let Some(deposit) = m.after.deposit(id) else { continue };
        let (kept, need) = (kept(m.after, id), known.min(disputed(m.after, id, m.after.last_at())));
        let held = deposit.held().minor() - deposit.on_hold().minor();
        ensure!(held + kept >= need, "{id}: {held} are held, {kept} wait, {need} are in dispute");
    }
    Ok(())
}

/// What of a deposit is assigned and was not sent.
fn kept(deal: &Deal, id: DepositId) -> i64 {
    let unsent = |l: &&Leg| l.deposit() == id && matches!(l.state(), LegState::Waiting | LegState::Declined);
    deal.legs().iter().filter(unsent).map(|l| l.amount().minor()).sum()
}

/// What of a deposit open chargebacks keep back: of each payment no more than came in, was not lost and is not on its way
/// back. Only of payments that paid into one deposit: how others are divided is not told here.
fn disputed(deal: &Deal, id: DepositId, now: Time) -> i64 {
    let patience = deal.binding_terms().policy.chargeback_s;
    let currency = deal.deposit(id).map(|d| d.required().currency());
    let mut payments = BTreeMap::<(&str, &str), i64>::new();
    for c in deal.chargebacks().iter().filter(|c| c.deposit.is_none_or(|of| of == id)) {
        let open = !c.won && c.lost.is_none();
        let counts = |amount: &Money, at: &Time| {
            open && now < at.plus_secs(patience) && Some(amount.currency()) == currency
        };
        if let Some((amount, _)) = c.opened.filter(|(amount, at)| counts(amount, at)) {
            let sum = payments.entry((c.gateway.as_str(), c.payment.as_str())).or_default();
            *sum = sum.saturating_add(amount.minor());
        }
    }
    let mut sum = 0;
    for ((gateway, payment), disputed) in payments {
        let named = |t: &Transaction| {
            t.gateway().is_some_and(|g| g.as_str() == gateway)
                && t.reference().is_some_and(|r| r.as_str() == payment)
        };
        let of =
            |t: &Transaction| named(t) || t.source().and_then(|s| deal.transaction(s)).is_some_and(named);
        let deposits: BTreeSet<_> = deal
            .transactions()
            .iter()
            .filter(|t| cash_in(t) > 0 && of(t))
            .map(Transaction::deposit)
            .collect();
        let lost = deal.chargebacks().iter().any(|c| c.payment.as_str() == payment && c.lost.is_some());
        if deposits != [id].into() || lost {
            continue;
        }
        let came: i64 = deal.transactions().iter().filter(|t| of(t)).map(cash_in).sum();
        let back = deal.legs().iter().filter(|l| {
            let sent = l.is_settled() || l.state() == LegState::Ordered;
            sent && l.source().and_then(|s| deal.transaction(s)).is_some_and(named)
        });
        let back: i64 = back.map(|l| l.amount().minor()).sum();
        sum += disputed.min(came - back).max(0);
    }
    sum
}
