//! What is recorded of a payment: its receipts and holds in the deposit that the gateway means.

use super::Books;
use crate::Money;
use crate::deal::command::ConfirmPayment;
use crate::deposit::{CaptureId, Reference, Transaction, TransactionKind, TransactionState, TxId};

/// What was charged of a payment.
pub(crate) struct Known<'d> {
    /// The gateway's id of the capture. What was captured by our order has the id that the gateway answered with.
    pub(crate) id: Option<&'d str>,
    /// Whether we ordered it: the gateway may tell of it with the id or without.
    pub(crate) ordered: bool,
    pub(crate) amount: Money,
}

impl Known<'_> {
    pub(crate) fn is(&self, capture: Option<&CaptureId>) -> bool {
        self.id == capture.map(CaptureId::as_str) || self.ordered && capture.is_none()
    }

    /// Whether it has an id where the other one has none: nobody can tell them apart.
    pub(crate) fn is_mixed(&self, capture: Option<&CaptureId>) -> bool {
        !self.ordered && self.id.is_some() != capture.is_some()
    }
}

impl Books {
    /// The payment's receipts and holds in the deposit that is meant.
    pub(crate) fn recorded<'d>(&'d self, c: &'d ConfirmPayment) -> impl Iterator<Item = &'d Transaction> {
        let meant = self.named(c.deposit);
        self.of_payment(&c.gateway, &c.reference).filter(move |t| self.named(t.deposit) == meant)
    }

    /// What was charged of the payment in the deposit that is meant.
    pub(crate) fn charges<'d>(&'d self, c: &'d ConfirmPayment) -> impl Iterator<Item = Known<'d>> {
        let captures = |hold: TxId| {
            let all = self.transactions.iter();
            all.filter(move |t| {
                t.kind == TransactionKind::Capture
                    && t.source == Some(hold)
                    && t.state == TransactionState::Succeeded
            })
        };
        self.recorded(c).flat_map(move |t| {
            let own = (t.kind == TransactionKind::Charge).then_some(t);
            let of_hold = (t.kind == TransactionKind::Hold).then(|| captures(t.id)).into_iter().flatten();
            own.into_iter().chain(of_hold).map(|t| {
                let answered = t.reference.as_ref().filter(|_| t.kind == TransactionKind::Capture);
                let id = t.capture.as_ref().map(CaptureId::as_str);
                let ordered = id.is_none() && answered.is_some();
                Known { id: id.or(answered.map(Reference::as_str)), ordered, amount: t.amount }
            })
        })
    }
}
