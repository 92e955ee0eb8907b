//! Starting, stopping, submitting.

use crate::common::*;
use escrow::deal::command::{StartPerforming, StopPerforming, Submit};
use escrow::deal::{Access, Command};
use escrow::settlement::{Ending, Fault};
use escrow::{Policy, Rejection, Role, Status};

#[test]
fn start_and_stop_use_up_their_time() {
    let mut w = World::funded(plain(Policy::shop()));
    w.pass(3 * DAY).act(&seller(), StartPerforming {});
    w.repeat(&seller(), StartPerforming {});
    assert_eq!(w.until(), after((3 + 30) * DAY));
    w.pass(10 * DAY).act(&operator(), StopPerforming {});
    w.repeat(&operator(), StopPerforming {});
    // 4 of 7 days to start
    assert_eq!((w.status(), w.until()), (Status::AwaitingPerformance, after((13 + 4) * DAY)));
    w.pass(DAY).act(&seller(), StartPerforming {});
    // 20 of 30 days to perform
    assert_eq!(w.until(), after((14 + 20) * DAY));
    w.act(&seller(), StopPerforming {});
    // 3 of 7, and then it is the seller's fault
    w.wait_for_deadline();
    assert_eq!(w.now, after((14 + 3) * DAY));
    assert_eq!(w.deal.ending(), Some(&Ending::Cancelled(Fault::Seller)));
}

#[test]
fn submissions_and_changes() {
    let mut w = World::new(plain(Policy::freelance()));
    w.act(&seller(), agree(1));
    // before the deposit: recorded, and hidden from the buyer
    w.act(&seller(), submit(1));
    assert_eq!(w.status(), Status::AwaitingDeposit);
    assert_eq!(w.deal.access(escrow::Role::Buyer), escrow::deal::Access::Nothing);
    w.fill();
    assert_eq!((w.status(), w.until()), (Status::AwaitingAcceptance, after(5 * DAY)));
    assert!(matches!(w.deal.access(escrow::Role::Buyer), escrow::deal::Access::Preview(_)));
    // only the latest can be answered, once
    assert_eq!(w.refuse(&buyer(), changes(2)), Rejection::RevisionNumber { expected: 1 });
    w.act(&buyer(), changes(1));
    assert_eq!(w.status(), Status::Performing);
    w.repeat(&buyer(), changes(1));
    // numbers have no gaps; the same one again is recognised
    assert_eq!(w.refuse(&seller(), submit(3)), Rejection::RevisionNumber { expected: 2 });
    w.pass(DAY).act(&seller(), submit(2));
    assert_eq!(w.until(), after((1 + 5) * DAY));
    w.repeat(&seller(), submit(2));
    w.act(&buyer(), accept());
    assert!(matches!(w.deal.access(escrow::Role::Buyer), escrow::deal::Access::Original(_)));
    w.done_all();
    assert_eq!(w.status(), Status::Completed);
}

#[test]
fn a_revision_is_named_by_its_number_and_content() {
    let mut w = World::funded(plain(Policy::freelance()));
    w.act(&seller(), submit(1));
    let Access::Original(first) = w.deal.access(Role::Seller) else { panic!("the seller's own work") };
    assert_eq!(
        [first.preview.as_str(), &first.original, &first.digest],
        ["preview-1", "original-1", "digest-1"]
    );
    // another content under the same number is another revision, out of turn
    let Command::Submit(other) = submit(2) else { panic!() };
    let exchanged = Submit::new(1, other.revision);
    assert_eq!(w.refuse(&seller(), exchanged), Rejection::RevisionNumber { expected: 2 });
}
