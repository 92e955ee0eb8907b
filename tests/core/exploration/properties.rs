//! What is asked of every state.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use super::promises::{CONSERVED, OWED, RECORDED, SETTLES_ONCE, SOUND, STAYS_ENDED};
use super::scene::Scene;
use super::verdicts::OF_ONE_MIND;
use super::waking::PUNCTUAL;
use crate::common::{buyer, operator, seller, start};
use crate::exploration::model::{COMPLETES, EMPTY, Exploration, NO_DEADLOCK, WAY_ON, is_at_rest, verdicts};
use crate::exploration::state::{Beside, State, Step};
use escrow::deal::PhaseKind;
use escrow::{Context, Deal, DealId, Payee, Status};
use stateright::{Model, Property};

impl Model for Exploration {
    type State = State;
    type Action = Step;

    fn init_states(&self) -> Vec<State> {
        let id = DealId::new(uuid::Uuid::from_u128(3));
        let Scene { budget, facts, of_facts, .. } = self.scene;
        let beside = Beside { budget, facts, of_facts, checkpoints: 0 };
        [buyer(), seller(), operator()]
            .into_iter()
            .map(|actor| {
                let context = Context::new(start(), actor);
                let (deal, _) = Deal::propose(id, self.scene.terms[0].clone(), &context).unwrap();
                State::new(&self.scene, deal, start(), beside, Vec::new())
            })
            .collect()
    }

    fn actions(&self, state: &State, steps: &mut Vec<Step>) {
        let mut forced = self.forced(state);
        let edges: Box<[u64]> = forced.iter().map(|step| step.next.key).collect();
        self.phases.fetch_or(1 << state.deal.phase().kind() as u64, Ordering::Relaxed);
        let mut graph = self.graph.lock().unwrap_or_else(PoisonError::into_inner);
        graph.forced.insert(state.key, (edges, is_at_rest(&state.deal)));
        drop(graph);
        steps.append(&mut forced);
        self.free(state, steps);
    }

    fn next_state(&self, _: &State, step: Step) -> Option<State> {
        Some(step.next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::<Self>::always(CONSERVED, |model: &Self, state: &State| {
                model.keeps(0, CONSERVED, state)
            }),
            Property::<Self>::always(SETTLES_ONCE, |model: &Self, state: &State| {
                model.keeps(1, SETTLES_ONCE, state)
            }),
            Property::<Self>::always(STAYS_ENDED, |model: &Self, state: &State| {
                model.keeps(2, STAYS_ENDED, state)
            }),
            Property::<Self>::always(RECORDED, |model: &Self, state: &State| model.keeps(9, RECORDED, state)),
            Property::<Self>::always(OWED, |model: &Self, state: &State| model.keeps(10, OWED, state)),
            Property::<Self>::always(SOUND, |model: &Self, state: &State| model.keeps(3, SOUND, state)),
            Property::<Self>::always(OF_ONE_MIND, |model: &Self, state: &State| {
                let asked = state.key.is_multiple_of(model.scene.every);
                model.keeps(4, OF_ONE_MIND, state)
                    && model.holds(4, state, !asked || model.of_one_mind(state).is_ok())
            }),
            Property::<Self>::always(PUNCTUAL, |model: &Self, state: &State| {
                let asked = state.key.is_multiple_of(model.scene.every);
                model.holds(5, state, !asked || model.punctual(state).is_ok())
            }),
            Property::<Self>::always(WAY_ON, |model: &Self, state: &State| {
                let way_on = state.deal.phase().kind() == PhaseKind::Closed
                    || model.passing(state).is_some()
                    || state.deal.has_pending()
                    || !verdicts(&state.deal).is_empty();
                model.holds(6, state, way_on)
            }),
            Property::<Self>::always(EMPTY, |model: &Self, state: &State| {
                let empty = !is_at_rest(&state.deal) || state.deal.money_inside().all(|m| m.is_zero());
                model.holds(7, state, empty)
            }),
            Property::<Self>::always(NO_DEADLOCK, |model: &Self, state: &State| {
                model.holds(8, state, model.stuck(state).is_none())
            }),
            // to see that the exploration goes where deals go
            Property::<Self>::sometimes(COMPLETES, |_: &Self, state: &State| {
                is_at_rest(&state.deal) && state.deal.status() == Status::Completed
            }),
            Property::<Self>::sometimes("a deal is cancelled", |_: &Self, state: &State| {
                state.deal.status() == Status::Cancelled
            }),
            Property::<Self>::sometimes("a dispute is resolved", |_: &Self, state: &State| {
                state.deal.status() == Status::Resolved
            }),
            Property::<Self>::sometimes("a deal expires", |_: &Self, state: &State| {
                state.deal.status() == Status::Expired
            }),
            Property::<Self>::sometimes("a seller is paid", |_: &Self, state: &State| {
                state.deal.legs().iter().any(|l| *l.payee() == Payee::Seller && l.is_settled())
            }),
        ]
    }
}
