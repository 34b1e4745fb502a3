//! `taproot search Q` and `taproot search --batch QUERIES.jsonl --run OUT.trec`

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use futures_util::{StreamExt, TryStreamExt};
use taproot_schemas::search::{SearchRequest, SearchResponse};

use super::batch::{self, QueryLine};
use super::narrow::Narrow;
use super::output::{Output, place};
use super::ranking::{Ranked, hits_for};
use super::session::Session;
use super::trec;
use crate::config::Config;
use crate::error::{Error, Result};

const DEFAULT_HITS: u32 = 10;
const DEFAULT_BATCH_HITS: u32 = 100;
/// Characters of a passage that are shown to a person.
const SHOWN_CHARS: usize = 240;

#[derive(Debug, Args)]
pub struct Search {
    /// What to look for
    #[arg(required_unless_present = "batch", conflicts_with = "batch", value_name = "Q")]
    query: Option<String>,
    /// Number of hits [default: 10; 100 with --batch]
    #[arg(short, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    k: Option<u32>,
    /// Queries, one JSON object a line: {"_id", "text"}
    #[arg(long, value_name = "FILE", requires = "run")]
    batch: Option<PathBuf>,
    /// Where to write the run, in the format of TREC; white space in ids is written as %20
    #[arg(long, value_name = "FILE", requires = "batch")]
    run: Option<PathBuf>,
    /// Rank chunks in the run instead of documents
    #[arg(long, requires = "batch")]
    chunks: bool,
    #[command(flatten)]
    narrow: Narrow,
}

impl Search {
    pub async fn run(self, config: &Config, output: &Output) -> Result<()> {
        if let (Some(queries), Some(run)) = (&self.batch, &self.run) {
            return self.run_batch(queries, run, config, output).await;
        }
        let request = SearchRequest {
            query: self.query.unwrap_or_default(),
            k: Some(self.k.unwrap_or(DEFAULT_HITS) as usize),
            collections: self.narrow.collections(),
            filters: self.narrow.filters(),
        };
        let session = Session::open(config, output).await?;
        let response = session.search(&request).await?;
        session.close().await?;
        output.result(&response, human)
    }

    async fn run_batch(&self, queries: &Path, run: &Path, config: &Config, output: &Output) -> Result<()> {
        let queries = batch::read::<QueryLine>(queries)?;
        let k = self.k.unwrap_or(DEFAULT_BATCH_HITS) as usize;
        let ranked = if self.chunks { Ranked::Chunks } else { Ranked::Documents };
        let unwritable = |source| Error::OutputFile { path: run.to_path_buf(), source };
        let mut file = BufWriter::new(File::create(run).map_err(unwritable)?);
        let session = Session::open(config, output).await?;
        let count = queries.len();
        let lines = futures_util::stream::iter(queries)
            .map(|query| lines_of(&session, query, &self.narrow, ranked, k))
            // As many as there are threads to work on them; they come out in the order of the file.
            .buffered(config.threads);
        lines.try_for_each(|lines| std::future::ready(file.write_all(lines.as_bytes()).map_err(unwritable))).await?;
        file.flush().map_err(unwritable)?;
        session.close().await?;
        output.tell(&format!("{count} queries, run written to {}", run.display()));
        Ok(())
    }
}

async fn lines_of(session: &Session, query: QueryLine, narrow: &Narrow, ranked: Ranked, k: usize) -> Result<String> {
    let hits = hits_for(session, &query.text, narrow, ranked, k).await?;
    Ok(trec::lines(&query.id.to_string(), &hits, ranked, k))
}

fn human(response: &SearchResponse) -> String {
    if response.hits.is_empty() {
        return "nothing found\n".to_string();
    }
    let mut text = String::new();
    for (index, hit) in response.hits.iter().enumerate() {
        let place = place(&hit.uri, hit.page, hit.heading.as_deref());
        let passage = hit.text.split_whitespace().collect::<Vec<_>>().join(" ");
        let shown = passage.chars().take(SHOWN_CHARS).collect::<String>();
        let more = if shown.len() < passage.len() { "…" } else { "" };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{:>2}. {}  ({:.3})\n    {place}\n    {shown}{more}", index + 1, hit.title, hit.score);
        if !hit.copies.is_empty() {
            let copies: Vec<&str> = hit.copies.iter().map(|copy| copy.uri.as_str()).collect();
            let _ = writeln!(text, "    also in: {}", copies.join(", "));
        }
    }
    text
}
