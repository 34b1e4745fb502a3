//! A running child as its parent sees it: what goes in, what comes out, how it ends.

use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::process::Signal;
use serde::Serialize;
use taproot_schemas::job::FileErrorCode;

use super::WORKER_ARGUMENT;
use super::confine::Confinement;
use super::file::{OpenFile, Refusal};
use super::parser::{ParserLimits, TIMEOUTS_PER_FILE};
use super::protocol::{self, Answer, Incoming, MAX_REQUEST_BYTES, Piece, Reply, Request, Role, Settings};

/// Of what a child writes to standard error, the last bytes that are kept.
const MAX_STDERR_BYTES: usize = 8 * 1024;

/// How long a child that has closed its output may take to say why.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// A pipe holds this much.
const READ_BYTES: usize = 64 * 1024;

/// Why a file failed in the child, as far as it can be told.
pub(super) type Failure = (FileErrorCode, String);

/// A running child. Dropping it kills it.
#[derive(Debug)]
pub(super) struct Worker {
    process: Child,
    /// Does not block: a child that does not read must not stop its parent.
    stdin: ChildStdin,
    stdout: ChildStdout,
    /// None once the child has closed it.
    stderr: Option<ChildStderr>,
    incoming: Incoming,
    said: Vec<u8>,
    /// Files given to it; the number of the request at hand.
    pub files: usize,
    /// Taking a file in little by little is no sign of life for ever: when all of the file's time is over.
    given_until: Option<Instant>,
}

/// What came of giving a file to the child.
pub(super) enum Given {
    All,
    /// The file cannot be read; the child is ready for the next.
    Refused(Refusal),
}

impl Worker {
    /// Starts a child and waits until it is ready for files.
    pub fn start(program: &Path, limits: &ParserLimits) -> io::Result<(Worker, Confinement)> {
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
        rustix::fs::fcntl_setfl(&stdin, OFlags::NONBLOCK)?;
        let settings = Settings {
            memory_bytes: limits.memory_bytes,
            max_file_bytes: limits.max_file_bytes,
            max_document_chars: limits.max_document_chars,
        };
        let incoming = Incoming::new(settings.max_frame_bytes());
        let mut worker =
            Worker { process, stdin, stdout, stderr, incoming, said: Vec::new(), files: 0, given_until: None };
        let failed = |(_, reason): Failure| io::Error::other(reason);
        worker.say(&Role::Parser(settings), limits.timeout).map_err(failed)?;
        match worker.next(limits.timeout).map_err(failed)? {
            Answer::Ready(confinement) => Ok((worker, confinement)),
            _ => Err(io::Error::other("it is not a parser")),
        }
    }

    pub fn is_alive(&mut self) -> bool {
        matches!(self.process.try_wait(), Ok(None))
    }

    /// Sends one value.
    pub fn say(&mut self, value: &impl Serialize, timeout: Duration) -> Result<(), Failure> {
        match protocol::frame(value, MAX_REQUEST_BYTES) {
            Ok(Some(frame)) => self.write(&frame, timeout),
            _ => {
                Err((FileErrorCode::TooLarge, "the name of the file, or the text of an image, is too long".to_owned()))
            }
        }
    }

    /// Sends a file.
    pub fn give(&mut self, name: &str, file: &mut OpenFile, timeout: Duration) -> Result<Given, Failure> {
        self.files += 1;
        self.given_until = Some(Instant::now() + timeout * TIMEOUTS_PER_FILE);
        self.say(&Request { number: self.files as u64, name: name.to_owned(), bytes: file.bytes() }, timeout)?;
        let mut piece = vec![0; READ_BYTES];
        loop {
            let (head, refused) = match file.read(&mut piece) {
                Ok(0) => (Piece::End, None),
                Ok(count) => (Piece::Bytes(count as u32), None),
                Err(refusal) => (Piece::Withdrawn, Some(refusal)),
            };
            self.write(&head.to_bytes(), timeout)?;
            match (head, refused) {
                (Piece::Bytes(count), _) => self.write(&piece[..count as usize], timeout)?,
                (_, Some(refusal)) => return Ok(Given::Refused(refusal)),
                (_, None) => {
                    // From here on the parser counts what it waits for.
                    self.given_until = None;
                    return Ok(Given::All);
                }
            }
        }
    }

    /// Writes all of it, waiting as long as the child takes some of it now and then and the file has time left.
    fn write(&mut self, mut bytes: &[u8], timeout: Duration) -> Result<(), Failure> {
        let mut deadline = Instant::now() + timeout;
        while !bytes.is_empty() {
            if self.given_until.is_some_and(|until| Instant::now() > until) {
                return Err(timed_out(timeout * TIMEOUTS_PER_FILE));
            }
            match self.stdin.write(bytes) {
                Ok(count) => {
                    bytes = &bytes[count..];
                    deadline = Instant::now() + timeout;
                    continue;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => {
                    tracing::warn!(%error, "the parser child takes nothing more");
                    return Err(self.obituary());
                }
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(timed_out(timeout));
            }
            if let Err(error) = self.wait_for_room(left) {
                tracing::warn!(%error, "the parser child cannot be talked to");
                return Err(self.obituary());
            }
        }
        Ok(())
    }

    /// Waits until the child can take more, and listens meanwhile to what it says on standard error.
    fn wait_for_room(&mut self, timeout: Duration) -> io::Result<()> {
        let timeout = Timespec::try_from(timeout).map_err(|_| ErrorKind::InvalidInput)?;
        let mut streams = vec![PollFd::new(&self.stdin, PollFlags::OUT)];
        streams.extend(self.stderr.as_ref().map(|stderr| PollFd::new(stderr, PollFlags::IN)));
        match poll(&mut streams, Some(&timeout)) {
            Err(Errno::INTR) => return Ok(()),
            result => result?,
        };
        if streams.get(1).is_some_and(|stream| !stream.revents().is_empty()) {
            self.listen(&mut [0; READ_BYTES]);
        }
        Ok(())
    }

    /// Waits for the next answer.
    pub fn next(&mut self, timeout: Duration) -> Result<Answer, Failure> {
        let deadline = Instant::now() + timeout;
        loop {
            match self.incoming.take() {
                Ok(Some(Reply { request, answer })) if request == self.files as u64 => return Ok(answer),
                Ok(Some(Reply { request, .. })) => {
                    tracing::warn!(request, at_hand = self.files, "the parser child answers for another file");
                    return Err((FileErrorCode::ParserCrashed, "the parser's answer cannot be used".to_owned()));
                }
                Ok(None) => {}
                Err(error) => {
                    tracing::warn!(%error, "the parser child says what cannot be understood");
                    return Err((FileErrorCode::ParserCrashed, "the parser's answer cannot be used".to_owned()));
                }
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(timed_out(timeout));
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
    fn receive(&mut self, timeout: Duration) -> io::Result<Received> {
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

fn timed_out(timeout: Duration) -> Failure {
    let reason = format!("the parser was stopped after {} s without a result", timeout.as_secs_f32());
    (FileErrorCode::Timeout, reason)
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
