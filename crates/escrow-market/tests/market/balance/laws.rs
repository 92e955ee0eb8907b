//! What holds whatever is asked, and between random deals and the balances of all who earn by them.

use std::collections::{BTreeMap, BTreeSet};

use super::story::tell;
use super::*;
use escrow::deal::command::{
    Accept, AcceptAward, ConfirmPayment, OpenDispute, ProposeAward, RedirectRefund, SetDestination,
    StartPerforming,
};
use escrow::deposit::{DepositId, LegState};
use escrow::terms::{BuyerCancel, Fee, FeePayee, Payer, Terms};
use escrow::{Award, Deal, Policy, Rate, Status};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

fn policy() -> impl Strategy<Value = BalancePolicy> {
    let fee = (0..100_000_u32, 0..3_00_i64).prop_map(|(ppm, fixed)| WithdrawalFee {
        rate: Rate::from_ppm(ppm).unwrap(),
        fixed: Some(rub(fixed)),
        ..WithdrawalFee::default()
    });
    let clears = (prop_oneof![Just(0), 1..2 * DAY], prop::option::of((1..500_000_u32, 1..DAY)));
    (fee, 1..5_u8, prop::option::of(50_00..500_00_i64), 1..30_u16, clears, 1..20_u16).prop_map(
        |(fee, max_open, per_day, codes_per_day, (clearance_s, reserve), guesses_per_day)| BalancePolicy {
            clearance_s,
            guesses_per_day,
            reserve: reserve.map(|(ppm, longer)| RollingReserve {
                rate: Rate::from_ppm(ppm).unwrap(),
                clears_s: clearance_s + longer,
            }),
            fee,
            max_open,
            per_day: per_day.map(rub),
            codes_per_day,
            horizon_s: 3 * DAY,
            ..BalancePolicy::default()
        },
    )
}

/// What may be asked: of everything a kind, and numbers that often fit.
#[derive(Clone, Copy, Debug)]
struct Step {
    kind: u8,
    number: u32,
    minor: i64,
    right: bool,
    wait: u32,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let wait = prop_oneof![14 => 0..60_u32, 1 => 0..2_000_u32, 1 => 0..2 * DAY];
    let step = (0..20_u8, 0..8_u32, 1..300_00_i64, any::<bool>(), wait);
    let step = step.prop_map(|(kind, number, minor, right, wait)| Step { kind, number, minor, right, wait });
    prop::collection::vec(step, 1..80)
}

fn command(balance: &Balance, step: Step, now: Time) -> (Command, Actor) {
    let Step { kind, number, minor, right, .. } = step;
    let last = balance.last_number();
    // the latest, more often than not
    let withdrawal = last.saturating_sub(number.saturating_sub(4));
    let code = balance.withdrawal(withdrawal).map(|w| w.code);
    let (number_of_code, used) = code.map_or((1, 0), |code| (code.number(), code.used()));
    let boris = party("boris");
    match kind {
        0..=3 => {
            let settled_at = now.minus_secs(number * DAY / 2);
            (Credit { settled_at, ..credit(number.into(), 1 + number, 50_00 + minor) }.into(), Actor::Clock)
        }
        4 => {
            // also lowered, cancelled, and old news
            let owed = if right { minor } else { minor % 3 * 40_00 };
            (changed(number.into(), 1, u32::from(minor % 7 > 2) * (number % 4), owed).into(), Actor::Clock)
        }
        5..=8 => (request(last + u32::from(number > 0), minor).into(), boris),
        9 => (new_code(withdrawal, number_of_code + 1).into(), boris),
        10..=14 => {
            let entered = if right { drawn(withdrawal, number_of_code) } else { wrong() };
            (enter(withdrawal, number_of_code, used + 1, entered).into(), boris)
        }
        15 => (Cancel { withdrawal }.into(), boris),
        16 | 17 => (paid(withdrawal).into(), Actor::Gateway),
        18 if right => (declined(withdrawal).into(), Actor::Gateway),
        18 => (returned(withdrawal, &format!("r-{}", minor % 3), minor).into(), Actor::Gateway),
        _ => (Wake {}.into(), Actor::Clock),
    }
}

/// What an outsider knows who reads nothing but the events, one by one.
#[derive(Default)]
struct Book {
    credited: i64,
    to_clear: i64,
    cleared: i64,
    paid_out: i64,
    fees: i64,
    debited: i64,
    reserved: BTreeMap<u32, i64>,
    guesses: BTreeMap<u32, u32>,
    failed: BTreeSet<u32>,
    late: i64,
}

impl Book {
    fn note(&mut self, event: &Event) {
        match event {
            Event::Credited { amount, clears, .. } => {
                self.credited += amount.minor();
                self.to_clear += clears.iter().map(|part| part.amount.minor()).sum::<i64>();
            }
            Event::Debited { amount, .. } => self.debited += amount.minor(),
            Event::Restored { amount, .. } => self.debited -= amount.minor(),
            Event::WithdrawalRequested { withdrawal, amount, fee, .. } => {
                assert!(!fee.is_negative() && fee.minor() < amount.minor());
                assert_eq!(self.reserved.insert(*withdrawal, amount.minor() + fee.minor()), None);
            }
            Event::CodeRefused { withdrawal, .. } => *self.guesses.entry(*withdrawal).or_default() += 1,
            Event::WithdrawalPaid { withdrawal, amount, fee, .. } => {
                self.paid_out += amount.minor();
                self.fees += fee.minor();
                let total = amount.minor() + fee.minor();
                // what was declined is reserved no more: it is taken from what there is
                if self.reserved.remove(withdrawal).is_none() {
                    assert!(self.failed.remove(withdrawal));
                    self.late += total;
                }
            }
            Event::WithdrawalReturned { amount, .. } => self.paid_out -= amount.minor(),
            Event::WithdrawalFailed { withdrawal, amount, fee, .. }
            | Event::WithdrawalCancelled { withdrawal, amount, fee, .. }
            | Event::WithdrawalExpired { withdrawal, amount, fee, .. } => {
                assert_eq!(self.reserved.remove(withdrawal), Some(amount.minor() + fee.minor()));
            }
            Event::Cleared { amount, .. } => self.cleared += amount.minor(),
            Event::Opened { .. }
            | Event::PolicySet { .. }
            | Event::CodeIssued { .. }
            | Event::AnswerDoubted { .. }
            | Event::AnswerConfirmed { .. }
            | Event::WithdrawalSent { .. } => {}
        }
        if let Event::WithdrawalFailed { withdrawal, .. } = event {
            self.failed.insert(*withdrawal);
        }
    }

    fn agrees(&self, balance: &Balance) -> Result<(), TestCaseError> {
        let sums = balance.sums();
        let reserved: i64 = self.reserved.values().sum();
        prop_assert_eq!(
            (sums.credited, sums.paid_out, sums.fees, sums.debited, sums.reserved),
            (self.credited, self.paid_out, self.fees, self.debited, reserved)
        );
        prop_assert_eq!(sums.clearing, self.to_clear - self.cleared);
        let available = self.credited - self.paid_out - self.fees - self.debited - reserved - sums.clearing;
        prop_assert_eq!(sums.available, available);
        prop_assert!(available >= -(self.debited + self.late), "nothing else takes it below zero");
        Ok(())
    }
}

/// Plays the steps from a full balance.
fn play(
    policy: BalancePolicy,
    steps: &[Step],
    mut look: impl FnMut(&Balance, &Balance, &[Event], Time) -> Result<(), TestCaseError>,
) -> Result<Balance, TestCaseError> {
    let mut balance = balance_with(policy);
    let mut now = start();
    for step in steps {
        now = now.plus_secs(step.wait);
        let (command, actor) = command(&balance, *step, now);
        let before = balance.clone();
        let events: Vec<Event> = match balance.handle(&command, &Context::new(now, actor)) {
            Ok(transition) => transition.into_events().into_iter().map(|recorded| recorded.event).collect(),
            Err(_) => Vec::new(),
        };
        prop_assert_eq!(balance.check(), Ok(()));
        look(&before, &balance, &events, now)?;
    }
    Ok(balance)
}

proptest! {
    #[test]
    fn nothing_appears_and_nothing_vanishes(policy in policy(), steps in steps()) {
        let to_clear = balance_with(policy).sums().clearing;
        let mut book = Book { credited: 1_000_00, to_clear, ..Book::default() };
        play(policy, &steps, |_, after, events, _| {
            events.iter().for_each(|event| book.note(event));
            book.agrees(after)
        })?;
        // of any withdrawal, at most three codes of five attempts were tried
        prop_assert!(book.guesses.values().all(|guesses| *guesses <= 15));
    }

    #[test]
    fn nothing_leaves_without_its_code_or_out_of_a_debt(policy in policy(), steps in steps()) {
        play(policy, &steps, |before, after, events, _| {
            for event in events {
                if let Event::WithdrawalSent { withdrawal, code, attempt, amount, .. } = event {
                    let w = after.withdrawal(*withdrawal).unwrap();
                    prop_assert_eq!(w.code.verdict(*code, *attempt), Some(Verdict::Accepted));
                    prop_assert!(w.code.is_accepted() && !before.available().is_negative());
                    prop_assert_eq!(w.amount, *amount);
                }
            }
            Ok(())
        })?;
    }

    #[test]
    fn every_withdrawal_ends_by_timers_and_answers_alone(
        policy in policy(), steps in steps(), declines in any::<bool>(),
    ) {
        let mut balance = play(policy, &steps, |_, _, _, _| Ok(()))?;
        let mut rounds = 0;
        while balance.open_withdrawals().len() > 0 {
            let sent: Vec<u32> = balance.pending().map(|p| p.key.number).collect();
            for number in sent {
                let answer = if declines { declined(number) } else { paid(number) };
                let context = Context::gateway(balance.last_at());
                ok(&mut balance, answer, &context);
            }
            if let Some(deadline) = balance.next_deadline() {
                ok(&mut balance, Wake {}, &Context::clock(deadline));
            }
            rounds += 1;
            prop_assert!(rounds <= 5, "each round ends one at least");
        }
        prop_assert_eq!(balance.reserved(), rub(0));
    }

    #[test]
    fn of_any_24_hours_no_more_leaves_than_may(policy in policy(), steps in steps()) {
        let mut requested: Vec<(u32, Time, i64)> = Vec::new();
        play(policy, &steps, |_, after, events, _| {
            for event in events {
                match event {
                    Event::WithdrawalRequested { withdrawal, amount, .. } => {
                        requested.push((*withdrawal, after.last_at(), amount.minor()));
                    }
                    Event::WithdrawalFailed { withdrawal, .. }
                    | Event::WithdrawalCancelled { withdrawal, .. }
                    | Event::WithdrawalExpired { withdrawal, .. } => {
                        requested.retain(|(number, _, _)| number != withdrawal);
                    }
                    // what the bank gave back has not left
                    Event::WithdrawalReturned { withdrawal, amount, .. } => {
                        let of = requested.iter_mut().filter(|(number, _, _)| number == withdrawal);
                        of.for_each(|(_, _, minor)| *minor -= amount.minor());
                    }
                    _ => {}
                }
            }
            let Some(per_day) = policy.per_day else { return Ok(()) };
            for (_, from, _) in &requested {
                let within = requested.iter().filter(|(_, at, _)| at >= from && *at < from.plus_secs(DAY));
                prop_assert!(within.map(|(_, _, minor)| minor).sum::<i64>() <= per_day.minor());
            }
            Ok(())
        })?;
    }
}

// --- deals and balances -----------------------------------------------------------------------------------------

/// How a random deal ends.
#[derive(Clone, Copy, Debug)]
enum End {
    Accepted,
    CancelledBySeller,
    CancelledByBuyer,
    Awarded(u32),
}

#[derive(Clone, Copy, Debug)]
struct RandomDeal {
    price: i64,
    platform_ppm: u32,
    partner_ppm: u32,
    carved_ppm: u32,
    sells: bool,
    end: End,
}

fn random_deal() -> impl Strategy<Value = RandomDeal> {
    let end = prop_oneof![
        3 => Just(End::Accepted),
        1 => Just(End::CancelledBySeller),
        1 => Just(End::CancelledByBuyer),
        2 => (0..=1_000_000_u32).prop_map(End::Awarded),
    ];
    let rates = (0..100_000_u32, 0..400_000_u32, 0..1_000_000_u32);
    (100..5_000_00_i64, rates, any::<bool>(), end).prop_map(|(price, rates, sells, end)| {
        let (platform_ppm, partner_ppm, share) = rates;
        // what is carved out is never more than its parent, also after both are rounded down
        let carved_ppm = u32::try_from(u64::from(partner_ppm) * u64::from(share) / 1_000_000).unwrap();
        RandomDeal { price, platform_ppm, partner_ppm, carved_ppm, sells, end }
    })
}

impl RandomDeal {
    /// Anna and boris, one of whom sells; the site gets its part, and the processor a part of that.
    fn propose(self, id: u128) -> Deal {
        let (buyer, seller) = if self.sells { ("boris", "anna") } else { ("anna", "boris") };
        let item = escrow::terms::Item::new(text("thing"), rub(self.price), 1);
        let mut draft = crate::common::plain(Policy::shop().buyer_cancel(BuyerCancel::BeforeAcceptance));
        (draft.buyer, draft.seller, draft.items) = (text(buyer), text(seller), vec![item]);
        let rate = |ppm| Rate::from_ppm(ppm).unwrap();
        let site = FeePayee::Partner(text("site"));
        draft.fees = vec![
            Fee::of_price(text("site"), site, rate(self.partner_ppm), Payer::Seller),
            Fee::carved(text("carved"), FeePayee::Processor, rate(self.carved_ppm), text("site")),
            Fee::of_price(text("platform"), FeePayee::Platform, rate(self.platform_ppm), Payer::Seller),
        ];
        let context = Context::new(start(), party(buyer));
        Deal::propose(deal_id(id), Terms::new(draft).unwrap(), &context).unwrap().0
    }

    /// Drives it to its end; all its money goes to balances. Calls `told` after every change.
    fn drive(self, deal: &mut Deal, mut told: impl FnMut(&Deal)) {
        let parties = (party(&deal.terms().buyer), party(&deal.terms().seller));
        let (buyer, seller) = parties;
        let mut act = |deal: &mut Deal, actor: &Actor, command: escrow::Command| {
            let _ = deal.handle(&command, &Context::new(start(), actor.clone())).unwrap();
            told(deal);
        };
        let operator = Actor::Operator(text("olga"));
        let destination = || Some(Destination::Balance);
        let owners = [
            (buyer.clone(), Payee::Buyer),
            (seller.clone(), Payee::Seller),
            (party("site"), Payee::Party(text("site"))),
            (operator.clone(), Payee::Platform),
            (operator.clone(), Payee::Processor),
        ];
        let payment = ConfirmPayment::charged(
            DepositId::BUYER_PAYMENT,
            text("bank"),
            text(&deal.id().to_string()),
            deal.terms().quote().deposit,
        );
        act(deal, &Actor::Gateway, payment.into());
        for (actor, payee) in owners {
            act(deal, &actor, SetDestination::new(payee, destination()).into());
        }
        act(deal, &buyer, RedirectRefund::new(Payee::Buyer, destination()).into());
        act(deal, &seller, StartPerforming {}.into());
        match self.end {
            End::Accepted => act(deal, &buyer, Accept::default().into()),
            End::CancelledBySeller => act(deal, &seller, crate::common::cancel("no")),
            End::CancelledByBuyer => act(deal, &buyer, crate::common::cancel("no")),
            End::Awarded(ppm) => {
                let award = Award::Share(Rate::from_ppm(ppm).unwrap());
                act(deal, &buyer, OpenDispute::new(text("late")).into());
                act(deal, &buyer, ProposeAward::new(award).into());
                act(deal, &seller, AcceptAward::new(award).into());
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// Whatever the deals, whatever is lost, doubled or late: what the balances were credited is what the legs were.
    #[test]
    fn what_legs_give_balances_get(
        deals in prop::collection::vec(random_deal(), 1..6),
        order in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..40),
    ) {
        let party = |id: &str| Holder::Party(text(id));
        let holders = [party("anna"), party("boris"), party("site"), Holder::Platform, Holder::Processor];
        let mut balances: Vec<Balance> =
            holders.iter().map(|holder| open(holder.clone(), BalancePolicy::default())).collect();
        let mut ended = Vec::new();
        let mut messages: Vec<(usize, Command)> = Vec::new();
        for (random, id) in deals.iter().zip(1..) {
            let mut deal = random.propose(id);
            random.drive(&mut deal, |deal| {
                for (n, balance) in balances.iter().enumerate() {
                    messages.extend(balance.follow(deal).map(|command| (n, command)));
                }
            });
            prop_assert!(matches!(deal.status(), Status::Completed | Status::Cancelled | Status::Resolved));
            prop_assert!(deal.legs().iter().all(|leg| leg.state() == LegState::Credited));
            ended.push(deal);
        }
        // some are lost, some come twice, and in any order
        for (pick, _) in order.iter().filter(|_| !messages.is_empty()) {
            let (n, command) = &messages[pick.index(messages.len())];
            ok(&mut balances[*n], command.clone(), &clock(1));
        }
        // every balance hears of every deal in the end, in any order, more than once
        for (first, second) in &order {
            tell(&mut balances[first.index(5)], &ended[second.index(ended.len())]);
        }
        for deal in &ended {
            for balance in &mut balances {
                tell(balance, deal);
            }
        }
        let legs = |of: &dyn Fn(&Deal, &Payee) -> bool| -> i64 {
            let all = ended.iter().flat_map(|d| d.legs().iter().filter(move |leg| of(d, leg.payee())));
            all.map(|leg| leg.amount().minor()).sum()
        };
        for (balance, holder) in balances.iter().zip(&holders) {
            prop_assert_eq!(balance.sums().credited, legs(&|deal, payee| Holder::of(payee, deal) == *holder));
            prop_assert_eq!(balance.check(), Ok(()));
        }
        let credited: i64 = balances.iter().map(|b| b.sums().credited).sum();
        let paid_in: i64 = deals.iter().map(|deal| deal.price).sum();
        // the seller pays the fees, so that the buyer pays the price
        prop_assert_eq!((credited, legs(&|_, _| true)), (paid_in, paid_in));
    }
}
