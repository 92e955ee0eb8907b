//! Whatever is written as a text is read back from the same text, and from no other.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use escrow::deal::command::TrackerName;
use escrow::deal::command::{CheckpointId, CommandKind, Digest, DocumentId, FileRef, MessageRef, TrackCode};
use escrow::deal::{PhaseKind, Timer};
use escrow::deposit::{ClientKey, DepositId, GatewayName, IdempotencyKey, MethodName, Reference};
use escrow::deposit::{TransactionKind, TxId};
use escrow::terms::FeeId;
use escrow::{Currency, DealId, InstrumentRef, Outcome, PartyId, Rate, Role, Side, Status, TextError, Time};
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
    comes_back(Side::ALL);
    comes_back(Role::ALL);
    comes_back(Status::ALL);
    comes_back(PhaseKind::ALL);
    comes_back(Outcome::ALL);
    comes_back(CommandKind::ALL);
    comes_back(TransactionKind::ALL);

    let phases = [Timer::Proposal, Timer::Funding, Timer::Moderation, Timer::Start, Timer::Performance];
    comes_back(phases);
    comes_back([Timer::Acceptance, Timer::Negotiation, Timer::Arbitration, Timer::Settlement]);
    comes_back([Timer::Hold(TxId::new(1)), Timer::Hold(TxId::new(u32::MAX))]);

    comes_back([TxId::new(0), TxId::new(1), TxId::new(20), TxId::new(u32::MAX)]);
    comes_back([DepositId::BUYER_PAYMENT, DepositId::charge(1).unwrap(), DepositId::charge(32).unwrap()]);
    comes_back([DealId::new(UUID), DealId::new(Uuid::nil())]);
    let key = IdempotencyKey::new(UUID, TxId::new(7));
    comes_back([key, key.attempt(0), key.attempt(u16::MAX)]);
    // a key that is stored is as it always was
    assert_eq!(key.to_string(), format!("{UUID}:7"));
    assert!(
        [":7", "7", "x:7", &format!("{UUID}:7:"), &format!("{UUID}:7:1:1"), &format!("{UUID}:07")]
            .iter()
            .all(|text| text.parse::<IdempotencyKey>().is_err())
    );

    comes_back([Currency::RUB, Currency::custom("COIN", 3).unwrap()]);
    comes_back([Rate::from_ppm(0).unwrap(), Rate::from_ppm(27_500).unwrap()]);
    comes_back(["2026-03-01T12:00:00Z", "2026-03-01T12:00:00.007Z"].map(|text| Time::parse(text).unwrap()));
}

#[test]
fn a_number_is_written_in_one_way() {
    for text in ["", "+1", "01", "00", "-1", " 1", "1 ", "4294967296", "one"] {
        assert!(text.parse::<TxId>().is_err(), "{text:?}");
        assert!(format!("{UUID}:{text}").parse::<IdempotencyKey>().is_err(), "{text:?}");
        assert!(format!("hold:{text}").parse::<Timer>().is_err(), "{text:?}");
    }
}

#[test]
fn an_error_says_what_to_write() {
    let error = "byer".parse::<Side>().unwrap_err();
    assert_eq!(error.to_string(), "write buyer or seller");
    let error = "7".parse::<IdempotencyKey>().unwrap_err().to_string();
    assert_eq!(error, "write an idempotency key: the id of a machine, a colon, the number of its order");
}

/// An id is its text: as `Display`, as `Debug`, in JSON, in order and for a map; from 1 to its most characters.
fn is_its_text<Id>(max: usize)
where
    Id: FromStr<Err = TextError> + Display + Debug + Ord + AsRef<str> + for<'a> TryFrom<&'a str>,
    Id: TryFrom<String> + serde::Serialize + serde::de::DeserializeOwned + std::hash::Hash + Clone,
{
    let id: Id = "a \"b\"".parse().unwrap();
    assert_eq!(id.to_string(), "a \"b\"");
    assert_eq!(format!("{id:?}"), r#""a \"b\"""#);
    assert_eq!(id.as_ref(), "a \"b\"");
    let json = serde_json::to_string(&id).unwrap();
    assert_eq!(json, r#""a \"b\"""#);
    assert!(serde_json::from_str::<Id>(&json).unwrap() == id);
    assert!(id < "b".parse().unwrap());

    let longest = "я".repeat(max);
    assert!(Id::try_from(longest.as_str()).is_ok() && Id::try_from(longest.clone()).is_ok());
    let longer = longest + "я";
    assert_eq!(longer.parse::<Id>().err(), Some(TextError::TooLong { max }));
    assert!(serde_json::from_value::<Id>(longer.into()).is_err());
    assert_eq!("".parse::<Id>().err(), Some(TextError::TooShort { min: 1 }));
    assert_eq!("a\0".parse::<Id>().err(), Some(TextError::Control));
}

#[test]
fn an_id_is_its_text() {
    is_its_text::<PartyId>(PartyId::MAX);
    is_its_text::<InstrumentRef>(InstrumentRef::MAX);
    is_its_text::<Reference>(Reference::MAX);
    is_its_text::<GatewayName>(GatewayName::MAX);
    is_its_text::<MethodName>(MethodName::MAX);
    is_its_text::<ClientKey>(ClientKey::MAX);
    is_its_text::<FeeId>(FeeId::MAX);
    is_its_text::<DocumentId>(DocumentId::MAX);
    is_its_text::<FileRef>(FileRef::MAX);
    is_its_text::<Digest>(Digest::MAX);
    is_its_text::<TrackerName>(TrackerName::MAX);
    is_its_text::<TrackCode>(TrackCode::MAX);
    is_its_text::<CheckpointId>(CheckpointId::MAX);
    is_its_text::<MessageRef>(MessageRef::MAX);
}
