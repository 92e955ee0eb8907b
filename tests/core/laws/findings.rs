//! Every law over one history.

use crate::laws::{self, Finding, at_every_step};
use escrow_testing::strategies::{History, Moment};

type StepLaw = fn(&Moment<'_>) -> Finding;

const STEP_LAWS: [(&str, StepLaw); 24] = [
    ("nobody_owes_what_nobody_has", laws::nobody_owes_what_nobody_has),
    ("a_payee_may_choose_where_their_money_goes", laws::a_payee_may_choose_where_their_money_goes),
    ("who_is_asked_for_changes_can_answer", laws::who_is_asked_for_changes_can_answer),
    ("every_ending_keeps_its_word", laws::every_ending_keeps_its_word),
    ("a_preview_divides_every_pot", laws::a_preview_divides_every_pot),
    ("nothing_leaves_what_is_contested", laws::nothing_leaves_what_is_contested),
    ("nothing_waits_in_vain", laws::nothing_waits_in_vain),
    ("the_clock_steps_back_in_vain", laws::the_clock_steps_back_in_vain),
    ("command_round_trip", laws::command_round_trip),
    ("conservation", laws::conservation),
    ("outflow_never_exceeds_inflow", laws::outflow_never_exceeds_inflow),
    ("a_payment_counts_once", laws::a_payment_counts_once),
    ("a_rejection_changes_nothing", laws::a_rejection_changes_nothing),
    ("a_repeat_changes_nothing", laws::a_repeat_changes_nothing),
    ("a_fact_is_never_refused", laws::a_fact_is_never_refused),
    ("pending", laws::pending_is_what_was_ordered_and_not_settled),
    ("a_transaction_settles_once", laws::a_transaction_settles_once),
    ("terminal_takes_only_money_facts", laws::terminal_takes_only_money_facts),
    ("a_command_leads_where_the_table_says", laws::a_command_leads_where_the_table_says),
    ("allowed_agrees_with_transition", laws::allowed_agrees_with_transition),
    ("time_and_versions_run_forward", laws::time_and_versions_run_forward),
    ("closing_pays_out_everything", laws::closing_pays_out_everything),
    ("settlement_agrees_with_preview", laws::settlement_agrees_with_preview),
    ("nobody_pays_more_than_was_agreed", laws::nobody_pays_more_than_was_agreed),
];

/// What each law finds in a history, the name of the law first. `HUNT_LAW` names one that is to look alone.
pub fn findings(history: &History) -> Vec<String> {
    let mut found = Vec::new();
    let law = std::env::var("HUNT_LAW").unwrap_or_default();
    if let Some((name, law)) = STEP_LAWS.iter().find(|(name, _)| *name == law) {
        if let Err(what) = at_every_step(history, law) {
            found.push(format!("{name}: {what}"));
        }
        return found;
    }
    let mut note = |name: &str, finding: Finding| {
        if let Err(what) = finding {
            found.push(format!("{name}: {what}"));
        }
    };
    for (name, law) in STEP_LAWS {
        note(name, at_every_step(history, law));
    }
    note("punctuality", laws::punctuality(history));
    note("what_came_in_is_recorded", laws::what_came_in_is_recorded(history));
    note("late_repeat", laws::a_late_repeat_of_a_fact_changes_nothing(history));
    if let Ok(end) = history.play(|_| Finding::Ok(())) {
        note("replay_equals_live", laws::replay_equals_live(&end));
        note("snapshot_round_trip", laws::snapshot_round_trip(&end.deal));
        note("no_deadlock", laws::no_deadlock(&end.deal));
        note("ends_empty", laws::ends_empty(&end.deal));
    }
    found
}
