//! Checkout forms.

use crate::agent::host::Host;
use crate::agent::process::{KINDS, Process};
use crate::agent::stories::{buyer, gateway, payment, request, seller, terms};
use crate::common::*;
use escrow::Policy;
use escrow::agent::CheckoutError;
use escrow::deal::PhaseKind;
use escrow::deal::command::Cancel;
use escrow::port::FormMethod;

#[test]
fn checkout_gives_a_form_for_what_was_requested() {
    for kind in KINDS {
        let host = Host::new();
        let process = Process::new(kind, &host);
        let mut deal = process.open(&terms(Policy::shop()), seller()).unwrap();
        let asked = request("checkout-1", 105_000);
        assert_eq!(process.checkout(&deal, &asked), Err(CheckoutError::NotRequested));
        process.submit(&mut deal, asked.clone(), buyer()).unwrap();

        let journal = host.journal();
        let form = process.checkout(&deal, &asked).unwrap();
        assert_eq!(form.method, FormMethod::Post);
        assert!(form.url.starts_with("https://"));
        let of = |name: &str| form.parameters.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
        assert_eq!(of("key"), Some(format!("{}:1", id()).as_str()));
        assert_eq!(of("amount"), Some("1050.00 RUB"));
        assert_eq!(of("method"), Some("card"));
        assert_eq!(of("success_url"), Some("https://shop.example/paid"));
        assert_eq!(of("fail_url"), Some("https://shop.example/failed"));
        // again at any time, and no money moves
        assert_eq!(process.checkout(&deal, &asked), Ok(form));
        assert_eq!((host.journal(), host.calls()), (journal, vec![]));
        assert!(!deal.has_pending(), "a request is the payer's to answer, not the gateway's");

        let unknown = process.checkout(&deal, &request("checkout-2", 105_000));
        assert_eq!(unknown, Err(CheckoutError::NotRequested));
        process.submit(&mut deal, payment("pay-1", 105_000), gateway()).unwrap();
        assert_eq!(process.checkout(&deal, &asked), Err(CheckoutError::NotRequested), "it is paid");
    }
}

#[test]
fn no_form_for_a_deal_that_takes_no_money() {
    for kind in KINDS {
        let host = Host::new();
        let process = Process::new(kind, &host);
        let mut deal = process.open(&terms(Policy::shop()), seller()).unwrap();
        let asked = request("checkout-1", 105_000);
        process.submit(&mut deal, asked.clone(), buyer()).unwrap();
        process.submit(&mut deal, Cancel::default(), seller()).unwrap();
        assert_eq!(deal.phase().kind(), PhaseKind::Closed);
        assert_eq!(process.checkout(&deal, &asked), Err(CheckoutError::NotRequested));
    }
}
