//! When to ask again: exponential back-off with full jitter (M. Brooker, "Exponential Backoff And Jitter", AWS, 2015), and
//! `Retry-After` (RFC 9110, 10.2.3) where the other side says it. Whether a failure is worth it is decided elsewhere.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use uuid::Uuid;

/// The pause after the first failure is between nothing and this; after each further one the upper end doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// Nobody waits longer for an answer: who is asked to, gives up. With at most five retries that is a minute in all.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

#[derive(Debug, Clone, Copy)]
pub struct Retry {
    /// Tries after the first.
    pub retries: u32,
    pub first_pause: Duration,
    pub longest_pause: Duration,
}

impl Retry {
    pub fn new(retries: u32) -> Self {
        Self { retries, first_pause: FIRST_PAUSE, longest_pause: LONGEST_PAUSE }
    }

    /// The pause before try `number` (1 is the first retry); `None` gives up. `asked` is what the other side wants.
    pub fn pause(&self, number: u32, asked: Option<Duration>) -> Option<Duration> {
        let asked = asked.unwrap_or(Duration::ZERO);
        if number > self.retries || asked > self.longest_pause {
            return None;
        }
        let doubled = self.first_pause.saturating_mul(2u32.saturating_pow(number.saturating_sub(1)));
        // Who was asked to wait waits at least so long, and not all come back at the same moment.
        Some((asked + doubled.min(self.longest_pause).mul_f64(fraction())).min(self.longest_pause))
    }
}

/// 0 to 1, of the system's randomness.
fn fraction() -> f64 {
    StdRng::seed_from_u64(Uuid::new_v4().as_u64_pair().0).random()
}

/// Seconds, or a date. Azure OpenAI adds milliseconds in a header of its own.
pub fn asked(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    if let Some(millis) = text("retry-after-ms").and_then(|millis| millis.parse().ok()) {
        return Some(Duration::from_millis(millis));
    }
    let said = text(RETRY_AFTER.as_str())?;
    if let Ok(seconds) = said.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = rfc2822::DateTimeParser::new().parse_timestamp(said).ok()?;
    Some(Duration::try_from(at.duration_since(now)).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_within_their_limits() {
        let retry = Retry::new(3);
        for number in 1..=3 {
            let upper = FIRST_PAUSE * 2u32.pow(number - 1);
            assert!((0..200).all(|_| retry.pause(number, None).expect("again") <= upper), "{number}");
        }
        assert_eq!(retry.pause(4, None), None);
        assert_eq!(Retry::new(0).pause(1, None), None);
        let pauses: Vec<_> = (0..20).map(|_| retry.pause(3, None)).collect();
        assert!(pauses.iter().any(|pause| *pause != pauses[0]), "all at once: {pauses:?}");
    }

    #[test]
    fn what_the_other_side_asks_for_is_kept_or_too_long() {
        let retry = Retry::new(3);
        let second = Duration::from_secs(1);
        assert!((0..200).all(|_| retry.pause(1, Some(second)).is_some_and(|pause| pause >= second)));
        assert_eq!(retry.pause(1, Some(LONGEST_PAUSE)), Some(LONGEST_PAUSE));
        assert_eq!(retry.pause(1, Some(LONGEST_PAUSE + second)), None);
    }

    #[test]
    fn each_form_of_the_header_is_read() {
        let now: Timestamp = "2026-01-31T12:00:00Z".parse().expect("a time");
        for (name, value, expected) in [
            ("retry-after", "7", Some(7_000)),
            ("retry-after", "Sat, 31 Jan 2026 12:00:09 GMT", Some(9_000)),
            ("retry-after", "Sat, 31 Jan 2026 11:00:00 GMT", Some(0)),
            ("retry-after-ms", "250", Some(250)),
            ("retry-after", "soon", None),
            ("retry-after", "-1", None),
            ("other", "7", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().expect("a value"));
            assert_eq!(asked(&headers, now), expected.map(Duration::from_millis), "{name}: {value}");
        }
    }
}
