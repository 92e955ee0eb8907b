//! What somebody whose request was refused can do next. The reason is the deal's own; this says where to click.

/// For a rejection's code, a sentence; nothing where the reason says it all.
pub(crate) fn next_step(code: &str) -> &'static str {
    match code {
        "stale" => "Somebody was faster. The page below is as things are now: look again, and decide again.",
        "stale-terms" => "The terms have changed since. Read them below, and agree to what you see.",
        "unknown-actor" | "wrong-role" => "Ask the other party, or the operator.",
        "wrong-phase" => "See under “What you can do now” what is possible at this point.",
        "capture-unconfirmed" | "capture-unanswered" => {
            "The bank is being asked. Try again in a few seconds."
        }
        "buyer-may-not-cancel-now" => {
            "Open a dispute, offer the other party an end, or wait for the deadline."
        }
        "nothing-to-download" => "Wait until the seller has submitted something.",
        "no-revisions-left" | "no-changes-left" => "Accept it, offer an end, or open a dispute.",
        "amount-over-outstanding" => "Reload the page: it shows what is still to be paid.",
        "award-over-max" => "Write a smaller sum: the most that there is to give is named above.",
        "no-such-offer" => "The offer has changed or fallen. The page below shows what stands.",
        "key-reused" | "identity-taken" => {
            "This form was sent before with other content. Reload the page and send it anew."
        }
        "attempt-unanswered" => "A payment is under way. Wait for the bank's answer.",
        "still-negotiating" => "Make an offer, or ask for the arbiter.",
        "try-again" | "unknown" => "Send it again in a moment: it is done once.",
        "too-many-requests" => "Wait a minute.",
        "csrf" | "cross-site" => "Open the page from this desk and send the form from there.",
        "signed-out" | "stale-link" => "Whoever runs this desk can give you a new link.",
        _ => "",
    }
}
