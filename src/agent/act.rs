//! A command from the repository back into it, without its ports: load, judge, commit, and judge again on a conflict.

use super::cursor::Cursor;
use super::stepper::{Caller, Receipt};
use crate::deal::command::Answered;
use crate::deal::{Deal, PendingOrder, Rejection};
use crate::deposit::TxId;
use crate::machine::Context;
use crate::port::{Aggregate, Commit};
use crate::{Actor, Time};

/// How often in a row somebody else may be faster before [`Act`] gives up.
const MOST_CONFLICTS: u32 = 16;

/// What was done, and the machine after it.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Acted<M: Aggregate = Deal> {
    /// The machine as it is stored now.
    pub after: M,
    /// From where to where.
    pub receipt: Receipt,
}

/// What [`Act`] needs next.
#[derive(Debug)]
pub enum Need<'s, M: Aggregate = Deal> {
    /// The stored machine: give it to [`Act::loaded`].
    Load(M::Id),
    /// This, committed: then call [`Act::committed`], or [`Act::conflict`].
    Commit(Commit<'s, M>),
    /// This, carried out by the gateway: then call [`Act::executed`].
    Execute(PendingOrder<'s>),
    /// Nothing.
    Done,
}

/// One command to one machine, or its [wake](Aggregate::wake): loads it, judges, commits, executes, and begins again from
/// the stored machine where somebody else was faster. What was asked is never lost to a race, and neither is an answer of
/// the gateway's. Owns no port.
#[derive(Debug)]
#[must_use = "it does nothing until it is stepped to its end"]
pub struct Act<M: Aggregate> {
    id: M::Id,
    command: M::Command,
    caller: Caller,
    scope: Scope,
    at: Option<(M, Cursor<M>)>,
    from_version: u64,
    /// Whether what was asked is in the journal, or stood there already.
    committed: bool,
    /// The answer that is being committed.
    answer: Option<(TxId, Answered)>,
    /// Carried over from before a conflict.
    cursor: Option<Cursor<M>>,
    conflicts: u32,
}

/// Which orders a run executes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Scope {
    None,
    Own,
    All,
}

impl<M: Aggregate> Act<M> {
    /// A command, and the orders that it makes.
    pub fn new(id: M::Id, command: M::Command, caller: Caller) -> Self {
        Self::over(id, command, caller, Scope::Own)
    }

    /// A command alone; its orders wait for whoever resumes the machine.
    pub fn commit_only(id: M::Id, command: M::Command, caller: Caller) -> Self {
        Self::over(id, command, caller, Scope::None)
    }

    /// What is due, and every order without an answer.
    pub fn resume(id: M::Id) -> Self {
        Self::over(id, M::wake(), Caller::from(Actor::Clock), Scope::All)
    }

    fn over(id: M::Id, command: M::Command, caller: Caller, scope: Scope) -> Self {
        Self {
            id,
            command,
            caller,
            scope,
            at: None,
            from_version: 0,
            committed: false,
            answer: None,
            cursor: None,
            conflicts: 0,
        }
    }

    /// What is needed next.
    pub fn need(&self) -> Need<'_, M> {
        let Some((machine, cursor)) = &self.at else {
            return Need::Load(self.id);
        };
        if let Some(commit) = cursor.commit(machine) {
            return Need::Commit(commit);
        }
        match self.scope {
            Scope::None => Need::Done,
            Scope::Own | Scope::All => cursor.order(machine).map_or(Need::Done, Need::Execute),
        }
    }

    /// The stored machine: what was asked is judged on it, or the answer that met the conflict.
    ///
    /// # Errors
    /// The machine refuses what was asked; the number names the order whose answer it refuses.
    pub fn loaded(&mut self, machine: M, now: Time) -> Result<(), (Option<TxId>, M::Rejection)> {
        let mut cursor = match self.cursor.take() {
            Some(mut cursor) => {
                cursor.reloaded(&machine);
                cursor
            }
            None => match self.scope {
                Scope::None | Scope::Own => Cursor::of_its_own(&machine),
                Scope::All => Cursor::of_all(&machine),
            },
        };
        let judged = if self.committed {
            match self.answer.clone() {
                Some((order, result)) => {
                    cursor.answered(&machine, order, result, now).map_err(|e| (Some(order), e))
                }
                None => Ok(()),
            }
        } else {
            self.from_version = machine.version();
            cursor.stage(&machine, &self.command, &self.context(now)).map_err(|e| (None, e))
        };
        if cursor.staged.is_none() {
            // it stands already, or is refused
            self.answer = None;
            self.committed |= judged.is_ok();
        }
        self.at = Some((machine, cursor));
        judged
    }

    /// It is durable.
    pub fn committed(&mut self) {
        if let Some((machine, cursor)) = &mut self.at {
            cursor.committed(machine);
        }
        self.committed = true;
        self.answer = None;
        self.conflicts = 0;
    }

    /// Somebody else was faster. `Some`: load it again, for so many times have they been faster in a row; `None`: that is
    /// often enough.
    pub fn conflict(&mut self) -> Option<u32> {
        self.conflicts = self.conflicts.saturating_add(1);
        if self.conflicts > MOST_CONFLICTS {
            return None;
        }
        if let Some((_, cursor)) = self.at.take()
            && self.committed
        {
            self.cursor = Some(cursor);
        }
        Some(self.conflicts)
    }

    /// The order was carried out, or not: `None` is not known, and it stays pending.
    ///
    /// # Errors
    /// The machine refuses the answer: it names the order.
    pub fn executed(&mut self, answer: Option<Answered>, now: Time) -> Result<(), (TxId, M::Rejection)> {
        let Some((machine, cursor)) = &mut self.at else { return Ok(()) };
        let Some(order) = cursor.order(machine).map(|order| order.number()) else { return Ok(()) };
        cursor.passed(order);
        let Some(result) = answer else { return Ok(()) };
        let judged = cursor.answered(machine, order, result.clone(), now);
        self.answer = cursor.staged.is_some().then_some((order, result));
        judged.map_err(|e| (order, e))
    }

    /// Whether what was asked is in the journal, or stood there already.
    pub const fn is_committed(&self) -> bool {
        self.committed
    }

    pub(super) const fn known(&self) -> Committed {
        if self.committed { Committed::Yes } else { Committed::No }
    }

    /// Which machine.
    pub const fn id(&self) -> M::Id {
        self.id
    }

    /// What is asked.
    pub const fn command(&self) -> &M::Command {
        &self.command
    }

    /// Whether a rejection is a refused fact: the gateway or the tracker told it.
    pub const fn tells_a_fact(&self) -> bool {
        match self.caller.actor {
            Actor::Gateway | Actor::Tracker => true,
            Actor::Party(_) | Actor::Operator(_) | Actor::Moderator(_) | Actor::Clock => false,
        }
    }

    /// What was done, once nothing is needed.
    pub fn done(self) -> Option<Acted<M>> {
        let from_version = self.from_version;
        self.at.map(|(after, _)| Acted { receipt: Receipt::since(from_version, &after), after })
    }

    fn context(&self, now: Time) -> Context {
        self.caller.clone().at(now)
    }
}

/// What stopped a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Stopped<E> {
    /// Somebody else was faster, too often in a row.
    #[error("somebody else was faster, {MOST_CONFLICTS} times in a row")]
    Conflict,
    /// The storage failed.
    #[error("the storage failed")]
    Storage(#[source] E),
}

/// Whether what was asked is in the journal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Committed {
    /// It is, or it stood there already. What is left to do is done by whoever resumes the machine.
    Yes,
    /// It is not: nothing was written.
    No,
    /// It is not known: ask again with the same command, which is recognised where it was written.
    Unknown,
}

/// Why a command was not carried out, or not to its end. [`committed`](Self::committed) says which.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ActError<E, R = Rejection> {
    /// There is no machine with this id.
    #[error("there is nothing with this id")]
    NotFound,
    /// The machine refuses the command. Nothing was written, nothing was sent.
    #[error(transparent)]
    Rejected(R),
    /// The machine refuses the gateway's answer: they disagree about a fact, and a person has to look into it. What was
    /// asked is committed. Said although a later commit may have failed, too.
    #[error("the gateway's answer to transaction {transaction} is refused: {rejection}")]
    FactRefused {
        /// The order that was answered.
        transaction: TxId,
        /// Why the machine refuses the answer. The observer has heard of every one; this is the first.
        rejection: R,
        /// What stopped the run after that.
        then: Option<Stopped<E>>,
    },
    /// The run was stopped.
    #[error("{stopped}, and what was asked {}", committed.word())]
    Stopped {
        /// By what.
        #[source]
        stopped: Stopped<E>,
        /// Whether what was asked is in the journal.
        committed: Committed,
    },
}

impl Committed {
    const fn word(self) -> &'static str {
        match self {
            Self::Yes => "is committed",
            Self::No => "is not committed",
            Self::Unknown => "may be committed",
        }
    }
}

impl<E, R> ActError<E, R> {
    /// Whether what was asked is in the journal.
    pub const fn committed(&self) -> Committed {
        match self {
            Self::NotFound | Self::Rejected(_) => Committed::No,
            Self::FactRefused { .. } => Committed::Yes,
            Self::Stopped { committed, .. } => *committed,
        }
    }
}
