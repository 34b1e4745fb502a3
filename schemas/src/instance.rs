//! The lock file of a data directory, as it lies on the disk.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Content of `DATA/taproot.lock`: which process owns the data, and where it can be talked to.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceFile {
    pub pid: u32,
    /// `HOST:PORT` that reaches the server from this machine; absent while the owner does not serve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Bearer token with the rights of the data's owner, made anew at each start; absent with `address`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

impl fmt::Debug for InstanceFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InstanceFile").field("pid", &self.pid).field("address", &self.address).finish_non_exhaustive()
    }
}
