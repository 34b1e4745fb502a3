//! The audit: a record for every answer, document read, change and refusal, as JSON lines in the data directory.
//!
//! In: records, in any thread. Out: `audit/NUMBER.jsonl`, the greatest number the newest; and pages of them. A file that is
//! full is followed by another one, and the oldest goes when there are too many. What is worth a record is not decided here.

mod read;

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use parking_lot::Mutex;
use taproot_schemas::audit::AuditRecord;

pub use read::{AuditQuery, export, list};

use crate::config::AuditConfig;

/// Records that wait for the disk; then those who write wait.
const WAITING: usize = 4_096;
const ENDING: &str = "jsonl";

/// Cheap to clone; all clones write to one place.
#[derive(Clone)]
pub struct Audit(Arc<Inner>);

struct Inner {
    folder: PathBuf,
    /// Gone after [`Audit::close`].
    sender: Mutex<Option<SyncSender<Message>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

enum Message {
    Line(Vec<u8>),
    /// Everything before it is on the disk when this is answered.
    Flush(SyncSender<()>),
}

impl Audit {
    /// Makes the folder `audit` in the data directory, and starts the thread that writes.
    pub fn start(data_dir: &Path, config: AuditConfig) -> io::Result<Audit> {
        let folder = data_dir.join("audit");
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        let mut files = Files::open(&folder, config)?;
        let (sender, receiver) = sync_channel(WAITING);
        let writer = std::thread::Builder::new().name("audit".into()).spawn(move || write(&receiver, &mut files))?;
        Ok(Audit(Arc::new(Inner { folder, sender: Mutex::new(Some(sender)), writer: Mutex::new(Some(writer)) })))
    }

    pub fn write(&self, record: &AuditRecord) {
        let Ok(mut line) = serde_json::to_vec(record) else { return };
        line.push(b'\n');
        self.send(Message::Line(line));
    }

    /// Returns when all that was written before is in the files.
    pub fn flush(&self) {
        let (sender, done) = sync_channel(1);
        self.send(Message::Flush(sender));
        let _ = done.recv();
    }

    pub fn folder(&self) -> &Path {
        &self.0.folder
    }

    /// Returns when everything is on the disk; later records are lost.
    pub fn close(&self) {
        drop(self.0.sender.lock().take());
        if let Some(writer) = self.0.writer.lock().take()
            && writer.join().is_err()
        {
            tracing::error!("the thread of the audit broke");
        }
    }

    fn send(&self, message: Message) {
        let sender = self.0.sender.lock().clone();
        if let Some(sender) = sender {
            let _ = sender.send(message);
        }
    }
}

fn write(receiver: &Receiver<Message>, files: &mut Files) {
    let told = |outcome: io::Result<()>| {
        if let Err(error) = outcome {
            tracing::error!(%error, "cannot write a record of the audit");
        }
    };
    while let Ok(first) = receiver.recv() {
        let mut waiting = Vec::new();
        for message in std::iter::once(first).chain(receiver.try_iter().take(WAITING)) {
            match message {
                Message::Line(line) => told(files.write(&line)),
                Message::Flush(answer) => waiting.push(answer),
            }
        }
        told(files.out.flush());
        waiting.into_iter().for_each(|answer| _ = answer.send(()));
    }
    told(files.out.flush().and_then(|()| files.out.get_ref().sync_data()));
}

/// The file at hand, and those before it.
struct Files {
    folder: PathBuf,
    config: AuditConfig,
    number: u64,
    bytes: u64,
    out: BufWriter<File>,
}

impl Files {
    fn open(folder: &Path, config: AuditConfig) -> io::Result<Files> {
        let number = numbers(folder)?.last().copied().unwrap_or(1);
        let (out, bytes) = open(folder, number)?;
        Ok(Files { folder: folder.to_owned(), config, number, bytes, out })
    }

    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        if self.bytes > 0 && self.bytes + line.len() as u64 > self.config.max_file_bytes {
            self.out.flush()?;
            self.out.get_ref().sync_data()?;
            (self.out, self.bytes) = open(&self.folder, self.number + 1)?;
            self.number += 1;
            let numbers = numbers(&self.folder)?;
            for old in &numbers[..numbers.len().saturating_sub(self.config.files)] {
                std::fs::remove_file(path(&self.folder, *old))?;
            }
        }
        self.bytes += line.len() as u64;
        self.out.write_all(line)
    }
}

fn open(folder: &Path, number: u64) -> io::Result<(BufWriter<File>, u64)> {
    let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path(folder, number))?;
    let bytes = file.metadata()?.len();
    Ok((BufWriter::new(file), bytes))
}

fn path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:08}.{ENDING}"))
}

/// Of the files that are there, the oldest first.
fn numbers(folder: &Path) -> io::Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        if path.extension().is_some_and(|ending| ending == ENDING)
            && let Some(number) = stem.and_then(|stem| stem.parse().ok())
        {
            numbers.push(number);
        }
    }
    numbers.sort_unstable();
    Ok(numbers)
}
