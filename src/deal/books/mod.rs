//! The books of a deal: what came in, what it is assigned to, what went out, and who owes what. The only part that knows
//! sums: rules ask it, and never add up.

pub(crate) mod cases;
mod check;
pub(crate) mod debts;
pub(in crate::deal) mod fold;
mod losses;
mod receipts;

pub use self::cases::{Case, CasePart};
pub use self::debts::{Cause, Debt};
pub(crate) use self::losses::Losses;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::command::DestinationUse;
use crate::deposit::{
    ChargeDetails, ClientKey, Deposit, DepositId, GatewayName, HoldState, Leg, LegId, LegState, Purpose,
    Reference, Transaction, TxId,
};
use crate::settlement::Pots;

use crate::{Currency, Destination, Money, Payee, Rate, Side};

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
    debts: SmallVec<[Debt; 1]>,
    #[serde(default, skip_serializing_if = "SmallVec::is_empty")]
    cases: SmallVec<[Case; 1]>,
    /// Money in a currency that its deposit is not in, one for each deposit and currency: it goes back whole.
    #[serde(default, skip_serializing_if = "SmallVec::is_empty")]
    strays: SmallVec<[Stray; 1]>,
    #[serde(default, skip_serializing_if = "SmallVec::is_empty")]
    destinations: SmallVec<[PayeeDestination; 1]>,
    /// Orders without an answer: counted again when a stored deal is read.
    #[serde(skip)]
    unanswered: u32,
    /// Legs that their payees have not got: counted again when a stored deal is read.
    #[serde(skip)]
    unsettled: u32,
}

/// Money that strayed: it was paid for a deposit in another currency.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Stray {
    /// For which deposit.
    named: DepositId,
    deposit: Deposit,
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
        match id.stray_index() {
            Some(stray) => self.strays.get(stray).map(|s| &s.deposit),
            None => self.deposits.get(id.index()),
        }
    }

    /// The deposits, and those of money in other currencies.
    pub(crate) fn all_deposits(&self) -> impl Iterator<Item = &Deposit> {
        self.deposits.iter().chain(self.strays.iter().map(|s| &s.deposit))
    }

    /// The deposits of money in other currencies.
    pub(crate) fn strays(&self) -> impl Iterator<Item = &Deposit> {
        self.strays.iter().map(|s| &s.deposit)
    }

    /// The deposit that a payer meant: of money that strayed the one that it was for.
    pub(crate) fn named(&self, id: DepositId) -> DepositId {
        id.stray_index().and_then(|i| self.strays.get(i)).map_or(id, |s| s.named)
    }

    /// The deposit of money in this currency that was paid for another one; `Err`: the one that it would be.
    pub(crate) fn stray(&self, named: DepositId, currency: Currency) -> Result<DepositId, Option<DepositId>> {
        let same = |s: &&Stray| s.named == named && s.deposit.required.currency() == currency;
        let known = self.strays.iter().find(same).map(|s| s.deposit.id);
        known.ok_or_else(|| DepositId::stray(self.strays.len()))
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

    /// How often a leg was tried, its parts included.
    pub(crate) fn attempts(&self, leg: &Leg) -> usize {
        let of = |t: &&Transaction| {
            t.leg.and_then(|id| self.leg(id)).is_some_and(|tried| tried.root() == leg.root())
        };
        self.transactions.iter().filter(of).count()
    }

    /// G: what the seller has given back, in minor units.
    pub(crate) fn given_back(&self) -> i64 {
        self.deposit(DepositId::BUYER_PAYMENT).map_or(0, |d| d.given_back)
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
    pub(crate) fn is_funded(&self, shortfall: Rate) -> bool {
        self.required().all(|d| d.is_full(shortfall))
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

    /// Whether a leg was declined, and waits for a destination or for the balance. What waits for a chargeback waits for
    /// that first.
    pub(crate) fn has_declined_leg(&self) -> bool {
        let waits = |l: &Leg| l.state == LegState::Declined && l.waits_for.is_none();
        self.has_unsettled_legs() && self.legs.iter().any(waits)
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

    /// What is being captured of a hold, and for which deposit.
    pub(crate) fn ordered_of(&self, hold: TxId) -> Option<(DepositId, i64)> {
        let order = self.transactions.iter().find(|t| t.is_open_capture() && t.source == Some(hold))?;
        Some((order.deposit, order.amount.minor()))
    }

    /// The open holds of a deposit with their amounts, oldest first.
    pub(crate) fn open_holds(&self, deposit: DepositId) -> SmallVec<[(TxId, i64); 4]> {
        let open = |t: &&Transaction| t.deposit == deposit && matches!(t.hold, Some(HoldState::Open { .. }));
        self.transactions.iter().filter(open).map(|t| (t.id, t.on_hold())).collect()
    }

    /// What a deposit misses to `wanted`, beside its captured money and the captures that have no answer.
    pub(crate) fn missing(&self, deposit: &Deposit, wanted: i64) -> i64 {
        let coming = self.open_captures(deposit.id).map(|t| t.amount.minor());
        coming.fold(
            wanted.saturating_sub(deposit.cash()).saturating_sub(deposit.lost_later),
            i64::saturating_sub,
        )
    }

    /// The payments that a deposit's money can go back to with what is left of each, newest first.
    pub(crate) fn sources(&self, deposit: DepositId) -> impl Iterator<Item = (TxId, i64)> {
        let mut gone: SmallVec<[(&GatewayName, &Reference, i64); 2]> = SmallVec::new();
        self.transactions.iter().rev().filter_map(move |t| {
            if t.deposit != deposit || !t.brought_money() {
                return None;
            }
            let left = t.refundable();
            // what was ordered back and cut is not ordered back again
            let cut = self.legs.iter().filter(|l| l.source == Some(t.id));
            let left = left.saturating_sub(cut.fold(0_i64, |sum, l| sum.saturating_add(l.cut)));
            // what was lost before anything was performed is no part of the pot
            let lost = match (&t.gateway, &t.reference) {
                (Some(gateway), Some(payment)) => {
                    let known = gone.iter().position(|(g, p, _)| *g == gateway && *p == payment);
                    let at = known.unwrap_or_else(|| {
                        gone.push((gateway, payment, self.plainly_lost(gateway, payment, deposit)));
                        gone.len().saturating_sub(1)
                    });
                    gone.get_mut(at).map(|(_, _, lost)| lost)
                }
                (_, _) => None,
            };
            let left = lost.map_or(left, |lost| {
                let part = left.min(*lost).max(0);
                *lost = lost.saturating_sub(part);
                left.saturating_sub(part)
            });
            Some((t.id, left)).filter(|(_, left)| *left > 0)
        })
    }

    /// Whether an ending divides anything: what is held, and what would be, had nothing been lost.
    pub(crate) fn divides_anything(&self) -> bool {
        self.deposits.iter().any(|d| d.divided() > 0)
    }

    /// What there is to settle. A hold is taken whole: what it brings beyond the required amount is never captured, so
    /// never given out.
    pub(crate) fn pots(&self, currency: Currency, funded: bool) -> Pots {
        // an ending divides what there is as if no payment had been lost, and no capture had failed, since the performance
        // began
        let held = |d: &Deposit| match d.on_hold {
            0 => d.divided(),
            _ => d.divided().min(d.required.minor().max(0)),
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
