//! `allowed` says what `transition` does; facts are never refused.

use crate::laws;
use crate::promises::every_step;

#[test]
fn a_fact_is_never_refused() {
    every_step(2_000, laws::a_fact_is_never_refused);
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
fn a_command_leads_where_the_table_says() {
    every_step(2_000, laws::a_command_leads_where_the_table_says);
}
