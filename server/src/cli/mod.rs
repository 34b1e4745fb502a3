//! The command line: what was typed, who carries it out, and the exit code.
//!
//! One file for each command. A command works on a [`session::Session`], which is the data directory itself or the
//! server that owns it: what is printed is the same. Results go to standard output; progress, messages and the log
//! go to standard error.

mod ask;
pub mod batch;
mod client;
mod doctor;
mod documents;
mod eval;
mod ingest;
mod keys;
mod models;
mod narrow;
mod output;
mod passage;
mod progress;
mod ranking;
mod search;
mod serve;
mod session;
mod signals;
mod sync;
mod trec;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use crate::config::{Config, Environment};
use crate::error::{Error, Result, chain};
use output::Output;

/// Answers a company's questions from the company's own documents, with the place of every sentence.
#[derive(Debug, Parser)]
#[command(name = "taproot", version, about, propagate_version = true)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Args)]
struct Global {
    /// Folder that holds the catalog and the indexes
    #[arg(long, global = true, value_name = "DIR", default_value = "./taproot-data")]
    data: PathBuf,
    /// Settings file [default: DIR/taproot.toml, else ./taproot.toml, if there is one]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the chat page, the widget, the HTTP API and the Slack bot
    Serve(serve::Serve),
    /// Bring the index to the state of folders or files
    Ingest(ingest::Ingest),
    /// Send a folder of this machine to a server, and keep it in step
    Sync(sync::Sync),
    /// Find passages
    Search(search::Search),
    /// Ask a question
    Ask(ask::Ask),
    /// Measure retrieval and answers on a set of questions, and compare configurations
    Eval(eval::Eval),
    /// List documents, show their text, delete them
    #[command(subcommand)]
    Documents(documents::Documents),
    /// List the models, fetch one from a hub
    #[command(subcommand)]
    Models(models::Models),
    /// Make, list and revoke keys
    #[command(subcommand)]
    Keys(keys::Keys),
    /// Compare the catalog with both indexes
    Doctor(doctor::Doctor),
    /// Print the description of the HTTP API
    #[command(hide = true)]
    Openapi,
    /// Read files for an ingest; started by the ingest
    #[command(hide = true)]
    ParseWorker,
}

pub fn main() -> ExitCode {
    // Prints help and mistakes by itself, and ends with 0 or 2.
    let cli = Cli::parse();
    if let Command::ParseWorker = cli.command {
        // Reads files that may be hostile, under limits: nothing else is set up in this process.
        return taproot_parse::sandbox::run_worker();
    }
    let output = Output::new(cli.global.json);
    match run(cli, &output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is_closed_pipe() => ExitCode::SUCCESS,
        Err(error) => {
            output.tell(&format!("error: {}", chain(&error)));
            if let Some(hint) = error.hint() {
                output.tell(&format!("hint: {hint}"));
            }
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli, output: &Output) -> Result<()> {
    if let Command::Openapi = cli.command {
        return output.text(&crate::http::openapi::contract().map_err(|error| Error::Output(error.into()))?);
    }
    let environment = Environment::of_this_process();
    log_to_standard_error(&environment, matches!(cli.command, Command::Serve(_)));
    use_ring_for_tls();
    let config = Config::load(cli.global.data, cli.global.config.as_deref(), &environment)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        // Waiting is all that happens here; the work is done by the engine's own threads.
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(Error::Runtime)?;
    runtime.block_on(async {
        match cli.command {
            Command::Serve(command) => command.run(config, output).await,
            Command::Ingest(command) => command.run(&config, output).await,
            Command::Sync(command) => command.run(&config, output).await,
            Command::Search(command) => command.run(&config, output).await,
            Command::Ask(command) => command.run(&config, output).await,
            Command::Eval(command) => command.run(&config, &environment, output).await,
            Command::Documents(command) => command.run(&config, output).await,
            Command::Models(command) => command.run(&config, output).await,
            Command::Keys(command) => command.run(&config, output).await,
            Command::Doctor(command) => command.run(&config, output).await,
            Command::Openapi | Command::ParseWorker => Ok(()),
        }
    })
}

/// A server tells what it does; a command only what goes wrong.
fn log_to_standard_error(environment: &Environment, serving: bool) {
    // Libraries tell much at their level info; only this program's own is for its user.
    let default = if serving { "warn,taproot=info,taproot_engine=info,taproot_ingest=info" } else { "warn" };
    let filter = environment.log_filter().and_then(|filter| EnvFilter::try_new(filter).ok());
    tracing_subscriber::fmt()
        .with_env_filter(filter.unwrap_or_else(|| EnvFilter::new(default)))
        .with_writer(std::io::stderr)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .init();
}

/// The HTTP client takes the process's provider of cryptography; a second call of this would change nothing.
fn use_ring_for_tls() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_commands_are_well_formed() {
        super::Cli::command().debug_assert();
    }
}
