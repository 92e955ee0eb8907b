//! The documented names, byte for byte and in the documented order; snapshots; round trips; the hash.

use std::fmt;

use escrow_webmoney::{ClaimCreated, ContractCreated, HashError, RequestHash, UserInfo, UserProfileInfo};
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::*;

// --- «Описание сущностей», copied in the reference's order; what it has twice stands once ---

const EXT_USER_INFO: &[&str] = &[
    "ExternalId",
    "Deposit",
    "Phone",
    "Purse",
    "Agree",
    "IsDepositPaid",
    "Accepted",
    "Canceled",
    "InvoiceId",
    "TranId",
];
const USER_INFO: &[&str] = &["Id", "ServiceId", "Locale", "Created"];
const USER_PROFILE_INFO: &[&str] = &["Id", "Tags"];
const OFFER_INFO: &[&str] = &[
    "Id",
    "ServiceId",
    "CategoryId",
    "Description",
    "Tags",
    "Count",
    "CountMeasure",
    "CurrencyId",
    "Amount",
    "AmountCurrencyId",
    "DealType",
    "DepositToSeller",
    "Duration",
    "DurationToContract",
    "DurationToDeal",
    "Seller",
    "Buyer",
    "Status",
    "Created",
];
const OFFER_USER_INFO: &[&str] = &["OfferId", "UserId", "ExternalUserId", "Purse", "Phone", "Count"];
const CONTRACT_INFO: &[&str] = &[
    "Id",
    "ServiceId",
    "VersionId",
    "UserId",
    "Description",
    "Tags",
    "Amount",
    "AmountCurrencyId",
    "Count",
    "CountMeasure",
    "CurrencyId",
    "DurationToDeal",
    "Duration",
    "DepositToSeller",
    "Seller",
    "Buyer",
    "Comiss",
    "Status",
    "Created",
    "Modified",
];
const DEAL_INFO: &[&str] = &[
    "Id",
    "ServiceId",
    "ContractId",
    "Description",
    "Tags",
    "Amount",
    "AmountCurrencyId",
    "Count",
    "CountMeasure",
    "CurrencyId",
    "Duration",
    "DepositToSeller",
    "Seller",
    "Buyer",
    "Comiss",
    "Status",
    "StatusOld",
    "Created",
    "Modified",
    // as the reference has it: the fourth letter from the end of the first word but one is U+0421
    "CanCreateСlaim",
    "CanCreateLawsuit",
];

// --- «Примеры использования», the arguments in their order ---

const CONTRACT_CREATE: &[&str] = &[
    "serviceId",
    "userId",
    "amount",
    "amountCurrencyId",
    "seller",
    "buyer",
    "currencyId",
    "description",
    "count",
    "duration",
    "durationToDeal",
    "depositToSeller",
    "hash",
];
const CONTRACT_ACCEPT: &[&str] = &["serviceId", "userId", "contractId", "purse", "tranId", "hash"];
const CONTRACT_CANCEL: &[&str] = &["serviceId", "userId", "contractId", "hash"];
const ABOUT_A_DEAL: &[&str] = &["serviceId", "userId", "dealId", "hash"];

/// The keys of an object, in their order.
struct Keys(Vec<String>);

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Keys;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Keys, A::Error> {
                let mut keys = Vec::new();
                while let Some((key, IgnoredAny)) = map.next_entry()? {
                    keys.push(key);
                }
                Ok(Keys(keys))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

fn keys(value: &impl Serialize) -> Vec<String> {
    serde_json::from_str::<Keys>(&serde_json::to_string(value).unwrap()).unwrap().0
}

fn user_info() -> UserInfo {
    UserInfo { id: text("anna"), service_id: text("77"), locale: text("ru-RU"), created: start() }
}

fn user_profile_info() -> UserProfileInfo {
    UserProfileInfo { id: text("anna"), tags: vec![text("furniture"), text("дерево")] }
}

#[test]
fn entities_have_the_documented_fields_in_the_documented_order() {
    let mut w = proposed(&create());
    let contract = contract(&w);
    assert_eq!(keys(&contract), CONTRACT_INFO);
    assert_eq!(keys(&contract.seller), EXT_USER_INFO);
    assert_eq!(keys(&ExtUserInfo::default()), EXT_USER_INFO, "what is absent is null, not missing");
    send_accept(&mut w, &accept("anna", None));
    w.fill();
    assert_eq!(keys(&info(&w)), DEAL_INFO);
    let (offer, taken) = (shown_offer(&offer()), taken(&offer()));
    assert_eq!(keys(&offer), OFFER_INFO);
    assert_eq!(keys(&offer.buyer), EXT_USER_INFO);
    assert_eq!(keys(&taken), OFFER_USER_INFO);
    assert_eq!(keys(&user_info()), USER_INFO);
    assert_eq!(keys(&user_profile_info()), USER_PROFILE_INFO);
}

#[test]
fn can_create_claim_is_spelled_as_documented() {
    let w = concluded(&create());
    let json = serde_json::to_string(&info(&w)).unwrap();
    // C-a-n-C-r-e-a-t-e, U+0421 as the UTF-8 bytes D0 A1, l-a-i-m
    assert!(json.contains("\"CanCreate\u{421}laim\":false"), "{json}");
    assert!(json.as_bytes().windows(15).any(|w| w == b"CanCreate\xd0\xa1laim"));
    assert!(!json.contains("CanCreateClaim"), "not the Latin one");
    // both are read; not both at once
    let latin = json.replace('\u{421}', "C");
    assert_eq!(from_json::<DealInfo>(&latin).unwrap(), info(&w));
    let both = latin.replacen('{', "{\"CanCreate\u{421}laim\":true,", 1);
    assert_eq!(from_json::<DealInfo>(&both).unwrap_err().code(), "duplicate-field");
}

#[test]
fn calls_have_the_documented_arguments_in_the_documented_order() {
    assert_eq!(keys(&call::<ContractCreate>(&create())), CONTRACT_CREATE);
    assert_eq!(keys(&accept("anna", None)), CONTRACT_ACCEPT);
    assert_eq!(keys(&call::<ContractCancel>(&about("anna", "contractId"))), CONTRACT_CANCEL);
    assert_eq!(keys(&call::<DealSuccess>(&about("anna", "dealId"))), ABOUT_A_DEAL);
    assert_eq!(keys(&call::<DealCancel>(&about("anna", "dealId"))), ABOUT_A_DEAL);
    assert_eq!(keys(&call::<ArbitrageCreateClaim>(&about("anna", "dealId"))), ABOUT_A_DEAL);
    let created = ContractCreated { contract_id: ID.parse::<uuid::Uuid>().unwrap().into() };
    assert_eq!(serde_json::to_string(&created).unwrap(), format!(r#"{{"contractId":"{ID}"}}"#));
    let url = ClaimCreated { claim_url: text("https://arbitrage.example/1") };
    assert_eq!(serde_json::to_string(&url).unwrap(), r#"{"claimUrl":"https://arbitrage.example/1"}"#);
}

// --- snapshots ---

fn pretty(value: &impl Serialize) -> String {
    serde_json::to_string_pretty(value).unwrap()
}

#[test]
fn entities_as_json() {
    insta::assert_snapshot!("user_info", pretty(&user_info()));
    insta::assert_snapshot!("user_profile_info", pretty(&user_profile_info()));
    insta::assert_snapshot!("offer_info", pretty(&shown_offer(&offer())));
    insta::assert_snapshot!("offer_user_info", pretty(&taken(&offer())));
    insta::assert_snapshot!("ext_user_info_empty", pretty(&ExtUserInfo::default()));
    let fee = Fee::of_price(text("service"), FeePayee::Platform, percent(2), Payer::Buyer);
    let rules = Rules { fees: vec![fee], ..judged_rules(150_00) };
    let mut json = create_paying();
    json["seller"]["TranId"] = json!("t-boris");
    let mut w = proposed_under(&json, &rules);
    insta::assert_snapshot!("contract_info_proposed", pretty(&contract(&w)));
    w.pass(HOUR);
    send_accept(&mut w, &accept("anna", Some("t-anna")));
    verify_claims(&mut w);
    insta::assert_snapshot!("deal_info_performing", pretty(&info(&w)));
    success(&mut w, "boris");
    w.pass(HOUR);
    failure(&mut w, "anna");
    insta::assert_snapshot!("deal_info_disputed", pretty(&info(&w)));
    w.pass(10 * DAY);
    sue(&mut w, "anna").unwrap();
    insta::assert_snapshot!("deal_info_sued", pretty(&info(&w)));
}

#[test]
fn calls_as_json() {
    let calls = [
        pretty(&call::<ContractCreate>(&create())),
        pretty(&accept("anna", Some("t-anna"))),
        pretty(&call::<ContractCancel>(&about("anna", "contractId"))),
        pretty(&call::<DealSuccess>(&about("anna", "dealId"))),
    ];
    insta::assert_snapshot!("calls", calls.join("\n"));
}

// --- round trips ---

fn survives<T: Serialize + DeserializeOwned>(value: &T) {
    let json = serde_json::to_string(value).unwrap();
    let read: T = from_json(&json).unwrap_or_else(|e| panic!("{e}: {json}"));
    assert_eq!(serde_json::to_string(&read).unwrap(), json);
}

#[test]
fn everything_reads_what_it_writes() {
    survives(&call::<ContractCreate>(&create()));
    survives(&call::<ContractCreate>(&create_paying()));
    survives(&accept("anna", None));
    survives(&accept("anna", Some("t-anna")));
    survives(&call::<ContractCancel>(&about("anna", "contractId")));
    survives(&call::<DealSuccess>(&about("anna", "dealId")));
    survives(&call::<DealCancel>(&about("anna", "dealId")));
    survives(&call::<ArbitrageCreateClaim>(&about("anna", "dealId")));
    survives(&ExtUserInfo::default());
    survives(&shown_offer(&offer()));
    survives(&taken(&offer()));
    survives(&user_info());
    survives(&user_profile_info());
    let w = concluded(&create());
    survives(&contract(&w));
    survives(&contract(&w).buyer);
    survives(&info(&w));
}

// --- «Способ формирования поля Hash» ---

/// Worked out with coreutils: `printf %s '77annaK3y of the service' | sha1sum`.
const VECTOR: &str = "ed80c1d55334b3cab9ec0dd7bf6f63c515a1f215";

#[test]
fn the_hash_is_sha1_of_service_user_and_secret() {
    let secret = secret();
    assert_eq!(secret.hash("77", "anna").as_str(), VECTOR);
    let verify = |given: &str| secret.verify("77", "anna", &RequestHash::new(text(given)));
    assert_eq!(verify(VECTOR), Ok(()));
    assert_eq!(verify(&VECTOR.to_uppercase()), Ok(()), "upper case");
    let mixed: String = VECTOR
        .chars()
        .enumerate()
        .map(|(i, c)| if i % 2 == 0 { c.to_ascii_uppercase() } else { c })
        .collect();
    assert_eq!(verify(&mixed), Ok(()), "both");
}

#[test]
fn a_wrong_hash_is_refused_and_says_nothing() {
    let secret = secret();
    let off_by_one = format!("{}{}", &VECTOR[..39], if VECTOR.ends_with('0') { '1' } else { '0' });
    let prefixed = format!("0x{}", &VECTOR[2..]);
    let spaced = format!("{} ", &VECTOR[..39]);
    let cases = [
        ("", HashError::Length),
        (&VECTOR[..39], HashError::Length),
        (&format!("{VECTOR}0"), HashError::Length),
        (&off_by_one, HashError::Mismatch),
        (&prefixed, HashError::NotHex),
        (&spaced, HashError::NotHex),
        // twenty letters of two bytes each
        (&"я".repeat(20), HashError::NotHex),
        (&"0".repeat(40), HashError::Mismatch),
    ];
    for (given, expected) in cases {
        let error = secret.verify("77", "anna", &RequestHash::new(text(given))).unwrap_err();
        assert_eq!(error, expected, "{given}");
        let told = format!("{error} {error:?} {}", error.code());
        assert!(!told.contains(VECTOR) && !told.contains(&VECTOR[..8]) && !told.contains("K3y"), "{told}");
    }
    for (service, user) in [("77", "boris"), ("78", "anna"), ("", "anna"), ("77", "")] {
        let hash = RequestHash::new(text(VECTOR));
        assert_eq!(secret.verify(service, user, &hash), Err(HashError::Mismatch));
    }
    assert_eq!(ServiceSecret::new("").unwrap_err(), HashError::EmptySecret);
}

#[test]
fn neither_a_secret_nor_a_hash_is_shown() {
    let secret = secret();
    assert_eq!(format!("{secret:?} {secret:#?}"), "*** ***");
    assert_eq!(format!("{:?}", secret.hash("77", "anna")), "***");
}

/// What the documentation of the hash warns of, so that nobody takes it for more than it is.
#[test]
fn the_hash_binds_neither_the_ids_boundary_nor_anything_else() {
    let secret = secret();
    assert_eq!(secret.hash("1", "23").as_str(), secret.hash("12", "3").as_str());
    // the hash of one call opens any other of the same user
    let mut forged = create();
    forged["amount"] = json!("0.01");
    assert!(call::<ContractCreate>(&forged).verify(&secret).is_ok());
    // but of no other user
    forged["userId"] = json!("anna");
    assert_eq!(call::<ContractCreate>(&forged).verify(&secret), Err(HashError::Mismatch));
}
