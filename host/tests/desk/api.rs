//! The API as a program meets it.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use serde_json::{Value, json};

use crate::browser::{Browser, Page, TestDesk};

struct Program {
    browser: Browser,
    key: String,
}

impl Program {
    fn of(test: &TestDesk, person: &str) -> Self {
        let key = test.desk.store.add_api_key(&person.parse().unwrap(), "test", test.desk.now()).unwrap();
        Self { browser: test.browser(), key }
    }

    async fn get(&mut self, path: &str) -> (StatusCode, Value) {
        let request = Request::get(path).header(header::AUTHORIZATION, format!("Bearer {}", self.key));
        read(self.browser.send(request.body(Body::empty()).unwrap()).await)
    }

    async fn post(&mut self, path: &str, key: &str, body: &Value) -> (StatusCode, Value) {
        let request = Request::post(path)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.key))
            .header("idempotency-key", key);
        read(self.browser.send(request.body(Body::from(body.to_string())).unwrap()).await)
    }
}

fn read(page: Page) -> (StatusCode, Value) {
    (page.status, serde_json::from_str(&page.text).unwrap_or_else(|e| panic!("{e}: {}", page.text)))
}

fn lamp() -> Value {
    json!({ "template": "goods", "i_am": "seller", "other": "anna", "currency": "EUR", "items": [{ "name": "Lamp", "unit_price": "100" }] })
}

#[tokio::test]
async fn a_deal_from_the_offer_to_the_payout() {
    let test = TestDesk::new();
    let (mut anna, mut boris) = (Program::of(&test, "anna"), Program::of(&test, "boris"));
    let (status, deal) = boris.post("/api/v1/deals", "new-1", &lamp()).await;
    assert_eq!(status, StatusCode::CREATED, "{deal}");
    let at = format!("/api/v1/deals/{}", deal["id"].as_str().unwrap());
    let (_, again) = boris.post("/api/v1/deals", "new-1", &lamp()).await;
    assert_eq!(again, deal, "the same key gives the first answer");
    let (status, problem) = boris.post("/api/v1/deals", "new-1", &json!({ "template": "work" })).await;
    assert_eq!((status, problem["code"].as_str()), (StatusCode::UNPROCESSABLE_ENTITY, Some("key-reused")));

    let agree = json!({ "command": { "type": "agree", "terms_version": 1 }, "seen": deal["revision"] });
    let (status, agreed) = anna.post(&format!("{at}/commands"), "a-1", &agree).await;
    assert_eq!((status, agreed["status"].as_str()), (StatusCode::OK, Some("awaiting_deposit")), "{agreed}");
    let (_, page) = anna.post(&format!("{at}/checkout"), "a-2", &json!({ "deposit": "buyer_payment" })).await;
    let bank = page["url"].as_str().unwrap().to_owned();
    anna.browser.fill(&bank, &bank, &[("do", "pay")]).await;
    let (_, _) = boris
        .post(&format!("{at}/commands"), "b-1", &json!({ "command": { "type": "start_performing" } }))
        .await;
    let (_, endings) = anna.get(&format!("{at}/endings")).await;
    assert_eq!(endings["endings"].as_array().unwrap().len(), 8);
    let accept = json!({ "command": { "type": "accept" } });
    let (_, done) = anna.post(&format!("{at}/commands"), "a-3", &accept).await;
    assert_eq!(done["status"], "completed");
    // 5 % of 100.00
    let fee = json!({ "amount": "5.00", "currency": "EUR" });
    assert!(
        done["legs"].as_array().unwrap().iter().any(|leg| leg["payee"] == "platform" && leg["amount"] == fee)
    );
    let (_, events) = anna.get(&format!("{at}/events?after=1")).await;
    assert_eq!(events["events"][0]["version"], 2);
    let (_, page) = anna.get("/api/v1/deals?limit=1").await;
    assert_eq!((page["deals"].as_array().unwrap().len(), page["deals"][0]["id"] == deal["id"]), (1, true));
    let next = format!("/api/v1/deals?limit=1&after={}", page["next"].as_str().unwrap());
    assert_eq!(anna.get(&next).await.1["deals"], json!([]));
}

#[tokio::test]
async fn nobody_gets_in_without_a_key_and_no_key_opens_other_doors() {
    let test = TestDesk::new();
    let (mut boris, mut clara) = (Program::of(&test, "boris"), Program::of(&test, "clara"));
    let (_, deal) = boris.post("/api/v1/deals", "new-1", &lamp()).await;
    let at = format!("/api/v1/deals/{}", deal["id"].as_str().unwrap());
    // a session's cookie counts for nothing
    let mut anna = test.of("anna").await;
    assert_eq!(anna.get(&at).await.status, StatusCode::UNAUTHORIZED);
    let mut forged = Program { browser: test.browser(), key: "desk_0".to_owned() };
    assert_eq!(forged.get(&at).await.0, StatusCode::UNAUTHORIZED);
    for path in [at.clone(), format!("{at}/events"), format!("{at}/endings"), "/api/v1/deals/x".to_owned()] {
        assert_eq!(clara.get(&path).await.0, StatusCode::NOT_FOUND, "{path}");
    }
    let (status, _) =
        clara.post(&format!("{at}/commands"), "1", &json!({ "command": { "type": "cancel" } })).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(
        clara.post(&format!("{at}/checkout"), "2", &json!({ "deposit": "buyer_payment" })).await.0,
        StatusCode::NOT_FOUND
    );
    assert_eq!(clara.get("/api/v1/deals").await.1["deals"], json!([]));
    for query in ["status=proposed", "party=anna", "order=1"] {
        assert_eq!(clara.get(&format!("/api/v1/deals?{query}")).await.0, StatusCode::FORBIDDEN);
    }
    // the other's key is another key
    let (status, own) = clara.post("/api/v1/deals", "new-1", &lamp()).await;
    assert_eq!((status, own["id"] == deal["id"]), (StatusCode::CREATED, false));
}

#[tokio::test]
async fn a_party_writes_no_fees_and_tells_no_facts() {
    let test = TestDesk::new();
    let mut boris = Program::of(&test, "boris");
    let (_, deal) = boris.post("/api/v1/deals", "new-1", &lamp()).await;
    let (status, _) = boris.post("/api/v1/deals", "new-2", &json!({ "terms": deal["terms"] })).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let at = format!("/api/v1/deals/{}/commands", deal["id"].as_str().unwrap());
    let paid = json!({ "type": "confirm_payment", "deposit": "buyer_payment", "gateway": "sandbox", "reference": "x",
        "amount": { "amount": "100.00", "currency": "EUR" } });
    for (i, capacity) in ["party", "operator", "moderator"].into_iter().enumerate() {
        let (status, problem) =
            boris.post(&at, &format!("f-{i}"), &json!({ "command": paid, "as": capacity })).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{problem}");
        assert!(problem["code"].is_string() && problem["detail"].is_string());
    }
    let mut free = deal["terms"].clone();
    free["fees"] = json!([]);
    let amend = json!({ "command": { "type": "amend", "from_version": 1, "terms": free } });
    assert_eq!(boris.post(&at, "f-9", &amend).await.0, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn the_document_describes_every_route_and_every_reference_in_it_leads_somewhere() {
    let mut browser = TestDesk::new().browser();
    let page = browser.get("/api/openapi.json").await;
    let document: Value = serde_json::from_str(&page.text).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["paths"].as_object().unwrap().len(), 18);
    let text = document.to_string();
    for part in text.split("#/components/schemas/").skip(1) {
        let name = part.split('"').next().unwrap();
        assert!(document["components"]["schemas"].get(name).is_some(), "{name}");
    }
}

#[tokio::test]
async fn a_project_and_a_withdrawal_by_programs() {
    let test = TestDesk::new();
    let (mut anna, mut boris) = (Program::of(&test, "anna"), Program::of(&test, "boris"));
    let mut clara = Program::of(&test, "clara");
    let site = json!({ "name": "A site", "template": "work", "i_am": "seller", "other": "anna", "currency": "EUR", "upfront": true,
        "milestones": [{ "name": "A sketch", "price": "300" }, { "name": "The pages", "price": "600" }] });
    let (status, project) = boris.post("/api/v1/projects", "p-1", &site).await;
    assert_eq!(status, StatusCode::CREATED, "{project}");
    assert_eq!(boris.post("/api/v1/projects", "p-1", &site).await.1, project);
    let at = format!("/api/v1/projects/{}", project["id"].as_str().unwrap());
    assert_eq!(clara.get(&at).await.0, StatusCode::NOT_FOUND);
    let agree = json!({ "command": { "type": "agree", "version": 1 }, "seen": project["revision"] });
    assert_eq!(clara.post(&format!("{at}/commands"), "c-1", &agree).await.0, StatusCode::NOT_FOUND);
    let (status, agreed) = anna.post(&format!("{at}/commands"), "a-1", &agree).await;
    assert_eq!((status, agreed["status"].as_str()), (StatusCode::OK, Some("active")), "{agreed}");
    // nobody but the desk says what becomes of a deal, or draws an id
    let report =
        json!({ "command": { "type": "report", "deal": agreed["begun"][0]["deal"], "reached": "accepted" } });
    assert_eq!(boris.post(&format!("{at}/commands"), "b-1", &report).await.0, StatusCode::FORBIDDEN);
    let amend = json!({ "command": { "type": "amend", "version": 2, "milestones": [] } });
    assert_eq!(
        boris.post(&format!("{at}/commands"), "b-2", &amend).await.0,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    assert_eq!(boris.post(&format!("{at}/checkout"), "b-3", &json!({})).await.0, StatusCode::FORBIDDEN);
    let (_, page) = anna.post(&format!("{at}/checkout"), "a-2", &json!({})).await;
    let bank = page["url"].as_str().unwrap().to_owned();
    anna.browser.fill(&bank, &bank, &[("do", "pay")]).await;

    let deal = format!("/api/v1/deals/{}", agreed["begun"][1]["deal"].as_str().unwrap());
    let keep =
        json!({ "command": { "type": "set_destination", "payee": "seller", "destination": "balance" } });
    let (status, kept) = boris.post(&format!("{deal}/commands"), "b-4", &keep).await;
    assert_eq!(status, StatusCode::OK, "{kept}");
    boris
        .post(&format!("{deal}/commands"), "b-5", &json!({ "command": { "type": "start_performing" } }))
        .await;
    let accept = json!({ "command": { "type": "accept" } });
    let (_, done) = anna.post(&format!("{deal}/commands"), "a-3", &accept).await;
    assert_eq!(done["status"], "completed", "{done}");
    let (_, listed) = boris.get("/api/v1/balances").await;
    // 600.00 less 5 %
    assert_eq!(
        listed["balances"][0]["available"],
        json!({ "amount": "570.00", "currency": "EUR" }),
        "{listed}"
    );
    let balance = format!("/api/v1/balances/{}", listed["balances"][0]["id"].as_str().unwrap());
    assert_eq!(anna.get(&balance).await.0, StatusCode::NOT_FOUND);
    let wanted = json!({ "amount": "70", "destination": { "account": "vault-1" } });
    let (status, asked) = boris.post(&format!("{balance}/withdrawals"), "w-1", &wanted).await;
    assert_eq!((status, asked["number"].as_u64()), (StatusCode::CREATED, Some(1)), "{asked}");
    assert_eq!(boris.post(&format!("{balance}/withdrawals"), "w-1", &wanted).await.1, asked);
    let confirm = format!("{balance}/withdrawals/1/confirm");
    assert_eq!(boris.post(&confirm, "w-2", &json!({ "code": "x" })).await.1["code"], "wrong-code");
    let (status, paid) = boris.post(&confirm, "w-3", &json!({ "code": asked["sandbox_code"] })).await;
    assert_eq!((status, paid["withdrawals"][0]["status"].as_str()), (StatusCode::OK, Some("paid")), "{paid}");
    assert_eq!(paid["available"]["amount"], "500.00");
    let (_, statement) = boris.get(&format!("{balance}/statement")).await;
    // credited, reserved, paid out
    assert_eq!(statement["lines"].as_array().unwrap().len(), 3, "{statement}");
    assert_eq!(anna.get("/api/v1/balances").await.1["balances"], json!([]));
    assert_eq!(anna.get("/api/v1/projects").await.1["projects"].as_array().unwrap().len(), 1);
}

/// What the router refuses by itself is a problem, too, with a code and what is wrong.
#[tokio::test]
async fn whatever_cannot_be_read_is_a_problem() {
    let test = TestDesk::new();
    let mut boris = Program::of(&test, "boris");
    for path in ["/api/v1/deals/%FF", "/api/v1/deals/%FF/events", "/api/v1/nowhere"] {
        let (status, problem) = boris.get(path).await;
        assert_eq!(
            (status.is_client_error(), problem["code"].is_string()),
            (true, true),
            "{path}: {problem}"
        );
    }
    let (status, problem) = boris.get("/api/v1/deals?limit=many").await;
    assert_eq!((status, &problem["code"]), (StatusCode::BAD_REQUEST, &json!("bad-request")));
    assert!(problem["detail"].as_str().unwrap().contains("limit"), "{problem}");
    let (status, problem) = boris.get("/api/v1/quote").await;
    assert_eq!((status, &problem["code"]), (StatusCode::METHOD_NOT_ALLOWED, &json!("no-such-method")));
    let (status, problem) = boris.post("/api/v1/nowhere", "n-1", &json!({})).await;
    assert_eq!((status.is_client_error(), problem["code"].is_string()), (true, true), "{problem}");
}
