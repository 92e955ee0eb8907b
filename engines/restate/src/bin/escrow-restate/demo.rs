//! todo
use std::error::Error;
pub fn run() -> Result<(), Box<dyn Error>> {
    Ok(())
}
