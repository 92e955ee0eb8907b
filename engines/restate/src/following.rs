//! What machines tell one another: deliveries, and deals that are followed.
//!
//! Whatever cannot be taken now is put off by a delayed call, so that no key ever waits for another.

use std::fmt::Display;

use escrow::deposit::IdempotencyKey;
use escrow::port::{Clock, PaymentGateway};
use escrow::uuid::Uuid;
use escrow::{Actor, Context, Deal, TxId};
use escrow_host::Problem;
use escrow_market::follow::MachineId;
use restate_sdk::context::RequestTarget;
use restate_sdk::prelude::*;

use crate::alarm;
use crate::kept::{Delivered, Kept, target};
use crate::messages::{Delivery, Hear};
use crate::turn::{Failed, Task, Turn, terminal};

/// The state key of who follows it.
const FOLLOWERS: &str = "followers";

impl<G, C> Turn<'_, G, C>
where
    G: PaymentGateway<Error: Display>,
    C: Clock + Sync,
{
    pub(crate) async fn deliver<M: Kept>(&self, delivery: Delivery) -> HandlerResult<Json<bool>> {
        let Some(meaning) = M::delivered(&delivery.follow.command) else {
            let detail = "It is addressed to a machine of another kind.";
            return Err(terminal(&Problem::new(422, "misaddressed", "The request is wrong", detail)));
        };
        let known = self.stored::<M>().await?;
        let actor = delivery.follow.actor().unwrap_or_else(|| self.engine.operator.clone());
        let done = match (meaning, known) {
            (Delivered::Open(_), Some(machine)) => Ok(machine.name()),
            (Delivered::Open(opening), None) => {
                self.begin::<M>(opening, actor, Vec::new()).await.map(|_| Some(delivery.follow.to))
            }
            (Delivered::Command(_) | Delivered::Read(_), None) => {
                return self.deliver_later::<M>(delivery, "the machine is not open yet").await;
            }
            (Delivered::Command(command), Some(machine)) => self.command(machine, command, actor).await,
            (Delivered::Read(read), Some(machine)) => match read(&machine) {
                Some(command) => self.command(machine, command, actor).await,
                None => Ok(machine.name()),
            },
        };
        match done {
            Ok(name) => {
                self.follows(name, delivery.from).await?;
                Ok(Json(true))
            }
            Err(Failed::Rejected(rejection)) => {
                let problem = M::problem(&rejection);
                self.deliver_later::<M>(delivery, &problem.code).await
            }
            Err(Failed::Handler(error)) => Err(error),
        }
    }

    async fn command<M: Kept>(
        &self,
        machine: M,
        command: M::Command,
        actor: Actor,
    ) -> Result<Option<MachineId>, Failed<M::Rejection>> {
        let (now, name) = (self.now().await?, machine.name());
        let task = Task::Command(command, Context::new(now, actor));
        self.run(machine, task, now).await.map(|_| name)
    }

    /// A machine that is not open yet, or refuses it, may take it later: it is sent again, and holds nothing else up.
    async fn deliver_later<M: Kept>(&self, mut delivery: Delivery, why: &str) -> HandlerResult<Json<bool>> {
        let now = self.now().await?;
        delivery.tries = delivery.tries.saturating_add(1);
        let wait = alarm::after(self.engine.backoff.next(self.key(), delivery.tries, now), now);
        let target = RequestTarget::object(M::SERVICE, self.ctx.key(), "deliver");
        let request = self.ctx.request::<_, ()>(target, Json(delivery));
        // for whoever looks at what waits
        let _ = request.header("escrow-undelivered".to_owned(), why.to_owned()).send_after(wait);
        Ok(Json(false))
    }

    /// A deal that is told something is followed from then on by whoever told it.
    async fn follows(&self, name: Option<MachineId>, from: Option<MachineId>) -> HandlerResult<()> {
        if let (Some(MachineId::Deal(deal)), Some(from)) = (name, from)
            && self.add(from).await?
        {
            self.tell_follower(from, deal);
        }
        Ok(())
    }

    /// Follows a deal from now on, also one that is not open yet.
    pub(crate) async fn followed_by<M: Kept>(&self, follower: MachineId) -> HandlerResult<()> {
        let is_new = self.add(follower).await?;
        if let Some(MachineId::Deal(deal)) = self.stored::<M>().await?.and_then(|machine| machine.name())
            && is_new
        {
            self.tell_follower(follower, deal);
        }
        Ok(())
    }

    /// Whether it did not follow before.
    pub(crate) async fn add(&self, follower: MachineId) -> HandlerResult<bool> {
        let mut followers = self.followers().await?;
        let is_new = !followers.contains(&follower);
        if is_new {
            followers.push(follower);
            self.ctx.set(FOLLOWERS, Json(followers));
        }
        Ok(is_new)
    }

    pub(crate) async fn followers(&self) -> HandlerResult<Vec<MachineId>> {
        let known = self.ctx.get::<Json<Vec<MachineId>>>(FOLLOWERS).await?;
        Ok(known.map(Json::into_inner).unwrap_or_default())
    }

    pub(crate) fn tell_follower(&self, follower: MachineId, deal: escrow::DealId) {
        let (service, key) = target(follower);
        let hear = Json(Hear { deal, tries: 0 });
        let _ = self.ctx.request::<_, ()>(RequestTarget::object(service, key, "hear"), hear).send();
    }

    /// Hears of a deal: reads it, as it is by now, and does what that means.
    pub(crate) async fn hear<M: Kept>(&self, hear: Hear) -> HandlerResult<Json<bool>> {
        let target = RequestTarget::object(Deal::SERVICE, hear.deal.to_string(), "state");
        let Json(deal) = self.ctx.request::<(), Json<Deal>>(target, ()).call().await?;
        let mut heard = true;
        let commands = match self.stored::<M>().await? {
            Some(machine) => machine.hears(&deal),
            None => {
                heard = false;
                Vec::new()
            }
        };
        for command in commands {
            let machine = self.loaded::<M>().await?;
            let now = self.now().await?;
            match self.run(machine, Task::Command(command, Context::clock(now)), now).await {
                Ok(_) => {}
                Err(Failed::Rejected(_)) => heard = false,
                Err(Failed::Handler(error)) => return Err(error),
            }
        }
        if !heard {
            let (now, tries) = (self.now().await?, hear.tries.saturating_add(1));
            let wait = alarm::after(self.engine.backoff.next(self.key(), tries, now), now);
            let target = RequestTarget::object(M::SERVICE, self.ctx.key(), "hear");
            let _ = self.ctx.request::<_, ()>(target, Json(Hear { tries, ..hear })).send_after(wait);
        }
        Ok(Json(heard))
    }

    fn key(&self) -> IdempotencyKey {
        IdempotencyKey::new(Uuid::parse_str(self.ctx.key()).unwrap_or_default(), TxId::new(0))
    }
}
