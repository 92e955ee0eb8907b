//! The repository in memory keeps the laws of one.

use escrow_testing::{MemoryRepository, conformance};

#[test]
fn the_repository_in_memory_conforms() {
    let seen = conformance::repository(MemoryRepository::new).unwrap();
    assert_eq!((seen.held().len(), seen.skipped().len()), (5, 0));
}
