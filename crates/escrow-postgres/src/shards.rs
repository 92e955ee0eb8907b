//! Several databases as one repository: each machine is in one of them, by its id.
//!
//! No machine ever needs another's row, so a commit is the same single statement on one database as with [`Postgres`]. Which
//! one is decided by rendezvous hashing: every process gets the same answer from the names alone, and a database that comes or
//! goes takes or leaves its own share and moves nothing else.
//!
//! # Another set of databases, without a stop
//! 1. Every process gets the new set with [`Shards::moving_from`] the old one: what is not moved yet is found and written
//!    where it is, and what is new begins where it will be.
//! 2. Once all of them have it, one calls [`Shards::move_all`] for each kind of machine, as often as it likes, until nothing
//!    is left.
//! 3. Every process gets the new set alone.

mod backlog;
mod moving;

use escrow::Time;
use escrow::port::{Aggregate, Commit, CommitError, Repository};
use escrow_store::{Filter, Listed, Lists, Page, Storable};

use crate::{Postgres, StoreError};

/// A set of databases by their names, each of which must stay the same for as long as the database is in use.
#[derive(Clone, Debug)]
pub struct Shards {
    now: Vec<Shard>,
    before: Vec<Shard>,
}

/// A database in a set.
#[derive(Clone, Debug)]
struct Shard {
    name: String,
    database: Postgres,
}

/// FNV-1a, and then mixed as by `MurmurHash3`: scores of names that are alike must not be alike. Never changed: it decides where
/// everything is.
fn score(database: &str, key: &str) -> u64 {
    let bytes = database.bytes().chain([0]).chain(key.bytes());
    let mut hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    for factor in [0xff51_afd7_ed55_8ccd_u64, 0xc4ce_b9fe_1a85_ec53] {
        hash = (hash ^ (hash >> 33)).wrapping_mul(factor);
    }
    hash ^ (hash >> 33)
}

/// The one with the highest score; of two, the one whose name is greater.
fn owner<'s>(set: &'s [Shard], key: &str) -> Option<&'s Shard> {
    set.iter().max_by_key(|shard| (score(&shard.name, key), shard.name.as_str()))
}

/// Where a machine is, or may be.
enum Place<'s> {
    /// There.
    Settled(&'s Postgres),
    /// Where it was, unless it is where it belongs already.
    Moving { from: &'s Postgres, to: &'s Postgres },
}

impl Shards {
    /// These databases. Two with one name are one: the last.
    ///
    /// # Errors
    /// [`StoreError::Value`]: there is none.
    pub fn new(databases: impl IntoIterator<Item = (String, Postgres)>) -> Result<Self, StoreError> {
        let now = set(databases)?;
        Ok(Self { now, before: Vec::new() })
    }

    /// Machines may still be where these databases have them.
    ///
    /// # Errors
    /// [`StoreError::Value`]: there is none.
    pub fn moving_from(
        mut self,
        databases: impl IntoIterator<Item = (String, Postgres)>,
    ) -> Result<Self, StoreError> {
        self.before = set(databases)?;
        Ok(self)
    }

    /// The name of the database to which a machine belongs.
    pub fn name_of<M: Aggregate>(&self, id: M::Id) -> Option<&str> {
        owner(&self.now, &key::<M>(id)).map(|shard| shard.name.as_str())
    }

    /// All databases, each once.
    fn all(&self) -> Vec<&Postgres> {
        let gone = |old: &&Shard| self.now.iter().all(|new| new.name != old.name);
        self.now.iter().chain(self.before.iter().filter(gone)).map(|shard| &shard.database).collect()
    }

    fn place(&self, key: &str) -> Result<Place<'_>, StoreError> {
        let none = || StoreError::Value("an empty set of databases".to_owned());
        let to = owner(&self.now, key).ok_or_else(none)?;
        Ok(match owner(&self.before, key) {
            Some(from) if from.name != to.name => Place::Moving { from: &from.database, to: &to.database },
            Some(_) | None => Place::Settled(&to.database),
        })
    }

    /// The database that has the machine now; where none has, the one to which it belongs.
    async fn home(&self, kind: &str, id: &str) -> Result<&Postgres, StoreError> {
        Ok(match self.place(&format!("{kind}/{id}"))? {
            Place::Settled(database) => database,
            Place::Moving { from, to } => {
                if moving::is_there(from, kind, id).await? {
                    from
                } else {
                    to
                }
            }
        })
    }
}

fn set(databases: impl IntoIterator<Item = (String, Postgres)>) -> Result<Vec<Shard>, StoreError> {
    let mut set: Vec<Shard> = Vec::new();
    for (name, database) in databases {
        set.retain(|shard| shard.name != name);
        set.push(Shard { name, database });
    }
    if set.is_empty() {
        return Err(StoreError::Value("an empty set of databases".to_owned()));
    }
    Ok(set)
}

fn key<M: Aggregate>(id: M::Id) -> String {
    format!("{}/{id}", M::KIND)
}

impl<M: Storable> Repository<M> for Shards {
    type Error = StoreError;

    async fn commit(&self, commit: Commit<'_, M>) -> Result<(), CommitError<StoreError>> {
        let id = commit.after.id();
        match self.place(&key::<M>(id)).map_err(CommitError::Unknown)? {
            Place::Settled(database) => database.commit(commit).await,
            Place::Moving { from, to } if commit.expected_version == 0 => {
                moving::begin(from, to, commit).await
            }
            Place::Moving { from, to } => match from.commit(commit).await {
                // nothing was written: it is of another version there, or is there no more
                Err(CommitError::Conflict) => {
                    let there = moving::is_there(from, M::KIND, &id.to_string()).await;
                    if there.map_err(CommitError::Unknown)? {
                        return Err(CommitError::Conflict);
                    }
                    to.commit(commit).await
                }
                done => done,
            },
        }
    }

    async fn load(&self, id: M::Id) -> Result<Option<M>, StoreError> {
        match self.place(&key::<M>(id))? {
            Place::Settled(database) => database.load(id).await,
            // in this order: it is copied before it is taken away
            Place::Moving { from, to } => match Repository::<M>::load(from, id).await? {
                Some(machine) => Ok(Some(machine)),
                None => to.load(id).await,
            },
        }
    }

    async fn due(&self, now: Time, limit: u32) -> Result<Vec<M::Id>, StoreError> {
        self.waiting::<M>(Filter::Deadline, now, limit).await
    }

    async fn unanswered(&self, before: Time, limit: u32) -> Result<Vec<M::Id>, StoreError> {
        self.waiting::<M>(Filter::Unanswered, before, limit).await
    }
}

impl Shards {
    async fn waiting<M: Storable>(
        &self,
        filter: Filter<'_>,
        until: Time,
        limit: u32,
    ) -> Result<Vec<M::Id>, StoreError> {
        let all = Lists::<M>::list(self, filter, &Page::first(limit)).await?;
        let due = all.into_iter().take_while(|listed| listed.place.0 <= until.millis());
        Ok(due.map(|listed| listed.id).collect())
    }
}

impl<M: Storable> Lists<M> for Shards {
    type Error = StoreError;

    /// A page out of the pages of all databases. A machine that is being moved is in it once, as it was.
    async fn list(&self, filter: Filter<'_>, page: &Page) -> Result<Vec<Listed<M::Id>>, StoreError> {
        let mut all: Vec<Listed<M::Id>> = Vec::new();
        for database in self.all() {
            for listed in database.list::<M>(filter, page).await? {
                match all.iter_mut().find(|known| known.id == listed.id) {
                    // a copy is never ahead of what it was copied from, until that is gone
                    Some(known) if known.version < listed.version => *known = listed,
                    Some(_) => {}
                    None => all.push(listed),
                }
            }
        }
        all.sort_by(|one, other| one.place.cmp(&other.place));
        all.truncate(usize::try_from(page.limit).unwrap_or(usize::MAX));
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::score;

    fn owner<'n>(names: &[&'n str], key: &str) -> &'n str {
        names.iter().max_by_key(|name| (score(name, key), **name)).unwrap()
    }

    #[test]
    fn shares_are_even_and_a_new_database_takes_only_its_own() {
        let (two, three) = (["a", "b"], ["a", "b", "c"]);
        let keys: Vec<String> =
            (0..30_000).map(|n| format!("deal/018f3c5e-0000-7000-8000-{n:012}")).collect();
        let mut moved = 0;
        let mut shares = std::collections::BTreeMap::new();
        for key in &keys {
            let (before, after) = (owner(&two, key), owner(&three, key));
            assert!(before == after || after == "c", "{key} goes from {before} to {after}");
            moved += u32::from(before != after);
            *shares.entry(after).or_insert(0_u32) += 1;
        }
        // a third of 30 000 each, give or take 3 %
        assert!((9_700..10_300).contains(&moved), "{moved}");
        assert!(shares.values().all(|share| (9_700..10_300).contains(share)), "{shares:?}");
    }
}
