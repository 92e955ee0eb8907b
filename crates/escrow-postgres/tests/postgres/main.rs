//! The repository on a PostgreSQL server of the test's own. Where its programs are not installed, the test says that it was
//! skipped.
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::print_stdout)]

mod backlog;
mod batches;
mod laws;
mod rows;
mod server;
mod worker;

use server::Server;

/// One server for all of it, which is stopped in the end whatever happens.
#[test]
fn the_repository_on_a_real_server() {
    let Some(server) = Server::start() else {
        println!("skipped: PostgreSQL's programs (initdb, pg_ctl) are not installed");
        return;
    };
    laws::it_keeps_the_laws_of_an_event_sink(&server);
    laws::it_keeps_the_laws_of_a_repository(&server);
    laws::it_keeps_the_laws_of_every_machine_that_it_stores(&server);
    laws::a_commit_inside_a_transaction_is_the_transactions(&server);
    laws::a_connection_that_is_lost_in_a_commit_is_not_known(&server);
    laws::newer_tables_are_refused(&server);
    rows::pages_have_everything_once_and_in_order(&server);
    rows::every_list_comes_from_an_index(&server);
    rows::workers_that_ask_at_once_get_different_machines(&server);
    rows::damage_is_found_and_mended_from_the_journal(&server);
    rows::incidents_stay_until_somebody_closes_them(&server);
    rows::the_schema_is_sqlites();
    rows::tables_of_an_earlier_version_are_brought_up_to_date(&server);
    backlog::leases_tries_parcels_and_receipts(&server);
    batches::what_cannot_be_read_is_an_error_of_its_own(&server);
    batches::a_conflict_of_one_touches_no_other(&server);
    batches::together_is_the_same_as_one_by_one(&server);
    worker::workers_share_what_waits(&server);
    worker::a_connection_that_is_lost_in_a_command_loses_nothing(&server);
}
