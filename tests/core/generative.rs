//! Random deals, random histories, and what must hold of every one of them.
//!
//! `PROPTEST_CASES=20000 cargo test --release --test generative` looks further.
#![allow(missing_docs, unreachable_pub)]
#![allow(clippy::arithmetic_side_effects, clippy::as_conversions, clippy::indexing_slicing, clippy::panic)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::wildcard_enum_match_arm)]
#![allow(clippy::cast_possible_truncation)]

mod findings;
mod laws;

use std::collections::BTreeMap;

use escrow_testing::strategies::{History, Moment, Play, histories};
use proptest::test_runner::{Config, TestRunner};

use findings::findings;
use laws::{Finding, at_every_step};

/// Proves a property over random histories: `cases` of them, or as many as `PROPTEST_CASES` says.
fn prove(cases: u32, property: impl Fn(&History) -> Finding) {
    use proptest::test_runner::TestCaseError;
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok());
    let config = Config {
        cases: asked.unwrap_or(cases),
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..Config::default()
    };
    let result =
        TestRunner::new(config).run(&histories(), |history| property(&history).map_err(TestCaseError::fail));
    if let Err(found) = result {
        panic!("{found}");
    }
}

fn every_step(cases: u32, law: impl Fn(&Moment<'_>) -> Finding) {
    prove(cases, |history| at_every_step(history, &law));
}

fn every_end(cases: u32, law: impl Fn(&Play) -> Finding) {
    prove(cases, |history| law(&history.play(|_| Finding::Ok(()))?));
}

#[test]
fn conservation() {
    every_step(1_500, laws::conservation);
}

#[test]
fn outflow_never_exceeds_inflow() {
    every_step(1_500, laws::outflow_never_exceeds_inflow);
}

#[test]
fn a_payment_counts_once() {
    every_step(2_000, laws::a_payment_counts_once);
}

#[test]
fn replay_equals_live() {
    every_end(1_500, laws::replay_equals_live);
}

#[test]
fn snapshot_round_trip() {
    prove(1_000, |history| {
        let mut n = 0;
        let end = history.play(|moment| {
            n += 1;
            // every seventh state will do
            if n % 7 == 0 { laws::snapshot_round_trip(moment.after) } else { Ok(()) }
        })?;
        laws::snapshot_round_trip(&end.deal)
    });
}

#[test]
fn a_rejection_changes_nothing() {
    every_step(1_500, laws::a_rejection_changes_nothing);
}

#[test]
fn a_repeat_changes_nothing() {
    every_step(2_000, laws::a_repeat_changes_nothing);
}

#[test]
fn a_late_repeat_of_a_fact_changes_nothing() {
    prove(2_000, laws::a_late_repeat_of_a_fact_changes_nothing);
}

#[test]
fn the_clock_steps_back_in_vain() {
    every_step(1_500, laws::the_clock_steps_back_in_vain);
}

#[test]
fn every_ending_keeps_its_word() {
    every_step(2_000, laws::every_ending_keeps_its_word);
}

#[test]
fn a_preview_divides_every_pot() {
    every_step(500, laws::a_preview_divides_every_pot);
}

#[test]
fn nothing_leaves_what_is_contested() {
    every_step(2_000, laws::nothing_leaves_what_is_contested);
}

#[test]
fn nothing_waits_in_vain() {
    every_step(2_000, laws::nothing_waits_in_vain);
}

#[test]
fn a_payee_may_choose_where_his_money_goes() {
    every_step(1_500, laws::a_payee_may_choose_where_his_money_goes);
}

#[test]
fn who_is_asked_for_changes_can_answer() {
    every_step(2_000, laws::who_is_asked_for_changes_can_answer);
}

#[test]
fn command_round_trip() {
    every_step(500, laws::command_round_trip);
}

#[test]
fn a_fact_is_never_refused() {
    every_step(2_000, laws::a_fact_is_never_refused);
}

#[test]
fn pending_is_what_was_ordered_and_not_settled() {
    every_step(1_500, laws::pending_is_what_was_ordered_and_not_settled);
}

#[test]
fn a_transaction_settles_once() {
    every_step(1_500, laws::a_transaction_settles_once);
}

#[test]
fn terminal_takes_only_money_facts() {
    every_step(2_000, laws::terminal_takes_only_money_facts);
}

#[test]
fn allowed_agrees_with_transition() {
    every_step(1_000, laws::allowed_agrees_with_transition);
}

#[test]
fn punctuality() {
    prove(2_000, laws::punctuality);
}

#[test]
fn no_deadlock() {
    prove(1_000, |history| {
        let mut n = 0;
        let end = history.play(|moment| {
            n += 1;
            // from the middle of things too
            if n % 11 == 0 { laws::no_deadlock(moment.after) } else { Ok(()) }
        })?;
        laws::no_deadlock(&end.deal)
    });
}

#[test]
fn time_and_versions_run_forward() {
    every_step(1_500, laws::time_and_versions_run_forward);
}

#[test]
fn closing_pays_out_everything() {
    prove(1_500, |history| {
        let end = history.play(laws::closing_pays_out_everything)?;
        laws::ends_empty(&end.deal)
    });
}

#[test]
fn settlement_agrees_with_preview() {
    every_step(2_000, laws::settlement_agrees_with_preview);
}

#[test]
fn nobody_pays_more_than_was_agreed() {
    every_step(2_000, laws::nobody_pays_more_than_was_agreed);
}

/// Every law over the same histories. `HUNT_FOR` names the only finding that counts, by a part of its text;
/// `HUNT_PAST`, texts separated by `|`, the ones that do not.
#[test]
#[ignore = "for hunting: PROPTEST_CASES=20000 cargo test --release --test generative hunt -- --ignored"]
fn hunt() {
    let only = std::env::var("HUNT_FOR").unwrap_or_default();
    let past = std::env::var("HUNT_PAST").unwrap_or_default();
    let past: Vec<&str> = past.split('|').filter(|p| !p.is_empty()).collect();
    prove(2_000, |history| {
        let counts = |f: &String| f.contains(&only) && !past.iter().any(|p| f.contains(p));
        findings(history).into_iter().find(counts).map_or(Ok(()), Err)
    });
}

/// Counts what the laws find, with numbers left out.
#[test]
#[ignore = "for hunting: counts every finding, shrinks none"]
fn survey() {
    let counts = std::cell::RefCell::new(BTreeMap::<String, u32>::new());
    prove(20_000, |history| {
        for finding in findings(history) {
            let mut name: String = finding.chars().filter(|c| !c.is_ascii_digit()).collect();
            if let Some(at) = name.find("at: --T") {
                let rest = name.split_off(at);
                name.push_str(rest.split_once("event:").map_or("", |(_, event)| event));
            }
            let end = name.char_indices().nth(160).map_or(name.len(), |(at, _)| at);
            name.truncate(end);
            *counts.borrow_mut().entry(name).or_default() += 1;
        }
        Ok(())
    });
    for (name, n) in counts.borrow().iter() {
        println!("{n:6} {name}");
    }
}

/// Random histories reach every ending, every way into a dispute and out of it, and chargebacks at every time: what
/// the laws prove, they prove of these too.
#[test]
fn every_ending_is_reached() {
    use escrow::deal::command::ChargebackStep;
    use escrow::dispute::Opener;
    use escrow::settlement::{AwardedBy, Ending};
    use escrow::{Award, Event, Outcome};
    use proptest::test_runner::{RngAlgorithm, TestRng};

    let award = |award: &Award| match award {
        Award::Amount(_) => "an amount".to_owned(),
        Award::Share(_) => "a share".to_owned(),
        Award::BuyerAll | Award::SellerAll | Award::Winner(_) => format!("{award:?}"),
    };
    let ending_name = |ending: &Ending| match ending {
        Ending::Awarded { award: a, by: AwardedBy::Agreement } => format!("agreed {}", award(a)),
        Ending::Awarded { award: a, by: AwardedBy::Ruling } => format!("ruled {}", award(a)),
        Ending::Awarded { award: a, by: AwardedBy::DefaultRuling } => format!("defaulted {}", award(a)),
        Ending::PartialBuyout(_) => "partial buyout".to_owned(),
        Ending::Success | Ending::Cancelled(_) => format!("{ending:?}"),
    };
    let seen = std::cell::RefCell::new(BTreeMap::<String, u32>::new());
    let see = |name: String| *seen.borrow_mut().entry(name).or_default() += 1;
    let config = Config { cases: 4_000, failure_persistence: None, ..Config::default() };
    // the same histories every time
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let result = TestRunner::new_with_rng(config, rng).run(&histories(), |history| {
        let played = history.play(|moment| -> Finding {
            let mut view = moment.before.clone();
            let mut withdrawn = false;
            for recorded in moment.events() {
                match &recorded.event {
                    Event::EndingDecided { ending, outcome, funded, .. } => {
                        if *funded {
                            see(ending_name(ending));
                        }
                        see(format!("outcome {}", outcome.as_str()));
                    }
                    Event::DisputeOpened { by, .. } => {
                        see(format!("opened {by:?}"));
                        if view.dispute().is_some() {
                            see("opened again".to_owned());
                        }
                    }
                    Event::DisputeWithdrawn { .. } => {
                        withdrawn = true;
                        let by = view.dispute().map(|d| d.opened_by());
                        let alone = matches!(by, Some(Opener::Party(_)));
                        see(format!("withdrawn by {}", if alone { "its opener" } else { "both" }));
                    }
                    Event::ChargebackRecorded { step, .. } => {
                        let when = match (view.outcome(), view.phase().kind()) {
                            (None, _) => "before",
                            (_, escrow::deal::PhaseKind::Closed) => "after",
                            _ => "during",
                        };
                        see(format!("{step:?} {when} paying"));
                        let settles = matches!(step, ChargebackStep::Lost | ChargebackStep::Won);
                        if settles
                            && view.legs().iter().any(|l| l.state() == escrow::deposit::LegState::Waiting)
                        {
                            see(format!("{step:?} while legs wait"));
                        }
                    }
                    Event::LegCut { .. } => see("a leg is cut".to_owned()),
                    Event::ChangesRequested { .. } => see("changes requested".to_owned()),
                    _ => {}
                }
                view.apply(recorded);
            }
            if withdrawn {
                see(format!("withdrawn to {}", moment.after.phase().kind()));
            }
            Ok(())
        });
        let end = played.map_err(proptest::test_runner::TestCaseError::fail)?.deal;
        if let (Some(dispute), Some(outcome)) = (end.dispute(), end.outcome()) {
            let gave_up = dispute.status() == escrow::dispute::DisputeStatus::Withdrawn;
            if gave_up && outcome == Outcome::Completed {
                see("withdrawn, and completed".to_owned());
            }
        }
        Ok(())
    });
    assert!(result.is_ok(), "{result:?}");
    let mut wanted: Vec<String> =
        ["Success", "partial buyout", "Cancelled(Buyer)", "Cancelled(Seller)", "Cancelled(Nobody)"]
            .map(str::to_owned)
            .into();
    for how in ["agreed", "ruled"] {
        for award in ["an amount", "a share", "BuyerAll", "SellerAll", "Winner(Buyer)", "Winner(Seller)"] {
            wanted.push(format!("{how} {award}"));
        }
    }
    wanted.extend(["a share", "BuyerAll", "SellerAll"].map(|award| format!("defaulted {award}")));
    wanted.extend(
        ["completed", "cancelled", "declined", "expired", "resolved"].map(|o| format!("outcome {o}")),
    );
    wanted.extend(
        ["Party(Buyer)", "Party(Seller)", "Refusal", "Reports", "Timer", "again"]
            .map(|o| format!("opened {o}")),
    );
    wanted.extend(["its opener", "both"].map(|by| format!("withdrawn by {by}")));
    let back = ["awaiting_performance", "performing", "awaiting_acceptance"];
    wanted.extend(back.map(|stage| format!("withdrawn to {stage}")));
    wanted.push("withdrawn, and completed".to_owned());
    for step in ["Opened", "Lost", "Won"] {
        wanted.extend(["before", "during", "after"].map(|when| format!("{step} {when} paying")));
    }
    wanted.extend(
        ["Lost while legs wait", "Won while legs wait", "a leg is cut", "changes requested"]
            .map(str::to_owned),
    );
    let seen = seen.into_inner();
    for (name, n) in &seen {
        println!("{n:6} {name}");
    }
    let missing: Vec<_> = wanted.iter().filter(|name| !seen.contains_key(*name)).collect();
    assert!(missing.is_empty(), "no history reaches {missing:?}");
}

/// Prints how far random histories get.
#[test]
#[ignore = "prints what the histories reach"]
fn coverage() {
    let phases = std::cell::RefCell::new(BTreeMap::<String, u32>::new());
    let count = |name: String| *phases.borrow_mut().entry(name).or_default() += 1;
    prove(5_000, |history| {
        let mut seen = std::collections::BTreeSet::new();
        let end = history.play(|moment| -> Finding {
            seen.insert(format!("phase {}", moment.after.phase().kind()));
            let command = moment.command.kind();
            match moment.verdict {
                Ok(t) if t.is_empty() => count(format!("zz nothing {command}")),
                Ok(_) => {
                    seen.insert(format!("accepted {command}"));
                    count(format!("zz accepted {command}"));
                }
                Err(e) => count(format!("zz refused {}", e.code())),
            }
            for recorded in moment.events() {
                let json = serde_json::to_value(&recorded.event).unwrap();
                seen.insert(format!("event {}", json["type"].as_str().unwrap()));
                if let escrow::Event::TimerFired { timer } = &recorded.event {
                    let name = format!("{timer:?}");
                    seen.insert(format!("timer {}", name.split('(').next().unwrap()));
                }
                if let escrow::Event::EndingDecided { ending, funded, .. } = &recorded.event {
                    let name = format!("{ending:?}");
                    let name = name.split('[').next().unwrap();
                    let name = name.split("(Amount").next().unwrap().split("(Share").next().unwrap();
                    seen.insert(format!("ending {name} funded {funded}"));
                }
            }
            Ok(())
        })?;
        seen.insert("histories".to_owned());
        seen.insert(format!("at the end {}", end.deal.status()));
        for name in seen {
            count(name);
        }
        Ok(())
    });
    for (name, n) in phases.borrow().iter() {
        println!("{n:6} {name}");
    }
}
