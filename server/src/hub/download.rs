//! One file of a repository → the staging folder.
//!
//! Bytes go to `FILE.part`; a download that broke off, now or in an earlier run, goes on where it was. `FILE` exists only
//! when it is whole and its sum is the one that the hub told (large files; of small ones the hub tells the size only).

use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::StreamExt;
use reqwest::header::{CONTENT_LENGTH, CONTENT_RANGE};
use reqwest::{Response, StatusCode};
use sha2::{Digest, Sha256};
use taproot_engine::models::FileSum;
use tokio::fs::{File, OpenOptions};
use tokio::io::AsyncWriteExt;

use super::client::{Answer, Client, reason};
use super::name::check_path;
use super::repository::Repository;
use super::{HubError, Progress, Result, blocking};

/// A file of JSON, the tokenizer among them; bge-m3's has 17 MB.
const MAX_JSON_BYTES: u64 = 256 << 20;
const MAX_FILE_BYTES: u64 = 64 << 30;
/// Times that a download may break off without a byte more.
const ATTEMPTS: u32 = 4;
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const HASH_BYTES: usize = 1 << 20;

pub struct Download<'a> {
    pub client: &'a Client,
    pub repository: &'a Repository,
    pub folder: &'a Path,
    pub progress: &'a dyn Progress,
}

/// What the hub tells of a file, by its list or by the headers of its answer.
#[derive(Debug, Clone, Default)]
struct Expected {
    bytes: Option<u64>,
    sha256: Option<String>,
}

/// How one request went.
enum Went {
    Whole,
    BrokeOff(String),
}

impl Download<'_> {
    /// The file's path is from the repository's top.
    pub async fn fetch(&self, path: &str) -> Result<FileSum> {
        check_path(path)?;
        let listed = self.repository.files.get(path).cloned().unwrap_or_default();
        let mut expected = Expected { bytes: listed.bytes, sha256: listed.sha256 };
        let target = self.folder.join(path);
        let part = part_of(&target);
        if let Some(folder) = target.parent() {
            std::fs::create_dir_all(folder).map_err(io(folder))?;
        }
        if target.is_file() && expected.sha256.is_some() {
            let sum = sum_of(&target).await?;
            if expected.sha256.as_ref() == Some(&sum) {
                return Ok(FileSum { path: path.into(), sha256: sum });
            }
        }
        self.fill(path, &part, &mut expected).await?;
        let got = sum_of(&part).await?;
        if let Some(wanted) = expected.sha256.filter(|wanted| *wanted != got) {
            std::fs::remove_file(&part).map_err(io(&part))?;
            return Err(HubError::WrongSum { what: path.to_owned(), got, expected: wanted });
        }
        std::fs::rename(&part, &target).map_err(io(&target))?;
        Ok(FileSum { path: path.into(), sha256: got })
    }

    /// A file of JSON, if the repository has one of this name.
    pub async fn json(&self, path: &str) -> Result<Option<serde_json::Value>> {
        if !self.repository.files.contains_key(path) {
            return Ok(None);
        }
        self.fetch(path).await?;
        let file = self.folder.join(path);
        let text = std::fs::read(&file).map_err(io(&file))?;
        let parsed = serde_json::from_slice(&text);
        parsed.map(Some).map_err(|error| HubError::Json { path: path.to_owned(), detail: error.to_string() })
    }

    /// Makes the part whole, in as many requests as it takes.
    async fn fill(&self, path: &str, part: &Path, expected: &mut Expected) -> Result<()> {
        let (mut pause, mut fruitless) = (FIRST_PAUSE, 0);
        loop {
            let before = length(part);
            let why = match self.request(path, part, before, expected).await? {
                Went::Whole => return Ok(()),
                Went::BrokeOff(why) => why,
            };
            let done = length(part);
            if done > before {
                (pause, fruitless) = (FIRST_PAUSE, 0);
            }
            fruitless += 1;
            if fruitless == ATTEMPTS {
                return Err(HubError::Interrupted { what: path.to_owned(), done, reason: why });
            }
            tracing::info!(path, done, why, "the download goes on");
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
    }

    async fn request(&self, path: &str, part: &Path, before: u64, expected: &mut Expected) -> Result<Went> {
        if before > 0 && expected.bytes == Some(before) {
            return Ok(Went::Whole);
        }
        let parts = self.repository.name.split('/').chain(["resolve", &self.repository.commit]).chain(path.split('/'));
        let answer = match self.client.get(self.client.url(parts), path, (before > 0).then_some(before)).await {
            // What a server says when it is there is final; a connection that cannot be made is tried again once
            // something has arrived.
            Err(HubError::Unreachable { reason, .. }) if before > 0 => return Ok(Went::BrokeOff(reason)),
            answer => answer?,
        };
        let start = self.start(path, &answer, before, expected)?;
        let Some(start) = start else {
            // The part is longer than the file: it is of something else.
            std::fs::remove_file(part).map_err(io(part))?;
            return Ok(Went::BrokeOff("what was there did not fit".into()));
        };
        let limit = expected.bytes.unwrap_or(limit_of(path)).min(limit_of(path));
        self.append(path, part, answer.response, start, limit, expected.bytes).await
    }

    /// The byte at which the answer's body begins; `None` when the hub has none from there on. Completes and checks what
    /// is known of the file.
    fn start(&self, path: &str, answer: &Answer, before: u64, expected: &mut Expected) -> Result<Option<u64>> {
        let odd = |detail: String| Err(HubError::Protocol { host: self.client.host(), what: path.to_owned(), detail });
        if answer.commit.as_ref().is_some_and(|commit| !commit.eq_ignore_ascii_case(&self.repository.commit)) {
            return odd("it is of another commit".into());
        }
        match (&expected.sha256, &answer.sha256) {
            (Some(listed), Some(linked)) if listed != linked => {
                return odd("its list and its header tell two sums".into());
            }
            (None, Some(linked)) => expected.sha256 = Some(linked.clone()),
            _ => {}
        }
        expected.bytes = expected.bytes.or(answer.bytes);
        let headers = answer.response.headers();
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        match answer.response.status() {
            StatusCode::RANGE_NOT_SATISFIABLE => Ok(None),
            StatusCode::PARTIAL_CONTENT => {
                let range = text(CONTENT_RANGE).unwrap_or_default();
                let parsed = range.strip_prefix("bytes ").and_then(|range| range.split_once('/'));
                let start = parsed.and_then(|(span, _)| span.split_once('-')?.0.parse::<u64>().ok());
                let total = parsed.and_then(|(_, total)| total.parse::<u64>().ok());
                if start != Some(before) || (total.is_some() && expected.bytes.is_some() && total != expected.bytes) {
                    return odd(format!("it was asked for bytes from {before} on and sent {range:?}"));
                }
                expected.bytes = expected.bytes.or(total);
                Ok(start)
            }
            _ => {
                let whole = text(CONTENT_LENGTH).and_then(|length| length.parse().ok());
                expected.bytes = expected.bytes.or(whole);
                Ok(Some(0))
            }
        }
    }

    async fn append(
        &self,
        path: &str,
        part: &Path,
        response: Response,
        start: u64,
        limit: u64,
        total: Option<u64>,
    ) -> Result<Went> {
        let too_large = || HubError::TooLarge { what: path.to_owned(), limit_mib: limit.div_ceil(1 << 20) };
        if total.is_some_and(|total| total > limit) {
            return Err(too_large());
        }
        let mut file = opened(part, start).await.map_err(io(part))?;
        let mut done = start;
        let mut stream = response.bytes_stream();
        let mut broke_off = None;
        while let Some(piece) = stream.next().await {
            let piece = match piece {
                Ok(piece) => piece,
                Err(error) => {
                    broke_off = Some(reason(error));
                    break;
                }
            };
            done += piece.len() as u64;
            if done > limit {
                return Err(too_large());
            }
            file.write_all(&piece).await.map_err(io(part))?;
            self.progress.file(path, done, total);
        }
        file.flush().await.map_err(io(part))?;
        file.sync_all().await.map_err(io(part))?;
        match broke_off {
            Some(why) => Ok(Went::BrokeOff(why)),
            None if total.is_some_and(|total| done < total) => Ok(Went::BrokeOff("it ended early".into())),
            None => Ok(Went::Whole),
        }
    }
}

async fn opened(part: &Path, start: u64) -> std::io::Result<File> {
    let file = OpenOptions::new().create(true).append(true).open(part).await?;
    if file.metadata().await?.len() != start {
        file.set_len(start).await?;
    }
    Ok(file)
}

fn part_of(target: &Path) -> PathBuf {
    let mut name = target.as_os_str().to_owned();
    name.push(".part");
    PathBuf::from(name)
}

fn length(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |metadata| metadata.len())
}

fn limit_of(path: &str) -> u64 {
    if path.ends_with(".json") { MAX_JSON_BYTES } else { MAX_FILE_BYTES }
}

async fn sum_of(path: &Path) -> Result<String> {
    let path = path.to_owned();
    blocking(move || file_sha256(&path).map_err(io(&path))).await
}

/// SHA-256 of a file, lower-case hex.
pub fn file_sha256(path: &Path) -> std::io::Result<String> {
    let mut file = std::fs::File::open(path)?;
    let (mut hasher, mut buffer) = (Sha256::new(), vec![0; HASH_BYTES]);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()),
            read => hasher.update(&buffer[..read]),
        }
    }
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> HubError + use<> {
    let path = path.to_owned();
    move |source| HubError::Io { path, source }
}
