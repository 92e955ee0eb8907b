//! What the gateway says of a withdrawal after its first answer, and what the holder's bank gives back.

use super::*;
use escrow::Recorded;

/// A balance of 1 000.00 with a withdrawal of 400.00 and a fee of 15.00, sent.
fn sent() -> Balance {
    let fee = WithdrawalFee { fixed: Some(rub(15_00)), ..WithdrawalFee::default() };
    let mut balance = balance_with(BalancePolicy { fee, ..BalancePolicy::default() });
    ok(&mut balance, request(1, 400_00), &boris(0));
    ok(&mut balance, confirm(1), &boris(1));
    balance
}

fn pending(balance: &Balance) -> Vec<String> {
    balance.pending().map(|order| order.key.to_string()).collect()
}

#[test]
fn withdrawal_bounces() {
    let mut balance = sent();
    ok(&mut balance, paid(1), &gateway(2));
    // 1 000 − 400 − 15
    assert_eq!(funds(&balance), (585_00, 0));
    let events = ok(&mut balance, returned(1, "r-1", 400_00), &gateway(3));
    assert!(matches!(&events[..], [Event::WithdrawalReturned { withdrawal: 1, .. }]), "{events:?}");
    // 585 + 400: the platform has paid, and keeps its fee
    assert_eq!((funds(&balance), balance.sums().paid_out, balance.sums().fees), ((985_00, 0), 0, 15_00));
    assert_eq!(status(&balance, 1), WithdrawalStatus::Paid);
    stands(&mut balance, returned(1, "r-1", 400_00), &gateway(4));
    // it can be withdrawn again, to another destination
    ok(&mut balance, request(2, 970_00), &boris(5));
    assert_eq!(funds(&balance), (0, 985_00));
}

#[test]
fn a_withdrawal_bounces_in_parts_and_never_over_it() {
    let mut balance = sent();
    ok(&mut balance, paid(1), &gateway(2));
    ok(&mut balance, returned(1, "r-1", 150_00), &gateway(3));
    // 585 + 150
    assert_eq!((funds(&balance), balance.sums().paid_out), ((735_00, 0), 250_00));
    // the same return with another amount, and more than the 250 that are left
    let other = Rejection::ReturnContradicts { number: 1, recorded: rub(150_00), told: rub(151_00) };
    assert_eq!(refused(&mut balance, returned(1, "r-1", 151_00), &gateway(4)), other);
    let over = Rejection::ReturnContradicts { number: 1, recorded: rub(250_00), told: rub(250_01) };
    assert_eq!(refused(&mut balance, returned(1, "r-2", 250_01), &gateway(4)), over);
    assert_eq!(refused(&mut balance, returned(1, "r-2", 0), &gateway(4)), Rejection::AmountNotPositive);
    let dollars = Returned { amount: usd(1_00), ..returned(1, "r-2", 0) };
    assert_eq!(refused(&mut balance, dollars, &gateway(4)), Rejection::OtherCurrency);
    ok(&mut balance, returned(1, "r-2", 250_00), &gateway(5));
    stands(&mut balance, returned(1, "r-1", 150_00), &gateway(6));
    assert_eq!((funds(&balance), balance.sums().paid_out), ((985_00, 0), 0));
    let nothing = Rejection::ReturnContradicts { number: 1, recorded: rub(0), told: rub(1) };
    assert_eq!(refused(&mut balance, returned(1, "r-3", 1), &gateway(7)), nothing);
}

#[test]
fn what_came_back_does_not_count_for_the_day() {
    let mut balance = balance_with(BalancePolicy { per_day: Some(rub(500_00)), ..BalancePolicy::default() });
    ok(&mut balance, request(1, 400_00), &boris(0));
    ok(&mut balance, confirm(1), &boris(1));
    ok(&mut balance, paid(1), &gateway(2));
    ok(&mut balance, returned(1, "r-1", 300_00), &gateway(3));
    // 500 − (400 − 300)
    let left = Rejection::OverDay { left: rub(400_00) };
    assert_eq!(refused(&mut balance, request(2, 400_01), &boris(4)), left);
    ok(&mut balance, request(2, 400_00), &boris(4));
}

#[test]
fn nothing_bounces_that_was_not_paid() {
    for wanted in WithdrawalStatus::ALL.into_iter().filter(|s| *s != WithdrawalStatus::Paid) {
        let mut balance = with_withdrawal(wanted);
        let not_paid = Rejection::WrongStatus { command: CommandKind::Returned, status: wanted };
        assert_eq!(refused(&mut balance, returned(1, "r-1", 1_00), &gateway(5)), not_paid);
    }
    let unknown = Rejection::UnknownWithdrawal { number: 7, last: 0 };
    assert_eq!(refused(&mut balance(), returned(7, "r-1", 1_00), &gateway(5)), unknown);
}

#[test]
fn succeeded_after_declined() {
    let mut balance = sent();
    ok(&mut balance, declined(1), &gateway(2));
    assert_eq!(funds(&balance), (1_000_00, 0));
    // meanwhile the holder withdraws all of it elsewhere: 985 and 15
    ok(&mut balance, request(2, 985_00), &boris(3));
    ok(&mut balance, paid(1), &gateway(4));
    // the holder has 400 that were not there: 0 − 400 − 15
    assert_eq!((funds(&balance), status(&balance, 1)), ((-415_00, 1_000_00), WithdrawalStatus::Paid));
    stands(&mut balance, paid(1), &gateway(5));
    // nothing leaves until that is covered
    let negative = Rejection::Negative { available: rub(-415_00) };
    assert_eq!(refused(&mut balance, confirm(2), &boris(6)), negative);
    ok(&mut balance, Cancel { withdrawal: 2 }, &boris(7));
    assert_eq!(funds(&balance), (585_00, 0));
    // 1 000 = 585 + 0 + 400 + 15 + 0
    assert!(balance.sums().are_conserved());
}

#[test]
fn declined_after_succeeded_is_asked_again_and_never_sent_anew() {
    let mut balance = sent();
    ok(&mut balance, paid(1), &gateway(2));
    assert_eq!(pending(&balance), Vec::<String>::new());
    assert_eq!(ok(&mut balance, declined(1), &gateway(3)), [Event::AnswerDoubted { withdrawal: 1 }]);
    // under the same key; nothing has moved
    assert_eq!(pending(&balance), ["00000000-0000-0000-0000-0000000000ba:1"]);
    assert_eq!(funds(&balance), (585_00, 0));
    stands(&mut balance, declined(1), &gateway(4));
    // after a crash it is asked for, too
    let read: Balance = serde_json::from_str(&serde_json::to_string(&balance).unwrap()).unwrap();
    assert_eq!(pending(&read), pending(&balance));
    assert_eq!(ok(&mut balance, paid(1), &gateway(5)), [Event::AnswerConfirmed { withdrawal: 1 }]);
    assert_eq!(pending(&balance), Vec::<String>::new());
    // another payment under the key is one for a person to look at
    let other = Answer { withdrawal: 1, result: Answered::Succeeded(text("payout-8")) };
    let already = Rejection::AlreadyAnswered { number: 1, status: WithdrawalStatus::Paid };
    assert_eq!(refused(&mut balance, other, &gateway(6)), already);
}

#[test]
fn a_doubt_is_over_when_all_of_it_came_back() {
    let mut balance = sent();
    ok(&mut balance, paid(1), &gateway(2));
    ok(&mut balance, declined(1), &gateway(3));
    ok(&mut balance, returned(1, "r-1", 100_00), &gateway(4));
    assert_eq!(pending(&balance).len(), 1, "300 are in doubt");
    ok(&mut balance, returned(1, "r-2", 300_00), &gateway(5));
    assert_eq!(pending(&balance), Vec::<String>::new());
    stands(&mut balance, declined(1), &gateway(6));
    assert_eq!(funds(&balance), (985_00, 0));
}

#[test]
fn what_is_in_doubt_is_remembered_however_many_come_after_it() {
    let policy = BalancePolicy { codes_per_day: 1_000, ..BalancePolicy::default() };
    let mut balance = balance_with(policy);
    for number in 1..=200 {
        let at = number * 2 * DAY;
        ok(&mut balance, request(number, 1_00), &boris(at));
        ok(&mut balance, confirm(number), &boris(at));
        ok(&mut balance, paid(number), &gateway(at));
        if number == 1 {
            ok(&mut balance, declined(1), &gateway(at));
        }
    }
    assert_eq!(balance.withdrawal(2), None);
    assert_eq!(pending(&balance).len(), 1);
    ok(&mut balance, returned(1, "r-1", 1_00), &gateway(500 * DAY));
    // 1 000 − 199
    assert_eq!(funds(&balance), (801_00, 0));
}

/// More than are kept of those that are over, and may have been asked for within a day: 64 and 1 000.
#[test]
fn however_many_doubts_end_what_is_stored_can_be_read() {
    let mut balance = balance();
    let mut tell = |command: Command, context: Context| {
        let told = balance.handle(&command, &context);
        told.map(|_| ()).unwrap_or_else(|e| panic!("{command:?}: {e}"));
    };
    for number in 1..=1_070 {
        let at = number * 2 * DAY;
        tell(request(number, 50).into(), boris(at));
        tell(confirm(number).into(), boris(at));
        tell(paid(number).into(), gateway(at));
        tell(declined(number).into(), gateway(at));
    }
    for number in 1..=1_070 {
        tell(paid(number).into(), gateway(2_200 * DAY));
        // the last word, once more
        tell(paid(number).into(), gateway(2_200 * DAY));
    }
    assert_eq!(balance.check(), Ok(()));
    // 1 000 − 1 070 × 0.50
    assert_eq!(funds(&balance), (465_00, 0));
}

/// Every order of the facts about one withdrawal that can be told ends in the same sums.
#[test]
fn facts_of_a_withdrawal_in_any_order() {
    let story: [(Command, Context); 7] = [
        (paid(1).into(), gateway(2)),
        (declined(1).into(), gateway(3)),
        (returned(1, "r-1", 100_00).into(), gateway(4)),
        (paid(1).into(), gateway(5)),
        (returned(1, "r-2", 50_00).into(), gateway(6)),
        (returned(1, "r-1", 100_00).into(), gateway(7)),
        (declined(1).into(), gateway(8)),
    ];
    for first in 0..story.len() {
        let mut balance = sent();
        let mut journal: Vec<Recorded<Event>> = Vec::new();
        // a gateway delivers again what was refused
        let turns = story.iter().cycle().skip(first).take(story.len() * 3);
        for (command, context) in turns {
            if let Ok(transition) = balance.handle(command, context) {
                journal.extend(transition.into_events());
            }
            assert_eq!(balance.check(), Ok(()));
        }
        // 1 000 − 400 − 15 + 100 + 50
        assert_eq!((funds(&balance), balance.sums().paid_out), ((735_00, 0), 250_00), "from {first}");
        assert!(!journal.is_empty());
    }
}
