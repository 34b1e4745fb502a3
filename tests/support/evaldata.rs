//! The shared evaluation data: real files and questions that nobody of this project wrote.

use std::path::PathBuf;

use super::repository;

/// The folder that `TAPROOT_EVAL_DATA` names, else `../shared/data` beside the repository.
///
/// # Panics
/// When it is not there; the message says what to do.
pub fn folder() -> PathBuf {
    let folder = match std::env::var_os("TAPROOT_EVAL_DATA") {
        Some(named) => PathBuf::from(named),
        None => repository().join("../shared/data"),
    };
    assert!(
        folder.join("files/manifest.jsonl").is_file(),
        "the evaluation data is not in {}; set TAPROOT_EVAL_DATA to the folder that holds files/manifest.jsonl",
        folder.display()
    );
    folder
}
