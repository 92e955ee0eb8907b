//! What is on the disk.

use crate::browser::{TestDesk, propose};

#[tokio::test]
async fn no_secret_is_stored_and_no_text_of_a_person_is_in_the_deals() {
    let test = TestDesk::new();
    let (mut anna, mut boris) = (test.of("anna").await, test.of("boris").await);
    let key = test.desk.store.add_api_key(&"anna".parse().unwrap(), "test", test.desk.now()).unwrap();
    let link = test.desk.sign_in_path(&"anna".parse().unwrap()).unwrap();
    let deal = propose(&mut boris, "work", &[]).await;
    anna.act(&deal, "agree", &[]).await;
    anna.pay(&deal).await;
    boris.act(&deal, "post", &[("message", "call me at +7 900 123-45-67")]).await;
    let (session, link) = (anna.cookie.clone().unwrap(), link.rsplit('/').next().unwrap().to_owned());
    let holds = |file: &str, text: &str| {
        ["", "-wal"].iter().any(|part| {
            let bytes = std::fs::read(test.folder.join(format!("{file}{part}"))).unwrap_or_default();
            bytes.windows(text.len()).any(|window| window == text.as_bytes())
        })
    };
    for file in ["desk.db", "deals.db", "bank.db"] {
        for secret in [session.as_str(), &link, &key] {
            assert!(!holds(file, secret), "{file} has {secret}");
        }
    }
    // the control: what is looked for is found where it is
    assert!(holds("desk.db", "call me at +7 900"));
    assert!(!holds("deals.db", "call me at +7 900"));
}

#[tokio::test]
async fn who_is_forgotten_is_signed_out_and_their_words_are_erased() {
    let test = TestDesk::new();
    let (mut anna, mut boris) = (test.of("anna").await, test.of("boris").await);
    let mut olga = test.of("olga").await;
    let deal = propose(&mut boris, "goods", &[]).await;
    anna.act(&deal, "post", &[("message", "my street is Elm 1")]).await;
    olga.fill("/operator/people", "/operator/people", &[("id", "anna"), ("do", "forget")]).await;
    assert_eq!(anna.get("/deals").await.status, 401);
    assert!(!boris.get(&deal).await.text.contains("Elm 1"));
    // nobody takes their name, and with it their deals
    let again = olga.fill("/operator/people", "/operator/people", &[("id", "anna"), ("do", "invite")]).await;
    assert_eq!(again.status, 422);
    olga.fill("/operator/people", "/operator/people", &[("id", "boris"), ("do", "sign-out")]).await;
    assert_eq!(boris.get("/deals").await.status, 401);
}
