//! Where terms, or a deal, name somebody.

use std::fmt;

use super::{Fee, FeePayee, Provider, Service, TermsDraft};
use crate::PartyId;
use crate::deposit::DepositId;

/// As whom a deal names somebody already, and in which field.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum NamedAs {
    /// The buyer.
    Buyer,
    /// The seller.
    Seller,
    /// The partner who gets this fee, counted from 0.
    Partner {
        /// Which fee.
        fee: usize,
    },
    /// The provider of this service, counted from 0.
    Provider {
        /// Which service.
        service: usize,
    },
    /// The partner who gets the commission on additional charges.
    ChargeFee,
    /// The payee of an additional charge.
    Charge(DepositId),
    /// The arbiter who was appointed.
    Arbiter,
}

impl fmt::Display for NamedAs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Buyer => f.write_str("the buyer, in `buyer`"),
            Self::Seller => f.write_str("the seller, in `seller`"),
            Self::Partner { fee } => write!(f, "the partner who gets a fee, in `fees[{fee}].payee`"),
            Self::Provider { service } => {
                write!(f, "the provider of a service, in `services[{service}].provider`")
            }
            Self::ChargeFee => f.write_str("the partner who gets a commission, in `policy.charge_fee.payee`"),
            Self::Charge(charge) => write!(f, "the payee of the additional charge `{charge}`"),
            Self::Arbiter => f.write_str("the arbiter who was appointed"),
        }
    }
}

impl TermsDraft {
    /// Whether this is the buyer or the seller.
    pub(crate) fn party_as(&self, id: &PartyId) -> Option<NamedAs> {
        if *id == self.buyer {
            Some(NamedAs::Buyer)
        } else if *id == self.seller {
            Some(NamedAs::Seller)
        } else {
            None
        }
    }

    /// Whether this is a partner who receives a fee, or a third party who provides a service.
    pub(crate) fn third_as(&self, id: &PartyId) -> Option<NamedAs> {
        let gets = |f: &Fee| matches!(&f.payee, FeePayee::Partner(p) if p == id);
        let provides = |s: &Service| matches!(&s.provider, Provider::Third(p) if p == id);
        let fee = self.fees.iter().position(gets).map(|fee| NamedAs::Partner { fee });
        fee.or_else(|| self.services.iter().position(provides).map(|service| NamedAs::Provider { service }))
    }
}
