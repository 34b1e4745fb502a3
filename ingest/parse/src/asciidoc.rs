//! AsciiDoc (the language of Asciidoctor 2): headings, paragraphs, lists, tables, listings and links.
//!
//! The header gives title and author. Left out are comments (noted as hidden text), attributes, images and includes.
//! Markup inside of a line is taken off where it is plain.

use super::encoding::decode;
use super::text::{TextBuilder, normalized};
use super::{BlockKind, ParseError, Parsed, ParsedDocument, Sink, Source, code};
use taproot_schemas::document::NoteKind;

pub(crate) const MEDIA_TYPE: &str = "text/asciidoc";

/// Delimiters of blocks whose lines are kept as they are.
const LISTINGS: &[&str] = &["----", "....", "```", "++++"];
/// Delimiters of blocks whose content is read as if they were not there.
const FRAMES: &[&str] = &["====", "****", "____", "--"];
const TABLE: &str = "|===";
const COMMENT: &str = "////";
const MAX_COLUMNS: usize = 100;

pub(crate) fn parse(source: &Source<'_>, sink: &mut Sink<'_>) -> Result<(), ParseError> {
    let text = decode(source.bytes, None)?;
    let mut reader = Reader {
        builder: TextBuilder::new(source.limits.max_document_chars),
        text: String::new(),
        kind: BlockKind::Paragraph,
        title: None,
    };
    reader.read(&text);
    let document = ParsedDocument { title: reader.title, ..reader.builder.finish()?.into_document(source.media_type) };
    let _ = sink(Parsed::Document(document));
    Ok(())
}

struct Reader {
    builder: TextBuilder,
    /// Of the block at hand.
    text: String,
    kind: BlockKind,
    title: Option<String>,
}

impl Reader {
    fn read(&mut self, text: &str) {
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            if self.builder.is_full() {
                return;
            }
            let trimmed = line.trim();
            if let Some(delimiter) = delimiter(trimmed) {
                self.flush();
                let inner: Vec<&str> = lines.by_ref().take_while(|line| line.trim() != trimmed).collect();
                match delimiter {
                    TABLE => self.push_table(&inner),
                    COMMENT => self.builder.note(NoteKind::HiddenText, 1),
                    _ => code::push(&mut self.builder, &inner.join("\n")),
                }
            } else if trimmed.len() >= 2 && trimmed.starts_with('|') && trimmed.ends_with('|') {
                // Rows as in Markdown.
                self.flush();
                let mut rows = vec![trimmed];
                while let Some(row) = lines.next_if(|line| line.trim().starts_with('|')) {
                    rows.push(row.trim());
                }
                let rows: Vec<Vec<String>> = rows.iter().map(|row| cells(row.trim_end_matches('|'))).collect();
                self.builder.push_table(&rows, rows.len() > 1);
            } else {
                self.line(line);
            }
        }
        self.flush();
    }

    fn line(&mut self, line: &str) {
        let trimmed = line.trim();
        if trimmed.is_empty() || is_frame(trimmed) || trimmed == "+" {
            return self.flush();
        }
        if let Some(comment) = trimmed.strip_prefix("//") {
            return self.builder.note(NoteKind::HiddenText, u32::from(!comment.trim().is_empty()));
        }
        if is_machine_line(trimmed) {
            return self.flush();
        }
        if let Some((level, title)) = heading(line) {
            self.flush();
            let title = self.plain(title);
            if level == 1 && self.title.is_none() {
                self.title = Some(normalized(&title)).filter(|title| !title.is_empty());
            }
            return self.builder.push_heading(level, &title);
        }
        if let Some(item) = list_item(trimmed) {
            self.flush();
            self.kind = BlockKind::ListItem;
            return self.text.push_str(item);
        }
        // The title of the block that follows.
        if let Some(caption) = trimmed.strip_prefix('.').filter(|rest| !rest.starts_with(['.', ' '])) {
            self.flush();
            self.text.push_str(caption);
            return self.flush();
        }
        self.text.push('\n');
        self.text.push_str(trimmed.trim_end_matches(" +"));
    }

    fn flush(&mut self) {
        let text = std::mem::take(&mut self.text);
        let text = self.plain(&text);
        self.builder.push(self.kind, &text);
        self.kind = BlockKind::Paragraph;
    }

    /// A row begins with `|`; cells of a row may stand on lines of their own, then the first line tells how many.
    fn push_table(&mut self, lines: &[&str]) {
        let mut rows: Vec<Vec<String>> = Vec::new();
        let mut columns = 0;
        for line in lines {
            let mut found = cells(line.trim());
            if !line.trim().starts_with('|') {
                // Goes on with the cell before.
                if let (Some(last), false) = (rows.last_mut().and_then(|row| row.last_mut()), line.trim().is_empty()) {
                    last.push('\n');
                    last.push_str(line.trim());
                }
                continue;
            }
            if columns == 0 {
                columns = found.len();
            }
            match rows.last_mut() {
                Some(row) if row.len() + found.len() <= columns => row.append(&mut found),
                _ => rows.push(found),
            }
        }
        let rows: Vec<Vec<String>> =
            rows.into_iter().map(|row| row.iter().map(|cell| self.plain(cell)).collect()).collect();
        self.builder.push_table(&rows, rows.len() > 1);
    }

    /// Takes off the marks of letters, and keeps of a link its text.
    fn plain(&mut self, text: &str) -> String {
        let mut words = Vec::new();
        for word in text.split_inclusive(char::is_whitespace) {
            words.push(word.trim_start_matches("link:"));
        }
        let joined = words.concat();
        let mut out = String::new();
        let mut rest = joined.as_str();
        while let Some(at) = ["http://", "https://", "mailto:"].iter().filter_map(|scheme| rest.find(scheme)).min() {
            let (before, address) = rest.split_at(at);
            out.push_str(before);
            let end = address
                .find(|c: char| c.is_whitespace() || matches!(c, '[' | '<' | '>' | '"'))
                .unwrap_or(address.len());
            let (url, after) = address.split_at(end);
            let named = after.strip_prefix('[').and_then(|after| after.split_once(']'));
            let (name, after) =
                named.map_or((url, after), |(name, after)| (if name.is_empty() { url } else { name }, after));
            self.builder.push_link(name, url.trim_end_matches(['.', ',', ')', '。', ',']));
            out.push_str(name);
            rest = after;
        }
        out.push_str(rest);
        out.replace("**", "").replace("__", "").replace('`', "")
    }
}

fn delimiter(line: &str) -> Option<&'static str> {
    if line.starts_with(TABLE) {
        return Some(TABLE);
    }
    if line == COMMENT {
        return Some(COMMENT);
    }
    LISTINGS.iter().find(|delimiter| line.starts_with(**delimiter)).copied().filter(|delimiter| {
        // A fence may name a language; the others repeat their character.
        *delimiter == "```" || line.bytes().all(|byte| Some(&byte) == line.as_bytes().first())
    })
}

fn is_frame(line: &str) -> bool {
    FRAMES
        .iter()
        .any(|frame| line.starts_with(frame) && line.bytes().all(|byte| Some(&byte) == line.as_bytes().first()))
}

/// `:name: value`, `[source,java]`, `image::…[…]`, `include::…[…]`.
fn is_machine_line(line: &str) -> bool {
    let is_attribute =
        line.strip_prefix(':').is_some_and(|rest| rest.split_once(':').is_some_and(|(name, _)| !name.contains(' ')));
    let is_style = line.starts_with('[') && line.ends_with(']');
    let is_block_macro = line.split_once("::").is_some_and(|(name, rest)| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase()) && rest.ends_with(']')
    });
    is_attribute || is_style || is_block_macro
}

/// `== Title`: one sign for the document, two for the outermost section, so that its sections are level 2.
fn heading(line: &str) -> Option<(u8, &str)> {
    let title = line.trim_start_matches('=');
    let level = line.len() - title.len();
    (1..=6).contains(&level).then_some(())?;
    Some((level as u8, title.strip_prefix(' ')?))
}

/// The text of an item; of a numbered one with its number.
fn list_item(line: &str) -> Option<&str> {
    for mark in ['*', '-', '.'] {
        let rest = line.trim_start_matches(mark);
        let count = line.len() - rest.len();
        if (1..=5).contains(&count) && rest.starts_with(' ') {
            return Some(rest.trim_start());
        }
    }
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    ((1..=3).contains(&digits) && line[digits..].starts_with(". ")).then_some(line)
}

/// The cells of a line; what stands before a `|` without a blank says how the cell looks (`2+|`, `a|`).
fn cells(line: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for (index, piece) in line.split('|').enumerate() {
        if index > 0 && found.len() < MAX_COLUMNS {
            found.push(piece.trim().to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, document, survives_mutations};

    const TEXT: &str = "= 员工手册\nAnn Lee\n:toc:\n\n== Leave\n\n// a remark\nSee https://x.example/a[the page], or\n`code`.\n\n\
        .Steps\n* One\n** Two\n  more\n1. Three\n\n[source,java]\n----\nint a;\n\n  b\n----\n\n|===\n|Grade |Days\n\n|A\n|15\n|===\n\n\
        |H|I|\n|1|2|\n\n====\nNOTE: framed\n====\nimage::a.png[A]\n";

    #[test]
    fn blocks() {
        check(
            "a.adoc",
            TEXT,
            "h1: 员工手册\np: Ann Lee\nh2: Leave\np: See the page, or code.\np: Steps\nli: One\nli: Two more\nli: 1. Three\n\
             code: int a;⏎⏎  b\ntr: Grade | Days\ntr^1: A | 15\ntr: H | I\ntr^1: 1 | 2\np: NOTE: framed",
        );
        let document = document("a.asciidoc", TEXT.as_bytes());
        assert_eq!((document.title.as_deref(), document.links.len(), document.notes.len()), (Some("员工手册"), 1, 1));
    }

    #[test]
    fn broken_files_do_no_harm() {
        survives_mutations("a.adoc", TEXT.as_bytes());
    }
}
