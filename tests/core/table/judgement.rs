//! What a command is judged by, and in which order.

use std::sync::Arc;

use crate::table::statechart::{actor, before_deadline, commands, draft, started, text};
use crate::table::states::{State, some_states};
use escrow::deal::CommandKind;
use escrow::deal::command::Wake;
use escrow::terms::{Policy, Terms};
use escrow::{Actor, Context, Deal, DealId, Rejection, Role, Time, Transition, transition};

/// Whether it is refused for who asks, or when, and not for what is asked.
pub fn is_permission(rejection: &Rejection) -> bool {
    matches!(
        rejection,
        Rejection::UnknownActor
            | Rejection::Stale { .. }
            | Rejection::WrongRole { .. }
            | Rejection::WrongPhase { .. }
            | Rejection::Guard(_)
    )
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
                    let Some(command) = &commands(kind, role, deal, now).into_iter().next() else { continue };
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
                    let Some(command) = &commands(kind, role, deal, now).into_iter().next() else { continue };
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
                let Some(command) = &commands(kind, role, deal, now).into_iter().next() else { continue };
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
