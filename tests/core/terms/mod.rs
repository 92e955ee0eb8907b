//! Terms: how they are written, and what is refused.

mod refused;
mod written;
