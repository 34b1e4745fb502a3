//! A fixed set of sessions that threads take turns with.

use crossbeam_channel::{Receiver, Sender, bounded};

use super::runtime::Model;
use crate::{Error, Result};

/// A caller that finds no session free waits for one; there are as many as threads that run models, so in the
/// request path nobody does.
pub struct Pool {
    free: Receiver<Model>,
    back: Sender<Model>,
}

impl Pool {
    pub fn new(models: Vec<Model>) -> Pool {
        let (back, free) = bounded(models.len().max(1));
        for model in models {
            // The channel has room for every session, and both ends live here.
            let _ = back.send(model);
        }
        Pool { free, back }
    }

    pub fn with<T>(&self, work: impl FnOnce(&mut Model) -> Result<T>) -> Result<T> {
        let mut lease = Lease { model: Some(self.free.recv().map_err(|_| Error::Stopped)?), pool: self };
        match lease.model.as_mut() {
            Some(model) => work(model),
            None => Err(Error::Stopped),
        }
    }
}

/// Gives the session back also when the work panics.
struct Lease<'a> {
    model: Option<Model>,
    pool: &'a Pool,
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        if let Some(model) = self.model.take() {
            let _ = self.pool.back.send(model);
        }
    }
}
