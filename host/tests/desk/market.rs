//! Projects in milestones, and balances, page by page.

use axum::http::StatusCode;

use crate::browser::{Browser, TestDesk, propose, words};

/// Boris is to build a site for Anna, in two milestones of 300.00 and 600.00.
async fn site(boris: &mut Browser, funding: &str) -> String {
    let typed = [
        ("name", "A site"),
        ("i_am", "seller"),
        ("other", "anna"),
        ("currency", "EUR"),
        ("template", "work"),
        ("funding", funding),
        ("name-0", "A sketch"),
        ("price-0", "300"),
        ("name-1", "The pages"),
        ("price-1", "600"),
    ];
    let page = boris.get("/projects/new").await;
    let mut fields = crate::browser::form(&page.text, "/projects/new").unwrap();
    for (name, value) in typed {
        fields.retain(|(field, _)| field != name);
        fields.push((name.to_owned(), value.to_owned()));
    }
    let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let made = boris.post("/projects/new", &fields).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", words(&made.text));
    let again = boris.post("/projects/new", &fields).await;
    assert_eq!(again.location, made.location, "sent twice, it is one project");
    made.location.unwrap()
}

async fn act(browser: &mut Browser, project: &str, kind: &str, typed: &[(&str, &str)]) -> String {
    let page = browser.fill(project, &format!("{project}/do/{kind}"), typed).await;
    assert_eq!(page.status, StatusCode::OK, "{kind}: {}", words(&page.text));
    words(&page.text)
}

/// The addresses of the deals in the table of milestones.
async fn deals(browser: &mut Browser, project: &str) -> Vec<String> {
    let page = browser.get(project).await.text;
    let table = page.split("id=\"milestones\"").nth(1).unwrap().split("</table>").next().unwrap();
    let links = table.split("href=\"").filter_map(|rest| rest.split('"').next());
    links.filter(|link| link.starts_with("/deals/")).map(str::to_owned).collect()
}

/// Anna pays on the bank's page whatever a form of this page asks for.
async fn pay(anna: &mut Browser, page: &str, action: &str) {
    let text = anna.get(page).await.text;
    let fields = crate::browser::form(&text, action).unwrap_or_else(|| panic!("{}", words(&text)));
    let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let bank = anna.post(action, &fields).await.location.unwrap();
    anna.fill(&bank, &bank, &[("do", "pay")]).await;
}

#[tokio::test]
async fn milestones_are_paid_one_by_one_into_a_balance_which_is_withdrawn_and_bounces() {
    let test = TestDesk::new();
    let (mut anna, mut boris) = (test.of("anna").await, test.of("boris").await);
    let mut olga = test.of("olga").await;
    boris.fill("/balances", "/balances/earnings", &[("keep", "yes")]).await;
    let project = site(&mut boris, "each").await;
    let read = words(&boris.get(&project).await.text);
    assert!(read.contains("Waits for anna : Agree to the milestones"), "{read}");
    act(&mut anna, &project, "agree", &[]).await;
    let open = deals(&mut anna, &project).await;
    assert_eq!(open.len(), 1, "the second begins when the first is accepted");
    pay(&mut anna, &open[0], &format!("{}/pay/buyer_payment", open[0])).await;
    boris.act(&open[0], "submit", &[("preview", "a sketch"), ("original", "the sketch")]).await;
    anna.act(&open[0], "accept", &[]).await;
    let open = deals(&mut anna, &project).await;
    assert_eq!(open.len(), 2);
    let read = words(&anna.get(&open[0]).await.text);
    // 5 % of 300.00 is 15.00
    assert!(read.contains("the seller what the seller earned on the payee's balance 285.00 EUR"), "{read}");

    let list = boris.get("/balances").await;
    assert!(words(&list.text).contains("Can be withdrawn: 285.00 EUR"), "{}", words(&list.text));
    let balance = list.text.split("href=\"").find(|rest| rest.starts_with("/balances/")).unwrap();
    let balance = balance.split('"').next().unwrap().to_owned();
    let withdraw = format!("{balance}/withdraw");
    let typed = [("amount", "200"), ("kind", "account"), ("reference", "vault-3")];
    let card = [("amount", "200"), ("kind", "card"), ("reference", "4242 4242 4242 4242")];
    assert_eq!(boris.fill(&balance, &withdraw, &card).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let much = [("amount", "285.01"), ("kind", "account"), ("reference", "vault-3")];
    let refused = boris.fill(&balance, &withdraw, &much).await;
    assert!(refused.status.is_client_error() && refused.text.contains("value=\"285.01\""));
    let asked = boris.fill(&balance, &withdraw, &typed).await;
    let code = asked.text.split("<pre>").nth(1).unwrap().split('<').next().unwrap().to_owned();
    let confirm = format!("{balance}/withdrawals/1");
    let wrong = if code == "000000" { "000001" } else { "000000" };
    let guessed = boris.fill(&balance, &confirm, &[("do", "confirm"), ("code", wrong)]).await;
    assert!(words(&guessed.text).contains("It can be tried 4 times more"), "{}", words(&guessed.text));
    // nobody else withdraws, nor sees
    assert_eq!(anna.get(&balance).await.status, StatusCode::NOT_FOUND);
    let form = crate::browser::form(&anna.get("/account").await.text, "/account").unwrap();
    let csrf = form.iter().find(|(name, _)| name == "csrf").unwrap().1.clone();
    let theft = [("csrf", csrf.as_str()), ("do", "confirm"), ("code", code.as_str())];
    assert_eq!(anna.post(&confirm, &theft).await.status, StatusCode::NOT_FOUND);
    assert!(olga.get(&balance).await.text.contains("boris"));

    let paid = boris.fill(&balance, &confirm, &[("do", "confirm"), ("code", &code)]).await;
    let read = words(&paid.text);
    assert!(read.contains("It is paid.") && read.contains("Can be withdrawn 85.00 EUR"), "{read}");
    let returned = olga.fill(&balance, &format!("{balance}/sandbox"), &[("amount", "200")]).await;
    let read = words(&returned.text);
    // 285.00 − 200.00 + 200.00
    assert!(read.contains("200.00 EUR came back from the bank"), "{read}");
    assert!(read.contains("Can be withdrawn 285.00 EUR"), "{read}");
}

#[tokio::test]
async fn a_project_is_paid_at_once_goes_on_and_is_over() {
    let test = TestDesk::new();
    let (mut anna, mut boris) = (test.of("anna").await, test.of("boris").await);
    let project = site(&mut boris, "upfront").await;
    act(&mut anna, &project, "agree", &[]).await;
    let open = deals(&mut anna, &project).await;
    assert_eq!(open.len(), 2, "all at once");
    let read = words(&anna.get(&project).await.text);
    // 300.00 and 600.00
    assert!(read.contains("900.00 EUR is to be paid"), "{read}");
    assert_eq!(crate::browser::form(&boris.get(&project).await.text, &format!("{project}/pay")), None);
    pay(&mut anna, &project, &format!("{project}/pay")).await;
    let read = words(&anna.get(&project).await.text);
    assert!(read.contains("All milestones at once: paid"), "{read}");
    for (deal, pays) in [(&open[0], "285.00 EUR"), (&open[1], "570.00 EUR")] {
        // 5 % of each are 15.00 and 30.00
        boris.act(deal, "submit", &[("preview", "see"), ("original", "have")]).await;
        let done = words(&anna.act(deal, "accept", &[]).await.text);
        assert!(done.contains(&format!("the seller what the seller earned paid {pays}")), "{done}");
    }
    let read = words(&anna.get(&project).await.text);
    assert!(read.contains("Every milestone is over"), "{read}");
}

#[tokio::test]
async fn what_is_to_come_is_changed_and_a_project_is_stopped() {
    let test = TestDesk::new();
    let (mut anna, mut boris) = (test.of("anna").await, test.of("boris").await);
    let (mut clara, mut olga) = (test.of("clara").await, test.of("olga").await);
    let project = site(&mut boris, "each").await;
    act(&mut anna, &project, "agree", &[]).await;
    let read = act(&mut boris, &project, "amend", &[("name-0", "Ten pages"), ("price-0", "700")]).await;
    assert!(read.contains("Proposed, version 2") && read.contains("Ten pages 700.00 EUR"), "{read}");
    act(&mut anna, &project, "agree", &[]).await;
    // a milestone that is not accepted halts it
    let first = deals(&mut anna, &project).await.remove(0);
    boris.act(&first, "cancel", &[]).await;
    let read = words(&anna.get(&project).await.text);
    assert!(read.contains("Halted") && read.contains("Go on with the next milestone"), "{read}");
    act(&mut anna, &project, "continue", &[]).await;
    assert_eq!(deals(&mut anna, &project).await.len(), 2);
    let read = act(&mut anna, &project, "stop", &[("reason", "No more money")]).await;
    assert!(read.contains("The project was stopped: No more money"), "{read}");
    // others have no part in it
    assert_eq!(clara.get(&project).await.status, StatusCode::NOT_FOUND);
    assert!(!clara.get("/projects").await.text.contains(&project));
    assert!(olga.get("/projects").await.text.contains(&project));
    assert_eq!(olga.get(&project).await.status, StatusCode::OK);
}

#[tokio::test]
async fn nobody_chooses_the_id_of_a_deal() {
    let test = TestDesk::new();
    let mut boris = test.of("boris").await;
    let chosen = "018f3c5e-0000-7000-8000-000000000001";
    let deal = propose(&mut boris, "goods", &[("request", chosen)]).await;
    assert!(
        !deal.contains(chosen),
        "the orders of two machines would have the same keys at the bank: {deal}"
    );
}

#[tokio::test]
async fn a_chargeback_of_a_payment_for_all_is_divided_among_the_milestones() {
    let test = TestDesk::new();
    let (mut anna, mut boris) = (test.of("anna").await, test.of("boris").await);
    let mut olga = test.of("olga").await;
    let project = site(&mut boris, "upfront").await;
    act(&mut anna, &project, "agree", &[]).await;
    pay(&mut anna, &project, &format!("{project}/pay")).await;
    let open = deals(&mut anna, &project).await;
    let asked = [("step", "opened"), ("amount", "90"), ("do", "chargeback")];
    olga.fill(&open[0], &format!("{}/sandbox", open[0]), &asked).await;
    // of 90.00 of 900.00, a third and two thirds
    for (deal, part) in [(&open[0], "30.00 EUR"), (&open[1], "60.00 EUR")] {
        let read = words(&boris.get(deal).await.text);
        assert!(read.contains(&format!("The payer's bank asks for {part} back")), "{read}");
    }
    // the bank's odd days are the staff's to play
    let form = crate::browser::form(&boris.get("/account").await.text, "/account").unwrap();
    let csrf = form.iter().find(|(name, _)| name == "csrf").unwrap().1.clone();
    for path in
        [format!("{}/sandbox", open[0]), "/balances/018f3c5e-0000-7000-8000-000000000001/sandbox".to_owned()]
    {
        let fields = [("csrf", csrf.as_str()), ("number", "1"), ("amount", "1"), ("do", "bounce")];
        assert_eq!(boris.post(&path, &fields).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let forged = [("csrf", "0"), ("keep", "yes")];
    assert_eq!(boris.post("/balances/earnings", &forged).await.status, StatusCode::FORBIDDEN);
}
