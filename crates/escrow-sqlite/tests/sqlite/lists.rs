//! Lists: their order, their pages, and that they come from indexes.

use escrow::Deal;
use escrow_sqlite::{Filter, Listed, Page};

use crate::world::{TempFile, accepted, id, propose, start};

fn all(db: &escrow_sqlite::Sqlite, filter: Filter<'_>, limit: u32) -> Vec<u128> {
    let mut found = Vec::new();
    let mut page = Page::first(limit);
    loop {
        let rows: Vec<Listed<_>> = db.list::<Deal>(filter, &page).unwrap();
        let Some(last) = rows.last() else { return found };
        assert!(rows.len() <= usize::try_from(limit).unwrap());
        page = page.after(last);
        found.extend(rows.iter().map(|row| row.id.uuid().as_u128()));
    }
}

#[test]
fn pages_have_everything_once_and_in_order() {
    let file = TempFile::new();
    let db = file.open();
    // some of them at the same instant
    for number in (1..=20).rev() {
        let at = start().plus_secs(u32::try_from(number).unwrap() / 3);
        propose(&db, number, if number % 2 == 0 { "anna" } else { "olga" }, at);
    }
    accepted(&db, 100);
    let expected: Vec<u128> = (1..=20).collect();
    for limit in [1, 3, 7, 100] {
        // 100 began with 1 and 2, at the start itself
        let mut everything = vec![1, 2, 100];
        everything.extend(&expected[2..]);
        assert_eq!(all(&db, Filter::All, limit), everything);
        assert_eq!(
            all(&db, Filter::Status("proposed"), limit).len()
                + all(&db, Filter::Status("awaiting_deposit"), limit).len(),
            20
        );
        let even: Vec<u128> = expected.iter().copied().filter(|n| n % 2 == 0).collect();
        let mut annas = all(&db, Filter::Party("anna"), limit);
        annas.sort_unstable();
        assert_eq!(annas, [even, vec![100]].concat());
        assert_eq!(all(&db, Filter::Party("shop"), limit).len(), 21);
        assert_eq!(all(&db, Filter::Unanswered, limit), [100]);
    }
    let row = &db.list::<Deal>(Filter::Unanswered, &Page::first(1)).unwrap()[0];
    assert_eq!((row.id, row.status.as_str()), (id(100), "settling"));
    assert!(row.pending_since.is_some());
}
