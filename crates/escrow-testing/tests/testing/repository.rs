//! The repositories in memory keep the laws of one, whatever they keep.

use escrow::port::blocking::Repository;
use escrow::port::{Commit, CommitError};
use escrow::{Deal, Time};
use escrow_market::{Balance, Basket, Offer, Project, Store, Subscription};
use escrow_testing::conformance::{self, Conformance, Story};
use escrow_testing::{MemoryMachines, MemoryRepository, SinkFault};

#[test]
fn the_repository_in_memory_conforms() {
    let seen = conformance::repository(MemoryRepository::new).unwrap();
    assert_eq!((seen.held().len(), seen.skipped().len()), (5, 0));
}

/// One storage for all kinds, with the same ids: they are kept apart.
#[test]
fn the_machines_in_memory_conform() {
    fn seen<M: Story>(all: &MemoryMachines) -> Conformance
    where
        MemoryMachines: Repository<M, Error = SinkFault>,
    {
        conformance::repository_of::<M, _>(|| ByReference(all)).unwrap()
    }
    let all = MemoryMachines::new();
    let laws = |seen: Conformance| (seen.held().len(), seen.skipped().len());
    assert_eq!(laws(seen::<Deal>(&all)), (7, 0));
    assert_eq!(laws(seen::<Basket>(&all)), (7, 0));
    // a subscription is charged at once, and waits for the answer first
    assert_eq!(laws(seen::<Subscription>(&all)), (6, 1));
    // orders nothing
    assert_eq!(laws(seen::<Project>(&all)), (6, 1));
    // waits for nothing when it begins
    assert_eq!(laws(seen::<Balance>(&all)), (6, 1));
    // neither
    assert_eq!(laws(seen::<Offer>(&all)), (5, 2));
    assert_eq!(laws(seen::<Store>(&all)), (5, 2));
}

struct ByReference<'a>(&'a MemoryMachines);

impl<M: Story> Repository<M> for ByReference<'_>
where
    MemoryMachines: Repository<M, Error = SinkFault>,
{
    type Error = SinkFault;

    fn commit(&self, commit: Commit<'_, M>) -> Result<(), CommitError<SinkFault>> {
        Repository::commit(self.0, commit)
    }

    fn load(&self, id: M::Id) -> Result<Option<M>, SinkFault> {
        Repository::<M>::load(self.0, id)
    }

    fn due(&self, now: Time, limit: u32) -> Result<Vec<M::Id>, SinkFault> {
        Repository::<M>::due(self.0, now, limit)
    }

    fn unanswered(&self, before: Time, limit: u32) -> Result<Vec<M::Id>, SinkFault> {
        Repository::<M>::unanswered(self.0, before, limit)
    }
}
