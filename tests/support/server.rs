//! `taproot serve` on a free port, from ready to killed.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde::Deserialize;
use taproot_schemas::instance::InstanceFile;

use super::taproot::Taproot;
use super::tether::Tethered;
use super::wait::{PATIENCE, until};

/// Bytes of the log that a failed test shows.
const SHOWN_LOG_BYTES: usize = 4_000;

pub struct Server {
    process: Tethered,
    /// `127.0.0.1:PORT`
    pub address: String,
    /// The administrator's key, when this start was the first one of its data.
    pub first_key: Option<String>,
    data: PathBuf,
    log: PathBuf,
}

/// Whoever is not known may read what is open to everybody.
pub const PUBLIC: (&str, &str) = ("TAPROOT_ACCESS_PUBLIC_COLLECTIONS", "*");

/// What `serve --json` prints once it is ready.
#[derive(Deserialize)]
struct ReadyLine {
    address: String,
    #[serde(default)]
    first_key: Option<String>,
}

impl Server {
    pub fn start(taproot: &Taproot) -> Self {
        Self::with(taproot, &[], None)
    }

    /// `settings` are variables of the environment; `remove` is a folder that goes when the server went.
    pub fn with(taproot: &Taproot, settings: &[(&str, &str)], remove: Option<&Path>) -> Self {
        let server = Self::spawn(taproot, "127.0.0.1:0", settings, remove);
        until("/readyz answers 200", || server.is_ready().then_some(()));
        server
    }

    /// On another address, or with TLS: it is ready when it says so.
    pub fn at(taproot: &Taproot, address: &str, settings: &[(&str, &str)]) -> Self {
        Self::spawn(taproot, address, settings, None)
    }

    fn spawn(taproot: &Taproot, address: &str, settings: &[(&str, &str)], remove: Option<&Path>) -> Self {
        let log = taproot.root().join("server.log");
        let log_file = std::fs::OpenOptions::new().create(true).append(true).open(&log).expect("a file for the log");
        let mut command = taproot.command(["--json", "serve", "--address", address]);
        command.envs(settings.iter().copied());
        let mut process = Tethered::spawn(&command, remove, Stdio::piped(), log_file.into());
        let mut lines = BufReader::new(process.child.stdout.take().expect("a pipe"));
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            let mut line = String::new();
            let _ = lines.read_line(&mut line).map(|_| sender.send(line));
            // Whatever else is said must not fill the pipe.
            let _ = std::io::copy(&mut lines, &mut std::io::sink());
        });
        let line = receiver.recv_timeout(PATIENCE).unwrap_or_default();
        let Ok(ReadyLine { address, first_key }) = serde_json::from_str(&line) else {
            panic!("the server did not say that it is ready but {line:?}\n{}", tail(&log));
        };
        Self { process, address, first_key, data: taproot.data(), log }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The lock file of the data, as the server has written it.
    pub fn instance(&self) -> InstanceFile {
        let text = std::fs::read(self.data.join("taproot.lock")).expect("a lock file");
        serde_json::from_slice(&text).expect("the lock file is what the contract says")
    }

    /// Presses Ctrl-C.
    pub fn interrupt(&self) {
        let id = Pid::from_raw(self.process.id()).expect("a process id");
        kill_process(id, Signal::INT).expect("the server is there");
    }

    /// Takes the process away, as a crash would.
    pub fn kill(&mut self) {
        let id = Pid::from_raw(self.process.id()).expect("a process id");
        kill_process(id, Signal::KILL).expect("the server is there");
        self.ended();
    }

    /// Waits for the server to end by itself.
    pub fn ended(&mut self) -> ExitStatus {
        until("the server ends", || self.process.child.try_wait().expect("a child"))
    }

    fn is_ready(&self) -> bool {
        let mut answer = String::new();
        let asked = TcpStream::connect(&self.address).and_then(|mut stream| {
            stream.set_read_timeout(Some(Duration::from_secs(10)))?;
            write!(stream, "GET /readyz HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", self.address)?;
            stream.read_to_string(&mut answer)
        });
        asked.is_ok() && answer.starts_with("HTTP/1.1 200 ")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- the end of the server's log\n{}", tail(&self.log));
        }
    }
}

fn tail(log: &Path) -> String {
    let bytes = std::fs::read(log).unwrap_or_default();
    String::from_utf8_lossy(&bytes[bytes.len().saturating_sub(SHOWN_LOG_BYTES)..]).into_owned()
}
