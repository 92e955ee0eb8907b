//! The answer to a job: waited for by a thread, or by a task of any runtime.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::StoreError;

type Answer<T> = Result<T, StoreError>;

struct Slot<T> {
    state: Mutex<State<T>>,
    told: Condvar,
}

struct State<T> {
    answer: Option<Answer<T>>,
    waker: Option<Waker>,
}

fn lock<T>(slot: &Slot<T>) -> MutexGuard<'_, State<T>> {
    slot.state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Gives the answer. Dropped without one, it says that the writer is gone.
pub(crate) struct Teller<T>(Option<Arc<Slot<T>>>);

/// Waits for the answer.
pub(crate) struct Reply<T>(Arc<Slot<T>>);

pub(crate) fn reply<T>() -> (Teller<T>, Reply<T>) {
    let slot = Slot { state: Mutex::new(State { answer: None, waker: None }), told: Condvar::new() };
    let slot = Arc::new(slot);
    (Teller(Some(slot.clone())), Reply(slot))
}

impl<T> Teller<T> {
    pub(crate) fn tell(mut self, answer: Answer<T>) {
        self.put(answer);
    }

    fn put(&mut self, answer: Answer<T>) {
        let Some(slot) = self.0.take() else { return };
        let mut state = lock(&slot);
        state.answer = Some(answer);
        let waker = state.waker.take();
        drop(state);
        slot.told.notify_all();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<T> Drop for Teller<T> {
    fn drop(&mut self) {
        self.put(Err(StoreError::Closed));
    }
}

impl<T> Reply<T> {
    pub(crate) fn wait(self) -> Answer<T> {
        let mut state = lock(&self.0);
        loop {
            match state.answer.take() {
                Some(answer) => return answer,
                None => state = self.0.told.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }
}

impl<T> Future for Reply<T> {
    type Output = Answer<T>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Answer<T>> {
        let mut state = lock(&self.0);
        match state.answer.take() {
            Some(answer) => Poll::Ready(answer),
            None => {
                state.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}
