//! The permission table against what `transition` really does: every command kind × phase × role, on real deals that
//! were driven there through the public API.
//!
//! The deals come from the exploration of `examples/statechart.rs`, under enough policies that each guard holds
//! somewhere and fails somewhere. Whether a guard should hold is said here once more, from public accessors, so that a
//! guard which tests the wrong thing disagrees with this file.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::panic)]
#![allow(clippy::as_conversions, clippy::wildcard_enum_match_arm)]

// the example is the only place that knows how to say every command
#[path = "../../examples/statechart.rs"]
mod statechart;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt::Write as _;
use std::sync::{Arc, OnceLock};

use escrow::deal::command::{Accept, Cancel, Command, Wake};
use escrow::deal::{CommandKind, DisputeStage, Guard, Permit, Phase, PhaseKind, cell};
use escrow::deposit::TransactionKind;
use escrow::dispute::Opener;
use escrow::terms::{Acceptance, BuyerCancel, Consent, Moderation, OnSilence, OneReport, Policy, Terms};
use escrow::terms::{Payer, TermsDraft};
use escrow::{Actor, Context, Deal, DealId, Rejection, Role, Side, Time, Transition, transition};

use statechart::{actor, before_deadline, commands, draft, explore, kind_of_state, rub, started, text};

// --- the deals ---

/// A deal, and the rules under which it came where it is.
struct State {
    rules: &'static str,
    deal: Deal,
}

/// Rules under which, taken together, every guard holds in some deal and fails in another.
fn rules() -> Vec<(&'static str, TermsDraft)> {
    let with = |policy: Policy, change: fn(&mut Policy)| {
        let mut policy = policy;
        change(&mut policy);
        draft(policy)
    };
    vec![
        ("shop", draft(Policy::shop())),
        ("marketplace", draft(Policy::marketplace())),
        ("guarantee", draft(Policy::guarantee())),
        ("freelance", draft(Policy::freelance())),
        (
            "approved, cancelled early",
            with(Policy::shop(), |p| {
                p.consent = Consent::Explicit;
                p.moderation = Moderation::Required;
                p.buyer_cancel = BuyerCancel::BeforePerforming;
                p.on_performance_deadline = OnSilence::Accept;
                p.on_acceptance_deadline = OnSilence::Dispute;
            }),
        ),
        (
            "cancelled at any time, one revision",
            with(Policy::freelance(), |p| {
                p.buyer_cancel = BuyerCancel::UntilAccepted;
                p.max_revisions = 1;
                p.on_acceptance_deadline = OnSilence::Cancel;
            }),
        ),
        (
            "moderated guarantee",
            with(Policy::guarantee(), |p| {
                p.moderation = Moderation::OnDemand;
                p.one_report = OneReport::Stands;
            }),
        ),
        ("paid offline", {
            // nothing is ever deposited, so that there is nothing to dispute
            let mut draft = draft(Policy::shop());
            draft.fees.clear();
            draft.services.retain(|s| s.provider == escrow::terms::Provider::Seller);
            draft.services[0].payer = Payer::Buyer;
            draft.pay_offline = Some(rub(30_500));
            draft
        }),
    ]
}

/// What else can matter to a permission, and to whether some content is accepted.
fn kind_of_permission(deal: &Deal) -> (PhaseKind, Vec<bool>) {
    let mut facts: Vec<bool> = Guard::ALL
        .into_iter()
        .flat_map(|guard| [Role::Buyer, Role::Seller].map(|role| holds(guard, deal, role)))
        .collect();
    facts.push(deal.has_pending());
    facts.push(deal.legs().iter().any(|leg| !leg.is_settled()));
    facts.push(deal.consents().buyer);
    facts.push(deal.consents().seller);
    for side in Side::ALL {
        facts.push(deal.dispute().is_some_and(|dispute| dispute.offer(side).is_some()));
    }
    (deal.phase().kind(), facts)
}

/// One deal of every kind, under whichever rules it comes first, and the same with an unpaid charge of each side and
/// with a payment that nobody asked for.
fn states() -> &'static [State] {
    &explored().0
}

/// A quarter of them, of all three sorts in turn: what holds for the whole deal needs no deal of every kind.
fn some_states() -> impl Iterator<Item = &'static State> {
    states().iter().step_by(4)
}

/// The deals, and those that were closed with money left in them, which nobody would ever see again.
fn explored() -> &'static (Vec<State>, Vec<String>) {
    static EXPLORED: OnceLock<(Vec<State>, Vec<String>)> = OnceLock::new();
    EXPLORED.get_or_init(|| {
        let (mut states, mut lost) = (Vec::new(), Vec::new());
        let mut known = HashSet::new();
        for (rules, draft) in rules() {
            let terms = Arc::new(Terms::new(draft).unwrap());
            let deals = explore(started(&terms), kind_of_state, commands, |before, cause, role, after| {
                let holds = after.deposits().iter().any(|deposit| !deposit.held().is_zero());
                if after.phase().kind() == PhaseKind::Closed && holds {
                    lost.push(format!("under {rules}, {cause:?} by {role} of {before:?} left {after:?}"));
                }
            });
            for deal in deals {
                if known.insert(kind_of_permission(&deal)) {
                    let paid = with(&deal, CommandKind::ConfirmPayment, Role::Gateway);
                    let charged = with(&deal, CommandKind::AddCharge, Role::Operator);
                    states.extend([paid, charged, deal].map(|deal| State { rules, deal }));
                }
            }
        }
        (states, lost)
    })
}

/// The deal after every command of this kind that it accepts without leaving its phase.
fn with(deal: &Deal, kind: CommandKind, role: Role) -> Deal {
    let mut after = deal.clone();
    let now = before_deadline(deal);
    for command in commands(kind, role, deal, now) {
        let mut next = after.clone();
        let done = next.handle(&command, &Context::new(now, actor(role, deal)));
        if done.is_ok() && next.phase().kind() == deal.phase().kind() {
            after = next;
        }
    }
    after
}

/// What a guard says of itself, once more, in other words.
fn holds(guard: Guard, deal: &Deal, role: Role) -> bool {
    let policy = &deal.binding_terms().policy;
    let by_buyer = policy.acceptance == Acceptance::ByBuyer;
    match guard {
        Guard::ModerationOn => policy.moderation != Moderation::Off,
        Guard::AllAgreed => deal.consents().all(),
        Guard::Funded => {
            let required = deal.deposits().iter().filter(|d| d.charge().is_none());
            required.into_iter().all(|d| d.held().minor() >= d.required().minor())
        }
        Guard::CaptureConfirmed => {
            let open = |t: &escrow::Transaction| t.is_pending() && t.kind() == TransactionKind::Capture;
            !deal.transactions().iter().any(open)
        }
        Guard::AcceptedByBuyer | Guard::MayCancelFunded => by_buyer,
        Guard::PartialBuyoutAllowed => by_buyer && policy.partial_buyout_allowed,
        Guard::AcceptedMutually => !by_buyer,
        Guard::BuyerMayCancelNow => match (policy.buyer_cancel, deal.phase().kind()) {
            (_, _) if !by_buyer => false,
            (BuyerCancel::UntilAccepted, _) => true,
            (BuyerCancel::BeforeAcceptance, phase) => phase < PhaseKind::AwaitingAcceptance,
            (BuyerCancel::BeforePerforming, phase) => phase < PhaseKind::Performing,
        },
        // where both report, nobody tells the progress
        Guard::ToldByHand => by_buyer && deal.track().is_none(),
        Guard::MayDispute => {
            let held = deal.deposits().iter().any(|d| d.charge().is_none() && !d.held().is_zero());
            let side = if role == Role::Buyer { Side::Buyer } else { Side::Seller };
            held && !deal.dispute().is_some_and(|d| d.was_opened_by(side))
        }
        Guard::InArbitration => {
            let arbitration = |stage: &DisputeStage| *stage == DisputeStage::Arbitration;
            matches!(deal.phase(), Phase::Disputed { stage, .. } if arbitration(stage))
        }
        // nobody submits for reports
        Guard::RevisionsLeft => by_buyer && deal.submitted() < policy.max_revisions,
        Guard::ChangesLeft => {
            let asked = deal.changes_requested();
            !asked && deal.submitted() > 0 && deal.submitted() < policy.max_revisions
        }
        Guard::OfferMade => match role {
            Role::Buyer => deal.dispute().is_some_and(|d| d.offer(Side::Seller).is_some()),
            Role::Seller => deal.dispute().is_some_and(|d| d.offer(Side::Buyer).is_some()),
            _ => false,
        },
        Guard::MayWithdraw => match deal.dispute().map(|d| d.opened_by()) {
            Some(Opener::Party(Side::Buyer)) => role == Role::Buyer,
            Some(Opener::Party(Side::Seller)) => role == Role::Seller,
            Some(Opener::Refusal | Opener::Reports) => true,
            Some(Opener::Timer) | None => false,
        },
        other => panic!("say here when {other:?} holds"),
    }
}

// --- one test per cell ---

/// Cells whose guard holds in every deal that comes there: where both report, a deal is performing until both have,
/// so that it neither awaits performance nor acceptance. The guard stands in the row all the same, for whoever changes
/// the rules.
const NEVER_DENIED: &[(CommandKind, PhaseKind, Role)] = &[
    (CommandKind::Accept, PhaseKind::AwaitingAcceptance, Role::Buyer),
    (CommandKind::Cancel, PhaseKind::AwaitingPerformance, Role::Buyer),
    (CommandKind::Cancel, PhaseKind::AwaitingPerformance, Role::Seller),
    (CommandKind::Cancel, PhaseKind::AwaitingAcceptance, Role::Seller),
];

/// What one cell came to, over every deal in its phase.
#[derive(Default)]
struct Tally {
    tried: usize,
    accepted: usize,
    denied: usize,
}

/// Checks the cells of one kind. Every failure names its cell: kind, phase, role.
fn check_cells(kind: CommandKind) {
    let mut failures = Vec::new();
    for phase in PhaseKind::ALL {
        for role in Role::ALL {
            let mut tally = Tally::default();
            for state in states().iter().filter(|s| s.deal.phase().kind() == phase) {
                if let Err(why) = check(kind, role, state, &mut tally) {
                    failures.push(format!("{kind} × {phase} × {role}: {why}"));
                    break;
                }
            }
            let at = (kind, phase, role);
            failures.extend(gaps(at, &tally).map(|gap| format!("{kind} × {phase} × {role}: {gap}")));
        }
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

/// What the deals at hand have not shown of a cell.
fn gaps(at: (CommandKind, PhaseKind, Role), tally: &Tally) -> impl Iterator<Item = &'static str> {
    let permit = cell(at.0, at.1, at.2);
    let guarded = matches!(permit, Permit::If(_));
    let open = guarded || permit == Permit::Always;
    [
        (tally.tried == 0, "no deal in this phase knows this role"),
        (open && tally.accepted == 0, "was never accepted"),
        (guarded && tally.denied == 0 && !NEVER_DENIED.contains(&at), "its guard never failed"),
        (tally.denied > 0 && NEVER_DENIED.contains(&at), "its guard failed; take it off NEVER_DENIED"),
    ]
    .into_iter()
    .filter_map(|(wrong, gap)| wrong.then_some(gap))
}

fn check(kind: CommandKind, role: Role, state: &State, tally: &mut Tally) -> Result<(), String> {
    let deal = &state.deal;
    let phase = deal.phase().kind();
    let who = actor(role, deal);
    // not every deal has a partner
    if deal.role_of(&who) != Some(role) {
        return Ok(());
    }
    let now = before_deadline(deal);
    let permit = cell(kind, phase, role);
    for command in commands(kind, role, deal, now) {
        assert_eq!(command.kind(), kind);
        let verdict = transition(deal, &command, &Context::new(now, who.clone()));
        tally.tried += 1;
        let agrees = match (permit, &verdict) {
            // what already stands is answered before the table is asked, but only to a role that it names
            (Permit::WrongRole, _) => verdict == Err(Rejection::WrongRole { role, command: kind }),
            (_, Ok(done)) if done.is_empty() => {
                tally.accepted += usize::from(kind == CommandKind::Wake);
                true
            }
            (Permit::WrongPhase, _) => {
                let refusal = Rejection::WrongPhase { role, command: kind, phase };
                verdict == Err(refusal)
            }
            (Permit::If(guard), _) if !holds(guard, deal, role) => {
                tally.denied += 1;
                verdict == Err(Rejection::Guard(guard))
            }
            (Permit::If(_) | Permit::Always, Err(refusal)) => !is_permission(refusal),
            (Permit::If(_) | Permit::Always, Ok(_)) => {
                tally.accepted += 1;
                true
            }
            (other, _) => panic!("{other:?} is new: say here what it means"),
        };
        if !agrees {
            let State { rules, deal } = state;
            return Err(format!("{permit:?}, but {verdict:?} for {command:?} under {rules} of {deal:?}"));
        }
    }
    Ok(())
}

/// Is it refused for who asks, or when, and not for what is asked?
fn is_permission(rejection: &Rejection) -> bool {
    matches!(
        rejection,
        Rejection::UnknownActor
            | Rejection::Stale { .. }
            | Rejection::WrongRole { .. }
            | Rejection::WrongPhase { .. }
            | Rejection::Guard(_)
    )
}

/// A test per kind of command, each of 81 cells.
macro_rules! cells_of {
    ($($test:ident: $kind:ident,)+) => {
        $(
            #[test]
            fn $test() {
                check_cells(CommandKind::$kind);
            }
        )+
        const CHECKED: &[CommandKind] = &[$(CommandKind::$kind),+];
    };
}

cells_of! {
    cells_of_amend: Amend,
    cells_of_agree: Agree,
    cells_of_request_payment: RequestPayment,
    cells_of_confirm_payment: ConfirmPayment,
    cells_of_remark: Remark,
    cells_of_approve: Approve,
    cells_of_attach: Attach,
    cells_of_set_track: SetTrack,
    cells_of_remove_track: RemoveTrack,
    cells_of_record_tracking: RecordTracking,
    cells_of_start_performing: StartPerforming,
    cells_of_stop_performing: StopPerforming,
    cells_of_submit: Submit,
    cells_of_request_changes: RequestChanges,
    cells_of_accept: Accept,
    cells_of_accept_part: AcceptPart,
    cells_of_report: Report,
    cells_of_incur_cost: IncurCost,
    cells_of_add_charge: AddCharge,
    cells_of_cancel: Cancel,
    cells_of_cancel_with_fault: CancelWithFault,
    cells_of_open_dispute: OpenDispute,
    cells_of_propose_award: ProposeAward,
    cells_of_accept_award: AcceptAward,
    cells_of_withdraw_dispute: WithdrawDispute,
    cells_of_file_claim: FileClaim,
    cells_of_rule: Rule,
    cells_of_appoint_arbiter: AppointArbiter,
    cells_of_answer: Answer,
    cells_of_set_destination: SetDestination,
    cells_of_redirect_refund: RedirectRefund,
    cells_of_chargeback: Chargeback,
    cells_of_extend: Extend,
    cells_of_post: Post,
    cells_of_wake: Wake,
}

#[test]
fn every_kind_of_command_is_checked() {
    assert_eq!(CHECKED, CommandKind::ALL);
}

// --- the table as a whole ---

/// Every cell of the table.
fn cells() -> impl Iterator<Item = (CommandKind, PhaseKind, Role, Permit)> {
    CommandKind::ALL.into_iter().flat_map(|kind| {
        PhaseKind::ALL.into_iter().flat_map(move |phase| {
            let at = move |role| (kind, phase, role, cell(kind, phase, role));
            Role::ALL.into_iter().map(at)
        })
    })
}

#[test]
fn a_wrong_role_is_wrong_in_every_phase_and_a_right_one_is_right_in_some() {
    for kind in CommandKind::ALL {
        for role in Role::ALL {
            let permits = PhaseKind::ALL.map(|phase| cell(kind, phase, role));
            let never = permits.iter().filter(|p| **p == Permit::WrongRole).count();
            assert!([0, permits.len()].contains(&never), "{kind} × {role}: {permits:?}");
            let some = permits.iter().any(|p| matches!(p, Permit::Always | Permit::If(_)));
            assert!(never > 0 || some, "{kind} × {role} is right in no phase");
        }
    }
}

#[test]
fn terminal_phases_take_only_money_facts() {
    for (kind, phase, role, permit) in cells() {
        let open = matches!(permit, Permit::Always | Permit::If(_));
        if phase == PhaseKind::Closed && open {
            let about_money = match kind {
                CommandKind::ConfirmPayment | CommandKind::Answer | CommandKind::Chargeback => true,
                // where money goes that is on its way, or comes in late
                CommandKind::SetDestination | CommandKind::RedirectRefund => true,
                CommandKind::Wake => true,
                _ => false,
            };
            assert!(about_money, "{kind} × {phase} × {role} is {permit:?}");
        }
    }
}

#[test]
fn a_closed_deal_holds_nothing() {
    let lost = &explored().1;
    assert!(lost.is_empty(), "{} in all\n{}", lost.len(), lost[0]);
}

#[test]
fn every_guard_can_be_satisfied_and_denied() {
    // by what the deals answer, not by what this file thinks of the guard
    let mut answers: BTreeMap<Guard, (bool, bool)> = BTreeMap::new();
    for (kind, phase, role, permit) in cells() {
        let Permit::If(guard) = permit else { continue };
        let (satisfied, denied) = answers.entry(guard).or_default();
        for State { deal, .. } in states().iter().filter(|s| s.deal.phase().kind() == phase) {
            let now = before_deadline(deal);
            match deal.allowed(&actor(role, deal), now).check(kind) {
                Ok(()) => *satisfied = true,
                Err(refusal) => *denied |= refusal == Rejection::Guard(guard),
            }
        }
    }
    for guard in Guard::ALL {
        let answer = answers.get(&guard).copied();
        let (satisfied, denied) = answer.unwrap_or_else(|| panic!("{guard:?} stands in no row"));
        assert!(satisfied, "{guard:?} is never satisfied");
        assert!(denied, "{guard:?} is never denied");
    }
}

#[test]
fn allowed_agrees_with_transition() {
    let mut failures = Vec::new();
    for State { rules, deal } in some_states() {
        for (when, now) in instants(deal) {
            for role in Role::ALL {
                let who = actor(role, deal);
                let allowed = deal.allowed(&who, now);
                for kind in CommandKind::ALL {
                    let verdict = allowed.check(kind);
                    // one is enough: permission does not depend on the content
                    let command = &commands(kind, role, deal, now)[0];
                    let really = transition(deal, command, &Context::new(now, who.clone()));
                    if !agree(verdict, &really) {
                        failures.push(format!(
                            "{kind} × {role} {when}, under {rules} of {deal:?}: allowed says {verdict:?}, \
                             transition {really:?}"
                        ));
                    }
                }
            }
        }
    }
    assert!(failures.is_empty(), "{} in all\n{}", failures.len(), failures[..1].join("\n"));
}

/// Now; and where a deadline is ahead, just before it, at it, and long after it and all that follow from it.
fn instants(deal: &Deal) -> Vec<(&'static str, Time)> {
    let mut instants = vec![("now", before_deadline(deal))];
    // once for every kind of deadline that a phase can have is enough: each costs a copy of the deal
    if let Some(due) = deal.next_deadline().filter(|_| deal.version().is_multiple_of(4)) {
        let before = Time::from_millis(due.millis() - 1).unwrap();
        instants.push(("just before the deadline", before));
        instants.push(("at the deadline", due));
        instants.push(("long after the deadline", due.plus_secs(400 * 86_400)));
    }
    instants
}

fn agree(verdict: Result<(), Rejection>, really: &Result<Transition, Rejection>) -> bool {
    match (verdict, really) {
        (Ok(()), Ok(_)) => true,
        (Ok(()), Err(refusal)) => !is_permission(refusal),
        (Err(denied), Err(refusal)) => denied == *refusal,
        // it already stood: nothing has happened but what was due
        (Err(_), Ok(done)) => done.events().iter().all(|recorded| recorded.actor == Actor::Clock),
    }
}

#[test]
fn a_rejection_changes_nothing() {
    for State { rules, deal } in some_states() {
        let now = before_deadline(deal);
        let overdue = deal.next_deadline().filter(|_| deal.version().is_multiple_of(4));
        for now in [Some(now), overdue].into_iter().flatten() {
            for role in Role::ALL {
                let context = Context::new(now, actor(role, deal));
                for kind in CommandKind::ALL {
                    let command = &commands(kind, role, deal, now)[0];
                    let mut after = deal.clone();
                    if after.handle(command, &context).is_err() {
                        assert!(after == *deal, "{kind} by {role}, refused under {rules}, changed {deal:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_stranger_may_nothing() {
    let stranger = Actor::Party(text("stranger"));
    for State { deal, .. } in some_states() {
        assert_eq!(deal.role_of(&stranger), None);
        let now = before_deadline(deal);
        for (kind, verdict) in deal.allowed(&stranger, now).iter() {
            assert_eq!(verdict, Err(Rejection::UnknownActor), "{kind}");
            for command in commands(kind, Role::Buyer, deal, now) {
                let context = Context::new(now, stranger.clone());
                assert_eq!(transition(deal, &command, &context), Err(Rejection::UnknownActor), "{kind}");
            }
        }
    }
}

#[test]
fn only_parties_and_staff_propose() {
    let terms = Arc::new(Terms::new(draft(Policy::shop())).unwrap());
    let now = Time::parse("2026-03-01T12:00:00Z").unwrap();
    let deal = &started(&terms)[0];
    let id = DealId::new(deal.id().uuid());
    for role in Role::ALL {
        let proposed = Deal::propose(id, terms.clone(), &Context::new(now, actor(role, deal)));
        match role {
            Role::Buyer | Role::Seller | Role::Operator => assert!(proposed.is_ok(), "{role}"),
            _ => assert_eq!(proposed.err(), Some(Rejection::UnknownActor), "{role}"),
        }
    }
}

/// Actor, already stands, staleness, role, phase, guard: each is looked at before what comes after it.
#[test]
fn the_order_of_judgement() {
    for State { deal, .. } in some_states() {
        let now = before_deadline(deal);
        let stale = Rejection::Stale { seen: deal.revision() + 1, actual: deal.revision() };
        for role in Role::ALL {
            let who = actor(role, deal);
            if deal.role_of(&who) != Some(role) {
                continue;
            }
            for kind in CommandKind::ALL {
                let command = &commands(kind, role, deal, now)[0];
                let fresh = Context::new(now, who.clone());
                let outdated = transition(deal, command, &fresh.clone().seen(deal.revision() + 1));
                match transition(deal, command, &fresh) {
                    Ok(stands) if stands.is_empty() => assert_eq!(outdated, Ok(stands), "{kind} by {role}"),
                    Ok(_) | Err(_) => assert_eq!(outdated, Err(stale), "{kind} by {role}"),
                }
                let current = transition(deal, command, &fresh.clone().seen(deal.revision()));
                assert_eq!(current, transition(deal, command, &fresh), "{kind} by {role}");
            }
        }
        let stranger = Context::party(now, text("stranger")).seen(deal.revision() + 1);
        assert_eq!(transition(deal, &Wake {}.into(), &stranger), Err(Rejection::UnknownActor));
    }
}

/// Permission depends on the payload in these only, and the kind tells.
#[test]
fn the_kind_is_finer_than_the_command() {
    let kind = |command: Command| command.kind();
    assert_eq!(kind(Accept::part([1]).into()), CommandKind::AcceptPart);
    assert_eq!(kind(Accept::default().into()), CommandKind::Accept);
    let at_fault = Some(escrow::settlement::Fault::Nobody);
    let cancel = Cancel::default().at_fault(at_fault);
    assert_eq!(kind(cancel.into()), CommandKind::CancelWithFault);
    assert_eq!(kind(Cancel::default().into()), CommandKind::Cancel);
}

// --- the table as people read it ---

const LEGEND: &str = "\
Who may do what, in which phase. A role that a row does not name never may; one that a cell does not name may in
another phase. A number is a guard, listed below.

B buyer  S seller  P partner  A arbiter  O operator  M moderator  G gateway  T tracker  C clock
";

#[test]
fn grid() {
    let mut guards = Vec::new();
    let mut rows = vec![header()];
    for kind in CommandKind::ALL {
        let mut row = vec![kind.to_string()];
        row.extend(PhaseKind::ALL.map(|phase| cell_text(kind, phase, &mut guards)));
        rows.push(row);
    }
    let widths: Vec<usize> = (0..=PhaseKind::ALL.len())
        .map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap())
        .collect();
    let mut out = String::from(LEGEND);
    for row in &rows {
        out.push('\n');
        let padded = row.iter().zip(&widths).map(|(text, width)| format!("{text:<width$}"));
        out.push_str(padded.collect::<Vec<_>>().join("  ").trim_end());
    }
    out.push_str("\n\n");
    for (index, guard) in guards.iter().enumerate() {
        let number = format!("[{}]", index + 1);
        writeln!(out, "{number:>4} {guard:?}, otherwise {}: {guard}", guard.code()).unwrap();
    }
    insta::assert_snapshot!("grid", out);
}

fn header() -> Vec<String> {
    let mut header = vec![String::new()];
    header.extend(PhaseKind::ALL.map(|phase| phase.to_string()));
    header
}

/// The roles that may, those with one guard together: `S O B[9]`.
fn cell_text(kind: CommandKind, phase: PhaseKind, guards: &mut Vec<Guard>) -> String {
    let mut always = String::new();
    let mut guarded: Vec<(Guard, String)> = Vec::new();
    for role in Role::ALL {
        match cell(kind, phase, role) {
            Permit::Always => always.push(letter(role)),
            Permit::If(guard) => match guarded.iter_mut().find(|(known, _)| *known == guard) {
                Some((_, roles)) => roles.push(letter(role)),
                None => guarded.push((guard, letter(role).to_string())),
            },
            _ => {}
        }
    }
    let mut parts = Vec::new();
    for (guard, roles) in guarded {
        let number = guards.iter().position(|known| *known == guard).unwrap_or_else(|| {
            guards.push(guard);
            guards.len() - 1
        });
        parts.push(format!("{roles}[{}]", number + 1));
    }
    if !always.is_empty() {
        parts.push(always);
    }
    if parts.is_empty() { "·".to_owned() } else { parts.join(" ") }
}

const fn letter(role: Role) -> char {
    match role {
        Role::Buyer => 'B',
        Role::Seller => 'S',
        Role::Partner => 'P',
        Role::Arbiter => 'A',
        Role::Operator => 'O',
        Role::Moderator => 'M',
        Role::Gateway => 'G',
        Role::Tracker => 'T',
        Role::Clock => 'C',
    }
}

#[test]
fn the_page_of_diagrams_is_current() {
    let kept = include_str!("../../docs/statechart.md");
    let page = statechart::page();
    let line = kept.lines().zip(page.lines()).position(|(kept, drawn)| kept != drawn);
    assert!(
        kept == page,
        "docs/statechart.md differs at line {:?}; run `cargo run --example statechart > docs/statechart.md`",
        line.map(|line| line + 1)
    );
}

/// What a caller reads whom a guard turned down: each says something of its own, and whether another party, the
/// gateway or time can still bring it about under the same policy.
#[test]
fn a_guard_says_what_to_do_next_and_whether_waiting_helps() {
    let texts: BTreeSet<String> = Guard::ALL.iter().map(ToString::to_string).collect();
    assert_eq!(texts.len(), Guard::ALL.len(), "{texts:?}");
    assert!(texts.iter().all(|text| text.split(' ').count() > 3), "{texts:?}");
    let waiting = [
        Guard::AllAgreed,
        Guard::Funded,
        Guard::CaptureConfirmed,
        Guard::ToldByHand,
        Guard::MayDispute,
        Guard::InArbitration,
        Guard::ChangesLeft,
        Guard::OfferMade,
    ];
    for guard in Guard::ALL {
        assert_eq!(Rejection::Guard(guard).is_transient(), waiting.contains(&guard), "{guard}");
    }
}
