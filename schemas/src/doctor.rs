//! What `taproot doctor` reports.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Compares the stores; `POST /v1/admin/doctor`.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DoctorRequest {
    /// Mend what differs, from the catalog.
    pub repair: bool,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct DoctorReport {
    /// True when nothing has to be mended.
    pub healthy: bool,
    pub checks: Vec<Check>,
    /// Chunks of live documents by the catalog.
    pub catalog_chunks: u64,
    pub lexical_chunks: u64,
    pub vector_chunks: u64,
    /// Differences between the stores, all of them counted, the first hundred of each kind listed.
    pub differences: Vec<Difference>,
    /// True when `--repair` mended the differences above.
    pub repaired: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Check {
    pub name: String,
    pub ok: bool,
    pub detail: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Difference {
    pub kind: DifferenceKind,
    pub count: u64,
    /// The first chunk ids.
    pub chunk_ids: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DifferenceKind {
    /// In the catalog, not in tantivy.
    MissingInLexical,
    /// In the catalog, not in Qdrant.
    MissingInVectors,
    /// In tantivy, not live in the catalog.
    ExtraInLexical,
    /// In Qdrant, not live in the catalog.
    ExtraInVectors,
}
