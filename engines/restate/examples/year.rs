//! A year of a large marketplace, played on the real rules in virtual time.
//!
//! ```sh
//! cargo run --release --manifest-path engines/restate/Cargo.toml --no-default-features --example year -- DEALS WHOLE RATE WORKERS
//! ```
//! `DEALS` are played one by one (100 000), and each stands for its share of `WHOLE` (10 000 000); `RATE` is how many commits
//! a second the store makes (1 000), and `WORKERS` how many orders are under way at once (1 000). The same arguments give the
//! same year.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]
#![allow(clippy::arithmetic_side_effects, reason = "a simulation: an overflow is to be seen")]

use std::collections::{BTreeMap, BTreeSet};

use escrow::deal::command::{
    Accept, Answer, Answered, Cancel, Chargeback, ChargebackStep, ConfirmPayment, OpenDispute,
    StartPerforming, Submit, Wake,
};
use escrow::deposit::{DepositId, TransactionKind};
use escrow::terms::Item;
use escrow::uuid::Uuid;
use escrow::{
    Command, Context, Currency, Deal, DealId, Money, Policy, Status, Terms, TermsDraft, Time, TxId,
};

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
/// Deals that begin in December go on into the next year.
const MINUTES: usize = 2 * 365 * 24 * 60;

/// The fourth Friday of November, from the first day on.
const BLACK_FRIDAY: u64 = 330;
/// What goes wrong: from when on, and how long.
const BANK_DOWN: [(u64, u64); 2] =
    [(BLACK_FRIDAY * DAY + 18 * HOUR, 2 * HOUR), (100 * DAY + 3 * HOUR, 6 * HOUR)];
/// A standby takes over each quarter, and once in the busiest hour.
const STORE_DOWN: [(u64, u64); 5] = [
    (45 * DAY, MINUTE),
    (135 * DAY, MINUTE),
    (225 * DAY, MINUTE),
    (BLACK_FRIDAY * DAY + 20 * HOUR, MINUTE),
    (345 * DAY, MINUTE),
];
/// One order in so many is sent by a worker that dies before it hears the answer.
const DEATHS: u64 = 5_000;
/// Until its lease runs out.
const LEASE: u64 = 30_000;

/// How many deals begin in each hour of a day, in parts of a thousand.
const HOURS: [u64; 24] =
    [12, 8, 6, 5, 5, 8, 15, 28, 40, 50, 56, 58, 58, 56, 54, 54, 56, 60, 68, 78, 82, 70, 48, 25];

fn day_weight(day: u64) -> u64 {
    match day {
        BLACK_FRIDAY => 10_000,
        331 | 332 => 4_000,
        333 => 6_000,
        334..358 => 2_000,
        _ if day % 7 >= 5 => 1_200,
        _ => 1_000,
    }
}

/// Which minute it is.
fn minute(at: u64) -> usize {
    usize::try_from(at / MINUTE).unwrap()
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap()
}

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }

    fn weighted(&mut self, weights: impl Iterator<Item = u64> + Clone) -> u64 {
        let mut left = self.below(weights.clone().sum());
        for (place, weight) in (0..).zip(weights) {
            if left < weight {
                return place;
            }
            left -= weight;
        }
        unreachable!("less than the sum")
    }
}

/// When something that comes in an outage is done.
fn after(outages: &[(u64, u64)], at: u64) -> u64 {
    outages
        .iter()
        .find(|(from, long)| (*from..from + long).contains(&at))
        .map_or(at, |(from, long)| from + long)
}

#[derive(Default)]
struct Year {
    share: u64,
    commits: Vec<u64>,
    orders: Vec<u64>,
    opened: Vec<i64>,
    events: u64,
    timers: u64,
    asked_again: u64,
    moved: u64,
    repeats: u64,
    bytes: Vec<(usize, usize)>,
    ends: BTreeMap<&'static str, u64>,
}

/// A deal on its way through the year, with its books at the bank.
struct Play<'y> {
    year: &'y mut Year,
    dice: &'y mut Dice,
    start: Time,
    deal: Deal,
    at: u64,
    journal: usize,
    came: i64,
    went: i64,
    paid: BTreeSet<TxId>,
}

impl Play<'_> {
    fn now(&self) -> Time {
        self.start.plus_millis(self.at)
    }

    fn party(&self, name: &str) -> Context {
        Context::party(self.now(), name.parse().unwrap())
    }

    fn act(&mut self, command: impl Into<Command>, context: &Context) {
        self.at = after(&STORE_DOWN, self.at);
        let command = command.into();
        let done = self.deal.handle(&command, context);
        let done = done.unwrap_or_else(|refused| panic!("{command:?} in {}: {refused}", self.deal.status()));
        self.year.commits[minute(self.at)] += self.year.share;
        self.year.events += count(done.events().len());
        self.journal +=
            done.events().iter().map(|event| serde_json::to_string(event).unwrap().len()).sum::<usize>();
        self.carry_out();
    }

    /// Every order, until all have their answers: asked again after an outage, and by the next worker after a death.
    fn carry_out(&mut self) {
        loop {
            let next =
                self.deal.pending().next().map(|order| (order.number(), order.amount.minor(), order.kind));
            let Some((number, amount, kind)) = next else { return };
            self.year.orders[minute(self.at)] += self.year.share;
            let answers = after(&BANK_DOWN, self.at);
            if answers > self.at {
                // twice as long each time, up to an hour: the last wait is what it comes late by
                let waited = answers - self.at;
                let tries = u64::from((waited / 2_000).max(1).ilog2() + 1);
                self.year.asked_again += tries;
                self.at = answers + self.dice.below(waited.min(HOUR));
            }
            let dies = self.dice.below(DEATHS) == 0;
            self.send(number, amount, kind);
            if dies {
                // the next worker asks again once the lease has run out, under the same key
                self.year.repeats += 1;
                self.at += LEASE;
                self.send(number, amount, kind);
            }
            self.at += 300;
            let reference = format!("bank-{}-{number}", self.deal.id()).parse().unwrap();
            let context = Context::gateway(self.now());
            self.act(Answer::new(number, Answered::Succeeded(reference)), &context);
        }
    }

    /// The bank knows its keys: what is sent again moves nothing again.
    fn send(&mut self, number: TxId, amount: i64, kind: TransactionKind) {
        if !self.paid.insert(number) {
            return;
        }
        self.year.moved += 1;
        match kind {
            TransactionKind::Refund | TransactionKind::Payout | TransactionKind::Fee => self.went += amount,
            TransactionKind::Hold
            | TransactionKind::Charge
            | TransactionKind::Capture
            | TransactionKind::Void => {}
        }
    }

    /// Nobody does anything until the deadline.
    fn silence(&mut self) {
        let Some(deadline) = self.deal.next_deadline() else { return };
        self.at = deadline.millis_since(self.start).max(self.at);
        self.year.timers += 1;
        let context = Context::clock(self.now());
        self.act(Wake {}, &context);
    }

    fn later(&mut self, at_most: u64) {
        self.at += self.dice.below(at_most);
    }
}

fn play(year: &mut Year, dice: &mut Dice, start: Time, number: u64) {
    let day = dice.weighted((0..365).map(day_weight));
    let hour = dice.weighted(HOURS.into_iter());
    let at = day * DAY + hour * HOUR + dice.below(HOUR);
    let price = Money::from_minor(i64::try_from(500_00 + dice.below(50_000_00)).unwrap(), Currency::RUB);
    let items = vec![Item::new("Phone".parse().unwrap(), price, 1)];
    let parties = ("anna".parse().unwrap(), "shop".parse().unwrap());
    let mut draft = TermsDraft::new(parties.0, parties.1, Currency::RUB, items, Policy::shop());
    let fee = r#"[{"id":"platform","payee":"platform","rate":"5%","base":"price","payer":"seller","on_refund":"return"}]"#;
    draft.fees = serde_json::from_str(fee).unwrap();
    let id = DealId::new(Uuid::from_u128(u128::from(number)));
    let context = Context::party(start.plus_millis(at), "shop".parse().unwrap());
    let (deal, first) = Deal::propose(id, Terms::new(draft).unwrap(), &context).unwrap();
    year.commits[minute(at)] += year.share;
    year.opened[minute(at)] += 1;
    year.events += count(first.events().len());
    let journal = first.events().iter().map(|event| serde_json::to_string(event).unwrap().len()).sum();
    let mut play = Play { year, dice, start, deal, at, journal, came: 0, went: 0, paid: BTreeSet::new() };
    tell(&mut play, price, number);

    // the promise: whatever went wrong, it is over, and what came in went out
    let Play { deal, at, journal, came, went, .. } = play;
    assert!(is_over(&deal), "{}", deal.status());
    assert!(!deal.holds_anything() && came == went, "{came} came in, and {went} went out");
    *year.ends.entry(deal.status().as_str()).or_default() += 1;
    year.opened[minute(at)] -= 1;
    year.bytes.push((serde_json::to_string(&deal).unwrap().len(), journal));
}

/// One of the ways that a deal goes.
fn tell(play: &mut Play<'_>, price: Money, number: u64) {
    let path = play.dice.below(100);
    if path < 3 {
        // nobody pays
        play.silence();
        return;
    }
    play.later(20 * MINUTE);
    let reference: escrow::deposit::Reference = format!("payment-{number}").parse().unwrap();
    let paid =
        ConfirmPayment::charged(DepositId::BUYER_PAYMENT, "bank".parse().unwrap(), reference.clone(), price);
    play.came += price.minor();
    let context = Context::gateway(play.now());
    play.act(paid, &context);
    if path < 7 {
        play.later(10 * HOUR);
        let anna = play.party("anna");
        play.act(Cancel::default(), &anna);
        return;
    }
    if path < 8 {
        // nobody sends: the buyer gets it back
        play.silence();
        over(play);
        return;
    }
    play.later(2 * DAY);
    let shop = play.party("shop");
    play.act(StartPerforming {}, &shop);
    play.later(5 * DAY);
    let work = r#"{"number":1,"revision":{"preview":"photo","original":"receipt","digest":"sha256:aa01"}}"#;
    let shop = play.party("shop");
    play.act(serde_json::from_str::<Submit>(work).unwrap(), &shop);
    match path {
        8..78 => {
            play.later(5 * HOUR);
            let anna = play.party("anna");
            play.act(Accept::default(), &anna);
        }
        78..97 => play.silence(),
        _ => {
            play.later(5 * HOUR);
            let anna = play.party("anna");
            play.act(serde_json::from_str::<OpenDispute>(r#"{"reason":"broken"}"#).unwrap(), &anna);
        }
    }
    over(play);
    if path == 77 {
        // the payer's bank takes it back, and the seller owes it
        play.later(30 * DAY);
        let id = format!("case-{number}").parse().unwrap();
        let case = Chargeback::new(id, ("bank".parse().unwrap(), reference), price, ChargebackStep::Opened);
        let context = Context::gateway(play.now());
        play.act(case, &context);
    }
}

fn is_over(deal: &Deal) -> bool {
    matches!(
        deal.status(),
        Status::Completed | Status::Cancelled | Status::Resolved | Status::Declined | Status::Expired
    )
}

/// Silence decides whatever is open.
fn over(play: &mut Play<'_>) {
    while play.deal.next_deadline().is_some() && !is_over(&play.deal) {
        play.silence();
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<u64>().expect("a number"));
    let deals = arguments.next().unwrap_or(100_000).max(1);
    let whole = arguments.next().unwrap_or(10_000_000).max(deals);
    let rate = arguments.next().unwrap_or(1_000).max(1);
    let workers = arguments.next().unwrap_or(1_000).max(1);
    let empty = || vec![0; MINUTES];
    let mut year = Year {
        share: whole / deals,
        commits: empty(),
        orders: empty(),
        opened: vec![0; MINUTES],
        ..Year::default()
    };
    let (mut dice, start) = (Dice(2026), Time::parse("2026-01-01T00:00:00Z").unwrap());
    (0..deals).for_each(|number| play(&mut year, &mut dice, start, number));
    report(&year, deals, rate, workers);
}

fn report(year: &Year, deals: u64, rate: u64, workers: u64) {
    let share = year.share;
    println!("{deals} deals were played, each for {share}: a year of {} deals", deals * share);
    println!("  how they ended: {:?}", year.ends);
    println!("  every one is over, and of each what came in went out");
    let commits: u64 = year.commits.iter().sum();
    println!(
        "\nin the whole year: {commits} commits, {} events, {} orders, {} timers",
        year.events * share,
        year.moved * share,
        year.timers * share
    );
    println!(
        "  asked again while the bank was down: {}; by the next worker: {}",
        year.asked_again * share,
        year.repeats * share
    );
    let busiest = |minutes: &[u64]| {
        let (at, most) = (0_u64..).zip(minutes).max_by_key(|(_, count)| **count).unwrap();
        (at / 24 / 60, at / 60 % 24, most / 60)
    };
    // a played deal stands for many, so a minute is as rough as its share: the hour is what counts
    let hours: Vec<u64> = year.commits.chunks(60).map(|hour| hour.iter().sum()).collect();
    let (hour, most) = (0..).zip(&hours).max_by_key(|(_, count)| **count).unwrap();
    let (day, at, peak) = busiest(&year.commits);
    println!(
        "\ncommits a second: {} on average, {} in the busiest hour (day {}, hour {}), {peak} in the busiest minute (day {day}, hour {at})",
        commits / (365 * 24 * 3_600),
        most / 3_600,
        hour / 24,
        hour % 24
    );
    let (mut left, mut longest) = (0_u64, 0);
    for (minute, count) in (0_u64..).zip(&year.commits) {
        let down = STORE_DOWN.iter().any(|(from, _)| from / MINUTE == minute);
        left = (left + count).saturating_sub(if down { 0 } else { rate * 60 });
        longest = longest.max(left);
    }
    println!("  at {rate} a second the longest queue is {longest} commits, {} s", longest / rate);
    let (day, at, orders) = busiest(&year.orders);
    // an order is under way for the bank's 300 ms
    println!(
        "orders a second: {orders} in the busiest minute (day {day}, hour {at}), {} under way at once, of {workers} that may be",
        orders * 3 / 10 + 1
    );
    let (mut open, mut most) = (0, 0);
    for change in &year.opened {
        open += change;
        most = most.max(open);
    }
    println!("open at once: {} at most", most * i64::try_from(share).unwrap());
    let number = year.bytes.len();
    let state = year.bytes.iter().map(|(state, _)| state).sum::<usize>() / number;
    let journal = year.bytes.iter().map(|(_, journal)| journal).sum::<usize>() / number;
    let all = count(state + journal) * deals * share / 1_000_000_000;
    println!(
        "\nstored: {state} B of state and {journal} B of journal for a deal on average, {all} GB in the year, without indexes"
    );
}
