//! A parsed document → chunks.
//!
//! A chunk is a contiguous piece of the text, cut on block borders, that the embedder takes whole: its tokens together
//! with those of the title, the heading path and the table's header fit the model's input. A long block is cut between
//! sentences, a long sentence at a comma or between words; table rows and lines of code stay whole as long as one alone
//! fits. Where prose goes on in the next chunk, the last short sentence is repeated; where a table goes on, its header
//! stands beside the text.

use taproot_engine::store::join_headings;
use taproot_engine::text::{self, CharIndex};
use taproot_schemas::document::OutlineEntry;

use taproot_parse::{Block, BlockKind, ParsedDocument};

/// Part of the model's input that text gets at least, however long title and headings are.
const MIN_TEXT_TOKENS: usize = 128;
/// A new section starts a new chunk when the chunk at hand has this many tokens.
const MIN_SECTION_TOKENS: usize = 64;
/// Prose is cut into sentences where a block is longer than this, so that chunks can be filled.
const WHOLE_BLOCK_TOKENS: usize = 32;
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
    /// Header row of the table that the chunk begins in the middle of.
    pub table_header: Option<String>,
    pub text: String,
}

/// How large chunks are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chunking {
    /// Tokens of a chunk at the most, with its context and the special tokens.
    pub max_tokens: usize,
    /// A sentence of at most this many tokens is repeated.
    pub overlap_tokens: usize,
}

/// How the embedder counts, and how large chunks are in its tokens.
#[derive(Clone, Copy)]
pub struct Tokens<'a> {
    pub count: &'a dyn Fn(&str) -> usize,
    pub chunking: Chunking,
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
    kind: UnitKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum UnitKind {
    Heading,
    Sentence,
    /// A row of a table, with the index of the block that is its header.
    Row {
        header: Option<usize>,
    },
    CodeLine,
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
        let mut budget = 0;
        for block in &self.document.blocks {
            let heading = matches!(block.kind, BlockKind::Heading { .. });
            let begins_section = heading && open.last().is_some_and(|unit| unit.kind != UnitKind::Heading);
            if begins_section && sum(&open) >= MIN_SECTION_TOKENS {
                self.close(&mut open);
            }
            for unit in self.units(block) {
                if open.is_empty() {
                    budget = self.budget(unit.start, unit.kind);
                }
                if !open.is_empty() && sum(&open) + unit.tokens > budget {
                    let next = self.close_for_more(&mut open, unit);
                    let first = next.first().unwrap_or(&unit);
                    budget = self.budget(first.start, first.kind);
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
        let body = open.iter().rposition(|unit| unit.kind != UnitKind::Heading).map_or(0, |last| last + 1);
        if body > 0 && body < open.len() {
            let carried = open.split_off(body);
            self.close(open);
            return carried;
        }
        let overlap = open.last().copied().filter(|last| {
            open.len() > 1
                && (last.kind, unit.kind) == (UnitKind::Sentence, UnitKind::Sentence)
                && last.tokens <= self.tokens.chunking.overlap_tokens
                && last.tokens + unit.tokens <= self.budget(last.start, last.kind)
        });
        self.close(open);
        overlap.into_iter().collect()
    }

    fn close(&mut self, open: &mut Vec<Unit>) {
        if let (Some(first), Some(last)) = (open.first(), open.last()) {
            // The heading path of the first text under the headings that a chunk begins with.
            let body = open.iter().find(|unit| unit.kind != UnitKind::Heading).unwrap_or(first);
            let heading = self.place(body.start).and_then(|place| join_headings(&place.heading));
            self.out.push(Chunk {
                start: first.start,
                end: last.end,
                page: self.place(first.start).and_then(|place| place.page),
                heading,
                table_header: self.table_header(first.start, first.kind).map(str::to_owned),
                text: self.index.slice(first.start, last.end).to_owned(),
            });
        }
        open.clear();
    }

    /// Tokens that the text of a chunk may have that begins at `at` with a unit of this kind.
    fn budget(&self, at: usize, kind: UnitKind) -> usize {
        let heading = self.place(at).and_then(|place| join_headings(&place.heading));
        let context = [heading.as_deref(), self.table_header(at, kind)];
        let context: usize = context.into_iter().flatten().map(|line| (self.tokens.count)(line)).sum();
        let room = self.tokens.chunking.max_tokens.saturating_sub(FRAME_TOKENS);
        room.saturating_sub(self.title_tokens + context).max(MIN_TEXT_TOKENS.min(room))
    }

    /// The header of a row at `at`, unless the row is the header's own.
    fn table_header(&self, at: usize, kind: UnitKind) -> Option<&str> {
        let UnitKind::Row { header: Some(header) } = kind else { return None };
        let header = self.document.blocks.get(header).filter(|block| block.end <= at)?;
        Some(self.index.slice(header.start, header.end))
    }

    fn place(&self, at: usize) -> Option<&OutlineEntry> {
        let outline = &self.document.outline;
        let after = outline.partition_point(|entry| entry.start <= at);
        after.checked_sub(1).map(|last| &outline[last])
    }

    /// A block as units that each fit a chunk.
    fn units(&self, block: &Block) -> Vec<Unit> {
        let kind = match block.kind {
            BlockKind::Heading { .. } => UnitKind::Heading,
            BlockKind::Paragraph | BlockKind::ListItem => UnitKind::Sentence,
            BlockKind::TableRow { header } => UnitKind::Row { header },
            BlockKind::Code => UnitKind::CodeLine,
        };
        let budget = self.budget(block.start, kind);
        let text = self.index.slice(block.start, block.end);
        let parts = match kind {
            UnitKind::Heading | UnitKind::Row { .. } => vec![(0, block.end - block.start)],
            UnitKind::CodeLine => lines(text),
            // A block that would fit is still cut when it is long, so that chunks can be filled and overlap.
            UnitKind::Sentence => match self.unit(block.start, block.end, kind) {
                whole if whole.tokens <= budget.min(WHOLE_BLOCK_TOKENS) => return vec![whole],
                _ => text::sentences(text).into_iter().map(|sentence| (sentence.start, sentence.end)).collect(),
            },
        };
        let unit = |(start, end)| self.unit(block.start + start, block.start + end, kind);
        parts.into_iter().flat_map(|part| self.fitting(unit(part), budget)).collect()
    }

    /// Cuts a unit in two, and again, until each part fits.
    fn fitting(&self, unit: Unit, budget: usize) -> Vec<Unit> {
        if unit.tokens <= budget || unit.end - unit.start < 2 {
            return vec![unit];
        }
        let text: Vec<char> = self.index.slice(unit.start, unit.end).chars().collect();
        let cut = unit.start + middle_cut(&text);
        let mut parts = self.fitting(self.unit(unit.start, cut, unit.kind), budget);
        parts.extend(self.fitting(self.unit(cut, unit.end, unit.kind), budget));
        parts
    }

    fn unit(&self, start: usize, end: usize, kind: UnitKind) -> Unit {
        let counted = (self.tokens.count)(self.index.slice(start, end));
        Unit { start, end, tokens: counted.max((end - start) / MAX_CHARS_PER_TOKEN), kind }
    }
}

/// Where to cut a text that is too long: after the clause, or else the word, that ends nearest to its middle; in the
/// middle of a word only where a single word is too long. Writing without spaces may be cut between any two ideographs.
fn middle_cut(text: &[char]) -> usize {
    let middle = text.len() / 2;
    let nearest = |ends: fn(char, char) -> bool| {
        let cuts = (1..text.len()).filter(|at| ends(text[at - 1], text[*at]));
        cuts.min_by_key(|at| at.abs_diff(middle)).filter(|at| at.abs_diff(middle) <= text.len() / 4)
    };
    let anywhere = || (1..text.len()).filter(|at| text[*at].is_whitespace()).min_by_key(|at| at.abs_diff(middle));
    nearest(ends_clause).or_else(|| nearest(ends_word)).or_else(anywhere).unwrap_or(middle.max(1))
}

fn ends_clause(before: char, after: char) -> bool {
    matches!(before, '，' | '、' | '；' | '：') || (matches!(before, ',' | ';' | ':' | '|') && after.is_whitespace())
}

fn ends_word(before: char, after: char) -> bool {
    after.is_whitespace() || (text::is_han(before) && text::is_han(after))
}

/// Lines with their offsets in characters, without the empty ones.
fn lines(text: &str) -> Vec<(usize, usize)> {
    let mut at = 0;
    let mut found = Vec::new();
    for line in text.split('\n') {
        let end = at + line.chars().count();
        if !line.trim().is_empty() {
            found.push((at, end));
        }
        at = end + 1;
    }
    found
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

    const MAX: usize = 60;
    const TOKENS: Tokens<'static> =
        Tokens { count: &words, chunking: Chunking { max_tokens: MAX, overlap_tokens: 32 } };

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
        assert!(found.iter().all(|chunk| chunk.text.len() <= MAX * MAX_CHARS_PER_TOKEN), "{}", found.len());
    }

    /// A table with a header and rows of this text, in a document of its own.
    fn table(header: &str, rows: usize, row: &str) -> ParsedDocument {
        let mut document = document(&[header.to_owned()]);
        document.blocks[0].kind = BlockKind::TableRow { header: None };
        for number in 0..rows {
            let start = document.text.chars().count() + 1;
            document.text.push_str(&format!("\n{number} {row}"));
            let end = document.text.chars().count();
            document.blocks.push(Block { start, end, kind: BlockKind::TableRow { header: Some(0) } });
        }
        document
    }

    #[test]
    fn rows_stay_whole_and_keep_their_header() {
        let document = table("Name | Days | Note", 40, "| Ann | fifteen days a year");
        let found = chunks(&document, "Title", TOKENS);
        assert!(found.len() > 3, "{found:?}");
        assert_eq!(found[0].table_header, None);
        assert!(found[0].text.starts_with("Name | Days | Note\n0 | Ann"));
        for chunk in &found[1..] {
            assert_eq!(chunk.table_header.as_deref(), Some("Name | Days | Note"));
            assert!(chunk.text.lines().all(|row| row.ends_with("a year")), "{chunk:?}");
            assert!(chunk.text.lines().all(|row| row.starts_with(char::is_numeric)), "{chunk:?}");
        }
    }

    #[test]
    fn lines_of_code_stay_whole() {
        let line = "    let days = allowance - taken + carried;";
        let mut document = document(&[[line; 60].join("\n")]);
        document.blocks[0].kind = BlockKind::Code;
        let found = chunks(&document, "Title", TOKENS);
        assert!(found.len() > 3 && found.iter().all(|chunk| chunk.text.lines().all(|l| l == line)), "{found:?}");
    }

    #[test]
    fn long_sentences_are_cut_at_clauses_then_between_words() {
        let check = |text: &str, expected: &str| {
            let characters: Vec<char> = text.chars().collect();
            assert_eq!(characters[..middle_cut(&characters)].iter().collect::<String>(), expected);
        };
        check("one two three, four five six", "one two three,");
        check("a b c d e f g h", "a b c d");
        check("员工可以申请年假，但是需要提前两周", "员工可以申请年假，");
        check("averyverylongword andmore", "averyverylongword");
        check("unbroken", "unbr");
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
                prop_assert!(words(&chunk.text) <= MAX);
                covered[chunk.start..chunk.end].fill(true);
            }
            for (at, c) in all.iter().enumerate() {
                prop_assert!(covered[at] || c.is_whitespace(), "character {} is in no chunk", at);
            }
            prop_assert!(found.windows(2).all(|pair| pair[0].start < pair[1].start && pair[0].end < pair[1].end));
        }
    }
}
