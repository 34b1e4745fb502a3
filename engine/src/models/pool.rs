//! A fixed set of sessions that threads take turns with.

use parking_lot::{Condvar, Mutex};

use super::runtime::Model;
use crate::{Error, Result};

/// A caller that finds no session free waits for one; there are as many as threads that run models, so in the
/// request path nobody does. The one that came back last goes out first: what it works with is still in the caches.
pub struct Pool {
    free: Mutex<Vec<Model>>,
    back: Condvar,
}

impl Pool {
    pub fn new(models: Vec<Model>) -> Pool {
        Pool { free: Mutex::new(models), back: Condvar::new() }
    }

    pub fn with<T>(&self, work: impl FnOnce(&mut Model) -> Result<T>) -> Result<T> {
        let mut lease = Lease { model: Some(self.take()), pool: self };
        match lease.model.as_mut() {
            Some(model) => work(model),
            None => Err(Error::Stopped),
        }
    }

    fn take(&self) -> Model {
        let mut free = self.free.lock();
        loop {
            match free.pop() {
                Some(model) => return model,
                None => self.back.wait(&mut free),
            }
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
            self.pool.free.lock().push(model);
            self.pool.back.notify_one();
        }
    }
}
