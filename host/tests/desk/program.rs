//! The running program, and requests to it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::browser::{form, words};

pub(crate) struct Running {
    child: Child,
    address: String,
    links: Vec<String>,
}

/// The program on its files, and on a database.
pub(crate) fn program(data: &Path, database: Option<&str>) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_escrow-desk"));
    program.env_remove("DATABASE_URL").arg("--data").arg(data);
    if let Some(database) = database {
        program.env("DATABASE_URL", database);
    }
    program
}

impl Running {
    pub(crate) fn start(data: &Path) -> Self {
        Self::with(data, &[], None)
    }

    /// With more arguments, and the address of a database.
    pub(crate) fn with(data: &Path, more: &[&str], database: Option<&str>) -> Self {
        let mut child = program(data, database)
            .args(["--demo", "--port", "0"])
            .args(more)
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

    pub(crate) fn link(&self, place: usize) -> String {
        let at = self.links[place].find("/signin/").unwrap();
        self.links[place][at..].to_owned()
    }

    /// `SIGKILL`: nothing is tidied up.
    pub(crate) fn kill(self) {
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
pub(crate) fn send(
    to: &Running,
    cookie: &str,
    path: &str,
    body: Option<&str>,
    reads: bool,
) -> (String, String) {
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

pub(crate) fn header(head: &str, name: &str) -> Option<String> {
    let line = head.lines().find(|line| line.to_lowercase().starts_with(&format!("{name}:")))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

pub(crate) fn sign_in(to: &Running, place: usize) -> String {
    let (head, _) = send(to, "", &to.link(place), Some(""), true);
    let cookie = header(&head, "set-cookie").unwrap();
    cookie.trim_start_matches("desk=").split(';').next().unwrap().to_owned()
}

/// Sends a form that is on a page, and says where it leads to.
pub(crate) fn fill(
    to: &Running,
    cookie: &str,
    page: &str,
    action: &str,
    more: &str,
    reads: bool,
) -> Option<String> {
    let (_, text) = send(to, cookie, page, None, true);
    let fields = form(&text, action).unwrap_or_else(|| panic!("{action}: {}", words(&text)));
    let mut body: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
    body.retain(|pair| !more.split('&').any(|m| m.split('=').next() == pair.split('=').next()));
    body.push(more.to_owned());
    let (head, text) = send(to, cookie, action, Some(&body.join("&")), reads);
    assert!(!reads || head.contains(" 303 "), "{action}: {head} {}", words(&text));
    header(&head, "location")
}

pub(crate) fn wait_for(to: &Running, cookie: &str, deal: &str, words_of_it: &str) {
    for _ in 0..600 {
        let (_, text) = send(to, cookie, deal, None, true);
        if words(&text).contains(words_of_it) {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("{deal} does not come to be {words_of_it}: {}", words(&send(to, cookie, deal, None, true).1));
}
