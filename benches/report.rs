//! Tables, a verdict and a picture of what `cargo bench --bench peers` printed:
//! `cargo run --manifest-path benches/Cargo.toml --bin report -- [FILE] [--svg PICTURE]`; without a file, from its input.
//! It ends with code 1 where a target is missed, with 2 where it cannot tell.

#[path = "report/plot.rs"]
mod plot;
#[path = "report/rows.rs"]
mod rows;
#[path = "report/tables.rs"]
mod tables;

use std::process::ExitCode;
use std::{env, fs, io};

fn main() -> ExitCode {
    match run() {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

/// How many targets are missed.
fn run() -> Result<usize, String> {
    let (mut file, mut picture) = (None, None);
    let mut arguments = env::args().skip(1);
    while let Some(argument) = arguments.next() {
        if argument == "--svg" {
            picture = Some(arguments.next().ok_or("--svg wants a file")?);
        } else {
            file = Some(argument);
        }
    }
    let text = match &file {
        Some(file) => fs::read_to_string(file),
        None => io::read_to_string(io::stdin()),
    };
    let rows = rows::Rows::parse(&text.map_err(|e| format!("{}: {e}", file.as_deref().unwrap_or("stdin")))?);
    println!("{}", tables::measured(&rows)?);
    let (verdict, missed) = tables::verdict(&rows)?;
    println!("{verdict}");
    if let Some(picture) = picture {
        fs::write(&picture, plot::svg(&rows)?).map_err(|e| format!("{picture}: {e}"))?;
    }
    Ok(missed)
}
