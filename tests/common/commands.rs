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
    Agree::new(terms_version).into()
}

pub fn amend(from_version: u32, draft: TermsDraft) -> Command {
    Amend::new(from_version, terms(draft)).into()
}

pub fn cancel(reason: &str) -> Command {
    Cancel::new(text(reason)).into()
}

pub fn remark(of: &str) -> Command {
    Remark::new(text(of)).into()
}

pub fn approve() -> Command {
    Approve {}.into()
}

pub fn dispute(reason: &str) -> Command {
    OpenDispute::new(text(reason)).into()
}

pub fn report(verdict: Verdict) -> Command {
    Report::new(verdict).into()
}

pub fn submit(number: u16) -> Command {
    let (file, digest) = (|what: &str| text(&format!("{what}-{number}")), text(&format!("digest-{number}")));
    let revision = Arc::new(Revision::new(file("preview"), file("original"), digest));
    Submit::new(number, revision).into()
}

pub fn track(code: &str) -> Arc<Track> {
    Arc::new(Track::new(text("cdek"), text(code)))
}

pub fn set_track(code: &str) -> Command {
    SetTrack::new(track(code)).into()
}

pub fn checkpoint(code: &str, id: &str, kind: CheckpointKind, occurred_at: Time) -> Command {
    let checkpoint = Arc::new(Checkpoint::new(text(id), kind, occurred_at).title(text("moved")));
    RecordTracking::new(track(code), checkpoint).into()
}

pub fn request(key: &str, deposit: DepositId, minor: i64) -> Command {
    let form = Arc::new(PaymentForm::new(
        text("card"),
        ReturnUrls::new(text("https://shop.example/ok"), text("https://shop.example/fail")),
    ));
    RequestPayment::new(text(key), deposit, rub(minor), form).into()
}

pub fn payment(deposit: DepositId, reference: &str, amount: Money) -> ConfirmPayment {
    ConfirmPayment::charged(deposit, text("bank"), text(reference), amount)
}

pub fn charge(key: &str, payer: Side, payee: Payee, minor: i64) -> Command {
    AddCharge::new(text(key), payer, payee, rub(minor), text("extra")).into()
}

pub fn destination(payee: Payee, of: DestinationUse, destination: Option<Destination>) -> Command {
    match of {
        DestinationUse::Payouts => SetDestination::new(payee, destination).into(),
        DestinationUse::Refunds => RedirectRefund::new(payee, destination).into(),
    }
}

pub fn card(token: &str) -> Option<Destination> {
    Some(Destination::Card(text(token)))
}

/// A chargeback of a payment of the bank.
pub fn chargeback(reference: &str, payment: &str, minor: i64, step: ChargebackStep) -> Command {
    Chargeback::new(text(reference), (text("bank"), text(payment)), rub(minor), step).into()
}

pub fn answer(tx: u32, result: Answered) -> Command {
    Answer::new(TxId::new(tx), result).into()
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
    Accept::part(quantities).into()
}

pub fn by_operator(at_fault: Fault) -> Command {
    Cancel::new(text("stop")).at_fault(at_fault).into()
}

pub fn incur(service: u8) -> Command {
    IncurCost::new(service, text("receipt")).into()
}

pub fn changes(number: u16) -> Command {
    RequestChanges::new(number, text("louder")).into()
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
    Rule::new(award).into()
}
