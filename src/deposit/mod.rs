//! Money in the deal: deposits with their buckets, legs out of them, transactions that move money.

mod books_error;
#[expect(clippy::module_inception, reason = "one idea per file; the idea has the module's name")]
mod deposit;
mod deposit_id;
mod key;
mod leg;
mod purpose;
mod transaction;

pub use books_error::BooksError;
pub use deposit::{Buckets, ChargeDetails, Deposit, DepositPurpose};
pub use deposit_id::{DepositId, UnknownDepositName};
pub use key::IdempotencyKey;
pub use leg::{Leg, LegId, LegState};
pub use purpose::Purpose;
pub(crate) use transaction::SentTo;
pub use transaction::{
    CaptureId, ClientKey, GatewayName, HoldState, MethodName, Order, Reason, Reference, Transaction,
    TransactionKind, TransactionState, TxId,
};
