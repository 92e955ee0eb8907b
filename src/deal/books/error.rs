//! What stored books contradict themselves in.

use thiserror::Error;

use crate::deposit::DepositId;

/// In what the books of a stored deal contradict themselves, or the terms.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum BooksError {
    /// The buckets of a deposit do not add up, or one is negative.
    #[error(
        "state.books.deposits: {deposit}: received must equal held + reserved + paid_out + refunded + charged_back"
    )]
    Buckets {
        /// Which deposit.
        deposit: DepositId,
    },
    /// A deposit differs from the terms, or is out of place.
    #[error(
        "state.books.deposits: {deposit}: id, owner, purpose, required amount or currency differ from the terms"
    )]
    Deposit {
        /// Which deposit.
        deposit: DepositId,
    },
    /// The deposits are not the ones that a deal has.
    #[error("state.books.deposits: must be the four that every deal has, then charges in order")]
    Deposits,
    /// The transactions of a deposit do not explain its buckets.
    #[error("state.books.transactions: those of {deposit} do not explain its buckets")]
    Transactions {
        /// Which deposit.
        deposit: DepositId,
    },
    /// A transaction contradicts itself, its leg or its source.
    #[error("state.books.transactions[{index}]: contradicts itself, its leg or its source")]
    Transaction {
        /// Its place in the list.
        index: usize,
    },
    /// A leg contradicts itself or its transaction.
    #[error("state.books.legs[{index}]: contradicts itself or its transaction")]
    Leg {
        /// Its place in the list.
        index: usize,
    },
}
