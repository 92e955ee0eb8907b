//! What machines tell one another, as one-way calls. Amounts by hand, in euros.

use escrow::deposit::DepositId;
use escrow::terms::{Item, Payout};
use escrow::{Currency, DealId, Destination, Money, Policy};
use escrow_market::balance::command::Request;
use escrow_market::balance::{BalancePolicy, Holder, WithdrawalStatus};
use escrow_market::code::{CodeHash, PlainCode, Salt};
use escrow_market::follow::{Follow, MachineId};
use escrow_market::project::{Funding, Milestone, ProjectDraft, ProjectTerms, Status};
use escrow_market::{Balance, BalanceId, Project, ProjectId};
use escrow_restate::Holding;
use serde_json::{Value, json};

use crate::server::wait_for;
use crate::world::World;

fn eur(minor: i64) -> Money {
    Money::from_minor(minor, Currency::EUR)
}

/// A project of two milestones at 300.00 and 600.00, whose payouts go to the contractor's balance.
struct Site<'w> {
    world: &'w World,
    project: ProjectId,
    balance: BalanceId,
    milestones: [DealId; 2],
}

impl<'w> Site<'w> {
    fn begin(world: &'w World, funding: Funding) -> Self {
        let id = uuid::Uuid::new_v4;
        let (project, balance) = (ProjectId::new(id()), BalanceId::new(id()));
        let milestones = [DealId::new(id()), DealId::new(id())];
        let this = Self { world, project, balance, milestones };
        let policy = BalancePolicy::default();
        let holding =
            Holding { holder: Holder::Party("boris".parse().unwrap()), currency: Currency::EUR, policy };
        world.done(&format!("Balances/{balance}/open"), json!({ "opening": holding, "by": "clock" }));

        let milestone = |deal, minor| {
            Milestone::new(deal, vec![Item::new("Part of the site".parse().unwrap(), eur(minor), 1)])
        };
        let policy = Policy::freelance().payout(Payout::Balance);
        let parties = ("anna".parse().unwrap(), "boris".parse().unwrap());
        let milestones = vec![milestone(milestones[0], 300_00), milestone(milestones[1], 600_00)];
        let mut draft =
            ProjectDraft::new(parties, "A site".parse().unwrap(), Currency::EUR, policy, milestones);
        draft.funding = funding;
        let terms = ProjectTerms::new(draft).unwrap();
        let path = format!("Projects/{project}");
        world.done(&format!("{path}/open"), json!({ "opening": terms, "by": { "party": "anna" } }));
        for deal in this.milestones {
            // a deal may be followed before it is open
            let follower = json!(MachineId::Balance(balance));
            world.done(&format!("Deals/{deal}/followed_by"), follower);
        }
        let agree = json!({ "command": { "type": "agree", "version": 1 }, "by": { "party": "boris" } });
        world.done(&format!("{path}/act"), agree);
        this
    }

    fn perform(&self, milestone: usize, minor: i64) {
        let deal = self.milestones[milestone];
        self.world.wait_for_status(deal, "awaiting_deposit");
        let reference = format!("payment-{deal}").parse().unwrap();
        let fact = self.world.bank.pay(deal, DepositId::BUYER_PAYMENT, &reference, eur(minor), None).unwrap();
        let fact = serde_json::to_value(escrow::Command::from(fact)).unwrap();
        self.world.act(deal, fact, json!("gateway"));
        self.finish(deal);
    }

    fn finish(&self, deal: DealId) {
        self.world.act(deal, json!({ "type": "start_performing" }), json!({ "party": "boris" }));
        self.world.act(deal, json!({ "type": "accept" }), json!({ "party": "anna" }));
    }

    fn has(&self, minor: i64) {
        wait_for("the balance is credited", || {
            self.world.state::<Balance>("Balances", self.balance).available() == eur(minor)
        })
        .unwrap();
    }

    fn is_closed(&self) {
        wait_for("the project is closed", || {
            self.world.state::<Project>("Projects", self.project).status() == Status::Closed
        })
        .unwrap();
    }
}

#[test]
fn a_project_goes_from_its_agreement_to_the_contractors_card_by_calls_alone() {
    let Some(world) = World::new() else { return };
    let site = Site::begin(&world, Funding::Each);
    site.perform(0, 300_00);
    site.has(300_00);
    // the second milestone is opened by the project, once it has heard of the first
    site.perform(1, 600_00);
    site.has(900_00);
    site.is_closed();

    let act = format!("Balances/{}/act", site.balance);
    let entered = "402913";
    let request = Request {
        number: 1,
        amount: eur(100_00),
        destination: Destination::Card("card-7".parse().unwrap()),
        code: CodeHash::new(&PlainCode::new(entered).unwrap(), Salt::new([7; 16])),
    };
    let mut request = serde_json::to_value(request).unwrap();
    request["type"] = json!("request");
    let boris = json!({ "party": "boris" });
    world.done(&act, json!({ "command": request, "by": boris }));
    let attempt = json!({ "code": 1, "number": 1, "entered": entered });
    let confirm = json!({ "type": "confirm", "withdrawal": 1, "attempt": attempt });
    world.done(&act, json!({ "command": confirm, "by": boris }));
    let balance: Balance = world.state("Balances", site.balance);
    assert_eq!(balance.withdrawal(1).unwrap().status(), WithdrawalStatus::Paid);
    // 900.00 − 100.00
    assert_eq!(balance.available(), eur(800_00));
    // what went to the balance moved nothing at the bank but its credits; the withdrawal was sent once
    let sent = world.bank.movements().unwrap();
    assert_eq!(sent.iter().filter(|movement| movement.amount == 100_00).count(), 1);
}

#[test]
fn what_comes_before_its_machine_is_open_waits_and_holds_nothing_up() {
    let Some(world) = World::new() else { return };
    let deal = DealId::new(uuid::Uuid::new_v4());
    let fact: escrow::deal::command::ConfirmPayment = serde_json::from_value({
        let mut fact = world.payment(deal);
        fact.as_object_mut().unwrap().remove("type");
        fact
    })
    .unwrap();
    let follow = json!({ "follow": Follow::deal(deal, fact) });
    assert_eq!(world.done(&format!("Deals/{deal}/deliver"), follow.clone()), json!(false));
    let open = json!({ "opening": { "terms": crate::world::terms(3_600) }, "by": { "party": "shop" } });
    world.done(&format!("Deals/{deal}/open"), open);
    world.wait_for_status(deal, "awaiting_performance");
    let version = world.deal(deal).version();
    // and again: it is recognised
    assert_eq!(world.done(&format!("Deals/{deal}/deliver"), follow.clone()), json!(true));
    assert_eq!(world.deal(deal).version(), version);
    let (status, problem) = world.call(&format!("Balances/{deal}/deliver"), follow);
    assert_eq!((status, &problem["code"]), (422, &Value::from("misaddressed")));
}
