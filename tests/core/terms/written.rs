//! Terms as a caller writes them: the builder in Rust, presets by name in JSON.
#![allow(clippy::unwrap_used)]
// 23_500_00 reads as 23 500.00
#![allow(clippy::inconsistent_digit_grouping)]

use escrow::money::{MoneyError, RateError};
use escrow::terms::{
    Fee, FeeBase, FeePayee, Item, OnRefund, Payer, Problem, Provider, Service, TermsBuilder, TermsError,
};
use escrow::{Currency, Money, Policy, Rate, Side, Terms, TermsDraft, TextError};
use rust_decimal::dec;
use serde_json::{Value, json};

fn rub(minor: i64) -> Money {
    Money::from_minor(minor, Currency::RUB)
}

fn begun() -> TermsBuilder {
    Terms::builder("anna", "shop", Currency::RUB)
}

#[test]
fn a_builder_writes_what_a_draft_says() {
    let built = begun()
        .item("Phone", dec!(23_500))
        .items("Case", 2, rub(450_50))
        .service(Service::costing("Delivery", dec!(300)).third("courier").payer(Payer::Shared(Rate::HALF)))
        .fee(Fee::percent("platform", dec!(2.5)).min(dec!(10)).max(dec!(5_000)).on_refund(OnRefund::Keep))
        .fee(Fee::fixed("partner", dec!(5)).partner("pavel").out_of("platform"))
        .policy(Policy::marketplace())
        .arbiter("judge")
        .pay_offline(dec!(100))
        .guarantee(Side::Seller, Money::from_minor(10, Currency::USD))
        .order_id("order-1")
        .tag("phones")
        .to_draft()
        .unwrap();

    let items = vec![
        Item::new("Phone".parse().unwrap(), rub(23_500_00), 1),
        Item::new("Case".parse().unwrap(), rub(450_50), 2),
    ];
    let (anna, shop) = ("anna".parse().unwrap(), "shop".parse().unwrap());
    let mut draft = TermsDraft::new(anna, shop, Currency::RUB, items, Policy::marketplace());
    draft.services = vec![Service {
        name: "Delivery".parse().unwrap(),
        description: None,
        original_cost: None,
        final_cost: rub(300_00),
        payer: Payer::Shared(Rate::HALF),
        provider: Provider::Third("courier".parse().unwrap()),
    }];
    let rate = Rate::from_ppm(25_000).unwrap();
    let mut platform = Fee::of_price("platform".parse().unwrap(), FeePayee::Platform, rate, Payer::Seller);
    (platform.min, platform.max) = (Some(rub(10_00)), Some(rub(5_000_00)));
    platform.on_refund = Some(OnRefund::Keep);
    let pavel = FeePayee::Partner("pavel".parse().unwrap());
    let mut partner = Fee::carved("partner".parse().unwrap(), pavel, Rate::ZERO, "platform".parse().unwrap());
    partner.fixed = Some(rub(5_00));
    draft.fees = vec![platform, partner];
    draft.arbiter = Some("judge".parse().unwrap());
    draft.pay_offline = Some(rub(100_00));
    draft.guarantees.seller = Some(Money::from_minor(10, Currency::USD));
    draft.order_id = Some("order-1".parse().unwrap());
    draft.tags = vec!["phones".parse().unwrap()];
    assert_eq!(built, draft);
}

#[test]
fn a_builder_keeps_the_first_mistake_and_names_its_field() {
    let wrong = |builder: TermsBuilder| {
        let error = builder.build().unwrap_err();
        (error.to_string().split_once(' ').unwrap().0.to_owned(), error.problem())
    };
    let phone = || begun().item("Phone", dec!(10));
    let usd = |minor| Money::from_minor(minor, Currency::USD);
    let cases: [(TermsBuilder, &str, Problem); 10] = [
        (Terms::builder("", "shop", Currency::RUB), "buyer", Problem::Text(TextError::TooShort { min: 1 })),
        (phone().item(" ", dec!(1)), "items[1].name", Problem::Text(TextError::Blank)),
        (
            phone().item("Case", dec!(0.001)),
            "items[1].unit_price",
            Problem::Money(MoneyError::TooManyDigits { max: 2 }),
        ),
        (phone().item("Case", usd(1)), "items[1].unit_price", Problem::OtherCurrency),
        (phone().fee(Fee::percent("fee", 101)), "fees[0].rate", Problem::Rate(RateError::OutOfRange)),
        (phone().fee(Fee::percent("fee", 1).min(usd(1))), "fees[0].min", Problem::OtherCurrency),
        (
            phone().service(Service::costing("Delivery", dec!(1)).third(" ")),
            "services[0].provider",
            Problem::Text(TextError::Blank),
        ),
        (phone().fee(Fee::percent("part", 1).out_of("fee")), "fees[0].out_of", Problem::UnknownParent),
        (
            phone().fee(Fee::percent("fee", 1).base(FeeBase::Gross).payer(Payer::Shared(Rate::HALF))),
            "fees[0].base",
            Problem::GrossFeeShared,
        ),
        // the first of two
        (phone().arbiter("").tag(""), "arbiter", Problem::Text(TextError::TooShort { min: 1 })),
    ];
    for (builder, field, problem) in cases {
        assert_eq!(wrong(builder), (field.to_owned(), problem));
    }
    let error: TermsError = Terms::builder("", "shop", Currency::RUB).build().unwrap_err();
    assert!(std::error::Error::source(&error).is_some());
}

#[test]
fn a_preset_is_named_and_what_differs_is_replaced() {
    let read = |json: Value| serde_json::from_value::<Policy>(json);
    assert_eq!(read(json!({ "preset": "shop" })).unwrap(), Policy::shop());
    assert_eq!(read(json!({ "preset": "marketplace" })).unwrap(), Policy::marketplace());
    assert_eq!(read(json!({ "preset": "guarantee" })).unwrap(), Policy::guarantee());
    assert_eq!(read(json!({ "preset": "freelance" })).unwrap(), Policy::freelance());
    let changed = json!({ "preset": "shop", "acceptance_s": 7200, "default_ruling": { "share": "50%" } });
    let expected =
        Policy::shop().acceptance_s(7_200).default_ruling(escrow::DefaultRuling::Share(Rate::HALF));
    assert_eq!(read(changed).unwrap(), expected);
    // it is stored whole
    let stored = serde_json::to_value(&expected).unwrap();
    assert_eq!(stored.get("preset"), None);
    assert_eq!(read(stored).unwrap(), expected);

    let error = |json: Value| read(json).unwrap_err().to_string();
    assert!(
        error(json!({ "preset": "bazaar" })).contains("unknown variant `bazaar`, expected one of `shop`")
    );
    assert!(error(json!({ "preset": "shop", "accept_s": 1 })).contains("unknown field `accept_s`"));
    assert!(error(json!({ "acceptance_s": 1 })).contains("missing field `consent`"));
    let terms = json!({
        "buyer": "anna", "seller": "shop", "currency": "RUB",
        "items": [{ "name": "Phone", "unit_price": { "amount": "1", "currency": "RUB" } }],
        "policy": { "preset": "shop", "acceptance_s": -1 },
    });
    let error = serde_json::from_value::<Terms>(terms).unwrap_err().to_string();
    assert!(error.contains("invalid value: integer `-1`"), "{error}");
}
