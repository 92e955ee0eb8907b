//! What others send: calls, notifications, signatures. A value or a typed error, and never the secret.
#![no_main]

use escrow_webhook::{Headers, Keyring, Secret};

use escrow::{Time, wire::Envelope};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, &str)| {
    let (kind, text) = input;
    match kind % 16 {
        0 => drop(escrow_webmoney::from_json::<escrow_webmoney::ContractCreate>(text)),
        1 => drop(escrow_webmoney::from_json::<escrow_webmoney::ContractAccept>(text)),
        2 => drop(escrow_webmoney::from_json::<escrow_webmoney::ContractCancel>(text)),
        3 => drop(escrow_webmoney::from_json::<escrow_webmoney::DealSuccess>(text)),
        4 => drop(escrow_webmoney::from_json::<escrow_webmoney::ArbitrageCreateClaim>(text)),
        5 => drop(escrow_webmoney::from_json::<escrow_webmoney::ExtUserInfo>(text)),
        6 => drop(escrow_webmoney::from_json::<escrow_webmoney::OfferUserInfo>(text)),
        7 => drop(escrow_nalogka::decode::<escrow_nalogka::CreateDeal>(text.as_bytes())),
        8 => drop(escrow_nalogka::decode::<escrow_nalogka::UpdateDeal>(text.as_bytes())),
        9 => drop(escrow_nalogka::decode::<escrow_nalogka::Calculate>(text.as_bytes())),
        10 => drop(escrow_nalogka::decode::<escrow_nalogka::Notification>(text.as_bytes())),
        11 => drop(text.parse::<escrow_nalogka::ReturnUrl>()),
        12 => drop(serde_json::from_str::<Envelope>(text)),
        13 => {
            let (id, rest) = text.split_once('|').unwrap_or((text, ""));
            let (timestamp, signature) = rest.split_once('|').unwrap_or((rest, ""));
            let secret = Secret::new(vec![7_u8; 32]).expect("32 bytes are enough");
            let keys = Keyring::new(vec![secret]).expect("one secret is enough");
            let headers = Headers { id, timestamp, signature };
            assert!(keys.verify(headers, text.as_bytes(), Time::MIN).is_err(), "nobody signed {text:?}");
        }
        14 => drop(serde_json::from_str::<escrow::Command>(text)),
        _ => {
            let (method, target) = text.split_once(' ').unwrap_or(("GET", text));
            drop(escrow_nalogka::Incoming::read(method, target, text.as_bytes()));
        }
    }
});
