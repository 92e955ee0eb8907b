//! Credits that clear later, a rolling reserve, and guesses that are bounded over all withdrawals.

use super::*;

fn clearing(policy: BalancePolicy) -> Balance {
    open(Holder::Party(text("boris")), policy)
}

fn at(secs: u32, minor: i64) -> Clearing {
    Clearing { at: after(secs), amount: rub(minor) }
}

fn days(n: u32) -> u32 {
    n * DAY
}

/// 7 days for nine tenths, 180 days for one tenth.
fn reserved() -> BalancePolicy {
    let reserve = Some(RollingReserve { rate: percent(10), clears_s: days(180) });
    BalancePolicy { clearance_s: days(7), reserve, ..BalancePolicy::default() }
}

#[test]
fn a_credit_clears_after_a_week_and_its_reserve_after_half_a_year() {
    let mut balance = clearing(reserved());
    // 10 % of 999.99 is 99.999, toward zero 99.99; the rest is 900.00
    ok(&mut balance, credit(1, 1, 999_99), &clock(0));
    assert_eq!((balance.available(), balance.clearing()), (rub(0), rub(999_99)));
    assert_eq!(balance.clearing_by_time().collect::<Vec<_>>(), [at(days(7), 900_00), at(days(180), 99_99)]);
    assert_eq!(balance.available_at(after(days(7) - 1)), rub(0));
    assert_eq!(balance.available_at(after(days(7))), rub(900_00));
    assert_eq!(balance.next_deadline(), Some(after(days(7))));
    assert_eq!(refused(&mut balance, request(1, 1), &boris(days(7) - 1)).code(), "insufficient");
    // nobody woke it
    ok(&mut balance, request(1, 900_00), &boris(days(7)));
    assert_eq!(
        (balance.available(), balance.clearing(), balance.reserved()),
        (rub(0), rub(99_99), rub(900_00))
    );
    ok(&mut balance, Wake {}, &clock(days(200)));
    // the code had expired: 900.00 + 99.99
    assert_eq!((balance.available(), balance.clearing()), (rub(999_99), rub(0)));
    assert_eq!(balance.check(), Ok(()));
}

#[test]
fn what_clears_covers_a_debt_that_came_before() {
    let mut balance = clearing(BalancePolicy { clearance_s: days(7), ..BalancePolicy::default() });
    ok(&mut balance, credit(1, 1, 500_00), &clock(0));
    ok(&mut balance, debit(1, 1, 200_00), &clock(1));
    assert_eq!((balance.available(), balance.clearing()), (rub(-200_00), rub(500_00)));
    ok(&mut balance, Wake {}, &clock(days(7)));
    // 500 − 200
    assert_eq!((balance.available(), balance.clearing()), (rub(300_00), rub(0)));
}

#[test]
fn a_late_delivery_does_not_wait_again() {
    let mut balance = clearing(reserved());
    ok(&mut balance, credit(1, 1, 100_00), &clock(days(7)));
    assert_eq!((balance.available(), balance.clearing()), (rub(90_00), rub(10_00)));
}

#[test]
fn other_rules_are_for_later_credits() {
    let mut balance = clearing(BalancePolicy { clearance_s: days(7), ..BalancePolicy::default() });
    ok(&mut balance, credit(1, 1, 100_00), &clock(0));
    let policy = BalancePolicy { clearance_s: 0, ..*balance.policy() };
    ok(&mut balance, SetPolicy { policy }, &staff(1));
    ok(&mut balance, credit(2, 1, 30_00), &clock(2));
    assert_eq!((balance.available(), balance.clearing()), (rub(30_00), rub(100_00)));
    // a reserve that clears with the rest is none
    let same = RollingReserve { rate: percent(10), clears_s: days(7) };
    let policy = BalancePolicy { clearance_s: days(7), reserve: Some(same), ..policy };
    let Rejection::Policy(error) = refused(&mut balance, SetPolicy { policy }, &staff(3)) else { panic!() };
    assert_eq!((error.field, error.problem), ("reserve", PolicyProblem::OutOfRange));
}

#[test]
fn a_stored_statement_that_does_not_add_up_is_refused() {
    let mut balance = clearing(reserved());
    ok(&mut balance, credit(1, 1, 999_99), &clock(0));
    let stored = serde_json::to_string(&balance).unwrap();
    assert_eq!(serde_json::from_str::<Balance>(&stored).unwrap(), balance);
    let more = stored.replace(r#""amount":"900.00""#, r#""amount":"900.01""#);
    assert_ne!(stored, more);
    assert!(serde_json::from_str::<Balance>(&more).unwrap_err().to_string().contains("clearing"));
}

#[test]
fn guessing_codes() {
    // six digits at least
    assert!(PlainCode::new("12345").is_err());
    let policy = BalancePolicy { guesses_per_day: 7, max_open: 4, ..BalancePolicy::default() };
    let mut balance = balance_with(policy);
    ok(&mut balance, request(1, 10_00), &boris(1));
    ok(&mut balance, request(2, 10_00), &boris(2));
    // five of the first code, two of the next withdrawal's
    for attempt in 1..=5 {
        ok(&mut balance, enter(1, 1, attempt, wrong()), &boris(10));
    }
    for attempt in 1..=2 {
        ok(&mut balance, enter(2, 1, attempt, wrong()), &boris(20));
    }
    // not even the right one is looked at
    let locked = Rejection::TooManyGuesses { max: 7 };
    assert_eq!(refused(&mut balance, enter(2, 1, 3, drawn(2, 1)), &boris(30)), locked);
    // nor that of another withdrawal, a day later less a second
    ok(&mut balance, request(3, 10_00), &boris(DAY + 9));
    assert_eq!(refused(&mut balance, enter(3, 1, 1, drawn(3, 1)), &boris(DAY + 9)), locked);
    // five of the seven are a day old
    ok(&mut balance, enter(3, 1, 1, drawn(3, 1)), &boris(DAY + 10));
    assert_eq!(balance.withdrawal(3).unwrap().status(), WithdrawalStatus::Sent);
}
