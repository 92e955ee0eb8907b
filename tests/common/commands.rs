//! Commands in one word each.

use std::sync::Arc;

use super::*;
use escrow::deal::Command;
use escrow::deal::command::{
    Accept, AddCharge, Agree, Amend, Answer, Answered, Approve, Cancel, Chargeback, ChargebackStep,
    Checkpoint, CheckpointKind, ConfirmPayment, DestinationUse, IncurCost, OpenDispute, PaymentForm,
    RecordTracking, RedirectRefund, Remark, Report, RequestChanges, RequestPayment, ReturnUrls, Revision,
    Rule, SetDestination, SetTrack, Submit, Track, Verdict,
};
use escrow::deposit::DepositId;
use escrow::settlement::{Fault, Quantities};
use escrow::{Award, Destination, Money, Payee, Side, TermsDraft, Time, TxId};

pub fn agree(terms_version: u32) -> Command {
    Agree { terms_version, payment: None }.into()
}

pub fn amend(from_version: u32, draft: TermsDraft) -> Command {
    Amend { from_version, terms: terms(draft) }.into()
}

pub fn cancel(reason: &str) -> Command {
    Cancel { reason: text(reason), at_fault: None }.into()
}

pub fn remark(of: &str) -> Command {
    Remark { remark: text(of) }.into()
}

pub fn approve() -> Command {
    Approve {}.into()
}

pub fn dispute(reason: &str) -> Command {
    OpenDispute { reason: text(reason), evidence: None }.into()
}

pub fn report(verdict: Verdict) -> Command {
    Report { verdict }.into()
}

pub fn submit(number: u16) -> Command {
    let (file, digest) = (|what: &str| text(&format!("{what}-{number}")), text(&format!("digest-{number}")));
    let revision = Arc::new(Revision { preview: file("preview"), original: file("original"), digest });
    Submit { number, revision }.into()
}

pub fn track(code: &str) -> Arc<Track> {
    Arc::new(Track { tracker: text("cdek"), code: text(code) })
}

pub fn set_track(code: &str) -> Command {
    SetTrack { track: track(code) }.into()
}

pub fn checkpoint(code: &str, id: &str, kind: CheckpointKind, occurred_at: Time) -> Command {
    let checkpoint =
        Arc::new(Checkpoint { id: text(id), kind, occurred_at, title: text("moved"), location: None });
    RecordTracking { track: track(code), checkpoint }.into()
}

pub fn request(key: &str, deposit: DepositId, minor: i64) -> Command {
    let form = Arc::new(PaymentForm {
        method: text("card"),
        return_urls: ReturnUrls {
            success_url: text("https://shop.example/ok"),
            fail_url: text("https://shop.example/fail"),
        },
    });
    RequestPayment { key: text(key), deposit, amount: rub(minor), form }.into()
}

pub fn payment(deposit: DepositId, reference: &str, amount: Money) -> ConfirmPayment {
    ConfirmPayment {
        deposit,
        gateway: text("bank"),
        reference: text(reference),
        amount,
        transaction: None,
        held_until: None,
        capture: None,
        is_final: true,
    }
}

pub fn charge(key: &str, payer: Side, payee: Payee, minor: i64) -> Command {
    AddCharge { key: text(key), payer, payee, amount: rub(minor), reason: text("extra") }.into()
}

pub fn destination(payee: Payee, of: DestinationUse, destination: Option<Destination>) -> Command {
    match of {
        DestinationUse::Payouts => SetDestination { payee, destination }.into(),
        DestinationUse::Refunds => RedirectRefund { payee, destination }.into(),
    }
}

pub fn card(token: &str) -> Option<Destination> {
    Some(Destination::Card(text(token)))
}

pub fn chargeback(reference: &str, deposit: DepositId, minor: i64, step: ChargebackStep) -> Command {
    Chargeback { reference: text(reference), deposit, amount: rub(minor), step }.into()
}

pub fn answer(tx: u32, result: Answered) -> Command {
    Answer { transaction: TxId::new(tx), result }.into()
}

pub fn succeeded(reference: &str) -> Answered {
    Answered::Succeeded(text(reference))
}

pub fn declined() -> Answered {
    Answered::Declined(text("declined by the bank"))
}

pub fn accept() -> Command {
    Accept::default().into()
}

pub fn accept_part(quantities: &[u32]) -> Command {
    let quantities = Some(Quantities::from(quantities.to_vec()));
    Accept { quantities }.into()
}

pub fn by_operator(at_fault: Fault) -> Command {
    Cancel { reason: text("stop"), at_fault: Some(at_fault) }.into()
}

pub fn incur(service: u8) -> Command {
    IncurCost { service, evidence: text("receipt") }.into()
}

pub fn changes(number: u16) -> Command {
    RequestChanges { number, comment: text("louder") }.into()
}

pub fn progress(id: &str, at: Time) -> Command {
    checkpoint("A", id, CheckpointKind::Progress, at)
}

pub fn finished(id: &str, at: Time) -> Command {
    checkpoint("A", id, CheckpointKind::Final, at)
}

pub fn refused(id: &str, at: Time) -> Command {
    checkpoint("A", id, CheckpointKind::Refused, at)
}

pub fn rule(award: Award) -> Command {
    Rule { award, at_fault: None }.into()
}
