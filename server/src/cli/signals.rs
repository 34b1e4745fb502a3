//! How the program is asked to stop, and how it stops when nobody wants to wait.

use rustix::process::{Signal as Kind, getpid, kill_process};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::error::{Error, Result};

/// SIGINT (Ctrl-C) and SIGTERM. One that comes while nobody waits is kept for the next who does.
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    pub fn listen() -> Result<Self> {
        let listen = |kind| signal(kind).map_err(Error::Runtime);
        Ok(Self { interrupt: listen(SignalKind::interrupt())?, terminate: listen(SignalKind::terminate())? })
    }

    pub async fn asked_to_stop(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Ends the process without a further step. Leaving in good order would tear down libraries while their threads
/// still work; the commit protocol is made so that nothing acknowledged is lost this way.
pub fn end_at_once() {
    if kill_process(getpid(), Kind::KILL).is_err() {
        std::process::abort();
    }
}
