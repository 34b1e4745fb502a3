//! Places at which a test kills this process, to see what is left behind. Without the feature `failpoints` they are
//! nothing at all.

/// Ends the process, as a power cut would, when `TAPROOT_TEST_FAILPOINT` names this place: `published` the first time
/// that it is reached, `published:3` the third.
#[cfg(feature = "failpoints")]
pub fn failpoint(name: &str) {
    use std::sync::atomic::{AtomicU32, Ordering};
    static REACHED: AtomicU32 = AtomicU32::new(0);
    let Ok(wanted) = std::env::var("TAPROOT_TEST_FAILPOINT") else { return };
    let (wanted, time) = wanted.split_once(':').unwrap_or((&wanted, "1"));
    if wanted == name && REACHED.fetch_add(1, Ordering::SeqCst) + 1 == time.parse().unwrap_or(1) {
        std::process::abort();
    }
}

#[cfg(not(feature = "failpoints"))]
pub fn failpoint(_name: &str) {}
