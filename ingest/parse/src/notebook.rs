//! Jupyter notebooks (nbformat 4, and 3 with its worksheets): text cells as Markdown, code cells as code, and the text
//! of their outputs. Pictures and widgets are left out.

use serde_json::Value;

use super::encoding::decode;
use super::text::TextBuilder;
use super::{BlockKind, ParseError, Parsed, ParsedDocument, Sink, Source, code, html, markdown};

pub(crate) const MEDIA_TYPE: &str = "application/x-ipynb+json";

/// Characters of the outputs of one cell that are kept: a training run prints without end.
const MAX_OUTPUT_CHARS: usize = 2_000;

/// Where a notebook says that it is one: at the end, which may be far.
pub(crate) fn recognises(bytes: &[u8]) -> bool {
    let contains = |key: &[u8]| bytes.windows(key.len()).any(|window| window == key);
    bytes.trim_ascii_start().starts_with(b"{") && contains(b"\"nbformat\"") && contains(b"\"cell_type\"")
}

pub(crate) fn parse(source: &Source<'_>, sink: &mut Sink<'_>) -> Result<(), ParseError> {
    let text = decode(source.bytes, None)?;
    let notebook: Value = match serde_json::from_str(&text) {
        Ok(value) if is_notebook(&value) => value,
        Err(error) if source.name.ends_with(".ipynb") => return Err(ParseError::corrupt(error)),
        _ => return code::parse_json(&Source { media_type: code::JSON_MEDIA_TYPE, ..*source }, sink),
    };
    let mut builder = TextBuilder::new(source.limits.max_document_chars);
    let mut title = None;
    let sheets = notebook["worksheets"].as_array().map_or(std::slice::from_ref(&notebook), Vec::as_slice);
    for cell in sheets.iter().filter_map(|sheet| sheet["cells"].as_array()).flatten() {
        match cell["cell_type"].as_str() {
            Some("markdown") => {
                let first = markdown::push(&mut builder, &joined(&cell["source"]));
                title = title.or(first);
            }
            Some("code") => {
                let source = if cell["source"].is_null() { &cell["input"] } else { &cell["source"] };
                code::push(&mut builder, &joined(source));
                push_outputs(&mut builder, &cell["outputs"]);
            }
            Some("heading") => {
                builder.push_heading(cell["level"].as_u64().unwrap_or(1) as u8, &joined(&cell["source"]))
            }
            _ => drop(builder.push(BlockKind::Paragraph, &joined(&cell["source"]))),
        }
    }
    let document = ParsedDocument { title, ..builder.finish()?.into_document(source.media_type) };
    let _ = sink(Parsed::Document(document));
    Ok(())
}

/// JSON may speak of notebooks without being one.
fn is_notebook(value: &Value) -> bool {
    !value["nbformat"].is_null() && (value["cells"].is_array() || value["worksheets"].is_array())
}

/// A table is better read in its HTML than in its plain text.
fn push_outputs(builder: &mut TextBuilder, outputs: &Value) {
    let mut left = MAX_OUTPUT_CHARS;
    for output in outputs.as_array().into_iter().flatten() {
        let html = joined(&output["data"]["text/html"]);
        if html.contains("<table") && html.len() <= 10 * left {
            html::push_fragment(builder, &html);
            left = left.saturating_sub(html.len() / 10);
            continue;
        }
        let plain = [&output["text"], &output["data"]["text/plain"]].map(joined).concat();
        let kept: String = plain.chars().take(left).collect();
        left -= kept.chars().count();
        builder.push(BlockKind::Code, &kept);
    }
}

/// A text is one string, or a list of lines.
fn joined(text: &Value) -> String {
    match text {
        Value::String(text) => text.clone(),
        Value::Array(lines) => lines.iter().filter_map(Value::as_str).collect(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, document, survives_mutations};

    const NOTEBOOK: &str = r##"{"cells": [
        {"cell_type": "markdown", "source": ["# Leave\n", "See *this*: 年假"]},
        {"cell_type": "code", "source": "a = 1\nprint(a)", "outputs": [{"output_type": "stream", "text": ["1\n"]},
            {"data": {"text/html": "<table><tr><td>x<td>y</table>", "text/plain": "no"}},
            {"data": {"image/png": "iVBORw0KGgo=", "text/plain": "<Figure>"}}]},
        {"cell_type": "raw", "source": "raw"}], "metadata": {}, "nbformat": 4}"##;

    #[test]
    fn cells_and_outputs() {
        check(
            "a.ipynb",
            NOTEBOOK,
            "h1: Leave\np: See this: 年假\ncode: a = 1⏎print(a)\ncode: 1\ntr: x | y\ncode: <Figure>\np: raw",
        );
        assert_eq!(document("a.json", NOTEBOOK.as_bytes()).title.as_deref(), Some("Leave"));
    }

    #[test]
    fn json_about_notebooks_is_json() {
        let file = "{\"required\": [\"nbformat\", \"cell_type\"]}";
        check("schema.json", file, &format!("code: {file}"));
        assert_eq!(document("schema.json", file.as_bytes()).media_type, "application/json");
        check("a.ipynb", "{\"nbformat\": 4}", "code: {\"nbformat\": 4}");
    }

    #[test]
    fn broken_files_do_no_harm() {
        survives_mutations("a.ipynb", NOTEBOOK.as_bytes());
    }
}
