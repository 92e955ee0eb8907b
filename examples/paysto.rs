//! Sales inside a system, as PAYSTO does them: `cargo run --example paysto`.
//!
//! Sonya sells an article to Boris on a site. The site gets 30 % for the advertising, and out of that the processor gets
//! 5 % of the price. Everybody's part is credited to a balance; Sonya's is withdrawn with a code that goes to Sonya's
//! mailbox. A second withdrawal goes to a card that is closed, and the money comes back.
#![expect(clippy::wildcard_enum_match_arm, reason = "an example prints but some of the events")]

use std::error::Error;

use escrow::deal::command::{Accept, ConfirmPayment, SetDestination, StartPerforming};
use escrow::deposit::DepositId;
use escrow::terms::{Fee, FeePayee, Item, Payer};
use escrow::{
    Actor, Context, Currency, Deal, DealId, Destination, Machine, Money, Payee, Policy, Rate, Recorded,
    Terms, TermsDraft, Time,
};
use escrow_market::balance::command::{Answer, Answered, Confirm, Request};
use escrow_market::balance::{BalancePolicy, Event, Holder, MovementKind, Origin, WithdrawalFee};
use escrow_market::code::{Attempt, CodeHash, PlainCode, Salt, Verdict};
use escrow_market::{Balance, BalanceId};
use uuid::Uuid;

type Any = Box<dyn Error>;

fn rub(minor: i64) -> Money {
    Money::from_minor(minor, Currency::RUB)
}

/// A balance and its journal, as a host stores them.
struct Account {
    balance: Balance,
    journal: Vec<Recorded<Event>>,
}

impl Account {
    fn open(id: u128, holder: Holder, fee: WithdrawalFee, now: Time) -> Result<Self, Any> {
        let policy = BalancePolicy { fee, min: Some(rub(50_00)), ..BalancePolicy::default() };
        let id = BalanceId::new(Uuid::from_u128(id));
        let (balance, first) = Balance::open(id, holder, Currency::RUB, policy, &Context::clock(now))?;
        Ok(Self { balance, journal: first.into_events().into_vec() })
    }

    /// Decides, applies, and keeps the events; a host commits them before it does anything else.
    fn submit(
        &mut self,
        command: impl Into<escrow_market::balance::Command>,
        context: &Context,
    ) -> Result<(), Any> {
        let transition = self.balance.handle(&command.into(), context)?;
        self.journal.extend(transition.into_events());
        Ok(())
    }

    /// After every commit of a deal and after every crash.
    fn follow(&mut self, deal: &Deal) -> Result<(), Any> {
        let news: Vec<_> = self.balance.follow(deal).collect();
        news.into_iter().try_for_each(|command| self.submit(command, &Context::clock(deal.last_at())))
    }

    fn print_statement(&self) {
        println!(
            "  {:<20} {:<24} {:>12} {:>9} {:>12} {:>12}",
            "when", "what", "amount", "fee", "available", "reserved"
        );
        for recorded in &self.journal {
            let Some(line) = recorded.event.movement() else { continue };
            let what = match line.kind {
                MovementKind::Credit => "credited",
                MovementKind::Clear => "cleared",
                MovementKind::Debit => "debited",
                MovementKind::Restore => "restored",
                MovementKind::Reserve => "reserved",
                MovementKind::PayOut => "paid out",
                MovementKind::Bounce => "bounced",
                MovementKind::Return => "returned",
            };
            let origin = match line.origin {
                Origin::Deal(_) => "a sale".to_owned(),
                Origin::Clearance => "in time".to_owned(),
                Origin::Withdrawal(number) => format!("withdrawal {number}"),
            };
            println!(
                "  {:<20} {:<24} {:>12} {:>9} {:>12} {:>12}",
                recorded.at.to_string(),
                format!("{what}: {origin}"),
                line.amount.to_decimal(),
                line.fee.map_or(String::new(), |fee| fee.to_decimal().to_string()),
                line.after.available.to_decimal(),
                line.after.reserved.to_decimal(),
            );
        }
    }
}

/// The sale: paid, delivered, accepted; all that anybody earns by it goes to balances.
fn sale(now: Time) -> Result<Deal, Any> {
    let article = Item::new("Article".parse()?, rub(1_000_00), 1);
    let mut draft =
        TermsDraft::new("boris".parse()?, "sonya".parse()?, Currency::RUB, vec![article], Policy::shop());
    let site = FeePayee::Partner("site".parse()?);
    draft.fees = vec![
        Fee::of_price("site".parse()?, site, Rate::from_ppm(300_000)?, Payer::Seller),
        Fee::carved("paysto".parse()?, FeePayee::Processor, Rate::from_ppm(50_000)?, "site".parse()?),
    ];
    let (boris, sonya) = (Context::party(now, "boris".parse()?), Context::party(now, "sonya".parse()?));
    let (mut deal, _) = Deal::propose(DealId::new(Uuid::from_u128(1)), Terms::new(draft)?, &boris)?;
    let paid = ConfirmPayment::charged(
        DepositId::BUYER_PAYMENT,
        "paysto".parse()?,
        "payment-1".parse()?,
        rub(1_000_00),
    );
    let _ = deal.handle(&paid.into(), &Context::gateway(now))?;
    let owners = [
        (Payee::Seller, sonya.clone()),
        (Payee::Party("site".parse()?), Context::party(now, "site".parse()?)),
        (Payee::Processor, Context::new(now, Actor::Operator("olga".parse()?))),
    ];
    for (payee, owner) in owners {
        let destination = Some(Destination::Balance);
        let _ = deal.handle(&SetDestination::new(payee, destination).into(), &owner)?;
    }
    let _ = deal.handle(&StartPerforming {}.into(), &sonya)?;
    println!("Boris pays {} for an article; Sonya delivers, Boris accepts.", rub(1_000_00));
    let accepted = deal.handle(&Accept::default().into(), &boris)?;
    for (payee, purpose, amount) in accepted.split() {
        println!("  {:<10} {:<8} {:>12}", payee.to_string(), purpose.as_str(), amount.to_string());
    }
    println!("  the deal is {}, and no gateway was asked\n", deal.status().as_str());
    Ok(deal)
}

/// Enters a code, and says what it came to: a wrong one is no error, it counts.
fn enter(sonya: &mut Account, withdrawal: u32, number: u8, entered: &str, now: Time) -> Result<(), Any> {
    let attempt = Attempt { code: 1, number, entered: PlainCode::new(entered)? };
    let confirm = Confirm { withdrawal, attempt };
    sonya.submit(confirm.clone(), &Context::party(now, "sonya".parse()?))?;
    match sonya.balance.verdict(&confirm) {
        Some(Verdict::Accepted) => println!("  Sonya enters a code: right"),
        Some(Verdict::Refused { attempts_left }) => {
            println!("  Sonya enters a code: wrong, {attempts_left} attempts are left");
        }
        None => println!("  Sonya enters a code: it was not judged"),
    }
    Ok(())
}

/// Asks for money. The host draws the code and the salt from a cryptographic source, and keeps neither.
fn request(sonya: &mut Account, minor: i64, card: &str, drawn: &str, now: Time) -> Result<(), Any> {
    let number = sonya.balance.last_number().checked_add(1).ok_or("too many")?;
    let code = CodeHash::new(&PlainCode::new(drawn)?, Salt::new([42; 16]));
    let request = Request { number, amount: rub(minor), destination: Destination::Card(card.parse()?), code };
    sonya.submit(request, &Context::party(now, "sonya".parse()?))?;
    println!("Sonya asks for {} to {card}; a code goes to Sonya's mailbox.", rub(minor));
    Ok(())
}

/// What the host does after every commit: has the gateway pay what is pending, and gives its answers back.
fn ask_gateway(sonya: &mut Account, now: Time) -> Result<(), Any> {
    let mut answers = Vec::new();
    for order in sonya.balance.pending() {
        let number = order.key.number;
        let result = match &order.withdrawal.destination {
            Destination::Card(card) if *card == "closed-card" => {
                Answered::Declined("the card is closed".parse()?)
            }
            _ => Answered::Succeeded(format!("payout-{number}").parse()?),
        };
        let answer = match &result {
            Answered::Succeeded(reference) => format!("paid as {reference}"),
            Answered::Declined(reason) => format!("declined, {reason}"),
            Answered::InProgress => "not known yet".to_owned(),
        };
        println!("  the gateway is asked to pay under {}: {answer}", order.key);
        answers.push(Answer { withdrawal: number, result });
    }
    answers.into_iter().try_for_each(|answer| sonya.submit(answer, &Context::gateway(now)))
}

fn main() -> Result<(), Any> {
    let now = Time::parse("2026-03-01T12:00:00Z")?;
    let at = |minutes: u32| now.plus_secs(minutes.saturating_mul(60));
    // a withdrawal costs 15 roubles, on top
    let fee = WithdrawalFee { fixed: Some(rub(15_00)), ..WithdrawalFee::default() };
    let mut sonya = Account::open(0xA1, Holder::Party("sonya".parse()?), fee, now)?;
    let mut site = Account::open(0xA2, Holder::Party("site".parse()?), WithdrawalFee::default(), now)?;
    let mut processor = Account::open(0xA3, Holder::Processor, WithdrawalFee::default(), now)?;

    let deal = sale(now)?;
    // delivered twice, credited once
    for _ in 0..2 {
        for account in [&mut sonya, &mut site, &mut processor] {
            account.follow(&deal)?;
        }
    }
    println!("The balances:");
    for account in [&sonya, &site, &processor] {
        let (holder, available) = (account.balance.holder(), account.balance.available());
        println!("  {:<10} {:>12}", holder.to_string(), available.to_string());
    }

    println!();
    request(&mut sonya, 400_00, "sonyas-card", "402913", at(10))?;
    enter(&mut sonya, 1, 1, "402931", at(11))?;
    enter(&mut sonya, 1, 2, "402913", at(12))?;
    ask_gateway(&mut sonya, at(13))?;

    println!();
    request(&mut sonya, 200_00, "closed-card", "775120", at(60))?;
    enter(&mut sonya, 2, 1, "775120", at(61))?;
    ask_gateway(&mut sonya, at(62))?;

    println!("\nSonya's statement:");
    sonya.print_statement();
    let sums = sonya.balance.sums();
    println!(
        "\n  credited {} = available {} + reserved {} + paid out {} + fees {} + debited {}",
        rub(sums.credited),
        rub(sums.available),
        rub(sums.reserved),
        rub(sums.paid_out),
        rub(sums.fees),
        rub(sums.debited),
    );
    Ok(())
}
