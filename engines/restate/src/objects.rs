//! The services: a virtual object for each kind of machine.

use std::fmt::Display;

use escrow::Deal;
use escrow::machine::Machine;
use escrow::port::{Clock, PaymentGateway};
use escrow_market::follow::MachineId;
use escrow_market::{Balance, Basket, Offer, Project, Store, Subscription};
use restate_sdk::prelude::*;

use crate::engine::Engine;
use crate::kept::Kept;
use crate::messages::{Act, Delivery, Done, Hear, Open, Wake};
use crate::turn::{Turn, look, state};

macro_rules! object {
    ($service:ident, $machine:ty) => {
        /// The machines of a kind, by their ids.
        pub(crate) struct $service<G, C>(pub(crate) Engine<G, C>);

        #[restate_sdk::object(client_visibility = "pub(crate)")]
        impl<G, C> $service<G, C>
        where
            G: PaymentGateway<Error: Display> + Send + 'static,
            C: Clock + Send + Sync + 'static,
        {
            /// Opens a machine under the key.
            #[handler]
            async fn open(
                &self,
                ctx: ObjectContext<'_>,
                open: Json<Open<<$machine as Kept>::Opening>>,
            ) -> HandlerResult<Json<Done>> {
                let turn = Turn { ctx: &ctx, engine: &self.0.0 };
                turn.open::<$machine>(open.into_inner()).await
            }

            /// Gives it a command.
            #[handler]
            async fn act(
                &self,
                ctx: ObjectContext<'_>,
                act: Json<Act<<$machine as Machine>::Command>>,
            ) -> HandlerResult<Json<Done>> {
                let turn = Turn { ctx: &ctx, engine: &self.0.0 };
                turn.act::<$machine>(act.into_inner()).await
            }

            /// Its own delayed call at a deadline: whether it still mattered.
            #[handler]
            async fn wake(&self, ctx: ObjectContext<'_>, wake: Json<Wake>) -> HandlerResult<Json<bool>> {
                let turn = Turn { ctx: &ctx, engine: &self.0.0 };
                turn.wake::<$machine>(wake.into_inner()).await
            }

            /// Its own delayed call about orders without an answer: whether it still mattered.
            #[handler]
            async fn ask(&self, ctx: ObjectContext<'_>, asked: Json<u32>) -> HandlerResult<Json<bool>> {
                let turn = Turn { ctx: &ctx, engine: &self.0.0 };
                turn.ask::<$machine>(asked.into_inner()).await
            }

            /// Takes what another machine tells: whether it was taken, and not put off.
            #[handler]
            async fn deliver(
                &self,
                ctx: ObjectContext<'_>,
                delivery: Json<Delivery>,
            ) -> HandlerResult<Json<bool>> {
                let turn = Turn { ctx: &ctx, engine: &self.0.0 };
                turn.deliver::<$machine>(delivery.into_inner()).await
            }

            /// Hears that a deal has changed: whether it was heard, and not put off.
            #[handler]
            async fn hear(&self, ctx: ObjectContext<'_>, hear: Json<Hear>) -> HandlerResult<Json<bool>> {
                let turn = Turn { ctx: &ctx, engine: &self.0.0 };
                turn.hear::<$machine>(hear.into_inner()).await
            }

            /// Is followed by another machine from now on: of a deal, the balance of a payee.
            #[handler]
            async fn followed_by(
                &self,
                ctx: ObjectContext<'_>,
                follower: Json<MachineId>,
            ) -> HandlerResult<()> {
                let turn = Turn { ctx: &ctx, engine: &self.0.0 };
                turn.followed_by::<$machine>(follower.into_inner()).await
            }

            /// How it stands.
            #[handler]
            async fn look(&self, ctx: SharedObjectContext<'_>) -> HandlerResult<Json<Done>> {
                look::<$machine>(&ctx).await
            }

            /// The whole machine, as the core writes it.
            #[handler]
            async fn state(&self, ctx: SharedObjectContext<'_>) -> HandlerResult<Json<$machine>> {
                state::<$machine>(&ctx).await
            }
        }
    };
}

object!(Deals, Deal);
object!(Offers, Offer);
object!(Stores, Store);
object!(Projects, Project);
object!(Baskets, Basket);
object!(Balances, Balance);
object!(Subscriptions, Subscription);
