//! A mail as all formats of mails have it → a document, and the documents that it holds.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

use serde_json::Value;

use super::super::nested::{self, Member, Names};
use super::super::text::{BuiltText, TextBuilder, normalized, writes_without_spaces};
use super::super::{BlockKind, ParseError, Parsed, ParsedDocument, Sink, Source, html, plain, rtf};

/// A picture in the text of a mail that is smaller than this says nothing.
pub(super) const MIN_PICTURE_BYTES: usize = 5 * 1024;

/// Recipients that are named in the text; the metadata has all of them.
const MAX_NAMED: usize = 20;

#[derive(Default)]
pub(super) struct Mail<'a> {
    pub subject: String,
    /// People as `Name <address>`.
    pub from: Vec<String>,
    pub to: Vec<String>,
    pub cc: Vec<String>,
    /// ISO 8601.
    pub date: Option<String>,
    /// Without its angle brackets.
    pub message_id: Option<String>,
    pub language: Option<String>,
    pub keywords: Option<String>,
    /// What its calendar invitations say, a line each.
    pub invitation: Vec<String>,
    pub body: Vec<Body>,
    pub attachments: Vec<Attachment<'a>>,
}

pub(super) enum Body {
    Plain(String),
    Html(String),
    Rtf(Vec<u8>),
}

pub(super) struct Attachment<'a> {
    /// A file name, which need not be clean; none when it has none.
    pub name: Option<String>,
    /// By what the mail says.
    pub media_type: String,
    /// It stands in the text of the mail.
    pub is_inline: bool,
    pub content: Content<'a>,
}

/// How to get at an attachment; it is not held before its turn.
pub(super) enum Content<'a> {
    File(Box<dyn FnOnce() -> Result<Cow<'a, [u8]>, ParseError> + 'a>),
    /// A mail that is no run of bytes.
    Mail(Box<dyn FnOnce() -> Result<Mail<'a>, ParseError> + 'a>),
}

/// `Name <address>`, or what there is of it.
pub(super) fn person(name: Option<&str>, address: Option<&str>) -> Option<String> {
    let name = name.map(str::trim).filter(|name| !name.is_empty());
    let address = address.map(str::trim).filter(|address| !address.is_empty());
    match (name, address) {
        (Some(name), Some(address)) if !name.contains(address) => Some(format!("{name} <{address}>")),
        (name, address) => name.or(address).map(str::to_owned),
    }
}

/// Hands out the document of a mail, then what is attached to it.
///
/// # Errors
/// The mail itself is no document. What is wrong with attachments is handed out.
pub(super) fn hand_out(mail: Mail<'_>, source: &Source<'_>, sink: &mut Sink<'_>) -> Result<(), ParseError> {
    let (files, attachments) = named(mail.attachments);
    let mail = Mail { attachments: Vec::new(), ..mail };
    let document = document(mail, &files, source)?;
    if sink(Parsed::Document(document)).is_break() {
        return Ok(());
    }
    for (path, attachment) in attachments {
        let flow = hand_in(&path, attachment, source, sink);
        // Without a budget no attachment can be read; the mail is, and so are the mails after it.
        let flow = flow.unwrap_or_else(|error| sink(nested::failed(format!("!/{path}"), &error)));
        if flow.is_break() {
            break;
        }
    }
    Ok(())
}

/// Gives each attachment a path of its own; first come the names that people gave to files.
fn named(attachments: Vec<Attachment<'_>>) -> (Vec<String>, Vec<(String, Attachment<'_>)>) {
    let mut names = Names::default();
    let mut files = Vec::new();
    let named = attachments.into_iter().enumerate().map(|(index, attachment)| {
        let path = match &attachment.name {
            Some(name) => names.unique(name),
            None => names.unique(&format!("part {}{}", index + 1, extension(&attachment.media_type))),
        };
        if attachment.name.is_some() && !attachment.is_inline {
            files.push(path.clone());
        }
        (path, attachment)
    });
    let named = named.collect();
    (files, named)
}

/// What the name of a nameless part ends with, where its content alone does not tell what it is.
fn extension(media_type: &str) -> &'static str {
    match media_type {
        "text/html" => ".html",
        "text/csv" => ".csv",
        "text/markdown" => ".md",
        "message/rfc822" | "message/global" => ".eml",
        media_type if media_type.starts_with("text/") || media_type.starts_with("message/") => ".txt",
        _ => "",
    }
}

fn hand_in(
    path: &str,
    attachment: Attachment<'_>,
    source: &Source<'_>,
    sink: &mut Sink<'_>,
) -> Result<ControlFlow<()>, ParseError> {
    match attachment.content {
        Content::File(read) => match read() {
            Ok(bytes) => {
                let is_picture = attachment.is_inline && attachment.media_type.starts_with("image/");
                if is_picture && bytes.len() < MIN_PICTURE_BYTES {
                    return Ok(ControlFlow::Continue(()));
                }
                nested::parse(source, &Member { path, bytes: &bytes, part_of: Some("") }, sink)
            }
            Err(error) => Ok(sink(nested::failed(format!("!/{path}"), &error))),
        },
        Content::Mail(read) => {
            let member = Member { path, bytes: &[], part_of: Some("") };
            nested::open(source, &member, sink, |source, sink| hand_out(read()?, source, sink))
        }
    }
}

fn document(mail: Mail<'_>, files: &[String], source: &Source<'_>) -> Result<ParsedDocument, ParseError> {
    let mut builder = TextBuilder::new(source.limits.max_document_chars);
    builder.push_heading(1, &mail.subject);
    let date = mail.date.as_deref().map(readable).into_iter().collect();
    let lines =
        [("From", &mail.from), ("To", &mail.to), ("Cc", &mail.cc), ("Date", &date), ("Attachments", &files.to_vec())];
    for (label, values) in lines {
        if !values.is_empty() {
            let more = if values.len() > MAX_NAMED { ", …" } else { "" };
            let named = values.iter().take(MAX_NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
            builder.push(BlockKind::ListItem, &format!("{label}: {named}{more}"));
        }
    }
    for line in &mail.invitation {
        builder.push(BlockKind::ListItem, line);
    }
    for body in mail.body {
        push(&mut builder, body);
    }
    let built = builder.finish()?;
    let joined = |people: Vec<String>| Some(people.join(", ")).filter(|people| !people.is_empty());
    let subject = Some(normalized(&mail.subject)).filter(|subject| !subject.is_empty());
    let metadata = [
        ("subject", subject.clone()),
        ("from", joined(mail.from)),
        ("to", joined(mail.to)),
        ("cc", joined(mail.cc)),
        ("date", mail.date),
        ("message_id", mail.message_id),
        ("language", mail.language),
        ("keywords", mail.keywords),
    ];
    let metadata: BTreeMap<String, Value> =
        metadata.into_iter().filter_map(|(key, value)| Some((key.to_owned(), Value::from(value?)))).collect();
    Ok(ParsedDocument { title: subject, metadata, ..built.into_document(source.media_type) })
}

/// `2024-05-03T14:02:00+08:00` → `2024-05-03 14:02 +08:00`
fn readable(date: &str) -> String {
    let zone = date.get(19..).unwrap_or_default();
    let zone = if zone == "Z" { "UTC" } else { zone };
    match (date.get(..10), date.get(11..16)) {
        (Some(day), Some(minute)) => format!("{day} {minute} {zone}"),
        _ => date.to_owned(),
    }
}

fn push(builder: &mut TextBuilder, body: Body) {
    match body {
        Body::Plain(text) => plain::push_paragraphs(builder, &paragraphs(&text)),
        Body::Html(page) => html::push_fragment(builder, &page),
        Body::Rtf(bytes) => drop(rtf::push(builder, &bytes)),
    }
}

/// Lines of a plain body in which a line break ends a paragraph are wider than this: no program wrapped them.
const UNWRAPPED_COLUMNS: usize = 100;
/// In a wrapped body, a line that is narrower than this and ends with a mark was not wrapped: a greeting, an address.
const SHORT_COLUMNS: usize = 55;

/// A plain body with an empty line wherever a paragraph ends. A paragraph that is quoted gets one mark at its start,
/// instead of one for each of its lines, and ends where the depth of quoting changes.
fn paragraphs(text: &str) -> String {
    let is_wrapped = text.lines().all(|line| columns(line) <= UNWRAPPED_COLUMNS);
    let mut paragraphs = String::with_capacity(text.len());
    let mut depth = 0;
    let mut goes_on = false;
    for line in text.lines() {
        let content = line.trim_start_matches(['>', ' ']);
        let marks = line[..line.len() - content.len()].matches('>').count();
        let content = if marks == 0 { line } else { content };
        if marks != depth || content.trim().is_empty() {
            paragraphs.push('\n');
            goes_on = false;
        }
        depth = marks;
        if marks > 0 && !goes_on && !content.trim().is_empty() {
            paragraphs.extend(std::iter::repeat_n('>', marks.min(9)));
            paragraphs.push(' ');
        }
        paragraphs.push_str(content);
        paragraphs.push('\n');
        goes_on = is_wrapped && !is_short(content);
        if !goes_on {
            paragraphs.push('\n');
        }
    }
    paragraphs
}

fn is_short(line: &str) -> bool {
    let ends = line.trim_end().ends_with(['.', ',', ':', ';', '!', '?', '。', '，', '：', '；', '！', '？']);
    ends && columns(line) < SHORT_COLUMNS
}

/// Chinese characters are two columns wide.
fn columns(line: &str) -> usize {
    line.chars().map(|character| 1 + usize::from(writes_without_spaces(character))).sum()
}

/// Of a body in two forms the one that says more: the plain one, unless it is much shorter or the other has tables.
pub(super) fn better(plain: String, page: String, source: &Source<'_>) -> Body {
    let mut builder = TextBuilder::new(source.limits.max_document_chars);
    html::push_fragment(&mut builder, &page);
    let Ok(built) = builder.finish() else { return Body::Plain(plain) };
    let letters = |text: &str| text.chars().filter(|character| !character.is_whitespace()).count();
    if has_table(&built) || letters(&plain) * 2 < letters(&built.text) { Body::Html(page) } else { Body::Plain(plain) }
}

fn has_table(built: &BuiltText) -> bool {
    built.blocks.windows(2).any(|pair| pair.iter().all(|block| matches!(block.kind, BlockKind::TableRow { .. })))
}
