//! What a host does for its clients: a job after the other, each until it is answered. On a conflict, or where a commit
//! is not known to be written, it reloads, resumes, and tries again.

use std::sync::{Arc, Mutex, PoisonError};

use escrow::deal::Guard;
use escrow::{AgentError, Caller, Command, Deal, Rejection, Terms, agent};
use escrow_testing::SinkFault;

use super::world::{Host, HostClock};
use crate::common::id;

/// Something that a client wants.
#[derive(Clone, Debug)]
pub enum Job {
    Open(Arc<Terms>, Caller),
    Do(Caller, Command),
    Resume,
}

/// What the client was told: done, or why not.
pub type Answer = Result<(), String>;

/// What a host was told of each of its jobs: the clients know it, and so it survives a crash.
pub type Told = Arc<Mutex<Vec<Answer>>>;

/// Works off the jobs that are not answered yet. A host that has crashed resumes the deal first.
pub async fn work(host: Host, jobs: Arc<[Job]>, told: Told, recovers: bool) -> Result<(), String> {
    if recovers && host.load().await.is_ok() {
        resume(&host).await?;
    }
    let answered = told.lock().unwrap_or_else(PoisonError::into_inner).len();
    for job in jobs.iter().skip(answered) {
        let answer = answer(&host, job).await?;
        told.lock().unwrap_or_else(PoisonError::into_inner).push(answer);
    }
    Ok(())
}

async fn answer(host: &Host, job: &Job) -> Result<Answer, String> {
    let agent = agent::Agent::new(HostClock(host.clock.clone()), host.clone());
    let mut sink = host.clone();
    loop {
        let result = match job {
            Job::Open(terms, caller) => {
                agent.open(&mut sink, id(), terms.clone(), caller.clone()).await.map(|_| ())
            }
            Job::Do(caller, command) => {
                let mut deal = loaded(host).await?;
                agent.submit(&mut sink, &mut deal, command, caller.clone()).await.map(|_| ())
            }
            Job::Resume => return resume(host).await.map(Ok),
        };
        match result {
            Ok(()) => return Ok(Ok(())),
            // the id is taken: by somebody else, or by this very client before the crash
            Err(AgentError::Conflict) if matches!(job, Job::Open(..)) => return Ok(Err("taken".to_owned())),
            Err(AgentError::Conflict | AgentError::Unknown(_)) => resume(host).await?,
            Err(AgentError::Rejected(why)) if is_soon_over(&why) => resume(host).await?,
            Err(AgentError::Rejected(why)) => return Ok(Err(why.code().to_owned())),
            Err(other) => return Err(format!("{job:?}: {other}")),
        }
    }
}

/// What waits for an answer of the gateway only: once it has answered, the same command is judged anew.
pub const fn is_soon_over(why: &Rejection) -> bool {
    matches!(
        why,
        Rejection::CaptureUnanswered
            | Rejection::AttemptUnanswered
            | Rejection::Guard(Guard::CaptureConfirmed)
    )
}

async fn loaded(host: &Host) -> Result<Deal, String> {
    host.load().await.map_err(|e| format!("the journal cannot be read: {e}"))
}

async fn resume(host: &Host) -> Result<(), String> {
    let agent = agent::Agent::new(HostClock(host.clock.clone()), host.clone());
    let mut sink = host.clone();
    loop {
        let Ok(mut deal) = host.load().await else {
            // an opening that was not written after all
            return Ok(());
        };
        match agent.resume(&mut sink, &mut deal).await {
            Ok(_) => return Ok(()),
            Err(AgentError::Conflict | AgentError::Unknown(_)) => {}
            Err(other) => return Err(format!("resuming: {other}")),
        }
    }
}

/// Lets time pass and the gateway answer until nothing is left to do.
pub fn finish(host: &Host) -> Result<Deal, String> {
    let agent = agent::blocking::Agent::new(HostClock(host.clock.clone()), host.clone());
    for _ in 0..100 {
        let mut deal =
            host.with(|o| o.sink.load(id())).map_err(|e| format!("the journal cannot be read: {e}"))?;
        if !deal.has_pending() {
            match deal.next_deadline() {
                Some(due) => host.clock.set(due.max(deal.last_at())),
                None => return Ok(deal),
            }
        }
        match agent.resume(&mut host.clone(), &mut deal) {
            Ok(_) | Err(AgentError::Unknown(_)) => {}
            Err(other) => return Err(format!("finishing: {other}")),
        }
    }
    Err("never done".to_owned())
}

/// The same work by the blocking agent, for a thread of its own.
pub fn work_blocking(host: &Host, jobs: &[Job]) {
    let agent = agent::blocking::Agent::new(HostClock(host.clock.clone()), host.clone());
    let load = || host.with(|o| o.sink.load(id())).unwrap();
    let resume = || loop {
        match agent.resume(&mut host.clone(), &mut load()) {
            Ok(_) => break,
            Err(AgentError::<SinkFault>::Conflict) => {}
            Err(other) => panic!("{other}"),
        }
    };
    for job in jobs {
        let Job::Do(caller, command) = job else { continue };
        loop {
            match agent.submit(&mut host.clone(), &mut load(), command, caller.clone()) {
                Err(AgentError::Conflict) => resume(),
                Err(AgentError::Rejected(why)) if is_soon_over(&why) => resume(),
                Ok(_) | Err(AgentError::Rejected(_)) => break,
                Err(other) => panic!("{other}"),
            }
        }
    }
}
