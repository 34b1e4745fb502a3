//! `taproot documents list|text|delete`

use std::fmt::Write as _;

use clap::{Args, Subcommand};
use taproot_engine::ListDocuments;
use taproot_schemas::document::{Deleted, Document, DocumentList};
use taproot_schemas::error::ErrorCode;

use super::output::Output;
use super::session::Session;
use crate::config::Config;
use crate::error::{Error, Result};

/// Documents asked for at a time; the most that the engine gives.
const PAGE: usize = 1_000;

#[derive(Debug, Subcommand)]
pub enum Documents {
    /// List documents, ordered by uri
    List {
        /// Only this collection
        #[arg(long)]
        collection: Option<String>,
        /// At most so many [default: all]
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
        limit: Option<u32>,
    },
    /// Print the text of a document as it was extracted
    Text(Name),
    /// Take a document out of the catalog and both indexes; only the file of an uploaded document goes with it
    Delete(Name),
}

#[derive(Debug, Args)]
pub struct Name {
    /// The document's uri, or its id
    uri: String,
    /// The collection that the uri is meant in
    #[arg(long)]
    collection: Option<String>,
}

impl Documents {
    pub async fn run(self, config: &Config, output: &Output) -> Result<()> {
        let session = Session::open(config, output).await?;
        match self {
            Documents::List { collection, limit } => {
                let documents = list(&session, collection, limit.map_or(usize::MAX, |limit| limit as usize)).await?;
                session.close().await?;
                output.result(&documents, table)
            }
            Documents::Text(name) => {
                let document = find(&session, name).await?;
                let text = session.document_text(&document.id).await?;
                session.close().await?;
                output.result(&text, |text| format!("{}\n", text.text))
            }
            Documents::Delete(name) => {
                let document = find(&session, name).await?;
                let deleted = session.delete_document(&document.id).await?;
                session.close().await?;
                output.result(&deleted, told_of)
            }
        }
    }
}

/// All pages as one, up to `limit` documents.
async fn list(session: &Session, collection: Option<String>, limit: usize) -> Result<DocumentList> {
    let mut all = DocumentList { documents: Vec::new(), total: 0, next_cursor: None };
    loop {
        let page = ListDocuments {
            collection: collection.clone(),
            limit: PAGE.min(limit - all.documents.len()),
            cursor: all.next_cursor.take(),
            ..ListDocuments::default()
        };
        let page = session.list_documents(&page).await?;
        all.documents.extend(page.documents);
        all.total = page.total;
        all.next_cursor = page.next_cursor;
        if all.next_cursor.is_none() || all.documents.len() >= limit {
            return Ok(all);
        }
    }
}

/// The one document that goes by this name.
async fn find(session: &Session, name: Name) -> Result<Document> {
    let Name { uri, collection } = name;
    let by_uri = ListDocuments { collection, uri: Some(uri.clone()), limit: 2, ..ListDocuments::default() };
    let mut found = session.list_documents(&by_uri).await?;
    match (found.documents.pop(), found.documents.is_empty()) {
        (Some(document), true) => Ok(document),
        (Some(_), false) => Err(Error::AmbiguousUri { uri, count: found.total }),
        (None, _) => session.document(&uri).await.map_err(|error| match error {
            Error::Engine(engine) if engine.code() == ErrorCode::DocumentNotFound => {
                Error::NoSuchDocument { name: uri }
            }
            Error::Refused(detail) if detail.code == ErrorCode::DocumentNotFound => Error::NoSuchDocument { name: uri },
            error => error,
        }),
    }
}

fn told_of(deleted: &Deleted) -> String {
    let Deleted { uri, chunks, file_removed, .. } = deleted;
    let file = if *file_removed { "and its file" } else { "its file stays, and brings it back when it changes" };
    format!("{uri} deleted, {chunks} chunks; {file}\n").replace("; and", " and")
}

fn table(list: &DocumentList) -> String {
    let mut text = String::new();
    for document in &list.documents {
        let Document { uri, collection, language, chunks, title, .. } = document;
        let language = language.as_deref().unwrap_or("-");
        // Writing to a String cannot fail. Tabs, so that `cut` and spreadsheets can take it.
        let _ = writeln!(text, "{uri}\t{collection}\t{language}\t{chunks} chunks\t{title}");
    }
    let _ = writeln!(text, "{} of {} documents", list.documents.len(), list.total);
    text
}
