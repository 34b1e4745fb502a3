//! Tables as text (.csv, .tsv: RFC 4180 and what people make of it).
//!
//! Read are all rows, a block each, under the names of the columns. The encoding is told as for any text (Excel in China
//! writes GB18030), the separator by which of `,` `;` tab and `|` cuts the first rows into the most even columns; a quote
//! that nobody closes is a sign like others. Rows
//! may have different lengths; rows of one cell above the table are its title. How rows become tables is told in
//! [`super::sheet`]. Left out is the line `sep=;` that Excel understands.

use super::encoding::decode;
use super::sheet::{Cell, CellKind, Row, SheetWriter};
use super::text::TextBuilder;
use super::{ParseError, Parsed, Sink, Source};

/// Of two that cut equally well, the later one is less often a part of the text.
const SEPARATORS: &[u8] = b"|,;\t";
/// Characters of the file that are looked at to tell the separator, and rows of them.
const SAMPLE_BYTES: usize = 64 * 1024;
const SAMPLE_ROWS: usize = 50;

pub(crate) fn parse(source: &Source<'_>, sink: &mut Sink<'_>) -> Result<(), ParseError> {
    let text = decode(source.bytes, None)?;
    let (separator, text) =
        declared_separator(&text).unwrap_or_else(|| (guessed_separator(&text, is_tabbed(source.name)), &text));
    let mut builder = TextBuilder::new(source.limits.max_document_chars);
    let mut writer = SheetWriter::new(&mut builder);
    let has_quotes = !ends_in_quotes(text, separator);
    let mut rows = reader(text.as_bytes(), separator, has_quotes);
    let mut record = ::csv::StringRecord::new();
    // A number for each row, empty ones too: the reader passes over empty lines, but knows where it stands.
    let mut last_end = 1;
    let mut number = 0u32;
    while rows.read_record(&mut record).is_ok_and(|is_row| is_row) {
        let begins_at = record.position().map_or(0, ::csv::Position::line);
        number = number.saturating_add(if begins_at > last_end { 2 } else { 1 });
        last_end = rows.position().line();
        let row: Row = record.iter().enumerate().map(|(column, text)| (column as u32, cell(text))).collect();
        writer.push_row(number, row);
        if writer.builder.is_full() {
            break;
        }
    }
    writer.end_sheet();
    let _ = sink(Parsed::Document(builder.finish()?.into_document(source.media_type)));
    Ok(())
}

fn reader(text: &[u8], separator: u8, has_quotes: bool) -> ::csv::Reader<&[u8]> {
    let mut builder = ::csv::ReaderBuilder::new();
    builder.delimiter(separator).quoting(has_quotes).has_headers(false).flexible(true).from_reader(text)
}

/// Whether a quote is open at the end that swallows rows: somebody wrote inches. (Of a file that was cut in its last
/// row, the quotes are right.)
fn ends_in_quotes(text: &str, separator: u8) -> bool {
    let mut opened_at = None;
    let mut at_start = true;
    let mut after_close = false;
    for (at, byte) in text.bytes().enumerate() {
        let is_quote = byte == b'"';
        let closes = is_quote && opened_at.is_some();
        if closes {
            opened_at = None;
        } else if is_quote && (at_start || after_close) {
            // Two quotes inside of a cell stand for one, which is as good as closing it and opening it again.
            opened_at = Some(at);
        }
        after_close = closes;
        at_start = opened_at.is_none() && (byte == separator || matches!(byte, b'\n' | b'\r'));
    }
    opened_at.is_some_and(|at| text.as_bytes()[at..].trim_ascii_end().contains(&b'\n'))
}

fn is_tabbed(name: &str) -> bool {
    let ending = name.rsplit('.').next().unwrap_or_default();
    ["tsv", "tab"].iter().any(|tabbed| ending.eq_ignore_ascii_case(tabbed))
}

/// `sep=;` in the first line, and the text after it.
fn declared_separator(text: &str) -> Option<(u8, &str)> {
    let (line, rest) = text.split_once('\n')?;
    match line.trim_end().strip_prefix("sep=")?.as_bytes() {
        [separator] if SEPARATORS.contains(separator) => Some((*separator, rest)),
        _ => None,
    }
}

/// The separator under which most rows have the same number of cells, and more than one. In a file that is named after
/// its tabs it is the tab, where that cuts at all.
fn guessed_separator(text: &str, is_tabbed: bool) -> u8 {
    let sample = &text.as_bytes()[..text.len().min(SAMPLE_BYTES)];
    let score = |separator: &u8| {
        let mut widths: Vec<usize> = reader(sample, *separator, true)
            .into_byte_records()
            .flatten()
            .take(SAMPLE_ROWS)
            .map(|row| row.len())
            .collect();
        widths.sort_unstable();
        let middle = widths.get(widths.len() / 2).copied().unwrap_or_default();
        let alike = widths.iter().filter(|width| **width == middle).count();
        let is_named = is_tabbed && *separator == b'\t';
        if middle < 2 { (false, 0, 0) } else { (is_named, alike * 100 / widths.len(), middle) }
    };
    // Of equals the last is the greatest.
    SEPARATORS.iter().copied().max_by_key(score).unwrap_or(b',')
}

fn cell(text: &str) -> Cell {
    let is_year = text.trim().parse::<u32>().is_ok_and(|year| (1900..=2100).contains(&year));
    let has_digit = text.bytes().any(|byte| byte.is_ascii_digit());
    let is_of = |signs: &str| text.chars().all(|c| c.is_ascii_digit() || signs.contains(c));
    let kind = match () {
        () if is_year || has_digit && is_of("-/:. T") && text.contains(['-', '/', ':']) => CellKind::Date,
        () if has_digit && is_of("+-.,% eE$€£¥￥'") => CellKind::Number,
        () => CellKind::Text,
    };
    Cell { text: text.to_owned(), kind }
}

#[cfg(test)]
mod tests {
    use encoding_rs::{GB18030, SHIFT_JIS};

    use super::super::testing::{LIMITS, check, document, documents, survives_mutations};
    use super::super::{ParseLimits, Recognition};
    use super::*;

    #[test]
    fn separators_are_told_by_the_rows() {
        let expected = "tr: Name | Days\ntr^1: Ann, Bo | 1,5\ntr^2: Cy | 20";
        check("a.csv", "Name;Days\nAnn, Bo;1,5\nCy;20\n", expected);
        check("a.csv", "Name,Days\r\n\"Ann, Bo\",\"1,5\"\r\nCy,20", expected);
        check("a.tsv", "Name\tDays\nAnn, Bo\t1,5\nCy\t20\n", expected);
        check("a.csv", "Name|Days\nAnn, Bo|1,5\nCy|20\n", expected);
        check("a.csv", "sep=;\nName;Days\nAnn, Bo;1,5\nCy;20\n", expected);
    }

    #[test]
    fn separators_that_cut_equally_well() {
        check("a.tsv", "A, B\tC, D, E\n1, 2\t3, 4, 5\n", "tr: A, B | C, D, E\ntr^1: 1, 2 | 3, 4, 5");
        check("a.csv", "Ann, B\tLeave\nBo, C\tSick\n", "tr: Ann, B | Leave\ntr^1: Bo, C | Sick");
        check("a.csv", "Name;Days, open\nAnn;1,5\nBo;2,5\n", "tr: Name | Days, open\ntr^1: Ann | 1,5\ntr^2: Bo | 2,5");
    }

    #[test]
    fn a_quote_that_nobody_closes_swallows_no_rows() {
        check("a.csv", "Name,Days\n\"Ann,15\nBo,20\n", "tr: Name | Days\ntr^1: \"Ann | 15\ntr^2: Bo | 20");
        check(
            "a.csv",
            "Name,Days\n\"Ann \"\"B\"\"\",15\nBo,\"20",
            "tr: Name | Days\ntr^1: Ann \"B\" | 15\ntr^2: Bo | 20",
        );
    }

    #[test]
    fn quotes_hold_line_breaks_and_separators() {
        check("a.csv", "A,B\n\"one\ntwo\",\"say \"\"yes\"\"\"\n", "tr: A | B\ntr^1: one two | say \"yes\"");
    }

    #[test]
    fn chinese_encodings() {
        let text = "姓名,部门,天数\n张三,人事部,15\n李四,财务部,20\n";
        let expected = "tr: 姓名 | 部门 | 天数\ntr^1: 张三 | 人事部 | 15\ntr^2: 李四 | 财务部 | 20";
        check("a.csv", GB18030.encode(text).0, expected);
        check("a.csv", format!("\u{feff}{text}"), expected);
        let japanese = "名前,年齢\n佐藤太郎,30\n鈴木英子,25\n";
        check("a.csv", SHIFT_JIS.encode(japanese).0, "tr: 名前 | 年齢\ntr^1: 佐藤太郎 | 30\ntr^2: 鈴木英子 | 25");
    }

    #[test]
    fn ragged_rows_titles_and_gaps() {
        let file = "Leave 2024\n\nName,Days,Note\nAnn,15\nBo,20,new,extra\n,,\nTotal,35\n";
        check(
            "a.csv",
            file,
            "h2: Leave 2024\ntr: Name | Days | Note\ntr^1: Ann | 15\ntr^2: Bo | 20 | new | extra\ntr: Total | 35",
        );
    }

    #[test]
    fn rows_without_names() {
        check("a.csv", "2024-01-02,5\n2024-01-03,6\n", "tr: 2024-01-02 | 5\ntr: 2024-01-03 | 6");
        check("a.csv", "one\ntwo\n", "p: one\np: two");
    }

    #[test]
    fn a_long_file_is_refused_early() {
        let limits = ParseLimits { max_document_chars: 1000, ..LIMITS };
        let file = "a,b\n".repeat(100_000);
        let result = super::super::parse("a.csv", file.as_bytes(), limits, &|_| Recognition::Unavailable, &mut |_| {
            std::ops::ControlFlow::Continue(())
        });
        assert_eq!(result, Err(ParseError::TooLong { limit_chars: 1000 }));
        assert_eq!(documents("a.csv", b" \n,,\n"), Err(ParseError::Empty));
        assert_eq!(document("a.csv", b"a,b\n").media_type, "text/csv");
    }

    #[test]
    fn broken_files_do_no_harm() {
        survives_mutations("a.csv", "sep=;\nA;B\n\"one\ntwo\";2\n\n;;\n张三;15;x\n".as_bytes());
    }
}
