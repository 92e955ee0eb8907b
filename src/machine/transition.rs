//! What a command leads to.

use smallvec::SmallVec;

use super::{Context, Machine, Out, Recorded};

/// What a command leads to: the events, and the machine after them. No events: nothing happens, because the command
/// already stands.
///
/// Orders to the gateway are among the events.
#[must_use = "commit its events and keep the machine after them, or it never happened"]
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Transition<M: Machine> {
    events: Events<M::Event>,
    after: Option<M>,
}

impl<M: Machine> Transition<M> {
    /// The events, and the machine after them: `None` where nothing happened, or where the machine has it already.
    pub const fn new(events: Events<M::Event>, after: Option<M>) -> Self {
        Self { events, after }
    }

    /// The beginning of a machine by one event, after which the machine is as it was made.
    pub fn first(context: &Context, event: M::Event) -> Self {
        let mut events = Events::new();
        Out::begin(context, &mut events).push(event);
        Self::new(events, None)
    }

    /// What happened, in order.
    pub fn events(&self) -> &[Recorded<M::Event>] {
        &self.events
    }

    /// Whether nothing happened, because the command is a repeat.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// The machine after the events. `None` where nothing happened, and from [`Machine::handle`], whose machine is
    /// already the one after them.
    pub const fn after(&self) -> Option<&M> {
        self.after.as_ref()
    }

    /// The events, and the machine after them as in [`after`](Self::after).
    pub fn into_parts(self) -> (Events<M::Event>, Option<M>) {
        (self.events, self.after)
    }

    /// The events alone.
    pub fn into_events(self) -> Events<M::Event> {
        self.events
    }
}

/// Nothing happened.
impl<M: Machine> Default for Transition<M> {
    fn default() -> Self {
        Self::new(Events::new(), None)
    }
}

/// Events in the order in which they happened. Up to eight of them need no allocation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Events<E>(SmallVec<[Recorded<E>; 8]>);

impl<E> Events<E> {
    /// None yet.
    pub fn new() -> Self {
        Self(SmallVec::new())
    }

    /// Adds the latest.
    pub fn push(&mut self, recorded: Recorded<E>) {
        self.0.push(recorded);
    }

    /// As a vector.
    pub fn into_vec(self) -> Vec<Recorded<E>> {
        self.0.into_vec()
    }
}

impl<E> Default for Events<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E> std::ops::Deref for Events<E> {
    type Target = [Recorded<E>];

    fn deref(&self) -> &[Recorded<E>] {
        &self.0
    }
}

impl<E> Extend<Recorded<E>> for Events<E> {
    fn extend<I: IntoIterator<Item = Recorded<E>>>(&mut self, events: I) {
        self.0.extend(events);
    }
}

impl<E> FromIterator<Recorded<E>> for Events<E> {
    fn from_iter<I: IntoIterator<Item = Recorded<E>>>(events: I) -> Self {
        Self(events.into_iter().collect())
    }
}

/// Events by value, in order.
#[derive(Clone, Debug)]
pub struct IntoEvents<E>(smallvec::IntoIter<[Recorded<E>; 8]>);

impl<E> Iterator for IntoEvents<E> {
    type Item = Recorded<E>;

    fn next(&mut self) -> Option<Recorded<E>> {
        self.0.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<E> DoubleEndedIterator for IntoEvents<E> {
    fn next_back(&mut self) -> Option<Recorded<E>> {
        self.0.next_back()
    }
}

impl<E> ExactSizeIterator for IntoEvents<E> {}

impl<E> IntoIterator for Events<E> {
    type Item = Recorded<E>;
    type IntoIter = IntoEvents<E>;

    fn into_iter(self) -> IntoEvents<E> {
        IntoEvents(self.0.into_iter())
    }
}

impl<'a, E> IntoIterator for &'a Events<E> {
    type Item = &'a Recorded<E>;
    type IntoIter = std::slice::Iter<'a, Recorded<E>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}
