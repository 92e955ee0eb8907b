//! What somebody would try: guessing, replaying, racing, stepping the clock back, and a gateway that contradicts itself.

use super::*;

/// Guesses with every attempt of every code of this withdrawal; returns how many were compared.
fn guess_all(balance: &mut Balance, withdrawal: u32, secs: u32) -> u32 {
    let mut compared = 0;
    loop {
        let code = balance.withdrawal(withdrawal).unwrap().code;
        for _ in 0..code.attempts_left() {
            let number = balance.withdrawal(withdrawal).unwrap().code.used() + 1;
            let guess = enter(withdrawal, code.number(), number, wrong());
            match balance.handle(&guess.clone().into(), &boris(secs)) {
                Ok(transition) => assert_eq!(transition.events().len(), 1),
                Err(locked) => {
                    assert_eq!(locked, Rejection::TooManyGuesses { max: 15 });
                    return compared;
                }
            }
            assert!(matches!(balance.verdict(&guess), Some(Verdict::Refused { .. })));
            compared += 1;
        }
        if balance.handle(&new_code(withdrawal, code.number() + 1).into(), &boris(secs)).is_err() {
            return compared;
        }
    }
}

#[test]
fn a_wrong_code_counts_and_the_fifth_kills_it() {
    let mut balance = with_withdrawal(WithdrawalStatus::Requested);
    for (number, attempts_left) in [(1, 4), (2, 3), (3, 2), (4, 1), (5, 0)] {
        let guess = enter(1, 1, number, wrong());
        assert_eq!(balance.verdict(&guess), None);
        let events = ok(&mut balance, guess.clone(), &boris(1));
        let refused = Event::CodeRefused { withdrawal: 1, code: 1, attempt: number, attempts_left };
        assert_eq!(events, [refused]);
        // unmistakable, though the command was no rejection
        assert_eq!(balance.verdict(&guess), Some(Verdict::Refused { attempts_left }));
    }
    // the right code comes too late, under any number
    let exhausted = Rejection::Code(CodeRejection::Exhausted);
    assert_eq!(refused(&mut balance, enter(1, 1, 6, drawn(1, 1)), &boris(2)), exhausted);
    stands(&mut balance, enter(1, 1, 5, drawn(1, 1)), &boris(2));
    assert_eq!(status(&balance, 1), WithdrawalStatus::Requested);
    // and the funds are back in time
    ok(&mut balance, Wake {}, &clock(900));
    assert_eq!((status(&balance, 1), funds(&balance)), (WithdrawalStatus::Expired, (1_000_00, 0)));
}

#[test]
fn new_codes_do_not_make_guesses_unlimited() {
    let mut balance = with_withdrawal(WithdrawalStatus::Requested);
    // three codes of five attempts
    assert_eq!(guess_all(&mut balance, 1, 1), 15);
    let no_more = Rejection::Code(CodeRejection::TooMany { max: 3 });
    assert_eq!(refused(&mut balance, new_code(1, 4), &boris(1)), no_more);
}

#[test]
fn new_withdrawals_do_not_make_guesses_unlimited() {
    let mut balance = balance();
    let mut compared = 0;
    for number in 1.. {
        if let Err(rejection) = balance.handle(&request(number, 1_00).into(), &boris(number)) {
            assert_eq!(rejection, Rejection::TooManyCodes { max: 20 });
            break;
        }
        compared += guess_all(&mut balance, number, number);
        let _ = balance.handle(&Cancel { withdrawal: number }.into(), &boris(number));
    }
    // fifteen wrong codes a day, however many codes were sent: three of five attempts each
    assert_eq!(compared, 15);
    // the first code was sent in second 1: its day is over 24 hours later, and not before
    let number = balance.last_number() + 1;
    let many = Rejection::TooManyCodes { max: 20 };
    let last = Context::new(just_before(after(DAY + 1)), party("boris"));
    assert_eq!(refused(&mut balance, request(number, 1_00), &last), many);
    ok(&mut balance, request(number, 1_00), &boris(DAY + 1));
}

#[test]
fn an_attempt_that_is_delivered_twice_counts_once_and_helps_nobody() {
    let mut balance = with_withdrawal(WithdrawalStatus::Requested);
    ok(&mut balance, enter(1, 1, 1, wrong()), &boris(1));
    stands(&mut balance, enter(1, 1, 1, wrong()), &boris(1));
    // the right code under a number that is used is not compared: the verdict is the old one
    let sneaked = enter(1, 1, 1, drawn(1, 1));
    stands(&mut balance, sneaked.clone(), &boris(1));
    assert_eq!(balance.verdict(&sneaked), Some(Verdict::Refused { attempts_left: 4 }));
    assert_eq!(status(&balance, 1), WithdrawalStatus::Requested);
    // no number is skipped, so that none is left unused, and 0 is none
    let next = Rejection::Code(CodeRejection::OutOfOrder { next: 2 });
    for number in [0, 3, 255] {
        assert_eq!(refused(&mut balance, enter(1, 1, number, drawn(1, 1)), &boris(1)), next);
    }
    ok(&mut balance, enter(1, 1, 2, drawn(1, 1)), &boris(1));
    assert_eq!(status(&balance, 1), WithdrawalStatus::Sent);
}

#[test]
fn a_code_that_was_replaced_is_dead() {
    let mut balance = with_withdrawal(WithdrawalStatus::Requested);
    ok(&mut balance, new_code(1, 2), &boris(60));
    // delivered twice, with a code that was drawn again: the first one stands
    stands(&mut balance, NewCode { code: hash(7, 7), ..new_code(1, 2) }, &boris(61));
    let other = Rejection::Code(CodeRejection::OtherCode { current: 2 });
    assert_eq!(refused(&mut balance, enter(1, 1, 1, drawn(1, 1)), &boris(61)), other);
    // nor is it the new one
    ok(&mut balance, enter(1, 2, 1, drawn(1, 1)), &boris(62));
    assert_eq!(status(&balance, 1), WithdrawalStatus::Requested);
    // the new one has fifteen minutes of its own
    assert_eq!(balance.next_deadline(), Some(after(960)));
    ok(&mut balance, enter(1, 2, 2, drawn(1, 2)), &boris(959));
    assert_eq!(status(&balance, 1), WithdrawalStatus::Sent);
}

#[test]
fn a_used_code_orders_nothing_again() {
    let mut balance = with_withdrawal(WithdrawalStatus::Sent);
    stands(&mut balance, confirm(1), &boris(2));
    assert_eq!(balance.verdict(&confirm(1)), Some(Verdict::Accepted));
    let used = refused(&mut balance, enter(1, 1, 2, drawn(1, 1)), &boris(2));
    assert_eq!(used.code(), "wrong-status");
    ok(&mut balance, declined(1), &gateway(3));
    // the funds are back, and the old code does not send them again
    stands(&mut balance, confirm(1), &boris(4));
    assert_eq!((balance.pending().count(), funds(&balance)), (0, (1_000_00, 0)));
}

#[test]
fn a_code_of_another_withdrawal_counts_as_a_wrong_one() {
    let mut balance = with_withdrawal(WithdrawalStatus::Requested);
    ok(&mut balance, request(2, 100_00), &boris(1));
    let foreign = enter(2, 1, 1, drawn(1, 1));
    ok(&mut balance, foreign.clone(), &boris(2));
    assert_eq!(balance.verdict(&foreign), Some(Verdict::Refused { attempts_left: 4 }));
    // the other one has lost nothing
    assert_eq!(balance.withdrawal(1).unwrap().code.attempts_left(), 5);
    let unknown = Rejection::UnknownWithdrawal { number: 3, last: 2 };
    assert_eq!(refused(&mut balance, confirm(3), &boris(2)), unknown);
}

#[test]
fn parallel_withdrawals_do_not_share_the_same_money() {
    // two clients have read the same balance of 1 000, and each withdraws 700
    let read = balance();
    let mut balance = read.clone();
    ok(&mut balance, request(1, 700_00), &boris(0));
    // both have chosen the next number: it is one withdrawal
    stands(&mut balance, request(1, 700_00), &boris(0));
    let taken = Rejection::NumberTaken { number: 1, next: 2 };
    let elsewhere = Request { destination: card("card-9").unwrap(), ..request(1, 700_00) };
    assert_eq!(refused(&mut balance, elsewhere, &boris(0)), taken);
    assert_eq!(refused(&mut balance, request(1, 699_00), &boris(0)), taken);
    // under the next one there is not enough
    let insufficient = Rejection::Insufficient { total: rub(700_00), available: rub(300_00) };
    assert_eq!(refused(&mut balance, request(2, 700_00), &boris(0)), insufficient);
    assert_eq!(refused(&mut balance, request(3, 1_00), &boris(0)), Rejection::NumberSkipped { next: 2 });
    assert_eq!(refused(&mut balance, request(0, 1_00), &boris(0)), Rejection::NumberSkipped { next: 2 });
    // decided on the old state, the second one meets the sink's lock: both come after the same version
    let late = read.decide(&request(1, 700_00).into(), &boris(0)).unwrap();
    assert_eq!(read.version() + u64::try_from(late.events().len()).unwrap(), balance.version());
}

#[test]
fn an_old_request_withdraws_nothing_again() {
    let mut balance = balance();
    for number in 1..=70 {
        let secs = number * 2 * DAY;
        ok(&mut balance, request(number, 1_00), &boris(secs));
        ok(&mut balance, confirm(number), &boris(secs));
        ok(&mut balance, paid(number), &gateway(secs));
    }
    // 64 are kept, and of the older ones at least the number is known
    stands(&mut balance, request(7, 1_00), &boris(150 * DAY));
    let taken = Rejection::NumberTaken { number: 6, next: 71 };
    assert_eq!(refused(&mut balance, request(6, 1_00), &boris(150 * DAY)), taken);
    let unknown = Rejection::UnknownWithdrawal { number: 6, last: 70 };
    assert_eq!(refused(&mut balance, paid(6), &gateway(150 * DAY)), unknown);
    assert_eq!(funds(&balance), (930_00, 0));
}

#[test]
fn so_many_small_withdrawals_do_not_outrun_the_limit_of_a_day() {
    let policy = BalancePolicy { per_day: Some(rub(80_00)), codes_per_day: 200, ..BalancePolicy::default() };
    let mut balance = balance_with(policy);
    // more than are kept of those that are over, all of today
    for number in 1..=80 {
        ok(&mut balance, request(number, 1_00), &boris(number));
        ok(&mut balance, confirm(number), &boris(number));
        ok(&mut balance, paid(number), &gateway(number));
    }
    let none = Rejection::OverDay { left: rub(0) };
    assert_eq!(refused(&mut balance, request(81, 1), &boris(81)), none);
    assert_eq!(
        refused(&mut balance, request(81, 1), &Context::new(just_before(after(DAY + 1)), party("boris"))),
        none
    );
    // a late answer to the oldest is known all day
    stands(&mut balance, paid(1), &gateway(82));
    ok(&mut balance, request(81, 1_00), &boris(DAY + 1));
    assert_eq!(balance.sums().paid_out, 80_00);
}

#[test]
fn a_clock_that_steps_back_revives_no_code() {
    let mut balance = with_withdrawal(WithdrawalStatus::Requested);
    ok(&mut balance, Wake {}, &clock(900));
    let late = Rejection::WrongStatus { command: CommandKind::Confirm, status: WithdrawalStatus::Expired };
    assert_eq!(refused(&mut balance, confirm(1), &boris(10)), late);
    // nor does a new code that is asked for "earlier" live longer: its time counts from what was seen
    ok(&mut balance, request(2, 1_00), &boris(10));
    assert_eq!(balance.withdrawal(2).unwrap().code.expires(), after(1_800));
}

#[test]
fn a_clock_that_steps_back_resets_no_limit() {
    let policy = BalancePolicy { per_day: Some(rub(500_00)), codes_per_day: 2, ..BalancePolicy::default() };
    let mut balance = balance_with(policy);
    ok(&mut balance, request(1, 500_00), &boris(2 * DAY));
    let none = Rejection::OverDay { left: rub(0) };
    assert_eq!(refused(&mut balance, request(2, 1), &boris(0)), none);
    ok(&mut balance, Cancel { withdrawal: 1 }, &boris(0));
    ok(&mut balance, request(2, 1), &boris(0));
    assert_eq!(refused(&mut balance, request(3, 1), &boris(0)), Rejection::TooManyCodes { max: 2 });
    // a step forward and back again: what counted at the later instant counts on from there
    ok(&mut balance, credit(2, 1, 1), &clock(4 * DAY));
    ok(&mut balance, request(3, 500_00), &boris(DAY));
    assert_eq!(balance.withdrawal(3).unwrap().requested_at, after(4 * DAY));
    ok(&mut balance, confirm(3), &boris(DAY));
    assert_eq!(refused(&mut balance, request(4, 1), &boris(4 * DAY + HOUR)), none);
}

#[test]
fn a_declined_payout_that_is_later_said_to_be_paid_is_not_swallowed() {
    let mut balance = with_withdrawal(WithdrawalStatus::Failed);
    assert_eq!(funds(&balance), (1_000_00, 0));
    stands(&mut balance, declined(1), &gateway(3));
    stands(&mut balance, Answer { withdrawal: 1, result: Answered::InProgress }, &gateway(3));
    // the holder has 400 of it: the gateway is the authority on what it has paid
    ok(&mut balance, paid(1), &gateway(4));
    assert_eq!((funds(&balance), balance.sums().paid_out), ((600_00, 0), 400_00));
    stands(&mut balance, paid(1), &gateway(5));
}

#[test]
fn a_paid_payout_is_paid_once() {
    let mut balance = with_withdrawal(WithdrawalStatus::Paid);
    stands(&mut balance, paid(1), &gateway(3));
    // a bare decline moves nothing: the gateway is asked again
    ok(&mut balance, declined(1), &gateway(4));
    stands(&mut balance, declined(1), &gateway(4));
    let contradiction = Rejection::AlreadyAnswered { number: 1, status: WithdrawalStatus::Paid };
    assert!(!contradiction.is_transient());
    // paid under another id would be paid twice: somebody has to look at it
    let other = Answer { withdrawal: 1, result: Answered::Succeeded(text("payout-8")) };
    assert_eq!(refused(&mut balance, other, &gateway(4)), contradiction);
    assert_eq!((funds(&balance), balance.sums().paid_out), ((600_00, 0), 400_00));
}

#[test]
fn a_gateway_cannot_answer_what_was_not_sent() {
    for wanted in [WithdrawalStatus::Requested, WithdrawalStatus::Cancelled, WithdrawalStatus::Expired] {
        let mut balance = with_withdrawal(wanted);
        let not_sent = Rejection::WrongStatus { command: CommandKind::Answer, status: wanted };
        for answer in [paid(1), declined(1), Answer { withdrawal: 1, result: Answered::InProgress }] {
            assert_eq!(refused(&mut balance, answer, &gateway(3)), not_sent, "{wanted}");
        }
    }
}

#[test]
fn the_code_is_nowhere_to_be_seen() {
    let plain = "481516";
    let code = PlainCode::new(plain).unwrap();
    let mut balance = balance();
    let asked = Request { code: CodeHash::new(&code, Salt::new([7; 16])), ..request(1, 400_00) };
    let (id, mut journal) = (balance.id(), String::new());
    let mut seen = vec![format!("{asked:?}")];
    let confirm = Confirm { withdrawal: 1, attempt: Attempt { code: 1, number: 1, entered: code } };
    for (command, context) in [(Command::from(asked), boris(0)), (confirm.clone().into(), boris(1))] {
        seen.push(format!("{command:?}"));
        for recorded in balance.handle(&command, &context).unwrap().events() {
            seen.push(format!("{recorded:?}"));
            journal += &serde_json::to_string(recorded).unwrap();
        }
        seen.push(format!("{balance:?}"));
        seen.push(serde_json::to_string(&balance).unwrap());
    }
    assert!(journal.contains("withdrawal_sent"));
    let second = Confirm { attempt: Attempt { number: 2, ..confirm.attempt.clone() }, ..confirm };
    let rejection = refused(&mut balance, second, &boris(2));
    seen.extend([journal, rejection.to_string(), format!("{rejection:?} {id}")]);
    // what cannot be read is not shown either: too long, with a space, or a number
    for bad in [r#""481516 ""#.to_owned(), format!("\"{}\"", plain.repeat(6)), plain.to_owned()] {
        let json = format!(
            r#"{{"type":"confirm","withdrawal":1,"attempt":{{"code":1,"number":1,"entered":{bad}}}}}"#
        );
        seen.push(serde_json::from_str::<Command>(&json).unwrap_err().to_string());
        let entered = json.replace(r#""type":"confirm","#, "");
        seen.push(serde_json::from_str::<Confirm>(&entered).unwrap_err().to_string());
        // nor what stands where its number should
        let swapped = entered
            .replace(r#""code":1"#, &format!(r#""code":{bad}"#))
            .replace(&format!(r#""entered":{bad}"#), r#""entered":"111111""#);
        seen.push(serde_json::from_str::<Confirm>(&swapped).unwrap_err().to_string());
        // nor what stands where its hash should
        let misplaced = format!(r#"{{"type":"new_code","withdrawal":1,"number":2,"code":{bad}}}"#);
        seen.push(serde_json::from_str::<Command>(&misplaced).unwrap_err().to_string());
    }
    for text in seen {
        assert!(!text.contains(plain), "{text}");
    }
}
