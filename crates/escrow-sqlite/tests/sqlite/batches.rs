//! Several machines at once: loaded together, committed together, each by itself.

use escrow::port::{Commit, CommitError, Repository, blocking};
use escrow::{Context, Deal, Time};
use pollster::block_on;

use crate::world::{TempFile, id, party, propose, start, terms};

/// When a proposal has run out.
fn late() -> Time {
    start().plus_secs(60 * 86_400)
}

#[test]
fn what_cannot_be_read_is_an_error_of_its_own() {
    let file = TempFile::new();
    let db = file.open();
    let (first, third) = (propose(&db, 1, "anna", start()), propose(&db, 3, "bella", start()));
    propose(&db, 2, "anna", start());
    let raw = rusqlite::Connection::open(&file.0).unwrap();
    raw.execute("UPDATE machines SET state = 'nothing' WHERE id = ?1", [id(2).to_string()]).unwrap();
    // in the order that was asked for, whatever that of the table is
    let asked = [id(3), id(2), id(9), id(1)];
    let loaded = block_on(Repository::<Deal>::load_all(&db, &asked)).unwrap();
    let [one, damaged, missing, last] = loaded.as_slice() else { panic!("{loaded:?}") };
    assert_eq!(one.as_ref().unwrap().as_ref(), Some(&third));
    assert!(damaged.as_ref().unwrap_err().to_string().contains(&id(2).to_string()));
    assert!(missing.as_ref().unwrap().is_none());
    assert_eq!(last.as_ref().unwrap().as_ref(), Some(&first));
}

#[test]
fn a_conflict_of_one_touches_no_other() {
    let file = TempFile::new();
    let db = file.open();
    let mut deals: Vec<(Deal, Deal)> = (1..=3)
        .map(|number| propose(&db, number, "anna", start()))
        .map(|deal| (deal.clone(), deal))
        .collect();
    let wake = |deal: &mut Deal| {
        let context = Context::clock(late());
        deal.handle(&<Deal as escrow::port::Aggregate>::wake(), &context).unwrap().into_events()
    };
    let events: Vec<_> = deals.iter_mut().map(|(_, after)| wake(after)).collect();
    // somebody is faster with the second one
    let (before, after) = &deals[1];
    blocking::Repository::commit(&db, Commit::new(Some(before), &events[1], after, late())).unwrap();
    // and one of the commits makes a new deal
    let context = Context::party(start(), party("shop"));
    let (new, transition) = Deal::propose(id(4), terms("anna"), &context).unwrap();
    let commit = |place: usize| Commit::new(Some(&deals[place].0), &events[place], &deals[place].1, late());
    let commits = [commit(0), commit(1), Commit::new(None, transition.events(), &new, start()), commit(2)];
    let answers = block_on(db.commit_all(&commits)).unwrap();
    assert!(
        matches!(answers.as_slice(), [Ok(()), Err(CommitError::Conflict), Ok(()), Ok(())]),
        "{answers:?}"
    );
    for (_, after) in &deals {
        assert_eq!(blocking::Repository::<Deal>::load(&db, after.id()).unwrap().as_ref(), Some(after));
        // 1 when it was proposed, and what the wake has added once
        let journal = db.journal::<Deal>(after.id(), 0).unwrap();
        assert_eq!(journal.len(), 1 + events[0].len());
    }
    assert_eq!(blocking::Repository::<Deal>::load(&db, id(4)).unwrap().as_ref(), Some(&new));
    // all of them again: each is a conflict now, and nothing is written
    let again = block_on(db.commit_all(&commits)).unwrap();
    assert!(again.iter().all(|answer| matches!(answer, Err(CommitError::Conflict))), "{again:?}");
    assert_eq!(db.fsck::<Deal>().unwrap(), []);
}
