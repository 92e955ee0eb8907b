//! Every input: what it comes to, that it reads back, and what is refused, where and why.

use escrow::Status;
use escrow::deal::command::{Accept, Amend, RemoveTrack, StartPerforming, StopPerforming};
use escrow::deposit::DepositId;
use escrow_nalogka::{
    AddAttachments, ApiError, Calculate, Call, ChargeForm, DepositForm, ErrorKind, Form, InitiatorQuery,
    PaymentPage, ReturnUrl, Route, UpdateDeal, UrlError,
};
use escrow_testing::{ManualClock, MemorySink, ScriptedGateway};

use super::*;

pub fn urls() -> Value {
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
    assert_eq!(deal.commission_payer, Some(escrow_nalogka::Payer::Half));

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
    let new = request.new_deal(&shop_user(), None, &Stores).unwrap();
    assert_eq!(new.caller.via.as_deref(), Some("shop-api"));
    let (reference, contacts) = &new.kept.contacts[0];
    assert_eq!((reference, contacts.email.as_deref()), (&text("buyer-1"), Some("anna@example.org")));
    assert_eq!(new.proposal.terms.contacts.buyer.as_deref(), Some("buyer-1"));
    // nobody else
    let mut other = order();
    other["seller_profile_id"] = json!("somebody");
    let refused = parse::<CreateDeal>(&other).unwrap().new_deal(&shop_user(), None, &Stores);
    assert_eq!(refused.unwrap_err().kind, ErrorKind::AccessDenied);
    // and somebody must buy
    let nobody = request.new_deal(&shop_user(), None, &()).unwrap_err();
    assert_eq!(nobody.path(), Some("buyer_profile_id"));
    let mut own = order();
    own["buyer_profile_id"] = json!("boris");
    let itself = parse::<CreateDeal>(&own).unwrap().new_deal(&shop_user(), None, &Stores).unwrap_err();
    assert_eq!(itself.path(), Some("seller_profile_id"));
}

#[test]
fn a_marketplace_acts_for_its_users() {
    let mut request = order();
    request["buyer_profile_id"] = json!("anna");
    let create = |request: &Value, initiator: Option<&str>| {
        let request: CreateDeal = parse(request).unwrap();
        request.new_deal(&market_user(), initiator.map(text).as_ref(), &Stores)
    };
    assert_eq!(create(&request, Some("anna")).unwrap_err().path(), Some("seller_profile_id"));
    request["seller_profile_id"] = json!("boris");
    let by_buyer = create(&request, Some("anna")).unwrap();
    assert_eq!((by_buyer.caller.actor, by_buyer.caller.via), (buyer(), Some(text("market-api"))));
    assert_eq!(create(&request, Some("eve")).unwrap_err().kind, ErrorKind::AccessDenied);
    // the marketplace itself: both consent by creation
    let itself = create(&request, None).unwrap();
    assert!(matches!(itself.caller.actor, escrow::Actor::Operator(_)));
    // a buyer cannot choose where the seller's money goes
    request["payout_requisite_id"] = json!("card");
    assert_eq!(create(&request, Some("anna")).unwrap_err().kind, ErrorKind::AccessDenied);
    for initiator in [Some("boris"), None] {
        let w = created(&market_user(), &request, initiator);
        let shown =
            escrow_nalogka::Deal::project(&w.deal, &kept(&market_user(), &request, initiator)).unwrap();
        // by the id that was named; a host that has not kept it shows the vault's reference
        assert_eq!(shown.deposit.payout_requisite_id.as_deref(), Some("card"));
        assert_eq!(project(&w).deposit.payout_requisite_id.as_deref(), Some("vault-boris-card"));
    }
}

#[test]
fn an_update_changes_what_it_names() {
    let mut w = created(&shop_user(), &order(), None);
    let caller = of_user(&shop_user(), &w, None);
    let update = |w: &World, body: &Value| {
        let update: UpdateDeal = parse(body).unwrap();
        let updates = update.commands(&shop_user(), &w.deal, &host(Workflow::Shop), &caller, &Stores);
        updates.map(|updates| updates.commands)
    };
    // nothing, and the same once more, come to nothing
    assert_eq!(update(&w, &json!({})).unwrap(), []);
    let same = json!({ "order_id": "4127", "partial_buyout_allowed": true, "commission_payer": "50/50",
        "buyer_profile_id": "anna", "seller_profile_id": "boris", "subject_items": order()["subject_items"] });
    assert_eq!(update(&w, &same).unwrap(), []);
    let body = json!({
        "subject_items": [{ "name": "Kettle", "price": "1500", "quantity": 3, "sku": "" }],
        "attachments": [{ "id": "photo-9" }],
        "payout_requisite_id": "card",
    });
    let commands = update(&w, &body).unwrap();
    assert!(matches!(&commands[0].0, Command::Amend(Amend { from_version: 1, .. })));
    commands.iter().for_each(|(command, caller)| call(&mut w, caller, command));
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
    let anna = Caller::party(text("anna"));
    let by_buyer = update.commands(&shop_user(), &w.deal, &host(Workflow::Shop), &anna, &Stores).unwrap_err();
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
    assert!(
        matches!(&add.commands(&Stores).unwrap()[..], [Command::Attach(a)] if a.attachment.size == 2_048)
    );
    assert_eq!(add.commands(&()).unwrap_err().path(), Some("attachments[0].id"));
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
        ("POST", "/deals/60/payments", Route::AddPayment),
        ("GET", "/deals/60/payments", Route::Payments),
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
    let asked = form.request(&w.deal, &anna, &Stores).unwrap().payment;
    assert_eq!((asked.deposit, asked.amount, asked.key.as_str()), (B, rub(3_360_00), "v1-336000-card"));
    assert_eq!(
        page.command(&w.deal, &text("card")).unwrap().key,
        asked.key,
        "one request, however it is asked for"
    );
    w.act(&buyer(), asked.clone());
    w.repeat(&buyer(), asked);
    w.pay(B, 3_000_00);
    assert_eq!(form.request(&w.deal, &anna, &Stores).unwrap().payment.amount, rub(360_00));
    w.pay(B, 360_00);
    assert_eq!(form.request(&w.deal, &anna, &Stores).unwrap_err().kind, ErrorKind::Validation);
    // the seller has nothing to deposit, and a stranger nothing to do here
    assert_eq!(
        form.request(&w.deal, &Caller::party(text("boris")), &Stores).unwrap_err().kind,
        ErrorKind::Validation
    );
    assert_eq!(
        form.request(&w.deal, &Caller::party(text("eve")), &Stores).unwrap_err().kind,
        ErrorKind::AccessDenied
    );
    // an additional charge has a form of its own
    let mut body = urls();
    body["profile_id"] = json!("anna");
    let extra: ChargeForm = parse(&body).unwrap();
    assert_eq!(extra.request(&w.deal, &anna, &Stores).unwrap_err().kind, ErrorKind::NotFound);
    w.act(&seller(), charge("extra", Side::Buyer, Side::Seller.payee(), 50_00));
    let asked = extra.request(&w.deal, &anna, &Stores).unwrap().payment;
    assert_eq!((asked.deposit, asked.amount), (DepositId::charge(1).unwrap(), rub(50_00)));
    let other = extra.request(&w.deal, &Caller::party(text("boris")), &Stores).unwrap_err();
    assert_eq!(other.kind, ErrorKind::AccessDenied);
    w.act(&buyer(), asked);
}

/// The gateway's form goes out as it is.
#[test]
fn a_form_is_what_the_gateway_gives() {
    let agent = escrow::agent::blocking::Agent::new(ManualClock::new(start()), ScriptedGateway::new());
    let mut sink = MemorySink::new();
    let request: CreateDeal = parse(&order()).unwrap();
    let new = request.new_deal(&shop_user(), None, &Stores).unwrap();
    let id = escrow::DealId::new(uuid::Uuid::from_u128(7));
    let mut deal = agent.open(&mut sink, id, new.proposal, new.caller).unwrap();
    let anna = Caller::party(text("anna"));
    let payment = parse::<DepositForm>(&urls()).unwrap().request(&deal, &anna, &Stores).unwrap().payment;
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
