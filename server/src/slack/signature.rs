//! Whether a request comes from Slack: version `v0` of its request signatures
//! (<https://docs.slack.dev/authentication/verifying-requests-from-slack>).
//!
//! `X-Slack-Signature` is `v0=` and the HMAC-SHA256, in hexadecimal, of `v0:TIMESTAMP:BODY` under the app's signing
//! secret, over the body as it was sent. A request older than five minutes may be a replay.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

const MAX_AGE_S: u64 = 5 * 60;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// A header is missing or does not have its form.
    Malformed,
    /// The clock of this machine and the timestamp are more than five minutes apart.
    TooOld,
    /// Signed with another secret, or not over this body.
    Wrong,
}

/// `timestamp` and `signature` are the values of the two headers.
pub fn verify(
    secret: &str,
    timestamp: Option<&str>,
    signature: Option<&str>,
    body: &[u8],
    now_unix_s: u64,
) -> Result<(), Refusal> {
    let (Some(timestamp), Some(signature)) = (timestamp, signature) else { return Err(Refusal::Malformed) };
    let sent_unix_s = timestamp.parse::<u64>().map_err(|_| Refusal::Malformed)?;
    if now_unix_s.abs_diff(sent_unix_s) > MAX_AGE_S {
        return Err(Refusal::TooOld);
    }
    let expected = signature.strip_prefix("v0=").and_then(from_hex).ok_or(Refusal::Malformed)?;
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).map_err(|_| Refusal::Wrong)?;
    mac.update(b"v0:");
    mac.update(timestamp.as_bytes());
    mac.update(b":");
    mac.update(body);
    // Compares in constant time.
    mac.verify_slice(&expected).map_err(|_| Refusal::Wrong)
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    pairs.iter().map(|[high, low]| u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    // The example of Slack's documentation.
    const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
    const TIMESTAMP: &str = "1531420618";
    const BODY: &str = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&\
        channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=\
        https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&\
        trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    const SIGNATURE: &str = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";
    const NOW: u64 = 1_531_420_618;

    #[test]
    fn the_documented_example_is_accepted() {
        assert_eq!(verify(SECRET, Some(TIMESTAMP), Some(SIGNATURE), BODY.as_bytes(), NOW), Ok(()));
        assert_eq!(verify(SECRET, Some(TIMESTAMP), Some(SIGNATURE), BODY.as_bytes(), NOW + MAX_AGE_S), Ok(()));
    }

    #[test]
    fn anything_else_is_refused() {
        let body = BODY.as_bytes();
        let short = &SIGNATURE[..SIGNATURE.len() - 2];
        for (secret, timestamp, signature, body, now, expected) in [
            ("another", Some(TIMESTAMP), Some(SIGNATURE), body, NOW, Refusal::Wrong),
            (SECRET, Some(TIMESTAMP), Some(SIGNATURE), &body[1..], NOW, Refusal::Wrong),
            (SECRET, Some("1531420619"), Some(SIGNATURE), body, NOW, Refusal::Wrong),
            (SECRET, Some(TIMESTAMP), Some(short), body, NOW, Refusal::Wrong),
            (SECRET, Some(TIMESTAMP), Some(SIGNATURE), body, NOW + MAX_AGE_S + 1, Refusal::TooOld),
            (SECRET, Some(TIMESTAMP), Some(SIGNATURE), body, NOW - MAX_AGE_S - 1, Refusal::TooOld),
            (SECRET, Some(TIMESTAMP), Some("v0=é"), body, NOW, Refusal::Malformed),
            (SECRET, Some(TIMESTAMP), Some("v0=a"), body, NOW, Refusal::Malformed),
            (SECRET, Some(TIMESTAMP), Some(&SIGNATURE[3..]), body, NOW, Refusal::Malformed),
            (SECRET, Some("yesterday"), Some(SIGNATURE), body, NOW, Refusal::Malformed),
            (SECRET, None, Some(SIGNATURE), body, NOW, Refusal::Malformed),
            (SECRET, Some(TIMESTAMP), None, body, NOW, Refusal::Malformed),
        ] {
            assert_eq!(verify(secret, timestamp, signature, body, now), Err(expected), "{timestamp:?} {signature:?}");
        }
    }
}
