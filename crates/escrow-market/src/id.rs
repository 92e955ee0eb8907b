//! The ids of what a marketplace has: the host chooses them.

use escrow::host_id;

host_id! {
    /// The host's id of an offer. The crate never draws one: it arrives as an argument.
    OfferId, "the id of an offer: a UUID"
}

host_id! {
    /// The host's id of a balance. The crate never draws one: it arrives as an argument.
    BalanceId, "the id of a balance: a UUID"
}

host_id! {
    /// The host's id of a store. The crate never draws one: it arrives as an argument.
    StoreId, "the id of a store: a UUID"
}

host_id! {
    /// The host's id of a subscription. The crate never draws one: it arrives as an argument.
    SubscriptionId, "the id of a subscription: a UUID"
}

host_id! {
    /// The host's id of a project. The crate never draws one: it arrives as an argument.
    ProjectId, "the id of a project: a UUID"
}

host_id! {
    /// The host's id of a basket. The crate never draws one: it arrives as an argument.
    BasketId, "the id of a basket: a UUID"
}

/// A number that names something is written in one way only: no sign, no leading zero.
pub(crate) fn plain_number<N: std::str::FromStr>(text: &str) -> Option<N> {
    let plain = text == "0" || text.starts_with(|c: char| ('1'..='9').contains(&c));
    plain.then(|| text.parse().ok()).flatten()
}
