//! The three stores and the one door through which anything is written to them.
//!
//! The catalog (SQL) is the source of truth and holds the text; the lexical index (tantivy) and the vector store
//! (Qdrant) can be rebuilt from it. Whatever an index returns counts only when the catalog says that it is live and
//! that the caller may see it.

mod catalog;
mod doctor;
mod lexical;
mod reindex;
mod space;
#[cfg(test)]
mod tests;
mod types;
mod vectors;
mod writer;

pub use catalog::{
    Accounts, Catalog, Conversations, FileDocument, FileRecord, Filed, Head, Holder, Identity, Known, ListTopics,
    Reach, StoredChunk, StoredQuestion, StoredTopic, StoredTurn, Unfiled, Wording, rfc3339, title_or_name,
};
pub use doctor::Doctor;
pub use lexical::{Alternative, Group, Lexical, Pair, Wanted};
pub use reindex::open_lexical;
pub use space::Space;
pub use types::{ChunkId, Filter, IndexedChunk, Labels, NewChunk, NewDocument, embedded_text, join_headings};
pub use vectors::{EdgeVectors, ServerVectors, VectorStore};
pub use writer::{Committed, Writer};
