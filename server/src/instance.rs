//! One process owns a data directory.
//!
//! `DATA/taproot.lock` is held with an exclusive `flock` for as long as its owner lives, so a killed process leaves
//! nothing to clean up: the lock is what counts, and a file that nobody locks is taken over. The file says who
//! owns the directory and, while a server runs, how to reach it with the owner's rights; it is readable by its
//! user only. The file itself is never deleted: two processes could then each lock a file of the same name.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};
use taproot_schemas::instance::InstanceFile;
use uuid::Uuid;

use crate::error::{Error, Result};

pub const LOCK_FILE: &str = "taproot.lock";

/// The owner writes the file just after it has locked it, and empties it just before it lets go; who comes in
/// between looks again.
const ATTEMPTS: usize = 60;
const PAUSE: Duration = Duration::from_millis(50);

/// How a process stands to a data directory.
#[derive(Debug)]
pub enum Claim {
    /// This process owns it now.
    Owned(Instance),
    /// A server owns it and can be asked.
    ServedAt(Served),
    /// Another process owns it and does not serve.
    Busy { pid: Option<u32> },
}

/// Where a running server is, and the token that gives the owner's rights there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    pub address: String,
    pub token: String,
}

/// The ownership of a data directory; it ends when the value is dropped.
#[derive(Debug)]
pub struct Instance {
    file: File,
}

impl Instance {
    /// Makes the directory if it is not there, and takes it if nobody else has it.
    pub fn acquire(data_dir: &Path) -> Result<Claim> {
        claim(data_dir).map_err(|source| Error::DataDir { path: data_dir.to_path_buf(), source })
    }

    /// Tells other processes where this one serves, and returns the token made for this run.
    pub fn publish(&mut self, listening_on: SocketAddr) -> io::Result<String> {
        // Two version 4 UUIDs: 244 bits from the operating system's generator.
        let token = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        self.write(&InstanceFile {
            pid: std::process::id(),
            address: Some(reachable_from_here(listening_on).to_string()),
            token: Some(token.clone()),
        })?;
        Ok(token)
    }

    fn write(&mut self, content: &InstanceFile) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.rewind()?;
        self.file.write_all(&serde_json::to_vec(content)?)?;
        self.file.sync_data()
    }
}

impl Drop for Instance {
    /// The token of a run that is over is worth nothing, but need not lie around; closing the file ends the lock.
    fn drop(&mut self) {
        let _ = self.file.set_len(0);
    }
}

fn claim(data_dir: &Path) -> io::Result<Claim> {
    // The data holds the documents' text: nobody but its owner reads it, unless the owner opened the folder before.
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(data_dir)?;
    let path = data_dir.join(LOCK_FILE);
    let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path)?;
    for _ in 0..ATTEMPTS {
        match file.try_lock() {
            Ok(()) => return take(file).map(Claim::Owned),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) => {}
        }
        // A child of a killed owner may hold the lock for a moment more, until it has become another program.
        match read(&mut file)?.filter(|owner| is_alive(owner.pid)) {
            Some(InstanceFile { address: Some(address), token: Some(token), .. }) => {
                return Ok(Claim::ServedAt(Served { address, token }));
            }
            Some(InstanceFile { pid, .. }) => return Ok(Claim::Busy { pid: Some(pid) }),
            None => std::thread::sleep(PAUSE),
        }
    }
    Ok(Claim::Busy { pid: None })
}

fn take(file: File) -> io::Result<Instance> {
    file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    let mut instance = Instance { file };
    instance.write(&InstanceFile { pid: std::process::id(), address: None, token: None })?;
    Ok(instance)
}

fn is_alive(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    pid.is_some_and(|pid| test_kill_process(pid) != Err(Errno::SRCH))
}

/// `None` while the owner is about to write the file, or about to give it up.
fn read(file: &mut File) -> io::Result<Option<InstanceFile>> {
    let mut text = String::new();
    file.rewind()?;
    file.read_to_string(&mut text)?;
    Ok(serde_json::from_str(&text).ok())
}

/// A server that listens on every address is reached from its own machine over loopback.
fn reachable_from_here(listening_on: SocketAddr) -> SocketAddr {
    let ip = match listening_on.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listening_on.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data_dir(name: &str) -> std::path::PathBuf {
        std::env::temp_dir().join(format!("taproot-instance-{name}-{}", Uuid::new_v4().simple()))
    }

    #[test]
    fn a_second_claim_meets_the_first() {
        let dir = data_dir("second");
        let Ok(Claim::Owned(mut first)) = Instance::acquire(&dir) else { panic!("the directory is new") };
        // flock belongs to the open file, so a second claim of the same process meets it like another process.
        assert!(matches!(Instance::acquire(&dir), Ok(Claim::Busy { pid: Some(pid) }) if pid == std::process::id()));

        let token = first.publish("0.0.0.0:4711".parse().unwrap()).unwrap();
        let Ok(Claim::ServedAt(served)) = Instance::acquire(&dir) else { panic!("it serves now") };
        assert_eq!(served, Served { address: "127.0.0.1:4711".into(), token });

        let mode = std::fs::metadata(dir.join(LOCK_FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn a_file_that_nobody_locks_is_taken_over() {
        let dir = data_dir("stale");
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::write(dir.join(LOCK_FILE), r#"{"pid":1,"address":"127.0.0.1:1","token":"old"}"#).unwrap();
        assert!(matches!(Instance::acquire(&dir), Ok(Claim::Owned(_))));
        std::fs::remove_dir_all(dir).unwrap();
    }
}
