//! Tables, a verdict and a picture of what `cargo bench --bench peers` and then `cargo run --bin footprint` printed:
//! `cargo run --manifest-path benches/Cargo.toml --bin report -- [FILE] [--svg PICTURE] [--into DOCUMENT]`; without a file,
//! from its input. A document has it between `<!-- report: begin -->` and `<!-- report: end -->`; without one, it is
//! printed. It ends with code 1 where a target is missed, with 2 where it cannot tell.

#[path = "report/into.rs"]
mod into;
#[path = "report/plot.rs"]
mod plot;
#[path = "report/rows.rs"]
mod rows;
#[path = "report/sizes.rs"]
mod sizes;
#[path = "report/tables.rs"]
mod tables;
#[path = "report/verdict.rs"]
mod verdict;

use std::process::ExitCode;
use std::{env, fs, io};

fn main() -> ExitCode {
    match run() {
        Ok(0) => ExitCode::SUCCESS,
        Ok(missed) => {
            eprintln!("{missed} targets are missed");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

/// How many targets are missed.
fn run() -> Result<usize, String> {
    let (mut file, mut picture, mut document) = (None, None, None);
    let mut arguments = env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--svg" => picture = Some(arguments.next().ok_or("--svg wants a file")?),
            "--into" => document = Some(arguments.next().ok_or("--into wants a file")?),
            _ => file = Some(argument),
        }
    }
    let text = match &file {
        Some(file) => read(file)?,
        None => io::read_to_string(io::stdin()).map_err(|e| format!("stdin: {e}"))?,
    };
    let (rows, sizes) = (rows::Rows::parse(&text), sizes::Sizes::parse(&text));
    let (verdict, missed) = verdict::verdict(&rows, &sizes)?;
    let report = [verdict, tables::times(&rows)?, tables::bytes(&sizes)?].join("\n");
    if let Some(picture) = &picture {
        write(picture, &plot::svg(&rows)?)?;
    }
    match &document {
        Some(document) => {
            let with = into::replaced(&read(document)?, &report).map_err(|e| format!("{document}: {e}"))?;
            write(document, &with)?;
        }
        None => println!("{report}"),
    }
    Ok(missed)
}

fn read(file: &str) -> Result<String, String> {
    fs::read_to_string(file).map_err(|e| format!("{file}: {e}"))
}

fn write(file: &str, text: &str) -> Result<(), String> {
    fs::write(file, text).map_err(|e| format!("{file}: {e}"))
}
