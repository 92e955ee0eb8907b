//! Three deals on a server of their own, in which everything is killed once.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use escrow::deposit::DepositId;
use escrow::terms::Item;
use escrow::uuid::Uuid;
use escrow::{Command, Currency, Deal, DealId, Money, Policy, Terms, TermsDraft};
use escrow_host::sandbox::{Bank, Faults};
use escrow_sqlite::{Filter, Page, Sqlite};
use serde_json::{Value, json};

use crate::server::{Done, Process, Server, endpoint, port, program, wait_for};

/// A folder that goes when it is dropped.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new(name: &str) -> std::io::Result<Self> {
        let folder = std::env::temp_dir().join(format!("escrow-restate-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const PRICE: Money = Money::from_minor(1_000_00, Currency::RUB);

/// A phone; silence accepts after so many seconds.
pub fn terms(acceptance_s: u32) -> Done<Terms> {
    let items = vec![Item::new("Phone".parse()?, PRICE, 1)];
    let mut policy = Policy::shop();
    policy.acceptance_s = acceptance_s;
    let mut draft = TermsDraft::new("anna".parse()?, "shop".parse()?, Currency::RUB, items, policy);
    let fee = json!([{ "id": "platform", "payee": "platform", "rate": "5%", "base": "price", "payer": "seller",
        "on_refund": "return" }]);
    draft.fees = serde_json::from_value(fee)?;
    Ok(Terms::new(draft)?)
}

/// The buyer pays at the bank, which says so.
pub fn paid(bank: &Bank, deal: DealId) -> Done<Command> {
    let reference = format!("payment-{deal}").parse()?;
    Ok(bank.pay(deal, DepositId::BUYER_PAYMENT, &reference, PRICE, None)?.into())
}

struct Demo {
    server: Server,
    bank: Bank,
    folder: Folder,
    itself: PathBuf,
}

pub fn run() -> Done<()> {
    println!("Looking for the Restate server in target/tools/restate; npm brings it where it is missing.");
    let Some(program) = program() else {
        return Err("skipped: the Restate server is not there, and npm cannot bring it".into());
    };
    play(&program)
}

fn play(program: &Path) -> Done<()> {
    let folder = Folder::new("demo")?;
    let server = Server::start(program, &folder.0)?;
    let bank = Bank::open(folder.0.join("bank.db"), Faults::default())?;
    let mut demo = Demo { server, bank, folder, itself: std::env::current_exe()? };
    let at = port()?;
    let mut process = demo.endpoint(at, "1")?;
    demo.server.register(at)?;
    println!(
        "A Restate server and an endpoint with all machines are up; the bank keeps its books by itself.\n"
    );

    let [silent, killed, upgraded] = [demo.sale(3)?, demo.sale(3_600)?, demo.sale(3_600)?];
    println!("Three sales of a phone at 1000.00 RUB, paid and sent; 5 % are the platform's.");
    println!("  {silent}  the buyer will say nothing: silence accepts after 3 s");
    println!("  {killed}  the endpoint will die between the bank and the journal");
    println!("  {upgraded}  will be taken over by a new edition of the endpoint\n");

    println!("kill -9 of the server, and up again: its state and its timers are on its disk.");
    demo.server.kill()?;
    demo.server.restart()?;
    demo.wait(silent, "completed")?;
    println!("  the timer of before has fired: {silent} is completed, by the clock\n");

    println!(
        "The buyer accepts {killed}. The bank pays the shop, and before anybody hears of it: kill -9 of the endpoint."
    );
    fs::write(demo.folder.0.join("strike"), "")?;
    let (accept, path) = (
        json!({ "command": { "type": "accept" }, "by": { "party": "anna" } }),
        format!("Deals/{killed}/act"),
    );
    let mut again: Option<Process> = None;
    let answer = thread::scope(|scope| {
        let call = scope.spawn(|| demo.server.call(&path, &accept, None));
        wait_for("the bank has paid", || demo.folder.0.join("struck").exists())?;
        println!("  the bank's books: {} movements of this deal", demo.movements(killed)?);
        process.kill()?;
        again = Some(demo.endpoint(at, "1 again")?);
        call.join().map_err(|_| "the call has failed")?
    })?;
    println!("  the buyer's call, which never knew: {} {}", answer.0, answer.1);
    println!(
        "  the bank's books: {} movements, one for the shop and one for the platform\n",
        demo.movements(killed)?
    );

    println!("A new edition of the endpoint is registered; the deals of before are its deals now.");
    let new = port()?;
    let _new = demo.endpoint(new, "2")?;
    demo.server.register(new)?;
    let answer = demo.server.call(&format!("Deals/{upgraded}/act"), &accept, None)?;
    println!("  {}", answer.1);
    let again = demo.server.call(&format!("Deals/{upgraded}/act"), &accept, None)?;
    println!("  the same once more, which is recognised: {}", again.1);
    let too_late =
        json!({ "command": { "type": "cancel", "reason": "changed my mind" }, "by": { "party": "anna" } });
    let refused = demo.server.call(&format!("Deals/{upgraded}/act"), &too_late, None)?;
    println!("  a cancellation now: {} {}\n", refused.0, text(&refused.1, "detail"));

    demo.report(&[silent, killed, upgraded])
}

impl Demo {
    fn endpoint(&self, port: u16, edition: &str) -> Done<Process> {
        endpoint(&self.itself, port, &self.folder.0, edition)
    }

    /// A deal that is paid and sent; silence accepts after so many seconds.
    fn sale(&self, acceptance_s: u32) -> Done<DealId> {
        #[expect(clippy::disallowed_methods, reason = "a host chooses ids")]
        let deal = DealId::new(Uuid::new_v4());
        let terms = terms(acceptance_s)?;
        let shop = json!({ "party": "shop" });
        self.call(deal, "open", &json!({ "opening": { "terms": terms }, "by": shop }))?;
        let paid = paid(&self.bank, deal)?;
        self.call(deal, "act", &json!({ "command": paid, "by": "gateway" }))?;
        let work = json!({ "preview": "photo-1", "original": "receipt-1", "digest": "sha256:aa01" });
        let steps = [
            json!({ "type": "start_performing" }),
            json!({ "type": "submit", "number": 1, "revision": work }),
        ];
        for step in steps {
            self.call(deal, "act", &json!({ "command": step, "by": shop }))?;
        }
        Ok(deal)
    }

    fn call(&self, deal: DealId, handler: &str, body: &Value) -> Done<Value> {
        match self.server.call(&format!("Deals/{deal}/{handler}"), body, None)? {
            (200, value) => Ok(value),
            (status, problem) => Err(format!("{status} {problem}").into()),
        }
    }

    fn wait(&self, deal: DealId, status: &str) -> Done<()> {
        wait_for(status, || {
            self.call(deal, "look", &Value::Null).is_ok_and(|look| text(&look, "status") == status)
        })
    }

    fn movements(&self, deal: DealId) -> Done<usize> {
        Ok(self.bank.movements()?.iter().filter(|movement| movement.deal == deal).count())
    }

    /// The lists, the journal of one deal, and what the bank's books say.
    fn report(&self, ids: &[DealId]) -> Done<()> {
        let lists = Sqlite::open(self.folder.0.join("lists.db"))?;
        let mine = || lists.list::<Deal>(Filter::Party("anna"), &Page::first(10));
        wait_for("the lists", || {
            mine()
                .is_ok_and(|mine| mine.iter().filter(|deal| deal.status == "completed").count() == ids.len())
        })?;
        println!("Anna's deals, from the lists that hear of every commit:");
        for listed in mine()? {
            println!("  {}  version {:>2}  {}", listed.id, listed.version, listed.status);
        }
        println!("\nThe journal of the deal that silence has accepted:");
        for entry in ids.first().map(|id| lists.journal::<Deal>(*id, 0)).transpose()?.unwrap_or_default() {
            let event = serde_json::to_value(&entry.recorded.event)?;
            let name = text(&event, "type");
            println!(
                "  {:>2}  {}  {:<22} by {}",
                entry.version, entry.recorded.at, name, entry.recorded.actor
            );
        }
        println!("\nThe bank's books:");
        for movement in self.bank.movements()? {
            println!(
                "  {}  order {}  {:<7} {:>8} kopecks",
                movement.deal, movement.order, movement.kind, movement.amount
            );
        }
        let state =
            |id: &DealId| Done::Ok(serde_json::from_value::<Deal>(self.call(*id, "state", &Value::Null)?)?);
        let deals = ids.iter().map(state).collect::<Done<Vec<Deal>>>()?;
        let audit = self.bank.audit(&deals)?;
        let findings = lists.fsck::<Deal>()?;
        println!(
            "\nThe audit: {} movements, {} findings. Journals that do not lead to their states: {}.",
            audit.movements,
            audit.findings.len(),
            findings.len()
        );
        if audit.findings.is_empty() && findings.is_empty() {
            Ok(())
        } else {
            Err(format!("{:?} {findings:?}", audit.findings).into())
        }
    }
}

fn text<'v>(value: &'v Value, field: &str) -> &'v str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}
