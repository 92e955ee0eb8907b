//! What is told of the machines beside the deal: the terms of a project, and the payment of a basket. What their deals tell
//! is not told again.

use serde::{Deserialize, Serialize};
use smallvec::{SmallVec, smallvec};

use super::{Channels, Recipient, caused_by};
use crate::basket::{self, Basket};
use crate::follow::MachineId;
use crate::project::{self, Ending, Project};
use escrow::deal::command::ChargebackStep;
use escrow::deposit::{GatewayName, Reference};
use escrow::port::{Aggregate, Commit};
use escrow::{DealId, Money, PartyId, Recorded, Role, Side, Time};

/// Something to be told to somebody of a machine beside the deal.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MachineNotice {
    /// About which machine.
    pub machine: MachineId,
    /// When it happened.
    pub at: Time,
    /// The recipient: in the role that they have in the deals of it. A project's customer and a basket's payer are buyers,
    /// a contractor is a seller.
    pub to: Recipient,
    /// The news.
    pub news: MachineNews,
    /// Where the recipient wants to be told, the best way first; empty where the host has not looked it up.
    #[serde(default, skip_serializing_if = "Channels::is_empty")]
    pub channels: Channels,
}

impl MachineNotice {
    /// Where the recipient wants to be told, as the host's directory says; empty: they do not want to be, or have not said.
    #[must_use]
    pub fn by(mut self, directory: impl FnOnce(&Recipient) -> Channels) -> Self {
        self.channels = directory(&self.to);
        self
    }
}

/// What happened to a machine beside the deal, as it is told. Its `kind` in JSON is stable, and no kind of a deal's news.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum MachineNews {
    /// There is a new project.
    ProjectProposed {
        /// Whose proposal it is.
        by: Side,
        /// Until when the other party can agree.
        until: Time,
    },
    /// Other milestones are proposed in place of those that have not begun.
    MilestonesProposed {
        /// The version that they are.
        version: u32,
        /// Whose proposal it is.
        by: Side,
    },
    /// A proposal is withdrawn.
    MilestonesWithdrawn {
        /// Its version.
        version: u32,
    },
    /// A party has agreed: the milestones are binding.
    MilestonesAgreed {
        /// Their version.
        version: u32,
        /// Which party.
        by: Side,
    },
    /// The deal of a milestone was not opened in time: the host has not heard that it is to be.
    MilestoneLapsed {
        /// The deal.
        deal: DealId,
    },
    /// A milestone was not accepted: the customer goes on, both agree to other milestones, or the project is stopped.
    ProjectHalted {
        /// Its deal.
        after: DealId,
        /// Until when somebody can go on.
        until: Time,
    },
    /// The customer goes on.
    ProjectContinued {
        /// After the milestone of this deal.
        after: DealId,
    },
    /// No milestone begins any more; what runs, runs on.
    ProjectStopped {},
    /// The project is over.
    ProjectClosed {
        /// Why.
        because: Ending,
    },
    /// A basket is to be paid.
    BasketOpened {
        /// How much.
        amount: Money,
        /// Until when.
        until: Time,
    },
    /// Money came into a basket.
    BasketPaid {
        /// How much.
        amount: Money,
        /// By which gateway.
        gateway: GatewayName,
    },
    /// A deal has left a basket: it need not be paid any more.
    BasketDealLeft {
        /// The deal.
        deal: DealId,
    },
    /// A basket is full, and every deal in it is paid.
    BasketFilled {},
    /// A basket is given up: everything goes back.
    BasketGivenUp {},
    /// Money of a basket went back.
    BasketRefunded {
        /// The refund, by its number.
        refund: u32,
        /// How much.
        amount: Money,
    },
    /// The gateway has declined a refund: staff tries it again.
    BasketRefundDeclined {
        /// The refund, by its number.
        refund: u32,
        /// How much.
        amount: Money,
    },
    /// The payer's bank has given a refund back: staff tries it again.
    BasketRefundReturned {
        /// The refund, by its number.
        refund: u32,
        /// How much came back.
        amount: Money,
    },
    /// The payer's bank moved a chargeback of a basket's payment; its deals tell of their parts.
    BasketChargeback {
        /// Of which payment.
        payment: Reference,
        /// How much.
        amount: Money,
        /// How far it is.
        step: ChargebackStep,
    },
}

type Audience = SmallVec<[Recipient; 4]>;

/// A machine beside the deal that has something to tell people.
pub trait Notifies: Aggregate {
    /// Which machine it is.
    fn machine(&self) -> MachineId;

    /// What is told of an event, and to whom, whoever caused it; `None`: nothing. It depends on nothing that later events
    /// change.
    fn told(&self, event: &Self::Event) -> Option<(Audience, MachineNews)>;
}

/// To whom an event of a machine beside the deal is to be told as what, each recipient once. `machine`: with the event
/// applied; what came after it changes nothing.
pub fn machine_notices<M: Notifies>(
    machine: &M,
    recorded: &Recorded<M::Event>,
) -> impl Iterator<Item = MachineNotice> + use<M> {
    let (audience, news) = machine.told(&recorded.event).unzip();
    let mut audience = audience.unwrap_or_default();
    audience.retain(|recipient| !caused_by(&recorded.actor, recipient));
    let (machine, at) = (machine.machine(), recorded.at);
    let notice =
        move |to| Some(MachineNotice { machine, at, to, news: news.clone()?, channels: Channels::default() });
    audience.into_iter().filter_map(notice)
}

/// Whom to tell what of a commit of a machine beside the deal, for the outbox.
pub fn of_machine_commit<M: Notifies>(commit: &Commit<'_, M>) -> Vec<MachineNotice> {
    commit.events.iter().flat_map(|recorded| machine_notices(commit.after, recorded)).collect()
}

fn party(role: Role, id: &PartyId) -> Recipient {
    Recipient { role, party: Some(id.clone()) }
}

const OPERATOR: Recipient = Recipient { role: Role::Operator, party: None };

impl Project {
    fn party(&self, side: Side) -> Recipient {
        match side {
            Side::Buyer => party(Role::Buyer, &self.terms().customer),
            Side::Seller => party(Role::Seller, &self.terms().contractor),
        }
    }
}

impl Notifies for Project {
    fn machine(&self) -> MachineId {
        MachineId::Project(self.id())
    }

    fn told(&self, event: &project::Event) -> Option<(Audience, MachineNews)> {
        use project::Event;
        let both = || Side::ALL.map(|side| self.party(side)).into_iter().collect();
        let one = |side| smallvec![self.party(side)];
        Some(match event {
            Event::Proposed { by, until, .. } => {
                (both(), MachineNews::ProjectProposed { by: *by, until: *until })
            }
            Event::AmendmentProposed { version, by, .. } => {
                (one(by.other()), MachineNews::MilestonesProposed { version: *version, by: *by })
            }
            Event::AmendmentWithdrawn { version } => {
                (both(), MachineNews::MilestonesWithdrawn { version: *version })
            }
            Event::Agreed { version, by } => {
                (both(), MachineNews::MilestonesAgreed { version: *version, by: *by })
            }
            Event::MilestoneLapsed { deal } => {
                let mut audience: Audience = both();
                audience.push(OPERATOR);
                (audience, MachineNews::MilestoneLapsed { deal: *deal })
            }
            Event::Halted { after, until } => {
                (both(), MachineNews::ProjectHalted { after: *after, until: *until })
            }
            Event::Continued { after } => {
                (one(Side::Seller), MachineNews::ProjectContinued { after: *after })
            }
            Event::Stopped { .. } => (both(), MachineNews::ProjectStopped {}),
            Event::Closed { because } => (both(), MachineNews::ProjectClosed { because: *because }),
            // told by the deal of the milestone, or by the basket
            Event::MilestoneBegun { .. } | Event::MilestoneReached { .. } | Event::BasketAsked { .. } => {
                return None;
            }
        })
    }
}

impl Notifies for Basket {
    fn machine(&self) -> MachineId {
        MachineId::Basket(self.id())
    }

    fn told(&self, event: &basket::Event) -> Option<(Audience, MachineNews)> {
        use basket::Event;
        let payer = || smallvec![party(Role::Buyer, &self.draft().payer)];
        let with_operator = || smallvec![party(Role::Buyer, &self.draft().payer), OPERATOR];
        let amount_of = |refund: u32| {
            let place = usize::try_from(refund.checked_sub(1)?).ok()?;
            self.refunds().get(place).map(|refund| refund.amount)
        };
        Some(match event {
            Event::Opened { draft } => {
                let minor =
                    draft.lines.iter().fold(0_i64, |sum, line| sum.saturating_add(line.amount.minor()));
                let amount = Money::from_minor(minor, draft.currency);
                (payer(), MachineNews::BasketOpened { amount, until: draft.until })
            }
            Event::PaymentReceived { gateway, amount, .. } => {
                (payer(), MachineNews::BasketPaid { amount: *amount, gateway: gateway.clone() })
            }
            Event::DealLeft { deal } => (payer(), MachineNews::BasketDealLeft { deal: *deal }),
            Event::Filled { .. } => (payer(), MachineNews::BasketFilled {}),
            Event::GivenUp { .. } => (payer(), MachineNews::BasketGivenUp {}),
            Event::RefundPaid { refund, .. } => {
                let (refund, amount) = (*refund, amount_of(*refund)?);
                (payer(), MachineNews::BasketRefunded { refund, amount })
            }
            Event::RefundDeclined { refund, .. } => {
                let (refund, amount) = (*refund, amount_of(*refund)?);
                (with_operator(), MachineNews::BasketRefundDeclined { refund, amount })
            }
            Event::RefundReturned { refund, amount, .. } => {
                (with_operator(), MachineNews::BasketRefundReturned { refund: *refund, amount: *amount })
            }
            Event::ChargebackRecorded { payment, step, amount, .. } => {
                let (payment, amount, step) = (payment.clone(), *amount, *step);
                (with_operator(), MachineNews::BasketChargeback { payment, amount, step })
            }
            // an order has moved nothing yet; of its part each deal tells
            Event::RefundOrdered { .. } | Event::ChargebackDivided { .. } => return None,
        })
    }
}
