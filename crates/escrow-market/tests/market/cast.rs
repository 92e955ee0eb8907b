//! A project, its basket and its deals together, as a host runs them: random histories with an outbox that loses nothing but
//! delivers late, twice and in any order. Every order of what may happen is in `tests/joint`.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::panic)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::wildcard_enum_match_arm)]
#![allow(clippy::inconsistent_digit_grouping)]

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use escrow::deal::command::{Accept, Answer, Answered, Cancel, OpenDispute, StartPerforming};
use escrow::deposit::DepositId;
use escrow::terms::Item;
use escrow::{Actor, Context, Currency, Deal, DealId, Machine, Money, Policy, Time};
use escrow_market::basket::command::{Chargeback, ChargebackStep, ConfirmPayment};
use escrow_market::basket::{Status as BasketStatus, command as basket_command};
use escrow_market::follow::{FollowCommand, MachineId};
use escrow_market::project::command::{Agree, Continue, Stop, Wake};
use escrow_market::project::{Funding, Milestone, ProjectDraft, ProjectTerms, Status};
use escrow_market::{Basket, BasketId, Follow, Project, ProjectId};
use proptest::prelude::*;
use uuid::Uuid;

fn text<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

fn eur(minor: i64) -> Money {
    Money::from_minor(minor, Currency::EUR)
}

fn noon() -> Time {
    text("2026-03-01T12:00:00Z")
}

fn deal_id(n: u128) -> DealId {
    DealId::new(Uuid::from_u128(n))
}

/// Everything that a host has, and what its outbox has not delivered.
#[derive(Clone)]
struct World {
    project: Project,
    basket: Option<Basket>,
    deals: BTreeMap<DealId, Deal>,
    outbox: VecDeque<Follow>,
    now: Time,
    /// One chargeback of each kind in a history.
    disputed: bool,
}

/// What may happen next.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Step {
    /// The outbox delivers what is so far back, and keeps it or not.
    Deliver {
        place: u8,
        again: bool,
    },
    /// The project and the basket read a deal.
    Follow {
        deal: u8,
    },
    /// The basket is paid: under, exactly, over.
    PayBasket {
        minor: i64,
    },
    /// A deal is paid by itself.
    Pay {
        deal: u8,
    },
    Start {
        deal: u8,
    },
    Accept {
        deal: u8,
    },
    Dispute {
        deal: u8,
    },
    Cancel {
        deal: u8,
    },
    /// The gateway answers an order of a deal, or of the basket.
    Answer {
        deal: u8,
        declined: bool,
    },
    Refunded,
    Chargeback {
        minor: i64,
        lost: bool,
    },
    Stop,
    Continue,
    /// Until the next deadline of anybody.
    Wait,
}

impl World {
    /// Two milestones of 30.00 and 70.00 to which both have agreed.
    fn new(upfront: bool) -> Self {
        let milestone = |n, minor| Milestone::new(deal_id(n), vec![Item::new(text("Part"), eur(minor), 1)]);
        let milestones = vec![milestone(1, 30_00), milestone(2, 70_00)];
        let (parties, policy) = ((text("anna"), text("boris")), Policy::freelance());
        let mut draft = ProjectDraft::new(parties, text("Site"), Currency::EUR, policy, milestones);
        if upfront {
            draft.funding = Funding::Upfront { basket: BasketId::new(Uuid::from_u128(9)) };
        }
        let (anna, boris) = (Context::party(noon(), text("anna")), Context::party(noon(), text("boris")));
        let terms = ProjectTerms::new(draft).unwrap();
        let (mut project, _) = Project::propose(ProjectId::new(Uuid::nil()), terms, &anna).unwrap();
        let agreed = project.handle(&Agree { version: 1 }.into(), &boris).unwrap();
        let outbox = agreed.events().iter().flat_map(|r| project.follows(&r.event)).collect();
        Self { project, basket: None, deals: BTreeMap::new(), outbox, now: noon(), disputed: false }
    }

    fn actor(id: &str) -> Actor {
        Actor::Party(text(id))
    }

    fn context(&self, actor: Actor) -> Context {
        Context::new(self.now, actor)
    }

    fn tell_project(&mut self, command: impl Into<escrow_market::project::Command>, actor: Actor) -> bool {
        let context = self.context(actor);
        let Ok(told) = self.project.handle(&command.into(), &context) else { return false };
        self.outbox.extend(told.events().iter().flat_map(|r| self.project.follows(&r.event)));
        !told.is_empty()
    }

    fn tell_basket(&mut self, command: impl Into<basket_command::Command>, actor: Actor) -> bool {
        let context = self.context(actor);
        let Some(basket) = &mut self.basket else { return false };
        let Ok(told) = basket.handle(&command.into(), &context) else { return false };
        self.outbox.extend(told.events().iter().flat_map(|r| basket.follows(&r.event)));
        !told.is_empty()
    }

    fn tell_deal(&mut self, n: u8, command: impl Into<escrow::Command>, actor: Actor) -> bool {
        let context = self.context(actor);
        let Some(deal) = self.deals.get_mut(&deal_id(n.into())) else { return false };
        deal.handle(&command.into(), &context).is_ok_and(|told| !told.is_empty())
    }

    /// Whether it arrived, and whether it was news. What is told to a deal that is not open yet, or refuses it,
    /// stays in the outbox.
    fn deliver(&mut self, follow: &Follow) -> (bool, bool) {
        // as an outbox keeps it
        let kept = serde_json::to_string(follow).unwrap();
        assert_eq!(&serde_json::from_str::<Follow>(&kept).unwrap(), follow);
        let operator = self.context(Actor::Operator(text("olga")));
        match (&follow.to, &follow.command) {
            (MachineId::Deal(id), FollowCommand::Open(terms)) => {
                let new = !self.deals.contains_key(id);
                let open = || Deal::propose(*id, terms.clone(), &operator).unwrap().0;
                self.deals.entry(*id).or_insert_with(open);
                (true, new)
            }
            (MachineId::Basket(id), FollowCommand::OpenBasket(draft)) => {
                let new = self.basket.is_none();
                // one that comes too late to be paid is not opened any more
                if let (true, Ok((basket, _))) = (new, Basket::open(*id, draft.clone(), &operator)) {
                    self.basket = Some(basket);
                }
                (true, new && self.basket.is_some())
            }
            (MachineId::Deal(id), FollowCommand::CallOff(stop)) => {
                let Some(deal) = self.deals.get_mut(id) else { return (false, false) };
                match stop.cancels(deal) {
                    None => (true, false),
                    Some(cancel) => {
                        let told = deal.handle(&cancel.into(), &operator.seen(deal.revision())).unwrap();
                        (true, !told.is_empty())
                    }
                }
            }
            (MachineId::Deal(id), FollowCommand::Deal(command)) => {
                let context = self.context(follow.actor().unwrap());
                match self.deals.get_mut(id) {
                    None => (false, false),
                    Some(deal) => match deal.handle(command, &context) {
                        Ok(told) => (true, !told.is_empty()),
                        // a closed deal hears of a chargeback after its payment
                        Err(_) => (false, false),
                    },
                }
            }
            other => panic!("{other:?}"),
        }
    }

    /// Whether anything has happened.
    fn step(&mut self, step: Step) -> bool {
        match step {
            Step::Deliver { place, again } => {
                let Some(follow) = self.outbox.get(usize::from(place)).cloned() else { return false };
                let (arrived, news) = self.deliver(&follow);
                if arrived && !again {
                    self.outbox.remove(usize::from(place));
                }
                arrived && (news || !again)
            }
            Step::Follow { deal } => {
                let Some(deal) = self.deals.get(&deal_id(deal.into())) else { return false };
                let to_project = self.project.follow(deal);
                let to_basket = self.basket.as_ref().and_then(|basket| basket.follow(deal));
                let project = to_project.is_some_and(|command| self.tell_project(command, Actor::Clock));
                let basket = to_basket.is_some_and(|command| self.tell_basket(command, Actor::Clock));
                project || basket
            }
            Step::PayBasket { minor } => {
                let reference = format!("pi_{minor}");
                let paid = ConfirmPayment::charged(text("bank"), text(&reference), eur(minor));
                self.tell_basket(paid, Actor::Gateway)
            }
            Step::Pay { deal } => {
                let Some(known) = self.deals.get(&deal_id(deal.into())) else { return false };
                let amount = known.deposit(DepositId::BUYER_PAYMENT).unwrap().outstanding();
                if !amount.is_positive() {
                    return false;
                }
                let reference = text(&format!("own_{deal}"));
                let paid = escrow::deal::command::ConfirmPayment::charged(
                    DepositId::BUYER_PAYMENT,
                    text("bank"),
                    reference,
                    amount,
                );
                self.tell_deal(deal, paid, Actor::Gateway)
            }
            Step::Start { deal } => self.tell_deal(deal, StartPerforming {}, Self::actor("boris")),
            Step::Accept { deal } => self.tell_deal(deal, Accept::default(), Self::actor("anna")),
            Step::Dispute { deal } => {
                self.tell_deal(deal, OpenDispute::new(text("late")), Self::actor("anna"))
            }
            Step::Cancel { deal } => self.tell_deal(deal, Cancel::new(text("ill")), Self::actor("boris")),
            Step::Answer { deal, declined } => {
                let known = self.deals.get(&deal_id(deal.into()));
                let Some(tx) = known.and_then(|d| d.pending().next().map(|o| o.number())) else {
                    return false;
                };
                let result = match declined {
                    true => Answered::Declined(text("closed")),
                    false => Answered::Succeeded(text(&format!("tx-{}", tx.number()))),
                };
                self.tell_deal(deal, Answer::new(tx, result), Actor::Gateway)
            }
            Step::Refunded => {
                let number = self.basket.as_ref().and_then(|b| b.pending().next().map(|r| r.key.number));
                let Some(number) = number else { return false };
                let done = Answered::Succeeded(text(&format!("re-{number}")));
                self.tell_basket(basket_command::Answer::new(number, done), Actor::Gateway)
            }
            Step::Chargeback { minor, lost } => {
                let paid = self.basket.as_ref().and_then(|b| b.payments().first().cloned());
                let Some(payment) = paid.filter(|p| p.amount.minor() >= minor) else { return false };
                let (step, id) =
                    if lost { (ChargebackStep::Lost, "cb") } else { (ChargebackStep::Opened, "cb") };
                let told = self.tell_basket(
                    Chargeback::new(text(id), (payment.gateway, payment.reference), eur(minor), step),
                    Actor::Gateway,
                );
                self.disputed |= told;
                told
            }
            Step::Stop => self.tell_project(Stop::default(), Self::actor("boris")),
            Step::Continue => {
                let after = deal_id(1);
                self.tell_project(Continue { after }, Self::actor("anna"))
            }
            Step::Wait => {
                let Some(next) = self.next_deadline() else { return false };
                self.now = self.now.max(next);
                self.wake();
                true
            }
        }
    }

    fn next_deadline(&self) -> Option<Time> {
        let deals = self.deals.values().filter_map(Machine::next_deadline);
        let others = [self.project.next_deadline(), self.basket.as_ref().and_then(Machine::next_deadline)];
        deals.chain(others.into_iter().flatten()).min()
    }

    fn wake(&mut self) {
        self.tell_project(Wake {}, Actor::Clock);
        self.tell_basket(basket_command::Wake {}, Actor::Clock);
        for n in [1, 2] {
            self.tell_deal(n, escrow::deal::command::Wake {}, Actor::Clock);
        }
    }

    /// What holds at every step.
    fn check(&self) {
        assert_eq!(self.project.check(), Ok(()));
        for deal in self.deals.values() {
            assert_eq!(deal.check(), Ok(()));
            assert!(deal.deposits().iter().chain(deal.strays()).all(|d| d.buckets().conserve()));
        }
        let Some(basket) = &self.basket else { return };
        assert_eq!(basket.check(), Ok(()));
        assert!((0..basket.payments().len()).all(|n| basket.sums(n).conserve()));
        // what left the basket for a deal has arrived there, or is on its way
        let handed: i64 = (0..basket.payments().len()).map(|n| basket.sums(n).paid_out).sum();
        let mut under_way = 0;
        let mut told = BTreeSet::new();
        for follow in &self.outbox {
            let FollowCommand::Deal(command) = &follow.command else { continue };
            let escrow::Command::ConfirmPayment(paid) = &**command else { continue };
            let key = (follow.to, paid.reference.to_string());
            if told.insert(key) && !self.has(follow.to, paid) {
                under_way += paid.amount.minor();
            }
        }
        let common = |d: &Deal| -> i64 {
            let own = |t: &&escrow::Transaction| t.reference().is_some_and(|r| r.as_str().starts_with("pi_"));
            let inbound = d.transactions().iter().filter(|t| t.kind().is_inbound()).filter(own);
            inbound.map(|t| t.amount().minor()).sum()
        };
        let arrived: i64 = self.deals.values().map(common).sum();
        assert_eq!(handed, arrived + under_way, "in the basket's lines, and in the deals");
    }

    fn has(&self, to: MachineId, paid: &escrow::deal::command::ConfirmPayment) -> bool {
        let MachineId::Deal(id) = to else { return false };
        let known = self.deals.get(&id);
        known.is_some_and(|d| d.transactions().iter().any(|t| t.reference() == Some(&paid.reference)))
    }

    /// Deliveries, answers and deadlines alone bring everything to its end.
    fn ends(mut self) {
        for _ in 0..400 {
            while (0..u8::try_from(self.outbox.len()).unwrap())
                .any(|place| self.step(Step::Deliver { place, again: false }))
            {
                self.check();
            }
            let mut quiet = true;
            for n in [1, 2] {
                quiet &= !self.step(Step::Follow { deal: n });
                quiet &= !self.step(Step::Answer { deal: n, declined: false });
            }
            quiet &= !self.step(Step::Refunded);
            if quiet && self.outbox.is_empty() && !self.step(Step::Wait) {
                break;
            }
            self.check();
        }
        assert!(self.outbox.is_empty(), "{:?}", self.outbox);
        assert_eq!(self.project.status(), Status::Closed);
        assert!(self.basket.as_ref().is_none_or(|basket| basket.is_settled()));
        assert!(
            self.deals
                .values()
                .all(|deal| deal.phase().kind() == escrow::deal::PhaseKind::Closed && !deal.has_pending())
        );
    }
}

fn any_step() -> impl Strategy<Value = Step> {
    let deal = 1..3_u8;
    prop_oneof![
        8 => (0..4_u8, any::<bool>()).prop_map(|(place, again)| Step::Deliver { place, again }),
        4 => deal.clone().prop_map(|deal| Step::Follow { deal }),
        2 => prop_oneof![Just(100_00), Just(40_00), Just(60_00), Just(130_01)].prop_map(|minor| Step::PayBasket { minor }),
        1 => deal.clone().prop_map(|deal| Step::Pay { deal }),
        3 => deal.clone().prop_map(|deal| Step::Start { deal }),
        3 => deal.clone().prop_map(|deal| Step::Accept { deal }),
        1 => deal.clone().prop_map(|deal| Step::Dispute { deal }),
        1 => deal.clone().prop_map(|deal| Step::Cancel { deal }),
        4 => (deal, any::<bool>()).prop_map(|(deal, declined)| Step::Answer { deal, declined }),
        2 => Just(Step::Refunded),
        1 => (1..50_00_i64, any::<bool>()).prop_map(|(minor, lost)| Step::Chargeback { minor, lost }),
        1 => prop_oneof![Just(Step::Stop), Just(Step::Continue)],
        2 => Just(Step::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Late, twice and in any order: at every step no money is lost between a basket and its deals, and all ends.
    #[test]
    fn a_project_its_basket_and_its_deals_lose_nothing(
        upfront in any::<bool>(), steps in prop::collection::vec(any_step(), 1..60),
    ) {
        let mut world = World::new(upfront);
        for step in steps {
            world.step(step);
            world.check();
        }
        let filled = world.basket.as_ref().is_some_and(|basket| basket.status() == BasketStatus::Full);
        prop_assert!(upfront || !filled);
        world.ends();
    }
}
