//! Who sees which work, and who reads which event.

use crate::common::*;
use escrow::deal::command::{Accept, AcceptAward, AppointArbiter, Cancel, ChargebackStep, ProposeAward};
use escrow::deal::{Access, Command, Event};
use escrow::deposit::TransactionKind;
use escrow::settlement::Fault;
use escrow::{Actor, Award, Payee, Policy, Rate, Role, Side, Status};

use ChargebackStep::{Lost, Opened, Won};

#[test]
fn a_submission_is_read_by_the_buyer_once_it_is_theirs() {
    let mut w = World::funded(plain(Policy::freelance()));
    let submitted = w.act(&seller(), submit(1));
    let event =
        submitted.iter().map(|r| &r.event).find(|e| matches!(e, Event::Submitted { .. })).unwrap().clone();
    for (role, reads) in
        [(Role::Seller, true), (Role::Arbiter, true), (Role::Buyer, false), (Role::Partner, false)]
    {
        assert_eq!(w.deal.may_read(role, &event), reads, "{role}");
    }
    // anything else of the history is the buyer's to read as well
    assert!(w.deal.may_read(Role::Buyer, &Event::Accepted {}));
    w.act(&buyer(), Accept::default());
    assert!(w.deal.may_read(Role::Buyer, &event));
}

fn originals(w: &World, role: Role) -> bool {
    matches!(w.deal.access(role), Access::Original(_))
}

#[test]
fn who_sees_the_work() {
    let w = work();
    assert!(matches!(w.deal.access(Role::Buyer), Access::Preview(_)));
    for role in [Role::Seller, Role::Arbiter] {
        assert!(originals(&w, role), "{role}");
    }
    for role in [Role::Partner, Role::Gateway, Role::Tracker, Role::Clock] {
        assert_eq!(w.deal.access(role), Access::Nothing, "{role}");
    }
    // the arbiter reads all that has happened, as long as they are the arbiter
    assert_eq!(w.deal.role_of(&judge()), Some(Role::Arbiter));
    assert!(w.journal.iter().all(|r| w.deal.may_read(Role::Arbiter, &r.event)));
    let hidden = w.journal.iter().filter(|r| !w.deal.may_read(Role::Buyer, &r.event));
    assert!(
        hidden.clone().count() == 1 && hidden.clone().all(|r| matches!(r.event, Event::Submitted { .. }))
    );
    let mut w = w;
    w.act(&operator(), AppointArbiter::new(text("solomon")));
    assert_eq!(w.deal.role_of(&judge()), None);
}

#[test]
fn the_originals_go_to_the_buyer_who_pays_for_them() {
    let awards = [
        (Award::SellerAll, true),
        // all of M, which is 1 000.00, and no part of it
        (Award::Share(Rate::WHOLE), true),
        (Award::Amount(rub(1_000_00)), true),
        (Award::Share(percent(1)), false),
        (Award::Amount(rub(999_99)), false),
        (Award::Winner(Side::Seller), true),
        (Award::BuyerAll, false),
        (Award::Amount(rub(0)), false),
        (Award::Share(Rate::ZERO), false),
        (Award::Winner(Side::Buyer), false),
    ];
    for (award, bought) in awards {
        let mut w = work();
        w.act(&judge(), rule(award));
        // in the very transition, before the gateway has answered
        assert_eq!(originals(&w, Role::Buyer), bought, "{award:?}");
    }
    // an agreement may say so, whatever the seller gets
    for original in [false, true] {
        let mut w = work();
        let offer = ProposeAward::new(Award::Share(percent(1)));
        w.act(&seller(), if original { offer.with_original() } else { offer });
        w.act(&buyer(), AcceptAward::new(Award::Share(percent(1))));
        assert_eq!(originals(&w, Role::Buyer), original);
    }
    // whoever leaves has seen a preview, and keeps no more
    let leave: [(Actor, Command); 2] = [
        (seller(), cancel("no time")),
        (operator(), Cancel::new(text("fraud")).at_fault(Fault::Buyer).into()),
    ];
    for (actor, cancel) in leave {
        let mut w = World::funded(plain(Policy::freelance()));
        w.act(&seller(), submit(1));
        w.act(&actor, cancel);
        w.done_all();
        assert!(matches!(w.deal.access(Role::Buyer), Access::Preview(_)));
    }
}

#[test]
fn what_is_not_paid_for_yet_is_not_unlocked() {
    // the buyer asks their bank for the money, and accepts: the payout waits
    let accepted = || {
        let mut w = World::funded(plain(Policy::freelance()));
        w.act(&seller(), submit(1));
        bank(&mut w, "cb", 1_000_00, Opened);
        w.act(&buyer(), accept());
        assert_eq!((w.pending(), originals(&w, Role::Buyer)), (vec![], false));
        w
    };
    // won: paid, and unlocked
    let mut w = accepted();
    bank(&mut w, "cb", 1_000_00, Won);
    assert_eq!(w.pending(), [(2, TransactionKind::Payout, Payee::Seller, 1_000_00)]);
    assert!(originals(&w, Role::Buyer));
    // lost: the buyer has the money, and not the work
    let mut w = accepted();
    bank(&mut w, "cb", 1_000_00, Lost);
    assert_eq!((w.status(), originals(&w, Role::Buyer)), (Status::Completed, false));
}

/// A moderator who looks at a paid deal before the start takes nothing out of the buyer's sight; before the deal was concluded
/// there is nothing to see yet, paid or not.
#[test]
fn a_preview_stays_while_a_moderator_looks() {
    use escrow::terms::Moderation;
    let mut w = World::funded(plain(Policy::freelance().moderation(Moderation::OnDemand)));
    w.act(&moderator(), remark("describe it"));
    assert_eq!(w.status(), Status::Moderation);
    assert!(w.deal.is_concluded());
    // paid, and not agreed: cancelled, the buyer has seen nothing
    let mut w = World::new(plain(Policy::freelance()));
    w.act(&seller(), agree(1));
    w.act(&seller(), submit(1));
    w.act(&seller(), amend(1, described(plain(Policy::freelance()))));
    w.pay(B, 1_000_00);
    assert_eq!((w.status(), w.deal.access(Role::Buyer)), (Status::AwaitingDeposit, Access::Nothing));
    w.act(&buyer(), cancel("no"));
    assert_eq!(w.deal.access(Role::Buyer), Access::Nothing);
}
