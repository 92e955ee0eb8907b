//! One test per kind of command, each of 90 cells.

use crate::table::judgement::is_permission;
use crate::table::statechart::{actor, before_deadline, commands};
use crate::table::states::{State, holds, states};
use escrow::deal::{CommandKind, Permit, PhaseKind, cell};
use escrow::{Context, Rejection, Role, transition};

/// Cells whose guard holds in every deal that comes there: where both report, a deal is performing until both have,
/// so that it neither awaits performance nor acceptance. The guard stands in the row all the same, for whoever changes
/// the rules.
const NEVER_DENIED: &[(CommandKind, PhaseKind, Role)] = &[
    (CommandKind::Accept, PhaseKind::AwaitingAcceptance, Role::Buyer),
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
    let guarded = matches!(permit, Permit::If(_) | Permit::Both(..));
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
                let refusal = (role, kind, phase);
                matches!(verdict, Err(Rejection::WrongPhase { role, command, phase, .. }) if (role, command, phase) == refusal)
            }
            (Permit::If(guard), _) if !holds(guard, deal, role) => {
                tally.denied += 1;
                verdict == Err(Rejection::Guard(guard))
            }
            // the first one that does not hold is the reason
            (Permit::Both(first, then), _) if !holds(first, deal, role) || !holds(then, deal, role) => {
                tally.denied += 1;
                let reason = if holds(first, deal, role) { then } else { first };
                verdict == Err(Rejection::Guard(reason))
            }
            (Permit::If(_) | Permit::Both(..) | Permit::Always, Err(refusal)) => !is_permission(refusal),
            (Permit::If(_) | Permit::Both(..) | Permit::Always, Ok(_)) => {
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

/// A test per kind of command, each of 90 cells.
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
    cells_of_annotate: Annotate,
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
    cells_of_give_back: GiveBack,
    cells_of_withdraw_dispute: WithdrawDispute,
    cells_of_escalate: Escalate,
    cells_of_file_claim: FileClaim,
    cells_of_rule: Rule,
    cells_of_appoint_arbiter: AppointArbiter,
    cells_of_answer: Answer,
    cells_of_set_destination: SetDestination,
    cells_of_redirect_refund: RedirectRefund,
    cells_of_chargeback: Chargeback,
    cells_of_returned: Returned,
    cells_of_settle_receivable: SettleReceivable,
    cells_of_extend: Extend,
    cells_of_post: Post,
    cells_of_wake: Wake,
}

#[test]
fn every_kind_of_command_is_checked() {
    assert_eq!(CHECKED, CommandKind::ALL);
}
