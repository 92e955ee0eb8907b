//! Telling contents apart without keeping them.

use std::fmt::{self, Write};

/// FNV-1a over the text that is written into it. Nobody gains by finding two contents with one fingerprint: it is held
/// against what the same party said before.
pub(crate) struct Fingerprint(u64);

impl Fingerprint {
    /// Of nothing.
    pub(crate) const fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    pub(crate) fn add(&mut self, text: fmt::Arguments<'_>) {
        // writing into it never fails
        let _ = self.write_fmt(text);
    }

    /// 53 bits, of which JSON keeps every one.
    pub(crate) const fn get(&self) -> u64 {
        self.0 >> 11
    }
}

impl Write for Fingerprint {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        Ok(())
    }
}
