//! Every input: what it comes to, that it reads back, and what is refused, where and why.

use escrow::deal::Rejection;
use escrow::deal::command::{Accept, Amend, RemoveTrack, StartPerforming, StopPerforming};
use escrow::deposit::DepositId;
use escrow::terms::FeeBase;
use escrow::testing::{ManualClock, MemorySink, ScriptedGateway, SinkFault};
use escrow::wire::nalogka::{
    AddAttachments, ApiError, Calculate, Call, ChargeForm, DepositForm, ErrorKind, Form, InitiatorQuery,
    MAX_BODY, PaymentPage, ReturnUrl, Route, UpdateDeal, UrlError, decode,
};
use escrow::{AgentError, Status};
use proptest::prelude::*;

use super::*;

fn urls() -> Value {
    json!({ "requisite_id": "card", "success_url": "https://tea.example/ok", "fail_url": "http://tea.example:8080/no" })
}

// --- what a request comes to ---

#[test]
fn a_calculation_is_the_quote() {
    let mut request = order();
    for field in ["order_id", "conditions", "buyer_contacts", "attachments", "partial_buyout_allowed"] {
        request.as_object_mut().unwrap().remove(field);
    }
    let calculate: Calculate = parse(&request).unwrap();
    let quote = serde_json::to_value(calculate.quote(&shop_user()).unwrap()).unwrap();
    // 2 × 1 500; delivery 300 by the seller at the buyer's expense; 4 % of 3 000 half and half
    let by_hand = json!({
        "subject_items_sum": "3000.00", "seller_provided_sum": "300.00", "seller_consumed_sum": "0.00",
        "buyer_consumed_sum": "300.00", "commission_payer": "50/50", "commission_sum": "120.00",
        "commission_seller_sum": "60.00", "commission_buyer_sum": "60.00", "buyer_expenses": "360.00",
        "seller_expenses": "60.00", "buyer_have_to_pay_online": "3360.00", "buyer_have_to_pay_offline": "0.00",
        "seller_have_to_pay_online": "0.00", "payout": "3240.00", "seller_profit": "2940.00",
    });
    assert_eq!(quote, by_hand);
    // and the deal that is created of the same request has the same
    let deal = project(&created(&shop_user(), &order(), None));
    assert_eq!(serde_json::to_value(deal.calculation_result).unwrap(), by_hand);
    assert_eq!(deal.commission_payer, Some(nalogka::Payer::Half));

    // the SDK's sale: 23 500, delivery at 400 by and for the seller, who pays the commission: 4 % = 940
    let phone: Calculate = parse(&json!({
        "subject_items": [{ "name": "Phone", "price": "23500" }],
        "additional_services": [{ "name": "CDEK", "original_cost": "450", "final_cost": "400", "payer": "seller", "provided_by": "seller" }],
        "commission_payer": "seller",
        "buyer_have_to_pay_offline": "0"
    }))
    .unwrap();
    let quote = phone.quote(&shop_user()).unwrap();
    let sums = [quote.buyer_have_to_pay_online, quote.payout, quote.seller_profit, quote.seller_expenses];
    assert_eq!(sums.map(|s| s.to_string()), ["23500.00", "22560.00", "22160.00", "1340.00"]);
    assert_eq!(phone.subject_items[0].quantity, 1, "one where not given");
}

#[test]
fn a_shop_is_the_seller_where_none_is_named() {
    let w = created(&shop_user(), &order(), None);
    let terms = w.deal.terms();
    assert_eq!((terms.seller.as_str(), terms.buyer.as_str()), ("boris", "anna"));
    assert_eq!(w.status(), Status::AwaitingDeposit);
    assert!(w.deal.consents().all());
    assert_eq!(terms.order_id.as_deref(), Some("4127"));
    // the call came in by the shop's API user
    assert_eq!(w.journal[0].actor, seller());
    let request: CreateDeal = parse(&order()).unwrap();
    let new = request.new_deal(&shop_user(), None, Some(text("anna")), files).unwrap();
    assert_eq!(new.caller.via.as_deref(), Some("shop-api"));
    assert_eq!(new.buyer_contacts.unwrap().email.as_deref(), Some("anna@example.org"));
    // nobody else
    let mut other = order();
    other["seller_profile_id"] = json!("somebody");
    let refused =
        parse::<CreateDeal>(&other).unwrap().new_deal(&shop_user(), None, Some(text("anna")), files);
    assert_eq!(refused.unwrap_err().kind, ErrorKind::AccessDenied);
    assert_eq!(shop_user().caller(Some(&text("anna"))).unwrap_err().kind, ErrorKind::AccessDenied);
    // and somebody must buy
    let nobody = request.new_deal(&shop_user(), None, None, files).unwrap_err();
    assert_eq!(nobody.path(), Some("buyer_profile_id"));
    let itself = request.new_deal(&shop_user(), None, Some(text("boris")), files).unwrap_err();
    assert_eq!(itself.path(), Some("seller_profile_id"));
}

#[test]
fn a_marketplace_acts_for_its_users() {
    let mut request = order();
    request["buyer_profile_id"] = json!("anna");
    let create = |request: &Value, initiator: Option<&str>| {
        let request: CreateDeal = parse(request).unwrap();
        request.new_deal(&market_user(), initiator.map(text).as_ref(), None, files)
    };
    assert_eq!(create(&request, Some("anna")).unwrap_err().path(), Some("seller_profile_id"));
    request["seller_profile_id"] = json!("boris");
    let by_buyer = create(&request, Some("anna")).unwrap();
    assert_eq!((by_buyer.caller.actor, by_buyer.caller.via), (buyer(), Some(text("market-api"))));
    assert_eq!(create(&request, Some("eve")).unwrap_err().kind, ErrorKind::AccessDenied);
    // the marketplace itself: both consent by creation
    let itself = create(&request, None).unwrap();
    assert!(matches!(itself.caller.actor, escrow::Actor::Operator(_)));
    // but nothing else without saying for whom
    assert_eq!(market_user().caller(None).unwrap_err().kind, ErrorKind::AccessDenied);
    // a buyer cannot choose where the seller's money goes
    request["payout_requisite_id"] = json!("vault-7");
    assert_eq!(create(&request, Some("anna")).unwrap_err().kind, ErrorKind::AccessDenied);
    let w = created(&market_user(), &request, Some("boris"));
    assert_eq!(project(&w).deposit.payout_requisite_id.as_deref(), Some("vault-7"));
    let w = created(&market_user(), &request, None);
    assert_eq!(project(&w).deposit.payout_requisite_id.as_deref(), Some("vault-7"));
}

#[test]
fn an_update_changes_what_it_names() {
    let mut w = created(&shop_user(), &order(), None);
    let caller = shop_user().caller(None).unwrap();
    let update = |w: &World, body: &Value| {
        let update: UpdateDeal = parse(body).unwrap();
        update.commands(&w.deal, &caller, files).map(|updates| updates.commands)
    };
    // nothing, and the same once more, come to nothing
    assert_eq!(update(&w, &json!({})).unwrap(), []);
    let same = json!({ "order_id": "4127", "partial_buyout_allowed": true, "commission_payer": "50/50",
        "buyer_profile_id": "anna", "seller_profile_id": "boris", "subject_items": order()["subject_items"] });
    assert_eq!(update(&w, &same).unwrap(), []);
    let body = json!({
        "subject_items": [{ "name": "Kettle", "price": "1500", "quantity": 3, "sku": "" }],
        "attachments": [{ "id": "photo-9" }],
        "payout_requisite_id": "vault-7",
    });
    let commands = update(&w, &body).unwrap();
    assert!(matches!(&commands[0], Command::Amend(Amend { from_version: 1, .. })));
    commands.iter().for_each(|command| call(&mut w, &caller, command));
    let deal = project(&w);
    // 4 500 + 300 + 2 % of 4 500
    assert_eq!(deal.deposit.sums.buyer_have_to_pay_online.to_string(), "4890.00");
    assert_eq!((deal.attachments.len(), deal.subject_items[0].sku.clone()), (2, None));
    assert_eq!(deal.order_id.as_deref(), Some("4127"), "what is absent stays");
    assert_eq!(w.journal.last().unwrap().via.as_deref(), Some("shop-api"));
    // since 1.1.0 no party is exchanged; fees and policy are the platform's
    for (field, value) in [
        ("buyer_profile_id", json!("eve")),
        ("seller_profile_id", json!("eve")),
        ("commission_payer", json!("buyer")),
        ("partial_buyout_allowed", json!(false)),
    ] {
        let error = update(&w, &json!({ field: value })).unwrap_err();
        assert_eq!((error.kind, error.path()), (ErrorKind::Validation, Some(field)));
    }
    let missing = update(&w, &json!({ "attachments": [{ "id": "photo-3" }, { "id": "lost" }] })).unwrap_err();
    assert_eq!(missing.path(), Some("attachments[1].id"));
    // the buyer's update is the buyer's, and chooses no requisite
    let update: UpdateDeal = parse(&json!({ "payout_requisite_id": "mine" })).unwrap();
    let by_buyer = update.commands(&w.deal, &Caller::party(text("anna")), files).unwrap_err();
    assert_eq!(by_buyer.kind, ErrorKind::AccessDenied);
}

#[test]
fn every_call_has_its_command() {
    let set = parse(&json!({ "tracker_short_name": "cdek", "code": "A" })).unwrap();
    let all: [(Call, Command); 6] = [
        (Call::Cancel { comment: text("sold out") }, cancel("sold out")),
        (Call::ConfirmAcceptation, Accept::default().into()),
        (Call::PerformingStart, StartPerforming {}.into()),
        (Call::PerformingStop, StopPerforming {}.into()),
        (Call::SetTrack(set), set_track("A")),
        (Call::RemoveTrack, RemoveTrack {}.into()),
    ];
    for (call, command) in all {
        assert_eq!(call.command(), command);
    }
    let add: AddAttachments =
        parse(&json!({ "attachments": [{ "id": "photo-1", "description": "x" }] })).unwrap();
    assert!(matches!(&add.commands(files).unwrap()[..], [Command::Attach(a)] if a.attachment.size == 2_048));
    assert_eq!(add.commands(|_| None).unwrap_err().path(), Some("attachments[0].id"));
}

#[test]
fn every_route_is_known() {
    let routes = [
        ("GET", "/deals/calculate", Route::Calculate),
        ("GET", "/deals/statuses", Route::Statuses),
        ("GET", "/deals/", Route::List),
        ("POST", "/deals/?initiator_profile_id=7", Route::Create),
        ("GET", "/deals/60", Route::Get),
        ("PATCH", "/deals/60", Route::Update),
        ("POST", "/deals/60/cancel", Route::Cancel),
        ("POST", "/deals/60/confirm-acceptation", Route::ConfirmAcceptation),
        ("POST", "/deals/60/performing-start", Route::PerformingStart),
        ("POST", "/deals/60/performing-stop", Route::PerformingStop),
        ("PUT", "/deals/60/performing-track", Route::SetTrack),
        ("GET", "/deals/60/performing-track", Route::GetTrack),
        ("DELETE", "/deals/60/performing-track", Route::RemoveTrack),
        ("POST", "/deals/60/add-attachments", Route::AddAttachments),
        ("GET", "/deals/60/events", Route::Events),
        ("GET", "/deals/60/deposit-form?requisite_id=1", Route::DepositForm),
        ("GET", "/deals/60/payment-form", Route::PaymentForm),
        ("GET", "/deposit/requisites/7/9", Route::Requisite),
    ];
    for (method, path, route) in routes {
        assert_eq!(Route::of(method, path).unwrap().0, route, "{method} {path}");
    }
    assert_eq!(Route::of("GET", "/deposit/requisites/7/9").unwrap().1, ["7", "9"]);
    for (method, path, why) in [
        ("POST", "/deals/60/join", "1.2.0"),
        ("POST", "/deals/60/done", "1.1.0"),
        ("POST", "/deals/60/undone", "1.1.0"),
        ("GET", "/deals/60/cancel", "no such call"),
        ("GET", "//", "no such call"),
        ("GET", "/deposit/requisites//9", "no such call"),
    ] {
        let error = Route::of(method, path).unwrap_err();
        assert_eq!(error.kind, ErrorKind::NotFound);
        assert!(error.message.contains(why), "{}", error.message);
    }
}

// --- forms ---

#[test]
fn forms_are_for_what_is_outstanding() {
    let mut w = created(&shop_user(), &order(), None);
    let form: DepositForm = parse(&urls()).unwrap();
    let page: PaymentPage =
        parse(&json!({ "success_url": "https://a.b/ok", "fail_url": "https://a.b/no" })).unwrap();
    let anna = Caller::party(text("anna"));
    let asked = form.command(&w.deal, &anna).unwrap();
    assert_eq!((asked.deposit, asked.amount, asked.key.as_str()), (B, rub(3_360_00), "v1-336000"));
    assert_eq!(
        page.command(&w.deal, &text("card")).unwrap().key,
        asked.key,
        "one request, however it is asked for"
    );
    w.act(&buyer(), asked.clone());
    w.repeat(&buyer(), asked);
    w.pay(B, 3_000_00);
    assert_eq!(form.command(&w.deal, &anna).unwrap().amount, rub(360_00));
    w.pay(B, 360_00);
    assert_eq!(form.command(&w.deal, &anna).unwrap_err().kind, ErrorKind::Validation);
    // the seller has nothing to deposit, and a stranger nothing to do here
    assert_eq!(form.command(&w.deal, &Caller::party(text("boris"))).unwrap_err().kind, ErrorKind::Validation);
    assert_eq!(form.command(&w.deal, &Caller::party(text("eve"))).unwrap_err().kind, ErrorKind::AccessDenied);
    // an additional charge has a form of its own
    let mut body = urls();
    body["profile_id"] = json!("anna");
    let extra: ChargeForm = parse(&body).unwrap();
    assert_eq!(extra.command(&w.deal, &anna).unwrap_err().kind, ErrorKind::NotFound);
    w.act(&seller(), charge("extra", Side::Buyer, Side::Seller.payee(), 50_00));
    let asked = extra.command(&w.deal, &anna).unwrap();
    assert_eq!((asked.deposit, asked.amount), (DepositId::charge(1).unwrap(), rub(50_00)));
    let other = extra.command(&w.deal, &Caller::party(text("boris"))).unwrap_err();
    assert_eq!(other.kind, ErrorKind::AccessDenied);
    w.act(&buyer(), asked);
}

/// The gateway's form goes out as it is.
#[test]
fn a_form_is_what_the_gateway_gives() {
    let agent = escrow::agent::blocking::Agent::new(ManualClock::new(start()), ScriptedGateway::new());
    let mut sink = MemorySink::new();
    let request: CreateDeal = parse(&order()).unwrap();
    let new = request.new_deal(&shop_user(), None, Some(text("anna")), files).unwrap();
    let id = escrow::DealId::new(uuid::Uuid::from_u128(7));
    let mut deal = agent.open(&mut sink, id, new.terms, new.caller).unwrap();
    let anna = Caller::party(text("anna"));
    let payment = parse::<DepositForm>(&urls()).unwrap().command(&deal, &anna).unwrap();
    let early = agent.checkout(&deal, &payment).unwrap_err();
    assert_eq!(ApiError::from(early).kind, ErrorKind::NotFound);
    agent.submit(&mut sink, &mut deal, &payment.clone().into(), anna).unwrap();
    let form = Form::try_from(agent.checkout(&deal, &payment).unwrap()).unwrap();
    insta::assert_snapshot!("form", serde_json::to_string_pretty(&form).unwrap());
}

#[test]
fn return_addresses() {
    for good in [
        "https://tea.example",
        "HTTPS://tea.example/paid?order=7&x=%D0%B0#top",
        "http://localhost:8080/ok",
        "http://127.0.0.1/ok",
        "http://[::1]:80/ok",
        "https://xn--80aafc.xn--p1ai/",
        "https://tea.example/who@example.org",
    ] {
        let url: ReturnUrl = good.parse().unwrap_or_else(|e| panic!("{good}: {e}"));
        assert_eq!(serde_json::from_value::<ReturnUrl>(serde_json::to_value(&url).unwrap()).unwrap(), url);
    }
    for (bad, why) in [
        ("/paid", UrlError::Scheme),
        ("//tea.example/paid", UrlError::Scheme),
        ("tea.example", UrlError::Scheme),
        ("ftp://tea.example", UrlError::Scheme),
        ("javascript:alert(1)//x", UrlError::Scheme),
        ("javascript://tea.example/%0Aalert(1)", UrlError::Scheme),
        ("data:text/html,x", UrlError::Scheme),
        ("https://anna:secret@tea.example/", UrlError::Credentials),
        ("https://tea.example@evil.example/", UrlError::Credentials),
        ("https://", UrlError::Host),
        ("https:///paid", UrlError::Host),
        ("https://?x", UrlError::Host),
        ("https://tea..example/", UrlError::Host),
        ("https://-tea.example/", UrlError::Host),
        ("https://tea.example:0/", UrlError::Host),
        ("https://tea.example:99999/", UrlError::Host),
        ("https://tea.example:/", UrlError::Host),
        ("https://tea.example:+80/", UrlError::Host),
        ("https://[tea]/", UrlError::Host),
        ("https://[::1]x/", UrlError::Host),
        ("https://te%61.example/", UrlError::Host),
        ("https://tea.example/a b", UrlError::Character),
        ("https://tea.example\\@evil.example/", UrlError::Character),
        ("https://чай.example/", UrlError::Character),
        ("https://tea.example/\"><script>", UrlError::Character),
    ] {
        assert_eq!(bad.parse::<ReturnUrl>(), Err(why), "{bad}");
    }
    for bad in ["", " ", "https://tea.example/\r\nX: y", "https://tea.example/\u{0}"] {
        assert!(matches!(bad.parse::<ReturnUrl>(), Err(UrlError::Text(_))), "{bad:?}");
    }
    assert!("https://tea.example/\n".parse::<ReturnUrl>().is_err());
    let long = format!("https://tea.example/{}", "x".repeat(1_980));
    assert!(long.parse::<ReturnUrl>().is_ok());
    assert!(matches!(format!("{long}x").parse::<ReturnUrl>(), Err(UrlError::Text(_))));
}

// --- reading back ---

#[test]
fn every_input_reads_back() {
    fn same<T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug>(body: &Value) {
        let read: T = parse(body).unwrap();
        let written = serde_json::to_value(&read).unwrap();
        assert_eq!(parse::<T>(&written).unwrap(), read);
    }
    same::<CreateDeal>(&order());
    same::<UpdateDeal>(&order());
    same::<UpdateDeal>(&json!({}));
    same::<Calculate>(&json!({ "subject_items": order()["subject_items"] }));
    same::<AddAttachments>(&json!({ "attachments": [{ "id": "a" }] }));
    same::<SetPerformingTrack>(&json!({ "tracker_short_name": "cdek", "code": "1" }));
    same::<DepositForm>(&urls());
    same::<ChargeForm>(&urls());
    same::<PaymentPage>(&json!({ "success_url": "https://a.b", "fail_url": "https://a.b" }));
    same::<InitiatorQuery>(&json!({ "initiator_profile_id": "7" }));
    same::<InitiatorQuery>(&json!({}));
}

// --- what is refused ---

fn create(body: &Value) -> Result<(), ApiError> {
    let request: CreateDeal = parse(body)?;
    request.new_deal(&shop_user(), None, Some(text("anna")), files).map(|_| ())
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
    assert_eq!(body("buyer").quote(&user).unwrap_err().path(), Some("commission_payer"));
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
    let _ = decode::<CreateDeal>(body)
        .map(|r| r.new_deal(&shop_user(), None, Some(text("anna")), files).map(|_| ()));
    let _ = decode::<Calculate>(body).map(|r| r.quote(&market_user()));
    let w = World::new(sale(Policy::shop()));
    let _ = decode::<UpdateDeal>(body)
        .map(|r| r.commands(&w.deal, &Caller::party(text("boris")), files).map(|_| ()));
    let _ = decode::<AddAttachments>(body).map(|r| r.commands(files));
    let _ = decode::<SetPerformingTrack>(body);
    let _ = decode::<DepositForm>(body).map(|r| r.command(&w.deal, &Caller::party(text("anna"))));
    let _ = decode::<ChargeForm>(body).map(|r| r.command(&w.deal, &Caller::party(text("anna"))));
    let _ = decode::<PaymentPage>(body).map(|r| r.command(&w.deal, &text("card")));
    let _ = decode::<nalogka::Notification>(body);
    let _ = decode::<nalogka::Deal>(body);
    let _ = decode::<Vec<nalogka::DealEvent>>(body);
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
        let _ = path.parse::<ReturnUrl>();
        let _ = path.parse::<nalogka::Initiator>();
    }
}
