//! Documents cut into pieces for the embedding stage, so that every session has work when there is one long document;
//! and put together again behind it.

use std::ops::Range;
use std::sync::Arc;

use parking_lot::Mutex;
use taproot_engine::Result;
use taproot_engine::models::Models;
use taproot_engine::store::{NewDocument, embedded_text, title_or_name};

/// Chunks that one session embeds in one go.
const PIECE_CHUNKS: usize = 32;

/// Some chunks of a document.
pub struct Piece {
    /// Index of the document's file.
    file: usize,
    /// What is given to the embedder, for the chunks of `range`.
    texts: Vec<String>,
    range: Range<usize>,
    whole: Arc<Mutex<Assembly>>,
}

/// A document, and how many pieces of it are not embedded yet.
struct Assembly {
    document: Option<Box<NewDocument>>,
    left: usize,
}

/// Cuts a document; the texts are made when a piece is asked for. There is at least one piece.
pub fn pieces(file: usize, document: Box<NewDocument>) -> impl Iterator<Item = Piece> {
    let chunks = document.chunks.len();
    let count = chunks.div_ceil(PIECE_CHUNKS).max(1);
    let title = title_or_name(document.title.clone(), &document.uri);
    let whole = Arc::new(Mutex::new(Assembly { document: Some(document), left: count }));
    (0..count).map(move |number| {
        let range = number * PIECE_CHUNKS..chunks.min((number + 1) * PIECE_CHUNKS);
        let texts = whole.lock().document.as_ref().map_or_else(Vec::new, |document| {
            let chunks = document.chunks[range.clone()].iter();
            let text = |heading: &Option<String>, table_header: &Option<String>, text: &str| {
                embedded_text(&title, heading.as_deref(), table_header.as_deref(), text)
            };
            chunks.map(|chunk| text(&chunk.heading, &chunk.table_header, &chunk.text)).collect()
        });
        Piece { file, texts, range, whole: Arc::clone(&whole) }
    })
}

impl Piece {
    /// Embeds the chunks. Whoever embeds the last piece gets the whole document, with the index of its file.
    pub fn embed(self, models: &Models) -> Result<Option<(usize, Box<NewDocument>)>> {
        let vectors = self.texts.iter().map(|text| models.embedder.embed_passage(text)).collect::<Result<Vec<_>>>()?;
        let mut whole = self.whole.lock();
        if let Some(document) = &mut whole.document {
            for (chunk, vector) in document.chunks[self.range].iter_mut().zip(vectors) {
                chunk.vector = vector;
            }
        }
        whole.left -= 1;
        Ok(if whole.left == 0 { whole.document.take().map(|document| (self.file, document)) } else { None })
    }
}
