//! A race as a sequence of choices: which host takes the next step, or dies instead of taking it.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{self, Waker};

use escrow::port::Clock as _;
use escrow_testing::ManualClock;

use super::client::{Told, finish, work};
use super::outcome::{Outcome, judge};
use super::story::{Setting, Story};
use super::world::{Host, Outside};

/// Two hosts on their way through a story.
struct Race<'s> {
    story: &'s Story,
    hosts: [Host; 2],
    told: [Told; 2],
    running: [Option<Running>; 2],
    /// How many crashes are left.
    crashes: usize,
}

type Running = Pin<Box<dyn Future<Output = Result<(), String>>>>;

/// What can be next.
#[derive(Clone, Copy)]
enum Choice {
    Step(usize),
    Crash(usize),
}

impl<'s> Race<'s> {
    fn new(story: &'s Story, setting: &Setting) -> Result<Self, String> {
        let outside = Outside { planted: setting.planted, ..Outside::default() };
        let outside = Arc::new(Mutex::new(outside));
        let host =
            |at| Host { outside: outside.clone(), clock: Arc::new(ManualClock::new(at)), takes_turns: true };
        let hosts = story.clocks.map(host);
        let first =
            Host { takes_turns: false, clock: Arc::new(ManualClock::new(story.begins)), ..hosts[0].clone() };
        hosts[0].with(|o| story.rules.iter().for_each(|rule| o.gateway.script(rule.clone())));
        pollster::block_on(work(first, story.before.clone(), Told::default(), false))?;
        hosts[0].with(|o| {
            // counted from where the race begins
            o.commits = 0;
            o.faults.clone_from(&setting.faults);
            setting.rules.iter().for_each(|rule| o.gateway.script(rule.clone()));
        });
        let crashes = setting.crashes;
        let mut race = Self { story, hosts, told: Default::default(), running: [None, None], crashes };
        for host in [0, 1] {
            race.start(host, false)?;
        }
        Ok(race)
    }

    /// Up to the first thing that it wants to do.
    fn start(&mut self, host: usize, recovers: bool) -> Result<(), String> {
        let (told, jobs) = (self.told[host].clone(), self.story.jobs[host].clone());
        self.running[host] = Some(Box::pin(work(self.hosts[host].clone(), jobs, told, recovers)));
        self.step(host)
    }

    fn step(&mut self, host: usize) -> Result<(), String> {
        let Some(running) = &mut self.running[host] else { return Ok(()) };
        let polled = running.as_mut().poll(&mut task::Context::from_waker(Waker::noop()));
        if let task::Poll::Ready(done) = polled {
            self.running[host] = None;
            done?;
        }
        Ok(())
    }

    fn choices(&self) -> impl Iterator<Item = Choice> + use<> {
        let alive = [0, 1].map(|host| self.running[host].is_some());
        let crashes = self.crashes > 0;
        let alive = move || [0, 1].into_iter().filter(move |host| alive[*host]);
        alive().map(Choice::Step).chain(alive().filter(move |_| crashes).map(Choice::Crash))
    }

    fn take(&mut self, choice: Choice) -> Result<(), String> {
        match choice {
            Choice::Step(host) => self.step(host),
            Choice::Crash(host) => {
                self.crashes -= 1;
                self.running[host] = None;
                self.start(host, true)
            }
        }
    }

    fn answered(&self, host: usize) -> usize {
        self.told[host].lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Both are done: what is left, and what it has come to.
    fn end(self) -> Result<Outcome, String> {
        let [one, other] = &self.hosts;
        let latest = one.clock.now().max(other.clock.now());
        let last = Host { takes_turns: false, clock: Arc::new(ManualClock::new(latest)), ..one.clone() };
        last.with(|o| o.faults.clear());
        let deal = finish(&last)?;
        last.with(|o| judge(o, &deal, self.story))
    }
}

/// Follows the choices, the first one where there are no more; tells which of how many was taken each time.
pub fn run(
    story: &Story,
    setting: &Setting,
    mut chosen: impl Iterator<Item = usize>,
) -> (Result<Outcome, String>, Vec<(usize, usize)>) {
    let mut path = Vec::new();
    let mut go = || {
        let mut race = Race::new(story, setting)?;
        loop {
            let choices: Vec<_> = race.choices().collect();
            if choices.is_empty() {
                return race.end();
            }
            if path.len() > 10_000 {
                return Err("the hosts never come to an end".to_owned());
            }
            let taken = chosen.next().unwrap_or(0) % choices.len();
            path.push((taken, choices.len()));
            race.take(choices[taken])?;
        }
    };
    let outcome = go();
    (outcome, path)
}

/// Every schedule there is, depth first. How many.
pub fn every(
    story: &Story,
    setting: &Setting,
    mut visit: impl FnMut(Result<Outcome, String>, &[(usize, usize)]),
) -> usize {
    let mut chosen = Vec::new();
    for count in 1.. {
        let (outcome, mut path) = run(story, setting, chosen.iter().copied());
        visit(outcome, &path);
        while path.last().is_some_and(|(taken, of)| taken + 1 == *of) {
            path.pop();
        }
        chosen = path.iter().map(|(taken, _)| *taken).collect();
        match chosen.last_mut() {
            Some(last) => *last += 1,
            None => return count,
        }
    }
    unreachable!("there are fewer schedules than numbers")
}

/// What comes of it where each job is done as a whole: every order of the jobs.
pub fn serial(story: &Story, setting: &Setting) -> Vec<Outcome> {
    let [ours, theirs] = [0, 1].map(|host| story.jobs[host].len());
    let mut outcomes = Vec::new();
    let uninterrupted = Setting { crashes: 0, faults: Vec::new(), ..setting.clone() };
    for order in 0_u32..1 << (ours + theirs) {
        if order.count_ones() as usize != theirs {
            continue;
        }
        let mut race = Race::new(story, &uninterrupted).unwrap();
        for job in 0..ours + theirs {
            let host = (order >> job & 1) as usize;
            let before = race.answered(host);
            while race.answered(host) == before {
                race.step(host).unwrap();
            }
        }
        let outcome = race.end().unwrap();
        if !outcomes.contains(&outcome) {
            outcomes.push(outcome);
        }
    }
    outcomes
}
