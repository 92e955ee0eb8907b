//! Why a command was refused. `Copy`, without strings: a rejection allocates nothing.

use std::fmt;

use thiserror::Error;

use super::command::{ChargebackStep, CommandKind};
use super::guard::Guard;
use super::phase::PhaseKind;
use super::timers::{Passed, Timer};
use super::words::{left_of_extensions, running_instead, span, too_late};
use crate::deposit::{DepositId, TxId};
use crate::settlement::SettleError;
use crate::terms::{NamedAs, TermsError};
use crate::{Money, RejectionClass, Role, Time};

/// Both sides of a contradiction: what is recorded, and what the gateway says now.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum Contradiction {
    /// Another amount.
    #[error("{recorded} is recorded, {told} is told")]
    Amount {
        /// What is recorded.
        recorded: Money,
        /// What is told.
        told: Money,
    },
    /// Of the charges of one payment some have capture ids, and others none.
    #[error("capture: the charges of this payment {}", if *recorded { "have capture ids" } else { "have none" })]
    CaptureId {
        /// Whether the recorded ones have.
        recorded: bool,
    },
    /// The transaction was answered otherwise; of two that succeeded, under another reference.
    #[error(
        "transaction {tx}: {recorded} is recorded, {told}{} is told",
        if recorded == told { " under another reference" } else { "" }
    )]
    Answer {
        /// The transaction.
        tx: TxId,
        /// What is recorded.
        recorded: AnswerKind,
        /// What is told.
        told: AnswerKind,
    },
    /// What was never sent cannot come back.
    #[error("transaction {tx} did not send anything")]
    NotSent {
        /// The transaction.
        tx: TxId,
    },
    /// A chargeback names another payment than before.
    #[error("chargeback: it was told of another payment")]
    Payment,
    /// A chargeback names another deposit than before, or one where it named none.
    #[error("chargeback: {} is recorded, {} is told", named(*recorded), named(*told))]
    Deposit {
        /// What is recorded.
        recorded: Option<DepositId>,
        /// What is told.
        told: Option<DepositId>,
    },
    /// The step does not follow.
    #[error("chargeback: `{told}` cannot follow `{recorded}`")]
    Step {
        /// The step that is recorded.
        recorded: ChargebackStep,
        /// The step that is told.
        told: ChargebackStep,
    },
}

/// How a transaction was answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AnswerKind {
    /// It was carried out.
    Succeeded,
    /// It was declined.
    Declined,
}

impl fmt::Display for AnswerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Succeeded => "success",
            Self::Declined => "a decline",
        })
    }
}

fn named(deposit: Option<DepositId>) -> String {
    deposit.map_or_else(|| "no deposit".to_owned(), |deposit| deposit.to_string())
}

/// Why a command was refused. Nothing has changed.
///
/// In the order in which they are judged: actor, staleness, role, phase, guard, money, content.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum Rejection {
    /// The deal does not know this party.
    #[error(
        "this party has no role in the deal: act as the buyer, the seller, a named third party or the arbiter"
    )]
    UnknownActor,
    /// The actor has seen an older state. Read the deal again and decide again.
    #[error("the deal has changed since revision {seen}: it is at {actual}; read it again")]
    Stale {
        /// What the actor has seen.
        seen: u64,
        /// What it is.
        actual: u64,
    },
    /// This role never may.
    #[error("{role} may not {command}")]
    WrongRole {
        /// The actor's role.
        role: Role,
        /// The command.
        command: CommandKind,
    },
    /// This role may, but not now.
    #[error("{command} is not possible for {role} while {phase}{}", too_late(*passed))]
    WrongPhase {
        /// The actor's role.
        role: Role,
        /// The command.
        command: CommandKind,
        /// The phase now.
        phase: PhaseKind,
        /// The deadline until which it was possible, where it passed and no later one did.
        passed: Option<Passed>,
    },
    /// A condition on the deal or its policy does not hold.
    #[error("{0}")]
    Guard(Guard),
    /// The terms have been amended meanwhile.
    #[error("terms version {given} is not the current one: {actual}")]
    StaleTerms {
        /// The version that was named.
        given: u32,
        /// The current one.
        actual: u32,
    },
    /// The new terms break a rule, or change what is pinned.
    #[error("terms: {0}")]
    Terms(TermsError),
    /// A capture is without an answer: try again when it has one.
    #[error("a capture is without an answer: try again when the gateway has answered")]
    CaptureUnanswered,
    /// The deal has no such deposit.
    #[error("deposit: the deal has no {deposit}")]
    UnknownDeposit {
        /// What was named.
        deposit: DepositId,
    },
    /// The deposit belongs to the other party.
    #[error("deposit: {deposit} is not the actor's own")]
    NotYourDeposit {
        /// What was named.
        deposit: DepositId,
    },
    /// The amount must be positive.
    #[error("amount: must be positive")]
    AmountNotPositive,
    /// The amount is over what is outstanding.
    #[error("amount: at most {max} is outstanding")]
    AmountOverOutstanding {
        /// What is outstanding.
        max: Money,
    },
    /// The amount is in another currency than the deposit.
    #[error("amount: must be in the currency of the deposit")]
    AmountCurrency,
    /// The amount, or the sum that it leads to, is over the limit.
    #[error("amount: over the limit of amounts")]
    AmountTooLarge,
    /// The list is full.
    #[error("too many: at most {max} of these in a deal")]
    TooMany {
        /// The limit.
        max: u32,
    },
    /// The key was used for something else.
    #[error("key: used already, for another amount, method or payee; choose a new one")]
    KeyReused,
    /// A document, a checkpoint or a cost is known by this id already, with other content.
    #[error("id: used already, with other content: choose a new one")]
    IdentityTaken,
    /// The deal has no such transaction.
    #[error("transaction: the deal has no transaction {tx}")]
    UnknownTransaction {
        /// What was named.
        tx: TxId,
    },
    /// A payment request is answered by `ConfirmPayment`, which says how much came in.
    #[error("transaction: {tx} is a payment request: confirm the payment with its amount and reference")]
    ConfirmInstead {
        /// The transaction.
        tx: TxId,
    },
    /// The destination of a payee is refused while an attempt is without an answer.
    #[error("destination: an attempt is without an answer; change it when the gateway has answered")]
    AttemptUnanswered,
    /// The money belongs to another payee.
    #[error("payee: not the actor's own")]
    NotYourMoney,
    /// A destination that is a balance, where the policy says that the host keeps none.
    #[error("destination: `policy.unsettled` says that no balances are kept; choose another one")]
    NoBalances,
    /// The terms have no such service.
    #[error("service: the terms have {services} services, counted from 0")]
    UnknownService {
        /// How many there are.
        services: usize,
    },
    /// An amendment that waits for consent changes the service.
    #[error("service: an amendment that waits for consent changes it; agree first")]
    ServiceAmended,
    /// The service is provided by somebody else.
    #[error("service: only its provider and the operator may mark it as incurred")]
    NotYourService,
    /// A charge must have a payee who is named in the deal and is not the payer.
    #[error("payee: name the other party, the platform, the processor or a third party of the terms")]
    ChargePayee,
    /// The ending does not fit.
    #[error("{0}")]
    Settle(SettleError),
    /// The timer is not running.
    #[error("timer: `{timer}` is not running{}{}", running_instead(*running), too_late(*passed))]
    TimerNotRunning {
        /// What was named.
        timer: Timer,
        /// The one that is running and can be extended.
        running: Option<Timer>,
        /// That it passed, where no later one did.
        passed: Option<Passed>,
    },
    /// The extension goes back in time.
    #[error("until: must be after the deadline {deadline}")]
    NotLater {
        /// The deadline.
        deadline: Time,
    },
    /// The extensions together are over the policy's maximum, which counts time, however many they are.
    #[error(
        "until: the policy lets extensions move the deadlines of a deal by {} in all, however many they are \
         (`max_extension_s`); {} used, {}",
        span(*max_s),
        span(*used_s),
        left_of_extensions(*left_s, *latest)
    )]
    ExtensionTooLong {
        /// What the policy allows.
        max_s: u32,
        /// What earlier extensions have used of it.
        used_s: u32,
        /// What is left.
        left_s: u32,
        /// The latest time to which the deadline can be moved.
        latest: Time,
    },
    /// The revision's number is not the next one, or not the latest.
    #[error("number: {expected} is expected")]
    RevisionNumber {
        /// What is expected.
        expected: u16,
    },
    /// The arbiter would be a party, or is paid by the deal.
    #[error("arbiter: must be neither a party to the deal nor paid by it: the same id is {named}")]
    ArbiterIsAParty {
        /// As whom the deal names them already.
        named: NamedAs,
    },
    /// There is no such offer, or another one now.
    #[error("award: the other party offers something else, or nothing")]
    NoSuchOffer,
    /// As much or more was given back already.
    #[error("total: {total} was given back already: name a larger total")]
    GivenBackMore {
        /// What was given back.
        total: Money,
    },
    /// More would be given back than the seller earns.
    #[error("total: at most {max}")]
    GivesBackTooMuch {
        /// The proceeds.
        max: Money,
    },
    /// The dispute was not opened as often as that.
    #[error("opening: the dispute was opened {openings} times")]
    NoSuchOpening {
        /// How often it was opened.
        openings: u32,
    },
    /// The gateway contradicts what is recorded. Nothing is swallowed: somebody has to look at it.
    #[error("the fact contradicts what is recorded: {0}")]
    FactContradicts(Contradiction),
    /// A chargeback of a payment that a closed deal has never had.
    #[error("payment: the deal is closed and has never had it")]
    UnknownPayment,
    /// The deal has no such debt.
    #[error("receivable: the deal has no debt of this number")]
    UnknownReceivable,
}

impl Rejection {
    /// A stable name, kebab-case.
    pub const fn code(&self) -> &'static str {
        self.row().0
    }

    /// What kind of refusal it is.
    pub const fn class(&self) -> RejectionClass {
        self.row().1
    }

    /// Whether the same command can succeed later, or after the deal was read again.
    pub const fn is_transient(&self) -> bool {
        self.row().2
    }

    /// Code, class, and whether it is transient.
    const fn row(&self) -> (&'static str, RejectionClass, bool) {
        use RejectionClass::{Conflict, Forbidden, Gone, Invalid};
        match self {
            Self::UnknownActor => ("unknown-actor", Forbidden, false),
            Self::Stale { .. } => ("stale", Conflict, true),
            Self::WrongRole { .. } => ("wrong-role", Forbidden, false),
            Self::WrongPhase { phase, .. } => {
                let gone = phase.has_ended();
                ("wrong-phase", if gone { Gone } else { Conflict }, !gone)
            }
            Self::Guard(guard) => (guard.code(), guard.class(), guard.is_transient()),
            Self::StaleTerms { .. } => ("stale-terms", Conflict, true),
            Self::Terms(_) => ("invalid-terms", Invalid, false),
            Self::CaptureUnanswered => ("capture-unanswered", Conflict, true),
            Self::UnknownDeposit { .. } => ("unknown-deposit", Invalid, false),
            Self::NotYourDeposit { .. } => ("not-your-deposit", Forbidden, false),
            Self::AmountNotPositive => ("amount-not-positive", Invalid, false),
            Self::AmountOverOutstanding { .. } => ("amount-over-outstanding", Invalid, false),
            Self::AmountCurrency => ("amount-currency", Invalid, false),
            Self::AmountTooLarge => ("amount-too-large", Invalid, false),
            Self::TooMany { .. } => ("too-many", Conflict, false),
            Self::KeyReused => ("key-reused", Conflict, false),
            Self::IdentityTaken => ("identity-taken", Conflict, false),
            Self::UnknownTransaction { .. } => ("unknown-transaction", Invalid, false),
            Self::ConfirmInstead { .. } => ("confirm-instead", Invalid, false),
            Self::AttemptUnanswered => ("attempt-unanswered", Conflict, true),
            Self::NotYourMoney => ("not-your-money", Forbidden, false),
            Self::NoBalances => ("no-balances", Invalid, false),
            Self::UnknownService { .. } => ("unknown-service", Invalid, false),
            Self::ServiceAmended => ("service-amended", Conflict, true),
            Self::NotYourService => ("not-your-service", Forbidden, false),
            Self::ChargePayee => ("charge-payee", Invalid, false),
            Self::Settle(error) => (settle_code(error), Invalid, false),
            Self::TimerNotRunning { .. } => ("timer-not-running", Conflict, false),
            Self::NotLater { .. } => ("not-later", Invalid, false),
            Self::ExtensionTooLong { .. } => ("extension-too-long", Invalid, false),
            Self::RevisionNumber { .. } => ("revision-number", Conflict, false),
            Self::ArbiterIsAParty { .. } => ("arbiter-is-a-party", Invalid, false),
            Self::NoSuchOffer => ("no-such-offer", Conflict, false),
            Self::GivenBackMore { .. } => ("given-back-more", Conflict, false),
            Self::GivesBackTooMuch { .. } => ("gives-back-too-much", Invalid, false),
            Self::NoSuchOpening { .. } => ("no-such-opening", Invalid, false),
            Self::FactContradicts(_) => ("fact-contradicts", Conflict, false),
            Self::UnknownPayment => ("unknown-payment", Invalid, false),
            Self::UnknownReceivable => ("unknown-receivable", Invalid, false),
        }
    }
}

/// A refusal of the settlement: its code. All are of the content.
const fn settle_code(error: &SettleError) -> &'static str {
    match error {
        SettleError::QuantitiesMissing { .. } => "quantities-missing",
        SettleError::QuantityOverOrdered { .. } => "quantity-over-ordered",
        SettleError::NothingAccepted => "nothing-accepted",
        SettleError::NegativePot => "negative-pot",
        SettleError::AwardOverMax { .. } => "award-over-max",
        SettleError::AwardNegative => "award-negative",
        SettleError::AwardCurrency => "award-currency",
        SettleError::TooLarge => "sum-too-large",
    }
}

impl From<SettleError> for Rejection {
    fn from(error: SettleError) -> Self {
        Self::Settle(error)
    }
}

impl From<TermsError> for Rejection {
    fn from(error: TermsError) -> Self {
        Self::Terms(error)
    }
}
