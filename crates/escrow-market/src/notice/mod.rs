//! Whom to tell what, and where they want to be told: event by event, a typed [`Notice`] per recipient. The text, the
//! language and the sending are the host's.
//!
//! # Rules
//! - **Who caused an event is not told of it**: their own call has answered them, with all that followed in the same
//!   transition. What follows later, by the gateway's answers or by time, they are told like everybody else.
//! - **No notice carries what somebody else may not see**, because none carries it at all: no reference to the work, its
//!   preview or its original (the buyer has [`Deal::access`] for what they may see), no payment instrument, no contact
//!   data, and no free text that somebody wrote. Those are in the event, for whom [`Deal::may_read`] lets read it.
//! - **A notice depends on nothing but the event and the deal after it**, so the same event yields the same notices, live
//!   and on replay. [`of_commit`] gives an outbox all that a commit brings.
//! - **Where** somebody wants to be told is theirs to say and the host's to keep: [`Notice::by`] puts their [`Channels`] into
//!   the notice, so that an outbox row says all that a sender needs, at the time of the event.
//! - **A project and a basket** have notices of their own: [`of_machine_commit`]. What their deals tell is not told again.
//! - What is about to happen is no event: a host that reminds of deadlines has [`Deal::next_deadline`].
//!
//! # Source
//! Interkassa tells the seller of each payment by SMS, e-mail or ICQ; the home-made escrow plan tells the customer that
//! the work is uploaded; Nalogka tells the shop when the buyer cancels on Nalogka's own pages.

mod beside;
mod channel;
mod news;
mod table;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

pub use self::beside::{MachineNews, MachineNotice, Notifies, machine_notices, of_machine_commit};
pub use self::channel::{Channel, Channels, ChannelsError};
pub use self::news::News;
use self::table::To;

use escrow::Recorded;
use escrow::deal::Deal;
use escrow::port::Commit;
use escrow::{Actor, DealId, PartyId, Role, Side, Time};

/// Something to be told to somebody.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// About which deal.
    pub deal: DealId,
    /// When it happened.
    pub at: Time,
    /// The recipient.
    pub to: Recipient,
    /// The news.
    pub news: News,
    /// Where the recipient wants to be told, the best way first; empty where the host has not looked it up.
    #[serde(default, skip_serializing_if = "Channels::is_empty")]
    pub channels: Channels,
}

impl Notice {
    /// Where the recipient wants to be told, as the host's directory says; empty: they do not want to be, or have not said.
    #[must_use]
    pub fn by(mut self, directory: impl FnOnce(&Recipient) -> Channels) -> Self {
        self.channels = directory(&self.to);
        self
    }
}

/// Who is to be told.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipient {
    /// In which capacity: buyer, seller, arbiter, partner (a third party who is paid), operator or moderator.
    pub role: Role,
    /// Who; absent for staff: whoever is on duty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub party: Option<PartyId>,
}

/// To whom an event is to be told as what, each recipient once. `deal`: as of the event, with the event applied.
///
/// # Examples
/// ```
/// use escrow::deal::command::ConfirmPayment;
/// use escrow::deposit::DepositId;
/// use escrow::{Context, Currency, Deal, DealId, Money, Policy, Role, Terms, TermsDraft, Time, terms::Item};
/// use escrow_market::notice::{News, notices};
///
/// let rub = |minor| Money::from_minor(minor, Currency::RUB);
/// let phone = Item::new("Phone".parse()?, rub(23_500_00), 1);
/// let draft = TermsDraft::new("anna".parse()?, "shop".parse()?, Currency::RUB, vec![phone], Policy::shop());
/// let now = Time::parse("2026-03-01T12:00:00Z")?;
/// let (mut deal, _) = Deal::propose(DealId::new(uuid::Uuid::nil()), Terms::new(draft)?, &Context::party(now, "shop".parse()?))?;
/// let paid = ConfirmPayment::charged(
///     DepositId::BUYER_PAYMENT,
///     "bank".parse()?,
///     "payment-1".parse()?,
///     rub(23_500_00),
/// );
/// let transition = escrow::transition(&deal, &paid.into(), &Context::gateway(now))?;
/// let mut told = Vec::new();
/// for recorded in transition.events() {
///     deal.apply(recorded);
///     told.extend(notices(&deal, recorded));
/// }
/// let seller = told.iter().find(|n| n.to.role == Role::Seller).ok_or("the seller is told")?;
/// assert!(matches!(&seller.news, News::PaymentReceived { amount, .. } if *amount == rub(23_500_00)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn notices(deal: &Deal, recorded: &Recorded) -> impl Iterator<Item = Notice> {
    let (audience, news) = table::told(deal, &recorded.event).unzip();
    let mut recipients: SmallVec<[Recipient; 4]> = SmallVec::new();
    for recipient in audience.into_iter().flatten().map(|to| recipient(deal, to)) {
        if !caused_by(&recorded.actor, &recipient) && !recipients.contains(&recipient) {
            recipients.push(recipient);
        }
    }
    let (deal, at) = (deal.id(), recorded.at);
    let notice = move |to| Some(Notice { deal, at, to, news: news.clone()?, channels: Channels::default() });
    recipients.into_iter().filter_map(notice)
}

/// Whom to tell what of a commit, for the outbox. It depends on nothing but the events and the deal before, so it may be
/// computed again.
pub fn of_commit<'a>(commit: &Commit<'a>) -> impl Iterator<Item = Notice> + 'a {
    let mut deal = commit.before.cloned();
    let id = commit.deal_id();
    commit.events.iter().flat_map(move |recorded| {
        match &mut deal {
            Some(deal) => deal.apply(recorded),
            None => deal = Deal::begin(id, recorded),
        }
        let told: SmallVec<[Notice; 4]> = deal.iter().flat_map(|deal| notices(deal, recorded)).collect();
        told
    })
}

fn recipient(deal: &Deal, to: To<'_>) -> Recipient {
    let (role, party) = match to {
        To::Side(Side::Buyer) => (Role::Buyer, Some(deal.terms().buyer.clone())),
        To::Side(Side::Seller) => (Role::Seller, Some(deal.terms().seller.clone())),
        To::Arbiter(id) => (Role::Arbiter, Some(id.clone())),
        // an arbiter may be paid by the deal as well, and is told once, in the role that the deal knows
        To::Partner(id) => {
            (deal.role_of(&Actor::Party(id.clone())).unwrap_or(Role::Partner), Some(id.clone()))
        }
        To::Operator => (Role::Operator, None),
        To::Moderator => (Role::Moderator, None),
    };
    Recipient { role, party }
}

fn caused_by(actor: &Actor, recipient: &Recipient) -> bool {
    match actor {
        Actor::Party(id) => recipient.party.as_ref() == Some(id),
        Actor::Operator(_) => recipient.role == Role::Operator,
        Actor::Moderator(_) => recipient.role == Role::Moderator,
        Actor::Gateway | Actor::Tracker | Actor::Clock => false,
    }
}
