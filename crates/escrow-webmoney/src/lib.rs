//! WebMoney Escrow on the wire: its entities, its calls, and the hash that signs them.
//!
//! The entities carry exactly the documented field names, in the documented order; the calls exactly the documented
//! arguments. A call says what is to be done to a [`Deal`](escrow::Deal), and nothing is done by the call itself:
//!
//! | call | becomes |
//! |---|---|
//! | [`ContractCreate`] | validated [`Terms`](escrow::Terms), for [`Deal::propose`](escrow::Deal::propose) |
//! | [`ContractAccept`] | `Agree` to one version, with the transaction as a stated payment; `SetDestination` for the purse |
//! | [`ContractCancel`] | `Cancel`: turns the contract down |
//! | [`DealSuccess`], [`DealCancel`] | `Report` success, failure |
//! | [`ArbitrageCreateClaim`] | `FileClaim` |
//! | [`OfferUserInfo`], an object without a call | `Take` of an [`Offer`](escrow_market::Offer), then `SetDestination` for both purses |
//!
//! # What the reference leaves open, and what is chosen here
//! - **One aggregate.** A *contract* is a deal that is not concluded, so `ContractId` and the deal's `Id` are the same
//!   [`DealId`](escrow::DealId), and concluding needs no call: it happens with the last consent or payment.
//! - **Amounts** are strings of decimal digits (`"1000.00"`), never JSON numbers, with the currency in a field beside
//!   them. `Amount` is the whole price, not the price of one of `Count`; where it does not divide by `Count`, some units
//!   cost one minor unit more, so that the sum is exact.
//! - **An offer** is taken by a count, so its `Amount` and `Deposit`s are those of one unit; `Count` is the whole count.
//! - **Currencies.** `AmountCurrencyId` is the price's, and that of `Comiss`. `CurrencyId` is the deposits', where they
//!   differ from the price; one field, so both sides' deposits are in one currency.
//! - **`DepositToSeller`**: the buyer's deposit is the payment, so it is in the price's currency and not over it; what
//!   it does not cover is paid directly ([`pay_offline`](escrow::TermsDraft::pay_offline)). Without the flag the whole
//!   price is paid directly and both deposits are guarantees.
//! - **Durations** have no unit in the reference, which counts the only duration that it states in days: whole days,
//!   from 1 to 3650, on input. A deal's duration that is no whole number of days is shown rounded up;
//!   [`Deal::next_deadline`](escrow::Deal::next_deadline) is exact.
//! - **`ContractAccept` names no version**, though contracts have versions. The host says which one the user was shown,
//!   so that nobody consents to a counter-offer that they have not seen.
//! - **A purse** is a payment instrument of the host's vault: the deal knows its reference only, and pays what its owner
//!   earns there. Purse, phone and external id never enter the deal, nor `Debug`: [`People`] looks them up by the deal's
//!   references.
//! - **Claims**: either side may file its own, and both are kept ([`ClaimInfo`], an object of ours).
//! - **Repeats.** Neither the arguments nor the hash tell a call that is sent again from the same call made anew, so no
//!   command has a [`request_id`](escrow::Caller::request_id). Consents, payments, reports and claims that stand are not done
//!   twice all the same; a report that arrives again after its side has changed it does change it back. A host whose transport
//!   tells repeats adds an id of its own to [`Call::caller`].
//! - **Statuses** have no documented values: [`Status`](escrow::Status)'s names.
//! - `ContractInfo` is documented with `Seller`, `Buyer`, `Comiss` and `Status` twice: each is written once.
//! - `CanCreateСlaim` is documented, and written, with a Cyrillic С (U+0421): see [`DealInfo::can_create_claim`].
//!
//! # Examples
//! ```
//! use escrow::terms::Contacts;
//! use escrow::{Deal, DealId, Time};
//! use escrow_webmoney::{Call, Contact, ContractCreate, ContractInfo, Parties, Rules, ServiceSecret, View, from_json};
//!
//! let secret = ServiceSecret::new("secret")?;
//! let json = r#"{
//!     "serviceId": "7", "userId": "anna", "amount": "1000.00", "amountCurrencyId": "RUB",
//!     "seller": { "ExternalId": "b-2", "Deposit": "100.00" }, "buyer": { "ExternalId": "a-1", "Deposit": "1000.00" },
//!     "currencyId": "RUB", "description": "A bicycle", "count": 1, "duration": 10, "durationToDeal": 3,
//!     "depositToSeller": true, "hash": "53ddb9a167fd20cb676815ac96ab09266551fe12"
//! }"#;
//! let call: ContractCreate = from_json(json)?;
//! call.verify(&secret)?;
//!
//! // the host looks the external ids up, and adds its own rules
//! let parties =
//!     Parties { seller: "boris".parse()?, buyer: "anna".parse()?, contacts: Contacts::default() };
//! let proposal = call.proposal(&parties, &Rules::default())?;
//! let context = call.context(Time::parse("2026-03-01T12:00:00Z")?);
//! let (deal, _) = Deal::propose(DealId::new(uuid::Uuid::nil()), proposal.terms, &context)?;
//!
//! let (seller, buyer) = (Contact::from(&call.seller), Contact::from(&call.buyer));
//! let view = View { service_id: &call.service_id, user_id: &call.user_id, seller: &seller, buyer: &buyer };
//! let contract = ContractInfo::of(&deal, &view)?;
//! assert_eq!((contract.version_id, contract.amount.as_str()), (1, "1000.00"));
//! assert!(contract.buyer.accepted && !contract.seller.accepted);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Source
//! WebMoney Escrow, «Для разработчиков»: entities, the `Hash` field, examples of use.

#![forbid(unsafe_code)]

mod create;
mod entities;
mod error;
mod hash;
mod offer;
mod project;
mod read;
mod requests;
mod values;

pub use create::{ContractCreate, Parties, Proposal, Rules};
pub use entities::{ContractInfo, DealInfo, ExtUserInfo, UserInfo, UserProfileInfo};
pub use error::{CallError, Inexpressible, Problem};
pub use hash::{HashError, RequestHash, ServiceSecret};
pub use offer::{OfferInfo, OfferUserInfo};
pub use project::{ClaimInfo, Contact, People, View, author};
pub use read::{MAX_BYTES, from_json};
pub use requests::{
    ArbitrageCreateClaim, Call, ClaimCreated, ContractAccept, ContractCancel, ContractCreated, DealCancel,
    DealSuccess,
};
pub use values::{Amount, Personal, ServiceId};
