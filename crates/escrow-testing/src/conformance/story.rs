//! A short story of each kind of machine, the same every time.

use escrow::deal::command::{Accept, ConfirmPayment, StartPerforming};
use escrow::deposit::{DepositId, Purpose};
use escrow::port::Aggregate;
use escrow::terms::Item;
use escrow::{
    Actor, Context, Currency, Deal, DealId, Destination, Machine, Policy, Side, Time, Transition, TxId,
};
use escrow_market::balance::command::{Confirm, Credit, Request};
use escrow_market::balance::{BalancePolicy, Holder};
use escrow_market::basket::{self, BasketDraft, Line};
use escrow_market::code::{Attempt, CodeHash, PlainCode, Salt};
use escrow_market::offer::command::{Conclude, Propose, Take};
use escrow_market::offer::{OfferDraft, OfferTerms};
use escrow_market::project::command::{Agree, Ended, Reached, Report};
use escrow_market::project::{Milestone, ProjectDraft, ProjectTerms};
use escrow_market::store::command::{Close, Resume, SetConditions, Suspend};
use escrow_market::store::{Conditions, StoreDraft, StoreTerms};
use escrow_market::subscription::command::{Cancel, CancelAt};
use escrow_market::subscription::{Period, Plan, Recipient, SubscriptionDraft, SubscriptionTerms};
use escrow_market::{Balance, Basket, Offer, Project, Store, Subscription};
use escrow_market::{BalanceId, BasketId, OfferId, ProjectId, StoreId, SubscriptionId};
use uuid::Uuid;

use super::{buyer, party, rub, sale, seller};
use crate::known;

/// A machine that a suite can play: how it begins, and what happens to it then. A host's own machine may be one, too.
///
/// What the gateway answers is not in the story: the suite answers every order as soon as it is there.
pub trait Story: Aggregate + PartialEq {
    /// The id from a UUID of the suite's own.
    fn id_of(uuid: Uuid) -> Self::Id;

    /// Its beginning.
    ///
    /// # Errors
    /// Why it cannot begin: a mistake of the story's.
    fn begin(id: Self::Id, at: Time) -> Result<(Self, Transition<Self>), String>;

    /// What happens to it, in order, and who does it. Every command has events.
    fn story() -> Vec<(Self::Command, Actor)>;
}

/// What is told as it is written.
type Told<M> = Result<(M, Transition<M>), String>;

fn operator() -> Actor {
    Actor::Operator(known("operator"))
}

fn told<M: Machine<Rejection: ToString>>(begun: Result<(M, Transition<M>), M::Rejection>) -> Told<M> {
    begun.map_err(|e| e.to_string())
}

/// The deal that the others are about.
const OF: DealId = DealId::new(Uuid::from_u64_pair(0xE5C0_0F1C_4F0A_4000, 0xDEA1));

fn item(minor: i64) -> Item {
    Item::new(known("Thing"), rub(minor), 1)
}

/// Paid, begun, accepted: 950.00 for the seller and 50.00 for the platform go out.
impl Story for Deal {
    fn id_of(uuid: Uuid) -> DealId {
        DealId::new(uuid)
    }

    fn begin(id: DealId, at: Time) -> Told<Self> {
        told(Self::propose(id, sale()?, &Context::new(at, seller())))
    }

    fn story() -> Vec<(Self::Command, Actor)> {
        let deposit = DepositId::BUYER_PAYMENT;
        let paid = ConfirmPayment::charged(deposit, known("bank"), known("payment"), rub(1_000_00));
        vec![
            (paid.into(), Actor::Gateway),
            (StartPerforming {}.into(), seller()),
            (Accept::default().into(), buyer()),
        ]
    }
}

/// A credit, all of which is withdrawn.
impl Story for Balance {
    fn id_of(uuid: Uuid) -> BalanceId {
        BalanceId::new(uuid)
    }

    fn begin(id: BalanceId, at: Time) -> Told<Self> {
        let (holder, policy) = (Holder::Party(party("seller")), BalancePolicy::default());
        told(Self::open(id, holder, Currency::RUB, policy, &Context::clock(at)))
    }

    fn story() -> Vec<(Self::Command, Actor)> {
        let (transaction, purpose, amount) = (TxId::new(1), Purpose::Payout, rub(50_00));
        let credit = Credit { deal: OF, transaction, purpose, amount, settled_at: super::start() };
        let mut story = vec![(credit.into(), Actor::Clock)];
        if let Ok(code) = PlainCode::new("402913") {
            let (destination, hash) =
                (Destination::Card(known("card")), CodeHash::new(&code, Salt::new([7; 16])));
            let request = Request { number: 1, amount, destination, code: hash };
            let attempt = Attempt { code: 1, number: 1, entered: code };
            story.push((request.into(), seller()));
            story.push((Confirm { withdrawal: 1, attempt }.into(), seller()));
        }
        story
    }
}

/// Paid over by 5.00, which goes back.
impl Story for Basket {
    fn id_of(uuid: Uuid) -> BasketId {
        BasketId::new(uuid)
    }

    fn begin(id: BasketId, at: Time) -> Told<Self> {
        let line = Line { deal: OF, deposit: DepositId::BUYER_PAYMENT, amount: rub(30_00) };
        let draft = BasketDraft::new(party("buyer"), Currency::RUB, vec![line], at.plus_secs(86_400));
        told(Self::open(id, draft, &Context::clock(at)))
    }

    fn story() -> Vec<(Self::Command, Actor)> {
        let paid = basket::command::ConfirmPayment::charged(known("bank"), known("payment"), rub(35_00));
        vec![(paid.into(), Actor::Gateway)]
    }
}

/// One unit is taken, and its deal concluded.
impl Story for Offer {
    fn id_of(uuid: Uuid) -> OfferId {
        OfferId::new(uuid)
    }

    fn begin(id: OfferId, at: Time) -> Told<Self> {
        let draft = OfferDraft::new(party("seller"), Side::Seller, item(75_00), Policy::guarantee());
        let terms = OfferTerms::new(draft).map_err(|e| e.to_string())?;
        told(Self::publish(id, terms, &Context::new(at, seller())))
    }

    fn story() -> Vec<(Self::Command, Actor)> {
        vec![
            (Take { deal: OF, count: 1, purse: None, contact: None }.into(), buyer()),
            (Propose { deal: OF }.into(), Actor::Clock),
            (Conclude { deal: OF }.into(), Actor::Clock),
        ]
    }
}

/// One milestone: agreed, open, accepted, over.
impl Story for Project {
    fn id_of(uuid: Uuid) -> ProjectId {
        ProjectId::new(uuid)
    }

    fn begin(id: ProjectId, at: Time) -> Told<Self> {
        let milestones = vec![Milestone::new(OF, vec![item(300_00)])];
        let (parties, policy) = ((party("buyer"), party("seller")), Policy::freelance());
        let draft = ProjectDraft::new(parties, known("Site"), Currency::RUB, policy, milestones);
        let terms = ProjectTerms::new(draft).map_err(|e| e.to_string())?;
        told(Self::propose(id, terms, &Context::new(at, buyer())))
    }

    fn story() -> Vec<(Self::Command, Actor)> {
        let report = |reached| (Report { deal: OF, reached }.into(), Actor::Clock);
        vec![
            (Agree { version: 1 }.into(), seller()),
            report(Reached::Opened),
            report(Reached::Accepted),
            report(Reached::Ended(Ended::Completed)),
        ]
    }
}

/// Other conditions; suspended, resumed, closed.
impl Story for Store {
    fn id_of(uuid: Uuid) -> StoreId {
        StoreId::new(uuid)
    }

    fn begin(id: StoreId, at: Time) -> Told<Self> {
        let conditions = Conditions { fees: Vec::new(), policy: Policy::shop(), destinations: Vec::new() };
        let (owner, name, currency) = (party("seller"), known("Things"), Currency::RUB);
        let draft = StoreDraft { owner, name, currency, contact: None, conditions };
        let terms = StoreTerms::new(draft).map_err(|e| e.to_string())?;
        told(Self::open(id, terms, &Context::new(at, operator())))
    }

    fn story() -> Vec<(Self::Command, Actor)> {
        let policy = Policy::shop().acceptance_s(600);
        let conditions = Conditions { fees: Vec::new(), policy, destinations: Vec::new() };
        vec![
            (SetConditions { version: 2, conditions }.into(), operator()),
            (Suspend { reason: known("complaints") }.into(), operator()),
            (Resume {}.into(), operator()),
            (Close {}.into(), seller()),
        ]
    }
}

/// One period, which is charged as soon as it begins; cancelled.
impl Story for Subscription {
    fn id_of(uuid: Uuid) -> SubscriptionId {
        SubscriptionId::new(uuid)
    }

    fn begin(id: SubscriptionId, at: Time) -> Told<Self> {
        let plan = Plan::new(rub(4_90), Period::Days(1));
        let draft = SubscriptionDraft::new(party("buyer"), Recipient::Platform, plan);
        let terms = SubscriptionTerms::new(draft).map_err(|e| e.to_string())?;
        told(Self::subscribe(id, terms, &Context::new(at, buyer())))
    }

    fn story() -> Vec<(Self::Command, Actor)> {
        vec![(Cancel { at: CancelAt::Once }.into(), buyer())]
    }
}
