//! What a body says, as a digest that is made while the body passes by: nothing of it is held.
//!
//! A client that sends a form again draws another boundary, so the boundary is left out of the digest.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::HttpMessage;
use actix_web::dev::{Payload, ServiceRequest};
use actix_web::error::PayloadError;
use actix_web::http::header;
use actix_web::web::Bytes;
use futures_util::{Stream, StreamExt};

/// A sender that says nothing for so long is gone.
const SILENCE: Duration = Duration::from_secs(60);

/// A body that its handler reads, and that is looked at meanwhile.
pub struct Body(Rc<RefCell<Passing>>);

struct Passing {
    payload: Payload,
    digest: Digest,
    ended: bool,
}

/// The end of a [`Body`] that the handler has.
struct Reader(Rc<RefCell<Passing>>);

impl Body {
    /// Takes the place of the request's body.
    pub fn of(request: &mut ServiceRequest) -> Body {
        let digest = Digest::of(request);
        let passing = Passing { payload: request.take_payload(), digest, ended: false };
        let shared = Rc::new(RefCell::new(passing));
        let reader: Pin<Box<dyn Stream<Item = Result<Bytes, PayloadError>>>> = Box::pin(Reader(Rc::clone(&shared)));
        request.set_payload(reader.into());
        Body(shared)
    }

    /// The digest, after what the handler has left of the body, which is at most `limit_bytes`. `None` when the body did
    /// not come whole.
    pub async fn digest(self, limit_bytes: u64) -> Option<[u8; 32]> {
        let mut rest = Reader(Rc::clone(&self.0));
        drain(&mut rest, limit_bytes).await?;
        let digest = std::mem::replace(&mut self.0.borrow_mut().digest, Digest::without(None));
        Some(digest.end())
    }
}

/// The digest of a body that nobody else reads.
pub async fn digest_of(request: &mut ServiceRequest, limit_bytes: u64) -> Option<[u8; 32]> {
    Body::of(request).digest(limit_bytes).await
}

async fn drain(body: &mut Reader, mut left_bytes: u64) -> Option<()> {
    loop {
        match tokio::time::timeout(SILENCE, body.next()).await.ok()? {
            None => return Some(()),
            Some(block) => left_bytes = left_bytes.checked_sub(block.ok()?.len() as u64)?,
        }
    }
}

impl Stream for Reader {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut passing = self.0.borrow_mut();
        if passing.ended {
            return Poll::Ready(None);
        }
        let polled = Pin::new(&mut passing.payload).poll_next(context);
        match &polled {
            Poll::Ready(Some(Ok(block))) => passing.digest.add(block),
            Poll::Ready(Some(Err(_)) | None) => passing.ended = true,
            Poll::Pending => {}
        }
        polled
    }
}

struct Digest {
    hasher: blake3::Hasher,
    /// Left out wherever it stands; empty for other bodies than forms.
    boundary: Vec<u8>,
    /// The end of what was seen, in which the boundary may begin.
    held: Vec<u8>,
}

impl Digest {
    fn of(request: &ServiceRequest) -> Digest {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        Digest::without(kind.and_then(boundary_of))
    }

    fn without(boundary: Option<&str>) -> Digest {
        let boundary = boundary.unwrap_or_default().as_bytes().to_vec();
        Digest { hasher: blake3::Hasher::new(), boundary, held: Vec::new() }
    }

    fn add(&mut self, block: &[u8]) {
        if self.boundary.is_empty() {
            self.hasher.update(block);
            return;
        }
        self.held.extend_from_slice(block);
        let length = self.boundary.len();
        let mut done = 0;
        while let Some(at) = find(&self.held[done..], &self.boundary) {
            self.hasher.update(&self.held[done..done + at]);
            done += at + length;
        }
        let sure = self.held.len().saturating_sub(length - 1).max(done);
        self.hasher.update(&self.held[done..sure]);
        self.held.drain(..sure);
    }

    fn end(mut self) -> [u8; 32] {
        self.hasher.update(&self.held);
        *self.hasher.finalize().as_bytes()
    }
}

fn boundary_of(kind: &str) -> Option<&str> {
    let mut parts = kind.split(';').map(str::trim);
    let is_form = parts.next()?.to_ascii_lowercase().starts_with("multipart/");
    let boundary =
        parts.find_map(|part| part.split_once('=').filter(|(name, _)| name.eq_ignore_ascii_case("boundary")))?.1;
    Some(boundary.trim_matches('"')).filter(|boundary| is_form && !boundary.is_empty())
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    let first = *wanted.first()?;
    let mut from = 0;
    while let Some(at) = text[from..].iter().position(|byte| *byte == first) {
        if text[from + at..].starts_with(wanted) {
            return Some(from + at);
        }
        from += at + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn digest(boundary: Option<&str>, blocks: &[&[u8]]) -> [u8; 32] {
        let mut digest = Digest::without(boundary);
        for block in blocks {
            digest.add(block);
        }
        digest.end()
    }

    #[test]
    fn the_boundary_is_no_part_of_what_a_form_says() {
        let form = |boundary: &str, text: &str| format!("--{boundary}\r\nname=a\r\n\r\n{text}\r\n--{boundary}--\r\n");
        let of = |boundary: &str, text: &str| digest(Some(boundary), &[form(boundary, text).as_bytes()]);
        assert_eq!(of("one", "hello"), of("another-1", "hello"));
        assert_ne!(of("one", "hello"), of("one", "hallo"));
        assert_eq!(boundary_of("multipart/form-data; charset=x; boundary=\"a b\""), Some("a b"));
        for none in ["multipart/form-data", "multipart/form-data; boundary=", "text/plain; boundary=a", ""] {
            assert_eq!(boundary_of(none), None, "{none}");
        }
    }

    proptest! {
        #[test]
        fn where_a_body_is_cut_does_not_matter(text in "[ab-]{0,60}", cut in 0usize..60, boundary in "[ab]{1,4}") {
            let (first, rest) = text.as_bytes().split_at(cut.min(text.len()));
            prop_assert_eq!(digest(Some(&boundary), &[first, rest]), digest(Some(&boundary), &[text.as_bytes()]));
            prop_assert_eq!(digest(None, &[first, rest]), *blake3::hash(text.as_bytes()).as_bytes());
        }
    }
}
