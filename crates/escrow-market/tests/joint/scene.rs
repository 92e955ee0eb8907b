//! What is explored: who has agreed on what, and which unusual things may happen.

use escrow::deposit::DepositId;
use escrow::terms::{Consent, Item, Moderation};
use escrow::{Context, Currency, Deal, DealId, Money, Policy, Terms, TermsDraft, Time};
use escrow_market::basket::{BasketDraft, Line};
use escrow_market::project::{Funding, Milestone, ProjectDraft, ProjectTerms};
use escrow_market::{Basket, BasketId, Project, ProjectId};
use uuid::Uuid;

/// What does not happen in an ordinary history. Each of them happens once at most.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unusual {
    /// The gateway declines an order.
    Decline,
    /// The gateway says that an order that it declined has gone through after all.
    AfterAll,
    /// The payer's bank gives a refund back, in part.
    Returned,
    /// More comes in than is due.
    Over,
    /// It comes in another currency.
    Foreign,
    /// The payer's bank takes a part back.
    Chargeback,
    /// The payer's bank takes everything back.
    WholeChargeback,
    /// And gives it back in the end.
    Reinstated,
    /// A deal of a basket is paid by itself.
    Direct,
    /// The buyer opens a dispute.
    Dispute,
    /// Somebody proposes other milestones.
    Amend,
    /// Time passes to the last instant before a deadline.
    JustBefore,
}

impl Unusual {
    pub const fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// What is broken on purpose: the proof of the proof.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Planted {
    /// The outbox loses what a basket tells of a payment.
    LosesPayments,
    /// The gateway never answers for a refund of a basket.
    NeverRefunds,
}

/// What is explored.
pub struct Scene {
    pub name: &'static str,
    /// How many unusual things happen in one history.
    pub budget: u8,
    /// Which of them may.
    pub unusual: &'static [Unusual],
    /// Whether a basket is paid in parts.
    pub parts: bool,
    /// Whether people do only what money goes by: nobody cancels.
    pub lean: bool,
    pub planted: Option<Planted>,
    /// How the system begins.
    pub begin: Begin,
}

/// How the system begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Begin {
    /// A project of two milestones that waits for consent.
    Each { clearance: bool },
    /// The same, paid upfront by a basket.
    Upfront,
    /// A basket of two deals of two sellers that are open.
    Cart,
}

impl Scene {
    pub fn plays(&self, unusual: Unusual) -> bool {
        self.unusual.contains(&unusual)
    }

    pub fn project(&self) -> Option<(Project, Vec<escrow::Recorded<escrow_market::project::Event>>)> {
        let (funding, policy) = match self.begin {
            Begin::Each { clearance } => {
                (Funding::Each, policy().clearance_s(if clearance { DAY } else { 0 }))
            }
            Begin::Upfront => (Funding::Upfront { basket: basket_id() }, policy()),
            Begin::Cart => return None,
        };
        let milestones = vec![milestone(1, 30), milestone(2, 70)];
        let parties = (text("anna"), text("boris"));
        let mut draft = ProjectDraft::new(parties, text("Site"), Currency::EUR, policy, milestones);
        draft.funding = funding;
        let terms = ProjectTerms::new(draft).unwrap();
        let context = Context::party(noon(), text("anna"));
        let (project, first) = Project::propose(ProjectId::new(Uuid::nil()), terms, &context).unwrap();
        Some((project, first.into_events().into_vec()))
    }

    pub fn basket(&self) -> Option<(Basket, Vec<escrow::Recorded<escrow_market::basket::Event>>)> {
        let Begin::Cart = self.begin else { return None };
        let line =
            |n, minor| Line { deal: deal_id(n), deposit: DepositId::BUYER_PAYMENT, amount: eur(minor) };
        let until = noon().plus_secs(DAY);
        let draft = BasketDraft::new(text("anna"), Currency::EUR, vec![line(1, 30), line(2, 70)], until);
        let (basket, first) = Basket::open(basket_id(), draft, &Context::clock(noon())).unwrap();
        Some((basket, first.into_events().into_vec()))
    }

    pub fn deals(&self) -> Vec<(Deal, Vec<escrow::Recorded<escrow::Event>>)> {
        let Begin::Cart = self.begin else { return Vec::new() };
        let open = |(n, seller, minor)| {
            let items = vec![Item::new(text("Thing"), eur(minor), 1)];
            // the second deal waits longer for its money than the basket does
            let policy = policy().deposit_s(if n == 1 { DAY } else { 2 * DAY }).consent(Consent::OnCreation);
            let draft = TermsDraft::new(text("anna"), text(seller), Currency::EUR, items, policy);
            let context = Context::new(noon(), escrow::Actor::Operator(text("olga")));
            let (deal, first) = Deal::propose(deal_id(n), Terms::new(draft).unwrap(), &context).unwrap();
            (deal, first.into_events().into_vec())
        };
        [(1, "boris", 30), (2, "carla", 70)].map(open).into()
    }
}

/// Every duration is a day: whatever is due, is due a whole number of days from now.
fn policy() -> Policy {
    Policy::freelance()
        .moderation(Moderation::Off)
        .proposal_s(DAY)
        .deposit_s(DAY)
        .moderation_s(DAY)
        .start_s(DAY)
        .performance_s(DAY)
        .acceptance_s(DAY)
        .negotiation_s(DAY)
        .arbitration_s(DAY)
        .settlement_s(DAY)
        .revision_time_s(0)
        .max_revisions(1)
        .max_tracks(0)
        .max_extension_s(0)
        .chargeback_s(DAY)
}

pub const DAY: u32 = 86_400;

pub fn milestone(n: u128, minor: i64) -> Milestone {
    Milestone::new(deal_id(n), vec![Item::new(text("Part"), eur(minor), 1)])
}

pub fn text<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

pub fn eur(minor: i64) -> Money {
    Money::from_minor(minor, Currency::EUR)
}

pub fn noon() -> Time {
    text("2026-03-01T12:00:00Z")
}

pub fn deal_id(n: u128) -> DealId {
    DealId::new(Uuid::from_u128(n))
}

pub fn basket_id() -> BasketId {
    BasketId::new(Uuid::from_u128(9))
}
