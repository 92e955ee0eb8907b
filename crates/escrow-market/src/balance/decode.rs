//! From storage back to a balance. Storage is not trusted: every invariant is checked.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::facts::MAX_RETURNS;
use super::heard::{Heard, Known, is_within};
use super::withdrawal::{Withdrawals, is_within_a_day};
use super::{
    Balance, BalancePolicy, Clearing, Event, Fact, Holder, Movement, MovementKind, Origin, Return, Sums,
    Withdrawal, WithdrawalState, WithdrawalStatus,
};
use crate::BalanceId;
use crate::code::CodePolicy;
use escrow::machine::{DecodeError, Machine, Progress};
use escrow::{Currency, Destination, Recorded, Time};

/// A balance as it is stored.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parts {
    /// [`Parts::SCHEMA`].
    pub schema: String,
    /// The balance's id.
    pub id: BalanceId,
    /// Whose it is. A host keeps one balance for each holder and currency.
    pub holder: Holder,
    /// In which currency.
    pub currency: Currency,
    /// All that changes.
    pub state: State,
}

/// The mutable part of a balance, opaque: for storage only.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    progress: Progress,
    policy: BalancePolicy,
    sums: Sums,
    /// The facts within the horizon, oldest first.
    heard: Vec<Known>,
    /// When the codes of the last 24 hours were sent, oldest first.
    codes_sent: VecDeque<Time>,
    /// When the wrong codes of the last 24 hours were entered, oldest first.
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    wrong_codes: VecDeque<Time>,
    /// What clears when, the earliest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    clearing: Vec<Clearing>,
    /// The number of the latest withdrawal.
    last_number: u32,
    /// The open withdrawals and the latest that are over, by their numbers.
    withdrawals: Vec<Withdrawal>,
}

impl Parts {
    /// The schema that this version writes and reads.
    pub const SCHEMA: &'static str = "escrow.balance.v2";

    /// The balance, if every invariant holds.
    ///
    /// # Errors
    /// [`DecodeError`] names the field that does not agree.
    pub fn restore(self) -> Result<Balance, DecodeError> {
        const FIELD: fn(&'static str) -> DecodeError = |field| DecodeError::Field { field };
        let Self { schema, id, holder, currency, state } = self;
        DecodeError::check_schema(&schema, Self::SCHEMA)?;
        let State { progress, policy, sums, codes_sent, wrong_codes, clearing: parts, .. } = state;
        let clearing = parts.iter().map(|part| (part.at, part.amount.minor())).collect();
        // as it was written: in order, each instant once
        let ordered = parts.is_sorted_by(|a, b| a.at < b.at);
        if !ordered || parts.iter().any(|part| part.amount.currency() != currency) {
            return Err(FIELD("clearing"));
        }
        let mut heard = Heard::default();
        // as it was written: in order, and each once
        let ordered = state.heard.is_sorted_by_key(|known| (known.since, known.fact));
        if !ordered || !state.heard.into_iter().all(|known| heard.insert(known)) {
            return Err(FIELD("heard"));
        }
        let withdrawals =
            Withdrawals::restore(state.last_number, state.withdrawals).ok_or(FIELD("withdrawals"))?;
        let balance = Balance {
            id,
            payee: holder.to_payee(),
            holder,
            currency,
            policy,
            progress,
            sums,
            heard,
            codes_sent,
            wrong_codes,
            clearing,
            withdrawals,
        };
        balance.check()?;
        Ok(balance)
    }
}

impl Balance {
    /// The balance in the form in which it is stored.
    pub fn parts(&self) -> Parts {
        Parts {
            schema: Parts::SCHEMA.to_owned(),
            id: self.id,
            holder: self.holder.clone(),
            currency: self.currency,
            state: State {
                progress: self.progress,
                policy: self.policy,
                sums: self.sums,
                heard: self.heard.iter().collect(),
                codes_sent: self.codes_sent.clone(),
                wrong_codes: self.wrong_codes.clone(),
                clearing: self.clearing_by_time().collect(),
                last_number: self.last_number(),
                withdrawals: self.withdrawals.by_number(),
            },
        }
    }

    /// The balance that a journal tells of.
    ///
    /// # Errors
    /// [`DecodeError::NotAJournal`] where the first event is not `opened` or a later one is; otherwise whatever
    /// invariant the result breaks.
    pub fn replay<'e>(
        id: BalanceId,
        journal: impl IntoIterator<Item = &'e Recorded<Event>>,
    ) -> Result<Self, DecodeError> {
        const NOT: DecodeError = DecodeError::NotAJournal { first: "opened" };
        let mut journal = journal.into_iter();
        let Some(Recorded { at, event: Event::Opened { holder, currency, policy }, .. }) = journal.next()
        else {
            return Err(NOT);
        };
        let mut balance = Self::begin(id, holder.clone(), *currency, *policy, *at);
        for recorded in journal {
            if matches!(recorded.event, Event::Opened { .. }) {
                return Err(NOT);
            }
            if let Some(movement) = recorded.event.movement() {
                balance.check_movement(&movement)?;
            }
            balance.check_clearing(&recorded.event)?;
            balance.check_receivable(&recorded.event)?;
            balance.apply(recorded);
            // every line of the statement adds up, and not only the last
            if !balance.sums.are_conserved() {
                return Err(DecodeError::Field { field: "sums" });
            }
        }
        balance.check()?;
        Ok(balance)
    }

    /// Whether it is in the currency of the balance and can come next: each fact counts once, each withdrawal has its own
    /// number, and what leaves, or comes back, is what was reserved.
    fn check_movement(&self, m: &Movement) -> Result<(), DecodeError> {
        const FIELD: fn(&'static str) -> DecodeError = |field| DecodeError::Field { field };
        let after = &m.after;
        let sums = [m.amount, m.fee.unwrap_or(m.amount), after.available, after.clearing, after.reserved];
        if sums.iter().any(|sum| sum.currency() != self.currency) {
            return Err(FIELD("currency"));
        }
        let reserved = |number, may_be_requested| {
            self.withdrawal(number).is_some_and(|w| {
                let stands = match w.status() {
                    WithdrawalStatus::Requested => may_be_requested,
                    WithdrawalStatus::Sent => true,
                    WithdrawalStatus::Paid
                    | WithdrawalStatus::Failed
                    | WithdrawalStatus::Cancelled
                    | WithdrawalStatus::Expired => false,
                };
                stands && (w.amount, Some(w.fee)) == (m.amount, m.fee)
            })
        };
        let declined = |number| {
            self.withdrawal(number).is_some_and(|w| {
                w.status() == WithdrawalStatus::Failed && (w.amount, Some(w.fee)) == (m.amount, m.fee)
            })
        };
        match (m.origin, m.kind) {
            (Origin::Deal(fact), MovementKind::Credit) if self.heard.find(&fact).is_some() => {
                Err(FIELD("heard"))
            }
            (Origin::Deal(_) | Origin::Clearance, _) => Ok(()),
            (Origin::Withdrawal(number), kind) => {
                let follows = match kind {
                    MovementKind::Reserve => self.last_number().checked_add(1) == Some(number),
                    MovementKind::PayOut => reserved(number, false) || declined(number),
                    MovementKind::Return => reserved(number, true),
                    MovementKind::Bounce => self.withdrawal(number).is_some_and(|w| {
                        w.status() == WithdrawalStatus::Paid && m.amount.minor() <= w.kept()
                    }),
                    MovementKind::Credit
                    | MovementKind::Clear
                    | MovementKind::Debit
                    | MovementKind::Restore => false,
                };
                if follows { Ok(()) } else { Err(FIELD("withdrawals")) }
            }
        }
    }

    /// Whether what clears later is a part of what is credited, and what clears was to clear then.
    fn check_clearing(&self, event: &Event) -> Result<(), DecodeError> {
        let follows = if let Event::Credited { amount, clears, .. } = event {
            let sum = clears.iter().try_fold(0_i64, |sum, part| sum.checked_add(part.amount.minor()));
            let sound =
                |part: &Clearing| part.amount.is_positive() && part.amount.currency() == self.currency;
            clears.iter().all(sound) && sum.is_some_and(|sum| sum <= amount.minor())
        } else if let Event::Cleared { due, amount, .. } = event {
            self.clearing.get(due) == Some(&amount.minor())
        } else {
            true
        };
        if follows { Ok(()) } else { Err(DecodeError::Field { field: "clearing" }) }
    }

    /// Whether what a receivable takes follows from what it took before, at a later state of it.
    fn check_receivable(&self, event: &Event) -> Result<(), DecodeError> {
        let (deal, receivable, revision, since, more, total) = match event {
            Event::Debited { deal, receivable, revision, since, amount, total, .. } => {
                (deal, receivable, revision, since, amount.minor(), total)
            }
            Event::Restored { deal, receivable, revision, since, amount, total, .. } => {
                (deal, receivable, revision, since, amount.minor().saturating_neg(), total)
            }
            Event::Opened { .. }
            | Event::PolicySet { .. }
            | Event::Cleared { .. }
            | Event::Credited { .. }
            | Event::WithdrawalRequested { .. }
            | Event::CodeIssued { .. }
            | Event::CodeRefused { .. }
            | Event::WithdrawalSent { .. }
            | Event::WithdrawalPaid { .. }
            | Event::WithdrawalFailed { .. }
            | Event::AnswerDoubted { .. }
            | Event::AnswerConfirmed { .. }
            | Event::WithdrawalReturned { .. }
            | Event::WithdrawalCancelled { .. }
            | Event::WithdrawalExpired { .. } => return Ok(()),
        };
        let known = self.heard.find(&Fact::Receivable { deal: *deal, number: *receivable });
        let later = known.is_none_or(|known| known.revision < *revision && known.since == *since);
        let before = known.map_or(0, |known| known.minor);
        let follows = before.saturating_add(more) == total.minor() && total.currency() == self.currency;
        if later && follows { Ok(()) } else { Err(DecodeError::Field { field: "heard" }) }
    }

    /// Checks every invariant of the balance: what decoding checks, for tests and audits.
    ///
    /// # Errors
    /// [`DecodeError`] names the field that does not agree.
    pub fn check(&self) -> Result<(), DecodeError> {
        let checks = [
            ("policy", self.policy.check(self.currency).is_ok()),
            ("sums", self.sums.are_conserved()),
            ("heard", self.heard_agrees()),
            ("codes_sent", self.day_agrees(&self.codes_sent, BalancePolicy::MAX_CODES_PER_DAY)),
            ("wrong_codes", self.day_agrees(&self.wrong_codes, BalancePolicy::MAX_GUESSES_PER_DAY)),
            ("clearing", self.clearing_agrees()),
            ("withdrawals", self.withdrawals_agree()),
            ("withdrawals", self.sums_agree_with_withdrawals()),
        ];
        DecodeError::check(self.progress.checks().into_iter().chain(checks))
    }

    /// What is known is young enough, and part of the sums.
    fn heard_agrees(&self) -> bool {
        let (mut credited, mut debited) = (0_i128, 0_i128);
        for known in self.heard.iter() {
            let (sum, least) = match known.fact {
                Fact::Leg { .. } => (&mut credited, 1),
                // a receivable that changed may take nothing any more
                Fact::Receivable { .. } => (&mut debited, i64::from(known.revision == 0)),
            };
            *sum = sum.saturating_add(known.minor.into());
            if known.minor < least || !is_within(known.since, self.policy.horizon_s, self.progress.last_at())
            {
                return false;
            }
        }
        credited <= self.sums.credited.into() && debited <= self.sums.debited.into()
    }

    fn day_agrees(&self, instants: &VecDeque<Time>, max: u16) -> bool {
        let within = |at: &Time| (self.progress.created_at()..=self.progress.last_at()).contains(at);
        let few = instants.len() <= usize::from(max);
        // older ones go when the next one is noted
        let newest = instants.back().copied().unwrap_or(self.progress.last_at());
        let recent = instants.iter().all(|at| is_within_a_day(*at, newest));
        few && recent && instants.iter().all(within) && instants.iter().is_sorted()
    }

    /// What clears later is known to the unit; what was due has cleared when the balance saw its last event.
    fn clearing_agrees(&self) -> bool {
        let sum = self.clearing.values().fold(0_i128, |sum, minor| sum.saturating_add((*minor).into()));
        let due = |at: &Time| *at >= self.progress.last_at();
        self.clearing.keys().all(due)
            && self.clearing.values().all(|minor| *minor > 0)
            && sum == self.sums.clearing.into()
    }

    fn withdrawals_agree(&self) -> bool {
        let all = self.withdrawals.by_number();
        let most_over = Withdrawals::KEPT.saturating_add(usize::from(BalancePolicy::MAX_CODES_PER_DAY));
        self.withdrawals.open().len() <= usize::from(BalancePolicy::MAX_OPEN)
            && self.withdrawals.over().filter(|w| !w.doubted).count() <= most_over
            && all.is_sorted_by(|a, b| a.number < b.number && a.requested_at <= b.requested_at)
            && all.iter().all(|w| self.agrees(w))
    }

    fn agrees(&self, w: &Withdrawal) -> bool {
        let amounts = w.amount.currency() == self.currency
            && w.fee.currency() == self.currency
            && !w.fee.is_negative()
            && w.fee.minor() < w.amount.minor()
            && w.amount.minor().checked_add(w.fee.minor()).is_some();
        let known = (self.progress.created_at()..=self.progress.last_at()).contains(&w.requested_at);
        let numbered = (1..=self.last_number()).contains(&w.number);
        let stands = match &w.state {
            // or its timer would have fired when the balance saw its last event
            WithdrawalState::Requested {} => self.progress.last_at() <= w.code.expires(),
            WithdrawalState::Sent { at }
            | WithdrawalState::Paid { at, .. }
            | WithdrawalState::Failed { at, .. }
            | WithdrawalState::Cancelled { at }
            | WithdrawalState::Expired { at } => (w.requested_at..=self.progress.last_at()).contains(at),
        };
        let confirmed = match w.status() {
            WithdrawalStatus::Sent | WithdrawalStatus::Paid | WithdrawalStatus::Failed => true,
            WithdrawalStatus::Requested | WithdrawalStatus::Cancelled | WithdrawalStatus::Expired => false,
        };
        let latest = self.progress.last_at().plus_secs(CodePolicy::MAX_LIFETIME_S);
        let code = w.code.is_sound()
            && w.code.is_accepted() == confirmed
            && (w.requested_at..=latest).contains(&w.code.expires());
        let returned = w.status() == WithdrawalStatus::Paid || !w.doubted && w.returned.is_empty();
        amounts
            && returned
            && self.returns_agree(w)
            && known
            && numbered
            && stands
            && code
            && w.destination != Destination::Balance
    }

    /// What came back is known each by its own reference, and is no more than was paid.
    fn returns_agree(&self, w: &Withdrawal) -> bool {
        let positive = |back: &Return| back.amount.is_positive() && back.amount.currency() == self.currency;
        let once = |(i, back): (usize, &Return)| {
            w.returned.iter().take(i).all(|before| before.reference != back.reference)
        };
        w.returned.len() <= usize::from(MAX_RETURNS)
            && w.returned.iter().all(positive)
            && w.returned.iter().enumerate().all(once)
            && w.kept() >= 0
            && (w.kept() > 0 || !w.doubted)
    }

    /// What is reserved is reserved for somebody, and what is known to be paid was paid.
    fn sums_agree_with_withdrawals(&self) -> bool {
        let (mut reserved, mut paid, mut fees) = (0_i128, 0_i128, 0_i128);
        for w in self.withdrawals.open() {
            reserved = reserved.saturating_add(w.total().into());
        }
        for w in self.withdrawals.over().filter(|w| w.status() == WithdrawalStatus::Paid) {
            paid = paid.saturating_add(w.kept().into());
            fees = fees.saturating_add(w.fee.minor().into());
        }
        let sums = &self.sums;
        reserved == sums.reserved.into() && paid <= sums.paid_out.into() && fees <= sums.fees.into()
    }
}

stored_as_parts!(Balance, Parts);
