//! The table as a whole.

use std::sync::Arc;

use std::collections::{BTreeMap, BTreeSet};

use crate::table::statechart::{Cause, actor, before_deadline, commands, explore, kind_of_state, started};
use crate::table::states::{State, rules, states};
use escrow::deal::command::{Accept, Cancel, Command};
use escrow::deal::{CommandKind, Guard, Permit, PhaseKind, cell, leads};
use escrow::{Rejection, Role, Terms};

/// Every cell of the table.
fn cells() -> impl Iterator<Item = (CommandKind, PhaseKind, Role, Permit)> {
    CommandKind::ALL.into_iter().flat_map(|kind| {
        PhaseKind::ALL.into_iter().flat_map(move |phase| {
            let at = move |role| (kind, phase, role, cell(kind, phase, role));
            Role::ALL.into_iter().map(at)
        })
    })
}

const fn is_open(permit: Permit) -> bool {
    matches!(permit, Permit::Always | Permit::If(_) | Permit::Both(..))
}

#[test]
fn a_wrong_role_is_wrong_in_every_phase_and_a_right_one_is_right_in_some() {
    for kind in CommandKind::ALL {
        for role in Role::ALL {
            let permits = PhaseKind::ALL.map(|phase| cell(kind, phase, role));
            let never = permits.iter().filter(|p| **p == Permit::WrongRole).count();
            assert!([0, permits.len()].contains(&never), "{kind} × {role}: {permits:?}");
            let some = permits.iter().any(|p| is_open(*p));
            assert!(never > 0 || some, "{kind} × {role} is right in no phase");
        }
    }
}

#[test]
fn terminal_phases_take_only_money_facts() {
    for (kind, phase, role, permit) in cells() {
        let open = is_open(permit);
        if phase == PhaseKind::Closed && open {
            let about_money = match kind {
                CommandKind::ConfirmPayment | CommandKind::Answer | CommandKind::Chargeback => true,
                CommandKind::Returned | CommandKind::SettleReceivable => true,
                // where money goes that is on its way, or comes in late
                CommandKind::SetDestination | CommandKind::RedirectRefund => true,
                CommandKind::Wake => true,
                _ => false,
            };
            assert!(about_money, "{kind} × {phase} × {role} is {permit:?}");
        }
    }
}

/// Ways that only random histories go: where a chargeback had come before its payment, the deal ends with it; where a
/// lost one has taken all, a report or a ruling leaves nothing to pay.
const RARELY_GONE: &[(CommandKind, PhaseKind)] = &[
    (CommandKind::Agree, PhaseKind::Paying),
    (CommandKind::Agree, PhaseKind::Closed),
    (CommandKind::Approve, PhaseKind::Paying),
    (CommandKind::Approve, PhaseKind::Closed),
    (CommandKind::ConfirmPayment, PhaseKind::Paying),
    (CommandKind::ConfirmPayment, PhaseKind::Closed),
    (CommandKind::Report, PhaseKind::Closed),
    (CommandKind::Rule, PhaseKind::Closed),
];

/// That no deal goes another way is a law over random histories, and checked where the diagrams are drawn.
#[test]
fn every_way_of_the_table_is_gone_by_some_deal() {
    let (mut gone, mut astray) = (BTreeSet::new(), BTreeSet::new());
    for (_, draft) in rules() {
        let terms = Arc::new(Terms::new(draft).unwrap());
        explore(started(&terms), kind_of_state, commands, |before, cause, role, after| {
            let (from, to) = (before.phase().kind(), after.phase().kind());
            if let Cause::Command(kind) = cause
                && from != to
            {
                gone.insert((*kind, to));
                if !leads(*kind, from, role).contains(&to) {
                    astray.insert(format!("{kind} by {role} led from {from} to {to}"));
                }
            }
        });
    }
    assert!(astray.is_empty(), "{astray:#?}");
    let mut vain = BTreeSet::new();
    for (kind, phase, role, permit) in cells() {
        let to = leads(kind, phase, role);
        let open = is_open(permit);
        assert!(open || to.is_empty(), "{kind} × {phase} × {role} is {permit:?} and leads to {to:?}");
        // these agree as `agree` does, and lead where it leads: random histories go their ways
        if matches!(kind, CommandKind::Amend | CommandKind::RequestPayment) {
            continue;
        }
        let never =
            to.iter().filter(|to| !gone.contains(&(kind, **to)) && !RARELY_GONE.contains(&(kind, **to)));
        vain.extend(never.map(|to| format!("{kind} to {to}")));
    }
    assert!(vain.is_empty(), "nobody went there: {vain:#?}");
}

#[test]
fn every_guard_can_be_satisfied_and_denied() {
    // by what the deals answer, not by what this file thinks of the guard
    let mut answers: BTreeMap<Guard, (bool, bool)> = BTreeMap::new();
    for (kind, phase, role, permit) in cells() {
        let guards = match permit {
            Permit::If(guard) => vec![guard],
            Permit::Both(first, then) => vec![first, then],
            _ => continue,
        };
        for State { deal, .. } in states().iter().filter(|s| s.deal.phase().kind() == phase) {
            let verdict = deal.allowed(&actor(role, deal), before_deadline(deal)).check(kind);
            for guard in &guards {
                let (satisfied, denied) = answers.entry(*guard).or_default();
                match &verdict {
                    Ok(()) => *satisfied = true,
                    Err(refusal) => *denied |= *refusal == Rejection::Guard(*guard),
                }
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
        Guard::Downloadable,
        Guard::MayDispute,
        Guard::InArbitration,
        Guard::ChangesLeft,
        Guard::OfferMade,
    ];
    for guard in Guard::ALL {
        assert_eq!(Rejection::Guard(guard).is_transient(), waiting.contains(&guard), "{guard}");
    }
}
