//! Who is next: a bounded queue in which askers take turns.
//!
//! Each asker has a line of its own, and the lines are served one job each, round and round. One asker may hold half of
//! the places at the most, so that the others find one. A full queue refuses at once; nobody waits for a place.

use std::collections::VecDeque;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use crate::{Error, Result};

pub struct Turns<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
    max_waiting: usize,
}

struct State<T> {
    /// The asker whose turn it is first; none of the lines is empty.
    lines: VecDeque<(String, VecDeque<T>)>,
    waiting: usize,
    is_closed: bool,
}

/// What a worker gets.
pub enum Next<T> {
    Job(T),
    /// Nothing came for as long as it would wait.
    Idle,
    Closed,
}

impl<T> Turns<T> {
    pub fn new(max_waiting: usize) -> Turns<T> {
        let state = State { lines: VecDeque::new(), waiting: 0, is_closed: false };
        Turns { state: Mutex::new(state), changed: Condvar::new(), max_waiting: max_waiting.max(1) }
    }

    /// Puts a job at the end of its asker's line. Where there is no place, jobs that nobody waits for any more
    /// (`is_gone`) make one.
    ///
    /// # Errors
    /// [`Error::Overloaded`] when the queue is full, or the asker's half of it.
    pub fn push(&self, asker: &str, job: T, is_gone: impl Fn(&T) -> bool) -> Result<()> {
        let mut state = self.state.lock();
        if state.is_closed {
            return Err(Error::Stopped);
        }
        if state.waiting >= self.max_waiting || state.of(asker) >= self.max_of_one() {
            state.sweep(is_gone);
        }
        if state.waiting >= self.max_waiting || state.of(asker) >= self.max_of_one() {
            return Err(Error::Overloaded { waiting: state.waiting });
        }
        match state.lines.iter_mut().find(|(name, _)| name == asker) {
            Some((_, line)) => line.push_back(job),
            None => state.lines.push_back((asker.to_owned(), VecDeque::from([job]))),
        }
        state.waiting += 1;
        self.changed.notify_one();
        Ok(())
    }

    /// The next job; waits for one, not longer than `patience` if there is one.
    pub fn next(&self, patience: Option<Duration>) -> Next<T> {
        let mut state = self.state.lock();
        loop {
            if state.is_closed {
                return Next::Closed;
            }
            if let Some(job) = state.take() {
                return Next::Job(job);
            }
            match patience {
                None => self.changed.wait(&mut state),
                Some(patience) => {
                    if self.changed.wait_for(&mut state, patience).timed_out() && state.waiting == 0 {
                        return if state.is_closed { Next::Closed } else { Next::Idle };
                    }
                }
            }
        }
    }

    /// Lets go of all that wait, and of all workers.
    pub fn close(&self) {
        let mut state = self.state.lock();
        state.is_closed = true;
        state.lines.clear();
        state.waiting = 0;
        self.changed.notify_all();
    }

    pub fn is_closed(&self) -> bool {
        self.state.lock().is_closed
    }

    fn max_of_one(&self) -> usize {
        self.max_waiting.div_ceil(2)
    }
}

impl<T> State<T> {
    fn of(&self, asker: &str) -> usize {
        self.lines.iter().find(|(name, _)| name == asker).map_or(0, |(_, line)| line.len())
    }

    fn take(&mut self) -> Option<T> {
        let (asker, mut line) = self.lines.pop_front()?;
        let job = line.pop_front()?;
        self.waiting -= 1;
        if !line.is_empty() {
            self.lines.push_back((asker, line));
        }
        Some(job)
    }

    fn sweep(&mut self, is_gone: impl Fn(&T) -> bool) {
        for (_, line) in &mut self.lines {
            line.retain(|job| !is_gone(job));
        }
        self.lines.retain(|(_, line)| !line.is_empty());
        self.waiting = self.lines.iter().map(|(_, line)| line.len()).sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(turns: &Turns<&'static str>) -> Vec<&'static str> {
        std::iter::from_fn(|| match turns.next(Some(Duration::ZERO)) {
            Next::Job(job) => Some(job),
            Next::Idle | Next::Closed => None,
        })
        .collect()
    }

    #[test]
    fn askers_take_turns_and_one_has_no_more_than_half() {
        let turns = Turns::new(8);
        for job in ["a1", "a2", "a3", "a4"] {
            turns.push("a", job, |_| false).expect("a place");
        }
        assert!(matches!(turns.push("a", "a5", |_| false), Err(Error::Overloaded { waiting: 4 })));
        turns.push("b", "b1", |_| false).expect("a place");
        turns.push("c", "c1", |_| false).expect("a place");
        turns.push("b", "b2", |_| false).expect("a place");
        assert_eq!(all(&turns), ["a1", "b1", "c1", "a2", "b2", "a3", "a4"]);
    }

    #[test]
    fn a_full_queue_refuses_unless_somebody_has_gone() {
        let turns = Turns::new(2);
        turns.push("a", "a1", |_| false).expect("a place");
        turns.push("b", "b1", |_| false).expect("a place");
        assert!(matches!(turns.push("c", "c1", |_| false), Err(Error::Overloaded { waiting: 2 })));
        turns.push("c", "c1", |job| *job == "a1").expect("the place of who went");
        assert_eq!(all(&turns), ["b1", "c1"]);
    }

    #[test]
    fn a_closed_queue_lets_everybody_go() {
        let turns = Turns::new(2);
        turns.push("a", "a1", |_| false).expect("a place");
        let waiting = &Turns::<&str>::new(1);
        std::thread::scope(|scope| {
            let worker = scope.spawn(move || matches!(waiting.next(None), Next::Closed));
            waiting.close();
            assert!(worker.join().expect("no panic"));
        });
        turns.close();
        assert!(matches!(turns.next(None), Next::Closed));
        assert!(matches!(turns.push("a", "a2", |_| false), Err(Error::Stopped)));
    }
}
