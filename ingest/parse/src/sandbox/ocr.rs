//! OCR with tesseract, a program of its own: image in, text out, with limits on both.
//!
//! Tesseract is large C++ code that reads images from anywhere, so it is treated like a parser: each image gets a
//! process of its own, without an environment, with limits on memory and time, that can write nothing but its answer.
//! This program starts itself, gives itself those limits, and becomes tesseract (`exec`): limits of a process can only
//! be set from inside without unsafe code. Text and image go through pipes; nothing is written to disk.

use std::cell::Cell;
use std::ffi::{OsStr, OsString};
use std::io::{self, Read, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use serde::{Deserialize, Serialize};

use super::protocol::{self, MAX_REQUEST_BYTES, Role};
use super::{WORKER_ARGUMENT, confine};
use crate::Recognition;

/// Which program reads images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OcrProgram {
    /// `tesseract` in one of these folders, written as in PATH.
    In(OsString),
    At(PathBuf),
    Off,
}

/// How images are read.
#[derive(Debug, Clone)]
pub struct OcrSettings {
    pub program: OcrProgram,
    /// Tesseract's names of languages, most important first; those that are not installed are left out.
    pub languages: Vec<String>,
    /// Wall-clock time for one image.
    pub image_timeout: Duration,
    /// Wall-clock time for all images of one file.
    pub file_timeout: Duration,
    /// Address space of tesseract.
    pub memory_bytes: u64,
}

impl OcrSettings {
    pub fn new(program: OcrProgram) -> OcrSettings {
        OcrSettings {
            program,
            languages: ["eng", "chi_sim", "chi_tra"].map(str::to_owned).to_vec(),
            image_timeout: Duration::from_secs(20),
            file_timeout: Duration::from_secs(600),
            memory_bytes: 1 << 30,
        }
    }
}

/// Whether images can be read on this machine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct OcrStatus {
    pub available: bool,
    /// As the program says it, for example `5.3.0`.
    pub version: Option<String>,
    /// The languages that it reads images in.
    pub languages: Vec<String>,
    /// Why it is not available, for a person.
    pub why_not: Option<String>,
}

/// Reads images. Cheap to share: it keeps nothing between images.
#[derive(Debug)]
pub struct Tesseract {
    /// Becomes tesseract: `PROGRAM parse-worker`.
    worker: PathBuf,
    settings: OcrSettings,
    status: OcrStatus,
    /// None when it is not available.
    found: Option<Found>,
}

#[derive(Debug)]
struct Found {
    program: PathBuf,
    /// Finds the direction of writing as well; needs data of its own.
    turns_pages: bool,
}

/// Messages and lists of tesseract are short; the text of a full page has some thousand characters.
const MAX_OUTPUT_BYTES: u64 = 2 << 20;
/// For the version and the list of languages.
const QUESTION_TIMEOUT: Duration = Duration::from_secs(10);
/// The data by which tesseract finds the direction of writing.
const ORIENTATION: &str = "osd";
const HINT: &str = "install tesseract-ocr and tesseract-ocr-chi-sim, or set where tesseract is";

impl Tesseract {
    /// Looks for the program and asks it for its languages. `worker` is the program whose [`super::run_worker`] runs
    /// it, as for [`super::Parser::new`].
    pub fn new(worker: &Path, settings: OcrSettings) -> Tesseract {
        let mut ocr = Tesseract { worker: worker.to_owned(), settings, status: OcrStatus::default(), found: None };
        match ocr.find() {
            Ok((found, status)) => (ocr.found, ocr.status) = (Some(found), status),
            Err(why_not) => ocr.status.why_not = Some(why_not),
        }
        ocr
    }

    pub fn status(&self) -> &OcrStatus {
        &self.status
    }

    /// What the text of an image depends on besides the image; it goes into what says whether a file is read again.
    pub fn fingerprint(&self) -> String {
        format!("{}/{}", self.status.version.as_deref().unwrap_or("off"), self.status.languages.join("+"))
    }

    /// A reader for the images of one file.
    pub fn for_file(&self) -> FileOcr<'_> {
        FileOcr { ocr: self, left: Cell::new(self.settings.file_timeout) }
    }

    /// Reads one image.
    pub fn read(&self, image: &[u8]) -> Recognition {
        self.read_within(image, self.settings.image_timeout)
    }

    fn read_within(&self, image: &[u8], timeout: Duration) -> Recognition {
        let Some(found) = &self.found else { return Recognition::Unavailable };
        let languages = self.status.languages.join("+");
        // 1: blocks of text, and which way is up. 3: blocks of text.
        let layout = if found.turns_pages { "1" } else { "3" };
        let arguments = ["stdin", "stdout", "-l", &languages, "--psm", layout];
        match self.run(&found.program, &arguments, image, timeout) {
            Ok(text) => Recognition::Text(text),
            Err(why) => Recognition::Failed(why),
        }
    }

    fn find(&self) -> Result<(Found, OcrStatus), String> {
        let program = match &self.settings.program {
            OcrProgram::Off => return Err("it is switched off in the settings".to_owned()),
            OcrProgram::At(path) if path.is_file() => path.clone(),
            OcrProgram::At(path) => return Err(format!("there is no {}; {HINT}", path.display())),
            OcrProgram::In(folders) => std::env::split_paths(folders)
                .map(|folder| folder.join("tesseract"))
                .find(|program| program.is_file())
                .ok_or_else(|| format!("tesseract is not on PATH; {HINT}"))?,
        };
        let ask = |argument: &str| self.run(&program, &[argument], &[], QUESTION_TIMEOUT);
        let version = ask("--version")?;
        let version = version.split_whitespace().nth(1).map(|version| version.trim_start_matches('v').to_owned());
        let listed = ask("--list-langs")?;
        // The first line says where they are.
        let installed: Vec<&str> = listed.lines().skip(1).map(str::trim).collect();
        let wanted = self.settings.languages.iter();
        let languages: Vec<String> = wanted.filter(|name| installed.contains(&name.as_str())).cloned().collect();
        if languages.is_empty() {
            let wanted = self.settings.languages.join(", ");
            return Err(format!("tesseract is there without its data for {wanted}; {HINT}"));
        }
        let found = Found { program, turns_pages: installed.contains(&ORIENTATION) };
        Ok((found, OcrStatus { available: true, version, languages, why_not: None }))
    }

    /// Runs tesseract and returns what it prints.
    fn run(&self, program: &Path, arguments: &[&str], input: &[u8], timeout: Duration) -> Result<String, String> {
        let job = OcrJob {
            program: program.as_os_str().as_bytes().to_vec(),
            arguments: arguments.iter().map(|argument| (*argument).to_owned()).collect(),
            memory_bytes: self.settings.memory_bytes,
            cpu_seconds: timeout.as_secs() + 1,
        };
        let failed = |error: io::Error| format!("tesseract could not be run: {error}");
        let head = protocol::frame(&Role::Ocr(job), MAX_REQUEST_BYTES).map_err(failed)?.unwrap_or_default();
        let mut child = Command::new(&self.worker)
            .arg(WORKER_ARGUMENT)
            .env_clear()
            // Where tesseract is a script, what it has started ends with it.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map(Running)
            .map_err(failed)?;
        let text = converse(&mut child.0, &[&head, input], Instant::now() + timeout)
            .ok_or_else(|| format!("the image took longer than {} s", timeout.as_secs()))?;
        match child.0.wait() {
            Ok(status) if status.success() => Ok(text),
            _ => Err("tesseract ended with an error; it may be damaged".to_owned()),
        }
    }
}

/// Reads the images of one file, for so long as the settings allow a file.
#[derive(Debug)]
pub struct FileOcr<'a> {
    ocr: &'a Tesseract,
    left: Cell<Duration>,
}

impl FileOcr<'_> {
    pub fn read(&self, image: &[u8]) -> Recognition {
        let left = self.left.get();
        if left.is_zero() {
            let limit = self.ocr.settings.file_timeout.as_secs();
            return Recognition::Failed(format!("the images of the file took longer than {limit} s"));
        }
        let begun = Instant::now();
        let recognition = self.ocr.read_within(image, left.min(self.ocr.settings.image_timeout));
        self.left.set(left.saturating_sub(begun.elapsed()));
        recognition
    }
}

/// Ends the child on the way out, whatever the way.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        kill_group(&self.0);
        let _ = self.0.wait();
    }
}

fn kill_group(child: &Child) {
    // Errors mean that it is gone already.
    let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
}

/// Gives a child its input, takes its output and waits for its end; none when that takes too long.
fn converse(child: &mut Child, input: &[&[u8]], deadline: Instant) -> Option<String> {
    let (mut stdin, stdout) = (child.stdin.take()?, child.stdout.take()?);
    let (sender, receiver) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(move || {
            // A child that has seen enough closes its input; its output says whether that was well.
            let _ = input.iter().try_for_each(|part| stdin.write_all(part));
        });
        scope.spawn(move || {
            let mut output = Vec::new();
            let read = stdout.take(MAX_OUTPUT_BYTES).read_to_end(&mut output);
            let _ = sender.send(read.map(|_| output));
        });
        let output = receiver.recv_timeout(deadline.saturating_duration_since(Instant::now()));
        // One that has closed its output may go on for ever all the same.
        let has_ended = output.is_ok() && ends(child, deadline);
        // Its end closes both pipes, and with them ends both threads; what it has started may hold them open.
        kill_group(child);
        output.ok().filter(|_| has_ended)?.ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    })
}

/// Waits until the child ends, up to the deadline; returns whether it did.
fn ends(child: &mut Child, deadline: Instant) -> bool {
    const BETWEEN_LOOKS: Duration = Duration::from_millis(2);
    loop {
        match child.try_wait() {
            Ok(None) if Instant::now() < deadline => thread::sleep(BETWEEN_LOOKS),
            Ok(None) => return false,
            // The status, or the error, is there for the next who asks.
            _ => return true,
        }
    }
}

/// What a child becomes that is to read an image; the image follows on its standard input.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct OcrJob {
    program: Vec<u8>,
    arguments: Vec<String>,
    memory_bytes: u64,
    cpu_seconds: u64,
}

/// The child's side: takes on the limits and becomes tesseract. Returns only when that fails.
pub(super) fn become_tesseract(job: OcrJob) -> io::Error {
    if let Err(error) = confine::before_exec(job.memory_bytes, job.cpu_seconds) {
        return error;
    }
    Command::new(OsString::from_vec(job.program))
        .args(job.arguments.iter().map(OsStr::new))
        .env_clear()
        // There is a parser on each core already.
        .env("OMP_THREAD_LIMIT", "1")
        .exec()
}
