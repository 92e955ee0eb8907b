//! The rules that terms must keep, at creation, at every amendment and on decoding.

use super::{FeePayee, Item, NamedAs, Problem, Provider, Service, Terms, TermsDraft, TermsError};
use crate::{Money, Side};

impl TermsDraft {
    /// Every rule that needs no arithmetic over the whole; the quote checks the rest.
    pub(crate) fn validate(&self) -> Result<(), TermsError> {
        if self.buyer == self.seller {
            return Err(TermsError::at("seller", Problem::BuyerIsSeller));
        }
        let named = self.arbiter.as_ref().and_then(|a| self.party_as(a).or_else(|| self.third_as(a)));
        if let Some(named) = named {
            return Err(TermsError::at("arbiter", Problem::IsAParty(named)));
        }
        self.validate_priced()?;
        for side in Side::ALL {
            let field = match side {
                Side::Buyer => "guarantees.buyer",
                Side::Seller => "guarantees.seller",
            };
            // a guarantee may be in a currency of its own
            if let Some(guarantee) = self.guarantees.of(side) {
                within_limit(guarantee).map_err(|p| TermsError::at(field, p))?;
            }
        }
        self.policy.validate()?;
        self.policy.validate_amounts(|m| self.amount(m))?;
        let arbitration = self.policy.arbitration_fee.as_ref().map(|fee| &fee.payee);
        let charge = self.policy.charge_fee.as_ref().map(|fee| &fee.payee);
        for (field, payee) in [("arbitration_fee.payee", arbitration), ("charge_fee.payee", charge)] {
            if let Some(named) = payee.and_then(|payee| self.partner_as(payee)) {
                return Err(TermsError::in_policy(field, Problem::IsAParty(named)));
            }
        }
        Ok(())
    }

    /// The rules of whatever a sum is made of.
    pub(super) fn validate_priced(&self) -> Result<(), TermsError> {
        counted("items", self.items.len(), Terms::MAX_ITEMS)?;
        counted("services", self.services.len(), Terms::MAX_SERVICES)?;
        counted("fees", self.fees.len(), Terms::MAX_FEES)?;
        counted("tags", self.tags.len(), Terms::MAX_TAGS)?;
        if self.items.is_empty() {
            return Err(TermsError::at("items", Problem::Empty));
        }
        self.items.iter().enumerate().try_for_each(|(i, item)| self.validate_item(i, item))?;
        self.services.iter().enumerate().try_for_each(|(i, service)| self.validate_service(i, service))?;
        self.validate_fees()?;
        if let Some(offline) = self.pay_offline {
            self.amount(offline).map_err(|p| TermsError::at("pay_offline", p))?;
        }
        Ok(())
    }

    /// Whether a partner is the buyer or the seller.
    pub(super) fn partner_as(&self, payee: &FeePayee) -> Option<NamedAs> {
        match payee {
            FeePayee::Partner(id) => self.party_as(id),
            FeePayee::Platform | FeePayee::Processor => None,
        }
    }

    pub(super) fn amount(&self, money: Money) -> Result<i64, Problem> {
        if money.currency() != self.currency {
            return Err(Problem::OtherCurrency);
        }
        within_limit(money)
    }

    fn validate_item(&self, index: usize, item: &Item) -> Result<(), TermsError> {
        let at = |field, problem| TermsError::item("items", index, field, problem);
        self.amount(item.unit_price).map_err(|p| at("unit_price", p))?;
        if item.quantity == 0 {
            return Err(at("quantity", Problem::Zero));
        }
        if item.quantity > Item::MAX_QUANTITY {
            return Err(at("quantity", Problem::TooLarge));
        }
        Ok(())
    }

    fn validate_service(&self, index: usize, service: &Service) -> Result<(), TermsError> {
        let at = |field, problem| TermsError::item("services", index, field, problem);
        self.amount(service.final_cost).map_err(|p| at("final_cost", p))?;
        if let Some(original) = service.original_cost {
            self.amount(original).map_err(|p| at("original_cost", p))?;
        }
        let named = match &service.provider {
            Provider::Third(id) => self.party_as(id),
            Provider::Seller | Provider::Platform => None,
        };
        named.map_or(Ok(()), |named| Err(at("provider", Problem::IsAParty(named))))
    }
}

fn counted(field: &'static str, len: usize, max: usize) -> Result<(), TermsError> {
    if len > max {
        return Err(TermsError::at(field, Problem::TooMany { max }));
    }
    Ok(())
}

fn within_limit(money: Money) -> Result<i64, Problem> {
    if money.is_negative() {
        return Err(Problem::Negative);
    }
    if money.minor() > Terms::MAX_AMOUNT {
        return Err(Problem::TooLarge);
    }
    Ok(money.minor())
}
