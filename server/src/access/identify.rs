//! From the head of a request to its [`Caller`].
//!
//! A bearer token counts before a cookie, and a cookie only from a page of this server: what a browser adds by itself
//! proves nothing about the page that made it do so. Without either, whoever sits at the machine of a server that nobody has
//! set up keys for is the owner; everybody else is nobody known.

use actix_web::dev::RequestHead;
use actix_web::http::header;
use taproot_engine::Holder;
use taproot_schemas::account::{Key, KeyKind};
use taproot_schemas::error::ErrorCode;

use super::owner::bearer;
use super::{Access, Caller, widget};
use crate::http::error::{ApiError, Result};
use crate::http::origin::{Page, host_of, is_loopback_host, origin_of};

/// Name of the cookie that a sign-in at the page sets.
pub const SESSION_COOKIE: &str = "taproot_session";

/// Headers that a proxy adds: the request began somewhere else.
const PROXY_HEADERS: [&str; 3] = ["forwarded", "x-forwarded-for", "x-real-ip"];

impl Access {
    pub async fn identify(&self, head: &RequestHead) -> Result<Caller> {
        let page = self.rules.page(origin_of(head), host_of(head));
        if let Some(shown) = bearer(head) {
            if self.owner.is(shown) {
                return Ok(Caller::owner(true));
            }
            if let Some(caller) = self.of_token(shown, origin_of(head), page).await? {
                return Ok(caller);
            }
            // Programs that insist on sending some key are let in where none is asked for.
            if let Some(owner) = self.at_this_machine(head, page).await? {
                return Ok(owner);
            }
            return Err(ApiError::new(ErrorCode::Unauthorized, "what was shown is no key of this server, or no more"));
        }
        if let Some(session) = cookie(head, SESSION_COOKIE).filter(|_| page == Page::Own && is_from_here(head))
            && let Some((holder, ends_at)) = self.accounts.session(session).await?
        {
            let caller = match holder {
                Holder::Key(key) => Caller::with_key(key),
                Holder::User(user) => Caller::person(user),
            };
            return Ok(caller.until(ends_at));
        }
        if let Some(owner) = self.at_this_machine(head, page).await? {
            return Ok(owner);
        }
        Ok(Caller::anonymous(&self.config.public_collections))
    }

    /// Whether nobody has to show who it is: at this machine, as long as no keys are set up.
    pub async fn is_open(&self) -> Result<bool> {
        Ok(self.rules.on_loopback && self.oidc.is_none() && !self.accounts.are_set_up().await?)
    }

    async fn of_token(&self, shown: &str, origin: Option<&str>, page: Page) -> Result<Option<Caller>> {
        let from = |key: &Key| page == Page::Own || origin.is_some_and(|origin| lists(&key.origins, origin));
        if widget::is_token(shown) {
            return widget::open(&self.accounts, shown, origin.filter(|_| page != Page::Own)).await;
        }
        if let Some(key) = self.accounts.key_of(shown).await? {
            if key.kind == KeyKind::Widget {
                return Err(ApiError::new(ErrorCode::Unauthorized, "this is the public key of a widget")
                    .with_hint("exchange it for a token at POST /v1/widget/token"));
            }
            // Pages that the settings list may use any key; others only one that names them.
            if !from(&key) && page != Page::Listed && page != Page::Loopback {
                return Err(ApiError::new(ErrorCode::OriginNotAllowed, "the key is not for pages of this origin"));
            }
            return Ok(Some(Caller::with_key(key)));
        }
        match &self.oidc {
            Some(oidc) if shown.matches('.').count() == 2 => {
                let identity = oidc.verify_bearer(shown).await?;
                Ok(Some(Caller::person(self.accounts.seen(&identity).await?)))
            }
            _ => Ok(None),
        }
    }

    async fn at_this_machine(&self, head: &RequestHead, page: Page) -> Result<Option<Caller>> {
        let is_here = self.rules.on_loopback
            && host_of(head).is_some_and(is_loopback_host)
            && !PROXY_HEADERS.iter().any(|name| head.headers.contains_key(*name));
        if !is_here || !self.is_open().await? {
            return Ok(None);
        }
        Ok(match page {
            Page::Own => Some(Caller::owner(false)),
            Page::Loopback => Some(Caller::page_of_the_owner()),
            Page::Listed | Page::Foreign => None,
        })
    }
}

pub fn lists(origins: &[String], origin: &str) -> bool {
    origins.iter().any(|one| one.eq_ignore_ascii_case(origin))
}

/// The value of a cookie.
pub fn cookie<'a>(head: &'a RequestHead, name: &str) -> Option<&'a str> {
    let headers = head.headers.get_all(header::COOKIE).filter_map(|value| value.to_str().ok());
    let pairs = headers.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.into_iter().find(|(found, _)| *found == name).map(|(_, value)| value)
}

/// What browsers say of a request's page besides its origin, which they leave out of some.
fn is_from_here(head: &RequestHead) -> bool {
    let site = head.headers.get("sec-fetch-site").and_then(|site| site.to_str().ok());
    site.is_none_or(|site| matches!(site, "same-origin" | "none")) || head.method.is_safe() && is_navigation(head)
}

/// A link that was followed: what it opens is shown to the one who followed it, and to nobody else.
fn is_navigation(head: &RequestHead) -> bool {
    head.headers.get("sec-fetch-mode").is_some_and(|mode| mode == "navigate")
}
