//! What is sold and done, from the wire into terms.

use super::entities::{AdditionalService, SubjectItem};
use super::error::{ApiError, ErrorKind};
use super::quote::CalculationResult;
use super::requests::Calculate;
use super::sum::Sum;
use super::user::ApiUser;
use super::words::ProvidedBy;
use escrow::terms::{Item, Provider, Service, Terms};
use escrow::{Money, PartyId, Text};

pub(super) fn items(items: &[SubjectItem]) -> Vec<Item> {
    let one = |item: &SubjectItem| Item {
        name: item.name.clone(),
        unit_price: item.price.money(),
        quantity: item.quantity,
        sku: item.sku.as_ref().and_then(|sku| Text::new(sku).ok()),
        description: item.description.clone(),
        unit: None,
    };
    items.iter().map(one).collect()
}

pub(super) fn services(services: &[AdditionalService]) -> Vec<Service> {
    let one = |service: &AdditionalService| Service {
        name: service.name.clone(),
        description: service.description.clone(),
        original_cost: service.original_cost.map(Sum::money),
        final_cost: service.final_cost.money(),
        payer: service.payer.into(),
        provider: match service.provided_by {
            ProvidedBy::Seller => Provider::Seller,
            ProvidedBy::Nalogka => Provider::Platform,
        },
    };
    services.iter().map(one).collect()
}

/// Nothing offline is no offline part.
pub(super) fn offline(sum: Option<Sum>) -> Option<Money> {
    sum.filter(|sum| *sum != Sum::ZERO).map(Sum::money)
}

impl Calculate {
    /// The terms that the request comes to, between parties who are nobody yet.
    ///
    /// # Errors
    /// [`ErrorKind::Validation`] with the path of the item.
    pub fn terms(&self, user: &ApiUser) -> Result<Terms, ApiError> {
        let nobody = |id| PartyId::new(id).map_err(|_| ApiError::new(ErrorKind::Server, "no party"));
        let mut draft = user.draft(nobody("buyer")?, nobody("seller")?, self.commission_payer);
        draft.items = items(&self.subject_items);
        draft.services = services(&self.additional_services);
        draft.pay_offline = offline(self.buyer_have_to_pay_offline);
        Ok(Terms::new(draft)?)
    }

    /// The answer: the same figures that a deal of these terms is settled by.
    ///
    /// # Errors
    /// As [`Calculate::terms`].
    pub fn quote(&self, user: &ApiUser) -> Result<CalculationResult, ApiError> {
        Ok(CalculationResult::try_from(&self.terms(user)?)?)
    }
}
