//! The state machine: drawn steps become commands where the deal stands, the world acts, the model says what must have
//! come of it, and the deal is compared with both.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use escrow::deal::PhaseKind;
use escrow::deal::command::{Answer, Answered};
use escrow::deposit::LegState;
use escrow::settlement::Ending;
use escrow::{Actor, Command, Context, Deal, Phase, Rejection, Time};
use proptest::strategy::BoxedStrategy;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest};

use super::books::{Books, News};
use super::choices::{self, Act, Setting, Step, deal_id};
use super::story::{MARK, Story};
use super::world::{Account, World};
use super::{Finding, Plant, ensure};
use crate::common::text;

/// What can be drawn: a setting, and steps of which the first lead to a funded deal.
#[derive(Debug)]
pub struct Drawn;

impl ReferenceStateMachine for Drawn {
    type State = Setting;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Setting> {
        choices::settings()
    }

    fn transitions(setting: &Setting) -> BoxedStrategy<Step> {
        choices::steps(setting)
    }

    fn apply(mut setting: Setting, _: &Step) -> Setting {
        setting.steps += 1;
        setting
    }
}

/// A deal, the world around it, and the model of it.
#[derive(Debug)]
pub struct Run {
    pub deal: Deal,
    pub now: Time,
    pub world: World,
    books: Books,
    story: Story,
    taken: Vec<(Command, Context)>,
    plant: Plant,
    /// What kinds of trouble it went through.
    pub seen: BTreeSet<String>,
}

impl Run {
    pub fn begin(setting: &Setting, plant: Plant) -> Self {
        let context = Context::new(setting.start, setting.proposed_by());
        let (deal, _) = Deal::propose(deal_id(), setting.terms.clone(), &context).expect("a proposal");
        let books = Books::new(&setting.terms, plant);
        let world = World::new(plant);
        let (story, taken) = (Story::new(setting), Vec::new());
        Self { deal, now: setting.start, world, books, story, taken, plant, seen: BTreeSet::new() }
    }

    /// One drawn step.
    pub fn step(&mut self, step: &Step) -> Finding {
        self.now = step.drawn.moment(&self.deal, self.now);
        let answered = |answer: Answer| (answer.into(), Context::gateway(self.now));
        let (command, context) = match step.act {
            Act::Work { which, declines } => return self.world.work(&self.deal, which, declines),
            Act::Ask => return self.world.ask(&self.deal),
            Act::Lose(which) => {
                self.world.lose(which);
                return Ok(());
            }
            Act::Deliver { which, again } => match self.world.deliver(which, again) {
                Some(answer) => answered(answer),
                None => return Ok(()),
            },
            Act::Give => step.drawn.command(&self.deal, self.now, &self.taken),
        };
        let command = if context.actor == Actor::Gateway {
            // what the timers order now is ordered before it is answered
            let now = Context::clock(self.now.max(self.deal.last_at()));
            let mut woken = self.deal.clone();
            let fired = woken.handle(&Command::Wake(Default::default()), &now);
            ensure!(fired.is_ok(), "a wake is refused: {fired:?}");
            self.world.truthful(&woken, command)?
        } else {
            command
        };
        // what the gateway says late, or against its word, is held against books of its own: `tests/facts`
        let late = match &command {
            Command::Chargeback(_) | Command::Returned(_) | Command::SettleReceivable(_) => true,
            Command::ConfirmPayment(c) => {
                let currency = self.deal.deposit(c.deposit).map(|d| d.required().currency());
                let known = self.deal.transactions().iter().find(|t| {
                    t.reference() == Some(&c.reference)
                        && t.gateway() == Some(&c.gateway)
                        && !t.is_pending()
                        && t.kind().is_inbound()
                });
                c.capture.is_some()
                    || currency.is_some_and(|c2| c2 != c.amount.currency())
                    || known.is_some_and(|t| {
                        t.deposit() != c.deposit
                            || t.amount() != c.amount
                            || t.hold().is_some() != c.held_until.is_some()
                    })
            }
            Command::Answer(a) => self.deal.transaction(a.transaction).is_some_and(|t| !t.is_pending()),
            // what a party states of a payment decides nothing; what comes of it is told there, too
            Command::Agree(c) => c.payment.is_some(),
            _ => false,
        };
        if late {
            return Ok(());
        }
        self.give(&command, &context)
    }

    /// A command, judged by the deal and by the model.
    fn give(&mut self, command: &Command, context: &Context) -> Finding {
        self.taken.push((command.clone(), context.clone()));
        // the model sees what the due timers leave, each at its own instant; the deal is told when it is
        let (mut books, mut view) = (self.books.clone(), self.deal.clone());
        let now = context.now.max(view.last_at());
        while let Some(due) = view.next_deadline().filter(|due| *due <= now) {
            let before = view.clone();
            let woken = view.handle(&Command::Wake(Default::default()), &Context::clock(due));
            let fired = woken.map_err(|e| format!("a wake is refused: {e}"))?;
            ensure!(!fired.is_empty(), "a wake at the deadline {due} does nothing");
            books.observe(&before, &view, None)?;
        }
        let foretold = books.foretell(&view, &context.actor, command);
        let mut deal = self.deal.clone();
        let verdict = self.judge(&mut deal, command, context);
        self.story.step(command, context, foretold, verdict);
        self.note(&view, &deal, command, context, verdict);
        ensure!(
            foretold.is_none_or(|accepted| accepted == verdict.is_ok()),
            "the model foretold {foretold:?}, the deal says {verdict:?} to {command:?}"
        );
        if verdict.is_err() {
            ensure!(deal == self.deal, "a rejection changes the deal");
            return Ok(());
        }
        self.deal = deal;
        let observed = books.observe(&view, &self.deal, Some((&context.actor, command)));
        // what the model expects is told even where it cannot go on
        self.books = books;
        for news in observed? {
            let News::Paid(payment) = news;
            self.world.paid(&payment)?;
        }
        self.world.credit(&self.deal)?;
        self.books.compare(&self.deal)?;
        self.compare_world()
    }

    fn note(
        &mut self,
        view: &Deal,
        after: &Deal,
        command: &Command,
        context: &Context,
        verdict: Result<(), Rejection>,
    ) {
        let mut see = |what: String| {
            self.seen.insert(what);
        };
        let new = after.version() > view.version();
        let when = match view.phase().kind() {
            PhaseKind::Closed => "after",
            PhaseKind::Paying => "during",
            _ => "before",
        };
        match command {
            Command::Answer(_) if context.actor != Actor::Gateway => {
                see("a fact of somebody's own making".to_owned());
            }
            Command::Answer(a) => see(match (verdict, view.transaction(a.transaction)) {
                (Err(_), None) => "an answer to nothing".to_owned(),
                (Err(_), Some(_)) => format!("contradicted {when} paying"),
                (Ok(()), Some(t)) if new => {
                    let done = if matches!(a.result, Answered::Succeeded(_)) { "done" } else { "declined" };
                    format!("{} {done}", t.kind().as_str())
                }
                (Ok(()), _) => "nothing new from the gateway".to_owned(),
            }),
            Command::ConfirmPayment(c) if context.actor == Actor::Gateway => see(match (verdict, new) {
                (Err(_), _) => "a payment that cannot be".to_owned(),
                (Ok(()), false) => "a payment once more".to_owned(),
                (Ok(()), true) => {
                    format!("{} {when} paying", if c.held_until.is_some() { "a hold" } else { "a charge" })
                }
            }),
            _ => {}
        }
        let unpaid = |l: &escrow::deposit::Leg| l.state() == LegState::Credited;
        if after.legs().iter().any(unpaid) {
            see("a balance".to_owned());
        }
        if context.now < self.deal.last_at() {
            see("the clock steps back".to_owned());
        }
        if self.deal.version() < view.version() {
            see("late timers".to_owned());
        }
        if self.deal.deposits().iter().any(|d| self.world.ahead(&self.deal, d.id()) != 0) {
            see("the world is ahead".to_owned());
        }
        for owed in after.receivables() {
            see(format!("{} owes a {}", owed.debtor, owed.purpose.as_str()));
        }
        if let (None, Some(ending)) = (self.deal.ending(), after.ending()) {
            let name = match ending {
                Ending::Awarded { by, .. } => format!("{by:?}"),
                Ending::Success | Ending::PartialBuyout(_) | Ending::Cancelled(_) | Ending::CalledOff => {
                    format!("{ending:?}").split(['(', '[']).next().unwrap_or_default().to_owned()
                }
            };
            let holds = matches!(after.phase(), Phase::Paying { awaiting_capture: true, .. });
            see(format!("{name}{}", if after.pots().funded { "" } else { ", not funded" }));
            if holds {
                see("an ending waits for a capture".to_owned());
            }
        }
    }

    /// The deal's own judgement; where a bug is planted, with it.
    fn judge(&self, deal: &mut Deal, command: &Command, context: &Context) -> Result<(), Rejection> {
        let mut command = command.clone();
        if let (Plant::CountsTwice, Command::ConfirmPayment(c)) = (self.plant, &mut command)
            && deal.transactions().iter().any(|t| t.reference() == Some(&c.reference))
        {
            c.reference = text(&format!("{}-again", c.reference));
        }
        deal.handle(&command, context).map(drop)
    }

    /// The deal's money is where the world has it.
    fn compare_world(&self) -> Finding {
        for (deposit, currency, money) in self.books.money() {
            let expected = money + self.world.ahead(&self.deal, deposit);
            let real = self.world.holds(&Account::Pot(deposit), currency);
            ensure!(real == expected, "{deposit} has {real} in the world, and should have {expected}");
        }
        let sums = self.world.sums();
        ensure!(sums.values().all(|sum| *sum == 0), "money appears or vanishes: {sums:?}");
        let open = |l: &escrow::deposit::Leg| !l.is_settled();
        let closed = self.deal.phase().kind() == PhaseKind::Closed;
        if closed && !self.deal.has_pending() && !self.deal.legs().iter().any(open) {
            for (deposit, currency, _) in self.books.money() {
                let left = self.world.holds(&Account::Pot(deposit), currency);
                ensure!(left == self.world.ahead(&self.deal, deposit), "closed, and {deposit} has {left}");
            }
            ensure!(!self.world.any_hold(), "closed, and a payment is on hold: {:?}", self.world);
        }
        Ok(())
    }

    /// Timers and the gateway's last word bring it to an end; then nothing is left anywhere.
    pub fn finish(&mut self) -> Finding {
        self.now = self.now.max(self.deal.last_at());
        for _ in 0..1_000 {
            if let Some((actor, command)) = self.world.last_word(&self.deal)? {
                self.give(&command, &Context::new(self.now, actor))?;
            } else if let Some(due) = self.deal.next_deadline() {
                self.now = self.now.max(due);
                self.give(&Command::Wake(Default::default()), &Context::clock(self.now))?;
            } else {
                break;
            }
        }
        ensure!(self.deal.phase().kind() == PhaseKind::Closed, "it does not end: {:?}", self.deal.phase());
        for (deposit, currency, _) in self.books.money() {
            let left = self.world.holds(&Account::Pot(deposit), currency);
            // what nobody has claimed stays, and is told
            let unclaimed = self.deal.legs().iter().filter(|l| l.is_unclaimed() && l.deposit() == deposit);
            let unclaimed: i128 = unclaimed.map(|l| i128::from(l.amount().minor())).sum();
            ensure!(left == unclaimed, "at the end {deposit} has {left}, {unclaimed} unclaimed");
        }
        Ok(())
    }

    /// A finding as the test's failure. It makes no noise of its own: shrinking finds it many times.
    fn must(&mut self, act: impl FnOnce(&mut Self) -> Finding) {
        let found = catch_unwind(AssertUnwindSafe(|| act(self)));
        let finding = match found {
            Ok(Ok(())) => return,
            Ok(Err(finding)) => finding,
            Err(panic) => {
                let text = panic.downcast_ref::<String>().cloned();
                format!("a panic: {}", text.unwrap_or_default())
            }
        };
        let scenario = self.story.scenario(&finding, &self.books, &self.deal);
        resume_unwind(Box::new(format!("{finding}{MARK}{scenario}\n")));
    }
}

/// The test of the library, or of one in which a bug is planted.
#[derive(Debug)]
pub struct Checked<const PLANT: u8>;

impl<const PLANT: u8> StateMachineTest for Checked<PLANT> {
    type SystemUnderTest = Run;
    type Reference = Drawn;

    fn init_test(setting: &Setting) -> Run {
        Run::begin(setting, Plant::ALL[usize::from(PLANT)])
    }

    fn apply(mut run: Run, _: &Setting, step: Step) -> Run {
        run.must(|run| run.step(&step));
        run
    }

    fn teardown(mut run: Run, _: Setting) {
        run.must(Run::finish);
    }
}
