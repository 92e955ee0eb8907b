//! Whoever wakes a deal, and whenever: the result is the same.

use crate::common::*;
use crate::laws;
use crate::promises::{every_step, prove};
use escrow::deal::Command;
use escrow::deal::command::Post;
use escrow::{Context, Policy, transition};

#[test]
fn waking_late_is_waking_on_time() {
    // two unlike histories of one deal: one is woken at each deadline, one never
    let histories: Vec<World> = vec![
        World::performing(plain(Policy::shop())),
        World::disputed(judged(plain(Policy::shop()))),
        World::performing(guaranteed()),
        World::new(plain(Policy::freelance())),
        World::funded(plain(Policy::shop())),
        {
            let mut w = World::new(plain(Policy::shop()));
            w.hold(B, 600_00, after(2 * DAY));
            w
        },
    ];
    for world in histories {
        let mut prompt = world.clone();
        while prompt.deal.next_deadline().is_some_and(|at| at < after(400 * DAY)) {
            prompt.wait_for_deadline();
        }
        let mut late = world;
        late.at(after(400 * DAY)).wake();
        assert_eq!(json(&prompt.deal), json(&late.deal));
        assert_eq!(prompt.journal, late.journal);
        // and a command that is judged then says the same
        let context = Context::new(after(400 * DAY), buyer());
        let post: Command = Post::new(text("hello")).into();
        assert_eq!(
            transition(&prompt.deal, &post, &context).err(),
            transition(&late.deal, &post, &context).err()
        );
    }
}

#[test]
fn the_clock_steps_back_in_vain() {
    every_step(1_500, laws::the_clock_steps_back_in_vain);
}

#[test]
fn punctuality() {
    prove(2_000, laws::punctuality);
}

#[test]
fn time_and_versions_run_forward() {
    every_step(1_500, laws::time_and_versions_run_forward);
}
