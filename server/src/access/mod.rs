//! Who may come in: from what a request shows to a [`Caller`].
//!
//! In: the head of a request. Out: who is calling, what it may see and what it may do, or a refusal. Secrets are compared
//! by their hashes, and every question is asked of the store anew, so that what was revoked is of no use to the next
//! request. What a route needs is said in `http::routes`, and decided in `http::guard`.

mod caller;
pub mod identify;
mod limits;
pub mod oidc;
mod owner;
pub mod seal;
mod trail;
pub mod widget;

use std::net::IpAddr;

use taproot_engine::Accounts;
use taproot_schemas::account::CallerKind;

use crate::audit::Audit;
use crate::config::AccessConfig;
use crate::http::origin::Rules;

pub use caller::{Caller, scope_of};
pub use identify::SESSION_COOKIE;
pub use limits::{Limits, Wait};
pub use oidc::Oidc;
pub use owner::OwnerToken;
pub use trail::Trail;

/// What every request is judged by; one for all workers.
pub struct Access {
    pub accounts: Accounts,
    pub owner: OwnerToken,
    pub rules: Rules,
    pub oidc: Option<Oidc>,
    pub limits: Limits,
    pub audit: Audit,
    pub config: AccessConfig,
    /// Whether the server itself speaks TLS.
    pub speaks_tls: bool,
}

impl Access {
    /// Whether what the caller came with is still of use: for what goes on after a request was let in.
    pub async fn still_lets_in(&self, caller: &Caller) -> bool {
        let Some(id) = &caller.id else { return true };
        match caller.kind {
            CallerKind::Key | CallerKind::Widget => self.accounts.live_key(id).await.is_ok_and(|key| key.is_some()),
            CallerKind::User => self.accounts.user(id).await.is_ok_and(|user| user.role.is_some() && !user.blocked),
            CallerKind::Owner | CallerKind::Slack | CallerKind::Anonymous => true,
        }
    }

    /// Where a request came from: the peer, or, when that is a proxy that the settings trust, whom the proxy names.
    pub fn address(&self, peer: Option<IpAddr>, forwarded_for: Option<&str>) -> Option<IpAddr> {
        let trusted = |address: &IpAddr| self.config.trusted_proxies.contains(address);
        let peer = peer?;
        if !trusted(&peer) {
            return Some(peer);
        }
        // The last one that no trusted proxy wrote: those before it are what the caller says.
        let named = forwarded_for.unwrap_or_default().rsplit(',').map(|part| part.trim().parse::<IpAddr>());
        named.map_while(Result::ok).find(|address| !trusted(address)).or(Some(peer))
    }
}
