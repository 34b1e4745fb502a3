//! `taproot search Q` and `taproot search --batch QUERIES.jsonl --run OUT.trec`

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use futures_util::{StreamExt, TryStreamExt};
use taproot_schemas::search::{Boost, BoostName, Explanation, LegShare, SearchRequest, SearchResponse};

use super::batch::{self, QueryLine};
use super::narrow::Narrow;
use super::output::{Output, Style, place};
use super::passage::passage;
use super::ranking::{Ranked, hits_for};
use super::session::Session;
use super::trec;
use crate::config::Config;
use crate::error::{Error, Result};

const DEFAULT_HITS: u32 = 10;
const DEFAULT_BATCH_HITS: u32 = 100;

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
    /// Pass over this many hits, for the next page; with -k, at most 1,000
    #[arg(long, value_name = "N", conflicts_with = "batch", value_parser = clap::value_parser!(u32).range(..=1_000))]
    offset: Option<u32>,
    /// Say of each hit how it came to its score
    #[arg(long, conflicts_with = "batch")]
    explain: bool,
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
            offset: self.offset.map(|offset| offset as usize),
            explain: self.explain,
            rerank: None,
        };
        let session = Session::open(config, output).await?;
        let response = session.search(&request).await?;
        session.close().await?;
        let (offset, style) = (self.offset.unwrap_or(0) as usize, output.style());
        output.result(&response, |response| human(response, offset, style))
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

fn human(response: &SearchResponse, offset: usize, style: Style) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    if !response.unmatched_phrases.is_empty() {
        let phrases: Vec<String> = response.unmatched_phrases.iter().map(|phrase| format!("“{phrase}”")).collect();
        let _ = writeln!(text, "nothing has {} word for word; these have words of it\n", phrases.join(" and "));
    }
    if let Some(suggested) = &response.did_you_mean {
        let _ = writeln!(text, "did you mean: {suggested}\n");
    }
    if response.hits.is_empty() {
        text.push_str("nothing found\n");
    }
    for (index, hit) in response.hits.iter().enumerate() {
        let place = place(&hit.uri, hit.page, hit.heading.as_deref());
        let passage = passage(&hit.text, &hit.highlights, style);
        let _ =
            writeln!(text, "{:>2}. {}  ({:.3})\n    {place}\n    {passage}", offset + index + 1, hit.title, hit.score);
        if !hit.copies.is_empty() {
            let copies: Vec<&str> = hit.copies.iter().map(|copy| copy.uri.as_str()).collect();
            let _ = writeln!(text, "    also in: {}", copies.join(", "));
        }
        if let Some(explanation) = &hit.explanation {
            text.push_str(&explained(explanation));
        }
    }
    if let Some(next) = response.next_offset {
        let _ = writeln!(text, "more: --offset {next}");
    }
    text
}

/// A line for each thing that made the score.
fn explained(explanation: &Explanation) -> String {
    let mut text = String::new();
    for (leg, share) in [("lexical", explanation.lexical), ("vector", explanation.vector)] {
        let Some(LegShare { rank, raw, scaled, weight, contribution }) = share else { continue };
        let rank = rank.map_or("not among its first".into(), |rank| format!("rank {rank}"));
        let _ = writeln!(
            text,
            "    {contribution:+.3}  {leg}: {rank}, score {raw:.3}, scaled {scaled:.3} × weight {weight:.2}"
        );
    }
    for Boost { name, contribution, reason } in &explanation.boosts {
        let name = match name {
            BoostName::Neighbours => "neighbours",
            BoostName::Rerank => "rerank",
            BoostName::Recency => "recency",
            BoostName::Superseded => "superseded",
        };
        let _ = writeln!(text, "    {contribution:+.3}  {name}: {reason}");
    }
    text
}
