//! The parent's side: one child, used for many files.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use taproot_schemas::job::{FileErrorCode, FileFailure};

use super::child::{Failure, Given, Worker};
use super::confine::Confinement;
use super::file::OpenFile;
use super::protocol::Answer;
use crate::{Ocr, Parsed, Sink};

/// Files after which a child is replaced: what its allocator has scattered goes back to the system.
const FILES_PER_CHILD: usize = 500;

/// A file whose parser keeps showing signs of life is stopped all the same after so many times the time limit.
pub(super) const TIMEOUTS_PER_FILE: u32 = 20;

/// A book of scans has some thousand pages.
const MAX_IMAGES_PER_FILE: u32 = 20_000;

/// Limits of the parser child, for each file.
#[derive(Debug, Clone, Copy)]
pub struct ParserLimits {
    pub max_file_bytes: u64,
    pub max_document_chars: usize,
    /// Wall-clock time without a sign of life.
    pub timeout: Duration,
    pub memory_bytes: u64,
}

/// Parses files in a child process. Blocking: to be called on a plain thread. The child dies with the thread that
/// called [`Parser::parse`] first, so a parser stays on one thread.
#[derive(Debug)]
pub struct Parser {
    program: PathBuf,
    limits: ParserLimits,
    worker: Option<(Worker, Confinement)>,
}

/// What came of a file that could be parsed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ParseSummary {
    pub documents: u64,
    /// Lines, members and attachments that are no documents.
    pub failed_parts: u64,
    /// The sink ended the parse; there may be more documents.
    pub stopped: bool,
}

/// Why there is nothing, or nothing more, from a file.
#[derive(Debug, thiserror::Error)]
pub enum ParserError {
    /// The file as a whole failed, whatever way it took the child down. The next call works.
    #[error("{}: {}", .0.path, .0.reason)]
    File(FileFailure),
    /// The child does not start, and saw nothing of the file: no file can be parsed.
    #[error("the parser {} could not be started", .program.display())]
    NoParser {
        program: PathBuf,
        #[source]
        source: std::io::Error,
    },
}

impl Parser {
    /// `program` is called as `PROGRAM parse-worker` and has to call [`super::run_worker`] then. The child starts with
    /// the first file.
    pub fn new(program: &Path, limits: ParserLimits) -> Parser {
        Parser { program: program.to_owned(), limits, worker: None }
    }

    /// What holds the child back on this machine.
    ///
    /// # Errors
    /// [`ParserError::NoParser`].
    pub fn confinement(&mut self) -> Result<Confinement, ParserError> {
        let worker = self.ready_worker()?;
        let confinement = worker.1.clone();
        self.worker = Some(worker);
        Ok(confinement)
    }

    /// Parses the file at `path`, known to the user as `name`, and hands its documents to `sink` one by one; `ocr` reads
    /// the images in it. Only the time spent waiting for the child counts against the time limit, and each document
    /// starts it anew.
    ///
    /// # Errors
    /// See [`ParserError`]. Documents handed out before stay valid.
    pub fn parse(
        &mut self,
        path: &Path,
        name: &str,
        ocr: &Ocr<'_>,
        sink: &mut Sink<'_>,
    ) -> Result<ParseSummary, ParserError> {
        let failure = |(code, reason): Failure| ParserError::File(FileFailure { path: name.to_owned(), code, reason });
        let mut file = OpenFile::open(path, self.limits.max_file_bytes).map_err(failure)?;
        let (mut worker, confinement) = self.ready_worker()?;
        let timeout = self.limits.timeout;
        let given = Instant::now();
        // On every way out of here except the good ones, the child is dropped, which kills it.
        if let Given::Refused(refusal) = worker.give(name, &mut file, timeout).map_err(failure)? {
            self.worker = Some((worker, confinement));
            return Err(failure(refusal));
        }
        drop(file);
        let mut summary = ParseSummary::default();
        let (mut waited, mut images) = (given.elapsed(), 0);
        loop {
            let begun = Instant::now();
            let answer = worker.next(timeout).map_err(failure)?;
            waited += begun.elapsed();
            if waited > timeout * TIMEOUTS_PER_FILE {
                let reason = format!("the parser was stopped after {} s", waited.as_secs());
                return Err(failure((FileErrorCode::Timeout, reason)));
            }
            let parsed = match answer {
                Answer::Document(document) => {
                    summary.documents += 1;
                    Parsed::Document(document)
                }
                Answer::PartFailed(part) => {
                    summary.failed_parts += 1;
                    Parsed::PartFailed(part)
                }
                Answer::Recognise { image } => {
                    images += 1;
                    if images > MAX_IMAGES_PER_FILE {
                        let reason = format!("it holds more than {MAX_IMAGES_PER_FILE} images to read");
                        return Err(failure((FileErrorCode::TooLarge, reason)));
                    }
                    worker.say(&ocr(&image), timeout).map_err(failure)?;
                    continue;
                }
                Answer::Done => {
                    self.worker = Some((worker, confinement));
                    return Ok(summary);
                }
                Answer::Failed { code, reason } => {
                    self.worker = Some((worker, confinement));
                    return Err(failure((code, reason)));
                }
                Answer::Ready(_) => {
                    let reason = "the parser's answer cannot be used".to_owned();
                    return Err(failure((FileErrorCode::ParserCrashed, reason)));
                }
            };
            if let ControlFlow::Break(()) = sink(parsed) {
                return Ok(ParseSummary { stopped: true, ..summary });
            }
        }
    }

    /// The child at hand when it is alive and not worn out, else a new one.
    fn ready_worker(&mut self) -> Result<(Worker, Confinement), ParserError> {
        if let Some((mut worker, confinement)) = self.worker.take()
            && worker.files < FILES_PER_CHILD
            && worker.is_alive()
        {
            return Ok((worker, confinement));
        }
        Worker::start(&self.program, &self.limits).map_err(|source| {
            tracing::error!(error = %source, program = %self.program.display(), "the parser child does not start");
            ParserError::NoParser { program: self.program.clone(), source }
        })
    }
}
