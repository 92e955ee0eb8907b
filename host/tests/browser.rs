//! The desk in a real Chromium, by its pages alone: on a phone and on a desktop, with scripts switched off; and what axe-core
//! says of its pages. Skipped, with a line that says so, where Chromium, its driver or axe-core is not installed.
//!
//! With `ESCROW_DESK_SCREENSHOTS=FOLDER` it leaves pictures of the pages there.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests"
)]

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use escrow_desk::store::Person;
use escrow_desk::{Config, Desk, router};
use fantoccini::elements::Element;
use fantoccini::wd::Capabilities;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

// --- the desk ---

/// A desk that listens, with anna, boris and the operator olga.
struct Served {
    desk: Arc<Desk>,
    url: String,
    folder: PathBuf,
}

impl Served {
    async fn start(name: &str, has_examples: bool) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let folder = std::env::temp_dir().join(format!("escrow-desk-browser-{}-{name}", std::process::id()));
        let config = Config {
            data: folder.clone(),
            url: Some(url.clone()),
            requests_per_minute: 100_000,
            ..Config::default()
        };
        let desk = Desk::open(config).unwrap();
        for (id, staff) in [("anna", false), ("boris", false), ("olga", true)] {
            desk.store.add_person(&Person { id: id.parse().unwrap(), staff }, desk.now()).unwrap();
        }
        if has_examples {
            escrow_desk::demo::fill(&desk).await.unwrap();
        }
        let service = router(desk.clone()).into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
        Self { desk, url, folder }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _gone = std::fs::remove_dir_all(&self.folder);
    }
}

// --- the browser ---

/// Chromium's driver, stopped in the end whatever happens.
struct Driver {
    process: Child,
    url: String,
    /// Where what is downloaded goes.
    downloads: PathBuf,
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _stopped = self.process.kill();
        let _over = self.process.wait();
        let _gone = std::fs::remove_dir_all(&self.downloads);
    }
}

fn is_installed(program: &str) -> bool {
    let said = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    said.is_ok_and(|status| status.success())
}

impl Driver {
    fn start() -> Option<Self> {
        if !is_installed("chromium") || !is_installed("chromedriver") {
            println!(
                "skipped: Chromium or its driver is not installed (Debian: apt install chromium chromium-driver)"
            );
            return None;
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let process = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let downloads = format!("escrow-desk-downloads-{}-{port}", std::process::id());
        let downloads = std::env::temp_dir().join(downloads);
        std::fs::create_dir_all(&downloads).unwrap();
        Some(Self { process, url: format!("http://127.0.0.1:{port}"), downloads })
    }

    async fn open(&self, screen: Screen, has_scripts: bool) -> Client {
        let mut options = json!({
            "args": ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--window-size=1280,900"],
        });
        if screen == Screen::Phone {
            // by a mouse: where scripts are switched off, the driver waits for ever for the end of a touch
            let metrics = json!({"width": 390, "height": 844, "pixelRatio": 2.0, "touch": false});
            options["mobileEmulation"] = json!({"deviceMetrics": metrics});
        }
        options["prefs"] = json!({
            "download.default_directory": self.downloads,
            "download.prompt_for_download": false,
        });
        if !has_scripts {
            options["prefs"]["profile.managed_default_content_settings.javascript"] = json!(2);
        }
        let mut capabilities = Capabilities::new();
        capabilities.insert("goog:chromeOptions".to_owned(), options);
        for _ in 0..600 {
            let mut builder = ClientBuilder::new(HttpConnector::new());
            if let Ok(client) = builder.capabilities(capabilities.clone()).connect(&self.url).await {
                return client;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("Chromium does not start");
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Screen {
    Phone,
    Desktop,
}

/// Anna, Boris and Olga in one browser, in turn.
struct Walk<'w> {
    client: Client,
    served: &'w Served,
    screen: Screen,
    deal: String,
}

impl<'w> Walk<'w> {
    async fn start(driver: &Driver, served: &'w Served, screen: Screen) -> Self {
        let client = driver.open(screen, false).await;
        let walk = Self { client, served, screen, deal: String::new() };
        for person in ["anna", "boris", "olga"] {
            sign_in(&walk.client, served, person).await;
        }
        walk
    }

    async fn goto(&self, path: &str) {
        self.client.goto(&format!("{}{path}", self.served.url)).await.unwrap();
    }

    /// As this person, on the page of the deal, or on that of their deals.
    async fn as_person(&self, name: &str) {
        let to = if self.deal.is_empty() { "/deals" } else { &self.deal };
        // the bank's pages know nobody
        if self.client.find(Locator::Css(".who strong")).await.is_err() {
            self.goto("/account").await;
        }
        if self.find(".who strong").await.text().await.unwrap() != name {
            let button = format!("//form[@action='/switch']//button[normalize-space()='Act as {name}']");
            let button =
                self.client.wait().at_most(Duration::from_secs(60)).for_element(Locator::XPath(&button));
            self.leave_by(&button.await.unwrap()).await;
            self.find(".who strong").await;
            // whoever has a part in a deal is back on its page
            if self.client.current_url().await.unwrap().path() == to {
                return;
            }
        }
        self.goto(to).await;
    }

    async fn find(&self, css: &str) -> Element {
        let found = self.client.wait().at_most(Duration::from_secs(60)).for_element(Locator::Css(css)).await;
        match found {
            Ok(element) => element,
            Err(error) => panic!("{css}: {error}: {}", self.text().await),
        }
    }

    async fn leave_by(&self, button: &Element) {
        leave_by(&self.client, button).await;
    }

    async fn text(&self) -> String {
        self.client.find(Locator::Css("body")).await.unwrap().text().await.unwrap()
    }

    /// These words are on the page, or will be when it is there whole.
    async fn reads(&self, words: &str) {
        for _ in 0..1_200 {
            let body = self.client.find(Locator::Css("body")).await;
            let text = match body {
                Ok(body) => body.text().await.unwrap_or_default(),
                Err(_) => String::new(),
            };
            if text.contains(words) {
                return self.fits().await;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{:?}: {words:?} is not on the page: {}", self.screen, self.text().await);
    }

    /// Nothing sticks out of the screen to the right.
    async fn fits(&self) {
        let widths = "return [document.documentElement.scrollWidth, document.documentElement.clientWidth];";
        let widths = self.client.execute(widths, Vec::new()).await.unwrap();
        let (page, screen) = (widths[0].as_i64().unwrap(), widths[1].as_i64().unwrap());
        let at = self.client.current_url().await.unwrap();
        assert!(page <= screen, "{:?}: {at} is {page} wide on {screen}", self.screen);
    }

    async fn write(&self, form: &str, fields: &[(&str, &str)]) {
        for (name, value) in fields {
            let field = self.find(&format!("{form} [name='{name}']")).await;
            match field.tag_name().await.unwrap().as_str() {
                "select" => field.select_by_value(value).await.unwrap(),
                _ => {
                    field.clear().await.unwrap();
                    field.send_keys(value).await.unwrap();
                }
            }
        }
    }

    /// Fills in a form of the deal's page, which may have to be unfolded first, and sends it.
    async fn act(&self, kind: &str, fields: &[(&str, &str)]) {
        self.send(&format!("form[action$='/do/{kind}']"), fields).await;
    }

    async fn send(&self, form: &str, fields: &[(&str, &str)]) {
        self.find(form).await;
        let folded = format!("details:not([open]):has({form}) > summary");
        if let Ok(summary) = self.client.find(Locator::Css(&folded)).await {
            summary.click().await.unwrap();
        }
        self.write(form, fields).await;
        self.leave_by(&self.find(&format!("{form} button")).await).await;
    }

    async fn picture(&self, name: &str) {
        if let Some(folder) = std::env::var_os("ESCROW_DESK_SCREENSHOTS") {
            let screen = format!("{:?}", self.screen).to_lowercase();
            std::fs::create_dir_all(&folder).unwrap();
            let file = Path::new(&folder).join(format!("{name}-{screen}.png"));
            std::fs::write(file, self.client.screenshot().await.unwrap()).unwrap();
        }
    }

    /// Boris offers a lamp for 100.00, Anna agrees and pays on the bank's page, and Boris ships.
    async fn paid_and_shipped(&mut self) {
        self.deal = String::new();
        self.as_person("boris").await;
        self.goto("/deals/new").await;
        self.picture("new-deal").await;
        self.find("[name='i_am'][value='seller']").await.click().await.unwrap();
        let form = "form[action='/deals/new']";
        self.send(form, &[("template", "goods"), ("other", "anna"), ("name-0", "Lamp"), ("price-0", "100")])
            .await;
        self.find("form[action*='/do/']").await;
        self.deal = self.client.current_url().await.unwrap().path().to_owned();
        assert!(self.deal.starts_with("/deals/"), "{}", self.text().await);

        self.as_person("anna").await;
        self.act("agree", &[]).await;
        self.send("form[action*='/pay/buyer_payment']", &[]).await;
        self.find("form[action^='/bank/pay/']").await;
        self.reads("Sandbox bank").await;
        self.reads("100.00 EUR").await;
        self.picture("bank").await;
        self.leave_by(&self.find("form[action^='/bank/pay/'] button[value='pay']").await).await;
        self.find("main h1").await;
        self.reads("Paid, not started").await;

        self.as_person("boris").await;
        self.act("set_track", &[("tracker", "DHL"), ("code", "JD1")]).await;
        self.act("start_performing", &[]).await;
    }
}

async fn sign_in(client: &Client, served: &Served, person: &str) {
    let path = served.desk.sign_in_path(&person.parse().unwrap()).unwrap();
    client.goto(&format!("{}{path}", served.url)).await.unwrap();
    let button = client.find(Locator::Css("form[action^='/signin/'] button")).await.unwrap();
    leave_by(client, &button).await;
    client.wait().at_most(Duration::from_secs(60)).for_element(Locator::Css(".who strong")).await.unwrap();
}

/// Presses a button that leads to another page, and waits until this page is gone: the driver answers a click before the next
/// page is there, and whoever goes on at once still reads the old one, or calls the answer off.
async fn leave_by(client: &Client, button: &Element) {
    let page = client.find(Locator::Css("html")).await.unwrap();
    button.click().await.unwrap();
    for _ in 0..1_200 {
        if page.tag_name().await.is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the button leads nowhere: {}", client.current_url().await.unwrap());
}

// --- walks ---

async fn walk(driver: &Driver, served: &Served, screen: Screen) {
    let mut walk = Walk::start(driver, served, screen).await;

    // from the offer to the payout
    walk.paid_and_shipped().await;
    walk.as_person("anna").await;
    walk.picture("deal").await;
    walk.act("accept", &[]).await;
    walk.find("main h1").await;
    walk.reads("Completed").await;
    // 5 % of 100.00 is 5.00; the rest is the seller's
    walk.reads("95.00 EUR").await;
    walk.reads("5.00 EUR").await;
    walk.picture("completed").await;

    // a dispute, to its ruling
    walk.paid_and_shipped().await;
    walk.as_person("anna").await;
    walk.act("open_dispute", &[("reason", "It is blue.")]).await;
    walk.as_person("boris").await;
    walk.reads("It is blue.").await;
    walk.as_person("olga").await;
    walk.picture("dispute").await;
    walk.act("escalate", &[]).await;
    walk.find("form[action$='/do/rule']").await;
    walk.act("rule", &[("how", "amount"), ("amount", "40"), ("fault", "seller")]).await;
    walk.find("main h1").await;
    walk.reads("Settled").await;
    // of 100.00, 40.00 are awarded to the seller: the fee is 5.00 × 40 / 100 = 2.00, and 60.00 go back
    walk.reads("38.00 EUR").await;
    walk.reads("60.00 EUR").await;
    walk.picture("ruled").await;
    walk.client.clone().close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offer_to_its_payout_and_a_dispute_to_its_ruling() {
    let Some(driver) = Driver::start() else { return };
    let served = Served::start("walks", false).await;
    for screen in [Screen::Phone, Screen::Desktop] {
        walk(&driver, &served, screen).await;
    }
}

impl Walk<'_> {
    /// The one form of a page of a project, or of a balance, whose address ends like this.
    async fn press(&self, ending: &str, fields: &[(&str, &str)]) {
        self.send(&format!("main form[action$='{ending}']"), fields).await;
    }

    async fn pay_at_the_bank(&self) {
        self.find("form[action^='/bank/pay/']").await;
        self.leave_by(&self.find("form[action^='/bank/pay/'] button[value='pay']").await).await;
        self.find("main h1").await;
    }

    /// Boris offers Anna a site in two milestones of 300.00 and 600.00; the earnings stay on the balance of Boris.
    async fn project(&mut self) {
        self.deal = String::new();
        self.as_person("boris").await;
        self.goto("/balances").await;
        self.press("/balances/earnings", &[]).await;
        self.goto("/projects/new").await;
        self.find("[name='i_am'][value='seller']").await.click().await.unwrap();
        let typed = [
            ("name", "A site"),
            ("other", "anna"),
            ("name-0", "A sketch"),
            ("price-0", "300"),
            ("name-1", "The pages"),
            ("price-1", "600"),
        ];
        self.picture("new-project").await;
        self.press("/projects/new", &typed).await;
        self.find("main h1").await;
        let project = self.client.current_url().await.unwrap().path().to_owned();
        assert!(project.starts_with("/projects/"), "{}", self.text().await);

        self.deal = project.clone();
        self.as_person("anna").await;
        self.press("/do/agree", &[]).await;
        let milestone = self.find("main table a[href^='/deals/']").await.attr("href").await.unwrap().unwrap();
        self.deal = milestone;
        self.as_person("anna").await;
        self.press("/pay/buyer_payment", &[]).await;
        self.pay_at_the_bank().await;
        self.as_person("boris").await;
        self.act("submit", &[("preview", "A sketch"), ("original", "The sketch")]).await;
        self.as_person("anna").await;
        self.reads("Your turn: Accept everything").await;
        self.act("accept", &[]).await;
        self.goto(&project).await;
        self.reads("The pages").await;
        self.reads("Your turn: Pay 600.00 EUR").await;
        self.picture("project").await;

        self.deal = String::new();
        self.as_person("boris").await;
        self.goto("/balances").await;
        self.leave_by(&self.find("main table a").await).await;
        // 300.00 less 5 %
        self.reads("285.00 EUR").await;
        self.press("/withdraw", &[("amount", "200"), ("kind", "account"), ("reference", "vault-3")]).await;
        let code = self.find("pre").await.text().await.unwrap();
        self.picture("withdrawal").await;
        self.press("/withdrawals/1", &[("code", &code)]).await;
        self.reads("It is paid.").await;
        self.reads("85.00 EUR").await;
        self.picture("balance").await;
    }

    /// Boris offers three lamps at 100.00, and Anna pays them.
    async fn three_lamps(&mut self, template: &str) {
        self.deal = String::new();
        self.as_person("boris").await;
        self.goto("/deals/new").await;
        self.find("[name='i_am'][value='seller']").await.click().await.unwrap();
        let typed = [
            ("template", template),
            ("other", "anna"),
            ("name-0", "Lamp"),
            ("quantity-0", "3"),
            ("price-0", "100"),
        ];
        self.send("form[action='/deals/new']", &typed).await;
        self.find("form[action*='/do/']").await;
        self.deal = self.client.current_url().await.unwrap().path().to_owned();
        self.as_person("anna").await;
        self.act("agree", &[]).await;
        self.send("form[action*='/pay/buyer_payment']", &[]).await;
        self.pay_at_the_bank().await;
    }

    async fn moderation(&mut self) {
        self.three_lamps("reviewed").await;
        self.reads("Being reviewed").await;
        // the operator finds it on the first page, and remarks; what is changed, is agreed to and approved
        self.as_person("olga").await;
        self.goto("/operator").await;
        self.reads("To be reviewed").await;
        self.picture("operator").await;
        self.leave_by(&self.find(&format!("main table a[href='{}']", self.deal)).await).await;
        self.act("remark", &[("remark", "Say how they are packed.")]).await;
        self.as_person("boris").await;
        self.reads("Say how they are packed.").await;
        self.act("amend", &[("description", "In straw.")]).await;
        self.as_person("anna").await;
        self.act("agree", &[]).await;
        self.as_person("olga").await;
        self.act("approve", &[]).await;
        self.reads("Paid, not started").await;
    }

    /// Anna takes two of the three, after Boris has given back 20.00.
    async fn part(&mut self) {
        self.three_lamps("goods").await;
        self.as_person("boris").await;
        self.act("start_performing", &[]).await;
        self.act("give_back", &[("amount", "20")]).await;
        self.as_person("anna").await;
        self.act("accept_part", &[("quantity-0", "2")]).await;
        self.find("main h1").await;
        self.picture("part").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_and_a_withdrawal_and_a_part_of_what_was_reviewed() {
    let Some(driver) = Driver::start() else { return };
    let served = Served::start("market", false).await;
    let mut walk = Walk::start(&driver, &served, Screen::Phone).await;
    walk.project().await;
    walk.moderation().await;
    walk.part().await;
    // two lamps are 200.00, of which 20.00 are given back: 180.00 are earned, and the fee is 15.00 × 180 / 300 = 9.00
    walk.reads("171.00 EUR").await;
    walk.reads("120.00 EUR").await;
    walk.client.clone().close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_studio_writes_a_scenario_that_the_runner_plays() {
    let Some(driver) = Driver::start() else { return };
    let served = Served::start("studio", false).await;
    let walk = Walk::start(&driver, &served, Screen::Desktop).await;
    walk.goto("/studio?preset=freelance").await;
    walk.leave_by(&walk.find("main form[method='post'] button[value='study']").await).await;
    walk.reads("What every silence leads to").await;
    walk.picture("studio").await;
    walk.find("main form[method='post'] button[value='export']").await.click().await.unwrap();
    let file = driver.downloads.join("scenario.json");
    for _ in 0..1_200 {
        if file.exists() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let text = std::fs::read_to_string(&file).unwrap();
    let scenario = escrow_testing::scenario::Scenario::from_json(&text).unwrap();
    let played = escrow_testing::scenario::run(&scenario);
    assert!(played.ok, "{:?}", played.differences);
    assert_eq!(played.status, Some(escrow::Status::Completed));
    walk.client.clone().close().await.unwrap();
}

// --- accessibility ---

/// The script that a variable names, or the one that `.ci/run` has unpacked; of axe-core's package, and never committed.
fn axe() -> Option<String> {
    let beside = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../tools/axe-core/package/axe.min.js");
    let named = std::env::var_os("ESCROW_AXE").map(PathBuf::from);
    let found = named.into_iter().chain([beside]).find_map(|path| std::fs::read_to_string(path).ok());
    if found.is_none() {
        println!("skipped: axe-core is not there (npm pack axe-core, unpacked into target/tools/axe-core)");
    }
    found
}

/// What axe-core has against a page, by the rules of WCAG 2.1 A and AA: a line for each rule, with where.
async fn objections(client: &Client, axe: &str) -> Vec<String> {
    client.execute(axe, Vec::new()).await.unwrap();
    let run = "const done = arguments[arguments.length - 1];
        axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice']})
            .then(result => done([result.passes.length, result.violations]), error => done([0, String(error)]));";
    let said = client.execute_async(run, Vec::new()).await.unwrap();
    let at = client.current_url().await.unwrap();
    assert!(said[0].as_u64() > Some(0), "{at}: {said}");
    let found = &said[1];
    let line = |rule: &Value| {
        let nodes = rule["nodes"].as_array().into_iter().flatten();
        let nodes: Vec<String> = nodes.map(|node| node["html"].to_string()).take(3).collect();
        format!("{}: {} ({}): {}", at.path(), rule["id"], rule["help"], nodes.join(" | "))
    };
    found.as_array().into_iter().flatten().map(line).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_are_accessible() {
    let (Some(driver), Some(axe)) = (Driver::start(), axe()) else { return };
    let served = Served::start("axe", true).await;
    let mut found = Vec::new();
    for screen in [Screen::Phone, Screen::Desktop] {
        let client = driver.open(screen, true).await;
        // the control: a picture without words, on a page without a language
        client.goto("data:text/html,<title>x</title><h1>y</h1><img src=z>").await.unwrap();
        let found_there = objections(&client, &axe).await.join("\n");
        assert!(found_there.contains("image-alt") && found_there.contains("html-has-lang"), "{found_there}");

        let goto = async |path: &str| client.goto(&format!("{}{path}", served.url)).await.unwrap();
        goto("/").await;
        found.extend(objections(&client, &axe).await);
        goto("/nowhere").await;
        found.extend(objections(&client, &axe).await);
        for (person, pages) in [
            (
                "anna",
                &["/deals", "/deals/new", "/projects", "/projects/new", "/balances", "/studio", "/account"][..],
            ),
            ("olga", &["/operator", "/operator/deals", "/operator/incidents", "/operator/people"]),
        ] {
            sign_in(&client, &served, person).await;
            for page in pages {
                goto(page).await;
                found.extend(objections(&client, &axe).await);
            }
        }
        for (list, link) in
            [("/projects", "main a[href^='/projects/']"), ("/balances", "main a[href^='/balances/']")]
        {
            goto(list).await;
            let first = client.find(Locator::Css(link)).await.unwrap().attr("href").await.unwrap().unwrap();
            goto(&first).await;
            found.extend(objections(&client, &axe).await);
        }
        // every example's own page
        goto("/operator/deals").await;
        let mut deals = Vec::new();
        for link in client.find_all(Locator::Css("main a[href^='/deals/']")).await.unwrap() {
            deals.extend(link.attr("href").await.unwrap());
        }
        assert!(deals.len() >= 5, "{deals:?}");
        if screen == Screen::Desktop {
            deals.truncate(3);
        }
        for deal in deals {
            goto(&deal).await;
            found.extend(objections(&client, &axe).await);
        }
        client.clone().close().await.unwrap();
    }
    assert!(found.is_empty(), "{} objections:\n{}", found.len(), found.join("\n"));
}
