//! A balance follows the debts of its holder: raised, raised further, lowered, cancelled, paid from elsewhere or out of the
//! balance, and every way in which a delivery goes wrong.

use super::story::tell;
use super::*;
use crate::common::{B, World, answer, buyer, chargeback, destination, plain, seller, succeeded};
use escrow::deal::command::{Accept, ChargebackStep, DestinationUse, Returned as Bounced, SettleReceivable};
use escrow::deposit::{LegState, TransactionKind};
use escrow::{Policy, Rejection as Refused, Status};
use proptest::prelude::*;

/// A lamp of 1 000.00 is sold and paid out; the seller has the money on the balance.
fn sold() -> (World, Balance) {
    let mut w = World::performing(plain(Policy::shop()));
    w.act(&seller(), destination(Payee::Seller, DestinationUse::Payouts, Some(Destination::Balance)));
    w.act(&buyer(), Accept::default());
    let mut balance = empty(BalancePolicy::default());
    assert_eq!(tell(&mut balance, &w.deal), 1);
    assert_eq!(funds(&balance), (1_000_00, 0));
    (w, balance)
}

fn told(w: &mut World, minor: i64, step: ChargebackStep) {
    w.act(&Actor::Gateway, chargeback("cb-1", "pay-1", minor, step));
}

fn settle(w: &mut World, minor: i64, reference: &str) {
    let settled = SettleReceivable::new(1, rub(minor), text(reference));
    w.act(&Actor::Operator(text("olga")), settled);
}

#[test]
fn a_debt_is_taken_and_given_back_as_it_changes() {
    let (mut w, mut balance) = sold();
    // the bank takes 700 of 1 000: the seller owes them
    told(&mut w, 700_00, ChargebackStep::Lost);
    assert_eq!(tell(&mut balance, &w.deal), 1);
    assert_eq!((funds(&balance), balance.sums().debited), ((300_00, 0), 700_00));
    // and gives 200 of them back: 500 are owed
    told(&mut w, 200_00, ChargebackStep::Reinstated);
    assert_eq!(tell(&mut balance, &w.deal), 1);
    assert_eq!((funds(&balance), balance.sums().debited), ((500_00, 0), 500_00));
    // another chargeback takes 300 more: a debt of its own
    w.act(&Actor::Gateway, chargeback("cb-2", "pay-1", 300_00, ChargebackStep::Lost));
    tell(&mut balance, &w.deal);
    assert_eq!((funds(&balance), balance.sums().debited), ((200_00, 0), 800_00));
    // 1 000 = 200 + 0 + 0 + 0 + 800
    assert!(balance.sums().are_conserved());
}

#[test]
fn a_cancelled_debt_gives_back_all_that_it_took() {
    let (mut w, mut balance) = sold();
    told(&mut w, 1_000_00, ChargebackStep::Lost);
    tell(&mut balance, &w.deal);
    assert_eq!(funds(&balance), (0, 0));
    told(&mut w, 1_000_00, ChargebackStep::Reinstated);
    assert_eq!(tell(&mut balance, &w.deal), 1);
    assert_eq!((funds(&balance), balance.sums().debited), ((1_000_00, 0), 0));
}

#[test]
fn a_debt_that_was_never_heard_of_and_is_cancelled_takes_nothing() {
    let (mut w, mut balance) = sold();
    let late: Vec<Command> = {
        told(&mut w, 1_000_00, ChargebackStep::Lost);
        balance.follow(&w.deal).collect()
    };
    told(&mut w, 1_000_00, ChargebackStep::Reinstated);
    // its end is known before its beginning
    assert_eq!(tell(&mut balance, &w.deal), 1);
    for command in late {
        stands(&mut balance, command, &clock(DAY));
    }
    assert_eq!((funds(&balance), balance.sums().debited), ((1_000_00, 0), 0));
}

#[test]
fn what_was_paid_from_elsewhere_is_given_back() {
    let (mut w, mut balance) = sold();
    told(&mut w, 1_000_00, ChargebackStep::Lost);
    tell(&mut balance, &w.deal);
    // the seller pays 400 of the debt by a transfer
    settle(&mut w, 400_00, "transfer-1");
    assert_eq!(tell(&mut balance, &w.deal), 1);
    // 1 000 − 1 000 + 400
    assert_eq!((funds(&balance), balance.sums().debited), ((400_00, 0), 600_00));
    // 200 are reinstated: 800 stand, 400 of them are paid
    told(&mut w, 200_00, ChargebackStep::Reinstated);
    tell(&mut balance, &w.deal);
    assert_eq!((funds(&balance), balance.sums().debited), ((600_00, 0), 400_00));
}

#[test]
fn what_was_paid_out_of_the_balance_is_not_given_back() {
    let (mut w, mut balance) = sold();
    told(&mut w, 1_000_00, ChargebackStep::Lost);
    tell(&mut balance, &w.deal);
    // the host passes on what the balance was debited, in two parts, and tells the deal
    let (first, second) = (balance.reference(1), balance.reference(2));
    settle(&mut w, 300_00, &first);
    settle(&mut w, 700_00, &second);
    assert_eq!(w.deal.receivables().count(), 0);
    assert_eq!(tell(&mut balance, &w.deal), 0);
    assert_eq!((funds(&balance), balance.sums().debited), ((0, 0), 1_000_00));
    // the bank reinstates all of it: it is back on the balance
    told(&mut w, 1_000_00, ChargebackStep::Reinstated);
    tell(&mut balance, &w.deal);
    assert_eq!((funds(&balance), balance.sums().debited), ((1_000_00, 0), 0));
}

#[test]
fn another_balances_payment_is_one_from_elsewhere() {
    let (mut w, mut balance) = sold();
    told(&mut w, 1_000_00, ChargebackStep::Lost);
    tell(&mut balance, &w.deal);
    let id = BalanceId::new(Uuid::from_u128(0xBB));
    let (holder, policy) = (Holder::Platform, BalancePolicy::default());
    let other = Balance::open(id, holder, Currency::RUB, policy, &clock(0)).unwrap().0;
    settle(&mut w, 250_00, &other.reference(1));
    tell(&mut balance, &w.deal);
    assert_eq!(funds(&balance), (250_00, 0));
}

/// A payout that the bank returns is credited, and the debt of a payee who had it twice is cancelled.
#[test]
fn a_payout_that_comes_back_is_credited_to_the_balance() {
    let mut w = World::performing(plain(Policy::shop()));
    w.act(&buyer(), Accept::default());
    let payout = w.order(TransactionKind::Payout, &Payee::Seller);
    w.done(payout);
    assert_eq!(w.status(), Status::Completed);
    let mut balance = empty(BalancePolicy::default());
    assert_eq!(tell(&mut balance, &w.deal), 0);
    // the account was closed; nobody names another one until the settlement deadline
    w.act(&Actor::Gateway, Bounced::new(TxId::new(payout), rub(1_000_00), text("r-1")));
    assert_eq!(tell(&mut balance, &w.deal), 0);
    w.wait_for_deadline();
    assert_eq!(tell(&mut balance, &w.deal), 1);
    assert_eq!((w.status(), funds(&balance)), (Status::Completed, (1_000_00, 0)));
}

#[test]
fn a_payout_that_was_credited_and_paid_after_all_is_owed_until_it_comes_back() {
    let mut w = World::performing(plain(Policy::shop()));
    w.act(&buyer(), Accept::default());
    let payout = w.order(TransactionKind::Payout, &Payee::Seller);
    w.decline(payout);
    w.wait_for_deadline();
    let mut balance = empty(BalancePolicy::default());
    tell(&mut balance, &w.deal);
    assert_eq!(w.legs(), [(B, Payee::Seller, Purpose::Payout, 1_000_00, LegState::Credited)]);
    assert_eq!(funds(&balance), (1_000_00, 0));
    // the gateway had paid it: the seller has it twice
    w.act(&Actor::Gateway, answer(payout, succeeded("late")));
    assert_eq!(tell(&mut balance, &w.deal), 1);
    assert_eq!((funds(&balance), balance.sums().debited), ((0, 0), 1_000_00));
    // 300 of the payment come back, and then the rest
    w.act(&Actor::Gateway, Bounced::new(TxId::new(payout), rub(300_00), text("r-1")));
    tell(&mut balance, &w.deal);
    assert_eq!(funds(&balance), (300_00, 0));
    w.act(&Actor::Gateway, Bounced::new(TxId::new(payout), rub(700_00), text("r-2")));
    tell(&mut balance, &w.deal);
    assert_eq!((funds(&balance), balance.sums().debited), ((1_000_00, 0), 0));
}

#[test]
fn one_state_of_a_debt_counts_once_and_an_older_one_never() {
    let mut balance = balance();
    ok(&mut balance, debit(9, 1, 500_00), &clock(1));
    ok(&mut balance, changed(9, 1, 2, 200_00), &clock(2));
    // 1 000 − 200
    assert_eq!((funds(&balance), balance.sums().debited), ((800_00, 0), 200_00));
    for late in [debit(9, 1, 500_00), changed(9, 1, 1, 900_00), changed(9, 1, 2, 200_00)] {
        stands(&mut balance, late, &clock(3));
    }
    // the same state with another sum is no repeat, nor is one that began at another time
    let reused = Rejection::FactReused { fact: Fact::Receivable { deal: deal_id(9), number: 1 } };
    assert_eq!(refused(&mut balance, changed(9, 1, 2, 200_01), &clock(4)), reused);
    let moved = Debit { since: after(1), ..changed(9, 1, 3, 200_00) };
    assert_eq!(refused(&mut balance, moved, &clock(4)), reused);
    ok(&mut balance, changed(9, 1, 3, 700_00), &clock(5));
    ok(&mut balance, changed(9, 1, 4, 0), &clock(6));
    assert_eq!((funds(&balance), balance.sums().debited), ((1_000_00, 0), 0));
}

/// Lowered and raised again while nobody listened: nothing moves, and what was between comes too late.
#[test]
fn a_debt_that_is_as_it_was_is_known_as_the_later_one() {
    let mut balance = balance();
    ok(&mut balance, debit(9, 1, 500_00), &clock(1));
    let events = ok(&mut balance, changed(9, 1, 2, 500_00), &clock(2));
    assert!(matches!(&events[..], [Event::Restored { amount, .. }] if amount.is_zero()), "{events:?}");
    stands(&mut balance, changed(9, 1, 1, 100_00), &clock(3));
    assert_eq!(funds(&balance), (500_00, 0));
}

#[test]
fn a_debit_is_checked() {
    let mut balance = balance();
    assert_eq!(refused(&mut balance, debit(9, 1, 0), &clock(0)), Rejection::AmountNotPositive);
    assert_eq!(refused(&mut balance, changed(9, 1, 3, -1), &clock(0)), Rejection::AmountNotPositive);
    for amount in [usd(0), usd(1_00)] {
        let dollars = Debit { amount, ..changed(9, 1, 3, 0) };
        assert_eq!(refused(&mut balance, dollars, &clock(0)), Rejection::OtherCurrency);
    }
    let max = changed(9, 1, 0, i64::MAX);
    ok(&mut balance, max, &clock(0));
    assert_eq!(refused(&mut balance, debit(9, 2, i64::MAX), &clock(0)), Rejection::SumTooLarge);
}

#[test]
fn the_deal_recognises_the_payment_out_of_the_balance() {
    let (mut w, balance) = sold();
    told(&mut w, 1_000_00, ChargebackStep::Lost);
    let paid = SettleReceivable::new(1, rub(600_00), text(&balance.reference(1)));
    w.act(&Actor::Gateway, paid.clone());
    w.repeat(&Actor::Gateway, paid);
    let other = SettleReceivable::new(1, rub(100_00), text(&balance.reference(1)));
    let contradicts = escrow::deal::Contradiction::Amount { recorded: rub(600_00), told: rub(100_00) };
    assert_eq!(w.refuse(&Actor::Gateway, other), Refused::FactContradicts(contradicts));
    assert_eq!(w.deal.receivables().next().unwrap().open(), rub(400_00));
}

/// What happens to the debts of a sold lamp.
#[derive(Clone, Copy, Debug)]
enum Told {
    Opened { case: u8, minor: i64 },
    Lost { case: u8, minor: i64 },
    Reinstated { case: u8, minor: i64 },
    Settled { debt: u32, minor: i64, own: bool },
}

fn facts() -> impl Strategy<Value = Vec<Told>> {
    let (case, minor) = (0..4_u8, 1..1_000_00_i64);
    let told = prop_oneof![
        1 => (case.clone(), minor.clone()).prop_map(|(case, minor)| Told::Opened { case, minor }),
        4 => (case.clone(), minor.clone()).prop_map(|(case, minor)| Told::Lost { case, minor }),
        2 => (case, minor.clone()).prop_map(|(case, minor)| Told::Reinstated { case, minor }),
        2 => (1..6_u32, minor, any::<bool>())
            .prop_map(|(debt, minor, own)| Told::Settled { debt, minor, own }),
    ];
    prop::collection::vec(told, 1..16)
}

/// What an outsider works out of the deal alone: what stands of the seller's debts, less what was paid from elsewhere.
fn should_be_debited(w: &World, own: &str) -> i64 {
    let debts = w.deal.debts().iter().filter(|d| d.debtor == Payee::Seller);
    let of = |debt: &escrow::deal::Debt| {
        let elsewhere = debt.payments().filter(|(reference, _)| !reference.starts_with(own));
        (debt.amount.minor() - elsewhere.map(|(_, minor)| minor).sum::<i64>()).max(0)
    };
    debts.map(of).sum()
}

/// A balance that listens like this.
type Listener = fn(&mut Balance, &[Command]);

fn hears_all(balance: &mut Balance, commands: &[Command]) {
    for command in commands {
        let _ = balance.handle(command, &clock(90 * DAY));
    }
}

/// The bug: it takes what a debt takes, and never gives back.
fn never_gives_back(balance: &mut Balance, commands: &[Command]) {
    for command in commands {
        let mut after = balance.clone();
        let Ok(transition) = after.handle(command, &clock(90 * DAY)) else { continue };
        if !transition.events().iter().any(|r| matches!(r.event, Event::Restored { .. })) {
            *balance = after;
        }
    }
}

/// The bug: it takes every message for news.
fn counts_what_is_old(balance: &mut Balance, commands: &[Command]) {
    for command in commands {
        let mut command = command.clone();
        if let Command::Debit(debit) = &mut command {
            debit.revision += 100;
            while balance.handle(&command, &clock(90 * DAY)).is_ok_and(|t| t.is_empty()) {
                let Command::Debit(debit) = &mut command else { break };
                debit.revision += 100;
            }
        } else {
            let _ = balance.handle(&command, &clock(90 * DAY));
        }
    }
}

/// Whatever becomes of the debts, and whatever is lost, doubled or late: in the end the balance is debited what stands.
fn law(facts: &[Told], order: &[prop::sample::Index], hears: Listener) -> Result<(), String> {
    let (mut w, mut balance) = sold();
    let own = balance.reference(1);
    let own = own.trim_end_matches('1');
    let silent = balance.clone();
    let mut messages: Vec<Command> = Vec::new();
    for (n, told) in facts.iter().enumerate() {
        let step = |case: u8, minor, step| chargeback(&format!("cb-{case}"), "pay-1", minor, step);
        let command: escrow::Command = match *told {
            Told::Opened { case, minor } => step(case, minor, ChargebackStep::Opened),
            Told::Lost { case, minor } => step(case, minor, ChargebackStep::Lost),
            Told::Reinstated { case, minor } => step(case, minor, ChargebackStep::Reinstated),
            Told::Settled { debt, minor, own: by_own } => {
                let reference = if by_own { format!("{own}{n}") } else { format!("transfer-{n}") };
                SettleReceivable::new(debt, rub(minor), text(&reference)).into()
            }
        };
        // many are refused, such as a reinstatement of what was not lost
        let _ = w.attempt(&Actor::Gateway, command);
        messages.extend(silent.follow(&w.deal));
    }
    let some: Vec<Command> =
        order.iter().filter(|_| !messages.is_empty()).map(|pick| pick.get(&messages).clone()).collect();
    hears(&mut balance, &some);
    let news: Vec<Command> = balance.follow(&w.deal).collect();
    hears(&mut balance, &news);
    // and what is delivered after everything
    hears(&mut balance, &some);
    let (is, should) = (balance.sums().debited, should_be_debited(&w, own));
    let available = 1_000_00 - should;
    if balance.check().is_err() || (is, balance.available().minor()) != (should, available) {
        return Err(format!("{is} is debited, and {should} should be: {facts:?}"));
    }
    Ok(())
}

fn orders() -> impl Strategy<Value = Vec<prop::sample::Index>> {
    prop::collection::vec(any::<prop::sample::Index>(), 0..24)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_is_debited_is_what_stands(facts in facts(), order in orders()) {
        prop_assert_eq!(law(&facts, &order, hears_all), Ok(()));
    }
}

/// The law finds a balance that keeps what is cancelled, and one that counts old news.
#[test]
fn the_law_finds_planted_faults() {
    use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
    let faults: [Listener; 2] = [never_gives_back, counts_what_is_old];
    for planted in faults {
        let config = Config { failure_persistence: None, ..Config::with_cases(500) };
        let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        let mut runner = TestRunner::new_with_rng(config, rng);
        let found = runner.run(&(facts(), orders()), |(facts, order)| {
            law(&facts, &order, planted).map_err(TestCaseError::fail)
        });
        assert!(found.is_err());
    }
}
