//! Calls from their text to their answer.

use escrow::deposit::DepositId;
use escrow_market::PayeeProfile;
use escrow_market::code::{Attempt, CodeHash, CodePolicy, PlainCode, Salt};
use escrow_market::payee::command::{Add, Confirm, ConfirmRegistration};
use escrow_market::payee::{Label, Requisite as Listed};
use escrow_nalogka::{
    ApiError, Done, ErrorKind, Form, Incoming, Request, Requisite, RequisiteKind, Route, usable,
};

use super::*;

const DEAL: &str = "/deals/00000000-0000-0000-0000-000000000007";

fn read(method: &str, target: &str, body: &Value) -> Incoming {
    Incoming::read(method, target, body.to_string().as_bytes()).unwrap_or_else(|e| panic!("{target}: {e}"))
}

fn wrong(method: &str, target: &str, body: &str) -> ApiError {
    Incoming::read(method, target, body.as_bytes()).unwrap_err()
}

fn market() -> (World, HostData) {
    let mut request = order();
    request["buyer_profile_id"] = json!("anna");
    request["seller_profile_id"] = json!("boris");
    let w = created(&market_user(), &request, Some("anna"));
    (w, kept(&market_user(), &request, Some("anna")))
}

/// Carried out as a host does it: what is kept, what is submitted, what is answered.
fn done(
    w: &mut World,
    host: &mut HostData,
    method: &str,
    target: &str,
    body: &Value,
) -> Result<Value, ApiError> {
    let incoming = read(method, target, body);
    assert_eq!(incoming.deal, Some(w.deal.id()));
    let work = incoming.work(&market_user(), &w.deal, host, &Stores, w.now)?;
    host.keep(work.kept);
    let (before, from) = (w.deal.clone(), w.journal.len());
    for (command, caller) in &work.commands {
        let mut context = Context::new(w.now, caller.actor.clone());
        context.via.clone_from(&caller.via);
        let _ = w.attempt_in(&context, command)?;
    }
    host.tell(Some(&before), &envelopes(w)[from..], &w.deal).unwrap();
    let form = work.form.map(|form| {
        let Destination::Card(token) = &form.requisite else { panic!("{form:?}") };
        Form { method: text("POST"), url: "https://bank.example".to_owned(), parameters: Default::default() }
            .with("token", token.as_str())
    });
    incoming.answer(&Done { deal: &w.deal, host, form, journal: &envelopes(w) })
}

/// The life of a deal by calls alone.
#[test]
fn a_life_by_calls() {
    let (mut w, mut host) = market();
    host.tell(None, &envelopes(&w), &w.deal).unwrap();
    let mut by = |w: &mut World, who: &str, method: &str, call: &str, body: Value| {
        let mark = if call.contains('?') { '&' } else { '?' };
        done(w, &mut host, method, &format!("{DEAL}{call}{mark}initiator_profile_id={who}"), &body)
    };
    let urls = "success_url=https%3A%2F%2Ftea.example%2Fok%3Fa%3D1&fail_url=https%3A%2F%2Ftea.example%2Fno";
    let form =
        by(&mut w, "anna", "GET", &format!("/deposit-form?requisite_id=card&{urls}"), json!({})).unwrap();
    assert_eq!(form["parameters"]["token"], "vault-anna-card");
    assert_eq!(w.deal.transactions().len(), 1);
    w.pay(B, 3_360_00);
    let track = json!({ "tracker_short_name": "cdek", "code": "A" });
    let shown = by(&mut w, "boris", "PUT", "/performing-track", track).unwrap();
    assert_eq!((&shown["code"], &shown["status"]), (&json!("A"), &json!("pending")));
    assert_eq!(by(&mut w, "boris", "DELETE", "/performing-track", json!({})).unwrap(), Value::Null);
    by(&mut w, "boris", "POST", "/performing-start", json!({})).unwrap();
    by(&mut w, "boris", "POST", "/performing-stop", json!({})).unwrap();
    by(&mut w, "boris", "POST", "/performing-start", json!({})).unwrap();
    let photo = json!({ "attachments": [{ "id": "photo-5" }] });
    let shown = by(&mut w, "anna", "POST", "/add-attachments", photo).unwrap();
    assert_eq!(shown["attachments"][1]["id"], "photo-5");
    // only the buyer confirms, and the deal decides that
    let by_seller = by(&mut w, "boris", "POST", "/confirm-acceptation", json!({})).unwrap_err();
    assert_eq!(by_seller.kind, ErrorKind::AccessDenied);
    let shown = by(&mut w, "anna", "POST", "/confirm-acceptation", json!({})).unwrap();
    assert_eq!(shown["status"], "settling");
    let history = by(&mut w, "anna", "GET", "/events", json!({})).unwrap();
    assert!(history.as_array().unwrap().len() > 6, "{history}");
    // somebody else's party is refused in every one of them
    let stranger = by(&mut w, "eve", "POST", "/cancel", json!({})).unwrap_err();
    assert_eq!(stranger.kind, ErrorKind::AccessDenied);
}

/// Each party has 32 documents. An update whose last document would be one too many changes nothing: the order would be
/// blocked over a deal that has the change.
#[test]
fn an_update_is_carried_out_whole_or_not_at_all() {
    let (mut w, mut host) = market();
    // one came with the creation, which the buyer asked for
    for n in 2..=31 {
        w.act(&buyer(), Attach::new(attachment(&format!("photo-{n}"))));
    }
    let update = |photos: &[&str]| {
        let attachments: Vec<_> = photos.iter().map(|id| json!({ "id": id })).collect();
        json!({ "conditions": "Both of the same colour, red", "order_id": "4128", "attachments": attachments })
    };
    let target = format!("{DEAL}?initiator_profile_id=anna");
    let (version, before) = (w.deal.version(), host.clone());
    let refused = done(&mut w, &mut host, "PATCH", &target, &update(&["photo-32", "photo-33"])).unwrap_err();
    assert_eq!((refused.kind, refused.transient), (ErrorKind::Validation, false));
    assert_eq!((w.deal.version(), w.deal.terms_version(), &host), (version, 1, &before));

    let shown = done(&mut w, &mut host, "PATCH", &target, &update(&["photo-32"])).unwrap();
    assert_eq!((&shown["order_id"], shown["attachments"].as_array().unwrap().len()), (&json!("4128"), 32));
    // again, after its answer was lost: it all stands
    let version = w.deal.version();
    done(&mut w, &mut host, "PATCH", &target, &update(&["photo-32"])).unwrap();
    assert_eq!(w.deal.version(), version);
    // so are more documents by the call of their own
    let more = json!({ "attachments": [{ "id": "photo-33" }] });
    let target = format!("{DEAL}/add-attachments?initiator_profile_id=anna");
    assert!(done(&mut w, &mut host, "POST", &target, &more).is_err());
    assert_eq!(w.deal.version(), version);
}

/// Either side asks for a payment beside the deposit, the form says which one, and both see them.
#[test]
fn a_payment_beside_the_deposit_is_created_named_and_paid() {
    let (mut w, mut host) = market();
    w.pay(B, 3_360_00);
    let mut by = |w: &mut World, who: &str, method: &str, call: &str, body: Value| {
        let mark = if call.contains('?') { '&' } else { '?' };
        done(w, &mut host, method, &format!("{DEAL}{call}{mark}initiator_profile_id={who}"), &body)
    };
    let ask = |key: &str, payer: &str, sum: &str| json!({ "key": key, "payer": payer, "sum": sum, "description": "Insurance" });
    by(&mut w, "boris", "POST", "/payments", ask("a", "buyer", "50")).unwrap();
    by(&mut w, "anna", "POST", "/payments", ask("b", "seller", "20")).unwrap();
    by(&mut w, "anna", "POST", "/payments", ask("c", "buyer", "30")).unwrap();
    // asked again, it is the same one
    let all = by(&mut w, "anna", "POST", "/payments", ask("c", "buyer", "30")).unwrap();
    let short: Vec<_> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|p| (p["id"].as_str().unwrap(), p["payer"].as_str().unwrap(), p["sum"].as_str().unwrap()))
        .collect();
    assert_eq!(
        short,
        [("charge_1", "buyer", "50.00"), ("charge_2", "seller", "20.00"), ("charge_3", "buyer", "30.00")]
    );
    let urls = "requisite_id=card&success_url=https://a.b/ok&fail_url=https://a.b/no";
    let form = |id: &str| format!("/payment-form?{urls}&payment_id={id}");
    by(&mut w, "anna", "GET", &form("charge_3"), json!({})).unwrap();
    let third = w.deal.transactions().last().unwrap().clone();
    assert_eq!((third.deposit(), third.amount()), (DepositId::charge(3).unwrap(), rub(30_00)));
    // the other side's, one that does not exist, and one that is paid
    assert_eq!(
        by(&mut w, "anna", "GET", &form("charge_2"), json!({})).unwrap_err().kind,
        ErrorKind::AccessDenied
    );
    assert_eq!(
        by(&mut w, "anna", "GET", &form("charge_9"), json!({})).unwrap_err().kind,
        ErrorKind::NotFound
    );
    w.pay(DepositId::charge(3).unwrap(), 30_00);
    assert_eq!(
        by(&mut w, "anna", "GET", &form("charge_3"), json!({})).unwrap_err().kind,
        ErrorKind::Validation
    );
    // unnamed, it is the first that is open
    by(&mut w, "anna", "GET", &format!("/payment-form?{urls}"), json!({})).unwrap();
    assert_eq!(w.deal.transactions().last().unwrap().deposit(), DepositId::charge(1).unwrap());
    let shown = by(&mut w, "boris", "GET", "/payments", json!({})).unwrap();
    assert_eq!((&shown[2]["paid"], &shown[2]["outstanding"]), (&json!("30.00"), &json!("0.00")));
    // the seller pays, too
    by(&mut w, "boris", "GET", &form("charge_2"), json!({})).unwrap();
}

/// `requisite_id` is whatever `Requisite.id` may be, is looked up at the payer's, and is no method of a gateway: that is the
/// kind of the requisite.
#[test]
fn a_requisite_is_the_payers_own() {
    let (w, _) = market();
    let anna = Caller::party(text("anna"));
    struct Long;
    impl Desk for Long {
        fn file(&self, _: &DocumentId) -> Option<FileInfo> {
            None
        }
        fn requisite(&self, owner: &PartyId, id: &RequisiteId) -> Option<Destination> {
            let to = format!("vault-{owner}");
            match (owner.as_str(), id.chars().count()) {
                ("anna", 128) => Some(Destination::Wallet(text(&to))),
                ("anna", 1) => Some(Destination::Balance),
                _ => None,
            }
        }
        fn buyer(&self, _: &ContactInfo) -> Option<PartyId> {
            None
        }
    }
    let form = |id: &str| -> escrow_nalogka::DepositForm {
        parse(&json!({ "requisite_id": id, "success_url": "https://a.b/ok", "fail_url": "https://a.b/no" }))
            .unwrap()
    };
    let long = "я".repeat(128);
    let asked = form(&long).request(&w.deal, &anna, &Long).unwrap();
    assert_eq!(asked.requisite, Destination::Wallet(text("vault-anna")));
    assert_eq!((asked.payment.form.method.as_str(), asked.payment.amount), ("wallet", rub(3_360_00)));
    // another requisite is another request
    let mut second = "я".repeat(127);
    second.push('ю');
    assert_ne!(form(&second).request(&w.deal, &anna, &Long).unwrap().payment.key, asked.payment.key);
    for unfit in ["card", "1"] {
        let error = form(unfit).request(&w.deal, &anna, &Long).unwrap_err();
        assert_eq!((error.kind, error.path()), (ErrorKind::Validation, Some("requisite_id")));
    }
    let more = json!({ "requisite_id": "я".repeat(129), "success_url": "https://a.b/ok", "fail_url": "https://a.b/no" });
    assert_eq!(parse::<escrow_nalogka::DepositForm>(&more).unwrap_err().path(), Some("requisite_id"));
}

/// Requisites are accounts, cards and wallets of the payee's profile, usable once their code was entered.
#[test]
fn requisites_come_from_the_payees_profile() {
    let boris = Context::party(start(), text("boris"));
    let code = || PlainCode::new("402913").unwrap();
    let mailed = CodeHash::new(&code(), Salt::new([7; 16]));
    let (mut profile, first) =
        PayeeProfile::register(text("boris"), CodePolicy::default(), mailed, &boris).unwrap();
    let mut journal = first.events().to_vec();
    let kinds = [
        ("a", Destination::Account(text("vault-1")), RequisiteKind::Account),
        ("c", Destination::Card(text("vault-2")), RequisiteKind::Card),
        ("w", Destination::Wallet(text("vault-3")), RequisiteKind::Wallet),
    ];
    use escrow::Machine as _;
    let entered = ConfirmRegistration { attempt: Attempt { code: 1, number: 1, entered: code() } };
    journal.extend_from_slice(profile.handle(&entered.into(), &boris).unwrap().events());
    for (n, (id, destination, _)) in kinds.iter().enumerate() {
        let at = Context::party(after(u32::try_from(n).unwrap() * HOUR), text("boris"));
        let requisite =
            Listed { destination: destination.clone(), label: Label::new("•••• 1234").unwrap() };
        let add = Add { id: text(id), requisite, code: Some(CodeHash::new(&code(), Salt::new([7; 16]))) };
        journal.extend_from_slice(profile.handle(&add.into(), &at).unwrap().events());
        assert_eq!(usable(&profile, &text(id)), None, "not confirmed yet");
    }
    let later = Context::party(after(2 * HOUR + 60), text("boris"));
    let attempt = Attempt { code: 1, number: 1, entered: code() };
    journal.extend_from_slice(
        profile.handle(&Confirm { id: text("w"), attempt }.into(), &later).unwrap().events(),
    );
    for (id, destination, kind) in &kinds {
        let shown = Requisite::project(&profile, &journal, &text(id)).unwrap();
        assert_eq!((shown.kind, shown.profile_id.as_str(), shown.id.as_str()), (*kind, "boris", *id));
        assert_eq!(shown.verified, *id == "w");
        assert_eq!(usable(&profile, &text(id)), shown.verified.then(|| destination.clone()));
    }
    let wallet = Requisite::project(&profile, &journal, &text("w")).unwrap();
    assert_eq!((wallet.created_at, wallet.updated_at), (after(2 * HOUR), after(2 * HOUR + 60)));
    assert_eq!(serde_json::to_value(&wallet).unwrap()["kind"], "wallet");
    assert_eq!(Requisite::project(&profile, &journal, &text("none")), None);
    assert_eq!(Requisite::project(&profile, &journal, &text(&"x".repeat(128))), None);
}

#[test]
fn calls_without_a_deal() {
    let statuses = read("GET", "/deals/statuses", &json!({})).alone(&shop_user()).unwrap().unwrap();
    assert_eq!(statuses.as_array().unwrap().len(), 9);
    let list = read("GET", "/deals/?status=disputed&order_id=4127&initiator_profile_id=anna", &json!({}));
    assert!(matches!(&list.request, Request::List(list) if list.order_id.as_deref() == Some("4127")));
    assert_eq!(list.initiator.as_deref(), Some("anna"));
    let create = read("POST", "/deals/", &order());
    assert_eq!(create.alone(&shop_user()), Ok(None));
    let new = create.open(&shop_user(), &Stores).unwrap().unwrap();
    assert_eq!(new.host().api_user.as_deref(), Some("shop-api"));
    let requisite = read("GET", "/deposit/requisites/boris/c", &json!({}));
    assert_eq!((requisite.route, requisite.deal), (Route::Requisite, None));
}

/// As PHP's `http_build_query` writes it, brackets encoded or not: 2 × 1 500 and 1 × 250, delivery 300 at the buyer's expense;
/// 4 % of 3 250 = 130, half and half. The deposit is 3 250 + 300 + 65, less the 500 that are paid at the door.
#[test]
fn a_calculation_is_asked_for_by_a_nested_query() {
    let query = "subject_items[0][sku]=KT-2&subject_items[0][name]=Kettle+of+1.7+l&subject_items[0][price]=1500\
        &subject_items%5B0%5D%5Bquantity%5D=2&subject_items%5B10%5D%5Bname%5D=%D0%A7%D0%B0%D0%B9\
        &subject_items%5B10%5D%5Bprice%5D=250.00&additional_services[0][name]=CDEK&additional_services[0][final_cost]=300\
        &additional_services[0][payer]=buyer&additional_services[0][provided_by]=seller&commission_payer=50%2F50\
        &buyer_have_to_pay_offline=500&initiator_profile_id=anna";
    let call = Incoming::read("GET", &format!("/deals/calculate?{query}"), b"").unwrap();
    assert_eq!(call.initiator.as_deref(), Some("anna"));
    let Request::Calculate(calculate) = &call.request else { panic!("{call:?}") };
    let names: Vec<_> = calculate.subject_items.iter().map(|i| (i.name.as_str(), i.quantity)).collect();
    assert_eq!(names, [("Kettle of 1.7 l", 2), ("Чай", 1)]);
    let sums = call.alone(&market_user()).unwrap().unwrap();
    assert_eq!(sums["subject_items_sum"], "3250.00");
    assert_eq!(sums["buyer_have_to_pay_online"], "3115.00");

    let wrong = |query: &str| wrong("GET", &format!("/deals/calculate?{query}"), "");
    let item = "subject_items[0][name]=a&subject_items[0][price]=1";
    for (query, path) in [
        ("", "subject_items"),
        ("subject_items=1", "subject_items"),
        ("subject_items[0][name]=a", "subject_items[0].price"),
        ("subject_items[][name]=a", "subject_items[][name]"),
        ("subject_items[a][name]=a", "subject_items[a][name]"),
        (&format!("{item}&subject_items[0][quantity]=two"), "subject_items[0].quantity"),
        (&format!("{item}&subject_items[00][price]=2"), "subject_items[00][price]"),
        (&format!("{item}&subject_items=1"), "subject_items"),
        (&format!("{item}&goods[0][name]=a"), "goods"),
    ] {
        let error = wrong(query);
        assert_eq!((error.kind, error.path()), (ErrorKind::Validation, Some(path)), "{query}");
    }
}

#[test]
fn what_is_wrong_with_a_call_is_told() {
    assert_eq!(wrong("GET", "/deals/60", "").kind, ErrorKind::NotFound);
    assert_eq!(wrong("POST", &format!("{DEAL}/join"), "").kind, ErrorKind::NotFound);
    assert_eq!(wrong("GET", "/deals/?colour=red", "").path(), Some("colour"));
    assert_eq!(wrong("POST", &format!("{DEAL}/cancel?reason=x"), "").path(), Some("reason"));
    assert_eq!(wrong("GET", "/deals/?order_id=1&order_id=2", "").path(), Some("order_id"));
    assert_eq!(wrong("GET", "/deals/?order_id=%zz", "").kind, ErrorKind::MalformedRequest);
    assert_eq!(wrong("GET", "/deals/?order_id=%f", "").kind, ErrorKind::MalformedRequest);
    assert_eq!(wrong("GET", "/deals/?order_id=%ff", "").kind, ErrorKind::MalformedRequest);
    assert_eq!(wrong("PUT", &format!("{DEAL}/performing-track"), "{}").path(), Some("tracker_short_name"));
    assert_eq!(
        wrong("GET", &format!("{DEAL}/deposit-form?requisite_id=card"), "").path(),
        Some("success_url")
    );
}
