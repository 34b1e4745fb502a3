//! The reading stage: a file → parsed documents → chunks.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use taproot_engine::store::{NewChunk, NewDocument, title_or_name};
use taproot_engine::{Error, Result, text};
use taproot_schemas::job::{FileErrorCode, FileFailure};
use tokio::sync::mpsc;

use super::piece::{Piece, pieces};
use super::{Context, Event, FileEnd, Shared, Work, take};
use crate::chunk::{Chunking, Tokens, chunks};
use crate::hygiene;
use crate::scan::changed_ns;
use taproot_parse::sandbox::{Parser, ParserError};
use taproot_parse::{Parsed, ParsedDocument};

/// One thread of the stage, with one parser child.
pub fn read_files(
    context: &Context,
    work: &Shared<(usize, Work)>,
    parsed: &mpsc::Sender<Piece>,
    events: &mpsc::Sender<Event>,
) {
    let mut parser = Parser::new(&context.request.parser, context.request.limits);
    while let Some((index, work)) = take(work) {
        let event = match read_file(context, &mut parser, index, work, parsed) {
            Ok(Some(end)) => Event::FileEnd(Box::new(end)),
            Ok(None) => return,
            Err(error) => Event::Broken(error),
        };
        if events.blocking_send(event).is_err() {
            return;
        }
    }
}

/// Reads one file to its end. `None` when the ingest was cancelled, or the stages behind have given up.
///
/// # Errors
/// There is no parser; that is not the file's fault.
fn read_file(
    context: &Context,
    parser: &mut Parser,
    index: usize,
    work: Work,
    parsed: &mpsc::Sender<Piece>,
) -> Result<Option<FileEnd>> {
    let file = &work.file.file;
    let mut end = FileEnd {
        index,
        file: work.file.clone(),
        produced: 0,
        unchanged: 0,
        uris: HashSet::new(),
        failures: Vec::new(),
        unlisted: 0,
        failed: false,
    };
    let mut gone = false;
    // Time in the sink is not the parser's.
    let mut elsewhere = Duration::ZERO;
    let begun = Instant::now();
    let ocr = context.request.ocr.for_file();
    let result = parser.parse(&file.absolute, &file.path, &|image| ocr.read(image), &mut |item| {
        let entered = Instant::now();
        let flow = match item {
            Parsed::Document(document) => {
                let document = prepare(context, &work, document);
                let chunked = entered.elapsed();
                context.tracker.time(|stages| &stages.chunk, chunked);
                gone = context.cancelled() || !hand_on(&work, index, document, &mut end, parsed);
                if gone { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            }
            Parsed::PartFailed(part) => {
                let path = format!("{}{}", file.path, part.suffix);
                end.part_failed(FileFailure { path, code: part.code, reason: part.reason });
                ControlFlow::Continue(())
            }
        };
        elsewhere += entered.elapsed();
        flow
    });
    context.tracker.time(|stages| &stages.parse, begun.elapsed().saturating_sub(elsewhere));
    end.tell_unlisted();
    // What was read may not be what was hashed: then the file is looked at again next time.
    if file.modified_ns != 0 && changed_ns(&file.absolute) != file.modified_ns {
        end.file.hash.clear();
    }
    if gone {
        return Ok(None);
    }
    match result {
        Ok(_) => {}
        Err(ParserError::File(failure)) => {
            end.failed = true;
            end.failures.push(failure);
        }
        Err(ParserError::NoParser { program, source }) => return Err(Error::Io { path: program, source }),
    }
    Ok(Some(end))
}

/// Parts of one file whose failures are told one by one; a mailbox may have a million.
const LISTED_PARTS: usize = 1_000;

impl FileEnd {
    fn part_failed(&mut self, failure: FileFailure) {
        if self.failures.len() < LISTED_PARTS {
            self.failures.push(failure);
        } else {
            self.unlisted += 1;
        }
    }

    fn tell_unlisted(&mut self) {
        if self.unlisted > 0 {
            let reason = format!("{} more parts of the file could not be read", self.unlisted);
            let path = self.file.file.path.clone();
            self.failures.push(FileFailure { path, code: FileErrorCode::Corrupt, reason });
        }
    }
}

/// Sends a document on unless it is what the catalog has. False when nobody takes it.
fn hand_on(
    work: &Work,
    file: usize,
    document: Box<NewDocument>,
    end: &mut FileEnd,
    parsed: &mpsc::Sender<Piece>,
) -> bool {
    // Of two lines with one id the first counts.
    if !end.uris.insert(document.uri.clone()) {
        return true;
    }
    if work.known.get(&document.uri) == Some(&document.hash) {
        end.unchanged += 1;
        return true;
    }
    end.produced += 1;
    pieces(file, document).all(|piece| parsed.blocking_send(piece).is_ok())
}

/// A parsed document as the stores take it, without vectors.
fn prepare(context: &Context, work: &Work, document: ParsedDocument) -> Box<NewDocument> {
    let file = &work.file.file;
    let path = &file.path;
    let uri = format!("{path}{}", document.suffix);
    let title = title_or_name(document.title.clone(), &uri);
    let declared = file.settings.language.clone();
    let language = declared.clone().or_else(|| text::detect(&document.text).map(str::to_owned));
    let notes = hygiene::notes(&document);
    let counter = context.models.embedder.counter();
    let wanted = context.request.chunking;
    let chunking = Chunking { max_tokens: wanted.max_tokens.min(counter.max_tokens()), ..wanted };
    let tokens = Tokens { count: &|text| counter.count(text), chunking };
    let chunks = chunks(&document, &title, tokens)
        .into_iter()
        .map(|chunk| NewChunk {
            start: chunk.start,
            end: chunk.end,
            page: chunk.page,
            heading: chunk.heading,
            table_header: chunk.table_header,
            language: declared.clone().or_else(|| text::detect(&chunk.text).map(str::to_owned)).or(language.clone()),
            text: chunk.text,
            vector: Vec::new(),
        })
        .collect();
    Box::new(NewDocument {
        source_id: context.source_id.clone(),
        labels: file.settings.labels(),
        path: path.clone(),
        hash: content_hash(&context.pipeline.of_documents(file), &title, &document),
        part_of: document.part_of,
        uri,
        title: document.title,
        language,
        media_type: document.media_type,
        bytes: if document.suffix.is_empty() { file.bytes } else { document.text.len() as u64 },
        metadata: document.metadata,
        links: document.links,
        notes,
        text: document.text,
        outline: document.outline,
        chunks,
    })
}

/// Hash of everything that the stores keep of a document, and of how it was made.
fn content_hash(pipeline: &str, title: &str, document: &ParsedDocument) -> String {
    let mut hasher = blake3::Hasher::new();
    let metadata = serde_json::to_string(&document.metadata).unwrap_or_default();
    let outline = serde_json::to_string(&document.outline).unwrap_or_default();
    let rest = serde_json::to_string(&(&document.links, &document.notes, &document.part_of)).unwrap_or_default();
    for part in [pipeline, title, &document.media_type, &metadata, &outline, &rest, &document.text] {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}
