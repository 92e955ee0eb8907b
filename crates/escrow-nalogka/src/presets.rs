//! Nalogka's own rules, to the letter.

use escrow::Policy;
use escrow::terms::BuyerCancel;

/// The rules of Nalogka's shops, literally: the deal can be cancelled at any time before its completion, by the buyer,
/// too, who can then keep the goods and have the money back. [`Policy::shop`] is the safe one.
///
/// Two moments are read as no such time: once it is accepted, a deal is being completed, also while its payment waits
/// ([`Policy::clearance_s`]); and while it is disputed, the dispute says how it ends.
///
/// # Source
/// Nalogka: «Сделка может быть отменена в любой момент, до завершения»; silence of six hours accepts. The durations that
/// it does not state are those of [`Policy::shop`].
///
/// # Examples
/// ```
/// use escrow::terms::BuyerCancel;
///
/// assert_eq!(escrow_nalogka::shop_policy().buyer_cancel, BuyerCancel::UntilAccepted);
/// ```
pub fn shop_policy() -> Policy {
    Policy::shop().buyer_cancel(BuyerCancel::UntilAccepted)
}

/// The rules of Nalogka's marketplaces, literally: as [`shop_policy`], and a moderator may have remarks.
/// [`Policy::marketplace`] is the safe one.
pub fn marketplace_policy() -> Policy {
    Policy::marketplace().buyer_cancel(BuyerCancel::UntilAccepted)
}
