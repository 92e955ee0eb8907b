//! The rules: one file per idea, each reads as the rows of the table that it carries. Arrows point one way:
//! commands and timers → [`clearing`] → [`endings`] → [`charges`] → [`legs`] and [`holds`].

pub(super) mod acceptance;
pub(super) mod agreement;
pub(super) mod answers;
pub(super) mod bounces;
pub(super) mod cancellation;
pub(super) mod chargebacks;
pub(super) mod charges;
pub(super) mod clearing;
pub(super) mod costs;
pub(super) mod debts;
pub(super) mod destinations;
pub(super) mod dispute;
pub(super) mod endings;
pub(super) mod funding;
pub(super) mod holds;
pub(super) mod legs;
pub(super) mod missed;
pub(super) mod moderation;
pub(super) mod notes;
pub(super) mod payins;
pub(super) mod performance;
pub(super) mod proposal;
pub(super) mod timers;
pub(super) mod tracking;
