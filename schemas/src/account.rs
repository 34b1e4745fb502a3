//! Who may ask: keys, people, sessions, tokens of widgets.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What somebody may do. Each may what those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Asks, searches, reads documents and its own conversations.
    Reader,
    /// Brings documents in and takes them out, follows jobs and sources, works on open questions.
    Editor,
    /// Makes keys, sees people, settings and the audit, runs evaluations.
    Admin,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeyKind {
    /// A secret: for programs, for the command line, for people who sign in with it.
    #[default]
    Api,
    /// Public: it stands in a page, and is taken from the pages of its `origins` only, for a short-lived token of a
    /// reader.
    Widget,
}

/// A key, without its secret: of that only a hash is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Key {
    pub id: String,
    pub name: String,
    pub kind: KeyKind,
    pub role: Role,
    /// Groups whose documents it sees besides those that are open to everybody; null sees every document.
    pub groups: Option<Vec<String>>,
    /// The only collections that there are for it; null for all.
    pub collections: Option<Vec<String>>,
    /// Origins of the pages that may use it; empty for no page of another server.
    pub origins: Vec<String>,
    /// How its secret begins, to tell keys apart.
    pub prefix: String,
    pub created_at: String,
    /// Who made it.
    pub created_by: String,
    /// When it ends; null for never.
    pub expires_at: Option<String>,
    /// To the minute; null before the first time.
    pub last_used_at: Option<String>,
    /// Null while it is of use.
    pub revoked_at: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KeyList {
    /// The newest first.
    pub keys: Vec<Key>,
    /// Where the next page begins; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewKey {
    /// 1 to 100 characters.
    pub name: String,
    #[serde(default)]
    pub kind: KeyKind,
    /// `reader` when absent; a widget key is never more.
    #[serde(default)]
    pub role: Option<Role>,
    /// None when absent; `["*"]` sees every document. At most 100.
    #[serde(default)]
    pub groups: Vec<String>,
    /// All when absent. 1 to 100.
    #[serde(default)]
    pub collections: Option<Vec<String>>,
    /// `https://intranet.example.com`: scheme, host and port, exactly. A widget key has at least one. At most 100.
    #[serde(default)]
    pub origins: Vec<String>,
    /// 1 to 3,650; never when absent.
    #[serde(default)]
    pub expires_in_days: Option<u32>,
}

/// A key that was just made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CreatedKey {
    pub key: Key,
    /// Shown this once. The secret of a widget key is meant to stand in pages.
    pub secret: String,
}

/// What is absent stays as it is. It holds for the next request, also of sessions and tokens that came of the key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyChange {
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub groups: Option<Vec<String>>,
    /// `["*"]` for all.
    #[serde(default)]
    pub collections: Option<Vec<String>>,
    #[serde(default)]
    pub origins: Option<Vec<String>>,
}

/// A person that an OpenID Connect issuer vouched for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct User {
    pub id: String,
    /// Null where the issuer tells none.
    pub name: Option<String>,
    pub email: Option<String>,
    /// By its groups, as the settings say; null when they give none.
    pub role: Option<Role>,
    /// As the issuer last told them.
    pub groups: Vec<String>,
    pub last_seen_at: String,
    /// Whether an administrator keeps it out.
    pub blocked: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UserList {
    /// The one last seen first.
    pub users: Vec<User>,
    /// Where the next page begins; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserChange {
    /// True keeps the person out from the next request on.
    pub blocked: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CallerKind {
    /// The owner of the data, at the machine of the server.
    Owner,
    Key,
    User,
    Widget,
    /// Somebody in Slack.
    Slack,
    Anonymous,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SignIn {
    /// `POST /v1/session`.
    Key,
    /// `GET /v1/session/oidc`.
    Oidc,
}

/// Who the caller is, and what that means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SessionInfo {
    /// Null for whoever has to sign in first.
    pub role: Option<Role>,
    pub kind: CallerKind,
    /// For people to read.
    pub name: String,
    /// Null sees every document.
    pub groups: Option<Vec<String>>,
    /// Null for all.
    pub collections: Option<Vec<String>>,
    /// Ways to sign in; empty where nobody has to.
    pub sign_in: Vec<SignIn>,
    /// When the session or the token ends, if that is what the caller came with.
    pub expires_at: Option<String>,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignInRequest {
    /// The secret of a key.
    pub key: String,
}

/// A page's widget sends its public `key`. A customer's server sends its own key as a bearer token instead, and may
/// narrow what the token gives.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WidgetTokenRequest {
    #[serde(default)]
    pub key: Option<String>,
    /// Whom the token is for, in the customer's own words: conversations of equal users are one list. 1 to 200 characters.
    #[serde(default)]
    pub user: Option<String>,
    /// Of the key's; all of them when absent.
    #[serde(default)]
    pub groups: Option<Vec<String>>,
    /// Of the key's; all of them when absent.
    #[serde(default)]
    pub collections: Option<Vec<String>>,
    /// The only page that may use the token; any of the key's when absent.
    #[serde(default)]
    pub origin: Option<String>,
    /// 60 to 3,600; 900 when absent.
    #[serde(default)]
    pub ttl_s: Option<u32>,
}

/// Sent as `Authorization: Bearer TOKEN`; a reader's, whatever the key is.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WidgetToken {
    pub token: String,
    pub expires_at: String,
}
