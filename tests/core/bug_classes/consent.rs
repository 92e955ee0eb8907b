//! Consent: what somebody has seen, and for whom the host answers.

use std::sync::Arc;

use crate::common::*;
use escrow::deal::command::{
    Accept, Amend, Annotate, AppointArbiter, Attach, Attachment, Post, RequestPayment,
};
use escrow::deal::{Access, Command, Consents, Event};
use escrow::deposit::DepositId;
use escrow::terms::{Contacts, FeePayee, Item, NamedAs, Payer, Problem, Provider};
use escrow::{Actor, Context, PartyId, Policy, Rejection, Role, Status, TermsDraft, TextError};

/// Asks to pay, with the version that the payer has seen.
fn asks(key: &str, minor: i64, terms_version: u32) -> Command {
    let Command::RequestPayment(request) = request(key, B, minor) else { panic!() };
    RequestPayment::terms_version(request, terms_version).into()
}

fn shop() -> TermsDraft {
    sale(Policy::shop())
}

/// What the operator amends, vouching for these.
fn vouched(from_version: u32, draft: TermsDraft, consents: Consents) -> Command {
    Amend::new(from_version, terms(draft)).vouched(consents).into()
}

/// Ten phones become one case at the same sum.
#[test]
fn unseen_terms() {
    let mut case = shop();
    case.items = vec![Item::new(text("Case"), rub(1_000_00), 1)];
    let mut w = World::new(shop());
    w.act(&seller(), amend(1, case));
    // a form for what the buyer has seen before is refused, with what stands now
    let stale = w.refuse(&buyer(), asks("cart", 1_000_00, 1));
    assert_eq!(stale, Rejection::StaleTerms { given: 1, actual: 2 });
    // one that says nothing of the terms is no consent
    w.act(&buyer(), request("cart", B, 1_000_00));
    assert!(!w.deal.consents().buyer);
    let asked = w.act(&buyer(), asks("cart-2", 1_000_00, 2));
    assert_eq!(World::names(&asked), ["agreed", "payment_requested"]);
    w.pay(B, 1_000_00);
    assert_eq!(w.status(), Status::AwaitingPerformance);
    // whoever has consented may ask by any form
    let mut w = World::new(shop());
    w.act(&buyer(), asks("cart", 1_000_00, 7));
    // the consent of a deal that needs a word is not given by asking to pay
    let mut w = World::new(sale(Policy::freelance()));
    w.act(&seller(), agree(1));
    w.act(&seller(), amend(1, described(sale(Policy::freelance()))));
    assert_eq!(w.status(), Status::AwaitingDeposit);
    w.act(&buyer(), asks("cart", 1_000_00, 2));
    assert!(!w.deal.consents().buyer);
}

/// The order is updated at the same sum, and the buyer pays by the form that they have.
#[test]
fn paid_and_stuck() {
    for (draft, price) in [(described(shop()), 1_000_00), (dearer(shop()), 1_200_00)] {
        let mut w = World::new(shop());
        w.act(&operator(), vouched(1, draft, Consents::BOTH));
        assert_eq!((w.status(), w.deal.consents()), (Status::AwaitingDeposit, Consents::BOTH));
        w.pay(B, price);
        assert_eq!(w.status(), Status::AwaitingPerformance);
        // and it is what was vouched for that is paid: less 5 %
        w.act(&operator(), escrow::deal::command::StartPerforming {});
        w.act(&buyer(), accept());
        assert_eq!(w.gets(&escrow::Payee::Seller, escrow::deposit::Purpose::Payout), price / 100 * 95);
    }
    // paid before: at the same sum the deal moves on with the amendment
    let mut w = World::new(shop());
    w.act(&seller(), amend(1, described(shop())));
    w.pay(B, 1_000_00);
    assert_eq!(w.status(), Status::AwaitingDeposit);
    w.act(&operator(), vouched(2, shop(), Consents::BOTH));
    assert_eq!(w.status(), Status::AwaitingPerformance);
    // for one alone, the other's word is still needed
    let mut w = World::new(shop());
    let one = Consents { buyer: true, seller: false };
    w.act(&operator(), vouched(1, described(shop()), one));
    assert_eq!(w.deal.consents(), one);
    // a repeat stands for what has come of it, and is none where it says more
    w.repeat(&operator(), vouched(1, described(shop()), one));
    let more = w.refuse(&operator(), vouched(1, described(shop()), Consents::BOTH));
    assert_eq!(more, Rejection::StaleTerms { given: 1, actual: 2 });
    w.act(&seller(), agree(2));
    w.pay(B, 1_000_00);
    assert_eq!(w.status(), Status::AwaitingPerformance);
}

#[test]
fn nobody_else_vouches_for_a_consent() {
    let refused = |w: &mut World, who: &Actor, draft: TermsDraft| {
        let Rejection::Terms(error) = w.refuse(who, vouched(1, draft, Consents::BOTH)) else { panic!() };
        assert_eq!((error.field(), error.problem()), ("vouched", Problem::NeedsOperatorAndConsentOnCreation));
    };
    let mut w = World::new(shop());
    refused(&mut w, &seller(), described(shop()));
    refused(&mut w, &buyer(), described(shop()));
    // where consent is explicit, not even the operator
    let mut w = World::new(sale(Policy::freelance()));
    refused(&mut w, &operator(), described(sale(Policy::freelance())));
}

/// After moderation nobody needs a word that their pages do not have: the buyer asks to pay for what they see.
#[test]
fn moderated_and_stuck() {
    use escrow::terms::Moderation;
    let mut w = World::new(moderated(Moderation::OnDemand));
    w.act(&moderator(), remark("describe it"));
    w.act(&seller(), amend(1, described(moderated(Moderation::OnDemand))));
    assert_eq!(w.status(), Status::Moderation);
    w.act(&buyer(), asks("cart", 1_000_00, 2));
    assert_eq!(w.status(), Status::AwaitingDeposit);
    w.pay(B, 1_000_00);
    assert_eq!(w.status(), Status::AwaitingPerformance);
}

#[test]
fn stale_by_noise() {
    let mut w = World::funded(plain(Policy::freelance()));
    w.act(&seller(), submit(1));
    let seen = w.deal.revision();
    // the seller posts, attaches and tracks as much as they like
    w.act(&seller(), Post::new(text("chat/1")));
    let attachment = Attachment::new(text("photo"), text("image/png"), 1).description(text(""));
    w.act(&seller(), Attach::new(Arc::new(attachment)));
    w.act(&seller(), set_track("A"));
    w.act(&seller(), Annotate::contacts(Contacts { buyer: None, seller: Some(text("phone-2")) }));
    let accept = Command::from(Accept::default());
    let context = Context::new(w.now, buyer()).seen(seen);
    // what the buyer has looked at has not changed
    assert!(w.attempt_in(&context, &accept).is_ok());
    // another revision of the work has
    let mut w = World::funded(plain(Policy::freelance()));
    w.act(&seller(), submit(1));
    let seen = w.deal.revision();
    w.act(&seller(), submit(2));
    let stale = w.attempt_in(&Context::new(w.now, buyer()).seen(seen), &accept);
    assert!(matches!(stale, Err(Rejection::Stale { .. })), "{stale:?}");
}

/// Notes bind nobody: no version, no consent, in every phase but the last.
#[test]
fn notes_need_no_consent() {
    let phone = |name: &str| Some(text(name));
    let mut w = World::funded(plain(Policy::shop()));
    let noted = w.act(
        &operator(),
        Annotate::contacts(Contacts { buyer: phone("b"), seller: phone("s") })
            .tags(vec![text("gift")])
            .order_id(text("7")),
    );
    let Event::Annotated { old, new } = &noted[0].event else { panic!("{noted:?}") };
    assert_eq!((old.order_id.as_deref(), new.order_id.as_deref()), (None, Some("7")));
    assert_eq!((w.deal.terms_version(), w.deal.consents()), (1, Consents::BOTH));
    assert_eq!((w.deal.terms().tags.len(), w.deal.binding_terms().tags.len()), (1, 1));
    // what is left out stays
    w.act(&buyer(), Annotate::contacts(Contacts { buyer: phone("b2"), seller: None }));
    let contacts = &w.deal.terms().contacts;
    assert_eq!((contacts.buyer.as_deref(), contacts.seller.as_deref()), (Some("b2"), Some("s")));
    w.repeat(&buyer(), Annotate::contacts(Contacts { buyer: phone("b2"), seller: None }));
    // a party says where it is reached itself, and nothing else
    let foreign = [
        (Annotate::contacts(Contacts { buyer: None, seller: phone("x") }), "contacts.seller"),
        (Annotate::default().tags(Vec::new()), "tags"),
        (Annotate::default().order_id(text("8")), "order_id"),
    ];
    for (notes, field) in foreign {
        let Rejection::Terms(error) = w.refuse(&buyer(), notes) else { panic!() };
        assert_eq!((error.field(), error.problem()), (field, Problem::Pinned));
    }
    let many = (0..33).map(|n| text(&n.to_string())).collect();
    let Rejection::Terms(error) = w.refuse(&operator(), Annotate::default().tags(many)) else { panic!() };
    assert_eq!((error.field(), error.problem()), ("tags", Problem::TooMany { max: 32 }));
    let mut w = completed();
    let late = w.refuse(&operator(), Annotate::default().order_id(text("9")));
    assert!(matches!(late, Rejection::WrongPhase { .. }), "{late:?}");
}

/// An amendment that was lost on the way is recognised although somebody has noted something since.
#[test]
fn notes_do_not_hide_a_repeat() {
    let mut w = World::new(shop());
    w.act(&seller(), amend(1, dearer(shop())));
    w.act(&operator(), Annotate::default().order_id(text("7")));
    w.repeat(&seller(), amend(1, dearer(shop())));
    // and without notes, other tags are another amendment
    let mut w = World::new(shop());
    w.act(&seller(), amend(1, dearer(shop())));
    let mut tagged = dearer(shop());
    tagged.tags = vec![text("gift")];
    assert_eq!(w.refuse(&seller(), amend(1, tagged)), Rejection::StaleTerms { given: 1, actual: 2 });
}

/// One id for a request, and another content: never taken for what was asked before.
#[test]
fn one_request_id_is_one_content() {
    let mut w = World::funded(plain(Policy::freelance()));
    w.act(&seller(), submit(1));
    let context = Context::new(w.now, buyer()).request_id(text("r-1"));
    assert!(w.attempt_in(&context, &changes(1)).is_ok_and(|t| !t.is_empty()));
    assert!(w.attempt_in(&context, &changes(1)).is_ok_and(|t| t.is_empty()));
    let other = escrow::deal::command::RequestChanges::new(1, text("and larger"));
    assert_eq!(w.attempt_in(&context, &other.into()).unwrap_err(), Rejection::KeyReused);
}

#[test]
fn preview_with_the_original() {
    let mut w = World::new(plain(Policy::freelance()));
    w.act(&seller(), agree(1));
    w.act(&seller(), submit(1));
    // hidden until funded
    assert_eq!(w.deal.access(Role::Buyer), Access::Nothing);
    w.pay(B, 1_000_00);
    let access = w.deal.access(Role::Buyer);
    let Access::Preview(preview) = access else { panic!("{access:?}") };
    assert_eq!(preview.as_str(), "preview-1");
    assert!(!format!("{access:?}").contains("original"), "{access:?}");
}

/// A free item accepted in part, or next to nothing of an award, is no payment for the work.
#[test]
fn work_for_nothing() {
    use escrow::deal::command::Rule;
    use escrow::{Award, Rate};
    let mut free = plain(Policy::shop());
    free.items.push(Item::new(text("Sticker"), rub(0), 1));
    let mut w = World::funded(free);
    w.act(&seller(), submit(1));
    w.act(&buyer(), Accept::part([0, 1]));
    assert!(!matches!(w.deal.access(Role::Buyer), Access::Original(_)), "{:?}", w.deal.access(Role::Buyer));
    // 9 of 1 000 000: 0.90 of 1 000.00
    let mut w = work();
    w.act(&judge(), Rule::new(Award::Share(Rate::from_ppm(9).unwrap())));
    assert!(!matches!(w.deal.access(Role::Buyer), Access::Original(_)), "{:?}", w.deal.access(Role::Buyer));
}

/// Whoever the deal pays does not judge it.
#[test]
fn arbiter_with_a_stake() {
    let mut draft = plain(Policy::shop());
    draft.services.push(service("delivery", 100_00, Payer::Buyer, Provider::Third(text("courier"))));
    draft.fees.push(escrow::terms::Fee::of_price(
        text("agency"),
        FeePayee::Partner(text("agent")),
        percent(1),
        Payer::Seller,
    ));
    let mut w = World::funded(draft);
    let named = [
        ("anna", NamedAs::Buyer, "the buyer, in `buyer`"),
        ("boris", NamedAs::Seller, "the seller, in `seller`"),
        ("courier", NamedAs::Provider { service: 0 }, "the provider of a service, in `services[0].provider`"),
        ("agent", NamedAs::Partner { fee: 0 }, "the partner who gets a fee, in `fees[0].payee`"),
    ];
    for (who, named, words) in named {
        let refused = w.refuse(&operator(), AppointArbiter::new(text(who)));
        assert_eq!(refused, Rejection::ArbiterIsAParty { named }, "{who}");
        let told = "arbiter: must be neither a party to the deal nor paid by it: the same id is ";
        assert_eq!(refused.to_string(), format!("{told}{words}"));
    }
    w.act(&operator(), AppointArbiter::new(text("solomon")));
}

/// Ids that people cannot tell apart are one id, or none.
#[test]
fn look_alike_ids() {
    let id = |text: &str| text.parse::<PartyId>();
    // e with an accent, in one character and in two
    assert_eq!(id("caf\u{e9}"), id("cafe\u{301}"));
    assert_eq!(id("cafe\u{301}").unwrap().as_str(), "caf\u{e9}");
    let decoded: PartyId = serde_json::from_str("\"cafe\u{301}\"").unwrap();
    assert_eq!(Ok(decoded), id("caf\u{e9}"));
    for (looks, problem) in [
        ("anna\n", TextError::Unseen),
        ("an\tna", TextError::Unseen),
        ("anna\u{202e}", TextError::Unseen),
        ("an\u{200b}na", TextError::Unseen),
        ("an\u{2066}na", TextError::Unseen),
        ("anna\u{fe0f}", TextError::Unseen),
        ("an\u{a0}na", TextError::Unseen),
        ("an\u{2028}na", TextError::Unseen),
        (" anna", TextError::Padded),
        ("anna ", TextError::Padded),
        ("an\0na", TextError::Control),
    ] {
        assert_eq!(id(looks), Err(problem), "{looks:?}");
    }
    assert!(id("Анна Каренина-2").is_ok());
    // every id of people's, not only theirs
    assert_eq!("tele\u{200d}gram".parse::<escrow::deal::command::TrackerName>(), Err(TextError::Unseen));
    let _ = DepositId::BUYER_PAYMENT;
}
