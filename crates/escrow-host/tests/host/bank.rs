//! The sandbox bank keeps the laws of a gateway, and its facts are told.

use escrow::deal::PendingOrder;
use escrow::deal::command::Answered;
use escrow::deal::command::{Accept, ChargebackStep};
use escrow::deposit::{GatewayName, IdempotencyKey, Reference, TransactionKind};
use escrow::port::{CheckoutForm, CheckoutRequest, blocking};
use escrow::{Money, Status};
use escrow_host::sandbox::{Bank, BankError, Faults, SandboxGateway};
use escrow_testing::ManualClock;
use escrow_testing::conformance::{GatewayUnderTest, payment_gateway};

use crate::world::{World, id, party, rub, start};

struct UnderTest(SandboxGateway<ManualClock>);

impl blocking::PaymentGateway for UnderTest {
    type Error = BankError;

    fn checkout(&self, request: CheckoutRequest<'_>) -> Result<CheckoutForm, BankError> {
        blocking::PaymentGateway::checkout(&self.0, request)
    }

    fn execute(&self, order: PendingOrder<'_>) -> Result<Answered, BankError> {
        blocking::PaymentGateway::execute(&self.0, order)
    }
}

impl GatewayUnderTest for UnderTest {
    fn pay_in(&self, amount: Money, held: bool) -> Option<(GatewayName, Reference)> {
        let number = self.0.bank().notices(0).unwrap().len();
        let reference = Reference::new(format!("in-{number}")).unwrap();
        let until = held.then(|| start().plus_secs(7 * 86_400));
        let deposit = escrow::deposit::DepositId::BUYER_PAYMENT;
        self.0.bank().pay(id(7), deposit, &reference, amount, until).unwrap();
        Some((Bank::name().unwrap(), reference))
    }

    fn effects(&self, key: IdempotencyKey) -> Vec<Money> {
        let movements = self.0.bank().movements().unwrap();
        let of_key =
            movements.into_iter().filter(|m| m.deal.uuid() == key.machine && m.order == key.transaction);
        of_key.map(|m| rub(m.amount)).collect()
    }

    fn forget_keys(&self) -> bool {
        self.0.bank().forget_keys().unwrap();
        true
    }
}

#[test]
fn the_bank_keeps_the_laws_of_a_gateway() {
    let fresh = || {
        let bank = Bank::in_memory(Faults::default()).unwrap();
        UnderTest(SandboxGateway::new(bank, ManualClock::new(start())))
    };
    let seen = payment_gateway(fresh).unwrap();
    let law = "an order is not carried out again when its key is forgotten";
    assert!(seen.held().contains(&law), "{seen:?}");
    // the control: the same bank, whose adapter does not look
    let blind = || {
        let bank = Bank::in_memory(Faults::default()).unwrap();
        UnderTest(SandboxGateway::new(bank, ManualClock::new(start())).without_looking())
    };
    let broken = payment_gateway(blind).unwrap_err();
    assert_eq!(broken.findings().iter().map(|f| f.law).collect::<Vec<_>>(), [law]);
}

#[tokio::test]
async fn a_bounce_opens_the_payout_again() {
    let world = World::new(Faults::default());
    world.performing(1).await;
    let acted = world.host.act(id(1), Accept::default(), party("anna")).await.unwrap();
    let sent = acted.after.transactions().iter().find(|t| t.kind() == TransactionKind::Payout).unwrap().id();
    let fact = world.bank().bounce(id(1), sent, rub(950_00)).unwrap();
    world.host.webhook(id(1), fact.clone()).await.unwrap();
    // told twice, it came back once
    world.host.webhook(id(1), fact).await.unwrap();
    let deal = world.load(1).await;
    assert_eq!(deal.transaction(sent).unwrap().bounced(), 950_00);
}

#[tokio::test]
async fn a_chargeback_is_told_and_its_money_is_gone() {
    let world = World::new(Faults::default());
    world.performing(1).await;
    for step in [ChargebackStep::Opened, ChargebackStep::Lost] {
        let (case, payment) = ("case-1".parse().unwrap(), "pay-1".parse().unwrap());
        world.bank().chargeback(id(1), case, payment, rub(1_000_00), step).unwrap();
    }
    // as webhooks: all of them, twice, from the beginning
    for _ in 0..2 {
        for (_, deal, fact) in world.bank().notices(0).unwrap() {
            world.host.webhook(deal, fact).await.unwrap();
        }
    }
    world.host.act(id(1), Accept::default(), party("anna")).await.unwrap();
    let deal = world.load(1).await;
    assert_eq!(deal.status(), Status::Completed, "{deal:?}");
    assert_eq!(world.bank().received(id(1)).unwrap(), 0);
    assert_eq!(world.bank().audit([&deal]).unwrap().findings, []);
}
