//! The running program, killed in the middle of a deal.

use std::time::Duration;

use crate::browser::{form, words};
use crate::program::{Running, fill, send, sign_in, wait_for};

#[test]
fn a_deal_is_finished_although_the_program_is_killed_at_every_step() {
    let data = std::env::temp_dir().join(format!("escrow-desk-killed-{}", std::process::id()));
    let mut desk = Running::start(&data);
    let (anna, boris) = (sign_in(&desk, 0), sign_in(&desk, 1));
    let typed = "other=anna&i_am=seller&name-0=Lamp&price-0=100&template=goods&currency=EUR";
    let deal = fill(&desk, &boris, "/deals/new", "/deals/new", typed, true).unwrap();
    desk.kill();

    desk = Running::start(&data);
    // sessions survive, too
    fill(&desk, &anna, &deal, &format!("{deal}/do/agree"), "", true);
    let bank = fill(&desk, &anna, &deal, &format!("{deal}/pay/buyer_payment"), "", true).unwrap();
    // the bank is paid, and nobody waits for the answer
    fill(&desk, &anna, &bank, &bank, "do=pay", false);
    std::thread::sleep(Duration::from_millis(3));
    desk.kill();

    desk = Running::start(&data);
    let (_, page) = send(&desk, &anna, &bank, None, true);
    if !words(&page).contains("This is paid") {
        fill(&desk, &anna, &bank, &bank, "do=pay", true);
    }
    wait_for(&desk, &anna, &deal, "Paid, not started");
    fill(&desk, &boris, &deal, &format!("{deal}/do/start_performing"), "", true);
    desk.kill();

    desk = Running::start(&data);
    fill(&desk, &anna, &deal, &format!("{deal}/do/accept"), "", false);
    std::thread::sleep(Duration::from_millis(3));
    desk.kill();

    desk = Running::start(&data);
    let (_, page) = send(&desk, &anna, &deal, None, true);
    if form(&page, &format!("{deal}/do/accept")).is_some() {
        fill(&desk, &anna, &deal, &format!("{deal}/do/accept"), "", true);
    }
    // what the dead left is asked about after ten seconds at most
    for _ in 0..3 {
        let (_, page) = send(&desk, &anna, &deal, None, true);
        if words(&page).contains("Completed") {
            break;
        }
        std::thread::sleep(Duration::from_secs(5));
    }
    wait_for(&desk, &anna, &deal, "Completed");
    let (_, page) = send(&desk, &anna, &deal, None, true);
    // 5 % of 100.00 is 5.00, once
    assert!(words(&page).contains("the seller what the seller earned paid 95.00 EUR"), "{}", words(&page));
    assert!(words(&page).contains("paid out 100.00 EUR"), "{}", words(&page));
    desk.kill();
    let _ = std::fs::remove_dir_all(&data);
}
