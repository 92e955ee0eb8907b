//! A browser without scripts, on the router in process: it keeps cookies, and sends forms as they stand on the page.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode, header};
use escrow_desk::store::Person;
use escrow_desk::{Config, Desk, router};
use http_body_util::BodyExt;
use tower::ServiceExt;

static FOLDERS: AtomicU32 = AtomicU32::new(0);

/// A desk with its files in a folder of its own, and anna, boris, clara and the operator olga.
pub(crate) struct TestDesk {
    pub(crate) desk: Arc<Desk>,
    pub(crate) folder: std::path::PathBuf,
}

impl TestDesk {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut Config)) -> Self {
        let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("escrow-desk-test-{}-{number}", std::process::id()));
        let mut config = Config { data: folder.clone(), requests_per_minute: 100_000, ..Config::default() };
        change(&mut config);
        let desk = Desk::open(config).unwrap();
        for (id, staff) in [("anna", false), ("boris", false), ("clara", false), ("olga", true)] {
            desk.store.add_person(&Person { id: id.parse().unwrap(), staff }, desk.now()).unwrap();
        }
        Self { desk, folder }
    }

    pub(crate) fn browser(&self) -> Browser {
        Browser { router: router(self.desk.clone()), cookie: None }
    }

    /// A browser in which this person is signed in.
    pub(crate) async fn of(&self, person: &str) -> Browser {
        let mut browser = self.browser();
        browser.sign_in(&self.desk.sign_in_path(&person.parse().unwrap()).unwrap()).await;
        browser
    }
}

impl Drop for TestDesk {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

pub(crate) struct Page {
    pub(crate) status: StatusCode,
    pub(crate) location: Option<String>,
    pub(crate) policy: String,
    pub(crate) text: String,
}

#[derive(Clone)]
pub(crate) struct Browser {
    router: Router,
    pub(crate) cookie: Option<String>,
}

impl Browser {
    pub(crate) async fn send(&mut self, mut request: Request<Body>) -> Page {
        if let Some(cookie) = &self.cookie {
            let value = format!("{}={cookie}", escrow_desk::SESSION_COOKIE);
            request.headers_mut().insert(header::COOKIE, value.parse().unwrap());
        }
        let response: Response<Body> = self.router.clone().oneshot(request).await.unwrap();
        let header = |name| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let (status, location) = (response.status(), header(header::LOCATION));
        let policy = header(header::CONTENT_SECURITY_POLICY).unwrap_or_default();
        if let Some(set) = header(header::SET_COOKIE) {
            let pair = set.split(';').next().unwrap();
            self.cookie = pair.split_once('=').map(|(_, value)| value.to_owned()).filter(|v| !v.is_empty());
        }
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        Page { status, location, policy, text: String::from_utf8(bytes.to_vec()).unwrap() }
    }

    pub(crate) async fn get(&mut self, path: &str) -> Page {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let body: Vec<String> =
            fields.iter().map(|(name, value)| format!("{}={}", quoted(name), quoted(value))).collect();
        let request = Request::post(path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(body.join("&"))).unwrap()).await
    }

    pub(crate) async fn sign_in(&mut self, link: &str) {
        assert_eq!(self.get(link).await.status, StatusCode::OK);
        assert_eq!(self.post(link, &[]).await.status, StatusCode::SEE_OTHER);
    }

    /// Opens a page, fills in a form that is on it, sends it, and follows where it leads to.
    pub(crate) async fn fill(&mut self, path: &str, action: &str, typed: &[(&str, &str)]) -> Page {
        let page = self.get(path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.text);
        let mut fields =
            form(&page.text, action).unwrap_or_else(|| panic!("no form for {action}: {}", page.text));
        for (name, value) in typed {
            fields.retain(|(field, _)| field != name);
            fields.push(((*name).to_owned(), (*value).to_owned()));
        }
        let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let mut answer = self.post(action, &fields).await;
        while let Some(to) = answer.location.clone() {
            answer = self.get(&to).await;
        }
        answer
    }

    /// A command on a deal, by its form.
    pub(crate) async fn act(&mut self, deal: &str, kind: &str, typed: &[(&str, &str)]) -> Page {
        let page = self.fill(deal, &format!("{deal}/do/{kind}"), typed).await;
        assert_eq!(page.status, StatusCode::OK, "{kind}: {}", words(&page.text));
        page
    }

    /// Pays the buyer's payment on the bank's page.
    pub(crate) async fn pay(&mut self, deal: &str) -> Page {
        let pay = format!("{deal}/pay/buyer_payment");
        let page = self.get(deal).await;
        let fields = form(&page.text, &pay).unwrap();
        let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let bank = self.post(&pay, &fields).await.location.unwrap();
        self.fill(&bank, &bank, &[("do", "pay")]).await
    }
}

/// The address of the deal that somebody has just proposed.
pub(crate) async fn propose(seller: &mut Browser, template: &str, typed: &[(&str, &str)]) -> String {
    let mut fields = vec![
        ("template", template),
        ("i_am", "seller"),
        ("other", "anna"),
        ("currency", "EUR"),
        ("name-0", "Lamp"),
        ("quantity-0", "1"),
        ("price-0", "100"),
    ];
    fields.retain(|(name, _)| !typed.iter().any(|(other, _)| other == name));
    fields.extend(typed);
    let page = seller.fill("/deals/new", "/deals/new", &fields).await;
    assert_eq!(page.status, StatusCode::OK, "{}", words(&page.text));
    let at = page.text.find("action=\"/deals/").unwrap();
    let deal: String = page.text[at + 8..].chars().take_while(|c| *c != '"').collect();
    deal.split('/').take(3).collect::<Vec<_>>().join("/")
}

/// The fields of the form with this action, as a browser would send them untouched.
pub(crate) fn form(page: &str, action: &str) -> Option<Vec<(String, String)>> {
    let begin = page.find(&format!("method=\"post\" action=\"{action}\""))?;
    let form = &page[begin..begin + page[begin..].find("</form>")?];
    let mut fields = Vec::new();
    for tag in form.split('<').filter(|tag| tag.starts_with("input")) {
        let attribute = |name: &str| {
            let at = tag.find(&format!(" {name}=\""))? + name.len() + 3;
            Some(plain(&tag[at..at + tag[at..].find('"')?]))
        };
        let kind = attribute("type").unwrap_or_default();
        let chosen = !matches!(kind.as_str(), "radio" | "checkbox") || tag.contains(" checked");
        if let (Some(name), true) = (attribute("name"), chosen) {
            fields.push((name, attribute("value").unwrap_or_default()));
        }
    }
    Some(fields)
}

fn plain(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

/// What a person reads of a page.
pub(crate) fn words(page: &str) -> String {
    let mut words = String::new();
    let mut is_tag = false;
    for c in page.chars() {
        match c {
            '<' => is_tag = true,
            '>' => {
                is_tag = false;
                words.push(' ');
            }
            _ if !is_tag => words.push(c),
            _ => {}
        }
    }
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn quoted(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}
