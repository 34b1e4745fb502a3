//! Files that are sent to the server: uploads, and folders of another machine that are kept in step.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A folder of another machine as it stands: `POST /v1/sync/diff` and `POST /v1/sync/commit` take the same one.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Name of the folder on the server: 1 to 100 letters, digits, `-`, `_`, `.` and spaces, beginning with a letter
    /// or a digit.
    pub source: String,
    /// `default` when absent. A source stays in the collection of its first commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collection: Option<String>,
    /// Groups that may read the documents; empty means everybody.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow: Vec<String>,
    /// All files of the folder, at most 100,000.
    pub files: Vec<ManifestFile>,
    /// Commit: delete even when the source loses more than half of its files.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub confirm_delete: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ManifestFile {
    /// Below the folder, with `/` between the parts.
    pub path: String,
    pub bytes: u64,
    /// BLAKE3 of the content, 64 digits of lower-case hex.
    pub hash: String,
}

/// What a commit of the manifest would need and do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ManifestDiff {
    /// Contents that the server does not have, each once; send them with `PUT /v1/sync/files/{hash}`.
    pub missing: Vec<ManifestFile>,
    /// Files that are in place already.
    pub unchanged: u64,
    /// Files whose content stands under another path now.
    pub moved: u64,
    /// Paths of the first 1,000 files that a commit deletes.
    pub to_delete: Vec<String>,
    pub delete_count: u64,
}

/// A content that has arrived and waits for its commit, for 24 hours at the most.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StagedContent {
    pub hash: String,
    pub bytes: u64,
}

/// Form of `POST /v1/documents`.
#[derive(Debug, ToSchema)]
pub struct UploadForm {
    /// One or several files, each with its file name.
    #[schema(value_type = Vec<String>, format = Binary)]
    pub file: Vec<u8>,
    /// `default` when absent.
    pub collection: Option<String>,
    /// Group that may read the documents, may be given several times; everybody when absent.
    pub allow: Vec<String>,
    /// Where the file goes in the collection; with a slash at the end, or with several files, the folder it goes into.
    pub path: Option<String>,
}
