//! The token of the lock file: whoever can read that file owns the data.

use actix_web::dev::RequestHead;
use actix_web::http::header;
use sha2::{Digest, Sha256};

/// Kept as its digest so that comparing takes the same time whatever was sent.
#[derive(Clone)]
pub struct OwnerToken([u8; 32]);

impl OwnerToken {
    pub fn new(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }

    pub fn is(&self, candidate: &str) -> bool {
        // Digests of secrets that an attacker cannot choose bit by bit: comparing them early-out tells nothing.
        let digest: [u8; 32] = Sha256::digest(candidate.as_bytes()).into();
        digest == self.0
    }

    /// Whether a request carries the token; such a request is no page's doing.
    pub fn is_in(&self, head: &RequestHead) -> bool {
        bearer(head).is_some_and(|candidate| self.is(candidate))
    }
}

/// What stands in `Authorization: Bearer …`.
pub fn bearer(head: &RequestHead) -> Option<&str> {
    let (scheme, token) = head.headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}
