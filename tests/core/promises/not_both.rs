//! Per preset: nobody gets the goods or the work *and* the money back, without the other's word, the arbiter's, or a
//! deadline that the other or the arbiter missed. Every deal of the preset is tried that a party, a tracker or a deadline
//! can bring about, with every way of delivery; what a bank takes back is not the deal's to give.
//!
//! What the presets do allow, and this names:
//! - a partial buyout, in the shop: the buyer hands back what they do not keep;
//! - the platform's own word: an operator who cancels, and a moderator who sends back terms after the start and then
//!   says nothing until moderation is over.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use crate::table::statechart::{actor, before_deadline, commands, draft, kind_of_state, text};
use escrow::deal::command::{Accept, CheckpointKind, Verdict, Wake};
use escrow::deal::{Access, CommandKind, Permit, PhaseKind, Timer, cell};
use escrow::settlement::Ending;
use escrow::terms::{BuyerCancel, Delivery, OnSilence, ReturnAll};
use escrow::{Award, Command, Context, Deal, DealId, Event, Policy, Recorded, Role, Side, Terms, Time};

/// A deal, and whether the buyer has the goods, or they are on their way, or has seen the work.
struct Found {
    deal: Deal,
    has: bool,
}

/// What happened in one step.
struct Stepped<'s> {
    cause: Result<(CommandKind, Role), Vec<Timer>>,
    after: &'s Deal,
}

/// The ways in which the buyer of this policy gets both.
fn both(policy: &Policy) -> Vec<String> {
    let deliveries = [
        None,
        Some(Delivery::Parcel { method: text("courier"), tracked: false }),
        Some(Delivery::Parcel { method: text("courier"), tracked: true }),
        Some(Delivery::Download {}),
    ];
    let mut faults = Vec::new();
    for delivery in deliveries {
        let mut draft = draft(policy.clone());
        // services, and the fees of others, change who gets how much, not whether
        draft.services.clear();
        draft.fees.clear();
        draft.delivery = delivery;
        search(&Arc::new(Terms::new(draft).unwrap()), &mut faults);
    }
    faults
}

fn search(terms: &Arc<Terms>, faults: &mut Vec<String>) {
    let now = Time::parse("2026-03-01T12:00:00Z").unwrap();
    let proposer = Context::party(now, terms.buyer.clone());
    let (deal, _) = Deal::propose(DealId::new(uuid::Uuid::nil()), terms.clone(), &proposer).unwrap();
    let mut known = HashSet::new();
    let mut waiting = VecDeque::from([Found { deal, has: false }]);
    while let Some(Found { deal, has }) = waiting.pop_front() {
        for (cause, after, events) in steps(&deal) {
            let has = has || events.iter().any(|recorded| gives(&deal, &after, recorded));
            let stepped = Stepped { cause, after: &after };
            // before everybody has agreed and paid, or once both agreed to pay anew, there is no deal to keep
            if deal.outcome().is_none() && after.outcome().is_some() {
                if has && deal.is_concluded() && stepped.gives_back() && !stepped.with_a_word() {
                    faults.push(format!("{:?}: {:?} of {deal:?}", terms.delivery, stepped.cause));
                }
                continue;
            }
            if known.insert((kind_of_state(&after), has)) {
                waiting.push_back(Found { deal: after, has });
            }
        }
        assert!(known.len() < 20_000, "too many kinds of deals to be tried");
    }
}

/// Whether the buyer has something from here on.
fn gives(before: &Deal, after: &Deal, recorded: &Recorded) -> bool {
    match &recorded.event {
        Event::PerformingStarted {} => true,
        // of the track as it was when it was recorded
        Event::TrackingRecorded { checkpoint, latest } => {
            *latest && checkpoint.kind != CheckpointKind::Refused
        }
        Event::Submitted { .. } | Event::PhaseEntered { .. } | Event::PaymentReceived { .. } => {
            let parcel = matches!(before.terms().delivery, Some(Delivery::Parcel { .. }));
            !parcel && matches!(after.access(Role::Buyer), Access::Preview(_) | Access::Original(_))
        }
        _ => false,
    }
}

impl Stepped<'_> {
    /// Whether the buyer has money back by this ending.
    fn gives_back(&self) -> bool {
        match self.after.ending() {
            // the exception: what is not kept is handed back; keeping nothing is none
            Some(Ending::PartialBuyout(kept)) => kept.iter().all(|units| *units == 0),
            Some(Ending::Success) | None => false,
            Some(Ending::Cancelled(_) | Ending::CalledOff) => true,
            Some(Ending::Awarded { award, .. }) => !matches!(award, Award::SellerAll),
        }
    }

    /// The other's word, the arbiter's or the platform's, or a deadline that one of them missed.
    fn with_a_word(&self) -> bool {
        match &self.cause {
            Ok((_, Role::Seller | Role::Arbiter | Role::Operator | Role::Moderator)) => true,
            // the seller has offered it
            Ok((CommandKind::AcceptAward, Role::Buyer)) => true,
            Ok((CommandKind::Report, Role::Buyer)) => {
                self.after.report(Side::Seller) == Some(Verdict::Failure)
            }
            Ok(_) => false,
            Err(timers) => timers.iter().all(|timer| match timer {
                // the seller has not started, finished or reported; the arbiter has not ruled; the moderator is silent
                Timer::Start | Timer::Performance | Timer::Arbitration | Timer::Moderation => true,
                _ => false,
            }),
        }
    }
}

type Step = (Result<(CommandKind, Role), Vec<Timer>>, Deal, Vec<Recorded>);

/// Everything that can happen to the deal next, but for notes, banks and money that is on its way.
fn steps(deal: &Deal) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut step = |cause: Option<(CommandKind, Role)>, command: Command, context: &Context| {
        let mut after = deal.clone();
        let Ok(done) = after.handle(&command, context) else { return };
        if done.is_empty() {
            return;
        }
        let fired = |r: &Recorded| match r.event {
            Event::TimerFired { timer } => Some(timer),
            _ => None,
        };
        let timers = done.events().iter().filter_map(fired).collect();
        steps.push((cause.ok_or(timers), after, done.events().to_vec()));
    };
    if let Some(due) = deal.next_deadline() {
        step(None, Wake {}.into(), &Context::clock(due));
    }
    let now = before_deadline(deal);
    for kind in CommandKind::ALL {
        // without a quarrel both agree by their own words
        let quiet = kind == CommandKind::ProposeAward && deal.phase().kind() != PhaseKind::Disputed;
        if is_beside(kind) || quiet {
            continue;
        }
        for role in Role::ALL {
            if matches!(cell(kind, deal.phase().kind(), role), Permit::WrongRole | Permit::WrongPhase) {
                continue;
            }
            let context = Context::new(now, actor(role, deal));
            let mut all = commands(kind, role, deal, now);
            if kind == CommandKind::AcceptPart {
                all.push(Accept::part([0]).into());
            }
            for command in all {
                let is_hold = matches!(&command, Command::ConfirmPayment(c) if c.held_until.is_some());
                if !is_hold {
                    step(Some((kind, role)), command, &context);
                }
            }
        }
    }
    steps
}

/// What changes nothing of who has what, and what banks do.
const fn is_beside(kind: CommandKind) -> bool {
    matches!(
        kind,
        CommandKind::RequestPayment
            | CommandKind::Annotate
            | CommandKind::Attach
            | CommandKind::Post
            | CommandKind::IncurCost
            | CommandKind::AddCharge
            | CommandKind::FileClaim
            | CommandKind::GiveBack
            | CommandKind::Escalate
            | CommandKind::AppointArbiter
            | CommandKind::SetDestination
            | CommandKind::RedirectRefund
            | CommandKind::Chargeback
            | CommandKind::Returned
            | CommandKind::SettleReceivable
            | CommandKind::Extend
            | CommandKind::Wake
    )
}

#[test]
fn of_a_shop_nobody_has_both() {
    let faults = both(&Policy::shop());
    assert!(faults.is_empty(), "{} in all\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn of_a_marketplace_nobody_has_both() {
    let faults = both(&Policy::marketplace());
    assert!(faults.is_empty(), "{} in all\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn of_a_guarantee_nobody_has_both() {
    let faults = both(&Policy::guarantee());
    assert!(faults.is_empty(), "{} in all\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn of_freelance_work_nobody_has_both() {
    let faults = both(&Policy::freelance());
    assert!(faults.is_empty(), "{} in all\n{}", faults.len(), faults.join("\n"));
}

/// No preset lets the buyer return everything, nor leave once anything has begun.
#[test]
fn the_presets_are_what_a_careful_operator_would_choose() {
    for preset in [Policy::shop(), Policy::marketplace(), Policy::guarantee(), Policy::freelance()] {
        assert_eq!(preset.return_all, ReturnAll::Off);
        assert_eq!(preset.buyer_cancel, BuyerCancel::BeforePerforming);
        assert_eq!(preset.max_tracks, 5);
    }
    let parts = [Policy::shop(), Policy::marketplace(), Policy::guarantee(), Policy::freelance()];
    assert_eq!(parts.map(|preset| preset.partial_buyout_allowed), [true, false, false, false]);
}

/// The search finds what it looks for: the literal rules of the systems that lend the presets their names, and every
/// other field of a policy that would let a buyer keep both.
#[test]
fn the_search_finds_what_a_policy_lets_through() {
    let shop = Policy::shop;
    for (planted, policy) in [
        ("Nalogka's literal rule", shop().buyer_cancel(BuyerCancel::UntilAccepted)),
        ("the first edition's rule", shop().buyer_cancel(BuyerCancel::BeforeAcceptance)),
        ("the same, of a marketplace", Policy::marketplace().buyer_cancel(BuyerCancel::BeforeAcceptance)),
        ("work seen", Policy::freelance().buyer_cancel(BuyerCancel::BeforeAcceptance)),
        ("silence that sends back", shop().on_acceptance_deadline(OnSilence::Cancel)),
        ("everything returned", shop().return_all(ReturnAll::Nobody)),
    ] {
        assert!(!both(&policy).is_empty(), "{planted}");
    }
}
