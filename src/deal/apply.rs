//! The fold: the only place where a deal changes, live and on replay. It holds no rules and computes no figure
//! that is not in the event; it moves amounts between buckets that the decision has checked.

use smallvec::SmallVec;

use super::Deal;
use super::books::{add, sub};
use super::core::{Core, OpenChargeback, PayeeDestination, Remaining, StatusChange, index};
use super::event::Event;
use super::phase::{DisputeStage, Phase, PhaseKind, Stage};
use super::rules::proposal;
use crate::Recorded;
use crate::deposit::{
    Buckets, Deposit, DepositId, DepositPurpose, HoldState, Leg, LegState, Order, Transaction,
    TransactionKind, TransactionState, TxId,
};
use crate::dispute::{Dispute, DisputeStatus, Opener};
use crate::settlement::Incurred;
use crate::{Actor, DealId, Money, Side, Time, machine};

impl Deal {
    /// The deal that a journal begins with; `None` where the first event is not [`Event::Proposed`].
    pub fn begin(id: DealId, first: &Recorded) -> Option<Self> {
        let Event::Proposed { terms, consents, phase } = &first.event else {
            return None;
        };
        let deposits = proposal::fixed_deposits(terms).map(|(id, owner, required)| Deposit {
            id,
            owner,
            purpose: match id {
                DepositId::BUYER_PAYMENT | DepositId::SELLER_PAYMENT => DepositPurpose::Payment,
                _ => DepositPurpose::Guarantee,
            },
            required,
            buckets: Buckets::default(),
            on_hold: 0,
            charge: None,
        });
        let core = Core {
            version: 1,
            revision: 1,
            created_at: first.at,
            concluded_at: None,
            last_at: first.at,
            terms_version: 1,
            consents: *consents,
            approved: false,
            phase: *phase,
            remaining: Remaining::default(),
            extended_s: 0,
            status_change: StatusChange {
                at: first.at,
                by: first.actor.clone(),
                comment: None,
                previous: None,
            },
            comment: None,
            ending: None,
            cancelled_by: None,
            ended_funded: false,
            settle_by: None,
            deposits: deposits.collect(),
            transactions: SmallVec::new(),
            legs: SmallVec::new(),
            unanswered: 0,
            unsettled_legs: 0,
            receivables: SmallVec::new(),
            incurred: Incurred::default(),
            track: None,
            latest: None,
            latest_spent: false,
            checkpoints: super::core::Recent::default(),
            destinations: SmallVec::new(),
            attachments: SmallVec::new(),
            arbiter: terms.arbiter.clone(),
            buyers_report: None,
            sellers_report: None,
            submitted: 0,
            work: None,
            changes_requested: false,
            work_waits: false,
            dispute: None,
            chargebacks: SmallVec::new(),
            posts: super::core::Recent::default(),
        };
        Some(Self { id, terms: terms.clone(), agreed: None, core })
    }

    /// Takes in what happened. Computes nothing and checks nothing: for events of [`super::transition`], and for
    /// journals, which [`Deal::replay`] checks as a whole.
    pub fn apply(&mut self, recorded: &Recorded) {
        let at = recorded.at;
        let core = &mut self.core;
        machine::count(recorded, &mut core.version, &mut core.revision, &mut core.last_at);
        match &recorded.event {
            // only ever the first, which `begin` takes in
            Event::Proposed { .. } => {}
            Event::TermsAmended { terms_version, terms, deposits, consents, .. } => {
                if core.consents.all() && self.agreed.is_none() {
                    self.agreed = Some(self.terms.clone());
                }
                self.terms = terms.clone();
                core.terms_version = *terms_version;
                core.consents = *consents;
                core.approved = false;
                for change in deposits {
                    core.deposit(change.deposit, |d| d.required = change.new);
                }
                // a guarantee that is none takes the currency of its terms
                for (id, _, required) in proposal::fixed_deposits(terms) {
                    core.deposit(id, |d| d.required = required);
                }
            }
            Event::Agreed { side, .. } => {
                core.consents = core.consents.with(*side);
                if core.consents.all() {
                    self.agreed = None;
                }
            }
            Event::PaymentClaimed { order, gateway, reference } => {
                core.unanswered = core.unanswered.saturating_add(1);
                core.transactions.push(Transaction {
                    gateway: Some(gateway.clone()),
                    reference: Some(reference.clone()),
                    ..pending(order, at)
                });
            }
            Event::PaymentRequested { tx, deposit, amount, key, form } => {
                core.transactions.push(Transaction {
                    key: Some(key.clone()),
                    method: Some(form.method.clone()),
                    ..inbound(*tx, *deposit, *amount, at)
                })
            }
            Event::PaymentReceived { tx, deposit, amount, gateway, reference, held_until } => {
                let hold = held_until.map(|expires| HoldState::Open { expires });
                let received = Transaction {
                    kind: if hold.is_some() { TransactionKind::Hold } else { TransactionKind::Charge },
                    state: TransactionState::Succeeded,
                    gateway: Some(gateway.clone()),
                    reference: Some(reference.clone()),
                    hold,
                    settled_at: Some(at),
                    ..inbound(*tx, *deposit, *amount, at)
                };
                match core.transactions.get_mut(index(tx.0)) {
                    Some(asked) => {
                        if Self::is_order(asked) {
                            core.unanswered = core.unanswered.saturating_sub(1);
                        }
                        *asked = Transaction {
                            key: asked.key.take(),
                            method: asked.method.take(),
                            created_at: asked.created_at,
                            ..received
                        };
                    }
                    None => core.transactions.push(received),
                }
                let amount = amount.minor();
                core.deposit(*deposit, |d| {
                    add(&mut d.buckets.received, amount);
                    add(&mut d.buckets.held, amount);
                    if held_until.is_some() {
                        add(&mut d.on_hold, amount);
                    }
                });
            }
            // one remark more does not change the status again
            Event::Remarked { remark } if core.phase.kind() == PhaseKind::Moderation => {
                core.status_change.comment = Some(remark.clone().into());
            }
            Event::Remarked { remark } => core.comment = Some(remark.clone().into()),
            Event::Approved {} => core.approved = true,
            Event::Attached { attachment } => core.attachments.push(attachment.id.clone()),
            Event::TrackSet { track } => {
                core.track = Some(track.clone());
                core.forget_checkpoints();
            }
            Event::TrackRemoved {} => {
                core.track = None;
                core.forget_checkpoints();
            }
            Event::TrackingRecorded { checkpoint, latest } => {
                core.checkpoints.push(checkpoint.id.clone());
                if *latest {
                    core.latest = Some(checkpoint.clone());
                    core.latest_spent = false;
                }
            }
            Event::PerformingStarted {} | Event::PerformingStopped {} | Event::Accepted {} => {}
            Event::Submitted { number, revision } => {
                core.submitted = *number;
                core.work = Some(revision.clone());
                core.changes_requested = false;
                core.work_waits = true;
            }
            Event::ChangesRequested { comment, .. } => {
                core.changes_requested = true;
                core.latest_spent = true;
                core.comment = Some(comment.clone().into());
            }
            Event::Reported { side, verdict, .. } => match side {
                Side::Buyer => core.buyers_report = Some(*verdict),
                Side::Seller => core.sellers_report = Some(*verdict),
            },
            Event::CostIncurred { service, .. } => core.incurred = core.incurred.with(usize::from(*service)),
            Event::ChargeAdded { deposit, payer, amount, details } => core.deposits.push(Deposit {
                id: *deposit,
                owner: *payer,
                purpose: DepositPurpose::Charge,
                required: *amount,
                buckets: Buckets::default(),
                on_hold: 0,
                charge: Some(details.clone()),
            }),
            Event::Cancelled { reason, .. } => {
                core.cancelled_by = Some(recorded.actor.clone());
                core.comment = Some(reason.clone());
            }
            Event::DisputeOpened { by, reason, .. } => {
                core.comment = Some(reason.clone());
                core.latest_spent |= *by == Opener::Refusal;
                core.open_dispute(*by, reason, at);
            }
            Event::AwardProposed { side, award } => core.dispute(|d| match side {
                Side::Buyer => d.buyers_offer = Some(*award),
                Side::Seller => d.sellers_offer = Some(*award),
            }),
            Event::AwardAccepted { award, .. } => core.dispute(|d| d.award = Some(*award)),
            Event::DisputeWithdrawn { remaining_ms } => {
                core.buyers_report = None;
                core.sellers_report = None;
                core.dispute(|d| {
                    d.status = DisputeStatus::Withdrawn;
                    d.remaining_ms = *remaining_ms;
                    d.buyers_offer = None;
                    d.sellers_offer = None;
                });
            }
            Event::WithdrawalOffered { side } => core.dispute(|d| d.withdrawal_by = Some(*side)),
            Event::ClaimFiled { reference, .. } => core.dispute(|d| d.claim = Some(reference.clone())),
            Event::Ruled { award, at_fault } => core.dispute(|d| {
                d.award = Some(*award);
                d.guilty_side = *at_fault;
            }),
            Event::ArbiterAppointed { arbiter, .. } => core.arbiter = Some(arbiter.clone()),
            Event::DestinationSet { payee, of, destination } => {
                core.destinations.retain(|d| d.payee != *payee || d.of != *of);
                if let Some(destination) = destination {
                    let destination = destination.clone();
                    core.destinations.push(PayeeDestination { payee: payee.clone(), of: *of, destination });
                }
            }
            Event::DeadlineExtended { phase, by_s, .. } => {
                core.phase = *phase;
                core.extended_s = core.extended_s.saturating_add(*by_s);
            }
            Event::Posted { reference } => core.posts.push(reference.clone()),
            Event::TimerFired { .. } => {}
            Event::PhaseEntered { phase, paused } => {
                if let Some(paused) = paused {
                    core.remaining.set(paused.stage, paused.remaining_ms);
                }
                core.enter(*phase, &recorded.actor, at);
            }
            Event::EndingDecided { ending, funded, settle_by, .. } => {
                core.ending = Some(ending.clone());
                core.ended_funded = *funded;
                core.settle_by = Some(*settle_by);
            }
            Event::CaptureOrdered { order } => {
                core.unanswered = core.unanswered.saturating_add(1);
                core.transactions.push(pending(order, at));
                core.source(order.source, |hold| hold.hold = Some(HoldState::Closing));
            }
            Event::LegOrdered { order } => {
                core.attempt(order);
                core.unanswered = core.unanswered.saturating_add(1);
                core.transactions.push(pending(order, at));
                if order.kind == TransactionKind::Void {
                    core.source(order.source, |hold| hold.hold = Some(HoldState::Closing));
                    core.deposit(order.deposit, |d| sub(&mut d.on_hold, order.amount.minor()));
                }
            }
            Event::LegWaits { leg, deposit, payee, purpose, amount, source } => {
                core.assign(Leg {
                    id: *leg,
                    deposit: *deposit,
                    payee: payee.clone(),
                    purpose: *purpose,
                    amount: *amount,
                    state: LegState::Waiting,
                    tx: None,
                    source: *source,
                });
            }
            Event::LegCredited { order } => {
                core.attempt(order);
                core.transactions.push(Transaction {
                    state: TransactionState::Succeeded,
                    settled_at: Some(at),
                    ..pending(order, at)
                });
                core.settle_leg(order.leg, LegState::Credited);
            }
            Event::LegCut { leg, old, new } => {
                let cut = old.minor().saturating_sub(new.minor());
                let known = core.legs.get(index(leg.0)).map(|l| (l.deposit, l.source));
                core.leg(Some(*leg), |leg| leg.amount = *new);
                if let Some((deposit, source)) = known {
                    core.source(source, |t| sub(&mut t.returned, cut));
                    core.deposit(deposit, |d| {
                        sub(&mut d.buckets.reserved, cut);
                        add(&mut d.buckets.charged_back, cut);
                    });
                }
                if new.is_zero() {
                    core.leg(Some(*leg), |leg| leg.state = LegState::Dropped);
                    core.unsettled_legs = core.unsettled_legs.saturating_sub(1);
                }
            }
            Event::TransactionSucceeded { tx, reference } => {
                core.answer(*tx, TransactionState::Succeeded, at, |t| t.reference = Some(reference.clone()));
                core.succeed(*tx);
            }
            Event::TransactionFailed { tx, reason } => {
                core.answer(*tx, TransactionState::Failed(reason.clone()), at, |_| ());
                core.fail(*tx);
            }
            Event::ReceivableRaised { receivable } => core.receivables.push(receivable.clone()),
            Event::ChargebackRecorded { reference, deposit, amount, step } => {
                match core.chargebacks.iter_mut().find(|c| c.reference == *reference) {
                    Some(known) => (known.step, known.amount) = (*step, *amount),
                    None => core.chargebacks.push(OpenChargeback {
                        reference: reference.clone(),
                        deposit: *deposit,
                        amount: *amount,
                        step: *step,
                    }),
                }
            }
            Event::ChargedBack { tx, reference, deposit, from_held, from_legs } => {
                let amount = from_held.minor().saturating_add(from_legs.minor());
                core.transactions.push(Transaction {
                    kind: TransactionKind::Chargeback,
                    state: TransactionState::Succeeded,
                    reference: Some(reference.clone()),
                    settled_at: Some(at),
                    ..inbound(*tx, *deposit, Money::from_minor(amount, from_held.currency()), at)
                });
                core.deposit(*deposit, |d| {
                    sub(&mut d.buckets.held, from_held.minor());
                    add(&mut d.buckets.charged_back, from_held.minor());
                });
            }
            Event::DisputeClosed {} => core.dispute(|d| d.status = DisputeStatus::Resolved),
        }
    }
}

fn inbound(id: TxId, deposit: DepositId, amount: Money, at: Time) -> Transaction {
    Transaction {
        id,
        kind: TransactionKind::Charge,
        deposit,
        amount,
        state: TransactionState::Pending,
        leg: None,
        source: None,
        key: None,
        method: None,
        gateway: None,
        reference: None,
        hold: None,
        returned: 0,
        created_at: at,
        settled_at: None,
    }
}

fn pending(order: &Order, at: Time) -> Transaction {
    Transaction {
        kind: order.kind,
        leg: order.leg,
        source: order.source,
        ..inbound(order.tx, order.deposit, order.amount, at)
    }
}

impl Core {
    fn dispute(&mut self, change: impl FnOnce(&mut Dispute)) {
        if let Some(dispute) = &mut self.dispute {
            change(dispute);
        }
    }

    fn forget_checkpoints(&mut self) {
        self.latest = None;
        self.latest_spent = false;
        self.checkpoints.clear();
    }

    fn open_dispute(&mut self, by: Opener, reason: &crate::deposit::Reason, at: Time) {
        let known = self.dispute.take();
        let opened = |side, before: bool| before || by == Opener::Party(side);
        let dispute = match known {
            Some(dispute) => Dispute {
                status: DisputeStatus::Open,
                openings: dispute.openings.saturating_add(1),
                opened_by: by,
                reason: reason.clone(),
                opened_at: at,
                buyer_opened: opened(Side::Buyer, dispute.buyer_opened),
                seller_opened: opened(Side::Seller, dispute.seller_opened),
                withdrawal_by: None,
                ..dispute
            },
            None => Dispute {
                status: DisputeStatus::Open,
                stage: DisputeStage::Negotiation,
                remaining_ms: 0,
                openings: 1,
                opened_by: by,
                reason: reason.clone(),
                opened_at: at,
                buyer_opened: opened(Side::Buyer, false),
                seller_opened: opened(Side::Seller, false),
                buyers_offer: None,
                sellers_offer: None,
                withdrawal_by: None,
                claim: None,
                award: None,
                guilty_side: None,
            },
        };
        self.dispute = Some(dispute);
    }

    fn enter(&mut self, phase: Phase, by: &Actor, at: Time) {
        let previous = self.phase.status();
        self.phase = phase;
        if let Phase::Active { .. } = phase {
            self.concluded_at.get_or_insert(at);
        }
        if let Phase::Disputed { stage, .. } = phase {
            self.dispute(|d| d.stage = stage);
        }
        if let Phase::Active { stage: Stage::AwaitingAcceptance, .. } = phase {
            self.work_waits = false;
        }
        let comment = self.comment.take();
        if phase.status() != previous {
            self.status_change = StatusChange { at, by: by.clone(), comment, previous: Some(previous) };
        }
    }
}
