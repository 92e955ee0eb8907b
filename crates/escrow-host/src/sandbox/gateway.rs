//! The adapter to the bank.

use escrow::deal::PendingOrder;
use escrow::deal::command::Answered;
use escrow::port::{CheckoutForm, CheckoutRequest, Clock, FormMethod, PaymentGateway, blocking};

use super::{Bank, BankError};

/// The [`Bank`] as a gateway. It looks before it acts, unless it is told not to.
#[derive(Debug)]
pub struct SandboxGateway<C> {
    bank: Bank,
    clock: C,
    looks: bool,
}

impl<C: Clock> SandboxGateway<C> {
    /// An adapter that asks the bank for what carries the deal and the number, before it sends what may have been sent before.
    pub const fn new(bank: Bank, clock: C) -> Self {
        Self { bank, clock, looks: true }
    }

    /// An adapter that trusts the bank to remember its keys: wrong, and what a control must find.
    #[must_use]
    pub const fn without_looking(mut self) -> Self {
        self.looks = false;
        self
    }

    /// The bank.
    pub const fn bank(&self) -> &Bank {
        &self.bank
    }

    fn form(request: &CheckoutRequest<'_>) -> CheckoutForm {
        CheckoutForm {
            method: FormMethod::Get,
            url: "https://bank.example/pay".to_owned(),
            parameters: vec![
                ("key".to_owned(), request.key.to_string()),
                ("amount".to_owned(), request.amount.to_string()),
                ("description".to_owned(), request.description.unwrap_or_default().to_owned()),
            ],
        }
    }
}

impl<C: Clock + Sync> PaymentGateway for SandboxGateway<C> {
    type Error = BankError;

    async fn checkout(&self, request: CheckoutRequest<'_>) -> Result<CheckoutForm, BankError> {
        Ok(Self::form(&request))
    }

    async fn execute(&self, order: PendingOrder<'_>) -> Result<Answered, BankError> {
        self.bank.execute(&order, self.looks, self.clock.now())
    }
}

impl<C: Clock> blocking::PaymentGateway for SandboxGateway<C> {
    type Error = BankError;

    fn checkout(&self, request: CheckoutRequest<'_>) -> Result<CheckoutForm, BankError> {
        Ok(Self::form(&request))
    }

    fn execute(&self, order: PendingOrder<'_>) -> Result<Answered, BankError> {
        self.bank.execute(&order, self.looks, self.clock.now())
    }
}
