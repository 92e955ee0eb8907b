//! The part of the graph that is made of timers and answers of the gateway.

use std::collections::HashMap;

/// The part of the graph that is made of timers and answers of the gateway.
#[derive(Default)]
pub struct Graph {
    pub forced: HashMap<u64, (Box<[u64]>, bool)>,
}

/// What the graph says of promise 1.
#[derive(Debug, PartialEq, Eq)]
pub struct Verdict {
    pub states: usize,
    pub edges: usize,
    /// States from which no path of timers and answers leads to rest.
    pub stuck: usize,
    /// States from which some path of timers and answers does not lead to rest: it ends elsewhere, or never.
    pub avoiding: usize,
}

impl Graph {
    /// Looks at every state backwards from those at rest.
    pub fn verdict(&self) -> Verdict {
        let mut before: HashMap<u64, Vec<u64>> = HashMap::new();
        let mut left: HashMap<u64, usize> = HashMap::new();
        let mut edges = 0;
        for (from, (to, _)) in &self.forced {
            edges += to.len();
            left.insert(*from, to.len());
            for next in to {
                assert!(
                    self.forced.contains_key(next),
                    "a timer or an answer led to a state that was not explored"
                );
                before.entry(*next).or_default().push(*from);
            }
        }
        let rest: Vec<u64> = self.forced.iter().filter(|(_, (_, rest))| *rest).map(|(key, _)| *key).collect();
        // some path: reached backwards by one edge; every path: reached backwards by all of them
        let mut some: std::collections::HashSet<u64> = rest.iter().copied().collect();
        let mut queue = rest.clone();
        while let Some(key) = queue.pop() {
            for from in before.get(&key).into_iter().flatten() {
                if some.insert(*from) {
                    queue.push(*from);
                }
            }
        }
        let mut every: std::collections::HashSet<u64> = rest.iter().copied().collect();
        let mut queue = rest;
        while let Some(key) = queue.pop() {
            for from in before.get(&key).into_iter().flatten() {
                let left = left.get_mut(from).unwrap();
                *left -= 1;
                if *left == 0 && every.insert(*from) {
                    queue.push(*from);
                }
            }
        }
        let states = self.forced.len();
        Verdict { states, edges, stuck: states - some.len(), avoiding: states - every.len() }
    }
}
