//! What one request did: noted while it goes, written when the last who works on it is done, a stream's end included.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use actix_web::web::Data;
use parking_lot::Mutex;
use taproot_schemas::answer::Answer;
use taproot_schemas::audit::{Actor, AuditRecord};
use uuid::Uuid;

use super::Access;
use super::limits::Place;
use crate::clock;

/// Objects that one record names.
const MAX_OBJECTS: usize = 50;
/// Characters of a question in a record.
const MAX_QUESTION_CHARS: usize = 2_000;

/// Cheap to clone; all clones are one record. The default one is written nowhere.
#[derive(Clone, Default)]
pub struct Trail(Option<Arc<Mutex<Line>>>);

struct Line {
    access: Data<Access>,
    record: AuditRecord,
    keep: bool,
    place: Option<Place>,
    tokens: u64,
}

impl Trail {
    /// `place` is given back when the request is done.
    pub fn begin(
        access: Data<Access>,
        action: &str,
        actor: Actor,
        request_id: String,
        address: Option<IpAddr>,
        place: Option<Place>,
    ) -> Self {
        let record = AuditRecord {
            id: Uuid::now_v7().simple().to_string(),
            time: clock::now(),
            request_id,
            actor,
            address: address.map(|address| address.to_string()),
            action: action.to_owned(),
            objects: Vec::new(),
            status: 0,
            question: None,
            refused: None,
        };
        Self(Some(Arc::new(Mutex::new(Line { access, record, keep: false, place, tokens: 0 }))))
    }

    /// What it is done to.
    pub fn object(&self, id: impl Into<String>) {
        self.note(|line| {
            if line.record.objects.len() < MAX_OBJECTS {
                line.record.objects.push(id.into());
            }
        });
    }

    /// What is asked or looked for.
    pub fn question(&self, text: &str) {
        self.note(|line| {
            if line.access.config.audit_questions {
                line.record.question = Some(text.chars().take(MAX_QUESTION_CHARS).collect());
            }
        });
    }

    /// An answer, the documents that it cites, and what it cost.
    pub fn answer(&self, answer: &Answer) {
        self.object(answer.id.clone());
        answer.citations.iter().for_each(|citation| self.object(citation.document_id.clone()));
        self.note(|line| {
            line.tokens += u64::from(answer.usage.prompt_tokens) + u64::from(answer.usage.completion_tokens);
        });
    }

    /// How it came out; it is written when `keep` says so.
    pub fn end(&self, status: u16, refused: Option<String>, keep: bool) {
        self.note(|line| {
            line.record.status = status;
            line.record.refused = refused;
            line.keep = keep;
        });
    }

    fn note(&self, change: impl FnOnce(&mut Line)) {
        if let Some(line) = &self.0 {
            change(&mut line.lock());
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if let Some(place) = self.place.as_ref().filter(|_| self.tokens > 0) {
            self.access.limits.spent(place, self.tokens);
        }
        if self.keep {
            self.access.audit.write(&self.record);
        }
    }
}

impl fmt::Debug for Trail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Trail")
    }
}
