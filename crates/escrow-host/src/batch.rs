//! Machines that are woken together: loaded by one query, judged in memory, committed in one transaction. Whatever is not
//! plain with one of them is done for that one alone, as any command is.

use std::fmt::Display;

use escrow::agent::{Act, ActError, Acted, Agent, Need};
use escrow::port::{
    Aggregate, Backlog, Clock, Commit, CommitError, Incident, MachineKey, PaymentGateway, Repository,
};
use escrow::{Actor, Caller, Time};

use crate::Host;
use crate::figures::count;
use crate::heard::Notes;

/// How far a machine has come together with others.
#[derive(Debug)]
pub(crate) enum Woken<M: Aggregate> {
    /// It is woken, and nothing is left to do.
    Done,
    /// The rest is done for it alone: its orders, or all of it again where somebody was faster.
    GoOn(Box<Act<M>>),
    /// It cannot be woken, which is noted.
    Failed,
}

fn wake<M: Aggregate>(id: M::Id) -> Act<M> {
    Act::new(id, M::wake(), Caller::from(Actor::Clock))
}

impl<R: Backlog, G: PaymentGateway<Error: Display>, C: Clock + Sync> Host<R, G, C> {
    /// Wakes machines together, each with a version check of its own.
    pub(crate) async fn wake_all<M: Aggregate>(&self, ids: &[M::Id]) -> Vec<(M::Id, Woken<M>)>
    where
        R: Repository<M, Error: Display>,
    {
        let mut notes = Notes::default();
        let mut woken = Vec::with_capacity(ids.len());
        match self.repository.load_all(ids).await {
            Ok(loaded) => {
                let now = self.clock.now();
                for (id, machine) in ids.iter().zip(loaded) {
                    woken.push((*id, self.judge(*id, machine, now, &mut notes)));
                }
            }
            // each finds out for itself
            Err(_) => woken.extend(ids.iter().map(|id| (*id, alone(*id)))),
        }
        self.commit_woken(&mut woken).await;
        self.note(notes).await;
        woken
    }

    /// Judges what was loaded of a machine, and stages what follows.
    fn judge<M: Aggregate, E: Display>(
        &self,
        id: M::Id,
        loaded: Result<Option<M>, E>,
        now: Time,
        notes: &mut Notes,
    ) -> Woken<M> {
        let mut act = wake::<M>(id);
        let (what, why) = match loaded {
            Ok(Some(machine)) => match act.loaded(machine, now) {
                Ok(()) => return Woken::GoOn(Box::new(act)),
                Err((_, rejection)) => {
                    count(&self.counters.rejected);
                    ("wake-refused", rejection.to_string())
                }
            },
            // it was listed a moment ago
            Ok(None) => {
                count(&self.counters.rejected);
                return Woken::Failed;
            }
            Err(error) => {
                count(&self.counters.storage_errors);
                ("unreadable", error.to_string())
            }
        };
        let machine = Some(MachineKey::new(M::KIND, id));
        notes.incidents.push(Incident { at: now, machine, what: what.to_owned(), detail: why });
        Woken::Failed
    }

    /// Commits what is staged, all in one transaction.
    async fn commit_woken<M: Aggregate>(&self, woken: &mut [(M::Id, Woken<M>)])
    where
        R: Repository<M>,
    {
        let commits: Vec<Commit<'_, M>> = woken.iter().filter_map(|(_, woken)| staged(woken)).collect();
        let answers =
            if commits.is_empty() { Ok(Vec::new()) } else { self.repository.commit_all(&commits).await };
        drop(commits);
        let mut answers = answers.ok().map(Vec::into_iter);
        for (id, woken) in woken {
            let was_staged = staged(woken).is_some();
            let Woken::GoOn(act) = &mut *woken else { continue };
            if was_staged {
                match answers.as_mut().and_then(Iterator::next) {
                    Some(Ok(())) => act.committed(),
                    Some(Err(CommitError::Conflict)) => {
                        count(&self.counters.conflicts);
                        // the first in a row: it is loaded again
                        let _ = act.conflict();
                    }
                    // what became of it is seen by whoever loads it
                    Some(Err(CommitError::Unknown(_))) | None => **act = wake(*id),
                }
            }
            if is_done(act) {
                count(&self.counters.commands);
                *woken = Woken::Done;
            }
        }
    }

    /// The rest of what was begun together.
    ///
    /// # Errors
    /// [`ActError`].
    pub(crate) async fn go_on<M: Aggregate>(
        &self,
        act: Act<M>,
    ) -> Result<Acted<M>, ActError<<R as Repository<M>>::Error, M::Rejection>>
    where
        R: Repository<M>,
    {
        let run = self.run::<M::Id>(act.id(), Vec::new());
        let agent = Agent::new(&self.clock, &run).observed_by(&run);
        let done = agent.drive(&self.repository, act).await;
        self.finish(run, done).await
    }
}

fn alone<M: Aggregate>(id: M::Id) -> Woken<M> {
    Woken::GoOn(Box::new(wake(id)))
}

fn staged<M: Aggregate>(woken: &Woken<M>) -> Option<Commit<'_, M>> {
    match woken {
        Woken::Done | Woken::Failed => None,
        Woken::GoOn(act) => match act.need() {
            Need::Commit(commit) => Some(commit),
            Need::Load(_) | Need::Execute(_) | Need::Done => None,
        },
    }
}

fn is_done<M: Aggregate>(act: &Act<M>) -> bool {
    match act.need() {
        Need::Done => true,
        Need::Load(_) | Need::Commit(_) | Need::Execute(_) => false,
    }
}
