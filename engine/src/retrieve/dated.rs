//! Hits → from when their documents are: the day from which on a document says that it holds, else its own date.

use std::collections::HashMap;

use super::notices::Standing;
use super::{Found, Retriever};
use crate::Result;

impl Retriever {
    /// By document id, `YYYY-MM-DD…`; documents whose date is not known are left out.
    pub async fn dates(&self, found: &[Found]) -> Result<HashMap<String, String>> {
        let mut documents: Vec<(&str, i64)> =
            found.iter().map(|hit| (hit.chunk.document_id.as_str(), hit.chunk.version)).collect();
        documents.sort_unstable();
        documents.dedup();
        let mut heads = self.catalog.heads(&documents).await?;
        let mut dates = HashMap::with_capacity(heads.len());
        for hit in found {
            let Some(head) = heads.remove(&hit.chunk.document_id) else { continue };
            let since = Standing::of(&hit.chunk.title, &hit.chunk.uri, &head).since.map(|day| day.to_string());
            if let Some(date) = since.or(head.date) {
                dates.insert(hit.chunk.document_id.clone(), date);
            }
        }
        Ok(dates)
    }
}
