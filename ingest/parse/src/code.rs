//! Source code, configuration and data in text form: blocks of code that end at empty lines.
//!
//! A block begins at a definition of the outermost level where it can, and never inside of a line. JSON in one long
//! line is laid out first, and its characters are written as themselves. What the language means is not looked at.

mod json;

use super::encoding::decode;
use super::text::TextBuilder;
use super::{BlockKind, ParseError, Parsed, Sink, Source};

pub(crate) const MEDIA_TYPE: &str = "text/x-source";
pub(crate) const JSON_MEDIA_TYPE: &str = "application/json";

/// Endings of names, and names without one.
#[rustfmt::skip]
pub(crate) const EXTENSIONS: &[&str] = &[
    // programs
    "asm", "bash", "bat", "c", "cc", "clj", "cmd", "cpp", "cs", "cxx", "d", "dart", "erl", "ex", "exs", "f90", "go",
    "gradle", "groovy", "h", "hpp", "hs", "hxx", "java", "jl", "js", "jsx", "kt", "kts", "lisp", "lua", "m", "mjs", "ml",
    "mm", "pas", "php", "pl", "pm", "ps1", "py", "r", "rb", "rs", "scala", "sh", "sql", "swift", "tcl", "ts", "tsx", "vb",
    "vue", "zig", "zsh",
    // styles, schemas, builds
    "cmake", "css", "dockerfile", "gemfile", "graphql", "jenkinsfile", "less", "makefile", "mk", "proto", "rakefile",
    "sass", "scss", "tf", "vagrantfile",
    // settings, data, protocols of programs
    "cfg", "conf", "diff", "env", "ini", "log", "patch", "properties", "toml", "yaml", "yml",
];

/// Lines of a block, above which it ends at the next empty line whatever stands there.
const BLOCK_LINES: usize = 40;
/// Lines and bytes at which it ends in any case.
const MAX_BLOCK_LINES: usize = 80;
const MAX_BLOCK_BYTES: usize = 8_000;
/// A line of JSON that nobody reads.
const LONG_LINE_BYTES: usize = 500;

pub(crate) fn parse(source: &Source<'_>, sink: &mut Sink<'_>) -> Result<(), ParseError> {
    let text = decode(source.bytes, None)?;
    finish(source, &text, sink)
}

pub(crate) fn parse_json(source: &Source<'_>, sink: &mut Sink<'_>) -> Result<(), ParseError> {
    let text = decode(source.bytes, None)?;
    let text = json::unescaped(&text);
    let is_valid = || serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
    if text.lines().all(|line| line.len() < LONG_LINE_BYTES) || !is_valid() {
        return finish(source, &text, sink);
    }
    finish(source, &json::laid_out(&text), sink)
}

fn finish(source: &Source<'_>, text: &str, sink: &mut Sink<'_>) -> Result<(), ParseError> {
    let mut builder = TextBuilder::new(source.limits.max_document_chars);
    push(&mut builder, text);
    let _ = sink(Parsed::Document(builder.finish()?.into_document(source.media_type)));
    Ok(())
}

/// Appends code, in blocks.
pub(crate) fn push(builder: &mut TextBuilder, text: &str) {
    let mut block = String::new();
    let mut lines = 0;
    let mut after_empty = false;
    for line in text.lines() {
        let is_empty = line.trim().is_empty();
        let is_outermost = !line.starts_with([' ', '\t', '}', ')', ']']);
        let at_border = after_empty && !is_empty && (is_outermost || lines >= BLOCK_LINES);
        if at_border || lines >= MAX_BLOCK_LINES || block.len() + line.len() > MAX_BLOCK_BYTES {
            builder.push(BlockKind::Code, &block);
            block.clear();
            lines = 0;
        }
        block.push_str(line);
        block.push('\n');
        lines += 1;
        after_empty = is_empty;
    }
    builder.push(BlockKind::Code, &block);
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, document, survives_mutations};

    #[test]
    fn blocks_are_definitions() {
        check(
            "a.rs",
            "// 年假\nuse x;\n\nfn main() {\n    a();\n\n    b();\n}\n\n\nfn c() {}\n",
            "code: // 年假⏎use x;\ncode: fn main() {⏎    a();⏎⏎    b();⏎}\ncode: fn c() {}",
        );
        check("Makefile", "all:\n\tmake\n", "code: all:⏎\tmake");
    }

    #[test]
    fn long_blocks_end_between_lines() {
        let file = "  - item\n".repeat(200);
        let document = document("a.yaml", file.as_bytes());
        assert_eq!(document.blocks.len(), 3);
        assert_eq!(document.text.lines().filter(|line| line.trim() == "- item").count(), 200);
    }

    #[test]
    fn json_in_one_line_is_laid_out() {
        let items: Vec<String> = (0..100).map(|number| format!("{{\"id\":{number}}}")).collect();
        let text = document("a.json", format!("{{\"items\":[{}]}}", items.join(",")).as_bytes()).text;
        assert!(text.contains("\n      \"id\": 7\n"), "{text}");
        check("b.json", "{\"a\":\n [1]}", "code: {\"a\":⏎ [1]}");
    }

    #[test]
    fn json_keeps_its_numbers_and_shows_its_characters() {
        let file = format!("[{}12345678901234567890123,1.10]", "{\"a\":0},".repeat(80));
        let text = document("a.json", file.as_bytes()).text;
        assert!(text.contains("\n  12345678901234567890123,\n  1.10\n]"), "{text}");
        check("b.json", r#"{"a": "\u5e74\u5047"}"#, r#"code: {"a": "年假"}"#);
    }

    #[test]
    fn broken_files_do_no_harm() {
        survives_mutations("a.py", "def f():\n    return '中'\n\nclass A:\n    pass\n".as_bytes());
        survives_mutations("a.json", format!("[{}1]", "{\"a\":[null]},".repeat(60)).as_bytes());
    }
}
