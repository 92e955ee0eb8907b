//! Deliveries, parts, awards and extensions.

use std::sync::Arc;

use super::super::salt::{Salt, sound, text};
use super::money::other_than;
use escrow::deal::Timer;
use escrow::deal::command::{Checkpoint, CheckpointKind, Extend, RecordTracking, Track};
use escrow::deposit::DepositId;
use escrow::{Award, Deal, Money, Rate, Side, Time};

pub(super) fn track(n: usize) -> Arc<Track> {
    Arc::new(Track::new(text("cdek"), text(&format!("code-{n}"))))
}

pub(super) fn tracking(deal: &Deal, now: Time, salt: &mut Salt) -> RecordTracking {
    let kinds =
        [CheckpointKind::Progress, CheckpointKind::Final, CheckpointKind::Final, CheckpointKind::Refused];
    let kind = salt.of(&kinds);
    let own = deal.track().map(|t| Arc::new(t.clone()));
    let track = match own {
        Some(own) if !salt.once_in(10) => own,
        _ => track(salt.pick(2)),
    };
    let number = if salt.once_in(6) { 1 } else { deal.version() };
    RecordTracking::new(
        track,
        Arc::new(
            Checkpoint::new(
                text(&format!("checkpoint-{number}")),
                kind,
                if salt.once_in(8) { now.minus_secs(500) } else { now },
            )
            .title(text("")),
        ),
    )
}

pub(super) fn quantities(deal: &Deal, salt: &mut Salt) -> Arc<[u32]> {
    let mut quantities: Vec<u32> = deal
        .binding_terms()
        .items
        .iter()
        .map(|i| {
            let most = usize::try_from(i.quantity).unwrap_or(usize::MAX).saturating_add(1);
            i.quantity.saturating_sub(u32::try_from(salt.pick(most)).unwrap_or(0))
        })
        .collect();
    match salt.pick(12) {
        10 => quantities.push(1),
        11 => {
            if let Some(first) = quantities.first_mut() {
                *first = first.saturating_add(5);
            }
        }
        _ => {}
    }
    quantities.into()
}

pub(super) fn award(deal: &Deal, salt: &mut Salt) -> Award {
    let held = deal.deposit(DepositId::BUYER_PAYMENT).map_or(0, |d| d.held().minor());
    let currency = deal.terms().currency;
    let own = |minor| Money::from_minor(minor, currency);
    match salt.pick(9) {
        0 => Award::Amount(own(held / 2)),
        1 => Award::Share(Rate::HALF),
        2 => Award::SellerAll,
        3 => Award::BuyerAll,
        4 => Award::Winner(Side::Seller),
        5 => Award::Winner(Side::Buyer),
        6 => Award::Amount(salt.of(&[
            own(0),
            own(held),
            own(held.saturating_add(1)),
            own(-1),
            Money::from_minor(1, other_than(currency)),
        ])),
        7 => Award::Amount(own(held.min(1))),
        _ => Award::Share(sound(Rate::from_ppm(333_333))),
    }
}

pub(super) fn extend(deal: &Deal, now: Time, salt: &mut Salt) -> Extend {
    let timer = deal.phase().timer().filter(|_| !salt.once_in(8)).unwrap_or(Timer::Settlement);
    let deadline = deal.phase().until().unwrap_or(now);
    let until = match salt.pick(5) {
        0 => deadline.plus_secs(1),
        1 => deadline.plus_millis(500),
        2 => deadline.plus_secs(86_400),
        3 => deadline.minus_secs(1),
        _ => deadline.plus_secs(100 * 86_400),
    };
    Extend::new(timer, until)
}
