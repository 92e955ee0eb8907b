//! The bank's books against the host's.

use std::collections::BTreeMap;

use escrow::deposit::{TransactionKind, TransactionState};
use escrow::{Deal, DealId, Status};

use super::{Bank, BankError};

/// Something on which the bank and the host disagree.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct AuditFinding {
    /// In which deal.
    pub deal: DealId,
    /// What it is.
    pub what: String,
}

/// What the bank's books say of deals that should be over.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Audit {
    /// How many movements were looked at.
    pub movements: usize,
    /// On what they disagree; nothing: all is well.
    pub findings: Vec<AuditFinding>,
}

impl Bank {
    /// Compares the books with the deals: each order moved money once at most; what a deal says to have sent was sent, and
    /// nothing else was; all that came in went out; and every deal is over.
    ///
    /// # Errors
    /// [`BankError`].
    pub fn audit<'d>(&self, deals: impl IntoIterator<Item = &'d Deal>) -> Result<Audit, BankError> {
        let mut audit = Audit::default();
        let mut moved: BTreeMap<DealId, BTreeMap<u32, Vec<(String, i64)>>> = BTreeMap::new();
        for movement in self.movements()? {
            audit.movements = audit.movements.saturating_add(1);
            let orders = moved.entry(movement.deal).or_default();
            let amount = movement.amount.saturating_sub(movement.returned);
            orders.entry(movement.order.number()).or_default().push((movement.kind, amount));
        }
        for deal in deals {
            let id = deal.id();
            let mut say = |what: String| audit.findings.push(AuditFinding { deal: id, what });
            if !matches!(
                deal.status(),
                Status::Completed | Status::Cancelled | Status::Resolved | Status::Declined
            ) {
                say(format!("it is {}", deal.status()));
            }
            let mut orders = moved.remove(&id).unwrap_or_default();
            let mut out = 0_i64;
            for (number, movements) in &orders {
                if movements.len() > 1 {
                    say(format!("order {number} moved money {} times", movements.len()));
                }
                let outgoing = movements.iter().filter(|(kind, _)| kind != "capture" && kind != "void");
                out = outgoing.fold(out, |sum, (_, amount)| sum.saturating_add(*amount));
            }
            for transaction in deal.transactions() {
                let sent = match transaction.kind() {
                    TransactionKind::Hold | TransactionKind::Charge => continue,
                    TransactionKind::Capture
                    | TransactionKind::Void
                    | TransactionKind::Refund
                    | TransactionKind::Payout
                    | TransactionKind::Fee => *transaction.state() == TransactionState::Succeeded,
                };
                let found = orders.remove(&transaction.id().number());
                if sent != found.is_some() {
                    let bank = if found.is_some() { "moved" } else { "not moved" };
                    let here = match transaction.state() {
                        TransactionState::Pending => "without an answer",
                        TransactionState::Succeeded => "carried out",
                        TransactionState::Failed(_) => "declined",
                    };
                    say(format!("order {} is {here} here, and {bank} at the bank", transaction.id()));
                }
            }
            for number in orders.keys() {
                say(format!("order {number} moved money, and nobody here knows it"));
            }
            let received = self.received(id)?;
            if received != out {
                say(format!("{received} came in, and {out} went out"));
            }
        }
        for deal in moved.into_keys() {
            audit.findings.push(AuditFinding { deal, what: "the bank knows it, and nobody here".to_owned() });
        }
        Ok(audit)
    }
}
