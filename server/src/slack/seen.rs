//! Which events were taken already. Slack sends an event again when it did not hear in time, up to three times
//! within an hour; each is answered once.

use std::collections::{HashSet, VecDeque};
use std::time::{Duration, Instant};

const REMEMBERED_FOR: Duration = Duration::from_secs(2 * 60 * 60);
const MAX_REMEMBERED: usize = 10_000;

/// Ids of events, oldest first; bounded in number and in time.
#[derive(Debug, Default)]
pub struct Seen {
    ids: HashSet<String>,
    order: VecDeque<(Instant, String)>,
}

impl Seen {
    /// Whether the event is new; from now on it is not.
    pub fn is_new(&mut self, id: &str, now: Instant) -> bool {
        while let Some((taken, _)) = self.order.front() {
            let expired = now.saturating_duration_since(*taken) > REMEMBERED_FOR;
            if !expired && self.order.len() < MAX_REMEMBERED {
                break;
            }
            if let Some((_, oldest)) = self.order.pop_front() {
                self.ids.remove(&oldest);
            }
        }
        let new = self.ids.insert(id.to_string());
        if new {
            self.order.push_back((now, id.to_string()));
        }
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_new_once_until_it_is_forgotten() {
        let (mut seen, start) = (Seen::default(), Instant::now());
        assert!(seen.is_new("Ev1", start));
        assert!(!seen.is_new("Ev1", start + Duration::from_secs(3_600)));
        assert!(seen.is_new("Ev2", start));
        assert!(seen.is_new("Ev1", start + REMEMBERED_FOR + Duration::from_secs(1)));
    }

    #[test]
    fn memory_is_bounded() {
        let (mut seen, now) = (Seen::default(), Instant::now());
        for id in 0..MAX_REMEMBERED + 5 {
            assert!(seen.is_new(&id.to_string(), now));
        }
        assert_eq!((seen.ids.len(), seen.order.len()), (MAX_REMEMBERED, MAX_REMEMBERED));
        assert!(seen.is_new("0", now), "the oldest were forgotten");
    }
}
