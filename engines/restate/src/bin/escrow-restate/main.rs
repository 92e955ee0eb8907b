//! `escrow-restate` – a demonstration on a Restate server of its own; `escrow-restate figures` – what our
//! handler costs beside an empty one; `escrow-restate serve PORT FOLDER EDITION` – an endpoint
//! with a sandbox bank.
#![allow(unreachable_pub, clippy::print_stdout, reason = "a program, which says what it does")]

mod demo;
mod figures;
mod serve;
mod server;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        [] | ["demo"] => demo::run(),
        ["figures"] => figures::run(),
        ["serve", port, folder, edition] => serve::run(port, folder, edition),
        _ => Err("usage: escrow-restate [demo | figures | serve PORT FOLDER EDITION]".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}
