//! What holds of every history of a balance, and of a basket.

use std::collections::BTreeMap;

use escrow::deal::command::{Answered, ChargebackStep, Wake};
use escrow::deposit::{DepositId, Purpose};
use escrow::{Actor, Context, Currency, DealId, Destination, Money, Payee, Rate, Time, TxId};
use escrow_ledger::{Booked, Ledger};
use escrow_market::balance::command::{Confirm, Credit, Debit, Request, Returned};
use escrow_market::balance::{BalancePolicy, Holder, RollingReserve, WithdrawalFee};
use escrow_market::basket::{BasketDraft, Line, command as basket};
use escrow_market::code::{Attempt, CodeHash, PlainCode, Salt};
use escrow_market::{Balance, BalanceId, Basket, BasketId, balance};
use proptest::prelude::*;

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
    DealId::new(escrow::uuid::Uuid::from_u128(n))
}

/// A kind of command, a small number, a sum, and how many seconds later.
type Steps = Vec<(u8, u32, i64, u32)>;

fn steps() -> impl Strategy<Value = Steps> {
    let wait = prop_oneof![6 => 0..60_u32, 2 => 0..4_000_u32, 1 => 0..200_000_u32];
    prop::collection::vec((0..16_u8, 0..6_u32, 1..120_00_i64, wait), 1..60)
}

/// Gives a command, and books what follows; a refusal moves nothing.
fn book<M: Booked>(ledger: &mut Ledger, machine: &mut M, command: &M::Command, context: &Context) {
    let before = machine.clone();
    if let Ok(told) = machine.handle(command, context) {
        ledger.record_all(&before, told.events());
    }
}

/// Every entry balances, and the accounts of this beginning are these sums.
fn agrees(ledger: &Ledger, prefix: &str, sums: &[(&str, i64)]) -> Result<(), TestCaseError> {
    prop_assert!(ledger.entries().iter().all(escrow_ledger::Entry::is_balanced));
    let trial = ledger.trial_balance();
    let own = trial.iter().filter_map(|((a, _), sum)| Some((a.strip_prefix(prefix)?, -sum.minor())));
    let own: BTreeMap<&str, i64> = own.collect();
    let sums: BTreeMap<&str, i64> = sums.iter().filter(|(_, sum)| *sum != 0).copied().collect();
    prop_assert_eq!(own, sums);
    Ok(())
}

fn of_balance(
    balance: &Balance,
    (kind, n, minor, _): (u8, u32, i64, u32),
    now: Time,
) -> (balance::Command, Actor) {
    let code = || PlainCode::new("402913").unwrap();
    let hash = CodeHash::new(&code(), Salt::new([7; 16]));
    let last = balance.last_number();
    let withdrawal = last.saturating_sub(n / 3);
    let gateway = Actor::Gateway;
    match kind {
        0..=3 => {
            let (deal, transaction) = (deal_id(n.into()), TxId::new(u32::from(kind) + 1));
            let credit =
                Credit { deal, transaction, purpose: Purpose::Payout, amount: eur(minor), settled_at: now };
            (credit.into(), Actor::Clock)
        }
        4 | 5 => {
            let (payee, purpose) = (Payee::Platform, Purpose::Chargeback);
            let (deal, revision) = (deal_id((n % 2).into()), n);
            let debit =
                Debit { deal, receivable: 1, revision, payee, purpose, amount: eur(minor), since: noon() };
            (debit.into(), Actor::Clock)
        }
        6..=8 => {
            let (amount, destination) = (eur(minor), Destination::Card(text("card")));
            (Request { number: last + 1, amount, destination, code: hash }.into(), Actor::Party(text("a")))
        }
        9..=11 => {
            let number = balance.withdrawal(withdrawal).map_or(1, |w| w.code.used() + 1);
            let attempt = Attempt { code: 1, number, entered: code() };
            (Confirm { withdrawal, attempt }.into(), Actor::Party(text("a")))
        }
        12 | 13 => {
            let result =
                if minor % 3 == 0 { Answered::Declined(text("no")) } else { Answered::Succeeded(text("po")) };
            (balance::command::Answer { withdrawal, result }.into(), gateway)
        }
        14 => (Returned { withdrawal, amount: eur(minor), reference: text("r") }.into(), gateway),
        _ => (Wake {}.into(), Actor::Clock),
    }
}

fn of_basket((kind, n, minor, _): (u8, u32, i64, u32)) -> (basket::Command, Actor) {
    let reference = text(&format!("p-{}", n % 3));
    let gateway = Actor::Gateway;
    match kind {
        0..=3 => {
            let amount = eur([30_00, 70_00, 100_00, minor][usize::from(kind)]);
            (basket::ConfirmPayment::charged(text("bank"), reference, amount).into(), gateway)
        }
        4..=8 => {
            let steps =
                [ChargebackStep::Opened, ChargebackStep::Lost, ChargebackStep::Lost, ChargebackStep::Won];
            let step = steps.get(usize::from(kind - 4)).copied().unwrap_or(ChargebackStep::Reinstated);
            let id = text(&format!("c-{n}"));
            (basket::Chargeback::new(id, (text("bank"), reference), eur(minor), step).into(), gateway)
        }
        9..=12 => {
            let result =
                if kind == 9 { Answered::Declined(text("no")) } else { Answered::Succeeded(text("re")) };
            (basket::Answer::new(n, result).into(), gateway)
        }
        13 if minor % 2 == 0 => (basket::Returned::new(n, eur(minor / 4 + 1), text("b")).into(), gateway),
        13 => (basket::Retry { refund: n }.into(), Actor::Operator(text("olga"))),
        14 => (basket::Leave { deal: deal_id((n % 3).into()) }.into(), Actor::Clock),
        _ => (Wake {}.into(), Actor::Clock),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_trial_balance_is_the_sums_of_a_balance(steps in steps(), clears in any::<bool>()) {
        let fee = WithdrawalFee { fixed: Some(eur(7)), ..WithdrawalFee::default() };
        let mut policy = BalancePolicy { fee, ..BalancePolicy::default() };
        if clears {
            policy.clearance_s = 1_000;
            policy.reserve = Some(RollingReserve { rate: Rate::HALF, clears_s: 90_000 });
        }
        let id = BalanceId::new(escrow::uuid::Uuid::from_u128(1));
        let clock = Context::clock(noon());
        let mut balance = Balance::open(id, Holder::Party(text("a")), Currency::EUR, policy, &clock).unwrap().0;
        let (mut ledger, mut now) = (Ledger::default(), noon());
        for step in steps {
            now = now.plus_secs(step.3);
            let (command, actor) = of_balance(&balance, step, now);
            book(&mut ledger, &mut balance, &command, &Context::new(now, actor));
            let sums = balance.sums();
            let own = [("available", sums.available), ("clearing", sums.clearing), ("reserved", sums.reserved)];
            agrees(&ledger, &format!("balance:{id}:"), &own)?;
            prop_assert_eq!(ledger.balance("platform:withdrawal_fees", Currency::EUR), eur(-sums.fees));
            prop_assert_eq!(ledger.balance("gateway:payouts", Currency::EUR), eur(-sums.paid_out));
            prop_assert_eq!(ledger.balance("payee:a", Currency::EUR), eur(sums.credited));
        }
    }

    #[test]
    fn the_trial_balance_is_the_sums_of_a_basket(steps in steps()) {
        let line = |n, minor| Line { deal: deal_id(n), deposit: DepositId::BUYER_PAYMENT, amount: eur(minor) };
        let lines = vec![line(1, 30_00), line(2, 70_00)];
        let draft = BasketDraft::new(text("anna"), Currency::EUR, lines, noon().plus_secs(3_600));
        let id = BasketId::new(escrow::uuid::Uuid::from_u128(1));
        let mut basket = Basket::open(id, draft, &Context::clock(noon())).unwrap().0;
        let (mut ledger, mut now) = (Ledger::default(), noon());
        for step in steps {
            now = now.plus_secs(step.3);
            let (command, actor) = of_basket(step);
            book(&mut ledger, &mut basket, &command, &Context::new(now, actor));
            let all: Vec<_> = (0..basket.payments().len()).map(|n| basket.sums(n)).collect();
            let (held, reserved) = (all.iter().map(|s| s.held).sum(), all.iter().map(|s| s.reserved).sum());
            agrees(&ledger, &format!("basket:{id}:"), &[("held", held), ("reserved", reserved)])?;
            let owed: i64 = (0..basket.payments().len()).filter_map(|n| basket.owed(n)).map(Money::minor).sum();
            let receivable = format!("receivable:basket:{id}");
            prop_assert_eq!(ledger.balance(&receivable, Currency::EUR), eur(owed));
        }
    }
}
