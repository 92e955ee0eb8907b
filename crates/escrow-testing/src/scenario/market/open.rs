//! Machines are opened, each by whom it usually is.

use std::collections::BTreeSet;

use escrow::port::blocking::Repository;
use escrow::port::{Aggregate, Clock, Commit};
use escrow::terms::Terms;
use escrow::{Actor, Context, Deal, DealId, Time};
use escrow_market::project::ProjectTerms;
use escrow_market::subscription::SubscriptionTerms;
use escrow_market::{Balance, BalanceId, Basket, BasketId, Project, ProjectId, Subscription, SubscriptionId};
use serde_json::Value;
use uuid::Uuid;

use super::super::Who;
use super::super::look::compare;
use super::super::quotes::Quotes;
use super::super::run::text;
use super::Opening;
use super::names::Kind;
use super::run::{Market, Taken, stored};
use crate::{MemoryMachines, SinkFault};

impl Market<'_> {
    pub(super) fn open(&mut self, name: &str, opening: &Opening) {
        let Some((_, id)) = self.scenario.names.known(name) else { return };
        let now = self.agent.clock.now();
        let (actor, opened) = self.opening(id, opening, now);
        if let Err(refused) = &opened {
            self.refused.insert(name.to_owned(), refused.clone());
        }
        let expected = self.scenario.expect.get(name).and_then(|e| e.get("rejected")).and_then(Value::as_str);
        let code = opened.as_ref().err().map_or("accepted", |(code, _)| code);
        compare(
            &format!("{name}: creation"),
            expected.unwrap_or("accepted"),
            code,
            &mut self.report.differences,
        );
        self.note(name, &actor.to_string(), "open", opened, Quotes::default());
    }

    /// Opens a machine, by whom it is usually opened.
    fn opening(&mut self, id: Uuid, opening: &Opening, now: Time) -> (Actor, Taken) {
        let terms_error = |e: escrow::terms::TermsError| ("invalid-terms".to_owned(), format!("terms: {e}"));
        match opening {
            Opening::Deal { terms, proposed_by } => {
                let buyer = Actor::Party(terms.buyer.clone());
                let actor = match proposed_by {
                    None | Some(Who::Buyer) => buyer,
                    Some(Who::Seller) => Actor::Party(terms.seller.clone()),
                    Some(Who::Operator) => Actor::Operator(text("staff")),
                    Some(Who::Party(id)) => Actor::Party(id.clone()),
                    Some(_) => Actor::Clock,
                };
                let context = Context::new(now, actor.clone());
                let deal = Terms::new((**terms).clone()).map_err(terms_error).and_then(|terms| {
                    Deal::propose(DealId::new(id), terms, &context)
                        .map_err(|e| (e.code().to_owned(), e.to_string()))
                });
                (actor, self.keep(deal, now))
            }
            Opening::Project { terms, proposed_by } => {
                let actor = match proposed_by {
                    None | Some(Who::Customer | Who::Buyer) => Actor::Party(terms.customer.clone()),
                    Some(Who::Contractor | Who::Seller) => Actor::Party(terms.contractor.clone()),
                    Some(Who::Operator) => Actor::Operator(text("staff")),
                    Some(Who::Party(id)) => Actor::Party(id.clone()),
                    Some(_) => Actor::Clock,
                };
                let context = Context::new(now, actor.clone());
                let project = ProjectTerms::new((**terms).clone()).map_err(terms_error).and_then(|terms| {
                    Project::propose(ProjectId::new(id), terms, &context)
                        .map_err(|e| (e.code().to_owned(), e.to_string()))
                });
                (actor, self.keep(project, now))
            }
            Opening::Basket(draft) => {
                let deals: BTreeSet<DealId> = draft.lines.iter().map(|line| line.deal).collect();
                let mut deals = deals.into_iter().filter_map(|id| stored(&self.machines, id));
                let basket = deals
                    .try_for_each(|deal| draft.fits(&deal))
                    .and_then(|()| Basket::open(BasketId::new(id), draft.clone(), &Context::clock(now)));
                (Actor::Clock, self.keep(basket.map_err(|e| (e.code().to_owned(), e.to_string())), now))
            }
            Opening::Balance { holder, currency, policy } => {
                let (id, context) = (BalanceId::new(id), Context::clock(now));
                let balance = Balance::open(id, holder.clone(), *currency, *policy, &context);
                (Actor::Clock, self.keep(balance.map_err(|e| (e.code().to_owned(), e.to_string())), now))
            }
            Opening::Subscription(draft) => {
                let actor = Actor::Party(draft.payer.clone());
                let context = Context::new(now, actor.clone());
                let begun =
                    SubscriptionTerms::new((**draft).clone()).map_err(terms_error).and_then(|terms| {
                        Subscription::subscribe(SubscriptionId::new(id), terms, &context)
                            .map_err(|e| (e.code().to_owned(), e.to_string()))
                    });
                let kept = self.keep(begun, now);
                // its first period is charged at once
                let _ = self.ask_again(Kind::Subscription, id);
                (actor, kept)
            }
        }
    }

    fn keep<M: Aggregate>(
        &self,
        opened: Result<(M, escrow::Transition<M>), (String, String)>,
        now: Time,
    ) -> Taken
    where
        MemoryMachines: Repository<M, Error = SinkFault>,
    {
        let (machine, first) = opened?;
        let commit = Commit::new(None, first.events(), &machine, now);
        self.machines.commit(commit).map(|()| None).map_err(|e| ("conflict".to_owned(), e.to_string()))
    }
}
