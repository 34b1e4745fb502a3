//! `taproot search Q` and `taproot search --batch QUERIES.jsonl --run OUT.trec`

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use futures_util::{StreamExt, TryStreamExt};
use taproot_schemas::search::{Highlight, SearchRequest, SearchResponse};

use super::batch::{self, QueryLine};
use super::narrow::Narrow;
use super::output::{Output, place};
use super::session::Session;
use super::trec::{self, Ranked};
use crate::config::Config;
use crate::error::{Error, Result};

const DEFAULT_HITS: u32 = 10;
const DEFAULT_BATCH_HITS: u32 = 100;
/// More chunks than this are never asked for.
const MAX_CHUNKS: usize = 1_000;
/// Chunks asked for at first, for each document wanted.
const CHUNKS_PER_DOCUMENT: usize = 4;
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
        let style = if output.is_shown() { Style::Terminal } else { Style::Plain };
        output.result(&response, |response| human(response, style))
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

/// Hits are chunks: to have `k` documents, more chunks are asked for, and all there are if those were not enough.
async fn lines_of(session: &Session, query: QueryLine, narrow: &Narrow, ranked: Ranked, k: usize) -> Result<String> {
    let mut chunks = match ranked {
        Ranked::Chunks => k,
        Ranked::Documents => (k * CHUNKS_PER_DOCUMENT).min(MAX_CHUNKS),
    };
    loop {
        let request = SearchRequest {
            query: query.text.clone(),
            k: Some(chunks),
            collections: narrow.collections(),
            filters: narrow.filters(),
        };
        let hits = session.search(&request).await?.hits;
        let enough = ranked == Ranked::Chunks || trec::documents(&hits) >= k;
        if enough || hits.len() < chunks || chunks == MAX_CHUNKS {
            return Ok(trec::lines(&query.id.to_string(), &hits, ranked, k));
        }
        chunks = MAX_CHUNKS;
    }
}

/// How matching words are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    /// In bold (ECMA-48, SGR 1 and 22).
    Terminal,
    Plain,
}

fn human(response: &SearchResponse, style: Style) -> String {
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
        let _ = writeln!(text, "{:>2}. {}  ({:.3})\n    {place}\n    {passage}", index + 1, hit.title, hit.score);
        if !hit.copies.is_empty() {
            let copies: Vec<&str> = hit.copies.iter().map(|copy| copy.uri.as_str()).collect();
            let _ = writeln!(text, "    also in: {}", copies.join(", "));
        }
    }
    text
}

/// The part of a hit that is shown, in one line: its beginning, or what is around the first match if that is further on.
fn passage(text: &str, highlights: &[Highlight], style: Style) -> String {
    let first = highlights.first().map_or(0, |highlight| highlight.start);
    let from = if first < SHOWN_CHARS / 2 { 0 } else { word_start(text, first - SHOWN_CHARS / 4) };
    let mut shown = String::from(if from > 0 { "…" } else { "" });
    let (mut count, mut spaced) = (0, true);
    for (at, c) in text.chars().enumerate().skip(from) {
        if count == SHOWN_CHARS {
            shown.push('…');
            break;
        }
        // Not before white space: a match that ends the passage ends here.
        let edge = |is_edge: fn(&Highlight, usize) -> bool| {
            style == Style::Terminal && highlights.iter().any(|h| is_edge(h, at))
        };
        if edge(|highlight, at| highlight.end == at) {
            shown.push_str("\u{1b}[22m");
        }
        if edge(|highlight, at| highlight.start == at) {
            shown.push_str("\u{1b}[1m");
        }
        if !(c.is_whitespace() && spaced) {
            shown.push(if c.is_whitespace() { ' ' } else { c });
            count += 1;
        }
        spaced = c.is_whitespace();
    }
    if style == Style::Terminal && shown.rfind("\u{1b}[1m") > shown.rfind("\u{1b}[22m") {
        shown.push_str("\u{1b}[22m");
    }
    shown.trim_end().to_owned()
}

/// The first character of the word at a place; of a long run without spaces, the place itself.
fn word_start(text: &str, at: usize) -> usize {
    let after: Vec<char> = text.chars().skip(at).take(SHOWN_CHARS / 8).collect();
    after.iter().position(|c| c.is_whitespace()).map_or(at, |space| at + space + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_are_bold_on_a_terminal_only() {
        let text = "Annual  leave\nis long";
        let highlights = [Highlight { start: 0, end: 6 }, Highlight { start: 17, end: 21 }];
        assert_eq!(passage(text, &highlights, Style::Plain), "Annual leave is long");
        assert_eq!(
            passage(text, &highlights, Style::Terminal),
            "\u{1b}[1mAnnual\u{1b}[22m leave is \u{1b}[1mlong\u{1b}[22m"
        );
    }

    #[test]
    fn a_long_passage_is_shown_around_its_first_match() {
        let text = format!("{}年假 days {}", "some words ".repeat(40), "more words ".repeat(40));
        let start = "some words ".chars().count() * 40;
        let shown = passage(&text, &[Highlight { start, end: start + 2 }], Style::Plain);
        assert!(shown.starts_with("…") && shown.ends_with('…') && shown.contains("年假 days"), "{shown}");
        assert!(passage(&text, &[], Style::Plain).starts_with("some words"));
    }
}
