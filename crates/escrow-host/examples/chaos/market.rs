//! Contracts beside the deals: a project of two milestones, which a basket pays for at once, and whose contractor withdraws
//! what the milestones have brought. What one machine tells another goes through the host's outbox, and nothing else.

use std::fmt::{Debug, Display};

use escrow::deal::command::{Accept, StartPerforming};
use escrow::deposit::{DepositId, Reference};
use escrow::port::{Backlog, Clock, Commit, Parcel, Repository, SystemClock};
use escrow::terms::{Item, Payout};
use escrow::uuid::Uuid;
use escrow::{Actor, Agent, Caller, Context, Currency, Deal, DealId, Destination, Money, Policy, Status};
use escrow_host::sandbox::SandboxGateway;
use escrow_host::{Delivery, Host};
use escrow_market::balance::command::{Confirm, Request};
use escrow_market::balance::{BalancePolicy, Holder, WithdrawalStatus};
use escrow_market::code::{Attempt, CodeHash, PlainCode, Salt};
use escrow_market::follow::MachineId;
use escrow_market::project::command::Agree;
use escrow_market::project::{self, Funding, Milestone, ProjectDraft, ProjectTerms};
use escrow_market::{Balance, BalanceId, Basket, BasketId, Offer, Outbox, Project, ProjectId, basket};

const DEALS: u128 = 1_000_000;
const BASKETS: u128 = 2_000_000;
const PROJECTS: u128 = 3_000_000;
const BALANCES: u128 = 4_000_000;

/// A milestone's price; a contract has two.
const PRICE: i64 = 300_00;
const BOTH: i64 = 600_00;

/// A repository that has all of them.
pub trait Market:
    Backlog<Error: Display + Debug + Send>
    + Repository<Deal, Error = <Self as Backlog>::Error>
    + Repository<Project, Error = <Self as Backlog>::Error>
    + Repository<Basket, Error = <Self as Backlog>::Error>
    + Repository<Balance, Error = <Self as Backlog>::Error>
    + Repository<Offer, Error = <Self as Backlog>::Error>
    + Clone
    + Send
    + Sync
    + 'static
{
}

impl<R> Market for R where
    R: Backlog<Error: Display + Debug + Send>
        + Repository<Deal, Error = <R as Backlog>::Error>
        + Repository<Project, Error = <R as Backlog>::Error>
        + Repository<Basket, Error = <R as Backlog>::Error>
        + Repository<Balance, Error = <R as Backlog>::Error>
        + Repository<Offer, Error = <R as Backlog>::Error>
        + Clone
        + Send
        + Sync
        + 'static
{
}

fn rub(minor: i64) -> Money {
    Money::from_minor(minor, Currency::RUB)
}

pub fn project_id(number: u128) -> ProjectId {
    ProjectId::new(Uuid::from_u128(PROJECTS + number))
}

pub fn basket_id(number: u128) -> BasketId {
    BasketId::new(Uuid::from_u128(BASKETS + number))
}

pub fn balance_id(number: u128) -> BalanceId {
    BalanceId::new(Uuid::from_u128(BALANCES + number))
}

pub fn milestones(number: u128) -> [DealId; 2] {
    [0, 1].map(|place| DealId::new(Uuid::from_u128(DEALS + 2 * number + place)))
}

/// Whether a deal is a milestone: of which contract.
fn contract_of(deal: DealId) -> Option<u128> {
    let number = deal.uuid().as_u128();
    (DEALS..BASKETS).contains(&number).then(|| (number - DEALS) / 2)
}

fn contractor(number: u128) -> String {
    format!("boris-{number}")
}

/// What the customer pays: every third one 50.00 too much, which the basket gives back.
pub const fn paid(number: u128) -> i64 {
    if number.is_multiple_of(3) { BOTH + 50_00 } else { BOTH }
}

/// Delivers the outbox: what a machine has committed is told to those who follow it.
pub struct Tells<R> {
    pub repository: R,
    pub agent: Agent<SystemClock, SandboxGateway<SystemClock>>,
}

impl<R: Market> Delivery for Tells<R> {
    type Error = String;

    async fn deliver(&self, parcel: &Parcel) -> Result<(), String> {
        let operator = Actor::Operator("host".parse().unwrap());
        let outbox = Outbox { agent: &self.agent, repository: &self.repository, operator };
        let id = &parcel.machine.id;
        let told = match parcel.machine.kind.as_str() {
            "deal" => {
                let deal: DealId = id.parse().unwrap();
                let Some(number) = contract_of(deal) else { return Ok(()) };
                let followers = [
                    MachineId::Balance(balance_id(number)),
                    MachineId::Project(project_id(number)),
                    MachineId::Basket(basket_id(number)),
                ];
                outbox.deal_changed(deal, &followers).await
            }
            "project" => outbox.project_changed(id.parse().unwrap()).await,
            "basket" => outbox.basket_changed(id.parse().unwrap()).await,
            _ => Ok(()),
        };
        told.map_err(|error| error.to_string())
    }
}

type TheHost<R> = Host<R, SandboxGateway<SystemClock>, SystemClock>;

/// Opens what is the contract's: its project and its contractor's balance. Somebody else may be faster.
async fn open<R: Market>(host: &TheHost<R>, number: u128) {
    let now = host.clock().now();
    let boris = contractor(number).parse().unwrap();
    let holder = Holder::Party(contractor(number).parse().unwrap());
    let context = Context::clock(now);
    let (balance, first) =
        Balance::open(balance_id(number), holder, Currency::RUB, BalancePolicy::default(), &context).unwrap();
    let _ = host.repository().commit(Commit::new(None, first.events(), &balance, now)).await;
    let item = || vec![Item::new("Design".parse().unwrap(), rub(PRICE), 1)];
    let milestones = milestones(number).map(|deal| Milestone::new(deal, item())).to_vec();
    let policy = Policy::freelance().payout(Payout::Balance);
    let anna: escrow::PartyId = "anna".parse().unwrap();
    let parties = (anna.clone(), boris);
    let mut draft = ProjectDraft::new(parties, "A site".parse().unwrap(), Currency::RUB, policy, milestones);
    draft.funding = Funding::Upfront { basket: basket_id(number) };
    let terms = ProjectTerms::new(draft).unwrap();
    let (project, first) = Project::propose(project_id(number), terms, &Context::party(now, anna)).unwrap();
    let _ = host.repository().commit(Commit::new(None, first.events(), &project, now)).await;
}

/// The next step of a contract; whether it is over. What goes wrong is tried again in the next round.
pub async fn step<R: Market>(host: &TheHost<R>, number: u128) -> bool {
    let boris = || Caller::party(contractor(number).parse().unwrap());
    let Ok(stored) = Repository::<Project>::load(host.repository(), project_id(number)).await else {
        return false;
    };
    let Some(project) = stored else {
        open(host, number).await;
        return false;
    };
    match project.status() {
        project::Status::Proposed => {
            let _ = host.act(project_id(number), Agree { version: 1 }, boris()).await;
        }
        project::Status::Active | project::Status::Halted | project::Status::Stopping => {
            perform(host, number, &boris()).await;
        }
        project::Status::Closed => return withdraw(host, number, &boris()).await,
    }
    false
}

async fn perform<R: Market>(host: &TheHost<R>, number: u128, boris: &Caller) {
    let Ok(Some(basket)) = Repository::<Basket>::load(host.repository(), basket_id(number)).await else {
        // the outbox opens it
        return;
    };
    if basket.status() == basket::Status::Open {
        let reference = Reference::new(format!("basket-{number}")).unwrap();
        let account = DealId::new(basket.id().uuid());
        let amount = rub(paid(number));
        let bank = host.gateway().bank();
        if let Ok(fact) = bank.pay(account, DepositId::BUYER_PAYMENT, &reference, amount, None) {
            let fact = basket::command::ConfirmPayment::charged(fact.gateway, fact.reference, fact.amount);
            let _ = host.webhook(basket_id(number), fact).await;
        }
        return;
    }
    for deal in milestones(number) {
        let Ok(Some(stored)) = Repository::<Deal>::load(host.repository(), deal).await else { continue };
        if stored.status() == Status::AwaitingPerformance {
            let _ = host.act(deal, StartPerforming {}, boris.clone()).await;
        }
        if stored.status() == Status::Performing {
            let _ = host.act(deal, Accept::default(), Caller::party("anna".parse().unwrap())).await;
        }
    }
}

/// Once both milestones are credited, all of it is withdrawn.
async fn withdraw<R: Market>(host: &TheHost<R>, number: u128, boris: &Caller) -> bool {
    let code = || PlainCode::new("402913").unwrap();
    let id = balance_id(number);
    let Ok(Some(balance)) = Repository::<Balance>::load(host.repository(), id).await else { return false };
    let basket = Repository::<Basket>::load(host.repository(), basket_id(number)).await;
    let is_settled = basket.ok().flatten().is_some_and(|basket| basket.is_settled());
    match balance.withdrawal(1).map(|withdrawal| withdrawal.status()) {
        None if balance.available() == rub(BOTH) => {
            let destination = Destination::Card("card-7".parse().unwrap());
            let code = CodeHash::new(&code(), Salt::new([7; 16]));
            let request = Request { number: 1, amount: rub(BOTH), destination, code };
            let _ = host.act(id, request, boris.clone()).await;
        }
        None | Some(WithdrawalStatus::Sent) => {}
        Some(WithdrawalStatus::Requested) => {
            let attempt = Attempt { code: 1, number: 1, entered: code() };
            let _ = host.act(id, Confirm { withdrawal: 1, attempt }, boris.clone()).await;
        }
        Some(WithdrawalStatus::Paid) => return is_settled,
        Some(other) => panic!("the withdrawal of {number} is {other:?}"),
    }
    false
}
