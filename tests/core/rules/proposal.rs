//! Proposing and agreeing.

mod amendments;

use crate::common::*;
use escrow::deal::Consents;
use escrow::deal::command::{Attachment, DestinationUse, Proposal};
use escrow::deposit::Purpose;
use escrow::terms::Moderation;
use escrow::{Actor, Command, Context, Deal, Destination, Payee, Policy, Rejection, Status};

#[test]
fn explicit_consent_needs_both() {
    let mut w = World::new(plain(Policy::freelance()));
    assert_eq!(w.status(), Status::Proposed);
    assert_eq!(w.until(), after(7 * DAY));
    // the proposer has consented by proposing
    assert_eq!(w.deal.consents(), Consents { buyer: true, seller: false });
    w.repeat(&buyer(), agree(1));
    w.pass(DAY).act(&seller(), agree(1));
    assert_eq!(w.status(), Status::AwaitingDeposit);
    // the window to pay begins with the agreement: 1 + 3 days
    assert_eq!(w.until(), after(4 * DAY));
}

#[test]
fn an_operator_proposes_for_nobody() {
    let mut w = World::proposed_by(&operator(), plain(Policy::freelance()));
    assert_eq!(w.deal.consents(), Consents::default());
    w.act(&seller(), agree(1));
    assert_eq!(w.status(), Status::Proposed);
    w.act(&buyer(), agree(1));
    assert_eq!(w.status(), Status::AwaitingDeposit);
}

/// Documents and the payee's account come with the proposal, in its own transaction.
#[test]
fn a_proposal_takes_documents_and_destinations_along() {
    let photo = || Attachment::new(text("photo-1"), text("image/jpeg"), 120_000);
    let account = || Destination::Account(text("acct-7"));
    let propose =
        |proposal: Proposal, by: &Actor| Deal::propose(id(), proposal, &Context::new(start(), by.clone()));
    let with =
        |payee: Payee| Proposal::new(terms(plain(Policy::shop()))).attach(photo()).pay(payee, account());
    // their own; an operator vouches for anybody's
    for by in [&seller(), &operator()] {
        let (deal, transition) = propose(with(Payee::Seller), by).unwrap();
        assert_eq!(World::names(transition.events()), ["proposed", "attached", "destination_set"]);
        assert_eq!(deal.destination(&Payee::Seller, DestinationUse::Payouts), Some(&account()));
        assert_eq!(deal.attachments().count(), 1);
        assert_eq!(Deal::replay(id(), transition.events()).unwrap(), deal);
    }
    // nobody says where somebody else's money goes
    assert_eq!(propose(with(Payee::Seller), &buyer()).unwrap_err(), Rejection::NotYourMoney);
    assert_eq!(propose(with(payee("courier")), &seller()).unwrap_err(), Rejection::NotYourMoney);
    let twice = with(Payee::Seller).attach(photo());
    assert_eq!(propose(twice, &seller()).unwrap_err(), Rejection::IdentityTaken);
    let many = (0..33).fold(Proposal::new(terms(plain(Policy::shop()))), |proposal, n| {
        proposal.attach(Attachment::new(text(&format!("photo-{n}")), text("image/jpeg"), 1))
    });
    assert_eq!(propose(many, &seller()).unwrap_err(), Rejection::TooMany { max: 32 });
}

#[test]
fn creation_can_imply_consent() {
    let w = World::proposed_by(&operator(), plain(Policy::shop()));
    assert_eq!(w.status(), Status::AwaitingDeposit);
    assert_eq!(w.deal.consents(), Consents::BOTH);
    // strangers propose nothing
    let id = w.deal.id();
    for actor in [party("mallory"), moderator(), Actor::Gateway, Actor::Clock] {
        let context = Context::new(start(), actor);
        let proposed = Deal::propose(id, terms(plain(Policy::shop())), &context);
        assert_eq!(proposed.err(), Some(Rejection::UnknownActor));
    }
}

#[test]
fn a_proposal_lapses() {
    let mut w = World::new(plain(Policy::freelance()));
    w.wait_for_deadline();
    assert_eq!((w.now, w.status()), (after(7 * DAY), Status::Expired));
    // at the instant itself it is too late to agree
    let mut w = World::new(plain(Policy::freelance()));
    w.at(after(7 * DAY));
    assert!(wrong_phase(w.refuse(&seller(), agree(1))));
    let mut w = World::new(plain(Policy::freelance()));
    w.at(just_before(after(7 * DAY))).act(&seller(), agree(1));
    assert_eq!(w.status(), Status::AwaitingDeposit);
}

#[test]
fn a_proposal_is_turned_down() {
    for actor in [buyer(), seller()] {
        let mut w = World::new(plain(Policy::freelance()));
        w.act(&actor, cancel("no"));
        assert_eq!(w.status(), Status::Declined);
        assert_eq!(w.deal.status_change().comment.as_deref(), Some("no"));
        w.repeat(&actor, cancel("no"));
    }
    let mut w = World::new(plain(Policy::freelance()));
    w.act(&operator(), cancel("spam"));
    assert_eq!(w.status(), Status::Cancelled);
}

/// Nalogka's shop: the order changes before it is paid, the shop updates the deal, and the buyer simply pays.
#[test]
fn where_creation_implies_consent_asking_to_pay_is_agreeing() {
    let shop = || sale(Policy::shop());
    let mut w = World::new(shop());
    w.act(&buyer(), request("cart", B, 1_000_00));
    w.act(&seller(), amend(1, dearer(shop())));
    assert!(!w.deal.consents().buyer && w.deal.consents().seller);
    // a retry of what was asked before says nothing of the new terms
    w.repeat(&buyer(), request("cart", B, 1_000_00));
    assert!(!w.deal.consents().buyer);
    // a new form is for the new terms
    let Command::RequestPayment(form) = request("cart-2", B, 1_200_00) else { panic!() };
    let asked = w.act(&buyer(), form.terms_version(2));
    assert_eq!(World::names(&asked), ["agreed", "payment_requested"]);
    assert!(w.deal.consents().all());
    assert_eq!(w.deal.binding_terms().quote().deposit, rub(1_200_00));
    w.pay(B, 1_200_00);
    assert_eq!(w.status(), Status::AwaitingPerformance);
}

#[test]
fn an_old_form_agrees_to_nothing_new() {
    // the price stays and the thing is another one: what is paid by the form of before waits for a word
    let shop = || sale(Policy::shop());
    let mut w = World::new(shop());
    w.act(&buyer(), request("cart", B, 1_000_00));
    w.act(&seller(), amend(1, described(shop())));
    w.pay(B, 1_000_00);
    assert_eq!((w.status(), w.deal.consents().buyer), (Status::AwaitingDeposit, false));
    let mut agreed = w.clone();
    agreed.act(&buyer(), agree(2));
    assert_eq!(agreed.status(), Status::AwaitingPerformance);
    // and without one, everything goes back in the end
    w.wait_for_deadline();
    w.done_all();
    assert_eq!((w.status(), w.gets(&Payee::Buyer, Purpose::Refund)), (Status::Expired, 1_000_00));
}

#[test]
fn asking_to_pay_is_no_consent_where_it_must_be_explicit_or_is_the_others() {
    // explicit consent stays explicit
    let mut w = World::new(sale(Policy::freelance()));
    w.act(&seller(), agree(1));
    w.act(&seller(), amend(1, dearer(sale(Policy::freelance()))));
    w.act(&buyer(), request("cart", B, 1_200_00));
    assert!(!w.deal.consents().buyer);
    // nor does an amendment say of itself that it needs no word
    let mut w = World::new(sale(Policy::freelance()));
    w.act(&seller(), agree(1));
    w.act(&operator(), amend(1, dearer(sale(Policy::shop()))));
    w.act(&buyer(), request("cart", B, 1_200_00));
    assert!(!w.deal.consents().buyer);
    // what the buyer proposes, the seller agrees to
    let mut w = World::new(sale(Policy::shop()));
    let mut cheaper = sale(Policy::shop());
    cheaper.items[0].unit_price = rub(1_00);
    w.act(&buyer(), amend(1, cheaper));
    w.act(&buyer(), request("cart", B, 1_00));
    w.pay(B, 1_00);
    assert_eq!((w.status(), w.deal.consents().seller), (Status::AwaitingDeposit, false));
    // a moderator's remark is answered by an explicit word: the deal is not agreed until then
    let draft = || moderated(Moderation::OnDemand);
    let mut w = World::new(draft());
    w.act(&moderator(), remark("describe it"));
    w.act(&seller(), amend(1, described(draft())));
    w.act(&buyer(), request("cart", B, 1_000_00));
    assert_eq!((w.status(), w.deal.consents().buyer), (Status::Moderation, false));
}
