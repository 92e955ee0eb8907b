//! Webhooks out, as their receiver meets them.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use escrow::Deal;
use escrow_desk::hooks::{self, Outbox};
use escrow_host::Worker;
use escrow_webhook::{Headers, Keyring, Secret};

use crate::browser::{TestDesk, propose, words};

/// Takes one request, answers it, and returns its head and its body.
fn take(listener: &TcpListener, answer: &str) -> (String, String) {
    let (mut stream, _) = listener.accept().unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let (mut read, mut buffer) = (Vec::new(), [0_u8; 4_096]);
    loop {
        let count = stream.read(&mut buffer).unwrap();
        read.extend_from_slice(&buffer[..count]);
        let text = String::from_utf8_lossy(&read).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length: usize = header(head, "content-length").parse().unwrap();
        if body.len() >= length {
            let answer = format!("HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            stream.write_all(answer.as_bytes()).unwrap();
            return (head.to_owned(), body.to_owned());
        }
    }
}

fn header(head: &str, name: &str) -> String {
    let line = head.lines().find(|line| line.to_lowercase().starts_with(&format!("{name}:"))).unwrap();
    line.split_once(':').unwrap().1.trim().to_owned()
}

#[tokio::test]
async fn a_change_is_told_signed_again_under_the_same_id_until_it_arrives() {
    let test = TestDesk::new();
    let (mut boris, mut olga) = (test.of("boris").await, test.of("olga").await);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let page = olga.fill("/operator/webhooks", "/operator/webhooks", &[("url", &url), ("do", "add")]).await;
    let secret = words(&page.text).split_whitespace().find(|w| w.starts_with("whsec_")).unwrap().to_owned();

    let deal = propose(&mut boris, "goods", &[]).await;
    let mut worker =
        Worker::builder(test.desk.host.clone(), "test").deliver_to(Outbox(test.desk.clone())).build();
    worker.pass::<Deal>().await.unwrap();
    let receiver =
        std::thread::spawn(move || [take(&listener, "503 Busy"), take(&listener, "204 No Content")]);
    assert_eq!(hooks::send_due(&test.desk).await.unwrap(), 0);
    // it is tried again after two seconds, and not before
    assert_eq!(hooks::send_due(&test.desk).await.unwrap(), 0);
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    assert_eq!(hooks::send_due(&test.desk).await.unwrap(), 1);
    let told = receiver.join().unwrap();
    assert_eq!(told[0].1, told[1].1);
    assert_eq!(header(&told[0].0, "webhook-id"), header(&told[1].0, "webhook-id"));
    let keys = Keyring::new(vec![Secret::parse(&secret).unwrap()]).unwrap();
    for (head, body) in &told {
        let (id, timestamp) = (header(head, "webhook-id"), header(head, "webhook-timestamp"));
        let signature = header(head, "webhook-signature");
        let headers = Headers { id: &id, timestamp: &timestamp, signature: &signature };
        keys.verify(headers, body.as_bytes(), test.desk.now()).unwrap();
        assert!(body.contains(deal.rsplit('/').next().unwrap()) && body.contains("proposed"), "{body}");
        assert!(!body.contains("Lamp") && !body.contains("anna"), "nothing private: {body}");
    }
    assert_eq!(hooks::send_due(&test.desk).await.unwrap(), 0, "it has arrived");
    let addresses = ["http://10.0.0.1/", "http://127.0.0.1@evil.example/"];
    for address in addresses {
        let page =
            olga.fill("/operator/webhooks", "/operator/webhooks", &[("url", address), ("do", "add")]).await;
        assert_eq!(page.status, 422, "{address}");
    }
    assert_eq!(boris.get("/operator/webhooks").await.status, 404);
}
