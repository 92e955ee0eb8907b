//! The joined system: a project, its basket and its deals, and everything that was ever told and may come again.

use std::cell::RefCell;
use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::rc::Rc;

use escrow::deal::PhaseKind;
use escrow::{Actor, Context, Deal, DealId, Outcome, Time};
use escrow_market::basket;
use escrow_market::basket::command::{ChargebackStep, Leave};
use escrow_market::follow::{FollowCommand, MachineId};
use escrow_market::project::Status;
use escrow_market::project::command::{Ended, Reached, Report};
use escrow_market::{Basket, Follow, Project};

use super::canon;
use super::node::{Book, Done, Node, Nodes, Step};
use super::scene::{Planted, Scene, Unusual, text};

/// Every state of every machine that was reached.
#[derive(Default)]
pub struct Machines {
    projects: Nodes<Project>,
    baskets: Nodes<Basket>,
    deals: Nodes<Deal>,
    /// Which machines read a deal as they hear of it.
    read: RefCell<HashSet<(u64, u64)>>,
}

/// What a host has, and what its outbox may deliver: everything that was ever put into it, as often as it likes.
#[derive(Clone)]
pub struct World {
    pub now: Time,
    project: Option<Rc<Node<Project>>>,
    basket: Option<Rc<Node<Basket>>>,
    deals: BTreeMap<DealId, Rc<Node<Deal>>>,
    outbox: BTreeMap<u64, Rc<Follow>>,
    budget: u8,
    spent: u16,
}

/// What happens, as it is told where it matters.
pub enum Label {
    Step(&'static str, Rc<str>),
    OfDeal(DealId, Rc<str>),
    Deliver(Rc<Follow>),
    Time(&'static str),
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Step(of, label) => write!(f, "{of}: {label}"),
            Self::OfDeal(id, label) => write!(f, "deal {id}: {label}"),
            Self::Deliver(follow) => write!(f, "deliver {follow:?}"),
            Self::Time(label) => f.write_str(label),
        }
    }
}

/// A way on.
pub struct Way {
    pub label: Label,
    /// Whether it is a delivery, an answer, or time: what happens if people do nothing.
    pub forced: bool,
    pub next: World,
}

impl Machines {
    pub fn counted(&self) -> [usize; 3] {
        [self.projects.len(), self.baskets.len(), self.deals.len()]
    }

    pub fn begin(&self, scene: &Scene) -> World {
        let now = super::scene::noon();
        let project =
            scene.project().map(|(project, journal)| self.projects.begin(project, journal, now, scene));
        let basket = scene.basket().map(|(basket, journal)| self.baskets.begin(basket, journal, now, scene));
        let deal = |(deal, journal): (Deal, _)| (deal.id(), self.deals.begin(deal, journal, now, scene));
        let deals = scene.deals().into_iter().map(deal).collect();
        let outbox = BTreeMap::new();
        let mut world = World { now, project, basket, deals, outbox, budget: scene.budget, spent: 0 };
        world.put_facts(scene);
        world
    }

    /// Everything that may happen next.
    pub fn ways(&self, world: &World, scene: &Scene) -> Vec<Way> {
        let mut ways = Vec::new();
        let mut add = |unusual: Option<Unusual>, label: Label, forced: bool, change: &dyn Fn(&mut World)| {
            let mut next = world.clone();
            if let Some(unusual) = unusual {
                let spent = next.spent | unusual.bit();
                if next.budget == 0 || spent == next.spent {
                    return;
                }
                (next.budget, next.spent) = (next.budget - 1, spent);
            }
            change(&mut next);
            next.put_facts(scene);
            ways.push(Way { label, forced: forced && unusual.is_none(), next });
        };
        if let Some(project) = &world.project {
            for Step { label, unusual, forced, next, tells } in self.projects.steps(project, scene) {
                add(*unusual, Label::Step("project", label.clone()), *forced, &|world| {
                    world.project = Some(next.clone());
                    world.put(tells, scene);
                });
            }
        }
        if let Some(basket) = &world.basket {
            for Step { label, unusual, forced, next, tells } in self.baskets.steps(basket, scene) {
                add(*unusual, Label::Step("basket", label.clone()), *forced, &|world| {
                    world.basket = Some(next.clone());
                    world.put(tells, scene);
                });
            }
        }
        for (id, deal) in &world.deals {
            for Step { label, unusual, forced, next, .. } in self.deals.steps(deal, scene) {
                add(*unusual, Label::OfDeal(*id, label.clone()), *forced, &|world| {
                    world.deals.insert(*id, next.clone());
                });
            }
        }
        for (name, follow) in &world.outbox {
            if let Delivered::News(next) = self.deliver(world, *name, follow, scene) {
                add(None, Label::Deliver(follow.clone()), true, &|world| *world = next.clone());
            }
        }
        if let Some(next) = world.next_deadline() {
            let to = |at: Time| {
                let passed = self.pass(world, at, scene);
                move |world: &mut World| {
                    let (budget, spent) = (world.budget, world.spent);
                    *world = World { budget, spent, ..passed.clone() };
                }
            };
            add(None, Label::Time("a deadline"), true, &to(next));
            let before = Time::from_millis(next.millis() - 1).unwrap();
            if scene.plays(Unusual::JustBefore) && before > world.now {
                add(Some(Unusual::JustBefore), Label::Time("just before a deadline"), false, &to(before));
            }
        }
        ways
    }

    fn pass(&self, from: &World, now: Time, scene: &Scene) -> World {
        let mut world = World { now, ..from.clone() };
        if let Some(project) = &from.project {
            let (next, tells) = self.projects.pass(project, now, scene);
            world.project = Some(next);
            world.put(&tells, scene);
        }
        if let Some(basket) = &from.basket {
            let (next, tells) = self.baskets.pass(basket, now, scene);
            world.basket = Some(next);
            world.put(&tells, scene);
        }
        for (id, deal) in &from.deals {
            world.deals.insert(*id, self.deals.pass(deal, now, scene).0);
        }
        world
    }

    /// What becomes of a parcel, whenever it is delivered.
    fn deliver(&self, world: &World, name: u64, follow: &Follow, scene: &Scene) -> Delivered {
        let operator = Context::new(world.now, Actor::Operator(text("olga")));
        let mut next = world.clone();
        match (&follow.to, &follow.command) {
            (MachineId::Deal(id), FollowCommand::Open(terms)) => {
                if world.deals.contains_key(id) {
                    return Delivered::Repeat;
                }
                let (deal, first) = Deal::propose(*id, terms.clone(), &operator).expect("a deal is opened");
                let node = self.deals.begin(deal, first.into_events().into_vec(), world.now, scene);
                next.deals.insert(*id, node);
            }
            (MachineId::Basket(id), FollowCommand::OpenBasket(draft)) => {
                if world.basket.is_some() {
                    return Delivered::Repeat;
                }
                match Basket::open(*id, draft.clone(), &Context::clock(world.now)) {
                    Ok((basket, first)) => {
                        let journal = first.into_events().into_vec();
                        next.basket = Some(self.baskets.begin(basket, journal, world.now, scene));
                    }
                    // nobody could pay it any more
                    Err(basket::Rejection::TooLate) => return Delivered::Repeat,
                    Err(refused) => panic!("a basket is not opened: {refused:?}"),
                }
            }
            (MachineId::Deal(id), FollowCommand::Deal(command)) => {
                let Some(deal) = world.deals.get(id) else { return Delivered::Refused };
                let actor = follow.actor().unwrap();
                match self.deals.hear(deal, name, &actor, command, book(command), scene) {
                    Done::Refused => return Delivered::Refused,
                    Done::Repeat => return Delivered::Repeat,
                    Done::News(node, _) => next.deals.insert(*id, node),
                };
            }
            (MachineId::Deal(id), FollowCommand::CallOff(stop)) => {
                let Some(deal) = world.deals.get(id) else { return Delivered::Refused };
                let Some(cancel) = stop.cancels(&deal.machine) else { return Delivered::Repeat };
                let operator = Actor::Operator(text("olga"));
                match self.deals.hear(deal, name, &operator, &cancel.into(), Book::default(), scene) {
                    Done::News(node, _) => next.deals.insert(*id, node),
                    Done::Refused | Done::Repeat => {
                        panic!("a deal that is not paid is not called off: {deal:?}", deal = deal.machine)
                    }
                };
            }
            (MachineId::Project(_), FollowCommand::Project(report)) => {
                let project = world.project.as_ref().expect("the project");
                let command = (*report).into();
                match self.projects.hear(project, name, &Actor::Clock, &command, Book::default(), scene) {
                    Done::Refused => return Delivered::Refused,
                    Done::Repeat => return Delivered::Repeat,
                    Done::News(node, tells) => {
                        next.project = Some(node);
                        next.put(&tells, scene);
                    }
                }
            }
            (MachineId::Basket(_), FollowCommand::Basket(leave)) => {
                let Some(basket) = &world.basket else { return Delivered::Refused };
                let command = (*leave).into();
                match self.baskets.hear(basket, name, &Actor::Clock, &command, Book::default(), scene) {
                    Done::Refused => return Delivered::Refused,
                    Done::Repeat => return Delivered::Repeat,
                    Done::News(node, tells) => {
                        next.basket = Some(node);
                        next.put(&tells, scene);
                    }
                }
            }
            other => panic!("nobody tells {other:?}"),
        }
        Delivered::News(next)
    }

    /// What is wrong with the system as a whole.
    pub fn findings(&self, world: &World) -> Result<(), String> {
        world.follows_agree(&mut self.read.borrow_mut())?;
        let Some(basket) = &world.basket else { return Ok(()) };
        world.lines_arrive(&basket.machine)?;
        world.cases_arrive(&basket.machine)?;
        // what a basket tells again of all that it has told is just that
        for follow in basket.machine.follows_all() {
            if !world.outbox.contains_key(&name_of(&follow)) {
                return Err(format!("told again, but never before: {follow:?}"));
            }
        }
        Ok(())
    }

    /// Over, with nothing under way, nothing inside, and nothing untold.
    pub fn is_at_rest(&self, world: &World, scene: &Scene) -> bool {
        let project = world.project.as_ref().is_none_or(|node| node.machine.status() == Status::Closed);
        let basket = world.basket.as_ref().is_none_or(|node| {
            let basket = &node.machine;
            let held: i64 = (0..basket.payments().len()).map(|n| basket.sums(n).held).sum();
            basket.is_settled() && held == 0
        });
        let deals = world.deals.values().all(|node| {
            let deal = &node.machine;
            let closed = deal.phase().kind() == PhaseKind::Closed && !deal.has_pending();
            closed
                && deal.legs().iter().all(|leg| leg.is_settled())
                && deal.money_inside().all(|m| m.is_zero())
        });
        // what the basket would not tell any more may be refused: it was superseded
        let still: Vec<Follow> = world.basket.iter().flat_map(|node| node.machine.follows_all()).collect();
        let told = |(name, follow): (&u64, &Rc<Follow>)| match self.deliver(world, *name, follow, scene) {
            Delivered::Repeat => true,
            Delivered::Refused => matches!(follow.command, FollowCommand::Deal(_)) && !still.contains(follow),
            Delivered::News(_) => false,
        };
        project && basket && deals && world.outbox.iter().all(told)
    }
}

enum Delivered {
    News(World),
    Repeat,
    Refused,
}

fn name_of(follow: &Follow) -> u64 {
    canon::name(&serde_json::to_string(follow).unwrap())
}

fn book(command: &escrow::Command) -> Book {
    match command {
        escrow::Command::ConfirmPayment(paid) => Book { came: paid.amount.minor(), ..Book::default() },
        escrow::Command::Chargeback(told) => Book {
            lost: match told.step {
                ChargebackStep::Opened | ChargebackStep::Won => 0,
                ChargebackStep::Lost => told.amount.minor(),
                ChargebackStep::Reinstated => -told.amount.minor(),
            },
            ..Book::default()
        },
        other => panic!("no basket tells {other:?}"),
    }
}

/// How far a deal is, as a project hears of it.
fn reached(deal: &Deal) -> Reached {
    match deal.outcome() {
        Some(Outcome::Completed) => Reached::Ended(Ended::Completed),
        Some(_) => Reached::Ended(Ended::Otherwise),
        None if deal.phase().kind() == PhaseKind::Clearing => Reached::Accepted,
        None => Reached::Opened,
    }
}

impl World {
    fn put(&mut self, tells: &[Follow], scene: &Scene) {
        let is_payment = |follow: &&Follow| match &follow.command {
            FollowCommand::Deal(command) => matches!(**command, escrow::Command::ConfirmPayment(_)),
            _ => false,
        };
        let loses = scene.planted == Some(Planted::LosesPayments);
        for follow in tells.iter().filter(|follow| !(loses && is_payment(follow))) {
            self.outbox.entry(name_of(follow)).or_insert_with(|| Rc::new(follow.clone()));
        }
    }

    /// Whatever a deal becomes is put into the outbox, and may arrive much later.
    fn put_facts(&mut self, scene: &Scene) {
        let mut facts = Vec::new();
        for (id, node) in &self.deals {
            if let Some(project) = &self.project {
                let report = Report { deal: *id, reached: reached(&node.machine) };
                let to = MachineId::Project(project.machine.id());
                facts.push(Follow::new(to, FollowCommand::Project(report)));
            }
            let ended = node.machine.outcome().is_some();
            let lines =
                |basket: &Rc<Node<Basket>>| basket.machine.draft().lines.iter().any(|line| line.deal == *id);
            if let Some(basket) = self.basket.as_ref().filter(|basket| ended && lines(basket)) {
                let to = MachineId::Basket(basket.machine.id());
                facts.push(Follow::new(to, FollowCommand::Basket(Leave { deal: *id })));
            }
        }
        self.put(&facts, scene);
    }

    pub fn next_deadline(&self) -> Option<Time> {
        use escrow::Machine;
        let deals = self.deals.values().filter_map(|node| node.machine.next_deadline());
        let project = self.project.iter().filter_map(|node| node.machine.next_deadline());
        let basket = self.basket.iter().filter_map(|node| node.machine.next_deadline());
        deals.chain(project).chain(basket).min()
    }

    pub fn key(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.project.as_ref().map(|node| node.key).hash(&mut hasher);
        self.basket.as_ref().map(|node| node.key).hash(&mut hasher);
        self.deals.iter().for_each(|(id, node)| (id, node.key).hash(&mut hasher));
        for (name, follow) in &self.outbox {
            match &follow.command {
                FollowCommand::OpenBasket(draft) => {
                    (draft.until.millis() - self.now.millis()).max(0).hash(&mut hasher)
                }
                FollowCommand::CallOff(stop) => {
                    // what it reads of a deal: whether that was paid by then, or still can be
                    let MachineId::Deal(id) = follow.to else { panic!("{follow:?}") };
                    let paid_at = self.deals.get(&id).and_then(|node| node.machine.concluded_at());
                    let was_paid = paid_at.map(|paid| paid <= stop.stopped_at);
                    (id, was_paid, stop.stopped_at == self.now).hash(&mut hasher);
                }
                _ => name.hash(&mut hasher),
            }
        }
        (self.budget, self.spent).hash(&mut hasher);
        hasher.finish()
    }

    /// What a machine reads from a deal is news just if it does something.
    fn follows_agree(&self, read: &mut HashSet<(u64, u64)>) -> Result<(), String> {
        use escrow::Machine;
        let context = Context::clock(self.now);
        for (id, node) in &self.deals {
            let deal = &node.machine;
            let of = canon::name(&id.to_string()) ^ node.key;
            if let Some(project) = self.project.as_ref().filter(|project| read.insert((project.key, of))) {
                let report = Report { deal: *id, reached: reached(deal) };
                let done = project.machine.decide(&report.into(), &context);
                let news = done.as_ref().is_ok_and(|done| !done.is_empty());
                if done.is_err() || project.machine.follow(deal).is_some() != news {
                    return Err(format!("the project reads deal {id} otherwise than it hears: {done:?}"));
                }
            }
            let line =
                |basket: &&Rc<Node<Basket>>| basket.machine.draft().lines.iter().any(|line| line.deal == *id);
            let basket = self.basket.as_ref().filter(line).filter(|_| deal.outcome().is_some());
            if let Some(basket) = basket.filter(|basket| read.insert((basket.key, of))) {
                let done = basket.machine.decide(&Leave { deal: *id }.into(), &context);
                let news = done.as_ref().is_ok_and(|done| !done.is_empty());
                if done.is_err() || basket.machine.follow(deal).is_some() != news {
                    return Err(format!("the basket reads deal {id} otherwise than it hears: {done:?}"));
                }
            }
        }
        Ok(())
    }

    /// What left the basket for a deal has arrived there once, or is in the outbox and would be heard.
    fn lines_arrive(&self, basket: &Basket) -> Result<(), String> {
        use escrow::Machine;
        for payment in basket.payments() {
            for (line, part) in basket.draft().lines.iter().zip(&payment.parts) {
                let Some(node) = self.deals.get(&line.deal) else { continue };
                let of = |t: &&escrow::Transaction| {
                    t.reference() == Some(&payment.reference) && t.kind().is_inbound()
                };
                let arrived: i64 =
                    node.machine.transactions().iter().filter(of).map(|t| t.amount().minor()).sum();
                if arrived != 0 && arrived != *part {
                    return Err(format!("deal {}: {arrived} of {part} has arrived", line.deal));
                }
                let told = self.outbox.values().find_map(|follow| match (&follow.to, &follow.command) {
                    (MachineId::Deal(to), FollowCommand::Deal(command)) if *to == line.deal => {
                        match &**command {
                            escrow::Command::ConfirmPayment(paid) if paid.reference == payment.reference => {
                                Some(command)
                            }
                            _ => None,
                        }
                    }
                    _ => None,
                });
                match told {
                    None if *part == 0 && arrived == 0 => {}
                    None => return Err(format!("deal {} is not told of {part}", line.deal)),
                    Some(command) => {
                        let done = node.machine.decide(command, &Context::gateway(self.now));
                        let news = match &done {
                            Ok(done) => !done.is_empty(),
                            Err(refused) => return Err(format!("deal {}: {refused:?}", line.deal)),
                        };
                        if news != (arrived == 0) {
                            return Err(format!("deal {}: heard twice, or not at all", line.deal));
                        }
                    }
                }
            }
        }
        // and nothing else has arrived
        for (id, node) in &self.deals {
            for t in node.machine.transactions().iter().filter(|t| t.kind().is_inbound()) {
                let Some(reference) = t.reference().filter(|r| r.as_str().starts_with("pi_")) else {
                    continue;
                };
                let known = basket.payments().iter().any(|payment| {
                    let mut lines = basket.draft().lines.iter().zip(&payment.parts);
                    payment.reference == *reference
                        && lines.any(|(line, part)| line.deal == *id && *part == t.amount().minor())
                });
                if !known {
                    return Err(format!("deal {id} has {reference}, which is in no line"));
                }
            }
        }
        Ok(())
    }

    /// What a deal knows of a chargeback is its part of it; and all parts are what the gateway told, as far as there was so much.
    fn cases_arrive(&self, basket: &Basket) -> Result<(), String> {
        for case in basket.cases() {
            let payment = basket.payments().iter().find(|p| p.reference == case.payment);
            for (told, on) in [(case.lost, &case.lost_on), (case.reinstated, &case.reinstated_on)] {
                let (Some(told), Some(on)) = (told, on) else { continue };
                let amount = payment.map_or(0, |payment| payment.amount.minor());
                let most = if case.reinstated_on.is_some() { told.minor() } else { told.minor().min(amount) };
                if on.in_lines() + on.rest > most {
                    return Err(format!("{on:?} of {told} is divided"));
                }
            }
            for (n, line) in basket.draft().lines.iter().enumerate() {
                let Some(node) = self.deals.get(&line.deal) else { continue };
                let Some(known) = node.machine.chargebacks().iter().find(|c| c.id == case.id) else {
                    continue;
                };
                let part = |on: &Option<basket::Parts>| on.as_ref().map_or(0, |on| on.line(n));
                let heard =
                    [(known.lost, part(&case.lost_on)), (known.reinstated, part(&case.reinstated_on))];
                if heard.iter().any(|(heard, part)| heard.is_some_and(|heard| heard.minor() != *part)) {
                    return Err(format!("deal {}: {known:?} of {case:?}", line.deal));
                }
            }
        }
        Ok(())
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "now {}, budget {}, spent {:b}", self.now, self.budget, self.spent)?;
        if let Some(node) = &self.project {
            writeln!(f, "project {:?}, begun {:?}", node.machine.status(), node.machine.begun())?;
        }
        if let Some(node) = &self.basket {
            let basket = &node.machine;
            let parts = (basket.payments(), basket.refunds(), basket.cases());
            writeln!(f, "basket {:?} {parts:?}", basket.status())?;
        }
        for node in self.deals.values() {
            let deal = &node.machine;
            let pending = deal.pending().count();
            writeln!(f, "deal {} {:?} {:?}, {pending} pending", deal.id(), deal.phase(), deal.legs())?;
        }
        Ok(())
    }
}
