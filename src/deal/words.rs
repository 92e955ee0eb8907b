//! Words of rejections about time.

use super::timers::{Passed, Timer};
use crate::Time;

/// What a command that comes too late is told besides.
pub(super) fn too_late(passed: Option<Passed>) -> String {
    passed.map_or_else(String::new, |passed| format!(": {passed}"))
}

pub(super) fn running_instead(running: Option<Timer>) -> String {
    running.map_or_else(|| ", nor is any other".to_owned(), |timer| format!(", but `{timer}` is"))
}

/// Seconds as days, hours, minutes and seconds: `1d12h`.
pub(super) fn span(seconds: u32) -> String {
    let parts =
        [(seconds / 86_400, "d"), (seconds / 3_600 % 24, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")];
    let written: String = parts
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, unit)| format!("{number}{unit}"))
        .collect();
    if written.is_empty() { "0s".to_owned() } else { written }
}

/// What extensions may still do.
pub(super) fn left_of_extensions(left_s: u32, latest: Time) -> String {
    if left_s == 0 {
        format!("nothing left: the deadline stays {latest}, and what is due is done or agreed on before it")
    } else {
        format!("{} left: name a time up to {latest}", span(left_s))
    }
}
