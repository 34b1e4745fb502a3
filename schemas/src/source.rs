//! The folders of the settings, as they stand.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::job::Job;

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SourceList {
    /// In the order of the settings.
    pub sources: Vec<SourceState>,
}

/// A `[[sources]]` entry of the settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SourceState {
    pub name: String,
    pub path: String,
    pub collection: String,
    pub allow: Vec<String>,
    /// Whether documents whose files are gone are deleted.
    pub delete: bool,
    /// Seconds between two jobs; null when there is no schedule.
    pub every_s: Option<u64>,
    /// When the schedule runs the next job.
    pub next_run: Option<String>,
    /// How changes of the folder are noticed; null when it is not watched.
    pub watching: Option<WatchMethod>,
    pub last_job: Option<Job>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WatchMethod {
    /// The system tells of each change.
    Events,
    /// The folder is looked at again and again, because the system cannot tell of its changes.
    Polling,
}
