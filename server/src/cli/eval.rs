//! `taproot eval DIR`: measures retrieval and answers on a set of questions.
//!
//! A set with documents of its own is read into a data directory that is thrown away; a file of questions alone is
//! asked of the one that is there, and changes nothing in it. What is measured, and how, is `crate::eval`'s subject;
//! here questions are asked, and results are written.

mod run;
mod show;

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use taproot_schemas::eval::{EvalOptions, Evaluation, FORMAT};
use tokio::sync::watch;

use super::ingest::{Shown, stop_on_ctrl_c};
use super::output::Output;
use super::session::Session;
use crate::config::{Config, DEFAULT_COLLECTION, Environment};
use crate::error::{Error, Result};
use crate::eval::compare::{comparable, compare};
use crate::eval::layout::{Documents, Kind, Set};
use crate::eval::page;
use crate::jobs::JobOrder;

#[derive(Debug, Args)]
pub struct Eval {
    /// A set: questions.jsonl or conversations.jsonl beside documents/, or corpus.jsonl with queries.jsonl and qrels.tsv; or a file of questions
    /// alone, asked of the documents in the data directory
    #[arg(value_name = "DIR|FILE")]
    set: PathBuf,
    /// Compare with another settings file, or with a result written by --out (.json)
    #[arg(long, value_name = "CONFIG.toml|RESULT.json")]
    against: Option<PathBuf>,
    /// Write the result here, as JSON
    #[arg(long, value_name = "RESULT.json")]
    out: Option<PathBuf>,
    /// Write a page with figures and failures here
    #[arg(long, value_name = "PAGE.html")]
    html: Option<PathBuf>,
    /// Hits that ranking metrics look at
    #[arg(short, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=99))]
    k: u32,
    /// Only the first N questions
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
    /// Of the intervals, the tests and the sample that latency is measured on
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Measure only how documents are ranked, or only how questions are answered [default: whatever the set allows]
    #[arg(long)]
    kind: Option<Wanted>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Wanted {
    Retrieval,
    Questions,
}

impl From<Wanted> for Kind {
    fn from(wanted: Wanted) -> Kind {
        match wanted {
            Wanted::Retrieval => Kind::Ranking,
            Wanted::Questions => Kind::Answers,
        }
    }
}

/// What to compare with.
enum Other {
    Settings(Box<Config>),
    Result(Box<Evaluation>),
}

impl Eval {
    pub async fn run(self, config: &Config, environment: &Environment, output: &Output) -> Result<()> {
        let kind = self.kind.map(Kind::from);
        let mut set = Set::read(&self.set, kind)?;
        set.questions.truncate(self.limit.map_or(usize::MAX, |limit| limit as usize));
        set.follow_ups.truncate(self.limit.map_or(usize::MAX, |limit| limit as usize));
        // What cannot be compared or written is told before the work.
        let other = self.against.as_deref().map(|path| other(path, config, environment)).transpose()?;
        if let Some(Other::Result(against)) = &other {
            let follow_ups = set.follow_ups.iter().map(|follow_up| &follow_up.question);
            comparable(set.questions.iter().chain(follow_ups), self.k, against)?;
        }
        for path in self.out.iter().chain(&self.html) {
            writable(path)?;
        }
        let options = run::Options {
            kind,
            shape: EvalOptions {
                k: self.k,
                limit: self.limit.map(u64::from),
                seed: self.seed,
                resamples: crate::eval::statistics::RESAMPLES as u32,
                latency_sample: 0,
            },
            two_settings: matches!(other, Some(Other::Settings(_))),
            cancel: stop_on_ctrl_c(*output),
        };
        let mut evaluation = evaluate(&set, config, &options, output).await?;
        let against = match other {
            None => None,
            Some(Other::Result(against)) => Some(*against),
            Some(Other::Settings(other)) => {
                output.tell(&format!("the same with {}", label(&other)));
                Some(evaluate(&set, &other, &options, output).await?)
            }
        };
        evaluation.comparison = against.map(|against| compare(&evaluation, &against)).transpose()?;
        if let Some(path) = &self.out {
            let json = serde_json::to_vec_pretty(&evaluation).map_err(|error| Error::Output(error.into()))?;
            write(path, &json)?;
        }
        if let Some(path) = &self.html {
            write(path, page::page(&evaluation).as_bytes())?;
        }
        output.result(&evaluation, show::human)
    }
}

/// The set under one configuration.
async fn evaluate(set: &Set, config: &Config, options: &run::Options, output: &Output) -> Result<Evaluation> {
    let Documents::Own(documents) = &set.documents else {
        let session = Session::open(config, output).await?;
        if options.two_settings && session.is_remote() {
            return Err(Error::Incomparable {
                problem: "a server runs on the data directory, and answers with its own settings".into(),
                hint: "stop the server, or compare with a result that --out wrote".into(),
            });
        }
        return measure(session, set, config, options, output, 0).await;
    };
    let scratch = tempfile::Builder::new().prefix("taproot-eval-").tempdir();
    let scratch = scratch.map_err(|source| Error::DataDir { path: std::env::temp_dir(), source })?;
    let config = config.in_scratch(scratch.path().to_path_buf());
    let session = Session::open(&config, output).await?;
    let failed = ingest(&session, documents, &options.cancel, output).await?;
    measure(session, set, &config, options, output, failed).await
}

async fn measure(
    session: Session,
    set: &Set,
    config: &Config,
    options: &run::Options,
    output: &Output,
    failed_files: u64,
) -> Result<Evaluation> {
    let label = if session.is_remote() { "the running server".into() } else { label(config) };
    let mut evaluation = run::run(&session, set, config.threads, options, output).await?;
    evaluation.configuration.label = label;
    evaluation.set.failed_files = failed_files;
    session.close().await?;
    Ok(evaluation)
}

/// Returns how many files could not be read.
async fn ingest(session: &Session, path: &Path, cancel: &watch::Receiver<bool>, output: &Output) -> Result<u64> {
    let order = JobOrder {
        path: path.to_path_buf(),
        collection: DEFAULT_COLLECTION.into(),
        allow: Vec::new(),
        delete: false,
        confirm_delete: false,
        dry_run: false,
        file: None,
        source: None,
    };
    let shown = Shown::start(output);
    let report = session.ingest(order, shown.progress.clone(), cancel.clone()).await;
    shown.end().await;
    let report = report?;
    if *cancel.borrow() {
        return Err(Error::Stopped);
    }
    for failure in &report.failed {
        output.tell(&format!("failed: {} ({})", failure.path, failure.reason));
    }
    Ok(report.failed.len() as u64)
}

fn label(config: &Config) -> String {
    config.file.as_ref().map_or("the defaults".into(), |file| file.display().to_string())
}

/// A `.json` file is a result, any other one settings.
fn other(path: &Path, config: &Config, environment: &Environment) -> Result<Other> {
    if path.extension().is_none_or(|extension| extension != "json") {
        let other = Config::load(config.data_dir.clone(), Some(path), environment)?;
        // Its models are looked for before the work of the first.
        other.engine()?;
        return Ok(Other::Settings(Box::new(other)));
    }
    let text = std::fs::read(path).map_err(|source| Error::UnreadablePath { path: path.to_path_buf(), source })?;
    let not_right = |problem: String| Error::Incomparable {
        problem: format!("{} {problem}", path.display()),
        hint: "give a file written by taproot eval --out, or measure anew with this version".into(),
    };
    #[derive(serde::Deserialize)]
    struct Format {
        format: u32,
    }
    let Format { format } =
        serde_json::from_slice(&text).map_err(|_| not_right("is no result of taproot eval".into()))?;
    if format != FORMAT {
        return Err(not_right(format!("has the format {format}, this program reads {FORMAT}")));
    }
    let result = serde_json::from_slice(&text).map_err(|error| not_right(format!("cannot be read: {error}")))?;
    Ok(Other::Result(Box::new(result)))
}

/// Whether a file could be made there; it is not touched if it is there already.
fn writable(path: &Path) -> Result<()> {
    let file = std::fs::OpenOptions::new().append(true).create(true).open(path);
    file.map(drop).map_err(|source| Error::OutputFile { path: path.to_path_buf(), source })
}

fn write(path: &Path, content: &[u8]) -> Result<()> {
    std::fs::write(path, content).map_err(|source| Error::OutputFile { path: path.to_path_buf(), source })
}
