//! Whether to ask at all: a circuit breaker.
//!
//! Closed: everything goes through, failures in a row are counted. Open: nothing goes through for a while. Half-open: one
//! request tries; when it goes well the breaker closes, else it opens for longer. It knows nothing of what a failure is.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// Failures in a row that open it.
const FAILURES: u32 = 5;
/// How long it stays open the first time; twice as long after each trial that fails.
const OPEN_FOR: Duration = Duration::from_secs(15);
const LONGEST: Duration = Duration::from_secs(5 * 60);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Closed { failures: u32 },
    Open { until: Instant, period: Duration },
    HalfOpen { period: Duration },
}

pub struct Breaker(Mutex<State>);

/// Leave to ask. What came of it is told by [`Pass::ended`]; a pass that is dropped tells nothing.
pub struct Pass<'a> {
    breaker: &'a Breaker,
    /// State was half-open: nobody else asks meanwhile.
    trial: bool,
    told: bool,
}

impl Breaker {
    pub fn new() -> Self {
        Self(Mutex::new(State::Closed { failures: 0 }))
    }

    /// Leave to ask, or how long to wait for it.
    pub fn admit(&self, now: Instant) -> Result<Pass<'_>, Duration> {
        let mut state = self.0.lock();
        let trial = match *state {
            State::Closed { .. } => false,
            State::Open { until, period } if until <= now => {
                *state = State::HalfOpen { period };
                true
            }
            State::Open { until, .. } => return Err(until - now),
            State::HalfOpen { period } => return Err(period),
        };
        Ok(Pass { breaker: self, trial, told: false })
    }
}

impl Pass<'_> {
    /// The request went well, or it failed.
    pub fn ended(mut self, well: bool, now: Instant) {
        self.told = true;
        let mut state = self.breaker.0.lock();
        *state = match *state {
            State::Closed { .. } if well => State::Closed { failures: 0 },
            State::Closed { failures } if failures + 1 < FAILURES => State::Closed { failures: failures + 1 },
            State::Closed { .. } => State::Open { until: now + OPEN_FOR, period: OPEN_FOR },
            State::HalfOpen { .. } if self.trial && well => State::Closed { failures: 0 },
            State::HalfOpen { period } if self.trial => {
                let period = (period * 2).min(LONGEST);
                State::Open { until: now + period, period }
            }
            // Asked before it opened: the trial tells more.
            other => other,
        };
    }
}

impl Drop for Pass<'_> {
    /// A trial that nobody waited for: the next one may try at once.
    fn drop(&mut self) {
        if self.told || !self.trial {
            return;
        }
        let mut state = self.breaker.0.lock();
        if let State::HalfOpen { period } = *state {
            *state = State::Open { until: Instant::now(), period };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fail(breaker: &Breaker, times: u32, now: Instant) {
        (0..times).for_each(|_| breaker.admit(now).expect("closed").ended(false, now));
    }

    #[test]
    fn failures_in_a_row_open_it_and_a_trial_closes_it() {
        let (breaker, now) = (Breaker::new(), Instant::now());
        fail(&breaker, FAILURES - 1, now);
        breaker.admit(now).expect("closed").ended(true, now);
        fail(&breaker, FAILURES, now);
        assert_eq!(breaker.admit(now).err(), Some(OPEN_FOR));

        let later = now + OPEN_FOR;
        let trial = breaker.admit(later).expect("half-open");
        assert!(breaker.admit(later).is_err(), "one at a time");
        trial.ended(true, later);
        breaker.admit(later).expect("closed again").ended(true, later);
    }

    #[test]
    fn each_failed_trial_doubles_the_time_up_to_a_limit() {
        let (breaker, mut now) = (Breaker::new(), Instant::now());
        fail(&breaker, FAILURES, now);
        let mut waits = Vec::new();
        for _ in 0..6 {
            let wait = breaker.admit(now).err().expect("open");
            waits.push(wait.as_secs());
            now += wait;
            breaker.admit(now).expect("half-open").ended(false, now);
        }
        assert_eq!(waits, [15, 30, 60, 120, 240, 300]);
    }

    #[test]
    fn a_trial_that_is_given_up_leaves_the_place_to_the_next() {
        let (breaker, now) = (Breaker::new(), Instant::now());
        fail(&breaker, FAILURES, now);
        let later = now + OPEN_FOR;
        drop(breaker.admit(later).expect("half-open"));
        let after = Instant::now().max(later);
        breaker.admit(after).expect("half-open again").ended(true, after);
    }

    #[test]
    fn what_was_asked_before_it_opened_does_not_close_it() {
        let (breaker, now) = (Breaker::new(), Instant::now());
        let early = breaker.admit(now).expect("closed");
        fail(&breaker, FAILURES, now);
        early.ended(true, now);
        assert!(breaker.admit(now).is_err());
    }
}
