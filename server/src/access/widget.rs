//! Tokens of widgets: signed, not stored, short-lived.
//!
//! A token names its key and narrows what the key gives. Whoever shows one is looked up by that key, so a token is of no use
//! as soon as its key is not, and never gives more than the key does at that moment.

use serde::{Deserialize, Serialize};
use taproot_engine::{AccessScope, Accounts};
use taproot_schemas::account::WidgetToken;

use super::identify::lists;
use super::{Caller, seal};
use crate::clock;
use crate::http::error::Result;

const PREFIX: &str = "taproot_wt_";
/// What a token says.
#[derive(Serialize, Deserialize)]
pub struct Claims {
    pub key_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collections: Option<Vec<String>>,
    /// The only page that may use it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// Seconds since 1970.
    pub expires: u64,
}

pub fn is_token(text: &str) -> bool {
    text.starts_with(PREFIX)
}

pub fn seconds_from_now(ttl_s: u32) -> u64 {
    clock::unix_seconds() + u64::from(ttl_s)
}

/// Signs the claims.
pub fn seal(accounts: &Accounts, claims: &Claims) -> Result<WidgetToken> {
    let token = format!("{PREFIX}{}", seal::seal(accounts, PREFIX, claims)?);
    Ok(WidgetToken { token, expires_at: clock::of_seconds(claims.expires) })
}

/// Who shows a token, from a page of this origin; `None` when it is of no use.
pub async fn open(accounts: &Accounts, token: &str, origin: Option<&str>) -> Result<Option<Caller>> {
    let Some(claims) = claims(accounts, token)? else { return Ok(None) };
    let Some(key) = accounts.live_key(&claims.key_id).await? else { return Ok(None) };
    // A program outside of any page sends no origin; a page of another server has to be one of the key's.
    if let Some(origin) = origin {
        let is_the_one = claims.origin.as_ref().is_none_or(|one| one.eq_ignore_ascii_case(origin));
        if !is_the_one || !lists(&key.origins, origin) {
            return Ok(None);
        }
    }
    let scope = AccessScope {
        groups: narrowed(key.groups.as_deref(), claims.groups),
        collections: narrowed(key.collections.as_deref(), claims.collections),
    };
    Ok(Some(Caller::widget(key, scope, claims.user, clock::of_seconds(claims.expires))))
}

/// Of what is had, what is asked for; all of it when nothing is.
fn narrowed(had: Option<&[String]>, asked: Option<Vec<String>>) -> Option<Vec<String>> {
    match (had, asked) {
        (had, None) => had.map(<[String]>::to_vec),
        (None, asked) => asked,
        (Some(had), Some(asked)) => Some(asked.into_iter().filter(|one| had.contains(one)).collect()),
    }
}

fn claims(accounts: &Accounts, token: &str) -> Result<Option<Claims>> {
    let Some(sealed) = token.strip_prefix(PREFIX) else { return Ok(None) };
    let claims: Option<Claims> = seal::open(accounts, PREFIX, sealed)?;
    Ok(claims.filter(|claims| claims.expires > clock::unix_seconds()))
}
