//! The audit: who did what, and who was refused.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::account::CallerKind;

/// One line of `audit/*.jsonl`. It never holds a secret, an answer or the text of a document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AuditRecord {
    /// Later records have greater ids.
    pub id: String,
    pub time: String,
    pub request_id: String,
    pub actor: Actor,
    /// The address that the request came from; of a proxy, where there is one.
    pub address: Option<String>,
    /// `ask`, `search`, `document.read`, `key.create`, …
    pub action: String,
    /// What it was done to: ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub objects: Vec<String>,
    /// HTTP status.
    pub status: u16,
    /// The question or query, where the settings let it be kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// Of a refusal: its code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Actor {
    pub kind: CallerKind,
    /// Of the key or the person; null for the owner and for whoever is not known.
    pub id: Option<String>,
    pub name: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AuditList {
    /// The newest first.
    pub records: Vec<AuditRecord>,
    /// Where the next page begins; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}
