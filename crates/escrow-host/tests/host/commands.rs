//! What a request meets.

use escrow::agent::{ActError, Committed, Stopped};
use escrow::deal::command::{Accept, Cancel, ConfirmPayment, PaymentForm, RequestPayment, ReturnUrls};
use escrow::deposit::DepositId;
use escrow::terms::Unsettled;
use escrow::{AgentError, Currency, Policy, Rejection, Status, Terms};
use escrow_host::sandbox::{Bank, Faults, SandboxGateway};
use escrow_host::{Host, OnceFailed, Problem};

use crate::world::{World, id, party, rub, terms};

#[tokio::test]
async fn a_deal_from_its_opening_to_its_payout() {
    let world = World::new(Faults::default());
    world.performing(1).await;
    let acted = world.host.act(id(1), Accept::default(), party("anna")).await.unwrap();
    assert_eq!(acted.after.status(), Status::Completed);
    let audit = world.bank().audit([&world.load(1).await]).unwrap();
    assert_eq!((audit.movements, audit.findings), (2, vec![]));
    let counts = world.host.figures().await.unwrap().counts;
    // opened, paid, started, accepted
    assert_eq!((counts.commands, counts.rejected, counts.gateway_errors), (4, 0, 0));
}

#[tokio::test]
async fn a_refused_fact_is_an_error_and_an_incident() {
    let world = World::new(Faults::default());
    world.paid(1).await;
    let other = ConfirmPayment::charged(
        DepositId::BUYER_PAYMENT,
        Bank::name().unwrap(),
        "pay-1".parse().unwrap(),
        rub(999_00),
    );
    let error = world.host.webhook(id(1), other).await.unwrap_err();
    assert!(matches!(error, ActError::Rejected(Rejection::FactContradicts(_))), "{error}");
    let incidents = world.host.repository().open_incidents(0, 10).unwrap();
    assert_eq!((incidents.len(), incidents[0].1.what.as_str()), (1, "fact-refused"));
    assert!(incidents[0].1.detail.contains("999"), "{}", incidents[0].1.detail);
    // a party's mistake is none
    world.host.act(id(1), Accept::default(), party("stranger")).await.unwrap_err();
    assert_eq!(world.host.repository().open_incidents(0, 10).unwrap().len(), 1);
}

#[tokio::test]
async fn a_checkout_gives_the_form_again_and_says_what_it_is_for() {
    let world = World::new(Faults::default());
    world.host.open(id(1), terms(), party("shop")).await.unwrap();
    let urls = ReturnUrls::new(
        "https://shop.example/paid".parse().unwrap(),
        "https://shop.example/failed".parse().unwrap(),
    );
    let form = PaymentForm::new("card".parse().unwrap(), urls);
    let request =
        RequestPayment::new("checkout-1".parse().unwrap(), DepositId::BUYER_PAYMENT, rub(1_000_00), form);
    let first = world.host.checkout(id(1), request.clone(), party("anna")).await.unwrap();
    assert!(first.parameters.contains(&("description".to_owned(), "Lamp".to_owned())), "{first:?}");
    assert_eq!(world.host.checkout(id(1), request, party("anna")).await.unwrap(), first);
}

#[tokio::test]
async fn a_clients_key_is_answered_once() {
    let world = World::new(Faults::default());
    let open = async |number: u128| {
        let done = world.host.open(id(number), terms(), party("shop")).await;
        done.map(|deal| deal.id().to_string()).map_err(|e| e.to_string())
    };
    let first = world.host.once("shop", "k1", "lamp", open(1)).await.unwrap();
    // the same request again, though its work would open another deal
    assert_eq!(world.host.once("shop", "k1", "lamp", open(2)).await.unwrap(), first);
    let reused = world.host.once("shop", "k1", "chair", open(3)).await;
    assert!(matches!(reused, Err(OnceFailed::KeyReused)));
    // work that failed leaves no trace
    let failed = world.host.once("shop", "k2", "lamp", open(1)).await;
    assert!(matches!(failed, Err(OnceFailed::Work(_))));
    assert_eq!(world.host.once("shop", "k2", "lamp", open(4)).await.unwrap(), id(4).to_string());
}

#[tokio::test]
async fn errors_are_problems() {
    let world = World::new(Faults::default());
    world.performing(1).await;
    let problem = |error: &ActError<_, Rejection>| Problem::from(error);
    let stranger = world.host.act(id(1), Accept::default(), party("stranger")).await.unwrap_err();
    assert_eq!((problem(&stranger).status, problem(&stranger).code.as_str()), (403, "unknown-actor"));
    let nothing = world.host.act(id(404), Accept::default(), party("anna")).await.unwrap_err();
    assert_eq!(problem(&nothing).status, 404);
    world.host.act(id(1), Accept::default(), party("anna")).await.unwrap();
    let late = world.host.act(id(1), Cancel::default(), party("anna")).await.unwrap_err();
    assert!([409, 410].contains(&problem(&late).status), "{late}");
    let cases = [(Committed::Yes, 202, false), (Committed::No, 503, true), (Committed::Unknown, 503, true)];
    for (committed, status, retry) in cases {
        let stopped = ActError::<&str>::Stopped { stopped: Stopped::Storage("/var/db is full"), committed };
        let problem = Problem::from(&stopped);
        assert_eq!((problem.status, problem.retry), (status, retry));
        // what the storage says is nobody's business outside
        assert!(!serde_json::to_string(&problem).unwrap().contains("/var"));
    }
}

/// Nobody would ever see what is credited to balances that nobody keeps.
#[tokio::test]
async fn a_host_without_balances_opens_no_deal_that_credits_them() {
    let world = World::new(Faults::default());
    let gateway = SandboxGateway::new(Bank::in_memory(Faults::default()).unwrap(), world.clock.clone());
    let host = Host::builder(world.host.repository().clone(), gateway, world.clock.clone()).build();
    let terms = |policy| {
        let builder = Terms::builder("anna", "shop", Currency::RUB).item("Phone", rust_decimal::dec!(1_000));
        builder.policy(policy).build().unwrap()
    };
    let refused = host.open(id(1), terms(Policy::shop()), party("shop")).await.unwrap_err();
    let AgentError::Rejected(refused) = refused else { panic!("{refused:?}") };
    assert_eq!(refused.code(), "invalid-terms");
    assert!(refused.to_string().contains("unsettled"), "{refused}");
    let nothing = host.act(id(1), Accept::default(), party("anna")).await.unwrap_err();
    assert!(matches!(nothing, ActError::NotFound), "{nothing}");
    let policy = Policy::shop().unsettled(Unsettled::Unclaimed);
    assert!(host.open(id(1), terms(policy), party("shop")).await.is_ok());
}
