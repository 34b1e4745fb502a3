//! Official clients of other APIs, and schemathesis: programs that know nothing of this repository.

use std::path::PathBuf;
use std::process::Command;

use super::repository;
use super::taproot::{output_of, told};

/// Runs a script of `tests/clients` with the set-up's Python; it has to end with 0.
#[track_caller]
pub fn python(script: &str, arguments: &[&str]) {
    run("python", script, arguments);
}

/// The same with Node.js.
#[track_caller]
pub fn node(script: &str, arguments: &[&str]) {
    run("node", script, arguments);
}

/// The set-up's interpreter, which finds the clients.
pub fn interpreter(name: &str) -> Command {
    let program = repository().join(".cache/clients/bin").join(name);
    assert!(program.is_file(), "the clients are missing; run python3 scripts/setup.py clients");
    let mut command = Command::new(program);
    for proxy in ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        command.env_remove(proxy);
    }
    command
}

/// Where the scripts lie.
pub fn folder() -> PathBuf {
    repository().join("tests/clients")
}

#[track_caller]
fn run(program: &str, script: &str, arguments: &[&str]) {
    let mut command = interpreter(program);
    command.arg(folder().join(script)).args(arguments);
    let output = output_of(command);
    assert!(output.status.success(), "{script}: {}", told(&output));
}
