//! Who may do what, in which phase, on which condition: the only place that knows. It drives `transition`,
//! `Deal::allowed`, the diagrams and the tests.

use super::Deal;
use super::command::CommandKind::{self, *};
use super::guard::Guard::{self, *};
use super::phase::PhaseKind::{self as P, *};
use super::rejection::Rejection;
use crate::Role::{self, Arbiter, Buyer, Clock, Gateway, Moderator, Operator, Partner, Seller, Tracker};
use Permit::{Always, If};

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
}

struct Row {
    command: CommandKind,
    by: &'static [Role],
    within: &'static [P],
    permit: Permit,
}

const fn row(command: CommandKind, by: &'static [Role], within: &'static [P], permit: Permit) -> Row {
    Row { command, by, within, permit }
}

const PARTIES: &[Role] = &[Buyer, Seller];
const STAFF_TOO: &[Role] = &[Buyer, Seller, Operator];
const SELLERS: &[Role] = &[Seller, Operator];
const BEFORE_FUNDED: &[P] = &[Proposed, AwaitingDeposit, Moderation];
const ACTIVE: &[P] = &[AwaitingPerformance, Performing, AwaitingAcceptance];
const FUNDED: &[P] = &[AwaitingPerformance, Performing, AwaitingAcceptance, Disputed];
const BEFORE_PAYING: &[P] =
    &[Proposed, AwaitingDeposit, Moderation, AwaitingPerformance, Performing, AwaitingAcceptance, Disputed];
const BEFORE_DISPUTE: &[P] =
    &[Proposed, AwaitingDeposit, Moderation, AwaitingPerformance, Performing, AwaitingAcceptance];
const NOT_CLOSED: &[P] = &[
    Proposed,
    AwaitingDeposit,
    Moderation,
    AwaitingPerformance,
    Performing,
    AwaitingAcceptance,
    Disputed,
    Paying,
];
const ANY: &[P] = &P::ALL;

#[rustfmt::skip]
const ROWS: &[Row] = &[
    row(Amend,            STAFF_TOO,                              BEFORE_FUNDED,                       Always),
    row(Agree,            PARTIES,                                BEFORE_FUNDED,                       Always),
    row(RequestPayment,   PARTIES,                                BEFORE_PAYING,                       Always),
    row(ConfirmPayment,   &[Gateway],                             ANY,                                 Always),
    row(Remark,           &[Moderator],                           &[AwaitingDeposit, AwaitingPerformance], If(ModerationOn)),
    row(Remark,           &[Moderator],                           &[P::Moderation],                    Always),
    row(Approve,          &[Moderator],                           &[AwaitingDeposit, AwaitingPerformance], If(ModerationOn)),
    row(Approve,          &[Moderator],                           &[P::Moderation],                    If(AllAgreed)),
    row(Attach,           &[Buyer, Seller, Operator, Moderator, Arbiter], NOT_CLOSED,                  Always),
    row(SetTrack,         SELLERS,                                ACTIVE,                              Always),
    row(RemoveTrack,      SELLERS,                                ACTIVE,                              Always),
    row(RecordTracking,   &[Tracker],                             FUNDED,                              Always),
    row(RecordTracking,   &[Tracker],                             &[P::Moderation],                    If(Funded)),
    row(StartPerforming,  SELLERS,                                &[AwaitingPerformance],              If(CaptureConfirmed)),
    row(StopPerforming,   SELLERS,                                &[Performing],                       If(ToldByHand)),
    row(Submit,           &[Seller],                              &[AwaitingDeposit, AwaitingPerformance, Performing, AwaitingAcceptance], If(RevisionsLeft)),
    row(RequestChanges,   &[Buyer],                               &[AwaitingAcceptance],               If(ChangesLeft)),
    row(Accept,           &[Buyer],                               &[Performing, AwaitingAcceptance],   If(AcceptedByBuyer)),
    row(AcceptPart,       &[Buyer],                               &[Performing, AwaitingAcceptance],   If(PartialBuyoutAllowed)),
    row(Report,           PARTIES,                                &[Performing, Disputed],             If(AcceptedMutually)),
    row(IncurCost,        &[Seller, Partner, Operator],           FUNDED,                              Always),
    row(IncurCost,        &[Seller, Partner, Operator],           &[P::Moderation],                    If(Funded)),
    row(AddCharge,        STAFF_TOO,                              FUNDED,                              Always),
    row(AddCharge,        STAFF_TOO,                              &[P::Moderation],                    If(Funded)),
    row(Cancel,           PARTIES,                                BEFORE_FUNDED,                       Always),
    row(Cancel,           PARTIES,                                &[AwaitingPerformance],              If(MayCancelFunded)),
    row(Cancel,           &[Buyer],                               &[Performing, AwaitingAcceptance],   If(BuyerMayCancelNow)),
    row(Cancel,           &[Seller],                              &[Performing, AwaitingAcceptance],   If(MayCancelFunded)),
    row(Cancel,           &[Operator],                            BEFORE_DISPUTE,                      Always),
    row(CancelWithFault,  &[Operator],                            BEFORE_DISPUTE,                      Always),
    row(OpenDispute,      PARTIES,                                &[Performing, AwaitingAcceptance],   If(MayDispute)),
    row(ProposeAward,     PARTIES,                                &[Disputed],                         Always),
    row(AcceptAward,      PARTIES,                                &[Disputed],                         If(OfferMade)),
    row(WithdrawDispute,  PARTIES,                                &[Disputed],                         If(MayWithdraw)),
    row(FileClaim,        PARTIES,                                &[Disputed],                         If(InArbitration)),
    row(Rule,             &[Arbiter],                             &[Disputed],                         If(InArbitration)),
    row(AppointArbiter,   &[Operator],                            BEFORE_PAYING,                       Always),
    row(Answer,           &[Gateway],                             ANY,                                 Always),
    row(SetDestination,   &[Buyer, Seller, Partner, Arbiter, Operator], ANY,                                 Always),
    row(RedirectRefund,   &[Buyer, Seller, Operator],             ANY,                                 Always),
    row(Chargeback,       &[Gateway],                             ANY,                                 Always),
    row(Extend,           &[Operator],                            BEFORE_PAYING,                       Always),
    row(Post,             &[Buyer, Seller, Operator, Arbiter],    NOT_CLOSED,                          Always),
    row(Wake,             &[Clock],                               ANY,                                 Always),
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
            Self::WrongRole => Err(Rejection::WrongRole { role, command }),
            Self::WrongPhase => Err(Rejection::WrongPhase { role, command, phase }),
        }
    }
}
