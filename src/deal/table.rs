//! Who may do what, in which phase, on which condition, and where it leads: the only place that knows. It drives
//! `transition`, `Deal::allowed`, the diagrams and the tests.

use super::Deal;
use super::command::CommandKind::{self, *};
use super::guard::Guard::{self, *};
use super::phase::PhaseKind::{self as P, *};
use super::rejection::Rejection;
use crate::Role::{self, Arbiter, Buyer, Clock, Gateway, Moderator, Operator, Partner, Seller, Tracker};
use Permit::{Always, Both, If};

/// One cell of the table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Permit {
    /// This role never may.
    WrongRole,
    /// This role may, in another phase.
    WrongPhase,
    /// Yes.
    Always,
    /// Yes, where the guard holds.
    If(Guard),
    /// Yes, where both guards hold; the first one that does not is the reason.
    Both(Guard, Guard),
}

struct Row {
    command: CommandKind,
    by: &'static [Role],
    within: &'static [P],
    permit: Permit,
    /// Where it may lead, besides leaving the phase as it is.
    leads: &'static [P],
}

const fn row(
    command: CommandKind,
    by: &'static [Role],
    within: &'static [P],
    permit: Permit,
    leads: &'static [P],
) -> Row {
    Row { command, by, within, permit, leads }
}

const PARTIES: &[Role] = &[Buyer, Seller];
const STAFF_TOO: &[Role] = &[Buyer, Seller, Operator];
const SELLERS: &[Role] = &[Seller, Operator];
const BEFORE_FUNDED: &[P] = &[Proposed, AwaitingDeposit, Moderation];
const ACTIVE: &[P] = &[AwaitingPerformance, Performing, AwaitingAcceptance];
const FUNDED: &[P] = &[AwaitingPerformance, Performing, AwaitingAcceptance, Disputed];
const AGREEABLE: &[P] = &[AwaitingPerformance, Performing, AwaitingAcceptance, Clearing, Disputed];
const BEFORE_CLEARING: &[P] =
    &[Proposed, AwaitingDeposit, Moderation, AwaitingPerformance, Performing, AwaitingAcceptance, Disputed];
const BEFORE_PAYING: &[P] = &[
    Proposed,
    AwaitingDeposit,
    Moderation,
    AwaitingPerformance,
    Performing,
    AwaitingAcceptance,
    Clearing,
    Disputed,
];
const BEFORE_DISPUTE: &[P] =
    &[Proposed, AwaitingDeposit, Moderation, AwaitingPerformance, Performing, AwaitingAcceptance];
const NOT_CLOSED: &[P] = &[
    Proposed,
    AwaitingDeposit,
    Moderation,
    AwaitingPerformance,
    Performing,
    AwaitingAcceptance,
    Clearing,
    Disputed,
    Paying,
];
const ALL_BUT_PAYING: &[P] = &[
    Proposed,
    AwaitingDeposit,
    P::Moderation,
    AwaitingPerformance,
    Performing,
    AwaitingAcceptance,
    Clearing,
    Disputed,
    Closed,
];
const ANY: &[P] = &P::ALL;

const STAYS: &[P] = &[];
/// A chargeback that waited for its payment can leave the deal short as soon as it is funded.
const AGREED_OR_ENDED: &[P] = &[
    AwaitingDeposit,
    P::Moderation,
    AwaitingPerformance,
    Performing,
    AwaitingAcceptance,
    Disputed,
    Paying,
    Closed,
];
const APPROVED: &[P] =
    &[AwaitingDeposit, AwaitingPerformance, Performing, AwaitingAcceptance, Disputed, Paying, Closed];
const ENDED: &[P] = &[Paying, Closed];
const ACCEPTED: &[P] = &[Clearing, Paying, Closed];
/// A capture goes on as far as what happened meanwhile takes it.
const CAPTURED: &[P] =
    &[P::Moderation, AwaitingPerformance, Performing, AwaitingAcceptance, Disputed, Paying, Closed];

#[rustfmt::skip]
const ROWS: &[Row] = &[
    row(Amend,            PARTIES,                                        BEFORE_FUNDED,                                                              Always,                    STAYS),
    row(Amend,            &[Operator],                                   BEFORE_FUNDED,                                                              Always,                    AGREED_OR_ENDED),
    row(Annotate,         STAFF_TOO,                                      NOT_CLOSED,                                                                 Always,                    STAYS),
    row(Agree,            PARTIES,                                        BEFORE_FUNDED,                                                              Always,                    AGREED_OR_ENDED),
    row(RequestPayment,   PARTIES,                                        &[AwaitingDeposit, P::Moderation],                                           Always,                    AGREED_OR_ENDED),
    row(RequestPayment,   PARTIES,                                        &[Proposed, AwaitingPerformance, Performing, AwaitingAcceptance, Disputed], Always,                    STAYS),
    row(ConfirmPayment,   &[Gateway],                                     &[AwaitingDeposit, AwaitingPerformance],                                    Always,                    CAPTURED),
    row(ConfirmPayment,   &[Gateway],                                     &[Proposed, P::Moderation, Disputed],                                       Always,                    ENDED),
    row(ConfirmPayment,   &[Gateway],                                     &[Performing, AwaitingAcceptance, Clearing, Closed],                        Always,                    STAYS),
    row(ConfirmPayment,   &[Gateway],                                     &[Paying],                                                                  Always,                    &[Closed]),
    row(Remark,           &[Moderator],                                   &[AwaitingDeposit, AwaitingPerformance],                                    If(ModerationOn),          &[P::Moderation]),
    row(Remark,           &[Moderator],                                   &[P::Moderation],                                                           Always,                    STAYS),
    row(Approve,          &[Moderator],                                   &[AwaitingDeposit, AwaitingPerformance],                                    If(ModerationOn),          STAYS),
    row(Approve,          &[Moderator],                                   &[P::Moderation],                                                           If(AllAgreed),             APPROVED),
    row(Attach,           &[Buyer, Seller, Operator, Moderator, Arbiter], NOT_CLOSED,                                                                 Always,                    STAYS),
    row(SetTrack,         SELLERS,                                        ACTIVE,                                                                     If(TracksLeft),            &[AwaitingPerformance]),
    row(RemoveTrack,      SELLERS,                                        ACTIVE,                                                                     If(TracksLeft),            &[AwaitingPerformance]),
    row(RecordTracking,   &[Tracker, Operator],                           FUNDED,                                                                     Always,                    &[Performing, AwaitingAcceptance, Disputed, Paying, Closed]),
    row(RecordTracking,   &[Tracker, Operator],                           &[P::Moderation],                                                           If(Funded),                STAYS),
    row(StartPerforming,  &[Seller],                                      &[AwaitingPerformance],                                                     Both(Untracked, CaptureConfirmed), &[Performing]),
    row(StartPerforming,  &[Operator],                                    &[AwaitingPerformance],                                                     If(CaptureConfirmed),      &[Performing]),
    row(StopPerforming,   &[Seller],                                      &[Performing],                                                              Both(Untracked, ToldByHand), &[AwaitingPerformance]),
    row(StopPerforming,   &[Operator],                                    &[Performing],                                                              If(ToldByHand),            &[AwaitingPerformance]),
    row(Submit,           &[Seller],                                      &[AwaitingDeposit, AwaitingPerformance, Performing, AwaitingAcceptance],    Both(NoParcel, RevisionsLeft), &[AwaitingAcceptance]),
    row(RequestChanges,   &[Buyer],                                       &[AwaitingAcceptance],                                                      If(ChangesLeft),           &[Performing]),
    row(Accept,           &[Buyer],                                       &[Performing, AwaitingAcceptance],                                          Both(AcceptedByBuyer, Downloadable), ACCEPTED),
    row(AcceptPart,       &[Buyer],                                       &[Performing, AwaitingAcceptance],                                          Both(PartialBuyoutAllowed, Downloadable), ACCEPTED),
    row(Report,           PARTIES,                                        &[Performing, Disputed],                                                    If(AcceptedMutually),      &[Clearing, Disputed, Paying, Closed]),
    row(IncurCost,        &[Seller, Partner, Operator],                   FUNDED,                                                                     Always,                    STAYS),
    row(IncurCost,        &[Seller, Partner, Operator],                   &[P::Moderation],                                                           If(Funded),                STAYS),
    row(AddCharge,        STAFF_TOO,                                      FUNDED,                                                                     Always,                    STAYS),
    row(AddCharge,        STAFF_TOO,                                      &[P::Moderation],                                                           If(Funded),                STAYS),
    row(Cancel,           PARTIES,                                        &[Proposed, AwaitingDeposit],                                               Always,                    ENDED),
    row(Cancel,           &[Buyer],                                       &[P::Moderation],                                                           If(BuyerMayCancelNow),     ENDED),
    row(Cancel,           &[Seller],                                      &[P::Moderation],                                                           Always,                    ENDED),
    row(Cancel,           &[Buyer],                                       ACTIVE,                                                                     If(BuyerMayCancelNow),     ENDED),
    row(Cancel,           &[Seller],                                      ACTIVE,                                                                     If(MayCancelFunded),       ENDED),
    row(Cancel,           &[Operator],                                    BEFORE_DISPUTE,                                                             Always,                    ENDED),
    row(CancelWithFault,  &[Operator],                                    BEFORE_DISPUTE,                                                             Always,                    ENDED),
    row(OpenDispute,      &[Buyer],                                       &[AwaitingPerformance],                                                     If(MayDispute),            &[Disputed]),
    row(OpenDispute,      PARTIES,                                        &[Performing, AwaitingAcceptance],                                          If(MayDispute),            &[Disputed]),
    row(ProposeAward,     PARTIES,                                        AGREEABLE,                                                                  Always,                    STAYS),
    row(ProposeAward,     PARTIES,                                        &[P::Moderation],                                                           If(Funded),                STAYS),
    row(AcceptAward,      PARTIES,                                        AGREEABLE,                                                                  If(OfferMade),             ENDED),
    row(AcceptAward,      PARTIES,                                        &[P::Moderation],                                                           Both(Funded, OfferMade),   ENDED),
    row(GiveBack,         SELLERS,                                        AGREEABLE,                                                                  Always,                    STAYS),
    row(GiveBack,         SELLERS,                                        &[P::Moderation],                                                           If(Funded),                STAYS),
    row(WithdrawDispute,  PARTIES,                                        &[Disputed],                                                                If(MayWithdraw),           ACTIVE),
    row(Escalate,         STAFF_TOO,                                      &[Disputed],                                                                Always,           STAYS),
    row(FileClaim,        PARTIES,                                        &[Disputed],                                                                If(InArbitration),         STAYS),
    row(Rule,             &[Arbiter],                                     &[Disputed],                                                                If(InArbitration),         ENDED),
    row(AppointArbiter,   &[Operator],                                    BEFORE_CLEARING,                                                            Always,                    STAYS),
    row(Answer,           &[Gateway],                                     &[Proposed, P::Moderation, Disputed],                                       Always,                    ENDED),
    row(Answer,           &[Gateway],                                     &[AwaitingDeposit, AwaitingPerformance],                                    Always,                    CAPTURED),
    row(Answer,           &[Gateway],                                     &[Paying],                                                                  Always,                    &[Closed]),
    row(Answer,           &[Gateway],                                     &[Performing, AwaitingAcceptance, Clearing, Closed],                        Always,                    STAYS),
    row(SetDestination,   &[Buyer, Seller, Partner, Arbiter, Operator],   ALL_BUT_PAYING,                                                             Always,                    STAYS),
    row(SetDestination,   &[Buyer, Seller, Partner, Arbiter, Operator],   &[Paying],                                                                  Always,                    &[Closed]),
    row(RedirectRefund,   &[Buyer, Seller, Operator],                     ALL_BUT_PAYING,                                                             Always,                    STAYS),
    row(RedirectRefund,   &[Buyer, Seller, Operator],                     &[Paying],                                                                  Always,                    &[Closed]),
    row(Chargeback,       &[Gateway],                                     &[Proposed, AwaitingDeposit, P::Moderation, AwaitingPerformance, Disputed], Always,                    ENDED),
    row(Chargeback,       &[Gateway],                                     &[Performing, AwaitingAcceptance, Clearing, Closed],                        Always,                    STAYS),
    row(Chargeback,       &[Gateway],                                     &[Paying],                                                                  Always,                    &[Closed]),
    row(Returned,         &[Gateway],                                     ANY,                                                                        Always,                    STAYS),
    row(SettleReceivable, &[Gateway, Operator],                           ANY,                                                                        Always,                    STAYS),
    row(Extend,           &[Operator],                                    BEFORE_PAYING,                                                              Always,                    STAYS),
    row(Post,             &[Buyer, Seller, Operator, Arbiter],            NOT_CLOSED,                                                                 Always,                    STAYS),
    row(Wake,             &[Clock],                                       ANY,                                                                        Always,                    STAYS),
];

type Grid = [[[Permit; Role::ALL.len()]; P::ALL.len()]; CommandKind::ALL.len()];

/// The rows as a grid: command × phase × role. Evaluated by the compiler, which refuses two rows for one cell.
#[expect(
    clippy::as_conversions,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "runs at compile time only: a mistake is a compile error"
)]
const fn expand() -> Grid {
    let mut grid = [[[Permit::WrongRole; Role::ALL.len()]; P::ALL.len()]; CommandKind::ALL.len()];
    let mut r = 0;
    while r < ROWS.len() {
        let row = &ROWS[r];
        let mut b = 0;
        while b < row.by.len() {
            // a role that some row names may, in another phase
            let mut p = 0;
            while p < P::ALL.len() {
                let cell = &mut grid[row.command as usize][p][row.by[b] as usize];
                if matches!(*cell, Permit::WrongRole) {
                    *cell = Permit::WrongPhase;
                }
                p += 1;
            }
            let mut w = 0;
            while w < row.within.len() {
                let cell = &mut grid[row.command as usize][row.within[w] as usize][row.by[b] as usize];
                assert!(matches!(*cell, Permit::WrongPhase), "two rows for one cell");
                *cell = row.permit;
                w += 1;
            }
            b += 1;
        }
        r += 1;
    }
    grid
}

static GRID: Grid = expand();

/// What the table says of one cell, before any guard is looked at.
#[expect(
    clippy::as_conversions,
    clippy::indexing_slicing,
    reason = "the grid has a cell for every variant of the three field-less enums"
)]
pub const fn cell(command: CommandKind, phase: P, role: Role) -> Permit {
    GRID[command as usize][phase as usize][role as usize]
}

/// Where a command of this role may lead from this phase, besides leaving it as it is. Deadlines that are due before the
/// command are not counted: they lead where they lead.
pub fn leads(command: CommandKind, phase: P, role: Role) -> &'static [P] {
    let of = |row: &&Row| row.command == command && row.within.contains(&phase) && row.by.contains(&role);
    ROWS.iter().find(of).map_or(&[], |row| row.leads)
}

/// May this role do this now?
pub(super) fn permit(deal: &Deal, command: CommandKind, role: Role) -> Result<(), Rejection> {
    let phase = deal.phase().kind();
    cell(command, phase, role).check(deal, command, phase, role)
}

impl Permit {
    /// What this cell says of the deal as it is; command, phase and role are the cell's, for the rejection.
    pub(super) fn check(
        self,
        deal: &Deal,
        command: CommandKind,
        phase: P,
        role: Role,
    ) -> Result<(), Rejection> {
        match self {
            Self::Always => Ok(()),
            Self::If(guard) if guard.holds(deal, role) => Ok(()),
            Self::If(guard) => Err(Rejection::Guard(guard)),
            Self::Both(first, then) => Self::If(first)
                .check(deal, command, phase, role)
                .and_then(|()| Self::If(then).check(deal, command, phase, role)),
            Self::WrongRole => Err(Rejection::WrongRole { role, command }),
            Self::WrongPhase => {
                Err(Rejection::WrongPhase { role, command, phase, passed: deal.too_late(command, role) })
            }
        }
    }
}
