//! The balance: what a payee has in the system, in one currency, and how it leaves.
//!
//! Legs of deals that go to [`Destination::Balance`](escrow::Destination::Balance) credit it, each exactly once, whatever
//! happens to the deliveries; receivables of deals are taken from it, below zero if need be, and given back as far as they
//! are cancelled or paid from elsewhere; withdrawals pay it out. A withdrawal reserves its amount and its fee, is confirmed
//! by a [code](crate::code) that the host sends to the holder, is ordered from the gateway under a key of its own, and is
//! paid, or gives everything back. The withdrawals are part of the balance, so that two of them at the same time meet one
//! version lock.
//!
//! - At every step `credited = available + clearing + reserved + paid out + fees + debited`, in minor units. `available` is
//!   negative only where a receivable, or a withdrawal that was declined and paid after all, took more than there was;
//!   nothing leaves until that is covered.
//! - What is credited clears after [`BalancePolicy::clearance_s`], a rolling reserve of it later
//!   ([`BalancePolicy::reserve`]): [`Balance::clearing_by_time`] says what can be withdrawn when. A receivable is taken
//!   from what is available, below zero if need be; what clears covers it.
//! - The gateway may think better of an answer, and a bank may give back what was paid: both are recorded, and move the
//!   balance.
//! - Every withdrawal ends by timers and gateway answers alone: it expires with its code, or, once sent, is asked for
//!   again under the same key until the gateway has answered.
//! - The journal is the statement: every movement carries its amount, what there is after it, and what it came of
//!   ([`Event::movement`]).
//!
//! The host keeps **one balance for each holder and currency** (a unique index), opens it before the first credit, and
//! gives it what [`Balance::follow`] says after every commit of a deal and after every crash.
//!
//! # Examples
//! ```
//! use escrow::deposit::Purpose;
//! use escrow::{Actor, Context, Currency, DealId, Destination, Machine, Money, Time, TxId};
//! use escrow_market::balance::command::{Answer, Answered, Confirm, Credit, Request};
//! use escrow_market::balance::{BalancePolicy, Holder};
//! use escrow_market::code::{Attempt, CodeHash, PlainCode, Salt, Verdict};
//! use escrow_market::{Balance, BalanceId};
//! use uuid::Uuid;
//!
//! let rub = |minor| Money::from_minor(minor, Currency::RUB);
//! let now = Time::parse("2026-03-01T12:00:00Z")?;
//! let holder = Holder::Party("sonya".parse()?);
//! let (mut balance, _) = Balance::open(
//!     BalanceId::new(Uuid::from_u128(1)),
//!     holder,
//!     Currency::RUB,
//!     BalancePolicy::default(),
//!     &Context::clock(now),
//! )?;
//!
//! // what `balance.follow(&deal)` gives
//! let credit = Credit {
//!     deal: DealId::new(Uuid::from_u128(7)),
//!     transaction: TxId::new(2),
//!     purpose: Purpose::Payout,
//!     amount: rub(700_00),
//!     settled_at: now,
//! };
//! let _ = balance.handle(&credit.into(), &Context::clock(now))?;
//! // delivered twice, credited once
//! let _ = balance.handle(&credit.into(), &Context::clock(now))?;
//! assert_eq!(balance.available(), rub(700_00));
//!
//! // the host draws a code, sends it, and hands over its hash
//! let code = PlainCode::new("402913")?;
//! let sonya = Context::party(now, "sonya".parse()?);
//! let request = Request {
//!     number: 1,
//!     amount: rub(500_00),
//!     destination: Destination::Card("card-7".parse()?),
//!     code: CodeHash::new(&code, Salt::new([7; 16])),
//! };
//! let _ = balance.handle(&request.into(), &sonya)?;
//! assert_eq!((balance.available(), balance.reserved()), (rub(200_00), rub(500_00)));
//!
//! let confirm = Confirm { withdrawal: 1, attempt: Attempt { code: 1, number: 1, entered: code } };
//! let _ = balance.handle(&confirm.clone().into(), &sonya)?;
//! assert_eq!(balance.verdict(&confirm), Some(Verdict::Accepted));
//!
//! // the host asks the gateway to pay, under the key, and gives the answer back
//! let order = balance.pending().next().ok_or("it is sent")?;
//! assert_eq!(order.key.to_string(), "00000000-0000-0000-0000-000000000001:1");
//! let paid = Answer { withdrawal: 1, result: Answered::Succeeded("payout-9".parse()?) };
//! let _ = balance.handle(&paid.into(), &Context::gateway(now))?;
//! assert_eq!((balance.available(), balance.reserved()), (rub(200_00), rub(0)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Source
//! PAYSTO's in-system sales: payees withdraw what they have earned, confirmed by a code; the partner's part is credited
//! to the partner's account. The do-it-yourself plan: the performer chooses where to, the system's account among others.
//! Neither says what happens to a wrong code, a late credit, a debt or a declined payout: those rules, the limits and the
//! fee on top are our own.

mod apply;
pub mod command;
mod decide;
mod decode;
mod event;
mod facts;
mod heard;
mod holder;
mod policy;
mod rejection;
mod sums;
mod withdrawal;

use std::collections::{BTreeMap, VecDeque};

pub use self::command::{Command, CommandKind};
pub use self::decide::{Role, Timer, permitted};
pub use self::decode::{Parts, State};
pub use self::event::{After, Clearing, Event, Movement, MovementKind, Origin};
pub use self::heard::Fact;
pub use self::holder::Holder;
pub use self::policy::{BalancePolicy, PolicyError, PolicyProblem, RollingReserve, WithdrawalFee};
pub use self::rejection::Rejection;
pub use self::sums::Sums;
pub use self::withdrawal::{Return, Withdrawal, WithdrawalKey, WithdrawalState, WithdrawalStatus};

use self::heard::Heard;
use self::withdrawal::Withdrawals;
use crate::BalanceId;
use crate::code::Verdict;
use escrow::deposit::LegState;
use escrow::machine::{Context, Progress};
use escrow::{Actor, Currency, Deal, Money, Payee, Time, Transition};

/// What a holder has in the system, in one currency, with every withdrawal that is open.
///
/// What it stores grows with the credits within the horizon of its policy, and with nothing else: of the withdrawals
/// that are over it knows the latest 64, and all of the last 24 hours.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Balance {
    id: BalanceId,
    holder: Holder,
    /// The holder, as the gateway is told.
    payee: Payee,
    currency: Currency,
    policy: BalancePolicy,
    progress: Progress,
    sums: Sums,
    heard: Heard,
    /// When the codes of the last 24 hours were sent.
    codes_sent: VecDeque<Time>,
    /// When the wrong codes of the last 24 hours were entered.
    wrong_codes: VecDeque<Time>,
    /// What clears when, in minor units.
    clearing: BTreeMap<Time, i64>,
    withdrawals: Withdrawals,
}

/// A withdrawal that the gateway is to pay and has not answered, with all that it needs.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct PendingWithdrawal<'b> {
    /// The key under which it is paid at most once.
    pub key: WithdrawalKey,
    /// The holder.
    pub holder: &'b Holder,
    /// The withdrawal, with amount and destination; its fee is not the gateway's.
    pub withdrawal: &'b Withdrawal,
}

impl PendingWithdrawal<'_> {
    /// When it was ordered; of one that is asked for again, when it was paid.
    pub fn ordered_at(&self) -> Time {
        self.withdrawal.state.at().unwrap_or(self.withdrawal.requested_at)
    }
}

impl Balance {
    /// Opens a balance: an operator does, or the host by itself, as the clock. The rules are the platform's.
    ///
    /// # Errors
    /// [`Rejection::UnknownActor`] for anybody else, [`Rejection::Policy`] where the rules do not fit the currency.
    pub fn open(
        id: BalanceId,
        holder: Holder,
        currency: Currency,
        policy: BalancePolicy,
        context: &Context,
    ) -> Result<(Self, Transition<Self>), Rejection> {
        match &context.actor {
            Actor::Operator(_) | Actor::Clock => {}
            Actor::Party(_) | Actor::Moderator(_) | Actor::Gateway | Actor::Tracker => {
                return Err(Rejection::UnknownActor);
            }
        }
        policy.check(currency)?;
        let balance = Self::begin(id, holder.clone(), currency, policy, context.now);
        Ok((balance, Transition::first(context, Event::Opened { holder, currency, policy })))
    }

    fn begin(id: BalanceId, holder: Holder, currency: Currency, policy: BalancePolicy, at: Time) -> Self {
        Self {
            id,
            payee: holder.to_payee(),
            holder,
            currency,
            policy,
            progress: Progress::begin(at),
            sums: Sums::default(),
            heard: Heard::default(),
            codes_sent: VecDeque::new(),
            wrong_codes: VecDeque::new(),
            clearing: BTreeMap::new(),
            withdrawals: Withdrawals::default(),
        }
    }

    /// Its id.
    pub const fn id(&self) -> BalanceId {
        self.id
    }

    /// Whose it is.
    pub const fn holder(&self) -> &Holder {
        &self.holder
    }

    /// Whose it is, as a gateway is told.
    pub(crate) const fn payee(&self) -> &Payee {
        &self.payee
    }

    /// In which currency.
    pub const fn currency(&self) -> Currency {
        self.currency
    }

    /// Its rules.
    pub const fn policy(&self) -> &BalancePolicy {
        &self.policy
    }

    /// The version at the last event that a person caused: an actor's `seen` is compared with it.
    pub const fn revision(&self) -> u64 {
        self.progress.revision()
    }

    /// When it was opened.
    pub const fn opened_at(&self) -> Time {
        self.progress.created_at()
    }

    /// The reference for the `number`th payment of a receivable out of this balance:
    /// [`SettleReceivable`](escrow::deal::command::SettleReceivable) with it tells the deal that the receivable is paid, and
    /// [`Balance::follow`] does not take it for a payment from elsewhere.
    ///
    /// What the platform owes back, because a receivable that was paid is cancelled, is settled by it, too: the balance has
    /// the money back by itself.
    pub fn reference(&self, number: u32) -> String {
        format!("{}{number}", self.reference_prefix())
    }

    fn reference_prefix(&self) -> String {
        format!("balance:{}:", self.id)
    }

    /// Its sums, in minor units of its currency.
    pub const fn sums(&self) -> &Sums {
        &self.sums
    }

    /// What can be withdrawn; negative where a receivable, or a withdrawal that was paid after all, took more than there was.
    pub const fn available(&self) -> Money {
        self.money(self.sums.available)
    }

    /// What was credited and cannot be withdrawn yet.
    pub const fn clearing(&self) -> Money {
        self.money(self.sums.clearing)
    }

    /// What clears when, the earliest first: with [`available`](Self::available), the statement of what can be withdrawn
    /// from when on.
    pub fn clearing_by_time(&self) -> impl ExactSizeIterator<Item = Clearing> + '_ {
        self.clearing.iter().map(|(at, minor)| Clearing { at: *at, amount: self.money(*minor) })
    }

    /// What can be withdrawn at an instant if nothing else happens until then.
    pub fn available_at(&self, instant: Time) -> Money {
        let cleared = self.clearing.range(..=instant).map(|(_, minor)| *minor);
        self.money(cleared.fold(self.sums.available, i64::saturating_add))
    }

    /// What is reserved for open withdrawals and their fees.
    pub const fn reserved(&self) -> Money {
        self.money(self.sums.reserved)
    }

    const fn money(&self, minor: i64) -> Money {
        Money::from_minor(minor, self.currency)
    }

    /// The number of the latest withdrawal; the next request has the one after it.
    pub const fn last_number(&self) -> u32 {
        self.withdrawals.last()
    }

    /// A withdrawal: one that is open, or one of the latest that are over.
    pub fn withdrawal(&self, number: u32) -> Option<&Withdrawal> {
        self.withdrawals.find(number)
    }

    /// The withdrawals whose funds are reserved, by their numbers.
    pub fn open_withdrawals(&self) -> impl ExactSizeIterator<Item = &Withdrawal> {
        self.withdrawals.open()
    }

    /// What an attempt came to: to be read after the command, since a wrong code is no rejection. `None` where the
    /// attempt was not judged, or its code is not the one that counts.
    ///
    /// It is the verdict of the attempt with this number, whatever is entered here.
    pub fn verdict(&self, confirm: &command::Confirm) -> Option<Verdict> {
        let w = self.withdrawals.find(confirm.withdrawal)?;
        w.code.verdict(confirm.attempt.code, confirm.attempt.number)
    }

    /// The key under which the gateway pays the withdrawal of this number.
    pub const fn key(&self, number: u32) -> WithdrawalKey {
        WithdrawalKey { balance: self.id, number }
    }

    /// Every withdrawal that is sent and has no answer yet, or whose answer is in doubt, under its key: what a host has the
    /// gateway do after every confirmation and again after a crash.
    pub fn pending(&self) -> impl Iterator<Item = PendingWithdrawal<'_>> {
        let all = self.withdrawals.open().chain(self.withdrawals.over());
        all.filter(|w| w.is_pending()).map(|w| PendingWithdrawal {
            key: self.key(w.number),
            holder: &self.holder,
            withdrawal: w,
        })
    }

    /// What a deal means for this balance and is not known here yet: legs of the holder's that were credited, and
    /// receivables that the holder owes, or owes no more, in this currency.
    ///
    /// A receivable takes what stands of it, less what was paid from elsewhere: by any other reference than
    /// [`Balance::reference`] gives.
    ///
    /// Reads the deal as it is now, so that it does not matter which of its changes the balance has heard of: run it
    /// after every commit of a deal and after every crash. Give the commands as the clock. One that is refused with
    /// [`Rejection::TooOld`] is for a person to look at: it may have counted long ago.
    pub fn follow<'a>(&'a self, deal: &'a Deal) -> impl Iterator<Item = Command> + 'a {
        let credits = deal.legs().iter().filter_map(|leg| {
            let amount = leg.amount();
            if leg.state() != LegState::Credited || !self.is_meant(leg.payee(), amount, deal) {
                return None;
            }
            let transaction = leg.transaction()?;
            let settled_at = deal.transaction(transaction)?.settled_at()?;
            let (deal, purpose) = (deal.id(), leg.purpose());
            let credit = command::Credit { deal, transaction, purpose, amount, settled_at };
            self.heard.find(&credit.fact()).is_none().then(|| credit.into())
        });
        let own = self.reference_prefix();
        let receivables = deal.debts().iter().filter_map(move |debt| {
            if !self.is_meant(&debt.debtor, debt.amount, deal) {
                return None;
            }
            let (mut elsewhere, mut own_payments) = (0_i64, 0_u32);
            for (reference, minor) in debt.payments() {
                if reference.starts_with(&own) {
                    own_payments = own_payments.saturating_add(1);
                } else {
                    elsewhere = elsewhere.saturating_add(minor);
                }
            }
            // what is paid out of this balance changes nothing here
            let revision = debt.revision().saturating_sub(own_payments);
            let amount = self.money(debt.amount.minor().saturating_sub(elsewhere).max(0));
            let (receivable, since) = (debt.number, debt.raised_at);
            let (payee, purpose) = (debt.payee.clone(), debt.purpose);
            let debit =
                command::Debit { deal: deal.id(), receivable, revision, payee, purpose, amount, since };
            let is_new = match self.heard.find(&debit.fact()) {
                Some(known) => known.revision < revision,
                None => amount.is_positive() || revision > 0,
            };
            is_new.then(|| debit.into())
        });
        credits.chain(receivables)
    }

    pub(crate) fn is_meant(&self, payee: &Payee, amount: Money, deal: &Deal) -> bool {
        amount.currency() == self.currency && Holder::of(payee, deal) == self.holder
    }
}
