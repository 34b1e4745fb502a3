//! How much one caller may ask for: requests in a minute, answers at a time, tokens of a language model in a day.
//!
//! All of it is kept in memory, bounded, and forgotten with the process. Whose limits are counted is a key or a person; for
//! whoever is not known, the address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use parking_lot::Mutex;
use taproot_schemas::account::CallerKind;

use super::Caller;
use crate::clock;
use crate::config::LimitsConfig;

/// Callers that are counted at a time before those that rest are forgotten.
const MAX_COUNTED: usize = 100_000;
const DAY_S: u64 = 24 * 60 * 60;

type Counter<K> = RateLimiter<K, HashMapStateStore<K>, DefaultClock>;

pub struct Limits {
    config: LimitsConfig,
    callers: Counter<String>,
    addresses: Counter<Option<IpAddr>>,
    /// Of what was shown and was no key.
    failures: Counter<Option<IpAddr>>,
    at_work: Arc<Mutex<HashMap<String, usize>>>,
    /// Tokens by caller, of the day (since 1970) that the number says.
    tokens: Mutex<(u64, HashMap<String, u64>)>,
}

/// Why somebody has to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    pub told: &'static str,
    pub for_: Duration,
}

/// A place among the answers that one caller gets at a time; given back when it is dropped.
#[derive(Debug)]
pub struct Place {
    at_work: Arc<Mutex<HashMap<String, usize>>>,
    caller: String,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut at_work = self.at_work.lock();
        if let Some(count) = at_work.get_mut(&self.caller) {
            *count -= 1;
            if *count == 0 {
                at_work.remove(&self.caller);
            }
        }
    }
}

impl Limits {
    pub fn new(config: LimitsConfig) -> Self {
        let per_minute = |count: u32| Quota::per_minute(NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN));
        Self {
            callers: RateLimiter::hashmap(per_minute(config.requests_per_minute)),
            addresses: RateLimiter::hashmap(per_minute(config.anonymous_requests_per_minute)),
            failures: RateLimiter::hashmap(per_minute(config.failed_sign_ins_per_minute)),
            at_work: Arc::default(),
            tokens: Mutex::default(),
            config,
        }
    }

    /// Counts a request.
    pub fn request(&self, caller: &Caller) -> Result<(), Wait> {
        match caller.kind {
            // Slack bounds its own.
            CallerKind::Owner | CallerKind::Slack => Ok(()),
            CallerKind::Anonymous => counted(&self.addresses, &caller.address, "too many requests from this address"),
            // One key stands in the page of everybody: each address counts for itself.
            CallerKind::Widget | CallerKind::Key | CallerKind::User => {
                counted(&self.callers, &name(caller), "too many requests")
            }
        }
    }

    /// Counts a key that is none.
    pub fn failure(&self, address: Option<IpAddr>) -> Result<(), Wait> {
        counted(&self.failures, &address, "too many keys that are none from this address")
    }

    /// A place for an answer, as long as there is one, and the day's tokens are not used up.
    pub fn answer(&self, caller: &Caller) -> Result<Option<Place>, Wait> {
        if caller.kind == CallerKind::Owner {
            return Ok(None);
        }
        let name = name(caller);
        if self.config.tokens_per_day > 0 && self.used_today(&name) >= self.config.tokens_per_day {
            return Err(Wait { told: "the tokens of the day are used up", for_: until_tomorrow() });
        }
        let mut at_work = self.at_work.lock();
        let count = at_work.entry(name.clone()).or_default();
        if *count >= self.config.answers_at_a_time {
            return Err(Wait { told: "too many answers at a time", for_: Duration::from_secs(1) });
        }
        *count += 1;
        Ok(Some(Place { at_work: Arc::clone(&self.at_work), caller: name }))
    }

    /// Counts tokens that a language model took and gave for an answer.
    pub fn spent(&self, place: &Place, tokens: u64) {
        let mut kept = self.tokens.lock();
        if kept.0 != today() {
            *kept = (today(), HashMap::new());
        }
        *kept.1.entry(place.caller.clone()).or_default() += tokens;
    }

    fn used_today(&self, name: &str) -> u64 {
        let kept = self.tokens.lock();
        if kept.0 == today() { kept.1.get(name).copied().unwrap_or(0) } else { 0 }
    }
}

fn counted<K: std::hash::Hash + Eq + Clone>(counter: &Counter<K>, key: &K, told: &'static str) -> Result<(), Wait> {
    if counter.len() > MAX_COUNTED {
        counter.retain_recent();
        counter.shrink_to_fit();
    }
    let clock = DefaultClock::default();
    counter.check_key(key).map_err(|not_until| Wait { told, for_: not_until.wait_time_from(clock.now()) })
}

fn name(caller: &Caller) -> String {
    let address = match caller.kind {
        CallerKind::Anonymous | CallerKind::Widget => caller.address,
        _ => None,
    };
    let id = caller.id.as_deref().unwrap_or_default();
    address.map_or_else(|| id.to_owned(), |address| format!("{id} {address}"))
}

fn today() -> u64 {
    clock::unix_seconds() / DAY_S
}

fn until_tomorrow() -> Duration {
    Duration::from_secs(DAY_S - clock::unix_seconds() % DAY_S)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_caller_has_its_own_share() {
        let config = LimitsConfig {
            requests_per_minute: 2,
            anonymous_requests_per_minute: 1,
            failed_sign_ins_per_minute: 1,
            answers_at_a_time: 1,
            tokens_per_day: 10,
        };
        let limits = Limits::new(config);
        let key = |id: &str| {
            let mut caller = Caller::owner(false);
            (caller.kind, caller.id) = (CallerKind::Key, Some(id.into()));
            caller
        };
        let (one, other) = (key("one"), key("other"));
        assert!(limits.request(&one).is_ok() && limits.request(&one).is_ok());
        assert!(limits.request(&one).is_err() && limits.request(&other).is_ok());
        assert!((0..100).all(|_| limits.request(&Caller::owner(false)).is_ok()));
        let nobody_at = |last: u8| {
            let mut nobody = Caller::anonymous(&[]);
            nobody.address = Some(IpAddr::from([192, 0, 2, last]));
            nobody
        };
        assert!(limits.request(&nobody_at(1)).is_ok() && limits.request(&nobody_at(1)).is_err());
        assert!(limits.request(&nobody_at(2)).is_ok());

        let place = limits.answer(&one).unwrap().unwrap();
        assert!(limits.answer(&one).is_err() && limits.answer(&other).is_ok());
        limits.spent(&place, 10);
        drop(place);
        let wait = limits.answer(&one).unwrap_err();
        assert!(wait.for_ <= Duration::from_secs(86_400) && wait.told.contains("day"), "{wait:?}");
        assert!(limits.answer(&other).is_ok());
    }
}
