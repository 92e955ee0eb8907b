//! What can go wrong between a command and its effects.

use thiserror::Error;

use crate::deal::Rejection;
use crate::deposit::TxId;
use crate::port::CommitError;

/// Why a command was not carried out, or not to its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum AgentError<E, R = Rejection> {
    /// The deal refuses the command. Nothing was written, nothing was sent.
    #[error(transparent)]
    Rejected(R),
    /// The deal refuses the gateway's answer: they disagree about a fact. Never swallowed:
    /// a person has to look into it.
    #[error("the gateway's answer to transaction {transaction} is refused: {rejection}")]
    FactRefused {
        /// The order that was answered.
        transaction: TxId,
        /// Why the deal refuses the answer.
        rejection: R,
        /// What went wrong with a commit after that. The observer has heard of every refused fact; this is the first.
        then: Option<CommitError<E>>,
    },
    /// The stored deal has another version. Reload it and resume: the same keys make that safe.
    #[error("the stored deal has another version: reload it, then resume")]
    Conflict,
    /// Whether the commit was written is not known. Reload the deal and resume.
    #[error("it is not known whether the commit was written: reload the deal, then resume")]
    Unknown(#[source] E),
}

impl<E> From<Rejection> for AgentError<E> {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

impl<E> From<CommitError<E>> for AgentError<E> {
    fn from(error: CommitError<E>) -> Self {
        match error {
            CommitError::Conflict => Self::Conflict,
            CommitError::Unknown(error) => Self::Unknown(error),
        }
    }
}

/// Why there is no payment form.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum CheckoutError<E> {
    /// The deal has no open payment request with this key and method: submit the request first.
    #[error("the deal has no open payment request with this key and method: submit the request first")]
    NotRequested,
    /// The gateway could not be asked.
    #[error("the gateway could not be asked")]
    Gateway(#[source] E),
}

/// Why a delivery was not followed to its latest checkpoint.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum FollowError<T, E> {
    /// The tracker could not be asked. Nothing has changed.
    #[error("the tracker could not be asked")]
    Tracker(#[source] T),
    /// A checkpoint could not be submitted; those before it were.
    #[error(transparent)]
    Agent(AgentError<E>),
}

impl<T, E> From<AgentError<E>> for FollowError<T, E> {
    fn from(error: AgentError<E>) -> Self {
        Self::Agent(error)
    }
}
