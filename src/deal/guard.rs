//! Named conditions over a deal and its policy, never over a command's content: data, so that the table prints.

use std::fmt;

use super::Deal;
use super::phase::{Phase, PhaseKind};
use crate::dispute::{Dispute, DisputeStage, Opener};
use crate::terms::{Acceptance, BuyerCancel, Moderation};
use crate::{RejectionClass, Role, Side};

/// A condition on which a permission depends.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[non_exhaustive]
pub enum Guard {
    /// `policy.moderation` is not off.
    ModerationOn,
    /// Both parties have consented to the current terms.
    AllAgreed,
    /// Every required deposit is full.
    Funded,
    /// No capture is without an answer.
    CaptureConfirmed,
    /// `policy.acceptance` is `by_buyer`.
    AcceptedByBuyer,
    /// `policy.acceptance` is `by_buyer`, and `policy.partial_buyout_allowed`.
    PartialBuyoutAllowed,
    /// `policy.acceptance` is `mutual`.
    AcceptedMutually,
    /// `policy.acceptance` is `by_buyer`: a concluded mutual deal is ended by reports.
    MayCancelFunded,
    /// `policy.buyer_cancel` reaches as far as this phase.
    BuyerMayCancelNow,
    /// The seller tells the progress: no track is attached, and the buyer accepts.
    ToldByHand,
    /// Something is held, other than charges, so that there is something to disagree about; and this side has opened the
    /// dispute less than [`Dispute::MAX_OPENINGS`](crate::Dispute::MAX_OPENINGS) times.
    MayDispute,
    /// The parties are asked, not yet the arbiter.
    Negotiating,
    /// The arbiter is asked, no longer the parties.
    InArbitration,
    /// The buyer accepts, and a revision can still be submitted under `policy.max_revisions`.
    RevisionsLeft,
    /// A revision was submitted that no request for changes has answered, and the seller may submit another one:
    /// nobody is asked for what they may not give, nor twice for the same.
    ChangesLeft,
    /// The other party offers an award.
    OfferMade,
    /// The actor opened the dispute, or no party did.
    MayWithdraw,
}

impl Guard {
    /// Every guard.
    pub const ALL: [Self; 17] = [
        Self::ModerationOn,
        Self::AllAgreed,
        Self::Funded,
        Self::CaptureConfirmed,
        Self::AcceptedByBuyer,
        Self::PartialBuyoutAllowed,
        Self::AcceptedMutually,
        Self::MayCancelFunded,
        Self::BuyerMayCancelNow,
        Self::ToldByHand,
        Self::MayDispute,
        Self::Negotiating,
        Self::InArbitration,
        Self::RevisionsLeft,
        Self::ChangesLeft,
        Self::OfferMade,
        Self::MayWithdraw,
    ];

    /// Whether it holds, for this role.
    pub(super) fn holds(self, deal: &Deal, role: Role) -> bool {
        // what both have agreed to, while an amendment waits
        let policy = &deal.binding_terms().policy;
        let by_buyer = match policy.acceptance {
            Acceptance::ByBuyer => true,
            Acceptance::Mutual => false,
        };
        match self {
            Self::ModerationOn => match policy.moderation {
                Moderation::Off => false,
                Moderation::OnDemand | Moderation::Required => true,
            },
            Self::AllAgreed => deal.consents().all(),
            Self::Funded => deal.is_funded(),
            Self::CaptureConfirmed => !deal.books().awaits_capture(),
            Self::AcceptedByBuyer | Self::MayCancelFunded => by_buyer,
            Self::PartialBuyoutAllowed => by_buyer && policy.partial_buyout_allowed,
            Self::AcceptedMutually => !by_buyer,
            Self::BuyerMayCancelNow => {
                by_buyer
                    && match policy.buyer_cancel {
                        BuyerCancel::BeforePerforming => deal.phase().kind() < PhaseKind::Performing,
                        BuyerCancel::BeforeAcceptance => deal.phase().kind() < PhaseKind::AwaitingAcceptance,
                        BuyerCancel::UntilAccepted => true,
                    }
            }
            Self::ToldByHand => by_buyer && deal.track().is_none(),
            Self::MayDispute => {
                let opened = |side| deal.dispute().map_or(0, |dispute| dispute.openings_by(side));
                let held = deal.books().holds_required();
                held && role.side().is_none_or(|side| opened(side) < Dispute::MAX_OPENINGS)
            }
            Self::Negotiating => {
                matches!(deal.phase(), Phase::Disputed { stage: DisputeStage::Negotiation, .. })
            }
            Self::InArbitration => {
                matches!(deal.phase(), Phase::Disputed { stage: DisputeStage::Arbitration, .. })
            }
            Self::RevisionsLeft => by_buyer && deal.submitted() < policy.max_revisions,
            Self::ChangesLeft => {
                !deal.changes_requested() && (1..policy.max_revisions).contains(&deal.submitted())
            }
            Self::OfferMade => {
                let other = role.side().map(Side::other);
                other.is_some_and(|side| deal.offer(side).is_some())
            }
            Self::MayWithdraw => deal.dispute().is_some_and(|dispute| match dispute.opened_by() {
                Opener::Party(side) => role.side() == Some(side),
                Opener::Refusal | Opener::Reports | Opener::Timer => true,
            }),
        }
    }

    /// A stable name, kebab-case.
    pub const fn code(self) -> &'static str {
        match self {
            Self::ModerationOn => "moderation-off",
            Self::AllAgreed => "consent-missing",
            Self::Funded => "not-funded",
            Self::CaptureConfirmed => "capture-unconfirmed",
            Self::AcceptedByBuyer => "accepted-by-reports",
            Self::PartialBuyoutAllowed => "partial-buyout-not-allowed",
            Self::AcceptedMutually => "accepted-by-buyer",
            Self::MayCancelFunded => "report-failure-instead",
            Self::BuyerMayCancelNow => "buyer-may-not-cancel-now",
            Self::ToldByHand => "not-told-by-hand",
            Self::MayDispute => "may-not-dispute",
            Self::Negotiating => "in-arbitration",
            Self::InArbitration => "still-negotiating",
            Self::RevisionsLeft => "no-revisions-left",
            Self::ChangesLeft => "no-changes-left",
            Self::OfferMade => "no-such-offer",
            Self::MayWithdraw => "not-your-dispute",
        }
    }

    /// What kind of refusal it is, of whom it turns down.
    pub const fn class(self) -> RejectionClass {
        match self {
            Self::AllAgreed
            | Self::Funded
            | Self::CaptureConfirmed
            | Self::ToldByHand
            | Self::MayDispute
            | Self::Negotiating
            | Self::InArbitration
            | Self::ChangesLeft
            | Self::OfferMade => RejectionClass::Conflict,
            Self::RevisionsLeft => RejectionClass::Gone,
            Self::ModerationOn
            | Self::AcceptedByBuyer
            | Self::PartialBuyoutAllowed
            | Self::AcceptedMutually
            | Self::MayCancelFunded
            | Self::BuyerMayCancelNow
            | Self::MayWithdraw => RejectionClass::Forbidden,
        }
    }

    /// Whether it can come to hold under the same policy.
    pub(super) const fn is_transient(self) -> bool {
        match self {
            Self::AllAgreed
            | Self::Funded
            | Self::CaptureConfirmed
            | Self::ToldByHand
            | Self::MayDispute
            | Self::Negotiating
            | Self::InArbitration
            | Self::ChangesLeft
            | Self::OfferMade => true,
            Self::ModerationOn
            | Self::AcceptedByBuyer
            | Self::PartialBuyoutAllowed
            | Self::AcceptedMutually
            | Self::MayCancelFunded
            | Self::BuyerMayCancelNow
            | Self::RevisionsLeft
            | Self::MayWithdraw => false,
        }
    }
}

/// What the actor whom the guard refused can do next.
impl fmt::Display for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ModerationOn => "the policy has no moderation",
            Self::AllAgreed => "both parties must agree to the current terms first",
            Self::Funded => "every required deposit must be full first",
            Self::CaptureConfirmed => "the capture of the payment is not confirmed yet: try again later",
            Self::AcceptedByBuyer => "both parties report on this deal: report success or failure",
            Self::PartialBuyoutAllowed => "the policy allows no partial buyout: accept everything, or cancel",
            Self::AcceptedMutually => "the buyer accepts this deal: accept it, cancel it, or open a dispute",
            Self::MayCancelFunded => "a concluded deal of this kind is not cancelled: report failure",
            Self::BuyerMayCancelNow => "the policy does not let the buyer cancel now: report failure where both report, otherwise open a dispute",
            Self::ToldByHand => {
                "a track tells the progress of this deal, or both reports: remove the track first"
            }
            Self::MayDispute => "nothing is held that could be disputed, or you have opened the dispute four times: accept, cancel, or wait for the deadline",
            Self::Negotiating => "the arbiter is asked already: wait for the ruling, or agree",
            Self::InArbitration => "the parties are still negotiating",
            Self::RevisionsLeft => "no (further) revision can be submitted on this deal",
            Self::ChangesLeft => "no revision waits for an answer, or it is the last one that the policy allows: accept it or open a dispute",
            Self::OfferMade => "the other party has not offered an award",
            Self::MayWithdraw => "the dispute can be given up by who opened it; one that opened by itself, by both",
        })
    }
}
