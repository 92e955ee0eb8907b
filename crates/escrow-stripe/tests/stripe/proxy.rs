//! What `localstripe` lacks of Stripe: idempotency keys, transfers, payouts, hosted pages, the fields of today's API, and answers
//! that are lost, late, or errors.

use std::collections::{HashMap, HashSet, VecDeque};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

pub(crate) const KEY: &str = "sk_test_secret12345";
pub(crate) const SECRET: &str = "whsec_of_these_tests";

/// What happens to the next call that acts.
pub(crate) enum Fault {
    /// Done, and the answer is lost.
    Lose,
    /// Done, and answered later than anybody waits.
    Late(Duration),
    /// Not done, and this is the answer; `true`: under its key it stays the answer.
    Answer(u16, Value, bool),
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) form: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Request {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let all = self.form.iter().chain(&self.query);
        all.filter(|(known, _)| known == name).map(|(_, value)| value.as_str()).next()
    }

    fn metadata(&self) -> Value {
        let mut metadata = serde_json::Map::new();
        for (name, value) in &self.form {
            if let Some(name) = name.strip_prefix("metadata[").and_then(|n| n.strip_suffix(']')) {
                metadata.insert(name.to_owned(), json!(value));
            }
        }
        Value::Object(metadata)
    }
}

#[derive(Default)]
pub(crate) struct State {
    keys: HashMap<String, (String, u16, Value)>,
    under_way: HashSet<String>,
    pub(crate) faults: VecDeque<Fault>,
    transfers: Vec<Value>,
    payouts: Vec<Value>,
    captured: HashMap<String, i64>,
    /// What moved: the key, and how much.
    pub(crate) effects: Vec<(String, i64)>,
    /// Every call, in its order.
    pub(crate) seen: Vec<Request>,
    /// What localstripe has told: signatures and bodies.
    pub(crate) told: Vec<(String, Vec<u8>)>,
    made: u32,
}

#[derive(Clone)]
pub(crate) struct Proxy {
    state: Arc<Mutex<State>>,
    upstream: Option<String>,
    pub(crate) base: String,
}

type Reply = (u16, Value);

impl Proxy {
    /// In front of localstripe, or of nothing: then there are no payments.
    pub(crate) fn start(upstream: Option<&str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let proxy = Self { state: Arc::default(), upstream: upstream.map(str::to_owned), base };
        let served = proxy.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let served = served.clone();
                std::thread::spawn(move || served.serve(stream.unwrap()));
            }
        });
        if proxy.upstream.is_some() {
            let url = format!("{}/told", proxy.base);
            proxy.forward("POST", "/_config/webhooks/own", &[("url", &url), ("secret", SECRET)]);
        }
        proxy
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Stripe forgets every key.
    pub(crate) fn forget(&self) {
        self.state().keys.clear();
    }

    fn serve(&self, mut stream: TcpStream) {
        let request = read(&stream);
        let (reply, lost) = self.answer(&request);
        if lost {
            return;
        }
        let (status, body) = reply;
        let body = body.to_string();
        let head = format!(
            "HTTP/1.1 {status} Said\r\ncontent-type: application/json\r\nrequest-id: req_1\r\n\
             connection: close\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        drop(stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes())));
    }

    fn answer(&self, request: &Request) -> (Reply, bool) {
        if request.path == "/told" {
            let signature = request.headers.get("stripe-signature").cloned().unwrap_or_default();
            self.state().told.push((signature, request.body.clone().into_bytes()));
            return ((200, json!({})), false);
        }
        self.state().seen.push(request.clone());
        if request.headers.get("authorization") != Some(&format!("Bearer {KEY}")) {
            let sent = request.headers.get("authorization").cloned().unwrap_or_default();
            return ((401, error("invalid_request_error", None, &format!("Invalid: {sent}"))), false);
        }
        if request.method == "GET" {
            return (self.look(request), false);
        }
        let key = request.headers.get("idempotency-key").cloned().unwrap_or_default();
        let print = format!("{} {}", request.path, request.body);
        let fault = {
            let mut state = self.state();
            if state.under_way.contains(&key) {
                return ((409, error("idempotency_error", Some("idempotency_key_in_use"), "in use")), false);
            }
            if let Some((known, status, body)) = state.keys.get(&key) {
                let mixed = error("idempotency_error", None, "Keys are for the same parameters");
                return (if *known == print { (*status, body.clone()) } else { (400, mixed) }, false);
            }
            state.under_way.insert(key.clone());
            state.faults.pop_front()
        };
        let (reply, keeps) = match &fault {
            Some(Fault::Answer(status, body, keeps)) => ((*status, body.clone()), *keeps),
            Some(Fault::Lose | Fault::Late(_)) | None => {
                let reply = self.act(request, &key);
                let keeps = reply.0 == 200 || reply.0 == 402;
                (reply, keeps)
            }
        };
        let mut state = self.state();
        state.under_way.remove(&key);
        if keeps {
            state.keys.insert(key, (print, reply.0, reply.1.clone()));
        }
        drop(state);
        if let Some(Fault::Late(time)) = fault {
            std::thread::sleep(time);
        }
        (reply, matches!(fault, Some(Fault::Lose)))
    }

    // --- reads ---

    fn look(&self, request: &Request) -> Reply {
        let parts: Vec<&str> = request.path.trim_start_matches("/v1/").split('/').collect();
        match parts[..] {
            ["payment_intents", id] => self.payment(id),
            ["refunds"] => {
                let payment = request.get("payment_intent").unwrap();
                self.forward("GET", &format!("/v1/refunds?limit=100&payment_intent={payment}"), &[])
            }
            ["transfers"] => {
                let group = request.get("transfer_group").unwrap();
                self.page(request, &self.state().transfers, |t| t["transfer_group"] == group)
            }
            ["transfers", id] => {
                let found = self.state().transfers.iter().find(|t| t["id"] == id).cloned();
                found.map_or(
                    (404, error("invalid_request_error", Some("resource_missing"), "No such transfer")),
                    |t| (200, t),
                )
            }
            ["payouts"] => {
                let account = request.headers.get("stripe-account").cloned();
                self.page(request, &self.state().payouts, |p| p["of"] == json!(account))
            }
            _ => (404, error("invalid_request_error", None, "Unrecognized request URL")),
        }
    }

    /// The newest first, behind an id, as Stripe pages: but two at a time, so that pages are turned.
    fn page(&self, request: &Request, all: &[Value], of: impl Fn(&Value) -> bool) -> Reply {
        assert_eq!(request.get("limit"), Some("100"));
        let mut list: Vec<&Value> = all.iter().rev().filter(|object| of(object)).collect();
        if let Some(after) = request.get("starting_after") {
            let at = list.iter().position(|object| object["id"] == after).unwrap();
            list.drain(..=at);
        }
        let has_more = list.len() > 2;
        list.truncate(2);
        (200, json!({"object": "list", "data": list, "has_more": has_more}))
    }

    fn payment(&self, id: &str) -> Reply {
        let (status, intent) = self.forward("GET", &format!("/v1/payment_intents/{id}"), &[]);
        if status != 200 {
            return (404, error("invalid_request_error", Some("resource_missing"), "No such payment_intent"));
        }
        (200, self.today(intent))
    }

    /// As today's API writes a PaymentIntent.
    pub(crate) fn today(&self, mut intent: Value) -> Value {
        let id = intent["id"].as_str().unwrap().to_owned();
        let amount = intent["amount"].clone();
        let captured = self.state().captured.get(&id).map_or(amount.clone(), |amount| json!(amount));
        let (received, capturable) = match intent["status"].as_str() {
            Some("succeeded") => (captured, json!(0)),
            Some("requires_capture") => (json!(0), amount),
            _ => (json!(0), json!(0)),
        };
        intent["amount_received"] = received;
        intent["amount_capturable"] = capturable;
        let charge = intent["latest_charge"]["id"].clone();
        intent["latest_charge"] = charge;
        intent
    }

    // --- acts ---

    fn act(&self, request: &Request, key: &str) -> Reply {
        let amount = request.get("amount").map_or(0, |amount| amount.parse().unwrap());
        let parts: Vec<&str> = request.path.trim_start_matches("/v1/").split('/').collect();
        match parts[..] {
            ["checkout", "sessions"] => {
                let id = self.id("cs_test");
                (
                    200,
                    json!({"id": id, "object": "checkout.session", "url": format!("https://checkout.stripe.com/c/pay/{id}#k")}),
                )
            }
            ["payment_intents"] => {
                let lacks = ["description", "transfer_group"];
                let form: Vec<_> =
                    request.form.iter().filter(|(name, _)| !lacks.contains(&name.as_str())).collect();
                let form: Vec<_> = form.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
                let (status, intent) = self.forward("POST", "/v1/payment_intents", &form);
                if status == 200 { (200, self.today(intent)) } else { (status, intent) }
            }
            ["payment_intents", id, "capture"] => {
                let (status, intent) = self.payment(id);
                if status != 200 || intent["status"] != "requires_capture" {
                    return unexpected(status, intent);
                }
                let captured = request.get("amount_to_capture").unwrap();
                self.state().captured.insert(id.to_owned(), captured.parse().unwrap());
                let path = format!("/v1/payment_intents/{id}/capture");
                let (status, _) = self.forward("POST", &path, &[("amount_to_capture", captured)]);
                assert_eq!(status, 200);
                let marks: Vec<_> =
                    request.form.iter().filter(|(name, _)| name.starts_with("metadata")).collect();
                let marks: Vec<_> = marks.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
                self.forward("POST", &format!("/v1/payment_intents/{id}"), &marks);
                self.moved(key, captured.parse().unwrap());
                self.payment(id)
            }
            ["payment_intents", id, "cancel"] => {
                let (status, intent) = self.payment(id);
                if status != 200 || intent["status"] != "requires_capture" {
                    return unexpected(status, intent);
                }
                self.forward("POST", &format!("/v1/payment_intents/{id}/cancel"), &[]);
                self.moved(key, intent["amount"].as_i64().unwrap());
                self.payment(id)
            }
            ["refunds"] => {
                let form: Vec<_> = request.form.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
                let reply = self.forward("POST", "/v1/refunds", &form);
                if reply.0 == 200 {
                    self.moved(key, amount);
                }
                reply
            }
            ["transfers"] => {
                let transfer = json!({
                    "id": self.id("tr"), "object": "transfer", "amount": amount, "currency": request.get("currency"),
                    "destination": request.get("destination"), "transfer_group": request.get("transfer_group"),
                    "metadata": request.metadata(), "reversals": {"object": "list", "data": [], "has_more": false},
                });
                self.state().transfers.push(transfer.clone());
                self.moved(key, amount);
                (200, transfer)
            }
            ["transfers", id, "reversals"] => {
                let reversal = json!({
                    "id": self.id("trr"), "object": "transfer_reversal", "amount": amount,
                    "currency": "rub", "transfer": id, "metadata": request.metadata(),
                });
                let mut state = self.state();
                let transfer = state.transfers.iter_mut().find(|t| t["id"] == id).unwrap();
                transfer["reversals"]["data"].as_array_mut().unwrap().push(reversal.clone());
                drop(state);
                self.moved(key, amount);
                (200, reversal)
            }
            ["payouts"] => {
                let payout = json!({
                    "id": self.id("po"), "object": "payout", "amount": amount, "currency": request.get("currency"),
                    "destination": request.get("destination"), "metadata": request.metadata(),
                    "of": request.headers.get("stripe-account"), "status": "pending",
                });
                self.state().payouts.push(payout.clone());
                self.moved(key, amount);
                (200, payout)
            }
            _ => (404, error("invalid_request_error", None, "Unrecognized request URL")),
        }
    }

    fn moved(&self, key: &str, amount: i64) {
        self.state().effects.push((key.to_owned(), amount));
    }

    fn id(&self, prefix: &str) -> String {
        let mut state = self.state();
        state.made += 1;
        format!("{prefix}_{}", state.made)
    }

    /// To localstripe, as whoever has its key.
    pub(crate) fn forward(&self, method: &str, path: &str, form: &[(&str, &str)]) -> Reply {
        let Some(upstream) = &self.upstream else {
            return (404, error("invalid_request_error", Some("resource_missing"), "No such payment_intent"));
        };
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let (url, bearer) = (format!("{upstream}{path}"), "Bearer sk_test_12345");
        let answer = if method == "GET" {
            agent.get(url).header("Authorization", bearer).call()
        } else {
            agent.post(url).header("Authorization", bearer).send_form(form.iter().copied())
        };
        let mut answer = answer.unwrap();
        let body = answer.body_mut().read_to_string().unwrap();
        (answer.status().as_u16(), serde_json::from_str(&body).unwrap_or_default())
    }
}

fn unexpected(status: u16, intent: Value) -> Reply {
    if status != 200 {
        return (status, intent);
    }
    let words = format!("This PaymentIntent has a status of {}.", intent["status"]);
    (400, error("invalid_request_error", Some("payment_intent_unexpected_state"), &words))
}

pub(crate) fn error(kind: &str, code: Option<&str>, message: &str) -> Value {
    json!({"error": {"type": kind, "code": code, "message": message}})
}

pub(crate) fn decline(code: &str) -> Value {
    json!({"error": {
        "type": "card_error", "code": "card_declined", "decline_code": code, "message": "Your card was declined.",
    }})
}

/// Signs as Stripe does.
pub(crate) fn sign(secret: &str, timestamp: i64, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{timestamp}.").as_bytes());
    mac.update(body);
    hex::encode(mac.finalize().into_bytes())
}

fn read(stream: &TcpStream) -> Request {
    let mut lines = BufReader::new(stream);
    let mut line = String::new();
    lines.read_line(&mut line).unwrap();
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length: usize = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    lines.read_exact(&mut body).unwrap();
    let body = String::from_utf8(body).unwrap();
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let is_form = headers.get("content-type").is_some_and(|kind| kind.contains("urlencoded"));
    Request {
        method,
        path: path.to_owned(),
        query: decode(query),
        headers,
        form: decode(if is_form { &body } else { "" }),
        body,
    }
}

fn decode(form: &str) -> Vec<(String, String)> {
    let text = |part: &str| {
        let bytes = part.as_bytes();
        let (mut out, mut i) = (Vec::new(), 0);
        while i < bytes.len() {
            match bytes[i] {
                b'%' => {
                    out.push(u8::from_str_radix(&part[i + 1..i + 3], 16).unwrap());
                    i += 3;
                }
                byte => {
                    out.push(byte);
                    i += 1;
                }
            }
        }
        String::from_utf8(out).unwrap()
    };
    form.split('&').filter_map(|pair| pair.split_once('=')).map(|(n, v)| (text(n), text(v))).collect()
}
