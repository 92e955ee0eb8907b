//! Storage is not trusted: journals and snapshots that were tampered with are refused with the field.

use super::*;
use escrow::Recorded;
use escrow::machine::DecodeError;
use escrow_market::balance::{self, Parts};
use escrow_market::code::{Code, CodePolicy};
use serde_json::{Value, json};

/// A balance with one of everything: 1 000.00 and 50.00 credited, 30.00 debited, withdrawal 1 (100.00 and 5.00) paid,
/// 2 (200.00 and 5.00) failed, 3 (300.00 and 5.00) sent, 4 (40.00 and 5.00) requested with a wrong attempt.
fn varied() -> (Balance, Vec<Recorded<Event>>) {
    let fee = WithdrawalFee { fixed: Some(rub(5_00)), ..WithdrawalFee::default() };
    let policy = BalancePolicy { fee, max_open: 4, ..BalancePolicy::default() };
    let (id, holder) = (BalanceId::new(Uuid::from_u128(0xBA)), Holder::Party(text("boris")));
    let (mut balance, first) = Balance::open(id, holder, Currency::RUB, policy, &clock(0)).unwrap();
    let mut journal = first.into_events().into_vec();
    let steps: [(Command, Context); 14] = [
        (credit(1, 1, 1_000_00).into(), clock(0)),
        (credit(2, 1, 50_00).into(), clock(1)),
        (debit(1, 1, 30_00).into(), clock(2)),
        (request(1, 100_00).into(), boris(3)),
        (request(2, 200_00).into(), boris(4)),
        (request(3, 300_00).into(), boris(5)),
        (request(4, 40_00).into(), boris(6)),
        (confirm(1).into(), boris(7)),
        (confirm(2).into(), boris(8)),
        (confirm(3).into(), boris(9)),
        (enter(4, 1, 1, wrong()).into(), boris(10)),
        (new_code(4, 2).into(), boris(11)),
        (paid(1).into(), gateway(12)),
        (declined(2).into(), gateway(13)),
    ];
    for (command, context) in steps {
        journal.extend(balance.handle(&command, &context).unwrap().into_events());
    }
    (balance, journal)
}

#[test]
fn snapshots_and_journals_give_the_same_balance() {
    let (balance, journal) = varied();
    // reserved: 305 + 45; available: 1 050 − 30 − 105 − 350
    assert_eq!(funds(&balance), (565_00, 350_00));
    let stored = serde_json::to_string(&balance).unwrap();
    assert_eq!(serde_json::from_str::<Balance>(&stored).unwrap(), balance);
    assert_eq!(balance.parts().restore(), Ok(balance.clone()));
    let written: Vec<String> = journal.iter().map(|e| serde_json::to_string(e).unwrap()).collect();
    let read: Vec<Recorded<Event>> = written.iter().map(|e| serde_json::from_str(e).unwrap()).collect();
    assert_eq!(read, journal);
    let replayed = Balance::replay(balance.id(), &read).unwrap();
    assert_eq!(replayed, balance);
    assert_eq!(serde_json::to_string(&replayed).unwrap(), stored);
}

#[test]
fn events_and_commands_are_tagged_by_type() {
    let (_, journal) = varied();
    let expected = json!({
        "at": "2026-03-01T12:00:00Z",
        "actor": "clock",
        "event": {
            "type": "credited",
            "deal": "00000000-0000-0000-0000-000000000001",
            "transaction": 1,
            "purpose": "payout",
            "settled_at": "2026-03-01T12:00:00Z",
            "amount": { "amount": "1000.00", "currency": "RUB" },
            "after": {
                "available": { "amount": "1000.00", "currency": "RUB" },
                "clearing": { "amount": "0.00", "currency": "RUB" },
                "reserved": { "amount": "0.00", "currency": "RUB" },
            },
        },
    });
    assert_eq!(serde_json::to_value(&journal[1]).unwrap(), expected);
    let command = json!({ "type": "confirm", "withdrawal": 1, "attempt": { "code": 1, "number": 1, "entered": "000101" } });
    let command: Command = serde_json::from_value(command).unwrap();
    let mut balance = with_withdrawal(WithdrawalStatus::Requested);
    ok(&mut balance, command, &boris(1));
    assert_eq!(status(&balance, 1), WithdrawalStatus::Sent);
    let extra = json!({ "type": "cancel", "withdrawal": 1, "now": true });
    assert!(serde_json::from_value::<Command>(extra).is_err());
}

#[test]
fn a_journal_begins_with_its_opening_and_has_no_other() {
    let (balance, journal) = varied();
    let not = Err(DecodeError::NotAJournal { first: "opened" });
    assert_eq!(Balance::replay(balance.id(), &[]), not);
    assert_eq!(Balance::replay(balance.id(), &journal[1..]), not);
    let twice: Vec<_> = journal.iter().chain(&journal[..1]).collect();
    assert_eq!(Balance::replay(balance.id(), twice), not);
}

#[test]
fn a_hostile_journal_is_refused() {
    let (balance, journal) = varied();
    let with = |change: &dyn Fn(&mut Event)| {
        let mut hostile = journal.clone();
        hostile.iter_mut().for_each(|recorded| change(&mut recorded.event));
        Balance::replay(balance.id(), &hostile).map(drop)
    };
    assert_eq!(with(&|_| ()), Ok(()));
    // money out of nothing
    let richer = |event: &mut Event| {
        if let Event::Credited { after, .. } = event {
            after.available = rub(9_999_00);
        }
    };
    // though the later events say again what there is
    assert_eq!(with(&richer), Err(DecodeError::Field { field: "sums" }));
    let richer = |event: &mut Event| {
        if let Event::WithdrawalFailed { after, .. } = event {
            after.available = rub(9_999_00);
        }
    };
    assert_eq!(with(&richer), Err(DecodeError::Field { field: "sums" }));
    let more = |event: &mut Event| {
        if let Event::Credited { amount, .. } = event {
            *amount = rub(9_999_00);
        }
    };
    assert_eq!(with(&more), Err(DecodeError::Field { field: "sums" }));
    let dollars = |event: &mut Event| {
        if let Event::Credited { amount, .. } = event {
            *amount = usd(1_000_00);
        }
    };
    assert_eq!(with(&dollars), Err(DecodeError::Field { field: "currency" }));
    // without the second credit
    let shorter: Vec<_> = journal[..2].iter().chain(&journal[3..]).collect();
    assert_eq!(Balance::replay(balance.id(), shorter), Err(DecodeError::Field { field: "sums" }));
}

/// Each line adds up, and yet the journal tells of something that never happens.
#[test]
fn a_journal_in_which_something_counts_twice_is_refused() {
    let after = |available, reserved| balance::After {
        available: rub(available),
        clearing: rub(0),
        reserved: rub(reserved),
    };
    let tell = |events: &[(Event, u32)]| {
        let mut balance = with_withdrawal(WithdrawalStatus::Sent);
        let opened = Balance::open(
            balance.id(),
            balance.holder().clone(),
            Currency::RUB,
            *balance.policy(),
            &clock(0),
        );
        let mut journal = opened.unwrap().1.into_events().into_vec();
        balance = Balance::replay(balance.id(), &journal).unwrap();
        for command in [Command::from(credit(1, 1, 1_000_00)), request(1, 400_00).into(), confirm(1).into()] {
            let actor = if command.kind() == CommandKind::Credit { clock(0) } else { boris(1) };
            journal.extend(balance.handle(&command, &actor).unwrap().into_events());
        }
        assert_eq!(Balance::replay(balance.id(), &journal).map(drop), Ok(()));
        let told = |(event, secs): &(Event, u32)| Recorded {
            at: self::after(*secs),
            actor: Actor::Clock,
            via: None,
            event: event.clone(),
        };
        journal.extend(events.iter().map(told));
        Balance::replay(balance.id(), &journal).map(drop)
    };
    let field = |field| Err(DecodeError::Field { field });
    let credited = |minor, available| Event::Credited {
        deal: deal_id(1),
        transaction: TxId::new(1),
        purpose: Purpose::Payout,
        clears: Vec::new(),
        settled_at: self::after(0),
        amount: rub(minor),
        after: after(available, 400_00),
    };
    assert_eq!(tell(&[(credited(1_000_00, 1_600_00), 2)]), field("heard"));
    let paid = |withdrawal, amount, available, reserved| Event::WithdrawalPaid {
        withdrawal,
        reference: text("payout-9"),
        amount: rub(amount),
        fee: rub(0),
        after: after(available, reserved),
    };
    let once = (paid(1, 400_00, 600_00, 0), 3);
    assert_eq!(tell(std::slice::from_ref(&once)), Ok(()));
    // the same one again, and another amount
    assert_eq!(tell(&[once.clone(), (paid(1, 400_00, 200_00, 0), 4)]), field("withdrawals"));
    assert_eq!(tell(&[(paid(1, 300_00, 700_00, 0), 3)]), field("withdrawals"));
    // the same number again, asked for once more and then paid once more
    let again = Event::WithdrawalRequested {
        withdrawal: 1,
        amount: rub(400_00),
        fee: rub(0),
        destination: card("card-7").unwrap(),
        code: Code::issue(1, hash(1, 1), &CodePolicy::default(), self::after(4)),
        after: after(200_00, 400_00),
    };
    let sent = Event::WithdrawalSent {
        withdrawal: 1,
        code: 1,
        attempt: 1,
        amount: rub(400_00),
        destination: card("card-7").unwrap(),
    };
    let twice = [once, (again.clone(), 4), (sent, 5), (paid(1, 400_00, 200_00, 0), 6)];
    assert_eq!(tell(&twice), field("withdrawals"));
}

#[test]
fn a_hostile_snapshot_is_refused_with_its_field() {
    let (balance, _) = varied();
    let good = serde_json::to_value(balance.parts()).unwrap();
    let typed = |change: &dyn Fn(&mut Value)| {
        let mut bad = good.clone();
        change(&mut bad);
        serde_json::from_value::<Parts>(bad).expect("well-formed").restore().map(|_| ())
    };
    let state = |path: &'static str, value: Value| {
        typed(&move |v| *v["state"].pointer_mut(path).expect(path) = value.clone())
    };
    assert_eq!(typed(&|_| ()), Ok(()));
    let unknown = Err(DecodeError::UnknownSchema { expected: "escrow.balance.v2" });
    assert_eq!(typed(&|v| v["schema"] = json!("escrow.balance.v1")), unknown);
    let field = |field| Err(DecodeError::Field { field });
    assert_eq!(state("/progress/revision", json!(0)), field("revision"));
    assert_eq!(state("/progress/revision", json!(99)), field("revision"));
    assert_eq!(state("/progress/last_at", json!("2026-03-01T11:00:00Z")), field("last_at"));
    assert_eq!(state("/policy/max_open", json!(0)), field("policy"));
    assert_eq!(typed(&|v| v["currency"] = json!("USD")), field("policy"));
    for sum in ["available", "reserved", "credited", "paid_out", "fees", "debited"] {
        let more = |v: &mut Value| {
            let now = v["state"]["sums"][sum].as_i64().unwrap();
            v["state"]["sums"][sum] = json!(now + 1);
        };
        assert_eq!(typed(&more), field("sums"), "{sum}");
    }
    // below zero by more than there are receivables
    let overdrawn = |v: &mut Value| {
        v["state"]["sums"]["available"] = json!(-30_01);
        v["state"]["sums"]["paid_out"] = json!(100_00 + 565_00 + 30_01);
    };
    assert_eq!(typed(&overdrawn), field("sums"));
    let negative = |v: &mut Value| {
        v["state"]["sums"]["available"] = json!(570_00 + 100_00);
        v["state"]["sums"]["paid_out"] = json!(-5_00);
    };
    assert_eq!(typed(&negative), field("sums"));
    // 45.00 are reserved for nobody
    let loose = |v: &mut Value| v["state"]["withdrawals"].as_array_mut().unwrap().truncate(3);
    assert_eq!(typed(&loose), field("withdrawals"));
    let unpaid = |v: &mut Value| {
        v["state"]["sums"]["paid_out"] = json!(0);
        v["state"]["sums"]["available"] = json!(665_00);
    };
    assert_eq!(typed(&unpaid), field("withdrawals"));

    // what was heard: twice, out of order, more than was credited, nothing, too old
    let twice = |v: &mut Value| {
        let one = v["state"]["heard"][0].clone();
        v["state"]["heard"].as_array_mut().unwrap().push(one);
    };
    assert_eq!(typed(&twice), field("heard"));
    let swapped = |v: &mut Value| v["state"]["heard"].as_array_mut().unwrap().swap(0, 1);
    assert_eq!(typed(&swapped), field("heard"));
    assert_eq!(state("/heard/0/minor", json!(2_000_00)), field("heard"));
    assert_eq!(state("/heard/0/minor", json!(0)), field("heard"));
    assert_eq!(state("/heard/0/since", json!("2024-03-01T12:00:00Z")), field("heard"));
    assert_eq!(state("/codes_sent/0", json!("2026-03-01T12:00:30Z")), field("codes_sent"));
    assert_eq!(state("/codes_sent/0", json!("2026-02-01T12:00:00Z")), field("codes_sent"));

    // withdrawals: 1 paid, 2 failed, 3 sent, 4 requested
    let w = |path: &'static str, value: Value| assert_eq!(state(path, value), field("withdrawals"), "{path}");
    w("/last_number", json!(3));
    w("/withdrawals/0/number", json!(0));
    w("/withdrawals/1/number", json!(1));
    w("/withdrawals/0/number", json!(4));
    w("/withdrawals/3/destination", json!("balance"));
    w("/withdrawals/3/requested_at", json!("2026-03-01T12:00:00Z"));
    w("/withdrawals/3/requested_at", json!("2026-03-01T13:00:00Z"));
    w("/withdrawals/3/fee/amount", json!("-5.00"));
    w("/withdrawals/3/fee/amount", json!("40.00"));
    w("/withdrawals/3/amount/amount", json!("41.00"));
    w("/withdrawals/3/amount/currency", json!("USD"));
    w("/withdrawals/3/state", json!({ "sent": { "at": "2026-03-01T12:00:13Z" } }));
    w("/withdrawals/3/code/expires", json!("2026-03-01T12:00:12Z"));
    w("/withdrawals/3/code/expires", json!("2036-03-01T12:00:00Z"));
    w("/withdrawals/3/code/number", json!(0));
    w("/withdrawals/3/code/number", json!(11));
    w("/withdrawals/3/code/attempts", json!(11));
    w("/withdrawals/2/code/used", json!(6));
    w("/withdrawals/2/code/used", json!(0));
    w("/withdrawals/2/code/accepted", json!(false));
    w("/withdrawals/2/state", json!({ "requested": {} }));
    w("/withdrawals/2/state", json!({ "expired": { "at": "2026-03-01T12:00:13Z" } }));
    w("/withdrawals/2/state/sent/at", json!("2026-03-01T13:00:00Z"));
    w("/withdrawals/0/state/paid/at", json!("2026-03-01T12:00:00Z"));

    let untyped = |change: &dyn Fn(&mut Value)| {
        let mut bad = good.clone();
        change(&mut bad);
        serde_json::from_value::<Balance>(bad).is_err()
    };
    assert!(!untyped(&|_| ()));
    assert!(untyped(&|v| v["extra"] = json!(1)));
    assert!(untyped(&|v| v["state"]["extra"] = json!(1)));
    assert!(untyped(&|v| v["state"]["withdrawals"][3]["extra"] = json!(1)));
    assert!(untyped(&|v| v["state"]["withdrawals"][3]["code"]["extra"] = json!(1)));
    assert!(untyped(&|v| v["state"]["withdrawals"][3]["state"]["requested"]["extra"] = json!(1)));
    assert!(untyped(&|v| v["state"]["withdrawals"][3]["code"]["hash"] = json!("00.00")));
    assert!(untyped(&|v| v["state"]["sums"]["fees"] = json!(0.5)));
    let doubled = |v: &mut Value| {
        let hash = v["state"]["withdrawals"][3]["code"]["hash"].as_str().unwrap().to_uppercase();
        v["state"]["withdrawals"][3]["code"]["hash"] = json!(hash);
    };
    assert!(untyped(&doubled), "one way to write a hash");
}
