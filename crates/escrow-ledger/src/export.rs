//! Journals as text, for `hledger` and for `beancount`.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::{Account, AccountKind, Ledger};
use escrow::{Currency, Money, Time};

impl Ledger {
    /// A journal that `hledger check --strict` accepts: every account and commodity is declared.
    pub fn to_hledger(&self) -> String {
        let mut text = String::new();
        let mut currencies: BTreeSet<String> = BTreeSet::new();
        let accounts = self.accounts();
        for currency in accounts.values().flatten() {
            // how many digits it has, as an example
            let one = Money::from_minor(0, *currency).to_decimal();
            let point = if one.scale() == 0 { "." } else { "" };
            currencies.insert(format!("commodity {one}{point} \"{}\"", hledger_commodity(*currency)));
        }
        currencies.iter().for_each(|line| push(&mut text, line));
        accounts.keys().for_each(|account| push(&mut text, &format!("account {}", hledger_name(account))));
        for entry in self.entries() {
            push(&mut text, "");
            push(&mut text, &format!("{} {}", day(entry.at), one_line(&entry.description)));
            for posting in &entry.postings {
                let (name, sum) = (hledger_name(&posting.account), posting.amount.to_decimal());
                let commodity = hledger_commodity(posting.amount.currency());
                push(&mut text, &format!("    {name}  {sum} \"{commodity}\""));
            }
        }
        text
    }

    /// A journal that `bean-check` accepts: every account is opened on the day of the first entry.
    pub fn to_beancount(&self) -> String {
        let mut text = String::new();
        let first = self.entries().iter().map(|entry| entry.at).min();
        if let Some(first) = first {
            for account in self.accounts().keys() {
                push(&mut text, &format!("{} open {}", day(first), beancount_name(account)));
            }
        }
        for entry in self.entries() {
            push(&mut text, "");
            let description = one_line(&entry.description).replace('\\', "/").replace('"', "'");
            push(&mut text, &format!("{} * \"{description}\"", day(entry.at)));
            for posting in &entry.postings {
                let (name, sum) = (beancount_name(&posting.account), posting.amount.to_decimal());
                push(
                    &mut text,
                    &format!("  {name}  {sum} {}", beancount_commodity(posting.amount.currency())),
                );
            }
        }
        text
    }
}

fn push(text: &mut String, line: &str) {
    // writing to a string cannot fail
    let _ = writeln!(text, "{line}");
}

/// The day in UTC: `2026-03-01`.
fn day(at: Time) -> String {
    at.to_string().chars().take(10).collect()
}

/// A semicolon begins a comment in both, and a bar divides a payee from a note.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || c == ';' || c == '|' { ' ' } else { c }).collect()
}

const fn root(kind: AccountKind) -> (&'static str, &'static str) {
    match kind {
        AccountKind::Asset => ("assets", "Assets"),
        AccountKind::Liability => ("liabilities", "Liabilities"),
        AccountKind::Income => ("income", "Income"),
        AccountKind::Expense => ("expenses", "Expenses"),
    }
}

/// Ids are written with letters and digits as they are, and everything else by its number: two ids are never one account.
fn encoded(id: &str) -> String {
    let mut text = String::new();
    for c in id.chars() {
        match c {
            '-' => text.push_str("--"),
            c if c.is_ascii_alphanumeric() => text.push(c),
            c => {
                let _ = write!(text, "-{:X}-", u32::from(c));
            }
        }
    }
    text
}

fn hledger_name(account: &Account) -> String {
    let mut name = root(account.kind()).0.to_owned();
    for (part, word) in account.parts() {
        name.push(':');
        name.push_str(&if word { part.to_owned() } else { encoded(part) });
    }
    name
}

fn beancount_name(account: &Account) -> String {
    let mut name = root(account.kind()).1.to_owned();
    for (part, word) in account.parts() {
        name.push(':');
        if word {
            // `buyer_payment` is `Buyer-payment`
            let mut letters = part.chars();
            name.extend(letters.next().map(|c| c.to_ascii_uppercase()));
            name.extend(letters.map(|c| if c == '_' { '-' } else { c }));
        } else {
            // an account's part begins with a capital letter or a digit
            name.push('X');
            name.push_str(&encoded(part));
        }
    }
    name
}

/// Its code; of a custom one with the number of its digits, so that two are never one.
fn hledger_commodity(currency: Currency) -> String {
    currency.to_string()
}

fn beancount_commodity(currency: Currency) -> String {
    currency.to_string().to_ascii_uppercase()
}
