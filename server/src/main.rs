//! The binary `taproot`. What was typed goes to [`cli`]; what comes back is an exit code: 0 done, 1 failed, 2 misused.

mod access;
mod audit;
mod cli;
mod clock;
mod config;
mod error;
mod eval;
mod evaluations;
mod http;
mod hub;
mod instance;
mod jobs;
mod metrics;
mod parser;
mod slack;
mod sources;
mod tls;
mod transcript;
mod uploads;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
