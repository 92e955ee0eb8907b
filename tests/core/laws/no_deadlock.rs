//! The way out.

use crate::laws::{Finding, ensure, is_charge};
use escrow::deal::command::{Answer, Answered, Chargeback, ChargebackStep, CheckpointKind};
use escrow::deal::{CommandKind, PhaseKind};
use escrow::deposit::{Reference, TransactionKind, TransactionState};
use escrow::terms::Acceptance;
use escrow::{Actor, Command, Context, Deal, Event, Payee, Time};
use escrow_testing::strategies::Moment;

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
pub fn a_payee_may_choose_where_their_money_goes(m: &Moment<'_>) -> Finding {
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

/// What the gateway declines. A leg's later attempts succeed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Declines {
    Nothing,
    /// Every first attempt; so every capture, void and claim.
    First,
    /// The same for odd numbers only.
    Odd,
}

/// How the world behaves on the way to the end.
#[derive(Clone, Copy, Debug)]
pub struct Ways {
    pub declines: Declines,
    /// The gateway answers only when nothing else happens any more.
    pub late: bool,
    /// What becomes of the chargebacks that are open; `None`: the bank never says.
    pub chargebacks: Option<ChargebackStep>,
}

impl Ways {
    pub const PROMPT: Self =
        Self { declines: Declines::Nothing, late: false, chargebacks: Some(ChargebackStep::Won) };
}

/// Timers and gateway answers alone bring every deal to its end.
pub fn no_deadlock(deal: &Deal) -> Finding {
    for declines in [Declines::Nothing, Declines::First, Declines::Odd] {
        for late in [false, true] {
            for chargebacks in [None, Some(ChargebackStep::Won), Some(ChargebackStep::Lost)] {
                let ways = Ways { declines, late, chargebacks };
                let end = finish(deal, ways).map_err(|e| format!("{ways:?}: {e}"))?;
                end.check().map_err(|e| format!("{ways:?}: at the end {e}"))?;
            }
        }
    }
    Ok(())
}

/// Brings a deal to its end.
pub fn finish(deal: &Deal, ways: Ways) -> Result<Deal, String> {
    let mut deal = deal.clone();
    let mut now = deal.last_at();
    for _ in 0..100 {
        if !ways.late || deal.next_deadline().is_none() {
            answer_everything(&mut deal, now, ways)?;
        }
        let done = deal.phase().kind() == PhaseKind::Closed
            && deal.legs().iter().all(|l| l.is_settled() || l.is_unclaimed());
        if done && !deal.has_pending() {
            return Ok(deal);
        }
        match deal.next_deadline() {
            Some(due) => {
                now = now.max(due);
                give(&mut deal, &Command::Wake(Default::default()), &Context::clock(now))?;
            }
            None => {
                let waits = deal.has_pending();
                ensure!(waits, "stuck: {deal:?} {:?}, legs {:?}", deal.phase(), deal.legs());
            }
        }
    }
    Err(format!("not closed after many steps: {deal:?} {:?}", deal.phase()))
}

fn open_chargeback(deal: &Deal) -> Option<escrow::deal::Case> {
    deal.chargebacks().iter().find(|c| c.step() == ChargebackStep::Opened).cloned()
}

fn answer_everything(deal: &mut Deal, now: Time, ways: Ways) -> Finding {
    let gateway = Context::gateway(now);
    while let Some((open, step)) = open_chargeback(deal).zip(ways.chargebacks) {
        let amount = open.amount().ok_or("a chargeback without a sum")?;
        let end = Chargeback::new(open.id, (open.gateway, open.payment), amount, step).of(open.deposit);
        give(deal, &end.into(), &gateway)?;
    }
    for _ in 0..100 {
        let Some(order) = deal.pending().next() else { break };
        let t = order.transaction.unwrap();
        let first = match t.leg() {
            Some(leg) => deal.transactions().iter().filter(|o| o.leg() == Some(leg)).count() == 1,
            None => true,
        };
        let declined = match ways.declines {
            Declines::Nothing => false,
            Declines::First => first,
            Declines::Odd => first && t.id().number() % 2 == 1,
        };
        // of what it has done the gateway says so, whatever it said meanwhile
        let result = if declined && *t.state() == TransactionState::Pending {
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

/// What the gateway would call the success of this order; of a claim, what was claimed.
pub fn order_reference(transaction: &escrow::Transaction) -> Reference {
    let own = || format!("done-{}", transaction.id()).parse().unwrap();
    transaction.reference().cloned().unwrap_or_else(own)
}
