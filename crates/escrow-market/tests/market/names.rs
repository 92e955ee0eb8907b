//! Whatever is written as a text is read back from the same text, and from no other.
#![allow(clippy::unwrap_used)]

use std::fmt::{Debug, Display};
use std::str::FromStr;

use escrow_market::balance::{self, WithdrawalKey, WithdrawalStatus};
use escrow_market::basket::{self, RefundKey};
use escrow_market::payee::{self, DestinationId};
use escrow_market::subscription::{self, ChargeKey};
use escrow_market::{
    BalanceId, BasketId, OfferId, ProjectId, StoreId, SubscriptionId, offer, project, store,
};
use uuid::Uuid;

const UUID: Uuid = Uuid::from_u128(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef);

/// What is written is read back; an empty text, and one with more behind it, are refused.
fn comes_back<T: Display + FromStr<Err: Debug> + PartialEq + Debug>(values: impl IntoIterator<Item = T>) {
    for value in values {
        let text = value.to_string();
        assert_eq!(text.parse::<T>().unwrap(), value, "{text}");
        assert!(format!("{text}#").parse::<T>().is_err(), "{text}#");
        assert!("".parse::<T>().is_err());
    }
}

#[test]
fn what_is_written_is_read_back() {
    comes_back(balance::CommandKind::ALL);
    comes_back(balance::Role::ALL);
    comes_back(WithdrawalStatus::ALL);
    comes_back(payee::CommandKind::ALL);
    comes_back(payee::Role::ALL);
    comes_back(store::CommandKind::ALL);
    comes_back(store::Role::ALL);
    comes_back(store::Status::ALL);
    comes_back(offer::CommandKind::ALL);
    comes_back(offer::Role::ALL);
    comes_back(offer::Status::ALL);
    comes_back(subscription::CommandKind::ALL);
    comes_back(subscription::Role::ALL);
    comes_back(subscription::Status::ALL);
    comes_back(project::CommandKind::ALL);
    comes_back(project::Role::ALL);
    comes_back(project::Status::ALL);
    comes_back(basket::CommandKind::ALL);
    comes_back(basket::Role::ALL);
    comes_back(basket::Status::ALL);
    comes_back([ProjectId::new(UUID)]);
    comes_back([BasketId::new(UUID)]);
    comes_back([RefundKey { basket: BasketId::new(UUID), number: 7 }]);
    comes_back([OfferId::new(UUID)]);
    comes_back([BalanceId::new(UUID)]);
    comes_back([StoreId::new(UUID)]);
    comes_back([SubscriptionId::new(UUID)]);
    comes_back([WithdrawalKey { balance: BalanceId::new(UUID), number: 7 }]);
    comes_back([ChargeKey { subscription: SubscriptionId::new(UUID), period: 0, attempt: 3 }]);
}

#[test]
fn a_number_is_written_in_one_way() {
    for text in ["", "+1", "01", "00", "-1", " 1", "1 ", "4294967296", "one"] {
        assert!(format!("{UUID}:{text}").parse::<WithdrawalKey>().is_err(), "{text:?}");
        assert!(format!("{UUID}:{text}").parse::<RefundKey>().is_err(), "{text:?}");
        assert!(format!("{UUID}:1:{text}").parse::<ChargeKey>().is_err(), "{text:?}");
    }
}

#[test]
fn an_id_is_its_text() {
    let id: DestinationId = "Visa 1".parse().unwrap();
    assert_eq!(id, "Visa 1");
    assert_eq!((id.to_string().as_str(), format!("{id:?}").as_str()), ("Visa 1", r#""Visa 1""#));
    assert_eq!(serde_json::to_string(&id).unwrap(), r#""Visa 1""#);
    assert!("я".repeat(DestinationId::MAX + 1).parse::<DestinationId>().is_err());
}
