//! What the parser child gives up before it sees the first byte of a file.
//!
//! A file may take over the parser that reads it; whoever then runs in the child finds a process that can read its
//! standard input, write its standard output, and compute. Three layers, each for itself enough for most of that:
//!
//! - resource limits (everywhere): address space, open files, size of files, processes;
//! - landlock (Linux 5.13 and newer): no file can be opened, made, changed or run, and from 6.7 on no TCP;
//! - seccomp (Linux on x86-64 and aarch64): system calls by which a process reaches beyond itself fail with EPERM.
//!
//! The program that does OCR is not ours, opens its own files and is started by an `exec`: it gets the limits, and of the
//! two layers what such a program can live with ([`before_exec`]).
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
    limits(memory_bytes)?;
    Ok(kernel::landlock(kernel::NOTHING))
}

/// The last step, on the thread that parses: from here on there are no new threads.
pub(super) fn on_the_last_thread(landlock: Layer) -> Confinement {
    // Counts for whoever is not root; the system call filter counts for root too.
    let _ = limit(Resource::Nproc, 0);
    let seccomp = kernel::seccomp(kernel::DENIED);
    Confinement { landlock, seccomp, open_doors: open_doors() }
}

/// Of a program that is about to be run in place of this one: it may read files and run, and that is all.
///
/// # Errors
/// A limit could not be set.
pub(super) fn before_exec(memory_bytes: u64, cpu_seconds: u64) -> io::Result<()> {
    limits(memory_bytes)?;
    limit(Resource::Cpu, cpu_seconds)?;
    kernel::landlock(kernel::READ_AND_RUN);
    kernel::seccomp(kernel::DENIED_TO_ALL);
    Ok(())
}

fn limits(memory_bytes: u64) -> io::Result<()> {
    // Elsewhere the end of the input ends the child, once it is done with the file at hand.
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    limit(Resource::As, memory_bytes)?;
    limit(Resource::Core, 0)?;
    limit(Resource::Fsize, 0)?;
    limit(Resource::Nofile, MAX_OPEN_FILES)
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
    use landlock::{
        ABI, Access, AccessFs, AccessNet, BitFlags, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetStatus, Scope,
        make_bitflags, path_beneath_rules,
    };
    use seccompiler::{TargetArch, apply_filter_all_threads, compile_from_json, sock_filter};
    use serde_json::{Value, json};

    use super::Layer;

    /// The newest landlock whose rights are known here; what an older kernel lacks of it is left out.
    const LANDLOCK: ABI = ABI::V6;

    /// What stays allowed on all of the file system.
    pub const NOTHING: BitFlags<AccessFs> = BitFlags::EMPTY;
    pub const READ_AND_RUN: BitFlags<AccessFs> = make_bitflags!(AccessFs::{ReadFile | ReadDir | Execute});

    /// Denies all that landlock can deny, but for these rights.
    pub fn landlock(allowed: BitFlags<AccessFs>) -> Layer {
        let roots = if allowed.is_empty() { [].as_slice() } else { &["/"] };
        let restricted = Ruleset::default()
            .handle_access(AccessFs::from_all(LANDLOCK))
            .and_then(|rules| rules.handle_access(AccessNet::from_all(LANDLOCK)))
            .and_then(|rules| rules.scope(Scope::from_all(LANDLOCK)))
            .and_then(Ruleset::create)
            .and_then(|rules| rules.add_rules(path_beneath_rules(roots, allowed)))
            .and_then(|rules| rules.restrict_self());
        match restricted.map(|status| status.ruleset) {
            Ok(RulesetStatus::FullyEnforced) => Layer::On,
            Ok(RulesetStatus::PartiallyEnforced) => Layer::Partly,
            Ok(RulesetStatus::NotEnforced) => Layer::Off("not in this kernel, or not switched on".to_owned()),
            Err(error) => Layer::Off(error.to_string()),
        }
    }

    /// Puts a filter on all threads of this process.
    pub fn seccomp(denied: &[Denied]) -> Layer {
        match put_filter(denied) {
            Ok(()) => Layer::On,
            Err(why) => Layer::Off(why),
        }
    }

    fn put_filter(denied: &[Denied]) -> Result<(), String> {
        let arch = TargetArch::try_from(std::env::consts::ARCH)
            .map_err(|_| format!("not known for {}", std::env::consts::ARCH))?;
        apply_filter_all_threads(&OTHER_NUMBERS).map_err(|error| error.to_string())?;
        let filter = filter(denied, arch, std::process::id())?;
        apply_filter_all_threads(&filter).map_err(|error| error.to_string())
    }

    /// The filter that denies what is listed and allows the rest. A list of what is allowed would be stronger on paper
    /// and break with each new libc.
    fn filter(denied: &[Denied], arch: TargetArch, own_id: u32) -> Result<Vec<sock_filter>, String> {
        const NAME: &str = "child";
        let is_x86 = matches!(arch, TargetArch::x86_64);
        let names = denied.iter().flat_map(|group| group.calls.iter().chain(group.on_x86_64.iter().filter(|_| is_x86)));
        let mut rules: Vec<Value> = names.map(|name| json!({"syscall": name})).collect();
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

    /// System calls by what they reach.
    pub struct Denied {
        calls: &'static [&'static str],
        /// Those that aarch64 never had.
        on_x86_64: &'static [&'static str],
    }

    /// What a program may be denied that still has to open its files and start.
    pub const DENIED_TO_ALL: &[Denied] = &[NETWORK, OTHERS, SYSTEM, KERNEL, RIGHTS];
    pub const DENIED: &[Denied] = &[NETWORK, OTHERS, SYSTEM, KERNEL, RIGHTS, PROCESSES, FILES];

    #[rustfmt::skip]
    const NETWORK: Denied = Denied {
        calls: &["socket", "socketpair", "bind", "connect", "listen", "accept", "accept4", "sendto", "sendmsg", "sendmmsg",
            "shmget", "shmat", "msgget", "semget", "mq_open", "mq_unlink"],
        on_x86_64: &[],
    };

    /// Power over other processes.
    #[rustfmt::skip]
    const OTHERS: Denied = Denied {
        calls: &["tkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "ptrace", "process_vm_readv", "process_vm_writev",
            "process_madvise", "pidfd_open", "pidfd_getfd", "pidfd_send_signal", "kcmp", "migrate_pages", "move_pages",
            "setpriority", "setpgid", "setsid"],
        on_x86_64: &[],
    };

    /// New processes and threads.
    const PROCESSES: Denied =
        Denied { calls: &["clone", "clone3", "execve", "execveat"], on_x86_64: &["fork", "vfork"] };

    /// The file at hand comes in over standard input.
    #[rustfmt::skip]
    const FILES: Denied = Denied {
        calls: &["openat", "openat2", "open_by_handle_at", "name_to_handle_at", "newfstatat", "statx", "statfs",
            "readlinkat", "faccessat", "faccessat2", "getdents64", "chdir", "fchdir", "unlinkat", "renameat",
            "renameat2", "linkat", "symlinkat", "mkdirat", "mknodat", "fchmodat", "fchownat", "fchmod", "fchown",
            "truncate", "ftruncate", "fallocate", "utimensat", "setxattr", "lsetxattr", "fsetxattr", "removexattr",
            "lremovexattr", "fremovexattr", "memfd_create", "memfd_secret", "inotify_init1", "fanotify_init", "flock"],
        on_x86_64: &["open", "creat", "stat", "lstat", "access", "readlink", "getdents", "unlink", "rename", "link",
            "symlink", "mkdir", "rmdir", "mknod", "chmod", "chown", "lchown", "utime", "utimes", "futimesat",
            "inotify_init"],
    };

    #[rustfmt::skip]
    const SYSTEM: Denied = Denied {
        calls: &["mount", "umount2", "move_mount", "open_tree", "fsopen", "fsconfig", "fsmount", "fspick",
            "mount_setattr", "pivot_root", "chroot", "unshare", "setns", "swapon", "swapoff", "reboot", "kexec_load",
            "init_module", "finit_module", "delete_module", "acct", "quotactl", "sethostname", "setdomainname",
            "settimeofday", "clock_settime", "adjtimex", "clock_adjtime", "syslog", "vhangup", "personality"],
        on_x86_64: &["kexec_file_load", "modify_ldt", "ioperm", "iopl", "uselib"],
    };

    /// Large doors into the kernel.
    #[rustfmt::skip]
    const KERNEL: Denied = Denied {
        calls: &["bpf", "perf_event_open", "userfaultfd", "io_uring_setup", "io_uring_enter", "io_uring_register",
            "keyctl", "add_key", "request_key"],
        on_x86_64: &[],
    };

    #[rustfmt::skip]
    const RIGHTS: Denied = Denied {
        calls: &["setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid", "setfsuid", "setfsgid",
            "setgroups", "capset", "setrlimit"],
        on_x86_64: &[],
    };

    #[cfg(test)]
    mod tests {
        use super::*;

        /// The names are known for both architectures, whichever this is.
        #[test]
        fn the_filter_compiles() {
            for arch in [TargetArch::x86_64, TargetArch::aarch64] {
                let compiled = filter(DENIED, arch, 1);
                assert!(compiled.as_ref().is_ok_and(|filter| filter.len() > 100), "{arch:?}: {compiled:?}");
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod kernel {
    use super::Layer;

    pub const NOTHING: () = ();
    pub const READ_AND_RUN: () = ();
    pub const DENIED: () = ();
    pub const DENIED_TO_ALL: () = ();

    pub fn landlock(_: ()) -> Layer {
        Layer::Off("only Linux has it".to_owned())
    }

    pub fn seccomp(_: ()) -> Layer {
        Layer::Off("only Linux has it".to_owned())
    }
}
