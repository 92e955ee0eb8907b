//! A naive model of what the books of a deal must say.
//!
//! Written from the design alone, for clarity and not for speed: facts are kept as they came, and everything else is worked out anew after
//! each of them. The real books are compared with it.
//!
//! | file | what |
//! |---|---|
//! | `words` | parties, payments, facts, answers |
//! | `books` | the deal's books; the one place where everything is worked out |
//! | `payins`, `holds` | money that comes in |
//! | `legs`, `answers`, `ending` | money that goes out |
//! | `cases`, `waiting`, `losses`, `debts` | chargebacks |
//! | `buckets` | the buckets and the laws |
//! | `gateway`, `standing` | what really happened; who has what |
//! | `said` | what to compare other books with |

pub mod answers;
pub mod books;
pub mod buckets;
pub mod cases;
pub mod debts;
pub mod ending;
pub mod gateway;
pub mod holds;
pub mod legs;
pub mod losses;
pub mod payins;
pub mod said;
pub mod standing;
pub mod waiting;
pub mod words;
