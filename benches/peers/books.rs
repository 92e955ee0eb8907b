//! What a deal must know of its money, work and messages, and how it is checked and changed: by hand, for all peers but
//! the crate, which so differ in nothing but how a command is judged and told. Checks read and may refuse; folds write
//! and cannot fail.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::world::{Actor, Ctx, Id, Payee, Phase, Refused, Role, Sum, Terms, split};

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Books {
    terms: Arc<Terms>,
    until: i64,
    last_at: i64,
    changed: Change,
    buckets: Buckets,
    txs: SmallVec<[Tx; 4]>,
    /// Orders without an answer.
    open: u32,
    revision: u16,
    work: Option<Arc<str>>,
    posts: Recent,
}

/// Who changed the status last, when, and what it was.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Change {
    by: Actor,
    at: i64,
    before: Phase,
}

/// Where a deal's money is.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
struct Buckets {
    received: i64,
    held: i64,
    reserved: i64,
    paid_out: i64,
}

/// One movement of money; its number is its place in the list, counted from 1.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Tx {
    pub payee: Payee,
    pub amount: i64,
    pub key: Option<Id>,
    pub gateway: Option<Id>,
    pub reference: Option<Id>,
    pub created_at: i64,
    pub settled_at: Option<i64>,
}

/// The latest four messages, by which a repeat is recognised.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
struct Recent {
    ids: [Id; 4],
    next: usize,
}

impl Books {
    pub fn begin(terms: Arc<Terms>, by: &Ctx) -> Self {
        let changed = Change { by: by.actor.clone(), at: by.now, before: Phase::AwaitingDeposit };
        Self {
            until: by.now + terms.deposit_ms,
            last_at: by.now,
            changed,
            buckets: Buckets::default(),
            txs: SmallVec::new(),
            open: 0,
            revision: 0,
            work: None,
            posts: Recent::default(),
            terms,
        }
    }

    #[inline]
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    #[inline]
    pub fn txs(&self) -> &[Tx] {
        &self.txs
    }

    // --- checks --------------------------------------------------------------------------------------------------

    /// When it counts, and in which role: time never runs backwards, and a deadline that passed lets nothing through.
    #[inline]
    pub fn admit(&self, ctx: &Ctx) -> Result<(i64, Role), Refused> {
        let now = ctx.now.max(self.last_at);
        if now >= self.until {
            return Err(Refused::Overdue);
        }
        match &ctx.actor {
            Actor::Party(id) if *id == self.terms.buyer => Ok((now, Role::Buyer)),
            Actor::Party(id) if *id == self.terms.seller => Ok((now, Role::Seller)),
            Actor::Party(_) => Err(Refused::Unknown),
            Actor::Gateway => Ok((now, Role::Gateway)),
        }
    }

    #[inline]
    pub fn has_request(&self, key: &Id, amount: Sum) -> Result<bool, Refused> {
        match self.txs.iter().find(|tx| tx.key.as_ref() == Some(key)) {
            Some(known) if known.amount != amount.minor => Err(Refused::Key),
            known => Ok(known.is_some()),
        }
    }

    #[inline]
    pub fn check_request(&self, amount: Sum) -> Result<(), Refused> {
        let missing = self.terms.price.minor - self.buckets.held;
        let fits = amount.currency == self.terms.price.currency && (1..=missing).contains(&amount.minor);
        if fits { Ok(()) } else { Err(Refused::Amount) }
    }

    #[inline]
    pub fn has_payment(&self, gateway: &Id, reference: &Id) -> bool {
        let same = |tx: &Tx| tx.reference.as_ref() == Some(reference) && tx.gateway.as_ref() == Some(gateway);
        self.txs.iter().any(same)
    }

    /// The number of the transaction by which it comes in: a requested one, or a new one.
    #[inline]
    pub fn check_payment(&self, amount: Sum) -> Result<u32, Refused> {
        if amount != self.terms.price {
            return Err(Refused::Amount);
        }
        let asked = self.txs.iter().position(|tx| tx.settled_at.is_none() && tx.amount == amount.minor);
        Ok(number(asked.unwrap_or(self.txs.len())))
    }

    #[inline]
    pub fn has_work(&self, number: u16, work: &Arc<str>) -> bool {
        number == self.revision && self.work.as_ref() == Some(work)
    }

    #[inline]
    pub fn check_work(&self, number: u16) -> Result<(), Refused> {
        let fits = number == self.revision + 1 && number <= self.terms.max_revisions;
        if fits { Ok(()) } else { Err(Refused::Number) }
    }

    #[inline]
    pub fn split(&self) -> Result<[(Payee, i64); 3], Refused> {
        split(self.buckets.held, &self.terms).ok_or(Refused::TooLarge)
    }

    #[inline]
    pub fn next_tx(&self) -> u32 {
        number(self.txs.len())
    }

    #[inline]
    pub fn has_answer(&self, tx: u32, reference: &Id) -> Result<bool, Refused> {
        let order = self.txs.get(index(tx)).ok_or(Refused::Number)?;
        match order.settled_at {
            None => Ok(false),
            Some(_) if order.reference.as_ref() == Some(reference) => Ok(true),
            Some(_) => Err(Refused::Settled),
        }
    }

    /// Whether this order is all that waits for an answer.
    #[inline]
    pub fn is_last(&self) -> bool {
        self.open == 1
    }

    #[inline]
    pub fn has_post(&self, reference: &Id) -> bool {
        self.posts.ids.contains(reference)
    }

    // --- folds ---------------------------------------------------------------------------------------------------

    #[inline]
    pub fn request(&mut self, key: &Id, amount: i64, at: i64) {
        self.txs.push(Tx { key: Some(key.clone()), ..Tx::new(Payee::Buyer, amount, at) });
        self.last_at = at;
    }

    #[inline]
    pub fn receive(&mut self, tx: u32, gateway: &Id, reference: &Id, amount: i64, at: i64) {
        if index(tx) == self.txs.len() {
            self.txs.push(Tx::new(Payee::Buyer, amount, at));
        }
        if let Some(paid) = self.txs.get_mut(index(tx)) {
            paid.gateway = Some(gateway.clone());
            paid.reference = Some(reference.clone());
            paid.settled_at = Some(at);
        }
        self.buckets.received += amount;
        self.buckets.held += amount;
    }

    #[inline]
    pub fn submit(&mut self, number: u16, work: &Arc<str>) {
        self.revision = number;
        self.work = Some(work.clone());
    }

    #[inline]
    pub fn order(&mut self, payee: Payee, amount: i64, at: i64) {
        self.buckets.held -= amount;
        self.buckets.reserved += amount;
        self.open += 1;
        self.txs.push(Tx::new(payee, amount, at));
    }

    #[inline]
    pub fn settle(&mut self, tx: u32, reference: &Id, at: i64) {
        if let Some(order) = self.txs.get_mut(index(tx)) {
            order.settled_at = Some(at);
            order.reference = Some(reference.clone());
            self.buckets.reserved -= order.amount;
            self.buckets.paid_out += order.amount;
            self.open -= 1;
        }
        self.last_at = at;
    }

    #[inline]
    pub fn post(&mut self, reference: &Id, at: i64) {
        if let Some(oldest) = self.posts.ids.get_mut(self.posts.next) {
            *oldest = reference.clone();
        }
        self.posts.next = (self.posts.next + 1) % self.posts.ids.len();
        self.last_at = at;
    }

    /// The status changes; what it is now, the peer keeps itself.
    #[inline]
    pub fn leave(&mut self, before: Phase, until: i64, by: &Actor, at: i64) {
        self.changed = Change { by: by.clone(), at, before };
        self.until = until;
        self.last_at = at;
    }
}

impl Tx {
    /// What is ordered or asked for, and has no answer.
    fn new(payee: Payee, amount: i64, at: i64) -> Self {
        Self { payee, amount, key: None, gateway: None, reference: None, created_at: at, settled_at: None }
    }
}

/// The number of what stands at this place; a deal has a handful.
fn number(index: usize) -> u32 {
    index as u32 + 1
}

/// The place of a number; of zero, beyond every list.
fn index(number: u32) -> usize {
    (number as usize).wrapping_sub(1)
}
