//! Delayed calls of a machine to itself: to be woken, and to ask again about orders.
//!
//! A delayed call cannot be taken back, so each looks whether it still matters. A machine notes the earliest that is on its
//! way, and sends another one only where that would come too late: deadlines that move back and forth pile up no calls.

use std::time::Duration;

use escrow::Time;
use escrow::deposit::TxId;
use restate_sdk::context::RequestTarget;
use restate_sdk::prelude::*;

use crate::engine::Inner;
use crate::kept::Kept;
use crate::messages::Wake;

/// The state key of the deadline at which the earliest wake on its way comes.
const ALARM: &str = "alarm";
/// The state key of how often the orders without an answer were asked about: there where a question is on its way.
const ASKED: &str = "asked";

pub(crate) fn after(at: Time, now: Time) -> Duration {
    Duration::from_millis(at.millis_since(now))
}

/// Whether this wake is the one that is waited for. Then it is not on its way any more.
pub(crate) async fn rings(ctx: &ObjectContext<'_>, wake: Wake) -> HandlerResult<bool> {
    let alarm = ctx.get::<Json<Time>>(ALARM).await?.map(Json::into_inner);
    let rings = alarm == Some(wake.at);
    if rings {
        ctx.clear(ALARM);
    }
    Ok(rings)
}

/// Whether this question is the one that is waited for.
pub(crate) async fn asks(ctx: &ObjectContext<'_>, asked: u32) -> HandlerResult<bool> {
    Ok(ctx.get::<Json<u32>>(ASKED).await?.map(Json::into_inner) == Some(asked))
}

/// A wake is on its way that comes in time.
pub(crate) async fn set<M: Kept>(ctx: &ObjectContext<'_>, machine: &M, now: Time) -> HandlerResult<()> {
    let Some(deadline) = machine.next_deadline() else { return Ok(()) };
    let alarm = ctx.get::<Json<Time>>(ALARM).await?.map(Json::into_inner);
    if alarm.is_none_or(|alarm| deadline < alarm) {
        ctx.set(ALARM, Json(deadline));
        let target = RequestTarget::object(M::SERVICE, ctx.key(), "wake");
        let _ = ctx.request::<_, ()>(target, Json(Wake { at: deadline })).send_after(after(deadline, now));
    }
    Ok(())
}

/// Where an order has no answer, a question is on its way; `asked`: the one that has just been asked.
pub(crate) async fn ask_again<M: Kept, G, C>(
    ctx: &ObjectContext<'_>,
    engine: &Inner<G, C>,
    machine: &M,
    asked: Option<u32>,
    now: Time,
) -> HandlerResult<()> {
    let on_its_way = ctx.get::<Json<u32>>(ASKED).await?.is_some();
    let Some(order) = machine.unanswered_from(TxId::new(0)) else {
        if on_its_way {
            ctx.clear(ASKED);
        }
        return Ok(());
    };
    if on_its_way && asked.is_none() {
        return Ok(());
    }
    let next = asked.unwrap_or(0).saturating_add(1);
    ctx.set(ASKED, Json(next));
    let target = RequestTarget::object(M::SERVICE, ctx.key(), "ask");
    let wait = after(engine.backoff.next(order.key, next, now), now);
    let _ = ctx.request::<_, ()>(target, Json(next)).send_after(wait);
    Ok(())
}
