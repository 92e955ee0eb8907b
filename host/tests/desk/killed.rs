//! The running program, killed in the middle of a deal.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::browser::{form, words};

struct Running {
    child: Child,
    address: String,
    links: Vec<String>,
}

impl Running {
    fn start(data: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_escrow-desk"))
            .args(["--demo", "--port", "0", "--data"])
            .arg(data)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let links: Vec<String> = lines
            .by_ref()
            .filter_map(|line| {
                line.split_whitespace().find(|word| word.contains("/signin/")).map(str::to_owned)
            })
            .take(3)
            .collect();
        let address = links[0].strip_prefix("http://").unwrap().split('/').next().unwrap().to_owned();
        Self { child, address, links }
    }

    fn link(&self, place: usize) -> String {
        let at = self.links[place].find("/signin/").unwrap();
        self.links[place][at..].to_owned()
    }

    /// `SIGKILL`: nothing is tidied up.
    fn kill(self) {
        drop(self);
    }
}

/// A test that fails leaves no process behind.
impl Drop for Running {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// One request on a connection of its own. `reads`: whether the answer is waited for.
fn send(to: &Running, cookie: &str, path: &str, body: Option<&str>, reads: bool) -> (String, String) {
    let mut stream = TcpStream::connect(&to.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let method = if body.is_some() { "POST" } else { "GET" };
    let body = body.unwrap_or_default();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nCookie: desk={cookie}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        to.address,
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    if reads {
        stream.read_to_string(&mut answer).unwrap();
    }
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    (head.to_owned(), body.to_owned())
}

fn header(head: &str, name: &str) -> Option<String> {
    let line = head.lines().find(|line| line.to_lowercase().starts_with(&format!("{name}:")))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn sign_in(to: &Running, place: usize) -> String {
    let (head, _) = send(to, "", &to.link(place), Some(""), true);
    let cookie = header(&head, "set-cookie").unwrap();
    cookie.trim_start_matches("desk=").split(';').next().unwrap().to_owned()
}

/// Sends a form that is on a page, and says where it leads to.
fn fill(to: &Running, cookie: &str, page: &str, action: &str, more: &str, reads: bool) -> Option<String> {
    let (_, text) = send(to, cookie, page, None, true);
    let fields = form(&text, action).unwrap_or_else(|| panic!("{action}: {}", words(&text)));
    let mut body: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
    body.retain(|pair| !more.split('&').any(|m| m.split('=').next() == pair.split('=').next()));
    body.push(more.to_owned());
    let (head, text) = send(to, cookie, action, Some(&body.join("&")), reads);
    assert!(!reads || head.contains(" 303 "), "{action}: {head} {}", words(&text));
    header(&head, "location")
}

fn wait_for(to: &Running, cookie: &str, deal: &str, words_of_it: &str) {
    for _ in 0..100 {
        let (_, text) = send(to, cookie, deal, None, true);
        if words(&text).contains(words_of_it) {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("{deal} does not come to be {words_of_it}: {}", words(&send(to, cookie, deal, None, true).1));
}

#[test]
fn a_deal_is_finished_although_the_program_is_killed_at_every_step() {
    let data = std::env::temp_dir().join(format!("escrow-desk-killed-{}", std::process::id()));
    let mut desk = Running::start(&data);
    let (anna, boris) = (sign_in(&desk, 0), sign_in(&desk, 1));
    let typed = "other=anna&i_am=seller&name-0=Lamp&price-0=100&template=goods&currency=EUR";
    let deal = fill(&desk, &boris, "/deals/new", "/deals/new", typed, true).unwrap();
    desk.kill();

    desk = Running::start(&data);
    // sessions survive, too
    fill(&desk, &anna, &deal, &format!("{deal}/do/agree"), "", true);
    let bank = fill(&desk, &anna, &deal, &format!("{deal}/pay/buyer_payment"), "", true).unwrap();
    // the bank is paid, and nobody waits for the answer
    fill(&desk, &anna, &bank, &bank, "do=pay", false);
    std::thread::sleep(Duration::from_millis(3));
    desk.kill();

    desk = Running::start(&data);
    let (_, page) = send(&desk, &anna, &bank, None, true);
    if !words(&page).contains("This is paid") {
        fill(&desk, &anna, &bank, &bank, "do=pay", true);
    }
    wait_for(&desk, &anna, &deal, "Paid, not started");
    fill(&desk, &boris, &deal, &format!("{deal}/do/start_performing"), "", true);
    desk.kill();

    desk = Running::start(&data);
    fill(&desk, &anna, &deal, &format!("{deal}/do/accept"), "", false);
    std::thread::sleep(Duration::from_millis(3));
    desk.kill();

    desk = Running::start(&data);
    let (_, page) = send(&desk, &anna, &deal, None, true);
    if form(&page, &format!("{deal}/do/accept")).is_some() {
        fill(&desk, &anna, &deal, &format!("{deal}/do/accept"), "", true);
    }
    // what the dead left is asked about after ten seconds at most
    for _ in 0..3 {
        let (_, page) = send(&desk, &anna, &deal, None, true);
        if words(&page).contains("Completed") {
            break;
        }
        std::thread::sleep(Duration::from_secs(5));
    }
    wait_for(&desk, &anna, &deal, "Completed");
    let (_, page) = send(&desk, &anna, &deal, None, true);
    // 5 % of 100.00 is 5.00, once
    assert!(words(&page).contains("the seller what the seller earned paid 95.00 EUR"), "{}", words(&page));
    assert!(words(&page).contains("paid out 100.00 EUR"), "{}", words(&page));
    desk.kill();
    let _ = std::fs::remove_dir_all(&data);
}
