//! Balances: who sees them, and how money leaves them.

use escrow::deal::command::SettleReceivable;
use escrow::deposit::Reference;
use escrow::port::Repository as _;
use escrow::{Actor, Caller, Destination, Money};
use escrow_host::Problem;
use escrow_market::balance::command::{Cancel, Command, Confirm, NewCode, Request};
use escrow_market::balance::{Event, Holder};
use escrow_market::code::{Attempt, CodeHash, PlainCode, Salt, Verdict};
use escrow_market::{Balance, BalanceId};

use super::done;
use crate::error::Failure;
use crate::store::Person;
use crate::{Desk, token};

/// A withdrawal that was asked for, with the code that confirms it: given out once.
pub(crate) struct Requested {
    pub(crate) number: u32,
    /// `None`: it was given out before, since the request came again.
    pub(crate) code: Option<String>,
}

/// A code that was drawn, as it is sent and as it is stored.
fn draw() -> Result<(String, CodeHash), Failure> {
    let drawn = token::digits()?;
    let plain = PlainCode::new(&drawn).map_err(|e| Failure::internal(&e))?;
    let hash = CodeHash::new(&plain, Salt::new(token::bytes()?));
    Ok((drawn, hash))
}

impl Desk {
    /// A balance of this person, or for staff anybody's; and whether it is their own.
    pub(crate) async fn balance(&self, person: &Person, id: BalanceId) -> Result<(Balance, bool), Failure> {
        let balance: Option<Balance> = self.host.repository().load(id).await?;
        let balance = balance.ok_or_else(Failure::not_found)?;
        let is_own = *balance.holder() == Holder::Party(person.id.clone());
        if is_own || person.staff { Ok((balance, is_own)) } else { Err(Failure::not_found()) }
    }

    async fn own_balance(&self, person: &Person, id: BalanceId) -> Result<Balance, Failure> {
        let (balance, is_own) = self.balance(person, id).await?;
        if is_own {
            Ok(balance)
        } else {
            Err(Failure::forbidden("Only whose balance it is withdraws from it."))
        }
    }

    async fn act_on_balance(
        &self,
        person: &Person,
        id: BalanceId,
        command: Command,
    ) -> Result<Balance, Failure> {
        let caller = Caller::from(Actor::Party(person.id.clone()));
        done(Box::pin(self.host.act(id, command, caller)).await)?;
        self.own_balance(person, id).await
    }

    /// Asks for a withdrawal under the next number, or under the one that was asked for already.
    pub(crate) async fn request_withdrawal(
        &self,
        person: &Person,
        id: BalanceId,
        (number, amount, destination): (Option<u32>, Money, Destination),
    ) -> Result<Requested, Failure> {
        let balance = self.own_balance(person, id).await?;
        let number = number.unwrap_or_else(|| balance.last_number().saturating_add(1));
        let (drawn, code) = draw()?;
        let request = Request { number, amount, destination, code };
        let caller = Caller::from(Actor::Party(person.id.clone()));
        let acted = Box::pin(self.host.act(id, request, caller)).await;
        // where it was asked for before, the code that was drawn then counts
        let before = acted.as_ref().map_or(u64::MAX, |acted| acted.receipt.from_version);
        done(acted)?;
        let since = self.host.repository().journal::<Balance>(id, before).await?;
        let is_new = since.iter().any(|entry| {
            matches!(&entry.recorded.event, Event::WithdrawalRequested { withdrawal, .. } if *withdrawal == number)
        });
        Ok(Requested { number, code: is_new.then_some(drawn) })
    }

    /// Another code for a withdrawal: the old one is dead.
    pub(crate) async fn new_code(
        &self,
        person: &Person,
        id: BalanceId,
        withdrawal: u32,
    ) -> Result<String, Failure> {
        let balance = self.own_balance(person, id).await?;
        let known = balance.withdrawal(withdrawal).ok_or_else(Failure::not_found)?;
        let (drawn, code) = draw()?;
        let number = known.code.number().saturating_add(1);
        self.act_on_balance(person, id, NewCode { withdrawal, number, code }.into()).await?;
        Ok(drawn)
    }

    /// Confirms a withdrawal with its code: it is paid, or the bank is asked again until it is.
    pub(crate) async fn confirm_withdrawal(
        &self,
        person: &Person,
        id: BalanceId,
        withdrawal: u32,
        entered: &str,
    ) -> Result<Balance, Failure> {
        let balance = self.own_balance(person, id).await?;
        let known = balance.withdrawal(withdrawal).ok_or_else(Failure::not_found)?;
        let wrong = |left: u8| {
            Failure::from(Problem::new(
                422,
                "wrong-code",
                "This is not the code",
                format!("The code has six digits. It can be tried {left} times more."),
            ))
        };
        let entered = PlainCode::new(entered).map_err(|_| wrong(known.code.attempts_left()))?;
        let (code, number) = (known.code.number(), known.code.used().saturating_add(1));
        if known.code.is_accepted() {
            return Ok(balance);
        }
        let confirm = Confirm { withdrawal, attempt: Attempt { code, number, entered } };
        let after = self.act_on_balance(person, id, confirm.clone().into()).await?;
        match after.verdict(&confirm) {
            Some(Verdict::Refused { attempts_left }) => Err(wrong(attempts_left)),
            Some(Verdict::Accepted) | None => Ok(after),
        }
    }

    /// Cancels a withdrawal whose code was not entered.
    pub(crate) async fn cancel_withdrawal(
        &self,
        person: &Person,
        id: BalanceId,
        withdrawal: u32,
    ) -> Result<Balance, Failure> {
        self.own_balance(person, id).await?;
        self.act_on_balance(person, id, Cancel { withdrawal }.into()).await
    }

    /// What a balance has paid of a deal's debts, its deal is told: of the events behind a version.
    pub(crate) async fn tell_debits(&self, id: BalanceId, after: u64) -> Result<(), Failure> {
        let balance: Option<Balance> = self.host.repository().load(id).await?;
        let Some(balance) = balance else { return Ok(()) };
        for entry in self.host.repository().journal::<Balance>(id, after).await? {
            let Event::Debited { deal, receivable, amount, .. } = entry.recorded.event else { continue };
            let number = u32::try_from(entry.version).unwrap_or(u32::MAX);
            let reference =
                Reference::new(balance.reference(number)).map_err(|error| Failure::internal(&error))?;
            let paid = SettleReceivable::new(receivable, amount, reference);
            let operator = Actor::Operator(self.config.arbiter.parse().map_err(|e| Failure::internal(&e))?);
            match Box::pin(self.host.act(deal, paid, operator)).await {
                Ok(_) => {}
                // it was paid from elsewhere in the meantime: the balance hears of that from the deal
                Err(escrow::agent::ActError::Rejected(rejection)) => {
                    tracing::warn!(%deal, %rejection, "a deal does not take what a balance has paid of its debt");
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}
