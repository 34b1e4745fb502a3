//! The time of day.

use std::time::{SystemTime, UNIX_EPOCH};

use jiff::{Timestamp, Unit};

/// As the API writes it: RFC 3339 in UTC, to the second.
pub fn now() -> String {
    let now = Timestamp::now();
    now.round(Unit::Second).unwrap_or(now).to_string()
}

/// Seconds since 1970; 0 on a machine whose clock stands before that.
pub fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// The time of day that it is after a while, as the API writes it.
pub fn in_the_future(after: std::time::Duration) -> Option<String> {
    let then = Timestamp::now().checked_add(after).ok()?;
    Some(then.round(Unit::Second).unwrap_or(then).to_string())
}

/// Seconds since 1970, as the API writes them.
pub fn of_seconds(seconds: u64) -> String {
    let time = i64::try_from(seconds).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    time.map_or_else(|| seconds.to_string(), |time| time.to_string())
}
