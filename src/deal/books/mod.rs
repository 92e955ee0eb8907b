//! The books of a deal: what came in, what it is assigned to, what went out, and who owes what. The only part that knows
//! sums: rules ask it, and never add up.

mod answers;
mod check;
pub(in crate::deal) mod fold;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::command::{ChargebackStep, DestinationUse};
use crate::deposit::{
    ChargeDetails, ClientKey, Deposit, DepositId, GatewayName, HoldState, Leg, LegId, LegState, Purpose,
    Reference, Transaction, TxId,
};
use crate::settlement::{Pots, Receivable};
use crate::{Currency, Destination, Money, Payee, Side};

/// Where one payee's money goes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PayeeDestination {
    /// Whose.
    pub payee: Payee,
    /// Which money.
    pub of: DestinationUse,
    /// Where to.
    pub destination: Destination,
}

/// A chargeback and how far it is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenChargeback {
    /// The gateway's id of it.
    pub reference: Reference,
    /// The deposit that was paid.
    pub deposit: DepositId,
    /// How much.
    pub amount: Money,
    /// How far it is.
    pub step: ChargebackStep,
}

/// Deposits, the transactions that move their money, the legs that it is assigned to, and the debts beyond it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Books {
    deposits: SmallVec<[Deposit; 4]>,
    #[serde(default, skip_serializing_if = "SmallVec::is_empty")]
    transactions: SmallVec<[Transaction; 4]>,
    #[serde(default, skip_serializing_if = "SmallVec::is_empty")]
    legs: SmallVec<[Leg; 4]>,
    #[serde(default, skip_serializing_if = "SmallVec::is_empty")]
    receivables: SmallVec<[Receivable; 1]>,
    #[serde(default, skip_serializing_if = "SmallVec::is_empty")]
    chargebacks: SmallVec<[OpenChargeback; 1]>,
    #[serde(default, skip_serializing_if = "SmallVec::is_empty")]
    destinations: SmallVec<[PayeeDestination; 1]>,
    /// Orders without an answer: counted again when a stored deal is read.
    #[serde(skip)]
    unanswered: u32,
    /// Legs that their payees have not got: counted again when a stored deal is read.
    #[serde(skip)]
    unsettled: u32,
}

/// Where number `n`, counted from 1, stands in its list. Zero names nothing: it lands beyond every list.
fn index(n: u32) -> usize {
    n.checked_sub(1).and_then(|i| usize::try_from(i).ok()).unwrap_or(usize::MAX)
}

/// The number after the last of a list. A list cannot have as many entries as there are numbers.
fn number_after(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX).saturating_add(1)
}

fn count(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

/// What there is.
impl Books {
    pub(crate) fn deposits(&self) -> &[Deposit] {
        &self.deposits
    }

    pub(crate) fn deposit(&self, id: DepositId) -> Option<&Deposit> {
        self.deposits.get(id.index())
    }

    /// The deposits that every deal has: what has to be full before it can be performed.
    pub(crate) fn required(&self) -> impl Iterator<Item = &Deposit> {
        self.deposits.iter().filter(|d| !d.id.is_charge())
    }

    pub(crate) fn transactions(&self) -> &[Transaction] {
        &self.transactions
    }

    pub(crate) fn transaction(&self, id: TxId) -> Option<&Transaction> {
        self.transactions.get(index(id.0))
    }

    pub(crate) fn legs(&self) -> &[Leg] {
        &self.legs
    }

    pub(crate) fn leg(&self, id: LegId) -> Option<&Leg> {
        self.legs.get(index(id.0))
    }

    pub(crate) fn receivables(&self) -> &[Receivable] {
        &self.receivables
    }

    pub(crate) fn chargebacks(&self) -> &[OpenChargeback] {
        &self.chargebacks
    }

    /// The number of the next transaction.
    pub(crate) fn next_tx(&self) -> TxId {
        TxId(number_after(self.transactions.len()))
    }

    /// The number of the next leg.
    pub(crate) fn next_leg(&self) -> LegId {
        LegId(number_after(self.legs.len()))
    }
}

/// What is full, held, on hold, on its way.
impl Books {
    /// Whether every required deposit is full.
    pub(crate) fn is_funded(&self) -> bool {
        self.required().all(|d| d.outstanding().is_zero())
    }

    /// Whether any deposit holds money that is not assigned to anybody.
    pub(crate) fn holds_anything(&self) -> bool {
        self.deposits.iter().any(|d| d.buckets.held > 0)
    }

    /// Whether a required deposit holds something: there is nothing else to disagree about.
    pub(crate) fn holds_required(&self) -> bool {
        self.required().any(|d| d.buckets.held > 0)
    }

    /// Whether anything is on hold. If not, there is nothing to capture, and no list of transactions to walk.
    pub(crate) fn has_holds(&self) -> bool {
        self.deposits.iter().any(|d| d.on_hold != 0)
    }

    /// Whether an order is without an answer.
    pub(crate) const fn has_unanswered(&self) -> bool {
        self.unanswered > 0
    }

    /// Whether a leg is not settled: some payee waits for money.
    pub(crate) const fn has_unsettled_legs(&self) -> bool {
        self.unsettled > 0
    }

    /// Whether a leg was declined, and waits for a destination or for the balance.
    pub(crate) fn has_declined_leg(&self) -> bool {
        self.has_unsettled_legs() && self.legs.iter().any(|l| l.state == LegState::Declined)
    }

    /// Whether a capture is without an answer.
    pub(crate) fn has_open_capture(&self) -> bool {
        self.has_holds() && self.transactions.iter().any(Transaction::is_open_capture)
    }

    /// Whether a capture of a required deposit is without an answer. Optional charges hold nothing up.
    pub(crate) fn awaits_capture(&self) -> bool {
        self.has_holds() && self.transactions.iter().any(|t| t.is_open_capture() && !t.deposit.is_charge())
    }

    /// The captures of a deposit that have no answer.
    pub(crate) fn open_captures(&self, deposit: DepositId) -> impl Iterator<Item = &Transaction> {
        self.transactions.iter().filter(move |t| t.is_open_capture() && t.deposit == deposit)
    }

    /// The open holds of a deposit with their amounts, oldest first.
    pub(crate) fn open_holds(&self, deposit: DepositId) -> SmallVec<[(TxId, i64); 4]> {
        let open = |t: &&Transaction| t.deposit == deposit && matches!(t.hold, Some(HoldState::Open { .. }));
        self.transactions.iter().filter(open).map(|t| (t.id, t.amount.minor())).collect()
    }

    /// What a deposit misses to `wanted`, beside its captured money and the captures that have no answer.
    pub(crate) fn missing(&self, deposit: &Deposit, wanted: i64) -> i64 {
        let coming = self.open_captures(deposit.id).map(|t| t.amount.minor());
        coming.fold(wanted.saturating_sub(deposit.cash()), i64::saturating_sub)
    }

    /// The payments that a deposit's money can go back to with what is left of each, newest first.
    pub(crate) fn sources(&self, deposit: DepositId) -> impl Iterator<Item = (TxId, i64)> {
        self.transactions.iter().rev().filter_map(move |t| {
            if t.deposit != deposit || !t.brought_money() {
                return None;
            }
            match t.hold {
                Some(HoldState::Open { .. } | HoldState::Closing | HoldState::Lapsed) => None,
                Some(HoldState::Closed) | None => Some((t.id, t.refundable())).filter(|(_, left)| *left > 0),
            }
        })
    }

    /// Whether a chargeback of this deposit is open: no leg of it is sent.
    pub(crate) fn is_disputed(&self, deposit: DepositId) -> bool {
        let open = |c: &OpenChargeback| c.deposit == deposit && c.step == ChargebackStep::Opened;
        self.chargebacks.iter().any(open)
    }

    /// What there is to settle. A hold is taken whole: what it brings beyond the required amount is never captured, so
    /// never given out.
    pub(crate) fn pots(&self, currency: Currency, funded: bool) -> Pots {
        let held = |d: &Deposit| match d.on_hold {
            0 => d.buckets.held,
            _ => d.buckets.held.min(d.required.minor().max(0)),
        };
        let pot = |id| self.deposit(id).map_or(0, held);
        let guarantee = |id| {
            let currency = self.deposit(id).map_or(currency, |d| d.required.currency());
            Money::from_minor(pot(id), currency)
        };
        Pots {
            buyer: pot(DepositId::BUYER_PAYMENT),
            seller: pot(DepositId::SELLER_PAYMENT),
            buyer_guarantee: guarantee(DepositId::BUYER_GUARANTEE),
            seller_guarantee: guarantee(DepositId::SELLER_GUARANTEE),
            funded,
        }
    }

    /// How much the deposits hold or have assigned, per deposit, in their own currency.
    pub(crate) fn money_inside(&self) -> impl Iterator<Item = Money> {
        self.deposits.iter().map(|d| {
            Money::from_minor(d.buckets.held.saturating_add(d.buckets.reserved), d.required.currency())
        })
    }
}

/// What is known by a name.
impl Books {
    /// The payment request with this key: keys are each payer's own.
    pub(crate) fn request(&self, key: &ClientKey, deposit: DepositId) -> Option<&Transaction> {
        self.transactions.iter().find(|t| t.key.as_ref() == Some(key) && t.deposit == deposit)
    }

    /// The additional charge with this key.
    pub(crate) fn charge(&self, key: &ClientKey) -> Option<(&Deposit, &ChargeDetails)> {
        self.deposits.iter().filter_map(|d| Some((d, d.charge()?))).find(|(_, charge)| charge.key == *key)
    }

    /// Whether there is a transaction, other than this one, by which this payment came in or may still come in.
    pub(crate) fn knows(&self, gateway: &GatewayName, reference: &Reference, but: Option<TxId>) -> bool {
        self.transactions.iter().any(|t| {
            t.kind.is_inbound()
                && Some(t.id) != but
                && t.reference.as_ref() == Some(reference)
                && t.gateway.as_ref() == Some(gateway)
                && (t.is_pending() || t.brought_money())
        })
    }

    /// How many requests and stated payments of this side have brought no money.
    pub(crate) fn moneyless(&self, side: Side) -> usize {
        let own = |t: &Transaction| self.deposit(t.deposit).is_some_and(|d| d.owner == side);
        self.transactions.iter().filter(|t| t.kind.is_inbound() && !t.brought_money() && own(t)).count()
    }

    /// Where a payee's money goes, where the payee has chosen.
    #[inline]
    pub(crate) fn destination(&self, payee: &Payee, of: DestinationUse) -> Option<&Destination> {
        self.destinations.iter().find(|d| d.of == of && d.payee == *payee).map(|d| &d.destination)
    }

    /// Whether this payee wants such money in the in-system balance.
    #[inline]
    pub(crate) fn wants_balance(&self, payee: &Payee, purpose: Purpose) -> bool {
        self.destination(payee, DestinationUse::of(purpose)) == Some(&Destination::Balance)
    }
}

impl DestinationUse {
    /// Which destination a leg with this purpose goes to.
    pub(crate) const fn of(purpose: Purpose) -> Self {
        if purpose.goes_back() { Self::Refunds } else { Self::Payouts }
    }
}
