//! The parser child without the rest of Taproot: for the tests of this crate, and for whoever embeds it.

fn main() -> std::process::ExitCode {
    taproot_parse::sandbox::run_worker()
}
