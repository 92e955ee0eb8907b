//! The examples, through the library.

use crate::scenarios::{example, examples, is_sound, read};
use escrow::{Currency, Money};
use escrow_testing::scenario::{Scenario, run};

#[test]
fn every_example_does_what_it_expects() {
    for (file, text) in examples() {
        let scenario = Scenario::from_json(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let report = run(&scenario);
        assert!(report.ok, "{}: {:#?} {:?}", file.display(), report.differences, report.error);
        is_sound(&report);
        // an example explains itself, and says what it should come to
        assert!(scenario.about.contains("By hand: "), "{}: shows no calculation", file.display());
        let expect = &scenario.expect;
        assert!(expect.status.is_some() && expect.legs.is_some(), "{}: expects little", file.display());
        // and a second run says the very same
        let again = serde_json::to_string(&run(&scenario)).unwrap();
        assert_eq!(again, serde_json::to_string(&report).unwrap());
    }
}

/// Every leg is settled and every deposit empty at the end: nothing stays behind.
#[test]
fn every_example_ends_with_nothing_inside() {
    for (_, text) in examples() {
        let report = run(&Scenario::from_json(&text).unwrap());
        for d in &report.deposits {
            assert!(d.held.is_zero() && d.reserved.is_zero(), "{}: {}", report.name, d.deposit);
        }
    }
}

/// The figures of the examples that the design names, once more by hand.
#[test]
fn examples_by_hand() {
    let rub = |minor| Money::from_minor(minor, Currency::RUB);
    let legs = |letter: &str| -> Vec<(String, i64)> {
        let report = run(&read(&example(letter)));
        report
            .legs
            .iter()
            .map(|l| (format!("{} {}", l.payee, l.purpose.as_str()), l.amount.minor()))
            .collect()
    };
    let of = |all: &[(&str, i64)]| all.iter().map(|(who, n)| ((*who).to_owned(), *n)).collect::<Vec<_>>();
    // 23 500.00, 5 % of it, the rest; CDEK is the seller's own expense
    assert_eq!(legs("a"), of(&[("platform fee", 117_500), ("seller payout", 2_232_500)]));
    let quote = run(&read(&example("a"))).quote.unwrap();
    assert_eq!(
        (quote.deposit, quote.payout, quote.seller_profit),
        (rub(2_350_000), rub(2_232_500), rub(2_192_500))
    );
    assert_eq!(
        legs("b"),
        of(&[("buyer returned", 1_015_000), ("platform fee", 30_000), ("seller payout", 1_035_000)])
    );
    assert_eq!(
        legs("c"),
        of(&[
            ("insurer service", 10_000),
            ("platform fee", 21_000),
            ("seller payout", 35_000),
            ("buyer refund", 399_000)
        ])
    );
    assert_eq!(legs("d"), of(&[("buyer refund", 1_530_000)]));
    assert_eq!(
        legs("e"),
        of(&[
            ("platform service", 30_000),
            ("platform fee", 30_000),
            ("seller payout", 270_000),
            ("buyer refund", 600_000)
        ])
    );
    assert_eq!(legs("f"), of(&[("buyer excess", 78_050)]));
    assert_eq!(legs("g"), of(&[("platform fee", 120_000), ("seller payout", 1_080_000)]));
    // PAYSTO: 30 % of 1 000.00 to the partner, of which 5 % of the price go to the processor
    assert_eq!(
        legs("v"),
        of(&[("processor fee", 5_000), ("writers-system fee", 25_000), ("seller payout", 70_000)])
    );
    // Interkassa: 3 % of what stays paid, and the rest back to three sources, newest first
    assert_eq!(
        legs("w"),
        of(&[
            ("processor fee", 2_999),
            ("seller payout", 97_000),
            ("buyer refund", 49_997),
            ("buyer refund", 100_000),
            ("buyer refund", 50_001)
        ])
    );
    assert_eq!(legs("x"), of(&[("processor fee", 897), ("seller payout", 29_003)]));
    assert_eq!(legs("y"), of(&[("processor fee", 15_870), ("seller payout", 513_130)]));
}
