//! What the tests share. `taproot` runs the program, `server` keeps one serving, `http` and `sse` talk to it,
//! `examples` is one server over the example documents for all tests that only read.

pub mod browser;
pub mod claims;
pub mod clients;
pub mod evaldata;
pub mod examples;
pub mod files;
pub mod http;
pub mod hub;
pub mod issuer;
pub mod page;
pub mod server;
pub mod slack;
pub mod sse;
pub mod taproot;
pub mod tenants;
pub mod tether;
pub mod upload;
pub mod upstream;
pub mod wait;

use std::path::PathBuf;

/// The root of the repository.
pub fn repository() -> PathBuf {
    let server = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    server.parent().expect("the server's package lies in the repository").to_path_buf()
}

/// Characters `start..end` of a text.
pub fn slice(text: &str, start: usize, end: usize) -> String {
    text.chars().skip(start).take(end - start).collect()
}
