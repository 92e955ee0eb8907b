//! The project: milestones that are deals. Amounts are worked out by hand in the comments, in euros.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::panic)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::wildcard_enum_match_arm)]
#![allow(clippy::inconsistent_digit_grouping)]

use std::collections::BTreeMap;

use escrow::deal::command::{Accept, OpenDispute, StartPerforming};
use escrow::deposit::DepositId;
use escrow::terms::{Fee, FeePayee, Item, Payer};
use escrow::{
    Actor, Context, Currency, Deal, DealId, Machine, Money, Policy, Rate, Status as DealStatus, Time,
};
use escrow_market::basket::command::ConfirmPayment;
use escrow_market::follow::{FollowCommand, MachineId};
use escrow_market::project::command::{Agree, Amend, Continue, Ended, Reached, Report, Stop, Wake, Withdraw};
use escrow_market::project::{
    Command, CommandKind, Ending, Event, Funding, Milestone, ProjectDraft, ProjectTerms, Rejection, Role,
    Status, permitted,
};
use escrow_market::{Basket, BasketId, Follow, Project, ProjectId};
use uuid::Uuid;

const DAY: u32 = 86_400;

fn text<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

fn eur(minor: i64) -> Money {
    Money::from_minor(minor, Currency::EUR)
}

fn at(secs: u32) -> Time {
    text::<Time>("2026-03-01T12:00:00Z").plus_secs(secs)
}

fn deal_id(n: u128) -> DealId {
    DealId::new(Uuid::from_u128(n))
}

fn party(id: &str) -> Actor {
    Actor::Party(text(id))
}

fn milestone(n: u128, minor: i64) -> Milestone {
    Milestone::new(deal_id(n), vec![Item::new(text("Part of the site"), eur(minor), 1)])
}

fn draft(funding: Funding) -> ProjectDraft {
    let parties = (text("anna"), text("boris"));
    let milestones = vec![milestone(1, 300_00), milestone(2, 300_00), milestone(3, 300_00)];
    let mut draft =
        ProjectDraft::new(parties, text("A site"), Currency::EUR, Policy::freelance(), milestones);
    draft.funding = funding;
    draft
}

/// A host: a project, its deals and its basket, with an outbox that delivers at once.
struct Host {
    project: Project,
    deals: BTreeMap<DealId, Deal>,
    basket: Option<Basket>,
    journal: Vec<escrow::Recorded<Event>>,
    now: u32,
}

/// Three milestones at 300.00, which anna proposes.
fn proposed(funding: Funding) -> Host {
    let terms = ProjectTerms::new(draft(funding)).unwrap();
    let context = Context::new(at(0), party("anna"));
    let (project, first) = Project::propose(ProjectId::new(Uuid::nil()), terms, &context).unwrap();
    let journal = first.into_events().into_vec();
    Host { project, deals: BTreeMap::new(), basket: None, journal, now: 0 }
}

fn agreed(funding: Funding) -> Host {
    let mut host = proposed(funding);
    host.tell(Agree { version: 1 }, "boris");
    host
}

fn upfront() -> Funding {
    Funding::Upfront { basket: BasketId::new(Uuid::from_u128(9)) }
}

impl Host {
    fn give(&mut self, command: &Command, actor: Actor) -> Vec<Event> {
        let transition = self.project.handle(command, &Context::new(at(self.now), actor)).unwrap();
        assert_eq!(self.project.check(), Ok(()));
        let recorded = transition.into_events().into_vec();
        let events: Vec<Event> = recorded.iter().map(|r| r.event.clone()).collect();
        self.journal.extend(recorded);
        let follows: Vec<Follow> = events.iter().flat_map(|event| self.project.follows(event)).collect();
        follows.iter().for_each(|follow| self.deliver(follow));
        events
    }

    fn tell(&mut self, command: impl Into<Command>, who: &str) -> Vec<Event> {
        self.give(&command.into(), party(who))
    }

    fn refused(&self, command: impl Into<Command>, who: &str) -> Rejection {
        self.project.decide(&command.into(), &Context::new(at(self.now), party(who))).map(drop).unwrap_err()
    }

    fn wake(&mut self) -> Vec<Event> {
        self.give(&Wake {}.into(), Actor::Clock)
    }

    /// Opens what is to be opened; what is open has heard it.
    fn deliver(&mut self, follow: &Follow) {
        let operator = Context::new(at(self.now), Actor::Operator(text("olga")));
        match (&follow.to, &follow.command) {
            (MachineId::Deal(id), FollowCommand::Open(terms)) => {
                self.deals
                    .entry(*id)
                    .or_insert_with(|| Deal::propose(*id, terms.clone(), &operator).unwrap().0);
            }
            (MachineId::Basket(id), FollowCommand::OpenBasket(draft)) => {
                self.basket.get_or_insert_with(|| Basket::open(*id, draft.clone(), &operator).unwrap().0);
            }
            (MachineId::Deal(id), FollowCommand::CallOff(stop)) => {
                let deal = self.deals.get_mut(id).unwrap();
                if let Some(cancel) = stop.cancels(deal) {
                    let _ = deal.handle(&cancel.into(), &operator.seen(deal.revision())).unwrap();
                }
            }
            (MachineId::Deal(id), FollowCommand::Deal(command)) => {
                let context = Context::new(at(self.now), follow.actor().unwrap());
                let _ = self.deals.get_mut(id).unwrap().handle(command, &context).unwrap();
            }
            other => panic!("{other:?}"),
        }
    }

    /// The project hears of every deal, as often as there is something new.
    fn follow(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        loop {
            let new: Vec<Command> =
                self.deals.values().filter_map(|deal| self.project.follow(deal)).collect();
            if new.is_empty() {
                return events;
            }
            for command in new {
                events.extend(self.give(&command, Actor::Clock));
            }
        }
    }

    fn act(&mut self, n: u128, actor: Actor, command: impl Into<escrow::Command>) {
        let context = Context::new(at(self.now), actor);
        let _ = self.deals.get_mut(&deal_id(n)).unwrap().handle(&command.into(), &context).unwrap();
    }

    fn pay(&mut self, n: u128) {
        let amount = self.deals[&deal_id(n)].terms().quote().deposit;
        let paid = escrow::deal::command::ConfirmPayment::charged(
            DepositId::BUYER_PAYMENT,
            text("stripe"),
            text(&format!("pi_{n}")),
            amount,
        );
        self.act(n, Actor::Gateway, paid);
    }

    /// Performed, accepted, and paid out by the gateway.
    fn perform(&mut self, n: u128) {
        self.act(n, party("boris"), StartPerforming {});
        self.act(n, party("anna"), Accept::default());
        self.settle(n);
    }

    fn settle(&mut self, n: u128) {
        let orders: Vec<_> = self.deals[&deal_id(n)].pending().map(|o| o.number()).collect();
        for tx in orders {
            let done = escrow::deal::command::Answered::Succeeded(text("done"));
            self.act(n, Actor::Gateway, escrow::deal::command::Answer::new(tx, done));
        }
    }

    fn status(&self, n: u128) -> DealStatus {
        self.deals[&deal_id(n)].status()
    }

    /// What boris was paid, and what is in escrow, over all milestones.
    fn money(&self) -> (i64, i64) {
        let buckets = || self.deals.values().map(|d| d.deposit(DepositId::BUYER_PAYMENT).unwrap().buckets());
        (buckets().map(|b| b.paid_out).sum(), buckets().map(|b| b.held + b.reserved).sum())
    }
}

#[test]
fn milestones_are_asked_for_one_by_one() {
    let mut host = agreed(Funding::Each);
    assert_eq!(host.deals.len(), 1);
    host.pay(1);
    assert_eq!(host.follow().len(), 1, "it is open");
    assert_eq!(host.deals.len(), 1);
    host.perform(1);
    host.follow();
    // accepted: the second is asked for
    assert_eq!((host.deals.len(), host.status(1), host.money()), (2, DealStatus::Completed, (300_00, 0)));
    host.pay(2);
    host.perform(2);
    host.follow();
    host.pay(3);
    host.perform(3);
    let events = host.follow();
    assert_eq!(events.last(), Some(&Event::Closed { because: Ending::Finished }));
    assert_eq!((host.project.status(), host.money()), (Status::Closed, (900_00, 0)));
    let replayed = Project::replay(host.project.id(), &host.journal).unwrap();
    assert_eq!(replayed, host.project);
    assert!(host.project.pending().next().is_none());
}

/// The case of `cases/README.md`: 900 upfront; the first accepted, the second disputed, the third goes on.
#[test]
fn milestones_are_paid_upfront_by_one_payment() {
    let mut host = agreed(upfront());
    assert_eq!(host.deals.len(), 3);
    let mut basket = host.basket.take().unwrap();
    assert_eq!(basket.outstanding(), eur(900_00));
    let paid = ConfirmPayment::charged(text("stripe"), text("pi_1"), eur(900_00));
    let filled = basket.handle(&paid.into(), &Context::gateway(at(60))).unwrap();
    host.now = 60;
    let told: Vec<Follow> = filled.events().iter().flat_map(|r| basket.follows(&r.event)).collect();
    told.iter().for_each(|follow| host.deliver(follow));
    host.follow();
    assert_eq!(host.money(), (0, 900_00));
    host.perform(1);
    host.follow();
    assert_eq!(host.money(), (300_00, 600_00));
    host.act(2, party("boris"), StartPerforming {});
    host.act(2, party("anna"), OpenDispute::new(text("not what was agreed")));
    assert_eq!(host.status(2), DealStatus::Disputed);
    host.perform(3);
    host.follow();
    assert_eq!((host.status(3), host.money()), (DealStatus::Completed, (600_00, 300_00)));
    assert_eq!(host.project.status(), Status::Active);
}

#[test]
fn paid_upfront_each_waits_for_all_before_it() {
    let host = agreed(upfront());
    let start = |n| host.deals[&deal_id(n)].terms().policy.start_s;
    let policy = Policy::freelance();
    // 5 days of moderation, 6 × 7 to start, 30 to perform, 6 × (5 + 3) to look at six revisions at most, 10 to negotiate,
    // 3 × 20 for the arbiter, 30 of extensions: 225 days
    let longest = (5 + 6 * 7 + 30 + 6 * (5 + 3) + 10 + 3 * 20 + 30) * DAY;
    assert_eq!((policy.max_tracks, policy.max_revisions), (5, 5));
    assert_eq!([start(1), start(2), start(3)], [7 * DAY, 7 * DAY + longest, 7 * DAY + 2 * longest]);
    // and it may start earlier
    let mut host = host;
    host.pay(3);
    host.perform(3);
    assert_eq!(host.status(3), DealStatus::Completed);
}

#[test]
fn fees_and_rules_are_those_of_every_deal() {
    let mut draft = draft(Funding::Each);
    let rate = Rate::from_ppm(100_000).unwrap();
    draft.fees = vec![Fee::of_price(text("platform"), FeePayee::Platform, rate, Payer::Seller)];
    draft.milestones[0] = draft.milestones[0].clone().performance_s(90 * DAY);
    let operator = Context::new(at(0), Actor::Operator(text("olga")));
    let terms = ProjectTerms::new(draft).unwrap();
    let (project, first) = Project::propose(ProjectId::new(Uuid::nil()), terms, &operator).unwrap();
    let journal = first.into_events().into_vec();
    let mut host = Host { project, deals: BTreeMap::new(), basket: None, journal, now: 0 };
    host.tell(Agree { version: 1 }, "boris");
    let quote = host.deals[&deal_id(1)].terms().quote();
    // 10 % of 300.00 at the contractor's cost
    assert_eq!((quote.deposit, quote.payout), (eur(300_00), eur(270_00)));
    assert_eq!(host.deals[&deal_id(1)].terms().policy.performance_s, 90 * DAY);
    assert_eq!(host.status(1), DealStatus::AwaitingDeposit, "both have agreed already");
}

#[test]
fn what_is_accepted_and_not_paid_yet_lets_the_next_one_begin() {
    let mut draft = draft(Funding::Each);
    draft.policy = draft.policy.clearance_s(7 * DAY);
    let context = Context::new(at(0), party("anna"));
    let terms = ProjectTerms::new(draft).unwrap();
    let (project, first) = Project::propose(ProjectId::new(Uuid::nil()), terms, &context).unwrap();
    let journal = first.into_events().into_vec();
    let mut host = Host { project, deals: BTreeMap::new(), basket: None, journal, now: 0 };
    host.tell(Agree { version: 1 }, "boris");
    host.pay(1);
    host.perform(1);
    host.follow();
    // in escrow for a week, while the second is asked for
    assert_eq!((host.status(1).as_str(), host.deals.len(), host.money()), ("clearing", 2, (0, 300_00)));
}

#[test]
fn nobody_agrees_and_it_expires() {
    let mut host = proposed(Funding::Each);
    assert_eq!(host.refused(Agree { version: 1 }, "anna"), Rejection::OwnProposal);
    // boris has a better idea, which undoes nothing but the proposal before
    host.tell(Amend { version: 2, milestones: vec![milestone(1, 500_00)] }, "boris");
    assert_eq!(host.refused(Agree { version: 1 }, "boris"), Rejection::NotProposed { version: 1 });
    host.now = 7 * DAY;
    assert_eq!(host.wake(), [Event::Closed { because: Ending::Expired }]);
    assert!(host.deals.is_empty());
    assert_eq!(host.refused(Agree { version: 2 }, "anna").code(), "wrong-status");
}

#[test]
fn a_proposal_is_turned_down_or_withdrawn() {
    let mut host = proposed(Funding::Each);
    assert_eq!(
        host.tell(Stop { reason: text("too dear") }, "boris"),
        [Event::Closed { because: Ending::Declined }]
    );
    assert_eq!(host.tell(Stop { reason: text("too dear") }, "boris"), []);
    let mut host = proposed(Funding::Each);
    host.tell(Withdraw { version: 1 }, "anna");
    assert_eq!(host.project.status(), Status::Closed);
}

#[test]
fn what_has_not_begun_is_amended_by_agreement() {
    let mut host = agreed(Funding::Each);
    host.pay(1);
    host.follow();
    assert_eq!(
        host.refused(Amend { version: 2, milestones: vec![milestone(1, 1)] }, "boris").code(),
        "has-begun"
    );
    // the third is dropped, the second is dearer, a fourth comes before it
    let milestones = vec![milestone(4, 50_00), milestone(2, 400_00)];
    let amend = Amend { version: 2, milestones: milestones.clone() };
    host.tell(amend.clone(), "boris");
    assert_eq!(host.tell(amend, "boris"), [], "a repeat");
    assert_eq!(host.refused(Amend { version: 2, milestones: vec![] }, "anna").code(), "wrong-version");
    assert_eq!(host.refused(Withdraw { version: 2 }, "anna"), Rejection::OthersProposal);
    host.tell(Agree { version: 2 }, "anna");
    assert_eq!(host.tell(Agree { version: 2 }, "anna"), []);
    assert_eq!(host.project.planned(), milestones);
    host.perform(1);
    host.follow();
    assert!(host.deals.contains_key(&deal_id(4)) && !host.deals.contains_key(&deal_id(3)));
    // what is proposed falls when a milestone that it replaces begins
    host.tell(Amend { version: 3, milestones: vec![milestone(5, 10_00)] }, "anna");
    host.pay(4);
    host.perform(4);
    host.follow();
    assert_eq!(host.refused(Agree { version: 3 }, "boris"), Rejection::NotProposed { version: 3 });
    assert_eq!(host.deals[&deal_id(2)].terms().quote().deposit, eur(400_00));
}

#[test]
fn a_stop_lets_what_runs_run_on() {
    for who in ["anna", "boris"] {
        let mut host = agreed(Funding::Each);
        host.pay(1);
        host.follow();
        host.tell(Stop { reason: text("enough") }, who);
        assert_eq!((host.project.status(), host.project.planned().len()), (Status::Stopping, 0));
        host.perform(1);
        let events = host.follow();
        assert_eq!(events.last(), Some(&Event::Closed { because: Ending::Stopped }));
        assert_eq!((host.deals.len(), host.money()), (1, (300_00, 0)));
    }
}

/// Three milestones at 300.00, stopped before the 900.00 come in: the payment goes back, and nothing begins.
#[test]
fn what_reaches_a_project_that_was_stopped_before_it_was_paid_goes_back() {
    for who in ["anna", "boris"] {
        let mut host = agreed(upfront());
        host.follow();
        host.now = 60;
        host.tell(Stop { reason: text("enough") }, who);
        let stopped: Vec<Follow> = host.project.pending().collect();
        assert_eq!([1, 2, 3].map(|n| host.status(n)), [DealStatus::Cancelled; 3]);
        let mut basket = host.basket.take().unwrap();
        for deal in host.deals.values() {
            let left = basket.follow(deal).unwrap();
            let _ = basket.handle(&left, &Context::clock(at(60))).unwrap();
        }
        let paid = ConfirmPayment::charged(text("stripe"), text("pi_1"), eur(900_00));
        let late = basket.handle(&paid.into(), &Context::gateway(at(120))).unwrap();
        assert_eq!(late.events().iter().flat_map(|r| basket.follows(&r.event)).count(), 0);
        assert_eq!(basket.refunds()[0].amount, eur(900_00));
        assert_eq!(host.follow().last(), Some(&Event::Closed { because: Ending::Stopped }));
        // heard again, nothing changes
        host.now = 180;
        stopped.iter().for_each(|follow| host.deliver(follow));
        assert_eq!(host.money(), (0, 0));
        let replayed = Project::replay(host.project.id(), &host.journal).unwrap();
        assert_eq!(replayed, host.project);
    }
}

/// The word of the stop is slower than the payment: what came in after the stop goes back all the same.
#[test]
fn a_stop_that_is_heard_after_the_payment_counts_from_when_it_was_made() {
    let mut host = agreed(upfront());
    host.now = 60;
    host.pay(1);
    host.now = 120;
    let context = Context::new(at(120), party("anna"));
    let stop = host.project.handle(&Stop { reason: text("enough") }.into(), &context).unwrap();
    let told: Vec<Follow> = stop.events().iter().flat_map(|r| host.project.follows(&r.event)).collect();
    host.now = 180;
    host.pay(2);
    host.pay(3);
    host.act(3, party("boris"), StartPerforming {});
    host.now = 240;
    told.iter().for_each(|follow| host.deliver(follow));
    host.settle(2);
    // the first was paid before the stop; the third, before boris could know of it, is performed already
    let awaiting = DealStatus::AwaitingPerformance;
    assert_eq!([1, 2, 3].map(|n| host.status(n)), [awaiting, DealStatus::Cancelled, DealStatus::Performing]);
    let refunded = host.deals[&deal_id(2)].deposit(DepositId::BUYER_PAYMENT).unwrap().buckets().refunded;
    assert_eq!((refunded, host.money()), (300_00, (0, 600_00)));
}

#[test]
fn a_stop_lets_what_was_paid_upfront_run_on() {
    let mut host = agreed(upfront());
    (1..=3).for_each(|n| host.pay(n));
    host.follow();
    host.now = 60;
    host.tell(Stop { reason: text("enough") }, "boris");
    (1..=3).for_each(|n| host.perform(n));
    assert_eq!(host.follow().last(), Some(&Event::Closed { because: Ending::Stopped }));
    assert_eq!(host.money(), (900_00, 0));
}

/// What is added to a project that is paid upfront is paid for by itself; what is paid for already is its deal's.
#[test]
fn a_project_that_is_paid_upfront_is_extended() {
    let mut host = agreed(upfront());
    (1..=3).for_each(|n| host.pay(n));
    host.follow();
    host.perform(1);
    host.follow();
    let changed = Amend { version: 2, milestones: vec![milestone(4, 100_00), milestone(2, 400_00)] };
    let refused = host.refused(changed, "anna");
    assert_eq!(refused.code(), "has-begun");
    let why = "milestones: number 2 of the list has begun, and its terms are its deal's; leave it out. To change it, end its \
               deal (cancel it before it is paid, agree to call it off afterwards) and propose it again with a new deal";
    assert_eq!(refused.to_string(), why);
    host.tell(Amend { version: 2, milestones: vec![milestone(4, 100_00)] }, "anna");
    host.tell(Agree { version: 2 }, "boris");
    host.pay(4);
    host.follow();
    // 300.00 are out, 3 · 300.00 + 100.00 − 300.00 in escrow
    assert_eq!((host.status(4), host.money()), (DealStatus::AwaitingPerformance, (300_00, 700_00)));
    (2..=4).for_each(|n| host.perform(n));
    assert_eq!(host.follow().last(), Some(&Event::Closed { because: Ending::Finished }));
    assert_eq!(host.money(), (1000_00, 0));
}

#[test]
fn after_a_milestone_that_was_not_accepted_somebody_goes_on_or_it_stops() {
    let failed = || {
        let mut host = agreed(Funding::Each);
        host.pay(1);
        host.act(1, party("boris"), escrow::deal::command::Cancel::new(text("ill")));
        host.settle(1);
        let events = host.follow();
        assert_eq!(events.last(), Some(&Event::Halted { after: deal_id(1), until: at(7 * DAY) }));
        assert_eq!((host.project.status(), host.deals.len()), (Status::Halted, 1));
        host
    };
    let mut host = failed();
    assert_eq!(host.refused(Continue { after: deal_id(1) }, "boris").code(), "wrong-role");
    assert_eq!(
        host.refused(Continue { after: deal_id(2) }, "anna"),
        Rejection::HaltedAfter { after: deal_id(1) }
    );
    host.tell(Continue { after: deal_id(1) }, "anna");
    assert_eq!(host.tell(Continue { after: deal_id(1) }, "anna"), []);
    assert_eq!((host.project.status(), host.deals.len()), (Status::Active, 2));

    let mut host = failed();
    host.now = 7 * DAY;
    let events = host.wake();
    assert!(
        matches!(events[..], [Event::Stopped { .. }, Event::Closed { because: Ending::Stopped }]),
        "{events:?}"
    );

    let mut host = failed();
    host.tell(Amend { version: 2, milestones: vec![milestone(7, 100_00)] }, "boris");
    host.tell(Agree { version: 2 }, "anna");
    assert_eq!(host.deals.keys().copied().collect::<Vec<_>>(), [deal_id(1), deal_id(7)]);
}

#[test]
fn a_deal_that_the_host_never_opens_holds_nothing_up() {
    let mut host = agreed(Funding::Each);
    // an outbox that has lost it: it is pending until the deal is reported
    assert_eq!(host.project.pending().count(), 1);
    host.now = 7 * DAY;
    let events = host.wake();
    assert!(matches!(events[..], [Event::MilestoneLapsed { .. }, Event::Halted { .. }]), "{events:?}");
    // it is open after all: that counts, and the project need not stop
    let fact = Report { deal: deal_id(1), reached: Reached::Ended(Ended::Completed) };
    host.give(&fact.into(), Actor::Clock);
    host.tell(Continue { after: deal_id(1) }, "anna");
    assert_eq!(host.project.status(), Status::Active);
}

#[test]
fn facts_come_twice_late_and_in_any_order() {
    let report = |n, reached| -> Command { Report { deal: deal_id(n), reached }.into() };
    let facts = [Reached::Opened, Reached::Accepted, Reached::Ended(Ended::Completed)];
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    let mut ends = Vec::new();
    for order in orders {
        let mut host = agreed(Funding::Each);
        for n in order.iter().chain(&order) {
            host.give(&report(1, facts[*n]), Actor::Clock);
        }
        ends.push((host.project.begun().to_vec(), host.project.planned().to_vec(), host.deals.len()));
    }
    assert!(ends.windows(2).all(|pair| pair[0] == pair[1]), "{ends:?}");
    assert_eq!(ends[0].2, 2);
    let host = agreed(Funding::Each);
    let mut project = host.project;
    let context = Context::clock(at(1));
    let _ = project.handle(&report(1, Reached::Ended(Ended::Completed)), &context).unwrap();
    let other = project.handle(&report(1, Reached::Ended(Ended::Otherwise)), &context).map(drop);
    assert_eq!(other, Err(Rejection::FactContradicts { deal: deal_id(1) }));
    let unknown = project.handle(&report(8, Reached::Opened), &context).map(drop);
    assert_eq!(unknown, Err(Rejection::UnknownMilestone { deal: deal_id(8) }));
}

#[test]
fn a_project_that_makes_no_deals_is_refused() {
    let mut empty = draft(Funding::Each);
    empty.milestones.clear();
    assert_eq!(ProjectTerms::new(empty).unwrap_err().to_string(), "milestones must not be empty");
    let mut twice = draft(Funding::Each);
    twice.milestones[1].deal = deal_id(1);
    assert!(ProjectTerms::new(twice).is_err());
    let mut itemless = draft(Funding::Each);
    itemless.milestones[2].items.clear();
    assert!(ProjectTerms::new(itemless).is_err());
    let mut alone = draft(Funding::Each);
    alone.contractor = text("anna");
    assert!(ProjectTerms::new(alone).is_err());
}

#[test]
fn each_command_is_some_roles() {
    let host = agreed(Funding::Each);
    let reports = Report { deal: deal_id(1), reached: Reached::Opened };
    for kind in CommandKind::ALL {
        let command: Command = match kind {
            CommandKind::Agree => Agree { version: 1 }.into(),
            CommandKind::Amend => Amend { version: 2, milestones: vec![milestone(4, 1_00)] }.into(),
            CommandKind::Withdraw => Withdraw { version: 1 }.into(),
            CommandKind::Continue => Continue { after: deal_id(1) }.into(),
            CommandKind::Stop => Stop::default().into(),
            CommandKind::Report => reports.into(),
            CommandKind::Wake => Wake {}.into(),
        };
        for role in Role::ALL {
            let actor = match role {
                Role::Customer => party("anna"),
                Role::Contractor => party("boris"),
                Role::Operator => Actor::Operator(text("olga")),
                Role::Clock => Actor::Clock,
            };
            let found = host.project.decide(&command, &Context::new(at(1), actor));
            let refused = matches!(found, Err(Rejection::WrongRole { .. }));
            assert_eq!(refused, !permitted(kind).0.contains(&role), "{kind} by {role}: {found:?}");
        }
        for actor in [Actor::Gateway, Actor::Tracker, Actor::Moderator(text("mila")), party("carla")] {
            let found = host.project.decide(&command, &Context::new(at(1), actor)).map(drop);
            assert_eq!(found, Err(Rejection::UnknownActor));
        }
    }
    let stale = Context::new(at(1), party("anna")).seen(1);
    let found = host.project.decide(&Stop::default().into(), &stale).map(drop);
    assert_eq!(found, Err(Rejection::Stale { seen: 1, actual: 2 }));
}

#[test]
fn a_hostile_snapshot_is_refused_with_its_field() {
    use escrow::machine::DecodeError;
    use escrow_market::project::Parts;
    use serde_json::{Value, json};
    let mut host = agreed(Funding::Each);
    host.pay(1);
    host.follow();
    let good = serde_json::to_value(host.project.parts()).unwrap();
    let typed = |change: &dyn Fn(&mut Value)| {
        let mut bad = good.clone();
        change(&mut bad);
        serde_json::from_value::<Parts>(bad).expect("well-formed").restore().map(drop)
    };
    assert_eq!(typed(&|_| ()), Ok(()));
    let unknown = Err(DecodeError::UnknownSchema { expected: "escrow.project.v1" });
    assert_eq!(typed(&|v| v["schema"] = json!("escrow.deal.v1")), unknown);
    let field = |field| Err(DecodeError::Field { field });
    assert_eq!(typed(&|v| v["state"]["progress"]["revision"] = json!(99)), field("revision"));
    // the same milestone again, and one that makes no deal
    let first = good["state"]["begun"][0]["deal"].clone();
    assert_eq!(typed(&|v| v["state"]["planned"][0]["deal"] = first.clone()), field("planned"));
    assert_eq!(typed(&|v| v["state"]["planned"][0]["items"] = json!([])), field("planned"));
    assert_eq!(typed(&|v| v["state"]["proposal"]["version"] = json!(0)), field("proposal"));
    // stuck: nothing runs, and nothing begins
    assert_eq!(typed(&|v| v["state"]["begun"] = json!([])), field("phase"));
    let over =
        |v: &mut Value| v["state"]["begun"][0]["standing"] = json!({ "reached": { "ended": "completed" } });
    assert_eq!(typed(&over), field("phase"));
    assert_eq!(typed(&|v| v["state"]["phase"] = json!({ "stopping": {} })), field("phase"));
    let halted = json!({ "halted": { "after": deal_id(7), "until": at(9) } });
    assert_eq!(typed(&|v| v["state"]["phase"] = halted.clone()), field("phase"));
    // after one whose deal is to be opened: the customer could go on after it, and it would be passed before it began
    let begun = |v: &mut Value| {
        v["state"]["phase"] = json!({ "halted": { "after": first, "until": at(9 * 86_400) } });
        v["state"]["begun"][0]["standing"] =
            json!({ "begun": { "terms": **host.deals[&deal_id(1)].terms(), "until": at(9 * 86_400) } });
    };
    assert_eq!(typed(&begun), field("phase"));
    // with those that have begun there would be more than a project has, once it is agreed
    let many = |v: &mut Value| {
        let one = v["state"]["planned"][0].clone();
        let made = |n: u32| {
            let mut other = one.clone();
            other["deal"] = json!(deal_id(u128::from(n) + 100));
            other
        };
        v["state"]["proposal"] = json!({
            "version": 2, "by": "buyer", "fate": "open", "milestones": (0..100).map(made).collect::<Vec<_>>(),
        });
    };
    assert_eq!(typed(&many), field("proposal"));
}
