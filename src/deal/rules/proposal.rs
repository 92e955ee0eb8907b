//! Agreeing on terms: amendments and consents.

use std::sync::Arc;

use smallvec::SmallVec;

use super::{chargebacks, destinations, funding, notes, payins};
use crate::Role;
use crate::deal::agreement::Consents;
use crate::deal::command::{Agree, Amend, Annotate, Attach, Attachment, DestinationUse, SetDestination};
use crate::deal::draft::Draft;
use crate::deal::event::{DepositChange, Event};
use crate::deal::phase::{Origin, Phase};
use crate::deal::{Deal, Rejection};
use crate::deposit::DepositId;
use crate::settlement::Incurred;
use crate::terms::{Acceptance, Consent, NamedAs, Policy, Problem, Terms, TermsError};
use crate::{Money, Side, Time};

/// A new version: the others' consents fall; a required deposit whose amount changes is returned in full.
pub(crate) fn amend(deal: &mut Draft<'_>, c: &Amend, role: Role) -> Result<(), Rejection> {
    let actual = deal.terms_version();
    if c.from_version != actual {
        return Err(Rejection::StaleTerms { given: c.from_version, actual });
    }
    check_pinned(deal, &c.terms, role)?;
    let vouches = role == Role::Operator && deal.terms().policy.consent == Consent::OnCreation;
    if c.vouched != Consents::default() && !vouches {
        return Err(TermsError::at("vouched", Problem::NeedsOperatorAndConsentOnCreation).into());
    }
    let deposits = changed_deposits(deal, &c.terms)?;
    // a returned deposit is no pot any more: nobody amends incurred costs away and leaves
    if !deposits.is_empty() && role != Role::Operator && deal.incurred() != Incurred::default() {
        return Err(TermsError::at("deposit", Problem::CostsIncurred).into());
    }
    let terms_version = actual.checked_add(1).ok_or(Rejection::TooMany { max: u32::MAX })?;
    let terms = c.terms.clone();
    let changed = deal.terms().changed_in(&terms).collect();
    let consents = role.side().map_or(c.vouched, |side| Consents::default().with(side));
    deal.push(Event::TermsAmended { terms_version, terms, changed, deposits: deposits.clone(), consents });
    deposits.iter().for_each(|change| funding::return_whole(deal, change.deposit));
    chargebacks::reconcile(deal);
    // vouched for, it moves on as if everybody had agreed
    if consents.all() {
        funding::go_on(deal);
    }
    Ok(())
}

/// What binds nobody is noted. A party has a say in its own contact reference only.
pub(crate) fn annotate(deal: &mut Draft<'_>, c: &Annotate, role: Role) -> Result<(), Rejection> {
    let foreign = match role.side() {
        Some(Side::Buyer) => ("contacts.seller", c.contacts.seller.is_some()),
        Some(Side::Seller) => ("contacts.buyer", c.contacts.buyer.is_some()),
        None => ("", false),
    };
    let pinned = [foreign, ("tags", c.tags.is_some()), ("order_id", c.order_id.is_some())];
    if let Some((field, _)) = pinned.iter().find(|(_, given)| *given && role.side().is_some()) {
        return Err(TermsError::at(field, Problem::Pinned).into());
    }
    if c.tags.as_ref().is_some_and(|tags| tags.len() > Terms::MAX_TAGS) {
        return Err(TermsError::at("tags", Problem::TooMany { max: Terms::MAX_TAGS }).into());
    }
    let old = deal.terms().notes();
    let new = Arc::new(c.notes(old.clone()));
    deal.push(Event::Annotated { old: Arc::new(old), new });
    Ok(())
}

/// The required deposits whose amount the new terms change.
fn changed_deposits(deal: &Deal, new: &Terms) -> Result<SmallVec<[DepositChange; 1]>, Rejection> {
    let mut changes = SmallVec::new();
    for (deposit, new) in deal.deposits().iter().zip(required(new)) {
        if deposit.required == new {
            continue;
        }
        if deal.books().open_captures(deposit.id).next().is_some() {
            return Err(Rejection::CaptureUnanswered);
        }
        // buckets are in one currency for good
        let used = || {
            deal.transactions().iter().any(|t| t.deposit == deposit.id) || deal.books().has_case(deposit.id)
        };
        if deposit.required.currency() != new.currency() && used() {
            return Err(TermsError::at("guarantees", Problem::Pinned).into());
        }
        changes.push(DepositChange { deposit: deposit.id, old: deposit.required, new });
    }
    Ok(changes)
}

/// Parties, currency and arbiter cannot be amended; fees and policy by the operator only, since they are the
/// platform's, but for how long the performance takes, where both have to agree; a service that is incurred must stay
/// as it is.
fn check_pinned(deal: &Deal, new: &Terms, role: Role) -> Result<(), TermsError> {
    let old = deal.terms();
    let staff = role == Role::Operator;
    let begun = deal.submitted() > 0
        || matches!(deal.phase(), Phase::Moderation { from: Origin::AwaitingPerformance, .. });
    let incurred_kept = |i: usize| !deal.incurred().contains(i) || new.services.get(i) == old.services.get(i);
    let pinned = [
        ("buyer", old.buyer != new.buyer),
        ("seller", old.seller != new.seller),
        ("arbiter", old.arbiter != new.arbiter),
        ("currency", old.currency != new.currency),
        ("fees", !staff && old.fees != new.fees),
        ("policy", !staff && old.policy != new.policy && !is_negotiable(&old.policy, &new.policy)),
        ("services", !(0..old.services.len()).all(incurred_kept)),
        // what was done under one way of accepting cannot be judged under another
        ("policy.acceptance", begun && old.policy.acceptance != new.policy.acceptance),
    ];
    if let Some((field, _)) = pinned.iter().find(|(_, changed)| *changed) {
        return Err(TermsError::at(field, Problem::Pinned));
    }
    // whoever was appointed arbiter cannot come to be paid by the deal
    match deal.arbiter().and_then(|a| new.third_as(a)) {
        Some(NamedAs::Partner { fee }) => {
            Err(TermsError::item("fees", fee, "payee", Problem::IsAParty(NamedAs::Arbiter)))
        }
        Some(NamedAs::Provider { service }) => {
            Err(TermsError::item("services", service, "provider", Problem::IsAParty(NamedAs::Arbiter)))
        }
        Some(_) | None => Ok(()),
    }
}

/// Do they differ in nothing but how long the performance takes, in a deal that both agree to?
///
/// # Source
/// WebMoney's contract: `Duration` is a field of its every version.
fn is_negotiable(old: &Policy, new: &Policy) -> bool {
    match old.consent {
        Consent::Explicit => Policy { performance_s: new.performance_s, ..old.clone() } == *new,
        Consent::OnCreation => false,
    }
}

/// What the four deposits that every deal has must come to, in their order.
pub(crate) fn required(terms: &Terms) -> [Money; 4] {
    let guarantee = |side| terms.guarantees.of(side).unwrap_or(Money::zero(terms.currency));
    let quote = terms.quote();
    [quote.deposit, quote.seller_due, guarantee(Side::Buyer), guarantee(Side::Seller)]
}

/// Binds a version; the phase is left forward once all agree.
pub(crate) fn agree(deal: &mut Draft<'_>, c: &Agree, role: Role) -> Result<(), Rejection> {
    let actual = deal.terms_version();
    if c.terms_version != actual {
        return Err(Rejection::StaleTerms { given: c.terms_version, actual });
    }
    // the table lets parties only
    let Some(side) = role.side() else { return Ok(()) };
    let verify = match &c.payment {
        Some(stated) => payins::judge_stated(deal, stated, side)?.map(|amount| (stated, amount)),
        None => None,
    };
    if !deal.consents().of(side) {
        deal.push(Event::Agreed { side, terms_version: actual });
    }
    if let Some((stated, amount)) = verify {
        payins::ask_about(deal, stated, side, amount);
    }
    funding::go_on(deal);
    Ok(())
}

/// The deposits that every deal has, with what is required of each.
pub(crate) fn fixed_deposits(terms: &Terms) -> impl Iterator<Item = (DepositId, Side, Money)> {
    let owners = [Side::Buyer, Side::Seller, Side::Buyer, Side::Seller];
    let ids = [
        DepositId::BUYER_PAYMENT,
        DepositId::SELLER_PAYMENT,
        DepositId::BUYER_GUARANTEE,
        DepositId::SELLER_GUARANTEE,
    ];
    ids.into_iter().zip(owners).zip(required(terms)).map(|((id, owner), required)| (id, owner, required))
}

/// What a proposal takes along: the proposer's documents, and destinations of their own. An operator vouches for anybody's.
pub(crate) fn take_along(
    deal: &mut Draft<'_>,
    documents: &[Arc<Attachment>],
    wanted: &[SetDestination],
    by: Option<Side>,
) -> Result<(), Rejection> {
    let role = match by {
        Some(Side::Buyer) => Role::Buyer,
        Some(Side::Seller) => Role::Seller,
        None => Role::Operator,
    };
    for document in documents {
        notes::attach(deal, &Attach::new(document.clone()), role)?;
    }
    for chosen in wanted {
        if by.is_some_and(|side| chosen.payee != side.payee()) {
            return Err(Rejection::NotYourMoney);
        }
        destinations::choose(deal, &chosen.payee, DestinationUse::Payouts, chosen.destination.as_ref())?;
    }
    Ok(())
}

/// How a deal begins: who proposes consents; where creation implies consent, both do.
///
/// # Source
/// WebMoney's ContractCreate; Nalogka since API 1.2.0, where creation implies the consent of both.
pub(crate) fn propose(terms: &Terms, side: Option<Side>, at: Time) -> (Consents, Phase) {
    let policy = &terms.policy;
    match policy.consent {
        Consent::OnCreation => {
            (Consents::BOTH, Phase::AwaitingDeposit { until: at.plus_secs(policy.deposit_s) })
        }
        Consent::Explicit => {
            let consents = side.map_or(Consents::default(), |side| Consents::default().with(side));
            // where both must report, one span from the proposal to the conclusion
            let window = match policy.acceptance {
                Acceptance::Mutual => policy.deposit_s,
                Acceptance::ByBuyer => policy.proposal_s,
            };
            (consents, Phase::Proposed { until: at.plus_secs(window) })
        }
    }
}
