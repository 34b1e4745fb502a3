//! One server over the example documents, shared by all tests that only read.

use std::path::PathBuf;
use std::sync::LazyLock;

use taproot_schemas::job::Report;

use super::repository;
use super::server::Server;
use super::taproot::Taproot;

pub struct Examples {
    /// Its commands go to the server.
    pub taproot: Taproot,
    pub server: Server,
    /// Of the ingest.
    pub report: Report,
}

static EXAMPLES: LazyLock<Examples> = LazyLock::new(|| {
    // A static is never dropped: whoever kills the server removes the folder.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder").keep();
    let taproot = Taproot::in_folder(folder.clone());
    let server = Server::with(&taproot, &[], Some(&folder));
    let report = taproot.json(&["ingest", &documents().to_string_lossy()]);
    Examples { taproot, server, report }
});

/// The server, started and filled by whoever comes first.
pub fn examples() -> &'static Examples {
    &EXAMPLES
}

/// Where the example documents lie.
pub fn documents() -> PathBuf {
    repository().join("examples/documents")
}
