//! Every preset, and random changes that keep every rule.

use proptest::collection::vec;
use proptest::prelude::*;

use super::cast::{JUDGE, PARTNER};
use super::salt::{nth, sound, text};
use escrow::terms::{
    Acceptance, ArbitrationFee, BuyerCancel, Capture, Consent, FeePayee, Liable, Moderation, OnSilence,
    OneReport, Payout, Policy, RefundOrder, Unsettled,
};
use escrow::{Currency, DefaultRuling, Money, Rate};

const DAY: u32 = 86_400;

/// Every preset, and random changes.
pub fn policies() -> impl Strategy<Value = Policy> {
    let tweaks = vec((0..TWEAKS, any::<u8>()), 0..=8);
    let span = prop_oneof![Just(None), (1..=10_u32).prop_map(Some)];
    (0..4_u8, span, tweaks).prop_map(|(preset, span, tweaks)| {
        let mut policy = match preset {
            0 => Policy::shop(),
            1 => Policy::marketplace(),
            2 => Policy::guarantee(),
            _ => Policy::freelance(),
        };
        if let Some(seconds) = span {
            make_short(&mut policy, seconds);
        }
        for (field, value) in tweaks {
            tweak(&mut policy, field, value, Currency::RUB);
        }
        policy
    })
}

fn make_short(policy: &mut Policy, seconds: u32) {
    let Policy { proposal_s, deposit_s, moderation_s, start_s, performance_s, acceptance_s, .. } = policy;
    for duration in [proposal_s, deposit_s, moderation_s, start_s, performance_s, acceptance_s] {
        *duration = seconds;
    }
    policy.negotiation_s = seconds;
    policy.arbitration_s = seconds;
    policy.settlement_s = seconds;
    policy.hold_margin_s = seconds / 2;
    policy.revision_time_s = seconds / 3;
    policy.max_extension_s = seconds.saturating_mul(3);
}

pub(super) const TWEAKS: u8 = 32;

/// Changes one field of a policy, and keeps it in order.
pub(super) fn tweak(policy: &mut Policy, field: u8, value: u8, currency: Currency) {
    let n = usize::from(value);
    let pick = |durations: [u32; 6]| nth(&durations, n);
    let sum = |minor| Money::from_minor(minor, currency);
    let ppm = |each: u32| each.saturating_mul(value.into());
    let rate = |ppm: u32| sound(Rate::from_ppm(ppm));
    let duration = || pick([1, 2, 60, DAY, 10 * DAY, Policy::MAX_DURATION_S]);
    let silence = || nth(&[OnSilence::Accept, OnSilence::Dispute, OnSilence::Cancel], n);
    match field {
        0 => policy.moderation = nth(&[Moderation::Off, Moderation::OnDemand, Moderation::Required], n),
        1 => policy.consent = nth(&[Consent::OnCreation, Consent::Explicit], n),
        2 => policy.acceptance = nth(&[Acceptance::ByBuyer, Acceptance::Mutual], n),
        3 => policy.on_performance_deadline = silence(),
        4 => policy.on_acceptance_deadline = silence(),
        5 => {
            let until =
                [BuyerCancel::BeforePerforming, BuyerCancel::BeforeAcceptance, BuyerCancel::UntilAccepted];
            policy.buyer_cancel = nth(&until, n);
        }
        6 => policy.partial_buyout_allowed = n % 2 == 0,
        7 => policy.one_report = nth(&[OneReport::Dispute, OneReport::Stands], n),
        8 => {
            policy.default_ruling = match n % 4 {
                0 => DefaultRuling::BuyerAll,
                1 => DefaultRuling::SellerAll,
                2 => DefaultRuling::Share(Rate::HALF),
                _ => DefaultRuling::Share(rate(ppm(3_900))),
            };
        }
        9 => {
            let payees = [
                FeePayee::Platform,
                FeePayee::Processor,
                FeePayee::Partner(text(PARTNER)),
                FeePayee::Partner(text(JUDGE)),
            ];
            policy.arbitration_fee = (n % 5 != 0).then(|| ArbitrationFee {
                payee: nth(&payees, n),
                rate: rate(ppm(1_000)),
                guarantee_rate: rate(if n % 2 == 0 { 0 } else { ppm(500) }),
                fixed: (n % 3 == 0).then(|| sum(i64::from(value))),
                min: (n % 7 == 0).then(|| sum(20)),
                max: (n % 4 == 0).then(|| sum(300)),
            });
        }
        10 => policy.chargeback_liable = nth(&[Liable::Seller, Liable::Buyer, Liable::Platform], n),
        11 => policy.proposal_s = duration(),
        12 => policy.deposit_s = duration(),
        13 => policy.moderation_s = duration(),
        14 => policy.start_s = duration(),
        15 => policy.performance_s = duration(),
        16 => policy.acceptance_s = duration(),
        17 => policy.negotiation_s = duration(),
        18 => policy.arbitration_s = duration(),
        19 => policy.settlement_s = duration(),
        20 => policy.hold_margin_s = pick([0, 1, 30, DAY, 2 * DAY, 9 * DAY]),
        21 => policy.revision_time_s = pick([0, 1, 60, DAY, 20 * DAY, 40 * DAY]),
        22 => policy.max_revisions = u16::from(value % 4).saturating_add(1),
        23 => policy.max_extension_s = pick([0, 1, 60, DAY, 30 * DAY, Policy::MAX_DURATION_S]),
        24 => policy.max_tracks = u16::from(value % 3),
        25 => policy.clearance_s = pick([0, 1, 60, DAY, 10 * DAY, Policy::MAX_DURATION_S]),
        26 => policy.refund_order = nth(&[RefundOrder::NewestFirst, RefundOrder::OldestFirst], n),
        27 => policy.payout = nth(&[Payout::Direct, Payout::Balance, Payout::Ask], n),
        28 => policy.capture = nth(&[Capture::OnFunding, Capture::OnStart, Capture::OnAcceptance], n),
        29 => policy.unsettled = nth(&[Unsettled::ToBalance, Unsettled::Unclaimed], n),
        // a part of a payment may be missing: nothing, little, much, as much as any policy allows
        30 => policy.shortfall = rate(nth(&[0, 20_000, 300_000, Policy::MAX_SHORTFALL.ppm()], n)),
        _ => make_short(policy, u32::from(value % 5).saturating_add(1)),
    }
    if policy.acceptance == Acceptance::Mutual {
        policy.partial_buyout_allowed = false;
    }
    // who keeps no balances pays nothing to them
    if policy.payout == Payout::Balance {
        policy.unsettled = Unsettled::ToBalance;
    }
}
