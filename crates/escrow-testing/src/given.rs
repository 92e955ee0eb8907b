//! Given, when, then: one command after the other on one deal, in code. No agent, no gateway: only the rules.

use escrow::Recorded;
use escrow::deal::Event;
use escrow::{
    Command, Context, Deal, DealId, Money, Payee, Rejection, Status, Terms, Transition, transition,
};

/// A deal that a test begins with.
///
/// Everything that a test finds different from what it says is a panic that tells both, at the line of the test.
///
/// # Examples
/// ```
/// use escrow::deal::command::{Accept, ConfirmPayment, StartPerforming};
/// use escrow::deposit::DepositId;
/// use escrow::terms::Item;
/// use escrow::{Context, Currency, Money, Payee, Policy, Terms, TermsDraft, Time};
/// use escrow_testing::Given;
///
/// let price = Money::from_minor(1_000_00, Currency::RUB);
/// let items = vec![Item::new("Lamp".parse()?, price, 1)];
/// let terms = Terms::new(TermsDraft::new("anna".parse()?, "boris".parse()?, Currency::RUB, items, Policy::shop()))?;
/// let now = Time::parse("2026-03-01T12:00:00Z")?;
/// let (anna, boris) = (Context::party(now, "anna".parse()?), Context::party(now, "boris".parse()?));
/// let paid = ConfirmPayment::charged(
///     DepositId::BUYER_PAYMENT,
///     "bank".parse()?,
///     "payment-1".parse()?,
///     price,
/// );
///
/// Given::terms(terms, &anna)
///     .command(paid, &Context::gateway(now))
///     .command(StartPerforming {}, &boris)
///     .when(Accept::default(), &boris)
///     .then_rejected("wrong-role")
///     .when(Accept::default(), &anna)
///     .then_orders([(Payee::Seller, price)]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is tried before `when`"]
pub struct Given(Deal);

impl Given {
    /// A deal with these terms, proposed by the actor of the context. Its id is nil.
    ///
    /// # Panics
    /// If it cannot be proposed.
    #[track_caller]
    pub fn terms(terms: Terms, context: &Context) -> Self {
        let proposed = Deal::propose(DealId::new(uuid::Uuid::nil()), terms, context);
        Self(or_panic(proposed, "the deal cannot be proposed").0)
    }

    /// A deal as it is, such as one that was decoded.
    pub const fn deal(deal: Deal) -> Self {
        Self(deal)
    }

    /// A deal by its journal.
    ///
    /// # Panics
    /// If this is no journal of a deal.
    #[track_caller]
    pub fn events(id: DealId, journal: &[Recorded]) -> Self {
        Self(or_panic(Deal::replay(id, journal), "the events given are no journal"))
    }

    /// This has been done, too.
    ///
    /// # Panics
    /// If it is rejected.
    #[track_caller]
    pub fn command(mut self, command: impl Into<Command>, context: &Context) -> Self {
        let command = command.into();
        let _ = or_panic(self.0.handle(&command, context), "a command given is rejected");
        self
    }

    /// Tries a command.
    pub fn when(self, command: impl Into<Command>, context: &Context) -> Then {
        Then::of(self.0, &command.into(), context)
    }
}

/// What came of a command. Every method says what should have.
#[derive(Clone, Debug)]
pub struct Then {
    verdict: Result<Transition, Rejection>,
    deal: Deal,
}

impl Then {
    fn of(mut deal: Deal, command: &Command, context: &Context) -> Self {
        let verdict = transition(&deal, command, context);
        verdict.iter().flat_map(Transition::events).for_each(|recorded| deal.apply(recorded));
        Self { verdict, deal }
    }

    /// It is accepted, and these events follow, all of them and in this order; those of deadlines that had passed come
    /// first. Of a repeat none follow.
    ///
    /// # Panics
    /// If it is rejected, or other events follow.
    #[track_caller]
    pub fn then_events(self, expected: impl IntoIterator<Item = Event>) -> Self {
        let expected: Vec<_> = expected.into_iter().collect();
        let got: Vec<_> = self.accepted().events().iter().map(|recorded| recorded.event.clone()).collect();
        assert!(got == expected, "other events follow\nexpected: {expected:#?}\n     got: {got:#?}");
        self
    }

    /// It is accepted, and the gateway is to move these sums to these payees, in this order and nothing else.
    ///
    /// # Panics
    /// If it is rejected, or orders something else.
    #[track_caller]
    pub fn then_orders(self, expected: impl IntoIterator<Item = (Payee, Money)>) -> Self {
        let told = |(payee, amount): (&Payee, Money)| format!("{amount} to {payee}");
        let expected: Vec<_> = expected.into_iter().map(|(payee, amount)| told((&payee, amount))).collect();
        let got: Vec<_> = self.accepted().orders().map(|order| told((&order.payee, order.amount))).collect();
        assert!(got == expected, "something else is ordered\nexpected: {expected:?}\n     got: {got:?}");
        self
    }

    /// It is rejected with this code, and nothing has changed.
    ///
    /// # Panics
    /// If it is accepted, or rejected with another code.
    #[track_caller]
    pub fn then_rejected(self, code: &str) -> Self {
        let got = self.verdict.as_ref().map_or_else(Rejection::code, |_| "accepted");
        assert!(got == code, "expected: {code}\n     got: {got}: {:?}", self.verdict);
        self
    }

    /// The deal has this status now.
    ///
    /// # Panics
    /// If it has another one.
    #[track_caller]
    pub fn then_status(self, expected: Status) -> Self {
        let got = self.deal.status();
        assert!(got == expected, "the deal has another status\nexpected: {expected}\n     got: {got}");
        self
    }

    /// Tries the next command on what came of this one.
    pub fn when(self, command: impl Into<Command>, context: &Context) -> Self {
        Self::of(self.deal, &command.into(), context)
    }

    /// The deal as it is now.
    pub const fn deal(&self) -> &Deal {
        &self.deal
    }

    #[track_caller]
    fn accepted(&self) -> &Transition {
        or_panic(self.verdict.as_ref(), "the command is rejected")
    }
}

#[track_caller]
#[expect(clippy::panic, reason = "a panic is how a test fails")]
fn or_panic<T, E: std::fmt::Display>(result: Result<T, E>, what: &str) -> T {
    match result {
        Ok(value) => value,
        Err(e) => panic!("{what}: {e}"),
    }
}
