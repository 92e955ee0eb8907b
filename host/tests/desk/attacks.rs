//! Whoever gets in where they do not belong fails here.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};

use crate::browser::{TestDesk, form, propose, words};

/// A deal of anna and boris that is paid, with a version of the work.
async fn paid(test: &TestDesk) -> String {
    let (mut anna, mut boris) = (test.of("anna").await, test.of("boris").await);
    let deal = propose(&mut boris, "work", &[]).await;
    anna.act(&deal, "agree", &[]).await;
    anna.pay(&deal).await;
    boris.act(&deal, "submit", &[("preview", "a sketch"), ("original", "the drawing")]).await;
    deal
}

#[tokio::test]
async fn a_stranger_sees_and_does_nothing() {
    let test = TestDesk::new();
    let deal = paid(&test).await;
    let mut clara = test.of("clara").await;
    for path in [deal.clone(), format!("{deal}/work/1"), format!("{deal}/work/9")] {
        let page = clara.get(&path).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
        assert!(!page.text.contains("Lamp") && !page.text.contains("sketch"));
    }
    // with a form of her own session, on somebody else's deal
    let mine = propose(&mut clara, "goods", &[]).await;
    let page = clara.get(&mine).await;
    let fields = form(&page.text, &format!("{mine}/do/post")).unwrap();
    let mut fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    for capacity in ["party", "operator", "moderator", "gateway"] {
        fields.retain(|(name, _)| *name != "as");
        fields.push(("as", capacity));
        fields.push(("message", "hello"));
        for kind in
            ["post", "accept", "cancel", "approve", "rule", "set_destination", "confirm_payment", "answer"]
        {
            let page = clara.post(&format!("{deal}/do/{kind}"), &fields).await;
            assert!(page.status.is_client_error(), "{kind} as {capacity}: {}", page.status);
            assert!(!page.text.contains("Lamp"));
        }
        let page = clara.post(&format!("{deal}/pay/buyer_payment"), &fields).await;
        assert!(page.status.is_client_error());
    }
    let mut olga = test.of("olga").await;
    assert!(words(&olga.get(&deal).await.text).contains("Delivered, to be accepted"));
}

#[tokio::test]
async fn nobody_acts_in_a_capacity_that_is_not_theirs() {
    let test = TestDesk::new();
    let deal = paid(&test).await;
    let mut boris = test.of("boris").await;
    let page = boris.get(&deal).await;
    let fields = form(&page.text, &format!("{deal}/do/post")).unwrap();
    for (kind, capacity, status) in [
        ("accept", "party", StatusCode::FORBIDDEN),
        ("accept", "operator", StatusCode::FORBIDDEN),
        ("cancel_with_fault", "operator", StatusCode::FORBIDDEN),
        ("approve", "moderator", StatusCode::FORBIDDEN),
        ("extend", "operator", StatusCode::FORBIDDEN),
        ("confirm_payment", "party", StatusCode::NOT_FOUND),
        ("wake", "party", StatusCode::NOT_FOUND),
    ] {
        let mut fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        fields.retain(|(name, _)| *name != "as");
        fields.extend([("as", capacity), ("fault", "buyer"), ("hours", "1")]);
        assert_eq!(
            boris.post(&format!("{deal}/do/{kind}"), &fields).await.status,
            status,
            "{kind} as {capacity}"
        );
    }
    for page in [
        "/operator",
        "/operator/deals",
        "/operator/search?q=x",
        "/operator/incidents",
        "/operator/people",
        "/metrics",
    ] {
        assert_eq!(boris.get(page).await.status, StatusCode::NOT_FOUND, "{page}");
    }
    let csrf = fields.iter().find(|(name, _)| name == "csrf").unwrap().1.clone();
    for page in ["/operator/people", "/operator/incidents/1/close", &format!("{deal}/ask-again")] {
        let fields = [("csrf", csrf.as_str()), ("id", "mallory"), ("staff", "yes"), ("do", "invite")];
        assert_eq!(boris.post(page, &fields).await.status, StatusCode::NOT_FOUND, "{page}");
    }
}

#[tokio::test]
async fn a_form_without_its_secret_or_from_another_site_does_nothing() {
    let test = TestDesk::new();
    let (mut anna, mut boris) = (test.of("anna").await, test.of("boris").await);
    let deal = propose(&mut boris, "goods", &[]).await;
    let agree = format!("{deal}/do/agree");
    let own = form(&anna.get(&deal).await.text, &agree).unwrap();
    let others = form(&boris.get(&deal).await.text, &format!("{deal}/do/post")).unwrap();
    let others = &others.iter().find(|(name, _)| name == "csrf").unwrap().1;
    for secret in ["", "0", others] {
        let fields: Vec<(&str, &str)> =
            own.iter().map(|(n, v)| (n.as_str(), if n == "csrf" { secret } else { v.as_str() })).collect();
        let page = anna.post(&agree, &fields).await;
        assert_eq!((page.status, page.text.contains("csrf")), (StatusCode::FORBIDDEN, true));
    }
    let body = own.iter().map(|(n, v)| format!("{n}={v}")).collect::<Vec<_>>().join("&");
    let request = Request::post(&agree)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "cross-site");
    assert_eq!(anna.send(request.body(Body::from(body)).unwrap()).await.status, StatusCode::FORBIDDEN);
    assert!(words(&anna.get(&deal).await.text).contains("anna (has not agreed)"));
}

#[tokio::test]
async fn a_forged_or_ended_session_is_none() {
    let test = TestDesk::new();
    let mut anna = test.of("anna").await;
    let mut thief = anna.clone();
    assert_eq!(thief.get("/deals").await.status, StatusCode::OK);
    anna.fill("/deals", "/signout", &[]).await;
    assert_eq!(thief.get("/deals").await.status, StatusCode::UNAUTHORIZED);
    for cookie in ["0", "a.b.c", "' OR 1=1 --", &"f".repeat(32), &".".repeat(1_000)] {
        let mut forged = test.browser();
        forged.cookie = Some(cookie.to_owned());
        assert_eq!(forged.get("/deals").await.status, StatusCode::UNAUTHORIZED, "{cookie}");
        assert_eq!(forged.post("/switch", &[("to", "0")]).await.status, StatusCode::UNAUTHORIZED);
    }
    let mut guess = test.browser();
    assert_eq!(guess.post(&format!("/signin/{}", "f".repeat(32)), &[]).await.status, StatusCode::GONE);
}

#[tokio::test]
async fn what_people_write_is_text_and_no_markup() {
    let test = TestDesk::new();
    let (mut anna, mut boris) = (test.of("anna").await, test.of("boris").await);
    let mut olga = test.of("olga").await;
    let evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>";
    let typed = [("name-0", evil), ("description", evil), ("conditions", evil)];
    let deal = propose(&mut boris, "work", &typed).await;
    anna.act(&deal, "agree", &[]).await;
    anna.pay(&deal).await;
    boris.act(&deal, "post", &[("message", evil)]).await;
    boris.act(&deal, "submit", &[("preview", evil), ("original", evil)]).await;
    anna.act(&deal, "request_changes", &[("comment", evil)]).await;
    anna.act(&deal, "open_dispute", &[("reason", evil)]).await;
    for path in [deal.as_str(), &format!("{deal}/work/1"), "/deals"] {
        let page = anna.get(path).await;
        assert!(!page.text.contains("<script") && !page.text.contains("<img"), "{path}");
        assert!(page.policy.contains("default-src 'none'") && !page.policy.contains("unsafe"));
        assert!(page.policy.contains("frame-ancestors 'none'"));
    }
    for path in ["/operator", &format!("/operator/search?q={}", "%3Cscript%3E")] {
        let mut page = olga.get(path).await;
        if let Some(to) = page.location {
            page = olga.get(&to).await;
        }
        assert!(!page.text.contains("<script"), "{path}");
    }
    // a form that is refused shows what was typed
    let page =
        boris.fill("/deals/new", "/deals/new", &[("name-0", evil), ("price-0", evil), ("other", evil)]).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(!page.text.contains("<script") && !page.text.contains("<img"));
}

#[tokio::test]
async fn the_work_itself_is_seen_by_no_detour() {
    let test = TestDesk::new();
    let deal = paid(&test).await;
    let mut anna = test.of("anna").await;
    let key = test.desk.store.add_api_key(&"anna".parse().unwrap(), "test", test.desk.now()).unwrap();
    let api = deal.replace("/deals", "/api/v1/deals");
    for path in [api.clone(), format!("{api}/events")] {
        let request = Request::get(path).header(header::AUTHORIZATION, format!("Bearer {key}"));
        let answer = anna.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert!(!answer.text.contains("original-"), "where it is, is not said: {}", answer.text);
    }
    // even who knows its name cannot have it shown as a message
    let mut olga = test.of("olga").await;
    let staff = test.desk.store.add_api_key(&"olga".parse().unwrap(), "test", test.desk.now()).unwrap();
    let request =
        Request::get(format!("{api}/events")).header(header::AUTHORIZATION, format!("Bearer {staff}"));
    let events = olga.send(request.body(Body::empty()).unwrap()).await.text;
    let at = events.find("original-").unwrap();
    let name: String = events[at..].chars().take_while(|c| *c != '"').collect();
    let body = format!(r#"{{"command":{{"type":"post","reference":"{name}"}}}}"#);
    let request = Request::post(format!("{api}/commands"))
        .header(header::AUTHORIZATION, format!("Bearer {key}"))
        .header("idempotency-key", "1");
    assert_eq!(anna.send(request.body(Body::from(body)).unwrap()).await.status, StatusCode::OK);
    assert!(!anna.get(&deal).await.text.contains("the drawing"));
}

#[tokio::test]
async fn too_much_and_too_often_are_refused() {
    let test = TestDesk::with(|config| config.requests_per_minute = 60);
    let mut anna = test.of("anna").await;
    let large = "x".repeat(300_000);
    assert_eq!(
        anna.post("/deals/new", &[("description", &large)]).await.status,
        StatusCode::PAYLOAD_TOO_LARGE
    );
    let mut last = StatusCode::OK;
    for _ in 0..61 {
        last = anna.get("/deals").await.status;
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
    // a try to sign in weighs 30, and anybody's were used up by anna's own two
    let mut guess = test.browser();
    assert_eq!(guess.get("/signin/0").await.status, StatusCode::TOO_MANY_REQUESTS);
    // a text that is too long, or whose message is refused, is not kept
    let test = TestDesk::new();
    let (mut anna, mut boris) = (test.of("anna").await, test.of("boris").await);
    let deal = propose(&mut boris, "goods", &[]).await;
    let post = format!("{deal}/do/post");
    let long = "x".repeat(4_001);
    assert_eq!(
        boris.fill(&deal, &post, &[("message", &long)]).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let old = form(&boris.get(&deal).await.text, &post).unwrap();
    anna.act(&deal, "agree", &[]).await;
    let mut fields: Vec<(&str, &str)> = old.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    fields.push(("message", "nobody will read this"));
    assert_eq!(boris.post(&post, &fields).await.status, StatusCode::CONFLICT);
    let db = rusqlite::Connection::open(test.folder.join("desk.db")).unwrap();
    let kept: i64 = db.query_row("SELECT COUNT(*) FROM texts", [], |row| row.get(0)).unwrap();
    assert_eq!(kept, 0);
    let link = test.desk.sign_in_path(&"anna".parse().unwrap()).unwrap();
    test.browser().sign_in(&link).await;
    assert_eq!(test.browser().get(&link).await.status, StatusCode::GONE, "a link works once");
}

#[tokio::test]
async fn no_redirect_leaves_the_desk() {
    let test = TestDesk::new();
    let mut browser = test.of("anna").await;
    browser.sign_in(&test.desk.sign_in_path(&"boris".parse().unwrap()).unwrap()).await;
    let page = browser.get("/deals").await;
    let fields = form(&page.text, "/switch").unwrap();
    let csrf = &fields.iter().find(|(name, _)| name == "csrf").unwrap().1;
    let sent = [("csrf", csrf.as_str()), ("to", "1"), ("back", "//evil.example/deals/")];
    assert_eq!(browser.post("/switch", &sent).await.location.as_deref(), Some("/deals"));
}
