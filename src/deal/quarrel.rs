//! What the parties do not agree on: the dispute, their reports, and who decides.

use serde::{Deserialize, Serialize};

use super::command::{FileRef, Verdict};
use super::phase::Phase;
use crate::deposit::{Reason, Reference};
use crate::dispute::{Award, Dispute, DisputeStage, DisputeStatus, Opener};
use crate::settlement::Offered;
use crate::stored::left_out::is_default;
use crate::{PartyId, Side, Time};

/// The dispute, the reports, the arbiter.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Quarrel {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) dispute: Option<Dispute>,
    /// Where the host keeps the proof of who opened the dispute last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) evidence: Option<FileRef>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) buyers_report: Option<Verdict>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sellers_report: Option<Verdict>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) arbiter: Option<PartyId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) buyers_offer: Option<Offered>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sellers_offer: Option<Offered>,
    /// How many offers the parties have made.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) offers_made: u32,
}

impl Quarrel {
    /// Whether a dispute is open: an ending has to close it.
    pub(crate) fn is_open(&self) -> bool {
        self.dispute.as_ref().is_some_and(|d| d.status == DisputeStatus::Open)
    }

    /// What this side offers.
    pub(crate) const fn offer(&self, side: Side) -> Option<&Offered> {
        match side {
            Side::Buyer => self.buyers_offer.as_ref(),
            Side::Seller => self.sellers_offer.as_ref(),
        }
    }

    pub(crate) const fn has_offers(&self) -> bool {
        self.buyers_offer.is_some() || self.sellers_offer.is_some()
    }

    pub(crate) const fn report(&self, side: Side) -> Option<Verdict> {
        match side {
            Side::Buyer => self.buyers_report,
            Side::Seller => self.sellers_report,
        }
    }
}

/// The fold.
impl Quarrel {
    pub(super) fn begin(arbiter: Option<&PartyId>) -> Self {
        Self { arbiter: arbiter.cloned(), ..Self::default() }
    }

    pub(super) fn appoint(&mut self, arbiter: &PartyId) {
        self.arbiter = Some(arbiter.clone());
    }

    pub(super) const fn hear(&mut self, side: Side, verdict: Verdict) {
        match side {
            Side::Buyer => self.buyers_report = Some(verdict),
            Side::Seller => self.sellers_report = Some(verdict),
        }
    }

    pub(super) fn open(&mut self, by: Opener, reason: &Reason, evidence: Option<&FileRef>, at: Time) {
        self.evidence = evidence.cloned();
        let known = self.dispute.take();
        let counted = |side, before: u8| before.saturating_add(u8::from(by == Opener::Party(side)));
        self.dispute = Some(match known {
            Some(dispute) => Dispute {
                status: DisputeStatus::Open,
                openings: dispute.openings.saturating_add(1),
                opened_by: by,
                reason: reason.clone(),
                opened_at: at,
                buyers_openings: counted(Side::Buyer, dispute.buyers_openings),
                sellers_openings: counted(Side::Seller, dispute.sellers_openings),
                withdrawal_by: None,
                escalation_by: None,
                ..dispute
            },
            None => Dispute {
                status: DisputeStatus::Open,
                stage: DisputeStage::Negotiation,
                remaining_ms: 0,
                openings: 1,
                opened_by: by,
                reason: reason.clone(),
                opened_at: at,
                buyers_openings: counted(Side::Buyer, 0),
                sellers_openings: counted(Side::Seller, 0),
                withdrawal_by: None,
                escalation_by: None,
                buyers_claim: None,
                sellers_claim: None,
                award: None,
                guilty_side: None,
            },
        });
    }

    pub(super) fn make_offer(&mut self, side: Side, offer: &Offered) {
        self.offers_made = offer.number;
        *self.offer_mut(side) = Some(offer.clone());
    }

    /// What has ended is offered no more.
    pub(super) fn drop_offers(&mut self) {
        (self.buyers_offer, self.sellers_offer) = (None, None);
    }

    pub(super) fn drop_offer(&mut self, side: Side) {
        *self.offer_mut(side) = None;
    }

    const fn offer_mut(&mut self, side: Side) -> &mut Option<Offered> {
        match side {
            Side::Buyer => &mut self.buyers_offer,
            Side::Seller => &mut self.sellers_offer,
        }
    }

    pub(super) fn offer_withdrawal(&mut self, side: Side) {
        self.change(|d| d.withdrawal_by = Some(side));
    }

    pub(super) fn withdraw(&mut self, remaining_ms: u64) {
        self.buyers_report = None;
        self.sellers_report = None;
        self.drop_offers();
        self.change(|d| {
            d.status = DisputeStatus::Withdrawn;
            d.remaining_ms = remaining_ms;
        });
    }

    pub(super) fn ask_for_arbiter(&mut self, by: Option<Side>) {
        self.change(|d| d.escalation_by = d.escalation_by.or(by));
    }

    pub(super) fn file_claim(&mut self, side: Side, reference: &Reference) {
        self.change(|d| match side {
            Side::Buyer => d.buyers_claim = Some(reference.clone()),
            Side::Seller => d.sellers_claim = Some(reference.clone()),
        });
    }

    /// By agreement, or as somebody rules.
    pub(super) fn decide_award(&mut self, award: Option<Award>, at_fault: Option<Side>) {
        self.change(|d| {
            d.award = award;
            d.guilty_side = at_fault;
        });
    }

    pub(super) fn close(&mut self) {
        self.change(|d| d.status = DisputeStatus::Resolved);
    }

    pub(super) fn enter(&mut self, phase: Phase) {
        if let Phase::Disputed { stage, .. } = phase {
            self.change(|d| d.stage = stage);
        }
    }

    fn change(&mut self, change: impl FnOnce(&mut Dispute)) {
        if let Some(dispute) = &mut self.dispute {
            change(dispute);
        }
    }

    /// Whether the dispute agrees with the phase, and knows by whom it was opened; and no offer has a number to come.
    pub(super) fn agrees(&self, phase: Phase) -> bool {
        if Side::ALL
            .iter()
            .any(|side| self.offer(*side).is_some_and(|o| !(1..=self.offers_made).contains(&o.number)))
        {
            return false;
        }
        if matches!(phase, Phase::Disputed { .. }) != self.is_open() {
            return false;
        }
        let Some(dispute) = &self.dispute else { return true };
        let staged = !matches!(phase, Phase::Disputed { stage, .. } if stage != dispute.stage);
        let (opened, by_both) = match dispute.opened_by {
            Opener::Party(side) => (dispute.openings_by(side) > 0, false),
            Opener::Refusal | Opener::Reports | Opener::Timer => (true, true),
        };
        let by_parties = u32::from(dispute.buyers_openings).saturating_add(dispute.sellers_openings.into());
        staged
            && opened
            && Side::ALL.iter().all(|side| dispute.openings_by(*side) <= Dispute::MAX_OPENINGS)
            && by_parties <= dispute.openings
            && dispute.openings >= 1
            && (by_both || dispute.withdrawal_by.is_none())
            && (dispute.award.is_some() || dispute.guilty_side.is_none())
    }
}
