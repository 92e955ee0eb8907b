//! Every ending divides as it was previewed.

use crate::laws;
use crate::promises::every_step;

#[test]
fn every_ending_keeps_its_word() {
    every_step(2_000, laws::every_ending_keeps_its_word);
}

#[test]
fn a_preview_divides_every_pot() {
    every_step(500, laws::a_preview_divides_every_pot);
}

#[test]
fn settlement_agrees_with_preview() {
    every_step(2_000, laws::settlement_agrees_with_preview);
}
