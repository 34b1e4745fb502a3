//! The comments of a sheet → a paragraph each, after the name of its cell.

use super::super::sheet::SheetWriter;
use super::super::xml::{self, Node};
use super::RichText;

/// Programs that do not know conversations are shown a copy that begins like this.
const COPY_OF_CONVERSATION: &str = "[Threaded comment]";

/// Reads notes (`comment`, 18.7.3) and conversations (`threadedComment`, MS-XLSX 2.6.207).
pub(super) fn push(writer: &mut SheetWriter<'_>, xml: &[u8]) {
    let mut comment: Option<(String, RichText)> = None;
    let _ = xml::read(xml, |node| match &node {
        Node::Open(element) if matches!(element.name, "comment" | "threadedComment") => {
            comment = Some((element.attribute("ref").unwrap_or_default(), RichText::default()));
        }
        Node::Close("comment" | "threadedComment") => {
            let Some((cell, text)) = comment.take() else { return };
            let text = text.finish();
            if !text.trim().is_empty() && !text.starts_with(COPY_OF_CONVERSATION) {
                writer.push_remark(&format!("{cell}: {text}"));
            }
        }
        // A conversation has its text without runs.
        Node::Open(element) if element.name == "text" => comment.iter_mut().for_each(|(_, text)| text.in_text = true),
        Node::Close("text") => comment.iter_mut().for_each(|(_, text)| text.in_text = false),
        _ => comment.iter_mut().for_each(|(_, text)| text.take(&node)),
    });
}
