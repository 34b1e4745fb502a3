//! What the parser child gives up before it sees the first byte of a file.
//!
//! A file may take over the parser that reads it; whoever then runs in the child finds a process that can read its
//! standard input, write its standard output, and compute. Three layers, each for itself enough for most of that:
//!
//! - resource limits (everywhere): address space, open files, size of files, processes;
//! - landlock (Linux 5.13 and newer): no file can be opened, made, changed or run, and from 6.7 on no TCP;
//! - seccomp (Linux on x86-64 and aarch64): system calls by which a process reaches beyond itself fail with EPERM.
//!
//! Where the kernel lacks a layer the child goes on without it and says so: [`Confinement`] is what `taproot doctor`
//! shows. The child does not only say what it asked for, it tries the doors.

use std::fmt;
use std::io;

use rustix::process::{Resource, Rlimit, setrlimit};
use serde::{Deserialize, Serialize};

/// Standard streams and the copies of them, and some room for the libraries.
const MAX_OPEN_FILES: u64 = 32;

/// What holds the parser child back, as found out by the child itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confinement {
    pub landlock: Layer,
    pub seccomp: Layer,
    /// What the child tried once all layers were in force, and could do.
    pub open_doors: Vec<Door>,
}

/// One means of the kernel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    On,
    /// In force with less than this program knows to ask for: the kernel is older.
    Partly,
    /// Why it is not in force, for a person.
    Off(String),
}

/// A way out of the child.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Door {
    OpenFile,
    OpenSocket,
    StartProcess,
}

impl fmt::Display for Confinement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "limits on, landlock {}, seccomp {}", self.landlock, self.seccomp)?;
        for door in &self.open_doors {
            f.write_str(match door {
                Door::OpenFile => ", it can open files",
                Door::OpenSocket => ", it can open sockets",
                Door::StartProcess => ", it can start processes",
            })?;
        }
        Ok(())
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Layer::On => f.write_str("on"),
            Layer::Partly => f.write_str("on, as far as this kernel has it"),
            Layer::Off(why) => write!(f, "off ({why})"),
        }
    }
}

/// The first step, on the main thread: what later threads inherit.
///
/// # Errors
/// A limit could not be set; without its limits the child does not run.
pub(super) fn before_threads(memory_bytes: u64) -> io::Result<Layer> {
    // Elsewhere the end of the input ends the child, once it is done with the file at hand.
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    limit(Resource::As, memory_bytes)?;
    limit(Resource::Core, 0)?;
    limit(Resource::Fsize, 0)?;
    limit(Resource::Nofile, MAX_OPEN_FILES)?;
    Ok(kernel::landlock())
}

/// The last step, on the thread that parses: from here on there are no new threads.
pub(super) fn on_the_last_thread(landlock: Layer) -> Confinement {
    // Counts for whoever is not root; the system call filter counts for root too.
    let _ = limit(Resource::Nproc, 0);
    let seccomp = kernel::seccomp();
    Confinement { landlock, seccomp, open_doors: open_doors() }
}

fn limit(resource: Resource, value: u64) -> io::Result<()> {
    Ok(setrlimit(resource, Rlimit { current: Some(value), maximum: Some(value) })?)
}

/// Tries each door. Nothing happens behind one that opens: the socket is closed, the program does not exist.
fn open_doors() -> Vec<Door> {
    let mut open = Vec::new();
    if std::fs::File::open("/").is_ok() {
        open.push(Door::OpenFile);
    }
    if std::net::UdpSocket::bind("127.0.0.1:0").is_ok() {
        open.push(Door::OpenSocket);
    }
    // Without a process there is none to find that the program is missing.
    let started = std::process::Command::new("/no/such/program").spawn();
    if started.is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
        open.push(Door::StartProcess);
    }
    open
}

#[cfg(target_os = "linux")]
mod kernel {
    use landlock::{ABI, Access, AccessFs, AccessNet, Ruleset, RulesetAttr, RulesetStatus, Scope};
    use seccompiler::{TargetArch, apply_filter_all_threads, compile_from_json, sock_filter};
    use serde_json::{Value, json};

    use super::Layer;

    /// The newest landlock whose rights are known here; what an older kernel lacks of it is left out.
    const LANDLOCK: ABI = ABI::V6;

    /// Denies all that landlock can deny, without an exception.
    pub fn landlock() -> Layer {
        let restricted = Ruleset::default()
            .handle_access(AccessFs::from_all(LANDLOCK))
            .and_then(|rules| rules.handle_access(AccessNet::from_all(LANDLOCK)))
            .and_then(|rules| rules.scope(Scope::from_all(LANDLOCK)))
            .and_then(Ruleset::create)
            .and_then(|rules| rules.restrict_self());
        match restricted.map(|status| status.ruleset) {
            Ok(RulesetStatus::FullyEnforced) => Layer::On,
            Ok(RulesetStatus::PartiallyEnforced) => Layer::Partly,
            Ok(RulesetStatus::NotEnforced) => Layer::Off("not in this kernel, or not switched on".to_owned()),
            Err(error) => Layer::Off(error.to_string()),
        }
    }

    /// Puts the filter on all threads of this process.
    pub fn seccomp() -> Layer {
        match put_filter() {
            Ok(()) => Layer::On,
            Err(why) => Layer::Off(why),
        }
    }

    fn put_filter() -> Result<(), String> {
        let arch = TargetArch::try_from(std::env::consts::ARCH)
            .map_err(|_| format!("not known for {}", std::env::consts::ARCH))?;
        apply_filter_all_threads(&OTHER_NUMBERS).map_err(|error| error.to_string())?;
        let filter = denied(arch, std::process::id())?;
        apply_filter_all_threads(&filter).map_err(|error| error.to_string())
    }

    /// The filter that denies what is listed below and allows the rest. A list of what is allowed would be stronger
    /// on paper and break with each new libc.
    fn denied(arch: TargetArch, own_id: u32) -> Result<Vec<sock_filter>, String> {
        const NAME: &str = "parser";
        let older = if matches!(arch, TargetArch::x86_64) { DENIED_ON_X86_64 } else { &[] };
        let mut rules: Vec<Value> = DENIED.iter().chain(older).map(|name| json!({"syscall": name})).collect();
        let unless = |name: &str, argument: u8, value: u32| json!({"syscall": name, "args": [{"index": argument, "type": "qword", "op": "ne", "val": value}]});
        rules.extend([
            // A process that aborts sends itself a signal.
            unless("kill", 0, own_id),
            unless("tgkill", 0, own_id),
            // Limits may be read (no new limit is given), not set: root could lift them.
            unless("prlimit64", 0, 0),
            unless("prlimit64", 2, 0),
        ]);
        let filters = json!({
            NAME: {"mismatch_action": "allow", "match_action": {"errno": EPERM}, "filter": rules},
        });
        let mut compiled =
            compile_from_json(filters.to_string().as_bytes(), arch).map_err(|error| error.to_string())?;
        compiled.remove(NAME).ok_or_else(|| "the filter was not compiled".to_owned())
    }

    const EPERM: u32 = 1;

    /// The x32 calls of x86-64 have numbers of their own, above this bit (linux/seccomp.h, asm/unistd.h); no number
    /// that is in use on either architecture is as great.
    const X32_BIT: u32 = 0x4000_0000;

    /// Denies all calls with such numbers: load the number; if it is as great or greater, EPERM; else allow.
    const OTHER_NUMBERS: [sock_filter; 4] = [
        sock_filter { code: 0x20, jt: 0, jf: 0, k: 0 },
        sock_filter { code: 0x35, jt: 0, jf: 1, k: X32_BIT },
        sock_filter { code: 0x06, jt: 0, jf: 0, k: 0x0005_0000 | EPERM },
        sock_filter { code: 0x06, jt: 0, jf: 0, k: 0x7fff_0000 },
    ];

    #[rustfmt::skip]
    const DENIED: &[&str] = &[
        // The network, and other processes on this machine.
        "socket", "socketpair", "bind", "connect", "listen", "accept", "accept4", "sendto", "sendmsg", "sendmmsg",
        "shmget", "shmat", "msgget", "semget", "mq_open", "mq_unlink",
        // New processes and threads, and power over others.
        "clone", "clone3", "execve", "execveat", "tkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "ptrace",
        "process_vm_readv", "process_vm_writev", "process_madvise", "pidfd_open", "pidfd_getfd",
        "pidfd_send_signal", "kcmp", "migrate_pages", "move_pages", "setpriority", "setpgid", "setsid",
        // Files: the file at hand comes in over standard input.
        "openat", "openat2", "open_by_handle_at", "name_to_handle_at", "newfstatat", "statx", "statfs", "readlinkat",
        "faccessat", "faccessat2", "getdents64", "chdir", "fchdir", "unlinkat", "renameat", "renameat2", "linkat",
        "symlinkat", "mkdirat", "mknodat", "fchmodat", "fchownat", "fchmod", "fchown", "truncate", "ftruncate",
        "fallocate", "utimensat", "setxattr", "lsetxattr", "fsetxattr", "removexattr", "lremovexattr",
        "fremovexattr", "memfd_create", "memfd_secret", "inotify_init1", "fanotify_init", "flock",
        // The system as a whole.
        "mount", "umount2", "move_mount", "open_tree", "fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr",
        "pivot_root", "chroot", "unshare", "setns", "swapon", "swapoff", "reboot", "kexec_load", "init_module",
        "finit_module", "delete_module", "acct", "quotactl", "sethostname", "setdomainname", "settimeofday",
        "clock_settime", "adjtimex", "clock_adjtime", "syslog", "vhangup", "personality",
        // Large doors into the kernel.
        "bpf", "perf_event_open", "userfaultfd", "io_uring_setup", "io_uring_enter", "io_uring_register", "keyctl",
        "add_key", "request_key", "seccomp",
        // Other rights, other limits.
        "setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid", "setfsuid", "setfsgid", "setgroups",
        "capset", "setrlimit",
    ];

    /// Calls that aarch64 never had.
    #[rustfmt::skip]
    const DENIED_ON_X86_64: &[&str] = &[
        "fork", "vfork", "open", "creat", "stat", "lstat", "access", "readlink", "getdents", "unlink", "rename",
        "link", "symlink", "mkdir", "rmdir", "mknod", "chmod", "chown", "lchown", "utime", "utimes", "futimesat",
        "inotify_init", "kexec_file_load", "modify_ldt", "ioperm", "iopl", "uselib",
    ];

    #[cfg(test)]
    mod tests {
        use super::*;

        /// The names are known for both architectures, whichever this is.
        #[test]
        fn the_filter_compiles() {
            for arch in [TargetArch::x86_64, TargetArch::aarch64] {
                assert!(denied(arch, 1).is_ok_and(|filter| filter.len() > DENIED.len()), "{arch:?}");
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod kernel {
    use super::Layer;

    pub fn landlock() -> Layer {
        Layer::Off("only Linux has it".to_owned())
    }

    pub fn seccomp() -> Layer {
        Layer::Off("only Linux has it".to_owned())
    }
}
