//! Lists: every commit is written into a repository, which lists, searches, and compares journals with states.

use std::fmt::Display;

use escrow::Deal;
use escrow::machine::Recorded;
use escrow::port::{Aggregate, Backlog, Commit, CommitError, Incident, MachineKey, Repository};
use escrow_host::Problem;
use escrow_market::{Balance, Basket, Offer, Project, Store, Subscription};
use restate_sdk::context::RequestTarget;
use restate_sdk::prelude::*;

use crate::kept::Kept;
use crate::messages::{Note, Noted};
use crate::turn::terminal;

/// A repository of all kinds of machines, such as `escrow-sqlite`'s and `escrow-postgres`'.
pub trait Repositories:
    Backlog<Error: Display>
    + Repository<Deal, Error: Display>
    + Repository<Offer, Error: Display>
    + Repository<Store, Error: Display>
    + Repository<Project, Error: Display>
    + Repository<Basket, Error: Display>
    + Repository<Balance, Error: Display>
    + Repository<Subscription, Error: Display>
    + Send
    + Sync
    + 'static
{
}

impl<R> Repositories for R where
    R: Backlog<Error: Display>
        + Repository<Deal, Error: Display>
        + Repository<Offer, Error: Display>
        + Repository<Store, Error: Display>
        + Repository<Project, Error: Display>
        + Repository<Basket, Error: Display>
        + Repository<Balance, Error: Display>
        + Repository<Subscription, Error: Display>
        + Send
        + Sync
        + 'static
{
}

/// The service that writes the lists: one key for each machine, so that its commits come one after the other. They are as
/// fresh as the last message: whoever must know a machine as it is now asks the machine.
#[derive(Clone, Debug)]
pub struct Lists<R>(
    /// Where they are.
    pub R,
);

#[restate_sdk::object(client_visibility = "pub(crate)")]
impl<R: Repositories> Lists<R> {
    /// Writes a commit; one that is there already is no other one.
    #[handler]
    async fn note(&self, ctx: ObjectContext<'_>, note: Json<Note>) -> HandlerResult<Json<Noted>> {
        let note = note.into_inner();
        let Json(noted) = ctx.run(|| self.keep(&note)).name("commit").await?;
        match noted {
            Noted::Kept => {}
            Noted::Early => {
                let target = RequestTarget::object("Lists", ctx.key(), "note");
                let wait = std::time::Duration::from_secs(1);
                let _ = ctx.request::<_, ()>(target, Json(note)).send_after(wait);
            }
        }
        Ok(Json(noted))
    }
}

impl<R: Repositories> Lists<R> {
    async fn keep(&self, note: &Note) -> HandlerResult<Json<Noted>> {
        let noted = match note.kind.as_str() {
            Deal::KIND => self.commit::<Deal>(note).await?,
            Offer::KIND => self.commit::<Offer>(note).await?,
            Store::KIND => self.commit::<Store>(note).await?,
            Project::KIND => self.commit::<Project>(note).await?,
            Basket::KIND => self.commit::<Basket>(note).await?,
            Balance::KIND => self.commit::<Balance>(note).await?,
            Subscription::KIND => self.commit::<Subscription>(note).await?,
            _ => {
                let detail = "There are no machines of this kind.";
                return Err(terminal(&Problem::new(422, "kind", "The request is wrong", detail)));
            }
        };
        Ok(Json(noted))
    }

    async fn commit<M: Kept>(&self, note: &Note) -> HandlerResult<Noted>
    where
        R: Repository<M, Error: Display>,
    {
        let failed = |error: &dyn Display| std::io::Error::other(error.to_string());
        let after = serde_json::from_value::<M>(note.after.clone())?;
        let events = serde_json::from_value::<Vec<Recorded<M::Event>>>(note.events.clone())?;
        if !events.is_empty() {
            let mut commit = Commit::new(None, &events, &after, note.recorded_at);
            commit.expected_version = note.from_version;
            match Repository::<M>::commit(&self.0, commit).await {
                Ok(()) => {}
                Err(CommitError::Conflict) => {
                    let stored = Repository::<M>::load(&self.0, after.id()).await.map_err(|e| failed(&e))?;
                    if stored.is_none_or(|stored| stored.version() < after.version()) {
                        return Ok(Noted::Early);
                    }
                }
                Err(CommitError::Unknown(error)) => return Err(failed(&error).into()),
            }
        }
        let incident = |refused: &crate::Refused| Incident {
            at: note.recorded_at,
            machine: Some(MachineKey::new(M::KIND, after.id())),
            what: "fact-refused".to_owned(),
            detail: match refused.order {
                Some(order) => format!("order {order}: {}: {}", refused.code, refused.detail),
                None => format!("{}: {}", refused.code, refused.detail),
            },
        };
        let incidents: Vec<_> = note.refused.iter().map(incident).collect();
        if !incidents.is_empty() {
            self.0.incidents(incidents).await.map_err(|e| failed(&e))?;
        }
        Ok(Noted::Kept)
    }
}
