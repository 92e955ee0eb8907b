//! The deals, and when each guard should hold.

use std::collections::HashSet;
use std::sync::{Arc, OnceLock};

use crate::table::statechart::{
    actor, before_deadline, commands, draft, explore, kind_of_state, rub, started, text,
};
use escrow::deal::command::{Answer, Answered, ConfirmPayment, RedirectRefund};
use escrow::deal::{Access, Command, CommandKind, Guard, Phase, PhaseKind};
use escrow::deposit::{DepositId, TransactionKind};
use escrow::dispute::{DisputeStage, Opener};
use escrow::terms::{
    Acceptance, BuyerCancel, Consent, Delivery, Moderation, OnSilence, OneReport, Payer, Policy, Terms,
    TermsDraft,
};
use escrow::{Context, Deal, Destination, Payee, Role, Side};

/// A deal, and the rules under which it came where it is.
pub struct State {
    pub rules: &'static str,
    pub deal: Deal,
}

/// Rules under which, taken together, every guard holds in some deal and fails in another.
pub fn rules() -> Vec<(&'static str, TermsDraft)> {
    let with = |policy: Policy, change: fn(&mut Policy)| {
        let mut policy = policy;
        change(&mut policy);
        draft(policy)
    };
    vec![
        ("shop", draft(Policy::shop())),
        ("marketplace", draft(Policy::marketplace())),
        ("guarantee", draft(Policy::guarantee())),
        ("freelance", draft(Policy::freelance())),
        (
            "approved, cancelled early",
            with(Policy::shop(), |p| {
                p.consent = Consent::Explicit;
                p.moderation = Moderation::Required;
                p.buyer_cancel = BuyerCancel::BeforeAcceptance;
                p.on_performance_deadline = OnSilence::Accept;
                p.on_acceptance_deadline = OnSilence::Dispute;
            }),
        ),
        (
            "cancelled at any time, one revision",
            with(Policy::freelance(), |p| {
                p.buyer_cancel = BuyerCancel::UntilAccepted;
                p.max_revisions = 1;
                p.on_acceptance_deadline = OnSilence::Cancel;
            }),
        ),
        ("cleared", with(Policy::shop(), |p| p.clearance_s = 86_400)),
        ("cleared guarantee", with(Policy::guarantee(), |p| p.clearance_s = 86_400)),
        (
            "moderated guarantee",
            with(Policy::guarantee(), |p| {
                p.moderation = Moderation::OnDemand;
                p.one_report = OneReport::Stands;
            }),
        ),
        ("tracked parcel, one track", {
            let mut draft = draft(Policy::shop().max_tracks(0));
            draft.delivery = Some(Delivery::Parcel { method: text("courier"), tracked: true });
            draft
        }),
        ("download", {
            let mut draft = draft(Policy::shop());
            draft.delivery = Some(Delivery::Download {});
            draft
        }),
        ("paid offline", {
            // nothing is ever deposited, so that there is nothing to dispute
            let mut draft = draft(Policy::shop());
            draft.fees.clear();
            draft.services.retain(|s| s.provider == escrow::terms::Provider::Seller);
            draft.services[0].payer = Payer::Buyer;
            draft.pay_offline = Some(rub(30_500));
            draft
        }),
    ]
}

/// What else can matter to a permission, and to whether some content is accepted.
pub fn kind_of_permission(deal: &Deal) -> (PhaseKind, Vec<bool>) {
    let mut facts: Vec<bool> = Guard::ALL
        .into_iter()
        .flat_map(|guard| [Role::Buyer, Role::Seller].map(|role| holds(guard, deal, role)))
        .collect();
    facts.push(deal.has_pending());
    facts.push(deal.legs().iter().any(|leg| !leg.is_settled()));
    facts.push(deal.consents().buyer);
    facts.push(deal.consents().seller);
    for side in Side::ALL {
        facts.push(deal.offer(side).is_some());
    }
    (deal.phase().kind(), facts)
}

/// One deal of every kind, under whichever rules it comes first, and the same with an unpaid charge of each side, with a
/// payment that nobody asked for, and with one that went back twice.
pub fn states() -> &'static [State] {
    &explored().0
}

/// A fifth of them, of all four sorts in turn: what holds for the whole deal needs no deal of every kind.
pub fn some_states() -> impl Iterator<Item = &'static State> {
    states().iter().step_by(5)
}

/// The deals, and those that were closed with money left in them, which nobody would ever see again.
pub fn explored() -> &'static (Vec<State>, Vec<String>) {
    static EXPLORED: OnceLock<(Vec<State>, Vec<String>)> = OnceLock::new();
    EXPLORED.get_or_init(|| {
        let (mut states, mut lost) = (Vec::new(), Vec::new());
        let mut known = HashSet::new();
        for (rules, draft) in rules() {
            let terms = Arc::new(Terms::new(draft).unwrap());
            let deals = explore(started(&terms), kind_of_state, commands, |before, cause, role, after| {
                let holds = after.deposits().iter().any(|deposit| !deposit.held().is_zero());
                if after.phase().kind() == PhaseKind::Closed && holds {
                    lost.push(format!("under {rules}, {cause:?} by {role} of {before:?} left {after:?}"));
                }
            });
            for deal in deals {
                if known.insert(kind_of_permission(&deal)) {
                    let paid = with(&deal, CommandKind::ConfirmPayment, Role::Gateway);
                    let charged = with(&deal, CommandKind::AddCharge, Role::Operator);
                    let twice = had_twice(&deal);
                    states.extend([paid, charged, twice, deal].map(|deal| State { rules, deal }));
                }
            }
        }
        (states, lost)
    })
}

/// The deal after every command of this kind that it accepts without leaving its phase.
pub fn with(deal: &Deal, kind: CommandKind, role: Role) -> Deal {
    let mut after = deal.clone();
    let now = before_deadline(deal);
    for command in commands(kind, role, deal, now) {
        let mut next = after.clone();
        let done = next.handle(&command, &Context::new(now, actor(role, deal)));
        if done.is_ok() && next.phase().kind() == deal.phase().kind() {
            after = next;
        }
    }
    after
}

/// The deal after a payment that nobody asked for was refunded twice: the first attempt was declined, and went through
/// after all. What was sent can come back, and what its payee has twice can be settled. As it was, where that leads on.
fn had_twice(deal: &Deal) -> Deal {
    let (now, id) = (before_deadline(deal), DepositId::SELLER_PAYMENT);
    let mut after = deal.clone();
    let mut give = |command: Command, role: Role| {
        let context = Context::new(now, actor(role, deal));
        let sent = |t: &&escrow::Transaction| t.deposit() == id && t.leg().is_some();
        let _ = after.handle(&command, &context).ok()?;
        Some((after.clone(), after.transactions().iter().rev().find(sent)?.id()))
    };
    let mut play = || {
        let surplus = ConfirmPayment::charged(id, text("bank"), text("surplus"), rub(1));
        let (_, first) = give(surplus.into(), Role::Gateway)?;
        give(Answer::new(first, Answered::Declined(text("no"))).into(), Role::Gateway)?;
        let card = Destination::Card(text("card"));
        let (_, second) = give(RedirectRefund::new(Payee::Seller, card).into(), Role::Seller)?;
        give(Answer::new(second, Answered::Succeeded(text("second"))).into(), Role::Gateway)?;
        give(Answer::new(first, Answered::Succeeded(text("first"))).into(), Role::Gateway)
    };
    let twice = play().map(|(twice, _)| twice);
    twice.filter(|d| d.phase().kind() == deal.phase().kind()).unwrap_or_else(|| deal.clone())
}

/// What a guard says of itself, once more, in other words.
pub fn holds(guard: Guard, deal: &Deal, role: Role) -> bool {
    let policy = &deal.binding_terms().policy;
    let by_buyer = policy.acceptance == Acceptance::ByBuyer;
    match guard {
        Guard::ModerationOn => policy.moderation != Moderation::Off,
        Guard::AllAgreed => deal.consents().all(),
        Guard::Funded => {
            let required = deal.deposits().iter().filter(|d| d.charge().is_none());
            // nobody has to pay what was given back, nor anew what was lost since the performance began
            required.into_iter().all(|d| d.outstanding().is_zero())
        }
        Guard::CaptureConfirmed => {
            let open = |t: &escrow::Transaction| t.is_pending() && t.kind() == TransactionKind::Capture;
            !deal.transactions().iter().any(open)
        }
        Guard::AcceptedByBuyer | Guard::MayCancelFunded => by_buyer,
        Guard::PartialBuyoutAllowed => by_buyer && policy.partial_buyout_allowed,
        Guard::AcceptedMutually => !by_buyer,
        Guard::BuyerMayCancelNow => match (policy.buyer_cancel, deal.phase().kind()) {
            (_, PhaseKind::Moderation) if !deal.is_funded() => true,
            // no deal of reports is before the start, nor comes back to it
            (_, phase) if !by_buyer => phase == PhaseKind::Moderation,
            (BuyerCancel::UntilAccepted, _) => true,
            (BuyerCancel::BeforeAcceptance, phase) => phase != PhaseKind::AwaitingAcceptance,
            (BuyerCancel::BeforePerforming, _) => !deal.has_begun(),
        },
        Guard::Untracked => !matches!(deal.terms().delivery, Some(Delivery::Parcel { tracked: true, .. })),
        Guard::NoParcel => !matches!(deal.terms().delivery, Some(Delivery::Parcel { .. })),
        Guard::Downloadable => {
            deal.terms().delivery != Some(Delivery::Download {})
                || deal.access(Role::Seller) != Access::Nothing
        }
        Guard::TracksLeft => deal.track().is_none() || deal.tracks_changed() < policy.max_tracks,
        // where both report, nobody tells the progress
        Guard::ToldByHand => by_buyer && deal.track().is_none(),
        Guard::MayDispute => {
            let held = deal.deposits().iter().any(|d| d.charge().is_none() && !d.held().is_zero());
            let side = if role == Role::Buyer { Side::Buyer } else { Side::Seller };
            held && deal.dispute().is_none_or(|d| d.openings_by(side) < 4)
        }
        Guard::InArbitration => {
            let arbitration = |stage: &DisputeStage| *stage == DisputeStage::Arbitration;
            matches!(deal.phase(), Phase::Disputed { stage, .. } if arbitration(stage))
        }
        // nobody submits for reports
        Guard::RevisionsLeft => by_buyer && deal.submitted() < policy.max_revisions,
        Guard::ChangesLeft => {
            let parcel = matches!(deal.terms().delivery, Some(Delivery::Parcel { .. }));
            !parcel
                && !deal.changes_requested()
                && deal.submitted() > 0
                && deal.submitted() < policy.max_revisions
        }
        Guard::OfferMade => match role {
            Role::Buyer => deal.offer(Side::Seller).is_some(),
            Role::Seller => deal.offer(Side::Buyer).is_some(),
            _ => false,
        },
        Guard::MayWithdraw => match deal.dispute().map(|d| d.opened_by()) {
            Some(Opener::Party(Side::Buyer)) => role == Role::Buyer,
            Some(Opener::Party(Side::Seller)) => role == Role::Seller,
            Some(Opener::Refusal | Opener::Reports | Opener::Timer) => true,
            None => false,
        },
        other => panic!("say here when {other:?} holds"),
    }
}

#[test]
fn a_closed_deal_holds_nothing() {
    let lost = &explored().1;
    assert!(lost.is_empty(), "{} in all\n{}", lost.len(), lost[0]);
}
