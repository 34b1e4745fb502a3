//! A parsed document → chunks.
//!
//! A chunk is a contiguous piece of the text, cut on block borders, that the embedder takes whole: its tokens together
//! with those of the title and the heading path fit the model's input. A long block is cut between sentences, a long
//! sentence between words. Where a section goes on in the next chunk, the last short sentence is repeated.

use taproot_engine::store::join_headings;
use taproot_engine::text::{self, CharIndex};
use taproot_schemas::document::OutlineEntry;

use taproot_parse::{Block, BlockKind, ParsedDocument};

/// Part of the model's input that text gets at least, however long title and headings are.
const MIN_TEXT_TOKENS: usize = 128;
/// A new section starts a new chunk when the chunk at hand has this many tokens.
const MIN_SECTION_TOKENS: usize = 64;
/// A repeated sentence is no longer than this.
const OVERLAP_TOKENS: usize = 32;
/// A run without a gap (a hash, base64, Thai) may be one unknown token to the model; it is counted as more.
const MAX_CHARS_PER_TOKEN: usize = 12;
/// Special tokens and line breaks around title, headings and text.
const FRAME_TOKENS: usize = 6;

/// A chunk without its vector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// Offsets in characters of the document's text.
    pub start: usize,
    pub end: usize,
    pub page: Option<u32>,
    pub heading: Option<String>,
    pub text: String,
}

/// How the embedder counts, and its longest input in tokens, special tokens included.
#[derive(Clone, Copy)]
pub struct Tokens<'a> {
    pub count: &'a dyn Fn(&str) -> usize,
    pub max: usize,
}

/// The chunks of a document in the order of its text. Every character of every block is in at least one.
pub fn chunks(document: &ParsedDocument, title: &str, tokens: Tokens<'_>) -> Vec<Chunk> {
    let index = CharIndex::new(&document.text);
    let mut chunker = Chunker { document, index: &index, tokens, title_tokens: (tokens.count)(title), out: Vec::new() };
    chunker.run();
    chunker.out
}

/// A piece of the text that is not cut further.
#[derive(Debug, Clone, Copy)]
struct Unit {
    start: usize,
    end: usize,
    tokens: usize,
    heading: bool,
}

struct Chunker<'a> {
    document: &'a ParsedDocument,
    index: &'a CharIndex<'a>,
    tokens: Tokens<'a>,
    title_tokens: usize,
    out: Vec<Chunk>,
}

impl Chunker<'_> {
    fn run(&mut self) {
        let mut open: Vec<Unit> = Vec::new();
        let mut budget = self.budget(0);
        for block in &self.document.blocks {
            let heading = matches!(block.kind, BlockKind::Heading { .. });
            let begins_section = heading && open.last().is_some_and(|unit| !unit.heading);
            if begins_section && sum(&open) >= MIN_SECTION_TOKENS {
                self.close(&mut open);
            }
            for unit in self.units(block, heading) {
                if open.is_empty() {
                    budget = self.budget(unit.start);
                }
                if !open.is_empty() && sum(&open) + unit.tokens > budget {
                    let next = self.close_for_more(&mut open, unit);
                    budget = self.budget(next.first().map_or(unit.start, |first| first.start));
                    open = next;
                }
                open.push(unit);
            }
        }
        self.close(&mut open);
    }

    /// Closes the chunk at hand, and returns what the next one begins with besides `unit`: headings that ended it,
    /// or else its last sentence when that is short.
    fn close_for_more(&mut self, open: &mut Vec<Unit>, unit: Unit) -> Vec<Unit> {
        let body = open.iter().rposition(|unit| !unit.heading).map_or(0, |last| last + 1);
        if body > 0 && body < open.len() {
            let carried = open.split_off(body);
            self.close(open);
            return carried;
        }
        let overlap = open.last().copied().filter(|last| {
            open.len() > 1 && last.tokens <= OVERLAP_TOKENS && last.tokens + unit.tokens <= self.budget(last.start)
        });
        self.close(open);
        overlap.into_iter().collect()
    }

    fn close(&mut self, open: &mut Vec<Unit>) {
        if let (Some(first), Some(last)) = (open.first(), open.last()) {
            // The heading path of the first text under the headings that a chunk begins with.
            let body = open.iter().find(|unit| !unit.heading).unwrap_or(first);
            let heading = self.place(body.start).and_then(|place| join_headings(&place.heading));
            self.out.push(Chunk {
                start: first.start,
                end: last.end,
                page: self.place(first.start).and_then(|place| place.page),
                heading,
                text: self.index.slice(first.start, last.end).to_owned(),
            });
        }
        open.clear();
    }

    /// Tokens that the text of a chunk that begins at `at` may have.
    fn budget(&self, at: usize) -> usize {
        let heading = self.place(at).and_then(|place| join_headings(&place.heading));
        let context = self.title_tokens + heading.map_or(0, |heading| (self.tokens.count)(&heading));
        let room = self.tokens.max.saturating_sub(FRAME_TOKENS);
        room.saturating_sub(context).max(MIN_TEXT_TOKENS.min(room))
    }

    fn place(&self, at: usize) -> Option<&OutlineEntry> {
        let outline = &self.document.outline;
        let after = outline.partition_point(|entry| entry.start <= at);
        after.checked_sub(1).map(|last| &outline[last])
    }

    /// A block as units that each fit a chunk.
    fn units(&self, block: &Block, heading: bool) -> Vec<Unit> {
        let budget = self.budget(block.start);
        let whole = self.unit(block.start, block.end, heading);
        // A block that fits is still cut into sentences when it is long, so that chunks can be filled and overlap.
        if heading || (whole.tokens <= budget && whole.tokens <= OVERLAP_TOKENS) {
            return self.fitting(whole, budget);
        }
        let text = self.index.slice(block.start, block.end);
        text::sentences(text)
            .into_iter()
            .flat_map(|s| self.fitting(self.unit(block.start + s.start, block.start + s.end, false), budget))
            .collect()
    }

    /// Cuts a unit in two, at white space where there is any, until each part fits.
    fn fitting(&self, unit: Unit, budget: usize) -> Vec<Unit> {
        let chars = unit.end - unit.start;
        if unit.tokens <= budget || chars < 2 {
            return vec![unit];
        }
        let text: Vec<char> = self.index.slice(unit.start, unit.end).chars().collect();
        let middle = chars / 2;
        let space = |at: &usize| text[*at].is_whitespace();
        let cut = (middle..chars).take(chars / 4).find(space).or_else(|| (1..middle).rev().take(chars / 4).find(space));
        let cut = unit.start + cut.unwrap_or(middle).max(1);
        let mut parts = self.fitting(self.unit(unit.start, cut, unit.heading), budget);
        parts.extend(self.fitting(self.unit(cut, unit.end, unit.heading), budget));
        parts
    }

    fn unit(&self, start: usize, end: usize, heading: bool) -> Unit {
        let counted = (self.tokens.count)(self.index.slice(start, end));
        Unit { start, end, tokens: counted.max((end - start) / MAX_CHARS_PER_TOKEN), heading }
    }
}

fn sum(units: &[Unit]) -> usize {
    units.iter().map(|unit| unit.tokens).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(text: &str) -> usize {
        text.split_whitespace().count()
    }

    const TOKENS: Tokens<'static> = Tokens { count: &words, max: 60 };

    /// `# ` begins a heading, anything else is a paragraph.
    fn document(lines: &[String]) -> ParsedDocument {
        let mut document = ParsedDocument::default();
        for line in lines {
            let heading = line.strip_prefix("# ");
            let shown = heading.unwrap_or(line);
            let start = document.text.chars().count() + if document.text.is_empty() { 0 } else { 2 };
            if !document.text.is_empty() {
                document.text.push_str("\n\n");
            }
            document.text.push_str(shown);
            let kind = match heading {
                Some(_) => BlockKind::Heading { level: 1 },
                None => BlockKind::Paragraph,
            };
            if heading.is_some() {
                document.outline.push(OutlineEntry { start, page: None, heading: vec![shown.to_owned()] });
            }
            document.blocks.push(Block { start, end: start + shown.chars().count(), kind });
        }
        document
    }

    fn check(lines: &[&str], expected: &[(&str, Option<&str>)]) {
        let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        let found = chunks(&document(&lines), "Title", TOKENS);
        let shown: Vec<(&str, Option<&str>)> = found.iter().map(|c| (c.text.as_str(), c.heading.as_deref())).collect();
        assert_eq!(shown, expected);
    }

    #[test]
    fn small_sections_share_a_chunk_and_keep_the_first_heading() {
        check(
            &["# Leave", "Ten days.", "# Pay", "Monthly."],
            &[("Leave\n\nTen days.\n\nPay\n\nMonthly.", Some("Leave"))],
        );
        check(&[], &[]);
    }

    #[test]
    fn a_heading_goes_with_what_follows_it() {
        let long = "word ".repeat(50);
        let found = chunks(&document(&[long.trim().into(), "# Next".into(), long.trim().into()]), "Title", TOKENS);
        assert!(found.iter().any(|chunk| chunk.text.starts_with("Next\n\nword")), "{found:?}");
        assert!(found.iter().all(|chunk| !chunk.text.ends_with("Next")), "{found:?}");
    }

    #[test]
    fn a_run_without_a_gap_is_cut_too() {
        let found = chunks(&document(&["ab01".repeat(5_000)]), "Title", TOKENS);
        assert!(found.iter().all(|chunk| chunk.text.len() <= TOKENS.max * MAX_CHARS_PER_TOKEN), "{}", found.len());
    }

    proptest! {
        #[test]
        fn chunks_are_the_text_and_cover_it(lines in proptest::collection::vec("(# )?[a-c年。.! ]{0,120}[a-c]", 0..12)) {
            let document = document(&lines);
            let found = chunks(&document, "Title", TOKENS);
            let all: Vec<char> = document.text.chars().collect();
            let mut covered = vec![false; all.len()];
            for chunk in &found {
                prop_assert_eq!(&all[chunk.start..chunk.end].iter().collect::<String>(), &chunk.text);
                prop_assert!(words(&chunk.text) <= TOKENS.max);
                covered[chunk.start..chunk.end].fill(true);
            }
            for (at, c) in all.iter().enumerate() {
                prop_assert!(covered[at] || c.is_whitespace(), "character {} is in no chunk", at);
            }
            prop_assert!(found.windows(2).all(|pair| pair[0].start < pair[1].start && pair[0].end < pair[1].end));
        }
    }
}
