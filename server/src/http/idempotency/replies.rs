//! The answers that are kept to be given again. In memory: they are gone with the process, a day after they were given,
//! or when newer ones need the room.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::Error;
use actix_web::body::BoxBody;
use actix_web::body::to_bytes;
use actix_web::dev::ServiceResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::web::Bytes;
use parking_lot::Mutex;

const KEPT_FOR: Duration = Duration::from_secs(24 * 60 * 60);
/// Keys in all, and of one caller: nobody pushes out what is others'.
const MAX_KEYS: usize = 4_096;
const MAX_KEYS_OF_CALLER: usize = 256;
/// A larger answer is not kept.
const MAX_BODY_BYTES: usize = 64 * 1024;
/// What of an answer's head is its own; the rest is made anew.
const HEADERS: [HeaderName; 2] = [header::CONTENT_TYPE, header::LOCATION];

/// Whose key, for what.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct KeyOf {
    /// Who it is, with what it may see, and from where.
    pub caller: String,
    /// Path and query.
    pub route: String,
    pub key: String,
}

/// An answer.
pub struct Kept {
    /// Of the request's body.
    pub digest: [u8; 32],
    pub status: StatusCode,
    pub headers: Vec<(HeaderName, HeaderValue)>,
    pub body: Bytes,
}

enum State {
    Running,
    Done(Arc<Kept>),
}

#[derive(Default)]
struct Table {
    states: HashMap<KeyOf, State>,
    /// The oldest first; each key that is in `states` once.
    order: VecDeque<(Instant, KeyOf)>,
}

/// All workers share one.
#[derive(Default)]
pub struct Replies(Arc<Mutex<Table>>);

/// What a key stands for when a request comes with it.
pub enum Begun {
    First(Place),
    Running,
    Done(Arc<Kept>),
}

/// The place of an answer that is being made. Dropped without one, the key is free again.
pub struct Place {
    table: Arc<Mutex<Table>>,
    of: KeyOf,
    kept: bool,
}

impl Replies {
    pub fn begin(&self, of: KeyOf) -> Begun {
        let mut table = self.0.lock();
        table.forget_old(Instant::now());
        match table.states.get(&of) {
            Some(State::Running) => Begun::Running,
            Some(State::Done(kept)) => Begun::Done(Arc::clone(kept)),
            None => {
                table.make_room(&of.caller);
                table.order.push_back((Instant::now(), of.clone()));
                table.states.insert(of.clone(), State::Running);
                Begun::First(Place { table: Arc::clone(&self.0), of, kept: false })
            }
        }
    }
}

impl Table {
    fn forget_old(&mut self, now: Instant) {
        while let Some((since, _)) = self.order.front()
            && now.duration_since(*since) > KEPT_FOR
            && let Some((_, of)) = self.order.pop_front()
        {
            self.states.remove(&of);
        }
    }

    /// Room for one more of this caller: its own oldest goes, or else the oldest of all.
    fn make_room(&mut self, caller: &str) {
        let own = self.order.iter().filter(|(_, of)| of.caller == caller).count();
        let oldest = match own >= MAX_KEYS_OF_CALLER {
            true => self.order.iter().position(|(_, of)| of.caller == caller),
            false => (self.order.len() >= MAX_KEYS).then_some(0),
        };
        if let Some((_, of)) = oldest.and_then(|at| self.order.remove(at)) {
            self.states.remove(&of);
        }
    }

    fn remove(&mut self, of: &KeyOf) {
        if self.states.remove(of).is_some() {
            self.order.retain(|(_, other)| other != of);
        }
    }
}

impl Place {
    /// Keeps the answer, if it is not too large, and gives it on.
    pub async fn keep(
        mut self,
        digest: [u8; 32],
        response: ServiceResponse<BoxBody>,
    ) -> Result<ServiceResponse<BoxBody>, Error> {
        let (request, response) = response.into_parts();
        let (response, body) = response.into_parts();
        let body = to_bytes(body).await.map_err(actix_web::error::ErrorInternalServerError)?;
        if body.len() <= MAX_BODY_BYTES {
            let headers = HEADERS
                .into_iter()
                .filter_map(|name| response.headers().get(&name).cloned().map(|value| (name, value)))
                .collect();
            let kept = Kept { digest, status: response.status(), headers, body: body.clone() };
            let mut table = self.table.lock();
            if let Some(state) = table.states.get_mut(&self.of) {
                *state = State::Done(Arc::new(kept));
            }
            drop(table);
            self.kept = true;
        }
        Ok(ServiceResponse::new(request, response.set_body(BoxBody::new(body))))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.kept {
            self.table.lock().remove(&self.of);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(caller: &str, key: usize) -> KeyOf {
        KeyOf { caller: caller.into(), route: "/v1/jobs".into(), key: key.to_string() }
    }

    fn done(replies: &Replies, of: KeyOf) {
        let Begun::First(mut place) = replies.begin(of.clone()) else { panic!("the key is new") };
        place.kept = true;
        let kept = Kept { digest: [0; 32], status: StatusCode::OK, headers: Vec::new(), body: Bytes::new() };
        replies.0.lock().states.insert(of, State::Done(Arc::new(kept)));
    }

    #[test]
    fn a_key_is_free_again_when_its_request_came_to_nothing() {
        let replies = Replies::default();
        let Begun::First(place) = replies.begin(key("ann", 1)) else { panic!("the key is new") };
        assert!(matches!(replies.begin(key("ann", 1)), Begun::Running));
        assert!(matches!(replies.begin(key("bob", 1)), Begun::First(_)), "a key is its caller's");
        drop(place);
        assert!(matches!(replies.begin(key("ann", 1)), Begun::First(_)));
    }

    #[test]
    fn nobody_pushes_out_what_is_others() {
        let replies = Replies::default();
        done(&replies, key("ann", 0));
        for n in 0..2 * MAX_KEYS {
            done(&replies, key("bob", n));
        }
        assert!(matches!(replies.begin(key("ann", 0)), Begun::Done(_)));
        let table = replies.0.lock();
        assert_eq!((table.states.len(), table.order.len()), (MAX_KEYS_OF_CALLER + 1, MAX_KEYS_OF_CALLER + 1));
    }

    #[test]
    fn all_together_are_bounded() {
        let replies = Replies::default();
        for n in 0..MAX_KEYS + 10 {
            done(&replies, key(&format!("caller {n}"), n));
        }
        assert_eq!(replies.0.lock().states.len(), MAX_KEYS);
        let later = Instant::now() + KEPT_FOR + Duration::from_secs(1);
        replies.0.lock().forget_old(later);
        assert_eq!(replies.0.lock().states.len(), 0);
    }
}
