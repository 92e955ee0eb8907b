//! Amendments.

use std::sync::Arc;

use super::super::cast::{BUYER, COURIER, JUDGE, OTHER_JUDGE, PARTNER};
use super::super::policies::{TWEAKS, tweak};
use super::super::salt::{Salt, text};
use super::money::other_than;
use escrow::deal::Consents;
use escrow::deal::command::{Amend, Annotate};
use escrow::terms::{Contacts, Item, Payer, Provider, Service, Terms, TermsDraft};
use escrow::{Actor, Deal, Money, Rate, Side};

pub(super) fn amend(deal: &Deal, actor: &Actor, salt: &mut Salt) -> Amend {
    let current = deal.terms();
    let from_version = deal.terms_version().saturating_sub(salt.once_in(12).into());
    let mut draft = current.to_draft();
    change(&mut draft, salt);
    if salt.once_in(3) {
        change(&mut draft, salt);
    }
    let terms = Terms::new(draft).map_or_else(|_| current.clone(), Arc::new);
    let vouches = matches!(actor, Actor::Operator(_)) || salt.once_in(12);
    let vouched = if vouches { salt.of(&VOUCHED) } else { Consents::default() };
    Amend::new(from_version, terms).vouched(vouched)
}

const VOUCHED: [Consents; 4] = [
    Consents { buyer: false, seller: false },
    Consents { buyer: true, seller: true },
    Consents { buyer: true, seller: false },
    Consents { buyer: false, seller: true },
];

/// What is noted: mostly what this side, or the staff, may note.
pub(super) fn annotate(side: Option<Side>, salt: &mut Salt) -> Annotate {
    let new = Some(text(salt.of(&["contact-1", "contact-2"])));
    let contacts = match (side, salt.once_in(8)) {
        (Some(Side::Buyer), false) | (Some(Side::Seller) | None, true) => {
            Contacts { buyer: new, seller: None }
        }
        (Some(Side::Seller) | None, false) | (Some(Side::Buyer), true) => {
            Contacts { buyer: None, seller: new }
        }
    };
    let noted = Annotate::contacts(contacts);
    if side.is_none() || salt.once_in(8) {
        return noted.tags(vec![text(salt.of(&["gift", "fragile"]))]).order_id(text(salt.of(&["7", "8"])));
    }
    noted
}

fn change(draft: &mut TermsDraft, salt: &mut Salt) {
    let currency = draft.currency;
    let own = |minor| Money::from_minor(minor, currency);
    let other = |minor| Money::from_minor(minor, other_than(currency));
    let service = |name: &str, salt: &mut Salt| Service {
        name: text("more"),
        description: None,
        original_cost: None,
        final_cost: own(salt.of(&[10, 0, 1_000])),
        payer: salt.of(&[Payer::Buyer, Payer::Seller, Payer::Shared(Rate::HALF)]),
        provider: Provider::Third(text(name)),
    };
    match salt.pick(16) {
        0 => draft.description = Some(text(salt.of(&["better", "best"]))),
        1 => first_item(draft, |item| item.quantity = item.quantity.saturating_add(1)),
        2 => {
            let price = own(salt.of(&[7, 1, 5_000]));
            first_item(draft, |item| item.unit_price = price);
        }
        3 => {
            let added = service(COURIER, salt);
            draft.services.push(added);
        }
        4 => drop(draft.services.pop()),
        5 => draft.guarantees.seller = salt.of(&[Some(own(50)), Some(other(50)), None]),
        6 => draft.guarantees.buyer = salt.of(&[Some(other(40)), Some(own(40)), None]),
        7 => draft.pay_offline = salt.of(&[None, Some(own(5)), Some(own(500))]),
        8 | 9 => {
            let (field, value) = (salt.byte(TWEAKS), salt.byte(251));
            let exact = draft.policy.shortfall == Rate::ZERO;
            tweak(&mut draft.policy, field, value, currency);
            // a deal that wants every kopeck goes on to: whoever plays only such deals can leave the rest out
            if exact {
                draft.policy.shortfall = Rate::ZERO;
            }
        }
        10 => drop(draft.fees.pop()),
        11 => draft.arbiter = salt.of(&[None, Some(text(JUDGE)), Some(text(BUYER))]),
        12 => draft.buyer = text("somebody"),
        13 => {
            let name = salt.of(&[JUDGE, OTHER_JUDGE, PARTNER]);
            let added = service(name, salt);
            draft.services.push(added);
        }
        14 => draft.currency = other_than(currency),
        _ => {}
    }
}

fn first_item(draft: &mut TermsDraft, change: impl FnOnce(&mut Item)) {
    if let Some(item) = draft.items.first_mut() {
        change(item);
    }
}
