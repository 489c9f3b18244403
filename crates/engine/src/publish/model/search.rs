//! Breadth-first through every state, with the way back to each.

use std::{
    collections::HashMap,
    fmt::{self, Display},
    hash::{BuildHasherDefault, DefaultHasher, Hash},
};

/// Who makes a step happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The program, with whatever the network answers.
    System,
    /// A crash, a stall, a lost answer.
    Fault,
    Person,
}

/// A step in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    pub kind: Kind,
    pub worker: Option<u8>,
    pub what: &'static str,
    pub with: &'static str,
}

impl Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.worker, self.kind) {
            (Some(worker), _) => write!(f, "worker {} {}", worker + 1, self.what)?,
            (None, Kind::Person) => write!(f, "a person {}", self.what)?,
            (None, _) => write!(f, "{}", self.what)?,
        }
        if self.with.is_empty() {
            Ok(())
        } else {
            write!(f, ": {}", self.with)
        }
    }
}

/// A way to a state that must not be, in words.
pub struct Counterexample {
    pub broken: &'static str,
    pub path: Vec<Step>,
}

impl Display for Counterexample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}, by:", self.broken)?;
        for (number, step) in self.path.iter().enumerate() {
            writeln!(f, "{:4}. {step}", number + 1)?;
        }
        Ok(())
    }
}

/// Everything that can be reached.
pub struct Graph<S> {
    pub states: Vec<S>,
    /// The state before, and the step from it; empty for the beginnings.
    from: Vec<Option<(u32, Step)>>,
    /// From, to and who; empty unless asked for.
    edges: Vec<(u32, u32, Kind)>,
    /// How many there are.
    pub steps: usize,
}

impl<S: Copy + Eq + Hash> Graph<S> {
    /// Explores until `broken` names what is wrong with a state, or everything is seen.
    pub fn explore(
        beginnings: &[S],
        keeps_edges: bool,
        mut steps: impl FnMut(&S, &mut Vec<(Step, S)>),
        broken: impl Fn(&S) -> Option<&'static str>,
    ) -> Result<Self, Counterexample> {
        let mut graph = Self {
            states: Vec::new(),
            from: Vec::new(),
            edges: Vec::new(),
            steps: 0,
        };
        let mut seen: HashMap<S, u32, BuildHasherDefault<DefaultHasher>> = HashMap::default();
        for state in beginnings {
            seen.insert(*state, graph.states.len() as u32);
            graph.states.push(*state);
            graph.from.push(None);
        }
        let (mut at, mut next) = (0, Vec::new());
        while at < graph.states.len() {
            if let Some(broken) = broken(&graph.states[at]) {
                return Err(graph.way_to(at, broken));
            }
            steps(&graph.states[at], &mut next);
            for (step, state) in next.drain(..) {
                let index = *seen.entry(state).or_insert_with(|| {
                    graph.states.push(state);
                    graph.from.push(Some((at as u32, step)));
                    graph.states.len() as u32 - 1
                });
                graph.steps += 1;
                if keeps_edges {
                    graph.edges.push((at as u32, index, step.kind));
                }
            }
            at += 1;
        }
        Ok(graph)
    }

    fn way_to(&self, state: usize, broken: &'static str) -> Counterexample {
        let (mut path, mut at) = (Vec::new(), state);
        while let Some((before, step)) = self.from[at] {
            path.push(step);
            at = before as usize;
        }
        path.reverse();
        Counterexample { broken, path }
    }

    /// The first of the states `of` from which no `goal` can be reached by steps that `may` be taken.
    pub fn stuck(
        &self,
        of: impl Fn(&S) -> bool,
        goal: impl Fn(&S) -> bool,
        may: impl Fn(Kind) -> bool,
        broken: &'static str,
    ) -> Option<Counterexample> {
        let mut reaches: Vec<bool> = self.states.iter().map(goal).collect();
        // From the far end, as often as something new is found.
        let mut found = true;
        while found {
            found = false;
            for (from, to, kind) in self.edges.iter().rev() {
                let (from, to) = (*from as usize, *to as usize);
                if !reaches[from] && reaches[to] && may(*kind) {
                    reaches[from] = true;
                    found = true;
                }
            }
        }
        let stuck = (0..self.states.len()).find(|at| of(&self.states[*at]) && !reaches[*at])?;
        Some(self.way_to(stuck, broken))
    }
}
