//! The parent's side: one child, used for many files.

use std::io::{ErrorKind, Read};
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::Signal;
use taproot_schemas::job::{FileErrorCode, FileFailure};

use super::WORKER_ARGUMENT;
use super::protocol::{self, Answer, Incoming, MAX_REQUEST_BYTES, Request, Settings};
use crate::{Ocr, Parsed, Sink};

/// Files after which a child is replaced: what its allocator has scattered goes back to the system.
const FILES_PER_CHILD: usize = 500;

/// Of what a child writes to standard error, the last bytes that are kept.
const MAX_STDERR_BYTES: usize = 8 * 1024;

/// How long a child that has closed its output may take to say why.
const LAST_WORDS: Duration = Duration::from_secs(1);

const READ_BYTES: usize = 64 * 1024;

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
    worker: Option<Worker>,
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

impl Parser {
    /// `program` is called as `PROGRAM parse-worker` and has to call [`super::run_worker`] then. The child starts with
    /// the first file.
    pub fn new(program: &Path, limits: ParserLimits) -> Parser {
        Parser { program: program.to_owned(), limits, worker: None }
    }

    /// Parses the file at `path`, known to the user as `name`, and hands its documents to `sink` one by one; `ocr` reads
    /// the images in it. Only the time spent waiting for the child counts against the time limit, and each document
    /// starts it anew.
    ///
    /// # Errors
    /// The file as a whole failed, whatever way it took the child down. Documents handed out before stay valid, and
    /// the next call works.
    pub fn parse(
        &mut self,
        path: &Path,
        name: &str,
        ocr: &Ocr<'_>,
        sink: &mut Sink<'_>,
    ) -> Result<ParseSummary, FileFailure> {
        let failure = |(code, reason): Failure| FileFailure { path: name.to_owned(), code, reason };
        let mut worker = self.ready_worker().map_err(failure)?;
        // On every way out of here except the good ones, the child is dropped, which kills it.
        let request = Request { path: path.as_os_str().as_bytes().to_vec(), name: name.to_owned() };
        if let Err(error) = protocol::write(&mut worker.stdin, &request, MAX_REQUEST_BYTES) {
            tracing::warn!(%error, "the parser child takes no requests");
            return Err(failure(worker.obituary()));
        }
        let mut summary = ParseSummary::default();
        loop {
            let parsed = match worker.next(self.limits.timeout).map_err(failure)? {
                Answer::Document(document) => {
                    summary.documents += 1;
                    Parsed::Document(document)
                }
                Answer::PartFailed(part) => {
                    summary.failed_parts += 1;
                    Parsed::PartFailed(part)
                }
                Answer::Recognise { image } => {
                    let recognition = ocr(&image);
                    if let Err(error) = protocol::write(&mut worker.stdin, &recognition, MAX_REQUEST_BYTES) {
                        tracing::warn!(%error, "the parser child takes no text of an image");
                        return Err(failure(worker.obituary()));
                    }
                    continue;
                }
                Answer::Done => {
                    self.worker = Some(worker);
                    return Ok(summary);
                }
                Answer::Failed { code, reason } => {
                    self.worker = Some(worker);
                    return Err(failure((code, reason)));
                }
            };
            if let ControlFlow::Break(()) = sink(parsed) {
                return Ok(ParseSummary { stopped: true, ..summary });
            }
        }
    }

    /// The child at hand when it is alive and not worn out, else a new one.
    fn ready_worker(&mut self) -> Result<Worker, Failure> {
        if let Some(mut worker) = self.worker.take()
            && worker.files < FILES_PER_CHILD
            && matches!(worker.process.try_wait(), Ok(None))
        {
            worker.files += 1;
            return Ok(worker);
        }
        Worker::start(&self.program, &self.limits).map_err(|error| {
            tracing::error!(%error, program = %self.program.display(), "the parser child does not start");
            (FileErrorCode::ParserCrashed, "the parser could not be started".to_owned())
        })
    }
}

type Failure = (FileErrorCode, String);

/// A running child. Dropping it kills it.
#[derive(Debug)]
struct Worker {
    process: Child,
    stdin: ChildStdin,
    stdout: ChildStdout,
    /// None once the child has closed it.
    stderr: Option<ChildStderr>,
    incoming: Incoming,
    said: Vec<u8>,
    files: usize,
}

impl Worker {
    fn start(program: &Path, limits: &ParserLimits) -> std::io::Result<Worker> {
        let mut process = Command::new(program)
            .arg(WORKER_ARGUMENT)
            // Keys and tokens of the parent are not for the child.
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let (Some(stdin), Some(stdout), stderr) = (process.stdin.take(), process.stdout.take(), process.stderr.take())
        else {
            unreachable!("the streams were asked for as pipes");
        };
        let settings = Settings {
            memory_bytes: limits.memory_bytes,
            max_file_bytes: limits.max_file_bytes,
            max_document_chars: limits.max_document_chars,
        };
        let incoming = Incoming::new(settings.max_frame_bytes());
        let mut worker = Worker { process, stdin, stdout, stderr, incoming, said: Vec::new(), files: 1 };
        // A child that is dead already is found so when it gets its first request, and then asked why.
        let _ = protocol::write(&mut worker.stdin, &settings, MAX_REQUEST_BYTES);
        Ok(worker)
    }

    /// Waits for the next answer.
    fn next(&mut self, timeout: Duration) -> Result<Answer, Failure> {
        let deadline = Instant::now() + timeout;
        loop {
            match self.incoming.take() {
                Ok(Some(answer)) => return Ok(answer),
                Ok(None) => {}
                Err(error) => {
                    tracing::warn!(%error, "the parser child says what cannot be understood");
                    return Err((FileErrorCode::ParserCrashed, "the parser's answer cannot be used".to_owned()));
                }
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let reason = format!("the parser was stopped after {} s without a result", timeout.as_secs_f32());
                return Err((FileErrorCode::Timeout, reason));
            }
            match self.receive(left) {
                Ok(Received::Something) => {}
                Ok(Received::End) => return Err(self.obituary()),
                Err(error) => {
                    tracing::warn!(%error, "the parser child cannot be heard");
                    return Err(self.obituary());
                }
            }
        }
    }

    /// Waits until the child says something, at most for `timeout`, and takes it in.
    fn receive(&mut self, timeout: Duration) -> std::io::Result<Received> {
        let timeout = Timespec::try_from(timeout).map_err(|_| ErrorKind::InvalidInput)?;
        let mut streams = vec![PollFd::new(&self.stdout, PollFlags::IN)];
        streams.extend(self.stderr.as_ref().map(|stderr| PollFd::new(stderr, PollFlags::IN)));
        match poll(&mut streams, Some(&timeout)) {
            Err(Errno::INTR) => return Ok(Received::Something),
            result => result?,
        };
        let ready: Vec<bool> = streams.iter().map(|stream| !stream.revents().is_empty()).collect();
        let mut piece = [0; READ_BYTES];
        if ready.get(1) == Some(&true) {
            self.listen(&mut piece);
        }
        if ready[0] {
            let count = self.stdout.read(&mut piece)?;
            if count == 0 {
                return Ok(Received::End);
            }
            self.incoming.add(&piece[..count]);
        }
        Ok(Received::Something)
    }

    /// Takes in what is there on standard error.
    fn listen(&mut self, piece: &mut [u8]) {
        let Some(stderr) = &mut self.stderr else { return };
        match stderr.read(piece) {
            Ok(count) if count > 0 => {
                self.said.extend_from_slice(&piece[..count]);
                let surplus = self.said.len().saturating_sub(MAX_STDERR_BYTES);
                self.said.drain(..surplus);
            }
            _ => self.stderr = None,
        }
    }

    /// Why the child is gone, as far as it can be told. It has closed its output; if it still runs after a while, it is
    /// ended, and how it ends then says nothing.
    fn obituary(&mut self) -> Failure {
        let deadline = Instant::now() + LAST_WORDS;
        let mut piece = [0; READ_BYTES];
        let mut status = None;
        while status.is_none() && Instant::now() < deadline {
            status = self.process.try_wait().ok().flatten();
            // What it wrote before its end is there when its end is seen, so this comes after.
            let mut streams: Vec<PollFd<'_>> =
                self.stderr.iter().map(|stderr| PollFd::new(stderr, PollFlags::IN)).collect();
            if let Ok(1) = poll(&mut streams, Some(&Timespec { tv_sec: 0, tv_nsec: 10_000_000 })) {
                self.listen(&mut piece);
            }
        }
        self.end();
        let said = String::from_utf8_lossy(&self.said);
        tracing::warn!(?status, stderr = %said, "the parser child died");
        cause_of_death(status, &said)
    }

    fn end(&mut self) {
        // Errors mean that it is gone already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.end();
    }
}

enum Received {
    Something,
    End,
}

/// Rust ends a process that gets no memory with a message and SIGABRT; a process that the system chooses when its
/// memory is all used gets SIGKILL. An overflow of the stack says so.
fn cause_of_death(status: Option<ExitStatus>, said: &str) -> Failure {
    let signal = status.and_then(|status| status.signal());
    if said.contains("memory allocation of") || signal == Some(Signal::KILL.as_raw()) {
        return (FileErrorCode::MemoryLimit, "the file needs more memory than the parser may use".to_owned());
    }
    let reason = if said.contains("has overflowed its stack") {
        "the file is nested too deeply"
    } else {
        "the parser ended without an answer"
    };
    (FileErrorCode::ParserCrashed, reason.to_owned())
}
