//! Every error of `Terms::new`, and policies: every one of them leaves a way on.

use crate::common::*;
use crate::quote::{carved, draft, fee, item, over, partner, quoted, service, third};
use crate::support::{percent, rub};
use escrow::terms::{
    ArbitrationFee, ChargeFee, Fee, FeeBase, FeePayee, Item, NamedAs, OnRefund, Payer, Problem, Provider,
    Terms, TermsDraft,
};
use escrow::{Money, Policy, Rate};

/// The field in full, as the message has it, and what is wrong with it.
#[track_caller]
fn refused(change: impl FnOnce(&mut TermsDraft), field: &str, problem: Problem) {
    let mut draft = draft(1_000_00);
    draft.services.push(service(10_00, Payer::Buyer, Provider::Platform));
    draft.fees.push(fee("platform", FeePayee::Platform, percent(5), Payer::Seller));
    draft.fees.push(carved("processor", FeePayee::Processor, percent(1), "platform"));
    assert!(Terms::new(draft.clone()).is_ok(), "the draft is valid before the change");
    change(&mut draft);
    let error = Terms::new(draft).expect_err("refused");
    assert_eq!(error.problem(), problem, "{error}");
    assert_eq!(error.to_string(), format!("{field} {problem}"));
    assert!(field.ends_with(error.field()));
    let index = field.split_once('[').and_then(|(_, rest)| rest.split_once(']'));
    assert_eq!(error.index(), index.map(|(index, _)| index.parse().unwrap()));
}

#[test]
fn parties_must_differ() {
    refused(|d| d.seller = d.buyer.clone(), "seller", Problem::BuyerIsSeller);
}

/// BUGS `self_dealing_arbiter`: the roles are disjoint.
#[test]
fn an_arbiter_is_no_party() {
    refused(|d| d.arbiter = Some(d.buyer.clone()), "arbiter", Problem::IsAParty(NamedAs::Buyer));
    refused(|d| d.arbiter = Some(d.seller.clone()), "arbiter", Problem::IsAParty(NamedAs::Seller));
}

#[test]
fn a_partner_and_a_provider_are_no_parties() {
    let (buyer, seller) = (Problem::IsAParty(NamedAs::Buyer), Problem::IsAParty(NamedAs::Seller));
    refused(|d| d.fees[0].payee = FeePayee::Partner(d.seller.clone()), "fees[0].payee", seller);
    refused(|d| d.fees[1].payee = FeePayee::Partner(d.buyer.clone()), "fees[1].payee", buyer);
    let own = |d: &mut TermsDraft| d.services[0].provider = Provider::Third(d.seller.clone());
    refused(own, "services[0].provider", seller);
    let ruling = |d: &mut TermsDraft| {
        let payee = FeePayee::Partner(d.buyer.clone());
        d.policy.arbitration_fee = Some(arbitration_fee(payee));
    };
    refused(ruling, "arbitration_fee.payee", buyer);
    let charges = |d: &mut TermsDraft| {
        d.policy.charge_fee = Some(ChargeFee::new(FeePayee::Partner(d.seller.clone()), percent(1)));
    };
    refused(charges, "charge_fee.payee", seller);
    assert_eq!(seller.to_string(), "must be somebody else: the same id is the seller, in `seller`");
}

/// With a shortfall of 100 % anybody would begin a deal for nothing.
#[test]
fn at_least_half_of_a_payment_is_there_before_anybody_performs() {
    let max = Policy::MAX_SHORTFALL;
    for rate in [Rate::WHOLE, Rate::from_ppm(max.ppm() + 1).unwrap()] {
        let problem = Problem::RateTooHigh { rate, max };
        refused(|d| d.policy.shortfall = rate, "shortfall", problem);
    }
    let mut draft = draft(1_000_00);
    draft.policy.shortfall = max;
    assert!(Terms::new(draft).is_ok());
    let problem = Problem::RateTooHigh { rate: Rate::WHOLE, max };
    assert_eq!(problem.to_string(), "is 100%, and at most 50% is allowed");
}

fn arbitration_fee(payee: FeePayee) -> ArbitrationFee {
    ArbitrationFee { payee, rate: percent(1), guarantee_rate: Rate::ZERO, fixed: None, min: None, max: None }
}

/// BUGS `empty_deal`.
#[test]
fn there_must_be_something_to_sell() {
    refused(|d| d.items.clear(), "items", Problem::Empty);
}

/// A coupon of 100 %.
#[test]
fn the_price_may_be_zero() {
    assert_eq!(quoted(draft(0)).deposit, rub(0));
    let mut draft = draft(0);
    draft.items = vec![item(0, 5), item(0, 1)];
    draft.fees.push(fee("platform", FeePayee::Platform, percent(5), Payer::Seller));
    assert_eq!((quoted(draft.clone()).price, quoted(draft.clone()).payout), (rub(0), rub(0)));
    // a gift beside a paid item is fine
    draft.items.push(item(1, 1));
    assert_eq!(quoted(draft).price, rub(1));
}

#[test]
fn a_quantity_is_at_least_one_and_at_most_a_million() {
    refused(|d| d.items[0].quantity = 0, "items[0].quantity", Problem::Zero);
    refused(|d| d.items[0].quantity = Item::MAX_QUANTITY + 1, "items[0].quantity", Problem::TooLarge);
    let mut draft = draft(1);
    draft.items[0].quantity = Item::MAX_QUANTITY;
    assert_eq!(quoted(draft).price, rub(1_000_000));
}

type Set = fn(&mut TermsDraft, Money);

/// Every amount of the terms but the guarantees, which have a currency of their own.
const AMOUNTS: [(&str, Set); 10] = [
    ("items[0].unit_price", |d, m| d.items[0].unit_price = m),
    ("services[0].final_cost", |d, m| d.services[0].final_cost = m),
    ("services[0].original_cost", |d, m| d.services[0].original_cost = Some(m)),
    ("fees[0].fixed", |d, m| d.fees[0].fixed = Some(m)),
    ("fees[0].min", |d, m| d.fees[0].min = Some(m)),
    ("fees[1].max", |d, m| d.fees[1].max = Some(m)),
    ("pay_offline", |d, m| d.pay_offline = Some(m)),
    ("arbitration_fee.fixed", |d, m| arbitration(d).fixed = Some(m)),
    ("arbitration_fee.min", |d, m| arbitration(d).min = Some(m)),
    ("arbitration_fee.max", |d, m| arbitration(d).max = Some(m)),
];

fn arbitration(draft: &mut TermsDraft) -> &mut ArbitrationFee {
    draft.policy.arbitration_fee.insert(arbitration_fee(FeePayee::Platform))
}

#[test]
fn no_amount_is_negative() {
    for (field, set) in AMOUNTS {
        refused(|d| set(d, rub(-1)), field, Problem::Negative);
        refused(|d| set(d, rub(i64::MIN)), field, Problem::Negative);
    }
    refused(|d| d.guarantees.buyer = Some(rub(-1)), "guarantees.buyer", Problem::Negative);
    refused(|d| d.guarantees.seller = Some(usd(-1)), "guarantees.seller", Problem::Negative);
}

#[test]
fn no_amount_is_over_the_limit() {
    for (field, set) in AMOUNTS {
        refused(|d| set(d, over()), field, Problem::TooLarge);
        refused(|d| set(d, rub(i64::MAX)), field, Problem::TooLarge);
    }
    refused(|d| d.guarantees.buyer = Some(over()), "guarantees.buyer", Problem::TooLarge);
    refused(|d| d.guarantees.seller = Some(over()), "guarantees.seller", Problem::TooLarge);
}

#[test]
fn every_amount_but_a_guarantee_is_in_the_currency_of_the_deal() {
    for (field, set) in AMOUNTS {
        refused(|d| set(d, usd(1)), field, Problem::OtherCurrency);
    }
    let mut draft = draft(1);
    draft.guarantees.buyer = Some(usd(Terms::MAX_AMOUNT));
    assert!(Terms::new(draft).is_ok());
}

#[test]
fn no_list_is_over_its_limit() {
    let many = |d: &mut TermsDraft| d.items = vec![item(1, 1); Terms::MAX_ITEMS + 1];
    refused(many, "items", Problem::TooMany { max: Terms::MAX_ITEMS });
    let many = |d: &mut TermsDraft| d.services = vec![d.services[0].clone(); Terms::MAX_SERVICES + 1];
    refused(many, "services", Problem::TooMany { max: Terms::MAX_SERVICES });
    let many = |d: &mut TermsDraft| d.fees = vec![d.fees[0].clone(); Terms::MAX_FEES + 1];
    refused(many, "fees", Problem::TooMany { max: Terms::MAX_FEES });
    let many = |d: &mut TermsDraft| d.tags = vec!["tag".parse().unwrap(); Terms::MAX_TAGS + 1];
    refused(many, "tags", Problem::TooMany { max: Terms::MAX_TAGS });
}

#[test]
fn no_sum_is_over_the_limit() {
    refused(|d| d.items = vec![item(Terms::MAX_AMOUNT, 2)], "items", Problem::TooLarge);
    refused(|d| d.items = vec![item(Terms::MAX_AMOUNT, 1), item(1, 1)], "items", Problem::TooLarge);
    // 10^16 × 10^6 is over an i64
    let most = item(Terms::MAX_AMOUNT, Item::MAX_QUANTITY);
    refused(|d| d.items = vec![most; Terms::MAX_ITEMS], "items", Problem::TooLarge);
    // the seller's expenses, too: 5 % of the price and the limit
    let cost = |d: &mut TermsDraft| d.services[0] = service(Terms::MAX_AMOUNT, Payer::Seller, third());
    refused(cost, "items", Problem::TooLarge);
    // the limit itself is allowed
    assert_eq!(quoted(draft(Terms::MAX_AMOUNT)).deposit, rub(Terms::MAX_AMOUNT));
}

#[test]
fn the_least_is_not_over_the_most() {
    let bounds = |d: &mut TermsDraft| (d.fees[0].min, d.fees[0].max) = (Some(rub(2)), Some(rub(1)));
    refused(bounds, "fees[0].min", Problem::MinOverMax);
    let bounds = |d: &mut TermsDraft| {
        let fee = arbitration(d);
        (fee.min, fee.max) = (Some(rub(1)), Some(rub(0)));
    };
    refused(bounds, "arbitration_fee.min", Problem::MinOverMax);
}

#[test]
fn a_gross_fee_is_never_shared() {
    let by = |payer| {
        move |d: &mut TermsDraft| {
            d.fees[0].base = FeeBase::Gross;
            d.fees[0].payer = Some(payer);
        }
    };
    refused(by(Payer::Shared(Rate::WHOLE)), "fees[0].base", Problem::GrossFeeShared);
    refused(by(Payer::Shared(Rate::HALF)), "fees[0].base", Problem::GrossFeeShared);
    // nor is a carve-out of gross, whose parent somebody pays
    let parent = |payer| {
        move |d: &mut TermsDraft| {
            d.fees[1].base = FeeBase::Gross;
            d.fees[0].payer = Some(payer);
        }
    };
    refused(parent(Payer::Buyer), "fees[1].base", Problem::GrossFeeShared);
    refused(parent(Payer::Shared(Rate::HALF)), "fees[1].base", Problem::GrossFeeShared);
    // shared with a part of nothing is the seller's
    let mut draft = draft(1_000_00);
    draft.fees.push(fee("gross", FeePayee::Platform, percent(5), Payer::Shared(Rate::ZERO)));
    draft.fees[0].base = FeeBase::Gross;
    assert_eq!(quoted(draft).payout, rub(950_00));
}

#[test]
fn the_buyer_pays_one_fee_of_the_gross_and_not_too_much_of_it() {
    let by_buyer = |d: &mut TermsDraft, n: usize| {
        d.fees[n].base = FeeBase::Gross;
        d.fees[n].payer = Some(Payer::Buyer);
    };
    let two = |d: &mut TermsDraft| {
        d.fees = ["one", "two"].map(|id| fee(id, FeePayee::Platform, percent(1), Payer::Buyer)).into();
        by_buyer(d, 0);
        by_buyer(d, 1);
    };
    refused(two, "fees[1].base", Problem::SecondGrossFee);
    // 50 % and a tax of 81 % on it are 90.5 % of the gross
    let taxed = |tax: u32| {
        move |d: &mut TermsDraft| {
            d.fees.pop();
            d.fees[0].rate = Rate::HALF;
            by_buyer(d, 0);
            let of = d.fees[0].id.clone();
            d.fees.push(Fee::tax("vat".parse().unwrap(), FeePayee::Platform, percent(tax), of));
        }
    };
    refused(taxed(81), "fees[0].rate", Problem::GrossFeeTooHigh);
    let mut draft = draft(1_000_00);
    draft.fees = vec![
        fee("platform", FeePayee::Platform, percent(5), Payer::Seller),
        carved("processor", FeePayee::Processor, percent(1), "platform"),
    ];
    taxed(80)(&mut draft);
    // 4 999.915 and 80 % of 4 999.91, both rounded down, leave 1 000.00 of 9 999.83
    let quote = quoted(draft);
    assert_eq!((quote.deposit, quote.commission), (rub(9_999_83), rub(8_999_83)));
}

#[test]
fn a_fee_of_items_names_them_in_order() {
    let of =
        |places: &'static [u16]| move |d: &mut TermsDraft| d.fees[0].base = FeeBase::Items(places.to_vec());
    refused(of(&[]), "fees[0].base", Problem::Empty);
    refused(of(&[1]), "fees[0].base", Problem::UnknownItem);
    refused(of(&[0, 0]), "fees[0].base", Problem::UnknownItem);
    let backwards = |d: &mut TermsDraft| {
        d.items.push(d.items[0].clone());
        of(&[1, 0])(d);
    };
    refused(backwards, "fees[0].base", Problem::UnknownItem);
    refused(|d| d.fees[0].per_unit = Some(rub(1)), "fees[0].per_unit", Problem::NeedsItems);
}

#[test]
fn a_tax_names_an_earlier_fee_that_is_no_carve_out_and_follows_it() {
    let tax =
        |of: &str| Fee::tax("vat".parse().unwrap(), FeePayee::Platform, percent(20), of.parse().unwrap());
    let push = |fee: Fee| move |d: &mut TermsDraft| d.fees.push(fee);
    refused(push(tax("nobody")), "fees[2].base", Problem::UnknownParent);
    refused(push(tax("vat")), "fees[2].base", Problem::UnknownParent);
    refused(push(tax("processor")), "fees[2].base", Problem::ParentIsCarveOut);
    let mut own = tax("platform");
    own.payer = Some(Payer::Seller);
    refused(push(own), "fees[2].payer", Problem::FollowsItsParent);
    let mut own = tax("platform");
    own.on_refund = Some(OnRefund::Keep);
    refused(push(own), "fees[2].on_refund", Problem::FollowsItsParent);
}

/// BUGS `excess_fee`: a deduction cannot be over what it is deducted from.
#[test]
fn carve_outs_are_not_over_their_parent() {
    // the parent is 5 %: 50.00
    refused(|d| d.fees[1].rate = percent(6), "fees[1].out_of", Problem::CarveOutOverParent);
    refused(|d| d.fees[1].min = Some(rub(50_01)), "fees[1].out_of", Problem::CarveOutOverParent);
    // each fits, both together do not: 10.00 + 40.01
    let second = |d: &mut TermsDraft| {
        d.fees.push(carved("second", partner(), Rate::ZERO, "platform"));
        d.fees[2].fixed = Some(rub(40_01));
    };
    refused(second, "fees[2].out_of", Problem::CarveOutOverParent);
    // to the kopeck they do
    let mut draft = draft(1_000_00);
    draft.fees.push(fee("platform", FeePayee::Platform, percent(5), Payer::Seller));
    draft.fees.push(carved("processor", FeePayee::Processor, percent(5), "platform"));
    assert_eq!(quoted(draft).fees[0].net, rub(0));
}

#[test]
fn a_carve_out_names_an_earlier_fee_that_is_none() {
    let set =
        |out_of: &'static str| move |d: &mut TermsDraft| d.fees[1].out_of = Some(out_of.parse().unwrap());
    refused(set("nobody"), "fees[1].out_of", Problem::UnknownParent);
    refused(set("processor"), "fees[1].out_of", Problem::UnknownParent);
    refused(|d| d.fees.swap(0, 1), "fees[0].out_of", Problem::UnknownParent);
    let again = |d: &mut TermsDraft| d.fees.push(carved("third", partner(), Rate::ZERO, "processor"));
    refused(again, "fees[2].out_of", Problem::ParentIsCarveOut);
}

#[test]
fn a_carve_out_has_neither_payer_nor_refund_rule() {
    refused(|d| d.fees[1].payer = Some(Payer::Seller), "fees[1].payer", Problem::FollowsItsParent);
    let rule = |d: &mut TermsDraft| d.fees[1].on_refund = Some(OnRefund::Keep);
    refused(rule, "fees[1].on_refund", Problem::FollowsItsParent);
}

#[test]
fn a_fee_has_a_payer_and_a_refund_rule() {
    refused(|d| d.fees[0].payer = None, "fees[0].payer", Problem::Missing);
    refused(|d| d.fees[0].on_refund = None, "fees[0].on_refund", Problem::Missing);
}

#[test]
fn the_ids_of_fees_are_unique() {
    refused(|d| d.fees.push(d.fees[0].clone()), "fees[2].id", Problem::Duplicate);
    refused(|d| d.fees[1].id = d.fees[0].id.clone(), "fees[1].id", Problem::Duplicate);
}

/// `pay_offline ≤ price + Σ buyer's parts of seller-provided services`: the platform's service does not count.
#[test]
fn no_more_is_paid_offline_than_the_seller_is_owed() {
    let pay = |minor| move |d: &mut TermsDraft| d.pay_offline = Some(rub(minor));
    refused(pay(1_000_01), "pay_offline", Problem::OverWhatTheSellerIsOwed);
    // the seller's own service does: 1 000.00 + half of 10.01
    let own = |minor| {
        move |d: &mut TermsDraft| {
            d.services.push(service(10_01, Payer::Shared(Rate::HALF), Provider::Seller));
            d.pay_offline = Some(rub(minor));
        }
    };
    refused(own(1_005_01), "pay_offline", Problem::OverWhatTheSellerIsOwed);
    let mut draft = draft(1_000_00);
    own(1_005_00)(&mut draft);
    assert_eq!(quoted(draft).deposit, rub(0));
}

#[test]
fn a_policy_without_a_way_on_is_refused() {
    // a phase whose timer never fires would wait for ever; one that is too long would leave the calendar
    type Set = fn(&mut Policy, u32);
    let windows: [(&str, Set); 9] = [
        ("proposal_s", |p, s| p.proposal_s = s),
        ("deposit_s", |p, s| p.deposit_s = s),
        ("moderation_s", |p, s| p.moderation_s = s),
        ("start_s", |p, s| p.start_s = s),
        ("performance_s", |p, s| p.performance_s = s),
        ("acceptance_s", |p, s| p.acceptance_s = s),
        ("negotiation_s", |p, s| p.negotiation_s = s),
        ("arbitration_s", |p, s| p.arbitration_s = s),
        ("settlement_s", |p, s| p.settlement_s = s),
    ];
    for preset in [Policy::shop(), Policy::marketplace(), Policy::guarantee(), Policy::freelance()] {
        assert_eq!(preset.validate(), Ok(()));
        for (field, set) in windows {
            for (seconds, problem) in [
                (0, Problem::Zero),
                (Policy::MAX_DURATION_S + 1, Problem::TooLarge),
                (u32::MAX, Problem::TooLarge),
            ] {
                let mut policy = preset.clone();
                set(&mut policy, seconds);
                let error = policy.validate().unwrap_err();
                assert_eq!((error.field(), error.problem()), (field, problem));
            }
            let mut policy = preset.clone();
            set(&mut policy, Policy::MAX_DURATION_S);
            assert_eq!(policy.validate(), Ok(()));
        }
    }
    // a partial acceptance needs somebody who accepts
    let policy = Policy::guarantee().partial_buyout_allowed(true);
    assert_eq!(policy.validate().unwrap_err().problem(), Problem::NeedsAcceptingBuyer);
}
