//! The ids of what a marketplace has: the host chooses them.

use escrow::host_id;

host_id! {
    /// The host's id of an offer. The crate never draws one: it arrives as an argument.
    OfferId
}

host_id! {
    /// The host's id of a balance. The crate never draws one: it arrives as an argument.
    BalanceId
}

host_id! {
    /// The host's id of a store. The crate never draws one: it arrives as an argument.
    StoreId
}

host_id! {
    /// The host's id of a subscription. The crate never draws one: it arrives as an argument.
    SubscriptionId
}
