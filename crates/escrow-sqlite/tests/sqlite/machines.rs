//! The machines beside the deal, on a real file: one agent drives them, and what one tells another is delivered.

use escrow::agent::blocking::Agent;
use escrow::deal::command::{Accept, ConfirmPayment, StartPerforming};
use escrow::deposit::DepositId;
use escrow::port::Commit;
use escrow::port::blocking::Repository;
use escrow::terms::{Item, Payout};
use escrow::uuid::Uuid;
use escrow::{Actor, Context, Currency, Deal, DealId, Destination, Money, Policy};
use escrow_market::balance::command::{Confirm, Request};
use escrow_market::balance::{BalancePolicy, Holder};
use escrow_market::code::{Attempt, CodeHash, PlainCode, Salt};
use escrow_market::follow::MachineId;
use escrow_market::project::command::Agree;
use escrow_market::project::{Milestone, ProjectDraft, ProjectTerms, Status};
use escrow_market::{Balance, BalanceId, Outbox, Project, ProjectId};
use escrow_sqlite::Sqlite;
use escrow_testing::{Behaviour, ManualClock, Rule, ScriptedGateway};

use crate::world::{TempFile, id, party, start};

/// A milestone of 300.00, paid to the contractor's balance, from which 100.00 are withdrawn; the answer is lost, and found by
/// whoever asks for what is unanswered, in another process.
#[test]
fn a_project_a_deal_and_a_balance_live_in_one_file() {
    let file = TempFile::new();
    let db = file.open();
    let (boris, anna) = (Actor::Party(party("boris")), Actor::Party(party("anna")));
    let agent = Agent::new(ManualClock::new(start()), ScriptedGateway::new());
    let rule = Rule { kind: None, payee: None, times: 1, behaviour: Behaviour::TimeOutAfter };

    let (project, balance) = (ProjectId::new(Uuid::from_u128(8)), BalanceId::new(Uuid::from_u128(9)));
    let eur = |minor| Money::from_minor(minor, Currency::EUR);
    let item = Item::new("Design".parse().unwrap(), eur(300_00), 1);
    let draft = ProjectDraft::new(
        (party("anna"), party("boris")),
        "A site".parse().unwrap(),
        Currency::EUR,
        Policy::freelance().payout(Payout::Balance),
        vec![Milestone::new(id(1), vec![item])],
    );
    let terms = ProjectTerms::new(draft).unwrap();
    let proposed = Project::propose(project, terms, &Context::new(start(), anna.clone())).unwrap();
    db.commit(Commit::new(None, proposed.1.events(), &proposed.0, start())).unwrap();
    let holder = Holder::Party(party("boris"));
    let opened =
        Balance::open(balance, holder, Currency::EUR, BalancePolicy::default(), &Context::clock(start()));
    let opened = opened.unwrap();
    db.commit(Commit::new(None, opened.1.events(), &opened.0, start())).unwrap();

    let outbox = Outbox { agent: &agent, repository: &db, operator: Actor::Operator(party("host")) };
    let tell = |deal: DealId, command: escrow::Command, by: &Actor| {
        agent.act(&db, deal, command, by.clone()).unwrap();
        outbox.deal_changed(deal, &[MachineId::Balance(balance), MachineId::Project(project)]).unwrap();
    };
    agent.act(&db, project, Agree { version: 1 }, boris.clone()).unwrap();
    outbox.project_changed(project).unwrap();
    outbox.project_changed(project).unwrap();
    let paid = ConfirmPayment::charged(
        DepositId::BUYER_PAYMENT,
        "bank".parse().unwrap(),
        "pay-1".parse().unwrap(),
        eur(300_00),
    );
    tell(id(1), paid.into(), &Actor::Gateway);
    tell(id(1), StartPerforming {}.into(), &boris);
    tell(id(1), Accept::default().into(), &anna);

    agent.gateway.script(rule);
    let code = || PlainCode::new("402913").unwrap();
    let request = Request {
        number: 1,
        amount: eur(100_00),
        destination: Destination::Card("card-7".parse().unwrap()),
        code: CodeHash::new(&code(), Salt::new([7; 16])),
    };
    agent.act(&db, balance, request, boris.clone()).unwrap();
    let confirm = Confirm { withdrawal: 1, attempt: Attempt { code: 1, number: 1, entered: code() } };
    agent.act(&db, balance, confirm, boris).unwrap();
    drop(db);

    let db: Sqlite = file.open();
    let waiting = Repository::<Balance>::unanswered(&db, start(), 10).unwrap();
    assert_eq!(waiting, [balance]);
    agent.catch_up(&db, balance).unwrap();
    assert!(Repository::<Balance>::unanswered(&db, start(), 10).unwrap().is_empty());
    let stored = Repository::<Balance>::load(&db, balance).unwrap().unwrap();
    // 300.00 − 100.00
    assert_eq!((stored.available(), stored.reserved()), (eur(200_00), eur(0)));
    let keys = agent.gateway.executions();
    assert_eq!(
        keys.iter().map(|(key, done)| (key.to_string(), done.asked)).collect::<Vec<_>>(),
        [(stored.key(1).to_string(), 2)]
    );
    let stored = Repository::<Project>::load(&db, project).unwrap().unwrap();
    assert_eq!(stored.status(), Status::Closed);
    // every journal leads to what is stored, columns included
    assert_eq!(db.fsck::<Deal>().unwrap(), []);
    assert_eq!(db.fsck::<Project>().unwrap(), []);
    assert_eq!(db.fsck::<Balance>().unwrap(), []);
}
