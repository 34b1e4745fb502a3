//! Options that narrow a search or a question to some of the documents.

use std::collections::BTreeMap;

use clap::Args;
use taproot_schemas::search::Filters;

#[derive(Debug, Clone, Default, Args)]
pub struct Narrow {
    /// Only documents of this collection; this and the next may be given several times
    #[arg(long = "collection", value_name = "C")]
    collections: Vec<String>,
    /// Only documents of this language (en, zh)
    #[arg(long = "language", value_name = "L")]
    languages: Vec<String>,
    /// Only documents of this media type (application/pdf)
    #[arg(long = "type", value_name = "TYPE")]
    media_types: Vec<String>,
    /// Only documents with this tag
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// Only documents by this author
    #[arg(long = "author", value_name = "NAME")]
    authors: Vec<String>,
    /// Only documents whose path begins so
    #[arg(long = "path", value_name = "PREFIX")]
    path_prefix: Option<String>,
    /// Only documents of this day or later
    #[arg(long, value_name = "YYYY-MM-DD")]
    after: Option<String>,
    /// Only documents of this day or earlier
    #[arg(long, value_name = "YYYY-MM-DD")]
    before: Option<String>,
    /// Only documents whose metadata says this
    #[arg(long = "metadata", value_name = "NAME=VALUE", value_parser = pair)]
    metadata: Vec<(String, String)>,
}

impl Narrow {
    pub fn collections(&self) -> Option<Vec<String>> {
        (!self.collections.is_empty()).then(|| self.collections.clone())
    }

    pub fn filters(&self) -> Option<Filters> {
        let filters = Filters {
            languages: self.languages.clone(),
            document_ids: Vec::new(),
            media_types: self.media_types.clone(),
            tags: self.tags.clone(),
            authors: self.authors.clone(),
            path_prefix: self.path_prefix.clone(),
            after: self.after.clone(),
            before: self.before.clone(),
            metadata: self.metadata.iter().cloned().collect::<BTreeMap<_, _>>(),
        };
        (filters != Filters::default()).then_some(filters)
    }
}

fn pair(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').filter(|(name, _)| !name.is_empty());
    pair.map(|(name, value)| (name.to_owned(), value.to_owned())).ok_or_else(|| "give NAME=VALUE".to_owned())
}
