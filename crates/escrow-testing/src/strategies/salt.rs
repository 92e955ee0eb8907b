//! Where the small choices come from.

use std::fmt;
use std::str::FromStr;

use escrow::TextError;

/// A number that choices are taken out of, one after the other. Zero is the plain choice throughout.
pub(super) struct Salt(u64);

impl Salt {
    pub(super) const fn new(salt: u64) -> Self {
        Self(salt)
    }

    /// One of `n` choices, counted from zero; the first where the salt is zero.
    pub(super) fn pick(&mut self, n: usize) -> usize {
        let n = u64::try_from(n).unwrap_or(u64::MAX);
        let choice = self.0.checked_rem(n).unwrap_or(0);
        self.0 = self.0.checked_div(n).unwrap_or(self.0);
        usize::try_from(choice).unwrap_or(0)
    }

    /// One of `n` choices, where a byte is wanted.
    pub(super) fn byte(&mut self, n: u8) -> u8 {
        u8::try_from(self.pick(n.into())).unwrap_or(0)
    }

    /// Yes, once in `n`.
    pub(super) fn once_in(&mut self, n: usize) -> bool {
        self.pick(n).saturating_add(1) == n
    }

    /// One of these.
    pub(super) fn of<T: Clone>(&mut self, choices: &[T]) -> T {
        nth(choices, self.pick(choices.len()))
    }
}

/// The choice with this number, counted from zero and around.
#[expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a remainder is below the length, and no list of choices is empty"
)]
pub(super) fn nth<T: Clone>(choices: &[T], n: usize) -> T {
    choices[n % choices.len()].clone()
}

/// What this module makes is in order.
#[expect(clippy::panic, reason = "a mistake made here must not look like a property that holds")]
pub(super) fn sound<T, E: fmt::Debug>(made: Result<T, E>) -> T {
    made.unwrap_or_else(|e| panic!("the strategies made something that breaks a rule: {e:?}"))
}

/// A text that is known to be in order.
pub(super) fn text<T: FromStr<Err = TextError>>(text: &str) -> T {
    sound(text.parse())
}
