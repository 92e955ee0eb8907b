//! The balance: credits that count once, withdrawals that a code confirms, and a statement that adds up. Amounts are
//! worked out by hand in the comments, in roubles.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::panic)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::wildcard_enum_match_arm)]
#![allow(clippy::inconsistent_digit_grouping)]

mod abuse;
mod answers;
mod clearance;
mod debts;
mod hostile;
mod laws;
mod story;

use crate::common::{DAY, HOUR, after, card, just_before, party, percent, rub, start, text, usd};
use escrow::deposit::Purpose;
use escrow::{Actor, Context, Currency, DealId, Destination, Machine, Money, Payee, Time, TxId};
use escrow_market::balance::command::{
    Answer, Answered, Cancel, Confirm, Credit, Debit, NewCode, Request, Returned, SetPolicy, Wake,
};
use escrow_market::balance::{
    BalancePolicy, Clearing, Command, CommandKind, Event, Fact, Holder, MovementKind, Origin, PolicyProblem,
    Rejection, Role, RollingReserve, WithdrawalFee, WithdrawalStatus, permitted,
};
use escrow_market::code::{Attempt, CodeHash, CodeRejection, PlainCode, Salt, Verdict};
use escrow_market::{Balance, BalanceId};
use uuid::Uuid;

// --- the usual balance: boris has 1 000.00 of one leg, and no fees or limits ------------------------------------

/// The code that the host draws for a withdrawal: 100 × its number and the code's.
fn drawn(withdrawal: u32, code: u8) -> PlainCode {
    PlainCode::new(&format!("{:06}", withdrawal * 100 + u32::from(code))).unwrap()
}

fn hash(withdrawal: u32, code: u8) -> CodeHash {
    CodeHash::new(&drawn(withdrawal, code), Salt::new([code; 16]))
}

fn wrong() -> PlainCode {
    PlainCode::new("999999").unwrap()
}

fn deal_id(n: u128) -> DealId {
    DealId::new(Uuid::from_u128(n))
}

fn boris(secs: u32) -> Context {
    Context::new(after(secs), party("boris"))
}

fn staff(secs: u32) -> Context {
    Context::new(after(secs), Actor::Operator(text("olga")))
}

fn gateway(secs: u32) -> Context {
    Context::gateway(after(secs))
}

fn clock(secs: u32) -> Context {
    Context::clock(after(secs))
}

fn open(holder: Holder, policy: BalancePolicy) -> Balance {
    let id = BalanceId::new(Uuid::from_u128(0xBA));
    Balance::open(id, holder, Currency::RUB, policy, &clock(0)).unwrap().0
}

fn empty(policy: BalancePolicy) -> Balance {
    open(Holder::Party(text("boris")), policy)
}

fn balance_with(policy: BalancePolicy) -> Balance {
    let mut balance = empty(policy);
    ok(&mut balance, credit(1, 1, 1_000_00), &clock(0));
    balance
}

fn balance() -> Balance {
    balance_with(BalancePolicy::default())
}

fn credit(deal: u128, transaction: u32, minor: i64) -> Credit {
    Credit {
        deal: deal_id(deal),
        transaction: TxId::new(transaction),
        purpose: Purpose::Payout,
        amount: rub(minor),
        settled_at: start(),
    }
}

fn debit(deal: u128, receivable: u32, minor: i64) -> Debit {
    changed(deal, receivable, 0, minor)
}

/// What a receivable takes after so many changes.
fn changed(deal: u128, receivable: u32, revision: u32, minor: i64) -> Debit {
    let (payee, purpose) = (Payee::Platform, Purpose::Chargeback);
    let (deal, amount, since) = (deal_id(deal), rub(minor), start());
    Debit { deal, receivable, revision, payee, purpose, amount, since }
}

fn request(number: u32, minor: i64) -> Request {
    Request { number, amount: rub(minor), destination: card("card-7").unwrap(), code: hash(number, 1) }
}

fn new_code(withdrawal: u32, number: u8) -> NewCode {
    NewCode { withdrawal, number, code: hash(withdrawal, number) }
}

fn enter(withdrawal: u32, code: u8, number: u8, entered: PlainCode) -> Confirm {
    Confirm { withdrawal, attempt: Attempt { code, number, entered } }
}

/// The first attempt of the first code, and right.
fn confirm(withdrawal: u32) -> Confirm {
    enter(withdrawal, 1, 1, drawn(withdrawal, 1))
}

fn paid(withdrawal: u32) -> Answer {
    Answer { withdrawal, result: Answered::Succeeded(text(&format!("payout-{withdrawal}"))) }
}

fn returned(withdrawal: u32, reference: &str, minor: i64) -> Returned {
    Returned { withdrawal, amount: rub(minor), reference: text(reference) }
}

fn declined(withdrawal: u32) -> Answer {
    Answer { withdrawal, result: Answered::Declined(text("card closed")) }
}

/// Gives a command that must succeed, and returns what happened; the balance stays sound.
#[track_caller]
fn ok(balance: &mut Balance, command: impl Into<Command>, context: &Context) -> Vec<Event> {
    let command = command.into();
    let transition = balance.handle(&command, context).unwrap_or_else(|e| panic!("{command:?}: {e}"));
    assert_eq!(balance.check(), Ok(()));
    transition.into_events().into_iter().map(|recorded| recorded.event).collect()
}

/// Gives a command that already stands.
#[track_caller]
fn stands(balance: &mut Balance, command: impl Into<Command>, context: &Context) {
    assert_eq!(ok(balance, command, context), []);
}

#[track_caller]
fn refused(balance: &mut Balance, command: impl Into<Command>, context: &Context) -> Rejection {
    let before = balance.clone();
    let rejection = balance.handle(&command.into(), context).expect_err("must be refused");
    assert_eq!(*balance, before, "a rejection changes nothing");
    rejection
}

/// Available and reserved.
fn funds(balance: &Balance) -> (i64, i64) {
    (balance.available().minor(), balance.reserved().minor())
}

fn status(balance: &Balance, number: u32) -> WithdrawalStatus {
    balance.withdrawal(number).unwrap().status()
}

/// A balance whose first withdrawal, of 400.00, is as asked.
fn with_withdrawal(wanted: WithdrawalStatus) -> Balance {
    let mut balance = balance();
    ok(&mut balance, request(1, 400_00), &boris(0));
    match wanted {
        WithdrawalStatus::Requested => {}
        WithdrawalStatus::Cancelled => drop(ok(&mut balance, Cancel { withdrawal: 1 }, &boris(1))),
        WithdrawalStatus::Expired => drop(ok(&mut balance, Wake {}, &clock(900))),
        WithdrawalStatus::Sent | WithdrawalStatus::Paid | WithdrawalStatus::Failed => {
            ok(&mut balance, confirm(1), &boris(1));
        }
    }
    match wanted {
        WithdrawalStatus::Paid => drop(ok(&mut balance, paid(1), &gateway(2))),
        WithdrawalStatus::Failed => drop(ok(&mut balance, declined(1), &gateway(2))),
        _ => {}
    }
    assert_eq!(status(&balance, 1), wanted);
    balance
}

// --- the table --------------------------------------------------------------------------------------------------

/// Every cell of the table is what the balance does: a role that may not is refused for its role, one that may is
/// refused outside the statuses only, and one within them is not refused at all.
#[test]
fn the_table_is_what_the_balance_does() {
    for wanted in WithdrawalStatus::ALL {
        let balance = with_withdrawal(wanted);
        let used = balance.withdrawal(1).unwrap().code.used();
        let command = |kind| -> Command {
            match kind {
                CommandKind::Credit => credit(2, 1, 5_00).into(),
                CommandKind::Debit => debit(2, 1, 5_00).into(),
                CommandKind::Request => request(2, 100_00).into(),
                CommandKind::NewCode => new_code(1, 2).into(),
                CommandKind::Confirm => enter(1, 1, used + 1, drawn(1, 1)).into(),
                CommandKind::Cancel => Cancel { withdrawal: 1 }.into(),
                CommandKind::Answer => paid(1).into(),
                CommandKind::Returned => returned(1, "r-1", 5_00).into(),
                CommandKind::SetPolicy => {
                    SetPolicy { policy: BalancePolicy { max_open: 9, ..*balance.policy() } }.into()
                }
                CommandKind::Wake => Wake {}.into(),
            }
        };
        let context = |role| match role {
            Role::Holder => boris(5),
            Role::Operator => staff(5),
            Role::Gateway => gateway(5),
            Role::Clock => clock(5),
        };
        for kind in CommandKind::ALL {
            let (by, within) = permitted(kind);
            for role in Role::ALL {
                // what already stands is no refusal
                let stands = matches!(
                    (kind, wanted),
                    (CommandKind::Cancel, WithdrawalStatus::Cancelled)
                        | (CommandKind::Answer, WithdrawalStatus::Paid)
                );
                let expected = if !by.contains(&role) {
                    Err("wrong-role")
                } else if stands || within.contains(&wanted) {
                    Ok(!stands && kind != CommandKind::Wake)
                } else {
                    Err("wrong-status")
                };
                let found = balance.decide(&command(kind), &context(role));
                let found = found.map(|transition| !transition.is_empty()).map_err(|e| e.code());
                assert_eq!(found, expected, "{kind} by {role} while {wanted}");
            }
        }
        for nobody in [party("clara"), Actor::Tracker, Actor::Moderator(text("mila"))] {
            let context = Context::new(after(5), nobody);
            assert_eq!(balance.decide(&Wake {}.into(), &context), Err(Rejection::UnknownActor));
        }
    }
}

#[test]
fn only_the_platform_opens_a_balance() {
    let by = |context: &Context| {
        let (id, holder) = (BalanceId::new(Uuid::nil()), Holder::Party(text("boris")));
        Balance::open(id, holder, Currency::RUB, BalancePolicy::default(), context).map(drop)
    };
    assert_eq!(by(&clock(0)), Ok(()));
    assert_eq!(by(&staff(0)), Ok(()));
    // its rules are the platform's, and so the holder does not choose them
    assert_eq!(by(&boris(0)), Err(Rejection::UnknownActor));
    assert_eq!(by(&gateway(0)), Err(Rejection::UnknownActor));
}

#[test]
fn nobody_credits_but_the_host_that_read_the_deal() {
    let mut balance = balance();
    for context in [boris(0), staff(0), gateway(0)] {
        let role = balance.role_of(&context.actor).unwrap();
        let refusal = Rejection::WrongRole { role, command: CommandKind::Credit };
        assert_eq!(refused(&mut balance, credit(2, 1, 1), &context), refusal);
    }
}

#[test]
fn the_platforms_balance_is_operated_by_staff_and_needs_the_code_too() {
    let mut balance = open(Holder::Platform, BalancePolicy::default());
    ok(&mut balance, credit(1, 1, 1_000_00), &clock(0));
    assert_eq!(refused(&mut balance, request(1, 1_00), &boris(0)), Rejection::UnknownActor);
    ok(&mut balance, request(1, 1_00), &staff(0));
    ok(&mut balance, enter(1, 1, 1, wrong()), &staff(1));
    ok(&mut balance, enter(1, 1, 2, drawn(1, 1)), &staff(2));
    assert_eq!(status(&balance, 1), WithdrawalStatus::Sent);
}

#[test]
fn a_stale_actor_is_told() {
    let mut balance = balance();
    assert_eq!(balance.revision(), 1);
    ok(&mut balance, request(1, 400_00), &boris(0).seen(1));
    let stale = Rejection::Stale { seen: 1, actual: 3 };
    assert_eq!(refused(&mut balance, request(2, 400_00), &boris(0).seen(1)), stale);
    // what already stands is not stale
    stands(&mut balance, request(1, 400_00), &boris(0).seen(1));
    // the host's facts raise no revision
    ok(&mut balance, credit(2, 1, 1_00), &clock(1));
    ok(&mut balance, Cancel { withdrawal: 1 }, &boris(2).seen(3));
}

// --- credits and receivables ------------------------------------------------------------------------------------

#[test]
fn a_credit_counts_once_however_often_it_is_delivered() {
    let mut balance = empty(BalancePolicy::default());
    ok(&mut balance, credit(1, 1, 700_00), &clock(0));
    stands(&mut balance, credit(1, 1, 700_00), &clock(1));
    ok(&mut balance, credit(1, 2, 50_00), &clock(2));
    ok(&mut balance, credit(2, 1, 50_00), &clock(3));
    for (deal, transaction, minor) in [(2, 1, 50_00), (1, 1, 700_00), (1, 2, 50_00)] {
        stands(&mut balance, credit(deal, transaction, minor), &clock(4));
    }
    // 700 + 50 + 50
    assert_eq!(funds(&balance), (800_00, 0));
    // the same leg with another amount is no repeat
    let fact = Fact::Leg { deal: deal_id(1), transaction: TxId::new(1) };
    let reused = Rejection::FactReused { fact };
    assert_eq!(refused(&mut balance, credit(1, 1, 700_01), &clock(5)), reused);
}

#[test]
fn a_credit_is_checked() {
    let mut balance = balance();
    assert_eq!(refused(&mut balance, credit(2, 1, 0), &clock(0)), Rejection::AmountNotPositive);
    assert_eq!(refused(&mut balance, credit(2, 1, -1), &clock(0)), Rejection::AmountNotPositive);
    let dollars = Credit { amount: usd(1), ..credit(2, 1, 1) };
    assert_eq!(refused(&mut balance, dollars, &clock(0)), Rejection::OtherCurrency);
    assert_eq!(refused(&mut balance, credit(2, 1, i64::MAX), &clock(0)), Rejection::SumTooLarge);
    assert_eq!(ok(&mut balance, credit(2, 1, i64::MAX - 1_000_00), &clock(0)).len(), 1);
}

#[test]
fn a_credit_beyond_the_horizon_is_refused_and_never_counts_again() {
    let policy = BalancePolicy { horizon_s: 10 * DAY, ..BalancePolicy::default() };
    let mut balance = balance_with(policy);
    // known until the last instant
    stands(&mut balance, credit(1, 1, 1_000_00), &Context::clock(just_before(after(10 * DAY))));
    let fact = Fact::Leg { deal: deal_id(1), transaction: TxId::new(1) };
    let too_old = Rejection::TooOld { fact, until: after(10 * DAY) };
    // something happens: the first credit is forgotten, and refused none the less
    ok(&mut balance, Credit { settled_at: after(9 * DAY), ..credit(2, 1, 1_00) }, &clock(10 * DAY));
    assert_eq!(refused(&mut balance, credit(1, 1, 1_000_00), &clock(10 * DAY)), too_old);
    // also where the host's clock steps back: the balance has seen the later instant
    assert_eq!(refused(&mut balance, credit(1, 1, 1_000_00), &clock(DAY)), too_old);
    assert_eq!(funds(&balance), (1_001_00, 0));
}

#[test]
fn what_is_beyond_the_horizon_is_not_stored() {
    let policy = BalancePolicy { horizon_s: 2 * DAY, ..BalancePolicy::default() };
    let mut balance = empty(policy);
    let mut longest = 0;
    for day in 0..30 {
        for n in 0..10 {
            let credit = Credit { settled_at: after(day * DAY), ..credit(day.into(), n, 1_00) };
            ok(&mut balance, credit, &clock(day * DAY));
        }
        let stored = serde_json::to_value(&balance).unwrap();
        longest = longest.max(stored["state"]["heard"].as_array().unwrap().len());
    }
    // ten of today and ten of yesterday
    assert_eq!(longest, 20);
    assert_eq!(funds(&balance), (300_00, 0));
}

#[test]
fn a_receivable_takes_the_balance_below_zero_and_nothing_leaves_until_it_is_covered() {
    let mut balance = balance();
    ok(&mut balance, request(1, 600_00), &boris(0));
    ok(&mut balance, debit(9, 1, 500_00), &clock(1));
    stands(&mut balance, debit(9, 1, 500_00), &clock(2));
    // 1 000 − 600 reserved − 500
    assert_eq!(funds(&balance), (-100_00, 600_00));
    let negative = Rejection::Negative { available: rub(-100_00) };
    // not even with the right code, which is neither compared nor counted
    assert_eq!(refused(&mut balance, confirm(1), &boris(3)), negative);
    assert!(negative.is_transient());
    let insufficient = Rejection::Insufficient { total: rub(1), available: rub(-100_00) };
    assert_eq!(refused(&mut balance, request(2, 1), &boris(3)), insufficient);
    // a later credit covers it, and the withdrawal goes on
    ok(&mut balance, credit(2, 1, 100_00), &clock(4));
    assert_eq!(funds(&balance), (0, 600_00));
    ok(&mut balance, confirm(1), &boris(5));
    ok(&mut balance, paid(1), &gateway(6));
    assert_eq!(balance.sums().debited, 500_00);
    // 1 100 = 0 + 0 + 600 + 0 + 500
    assert!(balance.sums().are_conserved());
}

#[test]
fn what_was_reserved_covers_a_receivable_when_it_comes_back() {
    let mut balance = balance();
    ok(&mut balance, request(1, 600_00), &boris(0));
    ok(&mut balance, debit(9, 1, 500_00), &clock(1));
    ok(&mut balance, Cancel { withdrawal: 1 }, &boris(2));
    // −100 + 600
    assert_eq!(funds(&balance), (500_00, 0));
}

// --- withdrawals ------------------------------------------------------------------------------------------------

#[test]
fn a_withdrawal_reserves_and_is_paid_with_the_fee_on_top() {
    // 1 % and 15.00
    let fee = WithdrawalFee { rate: percent(1), fixed: Some(rub(15_00)), min: None, max: None };
    let mut balance = balance_with(BalancePolicy { fee, ..BalancePolicy::default() });
    let events = ok(&mut balance, request(1, 400_50), &boris(0));
    // floor(400.50 × 1 %) = 4.00, + 15.00
    let Event::WithdrawalRequested { fee, .. } = &events[0] else { panic!("{events:?}") };
    assert_eq!(*fee, rub(19_00));
    // 1 000 − 400.50 − 19.00
    assert_eq!(funds(&balance), (580_50, 419_50));

    let sent = ok(&mut balance, confirm(1), &boris(60));
    let order = Event::WithdrawalSent {
        withdrawal: 1,
        code: 1,
        attempt: 1,
        amount: rub(400_50),
        destination: card("card-7").unwrap(),
    };
    assert_eq!(sent, [order]);
    assert_eq!(funds(&balance), (580_50, 419_50));
    assert_eq!(balance.next_deadline(), None);

    ok(&mut balance, paid(1), &gateway(90));
    assert_eq!(funds(&balance), (580_50, 0));
    let sums = balance.sums();
    assert_eq!((sums.credited, sums.paid_out, sums.fees, sums.debited), (1_000_00, 400_50, 19_00, 0));
}

#[test]
fn everything_that_ends_without_a_payment_gives_amount_and_fee_back() {
    let fee = WithdrawalFee { fixed: Some(rub(15_00)), ..WithdrawalFee::default() };
    let ends: [(&[Command], Context, WithdrawalStatus); 3] = [
        (&[confirm(1).into(), declined(1).into()], gateway(1), WithdrawalStatus::Failed),
        (&[Cancel { withdrawal: 1 }.into()], boris(1), WithdrawalStatus::Cancelled),
        (&[Wake {}.into()], clock(900), WithdrawalStatus::Expired),
    ];
    for (commands, context, wanted) in ends {
        let mut balance = balance_with(BalancePolicy { fee, ..BalancePolicy::default() });
        ok(&mut balance, request(1, 400_00), &boris(0));
        assert_eq!(funds(&balance), (585_00, 415_00));
        for command in commands {
            let context = if command.kind() == CommandKind::Confirm { boris(1) } else { context.clone() };
            assert_eq!(ok(&mut balance, command.clone(), &context).len(), 1);
        }
        assert_eq!((status(&balance, 1), funds(&balance)), (wanted, (1_000_00, 0)));
        assert_eq!((balance.sums().paid_out, balance.sums().fees), (0, 0));
    }
}

#[test]
fn a_withdrawal_expires_with_its_code_and_not_before() {
    let mut balance = with_withdrawal(WithdrawalStatus::Requested);
    assert_eq!(balance.next_deadline(), Some(after(900)));
    stands(&mut balance, Wake {}, &Context::clock(just_before(after(900))));
    // nobody woke it; the right code comes at the very instant of its expiry
    let late = Rejection::WrongStatus { command: CommandKind::Confirm, status: WithdrawalStatus::Expired };
    assert_eq!(refused(&mut balance, confirm(1), &boris(900)), late);
    let events = ok(&mut balance, request(2, 1_000_00), &boris(5_000));
    assert!(matches!(events[0], Event::WithdrawalExpired { withdrawal: 1, .. }), "{events:?}");
    assert_eq!(funds(&balance), (0, 1_000_00));
}

#[test]
fn a_withdrawal_confirmed_in_the_last_instant_is_sent() {
    let mut balance = with_withdrawal(WithdrawalStatus::Requested);
    ok(&mut balance, confirm(1), &Context::new(just_before(after(900)), party("boris")));
    assert_eq!(status(&balance, 1), WithdrawalStatus::Sent);
    // from here on only the gateway ends it
    stands(&mut balance, Wake {}, &clock(100 * DAY));
    let late = Rejection::WrongStatus { command: CommandKind::Cancel, status: WithdrawalStatus::Sent };
    assert_eq!(refused(&mut balance, Cancel { withdrawal: 1 }, &boris(100 * DAY)), late);
}

#[test]
fn the_fee_keeps_its_bounds_and_stays_under_the_amount() {
    let fee = WithdrawalFee {
        rate: percent(2),
        fixed: Some(rub(1_00)),
        min: Some(rub(5_00)),
        max: Some(rub(10_00)),
    };
    let of = |minor| {
        let mut balance = balance_with(BalancePolicy { fee, ..BalancePolicy::default() });
        match balance.handle(&request(1, minor).into(), &boris(0)) {
            Ok(_) => Ok(balance.withdrawal(1).unwrap().fee.minor()),
            Err(rejection) => Err(rejection),
        }
    };
    // 2 % of 100 is 2, + 1, at least 5
    assert_eq!(of(100_00), Ok(5_00));
    // floor(2 % of 250.49) is 5.00, + 1
    assert_eq!(of(250_49), Ok(6_00));
    // 2 % of 900 is 18, at most 10
    assert_eq!(of(900_00), Ok(10_00));
    // at least 5 for 5: nothing would be left of it
    assert_eq!(of(5_00), Err(Rejection::FeeOverAmount { fee: rub(5_00) }));
    assert_eq!(of(5_01), Ok(5_00));
    // the fee is on top: 1 000 is there, and 1 010 is needed
    let insufficient = Rejection::Insufficient { total: rub(1_010_00), available: rub(1_000_00) };
    assert_eq!(of(1_000_00), Err(insufficient));
    assert_eq!(of(990_00), Ok(10_00));
}

#[test]
fn the_limits_of_one_withdrawal() {
    let policy = BalancePolicy { min: Some(rub(100_00)), max: Some(rub(300_00)), ..BalancePolicy::default() };
    let mut balance = balance_with(policy);
    let under = Rejection::UnderMinimum { min: rub(100_00) };
    assert_eq!(refused(&mut balance, request(1, 99_99), &boris(0)), under);
    let over = Rejection::OverMaximum { max: rub(300_00) };
    assert_eq!(refused(&mut balance, request(1, 300_01), &boris(0)), over);
    ok(&mut balance, request(1, 100_00), &boris(0));
    ok(&mut balance, request(2, 300_00), &boris(0));
    assert_eq!(refused(&mut balance, request(3, 0), &boris(0)), Rejection::AmountNotPositive);
    let dollars = Request { amount: usd(200_00), ..request(3, 0) };
    assert_eq!(refused(&mut balance, dollars, &boris(0)), Rejection::OtherCurrency);
    let circle = Request { destination: Destination::Balance, ..request(3, 100_00) };
    assert_eq!(refused(&mut balance, circle, &boris(0)), Rejection::ToBalance);
}

#[test]
fn the_limit_of_a_day_slides_and_what_came_back_does_not_count() {
    let policy = BalancePolicy { per_day: Some(rub(500_00)), ..BalancePolicy::default() };
    let mut balance = balance_with(policy);
    ok(&mut balance, request(1, 300_00), &boris(0));
    ok(&mut balance, confirm(1), &boris(1));
    ok(&mut balance, paid(1), &gateway(2));
    ok(&mut balance, request(2, 200_00), &boris(HOUR));
    let none = Rejection::OverDay { left: rub(0) };
    assert_eq!(refused(&mut balance, request(3, 1), &boris(HOUR)), none);
    // the second comes back: 500 − 300
    ok(&mut balance, Cancel { withdrawal: 2 }, &boris(HOUR + 1));
    let left = Rejection::OverDay { left: rub(200_00) };
    assert_eq!(refused(&mut balance, request(3, 200_01), &boris(HOUR + 1)), left);
    // the first counts for 24 hours from its request, and midnight changes nothing
    let last = Context::new(just_before(after(DAY)), party("boris"));
    assert_eq!(refused(&mut balance, request(3, 500_00), &last), left);
    ok(&mut balance, request(3, 500_00), &boris(DAY));
}

#[test]
fn so_many_withdrawals_at_one_time() {
    let mut balance = balance_with(BalancePolicy { max_open: 2, ..BalancePolicy::default() });
    ok(&mut balance, request(1, 100_00), &boris(0));
    ok(&mut balance, request(2, 100_00), &boris(0));
    let many = Rejection::TooManyOpen { max: 2 };
    assert_eq!(refused(&mut balance, request(3, 100_00), &boris(0)), many);
    // one that is sent is still open
    ok(&mut balance, confirm(1), &boris(1));
    assert_eq!(refused(&mut balance, request(3, 100_00), &boris(1)), many);
    ok(&mut balance, paid(1), &gateway(2));
    ok(&mut balance, request(3, 100_00), &boris(3));
}

#[test]
fn what_is_sent_is_pending_under_its_key_until_it_is_answered() {
    let mut balance = balance();
    ok(&mut balance, request(1, 100_00), &boris(0));
    ok(&mut balance, request(2, 200_00), &boris(0));
    ok(&mut balance, confirm(2), &boris(1));
    let pending = |balance: &Balance| -> Vec<_> {
        balance.pending().map(|p| (p.key.to_string(), p.withdrawal.amount)).collect()
    };
    let key = "00000000-0000-0000-0000-0000000000ba:2".to_owned();
    assert_eq!(pending(&balance), [(key, rub(200_00))]);
    // the host crashes and reads it again: the same order under the same key
    let read: Balance = serde_json::from_str(&serde_json::to_string(&balance).unwrap()).unwrap();
    assert_eq!(pending(&read), pending(&balance));
    // in progress is no answer: asked again
    stands(&mut balance, Answer { withdrawal: 2, result: Answered::InProgress }, &gateway(2));
    assert_eq!(pending(&balance).len(), 1);
    ok(&mut balance, paid(2), &gateway(3));
    assert_eq!(pending(&balance), []);
}

#[test]
fn an_operator_changes_the_rules_for_what_comes() {
    let mut balance = with_withdrawal(WithdrawalStatus::Requested);
    let fee = WithdrawalFee { fixed: Some(rub(10_00)), ..WithdrawalFee::default() };
    let policy = BalancePolicy { fee, max_open: 1, ..*balance.policy() };
    ok(&mut balance, SetPolicy { policy }, &staff(1));
    stands(&mut balance, SetPolicy { policy }, &staff(2));
    // what is under way keeps its fee of nothing
    ok(&mut balance, confirm(1), &boris(3));
    ok(&mut balance, paid(1), &gateway(4));
    assert_eq!(balance.sums().fees, 0);
    ok(&mut balance, request(2, 100_00), &boris(5));
    assert_eq!(funds(&balance), (490_00, 110_00));

    let longer = BalancePolicy { horizon_s: policy.horizon_s + 1, ..policy };
    let Rejection::Policy(error) = refused(&mut balance, SetPolicy { policy: longer }, &staff(6)) else {
        panic!("the horizon is pinned")
    };
    assert_eq!((error.field, error.problem), ("horizon_s", PolicyProblem::Pinned));
    let dollars = BalancePolicy { min: Some(usd(1)), ..policy };
    let Rejection::Policy(error) = refused(&mut balance, SetPolicy { policy: dollars }, &staff(6)) else {
        panic!("another currency")
    };
    assert_eq!(error.to_string(), "min must be in the currency of the balance");
}

#[test]
fn an_impossible_policy_is_refused_with_its_field() {
    let with = |change: &dyn Fn(&mut BalancePolicy)| {
        let mut policy = BalancePolicy::default();
        change(&mut policy);
        policy.check(Currency::RUB).map_err(|e| (e.field, e.problem))
    };
    assert_eq!(with(&|_| ()), Ok(()));
    let out = PolicyProblem::OutOfRange;
    assert_eq!(with(&|p| p.horizon_s = DAY - 1), Err(("horizon_s", out)));
    assert_eq!(with(&|p| p.max_open = 0), Err(("max_open", out)));
    assert_eq!(with(&|p| p.max_open = 101), Err(("max_open", out)));
    assert_eq!(with(&|p| p.codes_per_day = 0), Err(("codes_per_day", out)));
    assert_eq!(with(&|p| p.codes_per_day = 1_001), Err(("codes_per_day", out)));
    assert_eq!(with(&|p| p.code.attempts = 0), Err(("code", out)));
    assert_eq!(with(&|p| p.code.codes = 11), Err(("code", out)));
    assert_eq!(with(&|p| p.code.lifetime_s = 0), Err(("code", out)));
    assert_eq!(with(&|p| p.fee.fixed = Some(rub(-1))), Err(("fee.fixed", out)));
    assert_eq!(with(&|p| p.per_day = Some(usd(1))), Err(("per_day", PolicyProblem::OtherCurrency)));
    let crossed = |p: &mut BalancePolicy| (p.min, p.max) = (Some(rub(2)), Some(rub(1)));
    assert_eq!(with(&crossed), Err(("min", PolicyProblem::MinOverMax)));
    let crossed = |p: &mut BalancePolicy| (p.fee.min, p.fee.max) = (Some(rub(2)), Some(rub(1)));
    assert_eq!(with(&crossed), Err(("fee.min", PolicyProblem::MinOverMax)));
}

#[test]
fn the_journal_is_the_statement() {
    let fee = WithdrawalFee { fixed: Some(rub(5_00)), ..WithdrawalFee::default() };
    let mut balance = empty(BalancePolicy { fee, ..BalancePolicy::default() });
    let mut lines = Vec::new();
    let steps: [(Command, Context); 8] = [
        (credit(1, 3, 700_00).into(), clock(0)),
        (request(1, 500_00).into(), boris(1)),
        (confirm(1).into(), boris(2)),
        (declined(1).into(), gateway(3)),
        (debit(1, 1, 100_00).into(), clock(4)),
        (request(2, 500_00).into(), boris(5)),
        (confirm(2).into(), boris(6)),
        (paid(2).into(), gateway(7)),
    ];
    for (command, context) in steps {
        for event in ok(&mut balance, command, &context) {
            lines.extend(event.movement().map(|m| {
                let fee = m.fee.map_or(0, Money::minor);
                (m.kind, m.origin, m.amount.minor(), fee, m.after.available.minor(), m.after.reserved.minor())
            }));
        }
    }
    let leg = Origin::Deal(Fact::Leg { deal: deal_id(1), transaction: TxId::new(3) });
    let owed = Origin::Deal(Fact::Receivable { deal: deal_id(1), number: 1 });
    let expected = [
        (MovementKind::Credit, leg, 700_00, 0, 700_00, 0),
        // 700 − 505
        (MovementKind::Reserve, Origin::Withdrawal(1), 500_00, 5_00, 195_00, 505_00),
        (MovementKind::Return, Origin::Withdrawal(1), 500_00, 5_00, 700_00, 0),
        (MovementKind::Debit, owed, 100_00, 0, 600_00, 0),
        // 600 − 505
        (MovementKind::Reserve, Origin::Withdrawal(2), 500_00, 5_00, 95_00, 505_00),
        (MovementKind::PayOut, Origin::Withdrawal(2), 500_00, 5_00, 95_00, 0),
    ];
    assert_eq!(lines, expected);
}

#[test]
fn every_rejection_has_a_code_of_its_own() {
    let fact = Fact::Leg { deal: deal_id(1), transaction: TxId::new(1) };
    let (status, command) = (WithdrawalStatus::Sent, CommandKind::Cancel);
    let policy = BalancePolicy { max_open: 0, ..BalancePolicy::default() };
    let all = [
        Rejection::UnknownActor,
        Rejection::Stale { seen: 1, actual: 2 },
        Rejection::WrongRole { role: Role::Clock, command },
        Rejection::UnknownWithdrawal { number: 1, last: 0 },
        Rejection::WrongStatus { command, status },
        Rejection::AlreadyAnswered { number: 1, status },
        Rejection::ReturnContradicts { number: 1, recorded: rub(1), told: rub(2) },
        Rejection::TooManyReturns { max: 64 },
        Rejection::AmountNotPositive,
        Rejection::OtherCurrency,
        Rejection::FactReused { fact },
        Rejection::TooOld { fact, until: Time::MIN },
        Rejection::SumTooLarge,
        Rejection::NumberTaken { number: 1, next: 2 },
        Rejection::NumberSkipped { next: 2 },
        Rejection::ToBalance,
        Rejection::UnderMinimum { min: rub(1) },
        Rejection::OverMaximum { max: rub(1) },
        Rejection::FeeOverAmount { fee: rub(1) },
        Rejection::OverDay { left: rub(1) },
        Rejection::TooManyOpen { max: 1 },
        Rejection::TooManyCodes { max: 1 },
        Rejection::Insufficient { total: rub(1), available: rub(0) },
        Rejection::Negative { available: rub(-1) },
        Rejection::Policy(policy.check(Currency::RUB).unwrap_err()),
        Rejection::Code(CodeRejection::OtherCode { current: 1 }),
        Rejection::Code(CodeRejection::OutOfOrder { next: 1 }),
        Rejection::Code(CodeRejection::Used),
        Rejection::Code(CodeRejection::Expired { expired: Time::MIN }),
        Rejection::Code(CodeRejection::Exhausted),
        Rejection::Code(CodeRejection::TooMany { max: 3 }),
    ];
    let codes: std::collections::BTreeSet<_> = all.iter().map(Rejection::code).collect();
    assert_eq!(codes.len(), all.len());
    for code in codes {
        assert!(code.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{code}");
    }
}
