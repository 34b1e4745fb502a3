//! Who is calling, what it may see and what it may do.
//!
//! Until there are accounts there are three kinds of callers. The **owner of the data** carries the token of the
//! lock file. Whoever reaches a server that listens on a **loopback** address sits at the owner's machine and
//! counts as the owner, unless the request came through a proxy or from a page of the outside world. **Everybody
//! else** may read and ask what is open to everybody.
//!
//! Architecture invariant: handlers decide nothing by headers or addresses; they ask the [`Caller`].

use std::future::{Ready, ready};

use actix_web::dev::{Payload, RequestHead};
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, web};
use sha2::{Digest, Sha256};
use taproot_engine::{AccessScope, Asker};
use taproot_schemas::error::ErrorCode;

use super::error::{ApiError, Result};
use super::origin::{Page, Rules, host_of, is_loopback_host, origin_of};

/// Headers that a proxy adds: the request began somewhere else.
const PROXY_HEADERS: [&str; 3] = ["forwarded", "x-forwarded-for", "x-real-ip"];

/// Hits that one search may ask for.
const MAX_HITS: usize = 100;
/// Hits for the owner's batches, which need whole rankings.
const MAX_HITS_OWNER: usize = 1_000;

/// The token of the lock file, kept as its digest so that comparing takes the same time whatever was sent.
#[derive(Clone)]
pub struct OwnerToken([u8; 32]);

impl OwnerToken {
    pub fn new(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }

    fn is(&self, candidate: &str) -> bool {
        // Digests of secrets that an attacker cannot choose bit by bit: comparing them early-out tells nothing.
        let digest: [u8; 32] = Sha256::digest(candidate.as_bytes()).into();
        digest == self.0
    }

    /// Whether a request carries the token; such a request is no page's doing.
    pub fn is_in(&self, head: &RequestHead) -> bool {
        bearer(head).is_some_and(|candidate| self.is(candidate))
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// What it may see.
    pub scope: AccessScope,
    /// Whose conversations are its own.
    pub asker: Asker,
    /// Whether it may delete documents and start and stop jobs.
    pub may_administer: bool,
    /// Whether it showed the owner's token.
    pub has_token: bool,
}

impl Caller {
    fn of(head: &RequestHead, rules: &Rules, token: &OwnerToken) -> Result<Self> {
        if token.is_in(head) {
            return Ok(Self::owner(true, true));
        }
        let host = host_of(head);
        let page = rules.page(origin_of(head), host);
        let at_this_machine = rules.on_loopback
            && host.is_some_and(is_loopback_host)
            && !PROXY_HEADERS.iter().any(|name| head.headers.contains_key(*name));
        if at_this_machine {
            // A page of another port of this machine reads like its user, but deletes nothing in the user's name.
            return Ok(match page {
                Page::Own => Self::owner(true, false),
                Page::Loopback => Self::owner(false, false),
                Page::Listed | Page::Foreign => Self::anybody(),
            });
        }
        if bearer(head).is_some() {
            // Silently seeing less than expected would be harder to find than being told.
            return Err(ApiError::new(ErrorCode::Forbidden, "the bearer token is not one of this server")
                .with_hint("leave the Authorization header out, or take the token of the running server"));
        }
        Ok(Self::anybody())
    }

    fn owner(may_administer: bool, has_token: bool) -> Self {
        Self { scope: AccessScope::owner(), asker: Asker::owner(), may_administer, has_token }
    }

    fn anybody() -> Self {
        Self {
            scope: AccessScope::groups(Vec::new()),
            asker: Asker::Anonymous,
            may_administer: false,
            has_token: false,
        }
    }

    /// What belongs to nobody known is changed by whoever has its id; what is the owner's only by who acts for the owner.
    pub fn must_change_its_own(&self) -> Result<()> {
        if self.asker == Asker::Anonymous { Ok(()) } else { self.must_administer() }
    }

    pub fn must_administer(&self) -> Result<()> {
        if self.may_administer {
            return Ok(());
        }
        Err(ApiError::new(ErrorCode::Forbidden, "this needs the rights of the data's owner")
            .with_hint("run the taproot command on the machine of the server"))
    }

    pub fn must_have_token(&self) -> Result<()> {
        if self.has_token {
            return Ok(());
        }
        Err(ApiError::new(ErrorCode::Forbidden, "this needs the token of the data's owner")
            .with_hint("run the taproot command on the machine of the server"))
    }

    /// How many hits one search may ask for.
    pub fn max_hits(&self) -> usize {
        if self.has_token { MAX_HITS_OWNER } else { MAX_HITS }
    }
}

/// What a caller sees at doors that refuse nobody: whoever is not let in is anybody.
pub fn scope_of(caller: Option<Caller>) -> AccessScope {
    caller.map_or_else(|| Caller::anybody().scope, |caller| caller.scope)
}

impl FromRequest for Caller {
    type Error = ApiError;
    type Future = Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let (rules, token) = (request.app_data::<web::Data<Rules>>(), request.app_data::<web::Data<OwnerToken>>());
        ready(match (rules, token) {
            (Some(rules), Some(token)) => Caller::of(request.head(), rules, token),
            _ => Err(ApiError::internal("the rules for callers are not set up")),
        })
    }
}

fn bearer(head: &RequestHead) -> Option<&str> {
    let (scheme, token) = head.headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn caller(address: &str, headers: &[(&'static str, &str)]) -> Result<Caller> {
        let rules = Rules::new(address.parse().unwrap(), vec!["https://intranet.example".into()], vec![]);
        let request = headers.iter().fold(TestRequest::get(), |request, header| request.insert_header(*header));
        Caller::of(request.to_http_request().head(), &rules, &OwnerToken::new("sesame"))
    }

    const LOOPBACK: &str = "127.0.0.1:8080";
    const OPEN: &str = "0.0.0.0:8080";
    const HERE: (&str, &str) = ("host", "127.0.0.1:8080");

    #[test]
    fn kinds_of_callers() {
        let owner = |caller: &Caller| caller.scope == AccessScope::owner();
        for (address, headers, sees_all, may_administer) in [
            (LOOPBACK, &[HERE] as &[_], true, true),
            (LOOPBACK, &[HERE, ("origin", "http://127.0.0.1:8080")], true, true),
            (LOOPBACK, &[HERE, ("origin", "http://localhost:3000")], true, false),
            (LOOPBACK, &[HERE, ("origin", "https://intranet.example")], false, false),
            (LOOPBACK, &[HERE, ("x-forwarded-for", "203.0.113.7")], false, false),
            (LOOPBACK, &[("host", "kb.example")], false, false),
            (LOOPBACK, &[HERE, ("authorization", "Bearer wrong")], true, true),
            (OPEN, &[HERE], false, false),
            (OPEN, &[HERE, ("authorization", "Bearer sesame")], true, true),
            (OPEN, &[HERE, ("authorization", "bearer sesame"), ("x-forwarded-for", "203.0.113.7")], true, true),
        ] {
            let caller = caller(address, headers).unwrap();
            assert_eq!((owner(&caller), caller.may_administer), (sees_all, may_administer), "{address} {headers:?}");
        }
    }

    #[test]
    fn a_wrong_token_is_told() {
        let refused = caller(OPEN, &[HERE, ("authorization", "Bearer open")]).unwrap_err();
        assert_eq!(refused.code, ErrorCode::Forbidden);
    }
}
