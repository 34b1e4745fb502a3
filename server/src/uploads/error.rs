//! Why an upload was not taken.

use std::io;

use taproot_schemas::error::ErrorCode;
use taproot_schemas::sync::ManifestFile;

pub type Result<T, E = UploadError> = std::result::Result<T, E>;

/// Contents that a message names.
const NAMED: usize = 10;

/// `Display` is for the caller and names no place on this machine.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    #[error("{what} {detail}")]
    Invalid { what: &'static str, detail: String },
    #[error("the path {path:?} {why}")]
    InvalidPath { path: String, why: &'static str },
    #[error("{what} is larger than {limit_bytes} bytes")]
    TooLarge { what: String, limit_bytes: u64 },
    #[error("the content has the hash {arrived}, announced was {announced}")]
    HashMismatch { announced: String, arrived: String },
    #[error("the body did not arrive whole")]
    NotWhole,
    #[error("{count} contents of the manifest have not been sent: {named}")]
    Missing { count: usize, named: String },
    #[error("the commit would delete {gone} of the {total} files of the source; nothing was changed")]
    TooManyDeletions { gone: usize, total: usize },
    #[error("the source {source_name:?} belongs to the collection {collection:?}")]
    OtherCollection { source_name: String, collection: String },
    #[error("too many uploads are under way")]
    Busy,
    #[error("the disk of the data directory has no room for it")]
    Full(#[source] io::Error),
    #[error("a file of the uploads cannot be read or written")]
    Io(#[source] io::Error),
}

impl UploadError {
    pub fn missing(files: &[ManifestFile]) -> Self {
        let mut named: Vec<&str> = files.iter().take(NAMED).map(|file| file.path.as_str()).collect();
        if files.len() > NAMED {
            named.push("…");
        }
        UploadError::Missing { count: files.len(), named: named.join(", ") }
    }

    pub fn code(&self) -> ErrorCode {
        match self {
            UploadError::Invalid { .. } | UploadError::OtherCollection { .. } | UploadError::NotWhole => {
                ErrorCode::InvalidRequest
            }
            UploadError::InvalidPath { .. } => ErrorCode::InvalidPath,
            UploadError::TooLarge { .. } => ErrorCode::BodyTooLarge,
            UploadError::HashMismatch { .. } => ErrorCode::HashMismatch,
            UploadError::Missing { .. } => ErrorCode::ContentMissing,
            UploadError::TooManyDeletions { .. } => ErrorCode::TooManyDeletions,
            UploadError::Busy => ErrorCode::Overloaded,
            UploadError::Full(_) => ErrorCode::StorageFull,
            UploadError::Io(_) => ErrorCode::Internal,
        }
    }
}

impl From<io::Error> for UploadError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => UploadError::Full(error),
            _ => UploadError::Io(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_as_such() {
        for (errno, code) in [(28, ErrorCode::StorageFull), (122, ErrorCode::StorageFull), (5, ErrorCode::Internal)] {
            assert_eq!(UploadError::from(io::Error::from_raw_os_error(errno)).code(), code, "{errno}");
        }
    }
}
