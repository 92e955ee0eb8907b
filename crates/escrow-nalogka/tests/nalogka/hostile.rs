//! Hostile and mistaken input: refused with its path and why, and never a panic.

use escrow::AgentError;
use escrow::deal::Rejection;
use escrow::deposit::DepositId;
use escrow::terms::FeeBase;
use escrow_nalogka::{
    AddAttachments, ApiError, Calculate, Call, ChargeForm, DepositForm, ErrorKind, MAX_BODY, PaymentPage,
    ReturnUrl, Route, UpdateDeal, decode,
};
use escrow_testing::SinkFault;
use proptest::prelude::*;

use super::inputs::urls;
use super::*;

// --- what is refused ---

fn create(body: &Value) -> Result<(), ApiError> {
    let request: CreateDeal = parse(body)?;
    request.new_deal(&shop_user(), None, &Stores).map(|_| ())
}

#[test]
fn what_is_wrong_is_named_by_its_path() {
    let with = |change: &dyn Fn(&mut Value)| {
        let mut body = order();
        let item = body["subject_items"][0].clone();
        body["subject_items"].as_array_mut().unwrap().extend([item.clone(), item]);
        change(&mut body);
        create(&body)
    };
    with(&|_| ()).unwrap();
    type Case = (&'static str, &'static str, Box<dyn Fn(&mut Value)>);
    fn set(at: &'static str, value: Value) -> Box<dyn Fn(&mut Value)> {
        Box::new(move |body| *body.pointer_mut(at).unwrap() = value.clone())
    }
    let price = "/subject_items/2/price";
    let path = "subject_items[2].price";
    let cases: Vec<Case> = vec![
        (path, "a sum of roubles as a string", set(price, json!(1500.0))),
        (path, "a sum of roubles as a string", set(price, json!(1500))),
        (path, "must not be negative", set(price, json!("-0.01"))),
        (path, "2 digits after the point", set(price, json!("0.001"))),
        (path, "64 bits", set(price, json!("92233720368547758.08"))),
        (path, "over its limit", set(price, json!("100000000000000.01"))),
        (path, "ASCII digits", set(price, json!("1e3"))),
        (path, "ASCII digits", set(price, json!("1 500"))),
        (path, "ASCII digits", set(price, json!("NaN"))),
        (path, "ASCII digits", set(price, json!(""))),
        (path, "ASCII digits", set(price, json!("1".repeat(33)))),
        (path, "a sum of roubles as a string", set(price, json!(null))),
        ("subject_items[1].quantity", "must not be zero", set("/subject_items/1/quantity", json!(0))),
        ("subject_items[1].quantity", "over its limit", set("/subject_items/1/quantity", json!(1_000_001))),
        ("subject_items[1].quantity", "u32", set("/subject_items/1/quantity", json!(1.5))),
        ("subject_items[1].quantity", "u32", set("/subject_items/1/quantity", json!(-1))),
        ("subject_items[0].name", "too long", set("/subject_items/0/name", json!("x".repeat(201)))),
        ("subject_items[0].name", "blank", set("/subject_items/0/name", json!("  "))),
        ("subject_items[0].name", "control", set("/subject_items/0/name", json!("a\u{0}"))),
        ("subject_items", "must not be empty", set("/subject_items", json!([]))),
        (
            "subject_items",
            "more than 200",
            set("/subject_items", vec![order()["subject_items"][0].clone(); 201].into()),
        ),
        ("subject_items", "expected a sequence", set("/subject_items", json!({}))),
        (
            "additional_services[0].final_cost",
            "must not be negative",
            set("/additional_services/0/final_cost", json!("-1")),
        ),
        (
            "additional_services[0].original_cost",
            "must not be negative",
            set("/additional_services/0/original_cost", json!("-1")),
        ),
        ("additional_services[0].payer", "50/50", set("/additional_services/0/payer", json!("30/70"))),
        (
            "additional_services[0].payer",
            "a text",
            set("/additional_services/0/payer", json!({ "buyer": null })),
        ),
        ("commission_payer", "a text", set("/commission_payer", json!([]))),
        (
            "additional_services[1].provided_by",
            "a text",
            set("/additional_services/1/provided_by", json!({ "nalogka": null })),
        ),
        (
            "additional_services[1].provided_by",
            "nalogka",
            set("/additional_services/1/provided_by", json!("cdek")),
        ),
        (
            "additional_services",
            "more than 32",
            set("/additional_services", vec![order()["additional_services"][0].clone(); 33].into()),
        ),
        ("commission_payer", "50/50", set("/commission_payer", json!("nobody"))),
        ("buyer_have_to_pay_offline", "must not be over", set("/buyer_have_to_pay_offline", json!("99999"))),
        ("buyer_have_to_pay_offline", "must not be negative", set("/buyer_have_to_pay_offline", json!("-1"))),
        ("partial_buyout_allowed", "a boolean", set("/partial_buyout_allowed", json!("yes"))),
        ("buyer_contacts.email", "a text", set("/buyer_contacts/email", json!(7))),
        ("attachments[0].id", "no such file", set("/attachments/0/id", json!("lost"))),
        (
            "attachments",
            "more than 64",
            set("/attachments", vec![order()["attachments"][0].clone(); 65].into()),
        ),
        ("order_id", "too long", set("/order_id", json!("x".repeat(129)))),
        ("join", "unknown field", Box::new(|body| body["join"] = json!(true))),
        (
            "subject_items[2].vat",
            "unknown field",
            Box::new(|body| body["subject_items"][2]["vat"] = json!("20")),
        ),
        ("buyer_contacts.age", "unknown field", Box::new(|body| body["buyer_contacts"]["age"] = json!(7))),
        (
            "subject_items[1].price",
            "missing field",
            Box::new(|body| {
                body["subject_items"][1].as_object_mut().unwrap().remove("price");
            }),
        ),
        (
            "subject_items",
            "missing field",
            Box::new(|body| {
                body.as_object_mut().unwrap().remove("subject_items");
            }),
        ),
    ];
    for (path, why, change) in cases {
        let error = with(&*change).unwrap_err();
        assert_eq!((error.kind, error.path()), (ErrorKind::Validation, Some(path)), "{error}");
        assert!(error.errors[0].message.contains(why), "{path}: {}", error.errors[0].message);
        assert!(!error.transient);
        assert_eq!(error.http_status(), 422);
    }
}

#[test]
fn both_addresses_are_required_and_checked() {
    for field in ["requisite_id", "success_url", "fail_url"] {
        let mut body = urls();
        body.as_object_mut().unwrap().remove(field);
        assert_eq!(parse::<DepositForm>(&body).unwrap_err().path(), Some(field));
        assert_eq!(parse::<ChargeForm>(&body).unwrap_err().path(), Some(field));
        if field != "requisite_id" {
            body.as_object_mut().unwrap().remove("requisite_id");
            assert_eq!(parse::<PaymentPage>(&body).unwrap_err().path(), Some(field));
        }
        for bad in [json!(null), json!(""), json!(7), json!(["https://a.b"])] {
            body[field] = bad;
            assert_eq!(parse::<DepositForm>(&body).unwrap_err().path(), Some(field));
        }
    }
    let mut body = urls();
    body["fail_url"] = json!("javascript:alert(1)");
    let error = parse::<DepositForm>(&body).unwrap_err();
    assert_eq!(error.path(), Some("fail_url"));
    assert!(error.errors[0].message.contains("https://"), "{error}");
}

#[test]
fn a_field_twice_is_refused() {
    let twice = br#"{"tracker_short_name":"cdek","code":"1","code":"2"}"#;
    let error = decode::<SetPerformingTrack>(twice).unwrap_err();
    assert_eq!((error.path(), error.kind), (Some("code"), ErrorKind::Validation));
    let twice = br#"{"subject_items":[{"name":"x","price":"1","price":"2"}]}"#;
    assert_eq!(decode::<CreateDeal>(twice).unwrap_err().path(), Some("subject_items[0].price"));
}

#[test]
fn what_is_no_json_is_malformed() {
    let deep = format!("{{\"subject_items\":{}", "[".repeat(100_000));
    let huge = format!("{{\"code\":\"{}\"}}", "x".repeat(MAX_BODY));
    let cases: [&[u8]; 8] =
        [b"", b"{", b"nonsense", b"{}{}", b"\xff\xfe", b"{\"code\":NaN}", deep.as_bytes(), huge.as_bytes()];
    for body in cases {
        let error = decode::<SetPerformingTrack>(body).unwrap_err();
        let shown = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
        // an empty object is JSON; what follows it is too much
        assert!(
            matches!(error.kind, ErrorKind::MalformedRequest | ErrorKind::Validation),
            "{shown}: {error}"
        );
        if !body.starts_with(b"{}") && !body.starts_with(b"{\"subject") {
            assert_eq!(
                (error.kind, error.http_status()),
                (ErrorKind::MalformedRequest, 400),
                "{shown}: {error}"
            );
        }
    }
    // a client's own text never comes back whole
    let name = "x".repeat(100_000);
    let long = format!("{{\"{name}\":1,\"code\":[\"{name}\"]}}");
    let error = decode::<SetPerformingTrack>(long.as_bytes()).unwrap_err();
    assert!(serde_json::to_string(&error).unwrap().len() < 2_000);
    // as many errors as one may send are refused at the first
    let many = format!("{{\"subject_items\":[{}]}}", vec!["{}"; 300_000].join(","));
    assert!(decode::<CreateDeal>(many.as_bytes()).is_err());
}

// --- the family of errors ---

#[test]
fn rejections_have_their_kinds() {
    let mut w = created(&shop_user(), &order(), None);
    let kind = |rejection: Rejection| ApiError::from(rejection).kind;
    assert_eq!(kind(w.refuse(&party("eve"), cancel(""))), ErrorKind::AccessDenied);
    assert_eq!(kind(w.refuse(&seller(), Call::ConfirmAcceptation.command())), ErrorKind::AccessDenied);
    let early = ApiError::from(w.refuse(&seller(), Call::PerformingStart.command()));
    assert_eq!((early.kind, early.transient), (ErrorKind::Validation, true));
    assert_eq!(kind(w.refuse(&buyer(), request("x", L, 1))), ErrorKind::AccessDenied);
    let unknown = payment(DepositId::charge(9).unwrap(), "p", rub(1));
    assert_eq!(kind(w.refuse(&escrow::Actor::Gateway, unknown)), ErrorKind::NotFound);
    let mut draft = w.deal.terms().to_draft();
    draft.fees.clear();
    let pinned = ApiError::from(w.refuse(&seller(), amend(1, draft)));
    assert_eq!((pinned.kind, pinned.path()), (ErrorKind::Validation, Some("commission_payer")));
    // the service's own failures are told as such, and can be tried again
    for error in [AgentError::<SinkFault>::Conflict, AgentError::Unknown(SinkFault::After)] {
        let error = ApiError::from(error);
        assert_eq!((error.kind, error.transient, error.http_status()), (ErrorKind::Server, true, 500));
    }
    let rejected = ApiError::from(AgentError::<SinkFault>::Rejected(Rejection::UnknownActor));
    assert_eq!((rejected.kind, rejected.http_status()), (ErrorKind::AccessDenied, 403));
    let fact = AgentError::<SinkFault>::FactRefused {
        transaction: escrow::TxId::new(1),
        rejection: Rejection::UnknownActor,
        then: None,
    };
    assert_eq!(ApiError::from(fact).kind, ErrorKind::Server);
    let told =
        serde_json::to_value(ApiError::item("subject_items[2].price", "must not be negative")).unwrap();
    assert_eq!(
        told,
        json!({ "kind": "validation", "message": "the request has errors",
            "errors": [{ "path": "subject_items[2].price", "message": "must not be negative" }] })
    );
}

/// A schedule that cannot be is the platform's fault, not the request's; a payer whom it cannot have is the request's.
#[test]
fn whose_fault_terms_are() {
    let mut user = shop_user();
    user.fees[0].base = FeeBase::Gross;
    let body = |payer: &str| {
        parse::<Calculate>(&json!({ "subject_items": order()["subject_items"], "commission_payer": payer }))
            .unwrap()
    };
    assert!(body("seller").quote(&user).is_ok());
    // the gross makes room for a fee of the buyer's, and it is never shared
    assert!(body("buyer").quote(&user).is_ok());
    assert_eq!(body("50/50").quote(&user).unwrap_err().path(), Some("commission_payer"));
    user.policy.start_s = 0;
    let error = body("seller").quote(&user).unwrap_err();
    assert_eq!((error.kind, error.transient), (ErrorKind::Server, false));
}

// --- anything at all ---

fn any_json() -> impl Strategy<Value = Value> {
    let words = [
        "subject_items",
        "price",
        "name",
        "quantity",
        "additional_services",
        "payer",
        "success_url",
        "fail_url",
        "requisite_id",
        "code",
        "tracker_short_name",
        "attachments",
        "id",
        "final_cost",
        "50/50",
        "deal",
        "type",
        "deals.deal.created",
        "changes",
        "old_status",
    ];
    let word = prop_oneof![proptest::sample::select(words.to_vec()).prop_map(str::to_owned), ".{0,12}"];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word.clone().prop_map(Value::from),
        "-?[0-9]{1,20}(\\.[0-9]{0,4})?".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::hash_map(word.clone(), inner, 0..6)
                .prop_map(|map| map.into_iter().collect::<serde_json::Map<_, _>>().into()),
        ]
    })
}

fn read_everything(body: &[u8]) {
    let _ = decode::<CreateDeal>(body).map(|r| r.new_deal(&shop_user(), None, &Stores).map(|_| ()));
    let _ = decode::<Calculate>(body).map(|r| r.quote(&market_user()));
    let w = World::new(sale(Policy::shop()));
    let _ = decode::<UpdateDeal>(body).map(|r| {
        r.commands(&shop_user(), &w.deal, &noted(&w), &Caller::party(text("boris")), &Stores).map(|_| ())
    });
    let _ = decode::<AddAttachments>(body).map(|r| r.commands(&Stores));
    let _ = decode::<SetPerformingTrack>(body);
    let _ = decode::<DepositForm>(body).map(|r| r.request(&w.deal, &Caller::party(text("anna")), &Stores));
    let _ = decode::<ChargeForm>(body).map(|r| r.request(&w.deal, &Caller::party(text("anna")), &Stores));
    let _ = decode::<PaymentPage>(body).map(|r| r.command(&w.deal, &text("card")));
    let _ = decode::<escrow_nalogka::Notification>(body);
    let _ = decode::<escrow_nalogka::Deal>(body);
    let _ = decode::<Vec<escrow_nalogka::DealEvent>>(body);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn arbitrary_json_never_panics(value in any_json()) {
        read_everything(value.to_string().as_bytes());
    }

    /// A good request with one thing exchanged is refused or carried out, and says where.
    #[test]
    fn one_thing_exchanged_never_panics(value in any_json(), at in 0_usize..14) {
        let mut body = order();
        let keys: Vec<String> = body.as_object().unwrap().keys().cloned().collect();
        match keys.get(at) {
            Some(key) => body[key] = value,
            None => body["subject_items"][0]["price"] = value,
        }
        if let Err(error) = create(&body) {
            prop_assert!(error.kind == ErrorKind::Server || error.path().is_some_and(|p| !p.is_empty()), "{}", error);
        }
        read_everything(body.to_string().as_bytes());
    }

    #[test]
    fn arbitrary_bytes_and_paths_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), path in ".{0,60}", method in "[A-Z]{0,6}") {
        read_everything(&bytes);
        let _ = Route::of(&method, &path);
        for call in ["/deals/?", "/deals/00000000-0000-0000-0000-000000000007/deposit-form?", ""] {
            let _ = escrow_nalogka::Incoming::read("GET", &format!("{call}{path}"), &bytes);
        }
        let _ = path.parse::<ReturnUrl>();
        let _ = path.parse::<escrow_nalogka::Initiator>();
    }
}
