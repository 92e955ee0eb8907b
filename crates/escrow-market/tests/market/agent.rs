//! One agent for all machines: deals, a project, baskets, balances and subscriptions in one repository, with one gateway;
//! what they tell one another by the outbox, twice, late and in any order. Amounts in euros, by hand in the comments.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::panic)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::wildcard_enum_match_arm)]
#![allow(clippy::inconsistent_digit_grouping)]

use escrow::agent::blocking::Agent;
use escrow::deal::command::{Accept, StartPerforming};
use escrow::deposit::{DepositId, TransactionKind};
use escrow::port::blocking::Repository;
use escrow::port::{Aggregate, AggregateId, Commit};
use escrow::terms::{Consent, Item, Payout, Terms, TermsDraft};
use escrow::{
    Actor, Context, Currency, Deal, DealId, Destination, Machine, Money, Payee, Policy, Status as DealStatus,
    Time, TxId,
};
use escrow_market::balance::command::{Confirm, Request};
use escrow_market::balance::{BalancePolicy, Holder, WithdrawalStatus};
use escrow_market::basket::command::{Chargeback, ChargebackStep, ConfirmPayment};
use escrow_market::basket::{BasketDraft, Line, Status as BasketStatus};
use escrow_market::code::{Attempt, CodeHash, PlainCode, Salt};
use escrow_market::follow::{FollowCommand, MachineId};
use escrow_market::project::command::Agree;
use escrow_market::project::{Funding, Milestone, ProjectDraft, ProjectTerms, Status};
use escrow_market::subscription::{
    Period, Plan, Recipient, Status as Standing, SubscriptionDraft, SubscriptionTerms,
};
use escrow_market::{
    Balance, BalanceId, Basket, BasketId, Follow, Outbox, Project, ProjectId, Subscription, SubscriptionId,
    Undelivered,
};
use escrow_testing::{Behaviour, ManualClock, MemoryMachines, Rule, ScriptedGateway, SinkFault};
use proptest::prelude::*;
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

const PROJECT: ProjectId = ProjectId::new(Uuid::from_u128(100));
const BASKET: BasketId = BasketId::new(Uuid::from_u128(200));
const BALANCE: BalanceId = BalanceId::new(Uuid::from_u128(300));
const SUBSCRIPTION: SubscriptionId = SubscriptionId::new(Uuid::from_u128(400));

struct Host {
    agent: Agent<ManualClock, ScriptedGateway>,
    machines: MemoryMachines,
}

impl Host {
    fn new() -> Self {
        Self {
            agent: Agent::new(ManualClock::new(start()), ScriptedGateway::new()),
            machines: MemoryMachines::new(),
        }
    }

    fn outbox(&self) -> Outbox<'_, Agent<ManualClock, ScriptedGateway>, MemoryMachines> {
        let operator = Actor::Operator(text("host"));
        Outbox { agent: &self.agent, repository: &self.machines, operator }
    }

    fn keep<M: Aggregate>(&self, (machine, first): (M, escrow::Transition<M>))
    where
        MemoryMachines: Repository<M, Error = SinkFault>,
    {
        self.machines.commit(Commit::new(None, first.events(), &machine, start())).unwrap();
    }

    fn load<I: AggregateId>(&self, id: I) -> I::Of
    where
        MemoryMachines: Repository<I::Of, Error = SinkFault>,
    {
        Repository::<I::Of>::load(&self.machines, id).unwrap().unwrap()
    }

    fn act<I: AggregateId>(&self, id: I, command: impl Into<<I::Of as Machine>::Command>, actor: Actor)
    where
        MemoryMachines: Repository<I::Of, Error = SinkFault>,
    {
        let done = self.agent.act(&self.machines, id, command, actor);
        done.unwrap_or_else(|e| panic!("{id}: {e:?}"));
    }

    fn balance(&self) {
        let holder = Holder::Party(text("boris"));
        let context = Context::clock(start());
        let opened = Balance::open(BALANCE, holder, Currency::EUR, BalancePolicy::default(), &context);
        self.keep(opened.unwrap());
    }

    /// Two milestones at 300.00 and 600.00, whose payouts go to the contractor's balance.
    fn project(&self, funding: Funding) {
        let milestone =
            |n, minor| Milestone::new(deal_id(n), vec![Item::new(text("Part of the site"), eur(minor), 1)]);
        let policy = Policy::freelance().payout(Payout::Balance);
        let milestones = vec![milestone(1, 300_00), milestone(2, 600_00)];
        let parties = (text("anna"), text("boris"));
        let mut draft = ProjectDraft::new(parties, text("A site"), Currency::EUR, policy, milestones);
        draft.funding = funding;
        let context = Context::new(start(), party("anna"));
        self.keep(Project::propose(PROJECT, ProjectTerms::new(draft).unwrap(), &context).unwrap());
        self.act(PROJECT, Agree { version: 1 }, party("boris"));
    }

    fn perform(&self, n: u128) {
        self.act(deal_id(n), StartPerforming {}, party("boris"));
        self.act(deal_id(n), Accept::default(), party("anna"));
    }

    /// Everybody hears everything there is to hear, until nothing changes.
    fn settle(&self) {
        let followers = [MachineId::Project(PROJECT), MachineId::Balance(BALANCE)];
        for _ in 0..8 {
            self.outbox().project_changed(PROJECT).unwrap();
            for n in [1, 2] {
                if Repository::<Deal>::load(&self.machines, deal_id(n)).unwrap().is_some() {
                    self.outbox().deal_changed(deal_id(n), &followers).unwrap();
                }
            }
        }
    }
}

fn paid(n: u128, minor: i64) -> escrow::deal::command::ConfirmPayment {
    let reference = text(&format!("pay-{n}"));
    let deposit = DepositId::BUYER_PAYMENT;
    escrow::deal::command::ConfirmPayment::charged(deposit, text("bank"), reference, eur(minor))
}

fn code() -> PlainCode {
    PlainCode::new("402913").unwrap()
}

fn request(number: u32, minor: i64) -> Request {
    Request {
        number,
        amount: eur(minor),
        destination: Destination::Card(text("card-7")),
        code: CodeHash::new(&code(), Salt::new([7; 16])),
    }
}

fn confirm(withdrawal: u32) -> Confirm {
    Confirm { withdrawal, attempt: Attempt { code: 1, number: 1, entered: code() } }
}

#[test]
fn a_project_goes_from_its_agreement_to_the_contractors_card_by_the_outbox_alone() {
    let host = Host::new();
    host.balance();
    host.project(Funding::Each);
    host.settle();
    host.act(deal_id(1), paid(1, 300_00), Actor::Gateway);
    host.perform(1);
    host.settle();
    // 300.00 on the balance, and the second milestone is asked for
    assert_eq!(host.load(BALANCE).available(), eur(300_00));
    assert_eq!(host.load(deal_id(2)).status(), DealStatus::AwaitingDeposit);
    host.act(deal_id(2), paid(2, 600_00), Actor::Gateway);
    host.perform(2);
    host.settle();
    assert_eq!(host.load(PROJECT).status(), Status::Closed);
    assert_eq!(host.load(BALANCE).available(), eur(900_00));

    // two withdrawals, confirmed in the other order: each is ordered once, by the command that confirms it
    host.act(BALANCE, request(1, 100_00), party("boris"));
    host.act(BALANCE, request(2, 200_00), party("boris"));
    host.act(BALANCE, confirm(2), party("boris"));
    let of = |n: u32| host.load(BALANCE).withdrawal(n).unwrap().status();
    assert_eq!((of(1), of(2)), (WithdrawalStatus::Requested, WithdrawalStatus::Paid));
    host.act(BALANCE, confirm(1), party("boris"));
    assert_eq!(of(1), WithdrawalStatus::Paid);
    // 900.00 − 100.00 − 200.00
    assert_eq!(host.load(BALANCE).available(), eur(600_00));
    let done: Vec<String> = host.agent.gateway.executions().iter().map(|(key, _)| key.to_string()).collect();
    let key = |n: u32| host.load(BALANCE).key(n).to_string();
    assert_eq!(done, [key(1), key(2)], "under the keys that they have always had");
    for (_, execution) in host.agent.gateway.executions() {
        assert_eq!((execution.kind, execution.asked), (TransactionKind::Payout, 1));
        assert_eq!(execution.payee, Payee::Party(text("boris")));
    }
}

#[test]
fn an_order_of_any_machine_that_has_no_answer_is_found_and_asked_again_under_its_key() {
    let host = Host::new();
    let rule = |kind| Rule { kind: Some(kind), payee: None, times: 1, behaviour: Behaviour::TimeOutAfter };
    for kind in [TransactionKind::Payout, TransactionKind::Refund, TransactionKind::Charge] {
        host.agent.gateway.script(rule(kind));
    }
    let later = start().plus_secs(60);

    host.balance();
    let credit = escrow_market::balance::command::Credit {
        deal: deal_id(9),
        transaction: TxId::new(1),
        purpose: escrow::deposit::Purpose::Payout,
        amount: eur(50_00),
        settled_at: start(),
    };
    host.act(BALANCE, credit, Actor::Clock);
    host.act(BALANCE, request(1, 50_00), party("boris"));
    host.act(BALANCE, confirm(1), party("boris"));
    assert_eq!(Repository::<Balance>::unanswered(&host.machines, later, 9).unwrap(), [BALANCE]);

    // over by 5.00, which goes back
    let line = escrow_market::basket::Line {
        deal: deal_id(1),
        deposit: DepositId::BUYER_PAYMENT,
        amount: eur(30_00),
    };
    let draft = escrow_market::basket::BasketDraft::new(text("anna"), Currency::EUR, vec![line], later);
    host.keep(Basket::open(BASKET, draft, &Context::clock(start())).unwrap());
    let over = ConfirmPayment::charged(text("bank"), text("pi-1"), eur(35_00));
    host.act(BASKET, over, Actor::Gateway);
    assert_eq!(Repository::<Basket>::unanswered(&host.machines, later, 9).unwrap(), [BASKET]);

    let plan = Plan::new(eur(4_90), Period::Months(1));
    let draft = SubscriptionDraft::new(text("anna"), Recipient::Platform, plan);
    let terms = SubscriptionTerms::new(draft).unwrap();
    host.keep(Subscription::subscribe(SUBSCRIPTION, terms, &Context::new(start(), party("anna"))).unwrap());
    let _ = host.agent.catch_up(&host.machines, SUBSCRIPTION).unwrap();
    assert_eq!(Repository::<Subscription>::unanswered(&host.machines, later, 9).unwrap(), [SUBSCRIPTION]);

    let _ = host.agent.catch_up(&host.machines, BALANCE).unwrap();
    let _ = host.agent.catch_up(&host.machines, BASKET).unwrap();
    let _ = host.agent.catch_up(&host.machines, SUBSCRIPTION).unwrap();
    assert_eq!(host.load(BALANCE).withdrawal(1).unwrap().status(), WithdrawalStatus::Paid);
    assert!(host.load(BASKET).is_settled());
    assert_eq!((host.load(SUBSCRIPTION).status(), host.load(SUBSCRIPTION).paid()), (Standing::Active, 1));
    for (key, execution) in host.agent.gateway.executions() {
        assert_eq!(execution.asked, 2, "{key}");
    }
    let keys: Vec<String> = host.agent.gateway.executions().iter().map(|(key, _)| key.to_string()).collect();
    assert_eq!(keys, [format!("{BASKET}:1"), format!("{BALANCE}:1"), format!("{SUBSCRIPTION}:1:1")]);
}

/// A charge that succeeds after it was declined is owed back, and goes back by an order of its own.
#[test]
fn what_a_subscription_owes_back_goes_back() {
    let host = Host::new();
    let decline = Behaviour::DeclinedThenDone;
    host.agent.gateway.script(Rule {
        kind: Some(TransactionKind::Charge),
        payee: None,
        times: 1,
        behaviour: decline,
    });
    let draft =
        SubscriptionDraft::new(text("anna"), Recipient::Platform, Plan::new(eur(4_90), Period::Months(1)));
    let terms = SubscriptionTerms::new(draft).unwrap();
    host.keep(Subscription::subscribe(SUBSCRIPTION, terms, &Context::new(start(), party("anna"))).unwrap());
    let _ = host.agent.catch_up(&host.machines, SUBSCRIPTION).unwrap();
    assert_eq!(host.load(SUBSCRIPTION).status(), Standing::PastDue);
    for (_, answer) in host.agent.gateway.take_told().answers {
        let answer = Subscription::answer(answer.transaction, answer.result);
        host.act(SUBSCRIPTION, answer, Actor::Gateway);
    }
    // owed, ordered and gone back by the same call
    assert_eq!(host.load(SUBSCRIPTION).refunds().count(), 0);
    let refunds: Vec<i64> = host
        .agent
        .gateway
        .executions()
        .iter()
        .filter(|(_, done)| done.kind == TransactionKind::Refund)
        .map(|(_, done)| done.amount.minor())
        .collect();
    assert_eq!(refunds, [4_90]);
}

#[test]
fn what_cannot_be_delivered_says_why_and_holds_up_nothing() {
    let host = Host::new();
    let told = Follow::deal(deal_id(1), paid(1, 300_00));
    assert!(matches!(host.outbox().deliver(&told), Err(Undelivered::NotOpen)));
    let wrong = Follow::new(MachineId::Balance(BALANCE), FollowCommand::Deal(Box::new(paid(1, 1).into())));
    assert!(matches!(host.outbox().deliver(&wrong), Err(Undelivered::Misaddressed)));
    host.project(Funding::Each);
    host.outbox().project_changed(PROJECT).unwrap();
    host.outbox().deliver(&told).unwrap();
    let more = Follow::deal(deal_id(1), paid(1, 299_00));
    assert!(matches!(host.outbox().deliver(&more), Err(Undelivered::Refused(_))));
    // the balance is not open: the project hears of the deal all the same
    let followers = [MachineId::Balance(BALANCE), MachineId::Project(PROJECT)];
    assert!(matches!(host.outbox().deal_changed(deal_id(1), &followers), Err(Undelivered::NotOpen)));
    assert!(host.load(PROJECT).follow(&host.load(deal_id(1))).is_none());
}

/// A cart is opened for what its deals need: 300.00 and 600.00.
#[test]
fn a_basket_whose_line_is_not_what_its_deposit_needs_is_not_opened() {
    let open = |amounts: [i64; 2]| {
        let host = Host::new();
        host.project(Funding::Each);
        let line =
            |(n, minor)| Line { deal: deal_id(n), deposit: DepositId::BUYER_PAYMENT, amount: eur(minor) };
        let lines = [1, 2].into_iter().zip(amounts).map(line).collect();
        let draft = BasketDraft::new(text("anna"), Currency::EUR, lines, start().plus_secs(60));
        let follow = Follow::open_basket(BASKET, draft.into());
        assert!(matches!(host.outbox().deliver(&follow), Err(Undelivered::NotOpen)), "nor are its deals");
        let terms = host.load(PROJECT).terms().clone();
        for milestone in &terms.milestones {
            let policy = Policy::freelance().consent(Consent::OnCreation);
            let parties = (text("anna"), text("boris"));
            let draft = TermsDraft::new(parties.0, parties.1, Currency::EUR, milestone.items.clone(), policy);
            let opens = Follow::open_deal(milestone.deal, Terms::new(draft).unwrap().into());
            host.outbox().deliver(&opens).unwrap();
        }
        host.outbox().deliver(&follow).map_err(|error| error.to_string())
    };
    assert_eq!(open([300_00, 600_00]), Ok(()));
    let wrong = |line: u32, given: &str, needed: &str| {
        Err(format!(
            "the machine refuses it: lines: line {line} is {given} EUR, and {needed} EUR is outstanding of its deposit; \
             give that amount"
        ))
    };
    assert_eq!(open([300_00, 599_99]), wrong(2, "599.99", "600.00"));
    assert_eq!(open([300_01, 600_00]), wrong(1, "300.01", "300.00"));
}

/// 300.00 EUR are credited to boris, who has a balance in dollars only.
#[test]
fn a_credit_that_reaches_no_balance_is_told() {
    let host = Host::new();
    let context = Context::clock(start());
    let (holder, policy) = (Holder::Party(text("boris")), BalancePolicy::default());
    host.keep(Balance::open(BALANCE, holder.clone(), Currency::USD, policy, &context).unwrap());
    host.project(Funding::Each);
    host.outbox().project_changed(PROJECT).unwrap();
    host.act(deal_id(1), paid(1, 300_00), Actor::Gateway);
    let followers = [MachineId::Balance(BALANCE), MachineId::Project(PROJECT)];
    host.outbox().deal_changed(deal_id(1), &followers).unwrap();
    host.perform(1);
    let told = host.outbox().deal_changed(deal_id(1), &followers).unwrap_err();
    let Undelivered::NoBalance { holder: of, amount } = &told else { panic!("{told:?}") };
    assert_eq!((of, *amount), (&holder, eur(300_00)));
    let why = "300.00 EUR is credited to boris, who has no balance in EUR that follows the deal: open one";
    assert_eq!(told.to_string(), why);
    // the others have heard all the same, and once there is a balance, so has it
    assert_eq!(host.load(PROJECT).begun().len(), 2);
    let second = BalanceId::new(Uuid::from_u128(301));
    host.keep(Balance::open(second, holder, Currency::EUR, policy, &context).unwrap());
    let followers = [followers[0], followers[1], MachineId::Balance(second)];
    host.outbox().deal_changed(deal_id(1), &followers).unwrap();
    assert_eq!(host.load(second).available(), eur(300_00));
}

/// All that a story has told, in the order in which it came about.
fn story(host: &Host) -> Vec<Follow> {
    let mut told = Vec::new();
    let note = |told: &mut Vec<Follow>, host: &Host| {
        let mut new: Vec<Follow> = host.load(PROJECT).pending().collect();
        if let Some(basket) = Repository::<Basket>::load(&host.machines, BASKET).unwrap() {
            new.extend(basket.follows_all());
        }
        let balance = host.load(BALANCE);
        for n in [1, 2] {
            if let Some(deal) = Repository::<Deal>::load(&host.machines, deal_id(n)).unwrap() {
                new.extend(Follow::to_project(&host.load(PROJECT), &deal));
                new.extend(Follow::to_balance(&balance, &deal));
                if let Some(basket) = Repository::<Basket>::load(&host.machines, BASKET).unwrap() {
                    new.extend(Follow::to_basket(&basket, &deal));
                }
            }
        }
        for follow in new {
            let _ = host.outbox().deliver(&follow);
            if !told.contains(&follow) {
                told.push(follow);
            }
        }
    };
    host.balance();
    host.project(Funding::Upfront { basket: BASKET });
    note(&mut told, host);
    host.act(BASKET, ConfirmPayment::charged(text("bank"), text("pi-1"), eur(900_00)), Actor::Gateway);
    note(&mut told, host);
    host.perform(1);
    // the contractor begins the second before the first is over; a loss before that would cancel it
    host.act(deal_id(2), StartPerforming {}, party("boris"));
    note(&mut told, host);
    for step in [ChargebackStep::Opened, ChargebackStep::Lost] {
        let payment = (text("bank"), text("pi-1"));
        host.act(BASKET, Chargeback::new(text("cb-1"), payment, eur(90_00), step), Actor::Gateway);
        note(&mut told, host);
    }
    host.act(deal_id(2), Accept::default(), party("anna"));
    (0..3).for_each(|_| note(&mut told, host));
    told
}

type End = (Status, BasketStatus, [i64; 3], Vec<(DealStatus, [i64; 6])>);

/// Where everything is at the end, as money: states differ in their order of events.
fn end(host: &Host) -> End {
    let balance = host.load(BALANCE);
    let sums = balance.sums();
    let deals = [1, 2].map(|n| {
        let deal = host.load(deal_id(n));
        let b = *deal.deposit(DepositId::BUYER_PAYMENT).unwrap().buckets();
        (deal.status(), [b.received, b.held, b.reserved, b.paid_out, b.refunded, b.charged_back])
    });
    let balance = [sums.credited, sums.available, sums.debited];
    (host.load(PROJECT).status(), host.load(BASKET).status(), balance, deals.to_vec())
}

#[test]
fn a_chargeback_of_an_upfront_payment_is_divided_over_both_milestones() {
    let host = Host::new();
    story(&host);
    // 90.00 over 300.00 and 600.00: 30.00 of the first, which is paid: boris owes it; 60.00 of the second, out of its pot
    // credited: 300.00 + 540.00; debited 30.00: 810.00
    let first = (DealStatus::Completed, [300_00, 0, 0, 300_00, 0, 0]);
    let second = (DealStatus::Completed, [600_00, 0, 0, 540_00, 0, 60_00]);
    let balance = [840_00, 810_00, 30_00];
    assert_eq!(end(&host), (Status::Closed, BasketStatus::Full, balance, vec![first, second]));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Everything that was told is delivered again: late, several times, in any order. Nothing changes, whatever is refused;
    /// and on a host that has heard nothing, the same deliveries in any order, again and again, come to the same end.
    #[test]
    fn deliveries_twice_late_and_in_any_order_change_nothing(
        order in Just((0..24_usize).collect::<Vec<_>>()).prop_shuffle(),
        twice in proptest::collection::vec(0..24_usize, 0..24),
    ) {
        let host = Host::new();
        let told = story(&host);
        let before = end(&host);
        for n in order.iter().chain(&twice) {
            let _ = host.outbox().deliver(&told[n % told.len()]);
        }
        prop_assert_eq!(end(&host), before.clone());
        prop_assert!(host.load(PROJECT).check().is_ok() && host.load(BASKET).check().is_ok());

        // another host, where only the parties, the gateway and the outbox act; each delivery in the drawn order
        let late = Host::new();
        late.balance();
        late.project(Funding::Upfront { basket: BASKET });
        let deliver = |late: &Host| {
            for n in &order {
                if let Some(follow) = told.get(*n) {
                    let _ = late.outbox().deliver(follow);
                }
            }
        };
        let pay = ConfirmPayment::charged(text("bank"), text("pi-1"), eur(900_00));
        // the deals, the basket, then what is about them: as often as it takes
        let until = |done: &dyn Fn(&Host) -> bool| {
            for _ in 0..told.len() {
                if done(&late) {
                    return;
                }
                for follow in &told {
                    if matches!(follow.command, FollowCommand::Open(_) | FollowCommand::OpenBasket(_)) {
                        let _ = late.outbox().deliver(follow);
                    }
                }
            }
        };
        until(&|late| Repository::<Basket>::load(&late.machines, BASKET).unwrap().is_some());
        late.act(BASKET, pay, Actor::Gateway);
        for _ in 0..4 {
            late.outbox().basket_changed(BASKET).unwrap();
        }
        late.perform(1);
        late.act(deal_id(2), StartPerforming {}, party("boris"));
        for step in [ChargebackStep::Opened, ChargebackStep::Lost] {
            let payment = (text("bank"), text("pi-1"));
            late.act(BASKET, Chargeback::new(text("cb-1"), payment, eur(90_00), step), Actor::Gateway);
        }
        // the chargeback is told in the drawn order, before or after the second milestone is accepted as it may be
        for _ in 0..3 {
            deliver(&late);
        }
        late.act(deal_id(2), Accept::default(), party("anna"));
        for _ in 0..3 {
            deliver(&late);
            let followers =
                [MachineId::Balance(BALANCE), MachineId::Project(PROJECT), MachineId::Basket(BASKET)];
            for n in [2, 1] {
                let _ = late.outbox().deal_changed(deal_id(n), &followers);
            }
            let _ = late.outbox().basket_changed(BASKET);
        }
        prop_assert_eq!(end(&late), before);
    }
}
