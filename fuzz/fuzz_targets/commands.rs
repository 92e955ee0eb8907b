//! Any terms, any history: every law of `tests/core/laws`. The first five bytes choose the terms and who proposes them;
//! every step is seven.
#![no_main]
#![allow(dead_code)]

#[path = "../../tests/core/laws/mod.rs"]
mod laws;

use escrow_testing::strategies::History;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some(history) = History::from_bytes(bytes) else { return };
    let found = laws::findings::findings(&history);
    assert!(found.is_empty(), "{found:#?}\n{history:#?}");
});
