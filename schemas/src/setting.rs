//! Settings as an administrator sees them: what holds, and where it comes from.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SettingSource {
    Default,
    /// The settings file.
    File,
    /// A variable `TAPROOT_SECTION_KEY`.
    Environment,
    CommandLine,
}

/// One setting as it holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Setting {
    /// As in the settings file: `server.address`.
    pub name: String,
    /// Null for one that is not set. Of a secret only `set` or `not set`.
    #[schema(value_type = Value)]
    pub value: serde_json::Value,
    pub source: SettingSource,
    /// Whether the value itself is never told.
    pub secret: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SettingList {
    /// Those of one section stand together.
    pub settings: Vec<Setting>,
}
