//! What the random histories reach, and the hunt through them for findings.

use std::collections::BTreeMap;

use crate::laws::Finding;
use crate::laws::findings::findings;
use crate::promises::prove;
use escrow_testing::strategies::histories;
use proptest::test_runner::{Config, TestRunner};

/// Every law over the same histories. `HUNT_FOR` names the only finding that counts, by a part of its text;
/// `HUNT_PAST`, texts separated by `|`, the ones that do not.
#[test]
#[ignore = "for hunting: PROPTEST_CASES=20000 cargo test --release --test core hunt -- --ignored"]
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
        Ending::Success | Ending::Cancelled(_) | Ending::CalledOff => format!("{ending:?}"),
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
                        let Some(step) = step else {
                            see("a chargeback meets its payment".to_owned());
                            view.apply(recorded);
                            continue;
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
