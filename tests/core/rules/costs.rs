//! Costs that were incurred.

use crate::common::*;
use escrow::deposit::{LegState, Purpose};
use escrow::settlement::Fault;
use escrow::terms::{Payer, Provider};
use escrow::{Payee, Policy, Rejection};

#[test]
fn who_may_incur_a_cost() {
    let mut draft = with_courier(Policy::shop());
    draft.services.push(service("wrapping", 10_00, Payer::Seller, Provider::Seller));
    draft.services.push(service("insurance", 5_00, Payer::Seller, Provider::Platform));
    let mut w = World::funded(draft);
    assert_eq!(w.refuse(&seller(), incur(0)), Rejection::NotYourService);
    assert_eq!(w.refuse(&courier(), incur(1)), Rejection::NotYourService);
    assert_eq!(w.refuse(&seller(), incur(2)), Rejection::NotYourService);
    assert!(matches!(w.refuse(&buyer(), incur(1)), Rejection::WrongRole { .. }));
    assert_eq!(w.refuse(&operator(), incur(3)), Rejection::UnknownService { services: 3 });
    w.act(&courier(), incur(0));
    w.repeat(&courier(), incur(0));
    w.act(&seller(), incur(1));
    w.act(&operator(), incur(2));
    assert_eq!(w.refuse(&party("mallory"), incur(0)), Rejection::UnknownActor);
}

#[test]
fn incurred_costs_by_whose_fault_it_is() {
    // delivery 100.00 by the seller for the buyer, and 100.00 by a courier for the seller: deposit 1 100.00
    let draft = || {
        let mut draft = with_sellers_delivery(Policy::shop());
        draft.services.extend(with_courier(Policy::shop()).services);
        draft
    };
    let incurred = || {
        let mut w = World::funded(draft());
        assert_eq!(w.held(B), 1_100_00);
        w.act(&seller(), incur(0));
        w.act(&courier(), incur(1));
        w
    };
    // the buyer's: they bear both, 100.00 to each; 900.00 back
    let mut w = incurred();
    w.act(&buyer(), cancel("no"));
    assert_eq!(w.gets(&payee("courier"), Purpose::Service), 100_00);
    assert_eq!(w.gets(&Payee::Seller, Purpose::Payout), 100_00);
    assert_eq!(w.gets(&Payee::Buyer, Purpose::Refund), 900_00);
    assert_eq!(w.owed(), []);
    // the seller's: all back to the buyer; the courier is owed 100.00 by the seller
    let mut w = incurred();
    w.act(&seller(), cancel("no"));
    assert_eq!(w.gets(&Payee::Buyer, Purpose::Refund), 1_100_00);
    assert_eq!(w.owed(), [(Payee::Seller, payee("courier"), Purpose::Service, 100_00)]);
    // nobody's: the courier is owed by the platform
    let mut w = incurred();
    w.act(&operator(), by_operator(Fault::Nobody));
    assert_eq!(w.gets(&Payee::Buyer, Purpose::Refund), 1_100_00);
    assert_eq!(w.owed(), [(Payee::Platform, payee("courier"), Purpose::Service, 100_00)]);
    // nothing incurred: nothing to bear
    let mut w = World::funded(draft());
    w.act(&buyer(), cancel("no"));
    assert_eq!(w.legs(), [(B, Payee::Buyer, Purpose::Refund, 1_100_00, LegState::Ordered)]);
}

#[test]
fn a_cost_is_incurred_on_what_stays() {
    // the amendment exchanges a free wrapping for a delivery of 100.00, both the buyer's to pay to the seller
    let with = |name: &str, minor| {
        let mut draft = plain(Policy::marketplace());
        draft.services.push(service(name, minor, Payer::Seller, Provider::Seller));
        draft
    };
    let moderated = || {
        let mut w = World::funded(with("wrapping", 0));
        w.act(&moderator(), remark("hm"));
        w
    };
    // taken away: the cost would be one of a service that is not there
    let mut w = moderated();
    w.act(&seller(), amend(1, plain(Policy::marketplace())));
    let incurred = w.attempt(&seller(), incur(0));
    assert!(incurred.is_err() || w.attempt(&buyer(), agree(2)).is_err());
    // exchanged: a delivery that nobody has made would count as incurred, 100.00 at the buyer's expense
    let mut w = moderated();
    w.act(&seller(), amend(1, with("delivery", 100_00)));
    let incurred = w.attempt(&seller(), incur(0));
    if incurred.is_err() || w.attempt(&buyer(), agree(2)).is_err() {
        return;
    }
    w.act(&buyer(), cancel("no"));
    assert_eq!(w.gets(&Payee::Buyer, Purpose::Refund), 1_000_00);
}
