//! Who is told what of a project and of a basket: the table, event by event; and what a commit brings.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::panic)]
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;
use std::fmt::Write as _;

use escrow::deal::command::{Answered, ChargebackStep};
use escrow::deposit::DepositId;
use escrow::port::Commit;
use escrow::terms::Item;
use escrow::{Actor, Context, Currency, DealId, Machine, Money, PartyId, Policy, Recorded, Role, Side, Time};
use escrow_market::basket::{BasketDraft, Line};
use escrow_market::notice::{
    Channel, Channels, MachineNews, MachineNotice, Notifies, machine_notices, of_machine_commit,
};
use escrow_market::project::command::{Agree, Stop};
use escrow_market::project::{Milestone, ProjectDraft, ProjectTerms};
use escrow_market::{Basket, BasketId, Project, ProjectId, basket, project};
use serde::de::DeserializeOwned;
use uuid::Uuid;

fn text<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

fn eur(minor: i64) -> Money {
    Money::from_minor(minor, Currency::EUR)
}

fn start() -> Time {
    text("2026-03-01T12:00:00Z")
}

fn deal_id(n: u128) -> DealId {
    DealId::new(Uuid::from_u128(n))
}

fn party(id: &str) -> Actor {
    Actor::Party(text(id))
}

fn proposed() -> (Project, Vec<Recorded<project::Event>>) {
    let milestone = |n, minor| Milestone::new(deal_id(n), vec![Item::new(text("Part"), eur(minor), 1)]);
    let (parties, milestones) =
        ((text("anna"), text("boris")), vec![milestone(1, 30_00), milestone(2, 70_00)]);
    let draft = ProjectDraft::new(parties, text("Site"), Currency::EUR, Policy::freelance(), milestones);
    let context = Context::new(start(), party("anna"));
    let terms = ProjectTerms::new(draft).unwrap();
    let (project, first) = Project::propose(ProjectId::new(Uuid::nil()), terms, &context).unwrap();
    (project, first.into_events().into_vec())
}

fn opened() -> (Basket, Vec<Recorded<basket::Event>>) {
    let line = |n, minor| Line { deal: deal_id(n), deposit: DepositId::BUYER_PAYMENT, amount: eur(minor) };
    let lines = vec![line(1, 30_00), line(2, 70_00)];
    let draft = BasketDraft::new(text("anna"), Currency::EUR, lines, start().plus_secs(3_600));
    let (basket, first) = Basket::open(BasketId::new(Uuid::nil()), draft, &Context::clock(start())).unwrap();
    (basket, first.into_events().into_vec())
}

fn told<M: Machine>(machine: &mut M, command: impl Into<M::Command>, actor: Actor) -> Vec<Recorded<M::Event>>
where
    M::Rejection: std::fmt::Debug,
{
    let context = Context::new(machine.last_at().plus_secs(60), actor);
    machine.handle(&command.into(), &context).unwrap().into_events().into_vec()
}

/// One of each event.
fn project_events() -> (Project, Vec<project::Event>) {
    use project::command::{Ended, Reached};
    use project::{Ending, Event};
    let (mut project, journal) = proposed();
    let agreed = told(&mut project, Agree { version: 1 }, party("boris"));
    let mut events: Vec<Event> = journal.into_iter().chain(agreed).map(|r| r.event).collect();
    let (basket, journal) = opened();
    let basket::Event::Opened { draft } = journal[0].event.clone() else { panic!("it begins so") };
    let (deal, until) = (deal_id(1), start().plus_secs(60));
    events.extend([
        Event::AmendmentProposed { version: 2, by: Side::Buyer, milestones: Vec::new() },
        Event::AmendmentProposed { version: 2, by: Side::Seller, milestones: Vec::new() },
        Event::AmendmentWithdrawn { version: 2 },
        Event::BasketAsked { basket: basket.id(), draft },
        Event::MilestoneReached { deal, reached: Reached::Ended(Ended::Completed) },
        Event::MilestoneLapsed { deal },
        Event::Halted { after: deal, until },
        Event::Continued { after: deal },
        Event::Stopped { reason: text("the reason is between them") },
        Event::Closed { because: Ending::Stopped },
    ]);
    (project, events)
}

/// One of each event.
fn basket_events() -> (Basket, Vec<basket::Event>) {
    use basket::Event;
    use basket::command::{Answer, Chargeback, ConfirmPayment, Retry, Returned};
    let (mut basket, mut journal) = opened();
    // over by 5.00, which the gateway declines first
    let paid = ConfirmPayment::charged(text("bank"), text("pi_1"), eur(105_00));
    journal.extend(told(&mut basket, paid, Actor::Gateway));
    let no = Answer::new(1, Answered::Declined(text("the reason is the bank's")));
    journal.extend(told(&mut basket, no, Actor::Gateway));
    journal.extend(told(&mut basket, Retry { refund: 1 }, Actor::Operator(text("olga"))));
    journal.extend(told(&mut basket, Answer::new(2, Answered::Succeeded(text("re_2"))), Actor::Gateway));
    journal.extend(told(&mut basket, Returned::new(2, eur(1_00), text("ret_1")), Actor::Gateway));
    let payment = (text("bank"), text("pi_1"));
    let opened = Chargeback::new(text("cb_1"), payment, eur(10_00), ChargebackStep::Opened);
    journal.extend(told(&mut basket, opened, Actor::Gateway));
    let mut events: Vec<Event> = journal.into_iter().map(|r| r.event).collect();
    events.extend([
        Event::DealLeft { deal: deal_id(1) },
        Event::GivenUp { reason: text("the reason is the payer's") },
    ]);
    (basket, events)
}

fn name(value: &impl serde::Serialize, tag: &str) -> String {
    serde_json::to_value(value).unwrap()[tag].as_str().unwrap().to_owned()
}

/// The rows of a machine's table, and whether every event there is has one.
fn rows<M: Notifies<Event: serde::Serialize + DeserializeOwned>>(
    machine: &M,
    events: Vec<M::Event>,
) -> String {
    let (mut table, mut seen) = (String::new(), BTreeSet::new());
    let mut lines = BTreeSet::new();
    for event in events {
        seen.insert(name(&event, "type"));
        let mut row = format!("{} {:<22}", M::KIND, name(&event, "type"));
        // nobody who could be told causes it
        let recorded = Recorded { at: start(), actor: Actor::Clock, via: None, event };
        let told: Vec<MachineNotice> = machine_notices(machine, &recorded).collect();
        let kind = told.first().map_or("–".to_owned(), |notice| name(&notice.news, "kind"));
        let _ = write!(row, " {kind:<24}");
        for role in [Role::Buyer, Role::Seller, Role::Operator] {
            let count = told.iter().filter(|notice| notice.to.role == role).count();
            assert!(count < 2, "each is told once");
            let _ = write!(row, " {:<8}", if count == 1 { "told" } else { "" });
        }
        // whoever reads it later reads the same
        for notice in told {
            let json = serde_json::to_string(&notice).unwrap();
            assert!(!json.contains("reason"), "{json}");
            assert_eq!(serde_json::from_str::<MachineNotice>(&json).unwrap(), notice);
        }
        lines.insert(row.trim_end().to_owned());
    }
    let unknown = serde_json::from_str::<M::Event>(r#"{"type":"no_such_thing"}"#).err().unwrap().to_string();
    let all: BTreeSet<String> = unknown.split('`').skip(3).step_by(2).map(str::to_owned).collect();
    assert_eq!(seen, all);
    for line in lines {
        let _ = writeln!(table, "{line}");
    }
    table
}

/// Event by recipient, whoever caused it. Generated, committed, and read by people.
#[test]
fn the_table() {
    let (project, events) = project_events();
    let mut table = rows(&project, events);
    let (basket, events) = basket_events();
    table.push_str(&rows(&basket, events));
    insta::assert_snapshot!("table", table);
}

#[test]
fn a_commit_of_a_project_has_its_notices() {
    let (mut project, journal) = proposed();
    let first = of_machine_commit(&Commit::new(None, &journal, &project, start()));
    // anna has proposed it: boris is told
    let boris: PartyId = text("boris");
    let to: Vec<_> = first.iter().map(|notice| (notice.to.role, notice.to.party.clone())).collect();
    assert_eq!(to, [(Role::Seller, Some(boris))]);
    let until = start().plus_secs(Policy::freelance().proposal_s);
    assert_eq!(first[0].news, MachineNews::ProjectProposed { by: Side::Buyer, until });
    let before = project.clone();
    let agreed = told(&mut project, Agree { version: 1 }, party("boris"));
    let agreed = of_machine_commit(&Commit::new(Some(&before), &agreed, &project, start()));
    // of the milestone that begins its deal tells
    let told_of: Vec<_> = agreed.iter().map(|notice| (notice.to.role, notice.news.clone())).collect();
    assert_eq!(told_of, [(Role::Buyer, MachineNews::MilestonesAgreed { version: 1, by: Side::Seller })]);
    let before = project.clone();
    let stopped = told(&mut project, Stop { reason: text("enough") }, Actor::Operator(text("olga")));
    let stopped = of_machine_commit(&Commit::new(Some(&before), &stopped, &project, start()));
    assert_eq!(stopped.len(), 2, "staff has stopped it: both are told");
    let sms = stopped[0].clone().by(|_| Channels::new([Channel::Sms]).unwrap());
    assert_eq!(sms.channels.iter().count(), 1);
}

/// Of a payment that fills a basket its payer is told twice, and staff of a chargeback, too.
#[test]
fn a_commit_of_a_basket_has_its_notices() {
    use basket::command::{Chargeback, ConfirmPayment};
    let (mut basket, _) = opened();
    let before = basket.clone();
    let paid = ConfirmPayment::charged(text("bank"), text("pi_1"), eur(100_00));
    let paid = told(&mut basket, paid, Actor::Gateway);
    let paid = of_machine_commit(&Commit::new(Some(&before), &paid, &basket, start()));
    let news: Vec<_> = paid.into_iter().map(|notice| notice.news).collect();
    assert_eq!(
        news,
        [
            MachineNews::BasketPaid { amount: eur(100_00), gateway: text("bank") },
            MachineNews::BasketFilled {}
        ]
    );
    let before = basket.clone();
    let payment = (text("bank"), text("pi_1"));
    let lost = Chargeback::new(text("cb_1"), payment, eur(10_00), ChargebackStep::Lost);
    let lost = told(&mut basket, lost, Actor::Gateway);
    let lost = of_machine_commit(&Commit::new(Some(&before), &lost, &basket, start()));
    let roles: Vec<_> = lost.iter().map(|notice| notice.to.role).collect();
    assert_eq!(roles, [Role::Buyer, Role::Operator]);
}
