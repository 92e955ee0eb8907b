//! What must hold of every step and of every deal.

use std::collections::{BTreeMap, BTreeSet};

use escrow::deal::command::{Answer, Answered, Chargeback, ChargebackStep, CheckpointKind, WithdrawDispute};
use escrow::deal::{CommandKind, PhaseKind, Timer};
use escrow::deposit::{
    DepositId, DepositPurpose, HoldState, LegState, Reference, TransactionKind, TransactionState, TxId,
};
use escrow::settlement::{AwardedBy, Ending, Fault, Pots, Purpose, Settlement};
use escrow::terms::Acceptance;
use escrow::{
    Actor, Award, Command, Context, Deal, Event, Money, Outcome, Payee, Phase, Rate, Recorded, Rejection,
    Side, Status, Terms, Time, settle, transition,
};
use escrow_testing::strategies::{History, Moment, Play, everybody};

use super::findings::woken;

/// What a law says: `Err` is what it found.
pub type Finding = Result<(), String>;

/// A law of single steps, over a history.
pub fn at_every_step(history: &History, law: impl Fn(&Moment<'_>) -> Finding) -> Finding {
    history.play(|m| law(m).map_err(|e| format!("step {}: {e}", m.number))).map(drop)
}

macro_rules! ensure {
    ($holds:expr, $($why:tt)+) => {
        if !$holds {
            return Err(format!($($why)+));
        }
    };
}

// --- money ---

/// Every invariant after every step; the buckets add up after every single event.
pub fn conservation(m: &Moment<'_>) -> Finding {
    let mut view = m.before.clone();
    for recorded in m.events() {
        view.apply(recorded);
        for deposit in view.deposits() {
            let b = deposit.buckets();
            ensure!(b.conserve(), "{}: {b:?} after {:?}", deposit.id(), recorded.event);
            ensure!(
                (0..=b.held).contains(&deposit.on_hold().minor()),
                "{}: on hold {} of {b:?}",
                deposit.id(),
                deposit.on_hold()
            );
        }
    }
    m.after.check().map_err(|e| format!("check: {e}"))
}

/// What has really come in and gone out, told from the transactions alone: a hold is no money until it is captured.
pub fn outflow_never_exceeds_inflow(m: &Moment<'_>) -> Finding {
    let deal = m.after;
    for deposit in deal.deposits() {
        let (mut cash_in, mut out, mut ordered) = (0_i64, 0_i64, 0_i64);
        for t in deal.transactions().iter().filter(|t| t.deposit() == deposit.id()) {
            let amount = t.amount().minor();
            let done = *t.state() == TransactionState::Succeeded;
            match t.kind() {
                TransactionKind::Charge | TransactionKind::Capture if done => cash_in += amount,
                TransactionKind::Refund | TransactionKind::Payout | TransactionKind::Fee => {
                    if done {
                        out += amount;
                    } else if t.is_pending() {
                        ordered += amount;
                    }
                }
                TransactionKind::Chargeback => out += amount,
                _ => {}
            }
        }
        ensure!(
            out + ordered <= cash_in,
            "{}: {cash_in} came in, {out} went out and {ordered} is ordered",
            deposit.id()
        );
    }
    // no payment goes back more than once
    for t in deal.transactions().iter().filter(|t| t.kind().is_inbound()) {
        let back = deal
            .transactions()
            .iter()
            .filter(|b| b.source() == Some(t.id()) && b.kind() != TransactionKind::Capture);
        let live = back.filter(|b| !matches!(b.state(), TransactionState::Failed(_)));
        let sum: i64 = live.map(|b| b.amount().minor()).sum();
        ensure!(sum <= t.amount().minor(), "transaction {} of {} goes back as {sum}", t.id(), t.amount());
    }
    Ok(())
}

/// One payment at one gateway is recorded at most once, whoever names it.
pub fn a_payment_counts_once(m: &Moment<'_>) -> Finding {
    let mut seen = BTreeSet::new();
    for t in m.after.transactions().iter().filter(|t| t.kind().is_inbound() && !t.is_pending()) {
        if *t.state() == TransactionState::Succeeded {
            let name = t.gateway().map(|g| g.as_str()).zip(t.reference().map(|r| r.as_str()));
            ensure!(name.is_some(), "transaction {} has no name at its gateway", t.id());
            ensure!(seen.insert(name), "{name:?} counts twice");
        }
    }
    Ok(())
}

/// Nobody loses more by an ending than the deposit that was agreed, however much he has put on hold.
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

/// At the end nothing is left that nobody has a claim to; once nothing is on its way, nothing is reserved.
pub fn closing_pays_out_everything(m: &Moment<'_>) -> Finding {
    let deal = m.after;
    if deal.phase().kind() != PhaseKind::Closed {
        return Ok(());
    }
    let unsettled = |deal: &Deal| deal.legs().iter().any(|l| !l.is_settled());
    let on_its_way = unsettled(deal);
    for deposit in deal.deposits() {
        let b = deposit.buckets();
        ensure!(b.held == 0 && deposit.on_hold().is_zero(), "closed, and {} holds {b:?}", deposit.id());
        ensure!(on_its_way || b.reserved == 0, "nothing is on its way, and {} reserves {b:?}", deposit.id());
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
        ensure!(b.held == 0 && b.reserved == 0, "at the end {} has {b:?}", deposit.id());
        let open =
            |t: &&escrow::Transaction| matches!(t.hold(), Some(HoldState::Open { .. } | HoldState::Closing));
        let hold = end.transactions().iter().find(open);
        ensure!(hold.is_none(), "at the end a hold is open: {hold:?}");
    }
    Ok(())
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
                let preview = settle(view.binding_terms(), &pots, view.incurred(), ending);
                let preview = preview.map_err(|e| format!("{ending:?} cannot be settled: {e}"))?;
                expected = Some((preview, over_held(&view)));
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
            Event::ReceivableRaised { receivable } if receivable.purpose != Purpose::Chargeback => {
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

/// Is it a share of a settlement, no charge and no money that was never wanted?
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
    ensure!(is_award == (outcome == Outcome::Resolved), "{ending:?} with the outcome {outcome:?}");
    for leg in deal.legs().iter().filter(|l| !l.purpose().goes_back()) {
        let (from, purpose) = (leg.deposit(), leg.purpose());
        if is_charge(from) {
            let charge = deal.deposit(from).and_then(|d| d.charge()).ok_or("a charge without details")?;
            ensure!(purpose == Purpose::Charge && *leg.payee() == charge.payee, "{leg:?} of a charge");
            ensure!(outcome == Outcome::Completed, "a charge is paid out, and the deal is {outcome:?}");
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
    let mut lost = 0_i128;
    for chargeback in deal.chargebacks().iter().filter(|c| c.step == ChargebackStep::Lost) {
        lost += i128::from(chargeback.amount.minor()).max(1);
    }
    for owed in deal.receivables() {
        ensure!(owed.amount.is_positive() && owed.debtor != owed.payee, "{owed:?}");
        let of_bank = owed.purpose == Purpose::Chargeback;
        ensure!(of_bank || decided, "not funded, and yet {owed:?}");
        ensure!(!of_bank || lost > 0, "no chargeback is lost, and yet {owed:?}");
    }
    Ok(())
}

/// Every ending has a preview, in every state, which gives out each pot to the last minor unit.
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
        ensure!(sums == expected, "{ending:?} divides {expected:?} as {sums:?}");
    }
    Ok(())
}

/// While a chargeback of a deposit is open, nothing leaves it; while a capture is unanswered, nothing is divided.
pub fn nothing_leaves_what_is_contested(m: &Moment<'_>) -> Finding {
    let mut view = m.before.clone();
    for recorded in m.events() {
        if let Event::LegOrdered { order } | Event::LegCredited { order } = &recorded.event
            && order.kind != TransactionKind::Void
        {
            let open = |c: &escrow::deal::OpenChargeback| {
                c.deposit == order.deposit && c.step == ChargebackStep::Opened
            };
            ensure!(!view.chargebacks().iter().any(open), "a chargeback is open, and yet {order:?}");
            let capturing = |t: &escrow::Transaction| {
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
    Ok(())
}

/// What a tracker told while the deal could not move is acted on once it can.
pub fn nothing_waits_in_vain(m: &Moment<'_>) -> Finding {
    let deal = m.after;
    let by_buyer = deal.terms().policy.acceptance == Acceptance::ByBuyer;
    if deal.phase().kind() != PhaseKind::AwaitingPerformance || !by_buyer {
        return Ok(());
    }
    let capturing = deal
        .transactions()
        .iter()
        .any(|t| t.kind() == TransactionKind::Capture && t.is_pending() && !is_charge(t.deposit()));
    let told = deal.latest_checkpoint().filter(|c| c.kind != CheckpointKind::Refused);
    ensure!(capturing || told.is_none(), "awaiting performance in spite of {told:?}");
    Ok(())
}

/// Whoever is paid may say where to, before and after the ending.
pub fn a_payee_may_choose_where_his_money_goes(m: &Moment<'_>) -> Finding {
    for leg in m.after.legs() {
        let (payee, is_refund) = (leg.payee(), leg.purpose().goes_back());
        let actor = match payee {
            Payee::Buyer => Actor::Party(m.after.terms().buyer.clone()),
            Payee::Seller => Actor::Party(m.after.terms().seller.clone()),
            Payee::Platform | Payee::Processor => Actor::Operator("staff".parse().unwrap()),
            Payee::Party(id) => Actor::Party(id.clone()),
        };
        let kind = if is_refund { CommandKind::RedirectRefund } else { CommandKind::SetDestination };
        let allowed = m.after.allowed(&actor, m.after.last_at()).check(kind);
        allowed.map_err(|e| format!("{payee} is paid {leg:?}, and may not {kind}: {e}"))?;
    }
    Ok(())
}

/// A seller who is asked for changes has a submission left, so that the last word of the buyer is no trap.
pub fn who_is_asked_for_changes_can_answer(m: &Moment<'_>) -> Finding {
    let asked = m.events().iter().any(|r| matches!(r.event, Event::ChangesRequested { .. }));
    if asked && m.after.phase().kind() == PhaseKind::Performing {
        let seller = Actor::Party(m.after.terms().seller.clone());
        let allowed = m.after.allowed(&seller, m.after.last_at()).check(CommandKind::Submit);
        allowed.map_err(|e| format!("changes are asked for, and cannot be submitted: {e}"))?;
    }
    Ok(())
}

// --- orders ---

/// Pending after = pending before + orders − settled, by key; no key stands for two orders.
pub fn pending_is_what_was_ordered_and_not_settled(m: &Moment<'_>) -> Finding {
    let keys = |deal: &Deal| deal.pending().map(|p| p.key.to_string()).collect::<BTreeSet<_>>();
    let mut expected = keys(m.before);
    let mut next = m.before.transactions().len() as u32;
    for Recorded { event, .. } in m.events() {
        if let Some(order) = event.order() {
            next += 1;
            ensure!(order.tx == TxId::new(next), "order {:?} should have number {next}", order);
            let is_new = expected.insert(m.after.key(order.tx).to_string());
            ensure!(is_new, "the key of {order:?} is taken");
        }
        match event {
            Event::PaymentRequested { tx, .. } | Event::ChargedBack { tx, .. } => {
                next = next.max(tx.number())
            }
            Event::LegCredited { order } => next = next.max(order.tx.number()),
            Event::PaymentReceived { tx, .. } => {
                next = next.max(tx.number());
                let _ = expected.remove(&m.after.key(*tx).to_string());
            }
            Event::TransactionSucceeded { tx, .. } | Event::TransactionFailed { tx, .. } => {
                let _ = expected.remove(&m.after.key(*tx).to_string());
            }
            _ => {}
        }
    }
    let pending = keys(m.after);
    ensure!(pending == expected, "pending {pending:?}, expected {expected:?}");
    ensure!(pending.len() == m.after.pending().count(), "a key stands for two orders");
    ensure!(m.after.has_pending() != pending.is_empty(), "has_pending disagrees");
    for order in m.after.pending() {
        let one = m.after.pending_one(order.transaction.id());
        ensure!(one.is_some_and(|o| o.key == order.key), "pending_one does not know {}", order.key);
    }
    Ok(())
}

/// What is settled stays as it is; a leg that is paid stays paid and is never paid again.
pub fn a_transaction_settles_once(m: &Moment<'_>) -> Finding {
    let (before, after) = (m.before.transactions(), m.after.transactions());
    ensure!(after.len() >= before.len(), "transactions are lost");
    for (n, (old, new)) in before.iter().zip(after).enumerate() {
        ensure!(new.id().number() as usize == n + 1, "transaction {n} is out of place");
        ensure!(
            old.id() == new.id() && old.created_at() == new.created_at() && old.deposit() == new.deposit(),
            "{old:?} became {new:?}"
        );
        if !old.is_pending() {
            let same = old.state() == new.state()
                && old.amount() == new.amount()
                && old.kind() == new.kind()
                && old.settled_at() == new.settled_at()
                && old.reference() == new.reference();
            ensure!(same, "settled, and yet {old:?} became {new:?}");
        }
    }
    for (old, new) in m.before.legs().iter().zip(m.after.legs()) {
        let same =
            old.deposit() == new.deposit() && old.payee() == new.payee() && old.purpose() == new.purpose();
        ensure!(same && new.amount().minor() <= old.amount().minor(), "{old:?} became {new:?}");
        ensure!(!old.is_settled() || old == new, "settled, and yet {old:?} became {new:?}");
    }
    for leg in m.after.legs() {
        let attempts = after.iter().filter(|t| t.leg() == Some(leg.id()));
        let paid = attempts.clone().filter(|t| *t.state() == TransactionState::Succeeded).count();
        let open = attempts.filter(|t| t.is_pending()).count();
        ensure!(paid + open <= 1, "leg {leg:?} has {paid} payments and {open} open attempts");
    }
    Ok(())
}

// --- commands ---

pub fn a_rejection_changes_nothing(m: &Moment<'_>) -> Finding {
    let mut deal = m.before.clone();
    let handled = deal.handle(m.command, m.context);
    ensure!(handled == *m.verdict, "handle says {handled:?}, transition {:?}", m.verdict);
    match m.verdict {
        Ok(_) => ensure!(deal == *m.after, "handle and apply differ"),
        Err(rejection) => {
            ensure!(deal == *m.before && m.before == m.after, "refused, and yet changed");
            ensure!(!rejection.code().is_empty() && *rejection != Rejection::Overflow, "overflow");
        }
    }
    Ok(())
}

/// The same command once more: Ok, with no events.
pub fn a_repeat_changes_nothing(m: &Moment<'_>) -> Finding {
    if m.verdict.is_err() {
        return Ok(());
    }
    // a deadline is due at once where a hold is born that late, or its margin is made that long, and where the
    // calendar ends; then the repeat finds a timer to fire
    let deal = woken(m.after, m.context.now)?;
    let now = m.context.now.max(m.after.last_at());
    if let Some((_, timer)) = m.after.next_timer().filter(|(due, _)| *due <= now) {
        let late = matches!(timer, Timer::Hold(_)) || now == Time::MAX;
        ensure!(late, "a deadline is due the moment it is set: {timer:?}");
    }
    // a dispute that was given up and opened again by what waited: without the opening's number a retry is a word on
    // the new one
    let nameless = WithdrawDispute::new().into();
    if *m.command == nameless && m.after.phase().kind() == PhaseKind::Disputed {
        return Ok(());
    }
    match transition(&deal, m.command, m.context) {
        Ok(again) => ensure!(again.is_empty(), "the repeat brings {:?}", again.events()),
        Err(e) => return Err(format!("the repeat is refused: {e}")),
    }
    let again = woken(&deal, m.context.now)?;
    ensure!(again == deal, "waking twice is not waking once");
    Ok(())
}

/// The gateway may repeat what it said at any later time.
pub fn a_late_repeat_of_a_fact_changes_nothing(history: &History) -> Finding {
    let mut facts = Vec::new();
    let end = history.play(|m| -> Finding {
        let is_fact = match m.command {
            Command::ConfirmPayment(_) | Command::Chargeback(_) => true,
            Command::Answer(c) => c.result != Answered::InProgress,
            _ => false,
        };
        if is_fact && m.verdict.is_ok() {
            facts.push((m.command.clone(), m.context.clone()));
        }
        Ok(())
    })?;
    let deal = woken(&end.deal, end.now)?;
    for (command, mut context) in facts {
        context.now = end.now;
        match transition(&deal, &command, &context) {
            Ok(t) => ensure!(t.is_empty(), "{command:?} comes once more, late, and brings {:?}", t.events()),
            Err(e) => {
                let what = command.kind();
                return Err(format!("late once more, {what} is refused: {e}; {command:?}"));
            }
        }
    }
    Ok(())
}

/// An instant before the latest one counts as the latest one.
pub fn the_clock_steps_back_in_vain(m: &Moment<'_>) -> Finding {
    let mut context = m.context.clone();
    context.now = context.now.max(m.before.last_at());
    ensure!(
        transition(m.before, m.command, &context) == *m.verdict,
        "an earlier instant has another verdict"
    );
    context.now = Time::MIN;
    let steady = context.clone();
    context.now = m.before.last_at();
    let (earliest, latest) =
        (transition(m.before, m.command, &steady), transition(m.before, m.command, &context));
    ensure!(earliest == latest, "at the dawn of time: {earliest:?}, now: {latest:?}");
    Ok(())
}

/// What the gateway says of an order, a payment or a chargeback is taken in, in every phase.
pub fn a_fact_is_never_refused(m: &Moment<'_>) -> Finding {
    if m.context.actor != Actor::Gateway {
        return Ok(());
    }
    let deal = woken(m.before, m.context.now)?;
    let sound = |id, amount: Money| {
        let deposit = deal.deposit(id);
        amount.is_positive() && deposit.is_some_and(|d| d.required().currency() == amount.currency())
    };
    let is_sound = match m.command {
        Command::Answer(c) => deal.pending_one(c.transaction).is_some_and(|order| match &c.result {
            Answered::Succeeded(reference) => *reference == order_reference(order.transaction),
            Answered::Declined(_) | Answered::InProgress => true,
        }),
        Command::ConfirmPayment(c) => sound(c.deposit, c.amount) && c.amount.minor() <= Terms::MAX_AMOUNT,
        Command::Chargeback(c) => {
            let known = deal.chargebacks().iter().find(|b| b.reference == c.reference);
            sound(c.deposit, c.amount)
                && known.is_none_or(|b| b.step == ChargebackStep::Opened && b.deposit == c.deposit)
        }
        _ => false,
    };
    match m.verdict {
        Err(e) if is_sound => Err(format!("a fact is refused: {e}")),
        _ => Ok(()),
    }
}

/// Closed stays closed, as it was; what pays never goes back to what was before.
pub fn terminal_takes_only_money_facts(m: &Moment<'_>) -> Finding {
    let (before, after) = (m.before.phase(), m.after.phase());
    if let Some(outcome) = before.outcome() {
        ensure!(after.outcome() == Some(outcome), "{before:?} became {after:?}");
        ensure!(m.before.ending() == m.after.ending(), "the ending changed");
        let receivables = m.before.receivables();
        ensure!(m.after.receivables().starts_with(receivables), "a receivable is lost");
        ensure!(
            m.before.terms() == m.after.terms() && m.before.dispute() == m.after.dispute(),
            "a closed deal changed"
        );
    }
    if before.kind() == PhaseKind::Closed {
        ensure!(before == after, "{before:?} became {after:?}");
        let by_command = m.events().iter().any(|r| r.actor == m.context.actor && r.actor != Actor::Clock);
        let is_money = matches!(
            m.command.kind(),
            CommandKind::ConfirmPayment
                | CommandKind::Answer
                | CommandKind::Chargeback
                | CommandKind::SetDestination
                | CommandKind::RedirectRefund
        );
        ensure!(!by_command || is_money, "closed, and yet {} brings {:?}", m.command.kind(), m.events());
    }
    let open = m.after.dispute().is_some_and(|d| d.status() == escrow::dispute::DisputeStatus::Open);
    ensure!(open == (after.kind() == PhaseKind::Disputed), "a dispute without its phase: {after:?}");
    Ok(())
}

/// What `allowed` denies is refused for that very reason, unless it already stands; what it allows is refused for its
/// content only.
pub fn allowed_agrees_with_transition(m: &Moment<'_>) -> Finding {
    let (command, now) = (m.command, m.context.now);
    for actor in everybody(m.before) {
        let context = Context::new(now, actor.clone());
        let allowed = m.before.allowed(&actor, now).check(command.kind());
        let verdict = transition(m.before, command, &context);
        match (allowed, verdict) {
            (Err(denied), Err(refused)) => {
                ensure!(denied == refused, "{actor}: allowed says {denied}, transition {refused}");
            }
            (Err(denied), Ok(t)) => {
                let own = t.events().iter().find(|r| r.actor != Actor::Clock);
                ensure!(own.is_none(), "{actor}: denied ({denied}), and yet {own:?}");
            }
            (Ok(()), Err(refused)) => {
                let by_table = matches!(
                    refused,
                    Rejection::UnknownActor
                        | Rejection::WrongRole { .. }
                        | Rejection::WrongPhase { .. }
                        | Rejection::Guard(_)
                );
                ensure!(!by_table, "{actor}: allowed, and yet {refused}");
            }
            (Ok(()), Ok(_)) => {}
        }
    }
    Ok(())
}

// --- time ---

pub fn time_and_versions_run_forward(m: &Moment<'_>) -> Finding {
    let (before, after) = (m.before, m.after);
    let mut last = before.last_at();
    let (mut version, mut revision) = (before.version(), before.revision());
    for recorded in m.events() {
        ensure!(recorded.at >= last, "time runs backwards: {last} then {recorded:?}");
        let latest = m.context.now.max(before.last_at());
        ensure!(recorded.at <= latest, "an event of the future: {recorded:?}");
        last = recorded.at;
        version += 1;
        match &recorded.actor {
            Actor::Party(_) | Actor::Operator(_) | Actor::Moderator(_) => revision = version,
            Actor::Gateway | Actor::Tracker | Actor::Clock => {}
        }
        let by_timer = recorded.actor == Actor::Clock;
        let via = if recorded.actor == m.context.actor { &m.context.via } else { &None };
        ensure!(
            recorded.via == *via || by_timer && recorded.via.is_none(),
            "{recorded:?} is via somebody else"
        );
        ensure!(by_timer || recorded.actor == m.context.actor, "{recorded:?} is not by {}", m.context.actor);
    }
    ensure!(after.version() == version, "version {}, expected {version}", after.version());
    ensure!(after.revision() == revision, "revision {}, expected {revision}", after.revision());
    ensure!(after.last_at() == last, "last at {}, expected {last}", after.last_at());
    ensure!(after.status_change().at <= last, "the status changed in the future");
    if after.status() != before.status() {
        ensure!(after.status_change().previous.is_some(), "no previous status");
    } else if m.events().is_empty() {
        ensure!(after.status_change() == before.status_change(), "the status change changed");
    }
    ensure!(after.status() != Status::Proposed || before.status() == Status::Proposed, "back to a proposal");
    Ok(())
}

/// The same history with a wake at every deadline, and with none: the same events, the same verdicts, the same deal.
pub fn punctuality(history: &History) -> Finding {
    let history = history.steady();
    let start = history.begin();
    let mut prompt = start.deal;
    let mut journal = start.journal;
    let mut late = journal.clone();
    let wake = Command::Wake(Default::default());
    let end = history.play(|m| {
        let now = m.context.now;
        for _ in 0..100 {
            let Some(due) = prompt.next_deadline().filter(|due| *due <= now) else { break };
            let fired =
                prompt.handle(&wake, &Context::clock(due)).map_err(|e| format!("wake is refused: {e}"))?;
            ensure!(!fired.is_empty(), "a wake at the deadline {due} does nothing");
            journal.extend(fired.into_events());
        }
        let (actor, before) = (&m.context.actor, m.before);
        ensure!(
            prompt.allowed(actor, now) == before.allowed(actor, now),
            "prompt and late allow different things"
        );
        let verdict = prompt.handle(m.command, m.context);
        late.extend(m.events().iter().cloned());
        match (verdict, m.verdict) {
            (Ok(t), Ok(_)) => {
                journal.extend(t.into_events());
                ensure!(prompt == *m.after, "prompt {prompt:?}, late {:?}", m.after);
                ensure!(journal == late, "the journals differ");
                Ok(())
            }
            (Err(prompt), Err(late)) => {
                ensure!(prompt == *late, "prompt refuses with {prompt}, late with {late}");
                Ok(())
            }
            (prompt, late) => Err(format!("prompt says {prompt:?}, late {late:?}")),
        }
    })?;
    let (prompt, late) = (woken(&prompt, end.now)?, woken(&end.deal, end.now)?);
    ensure!(json(&prompt)? == json(&late)?, "prompt {prompt:?}, late {late:?}");
    Ok(())
}

// --- storage ---

fn json(deal: &Deal) -> Result<String, String> {
    serde_json::to_string(deal).map_err(|e| format!("encoding: {e}"))
}

/// The journal, written and read again, gives the live deal, byte for byte.
pub fn replay_equals_live(play: &Play) -> Finding {
    let written = serde_json::to_string(&play.journal).map_err(|e| format!("encoding: {e}"))?;
    let read: Vec<Recorded> = serde_json::from_str(&written).map_err(|e| format!("decoding: {e}"))?;
    ensure!(read == play.journal, "the journal is not what was written");
    let replayed = Deal::replay(play.deal.id(), &read).map_err(|e| format!("replay: {e}"))?;
    ensure!(replayed == play.deal, "replayed {replayed:?}, live {:?}", play.deal);
    ensure!(json(&replayed)? == json(&play.deal)?, "replayed and live are written differently");
    Ok(())
}

pub fn snapshot_round_trip(deal: &Deal) -> Finding {
    let written = json(deal)?;
    let read: Deal = serde_json::from_str(&written).map_err(|e| format!("decoding: {e}"))?;
    ensure!(read == *deal, "read {read:?}, written {deal:?}");
    ensure!(json(&read)? == written, "written twice, differently");
    Ok(())
}

/// A command is what it was, written and read again.
pub fn command_round_trip(m: &Moment<'_>) -> Finding {
    let written = serde_json::to_string(m.command).map_err(|e| format!("encoding: {e}"))?;
    let read: Command = serde_json::from_str(&written).map_err(|e| format!("decoding {written}: {e}"))?;
    ensure!(read == *m.command, "read {read:?}, written {:?}", m.command);
    Ok(())
}

// --- the way out ---

/// What the gateway declines. A leg's later attempts succeed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Declines {
    Nothing,
    /// Every first attempt; so every capture, void and claim.
    First,
    /// The same for odd numbers only.
    Odd,
}

/// How the world behaves on the way to the end.
#[derive(Clone, Copy, Debug)]
pub struct Ways {
    declines: Declines,
    /// The gateway answers only when nothing else happens any more.
    late: bool,
    /// What becomes of the chargebacks that are open.
    chargebacks: ChargebackStep,
}

impl Ways {
    pub const PROMPT: Self =
        Self { declines: Declines::Nothing, late: false, chargebacks: ChargebackStep::Won };
}

/// Timers and gateway answers alone bring every deal to its end.
pub fn no_deadlock(deal: &Deal) -> Finding {
    for declines in [Declines::Nothing, Declines::First, Declines::Odd] {
        for late in [false, true] {
            for chargebacks in [ChargebackStep::Won, ChargebackStep::Lost] {
                let ways = Ways { declines, late, chargebacks };
                let end = finish(deal, ways).map_err(|e| format!("{ways:?}: {e}"))?;
                end.check().map_err(|e| format!("{ways:?}: at the end {e}"))?;
            }
        }
    }
    Ok(())
}

/// Brings a deal to its end.
fn finish(deal: &Deal, ways: Ways) -> Result<Deal, String> {
    let mut deal = deal.clone();
    let mut now = deal.last_at();
    for _ in 0..100 {
        if !ways.late || deal.next_deadline().is_none() {
            answer_everything(&mut deal, now, ways)?;
        }
        let done = deal.phase().kind() == PhaseKind::Closed && deal.legs().iter().all(|l| l.is_settled());
        if done && !deal.has_pending() {
            return Ok(deal);
        }
        match deal.next_deadline() {
            Some(due) => {
                now = now.max(due);
                give(&mut deal, &Command::Wake(Default::default()), &Context::clock(now))?;
            }
            None => {
                let waits = deal.has_pending() || open_chargeback(&deal).is_some();
                ensure!(waits, "stuck: {deal:?} {:?}, legs {:?}", deal.phase(), deal.legs());
            }
        }
    }
    Err(format!("not closed after many steps: {deal:?} {:?}", deal.phase()))
}

fn open_chargeback(deal: &Deal) -> Option<escrow::deal::OpenChargeback> {
    deal.chargebacks().iter().find(|c| c.step == ChargebackStep::Opened).cloned()
}

fn answer_everything(deal: &mut Deal, now: Time, ways: Ways) -> Finding {
    let gateway = Context::gateway(now);
    while let Some(open) = open_chargeback(deal) {
        let (reference, deposit, amount, step) =
            (open.reference, open.deposit, open.amount, ways.chargebacks);
        give(deal, &Chargeback::new(reference, deposit, amount, step).into(), &gateway)?;
    }
    for _ in 0..100 {
        let Some(order) = deal.pending().next() else { break };
        let t = order.transaction;
        let first = match t.leg() {
            Some(leg) => deal.transactions().iter().filter(|o| o.leg() == Some(leg)).count() == 1,
            None => true,
        };
        let declined = match ways.declines {
            Declines::Nothing => false,
            Declines::First => first,
            Declines::Odd => first && t.id().number() % 2 == 1,
        };
        let result = if declined {
            Answered::Declined("no".parse().unwrap())
        } else {
            Answered::Succeeded(order_reference(t))
        };
        let transaction = t.id();
        give(deal, &Answer::new(transaction, result).into(), &gateway)?;
    }
    Ok(())
}

fn give(deal: &mut Deal, command: &Command, context: &Context) -> Finding {
    match deal.handle(command, context) {
        Ok(_) => deal.check().map_err(|e| format!("after {command:?}: {e}")),
        Err(e) => Err(format!("{command:?} is refused: {e}; {deal:?} {:?}", deal.phase())),
    }
}

/// Is it an additional charge? They stand after the four that every deal has.
fn is_charge(id: DepositId) -> bool {
    id > DepositId::SELLER_GUARANTEE
}

/// What the gateway would call the success of this order; of a claim, what was claimed.
fn order_reference(transaction: &escrow::Transaction) -> Reference {
    let own = || format!("done-{}", transaction.id()).parse().unwrap();
    transaction.reference().cloned().unwrap_or_else(own)
}
