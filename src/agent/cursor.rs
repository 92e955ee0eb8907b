//! How far a run has come: what is staged, and which order is next.

use crate::Time;
use crate::deal::PendingOrder;
use crate::deal::command::Answered;
use crate::deposit::TxId;
use crate::machine::{Context, Events};
use crate::port::{Aggregate, Commit};

/// A run over one machine, which the caller keeps. The machine changes only once its commit is confirmed.
#[derive(Debug)]
pub(super) struct Cursor<M: Aggregate> {
    pub(super) staged: Option<Staged<M>>,
    /// Orders before this number are not executed in this run.
    from: TxId,
    /// And of the others not these, or no more.
    done: Vec<TxId>,
    /// Orders from this number on were made in this run: nobody has sent them before.
    fresh: TxId,
}

#[derive(Debug)]
pub(super) struct Staged<M: Aggregate> {
    after: M,
    events: Events<M::Event>,
    expected_version: u64,
    recorded_at: Time,
}

impl<M: Aggregate> Cursor<M> {
    /// A run over the orders that it makes itself.
    pub(super) fn of_its_own(machine: &M) -> Self {
        let fresh = machine.next_number();
        let mut done = Vec::new();
        let from = if M::NUMBERED_WHEN_ORDERED { fresh } else { TxId::new(0) };
        while let Some(order) = next_of(machine, from, &done) {
            done.push(order.number());
        }
        Self { staged: None, from, done, fresh }
    }

    /// A run over every order without an answer.
    pub(super) fn of_all(machine: &M) -> Self {
        Self { staged: None, from: TxId::new(0), done: Vec::new(), fresh: machine.next_number() }
    }

    /// The machine was loaded again: whoever was faster may have sent what it finds there.
    pub(super) fn reloaded(&mut self, machine: &M) {
        self.staged = None;
        self.fresh = machine.next_number();
    }

    pub(super) fn stage(
        &mut self,
        machine: &M,
        command: &M::Command,
        context: &Context,
    ) -> Result<(), M::Rejection> {
        let mut after = machine.clone();
        let events = after.handle(command, context)?.into_events();
        if !events.is_empty() {
            let expected_version = machine.version();
            self.staged = Some(Staged { after, events, expected_version, recorded_at: context.now });
        }
        Ok(())
    }

    pub(super) fn commit<'s>(&'s self, machine: &'s M) -> Option<Commit<'s, M>> {
        self.staged.as_ref().map(|staged| Commit {
            expected_version: staged.expected_version,
            before: Some(machine),
            events: &staged.events,
            after: &staged.after,
            recorded_at: staged.recorded_at,
        })
    }

    pub(super) fn committed(&mut self, machine: &mut M) {
        if let Some(staged) = self.staged.take() {
            *machine = staged.after;
        }
    }

    pub(super) fn order<'m>(&self, machine: &'m M) -> Option<PendingOrder<'m>> {
        let order = next_of(machine, self.from, &self.done)?;
        Some(if order.number() >= self.fresh { order.never_sent() } else { order })
    }

    /// The order was carried out, or not: the next one is next.
    pub(super) fn passed(&mut self, order: TxId) {
        self.done.push(order);
    }

    pub(super) fn answered(
        &mut self,
        machine: &M,
        order: TxId,
        result: Answered,
        now: Time,
    ) -> Result<(), M::Rejection> {
        self.stage(machine, &M::answer(order, result), &Context::gateway(now))
    }
}

/// The first unanswered order from this number on that is none of these.
fn next_of<'m, M: Aggregate>(machine: &'m M, from: TxId, done: &[TxId]) -> Option<PendingOrder<'m>> {
    let mut from = from;
    loop {
        let order = machine.unanswered_from(from)?;
        if !done.contains(&order.number()) {
            return Some(order);
        }
        from = TxId::new(order.number().number().checked_add(1)?);
    }
}
