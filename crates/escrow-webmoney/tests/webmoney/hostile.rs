//! Malformed and hostile calls: refused with an error that names the field and why, under a stable code, without
//! quoting what was sent. Nothing panics.

use escrow_webmoney::{CallError, MAX_BYTES, UserProfileInfo};
use proptest::prelude::*;

use super::*;

fn judge_create(json: &Value) -> Result<(), CallError> {
    judge_text(&json.to_string())
}

fn judge_text(json: &str) -> Result<(), CallError> {
    from_json::<ContractCreate>(json)?.proposal(&parties(), &Rules::default()).map(drop)
}

fn refused(error: &CallError, field: &str, code: &str) {
    assert_eq!((error.field(), error.code()), (field, code), "{error}");
    assert!(error.to_string().starts_with(&format!("{field}: ")), "{error}");
}

/// A path such as `seller.Deposit`, and what to put there; `null` removes nothing, it is a value.
fn with(path: &str, value: Value) -> Value {
    let mut json = create();
    let pointer = format!("/{}", path.replace('.', "/"));
    match json.pointer_mut(&pointer) {
        Some(place) => *place = value,
        None => {
            let (parent, name) = pointer.rsplit_once('/').unwrap();
            json.pointer_mut(parent).unwrap()[name] = value;
        }
    }
    json
}

#[test]
fn a_wrong_value_is_refused_by_name() {
    let long = "x".repeat(5_000);
    let cases = [
        // amounts: floats, numbers, signs, digits, formats
        ("amount", json!(10000.5), "invalid-value"),
        ("amount", json!(10000), "invalid-value"),
        ("amount", json!(null), "invalid-value"),
        ("amount", json!(true), "invalid-value"),
        ("amount", json!({ "amount": "1" }), "invalid-value"),
        ("amount", json!("1e3"), "invalid-value"),
        ("amount", json!("+1"), "invalid-value"),
        ("amount", json!("1,000.00"), "invalid-value"),
        ("amount", json!(" 1"), "invalid-value"),
        ("amount", json!(""), "invalid-value"),
        ("amount", json!("NaN"), "invalid-value"),
        ("amount", json!("١٠"), "invalid-value"),
        ("amount", json!("9".repeat(33)), "invalid-value"),
        ("amount", json!(long), "invalid-value"),
        ("amount", json!("9".repeat(32)), "over-limit"),
        ("amount", json!("9223372036854775807"), "over-limit"),
        // 10^16 minor units is the most, and a kopeck more is over it
        ("amount", json!("100000000000000.01"), "over-limit"),
        ("amount", json!("10000.001"), "too-many-digits"),
        ("amount", json!("-10000.00"), "negative"),
        ("amount", json!("0"), "zero"),
        ("amount", json!("-0.00"), "zero"),
        ("seller.Deposit", json!(1000.0), "invalid-value"),
        ("seller.Deposit", json!("-0.01"), "negative"),
        ("seller.Deposit", json!("0.001"), "too-many-digits"),
        ("buyer.Deposit", json!("100000000000000.01"), "over-limit"),
        // currencies
        ("amountCurrencyId", json!("ROUBLES"), "invalid-value"),
        ("amountCurrencyId", json!("rub"), "invalid-value"),
        ("amountCurrencyId", json!(643), "invalid-value"),
        ("currencyId", json!("WMQ"), "invalid-value"),
        ("currencyId", json!("XAU"), "invalid-value"),
        ("currencyId", json!(long), "invalid-value"),
        // counts and durations
        ("count", json!(0), "zero"),
        ("count", json!(-1), "invalid-value"),
        ("count", json!(1.5), "invalid-value"),
        ("count", json!("2"), "invalid-value"),
        ("count", json!(1_000_001), "over-limit"),
        ("count", json!(4_294_967_296_u64), "invalid-value"),
        ("duration", json!(0), "zero"),
        ("duration", json!(-3), "invalid-value"),
        ("duration", json!(3_651), "over-limit"),
        ("duration", json!(4_294_967_295_u32), "over-limit"),
        ("duration", json!(18_446_744_073_709_551_615_u64), "invalid-value"),
        ("duration", json!(0.5), "invalid-value"),
        ("durationToDeal", json!(0), "zero"),
        ("durationToDeal", json!(3_651), "over-limit"),
        ("durationToDeal", json!("3"), "invalid-value"),
        // texts
        ("description", json!(""), "invalid-value"),
        ("description", json!(" \n\t"), "invalid-value"),
        ("description", json!(long), "invalid-value"),
        ("description", json!("a\u{0}b"), "invalid-value"),
        ("serviceId", json!(""), "invalid-value"),
        ("serviceId", json!(long), "invalid-value"),
        ("serviceId", json!(77), "invalid-value"),
        ("userId", json!("mallory"), "not-a-party"),
        ("hash", json!(long), "invalid-value"),
        ("hash", json!(null), "invalid-value"),
        ("seller.Phone", json!(long), "invalid-value"),
        ("seller.Purse", json!(["R1"]), "invalid-value"),
        ("depositToSeller", json!("true"), "invalid-value"),
        ("depositToSeller", json!(1), "invalid-value"),
        // objects
        ("seller", json!(null), "invalid-value"),
        ("seller", json!(["ext-boris", "1000.00"]), "invalid-value"),
        ("seller", json!("ext-boris"), "invalid-value"),
        ("seller.ExternalId", json!(null), "missing-field"),
        ("buyer.ExternalId", json!(null), "missing-field"),
        ("buyer.ExternalId", json!("ext-boris"), "buyer-is-seller"),
        ("buyer.externalId", json!("ext-anna"), "unknown-field"),
        ("admin", json!(true), "unknown-field"),
        // what is the service's to say
        ("buyer.IsDepositPaid", json!(true), "answer-only"),
        ("buyer.Agree", json!(true), "answer-only"),
        ("buyer.Accepted", json!(true), "answer-only"),
        ("buyer.Canceled", json!(true), "answer-only"),
        ("seller.IsDepositPaid", json!(true), "answer-only"),
        ("seller.InvoiceId", json!(1), "answer-only"),
        // the other side's payment
        ("buyer.TranId", json!("t-1"), "not-yours"),
    ];
    for (path, value, code) in cases {
        let error = judge_create(&with(path, value.clone())).expect_err(&format!("{path}: {value}"));
        refused(&error, path, code);
        // what was sent is not told again
        if let Some(text) = value.as_str().filter(|t| t.len() > 4 && *t != "9".repeat(32)) {
            assert!(!error.to_string().contains(text), "{error}");
        }
        assert!(error.to_string().len() < 250, "{error}");
    }
    // and what is not wrong is taken
    for (path, value) in [
        ("amount", json!("100000000000000.00")),
        ("amount", json!("0.01")),
        ("amount", json!("10000.000")),
        ("count", json!(1_000_000)),
        ("duration", json!(3_650)),
        ("durationToDeal", json!(1)),
        ("seller.Deposit", json!(null)),
        ("buyer.Agree", json!(false)),
        ("seller.TranId", json!("t-1")),
        ("currencyId", json!("WMZ")),
        ("currencyId", json!("COIN.4")),
    ] {
        judge_create(&with(path, value)).unwrap();
    }
}

#[test]
fn every_argument_is_required() {
    for (name, _) in create().as_object().unwrap() {
        let mut json = create();
        json.as_object_mut().unwrap().remove(name);
        refused(&judge_create(&json).unwrap_err(), name, "missing-field");
    }
    for name in ["serviceId", "userId", "contractId", "purse", "hash"] {
        let mut json = about("anna", "contractId");
        json["purse"] = json!("R1");
        from_json::<ContractAccept>(&json.to_string()).expect("without a transaction");
        json.as_object_mut().unwrap().remove(name);
        refused(&from_json::<ContractAccept>(&json.to_string()).unwrap_err(), name, "missing-field");
    }
    for name in ["serviceId", "userId", "dealId", "hash"] {
        let mut json = about("anna", "dealId");
        json.as_object_mut().unwrap().remove(name);
        refused(&from_json::<DealSuccess>(&json.to_string()).unwrap_err(), name, "missing-field");
        refused(&from_json::<ArbitrageCreateClaim>(&json.to_string()).unwrap_err(), name, "missing-field");
    }
    let profile = from_json::<UserProfileInfo>(r#"{"Id":"anna"}"#).unwrap_err();
    refused(&profile, "Tags", "missing-field");
}

#[test]
fn unknown_and_duplicate_fields_are_refused() {
    for (call, parent) in [("{\"evil\":1,", ""), ("\"seller\":{\"evil\":1,", "seller.")] {
        let place = if parent.is_empty() { "{" } else { "\"seller\":{" };
        let json = create().to_string().replacen(place, call, 1);
        refused(&judge_text(&json).unwrap_err(), &format!("{parent}evil"), "unknown-field");
    }
    let twice = create().to_string().replacen('{', r#"{"amount":"1.00","#, 1);
    refused(&judge_text(&twice).unwrap_err(), "amount", "duplicate-field");
    let twice = create().to_string().replacen("\"seller\":{", "\"seller\":{\"Deposit\":\"1.00\",", 1);
    refused(&judge_text(&twice).unwrap_err(), "seller.Deposit", "duplicate-field");
    // a name of a megabyte is too long to read, one of a kilobyte to repeat
    let name = "я".repeat(1_000);
    let json = create().to_string().replacen('{', &format!("{{\"{name}\":1,"), 1);
    let error = judge_text(&json).unwrap_err();
    refused(&error, &"я".repeat(64), "unknown-field");
    let json = create().to_string().replacen('{', r#"{"a\nERROR forged\u001b[31m":1,"#, 1);
    refused(&judge_text(&json).unwrap_err(), "a\u{fffd}ERROR forged\u{fffd}[31m", "unknown-field");
    // and one that looks like the message itself
    let json = create().to_string().replacen('{', r#"{"x`, expected `y` at line 1":1,"#, 1);
    assert_eq!(judge_text(&json).unwrap_err().code(), "unknown-field");
}

#[test]
fn what_is_no_call_is_refused() {
    for text in
        ["", " ", "{", "nul", "{\"serviceId\":", "{}}", "{'a':1}", "\u{feff}{}", "{\"a\":\"\\ud800\"}"]
    {
        let error = judge_text(text).unwrap_err();
        assert!(
            ["malformed-json", "missing-field", "unknown-field"].contains(&error.code()),
            "{text}: {error}"
        );
    }
    for text in ["[]", "1", "null", "\"text\"", "[[[[[[]]]]]]"] {
        refused(&judge_text(text).unwrap_err(), "json", "invalid-value");
    }
    refused(&judge_text(&format!("{} {{}}", create())).unwrap_err(), "json", "malformed-json");
    refused(&judge_text(&"[".repeat(MAX_BYTES + 1)).unwrap_err(), "json", "call-too-large");
    // no deeper than the parser goes
    let deep = format!("{{\"seller\":{}", "{\"a\":".repeat(20_000));
    assert!(judge_text(&deep).is_err());
    let tags = serde_json::to_string(&json!({ "Id": "a", "Tags": vec!["t"; 33] })).unwrap();
    refused(&from_json::<UserProfileInfo>(&tags).unwrap_err(), "Tags", "invalid-value");
    // the longest texts of a call, every character escaped, fit
    let description = "\\ud83d\\ude00".repeat(4_000);
    let json = create().to_string().replace("Two oak tables", &description);
    judge_text(&json).unwrap();
}

#[test]
fn a_deposit_that_pays_is_in_the_prices_currency_and_not_over_it() {
    let refuse = |change: &dyn Fn(&mut Value), field: &str, code: &str| {
        let mut json = create_paying();
        change(&mut json);
        refused(&judge_create(&json).unwrap_err(), field, code);
    };
    refuse(&|j| j["currencyId"] = json!("WMZ"), "currencyId", "deposit-pays-in-price-currency");
    refuse(&|j| j["buyer"]["Deposit"] = json!("10000.01"), "buyer.Deposit", "deposit-over-price");
    refuse(&|j| j["buyer"]["Deposit"] = json!(null), "buyer.Deposit", "missing-field");
    refuse(&|j| j["buyer"]["Deposit"] = json!("0.00"), "buyer.Deposit", "missing-field");
}

#[test]
fn buyer_and_seller_are_two() {
    // by the host's own ids, whatever the external ones say
    let one = Parties { buyer: text("boris"), ..parties() };
    let error = call::<ContractCreate>(&create()).proposal(&one, &Rules::default()).unwrap_err();
    refused(&error, "buyer.ExternalId", "buyer-is-seller");
}

#[test]
fn a_call_about_another_deal_is_refused() {
    let w = concluded(&create());
    let mut json = about("anna", "dealId");
    json["dealId"] = json!("00000000-0000-0000-0000-000000000008");
    let success: DealSuccess = call(&json);
    refused(&success.command(&w.deal).unwrap_err(), "dealId", "other-deal");
    let claim: ArbitrageCreateClaim = call(&json);
    refused(&claim.command(&w.deal, text("c")).unwrap_err(), "dealId", "other-deal");
    json["dealId"] = json!("7");
    refused(&from_json::<DealSuccess>(&json.to_string()).unwrap_err(), "dealId", "invalid-value");
    let mut stranger = accept("anna", None);
    stranger.user_id = text("mallory");
    let error = stranger.commands(&w.deal, 1, &text("webmoney"), text("w")).unwrap_err();
    refused(&error, "userId", "not-a-party");
    // a stranger's report is the deal's own to refuse
    let mut w = w;
    let stranger: DealSuccess = call(&about("mallory", "dealId"));
    let command = stranger.command(&w.deal).unwrap();
    assert_eq!(attempt(&mut w, &stranger, &command), Err(Rejection::UnknownActor));
}

#[test]
fn a_take_is_checked() {
    let offer = offer();
    let deal = escrow::DealId::new(uuid::Uuid::nil());
    for (field, value, code) in [
        ("Count", json!(0), "zero"),
        ("Count", json!(-1), "invalid-value"),
        ("Count", json!(1_000_001), "over-limit"),
        ("OfferId", json!("00000000-0000-0000-0000-000000000008"), "other-deal"),
        ("OfferId", json!(9), "invalid-value"),
        ("UserId", json!(""), "invalid-value"),
        ("Phone", json!("x".repeat(129)), "invalid-value"),
        ("phone", json!("+7"), "unknown-field"),
    ] {
        let mut json = taking();
        json[field] = value;
        let judged = from_json::<OfferUserInfo>(&json.to_string())
            .and_then(|info| info.take(&offer, deal, None, None));
        refused(&judged.unwrap_err(), field, code);
    }
    for name in ["OfferId", "UserId", "Count"] {
        let mut json = taking();
        json.as_object_mut().unwrap().remove(name);
        refused(&from_json::<OfferUserInfo>(&json.to_string()).unwrap_err(), name, "missing-field");
    }
}

/// JSON of any shape, with names that the calls know among its keys.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(|n| json!(n)),
        ".{0,20}".prop_map(Value::from),
        "-?[0-9]{1,40}(\\.[0-9]{1,20})?".prop_map(Value::from),
        prop::sample::select(vec!["RUB", "WMZ", "anna", "boris", "1000.00", ID]).prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        let key = prop_oneof![
            prop::sample::select(vec![
                "serviceId",
                "userId",
                "amount",
                "amountCurrencyId",
                "seller",
                "buyer",
                "currencyId",
                "description",
                "count",
                "duration",
                "durationToDeal",
                "depositToSeller",
                "hash",
                "contractId",
                "dealId",
                "purse",
                "tranId",
                "ExternalId",
                "Deposit",
                "Tags",
                "Id",
                "CanCreateСlaim",
                "CanCreateClaim",
            ])
            .prop_map(str::to_owned),
            ".{0,8}",
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(key, inner, 0..8).prop_map(|m| m.into_iter().collect::<Value>()),
        ]
    })
}

fn read_all(json: &str) {
    let _ = from_json::<ContractCreate>(json).map(|c| {
        let _ = c.proposal(&parties(), &Rules::default());
        c.verify(&secret())
    });
    let _ = from_json::<ContractAccept>(json);
    let _ = from_json::<ContractCancel>(json);
    let _ = from_json::<DealSuccess>(json);
    let _ = from_json::<DealCancel>(json);
    let _ = from_json::<ArbitrageCreateClaim>(json);
    let _ = from_json::<ContractInfo>(json);
    let _ = from_json::<DealInfo>(json);
    let _ = from_json::<ExtUserInfo>(json);
    let _ = from_json::<OfferInfo>(json);
    let _ = from_json::<OfferUserInfo>(json);
    let _ = from_json::<UserProfileInfo>(json);
}

proptest! {
    #[test]
    fn arbitrary_json_never_panics(json in any_json()) {
        read_all(&json.to_string());
    }

    #[test]
    fn arbitrary_text_never_panics(text in "\\PC{0,200}") {
        read_all(&text);
    }

    /// One field of a good call replaced by anything: an error that names it, or a call.
    #[test]
    fn a_changed_call_never_panics(
        place in prop::sample::select(vec![
            "amount", "amountCurrencyId", "seller", "buyer", "currencyId", "description", "count", "duration",
            "durationToDeal", "depositToSeller", "hash", "seller.Deposit", "buyer.ExternalId", "seller.Phone",
        ]),
        value in any_json(),
    ) {
        if let Err(error) = judge_create(&with(place, value)) {
            let named = error.field().starts_with(place) || error.code().starts_with("deposit")
                || error.code() == "buyer-is-seller";
            prop_assert!(named, "{}: {}", place, error);
        }
    }

    /// Any amount that a currency can have is read as it was written, and adds up over the units.
    #[test]
    fn amounts_survive(minor in 1..=10_000_000_000_000_000_i64, count in 1_u32..=1_000_000) {
        let mut json = create();
        json["amount"] = json!(rub(minor).to_decimal().to_string());
        json["count"] = json!(count);
        let terms = call::<ContractCreate>(&json).proposal(&parties(), &Rules::default()).unwrap().terms;
        prop_assert_eq!(terms.quote().price, rub(minor));
        prop_assert_eq!(terms.items.iter().map(|i| i.quantity).sum::<u32>(), count);
        prop_assert_eq!(terms.quote().deposit, rub(0));
    }
}
