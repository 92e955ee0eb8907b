//! A history as text, for a property that fails.

use std::convert::Infallible;
use std::fmt::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::history::History;

/// The history as it is played, step by step, as far as that goes.
impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut told = String::new();
        let done = catch_unwind(AssertUnwindSafe(|| self.tell(&mut told)));
        f.write_str(&told)?;
        match done {
            Ok(told) => told,
            Err(_) => write!(f, "\na history that panics: {:?}\n", self.steps),
        }
    }
}

impl History {
    fn tell(&self, told: &mut String) -> fmt::Result {
        let terms = serde_json::to_string(&self.terms).unwrap_or_default();
        let start = self.begin();
        let by = start.journal.first().map(|r| r.actor.to_string()).unwrap_or_default();
        write!(told, "\nterms {terms}\n   proposed by {by}: {:?} {:?}", start.deal, start.deal.phase())?;
        let mut written = Ok(());
        let since = |at: escrow::Time| at.millis().saturating_sub(self.start.millis());
        let played = self.play::<Infallible>(|m| {
            let mut step = || {
                let (n, clock) = (m.number, since(m.context.now));
                write!(told, "\n{n:2} at {clock} ms, {}: {:?}", m.context.actor, m.command)?;
                if m.context.seen.is_some() {
                    write!(told, " (seen {:?})", m.context.seen)?;
                }
                match m.verdict {
                    Ok(t) if t.is_empty() => write!(told, "\n   ok, nothing"),
                    Ok(t) => {
                        for r in t.events() {
                            write!(told, "\n   @{} {}: {:?}", since(r.at), r.actor, r.event)?;
                        }
                        write!(told, "\n   = {:?} {:?}", m.after, m.after.phase())
                    }
                    Err(e) => write!(told, "\n   refused: {e}"),
                }
            };
            written = written.and(step());
            Ok(())
        });
        drop(played);
        written.and_then(|()| told.write_char('\n'))
    }
}
