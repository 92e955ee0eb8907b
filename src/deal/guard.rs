//! Named conditions over a deal and its policy, never over a command's content: data, so that the table prints.

use std::fmt;

use super::Deal;
use super::phase::{Phase, PhaseKind};
use crate::dispute::{Dispute, DisputeStage, Opener};
use crate::terms::{Acceptance, BuyerCancel, Delivery, Moderation};
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
    /// `policy.buyer_cancel` reaches as far as this phase, or nothing is paid in full.
    BuyerMayCancelNow,
    /// People tell the progress: no track is attached, and the buyer accepts.
    ToldByHand,
    /// The delivery is no tracked parcel, whose start the seller does not tell.
    Untracked,
    /// The delivery is no parcel, which nobody submits.
    NoParcel,
    /// The subject is not downloaded, or there is something to download.
    Downloadable,
    /// No track is attached, or it can still be changed under `policy.max_tracks`.
    TracksLeft,
    /// Something is held, other than charges, so that there is something to disagree about; and this side has opened the
    /// dispute less than [`Dispute::MAX_OPENINGS`](crate::Dispute::MAX_OPENINGS) times.
    MayDispute,
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
    pub const ALL: [Self; 20] = [
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
        Self::Untracked,
        Self::NoParcel,
        Self::Downloadable,
        Self::TracksLeft,
        Self::MayDispute,
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
                let phase = deal.phase().kind();
                let unpaid = phase < PhaseKind::AwaitingPerformance && !deal.is_funded();
                let reaches = match policy.buyer_cancel {
                    // an interruption can follow the start, and a scan can come while it lasts
                    BuyerCancel::BeforePerforming => phase < PhaseKind::Performing && !deal.has_begun(),
                    BuyerCancel::BeforeAcceptance => phase < PhaseKind::AwaitingAcceptance,
                    BuyerCancel::UntilAccepted => true,
                };
                unpaid || reaches && (by_buyer || phase < PhaseKind::AwaitingPerformance)
            }
            Self::ToldByHand => by_buyer && deal.track().is_none(),
            Self::Untracked => !deal.binding_terms().delivery.as_ref().is_some_and(Delivery::is_tracked),
            Self::NoParcel => !deal.is_parcel(),
            Self::Downloadable => !deal.awaits_upload(),
            Self::TracksLeft => deal.track().is_none() || deal.tracks_changed() < policy.max_tracks,
            Self::MayDispute => {
                let opened = |side| deal.dispute().map_or(0, |dispute| dispute.openings_by(side));
                let held = deal.books().holds_required();
                held && role.side().is_none_or(|side| opened(side) < Dispute::MAX_OPENINGS)
            }
            Self::InArbitration => {
                matches!(deal.phase(), Phase::Disputed { stage: DisputeStage::Arbitration, .. })
            }
            Self::RevisionsLeft => by_buyer && deal.submitted() < policy.max_revisions,
            Self::ChangesLeft => {
                !deal.is_parcel()
                    && !deal.changes_requested()
                    && (1..policy.max_revisions).contains(&deal.submitted())
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
            Self::Untracked => "parcel-is-tracked",
            Self::NoParcel => "delivered-as-a-parcel",
            Self::Downloadable => "nothing-to-download",
            Self::TracksLeft => "no-track-changes-left",
            Self::MayDispute => "may-not-dispute",
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
            | Self::Downloadable
            | Self::MayDispute
            | Self::InArbitration
            | Self::ChangesLeft
            | Self::OfferMade => RejectionClass::Conflict,
            Self::RevisionsLeft | Self::TracksLeft => RejectionClass::Gone,
            Self::ModerationOn
            | Self::Untracked
            | Self::NoParcel
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
            | Self::Downloadable
            | Self::MayDispute
            | Self::InArbitration
            | Self::ChangesLeft
            | Self::OfferMade => true,
            Self::ModerationOn
            | Self::Untracked
            | Self::NoParcel
            | Self::TracksLeft
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
            Self::Untracked => "a track tells when this parcel starts: attach the track, or ask the operator",
            Self::NoParcel => "a parcel is not submitted: a track, the operator or the buyer says that it has arrived",
            Self::Downloadable => "there is nothing to download yet: wait for the seller, or open a dispute",
            Self::TracksLeft => "the track was changed as often as the policy allows: the operator can record where the parcel is",
            Self::MayDispute => "nothing is held that could be disputed, or you have opened the dispute four times: accept, cancel, or wait for the deadline",
            Self::InArbitration => "the parties are still negotiating",
            Self::RevisionsLeft => "no (further) revision can be submitted on this deal",
            Self::ChangesLeft => "no revision waits for an answer, or it is the last one that the policy allows: accept it or open a dispute",
            Self::OfferMade => "the other party has not offered an award",
            Self::MayWithdraw => "the dispute can be given up by who opened it; one that opened by itself, by both",
        })
    }
}
