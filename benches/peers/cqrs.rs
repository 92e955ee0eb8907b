//! cqrs-es: its `Aggregate` around the same decisions and folds as B1, so that what is left is the framework. `CqrsBare`
//! hands a command to the aggregate and takes the events; `CqrsStore` goes through `CqrsFramework`, which loads the
//! aggregate by replaying it before every command. The store is a map in memory of our own: the crate's `MemStore` does
//! the same, and prints a line at every access (`memstore.rs` times it). No snapshots, no queries; nor what B1 does not do.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, RwLock};

use cqrs_es::{
    Aggregate, AggregateContext, AggregateError, CqrsFramework, DomainEvent, EventEnvelope, EventStore,
    event_sink::EventSink,
};
use divan::black_box;
use pollster::block_on;
use serde::{Deserialize, Serialize};

use crate::evolve::{self, Event, Recorded, State};
use crate::world::{self, Call, Figures, Peer, Refused};

/// Nothing, until it is proposed.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Deal(Option<State>);

impl Aggregate for Deal {
    const TYPE: &'static str = "deal";
    /// It is taken by value; a caller who may have to retry keeps one, too.
    type Command = Arc<Call>;
    type Event = Recorded;
    type Error = Refused;
    type Services = ();

    async fn handle(&mut self, call: Arc<Call>, (): &(), sink: &EventSink<Self>) -> Result<(), Refused> {
        let state = self.0.as_ref().ok_or(Refused::Unknown)?;
        for recorded in evolve::decide(state, &call.cmd, &call.ctx)? {
            sink.write(recorded, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, recorded: Recorded) {
        match &mut self.0 {
            Some(state) => evolve::evolve(state, &recorded),
            None => self.0 = State::begin(&recorded),
        }
    }
}

impl DomainEvent for Recorded {
    fn event_type(&self) -> String {
        let name = match self.event {
            Event::Proposed { .. } => "Proposed",
            Event::PaymentRequested { .. } => "PaymentRequested",
            Event::PaymentReceived { .. } => "PaymentReceived",
            Event::Started => "Started",
            Event::Submitted { .. } => "Submitted",
            Event::Accepted => "Accepted",
            Event::Ordered { .. } => "Ordered",
            Event::Settled { .. } => "Settled",
            Event::Posted { .. } => "Posted",
            Event::PhaseEntered { .. } => "PhaseEntered",
        };
        name.to_owned()
    }

    fn event_version(&self) -> String {
        "1".to_owned()
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "refused: {self:?}")
    }
}

impl std::error::Error for Refused {}

pub fn proposed() -> Recorded {
    evolve::proposed(Arc::new(world::terms()), &world::proposer())
}

fn steps() -> Vec<Arc<Call>> {
    world::happy_path().into_iter().map(Arc::new).collect()
}

impl Deal {
    /// A deal by its events.
    pub fn replay(journal: Vec<Recorded>) -> Self {
        let mut deal = Self::default();
        for recorded in journal {
            deal.apply(recorded);
        }
        deal
    }

    pub fn is_proposed(&self) -> bool {
        self.0.is_some()
    }

    pub fn figures(&self) -> Figures {
        self.0.as_ref().map_or(Figures { closed: false, paid_out: Vec::new() }, State::figures)
    }

    async fn execute(&mut self, call: &Arc<Call>) -> bool {
        let sink = EventSink::default();
        let done = self.handle(call.clone(), &(), &sink).await.is_ok();
        black_box(&sink.collect().await);
        done
    }
}

pub struct CqrsBare;

impl Peer for CqrsBare {
    type Deal = Deal;
    type Step = Arc<Call>;

    fn proposed() -> Deal {
        Deal::replay(vec![proposed()])
    }

    fn steps() -> Vec<Arc<Call>> {
        steps()
    }

    fn refused() -> Arc<Call> {
        Arc::new(world::refused())
    }

    #[inline]
    fn handle(deal: &mut Deal, step: &Arc<Call>) -> bool {
        block_on(deal.execute(step))
    }

    fn figures(deal: &Deal) -> Figures {
        deal.figures()
    }

    fn run(deal: &mut Deal, steps: &[Arc<Call>]) -> bool {
        block_on(async {
            let mut done = true;
            for step in steps {
                done &= deal.execute(step).await;
            }
            done
        })
    }
}

// --- with a store ------------------------------------------------------------------------------------------------

type Stored = EventEnvelope<Deal>;
type Failed = AggregateError<Refused>;

#[derive(Clone, Default)]
pub struct Memory(Arc<RwLock<HashMap<String, Vec<Stored>>>>);

pub struct Loaded {
    id: String,
    deal: Deal,
    sequence: usize,
}

impl AggregateContext<Deal> for Loaded {
    fn aggregate(&mut self) -> &mut Deal {
        &mut self.deal
    }
}

impl EventStore<Deal> for Memory {
    type AC = Loaded;

    async fn load_events(&self, id: &str) -> Result<Vec<Stored>, Failed> {
        Ok(self.0.read().expect("nobody panics").get(id).cloned().unwrap_or_default())
    }

    async fn load_aggregate(&self, id: &str) -> Result<Loaded, Failed> {
        let events = self.load_events(id).await?;
        let sequence = events.len();
        let deal = Deal::replay(events.into_iter().map(|stored| stored.payload).collect());
        Ok(Loaded { id: id.to_owned(), deal, sequence })
    }

    async fn commit(
        &self,
        events: Vec<Recorded>,
        loaded: Loaded,
        metadata: HashMap<String, String>,
    ) -> Result<Vec<Stored>, Failed> {
        let envelope = |(sequence, payload)| Stored {
            aggregate_id: loaded.id.clone(),
            sequence,
            payload,
            metadata: metadata.clone(),
        };
        let stored: Vec<Stored> = (loaded.sequence + 1..).zip(events).map(envelope).collect();
        let mut deals = self.0.write().expect("nobody panics");
        deals.entry(loaded.id).or_default().extend_from_slice(&stored);
        Ok(stored)
    }
}

/// The framework with a store of its own.
pub struct Host {
    framework: CqrsFramework<Deal, Memory>,
    store: Memory,
}

const ID: &str = "deal-7";

impl Host {
    fn new(stored: HashMap<String, Vec<Stored>>) -> Self {
        let store = Memory(Arc::new(RwLock::new(stored)));
        Self { framework: CqrsFramework::new(store.clone(), Vec::new(), ()), store }
    }

    async fn execute(&self, call: &Arc<Call>) -> bool {
        self.framework.execute(ID, call.clone()).await.is_ok()
    }
}

impl Clone for Host {
    fn clone(&self) -> Self {
        Self::new(self.store.0.read().expect("nobody panics").clone())
    }
}

pub struct CqrsStore;

impl Peer for CqrsStore {
    type Deal = Host;
    type Step = Arc<Call>;

    fn proposed() -> Host {
        let metadata = HashMap::new();
        let first = Stored { aggregate_id: ID.to_owned(), sequence: 1, payload: proposed(), metadata };
        Host::new(HashMap::from([(ID.to_owned(), vec![first])]))
    }

    fn steps() -> Vec<Arc<Call>> {
        steps()
    }

    fn refused() -> Arc<Call> {
        Arc::new(world::refused())
    }

    #[inline]
    fn handle(host: &mut Host, step: &Arc<Call>) -> bool {
        block_on(host.execute(step))
    }

    fn figures(host: &Host) -> Figures {
        let loaded = block_on(host.store.load_aggregate(ID));
        loaded.expect("the store is in memory").deal.figures()
    }

    fn run(host: &mut Host, steps: &[Arc<Call>]) -> bool {
        block_on(async {
            let mut done = true;
            for step in steps {
                done &= host.execute(step).await;
            }
            done
        })
    }
}
