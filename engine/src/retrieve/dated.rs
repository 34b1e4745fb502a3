//! Hits → from when their documents are: the day from which on a document says that it holds, else its own date.

use std::collections::HashMap;

use super::{Found, Retriever};
use crate::Result;

impl Retriever {
    /// By document id, `YYYY-MM-DD`; documents whose date is not known are left out.
    pub async fn dates(&self, found: &[Found]) -> Result<HashMap<String, String>> {
        let (mut papers, missing) = self.papers.known(found);
        if !missing.is_empty() {
            let heads = self.catalog.heads(&missing).await?;
            self.papers.add(&mut papers, found, &heads);
        }
        let dated =
            papers.into_iter().filter_map(|(id, paper)| Some((id, paper.standing.since.or(paper.date)?.to_string())));
        Ok(dated.collect())
    }
}
