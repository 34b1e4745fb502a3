//! Child processes that cannot outlive the tests.
//!
//! In: a command. Out: the running process, and a pipe that keeps it alive: when the pipe closes, because the value is
//! dropped or because the test program is gone however it went, a small shell beside the process kills it. Values in
//! statics are never dropped, so `Drop` alone would leave servers behind.

use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

/// `sh` becomes the program itself (`exec`), so that the child's id and its signals are the program's own.
const SCRIPT: &str = r#"
exec 3<&0
me=$$ folder=$1
shift
{ read -r _ <&3; kill -9 $me; if [ -n "$folder" ]; then rm -rf -- "$folder"; fi; } >/dev/null 2>&1 &
exec "$@" 3<&- </dev/null
"#;

/// A process on a leash.
pub struct Tethered {
    pub child: Child,
    leash: Option<ChildStdin>,
}

impl Tethered {
    /// Starts `command` with its arguments, environment and working folder. `remove` is a folder that goes when the
    /// process went.
    pub fn spawn(command: &Command, remove: Option<&Path>, stdout: Stdio, stderr: Stdio) -> Self {
        let mut shell = Command::new("sh");
        shell.args(["-c", SCRIPT, "sh"]).arg(remove.unwrap_or(Path::new(""))).arg(command.get_program());
        shell.args(command.get_args()).stdin(Stdio::piped()).stdout(stdout).stderr(stderr);
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        if let Some(folder) = command.get_current_dir() {
            shell.current_dir(folder);
        }
        let mut child = shell.spawn().expect("sh starts");
        let leash = child.stdin.take();
        Self { child, leash }
    }

    pub fn id(&self) -> i32 {
        i32::try_from(self.child.id()).expect("a process id")
    }
}

impl Drop for Tethered {
    fn drop(&mut self) {
        self.leash = None;
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
