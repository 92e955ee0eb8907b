//! From a few small choices to a command: plain content where the choices are zero, odd and hostile content
//! elsewhere.

use std::sync::Arc;

use escrow::deal::command::{
    Accept, AcceptAward, AddCharge, Agree, Amend, Answer, Answered, AppointArbiter, Attach, Attachment,
    Cancel, Chargeback, ChargebackStep, Checkpoint, CheckpointKind, ConfirmPayment, DestinationUse, Extend,
    FileClaim, IncurCost, Moderate, ModerationVerdict, OpenDispute, PaymentClaim, PaymentForm, Post,
    ProposeAward, RecordTracking, RemoveTrack, Report, RequestChanges, RequestPayment, ReturnUrls, Revision,
    Rule, SetDestination, SetTrack, StartPerforming, StopPerforming, Submit, Track, Verdict, Wake,
    WithdrawDispute,
};
use escrow::deal::{CommandKind, PhaseKind, Timer};
use escrow::deposit::{DepositId, GatewayName, Reference, TxId};
use escrow::settlement::Fault;
use escrow::terms::{Acceptance, Payer, Provider, Service, Terms, TermsDraft};
use escrow::{Actor, Award, Command, Currency, Deal, Destination, Money, Payee, Rate, Role, Side, Time};

use crate::history::{Salt, buyer, moderator, operator, seller};
use crate::terms::{BUYER, COURIER, INSURER, JUDGE, OTHER_JUDGE, PARTNER, rate, rub, text, tweak, usd};

const GATEWAYS: [&str; 2] = ["acquirer", "wallet"];

fn gateway(salt: &mut Salt) -> GatewayName {
    text(GATEWAYS[usize::from(salt.once_in(8))])
}

/// A reference that was never used.
fn fresh_reference(deal: &Deal) -> Reference {
    text(&format!("ref-{}", deal.version()))
}

/// What brings the deal on from where it stands.
pub fn forward(deal: &Deal, now: Time, salt: &mut Salt) -> (Actor, Command) {
    let by_gateway = |command| (Actor::Gateway, command);
    if deal.has_pending() && !salt.once_in(4) {
        return by_gateway(honest_answer(deal, salt));
    }
    let of_kind = |kind, actor: Actor, salt: &mut Salt| {
        let command = plain(deal, kind, &actor, now, salt);
        (actor, command)
    };
    let missing = || {
        let owners = [(Side::Buyer, buyer()), (Side::Seller, seller())];
        owners.into_iter().find(|(side, _)| !deal.consents().of(*side))
    };
    let before_funded = matches!(
        deal.phase().kind(),
        PhaseKind::Proposed | PhaseKind::AwaitingDeposit | PhaseKind::Moderation
    );
    if before_funded && salt.once_in(6) {
        return match salt.pick(6) {
            0 => of_kind(CommandKind::Amend, salt_side(salt), salt),
            1 => of_kind(CommandKind::Amend, operator(), salt),
            2 => of_kind(CommandKind::Remark, moderator(), salt),
            3 => of_kind(CommandKind::RequestPayment, salt_side(salt), salt),
            4 => of_kind(CommandKind::IncurCost, operator(), salt),
            _ => of_kind(CommandKind::Agree, salt_side(salt), salt),
        };
    }
    let unpaid = deal.deposits().iter().find(|d| !is_charge(d.id()) && d.outstanding().is_positive());
    match deal.phase().kind() {
        PhaseKind::Proposed | PhaseKind::AwaitingDeposit | PhaseKind::Moderation => match (missing(), unpaid)
        {
            (Some((_, actor)), _) => of_kind(CommandKind::Agree, actor, salt),
            (None, Some(deposit)) => by_gateway(pay(deal, deposit.id(), deposit.outstanding(), now, salt)),
            (None, None) => of_kind(CommandKind::Approve, moderator(), salt),
        },
        PhaseKind::AwaitingPerformance => match salt.pick(5) {
            0 => of_kind(CommandKind::StartPerforming, seller(), salt),
            1 => of_kind(CommandKind::Submit, seller(), salt),
            2 if deal.track().is_none() => of_kind(CommandKind::SetTrack, seller(), salt),
            3 => of_kind(CommandKind::IncurCost, operator(), salt),
            _ => of_kind(CommandKind::RecordTracking, Actor::Tracker, salt),
        },
        PhaseKind::Performing if deal.terms().policy.acceptance == Acceptance::Mutual => {
            let actor = salt.of(&[buyer(), seller()]);
            of_kind(CommandKind::Report, actor, salt)
        }
        PhaseKind::Performing | PhaseKind::AwaitingAcceptance => match salt.pick(8) {
            0 => of_kind(CommandKind::AcceptAll, buyer(), salt),
            1 => of_kind(CommandKind::Submit, seller(), salt),
            2 => of_kind(CommandKind::OpenDispute, buyer(), salt),
            3 => of_kind(CommandKind::AcceptPart, buyer(), salt),
            4 => of_kind(CommandKind::RequestChanges, buyer(), salt),
            5 => of_kind(CommandKind::AddCharge, operator(), salt),
            6 => of_kind(CommandKind::Cancel, salt_side(salt), salt),
            _ => of_kind(CommandKind::RecordTracking, Actor::Tracker, salt),
        },
        // the arbiter rules, and who is asked to give up agrees, more often than not
        PhaseKind::Disputed if deal.can_sue() && salt.once_in(2) => {
            of_kind(CommandKind::Rule, Actor::Party(judge(deal)), salt)
        }
        PhaseKind::Disputed => match salt.pick(6) {
            0 => of_kind(CommandKind::AcceptAward, salt_side(salt), salt),
            1 | 2 => of_kind(CommandKind::ProposeAward, salt_side(salt), salt),
            3 => of_kind(CommandKind::Rule, Actor::Party(judge(deal)), salt),
            4 => match deal.dispute().and_then(|d| d.withdrawal_by()) {
                Some(Side::Buyer) => of_kind(CommandKind::WithdrawDispute, seller(), salt),
                Some(Side::Seller) => of_kind(CommandKind::WithdrawDispute, buyer(), salt),
                None => of_kind(CommandKind::WithdrawDispute, salt_side(salt), salt),
            },
            _ => of_kind(CommandKind::AppointArbiter, operator(), salt),
        },
        PhaseKind::Paying | PhaseKind::Closed => match salt.pick(3) {
            0 => (Actor::Clock, Command::Wake(Wake {})),
            1 => of_kind(CommandKind::SetDestination, salt_side(salt), salt),
            _ => of_kind(CommandKind::RedirectRefund, salt_side(salt), salt),
        },
    }
}

fn salt_side(salt: &mut Salt) -> Actor {
    salt.of(&[buyer(), seller()])
}

fn judge(deal: &Deal) -> escrow::PartyId {
    deal.arbiter().cloned().unwrap_or_else(|| text(JUDGE))
}

/// Is it an additional charge? They stand after the four that every deal has.
pub fn is_charge(id: DepositId) -> bool {
    id > DepositId::SELLER_GUARANTEE
}

/// A command of this kind with content that mostly fits.
pub fn of_kind(deal: &Deal, kind: CommandKind, actor: &Actor, now: Time, salt: &mut Salt) -> Command {
    plain(deal, kind, actor, now, salt)
}

fn plain(deal: &Deal, kind: CommandKind, actor: &Actor, now: Time, salt: &mut Salt) -> Command {
    let side = deal.role_of(actor).and_then(Role::side);
    match kind {
        CommandKind::Amend => amend(deal, salt).into(),
        CommandKind::Agree => Agree {
            terms_version: deal.terms_version() - u32::from(salt.once_in(12)),
            payment: salt.once_in(4).then(|| claim(deal, side, salt)),
        }
        .into(),
        CommandKind::RequestPayment => request(deal, side, salt).into(),
        CommandKind::ConfirmPayment => payment(deal, now, salt),
        CommandKind::Remark => {
            Moderate { verdict: ModerationVerdict::Remark(text(salt.of(&["blurred photo", "no such item"]))) }
                .into()
        }
        CommandKind::Approve => Moderate { verdict: ModerationVerdict::Approve }.into(),
        CommandKind::Attach => Attach {
            attachment: Arc::new(Attachment {
                id: text(salt.of(&["photo", "scan"])),
                description: text(""),
                mime: text("image/png"),
                size: 1,
                digest: None,
            }),
        }
        .into(),
        CommandKind::SetTrack => SetTrack { track: track(salt.pick(2)) }.into(),
        CommandKind::RemoveTrack => RemoveTrack {}.into(),
        CommandKind::RecordTracking => tracking(deal, now, salt).into(),
        CommandKind::StartPerforming => StartPerforming {}.into(),
        CommandKind::StopPerforming => StopPerforming {}.into(),
        CommandKind::Submit => Submit {
            number: deal.submitted() + 1 - u16::from(salt.once_in(8)),
            revision: Arc::new(Revision {
                preview: text("preview"),
                original: text(salt.of(&["original", "original-2"])),
                digest: text("digest"),
            }),
        }
        .into(),
        CommandKind::RequestChanges => RequestChanges {
            number: deal.submitted() + u16::from(salt.once_in(8)),
            comment: text("brighter, please"),
        }
        .into(),
        CommandKind::AcceptAll => Accept { quantities: None }.into(),
        CommandKind::AcceptPart => Accept { quantities: Some(quantities(deal, salt)) }.into(),
        CommandKind::Report => {
            Report { verdict: salt.of(&[Verdict::Success, Verdict::Success, Verdict::Failure]) }.into()
        }
        CommandKind::IncurCost => IncurCost {
            service: salt.pick(deal.binding_terms().services.len() + 1) as u8,
            evidence: text("receipt"),
        }
        .into(),
        CommandKind::AddCharge => add_charge(deal, salt).into(),
        CommandKind::Cancel => Cancel { reason: text(""), at_fault: None }.into(),
        CommandKind::CancelWithFault => Cancel {
            reason: text("fraud"),
            at_fault: Some(salt.of(&[Fault::Seller, Fault::Buyer, Fault::Nobody])),
        }
        .into(),
        CommandKind::OpenDispute => OpenDispute { reason: text("broken"), evidence: None }.into(),
        CommandKind::ProposeAward => ProposeAward { award: award(deal, salt) }.into(),
        CommandKind::AcceptAward => {
            let offered = side.and_then(|side| deal.dispute()?.offer(side.other()));
            AcceptAward { award: offered.unwrap_or_else(|| award(deal, salt)) }.into()
        }
        CommandKind::WithdrawDispute => {
            let stands = deal.dispute().map_or(0, |dispute| dispute.openings());
            let opening = salt.of(&[None, Some(stands), Some(stands), Some(stands + 1)]);
            WithdrawDispute { opening }.into()
        }
        CommandKind::FileClaim => FileClaim { reference: text(salt.of(&["claim-1", "claim-2"])) }.into(),
        CommandKind::Rule => Rule {
            award: award(deal, salt),
            at_fault: salt.of(&[None, Some(Side::Buyer), Some(Side::Seller)]),
        }
        .into(),
        CommandKind::AppointArbiter => {
            let names = [JUDGE, JUDGE, OTHER_JUDGE, BUYER, COURIER, PARTNER];
            AppointArbiter { arbiter: text(salt.of(&names)) }.into()
        }
        CommandKind::Answer => answer(deal, salt),
        CommandKind::SetDestination => destination(deal, actor, DestinationUse::Payouts, salt).into(),
        CommandKind::RedirectRefund => destination(deal, actor, DestinationUse::Refunds, salt).into(),
        CommandKind::Chargeback => chargeback(deal, salt),
        CommandKind::Extend => extend(deal, now, salt).into(),
        CommandKind::Post => {
            Post { reference: text(salt.of(&["message-1", "message-2", "message-3"])) }.into()
        }
        CommandKind::Wake => Wake {}.into(),
    }
}

// --- terms ---

fn amend(deal: &Deal, salt: &mut Salt) -> Amend {
    let current = deal.terms();
    let from_version = deal.terms_version() - u32::from(salt.once_in(12));
    let mut draft = current.to_draft();
    change(&mut draft, salt);
    if salt.once_in(3) {
        change(&mut draft, salt);
    }
    let terms = Terms::new(draft).map_or_else(|_| current.clone(), Arc::new);
    Amend { from_version, terms }
}

fn change(draft: &mut TermsDraft, salt: &mut Salt) {
    let service = |name: &str, salt: &mut Salt| Service {
        name: text("more"),
        description: None,
        original_cost: None,
        final_cost: rub(salt.of(&[10, 0, 1_000])),
        payer: salt.of(&[Payer::Buyer, Payer::Seller, Payer::Shared(Rate::HALF)]),
        provider: Provider::Third(text(name)),
    };
    match salt.pick(16) {
        0 => draft.description = Some(text(salt.of(&["better", "best"]))),
        1 => draft.items[0].quantity += 1,
        2 => draft.items[0].unit_price = rub(salt.of(&[7, 1, 5_000])),
        3 => {
            let added = service(COURIER, salt);
            draft.services.push(added);
        }
        4 => drop(draft.services.pop()),
        5 => draft.guarantees.seller = salt.of(&[Some(rub(50)), Some(usd(50)), None]),
        6 => draft.guarantees.buyer = salt.of(&[Some(usd(40)), Some(rub(40)), None]),
        7 => draft.pay_offline = salt.of(&[None, Some(rub(5)), Some(rub(500))]),
        8 | 9 => {
            let (field, value) = (salt.pick(25) as u8, salt.pick(251) as u8);
            tweak(&mut draft.policy, field, value);
        }
        10 => drop(draft.fees.pop()),
        11 => draft.arbiter = salt.of(&[None, Some(text(JUDGE)), Some(text(BUYER))]),
        12 => draft.buyer = text("somebody"),
        13 => {
            let name = salt.of(&[JUDGE, OTHER_JUDGE, PARTNER]);
            let added = service(name, salt);
            draft.services.push(added);
        }
        14 => draft.currency = Currency::USD,
        _ => {}
    }
}

/// A payment that a party names: one of a few, or one that the deal knows already.
fn claim(deal: &Deal, side: Option<Side>, salt: &mut Salt) -> PaymentClaim {
    let known = deal.transactions().iter().filter_map(|t| t.gateway().zip(t.reference())).next_back();
    let (gateway, reference) = match known {
        Some((gateway, reference)) if salt.once_in(3) => (gateway.clone(), reference.clone()),
        _ => (gateway(salt), text(salt.of(&["claimed-1", "claimed-2"]))),
    };
    let deposit = own_deposit(deal, side, salt);
    PaymentClaim { deposit, gateway, reference }
}

/// A deposit of this side that something is missing to; sometimes any deposit.
fn own_deposit(deal: &Deal, side: Option<Side>, salt: &mut Salt) -> DepositId {
    if salt.once_in(8) {
        return any_deposit(deal, salt);
    }
    let own = deal.deposits().iter().filter(|d| Some(d.owner()) == side && d.outstanding().is_positive());
    let own: Vec<_> = own.map(|d| d.id()).collect();
    if own.is_empty() { any_deposit(deal, salt) } else { salt.of(&own) }
}

fn any_deposit(deal: &Deal, salt: &mut Salt) -> DepositId {
    if salt.once_in(20) {
        return DepositId::charge(30).unwrap();
    }
    deal.deposits()[salt.pick(deal.deposits().len())].id()
}

// --- money in ---

fn request(deal: &Deal, side: Option<Side>, salt: &mut Salt) -> RequestPayment {
    let deposit = own_deposit(deal, side, salt);
    let amount = odd_amount(deal, deposit, salt);
    let key = if salt.once_in(6) { 1 } else { deal.transactions().len() };
    RequestPayment {
        key: text(&format!("key-{key}")),
        deposit,
        amount,
        form: Arc::new(PaymentForm {
            method: text("card"),
            return_urls: ReturnUrls {
                success_url: text("https://shop/ok"),
                fail_url: text("https://shop/no"),
            },
        }),
    }
}

/// What is outstanding; sometimes more, less, nothing, or another currency.
fn odd_amount(deal: &Deal, id: DepositId, salt: &mut Salt) -> Money {
    let Some(deposit) = deal.deposit(id) else { return rub(5) };
    let currency = deposit.required().currency();
    let outstanding = deposit.outstanding().minor();
    let exact = outstanding.max(1);
    if salt.once_in(60) {
        return Money::from_minor(salt.of(&[i64::MAX, Terms::MAX_AMOUNT, -1]), currency);
    }
    let minor = match salt.pick(12) {
        0..=5 => exact,
        6 => (exact / 2).max(1),
        7 => exact + 1,
        8 => exact.saturating_mul(3),
        9 => 1,
        10 => 0,
        _ => {
            return Money::from_minor(
                exact,
                if currency == Currency::RUB { Currency::USD } else { Currency::RUB },
            );
        }
    };
    Money::from_minor(minor, currency)
}

/// The gateway says that money came in: for a request or without one, in any amount, once or again.
pub fn payment(deal: &Deal, now: Time, salt: &mut Salt) -> Command {
    let requests: Vec<_> =
        deal.transactions().iter().filter(|t| t.kind().is_inbound() && t.is_pending()).collect();
    let known = deal.transactions().iter().filter_map(|t| t.gateway().zip(t.reference())).next();
    let outstanding: Vec<_> =
        deal.deposits().iter().filter(|d| d.outstanding().is_positive()).map(|d| d.id()).collect();
    let mut deposit = any_deposit(deal, salt);
    if !outstanding.is_empty() && !salt.once_in(4) {
        deposit = salt.of(&outstanding);
    }
    let mut amount = odd_amount(deal, deposit, salt);
    let mut transaction = None;
    if !requests.is_empty() && salt.once_in(2) {
        let request = requests[salt.pick(requests.len())];
        (deposit, transaction) = (request.deposit(), Some(request.id()));
        if !salt.once_in(4) {
            amount = request.amount();
        }
    } else if salt.once_in(16) {
        transaction = Some(TxId::new(salt.pick(20) as u32));
    }
    let (gateway, reference) = match known {
        Some((gateway, reference)) if salt.once_in(8) => (gateway.clone(), reference.clone()),
        _ if salt.once_in(8) => (gateway(salt), text("claimed-1")),
        _ => (gateway(salt), fresh_reference(deal)),
    };
    ConfirmPayment {
        deposit,
        gateway,
        reference,
        amount,
        transaction,
        held_until: held_until(deal, now, salt),
    }
    .into()
}

/// A plain payment of an amount: charged, or on hold.
fn pay(deal: &Deal, deposit: DepositId, amount: Money, now: Time, salt: &mut Salt) -> Command {
    ConfirmPayment {
        deposit,
        gateway: gateway(salt),
        reference: fresh_reference(deal),
        amount,
        transaction: None,
        held_until: held_until(deal, now, salt),
    }
    .into()
}

fn held_until(deal: &Deal, now: Time, salt: &mut Salt) -> Option<Time> {
    let margin = deal.terms().policy.hold_margin_s;
    match salt.pick(8) {
        0..=3 => None,
        4 | 5 => Some(now.plus_secs(7 * 86_400).plus_secs(margin)),
        6 => Some(now.plus_secs(margin).plus_secs(1)),
        _ => Some(now),
    }
}

fn add_charge(deal: &Deal, salt: &mut Salt) -> AddCharge {
    let key = if salt.once_in(6) { 4 } else { deal.deposits().len() };
    let payees = [
        Payee::Seller,
        Payee::Platform,
        Payee::Party(text(COURIER)),
        Payee::Buyer,
        Payee::Party(text(INSURER)),
        Payee::Processor,
        Payee::Party(text("stranger")),
    ];
    AddCharge {
        key: text(&format!("charge-{key}")),
        payer: salt.of(&[Side::Buyer, Side::Buyer, Side::Seller]),
        payee: salt.of(&payees),
        amount: salt.of(&[rub(30), rub(1), rub(2_000), rub(0), usd(5)]),
        reason: text("gift wrap"),
    }
}

// --- performing ---

fn track(n: usize) -> Arc<Track> {
    Arc::new(Track { tracker: text("cdek"), code: text(&format!("code-{n}")) })
}

fn tracking(deal: &Deal, now: Time, salt: &mut Salt) -> RecordTracking {
    let kinds =
        [CheckpointKind::Progress, CheckpointKind::Final, CheckpointKind::Final, CheckpointKind::Refused];
    let kind = salt.of(&kinds);
    let own = deal.track().map(|t| Arc::new(t.clone()));
    let track = match own {
        Some(own) if !salt.once_in(10) => own,
        _ => track(salt.pick(2)),
    };
    let number = if salt.once_in(6) { 1 } else { deal.version() };
    RecordTracking {
        track,
        checkpoint: Arc::new(Checkpoint {
            id: text(&format!("checkpoint-{number}")),
            kind,
            occurred_at: if salt.once_in(8) { now.minus_secs(500) } else { now },
            title: text(""),
            location: None,
        }),
    }
}

fn quantities(deal: &Deal, salt: &mut Salt) -> Arc<[u32]> {
    let mut quantities: Vec<u32> = deal
        .binding_terms()
        .items
        .iter()
        .map(|i| i.quantity - salt.pick(i.quantity as usize + 1) as u32)
        .collect();
    match salt.pick(12) {
        10 => quantities.push(1),
        11 => quantities[0] += 5,
        _ => {}
    }
    quantities.into()
}

// --- disputes ---

fn award(deal: &Deal, salt: &mut Salt) -> Award {
    let held = deal.deposits()[0].held().minor();
    match salt.pick(9) {
        0 => Award::Amount(rub(held / 2)),
        1 => Award::Share(Rate::HALF),
        2 => Award::SellerAll,
        3 => Award::BuyerAll,
        4 => Award::Winner(Side::Seller),
        5 => Award::Winner(Side::Buyer),
        6 => Award::Amount(salt.of(&[rub(0), rub(held), rub(held + 1), rub(-1), usd(1)])),
        7 => Award::Amount(rub(held.min(1))),
        _ => Award::Share(rate(333_333)),
    }
}

// --- money out ---

/// An answer to an order that waits for one: mostly success; to a claim, the reference that was claimed.
pub fn honest_answer(deal: &Deal, salt: &mut Salt) -> Command {
    let pending: Vec<_> = deal.pending().collect();
    if pending.is_empty() {
        return Command::Wake(Wake {});
    }
    let order = &pending[salt.pick(pending.len())];
    let transaction = order.transaction.id();
    let result = match salt.pick(14) {
        0..=11 => Answered::Succeeded(order_reference(order.transaction)),
        12 => Answered::Declined(text("no funds")),
        _ => Answered::InProgress,
    };
    Answer { transaction, result }.into()
}

/// What the gateway would call the success of this order.
pub fn order_reference(transaction: &escrow::Transaction) -> Reference {
    let own = || text(&format!("done-{}", transaction.id()));
    transaction.reference().cloned().unwrap_or_else(own)
}

/// An answer: honest, or to an order that has one, or to one that never was.
pub fn answer(deal: &Deal, salt: &mut Salt) -> Command {
    if deal.has_pending() && !salt.once_in(5) {
        return honest_answer(deal, salt);
    }
    let transaction = TxId::new(1 + salt.pick(deal.transactions().len() + 2) as u32);
    let result = salt.of(&[
        Answered::Succeeded(text(&format!("done-{transaction}"))),
        Answered::Declined(text("late")),
        Answered::Succeeded(text("another")),
        Answered::InProgress,
    ]);
    Answer { transaction, result }.into()
}

fn destination(deal: &Deal, actor: &Actor, of: DestinationUse, salt: &mut Salt) -> SetDestination {
    let own = match actor {
        Actor::Party(id) => match deal.role_of(actor).and_then(Role::side) {
            Some(side) => side.payee(),
            None => Payee::Party(id.clone()),
        },
        _ => salt.of(&[Payee::Platform, Payee::Processor, Payee::Buyer, Payee::Seller]),
    };
    let payee = if salt.once_in(12) { salt.of(&[Payee::Seller, Payee::Buyer]) } else { own };
    let destinations = [
        Some(Destination::Card(text("card-1"))),
        Some(Destination::Balance),
        Some(Destination::Account(text("account-1"))),
        None,
    ];
    SetDestination { payee, of, destination: salt.of(&destinations) }
}

/// A chargeback opens, or goes on.
pub fn chargeback(deal: &Deal, salt: &mut Salt) -> Command {
    let open = deal.chargebacks().iter().find(|c| c.step == ChargebackStep::Opened);
    if let Some(open) = open
        && !salt.once_in(5)
    {
        let step = salt.of(&[ChargebackStep::Lost, ChargebackStep::Won]);
        return Chargeback {
            reference: open.reference.clone(),
            deposit: open.deposit,
            amount: open.amount,
            step,
        }
        .into();
    }
    let paid: Vec<_> = deal.deposits().iter().filter(|d| d.buckets().received > 0).map(|d| d.id()).collect();
    let deposit = if paid.is_empty() || salt.once_in(8) { any_deposit(deal, salt) } else { salt.of(&paid) };
    let (received, currency) =
        deal.deposit(deposit).map_or((1, Currency::RUB), |d| (d.buckets().received, d.required().currency()));
    let minor = match salt.pick(10) {
        0..=4 => received.max(1),
        5 | 6 => (received / 2).max(1),
        7 => 1,
        8 => received.saturating_mul(2).saturating_add(1),
        _ => i64::MAX,
    };
    let mut steps = [ChargebackStep::Opened; 8];
    (steps[6], steps[7]) = (ChargebackStep::Lost, ChargebackStep::Won);
    let number = if salt.once_in(6) { 0 } else { deal.version() };
    Chargeback {
        reference: text(&format!("chargeback-{number}")),
        deposit,
        amount: Money::from_minor(minor, currency),
        step: salt.of(&steps),
    }
    .into()
}

fn extend(deal: &Deal, now: Time, salt: &mut Salt) -> Extend {
    let timer = deal.phase().timer().filter(|_| !salt.once_in(8)).unwrap_or(Timer::Settlement);
    let deadline = deal.phase().until().unwrap_or(now);
    let until = match salt.pick(5) {
        0 => deadline.plus_secs(1),
        1 => deadline.plus_millis(500),
        2 => deadline.plus_secs(86_400),
        3 => deadline.minus_secs(1),
        _ => deadline.plus_secs(100 * 86_400),
    };
    Extend { timer, until }
}
