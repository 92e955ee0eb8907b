//! Why a text is not a scenario, in the words of whoever writes scenarios: what was meant, and no names of Rust's types.

use thiserror::Error;

use super::Scenario;

/// Why a text is not a scenario.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum ScenarioError {
    /// It is longer than [`Scenario::MAX_BYTES`].
    #[error("the scenario is over {} bytes", Scenario::MAX_BYTES)]
    TooLarge,
    /// A field is wrong.
    #[error("{path}: {message}{}", self.step().map(|step| format!(" (in step {step})")).unwrap_or_default())]
    Field {
        /// Which, as a path.
        path: String,
        /// What is wrong.
        message: String,
    },
}

impl ScenarioError {
    pub(super) fn field(path: impl Into<String>, message: &str) -> Self {
        let mut path = path.into();
        if path == "." {
            "scenario".clone_into(&mut path);
        }
        Self::Field { message: told(&path, message), path }
    }

    /// In which step the field is, counted from 1, as reports count them.
    pub fn step(&self) -> Option<usize> {
        let Self::Field { path, .. } = self else { return None };
        let (place, _) = path.strip_prefix("steps[")?.split_once(']')?;
        place.parse::<usize>().ok()?.checked_add(1)
    }
}

/// What is wrong with the field at this path.
pub(super) fn told(path: &str, message: &str) -> String {
    let told = meant(&in_words(message));
    match hint(path, message) {
        Some(hint) => format!("{told}{hint}"),
        None => told,
    }
}

/// What else helps at this place.
fn hint(path: &str, message: &str) -> Option<String> {
    if let Some(seconds) = written_as_span(path, message) {
        return Some(format!(", in seconds: write {seconds}"));
    }
    let (_, field) = path.rsplit_once('.').unwrap_or(("", path));
    let written = message.strip_prefix("unknown variant `").and_then(|rest| rest.split('`').next());
    match (field, written) {
        ("by" | "proposed_by", Some(id)) => {
            Some(format!("; anybody else by their id: {{\"party\": \"{id}\"}}"))
        }
        ("policy", _) if message.starts_with("missing field") => {
            Some("; or begin with a preset: {\"preset\": \"shop\"}".to_owned())
        }
        ("do", _) if message.starts_with("missing field `type`") || message.ends_with("enum Command") => {
            Some("; write an action as {\"type\": \"pay\"}".to_owned())
        }
        ("at", _) if message.contains("RFC 3339") => Some("; a span of time goes into `after`".to_owned()),
        _ => None,
    }
}

/// Says which of the names that are expected is the nearest to what was written.
fn meant(message: &str) -> String {
    let start = ["unknown field `", "unknown variant `"].iter().find_map(|known| {
        let (before, rest) = message.split_once(known)?;
        let (written, expected) = rest.split_once('`')?;
        Some((before.len().saturating_add(known.len()), written, expected))
    });
    let Some((at, written, expected)) = start else { return message.to_owned() };
    // where a scenario has `terms` it may have `machines` instead
    let names = expected.split('`').skip(1).step_by(2);
    let machines = expected.contains("`proposed_by`, `terms`").then_some("machines");
    let names = names.chain(machines);
    match nearest(written, names) {
        Some(near) => {
            let (known, _) = message.split_at_checked(at).unwrap_or((message, ""));
            let all = expected.trim_start_matches(", expected ").trim_start_matches("one of ");
            format!("{known}{written}`: did you mean `{near}`? There is {all}")
        }
        None => message.to_owned(),
    }
}

/// The name that somebody has most likely meant, if any is near.
pub(super) fn nearest<'n>(written: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let plain = |name: &str| name.to_lowercase().replace(['-', ' '], "_");
    let written = plain(written);
    let synonym = SYNONYMS.iter().find(|(word, _)| *word == written).map_or(&*written, |(_, name)| *name);
    let written = synonym.to_owned();
    let allowed = written.chars().count().div_ceil(3).min(3);
    let far = |name: &str| {
        let name = plain(name);
        let (long, short) = if name.len() > written.len() { (&name, &written) } else { (&written, &name) };
        let is_part = long.starts_with(short.as_str()) || long.ends_with(short.as_str());
        // `start_hours` for `start_s`
        let stem =
            |text: &str| text.rsplit_once('_').map_or_else(|| text.to_owned(), |(stem, _)| stem.to_owned());
        match distance(&name, &written) {
            near if near <= allowed => Some(near),
            _ if stem(&name) == stem(&written) => Some(4),
            _ => (short.chars().count() >= 3 && is_part).then_some(5),
        }
    };
    names.filter_map(|name| Some((far(name)?, name))).min_by_key(|(far, _)| *far).map(|(_, name)| name)
}

/// What some call the fields of a step.
const SYNONYMS: [(&str, &str); 6] =
    [("action", "do"), ("command", "do"), ("actor", "by"), ("who", "by"), ("time", "at"), ("when", "at")];

/// How many letters differ, are missing or too many, or have changed places.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut before: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut row = vec![i.saturating_add(1)];
        let steps = before.iter().zip(before.iter().skip(1)).zip(&other);
        for ((diagonal, above), b) in steps {
            let left = row.last().copied().unwrap_or(0);
            let changed = diagonal.saturating_add(usize::from(a != *b));
            row.push(changed.min(above.saturating_add(1)).min(left.saturating_add(1)));
        }
        before = row;
    }
    before.last().copied().unwrap_or(0)
}

/// What serde calls a type, and what people call it.
const WORDS: [(&str, &str); 17] = [
    ("unit", "nothing: write the name alone, as a text"),
    ("u8", "a whole number from 0 to 255"),
    ("u16", "a whole number from 0 to 65535"),
    ("u32", "a whole number from 0 to 4294967295"),
    ("u64", "a whole number, not negative"),
    ("u128", "a whole number, not negative"),
    ("usize", "a whole number, not negative"),
    ("i64", "a whole number"),
    ("a sequence", "a list"),
    ("a map", "an object"),
    ("map", "an object"),
    ("string or map", "a text, or an object with one key"),
    ("map with a single key", "an object with one key"),
    ("a string", "a text"),
    ("unit variant", "no content: write its name as a text"),
    ("newtype variant", "content: write an object with one key"),
    ("struct variant", "content: write an object with one key"),
];

/// The same, for what was written.
const WRITTEN: [(&str, &str); 6] = [
    ("type: map", "type: an object"),
    ("type: sequence", "type: a list"),
    ("type: unit variant", "type: a name without content"),
    ("type: newtype variant", "type: a name with content"),
    ("type: struct variant", "type: a name with content"),
    ("type: null", "type: `null`"),
];

/// The message without Rust's names.
fn in_words(message: &str) -> String {
    let Some((before, expected)) = message.rsplit_once(", expected ") else { return message.to_owned() };
    let written = WRITTEN.iter().find_map(|(rust, words)| {
        let rest = before.strip_suffix(rust)?;
        Some(format!("{rest}{words}"))
    });
    let known = WORDS.iter().find(|(rust, _)| *rust == expected).map(|(_, words)| *words);
    let named = ["struct ", "enum ", "internally tagged enum ", "adjacently tagged enum "];
    let words = known.or_else(|| named.iter().any(|rust| expected.starts_with(rust)).then_some("an object"));
    format!("{}, expected {}", written.as_deref().unwrap_or(before), words.unwrap_or(expected))
}

/// How many seconds a span is that was written where seconds are wanted.
fn written_as_span(path: &str, message: &str) -> Option<u32> {
    // inside a command the path goes on in the message
    let inner = message.split_once(": ").map_or("", |(inner, _)| inner);
    (path.ends_with("_s") || inner.ends_with("_s")).then_some(())?;
    let (_, written) = message.split_once("string \"")?;
    let (written, _) = written.split_once('"')?;
    let seconds =
        written.parse().ok().or_else(|| written.parse::<super::Span>().ok().map(|span| span.seconds));
    seconds.filter(|seconds| *seconds > 0)
}

#[cfg(test)]
mod tests {
    use super::{distance, told};

    #[test]
    fn distances_by_hand() {
        assert_eq!(distance("buyer", "buyer"), 0);
        assert_eq!(distance("buyr", "buyer"), 1);
        assert_eq!(distance("byuer", "buyer"), 2);
        assert_eq!(distance("", "ab"), 2);
    }

    #[test]
    fn messages_are_told_in_words() {
        let fields = ", expected one of `buyer`, `seller`, `start_s`, `partial_buyout_allowed`";
        for (written, meant) in [
            ("buyr", "buyer"),
            ("Buyer", "buyer"),
            ("sellers", "seller"),
            ("start", "start_s"),
            ("start_h", "start_s"),
            ("partialBuyoutAllowed", "partial_buyout_allowed"),
            ("partial-buyout-allowed", "partial_buyout_allowed"),
        ] {
            let near = told("terms", &format!("unknown field `{written}`{fields}"));
            let begins =
                format!("unknown field `{written}`: did you mean `{meant}`? There is `buyer`, `seller`");
            assert!(near.starts_with(&begins), "{near}");
        }
        let far = format!("unknown field `colour`{fields}");
        assert_eq!(told("terms", &far), far);
        for (rust, words) in [
            (
                "invalid type: string \"2\", expected u32",
                "invalid type: string \"2\", expected a whole number from 0 to 4294967295",
            ),
            ("invalid type: map, expected a sequence", "invalid type: an object, expected a list"),
            (
                "invalid type: string \"x\", expected struct TermsDraft",
                "invalid type: string \"x\", expected an object",
            ),
            (
                "invalid length 3, expected struct Step with 9 elements",
                "invalid length 3, expected an object",
            ),
        ] {
            assert_eq!(told("items", rust), words);
        }
        let span = told("terms.policy.start_s", "invalid type: string \"1h30m\", expected u32");
        assert!(span.ends_with(", in seconds: write 5400"), "{span}");
    }
}
